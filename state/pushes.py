"""A push before and after: what goes where, what it would start, what came of it.

Owns the shapes and which of them needs a second key. Does not own how they are found
or done (`state.git`). Pure. Invariant: a program that an agent could have put there, or
that nobody can judge, is never started by one key alone.
"""

from __future__ import annotations

from enum import StrEnum

from state.dataclass import dataclass
from state.push_faults import Fault
from state.undelivered import Stray


class Reach(StrEnum):
    """Whether an agent of the thread can write what is started."""

    YOURS = "out of reach"
    PROJECT = "may start files of the project"
    AGENT = "an agent can write it"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Program:
    """Something a push starts. `what`: hook pre-push, ssh, credential helper …

    `command`: as it is configured, or the file. `path`: the file, "" when it is looked
    up. `origin`: where it is set. `changed`: since the thread began. `hook`: a push
    without hooks does not start it. `mark`: another one means another program. `text`:
    how a script begins."""

    what: str
    command: str
    path: str = ""
    origin: str = ""
    reach: Reach = Reach.YOURS
    changed: bool = False
    hook: bool = False
    mark: str = ""
    text: str = ""

    @property
    def grave(self) -> bool:
        """It needs a second key."""
        return self.changed or self.reach is not Reach.YOURS


@dataclass(frozen=True, slots=True)
class Setting:
    """A line of git's configuration that changes where a push goes."""

    key: str
    value: str
    origin: str
    reach: Reach = Reach.YOURS


@dataclass(frozen=True, slots=True)
class Commit:
    id: str
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class Change:
    """A file in the commits; `kind`: A, M, D or T."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What would go where. `place`: the folder git runs in. `refusal`: why it cannot
    be pushed; then the rest may be missing. `behind`: commits the remote has and this
    branch lacks. `number`: of all commits that go. `folders`: the PATH of the push;
    `dropped`: what of the window's PATH an agent can write."""

    common: str
    place: str
    stray: Stray
    remote: str = ""
    urls: tuple[str, ...] = ()
    target: str = ""
    commits: tuple[Commit, ...] = ()
    number: int = 0
    files: tuple[Change, ...] = ()
    files_more: bool = False
    programs: tuple[Program, ...] = ()
    settings: tuple[Setting, ...] = ()
    uncommitted: int = 0
    behind: int = 0
    refusal: str = ""
    remotes: tuple[str, ...] = ()
    git: str = ""
    folders: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where it goes; a remote may have more than one address."""
        return self.urls[0] if self.urls else ""

    @property
    def hooks(self) -> tuple[Program, ...]:
        """What a push without hooks leaves out."""
        return tuple(program for program in self.programs if program.hook)

    def grave(self, *, hooks: bool) -> tuple[Program | Setting, ...]:
        """What needs a second key; `hooks`: they are to run."""
        programs = (p for p in self.programs if p.grave and (hooks or not p.hook))
        settings = (s for s in self.settings if s.reach is not Reach.YOURS)
        return (*programs, *settings)

    def same(self, other: PushPlan) -> bool:
        """Whether what was shown is what would happen: place, commits and programs."""
        return (
            self.stray.head == other.stray.head
            and (self.remote, self.urls, self.target)
            == (other.remote, other.urls, other.target)
            and self.programs == other.programs
            and self.settings == other.settings
            and not other.refusal
        )


@dataclass(frozen=True, slots=True)
class PushResult:
    """How it ended. `code` None: it could not be started. `raw`: all that was said."""

    code: int | None
    raw: str = ""
    fault: Fault | None = None
    summary: str = ""

    @property
    def ok(self) -> bool:
        return self.code == 0 and self.fault is None
