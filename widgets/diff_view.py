"""Diffs as rows: line numbers, signs, backgrounds for what came and went.

Owns the look of a changed file, in the transcript, in a review card and on the diff
screen. Does not own parsing (`state.diff`). Invariant: no line is cut, long ones go
on under a faint sign; what is folded is counted.
"""

from __future__ import annotations

from rich.style import Style

from state.diff import DiffLine
from state.views import FileView, Tone
from widgets.cells.rows import (
    RIGHT,
    Frame,
    Mark,
    Row,
    expand_tabs,
    head,
    lines_of,
    row,
    shows,
)
from widgets.cells.wrap import Piece, wrap
from widgets.palette import Back

FOLD = 24
"""Lines of a file shown while folded."""
LIMIT = 2000
"""Lines of a file drawn at most; copying takes them all."""


def file_rows(
    file: FileView, frame: Frame, sign: Piece, *, unfolded: bool
) -> list[Row]:
    """A changed file: the line that names it, then its lines."""
    body = [
        frame.piece(file.verb, Tone.BRIGHT, bold=True),
        frame.piece(f" {file.path.text}"),
    ]
    rows = head(frame, sign, body, stat(file.added, file.removed, frame))
    for warning in file.path.warnings:
        rows += head(frame, Piece("", Style()), [frame.piece(warning, Tone.NEED)])
    shown = file.lines[: LIMIT if unfolded else fold_at(file)]
    rows += diff_rows(shown, frame)
    if hidden := len(file.lines) - len(shown):
        left = [Piece(" " * (frame.indent + 2), Style())]
        words = lines_of(hidden)
        pieces = shows(frame, words, "all")
        if unfolded:
            words = frame.sign(f"{words} · c copies them all")
            pieces = [frame.piece(words, Tone.MUTED)]
        rows.append(row(frame, [*left, *pieces], mark=Mark(fold=True)))
    return rows


def fold_at(file: FileView) -> int:
    """How many lines are shown while folded: all, if hiding them saves little."""
    return len(file.lines) if len(file.lines) <= FOLD + 4 else FOLD


def stat(added: int, removed: int, frame: Frame) -> list[Piece]:
    """+2 −2; a side without lines is left out."""
    out: list[Piece] = []
    if added:
        out.append(frame.piece(f"+{added}", Tone.WORK))
    if removed:
        minus = "-" if frame.look.ascii or frame.look.plain else "−"
        out.append(frame.piece(f"{' ' if out else ''}{minus}{removed}", Tone.FAIL))
    return out


def diff_rows(lines: tuple[DiffLine, ...], frame: Frame) -> list[Row]:
    """Numbered lines with backgrounds."""
    size = max((len(str(line.number or "")) for line in lines), default=0)
    rows: list[Row] = []
    for line in lines:
        rows += (
            _gap(line, frame, size) if line.sign == "…" else _line(line, frame, size)
        )
    return rows


def _gap(line: DiffLine, frame: Frame, size: int) -> list[Row]:
    left = [
        Piece(" " * (frame.indent + 2), Style()),
        frame.piece(frame.sign("…").rjust(size), Tone.FAINT),
        frame.piece(f"   {line.text}", Tone.MUTED),
    ]
    return [row(frame, left)]


def _line(line: DiffLine, frame: Frame, size: int) -> list[Row]:
    back, tone, words = {
        "+": (Back.DIFF_ADD, Tone.WORK, Tone.TEXT),
        "-": (Back.DIFF_DEL, Tone.FAIL, Tone.TEXT),
    }.get(line.sign, (Back.NONE, Tone.MUTED, Tone.MUTED))
    margin = Piece(" " * (frame.indent + 2), Style())
    left = [
        margin,
        frame.piece(str(line.number or "").rjust(size), Tone.MUTED),
        frame.piece(f" {line.sign} ", tone),
    ]
    pieces, tabs = expand_tabs([frame.piece(line.text, words)])
    room = max(8, frame.width - frame.indent - RIGHT - size - 6)
    rows: list[Row] = []
    at = 0
    for body, join in wrap(pieces, room, words=False):
        taken = sum(len(piece.text) for piece in body)
        here = tuple((i - at, n) for i, n in tabs if at <= i < at + taken)
        rows.append(row(frame, left, body, mark=Mark(join, back, tabs=here)))
        left = [margin, frame.piece(frame.sign("↳").rjust(size) + "   ", Tone.FAINT)]
        at += taken
    return rows
