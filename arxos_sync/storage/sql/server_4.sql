-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

alter table "user" add column "confirmed_at" text;
alter table "user" add column "totp_secret" text;
alter table "user" add column "totp_at" text;
alter table "user" add column "totp_step" bigint;
alter table "user" add column "left_at" text;

alter table "account" add column "role" text;
alter table "account" add column "ended_at" text;

alter table "session" add column "account_id" text;
alter table "session" add column "device_id" text;
alter table "session" add column "address" text;

alter table "device" add column "name" text;

alter table "grant" add column "account_id" text;

alter table "invitation" add column "created_at" text;
alter table "invitation" add column "organisation_id" text;
alter table "invitation" add column "accepted_by" text;
alter table "invitation" add column "revoked_at" text;

create table "mailed_link" (
    "id" text not null,
    "user_id" text not null,
    "purpose" text not null,
    "email" text not null,
    "token_hash" text not null,
    "created_at" text not null,
    "expires_at" text not null,
    "used_at" text,
    primary key (id)
);
create index mailed_link_by_user_id on "mailed_link" (user_id);

create table "passkey" (
    "id" text not null,
    "user_id" text not null,
    "name" text not null,
    "public_key" text not null,
    "sign_count" bigint not null,
    "created_at" text not null,
    "used_at" text,
    primary key (id)
);
create index passkey_by_user_id on "passkey" (user_id);

create table "recovery_code" (
    "user_id" text not null,
    "code_hash" text not null,
    "used_at" text,
    primary key (user_id, code_hash)
);
