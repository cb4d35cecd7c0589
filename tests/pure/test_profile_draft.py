"""A profile from a table into a form and back; what an edit writes, what undoes it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import key_path
from state.changes import ConfigEdit
from state.dataclass import replace
from state.permissions import draft as d
from state.permissions.policy import Access, Host
from state.permissions.profiles import ProfileError

HOST = Host(home="/home/dev", tmpdir="/var/tmp/dev")
DEV: dict[str, Any] = {
    "extends": ":workspace",
    "description": "narrow",
    "filesystem": {
        "~/.ssh": "deny",
        ":workspace_roots": {".": "write", "docs": "read", "**/*.key": "none"},
        "/srv": {".": "read", "logs": "write"},
        "glob_scan_max_depth": 3,
    },
    "network": {"enabled": True, "mode": "limited"},
    "workspace_roots": {"/other": True},
}


def test_a_table_becomes_entries() -> None:
    draft = d.draft_of("dev", DEV)
    assert [(one.path, one.access.value) for one in draft.lines] == [
        ("~/.ssh", "deny"),
        (":workspace_roots", "write"),
        (":workspace_roots/docs", "read"),
        (":workspace_roots/**/*.key", "deny"),
        ("/srv", "read"),
        ("/srv/logs", "write"),
    ]
    assert (draft.extends, draft.description, draft.network) == (
        ":workspace",
        "narrow",
        True,
    )
    assert d.edits_of(DEV, draft) == []


def edits(draft: d.Draft, before: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        e.key: e.value for e in d.edits_of(DEV if before is None else before, draft)
    }


def test_one_change_is_one_key() -> None:
    """Comments beside all other keys survive."""
    draft = d.draft_of("dev", DEV)
    more = draft.put(d.Line("~/.aws", Access.DENY))
    assert edits(more) == {'permissions.dev.filesystem."~/.aws"': "deny"}
    docs = draft.put(d.Line(":workspace_roots/docs", Access.DENY))
    key = 'permissions.dev.filesystem.":workspace_roots".docs'
    assert edits(docs) == {key: "deny"}
    assert edits(draft.without("~/.ssh")) == {
        'permissions.dev.filesystem."~/.ssh"': None
    }
    logs = draft.put(d.Line("/srv/www", Access.DENY), "/srv/logs")
    assert edits(logs) == {
        'permissions.dev.filesystem."/srv".logs': None,
        'permissions.dev.filesystem."/srv".www': "deny",
    }
    off = replace(draft, network=None, extends="", description="x")
    assert edits(off) == {
        "permissions.dev.extends": None,
        "permissions.dev.description": "x",
        "permissions.dev.network.enabled": None,
    }


def test_a_word_becomes_a_table_when_something_is_below_it() -> None:
    before = {"filesystem": {":workspace_roots": "write"}}
    draft = d.draft_of("dev", before).put(d.Line(":workspace_roots/docs", Access.READ))
    assert edits(draft, before) == {
        'permissions.dev.filesystem.":workspace_roots"': {".": "write", "docs": "read"}
    }


def test_a_new_profile() -> None:
    draft = d.Draft("my dev", ":workspace").put(d.Line("~/x", Access.WRITE))
    assert edits(draft, {}) == {
        'permissions."my dev".extends': ":workspace",
        'permissions."my dev".filesystem."~/x"': "write",
    }


def test_what_the_form_does_not_know_stays() -> None:
    strange = {
        "filesystem": {"/a": "future", ":root": {"etc": 7, ".": "read"}},
        "network": {"mode": "limited"},
        "later": [1],
    }
    draft = d.draft_of("dev", strange)
    assert [one.path for one in draft.lines] == [":root"]
    assert d.table_of(draft) == strange


def test_entries_keep_their_place() -> None:
    draft = d.draft_of("dev", DEV)
    paths = [one.path for one in draft.lines]
    moved = draft.put(d.Line("~/.gnupg", Access.DENY), "~/.ssh")
    assert [one.path for one in moved.lines] == ["~/.gnupg", *paths[1:]]
    onto = draft.put(d.Line("/srv", Access.DENY), "~/.ssh")
    assert [one.path for one in onto.lines].count("/srv") == 1
    assert len(onto.lines) == len(draft.lines) - 1


WORDS = st.sampled_from(["read", "write", "deny"])
SUBS = st.dictionaries(
    st.sampled_from([".", "docs", "**/*.key", "a b/c"]), WORDS, min_size=1
)
FILES = st.dictionaries(
    st.sampled_from(
        [":workspace_roots", ":root", ":tmpdir", "~/x", "/srv", "/a.b", '/q"\\']
    ),
    WORDS,
).flatmap(
    lambda files: (
        st.builds(lambda sub: {**files, ":workspace_roots": sub}, SUBS) | st.just(files)
    )
)
TABLES = st.fixed_dictionaries(
    {},
    optional={
        "extends": st.sampled_from([":workspace", ":read-only", "base"]),
        "description": st.text(min_size=1, max_size=20),
        "filesystem": FILES.filter(bool),
        "network": st.fixed_dictionaries({"enabled": st.booleans()}),
    },
)


@given(TABLES)
def test_a_table_comes_back(table: dict[str, Any]) -> None:
    draft = d.draft_of("dev", table)
    assert d.table_of(draft) == table
    assert d.edits_of(table, draft) == []


def applied(values: dict[str, Any], edits: list[ConfigEdit]) -> dict[str, Any]:
    """What an engine makes of the values: tables come by themselves, and stay."""
    result = copy.deepcopy(values)
    for edit in edits:
        *above, last = key_path.parts(edit.key)
        at = result
        for name in above:
            inner = at.get(name)
            if not isinstance(inner, dict):
                if edit.value is None:
                    break
                inner = at[name] = {}
            at = inner
        else:
            if edit.value is None:
                at.pop(last, None)
            else:
                at[last] = copy.deepcopy(edit.value)
    return result


@given(TABLES, TABLES)
def test_the_edits_make_the_one_of_the_other_and_are_undone(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    before = {"permissions": {"dev": old}} if old else {}
    draft = replace(d.draft_of("dev", new), rest=old)
    made = d.edits_of(old, draft)
    after = applied(before, made)
    wanted = d.table_of(draft)
    got = after.get("permissions", {}).get("dev", {})
    assert d.draft_of("dev", got).lines == d.draft_of("dev", wanted).lines or set(
        d.draft_of("dev", got).lines
    ) == set(d.draft_of("dev", wanted).lines)
    assert got.get("extends") == wanted.get("extends")
    assert applied(after, key_path.undoing(before, made)) == before


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4))
def test_key_paths_come_back(names: list[str]) -> None:
    assert key_path.parts(key_path.join(names)) == tuple(names)


def test_values_of_quoted_keys_are_found() -> None:
    values = {"projects": {"/a.b/c": {"trust_level": "trusted"}}}
    assert key_path.value_at(values, 'projects."/a.b/c".trust_level') == "trusted"
    assert key_path.value_at(values, 'projects."/a".trust_level') is None
    undo = key_path.undoing(values, [ConfigEdit('projects."/x.y".trust_level', "t")])
    assert undo == [ConfigEdit('projects."/x.y"', None)]
    both = [ConfigEdit("a.b.c", 1), ConfigEdit("a.d", 2)]
    assert key_path.undoing({}, both) == [ConfigEdit("a", None)]


# -- what is wrong ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "Type a path"),
        ("rel/x", "must be absolute"),
        (":workspace_roots/../x", "no . or .. parts"),
        (":tmpdir/x", "takes nothing below"),
        ("/a\nb", "control characters"),
        (":workspace_roots/docs", ""),
        ("~/x", ""),
        ("/a/**/*.key", ""),
        (":future", ""),
    ],
)
def test_faults_of_a_path(path: str, words: str) -> None:
    found = d.line_fault(path, Access.DENY)
    assert (words in found) if words else (found == "")


def test_a_pattern_can_only_be_denied() -> None:
    assert "only be denied" in d.line_fault("/a/*.key", Access.READ)
    assert d.line_fault("/a/**", Access.READ) == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "needs a name"),
        (":x", "begins with a letter"),
        ("dev", "already"),
        ("a\nb", "begins with a letter"),
        ("my dev-2.0", ""),
    ],
)
def test_faults_of_a_name(name: str, words: str) -> None:
    found = d.name_fault(name, {"dev": {}})
    assert (words in found) if words else (found == "")


def test_what_it_may_extend_leads_to_no_circle() -> None:
    tables = {"a": {"extends": "b"}, "b": {}, "c": {"extends": "c"}, ":odd": {}}
    assert d.extendable(tables, "b") == ("", ":read-only", ":workspace")
    assert d.extendable(tables, "new") == ("", ":read-only", ":workspace", "a", "b")


def test_a_profile_that_extends_itself_is_said_and_not_followed() -> None:
    draft = d.Draft("dev", "dev")
    with pytest.raises(ProfileError, match="circle: dev → dev"):
        d.policy_of(draft, {}, ("/w",), HOST)
    assert d.inherited(d.Draft("x", "dev"), {"dev": {"extends": "dev"}}) == ()


def test_inherited_entries_but_for_its_own() -> None:
    draft = d.Draft("dev", ":workspace").put(d.Line(":tmpdir", Access.DENY))
    found = [one.path for one in d.inherited(draft, {})]
    assert found == [":root", ":workspace_roots", ":slash_tmp"]


def test_a_root_that_cannot_be_read_stops_every_thread() -> None:
    for access, stopped in ((Access.DENY, True), (Access.READ, False)):
        draft = d.Draft("dev", ":workspace").put(d.Line(":workspace_roots", access))
        policy = d.policy_of(draft, {}, ("/w",), HOST)
        assert ("no thread" in d.stops_threads(policy)) is stopped
