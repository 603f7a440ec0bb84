-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

alter table "webhook_endpoint" add column "name" text;
alter table "webhook_endpoint" add column "disabled_because" text;
alter table "webhook_endpoint" add column "served_at" text;
alter table "webhook_endpoint" add column "resting_until" text;
alter table "webhook_endpoint" add column "held_by" text;
alter table "webhook_endpoint" add column "held_until" text;

alter table "webhook_delivery" add column "building_id" text;
alter table "webhook_delivery" add column "sequence" bigint;

alter table "cmms_connection" add column "next_turn_at" text;
alter table "cmms_connection" add column "tries" bigint;
alter table "cmms_connection" add column "problem" text;
alter table "cmms_connection" add column "held_by" text;
alter table "cmms_connection" add column "held_until" text;

alter table "cmms_mapping" add column "words" text;

alter table "cmms_link" add column "equal" text;
