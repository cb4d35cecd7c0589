"""Several windows on one file: one ingests, all keep what their user did."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from state import events as e
from state.db.history import drafts, load_world, view_state
from state.db.lease import Lease, lease_path
from state.db.ledger import read_ledger
from state.ledger import Outcome
from state.model import ReviewState, World
from tests.store.helpers import T1, T2, decided, noted, publish, review, seen, writing

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from state.db.lease import Lease
lease = Lease(Path(sys.argv[1]))
print(lease.try_acquire(), flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_one_holds_the_lease_and_kill_9_passes_it_on(tmp_path: Path) -> None:
    path = lease_path("/home/dev/.codex", tmp_path / "state")
    first, second = holder(path), None
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "True\n"
        second = holder(path)
        assert second.stdout is not None
        assert second.stdout.readline() == "False\n"
        mine = Lease(path)

        async def wait() -> None:
            waiting = asyncio.create_task(mine.acquired())
            await asyncio.sleep(0)
            assert not mine.held
            os.kill(first.pid, signal.SIGKILL)
            await asyncio.wait_for(waiting, 90)

        asyncio.run(wait())
        assert mine.held
        third = Lease(path)
        assert not third.try_acquire()
        mine.release()
        assert third.try_acquire()
        third.release()
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.communicate()


def test_homes_have_leases_of_their_own(tmp_path: Path) -> None:
    one, two = Lease(lease_path("/a", tmp_path)), Lease(lease_path("/b", tmp_path))
    assert one.try_acquire()
    assert two.try_acquire()
    assert one.try_acquire()
    one.release()
    two.release()


def test_a_decision_takes_along_what_it_is_about(store: Path) -> None:
    """Nobody ingests (a command line alone): thread and request are kept all the same,
    and never instead of what the store knows better."""

    async def run() -> None:
        async with writing(store, ingest=False) as alone:
            asked = e.ReviewAsked(T1, review())
            world = publish(alone, World(), seen(T1, name="poor"), asked)
            await alone.commit_now(decided())
            ended = e.ReviewResolved(T1, review().key, 99)
            world = publish(alone, world, decided(), e.ReviewSent(T1, review().key, 50))
            assert (
                load_world(store)[T1].reviews[review().key].state is ReviewState.DECIDED
            )
            publish(alone, world, ended)
            await alone.commit_now(ended)
        (entry,) = read_ledger(store)
        assert (entry.who, entry.outcome, entry.at.confirmed) == (
            "you",
            Outcome.ALLOWED,
            99,
        )
        async with writing(store) as window:
            publish(window, World(), seen(T1, name="rich"))
        async with writing(store, ingest=False) as alone:
            publish(alone, World(), seen(T1, name="poor"), e.ReviewAsked(T1, review()))
            await alone.commit_now(decided())

    asyncio.run(run())
    found = load_world(store)[T1]
    assert found.name == "rich"
    assert not found.reviews, "it does not wait again"


def test_the_second_window_writes_what_its_user_did_and_nothing_else(
    store: Path,
) -> None:
    async def run() -> None:
        async with writing(store) as first, writing(store, ingest=False) as second:
            asked = e.ReviewAsked(T1, review())
            publish(first, World(), seen(T1, name="first"), asked)
            await first.flush()
            world = publish(second, World(), seen(T1, name="second"), asked, seen(T2))
            second.draft("t1", "half a thought")
            second.view_state("theme", '"dark"')
            await second.flush()
            assert load_world(store).keys() == {T1}
            await second.commit_now(decided())
            await second.commit_now(noted("s"))
            found = load_world(store)[T1]
            assert found.name == "first"
            assert found.reviews[review().key].decision == decided().decision
            assert list(found.sends) == ["s"]
            # The first one is gone: what the second one saw is written now.
            first.ingest = False
            second.ingest = True
            publish(second, world, seen(T2, name="new"))
            await second.flush()

    asyncio.run(run())
    threads = load_world(store)
    assert {k: t.name for k, t in threads.items()} == {T1: "second", T2: "new"}
    assert [d.text for d in drafts(store)] == ["half a thought"]
    assert view_state(store) == {"theme": '"dark"'}


def test_two_windows_writing_at_once_lose_nothing(store: Path) -> None:
    async def run() -> None:
        async with writing(store) as first, writing(store, ingest=False) as second:
            world = publish(first, World(), seen(T1))
            await first.flush()

            async def engine_side() -> None:
                at = world
                for turn in range(60):
                    at = publish(first, at, e.TurnStarted(T1, f"u{turn}"))  # type: ignore[arg-type]
                    await first.flush()

            async def user_side() -> None:
                for client in range(60):
                    await second.commit_now(noted(f"s{client}"))

            await asyncio.gather(engine_side(), user_side())

    asyncio.run(run())
    assert len(load_world(store)[T1].sends) == 60


def test_drafts_of_two_windows_both_live_and_clearing_clears_the_adopted(
    store: Path,
) -> None:
    async def run() -> None:
        async with writing(store) as first, writing(store) as second:
            first.draft("t1", "mine")
            second.draft("t1", "yours")
        assert {d.text for d in drafts(store)} == {"mine", "yours"}
        async with writing(store) as third:
            third.adopt_drafts([d for d in drafts(store) if d.text == "yours"])
            third.draft("t1", "yours, edited")
            await third.flush()
            assert {d.text for d in drafts(store)} == {"mine", "yours, edited"}
            third.draft("t1", "")
        assert {d.text for d in drafts(store)} == {"mine"}

    asyncio.run(run())


def test_a_draft_reaches_the_file_by_itself(store: Path) -> None:
    async def run() -> None:
        async with writing(store) as writer:
            for at in range(5):
                writer.draft("new", "word " * at)
            while not drafts(store):
                await asyncio.sleep(0.01)
            assert drafts(store)[0].text == "word " * 4

    asyncio.run(run())


def test_an_ending_reaches_the_file_by_itself(store: Path) -> None:
    async def run() -> None:
        async with writing(store) as writer:
            world = publish(writer, World(), seen(T1))
            publish(writer, world, e.ReviewAsked(T1, review()))
            while not load_world(store):
                await asyncio.sleep(0.01)
            assert load_world(store)[T1].reviews

    asyncio.run(run())
