"""Which thread or agent some words mean, and what is said when they mean none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.agent_path import AgentPathError
from state.items import ThreadId
from state.model import Thread
from state.resolve import (
    AmbiguousThread,
    UnknownThread,
    Unresolved,
    resolve,
    resolve_path,
    resolve_thread,
    root_of,
)


def a(key: str, **facts: object) -> Thread:
    return Thread(ThreadId(key), **facts)  # type: ignore[arg-type]


def child(key: str, parent: str, path: str) -> Thread:
    return a(key, parent_id=ThreadId(parent), agent_path=path)


FLEET = {
    t.id: t
    for t in (
        a("01a1-0000-aaaa", name="fix the parser"),
        a("01a1-0000-bbbb", name="fix the docs"),
        a("01a1-9999-cccc", preview="port to arm64\nand test it"),
        a("01a1-9999-dddd", name="gone", deleted=True),
        child("0200-1", "01a1-0000-aaaa", "/root/tester"),
        child("0200-2", "0200-1", "/root/tester/deep"),
        child("0200-3", "01a1-0000-bbbb", "/root/tester"),
        child("0200-4", "01a1-0000-bbbb", "/root/docs"),
    )
}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("01a1-0000-aaaa", "01a1-0000-aaaa"),
        ("fix the parser", "01a1-0000-aaaa"),
        (" FIX the docs ", "01a1-0000-bbbb"),
        ("01a1-9999-c", "01a1-9999-cccc"),
        ("cccc", "01a1-9999-cccc"),
        ("arm64", "01a1-9999-cccc"),
        ("parser", "01a1-0000-aaaa"),
        ("0200-4", "0200-4"),
    ],
)
def test_words_that_mean_one_thread(words: str, found: str) -> None:
    assert resolve_thread(words, FLEET) == found


@pytest.mark.parametrize(
    ("words", "kind", "candidates"),
    [
        ("01a1-0000", AmbiguousThread, ["01a1-0000-aaaa", "01a1-0000-bbbb"]),
        ("fix", AmbiguousThread, ["fix the parser", "fix the docs"]),
        ("fix teh parser", UnknownThread, ["01a1-0000-aaaa"]),
        ("01a1-9999-dddd", UnknownThread, []),
        ("gone", UnknownThread, []),
        ("zzz", UnknownThread, []),
        ("", UnknownThread, []),
    ],
)
def test_words_that_mean_none_or_too_much_name_candidates(
    words: str, kind: type[Unresolved], candidates: list[str]
) -> None:
    with pytest.raises(kind) as refused:
        resolve_thread(words, FLEET)
    text = "\n".join(refused.value.lines)
    assert all(one in text for one in candidates)
    assert all(line.isprintable() for line in refused.value.lines)


def test_a_path_is_looked_for_in_the_tree_of_its_caller() -> None:
    caller = ThreadId("0200-1")
    assert resolve_path("/root/tester", FLEET, caller=caller) == caller
    assert resolve_path("deep", FLEET, caller=caller) == "0200-2"
    assert resolve_path("..", FLEET, caller=caller) == "01a1-0000-aaaa"
    assert resolve_path("../..", FLEET, caller=ThreadId("0200-2")) == "01a1-0000-aaaa"
    with pytest.raises(UnknownThread) as refused:
        resolve_path("../docs", FLEET, caller=caller)
    assert "/root/docs" in str(refused.value)
    with pytest.raises(AgentPathError):
        resolve_path("Deep", FLEET, caller=caller)


def test_a_path_in_two_trees_must_name_its_thread() -> None:
    with pytest.raises(AmbiguousThread) as refused:
        resolve("/root/tester", FLEET)
    assert "THREAD:/root/tester" in str(refused.value)
    assert len(refused.value.candidates) == 2
    assert resolve("fix the docs:/root/tester", FLEET) == "0200-3"
    assert resolve("/root/docs", FLEET) == "0200-4"
    assert resolve("/root/tester", FLEET, root=ThreadId("01a1-0000-bbbb")) == "0200-3"


def test_a_near_path_is_offered() -> None:
    with pytest.raises(UnknownThread) as refused:
        resolve("/root/tesster", FLEET, root=ThreadId("01a1-0000-aaaa"))
    assert refused.value.found[0].id == "0200-1"


def test_a_bare_word_is_a_path_first_and_then_a_thread() -> None:
    caller = ThreadId("01a1-0000-aaaa")
    assert resolve("tester", FLEET, caller=caller) == "0200-1"
    assert resolve("fix the docs", FLEET, caller=caller) == "01a1-0000-bbbb"
    assert resolve("arm64", FLEET, caller=caller) == "01a1-9999-cccc"


@pytest.mark.parametrize("words", ["dee", "DEE", "depe"])
def test_a_bare_word_that_means_nothing_names_the_agents_it_is_near(words: str) -> None:
    with pytest.raises(UnknownThread) as refused:
        resolve(words, FLEET, caller=ThreadId("0200-1"))
    assert f"no thread is called “{words}”" in str(refused.value)
    assert [thread.id for thread in refused.value.found] == ["0200-2"]


@given(st.text(max_size=12))
def test_any_words_are_answered(words: str) -> None:
    for caller in (None, ThreadId("0200-2")):
        try:
            assert resolve(words, FLEET, caller=caller) in FLEET
        except (Unresolved, AgentPathError) as refused:
            assert str(refused).isprintable()


def test_a_parent_that_is_unknown_or_itself_ends_the_way() -> None:
    odd = {
        t.id: t
        for t in (
            child("1", "gone", "/root/a"),
            child("2", "3", "/root/b"),
            child("3", "2", "/root/c"),
        )
    }
    assert root_of(odd, ThreadId("1")) == "1"
    assert root_of(odd, ThreadId("2")) == "3"
    assert root_of(odd, ThreadId("9")) == "9"
