"""What would loading a sleeping thread set off? Asked without loading it.

Owns the look at queue, goal, and the mode a thread last ran under (from its rollout's
tail, which only this side of the file system can read), and what counts as laxer.
Invariant: nothing here wakes anything; what cannot be known is said to be unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from state.engine import calls
from state.engine.errors import RequestFailed
from state.engine.link import Link
from state.engine.port import Goal, WakeReport, Writer
from state.engine.writers import writer_of
from state.items import ThreadId
from state.model import Sandbox, SandboxMode, Settings
from state.rollout import stored_settings

Json = dict[str, Any]

UNKNOWN_MODE = "what it last ran under is not known"
_KEBAB = {
    "read-only": SandboxMode.READ_ONLY,
    "workspace-write": SandboxMode.WORKSPACE_WRITE,
    "danger-full-access": SandboxMode.FULL_ACCESS,
    "external-sandbox": SandboxMode.EXTERNAL,
}
_MODE_RANK = {
    SandboxMode.READ_ONLY: 0,
    SandboxMode.WORKSPACE_WRITE: 1,
    SandboxMode.EXTERNAL: 2,
    SandboxMode.FULL_ACCESS: 2,
}
_MODE_WORDS = {
    SandboxMode.READ_ONLY: "read-only",
    SandboxMode.WORKSPACE_WRITE: "workspace-write",
    SandboxMode.EXTERNAL: "external sandbox",
    SandboxMode.FULL_ACCESS: "FULL ACCESS",
}
_POLICY_RANK = {"untrusted": 0, "granular": 1, "on-request": 1, "never": 2}


async def inspect(link: Link, thread_id: ThreadId) -> WakeReport:
    """The report for one thread. Raises RequestFailed, EngineLost."""
    if link.ledger.is_loaded(thread_id):
        return WakeReport(thread_id, loaded=True)
    read = (await link.ask(calls.read_thread(thread_id))).get("thread") or {}
    if link.ledger.is_loaded(thread_id):
        return WakeReport(thread_id, loaded=True)
    queue = await link.pages(lambda cursor: calls.queue_list(thread_id, cursor))
    goal = (await link.ask(calls.goal(thread_id))).get("goal")
    path, cwd = read.get("path"), read.get("cwd")
    stored: Settings | None = None
    readable = False
    if link.local and isinstance(path, str):
        readable, stored = await asyncio.to_thread(readable_settings, Path(path))
    today = await todays_settings(link, cwd)
    laxer = laxer_words(stored, today) if readable else (UNKNOWN_MODE,)
    writer: Writer | None = None
    if link.local:
        home, own = Path(link.connection.info.codex_home), link.connection.pid
        writer = await asyncio.to_thread(writer_of, home, thread_id, own=own)
    return WakeReport(
        thread_id=thread_id,
        queue=tuple(map(_queued_text, queue)),
        goal=_goal(goal),
        stored=stored,
        today=today,
        laxer=laxer,
        writer=writer,
    )


def _goal(raw: object) -> Goal | None:
    if not isinstance(raw, dict):
        return None
    return Goal(str(raw.get("objective", "")), str(raw.get("status", "")))


def _queued_text(raw: Json) -> str:
    parts = raw.get("input") or []
    return "\n".join(str(part.get("text", "")) for part in parts)


async def todays_settings(link: Link, cwd: str | None) -> Settings | None:
    """What a new thread in `cwd` would get without a word from us.

    None when the engine does not tell (its config is broken)."""
    try:
        config = (await link.ask(calls.read_config(cwd))).get("config")
    except RequestFailed:
        return None
    if not isinstance(config, dict):
        return None
    trusted = is_trusted(config, cwd)
    policy = config.get("approval_policy")
    return Settings(
        model=config.get("model"),
        effort=config.get("model_reasoning_effort"),
        approval_policy=policy
        if isinstance(policy, str)
        else "granular"
        if policy
        else "on-request",
        reviewer=config.get("approvals_reviewer") or "user",
        sandbox=_default_sandbox(config, trusted=trusted),
        profile=config.get("default_permissions"),
        cwd=cwd,
    )


def is_trusted(config: Json, cwd: str | None) -> bool:
    """Whether the engine's config trusts `cwd`, by itself or by its git root."""
    projects = config.get("projects")
    if not isinstance(projects, dict) or cwd is None:
        return False
    for place in {cwd, project_root(cwd)}:
        entry = projects.get(place)
        if isinstance(entry, dict) and entry.get("trust_level") == "trusted":
            return True
    return False


def project_root(cwd: str) -> str:
    """The root the engine keys trust by: the git repository's, else `cwd` itself.

    A linked worktree belongs to its main repository."""
    for folder in (Path(cwd), *Path(cwd).parents):
        marker = folder / ".git"
        if marker.is_dir():
            return str(folder)
        if marker.is_file():
            return _main_repository(marker) or str(folder)
    return cwd


def _main_repository(marker: Path) -> str | None:
    """`gitdir: /main/.git/worktrees/name` in a worktree's .git file -> /main."""
    try:
        text = marker.read_text(encoding="utf-8", errors="replace")[:4096]
        git_dir = (marker.parent / text.removeprefix("gitdir:").strip()).resolve()
    except (OSError, ValueError, RuntimeError):  # a NUL in it, a loop of symlinks
        return None
    if git_dir.parent.name == "worktrees" and git_dir.parent.parent.name == ".git":
        return str(git_dir.parent.parent.parent)
    return None


def _default_sandbox(config: Json, *, trusted: bool) -> Sandbox | None:
    profile = config.get("default_permissions")
    if profile is not None:
        builtin = {
            ":read-only": SandboxMode.READ_ONLY,
            ":workspace": SandboxMode.WORKSPACE_WRITE,
            ":danger-full-access": SandboxMode.FULL_ACCESS,
        }.get(str(profile))
        return Sandbox(builtin) if builtin else None
    mode = _KEBAB.get(str(config.get("sandbox_mode")))
    if mode is None:
        mode = SandboxMode.WORKSPACE_WRITE if trusted else SandboxMode.READ_ONLY
    table = config.get("sandbox_workspace_write")
    options = table if isinstance(table, dict) else {}
    return Sandbox(
        mode,
        network=bool(options.get("network_access")) or mode is SandboxMode.FULL_ACCESS,
        writable_roots=tuple(options.get("writable_roots") or ()),
    )


def laxer_words(stored: Settings | None, today: Settings | None) -> tuple[str, ...]:
    """What is laxer in `stored` than in `today`, each in a few words."""
    if stored is None:
        return ()
    if today is None:
        return ("today's defaults are not known",)
    words: list[str] = []
    if stored.sandbox is not None:
        words += _laxer_sandbox(stored.sandbox, today.sandbox)
    old = _POLICY_RANK.get(stored.approval_policy or "", 0)
    if old > _POLICY_RANK.get(today.approval_policy or "", 0):
        words.append(f"approvals: {stored.approval_policy}")
    return tuple(words)


def _laxer_sandbox(stored: Sandbox, today: Sandbox | None) -> Iterator[str]:
    if today is None:
        yield f"sandbox: {_MODE_WORDS[stored.mode]}; today's profile cannot be compared"
        return
    if _MODE_RANK[stored.mode] > _MODE_RANK[today.mode]:
        yield f"sandbox: {_MODE_WORDS[stored.mode]}"
    elif stored.mode is today.mode:
        for root in sorted(set(stored.writable_roots) - set(today.writable_roots)):
            yield f"may write {root}"
    if stored.network and not today.network:
        yield "network"


def readable_settings(path: Path) -> tuple[bool, Settings | None]:
    """(the file could be read, what the thread would wake up under)."""
    try:
        return True, stored_settings(path)
    except (OSError, ValueError):
        return False, None
