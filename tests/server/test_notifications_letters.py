"""Letters over real SMTP: sent once, tried again, given up; and what people are written to, how often."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from arxos_sync.messages import Change
from server.notifications import posting
from server.notifications.digests import write_digests
from server.notifications.inbox import mark_read
from server.notifications.letters import standing, write_letter
from server.notifications.preferences import Wishes, last_due, set_frequency, set_hour, wishes_of
from server.notifications.unsubscribing import person_by, unsubscribe
from server.parts import Parts, instant, new_id, now_ms
from server.settings import SettingError, Settings, read_settings
from server.sync.push import Job
from tests import services
from tests.server.mail_server import Post
from tests.server.people_at_work import AtWork

DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.stop()


@pytest.fixture(params=["spatialite", "postgis"], scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtWork]:
    name, settings = f"letters_{uuid4().hex}", {"public_url": "https://arxos.example.org"}
    if request.param == "postgis":
        settings["database_url"] = services.create_database(name)
    made = AtWork(tmp_path_factory.mktemp("letters"), **settings)
    yield made
    made.close()
    if request.param == "postgis":
        services.drop_database(name)


@pytest.fixture
def at_work(site: AtWork, post: Post) -> AtWork:
    """Nothing waits, and nobody was ever written to."""
    with site.parts.store.tables() as sql:
        for table in ("mail", "notification_letter", "notification_digest", "notification_hour"):
            sql.run(f"delete from {table}")  # type: ignore[arg-type]
    site.parts = with_settings(site.parts, smtp_url=f"smtp://127.0.0.1:{post.port}", smtp_from="house@example.org")
    for person in site.people.values():
        set_frequency(site.parts, person, "daily")
    return site


def with_settings(parts: Parts, **changed: str | None) -> Parts:
    return msgspec.structs.replace(parts, settings=msgspec.structs.replace(parts.settings, **changed))


def letter(
    site: AtWork, to: str = "tech@example.org", subject: str = "Hello", body: str = "Line\n", **more: str
) -> str:
    with site.parts.store.tables() as sql:
        return write_letter(sql, to, subject, body, **more)


def waiting(site: AtWork) -> list[dict]:
    return site.asked("select id, tries, next_try_at, problem, held_until from mail order by to_address, id")


# ---------------------------------------------------------------- on its way


def test_a_letter_is_sent_once_and_gone(at_work: AtWork, post: Post) -> None:
    id = letter(at_work, body="Grüße aus dem Keller,\n.\nein Punkt allein.\n" + "lang " * 300 + "\n")
    posting.post(at_work.parts)
    posting.post(at_work.parts)
    (got,) = post.letters
    assert got["to"] == "tech@example.org" and got["from"] == "ARXOS <house@example.org>"
    assert got["message-id"] == f"<{id}@example.org>" and got["auto-submitted"] == "auto-generated"
    assert got.get_content_type() == "text/plain"
    assert got.get_content().splitlines()[:3] == ["Grüße aus dem Keller,", ".", "ein Punkt allein."]
    assert post.from_addresses == ["house@example.org"] and waiting(at_work) == []


def test_nobody_writes_headers_by_a_subject_or_an_address(at_work: AtWork, post: Post) -> None:
    letter(at_work, subject="Door\r\nBcc: thief@example.org\r\n\r\nBody\u2028x" + "ä" * 500)
    letter(at_work, to="tech@example.org\r\nBcc: thief@example.org")
    letter(at_work, unsubscribe="https://x.example/\r\nBcc: thief@example.org")
    posting.post(at_work.parts)
    assert len(post.letters) == 2 and all(got["bcc"] is None for got in post.letters)
    assert all(got["to"] == "tech@example.org" for got in post.letters)
    subjects = sorted(got["subject"] for got in post.letters)  # of one millisecond any may go first
    assert subjects[0].startswith("Door Bcc: thief@example.org Body") and subjects[1] == "Hello"
    for address in ("nobody", "", "a b@example.org", "@", "a@b@c", "tech@exam ple.org"):
        letter(at_work, to=address)
    letter(at_work)
    posting.post(at_work.parts)
    assert len(post.letters) == 3, "and what is no address holds up nobody"
    assert all(left["next_try_at"] is None for left in waiting(at_work)) and len(waiting(at_work)) == 7
    assert waiting(at_work)[0]["problem"].startswith("cannot be written")


def test_a_mail_server_that_is_away_is_asked_again_later_and_later(at_work: AtWork, post: Post) -> None:
    ids = [letter(at_work), letter(at_work)]
    post.stop()
    at, waits = now_ms(), []
    for _ in range(4):
        posting.post(at_work.parts, at)
        (again,) = {one["next_try_at"] for one in waiting(at_work)}
        waits.append(round((ms(again) - at) / 1000))
        posting.post(at_work.parts, at + 1000)  # not yet
        at = ms(again)
    assert waits == [60, 300, 900, 3600] and {one["tries"] for one in waiting(at_work)} == {4}
    back = Post(post.port)
    posting.post(at_work.parts, at)
    assert sorted(got["message-id"].partition("@")[0][1:] for got in back.letters) == sorted(ids)
    assert waiting(at_work) == []
    back.stop()


def ms(at: str) -> int:
    return int(datetime.datetime.fromisoformat(at).timestamp() * 1000)


def test_no_means_no_and_later_means_later(at_work: AtWork, post: Post) -> None:
    post.answers = {"gone@example.org": "550 no such person", "full@example.org": "452 mailbox full"}
    letter(at_work, to="gone@example.org")
    letter(at_work, to="full@example.org")
    letter(at_work, to="tech@example.org")
    posting.post(at_work.parts)
    full, gone = waiting(at_work)
    assert gone["next_try_at"] is None and gone["problem"] == "550 no such person"
    assert full["next_try_at"] is not None and full["problem"] == "452 mailbox full" and full["held_until"] is None
    assert [got["to"] for got in post.letters] == ["tech@example.org"], "and it holds up nobody"
    posting.post(at_work.parts, now_ms() + 5 * DAY_MS)
    assert waiting(at_work)[0]["next_try_at"] is None, "after days it is given up"


def test_content_that_is_refused_is_not_sent_again(at_work: AtWork, post: Post) -> None:
    post.data_answer = "554 looks like spam"
    letter(at_work)
    posting.post(at_work.parts)
    (left,) = waiting(at_work)
    assert left["next_try_at"] is None and left["problem"] == "554 looks like spam"


def test_a_letter_that_another_process_holds_is_left_to_it(at_work: AtWork, post: Post) -> None:
    letter(at_work)
    with at_work.parts.store.tables() as sql:
        sql.run("update mail set held_until = :until", until=instant(now_ms() + 60_000))
    posting.post(at_work.parts)
    assert post.letters == []
    posting.post(at_work.parts, now_ms() + 61_000)  # it died
    assert len(post.letters) == 1


def test_it_logs_in_where_the_address_says_so_and_a_wrong_password_loses_no_letter(at_work: AtWork) -> None:
    guarded = Post(login="ar@xos.example:s/cret")
    url = f"smtp://ar%40xos.example:%s@127.0.0.1:{guarded.port}"
    at_work.parts = with_settings(at_work.parts, smtp_url=url.replace("%s", "wrong"), smtp_from=None)
    letter(at_work)
    posting.post(at_work.parts)
    (left,) = waiting(at_work)
    assert left["next_try_at"] is not None and "535" in left["problem"] and "wrong" not in left["problem"]
    assert "535" in str(posting.mail_server_says(at_work.parts.settings))
    at_work.parts = with_settings(at_work.parts, smtp_url=url.replace("%s", "s%2Fcret"))
    assert posting.mail_server_says(at_work.parts.settings) is None
    posting.post(at_work.parts, now_ms() + DAY_MS)
    assert guarded.logins and guarded.from_addresses == ["ar@xos.example"]
    guarded.stop()


def test_starttls_that_is_demanded_is_not_done_without(at_work: AtWork, post: Post) -> None:
    url = f"smtp+starttls://127.0.0.1:{post.port}"  # which offers none
    at_work.parts = with_settings(at_work.parts, smtp_url=url)
    letter(at_work)
    posting.post(at_work.parts)
    assert post.letters == [] and waiting(at_work)[0]["next_try_at"] is not None


def test_without_a_mail_server_letters_wait_and_it_is_said(at_work: AtWork) -> None:
    at_work.parts = with_settings(at_work.parts, smtp_url=None)
    letter(at_work)
    posting.post(at_work.parts)
    with at_work.parts.store.tables() as sql:
        assert standing(sql, at_work.parts.settings) == "1 wait: no mail server is set"
        sql.run("update mail set created_at = '2026-01-01T00:00:00.000Z', problem = '452 full'")
        assert standing(sql, msgspec.structs.replace(at_work.parts.settings, smtp_url="smtp://x")) == "1 late: 452 full"


def test_where_letters_come_from() -> None:
    assert posting.sender(Settings(smtp_url="smtp://a%40b.org:c@d.org", smtp_from="e@f.org")) == "e@f.org"
    assert posting.sender(Settings(smtp_url="smtp://a%40b.org:c@d.org")) == "a@b.org"
    assert posting.sender(Settings(smtp_url="smtp://a:c@d.org", public_url="https://g.org/")) == "arxos@g.org"
    assert posting.sender(Settings(smtp_url="smtp://d.org")) == "arxos@d.org"
    for name, wrong in (("FROM", "nobody"), ("FROM", "a@b\r\nBcc: c@d"), ("URL", "mail.org")):
        with pytest.raises(SettingError):
            read_settings({f"ARXOS_SMTP_{name}": wrong}, Path("/nonexistent"))


# ---------------------------------------------------------------- what is new


def assign(site: AtWork, word: str = "tech", title: str = "Door 3") -> None:
    site.add("manager", "task", kind="visual", title=title, assignee=site.id(word))
    site.tell()


def at(day: str, hour: int, minute: int = 0, zone: str = "UTC") -> datetime.datetime:
    import zoneinfo

    return datetime.datetime.fromisoformat(f"{day}T{hour:02}:{minute:02}").replace(tzinfo=zoneinfo.ZoneInfo(zone))


def test_a_letter_was_last_due_at_the_persons_hour_by_their_clock() -> None:
    daily, weekly = Wishes("daily", "Europe/Vienna", 7), Wishes("weekly", "Europe/Vienna", 7)
    assert last_due(daily, at("2026-11-27", 5, 59)) == at("2026-11-26", 7, zone="Europe/Vienna")
    assert last_due(daily, at("2026-11-27", 6, 0)) == at("2026-11-27", 7, zone="Europe/Vienna")
    assert last_due(weekly, at("2026-11-27", 12)) == at("2026-11-23", 6)  # a Monday, at six in London
    assert last_due(weekly, at("2026-11-23", 5)) == at("2026-11-16", 6)
    summer = last_due(daily, at("2026-03-29", 12))  # the day the clocks went forward
    assert summer == at("2026-03-29", 5)
    assert last_due(Wishes("daily", "Nowhere/Land", 7), at("2026-11-27", 8)) == at("2026-11-27", 7)


def test_once_a_day_one_letter_of_all_that_is_new_and_unread(at_work: AtWork, post: Post) -> None:
    for title in ("Door 3", "Door 4", "Read at once"):
        assign(at_work, title=title)
    read = next(row for row in at_work.rows("tech") if row["title"].endswith("once"))
    mark_read(at_work.parts, at_work.people["tech"], read["id"])
    write_digests(at_work.parts, now_ms() + 1000)
    assert waiting(at_work) == [], "not before the hour"
    tomorrow = now_ms() + DAY_MS
    write_digests(at_work.parts, tomorrow)
    write_digests(at_work.parts, tomorrow)
    posting.post(at_work.parts, tomorrow)
    (got,) = post.letters
    assert got["to"] == "tech@example.org" and got["subject"] == "2 news from House"
    said = got.get_content()
    assert "- Task for you: Door 3" in said and "- Task for you: Door 4" in said and "at once" not in said
    assert f"https://arxos.example.org/b/{at_work.building}" in said and "once a day" in said
    assert got["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert got["list-unsubscribe"].strip("<>") in said
    write_digests(at_work.parts, tomorrow + 7 * DAY_MS)
    posting.post(at_work.parts, tomorrow + 7 * DAY_MS)
    assert len(post.letters) == 1, "what was written of is not written of again"


def test_now_is_soon_weekly_is_on_monday_and_never_is_never(at_work: AtWork, post: Post) -> None:
    for word, frequency in (("tech", "now"), ("other", "never"), ("manager", "weekly")):
        set_frequency(at_work.parts, at_work.people[word], frequency)
    assign(at_work, "tech")
    assign(at_work, "other")
    at_work.add("owner", "task", kind="visual", title="Weekly", assignee=at_work.id("manager"))
    at_work.tell()
    write_digests(at_work.parts, now_ms() + 1000)
    assert waiting(at_work) == [], "a moment to read it on the screen"
    write_digests(at_work.parts, now_ms() + 61_000)
    posting.post(at_work.parts, now_ms() + 61_000)
    assert [got["subject"] for got in post.letters] == ["Task for you: Door 3 · House"]
    write_digests(at_work.parts, now_ms() + 7 * DAY_MS)
    posting.post(at_work.parts, now_ms() + 7 * DAY_MS)
    assert [got["to"] for got in post.letters] == ["tech@example.org", "manager@example.org"]


def test_who_stops_letters_is_not_written_of_what_waited(at_work: AtWork) -> None:
    assign(at_work)
    set_frequency(at_work.parts, at_work.people["tech"], "never")
    write_digests(at_work.parts, now_ms() + 2 * DAY_MS)
    set_frequency(at_work.parts, at_work.people["tech"], "daily")
    write_digests(at_work.parts, now_ms() + 4 * DAY_MS)
    assert waiting(at_work) == []


def test_two_processes_write_one_letter(at_work: AtWork, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked, and found the same, before either writes."""
    from server.notifications import digests

    assign(at_work)
    write, seen = digests._write, []
    monkeypatch.setattr(digests, "_write", lambda *found: seen.append(found))
    for _ in range(2):
        write_digests(at_work.parts, now_ms() + DAY_MS)
    monkeypatch.undo()
    for found in seen:
        write(*found)
    assert len(seen) == 2 and len(waiting(at_work)) == 1
    assign(at_work, title="The next")  # of somebody who was written to before
    seen.clear()
    monkeypatch.setattr(digests, "_write", lambda *found: seen.append(found))
    for _ in range(2):
        write_digests(at_work.parts, now_ms() + 2 * DAY_MS)
    for found in seen:
        write(*found)
    assert len(seen) == 2 and len(waiting(at_work)) == 2


def test_the_link_at_the_foot_ends_letters_of_its_person_alone(at_work: AtWork) -> None:
    assign(at_work)
    write_digests(at_work.parts, now_ms() + DAY_MS)
    (link,) = at_work.asked("select unsubscribe from mail")
    token = link["unsubscribe"].rpartition("/")[2]
    assert person_by(at_work.parts, token).id == at_work.id("tech")
    unsubscribe(at_work.parts, token)
    for word, frequency in (("tech", "never"), ("other", "daily")):
        with at_work.parts.store.read(f"user:{at_work.id(word)}") as reader:
            assert wishes_of(reader).frequency == frequency
    with pytest.raises(Exception, match="not one of this server's"):
        person_by(at_work.parts, token[:-1])


def test_a_device_says_how_often_by_its_own_row_and_the_last_word_counts(at_work: AtWork) -> None:
    person = at_work.people["tech"]
    scope = f"user:{person.id}"
    job = Job(at_work.parts, person, scope, "field")
    job.write([Change("preference", new_id(), "insert", 0, {"digest_frequency": "weekly", "theme": "dark"})])
    with at_work.parts.store.read(scope) as reader:
        assert wishes_of(reader).frequency == "weekly"
    job.write([Change("preference", new_id(), "insert", 0, {"theme": "light"})])
    with at_work.parts.store.tables() as sql:
        set_hour(sql, person.id, "Asia/Tokyo", 18)
    with at_work.parts.store.read(scope) as reader:
        found = wishes_of(reader)
    assert (found.frequency, found.timezone, found.hour) == ("weekly", "Asia/Tokyo", 18)
