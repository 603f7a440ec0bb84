"""What the matrix asks for: buildings of every relation to every caller, and things inside them.

People and their logins are made in the store itself, as `arxos admin` makes them: a matrix of logins would spend its
time on hashing passwords. What calls do goes by HTTP alone.
"""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import msgspec

from arxos_sync.geometry import from_geojson
from server.accounts import people
from server.accounts.members import set_role
from server.app import open_parts
from server.parts import Parts, new_id, now, now_ms
from server.settings import read_settings
from tests.server.running import Running

from .expected import CALLERS, GRANTED, KNOWN_TO, LOST
from .things import Things

PHOTO = b"\x89PNG no picture, but bytes"
_SQUARE = {
    "type": "MultiPolygon",
    "coordinates": [[[[9.99, 48.4], [9.991, 48.4], [9.991, 48.401], [9.99, 48.401], [9.99, 48.4]]]],
}
_POINT = {"type": "Point", "coordinates": [1.0, 2.0, 3.0]}


class Somebody(msgspec.Struct):
    """`caller`: a word of CALLERS. Without a token, nobody."""

    caller: str
    http: httpx.Client
    id: str = ""
    device: str = msgspec.field(default_factory=new_id)


class Place(msgspec.Struct):
    """A building with what is in it. `kept`: the hash of a file in quarantine."""

    building: str
    row: str
    gone_row: str
    sha256: str
    kept: str


class World:
    def __init__(self, running: Running, url: str) -> None:
        allowed = {"ARXOS_OUTBOUND_ALLOW": "127.0.0.1:9"}  # which the server that is asked was not told
        self.parts: Parts = open_parts(read_settings(running.environment | allowed))
        self.url = url
        self._photos = 0
        self.proprietor = self.somebody("owner")
        self.callers = {caller: self.somebody(caller) for caller in CALLERS}
        self.places = {"own": self.place(), "public": self.place(visibility="public"), "others": self.place()}
        self.places["deleted"] = self.place()
        for target in ("own", "deleted"):
            for caller in GRANTED:
                self.grant(self.callers[caller], self.places[target].building)
            self._lose(target)
        self.things = Things(self)
        for kind in KNOWN_TO:
            self._thing(kind, "deleted", "deleted")
        for kind in ("validation", "export"):
            for name in self.places:
                self._thing(kind, name, name)
            self._thing(kind, "deleted row", "own")
        self._good(self.proprietor.http.delete(f"/api/v1/buildings/{self.places['deleted'].building}"))

    def close(self) -> None:
        self.parts.store.close()

    def _thing(self, kind: str, target: str, place: str) -> None:
        """Made now, since later it could not be, or would be a change of its own."""
        self.things.id(kind, target, self.proprietor, self.places[place], self.proprietor)

    # ------------------------------------------------------------ people

    def somebody(self, caller: str) -> Somebody:
        http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        if caller == "anonymous":
            return Somebody(caller, http)
        with self.parts.store.tables() as sql:
            email = f"{caller}-{new_id()}@matrix.arxos"
            id = people.create(sql, email, caller.title(), None, caller == "admin", now())
            if caller == "professional":
                _employ(sql, id)
        session, _ = self.parts.sessions.open(id, "the matrix")
        token = self.parts.tokens.access(id, session, now_ms() // 1000)
        http.headers["Authorization"] = f"Bearer {token}"
        return Somebody(caller, http, id)

    def grant(self, somebody: Somebody, building: str) -> None:
        set_role(self.parts, somebody.id, somebody.caller, building, somebody.caller)

    def _lose(self, target: str) -> None:
        building = self.places[target].building
        for caller in LOST:
            set_role(self.parts, self.callers[caller].id, caller, building, "owner")
        set_role(self.parts, self.callers["former"].id, "former", building, None)
        with self.parts.store.tables() as sql:
            sql.run(
                """
                update "grant"
                set until = '2020-01-01T00:00:00.000Z'
                where user_id = :id
                """,
                id=self.callers["expired"].id,
            )

    # ------------------------------------------------------------ places

    def place(self, **values: Any) -> Place:
        http = self.proprietor.http
        shaped = {"name": "House", "footprint": from_geojson(_SQUARE, 2).hex(), **values}
        building = self._good(http.post("/api/v1/buildings", json={"set": shaped})).json()["row"]["id"]
        sha256, kept = self._photo(building), self._kept(building)
        return Place(building, self._row(building), self._gone_row(building), sha256, kept)

    def _gone_row(self, building: str) -> str:
        gone = self._row(building)
        self._good(self.proprietor.http.delete(f"/api/v1/buildings/{building}/annotation/{gone}"))
        return gone

    def _row(self, building: str) -> str:
        given = {"set": {"title": "Leak", "location": from_geojson(_POINT, 3).hex()}}
        answer = self._good(self.proprietor.http.post(f"/api/v1/buildings/{building}/annotation", json=given))
        return str(answer.json()["row"]["id"])

    def finding(self, building: str, gone: bool) -> str:
        """A validation to be reviewed."""
        http, path = self.proprietor.http, f"/api/v1/buildings/{building}"
        element = self._good(http.post(f"{path}/element", json={"set": {"ifc_class": "IfcDoor", "name": "Door"}}))
        found = {"target_table": "element", "target_id": element.json()["row"]["id"], "outcome": "confirmed"}
        answer = self._good(http.post(f"{path}/validation", json={"set": found}))
        id = str(answer.json()["row"]["id"])
        if gone:
            self._good(http.delete(f"{path}/validation/{id}"))
        return id

    def _photo(self, building: str) -> str:
        content, hashed = self._promised(self.proprietor, building)
        self._send(self.proprietor, building, content, hashed)
        return hashed

    def _kept(self, building: str) -> str:
        """The photo of somebody who lost the building before it was sent."""
        sender = self.somebody("reporter")
        self.grant(sender, building)
        content, hashed = self._promised(sender, building)
        set_role(self.parts, sender.id, sender.caller, building, None)
        self._send(sender, building, content, hashed)
        return hashed

    def _promised(self, by: Somebody, building: str) -> tuple[bytes, str]:
        """A row of a photo: its bytes, and their hash."""
        self._photos += 1
        content = PHOTO + str(self._photos).encode()
        hashed = hashlib.sha256(content).hexdigest()
        row = {"set": {"sha256": hashed, "name": "photo.png", "media_type": "image/png", "byte_size": len(content)}}
        self._good(by.http.post(f"/api/v1/buildings/{building}/attachment", json=row))
        return content, hashed

    def _send(self, by: Somebody, building: str, content: bytes, hashed: str) -> None:
        upload = self.announce(by, building, hashed, len(content))
        headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        self._good(by.http.patch(f"/api/v1/attachments/uploads/{upload}", content=content, headers=headers))

    def announce(self, somebody: Somebody, building: str, hashed: str, size: int = 9) -> str:
        wanted = {"scope": building, "sha256": hashed, "byte_size": size, "name": "x.png", "media_type": "image/png"}
        answer = self._good(somebody.http.post("/api/v1/attachments", json=wanted))
        return str(answer.json()["url"]).rpartition("/")[2]

    def fresh(self, caller: str, target: str, with_row: bool) -> tuple[Somebody, Place]:
        """Somebody like that, and a place like that, which a call may do away with."""
        somebody = self.somebody(caller)
        shown = {"visibility": "public"} if target == "public" else {}
        answer = self._good(self.proprietor.http.post("/api/v1/buildings", json={"set": {"name": "House", **shown}}))
        building = str(answer.json()["row"]["id"])
        gone = self._gone_row(building) if with_row and target == "deleted row" else ""
        place = Place(building, self._row(building) if with_row else "", gone, "", "")
        if caller in GRANTED and target not in ("public", "others"):
            self.grant(somebody, place.building)
        return somebody, place

    def heads(self) -> dict[str, int]:
        """Of the places that refused calls were about; what is deleted may still be added to by who may."""
        return self.parts.store.heads([place.building for name, place in self.places.items() if name != "deleted"])

    def standing(self) -> set[str]:
        """Whose things only refused calls, and calls that read, were about."""
        people = {somebody.id for somebody in self.callers.values()}
        return people | {place.building for name, place in self.places.items() if name != "deleted"}

    @staticmethod
    def _good(answer: httpx.Response) -> httpx.Response:
        assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
        return answer


def _employ(sql: Any, user_id: str) -> None:
    organisation = new_id()
    sql.run("insert into organisation (id, name, created_at) values (:id, 'Works', :now)", id=organisation, now=now())
    sql.run(
        """
        insert into account (id, user_id, kind, organisation_id, created_at, role)
        values (:id, :user_id, 'professional', :organisation, :now, 'member')
        """,
        id=new_id(), user_id=user_id, organisation=organisation, now=now(),
    )  # fmt: skip
