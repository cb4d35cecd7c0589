"""Every program a push would start, and every setting that bends its way.

Owns which of git's configuration starts something, for which kind of address. Does not
own who can write a file: that is asked. Pure. Invariant: what a hook of the project
starts cannot be known, so a hook is never out of an agent's reach while an agent can
write the folder it runs in.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping

from state.dataclass import dataclass
from state.git.addresses import Way, folder_of, way_of
from state.git.plan import Fact, Line
from state.pushes import Program, Reach, Setting

OURS = ("pre-push", "reference-transaction")
"""Hooks that git push runs on this side."""
GITS_OWN = "git's own"
"""Where a program is set that git takes when nothing is configured."""
THEIRS = (
    *("pre-receive", "update", "post-receive", "post-update", "proc-receive"),
    *("reference-transaction", "push-to-checkout"),
)
"""Hooks of a repository that takes a push; on this machine, if it is here."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What programs are judged by. `writable`: whether an agent can write a path;
    `began_s`: when the thread began. `environment`: the window's; `project_writable`:
    an agent can write the folder that hooks run in. `gate`: the hooks folder of a
    remote on this machine; None: it was not looked for."""

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


def hook_files(hooks: str, gate: str) -> tuple[str, ...]:
    """Files that are hooks when they are there, those they lead to by custom, too:
    husky keeps what people write in the folder above its own."""
    found = [f"{hooks}/{name}" for name in OURS]
    above, _, last = hooks.rpartition("/")
    if last == "_":
        found += [f"{above}/{name}" for name in OURS]
    if gate:
        found += [f"{gate}/{name}" for name in THEIRS]
    return tuple(found)


def config_files(lines: Iterable[Line], place: str) -> tuple[str, ...]:
    """Files that git reads its configuration from."""
    found = {path: None for one in lines if (path := _file(one.origin, place))}
    return tuple(found)


def _file(origin: str, place: str) -> str:
    if not origin.startswith("file:"):
        return ""
    path = origin.removeprefix("file:")
    if path.startswith('"') and path.endswith('"'):
        path = path[1:-1]
    return path if path.startswith("/") else f"{place.rstrip('/')}/{path}"


def programs(ground: Ground) -> tuple[Program, ...]:
    """In the order in which they would start."""
    way, helper = way_of(ground.url)
    found = [*_hooks(ground)]
    match way:
        case Way.SSH:
            found += _ssh(ground)
        case Way.HTTP:
            found += _asking(ground)
        case Way.GIT:
            found += _configured(ground, "proxy command", "core.gitproxy")
        case Way.HELPER:
            command = ground.url if helper == "ext" else f"git-remote-{helper}"
            found.append(_of_remote(ground, "remote helper", command))
        case Way.HERE:
            found += _here(ground)
    vcs = f"remote.{ground.remote}.vcs"
    for line in _last(ground, vcs):
        command = f"git-remote-{line.value}"
        found.append(_program(ground, line, "remote helper", command))
    found += _signing(ground)
    return tuple(found)


# -- hooks ---------------------------------------------------------------------------


def _hooks(ground: Ground) -> Iterator[Program]:
    own = f"{ground.hooks}/"
    above = ground.hooks.rpartition("/")[0]
    set_by = next(iter(_last(ground, "core.hookspath")), None)
    origin = _place(set_by.origin) if set_by is not None else ""
    if any(_runs(ground, f"{own}{name}") for name in OURS):
        for name in OURS:
            path = f"{own}{name}"
            further = f"{above}/{name}" if ground.hooks.endswith("/_") else ""
            if _runs(ground, path):
                yield _hook(ground, f"hook {name}", path, origin)
                if further and ground.facts.get(further, _NO_FACT).there:
                    yield _hook(ground, f"hook {name}", further, "by husky")
        yield from _lfs(ground)


def _lfs(ground: Ground) -> Iterator[Program]:
    for line in ground.lines:
        if line.key.startswith("lfs.customtransfer.") and line.key.endswith(".path"):
            yield _program(ground, line, "git-lfs transfer", line.value, hook=True)


_NO_FACT = Fact("")


def _runs(ground: Ground, path: str) -> bool:
    fact = ground.facts.get(path, _NO_FACT)
    return fact.there and fact.runs


def _hook(ground: Ground, what: str, path: str, origin: str) -> Program:
    fact = ground.facts[path]
    reach = Reach.PROJECT if ground.project_writable else Reach.YOURS
    if ground.writable(path) or ground.writable(fact.real):
        reach = Reach.AGENT
    return Program(
        what,
        path,
        fact.real,
        origin,
        reach,
        _changed(ground, fact),
        hook=True,
        mark=_mark(fact),
        text=ground.texts.get(path, ""),
    )


def _changed(ground: Ground, fact: Fact) -> bool:
    return bool(fact.at and ground.began_s and fact.at >= ground.began_s)


def _mark(fact: Fact) -> str:
    return f"{fact.real}:{fact.at}:{fact.sum}"


# -- what configuration starts -------------------------------------------------------


def _last(ground: Ground, key: str) -> list[Line]:
    """The line that counts, if there is one."""
    return [line for line in ground.lines if line.key == key][-1:]


def _place(origin: str) -> str:
    return origin.removeprefix("file:")


def _program(
    ground: Ground, line: Line, what: str, command: str, *, hook: bool = False
) -> Program:
    """Something that a line of configuration starts: who can write the line or the
    file decides."""
    origin = _file(line.origin, ground.place)
    fact = ground.facts.get(origin, _NO_FACT)
    path = executable(command)
    own = ground.facts.get(path, _NO_FACT)
    reach = Reach.YOURS
    if (origin and ground.writable(origin)) or (
        path.startswith("/") and ground.writable(own.real or path)
    ):
        reach = Reach.AGENT
    elif "/" in path and not path.startswith(("/", "~")):
        reach = Reach.AGENT if ground.project_writable else Reach.YOURS
    elif line.scope in ("local", "worktree") and _changed(ground, fact):
        reach = Reach.UNKNOWN
    changed = path.startswith("/") and own.there and _changed(ground, own)
    mark = f"{line.value}|{_mark(own) if own.there else ''}"
    return Program(
        what,
        command,
        path if path.startswith("/") else "",
        _place(line.origin),
        reach,
        changed,
        hook,
        mark,
    )


def executable(command: str) -> str:
    """The word of a command that is started."""
    text = command.removeprefix("!").strip()
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    while words and ("=" in words[0] and "/" not in words[0].partition("=")[0]):
        words = words[1:]
    return words[0] if words else ""


def named_files(lines: Iterable[Line], remote: str) -> tuple[str, ...]:
    """Absolute files that configuration names as programs."""
    keys = (
        *("core.sshcommand", "core.askpass", "core.gitproxy", "gpg.program"),
        f"remote.{remote}.receivepack",
    )
    found: dict[str, None] = {}
    for line in lines:
        helper = line.key.startswith("credential.") and line.key.endswith(".helper")
        signs = line.key.startswith("gpg.") and line.key.endswith(".program")
        if line.key in keys or helper or signs:
            path = executable(line.value)
            if path.startswith("/"):
                found[path] = None
    return tuple(found)


def _configured(ground: Ground, what: str, key: str) -> Iterator[Program]:
    for line in _last(ground, key):
        if line.value:
            yield _program(ground, line, what, line.value)


def _from_window(ground: Ground, what: str, *names: str) -> Iterator[Program]:
    """A program that the window's own environment names: the user's choice."""
    for name in names:
        if value := ground.environment.get(name, ""):
            path = executable(value)
            bad = path.startswith("/") and ground.writable(path)
            reach = Reach.AGENT if bad else Reach.YOURS
            yield Program(what, value, path, f"${name}", reach, mark=value)
            return


def _ssh(ground: Ground) -> list[Program]:
    window = [*_from_window(ground, "ssh", "GIT_SSH_COMMAND")]
    if window:
        return window
    configured = [*_configured(ground, "ssh", "core.sshcommand")]
    if configured:
        return configured
    window = [*_from_window(ground, "ssh", "GIT_SSH")]
    return window or [Program("ssh", "ssh", origin=GITS_OWN, mark="ssh")]


def _asking(ground: Ground) -> Iterator[Program]:
    """Who is asked for a login."""
    helpers: list[Line] = []
    for line in ground.lines:
        if line.key.startswith("credential.") and line.key.endswith(".helper"):
            if line.key == "credential.helper" and not line.value:
                helpers.clear()  # an empty one takes back those before
            elif line.value:
                helpers.append(line)
    for line in helpers:
        command = line.value
        if not command.startswith(("!", "/")):
            command = f"git credential-{command}"
        yield _program(ground, line, "credential helper", command)
    window = [*_from_window(ground, "password prompt", "GIT_ASKPASS")]
    yield from window or _configured(ground, "password prompt", "core.askpass")


def _here(ground: Ground) -> Iterator[Program]:
    """A remote on this machine takes the push with a program here."""
    folder = folder_of(ground.url, ground.place)
    key = f"remote.{ground.remote}.receivepack"
    configured = [*_configured(ground, "receiving program", key)]
    yield from configured
    config = next(
        (f"{folder}{end}" for end in CONFIGS if _there(ground, f"{folder}{end}")), ""
    )
    bad = ground.writable(config or folder)
    if not configured or bad:
        reach = Reach.UNKNOWN if ground.gate is None else Reach.YOURS
        reach = Reach.AGENT if bad else reach
        yield Program(
            "receiving repository",
            "git receive-pack",
            folder,
            "the remote is a folder here",
            reach,
            mark=_mark(ground.facts.get(config, _NO_FACT)),
        )
    for name in THEIRS if ground.gate else ():
        path = f"{ground.gate}/{name}"
        if _runs(ground, path):
            fact = ground.facts[path]
            bad = ground.writable(path) or ground.writable(fact.real)
            yield Program(
                f"hook {name} of the remote",
                path,
                fact.real,
                reach=Reach.AGENT if bad else Reach.YOURS,
                changed=_changed(ground, fact),
                mark=_mark(fact),
            )


CONFIGS = ("/config", "/.git/config")


def _there(ground: Ground, path: str) -> bool:
    return ground.facts.get(path, _NO_FACT).there


def _of_remote(ground: Ground, what: str, command: str) -> Program:
    """Started because of the address itself."""
    keys = (f"remote.{ground.remote}.url", f"remote.{ground.remote}.pushurl")
    lines = [line for key in keys for line in _last(ground, key)]
    if not lines:
        return Program(what, command, reach=Reach.UNKNOWN, mark=command)
    bad = _program(ground, lines[-1], what, command)
    return Program(
        what, command, "", bad.origin, _worst(bad.reach), bad.changed, mark=command
    )


def _worst(reach: Reach) -> Reach:
    """An address that is a command is asked about, whoever wrote it."""
    return Reach.UNKNOWN if reach is Reach.YOURS else reach


def _signing(ground: Ground) -> Iterator[Program]:
    wanted = [line.value.lower() for line in _last(ground, "push.gpgsign")]
    if not wanted or wanted[0] in ("false", "no", "off", "0"):
        return
    kind = next((line.value for line in _last(ground, "gpg.format")), "openpgp")
    for key in (f"gpg.{kind}.program", "gpg.program"):
        if found := [*_configured(ground, "signing program", key)]:
            yield from found
            return
    command = "ssh-keygen" if kind == "ssh" else "gpg"
    yield Program("signing program", command, origin=GITS_OWN, mark=command)


# -- settings that bend the way ------------------------------------------------------


def settings(ground: Ground) -> tuple[Setting, ...]:
    """Lines that change where a push goes or what it passes by."""
    keys = (f"remote.{ground.remote}.pushurl", f"remote.{ground.remote}.proxy")
    found = []
    for line in ground.lines:
        other = line.key.startswith("url.") and line.key.endswith("insteadof")
        prefix = other and _bent(ground, line)
        http = line.key in ("http.proxy", "http.sslverify", "http.extraheader")
        if line.key in keys or prefix or (http and way_of(ground.url)[0] is Way.HTTP):
            origin = _file(line.origin, ground.place)
            bad = bool(origin) and ground.writable(origin)
            value = "(kept secret)" if line.key == "http.extraheader" else line.value
            reach = Reach.AGENT if bad else Reach.YOURS
            found.append(Setting(line.key, value, _place(line.origin), reach))
    return tuple(found)


def _bent(ground: Ground, line: Line) -> bool:
    """A rewriting that the address in use came out of."""
    return ground.url.startswith(line.key.removeprefix("url.").rpartition(".")[0])
