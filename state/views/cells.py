"""Read models of the transcript: one body for each kind of cell."""

from __future__ import annotations

from dataclasses import field

from state.dataclass import dataclass
from state.diff import DiffLine
from state.items import ItemId, ThreadId, TurnId
from state.output import OutputText
from state.text import Revealed
from state.views.base import Bits, Glyph, Tone


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
    """One line: glyph, bold verb, subject, right-hand facts; `detail` folds.

    `aside`: muted words after the subject. `opens`: the agent that enter shows."""

    glyph: Glyph
    tone: Tone
    verb: str
    subject: str
    right: Bits = ()
    detail: str = ""
    live: bool = False
    aside: str = ""
    opens: ThreadId | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NoticeCell:
    """A warning or error in its place. `denial`: the auto-review it is about, where
    one retry of that can be approved."""

    tone: Tone
    glyph: Glyph
    text: str
    detail: str = ""
    denial: str = ""


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
