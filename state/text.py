"""The three doors through which outside text reaches the screen.

Owns `clean` (prose), `reveal` (commands, paths, hosts, amendments) and, from
`state.text_ansi`, `ansi` (command output). Does not own what text means or how it
is laid out. Invariant: whatever comes in, no escape, C0, C1, DEL, bidi control or
lone surrogate leaves a door, except the line break (and the tab of prose); `clean`
loses no printable character outside of an escape sequence, `reveal` loses nothing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from state.chars import (
    BIDI,
    CONTROLS,
    INVISIBLE,
    JOINERS,
    SEPARATORS,
    SPACES,
    SURROGATES,
    settle_joiners,
)
from state.dataclass import dataclass
from state.pattern import late_pattern
from state.text_ansi import SEQUENCE, Line, Span, StyleBits, ansi

__all__ = [
    "Line",
    "Revealed",
    "Span",
    "StyleBits",
    "ansi",
    "clean",
    "clean_delta",
    "reveal",
]

# -- clean -----------------------------------------------------------------------

_DROPPED = late_pattern(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{BIDI}{INVISIBLE}]+")
_BREAKS = late_pattern(f"[{SEPARATORS}]")
_BROKEN = late_pattern(f"[{SURROGATES}]")
_HARMLESS = re.compile("[\n\t -~\xa1-\xac\xae-\u02ff\u0370-\u0482]*")


def clean_delta(text: str) -> str:
    """Prose as it streams: characters are dropped or replaced one by one, so that
    the result does not depend on how the text was cut into deltas.

    Kept: line breaks, tabs, joiners (emoji, Persian, Indic scripts). Dropped: other
    controls, bidi controls, invisible characters. A lone surrogate becomes U+FFFD,
    a Unicode line separator a line break.
    """
    if _HARMLESS.fullmatch(text):
        return text
    text = _DROPPED.sub("", text)
    if text.isascii():
        return text
    return _BROKEN.sub("\ufffd", _BREAKS.sub("\n", text))


def clean(text: str) -> str:
    """Settled prose: as `clean_delta`, and whole escape sequences go with their
    parameters, joiners and emoji selectors only stay where they join something."""
    if _HARMLESS.fullmatch(text):
        return text
    return settle_joiners(clean_delta(SEQUENCE.sub("", text)))


# -- reveal ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Revealed:
    """Text with everything unseen drawn, and a sentence for each kind of thing
    that had to be. No warnings: what is read is exactly what is meant."""

    text: str
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text


_PLAIN = re.compile("[ -~]*")
_SUSPECT = late_pattern(
    f"\u2039(?=U\\+)|[^ -~\xa1-\xac\xae-\u02ff\u2039]|[{SURROGATES}]"
)
_LONG_GAP = late_pattern(r"\S {40,}(?=\S)")
_LATIN, _TWIN = "A-Za-z", "\u0370-\u03ff\u0400-\u052f"
_MIXED = late_pattern(f"[{_LATIN}][{_TWIN}]|[{_TWIN}][{_LATIN}]")

_SENTENCES = {
    "bidi": "Characters that reorder the text on screen",
    "control": "Control characters",
    "surrogate": "Broken characters (lone surrogates)",
    "invisible": "Invisible characters",
    "space": "Blanks that are not plain spaces",
    "unknown": "Characters without a known look",
    "literal": "Text that imitates a drawn character",
    "break": "Line breaks",
    "tab": "Tabs",
}


_KINDS = late_pattern(
    f"(?P<break>\n)|(?P<tab>\t)|(?P<literal>\u2039)|(?P<bidi>[{BIDI}])"
    f"|(?P<control>[{CONTROLS}])|(?P<surrogate>[{SURROGATES}])"
    f"|(?P<space>[{SPACES}{SEPARATORS}])|(?P<invisible>[{INVISIBLE}{JOINERS}])"
)


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    """Why a character must be drawn, or "" when it shows itself."""
    if known := _KINDS.match(char):
        return known.lastgroup or ""
    match unicodedata.category(char):
        case "Cf":
            return "invisible"
        case "Zs" | "Zl" | "Zp":
            return "space"
        case "Cn" | "Co" | "Cc" | "Cs":
            return "unknown"
        case _:
            return ""


def reveal(text: str, *, multiline: bool = False) -> Revealed:
    """Commands, paths, hosts and amendments: nothing is dropped, all is seen.

    Everything invisible, reordering or blank in an unusual way is drawn as
    ‹U+202E›, and so is a ‹ that would begin such a drawing. `multiline` keeps line
    breaks as line breaks; without it they are drawn too. The text can be decoded
    back. Warnings also name long runs of spaces and words of mixed alphabets,
    which are shown as they are.
    """
    if _PLAIN.fullmatch(text):
        return Revealed(text, _gap_warning(text))
    found: dict[str, dict[str, int]] = {}

    def draw(match: re.Match[str]) -> str:
        char = match[0]
        kind = _kind(char)
        if not kind or (multiline and char == "\n"):
            return char
        name = f"U+{ord(char):04X}"
        seen = found.setdefault(kind, {})
        seen[name] = seen.get(name, 0) + 1
        return f"\u2039{name}\u203a"

    drawn = _SUSPECT.sub(draw, text)
    warnings = [
        f"{sentence}: {_names(found[kind])}."
        for kind, sentence in _SENTENCES.items()
        if kind in found
    ]
    if _MIXED.search(text):
        warnings.append("Latin letters mixed with Greek or Cyrillic ones in a word.")
    return Revealed(drawn, (*warnings, *_gap_warning(text)))


def _names(seen: dict[str, int]) -> str:
    shown = [n if c == 1 else f"{n} ×{c}" for n, c in list(seen.items())[:4]]
    more = len(seen) - len(shown)
    return ", ".join(shown) + (f" and {more} other kinds" if more else "")


def _gap_warning(text: str) -> tuple[str, ...]:
    gap = _LONG_GAP.search(text)
    return (f"A gap of {len(gap[0]) - 1} spaces inside a line.",) if gap else ()
