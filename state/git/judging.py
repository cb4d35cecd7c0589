"""Who could have put something there: how a program that a push starts is judged.

Owns the ground it is judged on and the verdict for a line of configuration, a variable
and a command. Does not own who can write a file: that is asked. Pure. Invariant: a
command is judged by each file it names, not by its first word alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping

from state.dataclass import dataclass
from state.git.plan import Fact, Line
from state.git.ssh_config import Files
from state.pushes import Program, Reach

GITS_OWN = "git's own"
"""Where a program is set that git takes when nothing is configured."""
VARIABLES = (
    *("GIT_SSH_COMMAND", "GIT_SSH", "GIT_ASKPASS", "SSH_ASKPASS"),
    *("GIT_PROXY_COMMAND", "GIT_EXEC_PATH"),
)
"""Of the window, that name a program which git or ssh starts."""
NO_FACT = Fact("")


@dataclass(frozen=True, slots=True)
class Ground:
    """What programs are judged by. `writable`: whether an agent can write a path;
    `began_s`: when the thread began. `environment`: the window's; `project_writable`:
    an agent can write the folder that hooks run in. `gate`: the hooks folder of a
    remote on this machine; None: it was not looked for. `ssh`: ssh's own files, None
    when no address needs them."""

    place: str
    remote: str
    url: str
    lines: tuple[Line, ...]
    facts: Mapping[str, Fact]
    texts: Mapping[str, str]
    hooks: str
    gate: str | None
    environment: Mapping[str, str]
    writable: Callable[[str], bool]
    began_s: int
    project_writable: bool = True
    ssh: Files | None = None

    def fact(self, path: str) -> Fact:
        """What is known of a file."""
        return self.facts.get(path, NO_FACT)

    def last(self, key: str) -> list[Line]:
        """The line that counts, if there is one."""
        return [line for line in self.lines if line.key == key][-1:]

    def theirs(self, path: str) -> bool:
        """An agent can write this file, or what it leads to."""
        return self.writable(path) or self.writable(self.fact(path).real or path)

    def changed(self, fact: Fact) -> bool:
        """Since the thread began."""
        return bool(fact.at and self.began_s and fact.at >= self.began_s)


def origin_file(origin: str, place: str) -> str:
    """The file a line of configuration stands in, absolute; "" when it is none."""
    if not origin.startswith("file:"):
        return ""
    path = origin.removeprefix("file:")
    if path.startswith('"') and path.endswith('"'):
        path = path[1:-1]
    return path if path.startswith("/") else f"{place.rstrip('/')}/{path}"


def shown_origin(origin: str) -> str:
    """The same for the eye."""
    return origin.removeprefix("file:")


def mark_of(fact: Fact) -> str:
    """Another mark means another file."""
    return f"{fact.real}:{fact.at}:{fact.sum}"


# -- commands ------------------------------------------------------------------------


def command_words(command: str) -> list[str]:
    """The words of a command, without variables that are set before it."""
    text = command.removeprefix("!").strip()
    try:
        found = shlex.split(text)
    except ValueError:
        found = text.split()
    while found and ("=" in found[0] and "/" not in found[0].partition("=")[0]):
        found = found[1:]
    return found


def executable(command: str) -> str:
    """The word of a command that is started."""
    return next(iter(command_words(command)), "")


_APART = re.compile(r"[\s\"'`;|&()<>={}\[\],]+")
_FILES = 12
"""Files of one command that are judged."""


def files_in(command: str, place: str, home: str) -> tuple[str, ...]:
    """Files a command names, absolute; those below a variable nobody knows are not
    among them."""
    found: dict[str, None] = {}
    for token in _APART.split(command.replace("${HOME}", "$HOME")):
        for text in () if "://" in token else token.split(":"):
            path = text
            for mark in ("~", "$HOME"):
                if path.startswith(f"{mark}/"):
                    path = f"{home}{path.removeprefix(mark)}"
            if "/" in path and path.strip("/") and "$" not in path:
                whole = path if path.startswith("/") else f"{place}/{path}"
                found[whole] = None
    return tuple(found)[:_FILES]


def command_reach(ground: Ground, command: str) -> tuple[Reach, bool, str]:
    """How a command is judged by the files it names: its reach, whether one of them
    changed, their marks."""
    reach, changed, marks = Reach.YOURS, False, list[str]()
    home = ground.environment.get("HOME", "")
    path = executable(command)
    for file in files_in(command, ground.place, home):
        fact = ground.fact(file)
        if ground.theirs(file) and (fact.kind != "-" or file == path):
            reach = Reach.AGENT
        if fact.there:
            changed = changed or ground.changed(fact)
            marks.append(mark_of(fact))
    if "/" in path and not path.startswith(("/", "~", "$")) and ground.project_writable:
        reach = Reach.AGENT
    return reach, changed, "".join(marks)


def judged(
    ground: Ground, line: Line, what: str, command: str, *, hook: bool = False
) -> Program:
    """Something that a line of configuration starts: who can write the line or a file
    it names decides."""
    origin = origin_file(line.origin, ground.place)
    path = executable(command)
    reach, changed, marks = command_reach(ground, command)
    if origin and ground.theirs(origin):
        reach = Reach.AGENT
    elif (
        reach is Reach.YOURS
        and line.scope in ("local", "worktree")
        and ground.changed(ground.fact(origin))
    ):
        reach = Reach.UNKNOWN
    return Program(
        what,
        command,
        path if path.startswith("/") else "",
        shown_origin(line.origin),
        reach,
        changed,
        hook,
        f"{line.value}|{marks}",
    )


def configured(ground: Ground, what: str, key: str) -> Iterator[Program]:
    """The program that one setting names."""
    for line in ground.last(key):
        if line.value:
            yield judged(ground, line, what, line.value)


def from_window(ground: Ground, what: str, *names: str) -> Iterator[Program]:
    """A program that the window's own environment names: the user's choice."""
    for name in names:
        if value := ground.environment.get(name, ""):
            path = executable(value)
            reach, changed, marks = command_reach(ground, value)
            mark = f"{value}|{marks}"
            yield Program(what, value, path, f"${name}", reach, changed, mark=mark)
            return
