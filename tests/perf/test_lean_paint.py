"""What the first paint waits for, and what a stream writes: counted, not timed.

Nothing here depends on how fast the machine is. A test that fails names what was added
to the way: import it later (`tui/screens/late.py`, `tui/services.py`, the names of
`state.views`); the first picture (`tui/front.py`) draws rows and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest

from state.frame import FrameGate
from state.home import store_path
from tests.arch.source import REPO
from tests.perf import fleets
from tests.perf.paint import first_paint
from tests.perf.stores import make_store

OURS = ("state", "tui", "widgets")
MODULES = 80
"""Ours that may be loaded before the first row; each costs about half a millisecond"""
WIDGETS = 10
TOO_EARLY = (
    *("state.engine", "state.db.writer", "state.store", "state.rollout", "aiosqlite"),
    *("websockets", "psutil", "tomli", "pygments", "markdown_it", "importlib.metadata"),
    *("widgets.markdown", "widgets.highlight", "widgets.forms", "widgets.dialog"),
    *("tui.bridge", "tui.production", "tui.screens.dialogs", "tui.screens.approvals"),
    *("tui.screens.terminals", "tui.screens.why", "tui.screens.queue_desk"),
    *("tui.screens.fleet", "tui.presenter", "tui.actions", "state.events"),
    *("state.commands", "widgets.transcript", "widgets.composer", "widgets.field"),
    *("textual.widgets._text_area", "hashlib"),
)


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What there was when the first row of a fleet of 300 was painted."""
    folder = tmp_path_factory.mktemp("paint")
    home, own, work = (folder / name for name in ("home", "own", "work"))
    for made in (home, own, work):
        made.mkdir(mode=0o700)
    make_store(store_path(own), home, work, 300)
    told = folder / "told.json"
    seen = first_paint(
        (sys.executable, "-m", "tests.perf.at_first_paint", str(told), "--private"),
        fleets.NEEDLE,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "CODEX_HOME": str(home),
            "CODEX_TUI_HOME": str(own),
            "CODEX_TUI_CODEX_BIN": "/bin/false",
            "PYTHONPATH": str(REPO),
        },
        cwd=work,
    )
    assert seen.needle_ms is not None, seen.output[-2000:]
    facts: dict[str, Any] = json.loads(told.read_text())
    return facts


def test_only_what_is_painted_is_imported(painted: dict[str, Any]) -> None:
    loaded = painted["modules"]
    early = [name for name in TOO_EARLY if name in loaded]
    assert not early
    ours = [name for name in loaded if name.split(".")[0] in OURS]
    assert len(ours) <= MODULES, ours


def test_only_what_is_seen_is_mounted(painted: dict[str, Any]) -> None:
    assert len(painted["widgets"]) <= WIDGETS, painted["widgets"]


def test_the_first_picture_is_the_first_that_is_drawn(painted: dict[str, Any]) -> None:
    """A screen that is laid out twice before it shows, is drawn twice."""
    assert painted["rendered"] == 1


def test_a_frame_that_draws_much_is_followed_by_a_rest() -> None:
    """A streaming answer stays under 20 kB a second, whatever its pace: each frame is
    paid for before the next one is drawn."""
    for frame in (100, 500, 2_500, 4_000):
        gate, now, sent = FrameGate(), 0, 0
        while now < 10_000:
            gate.published(now)
            gate.drawn(frame)
            sent += frame
            now += gate.wait(now)
        assert sent / 10 <= 20_000
    gate.drawn(1_000_000)  # a page that was opened does not hold up what follows
    gate.published(0)
    assert gate.wait(0) <= 250
