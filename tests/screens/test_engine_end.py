"""After an engine's end: one summary, and what each thread lost."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from state.events import Event, ReviewAsked
from state.model import EnginePhase
from tests.screens.scripts import fleet
from tests.screens.stage import DEMO, engine, recorded, stage, told
from tests.snap import Size, Snap, settle, sizes
from tui.app import CodexTui


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
