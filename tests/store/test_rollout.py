"""Rollout files: read from the end, checked against what the engine itself reads."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.engine.wire.threads import decode_turn
from state.items import AgentMessage, Item, UserMessage
from state.model import Sandbox, SandboxMode, Turn, TurnStatus
from state.rollout import lines as rollout_lines
from state.rollout import read_tail, scan_sessions, stored_settings
from state.rollout.lines import line_numbers, lines_backwards
from state.rollout.settings import settings_of

FIXTURES = Path(__file__).parent / "fixtures"
VERSIONS = ("0.163.0", "0.169.0")


def bare(turn: Turn) -> Turn:
    """Without what only the file knows: the settings, and times of items in 0.163."""
    items = {
        key: replace(item, started_ms=None, completed_ms=None)
        for key, item in turn.items.items()
    }
    return replace(turn, items=items, settings=None)


def bytes_read() -> int:
    """What this process read so far, as the kernel counts it."""
    counts = Path("/proc/self/io")
    if not counts.exists():
        return 0
    return int(counts.read_text().split()[1])


def write(path: Path, *lines: dict[str, Any] | bytes, end: bytes = b"\n") -> Path:
    raw = [x if isinstance(x, bytes) else json.dumps(x).encode() for x in lines]
    path.write_bytes(b"\n".join(raw) + end)
    return path


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "event_msg", "payload": {"type": kind, **fields}}


def turn_lines(name: str, words: str = "hello") -> list[dict[str, Any]]:
    user = {
        "type": "UserMessage",
        "id": f"m-{name}",
        "content": [{"type": "text", "text": words}],
    }
    return [
        event("task_started", turn_id=name, started_at=1),
        {"type": "response_item", "payload": {"type": "message"}},
        event("item_completed", turn_id=name, item=user, thread_id="t"),
        event("task_complete", turn_id=name, completed_at=2, duration_ms=1000),
    ]


META = {"type": "session_meta", "payload": {"id": "t", "cwd": "/home/dev"}}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_file_says_what_the_engine_says(version: str) -> None:
    answer = json.loads((FIXTURES / f"thread-read-{version}.json").read_text())
    told = [decode_turn(turn) for turn in answer["thread"]["turns"]]
    tail = read_tail(FIXTURES / f"rollout-{version}.jsonl")
    assert [bare(t) for t in tail.turns] == [bare(t) for t in told]
    assert [list(t.items) for t in tail.turns] == [list(t.items) for t in told]
    assert [t.status for t in tail.turns] == ["completed", "failed", "interrupted"]
    assert tail.complete
    assert tail.problems == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_file_s_facts_and_modes(version: str) -> None:
    path = FIXTURES / f"rollout-{version}.jsonl"
    tail = read_tail(path)
    facts = dict(tail.facts)
    assert facts["cwd"] == "/home/dev/parsecache"
    assert facts["preview"] == "please work"
    assert facts["tokens"].total == 5040
    last = tail.turns[-1].settings
    assert last is not None
    assert last.sandbox is not None
    assert last.sandbox.mode is SandboxMode.WORKSPACE_WRITE
    # The mode was changed after the last turn: that is what would wake up.
    stored = stored_settings(path)
    assert stored is not None
    assert stored == tail.settings
    assert stored.approval_policy == "never"
    assert stored.sandbox == Sandbox(SandboxMode.FULL_ACCESS, network=True)


def test_only_the_turns_asked_for_are_read(tmp_path: Path) -> None:
    lines = [line for n in range(20) for line in turn_lines(f"u{n:02}")]
    path = write(tmp_path / "r", META, *lines)
    tail = read_tail(path, turns=3)
    assert [t.id for t in tail.turns] == ["u17", "u18", "u19"]
    assert not tail.complete
    assert read_tail(path, turns=99).complete
    assert len(read_tail(path, turns=99).turns) == 20


def test_the_front_of_a_huge_file_is_never_read(tmp_path: Path) -> None:
    path = write(tmp_path / "r", META)
    with path.open("ab") as file:
        file.truncate(3 * 1024**3)  # a hole: reading it would take 3 GB of zeros
        file.seek(0, os.SEEK_END)
        file.write(b"\n")
        for line in turn_lines("u1") + turn_lines("u2"):
            file.write(json.dumps(line).encode() + b"\n")
    before = bytes_read()
    tail = read_tail(path, turns=2)
    assert bytes_read() - before < 2_000_000
    assert [t.id for t in tail.turns] == ["u1", "u2"]
    assert not tail.complete


def test_broken_and_unknown_lines_are_named_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    path = write(
        tmp_path / "r",
        META,
        *turn_lines("u1"),
        b"\xff\xfe not json",
        {"type": "hologram", "payload": {}},
        event("task_dreamt"),
        event("item_completed", turn_id="u1"),
        {"type": "event_msg", "payload": 7},
        *turn_lines("u2"),
        b'{"type": "event_msg", "payl',
        end=b"",
    )
    tail = read_tail(path)
    assert [t.id for t in tail.turns] == ["u1", "u2"]
    named = {p.line: p.what for p in tail.problems}
    assert sorted(named) == [6, 7, 8, 9, 10, 15]
    assert "broken" in named[6]
    assert "'hologram'" in named[7]
    assert "'task_dreamt'" in named[8]
    assert "event_msg of an unknown shape" in named[9]


def test_a_line_longer_than_the_limit_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout_lines, "MAX_LINE", 5_000)
    monkeypatch.setattr(rollout_lines, "BLOCK", 512)
    long = {"type": "response_item", "payload": {"type": "x", "text": "y" * 9_000}}
    path = write(tmp_path / "r", META, *turn_lines("u1"), long, *turn_lines("u2"))
    tail = read_tail(path)
    assert [t.id for t in tail.turns] == ["u1", "u2"]
    assert [p.line for p in tail.problems] == [6]


@given(
    st.lists(st.binary(max_size=30).filter(lambda b: b"\n" not in b), max_size=12),
    st.booleans(),
    st.integers(1, 9),
)
def test_lines_backwards_are_the_lines(
    lines: list[bytes], ended: bool, block: int
) -> None:
    raw = b"\n".join(lines) + (b"\n" if ended else b"")
    old, rollout_lines.BLOCK = rollout_lines.BLOCK, block
    try:
        found = list(lines_backwards(io.BytesIO(raw), len(raw)))
        numbers = line_numbers(io.BytesIO(raw), {line.offset for line in found})
    finally:
        rollout_lines.BLOCK = old
    numbered = [
        (at, line.strip())
        for at, line in enumerate(raw.split(b"\n"), 1)
        if line.strip()
    ]
    assert [(numbers[x.offset], x.data) for x in reversed(found)] == numbered


def test_rolled_back_turns_are_gone(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r",
        META,
        *turn_lines("u1"),
        *turn_lines("u2"),
        *turn_lines("u3"),
        event("thread_rolled_back", num_turns=2),
        *turn_lines("u4"),
    )
    assert [t.id for t in read_tail(path).turns] == ["u1", "u4"]
    assert [t.id for t in read_tail(path, turns=2).turns] == ["u1", "u4"]


def test_a_turn_without_an_end_is_unknown_only_while_it_is_the_last(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "r", META, *turn_lines("u1")[:3], *turn_lines("u2")[:3])
    states = [t.status for t in read_tail(path).turns]
    assert states == [TurnStatus.INTERRUPTED, TurnStatus.UNKNOWN]


def _said(items: list[Item]) -> list[str]:
    return [
        str(i.body.text)
        for i in items
        if isinstance(i.body, UserMessage | AgentMessage)
    ]


def test_files_of_older_engines_are_read_by_their_events(tmp_path: Path) -> None:
    marked = write(
        tmp_path / "marked",
        META,
        event("task_started", turn_id="u1"),
        event("user_message", message="hi"),
        event("agent_message", message="there"),
        event("task_complete", turn_id="u1"),
    )
    (turn,) = read_tail(marked).turns
    assert (turn.id, turn.status) == ("u1", TurnStatus.COMPLETED)
    assert _said([*turn.items.values()]) == ["hi", "there"]
    unmarked = write(
        tmp_path / "unmarked",
        META,
        event("user_message", message="one"),
        event("agent_message", message="1"),
        event("user_message", message="two"),
        event("agent_message", message="2"),
    )
    turns = read_tail(unmarked).turns
    assert [_said([*t.items.values()]) for t in turns] == [["one", "1"], ["two", "2"]]


def test_an_empty_file_is_a_problem_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.touch()
    tail = read_tail(path)
    assert (tail.turns, [p.what for p in tail.problems]) == ((), ["the file is empty"])
    assert stored_settings(path) is None
    with pytest.raises(FileNotFoundError):
        read_tail(tmp_path / "none")


def _entry(access: str, kind: str = "", path: str = "") -> dict[str, Any]:
    if path:
        return {"access": access, "path": {"type": "path", "path": path}}
    return {"access": access, "path": {"type": "special", "value": {"kind": kind}}}


def _managed(*entries: dict[str, Any]) -> dict[str, Any]:
    files = {"type": "restricted", "entries": list(entries)}
    return {"type": "managed", "file_system": files, "network": "restricted"}


PROFILES = [
    ({"type": "disabled"}, Sandbox(SandboxMode.FULL_ACCESS, network=True)),
    (
        {"type": "external", "network": "enabled"},
        Sandbox(SandboxMode.EXTERNAL, network=True),
    ),
    (_managed(_entry("read", "root")), Sandbox(SandboxMode.READ_ONLY)),
    (_managed(_entry("write", "root")), Sandbox(SandboxMode.FULL_ACCESS)),
    (
        _managed(
            _entry("write", "tmpdir"),
            _entry("write", path="/home/dev"),
            _entry("write", path="/srv"),
            _entry("read", path="/home/dev/.git"),
        ),
        Sandbox(
            SandboxMode.WORKSPACE_WRITE,
            writable_roots=("/srv",),
            exclude_slash_tmp=True,
        ),
    ),
    (
        {"type": "managed", "file_system": {"type": "unrestricted"}},
        Sandbox(SandboxMode.FULL_ACCESS),
    ),
]


@pytest.mark.parametrize(("profile", "sandbox"), PROFILES)
def test_a_compiled_profile_is_told_as_a_mode(
    profile: dict[str, Any], sandbox: Sandbox
) -> None:
    raw = {"cwd": "/home/dev", "permission_profile": profile}
    assert settings_of(raw).sandbox == sandbox


def test_granular_switches_are_kept() -> None:
    policy = {"granular": {"rules": True, "sandbox_approval": False}}
    settings = settings_of({"approval_policy": policy})
    assert settings.approval_policy == "granular"
    assert settings.granular == (("rules", True), ("sandbox_approval", False))


def test_sessions_that_are_not_known_are_listed_newest_first(tmp_path: Path) -> None:
    def place(folder: str, number: int, line: dict[str, Any] | bytes) -> str:
        thread = f"0192aaaa-0000-7000-8000-00000000000{number}"
        path = tmp_path / folder / f"rollout-2026-01-0{number}T00-00-00-{thread}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, line)
        return thread

    one = place("sessions/2026/01/01", 1, META)
    two = place("sessions/2026/01/02", 2, b"{torn")
    three = place("archived_sessions", 3, META)
    known = place("sessions/2026/01/04", 4, META)
    (tmp_path / "sessions" / "notes.jsonl").touch()
    found = list(scan_sessions(tmp_path, {known}))
    assert [f.thread_id for f in found] == [two, one, three]
    assert [f.archived for f in found] == [False, False, True]
    assert found[0].problem is not None
    assert dict(found[1].facts)["cwd"] == "/home/dev"
    assert list(scan_sessions(tmp_path / "nowhere")) == []
