"""A sheet that a card's lines are written on: one width, one palette.

Owns the collecting of lines and the card's columns. Does not own what is said.
Invariant: every line has exactly the sheet's width.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from state.views import Tone
from widgets.glyphs import Look
from widgets.lines import line, piece, wrap
from widgets.palette import Back, Palette

TEXT, VALUE, RUN, LABEL = 2, 10, 14, 7
"""Columns: words, values of facts, values of the run, labels of letters."""

LEAST = 3
"""As tight as it gets"""

MOST, FIRST = 8, 6
"""Lines of prose that are shown as they are; those of a longer one that stay"""


def some(lines: list[str], *, whole: bool) -> list[str]:
    """The first lines of long prose, and how many there are besides."""
    if whole or len(lines) <= MOST:
        return lines
    return [*lines[:FIRST], f"… {len(lines) - FIRST} more lines · v shows all"]


class Sheet:
    """Collects lines of one width. `tight`: 0 as it is most legible, up to LEAST with
    no empty row at all."""

    def __init__(
        self, width: int, palette: Palette, look: Look, tight: int = 0
    ) -> None:
        self.width, self.palette, self.look = width, palette, look
        self.tight = tight
        self.strips: list[Strip] = []
        self.blank = Strip.blank(width)

    def style(
        self,
        tone: Tone = Tone.TEXT,
        back: Back = Back.NONE,
        *,
        bold: bool = False,
        italic: bool = False,
    ) -> Style:
        return self.palette.style(tone, back, bold=bold, italic=italic)

    def air(self, until: int = 2) -> None:
        """One empty row, never two; none when it is as tight as `until`."""
        if self.tight >= until:
            return
        if not self.strips or self.strips[-1] is not self.blank:
            self.strips.append(self.blank)

    def add(self, left: list[Segment], right: list[Segment] | None = None) -> None:
        end = [*right, piece("  ")] if right else []
        self.strips.append(line(left, end, self.width, gap=2))

    def words(self, text: str, style: Style, column: int = TEXT, end: int = 2) -> None:
        """A text, wrapped."""
        for part in wrap(text, self.width - column - end):
            self.add([piece(" " * column), piece(part, style)])

    def prose(self, text: str, style: Style, *, whole: bool) -> None:
        """Somebody's words, wrapped; folded when they are long."""
        for part in some(wrap(text, self.width - TEXT - 2), whole=whole):
            self.add([piece(" " * TEXT), piece(part, style)])
