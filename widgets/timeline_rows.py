"""The lanes of a timeline: how bars are drawn on cells, and the keys that move in time.

Owns the rows of agents and terminals over time. Does not own axis, legend and events
(`widgets.timeline`) nor where time falls (`state.bars`). Invariant: shapes alone tell
what an agent did, colours only repeat it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.strip import Strip

from state.bars import BarCell, Window, bar, ticks
from state.timeline import Doing, End
from state.views import LaneRow, TerminalLane, Tone
from state.words import age
from widgets.agent_tree import DOWN
from widgets.glyphs import look_of, sign
from widgets.intents import TimeMoved
from widgets.lines import bits, cut, line, piece, width_of
from widgets.pane import PaneRows
from widgets.rows import Canvas, Entry

TONES: dict[Doing | End, Tone] = {
    Doing.WORKING: Tone.WORK,
    Doing.REVIEW: Tone.NEED,
    Doing.AUTO: Tone.AUTO,
    Doing.WAITING: Tone.MUTED,
    Doing.INTERRUPTED: Tone.TEXT,
    End.COMPLETED: Tone.MUTED,
    End.FAILED: Tone.FAIL,
    End.INTERRUPTED: Tone.TEXT,
    End.ASKED: Tone.NEED,
    End.AUTO: Tone.AUTO,
}
BUSY, TOKENS = 5, 7
GRID = "┊"


class LaneRows(PaneRows[Any]):
    """Agents and terminals over time. The owner sets `window`, `at_ms`, `zero_ms`."""

    PANE: ClassVar[str] = "timeline"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "shift(-1)", "earlier", id="time.left", show=False),
        Binding("right,l", "shift(1)", "later", id="time.right", show=False),
        Binding("shift+left,H", "shift(-8)", "earlier", id="time.far", show=False),
        Binding("shift+right,L", "shift(8)", "later", id="time.near", show=False),
        Binding("plus,equals_sign", "zoom(-1)", "nearer", id="time.in", show=False),
        Binding("minus", "zoom(1)", "farther", id="time.out", show=False),
        Binding("0", "fit", "all of it", id="time.fit", show=False),
        Binding("f", "follow", "follow now", id="time.follow", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.window = Window(0, 60_000)
        self.at_ms = 0
        self.zero_ms = 0
        self.name_cells = 24

    @property
    def bar_cells(self) -> int:
        """How wide the bars are."""
        return max(8, self.size.width - 2 - self.name_cells - BUSY - TOKENS - 3)

    # -- keys --------------------------------------------------------------------

    def action_shift(self, cells: int) -> None:
        """The cursor of time moves; at the edge the window goes along."""
        per = self.window.cell_ms(self.bar_cells)
        self.post_message(TimeMoved("shift", int(cells * per)))

    def action_zoom(self, step: int) -> None:
        """More or less time."""
        self.post_message(TimeMoved("zoom", step))

    def action_fit(self) -> None:
        """All that is known."""
        self.post_message(TimeMoved("fit"))

    def action_follow(self) -> None:
        """The right edge is now."""
        self.post_message(TimeMoved("follow"))

    # -- drawing -----------------------------------------------------------------

    def draw_row(self, entry: Entry[Any], row: int, canvas: Canvas) -> Strip:
        """A lane's line."""
        if isinstance(entry.data, TerminalLane):
            return self._terminal(entry, entry.data, canvas)
        lane: LaneRow = entry.data
        palette, back = canvas.palette, canvas.back
        if row == 1:
            left = self._under(lane, canvas)
            cells = self._grid([BarCell(" ", None)] * self.bar_cells)
            end: list[Segment] = []
        else:
            left = self._named(lane, canvas)
            window = self.window
            now = max(self.zero_ms, window.end_ms) if window.follow else self.zero_ms
            cells = self._grid(bar(lane.spans, lane.signs, window, self.bar_cells, now))
            end = self._figures(lane, canvas)
        left = filled(left, self.name_cells)
        return line(
            [*left, *self._bar(cells, canvas, quiet=lane.quiet)],
            end,
            canvas.width,
            palette.back(back),
            gap=0,
        )

    def _named(self, lane: LaneRow, canvas: Canvas) -> list[Segment]:
        palette, back, look = canvas.palette, canvas.back, look_of(self)
        agent = lane.agent
        glyph = f"{agent.word} " if look.plain else f"{sign(agent.glyph, look)} "
        guide = " " * len(agent.guide) if look.plain else sign(agent.guide, look)
        tone = Tone.BRIGHT if canvas.cursor else Tone.MUTED if lane.quiet else Tone.TEXT
        more = f" +{agent.hidden}" if agent.hidden else ""
        return [
            piece(guide, palette.style(Tone.FAINT, back)),
            piece(glyph, palette.style(agent.tone, back)),
            piece(agent.name, palette.style(tone, back, bold=canvas.cursor)),
            piece(more, palette.style(Tone.MUTED, back)),
        ]

    def _under(self, lane: LaneRow, canvas: Canvas) -> list[Segment]:
        look = look_of(self)
        guide = lane.agent.guide.translate(DOWN)
        guide = " " * len(guide) if look.plain else sign(guide, look)
        style = canvas.palette.style(Tone.FAINT, canvas.back)
        return [
            piece(f"{guide}  ", style),
            *bits(lane.under, canvas.palette, canvas.back),
        ]

    def _figures(self, lane: LaneRow, canvas: Canvas) -> list[Segment]:
        palette, back = canvas.palette, canvas.back
        busy = sum(
            max(0, (self.zero_ms if s.end_ms is None else s.end_ms) - s.start_ms)
            for s in lane.spans
            if s.doing is Doing.WORKING
        )
        spent = (
            age(busy / 1000)
            if busy >= 5000
            else (f"{busy / 1000:.1f}s" if busy else "")
        )
        text, quiet = palette.style(Tone.TEXT, back), palette.style(Tone.MUTED, back)
        return [
            piece(f"{spent:>{BUSY}}", text),
            piece(f"{lane.agent.tokens:>{TOKENS}} ", quiet),
        ]

    def _terminal(self, entry: Entry[Any], lane: TerminalLane, canvas: Canvas) -> Strip:
        palette, back, width = canvas.palette, canvas.back, self.bar_cells
        tone = Tone.BRIGHT if canvas.cursor else Tone.TEXT
        left = filled([piece(lane.words, palette.style(tone, back))], self.name_cells)
        first = self.window.cell_of(lane.start_ms, width)
        ended = self.zero_ms if lane.end_ms is None else lane.end_ms
        last = self.window.cell_of(ended, width)
        cells = [BarCell(" ", None)] * width
        for at in range(max(0, first), min(width - 1, last) + 1):
            cells[at] = BarCell("├" if at == first else "─", Doing.WAITING)
        if lane.end_ms is not None and 0 <= last < width:
            cells[last] = BarCell("┤", Doing.WAITING)
        end = [piece(f"{lane.owner} ", palette.style(Tone.MUTED, back))]
        bars = self._bar(self._grid(cells), canvas, quiet=False)
        return line([*left, *bars], end, canvas.width, palette.back(back), gap=0)

    def _grid(self, cells: list[BarCell]) -> list[BarCell]:
        """Ticks where nothing is."""
        made = list(cells)
        if look_of(self).plain:
            return made
        for cell, _ in ticks(self.window, len(made), self.zero_ms):
            if made[cell].what is None:
                made[cell] = BarCell(GRID, None)
        return made

    def _bar(
        self, cells: list[BarCell], canvas: Canvas, *, quiet: bool
    ) -> list[Segment]:
        palette, back, look = canvas.palette, canvas.back, look_of(self)
        here = self.window.cell_of(self.at_ms, len(cells)) if canvas.cursor else -1
        made: list[Segment] = []
        run, tone = "", Tone.FAINT
        for at, cell in enumerate(cells):
            its = TONES[cell.what] if cell.what is not None else Tone.FAINT
            its = Tone.FAINT if quiet and cell.what is Doing.WORKING else its
            if at == here:
                made += [piece(run, palette.style(tone, back))] if run else []
                mark = palette.style(Tone.ACCENT, back, bold=True)
                shown = "┃" if cell.what is None else cell.text
                made.append(piece(sign(shown, look), mark))
                run = ""
                continue
            if its is not tone and run:
                made.append(piece(run, palette.style(tone, back)))
                run = ""
            tone = its
            run += sign(cell.text, look)
        made += [piece(run, palette.style(tone, back))] if run else []
        return made


def filled(pieces: list[Segment], cells: int) -> list[Segment]:
    """Cut or filled up to so many cells, one blank at the end."""
    kept = cut(pieces, max(0, cells - 1))
    return [*kept, piece(" " * max(0, cells - width_of(kept)))]
