"""The tree over time: spans from recordings, and how time falls on cells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import events as e
from state.bars import MINUTE, SHAPES, Window, bar, fitting, ticks
from state.items import ThreadId, TurnId
from state.model import (
    AutoReview,
    Engine,
    EnginePhase,
    Review,
    ReviewKey,
    ReviewKind,
    ReviewState,
    Thread,
    ThreadStatus,
    Turn,
    TurnMark,
    TurnStatus,
    World,
)
from state.reduce import reduce
from state.select.timeline import TimelineBuilder
from state.timeline import Doing, End, Lane, Sign, Span, lane_of
from state.tree import Forest
from state.views import TimelineView
from tests.recordings import EPOCH, FOLDER, fold

READY = Engine(EnginePhase.READY, epoch=EPOCH, version="0.169.0")
T, U = ThreadId("0001"), TurnId("u1")


def view_of(world: World) -> TimelineView:
    forest = Forest()
    forest.update(world.threads, world.threads)
    root = next(t for t in world.threads if forest.is_root(t) and forest.children(t))
    return TimelineBuilder(forest).view(world, root)


def world_of(name: str, until: int | None = None) -> World:
    world = World(engine=READY)
    for number, event in enumerate(fold(FOLDER / f"{name}.jsonl")):
        world = reduce(world, event)
        if number == until:
            break
    return world


def review(asked: int, resolved: int | None = None) -> Review:
    return Review(
        ReviewKey("e", asked),
        1,
        "m",
        ReviewKind.COMMAND,
        T,
        U,
        None,
        None,
        "",
        "",
        asked,
        state=ReviewState.RESOLVED if resolved else ReviewState.PENDING,
        resolved_ms=resolved,
    )


def turn(status: TurnStatus, start: int, end: int | None, key: str = "u1") -> Turn:
    return Turn(TurnId(key), status, started_ms=start, completed_ms=end)


def doings(lane: Lane) -> list[tuple[str, int, int | None]]:
    return [(s.doing.name, s.start_ms, s.end_ms) for s in lane.spans]


def test_reviews_lie_over_the_work_of_their_turn() -> None:
    auto = AutoReview("r", U, None, "approved", "{}", "command", started_ms=20)
    auto = replace(auto, completed_ms=30)
    thread = Thread(
        T,
        parent_id=ThreadId("0"),
        status=ThreadStatus.ACTIVE,
        turns={U: turn(TurnStatus.IN_PROGRESS, 10, None)},
        active_turn=U,
        auto_reviews={"r": auto},
        reviews={r.key: r for r in (review(40, 60), review(80))},
    )
    lane = lane_of(thread)
    assert doings(lane) == [
        ("WORKING", 10, 20),
        ("AUTO", 20, 30),
        ("WORKING", 30, 40),
        ("REVIEW", 40, 60),
        ("WORKING", 60, 80),
        ("REVIEW", 80, None),
    ]
    assert [(s.at_ms, s.end) for s in lane.signs] == [
        (20, End.AUTO),
        (40, End.ASKED),
        (80, End.ASKED),
    ]
    assert lane.busy_ms(100) == 40


def test_interrupted_lasts_until_the_next_message() -> None:
    cut = turn(TurnStatus.INTERRUPTED, 10, 20)
    mark = TurnMark(U, TurnStatus.INTERRUPTED, 10, 20)
    thread = Thread(
        T,
        parent_id=ThreadId("0"),
        status=ThreadStatus.IDLE,
        turns={U: cut},
        latest=mark,
    )
    assert doings(lane_of(thread)) == [
        ("WORKING", 10, 20),
        ("INTERRUPTED", 20, None),
    ]
    again = TurnId("u2")
    thread = replace(
        thread,
        turns={U: cut, again: turn(TurnStatus.COMPLETED, 50, 60, "u2")},
        latest=TurnMark(again, TurnStatus.COMPLETED, 50, 60),
    )
    lane = lane_of(thread)
    assert doings(lane) == [
        ("WORKING", 10, 20),
        ("INTERRUPTED", 20, 50),
        ("WORKING", 50, 60),
    ]
    assert [s.end for s in lane.signs] == [End.INTERRUPTED, End.COMPLETED]


def test_an_end_that_nobody_told_is_bounded_by_what_was_told() -> None:
    thread = Thread(
        T,
        status=ThreadStatus.NOT_LOADED,
        turns={U: turn(TurnStatus.INTERRUPTED, 10, None)},
        reviews={ReviewKey("e", 1): replace(review(12), state=ReviewState.LOST)},
        latest=TurnMark(U, TurnStatus.INTERRUPTED, 10),
    )
    assert doings(lane_of(thread)) == [("INTERRUPTED", 10, None)]


def test_only_the_mark_of_a_turn_is_a_bar_too() -> None:
    mark = TurnMark(TurnId("u9"), TurnStatus.FAILED, 10, 30)
    lane = lane_of(Thread(T, latest=mark))
    assert doings(lane) == [("WORKING", 10, 30)]
    assert [s.end for s in lane.signs] == [End.FAILED]


def test_who_waited_for_whom_is_seen() -> None:
    view = view_of(world_of("b-agents-nested-interrupt-root"))
    lanes = {lane.agent.path: [s.doing for s in lane.spans] for lane in view.lanes}
    assert list(lanes) == ["/root", "/root/a", "/root/a/b"]
    assert Doing.WAITING in lanes["/root"]
    assert Doing.WAITING in lanes["/root/a"]
    assert Doing.INTERRUPTED in lanes["/root/a/b"]
    assert Doing.WAITING not in lanes["/root/a/b"]
    words = [m.verb for m in view.lanes[2].moments]
    assert words[0] == "Started"
    assert "Interrupted" in words
    assert "Completed" in words


@pytest.mark.parametrize(
    "name", ["b-agents-basic", "b-agents-v1", "b-agents-kill-resume", "demo"]
)
def test_spans_of_a_lane_never_overlap(name: str) -> None:
    events = list(fold(FOLDER / f"{name}.jsonl"))
    for until in range(0, len(events), 7):
        world = World(engine=READY)
        for event in events[:until]:
            world = reduce(world, event)
        for thread in world.threads.values():
            lane = lane_of(thread)
            for one, other in zip(lane.spans, lane.spans[1:], strict=False):
                assert one.end_ms is not None
                assert one.start_ms < one.end_ms <= other.start_ms


def test_an_agent_that_asks_waits_for_you_until_it_is_answered() -> None:
    world = World(engine=READY)
    seen = []
    for event in fold(FOLDER / "a-subagent-approval.jsonl"):
        world = reduce(world, event)
        if isinstance(event, e.ReviewAsked | e.ReviewResolved):
            lane = lane_of(world.threads[event.thread_id])
            seen.append([(s.doing, s.end_ms is None) for s in lane.spans][-1])
    assert seen[0] == (Doing.REVIEW, True)
    assert seen[1] != (Doing.REVIEW, True)


# -- cells -------------------------------------------------------------------------


def drawn(spans: list[Span], signs: list[Sign], window: Window, width: int) -> str:
    return "".join(c.text for c in bar(spans, signs, window, width, window.end_ms))


def test_time_falls_on_cells() -> None:
    window = Window(100, 100)
    spans = [
        Span(Doing.WORKING, 0, 40),
        Span(Doing.WAITING, 40, 60),
        Span(Doing.REVIEW, 60, 80),
        Span(Doing.INTERRUPTED, 80, None),
    ]
    assert drawn(spans, [], window, 10) == "████──━━┄┄"
    assert drawn(spans[:1], [Sign(40, End.COMPLETED)], window, 10) == "████✓     "
    assert drawn(spans[:1], [Sign(100, End.FAILED)], window, 10) == "████     ✗"


def test_what_needs_you_shows_however_short_it_was() -> None:
    window = Window(1000, 1000)
    spans = [Span(Doing.WORKING, 0, 505), Span(Doing.REVIEW, 505, 506)]
    assert SHAPES[Doing.REVIEW] in drawn(spans, [], window, 10)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Doing)),
            st.integers(-500, 2000),
            st.one_of(st.none(), st.integers(0, 900)),
        ),
        max_size=8,
    ),
    st.lists(
        st.tuples(st.sampled_from(list(End)), st.integers(-500, 2000)), max_size=6
    ),
    st.integers(1, 90),
    st.integers(1, 5000),
)
def test_a_bar_has_its_width(
    spans: list[tuple[Doing, int, int | None]],
    signs: list[tuple[End, int]],
    width: int,
    span_ms: int,
) -> None:
    made = [Span(d, s, None if n is None else s + n) for d, s, n in spans]
    ends = [Sign(at, end) for end, at in signs]
    window = Window(1000, span_ms)
    cells = bar(made, ends, window, width, 1000)
    assert len(cells) == width
    assert all(len(cell.text) == 1 for cell in cells)
    marks = ticks(window, width, 1000)
    assert all(0 <= cell < width for cell, _ in marks)
    assert marks == sorted(marks, key=lambda mark: mark[0])
    assert len({window.zoomed(1).span_ms, window.zoomed(-1).span_ms}) >= 1


def test_a_window_fits_what_is_known() -> None:
    window = fitting(0, 19 * MINUTE)
    assert window.span_ms == 20 * MINUTE
    assert window.end_ms == 19 * MINUTE
    labels = [ago // MINUTE for _, ago in ticks(window, 72, 19 * MINUTE)]
    assert labels == [20, 15, 10, 5, 0]
