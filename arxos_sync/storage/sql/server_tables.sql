-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

create table "user" (
    "id" text not null,
    "email" text not null,
    "name" text not null,
    "password_hash" text,
    "is_admin" bigint not null,
    "colour" text,
    "created_at" text not null,
    "disabled_at" text,
    primary key (id),
    unique (email)
);

create table "organisation" (
    "id" text not null,
    "name" text not null,
    "created_at" text not null,
    primary key (id)
);

create table "account" (
    "id" text not null,
    "user_id" text not null,
    "kind" text not null,
    "organisation_id" text,
    "created_at" text not null,
    primary key (id)
);
create index account_by_user_id on "account" (user_id);

create table "session" (
    "id" text not null,
    "user_id" text not null,
    "refresh_hash" text not null,
    "client" text,
    "created_at" text not null,
    "seen_at" text not null,
    "expires_at" text not null,
    "revoked_at" text,
    primary key (id)
);
create index session_by_user_id on "session" (user_id);

create table "device" (
    "id" text not null,
    "user_id" text not null,
    "created_at" text not null,
    "seen_at" text not null,
    "granted" text,
    primary key (id)
);
create index device_by_user_id on "device" (user_id);

create table "grant" (
    "user_id" text not null,
    "building_id" text not null,
    "role" text not null,
    "invited_by" text,
    "created_at" text not null,
    "until" text,
    primary key (user_id, building_id)
);
create index grant_by_building_id on "grant" (building_id);

create table "invitation" (
    "id" text not null,
    "building_id" text not null,
    "role" text not null,
    "email" text,
    "token_hash" text not null,
    "invited_by" text not null,
    "expires_at" text not null,
    "accepted_at" text,
    primary key (id)
);

create table "quarantine" (
    "id" text not null,
    "scope" text not null,
    "device" text not null,
    "user_id" text,
    "received_at" text not null,
    "content" text not null,
    primary key (id)
);
create index quarantine_by_scope on "quarantine" (scope);

create table "ledger" (
    "id" text not null,
    "entry_id" text not null,
    "side" text not null,
    "user_id" text,
    "points" bigint not null,
    "state" text not null,
    "reward_rule" text not null,
    "validation_id" text,
    "created_at" text not null,
    "previous_hash" text,
    "hash" text not null,
    primary key (id),
    unique (reward_rule, validation_id, side)
);
create index ledger_by_user_id on "ledger" (user_id);

create table "reward_rule" (
    "name" text not null,
    "version" bigint not null,
    "points" bigint not null,
    "daily_cap" bigint,
    "valid_from" text not null,
    primary key (name, version)
);

create table "webhook_endpoint" (
    "id" text not null,
    "building_id" text,
    "url" text not null,
    "secret" text not null,
    "filter" text,
    "created_by" text not null,
    "created_at" text not null,
    "disabled_at" text,
    primary key (id)
);

create table "webhook_delivery" (
    "id" text not null,
    "endpoint_id" text not null,
    "event" text not null,
    "content" text not null,
    "tries" bigint not null,
    "next_try_at" text,
    "delivered_at" text,
    "last_status" bigint,
    primary key (id)
);
create index webhook_delivery_by_endpoint_id on "webhook_delivery" (endpoint_id);
create index webhook_delivery_by_next_try_at on "webhook_delivery" (next_try_at);

create table "cmms_connection" (
    "id" text not null,
    "building_id" text not null,
    "kind" text not null,
    "url" text not null,
    "secret" text,
    "created_at" text not null,
    primary key (id)
);

create table "cmms_mapping" (
    "id" text not null,
    "connection_id" text not null,
    "ours" text not null,
    "theirs" text not null,
    "direction" text not null,
    primary key (id)
);
create index cmms_mapping_by_connection_id on "cmms_mapping" (connection_id);

create table "cmms_sync_log" (
    "id" text not null,
    "connection_id" text not null,
    "at" text not null,
    "direction" text not null,
    "outcome" text not null,
    "detail" text,
    primary key (id)
);
create index cmms_sync_log_by_connection_id on "cmms_sync_log" (connection_id);

create table "job" (
    "id" text not null,
    "kind" text not null,
    "state" text not null,
    "user_id" text,
    "building_id" text,
    "arguments" text,
    "progress" double precision,
    "result" text,
    "created_at" text not null,
    "finished_at" text,
    primary key (id)
);
create index job_by_state on "job" (state);

create table "api_token" (
    "id" text not null,
    "user_id" text not null,
    "name" text not null,
    "token_hash" text not null,
    "created_at" text not null,
    "expires_at" text,
    "revoked_at" text,
    primary key (id)
);
create index api_token_by_user_id on "api_token" (user_id);

create table "access_log" (
    "id" text not null,
    "at" text not null,
    "user_id" text,
    "building_id" text,
    "action" text not null,
    primary key (id)
);
create index access_log_by_building_id_at on "access_log" (building_id, at);

create table "audit_log" (
    "id" text not null,
    "at" text not null,
    "user_id" text,
    "action" text not null,
    "detail" text,
    "previous_hash" text,
    "hash" text not null,
    primary key (id)
);
create index audit_log_by_at on "audit_log" (at);
