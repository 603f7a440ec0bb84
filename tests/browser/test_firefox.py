"""Real Firefox ESR: a technician's day in short. What other tests show in Chromium holds here as well."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from tests.browser import firefox
from tests.browser.test_offline import PAINTED
from tests.server.site import Site
from tests.site_day import PASSWORD, Office

DRAWN = 'arxos-plan[data-drawn="1"]'
TAG = "form[data-element] [name=tag]"
HOLDS = "(selector, value) => document.querySelector(selector)?.value === value"
GONE = ("can’t establish a connection", "NetworkError")  # what a server that is away sounds like


def test_a_technicians_day_in_firefox(site: Site, url: str, building: str, tmp_path: Path):
    with firefox.running(tmp_path / "profile") as person:
        person.open(f"{url}/login")
        person.type("input[name=email]", "technician@demo.arxos")
        person.type("input[type=password]", PASSWORD)
        person.click("form button")
        person.wait_for("() => location.pathname === '/'")
        person.wait_for_one('arxos-map[data-outline="here"]')  # what going on breaks off, Firefox calls an error
        person.open(f"{url}/b/{building}")
        person.wait_for_one(DRAWN)
        assert person.run(PAINTED), "the plan is drawn"
        person.click("arxos-elements button.element")
        person.wait_for_one(TAG)
        element = person.run("() => document.querySelector('form[data-element]').dataset.element")
        person.run("() => navigator.serviceWorker.ready.then(() => true)")
        person.wait_for_one('arxos-badge[data-state="saved"]')
        for page in (f"/b/{building}/work", "/inbox", "/wallet", "/sync"):
            person.open(url + page)
            person.wait_for_one("main h1, main h2")
        assert person.complaints == []

        site.stop()
        person.open(f"{url}/b/{building}?element={element}")
        person.wait_for_one(TAG)
        person.type(TAG, "BY-FIREFOX")
        person.wait_for_one('arxos-badge[data-pending="1"]')
        person.reload()
        person.wait_for(HOLDS, TAG, "BY-FIREFOX")
        person.wait_for_one('arxos-badge[data-pending="1"]')

        site.running.start(port=urlsplit(url).port)
        person.reload()
        person.wait_for_one('arxos-badge[data-state="saved"][data-pending="0"]')
        person.wait_for(HOLDS, TAG, "BY-FIREFOX")
        rows, _ = Office(url, "owner@demo.arxos").pull(building)
        assert rows["element", element]["tag"] == "BY-FIREFOX"
        assert [said for said in person.complaints if not any(word in said for word in GONE)] == []
