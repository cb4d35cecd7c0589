"""What was said, thought and planned.

Owns the user's words, reasoning and checklists; the agent's answers are markdown
(`widgets.markdown`). Invariant: the user's words are shown as typed, never as markup.
"""

from __future__ import annotations

from rich.style import Style

from state.views import Glyph, PlanCell, SaidCell, ThoughtCell, Tone
from widgets import late
from widgets.cells.rows import (
    MARGIN,
    PROSE,
    RIGHT,
    TEXT,
    Frame,
    Mark,
    Row,
    crop,
    expand_tabs,
    head,
    lines_of,
    row,
    shows,
)
from widgets.cells.wrap import Piece, width_of, wrap
from widgets.palette import Back

SAID_ROWS = 12
FEW_SHOWN, MOST_SHOWN = 10_000, 100_000
"""Characters that are laid out of what was said: folded, and at most"""
_STATES = {"refused": Tone.FAIL, "unknown": Tone.NEED}
_STEPS = {
    "completed": (Glyph.DONE, Tone.MUTED, Tone.MUTED),
    "inProgress": (Glyph.WORK, Tone.WORK, Tone.BRIGHT),
}
_STEP_WORDS = {"completed": "done", "inProgress": "now"}
_NULL = Style()


def said_rows(cell: SaidCell, frame: Frame, *, unfolded: bool) -> list[Row]:
    """The user's words behind the prompt sign, on the surface background."""
    here = Frame(frame.palette, frame.width, frame.look, MARGIN)
    state = frame.piece(cell.state, _STATES.get(cell.state, Tone.MUTED))
    right = [state, Piece(" ", _NULL)] if cell.state else []
    shown, left_out = _shown(cell.text, unfolded=unfolded)
    words, tabs = expand_tabs([frame.piece(shown, Tone.BRIGHT, bold=True)])
    room = min(PROSE, max(8, frame.width - TEXT - RIGHT - 1))
    first = max(8, room - width_of(right) - 2) if right else room
    said = "you:" if frame.look.plain else frame.sign(Glyph.PROMPT)
    prompt = frame.piece(f"{said} ", Tone.ACCENT, bold=True)
    left = [Piece(" " * MARGIN, _NULL), prompt]
    rows: list[Row] = []
    for part, join in wrap(words, room, first=first):
        rows.append(row(here, left, part, right, Mark(join, Back.SURFACE)))
        left, right = [Piece(" " * TEXT, _NULL)], []
    if tabs:
        rows = [r._replace(tabs=()) for r in rows]
    if not unfolded and len(rows) > SAID_ROWS + 2:
        hidden = len(rows) - SAID_ROWS
        more = shows(frame, left_out or lines_of(hidden), "all")
        mark = Mark(fill=Back.SURFACE, fold=True)
        rows = [*rows[:SAID_ROWS], row(here, [*left, *more], mark=mark)]
    elif left_out:
        note = frame.piece(f"the beginning of {left_out} · c copies all", Tone.MUTED)
        rows.append(row(here, [*left, note], mark=Mark(fill=Back.SURFACE, fold=True)))
    for image in cell.images:
        piece = frame.piece(f"image {image}", Tone.MUTED)
        rows.append(row(here, [*left, piece], mark=Mark(fill=Back.SURFACE)))
    return rows


def _shown(text: str, *, unfolded: bool) -> tuple[str, str]:
    """What is laid out of a text that may be a megabyte, and how long it is if that is
    not all. Every row costs; nobody reads tens of thousands here."""
    most = MOST_SHOWN if unfolded else FEW_SHOWN
    if len(text) <= most:
        return text, ""
    return text[:most], f"{len(text):,} characters"


def thought_rows(cell: ThoughtCell, frame: Frame, *, unfolded: bool) -> list[Row]:
    """Reasoning: its first line, or all of it, muted."""
    text = cell.text.strip()
    if unfolded:
        rows = late.markdown().render(text, frame, muted=True)
        return [r._replace(fold=True) for r in rows]
    lines = [line for line in text.split("\n") if line.strip()]
    first = lines[0].strip().strip("*#_ ") if lines else frame.sign("…")
    right = shows(frame, lines_of(len(lines) - 1), "all") if len(lines) > 1 else []
    if width_of(right) > frame.room // 2:
        right = [frame.piece("v", Tone.ACCENT)]
    room = frame.prose - (width_of(right) + 2 if right else 0)
    body = crop([frame.piece(first, Tone.MUTED)], room, frame.sign("…"))
    left = [Piece(" " * TEXT, _NULL)]
    return [row(frame, left, body, right, Mark(fold=True))]


def thought_folds(cell: ThoughtCell, frame: Frame) -> bool:
    """Whether the folded line leaves anything out."""
    text = cell.text.strip()
    return "\n" in text or len(text) > frame.prose


def plan_rows(cell: PlanCell, frame: Frame) -> list[Row]:
    """A title with how far it is, then the steps."""
    done = sum(1 for status, _ in cell.steps if status == "completed")
    right = []
    if cell.steps:
        right = [frame.piece(f"{done} of {len(cell.steps)}", Tone.MUTED)]
    title = [frame.piece(cell.title or "Plan", Tone.BRIGHT, bold=True)]
    rows = head(frame, Piece("", _NULL), title, right)
    for status, words in cell.steps:
        rows += _step(status, words, frame)
    if cell.markdown:
        rows += late.markdown().render(cell.markdown, frame)
    return rows


def _step(status: str, words: str, frame: Frame) -> list[Row]:
    glyph, tone, ink = _STEPS.get(status, (Glyph.READY, Tone.MUTED, Tone.TEXT))
    mark = frame.sign(glyph)
    if frame.look.plain:
        mark = f"{_STEP_WORDS.get(status, 'to do')}:"
    left = [Piece(" " * TEXT, _NULL), frame.piece(f"{mark} ", tone)]
    body = [frame.piece(words, ink, bold=status == "inProgress")]
    rows: list[Row] = []
    for part, join in wrap(body, frame.prose - 2):
        rows.append(row(frame, left, part, mark=Mark(join)))
        left = [Piece(" " * (TEXT + 2), _NULL)]
    return rows
