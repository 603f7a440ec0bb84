"""Points for accepted work as its person sees them: over HTTP, by sync and live."""

from __future__ import annotations

import csv
import datetime
import io
import unicodedata
from collections.abc import Iterator
from typing import Any

import pymupdf
import pytest

from server.parts import new_id, now
from server.wallet.posting import post_due
from server.wallet.rewards import Deed, credit
from server.wallet.statement import Line, Statement, as_csv, as_pdf, statement_of
from server.wallet.telling import tell
from tests.server.house import House
from tests.server.running import Person, Running, wait_for
from tests.server.test_accounts import code
from tests.server.test_live import hear, socket

WALLET, ENTRIES, DISPUTES = "/api/v1/wallet", "/api/v1/wallet/entries", "/api/v1/wallet/disputes"
RULES = "/api/v1/admin/wallet/rules"


@pytest.fixture(scope="module")
def house(running: Running, url: str) -> Iterator[House]:
    made = House(running, url)
    yield made
    made.close()


def wallet(person: Person) -> dict[str, Any]:
    answer = person.http.get(WALLET)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def entries(person: Person, **asked: str) -> list[dict[str, Any]]:
    answer = person.http.get(ENTRIES, params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def credited(house: House, **more: Any) -> dict[str, Any]:
    """A finding that was accepted, and the credit that followed."""
    id = house.accepted(house.door(), **more)["validation"]["id"]
    (found,) = wait_for(lambda: [one for one in entries(house.finder, limit="500") if one["validation_id"] == id])
    return dict(found)


def time_has_passed(house: House) -> None:
    """As if 72 hours had gone by."""
    with house.parts.store.tables() as sql:
        sql.run("update ledger_waiting set posts_at = :at", at=now())
    post_due(house.parts)


def own_rows(person: Person) -> dict[str, dict[str, Any]]:
    """What a replica of the person's own scope holds of their wallet."""
    tablet = Person(person.url, None)
    tablet.http.headers["Authorization"] = f"Bearer {person.token}"
    rows = tablet.sync(f"user:{person.id}")["rows"]
    return {row["id"]: row["set"] for row in rows if row["table"] == "wallet_entry"}


def dispute(person: Person, entry: str, reason: str = "It was mine") -> Any:
    return person.http.post(f"{ENTRIES}/{entry}/dispute", json={"reason": reason})


def decide(person: Person, id: str, decision: str, reason: str = "Looked at it") -> Any:
    return person.http.post(f"{DISPUTES}/{id}/decision", json={"decision": decision, "reason": reason})


# ---------------------------------------------------------------- credits


def test_accepted_work_is_credited_and_its_person_hears_of_it(house: House):
    before = wallet(house.finder)
    with socket(house.url, house.finder) as live:
        live.ping().wait(10)
        id = house.accepted(house.door())["validation"]["id"]
        heard = hear(live, "wallet.update")
    after = wallet(house.finder)
    assert (heard["balance"], heard["pending"]) == (after["balance"], after["pending"])
    assert after["pending"] == before["pending"] + 10 and after["balance"] == before["balance"]
    entry = heard["entry"]
    assert entry["validation_id"] == id and (entry["points"], entry["state"]) == (10, "pending")
    row = own_rows(house.finder)[entry["id"]]
    assert row["points"] == 10 and row["state"] == "pending" and row["posts_at"] == entry["posts_at"]


def test_the_rest_of_todays_cap_is_told(house: House):
    def confirmed() -> dict[str, Any]:
        return next(one for one in wallet(house.finder)["rules"] if one["rule"] == "validation.confirmed")

    before = confirmed()
    credited(house)
    after = confirmed()
    assert after["given_today"] == before["given_today"] + 10 and after["left"] == before["left"] - 10
    assert after["left"] == after["daily_cap"] - after["given_today"]


def test_a_validation_that_is_replayed_is_credited_once(house: House):
    entry = credited(house)
    wait_for(lambda: _caught_up(house))
    before = wallet(house.finder), own_rows(house.finder)
    step = {"table": "validation", "id": entry["validation_id"], "op": "update", "base": house.head()}
    house.by_sync(house.owner, step | {"set": {"state": "accepted"}})
    with house.parts.store.tables() as sql:
        sql.run("update follower set sequence = 0 where name = 'wallet'")
        sql.run("update ledger_place set number = 0 where name = 'told'")
    house.add("storey", name="So that the server looks")
    wait_for(lambda: _caught_up(house))
    assert (wallet(house.finder), own_rows(house.finder)) == before


def _caught_up(house: House) -> bool:
    with house.parts.store.tables() as sql:
        places = sql.rows("select sequence from follower where scope = :scope", scope=house.building)
        told = sql.rows("select name, number from ledger_place")
    return {int(row["sequence"]) for row in places} == {house.head()} and len({row["number"] for row in told}) == 1


def test_what_is_rejected_or_not_yet_reviewed_earns_nothing(house: House):
    before = wallet(house.finder)
    waiting, refused = (house.validate(house.door())["validation"]["id"] for _ in range(2))
    house.review(house.owner, refused, decision="rejected", reason="No")
    credited(house)
    assert wallet(house.finder)["pending"] == before["pending"] + 10
    assert not {waiting, refused} & {one["validation_id"] for one in entries(house.finder, limit="500")}


def test_after_72_hours_it_is_posted_and_the_replica_hears_of_that_too(house: House):
    entry = credited(house)
    time_has_passed(house)
    told = wallet(house.finder)
    assert told["pending"] == 0 and told["balance"] >= 10
    assert own_rows(house.finder)[entry["id"]]["state"] == "posted"
    whole = house.finder.http.get(f"{ENTRIES}/{entry['id']}").json()
    assert [(step["state"], step["out_of"], step["into"]) for step in whole["steps"]] == [
        ("pending", "issued", "pending"), ("posted", "pending", "posted"),
    ]  # fmt: skip


def test_above_the_cap_of_a_day_the_rest_is_nothing_and_stays_so(house: House):
    person, deeds = house.second, []
    for n in range(25):
        day = "2026-01-05" if n < 22 else "2026-01-06"
        deeds.append(Deed("validation.not_found", new_id(), house.building, person.id, now(), day))
    assert credit(house.parts, deeds) == 25
    tell(house.parts)
    points = [one["points"] for one in entries(person, limit="100", rule="validation.not_found", sort="created_at")]
    assert sorted(points) == [0] * 2 + [10] * 23
    nothing = [row for row in own_rows(person).values() if row["points"] == 0]
    assert len(nothing) == 2 and all("above the cap of 200 on 2026-01-05" in row["reason"] for row in nothing)
    assert credit(house.parts, deeds) == 0


@pytest.mark.parametrize(
    ("arrived", "claimed", "day"),
    [
        ("2026-01-31", "2026-01-28T22:00:00.000Z", "2026-01-28"),  # found in a basement, sent three days later
        ("2026-01-31", "2026-01-24T01:00:00.000Z", "2026-01-24"),
        ("2026-01-31", "2026-01-23T23:00:00.000Z", "2026-01-31"),  # too long ago to be believed
        ("2026-01-31", "2026-02-02T00:00:00.000Z", "2026-01-31"),  # a clock that is ahead
        ("2026-01-31", None, "2026-01-31"),
    ],
)
def test_a_cap_counts_for_the_day_of_the_work_within_a_week(arrived: str, claimed: str | None, day: str):
    from server.wallet.rewards import deed_of
    from tests.server.test_validation_rules import row

    finding = row(
        "validation", state="accepted", author="a", reviewer="b", outcome="confirmed", method=None,
        created_at=f"{arrived}T12:00:00.000Z", captured_at=claimed, reviewed_at="2026-02-05T12:00:00.000Z",
    )  # fmt: skip
    deed = deed_of("house", finding)
    assert deed is not None and (deed.day, deed.rule) == (day, "validation.confirmed")


def test_a_proposal_from_another_finding_pays_by_its_own_rule(house: House):
    doors = [house.door(manufacturer="Acme", model=f"like {house.storey}") for _ in range(2)]
    source = house.accepted(doors[0])["validation"]["id"]
    path = f"{house.path}/validations/{source}/similar"
    (row,) = house.post(house.finder, path, {}).json()["items"]
    house.review(house.owner, row["id"])
    (entry,) = wait_for(lambda: [e for e in entries(house.finder, limit="500") if e["validation_id"] == row["id"]])
    assert entry["reward_rule"] == "validation.similar" and entry["points"] == 1


# ---------------------------------------------------------------- disputes


def test_a_disputed_entry_waits_until_another_person_decides(house: House):
    entry = credited(house)
    opened = dispute(house.finder, entry["id"])
    assert opened.status_code == 201 and opened.json()["state"] == "open"
    assert code(dispute(house.finder, entry["id"])) == "already_disputed"
    time_has_passed(house)
    assert house.finder.http.get(f"{ENTRIES}/{entry['id']}").json()["credit"]["state"] == "pending"
    assert code(decide(house.finder, opened.json()["id"], "uphold")) == "not_found"
    assert opened.json()["id"] in [one["id"] for one in house.owner.http.get(DISPUTES).json()["items"]]
    upheld = decide(house.owner, opened.json()["id"], "uphold")
    assert upheld.status_code == 200 and upheld.json()["state"] == "upheld"
    assert code(decide(house.second, opened.json()["id"], "reverse")) == "already_decided"
    time_has_passed(house)
    assert house.finder.http.get(f"{ENTRIES}/{entry['id']}").json()["credit"]["state"] == "posted"


def test_a_reversal_is_a_new_entry_and_may_be_disputed_and_reversed_itself(house: House):
    entry = credited(house)
    time_has_passed(house)
    before = wallet(house.finder)["balance"]
    opened = dispute(house.second, entry["id"], "That door was never there").json()
    assert code(decide(house.second, opened["id"], "reverse")) == "forbidden", "who opened it does not decide"
    assert decide(house.owner, opened["id"], "reverse", "=HYPERLINK(1)").json()["state"] == "reversed"
    assert wallet(house.finder)["balance"] == before - 10
    assert own_rows(house.finder)[entry["id"]]["state"] == "reversed"
    again = dispute(house.finder, entry["id"], "Here is the photo").json()
    assert decide(house.owner, again["id"], "reverse", "Seen on the photo").status_code == 200
    assert wallet(house.finder)["balance"] == before
    assert own_rows(house.finder)[entry["id"]]["state"] == "posted"
    final = dispute(house.second, entry["id"]).json()
    assert code(decide(house.admin, final["id"], "reverse")) == "already_decided"
    whole = house.finder.http.get(f"{ENTRIES}/{entry['id']}").json()
    assert [step["state"] for step in whole["steps"]] == ["pending", "posted", "reversal", "reversal"]
    assert [one["state"] for one in whole["disputes"]] == ["reversed", "reversed", "open"]


def test_others_entries_are_not_there_for_who_may_not_judge_them(house: House):
    entry = credited(house)["id"]
    assert entry not in [one["id"] for one in entries(house.owner, limit="500")]
    assert house.stranger.http.get(f"{ENTRIES}/{entry}").status_code == 404
    assert code(dispute(house.stranger, entry)) == "not_found"
    for id in (new_id(), "x"):
        assert code(dispute(house.finder, id)) == "not_found"
        assert code(decide(house.owner, id, "uphold")) == "not_found"
    opened = dispute(house.finder, entry).json()["id"]
    assert code(decide(house.stranger, opened, "uphold")) == "not_found"
    assert house.stranger.http.get(DISPUTES).json()["items"] == []
    assert code(dispute(house.finder, entry, "")) == "invalid"
    assert decide(house.admin, opened, "uphold").status_code == 200


# ---------------------------------------------------------------- rules


def test_an_administrator_gives_a_rule_a_new_version_for_what_is_to_come(house: House):
    assert code(house.owner.http.get(RULES)) == code(house.owner.http.post(RULES, json={
        "name": "validation.unexpected", "points": 99})) == "forbidden"  # fmt: skip
    first = credited(house, outcome="unexpected")
    body = {"name": "validation.unexpected", "points": 12, "daily_cap": 500}
    made = house.admin.http.post(RULES, json=body)
    assert made.status_code == 201 and made.json()["version"] == 2
    later = house.admin.http.post(RULES, json=body | {"points": 50, "valid_from": "2999-01-01T00:00:00Z"})
    assert later.json()["version"] == 3
    second = credited(house, outcome="unexpected")
    assert [(one["points"], one["rule_version"]) for one in (first, second)] == [(10, 1), (12, 2)]
    listed = house.admin.http.get(RULES).json()["items"]
    assert [one["points"] for one in listed if one["name"] == "validation.unexpected"] == [10, 12, 50]
    for wrong in ({"points": -1}, {"points": 1.5}, {"name": "x"}, {"valid_from": "2000-01-01"}, {"valid_from": "soon"}):
        assert code(house.admin.http.post(RULES, json=body | wrong)) == "invalid"


# ---------------------------------------------------------------- lists and statements


def test_entries_are_filtered_sorted_and_paged(house: House):
    for outcome in ("confirmed", "no_access", "confirmed"):
        credited(house, outcome=outcome)
    everything = entries(house.finder, limit="500")
    assert [one["created_at"] for one in everything] == sorted((e["created_at"] for e in everything), reverse=True)
    paged, more = [], None
    while True:
        asked = {"limit": "2", "sort": "points"} | ({"next": more} if more else {})
        page = house.finder.http.get(ENTRIES, params=asked).json()
        paged += page["items"]
        more = page["next"]
        assert page["total"] == len(everything)
        if more is None:
            break
    assert [one["id"] for one in paged] == [e["id"] for e in sorted(everything, key=lambda e: (e["points"], e["id"]))]
    few = entries(house.finder, rule="validation.no_access", building=house.building, state="pending")
    assert few and {one["reward_rule"] for one in few} == {"validation.no_access"}
    assert entries(house.finder, until="2000-01-01") == [] == entries(house.finder, building=new_id())
    for wrong in ({"state": "lost"}, {"sort": "reason"}, {"since": "soon"}, {"next": "x"}):
        assert code(house.finder.http.get(ENTRIES, params=wrong)) == "invalid"


def test_a_statement_as_csv_adds_up_and_holds_no_formula(house: House):
    entry = credited(house)
    opened = dispute(house.finder, entry["id"]).json()["id"]
    decide(house.owner, opened, "reverse", '=HYPERLINK("http://example.org")')
    answer = house.finder.http.get(f"{WALLET}/statement", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    told = wallet(house.finder)
    assert sum(int(line["posted"]) for line in lines) == told["balance"] == int(lines[-1]["balance"])
    assert sum(int(line["pending"]) for line in lines) == told["pending"]
    (taken,) = [line for line in lines if line["what"] == "taken back" and line["pending"] == "-10"][-1:]
    assert taken["reason"] == '\'=HYPERLINK("http://example.org")'
    assert not [cell for line in lines for cell in line.values() if cell.startswith(("=", "@", "+"))]


def test_a_statement_of_some_days_goes_on_from_the_balance_before(house: House):
    today = now()[:10]
    credited(house)
    whole = house.finder.http.get(f"{WALLET}/statement", params={"from": today, "to": today}).content
    assert whole == house.finder.http.get(f"{WALLET}/statement").content
    none = house.finder.http.get(f"{WALLET}/statement", params={"to": "2020-01-01"}).content.decode("utf-8-sig")
    assert len(none.splitlines()) == 1
    wrong = house.finder.http.get(f"{WALLET}/statement", params={"from": "2026-02-01", "to": "2026-01-01"})
    assert code(wrong) == "invalid" and code(house.finder.http.get(f"{WALLET}/statement?from=soon")) == "invalid"


def test_a_statement_as_pdf_has_its_text_as_text(house: House):
    entry = credited(house)
    answer = house.finder.http.get(f"{WALLET}/statement", params={"format": "pdf"})
    assert answer.headers["content-type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    with pymupdf.open(stream=answer.content) as document:
        text = " ".join("".join(page.get_text() for page in document).split())
    assert "BILT points of Technician" in text and f"Posted after: {wallet(house.finder)['balance']}" in text
    assert "confirmed, accepted by another person" in text and entry["created_at"][:10] in text


def test_a_name_that_a_page_would_take_for_markup_is_text_in_the_pdf(house: House):
    with house.parts.store.tables() as sql:
        told = statement_of(sql, house.finder.id, "Zoë <b>Ł</b> & Søn", None, datetime.date(2999, 1, 1))
    with pymupdf.open(stream=as_pdf(told)) as document:
        assert "Zoë <b>Ł</b> & Søn" in document[0].get_text()
    assert as_csv(told).startswith(b"\xef\xbb\xbfwhen,entry,what")


FACES = {
    "Иван Жданов": "Nimbus Sans", "Ελένη": "Nimbus Sans", "王小明": "Droid Sans Fallback",
    "さくら": "Droid Sans Fallback", "김민준": "Droid Sans Fallback", "Łucja, Ивана и <王> & Søn": "Nimbus Sans",
    "أحمد نور": "Noto Naskh Arabic",
    "דוד לוי": "Noto Serif Hebrew", "สมชาย ใจดี": "Noto Serif Thai", "नीता मोदी": "Noto Serif Devanagari",
    "கமலா": "Noto Serif Tamil", "ნინო": "Noto Serif Georgian",
}  # fmt: skip


def test_names_of_other_letters_than_latin_stand_in_the_pdf_and_have_shapes():
    lines = [Line(now(), "e", "credited", "rule", 1, None, None, f"by {name}.", 10, 0, 0) for name in FACES]
    told = Statement("नरेंद्र محمد", None, datetime.date(2026, 1, 31), 0, 0, lines)
    with pymupdf.open(stream=as_pdf(told)) as document:
        assert document.metadata["title"] == f"BILT points of {told.name}", "letter by letter, however they are joined"
        text = unicodedata.normalize("NFKC", document[0].get_text())  # letters of Arabic are read in the form they have
        letters = [one for one in document[0].get_texttrace() for one in one["chars"]]
        faces = " ".join(font[3] for font in document[0].get_fonts())
    assert [name for name in FACES if name not in " ".join(text.split())] == []
    assert letters and all(glyph > 0 for _, glyph, *_ in letters), "no box stands for a letter"
    assert [face for face in FACES.values() if face not in faces] == []


def test_each_page_of_a_long_statement_has_its_headings_and_no_line_is_lost():
    lines = [Line(now(), "e", "posted", "rule", 1, None, None, f"reason {n}.", 0, 1, n) for n in range(400)]
    with pymupdf.open(stream=as_pdf(Statement("Ana", None, datetime.date(2026, 1, 31), 0, 400, lines))) as document:
        pages = [page.get_text() for page in document]
    assert len(pages) > 10 and [n for n in range(400) if f"reason {n}." not in "".join(pages)] == []
    for number, page in enumerate(pages, 1):
        assert page.count("When (UTC)") == page.count("Balance") == 1 and f"page {number}\n" in page


def test_the_wallet_is_ones_own(house: House, url: str):
    nobody = Person(url, None)
    for path in (WALLET, ENTRIES, f"{WALLET}/statement", DISPUTES, RULES):
        assert nobody.http.get(path).status_code == 401
    credited(house)
    assert entries(house.stranger) == [] and wallet(house.stranger)["balance"] == 0


def test_verify_walks_the_ledger_of_the_running_server(house: House, running: Running):
    credited(house)
    done = running.command("admin", "verify")
    assert done.returncode == 0 and "rows in one chain, every entry balances" in done.stdout
