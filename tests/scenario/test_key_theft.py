"""No review is ever answered by a key that was not meant for it.

Random people and a random engine use the running app: typing, pastes with and without
brackets, clicks, reviews that arrive, change and go. The oracle is what reached the
fake engine. With any one of the guards removed the same sessions find a theft.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from state import guard as g
from state.events import ReviewAsked
from state.store import Published
from tests.driver import Driver, drive
from tests.scenario.glass import Glass
from tests.scenario.onlooker import LETTERS, Asked, Disturbed, Theft
from tests.scenario.sessions import SIZES, prepare, session
from tests.soaking import seeds
from tui.presenter import Presenter
from tui.screens.fleet import FleetScreen
from widgets.card_field import CardField
from widgets.card_form import CardForm
from widgets.card_moves import CardMoves

SEEDS = seeds(usual=40, soaking=1000)
SEARCHED = range(40)

FIRST = SEEDS[:6]


@pytest.mark.parametrize("seed", SEEDS[len(FIRST) :])
def test_no_answer_leaves_that_nobody_gave(seed: int) -> None:
    session(seed, near=seed % 2 == 1)


def test_no_answer_leaves_the_first_sessions_and_they_are_not_idle() -> None:
    decided = [letter for seed in FIRST for letter in session(seed, near=seed % 2 == 1)]
    if len(FIRST) == 6:
        assert len(set(decided)) >= 3 and len(decided) >= 6, decided


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("letter", "presses"), [("y", 1), ("d", 1), ("p", 2)])
def test_a_deliberate_letter_answers_exactly_once(
    size: tuple[int, int], letter: str, presses: int
) -> None:
    asked = Asked(7, "thread-alpha", "mark-7-0")

    async def play(driver: Driver) -> None:
        driver.engine.start_turn("thread-alpha", "turn-of-thread-alpha")
        driver.engine.ask(7, asked.method, **asked.params())
        await driver.idle()
        await driver.press("5", "enter")
        driver.sees("mark-7-0")
        for number in range(presses):
            assert driver.engine.answers() == []
            await driver.wait(600)
            driver.key(letter)
            await driver.loop.advance(49)
            assert driver.engine.answers() == [], f"answered at once, press {number}"
            await driver.loop.advance(100)
        await driver.press(letter, letter)
        await driver.wait(3000)
        await driver.press(letter)
        await driver.wait(3000)
        (answer,) = driver.engine.answers()
        assert answer.message["id"] == 7
        said = "commands that start with `touch /srv/mark-7-0`"
        assert asked.letters(answer.message["result"], said) == letter

    drive(play, size=size, prepare=prepare)


@pytest.mark.parametrize("letter", ["y", "d", "p"])
def test_what_is_typed_while_the_app_stands_still_answers_nothing(letter: str) -> None:
    """A stopped process, a machine that slept: what was typed before the card was
    armed is read when it would be."""

    async def stand_still(driver: Driver) -> None:
        driver.loop.now += 5
        await driver.loop.settle()
        driver.key(letter)
        await driver.wait(100)
        assert driver.engine.answers() == []
        assert "again to grant it" not in driver.screen()

    async def play(driver: Driver) -> None:
        with Glass(driver).watched() as glass:
            asked = Asked(7, "thread-alpha", "mark-7-0")
            driver.engine.start_turn("thread-alpha", "turn-of-thread-alpha")
            driver.engine.ask(7, asked.method, **asked.params())
            await driver.idle()
            for name in ("5", "enter"):
                driver.key(name)
                await driver.loop.advance(30)
            assert "mark-7-0" in "".join(glass.lines(driver.card.region))
            await stand_still(driver)
            await driver.wait(600)
            await driver.press(letter)
            assert ("again to grant it" in driver.screen()) == (letter == "p")
            assert len(driver.engine.answers()) == (letter != "p")

    drive(play, prepare=prepare)


# -- with a rule removed the sessions find a theft -----------------------------------

Mutate = Callable[[pytest.MonkeyPatch], None]


def without_arming(patch: pytest.MonkeyPatch) -> None:
    def rested(guard: g.Guard, since: int | None, _at: int) -> bool:
        return guard._focused and since is not None

    patch.setattr(g.Guard, "_rested", rested)


def without_silence_before(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(g.Guard, "_quiet", lambda _guard, _at: True)


def without_a_rest_after_other_words(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(g.Guard, "other_key", g.Guard.moved)


def without_anybody_who_listens(patch: pytest.MonkeyPatch) -> None:
    """Two keys are as far from each other as they were read."""

    def quiet(guard: g.Guard, at: int) -> bool:
        return guard._key_ms is None or at - guard._key_ms > g.QUIET_MS

    patch.setattr(g.Guard, "_quiet", quiet)


def without_silence_after(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(g, "QUIET_MS", -1)


def without_a_look_at_the_armed_card(patch: pytest.MonkeyPatch) -> None:
    """What was typed while the app stood still counts when it goes on."""
    patch.setattr(g.Guard, "_seen", lambda _guard, _at: True)


def without_a_look_at_the_answers(patch: pytest.MonkeyPatch) -> None:
    """A letter counts wherever one has scrolled to."""
    patch.setattr(CardMoves, "sight", frozenset(LETTERS))


def without_the_second_press(patch: pytest.MonkeyPatch) -> None:
    tick = g.Guard.tick

    def at_once(guard: g.Guard, at: int) -> g.Outcome:
        outcome = tick(guard, at)
        if not isinstance(outcome, g.OpenStrip):
            return outcome
        guard.blurred()
        return g.Decide(outcome.decision)

    patch.setattr(g.Guard, "tick", at_once)


def without_a_rest_for_the_strip(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(g.Guard, "strip_armed", lambda guard, _at: guard._strip_drawn)


def without_a_rest_for_another_rule(patch: pytest.MonkeyPatch) -> None:
    adjusted = g.Guard.adjusted

    def at_once(guard: g.Guard, at: int, decisions: Any) -> g.Outcome:
        rest = guard._rest_ms
        kept = (guard._strip_ms, guard._strip_drawn, guard._seen_ms)
        outcome = adjusted(guard, at, decisions)
        if guard._strip is not None:
            guard._rest_ms = rest
            guard._strip_ms, guard._strip_drawn, guard._seen_ms = kept
        return outcome

    patch.setattr(g.Guard, "adjusted", at_once)


def without_a_place_for_words(patch: pytest.MonkeyPatch) -> None:
    """What is typed for a field reaches the card."""
    patch.setattr(CardField, "begin", lambda _self, _field, _text: None)


def without_a_look_at_each(patch: pytest.MonkeyPatch) -> None:
    def together(presenter: Presenter, review: Any, waiting: Any) -> Any:
        others, _unseen = of_all(presenter, review, waiting)
        return others, 0

    of_all = Presenter._together
    patch.setattr(Presenter, "_together", together)


def with_folded_commands_accepted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CardForm, "_seen_first", lambda _self, offer: offer)


def without_notice_of_changes(patch: pytest.MonkeyPatch) -> None:
    def changed(guard: g.Guard, _at: int, decisions: Any) -> None:
        guard._decisions = tuple(decisions)

    patch.setattr(g.Guard, "changed", changed)


def with_enter_as_yes(patch: pytest.MonkeyPatch) -> None:
    other = g.Guard.other_key

    def yes(guard: g.Guard, at: int) -> g.Outcome:
        offered = guard._offered("y") is not None and guard.strip is None
        return guard.key("y", at) if offered else other(guard, at)

    patch.setattr(g.Guard, "other_key", yes)
    patch.setattr(g.Guard, "pasted", other)
    patch.setattr(g.Guard, "clicked", other)


def with_pastes_as_keys(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(g.Guard, "pasted", lambda guard, at: guard.key("y", at))


def without_binding(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("state.engine.answering.refuse", lambda _pending, _command: None)


def with_cards_that_take_the_focus(patch: pytest.MonkeyPatch) -> None:
    take = FleetScreen.take

    def opening(screen: FleetScreen, step: Published) -> None:
        take(screen, step)
        for event in step.events:
            if isinstance(event, ReviewAsked):
                screen.show_review(event.review.key)
                screen.go_to(2)

    patch.setattr(FleetScreen, "take", opening)


FOUND_BY: dict[Mutate, int] = {
    without_arming: 0,
    without_silence_before: 1,
    without_anybody_who_listens: 110,
    without_a_rest_after_other_words: 4,
    without_silence_after: 0,
    without_a_look_at_the_armed_card: 7,
    without_a_look_at_the_answers: 7,
    without_the_second_press: 0,
    without_a_rest_for_the_strip: 36,
    without_a_rest_for_another_rule: 32,
    without_a_place_for_words: 40,
    without_a_look_at_each: 10,
    with_folded_commands_accepted: 25,
    without_notice_of_changes: 7,
    with_enter_as_yes: 1,
    with_pastes_as_keys: 6,
    without_binding: 2,
    with_cards_that_take_the_focus: 0,
}
"""A session that is known to find it. When the sessions are drawn otherwise, all are
searched again, and the seed that is found is to be written down here."""


@pytest.mark.parametrize("mutate", FOUND_BY, ids=lambda mutate: mutate.__name__)
def test_without_a_rule_a_theft_is_found(
    mutate: Mutate, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With a card that takes the focus the user is disturbed before he is robbed.
    focus = mutate is with_cards_that_take_the_focus
    mutate(monkeypatch)
    with pytest.raises((Theft, Disturbed) if focus else Theft):
        for seed in (FOUND_BY[mutate], *SEARCHED):
            session(seed, near=True, quick=True)
