"""`send`, `interrupt`, `stop`, `open` and `engine stop` where words mean several, a
thread sleeps, or somebody has to be asked. The oracles: processes, what the scripted
model was asked, a second connection, bytes at a pty, exit codes."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.engine.harness import EngineUnderTest, each_engine, need_sandbox
from tests.engine.plain_client import Client
from tests.scenario.pty import Terminal
from tests.scenario.script import NOWHERE, Place, a_place
from tests.scenario.test_tree_cli import _written
from tests.scenario.tmux import until
from tests.scenario.tmux_desk import PROGRAM, SERVER, Desk
from tests.screens.test_agents import ROOT

pytestmark = pytest.mark.sandbox


def ran(desk: Desk, *arguments: str) -> tuple[int, str, str]:
    """(exit code, output, errors)"""
    done = subprocess.run(
        (PROGRAM, *arguments),
        cwd=desk.workspace,
        env=desk.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def at_a_terminal(desk: Desk, *arguments: str) -> Terminal:
    return Terminal((PROGRAM, *arguments), env=desk.environment(), cwd=desk.workspace)


def twins(desk: Desk, client: Client) -> list[str]:
    """Two threads whose names begin alike, each with a terminal; the first one runs
    under full access."""
    ids = []
    for name, mode in (("one", "danger-full-access"), ("two", "workspace-write")):
        thread_id = client.start_thread(desk.workspace, sandbox=mode)
        client.call("thread/name/set", {"threadId": thread_id, "name": f"twin {name}"})
        client.start_turn(thread_id, "serve")
        client.wait_for("turn/completed", threadId=thread_id)
        ids.append(thread_id)
    until(lambda: len(desk.terminals()) == 2, "two terminals")
    return ids


@each_engine
def test_words_that_mean_several_and_threads_that_sleep(
    engine: EngineUnderTest,
) -> None:
    need_sandbox(engine)
    with Desk(engine) as desk:
        desk.start_engine()
        one, two = twins(desk, desk.client())
        _several(desk, one, two)
        _an_engine_that_is_in_use(desk)
        _sleeping(desk, one)


def _several(desk: Desk, one: str, two: str) -> None:
    """Nothing is done, and all that could be meant is listed."""
    before, running = list(desk.model.asked), set(desk.terminals())
    for words in (
        ("send", "twin", "hello"),
        ("interrupt", "twin"),
        ("send", "/root", "hello"),
        ("stop", "/root", "--yes"),
        ("stop", "1", "--thread", "twin", "--yes"),
    ):
        code, out, errors = ran(desk, *words)
        assert (code, out) == (2, ""), words
        assert "twin one" in errors and "twin two" in errors, (words, errors)
        if words[0] != "stop":
            assert one in errors and two in errors, (words, errors)
    with at_a_terminal(desk, "open", "twin") as terminal:
        assert terminal.wait_exit() == 2
        assert one in terminal.words() and two in terminal.words()
    assert desk.model.asked == before
    assert set(desk.terminals()) == running


def _an_engine_that_is_in_use(desk: Desk) -> None:
    """It names what would end with it; only yes is yes."""
    (pid,) = desk.engines()
    for answer, code in (("no\r", 1), ("y\r", 0)):
        running = set(desk.terminals())
        assert len(running) == 2
        with at_a_terminal(desk, "engine", "stop") as terminal:
            terminal.wait_for("This ends with the engine:", "[y/N]")
            shown = terminal.words()
            assert "twin one" in shown and "twin two" in shown
            assert shown.count(SERVER) == 2
            assert "1 other client loses" in shown
            assert set(desk.terminals()) == running
            terminal.type(answer)
            assert terminal.wait_exit() == code
            said = terminal.words()
        if code:
            assert "Not stopped" in said
            assert set(desk.terminals()) == running
    until(lambda: not desk.terminals(), "terminals that end with their engine")
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"


def _sleeping(desk: Desk, one: str) -> None:
    """Looking does not wake; a message wakes only what wakes quietly, or if told."""
    before = list(desk.model.asked)
    window = desk.open("open", "twin one")
    window.wait_for("› serve", "done with serve", "not loaded")
    client = desk.client()
    assert one not in client.call("thread/loaded/list")["data"]
    window.press("C-q")
    assert window.wait_exit() == 0

    code, out, errors = ran(desk, "send", "twin one", "hello")
    assert (code, out) == (1, "")
    assert "waking it sets something off; nothing was sent" in errors
    assert "FULL ACCESS" in errors and "--wake" in errors
    assert one not in client.call("thread/loaded/list")["data"]
    assert desk.model.asked == before

    code, out, errors = ran(desk, "send", "twin one", "hello", "--wake")
    assert (code, out) == (0, "sent to /root of “twin one”\n"), errors
    until(lambda: desk.model.asked[len(before) :], "the model to be asked")
    assert desk.model.asked[len(before) :] == ["hello"]
    # A thread that wakes quietly needs no such word.
    code, _, errors = ran(desk, "send", "twin two", "hello")
    assert code == 0, errors


# -- without an engine ---------------------------------------------------------------


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A store that a window of an earlier day has left; no engine runs."""
    with a_place() as made:
        asyncio.run(_written(made))
        yield made


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nobody", "There is no thread “nobody”"),
        ("/root/nobody", "There is no agent /root/nobody"),
        ("/root/No", "small letters, digits and _"),
        (f"{ROOT}:/root/test", "/root/tester"),
        ("", "Name a thread"),
    ],
)
def test_what_is_not_there_is_not_opened(place: Place, words: str, said: str) -> None:
    env = place.environment({"CODEX_TUI_CODEX_BIN": NOWHERE})
    with Terminal((PROGRAM, "open", words), env=env, cwd=Path(place.home)) as terminal:
        assert terminal.wait_exit() == 2
        assert said in terminal.words()


def test_without_a_terminal_it_says_that_it_needs_one(place: Place) -> None:
    ran = place.run("open", ROOT, CODEX_TUI_CODEX_BIN=NOWHERE)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert ran.stderr == b"codex-tui open needs a terminal.\n"


@pytest.mark.parametrize("words", [f"{ROOT}:/root/docs", "/root/docs", "01a5"])
def test_an_agent_is_opened_from_the_store_alone(place: Place, words: str) -> None:
    """As last known, with its own pane; the folder the window began in is gone."""
    env = place.environment({"CODEX_TUI_CODEX_BIN": NOWHERE})
    with Terminal((PROGRAM, "open", words), env=env, cwd=Path(place.home)) as terminal:
        terminal.wait_for("/root/docs", "No codex found")
        terminal.type("\x11")
        assert terminal.wait_exit() == 0
