"""What each agent did when: from turns, items, reviews and their times.

Owns the spans of a lane (working, waiting for you, for auto-review or for an agent,
interrupted), the signs at their ends and the events in words' raw parts. Does not own
how wide a minute is (`widgets.timeline`) nor what agents are called
(`state.select.timeline`). Pure, no clock: what still runs has no end. Invariants: the
spans of a lane are in order and do not overlap; a time that nobody told is not made up,
it is bounded by times that were told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum, StrEnum
from itertools import pairwise

from state.agents import AgentState, agent_state, id_ms
from state.dataclass import dataclass
from state.items import CollabCall, TurnId
from state.model import (
    AutoReview,
    Review,
    ReviewState,
    Thread,
    Turn,
    TurnStatus,
)


class Doing(IntEnum):
    """What an agent does in a span; the higher one shows where two are at once."""

    INTERRUPTED = 0
    WORKING = 1
    WAITING = 2
    AUTO = 3
    REVIEW = 4


class End(StrEnum):
    """What stands at a moment of a lane."""

    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    ASKED = "asked"
    AUTO = "auto-review"


@dataclass(frozen=True, slots=True)
class Span:
    """Times in ms since the epoch; `end_ms` None: it goes on."""

    doing: Doing
    start_ms: int
    end_ms: int | None


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign at a moment."""

    at_ms: int
    end: End


@dataclass(frozen=True, slots=True)
class Lane:
    """One agent over time."""

    spans: tuple[Span, ...] = ()
    signs: tuple[Sign, ...] = ()

    @property
    def first_ms(self) -> int | None:
        """When it begins."""
        return self.spans[0].start_ms if self.spans else None

    @property
    def last_ms(self) -> int | None:
        """The last time that was told."""
        times = [t for s in self.spans for t in (s.start_ms, s.end_ms) if t is not None]
        times += [sign.at_ms for sign in self.signs]
        return max(times, default=None)

    def busy_ms(self, now_ms: int) -> int:
        """How long it worked, until `now_ms`."""
        return sum(
            max(0, (now_ms if s.end_ms is None else s.end_ms) - s.start_ms)
            for s in self.spans
            if s.doing is Doing.WORKING
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """A turn's bounds. `end_ms` None: it runs."""

    turn: Turn
    start_ms: int
    end_ms: int | None


def lane_of(thread: Thread, past: Thread | None = None) -> Lane:
    """The lane of a thread. `past`: what the store holds of it beside the world."""
    turns = turns_of(thread, past)
    stretches = list(_stretches(thread, turns))
    reviews = [*(past.reviews if past else {}).values(), *thread.reviews.values()]
    autos = {**(past.auto_reviews if past else {}), **thread.auto_reviews}
    spans: list[Span] = []
    for at, stretch in enumerate(stretches):
        over = [*_waits(stretch), *_asked(stretch, reviews), *_autos(stretch, autos)]
        spans += _layered(stretch, over)
        if stretch.turn.status is TurnStatus.INTERRUPTED and stretch.end_ms is not None:
            following = stretches[at + 1].start_ms if at + 1 < len(stretches) else None
            if following is None and agent_state(thread) is not AgentState.INTERRUPTED:
                continue
            if following is None or following > stretch.end_ms:
                spans.append(Span(Doing.INTERRUPTED, stretch.end_ms, following))
    return Lane(tuple(_joined(spans)), tuple(_signs(stretches, spans)))


def turns_of(thread: Thread, past: Thread | None) -> Mapping[TurnId, Turn]:
    """All turns that are known, in order; what the world holds is newer."""
    return {**(past.turns if past else {}), **thread.turns}


def _stretches(thread: Thread, turns: Mapping[TurnId, Turn]) -> Iterator[Stretch]:
    found = []
    for turn in turns.values():
        start = turn.started_ms or id_ms(turn.id)
        if start is None or not _happened(turn):
            continue
        found.append(Stretch(turn, start, _end_of(turn, start, thread)))
    mark = thread.latest
    if mark is not None and mark.id not in turns:
        turn = Turn(mark.id, mark.status, {}, mark.started_ms, mark.completed_ms)
        start = mark.started_ms or id_ms(mark.id)
        if start is not None:
            found.append(Stretch(turn, start, _end_of(turn, start, thread)))
    found.sort(key=lambda one: one.start_ms)
    for at, stretch in enumerate(found):
        following = found[at + 1].start_ms if at + 1 < len(found) else None
        end = stretch.end_ms
        if following is not None and (end is None or end > following):
            end = following  # two turns of one thread are never at once
        yield Stretch(stretch.turn, stretch.start_ms, end)


def _happened(turn: Turn) -> bool:
    """Not what an engine makes of an ending that came late: no turn at all."""
    return turn.status is not TurnStatus.UNKNOWN or bool(turn.completed_ms)


def _end_of(turn: Turn, start: int, thread: Thread) -> int | None:
    if turn.status is TurnStatus.IN_PROGRESS and turn.id == thread.active_turn:
        return None
    if turn.completed_ms is not None:
        return max(start, turn.completed_ms)
    if turn.duration_ms is not None:
        return start + turn.duration_ms
    times = [t for i in turn.items.values() for t in (i.started_ms, i.completed_ms)]
    return max((start, *(t for t in times if t is not None)))


def _waits(stretch: Stretch) -> Iterator[Span]:
    for item in stretch.turn.items.values():
        body = item.body
        if isinstance(body, CollabCall) and body.tool == "wait":
            end = item.completed_ms  # None: bounded by its turn
            yield from _within(stretch, Doing.WAITING, item.started_ms, end)


def _asked(stretch: Stretch, reviews: Iterable[Review]) -> Iterator[Span]:
    for review in reviews:
        if review.turn_id != stretch.turn.id:
            continue
        answered = review.resolved_ms or review.decided_ms
        if answered is None and review.state is not ReviewState.PENDING:
            answered = review.asked_ms
        yield from _within(stretch, Doing.REVIEW, review.asked_ms, answered)


def _autos(stretch: Stretch, autos: Mapping[str, AutoReview]) -> Iterator[Span]:
    for auto in autos.values():
        if auto.turn_id == stretch.turn.id:
            end = auto.completed_ms
            if end is None and auto.status != "inProgress":
                end = auto.started_ms
            yield from _within(stretch, Doing.AUTO, auto.started_ms, end)


def _within(
    stretch: Stretch, doing: Doing, start: int | None, end: int | None
) -> Iterator[Span]:
    """A span cut to its turn."""
    if start is None:
        return
    start = max(start, stretch.start_ms)
    if end is None:
        end = stretch.end_ms
    elif stretch.end_ms is not None:
        end = min(end, stretch.end_ms)
    if end is None or end > start:
        yield Span(doing, start, end)


_FOREVER = 1 << 62


def _layered(stretch: Stretch, over: list[Span]) -> Iterator[Span]:
    """The turn as work, with what lies over it on top."""
    spans = [Span(Doing.WORKING, stretch.start_ms, stretch.end_ms), *over]
    ends = {_FOREVER if s.end_ms is None else s.end_ms for s in spans}
    cuts = sorted({s.start_ms for s in spans} | ends)
    for start, end in pairwise(cuts):
        doing = max(
            (
                s.doing
                for s in spans
                if s.start_ms <= start
                and end <= (_FOREVER if s.end_ms is None else s.end_ms)
            ),
            default=None,
        )
        if doing is not None:
            yield Span(doing, start, None if end == _FOREVER else end)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    last: Span | None = None
    for span in spans:
        if (
            last is not None
            and last.doing is span.doing
            and last.end_ms == span.start_ms
        ):
            last = Span(last.doing, last.start_ms, span.end_ms)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


_ENDS = {
    TurnStatus.COMPLETED: End.COMPLETED,
    TurnStatus.FAILED: End.FAILED,
    TurnStatus.INTERRUPTED: End.INTERRUPTED,
}


def _signs(stretches: list[Stretch], spans: list[Span]) -> Iterator[Sign]:
    for span in spans:
        if span.doing is Doing.REVIEW:
            yield Sign(span.start_ms, End.ASKED)
        elif span.doing is Doing.AUTO:
            yield Sign(span.start_ms, End.AUTO)
    for stretch in stretches:
        end = _ENDS.get(stretch.turn.status)
        if end is not None and stretch.end_ms is not None:
            yield Sign(stretch.end_ms, end)
