"""Asked for one mode, another in force: an alarm until somebody sets a mode anew."""

from __future__ import annotations

from state import events as e
from state.items import ThreadId
from state.model import Engine as EngineState
from state.model import (
    EnginePhase,
    Origin,
    Sandbox,
    SandboxMode,
    Settings,
    ThreadStatus,
    World,
)
from state.reduce import reduce
from state.select.frame import sandbox_line

T = ThreadId("t")
READ = Settings(sandbox=Sandbox(SandboxMode.READ_ONLY), cwd="/w")
WRITE = Settings(sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE), cwd="/w")


def world(*more: e.Event) -> World:
    facts = (("status", ThreadStatus.IDLE), ("cwd", "/w"))
    found = World(engine=EngineState(EnginePhase.READY))
    seen = e.ThreadSeen(T, facts, Origin.ENGINE)
    for event in (seen, e.SettingsChanged(T, READ), *more):
        found = reduce(found, event)
    return found


REFUSED = e.SandboxRefused(T, SandboxMode.WORKSPACE_WRITE)


def test_the_bottom_line_names_both() -> None:
    it = world(REFUSED)
    line = sandbox_line(it, it.threads[T])
    assert line.level == "alarm"
    assert line.lead == "asked for workspace-write, in force"
    assert line.mode == "read-only"


def test_it_stays_when_the_same_is_told_again() -> None:
    it = world(REFUSED, e.SettingsChanged(T, READ))
    assert sandbox_line(it, it.threads[T]).level == "alarm"


def test_it_ends_when_somebody_sets_a_mode() -> None:
    it = world(REFUSED, e.SettingsChanged(T, WRITE))
    assert sandbox_line(it, it.threads[T]).level == "neutral"


def test_nothing_is_said_without_a_difference() -> None:
    it = world()
    assert sandbox_line(it, it.threads[T]).level == "calm"
