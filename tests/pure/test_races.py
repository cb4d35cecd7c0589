"""The engine's races, one case each: messages in the order that surprises.

Above a case stands the fact it comes from, as it was seen on real engines. What our own
requests race against is tried on those themselves:

a steer as its turn ends; text behind a command    engine/test_session_acts.py
  of the user's own; a read mark that is stale
an interrupt before its turn began; a tree whose   engine/test_session.py and
  agents are just starting                           test_interrupting.py
a queue after an interrupt, a limit, a restart     engine/test_session_queue.py
a thread another process writes; a thread that     engine/test_writers.py,
  would wake by a queue, a goal, a laxer mode        test_session, test_faults_engine
words for an agent that takes none                 scenario/test_agent_journeys.py
a terminal whose thread was unloaded               scenario/test_terminal_journeys.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from state.items import (
    AgentMessage,
    Command,
    ItemId,
    ItemStatus,
    ThreadId,
    TurnId,
    UserMessage,
)
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


def warned(thread: Thread) -> None:
    notes = [
        *thread.notices,
        *(i for u in thread.turns.values() for i in u.items.values()),
    ]
    assert any("mind the gap" in str(note.body) for note in notes)


def steered(thread: Thread) -> None:
    said = [i.body for i in thread.turns[U].items.values()]
    texts = [str(b.text) for b in said if isinstance(b, UserMessage)]
    assert texts == ["first", "and this"]


def still_open(thread: Thread) -> None:
    (item,) = thread.turns[U].items.values()
    assert item.status is ItemStatus.IN_PROGRESS


def queued_are(thread: Thread, *ids: str) -> None:
    assert [entry.id for entry in thread.queue] == list(ids)


def whole_and_a_notice(thread: Thread) -> None:
    """The text once; what was cut off is nowhere."""
    assert text_of(thread) == "all of it"
    bodies = [i.body for i in thread.turns[U].items.values()]
    assert len([b for b in bodies if isinstance(b, AgentMessage)]) == 1


def no_terminals(thread: Thread) -> None:
    assert not thread.terminals


def both_over(thread: Thread) -> None:
    assert thread.active_turn is None
    assert thread.turns[U].status is TurnStatus.COMPLETED


def queue(*entries: tuple[str, str]) -> Json:
    rows = [
        {
            "id": key,
            "clientUserMessageId": name,
            "input": [{"type": "text", "text": "x"}],
        }
        for key, name in entries
    ]
    return {
        "to": "thread/queue/list",
        "params": {"threadId": T},
        "result": {"data": rows, "nextCursor": None},
    }


def under(root: TurnId, messages: Sequence[Json]) -> list[Json]:
    """A turn that belongs to another one."""
    status_, started = messages
    turn = {**started["params"]["turn"], "rootTurnId": root}
    return [status_, {**started, "params": {**started["params"], "turn": turn}}]


def output(text: str) -> Json:
    return event("item/commandExecution/outputDelta", turnId=U, itemId=C, delta=text)


RETRY = event(
    "error",
    turnId=U,
    willRetry=True,
    error={"message": "Reconnecting... 1/2", "codexErrorInfo": None},
)
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
    # "[warning] thread/status/changed(active) turn/started item/started": the
    # warning of a turn comes before the turn.
    "a warning before its turn": (
        (event("warning", message="mind the gap"), *BEGAN, DONE),
        both(whole, running, warned),
    ),
    # "thread/start answers with the full Thread, then broadcasts thread/started."
    "a start answered and broadcast": (
        (
            s.opened(ROW),
            {"method": "thread/started", "params": {"thread": ROW}},
            *BEGAN,
        ),
        running,
    ),
    # "turn/start while a turn is active = steer: the same turn id, the userMessage item
    # appears at the next model boundary."
    "a steer's words behind the command that ran": (
        (
            *BEGAN,
            s.item(T, U, **s.said("first")),
            opens(**command()),
            s.item(T, U, **s.ran("sleep 9")),
            s.item(T, U, **{**s.said("and this"), "id": "m2"}),
            *ENDED,
        ),
        both(resting, steered),
    ),
    # "systemError (after a failed turn; next turn: active)"
    "a failed turn, and the next one": (
        (*BEGAN, *s.ended(T, U, "failed"), status("systemError"), *s.began(T, V)),
        two_turns,
    ),
    # "History contains only completed items: in-progress command text is not
    # persisted."
    "history without the command that runs": (
        (*BEGAN, opens(**command()), turns_page(row_of(U, "inProgress"))),
        both(running, still_open),
    ),
    # "An in-progress agentMessage is in none: later deltas refer to an unknown itemId."
    "who joins late hears the rest of an answer, then all of it": (
        (
            s.opened({**ROW, "status": {"type": "active", "activeFlags": []}}),
            turns_page(row_of(U, "inProgress")),
            delta("the rest"),
            DONE,
            *ENDED,
        ),
        both(whole, resting),
    ),
    # "Resume auto-starts a queued submission left by a crash: turn/started without any
    # user act." "A goal starts turns by itself, back-to-back, with no userMessage."
    "a turn that nobody asked for": ((s.opened(ROW), *BEGAN), running),
    "turns of a goal, back to back": (
        (s.opened(ROW), *BEGAN, DONE, *ENDED, *s.began(T, V)),
        two_turns,
    ),
    # "Each change: thread/queue/changed without payload; re-list. Drains automatically
    # after a turn": the list we asked for may be older than the turn it became.
    "a queue listed after its message went out": (
        (
            queue(("q1", "c1"), ("q2", "c2")),
            *BEGAN,
            s.item(T, U, **{**s.said("one"), "clientId": "c1"}),
            queue(("q1", "c1"), ("q2", "c2")),
            queue(("q2", "c2")),
        ),
        lambda t: queued_are(t, "q2"),
    ),
    # "Stream cut mid-text: each retry sends a fresh item/started + deltas, possibly
    # with the same item id; earlier text must be discarded; no item/completed for it."
    "a stream that was cut, and sent again": (
        (*BEGAN, delta("all of hal"), RETRY, opens(**s.answer("")), delta("all of it")),
        both(running, whole_and_a_notice),
    ),
    "a stream that was cut, and sent again under another id": (
        (
            *BEGAN,
            delta("all of hal", item=ItemId("a0")),
            RETRY,
            delta("all of it"),
            DONE,
            *ENDED,
        ),
        both(resting, whole_and_a_notice),
    ),
    # "Exit of a terminal = plain item/completed with the old turnId. It lands behind
    # the final agentMessage of its turn."
    "a terminal that ends in a later turn": (
        (
            *BEGAN,
            opens(**command(processId="p1", source="unifiedExecStartup")),
            background((C, "p1")),
            *ENDED,
            *s.began(T, V),
            s.item(T, U, **s.ran("sleep 9", processId="p1")),
            background(),
        ),
        both(two_turns, no_terminals),
    ),
    # "outputDelta continues after turn/completed."
    "a terminal that goes on talking after its turn": (
        (
            *BEGAN,
            opens(**command(processId="p1", source="unifiedExecStartup")),
            background((C, "p1")),
            *ENDED,
            output("ready"),
        ),
        both(resting, kept),
    ),
    # "A background terminal does not count as activity: it is killed by the unload."
    "unloaded under its terminal": (
        (
            *BEGAN,
            opens(**command(processId="p1", source="unifiedExecStartup")),
            background((C, "p1")),
            *ENDED,
            status("notLoaded"),
            event("thread/closed"),
        ),
        both(no_terminals, closed),
    ),
    # "revert: thread unloads and reloads (status notLoaded, idle) + thread/reverted."
    "reverted, then read anew": (
        (
            *BEGAN,
            DONE,
            *ENDED,
            *s.began(T, V),
            *s.ended(T, V),
            status("notLoaded"),
            status("idle"),
            event("thread/reverted"),
            turns_page(row_of(U, "completed", s.answer("all of it"))),
        ),
        both(one_turn, whole, resting),
    ),
    # "turn/interrupt right after turn/start's reply: no active turn to interrupt, and
    # the turn runs on."
    "an interrupt's refusal is no end": ((ACTIVE, TURN), running),
    # "Two turn ids (review): turn/completed and items use X, turn/started another, Y."
    "a review turn that starts under another id": (
        (
            *under(U, s.began(T, V)),
            s.item(T, U, **s.said("review this")),
            DONE,
            *ENDED,
        ),
        both_over,
    ),
    # "UserPromptSubmit blocked: no userMessage item, completed with zero items."
    "a turn without anything in it": ((*BEGAN, *ENDED), both(resting, completed)),
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


# -- a tree, and what is told of several threads ---------------------------------------

KID = ThreadId("kid")
SPAWN: Json = {
    "subAgent": {
        "thread_spawn": {
            "parent_thread_id": T,
            "depth": 1,
            "agent_path": "/root/a",
            "agent_nickname": "Singer",
            "agent_role": None,
        }
    }
}
KID_ROW = s.row(KID, None, 30, "idle", parentThreadId=T, source=SPAWN, preview="")
KID_BEGAN, KID_ENDED = s.began(KID, V), s.ended(KID, V)


def activity(kind: str, key: str = "call-1") -> Json:
    body: Json = {
        "type": "subAgentActivity",
        "id": key,
        "kind": kind,
        "agentThreadId": KID,
        "agentPath": "/root/a",
    }
    return s.item(T, U, **body)


def of(thread_id: ThreadId, method: str, **params: Any) -> Json:
    return {"method": method, "params": {"threadId": thread_id, **params}}


def kid_hangs_below(world: World) -> None:
    kid = world.threads[KID]
    assert kid.parent_id == T
    assert kid.agent_path == "/root/a"
    assert kid.active_turn == V


def kid_runs_root_rests(world: World) -> None:
    assert world.threads[KID].active_turn == V
    assert world.threads[T].active_turn is None


def kid_completed(world: World) -> None:
    assert world.threads[KID].agent_status == "completed"
    assert world.threads[T].active_turn is None, "the root is not woken by it"


def all_gone(world: World) -> None:
    for thread_id in (KID, T):
        gone(world.threads[thread_id])


def all_archived(world: World) -> None:
    for thread_id in (KID, T):
        assert world.threads[thread_id].archived
        assert world.threads[thread_id].active_turn is None


TREES: dict[str, tuple[Sequence[Json], Callable[[World], None]]] = {
    # "No thread/started for v2 children. First sign of life = thread/status/changed
    # with an unknown threadId, then the parent's activity item maps id to path."
    "an agent works before anybody says whose it is": (
        (*KID_BEGAN, s.listed(ROW), activity("started"), s.listed(KID_ROW)),
        kid_hangs_below,
    ),
    "an agent is introduced before it works": (
        (*BEGAN, activity("started"), s.listed(KID_ROW), *KID_BEGAN),
        kid_hangs_below,
    ),
    # "turn/interrupt on the root stops only the root's turn. All children keep
    # running."
    "the root is interrupted while its agent works": (
        (
            *BEGAN,
            activity("started"),
            *KID_BEGAN,
            s.listed(KID_ROW),
            *s.ended(T, U, "interrupted"),
        ),
        kid_runs_root_rests,
    ),
    # "completed can arrive after the root's turn/completed, with the old turnId."
    "an agent's end is told behind the end of its root's turn": (
        (
            *BEGAN,
            activity("started"),
            *KID_BEGAN,
            s.listed(KID_ROW),
            *ENDED,
            *KID_ENDED,
            activity("completed", f"subagent-completed-{V}"),
        ),
        kid_completed,
    ),
    # "A running child does not keep the root loaded."
    "the root is unloaded under its agent": (
        (
            *BEGAN,
            activity("started"),
            *KID_BEGAN,
            s.listed(KID_ROW),
            *ENDED,
            status("notLoaded"),
            event("thread/closed"),
        ),
        kid_runs_root_rests,
    ),
    # "delete cascades: interrupts running children, serverRequest/resolved for their
    # pending approvals, thread/deleted child-first."
    "a tree is deleted, its agents first": (
        (
            *BEGAN,
            activity("started"),
            s.listed(KID_ROW),
            *KID_BEGAN,
            s.asks_command(KID, V, "c9", "touch /etc/x"),
            of(KID, "turn/completed", turn={"id": V, "status": "interrupted"}),
            of(KID, "serverRequest/resolved", requestId=7),
            of(KID, "thread/deleted"),
            event("thread/deleted"),
        ),
        all_gone,
    ),
    # "archive unloads (kills terminals, interrupts a running turn), cascades to all
    # descendants; thread/archived per thread."
    "a tree is archived while it works": (
        (
            *BEGAN,
            activity("started"),
            s.listed(KID_ROW),
            *KID_BEGAN,
            *(of(i, "thread/archived") for i in (KID, T)),
            *(of(i, "thread/closed") for i in (KID, T)),
        ),
        all_archived,
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_race_in_a_tree(name: str) -> None:
    messages, check = TREES[name]
    check(world_of(messages))
