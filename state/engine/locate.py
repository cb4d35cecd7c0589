"""Which codex to run: the flag, the environment, PATH, then the wheel beside us.

Owns the search order, the version cache and our own copy of the wheel's engine. Does
not start engines. Invariant: what the user named is used or refused, never silently
replaced; the returned path is a native binary where one can be found, and the wheel's
engine is always a copy an upgrade of the wheel cannot pull away from under it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from state.dataclass import dataclass
from state.engine.errors import EngineNotFound

Origin = Literal["flag", "env", "path", "wheel"]

ENV_BINARY = "CODEX_TUI_CODEX_BIN"
MINIMUM = (0, 163)
_VERSION_TIMEOUT = 15.0
_PACKAGE = ("bin", "codex-resources", "codex-path", "codex-package.json")
_HOW_TO_GET = (
    "install one with `pip install openai-codex-cli-bin` or "
    "`npm install -g @openai/codex`, or name it with --codex-bin"
)


@dataclass(frozen=True, slots=True)
class EngineBinary:
    """A codex that answered `--version`. `note` says what was passed over, or ""."""

    path: Path
    version: str
    origin: Origin
    note: str = ""


class _Unusable(Exception):
    """Why one candidate cannot be used, as the end of a sentence."""


def locate(
    explicit: str | None,
    *,
    env: Mapping[str, str],
    state_dir: Path,
    wheel: Path | None = None,
) -> EngineBinary:
    """Find the engine to run; `state_dir` is our state folder (cache and copy).

    `wheel` overrides where the wheel's package folder is (for tests). Blocks: runs
    `codex --version` for a binary not seen before. Raises EngineNotFound."""
    if explicit:
        return _named(explicit, "flag", "--codex-bin", state_dir)
    if named := env.get(ENV_BINARY):
        return _named(named, "env", ENV_BINARY, state_dir)
    note = ""
    if found := shutil.which("codex", path=env.get("PATH", "")):
        try:
            return _checked(_native(Path(found)), "path", state_dir)
        except _Unusable as why:
            note = f"{found} on PATH {why}"
    package = wheel or _wheel_package()
    if package is not None:
        try:
            copy = own_copy(package, state_dir)
            return _checked(copy / "bin" / "codex", "wheel", state_dir, note=note)
        except (_Unusable, OSError) as why:
            note = "; ".join(filter(None, [note, f"the wheel's engine: {why}"]))
    said = f" ({note})" if note else ""
    raise EngineNotFound(f"No usable codex was found{said}; {_HOW_TO_GET}.")


def _named(name: str, origin: Origin, by: str, state_dir: Path) -> EngineBinary:
    path = Path(name).expanduser()
    if not path.is_absolute() and os.sep not in name:
        path = Path(shutil.which(name) or name)
    try:
        return _checked(_native(path), origin, state_dir)
    except _Unusable as why:
        raise EngineNotFound(
            f"{path}, named by {by}, {why}; name a working codex or leave it out."
        ) from None


def _checked(
    path: Path, origin: Origin, state_dir: Path, *, note: str = ""
) -> EngineBinary:
    version = version_of(path, state_dir)
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < MINIMUM and numbers != (
        0,
        0,
    ):  # 0.0.x: a build of its own, unversioned
        raise _Unusable(f"is version {version}, older than 0.163")
    return EngineBinary(path, version, origin, note)


# -- versions ------------------------------------------------------------------


def version_of(path: Path, state_dir: Path) -> str:
    """What `path --version` says, asked once per (path, modification time, size)."""
    try:
        stat = path.stat()
    except OSError as error:
        raise _Unusable(f"cannot be used ({error.strerror})") from None
    if not path.is_file() or not os.access(path, os.X_OK):
        raise _Unusable("is not an executable file")
    key = f"{path}|{stat.st_mtime_ns}|{stat.st_size}"
    cache = state_dir / "engine" / "versions.json"
    known = _read_cache(cache)
    if key in known:
        return known[key]
    version = _ask_version(path, cache.with_name("no-home"))
    with contextlib.suppress(OSError):  # a cache that cannot be kept costs 30 ms
        _folder(cache.parent)
        _write_private(
            cache, json.dumps({**dict(list(known.items())[-20:]), key: version})
        )
    return version


def _ask_version(path: Path, no_home: Path) -> str:
    # Asked for its version, codex would already make files in its home.
    env = {**os.environ, "CODEX_HOME": str(no_home)}
    try:
        answer = subprocess.run(
            [path, "--version"],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _Unusable(f"did not answer --version in {_VERSION_TIMEOUT:g} s") from None
    except OSError as error:
        raise _Unusable(f"cannot be run ({error.strerror})") from None
    match = re.search(rb"(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)", answer.stdout)
    if answer.returncode != 0 or match is None:
        raise _Unusable("does not answer --version as codex does")
    return match.group(1).decode()


def _read_cache(path: Path) -> dict[str, str]:
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {k: v for k, v in known.items() if isinstance(v, str)}


def _write_private(path: Path, text: str) -> None:
    """Replace `path` in one step; 0600, as mkstemp makes it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise


# -- the npm wrapper -------------------------------------------------------------


def _native(path: Path) -> Path:
    """The native binary behind an npm wrapper; `path` itself if it is none.

    The wrapper costs a node process and 0.3 s, and hides the engine's process id."""
    try:
        real = path.resolve(strict=True)
        with real.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise _Unusable(f"cannot be read ({error.strerror})") from None
    if not head.startswith(b"#!"):
        return path
    if shim := re.search(rb'"\$basedir/([^"]+/codex\.js)"', head):
        real = (real.parent / os.fsdecode(shim.group(1))).resolve()
    if real.name != "codex.js":
        return path
    return next(_vendored(real.parent.parent), path)


def _vendored(package: Path) -> Iterator[Path]:
    # As node looks for the platform package: beside this one and in each folder above.
    for folder in (package / "node_modules" / "@openai", *package.parents):
        at = folder if folder.name == "@openai" else folder / "node_modules" / "@openai"
        for found in sorted(at.glob("codex-*/vendor/*/bin/codex")):
            if _runs_here(found.parent.parent.name):
                yield found
    for found in sorted(package.glob("vendor/*/bin/codex")):
        if _runs_here(found.parent.parent.name):
            yield found


def _runs_here(triple: str) -> bool:
    system, machine = os.uname().sysname, os.uname().machine
    arch = {"arm64": "aarch64", "amd64": "x86_64"}.get(machine.lower(), machine)
    kernel = {"Linux": "linux", "Darwin": "apple-darwin"}.get(system, system.lower())
    return triple.startswith(f"{arch}-") and kernel in triple


# -- the wheel -------------------------------------------------------------------


def _wheel_package() -> Path | None:
    """The folder of the wheel `openai-codex-cli-bin`, if it is installed."""
    spec = importlib.util.find_spec("codex_cli_bin")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).resolve().parent
    return package if (package / "bin" / "codex").is_file() else None


def own_copy(package: Path, state_dir: Path) -> Path:
    """Our copy of the wheel's engine, hard-linked where the file system allows.

    An engine finds its helpers beside itself; taken away under a running one, every
    command fails, so it gets a tree that lives as long as we do. Raises OSError."""
    stat = (package / "bin" / "codex").stat()
    try:
        text = (package / "codex-package.json").read_text("utf-8")
        version = re.sub(r"[^0-9A-Za-z.+-]", "_", str(json.loads(text)["version"]))
    except (OSError, ValueError, KeyError, TypeError):
        version = "unknown"
    # The same version built again is another file: its size and time are in the name.
    name = f"{version}-{stat.st_size:x}-{stat.st_mtime_ns:x}"
    folder = _folder(_folder(state_dir / "engine") / "bin")
    target = folder / name
    if (target / "bin" / "codex").is_file():
        return target
    staging = Path(tempfile.mkdtemp(dir=folder, prefix=f".{name}-"))
    try:
        for part in _PACKAGE:
            source = package / part
            if source.is_dir():
                shutil.copytree(source, staging / part, copy_function=_link_or_copy)
            elif source.exists():
                _link_or_copy(str(source), str(staging / part))
        try:
            staging.rename(target)
        except OSError:  # another window was first; its copy is the same
            if not (target / "bin" / "codex").is_file():
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def _link_or_copy(source: str, target: str) -> None:
    real = os.path.realpath(source)
    try:
        os.link(real, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(real, target)


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
