"""What a push over ssh starts: ssh itself, and what its configuration names.

Owns which ssh git takes, and how its files and what they start are judged. Does not own
how they are read (`ssh_config`). Pure. Invariant: a file of ssh's that cannot be read,
or a client whose configuration nobody here knows, is said and needs a second key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from state.dataclass import replace
from state.git.judging import (
    GITS_OWN,
    Ground,
    command_reach,
    command_words,
    configured,
    executable,
    files_in,
    from_window,
    judged,
    mark_of,
)
from state.git.plan import Line
from state.git.ssh_config import (
    OPTIONS,
    Call,
    Files,
    Reading,
    Start,
    call_of,
    started,
    target_of,
)
from state.pushes import Program, Reach

SYSTEM = (
    "/etc/ssh/ssh_config",
    "/usr/etc/ssh/ssh_config",
    "/usr/local/etc/ssh/ssh_config",
    "/opt/homebrew/etc/ssh/ssh_config",
)
"""Where builds of OpenSSH keep the machine's own configuration."""
SETTINGS = "ssh's settings"
PUTTY = ("plink", "plink.exe", "putty", "tortoiseplink", "tortoiseplink.exe")


def client(ground: Ground) -> Program:
    """The ssh that git starts."""
    window = [*from_window(ground, "ssh", "GIT_SSH_COMMAND")]
    found = window or [*configured(ground, "ssh", "core.sshcommand")]
    found = found or [*from_window(ground, "ssh", "GIT_SSH")]
    return found[0] if found else Program("ssh", "ssh", origin=GITS_OWN, mark="ssh")


def call(command: str, place: str) -> Call:
    """What git's ssh is told besides the host."""
    words = command_words(command)
    if not words or words[0].rpartition("/")[2] != "ssh":
        return Call()  # A wrapper: most of them end in an ssh without more.
    found = call_of([*words[1:], "host"])
    config = found.config
    if config and config != "none" and not config.startswith(("/", "~", "$")):
        config = f"{place.rstrip('/')}/{config}"
    return replace(found, config=config)


def ssh_files(found: Call, user: str) -> Files:
    """The files that such a call reads. `user`: ssh's own folder of the user."""
    home = user.rpartition("/")[0]
    if found.config == "none":
        return Files((), home)
    if found.config is not None:
        name = found.config
        name = re.sub(r"^(?:~|\$HOME|\$\{HOME\})(?=/)", home, name)
        name = "" if "$" in name else name
        return Files(((name, user),), home)
    system = ((path, path.rpartition("/")[0]) for path in SYSTEM)
    return Files(((f"{user}/config", user), *system), home)


def command_of(lines: Iterable[Line], environment: Mapping[str, str]) -> str:
    """The command of git's ssh, before there is a ground to judge it on."""
    last = next(
        (line.value for line in [*lines][::-1] if line.key == "core.sshcommand"), ""
    )
    given = environment.get("GIT_SSH_COMMAND", "") or last
    return given or environment.get("GIT_SSH", "") or "ssh"


def reading_of(files: Files, command: str, place: str, url: str) -> Reading:
    """What such a call starts."""
    host = re.sub(r"^[a-z+]+://", "", url)
    return started(files, target_of(host), call(command, place).options)


def watched(reading: Reading, place: str, home: str) -> tuple[str, ...]:
    """Files whose facts are wanted to judge it."""
    named = [f for s in reading.starts for f in files_in(s.command, place, home)]
    found = dict.fromkeys((*reading.read, *reading.unknown, *named))
    return tuple(path for path in found if path.startswith("/"))


# -- programs ------------------------------------------------------------------------


def programs(ground: Ground) -> Iterator[Program]:
    """In the order in which they are known."""
    ssh = client(ground)
    yield ssh
    if executable(ssh.command).rpartition("/")[2].lower() in PUTTY:
        yield Program(SETTINGS, ssh.command, reach=Reach.UNKNOWN, mark=ssh.command)
        return
    files = ground.ssh or Files((), "")
    reading = reading_of(files, ssh.command, ground.place, ground.url)
    for name in reading.unknown:
        yield Program(
            SETTINGS,
            name,
            origin="cannot be read whole",
            reach=Reach.UNKNOWN,
            mark=mark_of(ground.fact(name)),
        )
    for path in reading.read:
        if path not in reading.unknown and ground.theirs(path):
            fact = ground.fact(path)
            yield Program(
                SETTINGS,
                path,
                fact.real,
                reach=Reach.AGENT,
                changed=ground.changed(fact),
                mark=mark_of(fact),
            )
    for start in reading.starts:
        yield _judged(ground, start, ssh)
    yield from from_window(ground, "password prompt", "SSH_ASKPASS")
    for line in ground.last(f"remote.{ground.remote}.receivepack"):
        yield judged(ground, line, "on the remote", line.value)


def _judged(ground: Ground, start: Start, ssh: Program) -> Program:
    if start.path == OPTIONS:
        return replace(ssh, what=start.what, command=start.command)
    fact = ground.fact(start.path)
    reach, changed, marks = command_reach(ground, start.command)
    if ground.theirs(start.path):
        reach = Reach.AGENT
    origin = f"{start.path}:{start.line}"
    path = executable(start.command)
    return Program(
        start.what,
        start.command,
        path if path.startswith("/") else "",
        origin if start.sure else f"{origin}, if it applies",
        reach,
        changed,
        mark=f"{mark_of(fact)}|{marks}",
    )
