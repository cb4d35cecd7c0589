"""Whether a rule for commands that begin with these words stands for any program.

Owns the reading of a prefix: more words may follow it, whoever writes them. Does not
own which programs start others (`state.programs`). Pure. Invariants: total; a word
that could be an option's value or the program is taken for the worse of the two.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from state import programs as p

_ASSIGNMENT = re.compile(r"^\w+=")
_VERSION = re.compile(r"[-\d.]+$")
_OWN_WORDS = re.compile(r"\$[\d@*{#]")
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/opt/", "/nix/", "/snap/", "/System/")
_DEEPEST = 8
_WRITERS = "whoever can write"

_MODULES = frozenset({"timeit", "pdb", "profile", "cprofile", "trace", "runpy", "code"})


def lets_in(prefix: Sequence[str]) -> str:
    """What makes this prefix stand for any program at all, in a few words; "" when
    nothing of the kind is known."""
    return _said(list(prefix), 0)


def _said(words: list[str], depth: int) -> str:
    if not words or depth > _DEEPEST:
        return ""
    word, rest = words[0], words[1:]
    name = _program(word)
    if name in p.SHELLS:
        return _shell(word, rest)
    if name in p.INTERPRETERS:
        return _interpreter(word, rest, depth)
    if name in p.ALWAYS:
        how = f" ({p.ALWAYS[name]})" if p.ALWAYS[name] else ""
        return f"{word} runs any program it is given{how}"
    if name in p.RUNNERS:
        return _runner(word, name, rest, depth)
    if name in p.SUBCOMMANDS:
        return _subcommand(word, name, rest, depth)
    if name in p.OPTIONS:
        if "--" in rest:
            return ""
        return f"{word} runs any program it is given with {p.OPTIONS[name]}"
    if name in p.PROJECT:
        return _project(word)
    if name in p.PACKAGES:
        return _packages(word)
    if "/" in word and not word.startswith(_SYSTEM):
        return _file(word, "")
    return ""


def _program(word: str) -> str:
    """A program's name in the tables: without folder, without version."""
    name = word.rsplit("/", 1)[-1].lower().removesuffix(".exe") or word
    known = (p.ALWAYS, p.RUNNERS, p.SUBCOMMANDS, p.OPTIONS, p.PACKAGES, p.PROJECT)
    if any(name in table for table in known):
        return name
    return _VERSION.sub("", name) or name


def _project(word: str) -> str:
    return f"{word} runs what the project's files say; {_WRITERS} them can run anything"


def _packages(word: str) -> str:
    return f"{word} runs scripts of any package it is given"


def _file(word: str, by: str) -> str:
    runs = (
        f"{by} runs whatever {word} holds then"
        if by
        else f"{word} runs as it stands then"
    )
    return f"{runs}; {_WRITERS} that file can run anything"


# -- shells and interpreters -------------------------------------------------------


def _shell(word: str, rest: list[str]) -> str:
    any_at_all = f"{word} is a shell: it runs any program it is given"
    script = False
    words = iter(rest)
    for one in words:
        if one == "--":
            continue
        if not one.startswith(("-", "+")) or len(one) < 2:
            if script:  # what follows it is only $0, $1 …
                return any_at_all if _OWN_WORDS.search(one) else ""
            return any_at_all if one == "-" else _file(one, word)
        long = one.startswith("--")
        script |= (not long and "c" in one) or one.lower() in ("/c", "-command")
        if one in ("--rcfile", "--init-file") or (not long and one[-1] in "oO"):
            next(words, None)
    return any_at_all


def _interpreter(word: str, rest: list[str], depth: int) -> str:
    any_at_all = f"{word} is an interpreter: it runs any program it is given"
    name = _program(word)
    if name in p.AWKS:
        return "" if _has_text(rest) else any_at_all
    flags = p.CODE_FLAGS.get(name, p.OTHER_CODE_FLAGS)
    for index, one in enumerate(rest):
        following = rest[index + 1 :]
        if name.startswith(("python", "pypy")) and one == "-m":
            if not following or following[0].lower() in _MODULES:
                return any_at_all
            return _said(following, depth + 1)
        if name == "deno" and one in ("run", "test", "bench", "task", "serve"):
            continue
        if name == "java" and one == "-jar" and following:
            return _file(following[0], word)
        if one in flags:
            # Perl opens what follows -n and -p by name, and a name may be a command.
            opens = name == "perl" and len(one) > 2
            return any_at_all if not following or opens else ""
        if one.startswith("-"):
            continue
        before = rest[index - 1] if index else ""
        lone = not before.startswith("-") or before in p.LONE_FLAGS or "=" in before
        if not lone and not following:
            return any_at_all  # it may be that option's value
        if lone:
            return _file(one, word)
    return any_at_all


def _has_text(rest: list[str]) -> bool:
    """An awk has its program; what follows that are files."""
    words = iter(rest)
    for one in words:
        if one in ("-F", "-v", "-f"):
            next(words, None)
        elif not one.startswith("-") or one == "-":
            return True
    return False


# -- programs that start others ----------------------------------------------------


def _runner(word: str, name: str, rest: list[str], depth: int) -> str:
    """What follows its own words is the program."""
    skip, valued = p.RUNNERS[name]
    with_value = valued.split()
    words = list(rest)
    while words:
        one = words[0]
        if name == "env" and one in ("-S", "--split-string"):
            return _said(_split(words[1:2]) + words[2:], depth + 1) or (
                "" if words[1:] else f"{word} runs any program it is given"
            )
        if name in ("su", "runuser") and one in ("-c", "--command"):
            break
        if name == "sudo" and one in ("-i", "-s", "--login", "--shell"):
            break
        if one in with_value:
            words = words[2:]
        elif (one.startswith("-") and one != "-") or _ASSIGNMENT.match(one):
            words = words[1:]
        elif skip:
            skip, words = skip - 1, words[1:]
        else:
            return _said(words, depth + 1) or _after_unknown(word, rest, words)
    return f"{word} runs any program it is given"


def _after_unknown(word: str, rest: list[str], words: list[str]) -> str:
    """The one word that seems to be the program may be the value of an option that is
    not known here: then the program is still to come."""
    before = rest[: len(rest) - len(words)]
    last = before[-1] if before else ""
    unsure = len(words) == 1 and re.fullmatch(r"--?[a-z][\w-]*", last)
    harmless = last in p.LONE_FLAGS or re.fullmatch(r"-[nEHkbS]|--\w+=.*|-\w*\d+", last)
    if unsure and not harmless:
        return f"{word} runs any program it is given"
    return ""


def _split(words: list[str]) -> list[str]:
    try:
        return shlex.split(words[0]) if words else []
    except ValueError:
        return []


def _subcommand(word: str, name: str, rest: list[str], depth: int) -> str:
    """Its own options, then a word that says what it does."""
    ways = p.SUBCOMMANDS[name]
    for index, one in enumerate(rest):
        if one.startswith(("-", "+")):
            continue
        before = rest[index - 1] if index else ""
        if before.startswith("-") and one not in ways and "=" not in before:
            continue  # the value of an option, as in `git -C folder`
        both, following = f"{word} {one}", rest[index + 1 :]
        match ways.get(one):
            case p.FREE:
                return f"{both} runs any program by an option or argument of its own"
            case p.ANY:
                program = [w for w in following if not w.startswith("-")]
                begun = following[following.index(program[0]) :] if program else []
                if not begun:
                    return f"{both} runs any program it is given"
                return _said(begun, depth + 1)
            case p.BUILD:
                return _project(both)
            case p.FETCH:
                return _packages(both)
            case p.HOOKS:
                return f"{both} runs the repository's hooks"
        if name in ("yarn", "pnpm", "bun"):
            return _project(both)  # a script of the project, by its name
        return ""
    return f"{word} runs any program by one of its subcommands or options"
