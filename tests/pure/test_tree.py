"""Agent trees: sums of branches, how an agent stands, and what is shown of a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import events as e
from state.agents import AgentState, agent_state
from state.items import ItemId, ThreadId, TurnId
from state.model import (
    Engine,
    EnginePhase,
    HistoryState,
    Spawn,
    Terminal,
    Thread,
    ThreadStatus,
    TokenUsage,
    TurnMark,
    TurnStatus,
    World,
)
from state.reduce import reduce
from state.select import agents as select_agents
from state.select.agent_detail import agent_detail, task_words
from state.select.agents import AgentTreeBuilder, TreeAsk
from state.select.transcript import TranscriptBuilder
from state.tree import NOTHING, Forest, Tally, own_tally
from state.views import AgentTreeView, EventCell
from tests.recordings import events as recorded

READY = Engine(EnginePhase.READY, epoch="recorded", version="0.169.0")


def a(key: str, parent: str | None = None, **facts: object) -> Thread:
    above = ThreadId(parent) if parent is not None else None
    return Thread(ThreadId(key), parent_id=above, **facts)  # type: ignore[arg-type]


def marked(status: TurnStatus, at_ms: int = 10) -> TurnMark:
    return TurnMark(TurnId("t1"), status, at_ms - 5, at_ms)


def world_of(*threads: Thread) -> World:
    return World(threads={t.id: t for t in threads}, engine=READY)


def forest_of(world: World) -> Forest:
    forest = Forest()
    forest.update(world.threads, world.threads)
    return forest


def shown(world: World, root: str, ask: TreeAsk | None = None) -> AgentTreeView:
    return AgentTreeBuilder(forest_of(world)).view(world, ThreadId(root), ask)


def words(view: AgentTreeView) -> dict[str, str]:
    return {row.path: row.word for row in view.rows}


# -- sums --------------------------------------------------------------------------

changes = st.tuples(
    st.integers(0, 9),
    st.one_of(st.none(), st.integers(0, 9)),
    st.integers(0, 50),
    st.integers(0, 2),
    st.booleans(),
)


def _changed(change: tuple[int, int | None, int, int, bool]) -> Thread:
    key, parent, tokens, terminals, deleted = change
    items = [ItemId(f"i{n}") for n in range(terminals)]
    return a(
        f"{key:02d}",
        None if parent is None else f"{parent:02d}",
        tokens=TokenUsage(tokens) if tokens else None,
        terminals={i: Terminal(i, "p", "c", "/") for i in items},
        status=ThreadStatus.ACTIVE if tokens % 2 else ThreadStatus.IDLE,
        deleted=deleted,
    )


@given(st.lists(st.lists(changes, max_size=4), max_size=12))
def test_the_sum_of_a_branch_is_what_its_threads_add_up_to(
    steps: list[list[tuple[int, int | None, int, int, bool]]],
) -> None:
    forest, threads = Forest(), dict[ThreadId, Thread]()
    for step in steps:
        fresh = {t.id: t for t in map(_changed, step)}
        threads = {**threads, **fresh}
        forest.update(threads, fresh)
    for thread_id in threads:
        total, seen, stack = NOTHING, set(), [thread_id]
        while stack:
            one = stack.pop()
            assert one not in seen, "a cycle"
            seen.add(one)
            if one in threads:
                total = total.plus(own_tally(threads[one]))
            stack += forest.children(one)
        assert forest.total(thread_id) == total
        assert forest.below(thread_id).plus(forest.own(thread_id)) == total
        assert forest.root(thread_id) in threads
        above = list(forest.ancestors(thread_id))
        assert (above[-1] if above else thread_id) == forest.root(thread_id)


@given(st.lists(st.lists(changes, max_size=4), max_size=8))
def test_the_order_in_which_parents_become_known_does_not_matter(
    steps: list[list[tuple[int, int | None, int, int, bool]]],
) -> None:
    """Without a cycle, a forest that grew is the forest that was built at once."""
    threads: dict[ThreadId, Thread] = {}
    grown = Forest()
    for step in steps:
        fresh = {t.id: t for t in map(_changed, step)}
        fresh = {
            k: replace(t, parent_id=t.parent_id if (t.parent_id or "") < k else None)
            for k, t in fresh.items()
        }
        threads = {**threads, **fresh}
        grown.update(threads, fresh)
    built = Forest()
    built.update(threads, threads)
    for one in threads:
        assert grown.children(one) == built.children(one)
        assert grown.total(one) == built.total(one)
        assert [g for g, _ in grown.walk(one)] == [g for g, _ in built.walk(one)]


def test_a_branch_that_was_deleted_is_not_shown() -> None:
    world = world_of(
        a("1"),
        a("2", "1", deleted=True),
        a("3", "1", deleted=True),
        a("4", "3", agent_path="/root/c/d"),
    )
    view = shown(world, "1")
    assert [row.id for row in view.rows] == ["1", "3", "4"]
    assert view.rows[1].detail[0].text == "deleted"


# -- states ------------------------------------------------------------------------

COMPLETED, FAILED, CUT = (
    marked(TurnStatus.COMPLETED),
    marked(TurnStatus.FAILED),
    marked(TurnStatus.INTERRUPTED),
)
RUNS = marked(TurnStatus.IN_PROGRESS)
IDLE, ACTIVE, GONE, UNKNOWN, BROKEN = (
    ThreadStatus.IDLE,
    ThreadStatus.ACTIVE,
    ThreadStatus.NOT_LOADED,
    ThreadStatus.UNKNOWN,
    ThreadStatus.SYSTEM_ERROR,
)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"status": UNKNOWN}, AgentState.UNKNOWN),
        ({"status": UNKNOWN, "agent_status": "started"}, AgentState.PENDING),
        ({"status": IDLE}, AgentState.PENDING),
        ({"status": ACTIVE}, AgentState.RUNNING),
        ({"status": ACTIVE, "latest": CUT}, AgentState.RUNNING),
        (
            {"status": ACTIVE, "flags": frozenset({"waitingOnApproval"})},
            AgentState.REVIEW,
        ),
        (
            {"status": ACTIVE, "flags": frozenset({"waitingOnUserInput"})},
            AgentState.INPUT,
        ),
        ({"status": IDLE, "latest": COMPLETED}, AgentState.COMPLETED),
        ({"status": GONE, "latest": COMPLETED}, AgentState.COMPLETED),
        ({"status": GONE, "agent_status": "completed"}, AgentState.COMPLETED),
        ({"status": IDLE, "latest": CUT}, AgentState.INTERRUPTED),
        ({"status": GONE, "latest": RUNS}, AgentState.INTERRUPTED),
        (
            {"status": IDLE, "latest": CUT, "agent_status": "completed", "told_ms": 5},
            AgentState.INTERRUPTED,
        ),
        (
            {"status": GONE, "latest": CUT, "agent_status": "completed", "told_ms": 50},
            AgentState.COMPLETED,
        ),
        (
            {
                "status": IDLE,
                "latest": COMPLETED,
                "agent_status": "interrupted",
                "told_ms": 50,
            },
            AgentState.COMPLETED,
        ),
        ({"status": IDLE, "agent_status": "interrupted"}, AgentState.INTERRUPTED),
        ({"status": BROKEN, "latest": FAILED}, AgentState.FAILED),
        ({"status": GONE, "latest": FAILED}, AgentState.FAILED),
        (
            {
                "status": GONE,
                "latest": FAILED,
                "agent_status": "completed",
                "told_ms": 50,
            },
            AgentState.FAILED,
        ),
        ({"status": BROKEN}, AgentState.FAILED),
        ({"status": GONE}, AgentState.NOT_LOADED),
        (
            {"status": GONE, "latest": COMPLETED, "agent_status": "closed"},
            AgentState.CLOSED,
        ),
        (
            {"status": IDLE, "latest": COMPLETED, "agent_status": "closed"},
            AgentState.COMPLETED,
        ),
    ],
)
def test_how_an_agent_stands(facts: dict[str, object], state: AgentState) -> None:
    assert agent_state(a("2", "1", **facts)) is state


def test_a_thread_of_its_own_is_never_finished() -> None:
    assert agent_state(a("1", status=IDLE, latest=COMPLETED)) is AgentState.READY
    assert agent_state(a("1", status=GONE, latest=COMPLETED)) is AgentState.NOT_LOADED
    assert agent_state(a("1", status=IDLE, latest=CUT)) is AgentState.INTERRUPTED


# -- recordings --------------------------------------------------------------------


def steps_of(name: str) -> Iterator[tuple[World, e.Event]]:
    world = World(engine=READY)
    for event in recorded(name):
        world = reduce(world, event)
        yield world, event


def last_of(name: str) -> World:
    return [world for world, _ in steps_of(name)][-1]


def root_of(world: World) -> str:
    forest = forest_of(world)
    return next(t for t in world.threads if forest.is_root(t) and forest.children(t))


def test_older_agents_tell_their_task_and_are_closed_and_resumed() -> None:
    seen = []
    for world, event in steps_of("b-agents-v1"):
        agents = [t for t in world.threads.values() if t.is_agent]
        if isinstance(event, e.ItemCompleted) and agents:
            seen.append(agent_state(agents[0]))
    assert seen.index(AgentState.CLOSED) > seen.index(AgentState.COMPLETED)
    world = last_of("b-agents-v1")
    (agent,) = (t for t in world.threads.values() if t.is_agent)
    assert agent_state(agent) is AgentState.COMPLETED, "it was resumed"
    assert agent.spawn is not None
    assert agent.spawn.task is not None
    assert task_words(agent)[0].startswith("task ")
    assert (agent.spawn.model, agent.spawn.effort) == ("mock-model", "medium")


def test_newer_agents_carry_role_model_and_effort_as_spawned() -> None:
    world = last_of("b-agents-role")
    row = shown(world, root_of(world)).rows[1]
    assert (row.path, row.model, row.effort) == ("/root/r1", "gpt-6.1-sol", "high")
    agent = world.threads[row.id]
    assert agent.spawn is not None
    assert agent.spawn.task is None
    assert "ciphertext" in task_words(agent)[1]


def test_an_agent_may_be_deep_below_whatever_a_limit_says() -> None:
    world = last_of("b-agents-depth")
    paths = [row.path for row in shown(world, root_of(world)).rows]
    assert max(path.count("/") for path in paths) >= 5
    assert paths == sorted(paths, key=len), "one below the other"


def test_a_refused_spawn_is_no_agent() -> None:
    world = last_of("b-agents-limit")
    rows = shown(world, root_of(world)).rows
    assert all(row.path for row in rows)
    evicted = [
        t
        for t in world.threads.values()
        if t.is_agent and t.status is GONE and t.latest
    ]
    assert all(agent_state(t) is AgentState.COMPLETED for t in evicted)


def test_what_a_kill_cut_off_is_interrupted_and_what_was_done_stays_done() -> None:
    world = last_of("b-agents-kill-midturn")
    before = words(shown(world, root_of(world)))
    assert before["/root/a"] == "working"
    restarted = reduce(
        world, e.EngineChanged(replace(READY, epoch="another", connection=2))
    )
    after = words(shown(restarted, root_of(restarted)))
    assert after["/root/a"] == "interrupted"
    assert after["/root/b"] == "completed"
    assert after["/root/c/d"] == "completed"


def test_a_resumed_tree_is_read_from_its_list_and_turns() -> None:
    world = last_of("b-agents-kill-resume")
    found = words(shown(world, root_of(world)))
    assert {"/root/a", "/root/b", "/root/c", "/root/c/d"} <= set(found)
    assert found["/root/a"] == "completed", "its next message brought it back"
    assert found["/root/b"] == "completed"


def course_of(name: str) -> list[dict[str, str]]:
    """How the agents stand after each turn that began or ended."""
    return [
        words(shown(world, root_of(world)))
        for world, event in steps_of(name)
        if isinstance(event, e.TurnStarted | e.TurnEnded | e.ThreadUnloaded)
        and any(thread.is_agent for thread in world.threads.values())
    ]


def test_an_interrupted_agent_leaves_its_parent_waiting() -> None:
    """The parent is told nothing, so its wait goes on; no green tick anywhere."""
    course = course_of("b-agents-nested-interrupt-root")
    assert course[2:6] == [
        {"/root": "interrupted", "/root/a": "waits for agents", "/root/a/b": "working"},
        {
            "/root": "interrupted",
            "/root/a": "waits for agents",
            "/root/a/b": "interrupted",
        },
        {"/root": "working", "/root/a": "waits for agents", "/root/a/b": "interrupted"},
        {"/root": "working", "/root/a": "working", "/root/a/b": "working"},
    ], "the next message brings it back"
    assert set(course[-1].values()) == {"ready", "completed"}
    course = course_of("b-agents-child-control")
    assert course[1] == {"/root": "waits for agents", "/root/a": "interrupted"}
    assert course[2] == {"/root": "ready", "/root/a": "interrupted"}


def test_an_agent_ends_after_its_root_was_unloaded() -> None:
    course = course_of("b-unload-bg-and-children")
    assert course[-2:] == [
        {"/root": "not loaded", "/root/k": "working"},
        {"/root": "not loaded", "/root/k": "completed"},
    ]


# -- what is shown -----------------------------------------------------------------


def grove() -> World:
    asks = frozenset({"waitingOnApproval"})
    return world_of(
        a("1", status=ACTIVE, tokens=TokenUsage(1000)),
        a("2", "1", agent_path="/root/a", status=IDLE, latest=COMPLETED),
        a("3", "1", agent_path="/root/b", status=IDLE, latest=COMPLETED),
        a(
            "4",
            "3",
            agent_path="/root/b/deep",
            status=ACTIVE,
            flags=asks,
            tokens=TokenUsage(500),
            model="gpt-6-luna",
        ),
        a("5", "1", agent_path="/root/c", status=IDLE, latest=CUT),
    )


def test_hiding_the_finished_keeps_the_way_to_who_needs_you() -> None:
    view = shown(grove(), "1", TreeAsk(hide_finished=True))
    assert [row.id for row in view.rows] == ["1", "3", "4", "5"]
    assert (view.hidden, view.total, view.needs) == (1, 5, 1)
    assert [row.guide for row in view.rows] == ["", "├ ", "│ └ ", "└ "]


def test_a_fold_counts_what_it_hides() -> None:
    view = shown(grove(), "1", TreeAsk(folded=frozenset({ThreadId("3")})))
    row = next(row for row in view.rows if row.id == "3")
    assert (row.hidden, row.sum_tokens, row.folded) == (1, "500", True)
    assert "4" not in [r.id for r in view.rows]


def test_a_filter_finds_through_folds_and_shows_the_way() -> None:
    ask = TreeAsk(folded=frozenset({ThreadId("1")}), filter="LUNA")
    view = shown(grove(), "1", ask)
    assert [(row.id, row.matches) for row in view.rows] == [
        ("1", False),
        ("3", False),
        ("4", True),
    ]
    assert shown(grove(), "1", TreeAsk(filter="needs you")).rows[-1].id == "4"
    assert shown(grove(), "1", TreeAsk(filter="nobody")).rows == ()


def test_a_tree_whose_parent_is_missing_says_so() -> None:
    world = world_of(a("9", "8", agent_path="/root/lost/child", status=IDLE))
    view = shown(world, "9")
    assert [row.id for row in view.rows] == ["9"]
    assert "parent of /root/lost/child is not known" in view.note
    detail = agent_detail(world, forest_of(world), world.threads[ThreadId("9")])
    facts = {label: "".join(bit.text for bit in bits) for label, bits in detail.facts}
    assert facts["spawned"] == "by a thread that is not known here"


def test_an_agent_that_is_evicted_keeps_its_end() -> None:
    world = grove()
    agent = world.threads[ThreadId("2")]
    gone = reduce(world, e.ThreadStatusChanged(agent.id, GONE))
    (row,) = (r for r in shown(gone, "1").rows if r.id == "2")
    assert row.word == "completed"
    detail = agent_detail(gone, forest_of(gone), gone.threads[agent.id])
    state = "".join(bit.text for bit in dict(detail.facts)["state"])
    assert "not loaded" in state
    assert "a message loads it" in state


def test_last_known_is_not_live() -> None:
    world = replace(grove(), engine=Engine(EnginePhase.LOST))
    view = shown(world, "1")
    assert {row.id: row.word for row in view.rows} == {
        "1": "last known",
        "2": "completed",
        "3": "completed",
        "4": "last known",
        "5": "interrupted",
    }
    assert (view.needs, view.working) == (0, 0)


def test_history_that_is_read_later_does_not_take_back_the_news() -> None:
    spawn = Spawn(TurnId("t"), ItemId("i"), 1)
    agent = a("2", "1", agent_status="completed", told_ms=50, spawn=spawn)
    world = world_of(a("1"), agent)
    old = (("agent_status", "started"), ("told_ms", 3))
    from_history = e.ThreadSeen(agent.id, old, agent.origin)
    assert reduce(world, from_history).threads[agent.id].agent_status == "completed"


def test_an_agent_s_transcript_begins_with_who_spawned_it() -> None:
    """From which turn, with which model, and what became of its task."""
    world = last_of("b-agents-role")
    forest = forest_of(world)
    root = world.threads[ThreadId(root_of(world))]
    whole = replace(root, history=HistoryState.COMPLETE)
    world = replace(world, threads={**world.threads, root.id: whole})
    agent = world.threads[forest.children(root.id)[0]]
    builder = TranscriptBuilder(forest)
    head, task, *_ = builder.view(world, agent, loading=False).cells
    assert isinstance(head.body, EventCell)
    assert (head.body.verb, head.body.subject) == ("Spawned", "by /root, turn 1")
    assert head.body.right[0].text == "gpt-6.1-sol high"
    assert isinstance(task.body, EventCell)
    assert task.body.verb == "Task"
    assert "ciphertext" in task.body.subject
    again = builder.view(world, agent, loading=False).cells
    assert again[0] is head, "nothing to draw anew"
    (older,) = (t for t in last_of("b-agents-v1").threads.values() if t.is_agent)
    told = last_of("b-agents-v1")
    cells = TranscriptBuilder(forest_of(told)).view(told, older, loading=False).cells
    assert isinstance(cells[0].body, EventCell)
    assert not any(
        isinstance(c.body, EventCell) and c.body.verb == "Task" for c in cells
    ), "its task is its first message"


# -- what a change costs -----------------------------------------------------------


def test_one_status_change_among_650_touches_one_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No clock: what is built again is counted. The figures are in `make bench`."""
    threads = [a("000")]
    for n in range(1, 650):
        above = f"{(n - 1) // 5:03d}"
        facts = {"agent_path": f"/root/n{n}", "status": IDLE, "latest": COMPLETED}
        threads.append(a(f"{n:03d}", above, **facts))
    world = world_of(*threads)
    forest = forest_of(world)
    builder = AgentTreeBuilder(forest)
    before = builder.view(world, ThreadId("000"))
    built: list[str] = []
    real = select_agents.agent_row

    def counted(guide: str, thread: Thread, *rest: object, **more: object) -> object:
        built.append(thread.id)
        return real(guide, thread, *rest, **more)  # type: ignore[arg-type]

    added: list[Tally] = []
    plus = Tally.plus

    def counted_plus(self: Tally, other: Tally) -> Tally:
        added.append(other)
        return plus(self, other)

    monkeypatch.setattr(select_agents, "agent_row", counted)
    monkeypatch.setattr(Tally, "plus", counted_plus)
    leaf = ThreadId("649")
    after = reduce(world, e.ThreadStatusChanged(leaf, ACTIVE))
    forest.update(after.threads, [leaf])
    view = builder.view(after, leaf)
    way = [leaf, *forest.ancestors(leaf)]
    assert set(built) == set(way), "the row and the sums above it"
    assert len(added) <= len(way)
    same = {x.id for x, y in zip(before.rows, view.rows, strict=True) if x is y}
    assert same == set(world.threads) - set(way)
    assert builder.view(after, leaf) is view
