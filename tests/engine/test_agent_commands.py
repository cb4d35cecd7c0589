"""`codex-tui send` and `interrupt` on a running engine, as another program sees them.

The oracles: a second connection, what the scripted model was asked, exit codes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from state.items import ThreadId
from tests.engine.harness import Bench, EngineUnderTest, each_engine, need_sandbox
from tests.engine.plain_client import Client, Message
from tests.engine.session_bench import running
from tests.engine.test_interrupting import (
    agent,
    at_work,
    begin,
    script,
    second,
)
from tui.demo.request import ModelRequest
from tui.demo.steps import Step

PROGRAM = Path(sys.executable).with_name("codex-tui")


def call(bench: Bench, *arguments: str) -> tuple[int, str, str]:
    """(exit code, output, errors) of the program in the bench's home."""
    ran = subprocess.run(
        (PROGRAM, *arguments),
        cwd=bench.home.outside,
        env=bench.home.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return ran.returncode, ran.stdout, ran.stderr


def said_to(client: Client, thread_id: str) -> list[str]:
    """What users said in a thread, by its history."""
    turns = client.call(
        "thread/turns/list", {"threadId": thread_id, "itemsView": "full"}
    )["data"]
    return [
        item["content"][0]["text"]
        for turn in turns
        for item in turn["items"]
        if item["type"] == "userMessage"
    ]


def heard(client: Client, thread_id: str, words: str) -> bool:
    """Wait until the thread's history has these words of a user."""

    def has(message: Message) -> bool:
        item = message["params"].get("item", {})
        said = item.get("content", []) if item.get("type") == "userMessage" else []
        return [part.get("text") for part in said] == [words]

    return bool(client.wait_for(has, threadId=thread_id))


@each_engine
def test_messages_and_interrupts_without_a_screen(engine: EngineUnderTest) -> None:
    need_sandbox(engine)
    asked: list[str] = []

    def listening(request: ModelRequest) -> list[Step]:
        asked.append(request.user_text)
        return list(script(request))

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            root = await begin(watch, bench, "tree")
            child = await agent(watch, "/root/a")
            grandchild = await agent(watch, "/root/a/b")
            await asyncio.to_thread(_commands, bench, root, child, grandchild)

    def _commands(bench: Bench, root: ThreadId, *below: ThreadId) -> None:
        looker, everyone = second(bench), {root, *below}
        looker.call("thread/resume", {"threadId": root, "excludeTurns": True})
        child, grandchild = below
        assert at_work(looker, root) == everyone

        # Words that mean nothing, or an agent that takes none: nothing is sent.
        code, _, errors = call(bench, "send", f"{root}:/root/nobody", "hello")
        assert (code, "There is no agent /root/nobody" in errors) == (2, True), errors
        assert "/root/a" in errors
        code, _, errors = call(bench, "send", "/root/a", "are you there?")
        assert (code, "takes no messages" in errors) == (1, True), errors
        assert not any("are you there" in words for words in asked)

        # Through the root, which works: its turn is steered.
        code, out, errors = call(
            bench, "send", "/root/a", "stop soon", "--through-root", "--json"
        )
        assert code == 0, errors
        told = json.loads(out)
        assert (told["threadId"], told["way"]) == (root, "root")
        heard(looker, root, "tell /root/a: stop soon")

        # One, which leaves those below it; then all of them.
        code, out, errors = call(bench, "interrupt", f"{root}:/root/a", "--json")
        assert code == 0, errors
        ended = json.loads(out)
        assert [one["threadId"] for one in ended["interrupted"]] == [child]
        left = [one["threadId"] for one in ended["belowStillWorking"]]
        assert left == [grandchild]
        assert child not in at_work(looker, root)
        assert grandchild in at_work(looker, root)
        code, out, errors = call(bench, "interrupt", root, "--branch")
        assert (code, "interrupted" in out) == (0, True), errors
        assert at_work(looker, root) == set()
        code, _, errors = call(bench, "interrupt", root)
        assert (code, "Nothing runs" in errors) == (1, True), errors

        # The next message brings it back; a fork of the child answers, too.
        code, out, errors = call(bench, "send", root, "once", "more")
        assert code == 0, errors
        looker.wait_for(
            lambda m: (
                m["method"] == "turn/completed"
                and m["params"]["turn"]["status"] == "completed"
            ),
            threadId=root,
        )
        heard(looker, root, "once more")
        code, out, errors = call(bench, "send", "/root/a", "hm?", "--fork", "--json")
        assert code == 0, errors
        fork = json.loads(out)["threadId"]
        assert fork not in everyone
        looker.call("thread/resume", {"threadId": fork, "excludeTurns": True})
        assert "hm?" in said_to(looker, fork) or heard(looker, fork, "hm?")

    with Bench(engine, listening) as bench:
        asyncio.run(work(bench))


@each_engine
def test_without_an_engine_nothing_is_interrupted(engine: EngineUnderTest) -> None:
    with Bench(engine, script) as bench:
        code, out, errors = call(bench, "interrupt", "anything")
        assert (code, out) == (3, "")
        assert errors.count("\n") == 1
        assert not (bench.home.codex_home / "app-server-control").exists()
