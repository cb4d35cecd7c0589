"""The first picture: what the store knew, before the program is read.

Nothing on it moves when the fleet screen takes its place, and no key typed meanwhile is
lost or given to anyone else. The oracles are both pictures, the draft on disk and what
reached the engine.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from state.home import store_path
from state.items import ThreadId
from tests.clockwork import Clockwork, clockwork
from tests.driver import NARROW, NORMAL, WIDE, Size
from tests.fakes import FakeEngine, fleet
from tests.perf import fleets
from tests.perf.stores import make_store
from tests.scenario.pty import LIMIT
from tests.scenario.script import Place, a_place
from tests.scenario.test_faults import LAST, READY, drafts, replies, restored, run
from tests.scenario.test_typeahead import changing
from tests.snap import screen_text, settle
from tui.app import CodexTui
from tui.front import FrontScreen
from tui.run import front_of

NEWEST = "task-00059"
HOLD = """
import asyncio, os
from tui.app import CodexTui as C
go_on = C._open_fleet
async def wait(app):
    if os.path.exists(os.environ["GO"]):
        await go_on(app)
    else:
        app.set_timer(0.02, lambda: wait(app))
C._open_fleet = wait
"""
"""The program is read when the test says so."""


@pytest.fixture
def place() -> Iterator[Place]:
    with a_place() as made:
        made.codex_home.mkdir()
        made.own.mkdir(mode=0o700)
        make_store(store_path(made.own), made.codex_home, made.home, 60)
        yield made


class Held(CodexTui):
    """Shows the first picture until it is told to go on."""

    async def _open_fleet(self) -> None:
        pass

    async def go_on(self) -> None:
        """As if it had just been painted."""
        await super()._open_fleet()


@pytest.mark.parametrize("opened", [None, 57], ids=("at the top", "one is open"))
@pytest.mark.parametrize(
    ("size", "plain", "cells"),
    [(NARROW, False, 78), (NORMAL, False, 38), (NORMAL, True, 37), (WIDE, False, 38)],
    ids=("narrow", "normal", "plain", "wide"),
)
def test_nothing_moves_when_the_fleet_screen_comes(
    tmp_path: Path, size: Size, plain: bool, cells: int, opened: int | None
) -> None:
    open_id = None if opened is None else ThreadId(fleets.thread_id(opened))
    codex_home = Path("/nowhere/codex-home")
    make_store(store_path(tmp_path), codex_home, tmp_path, 60, opened=open_id)

    async def play(loop: Clockwork) -> None:
        services = fleet(FakeEngine(loop), home=tmp_path, plain=plain)
        app = Held(services, front_of(services))
        async with app.run_test(size=size) as pilot:
            assert isinstance(app.screen, FrontScreen)
            before = (await settle(pilot, until=NEWEST)).splitlines()
            app.call_later(app.go_on)
            await settle(pilot, until=lambda: app._fleet in app.screen_stack)
            assert app.screen_stack[-1] is app.fleet
            after = screen_text(app).splitlines()
            assert before[0] == after[0]
            rows = range(3 if size == NARROW else 1, len(before) - 2)
            for row in rows:
                assert before[row][:cells].rstrip() == after[row][:cells].rstrip()
            if opened is None:
                assert before[-1] == after[-1]
            app.exit()

    clockwork(play)


def test_keys_typed_over_the_first_picture_go_where_they_lead(place: Place) -> None:
    log, go = place.home / "asked.jsonl", place.home / "go"
    with run(
        place, replies(), code=HOLD, GO=str(go), FAKE_ENGINE_LOG=str(log)
    ) as terminal:
        terminal.wait_for(NEWEST)
        at = terminal.type("ieAfDdA\x1b[200~fork\x1b[201~")
        go.touch()
        terminal.wait_for(READY, since=at)
        terminal.type(LAST)
        terminal.wait_for(LAST, since=at)
        assert terminal.quit() == 0
    assert drafts(place) == ["eAfDdAfork"]
    asked = [json.loads(line)["method"] for line in log.read_text().splitlines()]
    assert changing(asked) == []


def test_who_ends_us_over_the_first_picture_gets_the_terminal_back(
    place: Place,
) -> None:
    with run(place, replies(), code=HOLD, GO="/nowhere") as terminal:
        terminal.wait_for(NEWEST)
        terminal.signal(signal.SIGTERM)
        assert terminal.process.wait(LIMIT) == 0
        restored(terminal)
