"""The items of a turn: what was said, run, edited, asked and spawned.

Owns the union of item bodies and the rope (`Text`) that streaming text grows in.
Does not own where items live (`state.model`) nor how they are drawn. Strings are
the wire's, unchanged: the text doors are applied when a read model is built.
Invariant: two items with the same text are equal however their deltas were cut.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import NewType

from state.dataclass import dataclass
from state.permissions.noise import Logged

TurnId = NewType("TurnId", str)
ItemId = NewType("ItemId", str)
ThreadId = NewType("ThreadId", str)


class Text:
    """An immutable string that is cheap to append to.

    Chunks double in size towards the front, so n appends cost O(n log n) and a
    read joins O(log n) pieces. Equality and hash are those of the joined string.
    """

    __slots__ = ("_chunks", "_length")

    def __init__(self, *chunks: str) -> None:
        self._chunks = tuple(c for c in chunks if c)
        self._length = sum(map(len, self._chunks))

    def append(self, chunk: str) -> Text:
        """A new text with `chunk` at its end."""
        if not chunk:
            return self
        chunks = [*self._chunks, chunk]
        while len(chunks) > 1 and len(chunks[-2]) < 2 * len(chunks[-1]):
            last = chunks.pop()
            chunks[-1] += last
        grown = Text.__new__(Text)  # thousands a second: no chunk is measured twice
        grown._chunks = tuple(chunks)
        grown._length = self._length + len(chunk)
        return grown

    def last(self, number: int) -> str:
        """The last `number` characters, without joining the rest."""
        parts: list[str] = []
        for chunk in reversed(self._chunks):
            if number <= 0:
                break
            parts.append(chunk[-number:])
            number -= len(chunk)
        return "".join(reversed(parts))

    def __str__(self) -> str:
        return "".join(self._chunks)

    def __repr__(self) -> str:
        return f"Text({str(self)!r})"

    def __len__(self) -> int:
        return self._length

    def __bool__(self) -> bool:
        return self._length > 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Text):
            return NotImplemented
        return self._length == other._length and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


NO_TEXT = Text()


class ItemStatus(StrEnum):
    """Where an item stands. `CLOSED`: its turn ended and the engine never ended it."""

    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"
    FAILED = "failed"
    DECLINED = "declined"
    CLOSED = "closed"
    UNKNOWN = "unknown"  # it ended, under a word that is not known here


class DeltaKind(StrEnum):
    """Which text of an item a delta grows."""

    MESSAGE = "message"
    PLAN = "plan"
    SUMMARY = "summary"
    THOUGHT = "thought"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What a person (or a client) said. `client_id` names the send it came from."""

    text: str
    images: tuple[str, ...] = ()
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question the agent asks in passing; `options` may be empty."""

    title: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """The agent's words. `phase`: commentary, partial_answer, final_answer or None."""

    text: Text = NO_TEXT
    phase: str | None = None
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Summary parts, and raw thought parts where the provider sends them."""

    summary: tuple[Text, ...] = ()
    thought: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class ProposedPlan:
    """The plan of plan mode, as markdown."""

    text: Text = NO_TEXT


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One line of a checklist. `status`: pending, inProgress or completed."""

    step: str
    status: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """The turn's plan as the engine last told it (it is not an item of history)."""

    steps: tuple[PlanStep, ...] = ()
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class RanOutside:
    """A rule let a command out of the sandbox. `rule`: how it begins, `place`: file
    and line; `sure` False: it may have, for a rules file is not understood."""

    rule: str
    place: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """A command the agent or the user ran.

    `command` is the shell-quoted argv, `display` the engine's short forms of it.
    `output` is a preview until the item completes. `source`: agent, userShell,
    unifiedExecStartup, unifiedExecInteraction. `process_id` names a terminal.
    """

    command: str
    cwd: str = ""
    display: tuple[str, ...] = ()
    output: Text = NO_TEXT
    exit_code: int | None = None
    duration_ms: int | None = None
    source: str = "agent"
    process_id: str | None = None
    outside: RanOutside | None = None
    """What the rules said when it began; the engine tells nobody."""


class Stopped(StrEnum):
    """What became of a command that the engine sent no item for."""

    BLOCKED = "blocked"
    """its own words and what was in force leave nothing but the sandbox"""
    MAYBE = "maybe"
    """a call of this cell may have been blocked"""
    REFUSED = "refused"
    """a rule, a hook or the approval policy refused it before it ran"""


@dataclass(frozen=True, slots=True)
class HiddenCommand:
    """A command that the engine sent no item for: its sandbox killed it at once, or
    it was refused. `source`: where we know it from, rollout, raw events or the
    engine's log. `command` "" when it cannot be told; `code`: the cell it was called
    from. `reason`: the engine's words when it was refused; `logged`: what its log
    says besides."""

    command: str
    stopped: Stopped
    source: str
    cwd: str = ""
    output: Text = NO_TEXT
    exit_code: int | None = None
    code: str = ""
    reason: str = ""
    logged: Logged | None = None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One changed file. `kind`: add, delete or update.

    `diff` is the whole content for add, unified hunks for update.
    """

    path: str
    kind: str
    diff: str
    move_path: str | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """Edits to files, asked for or done."""

    changes: tuple[FileDiff, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool outside the engine: `namespace` is the MCP server, if any.

    `arguments` and `result` are JSON or plain text as the engine sent them.
    """

    tool: str
    namespace: str | None = None
    arguments: str = ""
    result: str = ""
    error: str | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AgentActivity:
    """A sub-agent was started, interacted with or interrupted, or it completed."""

    kind: str
    agent_thread_id: ThreadId
    agent_path: str
    model: str | None = None
    effort: str | None = None


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What a v1 collaboration call knows of one agent."""

    thread_id: ThreadId
    status: str
    message: str | None = None


@dataclass(frozen=True, slots=True)
class CollabCall:
    """A collaboration tool call: wait (v2), or spawnAgent, sendInput, … (v1)."""

    tool: str
    sender: ThreadId | None = None
    receivers: tuple[ThreadId, ...] = ()
    prompt: str | None = None
    model: str | None = None
    effort: str | None = None
    reports: tuple[AgentReport, ...] = ()


@dataclass(frozen=True, slots=True)
class WebSearch:
    """A search or page visit of the model; `action` is the engine's JSON."""

    query: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class ImageView:
    """The agent looked at a picture on disk."""

    path: str


@dataclass(frozen=True, slots=True)
class Sleep:
    """The agent waits, in milliseconds."""

    duration_ms: int


@dataclass(frozen=True, slots=True)
class ReviewMode:
    """Code review begins (`entered`) or ends; `review` is its subject or verdict."""

    entered: bool
    review: str


@dataclass(frozen=True, slots=True)
class Compaction:
    """The context was summarised."""


@dataclass(frozen=True, slots=True)
class HookPrompt:
    """What hooks said to the model, one pair (text, hook run id) each."""

    fragments: tuple[tuple[str, str], ...] = ()


class Level(StrEnum):
    """How grave a notice is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Notice:
    """Not an item of the engine: a warning or error that belongs to this place."""

    level: Level
    text: str
    detail: str | None = None
    will_retry: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """An item kind this program does not know, kept as the engine's JSON."""

    type: str
    json: str


ItemBody = (
    UserMessage
    | AgentMessage
    | Reasoning
    | ProposedPlan
    | Checklist
    | Command
    | HiddenCommand
    | Patch
    | ToolCall
    | AgentActivity
    | CollabCall
    | WebSearch
    | ImageView
    | Sleep
    | ReviewMode
    | Compaction
    | HookPrompt
    | Notice
    | Unknown
)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a turn. Ids repeat across turns: (turn, id) is the identity.

    `synthetic` items are this program's own (checklist, notices). `revision`
    rises with each change and takes no part in equality.
    """

    id: ItemId
    body: ItemBody
    status: ItemStatus = ItemStatus.IN_PROGRESS
    started_ms: int | None = None
    completed_ms: int | None = None
    synthetic: bool = False
    revision: int = field(default=0, compare=False)

    @property
    def ended(self) -> bool:
        """Nothing more will come for this item."""
        return self.status is not ItemStatus.IN_PROGRESS
