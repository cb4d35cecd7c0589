"""A setting as a row of options, and the switches of one: the form of /approvals.

Owns the two rows and their keys. Does not own what a value means. Invariants: the
chosen option stands in [ ] and bold; one that is not allowed cannot be chosen, and
says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from state.views import Option, Setting, Switch, Tone
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.intents import Say
from widgets.lines import bits, line, piece, width_of
from widgets.palette import palette_of

if TYPE_CHECKING:
    from textual import events
    from textual.geometry import Size


Row = list[tuple[int, list[Segment]]]
"""Options with their indexes"""
LABEL = 15
"""Cells of a label, its margin and the air after it."""
ASIDE = 22
"""Cells that most words beside a row need. A row that has any is closer together where
they would not fit, however long they are just now: options do not move under a hand."""


class SettingRow(Drawn, can_focus=True):
    """One row of options. Posts Picked; the owner answers with a new `view`."""

    DEFAULT_CSS = "SettingRow { height: auto; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "before", id="setting.left", show=False),
        Binding("right,l,space", "step(1)", "after", id="setting.right", show=False),
        *(Binding(f"{n}", f"pick({n})", "by number", show=False) for n in range(1, 10)),
    ]

    view: reactive[Setting | None] = reactive[Setting | None](None, layout=True)

    class Picked(Message):
        """The user wants this value."""

        def __init__(self, row: SettingRow, value: str) -> None:
            super().__init__()
            self.row = row
            self.value = value

        @property
        def control(self) -> SettingRow:
            """The row."""
            return self.row

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.label = label

    @property
    def options(self) -> tuple[Option, ...]:
        """What there is to choose from."""
        return self.view.options if self.view is not None else ()

    def _at(self) -> int:
        values = [option.value for option in self.options]
        value = self.view.value if self.view is not None else ""
        return values.index(value) if value in values else -1

    def _parts(self) -> list[list[Segment]]:
        palette, look = palette_of(self), look_of(self)
        at, parts = self._at(), []
        for index, option in enumerate(self.options):
            words = f"{index + 1} {option.label}" if look.plain else option.label
            if option.blocked:
                words = f"{sign('⊘', look)} {words}"
            if index != at:
                tone = Tone.FAIL if option.danger and not option.blocked else Tone.MUTED
                parts.append([piece(f" {words} ", palette.style(tone))])
                continue
            mark = Tone.ACCENT if self.has_focus else Tone.MUTED
            tone = Tone.FAIL if option.danger else Tone.BRIGHT
            parts.append(
                [
                    piece("[", palette.style(mark, bold=True)),
                    piece(words, palette.style(tone, bold=True)),
                    piece("]", palette.style(mark, bold=True)),
                ]
            )
        return parts

    def _rows(self, width: int) -> list[Row]:
        """The options as they stand in each line: closer together where there is
        little room, and in further lines where there is not enough of it."""
        parts = list(enumerate(self._parts()))
        room = width - LABEL
        taken = sum(width_of(part) for _, part in parts)
        beside = ASIDE if self.view is not None and self.view.aside else 0
        if taken + len(parts) <= room - beside:
            return [_spaced(parts, 1)]
        if taken <= room:
            return [_spaced(parts, 0)]
        rows: list[Row] = []
        for part in _spaced(parts, 1):
            if not rows or _width(rows[-1]) + width_of(part[1]) > room:
                rows.append([])
            rows[-1].append(part)
        return rows or [[]]

    def _aside(self) -> list[Segment]:
        aside = bits(self.view.aside, palette_of(self)) if self.view else []
        return [*aside, piece("  ")] if aside else []

    def _folded(self, width: int) -> bool:
        """What would change needs a row of its own; where a value is from does not
        get one."""
        changed = self.view is not None and any(
            bit.tone is Tone.NEED for bit in self.view.aside
        )
        return changed and not self._beside(width)

    def _beside(self, width: int) -> bool:
        """There is room for the aside behind the last options."""
        taken = LABEL + _width(self._rows(width)[-1]) + 2 + width_of(self._aside())
        return taken <= width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the options take, and one for what would change."""
        del container, viewport
        return len(self._rows(width)) + self._folded(width)

    def draw_line(self, y: int) -> Strip:
        """Label, options, what would change."""
        palette, width = palette_of(self), self.size.width
        rows = self._rows(width)
        if y >= len(rows):
            return line([piece(" " * (LABEL + 1)), *self._aside()], (), width)
        tone = Tone.ACCENT if self.has_focus else Tone.TEXT
        name = self.label if y == 0 else ""
        label = piece(f"  {name:<{LABEL - 2}}", palette.style(tone))
        pieces = [one for _, part in rows[y] for one in part]
        last = y == len(rows) - 1 and self._beside(width)
        return line([label, *pieces], self._aside() if last else [], width, gap=2)

    def action_step(self, step: int) -> None:
        """The next one that is allowed."""
        number = len(self.options)
        at = self._at()
        for away in range(1, number + 1):
            index = (at + step * away) % number
            if not self.options[index].blocked:
                self._pick(index)
                return

    def action_pick(self, number: int) -> None:
        """By number, as plain mode shows them."""
        if number <= len(self.options):
            self._pick(number - 1)

    def _pick(self, index: int) -> None:
        option = self.options[index]
        if option.blocked:
            self.post_message(Say(option.blocked))
        elif index != self._at():
            self.post_message(self.Picked(self, option.value))

    def on_click(self, event: events.Click) -> None:
        """The one that was clicked."""
        rows, at = self._rows(self.size.width), LABEL
        for index, part in rows[event.y] if event.y < len(rows) else ():
            end = at + width_of(part)
            if at <= event.x < end:
                self._pick(index)
                return
            at = end

    def on_focus(self) -> None:
        """Brackets in the accent."""
        self.refresh()

    def on_blur(self) -> None:
        """Brackets at rest."""
        self.refresh()


def _spaced(row: Row, air: int) -> Row:
    return [(index, [*part, piece(" " * air)] if air else part) for index, part in row]


def _width(row: Row) -> int:
    return sum(width_of(part) for _, part in row)


class SwitchRow(Drawn, can_focus=True):
    """The switches of the granular policy. Posts Flipped."""

    DEFAULT_CSS = "SwitchRow { height: 1; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "before", id="switch.left", show=False),
        Binding("right,l", "step(1)", "after", id="switch.right", show=False),
        Binding("space", "flip", "on or off", id="switch.flip", show=False),
    ]

    view: reactive[tuple[Switch, ...]] = reactive[tuple[Switch, ...]](())
    live: reactive[bool] = reactive(False)
    at: reactive[int] = reactive(0)

    class Flipped(Message):
        """The user turned one on or off."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def watch_live(self, live: bool) -> None:
        """Only the granular policy has switches to turn."""
        self.can_focus = live

    def _parts(self) -> list[list[Segment]]:
        """The switches, in short words where the long ones do not fit."""
        parts = self._worded(short=False)
        fits = sum(map(width_of, parts)) <= self.size.width - LABEL - 2
        return parts if fits else self._worded(short=True)

    def _worded(self, *, short: bool) -> list[list[Segment]]:
        palette, look = palette_of(self), look_of(self)
        parts = []
        for index, switch in enumerate(self.view):
            word = (switch.short if short else "") or switch.label
            if not self.live:
                muted = palette.style(Tone.MUTED)
                dot = "" if index == 0 else sign("· ", look)
                parts.append([piece(f"{dot}{word} ", muted)])
                continue
            mark = sign("✓" if switch.on else "–", look)
            if look.plain:
                mark = "on:" if switch.on else "off:"
            here = self.has_focus and index == self.at
            tone = Tone.BRIGHT if switch.on else Tone.MUTED
            tone = Tone.ACCENT if here else tone
            edge = "[]" if here else "  "
            style = palette.style(tone, bold=here or switch.on)
            parts.append([piece(f"{edge[0]}{mark} {word}{edge[1]}", style)])
        return parts

    def draw_line(self, y: int) -> Strip:
        """The switches, under the policies."""
        lead = piece(" " * (LABEL + (0 if self.live else 1)))
        pieces = [p for part in self._parts() for p in part]
        return line([lead, *pieces], (), self.size.width)

    def action_step(self, step: int) -> None:
        """The one beside it."""
        if self.view:
            self.at = (self.at + step) % len(self.view)

    def action_flip(self) -> None:
        """Turn it."""
        if self.view and self.live:
            self.post_message(self.Flipped(self.view[self.at].name))

    def on_click(self, event: events.Click) -> None:
        """Turn the one that was clicked."""
        at = LABEL
        for index, part in enumerate(self._parts()):
            end = at + width_of(part)
            if at <= event.x < end and self.live:
                self.at = index
                self.action_flip()
                return
            at = end

    def on_focus(self) -> None:
        """Show where the cursor stands."""
        self.refresh()

    def on_blur(self) -> None:
        """At rest."""
        self.refresh()
