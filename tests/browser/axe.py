"""What axe-core finds on a page (WCAG 2.2 A and AA and its own good practice)."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from tests.browser.visitor import OFFLINE, Visitor

AXE = Path(__file__).resolve().parents[2] / "pwa/vendor/axe-core/axe.min.js"
RUN = "axe.run({ preload: false }).then((result) => result.violations.map((one) => `${one.id}: ${one.nodes[0].html}`))"


def findings(visitor: Visitor, page: Page) -> list[str]:
    """What axe itself does against the page's policy is not the page's."""
    visitor.unheard = (*OFFLINE, "Applying inline style")
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(RUN)
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return found + (["wider than the screen"] if wide else [])
