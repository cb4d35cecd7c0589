"""After an engine's end: one summary, and what each thread lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot

from state.events import Event, ReviewAsked
from state.model import EnginePhase
from tests.screens import scripts as s
from tests.screens.scripts import fleet
from tests.screens.stage import DEMO, engine, recorded, stage, told
from tests.screens.test_fleet_states import gone, working
from tests.snap import Size, Snap, settle, sizes
from tui.app import CodexTui
from tui.screens.fleet import FleetScreen


def ended() -> CodexTui:
    """The whole fleet, whose engine ends and is started again as one looks."""

    def asked(event: Event) -> bool:
        return isinstance(event, ReviewAsked)

    says = [engine(EnginePhase.LOST), engine(EnginePhase.READY, epoch="another life")]
    world = recorded("demo", until=asked), told(*fleet())
    return stage(*world, open_thread=DEMO, says=says)


@sizes
def test_engine_ended(snap_of: Snap, size: Size) -> None:
    words = ["The engine ended and was started again", "L what each lost"]
    snap_of(ended(), size, until="L what each lost", must_contain=words)


@sizes
def test_what_each_thread_lost(snap_of: Snap, size: Size) -> None:
    async def act(pilot: Pilot[Any]) -> None:
        await settle(pilot, until="L what each lost")
        await pilot.press("L")

    words = ["2 terminals", "1 review", "c go on", "x leave it"]
    snap_of(ended(), size, until="c go on", run_before=act, must_contain=words)


@pytest.mark.parametrize(
    ("board", "words"),
    [("approvals", "Last known"), ("experimental", "Smart Approvals")],
)
def test_boards_without_an_engine(snap_of: Snap, board: str, words: str) -> None:
    """What they show is last known, and enter changes nothing."""

    async def act(pilot: Pilot[Any]) -> None:
        fleet = pilot.app.screen_stack[0]
        assert isinstance(fleet, FleetScreen)
        await fleet.action_do(board)
        await settle(pilot)
        await pilot.press("enter")

    app = stage(working(), [gone()], open_thread=s.PORT)
    said = ["There is no engine just now", "nothing can be changed", words]
    snap_of(app, (80, 24), run_before=act, must_contain=said)


def test_a_board_asks_the_engine_that_is_back() -> None:
    """Nobody has to open it anew."""
    asked: list[str] = []

    async def play() -> None:
        app = stage(working(), [gone()], open_thread=s.PORT)

        async def controls(cwd: str) -> None:
            asked.append(cwd)

        app.services.engine.controls = controls  # type: ignore[method-assign]
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            fleet = app.screen_stack[0]
            assert isinstance(fleet, FleetScreen)
            await fleet.action_do("approvals")
            await settle(pilot)
            assert len(asked) == 1
            fleet.offer(engine(EnginePhase.READY, version="0.169.0"))
            await settle(pilot, until=lambda: len(asked) > 1)

    asyncio.run(play())
