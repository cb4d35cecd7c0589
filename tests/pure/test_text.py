"""The three doors: nothing leaves them that a terminal would obey.

The oracle is `unicodedata` and rules written here, not the ranges of the doors.
"""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from state.chars import cells, settle_joiners
from state.text import (
    Line,
    Span,
    StyleBits,
    ansi,
    clean,
    clean_delta,
    reveal,
)

ESC = "\x1b"
FAMILY = "family 👨\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
EVERY = [
    chr(point)
    for point in range(sys.maxunicode + 1)
    # Letters without case, private and unassigned ones are many and alike.
    if unicodedata.category(chr(point)) not in ("Lo", "Co", "Cn") or point % 97 == 0
]
# Signs that Unicode files under "format" although they are drawn.
DRAWN_FORMATS = re.compile(
    "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
    "\U00013430-\U0001343f]"
)
JOINERS = "\u200c\u200d\ufe0e\ufe0f"

hostile = st.one_of(
    st.text(st.characters(), max_size=60),
    st.lists(
        st.sampled_from(
            [
                ESC,
                "[31m",
                "]52;c;aGk=",
                "\x07",
                ESC + "\\",
                "\x9b",
                "\x9d0;title",
                "\x9c",
                "\u202e",
                "\u200b",
                "\ud800",
                "\r",
                "\b\b\b",
                "\t",
                "\n",
                "\x1b[2K",
                "\x1b[38;5;9m",
                "\x1b[1;4;48;2;1;2;3m",
                "❤\ufe0f\u200d🔥",
                "漢字",
                "e\u0301",
                "plain words",
                "[b]not markup[/b]",
                "‹U+202E›",
            ]
        ),
        max_size=30,
    ).map("".join),
)


def obeyed(text: str, allowed: str) -> set[str]:
    """What a terminal could obey, or a reader could be misled by."""
    bad = set()
    for char in set(text) - set(allowed):
        category = unicodedata.category(char)
        invisible = category == "Cf" and not DRAWN_FORMATS.match(char)
        if category in ("Cc", "Cs", "Zl", "Zp") or char in BIDI or invisible:
            bad.add(f"U+{ord(char):04X}")
    return bad


def joined(lines: tuple[Line, ...]) -> str:
    return "\n".join("".join(span.text for span in line) for line in lines)


def undo(text: str) -> str:
    """The inverse of `reveal`."""
    return re.sub("‹U\\+([0-9A-F]{4,6})›", lambda match: chr(int(match[1], 16)), text)


def test_no_character_gets_through_that_a_terminal_obeys() -> None:
    everything = " x ".join(EVERY)
    assert obeyed(clean(everything), "\n\t") == set()
    assert obeyed(clean_delta(everything), "\n\t" + JOINERS) == set()
    assert obeyed(reveal(everything).text, "") == set()
    assert obeyed(reveal(everything, multiline=True).text, "\n") == set()
    assert obeyed(joined(ansi(everything)), "\n") == set()


@given(hostile)
def test_no_mixture_gets_through_either(text: str) -> None:
    assert obeyed(clean(text), "\n\t" + JOINERS) == set()
    assert obeyed(clean_delta(text), "\n\t" + JOINERS) == set()
    assert obeyed(reveal(text).text, "") == set()
    assert obeyed(joined(ansi(text)), "\n" + JOINERS) == set()


@given(hostile)
def test_clean_loses_no_printable_character(text: str) -> None:
    printable = "".join(c for c in text if c.isprintable() or c in "\n\t")
    printable = re.sub(f"[{JOINERS}\u034f\u115f\u1160\u17b4\u17b5]", "", printable)
    printable = re.sub("[\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]", "", printable)
    printable = re.sub("[\U000e0000-\U000e0fff]", "", printable)
    kept = re.sub("[\ufffd]", "", clean_delta(text).replace("\u2028", ""))
    kept = "".join(c for c in kept if c.isprintable() or c in "\n\t")
    without = re.sub(f"[{JOINERS}]", "", kept)
    expected = re.sub("[\u2028\u2029]", "\n", text)
    assert len(without) >= len(printable.replace("\ufffd", ""))
    assert re.sub("\n", "", without) == re.sub("\n|\ufffd", "", printable)
    assert without.count("\n") == expected.count("\n")


@given(hostile, hostile)
@example("\x1b", "[31mred")
@example("\ud83d", "\ude00")
@example("👩\u200d", "👩")
def test_deltas_do_not_depend_on_the_cut(left: str, right: str) -> None:
    assert clean_delta(left) + clean_delta(right) == clean_delta(left + right)


@given(hostile)
def test_the_doors_change_nothing_the_second_time(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert clean_delta(clean_delta(text)) == clean_delta(text)


@given(hostile, st.booleans())
@example("‹U+202E›", False)
@example("‹‹U+0041›", False)
@example("‹U+‹U+202E››", True)
@example("‹" + "\u202e", False)
def test_reveal_can_be_undone(text: str, multiline: bool) -> None:
    assert undo(reveal(text, multiline=multiline).text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (f"{ESC}[31mred{ESC}[0m", "red"),
        (f"a{ESC}]52;c;aGVsbG8={ESC}\\b", "ab"),
        (f"a{ESC}]0;title\x07b", "ab"),
        ("a\x9d0;title\x9cb\x9b1mc", "abc"),
        (f"{ESC}P1$q{ESC}\\x{ESC}_Gf=1;AAAA{ESC}\\y", "xy"),
        (f"{ESC}]0;no end\nis shown", "]0;no end\nis shown"),
        (f"{ESC}(Bword", "word"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("\ud800 broken", "\ufffd broken"),
        ("two\u2028lines\r\nthree", "two\nlines\nthree"),
        (FAMILY, FAMILY),
        ("می\u200cخواهم क्\u200dष", "می\u200cخواهم क्\u200dष"),
        ("a\u200db \u200d\u200d漢 x\ufe0f", "ab 漢 x"),
        ("[red]not markup[/red] [/foo]", "[red]not markup[/red] [/foo]"),
    ],
)  # fmt: skip
def test_clean(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_a_sequence_cut_in_two_loses_its_escape_only() -> None:
    assert clean_delta(ESC) + clean_delta("[31mred") == "[31mred"


@pytest.mark.parametrize(
    ("raw", "shown", "warning"),
    [
        ("rm -rf build", "rm -rf build", None),
        ("grüße/漢字/файл/👍", "grüße/漢字/файл/👍", None),
        ("say ‹hello›", "say ‹hello›", None),
        ("a\u202eb", "a‹U+202E›b", "reorder the text on screen: U+202E."),
        ("a\u202e\u202eb", "a‹U+202E›‹U+202E›b", "U+202E ×2."),
        ("‹U+202E›", "‹U+2039›U+202E›", "imitates a drawn character: U+2039."),
        (f"a{ESC}[0m", "a‹U+001B›[0m", "Control characters: U+001B."),
        ("a\u00a0b", "a‹U+00A0›b", "Blanks that are not plain spaces: U+00A0."),
        ("a\u3164b\u200b", "a‹U+3164›b‹U+200B›", "characters: U+3164, U+200B."),
        ("a\ud800", "a‹U+D800›", "Broken characters (lone surrogates): U+D800."),
        ("a\ue000", "a‹U+E000›", "Characters without a known look: U+E000."),
        ("a\nb\tc", "a‹U+000A›b‹U+0009›c", "Line breaks: U+000A."),
        ("g\u043e\u043egle.com", "g\u043e\u043egle.com", "Latin letters mixed"),
        ("ls" + " " * 60 + "; x", "ls" + " " * 60 + "; x", "A gap of 60 spaces"),
    ],
)  # fmt: skip
def test_reveal(raw: str, shown: str, warning: str | None) -> None:
    found = reveal(raw)
    assert found.text == str(found) == shown
    if warning is None:
        assert found.warnings == ()
    else:
        assert any(warning in sentence for sentence in found.warnings)


def test_a_command_of_many_lines_keeps_them() -> None:
    found = reveal("cat <<E\nx\u200b\nE", multiline=True)
    assert found.text == "cat <<E\nx‹U+200B›\nE"
    assert found.warnings == ("Invisible characters: U+200B.",)


# -- ansi ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("", ""),
        ("one\ntwo\n", "one\ntwo"),
        ("one\n\ntwo", "one\n\ntwo"),
        ("one\r\ntwo\r\n", "one\ntwo"),
        (" 10%\r 50%\r100%", "100%"),
        ("longer\rab", "abnger"),
        (f"longer\r{ESC}[Kab", "ab"),
        (f"longer{ESC}[2K\rab", "ab    "),
        ("abc\b\bX", "aXc"),
        ("\b\b\bX", "X"),
        ("a\tb", "a       b"),
        ("漢\tb", "漢      b"),
        ("漢字\rX", "X 字"),
        ("e\u0301\rf", "f"),
        (f"a{ESC}]8;;http://x{ESC}\\link{ESC}]8;;{ESC}\\b", "alinkb"),
        (f"{ESC}[2J{ESC}[Hhome", "home"),
        ("bell\x07 null\x00", "bell null"),
    ],
)
def test_ansi_text(raw: str, shown: str) -> None:
    assert joined(ansi(raw)) == shown


@pytest.mark.parametrize(
    ("params", "style"),
    [
        ("31", StyleBits(fg=1)),
        ("97;104", StyleBits(fg=15, bg=12)),
        ("38;5;200", StyleBits(fg=200)),
        ("48;2;1;2;3", StyleBits(bg=(1, 2, 3))),
        ("38:2::1:2:3", StyleBits(fg=(1, 2, 3))),
        ("38:5:7", StyleBits(fg=7)),
        ("1;2;3;4;7;9", StyleBits(None, None, True, True, True, True, True, True)),
        ("4:3", StyleBits(underline=True)),
        ("1;31;0", StyleBits()),
        ("1;22", StyleBits()),
        ("31;39;42;49", StyleBits()),
        ("", StyleBits()),
        ("38;5", StyleBits()),
        ("38;2;300;1;1;1", StyleBits(bold=True)),
        ("99999999999999;1", StyleBits(bold=True)),
    ],
)
def test_ansi_style(params: str, style: StyleBits) -> None:
    assert ansi(f"{ESC}[{params}mx") == ((Span("x", style),),)


def test_a_style_lasts_over_line_breaks_and_stays_with_what_it_wrote() -> None:
    red = StyleBits(fg=1)
    assert ansi(f"{ESC}[31mab\ncd\r{ESC}[me") == (
        (Span("ab", red),),
        (Span("e"), Span("d", red)),
    )


@pytest.mark.parametrize(
    "text",
    [
        "x" * 300_000,
        "\r".join(f"{i}%" for i in range(60_000)),
        "\x9d" * 300_000,
        f"{ESC}]0" * 100_000,
        f"{ESC}[1m漢" * 60_000,
        "\u200d" * 300_000,
        "e" + "\u0301" * 200_000,
        f"{ESC}[" + "1;" * 200_000 + "m",
    ],
    ids=["long", "progress", "osc", "open", "styles", "joiners", "marks", "params"],
)
def test_megabytes_on_one_line_are_survived(text: str) -> None:
    """Work that grows with the square would take hours here, not seconds."""
    assert obeyed(joined(ansi(text)), JOINERS) == set()
    assert obeyed(clean(text), JOINERS) == set()
    assert undo(reveal(text).text) == text


# -- widths ----------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cn", "Co", "Cs", "Cc"]), max_size=20))
@example("❤\ufe0f #\ufe0f 👨\u200d👩\u200d👧 漢字 e\u0301")
def test_cells_is_what_the_terminal_library_measures(text: str) -> None:
    shown = settle_joiners(clean(text).replace("\n", "").replace("\t", ""))
    # The tables are of different Unicode versions: compare what both agree on.
    shown = "".join(c for c in shown if c in JOINERS or cells(c) == cell_len(c))
    assert cells(shown) == cell_len(shown)


def test_the_width_of_single_characters_differs_for_new_ones_only() -> None:
    differing = [
        c
        for c in EVERY
        if unicodedata.category(c) not in ("Cn", "Co", "Cs", "Cc")
        and cells(c) != cell_len(c)
    ]
    assert len(differing) < 200, [f"{ord(c):04X}" for c in differing[:50]]
    assert not [c for c in differing if ord(c) < 0x0300]
