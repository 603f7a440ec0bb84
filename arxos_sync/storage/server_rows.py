"""What both server adapters share: which columns a synced table's rows have, and the JSON beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgspec

from ..catalogue import Catalogue, Column, Table
from ..store import Gained, MergeState, Receipt, Row

SEARCHED = ("name", "code", "street", "house_number", "postal_code", "city", "region", "country")
KEPT = ("sequence", "born", "deleted", "merge_state")
_MERGE = msgspec.json.Decoder(MergeState)
_RECEIPT = msgspec.msgpack.Decoder(Receipt)


class Layout:
    """One table's columns in the order that both adapters write and read them: id, values, then KEPT."""

    def __init__(self, table: Table):
        self.table = table
        self.name = table.name
        self.owner = "user_id" if table.scope == "user" else "building_id"
        self.columns: list[Column] = [c for c in table.columns.values() if c.name not in ("id", "sequence")]
        self.valued = tuple(c.name for c in self.columns)
        self.counters = tuple(place for place, c in enumerate(self.columns, 1) if c.type == "counter")

    @cached_property
    def names(self) -> list[str]:
        return ["id", *(c.name for c in self.columns), *KEPT]

    def row(self, values: Sequence[Any]) -> Row:
        """A row from column values already turned into inner ones, in the order of `names`."""
        sequence, born, deleted, merge_state = values[-4:]
        named = dict(zip(self.valued, values[1:-4], strict=True))
        return Row(self.name, values[0], named, sequence, born, deleted, _MERGE.decode(merge_state))


Tables = dict[str, dict[str, Layout]]


def layouts(catalogue: Catalogue) -> Tables:
    """Per kind of scope, its tables'. A store makes them once."""
    return {
        kind: {name: Layout(table) for name, table in catalogue.synced(kind).items()} for kind in ("building", "user")
    }


def wanted_since(layout: Layout, gained: Gained | None, since: str) -> str:
    """The condition on a row of `changed`: `since` says that it is above the tombstones' floor."""
    if not gained:
        return f"(deleted is null or {since})"
    if layout.name not in gained:
        return since
    columns = gained[layout.name]
    told = " or ".join(f'"{name}" is not null' for name in columns) or "true"
    return f"({since} or deleted is null and ({told}))"


def split_scope(scope: str) -> tuple[str, str]:
    """(kind, owner's id) of a scope: `building` or `user`."""
    return ("user", scope.removeprefix("user:")) if scope.startswith("user:") else ("building", scope)


def merge_text(row: Row) -> str:
    return msgspec.json.encode(row.merge).decode()


def receipt_bytes(receipt: Receipt) -> bytes:
    return msgspec.msgpack.encode(receipt)


def read_receipt(content: bytes) -> Receipt:
    return _RECEIPT.decode(content)


def whole(number: float | int | None) -> float | int | None:
    """A counter as it was: whole numbers are ints."""
    return int(number) if isinstance(number, float) and number.is_integer() else number
