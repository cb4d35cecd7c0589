"""What stands in the composer is in the file a quarter of a second after the last key.

Time is the test's own: the claim is about what happens before what, on any machine.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from state.db.history import drafts
from state.home import store_path
from tests.driver import Driver, drive

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


def test_a_megabyte_is_pasted_kept_and_said_to_be_too_long(tmp_path: Path) -> None:
    """It is one insertion; the limit is told before anything is sent."""

    async def play(driver: Driver) -> None:
        await driver.press("i")
        await driver.paste(BIG)
        assert driver.draft == BIG
        driver.key("x")
        await driver.loop.settle()
        await driver.loop.advance(PROMISE_MS)
        assert [len(text) for text in on_disk(tmp_path)] == [len(BIG) + 1]
        sent = len(driver.engine.sent)
        await driver.press("enter")
        assert driver.draft == f"{BIG}x"
        driver.sees("1,048,576")
        assert [s.method for s in driver.engine.sent[sent:]] == []

    drive(play, home=tmp_path)
