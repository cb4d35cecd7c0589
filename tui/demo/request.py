"""What the engine asked the model, read from one Responses request.

Owns: parsing of a request body into a `ModelRequest`. Not here: answering it.
Invariant: nothing is taken from the user's text but the text itself; who asks
is known from the metadata which the engine adds (thread, turn, agent path).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from state.dataclass import dataclass

# The engine sends its own context as user messages; none of it is the user's.
_CONTEXT = re.compile(
    r"<(environment_context|user_instructions|turn_aborted|hook_prompt|skill"
    r"|permissions|subagent_notification|user_shell_command)\b|# AGENTS\.md"
)


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool call of this thread returned, as text."""

    call_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One request for a model reply.

    `kind` is "turn" for ordinary replies; others (compaction, memory) are the
    engine's own. `agent_path` is "/root" for the thread the user talks to.
    `turn_index` counts the turns of this thread that asked this provider,
    `reply_index` the replies of this turn that the engine took to their end; both are
    zero-based. `taken` counts the items it has of this very reply, when it cut it off
    to hand over another agent's message. `user_text` is the newest text of the user,
    `task` the newest message of another agent to this one.
    """

    thread_id: str
    turn_id: str
    root_turn_id: str
    parent_thread_id: str | None
    subagent: str | None
    kind: str
    agent_path: str
    model: str
    cache_key: str
    cwd: str | None
    user_text: str
    task: str
    outputs: tuple[ToolOutput, ...]
    input: tuple[Mapping[str, Any], ...]
    turn_index: int = 0
    reply_index: int = 0
    taken: int = 0

    @property
    def guardian(self) -> bool:
        """Is this the automatic reviewer asking for a verdict?"""
        return self.cache_key.startswith("guardian:") or self.subagent == "guardian"


def parse_request(body: Mapping[str, Any]) -> ModelRequest:
    """Read a request body; missing metadata becomes empty text, never an error."""
    meta = _mapping(body.get("client_metadata"))
    turn_meta = _json_mapping(meta.get("x-codex-turn-metadata"))
    items = tuple(_mapping(item) for item in _sequence(body.get("input")))
    thread_id = _text(meta.get("thread_id"))
    turn_id = _text(meta.get("turn_id"))
    return ModelRequest(
        thread_id=thread_id,
        turn_id=turn_id,
        root_turn_id=_text(meta.get("root_turn_id")) or turn_id,
        parent_thread_id=_text(meta.get("x-codex-parent-thread-id")) or None,
        subagent=_text(meta.get("x-openai-subagent")) or None,
        kind=_text(turn_meta.get("request_kind")) or "turn",
        agent_path=_text(turn_meta.get("agent_name")) or _recipient(items) or "/root",
        model=_text(body.get("model")),
        cache_key=_text(body.get("prompt_cache_key")),
        cwd=_cwd(items),
        user_text=_newest_user_text(items),
        task=_newest_task(items),
        outputs=tuple(_outputs(items)),
        input=items,
    )


def item_text(item: Mapping[str, Any]) -> str:
    """All text of an item's content or output, joined."""
    content = item.get("content", item.get("output"))
    if isinstance(content, str):
        return content
    parts = [_mapping(part) for part in _sequence(content)]
    return "".join(
        _text(part.get("text")) or _text(part.get("encrypted_content"))
        for part in parts
    )


def _recipient(items: Sequence[Mapping[str, Any]]) -> str:
    for item in reversed(items):
        if item.get("type") == "agent_message":
            return _text(item.get("recipient"))
    return ""


def _newest_user_text(items: Sequence[Mapping[str, Any]]) -> str:
    for item in reversed(items):
        if item.get("type") == "message" and item.get("role") == "user":
            text = item_text(item)
            if not _CONTEXT.match(text.lstrip()):
                return text
    return ""


def _newest_task(items: Sequence[Mapping[str, Any]]) -> str:
    for item in reversed(items):
        if item.get("type") == "agent_message":
            return item_text(item)
    return ""


def _cwd(items: Sequence[Mapping[str, Any]]) -> str | None:
    for item in reversed(items):
        if item.get("role") == "user":
            found = re.search(r"<cwd>([^<]*)</cwd>", item_text(item))
            if found:
                return found.group(1)
    return None


def _outputs(items: Sequence[Mapping[str, Any]]) -> list[ToolOutput]:
    return [
        ToolOutput(_text(item.get("call_id")), item_text(item))
        for item in items
        if _text(item.get("type")).endswith("_call_output")
    ]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _json_mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, str):
        return _mapping(value)
    try:
        return _mapping(json.loads(value))
    except ValueError:
        return {}
