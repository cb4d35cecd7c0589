"""Reviews as a person meets them: many at once, filled in, answered elsewhere, gone.

The oracles are the bytes at the fake engine, the screen, and the files on disk.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from state.model import Decision
from tests.driver import NARROW, NORMAL, WIDE, Driver, drive
from tests.fakes import CWD, FakeEngine

COMMAND = "item/commandExecution/requestApproval"
THREAD, OTHER = "thread-alpha", "thread-beta"


def prepare(engine: FakeEngine) -> None:
    for name in ("alpha", "beta"):
        engine.add(name, status={"type": "active", "activeFlags": []})


def params(item: str = "i", thread: str = THREAD, **more: Any) -> dict[str, Any]:
    return {
        "threadId": thread,
        "turnId": f"turn-{thread}",
        "itemId": item,
        "startedAtMs": 1_800_000_000_000,
        "cwd": CWD,
        **more,
    }


def ask(driver: Driver, number: int, text: str = "cargo fetch", **more: Any) -> None:
    amendment = {"execpolicy_amendment": text.split()}
    given = params(
        f"i{number}",
        kind="command",
        command=text,
        proposedExecpolicyAmendment=text.split(),
        availableDecisions=[
            "accept",
            {"acceptWithExecpolicyAmendment": amendment},
            "cancel",
        ],
    )
    driver.engine.ask(number, COMMAND, **{**given, **more})


async def begin(driver: Driver) -> None:
    for thread in (THREAD, OTHER):
        driver.engine.start_turn(thread, f"turn-{thread}")
    await driver.idle()


async def open_card(driver: Driver) -> None:
    await driver.press("5", "home", "enter")
    await driver.wait(700)


def results(driver: Driver) -> dict[int, Any]:
    return {
        s.message["id"]: s.message["result"]
        for s in driver.engine.answers()
        if "result" in s.message
    }


@pytest.mark.parametrize("size", [NARROW, NORMAL])
def test_identical_requests_are_answered_together(size: tuple[int, int]) -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        for number in range(3):
            ask(driver, number)
        ask(driver, 3, "rm -rf build")
        await driver.idle()
        await driver.press("5", "home", "space", "space", "space")
        driver.sees("[x] command")
        await driver.press("space")
        driver.sees("Only identical requests go together.")
        await driver.press("home", "enter")
        await driver.wait(700)
        await driver.press("y")
        await driver.wait(700)
        await driver.press("y")
        await driver.wait(700)
        assert results(driver) == {}, "two of them were not looked at"
        for _ in range(2):
            await driver.press("j")
            await driver.wait(700)
        await driver.press("y")
        await driver.wait(700)
        assert results(driver) == {}, "once is not enough for several"
        driver.sees("goes to 3 requests")
        await driver.press("y")
        await driver.wait(700)
        accept = {"decision": "accept"}
        assert results(driver) == {0: accept, 1: accept, 2: accept}

    drive(play, size=size, prepare=prepare)


def test_another_clients_answer_shows_at_once_and_no_letter_leaves() -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        await driver.idle()
        await open_card(driver)
        driver.sees("armed: letters decide")
        driver.engine.resolve(0, THREAD)
        await driver.idle()
        driver.sees("Ended by another client.")
        await driver.wait(700)
        await driver.press("y", "d")
        await driver.wait(700)
        assert results(driver) == {}

    drive(play, prepare=prepare)


def test_the_end_of_a_turn_ends_its_reviews() -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        await driver.idle()
        await open_card(driver)
        driver.engine.end_turn(THREAD, f"turn-{THREAD}", "interrupted")
        driver.engine.resolve(0, THREAD)
        await driver.idle()
        driver.sees("Ended by the turn")
        for letter in "yapdn":
            await driver.press(letter)
            await driver.wait(700)
        assert results(driver) == {}, "an answer after its turn's end"

    drive(play, prepare=prepare)


def test_an_engine_that_dies_with_nine_pending() -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        for number in range(9):
            ask(driver, number, f"make target-{number}")
        await driver.idle()
        await open_card(driver)
        driver.sees("of 9")
        driver.engine.epoch += 1
        for row in driver.engine.threads.values():
            row["status"] = {"type": "notLoaded"}
        driver.engine.cut()
        await driver.wait(3000)
        driver.sees("Went with the engine that asked", "Nothing waits for you.")
        await driver.press("y")
        await driver.wait(700)
        ask(driver, 0, "make other")
        await driver.wait(1000)
        assert results(driver) == {}, "the new engine's first id is another request"
        await driver.press("escape")
        await open_card(driver)
        driver.sees("make other")
        await driver.press("y")
        await driver.wait(200)
        assert results(driver) == {0: {"decision": "accept"}}

    drive(play, prepare=prepare)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_no_key_leads_from_a_card_to_a_pane_that_is_not_there(
    size: tuple[int, int],
) -> None:
    """A card takes the place of other panes: whoever leaves it finds them again."""

    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        await driver.idle()
        for whole in ((), ("v",)):
            await open_card(driver)
            for key in (*whole, "tab", "tab", "1", "3", "4", "5", "2", "escape", "1"):
                await driver.press(key)
                live = driver.focused
                assert live is not None and live.region.area, (whole, key, live)

    drive(play, size=size, prepare=prepare)


def test_a_card_without_room_takes_no_letter() -> None:
    """What nobody can read is not decided, however it was drawn before."""

    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        await driver.idle()
        await open_card(driver)
        driver.sees("armed: letters decide")
        for size in ((20, 5), (80, 7)):
            await driver.resize(size)
            await driver.wait(700)
            await driver.press("y")
            await driver.wait(700)
            driver.sees_not("armed: ")
        await driver.resize(NARROW)
        await driver.press("y")
        await driver.wait(100)
        assert results(driver) == {}, "it arms anew"
        await driver.wait(700)
        driver.sees("armed: press y again")
        await driver.press("y")
        await driver.wait(200)
        assert results(driver) == {0: {"decision": "accept"}}

    drive(play, prepare=prepare)


def test_no_and_tell_puts_the_cursor_where_it_belongs() -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        await driver.open_thread("beta")
        ask(driver, 0)
        await driver.idle()
        await open_card(driver)
        await driver.press("n")
        await driver.wait(200)
        assert results(driver) == {0: {"decision": "cancel"}}
        assert driver.open == THREAD
        assert driver.focused is driver.composer.field
        driver.sees("to /root · alpha", "tell /root what to do instead")

    drive(play, prepare=prepare)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
@pytest.mark.parametrize("words", ["just stop", "Do one thing", "y"])
def test_words_right_behind_no_are_for_the_agent(
    words: str, size: tuple[int, int]
) -> None:
    """They arrive while the card still has the focus: none is a key of the card, which
    would go on to the next one, and none is lost."""

    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        ask(driver, 1, "rm -rf build")
        await driver.idle()
        await open_card(driver)
        decide = driver.card._decide

        def decide_and_type(decision: Decision) -> None:
            decide(decision)
            driver.feed(words)

        driver.card._decide = decide_and_type  # type: ignore[method-assign]
        await driver.press("n")
        await driver.wait(300)
        assert list(results(driver).values()) == [{"decision": "cancel"}]
        assert driver.draft == words
        assert driver.focused is driver.composer.field
        assert driver.fleet.presenter.looking.review is None

    drive(play, prepare=prepare, size=size)


def question(secret: bool) -> dict[str, Any]:
    asked = {"id": "q", "header": "Q", "question": "The key?", "isSecret": secret}
    return params(questions=[{**asked, "options": None}])


def test_a_secret_reaches_the_engine_and_nothing_else(tmp_path: Path) -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        driver.engine.ask(0, "item/tool/requestUserInput", **question(secret=True))
        await driver.idle()
        await open_card(driver)
        await driver.press("enter")
        await driver.type("hunter2 y")
        driver.sees_not("hunter2")
        assert results(driver) == {}
        await driver.press("enter")
        driver.sees("written, not shown")
        await driver.press("y")
        await driver.wait(100)
        assert results(driver) == {}, "it arms anew after it was filled in"
        await driver.wait(700)
        await driver.press("y")
        await driver.wait(2000)
        said = {"answers": ["user_note: hunter2 y"]}
        assert results(driver) == {0: {"answers": {"q": said}}}
        assert "hunter2" not in repr(driver.app.services.bridge.store.world)
        driver.sees_not("hunter2")

    drive(play, prepare=prepare, home=tmp_path)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"not kept" in path.read_bytes() for path in kept)
    assert not any(b"hunter2" in path.read_bytes() for path in kept)


@pytest.mark.parametrize("paste", ["y\ry\ryy", "\x1b[200~y\ny\ny\x1b[201~"])
def test_words_for_a_field_are_no_letters(paste: str) -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        driver.engine.ask(0, "item/tool/requestUserInput", **question(secret=False))
        await driver.idle()
        await open_card(driver)
        await driver.press("enter")
        driver.feed(paste)
        await driver.idle()
        await driver.wait(300)
        assert results(driver) == {}
        await driver.press("escape")
        await driver.wait(700)
        driver.sees("The key?")
        assert results(driver) == {}

    drive(play, prepare=prepare)


def test_what_is_filled_in_survives_a_look_elsewhere() -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        driver.engine.ask(0, "item/tool/requestUserInput", **question(secret=False))
        await driver.idle()
        await open_card(driver)
        await driver.press("enter")
        await driver.type("because")
        await driver.press("enter", "escape")
        await open_card(driver)
        driver.sees("because")

    drive(play, prepare=prepare)


def test_odd_requests_are_shown_and_left_alone() -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        engine = driver.engine
        engine.resolve(5, THREAD)
        ask(driver, 5)  # its resolution came first
        engine.ask(6, "future/method", **params(what="?"))
        engine.ask(7, COMMAND, **params(command=["no", "text"], kind=3))
        engine.ask(8, "item/tool/call", **params(callId="c", tool="lookup"))
        engine.ask(9, "attestation/generate")
        engine.say({"id": 10, "method": COMMAND, "params": "nothing"})
        engine.say({"id": 11, "method": "item/tool/requestUserInput", "params": {}})
        await driver.idle()
        await driver.press("5")
        driver.sees("Nothing waits for you.", "waits for its own client")
        for _ in range(3):
            await driver.press("enter")
            await driver.wait(700)
            for letter in "yapdnr":
                await driver.press(letter)
                await driver.wait(700)
            await driver.press("escape", "down")
        assert driver.engine.answers() == []

    drive(play, prepare=prepare)


def test_an_id_that_names_another_request_voids_the_first() -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0, "make first")
        await driver.idle()
        await open_card(driver)
        ask(driver, 0, "make second", threadId=OTHER, turnId=f"turn-{OTHER}")
        await driver.idle()
        driver.sees("make second")
        driver.sees_not("make first")
        await driver.press("y")
        await driver.wait(200)
        assert results(driver) == {}, "another question arms anew"
        await driver.wait(700)
        await driver.press("d")
        await driver.wait(200)
        assert results(driver) == {0: {"decision": "decline"}}

    drive(play, prepare=prepare)


def test_a_rule_is_sent_with_the_words_that_were_shown() -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0, "cargo update -p criterion")
        await driver.idle()
        await open_card(driver)
        await driver.press("p")
        await driver.wait(700)
        driver.sees("[criterion]")
        await driver.press("left", "left")
        driver.sees("[update]", "Wider than the engine proposes")
        await driver.press("p")
        await driver.wait(100)
        assert results(driver) == {}, "another rule has to be read first"
        await driver.wait(700)
        await driver.press("p")
        await driver.wait(200)
        rule = {"execpolicy_amendment": ["cargo", "update"]}
        sent = {"decision": {"acceptWithExecpolicyAmendment": rule}}
        assert results(driver) == {0: sent}, json.dumps(results(driver))

    drive(play, prepare=prepare)
