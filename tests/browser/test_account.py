"""A login by letter, a second factor and an invitation, as a person at a browser goes through them."""

from __future__ import annotations

import httpx
import pyotp
from playwright.sync_api import expect

from server.operations.demo import PASSWORD
from tests.browser.visitor import Visitor
from tests.server.mailbox import letters_to
from tests.server.running import Person
from tests.server.site import Site


def path_in(site: Site, address: str) -> str:
    """The page that the newest letter's link opens."""
    line = next(one for one in letters_to(site.running, address)[-1]["body"].splitlines() if "#" in one)
    return "/" + line.partition("://")[2].partition("/")[2]


def test_who_was_invited_registers_by_letter_and_takes_the_invitation(site: Site, url: str, visitor: Visitor) -> None:
    owner = Person(url, "owner")
    building = owner.building("The mill")
    made = owner.http.post(f"/api/v1/buildings/{building}/invitations", json={"role": "technician"}).json()
    invitation = "/" + made["link"].partition("://")[2].partition("/")[2]
    page = visitor.page(invitation)
    expect(page.get_by_text("Owner invites you to The mill, as technician.")).to_be_visible()
    page.get_by_role("link", name="I have no login yet").click()
    page.get_by_label("What people call you").fill("Nora")
    page.get_by_label("E-mail").fill("nora@demo.arxos")
    page.get_by_role("button", name="Send me a letter").click()
    expect(page.get_by_text("a letter is on its way")).to_be_visible()
    page.goto(url + path_in(site, "nora@demo.arxos"))
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(url + "/")
    page.goto(url + invitation)
    page.get_by_role("button", name="Take it").click()
    page.wait_for_url(f"{url}/b/{building}")
    assert Person(url, "nora").http.get(f"/api/v1/buildings/{building}").json()["role"] == "technician"


def test_a_forgotten_password_is_chosen_anew(site: Site, url: str, visitor: Visitor) -> None:
    page = visitor.page("/login")
    page.get_by_role("link", name="Password forgotten?").click()
    page.get_by_label("E-mail").fill("viewer@demo.arxos")
    page.get_by_role("button", name="Send me a letter").click()
    expect(page.get_by_text("a letter is on its way")).to_be_visible()
    page.goto(url + path_in(site, "viewer@demo.arxos"))
    page.get_by_label("New password").fill("another password")
    page.get_by_role("button", name="Keep it").click()
    page.wait_for_url(url + "/login")
    answer = httpx.post(f"{url}/api/v1/auth/login", json={"email": "viewer@demo.arxos", "password": "another password"})
    assert answer.status_code == 200


def test_a_second_factor_is_asked_for_when_it_is_wanted(url: str, visitor: Visitor) -> None:
    person = Person(url, "reviewer")
    offered = person.http.post("/api/v1/me/second-factor", json={"password": PASSWORD}).json()
    code = pyotp.TOTP(offered["secret"]).now()
    codes = person.http.post("/api/v1/me/second-factor/confirm", json={"code": code}).json()["recovery_codes"]
    page = visitor.page("/login")
    page.get_by_label("E-mail").fill("reviewer@demo.arxos")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Code of your app").fill(codes[0])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(url + "/")
    (refused,) = visitor.complaints
    assert "401" in refused
    visitor.complaints.clear()
