"""The engine's races, one case each: messages in the order that surprises.

What our own requests race against (a steer as its turn ends, an interrupt as it
starts, text behind a command of the user's own) is tried on the real engine, in
`tests/engine/test_session_acts.py`, `test_session_queue.py` and `test_interrupting.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from state.items import AgentMessage, Command, ItemId, ItemStatus, ThreadId, TurnId
from state.model import ReviewState, Thread, ThreadStatus, TurnStatus, World
from state.reduce import reduce
from tests.screens import scripts as s
from tests.screens.stage import CWD, told

Json = dict[str, Any]
T, U, V = ThreadId("t"), TurnId("u"), TurnId("v")
A, C = ItemId("a1"), ItemId("c1")
ROW = s.row(T, "a thread", 60, "idle")
DONE = s.item(T, U, **s.answer("all of it"))


def delta(text: str, turn: str = U, item: str = A) -> Json:
    params = {"threadId": T, "turnId": turn, "itemId": item, "delta": text}
    return {"method": "item/agentMessage/delta", "params": params}


def opens(**body: Any) -> Json:
    return s.item(T, U, done=False, **body)


def command(**more: Any) -> Json:
    return s.ran("sleep 9", status="inProgress", **more)


def background(*items: tuple[str, str]) -> Json:
    """The engine's list of terminals."""
    rows = [
        {"itemId": item, "processId": process, "command": "sleep 9", "cwd": CWD}
        for item, process in items
    ]
    return {
        "to": "thread/backgroundTerminals/list",
        "params": {"threadId": T},
        "result": {"data": rows, "nextCursor": None},
    }


def status(kind: str) -> Json:
    params = {"threadId": T, "status": {"type": kind}}
    return {"method": "thread/status/changed", "params": params}


def event(method: str, **params: Any) -> Json:
    return {"method": method, "params": {"threadId": T, **params}}


def turns_page(*turns: Json, **more: Any) -> Json:
    return {
        "to": "thread/turns/list",
        "params": {"threadId": T, "itemsView": "full", **more},
        "result": {"data": list(turns), "nextCursor": None, "backwardsCursor": None},
    }


def row_of(turn: str, state: str, *items: Json) -> Json:
    return {"id": turn, "status": state, "error": None, "items": list(items)}


def world_of(messages: Sequence[Json]) -> World:
    world = World()
    for one in told(*messages):
        world = reduce(world, one)
    return world


def text_of(thread: Thread, turn: TurnId = U, item: ItemId = A) -> str:
    body = thread.turns[turn].items[item].body
    assert isinstance(body, AgentMessage)
    return str(body.text)


def whole(thread: Thread) -> None:
    """The completed text, once."""
    assert text_of(thread) == "all of it"
    assert len(thread.turns[U].items) == 1


def running(thread: Thread) -> None:
    assert thread.active_turn == U
    assert thread.turns[U].status is TurnStatus.IN_PROGRESS


def resting(thread: Thread) -> None:
    assert thread.active_turn is None
    assert thread.status is ThreadStatus.IDLE


def completed(thread: Thread) -> None:
    assert thread.turns[U].status is TurnStatus.COMPLETED
    assert thread.latest is not None
    assert thread.latest.status is TurnStatus.COMPLETED


def interrupted(thread: Thread) -> None:
    assert thread.turns[U].status is TurnStatus.INTERRUPTED


def closed(thread: Thread) -> None:
    """No spinner turns for what nobody runs."""
    (item,) = thread.turns[U].items.values()
    assert isinstance(item.body, Command)
    assert item.status is not ItemStatus.IN_PROGRESS


def kept(thread: Thread) -> None:
    """A background terminal outlives its turn."""
    assert thread.terminals.keys() == {C}
    assert thread.turns[U].items[C].status is ItemStatus.IN_PROGRESS


def asked(**more: Any) -> Json:
    return s.asks_command(T, U, "c9", "touch /etc/x", **more)


RESOLVED = event("serverRequest/resolved", requestId=7)


def waits(thread: Thread) -> None:
    (review,) = thread.reviews.values()
    assert review.state is ReviewState.PENDING


def waits_for_nobody(thread: Thread) -> None:
    assert not [r for r in thread.reviews.values() if r.state is ReviewState.PENDING]


def gone(thread: Thread) -> None:
    assert thread.deleted
    assert thread.active_turn is None
    assert not thread.terminals
    waits_for_nobody(thread)


def both(*checks: Callable[[Thread], None]) -> Callable[[Thread], None]:
    def check(thread: Thread) -> None:
        for one in checks:
            one(thread)

    return check


def named(thread: Thread) -> None:
    assert thread.name == "by another client"


def one_turn(thread: Thread) -> None:
    assert list(thread.turns) == [U]


def two_turns(thread: Thread) -> None:
    assert list(thread.turns) == [U, V]
    assert thread.active_turn == V


BEGAN, ENDED = s.began(T, U), s.ended(T, U)
ACTIVE, TURN = BEGAN
OVER, IDLE = ENDED
CASES: dict[str, tuple[Sequence[Json], Callable[[Thread], None]]] = {
    # who speaks before being introduced
    "an item of a thread nobody listed": ((DONE, s.listed(ROW)), whole),
    "a delta of an item nobody started": ((delta("all of "), DONE), whole),
    "a delta after the completed text": ((*BEGAN, DONE, delta(" again")), whole),
    "an item before its turn": ((DONE, *BEGAN), both(whole, running)),
    "a turn before its thread": ((TURN, s.listed(ROW), ACTIVE), running),
    "an idle row that was read before the turn began": (
        (*BEGAN, opens(**command()), s.listed(ROW)),
        running,
    ),
    "an idle row that was read after an end nobody told": (
        (*BEGAN, s.listed(s.row(T, "a thread", 3, "idle"))),
        resting,
    ),
    # starts
    "the status before and after the start": ((ACTIVE, TURN, ACTIVE), running),
    "a start told twice": ((*BEGAN, DONE, *BEGAN), both(whole, one_turn, running)),
    "the next turn before the end of the last one": (
        (*BEGAN, *s.began(T, V), OVER),
        two_turns,
    ),
    # ends
    "an end that names only the last message": ((*BEGAN, DONE, *ENDED), whole),
    "an end before its item": ((*BEGAN, delta("all"), *ENDED, DONE), whole),
    "idle before the end": ((*BEGAN, IDLE, OVER), resting),
    "an end told twice": ((*BEGAN, DONE, *ENDED, *ENDED), both(whole, resting)),
    "an end without its items' ends": (
        (*BEGAN, opens(**command()), *ENDED),
        closed,
    ),
    "an interrupt without its items' ends": (
        (*BEGAN, opens(**command()), *s.ended(T, U, "interrupted")),
        closed,
    ),
    "a background terminal at its turn's end": (
        (
            *BEGAN,
            opens(**command(processId="p1", source="unifiedExecStartup")),
            background((C, "p1")),
            *ENDED,
        ),
        kept,
    ),
    "a background terminal that is listed after its turn's end": (
        (
            *BEGAN,
            opens(**command(processId="p1", source="unifiedExecStartup")),
            *ENDED,
            background((C, "p1")),
        ),
        kept,
    ),
    # history
    "history older than what was heard": (
        (*BEGAN, DONE, turns_page(row_of(U, "inProgress"))),
        both(whole, running),
    ),
    "history newer than what was heard": (
        (
            *BEGAN,
            delta("all"),
            turns_page(row_of(U, "completed", s.answer("all of it"))),
        ),
        whole,
    ),
    "history, then the end": (
        (
            *BEGAN,
            turns_page(row_of(U, "completed", s.answer("all of it"))),
            *ENDED,
        ),
        both(whole, resting),
    ),
    "an end that was said to nobody, then history": (
        (
            *BEGAN,
            s.listed(s.row(T, "a thread", -60, "idle")),
            turns_page(row_of(U, "completed", s.answer("all of it"))),
        ),
        both(whole, completed, resting),
    ),
    "an end that was said to nobody, and it was an interrupt": (
        (
            *BEGAN,
            s.listed(s.row(T, "a thread", -60, "idle")),
            turns_page(row_of(U, "interrupted", s.answer("all of it"))),
            turns_page(row_of(U, "inProgress", s.answer("all of it"))),
        ),
        both(interrupted, resting),
    ),
    # unloading, archiving, deleting
    "unloaded while a command ran": (
        (*BEGAN, opens(**command()), status("notLoaded"), event("thread/closed")),
        closed,
    ),
    "deleted while a review waits": (
        (*BEGAN, asked(), event("thread/deleted")),
        gone,
    ),
    "a word of a deleted thread": (
        (s.listed(ROW), event("thread/deleted"), DONE, IDLE),
        gone,
    ),
    # reviews
    "a review before its item": ((*BEGAN, asked()), waits),
    "a review asked twice": ((*BEGAN, asked(), asked()), waits),
    "a resolution before its request": (
        (RESOLVED, *BEGAN, asked()),
        waits_for_nobody,
    ),
    "resolved, then asked under the same number": (
        (*BEGAN, asked(), RESOLVED, asked(itemId="c10")),
        lambda t: waits_last(t, "c10"),
    ),
    "the turn ends before its review is resolved": (
        (*BEGAN, asked(), *s.ended(T, U, "interrupted"), RESOLVED),
        both(waits_for_nobody, resting),
    ),
    # what may be told of a thread nobody knows
    "a name": ((event("thread/name/updated", threadName="by another client"),), named),
    "a name, then an older row": (
        (
            event("thread/name/updated", threadName="by another client"),
            s.listed({**ROW, "name": "by another client"}),
        ),
        named,
    ),
}


def waits_last(thread: Thread, item_id: str) -> None:
    pending = [r for r in thread.reviews.values() if r.state is ReviewState.PENDING]
    assert [r.item_id for r in pending] == [item_id]


@pytest.mark.parametrize("name", CASES)
def test_race(name: str) -> None:
    messages, check = CASES[name]
    world = world_of(messages)
    check(world.threads[T])
    # Told once more from the beginning, as after a reconnect: still one of each.
    again = world_of([*messages, *messages])
    assert again.threads.keys() == world.threads.keys()
