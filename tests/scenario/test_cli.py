"""The commands without a screen, as installed: exit codes, bytes, what they leave."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from state import events as e
from state.db.writer import StoreWriter
from state.engine.supervisor import control_socket
from state.items import ThreadId
from state.model import Origin, World
from state.reduce import reduce
from tests.engine.harness import Bench, EngineUnderTest, each_engine, need_sandbox
from tests.engine.plain_client import Client
from tests.scenario.script import LIMIT, NOWHERE, SCRIPT, Place, a_place, harmless
from tui.demo.home import processes_of

HOSTILE = "\x1b]0;owned\x07\x1b[31mred\u202egnp\x9b2J \x7fend\nnext"
SECRET = "sk-very-secret-0123456789abcdef"


@pytest.fixture
def place() -> Iterator[Place]:
    with a_place() as made:
        yield made


def _store_a_thread(place: Place) -> Path:
    """One row of this home, as a window of an earlier day would have left it."""
    path = place.own / "store.db"

    async def main() -> None:
        writer = await StoreWriter.open(
            path,
            str(place.codex_home),
            on_event=lambda event: None,
            now_ms=lambda: 1,
        )
        writer.ingest = True
        facts = (("name", HOSTILE), ("preview", "p"), ("cwd", "/w/\x1b[2Jx"))
        seen = e.ThreadSeen(ThreadId("t1"), facts, Origin.ENGINE, 1)
        world = reduce(World(), seen)
        writer.enqueue(world, world.threads, (seen,))
        await writer.close()

    asyncio.run(main())
    return path


# -- what is loaded ----------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("threads",), ("doctor",), ("engine", "status"), ()],
    ids=" ".join,
)
def test_no_screen_library_is_imported(
    arguments: tuple[str, ...], place: Place
) -> None:
    ran = place.run(
        *arguments, PYTHONPROFILEIMPORTTIME="1", CODEX_TUI_CODEX_BIN=NOWHERE
    )
    names = {line.rpartition(b"|")[2].strip() for line in ran.stderr.splitlines()}
    assert b"tui.cli" in names
    assert not names & {b"textual", b"rich"}


def test_help_and_version(place: Place) -> None:
    helped = place.run("--help")
    assert helped.returncode == 0
    assert b"exit codes: 0 done" in helped.stdout
    version = place.run("--version")
    assert (version.returncode, version.stdout) == (0, b"codex-tui 0.1.0\n")
    assert place.run("no-such-command").returncode == 2
    assert place.run("demo", "--headless", "--speed", "-1").returncode == 2


def test_an_option_before_the_command_counts(place: Place) -> None:
    place.codex_home.mkdir()
    ran = place.run("--codex-bin", NOWHERE, "threads")
    assert ran.returncode == 3
    assert NOWHERE.encode() in ran.stderr


# -- without an engine -------------------------------------------------------------


def test_a_fresh_machine(place: Place) -> None:
    """No codex, no login, no home: said, and nothing is made of CODEX_HOME."""
    ran = place.run(CODEX_TUI_CODEX_BIN=NOWHERE)
    assert ran.returncode == 0
    assert b"Start codex-tui in one" in ran.stdout
    assert NOWHERE.encode() in ran.stderr
    assert place.run("threads", CODEX_TUI_CODEX_BIN=NOWHERE).returncode == 3
    assert place.run("engine", "status").returncode == 3
    assert place.run("engine", "stop").returncode == 0
    assert place.run("demo").returncode == 2
    assert place.files() == []


def test_rows_as_last_known(place: Place) -> None:
    _store_a_thread(place)
    place.codex_home.mkdir()
    ran = place.run("threads", CODEX_TUI_CODEX_BIN=NOWHERE)
    assert ran.returncode == 0
    assert b"as last known" in ran.stderr
    assert harmless(ran.stdout)
    assert "redgnp end next" in ran.stdout.decode()
    shown = place.run("threads", "--json", CODEX_TUI_CODEX_BIN=NOWHERE)
    assert set(shown.stdout) <= {*range(32, 127), 10}
    (thread,) = json.loads(shown.stdout)
    assert (thread["id"], thread["name"], thread["listed"]) == ("t1", HOSTILE, False)
    assert place.files() == ["codex-home"]


def test_rows_of_another_home_are_not_shown(place: Place) -> None:
    _store_a_thread(place)
    other = place.home / "other"
    other.mkdir()
    ran = place.run(
        "threads", "--json", CODEX_HOME=str(other), CODEX_TUI_CODEX_BIN=NOWHERE
    )
    assert (ran.returncode, ran.stdout) == (3, b"[]\n")


def test_a_newer_store_is_left_alone(place: Place) -> None:
    path = _store_a_thread(place)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 999")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    place.codex_home.mkdir()
    before = path.read_bytes()
    ran = place.run("threads", CODEX_TUI_CODEX_BIN=NOWHERE)
    assert ran.returncode == 4
    assert b"newer codex-tui" in ran.stderr
    assert place.run(CODEX_TUI_CODEX_BIN=NOWHERE).returncode == 0
    checks = _doctor(place, CODEX_TUI_CODEX_BIN=NOWHERE)
    assert checks["store"]["state"] == "failing"
    assert "newer codex-tui" in checks["store"]["says"]
    assert path.read_bytes() == before


# -- doctor ------------------------------------------------------------------------


def _doctor(place: Place, *arguments: str, **more: str) -> dict[str, dict[str, str]]:
    """Its checks by name; the exit code must agree with them."""
    ran = place.run("doctor", "--json", *arguments, **more)
    checks = {check["name"]: check for check in json.loads(ran.stdout)}
    states = {check["state"] for check in checks.values()}
    assert states <= {"ok", "warning", "failing"}
    assert ran.returncode == ("failing" in states), ran.stdout
    bad = [check for check in checks.values() if check["state"] != "ok"]
    assert all(check["remedy"] for check in bad), bad
    assert ran.stderr == b""
    return checks


@each_engine
def test_doctor_probes_the_real_sandbox(engine: EngineUnderTest, place: Place) -> None:
    need_sandbox(engine)
    place.codex_home.mkdir()
    checks = _doctor(place, "--codex-bin", str(engine.path))
    assert engine.version in checks["engine"]["says"]
    assert checks["engine"]["state"] == "ok"
    assert "Commands run in the sandbox, tried in" in checks["sandbox"]["says"]
    assert checks["config"]["state"] == "ok"
    assert checks["login"]["state"] == "warning"
    assert {check["state"] for check in checks.values()} <= {"ok", "warning"}
    assert not control_socket(place.codex_home).parent.exists()
    assert place.processes() == []


def test_doctor_tells_an_untested_engine_and_still_asks_it(place: Place) -> None:
    """Newer than what was tested: used, and said, wherever its version is told."""
    codex = place.home / "codex"
    codex.write_text("#!/bin/sh\n[ $1 = --version ] && echo codex-cli 0.180.0\n")
    codex.chmod(0o755)
    place.codex_home.mkdir()
    noted = place.codex_home / "version.json"
    for newest, more in (("0.180.0", ""), ("0.181.0", "0.181.0 is out")):
        noted.write_text(json.dumps({"latest_version": newest}))
        checks = _doctor(place, "--codex-bin", str(codex))
        assert checks["engine"]["state"] == "warning"
        assert "newer than codex-tui was tested with" in checks["engine"]["says"]
        assert "--codex-bin" in checks["engine"]["remedy"]
        assert more in checks["engine"]["says"]
        assert "Update" not in checks["engine"]["remedy"]
        assert checks["private engine"]["state"] == "failing"


@each_engine
def test_doctor_tells_a_broken_sandbox(engine: EngineUnderTest, place: Place) -> None:
    """Inside a sandbox of the engine's own, another one cannot always be made; here
    the helper is kept from the user namespaces that it needs."""
    need_sandbox(engine)
    place.codex_home.mkdir()
    wrapper = place.home / "codex"
    limit = "echo 0 > /proc/sys/user/max_user_namespaces"
    wrapper.write_text(
        f"#!/bin/sh\nexec unshare --user --map-root-user sh -c '{limit};"
        f' exec "$0" "$@"\' {engine.path} "$@"\n'
    )
    wrapper.chmod(0o755)
    if subprocess.run((wrapper, "--version"), capture_output=True).returncode:
        pytest.skip("this machine allows no user namespace to try it in")
    checks = _doctor(place, "--codex-bin", str(wrapper))
    assert checks["sandbox"]["state"] == "failing"
    assert "namespace" in checks["sandbox"]["says"]


@each_engine
def test_doctor_names_a_broken_config_and_no_secret(
    engine: EngineUnderTest, place: Place
) -> None:
    place.codex_home.mkdir()
    (place.codex_home / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": SECRET}))
    config = place.codex_home / "config.toml"
    for broken in (f'sandbox_mode = "{SECRET}"\n', f'model = ["{SECRET}"]\n', "= 1\n"):
        config.write_text(broken)
        checks = _doctor(place, "--codex-bin", str(engine.path))
        assert checks["config"]["state"] == "failing", broken
        assert "config.toml" in checks["config"]["remedy"]
        assert SECRET not in json.dumps(checks)
    assert checks["login"]["says"] == "apiKey"
    ran = place.run("threads", "--codex-bin", str(engine.path))
    assert SECRET.encode() not in ran.stdout + ran.stderr


def test_doctor_without_engine_and_home(place: Place) -> None:
    checks = _doctor(place, CODEX_TUI_CODEX_BIN=NOWHERE)
    assert checks["engine"]["state"] == "failing"
    assert checks["codex home"]["state"] == "failing"
    assert "mkdir -p" in checks["codex home"]["remedy"]
    assert checks["sandbox"]["state"] == "warning"
    assert place.files() == []
    text = place.run("doctor", CODEX_TUI_CODEX_BIN=NOWHERE, TERM="dumb")
    assert text.returncode == 1
    assert b"2 failing" in text.stdout
    assert b"Set TERM" in text.stdout


@each_engine
def test_doctor_probes_without_making_a_home(
    engine: EngineUnderTest, place: Place
) -> None:
    """The engine would make its default home; a look must not."""
    need_sandbox(engine)
    environment = {"CODEX_HOME": ""}
    checks = _doctor(place, "--codex-bin", str(engine.path), **environment)
    assert "Commands run in the sandbox, tried in" in checks["sandbox"]["says"]
    login = checks["login"]
    assert (login["state"], "not there yet" in login["says"]) == ("warning", True)
    assert (
        place.run("threads", "--codex-bin", str(engine.path), **environment).returncode
        == 0
    )
    assert place.files() == []
    assert not list(place.own.glob("doctor-*"))


@each_engine
def test_doctor_inside_a_sandbox(engine: EngineUnderTest, place: Place) -> None:
    """The engine's own read-only sandbox stands for one around Codex."""
    need_sandbox(engine)
    place.codex_home.mkdir()
    inside = (engine.path, "sandbox", "-P", ":read-only", "--", SCRIPT)
    ran = subprocess.run(
        (*inside, "doctor", "--json", "--codex-bin", engine.path),
        env=place.environment(),
        cwd=place.home,
        capture_output=True,
        timeout=LIMIT,
    )
    checks = {check["name"]: check for check in json.loads(ran.stdout)}
    assert ran.returncode == 1, ran.stderr
    assert checks["around"]["state"] == "warning"
    assert "sandbox" in checks["around"]["says"]
    home = checks["codex home"]
    assert (home["state"], "mounted read-only" in home["remedy"]) == ("failing", True)
    allowed = json.loads(home["lines"])["sandbox"]["filesystem"]["allowWrite"]
    assert allowed == [f"{place.codex_home}/**"]
    store = checks["store"]
    assert (store["state"], "mounted read-only" in store["remedy"]) == ("failing", True)
    assert json.loads(store["lines"])["sandbox"]["filesystem"]["allowWrite"]
    assert b"Traceback" not in ran.stderr
    other = subprocess.run(
        (*inside, "threads"),
        env=place.environment(),
        cwd=place.home,
        capture_output=True,
        timeout=LIMIT,
    )
    assert (other.returncode, b"inside a sandbox" in other.stderr) == (3, True)


# -- with a real engine ------------------------------------------------------------


@pytest.fixture
def bench(engine: EngineUnderTest) -> Iterator[Bench]:
    with Bench(engine, lambda _request: ()) as made:
        yield made


def _serve(bench: Bench) -> subprocess.Popen[bytes]:
    """The engine that every client of this CODEX_HOME shares."""
    return subprocess.Popen(
        (bench.engine.path, "app-server", "--listen", "unix://"),
        env=bench.home.environment(),
        cwd=bench.home.outside,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _control_socket(bench: Bench) -> Path:
    """Where it leads once the engine is there: the name itself is too long here."""
    link = control_socket(bench.home.codex_home)
    waiting = threading.Event()
    while not link.is_symlink():
        waiting.wait(0.02)
    return link.resolve()


def _named_thread(client: Client, cwd: Path) -> str:
    thread_id = client.start_thread(cwd)
    client.call("thread/name/set", {"threadId": thread_id, "name": HOSTILE})
    return thread_id


def _run(bench: Bench, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        (SCRIPT, *arguments),
        env=bench.home.environment(),
        cwd=bench.home.outside,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT,
    )


def _rollouts(bench: Bench) -> dict[str, bytes]:
    sessions = bench.home.codex_home / "sessions"
    return {str(path): path.read_bytes() for path in sessions.rglob("*.jsonl")}


@each_engine
def test_a_shared_engine_is_looked_at_and_ended(
    engine: EngineUnderTest, bench: Bench
) -> None:
    serving = _serve(bench)
    try:
        client = bench.connect(_control_socket(bench))
        thread_id = _named_thread(client, bench.workspace)
        loaded = client.call("thread/loaded/list")["data"]

        listed = _run(bench, "threads", "--json")
        (thread,) = json.loads(listed.stdout)
        assert (listed.returncode, thread["id"]) == (0, thread_id)
        assert (thread["status"], thread["listed"]) == ("idle", True)
        text = _run(bench, "threads")
        assert harmless(text.stdout)
        assert b"running engine" in text.stdout
        assert client.call("thread/loaded/list")["data"] == loaded

        status = _run(bench, "engine", "status", "--json")
        seen = json.loads(status.stdout)
        assert (seen["running"], seen["pid"]) == (True, serving.pid)
        assert [row["threadId"] for row in seen["threads"]] == [thread_id]
        words = _run(bench, "engine", "status")
        assert harmless(words.stdout)
        assert f"process {serving.pid}".encode() in words.stdout

        if sys.platform == "linux":  # elsewhere other clients cannot be counted
            refused = _run(bench, "engine", "stop")
            assert refused.returncode == 1
            assert b"1 other client" in refused.stdout
            assert psutil.pid_exists(serving.pid)
        ended = _run(bench, "engine", "stop", "--interrupt")
        assert ended.returncode == 0
        assert serving.wait(90) is not None
    finally:
        serving.kill()
        serving.wait()


@each_engine
def test_threads_asks_a_private_engine_that_ends_again(
    engine: EngineUnderTest, bench: Bench
) -> None:
    with bench_stdio(bench) as client:
        thread_id = _named_thread(client, bench.workspace)
        client.start_turn(thread_id, "hello")
        client.wait_for("turn/completed", threadId=thread_id)
    before = _rollouts(bench)
    assert before
    ran = _run(bench, "threads", "--json", "--codex-bin", str(engine.path))
    (thread,) = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert (thread["id"], thread["status"]) == (thread_id, "notLoaded")
    assert _rollouts(bench) == before
    assert processes_of(bench.home.codex_home) == []
    assert not control_socket(bench.home.codex_home).parent.exists()


class bench_stdio:
    """A client on pipes whose engine ends with the block."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __enter__(self) -> Client:
        return self._bench.stdio()

    def __exit__(self, *_: Any) -> None:
        processes = processes_of(self._bench.home.codex_home)
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=10)
