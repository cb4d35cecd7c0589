"""What a code point does to a terminal: which mislead, how many cells they take.

Owns the character classes behind the doors of `state.text` and the cell width. Does
not own what is done about a character. Invariant: the classes are spelt out as
ranges, so that importing costs nothing and a newer Python does not change what the
screen shows; a test holds them against `unicodedata`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from state.pattern import late_pattern

CONTROLS = "\x00-\x1f\x7f-\x9f"
"""C0, DEL and C1."""

BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks, embeddings, overrides and isolates: they reorder what is read."""

SEPARATORS = "\u2028\u2029"
"""Line and paragraph separator: a break for some programs, nothing for others."""

JOINERS = "\u200c\u200d\ufe0e\ufe0f"
"""ZWNJ and ZWJ, needed by Persian, Indic scripts and emoji; text and emoji style."""

INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065"
    "\u206a-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Other characters that draw nothing: zero-width, fillers, tags, selectors."""

DRAWN_FORMATS = "\u00ad\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
"""Signs that Unicode calls format characters although they take a cell."""

SURROGATES = "\ud800-\udfff"

SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000"
"""Blank, but not the space that a shell or a host name means."""

WIDENED = (
    "#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u2328-\u23fa\u24c2"
    "\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f6ff"
)
"""Narrow by themselves, two cells wide with the emoji selector behind them."""


_JOINER_RUN = late_pattern(f"[{JOINERS}]+")


def settle_joiners(text: str) -> str:
    """Joiners and selectors only where they join or style something: between two
    characters that are neither ASCII nor blank, at most one of each. By themselves
    they show nothing, and programs disagree about their width."""

    def settled(match: re.Match[str]) -> str:
        run = match[0]
        before = text[match.start() - 1 : match.start()]
        after = text[match.end() : match.end() + 1]
        kept = run[0] if run[0] in "\ufe0e\ufe0f" and _carries(before, "#*") else ""
        join = next((c for c in run if c in "\u200c\u200d"), "")
        return kept + (join if _carries(before) and _carries(after) else "")

    return text if text.isascii() else _JOINER_RUN.sub(settled, text)


def _carries(char: str, more: str = "") -> bool:
    if not char or char.isascii():
        return bool(char) and bool(more) and (char in more or char.isdigit())
    return not char.isspace() and not within(char, SPACES)


@lru_cache(maxsize=64)
def spans(char_class: str) -> tuple[tuple[int, int], ...]:
    """The ranges of a class written as for a regex, as code points, inclusive."""
    found: list[tuple[int, int]] = []
    index = 0
    while index < len(char_class):
        first = ord(char_class[index])
        if char_class[index + 1 : index + 2] == "-":
            found.append((first, ord(char_class[index + 2])))
            index += 3
        else:
            found.append((first, first))
            index += 1
    return tuple(found)


def within(char: str, char_class: str) -> bool:
    """Whether one character belongs to a class."""
    point = ord(char)
    return any(first <= point <= last for first, last in spans(char_class))


@lru_cache(maxsize=4096)
def width(char: str) -> int:
    """Cells of one character by itself: 0, 1 or 2."""
    point = ord(char)
    if 0x1160 <= point <= 0x11FF or 0xD7B0 <= point <= 0xD7FF:
        return 0
    if unicodedata.category(char) in ("Cc", "Cf", "Mn", "Me", "Mc", "Zl", "Zp"):
        return 1 if within(char, DRAWN_FORMATS) else 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


@lru_cache(maxsize=1024)
def _widens(char: str) -> bool:
    return within(char, WIDENED) and width(char) == 1


def cells(text: str) -> int:
    """Cells that a text takes on the screen: wide characters two, marks none,
    a joined emoji as much as its first part."""
    if text.isascii():
        return len(text)
    total = 0
    last = ""
    joined = False
    for char in text:
        if joined or char == "\u200d":
            joined = not joined
        elif char == "\ufe0f":
            total += bool(last) and _widens(last)
            last = ""
        elif size := width(char):
            last = char
            total += size
    return total
