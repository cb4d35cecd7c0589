"""Some lines when the engine is gone or missing, or nobody is logged in.

Owns their look. Invariant: the next try and the keys are whole; the words before
them are cut. Says nothing that is not in its read model, and what an engine wrote
last takes no more than a few rows. A bare letter is offered only where it is no word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip

from state.views import BannerView, Tone
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.intents import PressKey
from widgets.lines import line, piece, wrap
from widgets.palette import Back, palette_of

if TYPE_CHECKING:
    from textual import events
    from textual.geometry import Size
    from textual.widget import Widget

ROWS = 3
SHORT, FEW, MORE = 30, 3, 5
"""Below `SHORT` rows of the screen an engine's last words take `FEW` rows at most."""


def last_rows(lines: Sequence[str], width: int, most: int) -> list[str]:
    """The end of these lines in `most` rows: whole lines, from the last one back; of
    one that is too long by itself its beginning."""
    rows: list[str] = []
    for text in reversed(lines):
        wrapped = wrap(text, width)
        if len(rows) + len(wrapped) > most:
            if not rows:
                rows = [*wrapped[: most - 1], f"{wrapped[most - 1][: width - 1]}…"]
            break
        rows = [*wrapped, *rows]
    return rows


class Banner(Drawn):
    """Three rows and an engine's last words; hidden without a view. A click on a key
    posts PressKey."""

    DEFAULT_CSS = """
    Banner { height: auto; width: 1fr; margin-bottom: 1; display: none; }
    Banner.-shown { display: block; }
    """

    view: reactive[BannerView | None] = reactive[BannerView | None](None, layout=True)
    now_ms: reactive[int] = reactive(0, repaint=False)

    def on_mount(self) -> None:
        """Where the focus is decides what a letter means."""
        self.watch(self.screen, "focused", self._focus_moved, init=False)

    def _focus_moved(self, before: Widget | None, now: Widget | None) -> None:
        if writes(before) != writes(now):
            self.refresh()

    def watch_view(self, view: BannerView | None) -> None:
        """Shown only when there is something to say."""
        self.set_class(view is not None, "-shown")

    def set_clock(self, now_ms: int) -> None:
        """It is `now_ms`; draws only when the countdown reads differently."""
        before, self.now_ms = self.now_ms, now_ms
        if self._retry(before) != self._retry(now_ms):
            self.refresh()

    def _retry(self, now_ms: int) -> str:
        if self.view is None or self.view.retry_at_ms is None:
            return ""
        seconds = -(-(self.view.retry_at_ms - now_ms) // 1000)
        return f"trying again in {seconds}s" if seconds > 0 else "trying again now"

    # -- rows ----------------------------------------------------------------------

    def _said(self, width: int) -> list[str]:
        if self.view is None or not self.view.said:
            return []
        most = FEW if self.app.size.height < SHORT else MORE
        return last_rows(self.view.said, max(10, width - 6), most)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Three rows, and the last words."""
        del container, viewport
        return ROWS + len(self._said(width))

    @property
    def _keys(self) -> list[tuple[str, str, str]]:
        """The key, how it is written here, what it does."""
        view = self.view
        if view is None:
            return []
        typed = writes(self.screen.focused)
        return [
            (key, f"esc {key}" if typed and len(key) == 1 else key, label)
            for key, label in view.keys
        ]

    def draw_line(self, y: int) -> Strip:
        """A row."""
        view, width = self.view, self.size.width
        if view is None:
            return Strip.blank(width)
        palette, look = palette_of(self), look_of(self)
        back = Back.FAIL_SOFT if view.tone is Tone.FAIL else Back.NEED_SOFT
        fill = palette.back(back)
        bar = "" if look.plain else sign("▌", look)
        text, muted = palette.style(Tone.TEXT, back), palette.style(Tone.MUTED, back)
        left = [piece(f"{bar} ", palette.style(view.tone, back))]
        right: list[Segment] = []
        match y:
            case 0:
                title = palette.style(view.tone, back, bold=True)
                left.append(piece(view.title, title))
                left.append(piece(f"   {view.title_detail}", text))
                strong = palette.style(Tone.BRIGHT, back, bold=True)
                if retry := self._retry(self.now_ms):
                    right.append(piece(retry, strong))
            case 1:
                left.append(piece(view.body, text))
            case 2:
                left.append(piece(view.foot, muted))
                for _, key, label in self._keys:
                    right.append(piece("   " if right else "", muted))
                    right.append(piece(key, palette.style(Tone.ACCENT, back)))
                    right.append(piece(f" {label}", muted))
            case _:
                said = self._said(width)
                row = said[y - ROWS] if y - ROWS < len(said) else ""
                left.append(piece(f"  {row}", text))
        end = [*right, piece("  ", fill)] if right else []
        return line(left, end, width, fill, gap=2)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        if self.view is None or event.y != ROWS - 1:
            return
        end = self.size.width - 2
        for key, written, label in reversed(self._keys):
            start = end - len(written) - 1 - len(label)
            if start <= event.x < end:
                self.post_message(PressKey(key))
                return
            end = start - 3


def writes(focused: Widget | None) -> bool:
    """A letter typed there is a letter."""
    return focused is not None and focused.check_consume_key("a", "a")
