"""Where a bench leaves its samples, and what it says of the machine."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[2]
OUT = REPO / "bench"


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that `share` (0 to 1) of all do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _git(*words: str) -> str:
    command = ("git", "-C", str(REPO), *words)
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def record(name: str, facts: Mapping[str, Any]) -> Path:
    """Write a run to `bench/NAME-TIME.json`, with commit and machine."""
    now = time.gmtime()
    run = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", now),
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain")),
        "machine": {
            "system": platform.platform(),
            "processors": os.cpu_count(),
            "load": os.getloadavg(),
            "python": platform.python_version(),
        },
        **facts,
    }
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{name}-{time.strftime('%Y%m%d-%H%M%S', now)}.json"
    path.write_text(json.dumps(run, indent=1) + "\n")
    return path
