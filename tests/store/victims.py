"""Processes that write, say what they wrote, and are killed at a moment of chance.

Run as `python -m tests.store.victims`: imports once, then forks a victim for each
round it is told on stdin, kills it with SIGKILL after the seconds of that round, and
passes on what the victim said. A victim speaks only after a commit returned: its pipe,
not the store, is what the test believes. Owns the write path that is measured.

    in   run  STORE NAME SECONDS BUILD    out  its lines, then "dead SIGNAL"
    in   time STORE NAME ROUNDS  BUILD    out  its lines, then "dead SIGNAL"
    in   window STORE NAME 0     BUILD    out  its lines, until somebody kills it
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from state import events as e
from state.commands import Command, SendTurn
from state.controls import Controls
from state.db.lease import Lease, lease_path
from state.db.writer import StoreWriter
from state.engine.port import Defaults, Offer, WakeReport
from state.items import (
    AgentMessage,
    DeltaKind,
    ItemStatus,
    Text,
    ThreadId,
    TurnId,
)
from state.looks import Look
from state.model import ClientId, Turn, TurnStatus, World
from state.permissions.trial import Attempt
from state.store import Store
from tests.store.helpers import (
    HOME,
    T1,
    decided,
    item,
    noted,
    publish,
    review,
    seen,
    writing,
)
from tui.bridge import Bridge, Keeper

Work = Callable[[], Coroutine[Any, Any, None]]
FAITHFUL, HASTY = "faithful", "hasty"
"""A hasty build acknowledges first and commits afterwards."""


def say(*words: object) -> None:
    """One line, whole, in one write."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def victim(path: Path, name: str, rounds: int = sys.maxsize) -> None:
    """Open, then write all kinds of things, over and over."""
    async with writing(path) as writer:
        say("opened")
        world = publish(writer, World(), seen(T1))
        for at in range(1, rounds + 1):
            world = await one_round(writer, world, f"{name}-{at}", at)


async def one_round(writer: StoreWriter, world: World, name: str, at: int) -> World:
    """A turn with its words and a review; a decision, a send, a draft, a choice."""
    turn = TurnId(name)
    message = item(f"i-{name}", AgentMessage(Text(f"words of {name}")))
    begun = item(message.id, AgentMessage(), ItemStatus.IN_PROGRESS)
    world = publish(
        writer,
        world,
        e.TurnStarted(T1, turn, at_ms=at),
        e.ItemStarted(T1, turn, begun),
        e.ReviewAsked(T1, review(name)),
    )
    await writer.commit_now(decided(name, at))
    say("decision", name)
    await writer.commit_now(noted(name, f"words of {name}"))
    say("send", name)
    writer.draft("key", f"draft {name}")
    await writer.flush()
    say("draft", name)
    world = publish(
        writer,
        world,
        e.ItemDelta(T1, turn, message.id, DeltaKind.MESSAGE, "half"),
        e.ItemCompleted(T1, turn, message),
        e.TurnEnded(T1, turn, TurnStatus.COMPLETED, at_ms=at),
    )
    await writer.flush()
    say("turn", name)
    writer.view_state("open", f'"{name}"')
    await writer.flush()
    say("view", name)
    return world


# -- a window among others -----------------------------------------------------------


class Chatter:
    """An engine that ends a turn whenever the window is done with the last one. Each
    window hears the same turns, as all clients of a shared engine do."""

    def __init__(self) -> None:
        self.offer: Offer = lambda _event: None
        self.ready = asyncio.Event()

    async def run(self, offer: Offer) -> None:
        self.offer = offer
        offer(seen(T1))
        self.ready.set()
        await asyncio.Event().wait()

    def turn(self, at: int) -> None:
        turn = TurnId(f"u{at}")
        for event in (
            e.TurnStarted(T1, turn, at_ms=at),
            e.ItemCompleted(T1, turn, item(f"i{at}", AgentMessage(Text(f"said {at}")))),
            e.TurnEnded(T1, turn, TurnStatus.COMPLETED, at_ms=at),
        ):
            self.offer(event)

    async def send(self, command: Command) -> ThreadId | None:
        return None

    async def inspect(self, thread_id: ThreadId) -> WakeReport | None:
        return None

    async def defaults(self, cwd: str) -> Defaults | None:
        return None

    async def surroundings(self) -> None:
        """Nowhere."""

    async def attempt(self, asked: Attempt) -> None:
        """Nothing is tried."""

    async def lately(self, thread_id: ThreadId) -> tuple[Turn, ...]:
        del thread_id
        return ()

    async def look(self, asked: Look) -> None:
        """Nothing is looked at."""

    async def controls(self, cwd: str) -> Controls | None:
        return None

    async def close(self) -> None:
        return None


async def window(path: Path, name: str) -> None:
    """The program's own bridge on the shared file: everybody's user writes, the one
    that holds the lease writes what the engine says."""
    say(name, "pid", os.getpid())
    async with writing(path, ingest=False) as writer:
        engine, store = Chatter(), Store(World())
        lease = Lease(lease_path(HOME, path.parent))
        bridge = Bridge(store, engine, keeper=Keeper(writer, lease))
        bridge.start()
        await engine.ready.wait()
        held = False
        for at in range(1, sys.maxsize):
            engine.turn(at)
            client = ClientId(f"{name}-{at}")
            command = SendTurn(client, T1, f"words of {client}")
            if await bridge.record(command):
                say(name, "send", client)
            writer.draft(f"key-{name}", f"draft {client}")
            store.tick(at)
            holds = writer.ingest
            if holds and not held:
                held = True
                say(name, "holds")
            if await writer.flush():
                say(name, "draft", client)
                if holds:
                    say(name, "turn", f"u{at}")
            await asyncio.sleep(0.005)


# -- builds --------------------------------------------------------------------------


def make_hasty() -> None:
    """Move the commits of this process behind what it says of them."""
    later: set[asyncio.Task[Any]] = set()

    def hasty(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def at_once(*args: Any) -> bool:
            task = asyncio.ensure_future(_drop(method, *args))
            later.add(task)
            task.add_done_callback(later.discard)
            await asyncio.sleep(0)
            return True

        return at_once

    StoreWriter.commit_now = hasty(StoreWriter.commit_now)  # type: ignore[method-assign,assignment]
    StoreWriter.flush = hasty(StoreWriter.flush)  # type: ignore[method-assign,assignment]


async def _drop(method: Callable[..., Awaitable[Any]], *args: Any) -> None:
    await method(*args)


def fork(work: Work, build: str) -> int:
    """A child that does `work` and ends; its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.close(0)
        if build == HASTY:
            make_hasty()
        asyncio.run(work())
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _work(how: str, path: Path, name: str, number: str) -> Work:
    if how == "window":
        return lambda: window(path, name)
    rounds = int(number) if how == "time" else sys.maxsize
    return lambda: victim(path, name, rounds)


def main() -> None:
    """Rounds from stdin, until it ends."""
    gc.freeze()
    for line in sys.stdin:
        how, store, name, number, build = line.split()
        pid = fork(_work(how, Path(store), name, number), build)
        if how == "window":
            continue
        if how == "run":
            time.sleep(float(number))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        say("dead", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
