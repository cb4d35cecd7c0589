"""The first picture: the rows that the store knew, while the program is still read.

Owns a screen of the thread list, drawn with the fleet screen's own rows, header and
bottom line, each where the fleet screen has it: when that one takes its place nothing
moves. Does not own anything that can be done: keys wait (`tui.typeahead`) until the
fleet screen is there. Invariant: what is imported for it is what it draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from state.select.frame import header_view, sandbox_line
from state.select.threads import ListAsk, ThreadListBuilder
from state.tree import Forest
from widgets.bare import BareHorizontal, BareVertical, blank_lines
from widgets.header import Header
from widgets.status_bar import StatusBar
from widgets.thread_rows import HINTS, WIDE_ROW, Hints, ThreadRows, listed
from widgets.title_line import Hairline, TitleLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.services import Services


class FrontRows(ThreadRows):
    """The rows, drawn as those of the pane that is live."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        world, kept = services.world, services.remembered
        forest = Forest()
        forest.update(world.threads, world.threads)
        self.builder = ThreadListBuilder(forest)
        self.builder.update(world, world.threads)
        self.shown = self.builder.view(ListAsk.kept(kept.view, counts=kept.counts))
        self._open = kept.view.get("open")

    @property
    def one_line(self) -> bool:
        """As the list has it: known before there is a layout, to be laid out once."""
        return self.screen.has_class("-narrow") and self.app.size.width - 2 >= WIDE_ROW

    def on_mount(self) -> None:
        """List what is known."""
        self.set_entries(listed(self.shown, self))
        if isinstance(self._open, str):
            self.select(self._open)


class FrontHints(Hints):
    """What can be pressed, and how many rows lie below: known when they are drawn."""

    def __init__(self, rows: FrontRows) -> None:
        super().__init__(HINTS)
        self._rows = rows

    def draw_line(self, y: int) -> Strip:
        """The row."""
        below = self._rows.below
        self.keys = () if self._rows.short else HINTS
        self.end = f"{below} more below" if below else ""
        return super().draw_line(y)


class FrontScreen(Screen[None]):
    """Before the fleet screen."""

    DEFAULT_CSS = """
    FrontScreen { layout: vertical; }
    FrontScreen Header, FrontScreen StatusBar { margin: 0 1 0 1; }
    FrontScreen.-tall Header { margin-bottom: 1; }
    FrontScreen #columns { margin: 0 1 0 1; }
    FrontScreen.-tall #columns { margin-bottom: 1; }
    FrontScreen #left { width: 37; }
    FrontScreen.-narrow #left { width: 1fr; padding-top: 2; }
    FrontScreen.-narrow Hairline, FrontScreen.-narrow TitleLine { display: none; }
    """

    def __init__(self, services: Services) -> None:
        super().__init__()
        world, kept = services.world, services.remembered
        now_ms = services.clock()
        self.rows = rows = FrontRows(services)
        rows.set_reactive(FrontRows.now_ms, now_ms)
        self.header = Header()
        total = rows.shown.total
        view = header_view(
            world, needs=rows.builder.needs, working=rows.builder.working, threads=total
        )
        self.header.set_reactive(Header.view, view)
        self.header.set_reactive(Header.now_ms, now_ms)
        self.title_line = TitleLine("Threads", str(total))
        self.title_line.set_reactive(TitleLine.live, True)
        self.status = StatusBar()
        # What is in force in a thread is said when all that is known of it was read.
        if kept.view.get("open") is None:
            self.status.set_reactive(StatusBar.view, sandbox_line(world, None))

    def compose(self) -> ComposeResult:
        """Header, list, bottom line."""
        yield self.header
        with BareHorizontal(id="columns"):
            with BareVertical(id="left"):
                yield self.title_line
                yield self.rows
                yield FrontHints(self.rows)
            yield Hairline()
        yield self.status

    def render_lines(self, crop: Region) -> list[Strip]:
        """What shows between the parts."""
        return blank_lines(self, crop)
