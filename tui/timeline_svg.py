"""A timeline as a picture (SVG), to be kept or sent on.

Owns the layout and the colours, those of the light theme. Invariant: all text is
escaped, nothing is loaded from anywhere and nothing in it can run.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from state.bars import WORDS, Window, fitting, ticks
from state.timeline import Doing, End, Sign, Span
from state.views import LaneRow, TerminalLane, TimelineView
from state.words import cut, duration
from tui.timeline_text import end_of, tick_label

_COLOURS = {
    Doing.WORKING: "#24733a",
    Doing.REVIEW: "#8f5a00",
    Doing.AUTO: "#0b6e78",
    Doing.WAITING: "#5b6472",
    Doing.INTERRUPTED: "#262c36",
}
_TONES = {"fail": "#b42a2a", "need": "#8f5a00", "work": "#24733a", "auto": "#0b6e78"}
_SIGNS = {
    End.COMPLETED: ("✓", "#5b6472"),
    End.FAILED: ("✗", "#b42a2a"),
    End.INTERRUPTED: ("◌", "#262c36"),
    End.ASKED: ("▲", "#8f5a00"),
    End.AUTO: ("◇", "#0b6e78"),
}
NAMES, BARS, FIGURES, ROW, TOP = 240, 760, 130, 24, 64
WIDTH = NAMES + BARS + FIGURES


def timeline_svg(view: TimelineView, now_ms: int) -> str:
    """The whole file."""
    end = end_of(view, now_ms)
    window = fitting(view.first_ms or end, end)
    rows = len(view.lanes) + len(view.terminals) + bool(view.terminals)
    height = TOP + rows * ROW + 56
    known = " · as last known" if view.stale else ""
    title = f"{view.title} · {duration(window.span_ms)} shown{known}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="13">',
        f"<title>{_safe(view.title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fbfbf9"/>',
        _text(16, 26, cut(title, 120), "#0c1016", bold=True),
    ]
    bottom = TOP + rows * ROW
    for cell, ago in ticks(window, BARS // 8, end):
        x = NAMES + cell * 8
        label = tick_label(view, ago)
        parts.append(_text(x, 50, label, "#5b6472"))
        parts.append(
            f'<line x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{bottom}" stroke="#d3d7d8"'
            ' stroke-dasharray="2 4"/>'
        )
    y = TOP
    for lane in view.lanes:
        parts += _lane(lane, y, window, end)
        y += ROW
    if view.terminals:
        parts.append(_text(16, y + 17, "Terminals", "#0c1016", bold=True))
        y += ROW
    for one in view.terminals:
        parts += _terminal(one, y, window, end)
        y += ROW
    parts += _legend(y + 34)
    return "\n".join([*parts, "</svg>", ""])


def _lane(lane: LaneRow, y: int, window: Window, end: int) -> list[str]:
    agent = lane.agent
    colour = _TONES.get(str(agent.tone), "#5b6472")
    indent = 16 + 9 * len(agent.guide)
    name = f"{agent.name} {agent.word}"
    parts = [
        _text(indent, y + 17, str(agent.glyph), colour),
        _text(indent + 16, y + 17, cut(name, 26), "#262c36"),
        _text(NAMES + BARS + 70, y + 17, agent.tokens, "#5b6472"),
    ]
    parts += [_span(span, y, window, end, quiet=lane.quiet) for span in lane.spans]
    parts += [_sign(sign, y, window) for sign in lane.signs]
    return [part for part in parts if part]


def _x(at_ms: int, window: Window) -> float:
    share = (at_ms - window.start_ms) / window.span_ms
    return NAMES + BARS * min(1.0, max(0.0, share))


def _span(span: Span, y: int, window: Window, end: int, *, quiet: bool) -> str:
    left = _x(span.start_ms, window)
    right = _x(end if span.end_ms is None else span.end_ms, window)
    size, colour = max(1.0, right - left), _COLOURS[span.doing]
    if span.doing is Doing.WORKING:
        colour = "#8b93a0" if quiet else colour
        return (
            f'<rect x="{left:.1f}" y="{y + 4}" width="{size:.1f}" height="16"'
            f' fill="{colour}"><title>{WORDS[span.doing]}</title></rect>'
        )
    thick = {Doing.REVIEW: 4, Doing.AUTO: 4}.get(span.doing, 1.5)
    dash = {Doing.INTERRUPTED: "4 4", Doing.AUTO: "6 3"}.get(span.doing)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{left:.1f}" y1="{y + 12}" x2="{left + size:.1f}" y2="{y + 12}"'
        f' stroke="{colour}" stroke-width="{thick}"{dashes}>'
        f"<title>{WORDS[span.doing]}</title></line>"
    )


def _sign(sign: Sign, y: int, window: Window) -> str:
    glyph, colour = _SIGNS[sign.end]
    return _text(_x(sign.at_ms, window) + 1, y + 17, glyph, colour)


def _terminal(one: TerminalLane, y: int, window: Window, end: int) -> list[str]:
    left = _x(one.start_ms, window)
    right = _x(end if one.end_ms is None else one.end_ms, window)
    return [
        _text(16, y + 17, cut(one.words, 28), "#262c36"),
        f'<line x1="{left:.1f}" y1="{y + 4}" x2="{left:.1f}" y2="{y + 20}"'
        ' stroke="#5b6472"/>',
        f'<line x1="{left:.1f}" y1="{y + 12}" x2="{right:.1f}" y2="{y + 12}"'
        ' stroke="#5b6472"/>',
        _text(NAMES + BARS + 10, y + 17, cut(one.owner, 14), "#5b6472"),
    ]


def _legend(y: int) -> list[str]:
    parts, x = [], 16.0
    for doing in sorted(WORDS, reverse=True):
        dash = ' stroke-dasharray="4 4"' if doing is Doing.INTERRUPTED else ""
        thick = 12 if doing is Doing.WORKING else 3
        parts.append(
            f'<line x1="{x}" y1="{y - 4}" x2="{x + 18}" y2="{y - 4}"'
            f' stroke="{_COLOURS[doing]}" stroke-width="{thick}"{dash}/>'
        )
        parts.append(_text(x + 26, y, WORDS[doing], "#5b6472"))
        x += 50 + 8 * len(WORDS[doing])
    return parts


def _text(x: float, y: float, words: str, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y}" fill="{colour}"{weight}>{_safe(words)}</text>'


def _safe(words: str) -> str:
    """XML holds no control characters; the doors let none through but line breaks."""
    kept = "".join(c if c.isprintable() else " " for c in words)
    return escape(kept, {'"': "&quot;"})
