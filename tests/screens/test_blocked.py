"""Commands that something stopped: in the transcript, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from state.events import CallEnded, Event, RuleApplied, ViolationLogged
from state.hidden import EndedCall
from state.items import ItemId, RanOutside, ThreadId, TurnId
from state.permissions.noise import Cell as LoggedCell
from state.permissions.noise import Violation
from tests.screens import scripts as s
from tests.screens.stage import NOW, Json, connected, keys, stage, told
from tests.snap import Size, Snap, sizes
from tui.app import CodexTui
from tui.demo.part import Part
from tui.demo.parts.blocked import BLOCKED
from tui.demo.parts.rootless import ROOTLESS
from tui.demo.steps import Exec, Say

ROOT = s.AUTH
TURN = "turn-blocked"


def call(number: int, output: str, **more: str) -> Event:
    """What the rollout tells of a call, `number` seconds into the turn."""
    at = NOW - 60_000 + number * 1000
    ended = EndedCall(
        f"call-{number}",
        more.pop("tool", "exec_command"),
        "rollout",
        output,
        started_ms=at,
        ended_ms=at + 100,
        **more,
    )
    return CallEnded(ThreadId(ROOT), TurnId(TURN), ended)


def exited(code: int, output: str) -> str:
    return f"Process exited with code {code}\nOutput:\n{output}"


def stopped() -> Iterator[Event]:
    """A turn with one command of each fate."""
    yield from told(*s.fleet(), *s.began(ROOT, TURN, ago=60))
    yield from told(
        s.item(
            ROOT,
            TURN,
            **s.ran(
                "curl -sS https://crates.io/api/v1/crates/serde",
                "curl: (6) Could not resolve host: crates.io\n",
                "c1",
                exitCode=6,
                status="failed",
                startedAtMs=NOW - 59_000,
            ),
        )
    )
    erofs = "touch: cannot touch '/etc/hosts.d/x': Read-only file system\n"
    yield call(10, exited(1, erofs), command="touch /etc/hosts.d/x")
    refused = (
        'exec_command failed: CreateProcess { message: "Rejected(\\"`git push '
        "--force` rejected: policy forbids commands starting with `git push "
        '--force`\\")" }'
    )
    yield call(20, refused, command="git push --force")
    cell = (
        "Script completed\nOutput:\n"
        + json.dumps({"exit_code": 1, "output": erofs.replace("hosts.d/x", "motd")})
    )  # fmt: skip
    code = "for (const f of files) await tools.exec_command({cmd: `touch ${f}`})"
    yield call(30, cell, tool="exec", code=code)


def blocked() -> CodexTui:
    return stage(connected(), stopped(), open_thread=ROOT)


@sizes
def test_blocked_commands(snap_of: Snap, size: Size) -> None:
    words = [
        "Blocked",
        "Refused",
        "May have been blocked",
        "policy forbids",
    ]
    snap_of(blocked(), size, run_before=keys("2"), must_contain=words)


@sizes
def test_why_it_was_blocked(snap_of: Snap, size: Size) -> None:
    words = ["Why it was blocked", "/etc/hosts.d", "writable_roots", "Tell the agent"]
    act = keys("2", "K", "K", "K", "w")
    snap_of(blocked(), size, run_before=act, must_contain=words)


def test_why_it_may_have_been_blocked(snap_of: Snap) -> None:
    """The question says no more than the row does."""
    words = ["Why it may have been blocked", "/etc/motd", "Tell the agent"]
    snap_of(blocked(), (80, 24), run_before=keys("2", "K", "w"), must_contain=words)


def test_why_of_the_command_above_the_last_words(snap_of: Snap) -> None:
    """The cursor rests on what the agent said last; w tells of the command it means."""
    words = [
        "> ../shared-reports/cold.txt",
        "Codex's sandbox (workspace-write) blocked",
    ]
    it = of_the_demo(BLOCKED, s.WORKSPACE)
    snap_of(it, (80, 24), run_before=keys("2", "w"), must_contain=words)


def test_telling_the_agent_writes_a_draft(snap_of: Snap) -> None:
    act = keys("2", "K", "K", "K", "w", "left", "enter")
    words = ["was blocked. Codex's sandbox", "find another way"]
    snap_of(blocked(), (120, 40), run_before=act, must_contain=words)


BESIDE = ThreadId("01a1-beside")


def of_the_demo(part: Part, sandbox: Json, **opened: Any) -> CodexTui:
    """A thread of the demo with the command that the sandbox stopped, and its end."""
    [side] = part.threads
    note, run, end = (step for beat in side.beats for step in beat.steps)
    assert isinstance(note, Say)
    assert isinstance(run, Exec)
    assert isinstance(end, Say)
    thread = s.row(BESIDE, side.name or "", 5, "idle")
    asks = {"approvalPolicy": side.approval_policy}
    place = run.cmd.rpartition("> ")[2]
    words = f"/bin/bash: line 1: {place}: Read-only file system\n"
    cell = json.dumps({"exit_code": 1, "output": words})
    ended = EndedCall(
        "call-1",
        "exec",
        "rollout",
        f"Script completed\nOutput:\n{cell}",
        code=f"const r = await tools.exec_command({json.dumps({'cmd': run.cmd})});",
        started_ms=NOW - 8900,
        ended_ms=NOW - 8800,
    )
    last = s.item(BESIDE, TURN, done=False, **s.answer(""))
    last["params"]["startedAtMs"] = NOW - 8000
    events = (
        *told(s.listed(thread), s.opened(thread, sandbox, **asks, **opened)),
        *told(*s.began(BESIDE, TURN, ago=20)),
        *told(s.item(BESIDE, TURN, done=False, **s.said(side.prompt))),
        *told(s.item(BESIDE, TURN, done=False, **s.answer(note.text, "a0"))),
        CallEnded(BESIDE, TurnId(TURN), ended),
        *told(last, s.item(BESIDE, TURN, **s.answer(end.text))),
        *told(*s.ended(BESIDE, TURN)),
    )
    return stage(connected(), events, open_thread=BESIDE)


def test_the_demos_blocked_command(snap_of: Snap) -> None:
    words = ["Blocked", "shared-reports/cold.txt", "w what would allow it"]
    it = of_the_demo(BLOCKED, s.WORKSPACE)
    snap_of(it, (120, 40), run_before=keys("2"), must_contain=words)


@sizes
def test_the_demos_thread_without_a_root(snap_of: Snap, size: Size) -> None:
    """What the engine lists for it are the temporary folders."""
    words = ["Blocked", "no workspace root", "workspace-write"]
    sandbox = {**s.WORKSPACE, "writableRoots": ["/tmp", "/home/dev/tmp"]}
    it = of_the_demo(ROOTLESS, sandbox, runtimeWorkspaceRoots=[])
    snap_of(it, size, run_before=keys("2"), must_contain=words)


def logged() -> Iterator[Event]:
    """A cell that printed nothing of what it ran: the engine's log tells of it."""
    yield from told(*s.fleet(), *s.began(ROOT, TURN, ago=60))
    code = (
        "try { await tools.exec_command({cmd: 'cp dist/app.tar /srv/releases/'}) }"
        " catch { text('no release today') }"
    )
    row = Violation(ROOT, TURN, "exec-1", "read_only_file_system", "", NOW - 50_000)
    cell = LoggedCell("call-1", code, NOW - 51_000)
    yield ViolationLogged(ThreadId(ROOT), TurnId(TURN), row, cell)


def test_what_only_the_engines_log_tells(snap_of: Snap) -> None:
    act = keys("2", "K", "w")
    words = ["May have been blocked", "engine's log", "from what it wrote"]
    it = stage(connected(), logged(), open_thread=ROOT)
    snap_of(it, (120, 40), run_before=act, must_contain=words)


def let_out() -> Iterator[Event]:
    """One command that a rule let out, one that may have been let out."""
    yield from told(*s.fleet(), *s.began(ROOT, TURN, ago=60))
    home = "/home/dev/.codex/rules"
    for name, command, rule in (
        ("c1", "npm publish", RanOutside("npm publish", f"{home}/default.rules:12")),
        ("c2", "make dist", RanOutside("", f"{home}/team.rules:3", sure=False)),
    ):
        yield from told(s.item(ROOT, TURN, **s.ran(command, "ok\n", name)))
        yield RuleApplied(ThreadId(ROOT), TurnId(TURN), ItemId(name), rule)


@sizes
def test_let_out_by_a_rule(snap_of: Snap, size: Size) -> None:
    words = [
        "outside the sandbox, by rule npm publish (default.rules:12)",
        "may have run outside the sandbox: team.rules:3 is not clear",
    ]
    it = stage(connected(), let_out(), open_thread=ROOT)
    snap_of(it, size, run_before=keys("2"), must_contain=words)
