"""What happened to a thread as a whole."""

from __future__ import annotations

from typing import Any

from state.dataclass import dataclass
from state.items import ItemId, ThreadId
from state.model import (
    Origin,
    QueueEntry,
    Settings,
    Terminal,
    ThreadStatus,
    TokenUsage,
)
from state.undelivered import Undelivered


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
    at_ms: int = 0


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
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class ThreadUnloaded:
    """thread/closed: the engine let go of it; its terminals died with that."""

    thread_id: ThreadId
    at_ms: int = 0


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
class SandboxRefused:
    """The engine put another mode in force than the one that was asked for. `asked`: a
    mode, or `profile` and its name; raw."""

    thread_id: ThreadId
    asked: str


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
class TerminalsListed:
    """All background terminals of one thread, as the engine `epoch` lists them now."""

    thread_id: ThreadId
    terminals: tuple[Terminal, ...]
    epoch: str = ""
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class TerminalsDismissed:
    """The user has seen how these ended."""

    thread_id: ThreadId
    item_ids: tuple[ItemId, ...]


@dataclass(frozen=True, slots=True)
class OrphansFound:
    """Processes of this thread's commands live on, and no engine holds them;
    `terminals` as far as the processes tell."""

    thread_id: ThreadId
    terminals: tuple[Terminal, ...]


@dataclass(frozen=True, slots=True)
class DeliveryChanged:
    """Repositories were looked at: what of the thread's work stands on no remote."""

    thread_id: ThreadId
    undelivered: tuple[Undelivered, ...]


@dataclass(frozen=True, slots=True)
class WarningSeen:
    """A warning about one thread. `of_turn`: about its running turn."""

    thread_id: ThreadId
    text: str
    at_ms: int = 0
    of_turn: bool = False
