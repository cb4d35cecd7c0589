"""Prefix rules: only words of the proposal or of the command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.prefix import Ladder, ladder_of, plain_words


@pytest.mark.parametrize(
    ("proposed", "command", "words"),
    [
        (["cargo"], "cargo update -p x", ("cargo", "update", "-p", "x")),
        (["cargo", "update"], "cargo update", ("cargo", "update")),
        (["date"], "date > file", ("date",)),
        (["echo"], "echo a && rm b", ("echo",)),
        (["echo"], "echo $HOME", ("echo",)),
        (["echo"], "echo 'a;b'", ("echo",)),
        (["touch"], "touch 'a b'", ("touch", "a b")),
        (["rm"], "sudo rm x", ("rm",)),
        (["touch"], "touch 'open", ("touch",)),
        (["X=1"], "X=1 make", ("X=1",)),
        (["a"], None, ("a",)),
    ],
)
def test_a_rule_can_be_cut_to_words_of_the_command(
    proposed: list[str], command: str | None, words: tuple[str, ...]
) -> None:
    assert ladder_of(proposed, command) == Ladder(words, len(proposed))


@given(st.lists(st.text(), min_size=1), st.none() | st.text(), st.integers())
def test_a_prefix_is_never_empty_and_never_other_words(
    proposed: list[str], command: str | None, count: int
) -> None:
    ladder = ladder_of(proposed, command)
    prefix = ladder.prefix(count)
    assert prefix
    assert ladder.words[: len(prefix)] == prefix
    assert ladder.words[: len(proposed)] == tuple(proposed)


@given(st.text())
def test_any_command_is_read_or_left_alone(command: str) -> None:
    assert isinstance(plain_words(command), tuple)
