"""Cursors are opaque to replicas; to servers they say the same however long ago they were written."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arxos_sync.messages import Cursor, SyncRequest, read_cursor, write_cursor

EPOCH, SALT = "01920000-0000-7000-8000-00000000e0c4", "5d0c77aa01fe9b32"
_texts = st.one_of(
    st.uuids().map(str),
    st.binary(max_size=20).map(bytes.hex),
    st.text(max_size=20),
    st.sampled_from(["", "A6", "a 6", "-"]),
)
_sequences = st.integers(0, 2**53)
_cursors = st.builds(
    Cursor,
    epoch=_texts,
    schema=st.integers(1, 99),
    sequence=_sequences,
    salt=_texts,
    start=st.none() | _sequences,
    began=st.none() | _sequences,
    place=st.none() | st.tuples(_texts, _texts),
    paging=st.booleans(),
    target=st.none() | st.integers(1, 99),
)


@given(_cursors)
def test_what_was_written_into_a_cursor_is_read_out_of_it(cursor: Cursor):
    assert read_cursor(write_cursor(cursor)) == cursor


@given(_cursors)
def test_a_cursor_of_a_former_server_is_read_as_well(cursor: Cursor):
    text = base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).decode().rstrip("=")
    assert read_cursor(text) == cursor


def test_a_cursor_at_rest_is_short_for_it_travels_both_ways_with_every_exchange():
    assert len(write_cursor(Cursor(EPOCH, 3, 1_000_000, SALT))) <= 48


@pytest.mark.parametrize(
    "text", ["", "A", "not-a-cursor", "gA", "ö", "k6EBAgM", write_cursor(Cursor(EPOCH, 1, 2, SALT))[:-6]]
)
def test_what_is_no_cursor_is_none(text: str):
    assert read_cursor(text) is None


def test_what_a_request_does_not_say_is_not_sent_and_read_as_said():
    request = SyncRequest(1, EPOCH, [])
    assert msgspec.json.decode(msgspec.json.encode(request)) == {"protocol": 1, "device": EPOCH, "scopes": []}
    assert msgspec.json.decode(msgspec.json.encode(request), type=SyncRequest) == request
