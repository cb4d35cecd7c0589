"""The base of all lists: rows drawn line by line, with a cursor that stays put.

Owns the flat index from lines to rows, the cursor, scrolling, the mouse, and which
lines are drawn again. Does not own what a row looks like: a subclass draws it.
Invariants: the cursor stays on the row of the same key when the order changes under
it; only lines that are visible and changed are drawn; no timer, no clock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from state.dataclass import dataclass
from state.views import Tone
from widgets.drawn import Grounded
from widgets.glyphs import look_of
from widgets.lines import line, piece
from widgets.palette import Back, Palette, palette_of

if TYPE_CHECKING:
    from textual import events

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A row of a list: `lines` high; without a key the cursor passes it by."""

    key: str | None
    data: T
    lines: int = 1


@dataclass(frozen=True, slots=True)
class Canvas:
    """What a row is drawn on: `width` cells after the two of the cursor's margin."""

    width: int
    palette: Palette
    back: Back
    cursor: bool
    live: bool
    """the list is focused"""


class Rows(Grounded, ScrollView, Generic[T], can_focus=True):
    """A list of entries. Subclasses implement `draw` and may set `PANE`."""

    PANE: ClassVar[str] = ""
    RESTS: ClassVar[bool] = True
    """the cursor is shown in grey before the list ever had the focus"""

    DEFAULT_CSS = """
    Rows {
        height: 1fr;
        width: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: auto;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "up", id="rows.up", show=False),
        Binding("down,j", "step(1)", "down", id="rows.down", show=False),
        Binding("pageup", "page(-1)", "page up", id="rows.pageup", show=False),
        Binding("pagedown", "page(1)", "page down", id="rows.pagedown", show=False),
        Binding("home", "edge(-1)", "first", id="rows.home", show=False),
        Binding("end", "edge(1)", "last", id="rows.end", show=False),
        Binding("enter", "choose", "open", id="rows.open", show=False),
    ]

    now_ms: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor stands on another row: `key`."""

        def __init__(self, rows: Rows[Any], key: str) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> Rows[Any]:
            """The list."""
            return self.rows

    class Chosen(Message):
        """Enter, or a click on the row under the cursor."""

        def __init__(self, rows: Rows[Any], key: str) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> Rows[Any]:
            """The list."""
            return self.rows

    class Scrolled(Message):
        """Other rows are visible now."""

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._entries: Sequence[Entry[T]] = ()
        self._tops: list[int] = []
        self._total = 0
        self._cursor = -1
        self._used = False

    # -- what a subclass says --------------------------------------------------

    def draw(self, entry: Entry[T], row: int, canvas: Canvas) -> Strip:
        """Line `row` of an entry, `canvas.width` cells wide."""
        raise NotImplementedError

    def age_words(self, entry: Entry[T], now_ms: int) -> str:
        """The words in this entry that depend on the clock."""
        return ""

    # -- the rows ----------------------------------------------------------------

    @property
    def entries(self) -> Sequence[Entry[T]]:
        """What is listed."""
        return self._entries

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor."""
        if 0 <= self._cursor < len(self._entries):
            return self._entries[self._cursor].key
        return None

    @property
    def cursor_data(self) -> T | None:
        """The row under the cursor."""
        if self.cursor_key is None:
            return None
        return self._entries[self._cursor].data

    @property
    def below(self) -> int:
        """How many rows that can be chosen lie below the visible ones."""
        end = self.scroll_offset.y + self.size.height
        first = bisect_right(self._tops, end - 1)
        return sum(1 for e in self._entries[first:] if e.key is not None)

    def set_entries(self, entries: Sequence[Entry[T]]) -> None:
        """List these. The cursor stays on its row; unchanged lines are not redrawn."""
        old, key, at = self._entries, self.cursor_key, self._cursor
        offset = self._top_of(at) - self.scroll_offset.y
        self._entries = entries
        same_shape = len(old) == len(entries) and all(
            a.lines == b.lines for a, b in zip(old, entries, strict=True)
        )
        self._index()
        self._cursor = self._find(key, at)
        if same_shape:
            self._redraw(
                i
                for i, (a, b) in enumerate(zip(old, entries, strict=True))
                if a.key != b.key or (a.data is not b.data and a.data != b.data)
            )
            self._redraw(i for i in {at, self._cursor} if at != self._cursor)
        else:
            self.virtual_size = Size(self.size.width, self._total)
            self.refresh()
        if self._cursor >= 0 and at >= 0 and self.is_mounted:
            self._keep_in_view(offset if self.cursor_key == key else None)
        if self.cursor_key is not None and self.cursor_key != key:
            self.post_message(self.Moved(self, self.cursor_key))

    def select(self, key: str) -> bool:
        """Put the cursor on this row and scroll to it; False when it is not there."""
        self._used = True
        for index, entry in enumerate(self._entries):
            if entry.key == key:
                self._go(index)
                return True
        return False

    def set_clock(self, now_ms: int) -> None:
        """It is `now_ms`: draws again the visible rows whose age reads differently."""
        before, self.now_ms = self.now_ms, now_ms
        first, last = self._visible()
        self._redraw(
            i
            for i in range(first, last)
            if self.age_words(self._entries[i], before)
            != self.age_words(self._entries[i], now_ms)
        )

    # -- drawing -----------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        width, ground = self.size.width, self.ground
        at = y + self.scroll_offset.y
        index = bisect_right(self._tops, at) - 1
        if index < 0 or at >= self._total:
            return Strip.blank(width, ground)
        entry = self._entries[index]
        shown = self.RESTS or self._used or self.has_focus
        cursor = index == self._cursor and entry.key is not None and shown
        palette, look = palette_of(self), look_of(self)
        live = self.has_focus
        back = Back.NONE
        if cursor:
            back = Back.CURSOR if live else Back.CURSOR_REST
        canvas = Canvas(max(0, width - 2), palette, back, cursor, live)
        body = self.draw(entry, at - self._tops[index], canvas)
        bar = " "
        if cursor:
            bar = ">" if look.plain else ("|" if look.ascii else "▌")
            if look.plain and at != self._tops[index]:
                bar = " "
        tone = Tone.ACCENT if live else Tone.FAINT
        margin = Strip(
            [
                piece(bar, palette.style(tone, back, bold=palette.ansi and live)),
                piece(" ", palette.back(back)),
            ]
        )
        strip = Strip.join([margin, body.apply_style(palette.back(back))])
        return strip.adjust_cell_length(width, palette.back(back)).apply_style(ground)

    # -- keys and mouse ----------------------------------------------------------

    def action_step(self, step: int) -> None:
        """The next row that can be chosen, up or down."""
        index = self._next(self._cursor + step, step)
        if index is not None:
            self._go(index)
        elif step < 0:
            self.scroll_to(y=0, animate=False)

    def action_page(self, step: int) -> None:
        """A page up or down."""
        if not self._entries:
            return
        at = self._top_of(self._cursor) + step * max(1, self.size.height - 2)
        index = self._line_entry(min(max(0, at), self._total - 1))
        found = self._next(index, step)
        if found is None:
            found = self._next(index, -step)
        if found is not None:
            self._go(found)

    def action_edge(self, step: int) -> None:
        """The first or the last row."""
        start = 0 if step < 0 else len(self._entries) - 1
        index = self._next(start, -step)
        if index is not None:
            self._go(index)
        if step < 0:
            self.scroll_to(y=0, animate=False)

    def action_choose(self) -> None:
        """Enter on the row under the cursor."""
        if self.cursor_key is not None:
            self.post_message(self.Chosen(self, self.cursor_key))

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there; a second one opens the row."""
        at = event.y + self.scroll_offset.y
        if not self._entries or at >= self._total or event.x >= self.size.width:
            return
        index = self._line_entry(at)
        if self._entries[index].key is None:
            return
        event.stop()
        again = index == self._cursor and event.chain > 1
        self._go(index)
        if again:
            self.action_choose()

    def on_focus(self) -> None:
        """The cursor row is bright now."""
        self._used = True
        self._redraw([self._cursor])

    def on_blur(self) -> None:
        """The cursor row rests now."""
        self._redraw([self._cursor])

    def on_resize(self) -> None:
        """Another width: all lines are other lines."""
        self.virtual_size = Size(self.size.width, self._total)
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say that other rows are hidden now."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Scrolled())

    # -- parts -------------------------------------------------------------------

    def _index(self) -> None:
        total = 0
        tops = []
        for entry in self._entries:
            tops.append(total)
            total += entry.lines
        self._tops, self._total = tops, total

    def _find(self, key: str | None, at: int) -> int:
        """Where the cursor belongs: its row, else its place, else the first row."""
        if key is not None:
            if at < len(self._entries) and self._entries[at].key == key:
                return at
            for index, entry in enumerate(self._entries):
                if entry.key == key:
                    return index
        start = min(max(at, 0), len(self._entries) - 1)
        found = self._next(start, 1)
        if found is None:
            found = self._next(start, -1)
        return -1 if found is None else found

    def _next(self, start: int, step: int) -> int | None:
        index = start
        while 0 <= index < len(self._entries):
            if self._entries[index].key is not None:
                return index
            index += step
        return None

    def _top_of(self, index: int) -> int:
        return self._tops[index] if 0 <= index < len(self._tops) else 0

    def _line_entry(self, at: int) -> int:
        return max(0, bisect_right(self._tops, at) - 1)

    def _visible(self) -> tuple[int, int]:
        if not self._entries:
            return 0, 0
        top = self.scroll_offset.y
        last = self._line_entry(top + max(0, self.size.height - 1)) + 1
        return self._line_entry(top), last

    def _redraw(self, indexes: Iterable[int]) -> None:
        first, last = self._visible()
        for index in indexes:
            if first <= index < last:
                self.refresh_lines(self._tops[index], self._entries[index].lines)

    def _go(self, index: int) -> None:
        if index != self._cursor:
            before, self._cursor = self._cursor, index
            self._redraw((before, index))
            key = self.cursor_key
            if key is not None:
                self.post_message(self.Moved(self, key))
        self._keep_in_view(None)

    def _keep_in_view(self, offset: int | None) -> None:
        """Scroll so that the cursor row is seen, at `offset` from the top if known."""
        if not self.size.height:
            return  # Once it is laid out, it is listed anew.
        top, height = self._top_of(self._cursor), self._entries[self._cursor].lines
        if offset is not None and 0 <= offset < self.size.height:
            if self._total > self.size.height:
                self.scroll_to(y=max(0, top - offset), animate=False, force=True)
            return
        # A heading right above the first row is worth seeing.
        above = self._cursor - 1
        while above >= 0 and self._entries[above].key is None:
            top, height = self._tops[above], height + self._entries[above].lines
            above -= 1
        if height > self.size.height:
            top, height = self._top_of(self._cursor), 1
        # By force: without a bar, as before the next layout, no list scrolls.
        row = Region(0, top, max(1, self.size.width), height)
        self.scroll_to_region(row, animate=False, force=True)


def said(text: str, canvas: Canvas, tone: Tone = Tone.TEXT) -> Strip:
    """A plain sentence as a row."""
    style = canvas.palette.style(tone, canvas.back)
    return line([piece(text, style)], (), canvas.width)
