"""How a request of the engine, and what was decided about it, becomes an entry.

Owns who is said to have answered, and what an answer means. Pure. The entry itself
stands in `state.ledger`. Invariants: decided, sent and confirmed are three moments;
nobody is credited with an answer that is not known to have left.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from state.items import Command, Item, ItemStatus, Patch
from state.ledger import LedgerEntry, Moments, Outcome, Written, action_of
from state.reviews import (
    ANOTHER,
    EITHER,
    ELSEWHERE,
    ENDED,
    NOT_OURS,
    OURS,
    Decision,
    Review,
    ReviewKind,
    ReviewState,
    not_heard,
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
    review: Review,
    written: Written | None = None,
    earlier: tuple[Written, ...] = (),
    item: Item | None = None,
) -> LedgerEntry:
    """A request of the engine as an entry. `item`: what it was about."""
    said = review.decision or written
    label, sent = (said.label, said.result) if said is not None else ("", "")
    ran = _ran(review, item)
    who = _who(review, written, ran)
    ours = said is not None and who not in (*NOT_OURS, EITHER, ENDED)
    outcome = _outcome(review, sent if ours else "", who, ran)
    lost = review.state is ReviewState.LOST
    waits = lost or review.state is ReviewState.PENDING
    decision = review.decision
    if (waits and decision is None and written is not None) or (lost and decision):
        # Written down before it left; then we were killed, or the engine was.
        left = written is not None and written.sent_ms is not None
        who, outcome = "you", Outcome.SENT if left else Outcome.DECIDED
        ours = True
    if lost:
        who = who or "the engine's end"
    return LedgerEntry(
        id=f"{review.key.epoch}/{json.dumps(review.key.request_id)}",
        thread_id=review.thread_id,
        turn_id=review.turn_id,
        kind=review.kind.value,
        what=_asked(review, item),
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
        scope=_scope(said) if ours and said is not None else "",
        sent=sent if ours else "",
        ours=review.ours,
        again_ms=review.again_ms,
        earlier=earlier,
        inferred=not ours and outcome in (Outcome.ALLOWED, Outcome.REFUSED),
        tool=_tool(review),
    )


def _who(review: Review, written: Written | None, ran: bool | None) -> str:
    """Who answered, as far as it is known."""
    said = review.decision or written
    who = review.resolved_by or ("you" if review.decision is not None else "")
    if who in (*NOT_OURS, EITHER) and written is not None:
        left = written.sent_ms is not None
        who = (written.via or ELSEWHERE) if left else EITHER
    if who in OURS and said is not None:
        meant = _answer(said.result)
        if ran is not None and meant is (Outcome.REFUSED if ran else Outcome.ALLOWED):
            return ANOTHER  # Both left, and the other one was first.
        return said.via or who
    return who


def _ran(review: Review, item: Item | None) -> bool | None:
    """Whether what was asked for was done; None where its item does not tell: it is
    about a part of it, is not over, or failed in some way."""
    if item is None or review.approval_id is not None or review.host is not None:
        return None
    if item.status is ItemStatus.DECLINED:
        return False
    body = item.body
    if isinstance(body, Command) and review.kind is ReviewKind.COMMAND:
        return True if body.exit_code is not None else None
    done = isinstance(body, Patch) and item.status is ItemStatus.COMPLETED
    return True if done and review.kind is ReviewKind.EDITS else None


def _asked(review: Review, item: Item | None) -> str:
    if review.kind is ReviewKind.EDITS:
        # The files stand in the item alone.
        body = item.body if item is not None else None
        files = [c.path for c in body.changes] if isinstance(body, Patch) else []
        return ", ".join(files) or review.reason or "edits to files"
    what = review.command or review.host or review.display
    return what or review.reason or review.method


def _tool(review: Review) -> str:
    if review.kind is not ReviewKind.ELICITATION:
        return ""
    params = action_of(review.params)
    meta = params.get("_meta")
    name = meta.get("tool_name") if isinstance(meta, dict) else None
    return f"{params.get('serverName')}: {name}" if name else ""


def _outcome(review: Review, sent: str, who: str, ran: bool | None) -> Outcome:
    match review.state:
        case ReviewState.PENDING:
            return Outcome.WAITING
        case ReviewState.DECIDED:
            return Outcome.DECIDED
        case ReviewState.SENT:
            return Outcome.SENT
        case ReviewState.LOST:
            return Outcome.LOST
    if sent:
        return _answer(sent)
    if who == ENDED:
        return Outcome.ENDED
    if ran is None:
        return Outcome.UNKNOWN
    return Outcome.ALLOWED if ran else Outcome.REFUSED


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


def _scope(said: Decision | Written) -> str:
    result: Mapping[str, Any] = action_of(said.result)
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
    return "more than once" if said.broad else "once"
