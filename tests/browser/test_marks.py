"""Real Chromium: what is drawn on a photo is a layer that syncs, that others add to, and leaves the photo alone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import findings
from tests.browser.photo_marks import (
    STAGE,
    at,
    colour_at,
    colours_around,
    drag,
    drag_by_finger,
    open_photo,
    pieces,
    plain_photo,
    take,
    write,
)
from tests.browser.test_photos import hash_of, open_element, take_photo, wait_for_photo
from tests.browser.visitor import Visitor, kept_offline, wait_for_badge, wait_for_plan
from tests.server.running import wait_for
from tests.site_day import Office


def with_photo(visitor: Visitor, url: str, building: str, number: int, shade: int) -> tuple[Page, str, bytes]:
    """At an element that has one photo."""
    page = visitor.login()
    element = open_element(page, url, building, number)
    wait_for_badge(page, "saved")
    content = plain_photo(shade)
    take_photo(page, content)
    wait_for_photo(page, content, "here")
    return page, element, content


def marks_of(url: str, building: str, content: bytes) -> list[dict[str, Any]]:
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    (photo,) = [id for (table, id), row in rows.items() if row.get("sha256") == hash_of(content)]
    return [row for (table, _), row in rows.items() if table == "annotation" and row["target_id"] == photo]


def test_what_is_drawn_offline_lies_over_the_photo_and_its_small_picture_and_arrives(
    visitor: Visitor, url: str, building: str
):
    page, element, content = with_photo(visitor, url, building, 0, 150)
    kept_offline(page)
    open_photo(page)
    visitor.context.set_offline(True)
    take(page, "arrow")
    drag(page, (0.2, 0.8), (0.5, 0.5))
    expect(pieces(page)).to_have_count(1)
    take(page, "box", "blue")
    drag(page, (0.6, 0.2), (0.9, 0.6))
    expect(pieces(page)).to_have_count(2)
    take(page, "line", "white")
    drag(page, (0.1, 0.2), (0.2, 0.1), (0.3, 0.2), (0.4, 0.1))
    expect(pieces(page)).to_have_count(3)
    for name, left in (("Undo", 2), ("Redo", 3)):  # of what was never sent
        page.locator("arxos-markup").get_by_role("button", name=name, exact=True).click()
        expect(pieces(page)).to_have_count(left)
    write(page, 0.25, 0.9, "Leak <b>here</b>")
    expect(pieces(page).last).to_contain_text("Leak <b>here</b>")
    assert colour_at(page, 0.45, 0.55) == (227, 23, 27), "the arrow is seen"
    assert findings(visitor, page) == []
    page.get_by_role("button", name="Close", exact=True).last.click()
    frame = page.locator("arxos-photos .photo-frame").first
    expect(frame).to_have_attribute("aria-label", "Open leak.jpg, 4 marks")
    page.reload()
    wait_for_plan(page)
    expect(frame.locator(".mark")).to_have_count(4)
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    wait_for(lambda: len(marks_of(url, building, content)) == 4)
    arrow, box, line, text = sorted(marks_of(url, building, content), key=lambda row: row["number"])
    assert [one["viewpoint"]["mark"] for one in (arrow, box, line, text)] == ["arrow", "box", "line", "text"]
    ((ax, ay), (bx, by)) = arrow["viewpoint"]["points"]
    assert [ax, ay, bx, by] == pytest.approx([0.2, 0.8, 0.5, 0.5], abs=0.005)
    assert text["title"] == "Leak <b>here</b>"
    office = Office(url, "owner@demo.arxos")
    assert office.http.get(f"/api/v1/attachments/{building}/{hash_of(content)}").content == content, "never burnt in"


def test_undo_redo_moving_and_deleting_by_hand_and_by_keys(visitor: Visitor, url: str, building: str):
    page, _, content = with_photo(visitor, url, building, 1, 151)
    open_photo(page)
    undo, redo = (
        page.locator("arxos-markup").get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo")
    )
    take(page, "box")
    drag(page, (0.2, 0.2), (0.4, 0.4))
    expect(pieces(page)).to_have_count(1)
    wait_for_badge(page, "saved", pending=0)  # taken back after it was sent, too
    undo.click()
    expect(pieces(page)).to_have_count(0)
    redo.click()
    expect(pieces(page)).to_have_count(1)

    take(page, "choose")
    drag(page, (0.2, 0.3), (0.5, 0.5))  # by its edge
    expect(pieces(page)).to_contain_text("60 % across, 50 % down")
    drag(page, (0.7, 0.6), (0.9, 0.9))  # by its corner
    expect(pieces(page)).to_contain_text("70 % across, 65 % down")
    chosen = pieces(page).locator("button")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    chosen.focus()
    page.keyboard.press("ArrowLeft")
    expect(pieces(page)).to_contain_text("69 % across, 65 % down")
    expect(chosen).to_be_focused()
    page.keyboard.press("Shift+ArrowUp")
    expect(pieces(page)).to_contain_text("69 % across, 65 % down")  # 64.5: only its end
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(pieces(page)).to_contain_text("70 % across, 65 % down")
    page.locator("#piece-words").fill("Crack")
    page.locator("#piece-words").press("Enter")
    expect(pieces(page)).to_contain_text("Crack (Box, red)")
    chosen.focus()
    page.keyboard.press("Delete")
    expect(pieces(page)).to_have_count(0)
    undo.click()
    expect(pieces(page)).to_contain_text("Crack (Box, red)")

    take(page, "arrow", "white")
    page.locator(STAGE).focus()
    page.keyboard.press("Enter")
    expect(pieces(page)).to_have_count(2)
    wait_for_badge(page, "saved", pending=0)
    wait_for(lambda: sorted(one["title"] for one in marks_of(url, building, content)) == ["Arrow", "Crack"])


def test_two_people_draw_on_one_photo_and_their_disagreement_is_shown_with_pictures(
    visitor: Visitor, browser: Browser, url: str, building: str
):
    page, element, content = with_photo(visitor, url, building, 2, 152)
    other = Visitor(browser, url)
    theirs = other.login("reviewer@demo.arxos")
    theirs.goto(f"{url}/b/{building}?element={element}")
    wait_for_plan(theirs)
    wait_for_badge(theirs, "saved")
    open_photo(theirs)
    open_photo(page)
    take(page, "box")
    drag(page, (0.2, 0.2), (0.4, 0.4))
    expect(pieces(theirs)).to_have_count(1)
    take(theirs, "arrow", "blue")
    theirs.mouse.move(*at(theirs, 0.9, 0.9))
    theirs.mouse.down()
    theirs.mouse.move(*at(theirs, 0.7, 0.7))
    write(page, 0.3, 0.8, "Mine")  # comes while theirs is half drawn
    expect(pieces(theirs)).to_have_count(2)
    expect(theirs.locator(f"{STAGE} .mark")).to_have_count(3)
    theirs.mouse.up()
    expect(pieces(page)).to_have_count(3)

    wait_for_badge(page, "saved", pending=0)
    visitor.context.set_offline(True)
    other.context.set_offline(True)
    for one, to in ((page, (0.5, 0.5)), (theirs, (0.6, 0.2))):
        take(one, "choose")
        drag(one, (0.2, 0.3), to)
        expect(one.locator("arxos-markup output")).to_have_text("Kept on this device")
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    other.context.set_offline(False)
    wait_for_badge(theirs, "saved", pending=0)
    page.goto(f"{url}/b/{building}/conflicts")
    card = page.locator("li.conflict", has_text="Viewpoint")
    expect(card.locator("h2")).to_contain_text("Box, Photo leak.jpg")
    expect(card.locator(".side.before")).to_contain_text("Box, red, 30 % across, 30 % down")
    expect(card.locator(".conflict-picture .mark")).to_have_count(3)
    expect(card.locator(".conflict-picture:not([hidden])")).to_have_count(3)
    assert "{" not in card.inner_text()
    other.leave()
    assert other.complaints == []


def test_a_finger_draws_and_moves_on_a_phone(browser: Browser, url: str, building: str):
    phone = Visitor(browser, url, viewport={"width": 390, "height": 844}, has_touch=True)
    page, _, _ = with_photo(phone, url, building, 5, 155)
    open_photo(page)
    take(page, "line")
    drag_by_finger(page, (0.2, 0.2), (0.4, 0.3), (0.5, 0.6), (0.8, 0.7))
    expect(pieces(page)).to_have_count(1)
    take(page, "choose")
    drag_by_finger(page, (0.45, 0.45), (0.5, 0.5), (0.55, 0.55))
    expect(pieces(page)).to_contain_text("60 % across, 55 % down")
    expect(page.locator("arxos-markup").get_by_role("button", name="Undo")).to_be_enabled()
    assert findings(phone, page) == []
    wait_for_badge(page, "saved", pending=0)
    phone.leave()
    assert phone.complaints == []


def test_what_a_row_says_is_checked_before_it_is_drawn(visitor: Visitor, url: str, building: str):
    page, element, content = with_photo(visitor, url, building, 3, 153)
    office = Office(url, "owner@demo.arxos")
    rows, _ = office.pull(building)
    (photo,) = [id for (_, id), row in rows.items() if row.get("sha256") == hash_of(content)]
    odd = [
        {"mark": "arrow", "colour": "red", "points": [[0.1, 0.1], [0.2, 7]]},
        {"mark": "arrow", "colour": "red", "points": [[0.1, 0.1]]},
        {"mark": "image", "colour": "red", "points": [[0.1, 0.1]]},
        {"mark": "line", "colour": "url(#x)", "points": [[0.1, 0.1], [0.2, 0.2]]},
        {"mark": "line", "colour": "red", "points": [[0.1, 0.1]] * 5000},
        {"mark": "text", "colour": "red", "points": [["0.1", None]]},
        {"camera": [1, 2, 3]},
    ]
    for viewpoint in odd:
        given = {"title": "x" * 5000, "target_table": "attachment", "target_id": photo, "viewpoint": viewpoint}
        office.http.post(f"/api/v1/buildings/{building}/annotation", json={"set": given}).raise_for_status()
    open_photo(page)
    expect(page.locator("arxos-markup .markup-side")).to_contain_text(f"{len(odd)} marks cannot be drawn here.")
    expect(page.locator(f"{STAGE} .mark")).to_have_count(0)


def test_who_may_only_read_sees_marks_and_has_no_tools(visitor: Visitor, browser: Browser, url: str, building: str):
    page, element, content = with_photo(visitor, url, building, 4, 154)
    open_photo(page)
    take(page, "box")
    drag(page, (0.2, 0.2), (0.4, 0.4))
    wait_for_badge(page, "saved", pending=0)
    reader = Visitor(browser, url)
    theirs = reader.login("viewer@demo.arxos")
    theirs.goto(f"{url}/b/{building}?element={element}")
    wait_for_plan(theirs)
    sizes = theirs.evaluate(
        """([building, hash]) => import('/replica/client.js').then((m) => m.open())
          .then((replica) => Promise.all(Array(6).fill().map(() => replica.photo(building, hash))))
          .then((all) => all.map((one) => one.size))""",
        [building, hash_of(content)],
    )
    assert len(set(sizes)) == 1 and sizes[0] > 0, "whoever asks at the same time gets the same picture"
    open_photo(theirs)
    expect(pieces(theirs)).to_have_count(1)
    expect(theirs.locator("arxos-markup .tools")).to_have_count(0)
    reader.leave()
    assert reader.complaints == []


def test_a_photo_is_looked_at_closer_by_wheel_buttons_keys_and_two_fingers_and_marks_keep_their_place(
    browser: Browser, url: str, building: str
):
    phone = Visitor(browser, url, viewport={"width": 390, "height": 844}, has_touch=True)
    page, _, content = with_photo(phone, url, building, 6, 158)
    markup = open_photo(page)
    take(page, "box")
    drag(page, (0.4, 0.4), (0.6, 0.6))
    expect(pieces(page)).to_contain_text("50 % across, 50 % down")
    before = at(page, 0.5, 0.5)
    page.mouse.move(*before)
    page.mouse.wheel(0, -600)
    expect(markup).to_have_attribute("data-zoom", "2.94")
    assert at(page, 0.5, 0.5) == pytest.approx(before, abs=2), "what is under the pointer stays there"
    assert (227, 23, 27) in colours_around(page, 0.4, 0.5), "the box is where it was drawn"
    take(page, "line", "blue")
    drag(page, (0.45, 0.45), (0.5, 0.55), (0.55, 0.45))
    expect(pieces(page).nth(1)).to_contain_text("50 % across, 50 % down")
    markup.get_by_role("button", name="Whole photo").click()
    expect(markup).to_have_attribute("data-zoom", "1.00")
    assert at(page, 0.5, 0.5) == pytest.approx(before, abs=2)
    assert (10, 92, 255) in colours_around(page, 0.45, 0.45)
    markup.get_by_role("button", name="Closer").click()
    expect(markup).to_have_attribute("data-zoom", "1.50")
    page.locator(STAGE).focus()
    page.keyboard.press("+")
    expect(markup).to_have_attribute("data-zoom", "2.25")
    take(page, "choose")
    pieces(page).locator("[aria-pressed=true]").click()  # with one chosen, the arrows move that
    page.locator(STAGE).focus()
    still = at(page, 0.5, 0.5)
    page.keyboard.press("ArrowLeft")
    assert at(page, 0.5, 0.5)[0] == pytest.approx(still[0] + 60, abs=2)
    drag_by_finger(page, (0.45, 0.75), (0.42, 0.75), (0.4, 0.75))  # beside the pieces: the photo is moved
    assert at(page, 0.5, 0.5)[0] < still[0] + 40
    page.keyboard.press("0")
    expect(markup).to_have_attribute("data-zoom", "1.00")
    take(page, "line", "red")
    pinch(page, (0.5, 0.5), 30, 90)
    expect(markup).to_have_attribute("data-zoom", "3.00")
    expect(pieces(page)).to_have_count(2)  # two fingers draw nothing
    take(page, "choose")
    pieces(page).first.locator("button").click()
    markup.locator("arxos-history summary").click()
    expect(markup.locator("arxos-history .past")).to_contain_text("Added")
    assert findings(phone, page) == []
    wait_for_badge(page, "saved", pending=0)
    points = sorted(row["viewpoint"]["points"] for row in marks_of(url, building, content))
    assert points[0] == [pytest.approx([0.4, 0.4], abs=0.01), pytest.approx([0.6, 0.6], abs=0.01)]
    phone.leave()
    assert phone.complaints == []


def pinch(page: Page, middle: tuple[float, float], apart: float, then: float) -> None:
    """Two fingers, this far from the middle each in pixels, that move to that far."""
    session = page.context.new_cdp_session(page)
    left, top = at(page, *middle)

    def send(kind: str, away: float) -> None:
        fingers = [{"x": left - away, "y": top, "id": 1}, {"x": left + away, "y": top, "id": 2}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers if away else []})

    send("touchStart", apart)
    for step in range(1, 5):
        send("touchMove", apart + (then - apart) * step / 4)
    send("touchEnd", 0)
