"""The title of a pane: one row with words, a hairline and a right-hand part.

Owns that row. Invariant: thin and bright at rest, heavy and in the accent when its
pane is focused, so that focus shows without colour.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip

from state.views import Bits, Tone
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import Pieces, bits, cut, line, piece, width_of
from widgets.palette import Back, Palette, palette_of

LEAST = 12
"""Cells a title keeps beside its detail."""


class TitleLine(Drawn):
    """One row. `detail` follows the title, muted; `end` stands at the right edge."""

    DEFAULT_CSS = "TitleLine { height: 1; width: 1fr; }"

    title: reactive[str] = reactive("")
    detail: reactive[str] = reactive("")
    end: reactive[Bits] = reactive[Bits](())
    live: reactive[bool] = reactive(False)
    ruled: reactive[bool] = reactive(True)

    def __init__(
        self,
        title: str = "",
        detail: str = "",
        *,
        classes: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(TitleLine.title, title)
        self.set_reactive(TitleLine.detail, detail)

    def draw_line(self, y: int) -> Strip:
        """The row."""
        width = self.size.width
        palette, look = palette_of(self), look_of(self)
        end = bits(self.end, palette)
        if look.plain:
            return line(self._words(palette, width), end, width)
        rule = palette.style(Tone.ACCENT) if self.live else palette.rule()
        dash = sign("━" if self.live else "─", look)
        if not self.ruled:
            room = width - 6 - width_of(end)
            left = [piece("  "), *self._words(palette, room)]
            return line(left, [*end, piece("  ")], width)
        right: Pieces = ()
        if self.end:
            right = [piece(" "), *end, piece(" "), piece(dash, rule)]
        room = max(0, width - 4 - width_of(right))
        words = self._words(palette, room)
        left = [piece(f"{dash} ", rule), *cut(words, room), piece(" ")]
        blank = width - width_of(left) - width_of(right)
        return Strip([*left, piece(dash * max(0, blank), rule), *right]).crop(0, width)

    def _words(self, palette: Palette, room: int) -> list[Segment]:
        """The title, cut so far that the detail (whose this is) stays whole."""
        name = palette.style(Tone.ACCENT if self.live else Tone.BRIGHT, bold=True)
        title = [piece(self.title, name)]
        if not self.detail:
            return title
        detail = piece(f" {self.detail}", palette.style(Tone.MUTED))
        if room - detail.cell_length >= LEAST:
            title = [*cut(title, room - detail.cell_length)]
        return [*title, detail]


class Hairline(Drawn):
    """A vertical line between columns."""

    DEFAULT_CSS = "Hairline { width: 1; height: 1fr; }"

    _cell: Strip | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """All cells are the same: the first one drawn serves for the others."""
        self._cell = None
        return super().render_lines(crop)

    def draw_line(self, y: int) -> Strip:
        """One cell of it."""
        if self._cell is not None:
            return self._cell
        look = look_of(self)
        mark = " " if look.plain else sign("│", look)
        rule = piece(mark, palette_of(self).rule(Back.NONE))
        self._cell = Strip([rule]).adjust_cell_length(self.size.width)
        return self._cell
