"""The title of a pane: one row with words, a hairline and a right-hand part.

Owns that row. Invariant: thin and bright at rest, heavy and in the accent when its
pane is focused, so that focus shows without colour.
"""

from __future__ import annotations

from textual.reactive import reactive
from textual.strip import Strip

from state.views import Bits, Tone
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import Pieces, bits, cut, line, piece, width_of
from widgets.palette import Back, palette_of


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
        name = palette.style(Tone.ACCENT if self.live else Tone.BRIGHT, bold=True)
        words = [piece(self.title, name)]
        if self.detail:
            words.append(piece(f" {self.detail}", palette.style(Tone.MUTED)))
        if look.plain:
            return line(words, bits(self.end, palette), width)
        rule = palette.style(Tone.ACCENT) if self.live else palette.rule()
        dash = sign("━" if self.live else "─", look)
        if not self.ruled:
            left = [piece("  "), *words]
            return line(left, [*bits(self.end, palette), piece(" ")], width)
        right: Pieces = ()
        if self.end:
            end = bits(self.end, palette)
            right = [piece(" "), *end, piece(" "), piece(dash, rule)]
        room = max(0, width - 4 - width_of(right))
        left = [piece(f"{dash} ", rule), *cut(words, room), piece(" ")]
        blank = width - width_of(left) - width_of(right)
        return Strip([*left, piece(dash * max(0, blank), rule), *right]).crop(0, width)


class Hairline(Drawn):
    """A vertical line between columns."""

    DEFAULT_CSS = "Hairline { width: 1; height: 1fr; }"

    def draw_line(self, y: int) -> Strip:
        """One cell of it."""
        look = look_of(self)
        mark = " " if look.plain else sign("│", look)
        return Strip(
            [piece(mark, palette_of(self).rule(Back.NONE))]
        ).adjust_cell_length(self.size.width)
