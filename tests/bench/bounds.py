"""The lower bounds, measured in the same run: what the same rows cost with nothing around them.

`copy`: binary COPY of the rows that a push left into the very tables they came from, indexes on. `rows`: the changes
on a plain SQLite table, in one transaction. `file`: a file by HTTP to a disk.
"""

from __future__ import annotations

import http.server
import os
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg

import schemas
from arxos_sync.messages import Change
from arxos_sync.storage.driver import connect
from arxos_sync.storage.replica_values import to_native

CHUNK_BYTES = 1 << 20


def copy_s(url: str, table: str, after: int) -> float:
    """Take the rows above a sequence out of their table and time their way back in."""
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.cursor().copy(
            f"copy (select * from {table} where sequence > {int(after)}) to stdout (format binary)"
        ) as out:
            content = b"".join(bytes(chunk) for chunk in out)
        connection.execute(f"delete from {table} where sequence > %s", (after,))
        begun = time.perf_counter()
        with connection.cursor().copy(f"copy {table} from stdin (format binary)") as into:
            for at in range(0, len(content), CHUNK_BYTES):
                into.write(content[at : at + CHUNK_BYTES])
        return time.perf_counter() - begun


def rows_s(path: Path, stored: list[Change], changes: list[Change]) -> float:
    """The changes on a table without triggers, log or index beside its key, which holds `stored`."""
    columns = [n for n in schemas.catalogue().tables["element"].columns if n != "id"]
    connection = connect(path, spatialite=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute(f"create table element (id text primary key, {', '.join(columns)}) without rowid")
    _apply(connection, [row for row in stored if row.table == "element"])
    begun = time.perf_counter()
    _apply(connection, changes)
    took = time.perf_counter() - begun
    connection.close()
    return took


def _apply(connection: Any, changes: list[Change]) -> None:
    columns = schemas.catalogue().tables["element"].columns
    connection.execute("begin immediate")
    for one in changes:
        given = {n: to_native(columns[n], v) for n, v in (one.set or {}).items()}
        match one.op:
            case "insert":
                names, marks = ", ".join(given), ", ?" * len(given)
                connection.execute(f"insert into element (id, {names}) values (?{marks})", [one.id, *given.values()])
            case "update":
                sets = ", ".join(f"{n} = ?" for n in given)
                connection.execute(f"update element set {sets} where id = ?", [*given.values(), one.id])
            case "delete":
                connection.execute("delete from element where id = ?", (one.id,))
    connection.execute("commit")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        return


def file_s(file: Path, to: Path) -> float:
    """The file by HTTP to a disk, as it is."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(file.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    begun = time.perf_counter()
    url = f"http://127.0.0.1:{server.server_port}/{file.name}"
    with httpx.Client(trust_env=False) as client, client.stream("GET", url) as answer, open(to, "wb") as out:
        for chunk in answer.iter_bytes(CHUNK_BYTES):
            out.write(chunk)
        os.fsync(out.fileno())
    took = time.perf_counter() - begun
    server.shutdown()
    server.server_close()
    return took
