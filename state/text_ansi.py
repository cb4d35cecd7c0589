"""Command output as a terminal would leave it: lines of styled spans.

Owns the `ansi` door (offered by `state.text`) and the shape of an escape sequence.
Does not own colours on screen: a style names palette numbers or RGB, themes decide.
Invariant: no control character, escape or bidi control is in a span; the work is
linear in the text, also for one line of megabytes.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from state.chars import (
    BIDI,
    CONTROLS,
    INVISIBLE,
    SEPARATORS,
    SURROGATES,
    cells,
    settle_joiners,
    width,
)
from state.pattern import late_pattern

# Strings (OSC, DCS, APC, PM, SOS) must end on their line: an opening without an end
# must not hide what follows. Bodies hold no control, so matching stays linear.
SEQUENCE = late_pattern(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    f"|(?:\x1b[\\]P^_X]|[\x90\x98\x9d-\x9f])[^{CONTROLS}]*(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]+[0-~]"
    "|\x1b[=>78c]"
)
"""An escape sequence with its parameters."""

Colour = int | tuple[int, int, int]
"""A number of the 256-colour palette (0 to 15 are the theme's) or red, green, blue."""


class StyleBits(NamedTuple):
    """How a span looks; None and False are the terminal's own."""

    fg: Colour | None = None
    bg: Colour | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


class Span(NamedTuple):
    """A run of text in one style."""

    text: str
    style: StyleBits = StyleBits()


Line = tuple[Span, ...]

PLAIN = StyleBits()
TAB = 8
_FLAGS = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    29: {"strike": False},
}
_SIMPLE = late_pattern(f"[^{CONTROLS}{BIDI}{INVISIBLE}{SEPARATORS}{SURROGATES}]*")
_TOKEN = late_pattern(
    f"({SEQUENCE.pattern})|([\r\b\t])|([^{CONTROLS}{BIDI}{INVISIBLE}{SURROGATES}]+)"
    f"|([{SURROGATES}])|."
)
_SGR = late_pattern("(?:\x1b\\[|\x9b)([0-9;:]*)m")
_ERASE = late_pattern("(?:\x1b\\[|\x9b)([0-2]?)K")
_SEPARATOR = late_pattern(f"[{SEPARATORS}]")


def ansi(text: str) -> tuple[Line, ...]:
    """Output as lines of spans; "" is no line, a last line break adds none.

    Colours and attributes become styles, which last over line breaks; a carriage
    return and a backspace write over what stood there, as progress bars do; tabs go
    to columns of eight; "erase in line" erases; every other sequence is dropped.
    """
    return ansi_on(text, PLAIN)[0]


def ansi_on(text: str, style: StyleBits) -> tuple[tuple[Line, ...], StyleBits]:
    """As `ansi`, for a text that goes on where another one ended in `style`; and the
    style in which it ends itself."""
    if not text:
        return (), style
    lines: list[Line] = []
    rows = settle_joiners(_SEPARATOR.sub("\n", text)).split("\n")
    if not rows[-1]:
        rows.pop()
    for row in rows:
        body = row.rstrip("\r")
        if _SIMPLE.fullmatch(body):
            lines.append((Span(body, style),) if body else ())
        else:
            canvas = _Canvas(style)
            canvas.write(body)
            style = canvas.style
            lines.append(canvas.line())
    return tuple(lines), style


class _Canvas:
    """One line while it is written: a text and a style for each cell. A wide
    character holds its first cell, the second is empty."""

    def __init__(self, style: StyleBits) -> None:
        self.style = style
        self._texts: list[str] = []
        self._styles: list[StyleBits] = []
        self._at = 0

    def write(self, row: str) -> None:
        for match in _TOKEN.finditer(row):
            sequence, move, run, broken = match.groups()
            if run:
                self._put(run)
            elif broken:
                self._put("\ufffd")
            elif sequence:
                self._obey(sequence)
            elif move == "\r":
                self._at = 0
            elif move == "\b":
                self._at = max(0, self._at - 1)
            elif move == "\t":
                self._put(" " * (TAB - self._at % TAB))

    def _obey(self, sequence: str) -> None:
        if sgr := _SGR.fullmatch(sequence):
            self.style = _styled(self.style, sgr[1])
        elif erase := _ERASE.fullmatch(sequence):
            if erase[1] in ("", "0"):
                del self._texts[self._at :], self._styles[self._at :]
            else:
                end = len(self._texts) if erase[1] == "2" else self._at + 1
                end = min(end, len(self._texts))
                self._texts[:end] = " " * end
                self._styles[:end] = [PLAIN] * end

    def _put(self, run: str) -> None:
        self._pad()
        if run.isascii():
            texts: list[str] = list(run)
        else:
            texts = []
            for char in run:
                size = width(char)
                if size == 0 or (texts and texts[-1].endswith("\u200d")):
                    self._join(texts, char)
                else:
                    texts.append(char)
                    if size == 2:
                        texts.append("")
        end = self._at + len(texts)
        self._mend(self._at, end)
        self._texts[self._at : end] = texts
        self._styles[self._at : end] = [self.style] * len(texts)
        self._at = end

    def _join(self, texts: list[str], char: str) -> None:
        """Hang a mark on the character before it, in this run or on the line."""
        at = len(texts) - 1
        while at >= 0 and not texts[at]:
            at -= 1
        if at >= 0:
            if len(texts[at]) < 16:
                texts[at] += char
        elif self._at and len(self._texts[self._at - 1]) in range(1, 16):
            self._texts[self._at - 1] += char

    def _pad(self) -> None:
        missing = self._at - len(self._texts)
        if missing > 0:
            self._texts += " " * missing
            self._styles += [PLAIN] * missing

    def _mend(self, start: int, end: int) -> None:
        """Half of a wide character that is written over becomes a space."""
        if start and start < len(self._texts) and not self._texts[start]:
            self._texts[start - 1] = " "
        if end < len(self._texts) and not self._texts[end]:
            self._texts[end] = " "

    def line(self) -> Line:
        spans: list[Span] = []
        at = 0
        for style, group in groupby(self._styles):
            size = sum(1 for _ in group)
            text = "".join(self._texts[at : at + size])
            at += size
            if text:
                spans.append(Span(text, style))
        return tuple(spans)


@lru_cache(maxsize=4096)
def _styled(style: StyleBits, params: str) -> StyleBits:
    """The style after "select graphic rendition" with these parameters."""
    codes = _codes(params[:256])
    index = 0
    while index < len(codes):
        code = codes[index]
        index += 1
        match code:
            case 0:
                style = PLAIN
            case 38 | 48:
                colour, index = _extended(codes, index)
                if colour is not None:
                    style = _coloured(style, code, colour)
            case _ if 30 <= code <= 37 or 90 <= code <= 97:
                style = _coloured(style, 38, code - 30 if code < 40 else code - 82)
            case _ if 40 <= code <= 47 or 100 <= code <= 107:
                style = _coloured(style, 48, code - 40 if code < 50 else code - 92)
            case 39:
                style = style._replace(fg=None)
            case 49:
                style = style._replace(bg=None)
            case _:
                style = style._replace(**_FLAGS.get(code, {}))
    return style


def _coloured(style: StyleBits, code: int, colour: Colour) -> StyleBits:
    return style._replace(fg=colour) if code == 38 else style._replace(bg=colour)


def _codes(params: str) -> list[int]:
    """Parameters as numbers. Colons join sub-parameters: 38:2::1:2:3, 4:3."""
    codes: list[int] = []
    for param in params.split(";"):
        parts = param.split(":")
        if parts[0] == "4" and len(parts) > 1:
            codes.append(24 if parts[1] == "0" else 4)
        elif parts[0] in ("38", "48") and len(parts) > 5 and parts[1] == "2":
            codes += _numbers([parts[0], "2", *parts[3:6]])
        else:
            codes += _numbers(parts)
    return codes


def _numbers(parts: list[str]) -> list[int]:
    return [int(part) if part and len(part) < 4 else 0 for part in parts]


def _extended(codes: list[int], index: int) -> tuple[Colour | None, int]:
    """The colour after 38 or 48, and where the parameters go on."""
    form = codes[index] if index < len(codes) else 0
    if form == 5 and index + 1 < len(codes):
        number = codes[index + 1]
        return (number if number < 256 else None), index + 2
    if form == 2 and index + 3 < len(codes):
        red, green, blue = codes[index + 1 : index + 4]
        valid = max(red, green, blue) < 256
        return ((red, green, blue) if valid else None), index + 4
    return None, len(codes)


def line_cells(line: Line) -> int:
    """The width of a line in cells."""
    return sum(cells(span.text) for span in line)
