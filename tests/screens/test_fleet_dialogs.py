"""The questions: each dialog over the fleet screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.screens import scripts as s
from tests.screens.stage import CWD, DEMO, Json, connected, keys, stage, told
from tests.screens.test_fleet import asking, midway
from tests.snap import Size, Snap, settle, sizes
from tui.app import CodexTui

MODEL: Json = {
    "id": "gpt-6.1-sol",
    "model": "gpt-6.1-sol",
    "isDefault": True,
    "defaultReasoningEffort": "medium",
    "supportedReasoningEfforts": [
        {"reasoningEffort": effort} for effort in ("low", "medium", "high")
    ],
}


def config(*, trusted: bool = True) -> dict[str, Json]:
    """What the engine answers about a new thread here."""
    projects = {CWD: {"trust_level": "trusted"}} if trusted else {}
    return {
        "config/read": {"config": {"model": "gpt-6.1-sol", "projects": projects}},
        "model/list": {"data": [MODEL], "nextCursor": None},
    }


def fleet(*, trusted: bool = True) -> CodexTui:
    """A fleet with an engine that answers about defaults."""
    replies = config(trusted=trusted)
    return stage(
        connected(), told(*s.fleet()), open_thread="01a1-notes", replies=replies
    )


@sizes
def test_new_thread(snap_of: Snap, size: Size) -> None:
    words = ["New thread", "gpt-6.1-sol (default)", "workspace-write", CWD]
    snap_of(fleet(), size, run_before=keys("n"), must_contain=words)


def test_new_thread_where_an_administrator_says_no(snap_of: Snap) -> None:
    """What is not allowed is not offered, and that is said; it is no error later."""
    limits = {
        "allowedSandboxModes": ["read-only", "workspace-write"],
        "allowedApprovalPolicies": ["on-request"],
    }
    replies = {
        **config(trusted=True),
        "configRequirements/read": {"requirements": limits},
    }
    app = stage(
        connected(), told(*s.fleet()), open_thread="01a1-notes", replies=replies
    )
    words = ["administrator does not allow: full access, never", "[on-request]"]
    snap_of(app, (80, 24), run_before=keys("n"), must_contain=words)


@sizes
def test_new_thread_untrusted(snap_of: Snap, size: Size) -> None:
    words = ["is not trusted: it starts read-only", "[read-only]"]
    app = fleet(trusted=False)
    snap_of(app, size, run_before=keys("n"), must_contain=words)


@sizes
def test_trust(snap_of: Snap, size: Size, tmp_path: Path) -> None:
    """Something writable in a folder nobody trusted."""

    async def act(pilot: Pilot[Any]) -> None:
        await keys("n")(pilot)  # type: ignore[misc]
        form: Any = pilot.app.screen
        form.cwd.value = "/"
        form.sandbox.focus()
        await keys("right", "enter")(pilot)  # type: ignore[misc]

    words = ["Trust this folder?", "Read-only needs no trust.", "Cancel"]
    snap_of(fleet(trusted=False), size, run_before=act, must_contain=words)


@sizes
def test_wake(snap_of: Snap, size: Size, tmp_path: Path) -> None:
    """A sleeping thread with a queue, a goal and more rights than today's."""
    rollout = tmp_path / "rollout.jsonl"
    stored = {
        "approval_policy": "never",
        "sandbox_policy": {"type": "danger-full-access"},
    }
    line = json.dumps({"type": "turn_context", "payload": stored})
    rollout.write_text(f"{line}\n", encoding="utf-8")
    queued = {"input": [{"type": "text", "text": "then publish the release"}]}
    goal = {"objective": "Keep the nightly build green.", "status": "active"}
    replies: dict[str, Json] = {
        **config(),
        "thread/read": {"thread": {"path": str(rollout), "cwd": CWD}},
        "thread/queue/list": {"data": [queued], "nextCursor": None},
        "thread/goal/get": {"goal": goal},
    }
    app = stage(connected(), told(*s.fleet()), open_thread="01a1-text", replies=replies)
    words = ["then publish the release", "Keep the nightly", "FULL ACCESS", "asleep"]
    snap_of(app, size, run_before=keys("2", "R"), must_contain=words)


@sizes
def test_rename(snap_of: Snap, size: Size) -> None:
    words = ["Rename the thread", "review the auth"]
    snap_of(fleet(), size, run_before=keys("e"), must_contain=words)


@sizes
def test_archive(snap_of: Snap, size: Size) -> None:
    """What archiving would end is named first."""
    app = stage(asking(), open_thread=DEMO)
    words = ["Archive “The strict test", "its running turn", "./watch"]
    snap_of(app, size, run_before=keys("A"), must_contain=words)


@sizes
def test_stop_terminals(snap_of: Snap, size: Size) -> None:
    app = stage(asking(), open_thread=DEMO)
    words = ["Stop 2 terminals?", "./watch", "./soak", "tester"]
    snap_of(app, size, run_before=keys("2", "x"), must_contain=words)


@sizes
def test_login(snap_of: Snap, size: Size) -> None:
    words = ["Log in", "device code", "any browser"]
    snap_of(fleet(), size, run_before=keys("ctrl+l"), must_contain=words)


@sizes
def test_login_with_a_key(snap_of: Snap, size: Size) -> None:
    """What is typed is never shown."""

    async def act(pilot: Pilot[Any]) -> None:
        await keys("ctrl+l", "right", "tab", *"sk-secret")(pilot)  # type: ignore[misc]
        assert "sk-secret" not in await settle(pilot)

    words = ["API key", "The key goes to the engine and nowhere else."]
    snap_of(fleet(), size, run_before=act, must_contain=words)


@sizes
def test_help(snap_of: Snap, size: Size) -> None:
    words = ["Keys and commands", "/agents"]
    app = stage(midway(), open_thread=DEMO)
    snap_of(app, size, run_before=keys("question_mark"), must_contain=words)


def found(app: CodexTui) -> Callable[[], bool]:
    """Whether the palette's search is over: until then it shows what it found for the
    letters before, or another row as chosen."""
    return lambda: all(worker.is_finished for worker in app.workers)


@sizes
def test_palette(snap_of: Snap, size: Size) -> None:
    app = stage(midway(), open_thread=DEMO)
    act = keys("ctrl+p", *"rena")
    snap_of(app, size, run_before=act, until=found(app), must_contain=["Rename"])


def test_palette_of_interrupting(snap_of: Snap) -> None:
    """One row of that name, which says all that it does; esc's own act has none."""
    app = stage(midway(), open_thread=DEMO)
    act = keys("ctrl+p", *"interr")
    words = ["the open thread at once; where agents work, asks"]
    snap_of(app, (80, 24), run_before=act, until=found(app), must_contain=words)
