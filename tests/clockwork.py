"""An event loop whose time only moves when the test moves it.

Owns time: timers of asyncio, of Textual and of the app fire in their order when
`advance` passes them, and never because a machine was slow. Does not fake files or
threads: while a thread works for the loop, it waits for that thread. Invariant:
`settle` returns when nothing is left to do at this moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import aiosqlite.core
import pytest

T = TypeVar("T")

STUCK_SECONDS = 90.0
"""Real time that a thread may take before the test is called stuck."""

EPOCH_MS = 1_800_000_000_000


class Stuck(AssertionError):
    """Nothing can happen any more, and somebody waits."""


class _Selector(selectors.DefaultSelector):
    """Asks the loop what to do instead of sleeping."""

    loop: Clockwork

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        if self.loop.threads:
            found = super().select(STUCK_SECONDS)
            if not found:
                raise Stuck("a thread does not come back")
            return found
        self.loop.rest()
        return []


class Clockwork(asyncio.SelectorEventLoop):
    """`now` in seconds. `threads`: how many threads work for the loop."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.threads = 0
        self._settling: deque[asyncio.Future[None]] = deque()
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Virtual seconds."""
        return self.now

    @property
    def ms(self) -> int:
        """Virtual time in whole ms, as the widgets' clock sees it."""
        return int(self.now * 1000)

    def wall_ms(self) -> int:
        """A wall clock in step with this loop."""
        return EPOCH_MS + self.ms

    def rest(self) -> None:
        """Nothing is ready now: tell who waits for that, or go to the next timer."""
        if self._settling:
            waiting = self._settling.popleft()
            if not waiting.done():
                waiting.set_result(None)
            return
        when = self._next()
        if when is None:
            raise Stuck("no timer, no thread, and nobody to go on")
        self.now = max(self.now, when)

    def _next(self) -> float | None:
        handles: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        times = [h.when() for h in handles if not h.cancelled()]
        return min(times, default=None)

    async def settle(self) -> None:
        """Until there is nothing left to do at this moment."""
        future = self.create_future()
        self._settling.append(future)
        await future

    async def advance(self, ms: float) -> None:
        """Let `ms` pass, with everything that is due in them, and settle."""
        target = self.now + ms / 1000
        await self.settle()
        while (when := self._next()) is not None and when <= target:
            self.now = max(self.now, when)
            await self.settle()
        self.now = target
        await self.settle()

    def step(self, until: float) -> None:
        """To the next timer, but no further than `until` (seconds): settle then."""
        when = self._next()
        self.now = until if when is None or when > until else max(self.now, when)

    # -- threads -----------------------------------------------------------------

    @contextlib.contextmanager
    def thread(self) -> Iterator[None]:
        """A thread works for the loop and will wake it."""
        self.threads += 1
        try:
            yield
        finally:
            self.threads -= 1

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Any, *args: Any
    ) -> Any:
        """As asyncio's, counted."""
        future = super().run_in_executor(executor, func, *args)
        self.threads += 1

        def done(_: object) -> None:
            self.threads -= 1

        future.add_done_callback(done)
        return future


def piloted(work: Coroutine[Any, Any, T]) -> T:
    """Run what holds an app by Textual's pilot; each of its waits for an idle moment
    is one, and 20 ms pass in it, as with a real clock and a machine without end."""
    return clockwork(lambda _: work, idle_ms=20)


def clockwork(
    work: Callable[[Clockwork], Coroutine[Any, Any, T]], *, idle_ms: float = 0
) -> T:
    """Run `work` on a loop of its own, Textual's clock included.

    `idle_ms`: the time that passes where Textual's pilot waits for an idle moment.
    """
    loop = Clockwork()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textual._time.get_time", loop.time)
        for place in ("textual.pilot.wait_for_idle", "textual.app.wait_for_idle"):
            patch.setattr(place, _idle(loop, idle_ms))
        # An idle loop has handled every message: no need to ask each widget.
        patch.setattr("textual.pilot.Pilot._wait_for_screen", _idle(loop, 0))
        for name in ("_execute", "_connect", "close"):
            patch.setattr(aiosqlite.core.Connection, name, _counted(loop, name))
        asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(work(loop))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            asyncio.set_event_loop(None)
            loop.close()


def _idle(loop: Clockwork, ms: float) -> Callable[..., Coroutine[Any, Any, None]]:
    async def wait_for_idle(*_: object, **__: object) -> None:
        await loop.advance(ms)

    return wait_for_idle


def _counted(loop: Clockwork, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    original = getattr(aiosqlite.core.Connection, name)

    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        with loop.thread():
            return await original(self, *args, **kwargs)

    return call
