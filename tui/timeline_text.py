"""A timeline as lines of text: what the screen draws, without a screen.

Owns the layout. Where time falls is `state.bars`. Invariant: no line is wider than
asked for, and nothing but printable characters is in it.
"""

from __future__ import annotations

from state.bars import SHAPES, WORDS, bar, fitting, ticks
from state.chars import cells
from state.timeline import Doing, Lane
from state.views import LaneRow, TimelineView
from state.words import age, cut, duration

_ORDER = (Doing.WORKING, Doing.REVIEW, Doing.AUTO, Doing.WAITING, Doing.INTERRUPTED)


def end_of(view: TimelineView, now_ms: int) -> int:
    """The right edge: now while something runs, else the last time that is known."""
    return now_ms if view.running else (view.last_ms or now_ms)


def tick_label(view: TimelineView, ago_ms: int) -> str:
    """-20m; at the right edge now, or the end of what is known."""
    if ago_ms >= 5000:
        return f"-{age(ago_ms / 1000)}"
    return f"-{ago_ms // 1000}s" if ago_ms else ("now" if view.running else "end")


def timeline_text(view: TimelineView, now_ms: int, width: int) -> list[str]:
    """Title, axis, lanes, terminals, legend."""
    end = end_of(view, now_ms)
    window = fitting(view.first_ms or end, end)
    names = max((cells(x.agent.guide + x.agent.name) for x in view.lanes), default=8)
    names = min(max(names + 3, 10), max(12, width // 3))
    room = max(10, width - names - 16)
    known = " · as last known" if view.stale else ""
    lines = [cut(f"{view.title} · {duration(window.span_ms)} shown{known}", width)]
    lines += [view.note] if view.note else []
    axis = [" "] * room
    for cell, ago in ticks(window, room, end):
        label = tick_label(view, ago)
        at = min(cell, room - len(label))
        if all(c == " " for c in axis[max(0, at - 1) : at + len(label)]):
            axis[at : at + len(label)] = label
    lines.append(f"{'':{names}}{''.join(axis)}  busy tokens".rstrip())
    for lane in view.lanes:
        drawn = "".join(c.text for c in bar(lane.spans, lane.signs, window, room, end))
        busy = Lane(lane.spans).busy_ms(end)
        spent = age(busy / 1000) if busy >= 5000 else f"{busy / 1000:.1f}s" * (busy > 0)
        lines.append(
            f"{_name(lane, names)}{drawn} {spent:>5} {lane.agent.tokens:>6}".rstrip()
        )
    for one in view.terminals:
        first = max(0, window.cell_of(one.start_ms, room))
        last = min(room - 1, window.cell_of(one.end_ms or end, room))
        row = [" "] * room
        if first < room:
            row[first : last + 1] = ["├", *"─" * max(0, last - first)]
        label = cut(f"$ {one.words}", names - 1)
        pad = " " * (names - cells(label))
        lines.append(f"{label}{pad}{''.join(row)}  {one.owner}".rstrip())
    legend = "   ".join(f"{SHAPES[d]} {WORDS[d]}" for d in _ORDER)
    return [*lines, "", cut(legend, width)]


def _name(lane: LaneRow, room: int) -> str:
    agent = lane.agent
    text = cut(f"{agent.guide}{agent.glyph} {agent.name}", room - 1)
    return text + " " * (room - cells(text))
