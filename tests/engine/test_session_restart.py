"""Two things that happen under running threads, on the real engines: a review turn that
has two ids is interrupted, and the engine's package is upgraded.

The oracles are what a second client started and what a command printed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from state.commands import Interrupt, SendTurn, StartThread
from state.engine.installed import numbers
from state.engine.locate import EngineBinary, locate, own_copy
from state.engine.supervisor import SharedTarget, control_socket
from state.events import (
    EngineChanged,
    ItemCompleted,
    ItemStarted,
    MessageShown,
    SandboxProbed,
    TurnEnded,
)
from state.items import Command, ItemStatus, ThreadId
from state.model import ClientId, TurnStatus
from tests.engine.harness import Bench, EngineUnderTest, each_engine, engines
from tests.engine.session_bench import Watch, running
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Step

Work = Callable[[Bench], Coroutine[Any, Any, None]]


class Model:
    """Answers, and keeps what it was asked: thread and words, in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: ModelRequest) -> Sequence[Step]:
        self.asked.append((request.thread_id, request.user_text))
        first = request.reply_index == 0
        words = request.user_text
        if "run" in words and first:
            return [Exec("echo it runs")]
        if "hold" in words and first:
            return [Exec("sleep 60", yield_ms=120_000)]
        return [Say("heard")]


def on(engine: EngineUnderTest, model: Model, work: Work) -> None:
    with Bench(engine, model) as bench:
        asyncio.run(work(bench))


async def begin(watch: Watch, bench: Bench, text: str) -> ThreadId:
    start = StartThread(
        ClientId(f"c-{text}"), str(bench.workspace), text, sandbox="workspace-write"
    )
    thread_id = await watch.session.send(start)
    assert thread_id is not None, watch.said()
    return thread_id


async def ended(watch: Watch, thread_id: ThreadId, since: int = 0) -> TurnEnded:
    return await watch.until(
        TurnEnded, lambda event: event.thread_id == thread_id, since=since
    )


def call(bench: Bench, method: str, params: dict[str, Any]) -> Any:
    """By a client that is not ours."""
    client = bench.connect(control_socket(bench.home.codex_home).resolve())
    return client.call(method, params)


@each_engine
def test_a_review_turn_with_two_ids_is_interrupted(engine: EngineUnderTest) -> None:
    model = Model()

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await begin(watch, bench, "hello")
            await ended(watch, thread_id)
            mark = len(watch.events)
            target = {"type": "custom", "instructions": "hold this"}
            params = {"threadId": thread_id, "target": target}
            await asyncio.to_thread(call, bench, "review/start", params)
            await watch.until(
                ItemStarted, lambda e: isinstance(e.item.body, Command), since=mark
            )
            await watch.session.send(Interrupt(thread_id))
            end = await ended(watch, thread_id, since=mark)
            assert end.status is TurnStatus.INTERRUPTED
            assert watch.said() == []
            mark = len(watch.events)
            await watch.session.send(SendTurn(ClientId("next"), thread_id, "and on"))
            end = await ended(watch, thread_id, since=mark)
            assert end.status is TurnStatus.COMPLETED

    on(engine, model, work)


def package_of(engine: EngineUnderTest, into: Path) -> Path:
    """The engine's package as an upgrade would find it: a tree of its own."""

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)

    shutil.copytree(engine.path.parent.parent, into, copy_function=link)
    return into


@each_engine
def test_an_upgrade_under_a_running_engine_breaks_no_command(
    engine: EngineUnderTest,
) -> None:
    """The package's folder goes away while threads run: ours is a copy."""
    model = Model()

    async def work(bench: Bench) -> None:
        package = package_of(engine, bench.home.root / "package")
        copy = own_copy(package, bench.home.tui_home)
        binary = EngineBinary(copy / "bin" / "codex", engine.version, "wheel")
        target = SharedTarget(lambda: binary, bench.home.codex_home)
        async with running(bench, target) as watch:
            thread_id = await begin(watch, bench, "hello")
            await ended(watch, thread_id)
            shutil.rmtree(package)
            mark = len(watch.events)
            await watch.session.send(SendTurn(ClientId("r"), thread_id, "run it"))
            done = await watch.until(
                ItemCompleted, lambda e: isinstance(e.item.body, Command), since=mark
            )
            assert isinstance(done.item.body, Command)
            assert done.item.status is ItemStatus.COMPLETED
            assert done.item.body.exit_code == 0
            assert "it runs" in str(done.item.body.output)
            await ended(watch, thread_id, since=mark)

    on(engine, model, work)


def names(version: str, event: MessageShown) -> bool:
    return f" {version} is " in event.text


@each_engine
def test_another_version_than_the_installed_one_is_said(
    engine: EngineUnderTest,
) -> None:
    """It runs; then another one is installed, older or newer; then its files go."""
    other = next((one for one in engines() if one.version != engine.version), engine)

    async def work(bench: Bench) -> None:
        package = package_of(engine, bench.home.root / "package")
        named = [package / "bin" / "codex"]
        invented: list[str] = []

        def find() -> EngineBinary:
            env = {"CODEX_TUI_CODEX_BIN": str(named[0])}
            found = locate(None, env=env, state_dir=bench.home.tui_home)
            return replace(found, version=invented[0]) if invented else found

        target = SharedTarget(find, bench.home.codex_home)
        async with running(bench, target, compare_seconds=0.05) as watch:
            same = await watch.until(EngineChanged, lambda e: e.engine.installed)
            assert same.engine.installed == engine.version == same.engine.version
            assert watch.said() == []
            for version in (other.version, "0.999.0", "0.9.0"):
                if version == engine.version:
                    continue  # there is no second engine here
                if version == other.version:
                    named[0] = other.path
                else:
                    invented[:] = [version]
                newer = numbers(version) > numbers(engine.version)
                words = "engine stop" if newer else "Update codex"
                said = await watch.until(MessageShown, partial(names, version))
                assert words in said.text
                assert said.text.startswith(f"codex {engine.version} runs here")
                told = watch.of(EngineChanged)[-1].engine
                assert told.installed == version
                assert told.version == engine.version
            invented.clear()
            named[0] = other.path
            mark = len(watch.events)
            shutil.rmtree(package)
            gone = await watch.until(
                SandboxProbed, lambda e: e.problem is not None, since=mark
            )
            assert "codex-tui engine stop" in str(gone.problem)
            assert len(watch.said()) == len(set(watch.said())), "each once"

    on(engine, Model(), work)
