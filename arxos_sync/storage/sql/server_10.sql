-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

alter table "device" add column "revoked_at" text;

create table "account_grant" (
    "account_id" text not null,
    "building_id" text not null,
    "role" text not null,
    "invited_by" text,
    "created_at" text not null,
    "until" text,
    primary key (account_id, building_id)
);
create index account_grant_by_building_id on "account_grant" (building_id);

create table "spent_challenge" (
    "id" text not null,
    "until" text not null,
    primary key (id)
);
