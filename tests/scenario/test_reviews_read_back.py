"""After a restart a thread is drawn as before: what was asked, judged and decided.

The engine forgets declined commands and all reviews; the store does not. The oracle is
the transcript as it stood before the window was killed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from state.items import ThreadId
from tests.driver import Driver, drive
from tests.fakes import CWD, FakeEngine, FakeTransport, turn_row

COMMAND = "item/commandExecution/requestApproval"
THREAD, TURN = "thread-alpha", "turn-1"
SIZE = (160, 60)
STARTED = 1_800_000_000_000


def command(name: str, text: str, status: str, **more: Any) -> dict[str, Any]:
    row = {
        "type": "commandExecution",
        "id": name,
        "command": text,
        "cwd": CWD,
        "status": status,
        "commandActions": [],
        "source": "agent",
    }
    return {**row, **more}


FAILED = {"exitCode": 1, "aggregatedOutput": "touch: Read-only file system\n"}
GIVEN: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    # name, command, the key that answers, how its item ends
    ("let", "touch /etc/let", "y", {"status": "failed", **FAILED}),
    ("no", "touch /etc/no", "d", {"status": "declined"}),
)
JUDGED: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("ok", "touch /etc/ok", "approved", {"status": "failed", **FAILED}),
    ("bad", "touch /etc/bad", "denied", {"status": "declined"}),
    ("broken", "touch /etc/broken", "denied", {"status": "declined"}),
    ("late", "touch /etc/late", "timedOut", {"status": "failed"}),
)
WHY = {
    "ok": ("low", "high", "harmless"),
    "bad": ("high", "low", "nobody asked"),
    "broken": (None, None, "Automatic approval review failed: not valid JSON"),
    "late": (None, None, None),
}


def alpha(engine: FakeEngine) -> None:
    engine.add("alpha", status={"type": "active", "activeFlags": []})


def slept(engine: FakeEngine) -> None:
    """An engine that does not hold the thread."""
    again(engine)
    engine.threads[THREAD]["status"] = {"type": "notLoaded"}


def held(engine: FakeEngine) -> None:
    """One that holds it, and tells its turns before anybody opens it; a request that
    was open when we were killed is asked again, under its id."""
    again(engine)
    resume, turns = engine.replies["thread/resume"], engine.replies["thread/turns/list"]

    def resumed(params: dict[str, Any]) -> Any:
        ask(engine, 9, "more", "touch /etc/more")
        page = turns({"threadId": THREAD})
        return {**resume(params), "initialTurnsPage": page}

    engine.replies["thread/resume"] = resumed


def again(engine: FakeEngine) -> None:
    """The engine as it is afterwards: it holds what ran, and nothing else."""
    engine.add("alpha", status={"type": "idle"})
    kept = ("let", "ok")
    items: list[dict[str, Any]] = [
        command(name, text, **end)
        for name, text, _, end in (*GIVEN, *JUDGED)
        if name in kept
    ]
    items.append({"type": "agentMessage", "id": "m", "text": "that is all"})
    turn = turn_row(TURN, status="completed", items=items)
    engine.turns[THREAD] = [turn]


def notify(driver: Driver, method: str, item: dict[str, Any]) -> None:
    driver.engine.notify(method, threadId=THREAD, turnId=TURN, item=item)


def ask(engine: FakeEngine, number: int, name: str, text: str) -> None:
    engine.ask(
        number,
        COMMAND,
        threadId=THREAD,
        turnId=TURN,
        itemId=name,
        kind="command",
        startedAtMs=STARTED + number,
        command=text,
        cwd=CWD,
        reason="May I?",
        availableDecisions=["accept", "cancel"],
    )


async def play(driver: Driver) -> None:
    """A turn in which everything is asked and judged, and the user answers."""
    engine = driver.engine
    engine.start_turn(THREAD, TURN)
    await driver.idle()
    await driver.open_thread("alpha")
    for number, (name, text, letter, end) in enumerate(GIVEN):
        notify(driver, "item/started", command(name, text, "inProgress"))
        ask(engine, number, name, text)
        await driver.idle()
        await driver.press("5", "home", "enter")
        await driver.wait(700)
        await driver.press(letter)
        await driver.wait(700)
        engine.resolve(number, THREAD)
        notify(driver, "item/completed", command(name, text, **end))
        await driver.idle()
    for name, text, status, end in JUDGED:
        judge(driver, name, text, status, end)
    engine.message(THREAD, TURN, "m", "that is all")
    engine.end_turn(THREAD, TURN)
    await driver.wait(2_000)
    await driver.open_thread("alpha")


def judge(
    driver: Driver, name: str, text: str, status: str, end: dict[str, Any]
) -> None:
    notify(driver, "item/started", command(name, text, "inProgress"))
    base = {
        "threadId": THREAD,
        "turnId": TURN,
        "reviewId": f"review-{name}",
        "targetItemId": name,
        "startedAtMs": STARTED,
        "action": {"type": "command", "command": text, "cwd": CWD},
    }
    risk, given, why = WHY[name]
    driver.engine.notify(
        "item/autoApprovalReview/started",
        **base,
        review={"status": "inProgress"},
    )
    driver.engine.notify(
        "item/autoApprovalReview/completed",
        **base,
        completedAtMs=STARTED + 4000,
        decisionSource="agent",
        review={
            "status": status,
            "riskLevel": risk,
            "userAuthorization": given,
            "rationale": why,
        },
    )
    notify(driver, "item/completed", command(name, text, **end))


def talk(driver: Driver) -> list[str]:
    """The transcript's own lines, without the row under the cursor's mark."""
    widget = driver.fleet.transcript
    lines = [widget.render_line(y).text for y in range(widget.size.height)]
    return [line.replace("▌", " ").rstrip() for line in lines]


DENIED = "3 denied by auto-review"


@pytest.mark.parametrize("engine", [slept, again, held])
def test_the_transcript_is_the_same_after_a_kill(
    engine: Callable[[FakeEngine], None], tmp_path: Path
) -> None:
    home, left = tmp_path / "home", tmp_path / "left"
    before: list[list[str]] = []

    async def first(driver: Driver) -> None:
        await play(driver)
        before.append(talk(driver))
        driver.sees(DENIED)
        assert "blocked" not in driver.screen()
        if engine is held:
            ask(driver.engine, 9, "more", "touch /etc/more")
            await driver.wait(2_000)
        shutil.copytree(home, left)  # as kill -9 leaves it

    async def second(driver: Driver) -> None:
        await driver.wait(2_000)
        await driver.open_thread("alpha")
        await driver.wait(2_000)
        driver.sees(DENIED)
        assert talk(driver) == before[0]
        waiting = [
            (key.request_id, review.state, review.decision)
            for key, review in driver.app.fleet.presenter.world.threads[
                ThreadId(THREAD)
            ].reviews.items()
            if review.state != "resolved"
        ]
        assert waiting == ([(9, "pending", None)] if engine is held else [])

    home.mkdir()
    drive(first, size=SIZE, home=home, prepare=alpha, still=False)
    drive(second, size=SIZE, home=left, prepare=engine)


# -- decided, sent, confirmed ------------------------------------------------------

YOU = "you decided, not known to be sent"


def heard_nothing(engine: FakeEngine) -> None:
    """The answer did not reach it: it asks again."""
    alpha(engine)
    engine.loop.now += 100  # it is later than at the decision
    resume = engine.replies["thread/resume"]

    def resumed(params: dict[str, Any]) -> Any:
        ask(engine, 0, "let", "touch /etc/let")
        return resume(params)

    engine.replies["thread/resume"] = resumed


def heard(engine: FakeEngine) -> None:
    """It did, and nobody of us was there to be told."""
    alpha(engine)
    engine.loop.now += 100  # it is later than at the decision


def died(engine: FakeEngine) -> None:
    """It is another one."""
    engine.add("alpha")
    engine.epoch = 2
    engine.loop.now += 100


@pytest.mark.parametrize(
    ("at", "engine", "row", "facts"),
    [
        # Killed as the answer left: nothing says whether it did.
        (
            "leaving",
            heard_nothing,
            "waits for you again",
            ("before", "not known to have left; the engine did not hear it"),
        ),
        (
            "leaving",
            heard,
            "you or another client: answer unknown",
            ("Yes, proceed: it is not known to have left",),
        ),
        ("leaving", died, YOU, ("sending not recorded", "not confirmed")),
        # Killed before its end was told.
        (
            "sent",
            heard_nothing,
            "waits for you again",
            ("before", "it was sent; the engine did not hear it"),
        ),
        ("sent", heard, "you allowed once", ("sent · confirmed",)),
        ("sent", died, "you answered, not confirmed", ("sent · not confirmed",)),
        # Killed afterwards.
        ("confirmed", heard, "you allowed once", ("sent · confirmed",)),
        ("confirmed", died, "you allowed once", ("sent · confirmed",)),
    ],
)
def test_the_three_moments_read_truly_after_a_kill(
    at: str,
    engine: Callable[[FakeEngine], None],
    row: str,
    facts: tuple[str, ...],
    tmp_path: Path,
) -> None:
    home, left = tmp_path / "home", tmp_path / "left"

    async def first(driver: Driver) -> None:
        driver.engine.start_turn(THREAD, TURN)
        ask(driver.engine, 0, "let", "touch /etc/let")
        await driver.wait(2_000)
        hears = driver.engine.heard

        def killed(transport: FakeTransport, raw: bytes) -> None:
            if json.loads(raw).get("method") is None and at == "leaving":
                shutil.copytree(home, left)
            hears(transport, raw)

        driver.engine.heard = killed  # type: ignore[method-assign]
        await driver.press("5", "home", "enter")
        await driver.wait(700)
        await driver.press("y")
        await driver.wait(2_000)
        if at == "sent":
            shutil.copytree(home, left)
        driver.engine.resolve(0, THREAD)
        await driver.wait(2_000)
        if at == "confirmed":
            shutil.copytree(home, left)

    async def second(driver: Driver) -> None:
        await driver.wait(2_000)
        await driver.press("1", "H")
        await driver.wait(1_000)
        driver.sees(row, *facts)

    home.mkdir()
    drive(first, size=SIZE, home=home, prepare=alpha, still=False)
    drive(second, size=SIZE, home=left, prepare=engine)
