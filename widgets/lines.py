"""Lines of exactly one width: a left part, a right part, and what fills the rest.

Owns the cutting and padding of drawn lines. Does not own colours or what is said.
Invariant: a strip has exactly the width asked for and holds no control character,
whatever text it was given; the right part goes whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from state.views import Bit, Tone
from widgets.palette import Back

if TYPE_CHECKING:
    from rich.style import Style

    from widgets.palette import Palette

Pieces = Sequence[Segment]

# The doors of `state.text` did this already; a line break or escape that came round
# them must still not break the line.
_UNSAFE = {
    code: " " if code in (9, 10, 13) else None
    for code in (
        *range(0x20),
        *range(0x7F, 0xA0),
        *range(0x200E, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
    )
}
_UNSAFE_CHARS = frozenset(map(chr, _UNSAFE))


def one_line(text: str) -> str:
    """Text without anything that would leave its line."""
    if text.isascii() and text.isprintable():
        return text
    return text if _UNSAFE_CHARS.isdisjoint(text) else text.translate(_UNSAFE)


def piece(text: str, style: Style | None = None) -> Segment:
    """A run of text in one style, safe to draw."""
    return Segment(one_line(text), style)


def bits(
    given: Iterable[Bit],
    palette: Palette,
    back: Back = Back.NONE,
    *,
    quiet: bool = False,
) -> list[Segment]:
    """A read model's bits as pieces. `quiet`: everything muted."""
    return [
        piece(
            bit.text,
            palette.style(
                Tone.MUTED if quiet else bit.tone,
                back,
                bold=bit.bold,
                italic=bit.italic,
            ),
        )
        for bit in given
    ]


def width_of(pieces: Pieces) -> int:
    """The cells these pieces take."""
    return sum(cell_len(p.text) for p in pieces)


def _beginnings(pieces: Pieces, room: int) -> Pieces:
    """The pieces with no more of a long text than can matter in so many cells: what
    a name of thousands of characters takes is not counted for each line drawn."""
    most = 4 * room + 64
    if all(len(one.text) <= most for one in pieces):
        return pieces
    return [Segment(_beginning(p.text, most, room), p.style) for p in pieces]


def _beginning(text: str, most: int, room: int) -> str:
    head = text[:most]
    # Of marks that take no cell, any number may come before what is seen.
    return head if len(text) > most and cell_len(head) > room + 2 else text


def cut(pieces: Pieces, room: int) -> list[Segment]:
    """As many cells of the pieces as fit, ending in … when something is missing."""
    pieces = _beginnings(pieces, room)
    if width_of(pieces) <= room:
        return list(pieces)
    if room <= 0:
        return []
    kept: list[Segment] = []
    left = room - 1
    for one in pieces:
        cells = cell_len(one.text)
        if cells <= left:
            kept.append(one)
            left -= cells
            continue
        text = set_cell_size(one.text, left).rstrip() if left else ""
        kept.append(Segment(text + "…", one.style))
        break
    return [p for p in kept if p.text]


def line(
    left: Pieces,
    right: Pieces,
    width: int,
    fill: Style | None = None,
    *,
    gap: int = 1,
) -> Strip:
    """Left part from the left, right part to the right edge, exactly `width` cells.

    The left part is cut to make room. A right part that would leave it less than
    six cells is not drawn.
    """
    left = _beginnings(left, max(6, width))
    taken = width_of(right)
    if taken and width - taken - gap < min(6, width_of(left)):
        right, taken = (), 0
    room = width - taken - (gap if taken else 0)
    kept = cut(left, room)
    blank = width - taken - width_of(kept)
    pieces = [*kept]
    if blank > 0:
        pieces.append(Segment(" " * blank, fill))
    return Strip([*pieces, *right]).adjust_cell_length(width, fill)


def wrap(text: str, width: int) -> list[str]:
    """Words in lines of at most `width` cells; what has no space is broken."""
    width = max(1, width)
    lines: list[str] = []
    for source in text.split("\n"):
        row, used = "", 0
        for word in one_line(source).split(" "):
            cells = cell_len(word)
            if row and used + 1 + cells <= width:
                row, used = f"{row} {word}", used + 1 + cells
                continue
            if row:
                lines.append(row)
            *whole, word = fold(word, width)
            lines += whole
            row, used = word, cell_len(word)
        lines.append(row)
    return lines


def fold(text: str, width: int) -> list[str]:
    """A text cut into pieces of at most `width` cells, losing nothing."""
    text = one_line(text)
    if cell_len(text) <= width:
        return [text]
    if text.isascii():
        return [text[i : i + width] for i in range(0, len(text), width)]
    parts: list[str] = []
    part, used = "", 0
    for char in text:
        cells = cell_len(char)
        if used + cells > width and part:
            parts.append(part)
            part, used = "", 0
        part += char
        used += cells
    return [*parts, part]
