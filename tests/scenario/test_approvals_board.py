"""/approvals as a person uses it; the oracle is the bytes at the fake engine."""

from __future__ import annotations

from typing import Any

import pytest

from state import approvals as a
from tests.driver import NARROW, Driver, drive
from tests.fakes import FakeEngine, Refused, sandbox, turn_row
from tests.screens import control_scripts as cs

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

Json = dict[str, Any]
ONE = "thread-one"
PROFILES = (cs.profile("dev", "narrow"), cs.profile("ci", allowed=False))


def prepare(engine: FakeEngine) -> None:
    engine.add("one", status={"type": "idle"})
    engine.trusted = True
    known = cs.controls(profiles=PROFILES)
    engine.replies["configRequirements/read"] = lambda _: {"requirements": None}
    engine.replies["permissionProfile/list"] = lambda _: known["permissionProfile/list"]
    engine.replies["experimentalFeature/list"] = lambda _: {"data": []}
    engine.replies["thread/settings/update"] = lambda p: updated(engine, p)
    engine.replies["turn/settings/update"] = lambda _: {"status": "applied"}


def updated(engine: FakeEngine, params: Json) -> Json:
    """The engine tells everybody what it was told."""
    kinds = {":read-only": "readOnly", ":danger-full-access": "dangerFullAccess"}
    profile = params.get("permissions")
    settings = {
        "cwd": "/home/dev/work",
        "model": "mock-model",
        "modelProvider": "mock",
        "effort": None,
        "approvalPolicy": params.get("approvalPolicy", "on-request"),
        "approvalsReviewer": params.get("approvalsReviewer", "user"),
        "sandboxPolicy": params.get("sandboxPolicy")
        or sandbox(kinds.get(str(profile), "workspaceWrite")),
        "activePermissionProfile": {"id": profile, "extends": None}
        if profile
        else None,
    }
    engine.notify(
        "thread/settings/updated", threadId=params["threadId"], threadSettings=settings
    )
    return {}


UPDATE = "thread/settings/update"


def test_a_preset_sends_its_exact_values() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("P")
        assert driver.dialog == "ApprovalsBoard"
        driver.sees("✓ current", "Ask for approval")
        await driver.press("down")
        driver.sees("you → auto-review")
        assert driver.engine.calls(UPDATE) == []
        await driver.press("enter")
        assert driver.engine.calls(UPDATE) == [
            {
                "threadId": ONE,
                "approvalPolicy": "on-request",
                "approvalsReviewer": "auto_review",
                "permissions": ":workspace",
            }
        ]
        driver.sees("Permissions updated to Approve for me", "asks auto-review")
        await driver.press("escape")
        assert driver.dialog == ""

    drive(play, prepare=prepare)


def test_full_access_takes_a_second_yes() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("P", "4", "enter")
        assert driver.dialog == "Ask"
        await driver.press("enter")  # the harmless answer is the first
        assert driver.engine.calls(UPDATE) == []
        await driver.press("enter", "right", "enter")
        assert driver.engine.calls(UPDATE)[-1]["permissions"] == ":danger-full-access"
        driver.sees("FULL ACCESS")

    drive(play, prepare=prepare)


def test_a_new_thread_with_full_access_takes_a_second_yes() -> None:
    """A no leads back to the form, with all that was filled in but the sandbox."""

    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("n")
        form: Any = driver.app.screen
        form.cwd.value = "/"
        full = ("tab", "tab", "right")
        await driver.press("tab", *"gpt", *full)
        driver.sees("[full access]")
        await driver.press("enter")
        driver.sees("Enable full access?", "applies to the new thread")
        await driver.press("enter")  # the harmless answer is the first
        driver.sees("New thread", "gpt", "[workspace-write]")
        assert driver.engine.calls("thread/start") == []
        await driver.press("tab", *full, "enter", "right", "enter")
        driver.sees("Trust this folder?")
        await driver.press("right", "right", "enter")
        sent = driver.engine.calls("thread/start")[-1]
        told = (sent["cwd"], sent["sandbox"], sent["model"])
        assert told == ("/", "danger-full-access", "gpt")

    drive(play, prepare=prepare)


def test_one_setting_apart_leaves_the_sandbox_alone() -> None:
    """What no preset says stays: network on, and the reviewer alone changes."""

    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        network = {**sandbox(), "networkAccess": True}
        updated(driver.engine, {"threadId": ONE, "sandboxPolicy": network})
        await driver.press("P")
        driver.sees("Custom", "network on")
        await driver.press("tab", "tab", "right", "enter")
        sent = driver.engine.calls(UPDATE)[-1]
        assert sent["approvalsReviewer"] == "auto_review"
        assert "permissions" not in sent
        assert "sandboxPolicy" not in sent

    drive(play, prepare=prepare)


def test_granular_switches_go_as_they_stand() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("P", "tab", "right", "right", "tab", "right", "space")
        driver.sees("– rules", "✓ sandbox")
        await driver.press("enter")
        policy = driver.engine.calls(UPDATE)[-1]["approvalPolicy"]["granular"]
        assert policy == {
            "sandbox_approval": True,
            "rules": False,
            "skill_approval": True,
            "request_permissions": True,
            "mcp_elicitations": True,
        }

    drive(play, prepare=prepare)


def test_the_running_turn_changes_only_its_reviewer() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        driver.engine.start_turn(ONE, "t1")
        await driver.press("P", "3", *["tab"] * 4, "left", "left")
        driver.sees("[this turn]", "from its next step on")
        await driver.press("enter")
        assert driver.engine.calls(UPDATE) == []
        assert driver.engine.calls("turn/settings/update") == [
            {"threadId": ONE, "turnId": "t1", "approvalsReviewer": "auto_review"}
        ]
        driver.sees("Running turn", "asks auto-review", "asks you")

    drive(play, prepare=prepare)


def test_the_next_turn_alone_and_back() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("P", "1", *["tab"] * 4, "left", "enter")
        assert driver.engine.calls(UPDATE)[-1]["permissions"] == ":read-only"
        driver.sees("for the next turn alone")
        driver.sees("Next turn", "for that turn alone", "After it", "put back then")
        before = len(driver.engine.calls(UPDATE))
        driver.engine.start_turn(ONE, "t1")
        await driver.idle()
        back = driver.engine.calls(UPDATE)[before:]
        assert [b["sandboxPolicy"]["type"] for b in back] == ["workspaceWrite"]
        assert back[0]["approvalPolicy"] == "on-request"
        driver.sees("Running turn", "read-only", "workspace-write")
        driver.sees_not("for that turn alone", "After it")
        driver.engine.end_turn(ONE, "t1")
        driver.engine.start_turn(ONE, "t2")
        await driver.idle()
        assert len(driver.engine.calls(UPDATE)) == before + 1

    drive(play, prepare=prepare)


def test_what_counted_for_the_next_turn_can_stay_or_go() -> None:
    """The thread's own choice ends it: kept for good, nothing is put back; the choice
    of what the thread has anyway takes it back at once."""

    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        once = ("P", "1", *["tab"] * 4, "left", "enter")
        await driver.press(*once)
        driver.sees("After it")
        await driver.press("right")  # this thread
        driver.sees("[this thread]", "is taken back")
        driver.sees_not("already")
        await driver.press("shift+tab", "left", "enter")
        driver.sees_not("After it", "taken back")
        before = len(driver.engine.calls(UPDATE))
        assert driver.engine.calls(UPDATE)[-1]["permissions"] == ":read-only"
        driver.engine.start_turn(ONE, "t1")
        await driver.idle()
        driver.engine.end_turn(ONE, "t1")
        await driver.idle()
        assert len(driver.engine.calls(UPDATE)) == before  # It stays.

        await driver.press("escape", "P", "3", *["tab"] * 4, "left", "enter")
        driver.sees("After it")
        await driver.press(*["shift+tab"] * 4, "1", "enter")
        driver.sees_not("After it")
        driver.sees("The next turn runs as the thread is set")
        before = len(driver.engine.calls(UPDATE))
        driver.engine.start_turn(ONE, "t2")
        await driver.idle()
        assert len(driver.engine.calls(UPDATE)) == before

    drive(play, prepare=prepare)


def test_the_list_never_rests_on_what_enter_would_not_apply() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("P", "4", "tab", "left", "left")  # on request, full access
        _, y = driver.spot("Full Access")
        assert "▌" not in driver.screen().splitlines()[y]
        _, y = driver.spot("Ask for approval")
        assert "▌" in driver.screen().splitlines()[y]

    drive(play, prepare=prepare)


def test_a_form_that_is_touched_before_the_engine_answers_has_no_holes() -> None:
    def told(wanted: a.Wanted) -> a.Wanted:
        async def play(driver: Driver) -> None:
            await driver.press("P")
            board: Any = driver.app.screen
            board.controls = None
            board._want(wanted)
            found = await driver.app.services.engine.controls("/home/dev/work")
            board.controls = found
            board.show()
            filled.append(board.asked.wanted)

        filled: list[a.Wanted] = []
        drive(play, prepare=prepare)
        return filled[0]

    assert told(a.Wanted("never", "", a.KEEP)) == a.Wanted("never", "user", a.WORKSPACE)
    assert told(a.Wanted("", "auto_review", a.KEEP)).policy == "on-request"


def test_what_lies_below_is_reached_by_a_key() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        network = {**sandbox(), "networkAccess": True, "excludeSlashTmp": True}
        updated(driver.engine, {"threadId": ONE, "sandboxPolicy": network})
        await driver.press("P", "2")
        driver.sees("page down more")
        driver.sees_not("New threads")
        await driver.press("pagedown")
        driver.sees("New threads", "goes off")  # The choice is the same.
        await driver.press("pageup")
        driver.sees_not("New threads")

    drive(play, prepare=prepare, size=NARROW)


def test_what_somebody_else_set_meanwhile_is_left_alone() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("P", "1", *["tab"] * 4, "left", "enter")
        before = len(driver.engine.calls(UPDATE))
        other = {
            "threadId": ONE,
            "permissions": ":workspace",
            "approvalPolicy": "never",
        }
        updated(driver.engine, other)
        await driver.idle()
        driver.sees("never asks")
        driver.engine.start_turn(ONE, "t1")
        await driver.idle()
        assert len(driver.engine.calls(UPDATE)) == before
        driver.sees("were changed meanwhile")

    drive(play, prepare=prepare)


def test_a_change_by_another_client_shows_at_once() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("P")
        updated(driver.engine, {"threadId": ONE, "permissions": ":read-only"})
        await driver.idle()
        x, y = driver.spot("Read Only")
        assert "✓ current" in driver.screen().splitlines()[y]
        assert x > 0
        driver.sees("[read-only]")

    drive(play, prepare=prepare, size=NARROW)


def test_what_a_newer_engine_put_in_force_is_named_and_can_be_left() -> None:
    """A policy and a reviewer that nobody here knows: never called yours."""

    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        new = {"approvalPolicy": "on-request", "approvalsReviewer": "panel"}
        updated(driver.engine, {"threadId": ONE, **new})
        await driver.idle()
        driver.sees("asks panel")
        new["approvalPolicy"] = "by-vote"
        updated(driver.engine, {"threadId": ONE, **new})
        await driver.idle()
        driver.sees("approvals by-vote")
        await driver.press("P")
        driver.sees("As it is now, like none of the above", "approvals by-vote")
        driver.sees("That is in force already.")
        await driver.press("1", "enter")
        (sent,) = driver.engine.calls(UPDATE)
        assert sent["approvalPolicy"] == "on-request"
        assert sent["approvalsReviewer"] == "user"
        driver.sees("Permissions updated to Read Only")

    drive(play, prepare=prepare)


def test_what_another_window_wrote_into_a_file_is_seen_before_long() -> None:
    """Engines tell nobody; what was chosen here meanwhile stays in hand."""

    async def play(driver: Driver) -> None:
        engine = driver.engine
        said = cs.controls(user={"approval_policy": "on-request"})["config/read"]
        engine.replies["config/read"] = lambda _: said
        await driver.open_thread("one")
        await driver.press("P", "1")
        driver.sees("New threads", "[read-only]")
        driver.sees_not("· never asks")
        mine = cs.controls(user={"approval_policy": "never"})["config/read"]
        engine.replies["config/read"] = lambda _: mine
        await driver.wait(12_000)
        driver.app._tell_time()  # Clocks stand still in tests.
        await driver.idle()
        driver.sees("· never asks", "[read-only]")
        await driver.press("escape")
        before = len(engine.calls("config/read"))
        await driver.wait(30_000)
        driver.app._tell_time()
        await driver.idle()
        assert len(engine.calls("config/read")) == before

    drive(play, prepare=prepare)


def test_a_default_is_written_checked_and_put_back_when_it_is_no_good() -> None:
    async def play(driver: Driver) -> None:
        engine = driver.engine
        broken = {"now": False}
        engine.replies["config/batchWrite"] = lambda p: write(p)
        engine.replies["config/value/write"] = lambda _: {"status": "ok"}

        def write(params: Json) -> Json:
            values = {e["keyPath"]: e["value"] for e in params["edits"]}
            broken["now"] = values.get("default_permissions") == "dev"
            return {"status": "ok"}

        def read(_: Json) -> Json:
            if broken["now"]:
                raise Refused("undefined profile `dev`")
            return cs.controls(user={"approval_policy": "never"})["config/read"]

        engine.replies["config/read"] = read
        await driver.open_thread("one")
        await driver.press("P", "5", *["tab"] * 4, "right")
        driver.sees("[my default]", "Written into")
        await driver.press("enter")
        first, second = engine.calls("config/batchWrite")
        assert {e["keyPath"]: e["value"] for e in first["edits"]} == {
            "approval_policy": "on-request",
            "default_permissions": "dev",
        }
        assert {e["keyPath"]: e["value"] for e in second["edits"]} == {
            "approval_policy": "never",
            "default_permissions": None,
        }
        driver.sees("it was put back", "[dev]")  # What was chosen is still in hand.

    drive(play, prepare=prepare)


def test_a_sleeping_thread_is_loaded_only_after_a_word() -> None:
    def asleep(engine: FakeEngine) -> None:
        prepare(engine)
        engine.add("two")
        engine.queues["thread-two"] = [
            {
                "id": "q1",
                "input": [{"type": "text", "text": "go on"}],
                "clientUserMessageId": "c1",
            }
        ]
        engine.turns["thread-two"] = [turn_row("t0", status="completed")]

    async def play(driver: Driver) -> None:
        await driver.open_thread("two")
        await driver.press("P", "3")
        driver.sees("Not known yet")
        await driver.press("enter")
        assert driver.engine.calls(UPDATE) == []

    drive(play, prepare=asleep)
