"""A fleet with much of everything: thirty agents, six terminals and nine reviews in one
thread, and counts of two and three digits, in both themes, ANSI and plain mode."""

from __future__ import annotations

import pytest

from state.events import Event
from tests.screens import scripts as s
from tests.screens.stage import NOW, Json, connected, keys, stage, told
from tests.screens.test_agents import ROOT, many
from tests.screens.test_plain import plain, signs
from tests.screens.test_terminals import command, runs
from tests.snap import Size, Snap, sizes
from tui.app import CodexTui

COMMANDS = (
    "npm run dev",
    "cargo watch -x test",
    "tail -F build/log.txt",
    "python -m http.server 8000",
    "docker compose up db",
    "./watch --all src",
)
ASKED = (
    "git push origin fix/cache",
    "cargo update -p criterion --precise 0.5.1",
    "curl -fsSL https://example.test/install.sh",
    "./bench --save",
    "rm -rf target",
    "make install PREFIX=/usr/local",
    "npm publish --dry-run",
    "psql -f migrate.sql",
    "docker build -t parser .",
)


def crowd(reviews: int = 9, terminals: int = 6, agents: int = 30) -> list[Event]:
    """One thread with all of them; the reviews are asked by its agents, too."""
    keys_of = [f"02{n:04d}" for n in range(agents)]
    news: list[Json] = [runs_of(terminals)]
    for n in range(terminals):
        news += command(ROOT, f"x{n}", COMMANDS[n % 6], 400 - n, f"line {n} of it\n")
    for n in range(reviews):
        # The lower half of the tree works on; those agents ask.
        thread = keys_of[-1 - n * 3 % agents] if n % 3 else ROOT
        at = NOW - (reviews - n) * 20_000
        asked = s.asks_command(
            thread, "t1", f"c{n}", f"/bin/bash -lc '{ASKED[n % 9]}'", startedAtMs=at
        )
        news.append({**asked, "id": 100 + n, "emittedAtMs": at})
    return [*connected(), *many(agents), *told(*s.fleet(), *news)]


def runs_of(terminals: int) -> Json:
    """The engine's list of them."""
    return runs(ROOT, *((f"x{n}", COMMANDS[n % 6]) for n in range(terminals)))


def shown(theme: str = "ink") -> CodexTui:
    return stage(crowd(), open_thread=ROOT, theme=theme)


def waiting(size: Size, number: int) -> str:
    """How pane or tab count the reviews."""
    return f"Reviews {number}" if size[0] == 160 else f"▲ {number}"


@sizes
def test_all_at_once(snap_of: Snap, size: Size) -> None:
    words = ["2 need you", "a large refactoring", "Agents 31", waiting(size, 10)]
    snap_of(shown(), size, must_contain=words)


@sizes
@pytest.mark.parametrize("theme", ["paper", "codex-ansi"])
def test_all_at_once_in_other_themes(snap_of: Snap, size: Size, theme: str) -> None:
    snap_of(shown(theme), size, must_contain=["2 need you", "Agents 31"])


@sizes
def test_all_at_once_plain(snap_of: Snap, size: Size) -> None:
    app = plain(shown())
    snap_of(app, size, until=lambda: not signs(app), must_contain=["2 need you"])


@sizes
def test_the_panes_of_many(snap_of: Snap, size: Size) -> None:
    """The inbox over all of it."""
    words = ["docker build -t parser", "psql -f migrate.sql"]
    snap_of(shown(), size, run_before=keys("5"), must_contain=words)


def test_the_terminals_of_many(snap_of: Snap) -> None:
    words = ["npm run dev", "docker compose up db", "Terminals 6"]
    snap_of(shown(), (80, 24), run_before=keys("4"), must_contain=words)


@sizes
def test_counts_of_three_digits(snap_of: Snap, size: Size) -> None:
    """No number is cut and nothing is pushed out of the heading, tabs and footer."""
    rows = [s.row(f"03{n:04d}", f"old work {n:03d}", 4000 + n) for n in range(140)]
    pages = told(s.listed(*rows[:70]), s.listed(*rows[70:]))
    app = stage(crowd(120, 110, 650), pages, open_thread=ROOT)
    words = ["2 need you", "Agents 651", "Terminals 110", waiting(size, 121)]
    snap_of(app, size, must_contain=words, each_anew=True)
