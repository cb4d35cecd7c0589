"""One-line cells: events, notices, the rule between turns, the working line.

Owns their look. Does not own a clock: "now" comes with the call. Invariant: the
working line is the only one that moves, and never when what it says is old.
"""

from __future__ import annotations

from typing import NamedTuple

from rich.style import Style

from state.views import EventCell, Glyph, LiveLine, NoticeCell, Tone, TurnRule
from state.words import age, duration
from widgets.cells.rows import (
    MARGIN,
    RIGHT,
    TEXT,
    Frame,
    Mark,
    Row,
    crop,
    expand_tabs,
    facts,
    head,
    lines_of,
    row,
    shows,
)
from widgets.cells.wrap import Piece, width_of, wrap

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧"
"""The spinner; one step is an eighth of a second."""
DETAIL_LIMIT = 2000
_NULL = Style()


class Clock(NamedTuple):
    """What the widget was told: now in ms since the epoch, and the spinner's step;
    None where nothing may move or tick."""

    now_ms: int | None = None
    frame: int | None = None


def event_rows(cell: EventCell, frame: Frame, *, unfolded: bool) -> list[Row]:
    """Glyph, bold verb, subject, facts; the detail on request."""
    loud = cell.tone is Tone.FAIL and cell.glyph is not Glyph.FAILED
    body = [
        frame.piece(cell.verb, Tone.FAIL if loud else Tone.BRIGHT, bold=True),
        frame.piece(f" {cell.subject}" if cell.subject else ""),
        frame.piece(f" {cell.aside}" if cell.aside else "", Tone.MUTED),
    ]
    if cell.detail and not unfolded:
        what = "its JSON" if cell.detail.lstrip()[:1] in ("{", "[") else "more"
        body += [frame.piece(frame.sign(" · "), Tone.MUTED), *shows(frame, "", what)]
    sign = frame.mark(cell.glyph, cell.tone)
    right = facts(frame, cell.right)
    rows = head(frame, sign, body, right, Mark(fold=bool(cell.detail)))
    return rows + (_detail(cell.detail, frame) if unfolded else [])


def notice_rows(cell: NoticeCell, frame: Frame, *, unfolded: bool) -> list[Row]:
    """A warning or an error, in its tone, as wide as prose."""
    body = [frame.piece(cell.text, cell.tone)]
    if cell.detail and not unfolded:
        body += [frame.piece(frame.sign(" · "), Tone.MUTED), *shows(frame, "", "more")]
    sign = frame.mark(cell.glyph, cell.tone)
    narrow = Frame(frame.palette, TEXT + frame.prose + RIGHT, frame.look, frame.indent)
    rows = head(narrow, sign, body, mark=Mark(fold=bool(cell.detail)))
    if narrow.width < frame.width:
        rows = [r._replace(strip=r.strip.adjust_cell_length(frame.width)) for r in rows]
    return rows + (_detail(cell.detail, frame) if unfolded else [])


def _detail(text: str, frame: Frame) -> list[Row]:
    lines = text.split("\n") if text else []
    shown = lines[:DETAIL_LIMIT]
    if len(lines) > DETAIL_LIMIT:
        shown.append(f"{lines_of(len(lines) - DETAIL_LIMIT)} · c copies them all")
    rows: list[Row] = []
    margin = Piece(" " * frame.indent, _NULL)
    for index, line in enumerate(shown):
        pieces, _ = expand_tabs([frame.piece(line, Tone.MUTED)])
        parts = list(wrap(pieces, frame.room - 2, words=False))
        for number, (part, join) in enumerate(parts):
            last = index == len(shown) - 1 and number == len(parts) - 1
            left = [margin, frame.guide(last=last)]
            rows.append(row(frame, left, part, mark=Mark(join, fold=True)))
    return rows


def rule_rows(cell: TurnRule, frame: Frame, clock: Clock) -> list[Row]:
    """── turn 7 ───────────── 4m ago ──"""
    note = f"{frame.sign(' · ')}{cell.note}" if cell.note else ""
    words = f" turn {cell.number}{note} "
    since = since_words(cell.at_ms, clock.now_ms)
    after = f" {since} " if since else ""
    line, style = frame.sign("─"), frame.palette.rule()
    room = frame.width - MARGIN - RIGHT
    middle = room - 2 - width_of([Piece(words + after, style)]) - 4
    if middle < 2:
        after, middle = "", max(2, middle + len(after))
    pieces = [
        Piece(" " * MARGIN, _NULL),
        Piece(line * 2, style),
        frame.piece(words, Tone.MUTED),
        Piece(line * middle, style),
        frame.piece(after, Tone.MUTED),
        Piece(line * 4, style),
    ]
    return [row(frame, crop(pieces, frame.width - RIGHT, ""))]


def since_words(at_ms: int | None, now_ms: int | None) -> str:
    """ "4m ago", "just now", or nothing when a time is not known."""
    if at_ms is None or now_ms is None:
        return ""
    words = age((now_ms - at_ms) / 1000)
    return "just now" if words == "now" else f"{words} ago"


def _stale(frame: Frame) -> str:
    """The sign of what is old; plain words say it themselves."""
    return "" if frame.look.plain else f"{frame.sign(Glyph.STALE)} "


def live_row(live: LiveLine, frame: Frame, clock: Clock) -> Row:
    """The working line. Stale: `~`, no clock, nothing moving."""
    if live.stale:
        words = f"Last known: {live.words[:1].lower()}{live.words[1:]}"
        left = [
            Piece(" " * MARGIN, _NULL),
            frame.piece(f"{_stale(frame)}{words}", Tone.MUTED),
        ]
        return row(frame, crop(left, frame.width - RIGHT, frame.sign("…")))
    left = [
        Piece(" " * MARGIN, _NULL),
        _sign(live, frame, clock),
        frame.piece(f" {live.words}", Tone.BRIGHT, bold=True),
    ]
    # In plain mode the line is said again only when its words change: no clock.
    ticks = live.since_ms is not None and not frame.look.plain
    if ticks and live.since_ms is not None and clock.now_ms is not None:
        took = running(clock.now_ms - live.since_ms)
        left.append(frame.piece(f"  {took}", Tone.MUTED))
    if live.hint:
        key, _, rest = live.hint.partition(" ")
        left.append(frame.piece(frame.sign(" · "), Tone.MUTED))
        left += [frame.piece(key, Tone.ACCENT), frame.piece(f" {rest}", Tone.MUTED)]
    right = [frame.piece(live.right, Tone.MUTED)] if live.right else []
    return row(frame, crop(left, frame.width - RIGHT, frame.sign("…")), (), right)


def running(ms: int) -> str:
    """A running time, in whole seconds: 4s, 1m 12s."""
    seconds = max(0, ms // 1000)
    return f"{seconds}s" if seconds < 60 else duration(seconds * 1000)


def _sign(live: LiveLine, frame: Frame, clock: Clock) -> Piece:
    if frame.look.plain:
        words = "needs you:" if live.need else "working:"
        return frame.piece(words, Tone.NEED if live.need else Tone.WORK)
    if live.need:
        return frame.piece(frame.sign(Glyph.NEED), Tone.NEED)
    look = frame.look
    if clock.frame is None or look.still or look.plain or look.ascii:
        return frame.piece(frame.sign(Glyph.WORK), Tone.WORK)
    return frame.piece(FRAMES[clock.frame % len(FRAMES)], Tone.WORK)
