"""Read models of the timeline: lanes in the order of the tree, events of each."""

from __future__ import annotations

from state.dataclass import dataclass
from state.items import ThreadId
from state.timeline import Sign, Span
from state.views.agents import AgentRow
from state.views.base import Bits, Glyph, Tone


@dataclass(frozen=True, slots=True, eq=False)
class MomentRow:
    """Something that happened: verb bold, the rest muted."""

    at_ms: int
    glyph: Glyph
    tone: Tone
    verb: str
    words: str
    right: Bits = ()


@dataclass(frozen=True, slots=True, eq=False)
class LaneRow:
    """One agent. `quiet`: it is finished, its work is drawn in grey."""

    agent: AgentRow
    under: Bits
    spans: tuple[Span, ...]
    signs: tuple[Sign, ...]
    moments: tuple[MomentRow, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TerminalLane:
    """A background terminal; `end_ms` None: it runs."""

    thread_id: ThreadId
    words: str
    owner: str
    start_ms: int
    end_ms: int | None
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TimelineView:
    """A tree over time. `first_ms` and `last_ms` bound what is known; `running`:
    something goes on, so the right edge is now."""

    root: ThreadId | None = None
    title: str = ""
    lanes: tuple[LaneRow, ...] = ()
    terminals: tuple[TerminalLane, ...] = ()
    first_ms: int = 0
    last_ms: int = 0
    running: bool = False
    stale: bool = False
    note: str = ""
