"""The rows of the sandbox inspector: settings, roots, the answer of a probe.

Owns their columns at every width. Invariant: a path keeps its end when it is cut, and
the access word always stands whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip

from state.views import ProbeLine, RootLine, SettingLine, Tone
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import bits, cut, line, piece, width_of, wrap
from widgets.palette import Back, palette_of

if TYPE_CHECKING:
    from rich.style import Style
    from textual.geometry import Size

WIDE = 100


def _columns(width: int) -> tuple[int, int, int]:
    """Where the second, third and fourth column begin; a last one of 0: no room."""
    if width >= WIDE:
        return 20, 50, 72
    return 16, max(34, width - 26), 0


def _tail(text: str, room: int) -> str:
    """The end of a path, which tells more than its beginning."""
    if cell_len(text) <= room or room < 4:
        return text
    kept = text
    while kept and cell_len(kept) > room - 1:
        kept = kept[1:]
    return f"…{kept}"


def _cells(
    pieces: list[Segment], start: int, width: int, fill: Style | None = None
) -> list[Segment]:
    """Pieces cut and padded so that what follows begins at `width`."""
    kept = cut(pieces, max(0, width - start - 1))
    blank = width - start - width_of(kept)
    return [*kept, piece(" " * max(0, blank), fill)]


class SettingRows(Drawn):
    """Label, value, who set it, where."""

    DEFAULT_CSS = "SettingRows { height: auto; width: 1fr; }"

    view: reactive[tuple[SettingLine, ...]] = reactive[tuple[SettingLine, ...]](
        (), layout=True
    )

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A heading, and a row each."""
        del container, viewport, width
        return len(self.view) + 1 if self.view else 0

    def draw_line(self, y: int) -> Strip:
        """The heading or a row."""
        width, palette = self.size.width, palette_of(self)
        muted = palette.style(Tone.MUTED)
        second, third, fourth = _columns(width)
        if y == 0:
            heading = _cells([piece("  Setting", muted)], 0, second)
            heading += _cells([piece("In force", muted)], second, third)
            return line([*heading, piece("Set by", muted)], (), width)
        if y > len(self.view):
            return line((), (), width)
        row = self.view[y - 1]
        pieces = _cells([piece(f"  {row.label}", muted)], 0, second)
        pieces += _cells(bits(row.value, palette), second, third)
        by = [piece(row.set_by, palette.style(Tone.TEXT))]
        if fourth:
            by = [*_cells(by, third, fourth), piece(row.place, muted)]
        return line([*pieces, *by], (), width)


class RootRows(Drawn):
    """Access, path, because, set by; the row that decided is marked."""

    DEFAULT_CSS = "RootRows { height: auto; width: 1fr; }"
    what = "Path"

    view: reactive[tuple[RootLine, ...]] = reactive[tuple[RootLine, ...]](
        (), layout=True
    )

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A heading, and a row each."""
        del container, viewport, width
        return len(self.view) + 1 if self.view else 0

    def draw_line(self, y: int) -> Strip:
        """The heading or a row."""
        width, palette = self.size.width, palette_of(self)
        muted = palette.style(Tone.MUTED)
        _, third, fourth = _columns(width)
        if y == 0:
            heading = _cells([piece("  Access", muted)], 0, 12)
            heading += _cells([piece(self.what, muted)], 12, third)
            heading += _cells([piece("Because", muted)], third, fourth or width)
            return line([*heading, piece("Set by" if fourth else "", muted)], (), width)
        if y > len(self.view):
            return line((), (), width)
        return self._row(self.view[y - 1], width)

    def _row(self, row: RootLine, width: int) -> Strip:
        palette, look = palette_of(self), look_of(self)
        back = Back.CURSOR_REST if row.decides else Back.NONE
        _, third, fourth = _columns(width)
        fill = palette.back(back) if row.decides else None
        strong = row.access in ("write", "denied") and not row.inside
        style = palette.style(row.tone, back, bold=strong)
        muted = palette.style(Tone.MUTED, back)
        mark = sign("▌", look) if row.decides else " "
        glyph = "" if look.plain else f"{sign(row.glyph, look)} "
        pieces = [piece(f"{mark} ", palette.style(Tone.FAINT, back))]
        pieces += _cells([piece(f"{glyph}{row.access}", style)], 2, 12)
        room = third - 13 - (2 if row.inside else 0)
        indent = "  " if row.inside else ""
        path = [
            piece(indent),
            piece(_tail(row.path, room), palette.style(row.tone, back)),
        ]
        left = room - cell_len(row.path) - 3
        if row.real and left > 6:
            path.append(piece(f" {sign('→', look)} {_tail(row.real, left)}", muted))
        pieces += _cells(path, 12, third)
        because = row.because or ("" if fourth else row.set_by)
        pieces += _cells(
            [piece(because, palette.style(Tone.TEXT, back))], third, fourth or width
        )
        right: list[Segment] = []
        if row.decides and width >= WIDE:
            right = [piece("decides the probe ", muted)]
        if fourth:
            pieces.append(piece(row.set_by, muted))
        return line(pieces, right, width, fill)


class HostRows(RootRows):
    """The same of hosts."""

    DEFAULT_CSS = "HostRows { height: auto; width: 1fr; }"
    what = "Host"


class ProbeRows(Drawn):
    """The answer: predicted, real, what would allow it."""

    DEFAULT_CSS = "ProbeRows { height: auto; width: 1fr; }"

    view: reactive[tuple[ProbeLine, ...]] = reactive[tuple[ProbeLine, ...]](
        (), layout=True
    )

    def _rows(self, width: int) -> list[tuple[str, list[Segment], str]]:
        palette = palette_of(self)
        rows: list[tuple[str, list[Segment], str]] = []
        for one in self.view:
            room = max(20, width - 17)
            pieces = bits(one.words, palette)
            if width_of(pieces) <= room - len(one.right) - 2:
                rows.append((one.label, pieces, one.right))
                continue
            first, *rest = one.words
            head = bits((first,), palette)
            text = "".join(bit.text for bit in rest).strip()
            if not rest:
                head, text = [], first.text
            if head:
                rows.append((one.label, head, one.right))
            style = palette.style((rest or [first])[-1].tone)
            for number, part in enumerate(wrap(text, room)):
                label = one.label if not head and number == 0 else ""
                rows.append((label, [piece(part, style)], ""))
        return rows

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as it wraps to."""
        del container, viewport
        return len(self._rows(width))

    def draw_line(self, y: int) -> Strip:
        """A row."""
        width, palette = self.size.width, palette_of(self)
        rows = self._rows(width)
        if y >= len(rows):
            return line((), (), width)
        label, pieces, right = rows[y]
        muted = palette.style(Tone.MUTED)
        left = [*_cells([piece(f"  {label}", muted)], 0, 16), *pieces]
        return line(left, [piece(f"{right} ", muted)] if right else (), width)
