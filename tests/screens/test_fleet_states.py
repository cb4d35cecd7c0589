"""Every state the whole can be in: nothing yet, no engine, no login, gone, stale."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from state.dataclass import replace
from state.engine.errors import EngineLost, EngineSilent
from state.events import EngineChanged, Event, SandboxProbed, ThreadsListed
from state.model import EnginePhase, World
from state.reduce import reduce
from tests.screens import scripts as s
from tests.screens.stage import (
    CWD,
    DEMO,
    NOW,
    Json,
    connected,
    engine,
    keys,
    recorded,
    stage,
    told,
)
from tests.screens.test_fleet import asking, midway
from tests.snap import Act, Size, Snap, settle, sizes
from tui.app import CodexTui
from tui.presenter import Presenter

NO_CODEX = (
    "No usable codex was found; install one with `pip install "
    "openai-codex-cli-bin` or `npm install -g @openai/codex`, or name it with "
    "--codex-bin."
)
ERRORS = "01a1fb1d-a48a-75c3-a59f-83fdfd7e52a3"
INTERRUPTED = "01a1fb1d-ce86-7862-8ef2-7ec638fa69e2"
ITEMS = "01a1fb1b-e8c8-71c1-9221-28885f3f0c26"
UNTRUSTED: dict[str, Json] = {
    "config/read": {"config": {"model": "gpt-6.1-sol", "projects": {}}},
    "model/list": {"data": [], "nextCursor": None},
}


def account(kind: str | None, *, required: bool = True) -> Json:
    """The answer about the login."""
    known = {"type": kind} if kind else None
    result = {"account": known, "requiresOpenaiAuth": required}
    return {"to": "account/read", "result": result}


LAST_LINES = (
    "2026-11-26T02:50:31.118274Z  WARN codex_core_plugins::startup_sync: git sync "
    "failed for curated plugin sync: no route to host",
    "2026-11-26T02:50:32.752993Z ERROR codex_core::exec: memory allocation of "
    "1073741824 bytes failed while it kept the output of make -j4 arm64 in [bold]mind",
    "note: run with `RUST_BACKTRACE=1` to display a backtrace \x1b[31m\u202e",
)


def gone() -> EngineChanged:
    """The engine ended a moment ago and is tried again."""
    return engine(
        EnginePhase.LOST,
        version="0.169.0",
        since_ms=NOW - 14_000,
        sentence=str(EngineLost("the engine was ended by SIGKILL")),
        stderr=LAST_LINES,
        retry_at_ms=NOW + 6_000,
    )


@sizes
def test_first_start(snap_of: Snap, size: Size) -> None:
    app = stage(says=connected(), replies=UNTRUSTED)
    words = ["No threads yet.", "start one here", "0 threads"]
    line = "a new thread here: read-only"
    snap_of(app, size, until=line, must_contain=words)


@sizes
def test_first_words(snap_of: Snap, size: Size) -> None:
    """The thread's pane on a first start: one question, and what starting means."""
    app = stage(says=connected(), replies=UNTRUSTED)
    words = ["What should Codex do in", "not trusted yet", "to a new thread"]
    snap_of(app, size, run_before=keys("2"), must_contain=words)


def waited(seconds: int, *before: str) -> Act:
    """Some keys, and then that much time passes."""

    async def act(pilot: Pilot[Any]) -> None:
        for name in before:
            await pilot.press(name)
        await settle(pilot)
        pilot.app.screen_stack[0].set_clock(NOW + seconds * 1000, 0)  # type: ignore[attr-defined]
        await settle(pilot)

    return act


def loading(theme: str = "ink") -> CodexTui:
    """A thread is being read."""
    known = (connected(), told(*s.fleet()))
    return stage(*known, open_thread="01a1-text", theme=theme, hangs=True)


@sizes
def test_connecting(snap_of: Snap, size: Size) -> None:
    app = stage([engine(EnginePhase.CONNECTING)])
    words = ["connecting", "Waiting for the engine …  9s"]
    snap_of(app, size, run_before=waited(9), must_contain=words)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ((), "Waiting for the engine …"),
        ((engine(EnginePhase.READY),), "Reading the threads …"),
        ((engine(EnginePhase.READY), ThreadsListed()), ""),
        ((engine(EnginePhase.READY), ThreadsListed(), gone()), ""),
        ((engine(EnginePhase.MISSING),), ""),
    ],
)
def test_there_is_no_thread_once_the_engine_said_so(
    known: tuple[Event, ...], words: str
) -> None:
    """Or when there is none to say it."""
    world = World()
    for event in known:
        world = reduce(world, event)
    assert Presenter(world, cwd="~").threads().loading == words


@sizes
def test_loading_a_thread(snap_of: Snap, size: Size) -> None:
    """Known by its row only; its history is asked for, and that takes its time."""
    words = ["upgrade textual", "not loaded", "Reading the thread …  40s"]
    snap_of(loading(), size, run_before=waited(40, "2"), must_contain=words)


def test_nothing_is_kept_of_a_thread(snap_of: Snap) -> None:
    """It was read, and there is nothing."""
    app = stage(connected(), told(*s.fleet()), open_thread="01a1-text")
    words = ["Nothing of this thread is kept here yet."]
    snap_of(app, (80, 24), run_before=keys("2"), must_contain=words)


@sizes
def test_no_engine(snap_of: Snap, size: Size) -> None:
    app = stage([engine(EnginePhase.MISSING, sentence=NO_CODEX)])
    words = ["No codex found.", "no engine", "codex-tui demo", "Install one with"]
    snap_of(app, size, must_contain=words)


@sizes
def test_not_logged_in(snap_of: Snap, size: Size) -> None:
    app = stage(connected(), told(account(None), *s.fleet()), open_thread=s.AUTH)
    words = ["Not logged in", "reading works, sending does not", "log in"]
    snap_of(app, size, must_contain=words)


@sizes
def test_engine_gone(snap_of: Snap, size: Size) -> None:
    app = stage(asking(), told(*s.fleet()), [gone()], open_thread=DEMO)
    words = [
        "engine gone",
        "The engine ended   by SIGKILL",
        "retry now",
        "6s",
        "last known",
    ]
    said = ["Its last lines:", "ctrl+o all of them", "note: run with"]
    snap_of(app, size, must_contain=[*words, *said])


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_last_words(snap_of: Snap, size: Size) -> None:
    """All it wrote before it ended, on demand; from the composer, too."""
    app = stage(asking(), told(*s.fleet()), [gone()], open_thread=DEMO)
    words = ["What the engine wrote before it ended", "3 lines", "no route to host"]
    words += ["in [bold]mind", "note: run with `RUST_BACKTRACE=1`"]
    snap_of(app, size, run_before=keys("i", "ctrl+o"), must_contain=words)


def test_engine_silent(snap_of: Snap) -> None:
    """It stands still: said, and not that it ended, which nobody knows."""
    silent = replace(gone().engine, sentence=str(EngineSilent()), stderr=())
    app = stage(asking(), told(*s.fleet()), [EngineChanged(silent)], open_thread=DEMO)
    words = ["no answer", "does not answer", "What runs in it may go on", "retry now"]
    snap_of(app, (120, 40), must_contain=words)


@sizes
def test_engine_gone_thread(snap_of: Snap, size: Size) -> None:
    """The open thread while the engine is gone, a draft in the composer."""
    app = stage(midway(), [gone()], open_thread=DEMO, draft="and then tidy up")
    words = ["Last known: working", "kept as a draft until the engine is back"]
    snap_of(app, size, run_before=keys("i"), must_contain=words)


@sizes
def test_sandbox_problem(snap_of: Snap, size: Size) -> None:
    problem = SandboxProbed(
        "This system forbids unprivileged user namespaces, so sandboxed commands fail; "
        "allow them (kernel.unprivileged_userns_clone, or the AppArmor profile)."
    )
    app = stage(connected(), told(*s.fleet()), [problem], open_thread=s.PORT)
    words = ["Commands cannot run in the sandbox here", "user namespaces"]
    snap_of(app, size, must_contain=words)


def sleeping(*, sandbox: Json) -> list[Json]:
    """A thread that was open and has been unloaded."""
    thread = s.row("01a1-nap", "upgrade textual", 3 * s.HOUR, "idle")
    return [
        s.listed(thread),
        s.opened(thread, sandbox),
        *s.began("01a1-nap", "t1", ago=3 * s.HOUR),
        s.item("01a1-nap", "t1", **s.said("Upgrade textual.")),
        s.item("01a1-nap", "t1", **s.answer("Done: every snapshot is the same.")),
        *s.ended("01a1-nap", "t1"),
        {"method": "thread/closed", "params": {"threadId": "01a1-nap"}},
    ]


@sizes
def test_not_loaded(snap_of: Snap, size: Size) -> None:
    app = stage(
        connected(), told(*sleeping(sandbox=s.WORKSPACE)), open_thread="01a1-nap"
    )
    words = ["not loaded · last known workspace-write", "Done: every snapshot"]
    snap_of(app, size, run_before=keys("2"), must_contain=words)


def working(*more: Json, sandbox: Json = s.WORKSPACE, **policy: Any) -> list[Event]:
    """A thread that works under a sandbox."""
    thread = s.row(s.PORT, "port to arm64", 20, "idle")
    script = [
        s.listed(thread),
        s.opened(thread, sandbox, **policy),
        *s.began(s.PORT, "t1"),
        s.item(s.PORT, "t1", **s.said("Port the build to arm64.")),
        s.item(s.PORT, "t1", **s.ran("uname -m", "aarch64\n")),
        s.item(
            s.PORT,
            "t1",
            done=False,
            **s.ran("make -j4", key="c2", status="inProgress", durationMs=None),
        ),
    ]
    return [*connected(), *told(*script, *more)]


@sizes
def test_full_access(snap_of: Snap, size: Size) -> None:
    app = stage(
        working(sandbox=s.FULL_ACCESS, approvalPolicy="never"), open_thread=s.PORT
    )
    words = ["■ FULL ACCESS", "no sandbox", "never asks"]
    snap_of(app, size, run_before=keys("2"), must_contain=words)


@sizes
def test_full_access_in_the_list(snap_of: Snap, size: Size) -> None:
    app = stage(
        working(sandbox=s.FULL_ACCESS, approvalPolicy="never"),
        open_thread=s.PORT,
        theme="paper",
    )
    snap_of(app, size, must_contain=["■ 12s", "FULL ACCESS"])


@sizes
def test_read_only(snap_of: Snap, size: Size) -> None:
    app = stage(working(sandbox=s.READ_ONLY), open_thread=s.PORT)
    words = ["□ read-only", "network off", "asks you"]
    snap_of(app, size, must_contain=words)


@sizes
def test_next_turn_differs(snap_of: Snap, size: Size) -> None:
    changed = s.settings(s.PORT, s.READ_ONLY)
    app = stage(working(changed), open_thread=s.PORT)
    words = ["workspace-write", "this turn → read-only from the next"]
    snap_of(app, size, must_contain=words)


@sizes
def test_interrupted(snap_of: Snap, size: Size) -> None:
    app = stage(recorded("b-errors"), open_thread=INTERRUPTED)
    words = ["◌ Interrupted", "· the next message resumes"]
    snap_of(app, size, run_before=keys("2"), must_contain=words)


@sizes
def test_asks_before_interrupting(snap_of: Snap, size: Size) -> None:
    app = stage(midway(), open_thread=DEMO)
    words = ["press esc again to interrupt /root alone", "/interrupt: all 6"]
    snap_of(app, size, run_before=keys("2", "escape"), must_contain=words)


@sizes
def test_failed_turn(snap_of: Snap, size: Size) -> None:
    app = stage(recorded("b-errors"), open_thread=ERRORS)
    words = ["✗ We’re currently experiencing high demand"]
    snap_of(app, size, run_before=keys("2"), must_contain=words)


@sizes
def test_many_kinds_of_items(snap_of: Snap, size: Size) -> None:
    """Searches, images, plans, tool calls: the recording of every odd item."""
    app = stage(recorded("b-items-misc"), open_thread=ITEMS)
    snap_of(app, size, run_before=keys("2"), must_contain=["turn 10"])


@sizes
def test_unknown_item(snap_of: Snap, size: Size) -> None:
    """Something a later engine says: shown as it is, never dropped."""
    odd: Json = {
        "type": "hologramShown",
        "id": "h1",
        "frames": 24,
        "of": {"shape": "cube"},
    }
    app = stage(working(s.item(s.PORT, "t1", **odd)), open_thread=s.PORT)
    words = ["Unknown item hologramShown"]
    snap_of(app, size, run_before=keys("2"), must_contain=words)


HOSTILE = (
    "[/foo] [bold red]x[/] \x1b[31mred\x1b[0m \x1b]0;owned\x07 日本語 "
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 שלום \u202eevil"
)


def hostile_text(theme: str = "ink") -> CodexTui:
    """Markup, escapes, wide, joined, right to left and very long, everywhere."""
    key = "01a1-bad"
    thread = s.row(key, HOSTILE, 30, "idle", cwd=f"{CWD}/[b]\u202etxt.exe")
    diff = f"@@ -1 +1 @@\n-{HOSTILE}\n+{'long ' * 2000}\n"
    change = {"path": "src/[/foo]\u202ex.py", "kind": {"type": "update"}, "diff": diff}
    edits: Json = {"type": "fileChange", "id": "f1", "status": "completed"}
    return stage(
        connected(),
        told(
            s.listed(thread, s.row("01a1-long", "very long " * 1000, 40, "idle")),
            s.opened(thread),
            *s.began(key, "t1"),
            s.item(key, "t1", **s.said(HOSTILE)),
            s.item(key, "t1", **s.answer(f"{HOSTILE}\n\n{'x' * 10_000}")),
            s.item(key, "t1", **s.answer(HOSTILE, "a2")),
            s.item(key, "t1", **s.ran(f"echo '{HOSTILE}'", f"{HOSTILE}\n" * 3)),
            s.item(key, "t1", **s.ran("y" * 10_000, "z" * 10_000, "c2")),
            s.item(key, "t1", **edits, changes=[change]),
            s.item(key, "t1", **s.answer("The end of it.", "a3")),
        ),
        open_thread=key,
        theme=theme,
    )


@sizes
def test_hostile_text(snap_of: Snap, size: Size) -> None:
    words = ["[/foo]", "日本語", "The end of it."]
    snap_of(hostile_text(), size, run_before=keys("2"), must_contain=words)


@sizes
def test_hostile_list(snap_of: Snap, size: Size) -> None:
    thread = s.row("01a1-bad", HOSTILE, 30, "idle")
    long = s.row("01a1-long", "very long " * 1000, 40, "idle")
    app = stage(connected(), told(s.listed(thread, long)))
    snap_of(app, size, must_contain=["[/foo]", "very long"])
