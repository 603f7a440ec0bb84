-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.

create table "follower" (
    "name" text not null,
    "scope" text not null,
    "sequence" bigint not null,
    "held_by" text,
    "held_until" text,
    "tries" bigint not null,
    "next_try_at" text,
    "problem" text,
    primary key (name, scope)
);

create table "mail" (
    "id" text not null,
    "to_address" text not null,
    "subject" text not null,
    "body" text not null,
    "created_at" text not null,
    "next_try_at" text,
    "tries" bigint not null,
    "held_until" text,
    "sent_at" text,
    "problem" text,
    primary key (id)
);
create index mail_by_next_try_at on "mail" (next_try_at);
