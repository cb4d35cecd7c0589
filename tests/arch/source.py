"""The repository as the rules see it: its modules, parsed once.

Owns finding and parsing; the rules are in the tests beside it.
"""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
PACKAGES = ("state", "widgets", "tui")
START = "codex_tui_start.py"


@dataclass(frozen=True, eq=False)
class Module:
    """One Python file. `name` is its import name, `place` its path in the repo."""

    name: str
    place: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return self.text.count("\n")


@dataclass(frozen=True)
class Import:
    """One imported module, where, and whether inside a function."""

    target: str
    line: int
    local: bool


@functools.cache
def modules(package: str) -> tuple[Module, ...]:
    """Every module below a top-level folder, in order of its path."""
    found = []
    root = REPO / package
    for path in [root] if root.is_file() else sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(REPO)
        parts = place.with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, str(place), text, ast.parse(text, str(place))))
    return tuple(found)


def product() -> Iterator[Module]:
    """The modules that are shipped."""
    for package in PACKAGES:
        yield from modules(package)
    yield from modules(START)


@functools.cache
def imports(module: Module) -> tuple[Import, ...]:
    """Imports by absolute name; `from a import b` is an import of `a.b`."""
    found = []
    inside = {
        id(node)
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            targets = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        local = id(node) in inside
        found += [Import(target, node.lineno, local) for target in targets]
    return tuple(found)


def under(name: str, *roots: str) -> bool:
    """Whether a dotted name is one of the roots or below one."""
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def tracked() -> tuple[Path, ...]:
    """Files of the repository that git would commit."""
    listed = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(filter(None, listed.stdout.split("\0"))))
    return tuple(path for name in names if (path := REPO / name).is_file())
