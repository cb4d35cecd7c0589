"""The timeline, full screen: the tree over time, and one agent's events at a moment.

Owns the moment that is looked at and the reading of the past from the store. How it is
drawn is `widgets.timeline`. Invariant: what the store holds is read once for each time
the board opens, off the screen's thread; without a store only the world is shown.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from state.db.spans import tree_past
from state.home import store_path
from tui.screens.board import Board
from widgets import intents as i
from widgets.intents import Intent
from widgets.thread_rows import Hints
from widgets.timeline import Legend, Moments, Timeline, ago_words
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen

HINTS = (
    ("←/→", "move in time"),
    ("+/-", "zoom"),
    ("0", "all"),
    ("f", "follow now"),
    ("enter", "open the agent"),
    ("T", "the tree"),
    ("esc", "back"),
)


class TimelineBoard(Board):
    """`T`, or `/timeline`."""

    OWN: ClassVar[frozenset[type[Intent]]] = frozenset({i.TimeMoved, i.Selected})
    DEFAULT_CSS = """
    TimelineBoard #middle { height: 1fr; margin: 0 1; layout: vertical; }
    TimelineBoard #timeline { height: 1fr; }
    TimelineBoard Legend { margin: 0 0 1 0; }
    TimelineBoard #moments { height: 10; }
    TimelineBoard.-medium #moments { height: 7; }
    TimelineBoard.-short #moments { height: 5; }
    TimelineBoard.-short Legend { margin: 0; }
    TimelineBoard Hints { height: 1; }
    """

    def __init__(self, fleet: FleetScreen) -> None:
        super().__init__(fleet)
        self.timeline = Timeline()
        self.heading = TitleLine("")
        self.moments = Moments()

    def middle(self) -> ComposeResult:
        """Lanes, legend, events, hints."""
        with Container(id="middle"):
            yield self.timeline
            yield Legend()
            with Container(id="moments"):
                yield self.heading
                yield self.moments
            yield Hints(HINTS)

    def opened(self) -> None:
        """On the agent that the tree is on; the past follows."""
        super().opened()
        any(self.timeline.rows.select(key) for key in self.fleet.tree_cursor)
        self._events()
        self.run_worker(self._read_past(), group="past", exit_on_error=False)

    async def _read_past(self) -> None:
        home, presenter = self.fleet.services.home, self.fleet.presenter
        root = self.timeline.view.root
        if home is None or root is None:
            return
        tree = [thread.id for _, thread in presenter.forest.walk(root)]
        try:
            with self.waiting_for("Reading the thread store …"):
                past = await asyncio.to_thread(tree_past, store_path(home), tree)
            presenter.past = past
        except (sqlite3.Error, OSError, ValueError):
            self.fleet.say("The store could not be read: only what runs is shown.")
            return
        self.timeline.window = None  # More is known: it is fitted again.
        if self.is_mounted:
            self.refresh_board()

    def first_focus(self) -> Widget | None:
        """The lanes."""
        return self.timeline.rows

    def show(self) -> None:
        """The tree over time as it stands."""
        self.timeline.show(self.fleet.presenter.timeline(), self.fleet.services.clock())
        self._events()

    def set_clock(self, now_ms: int, frame: int) -> None:
        """It is `now_ms`."""
        super().set_clock(now_ms, frame)
        self.timeline.set_clock(now_ms)
        self._events()

    def _events(self) -> None:
        lane, lanes = self.timeline.lane, self.timeline.lanes
        self.moments.zero_ms = lanes.zero_ms
        if lane is None:
            self.heading.title, self.heading.detail = "", ""
            self.moments.moments = ()
            return
        ago = lanes.zero_ms - lanes.at_ms
        live = "now" if self.timeline.view.running else "the end"
        when = live if ago < 1000 else ago_words(ago)
        self.heading.title = lane.agent.name
        self.heading.detail = when if ago < 1000 else f"at {when}"
        self.moments.moments = tuple(
            moment for moment in lane.moments if moment.at_ms <= lanes.at_ms
        )

    @on(i.TimeMoved)
    def _moved(self, intent: i.TimeMoved) -> None:
        intent.stop()
        self.timeline.move(intent.what, intent.by)
        self._events()

    @on(i.Selected)
    def _selected(self, intent: i.Selected) -> None:
        intent.stop()
        self._events()

    def do_timeline(self) -> None:
        """`T` once more: the tree."""
        self._switch_to_tree()

    def do_agents(self) -> None:
        """`a`: the tree."""
        self._switch_to_tree()

    def do_agent_tree(self) -> None:
        """The tree instead."""
        self._switch_to_tree()

    def action_leave_board(self) -> None:
        """esc: the cursor goes on in the tree."""
        lane = self.timeline.lane
        if self.is_current and lane is not None:
            self.fleet.agents.follow(lane.agent.id)
        super().action_leave_board()

    def _switch_to_tree(self) -> None:
        fleet = self.fleet
        self.action_leave_board()
        fleet.do_agent_tree()
