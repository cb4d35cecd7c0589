"""What went wrong, or was kept from going wrong, as it is said on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from state.db.errors import StoreFull, StoreNewer
from state.engine.port import WakeReport, Writer
from state.events import (
    ConfigWarned,
    Event,
    MessageShown,
    SendChanged,
    SendNoted,
    StoreFailed,
)
from state.items import ThreadId
from state.model import ClientId, Send, SendState
from tests.screens import scripts as s
from tests.screens.stage import DEMO, NOW, Json, connected, keys, stage, told
from tests.screens.test_fleet import asking
from tests.snap import Snap
from tui.app import CodexTui

LOW, NORMAL = (80, 24), (120, 40)
STORE = Path("/home/dev/.local/state/codex-tui/store.db")
BROKEN = (
    "Invalid configuration\nkey with no value, expected `=`\n"
    "/home/dev/.codex/config.toml: line 12, column 10"
)


def fleet(*events: Event, draft: str = "") -> CodexTui:
    return stage(connected(), told(*s.fleet()), events, open_thread=s.PORT, draft=draft)


def test_broken_config(snap_of: Snap) -> None:
    """File, line and column, why, and what goes on working."""
    words = ["config.toml", "line 12, column 10", "expected `=`", "Reading works"]
    snap_of(fleet(ConfigWarned(BROKEN)), LOW, must_contain=words)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (StoreFull(STORE).sentence, "nothing is being saved"),
        (StoreNewer(STORE, 99, 12).sentence, "Update codex-tui"),
    ],
    ids=["full", "newer"],
)
def test_store(snap_of: Snap, sentence: str, words: str) -> None:
    """What, what to do, and where."""
    snap_of(fleet(StoreFailed(sentence)), LOW, must_contain=[words, "store.db"])


# -- messages ------------------------------------------------------------------------


def queued(*texts: str) -> Json:
    """What the engine lists of a thread's queue."""
    rows = [
        {
            "id": f"q{number}",
            "clientUserMessageId": f"c{number}",
            "input": [{"type": "text", "text": text, "text_elements": []}],
        }
        for number, text in enumerate(texts)
    ]
    return {
        "to": "thread/queue/list",
        "params": {"threadId": s.PORT},
        "result": {"data": rows, "nextCursor": None},
    }


def noted(
    name: str, text: str, state: SendState, why: str | None = None
) -> list[Event]:
    """A message of ours to the working thread, and what became of it."""
    client, thread = ClientId(name), ThreadId(s.PORT)
    send = Send(client, text, "start", SendState.NOTED, NOW - 9_000)
    return [SendNoted(thread, send), SendChanged(thread, client, state, why)]


LINE = ("run the whole suite once more", "then write the release note", "and push it")


def with_a_queue() -> CodexTui:
    held = noted("c9", "and bench it on the old machine", SendState.HELD)
    return fleet(*told(queued(*LINE)), *held)


def test_queue_above_the_composer(snap_of: Snap) -> None:
    words = ["3 queued", "1 held", "U puts back"]
    snap_of(with_a_queue(), LOW, run_before=keys("2"), must_contain=words)


def test_queue_dialog(snap_of: Snap) -> None:
    words = ["1 run the whole suite", "3 and push it", "held here", "all back"]
    snap_of(with_a_queue(), LOW, run_before=keys("Q"), must_contain=words)


def test_fates_of_messages(snap_of: Snap) -> None:
    """On its way when the connection broke; and one that never arrived."""
    broke = noted("c1", "use clang for it", SendState.UNKNOWN)
    never = "The engine never got this message; send it again."
    refused = noted("c2", "and strip the binary", SendState.REFUSED, never)
    words = ["unknown: the connection ended", "never got this message"]
    snap_of(fleet(*broke, *refused), NORMAL, must_contain=words)


def test_too_long_a_message(snap_of: Snap) -> None:
    app = fleet(draft="0123456789abcde\n" * 65_537)
    words = ["At most 1,048,576", "Pasted text"]
    snap_of(app, LOW, run_before=keys("i", "enter"), must_contain=words)


# -- threads -------------------------------------------------------------------------


def test_delete(snap_of: Snap) -> None:
    """What goes along, for good, is named first."""
    app = stage(asking(), open_thread=DEMO)
    words = [
        "Delete “The strict test",
        "cannot be undone",
        "agents below it",
        "./watch",
    ]
    snap_of(app, NORMAL, run_before=keys("D"), must_contain=words)


def test_written_elsewhere(snap_of: Snap) -> None:
    """Words for a thread that another program writes: kept, or for its fork."""
    thread = "01a1-text"
    app = stage(
        connected(), told(*s.fleet()), open_thread=thread, draft="go on with it"
    )

    async def inspect(_thread: ThreadId) -> WakeReport:
        return WakeReport(ThreadId(thread), writer=Writer(4711, "codex"))

    app.services.engine.inspect = inspect  # type: ignore[method-assign,assignment]
    words = ["codex", "4711", "ork"]
    snap_of(app, LOW, run_before=keys("i", "enter"), must_contain=words)


def test_a_damaged_store(snap_of: Snap) -> None:
    moved = (
        "A damaged thread store was replaced: 3 drafts and messages saved, threads "
        "come back from the engine. The old one is kept as store.damaged-20261126.db."
    )
    app = stage(
        connected(), told(*s.fleet()), open_thread=s.PORT, says=[MessageShown(moved)]
    )
    snap_of(app, LOW, until="was replaced", must_contain=["3 drafts"])
