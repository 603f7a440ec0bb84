"""docs/dependencies.md names every direct dependency, with the version that is locked and installed."""

from __future__ import annotations

import importlib.metadata
import json
import re
import tomllib
from pathlib import Path

from arxos_sync.storage.driver import sqlite

ROOT = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"[A-Za-z0-9_.\-]+")
_ADVISORY = re.compile(r"(CVE-\d{4}-\d{4,}|GHSA(-[0-9a-z]{4}){3}): \S")
_NODE = ("pwa", "tests/bench/peers")  # where a package.json stands, and its lock


def direct(root: Path) -> list[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(w for extra in project["optional-dependencies"].values() for w in extra),
    ]
    return [found[0] for w in wanted if (found := _NAME.match(w))]


def locked(root: Path) -> dict[str, str]:
    """Of a package that is locked for several systems in several versions, the lowest."""
    text = (root / "requirements.lock").read_text("utf-8")
    found: dict[str, str] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.\-]+)==([^\s;\\]+)", text, re.MULTILINE):
        found[name] = min(found.get(name, version), version, key=_numbers)
    return found


def node(root: Path) -> dict[str, str]:
    """Direct packages of every place to the version that is locked there."""
    found: dict[str, str] = {}
    for place in _NODE:
        package = json.loads((root / place / "package.json").read_text("utf-8"))
        lock = _node_lock(root, place)
        names = [*package.get("dependencies", {}), *package.get("devDependencies", {})]
        found |= {name: lock[f"node_modules/{name}"]["version"] for name in names}
    return found


def node_lowest(root: Path) -> dict[str, str]:
    """Every package of Node, direct or not, as npm/NAME, to the lowest version of it that is locked anywhere."""
    found: dict[str, str] = {}
    for path, one in (item for place in _NODE for item in _node_lock(root, place).items() if item[0]):
        name = f"npm/{path.rpartition('node_modules/')[2]}"
        found[name] = min(found.get(name, one["version"]), one["version"], key=_numbers)
    return found


def _node_lock(root: Path, place: str) -> dict[str, dict[str, str]]:
    return json.loads((root / place / "package-lock.json").read_text("utf-8"))["packages"]


def documented(root: Path) -> dict[str, str]:
    """Package to version, from the tables that have a column of versions."""
    text = (root / "docs/dependencies.md").read_text("utf-8")
    rows = re.findall(r"^\| (\S+) \| (\d\S*) \| [^|]+ \| [^|]+ \|$", text, re.MULTILINE)
    return dict(rows)


def astray(root: Path) -> list[str]:
    lock, page = locked(root), documented(root)
    wanted = {name: lock.get(name, "no version") for name in direct(root)} | node(root)
    return [f"{n}: {page.get(n)} on the page, {v} locked" for n, v in wanted.items() if page.get(n) != v] + [
        f"{n}: on the page, but nobody asks for it" for n in page if n not in wanted
    ]


def beneath(root: Path, versions: dict[str, str]) -> list[str]:
    """What is below its floor, or has a floor and is not there."""
    floors = tomllib.loads((root / "tests/security/floors.toml").read_text("utf-8"))
    nameless = [name for name, floor in floors.items() if not _ADVISORY.match(floor["because"])]
    return [f"{name}: its floor names no advisory" for name in nameless] + [
        f"{name} {versions.get(name)}: {floor['because']}"
        for name, floor in floors.items()
        if _numbers(versions.get(name, "0")) < _numbers(floor["least"])
    ]


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def test_nothing_is_locked_below_its_floor():
    versions = locked(ROOT) | node_lowest(ROOT) | {"sqlite": sqlite.sqlite_version}
    assert beneath(ROOT, versions) == []
    browser = versions["npm/@sqlite.org/sqlite-wasm"]  # counts as the SQLite that it is
    assert beneath(ROOT, versions | {"sqlite": browser}) == []
    for lower in ({"h11": "0.15.9"}, {"npm/path-to-regexp": "0.1.11"}, {"sqlite": "3.50.1"}):
        assert len(beneath(ROOT, versions | lower)) == 1, "and one that is would be found"
    gone = {name: version for name, version in versions.items() if name != "certifi"}
    assert len(beneath(ROOT, gone)) == 1, "and so would a floor of what is not there any more"


def test_a_floor_names_the_advisory_that_it_is_for(tmp_path: Path):
    text = (ROOT / "tests/security/floors.toml").read_text("utf-8")
    (tmp_path / "tests/security").mkdir(parents=True)
    (tmp_path / "tests/security/floors.toml").write_text(text.replace("CVE-2024-39689: ", ""), "utf-8")
    versions = locked(ROOT) | node_lowest(ROOT) | {"sqlite": sqlite.sqlite_version}
    assert beneath(tmp_path, versions) == ["certifi: its floor names no advisory"]


def test_of_two_locked_versions_the_lower_counts(tmp_path: Path):
    (tmp_path / "requirements.lock").write_text("h11==0.9.0 ; x \\\n    --hash=sha256:0\nh11==0.16.0 ; y\n", "utf-8")
    assert locked(tmp_path) == {"h11": "0.9.0"}


def test_the_page_says_what_is_locked():
    assert astray(ROOT) == []


def test_what_is_locked_is_what_is_installed():
    lock = locked(ROOT)
    assert {n: importlib.metadata.version(n) for n in direct(ROOT)} == {n: lock[n] for n in direct(ROOT)}


def test_every_locked_package_has_a_hash():
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text("utf-8"))
    packages = [b for b in blocks if "==" in b.partition("\n")[0]]
    assert len(packages) > 20 and all("--hash=sha256:" in b for b in packages)


def test_every_locked_package_of_node_has_a_hash_and_no_address():
    packages = [one for place in _NODE for path, one in _node_lock(ROOT, place).items() if path]
    assert len(packages) > 100 and all(one["integrity"].startswith("sha512-") for one in packages)
    assert not [one for one in packages if "resolved" in one]


def test_a_page_that_lags_behind_is_found(tmp_path: Path):
    files = [
        "pyproject.toml",
        "requirements.lock",
        "pwa/package.json",
        "pwa/package-lock.json",
        "tests/bench/peers/package.json",
        "tests/bench/peers/package-lock.json",
        "docs/dependencies.md",
    ]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    assert astray(tmp_path) == []
    page = tmp_path / "docs/dependencies.md"
    text = page.read_text("utf-8")
    changes = [("| httpx | 0", "| httpx | 9"), ("| world-atlas |", "| world |"), ("| pouchdb | 9", "| pouchdb | 8")]
    for right, wrong in changes:
        spoiled = text.replace(right, wrong)
        assert spoiled != text
        page.write_text(spoiled, "utf-8")
        assert astray(tmp_path)


def test_the_licences_on_the_page_are_those_of_the_metadata():
    """Word by word where the metadata has an SPDX expression; PyMuPDF by what it says of itself."""
    text = (ROOT / "docs/dependencies.md").read_text("utf-8")
    page = dict(re.findall(r"^\| (\S+) \| \d\S* \| ([^|]+) \|", text, re.MULTILINE))
    for name in direct(ROOT):
        if said := importlib.metadata.metadata(name).get("License-Expression"):
            assert page[name].lower() == said.lower()
    assert "AFFERO" in importlib.metadata.metadata("pymupdf")["License"]
    assert page["pymupdf"].startswith("AGPL-3.0")
