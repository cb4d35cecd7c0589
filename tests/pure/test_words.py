"""Numbers and shortened texts say what is true and fit where they stand."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from state.chars import cells
from state.words import (
    age,
    count,
    cut,
    cut_start,
    duration,
    shorten_command,
    shorten_path,
)

words = st.text(st.sampled_from("ab /.-漢é\u0301👍\n"), max_size=40)
MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 7 * 86_400


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-3, "now"),
        (4.9, "now"),
        (5, "5s"),
        (59.9, "59s"),
        (MINUTE, "1m"),
        (HOUR - 1, "59m"),
        (3 * HOUR, "3h"),
        (DAY - 1, "23h"),
        (5 * DAY, "5d"),
        (2 * WEEK, "2w"),
        (100 * WEEK - 1, "99w"),
        (100 * WEEK, "1y"),
        (4 * 366 * DAY, "4y"),
    ],
)
def test_age(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


@given(st.floats(-1e12, 1e12))
def test_an_age_never_takes_more_than_three_cells(seconds: float) -> None:
    assert 1 <= len(age(seconds)) <= 3


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (0, "0.0s"),
        (100, "0.1s"),
        (4_190, "4.1s"),
        (9_999, "9.9s"),
        (10_000, "10s"),
        (124_000, "2m 04s"),
        (3_599_999, "59m 59s"),
        (3_720_000, "1h 02m"),
        (100 * 3_600_000, "4d 04h"),
    ],
)
def test_duration(ms: int, shown: str) -> None:
    assert duration(ms) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (412, "412"),
        (999, "999"),
        (1000, "1.0k"),
        (9_499, "9.4k"),
        (9_999, "9.9k"),
        (41_900, "41k"),
        (999_999, "999k"),
        (1_200_000, "1.2M"),
        (37_000_000, "37M"),
        (2_100_000_000, "2.1G"),
        (-1_500, "-1.5k"),
    ],
)
def test_count(number: int, shown: str) -> None:
    assert count(number) == shown


@pytest.mark.parametrize(
    ("path", "room", "shown"),
    [
        ("/home/ann/work/parser", 40, "~/work/parser"),
        ("/home/ann", 40, "~"),
        ("/home/anna/x", 40, "/home/anna/x"),
        ("/srv/data/projects/parser", 20, "…/projects/parser"),
        ("/srv/data/projects/parser", 10, "…/parser"),
        ("/srv/data/projects/parser", 7, "parser"),
        ("/srv/data/projects/parser", 4, "par…"),
        ("/srv/data/projects/", 11, "…/projects"),
        ("/", 1, "/"),
    ],
)
def test_shorten_path(path: str, room: int, shown: str) -> None:
    assert shorten_path(path, room, home="/home/ann/") == shown


@pytest.mark.parametrize(
    ("command", "room", "shown"),
    [
        ("cargo test -p parser", 40, "cargo test -p parser"),
        ("cargo test -p parser", 12, "cargo test…"),
        ("cargo test -p parser", 7, "cargo…"),
        ("cargo test -p parser", 5, "cargo"),
        ("cargo test -p parser", 4, "car…"),
        ("cat <<E\nhello\nE", 40, "cat <<E …"),
        ("/usr/local/bin/very-long-tool x", 18, "…/very-long-tool"),
    ],
)
def test_shorten_command(command: str, room: int, shown: str) -> None:
    assert shorten_command(command, room) == shown


@given(words, st.integers(1, 30))
@example("漢字", 2)
@example("👨\u200d👩 x", 3)
def test_what_is_cut_fits(text: str, room: int) -> None:
    for short in (
        cut(text, room),
        cut_start(text, room),
        shorten_path(text, room, home="/a"),
        shorten_command(text, room),
    ):
        assert cells(short) <= room
    if cells(text) <= room:
        assert cut(text, room) == cut_start(text, room) == text
