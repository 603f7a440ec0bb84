-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

alter table "audit_log" add column "number" bigint;

create table "audit_head" (
    "name" text not null,
    "number" bigint not null,
    "hash" text not null,
    primary key (name)
);
