"""`make sbom`: what is locked, as a CycloneDX bill of materials, from requirements.lock and each package-lock.json.

Usage: .ci/sbom.py FILE. A component is a name, a version and where the metadata tells one a licence; packages of Node
bring the hash of their archive. No address of a registry is in it: a purl says what a thing is, not whence it came.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
NODE = ("pwa", "tests/bench/peers")
_LICENSES = LicenseFactory()


def bill(root: Path) -> Bom:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    made = Bom(components=[*python(root), *node(root)])
    made.metadata.component = Component(
        name=project["name"], version=project["version"], type=ComponentType.APPLICATION, bom_ref="arxos",
        licenses=[_LICENSES.make_from_string(project["license"])],
    )  # fmt: skip
    made.register_dependency(made.metadata.component, made.components)
    return made


def python(root: Path) -> Iterator[Component]:
    text = (root / "requirements.lock").read_text("utf-8")
    for name, version in sorted(re.findall(r"^([A-Za-z0-9_.\-]+)==([^\s;\\]+)", text, re.MULTILINE)):
        yield _component("pypi", name, version, _license(name))


def node(root: Path) -> Iterator[Component]:
    """Each name and version once, though it may be locked in several places."""
    found: dict[tuple[str, str], Component] = {}
    for place in NODE:
        packages = json.loads((root / place / "package-lock.json").read_text("utf-8"))["packages"]
        for path, one in packages.items():
            if path:
                name = one.get("name") or path.rpartition("node_modules/")[2]
                digest = base64.b64decode(one["integrity"].removeprefix("sha512-")).hex()
                hashed = HashType(alg=HashAlgorithm.SHA_512, content=digest)
                found[name, one["version"]] = _component("npm", name, one["version"], one.get("license"), hashed)
    yield from (found[key] for key in sorted(found))


def _component(kind: str, name: str, version: str, license: str | None, *hashes: HashType) -> Component:
    space, _, short = name.rpartition("/")
    purl = PackageURL(kind, space or None, short, version)
    licenses = [_LICENSES.make_from_string(license)] if license else []
    return Component(
        name=name, version=version, type=ComponentType.LIBRARY, purl=purl, bom_ref=purl.to_string(), hashes=hashes,
        licenses=licenses,
    )  # fmt: skip


def _license(name: str) -> str | None:
    try:
        return importlib.metadata.metadata(name).get("License-Expression")
    except importlib.metadata.PackageNotFoundError:  # of another system's
        return None


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(JsonV1Dot6(bill(ROOT)).output_as_string(indent=2) + "\n", "utf-8")
