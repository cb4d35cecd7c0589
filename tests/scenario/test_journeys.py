"""A person's ways through the running app, judged at the screen and at the wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.driver import NARROW, NORMAL, WIDE, Driver, Play, Size, drive
from tests.fakes import CWD, FakeEngine, Json, Refused, Silent, turn_row

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

HOSTILE = "[bold]x[/] \x1b[31mred\x1b]0;t\x07 \u202eabc 日本 \x9b2J"
BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
IDLE: Json = {"type": "idle"}


def two(engine: FakeEngine) -> None:
    """One loaded thread, one that sleeps."""
    engine.add("awake", status=dict(IDLE))
    engine.add("asleep")


def run(play: Play, *, size: Size = NORMAL, home: Path | None = None) -> None:
    drive(play, prepare=two, size=size, home=home)


def running(driver: Driver) -> None:
    """A turn runs in the loaded thread."""
    driver.engine.start_turn("thread-awake", "turn-1")


# -- starting ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_the_first_start_is_empty_and_says_what_to_do(size: Size) -> None:
    async def play(driver: Driver) -> None:
        await driver.press("2")
        driver.sees("What should Codex do", "0.169.0")
        assert not {"thread/start", "thread/resume"} & set(driver.engine.methods())

    drive(play, size=size)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
@pytest.mark.parametrize("trusted", [False, True])
def test_writing_starts_a_thread_read_only_unless_the_folder_is_trusted(
    size: Size, trusted: bool
) -> None:
    async def play(driver: Driver) -> None:
        await driver.press("i")
        await driver.type("fix the cache")
        await driver.press("enter")
        (start,) = driver.engine.calls("thread/start")
        assert start["cwd"] == CWD
        assert start.get("sandbox") == (None if trusted else "read-only")
        (turn,) = driver.engine.calls("turn/start")
        assert turn["input"] == [{"type": "text", "text": "fix the cache"}]
        assert turn["threadId"] == driver.open
        assert driver.draft == ""
        assert "config/value/write" not in driver.engine.methods()

    def prepare(engine: FakeEngine) -> None:
        engine.trusted = trusted

    drive(play, size=size, prepare=prepare)


def test_a_thread_that_is_refused_keeps_the_words() -> None:
    async def play(driver: Driver) -> None:
        def refuse(_params: Json) -> Json:
            raise Refused("invalid config")

        driver.engine.replies["thread/start"] = refuse
        await driver.press("i")
        await driver.type("precious")
        await driver.press("enter")
        assert driver.draft == "precious"
        assert driver.engine.calls("turn/start") == []

    drive(play)


def test_the_rows_are_there_before_the_engine_answers(tmp_path: Path) -> None:
    async def first(driver: Driver) -> None:
        driver.sees("awake", "asleep")
        await driver.wait(3000)

    async def second(driver: Driver) -> None:
        driver.sees("awake", "asleep")
        assert driver.engine.methods() == ["initialize"]

    def mute(engine: FakeEngine) -> None:
        def silent(_params: Json) -> Json:
            raise Silent

        engine.replies["initialize"] = silent

    run(first, home=tmp_path)
    drive(second, prepare=mute, home=tmp_path)


# -- talking -------------------------------------------------------------------------


def test_send_steer_and_queue(tmp_path: Path) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        await driver.press("i")
        await driver.type("one")
        await driver.press("enter")
        (turn,) = driver.engine.calls("turn/start")
        assert turn["input"][0]["text"] == "one"
        running(driver)
        await driver.idle()
        await driver.type("two")
        await driver.press("enter")
        await driver.type("three")
        await driver.press("tab")
        assert driver.draft == ""
        (steer,) = driver.engine.calls("turn/steer")
        assert steer["expectedTurnId"] == "turn-1"
        assert steer["input"][0]["text"] == "two"
        (queued,) = driver.engine.calls("thread/queue/add")
        assert queued["input"][0]["text"] == "three"
        names = {p["clientUserMessageId"] for p in (turn, steer, queued)}
        assert len(names) == 3

    run(play, home=tmp_path)


def test_interrupting_takes_two_steps() -> None:
    async def play(driver: Driver) -> None:
        running(driver)
        await driver.open_thread("awake")
        await driver.press("escape")
        driver.sees("again to interrupt")
        assert "turn/interrupt" not in driver.engine.methods()
        await driver.press("escape")
        (call,) = driver.engine.calls("turn/interrupt")
        assert call == {"threadId": "thread-awake", "turnId": "turn-1"}
        assert "thread/backgroundTerminals/clean" not in driver.engine.methods()

    run(play)


def test_an_old_first_step_does_not_interrupt() -> None:
    async def play(driver: Driver) -> None:
        running(driver)
        await driver.open_thread("awake")
        await driver.press("escape")
        await driver.wait(10_000)
        await driver.press("escape")
        assert "turn/interrupt" not in driver.engine.methods()

    run(play)


def test_the_first_step_goes_with_what_it_was_about() -> None:
    """Another pane, a card or another thread: esc means that, and nothing else is
    said."""

    async def play(driver: Driver) -> None:
        running(driver)
        for away in (("1",), ("r",), ("1", "down", "enter")):
            await driver.open_thread("awake")
            await driver.press("escape")
            driver.sees("press esc again to interrupt")
            await driver.press(*away)
            driver.sees_not("press esc again to interrupt")
        assert "turn/interrupt" not in driver.engine.methods()

    run(play)


def test_an_interrupt_waits_until_the_turn_has_started() -> None:
    async def play(driver: Driver) -> None:
        engine = driver.engine
        await driver.open_thread("awake")
        await driver.press("i")
        await driver.type("go")
        await driver.press("enter")
        await driver.type("/interrupt")
        await driver.press("enter")
        await driver.type("/interrupt")
        await driver.press("enter")
        assert "turn/interrupt" not in engine.methods()
        engine.start_turn("thread-awake", "turn-9")
        await driver.idle()
        for call in engine.calls("turn/interrupt"):
            assert call["turnId"] == "turn-9"

    run(play)


def test_a_lost_connection_leaves_a_send_unknown(tmp_path: Path) -> None:
    async def play(driver: Driver) -> None:
        engine = driver.engine

        def silent(_params: Json) -> Json:
            raise Silent

        engine.replies["turn/start"] = silent
        await driver.open_thread("awake")
        await driver.press("i")
        await driver.type("did it arrive")
        await driver.press("enter")
        assert len(engine.calls("turn/start")) == 1
        engine.replies["initialize"] = silent
        engine.cut()
        await driver.idle()
        thread = driver.fleet.presenter.world.threads[driver.open]  # type: ignore[index]
        (send,) = thread.sends.values()
        assert (send.state.value, send.text) == ("unknown", "did it arrive")
        await driver.wait(60_000)
        assert len(engine.calls("turn/start")) == 1, "sent again, blindly"

    run(play, home=tmp_path)


# -- waking --------------------------------------------------------------------------


def test_opening_a_thread_never_wakes_it() -> None:
    async def play(driver: Driver) -> None:
        driver.engine.turns["thread-asleep"] = [turn_row("t", status="completed")]
        await driver.open_thread("asleep")
        await driver.wait(5000)
        resumed = [p["threadId"] for p in driver.engine.calls("thread/resume")]
        assert "thread-asleep" not in resumed
        assert "turn/start" not in driver.engine.methods()

    run(play)


QUEUE = {"data": [{"id": "q", "input": [{"type": "text", "text": "rm it"}]}]}
GOAL = {"goal": {"objective": "finish it", "status": "active"}}


@pytest.mark.parametrize(
    ("method", "answer", "words"),
    [
        ("thread/queue/list", QUEUE, "rm it"),
        ("thread/goal/get", GOAL, "finish it"),
        ("", {}, "laxer"),
    ],
)
@pytest.mark.parametrize("way", ["escape", "enter", "load"])
def test_sending_to_a_thread_that_would_set_something_off_asks_first(
    method: str, answer: Json, words: str, way: str, tmp_path: Path
) -> None:
    async def play(driver: Driver) -> None:
        engine = driver.engine
        if method:
            engine.replies[method] = lambda _params: {**answer, "nextCursor": None}
        await driver.open_thread("asleep")
        await driver.press("i")
        await driver.type("hello")
        await driver.press("enter")
        assert driver.dialog == "Ask"
        driver.sees(words)
        sent = set(engine.methods())
        if way == "load":
            await driver.press("left", "enter")
            order = [
                m for m in engine.methods() if m in ("thread/resume", "turn/start")
            ]
            assert order[-2:] == ["thread/resume", "turn/start"]
            assert driver.draft == ""
            return
        await driver.press(way)
        assert driver.dialog == ""
        resumed = [p["threadId"] for p in engine.calls("thread/resume")]
        assert "thread-asleep" not in resumed
        assert "turn/start" not in set(engine.methods()) | sent
        assert driver.draft == "hello"

    def prepare(engine: FakeEngine) -> None:
        two(engine)
        path = tmp_path / "rollout.jsonl"
        path.write_text("{}\n")
        if method:
            engine.threads["thread-asleep"]["path"] = str(path)

    drive(play, prepare=prepare)


# -- drafts --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [NARROW, NORMAL])
def test_drafts_stay_with_their_thread_over_switches_and_restarts(
    size: Size, tmp_path: Path
) -> None:
    async def first(driver: Driver) -> None:
        await driver.press("i")
        await driver.type("for a new one")
        await driver.press("escape")
        for name in ("awake", "asleep"):
            await driver.open_thread(name)
            assert driver.draft == ""
            await driver.press("i")
            await driver.type(f"to {name}")
            await driver.press("escape")
        await driver.open_thread("awake")
        assert driver.draft == "to awake"
        await driver.wait(1000)

    async def second(driver: Driver) -> None:
        assert driver.draft == "to awake"
        await driver.open_thread("asleep")
        assert driver.draft == "to asleep"

    run(first, size=size, home=tmp_path)
    run(second, size=size, home=tmp_path)


def test_another_size_keeps_pane_and_draft_while_it_streams() -> None:
    async def play(driver: Driver) -> None:
        running(driver)
        await driver.open_thread("awake")
        await driver.press("i")
        await driver.type("half a sen")
        focused = driver.focused
        sizes = (NARROW, WIDE, (20, 5), NORMAL, (1, 1), NARROW, (400, 3), NORMAL)
        for number, size in enumerate(sizes):
            lines = [f"{number}: line {at}" for at in range(99)]
            said = "\n\n".join([*lines, f"say {number}"])
            driver.engine.message("thread-awake", "turn-1", f"m{number}", said)
            await driver.resize(size)
            assert driver.focused is focused
            assert driver.draft == "half a sen"
            if size[1] >= 24:  # however small it was, the end is followed
                driver.sees(f"say {number}", "half a sen")
        await driver.type("tence")
        assert driver.draft == "half a sentence"

    run(play)


# -- the list ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_filter_and_archived(size: Size) -> None:
    async def play(driver: Driver) -> None:
        await driver.press("slash")
        await driver.type("asl")
        driver.sees("asleep")
        driver.sees_not("awake")
        await driver.press("escape")
        driver.sees("awake", "asleep")
        await driver.press("1", "z")
        await driver.wait(1000)
        driver.sees("put away")
        await driver.press("z")
        driver.sees_not("put away")

    def prepare(engine: FakeEngine) -> None:
        two(engine)
        engine.add("put away", archived=True)

    drive(play, size=size, prepare=prepare)


def test_rename_fork_and_archive() -> None:
    async def play(driver: Driver) -> None:
        engine = driver.engine
        await driver.open_thread("awake")
        await driver.press("1", "e")
        assert driver.dialog == "TextAsk"
        await driver.type("n up")
        await driver.press("enter")
        (named,) = engine.calls("thread/name/set")
        assert named == {"threadId": "thread-awake", "name": "awaken up"}
        driver.sees("awaken up")
        await driver.press("f")
        (forked,) = engine.calls("thread/fork")
        assert forked["threadId"] == "thread-awake"
        assert driver.open not in ("thread-awake", "thread-asleep")
        await driver.open_thread("awaken up")
        await driver.press("1", "A")
        assert engine.calls("thread/archive") == [{"threadId": "thread-awake"}]
        await driver.wait(1000)
        driver.sees("archived awaken up")
        rows = driver.fleet.threads.rows
        assert not rows.select("thread-awake")

    run(play, size=WIDE)


def test_archiving_what_runs_asks_first() -> None:
    async def play(driver: Driver) -> None:
        running(driver)
        await driver.open_thread("awake")
        await driver.press("1", "A")
        assert driver.dialog == "Ask"
        await driver.press("enter")
        assert driver.engine.calls("thread/archive") == []
        await driver.press("A", "right", "enter")
        assert len(driver.engine.calls("thread/archive")) == 1

    run(play)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_hostile_titles_are_words(size: Size) -> None:
    async def play(driver: Driver) -> None:
        driver.sees("[bold]x[/]")
        await driver.press("1", "enter")
        text = driver.screen()
        assert not {c for c in text if ord(c) < 32 and c != "\n"}
        assert not {
            c for c in text if 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) < 0x202F
        }

    def prepare(engine: FakeEngine) -> None:
        engine.add("hostile", title=HOSTILE, preview=HOSTILE, status=dict(IDLE))

    drive(play, size=size, prepare=prepare)


def test_a_message_that_was_taken_and_not_heard_of_is_said_to_be(
    tmp_path: Path,
) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        await driver.press("i")
        await driver.type("anyone there")
        await driver.press("enter")
        await driver.wait(15_000)
        driver.sees_not("unknown:")
        await driver.wait(10_000)
        driver.sees("anyone", "unknown: the engine took it")
        assert len(driver.engine.calls("turn/start")) == 1

    run(play, home=tmp_path)


def test_what_was_said_meanwhile_is_read_from_the_history(tmp_path: Path) -> None:
    """The engine's words went nowhere; the turn stands in its history."""

    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        await driver.press("i")
        await driver.type("anyone there")
        await driver.press("enter")
        (sent,) = driver.engine.calls("turn/start")
        user = {
            "type": "userMessage",
            "id": "item-u",
            "clientId": sent["clientUserMessageId"],
            "content": [{"type": "text", "text": "anyone there"}],
        }
        answer = {"type": "agentMessage", "id": "item-a", "text": "somebody is"}
        turn = turn_row("turn-9", status="completed", items=[user, answer])
        page = {"data": [turn], "nextCursor": None}
        driver.engine.replies["thread/turns/list"] = lambda _params: page
        await driver.wait(25_000)
        driver.sees("somebody is")
        driver.sees_not("unknown:")

    run(play, home=tmp_path)
