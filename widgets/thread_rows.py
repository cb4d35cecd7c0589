"""The rows of the thread list, and the keys below them.

Owns how a thread is listed, in two lines or one, and how groups are headed. Does not
own which threads there are, their order or their groups (`state.select`), nor the pane
around them (`widgets.thread_list`). Invariant: status glyph, unread mark and age are
never cut; the title gives way to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from textual.strip import Strip

from state.chars import cells
from state.views import Bit, Glyph, ThreadListView, ThreadRow, Tone
from state.words import age
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.intents import PressKey
from widgets.lines import bits, line, piece, width_of
from widgets.palette import palette_of
from widgets.pane import AIR, PaneRows, muted, words
from widgets.rows import Canvas, Entry

if TYPE_CHECKING:
    from textual import events

HINTS = (("/", "filter"), ("n", "new"), ("g", "group"))
"""What can be pressed in the list, with what it does"""
AGE_CELLS = 11
"""What an age and the space around it take in plain words"""
REASON_CELLS = 12
"""Fewer say nothing"""
WIDE_ROW = 60
"""From this many cells on a row is one line with its reason beside the title."""


class ThreadRows(PaneRows[Any]):
    """The list itself."""

    PANE: ClassVar[str] = "threads"

    def age_words(self, entry: Entry[Any], now_ms: int) -> str:
        """The age column."""
        row = entry.data
        if not isinstance(row, ThreadRow) or not row.at_ms:
            return ""
        return age((now_ms - row.at_ms) / 1000)

    @property
    def one_line(self) -> bool:
        """Whether the reason stands beside the title."""
        return self.size.width >= WIDE_ROW

    def draw_row(self, entry: Entry[Any], row: int, canvas: Canvas) -> Strip:
        """A thread's first or second line."""
        thread: ThreadRow = entry.data
        palette, back = canvas.palette, canvas.back
        if look_of(self).plain:
            return self._plain(entry, thread, canvas)
        if row == 1:
            detail = [piece("  "), *bits(thread.detail, palette, back)]
            end = [piece(" ", palette.back(back))]
            return line(detail, end, canvas.width, palette.back(back), gap=0)
        right = self._right(entry, thread, canvas)
        left = self._left(thread, canvas)
        if self.one_line and thread.detail:
            column = max(20, min(28, canvas.width // 3))
            strip = line(left, (), column - 2, palette.back(back))
            left = [*strip, piece("  ", palette.back(back))]
            left += bits(thread.detail, palette, back)
        return line(left, right, canvas.width, palette.back(back), gap=2)

    def _left(self, thread: ThreadRow, canvas: Canvas) -> list[Segment]:
        palette, back = canvas.palette, canvas.back
        bold = thread.bold or thread.unread or canvas.cursor
        tone = Tone.BRIGHT if bold else Tone.TEXT
        if thread.glyph is Glyph.NOT_LOADED and not bold:
            tone = Tone.MUTED
        glyph = sign(thread.glyph, look_of(self))
        return [
            piece(f"{glyph} ", palette.style(thread.tone, back)),
            piece(thread.title, palette.style(tone, back, bold=bold)),
        ]

    def _right(
        self, entry: Entry[Any], thread: ThreadRow, canvas: Canvas
    ) -> list[Segment]:
        palette, back, look = canvas.palette, canvas.back, look_of(self)
        right = []
        if thread.full_access:
            mark = "full" if look.ascii else "■"
            right.append(piece(f"{mark} ", palette.style(Tone.FAIL, back)))
        if thread.unread:
            mark = "new" if look.ascii else "•"
            right.append(piece(f"{mark} ", palette.style(Tone.ACCENT, back)))
        words = self.age_words(entry, self.now_ms)
        right.append(piece(f"{words:>3} ", palette.style(Tone.MUTED, back)))
        return right

    def _plain(self, entry: Entry[Any], thread: ThreadRow, canvas: Canvas) -> Strip:
        ago = self.age_words(entry, self.now_ms)
        if ago.endswith("s"):
            ago = "now"  # A row is said again only when its words change.
        ago = ago if ago == "now" or not ago else f"{ago} ago"
        reason = "".join(bit.text for bit in thread.detail).replace(" · ", " ")
        states = (
            "new" if thread.unread else "",
            "full access" if thread.full_access else "",
            thread.word,
        )
        status = ", ".join(filter(None, states))
        bold = canvas.palette.style(bold=canvas.cursor)
        room = max(12, min(24, canvas.width // 3))
        # A reason of which two letters fit says less than the word alone.
        left = canvas.width - room - AGE_CELLS - cells(status)
        if reason and left >= min(cells(reason) + 2, REASON_CELLS):
            status = f"{status}: {reason}"
        title = line([piece(thread.title, bold)], (), room)
        tail = piece(f" {ago:>7}   {status}", bold)
        return line([*title, tail], (), canvas.width)


def listed(view: ThreadListView, rows: ThreadRows) -> list[Entry[Any]]:
    """Groups with their headings, as `rows` has room for them."""
    plain = look_of(rows).plain
    short = rows.short or plain
    one = rows.one_line or short
    entries: list[Entry[Any]] = []
    for group in view.groups:
        if not group.rows:
            continue
        if not short:
            entries.append(AIR)
        name = f"{group.title}," if plain else group.title
        entries.append(
            words(
                Bit(name, group.tone, bold=not plain),
                muted(f" {len(group.rows) + group.more}"),
            )
        )
        entries += [
            Entry(row.id, row, 1 if one or not row.detail else 2) for row in group.rows
        ]
    return entries


class Hints(Drawn):
    """Keys and their words; a click presses the key."""

    DEFAULT_CSS = "Hints { height: 1; width: 1fr; }"

    def __init__(self, keys: tuple[tuple[str, str], ...]) -> None:
        super().__init__()
        self.keys = keys
        self.end = ""

    def show(self, keys: tuple[tuple[str, str], ...], end: str = "") -> None:
        """Draw these instead."""
        if (keys, end) != (self.keys, self.end):
            self.keys, self.end = keys, end
            self.refresh()

    def draw_line(self, y: int) -> Strip:
        """The row; hints drop from the right."""
        palette, width = palette_of(self), self.size.width
        end = [piece(f"{self.end} ", palette.style(Tone.MUTED))] if self.end else []
        room = width - width_of(end) - 1
        pieces = [piece("  ")]
        for key, label in self.keys:
            hint = [
                piece(key, palette.style(Tone.ACCENT)),
                piece(f" {label}   " if label else " ", palette.style(Tone.MUTED)),
            ]
            if width_of([*pieces, *hint]) - 3 > room:
                break
            pieces += hint
        return line(pieces, end, width)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        at = 2
        for key, label in self.keys:
            end = at + len(key) + 1 + len(label)
            if at <= event.x < end:
                event.stop()
                self.post_message(PressKey(key))
                return
            at = end + 3
