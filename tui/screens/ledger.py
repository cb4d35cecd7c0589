"""/ledger and /approve: everything that was asked and decided, and what stands granted.

Owns the filter, reading the store beside the screen, approving a denial for one retry
and the export. Does not own entries (`state.ledger`) nor words (`state.select.ledger`).
Invariant: what the list shows is the store's rows and this window's newer ones.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input

from state import commands as c
from state import events as e
from state.changes import ApproveDenial
from state.dataclass import replace
from state.items import ThreadId
from state.ledger import LedgerEntry
from state.ledger_export import Show
from state.messaging import Way, told_root, way_to
from state.model import Thread
from state.select import ledger as words
from state.select.words import agent_label, command_line
from state.store import Published
from state.views import Bit, Option, Setting, Tone
from tui.screens import dialogs
from tui.screens.board import Board
from tui.screens.flows import client_id
from tui.screens.ledger_kept import Listed, export, kept
from widgets.field import LineField
from widgets.ledger_list import Facts, LedgerList
from widgets.rows import Rows
from widgets.sentences import KeyHints
from widgets.setting_row import SettingRow
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from textual.timer import Timer

    from tui.screens.fleet import FleetScreen

RECORDED = (
    "Approved for one retry: it is reviewed again, and the agent has to try again."
)
DEAF = (
    "The engine takes no word for {} itself: its root is told of your approval, and "
    "has to pass it on."
)
RETRY = ("enter", "approve one retry")
HINTS = (
    ("v", "all of it"),
    ("/", "search"),
    ("tab", "show, threads"),
    ("o", "open thread"),
    ("g", "grants"),
    ("E", "export"),
    ("esc", "back"),
)
WHOLE = (("up down", "scroll"), ("v esc", "the list"))
FIND_SECONDS = 0.15
AGAIN_SECONDS = 1.0
"""What was just decided is on disk by then"""
_NEWS = (
    e.ReviewAnswered,
    e.ReviewDecided,
    e.ReviewResolved,
    e.ReviewSent,
    e.DenialApproved,
)


class LedgerBoard(Board):
    """The ledger over a thread, its tree or everything."""

    CSS_PATH = "ledger.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", id="ledger.search", show=False),
        Binding("o", "source", "open the thread", id="ledger.source", show=False),
        Binding("g", "do('grants')", "grants", id="ledger.grants", show=False),
        Binding("E", "export", "export as JSON", id="ledger.export", show=False),
        Binding("v", "whole", "all of an entry", id="ledger.whole", show=False),
    ]

    def __init__(
        self, fleet: FleetScreen, thread_id: ThreadId | None, show: Show = Show.ALL
    ) -> None:
        super().__init__(fleet)
        scope = words.TREE if show is Show.DENIALS and thread_id else words.EVERY
        self.ask = words.LedgerAsk(show, scope, "", thread_id)
        self.point_at = ""
        """The entry that the cursor goes to as soon as it is there"""
        self._stored: tuple[LedgerEntry, ...] = ()
        self._entries: tuple[LedgerEntry, ...] = ()
        self._by_key: dict[str, LedgerEntry] = {}
        self._again = False
        self._finding: Timer | None = None
        self.heading = TitleLine("Reviews and decisions", "/ledger", id="heading")
        self.kinds = SettingRow("Show", id="show")
        self.scope = SettingRow("Of", id="scope")
        self.search = LineField(placeholder="search", id="search")
        self.list = LedgerList(id="entries")
        self.facts = Facts(id="facts")
        self.hints = KeyHints(id="hints")
        self.hints.view = HINTS

    def middle(self) -> ComposeResult:
        """Filters, the list, the entry under the cursor."""
        with Vertical(id="middle"):
            yield self.heading
            yield self.kinds
            yield self.scope
            yield self.search
            yield self.list
            self.below = VerticalScroll(self.facts, id="below", can_focus=False)
            yield self.below
        yield self.hints

    def first_focus(self) -> Widget:
        """The list."""
        return self.list

    def opened(self) -> None:
        """Paint what this window knows, then read the store."""
        self.search.display = False
        super().opened()
        self._read_again()

    def set_clock(self, now_ms: int, frame: int) -> None:
        """Ages."""
        super().set_clock(now_ms, frame)
        self.list.set_clock(now_ms)

    def take(self, step: Published) -> None:
        """Draw only when something was asked, judged or decided."""
        for thread_id in step.dirty:
            now, before = (
                step.world.threads[thread_id],
                step.before.threads.get(thread_id),
            )
            if before is None or (
                now.reviews is not before.reviews
                or now.auto_reviews is not before.auto_reviews
            ):
                super().take(step)
                break
        if not self._again and any(isinstance(one, _NEWS) for one in step.events):
            # Of these the store knows more than this window heard.
            self._again = True
            self.set_timer(AGAIN_SECONDS, self._read_again)

    # -- entries -------------------------------------------------------------------

    def _read_again(self) -> None:
        self._again = False
        read = self._read  # Not begun if another takes its place first.
        self.run_worker(
            read,  # type: ignore[arg-type]
            group="ledger",
            exclusive=True,
            exit_on_error=False,
        )

    async def _read(self) -> None:
        path = self.fleet.services.bridge.path
        if path is None:
            return
        try:
            with self.waiting_for("Reading the thread store …"):
                self._stored, older = await asyncio.to_thread(kept, path)
            self.ask = replace(self.ask, older=older)
        except (sqlite3.Error, OSError) as error:
            self.say(f"The thread store could not be read: {error}")
        self.show()

    def show(self) -> None:
        """Rows, filters, the entry under the cursor."""
        presenter = self.fleet.presenter
        live = words.live_entries(presenter.world.threads.values())
        self._entries = words.merged(self._stored, live)
        self._by_key = {f"{e.thread_id}/{e.id}": e for e in self._entries}
        view = words.ledger_view(
            self._entries, presenter.world, presenter.forest, self.ask
        )
        number = f"{view.found} of {view.total}"
        if view.older:
            number += f" · {view.older} older: E exports them, too"
        running = f"{view.running} auto-reviews running · " if view.running > 1 else ""
        if view.running == 1:
            running = "1 auto-review running · "
        self.heading.end = (Bit(running, Tone.AUTO), Bit(number, Tone.MUTED))
        self.kinds.view = Setting(
            tuple(Option(s.value, s.value) for s in Show), self.ask.show.value
        )
        scopes = words.SCOPES if self.ask.thread else {words.EVERY: "all threads"}
        self.scope.view = Setting(
            tuple(Option(key, label) for key, label in scopes.items()), self.ask.scope
        )
        self.list.show(view)
        if any(row.key == self.point_at for row in view.rows):
            self.list.select(self.point_at)
            self.point_at = ""
        self._describe()

    def _entry(self) -> LedgerEntry | None:
        return self._by_key.get(self.list.cursor_key or "")

    def _describe(self) -> None:
        entry, presenter = self._entry(), self.fleet.presenter
        known = (
            ()
            if entry is None
            else words.facts(entry, presenter.world, presenter.forest)
        )
        self.facts.view = known
        retry = entry is not None and entry.retryable and entry.retry_ms is None
        hints = (RETRY, *HINTS) if retry else HINTS
        self.hints.view = WHOLE if self.whole else hints

    def _look(self, **changes: object) -> None:
        self.ask = replace(self.ask, most=words.PAGE, **changes)  # type: ignore[arg-type]
        self.show()

    @on(SettingRow.Picked)
    def _picked(self, message: SettingRow.Picked) -> None:
        message.stop()
        if message.row.id == "show":
            self._look(show=Show(message.value))
        else:
            self._look(scope=message.value)

    @on(Rows.Moved)
    def _moved(self, message: Rows.Moved) -> None:
        message.stop()
        self.below.scroll_home(animate=False)
        self._describe()
        if self.list.near_the_end:
            self.ask = replace(self.ask, most=self.ask.most + words.PAGE)
            self.show()

    @property
    def whole(self) -> bool:
        """One entry has the room of the list."""
        return self.has_class("-whole")

    def action_whole(self) -> None:
        """v: everything that is known of an entry, and back."""
        if not self.whole and self._entry() is None:
            return
        self.set_class(not self.whole, "-whole")
        self.below.can_focus = self.whole
        (self.below if self.whole else self.list).focus()
        self._describe()

    def do_next_pane(self) -> None:
        """tab"""
        self.focus_next()

    def do_previous_pane(self) -> None:
        """shift+tab"""
        self.focus_previous()

    # -- searching -----------------------------------------------------------------

    def action_search(self) -> None:
        """/"""
        self.search.display = True
        self.search.focus()

    @on(Input.Changed)
    def _searched(self, message: Input.Changed) -> None:
        message.stop()
        if self._finding is None:  # Thousands are not gone through for each letter.
            self._finding = self.set_timer(FIND_SECONDS, self._find)

    def _find(self) -> None:
        self._finding = None
        if self.search.value != self.ask.words:
            self._look(words=self.search.value)

    @on(Input.Submitted)
    def _search_done(self, message: Input.Submitted) -> None:
        message.stop()
        self._find()
        self.list.focus()

    def action_leave_board(self) -> None:
        """esc: the entry first, then the search, then the board."""
        if self.whole:
            self.action_whole()
            return
        if self.search.display:
            self.search.display = False
            self.search.value = ""
            self.list.focus()
            return
        super().action_leave_board()

    # -- acts ----------------------------------------------------------------------

    def action_source(self) -> None:
        """Open the thread of the entry."""
        entry = self._entry()
        if entry is not None and entry.thread_id in self.fleet.presenter.world.threads:
            super().action_leave_board()
            self.fleet.open_thread(entry.thread_id)

    @on(Rows.Chosen)
    def _chosen(self, message: Rows.Chosen) -> None:
        message.stop()
        entry = self._entry()
        if entry is None or not entry.retryable:
            self.say("Only what auto-review denied can be approved for a retry.")
            return
        self.run_worker(self._approve(entry), group="approve", exit_on_error=False)

    async def _approve(self, entry: LedgerEntry) -> None:
        """One retry of what was denied, by the user's word."""
        fleet, auto = self.fleet, entry.auto
        thread = fleet.presenter.world.threads.get(entry.thread_id)
        if auto is None or thread is None:
            self.say("That thread is not known here any more.")
            return
        facts = words.facts(entry, fleet.presenter.world, fleet.presenter.forest)
        wanted = {entry.kind, "rationale", "failure"}
        lines = [f.text for f in facts if f.label in wanted]
        told = await self._ear(thread)
        path = agent_label(thread)
        if told != thread.id:
            lines += ["", DEAF.format(path)]
        who = words.judge_of_a_retry(thread)
        answer = await self.app.push_screen_wait(dialogs.retry(lines, who))
        if answer not in ("yes", "tell"):
            return
        if not await fleet.wake(told, because="to approve a retry"):
            return
        through = told if told != thread.id else None
        if not await fleet.services.bridge.act(ApproveDenial(thread.id, auto, through)):
            return  # Why not, is said by who refused it.
        if answer == "tell":
            await self._tell(told, entry, path if through else "")
        self.say(RECORDED)
        self._read_again()

    async def _ear(self, thread: Thread) -> ThreadId:
        """Who can be told: an agent that takes no word from us has its root told."""
        if thread.is_agent and thread.direct_input is None:
            await self.fleet.services.bridge.deliver(c.OpenThread(thread.id))
            thread = self.fleet.presenter.world.threads.get(thread.id, thread)
        if way_to(thread) is Way.DIRECT:
            return thread.id
        return self.fleet.presenter.forest.root(thread.id)

    async def _tell(self, told: ThreadId, entry: LedgerEntry, path: str) -> None:
        """Ask the agent to try again; `path`: which one, when its root is told."""
        what = command_line(entry.what)
        text = f"I approved one retry of what auto-review denied; try it again: {what}"
        target = self.fleet.presenter.world.threads[told]
        text = told_root(path, text) if path else text
        now = c.SendTurn(client_id(), target.id, text, expected_turn=target.active_turn)
        if await self.fleet.services.bridge.record(now):
            await self.fleet.services.bridge.deliver(now)

    def action_export(self) -> None:
        """What the list shows, as a file of JSON that only the user can read."""
        self.run_worker(self._export(), group="export", exit_on_error=False)

    async def _export(self) -> None:
        bridge, presenter = self.fleet.services.bridge, self.fleet.presenter
        scope = words.in_scope(self.ask, presenter.forest)
        listed = Listed(
            self._entries, presenter.world, presenter.forest, self.ask, scope
        )
        with self.waiting_for("Exporting …"):
            said = await asyncio.to_thread(
                export, bridge.path, listed, Path(self.fleet.services.cwd)
            )
        self.say(said)
