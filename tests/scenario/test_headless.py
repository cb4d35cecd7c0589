"""The demo without a screen, on the real engine; looked at from outside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.engine.harness import EngineUnderTest, each_engine, engines, need_sandbox
from tests.scenario.script import NOWHERE, SCRIPT, Place, a_place, harmless
from tui.demo.expect import Answer, Checklist
from tui.demo.headless import Player
from tui.demo.home import processes_of
from tui.demo.run import DemoOptions, demo_world
from tui.demo.scenario import DEMO

F = TypeVar("F", bound=Callable[..., object])

IMPOSSIBLE = """
import sys
from tui.demo import headless
from tui.demo.director import Beat
from tui.demo.expect import Expectation
from tui.demo.headless import run_headless
from tui.demo.part import Part, answer, assemble
from tui.demo.parts.repair import BEGINNING, FIXING, LATER, ending
from tui.demo.parts.watching import WATCHING
from tui.demo.run import DemoOptions
# All its facts are those of one turn, but its terminal goes on printing for ever.
headless.SETTLE_SECONDS = 3.0
moon = Expectation("moon", "the moon \\x1b[31mrose", "moon/rose")
said = (Beat((answer("Fixed: the key."),)),)
end = Part(name="end", root=said, facts=(*ending(()).facts, moon))
scenario = assemble("Mend it.", (BEGINNING, WATCHING, FIXING, end), LATER)
options = DemoOptions(codex_bin=sys.argv[1], speed=0, scenario=scenario)
code = run_headless(options, "accept")
print(sorted({n.split(".")[0] for n in sys.modules} & {"textual", "rich"}))
sys.exit(code)
"""


@pytest.fixture
def place() -> Iterator[Place]:
    with a_place() as made:
        yield made


def _messages(recording: Path) -> list[dict[str, Any]]:
    lines = map(json.loads, recording.read_text("utf-8").splitlines())
    return [line["msg"] for line in lines if line["dir"] == "in"]


ANSWERS: tuple[Answer, Answer] = ("accept", "decline")


def each_engine_with(first: int) -> Callable[[F], F]:
    """Each engine with one answer; two tests that start differently have them all."""
    pairs = [(it, ANSWERS[(first + n) % 2]) for n, it in enumerate(engines())]

    def mark(test: F) -> F:
        named = pytest.mark.parametrize(
            ("engine", "answer"), pairs, ids=lambda it: getattr(it, "version", it)
        )
        marked: F = pytest.mark.sandbox(pytest.mark.engine(named(test)))
        return marked

    return mark


@each_engine_with(0)
def test_all_of_it_is_seen_and_nothing_is_left(
    engine: EngineUnderTest, answer: Answer, place: Place
) -> None:
    need_sandbox(engine)
    recording = place.home / "wire.jsonl"
    ran = place.run(
        *("demo", "--headless", "--answer", answer),
        *("--codex-bin", str(engine.path), "--record", str(recording)),
    )
    out = ran.stdout.decode()
    assert ran.returncode == 0, out + ran.stderr.decode()
    assert harmless(ran.stdout)
    assert "NOT SEEN" not in out
    assert place.processes() == []
    # HOME/.cache is where demos live; nothing of one is there, nor anywhere else.
    assert place.files() in ([recording.name], [".cache", recording.name])
    assert not place.own.exists()

    messages = _messages(recording)
    agent = messages[0]["result"]["userAgent"]
    assert agent.startswith(f"codex-tui/{engine.version} ")
    items = [m.get("params", {}).get("item", {}) for m in messages if "params" in m]
    children = {
        i["agentThreadId"] for i in items if i.get("type") == "subAgentActivity"
    }
    assert len(children) == len(DEMO.agents)
    assert any(m.get("method") == "serverRequest/resolved" for m in messages)


@each_engine_with(1)
def test_only_an_accepted_command_wrote_outside(
    engine: EngineUnderTest, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_sandbox(engine)

    async def main(home: Path) -> tuple[bool, bool, bool]:
        lines: list[str] = []
        checklist = Checklist(DEMO.expectations, answer)
        player = Player(checklist, answer, lines.append)
        options = DemoOptions(codex_bin=str(engine.path), speed=0)
        heard = replace(options, on_message=player.heard)
        async with demo_world(heard) as world:
            await player.run(world)
            workspace = world.home.workspace
            approved = all((workspace / n).exists() for n in DEMO.approved_files)
            refused = any((workspace / n).exists() for n in DEMO.refused_files)
            codex_home = world.home.codex_home
            alive = bool(processes_of(codex_home))
        assert [fact.name for fact in checklist.missing] == []
        assert lines
        assert processes_of(codex_home) == []
        assert not codex_home.exists()
        return approved, refused, alive

    with a_place() as place:
        monkeypatch.setenv("XDG_CACHE_HOME", str(place.home))
        approved, refused, alive = asyncio.run(main(place.home))
    assert (approved, refused, alive) == (answer == "accept", False, True)


@pytest.mark.sandbox
@pytest.mark.engine
@pytest.mark.parametrize("engine", engines()[-1:], ids=lambda it: it.version)
def test_what_was_not_seen_is_named(engine: EngineUnderTest, place: Place) -> None:
    need_sandbox(engine)
    ran = place.python(IMPOSSIBLE, str(engine.path))
    *_, missing, ui = ran.stdout.decode().splitlines()
    assert (ran.returncode, missing, ui) == (1, "NOT SEEN  moon: the moon rose", "[]")
    assert place.processes() == []


@each_engine
def test_a_signal_ends_it_and_leaves_nothing(
    engine: EngineUnderTest, place: Place
) -> None:
    command = (SCRIPT, "demo", "--headless", "--speed", "1")
    with subprocess.Popen(
        (*command, "--codex-bin", str(engine.path)),
        cwd=place.home,
        env=place.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "turn started" in line:
                break
        assert len(place.processes()) > 1
        os.kill(process.pid, signal.SIGTERM)
        _, errors = process.communicate(timeout=90)
    assert process.returncode == 128 + signal.SIGTERM
    assert errors == ""
    assert place.processes() == []
    assert place.files() in ([], [".cache"])


def test_without_an_engine_it_says_how_to_get_one(place: Place) -> None:
    ran = place.run("demo", "--headless", "--codex-bin", NOWHERE)
    assert (ran.returncode, ran.stdout) == (3, b"")
    assert NOWHERE.encode() in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert place.files() in ([], [".cache"])
