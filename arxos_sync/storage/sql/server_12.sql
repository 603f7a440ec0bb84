-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

alter table "invitation" add column "told_at" text;

alter table "mail" add column "unsubscribe" text;

alter table "notification_digest" add column "unsubscribe" text;

create table "notification_hour" (
    "user_id" text not null,
    "timezone" text not null,
    "hour" bigint not null,
    primary key (user_id)
);

create table "notification_letter" (
    "user_id" text not null,
    "notification_id" text not null,
    "building_id" text,
    "building_name" text,
    "title" text not null,
    "body" text not null,
    "link" text not null,
    "created_at" text not null,
    primary key (user_id, notification_id)
);

create table "notification_push" (
    "subscription_id" text not null,
    "notification_id" text not null,
    "user_id" text not null,
    "building_id" text,
    "title" text not null,
    "body" text not null,
    "link" text not null,
    "created_at" text not null,
    "next_try_at" text not null,
    "tries" bigint not null,
    "held_until" text,
    "problem" text,
    primary key (subscription_id, notification_id)
);
create index notification_push_by_next_try_at on "notification_push" (next_try_at);
create index notification_push_by_user_id_notification_id on "notification_push" (user_id, notification_id);
