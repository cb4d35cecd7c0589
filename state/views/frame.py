"""Read models of what frames a screen: header, banner, bottom line, composer."""

from __future__ import annotations

from typing import Literal

from state.dataclass import dataclass
from state.messaging import AgentName
from state.views.base import Bits, Glyph, Tone


@dataclass(frozen=True, slots=True, eq=False)
class HeaderView:
    glyph: Glyph
    tone: Tone
    engine: str
    needs: int
    working: int
    threads: int
    as_of_ms: int | None = None
    aside: str = ""
    """said beside the engine where there is room"""


@dataclass(frozen=True, slots=True, eq=False)
class BannerView:
    """Three lines when the engine is gone or missing, or nobody is logged in.

    `said`: what the engine wrote last, oldest first; below the three lines, as much
    of its end as there is room for."""

    title: str
    title_detail: str
    body: str
    foot: str
    keys: tuple[tuple[str, str], ...]
    retry_at_ms: int | None = None
    tone: Tone = Tone.FAIL
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SandboxLine:
    """The bottom line. `level`: calm, neutral, danger, alarm or stale."""

    glyph: str
    mode: str
    level: Literal["calm", "neutral", "danger", "alarm", "stale"]
    parts: tuple[str, ...] = ()
    lead: str = ""  # words before the mode, such as "last known"
    terminals: int = 0
    hints: tuple[str, ...] = ()
    message: str = ""
    auto: int = 0
    """auto-reviews that run, over all threads"""
    auto_since_ms: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ComposerView:
    """Where the words would go. `action`: start, send, steer or none.

    `blocked`: why nothing can be sent now (the draft is kept all the same).
    """

    target: str
    title: str
    action: Literal["start", "send", "steer", "none"]
    facts: str = ""
    blocked: str = ""
    full_access: bool = False
    """what is sent would run without a sandbox"""
    waiting: Bits = ()
    """what is queued or held behind the running turn; drawn above the box"""
    asks: bool = False
    """the engine takes no message for it: sending asks which other way"""
    agents: tuple[AgentName, ...] = ()
    """the tree it is in: whom `@path` can mean"""
