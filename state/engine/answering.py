"""A decision leaves for exactly the request it was made on, or does not leave.

Owns the binding: the same engine life, connection, request, thread, turn, item and
words, and an answer that was among those offered. Never answers by itself, except on a
private engine of ours, where nobody else could: there, what belongs to no client of it
is refused so that the turn goes on.
"""

from __future__ import annotations

from typing import Any

import msgspec

from state.answers import fits, kept_of
from state.commands import Decide
from state.engine.errors import EngineError
from state.engine.link import Link
from state.engine.wire.requests import matches
from state.events import ReviewReopened, ReviewSent
from state.model import Review

METHOD_NOT_FOUND = -32601
VOID = "That request no longer waits: it was answered elsewhere, or its turn ended."
CHANGED = "What is asked has changed; look at it again and decide anew."
NOT_OFFERED = "That answer was not offered for this request; nothing was sent."


async def decide(link: Link, command: Decide) -> None:
    """Send the decision, or tell that it is undecided again and why."""
    review = command.review
    refusal = refuse(link.ledger.pending.get(review.key), command)
    at_ms = link.clock()  # The engine may confirm before we are told that it left.
    if refusal is None:
        kept: Any = msgspec.json.decode(command.decision.result)
        result = msgspec.json.decode(command.sent) if command.sent else kept
        try:
            await link.rpc.answer(review.key.request_id, result, told=kept)
        except EngineError:
            refusal = VOID
    if refusal is None:
        link.tell(ReviewSent(review.thread_id, review.key, at_ms))
        return
    link.tell(ReviewReopened(review.thread_id, review.key))
    link.show(refusal)


def refuse(pending: Review | None, command: Decide) -> str | None:
    """Why this decision may not leave; None when it may."""
    if pending is None:
        return VOID
    if not matches(command.review, pending):
        return CHANGED
    kept, sent = command.decision.result, command.sent
    # What is written down must be what is sent, but for its secrets.
    same = not sent or kept_of(pending, sent) == kept
    if not pending.ours or not same or not fits(pending, sent or kept):
        return NOT_OFFERED
    return None


async def refuse_foreign(link: Link, message: dict[str, Any]) -> None:
    """On a private engine only: no other client will ever answer this."""
    if link.connection.how == "private":
        method = message.get("method")
        await link.rpc.answer_error(
            message["id"], METHOD_NOT_FOUND, f"codex-tui does not offer {method}"
        )
