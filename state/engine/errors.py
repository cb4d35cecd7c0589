"""What can go wrong between us and an engine, as one small tree.

    EngineError
    ├── EngineNotFound        no codex to run
    ├── EngineStartFailed     a codex was run and died before it could serve
    ├── HandshakeFailed       somebody answers, but does not speak as an engine
    ├── AuthRefused           the engine, or our own caution, refuses this connection
    ├── EngineLost            the connection ended; nothing unsent was sent
    │   └── EngineSilent      it stands, but the engine says nothing any more
    └── RequestFailed         the engine answered one request with an error
        ├── Overloaded        it was too busy for all our attempts
        ├── RequestTimedOut   no answer within the time the caller gave
        └── RequestGone       an answer to a request that no longer waits for one

`str(error)` is one sentence that says what to do. Text that came from outside
(stderr, the engine's message) stays in attributes: whoever shows it takes it through
a door of `state.text`.
"""

from __future__ import annotations

__all__ = [
    "AuthRefused",
    "EngineError",
    "EngineLost",
    "EngineNotFound",
    "EngineSilent",
    "EngineStartFailed",
    "HandshakeFailed",
    "Overloaded",
    "RequestFailed",
    "RequestGone",
    "RequestTimedOut",
]


class EngineError(Exception):
    """Base of everything raised by `state.engine`; `str()` is a full sentence."""


class EngineNotFound(EngineError):
    """No usable codex binary; the sentence names where we looked."""


class EngineStartFailed(EngineError):
    """The engine process ended before it served its first client.

    `exit_code` is negative for a signal and None when it never ran;
    `stderr_tail` holds its last lines, without colour codes.
    """

    def __init__(
        self, sentence: str, stderr_tail: list[str], exit_code: int | None
    ) -> None:
        super().__init__(sentence)
        self.stderr_tail = stderr_tail
        self.exit_code = exit_code


class HandshakeFailed(EngineError):
    """The peer did not answer `initialize` as an app-server does."""


class AuthRefused(EngineError):
    """A token is missing or wrong, or sending it there would expose it."""


class EngineLost(EngineError):
    """The connection ended; every pending call fails with this.

    Whether a request that was already sent took effect is unknown: look in the
    history before you send it again.
    """

    def __init__(self, reason: str, stderr_tail: list[str] | None = None) -> None:
        super().__init__(
            f"The connection to the engine ended ({reason}); "
            "what was running may still run: connect again to see it."
        )
        self.reason = reason
        self.stderr_tail = stderr_tail or []


class EngineSilent(EngineLost):
    """The connection stands, and nothing comes of it any more; it was given up."""

    def __init__(self) -> None:
        super().__init__("it says nothing any more")
        self.args = (
            "it says nothing and takes nothing in; what runs in it may go on.",
        )


class RequestFailed(EngineError):
    """The engine answered `method` with a JSON-RPC error, kept as it came."""

    def __init__(
        self, method: str, code: int, message: str, data: object = None
    ) -> None:
        super().__init__(f"The engine refused {method}: {message} ({code}).")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class Overloaded(RequestFailed):
    """-32001 on every attempt: the request was never begun, try again later."""


class RequestTimedOut(RequestFailed):
    """No answer in time; the engine may still carry the request out."""

    def __init__(self, method: str, seconds: float) -> None:
        super().__init__(method, 0, f"no answer within {seconds:g} s")


class RequestGone(RequestFailed):
    """The server request was answered, resolved or belongs to another connection."""

    def __init__(self, request_id: object) -> None:
        super().__init__(
            "an answer", 0, f"request {request_id!r} no longer waits on this connection"
        )


NO_DIRECT_INPUT = (
    "This agent takes no messages of its own; tell its root thread instead."
)


def sentence(error: RequestFailed) -> str:
    """The engine's refusal in the user's words, where we know better ones."""
    if "direct app-server input is not allowed" in error.message:
        return NO_DIRECT_INPUT
    if "ActiveTurnNotSteerable" in error.message or "cannot steer" in error.message:
        return "A review or compaction runs, which takes no messages; queue it instead."
    if "expected active turn id" in error.message:
        return "Another turn runs by now; look at it and send again."
    if "already has an active writer" in error.message:
        return "This thread is open in another program; close it there, or fork it."
    return str(error)
