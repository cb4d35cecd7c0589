"""What ends without a word from the engine: closing turns, a new engine's start.

Owns the closing of items that will never get their end. Invariant: nothing stays
in progress in a turn that is over, except a command that lives on as a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping

from state.dataclass import replace
from state.events import ReviewsListed, WorldEvent
from state.items import Command, Item, ItemStatus, ThreadId
from state.model import (
    Engine,
    EnginePhase,
    ReviewState,
    Thread,
    ThreadStatus,
    Turn,
    TurnStatus,
)
from state.reduce.judged import with_verdict
from state.reduce.mark import marked
from state.reduce.reviews import over_unseen
from state.reduce.terminals import after_connection, end_all
from state.reviews import ITS_ENGINE
from state.terminals import Ending


def close_items(turn: Turn, *, keep: frozenset[str], terminals_live: bool) -> Turn:
    """End what is still open. `keep`: items known to live on as terminals;
    `terminals_live`: a command with a process may be one we have not listed yet."""
    changed = {}
    for item_id, item in turn.items.items():
        if item.ended or item_id in keep:
            continue
        if (
            terminals_live
            and isinstance(item.body, Command)
            and item.body.process_id is not None
        ):
            continue
        changed[item_id] = closed(item)
    return replace(turn, items={**turn.items, **changed}) if changed else turn


def closed(item: Item) -> Item:
    """The item, ended by its turn and not by itself."""
    return replace(item, status=ItemStatus.CLOSED, revision=item.revision + 1)


def close_active_turn(thread: Thread) -> Thread:
    """The engine no longer runs this thread: its open turn was interrupted."""
    if thread.active_turn is None:
        return thread
    turn = thread.turns[thread.active_turn]
    turn = close_items(turn, keep=frozenset(), terminals_live=False)
    turn = replace(turn, status=TurnStatus.INTERRUPTED)
    return replace(thread, turns={**thread.turns, turn.id: turn}, active_turn=None)


def after_engine_change(
    threads: Mapping[ThreadId, Thread], before: Engine, after: Engine
) -> dict[ThreadId, Thread]:
    """The threads that change when the connection goes from `before` to `after`.

    A new epoch is another process: what the old one asked for can no longer be
    answered, its turns and terminals are gone. The first connection after our own
    start only voids reviews: what runs is then told by the thread list.
    """
    if after.phase is not EnginePhase.READY or after.epoch is None:
        return {}
    restarted = before.epoch is not None and before.epoch != after.epoch
    anew = before.epoch is None or before.connection != after.connection
    changed = {}
    for thread_id, thread in threads.items():
        moved = lose_reviews(thread, but=after.epoch)
        if restarted:
            moved = _end_of_process(moved, after.since_ms)
        elif anew and moved.terminals:
            moved = after_connection(moved, after.epoch, after.since_ms)
        if moved is not thread:
            changed[thread_id] = replace(moved, revision=thread.revision + 1)
    return changed


def after_world_event(
    threads: Mapping[ThreadId, Thread], event: WorldEvent, before: Engine, after: Engine
) -> dict[ThreadId, Thread]:
    """The threads that change with what happened around them."""
    if not isinstance(event, ReviewsListed):
        return after_engine_change(threads, before, after)
    changed = {}
    for thread_id, thread in threads.items():
        if thread.reviews and thread_id not in event.but:
            moved = over_unseen(thread, event)
            if moved is not thread:
                changed[thread_id] = replace(moved, revision=thread.revision + 1)
    return changed


def lose_reviews(thread: Thread, *, but: str | None = None) -> Thread:
    """Nobody can answer any more what was asked, but in the epoch `but`."""
    open_states = (ReviewState.PENDING, ReviewState.DECIDED, ReviewState.SENT)
    lost = {
        key: replace(review, state=ReviewState.LOST)
        for key, review in thread.reviews.items()
        if key.epoch != but and review.state in open_states
    }
    return replace(thread, reviews={**thread.reviews, **lost}) if lost else thread


def _abort_auto_reviews(thread: Thread) -> Thread:
    """Their process is gone: nobody will tell what they came to."""
    ended = {
        key: replace(auto, status="aborted", ended_by=ITS_ENGINE)
        for key, auto in thread.auto_reviews.items()
        if auto.status == "inProgress"
    }
    if not ended:
        return thread
    thread = replace(thread, auto_reviews={**thread.auto_reviews, **ended})
    for auto in ended.values():
        thread = with_verdict(thread, auto)
    return thread


def _end_of_process(thread: Thread, at_ms: int | None) -> Thread:
    thread = _abort_auto_reviews(thread)
    if thread.active_turn is None and not thread.terminals and not thread.flags:
        return thread
    thread = end_all(thread, Ending.ENGINE, at_ms)
    return replace(
        marked(close_active_turn(thread)),
        status=ThreadStatus.NOT_LOADED,
        flags=frozenset(),
    )
