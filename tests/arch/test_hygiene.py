"""What must never be committed, and what must fit together."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from tests.arch.source import REPO, modules, tracked

HOSTS = ("pythonhosted", "pypi.org/simple", "registry.npmjs", "registry.yarnpkg")
BINARY = {".png", ".ico", ".gz", ".db", ".sqlite"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _places() -> list[str]:
    """Folders of this machine that a committed file could name by mistake."""
    near = [REPO, *REPO.parent.iterdir(), *Path.home().iterdir()]
    return [f"{path}/" for path in near if path.is_dir() and len(path.parts) > 2]


def test_no_file_names_this_machine_or_a_registry() -> None:
    """They work here only; a registry's host in a lock file breaks everyone who
    installs through another one."""
    needles = re.compile("|".join(map(re.escape, (*_places(), *HOSTS))).encode())
    own = Path(__file__)
    found = [
        f"{path.relative_to(REPO)}: {match[0].decode()}"
        for path in tracked()
        if path != own and path.suffix not in BINARY
        for match in [needles.search(path.read_bytes())]
        if match
    ]
    assert not found


def _declared() -> set[str]:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    return {re.split(r"[><=~! \[;]", entry)[0].lower() for entry in wanted}


def test_constraints_pin_everything_and_name_no_place() -> None:
    """Two machines that install on different days get the same program."""
    lines = (REPO / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    odd = [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.]+", pin)]
    assert not odd
    assert _declared() <= {pin.split("==")[0].lower() for pin in pins}


def test_test_modules_have_names_of_their_own() -> None:
    """A snapshot's folder is named after its test module alone."""
    stems: dict[str, str] = {}
    clashes = []
    for module in modules("tests"):
        stem = Path(module.place).stem
        if stem.startswith("test_") and stem in stems:
            clashes.append(f"{stems[stem]} and {module.place}")
        stems[stem] = module.place
    assert not clashes


def test_snapshots_come_in_pairs() -> None:
    """The SVG shows colours, its text twin is what a reviewer reads."""
    files = {p.with_suffix("") for p in REPO.glob("snapshots/**/*.svg")}
    twins = {p.with_suffix("") for p in REPO.glob("snapshots/**/*.txt")}
    assert files == twins


def test_every_snapshot_has_its_test() -> None:
    """A picture of a test that is gone would never be looked at again."""
    names = {
        Path(module.place).stem: {
            node.name for node in ast.walk(module.tree) if isinstance(node, FUNCTIONS)
        }
        for module in modules("tests")
    }
    lost = [
        str(path.relative_to(REPO))
        for path in REPO.glob("snapshots/*/*.svg")
        if path.stem.split("[")[0] not in names.get(path.parent.name, set())
    ]
    assert not lost
