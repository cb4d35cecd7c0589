"""A board: a full screen over the fleet, on the same world and the same clock.

Owns what all boards share: header and bottom line, how a published world and the
clock reach them, that `esc` leaves, that registry keys work and that what a widget
asks for and the board does not answer itself is answered by the fleet screen. Does
not own what a board shows. Invariant: a board reads the fleet's presenter and never
keeps a world of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from tui.actions import ACTIONS, BY_ID, Place
from tui.screens.page import Page
from widgets import intents as i
from widgets.header import Header
from widgets.intents import Intent
from widgets.status_bar import StatusBar
from widgets.waiting_rows import WaitingRows

if TYPE_CHECKING:
    from state.store import Published
    from tui.screens.fleet import FleetScreen


def keys_of(*places: Place, without: frozenset[str] = frozenset()) -> list[BindingType]:
    """The registry's keys of some places, as bindings that run `do`."""
    return [
        Binding(",".join(a.keys), f"do({a.id!r})", a.title, id=a.id, show=False)
        for a in ACTIONS
        if a.keys and not a.builtin and a.place in places and a.id not in without
    ]


class Board(Page):
    """Built on by each full screen. A subclass yields its middle from `middle`, draws
    the world in `show`, and names in `OWN` the intents that it handles itself."""

    OWN: ClassVar[frozenset[type[Intent]]] = frozenset()
    LEAVING: ClassVar[frozenset[type[Intent]]] = frozenset(
        {i.OpenThread, i.OpenReview, i.OpenTerminal, i.ShowPane, i.OpenSource}
    )
    """Intents that lead to the fleet screen: the board closes first."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave_board", "back", id="board.leave", show=False),
        *keys_of(Place.EVERYWHERE, without=frozenset({"quit", "interrupt"})),
    ]
    DEFAULT_CSS = """
    Board { layout: vertical; }
    Board #header { margin: 0 1 0 1; }
    Board #status { margin: 0 1 0 1; }
    Board.-tall #header { margin-bottom: 1; }
    """

    def __init__(self, fleet: FleetScreen) -> None:
        super().__init__()
        self.fleet = fleet
        self.header = Header(id="header")
        self.status = StatusBar(id="status")
        self.awaited = WaitingRows(id="awaited")

    def compose(self) -> ComposeResult:
        """Header, the board's own middle, what is waited for, bottom line."""
        yield self.header
        yield from self.middle()
        yield self.awaited
        yield self.status

    def middle(self) -> ComposeResult:
        """What this board is about."""
        raise NotImplementedError

    def show(self) -> None:
        """Draw the world in hand."""
        raise NotImplementedError

    def first_focus(self) -> Widget | None:
        """Where the focus goes when the board opens; None: wherever Textual puts it."""
        return None

    def on_mount(self) -> None:
        """Textual runs the `on_mount` of each class: what a board does as it opens
        stands in `opened`, which runs once."""
        self.opened()

    def opened(self) -> None:
        """Paint what is known."""
        self.refresh_board()
        self.set_clock(self.fleet.services.clock(), 0)
        first = self.first_focus()
        if first is not None:
            first.focus()

    def take(self, step: Published) -> None:
        """The world moved on; the fleet's presenter has it already."""
        del step
        if self.is_mounted:
            self.refresh_board()

    def refresh_board(self) -> None:
        """Header, middle, bottom line."""
        presenter = self.fleet.presenter
        self.header.view = presenter.header()
        self.show()
        self.status.view = presenter.status()

    def set_clock(self, now_ms: int, frame: int) -> None:
        """It is `now_ms`; a board with ages tells its widgets."""
        del frame
        self.header.set_clock(now_ms)
        self.status.set_clock(now_ms)
        self.awaited.set_clock(now_ms)

    def say(self, text: str) -> None:
        """A sentence in the bottom line."""
        self.status.message = text

    @contextlib.contextmanager
    def waiting_for(self, words: str) -> Iterator[None]:
        """What is done within is waited for: after a second the board says so."""
        self.awaited.begin(words, self.fleet.services.clock())
        try:
            yield
        finally:
            self.awaited.end(words)

    # -- keys and intents --------------------------------------------------------

    async def action_do(self, action_id: str, args: str = "") -> None:
        """Run an action of the registry: the board's own meaning of it, or the
        fleet's, which is on the fleet screen."""
        handler: Any = getattr(self, f"do_{action_id}", None)
        if handler is None:
            if BY_ID[action_id].id.startswith("pane_"):
                self.action_leave_board()
            await self.fleet.action_do(action_id, args)
            return
        result = handler(args) if BY_ID[action_id].args else handler()
        if result is not None:
            await result

    def action_leave_board(self) -> None:
        """esc"""
        if self.is_current:
            self.dismiss()

    @on(Intent)
    def _hand_on(self, intent: Intent) -> None:
        if type(intent) in self.OWN:
            return
        intent.stop()
        if type(intent) in self.LEAVING:
            self.action_leave_board()
        self.fleet.post_message(intent)
