"""From /sandbox to what changes it: a root, a profile, trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from state.commands import StartThread
from state.events import Event, SandboxRefused, TurnContextRead, TurnStarted
from state.items import ThreadId, TurnId
from state.model import Sandbox, SandboxMode, Settings
from tests.clockwork import piloted
from tests.screens import scripts as s
from tests.screens.stage import CWD, Json, connected, keys, stage, told
from tests.screens.test_sandbox import USER, app, inspect, typed
from tests.snap import Size, Snap, screen_text, settle, sizes
from tui.app import CodexTui
from tui.differences import LARGEST, note


async def sent(
    it: CodexTui, *names: str, home: Path | None = None
) -> tuple[list[object], str]:
    """What is sent after these keys, and what stands on the screen then."""
    found: list[object] = []

    async def act(command: object) -> None:
        found.append(command)

    async with it.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        it.services.bridge.act = act  # type: ignore[method-assign,assignment]
        it.services.home = home
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


def _fleet(*more: Event, sandbox: Json = s.READ_ONLY) -> CodexTui:
    """A read-only thread and its agent, which was spawned with more."""
    root = s.row("01a1-cache", "fix the parser cache", 30, "active")
    kid = s.row(
        "01a1-kid",
        "",
        20,
        "active",
        parentThreadId="01a1-cache",
        source={
            "subAgent": {
                "thread_spawn": {
                    "parent_thread_id": "01a1-cache",
                    "depth": 1,
                    "agent_path": "/root/tester",
                }
            }
        },
    )
    told_so = told(s.listed(root, kid), s.opened(root, sandbox))
    return stage(connected(), told_so, more, open_thread="01a1-cache")


@sizes
def test_an_agents_follow_up_is_an_alarm(snap_of: Snap, size: Size) -> None:
    """Read-only by now, and asked once more: it goes on with what it was spawned with,
    which its rollout alone tells."""
    kid, turn = ThreadId("01a1-kid"), TurnId("t9")
    writes = Settings(sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE), cwd=CWD)
    it = _fleet(TurnStarted(kid, turn), TurnContextRead(kid, turn, writes))
    words = ["/root/tester still has workspace-write", "read-only"]
    snap_of(it, size, must_contain=words)


def test_a_forks_profile_is_an_alarm(snap_of: Snap) -> None:
    refused = SandboxRefused(ThreadId("01a1-cache"), "profile dev")
    words = ["asked for profile dev, in force", "read-only"]
    snap_of(_fleet(refused), (80, 24), must_contain=words)


def test_trust_lists_what_it_switches_on(snap_of: Snap) -> None:
    words = ["is trusted", "its settings: .codex/config.toml", "[Leave it]"]
    act = keys("i", *typed("/trust"), "enter")
    snap_of(app(), (120, 40), run_before=act, must_contain=words)


def test_trust_from_the_inspector(snap_of: Snap) -> None:
    act = inspect("T")
    snap_of(app(), (80, 24), run_before=act, must_contain=["Forget it", "Never trust"])


@pytest.mark.parametrize(
    ("asked", "answer", "said"),
    [
        # The kernel refuses what is foretold to be allowed.
        ("src/cache.rs", None, "write 'src/cache.rs' under workspaceWrite"),
        # A socket is made although the network is off.
        ("connect a.org", "", "connect 'a.org' under workspaceWrite"),
    ],
)
def test_a_disagreement_is_logged(
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    asked: str,
    answer: str | None,
    said: str,
) -> None:
    it = app() if answer is None else app(answer=answer)
    home = tmp_path / "state"
    _, text = piloted(sent(it, "i", *typed(asked), "enter", home=home))
    assert "prediction and run differ" in text
    file = home / "sandbox-differences.log"
    assert "noted in" in text
    [line] = file.read_text().splitlines()
    assert said in line and "0.169.0" in line
    assert file.stat().st_mode & 0o777 == 0o600
    [record] = [one for one in caplog.records if "differ" in one.message]
    assert record.levelname == "WARNING"
    assert said in record.message


def test_agreement_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    _, text = piloted(sent(app(), "i", *typed(".git/config"), "enter"))
    assert "prediction and run agree" in text
    assert not [one for one in caplog.records if "differ" in one.message]


def test_the_file_of_differences_stays_small(tmp_path: Path) -> None:
    for number in range(40):
        path = note(tmp_path, f"{number} \x1b[2J\u202e" + "x" * 20_000)
    text = path.read_text()
    assert len(text) < LARGEST + 50_000
    assert "UTC 39 " in text.splitlines()[-1]
    assert "UTC 0 " not in text
    assert "\x1b" not in text and "\u202e" not in text
