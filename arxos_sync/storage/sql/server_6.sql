-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

alter table "ledger" add column "building_id" text;
alter table "ledger" add column "rule_version" bigint;
alter table "ledger" add column "reason" text;
alter table "ledger" add column "posts_at" text;
alter table "ledger" add column "reverses" text;
