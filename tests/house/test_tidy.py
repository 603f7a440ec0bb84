"""What stands in the repository: names, lengths, texts, problem codes, generated files.

Each check is a function of a tree, and a planted violation in a tree of its own shows that it can fail.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas import make

ROOT = Path(__file__).resolve().parents[2]
CODE = ("arxos_sync", "client_kit", "server", "schemas")
SAY_NOTHING = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "service",
    "base",
    "handler",
}
LINES_MAX = 500
LONGER = {  # file: why it may be
    "LICENSE": "the licence as it was published",
    "arxos_sync/storage/sql/*.sql": "generated from the catalogue",
    "docs/data-model.md": "generated from the catalogue",
    "schemas/catalogue.toml": "every table once, in one place",
    "schemas/generated/*": "generated from the catalogue",
    "schemas/vectors/*": "test vectors",
    "pwa/core/catalogue.js": "generated from the catalogue",
    "pwa/replica/replica.sql": "generated from the catalogue",
    "pwa/package-lock.json": "a lock",
    "requirements.lock": "a lock",
    "tests/bench/peers/package-lock.json": "a lock",
    "pwa/replica/replica.js": "the replica itself, behind one database handle",
    "tests/storage/test_replica.py": "one replica file seen from all sides, by one set of fixtures",
}
TOP_LEVEL = set(
    [
        ".ci",
        ".editorconfig",
        ".github",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "SECURITY.md",
        "arxos_sync",
        "client_kit",
        "docs",
        "pwa",
        "pyproject.toml",
        "requirements.lock",
        "schemas",
        "server",
        "tests",
    ]
)
# Written so that this file is not its own first finding.
FOREIGN = {
    "a package registry": re.compile(r"pypi[.]org|python[h]osted|npm[j]s[.](?:org|com)"),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:root|home/\w+|work)/"),
}
ADDRESS = re.compile(r"https?:" r"//[^\s\"']+\.(?:whl|tgz|tar\.gz|zip)")
_RAISED = {"Problem", "Refused"}


def committed(root: Path) -> list[str]:
    """The files git has or would take; in a planted tree, all there are."""
    if (root / ".git").exists():
        asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True).stdout
        return sorted(name for name in listed.split("\0") if name and (root / name).is_file())
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def text_of(root: Path, name: str) -> str:
    try:
        return (root / name).read_text("utf-8")
    except UnicodeDecodeError:
        return ""  # an image or a font


# ---------------------------------------------------------------- the checks


def nameless(root: Path) -> list[str]:
    code = [n for n in committed(root) if n.endswith((".py", ".js"))]
    return [n for n in code if SAY_NOTHING & {*re.split(r"[/_.\-]", n.rpartition(".")[0])}]


def too_long(root: Path) -> list[str]:
    names = [n for n in committed(root) if not any(Path(n).match(p) for p in LONGER)]
    return [n for n in names if text_of(root, n).count("\n") > LINES_MAX]


def foreign_text(root: Path) -> list[str]:
    found = []
    for name in committed(root):
        text = text_of(root, name)
        found += [f"{name}: {what}" for what, pattern in FOREIGN.items() if pattern.search(text)]
        if name.endswith(("lock", "lock.json")) and ADDRESS.search(text):
            found.append(f"{name}: a download address")
    return found


def strangers(root: Path) -> list[str]:
    return sorted({n.partition("/")[0] for n in committed(root)} - TOP_LEVEL)


def codes_astray(root: Path) -> list[str]:
    known = set(json.loads((root / "schemas/problems.json").read_text("utf-8")))
    raised, said = set(), set()
    for path in (p for room in CODE for p in (root / room).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        raised |= set(_raised(tree))
        said |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return [f"{c} is not in problems.json" for c in sorted(raised - known)] + [
        f"{c} is never used" for c in sorted(known - said)
    ]


def _raised(tree: ast.AST) -> Iterator[str]:
    """The codes given to a problem: written there, or set just before in the same function."""
    functions = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module))]
    for function in functions:
        for call in ast.walk(function):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _RAISED):
                continue
            code = call.args[0] if call.args else None
            if isinstance(code, ast.Name) and not isinstance(function, ast.Module):
                for said in ast.walk(function):
                    if isinstance(said, ast.Assign) and code.id in [ast.unparse(t) for t in said.targets]:
                        yield from _words(said.value)
            elif code is not None:
                yield from _words(code)


def _words(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=otherwise):
            yield from _words(body)
            yield from _words(otherwise)


# ---------------------------------------------------------------- this tree, and planted ones

CHECKS = [nameless, too_long, foreign_text, strangers, codes_astray]


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_nothing_is_amiss(check: Callable[[Path], list[str]]):
    assert check(ROOT) == []


@pytest.mark.parametrize(
    ("check", "name", "text"),
    [
        (nameless, "server/utils.py", "x = 1\n"),
        (nameless, "server/sync/base_handler.py", "x = 1\n"),
        (nameless, "pwa/view/helpers.js", ""),
        (nameless, "server/common/rows.py", ""),
        (too_long, "server/app.py", "x = 1\n" * 501),
        (too_long, "docs/guide.md", "a line\n" * 501),
        (foreign_text, "requirements.lock", "--index-url https://" + "pypi" + ".org/simple\n"),
        (foreign_text, "pwa/package-lock.json", '"resolved": "https:' + '//example.net/a/-/a-1.0.0.tgz"'),
        (foreign_text, "docs/setup.md", "see /" + "root/project\n"),
        (foreign_text, "docs/setup.md", "cd /" + "home/someone/arxos\n"),
        (strangers, "notes.txt", "x\n"),
        (strangers, "bench/run.py", ""),
        (codes_astray, "server/app.py", 'raise Problem("no_such_code", "x")\n'),
        (
            codes_astray,
            "server/app.py",
            'def f(a):\n    code = "gone" if a else "x"\n    raise Refused(code)\n',
        ),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, check: Callable[[Path], list[str]], name: str, text: str):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/problems.json").write_text('{"invalid": {}}\n')
    (tmp_path / "server").mkdir()
    (tmp_path / "server/sound.py").write_text('raise Problem("invalid")\n')
    assert check(tmp_path) == [], "sound before"
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    assert len(check(tmp_path)) >= 1


def test_a_problem_code_that_nobody_uses_is_found(tmp_path: Path):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/problems.json").write_text('{"invalid": {}}\n')
    assert codes_astray(tmp_path) == ["invalid is never used"]


def test_generated_files_are_what_the_catalogue_says():
    assert make.drift() == []


def test_a_generated_file_changed_by_hand_is_found(tmp_path: Path):
    for name in [*make.generated(), "schemas/versions.json"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    assert make.drift(tmp_path) == []
    for name in make.generated():
        kept = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(kept + b"\n")
        assert [line for line in make.drift(tmp_path) if name in line]
        (tmp_path / name).write_bytes(kept)
    (tmp_path / "schemas/versions.json").write_text('{"1": "another hash"}\n')
    assert any("raise `schema`" in line for line in make.drift(tmp_path))
