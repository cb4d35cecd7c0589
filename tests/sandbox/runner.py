"""Tries pairs of operation and path through the engine's sandbox, for real.

Owns the command line (`codex sandbox`) and what counts as reached: the very file or
folder of the disk, not a stand-in. Does not know the model.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from state.model import Sandbox, SandboxMode
from state.permissions import trial
from state.permissions.reach import Reached, Way
from tests.sandbox.scenes import OURS, Case

QUIET = "[features]\nplugins = false\napps = false\n"


@dataclass(frozen=True)
class Outcome:
    """What really happened, and the sandbox's own words for it."""

    result: Reached
    text: str = ""


@dataclass(frozen=True)
class Runner:
    """An engine's program with a home and a TMPDIR of its own."""

    engine: Path
    home: Path
    tmpdir: str
    uid: int = 0
    """As whom, when we are root ourselves; 0: as we are"""

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CODEX_HOME": str(self.home),
            "TMPDIR": self.tmpdir,
            "LC_ALL": "C.UTF-8",
        }

    def arguments(self, case: Case) -> list[str]:
        """`codex sandbox` for this case, without the command."""
        words = [str(self.engine), "sandbox"]
        if case.sandbox is not None:
            return [*words, *(w for o in legacy(case.sandbox) for w in ("-c", o))]
        assert case.profiles is not None
        for name, profile in case.profiles.items():
            words += ["-c", f"permissions.{name}={toml(profile)}"]
        return [*words, "-C", case.roots[0], "-P", case.name or OURS]

    def run(self, case: Case) -> list[Outcome]:
        """One run of the sandbox for all pairs of the case."""
        command = trial.command(case.pairs, really=True)
        ran = subprocess.run(
            [*self.arguments(case), "--", *command],
            capture_output=True,
            text=True,
            errors="surrogateescape",
            env=self.environment(),
            cwd=case.roots[0],
            timeout=120,
            stdin=subprocess.DEVNULL,
            user=self.uid or None,
            group=self.uid or None,
            extra_groups=[] if self.uid else None,
        )
        tried = trial.parse(ran.stdout.splitlines())
        if not tried:
            assert ran.returncode != 0, ran
            why = ran.stderr.strip()[:400]
            return [Outcome(Reached.DENIED, why) for _ in case.pairs]
        assert len(tried) == len(case.pairs), (ran.stdout, ran.stderr)
        return [
            judged(way, path, one)
            for (way, path), one in zip(case.pairs, tried, strict=True)
        ]


def judged(way: Way, path: str, tried: trial.Tried) -> Outcome:
    """Reaching a stand-in is not reaching the file."""
    text = tried.text
    if tried.absent:
        there = os.path.lexists(path) and os.path.exists(path)
        return Outcome(Reached.DENIED if there else Reached.ABSENT, text)
    if not tried.allowed:
        return Outcome(Reached.DENIED, text)
    if way is Way.READ and not os.path.exists(path):
        return Outcome(Reached.ABSENT, "a stand-in for what is not there")
    same = _identity(text) == tried.where
    if way is Way.READ and not same and _empty(path):
        return Outcome(Reached.ALLOWED, "an empty stand-in for what is empty")
    return Outcome(Reached.ALLOWED if same else Reached.DENIED, text)


def _identity(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def _empty(path: str) -> bool:
    try:
        return (
            not os.listdir(path) if os.path.isdir(path) else not os.path.getsize(path)
        )
    except OSError:
        return False


def legacy(sandbox: Sandbox) -> list[str]:
    """The settings of a legacy mode."""
    if sandbox.mode is SandboxMode.READ_ONLY:
        return ['sandbox_mode="read-only"']
    table = "sandbox_workspace_write"
    return [
        'sandbox_mode="workspace-write"',
        f"{table}.writable_roots={json.dumps(list(sandbox.writable_roots))}",
        f"{table}.exclude_tmpdir_env_var={str(sandbox.exclude_tmpdir).lower()}",
        f"{table}.exclude_slash_tmp={str(sandbox.exclude_slash_tmp).lower()}",
    ]


def toml(value: Any) -> str:
    """An inline TOML value."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items())
        return f"{{{inner}}}"
    return json.dumps(value)
