"""The top and bottom line of a box: words in a border, left and right.

Owns those lines; a box is where the user acts: composer, card, dialog. Invariant:
exactly the width asked for; words on the left are cut before those on the right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual.strip import Strip

from widgets.glyphs import Look, sign
from widgets.lines import Pieces, cut, line, piece, width_of

if TYPE_CHECKING:
    from rich.style import Style

_CORNERS = {
    ("thin", "top"): "╭─╮",
    ("thin", "bottom"): "╰─╯",
    ("heavy", "top"): "┏━┓",
    ("heavy", "bottom"): "┗━┛",
}


def edge_line(
    edge: Literal["top", "bottom"],
    words: tuple[Pieces, Pieces],
    width: int,
    style: Style,
    look: Look,
    *,
    heavy: bool = False,
) -> Strip:
    """A box's top or bottom line with words at its left and its right."""
    left, right = words
    if look.plain:
        return line(left, right, width)
    start, dash, end = tuple(_CORNERS["heavy" if heavy else "thin", edge])
    if look.ascii:
        start, dash, end = "+", sign(dash, look), "+"
    room = width - 6
    if right and width_of(right) + 8 > room:
        right = ()
    after = [piece(" "), *right, piece(f" {dash}{end}", style)] if right else []
    if not right:
        after = [piece(end, style)]
    kept = cut(left, width - 4 - width_of(after)) if left else []
    before = [piece(f"{start}{dash}", style)]
    if kept:
        before = [piece(f"{start}{dash} ", style), *kept, piece(" ")]
    blank = width - width_of(before) - width_of(after)
    return Strip([*before, piece(dash * max(0, blank), style), *after]).crop(0, width)
