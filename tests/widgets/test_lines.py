"""Lines cut to a width: the same whether a text is long or endless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment

from tests.scenario import hostile
from widgets import lines
from widgets.lines import cut, line, piece

LETTERS = "ab \u754c\u0301\u200d\U0001f468\U0001f3fd\U0001f1e9\ufe0f"


def as_if_short(texts: list[str], room: int) -> tuple[list[Segment], list[Segment]]:
    """A cut and a line that look at all of each text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_beginnings", lambda pieces, _room: pieces)
        return both(texts, room)


def both(texts: list[str], room: int) -> tuple[list[Segment], list[Segment]]:
    pieces = [piece(text) for text in texts]
    return cut(pieces, room), list(line(pieces, [piece("12s ")], room))


@given(
    st.lists(st.text(LETTERS, max_size=40), min_size=1, max_size=3),
    st.integers(1, 30),
    st.integers(0, 50),
)
def test_a_long_text_is_cut_where_a_short_one_would_be(
    texts: list[str], times: int, room: int
) -> None:
    texts = [text * times for text in texts]
    assert both(texts, room) == as_if_short(texts, room)


@pytest.mark.parametrize("name", [*hostile.CORPUS])
def test_so_is_a_hostile_one(name: str) -> None:
    text = hostile.CORPUS[name] * 3
    for room in (0, 1, 2, 5, 40, 90):
        assert both(["x ", text], room) == as_if_short(["x ", text], room)


def test_an_endless_text_is_not_measured_for_each_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name of a megabyte would hold up all keys, each second."""
    measured: list[int] = []

    def counted(text: str) -> int:
        measured.append(len(text))
        return cell_len(text)

    monkeypatch.setattr(lines, "cell_len", counted)
    name = piece("n\u00e4me" * 250_000)
    strip = line([name], [piece("now ")], 40)
    assert (strip.text[-6:], strip.cell_length) == ("\u2026 now ", 40)
    assert max(measured) < 1000
