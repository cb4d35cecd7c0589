"""reduce(world, event) -> world: total, pure, exhaustive.

Owns the routing of events to per-thread and world reducers and the facts that
follow from an event for *another* thread. Does not own time, order of arrival or
publishing (`state.store`). Invariants, whatever order events come in: no exception;
at most one active turn per thread; a pending review is one that was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import assert_never

from state import events as e
from state.dataclass import replace
from state.items import ThreadId
from state.model import Thread, World
from state.reduce.agents import told_of_others
from state.reduce.asking import with_asking
from state.reduce.epoch import after_world_event
from state.reduce.items import lengthened
from state.reduce.judged import judging_over
from state.reduce.mark import marked
from state.reduce.recalled import with_recalled
from state.reduce.reviews import reduce_review, tools_answered
from state.reduce.threads import reduce_thread_facts
from state.reduce.turns import reduce_turn
from state.reduce.world import reduce_frame
from state.terminals import numbered


def reduce_thread(thread: Thread, event: e.ThreadEvent) -> Thread:
    """The thread after the event; the same object when nothing changed."""
    if isinstance(event, e.ItemDelta):
        longer = lengthened(thread, event)
        if longer is not None:
            return longer
    return reduced(thread, event)


def reduced(thread: Thread, event: e.ThreadEvent) -> Thread:
    """The same, without a short way for what comes most often."""
    match event:
        case (
            e.ThreadSeen()
            | e.ThreadStatusChanged()
            | e.ThreadRenamed()
            | e.ThreadArchived()
            | e.ThreadDeleted()
            | e.ThreadUnloaded()
            | e.ThreadReverted()
            | e.ReadStateChanged()
            | e.SettingsChanged()
            | e.SandboxRefused()
            | e.DeliveryChanged()
            | e.TokensUsed()
            | e.QueueChanged()
            | e.QueueListed()
            | e.WarningSeen()
            | e.SendNoted()
            | e.SendChanged()
        ):
            changed = reduce_thread_facts(thread, event)
        case (
            e.TurnStarted()
            | e.TurnEnded()
            | e.TurnDiffChanged()
            | e.PlanChanged()
            | e.TurnsLoaded()
            | e.TurnReviewerChanged()
            | e.TurnMarked()
            | e.ItemStarted()
            | e.ItemDelta()
            | e.ItemCompleted()
            | e.RuleApplied()
            | e.TerminalsListed()
            | e.TerminalsDismissed()
            | e.OrphansFound()
            | e.ErrorSeen()
        ):
            changed = tools_answered(reduce_turn(thread, event), event)
        case e.ThreadRecalled():
            changed = with_recalled(thread, event)
        case e.CallEnded() | e.ViolationLogged() | e.TurnContextRead():
            changed = reduce_turn(thread, event)
        case (
            e.ReviewAsked()
            | e.ReviewDecided()
            | e.ReviewSent()
            | e.ReviewReopened()
            | e.ReviewResolved()
            | e.ReviewAnswered()
            | e.AutoReviewChanged()
            | e.DenialApproved()
        ):
            changed = reduce_review(thread, event)
        case _:
            assert_never(event)
    return _settled(thread, changed, event)


def _settled(thread: Thread, changed: Thread, event: e.ThreadEvent) -> Thread:
    """With what follows from its turns; the same object when nothing differs."""
    if changed.turns is not thread.turns:
        changed = with_asking(marked(changed), event)
        if isinstance(event, e.TurnEnded | e.TurnsLoaded | e.ThreadRecalled):
            changed = judging_over(changed)
    if changed is thread or not _differs(thread, changed, event):
        return thread
    return replace(changed, revision=thread.revision + 1)


def _differs(thread: Thread, changed: Thread, event: e.ThreadEvent) -> bool:
    # A text that grew differs: to find that out by comparing, all of it would be read.
    grew = isinstance(event, e.ItemDelta) and bool(event.text)
    return grew or changed != thread


def apply_to(
    threads: MutableMapping[ThreadId, Thread], event: e.ThreadEvent
) -> Iterable[ThreadId]:
    """Reduce into a mapping the caller owns; the ids of the threads that changed.

    A deletion keeps the row, marked: a store must be able to say what is gone.
    """
    dirty = []
    for step in (event, *told_of_others(event)):
        before = threads.get(step.thread_id)
        after = reduce_thread(before or Thread(step.thread_id), step)
        if after is not before:
            if _needs_numbers(after):
                after = numbered(threads, after)
            threads[step.thread_id] = after
            dirty.append(step.thread_id)
    return dirty


def _needs_numbers(after: Thread) -> bool:
    """It has a new terminal."""
    groups = (after.terminals, after.ended_terminals)
    if not any(groups):
        return False
    return any(not t.number for group in groups for t in group.values())


def reduce(world: World, event: e.Event) -> World:
    """The world after one event. Pure: copies the mapping, so use it for folding
    recordings and in tests; `state.store` applies batches without the copy."""
    threads = dict(world.threads)
    if isinstance(event, e.WorldEvent):
        after = reduce_frame(world, event)
        changed = after_world_event(threads, event, world.engine, after.engine)
        return replace(after, threads={**threads, **changed}) if changed else after
    if not tuple(apply_to(threads, event)):
        return world
    return replace(world, threads=threads)
