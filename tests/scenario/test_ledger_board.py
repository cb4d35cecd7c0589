"""The ledger as a person uses it; oracles: bytes at the engine, files on the disk."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from state.db.reader import open_reader
from state.home import store_path
from tests.driver import Driver, drive
from tests.fakes import FakeEngine, Refused
from tests.scenario.test_approvals_board import ONE, prepare

KID = "thread-kid"
APPROVE = "thread/approveGuardianDeniedAction"


def deny(
    engine: FakeEngine, key: str = "r1", command: str = "git push", thread: str = ONE
) -> None:
    action = {"type": "command", "source": "unifiedExec", "cwd": "/w"}
    engine.notify(
        "item/autoApprovalReview/completed",
        threadId=thread,
        turnId="t1",
        reviewId=key,
        targetItemId="i1",
        startedAtMs=1_000,
        completedAtMs=2_000,
        decisionSource="agent",
        review={"status": "denied", "riskLevel": "high", "rationale": "no"},
        action={**action, "command": command},
    )


def ready(engine: FakeEngine) -> None:
    prepare(engine)
    engine.replies[APPROVE] = lambda _: {}


def with_kid(engine: FakeEngine) -> None:
    ready(engine)
    spawned = {"parent_thread_id": ONE, "depth": 1, "agent_path": "/root/kid"}
    engine.add("kid", source={"subAgent": {"thread_spawn": spawned}})
    row = engine.threads[KID]
    row |= {"parentThreadId": ONE, "canAcceptDirectInput": False}


def test_a_denial_is_approved_for_one_retry_and_the_agent_told(tmp_path: Path) -> None:
    on_disk: list[int] = []

    def approve(_: object) -> dict[str, object]:
        with closing(open_reader(store_path(tmp_path / "home"))) as db:
            sql = "SELECT count(*) FROM decision WHERE epoch = 'auto-review'"
            on_disk.append(db.execute(sql).fetchone()[0])
        return {}

    async def play(driver: Driver) -> None:
        driver.engine.replies[APPROVE] = approve
        await driver.open_thread("one")
        deny(driver.engine)
        await driver.press("i")
        await driver.type("/approve")
        await driver.press("enter", "enter")
        driver.sees("Approve one retry", "has to try again")
        await driver.press("enter")
        assert driver.engine.calls(APPROVE) == []
        await driver.press("enter", "right", "right", "enter")
        await driver.wait(500)
        (sent,) = driver.engine.calls(APPROVE)
        assert on_disk == [1]  # written down before it left
        assert sent["threadId"] == ONE
        assert sent["event"]["id"] == "r1"
        assert sent["event"]["status"] == "denied"
        assert sent["event"]["action"] == {
            "type": "command",
            "source": "unified_exec",
            "cwd": "/w",
            "command": "git push",
        }
        (said,) = driver.engine.calls("turn/start")
        assert "try it again: git push" in said["input"][0]["text"]
        driver.sees("retry approved", "reviewed again, and the agent has to try again.")

    drive(play, prepare=ready, home=tmp_path / "home")


def test_a_denial_is_approved_from_its_row(tmp_path: Path) -> None:
    """enter on what stands in the transcript leads to that very one of several."""

    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        driver.engine.start_turn(ONE, "t1")
        for key, command in (("r1", "git push"), ("r2", "rm -rf x"), ("r3", "curl y")):
            deny(driver.engine, key=key, command=command)
        driver.engine.end_turn(ONE, "t1")
        await driver.idle()
        await driver.press("K", "K", "enter")
        driver.sees("[denials]", "[its tree]")
        _, y = driver.spot("rm -rf x")
        assert "▌" in driver.screen().splitlines()[y]
        await driver.press("enter", "right", "enter")
        await driver.wait(500)
        assert [c["event"]["id"] for c in driver.engine.calls(APPROVE)] == ["r2"]
        await driver.press("escape")
        driver.sees("one retry approved")

    drive(play, prepare=ready, home=tmp_path / "home")


def test_a_denial_is_approved_from_the_inbox(tmp_path: Path) -> None:
    """Of whatever thread; it stands there until its thread goes on."""

    async def play(driver: Driver) -> None:
        driver.engine.start_turn(KID, "t1")
        deny(driver.engine, thread=KID)
        await driver.idle()
        await driver.press("5")
        driver.sees("Nothing waits for you.", "1 denied by auto-review")
        await driver.press("enter")
        driver.sees("git push", "[denials]", "[all threads]")
        await driver.press("enter", "right", "enter")
        await driver.wait(500)
        assert driver.engine.calls(APPROVE)[-1]["event"]["id"] == "r1"
        await driver.press("escape")
        driver.sees_not("denied by auto-review")
        deny(driver.engine, thread=KID, key="r2")
        await driver.idle()
        await driver.wait(500)
        driver.sees("1 denied by auto-review")
        driver.engine.start_turn(KID, "t2")
        await driver.wait(500)
        driver.sees_not("denied by auto-review")

    drive(play, prepare=with_kid, home=tmp_path / "home")


def test_a_denied_agent_without_an_ear_is_told_through_its_root(tmp_path: Path) -> None:
    """From the root's thread: the approval and the request to pass it on go there, for
    the engine takes neither for the agent. A refusal claims nothing."""
    refuse = True

    def approve(_: object) -> dict[str, object]:
        if refuse:
            raise Refused("direct input is not allowed")
        return {}

    async def again(driver: Driver) -> None:
        if driver.focused is not driver.composer.field:
            await driver.press("i")
        await driver.type("/approve")
        await driver.press("enter", "enter")
        driver.sees("Approve one retry", "takes no word for /root/kid itself")
        await driver.press("right", "right", "enter")
        await driver.wait(500)

    async def play(driver: Driver) -> None:
        nonlocal refuse
        driver.engine.replies[APPROVE] = approve
        await driver.open_thread("one")
        deny(driver.engine, thread=KID)
        await driver.idle()
        await again(driver)
        driver.sees_not("retry approved", "Approved for one retry")
        assert driver.engine.calls("turn/start") == []
        await driver.press("escape", "escape")
        assert not driver.dialog
        refuse = False
        await again(driver)
        sent = driver.engine.calls(APPROVE)[-1]
        assert sent["threadId"] == ONE and sent["event"]["id"] == "r1"
        (said,) = driver.engine.calls("turn/start")
        assert said["threadId"] == ONE
        assert said["input"][0]["text"].startswith("tell /root/kid: I approved one")
        driver.sees("retry approved")

    drive(play, prepare=with_kid, home=tmp_path / "home")


def test_the_ledger_is_complete_in_the_next_window(tmp_path: Path) -> None:
    home = tmp_path / "home"

    async def first(driver: Driver) -> None:
        await driver.open_thread("one")
        driver.engine.start_turn(ONE, "t1")
        deny(driver.engine)
        driver.engine.ask(
            7,
            "item/commandExecution/requestApproval",
            threadId=ONE,
            turnId="t1",
            itemId="i2",
            command="touch /etc/x",
            startedAtMs=1,
            availableDecisions=["accept", "cancel"],
        )
        await driver.idle()
        await driver.press("r", "enter")
        await driver.wait(700)
        await driver.press("d")
        await driver.wait(700)
        driver.engine.resolve(7, ONE)
        await driver.wait(1500)

    async def second(driver: Driver) -> None:
        await driver.press("H")
        await driver.wait(500)
        driver.sees("you refused", "auto-review denied", "touch /etc/x", "git push")
        await driver.press("slash", *"touch", "enter")
        driver.sees("1 of 2", "decline")
        await driver.press("E")
        await driver.wait(500)
        (path,) = tmp_path.glob("codex-reviews-*.json")
        assert path.stat().st_mode & 0o777 == 0o600
        (row,) = json.loads(path.read_text())
        assert (row["who"], row["outcome"]) == ("you", "refused")
        assert row["sent"] == {"decision": "decline"}
        assert row["decidedMs"] <= row["confirmedMs"]
        assert row["sentMs"] is not None

    drive(first, prepare=ready, home=home, cwd=str(tmp_path))
    drive(second, prepare=ready, home=home, cwd=str(tmp_path))
