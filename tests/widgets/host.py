"""A host app for one widget, and the looks at what it drew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from state.items import ThreadId
from state.views import Bit, Glyph, ThreadGroup, ThreadListView, ThreadRow, Tone
from tests.clockwork import piloted
from tui.themes import THEMES, variable_defaults
from widgets.glyphs import Look
from widgets.intents import Intent

NOW = 1_800_000_000_000

HOSTILE = (
    "error in [/foo] [bold]x[/bold]",
    "esc \x1b[31mred\x1b]0;title\x07 \x9b2J end",
    "rtl \u202eabc\u202c \u2066x\u2069",
    "日本語のスレッドの題名はとても長い、とても長い、とても長い",
    "emoji 👩‍👩‍👧‍👦 🇩🇪 ☎️ ok",
    "line\nbreak\tand tab\r",
    "x" * 10_000,
    "",
)


class Host(App[None]):
    """Shows what `build` makes; keeps every intent that reached it."""

    def __init__(
        self,
        build: Callable[[], list[Widget]],
        *,
        theme: str = "ink",
        look: Look | None = None,
    ) -> None:
        super().__init__()
        for one in THEMES:
            self.register_theme(one)
        self.theme = theme
        self.look = look or Look()
        self._build = build
        self.intents: list[Intent] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme)

    def compose(self) -> ComposeResult:
        yield from self._build()

    async def _dispatch_message(self, message: Message) -> None:
        if isinstance(message, Intent):
            self.intents.append(message)
        await super()._dispatch_message(message)

    def of(self, kind: type[Any]) -> list[Any]:
        """The intents of a kind, in order."""
        return [intent for intent in self.intents if isinstance(intent, kind)]


Act = Callable[[Host, Pilot[None]], Awaitable[None]]


def play(
    build: Callable[[], list[Widget]],
    act: Act,
    size: tuple[int, int] = (80, 24),
    *,
    theme: str = "ink",
    look: Look | None = None,
) -> Host:
    """Run a host app and let `act` use it; returns it for its intents."""
    app = Host(build, theme=theme, look=look)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await act(app, pilot)
            await pilot.pause()

    piloted(run())
    return app


def drawn(widget: Widget) -> list[str]:
    """The widget's lines as text."""
    return [strip_of(widget, y).text for y in range(widget.size.height)]


def strip_of(widget: Widget, y: int) -> Strip:
    return widget.render_line(y)


def assert_harmless(widget: Widget) -> None:
    """Every strip has the widget's width and holds no control character."""
    assert widget.size.height > 0
    for y in range(widget.size.height):
        strip = strip_of(widget, y)
        assert strip.cell_length == widget.size.width, (y, strip.text)
        assert sum(s.cell_length for s in strip) == widget.size.width
        for char in strip.text:
            code = ord(char)
            assert code >= 32 and not 0x7F <= code < 0xA0, hex(code)
            assert not 0x202A <= code <= 0x202E, hex(code)
            assert not 0x2066 <= code <= 0x2069, hex(code)


def thread(
    key: str, title: str = "", *, detail: str = "", unread: bool = False
) -> ThreadRow:
    return ThreadRow(
        ThreadId(key),
        Glyph.READY,
        Tone.MUTED,
        title or f"thread {key}",
        (Bit(detail, Tone.MUTED),) if detail else (),
        NOW - 120_000,
        unread,
        unread,
        "ready",
    )


def listed(*rows: ThreadRow, title: str = "Ready") -> ThreadListView:
    return ThreadListView((ThreadGroup(title, Tone.MUTED, rows),), len(rows))
