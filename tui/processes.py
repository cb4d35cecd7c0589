"""The processes of this machine, seen by a module that is imported when first used.

Owns the waiting for that import (`psutil` costs what the first paint does not have) and
the shape the screens know. What is looked at and ended is `state.engine.processes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from state.engine.processes import Found, Key, Processes
    from state.usage import Usage


class ProcessTable(Protocol):
    """What the screens need of processes."""

    def usage(self) -> Mapping[Key, Usage]:
        """What each terminal's processes use. Blocking."""
        ...

    def find(self) -> Mapping[Key, Sequence[Found]]:
        """The processes of every terminal. Blocking."""
        ...

    async def left_of(self, found: Sequence[Found], seconds: float) -> Sequence[Found]:
        """Those of them that still run after at most `seconds`."""
        ...

    async def end(
        self, found: Sequence[Found]
    ) -> tuple[Sequence[Found], Sequence[Found]]:
        """End exactly these; who ended, and who did not."""
        ...


class LocalProcesses:
    """The real ones."""

    def __init__(self) -> None:
        self._table: Processes | None = None

    def _made(self) -> Processes:
        from state.engine.processes import Processes

        if self._table is None:
            self._table = Processes()
        return self._table

    def usage(self) -> Mapping[Key, Usage]:
        """See ProcessTable."""
        return self._made().usage()

    def find(self) -> Mapping[Key, Sequence[Found]]:
        """See ProcessTable."""
        return self._made().find()

    async def left_of(self, found: Sequence[Found], seconds: float) -> Sequence[Found]:
        """See ProcessTable."""
        from state.engine.processes import left_of

        return await left_of(found, seconds)

    async def end(
        self, found: Sequence[Found]
    ) -> tuple[Sequence[Found], Sequence[Found]]:
        """See ProcessTable."""
        from state.engine.processes import end

        return await end(found)
