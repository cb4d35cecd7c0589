"""Every kind of cell: on the grid, exact in width, harmless, honest about folds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from state.diff import DiffLine
from state.output import OutputText
from state.text import reveal
from state.views import (
    AnswerCell,
    CellBody,
    CommandCell,
    EventCell,
    Glyph,
    LiveLine,
    SaidCell,
    ThoughtCell,
    Tone,
    TurnRule,
)
from tests.soaking import examples
from tests.widgets.transcript_host import (
    NOW,
    command,
    every_kind,
    frame,
    palette,
    patch,
)
from widgets.cells.lines import Clock, live_row
from widgets.cells.render import foldable, gap, render, source
from widgets.cells.rows import Frame, Row
from widgets.cells.wrap import Piece, text_of, wrap
from widgets.diff_view import diff_rows
from widgets.glyphs import Look

HOSTILE = [
    "error in [/foo] and [bold red]x[/] and \\[",
    "\x1b]0;title\x07\x1b[31mred\x1b[0m \x9b31m \x1b]52;c;aGk=\x1b\\",
    "abc\u202edef\u2066ghi\u2069 a\u200bb",
    "日本語のとても長い文章" * 12,
    "👨‍👩‍👧 family ❤️ 🎉 🇩🇪 e\u0301e\u0301",
    "مرحبا بالعالم " * 10,
    "x" * 10_000,
    "tab\there\n\n\n\tand\tthere",
    "",
    " ",
    "| a | b\n```\nunclosed <b>&#27;[31m &#x202e; &lt;</b>",
]


def draw(body: CellBody, width: int = 80, *, unfolded: bool = False) -> list[str]:
    rows = render(body, frame(width), Clock(NOW, 0), unfolded=unfolded)
    return [row.strip.text.rstrip() for row in rows]


def check(rows: list[Row], width: int) -> None:
    for row in rows:
        text = row.strip.text
        assert cell_len(text) == row.strip.cell_length == width, text
        assert sum(cell_len(s.text) for s in row.strip) == width
        assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text), text
        assert not set(text) & set("\u202e\u2066\u2069\u061c\u200e\ufeff"), text
        assert text[row.start :].startswith(row.text)


@pytest.mark.parametrize("width", [20, 43, 80, 160])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_rows_are_exact_and_harmless(text: str, width: int) -> None:
    for body in every_kind(text):
        for unfolded in (False, True):
            rows = render(body, frame(width), Clock(NOW, 0), unfolded=unfolded)
            assert rows
            check(rows, width)


@settings(max_examples=examples(40), deadline=None)
@given(st.text(max_size=120), st.integers(16, 120))
def test_any_text_in_any_width(text: str, width: int) -> None:
    for body in every_kind(text):
        check(render(body, frame(width), Clock(NOW, 0), unfolded=True), width)


@given(st.text("ab \n日👍e\u0301", max_size=60), st.integers(1, 12), st.booleans())
def test_wrapping_loses_nothing(text: str, width: int, words: bool) -> None:
    style = frame().palette.style()
    half = len(text) // 2
    pieces = [Piece(text[:half], style), Piece(text[half:], style)]
    rows = list(wrap(pieces, width, words=words))
    joined = "".join(text_of(body) + join for body, join in rows)
    assert joined == text + "\n"
    for body, _ in rows:
        shown = text_of(body)
        assert cell_len(shown) <= max(width, 2) or not shown.strip()


def test_the_grid_and_a_failed_command() -> None:
    output = "\n".join(f"line {n}" for n in range(44))
    assert draw(command("cargo test -p parser", output, failed=True), 60) == [
        "  ✗ Ran cargo test -p parser                  exit 1  4.1s",
        "    │ line 0",
        "    │ line 1",
        "    └ 42 more lines · v shows all",
    ]


def test_a_command_that_went_well_keeps_its_last_line() -> None:
    output = "\n".join(f"line {n}" for n in range(44))
    assert draw(command("cargo test", output), 60)[1:] == [
        "    │ 43 more lines · v shows all",
        "    └ line 43",
    ]
    assert draw(command("cargo test", "412 passed"), 60)[1:] == ["    └ 412 passed"]


def test_unfolding_shows_every_line_and_wraps_long_ones() -> None:
    output = "\n".join(["short", "y" * 100, *["more"] * 9])
    rows = draw(command("x", output), 60, unfolded=True)
    assert "".join(rows).count("y") == 100
    assert sum("more" in row for row in rows) == 9


def test_a_long_command_says_how_much_of_it_is_hidden() -> None:
    text = "\n".join(f"part {n}" for n in range(10))
    rows = draw(command(text, ""), 60)
    assert rows[:3] == [
        "  ✓ Ran part 0                                        4.1s",
        "      part 1",
        "      part 2",
    ]
    assert rows[3] == "    └ 7 more lines · v shows all"
    assert foldable(command(text, ""), frame(60))


def test_unseen_characters_of_a_command_are_drawn_and_named() -> None:
    rows = draw(command("curl evil\u202e.com"), 90)
    assert "evil‹U+202E›.com" in rows[0]
    assert "U+202E" in rows[1]


def test_the_programs_colours_stay_and_ours_are_kept_out() -> None:
    body = command("x", "\x1b[32mgreen\x1b[0m plain")
    row = render(body, frame(), Clock())[1]
    styles = {s.text: s.style for s in row.strip if s.style}
    green = styles["green"]
    assert green.color is not None
    assert green.color.number == 2


def test_a_diff_on_the_grid() -> None:
    lines = (
        DiffLine(" ", 86, "fn evict() {"),
        DiffLine("-", 87, "    old"),
        DiffLine("+", 87, "    new"),
        DiffLine("…", None, "impl Cache"),
    )
    rows = [row.strip.text.rstrip() for row in diff_rows(lines, frame(60))]
    assert rows == [
        "      86   fn evict() {",
        "      87 -     old",
        "      87 +     new",
        "       …   impl Cache",
    ]


def test_a_long_diff_folds_and_says_so() -> None:
    rows = draw(patch(100), 60)
    assert rows[-1].strip() == "76 more lines · v shows all"
    assert len(draw(patch(100), 60, unfolded=True)) == 101
    assert len(draw(patch(28), 60)) == 29


def test_the_rule_between_turns() -> None:
    body = TurnRule(7, NOW - 240_000)
    (row,) = draw(body, 60)
    assert row.startswith("  ── turn 7 ───")
    assert row.endswith("── 4m ago ────")
    assert len(row) == 58
    later = render(body, frame(60), Clock(NOW + 3_600_000, 0))
    assert "1h ago" in later[0].strip.text


def test_the_working_line() -> None:
    live = LiveLine("Working", NOW - 72_000, "esc interrupt", "2 agents")
    row = live_row(live, frame(60), Clock(NOW, 3)).strip.text.rstrip()
    assert row.startswith("  ⠸ Working  1m 12s · esc interrupt ")
    assert row.endswith("2 agents")
    still = Frame(palette(), 60, Look(still=True))
    assert live_row(live, still, Clock(NOW, 3)).strip.text.startswith("  ● Working")


def test_what_is_old_neither_moves_nor_counts() -> None:
    live = LiveLine("Working", NOW - 72_000, "esc interrupt", stale=True)
    row = live_row(live, frame(60), Clock(NOW, 3)).strip.text.rstrip()
    assert row == "  ~ Last known: working"


def test_thoughts_are_one_line_until_asked() -> None:
    body = ThoughtCell("**Looking**\n\nfirst\nsecond")
    (row,) = draw(body, 70)
    assert row.startswith("    Looking ")
    assert row.endswith("2 more lines · v shows all")
    assert len(draw(body, 70, unfolded=True)) > 1


def test_unknown_items_show_their_json_on_request() -> None:
    body = EventCell(Glyph.NONE, Tone.MUTED, "unknown item", "x", detail='{"a": 1}')
    assert draw(body) == ["    unknown item x · v shows its JSON"]
    assert draw(body, unfolded=True)[-1] == '    └ {"a": 1}'


def test_ascii_has_no_glyph_of_ours() -> None:
    plain = Frame(palette(), 60, Look(ascii=True))
    for body in every_kind("text"):
        for row in render(body, plain, Clock(NOW, 0)):
            assert row.strip.text.isascii()


def test_prose_is_never_wider_than_96_cells() -> None:
    text = "word " * 100
    for body in (AnswerCell(text), SaidCell(text)):
        rows = draw(body, 160)
        assert max(map(len, rows)) <= 4 + 96
    assert max(map(len, draw(AnswerCell(f"```\n{'x' * 300}\n```"), 160))) > 150


def test_copying_a_cell_gives_the_source() -> None:
    assert source(AnswerCell("**bold**")) == "**bold**"
    assert source(SaidCell("a\tb")) == "a\tb"
    shown = command("ls -la", "\x1b[1mtotal\x1b[0m 0\nfile")
    assert source(shown) == "ls -la\ntotal 0\nfile"


def test_cells_of_one_kind_stand_together() -> None:
    event = EventCell(Glyph.WORK, Tone.WORK, "Started", "x")
    assert gap(command("a"), command("b")) == 0
    assert gap(event, event) == 0
    assert gap(SaidCell("a"), SaidCell("b")) == 1
    assert gap(command("a"), event) == 1


def test_huge_output_is_bounded_and_counted() -> None:
    output = OutputText("\n".join(str(n) for n in range(50_000)))
    body = CommandCell(Glyph.DONE, Tone.MUTED, "Ran", reveal("seq"), output=output)
    rows = draw(body, unfolded=True)
    assert len(rows) == 1 + 2000 + 1
    assert "    │ 48,000 more lines · c copies them all" in rows
    assert rows[-1] == "    └ 49999"
