"""The same picture in fewer bytes: styles are told as what differs from the last one.

Textual ends every piece of text with a reset and tells the next one's colours in full,
forty bytes each; of a streaming answer that is half of what goes over the wire. Owns
that rewriting. Invariant: the cells that a terminal shows, and the style it is left
in, are those of the text as it was; what is not understood is left alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

Look: TypeAlias = tuple[str, str, str]
"""Foreground, background, the rest: as codes; "" is the terminal's own."""

PLAIN: Look = ("", "", "")
_SGR = re.compile(r"\x1b\[([\d;]*)m")
# What neither shows anything nor fills with a colour: moves, modes, a line's end.
_UNSEEN = re.compile(r"(?:\x1b\[[\d;]*[A-Hd]|\x1b\[\?[\d;]*[hl]|[\r\n])*")
_REST = frozenset("12345789")
_FORE = {*map(str, range(30, 38)), *map(str, range(90, 98))}
_BACK = {*map(str, range(40, 48)), *map(str, range(100, 108))}
_LENGTH = {"2": 5, "5": 3}


def lean(data: str) -> str:
    """`data` with no style told twice."""
    if data.count("\x1b[") < 4:
        return data
    out: list[str] = []
    shown = wanted = PLAIN
    at = 0
    for match in _SGR.finditer(data):
        text = data[at : match.start()]
        at = match.end()
        if text:
            if shown != wanted and not _UNSEEN.fullmatch(text):
                out.append(_change(shown, wanted))
                shown = wanted
            out.append(text)
        after = _told(match[1], wanted)
        if after is None:
            return data
        wanted = after
    text = data[at:]
    if (text and not _UNSEEN.fullmatch(text)) or wanted == PLAIN:
        out.append(_change(shown, wanted))
        shown = wanted
    out.append(text)
    out.append(_change(shown, wanted))
    leaner = "".join(out)
    return leaner if len(leaner) < len(data) else data


@lru_cache(4096)
def _told(codes: str, look: Look) -> Look | None:
    """The look after these codes; None: they are none that we know."""
    fore, back, rest = look
    parts = codes.split(";")
    at = 0
    while at < len(parts):
        code = parts[at]
        size = 1
        if code in ("", "0"):
            fore, back, rest = PLAIN
        elif code in ("38", "48"):
            size = _LENGTH.get(parts[at + 1] if at + 1 < len(parts) else "", 0)
            if not size or at + size > len(parts):
                return None
            colour = ";".join(parts[at : at + size])
            fore, back = (colour, back) if code == "38" else (fore, colour)
        elif code in _FORE or code == "39":
            fore = "" if code == "39" else code
        elif code in _BACK or code == "49":
            back = "" if code == "49" else code
        elif code in _REST:
            kept = {*rest.split(";"), code} - {""}
            rest = ";".join(sorted(kept))
        else:
            return None
        at += size
    return fore, back, rest


@lru_cache(4096)
def _change(shown: Look, wanted: Look) -> str:
    if shown == wanted:
        return ""
    if wanted == PLAIN:
        return "\x1b[0m"
    fore, back, rest = wanted
    if shown[2] != rest:
        codes = [*([] if shown == PLAIN else ["0"]), *filter(None, (rest, fore, back))]
        return f"\x1b[{';'.join(codes)}m"
    changed = [] if fore == shown[0] else [fore or "39"]
    changed += [] if back == shown[1] else [back or "49"]
    return f"\x1b[{';'.join(changed)}m"
