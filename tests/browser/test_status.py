"""`status()` says the same in JavaScript and in Python of the same files."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
from playwright.sync_api import Page

from arxos_sync.messages import Change
from arxos_sync.status import DeviceStatus, ScopeStatus
from arxos_sync.storage import replica_care
from client_kit import statuses, telling
from client_kit.replica import Credentials, Device, Home
from tests.browser.test_offline import open_element
from tests.browser.visitor import Visitor, save, wait_for_badge
from tests.site_day import Tablet

ASK = "import('/replica/client.js').then((m) => m.open())"
EXPORTED = (
    f"scope => {ASK}.then(r => r.export(scope)).then(bytes => "
    "{ let s = ''; for (const b of bytes) s += String.fromCharCode(b); return btoa(s); })"
)


def status_of(page: Page) -> dict[str, Any]:
    return dict(page.evaluate(f"{ASK}.then(r => r.freshStatus())"))


def exported(page: Page, scope: str) -> bytes:
    return base64.b64decode(page.evaluate(EXPORTED, scope))


def keys(value: Any, path: str = "") -> set[str]:
    """Every key that stands anywhere in it, lists as `[]`."""
    if isinstance(value, dict):
        return {f"{path}.{k}" for k in value} | {deep for k, one in value.items() for deep in keys(one, f"{path}.{k}")}
    if isinstance(value, list):
        return {k for one in value for k in keys(one, f"{path}[]")}
    return set()


def as_python_sees(status: dict[str, Any], folder: Any, files: dict[str, bytes]) -> DeviceStatus:
    """What Python says of the browser's files, put into a directory as a tablet keeps them."""
    home = Home(folder)
    (folder / "files").mkdir(parents=True)
    person = status["person"]
    scopes = [one["scope"] for one in status["scopes"]]
    home.save(Device(status["server"], status["device"], person["id"], person["email"], person["name"], scopes))
    home.save_credentials(Credentials("", "", 0))
    for scope, content in files.items():
        home.path(scope).write_bytes(content)
    told = {name: status[name] for name in ("saved_at", "problem", "notices")}
    home.write("told.json", json.dumps(told).encode(), 0o600)
    assert telling.read(home).saved_at == status["saved_at"]
    return statuses.of(home)


def test_status_is_the_same_in_python_and_in_javascript_over_the_same_files(
    visitor: Visitor, url: str, building: str, tmp_path
):
    page = visitor.login()
    element = open_element(page, url, building, 6)
    wait_for_badge(page, "saved")
    tablet = Tablet.new(tmp_path / "tablet", url, "owner@demo.arxos")
    tablet.subscribe(building)
    tablet.sync()
    visitor.context.set_offline(True)
    save(page, tag="FROM-BROWSER")
    wait_for_badge(page, "offline", pending=1)
    tablet.record(building, iter([[Change("element", element, "update", set={"tag": "FROM-TABLET"})]]))
    tablet.sync()
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)  # the browser's word came later: a conflict stands
    visitor.context.set_offline(True)
    save(page, tag="AGAIN", name="Another name")
    wait_for_badge(page, "offline", pending=2)
    told = status_of(page)
    assert told["conflicts"] == 1 and told["pending"] == 2 and told["oldest_pending_ms"] >= 0
    files = {one["scope"]: exported(page, one["scope"]) for one in told["scopes"]}
    seen = as_python_sees(told, tmp_path / "browser", files)
    home = Home(tmp_path / "browser")
    asked_ms = page.evaluate("text => Date.parse(text)", told["asked_at"])
    for one in told["scopes"]:
        mine = replica_care.status(home.replica(one["scope"]), asked_ms)
        assert json.loads(msgspec.json.encode(mine)) == one
    home.close()
    plain = json.loads(msgspec.json.encode(seen))
    assert keys(plain) == keys(told)
    # said at another moment, of another disk, without the photos that lie beside the replica
    timed = ("asked_at", "oldest_pending_ms", "scopes", "storage", "state", "attachments")
    assert {k: v for k, v in plain.items() if k not in timed} == {k: v for k, v in told.items() if k not in timed}
    assert (told["state"], seen.state) == ("offline", "waiting")
    assert told["storage"]["kind"] == "browser" and told["storage"]["quota_bytes"] > 0
    for kind, value in [(DeviceStatus, told), *((ScopeStatus, one) for one in told["scopes"])]:
        msgspec.convert(value, kind, strict=True)
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
