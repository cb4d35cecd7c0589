"""A rules file, read: the subset of Starlark that such files are made of.

Owns the reading. Does not own what a rule means (`state.rules`). Invariant: total; a
form that is not understood, or that an engine refuses, ends the reading of its file and
is named by its line: whatever it says is not known.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

from state.rules import (
    Book,
    Decision,
    HostRule,
    PrefixRule,
    Unread,
    matching,
)

LONGEST = 1_000_000
"""Characters of a rules file that are read at most."""


def read(files: Iterable[tuple[str, str]]) -> Book:
    """The book of some files (path, text), in the order in which they count."""
    rules: list[PrefixRule] = []
    programs: dict[str, frozenset[str]] = {}
    unread: list[Unread] = []
    hosts: list[HostRule] = []
    for path, text in files:
        reader = _Reader(path, text[:LONGEST])
        if len(text) > LONGEST:
            unread.append(Unread(path, reader.line))
        try:
            reader.read()
        except _NotUnderstood:
            unread.append(Unread(path, reader.line))
        rules += reader.rules
        hosts += reader.hosts
        programs.update(reader.programs)
    return Book(tuple(rules), programs, tuple(unread), tuple(hosts))


class _NotUnderstood(Exception):
    """Not of the subset, or something an engine refuses."""


_TOKEN = re.compile(
    r"(?P<space>(?:[ \t\r]|\\\n|#[^\n]*)+)"
    r"|(?P<line>\n)"
    r'|(?P<raw>r?)(?:"""(?P<long>(?:[^"\\]|\\.|"(?!""))*)"""'
    r"|'''(?P<longer>(?:[^'\\]|\\.|'(?!''))*)'''"
    r'|"(?P<double>(?:[^"\\\n]|\\.)*)"|' + r"'(?P<single>(?:[^'\\\n]|\\.)*)')"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>[()\[\],=;])",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\", "\n": ""}

_Value = str | list["_Value"]


class _Reader:
    """One file. What stands before a form that is not understood is kept."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.at = self.began = 0
        self.rules: list[PrefixRule] = []
        self.hosts: list[HostRule] = []
        self.programs: dict[str, frozenset[str]] = {}

    @property
    def line(self) -> int:
        """Where reading is."""
        return self.text.count("\n", 0, self.at) + 1

    def read(self) -> None:
        """The whole file. Raises _NotUnderstood."""
        while True:
            kind, value = self._next()
            while kind == "line" or (kind, value) == ("sign", ";"):
                kind, value = self._next()
            if kind == "":
                return
            if self._indented():
                raise _NotUnderstood  # a block
            if kind == "text" or value == "pass":
                pass  # a description, or nothing
            elif kind == "name":
                self._call(value)
            else:
                raise _NotUnderstood
            kind, value = self._next()
            if kind not in ("", "line") and value != ";":
                raise _NotUnderstood

    def _next(self, *, inside: bool = False) -> tuple[str, str]:
        """The next token: kind and value; inside brackets line ends are space."""
        while self.at < len(self.text):
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                raise _NotUnderstood
            self.began, self.at = self.at, match.end()
            if match["space"] is not None or (inside and match["line"] is not None):
                continue
            if match["line"] is not None:
                return "line", "\n"
            if match["name"] is not None:
                return "name", match["name"]
            if match["sign"] is not None:
                return "sign", match["sign"]
            return "text", _string(match)
        return "", ""

    def _indented(self) -> bool:
        before = self.text[self.text.rfind("\n", 0, self.began) + 1 : self.began]
        return before != "" and not before.strip()

    def _call(self, name: str) -> None:
        line = self.line
        if self._next() != ("sign", "("):
            raise _NotUnderstood
        names = _PARAMETERS.get(name)
        if names is None:
            raise _NotUnderstood
        given: dict[str, _Value] = {}
        named = False
        kind, value = self._next(inside=True)
        while (kind, value) != ("sign", ")"):
            if kind == "name":
                named = True
                key = value
                if self._next(inside=True) != ("sign", "="):
                    raise _NotUnderstood
                kind, value = self._next(inside=True)
            elif named or len(given) >= len(names):
                raise _NotUnderstood
            else:
                key = names[len(given)]
            if key not in names or key in given:
                raise _NotUnderstood
            given[key] = self._value(kind, value)
            kind, value = self._comma(")")
        self._take(name, given, line)

    def _comma(self, end: str) -> tuple[str, str]:
        """Past a comma, or at the end; the next token."""
        kind, value = self._next(inside=True)
        if (kind, value) == ("sign", ","):
            return self._next(inside=True)
        if (kind, value) != ("sign", end):
            raise _NotUnderstood
        return kind, value

    def _value(self, kind: str, value: str, depth: int = 0) -> _Value:
        if kind == "text":
            return value
        if (kind, value) != ("sign", "[") or depth > 1:
            raise _NotUnderstood
        found: list[_Value] = []
        kind, value = self._next(inside=True)
        while (kind, value) != ("sign", "]"):
            found.append(self._value(kind, value, depth + 1))
            kind, value = self._comma("]")
        return found

    def _take(self, name: str, given: Mapping[str, _Value], line: int) -> None:
        if name == "prefix_rule":
            self.rules.append(_prefix_rule(given, self.path, line))
        elif name == "host_executable":
            program, places = given.get("name"), _strings(given.get("paths", []))
            if not isinstance(program, str) or not program or "/" in program:
                raise _NotUnderstood
            if any(
                not p.startswith("/") or not p.endswith("/" + program) for p in places
            ):
                raise _NotUnderstood
            self.programs[program] = frozenset(places)
        elif not all(isinstance(value, str) and value for value in given.values()):
            raise _NotUnderstood
        else:
            host, said = str(given.get("host", "")), str(given.get("decision", ""))
            self.hosts.append(HostRule(host, said, self.path, line))


_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "prefix_rule": ("pattern", "decision", "match", "not_match", "justification"),
    "network_rule": ("host", "protocol", "decision", "justification"),
    "host_executable": ("name", "paths"),
}


def _string(match: re.Match[str]) -> str:
    found = (match[k] for k in ("long", "longer", "double", "single"))
    text = next(one for one in found if one is not None)
    return text if match["raw"] else _ESCAPE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        return chr(int(code, 16))
    return _PLAIN.get(match[3], match[0])


def _strings(value: _Value) -> list[str]:
    if not isinstance(value, list):
        raise _NotUnderstood
    found = [one for one in value if isinstance(one, str)]
    if len(found) != len(value):
        raise _NotUnderstood
    return found


def _prefix_rule(given: Mapping[str, _Value], path: str, line: int) -> PrefixRule:
    pattern = given.get("pattern")
    if not isinstance(pattern, list) or not pattern:
        raise _NotUnderstood
    places = [
        (one,) if isinstance(one, str) else tuple(_strings(one)) for one in pattern
    ]
    decision, why = given.get("decision", "allow"), given.get("justification", "")
    if not all(places) or decision not in list(Decision) or not isinstance(why, str):
        raise _NotUnderstood
    if "justification" in given and not why.strip():
        raise _NotUnderstood
    rule = PrefixRule(tuple(places), Decision(str(decision)), path, line, why)
    _check(rule, given.get("match", []), wanted=True)
    _check(rule, given.get("not_match", []), wanted=False)
    return rule


def _check(rule: PrefixRule, examples: _Value, *, wanted: bool) -> None:
    """An engine tries a rule's examples, and takes no rules at all if one fails."""
    if not isinstance(examples, list):
        raise _NotUnderstood
    for one in examples:
        try:
            argv = shlex.split(one) if isinstance(one, str) else _strings(one)
        except ValueError:
            raise _NotUnderstood from None
        if not argv or bool(matching(argv, Book((rule,)))) is not wanted:
            raise _NotUnderstood
