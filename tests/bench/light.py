"""A tablet that keeps no file: it speaks the protocol, and of each row it holds the sequence alone.

That is enough to prove that it converged, for a digest is made of nothing else, and light enough for a thousand of them
in one process. What the answers bring is decoded whole. What SpatiaLite would do with it is measured elsewhere.
"""

from __future__ import annotations

import time

import httpx
import msgspec
import zstandard

from arxos_sync import digest
from arxos_sync.messages import (
    PROTOCOL,
    Change,
    Mark,
    Receipt,
    RowOut,
    ScopeAnswer,
    ScopeRequest,
    SyncAnswer,
    SyncRequest,
    Transaction,
)
from client_kit.http import COMPRESS_BYTES_MIN
from server.parts import new_id, new_nonce, new_stamp

WAIT_S_MAX = 300.0
_MSGPACK = "application/msgpack"
Key = tuple[str, str]


class Held:
    """Rows and what proves them. Those of `shared` are many tablets' to begin with; what moved is one tablet's own."""

    def __init__(self, shared: dict[Key, int], sums: dict[str, int]) -> None:
        self.shared, self.sums = shared, dict(sums)
        self.own: dict[Key, int] = {}  # 0: deleted

    def take(self, rows: list[RowOut]) -> None:
        for row in rows:
            key = row.table, row.id
            was, now = self.own.get(key, self.shared.get(key, 0)), 0 if row.deleted else row.sequence
            for sequence, sign in ((was, -1), (now, 1)):
                if sequence:
                    change = sign * digest.row_hash(row.table, row.id, sequence)
                    self.sums[row.table] = (self.sums.get(row.table, 0) + change) % digest.MODULUS
            self.own[key] = now

    def proves(self, told: dict[str, str]) -> bool:
        return all(int(told.get(table, "0"), 16) == self.sums.get(table, 0) for table in {*told, *self.sums})


class LightTablet:
    """One device of one building. `waits_s` has the seconds of each of its exchanges."""

    def __init__(self, url: str, token: str, building: str, schema: int) -> None:
        self.building, self.schema, self.device = building, schema, new_id()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": _MSGPACK, "Accept": _MSGPACK}
        anew = httpx.Limits(max_keepalive_connections=0)  # who was offline has no connection left
        self.client = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=WAIT_S_MAX, limits=anew, trust_env=False, verify=False
        )
        self.held = Held({}, {})
        self.cursor: str | None = None
        self.sequence = 0  # applied
        self.prior: Mark | None = None
        self.pending: list[Transaction] = []
        self.receipts: list[Receipt] = []
        self.waits_s: list[float] = []
        self.proven_at = -1  # the sequence at which its digest was last found equal

    def like(self, other: LightTablet) -> LightTablet:
        """Hold what another holds, as who fetched the same snapshot does."""
        if other.held.own:
            other.held = Held(other.held.shared | other.held.own, other.held.sums)
        self.held = Held(other.held.shared, other.held.sums)
        self.cursor, self.sequence = other.cursor, other.sequence
        return self

    def record(self, changes: list[Change]) -> None:
        """Offline: a transaction each, of fields as they were at the cursor."""
        n = self.prior.n if self.prior else 0
        for change in changes:
            n += 1
            based = msgspec.structs.replace(change, base=0 if change.op == "insert" else self.sequence)
            self.pending.append(Transaction(n, new_nonce(), new_stamp(), [based]))

    async def sync(self, *, verify: bool = False) -> None:
        """Everything out, everything in."""
        answer = await self._exchange(verify)
        while answer.more:
            answer = await self._exchange(verify)

    async def _exchange(self, verify: bool) -> ScopeAnswer:
        wanted = ScopeRequest(self.building, self.cursor, self.prior, self.pending, rows=True, verify=verify)
        request = SyncRequest(PROTOCOL, self.device, [wanted], self.schema)
        body, packed = msgspec.msgpack.encode(request), {}
        if len(body) > COMPRESS_BYTES_MIN:
            body, packed = zstandard.compress(body), {"Content-Encoding": "zstd"}
        begun = time.perf_counter()
        came = await self.client.post("/api/v1/sync", content=body, headers=packed)
        self.waits_s.append(time.perf_counter() - begun)
        assert came.status_code == 200, (came.status_code, came.text)
        (answer,) = msgspec.msgpack.decode(came.content, type=SyncAnswer).scopes
        assert answer.state == "ok", answer.state
        self._take(answer)
        return answer

    def _take(self, answer: ScopeAnswer) -> None:
        assert [r.n for r in answer.receipts] == [t.n for t in self.pending]
        self.receipts += answer.receipts
        self.prior, self.pending = answer.known, []
        self.held.take(answer.rows)
        self.cursor = answer.cursor
        if answer.more:
            return
        assert answer.head is not None
        self.sequence = answer.head
        if answer.digest is not None:
            assert self.held.proves(answer.digest), f"{self.device} holds other rows than the server"
            self.proven_at = answer.head
