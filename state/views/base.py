"""What every read model is drawn with: signs, tones and runs of text."""

from __future__ import annotations

from enum import StrEnum

from state.dataclass import dataclass


class Glyph(StrEnum):
    """The status signs of the look; `widgets.glyphs` knows their ASCII forms."""

    NEED = "▲"
    WORK = "●"
    READY = "○"
    NOT_LOADED = "·"
    INTERRUPTED = "◌"
    STARTING = "◦"
    AUTO = "◇"
    DONE = "✓"
    FAILED = "✗"
    DENIED = "⊘"
    STALE = "~"
    CLOSED = "–"
    UNREAD = "•"
    PROMPT = "›"
    UNPUSHED = "↑"
    NONE = " "


class Tone(StrEnum):
    """What a colour states; themes map tones to colours, plain mode to words."""

    TEXT = "foreground"
    BRIGHT = "bright"
    MUTED = "muted"
    FAINT = "faint"
    ACCENT = "accent"
    NEED = "need"
    WORK = "work"
    FAIL = "fail"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Bit:
    """A run of text in one tone."""

    text: str
    tone: Tone = Tone.TEXT
    bold: bool = False
    italic: bool = False


Bits = tuple[Bit, ...]
