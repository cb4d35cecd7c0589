"""/sandbox: what holds, root by root; the probe; what is wrong, and said."""

from __future__ import annotations

import json
from typing import Any

from state.events import (
    ConfigWarned,
    Event,
    ReviewAsked,
    ReviewDecided,
    ReviewResolved,
    ReviewSent,
    SandboxProbed,
)
from state.items import ThreadId
from state.permissions.disk import Disk, Kind, Node
from state.permissions.hosts import Lead
from state.reviews import Decision
from tests.sandbox.trees import MemoryDisk, Tree
from tests.screens import control_scripts as cs
from tests.screens import scripts as s
from tests.screens.stage import (
    CWD,
    NOW,
    Json,
    SilentEngine,
    connected,
    keys,
    stage,
    told,
)
from tests.snap import Act, Size, Snap, sizes
from tui.app import CodexTui

TREE = Tree("/home/dev", uid=1000, gid=1000)
TREE.file(f"{CWD}/.git/HEAD")
TREE.file(f"{CWD}/.codex/config.toml")
TREE.file(f"{CWD}/src/cache.rs")
TREE.file(f"{CWD}/.env")
TREE.link("/home/dev/cache", "/home/dev/big/cache")
TREE.file("/home/dev/big/cache/a")
TREE.file("/home/dev/.ssh/id_rsa")
TREE.file("/srv/cache/a")
TREE.file("/home/dev/odd\udcffname/a")

USER = {"approval_policy": "on-request", "sandbox_mode": "workspace-write"}
DEV = {
    "description": "two roots denied",
    "extends": ":workspace",
    "filesystem": {
        "~/.ssh": "deny",
        "~/cache": "write",
        ":workspace_roots": {"**/.env": "deny", "docs": "read"},
        ":future": "write",
    },
}
DENIED = f"no - probe: 36: cannot create {CWD}/.git/config: Read-only file system"


def disk() -> Disk:
    return MemoryDisk(
        TREE,
        more={
            "/tmp": Node(Kind.FOLDER, 0o1777),
            "/var/tmp/dev": Node(Kind.FOLDER, uid=1000),
        },
    )


def app(
    *more: Json,
    sandbox: Json = s.WORKSPACE,
    user: Json | None = None,
    opened: dict[str, Any] | None = None,
    answer: str = DENIED,
    status: str = "idle",
    events: tuple[Event, ...] = (),
    limits: Json | None = None,
    features: tuple[Json, ...] = (),
) -> CodexTui:
    """A loaded thread, an engine that tells its configuration, and a disk."""
    thread = s.row("01a1-cache", "fix the parser cache", 30, status)
    script = [s.listed(thread), s.opened(thread, sandbox, **(opened or {})), *more]
    replies = cs.controls(user=user or USER, limits=limits, features=features)
    replies["command/exec"] = {"exitCode": 0, "stdout": f"{answer}\n", "stderr": answer}
    it = stage(
        connected(),
        told(*script),
        events,
        open_thread="01a1-cache",
        replies=replies,
    )
    it.services.disk = disk
    it.services.names = public
    return it


async def public(_host: str) -> Lead:
    """Every name leads somewhere."""
    return Lead.PUBLIC


def inspect(*then: str) -> Act:
    return keys("colon", *"sandbox", "enter", *then)


def typed(text: str) -> list[str]:
    names = {"/": "slash", ".": "full_stop", "~": "tilde", " ": "space", "-": "minus"}
    return [names.get(char, char) for char in text]


PROFILE = {"activePermissionProfile": {"id": "dev", "extends": ":workspace"}}


@sizes
def test_workspace_write(snap_of: Snap, size: Size) -> None:
    words = [
        "◧ workspace-write",
        "reads everything",
        ".git",
        "protected inside",
        "/tmp",
    ]
    snap_of(app(), size, run_before=inspect(), must_contain=words)


@sizes
def test_probe(snap_of: Snap, size: Size) -> None:
    act = inspect("i", *typed(".git/config"), "enter")
    words = ["predicted", "⊘ denied", "real", "to allow it"]
    snap_of(app(), size, run_before=act, must_contain=words)


@sizes
def test_differs(snap_of: Snap, size: Size) -> None:
    """It never should; if it does, it is loud."""
    act = inspect("i", *typed("src/cache.rs"), "enter")
    snap_of(app(), size, run_before=act, must_contain=["prediction and run differ"])


@sizes
def test_profile(snap_of: Snap, size: Size) -> None:
    user = {**USER, "default_permissions": "dev", "permissions": {"dev": DEV}}
    it = app(user=user, opened=PROFILE)
    words = ["profile dev", ":future is not known"]
    snap_of(it, size, run_before=inspect(), must_contain=words)


@sizes
def test_full_access(snap_of: Snap, size: Size) -> None:
    act = inspect("i", *typed("/etc/hosts"), "enter")
    words = ["FULL ACCESS", "reads and writes everything", "not probed"]
    snap_of(
        app(sandbox={"type": "dangerFullAccess"}),
        size,
        run_before=act,
        must_contain=words,
    )


HOSTS = {
    "enabled": True,
    "domains": {"crates.io": "allow", "*.crates.io": "allow", "pastebin.com": "deny"},
}
ADMIN = {
    "network": {
        "enabled": True,
        "allowLocalBinding": False,
        "domains": {"**.corp.example": "allow", "*.evil.example": "deny"},
        "reviewDomains": ["pypi.org"],
    }
}


def proxied(**more: Any) -> CodexTui:
    dev = {**DEV, "network": HOSTS}
    user = {**USER, "default_permissions": "dev", "permissions": {"dev": dev}}
    if more.get("features"):
        user["features"] = {"network_proxy": True}
    return app(user=user, opened=PROFILE, **more)


@sizes
def test_managed_proxy(snap_of: Snap, size: Size) -> None:
    """What stands between commands and the network, host by host; and a connection
    that is asked of it."""
    told_so = (SandboxProbed(None, proxied=True),)
    it = proxied(limits=ADMIN, answer="proxy: HTTP/1.1 200 OK", events=told_so)
    act = inspect("end", "i", *typed("connect static.crates.io"), "enter")
    words = ["*.crates.io", "network managed", "let it through", "and run agree"]
    snap_of(it, size, run_before=act, must_contain=words)


def test_managed_proxy_differs(snap_of: Snap) -> None:
    """The feature's proxy refuses what it should let through."""
    refused = "proxy: HTTP/1.1 403 Forbidden\nDomain not in allowlist."
    features = (cs.feature("network_proxy", "beta", on=True),)
    it = proxied(features=features, answer=refused)
    act = inspect("i", *typed("connect crates.io"), "enter")
    words = ["a managed proxy to 2 hosts", "prediction and run differ"]
    snap_of(it, (120, 40), run_before=act, must_contain=words)


def test_managed_proxy_of_a_loaded_thread(snap_of: Snap) -> None:
    """A legacy sandbox under the feature: it depends on how the thread was loaded."""
    table = {"enabled": True, "domains": {"crates.io": "allow"}}
    user = {**USER, "features": {"network_proxy": table}}
    features = (cs.feature("network_proxy", "beta", on=True),)
    it = app(user=user, features=features)
    act = inspect("i", *typed("connect crates.io"), "enter")
    words = ["depends on how it was loaded", "unknown", "not probed"]
    snap_of(it, (120, 40), run_before=act, must_contain=words)


def test_session_grants(snap_of: Snap) -> None:
    """What an agent asked for and was given stands beside the roots."""
    wanted = {"fileSystem": {"write": ["/srv/cache"]}, "network": {"enabled": True}}
    ask = s.asks(
        "item/permissions/requestApproval",
        threadId="01a1-cache",
        reason="why",
        cwd=CWD,
        permissions=wanted,
    )
    answer = {"permissions": wanted, "scope": "session"}
    decision = Decision("a", "for the session", json.dumps(answer), broad=True)
    asked = told(*s.began("01a1-cache", "t1"), ask)
    [review] = [one.review for one in asked if isinstance(one, ReviewAsked)]
    thread_id = ThreadId("01a1-cache")
    it = app(
        events=(
            *asked,
            ReviewDecided(thread_id, review.key, decision, NOW),
            ReviewSent(thread_id, review.key, NOW),
            ReviewResolved(thread_id, review.key, NOW),
        )
    )
    words = ["/srv/cache", "session grant", "with network"]
    snap_of(it, (120, 40), run_before=inspect(), must_contain=words)


@sizes
def test_no_root(snap_of: Snap, size: Size) -> None:
    """As engines tell it: the temporary folders are all that is listed then."""
    listed = {**s.WORKSPACE, "writableRoots": ["/tmp", "/home/dev/tmp"]}
    it = app(sandbox=listed, opened={"runtimeWorkspaceRoots": []})
    words = ["Nothing of the workspace is writable", "W starts it again"]
    snap_of(it, size, run_before=inspect(), must_contain=words)


@sizes
def test_a_sandbox_that_does_not_start(snap_of: Snap, size: Size) -> None:
    """A missing writable root inside the workspace: every command would fail."""
    sandbox = {**s.WORKSPACE, "writableRoots": [f"{CWD}/not/there"]}
    words = ["no command runs in this sandbox", "missing folder"]
    snap_of(app(sandbox=sandbox), size, run_before=inspect(), must_contain=words)


@sizes
def test_turn_and_next(snap_of: Snap, size: Size) -> None:
    changed = s.settings("01a1-cache", s.READ_ONLY)
    it = app(*s.began("01a1-cache", "t1"), changed)
    words = ["◧ workspace-write", "read-only from the next turn"]
    snap_of(it, size, run_before=inspect(), must_contain=words)


@sizes
def test_a_profile_that_extends_itself(snap_of: Snap, size: Size) -> None:
    user = {**USER, "permissions": {"dev": {"extends": "dev"}}}
    it = app(user=user, opened=PROFILE)
    snap_of(it, size, run_before=inspect(), must_contain=["circle", "dev → dev"])


@sizes
def test_a_broken_configuration(snap_of: Snap, size: Size) -> None:
    """What is wrong, and where: file, line, column."""
    file = "/home/dev/.codex/config.toml, line 7, column 17"
    why = "unclosed table, expected `]`"
    text = f"Invalid configuration; using defaults.\n{why}\n{file}"
    it = app(events=(ConfigWarned(text),))
    engine = it.services.engine
    assert isinstance(engine, SilentEngine)
    del engine.replies["config/read"]
    words = ["unclosed table", "line 7, column 17", "No thread starts or resumes"]
    snap_of(it, size, run_before=inspect(), must_contain=words)


@sizes
def test_many_roots(snap_of: Snap, size: Size) -> None:
    roots = [f"/home/dev/r{i}" for i in range(300)]
    it = app(sandbox={**s.WORKSPACE, "writableRoots": roots})
    snap_of(it, size, run_before=inspect(), must_contain=["Roots 306"])


@sizes
def test_hostile_paths(snap_of: Snap, size: Size) -> None:
    roots = ["/home/dev/[red]x\u202e", "/home/dev/\x1b]0;gone\x07"]
    it = app(sandbox={**s.WORKSPACE, "writableRoots": roots})
    snap_of(it, size, run_before=inspect(), must_contain=["[red]", "U+202E"])


def test_plain(snap_of: Snap) -> None:
    it = app()
    it.services.plain = True
    it.look = type(it.look)(plain=True, still=True)
    snap_of(it, (80, 24), run_before=inspect(), must_contain=["workspace-write"])


def test_light(snap_of: Snap) -> None:
    it = app()
    it.theme = "paper"
    snap_of(it, (120, 40), run_before=inspect(), must_contain=["workspace-write"])
