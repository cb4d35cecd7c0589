"""The bottom line: the live sandbox mode of what is selected, always there.

Owns how the mode is drawn at every width. Does not own what is in force
(`state.select`) nor how long a message stays. Invariant: hints go first, then
terminals, then the parts from the right; the mode itself is never cut away. A message
that does not fit beside the mode stands above it, whole up to a few rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.strip import Strip

from state.views import SandboxLine, Tone
from state.words import age
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.intents import OpenSandbox
from widgets.lines import Pieces, cut, line, piece, width_of, wrap
from widgets.palette import Back, Palette, palette_of

if TYPE_CHECKING:
    from textual import events

_BACKS = {"danger": Back.DANGER, "alarm": Back.ALARM}


MOST = 3
"""Rows of a long message."""


class StatusBar(Drawn, can_focus=True):
    """One row, more while a long message is said. Enter or a click posts
    OpenSandbox."""

    DEFAULT_CSS = "StatusBar { height: 1; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "inspect", "why", id="status.inspect", show=False)
    ]

    view: reactive[SandboxLine | None] = reactive[SandboxLine | None](None)
    now_ms: reactive[int] = reactive(0, repaint=False)
    message: reactive[str] = reactive("")
    """Replaces the hints while it is set; the caller clears it."""

    def watch_message(self) -> None:
        """As many rows as the message needs."""
        self._fit()

    def watch_view(self) -> None:
        """The mode leaves another room."""
        self._fit()

    def on_resize(self) -> None:
        """Another width."""
        self._fit()

    def _fit(self) -> None:
        rows = len(self._above) + 1
        height = self.styles.height
        if self.is_attached and (height is None or height.value != rows):
            self.styles.height = rows

    @property
    def _above(self) -> list[str]:
        """The rows of a message for which there is no room beside the mode."""
        view, width = self.view, self.size.width
        words = self.message or (view.message if view is not None else "")
        if view is None or not words or not width or look_of(self).plain:
            return []
        mode = width_of(self._mode(view, palette_of(self), Back.PANEL))
        if cell_len(words) + mode + 4 <= width:
            return []
        rows = wrap(words, max(10, width - 2))
        if len(rows) > MOST:
            rows = [*rows[: MOST - 1], f"{rows[MOST - 1][: width - 3]}…"]
        return rows

    def set_clock(self, now_ms: int) -> None:
        """It is `now_ms`; draws only when the row reads differently."""
        before = self._auto_words()
        self.now_ms = now_ms
        if self._auto_words() != before:
            self.refresh()

    def _auto_words(self) -> str:
        view = self.view
        if view is None or not view.auto:
            return ""
        plural = "" if view.auto == 1 else "s"
        since = age(max(0, self.now_ms - view.auto_since_ms) / 1000)
        return f"{view.auto} auto-review{plural} running · {since}"

    def _auto(self, palette: Palette, back: Back, room: int) -> list[Segment]:
        """What auto-review decides just now; r shows the commands."""
        words = self._auto_words()
        if not words or self.message:
            return []
        tone = Tone.AUTO if back is Back.PANEL else Tone.TEXT
        style, look = palette.style(tone, back), look_of(self)
        glyph = sign("◇", look)
        for text in (f"  {glyph} {words} ", f"  {glyph} {words.split()[0]} "):
            if len(text) <= room:
                return [piece(text, style)]
        return []

    def draw_line(self, y: int) -> Strip:
        """The mode, below what is said."""
        view, width = self.view, self.size.width
        palette, look = palette_of(self), look_of(self)
        back = Back.PANEL if view is None else _BACKS.get(view.level, Back.PANEL)
        fill = palette.back(back)
        if view is None:
            return Strip.blank(width, fill)
        if look.plain:
            return self._plain(view, width)
        above = self._above
        if y < len(above):
            said = piece(f" {above[y]}", palette.style(Tone.TEXT))
            return line([said], (), width)
        mode = self._mode(view, palette, back)
        words = "" if above else self.message or view.message
        auto = self._auto(palette, back, width - width_of(mode) - 1)
        left = width - width_of(mode) - width_of(auto) - 1
        right = [*auto, *self._right(view, words, palette, back, left)]
        room = width - width_of(mode) - width_of(right) - 1
        parts = self._parts(view, palette, back, room)
        strip = line([*mode, *parts], right, width, fill, gap=0)
        if self.has_focus:
            bar = palette.style(Tone.ACCENT, back, bold=True)
            strip = Strip.join(
                [Strip([piece(sign("▌", look), bar)]), strip.crop(1, width)]
            )
        return strip

    def _mode(self, view: SandboxLine, palette: Palette, back: Back) -> list[Segment]:
        look = look_of(self)
        loud = back is not Back.PANEL
        quiet = palette.style(Tone.MUTED if view.level == "stale" else Tone.TEXT, back)
        strong = palette.style(Tone.TEXT if loud else Tone.BRIGHT, back, bold=True)
        glyph = sign(view.glyph, look).strip()
        if view.level == "alarm":
            asked, _, rest = view.lead.partition(",")
            verb, _, name = asked.rpartition(" ")
            pieces = [piece(f" ! {verb} ", quiet), piece(name, strong)]
            tail = f"{glyph} " if glyph else ""
            pieces.append(piece(f",{rest} {tail}" if rest else f" {tail}", quiet))
            return [*pieces, piece(f"{view.mode} ", strong)]
        glyph = f" {glyph} " if glyph else " "
        lead = f"{view.lead.strip()} " if view.lead.strip() else ""
        return [piece(f"{glyph}{lead}", quiet), piece(view.mode, strong)]

    def _parts(
        self, view: SandboxLine, palette: Palette, back: Back, room: int
    ) -> list[Segment]:
        style = palette.style(Tone.MUTED if view.level == "stale" else Tone.TEXT, back)
        dot = palette.style(Tone.MUTED if back is Back.PANEL else Tone.TEXT, back)
        apart = {"danger": "  ", "alarm": " "}.get(view.level, " · ")
        pieces: list[Segment] = []
        for part in view.parts:
            more = [piece(apart, dot), piece(part, style)]
            if width_of(pieces) + width_of(more) + 1 > room:
                break
            pieces += more
            apart = " · "
        return pieces

    def _right(
        self, view: SandboxLine, words: str, palette: Palette, back: Back, room: int
    ) -> Pieces:
        loud = back is not Back.PANEL
        text = palette.style(Tone.TEXT, back)
        quiet = text if loud else palette.style(Tone.MUTED, back)
        if words:
            return [*cut([piece(f"  {words}", text)], room - 1), piece(" ", text)]
        ways: list[list[Segment]] = []
        hints = view.hints
        count = f"{view.terminals} terminal{'' if view.terminals == 1 else 's'}"
        if loud:
            ways = [[piece("    ".join(hints), text)]] if hints else []
            if view.terminals:
                ways.insert(
                    0, [piece(f"{count} · {hints[0]}" if hints else count, text)]
                )
        else:
            some = [piece(count, text)] if view.terminals else []
            none = some or [piece("no terminals", quiet)]
            if hints:
                first = piece(f" · {hints[0]}" if some else f"    {hints[0]}", quiet)
                rest = [piece(f"    {hint}", quiet) for hint in hints[1:]]
                ways = [[*none, first, *rest[:n]] for n in range(len(rest), -1, -1)]
                if some and hints[0] == "/ps /stop":
                    ways.insert(0, [*self._in_full(view, palette, back), *rest])
            elif not some:
                ways = [none]
            if some:
                ways.append(some)
        wanted = self._wanted(view)
        for way in ways:
            only_count = bool(view.terminals) and len(way) == 1
            floor = 0 if only_count else wanted
            if width_of(way) + 3 + floor <= room:
                return [piece("  ", text), *way, piece(" ", text)]
        return []

    @staticmethod
    def _in_full(view: SandboxLine, palette: Palette, back: Back) -> list[Segment]:
        """The count with both ways on, in words; the commands are keys."""
        number = view.terminals
        words = f"{number} background terminal{'' if number == 1 else 's'}"
        quiet = palette.style(Tone.MUTED, back)
        key = palette.style(Tone.ACCENT, back)
        return [
            piece(words, palette.style(Tone.TEXT, back)),
            piece(" · ", quiet),
            piece("/ps", key),
            piece(" to view · ", quiet),
            piece("/stop", key),
            piece(" to stop", quiet),
        ]

    @staticmethod
    def _wanted(view: SandboxLine) -> int:
        """The cells all parts would take: hints go before any of them does."""
        return sum(len(part) + 3 for part in view.parts)

    def _plain(self, view: SandboxLine, width: int) -> Strip:
        said = " ".join(part for part in (view.lead.strip(), view.mode) if part)
        words = ", ".join((said, *view.parts))
        message = self.message or view.message
        if message:
            return line([piece(f"{message} Sandbox: {said}")], (), width)
        count = f"Terminals: {view.terminals}" if view.terminals else ""
        auto = self._auto_words()
        right = ". ".join(part for part in (auto, count) if part)
        return line([piece(f"Sandbox: {words}")], [piece(right)], width)

    def action_inspect(self) -> None:
        """Why is this in force?"""
        self.post_message(OpenSandbox())

    def on_click(self, event: events.Click) -> None:
        """As enter."""
        event.stop()
        self.action_inspect()
