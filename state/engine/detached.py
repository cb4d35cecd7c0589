"""An engine that outlives us: how it is started, where its stderr goes, who it is.

Owns the detached process start and the note about engines we started. Does not connect.
Invariant: the child holds nothing of ours (own session, no terminal, no pipe), works in
an empty 0700 folder, and its stderr goes to a 0600 file that stays small.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from state.dataclass import dataclass
from state.engine.locate import EngineBinary
from state.engine.transport import STDERR_LINES, readable_lines

STDERR_KEEP = 5
STDERR_LIMIT = 8 << 20
_TAIL = 256 << 10
# They name the thread and call we may have been started from, not the engine's.
_NOT_INHERITED = ("CODEX_THREAD_ID", "CODEX_TOOL_CALL_ID", "CODEX_SANDBOX")


@dataclass(slots=True)
class Engine:
    """A detached engine process we started, maybe in vain."""

    process: subprocess.Popen[bytes]
    stderr_path: Path
    note_path: Path
    note: dict[str, Any]
    ended_by_race: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def stderr_tail(self) -> list[str]:
        """The last lines it wrote; empty when the file is gone."""
        return tail(self.stderr_path)

    def lost_race(self) -> bool:
        """Whether it ended because another engine serves this CODEX_HOME."""
        # The flag is set before the file goes: asked in this order one always tells.
        said = any("already in use" in line for line in self.stderr_tail())
        return said or self.ended_by_race

    def reap(self) -> None:
        """Block until it ends, and drop the stderr of one that only lost the race."""
        self.process.wait()
        self.ended_by_race = self.lost_race()
        if self.ended_by_race:
            with contextlib.suppress(OSError):
                self.stderr_path.unlink()

    def remember(self) -> None:
        """Leave the note by which `engine status` knows it as ours."""
        note = {**self.note, "pid": self.pid, "started": start_mark(self.pid)}
        folder = self.note_path.parent
        descriptor, staging = tempfile.mkstemp(dir=folder, prefix=".note-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(note, file)
        os.replace(staging, self.note_path)


def start(
    binary: EngineBinary,
    codex_home: Path,
    *,
    state_dir: Path,
    env: Mapping[str, str],
    config: tuple[str, ...] = (),
) -> Engine:
    """Start `codex app-server --listen unix://` for `codex_home` and return at once.

    Raises OSError if the binary cannot be run or our state folder not be written."""
    folder = state_dir / "engine"
    cwd = folder / "cwd"
    for made in (state_dir, folder, cwd):
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.chmod(0o700)
    label = home_label(codex_home)
    stderr, stderr_path = _fresh_stderr(folder, label)
    try:
        process = subprocess.Popen(
            [
                str(binary.path),
                "app-server",
                "--listen",
                "unix://",
                *config_args(config),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=engine_env(env, codex_home),
            cwd=cwd,
            start_new_session=True,
        )
    finally:
        os.close(stderr)
    note = {
        "codex_home": str(codex_home),
        "binary": str(binary.path),
        "version": binary.version,
        "stderr": str(stderr_path),
    }
    engine = Engine(process, stderr_path, folder / f"{label}.json", note)
    # Nobody else collects its exit code while we live; init does after us.
    threading.Thread(target=engine.reap, daemon=True, name="engine-reaper").start()
    return engine


def engine_env(env: Mapping[str, str], codex_home: Path) -> dict[str, str]:
    """The window's environment, aimed at `codex_home`."""
    inherited = {key: env[key] for key in env if key not in _NOT_INHERITED}
    default = Path(env.get("HOME", "~")).expanduser() / ".codex"
    if codex_home == default and not codex_home.exists():
        # Named, a missing home is an error; unnamed, the engine makes its default.
        inherited.pop("CODEX_HOME", None)
    else:
        inherited["CODEX_HOME"] = str(codex_home)
    return inherited


def config_args(config: tuple[str, ...]) -> list[str]:
    """`-c key=value` for each override."""
    return [part for override in config for part in ("-c", override)]


def home_label(codex_home: Path) -> str:
    """A short file name for one CODEX_HOME, the same for every way to write it."""
    real = os.path.realpath(codex_home)
    return "home-" + hashlib.sha256(os.fsencode(real)).hexdigest()[:12]


def _fresh_stderr(folder: Path, label: str) -> tuple[int, Path]:
    """A new stderr file, opened to append, and its path; the oldest others go."""
    kept = remembered_note(folder / f"{label}.json").get("stderr")
    files = sorted(folder.glob(f"{label}-*.stderr"), key=lambda path: path.name)
    for path in files[: -(STDERR_KEEP - 1)]:
        if str(path) != kept:
            with contextlib.suppress(OSError):
                path.unlink()
    descriptor, name = tempfile.mkstemp(
        dir=folder, prefix=f"{label}-{time.time_ns():020d}-", suffix=".stderr"
    )
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)
    return descriptor, Path(name)


def keep_small(state_dir: Path, codex_home: Path) -> None:
    """Empty the stderr file of our running engine once it is over STDERR_LIMIT bytes.

    Engines append, so one that goes on writing goes on at the file's new start."""
    path = remembered(state_dir, codex_home).get("stderr")
    if isinstance(path, str):
        with contextlib.suppress(OSError):
            if os.stat(path).st_size > STDERR_LIMIT:
                os.truncate(path, 0)


def tail(path: Path) -> list[str]:
    """The last readable lines of a stderr file; [] when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            return readable_lines(file.read())[-STDERR_LINES:]
    except OSError:
        return []


def remembered(state_dir: Path, codex_home: Path) -> dict[str, Any]:
    """The note about the last engine we started for `codex_home`; {} if none."""
    return remembered_note(state_dir / "engine" / f"{home_label(codex_home)}.json")


def remembered_note(path: Path) -> dict[str, Any]:
    """The note in the file `path`; {} if there is none that can be read."""
    try:
        note = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def start_mark(pid: int) -> str | None:
    """When process `pid` began, as a mark that no other process with this pid has.

    None when there is no such process or it is a zombie."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if sys.platform != "linux":
            return f"{process.create_time():.3f}"
        # Clock ticks since boot, not a wall time that moves when the clock is set.
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
    except (psutil.Error, OSError):
        return None
    ticks = stat.rpartition(b")")[2].split()[19].decode()
    return f"{boot[:8]}-{ticks}"


def executable(pid: int) -> Path | None:
    """The program of process `pid`; None if it cannot be seen."""
    try:
        return Path(psutil.Process(pid).exe())
    except (psutil.Error, OSError):
        return None


def start_failure(code: int | None) -> str:
    """The sentence for an engine that ended while it started."""
    how = f"with code {code}" if code is not None and code >= 0 else "by a signal"
    return (
        f"The engine ended {how} while it started; its last lines say why: "
        "mend that, or name another codex with --codex-bin."
    )
