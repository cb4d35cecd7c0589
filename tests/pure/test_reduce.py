"""The reducers are total, and keep their invariants whatever order events come in."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state import events as e
from state.coalesce import coalesce
from state.items import (
    AgentActivity,
    AgentMessage,
    Command,
    DeltaKind,
    Item,
    ItemId,
    ItemStatus,
    Reasoning,
    Text,
    ThreadId,
    TurnId,
    UserMessage,
)
from state.model import (
    ClientId,
    Decision,
    Engine,
    EnginePhase,
    Origin,
    Review,
    ReviewKey,
    ReviewKind,
    ReviewState,
    Send,
    SendState,
    Terminal,
    Thread,
    ThreadStatus,
    Turn,
    TurnError,
    TurnStatus,
    World,
)
from state.reduce import reduce, reduced
from state.reduce.items import lengthened
from state.tree import Forest
from tests.recordings import NAMES
from tests.recordings import events as recorded
from tests.soaking import examples

THREADS = [ThreadId(f"t{n}") for n in range(3)]
TURNS = [TurnId(f"u{n}") for n in range(3)]
ITEMS = [ItemId(f"i{n}") for n in range(4)]

thread_ids = st.sampled_from(THREADS)
turn_ids = st.sampled_from(TURNS)
item_ids = st.sampled_from(ITEMS)
bodies = st.sampled_from(
    [
        AgentMessage(Text("hello")),
        Reasoning((Text("why"),)),
        Command("ls", process_id="7"),
        UserMessage("do it", client_id="c1"),
        AgentActivity("started", THREADS[2], "/root/a", "m", "low"),
    ]
)
items = st.builds(Item, item_ids, bodies, st.sampled_from(ItemStatus))
keys = st.builds(ReviewKey, st.sampled_from(["e1", "e2"]), st.integers(0, 2))
decision = Decision("y", "Yes", '{"decision":"accept"}')


def review(thread_id: ThreadId, key: ReviewKey, connection: int) -> Review:
    return Review(
        key=key,
        connection=connection,
        method="item/commandExecution/requestApproval",
        kind=ReviewKind.COMMAND,
        thread_id=thread_id,
        turn_id=TURNS[0],
        item_id=ITEMS[0],
        approval_id=None,
        params="{}",
        params_hash=f"h{key.request_id}",
        asked_ms=1,
        command="ls",
    )


@functools.cache  # built anew for each event, it costs more than all that is tested
def _for_thread(thread_id: ThreadId) -> st.SearchStrategy[e.Event]:
    fixed = st.just(thread_id)
    return st.one_of(
        st.builds(
            e.ThreadSeen,
            fixed,
            st.sampled_from(
                [
                    (("parent_id", THREADS[0]),),
                    (("status", ThreadStatus.IDLE), ("name", None)),
                    (("status", ThreadStatus.ACTIVE),),
                    (("name", "x"), ("updated_ms", 5), ("no such field", 1)),
                ]
            ),
            st.just(Origin.ENGINE),
        ),
        st.builds(e.ThreadStatusChanged, fixed, st.sampled_from(ThreadStatus)),
        st.builds(e.ThreadUnloaded, fixed),
        st.builds(e.ThreadDeleted, fixed),
        st.builds(e.ThreadReverted, fixed),
        st.builds(e.TurnStarted, fixed, turn_ids, st.none() | turn_ids),
        st.builds(e.TurnEnded, fixed, turn_ids, st.sampled_from(TurnStatus)),
        st.builds(e.ItemStarted, fixed, turn_ids, items),
        st.builds(e.ItemCompleted, fixed, turn_ids, items),
        st.builds(
            e.ItemDelta,
            fixed,
            turn_ids,
            item_ids,
            st.sampled_from(DeltaKind),
            st.text(max_size=3),
            st.integers(-1, 3),
        ),
        st.builds(
            e.TurnsLoaded,
            fixed,
            st.lists(
                st.builds(Turn, turn_ids, st.sampled_from(TurnStatus)),
                max_size=3,
                unique_by=lambda t: t.id,
            ).map(tuple),
            st.booleans(),
            st.booleans(),
        ),
        st.builds(
            e.TerminalsListed,
            fixed,
            st.sampled_from(
                [
                    (),
                    (Terminal(ITEMS[0], "7", "ls", "/"),),
                    tuple(Terminal(one, "8", "top", "/") for one in ITEMS),
                ]
            ),
            st.sampled_from(["e1", "e2"]),
            st.integers(0, 9),
        ),
        st.builds(e.TerminalsDismissed, fixed, st.just(tuple(ITEMS[:1]))),
        st.builds(
            e.ErrorSeen,
            fixed,
            turn_ids,
            st.just(TurnError("broken")),
            st.booleans(),
        ),
        st.builds(
            lambda k, c: e.ReviewAsked(thread_id, review(thread_id, k, c)),
            keys,
            st.integers(1, 2),
        ),
        st.builds(e.ReviewDecided, fixed, keys, st.just(decision), st.just(2)),
        st.builds(e.ReviewSent, fixed, keys, st.just(3)),
        st.builds(e.ReviewReopened, fixed, keys),
        st.builds(e.ReviewResolved, fixed, keys, st.just(4)),
        st.builds(
            e.ReviewAnswered,
            fixed,
            keys,
            st.sampled_from([None, decision]),
            st.just(2),
            st.just("you in another window"),
        ),
        st.builds(
            lambda s: e.SendNoted(
                thread_id, Send(ClientId("c1"), "do it", "start", s, 1)
            ),
            st.sampled_from(SendState),
        ),
    )


events_ = st.one_of(
    thread_ids.flatmap(_for_thread),
    st.builds(
        lambda epoch: e.EngineChanged(Engine(EnginePhase.READY, epoch=epoch)),
        st.sampled_from(["e1", "e2"]),
    ),
)


def check_invariants(world: World, asked: set[ReviewKey]) -> None:
    for thread in world.threads.values():
        running = [
            t.id for t in thread.turns.values() if t.status is TurnStatus.IN_PROGRESS
        ]
        assert running == ([thread.active_turn] if thread.active_turn else [])
        pending = {
            k for k, r in thread.reviews.items() if r.state is ReviewState.PENDING
        }
        assert pending <= asked
        assert not thread.terminals.keys() & thread.ended_terminals.keys()
        assert all(t.live and t.number for t in thread.terminals.values())
        assert not any(t.live for t in thread.ended_terminals.values())
        for turn in thread.turns.values():
            if turn.status in (TurnStatus.INTERRUPTED, TurnStatus.FAILED):
                late = [i for i in turn.items.values() if not i.ended]
                assert all(
                    isinstance(i.body, Command) or i.status is ItemStatus.IN_PROGRESS
                    for i in late
                )


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(events_, max_size=40))
def test_any_order_is_survived(history: list[e.Event]) -> None:
    world = World()
    asked: set[ReviewKey] = set()
    spawned: list[ThreadId] = []
    for event in history:
        if isinstance(event, e.ReviewAsked):
            asked.add(event.review.key)
        world = reduce(world, event)
        check_invariants(world, asked)
        seen = list(world.threads)
        assert seen[: len(spawned)] == spawned, "spawn order must be stable"
        spawned = seen


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(events_, max_size=40))
def test_coalescing_changes_nothing(history: list[e.Event]) -> None:
    plain = World()
    for event in history:
        plain = reduce(plain, event)
    joined = World()
    once = coalesce(history)
    for event in once:
        joined = reduce(joined, event)
    assert joined == plain
    assert coalesce(once) == once
    endings = [x for x in history if not isinstance(x, e.ItemDelta)]
    assert [x for x in once if not isinstance(x, e.ItemDelta)] == endings


def both_ways(history: Iterable[e.Event]) -> int:
    """How many deltas took the short way; it must lead where the long one does."""
    world, taken = World(), 0
    for event in history:
        if isinstance(event, e.ItemDelta):
            thread = world.threads.get(event.thread_id) or Thread(event.thread_id)
            short = lengthened(thread, event)
            if short is not None:
                taken += 1
                assert short == reduced(thread, event)
        world = reduce(world, event)
    return taken


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(events_, max_size=40))
def test_the_short_way_of_a_delta_leads_where_the_long_one_does(
    history: list[e.Event],
) -> None:
    both_ways(history)


def test_the_short_way_is_taken() -> None:
    assert sum(both_ways(recorded(name)) for name in NAMES) > 100


def recut(history: list[e.Event], seed: int) -> list[e.Event]:
    """The same recording with its deltas cut at other places."""
    rng = random.Random(seed)
    result: list[e.Event] = []
    for event in history:
        if not isinstance(event, e.ItemDelta) or len(event.text) < 2:
            result.append(event)
            continue
        rest = event.text
        while rest:
            size = rng.randint(1, max(1, len(rest)))
            result.append(replace(event, text=rest[:size]))
            rest = rest[size:]
    return result


def fold(history: list[e.Event]) -> World:
    world = World()
    for event in history:
        world = reduce(world, event)
    return world


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_folds_alike_however_it_is_cut(name: str) -> None:
    history = list(recorded(name))
    world = fold(history)
    assert world.threads, "the recording must tell of a thread"
    for seed in range(3):
        cut = recut(history, seed)
        assert fold(cut) == world
        assert fold(coalesce(cut)) == world


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_leaves_nothing_open_in_an_interrupted_turn(name: str) -> None:
    for thread in fold(list(recorded(name))).threads.values():
        for turn in thread.turns.values():
            if turn.status is not TurnStatus.INTERRUPTED:
                continue
            for item in turn.items.values():
                assert item.ended or item.id in thread.terminals


def test_a_stale_review_is_lost_with_its_engine() -> None:
    key = ReviewKey("e1", 0)
    world = fold(
        [
            e.EngineChanged(Engine(EnginePhase.READY, epoch="e1")),
            e.ReviewAsked(THREADS[0], review(THREADS[0], key, 1)),
            e.EngineChanged(Engine(EnginePhase.READY, epoch="e2")),
        ]
    )
    assert world.threads[THREADS[0]].reviews[key].state is ReviewState.LOST


def test_a_resolution_that_comes_first_leaves_nothing_to_answer() -> None:
    key = ReviewKey("e1", 0)
    world = fold(
        [
            e.ReviewResolved(THREADS[0], key, 1),
            e.ReviewAsked(THREADS[0], review(THREADS[0], key, 1)),
        ]
    )
    assert world.threads[THREADS[0]].reviews[key].state is ReviewState.RESOLVED


def test_an_unsent_decision_comes_back_undecided_on_a_new_connection() -> None:
    key = ReviewKey("e1", 0)
    asked = review(THREADS[0], key, 1)
    world = fold(
        [
            e.ReviewAsked(THREADS[0], asked),
            e.ReviewDecided(THREADS[0], key, decision, 2),
            e.ReviewAsked(THREADS[0], replace(asked, connection=2, asked_ms=9), 9),
        ]
    )
    again = world.threads[THREADS[0]].reviews[key]
    assert again.state is ReviewState.PENDING
    assert (again.connection, again.asked_ms, again.again_ms) == (2, 1, 9)
    assert (again.decision, again.unheard) == (None, decision)


def test_what_is_asked_no_more_after_a_break_is_over() -> None:
    """Answered while nobody listened: it must not look answerable for ever."""
    keys = [ReviewKey("e1", number) for number in range(4)]
    asked = [review(THREADS[0], key, 1) for key in keys]
    other = review(THREADS[1], ReviewKey("e1", 9), 1)
    events: list[e.Event] = [
        *(e.ReviewAsked(THREADS[0], one) for one in asked),
        e.ReviewAsked(THREADS[1], other),
        e.ReviewDecided(THREADS[0], keys[1], decision, 2),
        e.ReviewDecided(THREADS[0], keys[3], decision, 2),
        e.ReviewSent(THREADS[0], keys[3], 3),
        e.ReviewAsked(THREADS[0], replace(asked[2], connection=2), 5),
        e.ReviewsListed("e1", 2, 7, frozenset({THREADS[1]})),
    ]
    world = fold(events)
    found = world.threads[THREADS[0]].reviews
    assert [found[k].state for k in keys] == [
        ReviewState.RESOLVED,
        ReviewState.RESOLVED,
        ReviewState.PENDING,
        ReviewState.RESOLVED,
    ]
    assert [found[k].resolved_by for k in (*keys[:2], keys[3])] == [
        "unseen",
        "you or another client",  # Written down, and not known to have left.
        "you",
    ]
    assert world.threads[THREADS[1]].reviews[other.key].state is ReviewState.PENDING
    # Not heard of in time, and asked nevertheless: it waits.
    late = e.ReviewAsked(THREADS[0], replace(asked[0], connection=2), 8)
    again = fold([*events, late]).threads[THREADS[0]].reviews[keys[0]]
    assert again.state is ReviewState.PENDING
    other_life = fold([*events[:4], e.ReviewsListed("e2", 2, 7)])
    assert other_life.threads[THREADS[0]].reviews[keys[0]].state is ReviewState.PENDING


def test_an_interrupt_keeps_terminals() -> None:
    thread = THREADS[0]
    shell = Item(ITEMS[0], Command("sleep 777", process_id="9"))
    words = Item(ITEMS[1], AgentMessage(Text("half a sen")))
    world = fold(
        [
            e.TurnStarted(thread, TURNS[0]),
            e.ItemStarted(thread, TURNS[0], shell),
            e.ItemStarted(thread, TURNS[0], words),
            e.TurnEnded(thread, TURNS[0], TurnStatus.INTERRUPTED),
            e.TerminalsListed(thread, (Terminal(ITEMS[0], "9", "sleep 777", "/"),)),
        ]
    )
    turn = world.threads[thread].turns[TURNS[0]]
    assert turn.items[ITEMS[0]].status is ItemStatus.IN_PROGRESS
    assert turn.items[ITEMS[1]].status is ItemStatus.CLOSED


def test_a_retried_stream_starts_again() -> None:
    thread, turn, item = THREADS[0], TURNS[0], ITEMS[0]
    delta = e.ItemDelta(thread, turn, item, DeltaKind.MESSAGE, "old half")
    world = fold(
        [
            e.TurnStarted(thread, turn),
            delta,
            e.ErrorSeen(
                thread, turn, TurnError("Reconnecting... 1/2"), will_retry=True
            ),
            e.ItemStarted(thread, turn, Item(item, AgentMessage())),
            replace(delta, text="new"),
        ]
    )
    items_ = world.threads[thread].turns[turn].items
    assert list(items_) == [item]
    body = items_[item].body
    assert isinstance(body, AgentMessage)
    assert str(body.text) == "new"


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=60))
def test_the_forest_is_stable_and_free_of_cycles(
    pairs: list[tuple[int, int]],
) -> None:
    threads: dict[ThreadId, Thread] = {}
    forest = Forest()
    for child, parent in pairs:
        thread_id, above = ThreadId(f"{child:03d}"), ThreadId(f"{parent:03d}")
        threads = {**threads, thread_id: Thread(thread_id, parent_id=above)}
        forest.update(threads, [thread_id])
        for known in threads:
            walked = [t.id for _, t in forest.walk(forest.root(known))]
            assert len(walked) == len(set(walked))
            children = forest.children(known)
            assert list(children) == sorted(children)


@given(st.text(), st.lists(st.integers(0, 40)))
def test_a_text_is_its_string_however_it_grew(text: str, cuts: list[int]) -> None:
    grown, rest = Text(), text
    for cut in cuts:
        grown, rest = grown.append(rest[:cut]), rest[cut:]
    grown = grown.append(rest)
    assert str(grown) == text
    assert grown == Text(text)
    assert len(grown) == len(text)


def test_history_that_counts_items_says_nothing_twice() -> None:
    thread, turn = THREADS[0], TURNS[0]
    named = Item(ItemId("0199-a"), UserMessage("do it", client_id="c1"))
    counted = replace(named, id=ItemId("item-1"), status=ItemStatus.COMPLETED)
    live = e.ItemCompleted(thread, turn, replace(named, status=ItemStatus.COMPLETED))
    page = e.TurnsLoaded(
        thread, (Turn(turn, TurnStatus.IN_PROGRESS, {counted.id: counted}),)
    )
    later = e.TurnsLoaded(
        thread, (Turn(turn, TurnStatus.COMPLETED, {named.id: counted_as(named)}),)
    )
    histories: list[list[e.Event]] = [
        [live, page],
        [page, later],
        [live, page, later],
    ]
    for history in histories:
        items = fold(history).threads[thread].turns[turn].items
        assert list(items) == [named.id]


def counted_as(item: Item) -> Item:
    return replace(item, status=ItemStatus.COMPLETED)
