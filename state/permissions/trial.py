"""Trying it for real: the script that runs in the engine's sandbox, and its answer.

Owns the words of both. Does not run anything. Invariant: the script leaves nothing: a
file is opened and not written, a folder is only asked; `really` (for tests in a tree
that is thrown away) makes a file and removes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from state.dataclass import dataclass
from state.model import Sandbox
from state.permissions.reach import Way

SCRIPT = r"""
mode=$1; shift
id() {
  stat -Lc %d:%i -- "$1" 2>/dev/null || stat -Lf %d:%i -- "$1" 2>/dev/null || echo -
}
say() { printf '%s\n' "$1"; }
reading() {
  if [ -d "$p" ]; then e=$( { ls -a -- "$p" >/dev/null; } 2>&1 ); r=$?
  elif [ -f "$p" ]; then e=$( { : < "$p"; } 2>&1 ); r=$?
  elif [ -e "$p" ]; then e=; [ -r "$p" ]; r=$?
  else say "none - $p"; return; fi
  if [ $r = 0 ]; then say "ok $(id "$p") $p"; else say "no - $e"; fi
}
writing() {
  q=$p; n=0
  while [ ! -e "$q" ] && [ "$q" != / ]; do
    if [ -L "$q" ]; then
      q=$(readlink -f -- "$q") || { say "no - $p: the symlink leads nowhere"; return; }
      n=$((n+1)); [ $n -gt 40 ] && { say "no - $p: too many links"; return; }
      [ -e "$q" ] && break
    fi
    q=${q%/*}; q=${q:-/}
  done
  if [ -d "$q" ]; then
    if [ -w "$q" ] && [ -x "$q" ]; then
      if [ "$mode" = really ]; then
        e=$( { : > "$q/.probe-$$"; } 2>&1 ) || { say "no - $e"; return; }
        rm -f -- "$q/.probe-$$"
      fi
      say "ok $(id "$q") $q"
    else
      e=$( { touch -c -- "$q/." ; } 2>&1 ); say "no - ${e:-$q: Permission denied}"
    fi
  elif [ "$q" != "$p" ] && [ ! -L "$p" ]; then say "no - $q: Not a directory"
  else
    e=$( { : >> "$q"; } 2>&1 ) && say "ok $(id "$q") $q" || say "no - $e"
  fi
}
while [ $# -gt 1 ]; do
  p=$(printf '%b.' "$2"); p=${p%.}
  case $1 in read) reading ;; *) writing ;; esac
  shift 2
done
"""
"""For any POSIX shell. Prints one line for each pair of operation and path."""


_NOISE = re.compile(r"^(?:/bin/)?(?:probe|sh|bash|touch|ls): (?:(?:line )?\d+: )?")
"""What a shell says before the error itself."""


def quoted(path: str) -> str:
    """The path as `printf %b` reads it: any byte can be said in it."""
    raw = path.encode("utf-8", "surrogateescape")
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte != 0x5C else f"\\0{byte:03o}"
        for byte in raw
    )


def command(pairs: Iterable[tuple[Way, str]], *, really: bool = False) -> list[str]:
    """The command to run in the sandbox."""
    arguments = [word for way, path in pairs for word in (way.value, quoted(path))]
    mode = "really" if really else "look"
    return ["/bin/sh", "-c", SCRIPT, "probe", mode, *arguments]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What to try under a sandbox: `profile`, else `sandbox`, with `root` (and `more`)
    as workspace roots. `way` None: a connection; `path` is then the host and the port
    that the managed proxy is asked for, where there is one."""

    root: str
    way: Way | None = None
    path: str = ""
    sandbox: Sandbox | None = None
    profile: str | None = None
    more: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """What is run. Without a proxy only a socket is made: no host is asked."""
        if self.way is None:
            return ["/bin/bash", "-c", CONNECT, "probe", self.path]
        return command([(self.way, self.path)])


CONNECT = r"""
port=${HTTP_PROXY##*:}
if [ "$CODEX_NETWORK_PROXY_ACTIVE" = 1 ] && [ -n "$1" ]; then
  exec 9<>"/dev/tcp/127.0.0.1/${port%/}" || exit
  printf 'CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n' "$1" "$1" >&9
  IFS= read -r -t 12 line <&9 || { echo "proxy: no answer"; exit; }
  printf 'proxy: %s\n' "$line"
  size=0
  while IFS= read -r -t 5 line <&9; do
    line=${line%$'\r'}
    case $line in
      [Cc]ontent-[Ll]ength:*) size=${line#*: } ;;
      "") break ;;
    esac
  done
  IFS= read -r -t 5 -N "${size//[!0-9]/}" line <&9; printf '%s\n' "$line"
else
  exec 9<>/dev/tcp/127.0.0.1/9
fi
"""
"""Says `proxy:` and what it answered, where there is one. A connection that it makes is
closed again: nothing is sent."""
NO_SOCKET = ("Operation not permitted", "Permission denied", "unreachable")


@dataclass(frozen=True, slots=True)
class Attempted:
    """What came of it. `error`: it could not be tried. `ms`: how long it took."""

    tried: Tried | None = None
    error: str = ""
    ms: int = 0


def connect_answer(stdout: str, stderr: str) -> Attempted:
    """The answer to `CONNECT`: refused by nobody but the other side is allowed."""
    if not stdout.startswith("proxy: "):
        blocked = any(word in stderr for word in NO_SOCKET)
        last = stderr.strip().splitlines()[-1:] or [""]
        return Attempted(Tried(not blocked, text=last[0].rpartition(": ")[2]))
    status, _, rest = stdout.removeprefix("proxy: ").partition("\n")
    if "HTTP/" not in status:
        return Attempted(error="not probed: the managed proxy gave no answer")
    passed = " 403" not in status
    words = "" if passed else " ".join(rest.split())
    return Attempted(Tried(passed, text=words, proxied=True))


@dataclass(frozen=True, slots=True)
class Tried:
    """What really came of it. `where`: device and inode of what was reached, as the
    sandbox sees it; `text`: the error, or the path that was reached. `proxied`: the
    managed proxy was asked, and `text` is what it said."""

    allowed: bool
    absent: bool = False
    where: str = ""
    text: str = ""
    proxied: bool = False


def parse(lines: Sequence[str]) -> list[Tried]:
    """The script's answer, one for each pair."""
    found = []
    for line in lines:
        word, _, rest = line.partition(" ")
        where, _, text = rest.partition(" ")
        if word in ("ok", "no", "none"):
            text = _NOISE.sub("", text)
            found.append(Tried(word == "ok", word == "none", where, text))
    return found
