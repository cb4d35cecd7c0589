"""Real repositories on disk, and looks that run without an engine.

Owns a bare repository, clones of it, and a home whose git configuration is its own.
Invariant: nothing reads the configuration of whoever runs the tests.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from state.git.repository import Repository, parse, repository_look
from state.looks import Look, Looked

NAME = ("-c", "user.name=Dev", "-c", "user.email=dev@example.org")


@dataclass(frozen=True)
class Ground:
    """A folder with `remote.git` (bare) and `work` (a clone with one pushed commit)."""

    folder: Path
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "home", self.folder / "home")
        self.home.mkdir(parents=True)
        self.git(self.folder, "init", "-q", "--bare", "-b", "main", str(self.remote))
        self.git(self.folder, "clone", "-q", str(self.remote), str(self.work))
        self.git(self.work, "switch", "-q", "-c", "main")
        self.commit(self.work, "first")
        self.git(self.work, "push", "-q", "-u", "origin", "main")

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def environment(self) -> dict[str, str]:
        """What every git of the tests runs with."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C.UTF-8",
            "GIT_AUTHOR_NAME": "Dev",
            "GIT_AUTHOR_EMAIL": "dev@example.org",
            "GIT_COMMITTER_NAME": "Dev",
            "GIT_COMMITTER_EMAIL": "dev@example.org",
        }

    def git(self, place: Path, *words: str | bytes, check: bool = True) -> str:
        """Run git in a folder; its output."""
        ran = subprocess.run(
            ["git", *NAME, *words],
            cwd=place,
            env=self.environment,
            capture_output=True,
            check=False,
        )
        assert not check or ran.returncode == 0, ran.stderr.decode()
        return ran.stdout.decode("utf-8", "surrogateescape").strip()

    def commit(self, place: Path, name: str, text: str = "x\n") -> str:
        """A commit that adds a file of this name; its id."""
        (place / name).write_text(text)
        self.git(place, "add", "--", name)
        self.git(place, "commit", "-q", "-m", f"add {name}")
        return self.git(place, "rev-parse", "HEAD")

    def has(self, commit: str, branch: str) -> bool:
        """The bare repository's branch stands at this commit."""
        found = self.git(self.remote, "rev-parse", f"refs/heads/{branch}", check=False)
        return found == commit

    def looked(self, look: Look) -> Looked:
        """Run a look here, outside of any sandbox: what it does shows on the disk."""
        return run(look, self.environment)

    async def look(self, look: Look) -> Looked:
        """The same, for who waits."""
        return await asyncio.to_thread(self.looked, look)

    def read(self, place: Path | None = None, minutes: int = 0) -> Repository:
        """The repository as a look shows it."""
        place = place or self.work
        return parse(self.looked(repository_look(str(place), minutes=minutes)))


def run(look: Look, environment: Mapping[str, str]) -> Looked:
    """As the engine does it: its environment, with the look's on top."""
    env = {**environment}
    for name, value in look.env.items():
        env.pop(name, None)
        if value is not None:
            env[name] = value
    try:
        ran = subprocess.run(
            look.command, cwd=look.cwd, env=env, capture_output=True, check=False
        )
    except OSError as error:
        return Looked(error=str(error))
    out = ran.stdout[: look.most].decode("utf-8", "replace")
    return Looked(ran.returncode, out, ran.stderr.decode("utf-8", "replace"))
