"""Fleets to measure with: a CODEX_HOME and a store that hold many threads.

Owns their making. Titles are alike for all programs, `task-00042 …`, so that one
needle finds a painted row of any of them. The CODEX_HOME is made of rollout files,
as the engine writes them; the engine itself reads them in (`index`).
"""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NEEDLE = re.compile(rb"task-\d{5}")
VERBS = ("fix the parser", "port to arm64", "review the auth code", "write the docs")
BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

CONFIG = """\
model = "gpt-6.1-sol"
model_provider = "bench"
check_for_update_on_startup = false
[analytics]
enabled = false
[features]
plugins = false
apps = false
[model_providers.bench]
name = "Bench"
base_url = "http://127.0.0.1:9/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
[projects.{workspace}]
trust_level = "trusted"
"""


def title(number: int) -> str:
    """The first user message, which is also the shown title."""
    return f"task-{number:05d} {VERBS[number % len(VERBS)]}"


def thread_id(number: int) -> str:
    """A UUIDv7 in the order of the numbers."""
    at_ms = int(at(number).timestamp() * 1000)
    return str(uuid.UUID(int=(at_ms << 80) | (0x7 << 76) | (0x2 << 62) | number))


def at(number: int) -> datetime:
    """When the thread began and was last used."""
    return BEGIN + timedelta(minutes=17 * number)


def make_codex_home(home: Path, workspace: Path, count: int) -> None:
    """A CODEX_HOME with one short rollout for each thread."""
    home.mkdir(parents=True, exist_ok=True)
    config = CONFIG.format(workspace=json.dumps(str(workspace)))
    (home / "config.toml").write_text(config)
    for number in range(count):
        began = at(number)
        folder = home / "sessions" / f"{began:%Y}" / f"{began:%m}" / f"{began:%d}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"rollout-{began:%Y-%m-%dT%H-%M-%S}-{thread_id(number)}.jsonl"
        lines = (json.dumps(line) for line in _rollout(number, workspace))
        (folder / name).write_text("\n".join(lines) + "\n")


def _rollout(number: int, workspace: Path) -> Iterator[dict[str, Any]]:
    stamp = at(number).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    own = thread_id(number)
    said = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": title(number)}],
    }
    payloads: tuple[tuple[str, dict[str, Any]], ...] = (
        (
            "session_meta",
            {
                "id": own,
                "session_id": own,
                "timestamp": stamp,
                "cwd": str(workspace),
                "originator": "codex-tui",
                "cli_version": "0.169.0",
                "source": "cli",
                "model_provider": "bench",
            },
        ),
        ("response_item", said),
        ("event_msg", {"type": "user_message", "message": title(number)}),
    )
    for ordinal, (kind, payload) in enumerate(payloads):
        yield {"timestamp": stamp, "ordinal": ordinal, "type": kind, "payload": payload}


def index(codex: Path, env: dict[str, str], cwd: Path) -> int:
    """Let the engine read the rollouts in; how many threads it lists then."""
    process = subprocess.Popen(
        (codex, "app-server"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=env,
        cwd=cwd,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def ask(number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        message = {"id": number, "method": method, "params": params}
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if answer.get("id") == number:
                return answer
        raise RuntimeError(f"the engine ended before it answered {method}")

    try:
        info = {"name": "codex-tui", "title": "bench", "version": "0"}
        capabilities = {"experimentalApi": True}
        ask(0, "initialize", {"clientInfo": info, "capabilities": capabilities})
        listed, cursor, number = 0, None, 0
        while number == 0 or cursor:
            number += 1
            page: dict[str, Any] = {
                "limit": 1000,
                "cursor": cursor,
                "modelProviders": [],
            }
            result = ask(number, "thread/list", page)["result"]
            listed += len(result["data"])
            cursor = result.get("nextCursor")
        return listed
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()
