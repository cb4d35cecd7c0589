"""Rules: which commands may leave the sandbox, are asked about, or are refused.

Owns the verdict on a command, as the engine comes to it: the strictest rule of each
plain command, the strictest command of a script; outside of the sandbox only when a
rule allows every one of them. An allowing rule counts in every mode and under every
approval policy. Does not own how a file is read (`state.rules_file`) nor where it is
(`state.engine.rules`). Invariants: total; a form that was not understood makes a
verdict unsure, never a guess.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum

from state.dataclass import dataclass
from state.shell_split import Split, script_of, split

LONGEST = 200_000
"""Characters of a command that are looked at most."""


class Decision(StrEnum):
    """What a rule says. The strictest one counts."""

    ALLOW = "allow"
    PROMPT = "prompt"
    FORBIDDEN = "forbidden"

    @property
    def rank(self) -> int:
        """Higher is stricter."""
        return list(Decision).index(self)


@dataclass(frozen=True, slots=True)
class PrefixRule:
    """A rule for commands that begin so: per place the words that may stand there."""

    pattern: tuple[tuple[str, ...], ...]
    decision: Decision = Decision.ALLOW
    file: str = ""
    line: int = 0
    justification: str = ""

    def matches(self, argv: Sequence[str], program: str | None = None) -> bool:
        """Whether a command begins so; `program`: another name for its first word."""
        if len(argv) < len(self.pattern):
            return False
        words = [argv[0] if program is None else program, *argv[1:]]
        return all(w in may for w, may in zip(words, self.pattern, strict=False))

    @property
    def words(self) -> str:
        """The pattern as a person reads it; raw."""
        return " ".join("|".join(shlex.quote(w) for w in one) for one in self.pattern)


@dataclass(frozen=True, slots=True)
class HostRule:
    """A rule for a host, by whatever protocol. `decision`: allow, deny or prompt."""

    host: str
    decision: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """A place in a rules file that this program does not understand."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Book:
    """All rules together. `programs`: the paths for which a rule that names a program
    without its folder counts; without an entry every path does."""

    rules: tuple[PrefixRule, ...] = ()
    programs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    hosts: tuple[HostRule, ...] = ()
    """No part of a verdict on a command"""

    def __bool__(self) -> bool:
        return bool(self.rules or self.unread)


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a command. `decision` None: no rule decides, the sandbox holds.
    `rules`: what decided, in order. `unread`: why it is not sure, where that is so."""

    decision: Decision | None
    rules: tuple[PrefixRule, ...] = ()
    sure: bool = True
    unread: Unread | None = None

    @property
    def outside(self) -> bool:
        """It runs outside of the sandbox, or may do so when this is not `sure`."""
        return self.decision is Decision.ALLOW or self.unread is not None


NOTHING = Judged(None)


def judge(command: str, book: Book) -> Judged:
    """The verdict on a command as an item shows it: its argv, quoted for a shell."""
    if not book:
        return NOTHING
    try:
        argv = tuple(shlex.split(command)) if len(command) <= LONGEST else ()
    except ValueError:
        argv = ()
    if not argv:
        return _unsure(NOTHING, book)
    script = script_of(argv)
    parts = split(script) if script is not None else Split(None)
    found = _verdict(parts.commands or (argv,), book)
    if not parts.sure and found.decision is not None:
        found = Judged(found.decision, found.rules, sure=False)
    return _unsure(found, book)


def _unsure(found: Judged, book: Book) -> Judged:
    """An unread rule may allow, ask or refuse just this."""
    if not book.unread:
        return found
    return Judged(found.decision, found.rules, sure=False, unread=book.unread[0])


def _verdict(commands: Iterable[Sequence[str]], book: Book) -> Judged:
    deciding: dict[PrefixRule, None] = {}
    worst: PrefixRule | None = None
    open_ones = False
    for argv in commands:
        found = matching(argv, book)
        if not found:
            open_ones = True
            continue
        strictest = max(found, key=lambda rule: rule.decision.rank)
        deciding.setdefault(strictest)
        if worst is None or strictest.decision.rank > worst.decision.rank:
            worst = strictest
    if worst is None:
        return NOTHING
    if worst.decision is not Decision.ALLOW:
        return Judged(worst.decision, (worst,))
    return NOTHING if open_ones else Judged(Decision.ALLOW, tuple(deciding))


def matching(argv: Sequence[str], book: Book) -> tuple[PrefixRule, ...]:
    """The rules that fit one plain command: those for its program as it is written,
    or, when there are none, those for the name of a program given by its path."""
    exact = tuple(rule for rule in book.rules if rule.matches(argv))
    if exact or not argv or not argv[0].startswith("/"):
        return exact
    name = argv[0].rsplit("/", 1)[-1]
    places = book.programs.get(name)
    if places is not None and argv[0] not in places:
        return ()
    return tuple(rule for rule in book.rules if rule.matches(argv, name))
