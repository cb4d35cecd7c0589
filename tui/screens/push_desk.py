"""A push from the first look to the result, whoever looks at it meanwhile.

Owns the life of one push at a time: which branches there are, the plan, the process,
the pull request. Does not own words or keys (`tui.screens.push`). Invariants: what is
pushed is looked at once more before it goes, and what changed since it was shown stops
it; leaving the board stops nothing; the window's end does.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shlex
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from state.dataclass import dataclass, replace
from state.git import pushing
from state.git.judging import GITS_OWN
from state.git.planning import Window, make_plan, read_repository
from state.git.repository import Repository, strays
from state.git.shell import LookFailed
from state.items import ThreadId
from state.model import Thread
from state.pushes import Program, PushPlan, PushResult, Reach
from state.select.delivery import commits
from state.select.push_words import Phase
from state.text import clean, reveal
from state.undelivered import Stray
from tui.screens.reach import Hands, hands_of

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen

Pusher = Callable[..., Awaitable[PushResult]]
NOTHING = "Everything in this repository stands on its remote."
NO_REMOTE = (
    "This repository has no remote, so there is nowhere to push to. "
    "git remote add origin URL adds one."
)
CHANGED = "This changed since it was shown, so nothing was pushed. Look at it again."
STOPPED = "You stopped it. What the remote had taken by then, it keeps."
PEOPLE_LINES = 200


@dataclass(slots=True)
class State:
    """Where it stands."""

    phase: Phase = Phase.LOOKING
    note: str = ""
    strays: tuple[Stray, ...] = ()
    at: int = 0
    plan: PushPlan | None = None
    result: PushResult | None = None
    said: tuple[str, ...] = ()
    gh: tuple[str, ...] = ()
    request: str = ""
    elsewhere: str = ""
    """The command to type on the engine's machine; "" when it runs here"""
    since_ms: int = 0
    """When what can be pushed was last drawn anew"""


class PushDesk:
    """Of one fleet screen. `on_change` draws it, if anybody looks."""

    def __init__(self, fleet: FleetScreen) -> None:
        self._fleet = fleet
        self.thread_id: ThreadId | None = None
        self.state = State()
        self.on_change: Callable[[], None] = lambda: None
        self._task: asyncio.Task[Any] | None = None
        self._repository: Repository | None = None
        self._remote = ""

    # -- what there is ---------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """A push runs."""
        return self.state.phase is Phase.RUNNING

    @property
    def thread(self) -> Thread | None:
        """Whose work it is."""
        if self.thread_id is None:
            return None
        return self._fleet.presenter.world.threads.get(self.thread_id)

    @property
    def environment(self) -> Mapping[str, str]:
        """The window's own."""
        given = self._fleet.services.environment
        return os.environ if given is None else given

    def _home(self) -> str:
        """Where ssh looks: the user's folder, wherever HOME points."""
        given = self._fleet.services.environment
        if given is not None:
            return given.get("HOME", "")
        try:
            return pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return os.path.expanduser("~")

    def begin(self, thread_id: ThreadId | None) -> None:
        """Look at the repository of a thread, or of the window's folder."""
        if self.busy:
            return
        if thread_id != self.thread_id:
            self.thread_id, self._remote = thread_id, ""
            self.state = State()
        self.look()

    def look(self, note: str = "") -> None:
        """Look (again)."""
        if self.busy:
            return
        at = self.state.at
        self.state = State(note=note, at=at)
        self._changed()
        self._run(self._learn())

    def _run(self, work: Any) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
        self._task = self._fleet.services.bridge.spawn(work)

    def _changed(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self.state, name, value)
        self.on_change()

    def places(self) -> list[str]:
        """Where to look, the thread's flags first."""
        thread = self.thread
        flags = [one.place for one in thread.undelivered] if thread is not None else []
        cwd = thread.cwd if thread is not None and thread.cwd else ""
        return [*flags, cwd or self._fleet.services.cwd]

    async def _learn(self) -> None:
        looker = self._fleet.services.engine.look
        why = ""
        for place in dict.fromkeys(self.places()):
            try:
                repository = await read_repository(looker, place)
            except LookFailed as error:
                why = why or str(error)
                continue
            if self.thread_id is not None:
                self._fleet.services.bridge.delivery.note(
                    self.thread_id, place, repository
                )
            found = self._sorted(strays(repository), repository.common)
            if found or place == self.places()[-1]:
                self._repository = repository
                await self._choose(found)
                return
        self._changed(phase=Phase.NOTHING, note=why or NOTHING)

    def _sorted(self, found: tuple[Stray, ...], common: str) -> tuple[Stray, ...]:
        """The thread's own branches first, then where it stands."""
        thread = self.thread
        own = {
            (stray.branch, stray.worktree)
            for one in (thread.undelivered if thread is not None else ())
            if one.common == common
            for stray in one.strays
        }
        cwd = thread.cwd if thread is not None else self._fleet.services.cwd

        def order(stray: Stray) -> tuple[bool, bool]:
            here = bool(stray.worktree) and (
                cwd == stray.worktree or cwd.startswith(f"{stray.worktree}/")
            )
            return ((stray.branch, stray.worktree) not in own, not here)

        return tuple(sorted(found, key=order))

    async def _choose(self, found: tuple[Stray, ...]) -> None:
        repository = self._repository
        assert repository is not None
        self.state.strays = found
        self.state.at = min(self.state.at, max(0, len(found) - 1))
        if not found:
            note = NOTHING if repository.remotes else NO_REMOTE
            self._changed(phase=Phase.NOTHING, note=note)
            return
        await self._plan()

    async def _plan(self) -> None:
        state, repository = self.state, self._repository
        assert repository is not None
        self._changed(phase=Phase.LOOKING, plan=None, result=None, request="")
        try:
            plan = await self._planned(repository, state.strays[state.at])
        except LookFailed as error:
            self._changed(phase=Phase.NOTHING, note=str(error))
            return
        local = await self._fleet.services.engine.surroundings() is not None
        elsewhere = "" if local or plan.refusal else typed(plan)
        self._changed(
            phase=Phase.READY,
            plan=plan,
            elsewhere=elsewhere,
            since_ms=self._fleet.services.clock(),
        )

    async def _planned(self, repository: Repository, stray: Stray) -> PushPlan:
        services, environment = self._fleet.services, self.environment
        hands = await hands_of(self._fleet, self.thread, repository)
        thread = self.thread
        began = thread.created_ms // 1000 if thread is not None else 0
        ssh = f"{self._home()}/.ssh"
        window = Window(services.engine.look, environment, hands.writable, began, ssh)
        plan = await make_plan(window, repository, stray, self._remote)
        return await asyncio.to_thread(with_programs, plan, environment, hands)

    # -- choosing --------------------------------------------------------------------

    def step(self, by: int) -> None:
        """Another branch."""
        number = len(self.state.strays)
        if self.busy or number < 2:
            return
        self.state.at = (self.state.at + by) % number
        self._remote, self.state.note = "", ""
        self._run(self._plan())

    def other_remote(self) -> None:
        """The next remote there is."""
        plan = self.state.plan
        if self.busy or plan is None or len(plan.remotes) < 2:
            return
        at = plan.remotes.index(plan.remote) if plan.remote in plan.remotes else -1
        self._remote = plan.remotes[(at + 1) % len(plan.remotes)]
        self._run(self._plan())

    # -- pushing ---------------------------------------------------------------------

    def push(self, *, hooks: bool) -> None:
        """Go: what was shown, if it still is what it was."""
        plan = self.state.plan
        if plan is None or plan.refusal or self.busy or self.state.elsewhere:
            return
        self._changed(phase=Phase.RUNNING, said=(), result=None, note="")
        self._task = self._fleet.services.bridge.spawn(self._push(plan, hooks=hooks))

    async def _push(self, shown: PushPlan, *, hooks: bool) -> None:
        services = self._fleet.services
        try:
            result = await self._pushed(shown, hooks=hooks)
        except asyncio.CancelledError:
            if self.state.phase is Phase.ENDED:
                return  # It was stopped by a key, and that is shown.
            raise
        if result is None:
            return
        gh: tuple[str, ...] = ()
        if result.ok and pushing.forge(shown.url):
            program = await asyncio.to_thread(pushing.find, "gh", shown.folders)
            gh = tuple(pushing.pull_request(shown, program)) if program else ()
        self._changed(phase=Phase.ENDED, result=result, gh=gh)
        self._fleet.say(sentence(shown, result))
        await services.bridge.delivery.refresh(shown.place)

    async def _pushed(self, shown: PushPlan, *, hooks: bool) -> PushResult | None:
        """None: it changed since it was shown, and is shown anew."""
        repository = self._repository
        assert repository is not None
        try:
            fresh = await read_repository(self._fleet.services.engine.look, shown.place)
            name = shown.stray.branch
            now = next((s for s in strays(fresh) if s.branch == name), shown.stray)
            plan = await self._planned(fresh, now)
        except LookFailed as error:
            self._changed(phase=Phase.READY, note=str(error))
            return None
        if not shown.same(plan):
            self._repository = fresh
            self._changed(
                phase=Phase.READY,
                plan=plan,
                note=CHANGED,
                since_ms=self._fleet.services.clock(),
            )
            return None
        pusher: Pusher = self._fleet.services.pusher or pushing.push
        return await pusher(plan, self.environment, self._told, hooks=hooks)

    def _told(self, line: str) -> None:
        self._changed(said=(*self.state.said, line)[-PEOPLE_LINES:])

    def stop(self) -> None:
        """End the process and all it started."""
        if self.busy and self._task is not None:
            result = PushResult(None, "\n".join((*self.state.said, STOPPED)))
            self._changed(phase=Phase.ENDED, result=result)
            self._task.cancel()
            self._fleet.say("The push was stopped.")

    # -- pull request ----------------------------------------------------------------

    def request(self) -> None:
        """Run the command that was shown, away from any repository."""
        if self.state.gh and not self.state.request:
            self._changed(request="asking for a pull request …")
            self._run(self._request(self.state.gh))

    async def _request(self, command: tuple[str, ...]) -> None:
        plan = self.state.plan
        folders = plan.folders if plan is not None else ()
        environment = {
            **pushing.environment_of(self.environment, folders),
            "GH_PROMPT_DISABLED": "1",
            "NO_COLOR": "1",
        }
        lines: list[str] = []
        ran = await pushing.run(command, "/", environment, lines.append)
        last = next((row for row in reversed(lines) if row.strip()), "")
        if ran.code == 0:
            words = f"Pull request opened: {clean(last)}"
        else:
            words = f"gh did not open one: {clean(last) or ran.raw}"
        self._changed(request=words)
        self._fleet.say(words)


def with_programs(
    plan: PushPlan, environment: Mapping[str, str], hands: Hands
) -> PushPlan:
    """The plan with the PATH it runs with, and with what is found on it by name. A
    folder that a sandboxed agent can write is no part of that PATH."""
    kept, dropped = pushing.folders(environment, hands.boxed)
    git = pushing.find("git", kept)
    own = Program("git", git, git, "on PATH", mark=git)
    found = [_found(own, git, hands)] if git else []
    for one in plan.programs:
        path = pushing.find(one.command, kept) if one.origin == GITS_OWN else ""
        found.append(_found(one, path, hands) if path else one)
    shown = tuple(one for one in found if one.what != "git" or one.grave)
    return replace(plan, git=git, folders=kept, dropped=dropped, programs=shown)


def _found(program: Program, path: str, hands: Hands) -> Program:
    real = os.path.realpath(path)
    bad = hands.writable(path) or hands.writable(real)
    reach = Reach.AGENT if bad else program.reach
    return replace(program, path=real, reach=reach, mark=f"{program.mark}|{real}")


def typed(plan: PushPlan) -> str:
    """The push as somebody would type it."""
    ref = f"refs/heads/{plan.stray.branch}"
    words = ("git", "-C", plan.place, "push", plan.remote, f"{ref}:{ref}")
    return shlex.join(words)


def sentence(plan: PushPlan, result: PushResult) -> str:
    """How it went, for the bottom line."""
    branch = reveal(plan.stray.branch).text
    if result.ok:
        where = reveal(plan.remote).text
        return f"pushed {commits(plan.number)} of {branch} to {where}"
    why = clean(result.fault.words) if result.fault is not None else "it failed"
    return f"{branch} was not pushed: {why} · /push"
