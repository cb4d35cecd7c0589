"""/experimental: the long list, what was turned, old names, Smart Approvals."""

from __future__ import annotations

from tests.screens import control_scripts as cs
from tests.screens import scripts as s
from tests.screens.stage import Json, connected, keys, stage, told
from tests.snap import Size, Snap, sizes
from tui.app import CodexTui

FEATURES = (
    cs.feature(
        "prevent_idle_sleep",
        "beta",
        title="Prevent sleep while running",
        description="Keep your computer awake while Codex is running a thread.",
    ),
    cs.feature(
        "network_proxy",
        "beta",
        on=True,
        title="Network proxy",
        description="Apply network proxy restrictions to sandboxed sessions.",
    ),
    *(cs.feature(f"unfinished_{n:02}", "underDevelopment") for n in range(40)),
    cs.feature("guardian_approval", "stable", on=True, default=True),
    cs.feature("hooks", "stable", on=True, default=True),
    cs.feature("old_thing", "removed"),
)
USER: Json = {
    "approval_policy": "on-request",
    "sandbox_mode": "workspace-write",
    "features": {"network_proxy": True, "smart_approvals": True},
}


def app(
    *, limits: Json | None = None, features: tuple[Json, ...] = FEATURES
) -> CodexTui:
    thread = s.row("01a1-cache", "fix the parser cache", 30, "idle")
    script = [s.listed(thread), s.opened(thread)]
    replies = cs.controls(user=USER, features=features, limits=limits)
    return stage(connected(), told(*script), open_thread="01a1-cache", replies=replies)


@sizes
def test_a_long_list(snap_of: Snap, size: Size) -> None:
    words = ["Smart Approvals", "Prevent sleep", "Under development", "is not known"]
    snap_of(app(), size, run_before=keys("F"), must_contain=words)


@sizes
def test_turned_and_not_saved(snap_of: Snap, size: Size) -> None:
    words = ["off → on", "2 changed", "from the next thread"]
    act = keys("F", "space", "down", "down", "space")
    snap_of(app(), size, run_before=act, must_contain=words, each_anew=True)


@sizes
def test_filtered_and_held(snap_of: Snap, size: Size) -> None:
    it = app(limits=cs.DENY_FULL)
    words = ["hooks", "Your administrator holds this one on", "⊘ held on"]
    act = keys("F", "slash", *"hooks", "enter", "space")
    snap_of(it, size, run_before=act, must_contain=words)


@sizes
def test_hostile_features(snap_of: Snap, size: Size) -> None:
    evil = "[b]\u202egnip\x1b[31m\u4e2d\u6587" * 30
    features = (cs.feature(evil, "beta", title=evil, description=evil),)
    it = app(features=features)
    snap_of(it, size, run_before=keys("F", "end"), must_contain=["Experimental"])
