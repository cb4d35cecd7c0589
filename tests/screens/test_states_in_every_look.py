"""The states that alarm, and the first one anybody sees, in every look there is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from state.events import SandboxRefused
from state.items import ThreadId
from state.model import EnginePhase, SandboxMode
from tests.screens import scripts as s
from tests.screens.stage import DEMO, connected, engine, keys, stage, told
from tests.screens.test_fleet import asking
from tests.screens.test_fleet_states import (
    NO_CODEX,
    UNTRUSTED,
    account,
    gone,
    hostile_text,
    loading,
    waited,
    working,
)
from tests.screens.test_plain import plain
from tests.snap import Size, Snap
from tui.app import CodexTui

NORMAL, LOW = (120, 40), (80, 24)


def first_start(theme: str) -> CodexTui:
    return stage(says=connected(), replies=UNTRUSTED, theme=theme)


def full_access(theme: str) -> CodexTui:
    danger = working(sandbox=s.FULL_ACCESS, approvalPolicy="never")
    return stage(danger, open_thread=s.PORT, theme=theme)


def alarm(theme: str) -> CodexTui:
    """More was asked for than the engine put in force."""
    refused = SandboxRefused(ThreadId(s.PORT), SandboxMode.WORKSPACE_WRITE)
    told_so = working(sandbox=s.READ_ONLY)
    return stage(told_so, [refused], open_thread=s.PORT, theme=theme)


def engine_gone(theme: str) -> CodexTui:
    events = (asking(), told(*s.fleet()), [gone()])
    return stage(*events, open_thread=DEMO, theme=theme)


def no_engine(theme: str) -> CodexTui:
    return stage([engine(EnginePhase.MISSING, sentence=NO_CODEX)], theme=theme)


def not_logged_in(theme: str) -> CodexTui:
    known = (connected(), told(account(None), *s.fleet()))
    return stage(*known, open_thread=s.AUTH, theme=theme)


STATES: dict[str, tuple[Callable[[str], CodexTui], list[str]]] = {
    "first-start": (first_start, ["No threads yet.", "read-only"]),
    "full-access": (full_access, ["FULL ACCESS", "never asks"]),
    "alarm": (alarm, ["asked for workspace-write, in force", "read-only"]),
    "hostile": (hostile_text, ["[/foo]", "日本語", "The end of it."]),
    "loading": (loading, ["upgrade textual", "Reading the thread …"]),
    "no-engine": (no_engine, ["No codex found.", "codex-tui demo"]),
    "no-login": (not_logged_in, ["Not logged in", "log in"]),
    "engine-gone": (engine_gone, ["engine gone", "last known", "Its last lines:"]),
}


@pytest.mark.parametrize("look", ["paper", "codex-ansi", "plain"])
@pytest.mark.parametrize("state", STATES)
def test_state(snap_of: Snap, state: str, look: str) -> None:
    make, words = STATES[state]
    app = plain(make("ink")) if look == "plain" else make(look)
    act = waited(40) if state == "loading" else None
    snap_of(app, NORMAL, run_before=act, until=words[-1], must_contain=words)


@pytest.mark.parametrize("size", [LOW, NORMAL], ids=["80x24", "120x40"])
def test_alarm(snap_of: Snap, size: Size) -> None:
    words = ["asked for workspace-write, in force", "read-only"]
    snap_of(alarm("ink"), size, run_before=keys("2"), must_contain=words)
