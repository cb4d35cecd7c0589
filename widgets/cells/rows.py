"""Rows: one line of the transcript on screen, and the source text it stands for.

Owns the column grid (margin 2, glyph, space, text; facts right-aligned, two cells
before the pane's edge) and the way from pieces to a Strip. Does not own what any
cell says. Invariant: a row's strip is exactly as wide as the frame and holds no
control character, whatever came in.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from state.chars import BIDI, CONTROLS, INVISIBLE, SEPARATORS, SURROGATES
from state.dataclass import dataclass
from state.text import StyleBits
from state.views import Bits, Glyph, Tone
from widgets.cells.wrap import Piece, Pieces, text_of, width_of, wrap
from widgets.glyphs import Look, sign
from widgets.palette import Back, Palette

MARGIN = 2
TEXT = 4
"""The column where text begins: margin, glyph, space."""
RIGHT = 2
"""Cells left free at the right edge."""
PROSE = 96
"""Prose is never wider than this."""

_UNSAFE = re.compile(f"[{CONTROLS}{BIDI}{INVISIBLE}{SEPARATORS}{SURROGATES}]")
_NULL = Style()
_LOOK = Look()


class Row(NamedTuple):
    """One line. `text` is the part of it that is source, beginning at character
    `start` of the strip; `join` stands between it and the next row's source. Tabs
    are drawn as blanks: `tabs` says where (index in `text`, length)."""

    strip: Strip
    text: str = ""
    start: int = 0
    join: str = "\n"
    tabs: tuple[tuple[int, int], ...] = ()
    fold: bool = False
    """a click here folds or unfolds the cell"""

    def source(self, low: int, high: int) -> str:
        """The source under the strip's characters [low:high)."""
        low = min(max(low - self.start, 0), len(self.text))
        high = min(max(high - self.start, 0), len(self.text))
        out, at = [], low
        for index, size in self.tabs:
            if low <= index and index + size <= high:
                out.append(self.text[at:index] + "\t")
                at = index + size
        return "".join(out) + self.text[at:high]


STATUS_WORDS: dict[str, str] = {
    Glyph.NEED: "needs you",
    Glyph.AUTO: "auto-review",
    Glyph.FAILED: "failed",
    Glyph.DENIED: "denied",
    Glyph.STALE: "last known",
    Glyph.CLOSED: "closed",
}
"""What plain mode says for a sign. Working, done and interrupted are in the verbs."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where and how rows are drawn: the theme, the look, cells of the whole pane."""

    palette: Palette
    width: int
    look: Look = _LOOK
    indent: int = TEXT

    @property
    def room(self) -> int:
        """Cells for text between the text column and the right edge."""
        return max(8, self.width - self.indent - RIGHT)

    @property
    def prose(self) -> int:
        """Cells for prose."""
        return min(PROSE, self.room)

    def piece(self, text: str, tone: Tone = Tone.TEXT, *, bold: bool = False) -> Piece:
        return Piece(text, self.palette.style(tone, bold=bold))

    def bits(self, bits: Bits) -> list[Piece]:
        """A read model's bits as pieces."""
        style = self.palette.style
        return [
            Piece(b.text, style(b.tone, bold=b.bold, italic=b.italic)) for b in bits
        ]

    def sign(self, text: str) -> str:
        """Our own glyph or guide, in ASCII when asked."""
        return sign(text, self.look)

    def mark(self, glyph: str, tone: Tone) -> Piece:
        """The status sign of a cell; in plain mode its word, for `head` to put in front
        of the text, or nothing where the verb says it."""
        if self.look.plain:
            return self.piece(STATUS_WORDS.get(glyph, ""), tone)
        return self.piece(self.sign(glyph), tone)

    def guide(self, *, last: bool) -> Piece:
        """The line that ties output to its command."""
        plain = self.look.ascii or self.look.plain
        return self.piece("  " if plain else "└ " if last else "│ ", Tone.FAINT)


def line_style(bits: StyleBits, base: Style) -> Style:
    """A program's own colours over our style for its text. Palette numbers 0 to 15
    stay names, so that the terminal's or the theme's own sixteen decide."""
    colour = _colour(bits.fg)
    back = _colour(bits.bg)
    if not any(bits[2:]) and colour is None and back is None:
        return base
    own = Style(
        color=colour,
        bgcolor=back,
        bold=bits.bold or None,
        dim=bits.dim or None,
        italic=bits.italic or None,
        underline=bits.underline or None,
        reverse=bits.reverse or None,
        strike=bits.strike or None,
    )
    return base + own


def _colour(value: int | tuple[int, int, int] | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, int):
        return f"color({value})"
    return "#{:02x}{:02x}{:02x}".format(*value)


def harmless(text: str) -> str:
    """Text without anything that could steer a terminal. Outside text has passed
    its door before; this holds for what a parser may have made of it since."""
    return text if text.isprintable() else _UNSAFE.sub("", text)


class Mark(NamedTuple):
    """What a row is besides its text: see `Row`; `fill` is a background from the
    text column to the right edge."""

    join: str = "\n"
    fill: Back = Back.NONE
    fold: bool = False
    tabs: tuple[tuple[int, int], ...] = ()
    hang: int = 0


_MARK = Mark()


def row(
    frame: Frame,
    left: Pieces,
    body: Pieces = (),
    right: Pieces = (),
    mark: Mark = _MARK,
) -> Row:
    """One row: `left` is decoration, `body` is source, `right` is right-aligned
    decoration, left out when there is no room. What else does not fit is cut at the
    end; callers wrap before."""
    left, body = [*map(_safe, left)], [*map(_safe, body)]
    parts = [*left, *body]
    used = width_of(parts)
    edge = frame.width - RIGHT
    if right:
        gap = edge - used - width_of(right)
        if gap >= 1:
            parts += [Piece(" " * gap, _NULL), *map(_safe, right)]
            used = edge
    if mark.fill and used < edge:
        parts.append(Piece(" " * (edge - used), _NULL))
    # The wrapping is done: a blank that held words together is a blank.
    segments = [
        Segment(piece.text.replace("\u00a0", " "), piece.style)
        for piece in parts
        if piece.text
    ]
    if mark.fill:
        back = frame.palette.back(mark.fill)
        head, rest = _part(segments, frame.indent)
        segments = [*head, *Segment.apply_style(rest, back)]
    strip = Strip(Segment.simplify(segments)).adjust_cell_length(frame.width)
    start = len(text_of(left))
    text = strip.text[start : start + len(text_of(body))]
    return Row(strip, text, start, mark.join, mark.tabs, mark.fold)


def _safe(piece: Piece) -> Piece:
    if piece.text.isprintable():
        return piece
    return Piece(harmless(piece.text), piece.style)


def _part(segments: list[Segment], at: int) -> tuple[list[Segment], list[Segment]]:
    """Segments before and after cell `at`; what stands before it is narrow."""
    head: list[Segment] = []
    for index, segment in enumerate(segments):
        if at < len(segment.text):
            if at:
                head.append(Segment(segment.text[:at], segment.style))
            rest = Segment(segment.text[at:], segment.style)
            return head, [rest, *segments[index + 1 :]]
        head.append(segment)
        at -= len(segment.text)
    return head, []


def expand_tabs(
    pieces: Pieces, size: int = 4
) -> tuple[list[Piece], tuple[tuple[int, int], ...]]:
    """Tabs as blanks up to the next column of `size`, and for each where it stands
    in the new text and how long it became."""
    out: list[Piece] = []
    marks: list[tuple[int, int]] = []
    column = index = 0
    for text, style in pieces:
        head, *rest = text.split("\t")
        built = head
        column += cell_len(head)
        for chunk in rest:
            gap = size - column % size
            marks.append((index + len(built), gap))
            built += " " * gap + chunk
            column += gap + cell_len(chunk)
        out.append(Piece(built, style))
        index += len(built)
    return out, tuple(marks)


def blank(frame: Frame) -> Row:
    """An empty row."""
    return Row(Strip.blank(frame.width))


def shows(frame: Frame, words: str, what: str) -> list[Piece]:
    """ "42 more lines · v shows all": what is folded, and the key."""
    lead = frame.sign(f"{words} · ") if words else ""
    return [
        frame.piece(lead, Tone.MUTED),
        frame.piece("v", Tone.ACCENT),
        frame.piece(f" shows {what}", Tone.MUTED),
    ]


def lines_of(number: int, more: str = "more ") -> str:
    """ "1 more line", "42 more lines"."""
    return f"{number:,} {more}line{'' if number == 1 else 's'}"


def facts(frame: Frame, bits: Bits) -> list[Piece]:
    """Right-hand facts: two cells between them, unless one brings its own blank."""
    out: list[Piece] = []
    for piece in frame.bits(bits):
        if out and not (out[-1].text.endswith(" ") or piece.text.startswith(" ")):
            out.append(Piece("  ", _NULL))
        out.append(piece)
    return out


def head(
    frame: Frame, sign: Piece, body: Pieces, right: Pieces = (), mark: Mark = _MARK
) -> list[Row]:
    """Glyph, text and right-hand facts; the text goes on under itself, `mark.hang`
    cells further in."""
    room = frame.room - mark.hang
    first = frame.room - width_of(right) - 2 if right else frame.room
    if first < min(16, frame.room):
        right, first = (), frame.room
    margin = Piece(" " * MARGIN, _NULL)
    if frame.look.plain and sign.text.strip():
        body, sign = [Piece(f"{sign.text}: ", sign.style), *body], Piece("", _NULL)
    left = [margin, sign, Piece(" ", _NULL)] if sign.text.strip() else [_at(TEXT)]
    rows: list[Row] = []
    for part, join in wrap(body, room, first=first):
        here = mark._replace(join=join)
        rows.append(row(frame, left, part, right, here))
        left, right = [_at(TEXT + mark.hang)], ()
    return rows


def _at(column: int) -> Piece:
    return Piece(" " * column, _NULL)


def crop(pieces: Pieces, width: int, mark: str) -> list[Piece]:
    """Pieces cut at the end to `width` cells, the cut marked."""
    if width_of(pieces) <= width:
        return list(pieces)
    first, _ = next(wrap(pieces, max(1, width - 1), words=False))
    return [*first, Piece(mark, first[-1].style if first else _NULL)]
