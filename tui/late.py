"""An engine that is imported and built after the first paint.

Owns the waiting: whoever asks before it is there gets the answer of no connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from state.commands import Command
    from state.controls import Controls
    from state.engine.port import Defaults, Engine, Offer, WakeReport
    from state.items import ThreadId
    from state.looks import Look, Looked
    from state.model import Turn
    from state.permissions.policy import Host
    from state.permissions.trial import Attempt, Attempted


class LateEngine:
    """The `state.engine.port.Engine` that `make` gives, once `run` was called.

    `make` imports the client and what it needs: a tenth of a second that the first
    paint does not have to wait for. It is called in a thread.
    """

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._engine: Engine | None = None
        self._ready = asyncio.Event()
        self._closed = False

    async def run(self, offer: Offer) -> None:
        """Build it, then run it."""
        engine = await asyncio.to_thread(self._make)
        if self._closed:
            return
        self._engine = engine
        self._ready.set()
        await engine.run(offer)

    async def send(self, command: Command) -> ThreadId | None:
        """Waits for the engine to be built, not for it to be connected."""
        await self._ready.wait()
        assert self._engine is not None
        return await self._engine.send(command)

    async def inspect(self, thread_id: ThreadId) -> WakeReport | None:
        """None while there is nothing to ask."""
        return await self._engine.inspect(thread_id) if self._engine else None

    async def defaults(self, cwd: str) -> Defaults | None:
        """None while there is nothing to ask."""
        return await self._engine.defaults(cwd) if self._engine else None

    async def controls(self, cwd: str) -> Controls | None:
        """None while there is nothing to ask."""
        return await self._engine.controls(cwd) if self._engine else None

    async def surroundings(self) -> Host | None:
        """None while there is nothing to ask."""
        return await self._engine.surroundings() if self._engine else None

    async def attempt(self, asked: Attempt) -> Attempted | None:
        """None while there is nothing to ask."""
        return await self._engine.attempt(asked) if self._engine else None

    async def look(self, asked: Look) -> Looked | None:
        """None while there is nothing to ask."""
        return await self._engine.look(asked) if self._engine else None

    async def lately(self, thread_id: ThreadId) -> tuple[Turn, ...]:
        """Nothing while there is nothing to ask."""
        return await self._engine.lately(thread_id) if self._engine else ()

    async def close(self) -> None:
        """End it, or never begin."""
        self._closed = True
        if self._engine is not None:
            await self._engine.close()
