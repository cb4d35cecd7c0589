"""The demo without a screen, on the real engine; looked at from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.harness import EngineUnderTest, each_engine, engines, need_sandbox
from tests.scenario.script import NOWHERE, SCRIPT, Place, a_place, harmless
from tui.demo.expect import Answer
from tui.demo.scenario import DEMO

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


LOOKED_AT = """
import json, os, sys
from pathlib import Path
from tui.cli import main
from tui.demo.headless import Player
from tui.demo.home import processes_of
from tui.demo.scenario import DEMO
run = Player.run
async def run_and_look(player, world):
    await run(player, world)
    there = lambda names: [(world.home.workspace / name).exists() for name in names]
    found = there(DEMO.approved_files), there(DEMO.refused_files)
    alive = bool(processes_of(world.home.codex_home))
    (Path(os.environ["HOME"]) / "looked.json").write_text(json.dumps([*found, alive]))
Player.run = run_and_look
sys.exit(main())
"""
"""The program, whose folder is looked at by somebody else before it is removed."""

ANSWERS: tuple[Answer, Answer] = ("accept", "decline")


@pytest.mark.sandbox
@pytest.mark.engine
@pytest.mark.parametrize(
    # The other pairs are played, and looked at more closely, in test_demo_scenario.
    ("engine", "answer"),
    [(engine, ANSWERS[number % 2]) for number, engine in enumerate(engines())],
    ids=lambda it: getattr(it, "version", it),
)
def test_all_of_it_is_seen_and_nothing_is_left(
    engine: EngineUnderTest, answer: Answer, place: Place
) -> None:
    need_sandbox(engine)
    recording, looked = place.home / "wire.jsonl", place.home / "looked.json"
    ran = place.python(
        *(LOOKED_AT, "demo", "--headless", "--answer", answer),
        *("--codex-bin", str(engine.path), "--record", str(recording)),
    )
    out = ran.stdout.decode()
    assert ran.returncode == 0, out + ran.stderr.decode()
    assert harmless(ran.stdout)
    assert "NOT SEEN" not in out
    # Only an accepted command wrote outside, a terminal outlives its turn.
    approved, refused, alive = json.loads(looked.read_text())
    assert approved and set(approved) == {answer == "accept"}
    assert refused and set(refused) == {False}
    assert alive
    assert place.processes() == []
    # HOME/.cache is where demos live; nothing of one is there, nor anywhere else.
    left = [looked.name, recording.name]
    assert place.files() in (left, [".cache", *left])
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
