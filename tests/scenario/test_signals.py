"""What leaves the window: title, bell, OSC 9, a command; judged by bytes and files."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from state.attention import Call
from state.config import Config
from state.items import ThreadId
from state.notify import Notify
from tests.driver import Driver, drive
from tests.fakes import FakeEngine, Json
from tui.signals import Signals

SECRET = "rm -rf /secret \x1b]0;t\x07"
THREAD = "thread-awake"


@pytest.fixture(autouse=True)
def outside_tmux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)


def prepare(engine: FakeEngine) -> None:
    engine.add("awake", status={"type": "idle"})
    engine.add("other", status={"type": "idle"})
    engine.add(
        "helper",
        status={"type": "idle"},
        parentThreadId=THREAD,
        agentPath="/root/helper",
    )


def listen(driver: Driver) -> list[str]:
    """What is written past the screen from now on."""
    heard: list[str] = []
    terminal: Any = driver.app._driver
    terminal.write = heard.append
    return heard


def ask(driver: Driver, thread_id: str = THREAD, number: int = 7) -> None:
    params: Json = {
        "threadId": thread_id,
        "turnId": "turn-1",
        "itemId": f"item-{number}",
        "startedAtMs": 1,
        "command": SECRET,
        "cwd": "/home/dev/project",
        "availableDecisions": ["accept", "decline"],
    }
    driver.engine.ask(number, "item/commandExecution/requestApproval", **params)


def ours(heard: list[str]) -> list[str]:
    """Titles, bells and notifications, without what draws the screen."""
    return [h for h in heard if h == "\x07" or "\x1b]2;" in h or "\x1b]9;" in h]


def test_a_review_rings_names_the_thread_and_never_the_command() -> None:
    async def play(driver: Driver) -> None:
        heard = listen(driver)
        driver.engine.start_turn(THREAD, "turn-1")
        ask(driver)
        await driver.idle()
        said = ours(heard)
        assert "\x07" in said
        assert "\x1b]9;codex-tui: awake: needs you\x07" in said
        assert any(h.endswith("\x1b]2;▲1 codex-tui\x07") for h in said)
        assert "secret" not in "".join(heard)
        before = len(heard)
        await driver.wait(5000)
        assert ours(heard[before:]) == []

    drive(play, prepare=prepare)


def test_the_title_is_given_back() -> None:
    async def play(driver: Driver) -> None:
        heard = listen(driver)
        driver.engine.start_turn(THREAD, "turn-1")
        await driver.idle()
        assert any("\x1b]2;●1 codex-tui\x07" in h for h in heard)
        driver.app.signals.restore()
        assert heard[-1] == "\x1b[23;2t"

    drive(play, prepare=prepare)


@pytest.mark.parametrize(
    ("status", "words"), [("completed", "turn done"), ("failed", "turn failed")]
)
def test_a_turn_that_ends_elsewhere_calls(status: str, words: str) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        heard = listen(driver)
        driver.engine.start_turn("thread-other", "turn-1")
        await driver.idle()
        driver.engine.end_turn("thread-other", "turn-1", status)
        driver.engine.start_turn(THREAD, "turn-2")
        await driver.idle()
        driver.engine.end_turn(THREAD, "turn-2", status)  # before the user's eyes
        driver.engine.start_turn("thread-helper", "turn-3")
        await driver.idle()
        driver.engine.end_turn("thread-helper", "turn-3", status)  # an agent's
        await driver.idle()
        calls = [h for h in heard if "\x1b]9;" in h]
        assert calls == [f"\x1b]9;codex-tui: other: {words}\x07"]

    drive(play, prepare=prepare)


def test_switches_are_obeyed() -> None:
    async def play(driver: Driver) -> None:
        heard = listen(driver)
        driver.engine.start_turn(THREAD, "turn-1")
        ask(driver)
        await driver.idle()
        assert ours(heard) == []

    quiet = Notify(title=False, bell=False, osc9=False)
    drive(play, prepare=prepare, config=Config(notify=quiet))


def test_the_keys_of_the_settings_file_work() -> None:
    async def play(driver: Driver) -> None:
        await driver.press("2", "escape", "1", "f8")
        assert driver.dialog == "HelpDialog"
        await driver.press("escape", "question_mark")
        assert driver.dialog == ""

    drive(play, prepare=prepare, config=Config(keymap={"help": "f8"}))


def test_the_next_need_is_found_in_agents_and_the_way_back_works() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("other")
        driver.engine.start_turn("thread-helper", "turn-1")
        ask(driver, "thread-helper")
        await driver.idle()
        driver.fleet.go_to(1)
        await driver.press(".")
        assert driver.open == "thread-helper"
        await driver.press(",")
        assert driver.open == "thread-other"
        assert driver.fleet.pane == 1

    drive(play, prepare=prepare)


def test_the_inbox_points_at_the_review_that_is_shown() -> None:
    """One that came later stands above: the cursor was left on another's row."""

    async def play(driver: Driver) -> None:
        fleet, inbox = driver.fleet, driver.fleet.reviews
        driver.engine.start_turn("thread-other", "turn-1")
        ask(driver, "thread-other", 8)
        await driver.open_thread("other")
        fleet.go_to(5)
        await driver.idle()
        driver.engine.start_turn("thread-helper", "turn-1")
        ask(driver, "thread-helper", 9)
        await driver.idle()
        seen = set()
        for _ in range(3):
            await driver.press(".")
            shown = fleet.presenter.looking.review
            assert shown is not None
            assert inbox.rows.cursor_key == inbox.row_key(shown)
            seen.add(shown)
        assert len(seen) == 2

    drive(play, prepare=prepare)


COMMAND = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"


def test_the_command_gets_names_and_kinds_only(tmp_path: Path) -> None:
    out = tmp_path / "call.json"

    async def work() -> None:
        command = (sys.executable, "-c", COMMAND, str(out))
        notify = Notify(bell=False, osc9=False, command=command)
        signals = Signals(notify, {}, lambda _data: None, lambda _text: None)
        signals.call([Call("review", ThreadId("t"), "awake")])
        await asyncio.gather(*signals._tasks)

    asyncio.run(work())
    assert json.loads(out.read_text()) == {
        "kind": "review",
        "thread": "t",
        "name": "awake",
        "agent": False,
        "words": "awake: needs you",
    }
