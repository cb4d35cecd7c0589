"""`codex-tui terminals` and `stop` without an engine: the last known, and refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from state import events as e
from state.db.writer import StoreWriter
from state.items import Command, Item, ItemId, ItemStatus, Text, ThreadId, TurnId
from state.model import Origin, Terminal, World
from state.reduce import reduce
from tests.scenario.script import NOWHERE, Place, a_place, harmless

EVIL = "\x1b]0;owned\x07\u202enpm run dev\x9b2J"
ROOT, CHILD, TURN = ThreadId("t1"), ThreadId("t2"), TurnId("u1")


@pytest.fixture
def place() -> Iterator[Place]:
    with a_place() as made:
        made.codex_home.mkdir()
        yield made


def _listed(thread: ThreadId, *names: str) -> e.TerminalsListed:
    found = tuple(Terminal(ItemId(n), f"p{n}", EVIL, "/w/parser") for n in names)
    return e.TerminalsListed(thread, found, "4242@1", 50)


def _store(place: Place) -> None:
    """Two that run and one that ended, as a window of an earlier hour left them."""
    child = (("parent_id", ROOT), ("agent_path", "/root/tester"))
    body = Command(EVIL, output=Text("ready\nboom \x1b[31mred\n"), exit_code=7)
    events: list[e.ThreadEvent] = [
        e.ThreadSeen(ROOT, (("name", "fix the cache"),), Origin.ENGINE, 1),
        e.ThreadSeen(CHILD, child, Origin.ENGINE, 1),
        _listed(ROOT, "a", "b"),
        _listed(CHILD, "c"),
        e.ItemCompleted(ROOT, TURN, Item(ItemId("b"), body, ItemStatus.FAILED, 10, 20)),
    ]

    async def main() -> None:
        writer = await StoreWriter.open(
            place.own / "store.db",
            str(place.codex_home),
            on_event=lambda event: None,
            now_ms=lambda: 1,
        )
        writer.ingest = True
        world = World()
        for event in events:
            world = reduce(world, event)
        writer.enqueue(world, world.threads, events)
        await writer.close()

    asyncio.run(main())


def test_the_last_known_is_listed_without_an_engine(place: Place) -> None:
    _store(place)
    ran = place.run("terminals", CODEX_TUI_CODEX_BIN=NOWHERE)
    assert ran.returncode == 0
    assert b"2 background terminals" in ran.stdout
    assert b"as last known" in ran.stdout
    assert b"exit 7" in ran.stdout
    assert b"boom red" in ran.stdout
    assert "…/tester".encode() in ran.stdout or b"/root/tester" in ran.stdout
    assert b"No engine is running" in ran.stderr
    assert harmless(ran.stdout)
    ran = place.run("terminals", "--json", CODEX_TUI_CODEX_BIN=NOWHERE)
    told = json.loads(ran.stdout)
    assert harmless(ran.stdout)
    assert [(t["id"], t["live"], t["exitCode"], t["agentPath"]) for t in told] == [
        (1, True, None, "/root"),
        (3, True, None, "/root/tester"),
        (2, False, 7, "/root"),
    ]
    assert told[0]["command"] == EVIL, "JSON keeps the very characters"
    assert told[0]["lastKnown"] is True
    assert told[0]["cpu"] == "—"


def test_nothing_is_stopped_without_an_engine(place: Place) -> None:
    _store(place)
    before = place.files()
    ran = place.run("stop", "1", "--yes", CODEX_TUI_CODEX_BIN=NOWHERE)
    assert ran.returncode == 3
    assert b"Nothing was stopped." in ran.stderr
    assert place.files() == before


def test_an_empty_machine(place: Place) -> None:
    ran = place.run("terminals", CODEX_TUI_CODEX_BIN=NOWHERE)
    assert ran.returncode == 3
    assert b"0 background terminals" in ran.stdout
    assert place.run("stop").returncode == 2, "all of everything is never meant"


@pytest.mark.parametrize("arguments", [("terminals",), ("stop", "1")], ids=" ".join)
def test_no_screen_library_is_imported_for_terminals(
    arguments: tuple[str, ...], place: Place
) -> None:
    ran = place.run(
        *arguments, PYTHONPROFILEIMPORTTIME="1", CODEX_TUI_CODEX_BIN=NOWHERE
    )
    names = {line.rpartition(b"|")[2].strip() for line in ran.stderr.splitlines()}
    assert b"tui.terminal_report" in names
    assert not names & {b"textual", b"rich"}
