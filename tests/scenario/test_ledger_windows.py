"""What another window or the command line answered shows at once; thousands of entries.

The other window is a writer on the same store. Oracles: the screen, files on the disk.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from state import events as e
from state.dataclass import replace
from state.db import ledger
from state.db.plan import REVIEW, review_row
from state.home import store_path
from state.items import ThreadId
from state.model import Decision, Review, ReviewKey, ReviewKind, ReviewState
from state.reviews import COMMAND_LINE
from tests.driver import NARROW, Driver, drive
from tests.scenario.test_approvals_board import ONE, prepare
from tests.store.helpers import writing

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

T = ThreadId(ONE)


async def ask(driver: Driver, *numbers: int, why: str = "may I?") -> None:
    driver.engine.start_turn(ONE, "t1")
    for number in numbers:
        driver.engine.ask(
            number,
            "item/commandExecution/requestApproval",
            threadId=ONE,
            turnId="t1",
            itemId=f"i{number}",
            command=f"touch /etc/file-{number}",
            startedAtMs=1_000 + number,
            reason=why,
            availableDecisions=["accept", "cancel"],
        )
    await driver.idle()
    await driver.wait(1_500)  # It is in the store.


def asked(driver: Driver, number: int) -> Review:
    reviews = driver.app.services.bridge.store.world.threads[T].reviews.values()
    return next(r for r in reviews if r.key.request_id == number)


async def answered(
    driver: Driver, home: Path, number: int, *, sent: bool = True, via: str = ""
) -> None:
    """Yes, by somebody on the same store; the engine says that it is over."""
    world, review = driver.app.services.bridge.store.world, asked(driver, number)
    yes = next(d for d in review.decisions if d.letter == "y")
    async with writing(store_path(home), ingest=False) as other:
        other.enqueue(world, (), ())
        decided = e.ReviewDecided(T, review.key, replace(yes, via=via), 4_000)
        await other.commit_now(decided)
        if sent:
            other.enqueue(world, (), (e.ReviewSent(T, review.key, 4_001),))
    driver.engine.resolve(number, ONE)
    await driver.idle()


def test_who_answered_is_told_in_every_window_at_once(tmp_path: Path) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await ask(driver, 1, 2, 3, 4)
        await driver.press("H")
        driver.sees("4 of 4", "waits for you")
        await answered(driver, tmp_path, 1)
        await answered(driver, tmp_path, 2, via=COMMAND_LINE)
        await answered(driver, tmp_path, 3, sent=False)
        driver.engine.resolve(4, ONE)
        await driver.wait(2_000)
        driver.sees(
            "you in another window allowed once",
            "you on the command line allowed once",
            "another client: answer unknown",
        )
        await driver.wait(12_000)
        driver.sees("you or another client: answer unknown")
        await driver.press("slash", *"file-1", "enter")
        driver.sees("1 of 4", "answer      Yes, proceed", "sent", '"accept"')
        driver.sees_not("sending not recorded")
        await driver.press("escape", "slash", *"file-3", "enter")
        driver.sees("Yes, proceed: it is not known to have left", "not known: the eng")
        assert asked(driver, 3).decision is None
        assert asked(driver, 4).resolved_by == "another client"

    drive(play, home=tmp_path, prepare=prepare)


def test_a_card_that_is_open_says_who_answered_it(tmp_path: Path) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await ask(driver, 1)
        await driver.press("r", "enter")
        driver.sees("Would you like to run")
        await answered(driver, tmp_path, 1)
        await driver.wait(1_000)
        driver.sees("Answered by you in another window: Yes, proceed.")

    drive(play, home=tmp_path, prepare=prepare)


def many(home: Path, one: Review, number: int, same: str = "") -> None:
    """So many more, older than `one`; all ask for the `same`, or each for its own."""
    rows = []
    for at in range(number):
        command = same or f"make target-{at}"
        rows.append(
            replace(
                one,
                key=ReviewKey("earlier", at),
                command=command,
                display=command,
                state=ReviewState.RESOLVED,
                resolved_by="you",
                asked_ms=900 - at,
            )
        )
    with closing(sqlite3.connect(store_path(home))) as db, db:
        db.executemany(REVIEW, [review_row(ONE, row) for row in rows])


def test_thousands_are_paged_searched_and_exported_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()

    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await ask(driver, 1)
        many(home, asked(driver, 1), 1_300)
        await driver.press("H")
        await driver.wait(1_500)
        driver.sees("1000 of 1301")
        for _ in range(3):
            await driver.press("end")
            await driver.idle()
        driver.sees("make target-998", "1301 · 301 older: E exports them, too")
        await driver.press("slash", *"target-777")
        driver.sees("1 of 1301", "make target-777")
        await driver.press("enter", "E")
        await driver.wait(500)
        (path,) = work.glob("codex-reviews-*.json")
        assert [row["what"] for row in json.loads(path.read_text())] == [
            "make target-777"
        ]
        path.unlink()
        await driver.press("escape", "E")
        await driver.wait(500)
        driver.sees("1301 exported to")
        (path,) = work.glob("codex-reviews-*.json")
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(json.loads(path.read_text())) == 1_301

    monkeypatch.setattr(ledger, "MOST", 1_000)
    drive(play, home=home, prepare=prepare, cwd=str(work))


def test_what_was_asked_before_a_restart_counts_on_the_card(tmp_path: Path) -> None:
    """Of every thread, though nobody opened it since."""

    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await ask(driver, 1, 2)
        many(tmp_path, asked(driver, 1), 5, same="touch /etc/file-1")
        await driver.press("r", "enter")
        for number in ("file-2", "file-1"):
            await driver.wait(500)
            driver.sees(f"$ touch /etc/{number}")
            if number == "file-2":
                driver.sees_not("Asked ")
                await driver.press("j")
        driver.sees("Asked 6 times.")

    drive(play, home=tmp_path, prepare=prepare)


def test_a_grant_of_before_this_window_counts_on_the_card(tmp_path: Path) -> None:
    """Also in a thread that nobody opened here."""
    result = {
        "permissions": {"fileSystem": {"write": ["/opt/data"]}},
        "scope": "session",
    }

    async def play(driver: Driver) -> None:
        await ask(driver, 1)
        one = asked(driver, 1)
        given = replace(
            one,
            key=ReviewKey(one.key.epoch, 77),
            method="item/permissions/requestApproval",
            kind=ReviewKind.PERMISSIONS,
            command=None,
            params_hash="other",
            turn_id=None,
            decisions=(),
            state=ReviewState.RESOLVED,
            resolved_by="you",
            decision=Decision("a", "Yes", json.dumps(result), broad=True),
        )
        with closing(sqlite3.connect(store_path(tmp_path))) as db, db:
            db.execute(REVIEW, review_row(ONE, given))
        await driver.press("5", "enter")
        driver.sees("$ touch /etc/file-1")
        await driver.wait(500)
        driver.sees("granted: write")

    drive(play, home=tmp_path, prepare=prepare)


def test_an_export_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await ask(driver, 1)
        await driver.press("H", "E")
        await driver.wait(500)
        driver.sees("Not exported", "No such file", "reviews --all --json")

    drive(play, home=tmp_path, prepare=prepare, cwd=str(tmp_path / "gone"))


def test_all_that_is_known_of_an_entry_is_read_by_keys(tmp_path: Path) -> None:
    """On a small screen, too: v gives an entry the room of the list."""

    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await ask(driver, 1, why="a long story " * 30)
        await answered(driver, tmp_path, 1)
        await driver.press("H")
        await driver.wait(2_000)
        driver.sees_not('{"decision":"accept"}')
        await driver.press("v")
        driver.sees('{"decision":"accept"}', "1970-01-01 00:00:01 UTC", "the list")
        await driver.press("escape")
        driver.sees("1 of 1", "search")
        driver.sees_not('{"decision":"accept"}')
        await driver.press("escape")
        driver.sees_not("Reviews and decisions")

    drive(play, home=tmp_path, prepare=prepare, size=NARROW)
