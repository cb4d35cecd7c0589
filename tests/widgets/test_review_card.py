"""The review card: what it shows, and that only an armed letter decides.

The oracle is what leaves the widget: the Decide intents that reach the app. Time is
the test's own; the keys are real key events.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from state.diff import DiffLine
from state.forms import FieldKind
from state.items import ThreadId
from state.model import Decision, Review, ReviewKey, ReviewKind
from state.text import reveal
from state.views import Bit, FieldView, FileView, OptionView, ReviewCardView, Tone
from tests.widgets.host import HOSTILE, NOW, Host, assert_harmless, drawn, play
from widgets.card_body import CardBody
from widgets.glyphs import Look
from widgets.intents import Decide, LeaveCard, OpenSource, Say, StepReview
from widgets.review_card import ReviewCard

ONCE = Decision("y", "Yes, just this once", '{"decision":"accept"}')
PREFIX = Decision(
    "p", "Yes, and don't ask again for cargo", "{}", True, "Whatever starts so."
)
NO = Decision("d", "No, continue without running it", '{"decision":"decline"}')
ALL = (ONCE, PREFIX, NO)


def review(number: int = 1, **more: Any) -> Review:
    return Review(
        ReviewKey("epoch", number),
        1,
        "item/commandExecution/requestApproval",
        ReviewKind.COMMAND,
        ThreadId("t1"),
        None,
        None,
        None,
        "{}",
        f"hash{number}",
        NOW - 120_000,
        decisions=ALL,
        **more,
    )


def card(number: int = 1, **changes: Any) -> ReviewCardView:
    view = ReviewCardView(
        review(number),
        number,
        3,
        "Would you like to run the following command?",
        (("agent", "/root/tester · fix it"), ("in", "~/src"), ("why", "It needs it.")),
        reveal("cargo update -p criterion"),
        (("writes", "anywhere", "~/src, /tmp"), ("network", "on", "off")),
        (Bit("It would run "), Bit("without the sandbox", Tone.NEED, bold=True)),
        (),
        ALL,
    )
    return dataclasses.replace(view, **changes)


class Clock:
    """The test's time, for messages and for now."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self, _: object) -> int:
        return self.ms


class Table:
    """A card on a host, its clock, and hands."""

    def __init__(self) -> None:
        self.clock = Clock()

    def build(self) -> list[Widget]:
        return [Input(id="elsewhere"), ReviewCard(clock=self.clock)]

    async def start(self, app: Host, pilot: Pilot[None], **changes: Any) -> ReviewCard:
        self.pilot = pilot
        self.card = app.query_one(ReviewCard)
        self.card.view = card(**changes)
        self.card.set_clock(NOW)
        app.query_one(Input).focus()
        await pilot.pause()
        return self.card

    async def focus(self) -> None:
        self.card.focus()
        await self.pilot.pause()

    async def after(self, ms: int) -> None:
        """Time passes; what is due happens in time, what is dirty is drawn."""
        until = self.clock.ms + ms
        while self.clock.ms < until:
            due = self.card.body.guard.listens_at() or until
            self.clock.ms = min(until, self.clock.ms + 25, max(due, self.clock.ms + 1))
            self.card.body.tick()
            arms = self.card.body.guard.arms_at()
            if arms is not None and arms <= self.clock.ms < arms + 25:
                self.card.body.relayout()
                await self.pilot.pause()
        self.card.body.relayout()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)


def test_a_letter_in_an_armed_card_decides_the_very_review() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        assert not found.has_class("-armed")
        await table.focus()
        await table.after(600)
        assert found.has_class("-armed")
        assert "armed: letters decide" in drawn(found.edges[0])[0]
        await table.press("y")
        assert not app.of(Decide), "not before its silence"
        await table.after(62)

    app = play(table.build, act, (100, 40))
    (decided,) = app.of(Decide)
    assert decided.decision is ONCE
    assert decided.review.key == ReviewKey("epoch", 1)


def test_a_key_that_follows_takes_it_back() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        await table.start(app, pilot)
        await table.focus()
        await table.after(600)
        await table.press("y")
        table.clock.ms += 20
        await table.press("x")
        await table.after(500)

    assert not play(table.build, act, (100, 40)).of(Decide)


def test_an_unarmed_card_swallows_keys_with_a_word() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        await table.start(app, pilot)
        await table.focus()
        await table.after(100)
        await table.press("y")
        await table.after(100)

    app = play(table.build, act, (100, 40))
    assert not app.of(Decide)
    (said,) = app.of(Say)
    assert said.text == "y did not count: not armed yet · press it again"


@pytest.mark.parametrize("width", [100, 60])
def test_a_letter_that_did_not_count_is_seen_to_until_the_next_key(width: int) -> None:
    """Why, and then that it is to be pressed again: for as long as one looks away."""
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        await table.focus()
        await table.after(100)

        def seen(*words: str) -> None:
            edge = drawn(found.edges[0])[0]
            row = next(r for r in drawn(found.body) if "Yes, just" in r)
            assert all(word in edge for word in words), edge
            assert width < 100 or words[-1] in row, row

        await table.press("y")
        await table.after(50)
        seen("y did", "did not count: not armed yet")
        await table.after(600)
        assert found.has_class("-armed")
        seen("armed: ", "press y again")
        await table.after(60_000)
        seen("armed: ", "press y again")
        await table.press("down")
        await table.after(100)
        assert "armed: letters decide" in drawn(found.edges[0])[0]
        table.clock.ms += 20
        await table.press("down", "d")
        await table.after(100)
        assert "armed: press d again" in drawn(found.edges[0])[0]
        await table.press("Y")
        await table.after(100)
        assert "y did not count: a capital" in drawn(found.edges[0])[0]
        await table.after(600)
        await table.press("y")
        table.clock.ms += 20
        found.view = card(facts=(("in", "/elsewhere"),))
        await pilot.pause()
        edge = drawn(found.edges[0])[0]
        assert "y did not count: what is asked changed" in edge
        assert not app.of(Decide)
        await table.after(600)
        seen("armed: ", "press y again")
        found.view = card(2)
        await pilot.pause()
        assert "did not count" not in drawn(found.edges[0])[0]

    play(table.build, act, (width, 40))


def test_a_card_that_is_slow_to_draw_says_armed_no_sooner_than_it_is() -> None:
    """What it says is drawn while time goes on: for every pace of the machine, the
    letter that is pressed when the card says armed counts."""
    for slow in range(0, 80, 3):
        _slow(slow)


def _slow(ms: int) -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        body = found.body
        relayout, render = body.relayout, body.render_line

        def slowly() -> None:
            relayout()
            table.clock.ms += ms

        def later(y: int) -> Strip:
            if y == 0:
                table.clock.ms += ms // 3
            return render(y)

        body.relayout = slowly  # type: ignore[method-assign]
        body.render_line = later  # type: ignore[method-assign]
        await table.focus()
        for _ in range(400):
            if "armed: letters decide" in drawn(found.edges[0])[0]:
                break
            table.clock.ms += 10
            await pilot.pause()
        else:
            raise AssertionError(f"never armed, {ms} ms slow")
        table.clock.ms += 60
        await pilot.pause()
        await table.press("y")
        await table.after(400)
        assert len(app.of(Decide)) == 1, f"{ms} ms slow: {app.of(Say)}"

    play(table.build, act, (100, 40))


@pytest.mark.parametrize("other", [False, True])
def test_a_card_that_was_covered_arms_anew_but_no_other_one_in_its_place(
    other: bool,
) -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        await table.focus()
        await table.after(600)
        found.body.covered()
        await table.after(600)
        assert not found.has_class("-armed")
        if other:
            found.view = card(2)
        found.body.uncovered()
        await table.after(300)
        await table.press("y")
        await table.after(600)
        assert found.has_class("-armed") is not other
        await table.press("y")
        await table.after(100)

    assert len(play(table.build, act, (100, 40)).of(Decide)) == (not other)


@pytest.mark.parametrize("key", ["enter", "1", "space", "q", "A", "Y"])
def test_other_keys_never_decide(key: str) -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        await table.start(app, pilot)
        await table.focus()
        await table.after(600)
        await table.press(key)
        await table.after(600)

    app = play(table.build, act, (100, 40))
    assert not app.of(Decide)
    assert not app.of(LeaveCard)


def test_esc_leaves_j_k_step_o_opens_the_source() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        await table.start(app, pilot)
        await table.focus()
        await table.press("o", "j", "k", "escape")
        await table.after(600)

    app = play(table.build, act, (100, 40))
    assert len(app.of(LeaveCard)) == 1
    assert [s.step for s in app.of(StepReview)] == [1, -1]
    assert [s.thread_id for s in app.of(OpenSource)] == ["t1"]
    assert not app.of(Decide)


def test_focus_that_the_user_did_not_ask_for_does_not_arm() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        await app.query_one(Input).remove()
        await pilot.pause()
        assert isinstance(app.focused, CardBody), "Textual moved the focus by itself"
        await table.after(5000)
        await table.press("y")
        await table.after(600)
        assert not app.of(Decide)
        await pilot.click(found.body, offset=(5, 5))
        await table.after(600)
        await table.press("y")
        await table.after(62)

    assert len(play(table.build, act, (100, 40)).of(Decide)) == 1


def test_another_question_under_the_finger_disarms() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        await table.focus()
        await table.after(600)
        found.view = card(command=reveal("rm -rf ~"))
        await table.press("y")
        await table.after(100)
        found.view = card(2)
        await table.after(5000)
        await table.press("y")
        await table.after(100)

    assert not play(table.build, act, (100, 40)).of(Decide)


def test_clocks_do_not_disarm() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        await table.focus()
        for second in range(1, 4):
            found.set_clock(NOW + second * 60_000)
            found.view = card()
            await table.after(200)
        assert "asked 5m ago" in "\n".join(drawn(found.body))
        assert found.has_class("-armed")

    play(table.build, act, (100, 40))


def test_a_broad_answer_opens_its_strip_and_takes_the_letter_again() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        await table.focus()
        await table.after(600)
        await table.press("p")
        await table.after(62)
        text = "\n".join(drawn(found.body))
        assert "Whatever starts so." in text
        assert "p again to grant it" in text
        assert not app.of(Decide)
        await table.after(600)
        await table.press("y")
        await table.after(600)
        assert "p again" not in "\n".join(drawn(found.body))
        assert not app.of(Decide), "the strip was closed and nothing else"
        await table.press("p")
        await table.after(62)
        await table.after(600)
        await table.press("p")
        await table.after(62)

    app = play(table.build, act, (100, 40))
    assert [d.decision for d in app.of(Decide)] == [PREFIX]


def test_pastes_never_decide() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        await table.focus()
        await table.after(600)
        found.body.post_message(events.Paste("y"))
        await pilot.pause()
        await table.after(600)

    assert not play(table.build, act, (100, 40)).of(Decide)


def test_an_answered_review_takes_no_letter() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot, state="Answered by another client.")
        await table.focus()
        await table.after(600)
        await table.press("y")
        await table.after(100)
        text = "\n".join(drawn(found.body))
        assert "Answered by another client." in text
        assert "just this once" not in text

    assert not play(table.build, act, (100, 40)).of(Decide)


def wild(seed: int, table: Table) -> tuple[list[int], int]:
    """Random hands: the times of presses that decided though no rule allowed it, and
    how many decided at all. The oracle keeps its own record."""
    chance = random.Random(seed)
    thefts: list[int] = []
    record: dict[str, int] = {"focus": -1, "change": 0, "key": -1000}

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        number = 1
        for _ in range(45):
            seen = len(app.of(Decide))
            step = chance.choice(["key", "key", "key", "wait", "focus", "new", "away"])
            now = table.clock.ms
            match step:
                case "key":
                    key = chance.choice(["y", "p", "d", "enter", "x"])
                    await table.press(key)
                    ok = record["focus"] >= 0 and now - record["focus"] >= 500
                    ok = ok and now - record["change"] >= 500
                    record["ok"] = int(ok and now - record["key"] > 50)
                    record["key"] = now
                case "wait":
                    pass
                case "focus":
                    if record["focus"] < 0:
                        record["focus"] = now
                    await table.focus()
                case "new":
                    number += 1
                    found.view = card(number)
                    record["change"] = now
                    record["ok"] = 0
                case _:
                    app.query_one(Input).focus()
                    await pilot.pause()
                    record["focus"] = -1
                    record["ok"] = 0
            await table.after(chance.choice([0, 30, 51, 200, 520]))
            if len(app.of(Decide)) > seen and not record.get("ok"):
                thefts.append(now)

    app = play(table.build, act, (100, 40))
    return thefts, len(app.of(Decide))


def test_random_hands_steal_nothing() -> None:
    decided = 0
    for seed in range(2):
        thefts, count = wild(seed, Table())
        assert not thefts
        decided += count
    assert decided, "some of it were decisions that stood"


def test_with_arming_switched_off_a_theft_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("state.guard.ARM_MS", 0)
    assert any(wild(seed, Table())[0] for seed in range(3))


DIFF = FileView(
    "Wants to edit",
    reveal("src/cache.rs"),
    1,
    1,
    (DiffLine("-", 1, "old [/foo]"), DiffLine("+", 1, "new\x1b[31m")),
)


@pytest.mark.parametrize("size", [(160, 50), (120, 40), (80, 24), (44, 16), (30, 9)])
@pytest.mark.parametrize("text", HOSTILE[:6], ids=range(6))
def test_hostile_reviews_are_drawn_as_text(text: str, size: tuple[int, int]) -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(
            app,
            pilot,
            question=text,
            facts=(("agent", text), ("in", text), ("why", text)),
            command=reveal(text * 3, multiline=True),
            runs=((text[:8], text, text),),
            warnings=(text,),
            files=(DIFF,),
            decisions=(ONCE, Decision("p", text, "{}", True, text)),
        )
        assert_harmless(found.body)
        await table.focus()
        await table.after(600)
        await table.press("p")
        await table.after(62)
        assert_harmless(found.body)
        for edge in found.edges:
            assert_harmless(edge)

    play(table.build, act, size)


def test_the_command_is_whole() -> None:
    table = Table()
    command = "cargo " + " ".join(f"--option-{n}=value{n}" for n in range(60)) + " END"

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot, command=reveal(command))
        lines = [strip.text for strip in found.body._lines.strips]
        first = next(i for i, text in enumerate(lines) if "$ cargo" in text)
        last = next(i for i, text in enumerate(lines) if text.rstrip().endswith("END"))
        block = [text[6:-4] for text in lines[first : last + 1]]
        room = max(len(text.rstrip()) for text in block)
        assert "".join(text[:room] for text in block).rstrip() == command
        assert "…" not in "".join(block)

    play(table.build, act, (80, 24))


def test_no_boxes_in_plain_mode() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        text = "\n".join([*drawn(found.body), *drawn(found.edges[0])])
        assert not set(text) & set("│┃─━╭┏▌▲")
        assert "not armed" in text

    play(table.build, act, look=Look(plain=True))


def test_the_border_says_when_answers_stand_below() -> None:
    """Whoever does not see the letters must not think there are none."""
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        long = reveal("\n".join(f"echo {n}" for n in range(30)), multiline=True)
        found = await table.start(app, pilot, command=long)
        await table.focus()
        assert "end answers below" in drawn(found.edges[1])[0]
        await table.press("end")
        await pilot.pause()
        assert "answers below" not in drawn(found.edges[1])[0]

    play(table.build, act, (80, 26))


@pytest.mark.parametrize("letter", ["y", "p"])
def test_a_letter_out_of_sight_shows_its_answer_and_does_not_count(letter: str) -> None:
    """And nothing says that letters decide while none of them would."""
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        long = reveal("\n".join(f"echo {n}" for n in range(30)), multiline=True)
        found = await table.start(app, pilot, command=long)
        await table.focus()
        await table.after(1000)
        edge, body = found.edges[0], found.body
        assert "not armed · answers below" in drawn(edge)[0]
        assert not found.has_class("-armed")
        await table.press(letter)
        await table.after(100)
        assert not app.of(Decide)
        assert "again to grant it" not in "".join(drawn(body))
        assert f"{letter} did not count: its answer was out" in drawn(edge)[0]
        assert "No, continue" in "".join(drawn(body))
        await table.after(300)
        await table.press(letter)
        await table.after(100)
        assert not app.of(Decide), "it has to be read first"
        await table.after(600)
        assert f"press {letter} again" in drawn(edge)[0]
        await table.press(letter)
        await table.after(100)
        if letter == "p":
            await table.after(600)
            assert not app.of(Decide)
            await table.press(letter)
            await table.after(100)
        assert [d.decision.letter for d in app.of(Decide)] == [letter]

    play(table.build, act, (80, 26))


def test_who_scrolls_to_the_answers_need_not_wait() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        long = reveal("\n".join(f"echo {n}" for n in range(30)), multiline=True)
        found = await table.start(app, pilot, command=long)
        await table.focus()
        await table.after(1000)
        await table.press("end")
        await table.after(100)
        assert "armed: letters decide" in drawn(found.edges[0])[0]
        assert found.has_class("-armed")
        await table.press("home")
        await table.after(100)
        assert not found.has_class("-armed")
        await table.press("end")
        await table.after(100)
        await table.press("d")
        await table.after(100)
        assert len(app.of(Decide)) == 1

    play(table.build, act, (80, 26))


@pytest.mark.parametrize("plain", [False, True])
def test_a_card_takes_less_air_where_that_brings_its_answers_on_screen(
    *, plain: bool
) -> None:
    """And keeps its lines where they are when a strip opens."""
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        heights = {}
        for rows in range(24, 10, -1):
            await pilot.resize_terminal(80, rows)
            await pilot.pause()
            lines = drawn(found.body)
            whole = "No, continue" in "".join(lines)
            heights[rows] = (len(lines), whole)
            words = [line.strip() for line in lines if line.strip()]
            assert words[0].startswith("Would you like")
        assert [whole for _, whole in heights.values()].count(True) >= 8, heights
        await pilot.resize_terminal(80, 17)
        await table.focus()
        await table.after(600)
        before = drawn(found.body)
        await table.press("p")
        await table.after(100)
        after = drawn(found.body)
        assert "again to grant it" in "".join(after)
        assert [line for line in before if "cargo update" in line]
        top = next(n for n, line in enumerate(before) if "agent" in line)
        assert found.body.scroll_offset.y or after[top] == before[top]

    play(table.build, act, (80, 24), look=Look(plain=plain))


def test_down_goes_past_the_last_choice_to_the_answers() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        options = tuple(OptionView(f"o{n}", f"write /opt/{n}") for n in range(20))
        field = FieldView("permissions", FieldKind.MANY, "", options=options)
        found = await table.start(app, pilot, fields=(field,))
        await table.focus()
        assert "end answers below" in drawn(found.edges[1])[0]
        await table.press(*["down"] * 40)
        await pilot.pause()
        assert "answers below" not in drawn(found.edges[1])[0]
        assert "No, continue" in "".join(drawn(found.body))

    play(table.build, act)


def test_what_is_over_is_decided_by_nobody_any_more() -> None:
    table = Table()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = await table.start(app, pilot)
        assert "decides: you" in "".join(drawn(found.body))
        found.view = card(state="Ended by the turn's end.")
        await pilot.pause()
        assert "Ended by the turn's end." in "".join(drawn(found.body))
        assert "decides: you" not in "".join(drawn(found.body))

    play(table.build, act)
