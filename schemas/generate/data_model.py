"""The catalogue as a page to read: `docs/data-model.md`."""

from __future__ import annotations

from collections.abc import Iterable

from arxos_sync.catalogue import ROLES, SERVER, Catalogue, Column, Table

_HEAD = """# What ARXOS keeps

Made from `schemas/catalogue.toml` by `make schemas`: change that file, not this page.

Schema {schema}. {count} tables travel between devices and the server; the last part lists what only the
server has. Coordinates inside a building are metres in its own frame; only building footprints are longitude
and latitude.

**Roles**, from least to most: {roles}. Where a line names a role, that role and every one after it may.

**Merge** is what happens to a field that two devices changed without knowing of each other:

| word | what happens |
|---|---|
| latest | the later change stands, a conflict keeps both |
| *group*, as one | the columns of the group move together, then as latest |
| geometry | the shape moves as one; equal after rounding to 0.1 mm is equal |
| append | set once, when the row is made |
| workflow | only the steps that are named; another one becomes a conflict |
| counter | every device's additions are summed |
| set | additions and removals are joined; an addition wins |
| map | each key is a field of its own |
| text | merged line by line; lines that overlap as latest |
| server | only the server writes it |

## In every row

{common}"""
_SCOPES = {
    "building": ("Of one building", "Who may read the building may read all of these."),
    "user": ("Of one person", "Only that person's devices hold these."),
}
_ON_DELETE = {
    "cascade": "this row goes too",
    "clear": "the reference is emptied",
    "restrict": "the deletion is refused",
}


def files(catalogue: Catalogue) -> dict[str, str]:
    return {"docs/data-model.md": _page(catalogue)}


def _page(catalogue: Catalogue) -> str:
    synced = catalogue.synced()
    some = next(iter(synced.values()))
    common = [c for c in some.columns.values() if c.name not in some.data]
    facts = {"schema": catalogue.schema, "count": len(synced), "roles": ", ".join(ROLES[1:])}
    parts = [_HEAD.format(**facts, common=_columns(some, common))]
    for scope, (title, words) in _SCOPES.items():
        parts.append(f"## {title}\n\n{words}\n")
        parts += [_section(table) for table in catalogue.synced(scope).values()]
    parts.append("## Only on the server\n\nThese never reach a device.\n")
    parts += [_section(table) for table in catalogue.tables.values() if table.scope == SERVER]
    return "\n".join(parts)


def _section(table: Table) -> str:
    lines = [f"### {table.name}\n", f"{table.help}\n" if table.help else "", f"{_facts(table)}\n"]
    return "\n".join(line for line in lines if line.strip()) + f"\n{_columns(table, table.data.values())}"


def _facts(table: Table) -> str:
    facts = []
    if table.ifc:
        facts.append(f"IFC: `{table.ifc}`.")
    if table.cobie:
        facts.append(f"COBie: {table.cobie}.")
    if table.scope != SERVER:
        who = {"Add": table.insert, "change": table.update, "delete": table.delete}
        facts.append("; ".join(f"{verb}: {_who(role)}" for verb, role in who.items()) + ".")
    facts += [f"One row a {' and '.join(f'`{c}`' for c in unique)}." for unique in table.unique]
    return "\n".join(facts)


def _who(role: str) -> str:
    return "only the server" if role == SERVER else role


def _columns(table: Table, columns: Iterable[Column]) -> str:
    if table.scope == SERVER:
        rows = [[f"`{c.name}`", _type(c), _cell(_words(table, c))] for c in columns]
        return _grid(["column", "type", "what it is"], rows)
    rows = [
        [f"`{c.name}`", _type(c), c.unit or "", _merge(c), _target(c), _cell(_words(table, c))]
        for c in columns
    ]
    return _grid(["column", "type", "unit", "merge", "when its target is deleted", "what it is"], rows)


def _grid(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _type(column: Column) -> str:
    if column.type != "geometry":
        return column.type + (", required" if column.required else "")
    frame = "lon/lat" if column.srid else "metres"
    return f"{' or '.join(column.kinds)}{' Z' if column.dimensions == 3 else ''}, {frame}"


def _merge(column: Column) -> str:
    if not column.group:
        return column.rule
    as_one = f"*{column.group}*, as one"
    return as_one if column.rule in ("atomic", "geometry") else f"{column.rule}; {as_one}"


def _target(column: Column) -> str:
    return _ON_DELETE[column.on_delete] if column.on_delete else ""


def _words(table: Table, column: Column) -> str:
    words = [column.help] if column.help else []
    if column.references:
        any_table = f"the table that `{column.pair}` names"
        words.append(f"Refers to {any_table if column.references == '*' else f'`{column.references}`'}.")
    if column.values:
        words.append(f"One of {', '.join(column.values)}.")
    if column.steps:
        words.append(f"Steps: {', '.join(_step(step) for step in column.steps)}.")
    if column.initial:
        words.append(f"Begins as {column.initial}.")
    if column.write and column.write not in (SERVER, table.update):
        words.append(f"Written by: {column.write}.")
    if column.ifc:
        words.append(f"IFC `{column.ifc}`.")
    return " ".join(words)


def _step(step: str) -> str:
    start, _, end = step.partition(">")
    return f"{start} → {end.removesuffix('!')}" + (" (a reviewer)" if end.endswith("!") else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
