"""A building while its log is looked at: the rows, people and roles that words are made of, each asked for once."""

from __future__ import annotations

from typing import Any

from arxos_sync.change import is_uuid
from arxos_sync.store import Row, RowQuery, ScopeReader

from ..accounts.people import Person, role_in
from ..parts import now

_CALLED = ("title", "name", "number", "tag", "ifc_class", "kind")


class House:
    def __init__(self, reader: ScopeReader, known: list[Row]) -> None:
        self.id, self._reader = reader.scope, reader
        self._rows: dict[tuple[str, str], Row | None] = {row.key: row for row in known}
        self.named: dict[str, str] = {}  # who was called by their name
        self._people: dict[str, dict[str, Any] | None] = {}
        self._reading: dict[str, bool] = {}
        self._reviewers: list[str] | None = None
        building = self.row("building", self.id)
        self.name = str(building.values["name"]) if building else ""

    # -------------------------------------------------------- rows, in words

    def row(self, table: str | None, id: str | None) -> Row | None:
        """As it stands, live or, where the log at hand deleted it, dead."""
        if table is None or not is_uuid(id):
            return None
        if (table, id) not in self._rows:
            found, _ = self._reader.listed(RowQuery(table, {"id": id}, limit=1))
            self._rows[table, id] = found[0] if found else None
        return self._rows[table, id]

    def of_row(self, table: str, id: str) -> str:
        row = self.row(table, id)
        return self.what(row) if row else table.replace("_", " ")

    def of_target(self, row: Row) -> str:
        target = self.row(row.values["target_table"], row.values["target_id"])
        task = self.row("task", row.values.get("task_id"))
        about = target or task
        field = row.values.get("field")
        return (self.what(about) if about else row.table) + (f", {field}" if field else "")

    def what(self, row: Row) -> str:
        """What people call it."""
        told = next((str(row.values[name]) for name in _CALLED if row.values.get(name)), row.table.replace("_", " "))
        if row.table == "work_order" and row.values["title"]:
            return f"{row.values['number']} {row.values['title']}"
        return told

    def due(self, row: Row) -> str:
        return f"due {row.values['due_on']}" if row.values.get("due_on") else ""

    def link(self, row: Row) -> str:
        """The page where it can be seen: the element it is about, where there is one."""
        about, seen = row, 0
        while about.table != "element" and seen < 4:
            parent = self._parent(about)
            if parent is None:
                return f"/b/{self.id}"
            about, seen = parent, seen + 1
        return f"/b/{self.id}?element={about.id}" if about.table == "element" else f"/b/{self.id}"

    def _parent(self, row: Row) -> Row | None:
        if row.table == "comment":
            return self.row("annotation", row.values["annotation_id"])
        target = self.row(row.values.get("target_table"), row.values.get("target_id"))
        return target or self.row("task", row.values.get("task_id"))

    # -------------------------------------------------------- people

    def owners(self, table: str, id: str) -> set[str]:
        """Whose it is: who made it, and who it was assigned to."""
        row = self.row(table, id)
        if row is None:
            return set()
        whose = {row.values.get("created_by"), row.values.get("assignee"), row.values.get("author")}
        return {str(one) for one in whose if one}

    def reviewers(self) -> list[str]:
        if self._reviewers is None:
            found = self._reader.sql.rows(_REVIEWERS, building=self.id, now=now())
            self._reviewers = [str(one["user_id"]) for one in found]
        return self._reviewers

    def name_of_person(self, user_id: str | None) -> str:
        found = self._person(user_id)
        if user_id is None or found is None:
            return ""
        self.named[user_id] = str(found["name"])
        return self.named[user_id]

    def may_hear(self, user_id: str, doer: str | None, kind: str) -> bool:
        """Somebody else's doing, and the building is theirs to read; but for the word that it is not any more."""
        found = self._person(user_id)
        if found is None or found["disabled_at"] is not None or user_id == doer:
            return False
        if user_id not in self._reading:
            person = Person(user_id, found["email"], found["name"], bool(found["is_admin"]))
            self._reading[user_id] = role_in(self._reader, person, now()) is not None
        return self._reading[user_id] or kind == "role_taken"

    def gave_themselves(self, user_id: str) -> bool:
        found = self._reader.sql.rows(_GIVEN_BY, user_id=user_id, building=self.id)
        return bool(found) and found[0]["invited_by"] is not None and str(found[0]["invited_by"]) == user_id

    def _person(self, user_id: str | None) -> dict[str, Any] | None:
        if user_id is None:
            return None
        if user_id not in self._people:
            found = self._reader.sql.rows(_PERSON, id=user_id)
            self._people[user_id] = found[0] if found else None
        return self._people[user_id]


_PERSON = """
    select email, name, is_admin, disabled_at
    from "user"
    where id = :id
    """
_REVIEWERS = """
    select user_id
    from "grant"
    where building_id = :building
      and role in ('reviewer', 'manager', 'owner')
      and (until is null or until > :now)
    order by user_id
    """
_GIVEN_BY = """
    select invited_by
    from "grant"
    where user_id = :user_id and building_id = :building
    """
