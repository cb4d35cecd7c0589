"""A notification of the engine becomes events.

Owns which methods we know, which of them mean nothing to us (`IGNORED`), and the
decoder of each, but for growing text (`deltas`). Does not know requests (`requests`)
nor replies (`responses`). Invariant: total: `decode_notification` never raises; what
is not understood becomes one `Unrecognised`.
"""

from __future__ import annotations

import msgspec

from state.engine.wire import reviews, threads, turns
from state.engine.wire import structs as w
from state.engine.wire.config_warning import config_sentence
from state.engine.wire.context import Decoder, Json, WireContext
from state.engine.wire.deltas import DELTAS, decode_delta
from state.engine.wire.items import as_json
from state.events import (
    ConfigWarned,
    ErrorSeen,
    Event,
    MessageShown,
    QueueChanged,
    ReadStateChanged,
    SettingsChanged,
    ThreadArchived,
    ThreadDeleted,
    ThreadRenamed,
    ThreadReverted,
    ThreadSeen,
    ThreadStatusChanged,
    ThreadUnloaded,
    TokensUsed,
    Unrecognised,
    WarningSeen,
)
from state.items import ThreadId, TurnId
from state.model import Origin

_BROKEN = (msgspec.ValidationError, KeyError, TypeError, ValueError, AttributeError)


def decode_notification(message: Json, context: WireContext) -> tuple[Event, ...]:
    """The events a notification stands for; () when it means nothing to us."""
    delta = decode_delta(message)
    if delta is not None:
        return (delta,)
    method = message.get("method")
    try:
        decoder = _DECODERS.get(method)  # type: ignore[arg-type]
        if decoder is not None:
            at_ms = message.get("emittedAtMs")
            when = at_ms if isinstance(at_ms, int) else context.at_ms
            return decoder(message.get("params") or {}, context, when)
        if method in IGNORED:
            return ()
    except _BROKEN:
        pass
    return (Unrecognised(str(method), as_json(message)),)


def _thread_started(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    raw = p["thread"]
    facts = threads.decode_thread(raw)
    return (ThreadSeen(ThreadId(raw["id"]), facts, Origin.ENGINE, at),)


def _thread_status(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    status, flags = threads.decode_status(msgspec.convert(p["status"], w.ThreadStatus))
    return (ThreadStatusChanged(ThreadId(p["threadId"]), status, flags, at),)


def _renamed(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    return (ThreadRenamed(ThreadId(p["threadId"]), p.get("threadName")),)


def _archived(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    return (ThreadArchived(ThreadId(p["threadId"]), archived=True),)


def _unarchived(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    return (ThreadArchived(ThreadId(p["threadId"]), archived=False),)


def _deleted(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    return (ThreadDeleted(ThreadId(p["threadId"]), at),)


def _closed(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    return (ThreadUnloaded(ThreadId(p["threadId"]), at),)


def _reverted(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    return (ThreadReverted(ThreadId(p["threadId"])),)


def _queue(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    return (QueueChanged(ThreadId(p["threadId"])),)


def _read_state(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    unread, revision = threads.decode_read_state(p["readState"])
    return (ReadStateChanged(ThreadId(p["threadId"]), unread, revision),)


def _settings(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    settings = threads.decode_settings(p["threadSettings"])
    return (SettingsChanged(ThreadId(p["threadId"]), settings),)


def _usage(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    usage = threads.decode_usage(p["tokenUsage"])
    return (TokensUsed(ThreadId(p["threadId"]), usage),)


def _error(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    error = threads.decode_error(msgspec.convert(p["error"], w.TurnError))
    turn = p.get("turnId")
    return (
        ErrorSeen(
            thread_id=ThreadId(p["threadId"]),
            turn_id=TurnId(turn) if turn else None,
            error=error,
            will_retry=bool(p.get("willRetry")),
            at_ms=at,
        ),
    )


def _warning(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    text: str = p["message"]
    if p.get("threadId"):
        return (WarningSeen(ThreadId(p["threadId"]), text, at),)
    return (MessageShown(text),)


def _rerouted(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    text = f"The engine answered with {p['toModel']} instead of {p['fromModel']}."
    return (WarningSeen(ThreadId(p["threadId"]), text, at),)


def _mcp_status(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    if p["status"] != "failed":
        return ()
    text = f"The MCP server {p['name']} did not start: {p.get('error') or 'no reason'}"
    if p.get("threadId"):
        return (WarningSeen(ThreadId(p["threadId"]), text, at),)
    return (MessageShown(text),)


def _config_warning(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    return (ConfigWarned(config_sentence(p)),)


def _login_completed(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    if p.get("success"):
        return (MessageShown("You are logged in."),)
    return (MessageShown(f"The login failed: {p.get('error') or 'no reason given'}"),)


_DECODERS: dict[str, Decoder] = {
    "thread/started": _thread_started,
    "thread/status/changed": _thread_status,
    "thread/name/updated": _renamed,
    "thread/archived": _archived,
    "thread/unarchived": _unarchived,
    "thread/deleted": _deleted,
    "thread/closed": _closed,
    "thread/reverted": _reverted,
    "thread/queue/changed": _queue,
    "thread/readState/changed": _read_state,
    "thread/settings/updated": _settings,
    "thread/tokenUsage/updated": _usage,
    "turn/started": turns.turn_started,
    "turn/completed": turns.turn_completed,
    "turn/diff/updated": turns.turn_diff,
    "turn/plan/updated": turns.plan,
    "item/started": turns.item_started,
    "item/completed": turns.item_completed,
    "item/fileChange/patchUpdated": turns.patch_updated,
    "item/autoApprovalReview/started": reviews.auto_review,
    "item/autoApprovalReview/completed": reviews.auto_review,
    "serverRequest/resolved": reviews.resolved,
    "error": _error,
    "warning": _warning,
    "guardianWarning": reviews.guardian_warning,
    "configWarning": _config_warning,
    "model/rerouted": _rerouted,
    "mcpServer/startupStatus/updated": _mcp_status,
    "account/login/completed": _login_completed,
}

KNOWN = frozenset(DELTAS) | frozenset(_DECODERS)
"""Methods that become events."""

RAW = frozenset({"rawResponseItem/completed", "rawResponse/completed"})
"""Sent to those who asked for raw events; no schema lists them."""

IGNORED = RAW | frozenset(
    {
        "account/gatewayOAuth/changed",
        "account/rateLimits/updated",
        "account/updated",  # the session reads the account again
        "app/list/updated",
        "autoApprovalReview/strictReviewRequired",
        "command/exec/outputDelta",
        "deprecationNotice",
        "externalAgentConfig/import/completed",
        "externalAgentConfig/import/progress",
        "fs/changed",
        "fuzzyFileSearch/sessionCompleted",
        "fuzzyFileSearch/sessionUpdated",
        "hook/completed",
        "hook/started",
        "item/commandExecution/terminalInteraction",
        "item/fileChange/outputDelta",
        "item/mcpToolCall/progress",
        "item/reasoning/summaryPartAdded",
        "mcpServer/event/stream/notification",
        "mcpServer/oauthLogin/completed",
        "model/safetyBuffering/updated",
        "model/verification",
        "modelProvider/authRecoveryCompleted",
        "modelProvider/authRecoveryStarted",
        "process/exited",
        "process/outputDelta",
        "project/changed",
        "remoteControl/status/changed",
        "skills/changed",
        "thread/attachment/updated",
        "thread/compacted",  # the item contextCompaction says it
        "thread/environment/connected",
        "thread/environment/disconnected",
        "thread/goal/cleared",
        "thread/goal/updated",
        "thread/prediction/updated",
        "thread/project/updated",
        "thread/realtime/closed",
        "thread/realtime/error",
        "thread/realtime/item/completed",
        "thread/realtime/item/started",
        "thread/realtime/item/transcript/delta",
        "thread/realtime/itemAdded",
        "thread/realtime/outputAudio/delta",
        "thread/realtime/sdp",
        "thread/realtime/started",
        "thread/realtime/transcript/delta",
        "thread/realtime/transcript/done",
        "thread/search/partial",  # of thread/search/stream, which we do not send
        "thread/section/changed",
        "turn/moderationMetadata",
        "windows/worldWritableWarning",
        "windowsSandbox/setupCompleted",
    }
)
"""Methods we know and that mean nothing to us (yet)."""
