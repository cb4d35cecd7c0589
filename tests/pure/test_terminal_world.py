"""Background terminals in the world: from listing to dismissal, and their numbers."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from state import events as e
from state.items import (
    Command,
    DeltaKind,
    Item,
    ItemId,
    ItemStatus,
    Text,
    ThreadId,
    TurnId,
)
from state.model import (
    Engine,
    EnginePhase,
    Origin,
    Terminal,
    Thread,
    ThreadStatus,
    Turn,
    TurnStatus,
    World,
)
from state.reduce import reduce
from state.reduce.terminals import MOST_ENDED
from state.terminals import KEPT, Ending, Tail, apart, tail_of
from tests import recordings

ROOT, CHILD = ThreadId("t1"), ThreadId("t2")
TURN, ITEM = TurnId("u1"), ItemId("exec-1")


def fold(*events: e.Event, world: World | None = None) -> World:
    at = world or World()
    for event in events:
        at = reduce(at, event)
    return at


def listed(
    *names: str, thread: ThreadId = ROOT, epoch: str = "e1", at_ms: int = 5
) -> e.TerminalsListed:
    found = tuple(Terminal(ItemId(n), f"p-{n}", f"run {n}", "/w") for n in names)
    return e.TerminalsListed(thread, found, epoch, at_ms)


def begun(name: str = ITEM) -> e.ItemStarted:
    body = Command("/bin/bash -lc 'run'", process_id="7")
    return e.ItemStarted(ROOT, TURN, Item(ItemId(name), body, started_ms=2))


def printed(text: str, name: str = ITEM) -> e.ItemDelta:
    return e.ItemDelta(ROOT, TURN, ItemId(name), DeltaKind.OUTPUT, text)


def over(text: str = "", code: int = 7, name: str = ITEM) -> e.ItemCompleted:
    body = Command("run", output=Text(text), exit_code=code, process_id="7")
    item = Item(ItemId(name), body, ItemStatus.FAILED, 2, 9)
    return e.ItemCompleted(ROOT, TURN, item)


def connected(epoch: str, connection: int = 1) -> e.EngineChanged:
    return e.EngineChanged(
        Engine(EnginePhase.READY, epoch=epoch, connection=connection, since_ms=8)
    )


def turned() -> e.TurnStarted:
    return e.TurnStarted(ROOT, TURN, at_ms=1)


def ended_turn() -> e.TurnEnded:
    return e.TurnEnded(ROOT, TURN, TurnStatus.COMPLETED, at_ms=3)


def one(world: World, thread: ThreadId = ROOT) -> Terminal:
    known = world.threads[thread]
    (terminal,) = [*known.terminals.values(), *known.ended_terminals.values()]
    return terminal


def test_a_terminal_that_ends_after_its_turn_is_listed_with_its_exit() -> None:
    world = fold(turned(), begun(), printed("tick1\n"), ended_turn(), listed(ITEM))
    running = one(world)
    assert running.live
    assert (running.number, running.turn_id, running.started_ms) == (1, TURN, 2)
    assert str(running.output.text) == "tick1\n"
    assert running.output.gaps == ()
    world = fold(printed("tick2\n"), world=world)
    assert str(one(world).output.text) == "tick1\ntick2\n"
    world = fold(over("first line\ntick1\ntick2\n"), listed(at_ms=10), world=world)
    ended = one(world)
    assert not world.threads[ROOT].terminals
    assert (ended.ending, ended.exit_code, ended.ended_ms) == (Ending.EXITED, 7, 9)
    assert str(ended.output.text) == "first line\ntick1\ntick2\n", "preview replaced"
    assert ended.output.gaps == ()


def test_an_item_that_ends_after_the_list_lost_it_still_tells_its_exit() -> None:
    world = fold(turned(), begun(), listed(ITEM), ended_turn(), listed(at_ms=6))
    assert one(world).ending is Ending.GONE
    assert one(world).ended_ms == 6
    world = fold(over("all", code=-1), world=world)
    assert (one(world).ending, one(world).exit_code) == (Ending.EXITED, -1)


def test_the_end_is_found_in_history_when_nobody_listened() -> None:
    world = fold(listed(ITEM), connected("e1", 2), listed(at_ms=6))
    assert one(world).ending is Ending.GONE
    item = over("whole", code=0).item
    page = e.TurnsLoaded(ROOT, (Turn(TURN, TurnStatus.COMPLETED, {ITEM: item}),))
    world = fold(page, world=world)
    assert (one(world).ending, one(world).exit_code) == (Ending.EXITED, 0)
    assert str(one(world).output.text) == "whole"


def test_what_the_wire_lost_is_marked() -> None:
    late = fold(listed(ITEM))
    assert one(late).output.gaps == (0,), "we came when it was running"
    by_delta = fold(printed("tick"), listed(ITEM))
    assert one(by_delta).output.gaps == (0,)
    cut = fold(
        connected("e1"),
        turned(),
        begun(),
        listed(ITEM),
        printed("abc"),
        connected("e1", 2),
        connected("e1", 3),
        listed(ITEM),
        printed("def"),
    )
    assert one(cut).output.gaps == (3,), "one gap where the connection was lost"
    assert str(one(cut).output.text) == "abcdef"
    told = fold(over("whole"), world=cut)
    assert one(told).output.gaps == ()


def test_an_engine_that_ended_took_its_terminals_along() -> None:
    world = fold(connected("e1"), turned(), begun(), listed(ITEM), printed("x"))
    world = fold(connected("e2", 2), world=world)
    assert one(world).ending is Ending.ENGINE
    assert str(one(world).output.text) == "x"
    # The same, seen by a window that was not there when it happened.
    stored = fold(listed(ITEM, epoch="e1")).threads
    world = fold(connected("e2"), world=World(threads=stored))
    assert one(world).ending is Ending.ENGINE
    alive = fold(connected("e1"), world=World(threads=stored))
    assert one(alive).live


def test_unloading_archiving_and_deleting_end_them() -> None:
    for event in (
        e.ThreadUnloaded(ROOT, 4),
        e.ThreadDeleted(ROOT, 4),
        e.ThreadStatusChanged(ROOT, ThreadStatus.NOT_LOADED, at_ms=4),
        e.ThreadSeen(
            ROOT, (("status", ThreadStatus.NOT_LOADED),), Origin.ENGINE, at_ms=4
        ),
    ):
        world = fold(listed(ITEM), event)
        assert one(world).ending is Ending.UNLOADED, event
        assert one(world).ended_ms == 4, event


def test_an_interrupt_leaves_them_live() -> None:
    world = fold(
        turned(),
        begun(),
        listed(ITEM),
        e.TurnEnded(ROOT, TURN, TurnStatus.INTERRUPTED, at_ms=3),
    )
    assert one(world).live
    assert not world.threads[ROOT].turns[TURN].items[ITEM].ended


def test_dismissing_forgets_ended_ones_only() -> None:
    both = e.TerminalsDismissed(ROOT, (ItemId("a"), ItemId("b")))
    world = fold(listed("a", "b"), listed("a"), both)
    thread = world.threads[ROOT]
    assert list(thread.terminals) == ["a"]
    assert not thread.ended_terminals
    many = [f"x{n}" for n in range(MOST_ENDED + 5)]
    world = fold(listed(*many), listed())
    assert list(world.threads[ROOT].ended_terminals) == many[5:]


def test_orphans_become_rows_unless_they_are_known() -> None:
    orphan = Terminal(ItemId("o"), "", "sleep 7", "")
    found = e.OrphansFound(ROOT, (orphan, Terminal(ItemId("a"), "", "x", "")))
    world = fold(listed("a"), found, found)
    thread = world.threads[ROOT]
    assert list(thread.terminals) == ["a"]
    (row,) = thread.ended_terminals.values()
    assert (row.ending, row.number, row.command) == (Ending.ENGINE, 2, "sleep 7")


def test_numbers_are_one_row_over_all_threads_and_stay() -> None:
    """`/stop` takes what the board of all threads shows, so no two may be alike."""
    world = fold(listed("a"), listed("b", thread=CHILD), listed("a", "c"))
    assert _numbers(world) == {"a": 1, "b": 2, "c": 3}
    world = fold(listed("a", "c", "d"), listed("c", "d"), world=world)
    assert world.threads[ROOT].terminals[ItemId("d")].number == 4
    assert world.threads[ROOT].ended_terminals[ItemId("a")].number == 1
    parent = e.ThreadSeen(CHILD, (("parent_id", ROOT),), Origin.ENGINE)
    assert _numbers(fold(parent, world=world)) == _numbers(world)


def _numbers(world: World) -> dict[str, int]:
    return {
        t.item_id: t.number
        for thread in world.threads.values()
        for t in (*thread.terminals.values(), *thread.ended_terminals.values())
    }


def test_kept_numbers_that_are_alike_are_told_apart() -> None:
    """Trees had numbers of their own once; the thread that came first keeps them."""
    one_tree, other = fold(listed("a", "b")), fold(listed("c", thread=CHILD))
    kept = {**one_tree.threads, **other.threads}
    assert _numbers(World(threads=kept)) == {"a": 1, "b": 2, "c": 1}
    assert _numbers(World(threads=apart(kept))) == {"a": 1, "b": 2, "c": 3}


@given(st.lists(st.tuples(st.sampled_from("rstu"), st.sampled_from("abcdef"))))
def test_no_two_terminals_ever_have_one_number(steps: list[tuple[str, str]]) -> None:
    world = World()
    now: dict[str, set[str]] = {}
    for thread, name in steps:
        held = now.setdefault(thread, set())
        held ^= {f"{thread}{name}"}
        world = fold(listed(*sorted(held), thread=ThreadId(thread)), world=world)
        numbers = list(_numbers(world).values())
        assert 0 not in numbers
        assert len(numbers) == len(set(numbers))


def test_a_lying_parent_does_not_hang() -> None:
    ring = [
        e.ThreadSeen(ROOT, (("parent_id", CHILD),), Origin.ENGINE),
        e.ThreadSeen(CHILD, (("parent_id", ROOT),), Origin.ENGINE),
    ]
    world = fold(*ring, listed("a"), listed("b", thread=CHILD))
    assert {one(world).number, one(world, CHILD).number} == {1, 2}


@given(st.lists(st.text(max_size=40), max_size=20), st.data())
def test_a_tail_is_the_end_of_all_however_it_came(
    chunks: list[str], data: st.DataObject
) -> None:
    whole = "".join(chunks)
    grown = Tail()
    for chunk in chunks:
        grown = grown.grown(chunk)
    assert grown == tail_of(whole)
    number = data.draw(st.integers(0, 50))
    assert grown.text.last(number) == (whole[-number:] if number else "")


def test_a_tail_is_bounded() -> None:
    filled = tail_of("a" * KEPT).grown("bc")
    assert (len(filled.text), filled.end, filled.start) == (KEPT, KEPT + 2, 2)
    assert str(filled.text).endswith("abc")
    assert tail_of("a" * KEPT + "bc") == filled
    assert replace(filled, gaps=(0,)).torn().gaps == (0, filled.end)


def test_recorded_terminals_end_as_they_did() -> None:
    """b-bgterm: one ended with code 7 after its turn, one was ended by us, two by
    `clean`; every text is the completed one."""
    world = World()
    ends: dict[ItemId, Terminal] = {}
    for event in recordings.events("b-bgterm"):
        world = reduce(world, event)
        for thread in world.threads.values():
            ends.update(thread.ended_terminals)
    codes = {t.command[:3]: t.exit_code for t in ends.values()}
    assert codes["for"] == 7
    first = next(t for t in ends.values() if t.command.startswith("for"))
    assert str(first.output.text).startswith("pyenv: cannot rehash")
    assert str(first.output.text).endswith("tick6\n")


def test_a_thread_without_terminals_costs_nothing() -> None:
    thread = Thread(ROOT)
    world = fold(e.TerminalsListed(ROOT, ()), world=World(threads={ROOT: thread}))
    assert world.threads[ROOT] is thread
