"""Background terminals on real engines; the oracle is /proc, never our own list.

One story for each engine: a root and its agent each leave a process running; both turns
are interrupted and both processes live; one is stopped and exactly that one is gone; a
`setsid` child outlives its terminal, is found and ended; the engine dies, and what is
left of it is found by a fresh program.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from state.commands import Interrupt, RunShell, StartThread, StopTerminals
from state.engine.processes import Found, Key, Processes, end, left_of, signalled
from state.engine.supervisor import control_socket
from state.events import (
    ItemCompleted,
    ItemStarted,
    TerminalsListed,
    TurnEnded,
    TurnStarted,
)
from state.items import Command, ItemId, ThreadId
from state.model import ClientId, TurnStatus, World
from state.reduce import reduce
from state.select.terminals import figures
from state.terminals import Ending, Terminal
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import LIMIT, Watch, engine_pid, kill, running
from tests.scenario.script import SCRIPT
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Spawn, Step, WaitAgents

# Seconds that nobody else sleeps, the same test in another process included.
ROOT_SLEEP, CHILD_SLEEP, SHELL_SLEEP, LOOSE = (
    f"{seconds}.{os.getpid()}" for seconds in (7177, 7178, 7179, 7176)
)


def script(request: ModelRequest) -> Sequence[Step]:
    """The root leaves a process and holds its turn open; so does its agent."""
    at = request.reply_index
    if request.agent_path == "/root/keeper":
        if at == 0:
            return [Exec(f"echo child; exec sleep {CHILD_SLEEP}", yield_ms=300)]
        return [Exec("sleep 600", yield_ms=120_000)]
    match request.user_text:
        case "keep" if at == 0:
            return [Exec(f"echo up; exec sleep {ROOT_SLEEP}", yield_ms=300)]
        case "keep" if at == 1:
            return [Spawn("keeper", "keep something running")]
        case "keep":
            return [WaitAgents(timeout_ms=600_000)]
        case "loose" if at == 0:
            # The shell stays, so that this is a terminal; its child leaves it.
            loose = f"setsid nohup sleep {LOOSE} >/dev/null 2>&1 & sleep 1000"
            return [Exec(loose, yield_ms=300)]
        case "ends" if at == 0:
            return [Exec("for i in 1 2 3; do echo t$i; sleep 0.4; done; exit 7",
                         yield_ms=250)]  # fmt: skip
    return [Say("fine")]


def sleepers(seconds: str) -> list[int]:
    """Processes that sleep so long, read from /proc by a way of our own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", seconds.encode()]:
            found.append(int(folder.name))
    return found


async def until(met: Callable[[], object], what: str) -> None:
    """Wait for a fact of the machine."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LIMIT
    while not met():
        assert loop.time() < deadline, what
        await asyncio.sleep(0.05)


def folded(watch: Watch) -> World:
    """The world that a window would show now."""
    world = World()
    for event in watch.events:
        world = reduce(world, event)
    return world


async def begin(watch: Watch, bench: Bench, text: str, sandbox: str) -> ThreadId:
    start = StartThread(
        client_id=ClientId(f"c-{text}"),
        cwd=str(bench.workspace),
        text=text,
        sandbox=sandbox,
        approval_policy="never",
    )
    made = await watch.session.send(start)
    assert made is not None, watch.said()
    return made


async def interrupted(watch: Watch, thread_id: ThreadId) -> None:
    """Interrupt what runs in a thread, and wait for its end."""
    turn = [e for e in watch.of(TurnStarted) if e.thread_id == thread_id][-1]
    await watch.session.send(Interrupt(thread_id, turn.turn_id))
    ended = await watch.until(TurnEnded, lambda e: e.turn_id == turn.turn_id)
    assert ended.status is TurnStatus.INTERRUPTED


async def codex_tui(
    bench: Bench, *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    """The program on the command line, with no terminal to ask in."""

    def run() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            (SCRIPT, *arguments),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=bench.home.environment(),
            cwd=bench.home.outside,
            timeout=LIMIT,
        )

    return await asyncio.to_thread(run)


def _figures_are_the_engines(bench: Bench, root: ThreadId, mine: Terminal) -> None:
    """What the engine says a terminal costs is what we hold of it. Engines up to 0.171
    have the fields and leave them empty, so the figures shown are those of /proc."""
    client = bench.connect(control_socket(bench.home.codex_home).resolve())
    listed = client.call("thread/backgroundTerminals/list", {"threadId": root})
    (row,) = listed["data"]
    told = row.get("cpuPercent"), row.get("rssKb")
    assert (mine.cpu_percent, mine.rss_kb) == told
    assert ("—" in figures(mine, None)) == (None in told)


async def _refused_on_the_command_line(bench: Bench) -> None:
    """Nothing ends by words that mean nothing, nor without a yes."""
    listed = await codex_tui(bench, "terminals", "--json")
    told = {t["command"]: t for t in json.loads(listed.stdout)}
    mine = told[f"echo up; exec sleep {ROOT_SLEEP}"]
    assert (listed.returncode, mine["agentPath"], mine["live"]) == (0, "/root", True)
    assert mine["cpu"].endswith("%")
    assert mine["memory"] != "—"
    for words, said in (("99", b"no terminal 99"), ("/root/none", b"/root/none")):
        ran = await codex_tui(bench, "stop", words, "--yes")
        assert (ran.returncode, said in ran.stderr) == (2, True), ran.stderr
    ran = await codex_tui(bench, "stop", str(mine["id"]))
    assert (ran.returncode, b"add --yes" in ran.stderr) == (2, True)
    assert sleepers(ROOT_SLEEP)
    assert sleepers(CHILD_SLEEP)


@each_engine
def test_interrupts_keep_terminals_and_stop_ends_exactly_one(
    engine: EngineUnderTest,
) -> None:
    async def story(bench: Bench) -> None:
        async with running(bench) as watch:
            root = await begin(watch, bench, "keep", "workspace-write")
            child_listed = await watch.until(
                TerminalsListed, lambda e: e.thread_id != root and e.terminals
            )
            child = child_listed.thread_id
            await until(lambda: sleepers(ROOT_SLEEP), "the root's process runs")
            await until(lambda: sleepers(CHILD_SLEEP), "the agent's process runs")
            await interrupted(watch, root)
            await interrupted(watch, child)
            assert sleepers(ROOT_SLEEP), "an interrupt of the root killed it"
            assert sleepers(CHILD_SLEEP), "an interrupt of the agent killed it"

            world = folded(watch)
            (mine,) = world.threads[root].terminals.values()
            theirs = {t.command: t for t in world.threads[child].terminals.values()}
            other = theirs[f"echo child; exec sleep {CHILD_SLEEP}"]
            assert mine.number != other.number

            table = Processes()
            found = table.find()
            assert Key(root, mine.item_id) in found
            assert Key(child, other.item_id) in found
            usage = table.usage()[Key(root, mine.item_id)]
            assert usage.rss_kb > 0
            assert usage.processes == len(found[Key(root, mine.item_id)])

            await asyncio.to_thread(_figures_are_the_engines, bench, root, mine)
            mark = len(watch.events)
            await _refused_on_the_command_line(bench)
            ran = await codex_tui(bench, "stop", "/root/keeper", "--yes")
            assert ran.returncode == 0, ran.stdout + ran.stderr
            assert f"sleep {CHILD_SLEEP}".encode() in ran.stdout
            await until(lambda: not sleepers(CHILD_SLEEP), "it was stopped")
            assert sleepers(ROOT_SLEEP), "the other one was stopped, too"
            await watch.until(
                ItemCompleted, lambda e: e.item.id == other.item_id, since=mark
            )
            world = folded(watch)
            assert world.threads[root].terminals.keys() == {mine.item_id}
            gone = world.threads[child].ended_terminals[other.item_id]
            assert gone.ending in (Ending.EXITED, Ending.GONE)
            mark = len(watch.events)
            await watch.session.send(StopTerminals(child, other.process_id))
            assert "ended before" in " ".join(watch.said())
            await watch.session.send(StopTerminals(root))
            await until(lambda: not sleepers(ROOT_SLEEP), "all of the thread")

    with Bench(engine, script) as bench:
        asyncio.run(story(bench))


@each_engine
def test_ends_are_heard_and_what_outlives_a_terminal_is_found(
    engine: EngineUnderTest,
) -> None:
    """Exit long after the turn; `!cmd` outside the sandbox; a `setsid` child under
    full access outlives /stop, and an engine's death; only it is ended by us."""

    async def story(bench: Bench) -> None:
        async with running(bench) as watch:
            thread = await begin(watch, bench, "ends", "workspace-write")
            await watch.until(TurnEnded, lambda e: e.thread_id == thread)
            done = await watch.until(
                ItemCompleted,
                lambda e: e.thread_id == thread and isinstance(e.item.body, Command),
            )
            ended = folded(watch).threads[thread].ended_terminals[done.item.id]
            assert (ended.ending, ended.exit_code) == (Ending.EXITED, 7)
            assert str(ended.output.text).endswith("t1\nt2\nt3\n")

            proof = bench.home.outside / "proof"
            mark = len(watch.events)
            await watch.session.send(RunShell(thread, f"echo free > {proof}"))
            ran = await watch.until(
                ItemStarted,
                lambda e: (
                    isinstance(e.item.body, Command)
                    and e.item.body.source == "userShell"
                ),
                since=mark,
            )
            await until(proof.exists, "a command of the user is not sandboxed")
            assert ran.thread_id == thread

            loose = await begin(watch, bench, "loose", "danger-full-access")
            listed = await watch.until(
                TerminalsListed, lambda e: e.thread_id == loose and e.terminals
            )
            (terminal,) = listed.terminals
            await until(lambda: sleepers(LOOSE), "the child runs")
            table = Processes()
            key = Key(loose, terminal.item_id)
            before = table.find()[key]
            await watch.session.send(StopTerminals(loose, terminal.process_id))
            left = await left_of(before, 2.0)
            assert [one.pid for one in left] == sleepers(LOOSE)
            assert not folded(watch).threads[loose].terminals
            pid = engine_pid(watch)
            kill(pid)
            await until(lambda: not Path(f"/proc/{pid}").exists(), "the engine died")
            # A fresh program, after the engine's death, finds the same orphan.
            (orphan,) = Processes().find()[key]
            assert orphan.adopted
            assert orphan.pid == left[0].pid
            _refuses_others(orphan)
            ended_now, rest = await end([orphan])
            assert ([one.pid for one in ended_now], rest) == ([orphan.pid], ())
            assert not sleepers(LOOSE)

    with Bench(engine, script) as bench:
        asyncio.run(story(bench))


def _refuses_others(orphan: Found) -> None:
    """Another item, another start, or ourselves: no signal leaves."""
    strangers = (
        Found(Key(orphan.key.thread_id, ItemId("x")), orphan.pid, orphan.mark, ""),
        Found(orphan.key, orphan.pid, "another-start", ""),
        Found(orphan.key, os.getpid(), orphan.mark, ""),
        Found(orphan.key, 1, orphan.mark, ""),
    )
    for stranger in strangers:
        assert not signalled(stranger, signal.SIGKILL)
    assert sleepers(LOOSE) == [orphan.pid]


@pytest.fixture(autouse=True)
def _no_sleepers() -> None:
    """What an earlier, killed run left would be taken for this one's."""
    for seconds in (ROOT_SLEEP, CHILD_SLEEP, SHELL_SLEEP, LOOSE):
        for pid in sleepers(seconds):
            os.kill(pid, signal.SIGKILL)
