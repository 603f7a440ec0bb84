-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

create table scope_head (
    scope text primary key,
    sequence bigint not null,
    salt text not null,
    stamp text not null
);

create table scope_digest (
    scope text not null,
    table_name text not null,
    sum text not null,
    primary key (scope, table_name)
);

create table change_log (
    scope text not null,
    sequence bigint not null,
    salt text not null,
    device text not null,
    n bigint not null,
    user_id text,
    stamp text not null,
    received_at text not null,
    content blob not null,
    before blob not null,
    primary key (scope, sequence)
);

create table receipt (
    scope text not null,
    device text not null,
    n bigint not null,
    nonce text not null,
    content blob not null,
    primary key (scope, device, n)
);


create table "building" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "name" text,
    "code" text,
    "street" text,
    "house_number" text,
    "postal_code" text,
    "city" text,
    "region" text,
    "country" text,
    "description" text,
    "timezone" text,
    "unit_system" text,
    "visibility" text,
    "year_built" integer,
    "gross_area_m2" double,
    "status" text,
    "eastings" double,
    "northings" double,
    "orthogonal_height" double,
    "x_axis_abscissa" double,
    "x_axis_ordinate" double,
    "scale" double,
    "epsg" integer,
    "ifc_guid" text,
    "properties" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index building_by_sequence on "building" (building_id, sequence);
create index building_by_name on building (name, id) where deleted is null;

create table "storey" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "name" text,
    "level" integer,
    "elevation_m" double,
    "height_m" double,
    "ifc_guid" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index storey_by_sequence on "storey" (building_id, sequence);

create table "space" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "storey_id" text,
    "number" text,
    "name" text,
    "usage" text,
    "area_m2" double,
    "height_m" double,
    "ifc_guid" text,
    "properties" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index space_by_sequence on "space" (building_id, sequence);
create index space_by_storey_id on "space" (building_id, storey_id) where storey_id is not null;

create table "element" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "storey_id" text,
    "space_id" text,
    "ifc_class" text,
    "predefined_type" text,
    "name" text,
    "tag" text,
    "serial_number" text,
    "barcode" text,
    "manufacturer" text,
    "model" text,
    "installed_on" text,
    "status" text,
    "condition" text,
    "systems" text,
    "visit_count" numeric,
    "confidence_classification" double,
    "confidence_position" double,
    "confidence_properties" double,
    "confidence_relationships" double,
    "ifc_guid" text,
    "properties" text,
    "heading_deg" double,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index element_by_sequence on "element" (building_id, sequence);
create index element_by_storey_id on "element" (building_id, storey_id) where storey_id is not null;
create index element_by_space_id on "element" (building_id, space_id) where space_id is not null;

create table "system" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "kind" text,
    "name" text,
    "ifc_guid" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index system_by_sequence on "system" (building_id, sequence);

create table "floor_plan" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "storey_id" text,
    "attachment_id" text,
    "page" integer,
    "affine_a" double,
    "affine_b" double,
    "affine_c" double,
    "affine_d" double,
    "affine_e" double,
    "affine_f" double,
    "rms_error_m" double,
    "revision" text,
    "supersedes" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index floor_plan_by_sequence on "floor_plan" (building_id, sequence);
create index floor_plan_by_storey_id on "floor_plan" (building_id, storey_id) where storey_id is not null;
create index floor_plan_by_attachment_id on "floor_plan" (building_id, attachment_id) where attachment_id is not null;
create index floor_plan_by_supersedes on "floor_plan" (building_id, supersedes) where supersedes is not null;

create table "task" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "kind" text,
    "title" text,
    "target_table" text,
    "target_id" text,
    "priority" integer,
    "impact" double,
    "effort_min" double,
    "due_on" text,
    "assignee" text,
    "state" text,
    "similar_group" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index task_by_sequence on "task" (building_id, sequence);
create index task_by_target_id on "task" (building_id, target_id) where target_id is not null;

create table "validation" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "task_id" text,
    "target_table" text,
    "target_id" text,
    "field" text,
    "claimed_value" text,
    "outcome" text,
    "method" text,
    "note" text,
    "author" text,
    "captured_at" text,
    "state" text,
    "reviewer" text,
    "reviewed_at" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index validation_by_sequence on "validation" (building_id, sequence);
create index validation_by_task_id on "validation" (building_id, task_id) where task_id is not null;
create index validation_by_target_id on "validation" (building_id, target_id) where target_id is not null;

create table "ar_capture" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "validation_id" text,
    "provider" text,
    "device_model" text,
    "pose_qx" double,
    "pose_qy" double,
    "pose_qz" double,
    "pose_qw" double,
    "anchor_residual_m" double,
    "tracking" text,
    "light" double,
    "attachment_id" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index ar_capture_by_sequence on "ar_capture" (building_id, sequence);
create index ar_capture_by_validation_id on "ar_capture" (building_id, validation_id) where validation_id is not null;
create index ar_capture_by_attachment_id on "ar_capture" (building_id, attachment_id) where attachment_id is not null;

create table "measurement" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "target_table" text,
    "target_id" text,
    "ar_capture_id" text,
    "kind" text,
    "name" text,
    "value" double,
    "uncertainty_95" double,
    "basis" text,
    "repeats" integer,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index measurement_by_sequence on "measurement" (building_id, sequence);
create index measurement_by_target_id on "measurement" (building_id, target_id) where target_id is not null;
create index measurement_by_ar_capture_id on "measurement" (building_id, ar_capture_id) where ar_capture_id is not null;

create table "annotation" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "number" integer,
    "target_table" text,
    "target_id" text,
    "title" text,
    "text" text,
    "kind" text,
    "status" text,
    "priority" text,
    "assignee" text,
    "due_on" text,
    "labels" text,
    "viewpoint" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index annotation_by_sequence on "annotation" (building_id, sequence);
create index annotation_by_target_id on "annotation" (building_id, target_id) where target_id is not null;

create table "comment" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "annotation_id" text,
    "text" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index comment_by_sequence on "comment" (building_id, sequence);
create index comment_by_annotation_id on "comment" (building_id, annotation_id) where annotation_id is not null;

create table "attachment" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "sha256" text,
    "media_type" text,
    "byte_size" integer,
    "width" integer,
    "height" integer,
    "taken_at" text,
    "name" text,
    "thumbnail" blob,
    "target_table" text,
    "target_id" text,
    "upload_state" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index attachment_by_sequence on "attachment" (building_id, sequence);
create index attachment_by_target_id on "attachment" (building_id, target_id) where target_id is not null;

create table "work_order" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "number" text,
    "title" text,
    "kind" text,
    "state" text,
    "priority" integer,
    "due_on" text,
    "assignee" text,
    "target_table" text,
    "target_id" text,
    "external_ids" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index work_order_by_sequence on "work_order" (building_id, sequence);
create index work_order_by_target_id on "work_order" (building_id, target_id) where target_id is not null;

create table "export_activity" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "format" text,
    "filter" text,
    "state" text,
    "byte_size" integer,
    "processing_ms" integer,
    "download_count" integer,
    "sequence_exported" integer,
    "expires_at" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index export_activity_by_sequence on "export_activity" (building_id, sequence);

create table "conflict" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "table" text,
    "row_id" text,
    "field" text,
    "base" text,
    "kept" text,
    "other" text,
    "kept_by" text,
    "other_by" text,
    "kept_device" text,
    "other_device" text,
    "kept_stamp" text,
    "other_stamp" text,
    "kind" text,
    "state" text,
    "resolved_by" text,
    "resolution" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index conflict_by_sequence on "conflict" (building_id, sequence);
create index conflict_open on conflict (building_id, row_id) where state = 'open';

create table "member" (
    building_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "user_id" text,
    "name" text,
    "role" text,
    "organisation" text,
    "colour" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (building_id, id)
);

create index member_by_sequence on "member" (building_id, sequence);

create table "wallet_entry" (
    user_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "points" integer,
    "state" text,
    "reward_rule" text,
    "reason" text,
    "validation_id" text,
    "posts_at" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (user_id, id)
);

create index wallet_entry_by_sequence on "wallet_entry" (user_id, sequence);

create table "notification" (
    user_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "title" text,
    "body" text,
    "link" text,
    "kind" text,
    "building_id" text,
    "read_at" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (user_id, id)
);

create index notification_by_sequence on "notification" (user_id, sequence);

create table "membership" (
    user_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "building" text,
    "building_name" text,
    "role" text,
    "invited_by" text,
    "until" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (user_id, id)
);

create index membership_by_sequence on "membership" (user_id, sequence);

create table "preference" (
    user_id text not null,
    "id" text not null,
    "sequence" integer not null,
    "created_at" text,
    "created_by" text,
    "updated_at" text,
    "updated_by" text,
    "origin" text,
    "unit_system" text,
    "language" text,
    "theme" text,
    "digest_frequency" text,
    born bigint not null,
    deleted bigint,
    merge_state text not null,
    primary key (user_id, id)
);

create index preference_by_sequence on "preference" (user_id, sequence);

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
