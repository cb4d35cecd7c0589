"""What is told, ticks or comes back while the program is being left finds no screen.

The window may be left at any moment: while the store is read, a turn streams, a board
asks the engine. Nothing that still arrives then may end the program with a fault.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from state.events import MessageShown
from state.store import Published
from tests.clockwork import Clockwork, clockwork
from tests.driver import Driver
from tests.fakes import FakeEngine, fleet
from tui.app import CodexTui
from tui.screens.board import Board

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

LATE_MS = 1_800_000_900_000
BOARDS = (
    *("sandbox", "approvals", "profile", "experimental"),
    *("ledger", "timeline", "terminals"),
)


async def busy(driver: Driver) -> None:
    """A thread is open that works and has something to show."""
    await driver.open_thread("awake")
    driver.engine.start_turn("thread-awake", "turn-1")
    driver.engine.message("thread-awake", "turn-1", "item-1", "words\n" * 60)
    await driver.idle()


def leaving(
    play: Callable[[Driver], Awaitable[object]],
    after: Callable[[Driver], object],
) -> None:
    """`after` is done to what is left when the app has ended."""

    async def work(loop: Clockwork) -> None:
        engine = FakeEngine(loop)
        engine.add("awake", status={"type": "idle"})
        app = CodexTui(fleet(engine, still=False))
        faults: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _loop, fault: faults.append(fault))
        async with app.run_test(size=(160, 50)) as pilot:
            driver = Driver(app, pilot, engine, loop)
            await driver.idle()
            await play(driver)
            held = [*app.screen_stack]
        assert held
        assert app._within is not None
        app._within.run(after, driver)  # as its own timers and tasks run
        await asyncio.sleep(0)
        assert app.fault is None
        assert not faults, faults

    clockwork(work)


def test_a_transcript_without_its_screen_is_not_drawn() -> None:
    def after(driver: Driver) -> None:
        transcript = driver.app.fleet.transcript
        assert transcript.port.ready
        assert not transcript.is_attached
        transcript.set_clock(LATE_MS, 3)
        transcript.on_focus()
        transcript.on_resize()

    leaving(busy, after)


@pytest.mark.parametrize("board", ["", *BOARDS])
def test_nothing_that_still_comes_is_a_fault(board: str) -> None:
    held: list[Any] = []

    async def play(driver: Driver) -> None:
        await busy(driver)
        if board:
            await driver.app.fleet.action_do(board)
            await driver.idle()
            assert driver.app.boards
        for screen in driver.app.screen_stack:
            held.extend([screen, *screen.walk_children()])

    def after(driver: Driver) -> None:
        app, store = driver.app, driver.app.services.store
        assert store is not None
        before = store.world
        store.offer(MessageShown("a late word"))
        store.tick(LATE_MS)
        step = Published(before, store.world, frozenset(before.threads), ())
        app._published(step)
        app._tell_time()
        app._spin()
        app.say("late")
        for widget in held:
            if isinstance(widget, Board) or widget is app.fleet:
                widget.take(step)
                widget.say("late")
            for call in calls_of(widget):
                call()

    leaving(play, after)


def calls_of(widget: Any) -> list[Callable[[], object]]:
    """What a publish, a clock or an answer that is late does to a widget."""
    calls: list[Callable[[], object]] = [widget.refresh]
    tick = getattr(widget, "set_clock", None)
    if tick is not None:
        given = (LATE_MS, 5)[: len(inspect.signature(tick).parameters)]
        calls.append(lambda: tick(*given))
    names = ("rebuild", "refresh_board", "refresh_views", "refresh_list", "hush")
    calls += [getattr(widget, name) for name in names if hasattr(widget, name)]
    view = getattr(widget, "view", None)
    if view is not None:
        calls.append(lambda: setattr(widget, "view", copy.copy(view)))
    return calls
