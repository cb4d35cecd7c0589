"""What happened around the threads: engine, account, store."""

from __future__ import annotations

from state.dataclass import dataclass
from state.items import ThreadId
from state.model import Account, Engine


@dataclass(frozen=True, slots=True)
class EngineChanged:
    """Our connection's state. A new epoch voids pending reviews of the old one."""

    engine: Engine


@dataclass(frozen=True, slots=True)
class ReviewsListed:
    """On this connection the engine has told every review that waits in it, except in
    the threads of `but`: what else was open is over, and we did not see how."""

    epoch: str
    connection: int
    at_ms: int
    but: frozenset[ThreadId] = frozenset()


@dataclass(frozen=True, slots=True)
class ThreadsListed:
    """The engine was asked what threads there are and its first answer is in: none
    told means none there."""


@dataclass(frozen=True, slots=True)
class AccountChanged:
    account: Account


@dataclass(frozen=True, slots=True)
class ConfigWarned:
    text: str


INVALID_CONFIG = "Invalid configuration"
"""How the engine begins when it could not use the file at all."""


@dataclass(frozen=True, slots=True)
class ConfigMended:
    """The engine can use its config.toml after all: of use again since it was read."""


@dataclass(frozen=True, slots=True)
class SandboxProbed:
    """The start-up probe; `problem` None: commands run in the sandbox. `proxied`: an
    administrator's proxy stands between them and the network, whatever a thread's own
    switch says; None: not told."""

    problem: str | None
    proxied: bool | None = None


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
