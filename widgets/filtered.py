"""A list pane with a last row: what can be pressed, or the filter being typed.

Owns that row and its field. Does not own what a filter leaves of a list: the pane says
what is wanted, and gets another read model. Invariants: a filter that stands stays in
sight; esc clears it before it leaves the pane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from widgets.field import LineField
from widgets.intents import Intent, LeavePane
from widgets.pane import Pane
from widgets.thread_rows import Hints

if TYPE_CHECKING:
    from textual.app import ComposeResult

V = TypeVar("V")


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


class FilteredPane(Pane[V]):
    """A subclass names its `HINTS`, binds `filter` and `clear_filter`, and says what a
    filter means."""

    HINTS: ClassVar[tuple[tuple[str, str], ...]] = ()

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.hints = Hints(self.HINTS)
        self.field = FilterInput(select_on_focus=False)
        self.foot = FilterLine(self.hints, self.field)

    # -- what a subclass says ----------------------------------------------------

    def filtered(self, text: str) -> Intent:
        """What is asked for when this is typed."""
        raise NotImplementedError

    def remark(self) -> str:
        """What stands at the end of the last row; "" for nothing."""
        return ""

    # -- the last row ------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Title, rows, filter."""
        yield from super().compose()
        yield self.foot

    def rebuild(self) -> None:
        """List the read model in hand."""
        super().rebuild()
        if self.is_mounted:
            self.refresh_foot()

    def show_filter(self, text: str) -> None:
        """A filter that was kept; it stays in sight. Posts nothing."""
        with self.field.prevent(Input.Changed):
            self.field.value = text

    def action_filter(self) -> None:
        """Type a filter."""
        self.foot.add_class("-typing")
        self.refresh_foot()
        self.field.focus()

    def action_clear_filter(self) -> None:
        """Show all again; without a filter, leave."""
        if self.field.value:
            self.field.value = ""
        else:
            self.post_message(LeavePane())

    def on_input_changed(self, message: Input.Changed) -> None:
        """Filter while typing."""
        message.stop()
        self.post_message(self.filtered(message.value))
        self.refresh_foot()

    def on_descendant_focus(self) -> None:
        """Hints show while the pane is live."""
        super().on_descendant_focus()
        self.refresh_foot()

    def on_descendant_blur(self) -> None:
        """They go with the focus."""
        super().on_descendant_blur()
        self.refresh_foot()

    def refresh_foot(self) -> None:
        """The last row as it should be now; gone while it has nothing to say."""
        typing = self.field.has_focus or bool(self.field.value)
        live = self.title_line.live and not self.rows.short
        remark = self.remark()
        self.foot.set_class(typing, "-typing")
        self.foot.set_class(typing or live or bool(remark), "-shown")
        if typing:
            self.hints.show((("/", ""),))
        else:
            self.hints.show(self.HINTS if live else (), remark)
