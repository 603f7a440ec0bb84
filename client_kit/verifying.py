"""`verify --content`: are the values here those of the server? What differs is fetched, and nothing of it is lost."""

from __future__ import annotations

from arxos_sync.storage import replica_verify
from arxos_sync.storage.spatialite import Replica

from .replica import now_ms
from .sync import Loop


def verify_content(loop: Loop) -> None:
    """Compare every table of every scope, leaf by leaf; then send what became an edit."""
    for scope in loop.home.device().scopes:
        replica = loop.home.replica(scope)
        for table in replica.tables:
            _verify_table(loop, replica, table)
    loop.edited()


def _verify_table(loop: Loop, replica: Replica, table: str) -> None:
    theirs = loop.server.leaves(replica.scope, table, content=True)
    if theirs.head != replica.sequence:  # somebody wrote meanwhile: the next verify sees
        loop.tell("not_compared", {"scope": replica.scope, "table": table})
        return
    wrong = replica_verify.differing(replica, table, theirs.leaves)
    if not wrong and not replica_verify.strays(replica, table):
        return
    rows = loop.server.repair(replica.scope, table, wrong).rows if wrong else []
    done = replica_verify.mend(replica, table, wrong, rows, now_ms())
    facts = {"table": table, "leaves": len(wrong), "rows": done.rows, "recorded": done.recorded}
    loop.tell("mended", {"scope": replica.scope} | facts)
