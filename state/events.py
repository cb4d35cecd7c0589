"""What happened, in the past participle: the one language between the parts.

Owns the event union and which events may be coalesced. Events carry the wire's
strings unchanged. Every event about a thread has `thread_id`; the others change
the world around the threads. Times are ms since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from state.items import DeltaKind, Item, ItemId, PlanStep, ThreadId, TurnId
from state.model import (
    Account,
    AutoReview,
    ClientId,
    Decision,
    Engine,
    Origin,
    QueueEntry,
    Review,
    ReviewKey,
    Send,
    SendState,
    Settings,
    Terminal,
    ThreadStatus,
    TokenUsage,
    Turn,
    TurnError,
    TurnStatus,
)


@dataclass(frozen=True, slots=True)
class ThreadSeen:
    """The engine (or a rollout) described a thread.

    `facts` holds only the fields of `state.model.Thread` that the source told,
    so an absent field never erases a known one.
    """

    thread_id: ThreadId
    facts: tuple[tuple[str, Any], ...]
    origin: Origin
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class ThreadStatusChanged:
    thread_id: ThreadId
    status: ThreadStatus
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ThreadRenamed:
    thread_id: ThreadId
    name: str | None


@dataclass(frozen=True, slots=True)
class ThreadArchived:
    thread_id: ThreadId
    archived: bool


@dataclass(frozen=True, slots=True)
class ThreadDeleted:
    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class ThreadUnloaded:
    """thread/closed: the engine let go of it; its terminals died with that."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class ThreadReverted:
    """History was cut by somebody: what we hold of the turns is void."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class ReadStateChanged:
    thread_id: ThreadId
    unread: bool
    revision: str | None


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """What the thread's next turn will run under, whoever changed it."""

    thread_id: ThreadId
    settings: Settings


@dataclass(frozen=True, slots=True)
class TokensUsed:
    thread_id: ThreadId
    usage: TokenUsage


@dataclass(frozen=True, slots=True)
class QueueChanged:
    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class QueueListed:
    """The engine's queue of a thread. `more`: a further page of the same list."""

    thread_id: ThreadId
    entries: tuple[QueueEntry, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class TurnStarted:
    thread_id: ThreadId
    turn_id: TurnId
    root_turn_id: TurnId | None = None
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TurnEnded:
    thread_id: ThreadId
    turn_id: TurnId
    status: TurnStatus
    error: TurnError | None = None
    at_ms: int | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TurnDiffChanged:
    thread_id: ThreadId
    turn_id: TurnId
    diff: str


@dataclass(frozen=True, slots=True)
class PlanChanged:
    thread_id: ThreadId
    turn_id: TurnId
    steps: tuple[PlanStep, ...]
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class TurnsLoaded:
    """A page of history, ascending. `older`: it goes before what is held.

    `complete`: there is nothing older than this page.
    """

    thread_id: ThreadId
    turns: tuple[Turn, ...]
    older: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True)
class ItemStarted:
    thread_id: ThreadId
    turn_id: TurnId
    item: Item


@dataclass(frozen=True, slots=True)
class ItemDelta:
    """Text for one part of one item; the item may be unknown (late joiner)."""

    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    kind: DeltaKind
    text: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class ItemCompleted:
    thread_id: ThreadId
    turn_id: TurnId
    item: Item


@dataclass(frozen=True, slots=True)
class TerminalsListed:
    """All background terminals of one thread, as the engine lists them now."""

    thread_id: ThreadId
    terminals: tuple[Terminal, ...]


@dataclass(frozen=True, slots=True)
class ErrorSeen:
    """A turn's error; `will_retry`: the engine tries again by itself."""

    thread_id: ThreadId
    turn_id: TurnId | None
    error: TurnError
    will_retry: bool
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class WarningSeen:
    """A warning about one thread."""

    thread_id: ThreadId
    text: str
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class ReviewAsked:
    thread_id: ThreadId
    review: Review


@dataclass(frozen=True, slots=True)
class ReviewDecided:
    """The user decided; committed to the store before anything is sent."""

    thread_id: ThreadId
    key: ReviewKey
    decision: Decision
    at_ms: int


@dataclass(frozen=True, slots=True)
class ReviewSent:
    """The decision left on this connection."""

    thread_id: ThreadId
    key: ReviewKey
    at_ms: int


@dataclass(frozen=True, slots=True)
class ReviewReopened:
    """The decision could not leave: the review is undecided again."""

    thread_id: ThreadId
    key: ReviewKey


@dataclass(frozen=True, slots=True)
class ReviewResolved:
    """serverRequest/resolved: answered by somebody, or void."""

    thread_id: ThreadId
    key: ReviewKey
    at_ms: int


@dataclass(frozen=True, slots=True)
class AutoReviewChanged:
    thread_id: ThreadId
    review: AutoReview


@dataclass(frozen=True, slots=True)
class SendNoted:
    """The user sent a message; committed to the store before it leaves."""

    thread_id: ThreadId
    send: Send


@dataclass(frozen=True, slots=True)
class SendChanged:
    thread_id: ThreadId
    client_id: ClientId
    state: SendState
    error: str | None = None


@dataclass(frozen=True, slots=True)
class EngineChanged:
    """Our connection's state. A new epoch voids pending reviews of the old one."""

    engine: Engine


@dataclass(frozen=True, slots=True)
class AccountChanged:
    account: Account


@dataclass(frozen=True, slots=True)
class ConfigWarned:
    text: str


@dataclass(frozen=True, slots=True)
class SandboxProbed:
    """The start-up probe; `problem` None: commands run in the sandbox."""

    problem: str | None


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """A write failed; None: writing works again."""

    sentence: str | None


@dataclass(frozen=True, slots=True)
class MessageShown:
    """A sentence for the status bar (a refused command, an undone act)."""

    text: str


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A notification this program does not know. Counted, kept for doctor."""

    method: str
    json: str


ThreadEvent = (
    ThreadSeen
    | ThreadStatusChanged
    | ThreadRenamed
    | ThreadArchived
    | ThreadDeleted
    | ThreadUnloaded
    | ThreadReverted
    | ReadStateChanged
    | SettingsChanged
    | TokensUsed
    | QueueChanged
    | QueueListed
    | TurnStarted
    | TurnEnded
    | TurnDiffChanged
    | PlanChanged
    | TurnsLoaded
    | ItemStarted
    | ItemDelta
    | ItemCompleted
    | TerminalsListed
    | ErrorSeen
    | WarningSeen
    | ReviewAsked
    | ReviewDecided
    | ReviewSent
    | ReviewReopened
    | ReviewResolved
    | AutoReviewChanged
    | SendNoted
    | SendChanged
)
WorldEvent = (
    EngineChanged
    | AccountChanged
    | ConfigWarned
    | SandboxProbed
    | StoreFailed
    | MessageShown
    | Unrecognised
)
Event = ThreadEvent | WorldEvent
