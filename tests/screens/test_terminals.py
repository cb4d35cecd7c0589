"""The board and the pane of terminals: none, some, many, hostile, ended, left over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from state.engine.processes import Found, Key
from state.events import Event
from state.items import ItemId, ThreadId
from state.model import EnginePhase
from state.usage import Usage
from tests.clockwork import piloted
from tests.screens import scripts as s
from tests.screens.stage import CWD, NOW, Json, engine, keys, stage, told
from tests.snap import Act, Size, Snap, settle, sizes
from tui.app import CodexTui
from tui.screens.terminals import TerminalsBoard

ROOT, CHILD, OTHER = "t-root", "t-tester", "t-other"
CARGO = (
    "     Running unittests src/main.rs (target/debug/deps/parser-9c02)\n"
    "running 0 tests\n\n"
    "\x1b[2m[Running 'cargo test']\x1b[0m\n"
    "   \x1b[1;32mCompiling\x1b[0m parser v0.4.1 (/data/src/parser)\n"
    "\x1b[33mwarning\x1b[0m: unused variable: `guard`\n"
    "  \x1b[34m-->\x1b[0m src/cache.rs:91:9\n"
    "\nrunning 58 tests\n"
    + "".join(f"test cache::case_{n} ... \x1b[32mok\x1b[0m\n" for n in range(40))
    + "\n\x1b[1mtest result: ok. 58 passed; 0 failed\x1b[0m; finished in 0.84s\n"
    "\n[Finished running. Exit status: 0]\n"
)
HOSTILE = (
    "\x1b]0;title\x07\x1b]52;c;aGk=\x07\x1b[2J\x1b[H[red]markup[/red] \u202egnp.exe\n"
    + "界" * 200
    + "\nprogress 10%\rprogress 99%\n"
    + "x" * 10_000
)


def local() -> list[Event]:
    """An engine of this machine."""
    return [engine(EnginePhase.READY, version="0.169.0", how="joined")]


def tree() -> Json:
    """A root with one agent, and a thread beside it."""
    spawn = {"parent_thread_id": ROOT, "depth": 1, "agent_path": "/root/tester"}
    child = s.row(
        CHILD,
        None,
        180,
        "idle",
        parentThreadId=ROOT,
        source={"subAgent": {"thread_spawn": spawn}},
        canAcceptDirectInput=False,
    )
    return s.listed(
        s.row(ROOT, "fix the parser cache", 60, "idle"),
        child,
        s.row(OTHER, "bench the tokenizer", 300, "idle"),
    )


def command(
    thread: str, item: str, line: str, ago: int, printed: str = ""
) -> list[Json]:
    """A command that began `ago` seconds ago and printed something."""
    at = NOW - ago * 1000
    body: Json = {
        "type": "commandExecution",
        "id": item,
        "command": f"/bin/bash -lc '{line}'",
        "cwd": CWD,
        "processId": f"p{item}",
        "source": "unifiedExecStartup",
        "status": "inProgress",
        "commandActions": [],
        "aggregatedOutput": None,
        "exitCode": None,
        "durationMs": None,
    }
    where = {"threadId": thread, "turnId": f"u-{thread}"}
    events: list[Json] = [
        {
            "method": "item/started",
            "params": {"item": body, **where, "startedAtMs": at},
            "emittedAtMs": at,
        }
    ]
    if printed:
        delta = {**where, "itemId": item, "delta": printed}
        events.append({"method": "item/commandExecution/outputDelta", "params": delta})
    return events


def runs(thread: str, *items: tuple[str, str], cwd: str = CWD) -> Json:
    """The engine's list of a thread's terminals."""
    data = [
        {
            "itemId": item,
            "processId": f"p{item}",
            "command": line,
            "cwd": cwd,
            "osPid": None,
            "cpuPercent": None,
            "rssKb": None,
        }
        for item, line in items
    ]
    return {
        "to": "thread/backgroundTerminals/list",
        "params": {"threadId": thread},
        "result": {"data": data, "nextCursor": None},
    }


def over(thread: str, item: str, line: str, text: str, code: int, ago: int) -> Json:
    """It ended."""
    at = NOW - ago * 1000
    body: Json = {
        "type": "commandExecution",
        "id": item,
        "command": f"/bin/bash -lc '{line}'",
        "cwd": CWD,
        "processId": f"p{item}",
        "source": "unifiedExecStartup",
        "status": "completed" if code == 0 else "failed",
        "commandActions": [],
        "aggregatedOutput": text,
        "exitCode": code,
        "durationMs": 1000,
    }
    return {
        "method": "item/completed",
        "params": {
            "item": body,
            "threadId": thread,
            "turnId": f"u-{thread}",
            "completedAtMs": at,
        },
        "emittedAtMs": at,
    }


def four() -> list[Event]:
    """Four in two trees; the second prints much."""
    return told(
        tree(),
        *command(ROOT, "a", "npm run dev", 720, "ready on http://localhost:5173\n"),
        runs(ROOT, ("a", "npm run dev")),
        *command(CHILD, "b", "cargo watch -x test", 190, CARGO),
        runs(CHILD, ("b", "cargo watch -x test")),
        *command(OTHER, "c", "tail -F target/fuzz.log", 480),
        *command(OTHER, "d", "qemu-system-aarch64 -M virt", 1560, "login:"),
        runs(
            OTHER,
            ("c", "tail -F target/fuzz.log"),
            ("d", "qemu-system-aarch64 -M virt"),
        ),
    )


def ended() -> list[Event]:
    """One that failed, one that was stopped, one whose engine went."""
    return told(
        over(ROOT, "a", "npm run dev", "ready\nEADDRINUSE: port 5173\n", 7, 40),
        over(OTHER, "d", "qemu-system-aarch64 -M virt", "login:", -1, 20),
    )


class Seen:
    """Processes as a test says they are. `left`: of which terminals some outlive."""

    def __init__(self, usage: Mapping[tuple[str, str], Usage]) -> None:
        self._usage = {Key(ThreadId(t), ItemId(i)): u for (t, i), u in usage.items()}
        self.ended: list[Found] = []

    def usage(self) -> Mapping[Key, Usage]:
        return self._usage

    def find(self) -> Mapping[Key, Sequence[Found]]:
        return {
            key: [
                Found(key, 4200 + n, f"m{n}", f"sleep {1000 + n}", adopted=True)
                for n in range(usage.processes)
            ]
            for key, usage in self._usage.items()
        }

    async def left_of(self, found: Sequence[Found], seconds: float) -> Sequence[Found]:
        return found

    async def end(
        self, found: Sequence[Found]
    ) -> tuple[Sequence[Found], Sequence[Found]]:
        self.ended += found
        return found, ()


USED = {
    (ROOT, "a"): Usage(3.2, 184 * 1024, 3, NOW - 720_000),
    (CHILD, "b"): Usage(41.0, 912 * 1024, 5, NOW - 190_000),
    (OTHER, "c"): Usage(0.0, 2 * 1024, 1, NOW - 480_000),
    (OTHER, "d"): Usage(98.0, 2200 * 1024, 1, NOW - 1_560_000),
}

RUNNING = {key: used for key, used in USED.items() if key[1] in "bc"}
"""What those use that go on after `ended`"""


def watched(*pieces: Sequence[Event], used: Any = USED, **more: Any) -> CodexTui:
    """The app on a machine whose processes can be seen."""
    app = stage(local(), *pieces, **more)
    app.services.processes = Seen(used)
    return app


async def press(pilot: Pilot[Any], *names: str) -> None:
    """Keys, each with all that comes of it."""
    for name in names:
        await pilot.press(name)
        await settle(pilot)


async def opened(pilot: Pilot[Any], minute: Sequence[float] = ()) -> None:
    """Open the board with t; `minute`: what shares of the usual were used before."""
    await press(pilot, "t")
    fleet: Any = pilot.app.fleet  # type: ignore[attr-defined]
    seen, usual = fleet.services.processes, {}
    if seen is not None:
        usual = dict(seen._usage)
    for share in (*minute, 1.0):
        for key, usage in usual.items():
            used = (usage.cpu_percent or 0.0) * share
            seen._usage[key] = replace(usage, cpu_percent=used)
        fleet.meter._bar_ms = 0  # each look is a bar of its own
        await fleet.terminal_watch._look()
    await settle(pilot)


def board(*names: str, minute: Sequence[float] = ()) -> Act:
    """Open the board, then press these."""

    async def act(pilot: Pilot[Any]) -> None:
        await opened(pilot, minute)
        await press(pilot, *names)

    return act


@sizes
def test_none(snap_of: Snap, size: Size) -> None:
    app = watched(told(tree()))
    words = ["No background terminals running.", "esc back"]
    snap_of(app, size, run_before=board(), must_contain=words)


@sizes
def test_four(snap_of: Snap, size: Size) -> None:
    app = watched(four(), open_thread=ROOT)
    words = [
        *("cargo watch", "/root/tester", "41%", "912M", "2.1G", "following"),
        "[Finished running. Exit status: 0]",
    ]
    act = board("j", minute=(0.1, 0.4, 1, 0.7, 0.2, 0.1, 0.6, 0.9))
    snap_of(app, size, run_before=act, must_contain=words)


@sizes
def test_full(snap_of: Snap, size: Size) -> None:
    app = watched(four(), open_thread=ROOT)
    words = ["2 cargo watch", "following", "esc list", "Exit status: 0"]
    snap_of(app, size, run_before=board("j", "enter"), must_contain=words)


@sizes
def test_searched(snap_of: Snap, size: Size) -> None:
    app = watched(four(), open_thread=ROOT)
    words = ["“case_1” 11 of 11", "case_19"]
    act = board("j", "slash", *"case_1", "enter")
    snap_of(app, size, run_before=act, must_contain=words, each_anew=True)


@sizes
def test_ended(snap_of: Snap, size: Size) -> None:
    app = watched(four(), ended(), used=RUNNING, open_thread=ROOT)
    words = ["2 ended", "exit 7", "stopped", "EADDRINUSE", "dismiss"]
    snap_of(app, size, run_before=board("end"), must_contain=words)


@sizes
def test_left_over(snap_of: Snap, size: Size) -> None:
    """A `setsid` child outlived its terminal: x names it and offers to end it."""
    used = {**RUNNING, (OTHER, "d"): Usage(0.0, 900, 2, NOW - 700_000)}
    app = watched(four(), ended(), used=used, open_thread=ROOT)
    words = ["End 2 processes that live on?", "4200", "SIGTERM", "Cancel"]
    snap_of(app, size, run_before=board("end", "x"), must_contain=words)


@sizes
def test_stop_asks(snap_of: Snap, size: Size) -> None:
    app = watched(four(), open_thread=ROOT)
    words = ["Stop 2 terminals?", "1  npm run dev", "2  cargo watch", "Cancel"]
    snap_of(app, size, run_before=board("X"), must_contain=words)


@sizes
def test_many(snap_of: Snap, size: Size) -> None:
    items = [(f"i{n}", f"python worker.py --shard {n} --of 60") for n in range(60)]
    begun = [m for n, line in items for m in command(ROOT, n, line, 60, f"shard {n}\n")]
    app = watched(told(tree(), *begun, runs(ROOT, *items)), used={})
    words = ["60 in 1 thread", "worker.py --shard"]
    snap_of(app, size, run_before=board(), must_contain=words)


@sizes
def test_hostile(snap_of: Snap, size: Size) -> None:
    line = "echo \x1b[31m\u202etxt.exe [bold]markup[/bold] " + "y" * 300
    events = told(
        tree(),
        *command(ROOT, "a", "printf", 60, HOSTILE),
        runs(ROOT, ("a", line), cwd="/home/dev/\u202e/" + "deep/" * 40 + "end"),
    )
    app = watched(events, used={}, open_thread=ROOT)
    words = ["‹U+001B›", "progress 99%"]
    snap_of(app, size, run_before=board("home", "tab", "g"), must_contain=words)


@sizes
def test_last_known(snap_of: Snap, size: Size) -> None:
    """No engine: what is shown is last known, and nothing looks live."""
    lost = engine(EnginePhase.LOST, sentence="gone", retry_at_ms=NOW + 6000)
    app = stage(local(), four(), [lost], open_thread=ROOT)
    snap_of(app, size, run_before=keys("t"), must_contain=["last known"])


@pytest.mark.parametrize("size", [(120, 40)], ids=["120x40"])
def test_joined_late(snap_of: Snap, size: Size) -> None:
    """It printed before anybody was connected; the engine sends that never again."""
    _, printed = command(ROOT, "a", "npm run dev", 720, "GET /index.html 200\n")
    app = watched(told(tree(), runs(ROOT, ("a", "npm run dev")), printed))
    words = ["first output not sent by the engine", "GET /index.html 200"]
    snap_of(app, size, run_before=board(), must_contain=words)


@pytest.mark.parametrize("size", [(120, 40)], ids=["120x40"])
def test_a_command_of_ones_own(snap_of: Snap, size: Size) -> None:
    """`!cmd`, and a terminal that was stopped: neither is an agent's failure."""
    mine = s.ran("git status --short", " M src/cache.rs\n", "m1", source="userShell")
    turn = f"u-{ROOT}"
    events = [*s.began(ROOT, turn), s.item(ROOT, turn, **mine), *s.ended(ROOT, turn)]
    app = watched(
        four(), told(*events, over(ROOT, "a", "npm run dev", "ready\n", -1, 20)),
        open_thread=ROOT,
    )  # fmt: skip
    words = ["You ran git status", "outside the sandbox, by you", "stopped"]
    snap_of(app, size, run_before=keys("2"), must_contain=words)


@pytest.mark.parametrize("size", [(120, 40)], ids=["120x40"])
def test_quitting_names_what_dies(snap_of: Snap, size: Size) -> None:
    """An engine of this window alone ends with it."""
    private = [engine(EnginePhase.READY, version="0.169.0", how="private")]
    app = stage(private, four(), open_thread=ROOT)
    words = ["Quit?", "npm run dev", "qemu-system-aarch64", "Quit and end them"]
    snap_of(app, size, run_before=keys("ctrl+q"), must_contain=words)


@sizes
def test_pane(snap_of: Snap, size: Size) -> None:
    app = watched(four(), ended(), used=RUNNING, open_thread=ROOT)
    words = ["cargo watch", "exit 7"]
    snap_of(app, size, run_before=keys("4"), must_contain=words)


def test_an_orphan_nobody_knew_becomes_a_row() -> None:
    """Its thread rests, its engine is gone; that of a loaded thread is none of ours."""

    async def run() -> None:
        rests = told(s.listed(s.row(ROOT, "fix it", 60), s.row(OTHER, "x", 9, "idle")))
        used = {
            (ROOT, "lost"): Usage(0.0, 900, 1, NOW - 5000),
            (OTHER, "runs"): Usage(0.0, 900, 1, NOW - 5000),
        }
        app = watched(rests, used=used)
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            app.fleet.terminal_watch.tick()
            await settle(pilot)
            await press(pilot, "t")
            (row,) = app.fleet.presenter.terminals().rows
            assert (row.item_id, row.left) == ("lost", 1)
            await press(pilot, "x", "right", "enter")
            seen: Any = app.services.processes
            assert [one.key for one in seen.ended] == [(ROOT, "lost")]

    piloted(run())


def test_what_is_left_is_ended_only_after_a_yes() -> None:
    """The dialog opens on Cancel; the processes ended are those that were named."""
    used = {**RUNNING, (OTHER, "d"): Usage(0.0, 900, 2, NOW - 700_000)}

    async def run() -> None:
        app = watched(four(), ended(), used=used, open_thread=ROOT)
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            seen: Any = app.services.processes
            await opened(pilot)
            await press(pilot, "end", "x", "enter")
            assert seen.ended == []
            await press(pilot, "x", "right", "enter")
            assert [one.pid for one in seen.ended] == [4200, 4201]
            assert {one.key for one in seen.ended} == {(OTHER, "d")}
            assert isinstance(app.screen, TerminalsBoard)

    piloted(run())
