"""Read models: what widgets are given, ready to draw.

Owns their shapes only; `state.select` builds them. All text in them has passed one
of the three doors. Frozen and eq=False: a widget compares identity, and an object
that is the same needs no drawing. Times are ms since the epoch; widgets get "now"
from outside and never read a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from state.diff import DiffLine
from state.items import ItemId, ThreadId, TurnId
from state.model import Decision, Review, ReviewKey
from state.output import OutputText
from state.text import Revealed


class Glyph(StrEnum):
    """The status signs of the look; `widgets.glyphs` knows their ASCII forms."""

    NEED = "▲"
    WORK = "●"
    READY = "○"
    NOT_LOADED = "·"
    INTERRUPTED = "◌"
    STARTING = "◦"
    AUTO = "◇"
    DONE = "✓"
    FAILED = "✗"
    DENIED = "⊘"
    STALE = "~"
    CLOSED = "–"
    UNREAD = "•"
    PROMPT = "›"
    NONE = " "


class Tone(StrEnum):
    """What a colour states; themes map tones to colours, plain mode to words."""

    TEXT = "foreground"
    BRIGHT = "bright"
    MUTED = "muted"
    FAINT = "faint"
    ACCENT = "accent"
    NEED = "need"
    WORK = "work"
    FAIL = "fail"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Bit:
    """A run of text in one tone."""

    text: str
    tone: Tone = Tone.TEXT
    bold: bool = False
    italic: bool = False


Bits = tuple[Bit, ...]


# -- threads ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class ThreadRow:
    """One thread in the list. `detail` is the second line (or the column beside the
    title when narrow): only what the glyph does not say."""

    id: ThreadId
    glyph: Glyph
    tone: Tone
    title: str
    detail: Bits = ()
    at_ms: int = 0
    unread: bool = False
    bold: bool = False
    word: str = ""
    """the status in words, for plain mode"""
    full_access: bool = False
    """runs, or will run, without a sandbox"""


@dataclass(frozen=True, slots=True, eq=False)
class ThreadGroup:
    """A heading and its rows. `more`: how many were not read from the store yet."""

    title: str
    tone: Tone
    rows: tuple[ThreadRow, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ThreadListView:
    groups: tuple[ThreadGroup, ...] = ()
    total: int = 0
    filter: str = ""
    loading: bool = False


# -- transcript ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class SaidCell:
    """The user's words. `state`: "" or sending, unknown, refused, queued."""

    text: str
    images: tuple[str, ...] = ()
    state: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AnswerCell:
    """The agent's words, markdown."""

    markdown: str
    live: bool = False
    commentary: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ThoughtCell:
    """Reasoning: folded to its first line unless unfolded."""

    text: str
    live: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PlanCell:
    """A checklist: (status, words) with status pending, inProgress, completed."""

    title: str
    steps: tuple[tuple[str, str], ...] = ()
    markdown: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class CommandCell:
    """A command. `verb`: Ran, Running, Asked to run, Declined, You ran …"""

    glyph: Glyph
    tone: Tone
    verb: str
    command: Revealed
    right: Bits = ()
    output: OutputText = field(default_factory=lambda: OutputText(""))
    note: str = ""
    live: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FileView:
    """A changed file. `verb`: Edited, Added, Deleted, Moved, Wants to edit …"""

    verb: str
    path: Revealed
    added: int
    removed: int
    lines: tuple[DiffLine, ...]
    language: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PatchCell:
    glyph: Glyph
    tone: Tone
    files: tuple[FileView, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class EventCell:
    """One line: glyph, bold verb, subject, right-hand facts; `detail` folds."""

    glyph: Glyph
    tone: Tone
    verb: str
    subject: str
    right: Bits = ()
    detail: str = ""
    live: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class NoticeCell:
    """A warning or error in its place."""

    tone: Tone
    glyph: Glyph
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TurnRule:
    """The hairline between turns."""

    number: int
    at_ms: int | None
    note: str = ""


CellBody = (
    SaidCell
    | AnswerCell
    | ThoughtCell
    | PlanCell
    | CommandCell
    | PatchCell
    | EventCell
    | NoticeCell
    | TurnRule
)


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A drawable part of the transcript. Cache by (key, revision, width)."""

    key: tuple[TurnId, ItemId]
    revision: int
    body: CellBody


@dataclass(frozen=True, slots=True, eq=False)
class LiveLine:
    """The working line under the last cell. `since_ms`: when the turn began."""

    words: str
    since_ms: int | None
    hint: str = ""
    right: str = ""
    stale: bool = False
    need: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TranscriptView:
    """The open thread. `older`: there is more above than is held."""

    thread_id: ThreadId | None = None
    title: str = ""
    agent_path: str = ""
    right: str = ""
    cells: tuple[Cell, ...] = ()
    live: LiveLine | None = None
    older: bool = False
    loading: bool = False
    empty: tuple[str, ...] = ()


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
class TerminalRow:
    """One background terminal, numbered as shown."""

    number: int
    thread_id: ThreadId
    process_id: str
    command: Revealed
    owner: str
    since_ms: int | None
    cpu: str = "—"
    last: str = ""


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


@dataclass(frozen=True, slots=True, eq=False)
class SideView:
    """The right column (or the three counters of the normal layout)."""

    agents: tuple[AgentRow, ...] = ()
    agent_tokens: str = ""
    terminals: tuple[TerminalRow, ...] = ()
    reviews: tuple[ReviewRow, ...] = ()
    agents_need: int = 0
    agents_failed: int = 0
    reviews_need: int = 0
    reviews_auto: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ReviewCardView:
    """A review as the user sees it: everything that is asked, nothing hidden.

    `review` is the very request; a decision is bound to it. `facts` are label and
    value pairs (agent, in, why); `runs` what it would run under and, beside it, the
    turn's own sandbox; `files` the diff of an edit review.
    """

    review: Review
    index: int
    total: int
    question: str
    facts: tuple[tuple[str, str], ...]
    command: Revealed | None
    runs: tuple[tuple[str, str, str], ...]
    runs_title: Bits
    files: tuple[FileView, ...]
    decisions: tuple[Decision, ...]
    warnings: tuple[str, ...] = ()
    state: str = ""
    """"" while pending, else a sentence"""


# -- frame -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class HeaderView:
    glyph: Glyph
    tone: Tone
    engine: str
    needs: int
    working: int
    threads: int
    as_of_ms: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BannerView:
    """Three lines when the engine is gone or missing, or nobody is logged in."""

    title: str
    title_detail: str
    body: str
    foot: str
    keys: tuple[tuple[str, str], ...]
    retry_at_ms: int | None = None
    tone: Tone = Tone.FAIL


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
