"""Lines of words below a form: sentences that wrap, and rows with a label.

Owns their drawing and height. Invariant: nothing is cut: a sentence wraps, and what
has no room on the right of a row stands below its words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip

from state.dataclass import replace
from state.views import Bits, InForce, Tone
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import bits, line, piece, width_of, wrap
from widgets.palette import palette_of
from widgets.setting_row import LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.geometry import Size

MARGIN = 4
PROSE = 96


class Sentences(Drawn):
    """Sentences of one tone each (the first bit's), wrapped."""

    DEFAULT_CSS = "Sentences { height: auto; width: 1fr; }"

    view: reactive[tuple[Bits, ...]] = reactive[tuple[Bits, ...]]((), layout=True)

    def _rows(self, width: int) -> list[tuple[str, Tone]]:
        room = min(PROSE, max(10, width - MARGIN - 2))
        return [
            (row, sentence[0].tone)
            for sentence in self.view
            if sentence
            for row in wrap(self._text(sentence), room)
        ]

    def _text(self, sentence: Bits) -> str:
        text = "".join(bit.text for bit in sentence)
        return text.replace("⊘", sign("⊘", look_of(self)))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as they wrap to."""
        del container, viewport
        return len(self._rows(width))

    def draw_line(self, y: int) -> Strip:
        """A row."""
        width = self.size.width
        rows = self._rows(width)
        if y >= len(rows):
            return line((), (), width)
        text, tone = rows[y]
        return line(
            [piece(" " * MARGIN + text, palette_of(self).style(tone))], (), width
        )


class InForceRows(Drawn):
    """Label, what is in force, where it is from."""

    DEFAULT_CSS = "InForceRows { height: auto; width: 1fr; }"

    view: reactive[tuple[InForce, ...]] = reactive[tuple[InForce, ...]]((), layout=True)

    def _rows(self, width: int) -> list[tuple[list[Segment], list[Segment]]]:
        """Left and right parts of the lines."""
        rows: list[tuple[list[Segment], list[Segment]]] = []
        for one in self.view:
            left, right = self._left(one), self._right(one)
            if width_of(left) + width_of(right) + 2 <= width:
                rows.append((left, right))
            else:
                rows += [(left, []), ([piece(" " * (LABEL + 2)), *right], [])]
        return rows

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row each; two where there is too little room beside the words."""
        del container, viewport
        return len(self._rows(width))

    def draw_line(self, y: int) -> Strip:
        """A row."""
        width = self.size.width
        rows = self._rows(width)
        if y >= len(rows):
            return line((), (), width)
        left, right = rows[y]
        return line(left, right, width, gap=2)

    def _left(self, row: InForce) -> list[Segment]:
        palette, look = palette_of(self), look_of(self)
        label = piece(f"  {row.label:<{LABEL - 2}}", palette.style(Tone.TEXT))
        words = list(row.words)
        if look.plain or look.ascii:
            words = [replace(bit, text=sign(bit.text, look).lstrip()) for bit in words]
            words = [words[0], *row.words[1:]]
        return [label, *bits(words, palette)]

    def _right(self, row: InForce) -> list[Segment]:
        if not row.source:
            return []
        return [piece(row.source, palette_of(self).style(Tone.MUTED)), piece("  ")]


class KeyHints(Drawn):
    """The keys of a board, in one row: key in the accent, what it does muted."""

    DEFAULT_CSS = "KeyHints { height: 1; width: 1fr; }"

    view: reactive[tuple[tuple[str, str], ...]] = reactive[tuple[tuple[str, str], ...]](
        ()
    )

    def draw_line(self, y: int) -> Strip:
        """As many as fit; the last one, the way out, always."""
        palette, width = palette_of(self), self.size.width
        hints = [
            (
                piece("   ", palette.style(Tone.MUTED)),
                piece(key, palette.style(Tone.ACCENT)),
                piece(f" {words}", palette.style(Tone.MUTED)),
            )
            for key, words in self.view
        ]
        way_out = hints[-1:]
        # The first one's margin is narrower by a cell.
        room = width + 1 - _cells(way_out)
        shown = []
        for hint in hints[:-1]:
            room -= _cells([hint])
            if room < 0:
                break
            shown.append(hint)
        pieces = [part for hint in [*shown, *way_out] for part in hint]
        return line([piece("  "), *pieces[1:]], (), width)


def _cells(hints: Sequence[tuple[Segment, ...]]) -> int:
    return sum(part.cell_length for hint in hints for part in hint)
