"""Keys that were meant for something else decide nothing in an armed card: what is
typed on behind a dialog that closed, and letters with another key held down.

The oracle is what reached the fake engine.
"""

from __future__ import annotations

import pytest

from tests.driver import NARROW, NORMAL, Driver, drive
from tests.scenario.test_review_journeys import (
    THREAD,
    ask,
    begin,
    open_card,
    prepare,
    results,
)


@pytest.mark.parametrize("size", [NARROW, NORMAL])
@pytest.mark.parametrize("typed", ["", "theme"])
def test_what_is_typed_on_after_a_dialog_is_not_for_the_card(
    size: tuple[int, int], typed: str
) -> None:
    """The palette lay over an armed card: the card arms anew when it has gone."""

    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        await driver.idle()
        await open_card(driver)
        driver.sees("armed: letters decide")
        await driver.press("ctrl+p")
        await driver.wait(600)
        for letter in [*typed, "escape"]:
            driver.key(letter)
            await driver.loop.advance(70)
        driver.sees("not armed yet")
        for _ in range(6):
            driver.key("y")
            await driver.loop.advance(120)
        assert results(driver) == {}
        await driver.wait(700)
        driver.sees("armed: press y again")
        await driver.press("y")
        await driver.wait(200)
        assert results(driver) == {0: {"decision": "accept"}}

    drive(play, size=size, prepare=prepare)


def test_another_card_that_came_below_a_dialog_is_not_armed() -> None:
    """What was opened has been answered elsewhere meanwhile: nobody opened the next."""

    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        ask(driver, 1, "rm -rf build")
        await driver.idle()
        await open_card(driver)
        await driver.press("ctrl+p")
        await driver.wait(600)
        for number in (0, 1):
            driver.engine.resolve(number, THREAD)
            await driver.wait(100)
        ask(driver, 2, "curl https://example.org")
        await driver.press("escape")
        await driver.wait(900)
        await driver.press("y")
        await driver.wait(300)
        assert results(driver) == {}

    drive(play, size=NORMAL, prepare=prepare)


@pytest.mark.parametrize(
    "sequence",
    [
        *("\x1by", "\x1b[121;3u", "\x1b[27;3;121~", "\x1b[27;9;121~"),
        *("\x1b[121;5u", "\x1b[121;1:3u", "\u3084y", "y\u0301", "\uff59", "Y"),
        *("\x1bOy", "\x1b[?2026;1$y", "\x1b[200~y\x1b[201~", "\x1b[I", "\x1b[121:u"),
    ],
)
def test_a_letter_with_something_held_is_no_letter(sequence: str) -> None:
    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        await driver.idle()
        await open_card(driver)
        driver.feed(sequence)
        driver.no_more()
        await driver.idle()
        await driver.wait(300)
        expected = {0: {"decision": "accept"}} if sequence == "\x1b[121:u" else {}
        assert results(driver) == expected

    drive(play, size=NORMAL, prepare=prepare)


def test_back_in_the_window_the_card_arms_anew() -> None:
    """Not by the first key, and not never."""

    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        await driver.idle()
        await open_card(driver)
        driver.sees("armed: letters decide")
        driver.feed("\x1b[O")
        await driver.wait(900)
        driver.feed("y")
        await driver.wait(100)
        driver.feed("\x1b[I")
        await driver.loop.advance(70)
        driver.sees("not armed yet")
        driver.key("y")
        await driver.loop.advance(100)
        assert results(driver) == {}
        await driver.wait(900)
        driver.sees("armed: press y again")
        await driver.press("y")
        await driver.wait(100)
        assert results(driver) == {0: {"decision": "accept"}}

    drive(play, size=NORMAL, prepare=prepare)


def test_back_in_the_window_another_card_is_not_armed() -> None:
    """The list had the focus when the window was left: the card gets none of it."""

    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        await driver.idle()
        await open_card(driver)
        await driver.press("escape")
        driver.feed("\x1b[O")
        await driver.wait(900)
        driver.feed("\x1b[I")
        await driver.wait(900)
        driver.sees_not("armed: letters decide")
        await driver.press("y")
        await driver.wait(100)
        assert results(driver) == {}

    drive(play, size=NORMAL, prepare=prepare)


@pytest.mark.parametrize("words", ["iyes please", "hey, apply", "we say yes", "\ryes"])
@pytest.mark.parametrize("gap", [60, 130, 300])
def test_words_at_a_persons_pace_decide_nothing(words: str, gap: int) -> None:
    """Whoever takes the card for the composer: what stands before the first letter
    that counts shows that the words are not for the card."""

    async def play(driver: Driver) -> None:
        await begin(driver)
        ask(driver, 0)
        await driver.idle()
        await open_card(driver)
        driver.sees("armed: letters decide")
        for char in words:
            driver.feed(char)
            await driver.loop.advance(gap)
        assert results(driver) == {}
        await driver.wait(900)
        driver.sees("armed: ")

    drive(play, size=NORMAL, prepare=prepare)
