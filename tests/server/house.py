"""A building with a storey, doors and people who check them, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from server.accounts.members import set_role
from server.app import open_parts
from server.parts import new_id
from server.settings import read_settings
from tests.server.running import Person, Running


class House:
    """`owner` and `second` may review, `finder` is a technician, `stranger` is nobody here."""

    def __init__(self, running: Running, url: str) -> None:
        self.parts = open_parts(read_settings(running.environment, Path("/nonexistent")))
        self.url = url
        people = ("owner", "technician", "viewer", "stranger", "admin")
        self.owner, self.finder, self.second, self.stranger, self.admin = (Person(url, word) for word in people)
        self.building = self.owner.building("Checked House")
        for person, role in ((self.finder, "technician"), (self.second, "reviewer")):
            set_role(self.parts, person.id, role, self.building, role)
        self.storey = self.add("storey", name="Ground", elevation_m=0.0, height_m=3.0)

    def close(self) -> None:
        self.parts.store.close()

    @property
    def path(self) -> str:
        return f"/api/v1/buildings/{self.building}"

    def add(self, table: str, **values: Any) -> str:
        answer = self.owner.http.post(f"{self.path}/{table}", json={"set": values})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["row"]["id"])

    def door(self, **values: Any) -> str:
        plain = {"ifc_class": "IfcDoor", "name": "Door", "storey_id": self.storey, "properties": {"Width": 0.9}}
        return self.add("element", **(plain | values))

    def task(self, element: str, kind: str = "existence", **values: Any) -> str:
        return self.add("task", kind=kind, target_table="element", target_id=element, **values)

    def get(self, table: str, id: str) -> dict[str, Any]:
        answer = self.owner.http.get(f"{self.path}/{table}/{id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["set"])

    def rows(self, table: str, **wanted: str) -> list[dict[str, Any]]:
        answer = self.owner.http.get(f"{self.path}/{table}", params=wanted | {"limit": "1000"})
        assert answer.status_code == 200, answer.text
        return [row["set"] | {"id": row["id"]} for row in answer.json()["items"]]

    def finding(self, element: str, outcome: str = "confirmed", **values: Any) -> dict[str, Any]:
        return {"id": new_id(), "target_table": "element", "target_id": element, "outcome": outcome} | values

    def post(self, person: Person, path: str, body: Any) -> httpx.Response:
        return person.http.post(path, json=body)

    def validate(self, element: str, outcome: str = "confirmed", person: Person | None = None, **more: Any) -> Any:
        """Answers what `/api/v1/ar/validate` does; `measurements` and `capture` beside the columns."""
        beside = {name: more.pop(name) for name in ("measurements", "capture") if name in more}
        body = {"building": self.building, "validation": self.finding(element, outcome, **more), **beside}
        answer = self.post(person or self.finder, "/api/v1/ar/validate", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def review(
        self, person: Person, *ids: str, decision: str = "accepted", reason: str | None = None
    ) -> httpx.Response:
        body = {"ids": list(ids), "decision": decision, "reason": reason}
        return self.post(person, f"{self.path}/validations/review", body)

    def accepted(self, element: str, outcome: str = "confirmed", person: Person | None = None, **more: Any) -> Any:
        """A finding that the owner has accepted; answers the review's item."""
        id = self.validate(element, outcome, person, **more)["validation"]["id"]
        answer = self.review(self.owner, id)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"][0]

    def by_sync(self, person: Person, *changes: dict[str, Any]) -> dict[str, Any]:
        """As a tablet sends it, one that is used for this alone."""
        tablet = Person(self.url, None)
        tablet.http.headers["Authorization"] = f"Bearer {person.token}"
        answered = tablet.sync(self.building, None, tablet.transaction(*changes))
        return dict(answered["receipts"][0])

    def head(self) -> int:
        return self.parts.store.heads([self.building])[self.building]


def width(value: float, uncertainty: float | None = 0.01, **more: Any) -> dict[str, Any]:
    told = {"id": new_id(), "kind": "length", "name": "Width", "value": value, "basis": "ar", **more}
    return told if uncertainty is None else told | {"uncertainty_95": uncertainty}
