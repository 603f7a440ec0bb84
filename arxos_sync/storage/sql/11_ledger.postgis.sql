-- The points ledger: only ever added to, whoever asks; no credit, posting or reversal twice.
alter table ledger add constraint ledger_whole_units check (points >= 0);
create unique index ledger_by_number on ledger (number);
create unique index ledger_posted_once on ledger (about, side) where state = 'posted';
create unique index ledger_reversed_once on ledger (reverses, side) where reverses is not null;
create index ledger_by_entry on ledger (entry_id);
create index ledger_by_day on ledger (user_id, day) where day is not null;
create function ledger_is_only_added_to() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is only added to: write an entry that takes the other back';
end
$$;
create trigger ledger_rows_stay before update or delete on ledger
    for each statement execute function ledger_is_only_added_to();
create trigger ledger_stays before truncate on ledger
    for each statement execute function ledger_is_only_added_to();
revoke update, delete, truncate on ledger from public;
insert into ledger_place (name, number, hash) values ('chain', 0, ''), ('told', 0, null);
insert into reward_rule (name, version, points, daily_cap, valid_from) values
    ('validation.confirmed', 1, 10, 200, '2000-01-01T00:00:00.000Z'),
    ('validation.corrected', 1, 10, 200, '2000-01-01T00:00:00.000Z'),
    ('validation.not_found', 1, 10, 200, '2000-01-01T00:00:00.000Z'),
    ('validation.unexpected', 1, 10, 200, '2000-01-01T00:00:00.000Z'),
    ('validation.no_access', 1, 2, 20, '2000-01-01T00:00:00.000Z'),
    ('validation.similar', 1, 1, 50, '2000-01-01T00:00:00.000Z');
