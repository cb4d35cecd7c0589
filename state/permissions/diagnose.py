"""From raw noise to one sentence: who blocked what, and the setting that allows it.

Owns the wording and which setting helps; `noise` finds what the text shows. Does not
decide what a policy allows (`explain`). Invariants: a block by Codex's sandbox is said
as a fact only where the text and what was in force leave nothing else; the raw text
stays available to whoever shows this; no remedy is ever applied from here.
"""

from __future__ import annotations

from collections.abc import Callable

from state.permissions.diagnosis import Blocker, Diagnosis
from state.permissions.machinery import (
    ALWAYS,
    no_helper,
    no_mount,
    symlink,
    unreadable_self,
)
from state.permissions.noise import Finding, Noise, find
from state.permissions.paths import within
from state.permissions.remedies import (
    Context,
    absolute,
    allow_write,
    network_setting,
    own_folders,
    profile_entry,
    protected,
    root_of,
    write_setting,
)

_WRITES = "workspace-write"

__all__ = ["Blocker", "Context", "Diagnosis", "diagnose"]


def diagnose(text: str, context: Context) -> Diagnosis | None:
    """What stopped a command or the engine; None: the text shows no block."""
    found = find(text)
    if found is None:
        return None
    always = ALWAYS.get(found.noise)
    return always or _TELLS[found.noise](found, context)


# -- files -----------------------------------------------------------------------


def _read_only(found: Finding, context: Context) -> Diagnosis:
    path = absolute(found.subject, context.cwd)
    what = f"writing {path}" if path else "a write"
    if not context.known:
        return Diagnosis(
            Blocker.UNKNOWN,
            f"{_cap(what)} failed: a read-only file system. Under which sandbox it ran "
            "is not known, so it may have been that.",
            "Look at the sandbox of the thread: /sandbox.",
            proven=False,
            noise=found.noise,
            subject=path,
        )
    if not context.sandboxed:
        return Diagnosis(
            Blocker.OUTER,
            f"{_cap(what)} failed on a read-only file system; Codex's sandbox was off, "
            "so the disk itself or a sandbox around Codex did it.",
            "Allow the folder in the sandbox that Codex itself runs in.",
            allow_write((path,) if path else ()),
            "json" if path else "",
            noise=found.noise,
            subject=path,
        )
    guarded = protected(path, context)
    if guarded:
        return Diagnosis(
            Blocker.SANDBOX,
            f"Codex's sandbox blocked {what}: {guarded} is protected inside every "
            "writable root.",
            "A permission profile can lift it; or run this one command outside the "
            "sandbox when it asks.",
            profile_entry(context, guarded, nested=True),
            "toml",
            noise=found.noise,
            subject=path,
        )
    inside = root_of(path, context)
    if inside:
        return Diagnosis(
            Blocker.SYSTEM,
            f"{_cap(what)} failed on a read-only file system, though {inside} is "
            "writable for this thread: the disk itself is read-only there.",
            "Mount it writable, or work in another folder.",
            proven=False,
            noise=found.noise,
            subject=path,
        )
    remedy, setting = write_setting(path, context)
    if _lacks_root(context) and within(path, context.cwd):
        return _no_root(found, path)
    return Diagnosis(
        Blocker.SANDBOX,
        f"Codex's sandbox ({context.mode}) blocked {what}.",
        remedy,
        setting,
        "toml" if setting else "",
        noise=found.noise,
        subject=path,
    )


def _lacks_root(context: Context) -> bool:
    return bool(context.cwd) and context.mode == _WRITES and not context.roots


def _no_root(found: Finding, path: str) -> Diagnosis:
    return Diagnosis(
        Blocker.SANDBOX,
        f"Codex's sandbox blocked writing{f' {path}' if path else ''}: the thread may "
        "write its workspace, but it has no workspace root.",
        "Start it again with its folder as the root: W in /sandbox.",
        noise=found.noise,
        subject=path,
    )


def _denied(found: Finding, context: Context) -> Diagnosis:
    path = absolute(found.subject, context.cwd)
    what = f"using {path}" if path else "something"
    may = "may have been Codex's sandbox"
    if not context.sandboxed:
        may = "was not Codex's sandbox, which was off"
    return Diagnosis(
        Blocker.UNKNOWN if context.sandboxed else Blocker.SYSTEM,
        f"The system refused {what}: permission denied. It {may}; ownership and "
        "mode of the file say the same words.",
        "Try the path in the sandbox inspector: /sandbox.",
        proven=False,
        noise=found.noise,
        subject=path,
    )


def _database(found: Finding, context: Context) -> Diagnosis:
    path = absolute(found.subject, context.cwd)
    what = path or "its database file"
    if not context.sandboxed or (path and root_of(path, context)):
        return Diagnosis(
            Blocker.SYSTEM,
            f"SQLite could not open {what}.",
            "Check that its folder exists and can be written.",
            proven=False,
            noise=found.noise,
            subject=path,
        )
    remedy, setting = write_setting(path, context)
    return Diagnosis(
        Blocker.SANDBOX,
        f"SQLite could not open {what}; Codex's sandbox ({context.mode}) may have "
        "blocked writing beside it.",
        remedy,
        setting,
        "toml" if setting else "",
        proven=False,
        noise=found.noise,
        subject=path,
    )


# -- network ---------------------------------------------------------------------


def _network(found: Finding, context: Context) -> Diagnosis:
    host = found.subject
    what = f"the connection to {host}" if host else "a connection"
    sandbox = context.sandbox
    if not context.known:
        return Diagnosis(
            Blocker.UNKNOWN,
            f"{_cap(what)} failed. Whether its network was on is not known.",
            "Look at the sandbox of the thread: /sandbox.",
            proven=False,
            noise=found.noise,
            subject=host,
        )
    if not context.sandboxed or (sandbox is not None and sandbox.network):
        return Diagnosis(
            Blocker.SYSTEM,
            f"{_cap(what)} failed, and Codex's sandbox lets the network through: the "
            "host, the name server or a sandbox around Codex refused it.",
            "Try the same outside Codex.",
            proven=False,
            noise=found.noise,
            subject=host,
        )
    return Diagnosis(
        Blocker.SANDBOX,
        f"Codex's sandbox blocked {what}: the network is off for this thread.",
        *network_setting(context),
        "toml",
        noise=found.noise,
        subject=host,
    )


def _host_blocked(found: Finding, context: Context) -> Diagnosis:
    del context
    host = found.subject or "the host"
    return Diagnosis(
        Blocker.PROXY,
        f"Codex's managed network blocked {host}: it is not on the allowlist.",
        "Answer with an allow rule when it asks, or add the rule yourself.",
        f'network_rule(host="{found.subject}", protocol="https", decision="allow")'
        if found.subject
        else "",
        "sh" if found.subject else "",
        noise=found.noise,
        subject=found.subject,
    )


# -- Codex's own books -----------------------------------------------------------


def _home(found: Finding, context: Context) -> Diagnosis:
    where = found.subject or context.home
    return Diagnosis(
        Blocker.OUTER,
        f"Codex cannot write its own folder {where}: a sandbox around it, or the disk, "
        "makes it read-only.",
        "Add its folders to what that sandbox may write.",
        allow_write(own_folders(context)),
        "json",
        noise=found.noise,
        subject=where,
    )


# -- other systems ---------------------------------------------------------------


def _seatbelt(found: Finding, context: Context) -> Diagnosis:
    path = found.subject
    what = path or "an operation"
    helper = path.startswith(("/usr/", "/etc/", "/bin/"))
    if helper:
        return Diagnosis(
            Blocker.SANDBOX,
            f"macOS' seatbelt blocked {what}: the profile does not let the shell read "
            "its own helpers.",
            "Let the profile read the system's folders.",
            profile_entry(context, ":minimal", access="read"),
            "toml",
            noise=found.noise,
            subject=path,
        )
    remedy, setting = write_setting(path, context)
    return Diagnosis(
        Blocker.SANDBOX,
        f"macOS' seatbelt, which is Codex's sandbox there, blocked {what}.",
        remedy,
        setting,
        "toml" if setting else "",
        noise=found.noise,
        subject=path,
    )


def _windows(found: Finding, context: Context) -> Diagnosis:
    more = context.sandbox.writable_roots if context.sandbox is not None else ()
    if context.mode == _WRITES and not context.roots and not more:
        return _no_root(found, found.subject)
    return Diagnosis(
        Blocker.UNKNOWN,
        f"Windows refused access{f' to {found.subject}' if found.subject else ''}. It "
        "may have been Codex's sandbox.",
        "Look at the roots of the thread: /sandbox.",
        proven=False,
        noise=found.noise,
        subject=found.subject,
    )


_TELLS: dict[Noise, Callable[[Finding, Context], Diagnosis]] = {
    Noise.READ_ONLY: _read_only,
    Noise.DENIED: _denied,
    Noise.DATABASE: _database,
    Noise.NAME_LOOKUP: _network,
    Noise.CONNECT: _network,
    Noise.SOCKET: _network,
    Noise.HOST_BLOCKED: _host_blocked,
    Noise.NO_HELPER: no_helper,
    Noise.NO_MOUNT: no_mount,
    Noise.UNREADABLE_SELF: unreadable_self,
    Noise.SYMLINK_CROSSES: symlink,
    Noise.SEATBELT: _seatbelt,
    Noise.WINDOWS_DENIED: _windows,
    Noise.HOME_UNWRITABLE: _home,
}


def _cap(words: str) -> str:
    return words[:1].upper() + words[1:]
