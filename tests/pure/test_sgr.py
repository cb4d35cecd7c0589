"""What is written to the terminal is rewritten in fewer bytes: the cells stay."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tui.sgr import lean

TOKEN = re.compile(r"\x1b\[([\d;]*)m|(\x1b\[[?\d;]*[A-Za-z])|(.)", re.DOTALL)


def cells(data: str) -> list[tuple[str, tuple[str, ...]]]:
    """Everything that is shown or moves, with the codes in force; and the codes that
    are left at the end. Told in full, so no change is needed to know a look."""
    fore = back = ""
    rest: set[str] = set()
    shown = []
    for match in TOKEN.finditer(data):
        codes, control, sign = match.groups()
        if codes is None:
            moves = (control is not None and control[-1] in "Hhl") or sign == "\n"
            look = () if moves else (fore, back, *sorted(rest))
            shown.append((control or sign, look))
            continue
        todo = codes.split(";")
        while todo:
            code = todo.pop(0)
            if code in ("38", "48"):
                count = 4 if todo[0] == "2" else 2
                value = ";".join([code, *todo[:count]])
                del todo[:count]
                fore, back = (value, back) if code == "38" else (fore, value)
            elif code in ("", "0"):
                fore, back, rest = "", "", set()
            elif code in ("39", "49"):
                fore, back = ("", back) if code == "39" else (fore, "")
            elif code[0] in "39" and len(code) == 2:
                fore = code
            elif code[0] in "41" and len(code) > 1:
                back = code
            else:
                rest.add(code)
    return [*shown, ("", (fore, back, *sorted(rest)))]


colours = st.sampled_from(["2;1;2;3", "2;16;19;24", "5;7"])
codes = st.one_of(
    st.just("0"),
    st.just(""),
    st.sampled_from(
        ["1", "2", "3", "4", "7", "9", "31", "39", "45", "49", "97", "102"]
    ),
    colours.map("38;{}".format),
    colours.map("48;{}".format),
    st.tuples(colours, colours).map("1;38;{0[0]};48;{0[1]}".format),
)
pieces = st.one_of(
    codes.map("\x1b[{}m".format),
    st.text("ab ›é\n", max_size=4),
    st.sampled_from(["\x1b[3;4H", "\x1b[K", "\x1b[?2026h", "\x1b[2J", "\x1b]8;;\x07"]),
)


@given(st.lists(pieces, max_size=24).map("".join))
def test_the_cells_stay(data: str) -> None:
    assert cells(lean(data)) == cells(data)


@given(st.lists(pieces, max_size=24).map("".join))
def test_it_is_never_longer(data: str) -> None:
    assert len(lean(data)) <= len(data)


def test_a_streaming_frame_is_half_as_long() -> None:
    page = "\x1b[0m".join(
        f"\x1b[38;2;{red};216;224;48;2;16;19;24m{word} "
        for red, word in ((211, "the"), (141, "`cache`"), (211, "is"), (211, "read"))
    )
    frame = "".join(f"\x1b[{row};39H{page}\x1b[0m\n" for row in range(20))
    assert len(lean(frame)) < len(frame) / 2
    assert cells(lean(frame)) == cells(frame)


def test_what_is_not_known_is_left_alone() -> None:
    odd = "\x1b[58;5;1mx\x1b[0m\x1b[4:3my\x1b[0m\x1b[22mz\x1b[0m"
    assert lean(odd) == odd
