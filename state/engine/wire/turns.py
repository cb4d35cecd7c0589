"""Notifications about turns and their items."""

from __future__ import annotations

import msgspec

from state.engine.wire import structs as w
from state.engine.wire import threads
from state.engine.wire.context import Json, WireContext
from state.engine.wire.items import decode_changes, decode_item
from state.events import (
    Event,
    ItemCompleted,
    ItemStarted,
    PlanChanged,
    TurnDiffChanged,
    TurnEnded,
    TurnStarted,
)
from state.items import Item, ItemId, ItemStatus, PlanStep, ThreadId, TurnId


def turn_started(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    turn = msgspec.convert(p["turn"], w.Turn)
    root = TurnId(turn.root_turn_id) if turn.root_turn_id else None
    return (TurnStarted(ThreadId(p["threadId"]), TurnId(turn.id), root, at),)


def turn_completed(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    turn = msgspec.convert(p["turn"], w.Turn)
    return (
        TurnEnded(
            thread_id=ThreadId(p["threadId"]),
            turn_id=TurnId(turn.id),
            status=threads.turn_status(turn.status),
            error=threads.decode_error(turn.error) if turn.error else None,
            at_ms=at,
            duration_ms=turn.duration_ms,
        ),
    )


def turn_diff(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    diff: str = p["diff"]
    return (TurnDiffChanged(ThreadId(p["threadId"]), TurnId(p["turnId"]), diff),)


def plan(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    steps = msgspec.convert(p["plan"], list[w.TurnPlanStep])
    return (
        PlanChanged(
            ThreadId(p["threadId"]),
            TurnId(p["turnId"]),
            tuple(PlanStep(step.step, step.status) for step in steps),
            p.get("explanation"),
        ),
    )


def _timed(item: Item, p: Json) -> Item:
    """The item with the notification's own times, where it has some."""
    started, completed = p.get("startedAtMs"), p.get("completedAtMs")
    if started in (None, item.started_ms) and completed in (None, item.completed_ms):
        return item
    return Item(
        id=item.id,
        body=item.body,
        status=item.status,
        started_ms=item.started_ms if started is None else started,
        completed_ms=item.completed_ms if completed is None else completed,
    )


def item_started(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    item = _timed(decode_item(p["item"], ended=False), p)
    return (ItemStarted(ThreadId(p["threadId"]), TurnId(p["turnId"]), item),)


def item_completed(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    item = _timed(decode_item(p["item"]), p)
    if item.status is ItemStatus.IN_PROGRESS:  # the method says that it ended
        item = Item(
            id=item.id,
            body=item.body,
            status=ItemStatus.COMPLETED,
            started_ms=item.started_ms,
            completed_ms=item.completed_ms,
        )
    return (ItemCompleted(ThreadId(p["threadId"]), TurnId(p["turnId"]), item),)


def patch_updated(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    # It comes before item/started of that id: the item begins here.
    item = Item(ItemId(p["itemId"]), decode_changes(p["changes"]))
    return (ItemStarted(ThreadId(p["threadId"]), TurnId(p["turnId"]), item),)
