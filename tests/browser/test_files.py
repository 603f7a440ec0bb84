"""The files of the private file system: writes that are gathered are the same writes, and what was answered is kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Route

from tests import services
from tests.browser.test_people import QUERY, keep
from tests.browser.test_status import ASK
from tests.browser.visitor import Visitor, wait_for_badge
from tests.server.running import wait_for

STEPS = """
import { Gathered } from '/replica/gather.js';

const rootOf = async (name) => (await navigator.storage.getDirectory()).getFileHandle(name, { create: true });
const handleOf = async (name) => (await rootOf(name)).createSyncAccessHandle();

self.onmessage = async ({ data: steps }) => {
  const plain = await handleOf('plain');
  let calls = 0;
  const counted = await handleOf('gathered');
  const counting = new Proxy(counted, { get: (of, name) => (...given) => {
    if (name === 'write') calls += 1;
    return of[name](...given);
  } });
  const gathered = new Gathered(counting);
  const differing = [];
  const on = (handle, { op, at, size, fill }) => {
    const bytes = new Uint8Array(size).fill(fill);
    switch (op) {
      case 'write': return handle.write(bytes, { at });
      case 'read': return [handle.read(bytes, { at }), ...bytes].join(' ');
      case 'size': return handle.getSize();
      case 'truncate': return handle.truncate(at);
      default: return handle.flush();
    }
  };
  steps.forEach((step, index) => {
    if (on(plain, step) !== on(gathered, step)) differing.push(index);
  });
  const whole = (handle) => {
    const all = new Uint8Array(handle.getSize());
    handle.read(all, { at: 0 });
    return all.join(' ');
  };
  gathered.flush();
  const alike = whole(plain) === whole(counted);
  plain.close();
  gathered.close();
  self.postMessage({ differing, alike, calls });
};
"""
RUN = """
steps => new Promise((resolve, reject) => {
  const worker = new Worker('/replica/steps.js', { type: 'module' });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.postMessage(steps);
})"""
NAMED = "select count(*) as n from storey where name like 'before the crash %'"
RECORD_ON = f"""
scope => {{
  {ASK}.then(async r => {{
    for (let n = 1; ; n += 1) {{
      const set = {{ name: `before the crash ${{n}}`, elevation_m: n }};
      await r.record(scope, [{{ table: 'storey', id: r.newId(), op: 'insert', set }}]);
      localStorage.answered = n;
    }}
  }});
}}"""


def steps_of(dice: random.Random, count: int) -> list[dict[str, int | str]]:
    """As SQLite writes: mostly on from where the last write ended, of sizes small and large, and whatever else."""
    made: list[dict[str, int | str]] = []
    at = 0
    for _ in range(count):
        op = dice.choices(["write", "read", "size", "truncate", "flush"], [60, 8, 4, 2, 4])[0]
        size = dice.choice([1, 4, 4, 100, 4096, 4096, 4096, 300_000 if op == "write" else 12])
        at = at if dice.random() < 0.8 else dice.randrange(200_000)
        made.append({"op": op, "at": at, "size": size, "fill": dice.randrange(256)})
        at = at + size if op == "write" else at
    return made


def states_of_service_worker(context: BrowserContext) -> list[str]:
    """Grows with what is heard: starting, running, stopping, stopped."""
    heard: list[str] = []
    session = context.new_cdp_session(context.pages[0])
    session.on("ServiceWorker.workerVersionUpdated", lambda e: heard.extend(v["runningStatus"] for v in e["versions"]))
    session.send("ServiceWorker.enable")
    return heard


@pytest.mark.parametrize("kept", [None, 7, 271422813])
def test_gathered_writes_are_the_same_file_with_fewer_calls(browser: Browser, url: str, kept: int | None):
    seed = kept or random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")

    def worker(route: Route) -> None:
        route.fulfill(body=STEPS, content_type="text/javascript")

    visitor = Visitor(browser, url, bypass_csp=True)  # whose policy starts no worker but the app's
    visitor.context.route("**/replica/steps.js", worker)
    steps = steps_of(random.Random(seed), 400)
    page = visitor.page("/-/versions")  # the same origin without the app
    told = page.evaluate(RUN, steps)
    assert told["differing"] == [] and told["alike"]
    assert told["calls"] < 0.8 * sum(step["op"] == "write" for step in steps), "some went together"
    visitor.leave()
    assert visitor.complaints == []


def test_what_was_answered_is_there_after_the_renderer_was_killed(
    browser: Browser, url: str, building: str, tmp_path: Path
):
    kept = browser.browser_type.launch_persistent_context(
        tmp_path / "chromium", executable_path=services.chromium_path(), args=services.CHROMIUM_FLAGS
    )
    visitor = Visitor(browser, url, kept)
    page = visitor.login()
    keep(page, building)
    wait_for_badge(page, "saved")
    page.evaluate(RECORD_ON, building)
    page.wait_for_function("() => Number(localStorage.answered) > 20")
    running = states_of_service_worker(kept)
    with pytest.raises(Error, match="crash"):
        page.goto("chrome://crash")
    wait_for(lambda: kept.pages[0].evaluate("1") and running[-1] == "stopped")  # it lived in the same process
    page = visitor.page("/")
    answered = int(page.evaluate("localStorage.answered"))
    held = page.evaluate(QUERY, [building, NAMED])[0]["n"]
    assert held >= answered > 20
    wait_for_badge(page, "saved", pending=0)
    checked = page.evaluate(QUERY, [building, "pragma integrity_check"])
    assert checked == [{"integrity_check": "ok"}]
    visitor.leave()
