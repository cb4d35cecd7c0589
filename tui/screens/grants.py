"""/grants: what stands granted for longer than once, and how to take it back.

Owns the list's life and the one thing that can be taken back from here: an MCP tool
that config.toml approves for good. Invariant: a rules file is only ever read.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget

from state.changes import ConfigEdit, WriteConfig
from state.db.ledger import read_ledger
from state.items import ThreadId
from state.ledger import LedgerEntry
from state.select.grants import grants
from state.select.ledger import live_entries, merged
from state.views import Bit, GrantRow, Tone
from tui.screens import dialogs
from tui.screens.thread_board import ThreadBoard
from widgets.ledger_list import GrantList
from widgets.rows import Rows
from widgets.sentences import KeyHints, Sentences
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen


class GrantsBoard(ThreadBoard):
    """Rules, tools and session answers that stand."""

    CSS_PATH = "ledger.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "take_back", "take back", id="grants.take", show=False),
    ]

    def __init__(self, fleet: FleetScreen, thread_id: ThreadId | None) -> None:
        super().__init__(fleet, thread_id)
        self._stored: tuple[LedgerEntry, ...] = ()
        self.heading = TitleLine("Standing grants", "/grants", id="heading")
        self.list = GrantList(id="entries")
        self.about = Sentences(id="below")
        self.hints = KeyHints(id="hints")
        self.hints.view = (
            ("up down", "move"),
            ("x", "take back an MCP tool"),
            ("esc", "back"),
        )

    def middle(self) -> ComposeResult:
        """The list, and how to take the one under the cursor back."""
        with Vertical(id="middle"):
            yield self.heading
            yield self.list
            yield self.about
        yield self.hints

    def first_focus(self) -> Widget:
        """The list."""
        return self.list

    async def learn(self) -> None:
        """Rules, configuration, and what the store keeps."""
        await self.ask_controls()
        path = self.fleet.services.bridge.path
        if path is not None:
            try:
                self._stored = await asyncio.to_thread(read_ledger, path)
            except (sqlite3.Error, OSError) as error:
                self.say(f"The thread store could not be read: {error}")
        self.show()

    def show(self) -> None:
        """Rows by where they live."""
        world = self.fleet.presenter.world
        entries = merged(self._stored, live_entries(world.threads.values()))
        rows = grants(self.controls, entries, world)
        self.heading.end = (Bit(str(len(rows)), Tone.MUTED),) if rows else ()
        self.list.show(rows, known=self.controls is not None)
        self._describe()

    def _describe(self) -> None:
        row = self.list.cursor_data
        if isinstance(row, GrantRow):
            warned = tuple((Bit(w, Tone.NEED),) for w in row.what.warnings)
            self.about.view = ((Bit(row.what.text),), *warned, (Bit(row.back),))
        else:
            self.about.view = ()

    @on(Rows.Moved)
    def _moved(self, message: Rows.Moved) -> None:
        message.stop()
        self._describe()

    @on(Rows.Chosen)
    def _chosen(self, message: Rows.Chosen) -> None:
        message.stop()

    def action_take_back(self) -> None:
        """x"""
        row = self.list.cursor_data
        if not isinstance(row, GrantRow) or not row.edit:
            self.say("This one cannot be taken back from here; below stands how.")
            return
        self.run_worker(self._take_back(row), group="take", exit_on_error=False)

    async def _take_back(self, row: GrantRow) -> None:
        lines = (row.what.text, "", "The tool then asks again, in new threads.")
        ask = dialogs.confirm("Take this back?", lines, yes="Take back")
        if await self.app.push_screen_wait(ask) != "yes" or self.controls is None:
            return
        edits = (ConfigEdit(row.edit, None),)
        await self.fleet.services.bridge.act(
            WriteConfig(edits, self.controls.cwd, note="Taken back")
        )
        await self.learn()
