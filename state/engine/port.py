"""What the rest of the program sees of an engine: commands in, events out.

Owns the protocol and what must be known before a sleeping thread is woken. Does not
know JSON, sockets or processes. Invariant: everything an engine says comes through
`offer`, in the order it was said; `send` never raises for what the engine refuses: that
is an event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from state.commands import Command
from state.controls import Controls, Limits
from state.dataclass import dataclass
from state.events import Event
from state.items import ThreadId
from state.looks import Look, Looked
from state.model import Settings, Turn
from state.permissions.policy import Host
from state.permissions.trial import Attempt, Attempted

Offer = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Goal:
    """A thread's goal; an active one starts turns by itself when it is loaded."""

    objective: str
    status: str

    @property
    def active(self) -> bool:
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class Writer:
    """A process that writes a thread; `name` is its program's, "" when not told."""

    pid: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class WakeReport:
    """What loading a thread would set off.

    `queue`: texts that would be sent at once. `stored`: what the thread last ran
    under and would run under again; None when nobody could tell. `today`: what a new
    thread would get now. `laxer`: in words, what is laxer in `stored`. `writer`:
    another process that writes it, so that no engine but its own can load it.
    """

    thread_id: ThreadId
    loaded: bool = False
    queue: tuple[str, ...] = ()
    goal: Goal | None = None
    stored: Settings | None = None
    today: Settings | None = None
    laxer: tuple[str, ...] = ()
    writer: Writer | None = None

    @property
    def quiet(self) -> bool:
        """Nothing starts by itself and nothing is laxer than today."""
        if self.loaded:
            return True
        goal = self.goal is not None and self.goal.active
        return not (self.queue or goal or self.laxer)


@dataclass(frozen=True, slots=True)
class Model:
    """A model the engine offers. `efforts` as it lists them, lightest first."""

    id: str
    efforts: tuple[str, ...]
    default_effort: str | None
    default: bool = False


@dataclass(frozen=True, slots=True)
class Defaults:
    """`cwd` is canonical; `trust_root` what trusting it would be written for.

    `settings` None: the engine's configuration is broken. `models` may be empty.
    """

    cwd: str
    trust_root: str
    trusted: bool
    settings: Settings | None
    models: tuple[Model, ...] = ()
    limits: Limits = Limits()


class Engine(Protocol):
    """An engine, connected or not."""

    async def run(self, offer: Offer) -> None:
        """Connect, tell everything, connect again when it is lost; until `close`.

        `offer` is called in this loop and must neither block nor raise. To an `Inlet`
        growing text may be told by its shorter way."""
        ...

    async def send(self, command: Command) -> ThreadId | None:
        """Carry out a command; what comes of it arrives through `offer`.

        Returns the id of the thread a StartThread or ForkThread made, else None."""
        ...

    async def inspect(self, thread_id: ThreadId) -> WakeReport | None:
        """What loading this thread would set off; nothing is loaded to find out.

        None when there is no connection."""
        ...

    async def defaults(self, cwd: str) -> Defaults | None:
        """What a new thread in `cwd` would get. None when there is no connection."""
        ...

    async def controls(self, cwd: str) -> Controls | None:
        """What is configured in `cwd` about permissions and features, and by whom.
        None when there is no connection."""
        ...

    async def surroundings(self) -> Host | None:
        """Where the engine runs. None: not connected, or on another machine."""
        ...

    async def attempt(self, asked: Attempt) -> Attempted | None:
        """Try something in the engine's sandbox; it leaves nothing. None when there
        is no connection."""
        ...

    async def look(self, asked: Look) -> Looked | None:
        """Run something that only reads, in the engine's read-only sandbox without
        network. None when there is no connection."""
        ...

    async def lately(self, thread_id: ThreadId) -> tuple[Turn, ...]:
        """The newest turns of a thread and its agents, read without loading it and
        kept by nobody. None at all when there is no connection."""
        ...

    async def close(self) -> None:
        """End the connection. A shared engine and all its work go on."""
        ...
