"""What widgets ask for on the fleet screen: one handler for each intent.

Owns the meaning of every widget intent here, and leaving and interrupting, which
both are `esc`. Registry actions are `tui.screens.fleet_acts`. Invariant: a decision
only leaves as the card posted it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from textual import on

from state import commands as c
from state.items import ThreadId
from state.model import ReviewKey
from state.select.interrupts import keep_running, reach
from state.select.words import agent_label
from tui.actions import by_slash
from tui.screens.flows import Flows
from tui.screens.late import why
from tui.screens.places import Places
from tui.screens.review_desk import ReviewDesk
from tui.screens.shown import turn
from widgets import intents as i
from widgets.banner import writes

if TYPE_CHECKING:
    from tui.presenter import Presenter
    from widgets.transcript import Transcript

INTERRUPT_MS = 3000


class FleetIntents(Flows):
    """Intents of the widgets, and esc."""

    presenter: Presenter
    pane: int
    transcript: Transcript
    _armed_interrupt: tuple[ThreadId, int] | None = None

    def go_to(self, number: int) -> None:
        """Make a pane live."""
        raise NotImplementedError

    def hush(self) -> None:
        """The bottom line says nothing of its own any more."""
        raise NotImplementedError

    def refresh_views(self) -> None:
        """Draw the open thread."""
        raise NotImplementedError

    def refresh_list(self) -> None:
        """Draw the lists."""
        raise NotImplementedError

    def load_draft(self) -> None:
        """Show the words that were left here."""
        raise NotImplementedError

    def list_as(self, **changes: Any) -> None:
        """Show the list another way."""
        raise NotImplementedError

    def show_denials(self, thread_id: ThreadId | None = None, review: str = "") -> None:
        """Show what auto-review denied, in all threads or this one's tree."""
        raise NotImplementedError

    def show_running_reviews(self) -> None:
        """Show what auto-review decides just now."""
        raise NotImplementedError

    async def action_do(self, action_id: str, args: str = "") -> None:
        """Run an action of the registry by its id."""
        raise NotImplementedError

    def do_sandbox(self) -> None:
        """Open the sandbox inspector."""
        raise NotImplementedError

    # -- opening ---------------------------------------------------------------

    @on(i.OpenThread)
    def _open_thread(self, intent: i.OpenThread) -> None:
        intent.stop()
        self.open_thread(intent.thread_id)

    @on(i.OpenSource)
    def _open_source(self, intent: i.OpenSource) -> None:
        intent.stop()
        self.open_thread(intent.thread_id)

    @on(i.LoadOlder)
    def _older(self, intent: i.LoadOlder) -> None:
        intent.stop()
        self.act(c.LoadOlder(intent.thread_id))

    @on(i.ShowPane)
    def _show_pane(self, intent: i.ShowPane) -> None:
        intent.stop()
        self.go_to(intent.number)

    @on(i.LeavePane)
    def _leave_pane(self, intent: i.LeavePane) -> None:
        intent.stop()
        self.leave_or_interrupt(intent.step)

    @on(i.FilterThreads)
    def _filter(self, intent: i.FilterThreads) -> None:
        intent.stop()
        self.list_as(filter=intent.text)

    # -- interrupting ------------------------------------------------------------

    def leave_or_interrupt(self, step: int) -> None:
        """esc: interrupt in two steps where something runs, else back one pane."""
        if step:
            self.go_to((self.pane - 1 + step) % 5 + 1)
            return
        if self.presenter.looking.review is not None and self.pane in (2, 5):
            self.close_card()
            return
        thread = self.presenter.thread
        writing = self.composer.field.has_focus
        in_thread = self.pane == 2 or writing
        if thread is None or thread.active_turn is None or not in_thread:
            self.go_to(2 if writing and thread is not None else 1)
            return
        now = self.services.clock()
        below = len(reach(self.presenter.forest, thread).below)
        armed = self._armed_interrupt
        if (
            armed is not None
            and armed[0] == thread.id
            and (now - armed[1] <= INTERRUPT_MS)
        ):
            self._armed_interrupt = None
            self.act(c.Interrupt(thread.id, thread.active_turn))
            goes_on = (
                f"{below} agent{'s' if below > 1 else ''} below "
                f"keep{'' if below > 1 else 's'} running · /interrupt offers the branch"
                if below
                else ""
            )
            words = (f"interrupting {agent_label(thread)}", goes_on)
            keeps = keep_running(self.presenter.running_terminals(thread.id))
            self.say(" · ".join(filter(None, (*words, keeps))))
            return
        self._armed_interrupt = (thread.id, now)
        if writing:
            self.go_to(2)  # One esc always leaves the field.
        alone = f" alone · /interrupt: all {below + 1}" if below else ""
        self.say(f"press esc again to interrupt {agent_label(thread)}{alone}")

    def disarm_interrupt(self) -> None:
        """Something else stands before the user: esc means that now, so nothing says
        any more that it interrupts."""
        if self._armed_interrupt is not None:
            self._armed_interrupt = None
            self.hush()

    # -- words -------------------------------------------------------------------

    @cached_property
    def places(self) -> Places:
        """Where the reader was in each thread."""
        return Places(self.services, self.transcript)

    @on(i.TranscriptSized)
    def _transcript_sized(self, intent: i.TranscriptSized) -> None:
        intent.stop()
        self.places.returned()

    @on(i.FoldChanged)
    def _fold(self, intent: i.FoldChanged) -> None:
        intent.stop()
        self.places.folded(intent)

    def stash_draft(self) -> None:
        """What stands in the composer belongs to where it was written."""
        if self.is_mounted:
            self.places.note()
            self.services.keep_draft(self.draft_key, self.composer.kept)

    @on(i.DraftChanged)
    def _draft(self, intent: i.DraftChanged) -> None:
        intent.stop()
        self.stash_draft()

    @on(i.SendDraft)
    def _send(self, intent: i.SendDraft) -> None:
        intent.stop()
        self.run_worker(
            self.send(intent.text, queue=intent.how == "queue"),
            group="send",
            exit_on_error=False,
        )

    @on(i.RunSlash)
    async def _slash(self, intent: i.RunSlash) -> None:
        intent.stop()
        action = by_slash(intent.name)
        if action is None:
            self.say(f"There is no command /{intent.name}.")
            return
        self.composer.accepted(intent.text)
        await self.action_do(action.id, intent.args)

    @on(i.RunShell)
    def _shell(self, intent: i.RunShell) -> None:
        intent.stop()
        self.run_worker(
            self.shell(intent.command, intent.text), group="send", exit_on_error=False
        )

    @on(i.Say)
    def _say(self, intent: i.Say) -> None:
        intent.stop()
        self.say(intent.text)

    @on(i.CopyText)
    def _copy(self, intent: i.CopyText) -> None:
        intent.stop()
        self.copy(intent.text, intent.what)

    def copy(self, text: str, what: str = "") -> None:
        """Put text on the terminal's clipboard, and say so."""
        self.app.copy_to_clipboard(text)
        self.say(f"copied {what or 'the selection'} · {len(text)} characters")

    @on(i.ExplainCell)
    def _explain(self, intent: i.ExplainCell) -> None:
        intent.stop()
        self.run_worker(
            why.explain_cell(self, intent.thread_id, intent.key),
            group="flow",
            exit_on_error=False,
        )

    @on(i.PressKey)
    def _press(self, intent: i.PressKey) -> None:
        intent.stop()
        if len(intent.key) == 1 and writes(self.focused):
            self.go_to(2)  # Clicked, not typed: it is no letter of the draft.
        self.app.simulate_key(intent.key)

    # -- reviews -----------------------------------------------------------------

    def show_review(self, key: ReviewKey) -> None:
        """Show a card, its row under the inbox's cursor; nothing is focused by this."""
        self.disarm_interrupt()
        self.presenter.look(review=key, before=frozenset())
        self.refresh_views()
        self.reviews.select(key)
        self.review_desk.look_back(key)

    def close_card(self) -> None:
        """Back to the inbox row; nothing was decided."""
        key = self.presenter.looking.review
        self.presenter.look(review=None)
        self.refresh_views()
        self.go_to(5)
        if key is not None:
            self.reviews.select(key)

    @on(i.OpenReview)
    def _open_review(self, intent: i.OpenReview) -> None:
        intent.stop()
        if intent.key is None:
            self.show_running_reviews()
            return
        for thread, review in self.presenter.waiting():
            if review.key == intent.key and self.presenter.looking.thread is None:
                self.presenter.look(thread=thread.id)
                self.load_draft()
        self.show_review(intent.key)
        self.go_to(2)

    @on(i.OpenDenials)
    def _open_denials(self, intent: i.OpenDenials) -> None:
        intent.stop()
        self.show_denials(intent.thread_id, intent.review)

    @on(i.OpenQuestion)
    def _open_question(self, intent: i.OpenQuestion) -> None:
        intent.stop()
        self.presenter.look(review=None)
        self.open_thread(intent.thread_id)
        self.places.show(intent.key)
        self.composer.focus()
        self.say("Your next message to it is the answer; it goes on meanwhile.")

    @on(i.StepReview)
    def _step_review(self, intent: i.StepReview) -> None:
        intent.stop()
        keys = [review.key for _, review in self.presenter.waiting()]
        if not keys:
            return
        shown = self.presenter.looking.review
        at = keys.index(shown) if shown in keys else -intent.step
        self.show_review(keys[(at + intent.step) % len(keys)])

    @on(i.LeaveCard)
    def _leave_card(self, intent: i.LeaveCard) -> None:
        intent.stop()
        self.close_card()

    @cached_property
    def review_desk(self) -> ReviewDesk:
        """Where decisions go."""
        return ReviewDesk(self)

    @on(i.Decide)
    def _decide(self, intent: i.Decide) -> None:
        intent.stop()
        self.review_desk.decide(intent)

    @on(i.MarkReview)
    def _mark_review(self, intent: i.MarkReview) -> None:
        intent.stop()
        self.review_desk.mark(intent.key)

    @on(i.ReviewShown)
    def _review_shown(self, intent: i.ReviewShown) -> None:
        intent.stop()
        self.review_desk.shown(intent.review)

    @on(i.WidenCard)
    def _widen_card(self, intent: i.WidenCard) -> None:
        intent.stop()
        turn(self, "-card-all", on=intent.on)

    @on(i.OpenTerminal)
    def _open_terminal(self, intent: i.OpenTerminal) -> None:
        intent.stop()
        for row in self.presenter.terminals().rows:
            if (row.thread_id, row.process_id) == (
                intent.thread_id,
                intent.process_id,
            ):
                self.show_terminals(row.key)
                return
        self.say("That terminal is gone.")

    def show_terminals(self, key: str | None = None) -> None:
        """Open the board of all terminals, on this one."""
        raise NotImplementedError

    @on(i.OpenSandbox)
    def _sandbox(self, intent: i.OpenSandbox) -> None:
        intent.stop()
        if self.presenter.thread is None:
            self.say("Open a thread to see what it may touch.")
            return
        self.do_sandbox()
