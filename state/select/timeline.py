"""The timeline of a tree as lanes, and each agent's events in words.

Owns which events are told and how they are worded. Does not own when an agent did what
(`state.timeline`) nor the tree's rows (`state.select.agents`). Invariant: a lane stands
where its agent stands in the tree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from state.agents import FINISHED, LIVE, agent_state, born_ms, id_ms
from state.dataclass import dataclass
from state.items import (
    AgentActivity,
    CollabCall,
    Command,
    Item,
    ItemId,
    ThreadId,
    UserMessage,
)
from state.model import AutoReview, Review, Thread, TurnStatus, World
from state.select.agents import AgentTreeBuilder, TreeAsk
from state.select.words import (
    agent_label,
    agent_name,
    command_line,
    one_line,
    review_what,
    review_word,
    thread_title,
)
from state.text import reveal
from state.timeline import Lane, lane_of, turns_of
from state.tree import Forest
from state.views import (
    AgentRow,
    Bit,
    Bits,
    Glyph,
    LaneRow,
    MomentRow,
    TerminalLane,
    TimelineView,
    Tone,
)
from state.words import duration

MOST_MOMENTS = 400
"""Events of one agent that are kept."""


@dataclass(frozen=True, slots=True)
class PastTerminal:
    """A terminal of the store. `end_ms` None: it was not said to be gone."""

    thread_id: ThreadId
    item_id: ItemId
    command: str
    start_ms: int | None
    end_ms: int | None


@dataclass(frozen=True, slots=True)
class Past:
    """What the store holds beside the world: turns and reviews by thread."""

    threads: Mapping[ThreadId, Thread]
    terminals: tuple[PastTerminal, ...] = ()


NO_PAST = Past({})


class TimelineBuilder:
    """Builds timelines; an agent that did not change keeps its lane."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest
        self._tree = AgentTreeBuilder(forest)
        self._lanes: dict[ThreadId, tuple[tuple[object, ...], LaneRow]] = {}

    def view(
        self,
        world: World,
        thread_id: ThreadId | None,
        ask: TreeAsk | None = None,
        past: Past = NO_PAST,
    ) -> TimelineView:
        """The tree that a thread is in, over time."""
        tree = self._tree.view(world, thread_id, ask)
        lanes = tuple(self._lane(world, row, past) for row in tree.rows)
        terminals = tuple(self._terminals(world, tree.root, past))
        times = [
            t
            for lane in lanes
            for span in lane.spans
            for t in (span.start_ms, span.end_ms)
            if t is not None
        ]
        times += [t for one in terminals for t in (one.start_ms, one.end_ms) if t]
        open_ended = any(s.end_ms is None for lane in lanes for s in lane.spans)
        open_ended = open_ended or any(one.end_ms is None for one in terminals)
        return TimelineView(
            root=tree.root,
            title=tree.title,
            lanes=lanes,
            terminals=terminals,
            first_ms=min(times, default=0),
            last_ms=max(times, default=0),
            running=open_ended and not tree.stale,
            stale=tree.stale,
            note=tree.note,
        )

    def _lane(self, world: World, row: AgentRow, past: Past) -> LaneRow:
        thread, before = world.threads[row.id], past.threads.get(row.id)
        facts = (thread, before, row)
        known = self._lanes.get(row.id)
        if known is not None and all(
            a is b for a, b in zip(known[0], facts, strict=True)
        ):
            return known[1]
        lane = lane_of(thread, before)
        built = LaneRow(
            agent=row,
            under=_under(row, thread),
            spans=lane.spans,
            signs=lane.signs,
            moments=tuple(_moments(world, thread, before, lane))[-MOST_MOMENTS:],
            quiet=agent_state(thread) in FINISHED,
        )
        self._lanes[row.id] = (facts, built)
        return built

    def _terminals(
        self, world: World, root: ThreadId | None, past: Past
    ) -> Iterator[TerminalLane]:
        if root is None:
            return
        seen: set[tuple[ThreadId, str]] = set()
        tree = {thread.id: thread for _, thread in self._forest.walk(root)}
        for thread in tree.values():
            for terminal in thread.terminals.values():
                item = _item_of(thread, terminal.item_id)
                start = item.started_ms if item is not None else None
                kept = _kept(past, thread.id, terminal.item_id)
                start = start or (kept.start_ms if kept else None)
                if start is not None:
                    seen.add((thread.id, terminal.item_id))
                    yield _terminal(thread, terminal.command, start, None)
        for kept in past.terminals:
            owner = tree.get(kept.thread_id)
            if owner is None or (kept.thread_id, kept.item_id) in seen:
                continue
            if kept.start_ms is not None and kept.end_ms is not None:
                yield _terminal(owner, kept.command, kept.start_ms, kept.end_ms)


def _item_of(thread: Thread, item_id: ItemId) -> Item | None:
    found = (t.items.get(item_id) for t in thread.turns.values())
    return next((item for item in found if item is not None), None)


def _kept(past: Past, thread_id: ThreadId, item_id: ItemId) -> PastTerminal | None:
    key = (thread_id, item_id)
    return next((t for t in past.terminals if (t.thread_id, t.item_id) == key), None)


def _terminal(owner: Thread, command: str, start: int, end: int | None) -> TerminalLane:
    name = agent_name(owner) if owner.is_agent else "/root"
    return TerminalLane(owner.id, command_line(command), name, start, end)


def _under(row: AgentRow, thread: Thread) -> Bits:
    """What stands under its name."""
    if row.detail:
        return row.detail
    state = agent_state(thread)
    words = row.activity if state in LIVE else row.word
    return (Bit(words or row.word, Tone.MUTED),)


# -- events ------------------------------------------------------------------------


def _moments(
    world: World, thread: Thread, past: Thread | None, lane: Lane
) -> list[MomentRow]:
    found = [*_birth(world, thread)]
    for turn in turns_of(thread, past).values():
        began = turn.started_ms or id_ms(turn.id)
        for item in turn.items.values():
            found += _of_item(item, world, began)
        found += _ending(turn.status, turn.completed_ms, turn.error)
    reviews = {**(past.reviews if past else {}), **thread.reviews}
    for review in reviews.values():
        found += _of_review(review, thread)
    autos = {**(past.auto_reviews if past else {}), **thread.auto_reviews}
    for auto in autos.values():
        found += _of_auto(auto)
    return sorted(found, key=lambda moment: moment.at_ms)


def _birth(world: World, thread: Thread) -> Iterator[MomentRow]:
    at = born_ms(thread)
    if at is None:
        return
    if not thread.is_agent:
        words = thread_title(thread)
        yield MomentRow(at, Glyph.WORK, Tone.WORK, "Began", words)
        return
    above = world.threads.get(thread.parent_id) if thread.parent_id else None
    by = agent_label(above) if above is not None else "a thread that is not known"
    spawn = thread.spawn
    model = (spawn and spawn.model) or thread.model
    effort = (spawn and spawn.effort) or thread.effort
    how = " ".join(one_line(word) for word in (model, effort) if word)
    words = f"by {by} as {agent_name(thread)}"
    yield MomentRow(
        at, Glyph.WORK, Tone.WORK, "Started", f"{words}, {how}" if how else words
    )


def _of_item(item: Item, world: World, began: int | None) -> Iterator[MomentRow]:
    at = item.started_ms or item.completed_ms or began
    if at is None:
        return
    match item.body:
        case AgentActivity() as body:
            verbs = {
                "started": (Glyph.WORK, Tone.WORK, "Started"),
                "interacted": (Glyph.NONE, Tone.MUTED, "Messaged"),
                "interrupted": (Glyph.INTERRUPTED, Tone.TEXT, "Interrupted"),
                "completed": (Glyph.DONE, Tone.MUTED, "Heard the end of"),
            }
            fallback = (Glyph.NONE, Tone.MUTED, one_line(body.kind).capitalize())
            glyph, tone, verb = verbs.get(body.kind, fallback)
            yield MomentRow(at, glyph, tone, verb, one_line(body.agent_path))
        case CollabCall() as body:
            words = _waited_for(body, world)
            if item.completed_ms is not None and item.started_ms is not None:
                words += f", {duration(item.completed_ms - item.started_ms)}"
            verb = "Waited for" if item.ended else "Waits for"
            if body.tool != "wait":
                verb = one_line(body.tool)
            yield MomentRow(at, Glyph.NONE, Tone.MUTED, verb, words)
        case UserMessage() as body:
            first = one_line(body.text)
            yield MomentRow(at, Glyph.PROMPT, Tone.ACCENT, "You said", first)
        case Command() as body if item.ended and body.exit_code not in (None, 0):
            words = f"{command_line(body.command)}, exit {body.exit_code}"
            yield MomentRow(at, Glyph.FAILED, Tone.FAIL, "Ran", words)


def _waited_for(body: CollabCall, world: World) -> str:
    names = [
        agent_label(world.threads[one])
        for one in body.receivers
        if one in world.threads
    ]
    return ", ".join(names) or "agents"


def _ending(status: TurnStatus, at: int | None, error: object) -> Iterator[MomentRow]:
    if at is None:
        return
    match status:
        case TurnStatus.COMPLETED:
            yield MomentRow(at, Glyph.DONE, Tone.MUTED, "Completed", "its turn")
        case TurnStatus.INTERRUPTED:
            words = "the next message resumes"
            yield MomentRow(at, Glyph.INTERRUPTED, Tone.TEXT, "Interrupted", words)
        case TurnStatus.FAILED:
            why = one_line(getattr(error, "message", "")) or "nobody said why"
            yield MomentRow(at, Glyph.FAILED, Tone.FAIL, "Failed", why)


def _of_review(review: Review, thread: Thread) -> Iterator[MomentRow]:
    what = review_what(review, thread)
    verb = f"asks: {review_word(review.kind)}"
    right: Bits = ()
    answered = review.resolved_ms or review.decided_ms
    if answered is None:
        right = (Bit("r", Tone.ACCENT), Bit(" review", Tone.MUTED))
    yield MomentRow(review.asked_ms, Glyph.NEED, Tone.NEED, verb, what, right)
    if answered is not None:
        who = one_line(review.resolved_by or "somebody")
        letter = review.decision.label if review.decision else "answered"
        took = duration(answered - review.asked_ms)
        words = f"{one_line(letter)} by {who}, after {took}"
        yield MomentRow(answered, Glyph.NONE, Tone.MUTED, "Answered", words)


def _action(auto: AutoReview) -> str:
    """What it is about: the command, where the engine's JSON has one."""
    try:
        told = json.loads(auto.action)
    except ValueError:
        told = None
    command = told.get("command") if isinstance(told, dict) else None
    if isinstance(command, list):
        command = " ".join(map(str, command))
    if isinstance(command, str) and command:
        return command_line(command)
    return reveal(auto.action_kind or "an action").text


def _of_auto(auto: AutoReview) -> Iterator[MomentRow]:
    at = auto.started_ms
    if at is None:
        return
    what = _action(auto)
    if auto.status == "inProgress":
        yield MomentRow(at, Glyph.AUTO, Tone.AUTO, "Auto-review", f"of {what}")
        return
    parts = [f"{one_line(auto.status)} {what}"]
    parts += [f"{one_line(auto.risk)} risk"] if auto.risk else []
    if auto.completed_ms is not None:
        parts.append(f"took {duration(auto.completed_ms - at)}")
    yield MomentRow(at, Glyph.AUTO, Tone.AUTO, "Auto-review", ", ".join(parts))
