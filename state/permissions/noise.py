"""What raw words say about who stopped a command: a table of patterns, and log rows.

Owns the patterns, tried in order, and what each names (a path, a host); and what a row
of the engine's own log says. The engine writes one for a command that ended badly in
its sandbox with words that sound like a denial: `echo 'Read-only file system'; exit 1`
gets one, a blocked write that printed nothing gets none. So a row proves that a command
of this call failed with such words, even where they reached nobody, and never who
stopped it. Does not know what is in force (`diagnose`). Invariant: total and bounded:
any text gives a finding or None, and only the last 64 kB of it are read.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from state.dataclass import dataclass

LONGEST = 65_536
"""Characters that are looked at, from the end: last words say why."""


class Noise(StrEnum):
    """What the text shows by itself."""

    READ_ONLY = "a path is on a read-only file system"
    DENIED = "a path was refused"
    NAME_LOOKUP = "a host name was not found"
    CONNECT = "a connection was refused at once"
    SOCKET = "a socket was refused"
    HOST_BLOCKED = "the managed proxy refused a host"
    NO_BWRAP = "bubblewrap is missing"
    NO_NAMESPACE = "user namespaces are refused"
    NO_HELPER = "the sandbox helper is missing"
    UNREADABLE_SELF = "the profile hides codex itself"
    NO_MOUNT = "the sandbox cannot be set up in a folder"
    NESTED = "codex runs inside codex's sandbox"
    MOUNT_REGISTRY = "the mount registry cannot be written"
    SYMLINK_CROSSES = "a protected path crosses a writable symlink"
    SEATBELT = "seatbelt refused"
    LANDLOCK = "landlock refused"
    WINDOWS_DENIED = "Windows refused access"
    HOME_UNWRITABLE = "CODEX_HOME cannot be written"
    DATABASE = "a database file could not be opened"
    DISK_FULL = "the disk is full"
    WRITER_LOCK = "another process writes this thread"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the text shows. `subject`: the path or host it names, or ""; `line`:
    the line that shows it, as it was written."""

    noise: Noise
    subject: str = ""
    line: str = ""


_WORDS = r"^(?P<words>[^\n]{1,4096}?)(?<! ) ?"
"""A line up to the error: who says it, words, and often a path"""
_QUOTED = r"['\"‘“](?P<subject>[^'\"‘’“”\n]{1,4096})['\"’”]"
_HOST = r"(?P<subject>[\w.:\[\]-]{1,253})"
_EROFS = r"(?i:read-only file system)"
_EACCES = r"(?i:permission denied|operation not permitted)"

_TABLE: tuple[tuple[Noise, str], ...] = (
    # -- the sandbox's own machinery: it speaks before any command runs --
    (Noise.NO_BWRAP, r"bubblewrap is unavailable"),
    (Noise.NO_BWRAP, r"no system bwrap was found"),
    (Noise.NO_NAMESPACE, r"bwrap: Creating new namespace failed"),
    (Noise.NO_NAMESPACE, r"bwrap: [Nn]o permissions to create (?:a )?new namespace"),
    (Noise.NO_NAMESPACE, r"bwrap: setting up uid map: Permission denied"),
    (Noise.NO_NAMESPACE, r"bwrap: loopback: Failed RTM_NEW(?:ADDR|LINK)"),
    (Noise.NO_NAMESPACE, r"needs access to create user namespaces"),
    (Noise.NO_HELPER, r"bwrap: execvp \S*codex-linux-sandbox\S*: No such file"),
    (Noise.NO_HELPER, r"Unable to spawn \S*codex-linux-sandbox"),
    (Noise.NO_HELPER, r"\bcodex-linux-sandbox: No such file"),
    (Noise.UNREADABLE_SELF, r"bwrap: execvp (?P<subject>\S+): No such file"),
    (Noise.MOUNT_REGISTRY, r"synthetic (?:bubblewrap )?mount[^\n]{0,60}registry"),
    (Noise.NESTED, r"app-server socket directory must be a user-owned directory"),
    (
        Noise.NO_MOUNT,
        rf"bwrap: Can't [a-z ]{{1,40}} (?P<subject>/[^\n]{{1,4096}}?): {_EROFS}",
    ),
    (
        Noise.SYMLINK_CROSSES,
        r"cannot enforce sandbox \S+ path (?P<subject>[^\n]{1,4096}?) because it "
        r"crosses writable symlink",
    ),
    (Noise.WRITER_LOCK, r"already has an active writer"),
    (Noise.DISK_FULL, r"(?i:no space left on device)"),
    # -- codex cannot keep its own books: something around the engine stops it --
    (Noise.HOME_UNWRITABLE, rf"(?:write models cache|renew cache TTL)[^\n]*{_EROFS}"),
    (
        Noise.HOME_UNWRITABLE,
        r"failed to initialize sqlite state runtime under (?P<subject>[^\n:]{1,4096})",
    ),
    (Noise.HOME_UNWRITABLE, rf"could not create PATH aliases: {_EROFS}"),
    (
        Noise.HOME_UNWRITABLE,
        rf"thread-store internal error:[^\n]*(?:{_EROFS}|{_EACCES})",
    ),
    (
        Noise.HOME_UNWRITABLE,
        rf"local thread recorder: (?:{_EROFS}|{_EACCES})",
    ),
    (Noise.HOME_UNWRITABLE, r"^Error: Read-only file system \(os error 30\)$"),
    (Noise.HOME_UNWRITABLE, r"^Error: Permission denied \(os error 13\)$"),
    # -- the network --
    (Noise.HOST_BLOCKED, rf"Network access to \\?\"{_HOST}\\?\" was blocked"),
    (Noise.NAME_LOOKUP, rf"Could not resolve host(?:name)?:? {_HOST}"),
    (Noise.NAME_LOOKUP, rf"getaddrinfo (?:EAI_AGAIN|ENOTFOUND) {_HOST}"),
    (Noise.NAME_LOOKUP, rf"dial tcp: lookup {_HOST}[^\n]{{0,80}}"),
    (Noise.NAME_LOOKUP, rf"unable to resolve host address {_QUOTED}"),
    (Noise.NAME_LOOKUP, rf"Temporary failure resolving {_QUOTED}"),
    (Noise.NAME_LOOKUP, r"Temporary failure in name resolution"),
    (Noise.NAME_LOOKUP, r"Name or service not known"),
    (Noise.NAME_LOOKUP, r"failed to lookup address information"),
    (Noise.NAME_LOOKUP, r"nodename nor servname provided"),
    (Noise.CONNECT, rf"Failed to connect to {_HOST} port \d+ after 0 ms"),
    (Noise.SOCKET, r"/dev/tcp/(?P<subject>[^/\s]+/\d+): Operation not permitted"),
    (Noise.SOCKET, r"(?i:socket)[^\n]{0,40}: Operation not permitted"),
    (
        Noise.SOCKET,
        r"(?s:socket.{0,2000})PermissionError: \[Errno 1\] Operation not permitted$",
    ),
    (
        Noise.SOCKET,
        r"(?:connect|bind|listen) EPERM(?:: operation not permitted)? "
        r"(?P<subject>[\w.:\[\]]+)",
    ),
    (Noise.SOCKET, r"(?i:connect)[^\n:]{0,60}: (?i:operation not permitted)"),
    (Noise.SOCKET, r"(?i:network is unreachable)"),
    # -- other systems' sandboxes --
    (Noise.SEATBELT, r"deny\(\d+\) (?P<rule>[\w*-]+) (?P<subject>/[^\n]{1,4096})"),
    (Noise.SEATBELT, r"sandbox-exec: [^\n]{1,400}"),
    (
        Noise.SEATBELT,
        r"(?:zprofile|zshenv|zshrc|zlogin|zsh):\d+: operation not permitted: "
        r"(?P<subject>[^\n\\]{1,4096})",
    ),
    (Noise.LANDLOCK, r"(?:LandlockRestrict|(?i:landlock)[^\n]{0,80}(?i:denied|error))"),
    (Noise.WINDOWS_DENIED, r"\bACCESS_DENIED\b"),
    (Noise.WINDOWS_DENIED, r"Access is denied\.? \(os error 5\)"),
    (
        Noise.WINDOWS_DENIED,
        r"Access to the path '(?P<subject>[^'\n]{1,4096})' is denied",
    ),
    # -- files: the most general, so last --
    (Noise.READ_ONLY, rf"EROFS: {_EROFS}, \w+ {_QUOTED}"),
    (Noise.READ_ONLY, rf"{_EROFS}: {_QUOTED}"),
    (Noise.READ_ONLY, rf"{_QUOTED}(?: for \w+)?: {_EROFS}"),
    (Noise.READ_ONLY, rf"{_QUOTED} failed: {_EROFS}"),
    (Noise.READ_ONLY, rf"`(?P<subject>[^`\n]{{1,4096}})`\s+Caused by:\s+{_EROFS}"),
    (Noise.READ_ONLY, rf"{_EROFS} @ \w+ - (?P<subject>[^\n(]{{1,4096}})"),
    (Noise.READ_ONLY, rf"(?P<subject>/[^\n(]{{1,4096}}) \({_EROFS}\)"),
    (Noise.READ_ONLY, rf"{_WORDS}: ?{_EROFS}"),
    (Noise.READ_ONLY, _EROFS),
    (Noise.DATABASE, r"unable to open database \"(?P<subject>[^\"\n]{1,4096})\""),
    (Noise.DATABASE, r"(?:code: 14\)|OperationalError:) ?unable to open database file"),
    (Noise.DATABASE, r"attempt to write a readonly database"),
    (Noise.DENIED, rf"EACCES: {_EACCES}, \w+ {_QUOTED}"),
    (Noise.DENIED, rf"(?:Errno 13\] )?{_EACCES}: {_QUOTED}"),
    (Noise.DENIED, rf"{_QUOTED}(?: for \w+)?: {_EACCES}"),
    (Noise.DENIED, rf"{_WORDS}: ?{_EACCES}"),
    (Noise.DENIED, _EACCES),
)


@cache
def _patterns() -> tuple[tuple[Noise, re.Pattern[str]], ...]:
    """Compiled when first asked: a start has nothing to look at."""
    return tuple((noise, re.compile(text, re.MULTILINE)) for noise, text in _TABLE)


def find(text: str) -> Finding | None:
    """What stopped it, as far as the text shows; None when it shows nothing."""
    text = text[-LONGEST:]
    for noise, pattern in _patterns():
        match = pattern.search(text)
        if match is None:
            continue
        start = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        line = text[start : end if end >= 0 else len(text)]
        found = match.groupdict()
        subject = (found.get("subject") or "").strip().rstrip(":").rstrip("'\"’”")
        if found.get("words"):
            rest = line[match.end() - start :]
            subject = _path_in(found["words"], rest)
        return Finding(noise, subject, line.strip()[-400:])
    return None


_AFTER = re.compile(r": (?P<path>[^\s:'\"][^\n:'\"]*)$")
_BARE = re.compile(r"(?:^|[\s=])(?P<path>(?:~|\.{0,2})/\S+|\.[\w.-]+/?\S*|\./)$")


def _path_in(words: str, rest: str) -> str:
    """The path of a line `who: words: error: words`; "" where none is surely one.

    A part that is a path says so by a slash; a name alone counts only where it stands
    alone behind the program (`tee: x`)."""
    after = _AFTER.match(rest)
    if after is not None and "/" in after["path"] and " " not in after["path"]:
        return after["path"]
    parts = [part.strip() for part in words.split(": ")]
    for part in reversed(parts[1:] or parts):  # The first one is who says it.
        if part.startswith(("/", "./", "../", "~/")):
            return part  # It may well have blanks in it.
        bare = _BARE.search(part)
        if bare is not None:
            return bare["path"]
    last = parts[-1]
    alone = len(parts) > 1 and not re.search(r"[\s'\"()\[\]]|^[A-Z]+_[A-Z_]+$", last)
    return last if alone and not last[:1].isdigit() else ""


# -- rows of the engine's log --------------------------------------------------------

TARGET = "codex_sandboxing::violation"
SOURCE = "engine's log"

_THREAD = re.compile(r'\b(?:thread|conversation)[._]id="?([\w-]{1,64})')
_TURN = re.compile(r'\bturn[._]id="?([\w-]{1,64})')
_CALL = re.compile(r'\bcall_id="([^"\s]{1,128})"')
_SAYS = re.compile(
    r"recorded sandbox violation: resource=\w+ backend=\w+ reason=(\w{1,64})"
    r" path=([^\n]{1,4096})\Z"
)

WORDS = {
    "read_only_file_system": "read-only file system",
    "permission_denied": "permission denied",
    "operation_not_permitted": "operation not permitted",
}
_NOISES = {
    "read_only_file_system": frozenset({Noise.READ_ONLY}),
    "permission_denied": frozenset({Noise.DENIED, Noise.LANDLOCK}),
    "operation_not_permitted": frozenset({Noise.DENIED, Noise.SOCKET, Noise.SEATBELT}),
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One row. `at_ms`: when it happened, in ms since the epoch."""

    thread_id: str
    turn_id: str
    call_id: str
    reason: str
    path: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Logged:
    """What an item keeps of a row. `call_id`: that of the command, `cell`: that of
    the cell around it, "" without one."""

    call_id: str
    reason: str
    path: str = ""
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """The call that a row belongs to: one cell may run many commands."""

    call_id: str
    code: str
    started_ms: int | None = None


def read_row(body: str, at_ms: int) -> Violation | None:
    """What a row says; None when it is none of these, or names nobody."""
    says = _SAYS.search(body)
    # Spans stand from the outside in: the innermost is the call itself.
    calls, threads, turns = (p.findall(body) for p in (_CALL, _THREAD, _TURN))
    if says is None or not calls or not threads or not turns:
        return None
    path = "" if says[2] == "unknown" else says[2].strip()
    return Violation(threads[-1], turns[-1], calls[-1], says[1], path, at_ms)


def logged(row: Violation, cell: Cell | None) -> Logged:
    """The row as the item keeps it."""
    words = WORDS.get(row.reason, row.reason.replace("_", " "))
    return Logged(row.call_id, words, row.path, cell.call_id if cell else "")


def confirms(logged: Logged, noise: Noise | None) -> bool:
    """The log holds the same failure as the words that were found."""
    reasons = {words: reason for reason, words in WORDS.items()}
    return noise in _NOISES.get(reasons.get(logged.reason, ""), frozenset())
