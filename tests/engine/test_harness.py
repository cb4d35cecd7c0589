"""The harness and the demo's home: what they promise to the tests built on them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from state.engine.installed import numbers
from state.engine.wire.threads import decode_turn
from state.select.failures import MEANING, failure_words
from tests.engine.harness import (
    Bench,
    EngineSummary,
    EngineUnderTest,
    each_engine,
    engine_summary,
    engines,
    need_sandbox,
)
from tests.engine.plain_client import RpcError
from tests.scenario.tmux import until
from tui.demo.director import Beat, Director, Scenario
from tui.demo.home import DemoHome, processes_of, sweep
from tui.demo.project import project_files
from tui.demo.provider import Verdict
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Fail, HoldUntil, PlainExec, Say, Spawn, Step

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def outside_tmp() -> Path:
    return Path.home() / ".cache" / "codex-tui-tests"


@each_engine
def test_an_interrupt_reaches_the_provider(engine: EngineUnderTest) -> None:
    never = asyncio.Event()
    seen: list[tuple[int, int, str]] = []

    def script(request: ModelRequest) -> Sequence[Step]:
        seen.append((request.turn_index, request.reply_index, request.user_text))
        if request.turn_index == 0:
            return (Say("one moment"), HoldUntil(never))
        return (Say("here I am"),)

    with Bench(engine, script) as bench:
        client = bench.stdio()
        thread = client.start_thread(bench.workspace)
        turn = client.start_turn(thread, "wait")
        client.wait_for("item/agentMessage/delta", threadId=thread)
        client.call("turn/interrupt", {"threadId": thread, "turnId": turn})
        ended = client.wait_for("turn/completed", threadId=thread)
        assert ended["params"]["turn"]["status"] == "interrupted"
        since = client.mark()
        client.start_turn(thread, "again")
        ended = client.wait_for("turn/completed", since=since, threadId=thread)
        assert ended["params"]["turn"]["status"] == "completed"
        until(lambda: bench.provider.provider.disconnects == 1, "the hang-up seen")
    assert seen == [(0, 0, "wait"), (1, 0, "again")]


@each_engine
def test_a_held_reply_goes_on_when_released(engine: EngineUnderTest) -> None:
    gate = asyncio.Event()

    def script(request: ModelRequest) -> Sequence[Step]:
        if request.agent_path == "/root/helper":
            return (HoldUntil(gate), Say("helped"))
        if request.reply_index == 0:
            return (Spawn("helper", "help"),)
        return (Say("started"),)

    with Bench(engine, script) as bench:
        client = bench.stdio()
        thread = client.start_thread(bench.workspace)
        client.start_turn(thread, "go")
        client.wait_for("turn/completed", threadId=thread)
        since = client.mark()
        bench.provider.release(gate)
        ended = client.wait_for("turn/completed", since=since)
        assert ended["params"]["threadId"] != thread
        assert ended["params"]["turn"]["items"][0]["text"] == "helped"


@each_engine
def test_what_a_message_cut_off_is_said_afterwards(engine: EngineUnderTest) -> None:
    """The engine stops reading a reply to hand over an agent's message; the director
    goes on where it stopped, and nothing is said or done twice."""
    gate = asyncio.Event()
    scenario = Scenario(
        prompt="go",
        root=(
            Beat((Spawn("helper", "help"),)),
            Beat((HoldUntil(gate), Say("remark", "commentary"), Exec("echo cut off"))),
            Beat((Say("end", "final_answer"),)),
        ),
        agents=(("/root/helper", (Beat((Say("helped", "final_answer"),)),)),),
        later=(),
    )
    with Bench(engine, Director(scenario, speed=0)) as bench:
        client = bench.stdio()
        thread = client.start_thread(bench.workspace)
        client.start_turn(thread, "go")
        client.wait_for(
            lambda m: (m["params"].get("item") or {}).get("kind") == "completed",
            threadId=thread,
        )
        bench.provider.release(gate)
        client.wait_for("turn/completed", threadId=thread)
        items = [
            m["params"]["item"]
            for m in client.messages
            if m["method"] == "item/completed" and m["params"]["threadId"] == thread
        ]
    said = [item["text"] for item in items if item["type"] == "agentMessage"]
    assert said == ["remark", "end"]
    ran = [item for item in items if item["type"] == "commandExecution"]
    assert [item["aggregatedOutput"] for item in ran] == ["cut off\n"]


@each_engine
def test_a_failing_model_fails_the_turn(engine: EngineUnderTest) -> None:
    """With the engine's code, and with words of ours that follow from it."""
    biology = "bioPolicy" if numbers(engine.version) >= (0, 171) else "other"
    failures = {
        "more": (429, "usage_limit_reached", "usageLimitExceeded", None),
        "biology": (400, "bio_policy", biology, "Not this one"),
        "cyber": (400, "cyber_policy", "cyberPolicy", "Nor this"),
    }

    def script(request: ModelRequest) -> Sequence[Step]:
        status, code, _, said = failures[request.user_text]
        return (Fail(status, code, said or "no more", code),)

    with Bench(engine, script) as bench:
        client = bench.stdio()
        thread = client.start_thread(bench.workspace)
        for asked, (_, _, code, said) in failures.items():
            before = client.mark()
            client.start_turn(thread, asked)
            ended = client.wait_for("turn/completed", since=before, threadId=thread)
            turn = ended["params"]["turn"]
            assert turn["error"]["codexErrorInfo"] == code
            error = decode_turn(turn).error
            assert error is not None
            if said is not None:
                more = f". {MEANING[code]}" if MEANING[code] else ""
                assert failure_words(error)[0] == said + more
        with pytest.raises(RpcError):
            client.call("thread/read", {"threadId": "no-such-thread"})


@pytest.mark.sandbox
@pytest.mark.parametrize("outcome", ["allow", "deny"])
@each_engine
def test_the_scripted_reviewer_decides(engine: EngineUnderTest, outcome: str) -> None:
    need_sandbox(engine)

    def script(request: ModelRequest) -> Sequence[Step]:
        if request.reply_index == 0:
            return (
                Exec(
                    "touch ../shared-reports/x", escalate=True, justification="May I?"
                ),
            )
        return (Say("done"),)

    def reviewer(_request: ModelRequest) -> Verdict:
        return Verdict("allow" if outcome == "allow" else "deny", "because", "high")

    with Bench(engine, script, reviewer=reviewer) as bench:
        client = bench.stdio()
        thread = client.start_thread(bench.workspace, approvalsReviewer="auto_review")
        client.start_turn(thread, "go")
        client.wait_for("turn/completed", threadId=thread)
        review = client.wait_for("item/autoApprovalReview/completed")["params"][
            "review"
        ]
        assert review["rationale"] == "because"
        assert (bench.home.outside / "x").exists() == (outcome == "allow")


@each_engine
def test_a_model_without_code_mode(engine: EngineUnderTest) -> None:
    def script(request: ModelRequest) -> Sequence[Step]:
        if request.reply_index == 0:
            return (PlainExec("echo plain"),)
        return (Say(request.outputs[-1].text),)

    with Bench(engine, script) as bench:
        client = bench.stdio()
        thread = client.start_thread(
            bench.workspace, model="gpt-5.5", sandbox="danger-full-access"
        )
        client.start_turn(thread, "go")
        ended = client.wait_for("turn/completed", threadId=thread)
        assert "plain" in ended["params"]["turn"]["items"][0]["text"]


@each_engine
def test_two_clients_share_a_listening_engine(
    engine: EngineUnderTest, tmp_path: Path
) -> None:
    with Bench(engine, lambda _request: (Say("hello both"),)) as bench:
        socket = bench.listen()
        first = bench.connect(socket, "first")
        second = bench.connect(socket, "second")
        thread = first.start_thread(bench.workspace)
        second.wait_for("thread/started")
        first.start_turn(thread, "go")
        first.wait_for("turn/completed", threadId=thread)
        recording = tmp_path / "first.jsonl"
        first.record(recording)
        assert '"userAgent": "first/' in recording.read_text()
        assert '"turn/completed"' in recording.read_text()
        home = bench.home.codex_home
        assert processes_of(home)
    assert processes_of(home) == []


@each_engine
def test_a_waiting_that_cannot_end_says_why(engine: EngineUnderTest) -> None:
    with Bench(engine, lambda _request: ()) as bench:
        client = bench.stdio()
        with pytest.raises(TimeoutError, match=r"no 1 x turn/completed"):
            client.wait_for("turn/completed", limit=0.01)
        for process in processes_of(bench.home.codex_home):
            process.kill()
        with pytest.raises(EOFError, match="ended before"):
            client.wait_for("turn/completed")


def test_no_demo_leaves_anything(outside_tmp: Path) -> None:
    with DemoHome(project_files(), outside_tmp / "none") as home:
        root = home.root
        for folder in (home.codex_home, home.tui_home, home.outside):
            assert folder.stat().st_mode & 0o077 == 0
        log = subprocess.run(
            ("git", "log", "--format=%an %s"),
            cwd=home.workspace,
            capture_output=True,
            text=True,
            check=True,
        )
        assert log.stdout == "Ada Cache parse results\n"
    assert not root.exists()
    assert not root.parent.exists()


def test_a_crashed_demo_is_swept_with_its_processes(outside_tmp: Path) -> None:
    parent = outside_tmp / "crashed"
    code = (
        "import os, pathlib, subprocess, sys\n"
        "from tui.demo.home import DemoHome\n"
        f"home = DemoHome({{'a': 'b'}}, pathlib.Path({str(parent)!r})).__enter__()\n"
        "child = subprocess.Popen(['sleep', '600'], env=home.environment(),"
        " stdout=subprocess.DEVNULL)\n"
        "print(home.root, child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        (sys.executable, "-c", code),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as owner:
        assert owner.stdout is not None
        root, pid = owner.stdout.readline().split()
        with DemoHome({}, parent) as other:
            assert Path(root).exists(), "a demo that runs was swept"
            assert other.root != Path(root)
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait()
        assert psutil.pid_exists(int(pid))
        assert sweep(parent) == [Path(root)]
    assert not Path(root).exists()
    assert (
        not psutil.pid_exists(int(pid))
        or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE
    )
    parent.rmdir()


def test_the_environment_carries_no_account(outside_tmp: Path) -> None:
    base = {
        "PATH": "/bin",
        "OPENAI_API_KEY": "secret",
        "CODEX_API_KEY": "secret",
        "https_proxy": "http://proxy.invalid",
        "ALL_PROXY": "http://proxy.invalid",
        "HOME": "/home/somebody",
    }
    with DemoHome({"a": "b"}, outside_tmp / "environment") as home:
        environment = home.environment(base)
        assert environment["PATH"] == "/bin"
        assert "secret" not in environment.values()
        assert "http://proxy.invalid" not in environment.values()
        for name in ("HOME", "CODEX_HOME", "CODEX_TUI_HOME", "TMPDIR"):
            assert Path(environment[name]).is_relative_to(home.root)


def test_engines_are_distinct_versions() -> None:
    versions = [engine.version for engine in engines()]
    assert len(versions) == len(set(versions))
    if versions:
        summary = engine_summary({versions[0]: 3})
        assert summary.startswith(f"real-engine tests: {versions[0]}: 3")


@pytest.mark.parametrize(("required", "code"), [("1", 1), ("", 0)])
def test_a_skip_is_a_failure_where_the_engine_is_required(
    tmp_path: Path, required: str, code: int
) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests.engine.harness import EngineSummary\n"
        "def pytest_configure(config):\n"
        "    config.addinivalue_line('markers', 'engine: x')\n"
        "    config.pluginmanager.register(EngineSummary())\n"
    )
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.engine\n"
        "def test_engine(): pytest.skip('no engine')\n"
        "def test_other(): pytest.skip('not about engines')\n"
    )
    ran = subprocess.run(
        (sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", ".", "."),
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "CODEX_TUI_REQUIRE_ENGINE": required,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == code, ran.stdout
    assert ("real-engine tests: " in ran.stdout) == bool(required)


def test_the_summary_counts_per_version() -> None:
    summary = EngineSummary(required=False)
    summary.passed["0.1.0"] += 2
    assert "0.1.0: 2" in engine_summary(summary.passed)
