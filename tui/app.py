"""The Textual app: receives Services, owns themes, modes and the clock. Builds nothing.

Owns the one clock that all widgets are told (once a second, the spinner eight times),
and the life of the bridge. Does not own what a screen shows (`tui.screens`) nor what
an action does. Invariant: nothing is written to the terminal while nothing changes.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.driver import Driver

from tui.crash import EXIT_CODE
from tui.screens import late
from tui.terminal import Terminal
from tui.themes import DEFAULT, THEMES, variable_defaults
from tui.typeahead import KeysInOrder
from widgets.glyphs import Look

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.screen import Screen
    from textual.timer import Timer

    from state.store import Published
    from tui.services import Services

SPINNER_SECONDS = 1 / 8
SPINNER_REST = 0.6 * SPINNER_SECONDS
"""What is drawn anyway turns the spinner along, if it stood for so long"""
TURN = 0.001
"""Seconds. Keys are read and pictures written in threads: so long they wait for us."""
GARBAGE = 5_000
"""Values that may be made before the young ones are searched for garbage"""
_HERE = Path(__file__).parent
PAGE: list[str | PurePath] = [_HERE / "page.tcss"]
"""What the first picture needs; the rest is parsed when it is painted"""
STYLES = (_HERE / "base.tcss", _HERE / "screens" / "fleet.tcss")


def _commands() -> type[Provider]:
    return late.palette.RegistryCommands


class CodexTui(KeysInOrder):
    """`codex-tui` in a terminal."""

    TITLE = "codex-tui"
    COMMANDS = {_commands}  # noqa: RUF012 - Textual's own name and type
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual's own name and type
        (0, "-narrow"),
        (100, "-normal"),
        (140, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-short"),
        (30, "-medium"),
        (36, "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit_asking", "quit", id="quit", priority=True, show=False),
        Binding("ctrl+c", "how_to_quit", "", id="app.copy", show=False),
        Binding("ctrl+z", "suspend_process", "", id="app.stop", show=False),
    ]
    ENABLE_COMMAND_PALETTE = True
    _dressed = False

    def __init__(
        self, services: Services, front: Callable[[], Screen[None]] | None = None
    ) -> None:
        """`front`: what is shown until the fleet screen was read."""
        super().__init__(PAGE if front else [*PAGE, *STYLES])
        self.services = services
        self._front = front
        self._fleet: late.fleet.FleetScreen | None = None
        if front is not None:
            self.hold_keys()
        self.look = Look(
            ascii=services.ascii, plain=services.plain, still=services.still
        )
        for theme in THEMES:
            self.register_theme(theme)
        self._wear(services.theme)
        self._frame = 0
        self._spun = 0.0
        self._spinner: Timer | None = None
        self._gone = False
        self._drawn = 0
        self._asked_to_quit = False
        self._starting: asyncio.Task[None] | None = None
        self._within: Context | None = None
        """What the app runs in; None before it does"""
        self._leaving: asyncio.Task[None] | None = None
        self._hung_up = False
        self.set_keymap(dict(services.config.keymap))

    def _wear(self, name: str | None) -> None:
        """A theme from the start: set later, all styles would be parsed twice."""
        theme = self.get_theme(name or DEFAULT) or self.available_themes[DEFAULT]
        self._dressed = True
        if theme.ansi:  # More than styles depend on it: Textual's own way.
            self.theme = theme.name
            return
        self.set_reactive(CodexTui.theme, theme.name)
        self.add_class(
            f"-theme-{theme.name}", f"-{'dark' if theme.dark else 'light'}-mode"
        )
        self.stylesheet.set_variables(self.get_css_variables())

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours; none while Textual has not been told of ours."""
        return super().get_css_variables() if self._dressed else {}

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables, for themes that lack them."""
        return variable_defaults(self.current_theme)

    @cached_property
    def signals(self) -> late.signals.Signals:
        """Calls to the user that leave the window."""
        notify = self.services.config.notify
        return late.signals.Signals(notify, os.environ, self._to_terminal, self.say)

    @property
    def fleet(self) -> late.fleet.FleetScreen:
        """Home."""
        assert self._fleet is not None
        return self._fleet

    def get_default_screen(self) -> Screen[None]:
        """Home, or the picture before it, is the first screen: pushed over Textual's
        own, all would be laid out and drawn once for nothing."""
        self.set_class(self.look.plain, "-plain-words")
        return self._fitted(self._front()) if self._front else self._make_fleet()

    def _make_fleet(self) -> Screen[None]:
        self.services.recall()
        self._fleet = late.fleet.FleetScreen(self.services)
        return self._fitted(self._fleet)

    def _fitted(self, screen: Screen[None]) -> Screen[None]:
        # Textual would tell it after the first layout, and lay it out again.
        for steps, extent in (
            (self.HORIZONTAL_BREAKPOINTS, self.size.width),
            (self.VERTICAL_BREAKPOINTS, self.size.height),
        ):
            fitting = [name for least, name in sorted(steps) if extent >= least]
            screen.add_class(*fitting[-1:])
        return screen

    def on_mount(self) -> None:
        """Paint what the store knows, then let the engine in."""
        self.services.on_publish = self._published
        self._within = copy_context()
        if self._hung_up:
            self.exit()
        else:
            self.call_after_refresh(self._open_fleet if self._front else self._start)

    async def _open_fleet(self) -> None:
        """The first picture stands: home is laid over it."""
        # Read here and now: with the screen's own, Textual would parse all anew.
        self.stylesheet.read_all(STYLES)
        await self.push_screen(self._make_fleet())
        # Not before the focus is where home puts it: that is asked of us, too.
        self.call_later(self._leave_front)

    async def _leave_front(self) -> None:
        """Home stands: it gets the keys that came. Textual keeps the lowest screen,
        but what is on it can go."""
        await self.release_keys()
        self.screen_stack[0].remove_children()
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        # Beside all screens: one that waited for this would not handle a key meanwhile.
        self._starting = asyncio.create_task(self._begin_or_fail())

    async def _begin_or_fail(self) -> None:
        try:
            await self._begin()
        except Exception as error:
            self._handle_exception(error)

    async def _begin(self) -> None:
        await self.services.begin()
        if self._gone:
            return
        for sentence in self.services.config.problems:
            self.say(sentence)
        late.load()
        gc.freeze()  # What the program is made of is not searched for garbage again.
        sys.setswitchinterval(TURN)
        gc.set_threshold(
            GARBAGE, 20
        )  # What a stream brings dies of itself: look seldom.
        gc.enable()
        self._tell_time()
        if not self.look.still:
            self.set_interval(1.0, self._tell_time)
            self._spinner = self.set_interval(SPINNER_SECONDS, self._spin, pause=True)

    def _published(self, step: Published) -> None:
        if self._gone:
            return
        self._count_drawn()
        self.fleet.take(step)
        for board in self.boards:
            board.take(step)
        self._spin()
        self._wake()
        if not all(event.__class__ is late.events.ItemDelta for event in step.events):
            self.signals.count(*self.fleet.presenter.counts)
        watched = self.fleet.presenter.looking.thread if self.app_focus else None
        notify = self.services.config.notify
        self.signals.call(
            late.attention.calls_of(
                step.before, step.world, step.events, notify, watched=watched
            )
        )

    def _count_drawn(self) -> None:
        """What was drawn since the last publish slows the next one."""
        written = getattr(self._driver, "written", 0)
        if self.services.store is not None:
            self.services.store.gate.drawn(written - self._drawn)
        self._drawn = written

    def _to_terminal(self, data: str) -> None:
        """Bytes past the screen; the driver's own writer keeps them in order."""
        if self._driver is not None and not self._gone:
            self._driver.write(data)

    @property
    def boards(self) -> list[late.board.Board]:
        """The full screens that lie over the fleet, lowest first."""
        board = late.board.Board
        return [screen for screen in self.screen_stack if isinstance(screen, board)]

    def _tell_time(self) -> None:
        self._set_clocks()
        self._wake()

    def _set_clocks(self) -> None:
        now = self.services.clock()
        self.fleet.set_clock(now, self._frame)
        for board in self.boards:
            board.set_clock(now, self._frame)

    def _wake(self) -> None:
        """Turn the spinner while something lives and somebody looks."""
        if self._spinner is not None and self._turning:
            self._spinner.resume()

    @property
    def _turning(self) -> bool:
        return self.fleet.live and self.app_focus

    def _spin(self) -> None:
        """With a publish, else when it is time: two pictures cost twice as much."""
        if self._spinner is None:
            return
        if not self._turning:
            self._spinner.pause()
            return
        now = asyncio.get_running_loop().time()
        if now - self._spun >= SPINNER_REST:
            self._spun = now
            self._frame += 1
            clock = self.services.clock()
            self.fleet.turn_spinner(clock, self._frame)
            for board in self.boards:
                board.set_clock(clock, self._frame)

    # -- faults ------------------------------------------------------------------

    @property
    def fault(self) -> Exception | None:
        """The exception that ended the app."""
        return self._exception

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver with our rules for a terminal."""
        return Terminal

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours: leave. Whoever started us reports it; Textual would print
        a traceback with the values of variables."""
        self._return_code = EXIT_CODE
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def say(self, text: str) -> None:
        """A sentence in the bottom line, if there is one yet."""
        if not self._gone and self.is_running and self._fleet is not None:
            self._fleet.say(text)

    # -- leaving -----------------------------------------------------------------

    async def action_quit_asking(self) -> None:
        """ctrl+q, /quit: a private engine ends with this window, so what would die with
        it is named first; pressed once more it goes."""
        lines = self.fleet.terminal_desk.dies_with_us()
        if not lines or self._asked_to_quit:
            await self.action_leave()
            return
        self._asked_to_quit = True
        self.push_screen(late.dialogs.quit_private(lines), self._quit_answered)

    def _quit_answered(self, answer: str | None) -> None:
        self._asked_to_quit = False
        if answer == "yes":
            self.call_later(self.action_leave)

    async def action_leave(self) -> None:
        """Quit: agents go on, drafts are on disk."""
        # A signal may overtake the composer's own word of the last key.
        if self._fleet is not None:
            self._fleet.stash_draft()
        await self.services.end()
        self.signals.restore()
        self.exit()

    def leave_by_signal(self) -> None:
        """SIGHUP, SIGTERM: at any moment, and more than once. It ends, whatever fails
        on the way."""
        self._hung_up = True
        if self._leaving is not None or self._within is None:
            return  # on its way already; or not begun, then there is nothing to keep
        # In the app's own context: from outside, a widget does not know its app, and
        # what it starts in leaving would fail.
        self._leaving = asyncio.get_running_loop().create_task(
            self._leave_or_fail(), context=self._within
        )

    async def _leave_or_fail(self) -> None:
        try:
            await self.action_leave()
        except Exception as error:
            self._handle_exception(error)

    def action_command_palette(self) -> None:
        """Ours: its cursor rests."""
        if not isinstance(self.screen, late.palette.Palette):
            self.push_screen(late.palette.Palette(id="--command-palette"))

    def action_how_to_quit(self) -> None:
        """ctrl+c clears nothing and ends nothing; it says how to quit."""
        selected = self.screen.get_selected_text()
        if selected:
            self.fleet.copy(selected)
        else:
            self.fleet.say("ctrl+q quits; agents go on without this window")

    async def on_unmount(self) -> None:
        """However we leave, what was typed is written."""
        self.signals.restore()
        self._gone = True  # What is published from here on has no screen to go to.
        await self.services.end()
