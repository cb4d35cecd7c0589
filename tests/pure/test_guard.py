"""The arming guard: no letter is a decision unless every rule of it holds.

The oracle looks at the session from outside: a plain list of (time, input), and
states each rule on its own. It knows nothing of the guard's inside.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from state.guard import (
    CLOSED,
    LATE_MS,
    NOT_ARMED,
    TOO_FAST,
    Decide,
    Guard,
    Ignored,
    OpenStrip,
    Outcome,
    Pending,
    StripClosed,
)
from state.model import Decision
from tests.soaking import seeds

ONCE = Decision("y", "Yes, just this once", '{"decision":"accept"}')
PREFIX = Decision("p", "Yes, and don't ask again", '{"p":1}', broad=True, detail="all")
WIDER = Decision("p", "Yes, and don't ask again", '{"p":2}', broad=True, detail="more")
NO = Decision("d", "No", '{"decision":"decline"}')
DIGIT = Decision("1", "never by a digit", "{}")
OFFERED = (ONCE, PREFIX, NO, DIGIT)


def armed_guard() -> Guard:
    guard = Guard(OFFERED)
    guard.focused(0, by_user=True)
    guard.drawn(1)
    guard.drawn(501, armed=True)
    return guard


# -- one by one ------------------------------------------------------------------


def test_a_letter_decides_after_its_silence() -> None:
    guard = armed_guard()
    assert guard.key("y", 502) == Pending(ONCE, 553)
    assert guard.tick(552) == Ignored()
    assert guard.tick(553) == Decide(ONCE)
    assert guard.tick(900) == Ignored()
    assert guard.key("y", 2000) == Ignored(NOT_ARMED), "decided: not armed any more"


def test_half_a_second_of_rest_is_needed() -> None:
    guard = Guard(OFFERED)
    guard.focused(0, by_user=True)
    guard.drawn(1)
    assert not guard.armed(500)
    assert guard.key("y", 500) == Ignored(NOT_ARMED)
    guard.drawn(998, armed=True)
    assert guard.key("y", 999) == Ignored(NOT_ARMED), "a swallowed key starts anew"
    guard.drawn(1499, armed=True)
    assert isinstance(guard.key("y", 1500), Pending)


def test_a_letter_counts_once_the_card_was_drawn_as_armed() -> None:
    guard = Guard(OFFERED)
    guard.focused(0, by_user=True)
    guard.drawn(1)
    # The program stood still; what was typed meanwhile is read now.
    assert guard.armed(9000)
    assert guard.key("y", 9000) == Ignored(NOT_ARMED)
    guard.drawn(9500)
    assert guard.key("y", 9600) == Ignored(NOT_ARMED), "drawn, but not as armed"
    guard.drawn(10_101, armed=True)
    assert guard.key("y", 10_100) == Ignored(NOT_ARMED), "pressed before"
    guard.drawn(10_601, armed=True)
    assert isinstance(guard.key("y", 10_602), Pending)


def test_a_program_that_stood_still_reads_before_it_believes_what_it_draws() -> None:
    guard = Guard(OFFERED)
    guard.focused(0, by_user=True)
    guard.drawn(1)
    guard.drawn(3000, armed=True)
    assert guard.key("y", 3050) == Ignored(NOT_ARMED), "typed while it stood"
    guard.drawn(4000, armed=True)
    assert isinstance(guard.key("y", 4051), Pending)


def test_a_strip_counts_once_it_was_drawn_as_armed() -> None:
    guard = open_strip()
    guard.drawn(1060)
    assert guard.key("p", 9000) == Ignored(NOT_ARMED)
    guard.drawn(9501, armed=True)
    assert isinstance(guard.key("p", 9502), Pending)


def test_a_silence_that_nobody_listened_to_begins_anew() -> None:
    guard = armed_guard()
    guard.key("y", 600)
    assert guard.tick(5000) == Ignored(), "it stood still: a key may be on its way"
    guard.other_key(5001)
    assert guard.tick(5100) == Ignored(), "it was"
    guard.key("y", 6000)
    assert guard.tick(8000) == Ignored()
    assert guard.tick(8050) == Ignored()
    assert guard.tick(8200) == Decide(ONCE), "late twice: a slow machine"


@pytest.mark.parametrize("gap", [0, 1, 30, 50])
def test_a_key_right_before_or_after_takes_it_back(gap: int) -> None:
    guard = armed_guard()
    assert isinstance(guard.other_key(600), Ignored)
    assert guard.key("y", 600 + gap) == Ignored(TOO_FAST)
    guard = armed_guard()
    assert isinstance(guard.key("y", 600), Pending)
    guard.other_key(600 + gap)
    assert guard.tick(2000) == Ignored()
    guard = armed_guard()
    guard.key("y", 600)
    guard.key("y", 600 + gap)
    assert guard.tick(2000) == Ignored(), "a held key is other keys"


def test_what_is_asked_changed_while_the_press_was_waiting() -> None:
    guard = armed_guard()
    guard.key("y", 600)
    guard.changed(620, (ONCE,))
    assert guard.tick(700) == Ignored()
    assert guard.key("y", 1200) == Ignored(NOT_ARMED), "not drawn since"
    guard.drawn(1300)
    guard.drawn(1799, armed=True)
    assert guard.key("y", 1799) == Ignored(NOT_ARMED)


def test_drawing_again_does_not_disarm() -> None:
    guard = armed_guard()
    for at in range(100, 3000, 100):
        guard.drawn(at)
    assert guard.armed(3000)


@pytest.mark.parametrize("key", ["enter", "1", "escape", "tab", " ", "", "yy", "x"])
def test_other_keys_never_decide(key: str) -> None:
    guard = armed_guard()
    assert isinstance(guard.key(key, 1000), Ignored)
    assert guard.tick(5000) == Ignored()


def test_a_card_that_came_by_itself_is_not_armed() -> None:
    guard = Guard(OFFERED)
    guard.focused(0, by_user=False)
    guard.drawn(1)
    assert guard.key("y", 10_000) == Ignored(NOT_ARMED)
    assert guard.arms_at() is None


def test_paste_and_mouse_never_decide_and_take_back() -> None:
    for act in ("pasted", "clicked"):
        guard = armed_guard()
        guard.key("y", 1000)
        getattr(guard, act)(1020)
        assert guard.tick(2000) == Ignored()


def open_strip() -> Guard:
    guard = armed_guard()
    assert isinstance(guard.key("p", 1000), Pending)
    assert guard.tick(1051) == OpenStrip(PREFIX)
    assert guard.strip is PREFIX
    return guard


def test_a_broad_answer_needs_its_strip_on_screen_and_the_letter_again() -> None:
    guard = open_strip()
    assert guard.key("p", 1700) == Ignored(NOT_ARMED), "the strip was not drawn"
    guard.drawn(1750)
    guard.drawn(2249, armed=True)
    assert guard.key("p", 2249) == Ignored(NOT_ARMED)
    guard.drawn(2749, armed=True)
    assert guard.key("p", 2750) == Pending(PREFIX, 2801)
    assert guard.tick(2801) == Decide(PREFIX)


def test_a_slowly_repeating_held_key_never_grants() -> None:
    guard = open_strip()
    guard.drawn(1052)
    outcomes = []
    for at in range(1400, 9000, 120):
        guard.drawn(at, armed=guard.strip_armed(at))
        outcomes += [guard.tick(at), guard.key("p", at)]
    assert not any(isinstance(o, Decide) for o in outcomes)


def test_another_rule_in_the_strip_has_to_be_read_anew() -> None:
    guard = open_strip()
    guard.drawn(1052)
    guard.drawn(1560, armed=True)
    assert guard.adjusted(2000, (ONCE, WIDER, NO)) == Ignored()
    assert guard.strip is WIDER
    assert guard.key("p", 2300) == Ignored(NOT_ARMED), "it was not drawn"
    guard.drawn(2350)
    guard.drawn(2849, armed=True)
    assert guard.key("p", 2849) == Ignored(NOT_ARMED)
    guard.drawn(3349, armed=True)
    assert guard.key("p", 3350) == Pending(WIDER, 3401)
    assert guard.tick(3401) == Decide(WIDER)
    assert armed_guard().adjusted(2000, (ONCE,)) == StripClosed(CLOSED), "no strip"


def test_a_card_whose_rule_was_changed_is_read_anew_after_its_strip() -> None:
    """The row of the rule says another thing now; no is no answer to that yet."""
    guard = open_strip()
    guard.drawn(1052)
    guard.drawn(1560, armed=True)
    guard.adjusted(2000, (ONCE, WIDER, NO))
    guard.drawn(2010)
    assert guard.key("j", 2200) == StripClosed(CLOSED)
    guard.drawn(2210, armed=guard.armed(2210))
    assert guard.key("d", 2400) == Ignored(NOT_ARMED)
    guard.drawn(2910, armed=guard.armed(2910))
    assert guard.key("d", 2920) == Pending(NO, 2971)


@pytest.mark.parametrize("key", ["y", "d", "x", "enter", "escape", "j"])
def test_any_other_key_closes_the_strip_and_does_nothing_else(key: str) -> None:
    guard = open_strip()
    guard.drawn(1052)
    assert guard.key(key, 2000) == StripClosed(CLOSED)
    assert guard.strip is None
    assert guard.tick(5000) == Ignored()
    guard.drawn(5000, armed=True)
    assert isinstance(guard.key("y", 5051), Pending), "and the card is armed still"


# -- random sessions -------------------------------------------------------------


@dataclass
class Session:
    """What happened to a card, written down from outside, and what came of it."""

    guard: Guard
    now: int = 0
    offered: tuple[Decision, ...] = OFFERED
    focus: int | None = None
    change: int = 0
    drawn: int | None = None
    inputs: list[int] = field(default_factory=list)
    letters: list[tuple[int, str]] = field(default_factory=list)
    strip: tuple[Decision, int] | None = None
    strip_drawn: int | None = None
    draws: list[int] = field(default_factory=list)
    thefts: list[str] = field(default_factory=list)
    decided: int = 0

    def step(self, act: str, wait: int) -> None:
        """One input, `wait` ms after the one before; what is due comes first."""
        if act.startswith("stop "):
            return self.stop(act.removeprefix("stop "), wait)
        self.passes(self.now + wait)
        self.now += wait
        match act:
            case "focus" | "arrive":
                self.focus = self.now if act == "focus" else None
                self.guard.focused(self.now, by_user=act == "focus")
                self.forget()
            case "blur":
                self.focus = None
                self.guard.blurred()
                self.forget()
            case "change":
                self.change, self.drawn = self.now, None
                self.guard.changed(self.now, self.offered)
                self.forget()
            case "draw":
                self.draw(self.now)
            case "cut":
                # Another rule of the same letter, chosen in its strip.
                self.offered = (WIDER if PREFIX in self.offered else PREFIX, ONCE, NO)
                outcome = self.guard.adjusted(self.now, self.offered)
                self.inputs.append(self.now)
                if isinstance(outcome, StripClosed) or self.strip is None:
                    self.forget()
                else:
                    self.strip = (self.offered[0], self.now)
                    self.strip_drawn = None
            case "paste":
                self.input(self.guard.pasted(self.now))
            case "click":
                self.input(self.guard.clicked(self.now))
            case _:
                if len(act) == 1:
                    self.letters.append((self.now, act))
                self.input(self.guard.key(act, self.now))
        return None

    def stop(self, letter: str, wait: int) -> None:
        """The program stands still for `wait` ms. What is typed meanwhile is read
        when it goes on, after all that was due. (How near it was to a key that had
        come to nothing is then known to nobody: it is not near.)"""
        pending = self.guard.pending
        pressed = self.now + min(wait, 60 if pending is None else 30)
        self.now += wait
        self.inputs.append(pressed)
        if pending is not None and pending.deadline + LATE_MS < self.now:
            self.ticked(self.guard.tick(self.now), self.now)
        self.letters.append((pressed, letter))
        if self.drawn is not None:
            self.draw(self.now)
        outcome = self.guard.key(letter, self.now)
        if isinstance(outcome, StripClosed):
            self.forget()

    def draw(self, at: int) -> None:
        self.drawn = at if self.drawn is None else self.drawn
        if self.strip and self.strip_drawn is None:
            self.strip_drawn = at
        self.draws.append(at)
        guard = self.guard
        live = guard.armed(at) if guard.strip is None else guard.strip_armed(at)
        guard.drawn(at, armed=live)

    def passes(self, until: int) -> None:
        """A card that is drawn is drawn again when it arms."""
        arms = self.guard.arms_at()
        if arms is not None and self.drawn is not None:
            at = arms + FRAME
            if self.now <= at <= until and (not self.strip or self.strip_drawn):
                self.tick(at)
                self.draw(at)
        self.tick(until)

    def input(self, outcome: Outcome) -> None:
        self.inputs.append(self.now)
        if isinstance(outcome, Decide | OpenStrip):
            self.thefts.append("a press was answered at once")
        if isinstance(outcome, StripClosed):
            self.forget()

    def forget(self) -> None:
        self.strip = self.strip_drawn = None

    def tick(self, until: int) -> None:
        pending = self.guard.pending
        if pending is None:
            return
        for at in (pending.deadline - 1, pending.deadline):
            if at <= until:
                self.ticked(self.guard.tick(at), at)

    def ticked(self, outcome: Outcome, at: int) -> None:
        if isinstance(outcome, OpenStrip):
            self.check(outcome.decision, at)
            self.strip, self.strip_drawn = (outcome.decision, at), None
        elif isinstance(outcome, Decide):
            self.check(outcome.decision, at)
            self.check_strip(outcome.decision)
            self.decided += 1
            self.focus = None
            self.forget()

    def check(self, decision: Decision, at: int) -> None:
        steal = self.thefts.append
        pressed = [t for t, letter in self.letters if letter == decision.letter]
        if not pressed or not decision.letter.isalpha():
            return steal("no such letter was pressed")
        press = pressed[-1]
        if self.focus is None or press - self.focus < 500:
            steal("not focused by the user for half a second")
        if press - self.change < 500:
            steal("what is asked changed less than half a second ago")
        if self.drawn is None or self.drawn > press:
            steal("was not on screen")
        elif not self.seen(press, max(self.focus or 0, self.change)):
            steal("was not on screen as armed")
        near = [t for t in self.inputs if abs(t - press) <= 50]
        if len(near) != 1 or at - press <= 50:
            steal("another key within 50 ms")
        return None

    def check_strip(self, decision: Decision) -> None:
        if not decision.broad:
            return
        press = self.letters[-1][0]
        if self.strip is None or self.strip[0] != decision:
            self.thefts.append("broad, without its strip")
        elif decision not in self.offered:
            self.thefts.append("not what the strip says")
        elif self.strip_drawn is None or press - self.strip_drawn < 500:
            self.thefts.append("broad, its strip not read")
        elif not self.seen(press, self.strip_drawn):
            self.thefts.append("broad, its strip not on screen as armed")

    def seen(self, press: int, since: int) -> bool:
        """Drawn after its half second, before the press."""
        return any(since + 500 <= at <= press for at in self.draws)


LETTERS = ["y", "p", "p", "d", "1", "x", "enter", "escape"]
AROUND = [
    "paste",
    "click",
    "cut",
    "focus",
    "arrive",
    "blur",
    "change",
    "draw",
    "draw",
    "draw",
]
STOPS = ["stop y", "stop p", "stop x"]
ACTS = (*LETTERS, *AROUND, *STOPS)
FRAME = 26
"""How long after it armed a card is drawn so, ms."""
WAITS = (0, 1, 20, 49, 50, 51, 52, 120, 400, 499, 500, 501, 560, 2000)
OPENED = [("p", 540), ("draw", 60)]
SEEDS = seeds(usual=4_000, soaking=50_000)
Acts = list[tuple[str, int]]


def acts_of(seed: int) -> Acts:
    """A random session. Half of them begin with an opened strip: chance seldom comes
    that far."""
    chance = random.Random(seed)
    some = [
        (chance.choice(ACTS), chance.choice(WAITS))
        for _ in range(chance.randrange(3, 41))
    ]
    return [*OPENED, *some] if seed % 2 else some


def play(guard: Guard, acts: list[tuple[str, int]]) -> Session:
    session = Session(guard)
    session.step("focus", 0)
    session.step("draw", 1)
    for act, wait in acts:
        session.step(act, wait)
    session.step("blur", 5000)
    return session


def shortest(kind: type[Guard], acts: Acts) -> Acts:
    """What of a theft is needed for it."""
    at = 0
    while at < len(acts):
        fewer = acts[:at] + acts[at + 1 :]
        if play(kind(OFFERED), fewer).thefts:
            acts = fewer
        else:
            at += 1
    return acts


def hunt(kind: type[Guard]) -> int:
    """Play 4,000 (soaking: 50,000) random sessions; an AssertionError names a theft.
    How many decisions there were."""
    decided = 0
    for seed in SEEDS:
        acts = acts_of(seed)
        session = play(kind(OFFERED), acts)
        decided += session.decided
        if session.thefts:
            raise AssertionError(
                f"seed {seed}: {session.thefts} by {shortest(kind, acts)}"
            )
    return decided


def test_no_random_session_steals_a_decision() -> None:
    decided = hunt(Guard)
    print(f"seeds {SEEDS.start} to {SEEDS.stop - 1}: {decided} decisions, no theft")
    assert decided > len(SEEDS) // 10, "the sessions are idle"


def test_random_sessions_do_decide() -> None:
    guard = Guard(OFFERED)
    session = Session(guard)
    for act, wait in [("focus", 0), ("draw", 1), ("y", 540), ("blur", 60)]:
        session.step(act, wait)
    assert session.focus is None
    assert not session.thefts


class NeverRests(Guard):
    def _rested(self, since: int | None, at: int) -> bool:
        return self._focused and since is not None


class NoFocus(Guard):
    def focused(self, at: int, *, by_user: bool) -> None:
        super().focused(at, by_user=True)


class KeepsFocus(Guard):
    def blurred(self) -> None:
        self._pending = None


class Undrawn(Guard):
    def armed(self, at: int) -> bool:
        return self._rested(self._rest_ms, at)

    def _seen(self, at: int) -> bool:
        return True

    def tick(self, at: int) -> Outcome:
        self._drawn = True
        return super().tick(at)


class Unseen(Guard):
    def _seen(self, at: int) -> bool:
        return True


class SeenAtOnce(Guard):
    def drawn(self, at: int, *, armed: bool = False) -> None:
        seen = self._seen_ms
        super().drawn(at, armed=armed)
        if seen is None and self._seen_ms is not None:
            self._seen_ms = at - 1


class StripUnseen(Guard):
    def _seen(self, at: int) -> bool:
        return self._strip is not None or super()._seen(at)


class Punctual(Guard):
    """Whenever it is told the time, it is that time."""

    def tick(self, at: int) -> Outcome:
        pending = self.pending
        return super().tick(at if pending is None else min(at, pending.deadline))


class Hasty(Guard):
    def _quiet(self, at: int) -> bool:
        return True


class Deaf(Guard):
    def _touch(self, at: int) -> None:
        self._key_ms = at


class BlindToChange(Guard):
    def changed(self, at: int, decisions: object) -> None:
        return


class NoStrip(Guard):
    def _offered(self, letter: str) -> Decision | None:
        found = super()._offered(letter)
        if found is None:
            return None
        return Decision(found.letter, found.label, found.result, broad=False)

    def tick(self, at: int) -> Outcome:
        outcome = super().tick(at)
        return Decide(PREFIX) if outcome == Decide(self._plain()) else outcome

    @staticmethod
    def _plain() -> Decision:
        return Decision(PREFIX.letter, PREFIX.label, PREFIX.result, broad=False)


class StripAtOnce(Guard):
    def strip_armed(self, at: int) -> bool:
        return True


class KeepsRestWhenCut(Guard):
    def adjusted(self, at: int, decisions: Sequence[Decision]) -> Outcome:
        rest, kept = self._rest_ms, (self._strip_ms, self._strip_drawn, self._seen_ms)
        outcome = super().adjusted(at, decisions)
        if self._strip is not None:
            self._rest_ms = rest
            self._strip_ms, self._strip_drawn, self._seen_ms = kept
        return outcome


class GrantsWhatStoodThere(Guard):
    def adjusted(self, at: int, decisions: Sequence[Decision]) -> Outcome:
        before = self._decisions
        outcome = super().adjusted(at, decisions)
        self._decisions = before
        return outcome


class StripStays(Guard):
    def other_key(self, at: int) -> Outcome:
        strip, since, drawn = self._strip, self._strip_ms, self._strip_drawn
        outcome = super().other_key(at)
        self._strip, self._strip_ms, self._strip_drawn = strip, since, drawn
        return outcome


class Digits(Guard):
    def _offered(self, letter: str) -> Decision | None:
        return next((d for d in self._decisions if d.letter == letter), None)


MUTANTS = [
    NeverRests,
    NoFocus,
    KeepsFocus,
    Undrawn,
    Unseen,
    SeenAtOnce,
    StripUnseen,
    Punctual,
    Hasty,
    Deaf,
    BlindToChange,
    NoStrip,
    StripAtOnce,
    KeepsRestWhenCut,
    GrantsWhatStoodThere,
    StripStays,
    Digits,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda kind: kind.__name__)
def test_with_any_rule_removed_a_theft_is_found(mutant: type[Guard]) -> None:
    with pytest.raises(AssertionError, match="seed"):
        hunt(mutant)
