"""A rule for commands that start with the same words: how long, and what it lets in.

Owns which prefixes of a command may be granted, and the warning when one of them
stands for any program at all. Does not own the answer that carries it
(`state.answers`). Pure. Invariant: the words of a prefix are the engine's proposal or
the command's own, never anything else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from state.dataclass import dataclass

_SHELLS = frozenset(
    {
        "bash",
        "sh",
        "zsh",
        "dash",
        "fish",
        "ksh",
        "csh",
        "tcsh",
        "ash",
        "busybox",
        "pwsh",
    }
)
_INTERPRETERS = frozenset(
    {"python", "pypy", "ipython", "node", "nodejs", "deno", "bun", "tsx", "ts-node"}
    | {"ruby", "irb", "perl", "php", "lua", "luajit", "tclsh", "rscript", "julia"}
    | {"ghci", "scala", "groovy", "jshell", "osascript", "awk", "gawk", "mawk"}
    | {"sqlite3", "psql", "mysql", "gdb", "lldb", "vim", "vi", "nvim", "emacs", "ed"}
)
_RUNNERS = frozenset(
    {"env", "sudo", "doas", "su", "xargs", "nohup", "nice", "ionice", "time", "timeout"}
    | {"stdbuf", "setsid", "exec", "command", "ssh", "npx", "bunx", "uvx", "pipx"}
    | {"watch", "strace", "ltrace", "parallel", "flock", "chroot", "unshare", "fd"}
    | {"nsenter", "bwrap", "script", "find", "eval", "source"}
)
_EVALUATES = re.compile(r"^-(?:-(?:eval|command|exec|print|run)\b|\w*[cepr]$)")
_ASSIGNMENT = re.compile(r"^\w+=")
_VERSION = re.compile(r"[-\d.]+$")
_NOT_PLAIN = re.compile(r"[;|&<>()$`*?\[\]{}~#!\\\n]")


@dataclass(frozen=True, slots=True)
class Ladder:
    """The prefixes one may grant: the first 1 to `len(words)` words; the engine
    proposes `proposed` of them."""

    words: tuple[str, ...]
    proposed: int

    def prefix(self, count: int) -> tuple[str, ...]:
        """The first `count` words, at least one."""
        return self.words[: min(max(1, count), len(self.words))]


def ladder_of(proposed: Sequence[str], command: str | None) -> Ladder:
    """From the engine's proposal and the command as it is displayed: when that is
    one plain command that begins with the proposal, all its words."""
    given = tuple(proposed)
    argv = plain_words(command or "")
    if len(argv) > len(given) and argv[: len(given)] == given:
        return Ladder(argv, len(given))
    return Ladder(given, len(given))


def plain_words(command: str) -> tuple[str, ...]:
    """The words of a command without any shell in it; () when there is some."""
    if len(command) > 10_000 or _NOT_PLAIN.search(command):
        return ()
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        return ()
    return () if not words or _ASSIGNMENT.match(words[0]) else words


def lets_in(prefix: Sequence[str]) -> str:
    """What makes this prefix stand for any program at all, in a few words; "" when
    nothing of the kind is known."""
    words = list(prefix)
    while words:
        name, rest = _program(words[0]), words[1:]
        if name in _RUNNERS:
            after = _after_options(rest)
            if not after:
                return f"{words[0]} runs any program it is given"
            words = after
            continue
        if name in _SHELLS or name in _INTERPRETERS:
            kind = "a shell" if name in _SHELLS else "an interpreter"
            bare = not any(not word.startswith("-") for word in rest)
            if bare or _EVALUATES.match(rest[-1]):
                return f"{words[0]} is {kind}: it runs any program it is given"
        return ""
    return ""


def _program(word: str) -> str:
    name = word.rsplit("/", 1)[-1].lower().removesuffix(".exe")
    return _VERSION.sub("", name) or name


def _after_options(words: list[str]) -> list[str]:
    """What a runner would run: its own options, numbers and assignments left out."""
    for index, word in enumerate(words):
        own = word.startswith("-") or _ASSIGNMENT.match(word)
        if not own and not re.fullmatch(r"[\d.]+[smhd]?", word):
            return words[index:]
    return []
