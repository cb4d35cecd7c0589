"""An engine newer than any we tested, before a person: what is new in it is named.

The oracle is the bytes at the fake engine: nothing leaves for what is not understood.
"""

from __future__ import annotations

from typing import Any

from tests.driver import WIDE, Driver, drive
from tests.fakes import CWD, FakeEngine

THREAD, TURN = "thread-alpha", "turn-thread-alpha"


def prepare(engine: FakeEngine) -> None:
    engine.add("alpha", status={"type": "active", "activeFlags": []})


def about(item: str, **more: Any) -> dict[str, Any]:
    return {"threadId": THREAD, "turnId": TURN, "itemId": item, "cwd": CWD, **more}


async def card(driver: Driver) -> None:
    await driver.press("5", "home", "enter")
    await driver.wait(700)


def test_what_is_new_is_shown_and_answered_by_nobody() -> None:
    async def play(driver: Driver) -> None:
        engine = driver.engine
        await driver.open_thread("alpha")
        engine.start_turn(THREAD, TURN)
        engine.notify("thread/levitated", threadId=THREAD, height={"m": 3})
        item = {"type": "hologram", "id": "h", "shape": "cube", "status": "spinning"}
        for moment in ("item/started", "item/completed"):
            engine.notify(moment, threadId=THREAD, turnId=TURN, item=item)
        engine.ask(0, "item/hologram/requestApproval", **about("h"))
        await driver.idle()
        driver.sees("Unknown item hologram")
        await card(driver)
        driver.sees("a form that codex-tui does not know", "waits for its own client")
        await driver.press("y", "a", "p", "d", "n", "enter")
        await driver.wait(700)
        assert engine.answers() == []

    drive(play, size=WIDE, prepare=prepare)


def test_a_command_of_a_new_kind_is_refused_or_left() -> None:
    async def play(driver: Driver) -> None:
        engine = driver.engine
        await driver.open_thread("alpha")
        engine.start_turn(THREAD, TURN)
        asked = {
            "kind": "wormhole",
            "command": "ls /elsewhere",
            "proposedExecpolicyAmendment": ["ls"],
            "availableDecisions": ["accept", "acceptForever", "cancel"],
        }
        engine.ask(0, "item/commandExecution/requestApproval", **about("i", **asked))
        await driver.idle()
        await card(driver)
        driver.sees("“wormhole”", "only be refused", "ls /elsewhere")
        for letter in "yap":
            await driver.press(letter)
            await driver.wait(700)
        assert engine.answers() == []
        await driver.press("d")
        await driver.wait(700)
        (answer,) = engine.answers()
        assert answer.message["result"] == {"decision": "decline"}

    drive(play, size=WIDE, prepare=prepare)
