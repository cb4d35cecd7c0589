"""Flows of several steps on the fleet screen: start, send, wake, stop, log in.

Owns the order of questions and commands. Each flow is one coroutine in a worker; it
asks through dialogs and ends in commands. Invariants: no thread is woken and nothing
writable starts before the user saw what that means; a draft goes only when its words
are recorded.
"""

from __future__ import annotations

import os
import uuid
from functools import cached_property
from typing import TYPE_CHECKING

from state import commands as c
from state.forking import fork_of
from state.items import ThreadId
from state.messaging import Way, way_to
from state.model import (
    ClientId,
    EnginePhase,
    Thread,
)
from state.queue import too_long
from state.select.away import archive_lines, delete_lines
from state.select.words import agent_label, thread_title
from state.text import reveal
from tui.screens import late
from tui.screens.late import agent_desk, dialogs, forms
from tui.screens.page import Page
from tui.screens.wake_words import wake_lines

if TYPE_CHECKING:
    from state.engine.port import Defaults, Writer
    from tui.presenter import Presenter
    from tui.services import Services
    from widgets.composer import Composer
    from widgets.forms import NewThreadAnswer
    from widgets.review_inbox import ReviewInbox
    from widgets.thread_list import ThreadList


def client_id() -> ClientId:
    """A new name for a message, known before the engine knows it."""
    return ClientId(f"codex-tui-{uuid.uuid4()}")


class Flows(Page):
    """The flows; the fleet screen is built on them."""

    services: Services
    presenter: Presenter
    composer: Composer
    threads: ThreadList
    reviews: ReviewInbox
    _recording = ""
    _forked: Thread | None = None
    """made of the thread that was to be woken, as another process writes that one"""

    @cached_property
    def agents_desk(self) -> agent_desk.AgentDesk:
        """Messages to agents by path, interrupts of branches."""
        return agent_desk.AgentDesk(self)

    def say(self, text: str) -> None:
        """A sentence in the bottom line."""
        raise NotImplementedError

    def open_thread(self, thread_id: ThreadId | None, *, focus: bool = True) -> None:
        """Show a thread."""
        raise NotImplementedError

    def target(self) -> ThreadId | None:
        """The thread an action is about."""
        raise NotImplementedError

    @property
    def draft_key(self) -> str:
        """Whose draft stands in the composer."""
        raise NotImplementedError

    def act(self, command: c.Command) -> None:
        """A command whose outcome shows by itself."""
        self.services.act(command)

    # -- a new thread ------------------------------------------------------------

    async def new_thread(self) -> None:
        """Ask where and under what; then the first words are written below."""
        cwd = self.services.cwd
        found = await self.services.engine.defaults(cwd)
        if found is None:
            self.say("There is no engine just now; what you write is kept.")
            self.open_thread(None)
            return
        answer = await self._asked_for(cwd, found)
        if answer is None:
            return
        folder = os.path.abspath(os.path.expanduser(answer.cwd))
        if not os.path.isdir(folder):
            self.say(f"{reveal(folder).text} is no folder here.")
            return
        if folder != cwd:
            found = await self.services.engine.defaults(folder)
        choice = dialogs.NewThreadChoice(
            folder,
            model=answer.model,
            effort=answer.effort,
            sandbox=answer.sandbox,
            approval_policy=answer.approvals,
        )
        await self.start(folder, found, choice)

    async def _asked_for(self, cwd: str, found: Defaults) -> NewThreadAnswer | None:
        """What the form says; full access is asked about again, and a no leads back."""
        answer: NewThreadAnswer | None = None
        while True:
            form = dialogs.new_thread(cwd, found, answer)
            answer = await self.app.push_screen_wait(form)
            if answer is None or answer.sandbox != "danger-full-access":
                return answer
            ask = dialogs.full_access("the new thread")
            if await self.app.push_screen_wait(ask) == "yes":
                return answer

    async def start(
        self, folder: str, found: Defaults | None, choice: dialogs.NewThreadChoice
    ) -> bool:
        """Start with these choices; asks about trust before anything is writable."""
        trust = False
        sandbox = choice.sandbox
        if found is not None and not found.trusted and sandbox != "read-only":
            if sandbox is None:
                sandbox = "read-only"
            else:
                answer = await late.trusting.ask_trust(self, found.trust_root)
                if answer in (None, "cancel"):
                    return False
                trust = answer == "trust"
                sandbox = sandbox if trust else "read-only"
        command = c.StartThread(
            client_id=client_id(),
            cwd=folder,
            logical_cwd=folder,
            text="",
            model=choice.model,
            effort=choice.effort,
            sandbox=sandbox,
            approval_policy=choice.approval_policy,
            trust=trust,
        )
        task = self.services.bridge.act(command)
        made = await task
        if made is None:
            self.say("The thread was not started; your words are kept.")
            return False
        if choice.text:
            await late.first_words.say_first(self, made, choice.text)
        self.open_thread(made, focus=False)
        self.composer.focus()
        return True

    async def begin_with(self, command: c.StartThread) -> None:
        """Start a thread that was asked for before there was an engine."""
        made = await self.services.bridge.act(command)
        if made is not None:
            self.open_thread(made)
        for other in self.services.beside:
            self.act(other)

    # -- sending -----------------------------------------------------------------

    async def send(self, text: str, *, queue: bool) -> None:
        """Send what is written: to the open thread, or start a new one."""
        if self._recording == f"{self.draft_key}\0{text}":
            return  # The same words are being recorded: enter was pressed twice.
        self._recording = f"{self.draft_key}\0{text}"
        try:
            if self._refused(text):
                return
            thread = self.presenter.thread
            if thread is None:
                await late.first_words.send_new(self, text)
            else:
                await self.agents_desk.send(thread, text, queue=queue)
        finally:
            self._recording = ""

    def _refused(self, text: str = "") -> bool:
        blocked = self.presenter.composer().blocked or too_long(text)
        if blocked:
            self.say(blocked)
        return bool(blocked)

    async def send_to(
        self, thread: Thread, words: str, draft: str, *, queue: bool
    ) -> bool:
        """Record words for a thread, then send them. `draft`: what leaves the composer
        when they are recorded. False: they were not."""
        opened = self.presenter.looking.thread
        if not await self.wake(thread.id, because="to send this", words=words):
            forked = self._forked
            if forked is None:
                return False
            # Another process writes that one; the words go to its fork.
            sent = await self.send_to(forked, words, draft, queue=False)
            self.open_thread(forked.id)
            return sent
        name = client_id()
        # What runs now, after the questions: words meant for it steer it.
        now = self.presenter.world.threads.get(thread.id, thread)
        command: c.SendTurn | c.QueueTurn = c.SendTurn(
            name, thread.id, words, expected_turn=now.active_turn
        )
        if queue:
            command = c.QueueTurn(name, thread.id, words)
        if not await self.services.bridge.record(command):
            return False
        if self.presenter.looking.thread == opened and draft:
            self.composer.accepted(draft)
        if thread.id != opened:
            self.say(f"sent to {agent_label(thread)}")
        await self.services.bridge.deliver(command)
        return True

    async def shell(self, command: str, text: str) -> None:
        """A command of the user's own, outside the sandbox."""
        thread = self.presenter.thread
        if thread is None:
            self.say("Open a thread first: its history keeps what you run.")
            return
        if way_to(thread) is Way.ASK:
            self.say(f"{agent_label(thread)} runs no commands of yours; /root does.")
            return
        if self._refused() or not await self.wake(thread.id, because="to run this"):
            return
        self.composer.accepted(text)
        self.act(c.RunShell(thread.id, command))

    async def wake(self, thread_id: ThreadId, *, because: str, words: str = "") -> bool:
        """Load a thread if it sleeps, after showing what that sets off. `words`: what
        is to be sent, to a fork if another process writes the thread."""
        self._forked = None
        report = await self.services.engine.inspect(thread_id)
        if report is None:
            self.say("There is no engine just now; what you write is kept.")
            return False
        if report.loaded:
            return True
        if report.writer is not None:
            self._forked = await self._fork_of(thread_id, report.writer, words)
            return False
        sandbox = policy = None
        if not report.quiet:
            answer = await self.app.push_screen_wait(
                dialogs.wake(wake_lines(report), because, can_reset=bool(report.laxer))
            )
            if answer in (None, "cancel"):
                return False
            if answer == "today" and report.today is not None:
                sandbox = dialogs.mode_of(report.today)
                policy = report.today.approval_policy
                policy = policy if policy != "granular" else None
        await self.services.bridge.deliver(
            c.ResumeThread(
                thread_id, acknowledged=True, sandbox=sandbox, approval_policy=policy
            )
        )
        return True

    async def _fork_of(
        self, thread_id: ThreadId, writer: Writer, words: str
    ) -> Thread | None:
        """Ask whether a fork is wanted of what another process writes."""
        ask = dialogs.written_elsewhere(writer, words)
        if await self.app.push_screen_wait(ask) != "fork":
            return None
        made = await self.services.bridge.act(c.ForkThread(thread_id))
        bridge = self.services.bridge
        bridge.store.tick(self.services.clock())
        forked = bridge.store.world.threads.get(made) if made is not None else None
        if forked is None:
            self.say("It could not be forked; what you wrote is kept.")
        elif not words:
            self.open_thread(forked.id)
        return forked

    # -- acts on one thread ------------------------------------------------------

    def _chosen(self) -> Thread | None:
        thread_id = self.target()
        thread = self.presenter.world.threads.get(thread_id) if thread_id else None
        if thread is None:
            self.say("Choose a thread first.")
        return thread

    async def rename(self, name: str) -> None:
        """Ask for a name, unless it was given."""
        thread = self._chosen()
        if thread is None:
            return
        if not name:
            asked = await self.app.push_screen_wait(dialogs.rename(thread.name or ""))
            name = (asked or "").strip()
        if name:
            self.act(c.RenameThread(thread.id, name))

    async def fork(self) -> None:
        """A new thread with this one's history."""
        thread = self._chosen()
        if thread is None:
            return
        made = await self.services.bridge.act(fork_of(thread))
        if made is not None:
            self.open_thread(made)
            self.say(f"forked from {thread_title(thread)}")

    async def archive(self) -> None:
        """Put away or back. Archiving ends what runs, so that is named first."""
        thread = self._chosen()
        if thread is None:
            return
        if thread.archived:
            self.act(c.UnarchiveThread(thread.id))
            self.say(f"back from the archive: {thread_title(thread)}")
            return
        below = self.presenter.forest.descendants(thread.id)
        lines = archive_lines(thread, below)
        if lines:
            answer = await self.app.push_screen_wait(
                dialogs.confirm(
                    f"Archive “{thread_title(thread)}”?",
                    ("Archiving unloads the thread. With it go:", *lines),
                    yes="Archive",
                )
            )
            if answer != "yes":
                return
        self.act(c.ArchiveThread(thread.id))
        self.say(f"archived {thread_title(thread)} · z shows it, A takes it back")
        await late.worktree.after_archive(self, thread)

    async def delete(self) -> None:
        """Delete for good, after naming what goes along."""
        thread = self._chosen()
        if thread is None:
            return
        title = thread_title(thread)
        below = self.presenter.forest.descendants(thread.id)
        lines = delete_lines(thread, below)
        ask = dialogs.confirm(f"Delete “{title}”?", lines, yes="Delete")
        if await self.app.push_screen_wait(ask) != "yes":
            return
        if self.presenter.looking.thread in {t.id for t in (thread, *below)}:
            self.open_thread(None, focus=False)
        self.act(c.DeleteThread(thread.id))
        self.say(f"deleting {title}")

    async def log_in(self) -> None:
        """The engine's own login; we never keep a key."""
        if self.presenter.world.engine.phase is not EnginePhase.READY:
            self.say("There is no engine to log in with.")
            return
        answer = await self.app.push_screen_wait(forms.LoginDialog())
        if answer is not None:
            self.act(c.LogIn(answer.kind, answer.secret))

    def show_help(self) -> None:
        """Every key and command, from the registry."""
        self.app.push_screen(dialogs.key_help())

    async def trust(self) -> None:
        """/trust"""
        await late.trusting.trust(self)

    async def start_rooted(self, thread: Thread) -> None:
        """A thread that may write nowhere, again with a root."""
        await late.trusting.start_rooted(self, thread)
