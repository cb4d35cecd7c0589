"""Boards that wait for an answer: a sentence and a bar above the bottom line."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens import scripts as s
from tests.screens.stage import NOW, connected, stage, told
from tests.snap import Act, Snap, settle
from tui.app import CodexTui

ASKING = "Asking the engine …  9s"
BOARDS = {
    "sandbox": ASKING,
    "approvals": ASKING,
    "profile": ASKING,
    "experimental": ASKING,
    "grants": ASKING,
    "push": "Looking at the repository …  9s",
}


def waited(board: str) -> Act:
    """The board is opened, and nine seconds pass."""

    async def act(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, CodexTui)
        await app.fleet.action_do(board)
        await settle(pilot)
        for screen in app.boards:
            screen.set_clock(NOW + 9_000, 0)
        await settle(pilot)

    return act


def hanging() -> CodexTui:
    """A thread is open, and the engine answers nothing any more."""
    known = (connected(), told(*s.fleet()))
    return stage(*known, open_thread="01a1-text", hangs=True)


@pytest.mark.parametrize("board", BOARDS)
def test_low(snap_of: Snap, board: str) -> None:
    words = [BOARDS[board], "━"]
    snap_of(hanging(), (80, 24), run_before=waited(board), must_contain=words)


@pytest.mark.parametrize("board", ["sandbox", "experimental", "push"])
def test_roomy(snap_of: Snap, board: str) -> None:
    words = [BOARDS[board], "━"]
    snap_of(hanging(), (120, 40), run_before=waited(board), must_contain=words)
