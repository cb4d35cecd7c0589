"""The settings a rollout file tells, and the facts of its first line.

Owns the engine's file spelling of settings: snake_case, kebab-case modes, compiled
permission profiles. Invariant: where a profile cannot be told exactly, the laxer
mode is named, for this is what a thread would wake up in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from state.items import ThreadId
from state.model import Sandbox, SandboxMode, Settings

Json = dict[str, Any]
Facts = tuple[tuple[str, Any], ...]

_MODES = {
    "read-only": SandboxMode.READ_ONLY,
    "workspace-write": SandboxMode.WORKSPACE_WRITE,
    "danger-full-access": SandboxMode.FULL_ACCESS,
    "external-sandbox": SandboxMode.EXTERNAL,
}


def settings_of(raw: Json) -> Settings:
    """From a `turn_context`, or the `thread_settings` of thread_settings_applied."""
    policy, granular = _policy(raw.get("approval_policy"))
    collaboration = _table(raw.get("collaboration_mode"))
    inner = _table(collaboration.get("settings"))
    effort = raw.get("reasoning_effort", raw.get("effort"))
    profile = _table(raw.get("active_permission_profile")).get("id")
    roots = raw.get("runtime_workspace_roots", raw.get("workspace_roots"))
    return Settings(
        model=_word(raw.get("model")),
        effort=_word(effort or inner.get("reasoning_effort")),
        approval_policy=policy,
        granular=granular,
        reviewer=_word(raw.get("approvals_reviewer")),
        sandbox=_sandbox(raw),
        profile=_word(profile),
        cwd=_word(raw.get("cwd")),
        workspace_roots=tuple(map(str, roots)) if isinstance(roots, list) else None,
        mode=_word(collaboration.get("mode")),
    )


def meta_facts(raw: Json) -> Facts:
    """Facts for `ThreadSeen` from the payload of `session_meta`."""
    spawn: Json = {}
    source = raw.get("source")
    if isinstance(source, dict):
        agent = source.get("subagent", source.get("subAgent"))
        spawn = _table(_table(agent).get("thread_spawn"))
        source = "subAgent" if agent is not None else "unknown"
    parent = raw.get("parent_thread_id") or spawn.get("parent_thread_id")
    facts = {
        "cwd": raw.get("cwd"),
        "source": source,
        "originator": raw.get("originator"),
        "thread_source": raw.get("thread_source"),
        "model_provider": raw.get("model_provider"),
        "created_ms": milliseconds(raw.get("timestamp")),
        "parent_id": parent,
        "session_id": raw.get("session_id"),
        "agent_path": raw.get("agent_path") or spawn.get("agent_path"),
        "nickname": raw.get("agent_nickname") or spawn.get("agent_nickname"),
        "role": raw.get("agent_role") or spawn.get("agent_role"),
        "forked_from": raw.get("forked_from_id"),
        "branch": _table(raw.get("git")).get("branch"),
    }
    return tuple((name, value) for name, value in facts.items() if value is not None)


def thread_of(raw: Json) -> ThreadId | None:
    """The thread a `session_meta` belongs to."""
    found = raw.get("id")
    return ThreadId(found) if isinstance(found, str) else None


def milliseconds(timestamp: object) -> int | None:
    """An RFC 3339 timestamp in ms since the epoch."""
    if not isinstance(timestamp, str):
        return None
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return None
    return round(moment.timestamp() * 1000)


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _table(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _policy(raw: object) -> tuple[str | None, tuple[tuple[str, bool], ...]]:
    if isinstance(raw, dict) and isinstance(raw.get("granular"), dict):
        switches = raw["granular"].items()
        return "granular", tuple((str(key), bool(value)) for key, value in switches)
    return _word(raw), ()


def _sandbox(raw: Json) -> Sandbox | None:
    policy = _table(raw.get("sandbox_policy"))
    mode = _MODES.get(str(policy.get("type")))
    if mode is None:
        return _profile_sandbox(raw)
    network = policy.get("network_access") in (True, "enabled")
    return Sandbox(
        mode,
        network=network or mode is SandboxMode.FULL_ACCESS,
        writable_roots=tuple(map(str, policy.get("writable_roots") or ())),
        exclude_tmpdir=bool(policy.get("exclude_tmpdir_env_var")),
        exclude_slash_tmp=bool(policy.get("exclude_slash_tmp")),
    )


def _profile_sandbox(raw: Json) -> Sandbox | None:
    """The projection of a compiled permission profile on the four modes."""
    profile = raw.get("permission_profile")
    if not isinstance(profile, dict):
        return None
    network = profile.get("network") == "enabled"
    files = _table(profile.get("file_system"))
    match profile.get("type"), files.get("type"):
        case "disabled", _:
            return Sandbox(SandboxMode.FULL_ACCESS, network=True)
        case "external", _:
            return Sandbox(SandboxMode.EXTERNAL, network=network)
        case "managed", "unrestricted":
            return Sandbox(SandboxMode.FULL_ACCESS, network=network)
        case "managed", "restricted":
            return _restricted(files, raw.get("cwd"), network=network)
    return None


def _restricted(files: Json, cwd: object, *, network: bool) -> Sandbox:
    special, paths = set(), []
    for entry in files.get("entries") or ():
        path = _table(_table(entry).get("path"))
        if _table(entry).get("access") != "write":
            continue
        special.add(_table(path.get("value")).get("kind"))
        if path.get("type") == "path" and path.get("path") != cwd:
            paths.append(str(path.get("path")))
        elif path.get("type") == "glob_pattern":
            paths.append(str(path.get("pattern")))
        elif path.get("type") == "path":
            special.add("cwd")
    if "root" in special:
        return Sandbox(SandboxMode.FULL_ACCESS, network=network)
    if not paths and not special - {None}:
        return Sandbox(SandboxMode.READ_ONLY, network=network)
    return Sandbox(
        SandboxMode.WORKSPACE_WRITE,
        network=network,
        writable_roots=tuple(paths),
        exclude_tmpdir="tmpdir" not in special,
        exclude_slash_tmp="slash_tmp" not in special,
    )
