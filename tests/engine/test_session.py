"""The session's traces, and what must hold whatever happens."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from arxos_sync import session
from arxos_sync.session import Event, Session, step

TRACES = json.loads((schemas.FOLDER / "vectors/session.json").read_text("utf-8"))["traces"]
B, C = "0192f3a0-0000-7000-8000-00000000000b", "0192f3a0-0000-7000-8000-00000000000c"


@pytest.mark.parametrize("trace", TRACES, ids=lambda t: t["name"])
def test_golden_trace(trace):
    state = Session()
    for at, one in enumerate(trace["steps"]):
        state, instructions = step(state, msgspec.convert(one["event"], Event))
        assert instructions == one["instructions"], f"step {at}"
    assert json.loads(msgspec.json.encode(state)) == trace["session"]


scopes = st.sampled_from([B, C])
counts = st.integers(0, 3)
results = st.builds(
    session.ScopeResult,
    scope=scopes,
    state=st.sampled_from(["ok", "out_of_order", "forked", "diverged", "snapshot", "gone"]),
    sequence=counts,
    more=st.booleans(),
    receipts=counts,
    pending=counts,
    rejected=counts,
)
kinds = st.sampled_from(["network", "server", "busy", "login", "upgrade", "refused", "device_taken", "gone"])
clocks = st.integers(0, 10_000_000)
told = st.one_of(
    st.builds(session.Subscribed, scope=scopes),
    st.builds(session.Unsubscribed, scope=scopes),
    st.builds(session.Edited, scope=scopes, pending=counts, rejected=counts),
    st.builds(session.Tick, now=clocks),
    st.builds(session.Online),
    st.builds(session.Offline),
    st.builds(session.SyncAsked),
    st.builds(session.LoggedIn),
    st.builds(session.Hinted, scope=scopes, from_=counts, to=counts, rows=st.booleans()),
)
heard = st.one_of(
    st.builds(session.Answered, now=clocks, scopes=st.lists(results, max_size=2)),
    st.builds(
        session.Failed,
        now=clocks,
        kind=kinds,
        jitter=st.floats(0, 1, exclude_max=True),
        retry_after_ms=st.none() | clocks,
    ),
)


@given(st.lists(st.tuples(told, heard), max_size=30))
def test_whatever_happens_one_thing_is_under_way_and_the_badge_is_honest(events):
    state = Session()
    for event, answer in events:
        before = state
        state, instructions = step(state, event)
        _check(before, event, state, instructions)
        if state.busy == "exchange":
            before = state
            state, instructions = step(state, answer)
            _check(before, answer, state, instructions)
        elif state.busy == "snapshot":
            state, _ = step(state, session.SnapshotTaken(scope=state.asked[0], sequence=1))


def _check(before, event, after, instructions):
    sends = [i for i in instructions if i["do"] in ("exchange", "fetch_snapshot")]
    assert len(sends) <= 1
    ended = isinstance(event, (session.Answered, session.Failed))
    if sends:
        assert (not before.busy or ended) and after.online and after.login and after.retry_at is None
    if after.shown.state == "saved":
        assert all(s.pending == 0 and s.phase == "current" for s in after.scopes.values())
        assert not isinstance(event, session.Failed)
    if isinstance(event, session.Failed) and after.retry_at is not None:
        assert 0 < after.retry_at - event.now <= session.RETRY_MS_MAX
    if isinstance(event, session.Edited) and event.scope in before.scopes and before.busy:
        assert after.scopes[event.scope].due
