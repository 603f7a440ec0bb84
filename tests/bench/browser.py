"""W7, what a browser does: a building comes to OPFS, changes laid into it, an edit made durable."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, Request, sync_playwright

from tests import services
from tests.bench import work
from tests.bench.bed import Bed, Tablet, bed
from tests.bench.figures import Figure
from tests.bench.pushing import EDITS
from tests.bench.whole import snapshot_is_ready
from tests.browser.visitor import Visitor, wait_for_badge

RECORDED = 200  # edits, of which the median counts
PER_TRANSACTION = 10
_ASK = "import('/replica/client.js').then(m => m.open())"
_KEEP = f"""
async scope => {{
  const replica = await {_ASK};
  const begun = performance.now();
  await replica.keep(scope);
  const [{{ n }}] = await replica.query(scope, `
    select count(*) as n from element where pk in (
      select pkid from idx_element_geometry where xmax >= 0 and xmin <= 40 and ymax >= 0 and ymin <= 40)`);
  return {{ took: performance.now() - begun, n }};
}}"""
_LISTEN = f"""
async scope => {{
  const replica = await {_ASK};
  addEventListener('online', () => {{ window.begun = performance.now(); }}, {{ capture: true, once: true }});
  replica.addEventListener('change', ({{ detail }}) => {{
    if (detail.scope === scope && window.begun) window.took ??= performance.now() - window.begun;
  }});
}}"""
_RECORD = f"""
async ([scope, edits]) => {{
  const replica = await {_ASK};
  const found = [];
  for (const [id, set] of edits) {{
    const begun = performance.now();
    await replica.record(scope, [{{ table: 'element', id, op: 'update', set }}]);
    found.push(performance.now() - begun);
  }}
  return found.sort((a, b) => a - b)[Math.floor(found.length / 2)];
}}"""


def w7(size: int, count: int = EDITS, recorded: int = RECORDED) -> list[Figure]:
    with bed(size) as at, tab(at) as page:
        first = at.tablet("first").bootstrap()
        snapshot_is_ready(first)
        kept = page.evaluate(_KEEP, at.building)
        assert kept["n"] > 0, "found by place"
        wait_for_badge(page, "saved", pending=0)
        applied, waited = _applied(at, page, first, count)
        edit = _recorded(at, page, recorded)
        first.close()
    return [
        Figure("W7", "Chromium: a building to its first query by place", size, kept["took"] / 1000, "s", 2),
        Figure("W7", f"Chromium: {count:,} changes pulled and applied", size, applied / 1000, "s", 0.6),
        Figure("W7", "Chromium: of it waiting for the server", size, waited / 1000, "s"),
        Figure("W7", "Chromium: an edit to durable in OPFS, median", size, edit, "ms", 15),
    ]


@contextmanager
def tab(at: Bed) -> Iterator[Page]:
    """A page of somebody who has logged in and whose own scope is here; the files are on the disk."""
    with sync_playwright() as playwright:
        kept = playwright.chromium.launch_persistent_context(
            at.folder / "chromium", executable_path=services.chromium_path(), args=services.CHROMIUM_FLAGS
        )
        visitor = Visitor(kept.browser, at.urls[0], kept)
        page = visitor.login("owner@demo.arxos")
        page.evaluate(f"{_ASK}.then(r => r.keep(`user:${{r.me().id}}`))")
        yield page
        visitor.leave()


def _applied(at: Bed, page: Page, other: Tablet, count: int) -> tuple[float, float]:
    """What another tablet did while this page had no network; ms in all, and of them in requests."""
    page.evaluate(_LISTEN, at.building)
    page.context.set_offline(True)
    other.record(list(work.edits(random.Random(at.store.size + 1), at.store.rows, count)), PER_TRANSACTION)
    other.sync()
    assert other.pending() == 0
    asked: list[Request] = []
    page.on("requestfinished", lambda one: asked.append(one) if one.url.endswith("/api/v1/sync") else None)
    page.context.set_offline(False)
    page.wait_for_function("() => window.took !== undefined")
    wait_for_badge(page, "saved", pending=0)
    held = page.evaluate(
        f"scope => {_ASK}.then(r => r.query(scope, 'select table_name, sum from arxos_digest'))", at.building
    )
    mine = {one["table_name"]: one["sum"] for one in held}
    assert mine == other.replica.digests(), "the rows are the server's"
    took: Any = page.evaluate("window.took")
    return float(took), sum(one.timing["responseEnd"] - one.timing["requestStart"] for one in asked)


def _recorded(at: Bed, page: Page, count: int) -> float:
    """The median of edits that the worker answers when they are durable; ms."""
    page.context.set_offline(True)
    wait_for_badge(page, "offline")
    dice = random.Random(at.store.size)
    some = f"scope => {_ASK}.then(r => r.query(scope, 'select id from element limit 500'))"
    living = page.evaluate(some, at.building)
    edits = [[dice.choice(living)["id"], {"tag": f"E-{n}", "status": "faulty"}] for n in range(count)]
    return float(page.evaluate(_RECORD, [at.building, edits]))
