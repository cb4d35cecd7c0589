"""What the registry's actions do on the fleet screen: one `do_` method for each id.

Owns the meaning of every registry id here. Commands leave through the bridge; flows
of several steps are `tui.screens.flows`, what widgets ask for `fleet_intents`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from state import commands as c
from state.items import ThreadId
from state.ledger_export import Show
from state.reviews import RETRY_EPOCH
from state.select.banner import last_words
from state.select.frame import fresh_settings
from state.select.threads import ListAsk
from tui.actions import BY_ID
from tui.screens import late
from tui.screens.tree_acts import TreeActs
from tui.themes import THEMES

if TYPE_CHECKING:
    from state.views import TerminalRow
    from tui.screens.board import Board
    from tui.screens.fleet import FleetScreen
    from tui.screens.terminal_desk import TerminalDesk


class FleetActs(TreeActs):
    """Actions of the registry. The fleet screen is built on it."""

    _before_need: tuple[ThreadId | None, int] | None = None
    """the thread and the pane before the first jump to a need"""
    terminal_desk: TerminalDesk
    """stopping, dismissing and the like"""

    @cached_property
    def queue_desk(self) -> late.queue_desk.QueueDesk:
        """The queue dialog."""
        return late.queue_desk.QueueDesk(self)

    @cached_property
    def push_desk(self) -> late.push_desk.PushDesk:
        """The push that runs, if one does."""
        return late.push_desk.PushDesk(self.as_fleet)

    @cached_property
    def loss_desk(self) -> late.loss_desk.LossDesk:
        """What an engine's end cost."""
        return late.loss_desk.LossDesk(self)

    def refresh_list(self) -> None:
        """Draw the list."""
        raise NotImplementedError

    def chosen_terminal(self) -> TerminalRow | None:
        """The terminal under the cursor, while the pane of terminals is live."""
        raise NotImplementedError

    def show_terminals(self, key: str | None = None) -> None:
        """Open the board, on this terminal."""
        raise NotImplementedError

    # -- actions -----------------------------------------------------------------

    async def action_do(self, action_id: str, args: str = "") -> None:
        """Run an action of the registry by its id."""
        if action_id.startswith("pane_"):
            digit = int(action_id[-1])
            if not self.took_digit(digit):
                self.go_to(digit)
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
        self.go_to(2)
        self.composer.focus()

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

    def do_last_words(self) -> None:
        """ctrl+o"""
        said = last_words(self.presenter.world.engine.stderr)
        if not said:
            self.say("No engine ended here and left any words.")
            return
        title = "What the engine wrote before it ended"
        self.app.push_screen(late.last_words.LastWords(title, said))

    def do_filter(self) -> None:
        """/ in the list."""
        self.go_to(1)
        self.threads.action_filter()

    def do_archived(self) -> None:
        """Show or hide archived threads."""
        ask = self.presenter.looking.ask
        self.list_as(archived=not ask.archived)
        self.say("archived threads shown" if not ask.archived else "archived hidden")

    def do_group(self) -> None:
        """By state or by folder."""
        self.list_as(by_folder=not self.presenter.looking.ask.by_folder)

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

    def do_delete(self) -> None:
        """Delete for good, after naming what goes along."""
        self.run_worker(self.delete(), group="flow", exit_on_error=False)

    def do_queue_list(self) -> None:
        """What is queued or held for the open thread."""
        self.queue_desk.open()

    def do_approvals(self) -> None:
        """What Codex may do."""
        self.board(late.approvals.ApprovalsBoard(self.as_fleet, self.target()))

    def do_sandbox(self) -> None:
        """What it may touch."""
        self.board(late.sandbox.SandboxBoard(self.as_fleet, self.target()))

    def do_profile(self, args: str) -> None:
        """/profile [NAME]"""
        self.edit_profile(args.strip())

    def edit_profile(self, name: str) -> None:
        """Open the editor of permission profiles."""
        self.board(late.profile.ProfileBoard(self.as_fleet, self.target(), name))

    def do_worktree(self, args: str) -> None:
        """/worktree [BRANCH]: a new thread in a worktree of its own."""
        self.run_worker(
            late.worktree.new_worktree(self, args), group="flow", exit_on_error=False
        )

    def do_push(self) -> None:
        """What stands committed and on no remote, and pushing it."""
        thread_id = self.target()
        if self.push_desk.busy:
            thread_id = self.push_desk.thread_id
        self.board(late.push.PushBoard(self.as_fleet, self.push_desk, thread_id))

    def do_trust(self) -> None:
        """Trust the project, or take it back."""
        self.run_worker(self.trust(), group="flow", exit_on_error=False)

    def do_experimental(self) -> None:
        """Features, and Smart Approvals."""
        self.board(late.experimental.ExperimentalBoard(self.as_fleet, self.target()))

    def do_ledger(self) -> None:
        """Every review and decision."""
        self.board(late.ledger.LedgerBoard(self.as_fleet, self.target()))

    def do_grants(self) -> None:
        """What stands granted for longer than once."""
        self.board(late.grants.GrantsBoard(self.as_fleet, self.target()))

    def do_approve(self) -> None:
        """What auto-review denied, in the tree of the open thread."""
        self.board(late.ledger.LedgerBoard(self.as_fleet, self.target(), Show.DENIALS))

    def show_denials(self, thread_id: ThreadId | None = None, review: str = "") -> None:
        """What auto-review denied, in all threads or this one's tree, with the cursor
        on one of it."""
        board = late.ledger.LedgerBoard(self.as_fleet, thread_id, Show.DENIALS)
        board.point_at = f"{thread_id}/{RETRY_EPOCH}/{review}" if review else ""
        self.board(board)

    def show_running_reviews(self) -> None:
        """What auto-review decides just now."""
        self.board(late.ledger.LedgerBoard(self.as_fleet, self.target(), Show.WAITING))

    def board(self, board: Board) -> None:
        """Put a full screen over this one, once."""
        if not any(type(screen) is type(board) for screen in self.app.screen_stack):
            self.app.push_screen(board)

    @property
    def as_fleet(self) -> FleetScreen:
        """This screen, whole."""
        raise NotImplementedError

    def do_put_back(self) -> None:
        """Queue again what is held."""
        self.queue_desk.put_back()

    def do_losses(self) -> None:
        """What each thread lost when the engine ended."""
        self.loss_desk.open()

    def do_resume(self) -> None:
        """Load the thread, after what that sets off was shown."""
        thread_id = self.target()
        if thread_id is not None:
            self.run_worker(
                self.wake(thread_id, because=""),
                group="flow",
                exit_on_error=False,
            )

    def do_stop(self, args: str) -> None:
        """End background terminals: the one under the cursor of their pane, those that
        the words mean, or all of the open thread."""
        row = self.chosen_terminal()
        if row is not None and not args.strip():
            self.terminal_desk.stop_row(row)
        else:
            self.terminal_desk.stop_words(args)

    def do_terminals(self) -> None:
        """/ps: every terminal of every thread."""
        self.show_terminals()

    def do_login(self) -> None:
        """The engine's own login."""
        self.run_worker(self.log_in(), group="flow", exit_on_error=False)

    def do_help(self) -> None:
        """Every key and command."""
        self.show_help()

    async def do_quit(self) -> None:
        """/quit"""
        await self.app.run_action("quit_asking")

    def do_tell(self, args: str) -> None:
        """/send: a message to any agent."""
        self.run_worker(self.agents_desk.tell(args), group="send", exit_on_error=False)

    def do_interrupt_agents(self, args: str) -> None:
        """/interrupt: one agent, a branch or the tree."""
        self.run_worker(
            self.agents_desk.interrupt(args), group="interrupt", exit_on_error=False
        )

    def do_interrupt(self) -> None:
        """esc twice."""
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
            self._before_need = (self.presenter.looking.thread, self.pane)
        self.open_thread(thread.id, focus=False)
        self.show_review(review.key)
        self.go_to(5)

    def do_last_need(self) -> None:
        """Back to where the user was before."""
        before, self._before_need = self._before_need, None
        if before is None:
            self.say("You are where you were.")
            return
        thread_id, pane = before
        self.open_thread(thread_id, focus=False)
        self.go_to(pane)

    # -- opening -----------------------------------------------------------------

    def target(self) -> ThreadId | None:
        """The thread an action is about: the list's cursor there, else the open one."""
        if self.pane == 1:
            key = self.threads.rows.cursor_key
            if key is not None:
                return ThreadId(key)
        return self.presenter.looking.thread

    async def learn_trust(self) -> None:
        """Say beforehand that a thread would start read-only here."""
        found = await self.services.engine.defaults(self.services.cwd)
        if found is not None:
            fresh = fresh_settings(found.settings, trusted=found.trusted)
            self.presenter.look(trusted=found.trusted, fresh=fresh)
            self.refresh_views()

    def read_thread(self, thread_id: ThreadId) -> None:
        """Have a thread read, which wakes nothing; it is being read until that is
        done, whatever comes of it."""

        def done() -> None:
            if self.presenter.looking.opening == thread_id:
                self.presenter.look(opening=None)
                # What was read is shown with the next publish, if there is anything.
                if self.services.store is not None and self.services.store.idle:
                    self.refresh_views()

        self.presenter.look(opening=thread_id)
        self.services.act(c.OpenThread(thread_id), done)

    def open_thread(self, thread_id: ThreadId | None, *, focus: bool = True) -> None:
        """Show a thread without waking it. None: a new one is being written."""
        self.stash_draft()
        self.disarm_interrupt()
        self.presenter.look(thread=thread_id, review=None)
        self.services.keep_view("open", thread_id)
        self.load_draft()
        self.places.opened(thread_id)
        if thread_id is not None:
            self.read_thread(thread_id)
            self.run_worker(
                late.writers.tell_writer(self, thread_id), exit_on_error=False
            )
            thread = self.presenter.thread
            if thread is not None:
                self.learn_spawn(thread)
                if thread.unread:
                    self.act(c.MarkRead(thread_id))
        if self.is_mounted:
            self.refresh_views()
            self.refresh_list()
        if thread_id is not None:
            above = self.presenter.forest.ancestors(thread_id)
            self.agents.follow(thread_id, *above)
        if focus:
            self.go_to(2)

    def list_as(self, **changes: Any) -> None:
        ask = self.presenter.looking.ask
        values = {
            "filter": ask.filter,
            "archived": ask.archived,
            "by_folder": ask.by_folder,
            **changes,
        }
        self.presenter.look(ask=ListAsk(**values))
        self.services.keep_view("list", values)
        self.refresh_list()
