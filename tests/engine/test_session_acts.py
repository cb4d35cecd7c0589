"""The session's other commands on real engines: steer, pages, agents, names, login."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from state.commands import (
    ArchiveThread,
    Decide,
    ForkThread,
    Interrupt,
    LoadOlder,
    LogIn,
    MarkRead,
    OpenThread,
    RenameThread,
    RunShell,
    SendTurn,
    StartThread,
    UnarchiveThread,
)
from state.events import (
    AccountChanged,
    ItemCompleted,
    ItemStarted,
    ReadStateChanged,
    ReviewAsked,
    SandboxRefused,
    SendChanged,
    SettingsChanged,
    ThreadArchived,
    ThreadRenamed,
    ThreadSeen,
    TurnEnded,
    TurnsLoaded,
    TurnStarted,
)
from state.items import AgentMessage, Command, ThreadId, TurnId, UserMessage
from state.model import ClientId, SandboxMode, SendState, TurnStatus
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import Watch, running
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Spawn, Step, WaitAgents


def script(request: ModelRequest) -> Sequence[Step]:
    """A root spawns one agent, which asks; other words hold or are answered."""
    first = request.reply_index == 0
    if request.agent_path == "/root/asker":
        path = request.task.rpartition(" ")[2]
        touch = Exec(f"touch {path}", escalate=True, justification="may I?")
        return [touch] if first else [Say("made it")]
    match request.user_text.partition(" ")[0]:
        case "spawn" if first:
            return [Spawn("asker", request.user_text)]
        case "spawn" if request.reply_index == 1:
            return [WaitAgents()]
        case "hold" if first:
            return [Exec("sleep 60", yield_ms=120_000)]
        case _:
            return [Say("heard")]


Work = Callable[[Bench], Coroutine[Any, Any, None]]


def on(engine: EngineUnderTest, work: Work) -> None:
    with Bench(engine, script) as bench:
        asyncio.run(work(bench))


async def begin(watch: Watch, bench: Bench, text: str) -> ThreadId:
    start = StartThread(
        client_id=ClientId(f"c-{text}"), cwd=str(bench.workspace), text=text
    )
    thread_id = await watch.session.send(start)
    assert thread_id is not None, watch.said()
    return thread_id


async def said(watch: Watch, thread_id: ThreadId, text: str) -> None:
    """Send it and wait for the end of its turn."""
    mark = len(watch.events)
    await watch.session.send(SendTurn(ClientId(f"c-{text}"), thread_id, text))
    await watch.until(TurnEnded, lambda e: e.thread_id == thread_id, since=mark)


async def running_turn(watch: Watch, thread_id: ThreadId) -> TurnId:
    """The turn of a thread whose command runs."""
    item = await watch.until(
        ItemStarted,
        lambda e: e.thread_id == thread_id and isinstance(e.item.body, Command),
    )
    return item.turn_id


@each_engine
def test_a_steer_goes_to_its_turn_or_begins_the_next(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await begin(watch, bench, "hold")
            turn = await running_turn(watch, thread_id)
            other = SendTurn(ClientId("s0"), thread_id, "stray", TurnId("other"))
            await watch.session.send(other)
            refused = await watch.until(SendChanged, lambda e: e.client_id == "s0")
            assert refused.state is SendState.REFUSED

            await watch.session.send(SendTurn(ClientId("s1"), thread_id, "also", turn))
            sent = await watch.until(SendChanged, lambda e: e.client_id == "s1")
            assert sent.state is SendState.SENT
            await watch.session.send(Interrupt(thread_id))
            end = await watch.until(TurnEnded)
            assert end.status is TurnStatus.INTERRUPTED
            assert len(watch.of(TurnStarted)) == 1

            late = SendTurn(ClientId("s2"), thread_id, "too late", turn)
            await watch.session.send(late)
            await watch.until(
                SendChanged,
                lambda e: e.client_id == "s2" and e.state is SendState.SEEN,
            )
            assert len(watch.of(TurnStarted)) == 2

    on(engine, work)


@each_engine
def test_a_child_that_asks_is_found_by_the_next_window(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        path = bench.home.outside / "made"
        async with running(bench) as watch:
            root = await begin(watch, bench, f"spawn {path}")
            asked = (await watch.until(ReviewAsked)).review
            assert asked.thread_id != root
        async with running(bench) as watch:
            again = (await watch.until(ReviewAsked)).review
            assert (again.key, again.params) == (asked.key, asked.params)
            place = await watch.until(
                ThreadSeen,
                lambda e: (
                    e.thread_id == again.thread_id and "agent_path" in dict(e.facts)
                ),
            )
            facts = dict(place.facts)
            assert (facts["agent_path"], facts["parent_id"]) == ("/root/asker", root)

            word = SendTurn(ClientId("w"), again.thread_id, "hello child")
            await watch.session.send(word)
            refused = await watch.until(SendChanged)
            assert refused.state is SendState.REFUSED
            assert "root thread" in (refused.error or "")

            assert not path.exists()
            await watch.session.send(Decide(again, again.decisions[0]))
            await watch.until(TurnEnded, lambda e: e.thread_id == again.thread_id)
            assert path.exists()
            assert len(watch.of(ReviewAsked)) == 1

    on(engine, work)


@each_engine
def test_older_turns_come_page_by_page(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await begin(watch, bench, "0")
            await watch.until(TurnEnded)
            for number in range(1, 12):
                await said(watch, thread_id, str(number))
            mark = len(watch.events)
            await watch.session.send(OpenThread(thread_id))
            newest = await watch.until(TurnsLoaded, since=mark)
            mark = len(watch.events)
            await watch.session.send(LoadOlder(thread_id))
            older = await watch.until(TurnsLoaded, since=mark)
            assert (newest.older, newest.complete) == (False, False)
            assert (older.older, older.complete) == (True, True)
            words = [
                body.text
                for turn in (*older.turns, *newest.turns)
                for item in turn.items.values()
                if isinstance(body := item.body, UserMessage)
            ]
            assert words == [str(number) for number in range(12)]

    on(engine, work)


async def _forks(watch: Watch, thread_id: ThreadId) -> None:
    """A fork runs under what its source runs under, whatever the configuration says;
    what an engine puts in force instead is an alarm."""
    mark = len(watch.events)
    copy = await watch.session.send(ForkThread(thread_id, sandbox="read-only"))
    assert copy not in (None, thread_id)
    settings = await watch.until(
        SettingsChanged, lambda e: e.thread_id == copy, since=mark
    )
    assert settings.settings.sandbox is not None
    assert settings.settings.sandbox.mode is SandboxMode.READ_ONLY
    assert watch.of(SandboxRefused) == []
    # The same by a profile's name; what is in force as asked for says nothing.
    named = await watch.session.send(ForkThread(thread_id, profile=":read-only"))
    assert named not in (None, thread_id, copy)


@each_engine
def test_names_archives_forks_and_read_marks(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await begin(watch, bench, "hello")
            await watch.until(TurnEnded)
            await watch.until(ReadStateChanged, lambda e: e.unread)
            mark = len(watch.events)
            await watch.session.send(MarkRead(thread_id))
            await watch.until(ReadStateChanged, lambda e: not e.unread, since=mark)
            await watch.session.send(RenameThread(thread_id, "a \u202e name"))
            renamed = await watch.until(ThreadRenamed)
            assert renamed.name == "a \u202e name"
            await _forks(watch, thread_id)
            await watch.session.send(ArchiveThread(thread_id))
            await watch.until(ThreadArchived, lambda e: e.archived)
            await watch.session.send(UnarchiveThread(thread_id))
            await watch.until(ThreadArchived, lambda e: not e.archived)
            assert watch.said() == []

    on(engine, work)


@each_engine
def test_a_message_during_the_users_own_command_is_answered(
    engine: EngineUnderTest,
) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await begin(watch, bench, "hello")
            await watch.until(TurnEnded)
            mark = len(watch.events)
            fifo = bench.home.outside / "fifo"
            os.mkfifo(fifo)
            await watch.session.send(RunShell(thread_id, f"cat {fifo}"))
            await watch.until(
                ItemStarted, lambda e: isinstance(e.item.body, Command), since=mark
            )
            await watch.session.send(SendTurn(ClientId("m"), thread_id, "hear me"))
            await asyncio.to_thread(fifo.write_text, "over\n")
            answer = await watch.until(
                ItemCompleted,
                lambda e: isinstance(e.item.body, AgentMessage),
                since=mark,
            )
            assert str(getattr(answer.item.body, "text", "")) == "heard"
            sent = [e.state for e in watch.of(SendChanged) if e.client_id == "m"]
            assert sent == [SendState.SENT, SendState.SEEN]

    on(engine, work)


@each_engine
def test_a_key_logs_in_and_shows_nowhere(engine: EngineUnderTest) -> None:
    secret = "sk-" + "x" * 40

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            command = LogIn("apiKey", secret)
            mark = len(watch.events)
            await watch.session.send(command)
            await watch.until(AccountChanged, since=mark)
            stored = bench.home.codex_home / "auth.json"
            assert secret in stored.read_text()  # the engine keeps it, we don't
            assert watch.said() == ["You are logged in."]
            assert secret not in repr(watch.events) + repr(command)

    on(engine, work)
