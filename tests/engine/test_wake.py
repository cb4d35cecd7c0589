"""What a sleeping thread last ran under, read from its file; oracle: written files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.engine.wake import (
    is_trusted,
    laxer_words,
    project_root,
    readable_settings,
)
from state.model import Sandbox, SandboxMode, Settings
from state.rollout import lines

FULL = Sandbox(SandboxMode.FULL_ACCESS, network=True)
WRITE = Sandbox(SandboxMode.WORKSPACE_WRITE)
READ = Sandbox(SandboxMode.READ_ONLY)


def line(kind: str, payload: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "payload": payload}).encode() + b"\n"


def context(mode: str, policy: str = "on-request") -> bytes:
    sandbox = {"type": mode, "network_access": False}
    return line("turn_context", {"approval_policy": policy, "sandbox_policy": sandbox})


def rollout(folder: Path, *lines: bytes) -> Path:
    path = folder / "rollout.jsonl"
    path.write_bytes(b"".join(lines))
    return path


def mode_of(path: Path) -> SandboxMode | None:
    readable, settings = readable_settings(path)
    assert readable
    return settings.sandbox.mode if settings and settings.sandbox else None


def test_the_last_word_counts(tmp_path: Path) -> None:
    path = rollout(tmp_path, context("read-only"), context("danger-full-access"))
    assert mode_of(path) is SandboxMode.FULL_ACCESS
    change = {"type": "thread_settings_applied", "thread_settings": {}}
    change["thread_settings"] = {
        "approval_policy": "never",
        "sandbox_policy": {"type": "read-only"},
    }
    path = rollout(tmp_path, context("danger-full-access"), line("event_msg", change))
    assert mode_of(path) is SandboxMode.READ_ONLY


def test_words_that_only_look_like_settings_do_not_count(tmp_path: Path) -> None:
    quoted = line("response_item", {"text": 'see "turn_context" and more'})
    path = rollout(tmp_path, context("workspace-write"), quoted, b"not json\n")
    assert mode_of(path) is SandboxMode.WORKSPACE_WRITE


def test_a_torn_last_line_is_passed_over(tmp_path: Path) -> None:
    torn = context("danger-full-access")[:-20]
    path = rollout(tmp_path, context("read-only"), torn)
    assert mode_of(path) is SandboxMode.READ_ONLY


@given(
    before=st.lists(st.integers(0, 400), max_size=6),
    after=st.lists(st.integers(0, 400), max_size=6),
    block=st.integers(16, 300),
)
def test_lines_are_found_however_blocks_cut_them(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[int],
    after: list[int],
    block: int,
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    fill = [line("x", {"t": "a" * size}) for size in before]
    rest = [line("x", {"t": "b" * size}) for size in after]
    path = rollout(folder, *fill, context("workspace-write"), *rest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        assert mode_of(path) is SandboxMode.WORKSPACE_WRITE


def test_no_turn_and_no_file_are_two_things(tmp_path: Path) -> None:
    assert readable_settings(rollout(tmp_path, line("session_meta", {}))) == (
        True,
        None,
    )
    assert readable_settings(tmp_path / "gone") == (False, None)


def test_a_profile_without_a_projection(tmp_path: Path) -> None:
    entry = {"path": {"type": "path", "path": "/w"}, "access": "write"}
    files = {"type": "restricted", "entries": [entry]}
    profile = {"type": "managed", "file_system": files, "network": "restricted"}
    raw = {"approval_policy": "on-request", "permission_profile": profile}
    assert mode_of(rollout(tmp_path, line("turn_context", raw))) is (
        SandboxMode.WORKSPACE_WRITE
    )


@pytest.mark.parametrize(
    ("stored", "today", "laxer"),
    [
        (Settings(sandbox=READ), Settings(sandbox=WRITE), False),
        (Settings(sandbox=WRITE), Settings(sandbox=WRITE), False),
        (Settings(sandbox=WRITE), Settings(sandbox=READ), True),
        (Settings(sandbox=FULL), Settings(sandbox=WRITE), True),
        (Settings(sandbox=FULL), Settings(sandbox=None), True),
        (Settings(sandbox=FULL), None, True),
        (
            Settings(sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE, network=True)),
            Settings(sandbox=WRITE),
            True,
        ),
        (
            Settings(
                sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE, writable_roots=("/x",))
            ),
            Settings(sandbox=WRITE),
            True,
        ),
        (
            Settings(approval_policy="never"),
            Settings(approval_policy="on-request"),
            True,
        ),
        (
            Settings(approval_policy="untrusted"),
            Settings(approval_policy="on-request"),
            False,
        ),
        (None, Settings(sandbox=READ), False),
    ],
)
def test_what_is_laxer(
    stored: Settings | None, today: Settings | None, *, laxer: bool
) -> None:
    assert bool(laxer_words(stored, today)) is laxer


def test_trust_is_the_repositorys(tmp_path: Path) -> None:
    main, inner = tmp_path / "main", tmp_path / "main" / "a" / "b"
    (main / ".git" / "worktrees" / "w").mkdir(parents=True)
    inner.mkdir(parents=True)
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {main}/.git/worktrees/w\n")
    assert project_root(str(inner)) == str(main)
    assert project_root(str(linked)) == str(main)
    config = {"projects": {str(main): {"trust_level": "trusted"}}}
    assert is_trusted(config, str(inner))
    assert is_trusted(config, str(linked))
    assert not is_trusted(config, str(tmp_path))
    config["projects"][str(main)]["trust_level"] = "untrusted"
    assert not is_trusted(config, str(inner))
