-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

create table "row_change" (
    "scope" text not null,
    "row_id" text not null,
    "sequence" bigint not null,
    primary key (scope, row_id, sequence)
);
