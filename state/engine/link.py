"""One live connection as the session's parts use it: ask, tell, spawn.

Owns the reply-to-event step at the reply's own place in the stream, and the tasks
that die with the connection. Knows no rules. Invariant: after `end` no task of this
link runs and nothing more is told by it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from state.engine.calls import Call
from state.engine.errors import EngineLost, RequestFailed
from state.engine.ledger import Ledger
from state.engine.supervisor import Connection
from state.engine.wire.context import WireContext
from state.engine.wire.responses import decode_response
from state.events import Event, MessageShown
from state.items import ThreadId

SECONDS = 120.0
MOST_PAGES = 1000  # a cursor that never ends must not hold us for ever


class Link:
    """`number` counts this session's connections; `clock` tells ms since the epoch."""

    def __init__(
        self,
        connection: Connection,
        number: int,
        ledger: Ledger,
        tell: Callable[[Event], None],
        clock: Callable[[], int],
    ) -> None:
        self.connection = connection
        self.rpc = connection.rpc
        self.number = number
        self.ledger = ledger
        self.clock = clock
        self._tell = tell
        self.ended = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._refreshing: set[ThreadId] = set()

    @property
    def epoch(self) -> str:
        return self.connection.epoch

    @property
    def local(self) -> bool:
        """The engine sees the same files as we do."""
        return self.connection.how != "remote"

    def context(self) -> WireContext:
        return WireContext(self.epoch, self.number, self.clock())

    def tell(self, *events: Event) -> None:
        if not self.ended:
            for event in events:
                self._tell(event)

    def show(self, text: str) -> None:
        """A sentence for the status bar."""
        self.tell(MessageShown(text))

    async def ask(
        self, call: Call, *, before: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """The engine's result; its events are told before anything that follows.

        `before` sees the result first. Raises RequestFailed, EngineLost."""

        def arrived(result: dict[str, Any]) -> None:
            if before is not None:
                # A reply of an unknown shape must not end the reader.
                with contextlib.suppress(KeyError, TypeError):
                    before(result)
            self.tell_reply(call, result)

        return await self.rpc.call(
            call.method, call.params, timeout=SECONDS, on_result=arrived
        )

    def tell_reply(self, call: Call, result: dict[str, Any]) -> None:
        """The events of a reply that was asked for without `ask`."""
        context = self.context()
        self.tell(*decode_response(call.method, call.params, result, context))

    async def pages(self, build: Callable[[str | None], Call]) -> list[Any]:
        """All rows of a paged list, told page by page. Raises as `ask`."""
        rows: list[Any] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            result = await self.ask(build(cursor))
            rows += result.get("data") or []
            cursor = result.get("nextCursor")
            if not cursor:
                break
        return rows

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run beside the rest; what the engine refuses there is nobody's business."""
        if self.ended:
            work.close()
            return
        task = asyncio.create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (RequestFailed, EngineLost):
            pass
        except Exception as error:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a task of the engine session failed", "exception": error}
            )

    async def end(self) -> None:
        """Cancel what still runs."""
        self.ended = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
