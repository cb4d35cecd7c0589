"""What happened in a turn: its items, its errors, and what the user said."""

from __future__ import annotations

from state.dataclass import dataclass
from state.hidden import EndedCall
from state.items import DeltaKind, Item, ItemId, PlanStep, RanOutside, ThreadId, TurnId
from state.model import (
    AutoReview,
    ClientId,
    Review,
    Send,
    SendState,
    Settings,
    Turn,
    TurnError,
    TurnMark,
    TurnStatus,
)
from state.permissions.noise import Cell, Violation


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
class TurnContextRead:
    """What the rollout says that the turn runs under: of an agent nobody else tells."""

    thread_id: ThreadId
    turn_id: TurnId
    settings: Settings


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
class ThreadRecalled:
    """What our store holds of a thread: turns, ascending, reviews that are over and
    what auto-review said. It is older than all that is told: what is held stays.

    `complete`: there are no turns older than these."""

    thread_id: ThreadId
    turns: tuple[Turn, ...] = ()
    reviews: tuple[Review, ...] = ()
    autos: tuple[AutoReview, ...] = ()
    complete: bool = False


@dataclass(frozen=True, slots=True)
class TurnMarked:
    """The newest turn of a thread whose turns nobody reads."""

    thread_id: ThreadId
    mark: TurnMark


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
class CallEnded:
    """A tool call that was heard of beside the items: in the rollout, or raw."""

    thread_id: ThreadId
    turn_id: TurnId
    call: EndedCall


@dataclass(frozen=True, slots=True)
class ViolationLogged:
    """The engine's log counts a command as stopped; `cell`: the call it was part of,
    None when it was a call of its own, or nobody knows."""

    thread_id: ThreadId
    turn_id: TurnId
    row: Violation
    cell: Cell | None = None


@dataclass(frozen=True, slots=True)
class RuleApplied:
    """A rule let a command out of the sandbox, or may have: the engine does not say."""

    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    outside: RanOutside


@dataclass(frozen=True, slots=True)
class ErrorSeen:
    """A turn's error; `will_retry`: the engine tries again by itself."""

    thread_id: ThreadId
    turn_id: TurnId | None
    error: TurnError
    will_retry: bool
    at_ms: int = 0


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
class TurnReviewerChanged:
    """We gave the running turn another reviewer; the engine tells nobody of it."""

    thread_id: ThreadId
    turn_id: TurnId
    reviewer: str
