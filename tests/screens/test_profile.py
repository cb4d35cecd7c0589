"""/profile: entries with what they mean, faults, what saving writes, what is sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from state.changes import ConfigEdit, WriteConfig
from state.permissions.disk import Kind, Node
from state.permissions.draft import Draft, Line, draft_of
from state.permissions.explain import Answer, Approvals, Operation
from state.permissions.policy import Access, Host
from state.select.profile import Editing
from tests.clockwork import piloted
from tests.screens import control_scripts as cs
from tests.screens import scripts as s
from tests.screens.stage import (
    CWD,
    Json,
    SilentEngine,
    connected,
    keys,
    stage,
    told,
)
from tests.screens.test_sandbox import ADMIN, DEV, HOSTS, disk, public, typed
from tests.snap import Act, Size, Snap, screen_text, settle, sizes
from tui.app import CodexTui
from tui.screens.profile_desk import ENDLESS, Surroundings, lead_to, meant, predicted

USER = {"approval_policy": "on-request", "default_permissions": "dev"}
PROFILES = {"dev": DEV, "narrow": {"extends": ":read-only"}}


def app(
    profiles: dict[str, Any] | None = None, user: Json | None = None, **more: Any
) -> CodexTui:
    """A loaded thread, and profiles in the user's own file."""
    thread = s.row("01a1-cache", "fix the parser cache", 30, "idle")
    script = [s.listed(thread), s.opened(thread, s.WORKSPACE)]
    values = {**(USER if user is None else user)}
    values["permissions"] = PROFILES if profiles is None else profiles
    replies = cs.controls(user=values, **more)
    it = stage(connected(), told(*script), open_thread="01a1-cache", replies=replies)
    it.services.disk = disk
    return it


def edit(*then: str, name: str = "dev") -> Act:
    return keys("i", *typed(f"/profile {name}"), "enter", *then)


PROBE = ("i", *typed("docs/a"))


@sizes
def test_a_profile(snap_of: Snap, size: Size) -> None:
    words = ["◧ dev", "~/.ssh", "from :workspace", "saved", "two roots denied"]
    snap_of(app(), size, run_before=edit(), must_contain=words)


@sizes
def test_changed_and_probed(snap_of: Snap, size: Size) -> None:
    """An entry more open, one gone, an inherited one set apart; predicted as typed."""
    act = edit("down", "left", "down", "down", "x", *PROBE)
    words = ["not saved", "⊘ denied", "predicted", "~/cache"]
    snap_of(app(), size, run_before=act, must_contain=words)


HOSTED = {"dev": {**DEV, "network": HOSTS}}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_host_is_asked_of_the_managed_proxy(snap_of: Snap, size: Size) -> None:
    """As the inspector of a thread that runs under it would predict it."""
    act = edit("i", *typed("connect static.crates.io"), "enter")
    words = ["predicted", "allowed", "the managed proxy lets *.crates.io"]
    it = app(HOSTED, limits=ADMIN)
    it.services.names = public
    snap_of(it, size, run_before=act, must_contain=words)


@pytest.mark.parametrize(
    ("host", "network", "answer"),
    [
        ("pastebin.com", HOSTS, Answer.DENIED),
        ("docs.corp.example", HOSTS, Answer.ALLOWED),
        ("docs.corp.example", {"enabled": False}, Answer.ALLOWED),
        ("x.evil.example", {"domains": {"x.evil.example": "allow"}}, Answer.DENIED),
    ],
)
def test_hosts_of_a_draft(host: str, network: Json, answer: Answer) -> None:
    """The lists are those of the draft, not of what is saved; an administrator's are
    over them."""
    replies = cs.controls(user={**USER, "permissions": {"dev": DEV}}, limits=ADMIN)
    engine = SilentEngine(replies)
    found = asyncio.run(engine.controls(CWD))
    around = Surroundings(Host(home="/home/dev"), (CWD,), disk, found)
    draft = draft_of("dev", {**DEV, "network": network})
    told = meant(Editing(draft, {"dev": DEV}, {}, ()), around)
    lead = asyncio.run(lead_to(told, host, public, local=True))
    verdict = predicted(told, Operation.CONNECT, host, Approvals(), lead)
    assert (verdict.answer, verdict.proxied) == (answer, True)


def test_an_entry_is_explained(snap_of: Snap) -> None:
    act = edit("a", *typed(":root/opt"), "down", "right")
    words = ["Add an entry", "change everything in /opt", "at its top stay"]
    snap_of(app(), (120, 40), run_before=act, must_contain=words)


def test_an_entry_that_cannot_be_one(snap_of: Snap) -> None:
    act = edit("a", *typed("rel/x"), "enter")
    words = ["Add an entry", "A path must be absolute"]
    snap_of(app(), (80, 24), run_before=act, must_contain=words)


def test_what_saving_writes(snap_of: Snap) -> None:
    act = edit("x", "S")
    words = ["Save dev?", '- permissions.dev.filesystem."~/.ssh"', "config.toml"]
    snap_of(app(), (120, 40), run_before=act, must_contain=words)


def test_nothing_said_about_new_threads(snap_of: Snap) -> None:
    """Profiles without a default stop every thread: that is not saved."""
    it = app(user={"approval_policy": "on-request"})
    words = ["Choose what new threads start with", "[⊘ as now]"]
    snap_of(it, (120, 40), run_before=edit("x"), must_contain=words)


def test_a_profile_that_extends_itself(snap_of: Snap) -> None:
    loops = {"dev": {"extends": "dev", "filesystem": {"~/.aws": "deny"}}}
    words = ["in a circle: dev → dev", "[dev]"]
    snap_of(app(loops), (80, 24), run_before=edit("x"), must_contain=words)


def test_a_root_that_cannot_be_read(snap_of: Snap) -> None:
    shut = {
        "dev": {"extends": ":workspace", "filesystem": {":workspace_roots": "deny"}}
    }
    words = ["the engine starts no thread there"]
    snap_of(app(shut), (120, 40), run_before=edit("right", "left"), must_contain=words)


def test_hostile_names_are_text(snap_of: Snap) -> None:
    odd = {
        "de[b]v\u202e": {
            "description": "[red]\x1b[31m 🦀 漢字",
            "filesystem": {"/a\u202eb/[i]": "read", "/" + "x" * 300: "deny"},
        }
    }
    words = ["‹U+202E›", "[red]", "漢字"]
    snap_of(app(odd), (120, 40), run_before=edit(name="x"), must_contain=words)


async def sent(
    *names: str, profiles: dict[str, Any] | None = None
) -> list[WriteConfig]:
    """What is sent after these keys."""
    it = app(profiles)
    written: list[WriteConfig] = []

    async def act(command: object) -> None:
        if isinstance(command, WriteConfig):
            written.append(command)

    async with it.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        it.services.bridge.act = act  # type: ignore[method-assign,assignment]
        for name in ("i", *typed("/profile dev"), "enter", *names):
            await pilot.press(name)
            await settle(pilot)
        await pilot.pause()
    return written


def test_saving_is_one_write() -> None:
    [written] = piloted(sent("x", "S", "right", "enter"))
    assert written.edits == (ConfigEdit('permissions.dev.filesystem."~/.ssh"', None),)
    assert (written.profile, written.project) == ("dev", None)


def test_nothing_is_written_without_a_yes() -> None:
    assert piloted(sent("x", "S", "enter")) == []
    assert piloted(sent("x", "S", "escape")) == []
    assert piloted(sent("S", "right", "enter")) == []


def test_a_new_profile_with_its_default() -> None:
    """The first profile is named at once; it begins as workspace-write."""
    names = typed("mine")
    keys = ("enter", "a", *typed("/srv"), "enter", "shift+tab", "right", "S", "right")
    [written] = piloted(sent(*names, *keys, "enter", profiles={}))
    assert written.edits == (
        ConfigEdit("permissions.mine.extends", ":workspace"),
        ConfigEdit('permissions.mine.filesystem."/srv"', "read"),
        ConfigEdit("default_permissions", "mine"),
    )


async def _saved() -> tuple[str, str]:
    """The screen of a new profile, and after it was saved."""
    it = app(profiles={})
    async with it.run_test(size=(120, 40)) as pilot:
        await settle(pilot)

        async def act(_command: object) -> None:
            user = {**USER, "permissions": {"mine": {"extends": ":workspace"}}}
            engine = it.services.engine
            assert isinstance(engine, SilentEngine)
            engine.replies.update(cs.controls(user=user))

        it.services.bridge.act = act  # type: ignore[method-assign,assignment]
        for name in ("i", *typed("/profile"), "enter", *typed("mine"), "enter"):
            await pilot.press(name)
            await settle(pilot)
        before = screen_text(it)
        for name in ("S", "right", "enter"):
            await pilot.press(name)
            await settle(pilot)
        return before, screen_text(it)


def test_what_is_saved_is_new_no_more() -> None:
    before, after = piloted(_saved())

    def new(text: str) -> bool:
        return any(row.rstrip().endswith(" new") for row in text.splitlines())

    assert "not saved" in before and new(before)
    assert "not saved" not in after and not new(after), after


class Endless:
    """A disk whose folders never end."""

    def node(self, path: str) -> Node | None:
        del path
        return Node(Kind.FOLDER)

    def target(self, path: str) -> str:
        return path

    def text(self, path: str) -> str:
        return path[:0]

    def names(self, path: str) -> tuple[str, ...]:
        return () if path == "/" else ("again", "and")


def test_a_denied_pattern_without_an_end_is_said_and_not_waited_for() -> None:
    draft = Draft(
        "dev",
        lines=(Line(":root", Access.READ), Line("/srv/**/*.key", Access.DENY)),
    )
    around = Surroundings(Host(home="/home/dev"), (CWD,), Endless)
    told = meant(Editing(draft, {}, {}, ()), around)
    assert told.why == ENDLESS.format("/srv/**/*.key")
    assert told.box is None
