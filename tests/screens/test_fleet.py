"""The fleet screen on the recorded demo and on a whole fleet: layouts and themes."""

from __future__ import annotations

import pytest

from state.events import Event, ItemStarted, ReviewAsked
from state.items import Command
from tests.screens.scripts import AUTH, fleet
from tests.screens.stage import DEMO, connected, keys, recorded, stage, told
from tests.snap import SIZES, Size, Snap, sizes

OTHERS = ("paper", "codex-ansi")
themes = pytest.mark.parametrize("theme", OTHERS)
large = pytest.mark.parametrize("size", SIZES[1:], ids=["120x40", "160x50"])


def _watcher_started(event: Event) -> bool:
    """The root starts its watcher while three agents work."""
    return (
        isinstance(event, ItemStarted)
        and isinstance(event.item.body, Command)
        and "./watch" in event.item.body.command
    )


def midway() -> list[Event]:
    """The demo while three agents work."""
    return recorded("demo", until=_watcher_started)


def asking() -> list[Event]:
    """The demo at the moment its review is asked."""
    return recorded("demo", until=lambda event: isinstance(event, ReviewAsked))


@sizes
def test_demo(snap_of: Snap, size: Size) -> None:
    words = {
        80: ["running ./watch · ", "Agents 7", "workspace-write"],
        120: ["exit 1", "Started /root/mirror", "Agents 7", "esc interrupt"],
        160: ["callers", "Read-only file system", "researcher", "exit 1"],
    }
    app = stage(midway(), open_thread=DEMO)
    snap_of(app, size, must_contain=words[size[0]])


@sizes
@themes
def test_demo_in_other_themes(snap_of: Snap, size: Size, theme: str) -> None:
    app = stage(midway(), open_thread=DEMO, theme=theme)
    snap_of(app, size, must_contain=["agents", "workspace-write"])


@sizes
def test_demo_asks(snap_of: Snap, size: Size) -> None:
    words = ["1 needs you", "Needs you", "./bench --save", "terminals"]
    snap_of(stage(asking(), open_thread=DEMO), size, must_contain=words)


@large
@themes
def test_demo_asks_in_other_themes(snap_of: Snap, size: Size, theme: str) -> None:
    app = stage(asking(), open_thread=DEMO, theme=theme)
    snap_of(app, size, must_contain=["Waits for you", "1 needs you"])


@sizes
def test_demo_thread(snap_of: Snap, size: Size) -> None:
    """The thread's own pane is live."""
    app = stage(asking(), open_thread=DEMO)
    words = ["Asks to run ./bench", "r review", "lines above"]
    snap_of(app, size, run_before=keys("2"), must_contain=words)


@sizes
def test_demo_over(snap_of: Snap, size: Size) -> None:
    """The turn is over; the watcher still runs."""
    app = stage(recorded("demo"), open_thread=DEMO)
    words = ["Fixed: ParseCache now keys", "terminals"]
    snap_of(app, size, run_before=keys("2"), must_contain=words)


@sizes
def test_whole_fleet(snap_of: Snap, size: Size) -> None:
    """A dozen threads in all groups."""
    app = stage(asking(), told(*fleet()), open_thread=DEMO)
    words = ["2 need you", "Needs you 2", "Working 1", "Ready 5", "Not loaded 3"]
    snap_of(app, size, must_contain=words)


@sizes
@themes
def test_whole_fleet_in_other_themes(snap_of: Snap, size: Size, theme: str) -> None:
    app = stage(asking(), told(*fleet()), open_thread=DEMO, theme=theme)
    snap_of(app, size, must_contain=["2 need you", "running make -j4 arm64"])


@sizes
def test_composer(snap_of: Snap, size: Size) -> None:
    """A long draft, the composer focused, while the thread works."""
    draft = "keep the fast path: take no lock when nobody reads.\n" + (
        "Then measure it again, before and after, and write down both figures. " * 3
    )
    app = stage(midway(), open_thread=DEMO, draft=draft)
    words = ["keep the fast path", "enter steer", "tab queue"]
    snap_of(app, size, run_before=keys("i"), must_contain=words)


@sizes
def test_slash_popup(snap_of: Snap, size: Size) -> None:
    app = stage(midway(), open_thread=DEMO)
    words = ["/rename NAME", "/resume"]
    snap_of(app, size, run_before=keys("i", "slash", "r"), must_contain=words)


@sizes
def test_agents(snap_of: Snap, size: Size) -> None:
    app = stage(midway(), open_thread=DEMO)
    words = ["researcher", "tester", "docs", "gpt-6.1-sol"]
    snap_of(app, size, run_before=keys("a"), must_contain=words)


@sizes
def test_terminals(snap_of: Snap, size: Size) -> None:
    app = stage(asking(), open_thread=DEMO)
    words = ["./watch", "terminals", "/root"]
    snap_of(app, size, run_before=keys("4"), must_contain=words)


@sizes
def test_reviews(snap_of: Snap, size: Size) -> None:
    """The inbox, newest need first, auto-reviews below."""
    app = stage(
        recorded("a-guardian-basic", until=_auto_review),
        connected(),
        told(*fleet()),
        asking(),
        open_thread=AUTH,
    )
    words = ["./bench --save", "cargo update", "1 auto-review running"]
    snap_of(app, size, run_before=keys("r"), must_contain=words)


def _auto_review(event: Event) -> bool:
    return type(event).__name__ == "AutoReviewChanged"
