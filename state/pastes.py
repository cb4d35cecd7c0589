"""Long pastes inside a draft: one sign each on the screen, whole wherever it counts.

Owns how long is long, the words of such a sign, and how a draft is kept so that the
next window shows the same signs. Pure. Invariant: the words of a draft are the very
text that is sent, whatever was pasted.
"""

from __future__ import annotations

from collections.abc import Iterator

LONG = 1000
"""Characters of a paste that are still shown as they are"""
LOADED = 20_000
"""Characters of a text without marks that are still shown when it comes back"""

BEGIN, END = "\x02", "\x03"
"""Around a pasted text in a draft. What is typed or pasted never holds a control."""


def label(text: str, number: int = 1) -> str:
    """What stands for it. `number` tells two of the same length apart."""
    which = f" {number}" if number > 1 else ""
    return f"[Pasted text{which} · {len(text):,} characters]"


def marked(text: str) -> str:
    """A pasted text, as a draft holds it."""
    return f"{BEGIN}{text}{END}"


def unmarked(draft: str) -> str:
    """The words themselves."""
    return draft.replace(BEGIN, "").replace(END, "")


def after(draft: str, number: int) -> str:
    """The draft without its first `number` characters, marks not counted. A pasted text
    that is cut through is words from there on."""
    rest: list[str] = []
    for text, long in parts(draft):
        cut, number = min(number, len(text)), max(0, number - len(text))
        if cut < len(text):
            rest.append(marked(text) if long and not cut else text[cut:])
    return "".join(rest)


def parts(draft: str) -> Iterator[tuple[str, bool]]:
    """The pieces of a draft in order; True: it was pasted, and is long. A mark without
    its partner is none; long texts of other origin are shown as pasted ones, too."""
    at = 0
    while (begin := draft.find(BEGIN, at)) >= 0:
        end = draft.find(END, begin)
        if end < 0:
            break
        yield from _plain(draft[at:begin])
        inside = unmarked(draft[begin:end])
        if inside:
            yield inside, True
        at = end + 1
    yield from _plain(draft[at:])


def _plain(text: str) -> Iterator[tuple[str, bool]]:
    text = unmarked(text)
    if text:
        yield text, len(text) > LOADED
