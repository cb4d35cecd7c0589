"""What auto-review denied, approved by the user for one retry.

Owns the translation of a review as the engine notified it into the object it wants
back. The engine checks nothing of it and runs nothing: it tells the agent's model that
the user approved this very action, and a retry is reviewed again. Invariant: only a
denial of a known action is sent, with its own words.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import msgspec

from state.changes import ApproveDenial
from state.engine import calls
from state.engine.link import Link
from state.events import DenialApproved, ReviewSent
from state.items import ThreadId
from state.reviews import RETRY_EPOCH, AutoReview, ReviewKey

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ENUMS = frozenset({"type", "source", "protocol"})
"""Fields whose values change their spelling, too."""
NOT_A_DENIAL = "Only what auto-review denied can be approved for a retry."


async def approve_denial(link: Link, command: ApproveDenial) -> ThreadId | None:
    """The thread that was told; None: nothing was sent. Raises RequestFailed."""
    event = denied_event(command.review)
    if event is None:
        link.show(NOT_A_DENIAL)
        return None
    told = command.through or command.thread_id
    await link.ask(calls.approve_denial(told, event))
    now, key = link.clock(), ReviewKey(RETRY_EPOCH, command.review.id)
    link.tell(
        DenialApproved(command.thread_id, command.review.id, now),
        ReviewSent(command.thread_id, key, now),
    )
    return told


def denied_event(review: AutoReview) -> dict[str, Any] | None:
    """The engine's own form of a denied review; None when it is none."""
    if review.status not in ("denied", "timedOut"):
        return None
    try:
        action = msgspec.json.decode(review.action)
    except msgspec.DecodeError:
        return None
    if not isinstance(action, dict) or not isinstance(action.get("type"), str):
        return None
    event: dict[str, Any] = {
        "id": review.id,
        "turn_id": review.turn_id,
        "target_item_id": review.target_item_id,
        "started_at_ms": review.started_ms,
        "completed_at_ms": review.completed_ms,
        "status": _snake(review.status),
        "risk_level": review.risk,
        "user_authorization": review.authorization,
        "rationale": review.rationale,
        "decision_source": "agent",
    }
    known = {key: value for key, value in event.items() if value is not None}
    return {**known, "action": _action(action)}


def _action(raw: dict[str, Any]) -> dict[str, Any]:
    action: dict[str, Any] = _translated(raw, top=True)
    if action["type"] == "write_stdin" and str(action.get("cwd", "")).startswith("/"):
        action["cwd"] = "file://" + quote(action["cwd"])
    permissions = action.get("permissions")
    permissions = permissions if isinstance(permissions, dict) else {}
    files = permissions.get("file_system")
    if isinstance(files, dict) and files.get("entries"):
        # The notification says it twice; the engine takes back one form only.
        files = {k: v for k, v in files.items() if k not in ("read", "write")}
        action["permissions"] = {**permissions, "file_system": files}
    return action


def _snake(word: str) -> str:
    return _HUMP.sub("_", word).lower()


def _translated(value: Any, *, top: bool = False) -> Any:
    """Keys in snake case, everywhere; values only where they are words of the
    protocol: a command or a path goes back exactly."""
    match value:
        case dict():
            return {
                _snake(key): _snake(one)
                if top and key in _ENUMS and isinstance(one, str)
                else _translated(one)
                for key, one in value.items()
            }
        case list():
            return [_translated(one) for one in value]
    return value
