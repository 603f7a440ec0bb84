"""Every bound of the sync contract, with its unit. `GET /api/v1/sync/limits` answers `published()`."""

from __future__ import annotations

TRANSACTIONS_PER_REQUEST_MAX = 1_000
CHANGES_PER_REQUEST_MAX = 5_000
CHANGES_PER_TRANSACTION_MAX = 5_000
REQUEST_BYTES_MAX = 16 * 1024 * 1024
CHANGE_BYTES_MAX = 256 * 1024  # beside its geometry
GEOMETRY_VERTICES_MAX = 100_000
ROWS_PER_PAGE_MAX = 5_000
ROWS_PER_PAGE = 5_000
SCOPES_PER_REQUEST_MAX = 200
NONCE_CHARS_MIN = 16  # 96 bits in base 64
NONCE_CHARS_MAX = 64
REASON_CHARS_MAX = 2_000
CLOCK_AHEAD_MS_MAX = 5 * 60 * 1000  # a stamp further ahead is clamped for merging
LOG_KEPT_DAYS = 30  # acknowledged transactions kept on a device
MARKS_RECENT = 100
MARKS_EVERY = 1_000
MARKS_PER_REQUEST_MAX = 10_000
SNAPSHOT_BEHIND_MAX = 10_000  # sequences
SNAPSHOT_INSTEAD_OF_ROWS = 20_000  # rows to send from which a snapshot is quicker
LIVE_ROWS_BYTES_MAX = 16 * 1024
PRESENCE_PER_S_MAX = 10
ATTACHMENT_BYTES_MAX = 1024 * 1024 * 1024
ATTACHMENT_CHUNK_BYTES = 1024 * 1024  # what one PATCH should carry: what proxies let through, little to send again
ATTACHMENT_WAIT_S_MAX = 30.0  # for the next bytes of a body, before its sender counts as gone
UPLOAD_KEPT_DAYS = 30  # an upload that nobody goes on with
SERVER_FREE_BYTES_MIN = 256 * 1024 * 1024  # left on the server's disk by an upload or an export
EXPORT_ROWS_MAX = 2_000_000
EXPORT_BYTES_MAX = 2 * 1024 * 1024 * 1024
EXPORT_KEPT_DAYS = 7
EXPORTS_AT_ONCE_MAX = 5  # of a person, waiting or running
EXPORTS_PER_HOUR_MAX = 60  # of a person
INTEGER_MIN, INTEGER_MAX = -(2**53) + 1, 2**53 - 1  # what JSON and JavaScript carry exactly


def published() -> dict[str, int]:
    return {
        "transactions": TRANSACTIONS_PER_REQUEST_MAX,
        "changes": CHANGES_PER_REQUEST_MAX,
        "request_bytes": REQUEST_BYTES_MAX,
        "change_bytes": CHANGE_BYTES_MAX,
        "geometry_vertices": GEOMETRY_VERTICES_MAX,
        "rows_per_page": ROWS_PER_PAGE_MAX,
        "attachment_bytes": ATTACHMENT_BYTES_MAX,
        "attachment_chunk_bytes": ATTACHMENT_CHUNK_BYTES,
        "clock_ahead_ms": CLOCK_AHEAD_MS_MAX,
    }
