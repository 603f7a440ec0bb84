"""The loop against a real server: snapshots, cut lines, live hints, lost logins, repair."""

import json
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from arxos_sync import stamp
from arxos_sync.messages import Change
from arxos_sync.storage import replica_care
from client_kit import show_status, statuses, sync, telling
from client_kit.doctor import findings
from client_kit.http import Server, Unreachable
from client_kit.replica import Home, new_id, now_ms
from client_kit.sync import Loop
from server.operations.demo import PASSWORD
from tests.server.running import wait_for


class Device:
    """A tablet used from within this process."""

    def __init__(self, folder, url, word="owner"):
        self.home = Home(folder)
        self.home.create(url)
        self.server = Server(self.home)
        device = self.home.device()
        device.user = self.server.login(f"{word}@demo.arxos", PASSWORD).id
        self.home.save(device)
        self.told = []

    def subscribe(self, scope):
        device = self.home.device()
        device.scopes.append(scope)
        self.home.save(device)
        return self

    def sync(self, **given):
        loop = Loop(self.home, self.server, lambda what, facts: self.told.append((what, facts)), **given)
        loop.start()
        return loop

    def record(self, scope, *changes):
        return self.home.replica(scope).record(list(changes), now_ms())


@pytest.fixture
def device(tmp_path, url):
    made = []

    def make(name, *scopes, word="owner"):
        made.append(Device(tmp_path / name, url, word))
        for scope in scopes:
            made[-1].subscribe(scope)
        return made[-1]

    yield make
    for one in made:
        one.server.close()
        one.home.close()


def storey(name):
    return Change(table="storey", id=new_id(), op="insert", set={"name": name})


def test_many_transactions_go_in_several_exchanges_and_the_badge_ends_saved(device, building):
    a = device("a", building)
    for number in range(1_005):
        a.record(building, storey(f"S{number}"))
    loop = a.sync()
    assert loop.totals["receipts"] == 1_005 and loop.totals["exchanges"] == 2
    assert loop.session.shown.state == "saved"
    b = device("b", building)
    b.sync()
    assert b.home.replica(building).digests() == a.home.replica(building).digests()


def test_a_snapshot_takes_the_place_of_an_untouched_file_and_is_gone_on_with_by_pulls(device, building):
    a = device("a", building)
    ground = storey("Ground")
    a.record(building, ground)
    a.sync()
    b = device("b", building)
    loop = Loop(b.home, b.server, lambda what, facts: None)
    heard = stamp.form(now_ms() + 3_600_000, 0, b.home.device().device)
    b.home.replica(building).learn(heard, 3_600_000)

    def fetched():
        try:
            loop._fetch_snapshot(building)
        except Unreachable:
            raise
        except Exception as problem:
            assert getattr(problem, "retry_after_s", None), problem
            return False
        return True

    wait_for(fetched)
    replica = b.home.replica(building)
    assert replica.row("storey", ground.id)["name"] == "Ground"
    assert replica.device == b.home.device().device
    a.record(building, storey("First"))
    a.sync()
    b.record(building, Change(table="storey", id=ground.id, op="update", set={"level": 0}))
    assert replica.one("select stamp from arxos_change_log") > heard, "the clock of the file before goes on"
    assert b.sync().session.shown.state == "saved"
    a.sync()
    assert replica.digests() == a.home.replica(building).digests()
    assert replica_care.recount(replica) == {**replica_care.recount(replica), **replica.digests()}


def test_a_snapshot_goes_under_what_was_edited_before_it_came(device, building):
    a, b = device("a", building), device("b", building)
    ground, mine = storey("Ground"), storey("Mine")
    a.record(building, ground)
    a.sync()
    b.record(building, mine)
    loop = Loop(b.home, b.server, lambda what, facts: None)

    def fetched():
        try:
            return loop._fetch_snapshot(building)
        except Exception as problem:
            assert getattr(problem, "retry_after_s", None), problem

    wait_for(fetched)
    names = {b.home.replica(building).row("storey", s.id)["name"] for s in (ground, mine)}
    assert names == {"Ground", "Mine"}
    assert b.sync().totals["receipts"] == 1


class CutLine:
    """A line to the server that is cut after so many bytes of an answer, once."""

    def __init__(self, port, cut_after):
        self.port, self.cut_after, self.requests = port, cut_after, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            with near, socket.create_connection(("127.0.0.1", self.port)) as far:
                asked = _whole_request(near)
                self.requests.append(asked)
                far.sendall(asked.replace(b"keep-alive", b"close"))
                left = self.cut_after
                while chunk := far.recv(4096):
                    near.sendall(chunk[: left if left is not None else None])
                    if left is not None and (left := left - len(chunk)) <= 0:
                        break
            if b"/snapshot/" in asked:
                self.cut_after = None


def _whole_request(near):
    """The head and, of a request that has one, the body: they come in pieces."""
    asked, length = b"", 0
    while b"\r\n\r\n" not in asked or len(asked.partition(b"\r\n\r\n")[2]) < length:
        chunk = near.recv(65536)
        if not chunk:
            return asked
        asked += chunk
        found = re.search(rb"content-length: (\d+)", asked.lower())
        length = int(found[1]) if found else 0
    return asked


def test_scenario_24_a_snapshot_that_was_cut_is_fetched_from_where_it_was_cut(
    device, building, url, tmp_path
):
    a = device("a", building)
    a.record(building, storey("Ground"))
    a.sync()
    whole, part = tmp_path / "whole.sqlite", tmp_path / "part.sqlite"

    def fetched():
        try:
            a.server.snapshot(building, whole)
            return True
        except Exception as problem:
            assert getattr(problem, "retry_after_s", None), problem

    wait_for(fetched)
    line = CutLine(int(url.rpartition(":")[2]), cut_after=15_000)
    a.server.client.base_url = line.url
    with pytest.raises(Unreachable):
        a.server.snapshot(building, part)
    have = part.with_suffix(".part").stat().st_size
    assert 0 < have < whole.stat().st_size and b"accept-encoding: zstd" in line.requests[0].lower()
    a.server.snapshot(building, part)
    assert f"range: bytes={have}-".encode() in line.requests[-1].lower()
    assert part.read_bytes() == whole.read_bytes()
    line.listener.close()


def test_an_answer_lost_on_the_way_is_made_up_for_and_happens_once(device, building, url):
    a = device("a", building)
    a.sync()
    a.record(building, storey("Once"))
    line = CutLine(int(url.rpartition(":")[2]), cut_after=20)
    a.server.client.base_url = line.url
    loop = a.sync()
    assert (loop.session.shown.state, loop.session.shown.problem) == ("trouble", "network")
    assert loop.session.shown.pending == 1
    a.server.client.base_url = url
    assert a.sync().session.shown.state == "saved"
    names = [name for (name,) in a.home.replica(building).connection.execute("select name from storey")]
    assert names == ["Once"]
    line.listener.close()


def test_a_login_that_ran_out_is_refreshed_and_one_that_ended_asks_the_person(device, building, url):
    a = device("a", building)
    held = a.home.credentials()
    held.expires_at_ms = 0
    a.home.save_credentials(held)
    assert a.sync().session.shown.state == "saved"
    assert a.home.credentials().refresh_token != held.refresh_token
    held = a.home.credentials()
    held.access_token = held.refresh_token = "ended"
    a.home.save_credentials(held)
    a.record(building, storey("Kept"))
    loop = a.sync()
    assert loop.needs_login and (loop.session.shown.state, loop.session.shown.pending) == ("login", 1)


def test_scenario_20_what_differs_from_the_server_is_repaired_in_the_same_exchange(device, building):
    a, b = device("a", building), device("b", building)
    ground, first = storey("Ground"), storey("First")
    a.record(building, ground, first)
    a.sync(), b.sync()
    replica = b.home.replica(building)
    with replica.transaction(capture=False):
        replica.connection.execute(
            "update storey set name = 'wrong', sequence = 1 where id = ?", (ground.id,)
        )
        replica.connection.execute("delete from storey where id = ?", (first.id,))
    replica_care.recount(replica)
    b.sync(verify=True)
    assert [facts["rows"] for what, facts in b.told if what == "repaired"] == [2]
    assert replica.row("storey", ground.id)["name"] == "Ground"
    assert replica.digests()["storey"] == a.home.replica(building).digests()["storey"]


def test_scenario_26_a_scope_that_was_lost_goes_and_its_unsent_work_is_kept(device, building, running):
    grant = lambda role: running.command("admin", "grant", "technician@demo.arxos", building, role)  # noqa: E731
    assert grant("technician").returncode == 0
    a = device("a", building, word="technician")
    a.sync()
    a.record(building, storey("Unsent"))
    path = a.home.path(building)
    assert path.exists()
    assert grant("none").returncode == 0
    loop = a.sync()
    assert not path.exists() and building not in a.home.device().scopes
    assert building not in loop.session.scopes
    (dropped,) = (facts for what, facts in a.told if what == "dropped")
    (transaction,) = json.loads(Path(dropped["kept_in"]).read_text())["transactions"]
    assert transaction["changes"][0]["set"]["name"] == "Unsent"
    assert transaction["receipt"]["problem"]["code"] == "forbidden"


def test_two_loops_of_one_directory_do_not_run_at_once(device, building):
    a = device("a", building)
    with a.home.syncing(), pytest.raises(Exception, match="syncing already"), Home(a.home.folder).syncing():
        pass


# ---------------------------------------------------------------- live


def test_watch_shows_anothers_edit_and_sends_what_any_program_edits(tablet, building):
    a, b = tablet("a", building), tablet("b", building)
    ground = a.json("add", "storey", "name=Ground")["id"]
    a.run("sync"), b.run("sync")
    watching = subprocess.Popen(
        b.command("watch", "--json"), env=b.environment, stdout=subprocess.PIPE, text=True
    )
    try:
        told = (json.loads(line) for line in watching.stdout)
        next(one for one in told if one["what"] == "badge" and one["state"] == "saved")
        a.run("edit", "storey", ground, "name=From A")
        a.run("sync")
        wait_for(lambda: b.json("get", "storey", ground)["name"] == "From A")
        file = b.folder / "files" / f"{building}.sqlite"
        subprocess.run(["sqlite3", file, "update storey set level = 3"], check=True)
        wait_for(lambda: a.run("sync") and a.json("get", "storey", ground).get("level") == 3)
    finally:
        watching.terminate()
        watching.wait(10)


# ---------------------------------------------------------------- what a person should hear of


def test_scenario_22_a_file_that_was_lost_is_noticed_once_and_another_device_goes_on(device, building):
    a = device("a", building)
    for name in ("One", "Two"):
        a.record(building, storey(name))
        a.sync()
    a.record(building, storey("Never sent"))
    a.home.remove_file(building)
    before = a.home.device().device
    a.sync()
    (lost,) = (facts for what, facts in a.told if what == "evicted")
    assert lost == {"scope": building, "known": 2}
    (notice,) = statuses.of(a.home).notices
    assert (notice.what, notice.scope, notice.count) == ("evicted", building, 2)
    a.record(building, storey("Three"))
    loop = a.sync()
    assert loop.totals["receipts"] == 1 and loop.session.shown.state == "saved"
    assert [what for what, _ in a.told if what in ("evicted", "fork")] == ["evicted"]
    assert a.home.replica(building).prior().n == 1 and a.home.device().device != before


def test_a_scope_let_go_and_taken_again_is_no_loss_and_no_clone(device, building):
    a = device("a", building)
    a.record(building, storey("One"))
    a.sync()
    a.home.drop(building, [])
    a.subscribe(building)
    a.record(building, storey("Two"))
    assert a.sync().session.shown.state == "saved"
    assert not [what for what, _ in a.told if what in ("evicted", "fork")]
    assert a.home.replica(building).prior().n == 2


def test_scenario_17_a_clock_three_days_off_is_said_and_nothing_is_lost(device, building, monkeypatch):
    a = device("a", building)
    real = sync.now_ms
    behind = 3 * 86_400_000 + 60_000
    monkeypatch.setattr(sync, "now_ms", lambda: real() - behind)
    ground = storey("Ground")
    a.home.replica(building).record([ground], real() - behind)
    assert a.sync().session.shown.state == "saved"
    found = statuses.of(a.home)
    assert abs(found.clock_offset_ms - behind) < 5_000
    assert "3 days behind the server's" in show_status.clock_words(found.clock_offset_ms)
    assert show_status.clock_words(-found.clock_offset_ms).count("3 days ahead of the server's") == 1
    assert not {one["what"]: one for one in findings(a.home)}["clock"]["ok"]
    b = device("b", building)
    b.sync()
    assert b.home.replica(building).row("storey", ground.id)["name"] == "Ground"


def test_scenario_18_a_clone_is_told_until_its_person_puts_it_away(device, building, tmp_path):
    a = device("a", building)
    a.record(building, storey("One"))
    a.sync()
    shutil.copytree(a.home.folder, tmp_path / "clone")
    a.record(building, storey("Two"))
    a.sync()
    clone = Home(tmp_path / "clone")
    clone.replica(building).record([storey("Of the clone")], now_ms())
    loop = Loop(clone, Server(clone), lambda what, facts: None)
    loop.start()
    assert loop.session.shown.state == "saved"
    (notice,) = statuses.of(clone).notices
    assert (notice.what, notice.count) == ("forked", 1)
    assert "1 unsent edit is kept and sent" in show_status.notice_words(notice)
    assert len(telling.clear(clone)) == 1 and statuses.of(clone).notices == ()
    clone.close()
