"""The next start finds the same thread, folds, line and filter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.driver import NARROW, NORMAL, Driver, Size, drive
from tests.fakes import FakeEngine, turn_row

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

ROWS = 60


def history(engine: FakeEngine) -> None:
    """A long talk with one long command in the middle."""
    row = engine.add("long", title="a long talk")
    engine.add("other", title="something else")
    items: list[dict[str, Any]] = [
        {"type": "agentMessage", "id": f"m{n}", "text": f"word {n} of the talk"}
        for n in range(ROWS)
    ]
    items[30] = {
        "type": "commandExecution",
        "id": "exec",
        "command": "seq 90",
        "cwd": "/",
        "status": "completed",
        "commandActions": [],
        "aggregatedOutput": "".join(f"out {n}\n" for n in range(90)),
        "exitCode": 0,
    }
    turn = turn_row("u1", status="completed", items=items)
    engine.turns[row["id"]] = [turn]


@pytest.mark.parametrize("size", [NARROW, NORMAL])
def test_the_next_start_is_where_the_last_one_was(size: Size, tmp_path: Path) -> None:
    seen: list[str] = []

    async def first(driver: Driver) -> None:
        await driver.open_thread("a long talk")
        for _ in range(200):
            if "seq 90" in driver.screen():
                break
            await driver.press("k")
        driver.sees("seq 90").sees_not("out 40")
        await driver.press("v")
        while "out 40" not in driver.screen():
            await driver.press("j")
        await driver.press("1", "slash")
        await driver.type("talk")
        await driver.press("enter")
        driver.sees_not("something else")
        await driver.press("2")
        await driver.wait(2_000)
        seen.append(talk(driver))
        print(driver.screen())

    async def second(driver: Driver) -> None:
        await driver.press("2")
        await driver.wait(2_000)
        driver.sees("out 40")
        assert talk(driver) == seen[0]
        assert not driver.fleet.transcript.port.follow
        await driver.press("1")
        driver.sees("talk").sees_not("something else")
        await driver.press("escape")
        driver.sees("something else")

    drive(first, size=size, home=tmp_path, prepare=history, still=False)
    drive(second, size=size, home=tmp_path, prepare=history)


def talk(driver: Driver) -> str:
    """The transcript's own lines."""
    widget = driver.fleet.transcript
    lines = [widget.render_line(y).text for y in range(widget.size.height)]
    shown = lines[1:-1]  # the first and the last may count guessed lines
    return "\n".join(line.replace("▌", " ").rstrip() for line in shown)


def test_who_follows_the_end_follows_it_again(tmp_path: Path) -> None:
    async def first(driver: Driver) -> None:
        await driver.open_thread("a long talk")
        await driver.press("k", "k", "G")
        await driver.wait(2_000)

    async def second(driver: Driver) -> None:
        await driver.wait(2_000)
        assert driver.fleet.transcript.port.follow
        driver.sees(f"word {ROWS - 1} of")

    drive(first, home=tmp_path, prepare=history, still=False)
    drive(second, home=tmp_path, prepare=history)


def test_nonsense_in_the_store_is_no_place(tmp_path: Path) -> None:
    async def first(driver: Driver) -> None:
        await driver.open_thread("a long talk")
        for odd in ({"top": [1, "x", 2]}, {"top": "x"}, {"unfolded": [[1], "x", 7]}):
            driver.fleet.services.keep_view(f"place:{driver.open}", odd)
        driver.fleet.services.keep_view("list", {"filter": 7})
        await driver.wait(2_000)

    async def second(driver: Driver) -> None:
        driver.sees("word 59 of", "something else")

    drive(first, home=tmp_path, prepare=history, still=False)
    drive(second, home=tmp_path, prepare=history)
