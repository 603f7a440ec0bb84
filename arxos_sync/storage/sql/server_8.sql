-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

create table "push_subscription" (
    "id" text not null,
    "user_id" text not null,
    "endpoint" text not null,
    "p256dh" text not null,
    "auth" text not null,
    "created_at" text not null,
    "gone_at" text,
    primary key (id)
);
create index push_subscription_by_user_id on "push_subscription" (user_id);

create table "notification_mute" (
    "user_id" text not null,
    "building_id" text not null,
    "created_at" text not null,
    primary key (user_id, building_id)
);

create table "notification_digest" (
    "user_id" text not null,
    "mailed_at" text not null,
    primary key (user_id)
);
