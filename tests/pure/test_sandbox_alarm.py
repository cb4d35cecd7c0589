"""Asked for one mode, another in force: an alarm until somebody sets a mode anew."""

from __future__ import annotations

import pytest

from state import events as e
from state.dataclass import replace
from state.items import ThreadId, TurnId
from state.model import Engine as EngineState
from state.model import (
    EnginePhase,
    Origin,
    Sandbox,
    SandboxMode,
    Settings,
    ThreadStatus,
    TurnStatus,
    World,
)
from state.reduce import reduce
from state.select.frame import sandbox_line
from state.views import SandboxLine

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


def test_a_profile_is_named_beside_what_is_in_force() -> None:
    """Both values; nothing of a name is markup, or hidden."""
    it = world(e.SandboxRefused(T, "profile [b]dev\u202e"))
    line = sandbox_line(it, it.threads[T])
    assert (line.level, line.mode) == ("alarm", "read-only")
    assert line.lead == "asked for profile [b]dev‹U+202E›, in force"


def test_an_administrators_proxy_is_no_network_that_is_off() -> None:
    """It is there whatever the thread's own switch says, but not in full access."""
    it = world(e.SandboxProbed(None, proxied=True), e.SandboxProbed("gone"))
    assert "network managed" in sandbox_line(it, it.threads[T]).parts
    assert "network managed" in sandbox_line(it, None, fresh=READ).parts
    full = reduce(it, e.SettingsChanged(T, FULL))
    assert "network on" in sandbox_line(full, full.threads[T]).parts
    other = reduce(it, e.EngineChanged(EngineState(EnginePhase.READY, epoch="2")))
    assert "network off" in sandbox_line(other, other.threads[T]).parts


def test_it_stays_when_the_same_is_told_again() -> None:
    it = world(REFUSED, e.SettingsChanged(T, READ))
    assert sandbox_line(it, it.threads[T]).level == "alarm"


def test_it_ends_when_somebody_sets_a_mode() -> None:
    it = world(REFUSED, e.SettingsChanged(T, WRITE))
    assert sandbox_line(it, it.threads[T]).level == "neutral"


def test_nothing_is_said_without_a_difference() -> None:
    it = world()
    assert sandbox_line(it, it.threads[T]).level == "calm"


# -- agents: they keep what they were spawned with -----------------------------------

KID, DEEP = ThreadId("kid"), ThreadId("deep")
TURN = TurnId("u")
FULL = Settings(sandbox=Sandbox(SandboxMode.FULL_ACCESS, network=True), cwd="/w")
NETWORK = Settings(sandbox=Sandbox(SandboxMode.READ_ONLY, network=True), cwd="/w")


def spawned(above: ThreadId, agent: ThreadId, path: str) -> e.Event:
    facts = (
        ("status", ThreadStatus.ACTIVE),
        ("parent_id", above),
        ("agent_path", path),
    )
    return e.ThreadSeen(agent, facts, Origin.ENGINE)


def follow_up(agent: ThreadId, settings: Settings) -> tuple[e.Event, ...]:
    """A turn of an agent: what it runs under stands in the rollout alone."""
    return (
        e.TurnStarted(agent, TURN),
        e.TurnContextRead(agent, TURN, settings),
    )


def line(it: World, thread_id: ThreadId) -> SandboxLine:
    tree = tuple(it.threads.values())
    return sandbox_line(it, it.threads[thread_id], tree=tree)


def tree_of(*more: e.Event) -> World:
    return world(
        spawned(T, KID, "/root/kid"), spawned(KID, DEEP, "/root/kid/deep"), *more
    )


def test_an_agents_mode_is_what_its_rollout_says() -> None:
    before = tree_of(e.TurnStarted(KID, TURN))
    assert line(before, KID).mode == "sandbox unknown"
    after = tree_of(*follow_up(KID, READ))
    told = line(after, KID)
    assert (told.mode, told.level) == ("read-only", "calm")
    assert after.threads[KID].turns[TURN].settings == READ


@pytest.mark.parametrize("settings", [WRITE, FULL, NETWORK])
def test_an_agent_that_may_do_more_than_its_thread_is_an_alarm(
    settings: Settings,
) -> None:
    it = tree_of(*follow_up(KID, settings))
    told = line(it, KID)
    assert (told.level, told.lead) == ("alarm", "asked for read-only, in force")
    assert told.parts[0] == "as it was spawned"
    # And on its thread's own line, as long as it works.
    above = line(it, T)
    assert above.level == "alarm"
    assert above.parts[0].startswith("/root/kid still has ")
    ended = reduce(it, e.TurnEnded(KID, TURN, TurnStatus.COMPLETED))
    assert line(ended, T).level == "calm"
    assert line(ended, KID).level == "alarm"  # its next turn has it as well


def test_several_are_counted() -> None:
    it = tree_of(*follow_up(KID, WRITE), *follow_up(DEEP, WRITE))
    assert line(it, T).parts[0] == "/root/kid and 1 more still have workspace-write"


def test_while_the_threads_own_turn_has_the_same_nothing_is_said() -> None:
    """Read-only from the next turn on: this one and its agents run on as they are."""
    it = world(
        e.SettingsChanged(T, WRITE),
        e.TurnStarted(T, TURN),
        spawned(T, KID, "/root/kid"),
        *follow_up(KID, WRITE),
        e.SettingsChanged(T, READ),
    )
    assert line(it, KID).level == "neutral"
    assert line(it, T).level == "neutral"


def test_a_stricter_agent_is_no_alarm() -> None:
    it = tree_of(e.SettingsChanged(T, WRITE), *follow_up(KID, READ))
    assert (line(it, KID).level, line(it, T).level) == ("calm", "neutral")


def test_a_named_profile_stays_named() -> None:
    """The rollout has its parts, not its name."""
    named = replace(WRITE, profile="dev")
    it = world(e.SettingsChanged(T, named), *follow_up(T, READ))
    assert line(it, T).mode == "profile dev"


def test_the_rollout_corrects_what_a_turn_was_thought_to_have() -> None:
    roots = replace(READ, workspace_roots=("/w",))
    it = world(e.SettingsChanged(T, roots), *follow_up(T, WRITE))
    assert it.threads[T].turns[TURN].settings == replace(WRITE, workspace_roots=("/w",))
    assert it.threads[T].settings == roots
    assert line(it, T).parts[0] == "this turn → read-only from the next"
    assert reduce(it, e.TurnContextRead(T, TurnId("x"), READ)) == it
