"""Where `codex-tui` begins: before anything of ours is looked up by name.

Owns the import path. `tui`, `widgets` and `state` are names that a user's project may
well have, and an empty entry in `PYTHONPATH` puts the working folder before everything;
so this module has a name of its own and cleans the path first. Invariant: it imports
nothing that is not loaded when Python starts.
"""

from __future__ import annotations

import os
import sys


def guard_imports() -> None:
    """Take the working folder out of the import path and put our own in front."""
    own = os.path.dirname(os.path.abspath(__file__))
    here = ""
    try:  # noqa: SIM105 - contextlib is not loaded yet
        here = os.path.realpath(os.getcwd())
    except FileNotFoundError:
        pass  # It is gone; nothing can be imported from it.
    kept = [p for p in sys.path if os.path.isabs(p) and os.path.realpath(p) != here]
    sys.path[:] = [own, *(p for p in kept if p != own)]
    for name in ("tui", "widgets", "state"):
        if not os.path.isfile(os.path.join(own, name, "__init__.py")):
            raise SystemExit(f"codex-tui: its package {name!r} is missing in {own}")


def main() -> int:
    """Run the command line; the exit code."""
    guard_imports()
    from tui.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
