"""The item kinds of the wire (the schema's ThreadItem), as a tagged union.

Owns the field names only; see `items` for what they mean. Invariant: as `structs`.
"""

from __future__ import annotations

from typing import Any

import msgspec


class WireItem(msgspec.Struct, rename="camel", tag_field="type", gc=False):
    """Common fields. The times are in the item on the wire, not in the schema."""

    id: str
    started_at_ms: int | None = None
    completed_at_ms: int | None = None


class TextElement(msgspec.Struct, rename="camel", gc=False):
    """One UserInput; which fields are set depends on `type`."""

    type: str
    text: str = ""
    url: str | None = None
    path: str | None = None
    name: str | None = None
    file_id: str | None = None


class UserMessageItem(WireItem, tag="userMessage"):
    content: list[TextElement] = []
    client_id: str | None = None


class HookPromptFragment(msgspec.Struct, rename="camel", gc=False):
    text: str = ""
    hook_run_id: str = ""


class HookPromptItem(WireItem, tag="hookPrompt"):
    fragments: list[HookPromptFragment] = []


class AsyncUserInputQuestion(msgspec.Struct, rename="camel", gc=False):
    title: str
    options: list[str] | None = None


class AgentMessageItem(WireItem, tag="agentMessage"):
    text: str = ""
    phase: str | None = None
    questions: list[AsyncUserInputQuestion] | None = None


class FunctionCallOutputItem(WireItem, tag="functionCallOutput"):
    name: str = ""
    namespace: str | None = None
    output: Any = None


class PlanItem(WireItem, tag="plan"):
    text: str = ""


class ReasoningItem(WireItem, tag="reasoning"):
    summary: list[str] = []
    content: list[str] = []


class CommandAction(msgspec.Struct, rename="camel", gc=False):
    command: str = ""


class CommandExecutionItem(WireItem, tag="commandExecution"):
    command: str = ""
    cwd: str = ""
    command_actions: list[CommandAction] = []
    aggregated_output: str | None = None
    exit_code: int | None = None
    duration_ms: int | None = None
    source: str | None = None
    status: str | None = None
    process_id: str | None = None


class PatchChangeKind(msgspec.Struct, gc=False):
    """`move_path` is snake case on the wire."""

    type: str
    move_path: str | None = None


class FileUpdateChange(msgspec.Struct, rename="camel", gc=False):
    path: str
    kind: PatchChangeKind
    diff: str = ""


class FileChangeItem(WireItem, tag="fileChange"):
    changes: list[FileUpdateChange] = []
    status: str | None = None


class McpToolCallItem(WireItem, tag="mcpToolCall"):
    tool: str = ""
    server: str = ""
    arguments: Any = None
    result: Any = None
    error: Any = None
    status: str | None = None
    duration_ms: int | None = None


class DynamicToolCallItem(WireItem, tag="dynamicToolCall"):
    tool: str = ""
    namespace: str | None = None
    arguments: Any = None
    content_items: Any = None
    status: str | None = None
    duration_ms: int | None = None


class CollabAgentState(msgspec.Struct, rename="camel", gc=False):
    status: str
    message: str | None = None


class CollabAgentToolCallItem(WireItem, tag="collabAgentToolCall"):
    tool: str = ""
    status: str | None = None
    sender_thread_id: str | None = None
    receiver_thread_ids: list[str] = []
    prompt: str | None = None
    model: str | None = None
    reasoning_effort: str | None = None
    agents_states: dict[str, CollabAgentState] = {}


class SubAgentActivityItem(WireItem, tag="subAgentActivity"):
    kind: str = ""
    agent_thread_id: str = ""
    agent_path: str = ""
    model: str | None = None
    reasoning_effort: str | None = None


class WebSearchItem(WireItem, tag="webSearch"):
    query: str = ""
    action: Any = None


class ImageViewItem(WireItem, tag="imageView"):
    path: str = ""


class SleepItem(WireItem, tag="sleep"):
    duration_ms: int = 0


class EnteredReviewModeItem(WireItem, tag="enteredReviewMode"):
    review: str = ""


class ExitedReviewModeItem(WireItem, tag="exitedReviewMode"):
    review: str = ""


class ContextCompactionItem(WireItem, tag="contextCompaction"):
    pass


AnyItem = (
    UserMessageItem
    | HookPromptItem
    | AgentMessageItem
    | FunctionCallOutputItem
    | PlanItem
    | ReasoningItem
    | CommandExecutionItem
    | FileChangeItem
    | McpToolCallItem
    | DynamicToolCallItem
    | CollabAgentToolCallItem
    | SubAgentActivityItem
    | WebSearchItem
    | ImageViewItem
    | SleepItem
    | EnteredReviewModeItem
    | ExitedReviewModeItem
    | ContextCompactionItem
)
