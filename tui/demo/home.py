"""A private place for a demo: homes, workspace, configuration, and their end.

Owns: the folder `demo-<pid>` below the user's cache (CODEX_HOME,
CODEX_TUI_HOME, HOME, TMPDIR, a git workspace, a folder outside of it) and the
environment for an engine that lives there. Not here: starting the engine, the
provider, the project's content. Invariant: when the context ends, or at the
next start after a crash, neither a file nor a process of it is left.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import platformdirs
import psutil  # type: ignore[import-untyped]

MODEL = "gpt-6.1-sol"

# Accounts, proxies and other engines' settings must not reach the demo's engine.
_FOREIGN = ("OPENAI_", "CODEX_", "AZURE_OPENAI_")

_CONFIG = """\
model = "{model}"
model_provider = "demo"
model_reasoning_summary = "auto"
approval_policy = "on-request"
sandbox_mode = "workspace-write"
check_for_update_on_startup = false
suppress_unstable_features_warning = true

[features]
plugins = false
apps = false
request_permissions_tool = true

[agents]
max_concurrent_threads_per_session = 16

[tools]
update_plan = {{ enabled = true }}

[analytics]
enabled = false

[feedback]
enabled = false

[history]
persistence = "none"

[model_providers.demo]
name = "Demo"
base_url = "{base_url}"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
stream_idle_timeout_ms = 3600000

[projects.{workspace}]
trust_level = "trusted"
"""


class DemoHomeError(Exception):
    """There is no place for the demo; the text says what to do."""


class DemoHome:
    """Context manager; the folders exist between enter and exit.

    `files` maps workspace paths to their text; a text that starts with `#!`
    is made executable. `parent` defaults to the user's cache folder.
    """

    def __init__(self, files: Mapping[str, str], parent: Path | None = None) -> None:
        self._files = files
        self._parent = parent
        self._alive: int | None = None
        self._root: Path | None = None

    @property
    def root(self) -> Path:
        """The folder of this demo; all others are below it."""
        if self._root is None:
            raise RuntimeError("the demo home is not open")
        return self._root

    @property
    def codex_home(self) -> Path:
        """CODEX_HOME of the demo's engine."""
        return self.root / "codex"

    @property
    def tui_home(self) -> Path:
        """CODEX_TUI_HOME of the demo."""
        return self.root / "codex-tui"

    @property
    def workspace(self) -> Path:
        """The git repository that the threads work in."""
        return self.root / "parsecache"

    @property
    def outside(self) -> Path:
        """A folder beside the workspace; the sandbox must not write there."""
        return self.root / "shared-reports"

    def __enter__(self) -> Self:
        parent = self._parent if self._parent is not None else demo_parent()
        root, self._alive = _make_root(parent)
        self._root = root
        try:
            folders = (self.codex_home, self.tui_home, self.workspace, self.outside)
            for folder in folders:
                folder.mkdir(mode=0o700)
            for name in ("home", "tmp"):
                (root / name).mkdir(mode=0o700)
            _write_files(self.workspace, self._files)
            _commit_all(self.workspace, self.environment())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def configure(self, base_url: str, *, extra: str = "") -> None:
        """Write config.toml for the provider at `base_url`; `extra` is TOML."""
        text = _CONFIG.format(
            model=MODEL, base_url=base_url, workspace=_toml_key(self.workspace)
        )
        path = self.codex_home / "config.toml"
        path.touch(mode=0o600)
        path.write_text(text + extra, encoding="utf-8")

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The whole environment for the engine: `base` without what is foreign."""
        source = os.environ if base is None else base
        kept = {
            name: value
            for name, value in source.items()
            if not name.startswith(_FOREIGN) and not name.lower().endswith("_proxy")
        }
        return kept | {
            "CODEX_HOME": str(self.codex_home),
            "CODEX_TUI_HOME": str(self.tui_home),
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def close(self) -> None:
        """End the processes that live here and remove the folder; repeatable."""
        if self._root is None:
            return
        root, self._root = self._root, None
        try:
            _remove(root)
        finally:
            if self._alive is not None:
                os.close(self._alive)
                self._alive = None
        with contextlib.suppress(OSError):
            root.parent.rmdir()  # the last one leaves no empty folder either


def demo_parent() -> Path:
    """Where demos live: a folder of the user's that is not a temporary one.

    The engine's sandbox lets commands write to temporary folders, so a refused
    write could not be shown there. Raises `DemoHomeError` if there is none.
    """
    candidates = (
        platformdirs.user_cache_path("codex-tui"),
        platformdirs.user_state_path("codex-tui"),
        Path.home() / ".codex-tui-demo",
    )
    temporary = {Path("/tmp").resolve(), Path(tempfile.gettempdir()).resolve()}
    for candidate in candidates:
        resolved = candidate.resolve()
        if not any(resolved.is_relative_to(folder) for folder in temporary):
            return resolved
    raise DemoHomeError(
        "The demo needs a folder outside the system's temporary folder: "
        "set XDG_CACHE_HOME to one and start it again."
    )


def sweep(parent: Path) -> list[Path]:
    """Remove the demos below `parent` whose owner is dead; returns them."""
    if not parent.is_dir():
        return []
    with _locked(parent):
        return _sweep(parent)


def _sweep(parent: Path) -> list[Path]:
    demos = sorted(path for path in parent.glob("demo-*") if path.is_dir())
    stale = [root for root in demos if not _is_held(root)]
    for root in stale:
        _remove(root)
    return stale


def _make_root(parent: Path) -> tuple[Path, int]:
    """A new folder below `parent` and the lock that shows its owner lives."""
    for _attempt in range(20):
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Another demo that ends just now may take the empty parent away.
        with contextlib.suppress(FileNotFoundError), _locked(parent):
            _sweep(parent)
            root = Path(tempfile.mkdtemp(prefix=f"demo-{os.getpid()}-", dir=parent))
            return root, _lock(root)
    raise DemoHomeError(f"The demo could not make a folder in {parent}.")


def _lock(folder: Path, *, wait: bool = False) -> int:
    """Lock a folder; the kernel frees it however the owner ends.

    Returns the descriptor that holds it. Raises BlockingIOError when another
    process has it and `wait` is false.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def _locked(parent: Path) -> Iterator[None]:
    """No demo is between being made and being held while another one sweeps."""
    descriptor = _lock(parent, wait=True)
    try:
        yield
    finally:
        os.close(descriptor)


def _is_held(root: Path) -> bool:
    try:
        os.close(_lock(root))
    except BlockingIOError:
        return True
    return False


def processes_of(codex_home: Path) -> list[psutil.Process]:
    """Processes whose CODEX_HOME is this very folder: engine and terminals."""
    wanted = str(codex_home)
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get("CODEX_HOME") == wanted:
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def _remove(root: Path) -> None:
    """Ends what runs there first, twice: a dying engine may still write."""
    for _attempt in range(5):
        processes = processes_of(root / "codex")
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(processes, timeout=5)
        shutil.rmtree(root, ignore_errors=True)
        if not root.exists():
            return
    shutil.rmtree(root)


def _write_files(workspace: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if text.startswith("#!"):
            path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _commit_all(workspace: Path, environment: Mapping[str, str]) -> None:
    """A first commit; without git the demo does with a plain folder."""
    git = shutil.which("git")
    if git is None:
        return
    own = {name: value for name, value in environment.items() if name[:4] != "GIT_"}
    who = {"NAME": "Ada", "EMAIL": "ada@example.invalid"}
    for role in ("AUTHOR", "COMMITTER"):
        own |= {f"GIT_{role}_{name}": value for name, value in who.items()}
    own |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "--allow-empty", "--message=Cache parse results"),
    ):
        subprocess.run(
            (git, *arguments), cwd=workspace, env=own, check=True, capture_output=True
        )


def _toml_key(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
