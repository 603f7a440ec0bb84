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
    content bytea not null,
    before bytea not null,
    primary key (scope, sequence)
);

create table receipt (
    scope text not null,
    device text not null,
    n bigint not null,
    nonce text not null,
    content bytea not null,
    primary key (scope, device, n)
);


create table "building" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
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
    "year_built" bigint,
    "gross_area_m2" double precision,
    "status" text,
    "eastings" double precision,
    "northings" double precision,
    "orthogonal_height" double precision,
    "x_axis_abscissa" double precision,
    "x_axis_ordinate" double precision,
    "scale" double precision,
    "epsg" bigint,
    "ifc_guid" text,
    "properties" json,
    "footprint" geometry(MultiPolygon, 4326),
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index building_by_sequence on "building" (building_id, sequence);
create index building_by_footprint_place on "building" using gist ("footprint");
create index building_by_name on building (name collate "C", id) where deleted is null;

create table "storey" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "name" text,
    "level" bigint,
    "elevation_m" double precision,
    "height_m" double precision,
    "ifc_guid" text,
    "outline" geometry(Polygon, 0),
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index storey_by_sequence on "storey" (building_id, sequence);
create index storey_by_outline_place on "storey" using gist ("outline");

create table "space" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "storey_id" uuid,
    "number" text,
    "name" text,
    "usage" text,
    "area_m2" double precision,
    "height_m" double precision,
    "ifc_guid" text,
    "properties" json,
    "outline" geometry(Polygon, 0),
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index space_by_sequence on "space" (building_id, sequence);
create index space_by_storey_id on "space" (building_id, storey_id) where storey_id is not null;
create index space_by_outline_place on "space" using gist ("outline");

create table "element" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "storey_id" uuid,
    "space_id" uuid,
    "ifc_class" text,
    "predefined_type" text,
    "name" text,
    "tag" text,
    "serial_number" text,
    "barcode" text,
    "manufacturer" text,
    "model" text,
    "installed_on" date,
    "status" text,
    "condition" text,
    "systems" json,
    "visit_count" double precision,
    "confidence_classification" double precision,
    "confidence_position" double precision,
    "confidence_properties" double precision,
    "confidence_relationships" double precision,
    "ifc_guid" text,
    "properties" json,
    "heading_deg" double precision,
    "geometry" geometry(GeometryZ, 0),
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index element_by_sequence on "element" (building_id, sequence);
create index element_by_storey_id on "element" (building_id, storey_id) where storey_id is not null;
create index element_by_space_id on "element" (building_id, space_id) where space_id is not null;
create index element_by_geometry_place on "element" using gist ("geometry");

create table "system" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "kind" text,
    "name" text,
    "ifc_guid" text,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index system_by_sequence on "system" (building_id, sequence);

create table "floor_plan" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "storey_id" uuid,
    "attachment_id" uuid,
    "page" bigint,
    "affine_a" double precision,
    "affine_b" double precision,
    "affine_c" double precision,
    "affine_d" double precision,
    "affine_e" double precision,
    "affine_f" double precision,
    "rms_error_m" double precision,
    "revision" text,
    "supersedes" uuid,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index floor_plan_by_sequence on "floor_plan" (building_id, sequence);
create index floor_plan_by_storey_id on "floor_plan" (building_id, storey_id) where storey_id is not null;
create index floor_plan_by_attachment_id on "floor_plan" (building_id, attachment_id) where attachment_id is not null;
create index floor_plan_by_supersedes on "floor_plan" (building_id, supersedes) where supersedes is not null;

create table "task" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "kind" text,
    "title" text,
    "target_table" text,
    "target_id" uuid,
    "priority" bigint,
    "impact" double precision,
    "effort_min" double precision,
    "due_on" date,
    "assignee" uuid,
    "state" text,
    "similar_group" text,
    "location" geometry(PointZ, 0),
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index task_by_sequence on "task" (building_id, sequence);
create index task_by_target_id on "task" (building_id, target_id) where target_id is not null;
create index task_by_location_place on "task" using gist ("location");

create table "validation" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "task_id" uuid,
    "target_table" text,
    "target_id" uuid,
    "field" text,
    "claimed_value" json,
    "outcome" text,
    "method" text,
    "note" text,
    "author" uuid,
    "captured_at" timestamptz,
    "state" text,
    "reviewer" uuid,
    "reviewed_at" timestamptz,
    "location" geometry(PointZ, 0),
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index validation_by_sequence on "validation" (building_id, sequence);
create index validation_by_task_id on "validation" (building_id, task_id) where task_id is not null;
create index validation_by_target_id on "validation" (building_id, target_id) where target_id is not null;
create index validation_by_location_place on "validation" using gist ("location");

create table "ar_capture" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "validation_id" uuid,
    "provider" text,
    "device_model" text,
    "pose_qx" double precision,
    "pose_qy" double precision,
    "pose_qz" double precision,
    "pose_qw" double precision,
    "position" geometry(PointZ, 0),
    "anchor_residual_m" double precision,
    "tracking" text,
    "light" double precision,
    "attachment_id" uuid,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index ar_capture_by_sequence on "ar_capture" (building_id, sequence);
create index ar_capture_by_validation_id on "ar_capture" (building_id, validation_id) where validation_id is not null;
create index ar_capture_by_attachment_id on "ar_capture" (building_id, attachment_id) where attachment_id is not null;
create index ar_capture_by_position_place on "ar_capture" using gist ("position");

create table "measurement" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "target_table" text,
    "target_id" uuid,
    "ar_capture_id" uuid,
    "kind" text,
    "name" text,
    "value" double precision,
    "uncertainty_95" double precision,
    "basis" text,
    "repeats" bigint,
    "path" geometry(GeometryZ, 0),
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index measurement_by_sequence on "measurement" (building_id, sequence);
create index measurement_by_target_id on "measurement" (building_id, target_id) where target_id is not null;
create index measurement_by_ar_capture_id on "measurement" (building_id, ar_capture_id) where ar_capture_id is not null;
create index measurement_by_path_place on "measurement" using gist ("path");

create table "annotation" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "number" bigint,
    "target_table" text,
    "target_id" uuid,
    "title" text,
    "text" text,
    "kind" text,
    "status" text,
    "priority" text,
    "assignee" uuid,
    "due_on" date,
    "labels" json,
    "viewpoint" json,
    "location" geometry(PointZ, 0),
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index annotation_by_sequence on "annotation" (building_id, sequence);
create index annotation_by_target_id on "annotation" (building_id, target_id) where target_id is not null;
create index annotation_by_location_place on "annotation" using gist ("location");

create table "comment" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "annotation_id" uuid,
    "text" text,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index comment_by_sequence on "comment" (building_id, sequence);
create index comment_by_annotation_id on "comment" (building_id, annotation_id) where annotation_id is not null;

create table "attachment" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "sha256" text,
    "media_type" text,
    "byte_size" bigint,
    "width" bigint,
    "height" bigint,
    "taken_at" timestamptz,
    "name" text,
    "thumbnail" bytea,
    "target_table" text,
    "target_id" uuid,
    "upload_state" text,
    "location" geometry(PointZ, 0),
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index attachment_by_sequence on "attachment" (building_id, sequence);
create index attachment_by_target_id on "attachment" (building_id, target_id) where target_id is not null;
create index attachment_by_location_place on "attachment" using gist ("location");

create table "work_order" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "number" text,
    "title" text,
    "kind" text,
    "state" text,
    "priority" bigint,
    "due_on" date,
    "assignee" uuid,
    "target_table" text,
    "target_id" uuid,
    "external_ids" json,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index work_order_by_sequence on "work_order" (building_id, sequence);
create index work_order_by_target_id on "work_order" (building_id, target_id) where target_id is not null;

create table "export_activity" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "format" text,
    "filter" json,
    "state" text,
    "byte_size" bigint,
    "processing_ms" bigint,
    "download_count" bigint,
    "sequence_exported" bigint,
    "expires_at" timestamptz,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index export_activity_by_sequence on "export_activity" (building_id, sequence);

create table "conflict" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "table" text,
    "row_id" uuid,
    "field" text,
    "base" json,
    "kept" json,
    "other" json,
    "kept_by" uuid,
    "other_by" uuid,
    "kept_device" uuid,
    "other_device" uuid,
    "kept_stamp" text,
    "other_stamp" text,
    "kind" text,
    "state" text,
    "resolved_by" uuid,
    "resolution" json,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index conflict_by_sequence on "conflict" (building_id, sequence);
create index conflict_open on conflict (building_id, row_id) where state = 'open';

create table "member" (
    building_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "user_id" uuid,
    "name" text,
    "role" text,
    "organisation" text,
    "colour" text,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (building_id, id)
);

create index member_by_sequence on "member" (building_id, sequence);

create table "wallet_entry" (
    user_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "points" bigint,
    "state" text,
    "reward_rule" text,
    "reason" text,
    "validation_id" uuid,
    "posts_at" timestamptz,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (user_id, id)
);

create index wallet_entry_by_sequence on "wallet_entry" (user_id, sequence);

create table "notification" (
    user_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "title" text,
    "body" text,
    "link" text,
    "kind" text,
    "building_id" uuid,
    "read_at" timestamptz,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (user_id, id)
);

create index notification_by_sequence on "notification" (user_id, sequence);

create table "membership" (
    user_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "building" uuid,
    "building_name" text,
    "role" text,
    "invited_by" uuid,
    "until" timestamptz,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
    primary key (user_id, id)
);

create index membership_by_sequence on "membership" (user_id, sequence);

create table "preference" (
    user_id uuid not null,
    "id" uuid not null,
    "sequence" bigint not null,
    "created_at" timestamptz,
    "created_by" uuid,
    "updated_at" timestamptz,
    "updated_by" uuid,
    "origin" text,
    "unit_system" text,
    "language" text,
    "theme" text,
    "digest_frequency" text,
    born bigint not null,
    deleted bigint,
    merge_state json not null,
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
