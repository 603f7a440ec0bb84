"""A building with its people in this very process, over either store: what they do comes in as it does by REST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arxos_sync.messages import Change, Receipt
from arxos_sync.store import RowQuery
from server.accounts import people
from server.accounts.members import set_role
from server.accounts.people import Person
from server.app import open_parts
from server.jobs.following import Following
from server.notifications.inbox import Inbox
from server.parts import Parts, new_id, now
from server.settings import read_settings
from server.sync.push import Job

ROLES = {"owner": "owner", "manager": "manager", "tech": "technician", "other": "technician"}


class AtWork:
    """`owner`, `manager`, two technicians, and `stranger` who has no role. Nobody has been told of anything yet."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.environment = {"ARXOS_DATA_DIR": str(folder), "ARXOS_LOG": "error"} | {
            f"ARXOS_{name.upper()}": value for name, value in settings.items()
        }
        self.parts: Parts = open_parts(read_settings(self.environment, Path("/nonexistent")))
        self.people: dict[str, Person] = {}
        with self.parts.store.tables() as sql:
            for word in (*ROLES, "stranger"):
                email = f"{word}@example.org"
                id = people.create(sql, email, word.title(), None, False, now())
                self.people[word] = Person(id, email, word.title(), False)
        self.building = new_id()
        self.write("owner", Change("building", self.building, "insert", set={"name": "House"}))
        for word in ("manager", "tech", "other"):
            self.give(word, ROLES[word])
        Following(self.parts, [_Deaf()]).catch_up()

    def id(self, word: str) -> str:
        return self.people[word].id

    def give(self, word: str, role: str | None, by: str = "owner") -> None:
        set_role(self.parts, self.id(word), self.people[word].name, self.building, role, self.id(by))

    def write(self, word: str, *changes: Change) -> Receipt:
        receipt, _ = Job(self.parts, self.people[word], self.building, "field").write(list(changes))
        assert receipt.problem is None, receipt.problem
        return receipt

    def add(self, word: str, table: str, **values: Any) -> str:
        id = new_id()
        self.write(word, Change(table, id, "insert", set=values))
        return id

    def edit(self, word: str, table: str, id: str, base: int | None = None, **values: Any) -> Receipt:
        with self.parts.store.read(self.building) as reader:
            head = reader.head().sequence
        return self.write(word, Change(table, id, "update", head if base is None else base, values))

    def tell(self) -> None:
        Following(self.parts, [Inbox()]).catch_up()

    def rows(self, word: str, table: str = "notification") -> list[dict[str, Any]]:
        with self.parts.store.read(f"user:{self.id(word)}") as reader:
            found, _ = reader.listed(RowQuery(table, sort="created_at", limit=1000))
        return [row.values | {"id": row.id} for row in found]

    def inbox(self, word: str) -> list[tuple[str, str]]:
        """(kind, title) of all they were told."""
        return [(row["kind"], row["title"]) for row in self.rows(word)]

    def asked(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        with self.parts.store.tables() as sql:
            return sql.rows(statement, **values)  # type: ignore[arg-type]

    def close(self) -> None:
        self.parts.store.close()


class _Deaf:
    """Brings the follower's place to the head, as if all so far had been told."""

    name = Inbox.name
    from_start = True

    def take(self, parts: Parts, followed: Any) -> None:
        return
