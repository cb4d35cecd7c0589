"""The cells that are painted again are all that differ, and few more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.differing import differing

STYLES = (Style(), Style(bold=True), Style(color="red"))
PIECES = st.lists(
    st.tuples(st.text("ab 漢é✓", max_size=5), st.sampled_from(STYLES)), max_size=5
)


def _strip(*pieces: tuple[str, Style], width: int = 40) -> Strip:
    strip = Strip([Segment(text, style) for text, style in pieces if text])
    return strip.adjust_cell_length(width, Style())


def _cells(strip: Strip) -> list[tuple[str, Style | None]]:
    """What stands in every cell; a wide character stands in its first."""
    out: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        for char in text:
            out += [(char, style), *[("", style)] * (cell_len(char) - 1)]
    return out


@given(PIECES, PIECES)
def test_nothing_outside_the_span_differs(
    old: list[tuple[str, Style]], new: list[tuple[str, Style]]
) -> None:
    one, other = _strip(*old), _strip(*new)
    start, end = differing(one, other)
    before, after = _cells(one), _cells(other)
    assert before[:start] == after[:start]
    assert before[end:] == after[end:]


@given(PIECES)
def test_what_is_equal_has_no_span(pieces: list[tuple[str, Style]]) -> None:
    assert differing(_strip(*pieces), _strip(*pieces)) == (0, 0)


def test_a_grown_line_differs_where_it_grew() -> None:
    old, new = _strip(("    the che", Style())), _strip(("    the checks", Style()))
    assert differing(old, new) == (11, 14)


def test_a_spinner_is_one_cell() -> None:
    old = _strip(("  ", Style()), ("⠙", STYLES[2]), (" Working 2s", Style()))
    new = _strip(("  ", Style()), ("⠋", STYLES[2]), (" Working 2s", Style()))
    assert differing(old, new) == (2, 3)


def test_a_wide_character_is_not_cut() -> None:
    old, new = _strip(("漢字", Style())), _strip(("漢漢", Style()))
    assert differing(old, new)[0] == 0


def test_another_width_is_another_line() -> None:
    assert differing(_strip(width=10), _strip(width=12)) == (0, 12)
