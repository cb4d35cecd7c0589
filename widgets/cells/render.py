"""Cells: what each kind of transcript part looks like, as rows.

Owns the choice by kind: rows, foldability, source text, grouping, a guess of the
height. Does not own caching or scrolling (`widgets.transcript`). Invariant: every
row is exactly as wide as the frame; a cell has at least one row.
"""

from __future__ import annotations

from typing import assert_never

from rich.style import Style

from state.views import (
    AnswerCell,
    CellBody,
    CommandCell,
    EventCell,
    NoticeCell,
    PatchCell,
    PlanCell,
    SaidCell,
    ThoughtCell,
    Tone,
    TurnRule,
)
from widgets import late
from widgets.cells import command, words
from widgets.cells.lines import Clock, event_rows, notice_rows, rule_rows
from widgets.cells.rows import Frame, Row, blank, head
from widgets.cells.wrap import Piece
from widgets.diff_view import file_rows, fold_at

__all__ = ["Clock", "Frame", "Row", "estimate", "foldable", "gap", "render", "source"]

_NOTHING = Piece("", Style())


def render(
    body: CellBody, frame: Frame, clock: Clock, *, unfolded: bool = False
) -> list[Row]:
    """The rows of a cell; `unfolded` shows what is folded by default."""
    match body:
        case SaidCell():
            rows = words.said_rows(body, frame, unfolded=unfolded)
        case AnswerCell():
            rows = late.markdown().render(body.markdown, frame)
        case ThoughtCell():
            rows = words.thought_rows(body, frame, unfolded=unfolded)
        case PlanCell():
            rows = words.plan_rows(body, frame)
        case CommandCell():
            rows = command.command_rows(body, frame, unfolded=unfolded)
        case PatchCell():
            rows = _patch(body, frame, unfolded=unfolded)
        case EventCell():
            rows = event_rows(body, frame, unfolded=unfolded)
        case NoticeCell():
            rows = notice_rows(body, frame, unfolded=unfolded)
        case TurnRule():
            rows = rule_rows(body, frame, clock)
        case _:
            assert_never(body)
    return rows or [blank(frame)]


def _patch(body: PatchCell, frame: Frame, *, unfolded: bool) -> list[Row]:
    sign = frame.mark(body.glyph, body.tone)
    rows: list[Row] = []
    for file in body.files:
        rows += file_rows(file, frame, sign, unfolded=unfolded)
    if not body.files:
        edited = frame.piece("Edited nothing", Tone.BRIGHT, bold=True)
        rows += head(frame, sign, [edited])
    if body.note:
        rows += head(frame, _NOTHING, [frame.piece(body.note, Tone.MUTED)])
    return rows


def foldable(body: CellBody, frame: Frame) -> bool:
    """Whether folding hides anything of this cell."""
    match body:
        case SaidCell():
            return len(body.text) > 12 * 40 or body.text.count("\n") > words.SAID_ROWS
        case ThoughtCell():
            return words.thought_folds(body, frame)
        case CommandCell():
            return command.foldable(body, frame)
        case PatchCell():
            return any(fold_at(file) < len(file.lines) for file in body.files)
        case EventCell() | NoticeCell():
            return bool(body.detail)
        case _:
            return False


def source(body: CellBody) -> str:
    """What copying the whole cell gives: the text behind it."""
    match body:
        case SaidCell() | ThoughtCell():
            return body.text
        case AnswerCell():
            return body.markdown
        case PlanCell():
            marks = {"completed": "x", "inProgress": "~"}
            steps = [f"- [{marks.get(s, ' ')}] {text}" for s, text in body.steps]
            return "\n".join(filter(None, [body.title, *steps, body.markdown]))
        case CommandCell():
            text = body.command.text
            return f"{text}\n{body.output.source()}" if body.output.count else text
        case PatchCell():
            return "\n".join(_file_source(body))
        case EventCell():
            line = " ".join(filter(None, (body.verb, body.subject, body.aside)))
            return f"{line}\n{body.detail}" if body.detail else line
        case NoticeCell():
            return f"{body.text}\n{body.detail}" if body.detail else body.text
        case TurnRule():
            return ""
        case _:
            assert_never(body)


def _file_source(body: PatchCell) -> list[str]:
    out: list[str] = []
    for file in body.files:
        out.append(f"{file.verb} {file.path.text}")
        for line in file.lines:
            sign = "@@ " if line.sign == "…" else line.sign
            out.append(f"{sign}{line.text}")
    return out


def gap(before: CellBody, after: CellBody) -> int:
    """Empty rows between two cells: one between different kinds, and around words."""
    one_line = (EventCell, NoticeCell)
    if isinstance(before, one_line) and isinstance(after, one_line):
        return 0
    grouped = isinstance(after, CommandCell | EventCell | ThoughtCell)
    return 0 if grouped and type(before) is type(after) else 1


def estimate(body: CellBody, width: int) -> int:
    """A quick guess of the rows a cell takes, for what was not drawn yet."""
    room = max(20, min(96, width - 6))
    match body:
        case AnswerCell():
            text = body.markdown
            return 1 + len(text) // room + text.count("\n")
        case SaidCell():
            return 1 + len(body.text) // room + body.text.count("\n")
        case CommandCell():
            return 1 + min(3, body.output.count)
        case PatchCell():
            return sum(1 + fold_at(file) for file in body.files)
        case PlanCell():
            return 1 + len(body.steps)
        case _:
            return 1
