"""The queue on the screen: seen, changed, held, put back; judged at the wire."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from state.home import store_path
from tests.driver import NARROW, NORMAL, WIDE, Driver, Play, Size, drive
from tests.fakes import FakeEngine, Json, Refused, turn_row

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

THREAD = "thread-awake"
IDLE: Json = {"type": "idle"}


def prepare(engine: FakeEngine) -> None:
    engine.add("awake", status=dict(IDLE))
    engine.add("asleep")


def run(play: Play, *, size: Size = NORMAL, home: Path | None = None) -> None:
    drive(play, prepare=prepare, size=size, home=home)


async def queued(driver: Driver, *texts: str) -> Driver:
    """A turn runs, and these wait behind it."""
    await driver.open_thread("awake")
    driver.engine.start_turn(THREAD, "turn-1")
    await driver.idle()
    await driver.press("i")
    for text in texts:
        await driver.type(text)
        await driver.press("tab")
    return driver


def waiting(driver: Driver) -> list[str]:
    """The texts in the engine's queue."""
    return [e["input"][0]["text"] for e in driver.engine.queues.get(THREAD, [])]


def failed(driver: Driver, code: str, turn: str = "turn-1") -> None:
    row = turn_row(turn, status="failed")
    row["error"] = {"message": "no more today", "codexErrorInfo": code}
    driver.engine.status(THREAD, "idle")
    driver.engine.notify("turn/completed", threadId=THREAD, turn=row)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_the_queue_stands_above_the_composer_and_in_its_dialog(size: Size) -> None:
    async def play(driver: Driver) -> None:
        await queued(driver, "first", "second")
        driver.sees("2 queued · /queue")
        await driver.press("escape", "Q")
        assert driver.dialog == "QueueDialog"
        driver.sees("1  first", "2  second", "all back")
        await driver.press("J")
        assert waiting(driver) == ["second", "first"]
        driver.sees("1  second", "2  first")
        await driver.press("e")
        await driver.type(" thing")
        await driver.press("enter")
        assert waiting(driver) == ["second", "first thing"]
        await driver.press("e")
        await driver.type(" lost")
        await driver.press("escape")
        assert waiting(driver) == ["second", "first thing"]
        await driver.press("x")
        assert waiting(driver) == ["second"]
        driver.sees_not("first thing")
        await driver.press("x", "escape")
        driver.sees_not("queued")

    run(play, size=size)


def test_a_held_message_leaves_the_engine_and_comes_back_on_a_key() -> None:
    async def play(driver: Driver) -> None:
        await queued(driver, "first", "second")
        await driver.press("escape", "Q", "h")
        assert waiting(driver) == ["second"]
        driver.sees("held here")
        await driver.press("escape")
        driver.sees("1 queued · 1 held · U puts back")
        await driver.press("U")
        assert waiting(driver) == ["second", "first"]
        driver.sees_not("held")
        names = [e["clientUserMessageId"] for e in driver.engine.queues[THREAD]]
        assert len(set(names)) == 2

    run(play)


def test_a_queue_that_an_interrupt_stopped_says_so_and_goes_on_with_a_key() -> None:
    """The engine sends what is queued after a turn that completed or failed only."""

    async def play(driver: Driver) -> None:
        await queued(driver, "first", "second")
        driver.sees("2 queued · /queue")
        driver.engine.end_turn(THREAD, "turn-1", "interrupted")
        await driver.idle()
        driver.sees("2 queued, stopped by the interrupt · /queue")
        await driver.press("escape", "Q")
        driver.sees("s sends it on", "s go on")
        await driver.press("s")
        (started,) = driver.engine.calls("thread/queue/start")
        assert started["threadId"] == THREAD
        driver.engine.start_turn(THREAD, "turn-2")
        await driver.idle()
        driver.sees_not("s sends it on")
        await driver.press("escape")
        driver.sees_not("stopped by the interrupt")

    run(play)


@pytest.mark.parametrize("code", ["usageLimitExceeded", "unauthorized"])
def test_what_would_burn_is_taken_out_and_kept(code: str, tmp_path: Path) -> None:
    home = tmp_path / "home"

    async def play(driver: Driver) -> None:
        await queued(driver, "first", "second")
        failed(driver, code)
        await driver.idle()
        assert waiting(driver) == []
        driver.sees("2 held")
        rows = sqlite3.connect(store_path(home)).execute(
            "SELECT json_extract(body, '$.text'), state FROM send ORDER BY 1"
        )
        assert rows.fetchall() == [("first", "held"), ("second", "held")]

    async def later(driver: Driver) -> None:
        driver.engine.threads[THREAD]["status"] = dict(IDLE)
        await driver.open_thread("awake")
        driver.sees("2 held · U puts back")
        await driver.press("U")
        assert waiting(driver) == ["first", "second"]
        driver.sees_not("held")

    run(play, home=home)
    run(later, home=home)


def test_another_failure_leaves_the_queue_alone() -> None:
    async def play(driver: Driver) -> None:
        await queued(driver, "first")
        failed(driver, "serverOverloaded")
        await driver.idle()
        assert waiting(driver) == ["first"]
        assert not driver.engine.calls("thread/queue/delete")

    run(play)


def test_a_burnt_message_is_kept_too_and_a_sent_one_is_not() -> None:
    async def play(driver: Driver) -> None:
        await queued(driver, "burnt", "rest")
        names = [e["clientUserMessageId"] for e in driver.engine.queues[THREAD]]
        driver.engine.queues[THREAD].pop(0)
        driver.engine.notify("thread/queue/changed", threadId=THREAD)
        driver.engine.end_turn(THREAD, "turn-1")
        driver.engine.start_turn(THREAD, "turn-2")
        driver.engine.user_message(THREAD, "turn-2", "burnt", names[0])
        await driver.idle()
        failed(driver, "usageLimitExceeded", "turn-2")
        await driver.idle()
        assert waiting(driver) == []
        driver.sees("2 held")
        await driver.press("escape", "Q")
        driver.sees("burnt", "rest", "held, as the usage limit was reached")

    run(play)


def test_a_message_that_a_hook_stopped_comes_back() -> None:
    async def play(driver: Driver) -> None:
        await queued(driver, "stopped")
        driver.engine.queues[THREAD].clear()
        driver.engine.end_turn(THREAD, "turn-1")
        driver.engine.start_turn(THREAD, "turn-2")
        driver.engine.end_turn(THREAD, "turn-2")
        driver.engine.notify("thread/queue/changed", threadId=THREAD)
        await driver.idle()
        driver.sees("1 held · U puts back")

    run(play)


def test_what_the_engine_refuses_to_take_back_stays_held() -> None:
    def no(_params: Json) -> Json:
        raise Refused("not now")

    async def play(driver: Driver) -> None:
        await queued(driver, "first")
        await driver.press("escape", "Q", "h", "escape")
        driver.engine.replies["thread/queue/add"] = no
        await driver.press("U")
        driver.sees("1 held", "kept")

    run(play)


def test_too_long_a_message_is_told_and_kept() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        await driver.press("i")
        await driver.paste("x" * 1_048_577)
        await driver.press("enter")
        driver.sees("At most 1,048,576")
        assert len(driver.draft) == 1_048_577
        assert not driver.engine.calls("turn/start")

    run(play)


def test_archive_and_delete_say_what_goes_along() -> None:
    async def play(driver: Driver) -> None:
        driver.engine.add("helper", parentThreadId=THREAD, agentPath="/root/helper")
        await queued(driver, "first")
        await driver.press("escape")
        driver.fleet.go_to(1)
        await driver.idle()
        await driver.press("A")
        driver.sees("its running turn", "1 queued message, kept in the queue")
        await driver.press("escape", "D")
        driver.sees("This cannot be undone", "1 queued or held message, never sent")
        await driver.press("enter")  # the harmless answer is the one enter takes
        assert not driver.engine.calls("thread/delete")
        await driver.press("D", "right", "enter")
        assert driver.engine.calls("thread/delete") == [{"threadId": THREAD}]
        assert driver.open is None

    run(play)


def test_it_is_on_disk_before_it_leaves_the_engine(tmp_path: Path) -> None:
    home = tmp_path / "home"
    seen: list[tuple[str, str]] = []

    async def play(driver: Driver) -> None:
        await queued(driver, "first")
        delete = driver.engine.replies["thread/queue/delete"]

        def looked(params: Json) -> Json:
            rows = sqlite3.connect(store_path(home)).execute(
                "SELECT json_extract(body, '$.text'), state FROM send"
            )
            seen.extend(rows.fetchall())
            answer: Json = delete(params)
            return answer

        driver.engine.replies["thread/queue/delete"] = looked
        await driver.press("escape", "Q", "h")
        assert seen == [("first", "held")]

    run(play, home=home)
