-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

alter table "preference" add column "views" json;
