"""Pastes are cut out of the stream: the same events as Textual's, however it is cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from tui.pasting import BEGIN, END, PasteParser

XTermParser: Any = PasteParser.__mro__[1]

TEXT = st.text(alphabet="ab\n\x00é0~[2", max_size=9)
MARKS = st.sampled_from([BEGIN, END, "\x1b[20", "0~", "\x1b[201", "\x1b[2"])
WELL = st.one_of(
    st.sampled_from(["\x1b[A", "\x1b[<0;3;4M", "q", "é"]),
    TEXT.map(lambda text: f"{BEGIN}{text}{END}"),
)


def told(parser: XTermParser, pieces: list[str]) -> list[Any]:
    found: list[Any] = []
    for piece in pieces:
        for event in parser.feed(piece):
            match event:
                case events.Paste(text=text):
                    found.append(("paste", text))
                case events.Key(key=key, character=character):
                    found.append(("key", key, character))
                case _:
                    found.append((type(event).__name__,))
    return found


def cut_up(stream: str, cuts: list[int]) -> list[str]:
    at = sorted({min(cut, len(stream)) for cut in cuts})
    pieces = [stream[a:b] for a, b in zip([0, *at], [*at, len(stream)], strict=True)]
    return [piece for piece in pieces if piece]


CUTS = st.lists(st.integers(0, 90), max_size=8)


@given(st.lists(WELL, max_size=8), CUTS)
def test_the_events_are_textuals_own(parts: list[str], cuts: list[int]) -> None:
    pieces = cut_up("".join(parts), cuts)
    assert told(PasteParser(), pieces) == told(XTermParser(), pieces)


@given(st.lists(st.one_of(TEXT, MARKS), max_size=12), CUTS)
def test_no_stream_leaves_the_keyboard_dead(parts: list[str], cuts: list[int]) -> None:
    """Marks that are torn, nested or alone: behind the next end of a paste, a key is a
    key again."""
    pieces = cut_up("".join(parts) + BEGIN + END + "q" * 99, cuts)
    assert told(PasteParser(), pieces)[-1] == ("key", "q", "q")


def test_a_megabyte_comes_as_one_paste_and_costs_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Textual looks at what it is fed character by character: seconds of a dead
    keyboard for this. It gets the keys only."""
    text = "0123456789abcde\n" * 65_536
    stream = f"x{BEGIN}{text}{END}y"
    pieces = [stream[at : at + 4096] for at in range(0, len(stream), 4096)]
    fed: list[str] = []
    feed = XTermParser.feed

    def counted(parser: Any, data: str) -> Any:
        fed.append(data)
        return feed(parser, data)

    monkeypatch.setattr(XTermParser, "feed", counted)
    found = told(PasteParser(), pieces)
    assert found == [("key", "x", "x"), ("paste", text), ("key", "y", "y")]
    assert "".join(fed) == "xy"


@pytest.mark.parametrize(
    ("sequence", "keys"),
    [
        # xterm and tmux: with alt it is another key, with shift it is that letter
        ("\x1b[27;3;121~", [("key", "alt+y", None)]),
        ("\x1b[27;9;121~", [("key", "super+y", None)]),
        ("\x1b[27;67;121~", [("key", "alt+y", None)]),
        ("\x1b[27;5;121~", [("key", "ctrl+y", None)]),
        ("\x1b[27;2;89~", [("key", "Y", "Y")]),
        ("\x1b[27;1;121~", [("key", "y", "y")]),
        # kitty: pressed, held, let go; another layout's key beside it
        ("\x1b[121;1:1u", [("key", "y", "y")]),
        ("\x1b[121;1:3u", []),
        ("\x1b[121;5:3u", []),
        ("\x1b[1;1:3A", []),
        ("\x1b[1;1:1A", [("key", "up", None)]),
        ("\x1b[1094:119:119;5u", [("key", "ctrl+\u0446", None)]),
        ("\x1b[121;3u", [("key", "alt+y", None)]),
    ],
)
def test_a_key_in_all_its_forms(sequence: str, keys: list[Any]) -> None:
    assert told(PasteParser(), [sequence]) == keys


@given(st.text(alphabet="0123456789;:", max_size=12), st.sampled_from("uAHPQRS~"))
def test_no_form_of_a_key_ends_the_program(inside: str, end: str) -> None:
    told(PasteParser(), [f"\x1b[{inside}{end}"])
