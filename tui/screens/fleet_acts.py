"""What actions and intents do on the fleet screen, one method each.

Owns the meaning of every registry id and every widget intent here. Commands leave
through the bridge; flows of several steps are `tui.screens.flows`. Invariant: a
decision only leaves as the card posted it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import on

from state import commands as c
from state.items import ThreadId
from state.model import EnginePhase, ThreadStatus
from state.select.threads import ListAsk
from state.select.words import agent_label
from tui.actions import BY_ID, by_slash
from tui.screens.flows import Flows
from tui.themes import THEMES
from widgets import intents as i
from widgets.composer import Composer
from widgets.review_inbox import ReviewInbox
from widgets.thread_list import ThreadList

if TYPE_CHECKING:
    from tui.presenter import Presenter

INTERRUPT_MS = 3000


class FleetActs(Flows):
    """Actions and intents. The fleet screen is built on it."""

    presenter: Presenter
    pane: int
    _armed_interrupt: tuple[ThreadId, int] | None = None
    _before_need: ThreadId | None = None

    def go_to(self, number: int) -> None:
        """Make a pane live."""
        raise NotImplementedError

    def refresh_list(self) -> None:
        """Draw the list."""
        raise NotImplementedError

    def refresh_views(self) -> None:
        """Draw the open thread."""
        raise NotImplementedError

    # -- actions -----------------------------------------------------------------

    async def action_do(self, action_id: str, args: str = "") -> None:
        """Run an action of the registry by its id."""
        if action_id.startswith("pane_"):
            self.go_to(int(action_id[-1]))
            return
        handler: Any = getattr(self, f"do_{action_id}")
        result = handler(args) if BY_ID[action_id].args else handler()
        if result is not None:
            await result

    def do_next_pane(self) -> None:
        """tab"""
        self.go_to(self.pane % 5 + 1)

    def do_previous_pane(self) -> None:
        """shift+tab"""
        self.go_to((self.pane - 2) % 5 + 1)

    def do_write(self) -> None:
        """Put the cursor in the composer."""
        if self.presenter.looking.review is not None:
            self.close_card()
        self.add_class("-pane-2")
        self.query_one(Composer).focus()

    def do_theme(self) -> None:
        """The next theme."""
        names = [theme.name for theme in THEMES]
        at = names.index(self.app.theme) if self.app.theme in names else -1
        self.app.theme = names[(at + 1) % len(names)]
        self.services.keep_view("theme", self.app.theme)
        self.say(f"theme {self.app.theme}")

    def do_command_palette(self) -> None:
        """ctrl+p"""
        self.app.action_command_palette()

    def do_retry(self) -> None:
        """Connect now."""
        self.act(c.RetryEngine())

    def do_filter(self) -> None:
        """/ in the list."""
        self.go_to(1)
        self.query_one(ThreadList).action_filter()

    def do_archived(self) -> None:
        """Show or hide archived threads."""
        ask = self.presenter.looking.ask
        self._list(archived=not ask.archived)
        self.say("archived threads shown" if not ask.archived else "archived hidden")

    def do_group(self) -> None:
        """By state or by folder."""
        self._list(by_folder=not self.presenter.looking.ask.by_folder)

    def do_new(self) -> None:
        """A new thread: the dialog asks what must be known before it starts."""
        self.run_worker(self.new_thread(), group="flow", exit_on_error=False)

    def do_rename(self, args: str) -> None:
        """Give the thread a name."""
        self.run_worker(self.rename(args), group="flow", exit_on_error=False)

    def do_fork(self) -> None:
        """A new thread with the same history."""
        self.run_worker(self.fork(), group="flow", exit_on_error=False)

    def do_archive(self) -> None:
        """Archive, or take back."""
        self.run_worker(self.archive(), group="flow", exit_on_error=False)

    def do_resume(self) -> None:
        """Load the thread, after what that sets off was shown."""
        thread_id = self.target()
        if thread_id is not None:
            self.run_worker(
                self.wake(thread_id, because="to load it"),
                group="flow",
                exit_on_error=False,
            )

    def do_stop(self, args: str) -> None:
        """End background terminals."""
        self.run_worker(self.stop_terminals(args), group="flow", exit_on_error=False)

    def do_login(self) -> None:
        """The engine's own login."""
        self.run_worker(self.log_in(), group="flow", exit_on_error=False)

    def do_help(self) -> None:
        """Every key and command."""
        self.show_help()

    async def do_quit(self) -> None:
        """/quit"""
        await self.app.run_action("leave")

    def do_interrupt(self) -> None:
        """esc twice, or /interrupt twice."""
        self.leave_or_interrupt(0)

    def do_next_need(self) -> None:
        """The next thing that needs the user, over all threads."""
        waiting = self.presenter.waiting()
        if not waiting:
            self.say("Nothing waits for you.")
            return
        keys = [review.key for _, review in waiting]
        shown = self.presenter.looking.review
        at = keys.index(shown) + 1 if shown in keys else 0
        thread, review = waiting[at % len(waiting)]
        if self._before_need is None:
            self._before_need = self.presenter.looking.thread
        self.open_thread(thread.id, focus=False)
        self.show_review(review.key)
        self.go_to(5)

    def do_last_need(self) -> None:
        """Back to where the user was before."""
        thread_id, self._before_need = self._before_need, None
        if thread_id is not None:
            self.open_thread(thread_id)

    # -- opening -----------------------------------------------------------------

    def target(self) -> ThreadId | None:
        """The thread an action is about: the list's cursor there, else the open one."""
        if self.pane == 1:
            key = self.query_one(ThreadList).rows.cursor_key
            if key is not None:
                return ThreadId(key)
        return self.presenter.looking.thread

    def open_thread(self, thread_id: ThreadId | None, *, focus: bool = True) -> None:
        """Show a thread without waking it. None: a new one is being written."""
        self.stash_draft()
        self._armed_interrupt = None
        self.presenter.look(thread=thread_id, opening=thread_id, review=None)
        self.services.keep_view("open", thread_id)
        self.load_draft()
        if thread_id is not None:
            self.act(c.OpenThread(thread_id))
            thread = self.presenter.thread
            if thread is not None and thread.unread:
                self.act(c.MarkRead(thread_id))
        if self.is_mounted:
            self.refresh_views()
            self.refresh_list()
        if focus:
            self.go_to(2)

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
        self._list(filter=intent.text)

    def _list(self, **changes: Any) -> None:
        ask = self.presenter.looking.ask
        values = {
            "filter": ask.filter,
            "archived": ask.archived,
            "by_folder": ask.by_folder,
            **changes,
        }
        self.presenter.look(ask=ListAsk(**values))
        self.services.keep_view("list", {**values, "filter": ""})
        self.refresh_list()

    @staticmethod
    def ask_from(view: dict[str, Any]) -> ListAsk:
        """The list as the last window had it."""
        kept = view.get("list")
        kept = kept if isinstance(kept, dict) else {}
        return ListAsk(
            archived=bool(kept.get("archived")), by_folder=bool(kept.get("by_folder"))
        )

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
        writing = self.query_one(Composer).field.has_focus
        in_thread = self.pane == 2 or writing
        if thread is None or thread.active_turn is None or not in_thread:
            self.go_to(2 if writing and thread is not None else 1)
            return
        now = self.services.clock()
        armed = self._armed_interrupt
        if (
            armed is not None
            and armed[0] == thread.id
            and (now - armed[1] <= INTERRUPT_MS)
        ):
            self._armed_interrupt = None
            self.act(c.Interrupt(thread.id, thread.active_turn))
            number = len(thread.terminals)
            keep = (
                f" · {number} background terminal{'s' if number > 1 else ''} "
                f"keep{'' if number > 1 else 's'} running"
                if number
                else ""
            )
            self.say(f"interrupting {agent_label(thread)}{keep}")
            return
        self._armed_interrupt = (thread.id, now)
        self.say(f"press esc again to interrupt {agent_label(thread)}")

    # -- words -------------------------------------------------------------------

    def stash_draft(self) -> None:
        """What stands in the composer belongs to where it was written."""
        if self.is_mounted:
            self.services.keep_draft(self.draft_key, self.query_one(Composer).text)

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
        self.query_one(Composer).accepted(intent.text)
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

    @on(i.PressKey)
    def _press(self, intent: i.PressKey) -> None:
        intent.stop()
        self.app.simulate_key(intent.key)

    # -- reviews -----------------------------------------------------------------

    def show_review(self, key: object) -> None:
        """Show a card; it is not focused by this."""
        self.presenter.look(review=key)
        self.refresh_views()

    def close_card(self) -> None:
        """Back to the inbox row; nothing was decided."""
        key = self.presenter.looking.review
        self.presenter.look(review=None)
        self.refresh_views()
        self.go_to(5)
        if key is not None:
            self.query_one(ReviewInbox).select(key)

    @on(i.OpenReview)
    def _open_review(self, intent: i.OpenReview) -> None:
        intent.stop()
        if intent.key is None:
            self.say("Auto-review decides these; nothing waits for you.")
            return
        for thread, review in self.presenter.waiting():
            if review.key == intent.key and self.presenter.looking.thread is None:
                self.presenter.look(thread=thread.id)
                self.load_draft()
        self.show_review(intent.key)
        self.go_to(2)

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

    @on(i.Decide)
    def _decide(self, intent: i.Decide) -> None:
        intent.stop()
        self.act(c.Decide(intent.review, intent.decision))
        self.go_to(5)
        self.query_one(ReviewInbox).select(intent.review.key)
        if intent.decision.letter == "n":
            self.open_thread(intent.review.thread_id, focus=False)
            self.query_one(Composer).focus()

    @on(i.OpenTerminal)
    def _open_terminal(self, intent: i.OpenTerminal) -> None:
        intent.stop()
        self.open_thread(intent.thread_id)

    @on(i.OpenSandbox)
    def _sandbox(self, intent: i.OpenSandbox) -> None:
        intent.stop()
        thread = self.presenter.thread
        if thread is None:
            self.say("Open a thread to see what it may touch.")
            return
        engine = self.presenter.world.engine.phase is EnginePhase.READY
        loaded = thread.status in (ThreadStatus.IDLE, ThreadStatus.ACTIVE)
        if not engine or not loaded:
            self.say("This is what the thread last ran under; nothing runs now.")
        else:
            self.say(self.sandbox_sentence(thread))
