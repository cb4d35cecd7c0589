"""The top line: who we are, the engine, and what needs the user.

Owns that row. Invariant: from the right the hints go first, then totals; "need you"
and the engine's state stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip

from state.views import HeaderView, Tone
from state.words import age
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.intents import PressKey
from widgets.lines import line, piece, width_of
from widgets.palette import Palette, palette_of

if TYPE_CHECKING:
    from textual import events

NAME = "codex-tui"


WORTH_LESS = 3
"""Totals and hints give way to what is said beside the engine."""


class Header(Drawn):
    """One row. A click on a hint posts PressKey."""

    DEFAULT_CSS = "Header { height: 1; width: 1fr; }"

    view: reactive[HeaderView | None] = reactive[HeaderView | None](None)
    now_ms: reactive[int] = reactive(0, repaint=False)

    def set_clock(self, now_ms: int) -> None:
        """It is `now_ms`; draws only when the row reads differently."""
        before, self.now_ms = self.now_ms, now_ms
        if self._as_of(before) != self._as_of(now_ms):
            self.refresh()

    def draw_line(self, y: int) -> Strip:
        """The row."""
        view, width = self.view, self.size.width
        palette, look = palette_of(self), look_of(self)
        left = [piece(f" {NAME}   ", palette.style(Tone.BRIGHT, bold=True))]
        if view is None:
            return line(left, (), width)
        lost = view.tone is Tone.FAIL
        glyph = f"{sign(view.glyph, look)} "
        if look.plain:
            glyph = "" if "engine" in view.engine else "engine "
        left += [
            piece(glyph, palette.style(view.tone)),
            piece(
                view.engine, palette.style(Tone.FAIL if lost else Tone.MUTED, bold=lost)
            ),
        ]
        groups = self._groups(view, palette)
        if view.aside:
            need = palette.style(Tone.NEED)
            aside = [piece(sign(" · ", look), palette.style(Tone.MUTED))]
            aside.append(piece(view.aside, need))
            worth = [g for g in groups if g[0] > WORTH_LESS]
            if width_of(self._join(worth)) + width_of([*left, *aside]) + 2 <= width:
                left += aside
        while groups and width_of(self._join(groups)) + width_of(left) + 2 > width:
            # Hints and totals go first; what needs the user is last.
            drop = min(range(len(groups)), key=lambda i: groups[i][0])
            del groups[drop]
        return line(left, self._join(groups), width)

    @staticmethod
    def _join(groups: list[tuple[int, list[Segment]]]) -> list[Segment]:
        pieces: list[Segment] = []
        for index, (_, group) in enumerate(groups):
            pieces += ([piece("    ")] if index else []) + group
        return [*pieces, piece(" ")] if pieces else []

    def _as_of(self, now_ms: int) -> str:
        if self.view is None or self.view.as_of_ms is None:
            return ""
        ago = age((now_ms - self.view.as_of_ms) / 1000)
        return ", as of now" if ago == "now" else f", as of {ago} ago"

    def _groups(
        self, view: HeaderView, palette: Palette
    ) -> list[tuple[int, list[Segment]]]:
        """Groups in order of place, each with its worth."""
        look = look_of(self)
        muted, key = palette.style(Tone.MUTED), palette.style(Tone.ACCENT)
        need = palette.style(Tone.NEED)
        groups = []
        if view.needs:
            mark = "" if look.plain else f"{sign('▲', look)} "
            verb = "needs you" if view.needs == 1 else "need you"
            strong = palette.style(Tone.NEED, bold=True)
            groups.append(
                (9, [piece(f"{mark}{view.needs} ", strong), piece(verb, need)])
            )
        if view.working:
            mark = "" if look.plain else f"{sign('●', look)} "
            groups.append(
                (
                    5,
                    [
                        piece(mark, palette.style(Tone.WORK)),
                        piece(f"{view.working} working", palette.style(Tone.TEXT)),
                    ],
                )
            )
        plural = "thread" if view.threads == 1 else "threads"
        total = f"{view.threads} {plural}{self._as_of(self.now_ms)}"
        groups.append((3, [piece(total, muted)]))
        search = [piece("/", key), piece(" search", muted)]
        helps = [piece("?", key), piece(" help", muted)]
        return [*groups, (2, search), (4, helps)]

    def on_click(self, event: events.Click) -> None:
        """The hints stand at the right edge: search, then help."""
        from_end = self.size.width - event.x
        if 1 < from_end <= 7:
            self.post_message(PressKey("?"))
        elif 11 < from_end <= 19:
            self.post_message(PressKey("/"))
