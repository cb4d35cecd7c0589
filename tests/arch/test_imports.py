"""Who may import whom, and why.

Each rule is one test; its docstring is the reason.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable

from tests.arch.source import (
    REPO,
    START,
    Import,
    Module,
    imports,
    modules,
    product,
    under,
)

OUTER_RING = (
    "state.engine",
    "state.db",
    "state.rollout",
    "state.config",
    "state.git",
    "state.home",
)
"""The parts of `state` that may do I/O. Everything else there is the inner ring."""

NOT_PURE = (
    *("asyncio", "concurrent", "multiprocessing", "threading", "selectors"),
    *("time", "sched", "signal", "subprocess", "socket", "ssl", "sqlite3"),
    *("os", "io", "pathlib", "shutil", "tempfile", "random", "secrets"),
)
"""What the inner ring must not know: loops, clocks, files, chance."""

PURE_AFTER_ALL = ("pathlib.PurePath", "pathlib.PurePosixPath")

NOT_DRAWING = (
    *("sqlite3", "aiosqlite", "msgspec", "psutil", "websockets", "tomli"),
    *("subprocess", "socket", "time", "multiprocessing", "pathlib", "shutil"),
)
"""What a widget must not know: I/O and clocks."""

UI = ("textual", "rich")
LATE_IMPORTS = (
    *(START, "tui/cli.py", "tui/services.py", "tui/processes.py", "widgets/late.py"),
    # What a start does not need:
    *("tui/crash.py", "state/config.py", "state/db/connection.py"),
)
PRIVATE_TEXTUAL = (
    *(
        "tests/driver.py",
        "tests/snap.py",
        "tests/clockwork.py",
        "tests/lean_textual.py",
        "tests/scenario/glass.py",
    ),
    *("tests/perf/at_first_paint.py", "tests/scenario/test_drawing.py"),
    # Draws a third cheaper under load, and steps back where Textual changed:
    "tui/compositor.py",
)


def is_inner(module: Module) -> bool:
    return not under(module.name, *OUTER_RING)


def offences(sources: Iterable[Module], refuses: Callable[[Import], bool]) -> list[str]:
    return sorted(
        {
            f"{module.place}:{found.line} imports {found.target}"
            for module in sources
            for found in imports(module)
            if refuses(found)
        }
    )


def test_the_core_does_not_know_the_screen() -> None:
    """The thread store, the reducers and the engine client are a headless program:
    they are tested, and serve the command line, without Textual."""
    assert not offences(modules("state"), lambda i: under(i.target, *UI))


def test_dependencies_point_one_way() -> None:
    """tui → widgets → state: whoever reads `state` needs to read nothing else."""
    assert not offences(
        modules("state"), lambda i: under(i.target, "widgets", "tui", "tests")
    )
    assert not offences(modules("widgets"), lambda i: under(i.target, "tui", "tests"))
    assert not offences(modules("tui"), lambda i: under(i.target, "tests"))


def test_the_inner_ring_imports_the_standard_library_and_itself() -> None:
    """What is true must not depend on how it is stored, sent or drawn."""
    allowed = {*sys.stdlib_module_names, "state"}
    inner = [module for module in modules("state") if is_inner(module)]
    assert not offences(inner, lambda i: i.target.split(".")[0] not in allowed)
    assert not offences(inner, lambda i: under(i.target, *OUTER_RING))


def test_the_inner_ring_knows_no_clock_loop_or_file() -> None:
    """A reducer that reads a clock cannot be folded over a recording."""
    inner = [module for module in modules("state") if is_inner(module)]
    assert not offences(
        inner,
        lambda i: under(i.target, *NOT_PURE) and i.target not in PURE_AFTER_ALL,
    )


def test_widgets_draw_what_they_are_given() -> None:
    """Read models in, intents out: a widget that reaches for the store or a clock
    can be neither snapshot nor restored."""
    refused = ("state.store", "state.reduce", *OUTER_RING, *NOT_DRAWING)
    assert not offences(modules("widgets"), lambda i: under(i.target, *refused))


def test_importing_the_whole_core_loads_no_screen_library() -> None:
    """The static rule cannot see what an import pulls in; a fresh process can."""
    names = [module.name for module in modules("state")]
    script = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print([n for n in {UI!r} if n in sys.modules])\n"
    )
    ran = subprocess.run(
        (sys.executable, "-c", script), cwd=REPO, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "[]"), ran.stderr


def test_imports_stand_at_the_top() -> None:
    """Except in the command line and the wiring, where starting fast is the point:
    a late import elsewhere hides a cycle."""
    sources = [m for m in product() if m.place not in LATE_IMPORTS]
    assert not offences(sources, lambda i: i.local)


def test_no_relative_imports() -> None:
    """One module has one name: the one that a search finds."""
    sources = (*product(), *modules("tests"))
    assert not offences(sources, lambda i: i.target.startswith("."))


def test_textual_internals_stay_out() -> None:
    """They change without notice: what is needed is wrapped in a few places."""
    sources = [
        m for m in (*product(), *modules("tests")) if m.place not in PRIVATE_TEXTUAL
    ]

    def private(found: Import) -> bool:
        return any(part[:1] == "_" for part in found.target.split(".")) and under(
            found.target, *UI
        )

    assert not offences(sources, private)


def test_dataclasses_are_made_when_they_are_used() -> None:
    """The standard decorator compiles six methods for each class at its import: a
    third of the time to the first paint. The standard `replace` makes a value anew:
    a third of the time a stream costs."""
    sources = [m for m in product() if m.name != "state.dataclass"]
    slow = ("dataclasses.dataclass", "dataclasses.replace")
    assert not offences(sources, lambda i: i.target in slow)
