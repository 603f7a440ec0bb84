"""A thousand random histories, made by Python's replica, lived through again by JavaScript's."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import schemas
from arxos_sync.storage import replica_file
from arxos_sync.storage.spatialite import Replica
from tests.engine.histories import LETTER, History
from tests.engine.world import SCOPE, World

COUNT = 1000
SEED = os.environ.get("ARXOS_SEED") or str(random.randrange(2**32))
DEVICE = World().device(LETTER)


def emptied(connection: Any) -> str:
    """The SQL that makes a replica's file as it was when it was made."""
    tables = [n for (n,) in connection.execute("select name from sqlite_master where type = 'table'")]
    tables = [n for n in tables if n in schemas.catalogue().tables or n.startswith(("arxos_", "sqlite_sequence"))]
    kept = ("arxos_state", "arxos_writing")
    return "\n".join(
        [
            "update arxos_writing set capture = 0;",
            *(f'delete from "{name}";' for name in tables if name not in kept),
            "delete from arxos_state where key not in ('scope', 'kind', 'schema', 'made', 'index', 'device');",
            "update arxos_writing set capture = 1, transaction_key = null, place = 0, ms = 0, counter = 0,",
            "  sequence = 0;",
        ]
    )


def dice(size: int) -> bytes:
    return os.urandom(size)


def test_a_thousand_histories_end_in_the_same_rows_and_digest_in_javascript(tmp_path: Path):
    print(f"ARXOS_SEED={SEED}")
    connection = replica_file.create_replica(tmp_path / "replica.sqlite", schemas.catalogue(), SCOPE, journal="delete")
    replica_file.adopt(connection, DEVICE)
    (tmp_path / "empty.sqlite").write_bytes((tmp_path / "replica.sqlite").read_bytes())
    connection.execute("pragma journal_mode = memory")
    replica = Replica(connection, schemas.catalogue(), dice)
    connection.execute("pragma synchronous = off")  # speed alone: nothing is cut here
    clean = emptied(connection)
    recorded = 0
    script = Path(__file__).with_name("replay.mjs")
    command = ["node", str(script), str(tmp_path / "empty.sqlite")]
    with (tmp_path / "said").open("w+", encoding="utf-8") as said:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said, text=True) as node:
            print(json.dumps(clean), file=node.stdin)
            for number in range(COUNT):
                connection.executescript(clean)
                made = History(f"{SEED}/{number}", replica).play()
                recorded += sum(step["do"] == "record" and "refused" not in step for step in made["steps"])
                if node.poll() is None:
                    print(json.dumps(made | {"seed": f"{SEED}/{number}"}), file=node.stdin, flush=True)
            node.stdin.close()
        said.seek(0)
        assert (node.returncode, said.read(4000).strip()) == (0, str(COUNT))
    assert recorded > COUNT, "cheap histories do not count"
