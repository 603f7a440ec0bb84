"""The catalogue as a JavaScript module, for the browser's replica and its pages.

Names are those of the TOML, in camel case where they are of two words. A column written short there is whole
here: what it does not say is null, empty or false, as in `arxos_sync.catalogue.Column`.
"""

from __future__ import annotations

import json
from typing import Any

from arxos_sync.catalogue import ROLES, SERVER, Catalogue, Column, Table
from arxos_sync.storage.replica_ddl import fingerprint

_HEAD = """// Made from schemas/catalogue.toml by schemas/generate/javascript.py: do not edit.

/** A column as arxos_sync/catalogue.py has it; `field` is the name under which it merges. */
function column(name, type, rule, write, said) {
  return Object.freeze({
    name, type, rule, write, group: null, field: name, unit: null, values: null, required: false,
    references: null, pair: null, onDelete: null, steps: [], initial: null, kinds: [], dimensions: 0, srid: 0,
    ifc: null, help: "", since: 1,
    ...said,
  });
}

function table(name, scope, said, columns, groups) {
  const named = Object.freeze(Object.fromEntries(columns.map((one) => [one.name, one])));
  return Object.freeze({ name, scope, ...said, columns: named, groups: Object.freeze(groups) });
}

"""
_SAID = {
    "group": "group",
    "unit": "unit",
    "values": "values",
    "required": "required",
    "references": "references",
    "pair": "pair",
    "on_delete": "onDelete",
    "steps": "steps",
    "initial": "initial",
    "kinds": "kinds",
    "dimensions": "dimensions",
    "srid": "srid",
    "ifc": "ifc",
    "help": "help",
}


def files(catalogue: Catalogue) -> dict[str, str]:
    return {"pwa/core/catalogue.js": _module(catalogue)}


def _module(catalogue: Catalogue) -> str:
    tables = "".join(_table(table) for table in catalogue.synced().values())
    order = {scope: [t.name for t in catalogue.parents_first(scope)] for scope in ("building", "user")}
    schema = (
        f"export const SCHEMA = {catalogue.schema};\n"
        f"/** Names the SQL of replica.sql: a file that says another is brought up to date. */\n"
        f"export const MADE = {_text(fingerprint(catalogue))};\n"
        f"/** From the least to the most a person may do. */\n"
        f"export const ROLES = Object.freeze({json.dumps(ROLES)});\n"
        f"/** The tables of each scope, each after those its rows refer to. */\n"
        f"export const PARENTS_FIRST = Object.freeze({json.dumps(order)});"
    )
    return f"{_HEAD}{schema}\n\nexport const TABLES = Object.freeze({{\n{tables}}});\n"


def _table(table: Table) -> str:
    said = {
        "ifc": table.ifc,
        "cobie": table.cobie,
        "insert": table.insert,
        "update": table.update,
        "delete": table.delete,
        "help": table.help,
    }
    columns = "".join(f"    {_column(table, one)},\n" for one in table.columns.values())
    return (
        f"  {table.name}: table({_text(table.name)}, {_text(table.scope)}, {_text(said)}, [\n"
        f"{columns}  ], {_text({name: list(group) for name, group in table.groups.items()})}),\n"
    )


def _column(table: Table, column: Column) -> str:
    said = {js: getattr(column, name) for name, js in _SAID.items() if getattr(column, name)}
    if column.since > 1:
        said["since"] = column.since
    if column.group:
        said["field"] = column.group
    write = SERVER if column.rule == SERVER else (column.write or table.update)
    words = [column.name, column.type, column.rule, write, *([said] if said else [])]
    return f"column({', '.join(_text(word) for word in words)})"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
