"""What administrators look at and do: by JSON and as pages, in a real browser too."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from arxos_sync.problems import kind
from server.admin import pages, rows, words
from server.operations.demo import PASSWORD
from server.parts import new_id
from tests.server.running import Person, Running, wait_for

SECTIONS = ("", "/devices", "/users", "/sessions", "/jobs", "/webhooks", "/quarantine")
AXE = Path(__file__).resolve().parents[2] / "pwa/vendor/axe-core/axe.min.js"
EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture
def admin(url: str) -> Person:
    return Person(url, "admin")


@pytest.fixture
def desk(url: str) -> Iterator[httpx.Client]:
    """A browser's cookies, of an administrator."""
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        body = {"email": "admin@demo.arxos", "password": PASSWORD}
        assert client.post("/api/v1/auth/login", json=body).status_code == 200
        yield client


def csrf(client: httpx.Client) -> dict[str, str]:
    return {"X-CSRF-Token": client.cookies["arxos_csrf"], "HX-Request": "true"}


# ---------------------------------------------------------------- JSON


def test_a_device_is_listed_with_its_lag_and_revoked(url: str, admin: Person, owner: Person, building: str):
    owner.sync(building)

    def lag() -> int | None:
        items = admin.http.get("/api/v1/admin/devices?limit=500").json()["items"]
        return next((one["lag"] for one in items if one["id"] == owner.device), None)

    wait_for(lambda: lag() == 0, 30)
    owner.http.patch(f"/api/v1/buildings/{building}", json={"set": {"code": "A"}})
    owner.http.patch(f"/api/v1/buildings/{building}", json={"set": {"code": "B"}})
    assert lag() == 2
    gone = admin.http.post(f"/api/v1/admin/devices/{owner.device}/revoke")
    assert gone.status_code == 200 and gone.json()["revoked"] is True
    wait_for(lambda: owner.http.get("/api/v1/me").status_code == 401)


@pytest.mark.parametrize("name", ["devices", "users", "sessions", "webhooks"])
def test_a_list_comes_page_by_page_and_each_once(admin: Person, owner: Person, name: str):
    seen, more = [], None
    while True:
        page = admin.http.get(f"/api/v1/admin/{name}", params={"limit": 2} | ({"next": more} if more else {})).json()
        seen += [one["id"] for one in page["items"]]
        if (more := page["next"]) is None:
            break
    assert len(seen) == len(set(seen)) == page["total"]
    assert admin.http.get(f"/api/v1/admin/{name}?next=nonsense").status_code == 422


def test_nobody_but_an_administrator_looks_or_does(admin: Person, owner: Person, nobody: Person):
    for person, status, code in ((owner, 403, "forbidden"), (nobody, 401, "unauthenticated")):
        for name in ("devices", "users", "sessions", "webhooks", "overview"):
            answer = person.http.get(f"/api/v1/admin/{name}")
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert person.http.post(f"/api/v1/admin/users/{admin.id}/disable").status_code == status
        assert person.http.get("/admin").status_code == status
    assert admin.http.get("/api/v1/me").status_code == 200


def test_what_cannot_be_done_is_told_and_changes_nothing(admin: Person, owner: Person):
    def told(path: str) -> tuple[int, str]:
        answer = admin.http.post(f"/api/v1/admin/{path}")
        return answer.status_code, answer.json()["code"]

    assert told(f"users/{admin.id}/disable") == (422, "invalid")
    assert told(f"users/{owner.device}/disable") == (404, "not_found")
    assert told(f"devices/{owner.device}/revoke") == (404, "not_found")
    assert told(f"users/{owner.id}/dance") == (404, "not_found")
    assert told("webhooks/nonsense/retry") == (404, "not_found")
    assert owner.http.get("/api/v1/me").status_code == 200


def test_the_overview_tells_of_storage_queues_and_answers(admin: Person, building: str):
    found = admin.http.get("/api/v1/admin/overview").json()
    assert found["storage"]["database"] > 0 and found["storage"]["free"] > 0
    assert found["counts"]["buildings"] >= 1 and set(found["queues"]) == {"jobs", "mail", "webhooks", "followers"}
    login = next(one for one in found["answers"] if one["route"] == "POST /api/v1/auth/login")
    assert login["count"] >= 1 and login["p50"] <= login["p99"]


# ---------------------------------------------------------------- pages


def test_every_page_stands_without_script_or_style_in_it(desk: httpx.Client):
    for section in SECTIONS:
        answer = desk.get(f"/admin{section}")
        assert answer.status_code == 200 and "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", answer.text)


def test_what_people_call_themselves_is_text_and_never_markup(running: Running, desk: httpx.Client):
    done = running.command("admin", "create-user", "evil@demo.arxos", "--name", EVIL, given=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    page = desk.get("/admin/users").text
    assert "&lt;img src=x" in page and EVIL not in page


def test_an_act_needs_the_csrf_header(desk: httpx.Client, owner: Person):
    assert desk.post(f"/admin/users/{owner.id}/disable").status_code == 403
    assert owner.http.get("/api/v1/me").status_code == 200
    shut = desk.post(f"/admin/users/{owner.id}/disable", headers=csrf(desk))
    assert shut.status_code == 200 and "shut out" in shut.text and shut.text.startswith("<tr>")
    assert "Shut out" in desk.post(f"/admin/users/{owner.id}/enable", headers=csrf(desk)).text


def test_lists_go_on_by_their_next_page(desk: httpx.Client, url: str, monkeypatch: pytest.MonkeyPatch):
    for _ in range(55):
        desk.post("/admin/ask/verify", headers=csrf(desk))
    first = desk.get("/admin/jobs").text
    more = re.search(r'hx-get="(/admin/jobs\?next=[^"]+)"', first)
    assert more is not None and first.count("<tr>") >= 50
    lines = desk.get(more[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).text
    assert lines.startswith("<tr>") and "<html" not in lines and lines.count("<tr>") >= 5


def test_a_strange_page_is_told_as_a_page(desk: httpx.Client):
    answer = desk.get("/admin/dance")
    assert answer.status_code == 404 and answer.headers["Content-Type"].startswith("text/html")


# ---------------------------------------------------------------- in two languages


def choose(url: str, language: str) -> None:
    """As a device of the administrator's does."""
    person = Person(url, "admin")
    chosen = {"table": "preference", "id": new_id(), "op": "insert", "set": {"language": language}}
    person.sync(f"user:{person.id}", None, person.transaction(chosen))


def test_both_languages_say_the_same_and_nothing_is_said_that_no_page_asks_for():
    english, german = words.WORDS["en"], words.WORDS["de"]
    assert english.keys() == german.keys()
    for key, text in english.items():
        assert fields(text) == fields(german[key]), key
    source = "".join(Path(module.__file__ or "").read_text() for module in (pages, rows))
    begun = ("state_", "job_", "count_", "storage_", "queue_", "ask_")
    ended = ("_none", "_note", "_ago")
    unused = [
        key for key in english
        if f'"{key}"' not in source and not key.startswith((*begun, "in_")) and not key.endswith(ended)
        and key not in rows.LINES
    ]  # fmt: skip
    assert unused == []
    assert set(re.findall(r">([^<>{}\n]*[A-Za-z]{3}[^<>{}\n]*)<", source)) == {"ARXOS"}, "texts stand in words.py"
    assert all(kind(code).title != code for code in words.REFUSED_IN_GERMAN), "codes of schemas/problems.json"


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_pages_speak_as_the_browser_does_and_rather_as_the_person_chose(desk: httpx.Client, url: str):
    def heading(language: str) -> str:
        page = desk.get("/admin/devices", headers={"Accept-Language": language}).text
        spoken, title = re.search(r'<html lang="(\w+)">', page), re.search("<h1>(.*)</h1>", page)
        assert spoken and title
        return f"{spoken[1]} {title[1]}"

    assert heading("de-AT,de;q=0.9") == "de Geräte" and heading("fr") == "en Devices"
    choose(url, "de")
    assert heading("en-GB") == "de Geräte"
    choose(url, "en")
    assert heading("de") == "en Devices"


def test_in_german_no_english_is_left(desk: httpx.Client, url: str, owner: Person, building: str):
    owner.sync(building)
    desk.post("/admin/ask/verify", headers=csrf(desk))
    choose(url, "de")
    try:
        for section in SECTIONS:
            page = desk.get(f"/admin{section}").text
            said = {text.strip() for text in re.findall(r'(?:>|label="|confirm=")([^<>"]+)', page)}
            assert not said & ENGLISH, section
            assert 'lang="de"' in page and said & GERMAN, section
        refused = desk.get("/admin/dance")
        assert refused.status_code == 404 and "Nicht gefunden" in refused.text and "Not found" not in refused.text
        shut = desk.post(f"/admin/users/{owner.id}/disable", headers=csrf(desk)).text
        assert "ausgesperrt" in shut and "Shut" not in shut and "Einlassen" in shut
        assert "Aussperren" in desk.post(f"/admin/users/{owner.id}/enable", headers=csrf(desk)).text
    finally:
        choose(url, "en")


ENGLISH = set(words.WORDS["en"].values()) - set(words.WORDS["de"].values())
GERMAN = set(words.WORDS["de"].values()) - set(words.WORDS["en"].values())


def test_in_a_browser_a_backup_is_asked_for_and_a_person_shut_out(browser, url: str, owner: Person):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    login = context.request.post(
        f"{url}/api/v1/auth/login", data={"email": "admin@demo.arxos", "password": PASSWORD}
    )
    assert login.ok
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{url}/admin")
    page.get_by_role("button", name="Back up now").click()
    page.get_by_text("Asked for backup").wait_for()
    page.get_by_role("link", name="See the jobs").click()
    page.get_by_text("backup").first.wait_for()
    page.goto(f"{url}/admin/users")
    line = page.locator("tr", has_text="viewer@demo.arxos")
    line.get_by_role("button", name="Shut out").click()
    page.locator("tr", has_text="viewer@demo.arxos").get_by_text("shut out", exact=True).wait_for()
    page.locator("tr", has_text="viewer@demo.arxos").get_by_role("button", name="Let in").click()
    page.locator("tr", has_text="viewer@demo.arxos").get_by_role("button", name="Shut out").wait_for()
    assert problems == [], "the policy was kept, no script failed"
    for language in ("de", "en"):
        choose(url, language)
        for section in SECTIONS:
            page.goto(f"{url}/admin{section}")
            assert page.locator("html").get_attribute("lang") == language
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), section
            page.evaluate(AXE.read_text())
            found = page.evaluate("axe.run().then((done) => done.violations.map((one) => one.id + ': ' + one.help))")
            assert found == [], section
    context.close()
