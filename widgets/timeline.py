"""The timeline: agents as lanes of bars, terminals below, events of one at a moment.

Owns axis, legend and events, and which window of time is seen. Does not own how a lane
is drawn (`widgets.timeline_rows`) nor what agents did (`state.timeline`). Invariant:
the cursor of time lies inside the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip

from state.bars import SHAPES, SIGNS, WORDS, Window, fitting, ticks
from state.items import ThreadId
from state.timeline import Doing, End
from state.views import (
    Bit,
    LaneRow,
    MomentRow,
    TerminalLane,
    TimelineView,
    Tone,
)
from state.words import age
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.intents import OpenTerminal, OpenThread
from widgets.lines import bits, line, piece, width_of
from widgets.palette import Palette, palette_of
from widgets.pane import AIR, Pane, muted, sentences, words
from widgets.rows import Entry
from widgets.timeline_rows import BUSY, TOKENS, TONES, LaneRows, filled

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Axis(Drawn):
    """The times above the lanes."""

    DEFAULT_CSS = "Axis { height: 1; width: 1fr; }"

    def __init__(self, lanes: LaneRows) -> None:
        super().__init__()
        self._lanes = lanes
        self.live = False

    def draw_line(self, y: int) -> Strip:
        """The row."""
        lanes, palette = self._lanes, palette_of(self)
        quiet = palette.style(Tone.MUTED)
        width = lanes.bar_cells
        row = [" "] * (width + 4)
        nothing = "now" if self.live else "end"
        end = -1
        for cell, ago in ticks(lanes.window, width, lanes.zero_ms):
            label = ago_words(ago) if ago else nothing
            start = min(cell if ago else width, width - len(label))
            if start > end:
                row[start : start + len(label)] = label
                end = start + len(label)
        left = filled([piece("agent", quiet)], lanes.name_cells)
        text = "".join(row[:width])
        right = [piece(f"{'busy':>{BUSY}}{'tokens':>{TOKENS}} ", quiet)]
        strip = line([*left, piece(text, quiet)], right, self.size.width - 2, gap=0)
        return Strip.join([Strip([piece("  ")]), strip])


def ago_words(ms: int) -> str:
    """-4s, -20m: a time before the end, to the second."""
    return f"-{ms // 1000}s" if ms < 60_000 else f"-{age(ms / 1000)}"


class Legend(Drawn):
    """What the shapes mean."""

    DEFAULT_CSS = "Legend { height: 1; width: 1fr; }"

    def draw_line(self, y: int) -> Strip:
        """The row; what does not fit goes from the right."""
        palette, look = palette_of(self), look_of(self)
        quiet = palette.style(Tone.MUTED)
        made = [piece("  ")]
        shown = [(SHAPES[d], TONES[d], WORDS[d]) for d in _ORDER]
        shown += [
            (str(SIGNS[End.COMPLETED]), Tone.MUTED, "completed"),
            (str(SIGNS[End.FAILED]), Tone.FAIL, "failed"),
        ]
        for mark, tone, name in shown:
            item = [
                piece(f"{sign(mark, look)} ", palette.style(tone)),
                piece(f"{name}   ", quiet),
            ]
            if width_of([*made, *item]) - 3 > self.size.width:
                break
            made += item
        return line(made, (), self.size.width)


_ORDER = (Doing.WORKING, Doing.REVIEW, Doing.AUTO, Doing.WAITING, Doing.INTERRUPTED)


class Timeline(Pane[LaneRow]):
    """Lanes below their axis. Posts OpenThread, Selected("timeline", id), TimeMoved."""

    NAME: ClassVar[str] = "timeline"
    TITLE: ClassVar[str] = "Timeline"

    def __init__(self) -> None:
        super().__init__(id="timeline")
        self.view = TimelineView()
        self.title_line.styles.display = "block"  # narrow screens, too
        assert isinstance(self.rows, LaneRows)
        self.lanes: LaneRows = self.rows
        self.axis = Axis(self.lanes)
        self.window: Window | None = None

    def compose(self) -> ComposeResult:
        """Title, axis, lanes."""
        yield self.title_line
        yield self.axis
        yield self.rows

    def make_rows(self) -> LaneRows:
        """The lanes."""
        return LaneRows()

    def show(self, view: TimelineView, now_ms: int) -> None:
        """Draw this tree over time."""
        self.view = view
        self._place(now_ms)
        self.rebuild()

    def rebuild(self) -> None:
        """The lanes, and the axis that their names make room for."""
        super().rebuild()
        self.axis.refresh()

    def set_clock(self, now_ms: int) -> None:
        """It is `now_ms`: what goes on grows."""
        super().set_clock(now_ms)
        if self.view.running:
            self._place(now_ms)
            self.lanes.refresh()
            self.axis.refresh()

    def _place(self, now_ms: int) -> None:
        view, lanes = self.view, self.lanes
        lanes.zero_ms = now_ms if view.running else (view.last_ms or now_ms)
        if self.window is None:
            self.window = fitting(view.first_ms or lanes.zero_ms, lanes.zero_ms)
        if self.window.follow:
            self.window = Window(lanes.zero_ms, self.window.span_ms)
            if not lanes.at_ms or lanes.at_ms >= lanes.window.end_ms:
                lanes.at_ms = lanes.zero_ms
        lanes.window = self.window
        self.axis.live = view.running

    def move(self, what: str, by: int) -> None:
        """A key moved in time."""
        lanes = self.lanes
        window = self.window or lanes.window
        match what:
            case "shift":
                at = max(self.view.first_ms - window.span_ms // 2, lanes.at_ms + by)
                lanes.at_ms = min(at, lanes.zero_ms)
                if lanes.at_ms < window.start_ms:
                    window = window.moved(lanes.at_ms - window.start_ms)
                elif lanes.at_ms > window.end_ms:
                    window = window.moved(lanes.at_ms - window.end_ms)
            case "zoom":
                window = window.zoomed(by)
                if lanes.at_ms < window.start_ms:
                    centred = lanes.at_ms + window.span_ms // 2
                    window = window.moved(centred - window.end_ms)
            case "fit":
                window = fitting(self.view.first_ms or lanes.zero_ms, lanes.zero_ms)
            case "follow":
                window = Window(lanes.zero_ms, window.span_ms)
                lanes.at_ms = lanes.zero_ms
        self.window = lanes.window = window
        self.rebuild()
        lanes.refresh()

    def build(self) -> list[Entry[Any]]:
        """Lanes, then terminals."""
        view, lanes = self.view, self.lanes
        named = [cell_len(x.agent.guide + x.agent.name) + 3 for x in view.lanes]
        lanes.name_cells = max(14, min(max(named, default=0) + 1, 30))
        if self.size.width >= 100:
            lanes.name_cells = max(lanes.name_cells, 26)
        span = age(lanes.window.span_ms / 1000)
        self.title_line.detail = f"· {view.title}" if view.title else ""
        self.title_line.end = (muted(f"{span} shown"),)
        if view.root is None:
            return sentences((muted("No thread is open."),))
        if not view.lanes:
            return sentences((muted("No agent is shown; the filter hides them."),))
        tall = not lanes.short and len(view.lanes) <= 12
        entries: list[Entry[Any]] = [
            Entry(lane.agent.id, lane, 2 if tall else 1) for lane in view.lanes
        ]
        if view.terminals:
            entries += [] if lanes.short else [AIR]
            count = muted(f" {len(view.terminals)}")
            entries.append(words(Bit("Terminals", Tone.BRIGHT, bold=True), count))
            entries += [
                Entry(f"terminal:{n}", one) for n, one in enumerate(view.terminals)
            ]
        return entries

    @property
    def lane(self) -> LaneRow | None:
        """The agent under the cursor."""
        data = self.rows.cursor_data
        return data if isinstance(data, LaneRow) else None

    def choose(self, key: str) -> None:
        """Open the agent, or the terminal's thread."""
        data = self.rows.cursor_data
        if isinstance(data, TerminalLane):
            self.post_message(OpenTerminal(data.thread_id, ""))
        else:
            self.post_message(OpenThread(ThreadId(key)))


class Moments(Drawn):
    """The events of one agent up to the cursor's time, newest first."""

    DEFAULT_CSS = "Moments { height: 1fr; width: 1fr; }"
    moments: reactive[tuple[MomentRow, ...]] = reactive[tuple[MomentRow, ...]](())
    zero_ms: reactive[int] = reactive(0)

    def draw_line(self, y: int) -> Strip:
        """One event."""
        width, palette, look = self.size.width, palette_of(self), look_of(self)
        newest = self.moments[::-1]
        if y >= len(newest):
            said = "Nothing had happened yet." if y == 0 else ""
            return line([piece(f"  {said}", palette.style(Tone.MUTED))], (), width)
        return self._row(newest[y], width, palette, sign(newest[y].glyph, look))

    def _row(self, moment: MomentRow, width: int, palette: Palette, mark: str) -> Strip:
        ago = age((self.zero_ms - moment.at_ms) / 1000)
        left = [
            piece("  "),
            piece(f"{mark} ", palette.style(moment.tone)),
            piece(f"{moment.verb} ", palette.style(Tone.BRIGHT, bold=True)),
            piece(moment.words, palette.style(Tone.MUTED)),
        ]
        right = [*bits(moment.right, palette), piece(f" {ago:>3} ")]
        right[-1] = Segment(right[-1].text, palette.style(Tone.MUTED))
        return line(left, right, width)
