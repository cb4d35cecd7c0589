"""A shell script as the plain commands it is made of, where it is made of nothing else.

Owns which scripts the engine takes apart for its rules: words and quoted strings,
joined by `&&`, `||`, `;`, `|` and line ends. Anything else (a variable, a redirection,
a group, a comment) is one whole to the engine, and to us. Recorded from engines: see
tests/pure/test_rules.py. Invariant: total; `sure` is False where engines were seen to
be of two minds, never the other way round.
"""

from __future__ import annotations

import re

from state.dataclass import dataclass

LONGEST = 100_000
"""Characters of a script that are taken apart at most."""
SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh"})
_FLAGS = frozenset({"-c", "-lc"})

# No command begins with one of these: they open something that is more than a command.
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case"}
    | {"esac", "select", "function", "coproc", "in", "!", "declare", "typeset"}
    | {"export", "readonly", "local", "unset", "unsetenv"}
)
_BLANK = re.compile(r"(?:[ \t]|\\\n)+")
_JOINT = re.compile(r"&&|\|\||;|\|(?!&)|\n")
_PIECE = re.compile(
    r"(?P<bare>(?:[\w./:=@%+,!-]|[^\x00-\x7f])+)"
    r"|'(?P<single>[^']*)'"
    r'|"(?P<double>[^"$`\\]*)"'
    r"|(?P<odd>[\x00-\x08\x0b-\x1f\x7f]+|(?<=[^\s])\\\n)"
)
_ASSIGNS = re.compile(r"\w+\+?=")
_NUMBER = re.compile(r"\d+\Z")
_ODD_EQUALS = re.compile(r"(?:\W*=|[^=]*[^\w=]=)")
_CONTINUES = frozenset({"&&", "||", "|"})


@dataclass(frozen=True, slots=True)
class Split:
    """`commands`: the argv of each plain command; None: the script is one whole."""

    commands: tuple[tuple[str, ...], ...] | None
    sure: bool = True


WHOLE = Split(None)


def script_of(argv: tuple[str, ...]) -> str | None:
    """The script that an argv hands to a shell; None when it does not."""
    if len(argv) != 3 or argv[1] not in _FLAGS:
        return None
    return argv[2] if argv[0].rsplit("/", 1)[-1] in SHELLS else None


def split(script: str) -> Split:
    """What the script is made of."""
    return WHOLE if len(script) > LONGEST else _Reader(script).read()


class _Reader:
    """One pass over a script."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.sure = True

    def read(self) -> Split:
        commands: list[tuple[str, ...]] = []
        words: list[str] = []
        open_joint = False
        while True:
            self._skip()
            if self.at >= len(self.text):
                break
            joint = _JOINT.match(self.text, self.at)
            if joint is not None:
                self.at = joint.end()
                if words:
                    commands.append(tuple(words))
                    words, open_joint = [], joint[0] in _CONTINUES
                elif joint[0] != "\n":
                    return WHOLE  # `;;`, `a && ; b`, or a joint before any command
                continue
            word = self._word(first=not words)
            if word is None:
                return WHOLE
            words.append(word)
            open_joint = False
        if words:
            commands.append(tuple(words))
        if open_joint or not commands:
            return WHOLE
        return Split(tuple(commands), self.sure)

    def _skip(self) -> None:
        blank = _BLANK.match(self.text, self.at)
        if blank is not None:
            self.at = blank.end()

    def _word(self, *, first: bool) -> str | None:
        """The next word; None where the script is more than plain commands."""
        pieces: list[str] = []
        began = self.at
        while (piece := _PIECE.match(self.text, self.at)) is not None:
            if piece["odd"] is not None:
                self.sure = False
            elif first and piece["bare"] is None:
                return None  # a quoted program is no plain command to the engine
            found = piece["bare"] or piece["single"] or piece["double"] or ""
            pieces.append(found)
            self.at = piece.end()
        ended = self.at >= len(self.text)
        after = not ended and (_BLANK.match(self.text, self.at) is not None)
        if self.at == began or not (
            ended or after or _JOINT.match(self.text, self.at) is not None
        ):
            return None
        word = "".join(pieces)
        if first and (word in _KEYWORDS or _ASSIGNS.match(word)):
            return None
        if _ODD_EQUALS.match(word) or (first and _NUMBER.match(word)):
            self.sure = False
        return word
