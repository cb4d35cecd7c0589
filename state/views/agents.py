"""Read models of the agent tree: its rows, and what is known of one agent."""

from __future__ import annotations

from state.dataclass import dataclass
from state.items import ThreadId
from state.views.base import Bits, Glyph, Tone


@dataclass(frozen=True, slots=True, eq=False)
class AgentRow:
    """One agent; `guide` is the tree's line-drawing before its glyph.

    `reviews`, `autos`, `terminals` and `sum_tokens` count the agent and all below
    it; `hidden` is how many agents are folded away here, `pin` the digit that jumps
    to it (0: none). `detail_ms`: since when what `detail` says is so."""

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
    detail_ms: int | None = None
    path: str = ""
    label: str = ""
    """nickname and role"""
    activity: str = ""
    sum_tokens: str = ""
    """"" where nothing is below"""
    since_ms: int | None = None
    """when it was spawned or started"""
    reviews: int = 0
    autos: int = 0
    terminals: int = 0
    branch: bool = False
    folded: bool = False
    hidden: int = 0
    pin: int = 0
    needs: bool = False
    matches: bool = True
    """False: it is shown only as the way to an agent that a filter found"""


@dataclass(frozen=True, slots=True, eq=False)
class AgentTreeView:
    """A tree. `total` counts its threads, whatever is shown of them."""

    root: ThreadId | None = None
    title: str = ""
    rows: tuple[AgentRow, ...] = ()
    total: int = 0
    tokens: str = ""
    needs: int = 0
    working: int = 0
    failed: int = 0
    filter: str = ""
    hide_finished: bool = False
    hidden: int = 0
    """finished agents that are not shown"""
    stale: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AgentDetail:
    """One agent in words: (label, value) facts, then its task and its last words."""

    id: ThreadId
    title: str
    facts: tuple[tuple[str, Bits], ...]
    task: str
    task_note: str
    words: str
