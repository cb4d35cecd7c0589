"""An item of a rollout file (`item_completed`) becomes an item of the domain.

Owns the translation of the engine's internal spelling (PascalCase kinds, snake_case
fields, durations in parts) into the wire's, which `items` then reads: so history from
a file and from the engine is the same. Invariant: total, as `items`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from state.engine.wire.items import decode_item
from state.items import Item

Json = dict[str, Any]

_BROKEN = (KeyError, TypeError, ValueError, AttributeError)


def decode_rollout_item(
    raw: Json, *, started_ms: int | None = None, completed_ms: int | None = None
) -> Item:
    """The item in the payload's `item`; the times stand beside it in the payload."""
    wire = _as_wire(raw)
    if started_ms is not None:
        wire.setdefault("startedAtMs", started_ms)
    if completed_ms is not None:
        wire.setdefault("completedAtMs", completed_ms)
    return decode_item(wire)


def _as_wire(raw: Json) -> Json:
    kind = str(raw.get("type", ""))
    common = {"type": kind[:1].lower() + kind[1:], "id": raw.get("id", "")}
    translate = _KINDS.get(kind)
    if translate is None:
        return {**raw, **common}
    try:
        return {**common, **translate(raw)}
    except _BROKEN:
        return {**raw, **common}


def _camel(word: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), word)


def _camel_value(value: object) -> str | None:
    return _camel(value) if isinstance(value, str) else None


def _path(value: object) -> str:
    """A path; the rollout writes some as file URIs."""
    text = str(value or "")
    return unquote(text.removeprefix("file://")) if text.startswith("file://") else text


def _ms(value: object) -> int | None:
    if isinstance(value, dict):
        return int(value.get("secs", 0)) * 1000 + int(value.get("nanos", 0)) // 10**6
    return None


def _user(raw: Json) -> Json:
    parts = []
    for part in raw["content"]:
        kind = _camel(str(part.get("type", "")))
        url, file_id = part.get("image_url"), part.get("file_id")
        parts.append({**part, "type": kind, "url": url, "fileId": file_id})
    return {"content": parts, "clientId": raw.get("client_id")}


def _agent(raw: Json) -> Json:
    texts = [part["text"] for part in raw["content"] if "text" in part]
    return {
        "text": "".join(texts),
        "phase": raw.get("phase"),
        "questions": raw.get("questions"),
    }


def _reasoning(raw: Json) -> Json:
    return {
        "summary": raw.get("summary_text") or [],
        "content": raw.get("raw_content") or [],
    }


def _command(raw: Json) -> Json:
    return {
        "command": shlex.join(raw["command"]),
        "cwd": _path(raw.get("cwd")),
        "commandActions": [
            {"command": action.get("cmd", "")} for action in raw.get("parsed_cmd") or ()
        ],
        "aggregatedOutput": raw.get("aggregated_output"),
        "exitCode": raw.get("exit_code"),
        "durationMs": _ms(raw.get("duration")),
        "source": _camel_value(raw.get("source")),
        "status": _camel_value(raw.get("status")),
        "processId": raw.get("process_id"),
    }


def _edits(raw: Json) -> Json:
    changes = []
    for path, change in raw["changes"].items():
        kind = {"type": change["type"], "move_path": change.get("move_path")}
        diff = change.get("unified_diff", change.get("content", ""))
        changes.append({"path": _path(path), "kind": kind, "diff": diff})
    return {"changes": changes, "status": _camel_value(raw.get("status"))}


def _tool(raw: Json) -> Json:
    wire = {_camel(key): value for key, value in raw.items() if key != "type"}
    wire["status"] = _camel_value(raw.get("status"))
    wire["durationMs"] = _ms(raw.get("duration"))
    return wire


def _collab(raw: Json) -> Json:
    states = {}
    for thread, state in (raw.get("agents_states") or {}).items():
        word, message = state, None
        if isinstance(state, dict) and state:
            word, message = next(iter(state.items()))
        states[thread] = {"status": _camel(str(word)), "message": message}
    return {
        "tool": _camel(str(raw.get("tool", ""))),
        "status": _camel_value(raw.get("status")),
        "senderThreadId": raw.get("sender_thread_id"),
        "receiverThreadIds": raw.get("receiver_thread_ids") or [],
        "prompt": raw.get("prompt"),
        "model": raw.get("model"),
        "reasoningEffort": raw.get("reasoning_effort"),
        "agentsStates": states,
    }


def _activity(raw: Json) -> Json:
    return {_camel(key): value for key, value in raw.items() if key != "type"}


def _image(raw: Json) -> Json:
    return {"path": _path(raw.get("path"))}


def _entered(raw: Json) -> Json:
    return {"review": raw.get("user_facing_hint") or ""}


def _exited(raw: Json) -> Json:
    output = raw.get("review_output") or {}
    return {"review": output.get("overall_explanation") or ""}


def _extension(raw: Json) -> Json:
    """Sleeps and searches live in extensions; their fields are camelCase already."""
    fields = {key: value for key, value in raw.items() if key not in ("type", "kind")}
    match raw.get("kind"):
        case "clock.sleep":
            return {**fields, "type": "sleep"}
        case "web.search" | "web_search.search" | "web_search":
            return {**fields, "type": "webSearch"}
        case _:
            return {**raw, "type": "extension"}


_KINDS: dict[str, Callable[[Json], Json]] = {
    "UserMessage": _user,
    "AgentMessage": _agent,
    "Reasoning": _reasoning,
    "CommandExecution": _command,
    "FileChange": _edits,
    "McpToolCall": _tool,
    "DynamicToolCall": _tool,
    "FunctionCallOutput": _tool,
    "CollabAgentToolCall": _collab,
    "SubAgentActivity": _activity,
    "ImageView": _image,
    "EnteredReviewMode": _entered,
    "ExitedReviewMode": _exited,
    "Extension": _extension,
}
