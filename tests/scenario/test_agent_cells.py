"""Cells about agents, older and newer kinds: what they say, and where enter leads."""

from __future__ import annotations

from typing import Any

import pytest

from tests.driver import NARROW, NORMAL, WIDE, Driver, Play, Size, drive
from tests.fakes import FakeEngine, Json
from tests.scenario.test_agent_journeys import agent

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

TURN = "turn-1"
IDLE: Json = {"type": "idle"}


def run(play: Play, *, size: Size = NORMAL) -> None:
    def prepare(engine: FakeEngine) -> None:
        engine.add("awake", status=dict(IDLE))
        agent(engine, "/root/tester", title="")
        agent(engine, "/root/docs")

    drive(play, prepare=prepare, size=size)


async def shown(driver: Driver, *bodies: Json) -> None:
    """The open thread has these items, and the transcript the focus."""
    await driver.open_thread("awake")
    driver.engine.start_turn("thread-awake", TURN)
    for n, body in enumerate(bodies):
        item = {"id": f"call-{n}", **body}
        where: Json = {"threadId": "thread-awake", "turnId": TURN}
        live = body.get("status") == "inProgress"
        method = "item/started" if live else "item/completed"
        driver.engine.notify(method, **where, item=item)
    await driver.idle()
    await driver.press("2")


def activity(kind: str, name: str) -> Json:
    """What happened with an agent, as newer engines tell it."""
    return {
        "type": "subAgentActivity",
        "kind": kind,
        "agentThreadId": f"thread-{name}",
        "agentPath": f"/root/{name}",
        "model": "gpt-6-luna" if kind == "started" else None,
        "reasoningEffort": "high" if kind == "started" else None,
    }


def call(tool: str, *names: str, done: bool = True, **more: Any) -> Json:
    """A call of an older kind: it names threads, never paths."""
    return {
        "type": "collabAgentToolCall",
        "tool": tool,
        "status": "completed" if done else "inProgress",
        "senderThreadId": "thread-awake",
        "receiverThreadIds": [f"thread-{name}" for name in names],
        "agentsStates": {},
        **more,
    }


MESSAGE = {"type": "agentMessage", "text": "on it", "phase": "commentary"}


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
@pytest.mark.parametrize(
    "body",
    [
        *(activity(k, "tester") for k in ("started", "interacted", "interrupted")),
        activity("completed", "tester"),
        call("spawnAgent", "tester", prompt="run them"),
        call("sendInput", "tester", prompt="again"),
        call("wait", "tester"),
        call("closeAgent", "tester"),
        call("resumeAgent", "tester"),
    ],
    ids=lambda body: body.get("kind") or body["tool"],
)
def test_enter_opens_the_agent_that_a_cell_is_about(body: Json, size: Size) -> None:
    async def play(driver: Driver) -> None:
        await shown(driver, MESSAGE, body)
        await driver.press("K", "J", "enter")
        assert driver.open == "thread-tester"
        assert driver.engine.calls("turn/start") == []

    run(play, size=size)


@pytest.mark.parametrize(
    "body",
    [MESSAGE, call("wait", done=False), call("wait", "tester", "docs", done=False)],
    ids=["words", "wait", "wait for two"],
)
def test_enter_on_a_cell_about_none_or_several_says_so(body: Json) -> None:
    async def play(driver: Driver) -> None:
        await shown(driver, body)
        await driver.press("K", "enter")
        assert driver.open == "thread-awake"
        driver.sees("enter opens an agent or a denial; this cell is about none")

    run(play)


def test_the_first_key_shows_the_cell_that_enter_means() -> None:
    """Nothing was marked before: a step would leave out the newest cell."""

    async def play(driver: Driver) -> None:
        await shown(driver, MESSAGE, activity("started", "tester"))
        driver.sees_not("▌   on it", "▌ ◦ Started")
        await driver.press("K")
        driver.sees("▌ ◦ Started /root/tester")
        await driver.press("K")
        driver.sees("▌   on it")

    run(play)


def test_an_agent_that_is_not_known_yet_is_asked_for() -> None:
    """The cell names a thread that nothing has told of: opening reads it."""

    async def play(driver: Driver) -> None:
        engine = driver.engine
        await shown(driver, call("spawnAgent", "late", prompt="look"))
        agent(engine, "/root/late", agentNickname="Planck")
        await driver.press("K", "enter")
        assert driver.open == "thread-late"
        reads = [p["threadId"] for p in engine.calls("thread/read")]
        assert "thread-late" in reads or "thread-late" in [
            p["threadId"] for p in engine.calls("thread/resume")
        ]

    run(play)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_an_open_agent_is_headed_by_its_tree_and_its_path_once(size: Size) -> None:
    async def play(driver: Driver) -> None:
        await shown(driver, activity("started", "tester"))
        await driver.press("K", "enter")
        driver.sees("awake · /root/tester")
        driver.sees_not("/root/tester · /root/tester")
        await driver.press("i")
        await driver.type("/approvals")
        await driver.press("enter")
        driver.sees("/root/tester")
        driver.sees_not("/root/tester · /root/tester")

    run(play, size=size)


def test_an_agent_without_a_known_tree_is_headed_by_its_path() -> None:
    def prepare(engine: FakeEngine) -> None:
        agent(engine, "/root/gone/lost", parentThreadId="thread-gone")
        engine.replies["thread/list"] = lambda params: {
            "data": []
            if params.get("archived") or params.get("ancestorThreadId")
            else [*engine.threads.values()]
        }

    async def play(driver: Driver) -> None:
        await driver.open_thread("lost")
        title = next(x for x in driver.screen().splitlines() if "/root/gone" in x)
        assert title.count("lost") == 1 or "· /root/gone/lost" in title
        driver.sees_not("/root/gone/lost · /root/gone/lost")

    drive(play, prepare=prepare)
