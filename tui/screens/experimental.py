"""/experimental: the engine's features, turned by space and saved by enter.

Owns what was turned and not saved, and the order of saving. Does not own rows or what
is written (`state.select.experimental`). Invariants: nothing is written before enter;
features are written through the engine, read back, and counted from the next thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input

from state.changes import ChangeTurnReviewer, WriteConfig
from state.items import ThreadId
from state.model import Thread
from state.select import experimental as words
from state.select.in_force import running_turn
from state.views import Bit, Tone
from tui.screens.thread_board import AWAY, ThreadBoard
from widgets.feature_list import FeatureList
from widgets.field import LineField
from widgets.rows import Rows
from widgets.sentences import KeyHints, Sentences
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen

HINTS = (
    ("space", "turn"),
    ("enter", "save"),
    ("/", "filter"),
    ("up down", "move"),
    ("esc", "leave as is"),
)


class ExperimentalBoard(ThreadBoard):
    """Features of the engine, and Smart Approvals of one thread."""

    CSS_PATH = "experimental.tcss"
    AGAIN_MS = 10_000
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="experimental.filter", show=False),
    ]

    def __init__(self, fleet: FleetScreen, thread_id: ThreadId | None) -> None:
        super().__init__(fleet, thread_id)
        self.turned: dict[str, bool] = {}
        self.heading = TitleLine("Experimental features", "/experimental", id="heading")
        self.filter = LineField(placeholder="filter", id="filter")
        self.list = FeatureList(id="features")
        self.sentences = Sentences(id="sentences")
        self.about = Sentences(id="about")
        self.hints = KeyHints(id="hints")
        self.hints.view = HINTS

    def middle(self) -> ComposeResult:
        """The list, what the row under the cursor is, what saving does."""
        with Vertical(id="middle"):
            yield self.heading
            yield self.filter
            yield self.list
            yield self.about
            yield self.sentences
        yield self.hints

    def first_focus(self) -> Widget:
        """The list."""
        return self.list

    def opened(self) -> None:
        """Paint, then ask the engine."""
        self.filter.display = False
        super().opened()

    def on_resize(self) -> None:
        """Groups stand apart where there is room."""
        if self.is_mounted:
            self.show()

    def show(self) -> None:
        """Rows and sentences."""
        view = words.experimental_view(
            self.thread, self.controls, self.turned, self.filter.value
        )
        number = f"{view.changed} changed" if view.changed else ""
        if self.controls is not None and not view.changed:
            number = f"{view.total} features"
        tone = Tone.NEED if view.changed else Tone.MUTED
        self.heading.end = (Bit(number, tone),) if number else ()
        self.list.show(view)
        known = view.sentences if self.controls is not None or not self.away else ()
        away = ((Bit(AWAY, Tone.NEED),),) if self.away else ()
        self.sentences.view = (*away, *known)
        self._describe()

    def _describe(self) -> None:
        row = self.list.cursor_data
        text = getattr(row, "words", "") or "The engine gives no description."
        self.about.view = ((Bit(text),),) if row is not None else ()

    @on(FeatureList.Turned)
    def _turn(self, message: FeatureList.Turned) -> None:
        message.stop()
        self.turned[message.key] = message.on
        self.show()

    @on(Rows.Moved)
    def _moved(self, message: Rows.Moved) -> None:
        message.stop()
        self._describe()

    @on(Rows.Chosen)
    def _save(self, message: Rows.Chosen) -> None:
        message.stop()
        self.run_worker(self._saving(), group="save", exit_on_error=False)

    async def _saving(self) -> None:
        controls, thread = self.controls, self.thread
        if self.away:
            self.say(AWAY)
        if controls is None or self.away:
            return
        turned, self.turned = self.turned, {}
        bridge = self.fleet.services.bridge
        edits = words.feature_edits(controls, turned)
        smart = turned.get(words.HERE)
        if smart is not None and thread is not None:
            await self._switch(thread, on=smart)
        if edits:
            note = "Saved; features count from the next thread on"
            if all(edit.key == "approvals_reviewer" for edit in edits):
                note = "Saved; new threads start with this reviewer"
            await bridge.act(WriteConfig(edits, controls.cwd, note=note))
        elif smart is None:
            self.say("Nothing was changed.")
        await self.ask_controls()
        # What was refused, or had no engine to write it, is still in hand.
        kept = words.not_saved(self.controls, {**turned, **self.turned})
        self.turned = {k: on for k, on in kept.items() if k != words.HERE}
        self.show()

    async def _switch(self, thread: Thread, *, on: bool) -> None:
        if on is words.smart_here(thread):
            return
        bridge = self.fleet.services.bridge
        if not await self.fleet.wake(thread.id, because="to change who answers"):
            return
        change = words.smart_change(thread, self.controls, on=on)
        turn = running_turn(thread)
        if turn is not None and change.reviewer is not None:
            await bridge.act(ChangeTurnReviewer(thread.id, turn.id, change.reviewer))
        await bridge.act(change)

    def action_filter(self) -> None:
        """/"""
        self.filter.display = True
        self.filter.focus()

    @on(Input.Changed)
    def _filtered(self, message: Input.Changed) -> None:
        message.stop()
        self.show()

    @on(Input.Submitted)
    def _filter_done(self, message: Input.Submitted) -> None:
        message.stop()
        self.list.focus()

    def action_leave_board(self) -> None:
        """esc: the filter first, then the board."""
        if self.filter.display:
            self.filter.display = False
            self.filter.value = ""
            self.list.focus()
            return
        super().action_leave_board()
