"""The part of a transcript that is on screen: where it is, what stands in each line.

Owns the anchor, following the end, the current cell, folding and the hints. Knows no
widget and no event. Invariant: the line at the top stays there when something above
it changes; while `follow` holds, the end stays at the bottom.
"""

from __future__ import annotations

from collections.abc import Iterable

from state.views import TranscriptView, TurnRule
from widgets.cells import render as cells
from widgets.cells.lines import Clock, live_row
from widgets.cells.rows import Frame, Row, blank
from widgets.transcript_layout import Anchor, Layout
from widgets.transcript_rows import (
    Drawer,
    Hidden,
    Key,
    empty_rows,
    hint_above,
    hint_below,
    hint_older,
    waiting_rows,
)

NEAR = 24
"""With no more cells than this above, their rows are counted, not guessed."""


class Viewport:
    """Lines of a view. `shift` is what must be taken from a row's number to get one
    that stays the same for the same line while the transcript grows above it."""

    def __init__(self, view: TranscriptView) -> None:
        self.view = TranscriptView()
        self.drawer = Drawer()
        self.layout = Layout(self._measure)
        self.height = 0
        self.follow = True
        self.shift = 0
        self.anchor = Anchor(0, 0)
        self.lost = False
        """the line at the top is gone: row numbers mean nothing any more"""
        self._marked: Key | None = None
        self._seen: tuple[Key | None, int] = (None, 0)
        self._live: tuple[object, Row] | None = None
        self._since_ms: int | None = None
        self.show(view)

    @property
    def frame(self) -> Frame | None:
        """How rows are drawn; None until there is a size."""
        return self.drawer.frame

    @property
    def top(self) -> int:
        """The row at the top of the screen."""
        return self.layout.row(self.anchor)

    @property
    def ready(self) -> bool:
        """There is a frame and room to draw."""
        return self.frame is not None and self.height > 0

    # -- what is given

    def show(self, view: TranscriptView) -> None:
        """Other cells, the anchor where it was."""
        old, self.view = self.view, view
        layout = self.layout
        if old.thread_id != view.thread_id:
            self.follow, self._marked = True, None
            self.drawer.unfolded.clear()
            layout.replace(())
            self.anchor, self.lost = Anchor(0, 0), True
            self._since_ms = self.drawer.clock.now_ms
        before = layout.row(self.anchor)
        moved = layout.replace(view.cells)(self.anchor.cell) if layout.cells else 0
        if not layout.cells:
            layout.replace(view.cells)
        if moved is None:
            moved = min(self.anchor.cell, max(0, len(view.cells) - 1))
            self.lost = True
        self.anchor = Anchor(moved, self.anchor.line)
        self._lead(2 if view.older else 0)
        layout.tail = 0 if view.live is None else 2 if view.cells else 1
        self.place(before)

    def _lead(self, lead: int) -> None:
        """Room above the first cell, for the hint that there are older turns."""
        layout = self.layout
        if self.anchor.cell == 0 and self.anchor.line:
            line = max(0, self.anchor.line + lead - layout.lead)
            self.anchor = Anchor(0, line)
        layout.lead = lead
        if layout.cells:
            layout.forget_cell(0)

    def set_clock(self, clock: Clock) -> None:
        """Another time."""
        self.drawer.clock = clock
        if self._since_ms is None:
            self._since_ms = clock.now_ms

    def resize(self, frame: Frame, height: int) -> None:
        """Another size or theme: rows are cut anew, the same words stay on top."""
        self.height = height
        if frame != self.frame:
            at = self._offset() if self.frame is not None else 0
            self.drawer.reset(frame)
            self.layout.forget(frame.width)
            self._seek(at)
            self._live, self.lost = None, True
        self.place(None)

    def _offset(self) -> int:
        """How much source stands before the anchor's line in its cell; negative:
        lines of the gap above it."""
        anchor, layout = self.anchor, self.layout
        if anchor.cell >= len(layout.cells):
            return 0
        line = anchor.line - layout.gap(anchor.cell)
        if line < 0:
            return line
        rows = self.drawer.rows(layout.cells[anchor.cell])
        return sum(len(row.text) + len(row.join) for row in rows[:line])

    def _seek(self, offset: int) -> None:
        """Put the anchor on the line of its cell that has the source at `offset`."""
        cell, layout = self.anchor.cell, self.layout
        if cell >= len(layout.cells):
            return
        line = gap = layout.gap(cell)
        if offset < 0:
            self.anchor = Anchor(cell, max(0, gap + offset))
            return
        taken = 0
        for row in self.drawer.rows(layout.cells[cell]):
            taken += len(row.text) + len(row.join)
            if taken > offset:
                break
            line += 1
        self.anchor = Anchor(cell, line)

    # -- where we are

    def _measure(self, index: int) -> int:
        return len(self.drawer.rows(self.layout.cells[index]))

    def place(self, before: int | None) -> None:
        """Draw what is visible. `before`: the row where the anchor's line was; what
        it moved by since, `shift` moves by too."""
        if not self.ready:
            return
        layout, kept = self.layout, self.anchor
        if self.follow:
            self.anchor = layout.end(self.height)
        self.anchor = layout.settle(self.anchor, self.height)
        if self.anchor.cell <= NEAR:
            for index in range(self.anchor.cell):
                layout.height(index)
        if before is not None:
            self.shift += layout.row(kept) - before
        if self.top + self.height >= layout.total:
            self.follow = True
        if self.follow:
            key = layout.cells[-1].key if layout.cells else None
            size = layout.height(len(layout.cells) - 1) if layout.cells else 0
            self._seen = (key, size)

    def scroll_by(self, rows: int) -> None:
        """`rows` down (negative: up). Far away, guessed heights are good enough."""
        layout, before = self.layout, self.top
        if abs(rows) > 4 * self.height:
            self.jump(layout.locate(before + rows))
            return
        kept = self.anchor
        self.follow = False
        self.anchor = layout.walk(kept, rows)
        self.shift += layout.row(kept) - before
        self.place(self.top)

    def jump(self, anchor: Anchor, *, follow: bool = False) -> None:
        """Put a line at the top, or go to the end and stay there."""
        self.follow, self.anchor = follow, anchor
        self.place(self.top)

    def turn(self, step: int) -> None:
        """To the rule of the turn before or after."""
        at = [
            i for i, c in enumerate(self.layout.cells) if isinstance(c.body, TurnRule)
        ]
        here = self.anchor.cell
        inside = self.anchor.line > max(0, self.layout.gap(here) - 1)
        if step > 0:
            target = next((i for i in at if i > here), None)
        else:
            found = [i for i in at if i < here or (i == here and inside)]
            target = found[-1] if found else 0
        if target is None:
            self.jump(self.anchor, follow=True)
        else:
            self.jump(self._under_hint(target))

    @property
    def at_top(self) -> bool:
        """The first line is on screen and the end is not kept there."""
        return self.anchor == (0, 0) and not self.follow

    def cell_at(self, y: int) -> Anchor | None:
        """The cell on line `y` of the screen."""
        at = self.layout.walk(self.anchor, y)
        return at if at.cell < len(self.layout.cells) else None

    # -- the current cell

    def visible(self) -> list[int]:
        """Indexes of the cells on screen."""
        out: list[int] = []
        index, left = self.anchor.cell, self.height + self.anchor.line
        while left > 0 and index < len(self.layout.cells):
            left -= self.layout.height(index)
            out.append(index)
            index += 1
        return out

    def current(self) -> int | None:
        """The cell that a key means: the marked one, else the nearest to where one
        reads that folds, else simply the nearest."""
        shown = self.visible()
        if not shown:
            return None
        for index in shown:
            if self.layout.cells[index].key == self._marked:
                return index
        order = shown[::-1] if self.follow else shown
        return next((i for i in order if self.folds(i)), order[0])

    def folds(self, index: int) -> bool:
        """Whether a cell can be folded or unfolded."""
        cell = self.layout.cells[index]
        return self.frame is not None and (
            cell.key in self.drawer.unfolded or cells.foldable(cell.body, self.frame)
        )

    def _under_hint(self, index: int) -> Anchor:
        """The anchor that puts a cell's head under the hint in the first line."""
        return self.layout.walk(Anchor(index, self.layout.gap(index)), -1)

    def stands_out(self, index: int) -> bool:
        """Whether the bar says something: the cell was marked, or `v` does."""
        return self.layout.cells[index].key == self._marked or self.folds(index)

    def mark(self, index: int, *, reveal: bool = False) -> None:
        """Make a cell the current one, and bring it into view if asked."""
        layout = self.layout
        index = max(0, min(index, len(layout.cells) - 1))
        self._marked = layout.cells[index].key
        if not reveal:
            return
        head = layout.top(index) + layout.gap(index)
        # One line more than the cell needs: the hint below takes the last one.
        end = layout.top(index) + layout.height(index) + (index < len(layout.cells) - 1)
        if head <= self.top:
            self.jump(self._under_hint(index))
        elif (over := end - self.top - self.height) > 0:
            self.scroll_by(min(over, head - 1 - self.top))

    def unfold(self, keys: Iterable[Key]) -> None:
        """Show these whole, those too that are not held yet."""
        self.drawer.unfolded |= set(keys)
        for index, cell in enumerate(self.layout.cells):
            if cell.key in self.drawer.unfolded:
                self.layout.forget_cell(index)
        self.place(None)

    def toggle(self, index: int) -> bool:
        """Fold or unfold a cell; its head stays where it is, or moves up to make
        room when it is far down. Whether the cell is unfolded now."""
        layout, cell = self.layout, self.layout.cells[index]
        before = self.top
        above = layout.top(index) + layout.gap(index) < before
        self.drawer.unfolded ^= {cell.key}
        layout.forget_cell(index)
        layout.height(index)
        self._marked, self.follow = cell.key, False
        if above:
            self.jump(self._under_hint(index))
        else:
            self.place(before)
        unfolded = cell.key in self.drawer.unfolded
        if unfolded and layout.top(index) - self.top > self.height // 2:
            self.mark(index, reveal=True)
        return unfolded

    # -- lines

    def row(self, at: Anchor) -> Row:
        """The row of the transcript at an anchor."""
        frame, layout = self.frame, self.layout
        assert frame is not None
        if at.cell >= len(layout.cells):
            last = at.line == layout.tail - 1 and self.view.live is not None
            return self._live_row(frame) if last else blank(frame)
        line = at.line - layout.gap(at.cell)
        if line < 0:
            older = at == (0, 0) and self.view.older
            return hint_older(frame) if older else blank(frame)
        rows = self.drawer.rows(layout.cells[at.cell])
        return rows[line] if line < len(rows) else blank(frame)

    def _live_row(self, frame: Frame) -> Row:
        live, clock = self.view.live, self.drawer.clock
        assert live is not None
        key = (live, (clock.now_ms or 0) // 1000, clock.frame)
        if self._live is None or self._live[0] != key:
            self._live = (key, live_row(live, frame, clock))
        return self._live[1]

    def lines(self, *, bar: bool) -> list[tuple[Row, bool]]:
        """What every line of the screen should show; True: with the bar of the
        current cell (`bar` False: nowhere)."""
        frame, layout = self.frame, self.layout
        assert frame is not None
        if not layout.cells and self.view.live is None:
            rows = self._empty(frame)[: self.height]
            rows += [blank(frame)] * (self.height - len(rows))
            return [(row, False) for row in rows]
        out: list[tuple[Row, bool]] = []
        marked = self.current() if bar else None
        if marked is not None and not self.stands_out(marked):
            marked = None
        at = self.anchor
        for _ in range(self.height):
            in_cell = at.cell == marked and at.line >= layout.gap(at.cell)
            out.append((self.row(at), in_cell))
            at = layout.walk(at, 1)
        self._hints(out, frame)
        return out

    def _hints(self, out: list[tuple[Row, bool]], frame: Frame) -> None:
        """The numbers of hidden lines, over the first and the last line."""
        layout, top = self.layout, self.top
        below = layout.total - top - self.height
        if top > 0 and self.height > 2:
            exact = layout.exact(0, self.anchor.cell) and not self.view.older
            out[0] = (hint_above(Hidden(top + 1, exact), frame), False)
        if below > 0 and self.height > 3:
            exact = layout.exact(self.anchor.cell, len(layout.cells))
            hidden = Hidden(below + 1, exact)
            out[-1] = (hint_below(hidden, self.new_lines(), frame), False)

    def new_lines(self) -> int:
        """Rows that came below what the user has seen."""
        key, size = self._seen
        layout = self.layout
        count = len(layout.cells)
        for index in range(count - 1, max(-1, count - 500), -1):
            if layout.cells[index].key == key:
                grown = layout.top(index + 1) - layout.top(index) - size
                return max(0, grown) + layout.top(count) - layout.top(index + 1)
        return 0

    def _empty(self, frame: Frame) -> list[Row]:
        now = self.drawer.clock.now_ms
        if not self.view.loading:
            return empty_rows(self.view.empty, self.height, frame)
        waited_ms = 0 if now is None else now - (self._since_ms or now)
        return waiting_rows(waited_ms, self.height, frame)
