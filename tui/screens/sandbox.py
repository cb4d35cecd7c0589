"""/sandbox: what the open thread may touch, who said so, and a probe.

Owns the board's life: it asks the engine for its configuration and surroundings, builds
the sandbox beside the screen's loop, predicts and tries. Does not own what holds
(`state.permissions`) nor its words (`state.select.sandbox`). Invariants: the answer of
a probe is of the thread and the mode it was asked under; nothing is tried where it
would run unsandboxed, and nothing is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget

from state.dataclass import replace
from state.engine.local_disk import LocalDisk
from state.engine.local_names import lead_of
from state.items import ThreadId
from state.model import EnginePhase, Sandbox, SandboxMode, Settings
from state.permissions import assemble, globs, hosts, proxied
from state.permissions.box import Box
from state.permissions.disk import Looked, NoDisk
from state.permissions.explain import Ground, Operation, Verdict, absolute, explain
from state.permissions.granted import Granted, granted
from state.permissions.mounts import box_of
from state.permissions.policy import Access, Host, Kind, Layer, Policy
from state.permissions.probing import asked_for, unprobed
from state.permissions.profiles import ProfileError
from state.permissions.reach import Way
from state.permissions.trial import Attempt, Attempted
from state.select import sandbox as words
from state.select.banner import broken_config
from state.select.sandbox_probe import agree, probe_lines
from state.views import Bit, Tone
from tui.differences import note
from tui.screens.thread_board import ThreadBoard
from widgets.probe_field import ProbeField
from widgets.sandbox_rows import HostRows, ProbeRows, RootRows, SettingRows
from widgets.sentences import KeyHints, Sentences
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen

log = logging.getLogger(__name__)
HINTS = (
    ("i", "probe"),
    ("P", "change it"),
    ("E", "profiles"),
    ("T", "trust"),
    ("up down", "scroll"),
    ("esc", "back"),
)
PROBING = (
    ("enter", "predict and run"),
    ("tab", "write, read, patch, connect, stdin"),
    ("esc", "back to the roots"),
)
REFUSED = (
    "not probed: no command runs in this sandbox, and a failed start leaves traces"
)
GRANTED = "not probed: what was granted on request counts in the thread alone"
ENDLESS = "a denied pattern covers more folders than can be looked at: {}"


class SandboxBoard(ThreadBoard):
    """One thread's sandbox."""

    CSS_PATH = "sandbox.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i,enter", "probe", "probe", id="sandbox.probe", show=False),
        Binding("T", "trust", "trust", id="sandbox.trust", show=False),
        Binding("E", "profile", "profiles", id="sandbox.profile", show=False),
        Binding("W", "again", "start again", id="sandbox.again", show=False),
    ]

    def __init__(self, fleet: FleetScreen, thread_id: ThreadId | None) -> None:
        super().__init__(fleet, thread_id)
        self.host: Host | None = None
        self.known = words.Known(None, why="asking the engine …")
        self.verdict: Verdict | None = None
        self.real: Attempted | None = None
        self.waiting = False
        self.noted = ""
        """The file in which a difference was noted"""
        self._built_for: tuple[Settings | None, Granted] | None = None
        self.heading = TitleLine("Sandbox", id="heading")
        self.summary = TitleLine("", id="summary")
        self.summary.ruled = False
        self.loud = Sentences(id="loud")
        self.settings = SettingRows(id="settings")
        self.roots_title = TitleLine("Roots", id="roots-title")
        self.roots = RootRows(id="roots")
        self.hosts_title = TitleLine("Hosts", id="hosts-title")
        self.hosts = HostRows(id="hosts")
        self.notes = Sentences(id="notes")
        self.probe_title = TitleLine("Probe", "may this agent …?", id="probe-title")
        self.probe = ProbeField(id="probe")
        self.answer = ProbeRows(id="answer")
        self.hints = KeyHints(id="hints")

    def middle(self) -> ComposeResult:
        """Settings, roots, probe."""
        yield self.heading
        with VerticalScroll(id="middle"):
            yield self.summary
            yield self.loud
            yield self.settings
            yield self.roots_title
            yield self.roots
            yield self.hosts_title
            yield self.hosts
            yield self.notes
        yield self.probe_title
        yield self.probe
        yield self.answer
        yield self.hints

    def first_focus(self) -> Widget | None:
        """What is read first."""
        return self.query_one("#middle", VerticalScroll)

    def opened(self) -> None:
        """Paint, then find out."""
        super().opened()
        self.hints.view = HINTS

    # -- what is known -------------------------------------------------------------

    async def learn(self) -> None:
        """The machine, too."""
        self.host = await self.fleet.services.engine.surroundings()
        await self.ask_controls()
        await self._build()

    async def _build(self) -> None:
        self._built_for = self._now()
        with self.waiting_for("Looking at the disk …"):
            self.known = await asyncio.to_thread(self._known, self._built_for[0])
        self.verdict = self.real = None
        if self.is_mounted:
            self.show()

    def _known(self, settings: Settings | None) -> words.Known:
        if settings is None:
            return words.Known(None, why="what this thread last ran under is not known")
        host = self.host or Host()
        local = self.host is not None
        try:
            policy = assemble.policy_of(
                settings, self.controls, host, granted=self._granted(settings, host)
            )
        except ProfileError as error:
            return words.Known(settings, host=host, why=str(error))
        if policy is None:
            return words.Known(settings, host=host)
        proxy = proxied.proxy_of(
            settings,
            self.controls,
            policy,
            host,
            within=(self.thread, self.fleet.presenter.world.engine.epoch),
        )
        disk = (self.fleet.services.disk or LocalDisk)() if local else NoDisk()
        try:
            box = box_of(policy, Looked(disk), host) if local else None
        except globs.EndlessError as error:
            why = ENDLESS.format(error)
            return words.Known(settings, policy, None, host, why, proxy)
        return words.Known(settings, policy, box, host, proxy=proxy)

    def _granted(self, settings: Settings, host: Host) -> Granted:
        epoch = self.fleet.presenter.world.engine.epoch
        return granted(self.thread, epoch, assemble.roots_of(settings), host)

    def _now(self) -> tuple[Settings | None, Granted]:
        """What the sandbox is built for: settings, and what was granted since."""
        settings = words.now_of(self.thread)
        given = self._granted(settings, self.host or Host()) if settings else Granted()
        return settings, given

    def show(self) -> None:
        """Everything."""
        now = self._now()
        if now != self._built_for and self._built_for is not None:
            self._built_for = now
            build = self._build  # Not begun if another takes its place first.
            self.run_worker(build, group="build", exclusive=True)  # type: ignore[arg-type]
        view = words.sandbox_view(
            self.thread,
            self.controls,
            self.known,
            self.fleet.presenter.world.threads,
            self.verdict,
            broken=broken_config(self.fleet.presenter.world),
        )
        name = " ".join(part for part in ("·", view.title, view.agent) if part)
        self.heading.detail = name
        self.heading.end = (Bit(self._since(), Tone.MUTED),) if self._since() else ()
        self.summary.title = f"{view.square} {view.mode}"
        self.summary.detail = f"  {view.sentence}"
        self.loud.view = view.loud
        self.settings.view = view.settings
        self.roots_title.detail = str(view.count) if view.count else ""
        self.roots.view = view.roots
        self.hosts_title.detail = str(view.host_count)
        self.hosts_title.display = self.hosts.display = bool(view.hosts)
        self.hosts.view = view.hosts
        self.notes.view = view.notes
        self._answer()

    def _since(self) -> str:
        engine = self.fleet.presenter.world.engine
        if engine.phase is not EnginePhase.READY:
            return "last known"
        return ""

    def _answer(self) -> None:
        if self.verdict is None:
            self.answer.view = ()
            return
        self.answer.view = probe_lines(
            self.verdict, self.real, waiting=self.waiting, noted=self.noted
        )

    # -- the probe -----------------------------------------------------------------

    def action_probe(self) -> None:
        """i"""
        self.probe.field.focus()

    def on_descendant_focus(self) -> None:
        """What the keys do here."""
        probing = self.probe.field.has_focus
        self.probe_title.live = probing
        self.heading.live = not probing
        self.hints.view = PROBING if probing else HINTS

    def action_leave_board(self) -> None:
        """esc: out of the field first."""
        if self.probe.field.has_focus:
            self.query_one("#middle").focus()
            return
        super().action_leave_board()

    def do_write(self) -> None:
        """i, by the registry."""
        self.action_probe()

    @on(ProbeField.Asked)
    def _asked(self, message: ProbeField.Asked) -> None:
        message.stop()
        policy = self.known.policy
        if policy is None:
            self.say(self.known.why or "What holds here is not known.")
            return
        self.run_worker(
            self._try(Operation(message.operation), message.target, policy),
            group="probe",
            exclusive=True,
            exit_on_error=False,
        )

    async def _try(self, operation: Operation, target: str, policy: Policy) -> None:
        known = self.known
        box = known.box
        if box is None:
            box = Box(Looked(NoDisk()))
        approvals = words.approvals_of(known.settings)
        ground = Ground(policy, box, known.host, approvals, known.proxy)
        if operation is Operation.CONNECT:
            ground = await self._led(target, ground)
        self.verdict, self.noted = explain(operation, target, ground), ""
        self.real, self.waiting = None, True
        self.show()
        self.real = await self._run(operation, target, ground)
        self.waiting = False
        if self.real is not None and agree(self.verdict, self.real) is False:
            await self._note(operation, target, policy)
        self.show()

    async def _note(self, operation: Operation, target: str, policy: Policy) -> None:
        """A difference: for whoever reads logs, and in a file of ours."""
        text = (
            f"{operation.value} {target!r} under {policy.name}: "
            f"{self.verdict}, {self.real}"
        )
        log.warning("sandbox prediction and run differ: %s", text)
        engine = self.fleet.presenter.world.engine.version or "unknown"
        if self.fleet.services.home is not None:
            with contextlib.suppress(OSError):  # Seen on the screen all the same.
                home = self.fleet.services.home
                path = await asyncio.to_thread(note, home, f"{engine}: {text}")
                self.noted = str(path)

    async def _led(self, target: str, ground: Ground) -> Ground:
        """With where the name leads, if that matters and is ours to find out."""
        asked = hosts.target_of(target)
        there = self.host is not None and ground.proxy is not None
        if not there or not hosts.needs_lead(ground.proxy, asked):  # type: ignore[arg-type]
            return ground
        look = self.fleet.services.names or lead_of
        return replace(ground, lead=await look(asked.host))

    async def _run(
        self, operation: Operation, target: str, ground: Ground
    ) -> Attempted | None:
        policy, settings = ground.policy, self.known.settings
        if operation is Operation.CONNECT and policy.kind is Kind.RESTRICTED:
            why = unprobed(target, self.verdict, ground, settings, self.controls)
            if why:
                return Attempted(error=why)
        if policy.kind is not Kind.RESTRICTED:
            return Attempted(error="not probed: it would run outside of any sandbox")
        if ground.box.refusal is not None:
            return Attempted(error=REFUSED)
        if operation is Operation.STDIN:
            return Attempted(error="not probed: that would need a terminal")
        if settings is None or not policy.roots:
            return Attempted(error="not probed: the thread has no workspace root")
        sandbox = settings.sandbox if settings.profile is None else None
        given = [e for e in policy.entries if e.layer in (Layer.GRANT, Layer.TURN)]
        if given and not _bears(sandbox):
            return Attempted(error=GRANTED)
        if given and sandbox is not None:
            roots = (e.path for e in given if e.access is Access.WRITE)
            sandbox = replace(sandbox, writable_roots=(*sandbox.writable_roots, *roots))
        root, *more = policy.roots
        way = Way.READ if operation is Operation.READ else Way.WRITE
        asked = Attempt(
            root,
            None if operation is Operation.CONNECT else way,
            asked_for(target)
            if operation is Operation.CONNECT
            else absolute(target, policy, ground.host),
            sandbox,
            settings.profile,
            tuple(more),
        )
        return await self.fleet.services.engine.attempt(asked)

    # -- acts ----------------------------------------------------------------------

    async def action_trust(self) -> None:
        """T"""
        await self.fleet.action_do("trust")

    def action_profile(self) -> None:
        """E: edit the profile that holds, or make one."""
        settings = self.known.settings
        self.action_leave_board()
        self.fleet.edit_profile((settings.profile if settings else None) or "")

    async def action_again(self) -> None:
        """W: the thread's work, in a thread with a root."""
        thread = self.thread
        if thread is None:
            return
        self.action_leave_board()
        self.fleet.run_worker(
            self.fleet.start_rooted(thread), group="flow", exit_on_error=False
        )


def _bears(sandbox: Sandbox | None) -> bool:
    """A try can be given further writable roots."""
    return sandbox is not None and sandbox.mode is SandboxMode.WORKSPACE_WRITE
