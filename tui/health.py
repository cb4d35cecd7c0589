"""What this machine tells about itself: platform, homes, store, terminal, git.

Owns those checks and their remedies; changes nothing, opens no engine. Invariant: a
check never raises; what cannot be seen is a warning that says so.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from enum import StrEnum
from pathlib import Path

from state.dataclass import dataclass
from state.db.errors import StoreError, named
from state.db.migrations import MIGRATIONS, check_version, version
from state.db.reader import open_reader
from state.home import store_path
from state.permissions.remedies import Context, allow_write, own_folders
from tui.place import Place

LOW_BYTES = 500 << 20
NO_BYTES = 20 << 20
ASK_SECONDS = 5.0


class State(StrEnum):
    """How a check came out. Only `FAILING` makes the exit code 1."""

    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Check:
    """`says`: what was found; `remedy`: what to do, "" when nothing is to be done;
    `lines`: a setting to copy for it."""

    name: str
    state: State
    says: str
    remedy: str = ""
    lines: str = ""


def local_checks(place: Place, *, remote: bool) -> list[Check]:
    """All of them; a remote engine's CODEX_HOME is not ours to look at."""
    homes = [] if remote else [check_home(place)]
    return [
        check_platform(),
        check_around(place.env),
        *homes,
        check_store(place),
        check_terminal(place.env, sys.stdout.isatty()),
        check_git(place.env),
        check_gh(place.env),
    ]


def check_platform() -> Check:
    """Where we run; other platforms are refused before this."""
    system = platform.system()
    name = "macOS" if system == "Darwin" else system
    if "microsoft" in platform.release().lower():
        name = f"{name} (WSL)"
    says = f"{name} {platform.machine()}, Python {platform.python_version()}"
    return Check("platform", State.OK, says)


MARKS = {
    "CODEX_SANDBOX": "Codex's own sandbox",
    "CODEX_SANDBOX_NETWORK_DISABLED": "Codex's own sandbox, without network",
    "SANDBOX_RUNTIME": "a sandbox runtime",
    "FLATPAK_ID": "Flatpak",
    "SNAP": "a snap",
}
"""Variables that a sandbox sets for what runs in it."""


def check_around(env: Mapping[str, str], proc: Path = Path("/proc/self")) -> Check:
    """Whether we run inside another sandbox: Codex's own may then not work."""
    found = [words for name, words in MARKS.items() if env.get(name)]
    if any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv")):
        found.append("a container")
    with contextlib.suppress(OSError, ValueError):
        first = proc.joinpath("uid_map").read_text().split()[:3]
        if len(first) == 3 and first[2] != "4294967295":
            found.append("a user namespace")
    if not found:
        return Check("around", State.OK, "no sandbox around codex-tui was seen")
    says = f"codex-tui runs inside {', '.join(dict.fromkeys(found))}."
    remedy = (
        "If commands fail there, start the engine outside of it, or let it write "
        "CODEX_HOME and /tmp and make user namespaces."
    )
    return Check("around", State.WARNING, says, remedy)


# -- CODEX_HOME --------------------------------------------------------------------

PARTS = {
    "sessions": "transcripts are lost",
    "thread-writer-locks": "threads cannot be started or resumed",
    "app-server-control": "an engine cannot open its socket",
    "state_5.sqlite": "the engine does not start",
    "config.toml": "settings and trust cannot be saved",
}
"""What the engine writes in CODEX_HOME, and what happens when it cannot."""


def check_home(place: Place) -> Check:
    """CODEX_HOME exists, can be written, and its parts, too."""
    home, name = place.codex_home, "codex home"
    if not home.exists():
        return _missing_home(place)
    if not home.is_dir():
        remedy = "Set CODEX_HOME to a folder."
        return Check(name, State.FAILING, f"{home} is no folder.", remedy)
    if not _usable(home):
        says = f"{home} cannot be written; the engine does not start."
        return _unwritable(name, says, home)
    locked = [
        part for part in PARTS if _exists(home / part) and not _usable(home / part)
    ]
    if locked:
        says = "; ".join(f"{home / part}: {PARTS[part]}" for part in locked)
        remedy = "Make these writable for this user."
        return Check(name, State.FAILING, f"Not writable: {says}.", remedy)
    return _with_room(Check(name, State.OK, f"{home}, writable"), home)


def _unwritable(name: str, says: str, home: Path) -> Check:
    """Not for this user, or for nobody: then a sandbox around us did it."""
    if not _mounted_read_only(home):
        remedy = "Make it writable for this user, or set CODEX_HOME to another folder."
        return Check(name, State.FAILING, says, remedy)
    remedy = (
        "It is mounted read-only: a sandbox around Codex, or the disk. Let that "
        "sandbox write it:"
    )
    lines = allow_write(own_folders(Context(home=str(home))))
    return Check(name, State.FAILING, says, remedy, lines)


def _mounted_read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _missing_home(place: Place) -> Check:
    home = place.codex_home
    if place.env.get("CODEX_HOME"):
        says = f"{home} does not exist; the engine refuses to start."
        return Check("codex home", State.FAILING, says, f"Make it: mkdir -p {home}")
    if not _usable(home.parent):
        says = f"{home} does not exist and {home.parent} cannot be written."
        remedy = "Set CODEX_HOME to a folder that you can write."
        return Check("codex home", State.FAILING, says, remedy)
    says = f"{home} does not exist yet; the engine makes it at its first start."
    return Check("codex home", State.OK, says)


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        pass
    return True


def _usable(path: Path) -> bool:
    mode = os.R_OK | os.W_OK
    return os.access(path, mode | os.X_OK if path.is_dir() else mode)


def _with_room(check: Check, folder: Path) -> Check:
    """The check, or what its disk says."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return check
    if free >= LOW_BYTES:
        return check
    state = State.FAILING if free < NO_BYTES else State.WARNING
    says = f"{check.says}; {free >> 20} MB free"
    return Check(check.name, state, says, "Free some space on that disk.")


# -- the store ---------------------------------------------------------------------


def check_store(place: Place) -> Check:
    """It opens, its schema is ours, it is whole, and there is room."""
    path = store_path(place.home)
    if not _exists(path):
        return _unborn(path)
    try:
        with closing(open_reader(path)) as db:
            steps = version(db)
            check_version(steps, path)
            damaged = db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok"
    except StoreError as error:
        return _store_failing(error)
    except (sqlite3.Error, OSError) as error:
        return _store_failing(named(error, path))
    if damaged or path.with_name(path.name + ".suspect").exists():
        says = f"{path} is damaged."
        remedy = "Start codex-tui: the file is moved aside and a new one begun."
        return Check("store", State.FAILING, says, remedy)
    if not (_usable(path) and _usable(path.parent)):
        says = f"{path} cannot be written; nothing would be saved."
        return _closed_store(says, path.parent)
    later = "" if steps == len(MIGRATIONS) else ", updated at the next start"
    size = path.stat().st_size / (1 << 20)
    says = f"{path}, schema {steps}{later}, {size:.1f} MB"
    return _with_room(Check("store", State.OK, says), path.parent)


def _unborn(path: Path) -> Check:
    near = next(folder for folder in path.parents if folder.exists())
    if near.is_dir() and _usable(near):
        return Check("store", State.OK, f"{path}, made at the first start")
    says = f"{path} cannot be made: {near} cannot be written."
    return _closed_store(says, path.parent)


def _closed_store(says: str, folder: Path) -> Check:
    near = next(one for one in (folder, *folder.parents) if one.exists())
    if not _mounted_read_only(near):
        remedy = "Make its folder writable, or set CODEX_TUI_HOME to another one."
        return Check("store", State.FAILING, says, remedy)
    remedy = (
        "It is mounted read-only: set CODEX_TUI_HOME to another folder, or let the "
        "sandbox around codex-tui write it:"
    )
    return Check("store", State.FAILING, says, remedy, allow_write((f"{folder}/**",)))


def _store_failing(error: StoreError) -> Check:
    """Its sentence ends in what to do."""
    says, _, remedy = error.sentence.partition(": ")
    if not remedy:
        says, remedy = error.sentence, "Set CODEX_TUI_HOME to another folder."
    return Check("store", State.FAILING, says, remedy[:1].upper() + remedy[1:])


# -- terminal and git --------------------------------------------------------------


def check_terminal(env: Mapping[str, str], is_terminal: bool) -> Check:
    """Its name, colours, characters, and what tmux lets through."""
    term = env.get("TERM", "")
    says, remedies = [term or "no TERM"], []
    if term in ("", "dumb", "unknown"):
        remedies.append("Set TERM to what your terminal is, e.g. xterm-256color.")
    truecolor = env.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    says.append("true colour" if truecolor else "no COLORTERM: 256 colours at most")
    encoding = _encoding(env)
    if encoding == "utf-8":
        says.append("UTF-8")
    else:
        says.append(f"characters: {encoding}")
        remedies.append("Set LANG to a UTF-8 locale, e.g. C.UTF-8.")
    if env.get("TMUX"):
        words, remedy = _tmux(env)
        says.append(words)
        remedies += [remedy] if remedy else []
    if not is_terminal:
        says.append("output is no terminal now")
    state = State.WARNING if remedies else State.OK
    return Check("terminal", state, ", ".join(says), " ".join(remedies))


def _encoding(env: Mapping[str, str]) -> str:
    """What the locale variables ask for, as a terminal program reads them."""
    name = next((env[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if env.get(n)), "")
    _, _, charset = name.partition(".")
    charset = charset.partition("@")[0].lower().replace("utf8", "utf-8")
    if charset:
        return charset
    # macOS knows a bare UTF-8 as the name of a locale.
    return "utf-8" if name.lower() == "utf-8" else name or "no locale set"


def _tmux(env: Mapping[str, str]) -> tuple[str, str]:
    says = _ask(("tmux", "-V"), env) or "tmux"
    if _ask(("tmux", "show-options", "-gv", "allow-passthrough"), env) in ("on", "all"):
        return f"{says} with passthrough", ""
    remedy = (
        "tmux keeps notifications from your terminal: `set -g allow-passthrough on` "
        "in tmux.conf lets them through."
    )
    return f"{says} without passthrough", remedy


def check_git(env: Mapping[str, str]) -> Check:
    """Branches and worktrees are read with it."""
    said = _ask(("git", "--version"), env)
    if said:
        return Check("git", State.OK, said)
    says = "git was not found; branches and worktrees are not shown."
    return Check("git", State.WARNING, says, "Install git.")


def check_gh(env: Mapping[str, str]) -> Check:
    """Pull requests are offered with it; nothing else needs it."""
    said = _ask(("gh", "--version"), env)
    if said:
        return Check("gh", State.OK, said)
    return Check("gh", State.OK, "not found; pull requests are not offered")


def _ask(command: tuple[str, ...], env: Mapping[str, str]) -> str:
    """The first line a program says; "" if it is not there or fails."""
    program = shutil.which(command[0], path=env.get("PATH", ""))
    if program is None:
        return ""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        ran = subprocess.run(
            (program, *command[1:]),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_SECONDS,
            check=True,
        )
        return ran.stdout.partition("\n")[0].strip()
    return ""
