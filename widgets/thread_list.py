"""The pane of threads: groups, a sentence where there is none, a filter.

Owns the pane. Does not own how a row looks (`widgets.thread_rows`) nor which threads
there are, their order or their groups (`state.select`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from state.items import ThreadId
from state.views import Bit, ThreadListView, ThreadRow, Tone
from widgets.field import LineField
from widgets.intents import FilterThreads, LeavePane, OpenThread
from widgets.pane import Pane, muted, sentences
from widgets.rows import Entry
from widgets.thread_rows import HINTS, Hints, ThreadRows, listed

if TYPE_CHECKING:
    from textual.app import ComposeResult


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
        self.hints = Hints(HINTS)
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
        return listed(view, rows)

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
            keys = HINTS if live else ()
            more = f"{below} more below" if below else ""
            self.hints.show(keys, more)

    def on_rows_scrolled(self) -> None:
        """Other rows are hidden now."""
        self._foot()

    def choose(self, key: str) -> None:
        """Open the thread."""
        self.post_message(OpenThread(ThreadId(key)))
