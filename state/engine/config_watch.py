"""Can the engine use its config.toml? Asked again when the file changes.

The engine warns once, when it starts, and repeats that to every client for as long as
it lives, whatever became of the file; of a file that breaks later it says nothing. Owns
when it is asked anew, and how its refusal reads. Invariant: nothing is written, and at
rest nothing is sent.
"""

from __future__ import annotations

import asyncio
import os
import re

from state.engine import calls
from state.engine.bootstrap import read_account
from state.engine.errors import RequestFailed
from state.engine.link import Link
from state.events import ConfigMended, ConfigWarned
from state.events.world import INVALID_CONFIG

AGAIN_SECONDS = 3.0
INTERNAL = -32603
"""How the engine refuses to read what it cannot use; other codes are about us."""
_PLACED = re.compile(
    r"[^:]*: (?P<file>/.*?):(?P<line>\d+):(?P<column>\d+): (?P<why>.*)", re.DOTALL
)


def warning_of(message: str) -> str:
    """A refusal in the words of the engine's own warning."""
    lines = [f"{INVALID_CONFIG}."]
    if found := _PLACED.fullmatch(message):
        place = f"{found['file']}, line {found['line']}, column {found['column']}"
        lines += [" ".join(found["why"].split()), place]
    else:
        lines.append(" ".join(message.split()))
    return "\n".join(lines)


class ConfigWatch:
    """On one connection. `warned`: the engine said that the file is of no use."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.warned = False

    async def run(self, every: float = AGAIN_SECONDS) -> None:
        """Until cancelled. Raises EngineLost."""
        seen = self._mark()
        while True:
            now = self._mark()
            if self.warned or now != seen:
                await self.look()
                seen = now
            await asyncio.sleep(every)

    def _mark(self) -> tuple[int, int, int] | None:
        """What tells that the file is another one; None where it is not to be seen."""
        home = self._link.connection.info.codex_home
        if not self._link.local or not home:
            return None
        try:
            found = os.stat(os.path.join(home, "config.toml"))
        except (OSError, ValueError):
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    async def look(self) -> None:
        """Ask, and tell what is different. Raises EngineLost."""
        link = self._link
        try:
            await link.ask(calls.read_config())
        except RequestFailed as error:
            if error.code == INTERNAL and not self.warned:
                link.tell(ConfigWarned(warning_of(error.message)))
            return
        if self.warned:
            link.tell(ConfigMended())
        # Another provider may want another login, or none.
        try:
            await read_account(link)
        except RequestFailed:
            return
