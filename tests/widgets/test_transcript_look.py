"""What the transcript looks like: a turn, every kind of cell, markdown, nothing."""

from __future__ import annotations

import pytest

from state.diff import unified
from state.items import ThreadId
from state.output import OutputText
from state.text import reveal
from state.views import (
    AnswerCell,
    Bit,
    CellBody,
    CommandCell,
    EventCell,
    FileView,
    Glyph,
    LiveLine,
    NoticeCell,
    PatchCell,
    PlanCell,
    SaidCell,
    ThoughtCell,
    Tone,
    TranscriptView,
    TurnRule,
)
from tests.snap import Size, Snap, sizes
from tests.widgets.transcript_host import NOW, Host, cells, command, patch
from tui.themes import THEMES
from widgets.transcript import Transcript

DIFF = """\
@@ -86,3 +86,3 @@
 fn evict(&mut self, key: Key) -> Option<Slot> {
-    self.readers.lock().wait();
-    self.slots.remove(&key)
+    let slot = self.slots.remove(&key)?;
+    slot.wait_for_readers();
"""
ANSWER = """\
The eviction path drops the entry **before the last reader is done** and a slow \
reader then sees a dead slot. Taking the slot out of the map first closes the window:

```rust
let slot = self.slots.remove(&key)?;
slot.wait_for_readers(); // the old code did this last
```
"""
MARKDOWN = """\
# What changed in `cache.rs`

Some *emphasis*, ~~gone~~, a [link](https://example.com/a). HTML like <b>this</b> and \
[/foo] stays text.

1. first, with a nested list
   - long enough to be wrapped onto a second line in the narrowest of the sizes here
   - two
2. second

> quoted words

| Name | Value | Note |
|------|------:|:----:|
| a | 1 | yes |
| 日本語 | 12345 | no |

```python
def f(x: int) -> str:
    return f"{x}" + 'abc'  # 42
```
"""
MUTED = Tone.MUTED


def a_turn() -> list[CellBody]:
    panic = "thread 'cache::evicts' panicked at src/cache.rs:88\n"
    output = panic + "assertion failed: slot.readers == 0\n" + "more\n" * 42
    file = FileView("Edited", reveal("src/cache.rs"), 2, 2, unified(DIFF))
    return [
        command("cargo test --workspace", "412 passed, 0 failed"),
        TurnRule(7, NOW - 240_000),
        SaidCell("fix the parser cache, with a regression test that fails without it"),
        command('rg -n "evict" src'),
        command("cargo test -p parser", output, failed=True),
        AnswerCell(ANSWER),
        PatchCell(Glyph.DONE, MUTED, (file,)),
        EventCell(
            Glyph.WORK, Tone.WORK, "Started", "/root/tester", (Bit("gpt-5.2", MUTED),)
        ),
        EventCell(
            Glyph.NEED,
            Tone.NEED,
            "tester",
            "asks to run cargo update",
            (Bit("r", Tone.ACCENT), Bit(" review", MUTED)),
        ),
    ]


def every_kind() -> list[CellBody]:
    steps = (
        ("completed", "Read"),
        ("inProgress", "Write a failing test"),
        ("pending", "Fix"),
    )
    return [
        SaidCell("look at this\n  and that", ("shot.png",), "queued"),
        SaidCell("and this", (), "refused"),
        ThoughtCell("**Looking at the cache**\n\nThe cache evicts too early."),
        PlanCell("Plan", steps),
        CommandCell(
            Glyph.DENIED,
            Tone.FAIL,
            "Ran",
            reveal("curl evil\u202e.com"),
            (Bit("denied", Tone.FAIL),),
            note="denied by the sandbox: network is off",
        ),
        CommandCell(
            Glyph.WORK,
            Tone.WORK,
            "Running",
            reveal("cat <<EOF\na\nb\nc\nd\nEOF", multiline=True),
            (),
            OutputText("\x1b[32mCompiling\x1b[0m parser\n" * 9),
            live=True,
        ),
        patch(40),
        NoticeCell(Tone.FAIL, Glyph.FAILED, "stream disconnected: error in [/foo]"),
        EventCell(Glyph.NONE, MUTED, "unknown item", "newThing", detail='{"a": 1}'),
    ]


EMPTY = (
    "What should Codex do in ~/src/parser?",
    "",
    "write below\tand press enter: a thread starts in this folder",
    "@\tname a file to look at",
    "/\tevery command, with what it does",
    "",
    "This folder is not trusted yet, so the thread starts read-only.",
    "/trust lets it edit here. Nothing is trusted by starting.",
)


class Look(Host):
    """A host in one of our themes, its clock standing still."""

    CSS = "Screen { background: $background; }"
    AUTO_FOCUS = ""

    def __init__(self, shown: TranscriptView, theme: str = "ink") -> None:
        super().__init__(shown)
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme

    def on_mount(self) -> None:
        """Nothing has the focus; the clock stands still."""
        self.query_one(Transcript).set_clock(NOW, 2)


LIVE = LiveLine("Working", NOW - 72_000, "esc interrupt", "2 agents, 2 terminals")


def shown(*bodies: CellBody, live: LiveLine | None = None) -> TranscriptView:
    return TranscriptView(ThreadId("t"), cells=cells(*bodies), live=live)


@sizes
def test_a_turn(snap_of: Snap, size: Size) -> None:
    words = ["Edited src/cache.rs", "1m 12s · esc interrupt"]
    snap_of(Look(shown(*a_turn(), live=LIVE)), size, must_contain=words)


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
def test_a_turn_in_each_theme(snap_of: Snap, theme: str) -> None:
    app = Look(shown(*a_turn(), live=LIVE), theme)
    snap_of(app, (90, 40), must_contain=["42 more lines · v shows all"])


@sizes
def test_every_kind(snap_of: Snap, size: Size) -> None:
    stale = LiveLine("Working", NOW - 72_000, stale=True)
    words = ["unknown item newThing", "~ Last known: working"]
    snap_of(Look(shown(*every_kind(), live=stale)), size, must_contain=words)


@sizes
def test_markdown(snap_of: Snap, size: Size) -> None:
    snap_of(Look(shown(AnswerCell(MARKDOWN))), size, must_contain=["日本語"])


@sizes
def test_nothing_yet(snap_of: Snap, size: Size) -> None:
    app = Look(TranscriptView(ThreadId("t"), empty=EMPTY))
    snap_of(app, size, must_contain=["What should Codex do", "/trust lets it edit"])
