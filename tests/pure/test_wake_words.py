"""What loading a sleeping thread sets off, in sentences that hold."""

from __future__ import annotations

import pytest

from state.engine.port import WakeReport
from state.forking import fork_of
from state.items import ThreadId
from state.model import Sandbox, SandboxMode, Settings, Thread
from tui.screens.wake_words import wake_lines

WRITE = Settings(sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE), cwd="/w")
READ = Settings(sandbox=Sandbox(SandboxMode.READ_ONLY), cwd="/w")


def test_what_nobody_can_read_is_said_so() -> None:
    report = WakeReport(ThreadId("t"), stored=None, today=None, laxer=("unknown",))
    assert wake_lines(report) == (
        "It last ran with settings that nobody can read here.",
        "A new thread here would get settings that nobody can read here.",
        "  laxer: unknown",
    )


def test_both_modes_are_named() -> None:
    report = WakeReport(ThreadId("t"), stored=WRITE, today=READ, laxer=("mode",))
    first, second, _ = wake_lines(report)
    assert first.startswith("It last ran with workspace-write")
    assert second.startswith("A new thread here would get read-only")
    assert ".." not in first + second


@pytest.mark.parametrize(
    ("settings", "sandbox", "profile"),
    [
        (None, None, None),
        (READ, "read-only", None),
        (WRITE, "workspace-write", None),
        (Settings(sandbox=READ.sandbox, profile=":workspace"), None, ":workspace"),
        (Settings(sandbox=Sandbox(SandboxMode.EXTERNAL)), None, None),
    ],
)
def test_a_fork_asks_for_what_its_source_has(
    settings: Settings | None, sandbox: str | None, profile: str | None
) -> None:
    command = fork_of(Thread(ThreadId("t"), settings=settings))
    assert (command.sandbox, command.profile) == (sandbox, profile)
