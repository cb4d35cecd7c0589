"""The push itself: the user's own git, outside the sandbox, one branch, never forced.

Owns the command line, the environment, the process and its end. Does not own what is
asked before (`state.pushes`). Invariants: exactly the commit that was shown goes to
exactly the branch that was shown; there is no shell, no terminal and no way to force;
when the waiting is cancelled the whole process group ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence

from state.dataclass import dataclass
from state.push_faults import Fault, fault_of
from state.pushes import PushPlan, PushResult

KEPT = 64 * 1024
"""Characters of output that are kept, the last ones."""
GRACE_SECONDS = 3.0
_DROPPED = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
)
"""What would make git work on another repository than the one that was shown."""
NO_GIT = "There is no git on this window's PATH."
NO_FOLDER = "The folder is gone: {}"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Program:
    """A program that was run and what it said."""

    code: int | None
    raw: str


def folders(
    environment: Mapping[str, str], writable: Callable[[str], bool]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The PATH of a push, and what of the window's an agent can write: a program put
    there would be started in place of git's own."""
    kept: list[str] = []
    dropped: list[str] = []
    for folder in environment.get("PATH", os.defpath).split(os.pathsep):
        real = os.path.realpath(folder) if folder else ""
        safe = os.path.isabs(folder) and not writable(f"{folder}/git")
        if safe and not writable(f"{real}/git"):
            kept.append(folder)
        elif folder:
            dropped.append(folder)
    return tuple(kept), tuple(dropped)


def find(program: str, path: Sequence[str]) -> str:
    """Where a program is; "" when there is none."""
    return shutil.which(program, path=os.pathsep.join(path)) or ""


def environment_of(given: Mapping[str, str], path: Sequence[str]) -> dict[str, str]:
    """What the push runs with: the window's own, told to ask on no terminal."""
    kept = {name: value for name, value in given.items() if name not in _DROPPED}
    return {
        **kept,
        "PATH": os.pathsep.join(path),
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "C",
    }


def command(plan: PushPlan, *, hooks: bool) -> list[str]:
    """The command line: one commit to one branch, no tags, no submodules."""
    off = [] if hooks else ["-c", "core.hooksPath=/dev/null"]
    skip = [] if hooks else ["--no-verify"]
    return [
        plan.git,
        "--no-pager",
        *("-c", "core.fsmonitor=false", "-c", "color.ui=false"),
        *off,
        "push",
        *("--porcelain", "--progress"),
        *("--no-follow-tags", "--no-recurse-submodules"),
        *skip,
        "--",
        plan.remote,
        f"{plan.stray.head}:{plan.target}",
    ]


async def push(
    plan: PushPlan, environment: Mapping[str, str], tell: Tell, *, hooks: bool
) -> PushResult:
    """Push it; `tell` gets each line as it comes."""
    if not plan.git:
        return _not_started(NO_GIT)
    if not os.path.isdir(plan.place):
        return _not_started(NO_FOLDER.format(plan.place))
    ran = await run(
        command(plan, hooks=hooks),
        plan.place,
        environment_of(environment, plan.folders),
        tell,
    )
    if ran.code is None:
        return _not_started(ran.raw)
    fault = fault_of(ran.raw) if ran.code else None
    if ran.code and fault is None:
        fault = Fault("other", f"git ended with code {ran.code}")
    return PushResult(ran.code, ran.raw, fault, summary(ran.raw, plan.target))


def _not_started(why: str) -> PushResult:
    return PushResult(None, why, Fault("start", why))


_STATUS = re.compile(r"^(?P<flag>[ +*=!-])\t[^\t]*:(?P<ref>[^\t]+)\t(?P<words>.*)$")


def summary(raw: str, target: str) -> str:
    """What git says became of the branch: `[new branch]`, `1234..5678`."""
    for row in raw.splitlines():
        found = _STATUS.match(row)
        if found is not None and found["ref"] == target:
            return found["words"].strip()
    return ""


# -- processes -----------------------------------------------------------------------


async def run(
    words: Sequence[str], place: str, environment: Mapping[str, str], tell: Tell
) -> Program:
    """Run in a session of its own, stdin closed; output and errors in one stream."""
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=place,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Program(None, f"{words[0]} could not be started: {error}")
    assert process.stdout is not None
    said = _Said(tell)
    reading = asyncio.ensure_future(_read(process.stdout, said))
    try:
        code = await process.wait()
        # A child in the background may hold the pipe open for as long as it likes.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reading, GRACE_SECONDS)
    except asyncio.CancelledError:
        await _end(process)
        raise
    finally:
        reading.cancel()
    said.end()
    return Program(code, said.text)


class _Said:
    """What a program says: whole lines are told as they come."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._rest = ""
        self._lines: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        text = self._rest + data.decode("utf-8", "replace")
        *lines, self._rest = re.split(r"\r\n|\r|\n", text[-KEPT:])
        for line in lines:
            self._note(line)

    def end(self) -> None:
        if self._rest:
            self._note(self._rest)
            self._rest = ""

    def _note(self, line: str) -> None:
        if self._lines and _progress(line) and _progress(self._lines[-1]):
            self._size -= len(self._lines.pop())  # a counter, written over itself
        self._lines.append(line)
        self._size += len(line)
        while self._size > KEPT and len(self._lines) > 1:
            self._size -= len(self._lines.pop(0))
        self._tell(line)

    @property
    def text(self) -> str:
        return "\n".join(self._lines)


_COUNTER = re.compile(r"^(?:remote: )?[A-Z][a-z ]+: +\d+%")


def _progress(line: str) -> bool:
    return _COUNTER.match(line) is not None


async def _read(stream: asyncio.StreamReader, said: _Said) -> None:
    while data := await stream.read(8192):
        said.feed(data)


async def _end(process: asyncio.subprocess.Process) -> None:
    """The whole group: git, ssh, hooks and what they started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, how)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)
            return


# -- gh ------------------------------------------------------------------------------

_FORGE = re.compile(
    r"^(?:https?://(?:[^@/]*@)?|ssh://(?:[^@/]*@)?|(?:git\+ssh)://(?:[^@/]*@)?|[^@/:]+@)"
    r"(?P<host>[A-Za-z0-9.-]+)(?::\d+)?[:/](?P<owner>[^/:]+)/(?P<name>[^/]+?)(?:\.git)?/?$"
)


def forge(url: str) -> str:
    """The repository as gh names it, `host/owner/name`; "" when gh cannot know it."""
    found = _FORGE.match(url)
    if found is None:
        return ""
    return f"{found['host']}/{found['owner']}/{found['name']}"


def pull_request(plan: PushPlan, gh: str) -> list[str]:
    """The command that asks for a pull request. It names everything, so that gh has to
    look at no repository; "" title: the branch's name."""
    subjects = [commit.subject for commit in plan.commits]
    title = subjects[-1] if len(subjects) == 1 else plan.stray.branch
    body = "\n".join(f"- {subject}" for subject in reversed(subjects))
    return [
        gh,
        *("pr", "create", "--repo", forge(plan.url)),
        *("--head", plan.stray.branch),
        *("--title", title or plan.stray.branch, "--body", body),
    ]
