"""A session and an engine that misbehaves; scripted, so that faults come on time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from state.commands import Decide, Refresh, RenameThread, RetryEngine, SendTurn
from state.engine.errors import EngineNotFound
from state.engine.locate import EngineBinary
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import ConnectOptions, PrivateTarget
from state.events import (
    ReviewAsked,
    ReviewReopened,
    ReviewSent,
    ReviewsListed,
    SandboxProbed,
    SendChanged,
    ThreadSeen,
    ThreadStatusChanged,
)
from state.items import ThreadId
from state.model import ClientId, EnginePhase, SendState
from tests.engine.fake_engine import HELLO, fake_binary, short_folder
from tests.engine.session_bench import LIMIT, Watch, engine_pid
from tests.fakes import thread_row

IDLE = {
    "method": "thread/status/changed",
    "params": {"threadId": "t", "status": {"type": "idle"}},
}
ASK: dict[str, Any] = {
    "method": "item/commandExecution/requestApproval",
    "id": 0,
    "params": {"threadId": "t", "turnId": "u", "itemId": "i", "command": "ls"},
}
TOOL = {
    "method": "item/tool/call",
    "id": 1,
    "params": {
        "threadId": "t",
        "turnId": "u",
        "callId": "c",
        "tool": "lookup",
        "arguments": {},
    },
}
# Said once the session listens: after its first request.
ACCOUNT: dict[str, Any] = {"reply": {"account": None, "requiresOpenaiAuth": False}}


def script(*said: dict[str, Any], **on: list[dict[str, Any]]) -> dict[str, Any]:
    """`said` comes with the answer to account/read; `on` by method, _ for /."""
    methods = {name.replace("_", "/"): actions for name, actions in on.items()}
    begin = [ACCOUNT, *({"send": message} for message in (IDLE, *said))]
    anything: list[dict[str, Any]] = [{"reply": {"data": []}}]
    return {"on": {"account/read": begin, "*": anything, **methods}}


@contextlib.asynccontextmanager
async def session(
    folder: Path,
    find: Callable[[], EngineBinary],
    pause: Callable[[int], float] = lambda _attempt: 0.01,
) -> AsyncIterator[Watch]:
    env = {**os.environ, "FAKE_ENGINE_LOG": str(folder / "log")}
    connecting = ConnectOptions(state_dir=folder, client_version="0", env=env)
    target = PrivateTarget(find, folder / "home")
    options = SessionOptions(connect=connecting, backoff=pause)
    made = EngineSession(target, options)
    watch = Watch(made)
    run = asyncio.create_task(made.run(watch.offer))
    try:
        yield watch
    finally:
        await made.close()
        await asyncio.wait_for(run, LIMIT)


def play(script_of: dict[str, Any], act: Callable[[Watch, Path], Any]) -> list[Any]:
    """Run `act`; returns what the engine received, over all its lives."""
    with short_folder() as folder:
        binary = EngineBinary(fake_binary(folder, script_of), "0.163.9", "flag")

        async def main() -> None:
            async with session(folder, lambda: binary) as watch:
                await act(watch, folder)

        asyncio.run(main())
        log = folder / "log"
        lines = log.read_bytes().splitlines() if log.exists() else []
        return [json.loads(raw) for raw in lines]


def methods(received: list[Any]) -> list[str]:
    return [message["method"] for message in received if "method" in message]


SEND = SendTurn(ClientId("c1"), ThreadId("t"), "hello")


async def die_while_sending(watch: Watch) -> None:
    await watch.until(ThreadStatusChanged)
    await watch.session.send(SEND)
    await watch.until(SendChanged, lambda e: e.state is SendState.UNKNOWN)


def history(*client_ids: str) -> list[dict[str, Any]]:
    items = [
        {"type": "userMessage", "id": name, "clientId": name, "content": []}
        for name in client_ids
    ]
    turn = {"id": "u", "status": "interrupted", "items": items}
    return [{"reply": {"data": [turn], "nextCursor": None}}]


def test_a_send_cut_off_is_found_in_the_history_and_not_sent_again() -> None:
    async def act(watch: Watch, _folder: Path) -> None:
        await die_while_sending(watch)
        await watch.until(SendChanged, lambda e: e.state is SendState.SEEN)

    wire = script(turn_start=[{"exit": 9}], thread_turns_list=history("c0", "c1"))
    assert methods(play(wire, act)).count("turn/start") == 1


def test_a_send_cut_off_and_not_found_is_given_back() -> None:
    async def act(watch: Watch, _folder: Path) -> None:
        await die_while_sending(watch)
        back = await watch.until(SendChanged, lambda e: e.state is SendState.REFUSED)
        assert "never got" in (back.error or "")

    wire = script(turn_start=[{"exit": 9}], thread_turns_list=history("c0"))
    assert methods(play(wire, act)).count("turn/start") == 1


def test_a_request_sent_twice_is_one_review_and_only_tools_are_refused() -> None:
    async def act(watch: Watch, _folder: Path) -> None:
        await watch.until(ReviewAsked, lambda e: not e.review.ours)
        review = watch.of(ReviewAsked)[0].review
        assert len(watch.of(ReviewAsked)) == 2
        await watch.session.send(Decide(review, review.decisions[-1]))
        await watch.until(ReviewSent)
        # What was sent before this one's reply has been received.
        await watch.session.send(RenameThread(ThreadId("t"), "n"))

    received = play(script(ASK, ASK, TOOL), act)
    answers = {m["id"]: m for m in received if "method" not in m}
    assert answers[0]["result"] == {"decision": "cancel"}
    assert answers[1]["error"]["code"] == -32601
    assert len(answers) == 2


@pytest.mark.parametrize("news", [IDLE, ASK], ids=["it rests", "it asks"])
@pytest.mark.parametrize("early", [True, False], ids=["at the start", "later"])
def test_a_title_that_came_before_we_listened_is_asked_for(
    news: Any, *, early: bool
) -> None:
    """Another window's first message: who listens a moment later never hears it."""
    row = thread_row("t")
    young, titled = ({**row, "name": None, "preview": words} for words in ("", "hi"))

    async def act(watch: Watch, _folder: Path) -> None:
        await watch.until(ReviewsListed)  # the last of a beginning
        await watch.session.send(
            Refresh() if early else RenameThread(ThreadId("t"), "n")
        )
        await watch.until(ThreadSeen, lambda e: ("preview", "hi") in e.facts)

    told = [{"send": news}]
    wire = script(
        thread_list=[
            {"reply": {"data": [young], "nextCursor": None}},
            *(told if early else []),
        ],
        thread_name_set=[{"reply": {}}, *([] if early else told)],
        thread_read=[{"reply": {"thread": titled}}],
        account_read=[ACCOUNT],
    )
    play(wire, act)


def test_a_decision_dies_with_its_connection() -> None:
    async def act(watch: Watch, _folder: Path) -> None:
        old = (await watch.until(ReviewAsked)).review
        mark = len(watch.events)
        await watch.session.send(RenameThread(ThreadId("t"), "die"))
        new = (await watch.until(ReviewAsked, since=mark)).review
        assert new.key != old.key  # the same id, in another life of the engine
        assert new.key.request_id == old.key.request_id
        await watch.session.send(Decide(old, old.decisions[0]))
        reopened = await watch.until(ReviewReopened)
        assert reopened.key == old.key
        assert watch.of(ReviewSent) == []

    received = play(script(ASK, thread_name_set=[{"exit": 9}]), act)
    assert [m for m in received if "method" not in m] == []


def test_a_server_that_stops_reading_gets_all_of_it_once_when_it_reads_again() -> None:
    names = [f"{number} {'x' * 100_000}" for number in range(8)]

    async def act(watch: Watch, _folder: Path) -> None:
        review = (await watch.until(ReviewAsked)).review
        pid = engine_pid(watch)
        os.kill(pid, signal.SIGSTOP)
        try:
            words = [RenameThread(ThreadId("t"), name) for name in names]
            sends = [asyncio.create_task(watch.session.send(one)) for one in words]
            answer = asyncio.create_task(
                watch.session.send(Decide(review, review.decisions[0]))
            )
            # More than a pipe holds: it cannot all be gone, and nobody is held up.
            done, waiting = await asyncio.wait([*sends, answer], timeout=0.2)
            assert not done and len(waiting) == 9
        finally:
            os.kill(pid, signal.SIGCONT)
        await asyncio.gather(*sends, answer)
        await watch.until(ReviewSent)

    received = play(script(ASK), act)
    renamed = [
        message["params"]["name"]
        for message in received
        if message.get("method") == "thread/name/set"
    ]
    assert renamed == names
    assert [m["id"] for m in received if "result" in m] == [0]


def test_a_server_that_stopped_reading_does_not_hold_up_the_end() -> None:
    async def act(watch: Watch, _folder: Path) -> None:
        await watch.until(ThreadStatusChanged)
        os.kill(engine_pid(watch), signal.SIGSTOP)
        word = RenameThread(ThreadId("t"), "x" * 1_000_000)
        send = asyncio.create_task(watch.session.send(word))
        await asyncio.wait([send], timeout=0.2)
        await asyncio.wait_for(watch.session.close(), LIMIT)
        await asyncio.wait_for(send, LIMIT)
        assert watch.said(), "the user hears that it did not go through"

    play(script(), act)


@pytest.mark.parametrize(
    ("status", "words"),
    [("ready", ""), ("notConfigured", "not set up"), ("updateRequired", "out of date")],
)
def test_an_engine_on_windows_tells_of_its_sandbox(status: str, words: str) -> None:
    async def act(watch: Watch, _folder: Path) -> None:
        probed = await watch.until(SandboxProbed)
        assert words in (probed.problem or "")
        assert bool(probed.problem) == bool(words)

    wire = script(
        initialize=[{"reply": {**HELLO, "platformOs": "windows"}}],
        windowsSandbox_readiness=[{"reply": {"status": status}}],
    )
    assert "windowsSandbox/readiness" in methods(play(wire, act))


def test_no_engine_says_how_to_get_one_and_tries_on_demand() -> None:
    asked = []

    def find() -> EngineBinary:
        asked.append(1)
        raise EngineNotFound("There is no codex here; install one.")

    async def main(folder: Path) -> None:
        async with session(folder, find, lambda _attempt: 3600.0) as watch:
            missing = await watch.phase(EnginePhase.MISSING)
            assert missing.engine.sentence == "There is no codex here; install one."
            await watch.session.send(SEND)
            refused = await watch.until(SendChanged)
            assert refused.state is SendState.REFUSED
            mark = len(watch.events)
            await watch.session.send(RetryEngine())
            await watch.phase(EnginePhase.MISSING, since=mark)

    with short_folder() as folder:
        asyncio.run(main(folder))
    assert len(asked) == 2
