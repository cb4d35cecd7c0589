"""One world for every test: its clock zone, its terminal, its folders, its pins.

Owns what must be the same on each machine. Invariant: no test reads or writes the
user's own CODEX_HOME or store, and snapshots are only taken with pinned versions.
"""

from __future__ import annotations

import gc
import importlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Before anything imports Textual or Rich, which read these at import.
for _name in [*os.environ]:
    if _name.startswith(("TEXTUAL", "CODEX_TUI_", "LC_")) and _name not in (
        "CODEX_TUI_REQUIRE_ENGINE",
        "CODEX_TUI_TEST_CODEX",
        "TEXTUAL_SNAPSHOT_TEMPDIR",  # how pictures of several workers meet
    ):
        del os.environ[_name]
for _name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES", "TMUX"):
    os.environ.pop(_name, None)
os.environ |= {
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "TEXTUAL_ANIMATIONS": "none",
}
time.tzset()
# Looking for garbage among all that Textual holds is a fifteenth of the time.
gc.set_threshold(200_000, 50, 100)
_OWN = tempfile.TemporaryDirectory(prefix="codex-tui-test-")
os.environ["CODEX_HOME"] = str(Path(_OWN.name) / "codex-home")
os.environ["CODEX_TUI_HOME"] = str(Path(_OWN.name) / "own-home")

# ruff: noqa: E402
import pytest
from hypothesis import settings

from tests import lean_textual, snap
from tests.engine.harness import EngineSummary

lean_textual.read_styles_once()
snap_of = snap.snap_of

# The same examples in each run: a red run can be looked at. Soaking looks further.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=8)
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="module")
def drawn_when_asked() -> Iterator[None]:
    """For journeys that look at the whole screen: no change is drawn between looks."""
    with lean_textual.drawn_when_asked():
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Count engine tests; take snapshots with the pinned versions only."""
    config.pluginmanager.register(EngineSummary(), "engine-summary")
    snap.rebind()
    differing = snap.off_baseline()
    if differing and config.getoption("update_snapshots"):
        raise pytest.UsageError(
            f"Snapshots are taken with the versions of constraints.txt: {differing}."
        )


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Workers that start together would each compile every test anew, in step: each
    begins with another part, and finds the others' work when it comes there."""
    worker = getattr(session.config, "workerinput", None)
    whole = [Path(given) for given in session.config.args if Path(given).is_dir()]
    if worker is None or not whole:
        return
    root = session.config.rootpath
    found = sorted({f.resolve() for one in whole for f in one.rglob("test_*.py")})
    number = int(worker["workerid"].removeprefix("gw"))
    first = number * len(found) // worker["workercount"]
    for path in [*found[first:], *found[:first]]:
        with suppress(Exception):  # said when it is collected
            importlib.import_module(
                ".".join(path.relative_to(root).with_suffix("").parts)
            )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With other versions a snapshot says nothing about our code."""
    differing = snap.off_baseline()
    if not differing:
        return
    skip = pytest.mark.skip(reason=f"snapshots need the pinned versions: {differing}")
    for item in items:
        if "snap_of" in getattr(item, "fixturenames", ()):
            item.add_marker(skip)
