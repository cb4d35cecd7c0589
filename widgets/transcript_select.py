"""Selected text: which part of a row is meant, and how it is shown.

Owns the way from a selection's offsets to a row's source. Does not own where rows
are. Invariant: what is highlighted is what is copied, decoration is neither.
"""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from widgets.cells.rows import Frame, Row
from widgets.palette import Back


class Picked(NamedTuple):
    """A selection in the transcript; an open end stops at the viewport's edge."""

    selection: Selection
    top: int
    bottom: int

    @property
    def first(self) -> int:
        start = self.selection.start
        return self.top if start is None else start.y

    @property
    def last(self) -> int:
        end = self.selection.end
        return self.bottom - 1 if end is None else end.y

    def span(self, y: int, row: Row) -> tuple[int, int]:
        """The characters [low:high) of the row at `y` that are selected source."""
        size = row.start + len(row.text)
        if not self.first <= y <= self.last:
            return 0, 0
        found = self.selection.get_span(y)
        if found is None:
            return 0, 0
        low, high = found
        return max(low, row.start), min(size if high < 0 else high, size)


def highlighted(row: Row, picked: Picked, y: int, frame: Frame) -> Strip:
    """The row's strip with the selected part on the selection's background."""
    low, high = picked.span(y, row)
    if low >= high:
        return row.strip
    text = row.strip.text
    start, stop = cell_len(text[:low]), cell_len(text[:high])
    back = frame.palette.back(Back.CURSOR)
    over = (
        Style(bgcolor=back.bgcolor) if back.bgcolor is not None else Style(reverse=True)
    )
    middle = [
        Segment(part.text, (part.style or Style()) + over)
        for part in row.strip.crop(start, stop)
    ]
    return Strip.join([row.strip.crop(0, start), Strip(middle), row.strip.crop(stop)])
