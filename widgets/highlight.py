"""Code as coloured lines: which words are keywords, strings, numbers, names.

Owns the choice of the four code colours by Pygments tokens. Does not own wrapping
or backgrounds. Invariant: the texts of a line's pieces joined are that line of the
source, exactly; an unknown language or a text too long to lex is plain.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import (
    Comment,
    Generic,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    String,
    _TokenType,
)
from pygments.util import ClassNotFound
from rich.style import Style

from state.views import Tone
from widgets.cells.wrap import Piece
from widgets.palette import Palette

LIMIT = 60_000
"""Characters; longer code is not lexed."""
_NAMES = (Name.Function, Name.Class, Name.Tag, Name.Attribute, Name.Decorator)
_PLAIN = frozenset({"", "text", "txt", "plain", "plaintext", "output", "none"})


def code_lines(
    code: str, language: str, palette: Palette
) -> tuple[tuple[Piece, ...], ...]:
    """The lines of `code`, coloured. `language`: a name as after ``` or a suffix."""
    parts = _lex(code, language.lower()) if len(code) <= LIMIT else _whole(code)
    styles = {kind: _style(kind, palette) for kind in _KINDS}
    return tuple(
        tuple(Piece(text, styles[kind]) for kind, text in line) for line in parts
    )


_KINDS = ("", "keyword", "string", "number", "name", "comment")
_Lines = tuple[tuple[tuple[str, str], ...], ...]


def _style(kind: str, palette: Palette) -> Style:
    match kind:
        case "":
            return palette.style(Tone.TEXT)
        case "comment":
            return palette.style(Tone.MUTED)
        case _:
            return palette.code(kind)


def _whole(code: str) -> _Lines:
    return tuple((("", line),) if line else () for line in code.split("\n"))


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if language in _PLAIN:
        return None
    options = {"stripnl": False, "stripall": False, "ensurenl": False}
    try:
        if "." in language:
            return get_lexer_for_filename(language, **options)
        return get_lexer_by_name(language, **options)
    except ClassNotFound:
        return None


@lru_cache(maxsize=128)
def _lex(code: str, language: str) -> _Lines:
    lexer = _lexer(language)
    if lexer is None:
        return _whole(code)
    lines: list[list[tuple[str, str]]] = [[]]
    # Many lexers end a comment at the line break only.
    for kind, text in _tokens(lexer, code + "\n"):
        first, *rest = text.split("\n")
        if first and lines[-1] and lines[-1][-1][0] == kind:
            # One piece, so that a joined emoji is not torn into its parts.
            lines[-1][-1] = (kind, lines[-1][-1][1] + first)
        elif first:
            lines[-1].append((kind, first))
        lines.extend([(kind, part)] if part else [] for part in rest)
    made = tuple(tuple(line) for line in lines[:-1])
    # A lexer that loses or adds text would show something else than the source.
    shown = "\n".join("".join(text for _, text in line) for line in made)
    return made if shown == code else _whole(code)


def _tokens(lexer: Lexer, code: str) -> Iterator[tuple[str, str]]:
    """Runs of one kind; a name before "(" is what is called."""
    held: tuple[_TokenType, str] | None = None
    for token, text in lexer.get_tokens(code):
        if held is not None:
            called = text.startswith("(") and held[0] in Name
            yield ("name" if called else _kind(held[0])), held[1]
        held = (token, text)
    if held is not None:
        yield _kind(held[0]), held[1]


def _kind(token: _TokenType) -> str:
    if token in Comment:
        return "comment"
    if token in Keyword or token in Operator.Word or token in Name.Builtin.Pseudo:
        return "keyword"
    if token in String:
        return "string"
    if token in Number or token in Literal:
        return "number"
    if any(token in name for name in _NAMES) or token in Generic.Heading:
        return "name"
    return ""
