"""Tables as rows: columns boxed by spaces, a hairline under the head.

Owns widths and alignment. A table too wide wraps inside its cells; one too wide
even for that is written as records, "head: value". Invariant: no word is dropped.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

from rich.style import Style

from state.views import Tone
from widgets.cells.rows import Frame, Row, blank, row
from widgets.cells.wrap import Piece, text_of, width_of, wrap

GAP = 3
NARROW = 8
"""A column is not squeezed below this, unless its words are shorter."""

Cell = list[Piece]


class Table(NamedTuple):
    """Rows of cells, the head first; `aligns`: left, right, center or ""."""

    cells: list[list[Cell]]
    aligns: list[str]


def table_rows(table: Table, frame: Frame) -> list[Row]:
    """The rows of a table in the frame's full room."""
    natural = [max(map(width_of, column)) for column in _columns(table)]
    widths = _fit(natural, frame.room)
    if widths is None:
        return _records(table, frame)
    rows: list[Row] = []
    for index, cells in enumerate(table.cells):
        rows += _line(cells, widths, table.aligns, frame, head=not index)
        if not index:
            size = sum(widths) + GAP * (len(widths) - 1)
            line = Piece(frame.sign("─") * size, frame.palette.rule())
            rows.append(row(frame, [_margin(frame), line]))
    return rows


def _columns(table: Table) -> list[list[Cell]]:
    return [list(column) for column in zip_longest(*table.cells, fillvalue=[])]


def _margin(frame: Frame) -> Piece:
    return Piece(" " * frame.indent, Style())


def _fit(natural: list[int], room: int) -> list[int] | None:
    """Column widths within `room`, the widest squeezed first; None: impossible."""
    room -= GAP * (len(natural) - 1)
    widths = [max(1, size) for size in natural]
    floor = [min(size, NARROW) for size in widths]
    if sum(floor) > room:
        return None
    while (over := sum(widths) - room) > 0:
        widest = max(widths)
        at = [i for i, size in enumerate(widths) if size == widest]
        lower = max((s for s in widths if s < widest), default=0)
        step = max(1, min(over // len(at), widest - max(lower, NARROW)))
        for i in at:
            cut = min(step, sum(widths) - room, widths[i] - floor[i])
            widths[i] -= max(0, cut)
    return widths


def _line(
    cells: list[Cell], widths: list[int], aligns: list[str], frame: Frame, *, head: bool
) -> list[Row]:
    columns = [
        [body for body, _ in wrap(_headed(cell, frame) if head else cell, width)]
        for cell, width in zip(cells, widths, strict=False)
    ]
    rows: list[Row] = []
    for parts in zip_longest(*columns, fillvalue=[]):
        body: list[Piece] = []
        for index, (part, width) in enumerate(zip(parts, widths, strict=False)):
            free = max(0, width - width_of(part))
            before = {"right": free, "center": free // 2}.get(aligns[index], 0)
            after = free - before + GAP if index < len(parts) - 1 else 0
            body += [Piece(" " * before, Style()), *part, Piece(" " * after, Style())]
        rows.append(row(frame, [_margin(frame)], body))
    return rows


def _headed(cell: Cell, frame: Frame) -> Cell:
    bold = frame.palette.style(Tone.BRIGHT, bold=True)
    return [Piece(text, style + bold) for text, style in cell]


def _records(table: Table, frame: Frame) -> list[Row]:
    head, *lines = table.cells
    rows: list[Row] = []
    for index, cells in enumerate(lines or [[]]):
        if index:
            rows.append(blank(frame))
        pairs: list[tuple[Cell, Cell]] = list(zip_longest(head, cells, fillvalue=[]))
        for name, cell in pairs:
            label = [Piece(text_of(name) + ": ", frame.palette.style(Tone.MUTED))]
            for body, join in wrap([*label, *cell], frame.room):
                rows.append(row(frame, [_margin(frame)], body)._replace(join=join))
    return rows
