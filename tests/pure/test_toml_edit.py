"""A project's config.toml keeps everything but the keys that were changed."""

from __future__ import annotations

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from state.changes import ConfigEdit
from state.engine.toml_edit import edited

POLICY = ConfigEdit("approval_policy", "never")
GRANULAR = ConfigEdit("approval_policy", {"granular": {"rules": True}})


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        ("", POLICY, 'approval_policy = "never"\n'),
        ("# mine\n", POLICY, '# mine\napproval_policy = "never"\n'),
        ('a = "x"', POLICY, 'a = "x"\napproval_policy = "never"\n'),
        (
            'model = "m"  # why\n\n[mcp_servers.x]\ncommand = "c"\n',
            POLICY,
            'model = "m"  # why\napproval_policy = "never"\n\n'
            '[mcp_servers.x]\ncommand = "c"\n',
        ),
        (
            'approval_policy = "on-request"\n[t]\napproval_policy = "mine"\n',
            POLICY,
            'approval_policy = "never"\n[t]\napproval_policy = "mine"\n',
        ),
        (
            'approval_policy = "on-request"\nb = 1\n',
            ConfigEdit("approval_policy", None),
            "b = 1\n",
        ),
        ("", GRANULAR, "approval_policy = { granular = { rules = true } }\n"),
    ],
)
def test_edits(before: str, edit: ConfigEdit, after: str) -> None:
    assert edited(before, (edit,)) == after


@pytest.mark.parametrize(
    "text",
    [
        "[approval_policy.granular]\nrules = true\n",
        'approval_policy = """\nnever"""\n',
        "approval_policy.granular = { rules = true }\n",
    ],
)
def test_what_would_touch_more_is_not_done(text: str) -> None:
    assert edited(text, (POLICY,)) is None


def test_a_broken_file_is_refused() -> None:
    with pytest.raises(tomli.TOMLDecodeError):
        edited("a = = 1", (POLICY,))


KEYS = st.sampled_from(["approval_policy", "model", "x", "default_permissions"])
LINES = st.one_of(
    st.builds(lambda k, v: f"{k} = {v}", KEYS, st.integers(0, 9)),
    st.builds(lambda k: f"[{k}_table]", KEYS),
    st.sampled_from(["# approval_policy = 1", "", "   ", 's = """', '"""', "y = ["]),
)


@given(st.lists(LINES, max_size=8), KEYS, st.sampled_from([None, "v", True]))
def test_the_result_parses_to_what_was_meant(
    lines: list[str], key: str, value: object
) -> None:
    text = "\n".join(lines)
    try:
        before = tomli.loads(text)
    except tomli.TOMLDecodeError:
        return
    result = edited(text, (ConfigEdit(key, value),))
    if result is not None:
        wanted = {k: v for k, v in before.items() if k != key}
        assert tomli.loads(result) == wanted | ({key: value} if value else {})
