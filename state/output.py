"""Command output behind the `ansi` door: lines are made when they are drawn.

Owns the raw text and hands it out only as styled spans or as plain text for copying.
"""

from __future__ import annotations

from state.text import Line, ansi


class OutputText:
    """Command output behind the `ansi` door; lines are made when they are drawn."""

    __slots__ = ("_raw", "count")

    def __init__(self, raw: str) -> None:
        self._raw = raw.rstrip("\n")
        self.count = self._raw.count("\n") + 1 if self._raw else 0

    def lines(self, start: int = 0, stop: int | None = None) -> tuple[Line, ...]:
        """The lines [start:stop) as styled spans; negative indexes as in a list."""
        return ansi("\n".join(self._raw.split("\n")[start:stop])) if self._raw else ()

    def source(self) -> str:
        """The text for copying: no escapes, no styles."""
        return "\n".join("".join(s.text for s in line) for line in ansi(self._raw))
