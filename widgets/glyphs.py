"""The signs of the look, their ASCII forms, and how plainly we draw.

Owns which character stands for a sign; does not own its colour (`widgets.palette`)
nor its word (the read models bring it). Invariant: every sign is one cell wide in
both forms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.dataclass import dataclass

if TYPE_CHECKING:
    from textual.dom import DOMNode

ASCII: dict[str, str] = {
    "▲": "!",
    "●": "*",
    "○": "o",
    "·": ".",
    "◌": "=",
    "◦": ",",
    "◇": "?",
    "✓": "+",
    "✗": "x",
    "⊘": "#",
    "~": "~",
    "–": "-",
    "•": "*",
    "›": ">",
    "↳": ">",
    "↑": "^",
    "↓": "v",
    "…": "~",
    "│": "|",
    "├": "|",
    "└": "`",
    "─": "-",
    "━": "=",
    "▌": "|",
    "┃": "|",
    "□": " ",
    "◧": " ",
    "■": " ",
    "█": "#",
    "═": "~",
    "┄": ".",
    "┊": ":",
    "┤": "|",
    "“": '"',
    "”": '"',
    "’": "'",
    "—": "-",
}

BARS = "▁▂▃▄▅▆▇█"
"""Eight heights of a bar; left out where only ASCII is drawn."""

_TO_ASCII = str.maketrans(ASCII)


@dataclass(frozen=True, slots=True)
class Look:
    """How the program draws: ASCII signs, plain (no boxes, no colour), still."""

    ascii: bool = False
    plain: bool = False
    still: bool = False


def look_of(node: DOMNode) -> Look:
    """The look of the app a widget lives in: its `look`, or the usual one."""
    look = getattr(node.app, "look", None)
    return look if isinstance(look, Look) else Look()


def sign(text: str, look: Look) -> str:
    """Our own sign, or its ASCII form. Never for text from outside."""
    return text.translate(_TO_ASCII) if look.ascii or look.plain else text
