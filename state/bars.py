"""Time on cells: a window of time, its ticks, and a lane's spans as characters.

Owns how much time a cell is and which span a cell shows. Does not own colours nor who
draws. Pure. Invariants: a bar has exactly the cells asked for; what needs a person is
shown however short it was; shapes alone tell the kinds apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from state.dataclass import dataclass, replace
from state.timeline import Doing, End, Sign, Span
from state.views.base import Glyph

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
ZOOMS = (
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    40 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    84 * DAY,
    364 * DAY,
)
"""How much time can be seen at once, in ms."""
_TICKS = (
    *(n * SECOND for n in (1, 2, 5, 10, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 4, 8, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28, 84)),
)

SHAPES = {
    Doing.WORKING: "█",
    Doing.REVIEW: "━",
    Doing.AUTO: "═",
    Doing.WAITING: "─",
    Doing.INTERRUPTED: "┄",
}
SIGNS = {
    End.COMPLETED: Glyph.DONE,
    End.FAILED: Glyph.FAILED,
    End.INTERRUPTED: Glyph.INTERRUPTED,
    End.ASKED: Glyph.NEED,
    End.AUTO: Glyph.AUTO,
}
WORDS = {
    Doing.WORKING: "working",
    Doing.REVIEW: "waits for you",
    Doing.AUTO: "auto-review",
    Doing.WAITING: "waits for an agent",
    Doing.INTERRUPTED: "interrupted",
}


@dataclass(frozen=True, slots=True)
class BarCell:
    """One cell of a bar: its character and what it stands for."""

    text: str
    what: Doing | End | None


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is seen. `follow`: its end is now."""

    end_ms: int
    span_ms: int
    follow: bool = True

    @property
    def start_ms(self) -> int:
        """The left edge."""
        return self.end_ms - self.span_ms

    def zoomed(self, step: int) -> Window:
        """More (-1) or less (1) detail, the end held."""
        at = min(range(len(ZOOMS)), key=lambda i: abs(ZOOMS[i] - self.span_ms))
        at = min(max(at + step, 0), len(ZOOMS) - 1)
        return replace(self, span_ms=ZOOMS[at])

    def moved(self, ms: int) -> Window:
        """Another part of time."""
        return replace(self, end_ms=self.end_ms + ms, follow=False)

    def cell_ms(self, width: int) -> float:
        """How much time one cell is."""
        return self.span_ms / max(1, width)

    def cell_of(self, at_ms: int, width: int) -> int:
        """The cell of a moment; may lie outside."""
        return int((at_ms - self.start_ms) // self.cell_ms(width))

    def time_of(self, cell: int, width: int) -> int:
        """The end of a cell's time."""
        return int(self.start_ms + (cell + 1) * self.cell_ms(width))


def fitting(first_ms: int, last_ms: int) -> Window:
    """The closest window that holds both."""
    needed = max(1, last_ms - first_ms)
    span = next((zoom for zoom in ZOOMS if zoom >= needed), needed)
    return Window(last_ms, span)


def ticks(window: Window, width: int, zero_ms: int) -> list[tuple[int, int]]:
    """(cell, ms before `zero_ms`) of the ticks; the last one is at `zero_ms`."""
    most = max(1, width // 12)
    step = next((s for s in _TICKS if window.span_ms / s <= most), _TICKS[-1])
    found = []
    at = zero_ms - max(0, (zero_ms - window.end_ms) // step) * step
    while at >= window.start_ms:
        if at <= window.end_ms:
            cell = min(width - 1, window.cell_of(at, width))
            found.append((cell, zero_ms - at))
        at -= step
    return found[::-1]


def bar(
    spans: Iterable[Span],
    signs: Iterable[Sign],
    window: Window,
    width: int,
    now_ms: int,
) -> list[BarCell]:
    """A lane's spans in this window, `width` cells."""
    per = window.cell_ms(width)
    held: list[dict[Doing, float]] = [{} for _ in range(width)]
    for span in spans:
        end = now_ms if span.end_ms is None else span.end_ms
        for cell, share in _shares(span.start_ms, end, window, width, per):
            held[cell][span.doing] = held[cell].get(span.doing, 0.0) + share
    cells = [_cell(shares) for shares in held]
    for sign in signs:
        _put(cells, sign, window, width)
    return cells


def _shares(
    start: int, end: int, window: Window, width: int, per: float
) -> Iterator[tuple[int, float]]:
    """(cell, share of it) that a time covers; what is shorter than a cell has one."""
    low, high = (start - window.start_ms) / per, (end - window.start_ms) / per
    if high < 0 or low >= width:
        return
    first, last = max(0, int(low)), min(width - 1, int(high))
    for cell in range(first, last + 1):
        share = min(high, cell + 1) - max(low, cell)
        if share > 0 or first == last:
            yield cell, max(share, 0.01)


_EMPTY = BarCell(" ", None)


def _cell(shares: dict[Doing, float]) -> BarCell:
    if not shares:
        return _EMPTY
    for doing in (Doing.REVIEW, Doing.AUTO):
        if doing in shares:
            return BarCell(SHAPES[doing], doing)
    doing = max(shares, key=lambda one: (shares[one], one))
    if sum(shares.values()) < 0.5 and len(shares) == 1 and doing is Doing.INTERRUPTED:
        return _EMPTY
    return BarCell(SHAPES[doing], doing)


def _put(cells: list[BarCell], sign: Sign, window: Window, width: int) -> None:
    """An end stands right after its bar, an ask where it began."""
    cell = window.cell_of(sign.at_ms, width)
    ends = sign.end in (End.COMPLETED, End.FAILED, End.INTERRUPTED)
    if sign.at_ms > window.end_ms or cell < 0:
        return
    cell = min(cell, width - 1)
    if ends and cell + 1 < width and cells[cell].what is Doing.WORKING:
        after = cells[cell + 1].what
        cell += after is None or after is Doing.INTERRUPTED
    cells[cell] = BarCell(str(SIGNS[sign.end]), sign.end)
