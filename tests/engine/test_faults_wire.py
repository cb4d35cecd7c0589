"""Odd bytes on the wire, over pipes and over a socket: the session goes on.

What a test waits for comes behind the fault on the same connection.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from state.engine.locate import EngineBinary
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import (
    ConnectOptions,
    PrivateTarget,
    RemoteTarget,
    Target,
)
from state.events import EngineChanged, ReviewAsked, ReviewResolved, ThreadRenamed
from state.model import EnginePhase
from tests.engine.fake_engine import fake_binary, short_folder
from tests.engine.session_bench import LIMIT, Watch
from tests.engine.test_session_faults import ASK, script

LAST = {
    "method": "thread/name/updated",
    "params": {"threadId": "t", "threadName": "last"},
}
GONE = {
    "method": "serverRequest/resolved",
    "params": {"threadId": "t", "requestId": 0},
}
PARAMS: Any = ASK["params"]
BROKEN = json.dumps(
    {**ASK, "id": 7, "params": {**PARAMS, "command": "ls \ud800 \udfff"}}
)
ODD_IDS: tuple[Any, ...] = (None, 1.5, [], "text")
FAULTS: dict[str, list[dict[str, Any]]] = {
    "twenty mebibytes": [{"big": 20 * 2**20}],
    "cut anywhere": [{"split": ASK, "size": 1}],
    "lone surrogates": [{"raw": BROKEN + "\n"}],
    "no json": [{"raw": "}{\nnull\n[1]\n\n"}, {"raw": "[" * 50_000 + "\n"}],
    "unknown": [{"send": {"method": "a/b", "params": {"x": 1}, "y": 2}}],
    "odd ids": [{"send": {**ASK, "id": odd}} for odd in ODD_IDS],
    "resolved before asked": [{"send": GONE}, {"send": ASK}, {"send": GONE}],
    "replies to nobody": [{"send": {"id": i, "result": {}}} for i in (0, 99, "x")],
    "stderr": [{"stderr": 20_000}],
    "a burst": [{"flood": 20_000, "message": GONE}],
}
REVIEWS = {"cut anywhere": 1, "lone surrogates": 1, "odd ids": 1}


async def watch_until_last(target: Target, env: dict[str, str], home: Path) -> Watch:
    connecting = ConnectOptions(state_dir=home, client_version="0", env=env)
    session = EngineSession(
        target, SessionOptions(connect=connecting, backoff=lambda _attempt: 3600.0)
    )
    watch = Watch(session)
    run = asyncio.create_task(session.run(watch.inlet))
    try:
        await watch.until(ThreadRenamed, lambda e: e.name == "last")
    finally:
        await session.close()
        await asyncio.wait_for(run, LIMIT)
    return watch


def listens(path: Path) -> bool:
    """Whether somebody takes connections there: the file is there before that."""
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(path)) == 0


@pytest.mark.parametrize("over", ["pipes", "socket"])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_session_outlives_it(fault: str, over: str) -> None:
    wire = script()
    if over == "socket" and fault == "cut anywhere":
        pytest.skip("a WebSocket message is never cut")
    wire["on"]["account/read"] += [*FAULTS[fault], {"send": LAST}]
    with short_folder() as folder:
        binary = fake_binary(folder, wire)
        env = dict(os.environ)
        home = folder / "home"
        if over == "pipes":
            found = EngineBinary(binary, "0.163.9", "flag")
            watch = asyncio.run(
                watch_until_last(PrivateTarget(lambda: found, home), env, folder)
            )
        else:
            path = folder / "s"
            serving = subprocess.Popen(
                (binary, "app-server", "--listen", f"unix://{path}"),
                stderr=subprocess.DEVNULL,
            )
            try:
                waiting = threading.Event()
                while not listens(path):
                    waiting.wait(0.02)
                target = RemoteTarget(f"unix://{path}")
                watch = asyncio.run(watch_until_last(target, env, folder))
            finally:
                serving.kill()
                serving.wait()
    phases = [event.engine.phase for event in watch.of(EngineChanged)]
    assert EnginePhase.LOST not in phases
    open_reviews = len(watch.of(ReviewAsked)) - bool(fault == "resolved before asked")
    assert open_reviews == REVIEWS.get(fault, 0)
    if fault == "resolved before asked":
        assert isinstance(
            [e for e in watch.events if isinstance(e, ReviewAsked | ReviewResolved)][
                -1
            ],
            ReviewResolved,
        )
