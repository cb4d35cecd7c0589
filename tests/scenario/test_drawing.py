"""What the terminal was told, piece by piece, adds up to what the screen is.

The oracle is a terminal of our own: a grid of cells that takes in each update that is
drawn, compared at every rest with the whole screen, drawn anew.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate

from tests.driver import NARROW, WIDE, Driver, Size, drive
from tests.fakes import FakeEngine, Json
from tui.compositor import LeanCompositor

IDLE: Json = {"type": "idle"}
Cell = tuple[str, tuple[object, ...]]
WORDS = ("alpha", "**beta**", "`gamma`", "日本", "🦀", "\n", "\n\n- item ", "delta\n\n")


def cells(strip: Iterable[Segment]) -> list[Cell]:
    """One for each column; the second half of a wide character is empty."""
    row: list[Cell] = []
    for segment in strip:
        look = _look(segment.style or Style())
        for character in segment.text:
            row.append((character, look if character.strip() else look[1:]))
            row += [("", look)] * (Segment(character).cell_length - 1)
    return row


def _look(style: Style) -> tuple[object, ...]:
    """What an eye sees; what a blank shows of it follows the colour of the letter."""
    lines = (style.underline, style.strike, style.reverse)
    return (style.color, style.bold, style.italic, style.dim), style.bgcolor, *lines


class Grid:
    """A terminal that remembers."""

    def __init__(self) -> None:
        self.rows: list[list[Cell]] = []
        self.partial = self.whole = 0

    def take(self, update: object) -> None:
        if isinstance(update, LayoutUpdate):
            self.whole += 1
            self.rows = [
                [c for part in row for c in cells(part)] for row in update.strips
            ]
        elif isinstance(update, ChopsUpdate):
            self.partial += 1
            for y, first, last in update.spans:
                self._span(update, y, first, last)

    def _span(self, update: ChopsUpdate, y: int, first: int, last: int) -> None:
        covered = first
        for end, (x, strip) in zip(
            update.chop_ends[y], update.chops[y].items(), strict=True
        ):
            if x < last and end > first:
                assert strip is not None, (y, x, end)
                self.rows[y][x : min(end, last)] = cells(strip)[: min(end, last) - x]
                covered = end
        assert covered >= last


def watched(monkeypatch: pytest.MonkeyPatch) -> Grid:
    """Every update that a screen draws goes to the grid, too."""
    grid = Grid()
    real = LeanCompositor.render_update

    def render_update(self: LeanCompositor, *args: Any, **options: Any) -> object:
        update = real(self, *args, **options)
        grid.take(update)
        return update

    monkeypatch.setattr(LeanCompositor, "render_update", render_update)
    return grid


def same(grid: Grid, driver: Driver) -> None:
    """Whoever looks at the terminal sees the screen."""
    whole = driver.app.screen._compositor.render_strips(driver.app.size)
    for y, (drawn, strip) in enumerate(zip(grid.rows, whole, strict=True)):
        row = cells(strip)
        assert text(drawn) == text(row), y
        other = next((x for x in range(len(row)) if drawn[x] != row[x]), None)
        # Not the rows themselves: to tell how they differ takes longer than the test.
        assert other is None, (y, other, drawn[other], row[other])


def text(row: list[Cell]) -> str:
    return "".join(character for character, _ in row)


def three(engine: FakeEngine) -> None:
    for name in ("one", "two", "three"):
        engine.add(name, status=dict(IDLE))


KEYS = ("j", "k", "1", "2", "3", "tab", "i", "x", "y", "escape", "?", "/", "ctrl+j")


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_the_pieces_add_up(monkeypatch: pytest.MonkeyPatch, size: Size) -> None:
    grid = watched(monkeypatch)
    chance = random.Random(f"drawing {size}")

    async def play(driver: Driver) -> None:
        for name in ("one", "two", "three"):
            driver.engine.start_turn(f"thread-{name}", f"turn-{name}")
        await driver.idle()
        await driver.open_thread("one")
        for step in range(24):
            for _ in range(chance.randint(0, 4)):
                name = chance.choice(("one", "two"))
                driver.engine.notify(
                    "item/agentMessage/delta",
                    threadId=f"thread-{name}",
                    turnId=f"turn-{name}",
                    itemId=f"item-{step // 8}",
                    delta=" " + chance.choice(WORDS),
                )
            if chance.random() < 0.4:
                await driver.press(chance.choice(KEYS))
            await driver.wait(chance.choice((20, 70, 300, 1100)))
            same(grid, driver)
        assert grid.partial > 24

    drive(play, prepare=three, size=size, still=False)


@pytest.mark.parametrize("board", ["experimental", "terminals"])
def test_what_is_covered_draws_nothing(
    monkeypatch: pytest.MonkeyPatch, board: str
) -> None:
    """An answer streams below a full screen; what came is there when it closes."""
    grid = watched(monkeypatch)

    async def play(driver: Driver) -> None:
        driver.engine.start_turn("thread-one", "turn-one")
        await driver.open_thread("one")
        await driver.app.fleet.action_do(board)
        await driver.wait(3_000)
        whole = grid.whole
        for word in ("covered ", "words ", "come"):
            driver.engine.notify(
                "item/agentMessage/delta",
                threadId="thread-one",
                turnId="turn-one",
                itemId="item-one",
                delta=word,
            )
            await driver.wait(1_000)
        assert grid.whole == whole
        same(grid, driver)
        # A dialog lets shine through what is below it.
        await driver.press("?")
        await driver.wait(1_000)
        same(grid, driver)
        await driver.press("escape", "escape")
        driver.sees("covered words come")
        same(grid, driver)

    drive(play, prepare=three, size=WIDE, still=False)
