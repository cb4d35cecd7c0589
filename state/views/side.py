"""Read models of the right column: terminals and reviews beside the agents."""

from __future__ import annotations

from dataclasses import field

from state.dataclass import dataclass
from state.items import ItemId, ThreadId, TurnId
from state.model import ReviewKey
from state.views.agents import AgentTreeView
from state.views.base import Glyph, Tone
from state.views.terminals import TerminalRow


@dataclass(frozen=True, slots=True, eq=False)
class ReviewRow:
    """One line of the inbox; key None for the auto-review summary, and for what an
    agent asked in passing: that is answered by a message, `place` says where it is."""

    key: ReviewKey | None
    glyph: Glyph
    tone: Tone
    kind: str
    who: str
    what: str
    asked_ms: int
    marked: bool = False
    """To be answered together with the others that are marked"""
    place: tuple[ThreadId, TurnId, ItemId] | None = None
    denials: bool = False
    """What auto-review denied last: a retry can be approved"""


@dataclass(frozen=True, slots=True, eq=False)
class SideView:
    """The right column (or the three counters of the normal layout)."""

    tree: AgentTreeView = field(default_factory=AgentTreeView)
    terminals: tuple[TerminalRow, ...] = ()
    reviews: tuple[ReviewRow, ...] = ()
    terminals_live: int = 0
    reviews_need: int = 0
    reviews_auto: int = 0
