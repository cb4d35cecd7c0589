"""A window that was suspended while an answer flowed: the engine hangs up on who reads
too slowly. What was missed is read again when the window goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from state.home import store_path
from tests.engine.harness import EngineUnderTest, engines
from tests.scenario.pty import Terminal
from tests.scenario.tmux import until
from tests.scenario.tmux_desk import PROGRAM, Desk

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def sockets(pid: int) -> set[str]:
    """The open sockets of a process, by inode."""
    folder = Path(f"/proc/{pid}/fd")
    found = set()
    for one in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed in the meantime
            found.add(os.readlink(one))
    return {name for name in found if name.startswith("socket:")}


@pytest.mark.parametrize("engine", engines()[-1:], ids=lambda one: one.version)
def test_suspended_while_an_answer_flows(engine: EngineUnderTest) -> None:
    with Desk(engine) as desk:
        desk.start_engine()
        env = desk.environment() | {"TERM": "xterm-256color"}
        with Terminal((PROGRAM,), env=env, cwd=desk.workspace) as window:
            window.wait_for(f"local {engine.version}")
            window.rest(window.type("i"))
            at = window.type("flood me")
            window.wait_for("flood me", since=at)
            window.type("\r")
            window.wait_for("iotaword")
            (thread_id,) = desk.thread_ids()
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
            assert window.quit() == 0
        with sqlite3.connect(store_path(desk.bench.home.tui_home)) as store:
            assert any("omegaword" in line for line in store.iterdump())
