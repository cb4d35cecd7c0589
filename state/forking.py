"""A fork that may touch what the thread it comes from may touch, and no more.

Owns what is asked for: an engine by itself takes the configuration's mode, which can be
laxer (0.163), or the mode without its network (0.169, 0.171). Invariant: what is not
known is not asked for.
"""

from __future__ import annotations

from state.commands import ForkThread
from state.model import SandboxMode, Thread

WORDS = {
    SandboxMode.READ_ONLY: "read-only",
    SandboxMode.WORKSPACE_WRITE: "workspace-write",
    SandboxMode.FULL_ACCESS: "danger-full-access",
}


def fork_of(thread: Thread) -> ForkThread:
    """The command that forks it, under what it has now."""
    settings = thread.settings
    if settings is None:
        return ForkThread(thread.id)
    if settings.profile is not None:
        return ForkThread(thread.id, profile=settings.profile)
    mode = settings.sandbox.mode if settings.sandbox is not None else None
    return ForkThread(thread.id, sandbox=WORDS.get(mode) if mode else None)
