-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

alter table "webhook_endpoint" add column "former_secret" text;
alter table "webhook_endpoint" add column "former_until" text;

alter table "webhook_delivery" add column "created_at" text;
alter table "webhook_delivery" add column "first_try_at" text;
alter table "webhook_delivery" add column "given_up_at" text;
alter table "webhook_delivery" add column "last_error" text;

alter table "cmms_connection" add column "name" text;
alter table "cmms_connection" add column "created_by" text;
alter table "cmms_connection" add column "sent_to" bigint;
alter table "cmms_connection" add column "heard_to" text;
alter table "cmms_connection" add column "paused_at" text;

create table "webhook_try" (
    "delivery_id" text not null,
    "number" bigint not null,
    "at" text not null,
    "status" bigint,
    "took_ms" bigint,
    "answer" text,
    primary key (delivery_id, number)
);

create table "cmms_link" (
    "connection_id" text not null,
    "table_name" text not null,
    "row_id" text not null,
    "their_id" text not null,
    "their_version" text,
    "sequence" bigint,
    primary key (connection_id, table_name, row_id),
    unique (connection_id, table_name, their_id)
);
