"""Where every cell of a transcript is: heights, sums of heights, the anchor.

Owns arithmetic only: it draws nothing and knows no widget. Heights of cells that
were never drawn are guesses; `measure` replaces a guess when a cell comes near the
viewport. Invariant: the anchor, a cell and a line in it, is what stays where it is;
row numbers are derived from it and may change when guesses turn out wrong.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import is_
from typing import NamedTuple

from state.views import Cell
from widgets.cells.render import estimate, gap


class Anchor(NamedTuple):
    """Line `line` of the cell at index `cell`, counted from the empty rows above it.
    The index after the last cell is the tail: the working line."""

    cell: int
    line: int


Measure = Callable[[int], int]
"""Draws cell `index` and says how many rows it has, without the gap above it."""


class Layout:
    """Rows of a sequence of cells, top to bottom, then `tail` rows."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self.cells: tuple[Cell, ...] = ()
        self.tail = 0
        self.lead = 0
        """empty rows above the first cell"""
        self._heights: list[int] = []
        self._known = bytearray()
        self._sums: list[int] = [0]
        self._valid = 0
        self._width = 80

    # -- contents

    def replace(self, cells: tuple[Cell, ...]) -> Callable[[int], int | None]:
        """Other cells. Gives the way from an old index to the new one, None for a
        cell that is gone. What did not change keeps its height."""
        old = self.cells
        head = _common(old, cells)
        rest = min(len(old), len(cells)) - head
        foot = _common(old[::-1][:rest], cells[::-1][:rest]) if rest else 0
        shift = len(cells) - len(old)
        middle = {c.key: i for i, c in enumerate(cells[head : len(cells) - foot], head)}
        was = {
            c.key: self._heights[i]
            for i, c in enumerate(old[head : len(old) - foot], head)
        }
        self.cells = cells
        new = [
            was.get(c.key) or self._guess(i)
            for i, c in enumerate(cells[head : len(cells) - foot], head)
        ]
        self._heights[head : len(old) - foot] = new
        self._known[head : len(old) - foot] = bytes(len(new))
        self._valid = min(self._valid, head)
        if foot and (at := len(cells) - foot) < len(cells):
            # The gap above the first kept cell depends on what now stands there.
            self._known[at] = 0

        def moved(index: int) -> int | None:
            if index < head:
                return index
            if index >= len(old) - foot:
                return index + shift
            return middle.get(old[index].key)

        return moved

    def forget(self, width: int) -> None:
        """Another width or theme: all heights are guesses again."""
        self._width = width
        self._heights = [self._guess(i) for i in range(len(self.cells))]
        self._known = bytearray(len(self.cells))
        self._valid = 0

    def forget_cell(self, index: int) -> None:
        """One cell has to be drawn anew."""
        self._known[index] = 0

    def _guess(self, index: int) -> int:
        return self.gap(index) + estimate(self.cells[index].body, self._width)

    def gap(self, index: int) -> int:
        """Empty rows above cell `index` (or above the tail)."""
        if index <= 0:
            return self.lead
        if index >= len(self.cells):
            return 1
        return gap(self.cells[index - 1].body, self.cells[index].body)

    # -- heights

    def height(self, index: int) -> int:
        """Rows of a cell with the gap above it; drawn if it was not."""
        if index >= len(self.cells):
            return self.tail
        if not self._known[index]:
            made = self.gap(index) + self._measure(index)
            self._known[index] = 1
            if made != self._heights[index]:
                self._heights[index] = made
                self._valid = min(self._valid, index)
        return self._heights[index]

    def top(self, index: int) -> int:
        """The row where a cell's gap begins."""
        self._sum()
        return self._sums[min(index, len(self.cells))]

    def row(self, anchor: Anchor) -> int:
        """The row an anchor is on."""
        return self.top(anchor.cell) + anchor.line

    @property
    def total(self) -> int:
        """All rows."""
        return self.top(len(self.cells)) + self.tail

    def exact(self, start: int, stop: int) -> bool:
        """Whether no height of cells [start:stop) is a guess."""
        return self._known.find(0, start, stop) < 0

    def _sum(self) -> None:
        if self._valid < len(self.cells) or len(self._sums) != len(self.cells) + 1:
            at = min(self._valid, len(self._sums) - 1)
            base = self._sums[at]
            del self._sums[at:]
            self._sums += accumulate(self._heights[at:], initial=base)
            self._valid = len(self.cells)

    # -- anchors

    def locate(self, row: int) -> Anchor:
        """The anchor at a row, by what is known or guessed."""
        self._sum()
        row = max(0, min(row, self.total - 1))
        index = max(0, bisect_right(self._sums, row) - 1)
        return Anchor(index, row - self._sums[index])

    def walk(self, anchor: Anchor, rows: int) -> Anchor:
        """`rows` further down (negative: up), drawing what is passed."""
        index, line = anchor.cell, anchor.line + rows
        while line < 0 and index > 0:
            index -= 1
            line += self.height(index)
        last = len(self.cells)
        while index < last and line >= self.height(index):
            line -= self.height(index)
            index += 1
        return Anchor(index, max(0, line))

    def end(self, rows: int) -> Anchor:
        """The anchor that puts the end at the bottom of a viewport of `rows`."""
        return self.walk(Anchor(len(self.cells), self.tail), -rows)

    def settle(self, anchor: Anchor, rows: int) -> Anchor:
        """The anchor, or the end's if nothing would fill the viewport below it.
        Everything that is visible then has been drawn."""
        index = min(max(0, anchor.cell), len(self.cells))
        line = min(max(0, anchor.line), max(0, self.height(index) - 1))
        anchor = Anchor(index, line)
        filled = self.height(index) - line
        while filled < rows and index < len(self.cells):
            index += 1
            filled += self.height(index)
        return anchor if filled >= rows else self.end(rows)


def _common(one: Sequence[Cell], other: Sequence[Cell]) -> int:
    """How many cells at the beginning are the same objects."""
    same = list(map(is_, one, other))
    return same.index(False) if False in same else len(same)
