"""Windows that answer everything at once, until somebody kills them.

Run as `python -m tests.engine.deciders`: imports once, then forks a window for each
`Life` it is told as a line of JSON, and says its pid. The window plays with the fake
engine of the folder, whose log is what the test believes, or with a real one that is
shared, where the test believes the files that its commands made. A hasty build sends
first and commits afterwards; a cut one dies between the two.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple

from state.commands import Decide
from state.db.history import load_world
from state.db.lease import Lease
from state.db.writer import StoreWriter
from state.engine.locate import EngineBinary
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import (
    ConnectOptions,
    PrivateTarget,
    SharedTarget,
    Target,
)
from state.events import ReviewAsked, ReviewDecided
from state.model import World
from state.store import Store
from tui.bridge import Bridge, Keeper, now_ms


class Life(NamedTuple):
    """One window: where its store is, which engine it talks to. `env`: a real engine's;
    without it the folder's fake one is private to the window."""

    build: str
    folder: str
    store: str
    codex: str = ""
    codex_home: str = ""
    env: dict[str, str] | None = None

    @property
    def line(self) -> str:
        """As it is told."""
        return json.dumps(self) + "\n"


def target(life: Life, home: Path) -> Target:
    """The engine it talks to."""
    if life.env is not None:
        binary = EngineBinary(Path(life.codex), "", "flag")
        return SharedTarget(lambda: binary, home)
    fake = EngineBinary(Path(life.folder) / "codex", "0.163.9", "flag")
    return PrivateTarget(lambda: fake, home)


async def window(life: Life) -> None:
    """Know what the store knows, connect, and say yes to whatever is asked."""
    folder, path = Path(life.folder), Path(life.store)
    home = Path(life.codex_home) if life.codex_home else folder / "home"
    threads = load_world(path)
    store = Store(World(threads=threads))
    writer = await StoreWriter.open(
        path, str(home), on_event=store.offer, now_ms=now_ms
    )
    writer.adopt(threads)
    env = life.env or {**os.environ, "FAKE_ENGINE_LOG": str(folder / "log")}
    connecting = ConnectOptions(state_dir=folder, client_version="0", env=env)
    session = EngineSession(target(life, home), SessionOptions(connect=connecting))
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


def make_cut() -> None:
    """Killed when a third decision is on disk and has not left."""
    commit = Bridge._commit
    made: list[Any] = []

    async def and_die(bridge: Bridge, event: Any) -> bool:
        done = await commit(bridge, event)
        made.append(event)
        if len(made) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    setattr(Bridge, "_commit", and_die)  # noqa: B010


def main() -> None:
    """Fork as told."""
    for line in sys.stdin:
        life = Life(*json.loads(line))
        pid = os.fork()
        if pid == 0:
            if life.build == "hasty":
                make_hasty()
            elif life.build == "cut":
                make_cut()
            asyncio.run(window(life))
            os._exit(1)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
