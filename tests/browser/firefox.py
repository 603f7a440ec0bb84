"""Firefox ESR by its own driver: the WebDriver BiDi that it speaks itself, with no program in between.

A page's worth of what a person does: open, read, click and type by events of the browser's own. What its console says
as an error is kept, and what a test does not expect there fails it.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests import services
from tests.server.running import wait_for

START_WAIT_S_MAX = 90.0
ANSWER_WAIT_S_MAX = 60.0
CONTROL, BACKSPACE, TAB = "\ue009", "\ue003", "\ue004"
PREFERENCES: dict[str, bool | int | str] = {  # it asks nobody but the test's server
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "nimbus.rollouts.enabled": False,
    "services.settings.server": "data:,#",
    "toolkit.telemetry.server": "data:,",
}


class Firefox:
    """One window with one page."""

    def __init__(self, line: ClientConnection):
        self.line, self.asked = line, 0
        self.complaints: list[str] = []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        self.context = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **given: Any) -> Any:
        self.asked += 1
        self.line.send(json.dumps({"id": self.asked, "method": method, "params": given}))
        while True:
            said = json.loads(self.line.recv(ANSWER_WAIT_S_MAX))
            if said.get("method") == "log.entryAdded" and said["params"]["level"] == "error":
                self.complaints.append(str(said["params"]["text"]))
            if said.get("id") == self.asked:
                assert said["type"] == "success", said
                return said["result"]

    # ------------------------------------------------------------ what a person does

    def open(self, url: str) -> None:
        self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def reload(self) -> None:
        self.ask("browsingContext.reload", context=self.context, wait="complete")

    def click(self, selector: str) -> None:
        element = self._element(selector)
        middle = {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": element}}
        steps = [middle, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self._act({"type": "pointer", "id": "mouse", "actions": steps})

    def type(self, selector: str, text: str) -> None:
        """In place of what stands there, and on to the next field."""
        self.click(selector)
        chord = [("keyDown", CONTROL), ("keyDown", "a"), ("keyUp", "a"), ("keyUp", CONTROL)]
        keys = [(how, key) for key in BACKSPACE + text + TAB for how in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keys", "actions": [{"type": how, "value": key} for how, key in chord + keys]})

    def _act(self, source: dict[str, Any]) -> None:
        self.ask("input.performActions", context=self.context, actions=[source])

    def _element(self, selector: str) -> dict[str, str]:
        self.wait_for("(selector) => Boolean(document.querySelector(selector))", selector)
        self.run("(selector) => document.querySelector(selector).scrollIntoView({ block: 'center' })", selector)
        wanted = {"type": "css", "value": selector}
        (node, *_) = self.ask("browsingContext.locateNodes", context=self.context, locator=wanted)["nodes"]
        return {"sharedId": node["sharedId"]}

    # ------------------------------------------------------------ what they see

    def run(self, function: str, *given: Any) -> Any:
        """What a function answers in the page, or its promise; values travel as JSON."""
        told = self.ask(
            "script.callFunction",
            functionDeclaration=f"async () => JSON.stringify((await ({function})(...{json.dumps(given)})) ?? null)",
            awaitPromise=True,
            target={"context": self.context},
        )
        assert told["type"] == "success", told
        return json.loads(told["result"]["value"])

    def wait_for(self, function: str, *given: Any, wait_s_max: float = ANSWER_WAIT_S_MAX) -> None:
        wait_for(lambda: self.run(function, *given), wait_s_max)

    def wait_for_one(self, selector: str) -> None:
        self.wait_for("(selector) => Boolean(document.querySelector(selector))", selector)


@contextmanager
def running(folder: Path) -> Iterator[Firefox]:
    """A Firefox with an empty profile in that folder."""
    folder.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (folder / "user.js").write_text("\n".join(lines))
    said = folder / "said.txt"
    command = [services.firefox_path(), "--headless", "--no-remote", "--profile", str(folder)]
    command += ["--remote-debugging-port", "0", "about:blank"]
    with said.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        with connect(f"{_address(process, said)}/session", max_size=None, proxy=None) as line:
            yield Firefox(line)
    finally:
        process.terminate()
        process.wait(START_WAIT_S_MAX)


def _address(process: subprocess.Popen[bytes], said: Path) -> str:
    """Where it takes its driver's word; it says so on its standard error."""

    def told() -> re.Match[str] | None:
        text = said.read_text(errors="replace")
        assert process.poll() is None, text
        return re.search(r"WebDriver BiDi listening on (ws://\S+)", text)

    return str(wait_for(told, START_WAIT_S_MAX)[1])
