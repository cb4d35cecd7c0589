"""What stands in the composer is in the file a quarter of a second after the last key.

Time is the test's own: the claim is about what happens before what, on any machine.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from state import pastes
from state.db.history import drafts
from state.home import store_path
from tests.driver import NARROW, NORMAL, WIDE, Driver, Size, drive
from tests.fakes import FakeEngine, Json
from tests.scenario.pty import Terminal
from tests.scenario.script import NOWHERE, SCRIPT, a_place

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

PROMISE_MS = 250
BIG = "a line of words that somebody copied somewhere\n" * 22_400


def on_disk(home: Path) -> list[str]:
    return [draft.text for draft in drafts(store_path(home))]


@pytest.mark.parametrize("pause_ms", [1, 80, 199, 200, 201, 400])
def test_the_last_key_is_on_disk_in_time(pause_ms: int, tmp_path: Path) -> None:
    text = "do not lose this"

    async def play(driver: Driver) -> None:
        await driver.press("i")
        for character in text:
            driver.key(character)
            await driver.loop.settle()
            await driver.loop.advance(pause_ms)
        await driver.loop.advance(max(0, PROMISE_MS - pause_ms))
        assert on_disk(tmp_path) == [text]

    drive(play, home=tmp_path)


MEGABYTE = "0123456789abcde\n" * 65_536


def test_too_long_a_paste_is_kept_and_said_to_be_too_long(tmp_path: Path) -> None:
    """It is one insertion; the limit is told before anything is sent."""

    async def play(driver: Driver) -> None:
        await driver.press("i")
        await driver.paste(BIG)
        assert driver.draft == BIG
        driver.key("x")
        await driver.loop.settle()
        await driver.loop.advance(PROMISE_MS)
        assert [pastes.unmarked(text) for text in on_disk(tmp_path)] == [f"{BIG}x"]
        sent = len(driver.engine.sent)
        await driver.press("enter")
        assert driver.draft == f"{BIG}x"
        driver.sees("1,048,576")
        assert [s.method for s in driver.engine.sent[sent:]] == []

    drive(play, home=tmp_path)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_a_megabyte_is_a_sign_and_goes_out_whole(size: Size, tmp_path: Path) -> None:
    """Typed around, kept over a restart, sent to the very character."""
    first = "look at " + MEGABYTE[:-20] + " now"

    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        await driver.press("i")
        await driver.type("look at ")
        await driver.paste(MEGABYTE[:-20])
        await driver.type(" now")
        driver.sees("[Pasted text · 1,048,556 characters] now")
        assert driver.draft == first

    async def again(driver: Driver) -> None:
        await driver.open_thread("awake")
        await driver.press("i")
        driver.sees("[Pasted text · 1,048,556 characters] now")
        await driver.press("enter")
        (call,) = driver.engine.calls("turn/start")
        assert call["input"][0]["text"] == first
        assert driver.draft == ""

    drive(play, home=tmp_path, prepare=awake, size=size)
    drive(again, home=tmp_path, prepare=awake, size=size)


def test_signs_are_one_thing_to_cursor_and_backspace() -> None:
    async def play(driver: Driver) -> None:
        await driver.press("i")
        await driver.paste("a" * 1001)
        await driver.paste("b" * 1001)
        await driver.type("z")
        driver.sees(
            "[Pasted text · 1,001 characters][Pasted text 2 · 1,001 characters]z"
        )
        assert driver.draft == "a" * 1001 + "b" * 1001 + "z"
        await driver.press("left", "left", "x")
        assert driver.draft == "a" * 1001 + "x" + "b" * 1001 + "z"
        await driver.press("right", "backspace")
        assert driver.draft == "a" * 1001 + "xz"
        await driver.press("ctrl+underscore")
        assert driver.draft == "a" * 1001 + "x" + "b" * 1001 + "z"
        await driver.press("ctrl+y")
        assert driver.draft == "a" * 1001 + "xz"
        await driver.press("home", "delete")
        assert driver.draft == "xz"

    drive(play)


def test_a_paste_of_a_thousand_characters_is_shown_as_it_is() -> None:
    async def play(driver: Driver) -> None:
        await driver.press("i")
        await driver.paste("a" * 1000)
        driver.sees_not("Pasted text")
        driver.sees("aaaaaaaa")

    drive(play)


def test_a_long_paste_is_queued_edited_there_and_never_a_command() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        driver.engine.start_turn("thread-awake", "turn-1")
        await driver.press("i")
        await driver.paste("/archive " + "c" * 30_000)
        driver.sees("[Pasted text · 30,009 characters]")
        await driver.press("tab")
        (call,) = driver.engine.calls("thread/queue/add")
        assert call["input"][0]["text"] == "/archive " + "c" * 30_000
        assert driver.draft == ""
        await driver.type("/queue")
        await driver.press("enter", "e")
        driver.sees("[Pasted text · 30,009 characters]")
        await driver.type("!")
        await driver.press("enter")
        (call,) = driver.engine.calls("thread/queue/update")
        assert call["input"][0]["text"] == "/archive " + "c" * 30_000 + "!"

    drive(play, prepare=awake)


def test_what_looks_like_a_sign_is_only_words() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        await driver.press("i")
        await driver.type("[Pasted text · 1,001 characters] ")
        await driver.paste("d" * 1001)
        await driver.press("enter")
        (call,) = driver.engine.calls("turn/start")
        said = "[Pasted text · 1,001 characters] " + "d" * 1001
        assert call["input"][0]["text"] == said

    drive(play, prepare=awake)


def awake(engine: FakeEngine) -> None:
    engine.add("awake", status={"type": "idle"})


def test_a_megabyte_at_the_terminal_outlives_a_kill() -> None:
    """A bracketed paste as the terminal sends it; the oracle is the file."""
    with a_place() as place:
        place.codex_home.mkdir()
        env = place.environment({"CODEX_TUI_CODEX_BIN": NOWHERE})
        sign = "[Pasted text · 1,048,576 characters]"
        with Terminal((SCRIPT,), env=env, cwd=place.home) as terminal:
            terminal.wait_for("No codex found")
            terminal.type("i")
            terminal.wait_for("write a message")
            terminal.type(f"\x1b[200~{MEGABYTE}\x1b[201~")
            terminal.type("tail")
            terminal.wait_for(f"{sign}tail")
            kept = [MEGABYTE + "tail"]
            path = place.own
            terminal.wait(
                lambda: [pastes.unmarked(text) for text in on_disk(path)] == kept,
                "the draft on disk",
            )
            terminal.signal(signal.SIGKILL)
        with Terminal((SCRIPT,), env=env, cwd=place.home) as terminal:
            terminal.wait_for(f"{sign}tail")
        assert [pastes.unmarked(text) for text in on_disk(path)] == kept


LONG = "words that need room\n" * 5_000


async def limit(driver: Driver, pages: int) -> None:
    """The store may hold so many pages; never less than it does."""
    keeper = driver.app.services.keeper
    assert keeper is not None
    await keeper.writer._db.execute(f"PRAGMA max_page_count = {pages}")


def test_first_words_that_cannot_be_saved_start_no_thread(tmp_path: Path) -> None:
    async def play(driver: Driver) -> None:
        await driver.press("i")
        await limit(driver, 1)
        await driver.paste(LONG)
        await driver.press("enter")
        assert not {"thread/start", "turn/start"} & set(driver.engine.methods())
        driver.sees("Not sent: No space left for the thread store")
        assert driver.draft == LONG
        await limit(driver, 1_000_000)
        await driver.press("enter")
        (turn,) = driver.engine.calls("turn/start")
        assert turn["input"][0]["text"] == LONG
        assert driver.draft == ""
        assert on_disk(tmp_path) == []

    drive(play, home=tmp_path)


def test_first_words_that_cannot_be_noted_wait_in_the_thread(tmp_path: Path) -> None:
    """The disk is full when the thread was made: it is there, they did not leave."""

    async def play(driver: Driver) -> None:
        start = driver.engine.replies["thread/start"]
        tasks: list[asyncio.Future[None]] = []

        def full(params: Json) -> Json:
            tasks.append(asyncio.ensure_future(limit(driver, 1)))
            made: Json = start(params)
            return made

        driver.engine.replies["thread/start"] = full
        await driver.press("i")
        await driver.paste(LONG)
        await driver.press("enter")
        driver.sees("Not sent: No space left for the thread store")
        assert driver.open is not None
        assert driver.draft == LONG
        assert driver.engine.calls("turn/start") == []
        await limit(driver, 1_000_000)
        await driver.press("enter")
        (turn,) = driver.engine.calls("turn/start")
        assert (turn["threadId"], turn["input"][0]["text"]) == (driver.open, LONG)
        assert len(driver.engine.calls("thread/start")) == 1
        assert driver.draft == ""

    drive(play, home=tmp_path)
