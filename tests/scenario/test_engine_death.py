"""An engine dies under running threads: said once, nothing sent, one key each."""

from __future__ import annotations

import pytest

from tests.driver import NORMAL, Driver, drive
from tests.fakes import FakeEngine, turn_row
from tests.scenario.onlooker import COMMAND as METHOD

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

AGENTS = 30


def busy(engine: FakeEngine) -> None:
    """A root with thirty agents, and another root, all at work."""
    active = {"type": "active", "activeFlags": []}
    engine.add("root", status=active)
    for number in range(AGENTS):
        engine.add(f"agent-{number}", parentThreadId="thread-root", status=active)
    engine.add("other", status=active)
    engine.add("calm")


async def at_work(driver: Driver) -> None:
    engine = driver.engine
    for row in engine.threads.values():
        if row["status"]["type"] == "active":
            turn = turn_row(f"turn-{row['id']}")
            engine.notify("turn/started", threadId=row["id"], turn=turn)
    item = {
        "type": "commandExecution",
        "id": "exec-1",
        "command": "make",
        "cwd": "/",
        "status": "inProgress",
        "commandActions": [],
    }
    engine.notify(
        "item/started", threadId="thread-other", turnId="turn-thread-other", item=item
    )
    engine.ask(
        7,
        METHOD,
        threadId="thread-other",
        turnId="turn-thread-other",
        itemId="exec-1",
        command="make",
        cwd="/",
        startedAtMs=1,
    )
    await driver.idle()


async def dies(driver: Driver) -> None:
    """The process ends; the next one knows the threads, and runs nothing."""
    engine = driver.engine
    for row in engine.threads.values():
        row["status"] = {"type": "notLoaded"}
    engine.epoch += 1
    engine.cut()
    await driver.wait(2_000)


def sent_since(driver: Driver, at: int) -> list[str]:
    return [s.method for s in driver.engine.sent[at:] if s.method]


WAKING = {"turn/start", "turn/steer", "thread/queue/start", "thread/goal/set"}


def test_one_summary_and_nothing_is_sent_or_answered() -> None:
    async def play(driver: Driver) -> None:
        await at_work(driver)
        at = len(driver.engine.sent)
        await dies(driver)
        driver.sees("The engine ended and was started again.", "In 2 threads:")
        driver.sees("32 turns interrupted", "1 open item, 1 review")
        await driver.press("L")
        assert driver.dialog == "LossDialog"
        driver.sees("30 agents among them", "c go on")
        await driver.wait(60_000)
        assert not WAKING & set(sent_since(driver, at))
        assert driver.engine.answers() == []

    drive(play, size=NORMAL, prepare=busy)


def test_one_key_goes_on_with_one_thread_and_only_that() -> None:
    async def play(driver: Driver) -> None:
        await at_work(driver)
        await dies(driver)
        await driver.press("L", "j", "c")
        assert driver.dialog == "Ask", "what it would wake up under is shown first"
        assert driver.engine.calls("turn/start") == []
        await driver.press("left", "enter")
        started = driver.engine.calls("turn/start")
        (target,) = {call["threadId"] for call in started}
        assert [c["input"][0]["text"] for c in started] == [
            "Continue where you were interrupted."
        ]
        assert driver.open == target
        driver.sees("In 2 threads:")
        driver.engine.start_turn(target, "turn-new")
        await driver.idle()
        driver.sees("In 1 thread:")
        await driver.press("1", "L", "x")
        driver.sees_not("The engine ended")
        assert driver.dialog == ""
        assert len(driver.engine.calls("turn/start")) == 1
        assert driver.engine.answers() == []

    drive(play, size=NORMAL, prepare=busy)


def test_a_connection_that_breaks_is_not_an_engine_that_died() -> None:
    async def play(driver: Driver) -> None:
        await at_work(driver)
        driver.engine.cut()
        await driver.wait(2_000)
        driver.sees_not("The engine ended")
        await driver.press("L")
        driver.sees("Nothing was lost")

    drive(play, size=NORMAL, prepare=busy)
