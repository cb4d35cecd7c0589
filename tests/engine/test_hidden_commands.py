"""Commands that real engines send no item for are found, placed and explained.

The oracle for "the engine sent nothing" is a second, plain client of the same engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import reduce as fold
from pathlib import Path

import pytest

from state.approvals import SWITCHES, in_force
from state.changes import ChangeSettings
from state.commands import SendTurn, StartThread
from state.events import RuleApplied, SettingsChanged, TurnEnded, ViolationLogged
from state.items import Command, HiddenCommand, Item, RanOutside, Stopped, ThreadId
from state.model import ClientId, Turn, World
from state.reduce import reduce
from state.select.blocked import ruled_words, why
from state.text import reveal
from tests.engine.harness import (
    Bench,
    EngineUnderTest,
    each_engine,
    need_sandbox,
)
from tests.engine.session_bench import Watch, running
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Js, PlainExec, Say, Step

BLOCKED = "touch /etc/codex-tui-blocked"
FORBIDDEN = "touch /etc/codex-tui-forbidden"
RULES = (
    'prefix_rule(pattern=["touch", "/etc/codex-tui-forbidden"], decision="forbidden")\n'
    'prefix_rule(pattern=["touch", ["outside", "../shared-reports/by-rule"]])\n'
)
BY_RULE = "touch ../shared-reports/by-rule"
"""Its path is outside of every root: that it is there proves where it ran."""
SILENT = "touch /etc/codex-tui-silent"
"""Its cell prints nothing of it, so the engine's log alone knows."""
UNASKED = "touch /etc/codex-tui-unasked"
"""It asks to leave the sandbox where that question is switched off."""
MUTE = tuple((name, name != "sandbox_approval") for name, _ in SWITCHES)
MODELS = {"cell": None, "plain": "mock-model"}


def script(request: ModelRequest) -> Sequence[Step]:
    make = PlainExec if request.model == MODELS["plain"] else Exec
    if request.user_text == "unasked":
        asks = make(UNASKED, escalate=True, justification="may I?")
        return [Say("done") if request.reply_index else asks]
    steps: list[Step] = [
        make("echo fine"),
        make(BLOCKED),
        make(FORBIDDEN),
        make("echo after"),
        make(BY_RULE),
        make(f"{BY_RULE}-not > /dev/null"),
        Js(f"await tools.exec_command({{cmd: {SILENT!r}}}); text('tried');")
        if make is Exec
        else PlainExec("echo loud"),
        Say("done"),
    ]
    return [steps[min(request.reply_index, len(steps) - 1)]]


def last_turn(watch: Watch) -> Turn:
    world = fold(reduce, watch.events, World())
    threads = [t for t in world.threads.values() if t.turns]
    return list(threads[-1].turns.values())[-1]


def about(turn: Turn, words: str) -> list[Item]:
    """The items that tell of a command."""
    return [
        item
        for item in turn.items.values()
        if isinstance(item.body, Command | HiddenCommand) and words in item.body.command
    ]


def beside(home: Path) -> set[str]:
    """The files of the engine's log: looking at it makes none."""
    return {path.name for path in home.glob("logs_2.sqlite*")}


async def switched_off(watch: Watch, thread_id: ThreadId) -> None:
    """What the granular policy refuses unasked is shown as refused, and by what."""
    mark = len(watch.events)
    await watch.session.send(ChangeSettings(thread_id, "granular", MUTE))
    await watch.until(
        SettingsChanged, lambda e: in_force(e.settings).granular == MUTE, since=mark
    )
    await watch.session.send(SendTurn(ClientId("u"), thread_id, "unasked"))
    while not (told := about(last_turn(watch), UNASKED)):
        await watch.news()
    assert isinstance(told[0].body, HiddenCommand)
    assert told[0].body.stopped is Stopped.REFUSED
    assert told[0].body.reason.endswith(
        "granular, without a question about the sandbox"
    )


@pytest.mark.sandbox
@each_engine
@pytest.mark.parametrize("mode", ["cell", "plain"])
def test_what_the_sandbox_killed_and_a_rule_refused(
    engine: EngineUnderTest, mode: str
) -> None:
    need_sandbox(engine)

    async def work(bench: Bench) -> None:
        rules = bench.home.codex_home / "rules"
        rules.mkdir(exist_ok=True)
        (rules / "default.rules").write_text(RULES)
        async with running(bench) as watch:
            start = StartThread(
                ClientId("c"),
                str(bench.workspace),
                mode,
                model=MODELS[mode],
                sandbox="workspace-write",
                trust=True,
            )
            thread_id = await watch.session.send(start)
            await watch.until(TurnEnded, lambda e: e.thread_id == thread_id)
            while not about(last_turn(watch), FORBIDDEN) or not watch.of(RuleApplied):
                mark = len(watch.events)
                await watch.until(object, since=mark)
            if mode == "cell":
                # The engine writes its log late.
                before = beside(bench.home.codex_home)
                while len(watch.of(ViolationLogged)) < 3:
                    await watch.news()
                assert beside(bench.home.codex_home) == before
            turn = last_turn(watch)
            assert thread_id is not None
            await switched_off(watch, thread_id)

        if mode == "cell":
            rows = [event.row for event in watch.of(ViolationLogged)]
            assert len({row.call_id for row in rows}) == len(rows) == 3
            assert {row.reason for row in rows} == {"read_only_file_system"}
            [silent] = about(turn, SILENT)
            if isinstance(silent.body, HiddenCommand):
                assert silent.body.stopped is Stopped.MAYBE
                told = why(silent, turn)
                assert told is not None
                assert "read-only file system" in told.sentence
        [refused] = about(turn, FORBIDDEN)
        assert isinstance(refused.body, HiddenCommand)
        assert refused.body.stopped is Stopped.REFUSED
        assert "policy forbids" in refused.body.reason

        # A rule let one out; what is more than a plain command stays inside.
        assert (bench.home.outside / "by-rule").exists()
        assert not (bench.home.outside / "by-rule-not").exists()
        [let_out] = [item for item in about(turn, BY_RULE) if "-not" not in str(item)]
        assert isinstance(let_out.body, Command)
        place = str(rules / "default.rules")
        rule = "touch outside|../shared-reports/by-rule"
        assert let_out.body.outside == RanOutside(rule, f"{place}:2")
        assert "outside the sandbox, by rule touch" in ruled_words(let_out.body, turn)
        inside = [i.body for i in turn.items.values() if isinstance(i.body, Command)]
        assert [b for b in inside if b.outside is not None] == [let_out.body]

        # A slow machine gives the engine time to notice it: then it is an item.
        [blocked] = about(turn, BLOCKED)
        if isinstance(blocked.body, HiddenCommand):
            assert blocked.body.stopped is Stopped.BLOCKED
        told = why(blocked, turn)
        assert told is not None
        assert "Codex's sandbox (workspace-write) blocked writing" in told.sentence
        assert "/etc/codex-tui-blocked" in told.sentence
        assert 'writable_roots = ["/etc"]' in told.setting

        # Each stands where it was called.
        shown = [
            reveal(item.body.command).text
            for item in turn.items.values()
            if isinstance(item.body, Command | HiddenCommand)
        ]
        order = ["echo fine", BLOCKED, FORBIDDEN, "echo after", BY_RULE]
        order.append(SILENT if mode == "cell" else "echo loud")
        found = [next(w for w in order if w in one) for one in shown]
        assert list(dict.fromkeys(found)) == order

    with Bench(engine, script) as bench:
        asyncio.run(work(bench))
