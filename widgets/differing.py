"""Which cells of a line differ from what stands there.

Owns that comparison: a spinner turns in one cell, an answer grows at its end, and
only those cells need to go over the wire. Invariant: every cell that differs is in
the span; a wide or combined character is never cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import ne

from rich.segment import Segment
from textual.strip import Strip


def differing(old: Strip, new: Strip) -> tuple[int, int]:
    """The first cell that differs and the one after the last; of equal lines
    (0, 0). Lines of different width differ in every cell."""
    width = new.cell_length
    if old.cell_length != width:
        return 0, max(width, old.cell_length)
    start = _same_cells(old, new)
    if start == width:
        return 0, 0
    end = width - _same_cells(_reversed(old), _reversed(new))
    return min(start, end), max(start, end)


def _reversed(strip: Strip) -> list[Segment]:
    """Last cell first; what is not ASCII is left as it is, for it is never cut."""
    return [
        Segment(s.text[::-1] if s.text.isascii() else s.text, s.style)
        for s in reversed([*strip])
    ]


def _same_cells(old: Iterable[Segment], new: Iterable[Segment]) -> int:
    """How many cells at the beginning are alike."""
    cells = 0
    for a, b in zip(old, new, strict=False):
        if a.style != b.style:
            break
        if a.text != b.text:
            if a.text.isascii() and b.text.isascii():
                cells += next(
                    (at for at, other in enumerate(map(ne, a.text, b.text)) if other),
                    min(len(a.text), len(b.text)),
                )
            break
        cells += b.cell_length
    return cells
