"""Threads, turns, settings and usage of the wire in the domain's words.

Owns the mapping; a field the engine did not tell is absent from a thread's facts, so
that it erases nothing. Seconds become milliseconds here. The decoders raise
`msgspec.ValidationError` on what is not of the known shape; whoever calls them makes
that an event.
"""

from __future__ import annotations

from typing import Any

import msgspec

from state.engine.wire import structs as w
from state.engine.wire.items import decode_item
from state.items import ItemId, ThreadId, TurnId
from state.model import (
    Sandbox,
    SandboxMode,
    Settings,
    Terminal,
    ThreadStatus,
    TokenUsage,
    Turn,
    TurnError,
    TurnStatus,
)

Facts = tuple[tuple[str, Any], ...]

_THREAD_STATUS = {status.value: status for status in ThreadStatus}
_TURN_STATUS = {status.value: status for status in TurnStatus}
_MODES = {mode.value: mode for mode in SandboxMode}


def milliseconds(seconds: float | None) -> int | None:
    """Engine seconds as ms."""
    return None if seconds is None else int(seconds * 1000)


def decode_status(raw: w.ThreadStatus) -> tuple[ThreadStatus, frozenset[str]]:
    """(status, active flags); a word we don't know is `UNKNOWN`."""
    status = _THREAD_STATUS.get(raw.type, ThreadStatus.UNKNOWN)
    return status, frozenset(raw.active_flags)


def decode_thread(raw: dict[str, Any], *, archived: bool | None = None) -> Facts:
    """What the engine said of a thread, as facts for `ThreadSeen`.

    `archived` is known only from the list it came in."""
    wire = msgspec.convert(raw, w.Thread)
    source, spawn = _source(wire.source)
    facts: dict[str, Any] = {
        "preview": wire.preview,
        "cwd": wire.cwd,
        "source": source,
        "originator": wire.originator,
        "thread_source": wire.thread_source,
        "model": wire.model,
        "model_provider": wire.model_provider,
        "effort": wire.reasoning_effort,
        "created_ms": milliseconds(wire.created_at),
        "updated_ms": milliseconds(wire.updated_at),
        "ephemeral": wire.ephemeral,
        "path": wire.path,
        "parent_id": wire.parent_thread_id,
        "session_id": wire.session_id,
        "agent_path": spawn.get("agent_path"),
        "nickname": wire.agent_nickname or spawn.get("agent_nickname"),
        "role": wire.agent_role or spawn.get("agent_role"),
        "forked_from": wire.forked_from_id,
        "direct_input": wire.can_accept_direct_input,
        "branch": wire.git_info.branch if wire.git_info else None,
        "archived": archived,
    }
    if wire.parent_thread_id is None and "parent_thread_id" in spawn:
        facts["parent_id"] = spawn["parent_thread_id"]
    if wire.status is not None:
        facts["status"], facts["flags"] = decode_status(wire.status)
    known = {key: value for key, value in facts.items() if value is not None}
    if "name" in raw:  # null is news here: a name can be taken away
        known["name"] = wire.name
    return tuple(known.items())


def _source(source: object) -> tuple[str | None, dict[str, Any]]:
    """(a word for the source, the spawn record of a sub-agent or {})."""
    if isinstance(source, str):
        return source, {}
    if isinstance(source, dict):
        custom = source.get("custom")
        if isinstance(custom, str):
            return custom, {}
        agent = source.get("subAgent")
        if isinstance(agent, str):
            return f"subAgent:{agent}", {}
        if isinstance(agent, dict):
            spawn = agent.get("thread_spawn")
            if isinstance(spawn, dict):
                return "subAgent", spawn
            return f"subAgent:{agent.get('other', 'unknown')}", {}
    return None, {}


def decode_error(raw: w.TurnError) -> TurnError:
    """The engine's sentence with its code word, whatever details hang on it."""
    info = raw.codex_error_info
    code = info if isinstance(info, str) else None
    if isinstance(info, dict) and info:
        code = str(next(iter(info)))
    details = raw.additional_details
    if not details and isinstance(raw.misalignment, dict):
        told = raw.misalignment.get("detailedExplanation")
        details = told if isinstance(told, str) else None
    return TurnError(raw.message, code, details)


def decode_turn(raw: dict[str, Any]) -> Turn:
    """A turn of history, with the items the engine put into it.

    An item that history shows open in an ended turn stays open only if it is a
    command: that is a background terminal."""
    wire = msgspec.convert(raw, w.Turn)
    status = _TURN_STATUS.get(wire.status, TurnStatus.UNKNOWN)
    items = (decode_item(item) for item in wire.items)
    return Turn(
        id=TurnId(wire.id),
        status=status,
        items={item.id: item for item in items},
        started_ms=milliseconds(wire.started_at),
        completed_ms=milliseconds(wire.completed_at),
        duration_ms=wire.duration_ms,
        error=decode_error(wire.error) if wire.error else None,
        root_turn_id=TurnId(wire.root_turn_id) if wire.root_turn_id else None,
    )


def turn_status(word: str) -> TurnStatus:
    """The engine's word for a turn; one we don't know is `UNKNOWN`."""
    return _TURN_STATUS.get(word, TurnStatus.UNKNOWN)


def _sandbox(raw: w.SandboxPolicy | None) -> Sandbox | None:
    if raw is None or raw.type not in _MODES:
        return None
    if raw.network_access not in (True, False, "enabled", "restricted"):
        return None  # A new word for the network must not read as off.
    mode = _MODES[raw.type]
    return Sandbox(
        mode=mode,
        network=mode is SandboxMode.FULL_ACCESS
        or raw.network_access in (True, "enabled"),
        writable_roots=tuple(raw.writable_roots),
        exclude_tmpdir=raw.exclude_tmpdir_env_var,
        exclude_slash_tmp=raw.exclude_slash_tmp,
    )


def _policy(raw: object) -> tuple[str | None, tuple[tuple[str, bool], ...]]:
    if isinstance(raw, str):
        return raw, ()
    if isinstance(raw, dict) and isinstance(raw.get("granular"), dict):
        switches = raw["granular"].items()
        return "granular", tuple((str(key), bool(value)) for key, value in switches)
    return None, ()


def decode_settings(raw: dict[str, Any]) -> Settings:
    """Settings from a start, resume or fork response, or from `threadSettings`."""
    if "sandboxPolicy" in raw:
        return _updated(msgspec.convert(raw, w.ThreadSettings))
    wire = msgspec.convert(raw, w.ThreadResumeResponse)
    policy, granular = _policy(wire.approval_policy)
    roots = wire.runtime_workspace_roots
    return Settings(
        model=wire.model,
        effort=wire.reasoning_effort,
        approval_policy=policy,
        granular=granular,
        reviewer=wire.approvals_reviewer,
        sandbox=_sandbox(wire.sandbox),
        profile=_profile(wire.active_permission_profile),
        cwd=wire.cwd,
        workspace_roots=None if roots is None else tuple(roots),
        mode=wire.collaboration_mode.mode if wire.collaboration_mode else None,
    )


def _updated(wire: w.ThreadSettings) -> Settings:
    policy, granular = _policy(wire.approval_policy)
    roots = None
    if wire.environments:
        roots = wire.environments[0].runtime_workspace_roots
    return Settings(
        model=wire.model,
        effort=wire.effort,
        approval_policy=policy,
        granular=granular,
        reviewer=wire.approvals_reviewer,
        sandbox=_sandbox(wire.sandbox_policy),
        profile=_profile(wire.active_permission_profile),
        cwd=wire.cwd,
        workspace_roots=None if roots is None else tuple(roots),
        mode=wire.collaboration_mode.mode if wire.collaboration_mode else None,
    )


def _profile(raw: w.ActivePermissionProfile | None) -> str | None:
    return raw.id if raw else None


def decode_usage(raw: dict[str, Any]) -> TokenUsage:
    """thread/tokenUsage/updated's `tokenUsage`."""
    wire = msgspec.convert(raw, w.ThreadTokenUsage)
    return TokenUsage(
        total=wire.total.total_tokens,
        input=wire.total.input_tokens,
        cached=wire.total.cached_input_tokens,
        output=wire.total.output_tokens,
        reasoning=wire.total.reasoning_output_tokens,
        last_total=wire.last.total_tokens,
        window=wire.model_context_window,
    )


def decode_read_state(raw: dict[str, Any]) -> tuple[bool, str | None]:
    """(unread, revision)."""
    wire = msgspec.convert(raw, w.ThreadReadState)
    return wire.first_unread is not None, wire.revision


def decode_terminal(raw: dict[str, Any]) -> Terminal:
    """One background terminal as listed."""
    wire = msgspec.convert(raw, w.ThreadBackgroundTerminal)
    return Terminal(
        item_id=ItemId(wire.item_id),
        process_id=wire.process_id,
        command=wire.command,
        cwd=wire.cwd,
        os_pid=wire.os_pid,
        cpu_percent=wire.cpu_percent,
        rss_kb=wire.rss_kb,
    )


def thread_id(raw: dict[str, Any]) -> ThreadId:
    """The id of a wire thread. Raises KeyError."""
    return ThreadId(raw["id"])
