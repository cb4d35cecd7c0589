"""Whom a draft is meant for, which way there is, and what an interrupt left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.items import ThreadId, TurnId
from state.messaging import (
    AgentName,
    Way,
    addressed,
    completions,
    matches,
    means_agent,
    told_root,
    way_to,
)
from state.model import Thread, ThreadStatus, Turn, TurnStatus
from state.select.interrupts import keep_running, reach, report
from state.tree import Forest


def name(path: str) -> AgentName:
    return AgentName(ThreadId(path), path)


NAMES = tuple(
    map(name, ("/root", "/root/a", "/root/a/b", "/root/tester", "/root/a/tester"))
)


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("@/root/a do it", "/root/a", "do it"),
        ("@a do\nit ", "a", "do\nit"),
        ("@../b\nx", "../b", "x"),
        ("@a", "a", ""),
    ],
)
def test_a_draft_that_begins_with_a_path(text: str, path: str, words: str) -> None:
    found = addressed(text)
    assert found is not None
    assert (found.path, found.words) == (path, words)


@pytest.mark.parametrize(
    "text", ["", "a", " @a x", "x @a", "@", "@A x", "@a,b x", "@ä"]
)
def test_a_draft_that_does_not(text: str) -> None:
    assert addressed(text) is None


@pytest.mark.parametrize(
    ("path", "caller", "found"),
    [
        ("/root/a", "/root", "/root/a"),
        ("a", "/root", "/root/a"),
        ("b", "/root/a", "/root/a/b"),
        ("../tester", "/root/a", "/root/tester"),
        ("tester", "/root/a", "/root/a/tester"),
        ("tester", "/root/tester", "/root/tester"),
        (".", "/root/a", "/root/a"),
        ("nobody", "/root", None),
        ("src/cache.py", "/root", None),
        ("../..", "/root", None),
        ("a", "no path at all", "/root/a"),
    ],
)
def test_a_path_from_where_it_is_written(
    path: str, caller: str, found: str | None
) -> None:
    one = next(iter(matches(path, NAMES, caller)), None)
    assert (one.path if one else None) == found


@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.text(max_size=40))
def test_an_absolute_path_means_the_same_everywhere(
    agent: AgentName, caller: AgentName, words: str
) -> None:
    found = addressed(f"@{agent.path} {words}")
    assert found is not None
    assert matches(found.path, NAMES, caller.path) == [agent]
    assert found.words == words.strip()


@given(st.text(max_size=60))
def test_any_text_is_either_words_or_a_path_and_words(text: str) -> None:
    found = addressed(text)
    if found is not None:
        assert text.startswith(f"@{found.path}")
        assert found.words in text


def test_only_a_path_below_the_root_is_certainly_one() -> None:
    assert means_agent("/root")
    assert means_agent("/root/x")
    assert not means_agent("/rooted/x")
    assert not means_agent("tester")


def test_completions_begin_with_what_was_typed() -> None:
    assert [n.path for n in completions("tes", NAMES)] == [
        "/root/tester",
        "/root/a/tester",
    ]
    assert completions("/root/a/", NAMES)[0].path == "/root/a/b"
    assert completions("zzz", NAMES) == []
    assert len(completions("", NAMES)) == len(NAMES)


@pytest.mark.parametrize(
    ("direct", "way"), [(True, Way.DIRECT), (None, Way.DIRECT), (False, Way.ASK)]
)
def test_only_a_plain_no_of_the_engine_closes_the_way(
    *, direct: bool | None, way: Way
) -> None:
    assert way_to(Thread(ThreadId("t"), direct_input=direct)) is way
    assert told_root("/root/a", "go on") == "tell /root/a: go on"


# -- interrupts ------------------------------------------------------------------------


def thread(path: str, *, works: bool, status: TurnStatus | None = None) -> Thread:
    """A thread named by its path; `status` of its last turn."""
    turn = TurnId(f"turn {path}")
    ending = status or (TurnStatus.IN_PROGRESS if works else TurnStatus.INTERRUPTED)
    above = path.rpartition("/")[0]
    return Thread(
        ThreadId(path),
        agent_path=path if above else None,
        parent_id=ThreadId(above) if above else None,
        status=ThreadStatus.ACTIVE if works else ThreadStatus.IDLE,
        active_turn=turn if works else None,
        turns={turn: Turn(turn, ending)},
    )


def test_a_branch_and_a_tree_are_who_works_there() -> None:
    tree = [
        thread("/root", works=True),
        thread("/root/a", works=False),
        thread("/root/a/b", works=True),
        thread("/root/c", works=True),
    ]
    threads = {t.id: t for t in tree}
    forest = Forest()
    forest.update(threads, threads)
    found = reach(forest, tree[1])
    assert [t.id for t in found.branch] == ["/root/a/b"]
    assert [t.id for t in found.below] == ["/root/a/b"]
    assert [t.id for t in found.tree] == ["/root", "/root/a/b", "/root/c"]
    assert not found.works
    assert found.root == "/root"


def test_the_report_tells_who_ended_how() -> None:
    after = [
        thread("/root/a", works=False),
        thread("/root/b", works=True),
        thread("/root/c", works=False, status=TurnStatus.COMPLETED),
    ]
    said = report([t.id for t in after], {t.id: t for t in after}, 2)
    assert said == (
        "interrupted /root/a · ended before: /root/c · still working: /root/b"
        " · 2 background terminals keep running · /stop stops them"
    )
    assert keep_running(1) == "1 background terminal keeps running · /stop stops it"
    assert keep_running(0) == ""
