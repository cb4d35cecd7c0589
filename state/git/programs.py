"""Every program a push would start, and every setting that bends its way.

Owns which of git's configuration starts something, for which kind of address. Does not
own who can write a file: that is asked. Pure. Invariant: what a hook of the project
starts cannot be known, so a hook is never out of an agent's reach while an agent can
write the folder it runs in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from state.git import ssh
from state.git.addresses import Way, folder_of, way_of
from state.git.judging import (
    GITS_OWN,
    Ground,
    configured,
    files_in,
    from_window,
    judged,
    mark_of,
    origin_file,
    shown_origin,
)
from state.git.plan import Line
from state.git.urls import meant
from state.pushes import Program, Reach

OURS = ("pre-push", "reference-transaction")
"""Hooks that git push runs on this side."""
THEIRS = (
    *("pre-receive", "update", "post-receive", "post-update", "proc-receive"),
    *("reference-transaction", "push-to-checkout"),
)
"""Hooks of a repository that takes a push; on this machine, if it is here."""
_NO = ("false", "no", "off", "0")


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
    found = {path: None for one in lines if (path := origin_file(one.origin, place))}
    return tuple(found)


def programs(ground: Ground) -> tuple[Program, ...]:
    """In the order in which they would start."""
    way, helper = way_of(ground.url)
    found = [*from_window(ground, "git's programs", "GIT_EXEC_PATH"), *_hooks(ground)]
    match way:
        case Way.SSH:
            found += ssh.programs(ground)
        case Way.HTTP:
            found += _asking(ground)
        case Way.GIT:
            found += _proxies(ground)
        case Way.HELPER:
            command = ground.url if helper == "ext" else f"git-remote-{helper}"
            found.append(_of_remote(ground, "remote helper", command))
        case Way.HERE:
            found += _here(ground)
    vcs = f"remote.{ground.remote}.vcs"
    for line in ground.last(vcs):
        command = f"git-remote-{line.value}"
        found.append(judged(ground, line, "remote helper", command))
    found += _missing(ground)
    found += _signing(ground)
    return tuple(found)


# -- hooks ---------------------------------------------------------------------------


def _hooks(ground: Ground) -> Iterator[Program]:
    own = f"{ground.hooks}/"
    above = ground.hooks.rpartition("/")[0]
    set_by = next(iter(ground.last("core.hookspath")), None)
    origin = shown_origin(set_by.origin) if set_by is not None else ""
    if any(_runs(ground, f"{own}{name}") for name in OURS):
        for name in OURS:
            path = f"{own}{name}"
            further = f"{above}/{name}" if ground.hooks.endswith("/_") else ""
            if _runs(ground, path):
                yield _hook(ground, f"hook {name}", path, origin)
                if further and ground.fact(further).there:
                    yield _hook(ground, f"hook {name}", further, "by husky")
        yield from _lfs(ground)
    yield from _hooks_by_name(ground)


def _hooks_by_name(ground: Ground) -> Iterator[Program]:
    """Those that newer gits take from their configuration. A push without hooks leaves
    out the ones of pre-push alone."""
    for line in ground.lines:
        name = line.key.removeprefix("hook.").removesuffix(".command")
        if line.key != f"hook.{name}.command" or not line.value:
            continue
        events = [o.value for o in ground.lines if o.key == f"hook.{name}.event"]
        off = any(o.value.lower() in _NO for o in ground.last(f"hook.{name}.enabled"))
        for event in () if off else [one for one in OURS if one in events]:
            skipped = event == "pre-push"
            yield judged(ground, line, f"hook {event}", line.value, hook=skipped)


def _lfs(ground: Ground) -> Iterator[Program]:
    for line in ground.lines:
        if line.key.startswith("lfs.customtransfer.") and line.key.endswith(".path"):
            yield judged(ground, line, "git-lfs transfer", line.value, hook=True)


def _runs(ground: Ground, path: str) -> bool:
    fact = ground.fact(path)
    return fact.there and fact.runs


def _hook(ground: Ground, what: str, path: str, origin: str) -> Program:
    fact = ground.facts[path]
    reach = Reach.PROJECT if ground.project_writable else Reach.YOURS
    if ground.theirs(path):
        reach = Reach.AGENT
    return Program(
        what,
        path,
        fact.real,
        origin,
        reach,
        ground.changed(fact),
        hook=True,
        mark=mark_of(fact),
        text=ground.texts.get(path, ""),
    )


# -- what configuration starts -------------------------------------------------------


def named_files(
    lines: Iterable[Line], remote: str, place: str, home: str
) -> tuple[str, ...]:
    """Files that configuration names as programs, or as their arguments."""
    keys = (
        *("core.sshcommand", "core.askpass", "core.gitproxy", "gpg.program"),
        *("gpg.ssh.defaultkeycommand", f"remote.{remote}.receivepack"),
    )
    found: dict[str, None] = {}
    for line in lines:
        helper = line.key.startswith("credential.") and line.key.endswith(".helper")
        signs = line.key.startswith("gpg.") and line.key.endswith(".program")
        hook = line.key.startswith("hook.") and line.key.endswith(".command")
        if line.key in keys or helper or signs or hook:
            found |= dict.fromkeys(files_in(line.value, place, home))
    return tuple(found)


def _asking(ground: Ground) -> Iterator[Program]:
    """Who is asked for a login."""
    helpers: list[Line] = []
    for line in ground.lines:
        scheme = line.key.removeprefix("credential.").removesuffix("helper")
        if line.key != f"credential.{scheme}helper":
            continue
        pattern = scheme.removesuffix(".")
        if not line.value and meant(pattern, ground.url) is True:
            helpers.clear()  # an empty one takes back those before
        elif line.value and meant(pattern, ground.url) is not False:
            helpers.append(line)
    for line in helpers:
        command = line.value
        if not command.startswith(("!", "/")):
            command = f"git credential-{command}"
        yield judged(ground, line, "credential helper", command)
    asked = [*from_window(ground, "password prompt", "GIT_ASKPASS")]
    asked = asked or [*configured(ground, "password prompt", "core.askpass")]
    yield from asked or from_window(ground, "password prompt", "SSH_ASKPASS")


def _proxies(ground: Ground) -> Iterator[Program]:
    """The first whose host fits is taken; all are named."""
    window = [*from_window(ground, "proxy command", "GIT_PROXY_COMMAND")]
    yield from window
    for line in () if window else ground.lines:
        if line.key == "core.gitproxy" and line.value not in ("", "none"):
            yield judged(ground, line, "proxy command", line.value)


def _missing(ground: Ground) -> Iterator[Program]:
    """In a partial clone git may fetch what it lacks, from whatever remote says so."""
    for line in ground.lines:
        name = line.key.removeprefix("remote.").removesuffix(".promisor")
        said = line.key == f"remote.{name}.promisor" and line.value.lower() not in _NO
        for url in ground.last(f"remote.{name}.url") if said else ():
            yield judged(ground, url, "missing objects", url.value)
            for program in ground.last(f"remote.{name}.uploadpack"):
                yield judged(ground, program, "missing objects", program.value)


def _here(ground: Ground) -> Iterator[Program]:
    """A remote on this machine takes the push with a program here."""
    folder = folder_of(ground.url, ground.place)
    key = f"remote.{ground.remote}.receivepack"
    receiving = [*configured(ground, "receiving program", key)]
    yield from receiving
    config = next(
        (f"{folder}{end}" for end in CONFIGS if _there(ground, f"{folder}{end}")), ""
    )
    bad = ground.writable(config or folder)
    if not receiving or bad:
        reach = Reach.UNKNOWN if ground.gate is None else Reach.YOURS
        reach = Reach.AGENT if bad else reach
        yield Program(
            "receiving repository",
            "git receive-pack",
            folder,
            "the remote is a folder here",
            reach,
            mark=mark_of(ground.fact(config)),
        )
    for name in THEIRS if ground.gate else ():
        path = f"{ground.gate}/{name}"
        if _runs(ground, path):
            fact = ground.facts[path]
            yield Program(
                f"hook {name} of the remote",
                path,
                fact.real,
                reach=Reach.AGENT if ground.theirs(path) else Reach.YOURS,
                changed=ground.changed(fact),
                mark=mark_of(fact),
            )


CONFIGS = ("/config", "/.git/config")


def _there(ground: Ground, path: str) -> bool:
    return ground.fact(path).there


def _of_remote(ground: Ground, what: str, command: str) -> Program:
    """Started because of the address itself."""
    keys = (f"remote.{ground.remote}.url", f"remote.{ground.remote}.pushurl")
    lines = [line for key in keys for line in ground.last(key)]
    if not lines:
        return Program(what, command, reach=Reach.UNKNOWN, mark=command)
    bad = judged(ground, lines[-1], what, command)
    return Program(
        what, command, "", bad.origin, _worst(bad.reach), bad.changed, mark=command
    )


def _worst(reach: Reach) -> Reach:
    """An address that is a command is asked about, whoever wrote it."""
    return Reach.UNKNOWN if reach is Reach.YOURS else reach


def _signing(ground: Ground) -> Iterator[Program]:
    wanted = [line.value.lower() for line in ground.last("push.gpgsign")]
    if not wanted or wanted[0] in _NO:
        return
    kind = next((line.value for line in ground.last("gpg.format")), "openpgp")
    if kind == "ssh" and not ground.last("user.signingkey"):
        yield from configured(ground, "signing key", "gpg.ssh.defaultkeycommand")
    keys = [f"gpg.{kind}.program"]
    if kind == "openpgp":
        keys.append("gpg.program")
    for key in keys:
        if found := [*configured(ground, "signing program", key)]:
            yield from found
            return
    command = {"ssh": "ssh-keygen", "x509": "gpgsm"}.get(kind, "gpg")
    yield Program("signing program", command, origin=GITS_OWN, mark=command)
