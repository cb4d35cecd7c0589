"""What a terminal printed: its lines with its own colours, scrolling, search.

Owns wrapping, following the end, the search and what is drawn. Does not own the text
(`state.scrollback`, which has passed the `ansi` door). Invariants: while it follows,
the newest line is on the screen; when somebody scrolled back, the lines stand still
whatever comes; nothing is drawn again that did not change.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from state.scrollback import OutputLine
from state.text import Line
from state.text_ansi import line_cells
from state.views import OutputView, Tone
from widgets.cells.rows import line_style
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import line, piece, width_of
from widgets.palette import Palette, palette_of

MARGIN = 2
GAP_WORDS = "output not sent by the engine"
NOTHING = "Nothing was printed yet."


class OutputPane(ScrollView, can_focus=True):
    """The output of one terminal."""

    DEFAULT_CSS = """
    OutputPane {
        height: 1fr; width: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_by(-1)", "up", id="output.up", show=False),
        Binding("down,j", "scroll_by(1)", "down", id="output.down", show=False),
        Binding("pageup", "page(-1)", "page up", id="output.pageup", show=False),
        Binding("pagedown", "page(1)", "page down", id="output.pagedown", show=False),
        Binding("home,g", "edge(-1)", "first", id="output.home", show=False),
        Binding("end,G", "edge(1)", "last", id="output.end", show=False),
    ]

    follow: reactive[bool] = reactive(True)
    found: reactive[str] = reactive("")

    class Moved(Message):
        """It follows the end, or it stands still, unlike before."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._view: OutputView | None = None
        self._lines: list[OutputLine] = []
        self._tops: list[int] = []
        self._heights: list[int] = []
        self._before: tuple[list[OutputLine], list[int], int] = ([], [], 0)
        self._total = 0
        self._width = 0
        self._hits: list[int] = []
        self._hit = -1

    # -- what is given ---------------------------------------------------------------

    @property
    def view(self) -> OutputView | None:
        """The output that is shown."""
        return self._view

    def show(self, view: OutputView | None) -> None:
        """Show this; the same terminal goes on where it was."""
        old, self._view = self._view, view
        if view is old:
            return
        other = old is None or view is None or old.scroll is not view.scroll
        if other:
            self.follow, self.found, self._hits, self._hit = True, "", [], -1
        elif (
            old is not None
            and view is not None
            and (old.version == view.version and old.note == view.note)
        ):
            return
        at = None if other else self._place()
        self._read()
        self._measure()
        if self.found:
            self._search()
        self._settle(at)

    def _read(self) -> None:
        view = self._view
        self._before = (self._lines, self._heights, self._width)
        self._lines = (
            [] if view is None else [view.scroll[i] for i in range(len(view.scroll))]
        )

    def _measure(self) -> None:
        """Where each line begins, at this width."""
        width = self._width = max(1, self.size.width - 2 * MARGIN)
        tops: list[int] = []
        total = 1 if self._view is not None and self._view.note else 0
        self._heights = self._measured(width)
        for height in self._heights:
            tops.append(total)
            total += height
        self._tops, self._total = tops, max(total, 1)
        self.virtual_size = Size(self.size.width, self._total)

    def _measured(self, width: int) -> list[int]:
        """The rows of each line; one that stood there before is not measured again."""
        old, heights, before = self._before
        if before != width or not self._lines:
            return [_height(one, width) for one in self._lines]
        first = self._lines[0].at
        shift = bisect_left([one.at for one in old], first) if old else 0
        found = []
        for index, one in enumerate(self._lines):
            known = index + shift
            if known < len(old) and old[known] is one:
                found.append(heights[known])
            else:
                found.append(_height(one, width))
        return found

    def _place(self) -> tuple[int, int] | None:
        """The line at the top of the screen, by where it stands in the output."""
        if self.follow or not self._lines:
            return None
        index = self._index(self.scroll_offset.y)
        return self._lines[index].at, self.scroll_offset.y - self._tops[index]

    def _settle(self, at: tuple[int, int] | None) -> None:
        if self.follow:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        elif at is not None and self._lines:
            offsets = [one.at for one in self._lines]
            index = max(0, bisect_right(offsets, at[0]) - 1)
            self.scroll_to(y=self._tops[index] + at[1], animate=False, force=True)
        self.refresh()
        self.call_after_refresh(self._mark_place)

    def _mark_place(self) -> None:
        # A bar that appears with the new size begins at its top.
        if self.follow and self.scroll_y != self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        self.vertical_scrollbar.position = self.scroll_y

    def on_resize(self) -> None:
        """Another width: other lines."""
        at = self._place()
        self._before = ([], [], 0)
        self._measure()
        self._settle(at)

    # -- moving ----------------------------------------------------------------------

    def action_scroll_by(self, rows: int) -> None:
        """Up leaves the end; the end reached again is followed again."""
        self._go(self.scroll_offset.y + rows)

    def action_page(self, step: int) -> None:
        """A page, one line kept."""
        self._go(self.scroll_offset.y + step * max(1, self.size.height - 1))

    def action_edge(self, step: int) -> None:
        """First or last line."""
        self._go(0 if step < 0 else self.max_scroll_y)

    def _go(self, y: int) -> None:
        y = max(0, min(y, self.max_scroll_y))
        self.follow = y >= self.max_scroll_y
        self.scroll_to(y=y, animate=False, force=True)

    def _on_mouse_scroll_up(self, event: object) -> None:
        self.action_scroll_by(-3)

    def _on_mouse_scroll_down(self, event: object) -> None:
        self.action_scroll_by(3)

    def watch_follow(self) -> None:
        """Whoever frames it says so."""
        if self.is_attached:
            self.post_message(self.Moved())

    def toggle_follow(self) -> None:
        """Follow the end, or stand still."""
        self.follow = not self.follow
        if self.follow:
            self.action_edge(1)

    # -- search ----------------------------------------------------------------------

    @property
    def hits(self) -> tuple[int, int]:
        """Which match is shown and how many there are; 0 of 0: none."""
        return (self._hit + 1, len(self._hits))

    def find(self, words: str) -> None:
        """Go to the last line that holds these words; "" ends the search."""
        self.found = words
        self._hits, self._hit = [], -1
        if words:
            self._search()
            self.step(0)
        self.refresh()

    def _search(self) -> None:
        wanted = self.found.casefold()
        shown = self._lines[self._hits[self._hit]].at if self._valid else None
        self._hits = [
            i for i, one in enumerate(self._lines) if wanted in one.text.casefold()
        ]
        self._hit = len(self._hits) - 1
        if shown is not None:
            for at, index in enumerate(self._hits):
                if self._lines[index].at == shown:
                    self._hit = at

    @property
    def _valid(self) -> bool:
        return 0 <= self._hit < len(self._hits) and self._hits[self._hit] < len(
            self._lines
        )

    def step(self, step: int) -> None:
        """To the next match (1) or the one before (-1), round the ends."""
        if not self._hits:
            return
        self._hit = (self._hit + step) % len(self._hits)
        top = self._tops[self._hits[self._hit]]
        self._go(top - self.size.height // 2)
        self.follow = False
        self.refresh()

    # -- drawing ---------------------------------------------------------------------

    def _index(self, y: int) -> int:
        return max(0, bisect_right(self._tops, y) - 1)

    def render_line(self, y: int) -> Strip:
        """A line on the widget's background."""
        strip = self._line(y + self.scroll_offset.y)
        width = self.size.width
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def _line(self, y: int) -> Strip:
        palette, view = palette_of(self), self._view
        if view is None or y >= self._total:
            return Strip([])
        if y == 0 and view.note:
            return self._words(palette, view.note)
        if not self._lines:
            return self._words(palette, NOTHING) if y == 0 else Strip([])
        index = self._index(y)
        one = self._lines[index]
        if one.gap:
            return self._words(palette, GAP_WORDS)
        start = (y - self._tops[index]) * self._width
        base = palette.style(Tone.TEXT)
        current = self._valid and self._hits[self._hit] == index
        spans = self._marked(one.line, palette, current=current)
        segments = [piece(text, base + style) for text, style in spans]
        strip = Strip(segments)
        if start or strip.cell_length > self._width:
            strip = strip.crop(start, start + self._width)
        return Strip.join([Strip([piece(" " * MARGIN)]), strip])

    def _words(self, palette: Palette, words: str) -> Strip:
        dash = sign("─", look_of(self))
        style = palette.style(Tone.MUTED)
        return Strip([piece(f"{dash} {words} {dash}", style)])

    def _marked(
        self, given: Line, palette: Palette, *, current: bool
    ) -> list[tuple[str, Style]]:
        """Runs of text with their styles, what is searched for reversed."""
        base = palette.style(Tone.TEXT)
        runs = [(span.text, line_style(span.style, base)) for span in given]
        wanted = self.found.casefold()
        if not wanted:
            return runs
        text = "".join(run for run, _ in runs)
        folded = text.casefold()
        if len(folded) != len(text):
            return runs  # its letters change their number: where is not known
        tone = Tone.ACCENT if current else Tone.NEED
        mark = palette.style(tone) + Style(reverse=True)
        marks = [False] * len(text)
        at = folded.find(wanted)
        while at >= 0:
            marks[at : at + len(wanted)] = [True] * len(wanted)
            at = folded.find(wanted, at + len(wanted))
        return _split(runs, marks, mark)


def _height(one: OutputLine, width: int) -> int:
    wide = 0 if one.gap else line_cells(one.line)
    return 1 if wide <= width else -(-wide // width)


def _split(
    runs: list[tuple[str, Style]], marks: list[bool], mark: Style
) -> list[tuple[str, Style]]:
    out: list[tuple[str, Style]] = []
    at = 0
    for text, style in runs:
        start = 0
        for index in range(1, len(text) + 1):
            if index < len(text) and marks[at + index] == marks[at + start]:
                continue
            out.append((text[start:index], mark if marks[at + start] else style))
            start = index
        at += len(text)
    return out


class HintLine(Drawn):
    """Keys and what they do, as many as fit; a fact at the right edge."""

    DEFAULT_CSS = "HintLine { height: 1; width: 1fr; }"

    hints: reactive[tuple[tuple[str, str], ...]] = reactive(())
    fact: reactive[str] = reactive("")

    def draw_line(self, y: int) -> Strip:
        """The row."""
        palette, width = palette_of(self), self.size.width
        right = [piece(self.fact, palette.style(Tone.MUTED)), piece("  ")]
        left: list[Segment] = [piece("  ")]
        for key, label in self.hints:
            more = [
                piece(key, palette.style(Tone.ACCENT)),
                piece(f" {label}   ", palette.style(Tone.MUTED)),
            ]
            if width_of(left) + width_of(more) + width_of(right) + 1 > width:
                break
            left += more
        return line(left, right if self.fact else (), width)
