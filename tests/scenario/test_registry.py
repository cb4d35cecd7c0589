"""The registry keeps its word: every id has a handler, every key does its action."""

from __future__ import annotations

import pytest

from tests.driver import NARROW, NORMAL, WIDE, Driver, drive
from tests.fakes import FakeEngine
from tui.actions import ACTIONS, Action, Place
from tui.screens.fleet import FleetScreen

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

PANES = {
    Place.EVERYWHERE: (1, 2, 3, 4, 5),
    Place.THREADS: (1,),
    Place.TERMINALS: (4,),
    Place.REVIEWS: (5,),
    Place.LISTS: (1, 3, 4, 5),
    Place.TRANSCRIPT: (2,),
    Place.AGENTS: (3,),
}
OWN = ("quit", "interrupt", "command_palette", "filter")
"""Bound by the app or by widgets themselves; they are looked at one by one."""
SCREEN = [a for a in ACTIONS if a.keys and not a.builtin and a.id not in OWN]
WIDGETS = [
    a
    for a in ACTIONS
    if a.builtin
    and a.place in (Place.LISTS, Place.TRANSCRIPT, Place.REVIEWS, Place.AGENTS)
]


def prepare(engine: FakeEngine) -> None:
    engine.add("one", status={"type": "idle"})


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_has_a_handler(action: Action) -> None:
    pane = action.id.startswith("pane_")
    handler = getattr(FleetScreen, f"do_{action.id}", None)
    assert action.builtin or pane or callable(handler)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_every_key_does_its_action_where_help_says(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async def action_do(_screen: FleetScreen, action_id: str, args: str = "") -> None:
        done.append(action_id + args)

    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        monkeypatch.setattr(FleetScreen, "action_do", action_do)
        for pane in sorted({pane for panes in PANES.values() for pane in panes}):
            driver.fleet.go_to(pane)
            await driver.idle()
            for action in SCREEN:
                for key in action.keys if pane in PANES[action.place] else ():
                    done.clear()
                    await driver.press(key)
                    assert done == [action.id], (action.id, key, pane)

    drive(play, prepare=prepare, size=size)


def test_the_widgets_have_the_keys_that_help_gives_them() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        for action in WIDGETS:
            for pane in PANES[action.place]:
                driver.fleet.go_to(pane)
                await driver.idle()
                keys = set(driver.app.screen.active_bindings)
                assert set(action.keys) <= keys, (action.id, pane)

    drive(play, prepare=prepare)


def test_the_palette_opens_and_runs_an_action() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("ctrl+p")
        assert driver.dialog == "Palette"
        await driver.type("rename")
        await driver.wait(2000)
        await driver.press("enter")
        await driver.wait(1000)
        assert driver.dialog == "TextAsk", driver.screen()
        # What esc does depends on where it is pressed: it has no name to run it by.
        await driver.press("escape", "2", "escape", "ctrl+p")
        await driver.type("interrupt")
        await driver.wait(2000)
        assert driver.screen().count("Interrupt") == 1, driver.screen()
        await driver.press("enter")
        await driver.wait(1000)
        driver.sees("Nothing runs in")

    drive(play, prepare=prepare)


def test_quit_leaves_from_the_composer_too() -> None:
    async def play(driver: Driver) -> None:
        await driver.press("i")
        driver.key("ctrl+q")
        await driver.loop.advance(1000)
        assert not driver.app.is_running or driver.app._exit

    drive(play, prepare=prepare)
