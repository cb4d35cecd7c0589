"""The terminals board (/ps): all background terminals, and the output of one.

Owns which terminal is shown and how large, following, searching, and the keys here.
What an act does is `tui.screens.terminal_desk`. Invariant: the cursor stays on its
terminal when others begin or end; nothing here writes into a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from state.scrollback import Scrollback
from state.select.terminals import find, output_view
from state.views import Bit, TerminalRow, Tone
from tui.screens.board import Board
from widgets import intents as i
from widgets.field import LineField
from widgets.glyphs import look_of, sign
from widgets.intents import Intent
from widgets.output_pane import HintLine, OutputPane
from widgets.terminal_table import TerminalTable
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen

MOST_SCROLLS = 8
"""Outputs that are kept as lines; others are read again when they are shown."""


class TerminalsBoard(Board):
    """Opened by /ps, t, or enter on a row of the pane."""

    CSS_PATH = "terminals.tcss"
    OWN: ClassVar[frozenset[type[Intent]]] = frozenset(
        {i.Selected, TerminalTable.Entered, i.StopTerminal, i.DismissTerminals}
    )
    LEAVING: ClassVar[frozenset[type[Intent]]] = Board.LEAVING - {i.OpenTerminal}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "stop", "stop", id="terminals.stop", show=False),
        Binding("X", "stop_tree", "stop all", id="terminals.stop_all", show=False),
        Binding("d", "forget", "dismiss", id="terminals.dismiss", show=False),
        Binding("D", "forget_all", "dismiss all", id="terminals.clear", show=False),
        Binding("w", "type_into", "type into it", id="terminals.type", show=False),
        Binding("o", "owner", "its thread", id="terminals.owner", show=False),
        Binding("f", "follow", "follow", id="output.follow", show=False),
        Binding("slash", "search", "search", id="output.search", show=False),
        Binding("n", "hit(1)", "next match", id="output.next", show=False),
        Binding("N", "hit(-1)", "match before", id="output.before", show=False),
        Binding("c", "copy_output", "copy", id="output.copy", show=False),
        Binding("space", "page(1)", "page down", id="output.space", show=False),
        Binding("b", "page(-1)", "page up", id="output.back", show=False),
        Binding("tab", "other_half", "list, output", id="output.tab", show=False),
        Binding("shift+tab", "other_half", "", id="output.backtab", show=False),
    ]

    def __init__(self, fleet: FleetScreen, key: str | None = None) -> None:
        super().__init__(fleet)
        self.table = TerminalTable(id="table")
        self.output_title = TitleLine(id="output-title")
        self.output = OutputPane(id="output")
        self.hints = HintLine(id="hints")
        self.search = LineField(placeholder="find in this output", id="search")
        self._first = key
        self._scrolls: dict[str, Scrollback] = {}

    def middle(self) -> ComposeResult:
        """Table, title of the output, output, hints."""
        yield self.table
        yield self.output_title
        yield self.output
        yield self.search
        yield self.hints

    def first_focus(self) -> Widget | None:
        """The list, on the terminal it was opened for."""
        if self._first is not None:
            self.table.rows.select(self._first)
        return self.table.rows

    @property
    def chosen(self) -> TerminalRow | None:
        """The terminal under the cursor."""
        return self.table.chosen

    @property
    def full(self) -> bool:
        """The output has the whole screen."""
        return self.has_class("-full")

    # -- drawing -----------------------------------------------------------------

    def show(self) -> None:
        """The table, then the output of the terminal under its cursor."""
        self.table.show(self.fleet.presenter.terminals())
        if self.table.rows.cursor_key is None and self._first is not None:
            self.table.rows.select(self._first)
        self._show_output()

    def set_clock(self, now_ms: int, frame: int) -> None:
        """Ages."""
        super().set_clock(now_ms, frame)
        self.table.set_clock(now_ms)

    def _show_output(self) -> None:
        row = self.chosen
        found = find(self.fleet.presenter.world.threads, row) if row else None
        self.set_class(found is None, "-none")
        if row is None or found is None:
            self.remove_class("-full")
            self.output.show(None)
            self._frame(None)
            return
        scroll = self._scrolls.pop(row.key, None) or Scrollback()
        self._scrolls[row.key] = scroll
        while len(self._scrolls) > MOST_SCROLLS:
            del self._scrolls[next(iter(self._scrolls))]
        self.output.show(output_view(row, found[1], scroll))
        self._frame(row)

    def _frame(self, row: TerminalRow | None) -> None:
        """The output's title and the hints below it."""
        title, output = self.output_title, self.output
        if row is not None:
            title.title = str(row.number)
            parts = [row.command.text, row.path, row.title if self.full else row.cwd]
            title.detail = " · ".join(part for part in parts if part)
            title.end = self._state(row)
        lines = len(output.view.scroll) if output.view is not None else 0
        at, number = output.hits
        if output.found:
            words = f"{at} of {number}" if number else "not found"
            self.hints.fact = f"“{output.found}” {words}"
        else:
            self.hints.fact = f"{lines} line{'' if lines == 1 else 's'} kept"
        self.hints.hints = self._hints(row)

    def _state(self, row: TerminalRow) -> tuple[Bit, ...]:
        look = look_of(self)
        if row.left:
            return (Bit(f"{row.state} · {row.left} left over", Tone.FAIL),)
        if not row.live:
            return (Bit(row.state, Tone.FAIL if row.failed else Tone.MUTED),)
        if row.stale:
            return (Bit(f"{sign('~', look)} last known", Tone.MUTED),)
        if self.output.follow:
            return (Bit(f"{sign('●', look)} ", Tone.WORK), Bit("following"))
        return (Bit("standing still", Tone.MUTED),)

    def _hints(self, row: TerminalRow | None) -> tuple[tuple[str, str], ...]:
        if row is None:
            return (("esc", "back"),)
        hints = [("esc", "list" if self.full else "back")]
        if not self.full:
            hints.append(("enter", "full"))
        if row.live:
            word = "stand still" if self.output.follow else "follow"
            hints += [("x", "stop"), ("X", "stop all of its thread"), ("f", word)]
        elif row.left:
            hints.append(("x", "end what is left"))
        else:
            hints += [("d", "dismiss"), ("D", "all ended")]
        if self.output.found:
            hints += [("n N", "matches")]
        typing = (("w", "type into it"),) if row.live else ()
        return (*hints, ("/", "search"), *typing, ("c", "copy"),
                ("b", "scroll back"), ("o", "its thread"))  # fmt: skip

    # -- what is asked for ---------------------------------------------------------

    @on(TerminalTable.Entered)
    def _entered(self, intent: TerminalTable.Entered) -> None:
        intent.stop()
        self.set_full(on=True)

    @on(i.Selected)
    def _selected(self, intent: i.Selected) -> None:
        intent.stop()
        self._show_output()

    @on(OutputPane.Moved)
    def _moved(self, message: OutputPane.Moved) -> None:
        message.stop()
        self._frame(self.chosen)

    def set_full(self, *, on: bool) -> None:
        """The output alone, or with the list above it."""
        if self.chosen is None:
            return
        self.set_class(on, "-full")
        self.output.focus() if on else self.table.rows.focus()
        self._frame(self.chosen)

    def action_leave_board(self) -> None:
        """esc: out of the search, out of the whole screen, out of the board."""
        if self.has_class("-searching") or self.output.found:
            self._end_search("")
        elif self.full:
            self.set_full(on=False)
        else:
            super().action_leave_board()

    def action_other_half(self) -> None:
        """tab: between list and output."""
        if self.output.has_focus and not self.full:
            self.table.rows.focus()
        elif self.chosen is not None:
            self.output.focus()

    # -- acts ------------------------------------------------------------------------

    def action_stop(self) -> None:
        """x"""
        self.fleet.terminal_desk.stop_row(self.chosen)

    def action_stop_tree(self) -> None:
        """X"""
        self.fleet.terminal_desk.stop_tree(self.chosen)

    def action_forget(self) -> None:
        """d"""
        self.fleet.terminal_desk.dismiss(self.chosen)

    def action_forget_all(self) -> None:
        """D"""
        self.fleet.terminal_desk.dismiss_all()

    def action_type_into(self) -> None:
        """w: it cannot be done from here; the agent can."""
        row = self.chosen
        if row is not None:
            if row.live:
                super().action_leave_board()
            self.fleet.terminal_desk.ask_agent(row)

    def action_owner(self) -> None:
        """o"""
        row = self.chosen
        if row is not None:
            super().action_leave_board()
            self.fleet.open_thread(row.thread_id)

    def action_follow(self) -> None:
        """f"""
        self.output.toggle_follow()
        self._frame(self.chosen)

    def action_page(self, step: int) -> None:
        """A page of the output, also from the list."""
        self.output.action_page(step)
        self._frame(self.chosen)

    def action_copy_output(self) -> None:
        """c: all that is kept of it."""
        row, view = self.chosen, self.output.view
        if row is None or view is None or not len(view.scroll):
            self.fleet.say("There is no output to copy.")
            return
        self.fleet.copy(view.scroll.plain(), f"the output of terminal {row.number}")

    # -- search ------------------------------------------------------------------------

    def action_search(self) -> None:
        """/"""
        if self.chosen is None:
            return
        self.add_class("-searching")
        self.search.value = self.output.found
        self.search.focus()

    @on(Input.Submitted, "#search")
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._end_search(message.value)

    def _end_search(self, words: str) -> None:
        self.remove_class("-searching")
        self.output.focus() if self.full or words else self.table.rows.focus()
        self.output.find(words)
        self._frame(self.chosen)

    def action_hit(self, step: int) -> None:
        """n, N: newer matches are further down."""
        if not self.output.found:
            self.action_search()
            return
        self.output.step(step)
        self._frame(self.chosen)
