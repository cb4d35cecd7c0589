"""A background terminal: a command that goes on running, and what is left of it.

Owns its facts, the bounded end of its output and how it ended. Does not own the
processes behind it (`state.engine.processes` looks at those) nor how events change it
(`state.reduce.terminals`). Strings are the wire's, unchanged. Invariant: of an output
the last `KEPT` characters are held, however it came, so equal outputs are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from state.dataclass import dataclass, replace
from state.items import NO_TEXT, ItemId, Text, ThreadId, TurnId

if TYPE_CHECKING:
    from state.model import Thread

KEPT = 256 * 1024
"""Characters of an output that are kept: some thousand lines."""
MAX_GAPS = 16


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of an output. `end` counts every character since its beginning, so the
    first one held is the one at `start`. `gaps`: where the engine left something out;
    nought is the beginning."""

    text: Text = NO_TEXT
    end: int = 0
    gaps: tuple[int, ...] = ()

    @property
    def start(self) -> int:
        """How many characters before the first one held were dropped by us."""
        return self.end - len(self.text)

    def grown(self, chunk: str) -> Tail:
        """More output came."""
        text = self.text.append(chunk)
        if len(text) > KEPT:
            text = Text(str(text)[-KEPT:])
        return replace(self, text=text, end=self.end + len(chunk))

    def torn(self) -> Tail:
        """What came after this did not reach us."""
        if self.gaps and self.gaps[-1] == self.end:
            return self
        return replace(self, gaps=(*self.gaps, self.end)[-MAX_GAPS:])


def tail_of(text: str, *, gaps: tuple[int, ...] = ()) -> Tail:
    """The tail of a text that is known from its beginning."""
    return Tail(Text(text[-KEPT:]), len(text), gaps)


class Ending(StrEnum):
    """How we learned that a terminal ended.

    `EXITED`: its item was completed, with an exit code. `GONE`: the engine lists it
    no more and said nothing. `UNLOADED`: the thread was unloaded, archived or deleted.
    `ENGINE`: its engine ended."""

    EXITED = "exited"
    GONE = "gone"
    UNLOADED = "unloaded"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Terminal:
    """`item_id` names the command item it grew from, `number` is its short name in
    its agent tree, `epoch` the engine that ran it. `cpu_percent` and `rss_kb` are the
    engine's own figures, None where it gives none."""

    item_id: ItemId
    process_id: str
    command: str
    cwd: str
    os_pid: int | None = None
    cpu_percent: float | None = None
    rss_kb: int | None = None
    number: int = 0
    epoch: str = ""
    turn_id: TurnId | None = None
    started_ms: int | None = None
    ended_ms: int | None = None
    ending: Ending | None = None
    exit_code: int | None = None
    output: Tail = Tail()

    @property
    def live(self) -> bool:
        """As far as we know it runs."""
        return self.ending is None


# -- numbers -------------------------------------------------------------------------


def numbered(threads: Mapping[ThreadId, Thread], thread: Thread) -> Thread:
    """Give the terminals of `thread` numbers that no other thread's terminal has: what
    a list of all threads shows is what `/stop` takes."""
    mine = (*thread.terminals.values(), *thread.ended_terminals.values())
    if not mine:
        return thread
    taken = {
        terminal.number
        for other in threads.values()
        if other.id != thread.id
        for group in (other.terminals, other.ended_terminals)
        for terminal in group.values()
    }
    fresh: dict[ItemId, int] = {}
    for terminal in mine:
        number = terminal.number
        if not number or number in taken:
            own = {t.number for t in mine}
            number = max(taken | own | {0}) + 1
            fresh[terminal.item_id] = number
        taken.add(number)
    if not fresh:
        return thread
    return replace(
        thread,
        terminals=_renamed(thread.terminals, fresh),
        ended_terminals=_renamed(thread.ended_terminals, fresh),
    )


def _renamed(
    terminals: Mapping[ItemId, Terminal], fresh: Mapping[ItemId, int]
) -> dict[ItemId, Terminal]:
    return {
        k: replace(v, number=fresh[k]) if k in fresh else v
        for k, v in terminals.items()
    }


def apart(threads: Mapping[ThreadId, Thread]) -> dict[ThreadId, Thread]:
    """Threads as they were kept, the older ones keeping the numbers of their
    terminals: each tree had numbers of its own once."""
    made: dict[ThreadId, Thread] = {}
    for thread_id, thread in threads.items():
        made[thread_id] = numbered(made, thread)
    return made
