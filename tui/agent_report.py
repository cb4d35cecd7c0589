"""`codex-tui send` and `interrupt`: acts on one thread or agent, by its path.

Owns the words and exit codes of these commands. A message takes the same way as on the
screen: written down, sent, its fate told by the engine. Invariants: nothing is sent to
an agent that takes no messages; a sleeping thread is woken quietly or by `--wake` only;
to interrupt starts no engine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from state import commands as c
from state.agent_path import AgentPathError
from state.engine.control import status
from state.engine.errors import EngineError
from state.engine.port import WakeReport
from state.forking import fork_of
from state.items import ThreadId
from state.messaging import Way, told_root, way_to
from state.model import ClientId, EnginePhase, SendState, Thread, World
from state.resolve import Unresolved, path_of, resolve, resolve_thread, root_of
from state.select.interrupts import Reach, labels, reach, report
from state.select.words import agent_label, thread_title
from state.text import clean
from state.tree import Forest
from tui.options import visit_options
from tui.place import Place
from tui.report import print_json
from tui.screens.wake_words import wake_lines, writer_words
from tui.services import Services
from tui.start import build

READY_SECONDS = 30.0
FORK_SECONDS = 10.0
END_SECONDS = 20.0
NO_ENGINE = "No engine is running for this CODEX_HOME, so nothing runs."
PRIVATE = "An engine of this call only would end with it, and the turn too."


class Refused(Exception):
    """Said and not done; `code` is the exit code."""

    def __init__(self, code: int, *lines: str) -> None:
        super().__init__(*lines)
        self.code = code


def act_command(args: argparse.Namespace) -> int:
    """`codex-tui send` and `interrupt`: 0 the engine took it, or all ended; 1 not; 2
    words that mean no thread, or too many; 3 no engine."""
    return _run(_send(args) if args.command == "send" else _interrupt(args))


def _run(work: Coroutine[Any, Any, int]) -> int:
    try:
        return asyncio.run(work)
    except Refused as refused:
        _complain(refused.args)
        return refused.code


def _complain(lines: tuple[object, ...]) -> None:
    for line in lines:
        print(clean(str(line)), file=sys.stderr)


# -- one visit -----------------------------------------------------------------------


class Visit:
    """The program without a screen, while its connection stands."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._news = asyncio.Event()
        services.on_publish = lambda _step: self._news.set()

    @property
    def world(self) -> World:
        """What is known now."""
        store = self.services.bridge.store
        store.tick(self.services.clock())
        return store.world

    @property
    def forest(self) -> Forest:
        """The trees in it."""
        forest, threads = Forest(), self.world.threads
        forest.update(threads, threads)
        return forest

    def thread(self, thread_id: ThreadId) -> Thread:
        """What is known of it now."""
        return self.world.threads[thread_id]

    async def until(self, done: Callable[[World], bool], seconds: float) -> bool:
        """Wait for what the engine tells; False: it did not in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not done(self.world):
                    self._news.clear()
                    await self._news.wait()
        return done(self.world)

    async def find(self, words: str) -> Thread:
        """The thread that is meant; its agents are asked for where it names any.
        Raises Refused."""
        deliver = self.services.bridge.deliver
        await deliver(c.Refresh())
        before, colon, _ = words.partition(":/")
        try:
            if colon and before:
                threads = self.world.threads
                root = root_of(threads, resolve_thread(before, threads))
                await deliver(c.OpenThread(root))
            found = self.thread(resolve(words, self.world.threads))
            await deliver(c.OpenThread(found.id))
            return self.thread(found.id)
        except Unresolved as problem:
            raise Refused(2, *problem.lines) from None
        except AgentPathError as problem:
            raise Refused(2, str(problem)) from None


@contextlib.asynccontextmanager
async def visit(args: argparse.Namespace, place: Place) -> AsyncIterator[Visit]:
    """Connected. Raises Refused when no engine answers."""
    # What a short visit has no use for.
    for name, value in (("theme", None), ("plain", False), ("ascii", False)):
        setattr(args, name, getattr(args, name, value))
    folder = str(place.home)
    services = build(args, place, folder)
    visited = Visit(services)
    try:
        await services.begin()
        decided = (EnginePhase.READY, EnginePhase.LOST, EnginePhase.MISSING)
        await visited.until(lambda w: w.engine.phase in decided, READY_SECONDS)
        engine = visited.world.engine
        if engine.phase is not EnginePhase.READY:
            raise Refused(3, engine.sentence or "No engine answers.")
        yield visited
    finally:
        await services.end()


# -- send ----------------------------------------------------------------------------


async def _send(args: argparse.Namespace) -> int:
    words = " ".join(args.text).strip()
    if not words:
        raise Refused(2, "There is nothing to send: codex-tui send THREAD TEXT")
    if getattr(args, "private", False):
        raise Refused(2, PRIVATE)
    async with visit(args, Place.from_environment()) as here:
        found = await here.find(args.target)
        target, told, way = found, words, "direct"
        if way_to(found) is Way.ASK:
            target, told, way = await _other_way(args, here, found, words)
        await _awake(args, here, target)
        now = here.thread(target.id)
        name = ClientId(f"codex-tui-{uuid.uuid4()}")
        command = c.SendTurn(name, target.id, told, expected_turn=now.active_turn)
        if not await here.services.bridge.record(command):
            raise Refused(4, "It could not be saved, so it was not sent.")
        await here.services.bridge.deliver(command)
        # The engine has answered by now; when a turn that is steered takes the words
        # up is its own affair.
        sent = here.thread(target.id).sends.get(name)
        state = SendState.SEEN if sent is None else sent.state
        error = clean(sent.error or "") if sent is not None else ""
        if args.json:
            print_json(
                {
                    "threadId": target.id,
                    "agentPath": path_of(found) or None,
                    "way": way,
                    "text": told,
                    "clientId": name,
                    "state": state.value,
                    "error": error or None,
                }
            )
        good = state in (SendState.SENT, SendState.SEEN)
        if not good:
            raise Refused(1, f"Not sent: {error or state.value}")
        if not args.json:
            print(f"sent to {agent_label(target)} of “{_title(here, target)}”")
        return 0


def _title(here: Visit, thread: Thread) -> str:
    return thread_title(here.thread(root_of(here.world.threads, thread.id)))


async def _other_way(
    args: argparse.Namespace, here: Visit, found: Thread, words: str
) -> tuple[Thread, str, str]:
    """Through the root or to a fork, as the arguments say. Raises Refused."""
    path = path_of(found) or agent_label(found)
    root = here.world.threads[root_of(here.world.threads, found.id)]
    if args.through_root and root.id != found.id:
        return root, told_root(path, words), "root"
    if args.fork:
        made = await here.services.bridge.act(fork_of(found))
        await here.until(lambda w: made in w.threads, FORK_SECONDS)
        if made is None:
            raise Refused(1, f"{agent_label(found)} could not be forked.")
        return here.thread(made), words, "fork"
    raise Refused(
        1,
        f"{path} takes no messages from outside; nothing was sent.",
        f"  --through-root  tells its root: {told_root(path, words)[:120]}",
        "  --fork          asks a new thread with its history",
    )


async def _awake(args: argparse.Namespace, here: Visit, target: Thread) -> None:
    """Load it if that sets nothing off, or if `--wake` says so. Raises Refused."""
    found = await here.services.engine.inspect(target.id)
    if found is None:
        raise Refused(3, "The engine does not answer.")
    if found.writer is not None:
        raise Refused(
            1,
            f"{writer_words(found.writer)} writes this thread, and one process alone"
            " can; nothing was sent.",
            "Close it there, or fork it: codex-tui open, then /fork.",
        )
    if found.loaded or found.quiet:
        return
    if not args.wake:
        raise Refused(1, *_sleeps(found))
    resume = c.ResumeThread(target.id, acknowledged=True)
    await here.services.bridge.deliver(resume)


def _sleeps(found: WakeReport) -> tuple[str, ...]:
    return (
        "This thread sleeps, and waking it sets something off; nothing was sent.",
        *(f"  {line}" for line in wake_lines(found)),
        "With --wake it is loaded as it was stored.",
    )


# -- interrupt -----------------------------------------------------------------------


async def _interrupt(args: argparse.Namespace) -> int:
    place = Place.from_environment()
    if not getattr(args, "remote", None):
        try:
            running = (await status(place.codex_home, visit_options(place))).running
        except EngineError as error:
            raise Refused(3, str(error)) from None
        if not running or getattr(args, "private", False):
            raise Refused(3, NO_ENGINE)
    async with visit(args, place) as here:
        thread = await here.find(args.target)
        found = reach(here.forest, thread)
        wanted = list(found.branch) if args.branch else [thread]
        if not (found.branch if args.branch else found.works):
            raise Refused(1, *_nothing(found))
        command: c.Command = c.Interrupt(thread.id, thread.active_turn)
        if args.branch:
            command = c.InterruptBranch(thread.id)
        await here.services.bridge.deliver(command)
        ids = [one.id for one in wanted]
        ended = await here.until(lambda w: not _working(w, ids), END_SECONDS)
        _tell_interrupted(args, here, found, ids)
        return 0 if ended else 1


def _working(world: World, ids: list[ThreadId]) -> list[ThreadId]:
    return [i for i in ids if i in world.threads and world.threads[i].active_turn]


def _nothing(found: Reach) -> tuple[str, ...]:
    first = f"Nothing runs in {agent_label(found.thread)}."
    if not found.branch:
        return (first,)
    return (first, f"Below it work: {labels(found.branch)} · --branch interrupts them")


def _tell_interrupted(
    args: argparse.Namespace, here: Visit, found: Reach, ids: list[ThreadId]
) -> None:
    threads = here.world.threads
    left = _working(here.world, ids)
    goes_on = reach(here.forest, threads[found.thread.id]).below
    if args.json:
        print_json(
            {
                "interrupted": [_one(threads[i]) for i in ids if i not in left],
                "stillWorking": [_one(threads[i]) for i in left],
                "belowStillWorking": [_one(thread) for thread in goes_on],
                "terminalsRunning": len(found.terminals),
            }
        )
        return
    print(report(ids, threads, len(found.terminals)))
    if goes_on and not args.branch:
        print(f"{labels(goes_on)} below keep running · --branch interrupts them too")


def _one(thread: Thread) -> dict[str, Any]:
    return {"threadId": thread.id, "agentPath": path_of(thread) or None}


# -- open ----------------------------------------------------------------------------
