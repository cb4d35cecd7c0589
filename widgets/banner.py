"""Three lines when the engine is gone or missing, or nobody is logged in.

Owns their look. Invariant: the next try and the keys are whole; the words before
them are cut. Says nothing that is not in its read model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import reactive
from textual.strip import Strip

from state.views import BannerView, Tone
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.intents import PressKey
from widgets.lines import line, piece
from widgets.palette import Back, palette_of

if TYPE_CHECKING:
    from textual import events


class Banner(Drawn):
    """Three rows, hidden without a view. A click on a key posts PressKey."""

    DEFAULT_CSS = """
    Banner { height: 3; width: 1fr; margin-bottom: 1; display: none; }
    Banner.-shown { display: block; }
    """

    view: reactive[BannerView | None] = reactive[BannerView | None](None)
    now_ms: reactive[int] = reactive(0, repaint=False)

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

    def draw_line(self, y: int) -> Strip:
        """One of three rows."""
        view, width = self.view, self.size.width
        if view is None:
            return Strip.blank(width)
        palette, look = palette_of(self), look_of(self)
        back = Back.FAIL_SOFT if view.tone is Tone.FAIL else Back.NEED_SOFT
        fill = palette.back(back)
        bar = "" if look.plain else sign("▌", look)
        text, muted = palette.style(Tone.TEXT, back), palette.style(Tone.MUTED, back)
        left = [piece(f"{bar} ", palette.style(view.tone, back))]
        right = []
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
            case _:
                left.append(piece(view.foot, muted))
                for key, label in view.keys:
                    right.append(piece("   " if right else "", muted))
                    right.append(piece(key, palette.style(Tone.ACCENT, back)))
                    right.append(piece(f" {label}", muted))
        end = [*right, piece("  ", fill)] if right else []
        return line(left, end, width, fill, gap=2)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        if self.view is None or event.y != 2:
            return
        end = self.size.width - 2
        for key, label in reversed(self.view.keys):
            start = end - len(key) - 1 - len(label)
            if start <= event.x < end:
                self.post_message(PressKey(key))
                return
            end = start - 3
