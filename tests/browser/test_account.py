"""A login by letter, a second factor and an invitation, as a person at a browser goes through them."""

from __future__ import annotations

import time

import httpx
import pyotp
import pytest
from playwright.sync_api import expect

from server.operations.demo import PASSWORD
from tests import services
from tests.browser.axe import findings
from tests.browser.visitor import Visitor
from tests.server.mailbox import letters_to
from tests.server.running import Person
from tests.server.site import Site


@pytest.fixture(scope="module")
def url(site: Site) -> str:
    """By the name that passkeys are bound to."""
    port = services.free_port()
    site.running.environment["ARXOS_PUBLIC_URL"] = f"http://localhost:{port}"
    site.running.start(port=port)
    return f"http://localhost:{port}"


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


def test_devices_logins_tokens_and_invitations_are_seen_and_ended(url: str, visitor: Visitor) -> None:
    elsewhere = Person(url, "owner")
    page = visitor.login("owner@demo.arxos")
    page.goto(f"{url}/account")
    expect(page.locator("[data-session]", has_text="This login")).to_have_count(1)
    assert findings(visitor, page) == []
    other = page.locator("[data-session]").filter(has_not_text="This login")
    count = other.count()
    other.first.get_by_role("button", name="End the login").click()
    expect(other.first.get_by_role("alert").first).to_contain_text("has to log in again")
    other.first.get_by_role("button", name="End it").click()
    expect(other).to_have_count(count - 1)
    assert elsewhere.http.get("/api/v1/me").status_code == 401
    page.get_by_role("link", name="Programs").click()
    page.get_by_label("What is it for?").fill("QGIS")
    page.get_by_role("button", name="Make a token").click()
    secret = page.locator(".secret").inner_text()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{url}/api/v1/me", headers=bearer).json()["name"] == "Olga Owner"
    assert findings(visitor, page) == []
    page.get_by_role("button", name="I have kept it").click()
    expect(page.locator(".secret")).to_have_count(0)
    page.get_by_role("button", name="End the token QGIS").click()
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_text("No program has a token of yours")).to_be_visible()
    assert httpx.get(f"{url}/api/v1/me", headers=bearer).status_code == 401
    page.get_by_role("link", name="Invitations").click()
    page.get_by_label("E-mail").fill("ben@example.org")
    page.get_by_role("button", name="Invite", exact=True).click()
    assert "/account/invitation#" in page.locator(".secret").inner_text()
    drawn = "one => one.decode().then(() => one.naturalWidth)"
    assert page.locator("img.qr").evaluate(drawn) > 100, "the picture is one"
    assert findings(visitor, page) == []
    page.get_by_role("button", name="Take back the invitation: ben@example.org").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("[data-invitation][data-state=revoked]")).to_be_visible()


def test_a_second_factor_is_set_up_and_a_passkey_lets_in(url: str, visitor: Visitor) -> None:
    page = visitor.login("technician@demo.arxos")
    page.goto(f"{url}/account?show=login")
    page.get_by_role("button", name="Set it up").click()
    page.get_by_label("Password, once more").fill(PASSWORD)
    page.get_by_role("button", name="Set it up").click()
    totp = pyotp.TOTP(page.locator(".secret").inner_text().replace(" ", ""))
    page.get_by_label("The six digits").fill(totp.at(int(time.time()) - 30))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_text("Recovery codes. Each")).to_be_visible()
    codes = page.locator(".secret").inner_text().split()
    assert len(codes) == 10
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_text("10 recovery codes left")).to_be_visible()
    devtools = visitor.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    finger = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options = finger | {"isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_label("What is it called?").fill("My phone")
    page.get_by_label("Password, once more").fill(PASSWORD)
    page.get_by_label("Code of your app").fill(codes[0])
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("[data-passkey]", has_text="My phone")).to_be_visible()
    assert findings(visitor, page) == []
    page.get_by_role("button", name="Do without it").click()
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.locator("[data-factor=off]")).to_be_visible()
    visitor.context.clear_cookies()
    page.goto(f"{url}/login")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{url}/")
    page.goto(f"{url}/account?show=login")
    page.get_by_role("button", name="Remove the passkey My phone").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("You have none yet")).to_be_visible()
