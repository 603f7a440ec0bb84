"""The pages a browser gets, and the headers that keep it safe."""

from __future__ import annotations

import httpx
import pytest

from server.settings import PAGES


def test_scripts_and_wasm_come_with_their_types(url: str) -> None:
    seen = set()
    for file in sorted(PAGES.rglob("*")):
        expected = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}.get(
            file.suffix
        )
        if expected is None or file.suffix in seen or "node_modules" in file.parts:
            continue
        answer = httpx.get(f"{url}/{file.relative_to(PAGES)}")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith(expected)
        assert answer.content == file.read_bytes()
        seen.add(file.suffix)
    assert ".js" in seen


def test_pages_forbid_inline_scripts_and_framing(url: str) -> None:
    answer = httpx.get(f"{url}/core/geometry.js")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy and "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy and answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    again = httpx.get(f"{url}/core/geometry.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304 and not again.content


@pytest.mark.parametrize("path", [
    "/api/v1/nothing", "/api", "/-/nothing", "/..%2f..%2fetc%2fpasswd", "/../pyproject.toml",
    "/package.json", "/node_modules/axe-core/axe.js", "/.git/config", "/no-such-file.js",
])  # fmt: skip
def test_what_is_no_page_is_a_problem_and_never_a_page(url: str, path: str) -> None:
    answer = httpx.get(url + path)
    assert answer.status_code == 404 and answer.json()["code"] == "not_found"
    assert answer.headers["content-type"] == "application/problem+json"


def test_page_addresses_are_answered_with_the_index(url: str) -> None:
    index = PAGES / "index.html"
    for path in ("/", "/buildings/0192f3c4-0000-7000-8000-000000000001"):
        answer = httpx.get(url + path)
        assert answer.status_code == 200 and answer.text == index.read_text("utf-8")
        assert answer.headers["content-type"].startswith("text/html")
    worker = httpx.get(f"{url}/sw.js")
    assert worker.status_code == 200 and worker.headers["service-worker-allowed"] == "/"


def test_health_versions_and_openapi_are_there(url: str) -> None:
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{url}/readyz").json()["status"] == "ok"
    told = httpx.get(f"{url}/-/versions").json()
    assert told["protocol"] == 1 and told["epoch"] and told["store"] in ("postgis", "spatialite")
    described = httpx.get(f"{url}/schema/openapi.json").json()
    assert described["openapi"].startswith("3.") and "/api/v1/sync" in described["paths"]
    assert httpx.get(f"{url}/schema").status_code == 200
    wrong = httpx.put(f"{url}/healthz")
    assert wrong.status_code == 405 and wrong.headers["content-type"] == "application/problem+json"
