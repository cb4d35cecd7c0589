"""Rows of cells, drawn once and kept; and the words that are no cell.

Owns the cache by (key, revision, fold), one parser per growing answer, and the
hints at the viewport's edges. Does not own where rows are. Invariant: what is given
for a cell is what drawing it afresh would give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.style import Style

from state.dataclass import dataclass
from state.items import ItemId, TurnId
from state.views import AnswerCell, Cell, CellBody, Tone, TurnRule
from widgets import late
from widgets.cells import render as cells
from widgets.cells.lines import Clock, since_words
from widgets.cells.rows import MARGIN, RIGHT, Frame, Row, blank, row
from widgets.cells.wrap import Piece, width_of, wrap
from widgets.waiting import CELLS, waiting

if TYPE_CHECKING:
    from widgets.markdown import Stream

Key = tuple[TurnId, ItemId]
KEPT = 400
"""Cells whose rows are kept; a screen shows some dozens."""
_NULL = Style()


@dataclass(frozen=True, slots=True)
class _Drawn:
    """`since`: the age that was drawn, for cells that show one."""

    body: CellBody
    unfolded: bool
    since: str
    rows: list[Row]


class Drawer:
    """Draws cells in a frame. `drawn` counts the cells drawn, for tests."""

    def __init__(self) -> None:
        self.frame: Frame | None = None
        self.clock = Clock()
        self.unfolded: set[Key] = set()
        self.drawn = 0
        self._cache: dict[Key, _Drawn] = {}
        self._streams: dict[Key, Stream] = {}

    def reset(self, frame: Frame) -> None:
        """Another frame: nothing drawn before fits."""
        self.frame = frame
        self._cache.clear()
        self._streams.clear()

    def rows(self, cell: Cell) -> list[Row]:
        """The rows of a cell, from the cache if nothing changed."""
        assert self.frame is not None
        since, body = "", cell.body
        if isinstance(body, TurnRule):
            since = since_words(body.at_ms, self.clock.now_ms)
        unfolded = cell.key in self.unfolded
        found = self._cache.pop(cell.key, None)
        if (
            found is None
            or found.body is not body
            or found.unfolded is not unfolded
            or found.since != since
        ):
            found = _Drawn(body, unfolded, since, self._draw(cell, self.frame))
        self._cache[cell.key] = found
        if len(self._cache) > KEPT:
            del self._cache[next(iter(self._cache))]
        return found.rows

    def _draw(self, cell: Cell, frame: Frame) -> list[Row]:
        self.drawn += 1
        body = cell.body
        if isinstance(body, AnswerCell):
            stream = self._streams.pop(cell.key, None)
            if body.live and stream is None:
                stream = late.markdown().Stream(frame)
            if stream is not None:
                if body.live:
                    self._streams[cell.key] = stream
                return stream.rows(body.markdown) or [blank(frame)]
        unfolded = cell.key in self.unfolded
        return cells.render(body, frame, self.clock, unfolded=unfolded)


class Hidden(NamedTuple):
    """Rows out of sight. `exact`: no guess in the number."""

    rows: int
    exact: bool = True


def hint_above(hidden: Hidden, frame: Frame) -> Row:
    """↑ 8 lines above"""
    return _hint("↑", f"{_lines(hidden)} above", frame)


def hint_below(hidden: Hidden, new: int, frame: Frame) -> Row:
    """↓ 12 new lines · G, or ↓ 40 lines below · G"""
    words = f"{_lines(Hidden(new), 'new ')}" if new else f"{_lines(hidden)} below"
    return _hint("↓", words, frame, "G")


def hint_older(frame: Frame) -> Row:
    """↑ older turns, drawn above the first cell while there are some."""
    return _hint("↑", "older turns", frame)


def _lines(hidden: Hidden, more: str = "") -> str:
    about = "" if hidden.exact else "about "
    return f"{about}{hidden.rows:,} {more}line{'' if hidden.rows == 1 else 's'}"


def _hint(sign: str, words: str, frame: Frame, key: str = "") -> Row:
    # The words say which way; plain mode needs no arrow beside them.
    arrow = "" if frame.look.plain else f"{frame.sign(sign)} "
    pieces = [
        Piece(" " * MARGIN, _NULL),
        frame.piece(f"{arrow}{words}", Tone.MUTED),
    ]
    if key:
        pieces += [
            frame.piece(frame.sign(" · "), Tone.MUTED),
            frame.piece(key, Tone.ACCENT),
        ]
    return row(frame, pieces)


def empty_rows(lines: tuple[str, ...], height: int, frame: Frame) -> list[Row]:
    """Sentences for an empty transcript, in the middle. A tab sets a key apart from
    what it does; the first line is the question; a line that begins with / has its
    command in the accent."""
    pairs = [line.partition("\t") for line in lines]
    column = max((len(key) + 3 for key, tab, _ in pairs if tab), default=0)
    drawn = [_sentence(i, pair, column, frame) for i, pair in enumerate(pairs)]
    widest = max((width_of(pieces) for pieces in drawn), default=0)
    left = max(MARGIN, (frame.width - widest) // 2)
    room = max(8, frame.width - left - RIGHT)
    rows: list[Row] = []
    for pieces in drawn:
        hang = " " * (left + (column if _hangs(pieces, column) else 0))
        lead = " " * left
        for part in _hung(pieces, room, len(hang) - left):
            rows.append(row(frame, [Piece(lead, _NULL)], part))
            lead = hang
    top = max(0, (height - len(rows)) // 2)
    return [*(blank(frame) for _ in range(top)), *rows]


def _hung(pieces: list[Piece], room: int, hang: int) -> list[list[Piece]]:
    """Rows of a sentence; those after its first have `hang` cells less."""
    return [part for part, _ in wrap(pieces, max(8, room - hang), first=room)]


def _hangs(pieces: list[Piece], column: int) -> bool:
    return column > 0 and len(pieces) == 2 and len(pieces[0].text) == column


def _sentence(
    index: int, pair: tuple[str, str, str], column: int, frame: Frame
) -> list[Piece]:
    key, tab, rest = pair
    if tab:
        tone = Tone.TEXT if " " in key.strip() else Tone.ACCENT
        return [frame.piece(key.ljust(column), tone), frame.piece(rest, Tone.MUTED)]
    if not index:
        return [frame.piece(key, Tone.BRIGHT, bold=True)]
    if key.startswith("/"):
        command, blank_, rest = key.partition(" ")
        return [
            frame.piece(command, Tone.ACCENT),
            frame.piece(blank_ + rest, Tone.MUTED),
        ]
    return [frame.piece(key)]


def waiting_rows(waited_ms: int, height: int, frame: Frame) -> list[Row]:
    """The thread is being read: a sentence and a bar, in the middle."""
    said = waiting("Reading the thread …", waited_ms, frame.look)
    lead = Piece(" " * max(MARGIN, (frame.width - CELLS) // 2), _NULL)
    rows = [
        row(frame, [lead, *(frame.piece(bit.text, bit.tone) for bit in line)])
        for line in said
    ]
    return [*(blank(frame) for _ in range(max(0, height - len(rows)) // 2)), *rows]
