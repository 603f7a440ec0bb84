"""Copies the browser libraries the pages load from pwa/node_modules to pwa/vendor.

The page knows no bundler: these files are served as they are. `manifest.json` names each with its SHA-256,
for the service worker's precache list.
"""

import hashlib
import json
import shutil
from pathlib import Path

PWA = Path(__file__).resolve().parent.parent / "pwa"
WANTED = {
    "sqlite-wasm": ("@sqlite.org/sqlite-wasm", ["*.mjs", "*.js", "*.wasm"]),
    "world-atlas": ("world-atlas", ["land-110m.json", "countries-110m.json"]),
    "zxing-wasm": ("zxing-wasm/dist/es", ["share.js"]),
    "zxing-wasm/reader": ("zxing-wasm/dist/es/reader", ["index.js"]),
    "zxing-wasm/wasm": ("zxing-wasm/dist/reader", ["zxing_reader.wasm"]),
    "htmx": ("htmx.org/dist", ["htmx.min.js"]),
    "axe-core": ("axe-core", ["axe.min.js"]),
}


def main() -> None:
    vendor = PWA / "vendor"
    shutil.rmtree(vendor, ignore_errors=True)
    for folder, (package, patterns) in WANTED.items():
        copy_package(PWA / "node_modules" / package, vendor / folder, patterns)
    files = sorted(path for path in vendor.rglob("*") if path.is_file())
    listed = {path.relative_to(vendor).as_posix(): sha256(path) for path in files}
    (vendor / "manifest.json").write_text(json.dumps(listed, indent=2) + "\n")


def copy_package(source: Path, target: Path, patterns: list[str]) -> None:
    for pattern in patterns:
        found = [path for path in source.rglob(pattern) if path.is_file()]
        assert found, f"{source.name} has no {pattern}: has its layout changed?"
        target.mkdir(parents=True, exist_ok=True)
        for path in found:
            shutil.copy2(path, target / path.name)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
