"""A request of the engine becomes a review that waits for its answer.

Owns how each request method is understood and what binds a decision to it (`matches`).
Never answers anything. Invariant: a request of any method that names a thread becomes
exactly one review; one we don't know, or that belongs to the client that offered a
tool, is shown with `ours` False and no decisions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from state.answers import offers
from state.dataclass import dataclass, replace
from state.engine.wire import structs as w
from state.engine.wire.decisions import (
    command_decisions,
    edit_decisions,
    elicitation_decisions,
    no_answers,
    no_permissions,
    tool_decisions,
)
from state.engine.wire.items import as_json
from state.events import ReviewAsked, Unrecognised
from state.forms import form_of, grant_parts, is_tool_approval
from state.items import ItemId, ThreadId, TurnId
from state.model import Decision, Review, ReviewKey, ReviewKind
from state.strange import unknown_approval

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a method's decoder found."""

    kind: ReviewKind
    item_id: str | None = None
    approval_id: str | None = None
    asked_ms: int | None = None
    command: str | None = None
    display: str | None = None
    cwd: str | None = None
    reason: str | None = None
    host: str | None = None
    decisions: tuple[Decision, ...] = ()
    ours: bool = True


def decode_request(
    message: Json, epoch: str, connection: int, at_ms: int
) -> ReviewAsked | Unrecognised:
    """The review `message` asks for; `Unrecognised` when it names no thread.

    `at_ms` serves when the request does not say when it was asked."""
    method = str(message.get("method"))
    params = message.get("params")
    if not isinstance(params, dict):
        params = {}
    thread = params.get("threadId") or params.get("conversationId")
    if not isinstance(thread, str):
        return Unrecognised(method, as_json(message))
    turn = params.get("turnId")
    text = params_text(params)
    asked = _understand(method, params)
    review = Review(
        key=ReviewKey(epoch, message["id"]),
        connection=connection,
        method=method,
        kind=asked.kind,
        thread_id=ThreadId(thread),
        turn_id=TurnId(turn) if isinstance(turn, str) else None,
        item_id=ItemId(asked.item_id) if asked.item_id else None,
        approval_id=asked.approval_id,
        params=text,
        params_hash=params_hash(text),
        asked_ms=at_ms if asked.asked_ms is None else asked.asked_ms,
        command=asked.command,
        display=asked.display,
        cwd=asked.cwd,
        reason=asked.reason,
        host=asked.host,
        decisions=asked.decisions,
        ours=asked.ours,
    )
    return ReviewAsked(review.thread_id, _with_offers(review), at_ms)


def _with_offers(review: Review) -> Review:
    """With the answers that its form gives as it stands, before it is touched."""
    form = form_of(review.method, review.params) if review.ours else None
    if form is None:
        return review
    made = offers(review, form.defaults())
    given = tuple(o.decision for o in made if not (o.problem or o.sent))
    return replace(review, decisions=given)


def params_text(params: Json) -> str:
    """The params as JSON text that does not depend on the order of map keys."""
    return msgspec.json.encode(params, order="deterministic").decode()


def params_hash(text: str) -> str:
    """What binds a decision to the very words that were shown."""
    return hashlib.sha256(text.encode()).hexdigest()


def matches(review: Review, pending: Review) -> bool:
    """Whether a decision made on `review` answers exactly `pending`."""
    return all(
        getattr(review, name) == getattr(pending, name)
        for name in (
            "key",
            "connection",
            "method",
            "thread_id",
            "turn_id",
            "item_id",
            "approval_id",
            "params_hash",
        )
    )


def _understand(method: str, params: Json) -> _Asked:
    decoder = _METHODS.get(method)
    if decoder is not None:
        try:
            return decoder(params)
        except (msgspec.ValidationError, KeyError, TypeError, ValueError):
            pass  # a known method in a shape we don't know: shown, not answered
    return _Asked(kind=ReviewKind.OTHER, display=method, ours=False)


def _command(params: Json) -> _Asked:
    p = msgspec.convert(params, w.CommandExecutionRequestApprovalParams)
    network = p.network_approval_context
    display = "\n".join(action.command for action in p.command_actions or ())
    return _Asked(
        kind=ReviewKind.COMMAND,
        item_id=p.item_id,
        approval_id=p.approval_id,
        asked_ms=p.started_at_ms,
        command=p.command,
        display=display or None,
        cwd=p.cwd,
        reason=p.reason,
        host=network.host if network else None,
        decisions=command_decisions(p),
    )


def _edits(params: Json) -> _Asked:
    p = msgspec.convert(params, w.FileChangeRequestApprovalParams)
    # A grant of a root was never seen: what "yes" would mean then is not known.
    known = p.grant_root is None
    return _Asked(
        kind=ReviewKind.EDITS,
        item_id=p.item_id,
        asked_ms=p.started_at_ms,
        reason=p.reason,
        decisions=edit_decisions() if known else (),
    )


def _permissions(params: Json) -> _Asked:
    p = msgspec.convert(params, w.PermissionsRequestApprovalParams)
    return _Asked(
        kind=ReviewKind.PERMISSIONS,
        item_id=p.item_id,
        asked_ms=p.started_at_ms,
        display="; ".join(words for _, words, _ in grant_parts(p.permissions)) or None,
        cwd=p.cwd,
        reason=p.reason,
        decisions=no_permissions(),
    )


def _question(params: Json) -> _Asked:
    p = msgspec.convert(params, w.ToolRequestUserInputParams)
    return _Asked(
        kind=ReviewKind.QUESTION,
        item_id=p.item_id,
        display="\n".join(q.question for q in p.questions) or None,
        decisions=no_answers(),
    )


def _elicitation(params: Json) -> _Asked:
    p = msgspec.convert(params, w.McpServerElicitationRequestParams)
    message = params.get("message") or params.get("title")
    display = message if isinstance(message, str) else p.server_name
    if not is_tool_approval(params):
        # What a yes to an approval of an unknown kind would do is not known.
        mode = None if unknown_approval(params.get("_meta")) else params.get("mode")
        return _Asked(
            kind=ReviewKind.ELICITATION,
            display=display,
            decisions=elicitation_decisions(mode),
        )
    return _Asked(
        kind=ReviewKind.ELICITATION,
        display=display,
        decisions=tool_decisions(params["_meta"], p.server_name),
    )


def _tool_call(params: Json) -> _Asked:
    p = msgspec.convert(params, w.DynamicToolCallParams)
    name = f"{p.namespace}.{p.tool}" if p.namespace else p.tool
    return _Asked(
        kind=ReviewKind.TOOL_CALL, item_id=p.call_id, display=name, ours=False
    )


_METHODS: dict[str, Callable[[Json], _Asked]] = {
    "item/commandExecution/requestApproval": _command,
    "item/fileChange/requestApproval": _edits,
    "item/permissions/requestApproval": _permissions,
    "item/tool/requestUserInput": _question,
    "mcpServer/elicitation/request": _elicitation,
    "item/tool/call": _tool_call,
}

KNOWN_REQUESTS = frozenset(_METHODS)
"""Methods with a decoder of their own."""

FOREIGN_REQUESTS = frozenset(
    {
        "account/chatgptAuthTokens/refresh",
        "applyPatchApproval",
        "attestation/generate",
        "currentTime/read",
        "execCommandApproval",
    }
)
"""Methods that another client answers, or that only old engines sent."""
