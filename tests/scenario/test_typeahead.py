"""Keys that arrive in one piece go where the keys before them led.

On a slow link `i` and the words behind it come in one read. None of them may act on the
list, whose letters archive, fork and delete. The oracles are the draft on disk and what
reached the engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.driver import NORMAL, Driver, drive
from tests.fakes import FakeEngine, thread_row
from tests.scenario.script import Place, a_place
from tests.scenario.test_faults import LAST, READY, drafts, replies, run

LOOKS = {
    "initialize",
    "initialized",
    "account/read",
    "account/rateLimits/read",
    "config/read",
    "model/list",
    "server/diagnostics",
    "thread/resume",  # of a loaded thread: a subscription
}


@pytest.fixture
def place() -> Iterator[Place]:
    with a_place() as made:
        made.codex_home.mkdir()
        yield made


def changing(methods: list[str]) -> list[str]:
    """What was asked of the engine that is no look."""
    looks = ("/list", "/read", "/loaded/list", "/get", "command/exec")
    return [m for m in methods if m not in LOOKS and not m.endswith(looks)]


@pytest.mark.parametrize(
    "bytes_",
    ["ieAfDdA", "i\x1b[200~eAfDdA\x1b[201~", "1jk3jk1ieAfDdA"],
    ids=("keys", "a paste", "after moves"),
)
def test_one_write_of_i_and_words_is_a_draft(place: Place, bytes_: str) -> None:
    row = thread_row("t", name="precious", status={"type": "idle"})
    log = place.home / "asked.jsonl"
    with run(place, replies(row), FAKE_ENGINE_LOG=str(log)) as terminal:
        terminal.wait_for(READY, "precious")
        at = terminal.type(bytes_ + LAST)
        terminal.wait_for(LAST, since=at)
        assert terminal.quit() == 0
    assert drafts(place) == ["eAfDdA"]
    asked = [json.loads(line)["method"] for line in log.read_text().splitlines()]
    assert changing(asked) == []


BURSTS = [
    # what is typed, what stands in the composer then, what pane is live
    ("iwords", "words", 2),
    ("3iwords", "words", 2),
    ("5jj1iwords", "words", 2),
    ("i\x1b[200~one\ntwo\x1b[201~ three", "one\ntwo three", 2),
    ("2one", "one", 2),
]


@pytest.mark.parametrize(("typed", "draft", "pane"), BURSTS)
def test_a_burst_goes_where_its_first_keys_lead(
    typed: str, draft: str, pane: int
) -> None:
    async def play(driver: Driver) -> None:
        driver.feed(typed)
        await driver.idle()
        assert driver.draft == draft
        assert driver.fleet.pane == pane
        assert changing([s.method or "" for s in driver.engine.sent]) == []

    drive(play, size=NORMAL, prepare=one_thread)


def one_thread(engine: FakeEngine) -> None:
    engine.threads["t"] = thread_row("t", name="precious", status={"type": "idle"})


def test_enter_and_the_next_words_in_one_piece() -> None:
    """The first message is sent, the words behind it are the next draft."""

    async def play(driver: Driver) -> None:
        driver.feed("1\riship it\rand then")
        await driver.idle()
        started = [s for s in driver.engine.sent if s.method == "turn/start"]
        assert [s.params["input"][0]["text"] for s in started] == ["ship it"]
        assert driver.draft == "and then"

    drive(play, size=NORMAL, prepare=one_thread)


def test_words_and_tab_in_one_piece_are_queued() -> None:
    """What tab means is decided when it is pressed, not when the words before it have
    been looked at: else it would leave the field, and the next words act on a list."""

    async def play(driver: Driver) -> None:
        driver.engine.start_turn("t", "turn-1")
        await driver.idle()
        driver.feed("1\rione\tand two\tthree")
        await driver.idle()
        queued = driver.engine.calls("thread/queue/add")
        assert [c["input"][0]["text"] for c in queued] == ["one", "and two"]
        assert driver.draft == "three"
        driver.feed("\x15/ren\t")
        await driver.idle()
        assert driver.draft == "/rename "
        assert driver.fleet.pane == 2

    drive(play, size=NORMAL, prepare=one_thread)


def test_what_is_typed_while_a_dialog_goes_is_not_waited_for_for_ever() -> None:
    """Who had the key is gone with its dialog: the next keys come all the same."""

    async def play(driver: Driver) -> None:
        driver.feed("?")
        await driver.idle()
        driver.key("escape")
        driver.feed("iback")
        await driver.wait(2000)
        assert driver.draft == "back"

    drive(play, size=NORMAL, prepare=one_thread)


def test_leaving_waits_for_nobody(tmp_path: Path) -> None:
    async def play(driver: Driver) -> None:
        driver.feed("iwords\x11")
        await driver.loop.settle()
        await driver.loop.advance(2000)
        assert driver.app._exit

    drive(play, size=NORMAL, prepare=one_thread, home=tmp_path)
