"""Windows that answer everything at once, until somebody kills them.

Run as `python -m tests.engine.deciders`: imports once, then forks a window for each
line it is told, `BUILD FOLDER STORE`, and says its pid. The window plays with the fake
engine of the folder, whose log is what the test believes. A hasty build sends first and
commits afterwards.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from state.commands import Decide
from state.db.lease import Lease
from state.db.writer import StoreWriter
from state.engine.locate import EngineBinary
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import ConnectOptions, PrivateTarget
from state.events import ReviewAsked, ReviewDecided
from state.store import Store
from tui.bridge import Bridge, Keeper, now_ms


async def window(folder: Path, path: Path) -> None:
    """Connect, and say yes to whatever is asked."""
    store = Store()
    home = folder / "home"
    writer = await StoreWriter.open(
        path, str(home), on_event=store.offer, now_ms=now_ms
    )
    env = {**os.environ, "FAKE_ENGINE_LOG": str(folder / "log")}
    binary = EngineBinary(folder / "codex", "0.163.9", "flag")
    connecting = ConnectOptions(state_dir=folder, client_version="0", env=env)
    session = EngineSession(
        PrivateTarget(lambda: binary, home), SessionOptions(connect=connecting)
    )
    keeper = Keeper(writer, Lease(folder / "lease"))
    bridge = Bridge(store, session, keeper=keeper, path=path)

    def answer(step: object) -> None:
        for event in getattr(step, "events", ()):
            if isinstance(event, ReviewAsked):
                bridge.act(Decide(event.review, event.review.decisions[0]))

    store.subscribe(answer)
    bridge.start()
    await asyncio.Event().wait()


def make_hasty() -> None:
    """What must be found: an answer leaves before it is on disk."""
    commit = Bridge._commit

    async def at_once(bridge: Bridge, event: Any) -> bool:
        if isinstance(event, ReviewDecided):
            bridge._spawn(later(bridge, event))
            return True
        return await commit(bridge, event)

    async def later(bridge: Bridge, event: Any) -> None:
        await asyncio.sleep(0.02)
        await commit(bridge, event)

    setattr(Bridge, "_commit", at_once)  # noqa: B010


def main() -> None:
    """Fork as told."""
    for line in sys.stdin:
        build, folder, path = line.split()
        pid = os.fork()
        if pid == 0:
            if build == "hasty":
                make_hasty()
            asyncio.run(window(Path(folder), Path(path)))
            os._exit(1)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
