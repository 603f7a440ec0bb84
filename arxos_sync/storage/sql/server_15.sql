-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

alter table "job" add column "started_at" text;
alter table "job" add column "held_by" text;
alter table "job" add column "held_until" text;
alter table "job" add column "tries" bigint;
alter table "job" add column "cancel_at" text;
alter table "job" add column "problem" text;

create table "device_scope" (
    "device" text not null,
    "scope" text not null,
    "sequence" bigint not null,
    "at" text not null,
    primary key (device, scope)
);
