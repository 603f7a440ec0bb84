"""The SQL of a replica file: tables, change capture, and what SpatiaLite adds, from the catalogue.

One file in sections, each begun by a line `--: <kind> <table> [<column>]`, so that a reader picks what it
can run:
  beside            the tables beside the domain's, and the clock's trigger (plain SQLite)
  table T S         a domain table of scope S (plain SQLite)
  capture T         its log table, stash and triggers (plain SQLite 3.40, no function but the built-in ones)
  geometry T C      registration and R*Tree (only SpatiaLite can run it)
  align T C         what keeps the R*Tree true under INSERT OR REPLACE (plain SQLite; needs the R*Tree)

How capture works. A BEFORE INSERT trigger stashes the rows that the insert may replace; the AFTER INSERT
triggers compare, so that OR IGNORE logs nothing, an upsert an update, and INSERT OR REPLACE an update (and a
delete of a row that lost its `pk`). `arxos_writing` holds one row: `capture` (0 while remote rows are
applied, 2 or 3 while a trigger works on what an insert replaced or sets columns of the server's),
`transaction_key` (set by our own writers; without it each row is a transaction of its own, and `arxos_tick`
makes its stamp when the entry is counted), the clock, the sequence applied. Columns that only the server
writes are put back; tables that only it writes refuse.
"""

from __future__ import annotations

import hashlib

from ..catalogue import SERVER, Catalogue, Column, Table

_TYPES = {"integer": "bigint", "boolean": "integer", "counter": "bigint", "real": "double", "bytes": "blob"}
_NOW_MS = "cast((julianday('now') - 2440587.5) * 86400000 as integer)"
_UUID7 = f"""lower(printf('%08x-%04x-7%s-%s%s-%s', {_NOW_MS} >> 16, {_NOW_MS} & 65535,
    substr(hex(randomblob(2)), 1, 3), substr('89ab', 1 + (random() & 3), 1),
    substr(hex(randomblob(2)), 1, 3), hex(randomblob(6))))"""
_CAPTURE = "(select capture from arxos_writing)"

_BESIDE = """--: beside
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
    counter = case when {now} > ms then 0 when counter >= 65535 then 0 else counter + 1 end,
    ms = case when {now} > ms then {now} when counter >= 65535 then ms + 1 else ms end;
  insert into arxos_change_log (stamp, base)
    select printf('%012x-%04x-%s', ms, counter, tail), sequence from arxos_writing;
end;
""".replace("{now}", _NOW_MS)


def sql(catalogue: Catalogue) -> str:
    parts = [
        f"-- Made from schemas/catalogue.toml (schema {catalogue.schema}) by python -m schemas.make.\n",
        _BESIDE,
    ]
    for table in catalogue.synced().values():
        parts += [_table(table), _capture(table)]
        for column in table.geometries:
            parts.append(_geometry(table, column))
            if table.insert != SERVER:
                parts.append(_align(table, column))
    return "\n".join(parts)


def fingerprint(catalogue: Catalogue) -> str:
    """Names what `sql` makes, so that a file tells by which SQL it was made. Worked out once a catalogue."""
    kept = vars(catalogue)
    if "_replica_fingerprint" not in kept:
        kept["_replica_fingerprint"] = hashlib.sha256(sql(catalogue).encode()).hexdigest()[:16]
    return kept["_replica_fingerprint"]


def written(table: Table) -> list[Column]:
    """The columns that devices may write, `origin` (at insert) among them."""
    return [c for c in table.columns.values() if c.rule != SERVER or c.name == "origin"]


def kept(table: Table) -> list[Column]:
    """The columns that only the server writes, but `id`."""
    return [c for c in table.columns.values() if c.rule == SERVER and c.name not in ("id", "origin")]


def _type(column: Column) -> str:
    if column.type == "geometry":
        return column.kinds[0].lower() if len(column.kinds) == 1 else "geometry"
    return _TYPES.get(column.type, "text")


def _log_type(column: Column) -> str:
    return "blob" if column.type == "geometry" else _type(column)


def _table(table: Table) -> str:
    columns = ["  pk integer primary key"]
    for column in table.columns.values():
        columns.append(f'  "{column.name}" {_type(column)}')
    unique = f'create unique index "{table.name}_id" on "{table.name}" ("id");\n'  # a snapshot can go without it
    indexes = [
        f'create index "{table.name}_{c.name}" on "{table.name}" ("{c.name}") where "{c.name}" is not null;\n'
        for c in table.references
    ]
    body = ",\n".join(columns)
    made = f'create table "{table.name}" (\n{body}\n);\n'
    return f"--: table {table.name} {table.scope}\n" + made + unique + "".join(indexes)


# ---------------------------------------------------------------- capture


def _capture(table: Table) -> str:
    parts = [f"--: capture {table.name}\n", _log_table(table)]
    for op in ("insert", "update", "delete"):
        if getattr(table, op) == SERVER:
            parts.append(_refuse(table, op))
    if table.insert != SERVER:
        parts += [_stash(table), _inserted(table), _replaced(table), _killed(table)]
    if table.update != SERVER:
        parts += [_updated(table), _identity(table), _put_back(table)]
    if table.delete != SERVER:
        parts.append(_deleted(table))
    return "\n".join(parts)


def _log_table(table: Table) -> str:
    lines = [
        "  entry integer primary key",
        "  transaction_key integer not null",
        "  place integer not null",
        "  op text not null",
        "  id text not null",
        "  changed text",
    ]
    lines += [f'  "old_{c.name}" {_log_type(c)}' for c in [*kept(table), *written(table)]]
    lines += [f'  "new_{c.name}" {_log_type(c)}' for c in written(table)]
    body = ",\n".join(lines)
    log = f"arxos_log_{table.name}"
    return (
        f'create table "{log}" (\n{body}\n);\n'
        f'create index "{log}_id" on "{log}" (id);\n'
        f'create index "{log}_delete" on "{log}" (id) where op = \'delete\';\n'
        f'create index "{log}_key" on "{log}" (transaction_key);\n'
    )


def _trigger(table: Table, name: str, when: str, condition: str, body: list[str]) -> str:
    steps = "\n".join(f"  {step};" for step in body)
    return (
        f'create trigger "arxos_{name}_{table.name}" {when} on "{table.name}"\n'
        f"when {condition}\nbegin\n{steps}\nend;\n"
    )


def _refuse(table: Table, op: str) -> str:
    message = f"only the server writes this to {table.name}"
    return _trigger(table, f"no_{op}", f"before {op}", _CAPTURE, [f"select raise(abort, '{message}')"])


def _stash(table: Table) -> str:
    names = ", ".join(f'"{c}"' for c in ["pk", *table.columns])
    typed = ",\n".join(["  pk integer", *(f'  "{c.name}" {_log_type(c)}' for c in table.columns.values())])
    return f'create table "arxos_stash_{table.name}" (\n{typed}\n);\n\n' + _trigger(
        table,
        "stash",
        "before insert",
        _CAPTURE,
        [
            f'delete from "arxos_stash_{table.name}"',
            f'insert into "arxos_stash_{table.name}" ({names}) select {names} from "{table.name}"\n'
            "    where id = new.id or pk = new.pk",
        ],
    )


def _tick(condition: str = "") -> str:
    """Count the entry; where no writer of ours named a stamp, `arxos_tick` moves the clock on and heads the entry."""
    return f"update arxos_writing set place = place + 1{condition}"


def _entry(table: Table, op: str, changed: str, values: dict[str, str], source: str) -> str:
    names = ", ".join(["transaction_key, place, op, id, changed", *(f'"{n}"' for n in values)])
    parts = ",\n      ".join(values.values())
    return (
        f'insert into "arxos_log_{table.name}" ({names})\n'
        "    select coalesce(w.transaction_key, (select max(key) from arxos_change_log)), w.place, "
        f"'{op}', {changed},\n      {parts}\n    from {source}"
    )


def _inserted(table: Table) -> str:
    server = ", ".join(f'"{c.name}" = null' for c in kept(table))
    given = " or ".join(f'new."{c.name}" is not null' for c in kept(table))
    values = {f"new_{c.name}": f't."{c.name}"' for c in written(table)}
    return _trigger(
        table,
        "inserted",
        "after insert",
        f'{_CAPTURE} and not exists (select 1 from "arxos_stash_{table.name}" where id = new.id)',
        [
            f"update arxos_writing set capture = 2 where new.id is null or {given}",
            f'update "{table.name}" set id = coalesce(id, {_UUID7}), {server}\n'
            "    where pk = new.pk and (select capture from arxos_writing) = 2",
            "update arxos_writing set capture = 1 where capture = 2",
            _tick(),
            _entry(table, "insert", "t.id, null", values, f'arxos_writing w, "{table.name}" t where t.pk = new.pk'),
        ],
    )


def _fields(table: Table) -> list[list[str]]:
    """Columns by the field they merge as; `origin` never changes after insert."""
    found: dict[str, list[str]] = {}
    for column in table.data.values():
        if column.rule != SERVER:
            found.setdefault(column.field, []).append(column.name)
    return list(found.values())


def _differs(columns: list[str], old: str, new: str) -> str:
    return " or ".join(f'{old}."{c}" is not {new}."{c}"' for c in columns)


def _update_entry(table: Table, stash: str | None = None) -> str:
    """What differs from `old`, or from the row in the stash. `d1`, `d2`, … say which fields do: each is compared once,
    however many columns it has.
    """
    old = "s" if stash else "old"
    flags, names, values = [], [], {}
    for number, columns in enumerate(_fields(table), 1):
        flags.append(f"({_differs(columns, old, 'new')}) as d{number}")
        names.append(f"iif(d{number}, ' {' '.join(columns)}', '')")
        for column in columns:
            values[f"old_{column}"] = f'iif(d{number}, {old}."{column}", null)'
            values[f"new_{column}"] = f'iif(d{number}, new."{column}", null)'
    compared = ",\n        ".join(flags)
    if stash:
        beside = f"(select s.*,\n        {compared}\n      from {stash} s where s.id = new.id) s where w.capture = 3"
    else:
        beside = f"(select\n        {compared}) d"
    changed = "\n      || ".join(names)
    return _entry(table, "update", f"new.id, ltrim({changed})", values, f"arxos_writing w, {beside}")


def _replaced(table: Table) -> str:
    """With recursive triggers on, a REPLACE has logged a delete of the same row just before: it is taken
    back.
    """
    stash = f'"arxos_stash_{table.name}"'
    everything = [c for columns in _fields(table) for c in columns]
    differs = f"exists (select 1 from {stash} s where s.id = new.id and ({_differs(everything, 's', 'new')}))"
    server = ", ".join(f'"{c.name}" = s."{c.name}"' for c in kept(table))
    return _trigger(
        table,
        "replaced",
        "after insert",
        f"{_CAPTURE} and exists (select 1 from {stash} where id = new.id)",
        [
            f"delete from \"arxos_log_{table.name}\" where op = 'delete' and id = new.id\n"
            "    and place = (select place from arxos_writing)",
            f"update arxos_writing set capture = 2 + {differs}",
            _tick(" where capture = 3"),
            _update_entry(table, stash),
            f'update "{table.name}" set {server}, origin = s.origin from {stash} s\n'
            f'    where "{table.name}".pk = new.pk and s.id = new.id',
            "update arxos_writing set capture = 1",
        ],
    )


def _killed(table: Table) -> str:
    stash = f'"arxos_stash_{table.name}"'
    values = {f"old_{c.name}": f's."{c.name}"' for c in [*kept(table), *written(table)]}
    return _trigger(
        table,
        "killed",
        "after insert",
        f"{_CAPTURE} and exists (select 1 from {stash} where id is not new.id)",
        [
            _tick(),
            _entry(table, "delete", "s.id, null", values, f"arxos_writing w, {stash} s where s.id is not new.id"),
        ],
    )


def _updated(table: Table) -> str:
    everything = [c for columns in _fields(table) for c in columns]
    return _trigger(
        table,
        "updated",
        "after update",
        f"{_CAPTURE} and ({_differs(everything, 'old', 'new')})",
        [_tick(), _update_entry(table)],
    )


def _identity(table: Table) -> str:
    return _trigger(
        table,
        "identity",
        "before update of pk, id",
        f"{_CAPTURE} and ((old.id is not null and new.id is not old.id) or new.pk is not old.pk)",
        ["select raise(abort, 'a row keeps its id and pk')"],
    )


def _put_back(table: Table) -> str:
    names = [*(c.name for c in kept(table)), "origin"]
    columns = ", ".join(f'"{n}"' for n in names)
    back = ", ".join(f'"{n}" = old."{n}"' for n in names)
    return _trigger(
        table,
        "put_back",
        f"after update of {columns}",
        f"{_CAPTURE} = 1 and old.id is not null and ({_differs(names, 'old', 'new')})",
        [f'update "{table.name}" set {back} where pk = new.pk'],
    )


def _deleted(table: Table) -> str:
    values = {f"old_{c.name}": f'old."{c.name}"' for c in [*kept(table), *written(table)]}
    return _trigger(
        table,
        "deleted",
        "after delete",
        f"{_CAPTURE} and old.id is not null",
        [_tick(), _entry(table, "delete", "old.id, null", values, "arxos_writing w")],
    )


# ---------------------------------------------------------------- geometry


def _geometry(table: Table, column: Column) -> str:
    kind = column.kinds[0].upper() if len(column.kinds) == 1 else "GEOMETRY"
    srid = column.srid or -1
    dimensions = "XYZ" if column.dimensions == 3 else "XY"
    return (
        f"--: geometry {table.name} {column.name}\n"
        f"select RecoverGeometryColumn('{table.name}', '{column.name}', {srid}, '{kind}', '{dimensions}');\n"
        f"select CreateSpatialIndex('{table.name}', '{column.name}');\n"
    )


def _align(table: Table, column: Column) -> str:
    stash = f'"arxos_stash_{table.name}"'
    return f"--: align {table.name} {column.name}\n" + _trigger(
        table,
        f"align_{column.name}",
        "after insert",
        f"{_CAPTURE} and exists (select 1 from {stash} where pk <> new.pk)",
        [
            f'delete from "idx_{table.name}_{column.name}" where pkid in (select pk from {stash})\n'
            f'    and pkid not in (select pk from "{table.name}" where pk in (select pk from {stash}))'
        ],
    )
