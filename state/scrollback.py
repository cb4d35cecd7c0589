"""The lines of an output that grows at its end and is forgotten at its beginning.

Owns turning a terminal's tail into lines, each once: what is settled (its line break
came) is not read again. Does not own what is drawn of it. All text in it has passed
the `ansi` door. Invariant: the lines are those of the tail last given, as if it had
been read whole, but that a first line of which we dropped the beginning is dropped.
"""

from __future__ import annotations

from state.dataclass import dataclass
from state.terminals import Tail
from state.text import Line
from state.text_ansi import PLAIN, StyleBits, ansi_on

_OVERLAP = 4096
"""Characters by which a longer tail is known to be the same one, grown."""


@dataclass(frozen=True, slots=True)
class OutputLine:
    """A line; `at` counts from the output's beginning. `gap`: no line but a place where
    the engine left something out."""

    at: int
    line: Line = ()
    gap: bool = False

    @property
    def text(self) -> str:
        """Without styles."""
        return "".join(span.text for span in self.line)


class Scrollback:
    """Grows with `take`; `version` rises with each change, `dropped` counts the lines
    that were forgotten at the top since the last take."""

    def __init__(self) -> None:
        self.version = 0
        self.dropped = 0
        self._settled: list[OutputLine] = []
        self._open: OutputLine | None = None
        self._style: StyleBits = PLAIN
        self._tail = Tail()
        self._read = 0
        """up to here lines are settled, counted from the output's beginning"""

    def __len__(self) -> int:
        return len(self._settled) + (self._open is not None)

    def __getitem__(self, index: int) -> OutputLine:
        if index == len(self._settled) and self._open is not None:
            return self._open
        return self._settled[index]

    def plain(self) -> str:
        """All lines as text, for copying."""
        return "\n".join(self[i].text for i in range(len(self)) if not self[i].gap)

    def take(self, tail: Tail) -> None:
        """The output is this now."""
        self.dropped = 0
        if tail is self._tail:
            return
        self.version += 1
        if not self._grew(tail):
            self._settled, self._open = [], None
            self._style, self._read = PLAIN, tail.start
        self._parse(tail)
        self._forget(tail.start)
        self._tail = tail

    def _grew(self, tail: Tail) -> bool:
        """Whether what was read of the tail before still stands."""
        old = self._tail
        fresh = tail.end - old.end
        gaps = tail.gaps[: len(old.gaps)] == old.gaps
        if fresh < 0 or self._read < tail.start or not gaps or not old.end:
            return False
        shared = min(_OVERLAP, len(tail.text) - fresh, len(old.text))
        if shared <= 0:
            return False
        return tail.text.last(fresh + shared)[:shared] == old.text.last(shared)

    def _parse(self, tail: Tail) -> None:
        self._open = None
        rest = tail.text.last(tail.end - self._read)
        # What is missing at the very beginning is said above it, not in it.
        cuts = [g for g in tail.gaps if g and g >= max(self._read, tail.start)]
        marked = self._settled[-1].at if self._last_is_gap else -1
        for gap in cuts:
            if gap == marked:
                continue
            before, rest = rest[: gap - self._read], rest[gap - self._read :]
            self._lines(before, settle=True)
            self._settled.append(OutputLine(gap, gap=True))
        self._lines(rest, settle=False)

    @property
    def _last_is_gap(self) -> bool:
        return bool(self._settled) and self._settled[-1].gap

    def _lines(self, text: str, *, settle: bool) -> None:
        """Read more; `settle`: its last line ends here, with or without a break."""
        whole, _, part = text.rpartition("\n")
        if text and "\n" in text:
            for raw in whole.split("\n"):
                self._settle(raw, len(raw) + 1)
        if not part:
            return
        if settle:
            self._settle(part, len(part))
        else:
            lines, _ = ansi_on(part, self._style)
            self._open = OutputLine(self._read, lines[-1] if lines else ())

    def _settle(self, raw: str, length: int) -> None:
        # A line of its own separators (U+2028) is several; one row each.
        lines, self._style = ansi_on(raw, self._style)
        for line in lines or ((),):
            self._settled.append(OutputLine(self._read, line))
        self._read += length

    def _forget(self, start: int) -> None:
        """Drop the lines that begin before `start`: their beginning is gone."""
        number = 0
        while number < len(self._settled) and self._settled[number].at < start:
            number += 1
        if number:
            del self._settled[:number]
            self.dropped = number
