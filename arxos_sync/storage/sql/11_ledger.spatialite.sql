-- The points ledger: only ever added to, whoever asks; no credit, posting or reversal twice.
create unique index ledger_by_number on ledger (number);
create unique index ledger_posted_once on ledger (about, side) where state = 'posted';
create unique index ledger_reversed_once on ledger (reverses, side) where reverses is not null;
create index ledger_by_entry on ledger (entry_id);
create index ledger_by_day on ledger (user_id, day) where day is not null;
create trigger ledger_is_not_changed before update on ledger
    begin select raise(abort, 'the ledger is only added to: write an entry that takes the other back'); end;
create trigger ledger_loses_nothing before delete on ledger
    begin select raise(abort, 'the ledger is only added to: write an entry that takes the other back'); end;
create trigger ledger_whole_units before insert on ledger when new.points < 0 or typeof(new.points) <> 'integer'
    begin select raise(abort, 'points are whole and not negative'); end;
create trigger ledger_replaces_nothing before insert on ledger
    when exists (select 1 from ledger where id = new.id)
      or exists (select 1 from ledger where number = new.number)
      or exists (select 1 from ledger where reward_rule = new.reward_rule and validation_id = new.validation_id
          and side = new.side)
      or exists (select 1 from ledger where about = new.about and side = new.side and state = 'posted'
          and new.state = 'posted')
      or exists (select 1 from ledger where reverses = new.reverses and side = new.side)
    begin select raise(abort, 'the ledger has this entry already'); end;
insert into ledger_place (name, number, hash) values ('chain', 0, ''), ('told', 0, null);
insert into reward_rule (name, version, points, daily_cap, valid_from) values
    ('validation.confirmed', 1, 10, 200, '2000-01-01T00:00:00.000Z'),
    ('validation.corrected', 1, 10, 200, '2000-01-01T00:00:00.000Z'),
    ('validation.not_found', 1, 10, 200, '2000-01-01T00:00:00.000Z'),
    ('validation.unexpected', 1, 10, 200, '2000-01-01T00:00:00.000Z'),
    ('validation.no_access', 1, 2, 20, '2000-01-01T00:00:00.000Z'),
    ('validation.similar', 1, 1, 50, '2000-01-01T00:00:00.000Z');
