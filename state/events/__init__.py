"""What happened, in the past participle: the one language between the parts.

Owns the event union and which events may be coalesced. Events carry the wire's
strings unchanged. Every event about a thread has `thread_id`; the others change
the world around the threads. Times are ms since the epoch.
"""

from __future__ import annotations

from state.events.reviews import (
    AutoReviewChanged,
    DenialApproved,
    ReviewAnswered,
    ReviewAsked,
    ReviewDecided,
    ReviewReopened,
    ReviewResolved,
    ReviewSent,
)
from state.events.threads import (
    DeliveryChanged,
    OrphansFound,
    QueueChanged,
    QueueListed,
    ReadStateChanged,
    SandboxRefused,
    SettingsChanged,
    TerminalsDismissed,
    TerminalsListed,
    ThreadArchived,
    ThreadDeleted,
    ThreadRenamed,
    ThreadReverted,
    ThreadSeen,
    ThreadStatusChanged,
    ThreadUnloaded,
    TokensUsed,
    WarningSeen,
)
from state.events.turns import (
    CallEnded,
    ErrorSeen,
    ItemCompleted,
    ItemDelta,
    ItemStarted,
    PlanChanged,
    RuleApplied,
    SendChanged,
    SendNoted,
    ThreadRecalled,
    TurnContextRead,
    TurnDiffChanged,
    TurnEnded,
    TurnMarked,
    TurnReviewerChanged,
    TurnsLoaded,
    TurnStarted,
    ViolationLogged,
)
from state.events.world import (
    AccountChanged,
    ConfigMended,
    ConfigWarned,
    EngineChanged,
    MessageShown,
    ReviewsListed,
    SandboxProbed,
    StoreFailed,
    ThreadsListed,
    Unrecognised,
)

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
    | SandboxRefused
    | DeliveryChanged
    | TokensUsed
    | QueueChanged
    | QueueListed
    | TurnStarted
    | TurnEnded
    | TurnContextRead
    | TurnDiffChanged
    | PlanChanged
    | TurnsLoaded
    | ThreadRecalled
    | TurnReviewerChanged
    | TurnMarked
    | ItemStarted
    | ItemDelta
    | ItemCompleted
    | CallEnded
    | RuleApplied
    | ViolationLogged
    | TerminalsListed
    | TerminalsDismissed
    | OrphansFound
    | ErrorSeen
    | WarningSeen
    | ReviewAsked
    | ReviewDecided
    | ReviewSent
    | ReviewReopened
    | ReviewAnswered
    | ReviewResolved
    | AutoReviewChanged
    | DenialApproved
    | SendNoted
    | SendChanged
)


WorldEvent = (
    EngineChanged
    | ReviewsListed
    | ThreadsListed
    | AccountChanged
    | ConfigWarned
    | ConfigMended
    | SandboxProbed
    | StoreFailed
    | MessageShown
    | Unrecognised
)


Event = ThreadEvent | WorldEvent

__all__ = [
    "AccountChanged",
    "AutoReviewChanged",
    "CallEnded",
    "ConfigMended",
    "ConfigWarned",
    "DeliveryChanged",
    "DenialApproved",
    "EngineChanged",
    "ErrorSeen",
    "Event",
    "ItemCompleted",
    "ItemDelta",
    "ItemStarted",
    "MessageShown",
    "OrphansFound",
    "PlanChanged",
    "QueueChanged",
    "QueueListed",
    "ReadStateChanged",
    "ReviewAnswered",
    "ReviewAsked",
    "ReviewDecided",
    "ReviewReopened",
    "ReviewResolved",
    "ReviewSent",
    "ReviewsListed",
    "RuleApplied",
    "SandboxProbed",
    "SandboxRefused",
    "SendChanged",
    "SendNoted",
    "SettingsChanged",
    "StoreFailed",
    "TerminalsDismissed",
    "TerminalsListed",
    "ThreadArchived",
    "ThreadDeleted",
    "ThreadEvent",
    "ThreadRecalled",
    "ThreadRenamed",
    "ThreadReverted",
    "ThreadSeen",
    "ThreadStatusChanged",
    "ThreadUnloaded",
    "ThreadsListed",
    "TokensUsed",
    "TurnContextRead",
    "TurnDiffChanged",
    "TurnEnded",
    "TurnMarked",
    "TurnReviewerChanged",
    "TurnStarted",
    "TurnsLoaded",
    "Unrecognised",
    "ViolationLogged",
    "WarningSeen",
    "WorldEvent",
]
