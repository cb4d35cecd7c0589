"""Background terminals on disk: live and ended ones, and the end of their output."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from state import events as e
from state.db.history import load_world
from state.items import Command, DeltaKind, Item, ItemId, ItemStatus, Text, TurnId
from state.model import Terminal, World
from state.store import Published, Store
from state.terminals import KEPT, Ending
from tests.store.helpers import (
    T1,
    T2,
    publish,
    restored,
    seen,
    started,
    writing,
    written,
)

TURN, ITEM = TurnId("u1"), ItemId("c")


def listed(*names: str, at_ms: int = 5) -> e.TerminalsListed:
    found = tuple(Terminal(ItemId(n), f"p{n}", "npm run dev", "/w") for n in names)
    return e.TerminalsListed(T1, found, "e1", at_ms)


def printed(text: str) -> e.ItemDelta:
    return e.ItemDelta(T1, TURN, ITEM, DeltaKind.OUTPUT, text)


def begun() -> e.ItemStarted:
    return e.ItemStarted(
        T1, TURN, Item(ITEM, Command("npm", process_id="p"), started_ms=2)
    )


def over(text: str) -> e.ItemCompleted:
    body = Command("npm", output=Text(text), exit_code=7)
    return e.ItemCompleted(T1, TURN, Item(ITEM, body, ItemStatus.FAILED, 2, 9))


def chunks(store: Path) -> list[str]:
    with closing(sqlite3.connect(store)) as db:
        return [
            c for (c,) in db.execute("SELECT chunk FROM terminal_tail ORDER BY row")
        ]


def test_a_live_one_comes_back_with_what_it_printed(store: Path) -> None:
    world = written(
        store,
        [seen(T1), started("u1"), begun(), listed("c"), printed("a\n")],
        [printed("b\n")],
        [printed("c \ud800\n")],
    )
    assert chunks(store) == ["a\n", "b\n", "c \ufffd\n"], "appended, not rewritten"
    back = load_world(store)[T1].terminals[ITEM]
    kept = world.threads[T1].terminals[ITEM]
    assert str(back.output.text) == "a\nb\nc \ufffd\n"
    assert (back.output.end, back.number, back.epoch) == (kept.output.end, 1, "e1")


def test_an_ended_one_stays_until_it_is_dismissed(store: Path) -> None:
    world = written(
        store,
        [seen(T1), started("u1"), begun(), listed("c"), printed("tick\n")],
        [over("first\ntick\n"), listed()],
    )
    threads = restored(store)
    assert threads == world.threads
    ended = threads[T1].ended_terminals[ITEM]
    assert (ended.ending, ended.exit_code, ended.ended_ms) == (Ending.EXITED, 7, 9)
    assert str(ended.output.text) == "first\ntick\n"
    assert chunks(store) == ["first\ntick\n"], "the completed text replaced the preview"


@pytest.mark.parametrize("ingest", [True, False])
def test_any_window_may_dismiss(ingest: bool, store: Path) -> None:
    written(store, [seen(T1), listed("c"), listed()])
    threads = load_world(store)

    async def dismiss() -> None:
        async with writing(store, ingest=ingest) as writer:
            writer.adopt(threads)
            world = World(threads=threads)
            publish(writer, world, e.TerminalsDismissed(T1, (ITEM,)))

    asyncio.run(dismiss())
    assert not restored(store)[T1].ended_terminals
    assert chunks(store) == []


def test_a_long_output_is_bounded_on_disk_too(store: Path) -> None:
    ticks = [[printed("x" * 50_000 + str(n))] for n in range(9)]
    world = written(store, [seen(T1), started("u1"), begun(), listed("c")], *ticks)
    kept = world.threads[T1].terminals[ITEM].output
    assert load_world(store)[T1].terminals[ITEM].output == kept
    assert len(kept.text) == KEPT
    assert sum(map(len, chunks(store))) <= KEPT + 50_001


def test_they_end_in_the_order_they_ended(store: Path) -> None:
    written(
        store,
        [seen(T1), seen(T2), listed("c", "d")],
        [listed("c", at_ms=6)],
        [listed(at_ms=7)],
    )
    assert list(load_world(store)[T1].ended_terminals) == ["d", "c"]


def test_rows_of_the_first_paint_get_their_terminals(store: Path) -> None:
    """The first paint reads rows only; the rest brings terminals and sends."""
    world = written(store, [seen(T1), listed("c")], [seen(T2)])
    painted = {
        k: type(t)(t.id, cwd=t.cwd, origin=t.origin) for k, t in world.threads.items()
    }
    memory = Store(World(threads=painted))
    steps: list[Published] = []
    memory.subscribe(steps.append)
    memory.restore(load_world(store), 1)
    assert memory.world.threads[T1].terminals.keys() == {ITEM}
    assert memory.world.threads[T2] is painted[T2]
    assert steps[0].dirty == {T1}


@pytest.mark.parametrize("gone", [None, 5])
def test_rows_of_the_version_before_are_understood(
    gone: int | None, store: Path
) -> None:
    written(store, [seen(T1)])
    body = '{"item_id":"c","process_id":"1","command":"top","cwd":"/"}'
    with closing(sqlite3.connect(store, isolation_level=None)) as db:
        row = (T1, "c", body, gone)
        db.execute("INSERT INTO terminal VALUES (?, ?, ?, ?)", row)
    thread = load_world(store)[T1]
    assert [t.command for t in thread.terminals.values()] == ([] if gone else ["top"])
