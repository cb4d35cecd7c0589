"""Code on the surface background, its language at the right.

Owns the block's look: two cells of padding, long lines continued under a faint
sign. Invariant: the rows' source joined is the code, tabs included.
"""

from __future__ import annotations

from rich.style import Style

from state.views import Tone
from widgets import late
from widgets.cells.rows import RIGHT, Frame, Mark, Row, expand_tabs, row
from widgets.cells.wrap import Piece, Pieces, width_of, wrap
from widgets.palette import Back

PAD = 2


def code_rows(code: str, language: str, frame: Frame) -> list[Row]:
    """The rows of a code block; never empty."""
    rows: list[Row] = []
    right = [frame.piece(f"{language} ", Tone.MUTED)] if language else []
    for index, line in enumerate(
        late.highlight().code_lines(code, language, frame.palette)
    ):
        rows += wrapped_code(line, frame, right if not index else ())
    return rows


def wrapped_code(line: Pieces, frame: Frame, right: Pieces = ()) -> list[Row]:
    """One line of code, in as many rows as it needs."""
    pieces, tabs = expand_tabs(line)
    room = max(8, frame.width - frame.indent - PAD - RIGHT)
    first = room - width_of(right) - 2 if right else room
    rows: list[Row] = []
    at = 0
    for body, join in wrap(pieces, room, first=first, words=False):
        size = sum(len(piece.text) for piece in body)
        here = tuple((i - at, n) for i, n in tabs if at <= i < at + size)
        mark = Mark(join, Back.SURFACE, tabs=here)
        rows.append(row(frame, _lead(frame, more=bool(rows)), body, right, mark))
        right = ()
        at += size
    return rows


def _lead(frame: Frame, *, more: bool) -> list[Piece]:
    """The margin and padding; in rows that go on, with the sign that says so."""
    margin = Piece(" " * frame.indent, Style())
    if not more:
        return [margin, Piece(" " * PAD, Style())]
    sign = frame.piece(frame.sign("↳").ljust(PAD), Tone.FAINT)
    return [margin, sign]
