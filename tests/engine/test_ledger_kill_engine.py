"""Windows that are killed, and a store that fails, while real engines ask.

The oracles are the files that allowed commands make, and the store's file as a killed
window leaves it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from state.commands import Decide, StartThread
from state.db.connection import open_store
from state.db.ledger import read_ledger
from state.db.writer import StoreWriter
from state.engine.supervisor import control_socket
from state.events import ReviewAsked
from state.ledger import LedgerEntry, Outcome
from state.model import ClientId, Review, ReviewState, World
from state.reviews import EITHER, ELSEWHERE
from state.store import Store
from tests.engine.deciders import Life
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.review_bench import CLASSIC, Hand, Model, configured, shell, words
from tests.engine.session_bench import running
from tests.engine.test_ledger_engine import until, window
from tests.engine.test_ledger_kill import deciders
from tests.scenario.tmux import until as polled
from tui.bridge import Bridge

ASKED = 12


@each_engine
def test_the_ledger_is_true_whoever_is_killed(
    engine: EngineUnderTest, tmp_path: Path
) -> None:
    path = tmp_path / "store" / "threads.db"
    with Bench(engine, Model()) as bench:
        configured(bench)
        made = [bench.home.outside / f"made-{number}" for number in range(ASKED)]
        asyncio.run(_ask(bench, made))
        _killed_windows(bench, path, made)
        asyncio.run(_killed_store(bench, path))


def asking(files: list[Path]) -> str:
    """Words for the model: one reply that wants all these files, each outside."""
    escalated: dict[str, Any] = {
        "sandbox_permissions": "require_escalated",
        "justification": "May I?",
    }
    calls = [
        shell(f"c{number}", f"echo ran >> {file}", **escalated)
        for number, file in enumerate(files)
    ]
    return words(calls)


def of(file: Path, entries: tuple[LedgerEntry, ...]) -> LedgerEntry:
    """What was asked about a file."""
    (entry,) = [e for e in entries if e.what.endswith(f"{file}'")]
    return entry


# -- windows -----------------------------------------------------------------------


async def _ask(bench: Bench, files: list[Path]) -> None:
    async with running(bench) as watch:
        await Hand(watch, bench).start(asking(files))
        while len(watch.of(ReviewAsked)) < len(files):
            await watch.news()


def _killed_windows(bench: Bench, path: Path, files: list[Path]) -> None:
    """Each answers all that waits, until it is killed; the last one lives on."""
    with deciders() as parent:
        for build in ("cut", "faithful", "last"):
            made = len(_there(files))
            pid = _born(parent, build, bench, path)
            try:
                if build == "last":
                    polled(partial(_allowed, path, files), "all are confirmed")
                elif build == "cut":
                    polled(partial(_dead, pid), "it killed itself")
                else:
                    polled(partial(_more, files, made), "a command ran")
            finally:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            entries = read_ledger(path)
            for file in _there(files):
                entry = of(file, entries)
                assert entry.who.startswith("you") and entry.at.decided is not None
                # Killed before it wrote down that it was sent: nobody knows of that.
                known = '{"decision":"accept"}' if entry.who != EITHER else ""
                assert entry.sent == known
                assert known or entry.at.sent is None
            for file in files:
                if of(file, entries).outcome is Outcome.ALLOWED:
                    polled(file.exists, f"{of(file, entries)} is not true")
            if build == "cut":
                held = [e for e in entries if e.outcome is Outcome.DECIDED]
                assert held, "written down, and not known to have left"
    unheard = [one for entry in entries for one in entry.earlier]
    assert unheard, "asked again, and decided anew"
    assert {one.sent_ms for one in unheard} == {None}
    assert {file.read_text() for file in files} == {"ran\n"}, "once each"


def _born(parent: subprocess.Popen[str], build: str, bench: Bench, path: Path) -> int:
    assert parent.stdin is not None and parent.stdout is not None
    life = Life(
        build,
        str(bench.home.tui_home),
        str(path),
        str(bench.engine.path),
        str(bench.home.codex_home),
        dict(bench.home.environment()),
    )
    parent.stdin.write(life.line)
    parent.stdin.flush()
    return int(parent.stdout.readline())


def _there(files: list[Path]) -> list[Path]:
    return [file for file in files if file.exists()]


def _more(files: list[Path], than: int) -> bool:
    return len(_there(files)) > than


def _dead(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def _allowed(path: Path, files: list[Path]) -> bool:
    entries = read_ledger(path)
    return all(of(file, entries).outcome is Outcome.ALLOWED for file in files)


# -- the store alone ---------------------------------------------------------------


async def _killed_store(bench: Bench, path: Path) -> None:
    """The window lives on: what cannot be written down does not leave; what left and
    could not be written down is written down later."""
    names = ("first", "second", "third")
    first, second, third = (bench.home.outside / name for name in names)
    async with window(bench, path) as (bridge, store, writer):
        start = StartThread(
            ClientId("store"),
            str(bench.workspace),
            asking([first, second, third]),
            model=CLASSIC,
            sandbox="workspace-write",
        )
        thread = await bridge.act(start)
        assert thread is not None

        def asked(world: World, file: Path) -> Review:
            found = world.threads[thread].reviews.values()
            return next(r for r in found if str(file) in r.params)

        await until(
            store,
            lambda w: thread in w.threads and len(w.threads[thread].reviews) == 3,
        )
        await writer.flush()
        await writer._db.close()
        await bridge.act(yes(asked(store.world, first)))
        await until(store, lambda w: w.store_error)
        assert asked(store.world, first).state is ReviewState.PENDING
        assert of(first, read_ledger(path)).outcome is Outcome.WAITING
        assert not first.exists()

        writer._db = (await open_store(path)).db
        _fails_after_a_commit(bridge, writer)
        await bridge.act(yes(asked(store.world, second)))
        await until(store, lambda w: asked(w, second).state is ReviewState.RESOLVED)
        await asyncio.to_thread(polled, second.exists, "the command ran")
        entry = of(second, read_ledger(path))
        assert (entry.outcome, entry.who) == (Outcome.DECIDED, "you")
        assert entry.at.confirmed is None

        writer._db = (await open_store(path)).db
        assert await writer.flush()
        entry = of(second, read_ledger(path))
        assert (entry.outcome, entry.who) == (Outcome.ALLOWED, "you")
        assert entry.at.sent is not None and entry.at.confirmed is not None
        await _answered_elsewhere(bench, path, store, asked(store.world, first))
        await asyncio.to_thread(polled, first.exists, "the command ran")
        await _answered_by_a_stranger(bench, store, asked(store.world, third))
        assert await writer.flush()
        entry = of(third, read_ledger(path))
        assert (entry.who, entry.outcome) == ("another client", Outcome.REFUSED)
        assert entry.inferred and not entry.sent and not third.exists()


async def _answered_elsewhere(
    bench: Bench, path: Path, store: Store, review: Review
) -> None:
    """By a second window: the first one knows at once, and by whom."""

    def known(world: World) -> Review | None:
        thread = world.threads.get(review.thread_id)
        return thread.reviews.get(review.key) if thread else None

    async with window(bench, path) as (other, seen, _):
        await until(seen, known)
        there = known(seen.world)
        assert there is not None
        await other.act(yes(there))
        world = await until(store, lambda w: getattr(known(w), "decision", None))
        found = known(world)
        assert found is not None and found.decision is not None
        assert (found.resolved_by, found.decision.letter) == (ELSEWHERE, "y")


async def _answered_by_a_stranger(bench: Bench, store: Store, review: Review) -> None:
    """Another client of the engine says no; the turn goes on without it."""
    socket = control_socket(bench.home.codex_home).resolve()
    plain = await asyncio.to_thread(bench.connect, socket)
    plain.send({"id": review.key.request_id, "result": {"decision": "decline"}})
    await until(store, lambda w: w.threads[review.thread_id].active_turn is None)


def yes(review: Review) -> Decide:
    return Decide(review, next(d for d in review.decisions if d.letter == "y"))


def _fails_after_a_commit(bridge: Bridge, writer: StoreWriter) -> None:
    """The store is gone as soon as the next decision is in it."""
    commit = bridge._commit

    async def once(event: Any) -> bool:
        done = await commit(event)
        setattr(bridge, "_commit", commit)  # noqa: B010
        await writer._db.close()
        return done

    setattr(bridge, "_commit", once)  # noqa: B010
