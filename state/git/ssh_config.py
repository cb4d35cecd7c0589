"""What ssh's own configuration starts for one host, read and not run.

Owns the reader of ssh_config files: which of their lines count for a host, and what
those start. Does not own how files are read nor who can write them. `ssh -G` would know
it better, but runs every `Match exec` to find out. Pure. Invariant: what cannot be
decided here counts as started: more may be named than starts, never less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import IntEnum

from state.dataclass import dataclass, replace

DEPTH = 16
"""Files that include one another, as in ssh."""
JUMPS = 4
"""Hosts that are jumped over, one behind the other, that are looked into."""


class Sure(IntEnum):
    """Whether lines count for the host."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was read. `whole`: its text is all of it."""

    path: str
    text: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Files:
    """Files by the pattern that names them; `roots`: in the order in which ssh reads
    them, each with the folder its relative includes stand in."""

    roots: tuple[tuple[str, str], ...]
    home: str
    found: Mapping[str, tuple[File, ...]] = field(default_factory=dict)

    @property
    def wanted(self) -> tuple[str, ...]:
        """Patterns that nobody has read so far."""
        names = {root: None for root, _ in self.roots}
        for root, base in self.roots:
            _included(self, root, base, names, 0)
        return tuple(name for name in names if name and name not in self.found)


def _included(
    files: Files, name: str, base: str, names: dict[str, None], depth: int
) -> None:
    for file in files.found.get(name, ()) if depth < DEPTH else ():
        for key, value, _ in lines(file.text):
            for one in words(value) if key == "include" else ():
                pattern = resolved(one, base, files.home)
                if pattern not in names:
                    names[pattern] = None
                    _included(files, pattern, base, names, depth + 1)


def resolved(pattern: str, base: str, home: str) -> str:
    """An include as an absolute pattern; "": that cannot be said here."""
    if "%" in pattern or "$" in pattern:
        return ""
    if pattern.startswith("~"):
        return f"{home}{pattern[1:]}" if pattern.startswith("~/") else ""
    return pattern if pattern.startswith("/") else f"{base}/{pattern}"


_LINE = re.compile(r"^\s*(?P<key>[A-Za-z0-9]+)(?:\s*=\s*|\s+)(?P<value>.*?)\s*$")
_WORD = re.compile(r'"((?:\\.|[^"\\])*)"|(#.*)|((?:\\.|[^\s"])+)')


def lines(text: str) -> Iterator[tuple[str, str, int]]:
    """(keyword in small letters, the rest, number of the line)."""
    for number, row in enumerate(text.split("\n"), 1):
        if found := _LINE.match(row):
            yield found["key"].lower(), found["value"], number


def words(value: str) -> list[str]:
    """The words of a line; what follows a # is none."""
    found: list[str] = []
    for quoted, comment, plain in _WORD.findall(value):
        if comment:
            break
        found.append(quoted or plain)
    return found


# -- what counts ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """Who is called: as the address says it. `user` "": it says nobody."""

    host: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """`what`: the keyword. `where`: file and line. `sure` False: ssh decides that by
    something that is not known here."""

    what: str
    command: str
    path: str
    line: int
    sure: bool = True


@dataclass(slots=True)
class Reading:
    """What was found. `read`: files that were; `unknown`: those that could not be."""

    starts: list[Start] = field(default_factory=list)
    read: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)


_STARTING = {
    "proxycommand": "ProxyCommand",
    "proxyjump": "ProxyJump",
    "knownhostscommand": "KnownHostsCommand",
    "localcommand": "LocalCommand",
    "pkcs11provider": "PKCS11Provider",
    "smartcarddevice": "PKCS11Provider",
    "securitykeyprovider": "SecurityKeyProvider",
    "xauthlocation": "XAuthLocation",
}
_GROUPS = {"proxyjump": "proxycommand", "smartcarddevice": "pkcs11provider"}
"""The first of either counts."""
BY_VARIABLE = "a file that a variable names"
_OFF = ("none", "internal", "")
OPTIONS = "command line"
"""Where an option of ssh's own command line stands."""


class _Reader:
    """One host's way through all files."""

    def __init__(self, files: Files, target: Target) -> None:
        self._files = files
        self._target = target
        self._names = {target.host: True}
        """Host names it may have by now"""
        self._settled: set[str] = set()
        self._permit = Sure.NO
        self.found = Reading()
        self.jumps: list[Target] = []

    def run(self, options: tuple[tuple[str, str], ...]) -> None:
        for key, value in options:
            self._keep(key.lower(), value, File(OPTIONS, ""), 0, Sure.YES)
        for root, base in self._files.roots:
            self._pattern(root, base, Sure.YES, 0)
        if self._permit is Sure.NO:
            kept = [s for s in self.found.starts if s.what != "LocalCommand"]
            self.found.starts = kept

    def _pattern(self, pattern: str, base: str, around: Sure, depth: int) -> None:
        if not pattern or depth > DEPTH or pattern not in self._files.found:
            self.found.unknown[pattern or BY_VARIABLE] = None
            return
        for file in self._files.found[pattern]:
            self.found.read[file.path] = None
            if not file.whole:
                self.found.unknown[file.path] = None
            self._file(file, base, around, depth)

    def _file(self, file: File, base: str, around: Sure, depth: int) -> None:
        active = around
        for key, value, number in lines(file.text):
            if key == "host":
                active = min(around, self._host(words(value)))
            elif key == "match":
                # ssh asks a program even in a file that another host includes.
                active = min(around, self._match(words(value), file, number))
            elif key == "include":
                for one in words(value):
                    pattern = resolved(one, base, self._files.home)
                    self._pattern(pattern, base, active, depth + 1)
            elif active is not Sure.NO:
                self._keep(key, value, file, number, active)

    def _host(self, patterns: list[str]) -> Sure:
        found = Sure.NO
        for pattern in patterns:
            one = _matches(pattern.removeprefix("!"), self._target.host)
            if pattern.startswith("!") and one is Sure.YES:
                return Sure.NO
            if pattern.startswith("!") and one is Sure.MAYBE:
                found = min(found, Sure.MAYBE)
            elif not pattern.startswith("!"):
                found = max(found, one)
        unsure = any(
            p.startswith("!") and _matches(p[1:], self._target.host) is Sure.MAYBE
            for p in patterns
        )
        return min(found, Sure.MAYBE) if unsure else found

    def _match(self, given: list[str], file: File, number: int) -> Sure:
        result = Sure.YES
        rest = [part for word in given for part in _criterion(word)]
        while rest:
            word = rest.pop(0).lower()
            against, name = word.startswith("!"), word.removeprefix("!")
            if name in ("all", "canonical", "final"):
                one = Sure.YES if name == "all" else Sure.MAYBE
            else:
                value = rest.pop(0) if rest else ""
                one = self._criterion(name, value)
                if name == "exec" and result is not Sure.NO:
                    sure = result is Sure.YES
                    start = Start("Match exec", value, file.path, number, sure)
                    self.found.starts.append(start)
            result = min(result, Sure(Sure.YES - one) if against else one)
        return result

    def _criterion(self, name: str, value: str) -> Sure:
        match name:
            case "originalhost":
                return _list(value, self._target.host)
            case "host":
                answers = {_list(value, host) for host in self._names}
                sure = all(self._names.values()) and len(answers) == 1
                return answers.pop() if sure else Sure.MAYBE
            case "user" if self._target.user:
                return _list(value, self._target.user)
            case _:
                return Sure.MAYBE

    def _keep(self, key: str, value: str, file: File, number: int, at: Sure) -> None:
        group = _GROUPS.get(key, key)
        if group in self._settled:
            return
        if at is Sure.YES:
            self._settled.add(group)
        sure = at is Sure.YES
        first = (words(value) or [""])[0]
        if key == "hostname":
            if sure and "%" not in first:
                self._names = {first: True}
            else:
                self._names[first] = "%" not in first
        elif key == "permitlocalcommand":
            no = first.lower() in ("no", "false")
            self._permit = self._permit if no else max(self._permit, at)
        elif key in _STARTING:
            whole = value if key.endswith("command") else first
            if whole.strip('"').lower() not in _OFF:
                what = _STARTING[key]
                start = Start(what, whole, file.path, number, sure)
                self.found.starts.append(start)
                if what == "ProxyJump":
                    self.jumps += [target_of(one) for one in first.split(",")]


def _criterion(word: str) -> list[str]:
    """`host=name` is two words."""
    name, mark, value = word.partition("=")
    plain = name.removeprefix("!").isalpha() and name.islower()
    return [name, value] if mark and plain else [word]


def _matches(pattern: str, name: str) -> Sure:
    """A * stands for any, a ? for one character. ssh lowers names at some places and
    not at others: a match by that alone is none to be sure of."""
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    if re.fullmatch(text, name):
        return Sure.YES
    return Sure.MAYBE if re.fullmatch(text, name, re.IGNORECASE) else Sure.NO


def _list(patterns: str, name: str) -> Sure:
    found = Sure.NO
    for pattern in patterns.split(","):
        one = _matches(pattern.removeprefix("!"), name)
        if pattern.startswith("!") and one is not Sure.NO:
            return Sure(Sure.YES - one)
        if not pattern.startswith("!"):
            found = max(found, one)
    return found


def target_of(text: str) -> Target:
    """`ssh://user@host:22`, `user@host:22`, `host`."""
    rest = text.removeprefix("ssh://").split("/", 1)[0]
    user, _, host = rest.rpartition("@")
    if host.startswith("["):
        return Target(host[1:].partition("]")[0], user.partition(":")[0])
    return Target(host.partition(":")[0], user.partition(":")[0])


# -- a whole call --------------------------------------------------------------------

_TAKES = "BbcDEeFIiJLlmOopPQRSWw"
"""Options of ssh that take a value."""


@dataclass(frozen=True, slots=True)
class Call:
    """A command line of ssh, read. `config`: the file that -F names; None: the usual
    ones. `options`: those that stand for a line of a file."""

    target: Target = Target("")
    config: str | None = None
    options: tuple[tuple[str, str], ...] = ()


def call_of(arguments: list[str]) -> Call:
    """What follows the program's name."""
    call, rest = Call(), list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            target = target_of(word)
            user = call.target.user or target.user
            return replace(call, target=Target(target.host, user))
        at = next((n for n, c in enumerate(word[1:], 1) if c in _TAKES), 0)
        if at:
            value = word[at + 1 :] or (rest.pop(0) if rest else "")
            call = _option(call, word[at], value)
    return call


def _option(call: Call, letter: str, value: str) -> Call:
    match letter:
        case "F":
            return replace(call, config=value)
        case "l":
            return replace(call, target=replace(call.target, user=value))
        case "o":
            line = next(iter(lines(value)), None)
            pair = (line[0], line[1]) if line is not None else ("", "")
            return replace(call, options=(*call.options, pair))
        case "J":
            return replace(call, options=(*call.options, ("proxyjump", value)))
        case "I":
            return replace(call, options=(*call.options, ("pkcs11provider", value)))
    return call


def started(
    files: Files,
    target: Target,
    options: tuple[tuple[str, str], ...] = (),
    jumps: int = JUMPS,
) -> Reading:
    """All that a call of ssh starts, what the hosts it jumps over start, too."""
    reader = _Reader(files, target)
    reader.run(options)
    found, todo = reader.found, reader.jumps
    for start in tuple(found.starts):
        if start.what == "ProxyCommand":
            called = words(start.command)
            if called[:1] and called[0].rpartition("/")[2] == "ssh":
                todo.append(call_of(called[1:]).target)
    for jump in todo:
        if jumps == 0:
            found.unknown[f"ProxyJump {jump.host}"] = None
            continue
        more = started(files, jump, (), jumps - 1)
        found.starts += [one for one in more.starts if one not in found.starts]
        found.read |= more.read
        found.unknown |= more.unknown
    return found
