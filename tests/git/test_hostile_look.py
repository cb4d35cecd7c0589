"""Looking at a hostile repository starts nothing of it.

Run here without any sandbox, so that the hardening alone is what is tested; that looks
run inside the sandbox besides is `tests/engine/test_delivery_engine.py`.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from state.git.planning import Window, all_strays, make_plan
from state.git.shell import ENVIRONMENT, HARDENED
from state.pushes import PushPlan
from tests.git.hostile import BRANCH, arm, provoke
from tests.git.repos import Ground


@pytest.mark.parametrize("guard", ["none", "environment", "configuration", "both"])
def test_each_guard_alone_keeps_every_transport_shut(
    tmp_path: Path, guard: str
) -> None:
    """A look never needs one; either guard is enough, without both one opens."""
    ground = Ground(tmp_path)
    ran = tmp_path / "ran"
    program = tmp_path / "transport"
    program.write_text(f"#!/bin/sh\ntouch {ran}\nexit 1\n")
    program.chmod(0o700)
    words = ["git", "-c", "protocol.ext.allow=always"]
    if guard in ("configuration", "both"):
        never = HARDENED["protocol.allow"]
        words = ["git", "-c", f"protocol.allow={never}"]
    more = {}
    if guard in ("environment", "both"):
        more = {"GIT_ALLOW_PROTOCOL": ENVIRONMENT["GIT_ALLOW_PROTOCOL"] or ""}
    said = subprocess.run(
        [*words, "ls-remote", f"ext::{program}"],
        cwd=ground.work,
        env={**ground.environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode != 0
    assert ran.exists() == (guard == "none"), said.stderr
    assert ("not allowed" in said.stderr) == (guard != "none")


def test_nothing_of_it_runs(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    ran = arm(ground, tmp_path / "ran")
    armed = provoke(ground, ran)
    assert {"fsmonitor", "external-diff", "clean", "gpg", "ext", "uploadpack"} <= armed
    (ground.work / "b.bin").write_text("new\n")

    async def look() -> PushPlan:
        repository, found = await all_strays(ground.look, str(ground.work))
        stray = next(s for s in found if s.branch == BRANCH)
        window = Window(ground.look, ground.environment, lambda _path: True)
        return await make_plan(window, repository, stray)

    before = sorted(p for p in ground.work.rglob("*") if p.name != "index.lock")
    plan = asyncio.run(look())
    assert [path.name for path in ran.iterdir()] == []
    assert sorted(ground.work.rglob("*")) == before
    assert plan.refusal == ""
    assert plan.uncommitted == 2
    assert [c.subject for c in plan.commits] == ["a"]
    whats = [p.what for p in plan.programs]
    assert whats == [
        "hook pre-push",
        "hook reference-transaction",
        "receiving program",
        "receiving repository",
        "missing objects",
    ]
    assert len(plan.grave(hooks=True)) == len(plan.programs)
