"""The shapes of the wire that this program reads, as msgspec structs.

Owns the field names; does not own what they mean to the domain (the decoders beside
it do). Each struct bears the name of the engine's schema definition, so that the
contract test can hold its fields against it. Invariant: forward compatible: unknown
fields are ignored, fields that some engine leaves out have a default.
"""

from __future__ import annotations

from typing import Any

import msgspec

Json = dict[str, Any]


class Wire(msgspec.Struct, rename="camel", gc=False):
    """Base: camelCase on the wire, unknown fields ignored."""


class GitInfo(Wire):
    branch: str | None = None


class ThreadStatus(Wire):
    type: str
    active_flags: list[str] = []


class Thread(Wire):
    """`source`: a word, {"custom": …} or {"subAgent": …}."""

    id: str
    preview: str | None = None
    name: str | None = None
    cwd: str | None = None
    source: Any = None
    originator: str | None = None
    thread_source: str | None = None
    model: str | None = None
    model_provider: str | None = None
    reasoning_effort: str | None = None
    created_at: int | None = None
    updated_at: int | None = None
    recency_at: int | None = None
    ephemeral: bool | None = None
    status: ThreadStatus | None = None
    path: str | None = None
    parent_thread_id: str | None = None
    session_id: str | None = None
    agent_nickname: str | None = None
    agent_role: str | None = None
    forked_from_id: str | None = None
    can_accept_direct_input: bool | None = None
    git_info: GitInfo | None = None


class TurnError(Wire):
    """`codex_error_info`: a word, or one key with its details. `misalignment`: what a
    provider tells of an action that it stopped."""

    message: str
    codex_error_info: Any = None
    additional_details: str | None = None
    misalignment: Any = None


class Turn(Wire):
    id: str
    status: str = "unknown"
    items: list[Json] = []
    started_at: float | None = None
    completed_at: float | None = None
    duration_ms: int | None = None
    error: TurnError | None = None
    root_turn_id: str | None = None


class ActivePermissionProfile(Wire):
    id: str


class SandboxPolicy(Wire):
    """`network_access` is a bool, or restricted/enabled for an external sandbox."""

    type: str
    network_access: bool | str = False
    writable_roots: list[str] = []
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False


class CollaborationMode(Wire):
    mode: str | None = None


class ThreadEnvironment(Wire):
    cwd: str | None = None
    runtime_workspace_roots: list[str] | None = None


class ThreadSettings(Wire):
    """Of thread/settings/updated."""

    model: str | None = None
    effort: str | None = None
    approval_policy: Any = None
    approvals_reviewer: str | None = None
    sandbox_policy: SandboxPolicy | None = None
    active_permission_profile: ActivePermissionProfile | None = None
    cwd: str | None = None
    environments: list[ThreadEnvironment] | None = None
    collaboration_mode: CollaborationMode | None = None


class ThreadResumeResponse(Wire):
    """Of thread/resume; start and fork answer a subset of it."""

    thread: Json
    model: str | None = None
    reasoning_effort: str | None = None
    approval_policy: Any = None
    approvals_reviewer: str | None = None
    sandbox: SandboxPolicy | None = None
    active_permission_profile: ActivePermissionProfile | None = None
    cwd: str | None = None
    runtime_workspace_roots: list[str] | None = None
    collaboration_mode: CollaborationMode | None = None


class TokenUsageBreakdown(Wire):
    total_tokens: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0


class ThreadTokenUsage(Wire):
    total: TokenUsageBreakdown
    last: TokenUsageBreakdown
    model_context_window: int | None = None


class ThreadReadState(Wire):
    revision: str | None = None
    first_unread: Json | None = None


class ThreadBackgroundTerminal(Wire):
    item_id: str
    process_id: str
    command: str = ""
    cwd: str = ""
    os_pid: int | None = None
    cpu_percent: float | None = None
    rss_kb: int | None = None


class TurnPlanStep(Wire):
    step: str
    status: str


class GuardianApprovalReview(Wire):
    status: str
    risk_level: str | None = None
    user_authorization: str | None = None
    rationale: str | None = None


class ItemGuardianApprovalReviewCompletedNotification(Wire):
    """started and completed alike; the former has no completedAtMs."""

    thread_id: str
    review_id: str
    review: GuardianApprovalReview
    action: Json
    turn_id: str | None = None
    target_item_id: str | None = None
    started_at_ms: int | None = None
    completed_at_ms: int | None = None


class NetworkApprovalContext(Wire):
    host: str
    protocol: str = ""


class NetworkPolicyAmendment(Wire):
    host: str
    action: str


class CommandAction(Wire):
    command: str = ""


class CommandExecutionRequestApprovalParams(Wire):
    thread_id: str
    turn_id: str
    item_id: str
    kind: str = "command"
    approval_id: str | None = None
    available_decisions: list[Any] | None = None
    command: str | None = None
    command_actions: list[CommandAction] | None = None
    cwd: str | None = None
    reason: str | None = None
    started_at_ms: int | None = None
    additional_permissions: Json | None = None
    network_approval_context: NetworkApprovalContext | None = None
    proposed_execpolicy_amendment: list[str] | None = None
    proposed_network_policy_amendments: Any = None


class FileChangeRequestApprovalParams(Wire):
    thread_id: str
    turn_id: str
    item_id: str
    reason: str | None = None
    grant_root: str | None = None
    started_at_ms: int | None = None


class PermissionsRequestApprovalParams(Wire):
    thread_id: str
    turn_id: str
    item_id: str
    permissions: Json
    cwd: str | None = None
    reason: str | None = None
    started_at_ms: int | None = None


class ToolRequestUserInputQuestion(Wire):
    question: str = ""


class ToolRequestUserInputParams(Wire):
    thread_id: str
    turn_id: str
    item_id: str
    questions: list[ToolRequestUserInputQuestion] = []


class McpServerElicitationRequestParams(Wire):
    """The common part; `message`, `mode` and `_meta` depend on the mode."""

    thread_id: str
    server_name: str = ""
    turn_id: str | None = None


class DynamicToolCallParams(Wire):
    thread_id: str
    turn_id: str
    call_id: str
    tool: str
    namespace: str | None = None
