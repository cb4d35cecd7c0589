"""Long pastes in a draft: no character is lost, whatever is pasted, kept and cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from state import pastes
from state.text import clean_delta
from widgets.pasted import Pasted

WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)
PIECES = st.lists(st.tuples(WORDS, st.booleans()), max_size=8)


def draft_of(pieces: list[tuple[str, bool]]) -> str:
    return "".join(pastes.marked(t) if long else t for t, long in pieces)


def same(text: str) -> str:
    return text


@given(PIECES)
def test_a_draft_is_its_words(pieces: list[tuple[str, bool]]) -> None:
    words = "".join(text for text, _ in pieces)
    draft = draft_of(pieces)
    assert pastes.unmarked(draft) == words
    assert "".join(text for text, _ in pastes.parts(draft)) == words
    pasted = Pasted()
    shown = pasted.shown(draft, same)
    assert pasted.whole(shown) == words
    assert pastes.unmarked(pasted.kept(shown)) == words
    again = Pasted()
    assert again.shown(pasted.kept(shown), same) == shown


@given(PIECES, st.integers(0, 300))
def test_what_was_accepted_goes_and_the_rest_stays(
    pieces: list[tuple[str, bool]], number: int
) -> None:
    words = "".join(text for text, _ in pieces)
    left = pastes.after(draft_of(pieces), number)
    assert pastes.unmarked(left) == words[number:]


@given(st.text(alphabet="ab[]" + pastes.BEGIN + pastes.END, max_size=40))
def test_torn_marks_lose_no_word(draft: str) -> None:
    words = "".join(text for text, _ in pastes.parts(draft))
    assert words == pastes.unmarked(draft)


@given(st.lists(WORDS, min_size=1, max_size=6), WORDS)
def test_each_sign_has_a_name_of_its_own(texts: list[str], typed: str) -> None:
    pasted = Pasted()
    signs = [pasted.sign(text, typed) for text in texts]
    assert len(set(signs)) == len(signs)
    assert pasted.whole(typed + "".join(signs)) == typed + "".join(texts)


def test_marks_are_no_words() -> None:
    assert clean_delta(f"a{pastes.BEGIN}b{pastes.END}c") == "abc"


def test_an_older_draft_that_is_huge_comes_back_as_a_sign() -> None:
    pasted = Pasted()
    text = "x" * (pastes.LOADED + 1)
    shown = pasted.shown(text, same)
    assert shown == f"[Pasted text · {len(text):,} characters]"
    assert pasted.whole(shown) == text
    assert Pasted().shown("x" * pastes.LOADED, same) == "x" * pastes.LOADED
