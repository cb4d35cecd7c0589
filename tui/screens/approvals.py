"""/approvals: what Codex may do, whom it asks, and for how long that counts.

Owns the form's life: it follows what is in force until the user touches it, a row of
the list fills it, enter applies it. Does not own what a choice means
(`state.approvals`) nor its words (`state.select.approvals`). Invariants: nothing is
applied without enter; full access asks a second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget

from state import approvals as a
from state.changes import (
    Change,
    ChangeNextTurn,
    ChangeSettings,
    ChangeTurnReviewer,
    ConfigEdit,
    WriteConfig,
)
from state.dataclass import replace
from state.items import ThreadId
from state.model import Settings
from state.select import approvals as words
from state.select.in_force import running_turn
from state.text import reveal
from state.views import ApprovalsView, Bit, PresetRow, Tone
from state.words import cut
from tui.screens import dialogs
from tui.screens.thread_board import AWAY, ThreadBoard
from widgets.preset_list import PresetList
from widgets.rows import Rows
from widgets.sentences import InForceRows, KeyHints, Sentences
from widgets.setting_row import SettingRow, SwitchRow
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen

MORE = ("page down", "more")
HINTS = (
    ("enter", "choose"),
    ("up down", "move"),
    ("tab", "settings, scope"),
    ("left right", "change"),
    ("E", "edit profiles"),
    ("esc", "leave as is"),
)


class ApprovalsBoard(ThreadBoard):
    """One thread's permissions, or the defaults when none is open."""

    CSS_PATH = "approvals.tcss"
    AGAIN_MS = 10_000
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "apply", "choose", id="approvals.apply", show=False),
        Binding("E", "profile", "profiles", id="approvals.profile", show=False),
        Binding("up", "leave_row(-1)", "up", id="approvals.up", show=False),
        Binding("down", "leave_row(1)", "down", id="approvals.down", show=False),
        Binding("pageup", "page(-1)", "up", id="approvals.pageup", show=False),
        Binding("pagedown", "page(1)", "more", id="approvals.pagedown", show=False),
    ]

    def __init__(self, fleet: FleetScreen, thread_id: ThreadId | None) -> None:
        super().__init__(fleet, thread_id)
        scope = words.THREAD if thread_id is not None else words.DEFAULT
        self.asked = words.Asked(a.in_force(None), scope)
        self.own = False
        """The user changed the form; else it follows what is in force"""
        self.view: ApprovalsView | None = None
        self.heading = TitleLine("What may Codex do?", "/approvals", id="heading")
        self.presets = PresetList(id="presets")
        self.apart = TitleLine("The three settings apart", id="apart")
        self.policy = SettingRow("Ask when", id="policy")
        self.switches = SwitchRow(id="switches")
        self.reviewer = SettingRow("Who answers", id="reviewer")
        self.sandbox = SettingRow("Sandbox", id="sandbox")
        self.how_long = TitleLine("For how long", id="how-long")
        self.scope = SettingRow("Applies to", id="scope")
        self.sentences = Sentences(id="sentences")
        self.forced = TitleLine("In force", id="forced")
        self.in_force = InForceRows(id="in-force")
        self.page = VerticalScroll(id="middle", can_focus=False)
        self.hints = KeyHints(id="hints")
        self.hints.view = HINTS

    def middle(self) -> ComposeResult:
        """Presets, settings, scope, what it means, what counts now."""
        with self.page:
            yield self.heading
            yield self.presets
            yield self.apart
            yield self.policy
            yield self.switches
            yield self.reviewer
            yield self.sandbox
            yield self.how_long
            yield self.scope
            yield self.sentences
            yield self.forced
            yield self.in_force
        yield self.hints

    def opened(self) -> None:
        """Paint what is known, then ask the engine."""
        super().opened()
        self.watch(self.page, "show_vertical_scrollbar", self._hint)

    def first_focus(self) -> Widget:
        """The list."""
        return self.presets

    def on_resize(self) -> None:
        """A preset has as many lines as there is room for, a title as many cells."""
        if self.is_mounted and self.view is not None:
            self.show()

    # -- drawing -------------------------------------------------------------------

    def show(self) -> None:
        """The form and what it would do."""
        thread = self.thread
        there = [option.value for option in words.scopes(thread, self.controls)]
        if self.asked.scope not in there:  # its turn has ended
            scope = words.THREAD if words.THREAD in there else words.DEFAULT
            self.asked = words.Asked(self.asked.wanted, scope)
        force = a.in_force(self._now())
        if not self.own:
            self.asked = words.Asked(force, self.asked.scope)
        elif "" in self.asked.wanted[:2]:
            # Touched before it was known what is in force: what is blank follows that.
            wanted = self.asked.wanted
            known = wanted._replace(
                policy=wanted.policy or force.policy,
                reviewer=wanted.reviewer or force.reviewer,
                sandbox=wanted.sandbox or force.sandbox,
                granular=wanted.granular if wanted.policy else force.granular,
            )
            self.asked = words.Asked(known, self.asked.scope)
        world = self.fleet.presenter.world
        view = self.view = words.approvals_view(
            *(thread, self.controls, self.asked, world.threads),
            held=world.managed_network,
            after=self._after(),
        )
        if self.away:
            rest = view.sentences[1 if view.refused else 0 :]
            said = ((Bit(AWAY, Tone.NEED),), *rest)
            view = self.view = replace(view, sentences=said, refused=AWAY)
        self.forced.title = "Last known" if self.away else "In force"
        title = cut(view.title, max(12, self.app.size.width // 3))
        name = " · ".join(part for part in (title, view.agent) if part)
        self.heading.end = (Bit(name, Tone.MUTED),)
        self.presets.show(view.presets)
        self._point_at_choice(view)
        self.apart.end = (Bit("now → after", Tone.MUTED),) if view.changed else ()
        self.policy.view, self.reviewer.view = view.policy, view.reviewer
        self.switches.view, self.switches.live = view.switches, view.switches_live
        # Idle switches are the first to go where there are few lines.
        self.switches.display = view.switches_live or not self.presets.short
        self.sandbox.view, self.scope.view = view.sandbox, view.scope
        self.sentences.view, self.in_force.view = view.sentences, view.in_force

    def _hint(self, cut_off: bool) -> None:
        """What does not fit is reached by a key, and that is said."""
        choose, _, rows, *rest = HINTS
        self.hints.view = (choose, rows, MORE, *rest) if cut_off else HINTS

    def _point_at_choice(self, view: ApprovalsView) -> None:
        """The list's cursor stands on what enter would apply, else on what counts now:
        never on a row that the form has left."""
        wanted = words.possible(self.thread, self.controls, self.asked).wanted
        chosen = [row.key for row in view.presets if row.wanted == wanted]
        current = [row.key for row in view.presets if row.current]
        key = next(iter((*chosen, *current)), None)
        if key is not None and self.presets.cursor_key != key:
            self.presets.select(key)

    def _after(self) -> Settings | None:
        """What the thread gets back after its next turn."""
        once = self.fleet.services.bridge.once
        return None if self.thread_id is None else once.after(self.thread_id)

    def _now(self) -> Settings | None:
        """What is in force where the choice would count."""
        scope, after = self.asked.scope, self._after()
        return words.baseline(self.thread, self.controls, scope, after)

    # -- the form --------------------------------------------------------------------

    def _want(self, wanted: a.Wanted, scope: str | None = None) -> None:
        self.own = True
        self.asked = words.Asked(wanted, scope or self.asked.scope)
        self.show()

    @on(PresetList.Pointed)
    def _pointed(self, message: PresetList.Pointed) -> None:
        message.stop()
        row = next((r for r in self._rows() if r.key == message.key), None)
        if row is not None:
            self._want(row.wanted)

    def _rows(self) -> tuple[PresetRow, ...]:
        return self.view.presets if self.view is not None else ()

    @on(SettingRow.Picked)
    def _picked(self, message: SettingRow.Picked) -> None:
        message.stop()
        wanted, value = self.asked.wanted, message.value
        match message.row.id:
            case "policy":
                granular = wanted.granular or a.ALL_ON if value == "granular" else ()
                self._want(wanted._replace(policy=value, granular=granular))
            case "reviewer":
                self._want(wanted._replace(reviewer=value))
            case "sandbox":
                self._want(wanted._replace(sandbox=value))
            case _:
                self.asked = words.Asked(wanted, value)
                self.show()

    @on(SwitchRow.Flipped)
    def _flipped(self, message: SwitchRow.Flipped) -> None:
        message.stop()
        granular = tuple(
            (name, on is not (name == message.name))
            for name, on in self.asked.wanted.granular
        )
        self._want(self.asked.wanted._replace(granular=granular))

    @on(Rows.Chosen)
    def _chosen(self, message: Rows.Chosen) -> None:
        message.stop()
        self.action_apply()

    @on(Rows.Moved)
    def _moved(self, message: Rows.Moved) -> None:
        message.stop()

    def do_next_pane(self) -> None:
        """tab"""
        self.focus_next()

    def do_previous_pane(self) -> None:
        """shift+tab"""
        self.focus_previous()

    def action_leave_row(self, step: int) -> None:
        """Up and down in the form; the list has its own."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_page(self, step: int) -> None:
        """What lies below, or above, where not all of it fits."""
        if step > 0:
            self.page.scroll_page_down(animate=False)
        else:
            self.page.scroll_page_up(animate=False)

    def action_profile(self) -> None:
        """E: the profile under the cursor, or one of one's own."""
        self.action_leave_board()
        self.fleet.edit_profile(self.asked.wanted.sandbox)

    # -- applying ----------------------------------------------------------------------

    def action_apply(self) -> None:
        """enter"""
        if self.view is not None and self.view.refused:
            self.say(self.view.refused)
            return
        asked = words.possible(self.thread, self.controls, self.asked)
        self.run_worker(self._apply(asked), group="apply", exit_on_error=False)

    async def _apply(self, asked: words.Asked) -> None:
        thread = self.thread
        if asked.wanted.sandbox == a.FULL_ACCESS and self._opens(asked):
            ask = dialogs.full_access(words.SCOPES[asked.scope])
            if await self.app.push_screen_wait(ask) != "yes":
                return
        per_thread = asked.scope in (words.TURN, words.NEXT, words.THREAD)
        because = "to change what it may do"
        if per_thread and thread is not None:
            woken = await self.fleet.wake(thread.id, because=because)
            if not woken:
                return
        command = self._command(asked)
        if command is None:
            return
        await self.fleet.services.bridge.act(command)
        if not per_thread:
            await self.ask_controls()
        # What could not be written is still in hand.
        self.own = not per_thread and bool(a.changes(self._now(), asked.wanted))
        self.show()

    def _opens(self, asked: words.Asked) -> bool:
        """The choice takes a sandbox away, of what counts now or of the next turn."""
        thread = self.thread
        there = [self._now()]
        if asked.scope == words.THREAD and thread is not None:
            there.append(thread.settings)
        changed = (a.changes(one, asked.wanted) for one in there)
        return any(c.label == "sandbox" for found in changed for c in found)

    def _command(self, asked: words.Asked) -> Change | None:
        """What enter means now."""
        thread, wanted = self.thread, asked.wanted
        name = reveal(wanted_name(wanted, self._rows())).text
        if asked.scope in (words.PROJECT, words.DEFAULT):
            return self._config(asked, name)
        if thread is None:
            return None
        if asked.scope == words.TURN:
            turn = running_turn(thread)
            who = a.REVIEWER_WORDS.get(wanted.reviewer, wanted.reviewer)
            note = f"The running turn asks {who} from its next step on"
            if turn is None:
                return None
            return ChangeTurnReviewer(thread.id, turn.id, wanted.reviewer, note)
        note = f"Permissions updated to {name}"
        if asked.scope == words.NEXT:
            note = f"{name} for the next turn alone"
        change = ChangeSettings(
            thread.id,
            policy=wanted.policy or None,
            granular=wanted.granular,
            reviewer=wanted.reviewer or None,
            profile=wanted.sandbox or None,
            note=note,
        )
        own = self._after() if asked.scope == words.THREAD else None
        if own is not None and wanted.sandbox == a.KEEP:
            # Kept is the thread's own sandbox, not the one of its next turn.
            named = own.profile is not None
            box = None if named else own.sandbox
            change = replace(change, profile=own.profile, sandbox=box)
        return ChangeNextTurn(change) if asked.scope == words.NEXT else change

    def _config(self, asked: words.Asked, name: str) -> WriteConfig | None:
        if self.controls is None:
            return None
        project = asked.scope == words.PROJECT
        now = words.baseline(None, self.controls, asked.scope)
        edits = config_edits(asked.wanted, a.changes(now, asked.wanted))
        where = "in this project" if project else "everywhere"
        return WriteConfig(
            edits,
            self.controls.cwd,
            self.controls.root if project else None,
            note=f"New threads {where} start with {name}",
        )


def wanted_name(wanted: a.Wanted, rows: tuple[PresetRow, ...]) -> str:
    """The name of a choice: a preset's or a profile's, else its parts."""
    for row in rows:
        if row.wanted == wanted and row.key != words.CUSTOM:
            return row.name
    parts = [a.asking_words(wanted)]
    if wanted.sandbox != a.KEEP:
        parts.insert(0, a.id_words(wanted.sandbox))
    return f"Custom ({', '.join(parts)})"


def config_edits(
    wanted: a.Wanted, changed: tuple[a.Change, ...]
) -> tuple[ConfigEdit, ...]:
    """The keys of a configuration file that make these changes."""
    labels = {change.label for change in changed}
    edits = []
    if labels & {"policy", "granular"}:
        granular = {"granular": dict(wanted.granular)}
        policy = granular if wanted.policy == "granular" else wanted.policy
        edits.append(ConfigEdit("approval_policy", policy))
    if "reviewer" in labels:
        edits.append(ConfigEdit("approvals_reviewer", wanted.reviewer))
    if "sandbox" in labels:
        edits.append(ConfigEdit("default_permissions", wanted.sandbox))
    return tuple(edits)
