"""Ages, durations, counts, and texts cut so that they do not lie.

Owns the wording of numbers and the rules of shortening. Does not own a clock: ages
come as seconds. Invariant: a number is never cut; a path keeps its last segment, a
command its first word; what is returned fits the width it was given (at least 1).
"""

from __future__ import annotations

from state.chars import cells, width

ELLIPSIS = "…"


def age(seconds: float) -> str:
    """now (under 5 s, and for times ahead of us), 8s, 2m, 3h, 5d, 2w, 4y: at most
    three cells."""
    if seconds < 5:
        return "now"
    for limit, unit, name in (
        (60, 1, "s"),
        (3600, 60, "m"),
        (86_400, 3600, "h"),
        (7 * 86_400, 86_400, "d"),
        (100 * 7 * 86_400, 7 * 86_400, "w"),
    ):
        if seconds < limit:
            return f"{int(seconds // unit)}{name}"
    return f"{min(99, int(seconds // (365.25 * 86_400)))}y"


def duration(ms: float) -> str:
    """0.1s, 4.1s, 42s, 2m 04s, 1h 02m, 3d 04h. `ms` in milliseconds."""
    tenths = max(0, int(ms // 100))
    seconds = tenths // 10
    if seconds < 10:
        return f"{tenths / 10:.1f}s"
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60:02d}s"
    if seconds < 86_400:
        return f"{seconds // 3600}h {seconds % 3600 // 60:02d}m"
    return f"{seconds // 86_400}d {seconds % 86_400 // 3600:02d}h"


def count(number: int) -> str:
    """412, 9.4k, 41k, 1.2M, 37M, 2.1G: never more than was counted."""
    if number < 0:
        return f"-{count(-number)}"
    if number < 1000:
        return str(number)
    size, unit = number, ""
    for step, name in ((1000, "k"), (1_000_000, "M"), (1_000_000_000, "G")):
        if number >= step:
            size, unit = step, name
    tenths = number * 10 // size
    return f"{tenths / 10:.1f}{unit}" if tenths < 100 else f"{tenths // 10}{unit}"


def cut(text: str, room: int) -> str:
    """The start of a text, with … for what does not fit into `room` cells."""
    room = max(1, room)
    if cells(text) <= room:
        return text
    used, end = 0, 0
    for char in text:
        used += width(char) + (char == "\ufe0f")
        if used > room - 1:
            break
        end += 1
    return text[:end].rstrip(" \u200d") + ELLIPSIS


def cut_start(text: str, room: int) -> str:
    """The end of a text, with … for what does not fit before it."""
    room = max(1, room)
    if cells(text) <= room:
        return text
    used, start = 0, len(text)
    for char in reversed(text):
        used += width(char) + (char == "\ufe0f")
        if used > room - 1:
            break
        start -= 1
    tail = text[start:]
    while tail and width(tail[0]) == 0:
        tail = tail[1:]
    return ELLIPSIS + tail


def shorten_path(path: str, room: int, home: str | None = None) -> str:
    """A path in `room` cells: home as ~, then …/ for leading segments; the last
    segment stays whole as long as it fits, then its own end is cut."""
    home = home.rstrip("/") if home else None
    if home and (path == home or path.startswith(home + "/")):
        path = "~" + path[len(home) :]
    if cells(path) <= room:
        return path
    body = path.rstrip("/")
    segments = body.split("/")
    for skip in range(1, len(segments)):
        short = ELLIPSIS + "/" + "/".join(segments[skip:])
        if cells(short) <= room:
            return short
    return cut(segments[-1], room)


def shorten_command(command: str, room: int) -> str:
    """A command's first line in `room` cells; its first word stays whole as long
    as it fits. … says that something is missing, lines too."""
    line, _, rest = command.strip().partition("\n")
    if rest.strip():
        line = f"{line.rstrip()} {ELLIPSIS}"
    if cells(line) <= room:
        return line
    word = line.split(" ", 1)[0]
    if cells(word) + 2 <= room:
        return cut(line, room)
    if "/" in word:
        return shorten_path(word, room)
    return cut(word, room)
