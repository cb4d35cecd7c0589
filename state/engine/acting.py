"""Acts on threads: start, open, resume, fork, rename, archive, mark read, stop, log in.

Owns how each becomes requests, and the two promises a new or opened thread is held to:
nothing writable starts in a folder nobody trusted, and looking wakes nothing.
Invariant: what the engine refuses becomes a sentence, never an exception.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import Any

from state.commands import (
    ForkThread,
    LoadOlder,
    LogIn,
    MarkRead,
    OpenThread,
    ResumeThread,
    StartThread,
    StopTerminals,
)
from state.dataclass import dataclass
from state.engine import calls
from state.engine.bootstrap import (
    RECENT_TURNS,
    list_terminals,
    loaded_threads,
    read_account,
    subscribe,
)
from state.engine.errors import RequestFailed
from state.engine.link import SECONDS, Link
from state.engine.sending import SLEEPS, Sender
from state.engine.trees import ReadTokens, learn_tree
from state.engine.wake import inspect, is_trusted, project_root
from state.events import Event, SandboxRefused, SendNoted, TerminalsListed, TurnsLoaded
from state.items import ThreadId
from state.model import SandboxMode, Send, SendState

Json = dict[str, Any]
MODES = {
    "read-only": SandboxMode.READ_ONLY,
    "workspace-write": SandboxMode.WORKSPACE_WRITE,
    "danger-full-access": SandboxMode.FULL_ACCESS,
}
ReadRollout = Callable[[ThreadId, str, int], Awaitable[tuple[Event, ...]]]

NO_TURNS_YET = (
    "not materialized",
    "list_turns is not supported yet",
    "failed to read session metadata",  # for some ms its rollout is an empty file
)
"""How engines say that a thread is younger than its first turn."""
NOT_TRUSTED = (
    "Started read-only, as this folder is not trusted; trust it to let agents write."
)
STRANGE = "The engine answered in a way this program does not know; nothing was sent."


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the session is told of its window and its other half.

    `environment`: variables new threads' commands get (PATH, VIRTUAL_ENV,
    SSH_AUTH_SOCK). `read_rollout(thread id, path, turns)`: the events of the
    newest turns of a history the engine never projected. `read_tokens(path)`: what a
    thread used that nobody told about."""

    environment: Mapping[str, str] = field(default_factory=dict)
    read_rollout: ReadRollout | None = None
    read_tokens: ReadTokens | None = None


class Actor:
    """The acts of one connection."""

    def __init__(self, link: Link, sender: Sender, around: Surroundings) -> None:
        self._link = link
        self._sender = sender
        self._around = around

    # -- new threads -----------------------------------------------------------

    async def start(self, command: StartThread) -> ThreadId | None:
        """A new thread with its first message. Raises RequestFailed."""
        link = self._link
        cwd = os.path.realpath(command.cwd) if link.local else command.cwd
        sandbox = await self._allowed_sandbox(command, cwd)
        call = calls.start_thread(
            command,
            cwd=cwd,
            sandbox=sandbox,
            environment=self._environment(),
            raw=not link.local,
        )
        made: list[ThreadId] = []

        def before(result: Json) -> None:
            thread_id = ThreadId(result["thread"]["id"])
            made.append(thread_id)
            link.ledger.subscribed.add(thread_id)
            link.ledger.ours.add(thread_id)

        answer = await link.ask(call, before=before)
        if not made:
            link.show(STRANGE)
            return None
        thread_id = made[0]
        self._compare(thread_id, sandbox, answer)
        if command.name:
            await self.quietly(calls.rename(thread_id, command.name))
        if command.text:
            send = Send(
                command.client_id, command.text, "start", SendState.NOTED, link.clock()
            )
            link.tell(SendNoted(thread_id, send))
            await self._sender.start(thread_id, command.client_id, command.text)
        return thread_id

    def _compare(self, thread_id: ThreadId, asked: str | None, answer: Json) -> None:
        """An administrator's limit, or a thread that somebody else holds loaded, puts
        another mode in force than the one we asked for: that is told."""
        wanted = MODES.get(asked or "")
        given = answer.get("sandbox")
        given = given.get("type") if isinstance(given, dict) else None
        if wanted is not None and given is not None and given != wanted.value:
            self._link.tell(SandboxRefused(thread_id, wanted))

    def _environment(self) -> Mapping[str, str]:
        return self._around.environment if self._link.local else {}

    async def _allowed_sandbox(self, command: StartThread, cwd: str) -> str | None:
        """The sandbox to ask for; writes the trust the user gave.

        The engine itself would write the trust of a repository silently, and take
        its configuration, when a writable thread starts in it."""
        root = project_root(cwd) if self._link.local else cwd
        if command.trust:
            await self._link.ask(calls.trust(root))
            return command.sandbox
        config = (await self._link.ask(calls.read_config(cwd))).get("config")
        if isinstance(config, dict) and is_trusted(config, cwd):
            return command.sandbox
        if command.sandbox not in (None, "read-only"):
            self._link.show(NOT_TRUSTED)
        return "read-only"

    async def fork(self, command: ForkThread) -> ThreadId | None:
        """A thread of its own with the same history. Raises RequestFailed."""
        made: list[ThreadId] = []

        def before(result: Json) -> None:
            made.append(ThreadId(result["thread"]["id"]))
            self._link.ledger.subscribed.add(made[0])
            self._link.ledger.ours.add(made[0])

        call = calls.fork(
            command.thread_id, sandbox=command.sandbox, profile=command.profile
        )
        answer = await self._link.ask(call, before=before)
        if not made:
            return None
        self._compare(made[0], command.sandbox, answer)
        if command.profile is not None:
            self._compare_profile(made[0], command.profile, answer)
        return made[0]

    def _compare_profile(self, thread_id: ThreadId, asked: str, answer: Json) -> None:
        """A profile that is gone or not allowed: the engine puts another in force."""
        active = answer.get("activePermissionProfile")
        given = active.get("id") if isinstance(active, dict) else None
        if given != asked:
            self._link.tell(SandboxRefused(thread_id, f"profile {asked}"))

    # -- looking ---------------------------------------------------------------

    async def open(self, command: OpenThread) -> None:
        """The newest turns and the agents below; nothing is loaded.

        Raises RequestFailed."""
        link, thread_id = self._link, command.thread_id
        known = link.ledger.thread(thread_id)
        if not known.described:
            await link.ask(calls.read_thread(thread_id))
        if link.ledger.is_loaded(thread_id):
            link.spawn(self.listen(thread_id))
        known.older = None
        await self._turns(thread_id, None)
        await learn_tree(link, thread_id, self._around.read_tokens)

    async def older(self, command: LoadOlder) -> None:
        """The page of turns before the ones held. Raises RequestFailed."""
        known = self._link.ledger.thread(command.thread_id)
        if known.older is not None:
            await self._turns(command.thread_id, known.older)
        elif known.from_rollout:
            known.from_rollout += RECENT_TURNS
            await self._from_rollout(command.thread_id, known.from_rollout)

    async def _turns(self, thread_id: ThreadId, cursor: str | None) -> None:
        link, known = self._link, self._link.ledger.thread(thread_id)
        call = calls.list_turns(thread_id, cursor)
        try:
            page = await link.rpc.call(call.method, call.params, timeout=SECONDS)
        except RequestFailed as error:
            if not any(words in error.message for words in NO_TURNS_YET):
                raise
            page = {"data": []}
        following = page.get("nextCursor")
        known.older = following if isinstance(following, str) else None
        if not page["data"] and cursor is None:
            # Empty without an error: the engine never projected this thread, or it
            # has no turn yet. The file knows.
            if await self._from_rollout(thread_id, RECENT_TURNS):
                known.from_rollout = RECENT_TURNS
                return
            link.tell(TurnsLoaded(thread_id, (), complete=True))
            return
        link.tell_reply(call, page)

    async def _from_rollout(self, thread_id: ThreadId, turns: int) -> bool:
        path = self._link.ledger.thread(thread_id).path
        read = self._around.read_rollout
        if read is None or path is None or not self._link.local:
            return False
        try:
            if os.path.getsize(path) == 0:
                return False
        except (OSError, ValueError):  # ValueError: a path with NUL in it
            return False
        events = await read(thread_id, path, turns)
        self._link.tell(*events)
        return bool(events)

    async def listen(self, thread_id: ThreadId) -> None:
        """Subscribe to a thread somebody has loaded; never loads one.

        Raises RequestFailed."""
        if thread_id in self._link.ledger.subscribed:
            return
        if thread_id in await loaded_threads(self._link):
            await subscribe(self._link, thread_id)

    # -- acts that need the thread ---------------------------------------------

    async def resume(self, command: ResumeThread) -> None:
        """Load it, when its wake was shown or there is nothing to show.

        Raises RequestFailed."""
        link, thread_id = self._link, command.thread_id
        if not command.acknowledged:
            report = await inspect(link, thread_id)
            if not report.quiet:
                link.show(SLEEPS)
                return
        call = calls.resume(
            thread_id,
            sandbox=command.sandbox,
            approval_policy=command.approval_policy,
            recent_turns=RECENT_TURNS,
        )
        link.ledger.subscribed.add(thread_id)
        try:
            answer = await link.ask(call)
        except RequestFailed:
            link.ledger.subscribed.discard(thread_id)
            raise
        self._compare(thread_id, command.sandbox, answer)
        link.ledger.ours.add(thread_id)
        await list_terminals(link, thread_id)

    async def mark_read(self, command: MarkRead) -> None:
        """Raises RequestFailed."""
        thread_id = command.thread_id
        revision = self._link.ledger.thread(thread_id).read_revision
        if revision is None:
            await self._link.ask(calls.read_thread(thread_id))
            revision = self._link.ledger.thread(thread_id).read_revision
        if revision is None:
            return
        try:
            await self._link.ask(calls.mark_read(thread_id, revision))
        except RequestFailed as error:
            if not _is_conflict(error):
                raise
            # Somebody was quicker; what they know counts, and then our mark.
            await self._link.ask(calls.read_thread(thread_id))
            fresh = self._link.ledger.thread(thread_id).read_revision
            if fresh is not None and fresh != revision:
                await self._link.ask(calls.mark_read(thread_id, fresh))

    async def stop_terminals(self, command: StopTerminals) -> None:
        """End one or all terminals of a thread, and list what is left.

        Raises RequestFailed."""
        link, thread_id = self._link, command.thread_id
        try:
            if command.process_id is None:
                await link.ask(calls.stop_terminals(thread_id))
            else:
                call = calls.stop_terminal(thread_id, command.process_id)
                answer = await link.ask(call)
                if answer.get("terminated") is False:
                    link.show("That terminal had ended before.")
            await list_terminals(link, thread_id)
        except RequestFailed:
            if thread_id not in await loaded_threads(link):
                # It lost the whole thread: whatever ran there ended with it.
                link.tell(TerminalsListed(thread_id, (), link.epoch, link.clock()))
            raise

    async def log_in(self, command: LogIn) -> None:
        """Raises RequestFailed."""
        call = calls.log_in(command.kind, command.secret)
        answer = await self._link.rpc.call(call.method, call.params)
        url, code = answer.get("verificationUrl"), answer.get("userCode")
        if url and code:
            self._link.show(f"Open {url} and enter the code {code}")
        await read_account(self._link)

    async def quietly(self, call: calls.Call) -> None:
        """One request whose refusal is a sentence."""
        try:
            await self._link.ask(call)
        except RequestFailed as error:
            self._link.show(str(error))


def _is_conflict(error: RequestFailed) -> bool:
    data = error.data
    return isinstance(data, dict) and data.get("reason") == "readStateConflict"
