"""One pane at a time: the tab line of the narrow layout.

Owns its two rows. Invariant: the open tab is underlined heavily, so that it shows
without colour; counts that matter stay when names are shortened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip

from state.views import SideView, Tone
from widgets.counters import marks, side_marks
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.intents import ShowPane
from widgets.lines import line, piece, width_of
from widgets.palette import palette_of

if TYPE_CHECKING:
    from textual import events

NAMES = ("Threads", "Thread", "Agents", "Terminals", "Reviews")


class Tabs(Drawn):
    """Two rows. A click posts ShowPane. `needs`: threads that need the user."""

    DEFAULT_CSS = "Tabs { height: 2; width: 1fr; }"

    view: reactive[SideView | None] = reactive[SideView | None](None)
    needs: reactive[int] = reactive(0)
    open: reactive[int] = reactive(1)

    def groups(self) -> list[list[Segment]]:
        """The five tabs; names of closed ones are shortened when there is no room."""
        # A name that is cut is no word to a screen reader: marks go first there.
        plain = look_of(self).plain
        for short in (False, True):
            groups = [
                self._tab(n + 1, short=short and not plain, bare=short and plain)
                for n in range(5)
            ]
            if sum(width_of(g) + 2 for g in groups) + 2 <= self.size.width:
                break
        return groups

    def _tab(self, number: int, *, short: bool, bare: bool) -> list[Segment]:
        view = self.view or SideView()
        palette, look = palette_of(self), look_of(self)
        here = number == self.open
        tone = Tone.BRIGHT if here else Tone.MUTED
        name = NAMES[number - 1]
        count = {3: view.tree.total, 4: view.terminals_live}.get(number, 0)
        extra = side_marks(view) | {1: (("▲", self.needs, Tone.NEED),), 2: ()}
        marked = () if bare and not here else extra[number]
        return [
            piece(str(number), palette.style(Tone.ACCENT)),
            piece(
                f" {name if here or not short else name[:3]}",
                palette.style(tone, bold=here),
            ),
            piece(f" {count}" if count else "", palette.style(Tone.MUTED)),
            *marks(tuple(m for m in marked if m[1])[:1], palette, look),
        ]

    def draw_line(self, y: int) -> Strip:
        """The names, then the line."""
        width, look, palette = self.size.width, look_of(self), palette_of(self)
        groups = self.groups()
        if y == 0:
            pieces = [piece("  ")]
            for number, group in enumerate(groups, 1):
                if look.plain and number == self.open:
                    # No line below: brackets say which pane is open.
                    pieces[-1] = piece(pieces[-1].text[:-1] + "[")
                    pieces += [*group, piece("] ")]
                else:
                    pieces += [*group, piece("  ")]
            return line(pieces, (), width)
        if look.plain:
            return Strip.blank(width)
        start = 2 + sum(width_of(g) + 2 for g in groups[: self.open - 1])
        end = min(width, start + width_of(groups[self.open - 1]))
        rule = palette.rule()
        return Strip(
            [
                piece(sign("─", look) * start, rule),
                piece(sign("━", look) * (end - start), palette.style(Tone.ACCENT)),
                piece(sign("─", look) * max(0, width - end), rule),
            ]
        ).adjust_cell_length(width)

    def on_click(self, event: events.Click) -> None:
        """Go to the tab that was clicked."""
        end = 2
        for number, group in enumerate(self.groups(), 1):
            end += width_of(group) + 2
            if event.x < end:
                self.post_message(ShowPane(number))
                return
