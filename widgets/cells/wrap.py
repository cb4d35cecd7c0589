"""Styled text cut into rows of a width, with what was between the rows remembered.

Owns breaking only: at blanks, else inside the word, never inside a grapheme.
Invariant: joining the rows by their joins gives the text back, character by
character, and no row is wider than asked (a grapheme wider than the row excepted).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes
from rich.style import Style


class Piece(NamedTuple):
    """A run of text in one style."""

    text: str
    style: Style


Pieces = Sequence[Piece]

_WORD = re.compile(r"[^\S\u00a0\u202f]*[^ \t\n]*")


class Cut(NamedTuple):
    """Row [start:end) of a text and what follows it: a blank, nothing, a break."""

    start: int
    end: int
    join: str


def text_of(pieces: Pieces) -> str:
    """The text of pieces without their styles."""
    return "".join(piece.text for piece in pieces)


def width_of(pieces: Pieces) -> int:
    """Cells that pieces take, one after the other."""
    return sum(cell_len(piece.text) for piece in pieces)


def wrap(
    pieces: Pieces, width: int, *, first: int | None = None, words: bool = True
) -> Iterator[tuple[list[Piece], str]]:
    """Rows of at most `width` cells (`first` for the first one) and their joins.

    Line breaks in the text end a row. `words` False fills rows to the brim, as code
    wants it. The last row's join is a line break.
    """
    text = text_of(pieces)
    starts, at = [], 0
    for piece in pieces:
        starts.append(at)
        at += len(piece.text)
    index = 0
    for cut in _cuts(text, max(1, width), first, words=words):
        row: list[Piece] = []
        while index < len(pieces) and starts[index] < cut.end:
            piece = pieces[index]
            low = max(cut.start - starts[index], 0)
            high = cut.end - starts[index]
            if part := piece.text[low:high]:
                row.append(Piece(part, piece.style))
            if high >= len(piece.text):
                index += 1
            else:
                break
        yield row, cut.join


def cuts(text: str, width: int, first: int | None = None) -> list[Cut]:
    """Where `wrap` would cut a plain text at words."""
    return list(_cuts(text, max(1, width), first, words=True))


def _cuts(text: str, width: int, first: int | None, *, words: bool) -> Iterator[Cut]:
    room = width if first is None else max(1, first)
    at = 0
    for line in text.split("\n"):
        end = at + len(line)
        yield from _line(text, at, end, (room, width), words=words)
        at = end + 1
        room = width


def _line(
    text: str, start: int, end: int, rooms: tuple[int, int], *, words: bool
) -> Iterator[Cut]:
    """Cut one line; rooms are for its first row and for those after it."""
    room, width = rooms
    while (stop := _fits(text, start, end, room)) < end:
        cut = _at_blank(text, start, stop) if words else None
        if cut is None:
            stop = max(stop, _step(text, start, end))
            cut = Cut(start, stop, "")
        yield cut
        start = cut.end + len(cut.join)
        room = width
    yield Cut(start, end, "\n")


def _at_blank(text: str, start: int, stop: int) -> Cut | None:
    """The last break at a blank before `stop`, if the row keeps a word."""
    blank = stop if text[stop] == " " else text.rfind(" ", start, stop)
    if blank <= start:
        return None
    keep = len(text[start:blank].rstrip(" "))
    if not keep:
        return None
    first = start + keep
    last = blank
    while last < len(text) and text[last] == " ":
        last += 1
    return Cut(start, first, text[first:last])


def _fits(text: str, start: int, end: int, room: int) -> int:
    """How far a row of `room` cells reaches from `start`, at a grapheme's edge."""
    part = text[start : min(end, start + room + 1)]
    if part.isascii():
        return min(end, start + room)
    # Marks and joiners take no cell: look further than the room says.
    part = text[start : min(end, start + 4 * room + 16)]
    used = 0
    for _low, high, size in split_graphemes(part)[0]:
        used += size
        if used > room:
            return start + _low
        if start + high >= end:
            return end
    return start + len(part)


def _step(text: str, start: int, end: int) -> int:
    """The end of the grapheme at `start`: a row must take one, however narrow."""
    spans = split_graphemes(text[start : min(end, start + 32)])[0]
    return start + spans[0][1] if spans else end
