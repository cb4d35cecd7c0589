"""Drives the running app as a person does: keys, pastes, clicks, looks at the screen.

Owns the way in (bytes through Textual's own terminal parser) and the looks. Does not
own what is true of the app: assertions look at the screen's text and at what reached
the fake engine. Invariant: no method waits in real time; `idle` is a fact, no guess.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual import events
from textual.keys import _character_to_key
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from tests.clockwork import Clockwork, clockwork
from tests.fakes import FakeEngine, fleet
from tests.snap import screen_text
from tui.app import CodexTui
from tui.pasting import PasteParser
from tui.screens.fleet import FleetScreen
from widgets.card_body import CardBody
from widgets.composer import Composer
from widgets.review_card import ReviewCard

Size = tuple[int, int]

WIDE, NORMAL, NARROW = (160, 50), (120, 40), (80, 24)
CHARACTERS = {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "backspace": "\x7f",
    "space": " ",
    "ctrl+j": "\n",
}


class Driver:
    """One running app and its engine."""

    def __init__(
        self, app: CodexTui, pilot: Pilot[None], engine: FakeEngine, loop: Clockwork
    ) -> None:
        self.app = app
        self.pilot = pilot
        self.engine = engine
        self.loop = loop
        self._parser = PasteParser()

    # -- in ------------------------------------------------------------------------

    def key(self, name: str) -> None:
        """A key arrives now; nothing is waited for."""
        character = CHARACTERS.get(name)
        if len(name) == 1:
            name, character = _character_to_key(name), name
        self._arrive(events.Key(name, character))

    def feed(self, text: str) -> None:
        """Bytes arrive from the terminal in one piece."""
        for message in self._parser.feed(text):
            self._arrive(message)

    def no_more(self) -> None:
        """Nothing followed what was fed: an escape that may begin more is a key."""
        if self._parser._timeout_time is not None:
            self._parser._timeout_time = 0
            for message in self._parser.tick():
                self._arrive(message)

    def _arrive(self, message: Message) -> None:
        driver = self.app._driver
        assert driver is not None
        driver.process_message(message)

    async def press(self, *names: str) -> Driver:
        """Keys, one after another, each with all that comes of it."""
        for name in names:
            self.key(name)
            await self.idle()
        return self

    async def type(self, text: str) -> Driver:
        """Text by hand: 80 ms between two keys."""
        for character in text:
            self.key(character)
            await self.loop.advance(80)
        return await self.idle()

    async def burst(self, text: str) -> Driver:
        """A paste of a terminal that has no brackets: bare keys at one moment."""
        self.feed(text.replace("\n", "\r"))
        return await self.idle()

    async def paste(self, text: str) -> Driver:
        """A bracketed paste."""
        self.feed(f"\x1b[200~{text}\x1b[201~")
        return await self.idle()

    def mouse(self, x: int, y: int) -> None:
        """A click arrives now."""
        self.feed(f"\x1b[<0;{x + 1};{y + 1}M\x1b[<0;{x + 1};{y + 1}m")

    async def click(self, x: int, y: int) -> Driver:
        """A click on a cell of the screen."""
        self.mouse(x, y)
        return await self.idle()

    async def resize(self, size: Size) -> Driver:
        """The terminal has another size."""
        await self.pilot.resize_terminal(*size)
        return await self.idle()

    async def wait(self, ms: float) -> Driver:
        """Time passes."""
        await self.loop.advance(ms)
        return await self.idle()

    async def idle(self) -> Driver:
        """Until all queues are drained, the store is published and lists are drawn."""
        await self.loop.settle()
        while self.busy:
            await self.loop.advance(50)
        await self.loop.advance(300)
        while self.busy:
            await self.loop.advance(50)
        return self

    @property
    def busy(self) -> bool:
        """Something waits to be published, or the app has not begun."""
        try:
            return self.app.services.bridge.busy
        except RuntimeError:
            return True

    @property
    def held(self) -> int:
        """Keys that arrived and wait until what came before them is done."""
        return len(self.app._waiting)

    # -- looks ---------------------------------------------------------------------

    @property
    def fleet(self) -> FleetScreen:
        """The home screen."""
        return self.app.fleet

    @property
    def composer(self) -> Composer:
        """Where one writes."""
        return self.fleet.query_one(Composer)

    @property
    def draft(self) -> str:
        """What stands in the composer."""
        return self.composer.text

    @property
    def card(self) -> CardBody:
        """The review card."""
        return self.fleet.query_one(ReviewCard).body

    @property
    def focused(self) -> Widget | None:
        """What has the focus, on the screen that is on top."""
        return self.app.focused

    @property
    def open(self) -> str | None:
        """The id of the open thread."""
        return self.fleet.presenter.looking.thread

    @property
    def dialog(self) -> str:
        """The class of the screen on top; "" when it is home."""
        top = self.app.screen
        return "" if isinstance(top, FleetScreen) else type(top).__name__

    def screen(self) -> str:
        """All that is on screen, as text."""
        return screen_text(self.app)

    def sees(self, *words: str) -> Driver:
        """Each of these is on screen."""
        text = self.screen()
        for word in words:
            assert word in text, f"{word!r} is not on screen:\n{text}"
        return self

    def sees_not(self, *words: str) -> Driver:
        """None of these is on screen."""
        text = self.screen()
        for word in words:
            assert word not in text, f"{word!r} is on screen:\n{text}"
        return self

    def spot(self, word: str) -> tuple[int, int]:
        """Where this stands on screen: (x, y)."""
        for y, line in enumerate(self.screen().splitlines()):
            if word in line:
                return line.index(word), y
        raise AssertionError(f"{word!r} is not on screen:\n{self.screen()}")

    # -- going somewhere -------------------------------------------------------------

    async def open_thread(self, title: str) -> Driver:
        """Open the thread whose title this is, from the list."""
        await self.press(*([] if self.dialog else ["escape"]))
        self.fleet.go_to(1)
        await self.idle()
        rows = self.fleet.pane_widget(1)
        thread_id = next(
            i for i, row in self.engine.threads.items() if row["name"] == title
        )
        assert rows.select(thread_id), title  # type: ignore[attr-defined]
        await self.press("enter")
        assert self.open == thread_id
        return self


Play = Callable[[Driver], Awaitable[Any]]


def drive(
    play: Play,
    *,
    size: Size = NORMAL,
    home: Path | None = None,
    prepare: Callable[[FakeEngine], None] = lambda _engine: None,
    still: bool = True,
    **services: Any,
) -> None:
    """Run the app on a fake engine and let `play` use it; fails if the app did."""

    async def work(loop: Clockwork) -> None:
        engine = FakeEngine(loop)
        prepare(engine)
        app = CodexTui(fleet(engine, home=home, still=still, **services))
        faults: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _loop, fault: faults.append(fault))
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, pilot, engine, loop)
            await driver.idle()
            await play(driver)
        assert not faults, faults

    clockwork(work)
