"""A rule for commands that start with the same words: how many of them.

Owns which prefixes of a command may be granted. Does not own the answer that carries
one (`state.answers`), nor what one lets in (`state.lets_in`). Pure. Invariant: the
words of a prefix are the engine's proposal or the command's own, never anything else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from state.dataclass import dataclass

_ASSIGNMENT = re.compile(r"^\w+=")
_NOT_PLAIN = re.compile(r"[;|&<>()$`*?\[\]{}~#!\\\n]")


@dataclass(frozen=True, slots=True)
class Ladder:
    """The prefixes one may grant: the first 1 to `len(words)` words; the engine
    proposes `proposed` of them."""

    words: tuple[str, ...]
    proposed: int

    def prefix(self, count: int) -> tuple[str, ...]:
        """The first `count` words, at least one."""
        return self.words[: min(max(1, count), len(self.words))]


def ladder_of(proposed: Sequence[str], command: str | None) -> Ladder:
    """From the engine's proposal and the command as it is displayed: when that is
    one plain command that begins with the proposal, all its words."""
    given = tuple(proposed)
    argv = plain_words(command or "")
    if len(argv) > len(given) and argv[: len(given)] == given:
        return Ladder(argv, len(given))
    return Ladder(given, len(given))


def plain_words(command: str) -> tuple[str, ...]:
    """The words of a command without any shell in it; () when there is some."""
    if len(command) > 10_000 or _NOT_PLAIN.search(command):
        return ()
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        return ()
    return () if not words or _ASSIGNMENT.match(words[0]) else words
