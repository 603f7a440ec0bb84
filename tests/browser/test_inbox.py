"""A person's inbox in Chromium: what comes, what was read, without a network, and on the screen by a push."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect

from server.app import open_parts
from server.notifications.inbox import deliver
from server.notifications.notices import Subject, notice
from server.parts import now
from server.settings import read_settings
from tests.browser.axe import findings
from tests.browser.visitor import Visitor, kept_offline, wait_for_badge, wait_for_plan
from tests.server.running import Person, wait_for
from tests.server.site import Site

COUNT = 40
SHOWN = (
    "navigator.serviceWorker.ready.then(r => r.getNotifications()).then(all => all.map(one => [one.title, one.tag]))"
)
CLICK = """async () => {
  const [notification] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
}"""


def tell(site: Site, person: str, building: str) -> None:
    parts = open_parts(read_settings(site.running.environment, Path("/nonexistent")))
    link = f"/b/{building}/work"
    subjects = [Subject(person, "task_assigned", f"Door {number}", link) for number in range(COUNT)]
    deliver(parts, [notice(building, "Harbour House", [one], "Olga", now(), one.what) for one in subjects])
    parts.store.close()


def test_an_inbox_is_read_with_and_without_a_network(site: Site, url: str, building: str, visitor: Visitor):
    person = Person(url, "technician")
    tell(site, person.id, building)
    page = visitor.login()
    expect(page.locator(f'arxos-account[data-unread="{COUNT}"]')).to_be_visible()
    page.locator("summary.bar-person").click()
    page.get_by_role("link", name="Inbox").click()
    expect(page.locator(".told")).to_have_count(30)
    page.get_by_role("button", name="Older").click()
    expect(page.locator(".told")).to_have_count(COUNT)
    assert findings(visitor, page) == []
    page.get_by_role("button", name="Mark as read: Task for you: Door 7", exact=True).click()
    page.get_by_role("link", name="Unread 39").click()
    expect(page.locator(".told")).to_have_count(30)
    page.locator(".told a").first.click()
    page.wait_for_url(f"{url}/b/{building}/work")
    kept_offline(page)
    page.goto(f"{url}/inbox?show=unread")
    expect(page.get_by_role("link", name="Unread 38")).to_be_visible()
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    wait_for_badge(page, "offline")
    page.reload()
    expect(page.locator(".told")).to_have_count(30)
    expect(page.get_by_text("No network: this is what had come to this device")).to_be_visible()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    page.get_by_role("link", name="How you are told").click()
    expect(page.get_by_text("can be seen and changed with a network")).to_be_visible()
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved")
    page.get_by_role("link", name="Unread 38").click()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_text("You have read everything")).to_be_visible()
    assert person.http.get("/api/v1/notifications?unread=true").json()["total"] == 0


def test_how_to_be_told_is_set_and_a_push_is_shown_and_opens_its_page(
    site: Site, url: str, building: str, visitor: Visitor
):
    person = Person(url, "reviewer")
    visitor.context.grant_permissions(["notifications"], origin=url)
    page = visitor.login("reviewer@demo.arxos")
    kept_offline(page)
    page.goto(f"{url}/inbox?show=settings")
    expect(page.locator("[data-push=off]")).to_be_visible()
    assert findings(visitor, page) == []
    page.get_by_role("switch").click()
    expect(page.get_by_text("push service did not answer")).to_be_visible()
    expect(page.locator("[data-push=off]")).to_be_visible()
    (said,) = visitor.complaints
    assert "does not support the Push API in incognito" in said
    visitor.complaints.clear()
    page.get_by_label("How often").select_option("weekly")
    page.get_by_label("At", exact=True).select_option("18")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_label("Harbour House").check()
    wishes = person.http.get("/api/v1/notifications/preferences").json()
    assert (wishes["digest_frequency"], wishes["hour"]) == ("weekly", 18)
    expect(page.get_by_label("Harbour House")).to_be_enabled()
    muted = person.http.get("/api/v1/notifications/mutes").json()["items"]
    assert muted == [{"building_id": building}]
    seen: list[dict[str, str]] = []
    devtools = visitor.context.new_cdp_session(page)
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda said: seen.extend(said["registrations"]))
    devtools.send("ServiceWorker.enable")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    tell(site, person.id, building)
    notices = person.http.get("/api/v1/notifications").json()["items"]
    told = {"id": notices[0]["id"], "title": "Task for you", "body": "Harbour House", "link": f"/b/{building}/work"}
    push = {"origin": url, "registrationId": seen[0]["registrationId"], "data": json.dumps(told)}
    devtools.send("ServiceWorker.deliverPushMessage", push)
    wait_for(lambda: page.evaluate(SHOWN))
    assert page.evaluate(SHOWN) == [["Task for you", told["id"]]]
    visitor.context.service_workers[0].evaluate(CLICK)
    page.wait_for_url(f"{url}/b/{building}/work")
    read = page.locator(f'arxos-unread[data-unread="{COUNT - 1}"]')
    expect(read.get_by_role("link", name=f"{COUNT - 1} unread notices")).to_be_visible()
    page.goto(f"{url}/b/{building}#read={notices[1]['id']}")  # a window that the push itself has opened
    wait_for_plan(page)
    expect(page.locator(f'arxos-unread[data-unread="{COUNT - 2}"]').get_by_role("link")).to_be_visible()
    page.locator("arxos-unread a").click()
    expect(page.get_by_role("link", name=f"Unread {COUNT - 2}")).to_be_visible()
    read_ones = [one["id"] for one in person.http.get("/api/v1/notifications").json()["items"] if one["read_at"]]
    assert sorted(read_ones) == sorted(one["id"] for one in notices[:2])
    person.http.post("/api/v1/notifications/read")
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    page.wait_for_selector('arxos-unread[data-unread="0"]', state="attached")
    assert page.locator("arxos-unread a").count() == 0
