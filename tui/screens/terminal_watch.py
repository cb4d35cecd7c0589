"""Watching terminals on the fleet screen: the board is opened, processes are looked at.

Owns when the meter looks (somebody must be looking at terminals) and what is said when
processes outlived their terminals. The figures are `tui.meter`'s.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from state import commands as c
from state.events import OrphansFound
from state.items import ThreadId
from state.model import Terminal, ThreadStatus
from tui.screens.board import Board
from tui.screens.late import terminals

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen


RESTING = (ThreadStatus.NOT_LOADED, ThreadStatus.UNKNOWN)


class TerminalWatch:
    """The watch of one fleet screen."""

    def __init__(self, fleet: FleetScreen) -> None:
        self._fleet = fleet

    @property
    def boards(self) -> list[terminals.TerminalsBoard]:
        """The boards that are open: one at most."""
        over = [s for s in self._fleet.app.screen_stack if isinstance(s, Board)]
        return [board for board in over if isinstance(board, terminals.TerminalsBoard)]

    def open(self, key: str | None = None) -> None:
        """Open the board on this terminal, or the first of the open thread."""
        fleet = self._fleet
        if self.boards:
            return  # it is open already
        open_id = fleet.presenter.looking.thread
        if key is None and open_id is not None:
            mine = fleet.terminal_desk.tree_rows(open_id)
            key = mine[0].key if mine else None
        fleet.app.push_screen(terminals.TerminalsBoard(fleet, key))
        self.look()

    @property
    def _seen(self) -> Screen[Any] | None:
        """The screen that a person looks at, or through a dialog that stands over it;
        None: at another window."""
        app = self._fleet.app
        pages = (s for s in reversed(app.screen_stack) if not s.is_modal)
        return next(pages, None) if app.app_focus else None

    def tick(self) -> None:
        """A second has passed."""
        fleet = self._fleet
        seen = self._seen
        board = seen in self.boards
        pane = seen is fleet and fleet.terminals.shows_any
        now = fleet.services.clock()
        if fleet.meter.due(now, board=board, pane=pane):
            self.look()
        asked = fleet.meter.told_due(now, board=board, pane=pane)
        if asked:
            fleet.run_worker(self._ask(asked), group="meter", exit_on_error=False)

    async def _ask(self, threads: list[ThreadId]) -> None:
        """What the engine says of them comes with the next publish."""
        deliver = self._fleet.services.bridge.deliver
        for thread_id in threads:
            await deliver(c.LookAtTerminals(thread_id))

    def look(self) -> None:
        """Look at the processes now."""
        if self._fleet.meter.able:
            self._fleet.run_worker(self._look(), group="meter", exit_on_error=False)

    async def _find_orphans(self) -> None:
        """Processes of threads that no engine has loaded, whose own engine is gone and
        whose terminals nobody told us of: they become rows, to be ended there."""
        fleet = self._fleet
        table = fleet.services.processes
        if table is None:
            return
        found = await asyncio.to_thread(table.find)
        threads = fleet.presenter.world.threads
        for key, processes in found.items():
            thread = threads.get(key.thread_id)
            if thread is None or thread.status not in RESTING:
                continue
            if all(one.adopted for one in processes):
                first = processes[0]
                orphan = Terminal(key.item_id, "", first.command, "")
                fleet.offer(OrphansFound(key.thread_id, (orphan,)))
        while fleet.services.bridge.busy:
            await asyncio.sleep(0.02)

    async def _look(self) -> None:
        fleet = self._fleet
        if fleet.meter.anew:
            fleet.meter.anew = False
            await self._find_orphans()
        before = fleet.meter.left_over
        now = fleet.services.clock()
        if await fleet.meter.measure(now, board=bool(self.boards)):
            fleet.refresh_list()
            for board in self.boards:
                board.refresh_board()
        left = fleet.meter.left_over
        if left > before and not self.boards:
            words = "1 process lives" if left == 1 else f"{left} processes live"
            fleet.say(f"{words} on after the end of a terminal · /ps shows it")
