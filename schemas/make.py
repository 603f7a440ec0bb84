"""Write every generated file, or with --check say which would change.

Each module of `schemas/generate` has `files(catalogue) -> {path from the project's root: text}`. The hash of
what the wire depends on is kept per schema version in `versions.json`: a changed schema needs a new number.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path

import schemas
from schemas import generate

ROOT = schemas.FOLDER.parent


def generated() -> dict[str, str]:
    """Every generated file: path from the project's root to its text."""
    found: dict[str, str] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(generate.__path__)):
        found |= importlib.import_module(f"schemas.generate.{module}").files(schemas.catalogue())
    return found


def drift(root: Path = ROOT) -> list[str]:
    """What is wrong: generated files that differ, and a schema changed under its old number."""
    wrong = [
        f"{path} is not what the catalogue says: run make schemas"
        for path, text in generated().items()
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]
    catalogue = schemas.catalogue()
    recorded = json.loads((root / "schemas/versions.json").read_text("utf-8"))
    if recorded.get(str(catalogue.schema)) != catalogue.hash:
        wrong.append(
            f"the tables differ from those of schema {catalogue.schema}: raise `schema` in catalogue.toml, "
            "run make schemas, and give what is new its `since`"
        )
    wrong += [
        f"schema {former} cannot be told from the catalogue any more: what was published stays, new things say `since`"
        for former, wire in recorded.items()
        if int(former) < catalogue.schema and catalogue.at(int(former)).hash != wire
    ]
    return wrong


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        wrong = drift()
        print("\n".join(wrong) or "generated files: up to date")
        return 1 if wrong else 0
    for path, text in generated().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")
    versions = ROOT / "schemas/versions.json"
    recorded = json.loads(versions.read_text("utf-8")) if versions.exists() else {}
    recorded.setdefault(str(schemas.catalogue().schema), schemas.catalogue().hash)
    versions.write_text(json.dumps(recorded, indent=2) + "\n", "utf-8")
    print(f"wrote {len(generated())} files")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
