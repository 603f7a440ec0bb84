"""Somebody at a browser: a context of their own, pages watched for errors, and the few things people do."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.site_day import PASSWORD

WAIT_MS = 45_000
OFFLINE = ("ERR_INTERNET_DISCONNECTED", "Failed to fetch", "WebSocket connection")  # what being offline sounds like


class Visitor:
    """`kept`: a context whose files are on the disk; else one that keeps them in memory, as a private window does."""

    def __init__(self, browser: Browser, url: str, kept: BrowserContext | None = None, **context: object):
        self.url = url
        given = {"viewport": {"width": 1280, "height": 860}, **context}
        self.context = kept or browser.new_context(**given)  # type: ignore[arg-type]
        self.context.set_default_timeout(WAIT_MS)
        self.complaints: list[str] = []
        self.unheard = OFFLINE

    def page(self, path: str = "/") -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error.stack or error)))
        page.on("console", self._heard)
        page.goto(self.url + path)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(word in message.text for word in self.unheard):
            self.complaints.append(message.text)

    def login(self, email: str = "technician@demo.arxos") -> Page:
        page = self.page("/login")
        page.fill("input[name=email]", email)
        page.fill("input[type=password]", PASSWORD)
        page.click("form button")
        page.wait_for_url(self.url + "/")
        return page

    def leave(self) -> None:
        self.context.close()


def wait_for_plan(page: Page) -> None:
    page.wait_for_selector('arxos-plan[data-drawn="1"]')


def wait_for_badge(page: Page, state: str, pending: int | None = None) -> None:
    more = "" if pending is None else f'[data-pending="{pending}"]'
    page.wait_for_selector(f'arxos-badge[data-state="{state}"]{more}')


def kept_offline(page: Page) -> None:
    """The service worker has every file, so that the next start needs no network."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")


def save(page: Page, **fields: str) -> None:
    """Type into the element's sheet and save it."""
    for name, value in fields.items():
        control = page.locator(f"form[data-element] [name={name}]")
        if control.evaluate("one => one.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
            control.press("Tab")
    button = page.locator("form[data-element] button[type=submit]")
    if button.count() and button.first.is_visible() and button.first.is_enabled():
        button.first.click()


def field(page: Page, name: str) -> str:
    return page.input_value(f"form[data-element] [name={name}]")


def wait_for_field(page: Page, name: str, value: str) -> None:
    page.wait_for_function(
        "([name, value]) => document.querySelector(`form[data-element] [name=${name}]`)?.value === value",
        arg=[name, value],
    )
