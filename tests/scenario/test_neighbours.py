"""What another window keeps, changes or gives up shows here by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from state import events as e
from state.home import store_path
from state.items import ThreadId
from state.model import ClientId, Send, SendState, Thread, World
from tests.driver import Driver, drive
from tests.fakes import FakeEngine
from tests.store.helpers import writing
from tui.neighbours import differences

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

T = ThreadId("thread-one")


def one(engine: FakeEngine) -> None:
    engine.add("one", status={"type": "idle"})


def note(text: str, state: SendState = SendState.HELD) -> e.SendNoted:
    return e.SendNoted(T, Send(ClientId("h"), text, "queue", state, 1, "you said so"))


def test_it_shows_changes_and_goes(tmp_path: Path) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.wait(2_000)
        async with writing(store_path(tmp_path), ingest=False) as other:
            await other.commit_now(note("kept by the other window"))
            await driver.wait(5_000)
            driver.sees("1 held")
            await driver.press("Q")
            driver.sees("kept by the other window")
            await other.commit_now(note("in other words"))
            await driver.wait(5_000)
            driver.sees("in other words")
            await driver.press("escape")
            gone = e.SendChanged(T, ClientId("h"), SendState.DROPPED)
            await other.commit_now(gone)
            await driver.wait(5_000)
            driver.sees_not("1 held")

    drive(play, home=tmp_path, prepare=one)


def test_what_is_held_here_is_not_given_up_by_the_file(tmp_path: Path) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        driver.engine.start_turn(T, "turn-1")
        await driver.press("i")
        await driver.type("for later")
        await driver.press("tab")
        await driver.press("escape", "Q", "h")
        await driver.wait(10_000)
        driver.sees("for later", "held")

    drive(play, home=tmp_path, prepare=one)


@pytest.mark.parametrize("state", [SendState.SEEN, SendState.UNKNOWN])
def test_only_held_messages_are_compared(state: SendState) -> None:
    send = note("x", state).send
    thread = Thread(T, sends={send.client_id: send})
    assert differences(World(threads={T: thread}), {}) == []
