"""A window that was suspended while an answer flowed: the engine hangs up on who reads
too slowly; what was missed is read again when the window goes on. And the other way
round: an engine that stands still is said, left and reached anew."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from state.home import store_path
from tests.engine.harness import EngineUnderTest, engines
from tests.scenario.pty import Terminal
from tests.scenario.tmux import until
from tests.scenario.tmux_desk import Desk

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def sockets(pid: int) -> set[str]:
    """The open sockets of a process, by inode."""
    folder = Path(f"/proc/{pid}/fd")
    found = set()
    for one in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed in the meantime
            found.add(os.readlink(one))
    return {name for name in found if name.startswith("socket:")}


IMPATIENT = """
import functools, sys
import state.engine.pulse as pulse
pulse.Pulse = functools.partial(pulse.Pulse, quiet=0.5, patience=1.5)
from tui.cli import main
sys.exit(main())
"""
"""The program, that waits for less than twenty seconds"""


def stand_still(desk: Desk, window: Terminal) -> None:
    """The engine takes nothing in while a message is sent that no socket holds."""
    (engine,) = desk.engines()
    connected = sockets(window.process.pid)
    os.kill(engine, signal.SIGSTOP)
    window.rest(window.type(f"\x1b[200~{'heavyword ' * 60_000}\x1b[201~"))
    window.rest(window.type("\r"))
    at = window.type("another thought")
    window.wait_for("another thought", since=at)  # nobody is held up
    window.wait_for("no answer", "does not answer", since=at)
    at = window.type(" goes on")
    window.wait_for("goes on", since=at)
    os.kill(engine, signal.SIGCONT)
    window.wait_for(f"local {desk.engine.version}", since=at)
    assert sockets(window.process.pid) - connected
    assert desk.engines() == [engine]
    # The words never got there whole. They are told to be lost, and given back.
    window.wait_for("never got this message", since=at)
    assert desk.model.asked == ["flood me"]
    # A message that the socket did hold: whether the engine takes it up, or drops it
    # with the connection that was left, is its own affair; what happened is told.
    os.kill(engine, signal.SIGSTOP)
    at = window.type("\r")
    window.wait_for("does not answer", since=at)
    os.kill(engine, signal.SIGCONT)
    heard, lost = "heard another thought goes on.", "never got this message"

    def told() -> bool:
        return heard in window.words(at) or lost in window.words(at)

    window.wait(told, "the fate of a message")
    assert window.quit() == 0
    # Never twice.
    assert desk.model.asked[1:] in ([], ["another thought goes on"])


@pytest.mark.parametrize("engine", engines(), ids=lambda one: one.version)
def test_suspended_while_an_answer_flows(engine: EngineUnderTest) -> None:
    with Desk(engine) as desk:
        desk.start_engine()
        env = desk.environment() | {"TERM": "xterm-256color"}
        command = (sys.executable, "-c", IMPATIENT)
        with Terminal(command, env=env, cwd=desk.workspace) as window:
            window.wait_for(f"local {engine.version}")
            window.rest(window.type("i"))
            at = window.type("flood me")
            window.wait_for("flood me", since=at)
            window.type("\r")
            window.wait_for("iotaword")
            (thread_id,) = desk.thread_ids()
            assert "\x1b]2;●1 codex-tui\x07".encode() in window.bytes
            assert desk.run("status", "--short") == (0, "●1\n")
            connected = sockets(window.process.pid)
            window.signal(signal.SIGTSTP)
            window.wait(window.stopped, "stopped")

            other = desk.client()
            desk.release("flood")

            def over() -> bool:
                found = other.call("thread/read", {"threadId": thread_id})
                return bool(found["thread"]["status"]["type"] == "idle")

            until(over, "the end of the turn")
            at = len(window.bytes)
            window.signal(signal.SIGCONT)
            window.wait_for("omegaword", f"local {engine.version}", since=at)
            # It was hung up on: this is another connection, to the same engine.
            until(
                lambda: sockets(window.process.pid) - connected,
                "another connection",
            )
            assert len(desk.engines()) == 1
            stand_still(desk, window)
        with sqlite3.connect(store_path(desk.bench.home.tui_home)) as store:
            assert any("omegaword" in line for line in store.iterdump())
            # Its end was said to nobody: that it was interrupted was only a guess.
            statuses = store.execute("select status from turn").fetchall()
            assert statuses == [("completed",)]
