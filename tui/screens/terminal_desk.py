"""Acts on background terminals: stop, end what is left, dismiss, ask the agent.

Owns the order: name what would end, ask once, act, look again at list and processes,
say what ended and what did not. Which terminals words mean is `state.select.stopping`,
the processes are `state.engine.processes`. Invariants: nothing is ended that was not
named before; a process gets a signal only after a question of its own, and only while
it still carries the thread's and the item's id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from state import commands as c
from state import events as e
from state.agent_path import ROOT, AgentPath, AgentPathError
from state.items import ThreadId
from state.select.stopping import is_number, row_words, targets
from state.select.terminals import find, terminal_rows
from state.select.words import thread_title
from state.text import reveal
from state.views import TerminalRow
from state.words import cut
from tui.screens.late import dialogs

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen

END_SECONDS = 3.0
"""How long a stopped terminal's processes may take to be gone"""
MOST_LINES = 12
NO_TYPING = "No request types into a terminal; its agent can: finish the message"


class TerminalDesk:
    """The acts of one fleet screen; the pane and the board both use it."""

    def __init__(self, fleet: FleetScreen) -> None:
        self._fleet = fleet

    def _later(self, work: Any) -> None:
        self._fleet.run_worker(work, group="terminals", exit_on_error=False)

    # -- which -----------------------------------------------------------------------

    def tree_rows(self, thread_id: ThreadId) -> tuple[TerminalRow, ...]:
        """The terminals of the tree that a thread belongs to."""
        presenter = self._fleet.presenter
        root = presenter.forest.root(thread_id)
        members = [
            thread
            for thread in presenter.with_terminals
            if presenter.forest.root(thread.id) == root
        ]
        return terminal_rows(
            presenter.world, presenter.forest, members, presenter.meters
        )

    def stop_words(self, words: str) -> None:
        """/stop, /stop ID, /stop PATH."""
        presenter = self._fleet.presenter
        thread = presenter.thread
        if is_number(words):
            # As the board of all threads shows it.
            chosen = targets(presenter.terminals().rows, words)
        elif thread is None:
            self._fleet.say("Open a thread first, or name a terminal: /stop ID (/ps).")
            return
        else:
            caller = _path(thread.agent_path)
            if not words.strip() and thread.is_agent:
                words = str(caller)  # bare in an agent: its branch
            chosen = targets(self.tree_rows(thread.id), words, caller=caller)
        if chosen.refusal:
            self._fleet.say(chosen.refusal)
        else:
            self._later(self._stop(chosen.rows))

    def stop_row(self, row: TerminalRow | None) -> None:
        """x on a row: stop what runs, offer to end what is left over."""
        if row is None:
            self._fleet.say("No background terminals running.")
        elif row.live:
            self._later(self._stop((row,)))
        elif row.left:
            self._later(self._end_left((row,)))
        else:
            self._fleet.say(f"Terminal {row.number} had ended before ({row.state}).")

    def stop_tree(self, row: TerminalRow | None) -> None:
        """All that run in the thread of this row."""
        if row is None:
            self._fleet.say("No background terminals running.")
            return
        live = tuple(r for r in self.tree_rows(row.thread_id) if r.live)
        if live:
            self._later(self._stop(live))
        else:
            self._fleet.say("None of this thread's terminals runs.")

    # -- stopping --------------------------------------------------------------------

    async def _stop(self, rows: Sequence[TerminalRow]) -> None:
        number = len(rows)
        title = (
            f"Stop terminal {rows[0].number}?"
            if number == 1
            else f"Stop {number} terminals?"
        )
        presenter = self._fleet.presenter
        roots = {presenter.forest.root(row.thread_id) for row in rows}
        here = presenter.thread
        elsewhere = here is None or roots != {presenter.forest.root(here.id)}
        ask = dialogs.confirm(title, named(rows, title=elsewhere), yes="Stop")
        if await self._fleet.app.push_screen_wait(ask) != "yes":
            return
        before = await self._processes(rows)
        await asyncio.gather(
            *(
                self._fleet.services.bridge.deliver(
                    c.StopTerminals(row.thread_id, row.process_id)
                )
                for row in rows
            )
        )
        await self._published()
        left = await self._left(before)
        self._say_stopped(rows, left, seen=before is not None)
        self._fleet.terminal_watch.look()
        if left:
            await self._offer_to_end(left, rows)

    async def _published(self) -> None:
        """What the engine answered has become the world."""
        while self._fleet.services.bridge.busy:
            await asyncio.sleep(0.02)

    def _say_stopped(
        self, rows: Sequence[TerminalRow], left: Sequence[Any], *, seen: bool
    ) -> None:
        world = self._fleet.presenter.world
        still = [
            row
            for row in rows
            if (found := find(world.threads, row)) is not None and found[1].live
        ]
        ended = [row for row in rows if row not in still]
        words = []
        if ended:
            names = ", ".join(f"{r.number} {cut(r.command.text, 24)}" for r in ended)
            words.append(f"ended: {names}" if len(ended) < 4 else f"{len(ended)} ended")
        if still:
            words.append(f"still running: {', '.join(str(r.number) for r in still)}")
        if left:
            words.append(f"{_some(len(left), 'process')} left over")
        elif ended and not seen:
            words.append("as the engine says")
        self._fleet.say(" · ".join(words))

    # -- processes -------------------------------------------------------------------

    async def _processes(self, rows: Sequence[TerminalRow]) -> list[Any] | None:
        """The processes of these terminals; None: they cannot be seen from here."""
        table = self._fleet.services.processes
        if table is None or not self._fleet.meter.able:
            return None
        found = await asyncio.to_thread(table.find)
        places = {(row.thread_id, row.item_id) for row in rows}
        return [one for key, many in found.items() if key in places for one in many]

    async def _left(self, before: list[Any] | None) -> list[Any]:
        table = self._fleet.services.processes
        if not before or table is None:
            return []
        return list(await table.left_of(before, END_SECONDS))

    async def _end_left(self, rows: Sequence[TerminalRow]) -> None:
        left = await self._processes(rows)
        if not left:
            self._fleet.say("Its processes have ended by now.")
        else:
            await self._offer_to_end(left, rows)

    async def _offer_to_end(
        self, left: Sequence[Any], rows: Sequence[TerminalRow]
    ) -> None:
        number = _some(len(left), "process")
        lines = [
            f"{number} outlived {'it' if len(rows) == 1 else 'them'}: "
            "the engine has let go of what stands here.",
            *_process_lines(left, rows),
            "",
            "codex-tui can end exactly these: SIGTERM, after three seconds SIGKILL. "
            "Each is checked once more before.",
        ]
        verb, them = ("lives", "it") if len(left) == 1 else ("live", "them")
        ask = dialogs.confirm(f"End {number} that {verb} on?", lines, yes=f"End {them}")
        if await self._fleet.app.push_screen_wait(ask) != "yes":
            self._fleet.say(f"{number} left running · x on the row asks again")
            return
        table = self._fleet.services.processes
        assert table is not None  # it found them
        ended, rest = await table.end(left)
        words = f"{_some(len(ended), 'process')} ended"
        if rest:
            pids = ", ".join(str(one.pid) for one in rest)
            words += f" · not ended: {pids}"
        self._fleet.say(words)
        self._fleet.terminal_watch.look()

    def dies_with_us(self) -> list[str]:
        """What ends when this window goes: with a private engine all that runs in it.
        The demo's is not asked about: it plays."""
        presenter, services = self._fleet.presenter, self._fleet.services
        if presenter.world.engine.how != "private" or services.demo:
            return []
        rows = [row for row in presenter.terminals().rows if row.live]
        turns = [
            f"the running turn of {thread_title(thread)}"
            for thread in presenter.world.threads.values()
            if thread.active_turn is not None
        ]
        return [*named(rows), *turns[:MOST_LINES]]

    # -- the rest --------------------------------------------------------------------

    def dismiss(self, row: TerminalRow | None) -> None:
        """Forget one that ended."""
        if row is None:
            return
        if row.live:
            self._fleet.say(f"Terminal {row.number} runs; x stops it.")
            return
        if row.left:
            words = f"{_some(row.left, 'process')} of it live on; x ends them first."
            self._fleet.say(words)
            return
        self._dismiss([row])

    def dismiss_all(self) -> None:
        """Forget all that ended and left nothing."""
        rows = [
            row
            for row in self._fleet.presenter.terminals().rows
            if not row.live and not row.left
        ]
        if not rows:
            self._fleet.say("No ended terminals to dismiss.")
            return
        self._dismiss(rows)
        self._fleet.say(f"{_some(len(rows), 'ended terminal')} dismissed")

    def _dismiss(self, rows: Sequence[TerminalRow]) -> None:
        by_thread: dict[ThreadId, list[Any]] = {}
        for row in rows:
            by_thread.setdefault(row.thread_id, []).append(row.item_id)
        store = self._fleet.services.store
        assert store is not None
        for thread_id, item_ids in by_thread.items():
            store.offer(e.TerminalsDismissed(thread_id, tuple(item_ids)))

    def ask_agent(self, row: TerminalRow | None) -> None:
        """Typing into it is the agent's: a draft for it stands in the composer."""
        if row is None:
            return
        if not row.live:
            self._fleet.say(f"Terminal {row.number} has ended: nothing reads there.")
            return
        presenter = self._fleet.presenter
        root = presenter.forest.root(row.thread_id)
        thread = presenter.world.threads.get(row.thread_id)
        direct = thread is None or not thread.is_agent or thread.direct_input is True
        self._fleet.open_thread(row.thread_id if direct else root, focus=False)
        words = f"In terminal {row.process_id} (`{cut(row.command.text, 60)}`), type: "
        if not direct:
            words = f"Tell {row.path}: {words[0].lower()}{words[1:]}"
        written = self._fleet.composer.kept.strip()
        self._fleet.composer.load(f"{written}\n{words}" if written else words)
        self._fleet.stash_draft()
        self._fleet.go_to(2)
        self._fleet.composer.focus()
        self._fleet.say(NO_TYPING)


def named(rows: Sequence[TerminalRow], *, title: bool = False) -> list[str]:
    """What would end, line by line; the thread where there are several, or `title`."""
    title = title or len({row.title for row in rows}) > 1
    lines = [row_words(row, title=title) for row in rows[:MOST_LINES]]
    if len(rows) > MOST_LINES:
        lines.append(f"{len(rows) - MOST_LINES} more")
    return lines


def _process_lines(left: Sequence[Any], rows: Sequence[TerminalRow]) -> list[str]:
    by_place = {(row.thread_id, row.item_id): row for row in rows}
    lines = []
    for one in left[:MOST_LINES]:
        row = by_place.get(tuple(one.key))
        of = f" · of {row.number} {cut(row.command.text, 30)}" if row else ""
        lines.append(f"{one.pid}  {cut(reveal(one.command).text, 60)}{of}")
    if len(left) > MOST_LINES:
        lines.append(f"{len(left) - MOST_LINES} more")
    return lines


def _path(text: str | None) -> AgentPath:
    try:
        return AgentPath.parse(text) if text else ROOT
    except AgentPathError:
        return ROOT


def _some(number: int, noun: str) -> str:
    plural = "processes" if noun == "process" else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
