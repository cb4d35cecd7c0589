"""The ledger of reviews: who asked what, who decided, when, and what was sent.

Owns the entries and how an auto-review, or a rule's word, becomes one. Pure. How a
request does stands in `state.ledger_requests`; does not own where they are kept
(`state.db.ledger`) nor how they look. Invariants: decided, sent
and confirmed are three moments, each only if it happened; what the wire does not tell
is called unknown, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from state.dataclass import dataclass
from state.items import Command, ItemId, ThreadId, TurnId
from state.reviews import RETRY_EPOCH, AutoReview

_BY_RULE = "rule/"
_FAILED = "Automatic approval review failed"
BREAKER = "rejected too many approval requests"
"""How engines begin to say that they stop a turn after too many denials."""


class Outcome(StrEnum):
    """How an entry ended, or how it stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DECIDED = "decided"
    SENT = "sent"
    ALLOWED = "allowed"
    REFUSED = "refused"
    ANSWERED = "answered"
    UNKNOWN = "unknown"
    ENDED = "ended"
    LOST = "lost"
    DENIED = "denied"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    ABORTED = "aborted"


RETRYABLE = (Outcome.DENIED, Outcome.FAILED, Outcome.TIMED_OUT)


class Moments(NamedTuple):
    """When what happened, ms since the epoch."""

    asked: int
    decided: int | None = None
    sent: int | None = None
    confirmed: int | None = None


class Written(NamedTuple):
    """What the store knows of a decision beside its review: a row of `decision`.
    `reopened`: it could not leave, and was taken back at once."""

    label: str
    result: str
    broad: bool
    letter: str
    decided_ms: int
    sent_ms: int | None
    reopened: bool = False
    via: str = ""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One request, auto-review or rule that decided. Texts are raw. `who`: you, you in
    another window, you on the command line, auto-review, a rule, the turn's end,
    another client, you or another client, the engine's end, unknown, or "" while
    nobody decided. `scope`: once, session, rule … as the answer's words say it.
    `sent`: exactly the JSON that answered."""

    id: str
    thread_id: ThreadId
    turn_id: TurnId | None
    kind: str
    what: str
    outcome: Outcome
    who: str
    at: Moments
    reason: str = ""
    cwd: str = ""
    label: str = ""
    scope: str = ""
    sent: str = ""
    risk: str = ""
    authorization: str = ""
    rationale: str = ""
    failure: str = ""
    retry_ms: int | None = None
    auto: AutoReview | None = None
    ours: bool = True
    """False: another client has to answer it"""
    again_ms: int | None = None
    """When the engine asked once more, for it had heard no answer"""
    earlier: tuple[Written, ...] = ()
    """What was decided and never reached the engine, oldest first"""
    inferred: bool = False
    """Nobody told the answer: the outcome is what became of the item"""
    tool: str = ""
    """SERVER: TOOL, where the use of one was asked for"""

    @property
    def waited_ms(self) -> int | None:
        """From the question to its answer; None while it waits. What answered was not
        what was decided here: then until it was over."""
        at = self.at
        first, last = (at.decided, at.confirmed)
        if self.label and not self.sent:
            first, last = last, first
        end = first or last
        return None if end is None else max(0, end - self.at.asked)

    @property
    def by_rule(self) -> bool:
        """Nobody was asked: a rule let a command out of the sandbox."""
        return self.id.startswith(_BY_RULE)

    @property
    def retryable(self) -> bool:
        """Auto-review denied it, or did not come to a judgement."""
        return self.auto is not None and self.outcome in RETRYABLE


def of_rule(
    thread_id: ThreadId,
    turn_id: TurnId,
    item_id: ItemId,
    body: Command,
    started_ms: int | None,
) -> LedgerEntry | None:
    """A command that a rule decided about; None for any other. The engine tells nobody:
    it is what the rules said when the command began."""
    outside = body.outside
    if outside is None:
        return None
    rule = f"the rule `{outside.rule}`" if outside.rule else "a rule"
    where = f" at {outside.place}" if outside.place else ""
    return LedgerEntry(
        id=f"{_BY_RULE}{turn_id}/{item_id}",
        thread_id=thread_id,
        turn_id=turn_id,
        kind="command",
        what=body.command,
        outcome=Outcome.ALLOWED,
        who="a rule" if outside.sure else "perhaps a rule",
        at=Moments(started_ms or 0),
        reason=f"{rule}{where} lets it run without asking and outside the sandbox",
        cwd=body.cwd,
    )


def of_auto(
    thread_id: ThreadId, auto: AutoReview, written: Written | None = None
) -> LedgerEntry:
    """An auto-review as an entry."""
    outcome, failure = judged(auto)
    retry = auto.retry_ms or (written.sent_ms if written else None)
    return LedgerEntry(
        id=f"{RETRY_EPOCH}/{auto.id}",
        thread_id=thread_id,
        turn_id=auto.turn_id,
        kind=_KINDS.get(auto.action_kind, auto.action_kind or "action"),
        what=action_words(auto.action),
        outcome=outcome,
        who="" if outcome is Outcome.RUNNING else _judge(outcome, auto),
        at=Moments(
            auto.started_ms or 0,
            auto.completed_ms,
            written.sent_ms if written else None,
            auto.completed_ms,
        ),
        cwd=_cwd(auto.action),
        label="approved for one retry" if retry or written else "",
        sent=written.result if written else "",
        risk=auto.risk or "",
        authorization=auto.authorization or "",
        rationale=auto.rationale or "",
        failure=failure,
        retry_ms=retry,
        auto=auto,
    )


def _judge(outcome: Outcome, auto: AutoReview) -> str:
    ended = auto.ended_by or "the turn's end"
    return ended if outcome is Outcome.ABORTED else "auto-review"


def judged(auto: AutoReview) -> tuple[Outcome, str]:
    """What came of an auto-review; a failure is no denial, and says why."""
    rationale = auto.rationale or ""
    match auto.status:
        case "inProgress":
            return Outcome.RUNNING, ""
        case "approved":
            return Outcome.ALLOWED, ""
        case "timedOut":
            return Outcome.TIMED_OUT, "the reviewer did not answer in time"
        case "aborted":
            return Outcome.ABORTED, ""
        case "denied":
            if auto.risk is None and rationale.startswith(_FAILED):
                why = rationale.partition(":")[2].strip()
                bad = "not valid" in why or "JSON" in why.split("{")[0]
                kind = "a bad answer" if bad else "the provider's error"
                return Outcome.FAILED, f"{kind}: {why}"
            return Outcome.DENIED, ""
    return Outcome.UNKNOWN, ""


_KINDS = {
    "command": "command",
    "execve": "command",
    "writeStdin": "input",
    "applyPatch": "edits",
    "networkAccess": "network",
    "mcpToolCall": "tool call",
    "requestPermissions": "permissions",
}


def action_of(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _cwd(text: str) -> str:
    return str(action_of(text).get("cwd") or "")


def action_words(text: str) -> str:
    """What an auto-review is about, in one raw line; the engine's JSON if the kind is
    not known."""
    action = action_of(text)
    match action.get("type"):
        case "command":
            return str(action.get("command") or "")
        case "execve":
            argv = action.get("argv")
            return " ".join(map(str, argv)) if isinstance(argv, list) else ""
        case "writeStdin":
            return f"input to terminal {action.get('processId')}: {action.get('stdin')}"
        case "applyPatch":
            files = action.get("files")
            return ", ".join(map(str, files)) if isinstance(files, list) else "edits"
        case "networkAccess":
            return f"{action.get('protocol')} to {action.get('host')}"
        case "mcpToolCall":
            return f"{action.get('server')}: {action.get('toolName')}"
        case "requestPermissions":
            return str(action.get("reason") or "permissions")
    return text


def breaker_words(message: str) -> str:
    """Why a turn was stopped after too many denials, in a sentence."""
    numbers = message.partition("(")[2].partition(")")[0]
    counted = f" ({numbers})" if numbers else ""
    return (
        f"Auto-review denied too much in this turn{counted}, so the engine stopped it: "
        "3 denials in a row, or 10 in the last 50 reviews, do that. /approve lets a "
        "denied action be tried once more."
    )
