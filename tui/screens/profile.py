"""/profile: a permission profile of one's own, made or changed, explained, then saved.

Owns the board's life: a draft for each profile that was touched, what it means here as
it is edited, one write at the end. Does not own what an entry means
(`state.permissions`), the words (`state.select.profile`) nor the write and its undoing
(`state.engine.permitting`). Invariants: nothing is written without a yes to the list of
what is written; a draft outlives a switch to another profile and a refused save.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from state.dataclass import replace
from state.items import ThreadId
from state.permissions import draft as d
from state.permissions.assemble import profile_tables, roots_of
from state.permissions.explain import Operation
from state.permissions.hosts import Lead
from state.permissions.policy import Access, Host
from state.select import profile as words
from state.select.sandbox import approvals_of
from state.select.sandbox_probe import predicted_lines
from state.views import Bit, ProfileView, Tone
from tui.screens import dialogs
from tui.screens import profile_desk as desk
from tui.screens.thread_board import ThreadBoard
from widgets.entry_list import EntryList
from widgets.plain import Plain
from widgets.probe_field import ProbeField
from widgets.rows import Rows
from widgets.sandbox_rows import ProbeRows
from widgets.sentences import KeyHints, Sentences
from widgets.setting_row import SettingRow
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen

HINTS = (
    *(("a", "add"), ("enter", "edit"), ("left right", "access"), ("x", "remove")),
    *(("tab", "settings"), ("i", "probe"), ("S", "save"), ("esc", "back")),
)
PROBING = (
    ("type", "and it is predicted"),
    ("tab", "write, read, patch, connect, stdin"),
    ("esc", "back to the entries"),
)
ORDER = (Access.DENY, Access.READ, Access.WRITE)


class ProfileBoard(ThreadBoard):
    """The user's own profiles, one at a time."""

    CSS_PATH = "profile.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "probe", "probe", id="profile.probe", show=False),
        Binding("S,ctrl+s", "save", "save", id="profile.save", show=False),
        Binding("D", "describe", "describe", id="profile.describe", show=False),
        Binding("up", "go(-1)", "up", id="profile.up", show=False),
        Binding("down", "go(1)", "down", id="profile.down", show=False),
    ]

    def __init__(
        self, fleet: FleetScreen, thread_id: ThreadId | None, name: str = ""
    ) -> None:
        super().__init__(fleet, thread_id)
        self.wanted = name
        self.host: Host | None = None
        self.lead: tuple[str, Lead] | None = None
        self.editing: words.Editing | None = None
        self.drafts: dict[str, d.Draft] = {}
        self.view: ProfileView | None = None
        self.heading = TitleLine("Permission profile", "/profile", id="heading")
        self.summary = TitleLine("", "asking the engine …", id="summary")
        self.summary.ruled = False
        self.which = SettingRow("Profile", id="which")
        self.extends = SettingRow("Extends", id="extends")
        self.network = SettingRow("Network", id="network")
        self.start = SettingRow("New threads", id="start")
        self.wrong = Sentences(id="wrong")
        self.entries_title = TitleLine("Entries", id="entries-title")
        self.entries = EntryList(id="entries")
        self.means = Sentences(id="means")
        self.probe_title = TitleLine("Probe", "might an agent …?", id="probe-title")
        self.probe = ProbeField(id="probe")
        self.answer = ProbeRows(id="answer")
        self.hints = KeyHints(id="hints")

    def middle(self) -> ComposeResult:
        """Which profile, its settings, its entries, a probe."""
        yield self.heading
        yield self.summary
        yield self.which
        yield self.extends
        yield self.network
        yield self.start
        yield self.wrong
        yield self.entries_title
        yield self.entries
        yield self.means
        yield Plain("", id="filler")
        yield self.probe_title
        yield self.probe
        yield self.answer
        yield self.hints

    def first_focus(self) -> Widget | None:
        """The entries."""
        return self.entries

    def opened(self) -> None:
        """Paint, then ask."""
        super().opened()
        self.hints.view = HINTS

    # -- what is known -------------------------------------------------------------

    async def learn(self) -> None:
        """The machine, too."""
        self.host = await self.fleet.services.engine.surroundings()
        await self.ask_controls()
        mine = words.own_profiles(self.controls)
        name = self.editing.draft.name if self.editing else self.wanted
        if name not in mine and name not in self.drafts:
            name = next(iter(mine), "")
        if not name:
            await self._ask()
            return
        self._open(name)

    async def _ask(self) -> None:
        taken = {**words.own_profiles(self.controls), **self.drafts}
        self._begin(await desk.ask_name(self.app, taken))

    def _begin(self, name: str) -> None:
        """A new one, which begins as workspace-write."""
        if not name:
            if self.editing is None:
                self.action_leave_board()
            return
        self.drafts[name] = d.Draft(name, ":workspace")
        self._open(name)

    def _open(self, name: str) -> None:
        mine = words.own_profiles(self.controls)
        table = mine.get(name)
        draft = self.drafts.get(name) or d.draft_of(
            name, table if isinstance(table, dict) else {}
        )
        start = self.editing.start if self.editing else words.KEEP
        self.editing = words.Editing(
            draft,
            profile_tables(self.controls),
            mine,
            tuple(self.drafts),
            start,
            host=self.host or Host(),
        )
        self._again()

    def _change(self, draft: d.Draft, cursor: str | None = None) -> None:
        """Take a changed draft, and find out what it means."""
        if self.editing is None:
            return
        self.drafts[draft.name] = draft
        self.editing = replace(
            self.editing, draft=draft, cursor=cursor or self.editing.cursor
        )
        self._again()

    def _roots(self) -> tuple[str, ...]:
        """The workspace roots it would have here."""
        thread = self.thread
        found = roots_of(thread.settings) if thread and thread.settings else ()
        return found or ((self.controls.cwd,) if self.controls is not None else ())

    def _again(self) -> None:
        build = self._build  # Not begun if another takes its place first.
        self.run_worker(build, group="build", exclusive=True)  # type: ignore[arg-type]

    async def _build(self) -> None:
        editing = self.editing
        if editing is None:
            return
        disk = self.fleet.services.disk
        ground = desk.Surroundings(self.host, self._roots(), disk, self.controls)
        with self.waiting_for("Looking at the disk …"):
            built = await asyncio.to_thread(desk.meant, editing, ground)
        if self.editing is editing and self.is_mounted:
            self.editing = built
            self.show()
            self._predict()

    def show(self) -> None:
        """Everything."""
        if self.editing is None:
            return
        view = self.view = words.profile_view(self.editing, self.controls)
        state = "not saved" if view.changed else "saved"
        self.heading.end = (Bit(state, Tone.NEED if view.changed else Tone.MUTED),)
        self.summary.title = f"{view.square} {view.name}"
        self.summary.detail = f"  {view.sentence}"
        self.summary.end = (Bit(view.state, Tone.MUTED),) if view.state else ()
        self.which.view, self.extends.view = view.which, view.extends
        self.network.view, self.start.view = view.network, view.start
        self.wrong.view = view.wrong
        self.entries_title.detail = str(view.count) if view.count else ""
        self.entries.show(view.rows)
        self.means.view = view.means

    # -- entries -------------------------------------------------------------------

    @on(Rows.Moved)
    def _moved(self, message: Rows.Moved) -> None:
        message.stop()
        if self.editing is not None and self.editing.cursor != message.key:
            self.editing = replace(self.editing, cursor=message.key)
            self.show()

    @on(Rows.Chosen)
    def _chosen(self, message: Rows.Chosen) -> None:
        message.stop()
        self.run_worker(self._edit(message.key), group="edit", exit_on_error=False)

    @on(EntryList.Act)
    def _acted(self, message: EntryList.Act) -> None:
        message.stop()
        if self.editing is None:
            return
        if message.word == "add":
            self.run_worker(self._edit(None), group="edit", exit_on_error=False)
            return
        draft, key = self.editing.draft, message.key
        line = next((one for one in draft.lines if one.path == key), None)
        if line is None:
            self.say("It comes from what this profile extends: enter sets it apart.")
        elif message.word == "remove":
            self._change(draft.without(line.path))
        else:
            step = 1 if message.word == "more" else -1
            at = (ORDER.index(line.access) + step) % len(ORDER)
            self._change(draft.put(d.Line(line.path, ORDER[at])))

    async def _edit(self, key: str | None) -> None:
        """Ask for an entry; one that is inherited becomes the profile's own."""
        if self.editing is None:
            return
        answer = await desk.ask_entry(self.app, self.editing, key)
        if answer is not None and self.editing is not None:
            line, instead_of = answer
            self._change(self.editing.draft.put(line, instead_of), line.path)
            self.entries.focus()

    # -- settings ------------------------------------------------------------------

    @on(SettingRow.Picked)
    def _picked(self, message: SettingRow.Picked) -> None:
        message.stop()
        if self.editing is None:
            return
        draft, value = self.editing.draft, message.value
        match message.row.id:
            case "which" if not value:
                self.run_worker(self._ask(), group="edit", exit_on_error=False)
            case "which":
                self._open(value)
            case "extends":
                self._change(replace(draft, extends=value))
            case "network":
                on = None if not value else value == "on"
                if value == "off" and not draft.extends:
                    on = None
                self._change(replace(draft, network=on))
            case _:
                self.editing = replace(self.editing, start=value)
                self.show()

    def action_describe(self) -> None:
        """D: a description, as lists of profiles show it."""
        self.run_worker(self._describe(), group="edit", exit_on_error=False)

    async def _describe(self) -> None:
        if self.editing is None:
            return
        ask = desk.describe(self.editing.draft.description)
        answer = await self.app.push_screen_wait(ask)
        if answer is not None and self.editing is not None:
            self._change(replace(self.editing.draft, description=answer))

    # -- the probe -----------------------------------------------------------------

    def action_probe(self) -> None:
        """i"""
        self.probe.field.focus()

    do_write = action_probe

    def on_descendant_focus(self) -> None:
        """What the keys do here."""
        probing = self.probe.field.has_focus
        self.probe_title.live = probing
        self.entries_title.live = self.entries.has_focus
        self.hints.view = PROBING if probing else HINTS

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self._predict()

    @on(ProbeField.Asked)
    def _asked(self, message: ProbeField.Asked) -> None:
        """enter: a host is looked up, which typing does not."""
        message.stop()
        self._predict()
        if self.editing is not None and message.operation == Operation.CONNECT:
            work = self._look_up(self.editing, message.target)
            self.run_worker(work, group="lead", exclusive=True, exit_on_error=False)

    async def _look_up(self, editing: words.Editing, target: str) -> None:
        look, local = self.fleet.services.names, self.host is not None
        self.lead = await desk.lead_to(editing, target, look, local=local)
        self._predict()

    def _predict(self) -> None:
        editing, target = self.editing, self.probe.field.value.strip()
        if editing is None or editing.policy is None or not target:
            self.answer.view = ()
            return
        operation = Operation(self.probe.operation)
        asks = approvals_of(self.thread.settings if self.thread else None)
        verdict = desk.predicted(editing, operation, target, asks, self.lead)
        self.answer.view = predicted_lines(verdict)

    # -- leaving and saving ----------------------------------------------------------

    def do_next_pane(self) -> None:
        """tab"""
        self.action_go(1)

    def do_previous_pane(self) -> None:
        """shift+tab"""
        self.action_go(-1)

    def action_go(self, step: int) -> None:
        """To the next setting, or the entries; i leads to the probe."""
        ring = (self.entries, self.which, self.extends, self.network, self.start)
        at = next((i for i, one in enumerate(ring) if one.has_focus), 0)
        ring[(at + step) % len(ring)].focus()

    def action_leave_board(self) -> None:
        """esc: out of the field first; then a word about what is not saved."""
        if self.probe.field.has_focus:
            self.entries.focus()
        elif self.view is not None and self.view.changed and self.drafts:
            self.run_worker(self._leave(), group="edit", exit_on_error=False)
        else:
            super().action_leave_board()

    async def _leave(self) -> None:
        name = self.view.name if self.view is not None else ""
        lines = (f"What you changed in {name} is not saved.",)
        ask = dialogs.confirm("Leave it?", lines, yes="Leave, drop the changes")
        if await self.app.push_screen_wait(ask) == "yes":
            super().action_leave_board()

    def action_save(self) -> None:
        """S"""
        if self.view is None or self.editing is None:
            return
        if not self.view.changed:
            self.say("Nothing was changed.")
        elif self.view.refused:
            self.say(self.view.refused)
        else:
            self.run_worker(self._save(), group="save", exit_on_error=False)

    async def _save(self) -> None:
        editing, view, controls = self.editing, self.view, self.controls
        if editing is None or view is None or controls is None:
            return
        ask = dialogs.save_profile(view.name, view.plan, controls.user_file)
        if await self.app.push_screen_wait(ask) != "save":
            return
        name = editing.draft.name
        await self.fleet.services.bridge.act(desk.command(editing, controls))
        wanted = d.table_of(editing.draft)
        await self.learn()
        if words.own_profiles(self.controls).get(name) == wanted:
            self.drafts.pop(name, None)
            self.editing = replace(self.editing or editing, start=words.KEEP)
            self._open(name)
