"""A user's day in a real terminal, on the real engine."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.engine.harness import EngineUnderTest, each_engine, need_sandbox
from tests.scenario.tmux import Window, until
from tests.scenario.tmux_desk import (
    Desk,
    decide,
    enter_field,
    leave_field,
    open_review,
    write,
)

pytestmark = pytest.mark.sandbox


def leave(window: Window) -> None:
    """Quit as a user does."""
    window.press("C-q")
    assert window.wait_exit() == 0


@each_engine
def test_a_first_day(engine: EngineUnderTest) -> None:
    need_sandbox(engine)
    with Desk(engine) as desk:
        folder = desk.untrusted()
        before = desk.config()
        window = desk.ready(cwd=folder)
        window.wait_for("No threads yet", "What should Codex do")

        enter_field(window)
        write(window, "stream please")
        shown = window.wait_for("alphaword comes first.", "read-only")
        assert "betaword" not in shown
        assert "workspace-write" not in shown
        desk.release("stream")
        window.wait_for("betaword is last.")
        assert desk.config() == before  # nobody was asked, so nothing is trusted

        _approve(window, desk, folder)
        _steer(window, desk)
        server = _interrupt(window, desk)
        engine_pid = desk.engines()
        leave(window)
        assert desk.engines() == engine_pid
        assert psutil.pid_exists(server)
        _start_before_the_engine_answers(desk, engine_pid[0], folder)


def _approve(window: Window, desk: Desk, folder: Path) -> None:
    made = folder / "made"
    write(window, "ask made")
    window.wait_for("Waits for you")
    assert not made.exists()
    # Seen by who looks elsewhere: in the title, and in a status line.
    title = "\x1b]2;▲1 codex-tui\x07".encode()
    until(lambda: title in window.bytes, "the title")
    assert desk.run("status", "--short") == (0, "▲1\n")
    assert desk.run("status") == (0, "1 needs you.\n")
    window.press("Escape")
    window.wait_for("press esc again")
    open_review(window)
    assert not made.exists()
    decide(window, "y", made.exists)
    enter_field(window)
    window.wait_for("done with ask")


def _steer(window: Window, desk: Desk) -> None:
    write(window, "hold on")
    window.wait_for("gammaword")
    window.wait_for("enter steer")
    write(window, "rather zetaword")
    # The held answer is given up for it, within the same turn.
    window.wait_for("› rather zetaword", "thetaword", "enter send")
    assert desk.model.asked[-2:] == ["hold on", "rather zetaword"]
    assert desk.model.turns[-1] == desk.model.turns[-2]


def _interrupt(window: Window, desk: Desk) -> int:
    write(window, "serve")
    server = int(desk.one_terminal())
    window.wait_for("done with serve", "1 background terminal")
    given_up = desk.bench.provider.provider.disconnects
    write(window, "talk")
    shown = window.wait_for("deltaword")
    assert "epsilonword" not in shown
    window.press("Escape")
    window.wait_for("press esc again to interrupt /root")
    # One esc does nothing yet.
    assert desk.bench.provider.provider.disconnects == given_up
    window.press("Escape")
    window.wait_for("interrupted")
    until(
        lambda: desk.bench.provider.provider.disconnects > given_up,
        "the end of the model's answer",
    )
    assert desk.terminals()[str(server)] == desk.thread_ids()[0]
    return server


def _start_before_the_engine_answers(desk: Desk, pid: int, folder: Path) -> None:
    os.kill(pid, signal.SIGSTOP)
    try:
        again = desk.open(cwd=folder)
        until(
            lambda: b"stream please" in again.bytes and b"deltaword" in again.bytes,
            lambda: f"the rows in the bytes of the pty:\n{again.screen()}",
        )
        assert "● local" not in again.screen()
        assert "connecting" in again.screen()
    finally:
        os.kill(pid, signal.SIGCONT)
    again.wait_for(f"● local {desk.engine.version}", "1 background terminal")
    enter_field(again)
    write(again, "hello there")
    again.wait_for("heard hello there.")
    leave(again)


@each_engine
def test_an_engine_that_never_answers_hides_nothing(engine: EngineUnderTest) -> None:
    with Desk(engine) as desk:
        window = desk.ready()
        enter_field(window)
        write(window, "remember me")
        window.wait_for("heard remember me.")
        leave(window)
        for pid in desk.engines():
            os.kill(pid, signal.SIGKILL)
        until(lambda: not desk.engines(), "the end of the engine")
        mute = desk.home / "mute-codex"
        mute.write_text(
            "#!/bin/sh\n"
            f'[ "$1" = --version ] && echo codex-cli {engine.version} && exit\n'
            "exec sleep 3600\n"
        )
        mute.chmod(0o755)
        again = desk.open(env={"CODEX_TUI_CODEX_BIN": str(mute)})
        until(lambda: b"heard remember me." in again.bytes, again.screen)
        again.wait_for("remember me", "connecting")
        leave(again)


@each_engine
def test_writing_needs_trust_and_trust_is_asked_for(engine: EngineUnderTest) -> None:
    with Desk(engine) as desk:
        folder = desk.untrusted()
        window = desk.ready(cwd=folder)
        _ask_for_workspace_write(window)
        window.step("Right", "Enter")  # Start read-only
        window.wait_for("□ read-only", "1 thread", "enter send")
        assert str(folder) not in desk.config()

        leave_field(window)
        _ask_for_workspace_write(window)
        window.press("Escape")
        window.wait_gone("Trust this folder?")
        assert str(folder) not in desk.config()

        _ask_for_workspace_write(window)
        window.step("Right", "Right", "Enter")
        window.wait_for("◧ workspace-write", "2 threads")
        trusted = subprocess.run(
            ("grep", "-A1", str(folder), "-r", str(desk.bench.home.codex_home)),
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        assert 'trust_level = "trusted"' in trusted


def _ask_for_workspace_write(window: Window) -> None:
    window.press("n")
    window.wait_for("New thread", "starts read-only", "esc leave")
    window.step("Down", "Down", "Down", "Right")
    window.wait_for("edits inside the workspace")
    window.press("Enter")
    window.wait_for("Trust this folder?")
