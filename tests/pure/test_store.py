"""The store publishes at most twenty worlds a second, each complete and immutable."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from state import events as e
from state.frame import INTERVAL_MS, SLOWEST_MS, FrameGate
from state.items import DeltaKind, ItemId, ThreadId, TurnId
from state.model import Engine, EnginePhase, World
from state.reduce import reduce
from state.store import Published, Store
from tests.recordings import events as recorded

T, U, ITEM = ThreadId("t"), TurnId("u"), ItemId("i")


def test_a_batch_gives_the_world_of_its_events_one_by_one() -> None:
    history = list(recorded("b-agents-basic"))
    plain = World()
    for event in history:
        plain = reduce(plain, event)
    store = Store()
    for at in range(0, len(history), 7):
        store.offer_all(history[at : at + 7])
        store.tick(at)
    assert store.world == plain


def test_a_published_world_never_changes() -> None:
    store = Store()
    seen: list[Published] = []
    store.subscribe(seen.append)
    for n in range(3):
        store.offer(e.ItemDelta(T, U, ITEM, DeltaKind.MESSAGE, str(n)))
        store.tick(n * 100)
    texts = [str(p.world.threads[T].turns[U].items[ITEM].body.text) for p in seen]  # type: ignore[union-attr]
    assert texts == ["0", "01", "012"]
    assert all(p.dirty == {T} for p in seen)


def test_a_thread_nobody_touched_is_the_same_object() -> None:
    store = Store()
    store.offer(e.ThreadRenamed(ThreadId("a"), "a"))
    store.offer(e.ThreadRenamed(ThreadId("b"), "b"))
    store.tick(0)
    before = store.world.threads
    store.offer(e.ThreadRenamed(ThreadId("a"), "z"))
    store.tick(100)
    assert store.world.threads[ThreadId("b")] is before[ThreadId("b")]
    assert store.world.threads[ThreadId("a")].name == "z"
    assert before[ThreadId("a")].name == "a"


def test_a_tick_is_asked_for_once_per_rest() -> None:
    store = Store()
    asked: list[int] = []
    store.inlet.on_news = lambda: asked.append(1)
    store.offer(e.ConfigWarned("x"))
    store.offer(e.ConfigWarned("y"))
    assert asked == [1]
    store.tick(0)
    assert store.tick(1) is None
    store.offer(e.EngineChanged(Engine(EnginePhase.READY)))
    store.offer(e.MessageShown("z"))
    assert asked == [1, 1]


def test_what_the_user_waits_for_asks_once_more() -> None:
    store = Store()
    asked: list[bool] = []
    store.inlet.on_news = lambda: asked.append(store.inlet.prompt)
    told = (e.ConfigWarned("x"), e.MessageShown("y"), e.MessageShown("z"))
    store.offer_all(told)
    assert asked == [False, True]
    published = store.tick(0)
    assert published is not None
    assert published.events == told
    store.offer(e.ConfigWarned("x"))
    assert asked == [False, True, False]


def test_growing_text_never_crosses_what_else_its_thread_was_told() -> None:
    store = Store()
    other = ThreadId("other")
    ended = e.ThreadRenamed(T, "between")
    for text in "ab":
        store.inlet.grow(T, U, ITEM, DeltaKind.MESSAGE, text)
        store.inlet.grow(other, U, ITEM, DeltaKind.MESSAGE, text)
    store.offer(ended)
    store.inlet.grow(T, U, ITEM, DeltaKind.MESSAGE, "c")
    store.inlet.grow(T, U, ITEM, DeltaKind.PLAN, "p")
    store.inlet.grow(other, U, ITEM, DeltaKind.MESSAGE, "c")
    published = store.tick(0)
    assert published is not None
    message = DeltaKind.MESSAGE
    assert published.events == (
        e.ItemDelta(T, U, ITEM, message, "ab"),
        e.ItemDelta(other, U, ITEM, message, "abc"),
        ended,
        e.ItemDelta(T, U, ITEM, message, "c"),
        e.ItemDelta(T, U, ITEM, DeltaKind.PLAN, "p"),
    )
    # What comes after a publish is news again: nothing is added to what was taken.
    store.inlet.grow(T, U, ITEM, message, "d")
    again = store.tick(100)
    assert again is not None
    assert again.events == (e.ItemDelta(T, U, ITEM, message, "d"),)


@given(st.lists(st.integers(0, 200), max_size=60))
def test_two_publishes_are_an_interval_apart(steps: list[int]) -> None:
    gate, now = FrameGate(), 0
    published: list[int] = []
    for step in steps:
        now += step
        if gate.wait(now) == 0:
            gate.published(now)
            published.append(now)
    gaps = [b - a for a, b in pairwise(published)]
    assert all(gap >= INTERVAL_MS for gap in gaps)


@given(st.integers(0, 10**7), st.integers(0, 10**5))
def test_a_rest_is_never_shorter_than_an_interval_nor_long(
    drawn: int, threads: int
) -> None:
    gate = FrameGate()
    gate.published(1_000, threads)
    gate.drawn(drawn)
    assert INTERVAL_MS <= gate.wait(1_000) <= SLOWEST_MS
    assert gate.wait(1_000, prompt=True) == INTERVAL_MS


def test_many_threads_that_change_are_published_less_often() -> None:
    store = Store()
    for number in range(100):
        thread_id = ThreadId(f"t{number}")
        store.inlet.grow(thread_id, U, ITEM, DeltaKind.MESSAGE, "a")
    store.tick(1_000)
    assert store.gate.wait(1_000) == 200
    store.inlet.grow(T, U, ITEM, DeltaKind.MESSAGE, "a")
    store.tick(2_000)
    assert store.gate.wait(2_000) == INTERVAL_MS
