"""Real Chromium: every page is closed before a network comes, and the service worker sends what waits."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_offline import open_element
from tests.browser.test_told import set_role, status_of
from tests.browser.visitor import Visitor, kept_offline, save, wait_for_badge, wait_for_field, wait_for_plan
from tests.server.running import wait_for
from tests.server.site import Site
from tests.site_day import PASSWORD, Office

TAG = "arxos-waiting"
OUTBOX = """() => new Promise((resolve, reject) => {
  const request = indexedDB.open('arxos-outbox', 1);
  request.onupgradeneeded = () => request.transaction.abort();
  request.onerror = () => resolve([]);
  request.onsuccess = () => {
    const asked = request.result.transaction('waiting').objectStore('waiting').getAll();
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => (request.result.close(), resolve(asked.result));
  };
})"""
HOLD = """() => new Promise((resolve) => {
  const request = indexedDB.open('arxos-outbox', 1);
  request.onsuccess = () => { self.held = request.result; resolve(); };
})"""
REGISTERED = "navigator.serviceWorker.ready.then((one) => one.sync.getTags())"
UNDO = "building => import('/replica/client.js').then((m) => m.open()).then((r) => r.undo(building))"
FREEZE = "() => void document.dispatchEvent(new Event('freeze'))"  # as before a tab is discarded
LOGGED = """building => import('/replica/client.js').then((m) => m.open()).then((r) => r.query(building,
  `select n, nonce from arxos_change_log where state = 'acknowledged' order by n`))"""
LOGOUT = "() => import('/replica/client.js').then((m) => m.open()).then((r) => r.logout())"
LOCKED = "navigator.locks.query().then(({ held }) => held.some((one) => one.name === 'arxos-files'))"
FREE = """async () => {
  const free = async (folder) => {
    for await (const one of folder.values()) {
      const is = one.kind === 'directory' ? await free(one)
        : await one.createWritable().then((open) => open.abort().then(() => true), () => false);
      if (!is) return false;
    }
    return true;
  };
  return free(await navigator.storage.getDirectory());
}"""
LOSE_FILES = """async () => {
  const root = await navigator.storage.getDirectory();
  for await (const name of root.keys()) await root.removeEntry(name, { recursive: true });
}"""


def copies(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(OUTBOX)
    return found


def tags(page: Page) -> list[list[str]]:
    """The tags that lie ready for the background, a list a copy."""
    return [
        [change["set"]["tag"] for one in copy["transactions"] for change in one["changes"]] for copy in copies(page)
    ]


def numbers(page: Page) -> list[dict[str, Any]]:
    return [{"n": one["n"], "nonce": one["nonce"]} for copy in copies(page) for one in copy["transactions"]]


def edits_offline(visitor: Visitor, page: Page, url: str, building: str, number: int, *given: str) -> str:
    """Edits of one element made without a network, until they lie ready. Answers its id."""
    element = open_element(page, url, building, number)
    kept_offline(page)
    wait_for_badge(page, "saved", pending=0)
    beside(visitor)
    visitor.context.set_offline(True)
    for count, tag in enumerate(given, 1):
        save(page, tag=tag)
        wait_for_badge(page, "offline", pending=count)
    wait_for(lambda: tags(page) == [list(given)])
    return element


def beside(visitor: Visitor) -> Page:
    """A page of the same origin without the app. It holds the copies open: in a context whose files are in memory,
    Chromium forgets a database that nobody has open.
    """
    page = visitor.context.new_page()
    page.goto(f"{visitor.url}/-/versions")
    page.evaluate(HOLD)
    return page


def all_closed(visitor: Visitor) -> Page:
    """Every page of the app is closed, and the network is back. Answers the one beside it."""
    aside = next(page for page in visitor.context.pages if page.url.endswith("/-/versions"))
    for page in visitor.context.pages:
        if page != aside:
            page.evaluate(FREEZE)  # else its worker hears of the network while Chromium closes it, and sends itself
            page.close()
    wait_for(lambda: aside.evaluate(FREE))
    visitor.context.set_offline(False)
    return aside


def wake(page: Page, url: str) -> None:
    """What the browser does once there is a network."""
    seen: list[dict[str, Any]] = []
    devtools = page.context.new_cdp_session(page)
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda said: seen.extend(said["registrations"]))
    devtools.send("ServiceWorker.enable")
    wait_for(lambda: page.evaluate("1") and seen)
    event = {"origin": url, "registrationId": seen[0]["registrationId"], "tag": TAG, "lastChance": False}
    devtools.send("ServiceWorker.dispatchSyncEvent", event)


def send(context: BrowserContext) -> str:
    """The same to its end: what the service worker does when it is woken. Answers why it did not.

    Chromium wakes it by itself as well, now or later: it may be at it already, or have done it.
    """
    said: str = context.service_workers[0].evaluate("sent().then(() => '', (error) => error.message)")
    return said


def sent(visitor: Visitor) -> bool:
    """Has the service worker sent all that lay ready, or dropped it?"""
    return send(visitor.context) == ""


def become(visitor: Visitor, email: str) -> None:
    """The cookies are somebody else's; no page of the app has heard of it."""
    given = {"email": email, "password": PASSWORD}
    assert visitor.context.request.post(f"{visitor.url}/api/v1/auth/login", data=given).ok


@contextmanager
def halted(site: Site) -> Iterator[None]:
    """The server takes connections, and answers nothing."""
    for process in site.running.processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in site.running.processes:
            process.send_signal(signal.SIGCONT)


def changes_of(url: str, building: str, element: str) -> list[Any]:
    """The values that the element's tag had, the last first, by the server's word."""
    told = Office(url, "owner@demo.arxos").http.get(f"/api/v1/buildings/{building}/element/{element}/history").json()
    return [one["fields"]["tag"]["new"] for one in told["items"] if "tag" in one["fields"]]


def test_what_was_typed_offline_is_sent_with_every_page_closed_and_the_next_page_learns_of_it(
    visitor: Visitor, url: str, building: str
):
    page = visitor.login()
    element = edits_offline(visitor, page, url, building, 0, "CLOSED-1", "CLOSED-2")
    assert TAG in page.evaluate(REGISTERED)
    numbered = numbers(page)
    device = status_of(page)["device"]
    aside = all_closed(visitor)
    wake(aside, url)
    wait_for(lambda: [copy["sent"] for copy in copies(aside)] == [True])
    sent = changes_of(url, building, element)
    assert sent[:2] == ["CLOSED-2", "CLOSED-1"]
    aside.close()

    visitor.context.set_offline(True)
    page = visitor.page(f"/b/{building}?element={element}")
    wait_for_badge(page, "offline", pending=2)
    assert status_of(page)["pending"] == 2, "not saved before the replica has its receipts"
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    wait_for_field(page, "tag", "CLOSED-2")
    assert changes_of(url, building, element) == sent, "nothing twice"
    wait_for(lambda: copies(page) == [])
    assert page.evaluate(LOGGED, building) == numbered, "under the numbers and nonces of the copy"
    assert status_of(page)["device"] == device, "and so the server took it for the same device"


def test_what_was_undone_is_not_sent_and_nothing_by_somebody_elses_login(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    element = edits_offline(visitor, page, url, building, 1, "STAYS", "UNDONE")
    page.evaluate(UNDO, building)
    assert tags(page) == [["STAYS"]], "at once: the page may end at any moment"
    wait_for_badge(page, "offline", pending=1)
    before = changes_of(url, building, element)
    become(visitor, "reviewer@demo.arxos")
    aside = all_closed(visitor)
    wait_for(lambda: sent(visitor))
    assert [copy["tried"] for copy in copies(aside)] == [False]
    assert changes_of(url, building, element) == before
    become(visitor, "technician@demo.arxos")
    wait_for(lambda: sent(visitor))
    assert [copy["sent"] for copy in copies(aside)] == [True]
    assert changes_of(url, building, element) == ["STAYS", *before]


def test_a_page_that_is_open_sends_by_itself_and_one_that_opens_is_given_way(
    visitor: Visitor, site: Site, url: str, building: str
):
    visitor.unheard = (*visitor.unheard, "ERR_FAILED")
    page = visitor.login()
    element = open_element(page, url, building, 2)
    kept_offline(page)
    wait_for_badge(page, "saved", pending=0)
    beside(visitor)
    page.route("**/api/v1/sync", lambda route: route.abort())
    save(page, tag="IN-TURN")
    wait_for(lambda: tags(page) == [["IN-TURN"]])
    assert send(visitor.context) in ("", "a page is open: should it leave something, try again")
    assert [copy["tried"] for copy in copies(page)] == [False]
    assert "IN-TURN" not in changes_of(url, building, element)

    with halted(site):
        aside = all_closed(visitor)
        visitor.context.service_workers[0].evaluate("void sent().catch(() => {})")
        wait_for(lambda: aside.evaluate(LOCKED))
        page = visitor.page(f"/b/{building}?element={element}")
        wait_for_plan(page)
        wait_for_field(page, "tag", "IN-TURN")
    wait_for_badge(page, "saved", pending=0)
    assert changes_of(url, building, element)[0] == "IN-TURN"


def test_what_the_server_refused_meanwhile_is_found_rejected_by_the_next_page(
    visitor: Visitor, site: Site, url: str, building: str
):
    page = visitor.login()
    element = edits_offline(visitor, page, url, building, 3, "REFUSED")
    set_role(site, building, "technician@demo.arxos", "viewer")
    aside = all_closed(visitor)
    wait_for(lambda: sent(visitor))
    assert [copy["sent"] for copy in copies(aside)] == [True]
    page = visitor.page("/sync")
    wait_for_badge(page, "rejected", pending=0)
    expect(page.locator("li[data-rejected]")).to_contain_text("Tag is REFUSED")
    set_role(site, building, "technician@demo.arxos", "technician")
    page.locator("li[data-rejected]").get_by_role("button", name="Send again").click()
    wait_for_badge(page, "saved", pending=0)
    assert changes_of(url, building, element)[0] == "REFUSED"


def test_after_a_logout_and_after_the_session_was_ended_nothing_lies_ready(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    element = edits_offline(visitor, page, url, building, 4, "KEPT-HERE")
    page.evaluate(LOGOUT)
    assert copies(page) == []
    visitor.context.set_offline(False)
    page.close()
    page = visitor.login()
    wait_for_badge(page, "saved", pending=0)
    assert changes_of(url, building, element)[0] == "KEPT-HERE"

    element = edits_offline(visitor, page, url, building, 4, "ENDED")
    assert Office(url, "technician@demo.arxos").http.delete("/api/v1/me/sessions").status_code == 200
    aside = all_closed(visitor)
    wait_for(lambda: sent(visitor))
    assert copies(aside) == []
    assert "ENDED" not in changes_of(url, building, element)
    page = visitor.login()
    wait_for_badge(page, "saved", pending=0)
    assert changes_of(url, building, element)[0] == "ENDED"


def test_the_copy_outlives_files_that_are_lost_and_is_kept_aside(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    edits_offline(visitor, page, url, building, 5, "LAST-COPY")
    become(visitor, "reviewer@demo.arxos")  # so that the service worker does not send it before
    aside = all_closed(visitor)
    aside.evaluate(LOSE_FILES)
    page = visitor.login()
    wait_for(lambda: copies(page) == [])
    page.goto(f"{url}/sync")
    expect(page.locator("li[data-aside]")).to_contain_text("Tag is LAST-COPY")
