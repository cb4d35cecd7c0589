"""A change of the pane styles what it shows and hides, and that is all it changes."""

from __future__ import annotations

import pytest

from tests.driver import NARROW, NORMAL, WIDE, Driver, Size, drive
from tests.fakes import FakeEngine, thread_row
from tests.scenario.onlooker import Asked
from tui.screens.shown import CLASSES, WIDGETS

KEYS = ("1", "3", "4", "5", "enter", "o", "1", "2", "3", "5", "enter", "escape", "2")


def prepare(engine: FakeEngine) -> None:
    active = {"type": "active", "activeFlags": ["waitingOnApproval"]}
    engine.threads["t"] = thread_row("t", name="precious", status=active)


def styles(driver: Driver) -> dict[str, dict[str, object]]:
    """What each widget was told to look like."""
    return {
        f"{number} {node!r}": dict(node.styles.base.get_rules())
        for number, node in enumerate(driver.fleet.walk_children(with_self=True))
    }


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_nothing_else_would_look_different(size: Size) -> None:
    async def play(driver: Driver) -> None:
        asked = Asked(7, "t", "mark-7-0", "long")
        driver.engine.start_turn("t", "turn-1")
        driver.engine.ask(7, asked.method, **asked.params())
        await driver.idle()
        seen: set[str] = set()
        for key in KEYS:
            await driver.press(key)
            await driver.wait(100)
            now = styles(driver)
            driver.fleet.update_node_styles()
            assert now == styles(driver), key
            seen |= driver.fleet.classes & CLASSES
        assert seen >= {"-pane-1", "-pane-2", "-pane-5", "-reviewing"}

    drive(play, size=size, prepare=prepare)


def test_no_rule_asks_for_a_pane_and_is_about_another_widget() -> None:
    async def play(driver: Driver) -> None:
        about = {
            selectors.selectors[-1].name
            for rule in driver.app.stylesheet.rules
            for selectors in rule.selector_set
            if any(
                named in CLASSES
                for one in selectors.selectors
                for named in (one.name, *classes(one))
            )
        }
        assert about == WIDGETS

    def classes(selector: object) -> list[str]:
        return [str(name) for name in getattr(selector, "_classes", ())]

    drive(play, prepare=prepare)
