"""The agents of a thread, full screen: the tree with columns, and one in detail.

Owns what the board looks at (the row under the cursor) and how its parts are laid out.
The tree's acts are `tui.screens.tree_acts`. Invariant: nothing opens, wakes or changes
because somebody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from state.items import ThreadId
from tui.actions import Place
from tui.screens.board import Board, keys_of
from widgets import intents as i
from widgets.agent_board import AgentBoard, AgentFacts
from widgets.intents import Intent
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen


class AgentsBoard(Board):
    """`/agents`, or `a` in the agents pane."""

    OWN: ClassVar[frozenset[type[Intent]]] = frozenset({i.LeavePane, i.Selected})
    BINDINGS: ClassVar[list[BindingType]] = keys_of(Place.LISTS)
    DEFAULT_CSS = """
    AgentsBoard #middle { height: 1fr; margin: 0 1; layout: vertical; }
    AgentsBoard #agent-board { width: 1fr; height: 1fr; }
    AgentsBoard #detail { height: 12; width: 1fr; }
    AgentsBoard.-short #detail { height: 8; }
    AgentsBoard.-narrow.-short #detail { display: none; }
    """

    def __init__(self, fleet: FleetScreen) -> None:
        super().__init__(fleet)
        self.board = AgentBoard()
        self.heading = TitleLine("Agent")
        self.facts = AgentFacts()

    def middle(self) -> ComposeResult:
        """The tree, and the one under the cursor."""
        with Container(id="middle"):
            yield self.board
            with Container(id="detail"):
                yield self.heading
                yield self.facts

    def opened(self) -> None:
        """On the agent that the pane is on, filtered as the pane was."""
        super().opened()
        self.board.field.value = self.fleet.presenter.looking.tree.filter
        self.board.follow(*self.fleet.tree_cursor)
        self._detail()

    def first_focus(self) -> Widget | None:
        """The tree."""
        return self.board.rows

    def show(self) -> None:
        """The tree as it stands."""
        self.board.show(self.fleet.presenter.tree())
        self._detail()

    def set_clock(self, now_ms: int, frame: int) -> None:
        """It is `now_ms`."""
        super().set_clock(now_ms, frame)
        self.board.set_clock(now_ms)

    def _detail(self) -> None:
        key = self.board.rows.cursor_key
        thread_id = ThreadId(key) if key is not None else None
        self.facts.view = self.fleet.presenter.agent(thread_id)

    @on(i.Selected)
    def _selected(self, intent: i.Selected) -> None:
        intent.stop()
        self._detail()

    @on(i.LeavePane)
    def _left(self, intent: i.LeavePane) -> None:
        intent.stop()
        self.action_leave_board()

    def action_leave_board(self) -> None:
        """esc: the filter and the cursor go on in the pane."""
        if self.is_current:
            self.fleet.agents.field.value = self.board.field.value
            if (agent := self.board.agent) is not None:
                self.fleet.agents.follow(agent)
        super().action_leave_board()

    def do_agents(self) -> None:
        """`a` once more: back to the pane."""
        self.action_leave_board()
        self.fleet.go_to(3)

    def do_timeline(self) -> None:
        """`T`: the same over time."""
        fleet = self.fleet
        self.action_leave_board()
        fleet.do_timeline()

    def do_agent_tree(self) -> None:
        """It is here."""

    def do_filter(self) -> None:
        """/"""
        self.board.action_filter()
