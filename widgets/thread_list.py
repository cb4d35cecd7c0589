"""The threads: groups, two-line or one-line rows, a filter.

Owns how threads are listed. Does not own which threads there are, their order or
their groups (`state.select`). Invariant: status glyph, unread mark and age are
never cut; the title gives way to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.strip import Strip
from textual.widgets import Input

from state.items import ThreadId
from state.views import Bit, Glyph, ThreadListView, ThreadRow, Tone
from state.words import age
from widgets.drawn import Drawn
from widgets.field import LineField
from widgets.glyphs import look_of, sign
from widgets.intents import FilterThreads, LeavePane, OpenThread, PressKey
from widgets.lines import bits, line, piece, width_of
from widgets.palette import palette_of
from widgets.pane import AIR, Pane, PaneRows, muted, sentences, words
from widgets.rows import Canvas, Entry

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

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
        status = ", ".join(
            part
            for part in (
                "new" if thread.unread else "",
                "full access" if thread.full_access else "",
                f"{thread.word}: {reason}" if reason else thread.word,
            )
            if part
        )
        bold = canvas.palette.style(bold=canvas.cursor)
        room = max(12, min(24, canvas.width // 3))
        title = line([piece(thread.title, bold)], (), room)
        tail = piece(f" {ago:>7}   {status}", bold)
        return line([*title, tail], (), canvas.width)


class FilterLine(Horizontal):
    """The last row of the pane: what can be pressed, or the filter being typed."""

    DEFAULT_CSS = """
    FilterLine { height: 1; display: none; }
    FilterLine.-shown { display: block; }
    FilterLine Input {
        display: none; width: 1fr; height: 1; border: none; padding: 0;
        background: transparent; color: $foreground;
    }
    FilterLine Input:focus { border: none; background: transparent; }
    FilterLine.-typing Input { display: block; }
    FilterLine.-typing Hints { width: 4; }
    """


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


class FilterInput(LineField):
    """The field: esc clears and leaves, enter and down go to the rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(True)", "clear", id="filter.clear", show=False),
        Binding("enter,down,tab", "leave(False)", "list", id="filter.list", show=False),
    ]

    def action_leave(self, clear: bool) -> None:
        """Back to the list."""
        pane: Pane[Any] = self.query_ancestor(Pane)
        if clear:
            self.value = ""
        pane.rows.focus()


class ThreadList(Pane[ThreadRow]):
    """The pane. Posts OpenThread, FilterThreads, Selected("threads", id)."""

    NAME: ClassVar[str] = "threads"
    TITLE: ClassVar[str] = "Threads"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="threads.filter", show=False),
        Binding("escape", "clear_filter", "clear", id="threads.clear", show=False),
    ]

    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("/", "filter"),
        ("n", "new"),
        ("g", "group"),
    )

    def __init__(
        self,
        view: ThreadListView | None = None,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
        extra_empty: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._view = view or ThreadListView()
        self._extra_empty = extra_empty
        self.hints = Hints(self.HINTS)
        self.field = FilterInput(select_on_focus=False)
        self.foot = FilterLine(self.hints, self.field)

    def compose(self) -> ComposeResult:
        """Title, rows, filter."""
        yield from super().compose()
        yield self.foot

    def make_rows(self) -> ThreadRows:
        """The list."""
        return ThreadRows()

    @property
    def view(self) -> ThreadListView:
        """What is listed."""
        return self._view

    @view.setter
    def view(self, view: ThreadListView) -> None:
        if view is not self._view:
            self._view = view
            self.rebuild()

    def rebuild(self) -> None:
        """List the view in hand."""
        super().rebuild()
        if self.is_mounted:
            self.title_line.detail = "" if self._view.loading else str(self._view.total)
            self._foot()

    def build(self) -> list[Entry[Any]]:
        """Groups with their headings; a sentence when there is none."""
        view, rows = self._view, self.rows
        assert isinstance(rows, ThreadRows)
        if not any(group.rows for group in view.groups):
            return self._nothing()
        plain = look_of(self).plain
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
                Entry(row.id, row, 1 if one or not row.detail else 2)
                for row in group.rows
            ]
        return entries

    def _nothing(self) -> list[Entry[Any]]:
        view = self._view
        if view.filter:
            return sentences(
                (Bit(f"No thread matches “{view.filter}”."),),
                (),
                (Bit("esc", Tone.ACCENT), muted(" clears")),
            )
        if view.loading:
            return sentences((muted("Reading the threads …"),))
        keys = (("n", "start one here"), *self._extra_empty)
        return sentences(
            (Bit("No threads yet."),),
            (),
            *((Bit(f"{key}  ", Tone.ACCENT), muted(label)) for key, label in keys),
        )

    # -- the filter --------------------------------------------------------------

    def show_filter(self, text: str) -> None:
        """A filter that was kept; it stays in sight. Posts nothing."""
        with self.field.prevent(Input.Changed):
            self.field.value = text

    def action_filter(self) -> None:
        """Type a filter."""
        self.foot.add_class("-typing")
        self._foot()
        self.field.focus()

    def action_clear_filter(self) -> None:
        """Show all threads again."""
        if self.field.value:
            self.field.value = ""
        else:
            self.post_message(LeavePane())

    def on_input_changed(self, message: Input.Changed) -> None:
        """Filter while typing."""
        message.stop()
        self.post_message(FilterThreads(message.value))
        self._foot()

    def on_descendant_focus(self) -> None:
        """Hints show while the pane is live."""
        super().on_descendant_focus()
        self._foot()

    def on_descendant_blur(self) -> None:
        """They go with the focus."""
        super().on_descendant_blur()
        self._foot()

    def _foot(self) -> None:
        typing = self.field.has_focus or bool(self.field.value)
        live = self.title_line.live and not self.rows.short
        below = self.rows.below if self._view.groups else 0
        self.foot.set_class(typing, "-typing")
        self.foot.set_class(typing or live or below > 0, "-shown")
        if typing:
            self.hints.show((("/", ""),))
        else:
            keys = self.HINTS if live else ()
            more = f"{below} more below" if below else ""
            self.hints.show(keys, more)

    def on_rows_scrolled(self) -> None:
        """Other rows are hidden now."""
        self._foot()

    def choose(self, key: str) -> None:
        """Open the thread."""
        self.post_message(OpenThread(ThreadId(key)))
