"""The rows of a screen that say what is waited for: a sentence and a bar.

Owns what is waited for, since when, and that the rows are there only while something
is. How they read is `widgets.waiting`. Invariant: of several the one that was begun
last is shown; nothing is shown before it has taken a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.views import Bits
from widgets.drawn import Drawn
from widgets.glyphs import look_of
from widgets.lines import bits, line, piece
from widgets.palette import palette_of
from widgets.waiting import waiting

if TYPE_CHECKING:
    from textual.geometry import Size
    from textual.strip import Strip

MARGIN = 2


class WaitingRows(Drawn):
    """No row, one or two."""

    DEFAULT_CSS = "WaitingRows { height: auto; width: 1fr; margin: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._since: dict[str, int] = {}
        self._shown: tuple[Bits, ...] = ()
        self._now_ms = 0

    def begin(self, words: str, now_ms: int) -> None:
        """This is waited for from `now_ms` on; a second time is no news."""
        self._since.setdefault(words, now_ms)
        self.set_clock(max(now_ms, self._now_ms))

    def end(self, words: str) -> None:
        """It is there, or will not come."""
        if self._since.pop(words, None) is not None:
            self.set_clock(self._now_ms)

    def set_clock(self, now_ms: int) -> None:
        """It is `now_ms`, ms since the epoch."""
        self._now_ms = now_ms
        rows: tuple[Bits, ...] = ()
        for words, since_ms in self._since.items():
            rows = waiting(words, now_ms - since_ms, look_of(self)) or rows
        if rows != self._shown:
            taller = len(rows) != len(self._shown)
            self._shown = rows
            self.refresh(layout=taller)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row each."""
        del container, viewport, width
        return len(self._shown)

    def draw_line(self, y: int) -> Strip:
        """A row."""
        said = self._shown[y] if y < len(self._shown) else ()
        words = bits(said, palette_of(self))
        return line([piece(" " * MARGIN), *words], (), self.size.width)
