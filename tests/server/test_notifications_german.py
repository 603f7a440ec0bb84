"""Who has chosen German is written to and pushed to in German; what stands in the inbox, the app says."""

from __future__ import annotations

import string
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from arxos_sync.messages import Change
from server.accounts.letters import _WORDS as LETTERS
from server.notifications.digests import _WORDS as DIGEST
from server.notifications.digests import write_digests
from server.notifications.german import _WORDS, in_german
from server.notifications.notices import WORDS, Notice
from server.notifications.preferences import set_frequency
from server.parts import new_id, now_ms
from server.sync.push import Job
from tests import services
from tests.server.mailbox import letters_to, newest_token
from tests.server.people_at_work import AtWork
from tests.server.running import Person, Running

DAY_MS = 24 * 3600 * 1000


@pytest.fixture(params=["spatialite", "postgis"], scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtWork]:
    name, settings = f"german_{uuid4().hex}", {"public_url": "https://arxos.example.org"}
    if request.param == "postgis":
        settings["database_url"] = services.create_database(name)
    made = AtWork(tmp_path_factory.mktemp("german"), **settings)
    yield made
    made.close()
    if request.param == "postgis":
        services.drop_database(name)


def choose(site: AtWork, word: str, language: str) -> None:
    """As a device does."""
    change = Change("preference", new_id(), "insert", 0, {"language": language})
    receipt, _ = Job(site.parts, site.people[word], f"user:{site.id(word)}", "field").write([change])
    assert receipt.problem is None


def test_a_letter_of_what_is_new_is_in_the_language_of_whom_it_is_for(site: AtWork) -> None:
    choose(site, "tech", "de")
    for word in ("tech", "other"):
        set_frequency(site.parts, site.people[word], "daily")
        for title in ("Door 3", "Door 4"):
            site.add("manager", "task", kind="visual", title=title, assignee=site.id(word), due_on="2026-03-01")
    site.tell()
    assert [row["title"] for row in site.rows("tech")][-2:] == ["Task for you: Door 3", "Task for you: Door 4"]
    write_digests(site.parts, now_ms() + DAY_MS)
    letters = {one["to_address"]: one for one in site.asked("select to_address, subject, body from mail")}
    german, english = letters["tech@example.org"], letters["other@example.org"]
    assert german["subject"] == "2 Neuigkeiten aus House" and english["subject"] == "2 news from House"
    assert "Guten Tag Tech,\n\ndas ist neu" in german["body"] and "einmal am Tag" in german["body"]
    assert "- Aufgabe für Sie: Door 3\n  Manager · fällig am 1.3.2026" in german["body"]
    assert "Task" not in german["body"] and "You" not in german["body"] and "Aufgabe" not in english["body"]


@pytest.mark.parametrize(("kind", "title", "body", "german"), [
    ("role_given", "You are now technician of Mill of Ulm", "Mill",
     ("Sie sind nun Techniker von Mill of Ulm", "Mill")),
    ("review", "3 findings to review", "Mill · Ana", ("3 Feststellungen zu prüfen", "Mill · Ana")),
    ("review", "To review: Door", "Mill · Ana · not_found", ("Zu prüfen: Door", "Mill · Ana · nicht gefunden")),
    ("conflict", "Your edit of Door met another", "Mill · Ana · deleted",
     ("Ihre Änderung an Door traf auf eine andere", "Mill · Ana · gelöscht")),
    ("comment", "New answer: {what}", "Mill · Ana · deleted", ("Neue Antwort: {what}", "Mill · Ana · deleted")),
    ("comment", "something else", "", ("something else", "")),
])  # fmt: skip
def test_what_people_typed_stays_as_they_typed_it(kind: str, title: str, body: str, german: tuple[str, str]) -> None:
    said = in_german(Notice(new_id(), "", kind, title, body, "/", "", "Mill", ""))
    assert (said.title, said.body) == german


def test_both_languages_say_the_same_things() -> None:
    assert WORDS.keys() == _WORDS.keys() and DIGEST["en"].keys() == DIGEST["de"].keys()
    assert LETTERS["en"].keys() == LETTERS["de"].keys()
    for ours, german in [(WORDS, _WORDS), (LETTERS["en"], LETTERS["de"])]:
        for kind, texts in ours.items():
            assert len(texts) == len(german[kind]), kind
            assert _fields(texts) == _fields(german[kind]), kind
    for key, text in DIGEST["en"].items():
        assert _fields((text,)) == _fields((DIGEST["de"][key],)), key


def _fields(texts: tuple[str, ...]) -> set[str | None]:
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


# ---------------------------------------------------------------- letters of accounts


def test_letters_about_a_login_are_in_the_language_of_its_person(running: Running, url: str) -> None:
    person, email = Person(url, "viewer"), "viewer@demo.arxos"
    chosen = {"table": "preference", "id": new_id(), "op": "insert", "set": {"language": "de"}}
    person.sync(f"user:{person.id}", None, person.transaction(chosen))
    assert httpx.post(f"{url}/api/v1/auth/reset", json={"email": email}).status_code == 202
    letter = letters_to(running, email)[-1]
    assert letter["subject"] == "Ein neues Passwort für ARXOS" and letter["body"].startswith("Guten Tag Viewer,")
    given = {"token": newest_token(running, email), "password": "ein neues, besseres Passwort"}
    assert httpx.post(f"{url}/api/v1/auth/reset/confirm", json=given).status_code == 204
    assert letters_to(running, email)[-1]["subject"] == "Ihr Passwort für ARXOS wurde geändert"
    httpx.post(f"{url}/api/v1/auth/reset", json={"email": "owner@demo.arxos"})
    assert letters_to(running, "owner@demo.arxos")[-1]["subject"] == "A new password for ARXOS"


def test_a_stranger_is_written_to_as_their_browser_speaks(running: Running, url: str) -> None:
    for language, subject in (("de-AT,de;q=0.9", "Ihr Zugang zu ARXOS"), ("fr", "Your login for ARXOS")):
        email = f"{language[:2]}@demo.arxos"
        body, headers = {"email": email, "name": "Nora"}, {"Accept-Language": language}
        assert httpx.post(f"{url}/api/v1/auth/register", json=body, headers=headers).status_code == 202
        assert letters_to(running, email)[-1]["subject"] == subject


def test_who_is_invited_is_written_to_in_the_language_of_who_invites(running: Running, url: str) -> None:
    person = Person(url, "technician")
    chosen = {"table": "preference", "id": new_id(), "op": "insert", "set": {"language": "de"}}
    person.sync(f"user:{person.id}", None, person.transaction(chosen))
    wanted = {"role": "reviewer", "email": "guest@demo.arxos"}
    made = person.http.post(f"/api/v1/buildings/{person.building('Mühle')}/invitations", json=wanted)
    assert made.status_code == 201
    letter = letters_to(running, "guest@demo.arxos")[-1]
    assert letter["subject"] == "Technician lädt Sie ein: Mühle" and "als Prüfer" in letter["body"]
