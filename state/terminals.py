"""A background terminal: a command that goes on running, and what is left of it.

Owns its facts, the bounded end of its output and how it ended. Does not own the
processes behind it (`state.engine.processes` looks at those) nor how events change it
(`state.reduce.terminals`). Strings are the wire's, unchanged. Invariant: of an output
the last `KEPT` characters are held, however it came, so equal outputs are equal.
"""

from __future__ import annotations

from enum import StrEnum

from state.dataclass import dataclass, replace
from state.items import NO_TEXT, ItemId, Text, TurnId

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
