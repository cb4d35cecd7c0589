"""A process that commits and tells so through a pipe, until it is killed.

Run as `python -m tests.store.victim STORE ROUND`. A line on stdout is written only
after the commit returned: the pipe, not the store, is what the test believes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from state import events as e
from state.model import World
from tests.store.helpers import T1, decided, noted, publish, review, seen, writing


async def main(path: Path, name: str) -> None:
    async with writing(path) as writer:
        world = publish(writer, World(), seen(T1))
        at = 0
        while True:
            at += 1
            request = f"{name}-{at}"
            world = publish(writer, world, e.ReviewAsked(T1, review(request)))
            await writer.flush()
            await writer.commit_now(decided(request, at))
            os.write(1, f"decision {request}\n".encode())
            await writer.commit_now(noted(request, f"words of {request}"))
            os.write(1, f"send {request}\n".encode())
            writer.draft(f"key-{name}", f"draft {at}")
            await writer.flush()
            os.write(1, f"draft {at}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
