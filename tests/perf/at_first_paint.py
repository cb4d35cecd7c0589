"""Runs codex-tui and tells what it had loaded and mounted when it first painted a row.

Run as `python -m tests.perf.at_first_paint FILE [arguments of codex-tui]`: before the
bytes of the first thread's row are written, the names of all modules, the number of
widgets and the number of renderings so far go to FILE as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from textual._compositor import Compositor

from tui.cli import main
from tui.terminal import Terminal


def install(path: Path) -> None:
    """From now on, the first row is reported."""
    write, render = Terminal.write, Compositor.render_update
    rendered = 0

    def counting(self: Compositor, *args: object, **options: object) -> object:
        nonlocal rendered
        update = render(self, *args, **options)  # type: ignore[arg-type]
        rendered += update is not None
        return update

    def reporting(self: Terminal, data: str) -> None:
        if "task-" in data and not path.exists():
            widgets = [type(w).__name__ for w in self._app.screen.walk_children()]
            facts = {"modules": sorted(sys.modules), "widgets": widgets}
            path.write_text(json.dumps({**facts, "rendered": rendered}))
        write(self, data)

    Terminal.write = reporting  # type: ignore[method-assign]
    Compositor.render_update = counting  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    install(Path(sys.argv.pop(1)))
    sys.exit(main())
