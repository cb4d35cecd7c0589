"""Interrupts in a tree of agents on real engines; what runs is looked up in /proc.

The oracle is a second connection for threads and the process table for terminals."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import psutil  # type: ignore[import-untyped]

from state.commands import (
    Interrupt,
    InterruptBranch,
    SendTurn,
    StartThread,
    StopTerminals,
)
from state.engine.supervisor import control_socket
from state.events import (
    ItemStarted,
    SendChanged,
    TerminalsListed,
    TurnEnded,
    TurnStarted,
)
from state.items import AgentActivity, ThreadId
from state.model import ClientId, SendState, TurnStatus
from tests.engine.harness import Bench, EngineUnderTest, each_engine, need_sandbox
from tests.engine.plain_client import Client
from tests.engine.session_bench import Watch, running
from tui.demo.home import processes_of
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Spawn, Stay, Step, WaitAgents

ROOT_SLEEP, CHILD_SLEEP = "sleep 3001", "sleep 3002"


def script(request: ModelRequest) -> Sequence[Step]:
    """A root, its child, its grandchild: all at work, two with a terminal. Or a root
    that starts one after another."""
    first = request.reply_index == 0
    if request.agent_path.startswith("/root/late"):
        return [Stay()]
    match request.agent_path:
        case "/root/a" if first and request.turn_index == 0:
            return [Exec(CHILD_SLEEP, yield_ms=300), Spawn("b", "stay")]
        case "/root/a" | "/root/a/b" if request.turn_index == 0:
            return [Stay()]
    match request.user_text:
        case "tree" if first:
            return [Exec(ROOT_SLEEP, yield_ms=300), Spawn("a", "spawn and stay")]
        case "many":
            return [Spawn(f"late{request.reply_index}", "stay")]
        case "tree":
            return [WaitAgents(60_000)]
    return [Say("here again")]


def asleep(bench: Bench) -> dict[str, str]:
    """The sleeping terminals that live: the thread of each, by command."""
    found = {}
    for process in processes_of(bench.home.codex_home):
        with contextlib.suppress(psutil.Error):
            words = " ".join(process.cmdline())
            if words in (ROOT_SLEEP, CHILD_SLEEP):
                found[words] = process.environ()["CODEX_THREAD_ID"]
    return found


def at_work(client: Client, root: ThreadId) -> set[str]:
    """The ids of the tree's threads that work, as the second connection is told."""
    below = client.call(
        "thread/list", {"ancestorThreadId": root, "modelProviders": []}
    )["data"]
    top = client.call("thread/read", {"threadId": root})["thread"]
    return {t["id"] for t in (top, *below) if t["status"]["type"] == "active"}


def second(bench: Bench) -> Client:
    return bench.connect(control_socket(bench.home.codex_home).resolve())


async def begin(watch: Watch, bench: Bench, text: str) -> ThreadId:
    made = await watch.session.send(
        StartThread(ClientId(f"c-{text}"), str(bench.workspace), text)
    )
    assert made is not None, watch.said()
    return made


async def agent(watch: Watch, path: str) -> ThreadId:
    """The thread of an agent, once its turn runs."""
    started = await watch.until(ItemStarted, lambda e: _named(e) == path)
    assert isinstance(started.item.body, AgentActivity)
    thread_id = started.item.body.agent_thread_id
    await watch.until(TurnStarted, lambda e: e.thread_id == thread_id)
    return thread_id


def _named(event: ItemStarted) -> str:
    """The path of the agent that an item is about."""
    body = event.item.body
    return body.agent_path if isinstance(body, AgentActivity) else ""


async def has_terminal(watch: Watch, thread_id: ThreadId) -> str:
    listed = await watch.until(
        TerminalsListed, lambda e: e.thread_id == thread_id and e.terminals
    )
    return listed.terminals[0].process_id


def on(
    engine: EngineUnderTest, work: Callable[[Bench], Coroutine[Any, Any, None]]
) -> None:
    need_sandbox(engine)
    with Bench(engine, script) as bench:
        asyncio.run(work(bench))


@each_engine
def test_interrupts_reach_turns_and_no_terminals(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            root = await begin(watch, bench, "tree")
            child = await agent(watch, "/root/a")
            grandchild = await agent(watch, "/root/a/b")
            await has_terminal(watch, root)
            number = await has_terminal(watch, child)
            both = {ROOT_SLEEP: root, CHILD_SLEEP: child}
            looker = second(bench)
            assert asleep(bench) == both
            assert at_work(looker, root) == {root, child, grandchild}

            # The root alone: everybody below goes on.
            await watch.session.send(Interrupt(root))
            end = await watch.until(TurnEnded)
            assert (end.thread_id, end.status) == (root, TurnStatus.INTERRUPTED)
            assert at_work(looker, root) == {child, grandchild}

            # The branch, leaves first; when that is done, nobody works any more.
            mark = len(watch.events)
            await watch.session.send(InterruptBranch(root))
            ends = [e for e in watch.events[mark:] if isinstance(e, TurnEnded)]
            assert [(e.thread_id, e.status) for e in ends] == [
                (grandchild, TurnStatus.INTERRUPTED),
                (child, TurnStatus.INTERRUPTED),
            ]
            assert at_work(looker, root) == set()
            assert asleep(bench) == both

            # One terminal is stopped: exactly that one is gone.
            await watch.session.send(StopTerminals(child, number))
            await watch.until(
                TerminalsListed,
                lambda e: e.thread_id == child and not e.terminals,
                since=mark,
            )
            assert asleep(bench) == {ROOT_SLEEP: root}

            # Interrupted is no ending: the next message brings it back.
            await watch.session.send(SendTurn(ClientId("again"), root, "again"))
            await watch.until(
                SendChanged,
                lambda e: e.client_id == "again" and e.state is SendState.SEEN,
            )
            last = await watch.until(
                TurnEnded, lambda e: e.thread_id == root, since=mark
            )
            assert last.status is TurnStatus.COMPLETED

    on(engine, work)


@each_engine
def test_agents_that_are_just_starting_are_caught(engine: EngineUnderTest) -> None:
    """The root starts one agent after another while it is interrupted."""

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            root = await begin(watch, bench, "many")
            await watch.until(
                ItemStarted,
                lambda e: _named(e) == "/root/late1",
            )
            await watch.session.send(InterruptBranch(root))
            assert at_work(second(bench), root) == set()
            started = {e.thread_id for e in watch.of(TurnStarted)}
            ended = {e.thread_id: e.status for e in watch.of(TurnEnded)}
            assert len(started) >= 3
            assert ended == dict.fromkeys(started, TurnStatus.INTERRUPTED)

    on(engine, work)
