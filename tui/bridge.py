"""Engine events -> store -> screen, and commands -> record -> engine.

Owns the one way in and the one way out, and their order: what the user decided or
sent is on disk before it leaves. Knows no Textual: the screen and the headless player
use the same bridge. Invariant: every answer of the engine comes back as an event.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from state import commands as c
from state import events as e
from state.changes import ApproveDenial, ChangeNextTurn, ChangeSettings
from state.dataclass import dataclass
from state.db.errors import StoreError
from state.db.history import older_turns
from state.engine.port import Engine
from state.items import ThreadId
from state.model import Decision, EnginePhase, ReviewKey, Send, SendState
from state.reviews import RETRY_EPOCH
from state.store import Published, Store
from tui.delivery import Delivery
from tui.holding import Holding
from tui.neighbours import Elsewhere, Neighbours
from tui.once import Once
from tui.recall import Recall

if TYPE_CHECKING:
    from state.db.lease import Lease
    from state.db.writer import StoreWriter

T = TypeVar("T")


def now_ms() -> int:
    """The wall clock."""
    return int(time.time() * 1000)


@dataclass(slots=True)
class Keeper:
    """The thread store on disk, as far as this window may write it."""

    writer: StoreWriter
    lease: Lease


class Bridge:
    """Runs from `start` to `close`; `act` carries out one command."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        *,
        keeper: Keeper | None = None,
        path: Path | None = None,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self.store = store
        self.engine = engine
        self.keeper = keeper
        self.path = path
        """The store on disk, for reading; it may not exist yet."""
        self._clock = clock
        self._tasks: set[asyncio.Task[Any]] = set()
        self.holding = Holding(self, self._commit, clock, self._spawn)
        self.once = Once(self, clock)
        self.delivery = Delivery(self, clock)
        self.recall = Recall(store, path, self._spawn)
        self.elsewhere = Elsewhere(store, path, self._spawn)
        self._tick: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to listen and to publish. Needs a running loop."""
        self._loop = asyncio.get_running_loop()
        self.store.inlet.on_news = self._schedule
        self.store.subscribe(self._keep)
        self.store.subscribe(self.holding.watch)
        self.store.subscribe(self.once.watch)
        self.store.subscribe(self.delivery.watch)
        self.store.subscribe(self.recall.watch)
        self.store.subscribe(self.elsewhere.watch)
        if not self.store.idle:
            self._schedule()
        self._spawn(self.engine.run(self.store.inlet))
        if self.keeper is not None:
            self._spawn(self._ingest(self.keeper))

    def keep(self, keeper: Keeper) -> None:
        """The store on disk became usable (it opens after the first paint)."""
        self.keeper = keeper
        self._spawn(self._ingest(keeper))
        if self.path is not None:
            others = Neighbours(self.path, lambda: self.store.world, self.store.offer)
            self._spawn(others.run())

    @property
    def busy(self) -> bool:
        """Something waits to be published."""
        return not self.store.idle

    async def close(self) -> None:
        """End: the engine goes on, what waits is written."""
        self.store.inlet.on_news = lambda: None
        if self._tick is not None:
            self._tick.cancel()
        await self.engine.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.store.tick(self._clock())
        if self.keeper is not None:
            await self.keeper.writer.close()
            self.keeper.lease.release()

    # -- in ----------------------------------------------------------------------

    def _schedule(self) -> None:
        prompt = self.store.inlet.prompt
        if self._tick is not None and prompt:
            self._tick.cancel()
        elif self._tick is not None or self._loop is None:
            return
        assert self._loop is not None
        wait = self.store.gate.wait(self._clock(), prompt=prompt)
        self._tick = self._loop.call_later(wait / 1000, self._publish)

    def _publish(self) -> None:
        self._tick = None
        self.store.tick(self._clock())

    def _keep(self, step: Published) -> None:
        if self.keeper is not None:
            self.keeper.writer.enqueue(step.world, step.dirty, step.events)

    async def _ingest(self, keeper: Keeper) -> None:
        await keeper.lease.acquired()
        # What was published before the lease was ours is written from here on.
        world = self.store.world
        keeper.writer.enqueue(world, world.threads, ())
        keeper.writer.ingest = True

    # -- out ---------------------------------------------------------------------

    def act(self, command: c.Command) -> asyncio.Task[ThreadId | None]:
        """Carry out a command; what comes of it is an event. The task's result is
        the id of a thread that was made by it."""
        return self._spawn(self._act(command))

    async def record(self, command: c.SendTurn | c.QueueTurn) -> bool:
        """Write a message down, before anything leaves. False: it is not on disk."""
        return await self._noted(command)

    async def keep_words(self, key: str, text: str) -> bool:
        """Write down what stands in the composer of `key`. False: it is not on disk,
        and that was said."""
        if self.keeper is None:
            return True
        try:
            await self.keeper.writer.draft_now(key, text)
        except StoreError as error:
            self._failed(error)
            return False
        return True

    async def deliver(self, command: c.Command) -> ThreadId | None:
        """Hand a command to the engine; a send must be recorded first."""
        return await self.engine.send(command)

    async def _act(self, command: c.Command) -> ThreadId | None:
        match command:
            case c.Decide():
                if not await self._decided(command):
                    return None
            case c.SendTurn() | c.QueueTurn():
                if not await self._noted(command):
                    return None
            case c.HoldQueued():
                if not await self.holding.hold(command):
                    return None
            case c.DropHeld():
                await self.holding.drop(command)
                return None
            case ApproveDenial():
                if not await self._approved(command):
                    return None
            case ChangeNextTurn():
                await self.once.begin(command)
                return None
            case ChangeSettings():
                told = await self.engine.send(command)
                if told is not None:
                    await self.once.settle(command)
                return told
            case c.OpenThread():
                await self.recall.opened(command.thread_id)
            case c.LoadOlder():
                if self.store.world.engine.phase is not EnginePhase.READY:
                    await self._older_from_disk(command.thread_id)
            case _:
                pass
        return await self.engine.send(command)

    async def _decided(self, command: c.Decide) -> bool:
        """The decision is known and on disk, or it is taken back."""
        review = command.review
        event = e.ReviewDecided(
            review.thread_id, review.key, command.decision, self._clock()
        )
        self.store.offer(event)
        if await self._commit(event):
            return True
        self.store.offer(e.ReviewReopened(review.thread_id, review.key))
        return False

    async def _approved(self, command: ApproveDenial) -> bool:
        """The user's word on a denial is on disk before it leaves."""
        event = e.ReviewDecided(
            command.thread_id,
            ReviewKey(RETRY_EPOCH, command.review.id),
            Decision("retry", "approved for one retry", command.review.action),
            self._clock(),
        )
        return await self._commit(event)

    async def _noted(self, command: c.SendTurn | c.QueueTurn) -> bool:
        how = "queue" if isinstance(command, c.QueueTurn) else "start"
        send = Send(
            command.client_id, command.text, how, SendState.NOTED, self._clock()
        )
        event = e.SendNoted(command.thread_id, send)
        self.store.offer(event)
        if await self._commit(event):
            return True
        words = "It could not be saved, so it was not sent."
        self.store.offer(
            e.SendChanged(
                command.thread_id, command.client_id, SendState.REFUSED, words
            )
        )
        return False

    async def _commit(
        self, event: e.ReviewDecided | e.SendNoted | e.SendChanged
    ) -> bool:
        if self.keeper is None:
            return True
        try:
            await self.keeper.writer.commit_now(event)
        except StoreError as error:
            self._failed(error)
            return False
        return True

    def _failed(self, error: StoreError) -> None:
        self.store.offer(e.StoreFailed(str(error)))
        self.store.offer(e.MessageShown(f"Not sent: {error}"))

    async def _older_from_disk(self, thread_id: ThreadId) -> None:
        """The page before what is held, while no engine can be asked for it."""
        thread = self.store.world.threads.get(thread_id)
        if self.path is None or thread is None or not thread.turns:
            return
        first = next(iter(thread.turns))
        turns = await asyncio.to_thread(older_turns, self.path, thread_id, first)
        self.store.offer(
            e.TurnsLoaded(thread_id, turns, older=True, complete=not turns)
        )

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run beside the rest; a fault of it is seen."""
        return self._spawn(work)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            # A fault of ours must be seen, and must not take the window down.
            self.store.offer(
                e.MessageShown(f"codex-tui failed at this: {type(error).__name__}")
            )
            with contextlib.suppress(Exception):
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "bridge task failed", "exception": error}
                )
