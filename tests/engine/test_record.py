"""What a recording holds, what it never holds, and reading it back."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.engine.record import Recorder, read_recording, redact

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"


def test_a_recording_reads_back_as_it_was_said(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    ticks = iter([1.5, 2.5, 3.5])
    with Recorder(path, clock=lambda: next(ticks)) as recorder:
        recorder("out", {"id": 1, "method": "initialize"})
        recorder("in", {"id": 1, "result": {"text": "grün\u2028\x1b[0m"}})
        recorder("meta", {"how": "joined"})
    assert list(read_recording(path)) == [
        (1.5, "out", {"id": 1, "method": "initialize"}),
        (2.5, "in", {"id": 1, "result": {"text": "grün\u2028\x1b[0m"}}),
        (3.5, "meta", {"how": "joined"}),
    ]
    assert len(path.read_bytes().splitlines()) == 3


def test_the_file_is_private_whatever_was_there(tmp_path: Path) -> None:
    old = tmp_path / "old.jsonl"
    old.write_bytes(b"")
    old.chmod(0o644)
    before = os.umask(0)
    try:
        for path in (old, tmp_path / "new.jsonl"):
            Recorder(path).close()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"mine")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(OSError):
        Recorder(tmp_path / "link")
    assert target.read_bytes() == b"mine"


def test_no_secret_reaches_the_file(tmp_path: Path) -> None:
    secrets = ["hunter2hunter2", "sk-proj-abcdefghijklmnop", JWT, "dG9rZW4tdG9rZW4"]
    path = tmp_path / "run.jsonl"
    with Recorder(path) as recorder:
        recorder(
            "out",
            {
                "params": {
                    "apiKey": secrets[0],
                    "nested": [{"accessToken": secrets[0], "OPENAI_API_KEY": "k-1"}],
                    "command": f"curl -H 'Authorization: Bearer {secrets[3]}' x",
                    "text": f"my key {secrets[1]} and {secrets[2]}",
                    "threadId": "01a1fcc0-2047-78e2-9c32-4e0187d366a9",
                    "tokenUsage": {"totalTokens": 5},
                }
            },
        )
    written = path.read_text("utf-8")
    assert not [secret for secret in [*secrets, "k-1"] if secret in written]
    params = json.loads(written)["msg"]["params"]
    assert params["threadId"] == "01a1fcc0-2047-78e2-9c32-4e0187d366a9"
    assert params["tokenUsage"] == {"totalTokens": 5}
    assert params["command"].startswith("curl -H 'Authorization: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc \n", max_size=8),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("xyz", max_size=3), inner),
)


@given(JSON)
def test_what_holds_no_secret_stays_as_it_is(value: object) -> None:
    assert redact(value) == value


def test_other_recordings_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    lines = [
        '{"dir":"in","conn":"main","msg":{"method":"a"},"t":1}',
        '{"t": 2, "c": "B", "dir": "out", "m": {"id": 0, "result": {}}}',
        '{"t": 3, "c": "B", "dir": "in", "m": {"TRUNCATED": "{\\"meth"}}',
        '{"TRUNCATED": "{\\"t\\": 4"}',
        '{"dir":"meta","conn":"B","msg":{"event":"spawn"},"t":5}',
        "not json",
        "[1]",
        '{"t": 6, "c": "B", "dir": "in", "m": {"me',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert list(read_recording(path)) == [
        (1.0, "meta", {"conn": "main"}),
        (1.0, "in", {"method": "a"}),
        (2.0, "meta", {"conn": "B"}),
        (2.0, "out", {"id": 0, "result": {}}),
        (3.0, "meta", {"TRUNCATED": '{"meth'}),
        (3.0, "meta", {"TRUNCATED": '{"t": 4'}),
        (5.0, "meta", {"event": "spawn"}),
    ]
