"""A world restored from the file equals the world that was folded."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from state import events as e
from state.dataclass import replace
from state.db.history import (
    load_thread,
    load_world,
    older_turns,
    search,
    settings_history,
)
from state.db.ledger import read_ledger
from state.items import (
    AgentMessage,
    Command,
    DeltaKind,
    ItemId,
    ItemStatus,
    Text,
    ThreadId,
    TurnId,
    UserMessage,
)
from state.ledger import Outcome
from state.model import (
    HistoryState,
    ReviewState,
    Settings,
    Terminal,
    Thread,
    Turn,
    TurnStatus,
    World,
)
from state.order import spliced
from tests import recordings
from tests.store.helpers import (
    T1,
    T2,
    decided,
    item,
    noted,
    publish,
    restored,
    review,
    seen,
    started,
    writing,
    written,
)

READER = """
import pickle, sys
from pathlib import Path
from tests.store.helpers import restored
sys.stdout.buffer.write(pickle.dumps(restored(Path(sys.argv[1]))))
"""
ROOT = Path(__file__).parents[2]


def read_by_another_process(path: Path) -> dict[ThreadId, Thread]:
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path)],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    threads: dict[ThreadId, Thread] = pickle.loads(done.stdout)
    return threads


def in_order(threads: dict[ThreadId, Thread]) -> list[object]:
    """What dict equality does not see."""
    return [
        (t.id, [(u.id, list(u.items)) for u in t.turns.values()], list(t.reviews))
        for t in threads.values()
    ]


@pytest.mark.parametrize("name", recordings.NAMES)
def test_a_recording_comes_back_whole(name: str, store: Path) -> None:
    events = list(recordings.events(name))
    ticks = [events[at : at + 7] for at in range(0, len(events), 7)]
    world = written(store, *ticks)
    assert world.threads, "the recording is about threads"
    threads = read_by_another_process(store)
    assert threads == world.threads
    assert in_order(threads) == in_order(dict(world.threads))


@pytest.mark.parametrize("name", recordings.NAMES[:3])
def test_how_ticks_were_cut_does_not_matter(name: str, store: Path) -> None:
    world = written(store, list(recordings.events(name)))
    assert restored(store) == world.threads


def test_nothing_yet_is_an_empty_world(store: Path) -> None:
    assert load_world(store) == {}


def test_growing_output_is_appended_and_comes_back(store: Path) -> None:
    running = item("c", Command("tail -f log"), ItemStatus.IN_PROGRESS)
    turn, item_id = TurnId("u1"), ItemId("c")

    def delta(text: str) -> e.ItemDelta:
        return e.ItemDelta(T1, turn, item_id, DeltaKind.OUTPUT, text)

    begin: list[e.Event] = [seen(T1), started("u1"), e.ItemStarted(T1, turn, running)]
    world = written(store, begin, [delta("one\n")], [delta("two\n")])
    body = restored(store)[T1].turns[turn].items[item_id].body
    assert isinstance(body, Command)
    assert str(body.output) == "one\ntwo\n"
    whole = item("c", Command("tail -f log", output=Text("one\ntwo\nend\n")))
    world = written(store, [e.ItemCompleted(T1, turn, whole)], world=world)
    assert restored(store) == world.threads


def test_output_goes_on_growing_after_a_restart(store: Path) -> None:
    running = item("c", Command("make"), ItemStatus.IN_PROGRESS)
    turn, item_id = TurnId("u1"), ItemId("c")
    one = e.ItemDelta(T1, turn, item_id, DeltaKind.OUTPUT, "one\n")
    two = e.ItemDelta(T1, turn, item_id, DeltaKind.OUTPUT, "two\n")
    written(store, [seen(T1), started("u1"), e.ItemStarted(T1, turn, running), one])

    async def second_life() -> World:
        world = World(threads=load_world(store))
        async with writing(store) as writer:
            writer.adopt(world.threads)
            return publish(writer, world, two)

    world = asyncio.run(second_life())
    body = world.threads[T1].turns[turn].items[item_id].body
    assert isinstance(body, Command)
    assert str(body.output) == "one\ntwo\n"
    assert restored(store)[T1].turns == world.threads[T1].turns


def test_what_is_known_to_be_complete_stays_so_after_a_restart(store: Path) -> None:
    turns = (Turn(TurnId("u1"), TurnStatus.COMPLETED),)
    written(store, [seen(T1), e.TurnsLoaded(T1, turns, complete=True)])
    world = World(threads=load_world(store))
    assert world.threads[T1].history is HistoryState.NONE
    world = written(store, [e.ThreadRenamed(T1, "new name")], world=world)
    assert restored(store)[T1].history is HistoryState.COMPLETE
    written(store, [e.ThreadReverted(T1)], world=world)
    assert restored(store)[T1].history is HistoryState.NONE


def test_turns_come_lazily_and_say_so(store: Path) -> None:
    turns = tuple(
        Turn(TurnId(f"u{at:02}"), TurnStatus.COMPLETED, started_ms=at)
        for at in range(25)
    )
    loaded = e.TurnsLoaded(T1, turns, complete=True)
    written(store, [seen(T1), loaded])
    row = load_world(store)[T1]
    assert not row.turns
    assert row.history is HistoryState.NONE
    last = load_thread(store, T1, 10)
    assert last is not None
    assert list(last.turns) == [f"u{at:02}" for at in range(15, 25)]
    assert last.history is HistoryState.PARTIAL
    older = older_turns(store, T1, TurnId("u15"), 10)
    assert [t.id for t in older] == [f"u{at:02}" for at in range(5, 15)]
    whole = load_thread(store, T1, None)
    assert whole is not None
    assert whole.history is HistoryState.COMPLETE


def test_an_older_page_goes_before_what_is_stored(store: Path) -> None:
    def page(*names: str, older: bool) -> e.TurnsLoaded:
        turns = tuple(Turn(TurnId(n), TurnStatus.COMPLETED) for n in names)
        return e.TurnsLoaded(T1, turns, older=older)

    world = written(
        store,
        [seen(T1), page("u5", "u6", older=False)],
        [page("u3", "u4", older=True)],
        [page("u1", "u2", older=True)],
    )
    assert list(restored(store)[T1].turns) == list(world.threads[T1].turns)
    assert list(world.threads[T1].turns) == ["u1", "u2", "u3", "u4", "u5", "u6"]


def test_a_reverted_thread_forgets_its_turns_and_their_words(store: Path) -> None:
    said = item("m", UserMessage("xyzzy"))
    kept = item("m", UserMessage("plugh"))
    written(
        store,
        [seen(T1), started("u1"), e.ItemCompleted(T1, TurnId("u1"), said)],
        [e.ThreadReverted(T1)],
        [started("u2"), e.ItemCompleted(T1, TurnId("u2"), kept)],
    )
    assert list(restored(store)[T1].turns) == ["u2"]
    assert [f for f in search(store, "xyzzy") if f.item_id] == []
    assert [f.turn_id for f in search(store, "plugh") if f.item_id] == ["u2"]


def test_revert_and_new_turns_within_one_batch(store: Path) -> None:
    said = item("m", UserMessage("xyzzy"))
    world = written(
        store,
        [seen(T1), started("u1"), e.ItemCompleted(T1, TurnId("u1"), said)],
        [e.ThreadReverted(T1), started("u1"), started("u0")],
    )
    assert restored(store) == world.threads


def test_search_reads_messages_answers_commands_and_names(store: Path) -> None:
    turn = TurnId("u1")
    written(
        store,
        [
            seen(T2, name="parser rewrite", preview="x"),
            seen(T1),
            started("u1"),
            e.ItemCompleted(T1, turn, item("a", UserMessage("fix the parser"))),
            e.ItemCompleted(T1, turn, item("b", AgentMessage(Text("Parsers ok")))),
            e.ItemCompleted(T1, turn, item("c", Command("pytest -k parser"))),
            e.ItemCompleted(T1, turn, item("d", Command("echo \x1b[31mpars\x1b[0mer"))),
        ],
    )
    found = search(store, "parser")
    assert {f.thread_id for f in found if f.item_id is None} == {T1, T2}
    assert {f.item_id for f in found if f.item_id} == {"a", "b", "c", "d"}
    for odd in ('"', "AND", "a* OR (", "-", "NEAR(", "\x00", "'; DROP TABLE item"):
        search(store, odd)
    assert search(store, "   ") == ()


def test_terminals_and_sends_that_are_over_do_not_come_back(store: Path) -> None:
    shell = Terminal(ItemId("c"), "1", "bash", "/")
    world = written(
        store,
        [seen(T1), e.TerminalsListed(T1, (shell,)), noted("s1"), noted("s2")],
        [e.TerminalsListed(T1, ())],
        [
            started("u1"),
            e.ItemCompleted(
                T1, TurnId("u1"), item("m", UserMessage("hello", client_id="s1"))
            ),
        ],
    )
    threads = restored(store)
    assert threads == world.threads
    assert not threads[T1].terminals
    assert list(threads[T1].sends) == ["s2"]


def test_a_decision_is_back_although_its_review_row_is_older(store: Path) -> None:
    async def run() -> None:
        async with writing(store) as writer:
            asked = e.ReviewAsked(T1, review())
            publish(writer, World(), seen(T1), asked)
            await writer.flush()
            await writer.commit_now(decided())
            # The window dies here, before the world heard of the decision.

    asyncio.run(run())
    found = load_world(store)[T1].reviews[review().key]
    assert found.state is ReviewState.DECIDED
    assert found.decision == decided().decision
    assert found.decided_ms == 9


def test_a_decision_for_an_old_asking_does_not_answer_a_new_one(store: Path) -> None:
    async def run() -> None:
        async with writing(store) as writer:
            world = publish(writer, World(), seen(T1), e.ReviewAsked(T1, review()))
            await writer.commit_now(decided())
            again = review(connection=2)
            publish(writer, world, e.ReviewAsked(T1, again))

    asyncio.run(run())
    assert load_world(store)[T1].reviews[review().key].state is ReviewState.PENDING


def test_a_reopened_decision_stays_undecided(store: Path) -> None:
    async def run() -> None:
        async with writing(store) as writer:
            world = publish(writer, World(), seen(T1), e.ReviewAsked(T1, review()))
            await writer.commit_now(decided())
            world = publish(writer, world, decided())
            publish(writer, world, e.ReviewReopened(T1, review().key))

    asyncio.run(run())
    assert load_world(store)[T1].reviews[review().key].state is ReviewState.PENDING


def test_request_ids_one_and_text_one_are_two_reviews(store: Path) -> None:
    asked = [e.ReviewAsked(T1, review(1)), e.ReviewAsked(T1, review("1"))]
    written(store, [seen(T1), *asked])
    assert [k.request_id for k in restored(store)[T1].reviews] == [1, "1"]


def test_what_the_engine_asks_again_after_a_kill_waits_again(store: Path) -> None:
    """Both windows count their connections from one. The decision that never reached
    the engine stays known, and that it did not."""
    key = review().key

    async def first() -> None:
        async with writing(store) as writer:
            publish(writer, World(), seen(T1), e.ReviewAsked(T1, review()))
            await writer.commit_now(decided())
            # Killed here, before anything left.

    async def second() -> World:
        async with writing(store) as writer:
            old = World(threads=load_world(store))
            writer.adopt(old.threads)
            assert old.threads[T1].reviews[key].state is ReviewState.DECIDED
            return publish(writer, old, e.ReviewAsked(T1, review(), at_ms=20))

    asyncio.run(first())
    world = asyncio.run(second())
    for found in (world.threads[T1].reviews[key], restored(store)[T1].reviews[key]):
        assert found.state is ReviewState.PENDING
        assert (found.decision, found.unheard) == (None, decided().decision)
    (entry,) = read_ledger(store)
    assert entry.outcome is Outcome.WAITING and not entry.who
    assert [one.decided_ms for one in entry.earlier] == [9]

    async def third() -> None:
        async with writing(store) as writer:
            old = World(threads=load_world(store))
            writer.adopt(old.threads)
            anew = replace(decided(), at_ms=30)
            world = publish(writer, old, anew)
            await writer.commit_now(anew)
            publish(writer, world, e.ReviewSent(T1, key, 31))

    asyncio.run(third())
    (entry,) = read_ledger(store)
    assert entry.outcome is Outcome.SENT and entry.at.decided == 30
    assert [(one.decided_ms, one.sent_ms) for one in entry.earlier] == [(9, None)]


def test_each_change_of_settings_is_kept(store: Path) -> None:
    written(
        store,
        [seen(T1)],
        [e.SettingsChanged(T1, Settings(approval_policy="on-request"))],
        [e.SettingsChanged(T1, Settings(approval_policy="never"))],
    )
    bodies = [body for _, body in settings_history(store, T1)]
    assert len(bodies) == 2
    assert '"never"' in bodies[1]


def test_new_turns_and_items_go_to_the_end(store: Path) -> None:
    ticks: list[list[e.Event]] = [
        [
            started(turn),
            e.ItemCompleted(T1, TurnId(turn), item("b", UserMessage("1"))),
            e.ItemCompleted(T1, TurnId(turn), item("a", UserMessage("2"))),
        ]
        for turn in ("u1", "u3", "u2")
    ]
    late = e.ItemCompleted(T1, TurnId("u1"), item("0", UserMessage("3")))
    world = written(store, [seen(T1)], *ticks, [late])
    threads = restored(store)
    assert in_order(threads) == in_order(dict(world.threads))
    assert list(threads[T1].turns) == ["u1", "u3", "u2"]
    assert list(threads[T1].turns[TurnId("u1")].items) == ["b", "a", "0"]


@pytest.mark.parametrize(
    ("stored", "held", "order"),
    [
        ("", "ab", "ab"),
        ("abc", "c", "abc"),
        ("abc", "cd", "abcd"),
        ("abc", "xb", "axbc"),
        ("abc", "axbyc", "axbyc"),
        ("abc", "de", "abcde"),
        ("abc", "ca", "bca"),
    ],
)
def test_how_what_is_stored_and_what_is_held_are_put_in_order(
    stored: str, held: str, order: str
) -> None:
    assert "".join(spliced(stored, held)) == order
