"""The domain: threads, turns, reviews, terminals, settings and the world they form.

Owns the shapes; does not own how they change (`state.reduce`) nor how they look
(`state.select`). Everything is frozen; mappings are plain dicts that nobody writes
to after they are handed over. Invariant: a value says what the engine said, in the
engine's words, and where it came from; what is not known is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import NamedTuple, NewType

from state.dataclass import dataclass
from state.items import Item, ItemId, PlanStep, Question, ThreadId, TurnId
from state.reviews import (
    AutoReview,
    Decision,
    RequestId,
    Review,
    ReviewKey,
    ReviewKind,
    ReviewState,
)
from state.terminals import Terminal
from state.undelivered import Undelivered

ClientId = NewType("ClientId", str)

__all__ = [
    "AutoReview",
    "ClientId",
    "Decision",
    "Item",
    "ItemId",
    "PlanStep",
    "RequestId",
    "Review",
    "ReviewKey",
    "ReviewKind",
    "ReviewState",
    "Terminal",
    "ThreadId",
    "TurnId",
]


class Origin(StrEnum):
    """Where a row came from."""

    ENGINE = "engine"
    ROLLOUT = "rollout"
    OURS = "codex-tui"


class ThreadStatus(StrEnum):
    """The engine's word for a thread; `UNKNOWN` until it said one."""

    NOT_LOADED = "notLoaded"
    IDLE = "idle"
    ACTIVE = "active"
    SYSTEM_ERROR = "systemError"
    UNKNOWN = "unknown"


class TurnStatus(StrEnum):
    """How a turn stands. Interrupted is not an ending of the agent."""

    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    UNKNOWN = "unknown"


class SandboxMode(StrEnum):
    """The four modes of the wire's sandbox policy."""

    READ_ONLY = "readOnly"
    WORKSPACE_WRITE = "workspaceWrite"
    FULL_ACCESS = "dangerFullAccess"
    EXTERNAL = "externalSandbox"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox policy. Roots are absolute paths as the engine spells them."""

    mode: SandboxMode
    network: bool = False
    writable_roots: tuple[str, ...] = ()
    exclude_tmpdir: bool = False
    exclude_slash_tmp: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What the next turn of a thread will run under.

    `approval_policy`: untrusted, on-request, never or granular (then `granular`
    holds the five switches). `reviewer`: user or auto_review. `profile` is the
    active permission profile's id; `sandbox` is then only its projection.
    `workspace_roots` None: the engine did not say.
    """

    model: str | None = None
    effort: str | None = None
    approval_policy: str | None = None
    granular: tuple[tuple[str, bool], ...] = ()
    reviewer: str | None = None
    sandbox: Sandbox | None = None
    profile: str | None = None
    cwd: str | None = None
    workspace_roots: tuple[str, ...] | None = None
    mode: str | None = None
    """collaboration mode: default or plan"""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of a thread so far, its last reply, and the model's window."""

    total: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    last_total: int = 0
    window: int | None = None


@dataclass(frozen=True, slots=True)
class TurnError:
    """Why a turn failed: the engine's sentence, its code, its details."""

    message: str
    code: str | None = None
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn. `items` in first-seen order. `settings`: what was in force when it
    started (None when we were not there). `switched`: its reviewer was changed while it
    ran."""

    id: TurnId
    status: TurnStatus = TurnStatus.IN_PROGRESS
    items: Mapping[ItemId, Item] = field(default_factory=dict)
    started_ms: int | None = None
    completed_ms: int | None = None
    duration_ms: int | None = None
    error: TurnError | None = None
    settings: Settings | None = None
    root_turn_id: TurnId | None = None
    diff: str = ""
    switched: bool = False


@dataclass(frozen=True, slots=True)
class TurnMark:
    """What is known of a thread's newest turn even while no turn of it is held.
    `words`: the begin of what it said last, once it is over."""

    id: TurnId
    status: TurnStatus
    started_ms: int | None = None
    completed_ms: int | None = None
    error: TurnError | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Spawn:
    """How an agent came to be, as its parent's item tells it.

    `turn_id` and `item_id` are the parent's; `model` and `effort` as spawned; `task`
    None: the wire carries it only as ciphertext."""

    turn_id: TurnId
    item_id: ItemId
    at_ms: int | None = None
    model: str | None = None
    effort: str | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Questions an agent asked in passing; the user's next message answers them."""

    turn_id: TurnId
    item_id: ItemId
    questions: tuple[Question, ...]
    at_ms: int


class SendState(StrEnum):
    """A message's way: noted, sent, accepted, seen in history, refused, unknown.

    `HELD`: taken out of the queue and kept here; `DROPPED`: given up by the user."""

    NOTED = "noted"
    SENT = "sent"
    SEEN = "seen"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    HELD = "held"
    DROPPED = "dropped"


class QueueEntry(NamedTuple):
    """A message in the engine's queue; `id` is the engine's name for it."""

    id: str
    text: str
    client_id: ClientId


@dataclass(frozen=True, slots=True)
class Send:
    """A message on its way. `how`: start, steer or queue."""

    client_id: ClientId
    text: str
    how: str
    state: SendState
    at_ms: int
    error: str | None = None


class HistoryState(StrEnum):
    """How much of a thread's turns the world holds."""

    NONE = "none"
    PARTIAL = "partial"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread, root or agent. Times in ms since the epoch; `status` is last known.

    `name` is what somebody called it, `preview` its first user message. `turns` in
    time order, only for threads that are open or running. `revision` rises with every
    change and takes no part in equality.
    """

    id: ThreadId
    name: str | None = None
    preview: str = ""
    cwd: str = ""
    source: str = "unknown"
    originator: str | None = None
    thread_source: str | None = None
    model: str | None = None
    model_provider: str | None = None
    effort: str | None = None
    created_ms: int = 0
    updated_ms: int = 0
    archived: bool = False
    deleted: bool = False
    ephemeral: bool = False
    status: ThreadStatus = ThreadStatus.UNKNOWN
    flags: frozenset[str] = frozenset()
    path: str | None = None
    parent_id: ThreadId | None = None
    session_id: str | None = None
    agent_path: str | None = None
    nickname: str | None = None
    role: str | None = None
    forked_from: ThreadId | None = None
    direct_input: bool | None = None
    branch: str | None = None
    unread: bool = False
    read_revision: str | None = None
    settings: Settings | None = None
    tokens: TokenUsage | None = None
    turns: Mapping[TurnId, Turn] = field(default_factory=dict)
    active_turn: TurnId | None = None
    history: HistoryState = HistoryState.NONE
    reviews: Mapping[ReviewKey, Review] = field(default_factory=dict)
    auto_reviews: Mapping[str, AutoReview] = field(default_factory=dict)
    terminals: Mapping[ItemId, Terminal] = field(default_factory=dict)
    """Those that run, as far as we know"""
    ended_terminals: Mapping[ItemId, Terminal] = field(default_factory=dict)
    """Those that ended and were not dismissed, in the order of their ends"""
    sends: Mapping[ClientId, Send] = field(default_factory=dict)
    agent_status: str | None = None
    """Another agent's last word about it: started, interacted, interrupted, completed,
    and from older agents failed or closed"""
    notices: tuple[Item, ...] = ()
    """Warnings that belong to the thread and to no turn"""
    origin: Origin = Origin.OURS
    seen_ms: int = 0
    queue: tuple[QueueEntry, ...] = ()
    """What the engine will say to it when the running turn is over"""
    told_ms: int = 0
    """When `agent_status` was said"""
    spawn: Spawn | None = None
    latest: TurnMark | None = None
    asked: str | None = None
    """What was asked for and is not in force, until somebody sets another: a mode, or
    `profile` and its name; raw"""
    undelivered: tuple[Undelivered, ...] = ()
    """Commits of its turns that stand on no remote, by repository, as last looked at"""
    asking: tuple[Asking, ...] = ()
    """What it asked in passing and nobody answered yet, oldest first"""
    unloaded_ms: int = 0
    """When the engine last let go of it; what was granted to it ended then"""
    revision: int = field(default=0, compare=False)

    @property
    def is_agent(self) -> bool:
        """A sub-agent: has a parent thread."""
        return self.parent_id is not None


class EnginePhase(StrEnum):
    """Where our connection stands."""

    NONE = "none"
    CONNECTING = "connecting"
    READY = "ready"
    LOST = "lost"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine as last known. `how`: joined, started, private or remote.

    `stderr`: what the engine that ended last wrote before it did; it stays when another
    one answers. `since_ms`: since when the phase is what it is, through all tries."""

    phase: EnginePhase = EnginePhase.NONE
    version: str | None = None
    how: str | None = None
    epoch: str | None = None
    connection: int = 0
    codex_home: str | None = None
    sentence: str | None = None
    stderr: tuple[str, ...] = ()
    retry_at_ms: int | None = None
    since_ms: int | None = None
    installed: str | None = None
    """The version that a start here would run; None: not known, or it is elsewhere"""


@dataclass(frozen=True, slots=True)
class Account:
    """Login as the engine tells it. `kind` None: not asked yet; "none": no login."""

    kind: str | None = None
    label: str | None = None
    requires_login: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """Everything. `threads` in first-seen order: spawn order is stable.

    `messages` are sentences for the status bar, newest last, at most 50.
    """

    threads: Mapping[ThreadId, Thread] = field(default_factory=dict)
    engine: Engine = Engine()
    account: Account = Account()
    config_warnings: tuple[str, ...] = ()
    store_error: str | None = None
    sandbox_problem: str | None = None
    managed_network: bool = False
    """Sandboxed commands reach the network through an administrator's proxy alone"""
    messages: tuple[str, ...] = ()
    unrecognised: Mapping[str, int] = field(default_factory=dict)
    listed: bool = False
    """An engine has said what threads there are: none known means none there"""
