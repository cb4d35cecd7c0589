"""From /sandbox to what changes it: a root, a profile, trust."""

from __future__ import annotations

from state.commands import StartThread
from tests.clockwork import piloted
from tests.screens.stage import CWD, keys
from tests.screens.test_sandbox import USER, app, inspect, typed
from tests.snap import Snap, screen_text, settle
from tui.app import CodexTui


async def sent(it: CodexTui, *names: str) -> tuple[list[object], str]:
    """What is sent after these keys, and what stands on the screen then."""
    found: list[object] = []

    async def act(command: object) -> None:
        found.append(command)

    async with it.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        it.services.bridge.act = act  # type: ignore[method-assign,assignment]
        for name in ("colon", *"sandbox", "enter", *names):
            await pilot.press(name)
            await settle(pilot)
        return found, screen_text(it)


def test_starting_again_with_a_root() -> None:
    """W in a thread that may write nowhere: a new one, with its folder as root."""
    it = app(opened={"runtimeWorkspaceRoots": []})
    found, _ = piloted(sent(it, "W", "right", "enter"))
    [start] = [one for one in found if isinstance(one, StartThread)]
    assert (start.cwd, start.sandbox, start.text) == (CWD, "workspace-write", "")


def test_starting_again_asks_first() -> None:
    it = app(opened={"runtimeWorkspaceRoots": []})
    found, text = piloted(sent(it, "W"))
    assert found == []
    assert "Start again with a root?" in text
    it = app(opened={"runtimeWorkspaceRoots": []})
    assert piloted(sent(it, "W", "enter"))[0] == []


def test_the_profile_that_holds_is_edited() -> None:
    user = {**USER, "permissions": {"dev": {"extends": ":workspace"}}}
    opened = {"activePermissionProfile": {"id": "dev", "extends": ":workspace"}}
    _, text = piloted(sent(app(user=user, opened=opened), "E"))
    assert "Permission profile /profile" in text
    assert "[dev]" in text


def test_trust_lists_what_it_switches_on(snap_of: Snap) -> None:
    words = ["is trusted", "its settings: .codex/config.toml", "[Leave it]"]
    act = keys("i", *typed("/trust"), "enter")
    snap_of(app(), (120, 40), run_before=act, must_contain=words)


def test_trust_from_the_inspector(snap_of: Snap) -> None:
    act = inspect("T")
    snap_of(app(), (80, 24), run_before=act, must_contain=["Forget it", "Never trust"])
