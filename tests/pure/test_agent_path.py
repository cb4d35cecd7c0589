"""Agent paths: what is a path, what is refused and why, and where a way leads."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.agent_path import ROOT, AgentPath, AgentPathError

names = st.from_regex(r"[a-z0-9_]{1,6}", fullmatch=True)
paths = st.lists(names, max_size=5).map(lambda found: AgentPath(tuple(found)))
steps = st.lists(st.one_of(st.just("."), st.just(".."), names), min_size=1)


@pytest.mark.parametrize("text", ["/root", "/root/tester", "/root/a_1/0/b"])
def test_a_path_is_read_and_written_the_same(text: str) -> None:
    assert str(AgentPath.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be empty"),
        ("root/a", "begins with /root"),
        ("tester", "begins with /root"),
        ("/", "highest agent is /root"),
        ("/rooted", "begins with /root"),
        ("/home/a", "begins with /root"),
        ("/root/", "end with a slash"),
        ("/root//a", "no empty name"),
        ("/root/.", "only stands in a path relative"),
        ("/root/../etc", "only stands in a path relative"),
        ("/root/Tester", "small letters, digits and _"),
        ("/root/a-b", "small letters, digits and _"),
        ("/root/a b", "small letters, digits and _"),
        ("/root/a\n", "small letters, digits and _"),
        ("/root/é", "small letters, digits and _"),
        ("/root/٣", "small letters, digits and _"),
        ("/root/\u202ea", "\\u202e"),
    ],
)
def test_what_is_no_path_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(AgentPathError) as refused:
        AgentPath.parse(text)
    assert reason in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tester", "/root/a/tester"),
        ("tester/x", "/root/a/tester/x"),
        ("../tester", "/root/tester"),
        ("..", "/root"),
        (".", "/root/a"),
        ("./b", "/root/a/b"),
        ("/root/z", "/root/z"),
        ("/root", "/root"),
    ],
)
def test_a_way_leads_from_its_caller(text: str, found: str) -> None:
    assert str(AgentPath.resolve(text, AgentPath.parse("/root/a"))) == found


@pytest.mark.parametrize("text", ["../..", "../../root", "", "b/", "b//c", "B", "/x"])
def test_a_way_that_leads_nowhere_is_refused(text: str) -> None:
    with pytest.raises(AgentPathError):
        AgentPath.resolve(text, AgentPath.parse("/root/a"))


@given(paths, paths)
def test_the_way_to_an_agent_leads_to_it(path: AgentPath, caller: AgentPath) -> None:
    assert AgentPath.resolve(path.relative_to(caller), caller) == path
    assert AgentPath.resolve(str(path), caller) == path
    assert AgentPath.parse(str(path)) == path


@given(steps, paths)
def test_no_way_escapes_root(way: list[str], caller: AgentPath) -> None:
    text = "/".join(way)
    try:
        found = str(AgentPath.resolve(text, caller))
    except AgentPathError:
        # Then some step on the way is above /root.
        depths = [len(caller.names)]
        for step in way:
            depths.append(depths[-1] + {".": 0, "..": -1}.get(step, 1))
        assert min(depths) < 0
    else:
        assert found == posixpath.normpath(f"{caller}/{text}")
        assert found == "/root" or found.startswith("/root/")


@given(paths, names)
def test_a_child_knows_its_parent(path: AgentPath, name: str) -> None:
    child = path.join(name)
    assert (child.parent, child.name, child.depth) == (path, name, path.depth + 1)
    assert child.is_within(path)
    assert child.is_within(child)
    assert not path.is_within(child)
    assert child.is_within(ROOT)
    assert path < child


def test_root_has_no_parent() -> None:
    assert ROOT.parent is None
    assert ROOT.name == "root"
    with pytest.raises(AgentPathError):
        ROOT.join("..")
