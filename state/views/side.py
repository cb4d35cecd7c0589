"""Read models of the right column: agents, terminals, reviews."""

from __future__ import annotations

from state.dataclass import dataclass
from state.items import ThreadId
from state.model import ReviewKey
from state.views.base import Bits, Glyph, Tone
from state.views.terminals import TerminalRow


@dataclass(frozen=True, slots=True, eq=False)
class AgentRow:
    """One agent; `guide` is the tree's line-drawing before its glyph."""

    id: ThreadId
    guide: str
    glyph: Glyph
    tone: Tone
    name: str
    model: str
    effort: str
    tokens: str
    detail: Bits = ()
    word: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ReviewRow:
    """One line of the inbox; key None for the auto-review summary."""

    key: ReviewKey | None
    glyph: Glyph
    tone: Tone
    kind: str
    who: str
    what: str
    asked_ms: int
    marked: bool = False
    """To be answered together with the others that are marked"""


@dataclass(frozen=True, slots=True, eq=False)
class SideView:
    """The right column (or the three counters of the normal layout)."""

    agents: tuple[AgentRow, ...] = ()
    agent_tokens: str = ""
    terminals: tuple[TerminalRow, ...] = ()
    reviews: tuple[ReviewRow, ...] = ()
    agents_need: int = 0
    agents_failed: int = 0
    terminals_live: int = 0
    reviews_need: int = 0
    reviews_auto: int = 0
