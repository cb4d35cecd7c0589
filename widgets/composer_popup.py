"""The list above the composer: commands, or agents, that begin like what was typed.

Owns the list, its cursor and the matching of names. Does not own the commands (the
registry gives them as data) nor what enter does. Invariant: never more than eight
rows; a command is found by its name and its other names.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.message import Message
from textual.strip import Strip

from state.dataclass import dataclass
from state.views import Tone
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import line, piece
from widgets.palette import Back, palette_of

if TYPE_CHECKING:
    from textual import events

ROWS = 8


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command as the composer knows it: `name` without the slash, `args` as they
    are shown ("PATH TEXT", "[ID]"; "" when it takes none). An agent's path is listed
    in the same way, with another sign."""

    name: str
    args: str = ""
    help: str = ""
    aliases: tuple[str, ...] = ()
    sign: str = "/"

    @property
    def needs_args(self) -> bool:
        """Whether it makes no sense without more words."""
        return bool(self.args) and not self.args.startswith("[")


def matching(commands: Sequence[SlashCommand], typed: str) -> list[SlashCommand]:
    """The commands that begin so, then those that hold it; all for nothing typed."""
    typed = typed.lower()
    starts = [c for c in commands if _any(c, lambda name: name.startswith(typed))]
    holds = [c for c in commands if c not in starts and typed in c.name]
    return starts + (holds if len(typed) > 1 else [])


def nearest(commands: Sequence[SlashCommand], typed: str) -> list[str]:
    """Up to three names that look like what was typed."""
    names = [name for c in commands for name in (c.name, *c.aliases)]
    return difflib.get_close_matches(typed.lower(), names, n=3, cutoff=0.5)


def find(commands: Sequence[SlashCommand], name: str) -> SlashCommand | None:
    """The command of exactly this name."""
    return next((c for c in commands if name in (c.name, *c.aliases)), None)


def _any(command: SlashCommand, test: Callable[[str], bool]) -> bool:
    return any(test(name) for name in (command.name, *command.aliases))


class ComposerPopup(Drawn):
    """The list; hidden while nothing matches. Clicked rows post Picked."""

    DEFAULT_CSS = """
    ComposerPopup {
        overlay: screen;
        display: none;
        height: auto;
        width: 100%;
        background: $surface;
    }
    ComposerPopup.-shown { display: block; }
    """

    class Picked(Message):
        """A row was clicked."""

        def __init__(self, command: SlashCommand) -> None:
            super().__init__()
            self.command = command

    def __init__(self) -> None:
        super().__init__()
        self.found: list[SlashCommand] = []
        self._cursor = 0

    @property
    def shown(self) -> bool:
        """Whether the list is on screen."""
        return bool(self.found)

    @property
    def picked(self) -> SlashCommand | None:
        """The command under the cursor."""
        return self.found[self._cursor] if self.found else None

    def show(self, found: list[SlashCommand]) -> None:
        """List these; none: hide."""
        if found == self.found:
            return
        key = self.picked
        self.found = found
        self._cursor = found.index(key) if key in found and key is not None else 0
        if key is not None and found and key.name != found[0].name:
            self._cursor = 0
        self.set_class(bool(found), "-shown")
        self.styles.offset = (0, -min(ROWS, len(found)))
        self.refresh(layout=True)

    def step(self, step: int) -> None:
        """Move the cursor; it goes round."""
        if self.found:
            self._cursor = (self._cursor + step) % len(self.found)
            self.refresh()

    def get_content_height(self, *_: object) -> int:
        """One row for each command, at most eight."""
        return min(ROWS, len(self.found))

    def _first(self) -> int:
        return max(0, min(self._cursor - ROWS // 2, len(self.found) - ROWS))

    def draw_line(self, y: int) -> Strip:
        """One command."""
        index = self._first() + y
        width, palette, look = self.size.width, palette_of(self), look_of(self)
        if index >= len(self.found):
            return Strip.blank(width, palette.back(Back.SURFACE))
        command, here = self.found[index], index == self._cursor
        back = Back.CURSOR if here else Back.SURFACE
        accent = palette.style(Tone.ACCENT, back, bold=here)
        muted = palette.style(Tone.MUTED, back)
        name = " ".join(filter(None, (command.sign + command.name, command.args)))
        most, part = (26, width // 3) if command.sign == "/" else (48, width // 2)
        column = min(most, max(14, part))
        bar = sign("▌", look) if here and not look.plain else (">" if here else " ")
        left = line([piece(f"{bar} ", accent), piece(name, accent)], (), column, muted)
        more = len(self.found) - ROWS
        count = y == min(ROWS, len(self.found)) - 1 and more > 0
        right = [piece(f"{more} more ", muted)] if count else []
        tone = palette.style(Tone.TEXT if here else Tone.MUTED, back)
        words = [*left, piece("  ", muted), piece(command.help, tone)]
        return line(words, right, width, palette.back(back))

    def on_click(self, event: events.Click) -> None:
        """Pick the row."""
        index = self._first() + event.y
        if index < len(self.found):
            event.stop()
            self._cursor = index
            self.post_message(self.Picked(self.found[index]))
