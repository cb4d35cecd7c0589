"""Questions in passing: they wait until a message of the user's stands after them."""

from __future__ import annotations

from state import events as e
from state.items import (
    AgentMessage,
    Item,
    ItemId,
    Question,
    Text,
    ThreadId,
    UserMessage,
)
from state.items import TurnId as Id
from state.model import Thread, Turn, World
from state.reduce import reduce, reduce_thread
from state.select.side import side_view
from state.tree import Forest
from state.views import AgentTreeView, Tone

T = ThreadId("T")


def asks(key: str, *titles: str) -> Item:
    questions = tuple(Question(title, ("Red", "Blue")) for title in titles)
    body = AgentMessage(Text("\n".join(titles)), "final_answer", questions)
    return Item(ItemId(key), body, started_ms=5)


def says(key: str) -> Item:
    return Item(ItemId(key), UserMessage("hello"))


def told(thread: Thread, turn: str, item: Item) -> Thread:
    started = reduce_thread(thread, e.ItemStarted(T, Id(turn), item))
    return reduce_thread(started, e.ItemCompleted(T, Id(turn), item))


def waiting(thread: Thread) -> list[str]:
    return [asking.item_id for asking in thread.asking]


def test_they_outlive_their_turn_and_end_with_the_next_message() -> None:
    thread = told(told(Thread(T), "t1", says("u1")), "t1", asks("q1", "Which?"))
    assert waiting(thread) == ["q1"]
    thread = told(thread, "t1", Item(ItemId("a1"), AgentMessage(Text("going on"))))
    thread = told(thread, "t2", asks("q2", "And?"))
    assert waiting(thread) == ["q1", "q2"]
    again = told(thread, "t2", asks("q2", "And?"))
    assert again.asking is thread.asking
    assert waiting(told(thread, "t2", says("u2"))) == []


def test_what_is_told_late_is_not_asked_again() -> None:
    thread = told(told(Thread(T), "t1", asks("q1", "Which?")), "t1", says("u1"))
    assert waiting(told(thread, "t1", asks("q1", "Which?"))) == []


def test_a_history_that_is_loaded_asks_what_is_unanswered_in_it() -> None:
    turns = (
        Turn(Id("t1"), items={ItemId("q0"): asks("q0", "Old?")}),
        Turn(Id("t2"), items={i.id: i for i in (says("u1"), asks("q1", "New?"))}),
    )
    loaded = e.TurnsLoaded(T, turns, complete=True)
    assert waiting(reduce_thread(Thread(T), loaded)) == ["q1"]


def test_one_that_is_held_no_more_still_waits() -> None:
    kept = told(Thread(T), "t1", asks("q1", "Which?")).asking
    thread = told(Thread(T, asking=kept), "t9", asks("q9", "And?"))
    assert waiting(thread) == ["q1", "q9"]
    assert waiting(told(thread, "t9", says("u1"))) == []


def test_the_inbox_has_a_row_that_says_where_it_stands() -> None:
    world = World()
    for event in (
        e.ItemCompleted(T, Id("t1"), asks("q1", "Which\x1b[2J one?", "And?")),
    ):
        world = reduce(world, event)
    forest = Forest()
    forest.update(world.threads, world.threads)
    view = side_view(world, forest, AgentTreeView(), [T])
    (row,) = view.reviews
    assert row.place == ("T", "t1", "q1") and row.key is None
    assert row.what == "Which one? (Red · Blue) and 1 more"
    assert row.tone is Tone.MUTED, "no engine is there"
    archived = {T: reduce_thread(world.threads[T], e.ThreadArchived(T, archived=True))}
    assert side_view(World(archived), forest, AgentTreeView(), [T]).reviews == ()
