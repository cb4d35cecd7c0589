"""One engine, several clients: other windows, the official program, sudden deaths."""

from __future__ import annotations

import os
import signal
import threading
import time

import psutil  # type: ignore[import-untyped]
import pytest

from tests.engine.harness import EngineUnderTest, each_engine, need_sandbox
from tests.scenario.tmux import until
from tests.scenario.tmux_desk import (
    Desk,
    decide,
    enter_field,
    leave_field,
    open_review,
    write,
)

pytestmark = pytest.mark.sandbox


@each_engine
def test_the_official_program_opens_what_we_have_open(engine: EngineUnderTest) -> None:
    with Desk(engine) as desk:
        ours = desk.ready()
        enter_field(ours)
        write(ours, "first words")
        ours.wait_for("heard first words.")
        (thread_id,) = desk.thread_ids()

        resumed = desk.official("resume", thread_id)
        shown = resumed.wait_for("heard first words.", "Ask Codex")
        assert "open in another app" not in shown
        browsed = desk.official("agents")
        browsed.wait_for("Agent command center", "first words")

        resumed.type("typed over there")
        resumed.wait_for("› typed over there")
        resumed.press("Enter")
        ours.wait_for("heard typed over there.")
        browsed.wait_for("heard typed over there.")
        write(ours, "typed over here")
        resumed.wait_for("heard typed over here.")
        browsed.wait_for("heard typed over here.")
        browsed.press("Enter")
        opened = browsed.wait_for("heard typed over here.", "Ask Codex")
        assert "open in another app" not in opened
        assert len(desk.engines()) == 1


@each_engine
def test_two_windows_at_once_share_one_engine(engine: EngineUnderTest) -> None:
    with Desk(engine) as desk:
        windows = [desk.open(), desk.open()]
        for window in windows:
            window.wait_for(f"● local {engine.version}")
        until(lambda: len(desk.engines()) == 1, lambda: f"one of {desk.engines()}")
        enter_field(windows[0])
        write(windows[0], "hello both")
        windows[0].wait_for("heard hello both.")
        windows[1].wait_for("hello both", "1 thread")
        assert len(desk.engines()) == 1


@each_engine
def test_what_runs_outlives_a_killed_window(engine: EngineUnderTest) -> None:
    need_sandbox(engine)
    with Desk(engine) as desk:
        desk.start_engine("-c", "thread_unload_delay_secs=2")
        first = desk.ready()
        enter_field(first)
        write(first, "serve")
        first.wait_for("done with serve", "1 background terminal")
        mine = desk.one_terminal()
        leave_field(first)
        first.press("n")
        first.wait_for("nothing runs until you write")
        first.press("Enter")
        first.wait_for("2 threads", "enter send")  # the new one's field has the focus
        write(first, "serve-ask made")
        first.wait_for("Waits for you")
        asking = (set(desk.terminals()) - {mine}).pop()
        first.signal(signal.SIGKILL)
        assert first.wait_exit() == -signal.SIGKILL
        killed = time.monotonic()
        living = {asking}
        if numbers(engine) >= (0, 169):  # older ones take no delay of a thread's own
            living.add(mine)

        # A thread of somebody who asked for no longer life shows that two seconds
        # are over: its terminal dies.
        other = _thread_that_may_unload(desk)
        until(lambda: other not in desk.terminals(), "the end of the other terminal")
        quiet = threading.Event()
        while time.monotonic() - killed < 7:
            assert living <= set(desk.terminals())
            quiet.wait(0.2)

        second = desk.ready()
        second.wait_for("1 needs you", "Waits for you", "1 background terminal")
        assert living == set(desk.terminals())
        made = desk.workspace / "made"
        assert not made.exists()
        second.press("r")
        open_review(second)
        decide(second, "y", made.exists)


def numbers(engine: EngineUnderTest) -> tuple[int, ...]:
    """The engine's version, to compare."""
    return tuple(int(part) for part in engine.version.split(".")[:2])


def _thread_that_may_unload(desk: Desk) -> str:
    before = set(desk.terminals())
    client = desk.client()
    thread_id = client.start_thread(desk.workspace)
    client.start_turn(thread_id, "serve")
    client.wait_for("turn/completed")
    (process,) = set(desk.terminals()) - before
    client.call("thread/unsubscribe", {"threadId": thread_id})
    return process


@each_engine
def test_a_review_is_answered_from_the_other_window(engine: EngineUnderTest) -> None:
    need_sandbox(engine)
    with Desk(engine) as desk:
        first = desk.ready()
        enter_field(first)
        write(first, "ask made")
        first.wait_for("Waits for you")
        leave_field(first)
        open_review(first)
        second = desk.ready()
        second.wait_for("1 needs you", "Waits for you")
        open_review(second)
        made = desk.workspace / "made"
        assert not made.exists()
        second.press("y")
        until(made.exists, "the approved command")
        shown = first.wait_for("another client")
        assert "armed: letters decide" not in shown
        first.press("n")  # Too late: nothing is taken back by it.
        first.step("Escape")
        first.wait_gone("another client")
        enter_field(first)
        first.wait_for("done with ask")
        enter_field(second)
        second.wait_for("done with ask")


@each_engine
def test_an_engine_that_dies_takes_no_words_along(engine: EngineUnderTest) -> None:
    with Desk(engine) as desk:
        window = desk.ready()
        enter_field(window)
        write(window, "talk")
        window.wait_for("deltaword")
        window.type("half a thought")
        window.wait_for("› half a thought")
        asked = len(desk.model.asked)
        (old,) = desk.engines()
        os.kill(old, signal.SIGKILL)
        until(
            lambda: b"What you see is last known" in window.bytes,
            lambda: f"the banner in the bytes of the pty:\n{window.screen()}",
        )
        (new,) = until(
            lambda: [pid for pid in desk.engines() if pid != old], "a new engine"
        )
        window.wait_for(f"● local {engine.version}", "› half a thought", "deltaword")
        assert new != old
        window.wait_gone("What you see is last known")
        assert len(desk.model.asked) == asked  # nothing was woken
        client = desk.client()
        assert client.call("thread/loaded/list")["data"] in ([], desk.thread_ids())
        window.press("Enter")
        window.wait_for("heard half a thought.")
        assert desk.model.asked[asked:] == ["half a thought"]


@each_engine
def test_a_killed_window_leaves_its_draft(engine: EngineUnderTest) -> None:
    with Desk(engine) as desk:
        window = desk.ready()
        enter_field(window)
        window.type("do not lose this")
        window.wait_for("› do not lose this")
        until(lambda: "do not lose this" in desk.drafts(), "the draft on disk")
        window.signal(signal.SIGKILL)
        window.wait_exit()
        again = desk.open()
        again.wait_for("› do not lose this")
        assert desk.model.asked == []
        assert psutil.pid_exists(desk.engines()[0])
