"""What the user wants, in the imperative: the one way out towards the engine.

Owns the command union. A command says everything that is needed to carry it out
and nothing about how; its answer comes back as events.
"""

from __future__ import annotations

from dataclasses import field

from state.changes import Change as Change
from state.dataclass import dataclass
from state.items import ThreadId, TurnId
from state.model import ClientId, Decision, QueueEntry, Review


@dataclass(frozen=True, slots=True)
class StartThread:
    """A new thread with its first message.

    `cwd` canonical; `sandbox`: read-only, workspace-write, danger-full-access or
    None for the engine's default; `trust`: write the trust entry first (asked for
    by the user). `text` empty: start without a turn. `roots`: its workspace roots,
    None for `cwd`.
    """

    client_id: ClientId
    cwd: str
    text: str
    logical_cwd: str = ""
    model: str | None = None
    effort: str | None = None
    sandbox: str | None = None
    approval_policy: str | None = None
    reviewer: str | None = None
    trust: bool = False
    name: str | None = None
    roots: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SendTurn:
    """Say this to a thread: starts a turn, or steers when one runs.

    `expected_turn` set: steer exactly that turn.
    """

    client_id: ClientId
    thread_id: ThreadId
    text: str
    expected_turn: TurnId | None = None


@dataclass(frozen=True, slots=True)
class QueueTurn:
    """Say this when the running turn is over."""

    client_id: ClientId
    thread_id: ThreadId
    text: str


@dataclass(frozen=True, slots=True)
class EditQueued:
    """Say this instead. `entry_id`: the engine's name of the queued message."""

    thread_id: ThreadId
    entry_id: str
    text: str


@dataclass(frozen=True, slots=True)
class MoveQueued:
    """All queued messages of a thread in a new order, by the engine's names."""

    thread_id: ThreadId
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteQueued:
    """Give up a queued message."""

    thread_id: ThreadId
    entry: QueueEntry


@dataclass(frozen=True, slots=True)
class StartQueue:
    """Go on with the queue: after an interrupted turn it waits."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class HoldQueued:
    """Take these out of the engine's queue; they are kept in our store, and that is
    on disk before they leave the queue. `gone`: they left it already."""

    thread_id: ThreadId
    entries: tuple[QueueEntry, ...]
    why: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class DropHeld:
    """Give up a message that is kept here."""

    thread_id: ThreadId
    client_id: ClientId


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Interrupt the running turn; waits until the engine knows it."""

    thread_id: ThreadId
    turn_id: TurnId | None = None


@dataclass(frozen=True, slots=True)
class InterruptBranch:
    """Interrupt an agent and all agents below it, leaves first, also those that are
    just starting. Carried out when all their turns have ended, or did not."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class OpenThread:
    """Read a thread without waking it: its last turns become part of the world."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class LoadOlder:
    """Read the page of turns before the ones held."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class ResumeThread:
    """Load and subscribe, by an act of the user that needs it.

    `acknowledged`: queue, goal and a laxer stored mode were shown and accepted.
    `sandbox`/`approval_policy` override what is stored.
    """

    thread_id: ThreadId
    acknowledged: bool = False
    sandbox: str | None = None
    approval_policy: str | None = None


@dataclass(frozen=True, slots=True)
class ForkThread:
    """`sandbox` or `profile`: what the fork is to run under; None: as the engine
    likes, which may be laxer than the thread itself."""

    thread_id: ThreadId
    sandbox: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class RenameThread:
    thread_id: ThreadId
    name: str


@dataclass(frozen=True, slots=True)
class ArchiveThread:
    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class UnarchiveThread:
    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class DeleteThread:
    """Delete the thread and all agents below it, for good."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class MarkRead:
    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class Decide:
    """Answer exactly this review: `review` is what the user had before their eyes.

    `sent`: the JSON that leaves in place of the decision's, because it holds a secret;
    it is neither kept nor shown."""

    review: Review
    decision: Decision
    sent: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StopTerminals:
    """End background terminals of a thread; None: all of them."""

    thread_id: ThreadId
    process_id: str | None = None


@dataclass(frozen=True, slots=True)
class LookAtTerminals:
    """Ask anew what a thread's terminals are doing: some engines tell cpu and memory,
    and tell them only when asked."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class RunShell:
    """A command of the user's own: the engine runs it outside the sandbox."""

    thread_id: ThreadId
    command: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """Read the thread list again."""


@dataclass(frozen=True, slots=True)
class RetryEngine:
    """Connect now instead of waiting for the back-off."""


@dataclass(frozen=True, slots=True)
class LogIn:
    """The engine's own login. `kind`: apiKey (with `secret`) or deviceCode."""

    kind: str
    secret: str = ""

    def __repr__(self) -> str:
        return f"LogIn(kind={self.kind!r})"


Act = (
    StartThread
    | SendTurn
    | QueueTurn
    | EditQueued
    | MoveQueued
    | DeleteQueued
    | StartQueue
    | HoldQueued
    | DropHeld
    | Interrupt
    | InterruptBranch
    | OpenThread
    | LoadOlder
    | ResumeThread
    | ForkThread
    | RenameThread
    | ArchiveThread
    | UnarchiveThread
    | DeleteThread
    | MarkRead
    | Decide
    | StopTerminals
    | LookAtTerminals
    | RunShell
    | Refresh
    | RetryEngine
    | LogIn
)

Command = Act | Change
