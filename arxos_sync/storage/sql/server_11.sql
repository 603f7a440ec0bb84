-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

alter table "ledger" add column "number" bigint;
alter table "ledger" add column "account" text;
alter table "ledger" add column "about" text;
alter table "ledger" add column "day" text;

create table "ledger_place" (
    "name" text not null,
    "number" bigint not null,
    "hash" text,
    primary key (name)
);

create table "ledger_waiting" (
    "entry_id" text not null,
    "posts_at" text not null,
    primary key (entry_id)
);
create index ledger_waiting_by_posts_at on "ledger_waiting" (posts_at);

create table "wallet_dispute" (
    "id" text not null,
    "entry_id" text not null,
    "user_id" text not null,
    "building_id" text,
    "reason" text not null,
    "state" text not null,
    "created_at" text not null,
    "decided_by" text,
    "decided_at" text,
    "decision" text,
    primary key (id)
);
create index wallet_dispute_by_entry_id on "wallet_dispute" (entry_id);
create index wallet_dispute_by_state_created_at on "wallet_dispute" (state, created_at);
