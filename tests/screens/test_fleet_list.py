"""The list shown other ways: filtered, with the archive, by folder."""

from __future__ import annotations

from tests.screens.scripts import AUTH, fleet
from tests.screens.stage import connected, keys, stage, told
from tests.snap import Size, Snap, sizes
from tui.app import CodexTui


def threads() -> CodexTui:
    return stage(connected(), told(*fleet()), open_thread=AUTH)


@sizes
def test_filter(snap_of: Snap, size: Size) -> None:
    act = keys("slash", *"hooks")
    snap_of(threads(), size, run_before=act, must_contain=["first sketch of hooks"])


@sizes
def test_filter_without_a_match(snap_of: Snap, size: Size) -> None:
    words = ["No thread matches “xyz”.", "esc"]
    act = keys("slash", *"xyz")
    snap_of(threads(), size, run_before=act, must_contain=words)


@sizes
def test_archived(snap_of: Snap, size: Size) -> None:
    words = ["Archived 1", "spike: sqlite store", "archived threads shown"]
    snap_of(threads(), size, run_before=keys("z"), must_contain=words)


@sizes
def test_by_folder(snap_of: Snap, size: Size) -> None:
    words = ["parsecache", "toolchain", "handbook"]
    snap_of(threads(), size, run_before=keys("g"), must_contain=words)
