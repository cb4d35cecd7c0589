"""A command and its output under the guide.

Owns what is folded away: a failed command keeps its first lines, one that went well
its last, a running one what it says now. Invariant: folded lines are counted, and
the command's own words are never cut without saying so.
"""

from __future__ import annotations

from typing import NamedTuple

from rich.style import Style

from state.output import OutputText
from state.text import Line
from state.views import CommandCell, Tone
from widgets.cells.rows import (
    Frame,
    Mark,
    Row,
    crop,
    facts,
    head,
    line_style,
    lines_of,
    row,
    shows,
)
from widgets.cells.wrap import Piece, Pieces, wrap

FEW = 3
"""Output of so many lines is never folded."""
COMMAND_ROWS = 3
LIMIT = 2000
"""Lines of output drawn at most when unfolded: so many, half at each end."""


class _Under(NamedTuple):
    """A line under the guide: the command's own output, or words of ours."""

    pieces: list[Piece]
    source: bool = False


def command_rows(cell: CommandCell, frame: Frame, *, unfolded: bool) -> list[Row]:
    """The rows of a command cell."""
    body = [
        frame.piece(cell.verb, Tone.BRIGHT, bold=True),
        frame.piece(f" {cell.command.text}"),
    ]
    sign = frame.mark(cell.glyph, cell.tone)
    mark = Mark(fold=True, hang=2)
    rows = head(frame, sign, body, facts(frame, cell.right), mark)
    hidden = 0
    if not unfolded and len(rows) > COMMAND_ROWS + 1:
        hidden = len(rows) - COMMAND_ROWS
        rows = rows[:COMMAND_ROWS]
    below = [_Under([frame.piece(words, Tone.NEED)]) for words in cell.command.warnings]
    below += _output(cell, frame, hidden, unfolded=unfolded)
    if cell.note:
        below.append(_Under([frame.piece(cell.note, _note_tone(cell))]))
    return rows + _guided(below, frame, unfolded=unfolded)


def foldable(cell: CommandCell, frame: Frame) -> bool:
    """Whether folding this command hides anything."""
    if cell.output.count > FEW or "\n" in cell.command.text:
        return True
    long = max((len(line) for line in cell.command.text.split("\n")), default=0)
    return long > frame.room * COMMAND_ROWS or any(
        sum(len(span.text) for span in line) > frame.room - 2
        for line in cell.output.lines(0, FEW)
    )


def _note_tone(cell: CommandCell) -> Tone:
    return cell.tone if cell.tone in (Tone.FAIL, Tone.NEED) else Tone.MUTED


def _output(
    cell: CommandCell, frame: Frame, hidden: int, *, unfolded: bool
) -> list[_Under]:
    """The output's lines; `hidden` rows of the command are counted with its own."""
    output = cell.output
    if unfolded and output.count > LIMIT:
        half = LIMIT // 2
        words = f"{lines_of(output.count - LIMIT)} · c copies them all"
        gap = frame.sign(words)
        return [
            *_lines(output, frame, 0, half),
            _Under([frame.piece(gap, Tone.MUTED)]),
            *_lines(output, frame, -half, None),
        ]
    keep = FEW if cell.live else 1
    if unfolded or output.count <= FEW:
        keep = output.count
    elif cell.tone is Tone.FAIL:
        more = shows(frame, lines_of(output.count - 2 + hidden), "all")
        return [*_lines(output, frame, 0, 2), _Under(more)]
    out = _lines(output, frame, -keep, None) if keep else []
    if folded := output.count - keep + hidden:
        out.insert(0, _Under(shows(frame, lines_of(folded), "all")))
    return out


def _lines(
    output: OutputText, frame: Frame, start: int, stop: int | None
) -> list[_Under]:
    return [
        _Under(_pieces(line, frame), source=True) for line in output.lines(start, stop)
    ]


def _pieces(line: Line, frame: Frame) -> list[Piece]:
    base = frame.palette.style(Tone.MUTED)
    if frame.palette.plain:
        return [Piece(span.text, base) for span in line]
    return [Piece(span.text, line_style(span.style, base)) for span in line]


def _guided(lines: list[_Under], frame: Frame, *, unfolded: bool) -> list[Row]:
    """Lines under the guide; folded ones are cut to one row, with `…`."""
    rows: list[Row] = []
    room = frame.room - 2
    margin = Piece(" " * frame.indent, Style())
    for index, line in enumerate(lines):
        last = index == len(lines) - 1
        parts: list[tuple[Pieces, str]] = [
            (crop(line.pieces, room, frame.sign("…")), "\n")
        ]
        if unfolded or not line.source:
            parts = list(wrap(line.pieces, room, words=not line.source))
        for number, (part, join) in enumerate(parts):
            end = last and number == len(parts) - 1
            left = [margin, frame.guide(last=end)]
            mark = Mark(join if line.source else "", fold=True)
            if line.source:
                rows.append(row(frame, left, part, mark=mark))
            else:
                rows.append(row(frame, [*left, *part], mark=mark))
    return rows
