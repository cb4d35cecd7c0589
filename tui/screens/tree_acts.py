"""What a person does to the agent tree: fold, filter, hide, pin, jump, see it whole.

Owns the meaning of the tree's keys on the fleet screen and on boards, and that the
next window finds the tree as it was left. Does not own how a tree looks. Invariant:
nothing here changes an agent; it only changes what is seen of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType

from state import commands as c
from state.dataclass import replace
from state.items import ThreadId
from state.model import HistoryState
from state.select.agents import TreeAsk
from state.select.words import agent_label
from tui.screens import late
from tui.screens.board import Board
from tui.screens.fleet_intents import FleetIntents
from widgets import intents as i

if TYPE_CHECKING:
    from state.model import Thread
    from tui.screens.fleet import FleetScreen
    from widgets.agent_tree import AgentTree

PINS = 9
PIN_MS = 4000
"""How long `G` waits for its digit."""


class TreeActs(FleetIntents):
    """The tree's acts. The fleet screen is built on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(str(n), f"digit({n})", f"pinned {n}", id=f"pin.{n}", show=False)
        for n in range(6, PINS + 1)
    ]
    """The digits that are no pane."""
    agents: AgentTree
    _pin_until = 0

    def refresh_list(self) -> None:
        """Draw the list and the panes."""
        raise NotImplementedError

    def tree_as(self, *, keep: bool = True, **changes: Any) -> None:
        """Show the tree another way."""
        ask = replace(self.presenter.looking.tree, **changes)
        self.presenter.look(tree=ask)
        if keep:
            self.services.keep_view(
                "tree",
                {
                    "folded": sorted(ask.folded),
                    "hide": ask.hide_finished,
                    "pins": list(ask.pins),
                },
            )
        self.refresh_list()
        for screen in self.app.screen_stack:
            if isinstance(screen, Board):
                screen.refresh_board()

    @staticmethod
    def tree_from(view: dict[str, Any]) -> TreeAsk:
        """The tree as the last window had it."""
        kept = view.get("tree")
        kept = kept if isinstance(kept, dict) else {}
        folded, pins = kept.get("folded"), kept.get("pins")
        return TreeAsk(
            folded=frozenset(_ids(folded)),
            hide_finished=bool(kept.get("hide")),
            pins=tuple(_ids(pins))[:PINS],
        )

    @on(i.FoldAgent)
    def _fold_agent(self, intent: i.FoldAgent) -> None:
        intent.stop()
        folded = self.presenter.looking.tree.folded
        one = frozenset({intent.thread_id})
        self.tree_as(folded=folded | one if intent.fold else folded - one)

    @on(i.FilterAgents)
    def _filter_agents(self, intent: i.FilterAgents) -> None:
        intent.stop()
        self.tree_as(keep=False, filter=intent.text)

    @on(i.HideFinished)
    def _hide(self, intent: i.HideFinished) -> None:
        intent.stop()
        hide = not self.presenter.looking.tree.hide_finished
        self.tree_as(hide_finished=hide)
        self.say("finished agents hidden" if hide else "finished agents shown")

    # -- pins --------------------------------------------------------------------

    @on(i.PinAgent)
    def _pin(self, intent: i.PinAgent) -> None:
        intent.stop()
        pins = self.presenter.looking.tree.pins
        name = self._called(intent.thread_id)
        if intent.thread_id in pins:
            self.tree_as(pins=tuple(p for p in pins if p != intent.thread_id))
            self.say(f"{name} is not pinned any more")
            return
        known = self.presenter.world.threads
        pins = tuple(p for p in pins if p in known and not known[p].deleted)
        if len(pins) >= PINS:
            self.say("Nine agents are pinned already; p on one of them unpins it.")
            return
        self.tree_as(pins=(*pins, intent.thread_id))
        self.say(f"G {len(pins) + 1} goes to {name}")

    def _called(self, thread_id: ThreadId) -> str:
        thread = self.presenter.world.threads.get(thread_id)
        return agent_label(thread) if thread is not None else "an agent that is gone"

    def do_pinned(self) -> None:
        """G: the next digit is an agent."""
        pins = self.presenter.looking.tree.pins
        if not pins:
            self.say("No agent is pinned: p on an agent pins it.")
            return
        self._pin_until = self.services.clock() + PIN_MS
        names = (f"{n} {self._called(p)}" for n, p in enumerate(pins, 1))
        self.say("go to " + " · ".join(names))

    def learn_spawn(self, agent: Thread) -> None:
        """From which turn its parent spawned an agent, the parent's turns tell: they
        are read once. Nothing is woken by that."""
        above = self.presenter.world.threads.get(agent.parent_id or ThreadId(""))
        if above is not None and above.history is HistoryState.NONE:
            self.act(c.OpenThread(above.id))

    @property
    def tree_cursor(self) -> tuple[ThreadId, ...]:
        """Where a board of the tree begins: where the pane is, else the open agent and
        those above it."""
        looking, agent = self.presenter.looking.thread, self.agents.agent
        if agent is not None:
            return (agent,)
        if looking is None:
            return ()
        return (looking, *self.presenter.forest.ancestors(looking))

    # -- full screen -------------------------------------------------------------

    def do_agents(self) -> None:
        """`a`: to the tree; from the tree: the whole screen for it."""
        if self.pane != 3 or self.presenter.looking.thread is None:
            self.go_to(3)
        else:
            self.do_agent_tree()

    def do_agent_tree(self) -> None:
        """/agents"""
        if self.presenter.looking.thread is None:
            self.say("Open a thread first: its agents are shown here.")
            return
        self.app.push_screen(late.agents.AgentsBoard(self._fleet))

    def do_timeline(self) -> None:
        """The agents over time."""
        if self.presenter.looking.thread is None:
            self.say("Open a thread first: its agents are shown here.")
            return
        self.app.push_screen(late.timeline.TimelineBoard(self._fleet))

    @property
    def _fleet(self) -> FleetScreen:
        return cast("FleetScreen", self)

    def action_digit(self, digit: int) -> None:
        """A digit that means nothing but after `G`."""
        self.took_digit(digit)

    def took_digit(self, digit: int) -> bool:
        """A digit was pressed: whether it was meant for `G`."""
        until, self._pin_until = self._pin_until, 0
        if self.services.clock() > until:
            return False
        pins = self.presenter.looking.tree.pins
        if digit > len(pins):
            self.say(f"No agent is pinned to {digit}.")
        elif pins[digit - 1] not in self.presenter.world.threads:
            self.say(f"The agent that was pinned to {digit} is gone.")
        else:
            self.open_thread(pins[digit - 1])
        return True


def _ids(kept: object) -> list[ThreadId]:
    given = kept if isinstance(kept, list) else []
    return [ThreadId(one) for one in given if isinstance(one, str)]
