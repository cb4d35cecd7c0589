"""Agents, terminals and reviews as one line of counters, for the normal layout.

Owns that row. Invariant: the number key stands before its name, what needs the user
after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip

from state.views import Glyph, SideView, Tone
from widgets.drawn import Drawn
from widgets.glyphs import Look, look_of, sign
from widgets.intents import ShowPane
from widgets.lines import line, piece, width_of
from widgets.palette import Palette, palette_of

if TYPE_CHECKING:
    from textual import events


GAP = 5
_WORDS = {"▲": "need you", "✗": "failed", "◇": "in auto-review"}


def marks(
    given: tuple[tuple[str, int, Tone], ...], palette: Palette, look: Look
) -> list[Segment]:
    """Counted signs such as "▲ 3", in plain mode words; what is nought is not drawn."""
    if look.plain:
        return [piece(f", {n} {_WORDS.get(sign_, '')}") for sign_, n, _ in given if n]
    return [
        piece(f" {sign(glyph, look)} {count}", palette.style(tone))
        for glyph, count, tone in given
        if count
    ]


def side_marks(view: SideView) -> dict[int, tuple[tuple[str, int, Tone], ...]]:
    """What the panes 3 to 5 hold that cannot wait."""
    return {
        3: (
            ("▲", view.tree.needs, Tone.NEED),
            ("✗", view.tree.failed, Tone.FAIL),
        ),
        4: (),
        5: (
            ("▲", view.reviews_need, Tone.NEED),
            ("~", sum(r.glyph is Glyph.STALE for r in view.reviews), Tone.MUTED),
            ("◇", view.reviews_auto, Tone.AUTO),
        ),
    }


class Counters(Drawn):
    """One row. A click posts ShowPane."""

    DEFAULT_CSS = "Counters { height: 1; width: 1fr; }"

    view: reactive[SideView | None] = reactive[SideView | None](None)

    def groups(self) -> list[tuple[int, list[Segment]]]:
        """The three counters, each with its pane's number; where not all marks have
        room, the first of each."""
        groups = self._groups(most=9)
        if self._end(groups) > self.size.width:
            groups = self._groups(most=1)
        return groups

    def _groups(self, *, most: int) -> list[tuple[int, list[Segment]]]:
        view = self.view or SideView()
        palette, look = palette_of(self), look_of(self)
        key, name = palette.style(Tone.ACCENT), palette.style(Tone.BRIGHT, bold=True)
        muted, extra = palette.style(Tone.MUTED), side_marks(view)
        waits = any(not row.denials for row in view.reviews)
        given = (
            (3, "Agents", str(view.tree.total)),
            (4, "Terminals", str(view.terminals_live)),
            (5, "Reviews", "" if waits else "0"),
        )
        groups = []
        for number, title, count in given:
            shown = marks(tuple(m for m in extra[number] if m[1])[:most], palette, look)
            if shown and look.plain and not count:
                shown[0] = piece(shown[0].text.removeprefix(","))
            elif shown and not look.plain:
                shown = [piece(" ", muted), *_spaced(shown)]
            group = [
                piece(str(number), key),
                piece(f" {title}", name),
                piece(f" {count}" if count else "", muted),
                *shown,
            ]
            groups.append((number, group))
        return groups

    @staticmethod
    def _end(groups: list[tuple[int, list[Segment]]]) -> int:
        return 2 + sum(width_of(group) + GAP for _, group in groups) - GAP

    def draw_line(self, y: int) -> Strip:
        """The row."""
        pieces = [piece("  ")]
        for number, group in self.groups():
            pieces += [piece(" " * GAP)] if number > 3 else []
            pieces += group
        return line(pieces, (), self.size.width)

    def on_click(self, event: events.Click) -> None:
        """Go to the pane that was clicked."""
        end = 2
        for number, group in self.groups():
            end += width_of(group)
            if event.x < end + 2:
                self.post_message(ShowPane(number))
                return
            end += GAP


def _spaced(pieces: list[Segment]) -> list[Segment]:
    return [
        Segment(f" {p.text}" if i else p.text, p.style) for i, p in enumerate(pieces)
    ]
