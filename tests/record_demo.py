"""Record the demo anew: `python -m tests.record_demo [CODEX]` (`make recording`).

Plays the first thread's story (not the threads beside it) without pauses on the real
engine and writes `tests/recordings/demo.jsonl`, on which the pictures are built. Owns
what makes two recordings alike: paths, the root's thread id and the time of day are
those of the first recording, so that only what happened differs. Invariant: nothing of
this machine is in the file.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.recordings import FOLDER
from tests.screens.stage import CWD, DEMO
from tui.demo.expect import Checklist
from tui.demo.headless import Player
from tui.demo.run import DemoOptions, DemoWorld, demo_world
from tui.demo.scenario import FIRST as SCENARIO

ENDED = 1_795_245_687.0
"""When the first recording ended, in seconds since the epoch; `stage.NOW` is 3 s later,
however long this one took."""
_DAY = 86_400.0


def main() -> int:
    """Write the file; 1 when a fact of the demo was not seen."""
    codex = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "demo.jsonl")
        missing, paths = asyncio.run(_play(raw, codex))
        if missing:
            print("NOT SEEN: " + ", ".join(missing), file=sys.stderr)
            return 1
        text = raw.read_text("utf-8")
    target = FOLDER / "demo.jsonl"
    target.write_text(alike(text, paths), encoding="utf-8")
    print(f"{target}: {target.stat().st_size // 1024} kB")
    return 0


async def _play(raw: Path, codex: str | None) -> tuple[list[str], dict[str, str]]:
    checklist = Checklist(SCENARIO.expectations, "accept")
    player = Player(checklist, "accept", lambda _line: None)
    options = DemoOptions(
        codex_bin=codex,
        record=raw,
        speed=0,
        on_message=player.heard,
        scenario=SCENARIO,
    )
    async with demo_world(options) as world:
        await player.run(world)
        paths = _paths(world)
    return [fact.name for fact in checklist.missing], paths


def _paths(world: DemoWorld) -> dict[str, str]:
    """What stands on this machine, and what is written instead; longest first."""
    home = world.home
    beside = str(Path(CWD).parent)
    paths = {
        str(home.workspace): CWD,
        str(home.outside): f"{beside}/{home.outside.name}",
        str(home.codex_home): "/home/dev/.codex",
        str(home.tui_home): "/home/dev/.local/state/codex-tui",
        str(home.root / "home"): "/home/dev",
        str(home.root / "tmp"): "/tmp",
        str(home.root): beside,
        str(Path(sys.prefix)): "/usr",
        str(Path(sys.base_prefix)): "/usr",
        str(world.binary.path.parent): "/usr/bin",
    }
    return dict(sorted(paths.items(), key=lambda pair: -len(pair[0])))


def alike(text: str, paths: Mapping[str, str]) -> str:
    """The recording with the first one's paths, root thread and time of day."""
    for ours, theirs in paths.items():
        if ours != theirs:
            text = text.replace(ours, theirs)
    lines = [json.loads(line) for line in text.splitlines()]
    ended = float(lines[-1]["t"])
    root = next(
        line["msg"]["result"]["thread"]["id"]
        for line in lines
        if "thread" in (line["msg"].get("result") or {})
    )
    moved = [json.dumps(_moved(line, ended), separators=(",", ":")) for line in lines]
    return re.sub(re.escape(root), DEMO, "\n".join(moved) + "\n")


def _moved(value: Any, ended: float) -> Any:
    """All times of that day, in seconds or milliseconds, moved along with the end."""
    match value:
        case dict():
            return {key: _moved(item, ended) for key, item in value.items()}
        case list():
            return [_moved(item, ended) for item in value]
        case bool():
            return value
        case int() | float():
            for unit in (1, 1000):
                if abs(value - ended * unit) < _DAY * unit:
                    shift = (ENDED - ended) * unit
                    return round(value + shift, 3 if isinstance(value, float) else None)
            return value
        case _:
            return value


if __name__ == "__main__":
    sys.exit(main())
