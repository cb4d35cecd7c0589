"""What a push would be: the two looks for it, and how their answers are read.

Owns the scripts and parsers. The first look reads configuration, hooks folder and
addresses; the second one commits, files and the facts of each file that would be
started. Pure. Invariant: configuration is read with all of the user's files and started
by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from state.dataclass import dataclass, replace
from state.git.shell import Section, look
from state.git.ssh_config import File
from state.looks import Look
from state.pushes import Change, Commit

SHOWN = 200
"""Commits and files that are read for the eye."""
TEXT = 2000
"""Bytes of a hook that are read for the eye."""

SETTINGS = r"""
say config own config --list -z --show-origin --show-scope
say hooks own rev-parse --path-format=absolute --git-path hooks
i=0
for r in "$@"; do
  say "url$i" own remote get-url --push --all "$r"; i=$((i+1))
done
"""

CONTENT = rf"""
head=$1; remote=$2; branch=$3; there=$4; shift 4
no=--remotes
if g rev-parse -q --verify "refs/remotes/$remote/$branch" >/dev/null 2>&1
then no="refs/remotes/$remote/$branch"; fi
commits() {{
  g rev-list --max-count={SHOWN} --format='%h%x00%an%x00%s' "$head" --not "$no"
}}
number() {{ g rev-list --count "$head" --not "$no"; }}
behind() {{
  [ "$no" = --remotes ] && {{ echo 0; return 0; }}
  g rev-list --count "$no" --not "$head"
}}
files() {{
  g rev-list --max-count=500 "$head" --not "$no" | g diff-tree --stdin -r --root \
    --no-commit-id --name-status -z --no-renames --no-ext-diff --no-textconv
}}
state() {{
  g status --porcelain=v2 -z --untracked-files=normal --ignore-submodules=all \
    --no-renames
}}
fact() {{
  [ -e "$1" ] || {{ printf '%s\000-\000-\0000\000-\000' "$1"; return 0; }}
  kind=file; [ -d "$1" ] && kind=folder
  x=-; [ -x "$1" ] && x=x
  at=$(stat -L -c %Z -- "$1" 2>/dev/null || stat -L -f %c -- "$1" 2>/dev/null)
  sum=-
  [ $kind = file ] && [ -r "$1" ] && sum=$(head -c 1000000 -- "$1" | cksum)
  real=$(readlink -f -- "$1" 2>/dev/null || echo "$1")
  printf '%s\000%s\000%s\000%s\000%s\000' "$real" "$kind" "$x" "${{at:-0}}" "$sum"
}}
facts() {{ for p in "$@"; do fact "$p"; done; }}
gate() {{ own -C "$there" rev-parse --path-format=absolute --git-path hooks; }}
say commits commits
say number number
say behind behind
say files files
say state state
say facts facts "$@"
[ -z "$there" ] || say gate gate
i=0
for p in "$@"; do
  case $p in
    */pre-push|*/reference-transaction)
      [ ! -f "$p" ] || say "text$i" head -c {TEXT} -- "$p" ;;
  esac
  i=$((i+1))
done
"""

FILE = 256 * 1024
"""Bytes of a file of ssh's settings that are read."""
FILES = 64
"""Files that one pattern names that are read."""

SSH = rf"""
one() {{
  printf '%s\000' "$1"
  [ -f "$1" ] && [ -r "$1" ] && head -c {FILE + 1} -- "$1"
}}
i=0
for p in "$@"; do
  n=0; IFS=
  for f in $p; do
    [ -e "$f" ] || continue
    if [ $n -eq {FILES} ]; then say "more$i" true; break; fi
    say "ssh$i-$n" one "$f"; n=$((n+1))
  done
  i=$((i+1))
done
say whole true
"""


def ssh_look(place: str, patterns: Iterable[str]) -> Look:
    """What stands in these files; patterns as ssh writes them."""
    return look(SSH, place, *patterns)


def settings_look(
    place: str, remotes: Iterable[str], environment: Mapping[str, str]
) -> Look:
    """`environment`: the window's variables that git reads configuration from."""
    asked = look(SETTINGS, place, *remotes)
    return replace(asked, env={**asked.env, **environment})


def content_look(
    place: str,
    going: tuple[str, str, str],
    there: str,
    filters: Iterable[str],
    files: Iterable[str],
) -> Look:
    """`going`: commit, remote, branch. `there`: a remote that is a folder here, or "".
    `filters`: names of filters, which a status would start and must not. `files`:
    those whose facts are wanted, in order."""
    asked = look(CONTENT, place, *going, there, *files)
    return without_filters(asked, filters)


def without_filters(asked: Look, filters: Iterable[str]) -> Look:
    """A status would start filters, in its sandbox; they are put out by name."""
    off = [
        pair
        for name in filters
        for pair in (
            (f"filter.{name}.clean", ""),
            (f"filter.{name}.smudge", ""),
            (f"filter.{name}.process", ""),
            (f"filter.{name}.required", "false"),
        )
    ]
    env: dict[str, str | None] = {**asked.env}
    if off:
        env["GIT_CONFIG_COUNT"] = str(len(off))
        for number, (key, value) in enumerate(off):
            env[f"GIT_CONFIG_KEY_{number}"] = key
            env[f"GIT_CONFIG_VALUE_{number}"] = value
    return replace(asked, env=env)


# -- answers -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One value of git's configuration. `key` lower case but for its middle part."""

    scope: str
    origin: str
    key: str
    value: str


def config_lines(section: Section) -> tuple[Line, ...]:
    """All of them, in the order in which the later counts."""
    parts = section.text.split("\0")
    found = []
    for at in range(0, len(parts) - 2, 3):
        scope, origin, pair = parts[at : at + 3]
        key, _, value = pair.partition("\n")
        if key != "core.fsmonitor" or scope != "command":
            found.append(Line(scope, origin, key, value))
    return tuple(found)


def filters_of(lines: Iterable[Line]) -> tuple[str, ...]:
    """Filters that are configured, by name."""
    names = {
        line.key.removeprefix("filter.").rpartition(".")[0]: None
        for line in lines
        if line.key.startswith("filter.") and line.key.count(".") > 1
    }
    return tuple(names)


def ssh_files_of(
    found: Mapping[str, Section], patterns: Sequence[str]
) -> dict[str, tuple[File, ...]]:
    """By pattern, in the order in which ssh reads them."""
    read: dict[str, tuple[File, ...]] = {}
    for number, pattern in enumerate(patterns):
        more = f"more{number}" in found
        files = []
        for at in range(FILES):
            section = found.get(f"ssh{number}-{at}")
            if section is not None:
                path, _, text = section.text.partition("\0")
                whole = section.ok and len(section.data) <= FILE and not more
                files.append(File(path, text, whole))
        read[pattern] = tuple(files)
    return read


_COMMIT = re.compile(r"^commit [0-9a-f]{7,64}$")


def commits_of(section: Section) -> tuple[Commit, ...]:
    """What goes, newest first."""
    found = []
    for row in section.text.split("\n"):
        parts = row.split("\0")
        if len(parts) == 3 and not _COMMIT.match(row):
            found.append(Commit(*parts))
    return tuple(found)


def number_of(section: Section | None) -> int:
    """A count; 0 when it could not be counted."""
    text = section.line if section is not None and section.ok else ""
    return int(text) if text.isdigit() else 0


def files_of(section: Section) -> tuple[tuple[Change, ...], bool]:
    """Each file once, with its newest change; True: there are more."""
    parts = section.text.split("\0")
    found: dict[str, Change] = {}
    for kind, path in zip(parts[::2], parts[1::2], strict=False):
        if path and kind[:1] in "AMDT":
            found.setdefault(path, Change(kind[:1], path))
    changes = tuple(found[path] for path in sorted(found))
    return changes[:SHOWN], section.cut or len(changes) > SHOWN


def uncommitted(section: Section) -> int:
    """Files that are changed, or new, and in no commit."""
    return sum(row[:2] in ("1 ", "2 ", "u ", "? ") for row in section.text.split("\0"))


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a file. `at`: when it last changed in any way, in seconds."""

    real: str
    kind: str = "-"
    runs: bool = False
    at: int = 0
    sum: str = "-"

    @property
    def there(self) -> bool:
        return self.kind == "file"


def facts_of(section: Section, files: Iterable[str]) -> dict[str, Fact]:
    """By the path that was asked about."""
    parts = section.text.split("\0")
    found = {}
    for number, path in enumerate(files):
        five = parts[number * 5 : number * 5 + 5]
        if len(five) == 5:
            real, kind, runs, at, checksum = five
            when = int(at) if at.isdigit() else 0
            found[path] = Fact(real, kind, runs == "x", when, checksum)
    return found
