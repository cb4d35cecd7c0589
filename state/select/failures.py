"""What a failed turn says: the engine's sentence, then what its code asks of you.

Owns the words for the engine's codes; the queue's meaning of them is `state.queue`'s.
Invariant: the engine's own sentence stands first and whole, and a code that nobody
knows here is named, not guessed at.
"""

from __future__ import annotations

from state.model import TurnError
from state.select.words import error_line, one_line
from state.text import clean

_AGAIN = "the same message would be stopped again."
MEANING = {
    "activeTurnNotSteerable": "A review or a compaction runs: send it once that ended.",
    "badRequest": "The provider refused the request as it was, and would do so again.",
    "bioPolicy": f"The provider's biology policy stopped it; {_AGAIN}",
    "contextWindowExceeded": "",
    "cyberPolicy": f"The provider's cyber policy stopped it; {_AGAIN}",
    "flexUnavailable": "Send it again later, or without the flex service tier.",
    "httpConnectionFailed": "The provider was not reached, or answered with an error.",
    "inferenceHookDenied": (
        "The inference hook of your workspace refused it: ask who administers it."
    ),
    "internalServerError": "The provider failed: send it again later.",
    "misalignmentPolicyViolation": (
        "The provider stopped what the agent was about to do: look at its last steps "
        "before you go on."
    ),
    "modelNotFound": "The provider has no such model, or not for you.",
    "other": "",
    "policyCapacityUnavailable": "",
    "rateLimitExceeded": "The provider wants fewer requests: send it again later.",
    "responseStreamConnectionFailed": "The provider was not reached: send it again.",
    "responseStreamDisconnected": "The answer broke off: send it again.",
    "responseTooManyFailedAttempts": "The engine gave up trying: send it again later.",
    "sandboxError": "The engine's sandbox failed: codex-tui doctor tries it.",
    "serverOverloaded": "",
    "sessionBudgetExceeded": "The budget that was set for it is spent.",
    "threadRollbackFailed": "Nothing was taken back: the thread is as it was.",
    "tooManyDenials": "Auto-review refused too much in one turn.",
    "unauthorized": "The login failed: log in again, /login.",
    "usageLimitExceeded": "",
}
"""The engine's code -> what follows from it; "" where its own sentence says that."""


def failure_words(error: TurnError) -> tuple[str, str]:
    """(one line, what stands behind it or "")."""
    text, whole = error_line(error.message), one_line(error.message)
    detail = clean(error.details or "") or (whole if whole != text else "")
    text, meaning = text or "The turn failed.", _meaning(error.code)
    return (f"{_ended(text)} {meaning}" if meaning else text), detail


def _meaning(code: str | None) -> str:
    if not code:
        return ""
    if code in MEANING:
        return MEANING[code]
    return f"The engine calls it “{one_line(code)}”, a word unknown here."


def _ended(text: str) -> str:
    return text if text[-1] in ".!?…:)”\"'" else f"{text}."
