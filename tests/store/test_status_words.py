"""What `codex-tui status` says of work that was not delivered."""

from __future__ import annotations

from pathlib import Path

import pytest

from state import events as e
from state.db.recent import undelivered_threads
from state.undelivered import Stray, Undelivered
from tests.store.helpers import T1, T2, seen, written
from tui.status import Counts, words

LEFT = (Undelivered("/r/.git", "/r", (Stray("fix", 2, "abc"),)),)


def test_threads_with_undelivered_work_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "threads.db"
    assert undelivered_threads(path) == 0
    assert not path.exists()
    began = (seen(T1, preview="one"), seen(T2, preview="two"))
    world = written(path, (*began, e.DeliveryChanged(T1, LEFT)))
    assert undelivered_threads(path) == 1
    archived = e.ThreadArchived(T1, archived=True)
    world = written(path, (archived, e.DeliveryChanged(T2, LEFT)), world=world)
    assert undelivered_threads(path) == 2
    world = written(path, (e.DeliveryChanged(T1, ()),), world=world)
    written(path, (e.ThreadDeleted(T2),), world=world)
    assert undelivered_threads(path) == 0


@pytest.mark.parametrize(
    ("found", "short", "long"),
    [
        (Counts(2, 3, live=True, undelivered=1), "▲2 ●3 ↑1", "2 need you, 3 working."),
        (Counts(0, 0, live=True, undelivered=1), "↑1", "nothing works."),
        (Counts(1, 0, live=False, undelivered=2), "~▲1 ↑2", "as last known."),
        (Counts(0, 0, live=None, undelivered=2), "↑2", "No engine is running."),
        (Counts(0, 0, live=None), "", "No engine is running."),
        (Counts(1, 0, live=True), "▲1", "1 needs you."),
    ],
)
def test_what_is_said(found: Counts, short: str, long: str) -> None:
    assert words(found, short=True) == short
    said = words(found, short=False)
    assert long in said
    left = f"{found.undelivered} with work not delivered: /push."
    assert (left in said) == bool(found.undelivered)
