"""The pane of threads: groups, a sentence where there is none, a filter.

Owns the pane. Does not own how a row looks (`widgets.thread_rows`) nor which threads
there are, their order or their groups (`state.select`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from state.items import ThreadId
from state.views import Bit, Bits, ThreadListView, ThreadRow, Tone
from widgets.filtered import FilteredPane
from widgets.glyphs import look_of
from widgets.intents import FilterThreads, OpenThread
from widgets.pane import muted, sentences
from widgets.rows import Entry
from widgets.thread_rows import HINTS, ThreadRows, listed
from widgets.waiting import waiting


class ThreadList(FilteredPane[ThreadRow]):
    """The pane. Posts OpenThread, FilterThreads, Selected("threads", id)."""

    NAME: ClassVar[str] = "threads"
    TITLE: ClassVar[str] = "Threads"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = HINTS

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
        self._since_ms: int | None = None

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
            if not view.loading:
                self._since_ms = None
            self.rebuild()

    def set_clock(self, now_ms: int) -> None:
        """What is waited for is said after a second, and then how long it takes."""
        before = self._waited()
        super().set_clock(now_ms)
        if self._view.loading and self._waited() != before:
            self.rebuild()

    def _waited(self) -> tuple[Bits, ...]:
        now_ms = self.rows.now_ms
        if not self._view.loading or not now_ms:
            return ()
        if self._since_ms is None:
            self._since_ms = now_ms
        waited_ms = now_ms - self._since_ms
        return waiting(self._view.loading, waited_ms, look_of(self))

    def rebuild(self) -> None:
        """List the view in hand."""
        super().rebuild()
        if self.is_mounted:
            self.title_line.detail = "" if self._view.loading else str(self._view.total)

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
            return sentences(*self._waited())
        keys = (("n", "start one here"), *self._extra_empty)
        return sentences(
            (Bit("No threads yet."),),
            (),
            *((Bit(f"{key}  ", Tone.ACCENT), muted(label)) for key, label in keys),
        )

    def filtered(self, text: str) -> FilterThreads:
        """Show only what matches."""
        return FilterThreads(text)

    def remark(self) -> str:
        """How much lies below what is seen."""
        below = self.rows.below if self._view.groups else 0
        return f"{below} more below" if below else ""

    def on_rows_scrolled(self) -> None:
        """Other rows are hidden now."""
        self.refresh_foot()

    def choose(self, key: str) -> None:
        """Open the thread."""
        self.post_message(OpenThread(ThreadId(key)))
