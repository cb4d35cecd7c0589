"""/approvals: each preset, profiles, what is not allowed, and what a choice changes."""

from __future__ import annotations

from typing import Any

from state.events import Event, SandboxProbed
from tests.screens import control_scripts as cs
from tests.screens import scripts as s
from tests.screens.stage import CWD, Json, connected, keys, stage, told
from tests.snap import Size, Snap, sizes
from tui.app import CodexTui

ASKING = {"approval_policy": "on-request", "sandbox_mode": "workspace-write"}
PROFILES = (
    cs.profile("dev", "two roots denied, github.com allowed"),
    cs.profile("ci", None, allowed=False),
)
NETWORK: Json = {
    **s.WORKSPACE,
    "networkAccess": True,
    "writableRoots": ["/opt/cache"],
    "excludeSlashTmp": True,
}
GRANULAR = {
    "granular": {
        "sandbox_approval": True,
        "rules": True,
        "skill_approval": False,
        "request_permissions": False,
        "mcp_elicitations": True,
    }
}


def app(
    *more: Json | Event,
    sandbox: Json = s.WORKSPACE,
    replies: dict[str, Json] | None = None,
    opened: dict[str, Any] | None = None,
) -> CodexTui:
    """A loaded thread, and an engine that tells its configuration."""
    thread = s.row("01a1-cache", "fix the parser cache", 30, "idle")
    script = [
        s.listed(thread),
        s.opened(thread, sandbox, **(opened or {})),
        *(one for one in more if isinstance(one, dict)),
    ]
    events = [one for one in more if not isinstance(one, dict)]
    known = replies or cs.controls(user=ASKING)
    return stage(
        *(connected(), told(*script), events),
        open_thread="01a1-cache",
        replies=known,
    )


def profiled(key: str) -> dict[str, Any]:
    """A thread that a profile holds."""
    return {"activePermissionProfile": {"id": key, "extends": None}}


@sizes
def test_ask_for_approval(snap_of: Snap, size: Size) -> None:
    words = ["Ask for approval", "✓ current", "[on request]", "[you]", "[this thread]"]
    snap_of(app(), size, run_before=keys("P"), must_contain=words)


@sizes
def test_another_preset(snap_of: Snap, size: Size) -> None:
    """The cursor on a preset: its settings stand below, now and after."""
    words = ["you → auto-review", "[auto-review]", "from its next turn on"]
    snap_of(app(), size, run_before=keys("P", "down"), must_contain=words)


@sizes
def test_full_access(snap_of: Snap, size: Size) -> None:
    words = ["workspace-write → full access", "asks a second time"]
    snap_of(app(), size, run_before=keys("P", "4"), must_contain=words)


@sizes
def test_full_access_asks_again(snap_of: Snap, size: Size) -> None:
    words = ["Enable full access?", "[Cancel]", "Yes, continue anyway"]
    snap_of(app(), size, run_before=keys("P", "4", "enter"), must_contain=words)


@sizes
def test_read_only_now(snap_of: Snap, size: Size) -> None:
    replies = cs.controls(trusted=False)
    words = ["□ Read Only", "✓ current", "the engine's default"]
    it = app(sandbox=s.READ_ONLY, replies=replies, opened=profiled(":read-only"))
    snap_of(it, size, run_before=keys("P"), must_contain=words)


@sizes
def test_what_a_preset_drops(snap_of: Snap, size: Size) -> None:
    """Network on, /tmp excluded: no preset says so, so none is current."""
    words = ["Custom", "Network access, which is on now, goes off", "/tmp, excluded"]
    it = app(sandbox=NETWORK)
    snap_of(it, size, run_before=keys("P", "2"), must_contain=words)


@sizes
def test_profiles_and_granular(snap_of: Snap, size: Size) -> None:
    replies = cs.controls(user=ASKING, profiles=PROFILES)
    words = ["dev", "not allowed", "[granular]", "✓ sandbox", "– skills", "⊘ ci"]
    words.append("switched off is refused")
    it = app(
        replies=replies, opened={**profiled("dev"), "approvalPolicy": dict(GRANULAR)}
    )
    act = keys("P", "tab", "tab", "right", "right")
    snap_of(it, size, run_before=act, must_contain=words)


@sizes
def test_an_administrator(snap_of: Snap, size: Size) -> None:
    """What is not allowed is shown as such, and cannot be chosen."""
    replies = cs.controls(user=ASKING, limits=cs.DENY_FULL)
    words = ["⊘ not allowed", "Your administrator does not allow", "full access"]
    words += ["⊘ untrusted", "network managed", "the administrator's proxy"]
    it = app(SandboxProbed(None, proxied=True), replies=replies)
    snap_of(it, size, run_before=keys("P", "4", "enter"), must_contain=words)


@sizes
def test_a_turn_runs_under_something_else(snap_of: Snap, size: Size) -> None:
    """Set while it ran: the running turn, the next one and new threads differ."""
    changed = s.settings("01a1-cache", s.READ_ONLY, approvalsReviewer="auto_review")
    it = app(*s.began("01a1-cache", "t1"), changed)
    words = ["Running turn", "as it began", "Next turn", "set for this thread"]
    words += ["New threads", "[this turn]"]
    act = keys("P", "tab", "tab", "tab", "tab", "left", "left")
    snap_of(it, size, run_before=act, must_contain=words)


@sizes
def test_my_default(snap_of: Snap, size: Size) -> None:
    """The scope decides what is compared and where it is written."""
    user = {
        **ASKING,
        "sandbox_workspace_write": {
            "network_access": True,
            "writable_roots": ["/opt/cache"],
        },
    }
    it = app(replies=cs.controls(user=user, project={"approval_policy": "never"}))
    words = ["[my default]", "config.toml", "stop to count"]
    act = keys("P", "3", *["tab"] * 4, "right", "right")
    snap_of(it, size, run_before=act, must_contain=words)


@sizes
def test_hostile_profiles(snap_of: Snap, size: Size) -> None:
    evil = "[red]evil\u202eprofile\x1b]0;gone\x07"
    replies = cs.controls(user=ASKING, profiles=(cs.profile(evil, evil * 3),))
    words = ["U+202E"]
    it = app(replies=replies)
    snap_of(it, size, run_before=keys("P", "5"), must_contain=words)


@sizes
def test_broken_configuration(snap_of: Snap, size: Size) -> None:
    replies = cs.controls(user=ASKING)
    del replies["config/read"]
    words = ["the configuration is broken", "cannot read its", "⊘ my default"]
    snap_of(app(replies=replies), size, run_before=keys("P"), must_contain=words)


@sizes
def test_a_long_title(snap_of: Snap, size: Size) -> None:
    """The question stays whole, whatever the thread is called."""
    name = "The strict test of the parser cache fails. Find out why and fix it. " * 3
    thread = s.row("01a1-cache", name, 30, "idle")
    script = told(s.listed(thread), s.opened(thread))
    replies = cs.controls(user=ASKING)
    it = stage(connected(), script, open_thread="01a1-cache", replies=replies)
    words = ["What may Codex do? /approvals", "The strict test", "· /root"]
    snap_of(it, size, run_before=keys("P"), must_contain=words)


def test_plain(snap_of: Snap) -> None:
    it = app()
    it.services.plain = True
    it.look = type(it.look)(plain=True, still=True)
    words = ["1 on request", "Applies to"]
    snap_of(it, (80, 24), run_before=keys("P", "down"), must_contain=words)


def test_the_folder_is_asked_about() -> None:
    """The scripts of this module are of the same folder as the thread."""
    assert s.row("x", None, 1)["cwd"] == CWD
