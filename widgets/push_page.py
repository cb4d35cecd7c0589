"""The board of a push: sections of what goes where, and the box it is decided in.

Owns their drawing and height. Does not own words or keys. Invariants: of an address or
a path its end stays when it is cut; in the box nothing is cut, it wraps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.reactive import reactive
from textual.strip import Strip

from state.dataclass import dataclass, replace
from state.views import Bit, Bits, PushRow, PushSection, Tone
from widgets.box import edge_line
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import bits, cut, line, piece, width_of, wrap
from widgets.palette import palette_of

if TYPE_CHECKING:
    from textual.geometry import Size

LABEL = 22
WIDE_LABEL = 24
BROAD = 100


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a row: `label` is the width of its column; `below`: what found no room
    in the first."""

    row: PushRow
    label: int
    words: Bits
    right: Bits = ()
    below: bool = False


class PushPage(Drawn):
    """Headings and rows, one below the other."""

    DEFAULT_CSS = "PushPage { height: auto; width: 1fr; }"

    view: reactive[tuple[PushSection, ...]] = reactive[tuple[PushSection, ...]](
        (), layout=True
    )

    def _lines(self) -> list[PushSection | _Line | None]:
        """Headings, lines of rows, and None for an empty line."""
        width = self.size.width or self.app.size.width
        found: list[PushSection | _Line | None] = []
        for section in self.view:
            if found:
                found.append(None)
            found.append(section)
            longest = max((len(row.label) for row in section.rows), default=0)
            label = min(longest + 2, WIDE_LABEL if width >= BROAD else LABEL)
            for row in section.rows:
                found += _split(row, label if longest else 0, width)
        return found

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many as there are."""
        del container, viewport, width
        return len(self._lines())

    def draw_line(self, y: int) -> Strip:
        """A heading, a row, or air."""
        width, lines = self.size.width, self._lines()
        if y >= len(lines) or lines[y] is None:
            return line((), (), width)
        one = lines[y]
        if isinstance(one, PushSection):
            return self._heading(one, width)
        assert one is not None
        if one.below:
            pad = piece(" " * (4 + one.label))
            room = width - one.label - 6
            pieces = bits(_ended(one.words, room), palette_of(self))
            return line([pad, *cut(pieces, room)], (), width)
        return self._row(one, width)

    def _heading(self, section: PushSection, width: int) -> Strip:
        palette, look = palette_of(self), look_of(self)
        left = [piece(f"  {section.title}", palette.style(Tone.BRIGHT, bold=True))]
        if section.count:
            left.append(piece(f" {section.count}", palette.style(Tone.MUTED)))
        right = [*bits(section.end, palette), piece("  ")] if section.end else []
        if not look.plain:
            room = width - width_of(left) - width_of(right) - 3
            left.append(piece(f" {sign('─', look) * max(0, room)}", palette.rule()))
        return line(left, right, width)

    def _row(self, one: _Line, width: int) -> Strip:
        palette, look = palette_of(self), look_of(self)
        row, label = one.row, one.label
        mark = sign("▲", look) if row.grave else " "
        left = [piece(f"  {mark} ", palette.style(Tone.NEED))]
        if label:
            words = (
                row.label if len(row.label) < label else f"{row.label[: label - 2]}…"
            )
            left.append(piece(f"{words:<{label}}", palette.style(Tone.MUTED)))
        right = [*bits(one.right, palette), piece("  ")] if one.right else []
        room = width - width_of(left) - width_of(right) - 2
        pieces = bits(_ended(one.words, room) if row.tail else one.words, palette)
        return line([*left, *cut(pieces, room)], right, width)


def _split(row: PushRow, label: int, width: int) -> Iterator[_Line]:
    """What stands behind the first words of a row goes below it when there is no room,
    and so does why it is grave where the screen is narrow."""
    apart = row.grave and bool(row.right) and width < BROAD
    right = () if apart else row.right
    own = 2 + sum(cell_len(bit.text) for bit in right) if right else 0
    room = width - label - 6 - own
    first, rest = row.words[:1], row.words[1:]
    if not row.tail or sum(cell_len(bit.text) for bit in row.words) <= room:
        first, rest = row.words, ()
    lines = [first]
    if row.grave and first and cell_len(first[0].text) > room:
        lines = _wrapped(first, room)  # Nothing of what is asked about is cut.
    yield _Line(row, label, lines[0], right)
    for more in lines[1:]:
        yield _Line(row, label, more, below=True)
    groups: list[Bits] = [(replace(bit, text=bit.text.strip()),) for bit in rest]
    if apart:
        groups.append(row.right)
    for group in groups:
        yield _Line(row, label, group, below=True)


def _ended(words: Bits, room: int) -> Bits:
    """Without what stands after the first bit if need be, then its end alone."""
    if sum(cell_len(bit.text) for bit in words) <= room or not words:
        return words
    first, *rest = words
    if cell_len(first.text) <= room:
        left = room - cell_len(first.text)
        kept = []
        for bit in rest:
            if cell_len(bit.text) > left:
                break
            kept.append(bit)
            left -= cell_len(bit.text)
        return (first, *kept)
    text = first.text
    while text and cell_len(text) > room - 1:
        text = text[1:]
    return (replace(first, text=f"…{text}"),)


class PushStrip(Drawn):
    """The box at the bottom: what the next key does, or how it went."""

    DEFAULT_CSS = "PushStrip { height: auto; width: 1fr; }"

    view: reactive[tuple[Bits, ...]] = reactive[tuple[Bits, ...]]((), layout=True)
    title: reactive[str] = reactive("")
    edge: reactive[Tone] = reactive(Tone.FAINT)

    def _rows(self, width: int) -> list[Bits]:
        room = max(10, width - 6)
        found: list[Bits] = []
        for words in self.view:
            if sum(cell_len(bit.text) for bit in words) <= room:
                found.append(words)
            else:
                found += _wrapped(words, room)
        return found

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Its rows and two edges."""
        del container, viewport
        return len(self._rows(width)) + 2

    def draw_line(self, y: int) -> Strip:
        """An edge or a row between them."""
        width, palette, look = self.size.width, palette_of(self), look_of(self)
        heavy = self.edge is Tone.NEED
        style = palette.style(self.edge)
        rows = self._rows(width)
        if y == 0:
            words = [piece(self.title, palette.style(self.edge, bold=True))]
            return edge_line("top", (words, ()), width, style, look, heavy=heavy)
        if y > len(rows):
            return edge_line("bottom", ((), ()), width, style, look, heavy=heavy)
        side = "" if look.plain else sign("┃" if heavy else "│", look)
        pieces = [piece(f"{side:<2} ", style), *bits(rows[y - 1], palette)]
        return line(pieces, [piece(side, style)], width)


def _wrapped(words: Bits, room: int) -> list[Bits]:
    """Words in lines; each keeps its tone."""
    text = "".join(bit.text for bit in words)
    indent = " " * (len(text) - len(text.lstrip(" ")))
    tones = [bit for bit in words for _ in bit.text]
    found: list[Bits] = []
    at = 0
    further = len(indent) + 2 if indent else 0
    for number, row in enumerate(wrap(text.strip(), room - further)):
        at = max(text.find(row, at), at) if row else at
        runs: list[Bit] = []
        for offset, char in enumerate(row):
            kind = tones[min(at + offset, len(tones) - 1)]
            if runs and replace(runs[-1], text="") == replace(kind, text=""):
                runs[-1] = replace(runs[-1], text=runs[-1].text + char)
            else:
                runs.append(replace(kind, text=char))
        at += len(row)
        pad = (Bit(f"{indent}{'  ' if number else ''}"),) if indent else ()
        found.append((*pad, *runs))
    return found
