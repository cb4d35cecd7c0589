"""The session on real engines; oracles: files, processes, and a plain second client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from state.commands import (
    Decide,
    Interrupt,
    OpenThread,
    QueueTurn,
    ResumeThread,
    SendTurn,
    StartThread,
    StopTerminals,
)
from state.engine.acting import Surroundings
from state.engine.supervisor import PrivateTarget, control_socket
from state.events import (
    Event,
    ItemCompleted,
    ItemDelta,
    ReviewAsked,
    ReviewResolved,
    ReviewSent,
    SandboxProbed,
    SendChanged,
    SettingsChanged,
    TerminalsListed,
    ThreadSeen,
    TurnEnded,
    TurnsLoaded,
    TurnStarted,
)
from state.items import AgentMessage, Command, ThreadId, UserMessage
from state.model import (
    ClientId,
    EnginePhase,
    Review,
    SandboxMode,
    SendState,
    TurnStatus,
)
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import (
    Watch,
    engine_pid,
    kill,
    running,
    shared,
)
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Step
from tui.production import rollout_events


def script(request: ModelRequest) -> Sequence[Step]:
    """What the model does is named by the words of the user."""
    first, word = request.reply_index == 0, request.user_text.partition(" ")[0]
    match word:
        case "ask" if first:
            path = request.user_text.partition(" ")[2]
            touch = Exec(f"touch {path}", escalate=True, justification="may I?")
            return [touch]
        case "terminal" if first:
            return [Exec("sleep 300", yield_ms=300)]
        case "environment" if first:
            return [Exec('echo "V=$VIRTUAL_ENV"')]
        case "hold" if first:
            return [Exec("sleep 60", yield_ms=120_000)]
        case _:
            return [Say(f"heard {request.user_text}")]


def on(
    engine: EngineUnderTest,
    work: Any,
    *,
    config: str = "",
) -> None:
    with Bench(engine, script, config=config) as bench:
        asyncio.run(work(bench))


def start(bench: Bench, text: str, **changes: Any) -> StartThread:
    command = StartThread(
        client_id=ClientId("c-" + text),
        cwd=str(bench.workspace),
        text=text,
        sandbox="workspace-write",
    )
    return command if not changes else type(command)(**{**_fields(command), **changes})


def _fields(command: StartThread) -> dict[str, Any]:
    return {name: getattr(command, name) for name in command.__slots__}


async def new_thread(watch: Watch, bench: Bench, text: str, **changes: Any) -> ThreadId:
    thread_id = await watch.session.send(start(bench, text, **changes))
    assert thread_id is not None, watch.said()
    return thread_id


async def ended(watch: Watch, thread_id: ThreadId, since: int = 0) -> TurnEnded:
    return await watch.until(
        TurnEnded, lambda event: event.thread_id == thread_id, since=since
    )


def raw_loaded(bench: Bench) -> set[str]:
    """The loaded threads, by a client that is not ours."""
    client = bench.connect(control_socket(bench.home.codex_home).resolve())
    return set(client.call("thread/loaded/list")["data"])


async def loaded(bench: Bench) -> set[str]:
    return await asyncio.to_thread(raw_loaded, bench)


@each_engine
def test_a_thread_starts_streams_and_its_send_is_seen(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench, probe_cwd=bench.workspace) as watch:
            thread_id = await new_thread(watch, bench, "hello", name="greeting")
            assert (await ended(watch, thread_id)).status is TurnStatus.COMPLETED
            deltas = [e.text for e in watch.of(ItemDelta) if e.thread_id == thread_id]
            answer = [
                str(e.item.body.text)
                for e in watch.of(ItemCompleted)
                if isinstance(e.item.body, AgentMessage)
            ]
            assert answer == ["heard hello"] == ["".join(deltas)]
            states = [e.state for e in watch.of(SendChanged)]
            assert states == [SendState.SENT, SendState.SEEN]
            settings = watch.of(SettingsChanged)[0].settings
            assert settings.sandbox is not None
            assert settings.sandbox.mode is SandboxMode.WORKSPACE_WRITE
            assert await watch.until(SandboxProbed) == SandboxProbed(
                None, proxied=False
            )
            again = len(watch.events)
            await watch.session.send(SendTurn(ClientId("c2"), thread_id, "more"))
            await ended(watch, thread_id, since=again)
            assert thread_id in await loaded(bench)

    on(engine, work)


@each_engine
def test_new_threads_carry_this_windows_variables(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        around = Surroundings(environment={"VIRTUAL_ENV": "/of this/window"})
        async with running(bench, around=around) as watch:
            thread_id = await new_thread(watch, bench, "environment")
            await ended(watch, thread_id)
            outputs = [
                str(e.item.body.output)
                for e in watch.of(ItemCompleted)
                if isinstance(e.item.body, Command)
            ]
            assert outputs == ["V=/of this/window\n"]

    on(engine, work)


async def asked(watch: Watch, since: int = 0) -> Review:
    return (await watch.until(ReviewAsked, since=since)).review


@each_engine
def test_an_accepted_command_runs_and_a_stale_answer_does_not(
    engine: EngineUnderTest,
) -> None:
    async def work(bench: Bench) -> None:
        first, second = bench.home.outside / "first", bench.home.outside / "second"
        async with running(bench) as watch:
            thread_id = await new_thread(watch, bench, f"ask {first}")
            review = await asked(watch)
            yes, no = review.decisions[0], review.decisions[-2]
            assert (yes.letter, no.letter) == ("y", "d")
            assert not first.exists()
            await watch.session.send(Decide(review, yes))
            await watch.until(ReviewSent)
            await watch.until(ReviewResolved)
            await ended(watch, thread_id)
            assert first.exists()

            mark = len(watch.events)
            again = SendTurn(ClientId("c2"), thread_id, f"ask {second}")
            await watch.session.send(again)
            fresh = await asked(watch, since=mark)
            await watch.session.send(Decide(review, yes))
            await watch.session.send(Decide(_moved(review, fresh), yes))
            assert len(watch.of(ReviewSent)) == 1
            assert len(watch.said()) == 2
            await watch.session.send(Decide(fresh, no))
            await ended(watch, thread_id, since=mark)
            assert not second.exists()

    on(engine, work)


def _moved(old: Review, fresh: Review) -> Review:
    """The old review under the fresh one's id: what was shown is another matter."""
    values = {name: getattr(old, name) for name in old.__slots__}
    return Review(**{**values, "key": fresh.key})


@each_engine
def test_interrupt_waits_until_the_turn_has_started(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await new_thread(watch, bench, "hello")
            await ended(watch, thread_id)
            for number in range(3):
                mark = len(watch.events)
                send = SendTurn(ClientId(f"h{number}"), thread_id, "hold")
                await watch.session.send(send)  # returns before turn/started
                await watch.session.send(Interrupt(thread_id))
                end = await ended(watch, thread_id, since=mark)
                assert end.status is TurnStatus.INTERRUPTED
            assert watch.said() == []

    on(engine, work)


@each_engine
def test_a_killed_engine_is_replaced_and_nothing_is_woken(
    engine: EngineUnderTest,
) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            sleeper = await new_thread(watch, bench, "hello")
            await ended(watch, sleeper)
            queued = await new_thread(watch, bench, "hold")
            await watch.until(TurnStarted, lambda e: e.thread_id == queued)
            await watch.session.send(QueueTurn(ClientId("q"), queued, "later"))
            mark = len(watch.events)
            (errors,) = (bench.home.tui_home / "engine").glob("*.stderr")
            with errors.open("a") as file:  # as the engine does
                file.write("its last words\n")
            kill(engine_pid(watch))
            lost = await watch.phase(EnginePhase.LOST, since=mark)
            assert "its process ended" in (lost.engine.sentence or "")
            assert "its last words" in lost.engine.stderr
            await watch.phase(EnginePhase.READY, since=mark)
            # `sleeper` was ours, has neither queue nor goal, and comes back quietly.
            await watch.until(
                SettingsChanged, lambda e: e.thread_id == sleeper, since=mark
            )
            await watch.until(
                SendChanged, lambda e: e.state is SendState.SEEN, since=mark
            )
            assert await loaded(bench) == {sleeper}
            report = await watch.session.inspect(queued)
            assert report is not None
            assert report.queue == ("later",)
            assert not report.quiet
            await watch.session.send(SendTurn(ClientId("n"), queued, "wake"))
            refused = await watch.until(SendChanged, lambda e: e.client_id == "n")
            assert refused.state is SendState.REFUSED
            assert await loaded(bench) == {sleeper}
            after = [e for e in watch.events[mark:] if isinstance(e, TurnStarted)]
            assert after == []

    on(engine, work)


@each_engine
def test_two_sessions_on_one_engine_see_each_other(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        path = bench.home.outside / "made"
        async with running(bench) as one, running(bench) as two:
            thread_id = await new_thread(one, bench, f"ask {path}")
            theirs = (await two.until(ReviewAsked)).review
            mine = await asked(one)
            assert theirs.key == mine.key
            await two.session.send(Decide(theirs, theirs.decisions[0]))
            await one.until(ReviewResolved)
            await ended(one, thread_id)
            await ended(two, thread_id)
            assert path.exists()
            assert engine_pid(one) == engine_pid(two)

    on(engine, work)


@each_engine
def test_opening_a_sleeping_thread_loads_nothing(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await new_thread(watch, bench, "hello")
            await ended(watch, thread_id)
            kill(engine_pid(watch))
        async with running(bench) as watch:
            await watch.until(ThreadSeen, lambda e: e.thread_id == thread_id)
            await watch.session.send(OpenThread(thread_id))
            page = await watch.until(TurnsLoaded)
            said = [
                body.text
                for turn in page.turns
                for item in turn.items.values()
                if isinstance(body := item.body, UserMessage)
            ]
            assert said == ["hello"]
            assert await loaded(bench) == set()
            report = await watch.session.inspect(thread_id)
            assert report is not None
            assert report.quiet, report
            assert report.stored is not None
            await watch.session.send(SendTurn(ClientId("c9"), thread_id, "again"))
            await ended(watch, thread_id)
            assert await loaded(bench) == {thread_id}

    on(engine, work)


@each_engine
def test_a_laxer_stored_mode_is_not_woken_by_a_message(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            full = "danger-full-access"
            thread_id = await new_thread(watch, bench, "hello", sandbox=full)
            await ended(watch, thread_id)
            kill(engine_pid(watch))
        async with running(bench) as watch:
            await watch.until(ThreadSeen, lambda e: e.thread_id == thread_id)
            await watch.session.send(SendTurn(ClientId("x"), thread_id, "again"))
            refused = await watch.until(SendChanged)
            assert refused.state is SendState.REFUSED
            report = await watch.session.inspect(thread_id)
            assert report is not None
            assert any("FULL ACCESS" in words for words in report.laxer)
            assert await loaded(bench) == set()
            resume = ResumeThread(
                thread_id, acknowledged=True, sandbox="workspace-write"
            )
            await watch.session.send(resume)
            applied = await watch.until(SettingsChanged)
            assert applied.settings.sandbox is not None
            assert applied.settings.sandbox.mode is SandboxMode.WORKSPACE_WRITE
            await watch.session.send(SendTurn(ClientId("y"), thread_id, "again"))
            await ended(watch, thread_id)

    on(engine, work)


@each_engine
def test_a_history_never_projected_is_read_from_its_file(
    engine: EngineUnderTest,
) -> None:
    read: list[str] = []

    async def read_rollout(
        thread_id: ThreadId, path: str, turns: int
    ) -> tuple[Event, ...]:
        read.append(path)
        return await rollout_events(thread_id, path, turns)

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await new_thread(watch, bench, "hello")
            await ended(watch, thread_id)
            kill(engine_pid(watch))
        for database in bench.home.codex_home.glob("thread_history_1.sqlite*"):
            database.unlink()
        around = Surroundings(read_rollout=read_rollout)
        async with running(bench, around=around) as watch:
            await watch.until(ThreadSeen, lambda e: e.thread_id == thread_id)
            await watch.session.send(OpenThread(thread_id))
            page = await watch.until(TurnsLoaded)
            (turn,) = page.turns
            words = [i.body for i in turn.items.values()]
            assert any(isinstance(b, UserMessage) and b.text == "hello" for b in words)
            assert await loaded(bench) == set()
        (path,) = read
        assert thread_id in Path(path).name

    on(engine, work)


@each_engine
def test_nothing_writable_starts_without_trust(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        config = bench.home.codex_home / "config.toml"
        folder = bench.home.outside / "unknown"
        (folder / ".git").mkdir(parents=True)
        async with running(bench) as watch:
            before = config.read_text()
            await new_thread(watch, bench, "", cwd=str(folder))
            shown = await watch.until(SettingsChanged)
            assert shown.settings.sandbox is not None
            assert shown.settings.sandbox.mode is SandboxMode.READ_ONLY
            assert watch.said()
            assert config.read_text() == before

            mark = len(watch.events)
            await new_thread(watch, bench, "", cwd=str(folder), trust=True)
            shown = await watch.until(SettingsChanged, since=mark)
            assert shown.settings.sandbox is not None
            assert shown.settings.sandbox.mode is SandboxMode.WORKSPACE_WRITE
            assert f'[projects."{folder}"]' in config.read_text()

    on(engine, work)


@each_engine
def test_terminals_are_listed_outlive_an_interrupt_and_stop(
    engine: EngineUnderTest,
) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await new_thread(watch, bench, "terminal")
            listed = await watch.until(TerminalsListed, lambda e: e.terminals)
            (terminal,) = listed.terminals
            assert terminal.command == "sleep 300"
            await ended(watch, thread_id)
            mark = len(watch.events)
            stop = StopTerminals(thread_id, terminal.process_id)
            await watch.session.send(stop)
            await watch.until(TerminalsListed, lambda e: not e.terminals, since=mark)

    on(engine, work)


@each_engine
def test_a_private_engine_ends_with_its_session(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        target = PrivateTarget(shared(bench).find or _no_engine, bench.home.codex_home)
        async with running(bench, target) as watch:
            thread_id = await new_thread(watch, bench, "hello")
            await ended(watch, thread_id)
            pid = engine_pid(watch)
            assert Path(f"/proc/{pid}").exists()
        assert not Path(f"/proc/{pid}").exists()

    on(engine, work)


def _no_engine() -> Any:
    raise AssertionError
