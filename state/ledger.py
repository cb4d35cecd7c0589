"""The ledger of reviews: who asked what, who decided, when, and what was sent.

Owns the entries and how a review or an auto-review becomes one. Pure. Does not own
where they are kept (`state.db.ledger`) nor how they look. Invariants: decided, sent
and confirmed are three moments, each only if it happened; what the wire does not tell
is called unknown, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from state.dataclass import dataclass
from state.items import Command, ItemId, ThreadId, TurnId
from state.reviews import (
    ELSEWHERE,
    RETRY_EPOCH,
    AutoReview,
    Review,
    ReviewKind,
    ReviewState,
    not_heard,
)

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


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One request, auto-review or rule that decided. Texts are raw. `who`: you, you in
    another window, auto-review, a rule, the turn's end, another client, the engine's
    end, unknown, or "" while nobody decided. `scope`: once, session, rule … as the
    answer's words say it. `sent`: exactly the JSON that answered."""

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

    @property
    def waited_ms(self) -> int | None:
        """From the question to its answer; None while it waits."""
        end = self.at.decided or self.at.confirmed
        return None if end is None else max(0, end - self.at.asked)

    @property
    def by_rule(self) -> bool:
        """Nobody was asked: a rule let a command out of the sandbox."""
        return self.id.startswith(_BY_RULE)

    @property
    def retryable(self) -> bool:
        """Auto-review denied it, or did not come to a judgement."""
        return self.auto is not None and self.outcome in (
            Outcome.DENIED,
            Outcome.FAILED,
            Outcome.TIMED_OUT,
        )


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


def standing(
    review: Review, rows: Sequence[Written]
) -> tuple[Written | None, tuple[Written, ...]]:
    """Of what was decided about a review, oldest first: what counts, and what never
    reached the engine."""
    earlier = tuple(
        row
        for row in rows
        if row.reopened or not_heard(review, row.decided_ms, row.sent_ms)
    )
    counts = [row for row in rows if row not in earlier]
    return (counts[-1] if counts else None), earlier


def of_review(
    review: Review, written: Written | None = None, earlier: tuple[Written, ...] = ()
) -> LedgerEntry:
    """A request of the engine as an entry."""
    decision = review.decision
    label, sent, broad, letter = "", "", False, ""
    said = decision or written
    if said is not None:
        label, sent = said.label, said.result
        broad, letter = said.broad, said.letter
    who = review.resolved_by or ("you" if decision is not None else "")
    if who in ("another client", "unknown", "unseen") and written is not None:
        who = ELSEWHERE
    outcome = _outcome(review, sent, known=bool(label))
    lost = review.state is ReviewState.LOST
    waits = lost or review.state is ReviewState.PENDING
    if (waits and decision is None and written is not None) or (lost and decision):
        # Written down before it left; then we were killed, or the engine was.
        left = written is not None and written.sent_ms is not None
        who, outcome = "you", Outcome.SENT if left else Outcome.DECIDED
    if lost:
        who = who or "the engine's end"
    return LedgerEntry(
        id=f"{review.key.epoch}/{json.dumps(review.key.request_id)}",
        thread_id=review.thread_id,
        turn_id=review.turn_id,
        kind=review.kind.value,
        what=_asked(review),
        outcome=outcome,
        who=who,
        at=Moments(
            review.asked_ms,
            review.decided_ms or (written.decided_ms if written else None),
            written.sent_ms if written else None,
            review.resolved_ms,
        ),
        reason=review.reason or "",
        cwd=review.cwd or "",
        label=label,
        scope=_scope(sent, letter, broad=broad) if label else "",
        sent=sent,
        ours=review.ours,
        again_ms=review.again_ms,
        earlier=earlier,
    )


def _asked(review: Review) -> str:
    if review.kind is ReviewKind.EDITS:
        return review.reason or "edits to files"  # The files stand in the item alone.
    what = review.command or review.host or review.display
    return what or review.reason or review.method


def _outcome(review: Review, sent: str, *, known: bool) -> Outcome:
    match review.state:
        case ReviewState.PENDING:
            return Outcome.WAITING
        case ReviewState.DECIDED:
            return Outcome.DECIDED
        case ReviewState.SENT:
            return Outcome.SENT
        case ReviewState.LOST:
            return Outcome.LOST
    if not known:
        ended = review.resolved_by == "the turn's end"
        return Outcome.ENDED if ended else Outcome.UNKNOWN
    return _answer(sent)


def _answer(sent: str) -> Outcome:
    """Whether an answer allows: by what was sent, not by the words of a key."""
    try:
        result = json.loads(sent)
    except ValueError:
        return Outcome.ANSWERED
    if not isinstance(result, dict):
        return Outcome.ANSWERED
    decision = result.get("decision", result.get("action"))
    if decision in ("decline", "cancel"):
        return Outcome.REFUSED
    if decision is not None:
        amendment = (
            decision.get("applyNetworkPolicyAmendment", {})
            if isinstance(decision, dict)
            else {}
        )
        rule = amendment.get("network_policy_amendment", {})
        return Outcome.REFUSED if rule.get("action") == "deny" else Outcome.ALLOWED
    if "permissions" in result:
        return Outcome.ALLOWED if result["permissions"] else Outcome.REFUSED
    return Outcome.ANSWERED


def _scope(sent: str, letter: str, *, broad: bool) -> str:
    try:
        result: Any = json.loads(sent)
    except ValueError:
        result = {}
    result = result if isinstance(result, dict) else {}
    decision = result.get("decision")
    meta = result.get("_meta")
    persist = meta.get("persist") if isinstance(meta, dict) else None
    if isinstance(decision, dict):
        return "by a rule"
    if decision == "acceptForSession" or "session" in (result.get("scope"), persist):
        return "for the session"
    if persist == "always":
        return "always"
    if result.get("scope") == "turn":
        return "for the turn"
    if result.get("decision", result.get("action")) in ("accept", "decline", "cancel"):
        return "once"  # Also where several were answered together: each of them once.
    return "more than once" if broad else "once"


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
        who="" if outcome is Outcome.RUNNING else _judge(outcome),
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


def _judge(outcome: Outcome) -> str:
    return "the turn's end" if outcome is Outcome.ABORTED else "auto-review"


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
