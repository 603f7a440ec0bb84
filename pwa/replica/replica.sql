-- Made from schemas/catalogue.toml (schema 2) by python -m schemas.make.

--: beside
create table arxos_state (key text primary key, value text) without rowid;

create table arxos_writing (
  one integer primary key check (one = 1),
  capture integer not null default 1,
  transaction_key integer,
  place integer not null default 0,
  ms integer not null default 0,
  counter integer not null default 0,
  tail text not null default '00000000',
  sequence integer not null default 0
);
insert into arxos_writing (one) values (1);

create table arxos_change_log (
  key integer primary key autoincrement,
  state text not null default 'pending'
    check (state in ('pending', 'sent', 'acknowledged', 'rejected', 'discarded')),
  stamp text not null,
  base integer not null,
  reason text,
  n integer unique,
  nonce text,
  outcome text,
  sequence integer,
  settled_after integer
);
create index arxos_change_log_open on arxos_change_log (state, sequence) where state <> 'discarded';

create table arxos_receipt (
  transaction_key integer primary key,
  device text not null,
  n integer not null,
  receipt text not null
);

create table arxos_shadow (
  table_name text not null,
  id text not null,
  column_name text not null,
  value,
  primary key (table_name, id, column_name)
) without rowid;

create table arxos_mark (sequence integer primary key, salt text not null);
create table arxos_digest (table_name text primary key, sum text not null) without rowid;
create table arxos_held (place integer primary key, content blob not null);

create table arxos_heal (
  place integer primary key,
  kind text not null check (kind in ('again', 'own', 'nothing', 'row')),
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'taken', 'owed')),
  transaction_key integer,
  n integer,
  nonce text,
  stamp text not null,
  formerly integer,
  sequence integer,
  content blob not null
);

create trigger arxos_tick after update of place on arxos_writing
when new.transaction_key is null and new.place > old.place
begin
  update arxos_writing set
    counter = case when cast((julianday('now') - 2440587.5) * 86400000 as integer) > ms then 0 when counter >= 65535 then 0 else counter + 1 end,
    ms = case when cast((julianday('now') - 2440587.5) * 86400000 as integer) > ms then cast((julianday('now') - 2440587.5) * 86400000 as integer) when counter >= 65535 then ms + 1 else ms end;
  insert into arxos_change_log (stamp, base)
    select printf('%012x-%04x-%s', ms, counter, tail), sequence from arxos_writing;
end;

--: table building building
create table "building" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
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
  "year_built" bigint,
  "gross_area_m2" double,
  "status" text,
  "eastings" double,
  "northings" double,
  "orthogonal_height" double,
  "x_axis_abscissa" double,
  "x_axis_ordinate" double,
  "scale" double,
  "epsg" bigint,
  "ifc_guid" text,
  "properties" text,
  "footprint" multipolygon
);
create unique index "building_id" on "building" ("id");

--: capture building

create table "arxos_log_building" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_name" text,
  "old_code" text,
  "old_street" text,
  "old_house_number" text,
  "old_postal_code" text,
  "old_city" text,
  "old_region" text,
  "old_country" text,
  "old_description" text,
  "old_timezone" text,
  "old_unit_system" text,
  "old_visibility" text,
  "old_year_built" bigint,
  "old_gross_area_m2" double,
  "old_status" text,
  "old_eastings" double,
  "old_northings" double,
  "old_orthogonal_height" double,
  "old_x_axis_abscissa" double,
  "old_x_axis_ordinate" double,
  "old_scale" double,
  "old_epsg" bigint,
  "old_ifc_guid" text,
  "old_properties" text,
  "old_footprint" blob,
  "new_origin" text,
  "new_name" text,
  "new_code" text,
  "new_street" text,
  "new_house_number" text,
  "new_postal_code" text,
  "new_city" text,
  "new_region" text,
  "new_country" text,
  "new_description" text,
  "new_timezone" text,
  "new_unit_system" text,
  "new_visibility" text,
  "new_year_built" bigint,
  "new_gross_area_m2" double,
  "new_status" text,
  "new_eastings" double,
  "new_northings" double,
  "new_orthogonal_height" double,
  "new_x_axis_abscissa" double,
  "new_x_axis_ordinate" double,
  "new_scale" double,
  "new_epsg" bigint,
  "new_ifc_guid" text,
  "new_properties" text,
  "new_footprint" blob
);
create index "arxos_log_building_id" on "arxos_log_building" (id);
create index "arxos_log_building_delete" on "arxos_log_building" (id) where op = 'delete';
create index "arxos_log_building_key" on "arxos_log_building" (transaction_key);

create table "arxos_stash_building" (
  pk integer,
  "id" text,
  "sequence" bigint,
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
  "year_built" bigint,
  "gross_area_m2" double,
  "status" text,
  "eastings" double,
  "northings" double,
  "orthogonal_height" double,
  "x_axis_abscissa" double,
  "x_axis_ordinate" double,
  "scale" double,
  "epsg" bigint,
  "ifc_guid" text,
  "properties" text,
  "footprint" blob
);

create trigger "arxos_stash_building" before insert on "building"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_building";
  insert into "arxos_stash_building" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "name", "code", "street", "house_number", "postal_code", "city", "region", "country", "description", "timezone", "unit_system", "visibility", "year_built", "gross_area_m2", "status", "eastings", "northings", "orthogonal_height", "x_axis_abscissa", "x_axis_ordinate", "scale", "epsg", "ifc_guid", "properties", "footprint") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "name", "code", "street", "house_number", "postal_code", "city", "region", "country", "description", "timezone", "unit_system", "visibility", "year_built", "gross_area_m2", "status", "eastings", "northings", "orthogonal_height", "x_axis_abscissa", "x_axis_ordinate", "scale", "epsg", "ifc_guid", "properties", "footprint" from "building"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_building" after insert on "building"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_building" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "building" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_building" (transaction_key, place, op, id, changed, "new_origin", "new_name", "new_code", "new_street", "new_house_number", "new_postal_code", "new_city", "new_region", "new_country", "new_description", "new_timezone", "new_unit_system", "new_visibility", "new_year_built", "new_gross_area_m2", "new_status", "new_eastings", "new_northings", "new_orthogonal_height", "new_x_axis_abscissa", "new_x_axis_ordinate", "new_scale", "new_epsg", "new_ifc_guid", "new_properties", "new_footprint")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."name",
      t."code",
      t."street",
      t."house_number",
      t."postal_code",
      t."city",
      t."region",
      t."country",
      t."description",
      t."timezone",
      t."unit_system",
      t."visibility",
      t."year_built",
      t."gross_area_m2",
      t."status",
      t."eastings",
      t."northings",
      t."orthogonal_height",
      t."x_axis_abscissa",
      t."x_axis_ordinate",
      t."scale",
      t."epsg",
      t."ifc_guid",
      t."properties",
      t."footprint"
    from arxos_writing w, "building" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_building" after insert on "building"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_building" where id = new.id)
begin
  delete from "arxos_log_building" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_building" s where s.id = new.id and (s."name" is not new."name" or s."code" is not new."code" or s."street" is not new."street" or s."house_number" is not new."house_number" or s."postal_code" is not new."postal_code" or s."city" is not new."city" or s."region" is not new."region" or s."country" is not new."country" or s."description" is not new."description" or s."timezone" is not new."timezone" or s."unit_system" is not new."unit_system" or s."visibility" is not new."visibility" or s."year_built" is not new."year_built" or s."gross_area_m2" is not new."gross_area_m2" or s."status" is not new."status" or s."eastings" is not new."eastings" or s."northings" is not new."northings" or s."orthogonal_height" is not new."orthogonal_height" or s."x_axis_abscissa" is not new."x_axis_abscissa" or s."x_axis_ordinate" is not new."x_axis_ordinate" or s."scale" is not new."scale" or s."epsg" is not new."epsg" or s."ifc_guid" is not new."ifc_guid" or s."properties" is not new."properties" or s."footprint" is not new."footprint"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_building" (transaction_key, place, op, id, changed, "old_name", "new_name", "old_code", "new_code", "old_street", "new_street", "old_house_number", "new_house_number", "old_postal_code", "new_postal_code", "old_city", "new_city", "old_region", "new_region", "old_country", "new_country", "old_description", "new_description", "old_timezone", "new_timezone", "old_unit_system", "new_unit_system", "old_visibility", "new_visibility", "old_year_built", "new_year_built", "old_gross_area_m2", "new_gross_area_m2", "old_status", "new_status", "old_eastings", "new_eastings", "old_northings", "new_northings", "old_orthogonal_height", "new_orthogonal_height", "old_x_axis_abscissa", "new_x_axis_abscissa", "old_x_axis_ordinate", "new_x_axis_ordinate", "old_scale", "new_scale", "old_epsg", "new_epsg", "old_ifc_guid", "new_ifc_guid", "old_properties", "new_properties", "old_footprint", "new_footprint")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' name', '')
      || iif(d2, ' code', '')
      || iif(d3, ' street', '')
      || iif(d4, ' house_number', '')
      || iif(d5, ' postal_code', '')
      || iif(d6, ' city', '')
      || iif(d7, ' region', '')
      || iif(d8, ' country', '')
      || iif(d9, ' description', '')
      || iif(d10, ' timezone', '')
      || iif(d11, ' unit_system', '')
      || iif(d12, ' visibility', '')
      || iif(d13, ' year_built', '')
      || iif(d14, ' gross_area_m2', '')
      || iif(d15, ' status', '')
      || iif(d16, ' eastings northings orthogonal_height x_axis_abscissa x_axis_ordinate scale epsg', '')
      || iif(d17, ' ifc_guid', '')
      || iif(d18, ' properties', '')
      || iif(d19, ' footprint', '')),
      iif(d1, s."name", null),
      iif(d1, new."name", null),
      iif(d2, s."code", null),
      iif(d2, new."code", null),
      iif(d3, s."street", null),
      iif(d3, new."street", null),
      iif(d4, s."house_number", null),
      iif(d4, new."house_number", null),
      iif(d5, s."postal_code", null),
      iif(d5, new."postal_code", null),
      iif(d6, s."city", null),
      iif(d6, new."city", null),
      iif(d7, s."region", null),
      iif(d7, new."region", null),
      iif(d8, s."country", null),
      iif(d8, new."country", null),
      iif(d9, s."description", null),
      iif(d9, new."description", null),
      iif(d10, s."timezone", null),
      iif(d10, new."timezone", null),
      iif(d11, s."unit_system", null),
      iif(d11, new."unit_system", null),
      iif(d12, s."visibility", null),
      iif(d12, new."visibility", null),
      iif(d13, s."year_built", null),
      iif(d13, new."year_built", null),
      iif(d14, s."gross_area_m2", null),
      iif(d14, new."gross_area_m2", null),
      iif(d15, s."status", null),
      iif(d15, new."status", null),
      iif(d16, s."eastings", null),
      iif(d16, new."eastings", null),
      iif(d16, s."northings", null),
      iif(d16, new."northings", null),
      iif(d16, s."orthogonal_height", null),
      iif(d16, new."orthogonal_height", null),
      iif(d16, s."x_axis_abscissa", null),
      iif(d16, new."x_axis_abscissa", null),
      iif(d16, s."x_axis_ordinate", null),
      iif(d16, new."x_axis_ordinate", null),
      iif(d16, s."scale", null),
      iif(d16, new."scale", null),
      iif(d16, s."epsg", null),
      iif(d16, new."epsg", null),
      iif(d17, s."ifc_guid", null),
      iif(d17, new."ifc_guid", null),
      iif(d18, s."properties", null),
      iif(d18, new."properties", null),
      iif(d19, s."footprint", null),
      iif(d19, new."footprint", null)
    from arxos_writing w, (select s.*,
        (s."name" is not new."name") as d1,
        (s."code" is not new."code") as d2,
        (s."street" is not new."street") as d3,
        (s."house_number" is not new."house_number") as d4,
        (s."postal_code" is not new."postal_code") as d5,
        (s."city" is not new."city") as d6,
        (s."region" is not new."region") as d7,
        (s."country" is not new."country") as d8,
        (s."description" is not new."description") as d9,
        (s."timezone" is not new."timezone") as d10,
        (s."unit_system" is not new."unit_system") as d11,
        (s."visibility" is not new."visibility") as d12,
        (s."year_built" is not new."year_built") as d13,
        (s."gross_area_m2" is not new."gross_area_m2") as d14,
        (s."status" is not new."status") as d15,
        (s."eastings" is not new."eastings" or s."northings" is not new."northings" or s."orthogonal_height" is not new."orthogonal_height" or s."x_axis_abscissa" is not new."x_axis_abscissa" or s."x_axis_ordinate" is not new."x_axis_ordinate" or s."scale" is not new."scale" or s."epsg" is not new."epsg") as d16,
        (s."ifc_guid" is not new."ifc_guid") as d17,
        (s."properties" is not new."properties") as d18,
        (s."footprint" is not new."footprint") as d19
      from "arxos_stash_building" s where s.id = new.id) s where w.capture = 3;
  update "building" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_building" s
    where "building".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_building" after insert on "building"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_building" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_building" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_name", "old_code", "old_street", "old_house_number", "old_postal_code", "old_city", "old_region", "old_country", "old_description", "old_timezone", "old_unit_system", "old_visibility", "old_year_built", "old_gross_area_m2", "old_status", "old_eastings", "old_northings", "old_orthogonal_height", "old_x_axis_abscissa", "old_x_axis_ordinate", "old_scale", "old_epsg", "old_ifc_guid", "old_properties", "old_footprint")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."name",
      s."code",
      s."street",
      s."house_number",
      s."postal_code",
      s."city",
      s."region",
      s."country",
      s."description",
      s."timezone",
      s."unit_system",
      s."visibility",
      s."year_built",
      s."gross_area_m2",
      s."status",
      s."eastings",
      s."northings",
      s."orthogonal_height",
      s."x_axis_abscissa",
      s."x_axis_ordinate",
      s."scale",
      s."epsg",
      s."ifc_guid",
      s."properties",
      s."footprint"
    from arxos_writing w, "arxos_stash_building" s where s.id is not new.id;
end;

create trigger "arxos_updated_building" after update on "building"
when (select capture from arxos_writing) and (old."name" is not new."name" or old."code" is not new."code" or old."street" is not new."street" or old."house_number" is not new."house_number" or old."postal_code" is not new."postal_code" or old."city" is not new."city" or old."region" is not new."region" or old."country" is not new."country" or old."description" is not new."description" or old."timezone" is not new."timezone" or old."unit_system" is not new."unit_system" or old."visibility" is not new."visibility" or old."year_built" is not new."year_built" or old."gross_area_m2" is not new."gross_area_m2" or old."status" is not new."status" or old."eastings" is not new."eastings" or old."northings" is not new."northings" or old."orthogonal_height" is not new."orthogonal_height" or old."x_axis_abscissa" is not new."x_axis_abscissa" or old."x_axis_ordinate" is not new."x_axis_ordinate" or old."scale" is not new."scale" or old."epsg" is not new."epsg" or old."ifc_guid" is not new."ifc_guid" or old."properties" is not new."properties" or old."footprint" is not new."footprint")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_building" (transaction_key, place, op, id, changed, "old_name", "new_name", "old_code", "new_code", "old_street", "new_street", "old_house_number", "new_house_number", "old_postal_code", "new_postal_code", "old_city", "new_city", "old_region", "new_region", "old_country", "new_country", "old_description", "new_description", "old_timezone", "new_timezone", "old_unit_system", "new_unit_system", "old_visibility", "new_visibility", "old_year_built", "new_year_built", "old_gross_area_m2", "new_gross_area_m2", "old_status", "new_status", "old_eastings", "new_eastings", "old_northings", "new_northings", "old_orthogonal_height", "new_orthogonal_height", "old_x_axis_abscissa", "new_x_axis_abscissa", "old_x_axis_ordinate", "new_x_axis_ordinate", "old_scale", "new_scale", "old_epsg", "new_epsg", "old_ifc_guid", "new_ifc_guid", "old_properties", "new_properties", "old_footprint", "new_footprint")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' name', '')
      || iif(d2, ' code', '')
      || iif(d3, ' street', '')
      || iif(d4, ' house_number', '')
      || iif(d5, ' postal_code', '')
      || iif(d6, ' city', '')
      || iif(d7, ' region', '')
      || iif(d8, ' country', '')
      || iif(d9, ' description', '')
      || iif(d10, ' timezone', '')
      || iif(d11, ' unit_system', '')
      || iif(d12, ' visibility', '')
      || iif(d13, ' year_built', '')
      || iif(d14, ' gross_area_m2', '')
      || iif(d15, ' status', '')
      || iif(d16, ' eastings northings orthogonal_height x_axis_abscissa x_axis_ordinate scale epsg', '')
      || iif(d17, ' ifc_guid', '')
      || iif(d18, ' properties', '')
      || iif(d19, ' footprint', '')),
      iif(d1, old."name", null),
      iif(d1, new."name", null),
      iif(d2, old."code", null),
      iif(d2, new."code", null),
      iif(d3, old."street", null),
      iif(d3, new."street", null),
      iif(d4, old."house_number", null),
      iif(d4, new."house_number", null),
      iif(d5, old."postal_code", null),
      iif(d5, new."postal_code", null),
      iif(d6, old."city", null),
      iif(d6, new."city", null),
      iif(d7, old."region", null),
      iif(d7, new."region", null),
      iif(d8, old."country", null),
      iif(d8, new."country", null),
      iif(d9, old."description", null),
      iif(d9, new."description", null),
      iif(d10, old."timezone", null),
      iif(d10, new."timezone", null),
      iif(d11, old."unit_system", null),
      iif(d11, new."unit_system", null),
      iif(d12, old."visibility", null),
      iif(d12, new."visibility", null),
      iif(d13, old."year_built", null),
      iif(d13, new."year_built", null),
      iif(d14, old."gross_area_m2", null),
      iif(d14, new."gross_area_m2", null),
      iif(d15, old."status", null),
      iif(d15, new."status", null),
      iif(d16, old."eastings", null),
      iif(d16, new."eastings", null),
      iif(d16, old."northings", null),
      iif(d16, new."northings", null),
      iif(d16, old."orthogonal_height", null),
      iif(d16, new."orthogonal_height", null),
      iif(d16, old."x_axis_abscissa", null),
      iif(d16, new."x_axis_abscissa", null),
      iif(d16, old."x_axis_ordinate", null),
      iif(d16, new."x_axis_ordinate", null),
      iif(d16, old."scale", null),
      iif(d16, new."scale", null),
      iif(d16, old."epsg", null),
      iif(d16, new."epsg", null),
      iif(d17, old."ifc_guid", null),
      iif(d17, new."ifc_guid", null),
      iif(d18, old."properties", null),
      iif(d18, new."properties", null),
      iif(d19, old."footprint", null),
      iif(d19, new."footprint", null)
    from arxos_writing w, (select
        (old."name" is not new."name") as d1,
        (old."code" is not new."code") as d2,
        (old."street" is not new."street") as d3,
        (old."house_number" is not new."house_number") as d4,
        (old."postal_code" is not new."postal_code") as d5,
        (old."city" is not new."city") as d6,
        (old."region" is not new."region") as d7,
        (old."country" is not new."country") as d8,
        (old."description" is not new."description") as d9,
        (old."timezone" is not new."timezone") as d10,
        (old."unit_system" is not new."unit_system") as d11,
        (old."visibility" is not new."visibility") as d12,
        (old."year_built" is not new."year_built") as d13,
        (old."gross_area_m2" is not new."gross_area_m2") as d14,
        (old."status" is not new."status") as d15,
        (old."eastings" is not new."eastings" or old."northings" is not new."northings" or old."orthogonal_height" is not new."orthogonal_height" or old."x_axis_abscissa" is not new."x_axis_abscissa" or old."x_axis_ordinate" is not new."x_axis_ordinate" or old."scale" is not new."scale" or old."epsg" is not new."epsg") as d16,
        (old."ifc_guid" is not new."ifc_guid") as d17,
        (old."properties" is not new."properties") as d18,
        (old."footprint" is not new."footprint") as d19) d;
end;

create trigger "arxos_identity_building" before update of pk, id on "building"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_building" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "building"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "building" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_building" after delete on "building"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_building" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_name", "old_code", "old_street", "old_house_number", "old_postal_code", "old_city", "old_region", "old_country", "old_description", "old_timezone", "old_unit_system", "old_visibility", "old_year_built", "old_gross_area_m2", "old_status", "old_eastings", "old_northings", "old_orthogonal_height", "old_x_axis_abscissa", "old_x_axis_ordinate", "old_scale", "old_epsg", "old_ifc_guid", "old_properties", "old_footprint")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."name",
      old."code",
      old."street",
      old."house_number",
      old."postal_code",
      old."city",
      old."region",
      old."country",
      old."description",
      old."timezone",
      old."unit_system",
      old."visibility",
      old."year_built",
      old."gross_area_m2",
      old."status",
      old."eastings",
      old."northings",
      old."orthogonal_height",
      old."x_axis_abscissa",
      old."x_axis_ordinate",
      old."scale",
      old."epsg",
      old."ifc_guid",
      old."properties",
      old."footprint"
    from arxos_writing w;
end;

--: geometry building footprint
select RecoverGeometryColumn('building', 'footprint', 4326, 'MULTIPOLYGON', 'XY');
select CreateSpatialIndex('building', 'footprint');

--: align building footprint
create trigger "arxos_align_footprint_building" after insert on "building"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_building" where pk <> new.pk)
begin
  delete from "idx_building_footprint" where pkid in (select pk from "arxos_stash_building")
    and pkid not in (select pk from "building" where pk in (select pk from "arxos_stash_building"));
end;

--: table storey building
create table "storey" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "name" text,
  "level" bigint,
  "elevation_m" double,
  "height_m" double,
  "ifc_guid" text,
  "outline" polygon
);
create unique index "storey_id" on "storey" ("id");

--: capture storey

create table "arxos_log_storey" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_name" text,
  "old_level" bigint,
  "old_elevation_m" double,
  "old_height_m" double,
  "old_ifc_guid" text,
  "old_outline" blob,
  "new_origin" text,
  "new_name" text,
  "new_level" bigint,
  "new_elevation_m" double,
  "new_height_m" double,
  "new_ifc_guid" text,
  "new_outline" blob
);
create index "arxos_log_storey_id" on "arxos_log_storey" (id);
create index "arxos_log_storey_delete" on "arxos_log_storey" (id) where op = 'delete';
create index "arxos_log_storey_key" on "arxos_log_storey" (transaction_key);

create table "arxos_stash_storey" (
  pk integer,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "name" text,
  "level" bigint,
  "elevation_m" double,
  "height_m" double,
  "ifc_guid" text,
  "outline" blob
);

create trigger "arxos_stash_storey" before insert on "storey"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_storey";
  insert into "arxos_stash_storey" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "name", "level", "elevation_m", "height_m", "ifc_guid", "outline") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "name", "level", "elevation_m", "height_m", "ifc_guid", "outline" from "storey"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_storey" after insert on "storey"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_storey" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "storey" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_storey" (transaction_key, place, op, id, changed, "new_origin", "new_name", "new_level", "new_elevation_m", "new_height_m", "new_ifc_guid", "new_outline")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."name",
      t."level",
      t."elevation_m",
      t."height_m",
      t."ifc_guid",
      t."outline"
    from arxos_writing w, "storey" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_storey" after insert on "storey"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_storey" where id = new.id)
begin
  delete from "arxos_log_storey" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_storey" s where s.id = new.id and (s."name" is not new."name" or s."level" is not new."level" or s."elevation_m" is not new."elevation_m" or s."height_m" is not new."height_m" or s."ifc_guid" is not new."ifc_guid" or s."outline" is not new."outline"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_storey" (transaction_key, place, op, id, changed, "old_name", "new_name", "old_level", "new_level", "old_elevation_m", "new_elevation_m", "old_height_m", "new_height_m", "old_ifc_guid", "new_ifc_guid", "old_outline", "new_outline")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' name', '')
      || iif(d2, ' level', '')
      || iif(d3, ' elevation_m height_m', '')
      || iif(d4, ' ifc_guid', '')
      || iif(d5, ' outline', '')),
      iif(d1, s."name", null),
      iif(d1, new."name", null),
      iif(d2, s."level", null),
      iif(d2, new."level", null),
      iif(d3, s."elevation_m", null),
      iif(d3, new."elevation_m", null),
      iif(d3, s."height_m", null),
      iif(d3, new."height_m", null),
      iif(d4, s."ifc_guid", null),
      iif(d4, new."ifc_guid", null),
      iif(d5, s."outline", null),
      iif(d5, new."outline", null)
    from arxos_writing w, (select s.*,
        (s."name" is not new."name") as d1,
        (s."level" is not new."level") as d2,
        (s."elevation_m" is not new."elevation_m" or s."height_m" is not new."height_m") as d3,
        (s."ifc_guid" is not new."ifc_guid") as d4,
        (s."outline" is not new."outline") as d5
      from "arxos_stash_storey" s where s.id = new.id) s where w.capture = 3;
  update "storey" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_storey" s
    where "storey".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_storey" after insert on "storey"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_storey" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_storey" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_name", "old_level", "old_elevation_m", "old_height_m", "old_ifc_guid", "old_outline")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."name",
      s."level",
      s."elevation_m",
      s."height_m",
      s."ifc_guid",
      s."outline"
    from arxos_writing w, "arxos_stash_storey" s where s.id is not new.id;
end;

create trigger "arxos_updated_storey" after update on "storey"
when (select capture from arxos_writing) and (old."name" is not new."name" or old."level" is not new."level" or old."elevation_m" is not new."elevation_m" or old."height_m" is not new."height_m" or old."ifc_guid" is not new."ifc_guid" or old."outline" is not new."outline")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_storey" (transaction_key, place, op, id, changed, "old_name", "new_name", "old_level", "new_level", "old_elevation_m", "new_elevation_m", "old_height_m", "new_height_m", "old_ifc_guid", "new_ifc_guid", "old_outline", "new_outline")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' name', '')
      || iif(d2, ' level', '')
      || iif(d3, ' elevation_m height_m', '')
      || iif(d4, ' ifc_guid', '')
      || iif(d5, ' outline', '')),
      iif(d1, old."name", null),
      iif(d1, new."name", null),
      iif(d2, old."level", null),
      iif(d2, new."level", null),
      iif(d3, old."elevation_m", null),
      iif(d3, new."elevation_m", null),
      iif(d3, old."height_m", null),
      iif(d3, new."height_m", null),
      iif(d4, old."ifc_guid", null),
      iif(d4, new."ifc_guid", null),
      iif(d5, old."outline", null),
      iif(d5, new."outline", null)
    from arxos_writing w, (select
        (old."name" is not new."name") as d1,
        (old."level" is not new."level") as d2,
        (old."elevation_m" is not new."elevation_m" or old."height_m" is not new."height_m") as d3,
        (old."ifc_guid" is not new."ifc_guid") as d4,
        (old."outline" is not new."outline") as d5) d;
end;

create trigger "arxos_identity_storey" before update of pk, id on "storey"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_storey" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "storey"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "storey" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_storey" after delete on "storey"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_storey" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_name", "old_level", "old_elevation_m", "old_height_m", "old_ifc_guid", "old_outline")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."name",
      old."level",
      old."elevation_m",
      old."height_m",
      old."ifc_guid",
      old."outline"
    from arxos_writing w;
end;

--: geometry storey outline
select RecoverGeometryColumn('storey', 'outline', -1, 'POLYGON', 'XY');
select CreateSpatialIndex('storey', 'outline');

--: align storey outline
create trigger "arxos_align_outline_storey" after insert on "storey"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_storey" where pk <> new.pk)
begin
  delete from "idx_storey_outline" where pkid in (select pk from "arxos_stash_storey")
    and pkid not in (select pk from "storey" where pk in (select pk from "arxos_stash_storey"));
end;

--: table space building
create table "space" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
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
  "outline" polygon
);
create unique index "space_id" on "space" ("id");
create index "space_storey_id" on "space" ("storey_id") where "storey_id" is not null;

--: capture space

create table "arxos_log_space" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_storey_id" text,
  "old_number" text,
  "old_name" text,
  "old_usage" text,
  "old_area_m2" double,
  "old_height_m" double,
  "old_ifc_guid" text,
  "old_properties" text,
  "old_outline" blob,
  "new_origin" text,
  "new_storey_id" text,
  "new_number" text,
  "new_name" text,
  "new_usage" text,
  "new_area_m2" double,
  "new_height_m" double,
  "new_ifc_guid" text,
  "new_properties" text,
  "new_outline" blob
);
create index "arxos_log_space_id" on "arxos_log_space" (id);
create index "arxos_log_space_delete" on "arxos_log_space" (id) where op = 'delete';
create index "arxos_log_space_key" on "arxos_log_space" (transaction_key);

create table "arxos_stash_space" (
  pk integer,
  "id" text,
  "sequence" bigint,
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
  "outline" blob
);

create trigger "arxos_stash_space" before insert on "space"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_space";
  insert into "arxos_stash_space" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "storey_id", "number", "name", "usage", "area_m2", "height_m", "ifc_guid", "properties", "outline") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "storey_id", "number", "name", "usage", "area_m2", "height_m", "ifc_guid", "properties", "outline" from "space"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_space" after insert on "space"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_space" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "space" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_space" (transaction_key, place, op, id, changed, "new_origin", "new_storey_id", "new_number", "new_name", "new_usage", "new_area_m2", "new_height_m", "new_ifc_guid", "new_properties", "new_outline")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."storey_id",
      t."number",
      t."name",
      t."usage",
      t."area_m2",
      t."height_m",
      t."ifc_guid",
      t."properties",
      t."outline"
    from arxos_writing w, "space" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_space" after insert on "space"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_space" where id = new.id)
begin
  delete from "arxos_log_space" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_space" s where s.id = new.id and (s."storey_id" is not new."storey_id" or s."number" is not new."number" or s."name" is not new."name" or s."usage" is not new."usage" or s."area_m2" is not new."area_m2" or s."height_m" is not new."height_m" or s."ifc_guid" is not new."ifc_guid" or s."properties" is not new."properties" or s."outline" is not new."outline"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_space" (transaction_key, place, op, id, changed, "old_storey_id", "new_storey_id", "old_number", "new_number", "old_name", "new_name", "old_usage", "new_usage", "old_area_m2", "new_area_m2", "old_height_m", "new_height_m", "old_ifc_guid", "new_ifc_guid", "old_properties", "new_properties", "old_outline", "new_outline")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' storey_id', '')
      || iif(d2, ' number', '')
      || iif(d3, ' name', '')
      || iif(d4, ' usage', '')
      || iif(d5, ' area_m2', '')
      || iif(d6, ' height_m', '')
      || iif(d7, ' ifc_guid', '')
      || iif(d8, ' properties', '')
      || iif(d9, ' outline', '')),
      iif(d1, s."storey_id", null),
      iif(d1, new."storey_id", null),
      iif(d2, s."number", null),
      iif(d2, new."number", null),
      iif(d3, s."name", null),
      iif(d3, new."name", null),
      iif(d4, s."usage", null),
      iif(d4, new."usage", null),
      iif(d5, s."area_m2", null),
      iif(d5, new."area_m2", null),
      iif(d6, s."height_m", null),
      iif(d6, new."height_m", null),
      iif(d7, s."ifc_guid", null),
      iif(d7, new."ifc_guid", null),
      iif(d8, s."properties", null),
      iif(d8, new."properties", null),
      iif(d9, s."outline", null),
      iif(d9, new."outline", null)
    from arxos_writing w, (select s.*,
        (s."storey_id" is not new."storey_id") as d1,
        (s."number" is not new."number") as d2,
        (s."name" is not new."name") as d3,
        (s."usage" is not new."usage") as d4,
        (s."area_m2" is not new."area_m2") as d5,
        (s."height_m" is not new."height_m") as d6,
        (s."ifc_guid" is not new."ifc_guid") as d7,
        (s."properties" is not new."properties") as d8,
        (s."outline" is not new."outline") as d9
      from "arxos_stash_space" s where s.id = new.id) s where w.capture = 3;
  update "space" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_space" s
    where "space".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_space" after insert on "space"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_space" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_space" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_storey_id", "old_number", "old_name", "old_usage", "old_area_m2", "old_height_m", "old_ifc_guid", "old_properties", "old_outline")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."storey_id",
      s."number",
      s."name",
      s."usage",
      s."area_m2",
      s."height_m",
      s."ifc_guid",
      s."properties",
      s."outline"
    from arxos_writing w, "arxos_stash_space" s where s.id is not new.id;
end;

create trigger "arxos_updated_space" after update on "space"
when (select capture from arxos_writing) and (old."storey_id" is not new."storey_id" or old."number" is not new."number" or old."name" is not new."name" or old."usage" is not new."usage" or old."area_m2" is not new."area_m2" or old."height_m" is not new."height_m" or old."ifc_guid" is not new."ifc_guid" or old."properties" is not new."properties" or old."outline" is not new."outline")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_space" (transaction_key, place, op, id, changed, "old_storey_id", "new_storey_id", "old_number", "new_number", "old_name", "new_name", "old_usage", "new_usage", "old_area_m2", "new_area_m2", "old_height_m", "new_height_m", "old_ifc_guid", "new_ifc_guid", "old_properties", "new_properties", "old_outline", "new_outline")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' storey_id', '')
      || iif(d2, ' number', '')
      || iif(d3, ' name', '')
      || iif(d4, ' usage', '')
      || iif(d5, ' area_m2', '')
      || iif(d6, ' height_m', '')
      || iif(d7, ' ifc_guid', '')
      || iif(d8, ' properties', '')
      || iif(d9, ' outline', '')),
      iif(d1, old."storey_id", null),
      iif(d1, new."storey_id", null),
      iif(d2, old."number", null),
      iif(d2, new."number", null),
      iif(d3, old."name", null),
      iif(d3, new."name", null),
      iif(d4, old."usage", null),
      iif(d4, new."usage", null),
      iif(d5, old."area_m2", null),
      iif(d5, new."area_m2", null),
      iif(d6, old."height_m", null),
      iif(d6, new."height_m", null),
      iif(d7, old."ifc_guid", null),
      iif(d7, new."ifc_guid", null),
      iif(d8, old."properties", null),
      iif(d8, new."properties", null),
      iif(d9, old."outline", null),
      iif(d9, new."outline", null)
    from arxos_writing w, (select
        (old."storey_id" is not new."storey_id") as d1,
        (old."number" is not new."number") as d2,
        (old."name" is not new."name") as d3,
        (old."usage" is not new."usage") as d4,
        (old."area_m2" is not new."area_m2") as d5,
        (old."height_m" is not new."height_m") as d6,
        (old."ifc_guid" is not new."ifc_guid") as d7,
        (old."properties" is not new."properties") as d8,
        (old."outline" is not new."outline") as d9) d;
end;

create trigger "arxos_identity_space" before update of pk, id on "space"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_space" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "space"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "space" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_space" after delete on "space"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_space" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_storey_id", "old_number", "old_name", "old_usage", "old_area_m2", "old_height_m", "old_ifc_guid", "old_properties", "old_outline")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."storey_id",
      old."number",
      old."name",
      old."usage",
      old."area_m2",
      old."height_m",
      old."ifc_guid",
      old."properties",
      old."outline"
    from arxos_writing w;
end;

--: geometry space outline
select RecoverGeometryColumn('space', 'outline', -1, 'POLYGON', 'XY');
select CreateSpatialIndex('space', 'outline');

--: align space outline
create trigger "arxos_align_outline_space" after insert on "space"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_space" where pk <> new.pk)
begin
  delete from "idx_space_outline" where pkid in (select pk from "arxos_stash_space")
    and pkid not in (select pk from "space" where pk in (select pk from "arxos_stash_space"));
end;

--: table element building
create table "element" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
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
  "visit_count" bigint,
  "confidence_classification" double,
  "confidence_position" double,
  "confidence_properties" double,
  "confidence_relationships" double,
  "ifc_guid" text,
  "properties" text,
  "heading_deg" double,
  "geometry" geometry
);
create unique index "element_id" on "element" ("id");
create index "element_storey_id" on "element" ("storey_id") where "storey_id" is not null;
create index "element_space_id" on "element" ("space_id") where "space_id" is not null;

--: capture element

create table "arxos_log_element" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_storey_id" text,
  "old_space_id" text,
  "old_ifc_class" text,
  "old_predefined_type" text,
  "old_name" text,
  "old_tag" text,
  "old_serial_number" text,
  "old_barcode" text,
  "old_manufacturer" text,
  "old_model" text,
  "old_installed_on" text,
  "old_status" text,
  "old_condition" text,
  "old_systems" text,
  "old_visit_count" bigint,
  "old_confidence_classification" double,
  "old_confidence_position" double,
  "old_confidence_properties" double,
  "old_confidence_relationships" double,
  "old_ifc_guid" text,
  "old_properties" text,
  "old_heading_deg" double,
  "old_geometry" blob,
  "new_origin" text,
  "new_storey_id" text,
  "new_space_id" text,
  "new_ifc_class" text,
  "new_predefined_type" text,
  "new_name" text,
  "new_tag" text,
  "new_serial_number" text,
  "new_barcode" text,
  "new_manufacturer" text,
  "new_model" text,
  "new_installed_on" text,
  "new_status" text,
  "new_condition" text,
  "new_systems" text,
  "new_visit_count" bigint,
  "new_confidence_classification" double,
  "new_confidence_position" double,
  "new_confidence_properties" double,
  "new_confidence_relationships" double,
  "new_ifc_guid" text,
  "new_properties" text,
  "new_heading_deg" double,
  "new_geometry" blob
);
create index "arxos_log_element_id" on "arxos_log_element" (id);
create index "arxos_log_element_delete" on "arxos_log_element" (id) where op = 'delete';
create index "arxos_log_element_key" on "arxos_log_element" (transaction_key);

create table "arxos_stash_element" (
  pk integer,
  "id" text,
  "sequence" bigint,
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
  "visit_count" bigint,
  "confidence_classification" double,
  "confidence_position" double,
  "confidence_properties" double,
  "confidence_relationships" double,
  "ifc_guid" text,
  "properties" text,
  "heading_deg" double,
  "geometry" blob
);

create trigger "arxos_stash_element" before insert on "element"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_element";
  insert into "arxos_stash_element" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "storey_id", "space_id", "ifc_class", "predefined_type", "name", "tag", "serial_number", "barcode", "manufacturer", "model", "installed_on", "status", "condition", "systems", "visit_count", "confidence_classification", "confidence_position", "confidence_properties", "confidence_relationships", "ifc_guid", "properties", "heading_deg", "geometry") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "storey_id", "space_id", "ifc_class", "predefined_type", "name", "tag", "serial_number", "barcode", "manufacturer", "model", "installed_on", "status", "condition", "systems", "visit_count", "confidence_classification", "confidence_position", "confidence_properties", "confidence_relationships", "ifc_guid", "properties", "heading_deg", "geometry" from "element"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_element" after insert on "element"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_element" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "element" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_element" (transaction_key, place, op, id, changed, "new_origin", "new_storey_id", "new_space_id", "new_ifc_class", "new_predefined_type", "new_name", "new_tag", "new_serial_number", "new_barcode", "new_manufacturer", "new_model", "new_installed_on", "new_status", "new_condition", "new_systems", "new_visit_count", "new_confidence_classification", "new_confidence_position", "new_confidence_properties", "new_confidence_relationships", "new_ifc_guid", "new_properties", "new_heading_deg", "new_geometry")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."storey_id",
      t."space_id",
      t."ifc_class",
      t."predefined_type",
      t."name",
      t."tag",
      t."serial_number",
      t."barcode",
      t."manufacturer",
      t."model",
      t."installed_on",
      t."status",
      t."condition",
      t."systems",
      t."visit_count",
      t."confidence_classification",
      t."confidence_position",
      t."confidence_properties",
      t."confidence_relationships",
      t."ifc_guid",
      t."properties",
      t."heading_deg",
      t."geometry"
    from arxos_writing w, "element" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_element" after insert on "element"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_element" where id = new.id)
begin
  delete from "arxos_log_element" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_element" s where s.id = new.id and (s."storey_id" is not new."storey_id" or s."space_id" is not new."space_id" or s."ifc_class" is not new."ifc_class" or s."predefined_type" is not new."predefined_type" or s."name" is not new."name" or s."tag" is not new."tag" or s."serial_number" is not new."serial_number" or s."barcode" is not new."barcode" or s."manufacturer" is not new."manufacturer" or s."model" is not new."model" or s."installed_on" is not new."installed_on" or s."status" is not new."status" or s."condition" is not new."condition" or s."systems" is not new."systems" or s."visit_count" is not new."visit_count" or s."confidence_classification" is not new."confidence_classification" or s."confidence_position" is not new."confidence_position" or s."confidence_properties" is not new."confidence_properties" or s."confidence_relationships" is not new."confidence_relationships" or s."ifc_guid" is not new."ifc_guid" or s."properties" is not new."properties" or s."heading_deg" is not new."heading_deg" or s."geometry" is not new."geometry"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_element" (transaction_key, place, op, id, changed, "old_storey_id", "new_storey_id", "old_space_id", "new_space_id", "old_ifc_class", "new_ifc_class", "old_predefined_type", "new_predefined_type", "old_name", "new_name", "old_tag", "new_tag", "old_serial_number", "new_serial_number", "old_barcode", "new_barcode", "old_manufacturer", "new_manufacturer", "old_model", "new_model", "old_installed_on", "new_installed_on", "old_status", "new_status", "old_condition", "new_condition", "old_systems", "new_systems", "old_visit_count", "new_visit_count", "old_confidence_classification", "new_confidence_classification", "old_confidence_position", "new_confidence_position", "old_confidence_properties", "new_confidence_properties", "old_confidence_relationships", "new_confidence_relationships", "old_ifc_guid", "new_ifc_guid", "old_properties", "new_properties", "old_heading_deg", "new_heading_deg", "old_geometry", "new_geometry")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' storey_id', '')
      || iif(d2, ' space_id', '')
      || iif(d3, ' ifc_class', '')
      || iif(d4, ' predefined_type', '')
      || iif(d5, ' name', '')
      || iif(d6, ' tag', '')
      || iif(d7, ' serial_number', '')
      || iif(d8, ' barcode', '')
      || iif(d9, ' manufacturer', '')
      || iif(d10, ' model', '')
      || iif(d11, ' installed_on', '')
      || iif(d12, ' status', '')
      || iif(d13, ' condition', '')
      || iif(d14, ' systems', '')
      || iif(d15, ' visit_count', '')
      || iif(d16, ' confidence_classification confidence_position confidence_properties confidence_relationships', '')
      || iif(d17, ' ifc_guid', '')
      || iif(d18, ' properties', '')
      || iif(d19, ' heading_deg geometry', '')),
      iif(d1, s."storey_id", null),
      iif(d1, new."storey_id", null),
      iif(d2, s."space_id", null),
      iif(d2, new."space_id", null),
      iif(d3, s."ifc_class", null),
      iif(d3, new."ifc_class", null),
      iif(d4, s."predefined_type", null),
      iif(d4, new."predefined_type", null),
      iif(d5, s."name", null),
      iif(d5, new."name", null),
      iif(d6, s."tag", null),
      iif(d6, new."tag", null),
      iif(d7, s."serial_number", null),
      iif(d7, new."serial_number", null),
      iif(d8, s."barcode", null),
      iif(d8, new."barcode", null),
      iif(d9, s."manufacturer", null),
      iif(d9, new."manufacturer", null),
      iif(d10, s."model", null),
      iif(d10, new."model", null),
      iif(d11, s."installed_on", null),
      iif(d11, new."installed_on", null),
      iif(d12, s."status", null),
      iif(d12, new."status", null),
      iif(d13, s."condition", null),
      iif(d13, new."condition", null),
      iif(d14, s."systems", null),
      iif(d14, new."systems", null),
      iif(d15, s."visit_count", null),
      iif(d15, new."visit_count", null),
      iif(d16, s."confidence_classification", null),
      iif(d16, new."confidence_classification", null),
      iif(d16, s."confidence_position", null),
      iif(d16, new."confidence_position", null),
      iif(d16, s."confidence_properties", null),
      iif(d16, new."confidence_properties", null),
      iif(d16, s."confidence_relationships", null),
      iif(d16, new."confidence_relationships", null),
      iif(d17, s."ifc_guid", null),
      iif(d17, new."ifc_guid", null),
      iif(d18, s."properties", null),
      iif(d18, new."properties", null),
      iif(d19, s."heading_deg", null),
      iif(d19, new."heading_deg", null),
      iif(d19, s."geometry", null),
      iif(d19, new."geometry", null)
    from arxos_writing w, (select s.*,
        (s."storey_id" is not new."storey_id") as d1,
        (s."space_id" is not new."space_id") as d2,
        (s."ifc_class" is not new."ifc_class") as d3,
        (s."predefined_type" is not new."predefined_type") as d4,
        (s."name" is not new."name") as d5,
        (s."tag" is not new."tag") as d6,
        (s."serial_number" is not new."serial_number") as d7,
        (s."barcode" is not new."barcode") as d8,
        (s."manufacturer" is not new."manufacturer") as d9,
        (s."model" is not new."model") as d10,
        (s."installed_on" is not new."installed_on") as d11,
        (s."status" is not new."status") as d12,
        (s."condition" is not new."condition") as d13,
        (s."systems" is not new."systems") as d14,
        (s."visit_count" is not new."visit_count") as d15,
        (s."confidence_classification" is not new."confidence_classification" or s."confidence_position" is not new."confidence_position" or s."confidence_properties" is not new."confidence_properties" or s."confidence_relationships" is not new."confidence_relationships") as d16,
        (s."ifc_guid" is not new."ifc_guid") as d17,
        (s."properties" is not new."properties") as d18,
        (s."heading_deg" is not new."heading_deg" or s."geometry" is not new."geometry") as d19
      from "arxos_stash_element" s where s.id = new.id) s where w.capture = 3;
  update "element" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_element" s
    where "element".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_element" after insert on "element"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_element" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_element" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_storey_id", "old_space_id", "old_ifc_class", "old_predefined_type", "old_name", "old_tag", "old_serial_number", "old_barcode", "old_manufacturer", "old_model", "old_installed_on", "old_status", "old_condition", "old_systems", "old_visit_count", "old_confidence_classification", "old_confidence_position", "old_confidence_properties", "old_confidence_relationships", "old_ifc_guid", "old_properties", "old_heading_deg", "old_geometry")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."storey_id",
      s."space_id",
      s."ifc_class",
      s."predefined_type",
      s."name",
      s."tag",
      s."serial_number",
      s."barcode",
      s."manufacturer",
      s."model",
      s."installed_on",
      s."status",
      s."condition",
      s."systems",
      s."visit_count",
      s."confidence_classification",
      s."confidence_position",
      s."confidence_properties",
      s."confidence_relationships",
      s."ifc_guid",
      s."properties",
      s."heading_deg",
      s."geometry"
    from arxos_writing w, "arxos_stash_element" s where s.id is not new.id;
end;

create trigger "arxos_updated_element" after update on "element"
when (select capture from arxos_writing) and (old."storey_id" is not new."storey_id" or old."space_id" is not new."space_id" or old."ifc_class" is not new."ifc_class" or old."predefined_type" is not new."predefined_type" or old."name" is not new."name" or old."tag" is not new."tag" or old."serial_number" is not new."serial_number" or old."barcode" is not new."barcode" or old."manufacturer" is not new."manufacturer" or old."model" is not new."model" or old."installed_on" is not new."installed_on" or old."status" is not new."status" or old."condition" is not new."condition" or old."systems" is not new."systems" or old."visit_count" is not new."visit_count" or old."confidence_classification" is not new."confidence_classification" or old."confidence_position" is not new."confidence_position" or old."confidence_properties" is not new."confidence_properties" or old."confidence_relationships" is not new."confidence_relationships" or old."ifc_guid" is not new."ifc_guid" or old."properties" is not new."properties" or old."heading_deg" is not new."heading_deg" or old."geometry" is not new."geometry")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_element" (transaction_key, place, op, id, changed, "old_storey_id", "new_storey_id", "old_space_id", "new_space_id", "old_ifc_class", "new_ifc_class", "old_predefined_type", "new_predefined_type", "old_name", "new_name", "old_tag", "new_tag", "old_serial_number", "new_serial_number", "old_barcode", "new_barcode", "old_manufacturer", "new_manufacturer", "old_model", "new_model", "old_installed_on", "new_installed_on", "old_status", "new_status", "old_condition", "new_condition", "old_systems", "new_systems", "old_visit_count", "new_visit_count", "old_confidence_classification", "new_confidence_classification", "old_confidence_position", "new_confidence_position", "old_confidence_properties", "new_confidence_properties", "old_confidence_relationships", "new_confidence_relationships", "old_ifc_guid", "new_ifc_guid", "old_properties", "new_properties", "old_heading_deg", "new_heading_deg", "old_geometry", "new_geometry")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' storey_id', '')
      || iif(d2, ' space_id', '')
      || iif(d3, ' ifc_class', '')
      || iif(d4, ' predefined_type', '')
      || iif(d5, ' name', '')
      || iif(d6, ' tag', '')
      || iif(d7, ' serial_number', '')
      || iif(d8, ' barcode', '')
      || iif(d9, ' manufacturer', '')
      || iif(d10, ' model', '')
      || iif(d11, ' installed_on', '')
      || iif(d12, ' status', '')
      || iif(d13, ' condition', '')
      || iif(d14, ' systems', '')
      || iif(d15, ' visit_count', '')
      || iif(d16, ' confidence_classification confidence_position confidence_properties confidence_relationships', '')
      || iif(d17, ' ifc_guid', '')
      || iif(d18, ' properties', '')
      || iif(d19, ' heading_deg geometry', '')),
      iif(d1, old."storey_id", null),
      iif(d1, new."storey_id", null),
      iif(d2, old."space_id", null),
      iif(d2, new."space_id", null),
      iif(d3, old."ifc_class", null),
      iif(d3, new."ifc_class", null),
      iif(d4, old."predefined_type", null),
      iif(d4, new."predefined_type", null),
      iif(d5, old."name", null),
      iif(d5, new."name", null),
      iif(d6, old."tag", null),
      iif(d6, new."tag", null),
      iif(d7, old."serial_number", null),
      iif(d7, new."serial_number", null),
      iif(d8, old."barcode", null),
      iif(d8, new."barcode", null),
      iif(d9, old."manufacturer", null),
      iif(d9, new."manufacturer", null),
      iif(d10, old."model", null),
      iif(d10, new."model", null),
      iif(d11, old."installed_on", null),
      iif(d11, new."installed_on", null),
      iif(d12, old."status", null),
      iif(d12, new."status", null),
      iif(d13, old."condition", null),
      iif(d13, new."condition", null),
      iif(d14, old."systems", null),
      iif(d14, new."systems", null),
      iif(d15, old."visit_count", null),
      iif(d15, new."visit_count", null),
      iif(d16, old."confidence_classification", null),
      iif(d16, new."confidence_classification", null),
      iif(d16, old."confidence_position", null),
      iif(d16, new."confidence_position", null),
      iif(d16, old."confidence_properties", null),
      iif(d16, new."confidence_properties", null),
      iif(d16, old."confidence_relationships", null),
      iif(d16, new."confidence_relationships", null),
      iif(d17, old."ifc_guid", null),
      iif(d17, new."ifc_guid", null),
      iif(d18, old."properties", null),
      iif(d18, new."properties", null),
      iif(d19, old."heading_deg", null),
      iif(d19, new."heading_deg", null),
      iif(d19, old."geometry", null),
      iif(d19, new."geometry", null)
    from arxos_writing w, (select
        (old."storey_id" is not new."storey_id") as d1,
        (old."space_id" is not new."space_id") as d2,
        (old."ifc_class" is not new."ifc_class") as d3,
        (old."predefined_type" is not new."predefined_type") as d4,
        (old."name" is not new."name") as d5,
        (old."tag" is not new."tag") as d6,
        (old."serial_number" is not new."serial_number") as d7,
        (old."barcode" is not new."barcode") as d8,
        (old."manufacturer" is not new."manufacturer") as d9,
        (old."model" is not new."model") as d10,
        (old."installed_on" is not new."installed_on") as d11,
        (old."status" is not new."status") as d12,
        (old."condition" is not new."condition") as d13,
        (old."systems" is not new."systems") as d14,
        (old."visit_count" is not new."visit_count") as d15,
        (old."confidence_classification" is not new."confidence_classification" or old."confidence_position" is not new."confidence_position" or old."confidence_properties" is not new."confidence_properties" or old."confidence_relationships" is not new."confidence_relationships") as d16,
        (old."ifc_guid" is not new."ifc_guid") as d17,
        (old."properties" is not new."properties") as d18,
        (old."heading_deg" is not new."heading_deg" or old."geometry" is not new."geometry") as d19) d;
end;

create trigger "arxos_identity_element" before update of pk, id on "element"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_element" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "element"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "element" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_element" after delete on "element"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_element" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_storey_id", "old_space_id", "old_ifc_class", "old_predefined_type", "old_name", "old_tag", "old_serial_number", "old_barcode", "old_manufacturer", "old_model", "old_installed_on", "old_status", "old_condition", "old_systems", "old_visit_count", "old_confidence_classification", "old_confidence_position", "old_confidence_properties", "old_confidence_relationships", "old_ifc_guid", "old_properties", "old_heading_deg", "old_geometry")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."storey_id",
      old."space_id",
      old."ifc_class",
      old."predefined_type",
      old."name",
      old."tag",
      old."serial_number",
      old."barcode",
      old."manufacturer",
      old."model",
      old."installed_on",
      old."status",
      old."condition",
      old."systems",
      old."visit_count",
      old."confidence_classification",
      old."confidence_position",
      old."confidence_properties",
      old."confidence_relationships",
      old."ifc_guid",
      old."properties",
      old."heading_deg",
      old."geometry"
    from arxos_writing w;
end;

--: geometry element geometry
select RecoverGeometryColumn('element', 'geometry', -1, 'GEOMETRY', 'XYZ');
select CreateSpatialIndex('element', 'geometry');

--: align element geometry
create trigger "arxos_align_geometry_element" after insert on "element"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_element" where pk <> new.pk)
begin
  delete from "idx_element_geometry" where pkid in (select pk from "arxos_stash_element")
    and pkid not in (select pk from "element" where pk in (select pk from "arxos_stash_element"));
end;

--: table system building
create table "system" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "kind" text,
  "name" text,
  "ifc_guid" text
);
create unique index "system_id" on "system" ("id");

--: capture system

create table "arxos_log_system" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_kind" text,
  "old_name" text,
  "old_ifc_guid" text,
  "new_origin" text,
  "new_kind" text,
  "new_name" text,
  "new_ifc_guid" text
);
create index "arxos_log_system_id" on "arxos_log_system" (id);
create index "arxos_log_system_delete" on "arxos_log_system" (id) where op = 'delete';
create index "arxos_log_system_key" on "arxos_log_system" (transaction_key);

create table "arxos_stash_system" (
  pk integer,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "kind" text,
  "name" text,
  "ifc_guid" text
);

create trigger "arxos_stash_system" before insert on "system"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_system";
  insert into "arxos_stash_system" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "kind", "name", "ifc_guid") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "kind", "name", "ifc_guid" from "system"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_system" after insert on "system"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_system" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "system" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_system" (transaction_key, place, op, id, changed, "new_origin", "new_kind", "new_name", "new_ifc_guid")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."kind",
      t."name",
      t."ifc_guid"
    from arxos_writing w, "system" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_system" after insert on "system"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_system" where id = new.id)
begin
  delete from "arxos_log_system" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_system" s where s.id = new.id and (s."kind" is not new."kind" or s."name" is not new."name" or s."ifc_guid" is not new."ifc_guid"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_system" (transaction_key, place, op, id, changed, "old_kind", "new_kind", "old_name", "new_name", "old_ifc_guid", "new_ifc_guid")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' kind', '')
      || iif(d2, ' name', '')
      || iif(d3, ' ifc_guid', '')),
      iif(d1, s."kind", null),
      iif(d1, new."kind", null),
      iif(d2, s."name", null),
      iif(d2, new."name", null),
      iif(d3, s."ifc_guid", null),
      iif(d3, new."ifc_guid", null)
    from arxos_writing w, (select s.*,
        (s."kind" is not new."kind") as d1,
        (s."name" is not new."name") as d2,
        (s."ifc_guid" is not new."ifc_guid") as d3
      from "arxos_stash_system" s where s.id = new.id) s where w.capture = 3;
  update "system" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_system" s
    where "system".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_system" after insert on "system"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_system" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_system" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_kind", "old_name", "old_ifc_guid")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."kind",
      s."name",
      s."ifc_guid"
    from arxos_writing w, "arxos_stash_system" s where s.id is not new.id;
end;

create trigger "arxos_updated_system" after update on "system"
when (select capture from arxos_writing) and (old."kind" is not new."kind" or old."name" is not new."name" or old."ifc_guid" is not new."ifc_guid")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_system" (transaction_key, place, op, id, changed, "old_kind", "new_kind", "old_name", "new_name", "old_ifc_guid", "new_ifc_guid")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' kind', '')
      || iif(d2, ' name', '')
      || iif(d3, ' ifc_guid', '')),
      iif(d1, old."kind", null),
      iif(d1, new."kind", null),
      iif(d2, old."name", null),
      iif(d2, new."name", null),
      iif(d3, old."ifc_guid", null),
      iif(d3, new."ifc_guid", null)
    from arxos_writing w, (select
        (old."kind" is not new."kind") as d1,
        (old."name" is not new."name") as d2,
        (old."ifc_guid" is not new."ifc_guid") as d3) d;
end;

create trigger "arxos_identity_system" before update of pk, id on "system"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_system" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "system"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "system" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_system" after delete on "system"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_system" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_kind", "old_name", "old_ifc_guid")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."kind",
      old."name",
      old."ifc_guid"
    from arxos_writing w;
end;

--: table floor_plan building
create table "floor_plan" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "storey_id" text,
  "attachment_id" text,
  "page" bigint,
  "affine_a" double,
  "affine_b" double,
  "affine_c" double,
  "affine_d" double,
  "affine_e" double,
  "affine_f" double,
  "rms_error_m" double,
  "revision" text,
  "supersedes" text
);
create unique index "floor_plan_id" on "floor_plan" ("id");
create index "floor_plan_storey_id" on "floor_plan" ("storey_id") where "storey_id" is not null;
create index "floor_plan_attachment_id" on "floor_plan" ("attachment_id") where "attachment_id" is not null;
create index "floor_plan_supersedes" on "floor_plan" ("supersedes") where "supersedes" is not null;

--: capture floor_plan

create table "arxos_log_floor_plan" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_storey_id" text,
  "old_attachment_id" text,
  "old_page" bigint,
  "old_affine_a" double,
  "old_affine_b" double,
  "old_affine_c" double,
  "old_affine_d" double,
  "old_affine_e" double,
  "old_affine_f" double,
  "old_rms_error_m" double,
  "old_revision" text,
  "old_supersedes" text,
  "new_origin" text,
  "new_storey_id" text,
  "new_attachment_id" text,
  "new_page" bigint,
  "new_affine_a" double,
  "new_affine_b" double,
  "new_affine_c" double,
  "new_affine_d" double,
  "new_affine_e" double,
  "new_affine_f" double,
  "new_rms_error_m" double,
  "new_revision" text,
  "new_supersedes" text
);
create index "arxos_log_floor_plan_id" on "arxos_log_floor_plan" (id);
create index "arxos_log_floor_plan_delete" on "arxos_log_floor_plan" (id) where op = 'delete';
create index "arxos_log_floor_plan_key" on "arxos_log_floor_plan" (transaction_key);

create table "arxos_stash_floor_plan" (
  pk integer,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "storey_id" text,
  "attachment_id" text,
  "page" bigint,
  "affine_a" double,
  "affine_b" double,
  "affine_c" double,
  "affine_d" double,
  "affine_e" double,
  "affine_f" double,
  "rms_error_m" double,
  "revision" text,
  "supersedes" text
);

create trigger "arxos_stash_floor_plan" before insert on "floor_plan"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_floor_plan";
  insert into "arxos_stash_floor_plan" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "storey_id", "attachment_id", "page", "affine_a", "affine_b", "affine_c", "affine_d", "affine_e", "affine_f", "rms_error_m", "revision", "supersedes") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "storey_id", "attachment_id", "page", "affine_a", "affine_b", "affine_c", "affine_d", "affine_e", "affine_f", "rms_error_m", "revision", "supersedes" from "floor_plan"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_floor_plan" after insert on "floor_plan"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_floor_plan" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "floor_plan" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_floor_plan" (transaction_key, place, op, id, changed, "new_origin", "new_storey_id", "new_attachment_id", "new_page", "new_affine_a", "new_affine_b", "new_affine_c", "new_affine_d", "new_affine_e", "new_affine_f", "new_rms_error_m", "new_revision", "new_supersedes")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."storey_id",
      t."attachment_id",
      t."page",
      t."affine_a",
      t."affine_b",
      t."affine_c",
      t."affine_d",
      t."affine_e",
      t."affine_f",
      t."rms_error_m",
      t."revision",
      t."supersedes"
    from arxos_writing w, "floor_plan" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_floor_plan" after insert on "floor_plan"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_floor_plan" where id = new.id)
begin
  delete from "arxos_log_floor_plan" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_floor_plan" s where s.id = new.id and (s."storey_id" is not new."storey_id" or s."attachment_id" is not new."attachment_id" or s."page" is not new."page" or s."affine_a" is not new."affine_a" or s."affine_b" is not new."affine_b" or s."affine_c" is not new."affine_c" or s."affine_d" is not new."affine_d" or s."affine_e" is not new."affine_e" or s."affine_f" is not new."affine_f" or s."rms_error_m" is not new."rms_error_m" or s."revision" is not new."revision" or s."supersedes" is not new."supersedes"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_floor_plan" (transaction_key, place, op, id, changed, "old_storey_id", "new_storey_id", "old_attachment_id", "new_attachment_id", "old_page", "new_page", "old_affine_a", "new_affine_a", "old_affine_b", "new_affine_b", "old_affine_c", "new_affine_c", "old_affine_d", "new_affine_d", "old_affine_e", "new_affine_e", "old_affine_f", "new_affine_f", "old_rms_error_m", "new_rms_error_m", "old_revision", "new_revision", "old_supersedes", "new_supersedes")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' storey_id', '')
      || iif(d2, ' attachment_id', '')
      || iif(d3, ' page', '')
      || iif(d4, ' affine_a affine_b affine_c affine_d affine_e affine_f rms_error_m', '')
      || iif(d5, ' revision', '')
      || iif(d6, ' supersedes', '')),
      iif(d1, s."storey_id", null),
      iif(d1, new."storey_id", null),
      iif(d2, s."attachment_id", null),
      iif(d2, new."attachment_id", null),
      iif(d3, s."page", null),
      iif(d3, new."page", null),
      iif(d4, s."affine_a", null),
      iif(d4, new."affine_a", null),
      iif(d4, s."affine_b", null),
      iif(d4, new."affine_b", null),
      iif(d4, s."affine_c", null),
      iif(d4, new."affine_c", null),
      iif(d4, s."affine_d", null),
      iif(d4, new."affine_d", null),
      iif(d4, s."affine_e", null),
      iif(d4, new."affine_e", null),
      iif(d4, s."affine_f", null),
      iif(d4, new."affine_f", null),
      iif(d4, s."rms_error_m", null),
      iif(d4, new."rms_error_m", null),
      iif(d5, s."revision", null),
      iif(d5, new."revision", null),
      iif(d6, s."supersedes", null),
      iif(d6, new."supersedes", null)
    from arxos_writing w, (select s.*,
        (s."storey_id" is not new."storey_id") as d1,
        (s."attachment_id" is not new."attachment_id") as d2,
        (s."page" is not new."page") as d3,
        (s."affine_a" is not new."affine_a" or s."affine_b" is not new."affine_b" or s."affine_c" is not new."affine_c" or s."affine_d" is not new."affine_d" or s."affine_e" is not new."affine_e" or s."affine_f" is not new."affine_f" or s."rms_error_m" is not new."rms_error_m") as d4,
        (s."revision" is not new."revision") as d5,
        (s."supersedes" is not new."supersedes") as d6
      from "arxos_stash_floor_plan" s where s.id = new.id) s where w.capture = 3;
  update "floor_plan" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_floor_plan" s
    where "floor_plan".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_floor_plan" after insert on "floor_plan"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_floor_plan" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_floor_plan" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_storey_id", "old_attachment_id", "old_page", "old_affine_a", "old_affine_b", "old_affine_c", "old_affine_d", "old_affine_e", "old_affine_f", "old_rms_error_m", "old_revision", "old_supersedes")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."storey_id",
      s."attachment_id",
      s."page",
      s."affine_a",
      s."affine_b",
      s."affine_c",
      s."affine_d",
      s."affine_e",
      s."affine_f",
      s."rms_error_m",
      s."revision",
      s."supersedes"
    from arxos_writing w, "arxos_stash_floor_plan" s where s.id is not new.id;
end;

create trigger "arxos_updated_floor_plan" after update on "floor_plan"
when (select capture from arxos_writing) and (old."storey_id" is not new."storey_id" or old."attachment_id" is not new."attachment_id" or old."page" is not new."page" or old."affine_a" is not new."affine_a" or old."affine_b" is not new."affine_b" or old."affine_c" is not new."affine_c" or old."affine_d" is not new."affine_d" or old."affine_e" is not new."affine_e" or old."affine_f" is not new."affine_f" or old."rms_error_m" is not new."rms_error_m" or old."revision" is not new."revision" or old."supersedes" is not new."supersedes")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_floor_plan" (transaction_key, place, op, id, changed, "old_storey_id", "new_storey_id", "old_attachment_id", "new_attachment_id", "old_page", "new_page", "old_affine_a", "new_affine_a", "old_affine_b", "new_affine_b", "old_affine_c", "new_affine_c", "old_affine_d", "new_affine_d", "old_affine_e", "new_affine_e", "old_affine_f", "new_affine_f", "old_rms_error_m", "new_rms_error_m", "old_revision", "new_revision", "old_supersedes", "new_supersedes")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' storey_id', '')
      || iif(d2, ' attachment_id', '')
      || iif(d3, ' page', '')
      || iif(d4, ' affine_a affine_b affine_c affine_d affine_e affine_f rms_error_m', '')
      || iif(d5, ' revision', '')
      || iif(d6, ' supersedes', '')),
      iif(d1, old."storey_id", null),
      iif(d1, new."storey_id", null),
      iif(d2, old."attachment_id", null),
      iif(d2, new."attachment_id", null),
      iif(d3, old."page", null),
      iif(d3, new."page", null),
      iif(d4, old."affine_a", null),
      iif(d4, new."affine_a", null),
      iif(d4, old."affine_b", null),
      iif(d4, new."affine_b", null),
      iif(d4, old."affine_c", null),
      iif(d4, new."affine_c", null),
      iif(d4, old."affine_d", null),
      iif(d4, new."affine_d", null),
      iif(d4, old."affine_e", null),
      iif(d4, new."affine_e", null),
      iif(d4, old."affine_f", null),
      iif(d4, new."affine_f", null),
      iif(d4, old."rms_error_m", null),
      iif(d4, new."rms_error_m", null),
      iif(d5, old."revision", null),
      iif(d5, new."revision", null),
      iif(d6, old."supersedes", null),
      iif(d6, new."supersedes", null)
    from arxos_writing w, (select
        (old."storey_id" is not new."storey_id") as d1,
        (old."attachment_id" is not new."attachment_id") as d2,
        (old."page" is not new."page") as d3,
        (old."affine_a" is not new."affine_a" or old."affine_b" is not new."affine_b" or old."affine_c" is not new."affine_c" or old."affine_d" is not new."affine_d" or old."affine_e" is not new."affine_e" or old."affine_f" is not new."affine_f" or old."rms_error_m" is not new."rms_error_m") as d4,
        (old."revision" is not new."revision") as d5,
        (old."supersedes" is not new."supersedes") as d6) d;
end;

create trigger "arxos_identity_floor_plan" before update of pk, id on "floor_plan"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_floor_plan" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "floor_plan"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "floor_plan" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_floor_plan" after delete on "floor_plan"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_floor_plan" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_storey_id", "old_attachment_id", "old_page", "old_affine_a", "old_affine_b", "old_affine_c", "old_affine_d", "old_affine_e", "old_affine_f", "old_rms_error_m", "old_revision", "old_supersedes")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."storey_id",
      old."attachment_id",
      old."page",
      old."affine_a",
      old."affine_b",
      old."affine_c",
      old."affine_d",
      old."affine_e",
      old."affine_f",
      old."rms_error_m",
      old."revision",
      old."supersedes"
    from arxos_writing w;
end;

--: table task building
create table "task" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "kind" text,
  "title" text,
  "target_table" text,
  "target_id" text,
  "priority" bigint,
  "impact" double,
  "effort_min" double,
  "due_on" text,
  "assignee" text,
  "state" text,
  "similar_group" text,
  "location" point
);
create unique index "task_id" on "task" ("id");
create index "task_target_id" on "task" ("target_id") where "target_id" is not null;

--: capture task

create table "arxos_log_task" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_kind" text,
  "old_title" text,
  "old_target_table" text,
  "old_target_id" text,
  "old_priority" bigint,
  "old_impact" double,
  "old_effort_min" double,
  "old_due_on" text,
  "old_assignee" text,
  "old_state" text,
  "old_similar_group" text,
  "old_location" blob,
  "new_origin" text,
  "new_kind" text,
  "new_title" text,
  "new_target_table" text,
  "new_target_id" text,
  "new_priority" bigint,
  "new_impact" double,
  "new_effort_min" double,
  "new_due_on" text,
  "new_assignee" text,
  "new_state" text,
  "new_similar_group" text,
  "new_location" blob
);
create index "arxos_log_task_id" on "arxos_log_task" (id);
create index "arxos_log_task_delete" on "arxos_log_task" (id) where op = 'delete';
create index "arxos_log_task_key" on "arxos_log_task" (transaction_key);

create table "arxos_stash_task" (
  pk integer,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "kind" text,
  "title" text,
  "target_table" text,
  "target_id" text,
  "priority" bigint,
  "impact" double,
  "effort_min" double,
  "due_on" text,
  "assignee" text,
  "state" text,
  "similar_group" text,
  "location" blob
);

create trigger "arxos_stash_task" before insert on "task"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_task";
  insert into "arxos_stash_task" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "kind", "title", "target_table", "target_id", "priority", "impact", "effort_min", "due_on", "assignee", "state", "similar_group", "location") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "kind", "title", "target_table", "target_id", "priority", "impact", "effort_min", "due_on", "assignee", "state", "similar_group", "location" from "task"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_task" after insert on "task"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_task" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "task" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_task" (transaction_key, place, op, id, changed, "new_origin", "new_kind", "new_title", "new_target_table", "new_target_id", "new_priority", "new_impact", "new_effort_min", "new_due_on", "new_assignee", "new_state", "new_similar_group", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."kind",
      t."title",
      t."target_table",
      t."target_id",
      t."priority",
      t."impact",
      t."effort_min",
      t."due_on",
      t."assignee",
      t."state",
      t."similar_group",
      t."location"
    from arxos_writing w, "task" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_task" after insert on "task"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_task" where id = new.id)
begin
  delete from "arxos_log_task" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_task" s where s.id = new.id and (s."kind" is not new."kind" or s."title" is not new."title" or s."target_table" is not new."target_table" or s."target_id" is not new."target_id" or s."priority" is not new."priority" or s."impact" is not new."impact" or s."effort_min" is not new."effort_min" or s."due_on" is not new."due_on" or s."assignee" is not new."assignee" or s."state" is not new."state" or s."similar_group" is not new."similar_group" or s."location" is not new."location"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_task" (transaction_key, place, op, id, changed, "old_kind", "new_kind", "old_title", "new_title", "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_priority", "new_priority", "old_impact", "new_impact", "old_effort_min", "new_effort_min", "old_due_on", "new_due_on", "old_assignee", "new_assignee", "old_state", "new_state", "old_similar_group", "new_similar_group", "old_location", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' kind', '')
      || iif(d2, ' title', '')
      || iif(d3, ' target_table target_id', '')
      || iif(d4, ' priority', '')
      || iif(d5, ' impact', '')
      || iif(d6, ' effort_min', '')
      || iif(d7, ' due_on', '')
      || iif(d8, ' assignee', '')
      || iif(d9, ' state', '')
      || iif(d10, ' similar_group', '')
      || iif(d11, ' location', '')),
      iif(d1, s."kind", null),
      iif(d1, new."kind", null),
      iif(d2, s."title", null),
      iif(d2, new."title", null),
      iif(d3, s."target_table", null),
      iif(d3, new."target_table", null),
      iif(d3, s."target_id", null),
      iif(d3, new."target_id", null),
      iif(d4, s."priority", null),
      iif(d4, new."priority", null),
      iif(d5, s."impact", null),
      iif(d5, new."impact", null),
      iif(d6, s."effort_min", null),
      iif(d6, new."effort_min", null),
      iif(d7, s."due_on", null),
      iif(d7, new."due_on", null),
      iif(d8, s."assignee", null),
      iif(d8, new."assignee", null),
      iif(d9, s."state", null),
      iif(d9, new."state", null),
      iif(d10, s."similar_group", null),
      iif(d10, new."similar_group", null),
      iif(d11, s."location", null),
      iif(d11, new."location", null)
    from arxos_writing w, (select s.*,
        (s."kind" is not new."kind") as d1,
        (s."title" is not new."title") as d2,
        (s."target_table" is not new."target_table" or s."target_id" is not new."target_id") as d3,
        (s."priority" is not new."priority") as d4,
        (s."impact" is not new."impact") as d5,
        (s."effort_min" is not new."effort_min") as d6,
        (s."due_on" is not new."due_on") as d7,
        (s."assignee" is not new."assignee") as d8,
        (s."state" is not new."state") as d9,
        (s."similar_group" is not new."similar_group") as d10,
        (s."location" is not new."location") as d11
      from "arxos_stash_task" s where s.id = new.id) s where w.capture = 3;
  update "task" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_task" s
    where "task".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_task" after insert on "task"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_task" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_task" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_kind", "old_title", "old_target_table", "old_target_id", "old_priority", "old_impact", "old_effort_min", "old_due_on", "old_assignee", "old_state", "old_similar_group", "old_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."kind",
      s."title",
      s."target_table",
      s."target_id",
      s."priority",
      s."impact",
      s."effort_min",
      s."due_on",
      s."assignee",
      s."state",
      s."similar_group",
      s."location"
    from arxos_writing w, "arxos_stash_task" s where s.id is not new.id;
end;

create trigger "arxos_updated_task" after update on "task"
when (select capture from arxos_writing) and (old."kind" is not new."kind" or old."title" is not new."title" or old."target_table" is not new."target_table" or old."target_id" is not new."target_id" or old."priority" is not new."priority" or old."impact" is not new."impact" or old."effort_min" is not new."effort_min" or old."due_on" is not new."due_on" or old."assignee" is not new."assignee" or old."state" is not new."state" or old."similar_group" is not new."similar_group" or old."location" is not new."location")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_task" (transaction_key, place, op, id, changed, "old_kind", "new_kind", "old_title", "new_title", "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_priority", "new_priority", "old_impact", "new_impact", "old_effort_min", "new_effort_min", "old_due_on", "new_due_on", "old_assignee", "new_assignee", "old_state", "new_state", "old_similar_group", "new_similar_group", "old_location", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' kind', '')
      || iif(d2, ' title', '')
      || iif(d3, ' target_table target_id', '')
      || iif(d4, ' priority', '')
      || iif(d5, ' impact', '')
      || iif(d6, ' effort_min', '')
      || iif(d7, ' due_on', '')
      || iif(d8, ' assignee', '')
      || iif(d9, ' state', '')
      || iif(d10, ' similar_group', '')
      || iif(d11, ' location', '')),
      iif(d1, old."kind", null),
      iif(d1, new."kind", null),
      iif(d2, old."title", null),
      iif(d2, new."title", null),
      iif(d3, old."target_table", null),
      iif(d3, new."target_table", null),
      iif(d3, old."target_id", null),
      iif(d3, new."target_id", null),
      iif(d4, old."priority", null),
      iif(d4, new."priority", null),
      iif(d5, old."impact", null),
      iif(d5, new."impact", null),
      iif(d6, old."effort_min", null),
      iif(d6, new."effort_min", null),
      iif(d7, old."due_on", null),
      iif(d7, new."due_on", null),
      iif(d8, old."assignee", null),
      iif(d8, new."assignee", null),
      iif(d9, old."state", null),
      iif(d9, new."state", null),
      iif(d10, old."similar_group", null),
      iif(d10, new."similar_group", null),
      iif(d11, old."location", null),
      iif(d11, new."location", null)
    from arxos_writing w, (select
        (old."kind" is not new."kind") as d1,
        (old."title" is not new."title") as d2,
        (old."target_table" is not new."target_table" or old."target_id" is not new."target_id") as d3,
        (old."priority" is not new."priority") as d4,
        (old."impact" is not new."impact") as d5,
        (old."effort_min" is not new."effort_min") as d6,
        (old."due_on" is not new."due_on") as d7,
        (old."assignee" is not new."assignee") as d8,
        (old."state" is not new."state") as d9,
        (old."similar_group" is not new."similar_group") as d10,
        (old."location" is not new."location") as d11) d;
end;

create trigger "arxos_identity_task" before update of pk, id on "task"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_task" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "task"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "task" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_task" after delete on "task"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_task" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_kind", "old_title", "old_target_table", "old_target_id", "old_priority", "old_impact", "old_effort_min", "old_due_on", "old_assignee", "old_state", "old_similar_group", "old_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."kind",
      old."title",
      old."target_table",
      old."target_id",
      old."priority",
      old."impact",
      old."effort_min",
      old."due_on",
      old."assignee",
      old."state",
      old."similar_group",
      old."location"
    from arxos_writing w;
end;

--: geometry task location
select RecoverGeometryColumn('task', 'location', -1, 'POINT', 'XYZ');
select CreateSpatialIndex('task', 'location');

--: align task location
create trigger "arxos_align_location_task" after insert on "task"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_task" where pk <> new.pk)
begin
  delete from "idx_task_location" where pkid in (select pk from "arxos_stash_task")
    and pkid not in (select pk from "task" where pk in (select pk from "arxos_stash_task"));
end;

--: table validation building
create table "validation" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
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
  "location" point
);
create unique index "validation_id" on "validation" ("id");
create index "validation_task_id" on "validation" ("task_id") where "task_id" is not null;
create index "validation_target_id" on "validation" ("target_id") where "target_id" is not null;

--: capture validation

create table "arxos_log_validation" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_author" text,
  "old_reviewer" text,
  "old_reviewed_at" text,
  "old_origin" text,
  "old_task_id" text,
  "old_target_table" text,
  "old_target_id" text,
  "old_field" text,
  "old_claimed_value" text,
  "old_outcome" text,
  "old_method" text,
  "old_note" text,
  "old_captured_at" text,
  "old_state" text,
  "old_location" blob,
  "new_origin" text,
  "new_task_id" text,
  "new_target_table" text,
  "new_target_id" text,
  "new_field" text,
  "new_claimed_value" text,
  "new_outcome" text,
  "new_method" text,
  "new_note" text,
  "new_captured_at" text,
  "new_state" text,
  "new_location" blob
);
create index "arxos_log_validation_id" on "arxos_log_validation" (id);
create index "arxos_log_validation_delete" on "arxos_log_validation" (id) where op = 'delete';
create index "arxos_log_validation_key" on "arxos_log_validation" (transaction_key);

create table "arxos_stash_validation" (
  pk integer,
  "id" text,
  "sequence" bigint,
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
  "location" blob
);

create trigger "arxos_stash_validation" before insert on "validation"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_validation";
  insert into "arxos_stash_validation" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "task_id", "target_table", "target_id", "field", "claimed_value", "outcome", "method", "note", "author", "captured_at", "state", "reviewer", "reviewed_at", "location") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "task_id", "target_table", "target_id", "field", "claimed_value", "outcome", "method", "note", "author", "captured_at", "state", "reviewer", "reviewed_at", "location" from "validation"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_validation" after insert on "validation"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_validation" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null or new."author" is not null or new."reviewer" is not null or new."reviewed_at" is not null;
  update "validation" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null, "author" = null, "reviewer" = null, "reviewed_at" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_validation" (transaction_key, place, op, id, changed, "new_origin", "new_task_id", "new_target_table", "new_target_id", "new_field", "new_claimed_value", "new_outcome", "new_method", "new_note", "new_captured_at", "new_state", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."task_id",
      t."target_table",
      t."target_id",
      t."field",
      t."claimed_value",
      t."outcome",
      t."method",
      t."note",
      t."captured_at",
      t."state",
      t."location"
    from arxos_writing w, "validation" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_validation" after insert on "validation"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_validation" where id = new.id)
begin
  delete from "arxos_log_validation" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_validation" s where s.id = new.id and (s."task_id" is not new."task_id" or s."target_table" is not new."target_table" or s."target_id" is not new."target_id" or s."field" is not new."field" or s."claimed_value" is not new."claimed_value" or s."outcome" is not new."outcome" or s."method" is not new."method" or s."note" is not new."note" or s."captured_at" is not new."captured_at" or s."state" is not new."state" or s."location" is not new."location"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_validation" (transaction_key, place, op, id, changed, "old_task_id", "new_task_id", "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_field", "new_field", "old_claimed_value", "new_claimed_value", "old_outcome", "new_outcome", "old_method", "new_method", "old_note", "new_note", "old_captured_at", "new_captured_at", "old_state", "new_state", "old_location", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' task_id', '')
      || iif(d2, ' target_table target_id', '')
      || iif(d3, ' field', '')
      || iif(d4, ' claimed_value', '')
      || iif(d5, ' outcome', '')
      || iif(d6, ' method', '')
      || iif(d7, ' note', '')
      || iif(d8, ' captured_at', '')
      || iif(d9, ' state', '')
      || iif(d10, ' location', '')),
      iif(d1, s."task_id", null),
      iif(d1, new."task_id", null),
      iif(d2, s."target_table", null),
      iif(d2, new."target_table", null),
      iif(d2, s."target_id", null),
      iif(d2, new."target_id", null),
      iif(d3, s."field", null),
      iif(d3, new."field", null),
      iif(d4, s."claimed_value", null),
      iif(d4, new."claimed_value", null),
      iif(d5, s."outcome", null),
      iif(d5, new."outcome", null),
      iif(d6, s."method", null),
      iif(d6, new."method", null),
      iif(d7, s."note", null),
      iif(d7, new."note", null),
      iif(d8, s."captured_at", null),
      iif(d8, new."captured_at", null),
      iif(d9, s."state", null),
      iif(d9, new."state", null),
      iif(d10, s."location", null),
      iif(d10, new."location", null)
    from arxos_writing w, (select s.*,
        (s."task_id" is not new."task_id") as d1,
        (s."target_table" is not new."target_table" or s."target_id" is not new."target_id") as d2,
        (s."field" is not new."field") as d3,
        (s."claimed_value" is not new."claimed_value") as d4,
        (s."outcome" is not new."outcome") as d5,
        (s."method" is not new."method") as d6,
        (s."note" is not new."note") as d7,
        (s."captured_at" is not new."captured_at") as d8,
        (s."state" is not new."state") as d9,
        (s."location" is not new."location") as d10
      from "arxos_stash_validation" s where s.id = new.id) s where w.capture = 3;
  update "validation" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", "author" = s."author", "reviewer" = s."reviewer", "reviewed_at" = s."reviewed_at", origin = s.origin from "arxos_stash_validation" s
    where "validation".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_validation" after insert on "validation"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_validation" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_validation" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_author", "old_reviewer", "old_reviewed_at", "old_origin", "old_task_id", "old_target_table", "old_target_id", "old_field", "old_claimed_value", "old_outcome", "old_method", "old_note", "old_captured_at", "old_state", "old_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."author",
      s."reviewer",
      s."reviewed_at",
      s."origin",
      s."task_id",
      s."target_table",
      s."target_id",
      s."field",
      s."claimed_value",
      s."outcome",
      s."method",
      s."note",
      s."captured_at",
      s."state",
      s."location"
    from arxos_writing w, "arxos_stash_validation" s where s.id is not new.id;
end;

create trigger "arxos_updated_validation" after update on "validation"
when (select capture from arxos_writing) and (old."task_id" is not new."task_id" or old."target_table" is not new."target_table" or old."target_id" is not new."target_id" or old."field" is not new."field" or old."claimed_value" is not new."claimed_value" or old."outcome" is not new."outcome" or old."method" is not new."method" or old."note" is not new."note" or old."captured_at" is not new."captured_at" or old."state" is not new."state" or old."location" is not new."location")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_validation" (transaction_key, place, op, id, changed, "old_task_id", "new_task_id", "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_field", "new_field", "old_claimed_value", "new_claimed_value", "old_outcome", "new_outcome", "old_method", "new_method", "old_note", "new_note", "old_captured_at", "new_captured_at", "old_state", "new_state", "old_location", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' task_id', '')
      || iif(d2, ' target_table target_id', '')
      || iif(d3, ' field', '')
      || iif(d4, ' claimed_value', '')
      || iif(d5, ' outcome', '')
      || iif(d6, ' method', '')
      || iif(d7, ' note', '')
      || iif(d8, ' captured_at', '')
      || iif(d9, ' state', '')
      || iif(d10, ' location', '')),
      iif(d1, old."task_id", null),
      iif(d1, new."task_id", null),
      iif(d2, old."target_table", null),
      iif(d2, new."target_table", null),
      iif(d2, old."target_id", null),
      iif(d2, new."target_id", null),
      iif(d3, old."field", null),
      iif(d3, new."field", null),
      iif(d4, old."claimed_value", null),
      iif(d4, new."claimed_value", null),
      iif(d5, old."outcome", null),
      iif(d5, new."outcome", null),
      iif(d6, old."method", null),
      iif(d6, new."method", null),
      iif(d7, old."note", null),
      iif(d7, new."note", null),
      iif(d8, old."captured_at", null),
      iif(d8, new."captured_at", null),
      iif(d9, old."state", null),
      iif(d9, new."state", null),
      iif(d10, old."location", null),
      iif(d10, new."location", null)
    from arxos_writing w, (select
        (old."task_id" is not new."task_id") as d1,
        (old."target_table" is not new."target_table" or old."target_id" is not new."target_id") as d2,
        (old."field" is not new."field") as d3,
        (old."claimed_value" is not new."claimed_value") as d4,
        (old."outcome" is not new."outcome") as d5,
        (old."method" is not new."method") as d6,
        (old."note" is not new."note") as d7,
        (old."captured_at" is not new."captured_at") as d8,
        (old."state" is not new."state") as d9,
        (old."location" is not new."location") as d10) d;
end;

create trigger "arxos_identity_validation" before update of pk, id on "validation"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_validation" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "author", "reviewer", "reviewed_at", "origin" on "validation"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."author" is not new."author" or old."reviewer" is not new."reviewer" or old."reviewed_at" is not new."reviewed_at" or old."origin" is not new."origin")
begin
  update "validation" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "author" = old."author", "reviewer" = old."reviewer", "reviewed_at" = old."reviewed_at", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_validation" after delete on "validation"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_validation" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_author", "old_reviewer", "old_reviewed_at", "old_origin", "old_task_id", "old_target_table", "old_target_id", "old_field", "old_claimed_value", "old_outcome", "old_method", "old_note", "old_captured_at", "old_state", "old_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."author",
      old."reviewer",
      old."reviewed_at",
      old."origin",
      old."task_id",
      old."target_table",
      old."target_id",
      old."field",
      old."claimed_value",
      old."outcome",
      old."method",
      old."note",
      old."captured_at",
      old."state",
      old."location"
    from arxos_writing w;
end;

--: geometry validation location
select RecoverGeometryColumn('validation', 'location', -1, 'POINT', 'XYZ');
select CreateSpatialIndex('validation', 'location');

--: align validation location
create trigger "arxos_align_location_validation" after insert on "validation"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_validation" where pk <> new.pk)
begin
  delete from "idx_validation_location" where pkid in (select pk from "arxos_stash_validation")
    and pkid not in (select pk from "validation" where pk in (select pk from "arxos_stash_validation"));
end;

--: table ar_capture building
create table "ar_capture" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
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
  "position" point,
  "anchor_residual_m" double,
  "tracking" text,
  "light" double,
  "attachment_id" text
);
create unique index "ar_capture_id" on "ar_capture" ("id");
create index "ar_capture_validation_id" on "ar_capture" ("validation_id") where "validation_id" is not null;
create index "ar_capture_attachment_id" on "ar_capture" ("attachment_id") where "attachment_id" is not null;

--: capture ar_capture

create table "arxos_log_ar_capture" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_validation_id" text,
  "old_provider" text,
  "old_device_model" text,
  "old_pose_qx" double,
  "old_pose_qy" double,
  "old_pose_qz" double,
  "old_pose_qw" double,
  "old_position" blob,
  "old_anchor_residual_m" double,
  "old_tracking" text,
  "old_light" double,
  "old_attachment_id" text,
  "new_origin" text,
  "new_validation_id" text,
  "new_provider" text,
  "new_device_model" text,
  "new_pose_qx" double,
  "new_pose_qy" double,
  "new_pose_qz" double,
  "new_pose_qw" double,
  "new_position" blob,
  "new_anchor_residual_m" double,
  "new_tracking" text,
  "new_light" double,
  "new_attachment_id" text
);
create index "arxos_log_ar_capture_id" on "arxos_log_ar_capture" (id);
create index "arxos_log_ar_capture_delete" on "arxos_log_ar_capture" (id) where op = 'delete';
create index "arxos_log_ar_capture_key" on "arxos_log_ar_capture" (transaction_key);

create table "arxos_stash_ar_capture" (
  pk integer,
  "id" text,
  "sequence" bigint,
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
  "position" blob,
  "anchor_residual_m" double,
  "tracking" text,
  "light" double,
  "attachment_id" text
);

create trigger "arxos_stash_ar_capture" before insert on "ar_capture"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_ar_capture";
  insert into "arxos_stash_ar_capture" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "validation_id", "provider", "device_model", "pose_qx", "pose_qy", "pose_qz", "pose_qw", "position", "anchor_residual_m", "tracking", "light", "attachment_id") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "validation_id", "provider", "device_model", "pose_qx", "pose_qy", "pose_qz", "pose_qw", "position", "anchor_residual_m", "tracking", "light", "attachment_id" from "ar_capture"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_ar_capture" after insert on "ar_capture"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_ar_capture" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "ar_capture" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_ar_capture" (transaction_key, place, op, id, changed, "new_origin", "new_validation_id", "new_provider", "new_device_model", "new_pose_qx", "new_pose_qy", "new_pose_qz", "new_pose_qw", "new_position", "new_anchor_residual_m", "new_tracking", "new_light", "new_attachment_id")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."validation_id",
      t."provider",
      t."device_model",
      t."pose_qx",
      t."pose_qy",
      t."pose_qz",
      t."pose_qw",
      t."position",
      t."anchor_residual_m",
      t."tracking",
      t."light",
      t."attachment_id"
    from arxos_writing w, "ar_capture" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_ar_capture" after insert on "ar_capture"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_ar_capture" where id = new.id)
begin
  delete from "arxos_log_ar_capture" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_ar_capture" s where s.id = new.id and (s."validation_id" is not new."validation_id" or s."provider" is not new."provider" or s."device_model" is not new."device_model" or s."pose_qx" is not new."pose_qx" or s."pose_qy" is not new."pose_qy" or s."pose_qz" is not new."pose_qz" or s."pose_qw" is not new."pose_qw" or s."position" is not new."position" or s."anchor_residual_m" is not new."anchor_residual_m" or s."tracking" is not new."tracking" or s."light" is not new."light" or s."attachment_id" is not new."attachment_id"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_ar_capture" (transaction_key, place, op, id, changed, "old_validation_id", "new_validation_id", "old_provider", "new_provider", "old_device_model", "new_device_model", "old_pose_qx", "new_pose_qx", "old_pose_qy", "new_pose_qy", "old_pose_qz", "new_pose_qz", "old_pose_qw", "new_pose_qw", "old_position", "new_position", "old_anchor_residual_m", "new_anchor_residual_m", "old_tracking", "new_tracking", "old_light", "new_light", "old_attachment_id", "new_attachment_id")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' validation_id', '')
      || iif(d2, ' provider', '')
      || iif(d3, ' device_model', '')
      || iif(d4, ' pose_qx pose_qy pose_qz pose_qw position', '')
      || iif(d5, ' anchor_residual_m', '')
      || iif(d6, ' tracking', '')
      || iif(d7, ' light', '')
      || iif(d8, ' attachment_id', '')),
      iif(d1, s."validation_id", null),
      iif(d1, new."validation_id", null),
      iif(d2, s."provider", null),
      iif(d2, new."provider", null),
      iif(d3, s."device_model", null),
      iif(d3, new."device_model", null),
      iif(d4, s."pose_qx", null),
      iif(d4, new."pose_qx", null),
      iif(d4, s."pose_qy", null),
      iif(d4, new."pose_qy", null),
      iif(d4, s."pose_qz", null),
      iif(d4, new."pose_qz", null),
      iif(d4, s."pose_qw", null),
      iif(d4, new."pose_qw", null),
      iif(d4, s."position", null),
      iif(d4, new."position", null),
      iif(d5, s."anchor_residual_m", null),
      iif(d5, new."anchor_residual_m", null),
      iif(d6, s."tracking", null),
      iif(d6, new."tracking", null),
      iif(d7, s."light", null),
      iif(d7, new."light", null),
      iif(d8, s."attachment_id", null),
      iif(d8, new."attachment_id", null)
    from arxos_writing w, (select s.*,
        (s."validation_id" is not new."validation_id") as d1,
        (s."provider" is not new."provider") as d2,
        (s."device_model" is not new."device_model") as d3,
        (s."pose_qx" is not new."pose_qx" or s."pose_qy" is not new."pose_qy" or s."pose_qz" is not new."pose_qz" or s."pose_qw" is not new."pose_qw" or s."position" is not new."position") as d4,
        (s."anchor_residual_m" is not new."anchor_residual_m") as d5,
        (s."tracking" is not new."tracking") as d6,
        (s."light" is not new."light") as d7,
        (s."attachment_id" is not new."attachment_id") as d8
      from "arxos_stash_ar_capture" s where s.id = new.id) s where w.capture = 3;
  update "ar_capture" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_ar_capture" s
    where "ar_capture".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_ar_capture" after insert on "ar_capture"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_ar_capture" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_ar_capture" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_validation_id", "old_provider", "old_device_model", "old_pose_qx", "old_pose_qy", "old_pose_qz", "old_pose_qw", "old_position", "old_anchor_residual_m", "old_tracking", "old_light", "old_attachment_id")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."validation_id",
      s."provider",
      s."device_model",
      s."pose_qx",
      s."pose_qy",
      s."pose_qz",
      s."pose_qw",
      s."position",
      s."anchor_residual_m",
      s."tracking",
      s."light",
      s."attachment_id"
    from arxos_writing w, "arxos_stash_ar_capture" s where s.id is not new.id;
end;

create trigger "arxos_updated_ar_capture" after update on "ar_capture"
when (select capture from arxos_writing) and (old."validation_id" is not new."validation_id" or old."provider" is not new."provider" or old."device_model" is not new."device_model" or old."pose_qx" is not new."pose_qx" or old."pose_qy" is not new."pose_qy" or old."pose_qz" is not new."pose_qz" or old."pose_qw" is not new."pose_qw" or old."position" is not new."position" or old."anchor_residual_m" is not new."anchor_residual_m" or old."tracking" is not new."tracking" or old."light" is not new."light" or old."attachment_id" is not new."attachment_id")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_ar_capture" (transaction_key, place, op, id, changed, "old_validation_id", "new_validation_id", "old_provider", "new_provider", "old_device_model", "new_device_model", "old_pose_qx", "new_pose_qx", "old_pose_qy", "new_pose_qy", "old_pose_qz", "new_pose_qz", "old_pose_qw", "new_pose_qw", "old_position", "new_position", "old_anchor_residual_m", "new_anchor_residual_m", "old_tracking", "new_tracking", "old_light", "new_light", "old_attachment_id", "new_attachment_id")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' validation_id', '')
      || iif(d2, ' provider', '')
      || iif(d3, ' device_model', '')
      || iif(d4, ' pose_qx pose_qy pose_qz pose_qw position', '')
      || iif(d5, ' anchor_residual_m', '')
      || iif(d6, ' tracking', '')
      || iif(d7, ' light', '')
      || iif(d8, ' attachment_id', '')),
      iif(d1, old."validation_id", null),
      iif(d1, new."validation_id", null),
      iif(d2, old."provider", null),
      iif(d2, new."provider", null),
      iif(d3, old."device_model", null),
      iif(d3, new."device_model", null),
      iif(d4, old."pose_qx", null),
      iif(d4, new."pose_qx", null),
      iif(d4, old."pose_qy", null),
      iif(d4, new."pose_qy", null),
      iif(d4, old."pose_qz", null),
      iif(d4, new."pose_qz", null),
      iif(d4, old."pose_qw", null),
      iif(d4, new."pose_qw", null),
      iif(d4, old."position", null),
      iif(d4, new."position", null),
      iif(d5, old."anchor_residual_m", null),
      iif(d5, new."anchor_residual_m", null),
      iif(d6, old."tracking", null),
      iif(d6, new."tracking", null),
      iif(d7, old."light", null),
      iif(d7, new."light", null),
      iif(d8, old."attachment_id", null),
      iif(d8, new."attachment_id", null)
    from arxos_writing w, (select
        (old."validation_id" is not new."validation_id") as d1,
        (old."provider" is not new."provider") as d2,
        (old."device_model" is not new."device_model") as d3,
        (old."pose_qx" is not new."pose_qx" or old."pose_qy" is not new."pose_qy" or old."pose_qz" is not new."pose_qz" or old."pose_qw" is not new."pose_qw" or old."position" is not new."position") as d4,
        (old."anchor_residual_m" is not new."anchor_residual_m") as d5,
        (old."tracking" is not new."tracking") as d6,
        (old."light" is not new."light") as d7,
        (old."attachment_id" is not new."attachment_id") as d8) d;
end;

create trigger "arxos_identity_ar_capture" before update of pk, id on "ar_capture"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_ar_capture" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "ar_capture"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "ar_capture" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_ar_capture" after delete on "ar_capture"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_ar_capture" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_validation_id", "old_provider", "old_device_model", "old_pose_qx", "old_pose_qy", "old_pose_qz", "old_pose_qw", "old_position", "old_anchor_residual_m", "old_tracking", "old_light", "old_attachment_id")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."validation_id",
      old."provider",
      old."device_model",
      old."pose_qx",
      old."pose_qy",
      old."pose_qz",
      old."pose_qw",
      old."position",
      old."anchor_residual_m",
      old."tracking",
      old."light",
      old."attachment_id"
    from arxos_writing w;
end;

--: geometry ar_capture position
select RecoverGeometryColumn('ar_capture', 'position', -1, 'POINT', 'XYZ');
select CreateSpatialIndex('ar_capture', 'position');

--: align ar_capture position
create trigger "arxos_align_position_ar_capture" after insert on "ar_capture"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_ar_capture" where pk <> new.pk)
begin
  delete from "idx_ar_capture_position" where pkid in (select pk from "arxos_stash_ar_capture")
    and pkid not in (select pk from "ar_capture" where pk in (select pk from "arxos_stash_ar_capture"));
end;

--: table measurement building
create table "measurement" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
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
  "repeats" bigint,
  "path" geometry
);
create unique index "measurement_id" on "measurement" ("id");
create index "measurement_target_id" on "measurement" ("target_id") where "target_id" is not null;
create index "measurement_ar_capture_id" on "measurement" ("ar_capture_id") where "ar_capture_id" is not null;

--: capture measurement

create table "arxos_log_measurement" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_target_table" text,
  "old_target_id" text,
  "old_ar_capture_id" text,
  "old_kind" text,
  "old_name" text,
  "old_value" double,
  "old_uncertainty_95" double,
  "old_basis" text,
  "old_repeats" bigint,
  "old_path" blob,
  "new_origin" text,
  "new_target_table" text,
  "new_target_id" text,
  "new_ar_capture_id" text,
  "new_kind" text,
  "new_name" text,
  "new_value" double,
  "new_uncertainty_95" double,
  "new_basis" text,
  "new_repeats" bigint,
  "new_path" blob
);
create index "arxos_log_measurement_id" on "arxos_log_measurement" (id);
create index "arxos_log_measurement_delete" on "arxos_log_measurement" (id) where op = 'delete';
create index "arxos_log_measurement_key" on "arxos_log_measurement" (transaction_key);

create table "arxos_stash_measurement" (
  pk integer,
  "id" text,
  "sequence" bigint,
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
  "repeats" bigint,
  "path" blob
);

create trigger "arxos_stash_measurement" before insert on "measurement"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_measurement";
  insert into "arxos_stash_measurement" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "target_table", "target_id", "ar_capture_id", "kind", "name", "value", "uncertainty_95", "basis", "repeats", "path") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "target_table", "target_id", "ar_capture_id", "kind", "name", "value", "uncertainty_95", "basis", "repeats", "path" from "measurement"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_measurement" after insert on "measurement"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_measurement" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "measurement" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_measurement" (transaction_key, place, op, id, changed, "new_origin", "new_target_table", "new_target_id", "new_ar_capture_id", "new_kind", "new_name", "new_value", "new_uncertainty_95", "new_basis", "new_repeats", "new_path")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."target_table",
      t."target_id",
      t."ar_capture_id",
      t."kind",
      t."name",
      t."value",
      t."uncertainty_95",
      t."basis",
      t."repeats",
      t."path"
    from arxos_writing w, "measurement" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_measurement" after insert on "measurement"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_measurement" where id = new.id)
begin
  delete from "arxos_log_measurement" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_measurement" s where s.id = new.id and (s."target_table" is not new."target_table" or s."target_id" is not new."target_id" or s."ar_capture_id" is not new."ar_capture_id" or s."kind" is not new."kind" or s."name" is not new."name" or s."value" is not new."value" or s."uncertainty_95" is not new."uncertainty_95" or s."basis" is not new."basis" or s."repeats" is not new."repeats" or s."path" is not new."path"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_measurement" (transaction_key, place, op, id, changed, "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_ar_capture_id", "new_ar_capture_id", "old_kind", "new_kind", "old_name", "new_name", "old_value", "new_value", "old_uncertainty_95", "new_uncertainty_95", "old_basis", "new_basis", "old_repeats", "new_repeats", "old_path", "new_path")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' target_table target_id', '')
      || iif(d2, ' ar_capture_id', '')
      || iif(d3, ' kind', '')
      || iif(d4, ' name', '')
      || iif(d5, ' value uncertainty_95', '')
      || iif(d6, ' basis', '')
      || iif(d7, ' repeats', '')
      || iif(d8, ' path', '')),
      iif(d1, s."target_table", null),
      iif(d1, new."target_table", null),
      iif(d1, s."target_id", null),
      iif(d1, new."target_id", null),
      iif(d2, s."ar_capture_id", null),
      iif(d2, new."ar_capture_id", null),
      iif(d3, s."kind", null),
      iif(d3, new."kind", null),
      iif(d4, s."name", null),
      iif(d4, new."name", null),
      iif(d5, s."value", null),
      iif(d5, new."value", null),
      iif(d5, s."uncertainty_95", null),
      iif(d5, new."uncertainty_95", null),
      iif(d6, s."basis", null),
      iif(d6, new."basis", null),
      iif(d7, s."repeats", null),
      iif(d7, new."repeats", null),
      iif(d8, s."path", null),
      iif(d8, new."path", null)
    from arxos_writing w, (select s.*,
        (s."target_table" is not new."target_table" or s."target_id" is not new."target_id") as d1,
        (s."ar_capture_id" is not new."ar_capture_id") as d2,
        (s."kind" is not new."kind") as d3,
        (s."name" is not new."name") as d4,
        (s."value" is not new."value" or s."uncertainty_95" is not new."uncertainty_95") as d5,
        (s."basis" is not new."basis") as d6,
        (s."repeats" is not new."repeats") as d7,
        (s."path" is not new."path") as d8
      from "arxos_stash_measurement" s where s.id = new.id) s where w.capture = 3;
  update "measurement" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_measurement" s
    where "measurement".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_measurement" after insert on "measurement"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_measurement" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_measurement" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_target_table", "old_target_id", "old_ar_capture_id", "old_kind", "old_name", "old_value", "old_uncertainty_95", "old_basis", "old_repeats", "old_path")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."target_table",
      s."target_id",
      s."ar_capture_id",
      s."kind",
      s."name",
      s."value",
      s."uncertainty_95",
      s."basis",
      s."repeats",
      s."path"
    from arxos_writing w, "arxos_stash_measurement" s where s.id is not new.id;
end;

create trigger "arxos_updated_measurement" after update on "measurement"
when (select capture from arxos_writing) and (old."target_table" is not new."target_table" or old."target_id" is not new."target_id" or old."ar_capture_id" is not new."ar_capture_id" or old."kind" is not new."kind" or old."name" is not new."name" or old."value" is not new."value" or old."uncertainty_95" is not new."uncertainty_95" or old."basis" is not new."basis" or old."repeats" is not new."repeats" or old."path" is not new."path")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_measurement" (transaction_key, place, op, id, changed, "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_ar_capture_id", "new_ar_capture_id", "old_kind", "new_kind", "old_name", "new_name", "old_value", "new_value", "old_uncertainty_95", "new_uncertainty_95", "old_basis", "new_basis", "old_repeats", "new_repeats", "old_path", "new_path")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' target_table target_id', '')
      || iif(d2, ' ar_capture_id', '')
      || iif(d3, ' kind', '')
      || iif(d4, ' name', '')
      || iif(d5, ' value uncertainty_95', '')
      || iif(d6, ' basis', '')
      || iif(d7, ' repeats', '')
      || iif(d8, ' path', '')),
      iif(d1, old."target_table", null),
      iif(d1, new."target_table", null),
      iif(d1, old."target_id", null),
      iif(d1, new."target_id", null),
      iif(d2, old."ar_capture_id", null),
      iif(d2, new."ar_capture_id", null),
      iif(d3, old."kind", null),
      iif(d3, new."kind", null),
      iif(d4, old."name", null),
      iif(d4, new."name", null),
      iif(d5, old."value", null),
      iif(d5, new."value", null),
      iif(d5, old."uncertainty_95", null),
      iif(d5, new."uncertainty_95", null),
      iif(d6, old."basis", null),
      iif(d6, new."basis", null),
      iif(d7, old."repeats", null),
      iif(d7, new."repeats", null),
      iif(d8, old."path", null),
      iif(d8, new."path", null)
    from arxos_writing w, (select
        (old."target_table" is not new."target_table" or old."target_id" is not new."target_id") as d1,
        (old."ar_capture_id" is not new."ar_capture_id") as d2,
        (old."kind" is not new."kind") as d3,
        (old."name" is not new."name") as d4,
        (old."value" is not new."value" or old."uncertainty_95" is not new."uncertainty_95") as d5,
        (old."basis" is not new."basis") as d6,
        (old."repeats" is not new."repeats") as d7,
        (old."path" is not new."path") as d8) d;
end;

create trigger "arxos_identity_measurement" before update of pk, id on "measurement"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_measurement" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "measurement"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "measurement" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_measurement" after delete on "measurement"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_measurement" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_target_table", "old_target_id", "old_ar_capture_id", "old_kind", "old_name", "old_value", "old_uncertainty_95", "old_basis", "old_repeats", "old_path")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."target_table",
      old."target_id",
      old."ar_capture_id",
      old."kind",
      old."name",
      old."value",
      old."uncertainty_95",
      old."basis",
      old."repeats",
      old."path"
    from arxos_writing w;
end;

--: geometry measurement path
select RecoverGeometryColumn('measurement', 'path', -1, 'GEOMETRY', 'XYZ');
select CreateSpatialIndex('measurement', 'path');

--: align measurement path
create trigger "arxos_align_path_measurement" after insert on "measurement"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_measurement" where pk <> new.pk)
begin
  delete from "idx_measurement_path" where pkid in (select pk from "arxos_stash_measurement")
    and pkid not in (select pk from "measurement" where pk in (select pk from "arxos_stash_measurement"));
end;

--: table annotation building
create table "annotation" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "number" bigint,
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
  "location" point
);
create unique index "annotation_id" on "annotation" ("id");
create index "annotation_target_id" on "annotation" ("target_id") where "target_id" is not null;

--: capture annotation

create table "arxos_log_annotation" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_number" bigint,
  "old_origin" text,
  "old_target_table" text,
  "old_target_id" text,
  "old_title" text,
  "old_text" text,
  "old_kind" text,
  "old_status" text,
  "old_priority" text,
  "old_assignee" text,
  "old_due_on" text,
  "old_labels" text,
  "old_viewpoint" text,
  "old_location" blob,
  "new_origin" text,
  "new_target_table" text,
  "new_target_id" text,
  "new_title" text,
  "new_text" text,
  "new_kind" text,
  "new_status" text,
  "new_priority" text,
  "new_assignee" text,
  "new_due_on" text,
  "new_labels" text,
  "new_viewpoint" text,
  "new_location" blob
);
create index "arxos_log_annotation_id" on "arxos_log_annotation" (id);
create index "arxos_log_annotation_delete" on "arxos_log_annotation" (id) where op = 'delete';
create index "arxos_log_annotation_key" on "arxos_log_annotation" (transaction_key);

create table "arxos_stash_annotation" (
  pk integer,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "number" bigint,
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
  "location" blob
);

create trigger "arxos_stash_annotation" before insert on "annotation"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_annotation";
  insert into "arxos_stash_annotation" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "number", "target_table", "target_id", "title", "text", "kind", "status", "priority", "assignee", "due_on", "labels", "viewpoint", "location") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "number", "target_table", "target_id", "title", "text", "kind", "status", "priority", "assignee", "due_on", "labels", "viewpoint", "location" from "annotation"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_annotation" after insert on "annotation"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_annotation" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null or new."number" is not null;
  update "annotation" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null, "number" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_annotation" (transaction_key, place, op, id, changed, "new_origin", "new_target_table", "new_target_id", "new_title", "new_text", "new_kind", "new_status", "new_priority", "new_assignee", "new_due_on", "new_labels", "new_viewpoint", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."target_table",
      t."target_id",
      t."title",
      t."text",
      t."kind",
      t."status",
      t."priority",
      t."assignee",
      t."due_on",
      t."labels",
      t."viewpoint",
      t."location"
    from arxos_writing w, "annotation" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_annotation" after insert on "annotation"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_annotation" where id = new.id)
begin
  delete from "arxos_log_annotation" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_annotation" s where s.id = new.id and (s."target_table" is not new."target_table" or s."target_id" is not new."target_id" or s."title" is not new."title" or s."text" is not new."text" or s."kind" is not new."kind" or s."status" is not new."status" or s."priority" is not new."priority" or s."assignee" is not new."assignee" or s."due_on" is not new."due_on" or s."labels" is not new."labels" or s."viewpoint" is not new."viewpoint" or s."location" is not new."location"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_annotation" (transaction_key, place, op, id, changed, "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_title", "new_title", "old_text", "new_text", "old_kind", "new_kind", "old_status", "new_status", "old_priority", "new_priority", "old_assignee", "new_assignee", "old_due_on", "new_due_on", "old_labels", "new_labels", "old_viewpoint", "new_viewpoint", "old_location", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' target_table target_id', '')
      || iif(d2, ' title', '')
      || iif(d3, ' text', '')
      || iif(d4, ' kind', '')
      || iif(d5, ' status', '')
      || iif(d6, ' priority', '')
      || iif(d7, ' assignee', '')
      || iif(d8, ' due_on', '')
      || iif(d9, ' labels', '')
      || iif(d10, ' viewpoint', '')
      || iif(d11, ' location', '')),
      iif(d1, s."target_table", null),
      iif(d1, new."target_table", null),
      iif(d1, s."target_id", null),
      iif(d1, new."target_id", null),
      iif(d2, s."title", null),
      iif(d2, new."title", null),
      iif(d3, s."text", null),
      iif(d3, new."text", null),
      iif(d4, s."kind", null),
      iif(d4, new."kind", null),
      iif(d5, s."status", null),
      iif(d5, new."status", null),
      iif(d6, s."priority", null),
      iif(d6, new."priority", null),
      iif(d7, s."assignee", null),
      iif(d7, new."assignee", null),
      iif(d8, s."due_on", null),
      iif(d8, new."due_on", null),
      iif(d9, s."labels", null),
      iif(d9, new."labels", null),
      iif(d10, s."viewpoint", null),
      iif(d10, new."viewpoint", null),
      iif(d11, s."location", null),
      iif(d11, new."location", null)
    from arxos_writing w, (select s.*,
        (s."target_table" is not new."target_table" or s."target_id" is not new."target_id") as d1,
        (s."title" is not new."title") as d2,
        (s."text" is not new."text") as d3,
        (s."kind" is not new."kind") as d4,
        (s."status" is not new."status") as d5,
        (s."priority" is not new."priority") as d6,
        (s."assignee" is not new."assignee") as d7,
        (s."due_on" is not new."due_on") as d8,
        (s."labels" is not new."labels") as d9,
        (s."viewpoint" is not new."viewpoint") as d10,
        (s."location" is not new."location") as d11
      from "arxos_stash_annotation" s where s.id = new.id) s where w.capture = 3;
  update "annotation" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", "number" = s."number", origin = s.origin from "arxos_stash_annotation" s
    where "annotation".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_annotation" after insert on "annotation"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_annotation" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_annotation" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_number", "old_origin", "old_target_table", "old_target_id", "old_title", "old_text", "old_kind", "old_status", "old_priority", "old_assignee", "old_due_on", "old_labels", "old_viewpoint", "old_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."number",
      s."origin",
      s."target_table",
      s."target_id",
      s."title",
      s."text",
      s."kind",
      s."status",
      s."priority",
      s."assignee",
      s."due_on",
      s."labels",
      s."viewpoint",
      s."location"
    from arxos_writing w, "arxos_stash_annotation" s where s.id is not new.id;
end;

create trigger "arxos_updated_annotation" after update on "annotation"
when (select capture from arxos_writing) and (old."target_table" is not new."target_table" or old."target_id" is not new."target_id" or old."title" is not new."title" or old."text" is not new."text" or old."kind" is not new."kind" or old."status" is not new."status" or old."priority" is not new."priority" or old."assignee" is not new."assignee" or old."due_on" is not new."due_on" or old."labels" is not new."labels" or old."viewpoint" is not new."viewpoint" or old."location" is not new."location")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_annotation" (transaction_key, place, op, id, changed, "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_title", "new_title", "old_text", "new_text", "old_kind", "new_kind", "old_status", "new_status", "old_priority", "new_priority", "old_assignee", "new_assignee", "old_due_on", "new_due_on", "old_labels", "new_labels", "old_viewpoint", "new_viewpoint", "old_location", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' target_table target_id', '')
      || iif(d2, ' title', '')
      || iif(d3, ' text', '')
      || iif(d4, ' kind', '')
      || iif(d5, ' status', '')
      || iif(d6, ' priority', '')
      || iif(d7, ' assignee', '')
      || iif(d8, ' due_on', '')
      || iif(d9, ' labels', '')
      || iif(d10, ' viewpoint', '')
      || iif(d11, ' location', '')),
      iif(d1, old."target_table", null),
      iif(d1, new."target_table", null),
      iif(d1, old."target_id", null),
      iif(d1, new."target_id", null),
      iif(d2, old."title", null),
      iif(d2, new."title", null),
      iif(d3, old."text", null),
      iif(d3, new."text", null),
      iif(d4, old."kind", null),
      iif(d4, new."kind", null),
      iif(d5, old."status", null),
      iif(d5, new."status", null),
      iif(d6, old."priority", null),
      iif(d6, new."priority", null),
      iif(d7, old."assignee", null),
      iif(d7, new."assignee", null),
      iif(d8, old."due_on", null),
      iif(d8, new."due_on", null),
      iif(d9, old."labels", null),
      iif(d9, new."labels", null),
      iif(d10, old."viewpoint", null),
      iif(d10, new."viewpoint", null),
      iif(d11, old."location", null),
      iif(d11, new."location", null)
    from arxos_writing w, (select
        (old."target_table" is not new."target_table" or old."target_id" is not new."target_id") as d1,
        (old."title" is not new."title") as d2,
        (old."text" is not new."text") as d3,
        (old."kind" is not new."kind") as d4,
        (old."status" is not new."status") as d5,
        (old."priority" is not new."priority") as d6,
        (old."assignee" is not new."assignee") as d7,
        (old."due_on" is not new."due_on") as d8,
        (old."labels" is not new."labels") as d9,
        (old."viewpoint" is not new."viewpoint") as d10,
        (old."location" is not new."location") as d11) d;
end;

create trigger "arxos_identity_annotation" before update of pk, id on "annotation"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_annotation" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "number", "origin" on "annotation"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."number" is not new."number" or old."origin" is not new."origin")
begin
  update "annotation" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "number" = old."number", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_annotation" after delete on "annotation"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_annotation" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_number", "old_origin", "old_target_table", "old_target_id", "old_title", "old_text", "old_kind", "old_status", "old_priority", "old_assignee", "old_due_on", "old_labels", "old_viewpoint", "old_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."number",
      old."origin",
      old."target_table",
      old."target_id",
      old."title",
      old."text",
      old."kind",
      old."status",
      old."priority",
      old."assignee",
      old."due_on",
      old."labels",
      old."viewpoint",
      old."location"
    from arxos_writing w;
end;

--: geometry annotation location
select RecoverGeometryColumn('annotation', 'location', -1, 'POINT', 'XYZ');
select CreateSpatialIndex('annotation', 'location');

--: align annotation location
create trigger "arxos_align_location_annotation" after insert on "annotation"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_annotation" where pk <> new.pk)
begin
  delete from "idx_annotation_location" where pkid in (select pk from "arxos_stash_annotation")
    and pkid not in (select pk from "annotation" where pk in (select pk from "arxos_stash_annotation"));
end;

--: table comment building
create table "comment" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "annotation_id" text,
  "text" text
);
create unique index "comment_id" on "comment" ("id");
create index "comment_annotation_id" on "comment" ("annotation_id") where "annotation_id" is not null;

--: capture comment

create table "arxos_log_comment" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_annotation_id" text,
  "old_text" text,
  "new_origin" text,
  "new_annotation_id" text,
  "new_text" text
);
create index "arxos_log_comment_id" on "arxos_log_comment" (id);
create index "arxos_log_comment_delete" on "arxos_log_comment" (id) where op = 'delete';
create index "arxos_log_comment_key" on "arxos_log_comment" (transaction_key);

create table "arxos_stash_comment" (
  pk integer,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "annotation_id" text,
  "text" text
);

create trigger "arxos_stash_comment" before insert on "comment"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_comment";
  insert into "arxos_stash_comment" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "annotation_id", "text") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "annotation_id", "text" from "comment"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_comment" after insert on "comment"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_comment" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "comment" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_comment" (transaction_key, place, op, id, changed, "new_origin", "new_annotation_id", "new_text")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."annotation_id",
      t."text"
    from arxos_writing w, "comment" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_comment" after insert on "comment"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_comment" where id = new.id)
begin
  delete from "arxos_log_comment" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_comment" s where s.id = new.id and (s."annotation_id" is not new."annotation_id" or s."text" is not new."text"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_comment" (transaction_key, place, op, id, changed, "old_annotation_id", "new_annotation_id", "old_text", "new_text")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' annotation_id', '')
      || iif(d2, ' text', '')),
      iif(d1, s."annotation_id", null),
      iif(d1, new."annotation_id", null),
      iif(d2, s."text", null),
      iif(d2, new."text", null)
    from arxos_writing w, (select s.*,
        (s."annotation_id" is not new."annotation_id") as d1,
        (s."text" is not new."text") as d2
      from "arxos_stash_comment" s where s.id = new.id) s where w.capture = 3;
  update "comment" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_comment" s
    where "comment".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_comment" after insert on "comment"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_comment" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_comment" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_annotation_id", "old_text")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."annotation_id",
      s."text"
    from arxos_writing w, "arxos_stash_comment" s where s.id is not new.id;
end;

create trigger "arxos_updated_comment" after update on "comment"
when (select capture from arxos_writing) and (old."annotation_id" is not new."annotation_id" or old."text" is not new."text")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_comment" (transaction_key, place, op, id, changed, "old_annotation_id", "new_annotation_id", "old_text", "new_text")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' annotation_id', '')
      || iif(d2, ' text', '')),
      iif(d1, old."annotation_id", null),
      iif(d1, new."annotation_id", null),
      iif(d2, old."text", null),
      iif(d2, new."text", null)
    from arxos_writing w, (select
        (old."annotation_id" is not new."annotation_id") as d1,
        (old."text" is not new."text") as d2) d;
end;

create trigger "arxos_identity_comment" before update of pk, id on "comment"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_comment" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "comment"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "comment" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_comment" after delete on "comment"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_comment" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_annotation_id", "old_text")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."annotation_id",
      old."text"
    from arxos_writing w;
end;

--: table attachment building
create table "attachment" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "sha256" text,
  "media_type" text,
  "byte_size" bigint,
  "width" bigint,
  "height" bigint,
  "taken_at" text,
  "name" text,
  "thumbnail" blob,
  "target_table" text,
  "target_id" text,
  "upload_state" text,
  "location" point
);
create unique index "attachment_id" on "attachment" ("id");
create index "attachment_target_id" on "attachment" ("target_id") where "target_id" is not null;

--: capture attachment

create table "arxos_log_attachment" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_upload_state" text,
  "old_origin" text,
  "old_sha256" text,
  "old_media_type" text,
  "old_byte_size" bigint,
  "old_width" bigint,
  "old_height" bigint,
  "old_taken_at" text,
  "old_name" text,
  "old_thumbnail" blob,
  "old_target_table" text,
  "old_target_id" text,
  "old_location" blob,
  "new_origin" text,
  "new_sha256" text,
  "new_media_type" text,
  "new_byte_size" bigint,
  "new_width" bigint,
  "new_height" bigint,
  "new_taken_at" text,
  "new_name" text,
  "new_thumbnail" blob,
  "new_target_table" text,
  "new_target_id" text,
  "new_location" blob
);
create index "arxos_log_attachment_id" on "arxos_log_attachment" (id);
create index "arxos_log_attachment_delete" on "arxos_log_attachment" (id) where op = 'delete';
create index "arxos_log_attachment_key" on "arxos_log_attachment" (transaction_key);

create table "arxos_stash_attachment" (
  pk integer,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "sha256" text,
  "media_type" text,
  "byte_size" bigint,
  "width" bigint,
  "height" bigint,
  "taken_at" text,
  "name" text,
  "thumbnail" blob,
  "target_table" text,
  "target_id" text,
  "upload_state" text,
  "location" blob
);

create trigger "arxos_stash_attachment" before insert on "attachment"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_attachment";
  insert into "arxos_stash_attachment" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "sha256", "media_type", "byte_size", "width", "height", "taken_at", "name", "thumbnail", "target_table", "target_id", "upload_state", "location") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "sha256", "media_type", "byte_size", "width", "height", "taken_at", "name", "thumbnail", "target_table", "target_id", "upload_state", "location" from "attachment"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_attachment" after insert on "attachment"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_attachment" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null or new."upload_state" is not null;
  update "attachment" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null, "upload_state" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_attachment" (transaction_key, place, op, id, changed, "new_origin", "new_sha256", "new_media_type", "new_byte_size", "new_width", "new_height", "new_taken_at", "new_name", "new_thumbnail", "new_target_table", "new_target_id", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."sha256",
      t."media_type",
      t."byte_size",
      t."width",
      t."height",
      t."taken_at",
      t."name",
      t."thumbnail",
      t."target_table",
      t."target_id",
      t."location"
    from arxos_writing w, "attachment" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_attachment" after insert on "attachment"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_attachment" where id = new.id)
begin
  delete from "arxos_log_attachment" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_attachment" s where s.id = new.id and (s."sha256" is not new."sha256" or s."media_type" is not new."media_type" or s."byte_size" is not new."byte_size" or s."width" is not new."width" or s."height" is not new."height" or s."taken_at" is not new."taken_at" or s."name" is not new."name" or s."thumbnail" is not new."thumbnail" or s."target_table" is not new."target_table" or s."target_id" is not new."target_id" or s."location" is not new."location"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_attachment" (transaction_key, place, op, id, changed, "old_sha256", "new_sha256", "old_media_type", "new_media_type", "old_byte_size", "new_byte_size", "old_width", "new_width", "old_height", "new_height", "old_taken_at", "new_taken_at", "old_name", "new_name", "old_thumbnail", "new_thumbnail", "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_location", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' sha256', '')
      || iif(d2, ' media_type', '')
      || iif(d3, ' byte_size', '')
      || iif(d4, ' width', '')
      || iif(d5, ' height', '')
      || iif(d6, ' taken_at', '')
      || iif(d7, ' name', '')
      || iif(d8, ' thumbnail', '')
      || iif(d9, ' target_table target_id', '')
      || iif(d10, ' location', '')),
      iif(d1, s."sha256", null),
      iif(d1, new."sha256", null),
      iif(d2, s."media_type", null),
      iif(d2, new."media_type", null),
      iif(d3, s."byte_size", null),
      iif(d3, new."byte_size", null),
      iif(d4, s."width", null),
      iif(d4, new."width", null),
      iif(d5, s."height", null),
      iif(d5, new."height", null),
      iif(d6, s."taken_at", null),
      iif(d6, new."taken_at", null),
      iif(d7, s."name", null),
      iif(d7, new."name", null),
      iif(d8, s."thumbnail", null),
      iif(d8, new."thumbnail", null),
      iif(d9, s."target_table", null),
      iif(d9, new."target_table", null),
      iif(d9, s."target_id", null),
      iif(d9, new."target_id", null),
      iif(d10, s."location", null),
      iif(d10, new."location", null)
    from arxos_writing w, (select s.*,
        (s."sha256" is not new."sha256") as d1,
        (s."media_type" is not new."media_type") as d2,
        (s."byte_size" is not new."byte_size") as d3,
        (s."width" is not new."width") as d4,
        (s."height" is not new."height") as d5,
        (s."taken_at" is not new."taken_at") as d6,
        (s."name" is not new."name") as d7,
        (s."thumbnail" is not new."thumbnail") as d8,
        (s."target_table" is not new."target_table" or s."target_id" is not new."target_id") as d9,
        (s."location" is not new."location") as d10
      from "arxos_stash_attachment" s where s.id = new.id) s where w.capture = 3;
  update "attachment" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", "upload_state" = s."upload_state", origin = s.origin from "arxos_stash_attachment" s
    where "attachment".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_attachment" after insert on "attachment"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_attachment" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_attachment" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_upload_state", "old_origin", "old_sha256", "old_media_type", "old_byte_size", "old_width", "old_height", "old_taken_at", "old_name", "old_thumbnail", "old_target_table", "old_target_id", "old_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."upload_state",
      s."origin",
      s."sha256",
      s."media_type",
      s."byte_size",
      s."width",
      s."height",
      s."taken_at",
      s."name",
      s."thumbnail",
      s."target_table",
      s."target_id",
      s."location"
    from arxos_writing w, "arxos_stash_attachment" s where s.id is not new.id;
end;

create trigger "arxos_updated_attachment" after update on "attachment"
when (select capture from arxos_writing) and (old."sha256" is not new."sha256" or old."media_type" is not new."media_type" or old."byte_size" is not new."byte_size" or old."width" is not new."width" or old."height" is not new."height" or old."taken_at" is not new."taken_at" or old."name" is not new."name" or old."thumbnail" is not new."thumbnail" or old."target_table" is not new."target_table" or old."target_id" is not new."target_id" or old."location" is not new."location")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_attachment" (transaction_key, place, op, id, changed, "old_sha256", "new_sha256", "old_media_type", "new_media_type", "old_byte_size", "new_byte_size", "old_width", "new_width", "old_height", "new_height", "old_taken_at", "new_taken_at", "old_name", "new_name", "old_thumbnail", "new_thumbnail", "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_location", "new_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' sha256', '')
      || iif(d2, ' media_type', '')
      || iif(d3, ' byte_size', '')
      || iif(d4, ' width', '')
      || iif(d5, ' height', '')
      || iif(d6, ' taken_at', '')
      || iif(d7, ' name', '')
      || iif(d8, ' thumbnail', '')
      || iif(d9, ' target_table target_id', '')
      || iif(d10, ' location', '')),
      iif(d1, old."sha256", null),
      iif(d1, new."sha256", null),
      iif(d2, old."media_type", null),
      iif(d2, new."media_type", null),
      iif(d3, old."byte_size", null),
      iif(d3, new."byte_size", null),
      iif(d4, old."width", null),
      iif(d4, new."width", null),
      iif(d5, old."height", null),
      iif(d5, new."height", null),
      iif(d6, old."taken_at", null),
      iif(d6, new."taken_at", null),
      iif(d7, old."name", null),
      iif(d7, new."name", null),
      iif(d8, old."thumbnail", null),
      iif(d8, new."thumbnail", null),
      iif(d9, old."target_table", null),
      iif(d9, new."target_table", null),
      iif(d9, old."target_id", null),
      iif(d9, new."target_id", null),
      iif(d10, old."location", null),
      iif(d10, new."location", null)
    from arxos_writing w, (select
        (old."sha256" is not new."sha256") as d1,
        (old."media_type" is not new."media_type") as d2,
        (old."byte_size" is not new."byte_size") as d3,
        (old."width" is not new."width") as d4,
        (old."height" is not new."height") as d5,
        (old."taken_at" is not new."taken_at") as d6,
        (old."name" is not new."name") as d7,
        (old."thumbnail" is not new."thumbnail") as d8,
        (old."target_table" is not new."target_table" or old."target_id" is not new."target_id") as d9,
        (old."location" is not new."location") as d10) d;
end;

create trigger "arxos_identity_attachment" before update of pk, id on "attachment"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_attachment" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "upload_state", "origin" on "attachment"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."upload_state" is not new."upload_state" or old."origin" is not new."origin")
begin
  update "attachment" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "upload_state" = old."upload_state", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_attachment" after delete on "attachment"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_attachment" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_upload_state", "old_origin", "old_sha256", "old_media_type", "old_byte_size", "old_width", "old_height", "old_taken_at", "old_name", "old_thumbnail", "old_target_table", "old_target_id", "old_location")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."upload_state",
      old."origin",
      old."sha256",
      old."media_type",
      old."byte_size",
      old."width",
      old."height",
      old."taken_at",
      old."name",
      old."thumbnail",
      old."target_table",
      old."target_id",
      old."location"
    from arxos_writing w;
end;

--: geometry attachment location
select RecoverGeometryColumn('attachment', 'location', -1, 'POINT', 'XYZ');
select CreateSpatialIndex('attachment', 'location');

--: align attachment location
create trigger "arxos_align_location_attachment" after insert on "attachment"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_attachment" where pk <> new.pk)
begin
  delete from "idx_attachment_location" where pkid in (select pk from "arxos_stash_attachment")
    and pkid not in (select pk from "attachment" where pk in (select pk from "arxos_stash_attachment"));
end;

--: table work_order building
create table "work_order" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "number" text,
  "title" text,
  "kind" text,
  "state" text,
  "priority" bigint,
  "due_on" text,
  "assignee" text,
  "target_table" text,
  "target_id" text,
  "external_ids" text
);
create unique index "work_order_id" on "work_order" ("id");
create index "work_order_target_id" on "work_order" ("target_id") where "target_id" is not null;

--: capture work_order

create table "arxos_log_work_order" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_number" text,
  "old_title" text,
  "old_kind" text,
  "old_state" text,
  "old_priority" bigint,
  "old_due_on" text,
  "old_assignee" text,
  "old_target_table" text,
  "old_target_id" text,
  "old_external_ids" text,
  "new_origin" text,
  "new_number" text,
  "new_title" text,
  "new_kind" text,
  "new_state" text,
  "new_priority" bigint,
  "new_due_on" text,
  "new_assignee" text,
  "new_target_table" text,
  "new_target_id" text,
  "new_external_ids" text
);
create index "arxos_log_work_order_id" on "arxos_log_work_order" (id);
create index "arxos_log_work_order_delete" on "arxos_log_work_order" (id) where op = 'delete';
create index "arxos_log_work_order_key" on "arxos_log_work_order" (transaction_key);

create table "arxos_stash_work_order" (
  pk integer,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "number" text,
  "title" text,
  "kind" text,
  "state" text,
  "priority" bigint,
  "due_on" text,
  "assignee" text,
  "target_table" text,
  "target_id" text,
  "external_ids" text
);

create trigger "arxos_stash_work_order" before insert on "work_order"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_work_order";
  insert into "arxos_stash_work_order" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "number", "title", "kind", "state", "priority", "due_on", "assignee", "target_table", "target_id", "external_ids") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "number", "title", "kind", "state", "priority", "due_on", "assignee", "target_table", "target_id", "external_ids" from "work_order"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_work_order" after insert on "work_order"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_work_order" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "work_order" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_work_order" (transaction_key, place, op, id, changed, "new_origin", "new_number", "new_title", "new_kind", "new_state", "new_priority", "new_due_on", "new_assignee", "new_target_table", "new_target_id", "new_external_ids")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."number",
      t."title",
      t."kind",
      t."state",
      t."priority",
      t."due_on",
      t."assignee",
      t."target_table",
      t."target_id",
      t."external_ids"
    from arxos_writing w, "work_order" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_work_order" after insert on "work_order"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_work_order" where id = new.id)
begin
  delete from "arxos_log_work_order" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_work_order" s where s.id = new.id and (s."number" is not new."number" or s."title" is not new."title" or s."kind" is not new."kind" or s."state" is not new."state" or s."priority" is not new."priority" or s."due_on" is not new."due_on" or s."assignee" is not new."assignee" or s."target_table" is not new."target_table" or s."target_id" is not new."target_id" or s."external_ids" is not new."external_ids"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_work_order" (transaction_key, place, op, id, changed, "old_number", "new_number", "old_title", "new_title", "old_kind", "new_kind", "old_state", "new_state", "old_priority", "new_priority", "old_due_on", "new_due_on", "old_assignee", "new_assignee", "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_external_ids", "new_external_ids")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' number', '')
      || iif(d2, ' title', '')
      || iif(d3, ' kind', '')
      || iif(d4, ' state', '')
      || iif(d5, ' priority', '')
      || iif(d6, ' due_on', '')
      || iif(d7, ' assignee', '')
      || iif(d8, ' target_table target_id', '')
      || iif(d9, ' external_ids', '')),
      iif(d1, s."number", null),
      iif(d1, new."number", null),
      iif(d2, s."title", null),
      iif(d2, new."title", null),
      iif(d3, s."kind", null),
      iif(d3, new."kind", null),
      iif(d4, s."state", null),
      iif(d4, new."state", null),
      iif(d5, s."priority", null),
      iif(d5, new."priority", null),
      iif(d6, s."due_on", null),
      iif(d6, new."due_on", null),
      iif(d7, s."assignee", null),
      iif(d7, new."assignee", null),
      iif(d8, s."target_table", null),
      iif(d8, new."target_table", null),
      iif(d8, s."target_id", null),
      iif(d8, new."target_id", null),
      iif(d9, s."external_ids", null),
      iif(d9, new."external_ids", null)
    from arxos_writing w, (select s.*,
        (s."number" is not new."number") as d1,
        (s."title" is not new."title") as d2,
        (s."kind" is not new."kind") as d3,
        (s."state" is not new."state") as d4,
        (s."priority" is not new."priority") as d5,
        (s."due_on" is not new."due_on") as d6,
        (s."assignee" is not new."assignee") as d7,
        (s."target_table" is not new."target_table" or s."target_id" is not new."target_id") as d8,
        (s."external_ids" is not new."external_ids") as d9
      from "arxos_stash_work_order" s where s.id = new.id) s where w.capture = 3;
  update "work_order" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_work_order" s
    where "work_order".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_work_order" after insert on "work_order"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_work_order" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_work_order" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_number", "old_title", "old_kind", "old_state", "old_priority", "old_due_on", "old_assignee", "old_target_table", "old_target_id", "old_external_ids")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."number",
      s."title",
      s."kind",
      s."state",
      s."priority",
      s."due_on",
      s."assignee",
      s."target_table",
      s."target_id",
      s."external_ids"
    from arxos_writing w, "arxos_stash_work_order" s where s.id is not new.id;
end;

create trigger "arxos_updated_work_order" after update on "work_order"
when (select capture from arxos_writing) and (old."number" is not new."number" or old."title" is not new."title" or old."kind" is not new."kind" or old."state" is not new."state" or old."priority" is not new."priority" or old."due_on" is not new."due_on" or old."assignee" is not new."assignee" or old."target_table" is not new."target_table" or old."target_id" is not new."target_id" or old."external_ids" is not new."external_ids")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_work_order" (transaction_key, place, op, id, changed, "old_number", "new_number", "old_title", "new_title", "old_kind", "new_kind", "old_state", "new_state", "old_priority", "new_priority", "old_due_on", "new_due_on", "old_assignee", "new_assignee", "old_target_table", "new_target_table", "old_target_id", "new_target_id", "old_external_ids", "new_external_ids")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' number', '')
      || iif(d2, ' title', '')
      || iif(d3, ' kind', '')
      || iif(d4, ' state', '')
      || iif(d5, ' priority', '')
      || iif(d6, ' due_on', '')
      || iif(d7, ' assignee', '')
      || iif(d8, ' target_table target_id', '')
      || iif(d9, ' external_ids', '')),
      iif(d1, old."number", null),
      iif(d1, new."number", null),
      iif(d2, old."title", null),
      iif(d2, new."title", null),
      iif(d3, old."kind", null),
      iif(d3, new."kind", null),
      iif(d4, old."state", null),
      iif(d4, new."state", null),
      iif(d5, old."priority", null),
      iif(d5, new."priority", null),
      iif(d6, old."due_on", null),
      iif(d6, new."due_on", null),
      iif(d7, old."assignee", null),
      iif(d7, new."assignee", null),
      iif(d8, old."target_table", null),
      iif(d8, new."target_table", null),
      iif(d8, old."target_id", null),
      iif(d8, new."target_id", null),
      iif(d9, old."external_ids", null),
      iif(d9, new."external_ids", null)
    from arxos_writing w, (select
        (old."number" is not new."number") as d1,
        (old."title" is not new."title") as d2,
        (old."kind" is not new."kind") as d3,
        (old."state" is not new."state") as d4,
        (old."priority" is not new."priority") as d5,
        (old."due_on" is not new."due_on") as d6,
        (old."assignee" is not new."assignee") as d7,
        (old."target_table" is not new."target_table" or old."target_id" is not new."target_id") as d8,
        (old."external_ids" is not new."external_ids") as d9) d;
end;

create trigger "arxos_identity_work_order" before update of pk, id on "work_order"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_work_order" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "work_order"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "work_order" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_work_order" after delete on "work_order"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_work_order" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_number", "old_title", "old_kind", "old_state", "old_priority", "old_due_on", "old_assignee", "old_target_table", "old_target_id", "old_external_ids")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."number",
      old."title",
      old."kind",
      old."state",
      old."priority",
      old."due_on",
      old."assignee",
      old."target_table",
      old."target_id",
      old."external_ids"
    from arxos_writing w;
end;

--: table export_activity building
create table "export_activity" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "format" text,
  "filter" text,
  "state" text,
  "byte_size" bigint,
  "processing_ms" bigint,
  "download_count" bigint,
  "sequence_exported" bigint,
  "expires_at" text
);
create unique index "export_activity_id" on "export_activity" ("id");

--: capture export_activity

create table "arxos_log_export_activity" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_format" text,
  "old_filter" text,
  "old_state" text,
  "old_byte_size" bigint,
  "old_processing_ms" bigint,
  "old_download_count" bigint,
  "old_sequence_exported" bigint,
  "old_expires_at" text,
  "old_origin" text,
  "new_origin" text
);
create index "arxos_log_export_activity_id" on "arxos_log_export_activity" (id);
create index "arxos_log_export_activity_delete" on "arxos_log_export_activity" (id) where op = 'delete';
create index "arxos_log_export_activity_key" on "arxos_log_export_activity" (transaction_key);

create trigger "arxos_no_insert_export_activity" before insert on "export_activity"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to export_activity');
end;

create trigger "arxos_no_update_export_activity" before update on "export_activity"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to export_activity');
end;

create trigger "arxos_no_delete_export_activity" before delete on "export_activity"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to export_activity');
end;

--: table conflict building
create table "conflict" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
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
  "resolution" text
);
create unique index "conflict_id" on "conflict" ("id");

--: capture conflict

create table "arxos_log_conflict" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_table" text,
  "old_row_id" text,
  "old_field" text,
  "old_base" text,
  "old_kept" text,
  "old_other" text,
  "old_kept_by" text,
  "old_other_by" text,
  "old_kept_device" text,
  "old_other_device" text,
  "old_kept_stamp" text,
  "old_other_stamp" text,
  "old_kind" text,
  "old_resolved_by" text,
  "old_origin" text,
  "old_state" text,
  "old_resolution" text,
  "new_origin" text,
  "new_state" text,
  "new_resolution" text
);
create index "arxos_log_conflict_id" on "arxos_log_conflict" (id);
create index "arxos_log_conflict_delete" on "arxos_log_conflict" (id) where op = 'delete';
create index "arxos_log_conflict_key" on "arxos_log_conflict" (transaction_key);

create trigger "arxos_no_insert_conflict" before insert on "conflict"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to conflict');
end;

create trigger "arxos_no_delete_conflict" before delete on "conflict"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to conflict');
end;

create trigger "arxos_updated_conflict" after update on "conflict"
when (select capture from arxos_writing) and (old."state" is not new."state" or old."resolution" is not new."resolution")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_conflict" (transaction_key, place, op, id, changed, "old_state", "new_state", "old_resolution", "new_resolution")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' state', '')
      || iif(d2, ' resolution', '')),
      iif(d1, old."state", null),
      iif(d1, new."state", null),
      iif(d2, old."resolution", null),
      iif(d2, new."resolution", null)
    from arxos_writing w, (select
        (old."state" is not new."state") as d1,
        (old."resolution" is not new."resolution") as d2) d;
end;

create trigger "arxos_identity_conflict" before update of pk, id on "conflict"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_conflict" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "table", "row_id", "field", "base", "kept", "other", "kept_by", "other_by", "kept_device", "other_device", "kept_stamp", "other_stamp", "kind", "resolved_by", "origin" on "conflict"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."table" is not new."table" or old."row_id" is not new."row_id" or old."field" is not new."field" or old."base" is not new."base" or old."kept" is not new."kept" or old."other" is not new."other" or old."kept_by" is not new."kept_by" or old."other_by" is not new."other_by" or old."kept_device" is not new."kept_device" or old."other_device" is not new."other_device" or old."kept_stamp" is not new."kept_stamp" or old."other_stamp" is not new."other_stamp" or old."kind" is not new."kind" or old."resolved_by" is not new."resolved_by" or old."origin" is not new."origin")
begin
  update "conflict" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "table" = old."table", "row_id" = old."row_id", "field" = old."field", "base" = old."base", "kept" = old."kept", "other" = old."other", "kept_by" = old."kept_by", "other_by" = old."other_by", "kept_device" = old."kept_device", "other_device" = old."other_device", "kept_stamp" = old."kept_stamp", "other_stamp" = old."other_stamp", "kind" = old."kind", "resolved_by" = old."resolved_by", "origin" = old."origin" where pk = new.pk;
end;

--: table member building
create table "member" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "user_id" text,
  "name" text,
  "role" text,
  "organisation" text,
  "colour" text
);
create unique index "member_id" on "member" ("id");

--: capture member

create table "arxos_log_member" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_user_id" text,
  "old_name" text,
  "old_role" text,
  "old_organisation" text,
  "old_colour" text,
  "old_origin" text,
  "new_origin" text
);
create index "arxos_log_member_id" on "arxos_log_member" (id);
create index "arxos_log_member_delete" on "arxos_log_member" (id) where op = 'delete';
create index "arxos_log_member_key" on "arxos_log_member" (transaction_key);

create trigger "arxos_no_insert_member" before insert on "member"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to member');
end;

create trigger "arxos_no_update_member" before update on "member"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to member');
end;

create trigger "arxos_no_delete_member" before delete on "member"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to member');
end;

--: table wallet_entry user
create table "wallet_entry" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "points" bigint,
  "state" text,
  "reward_rule" text,
  "reason" text,
  "validation_id" text,
  "posts_at" text
);
create unique index "wallet_entry_id" on "wallet_entry" ("id");

--: capture wallet_entry

create table "arxos_log_wallet_entry" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_points" bigint,
  "old_state" text,
  "old_reward_rule" text,
  "old_reason" text,
  "old_validation_id" text,
  "old_posts_at" text,
  "old_origin" text,
  "new_origin" text
);
create index "arxos_log_wallet_entry_id" on "arxos_log_wallet_entry" (id);
create index "arxos_log_wallet_entry_delete" on "arxos_log_wallet_entry" (id) where op = 'delete';
create index "arxos_log_wallet_entry_key" on "arxos_log_wallet_entry" (transaction_key);

create trigger "arxos_no_insert_wallet_entry" before insert on "wallet_entry"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to wallet_entry');
end;

create trigger "arxos_no_update_wallet_entry" before update on "wallet_entry"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to wallet_entry');
end;

create trigger "arxos_no_delete_wallet_entry" before delete on "wallet_entry"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to wallet_entry');
end;

--: table notification user
create table "notification" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
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
  "read_at" text
);
create unique index "notification_id" on "notification" ("id");

--: capture notification

create table "arxos_log_notification" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_title" text,
  "old_body" text,
  "old_link" text,
  "old_kind" text,
  "old_building_id" text,
  "old_read_at" text,
  "old_origin" text,
  "new_origin" text
);
create index "arxos_log_notification_id" on "arxos_log_notification" (id);
create index "arxos_log_notification_delete" on "arxos_log_notification" (id) where op = 'delete';
create index "arxos_log_notification_key" on "arxos_log_notification" (transaction_key);

create trigger "arxos_no_insert_notification" before insert on "notification"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to notification');
end;

create trigger "arxos_no_update_notification" before update on "notification"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to notification');
end;

create trigger "arxos_no_delete_notification" before delete on "notification"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to notification');
end;

--: table membership user
create table "membership" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "building" text,
  "building_name" text,
  "role" text,
  "invited_by" text,
  "until" text
);
create unique index "membership_id" on "membership" ("id");

--: capture membership

create table "arxos_log_membership" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_building" text,
  "old_building_name" text,
  "old_role" text,
  "old_invited_by" text,
  "old_until" text,
  "old_origin" text,
  "new_origin" text
);
create index "arxos_log_membership_id" on "arxos_log_membership" (id);
create index "arxos_log_membership_delete" on "arxos_log_membership" (id) where op = 'delete';
create index "arxos_log_membership_key" on "arxos_log_membership" (transaction_key);

create trigger "arxos_no_insert_membership" before insert on "membership"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to membership');
end;

create trigger "arxos_no_update_membership" before update on "membership"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to membership');
end;

create trigger "arxos_no_delete_membership" before delete on "membership"
when (select capture from arxos_writing)
begin
  select raise(abort, 'only the server writes this to membership');
end;

--: table preference user
create table "preference" (
  pk integer primary key,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "unit_system" text,
  "language" text,
  "theme" text,
  "digest_frequency" text,
  "views" text
);
create unique index "preference_id" on "preference" ("id");

--: capture preference

create table "arxos_log_preference" (
  entry integer primary key,
  transaction_key integer not null,
  place integer not null,
  op text not null,
  id text not null,
  changed text,
  "old_sequence" bigint,
  "old_created_at" text,
  "old_created_by" text,
  "old_updated_at" text,
  "old_updated_by" text,
  "old_origin" text,
  "old_unit_system" text,
  "old_language" text,
  "old_theme" text,
  "old_digest_frequency" text,
  "old_views" text,
  "new_origin" text,
  "new_unit_system" text,
  "new_language" text,
  "new_theme" text,
  "new_digest_frequency" text,
  "new_views" text
);
create index "arxos_log_preference_id" on "arxos_log_preference" (id);
create index "arxos_log_preference_delete" on "arxos_log_preference" (id) where op = 'delete';
create index "arxos_log_preference_key" on "arxos_log_preference" (transaction_key);

create table "arxos_stash_preference" (
  pk integer,
  "id" text,
  "sequence" bigint,
  "created_at" text,
  "created_by" text,
  "updated_at" text,
  "updated_by" text,
  "origin" text,
  "unit_system" text,
  "language" text,
  "theme" text,
  "digest_frequency" text,
  "views" text
);

create trigger "arxos_stash_preference" before insert on "preference"
when (select capture from arxos_writing)
begin
  delete from "arxos_stash_preference";
  insert into "arxos_stash_preference" ("pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "unit_system", "language", "theme", "digest_frequency", "views") select "pk", "id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin", "unit_system", "language", "theme", "digest_frequency", "views" from "preference"
    where id = new.id or pk = new.pk;
end;

create trigger "arxos_inserted_preference" after insert on "preference"
when (select capture from arxos_writing) and not exists (select 1 from "arxos_stash_preference" where id = new.id)
begin
  update arxos_writing set capture = 2 where new.id is null or new."sequence" is not null or new."created_at" is not null or new."created_by" is not null or new."updated_at" is not null or new."updated_by" is not null;
  update "preference" set id = coalesce(id, lower(printf('%08x-%04x-7%s-%s%s-%s', cast((julianday('now') - 2440587.5) * 86400000 as integer) >> 16, cast((julianday('now') - 2440587.5) * 86400000 as integer) & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))), "sequence" = null, "created_at" = null, "created_by" = null, "updated_at" = null, "updated_by" = null
    where pk = new.pk and (select capture from arxos_writing) = 2;
  update arxos_writing set capture = 1 where capture = 2;
  update arxos_writing set place = place + 1;
  insert into "arxos_log_preference" (transaction_key, place, op, id, changed, "new_origin", "new_unit_system", "new_language", "new_theme", "new_digest_frequency", "new_views")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'insert', t.id, null,
      t."origin",
      t."unit_system",
      t."language",
      t."theme",
      t."digest_frequency",
      t."views"
    from arxos_writing w, "preference" t where t.pk = new.pk;
end;

create trigger "arxos_replaced_preference" after insert on "preference"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_preference" where id = new.id)
begin
  delete from "arxos_log_preference" where op = 'delete' and id = new.id
    and place = (select place from arxos_writing);
  update arxos_writing set capture = 2 + exists (select 1 from "arxos_stash_preference" s where s.id = new.id and (s."unit_system" is not new."unit_system" or s."language" is not new."language" or s."theme" is not new."theme" or s."digest_frequency" is not new."digest_frequency" or s."views" is not new."views"));
  update arxos_writing set place = place + 1 where capture = 3;
  insert into "arxos_log_preference" (transaction_key, place, op, id, changed, "old_unit_system", "new_unit_system", "old_language", "new_language", "old_theme", "new_theme", "old_digest_frequency", "new_digest_frequency", "old_views", "new_views")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' unit_system', '')
      || iif(d2, ' language', '')
      || iif(d3, ' theme', '')
      || iif(d4, ' digest_frequency', '')
      || iif(d5, ' views', '')),
      iif(d1, s."unit_system", null),
      iif(d1, new."unit_system", null),
      iif(d2, s."language", null),
      iif(d2, new."language", null),
      iif(d3, s."theme", null),
      iif(d3, new."theme", null),
      iif(d4, s."digest_frequency", null),
      iif(d4, new."digest_frequency", null),
      iif(d5, s."views", null),
      iif(d5, new."views", null)
    from arxos_writing w, (select s.*,
        (s."unit_system" is not new."unit_system") as d1,
        (s."language" is not new."language") as d2,
        (s."theme" is not new."theme") as d3,
        (s."digest_frequency" is not new."digest_frequency") as d4,
        (s."views" is not new."views") as d5
      from "arxos_stash_preference" s where s.id = new.id) s where w.capture = 3;
  update "preference" set "sequence" = s."sequence", "created_at" = s."created_at", "created_by" = s."created_by", "updated_at" = s."updated_at", "updated_by" = s."updated_by", origin = s.origin from "arxos_stash_preference" s
    where "preference".pk = new.pk and s.id = new.id;
  update arxos_writing set capture = 1;
end;

create trigger "arxos_killed_preference" after insert on "preference"
when (select capture from arxos_writing) and exists (select 1 from "arxos_stash_preference" where id is not new.id)
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_preference" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_unit_system", "old_language", "old_theme", "old_digest_frequency", "old_views")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', s.id, null,
      s."sequence",
      s."created_at",
      s."created_by",
      s."updated_at",
      s."updated_by",
      s."origin",
      s."unit_system",
      s."language",
      s."theme",
      s."digest_frequency",
      s."views"
    from arxos_writing w, "arxos_stash_preference" s where s.id is not new.id;
end;

create trigger "arxos_updated_preference" after update on "preference"
when (select capture from arxos_writing) and (old."unit_system" is not new."unit_system" or old."language" is not new."language" or old."theme" is not new."theme" or old."digest_frequency" is not new."digest_frequency" or old."views" is not new."views")
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_preference" (transaction_key, place, op, id, changed, "old_unit_system", "new_unit_system", "old_language", "new_language", "old_theme", "new_theme", "old_digest_frequency", "new_digest_frequency", "old_views", "new_views")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'update', new.id, ltrim(iif(d1, ' unit_system', '')
      || iif(d2, ' language', '')
      || iif(d3, ' theme', '')
      || iif(d4, ' digest_frequency', '')
      || iif(d5, ' views', '')),
      iif(d1, old."unit_system", null),
      iif(d1, new."unit_system", null),
      iif(d2, old."language", null),
      iif(d2, new."language", null),
      iif(d3, old."theme", null),
      iif(d3, new."theme", null),
      iif(d4, old."digest_frequency", null),
      iif(d4, new."digest_frequency", null),
      iif(d5, old."views", null),
      iif(d5, new."views", null)
    from arxos_writing w, (select
        (old."unit_system" is not new."unit_system") as d1,
        (old."language" is not new."language") as d2,
        (old."theme" is not new."theme") as d3,
        (old."digest_frequency" is not new."digest_frequency") as d4,
        (old."views" is not new."views") as d5) d;
end;

create trigger "arxos_identity_preference" before update of pk, id on "preference"
when (select capture from arxos_writing) and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)
begin
  select raise(abort, 'a row keeps its id and pk');
end;

create trigger "arxos_put_back_preference" after update of "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin" on "preference"
when (select capture from arxos_writing) = 1 and old.id is not null and (old."sequence" is not new."sequence" or old."created_at" is not new."created_at" or old."created_by" is not new."created_by" or old."updated_at" is not new."updated_at" or old."updated_by" is not new."updated_by" or old."origin" is not new."origin")
begin
  update "preference" set "sequence" = old."sequence", "created_at" = old."created_at", "created_by" = old."created_by", "updated_at" = old."updated_at", "updated_by" = old."updated_by", "origin" = old."origin" where pk = new.pk;
end;

create trigger "arxos_deleted_preference" after delete on "preference"
when (select capture from arxos_writing) and old.id is not null
begin
  update arxos_writing set place = place + 1;
  insert into "arxos_log_preference" (transaction_key, place, op, id, changed, "old_sequence", "old_created_at", "old_created_by", "old_updated_at", "old_updated_by", "old_origin", "old_unit_system", "old_language", "old_theme", "old_digest_frequency", "old_views")
    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, 'delete', old.id, null,
      old."sequence",
      old."created_at",
      old."created_by",
      old."updated_at",
      old."updated_by",
      old."origin",
      old."unit_system",
      old."language",
      old."theme",
      old."digest_frequency",
      old."views"
    from arxos_writing w;
end;
