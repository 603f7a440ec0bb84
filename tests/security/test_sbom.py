"""`make sbom` tells all that is locked, in a form that others can read, and nothing of where it was fetched."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.house.test_dependencies import ROOT, locked


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("sbom") / "made" / "sbom.json"
    subprocess.run([sys.executable, ROOT / ".ci/sbom.py", file], check=True, cwd=ROOT)
    return file.read_text("utf-8")


def named(text: str) -> set[tuple[str, str]]:
    return {(one["purl"].partition(":")[2].partition("/")[0], f"{one['name']} {one['version']}")
            for one in json.loads(text)["components"]}  # fmt: skip


def missing(text: str) -> set[tuple[str, str]]:
    wanted = {("pypi", f"{name} {version}") for name, version in locked(ROOT).items()}
    for place in ("pwa", "tests/bench/peers"):
        packages = json.loads((ROOT / place / "package-lock.json").read_text("utf-8"))["packages"]
        wanted |= {
            ("npm", f"{one.get('name') or path.rpartition('node_modules/')[2]} {one['version']}")
            for path, one in packages.items()
            if path
        }
    return wanted - named(text)


def test_it_is_valid_and_whole(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.replace('"purl"', '"pearl"')) is not None
    assert missing(text) == set() and len(named(text)) > 200
    assert missing(text.replace('"name": "msgspec"', '"name": "other"')), "and one that lacks is seen"
    assert json.loads(text)["metadata"]["component"]["name"] == "arxos"


def test_it_names_no_registry(text: str) -> None:
    told = {**json.loads(text)}
    told["metadata"]["tools"] = None  # the maker's own pages
    hosts = set(re.findall(r"https?://([^/\"]+)", json.dumps(told))) - {"cyclonedx.org"}
    assert hosts == set()


def test_the_licences_are_told_where_the_metadata_has_them(text: str) -> None:
    licensed = [one for one in json.loads(text)["components"] if one.get("licenses")]
    assert len(licensed) > 100


def test_the_make_target_is_there() -> None:
    text = Path(ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^sbom:.*\n(\t.*\n)*\t@\$\(PY\) \.ci/sbom\.py build/sbom\.json$", text, re.MULTILINE)
