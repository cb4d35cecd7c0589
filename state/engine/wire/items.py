"""An item of the wire becomes an item of the domain.

Owns the mapping of every item kind; an unknown kind, or a known one whose fields are
not what we know, is kept whole as `Unknown`. Strings pass unchanged. Invariant: total:
any JSON object becomes an `Item`.
"""

from __future__ import annotations

from typing import Any, assert_never

import msgspec

from state.engine.wire import item_structs as w
from state.items import (
    AgentActivity,
    AgentMessage,
    AgentReport,
    CollabCall,
    Command,
    Compaction,
    FileDiff,
    HookPrompt,
    ImageView,
    Item,
    ItemBody,
    ItemId,
    ItemStatus,
    Patch,
    ProposedPlan,
    Question,
    Reasoning,
    ReviewMode,
    Sleep,
    Text,
    ThreadId,
    ToolCall,
    Unknown,
    UserMessage,
    WebSearch,
)

_STATUS = {
    "inProgress": ItemStatus.IN_PROGRESS,
    "completed": ItemStatus.COMPLETED,
    "failed": ItemStatus.FAILED,
    "declined": ItemStatus.DECLINED,
    "interrupted": ItemStatus.FAILED,
}
_MAY_BE_REFUSED = (w.CommandExecutionItem, w.FileChangeItem, w.McpToolCallItem)


def as_json(value: object) -> str:
    """A JSON value as text; a string stays as it is, null becomes empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def decode_item(raw: dict[str, Any], *, ended: bool = True) -> Item:
    """The item in `raw`; `ended`: it comes from item/completed or from history.

    A command may run on after its turn's history was read: only its own status ends
    it, unless item/completed says so (`decode_completed`)."""
    try:
        item = msgspec.convert(raw, w.AnyItem)
    except (msgspec.ValidationError, ValueError, TypeError):
        return _unknown(raw, ended=ended)
    return Item(
        id=ItemId(item.id),
        body=_body(item),
        status=_status(item, ended=ended),
        started_ms=item.started_at_ms,
        completed_ms=item.completed_at_ms,
    )


def decode_changes(raw: list[dict[str, Any]]) -> Patch:
    """The changes of item/fileChange/patchUpdated. Raises msgspec.ValidationError."""
    return _patch(msgspec.convert(raw, list[w.FileUpdateChange]))


def _unknown(raw: dict[str, Any], *, ended: bool) -> Item:
    return Item(
        id=ItemId(str(raw.get("id", ""))),
        body=Unknown(type=str(raw.get("type", "")), json=as_json(raw)),
        status=ItemStatus.COMPLETED if ended else ItemStatus.IN_PROGRESS,
    )


def _status(item: w.AnyItem, *, ended: bool) -> ItemStatus:
    told = getattr(item, "status", None)
    if told in _STATUS:
        return _STATUS[told]
    if not ended:
        return ItemStatus.IN_PROGRESS
    # Of what may be refused, a new word for its end must not read as done.
    odd = told is not None and isinstance(item, _MAY_BE_REFUSED)
    return ItemStatus.UNKNOWN if odd else ItemStatus.COMPLETED


def _body(item: w.AnyItem) -> ItemBody:
    match item:
        case w.UserMessageItem():
            return _user(item)
        case w.AgentMessageItem():
            return AgentMessage(Text(item.text), item.phase, _questions(item))
        case w.ReasoningItem():
            return Reasoning(
                tuple(map(Text, item.summary)), tuple(map(Text, item.content))
            )
        case w.PlanItem():
            return ProposedPlan(Text(item.text))
        case w.CommandExecutionItem():
            return _command(item)
        case w.FileChangeItem():
            return _patch(item.changes)
        case w.McpToolCallItem() | w.DynamicToolCallItem() | w.FunctionCallOutputItem():
            return _tool(item)
        case w.SubAgentActivityItem():
            return AgentActivity(
                kind=item.kind,
                agent_thread_id=ThreadId(item.agent_thread_id),
                agent_path=item.agent_path,
                model=item.model,
                effort=item.reasoning_effort,
            )
        case w.CollabAgentToolCallItem():
            return _collab(item)
        case w.WebSearchItem():
            return WebSearch(item.query, as_json(item.action))
        case w.ImageViewItem():
            return ImageView(item.path)
        case w.SleepItem():
            return Sleep(item.duration_ms)
        case w.EnteredReviewModeItem():
            return ReviewMode(entered=True, review=item.review)
        case w.ExitedReviewModeItem():
            return ReviewMode(entered=False, review=item.review)
        case w.ContextCompactionItem():
            return Compaction()
        case w.HookPromptItem():
            return HookPrompt(tuple((f.text, f.hook_run_id) for f in item.fragments))
        case _:
            assert_never(item)


def _user(item: w.UserMessageItem) -> UserMessage:
    texts, images = [], []
    for part in item.content:
        if part.type == "text":
            texts.append(part.text)
        elif part.type in ("image", "localImage"):
            images.append(part.path or part.url or part.file_id or "")
    return UserMessage("\n".join(texts), tuple(images), item.client_id)


def _questions(item: w.AgentMessageItem) -> tuple[Question, ...]:
    return tuple(
        Question(q.title, tuple(q.options or ())) for q in item.questions or ()
    )


def _command(item: w.CommandExecutionItem) -> Command:
    return Command(
        command=item.command,
        cwd=item.cwd,
        display=tuple(action.command for action in item.command_actions),
        output=Text(item.aggregated_output or ""),
        exit_code=item.exit_code,
        duration_ms=item.duration_ms,
        source=item.source or "agent",
        process_id=item.process_id,
    )


def _patch(changes: list[w.FileUpdateChange]) -> Patch:
    return Patch(
        tuple(FileDiff(c.path, c.kind.type, c.diff, c.kind.move_path) for c in changes)
    )


def _tool(
    item: w.McpToolCallItem | w.DynamicToolCallItem | w.FunctionCallOutputItem,
) -> ToolCall:
    match item:
        case w.McpToolCallItem():
            error = item.error
            message = error.get("message") if isinstance(error, dict) else error
            return ToolCall(
                tool=item.tool,
                namespace=item.server or None,
                arguments=as_json(item.arguments),
                result=_texts(item.result),
                error=as_json(message) or None,
                duration_ms=item.duration_ms,
            )
        case w.DynamicToolCallItem():
            return ToolCall(
                tool=item.tool,
                namespace=item.namespace,
                arguments=as_json(item.arguments),
                result=_texts(item.content_items),
                duration_ms=item.duration_ms,
            )
        case w.FunctionCallOutputItem():
            return ToolCall(
                tool=item.name, namespace=item.namespace, result=_texts(item.output)
            )
        case _:
            assert_never(item)


def _texts(value: object) -> str:
    """The text parts of a tool's answer when it has only those, else its JSON."""
    parts = value.get("content") if isinstance(value, dict) else value
    if isinstance(parts, list) and parts:
        texts = [part.get("text") for part in parts if isinstance(part, dict)]
        if len(texts) == len(parts) and all(isinstance(t, str) for t in texts):
            return "\n".join(map(str, texts))
    return as_json(value)


def _collab(item: w.CollabAgentToolCallItem) -> CollabCall:
    return CollabCall(
        tool=item.tool,
        sender=ThreadId(item.sender_thread_id) if item.sender_thread_id else None,
        receivers=tuple(map(ThreadId, item.receiver_thread_ids)),
        prompt=item.prompt,
        model=item.model,
        effort=item.reasoning_effort,
        reports=tuple(
            AgentReport(ThreadId(thread), state.status, state.message)
            for thread, state in item.agents_states.items()
        ),
    )
