"""A desk: a private home, a scripted model, a tmux server, windows of codex-tui on it.

Owns what the journeys share: the script the model plays, how the program is started,
and what can be seen from outside (processes, files, the wire of the model). Invariant:
nothing here asks codex-tui what it did.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import psutil  # type: ignore[import-untyped]

from tests.engine.harness import Bench, EngineUnderTest
from tests.engine.plain_client import Client
from tests.scenario.tmux import Tmux, Window, until
from tui.demo.home import processes_of
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, HoldUntil, Say, Step

T = TypeVar("T")

PROGRAM = str(Path(sys.executable).parent / "codex-tui")
SERVER = "sleep 98765"
"""What a background terminal runs here."""
ENDLESS = 3600.0
"""Seconds between two words of an answer that never ends by itself."""
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Model:
    """What the model does, by the first word of what it is told.

    `asked` are the texts of the user it saw, `turns` the turns they came in; `gates`
    hold a reply until released.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.turns: list[str] = []
        self.gates = {name: asyncio.Event() for name in ("stream", "hold", "flood")}

    def __call__(self, request: ModelRequest) -> Sequence[Step]:
        """One reply."""
        self.asked.append(request.user_text)
        self.turns.append(request.turn_id)
        word, _, rest = request.user_text.partition(" ")
        steps = self._replies(word, rest)
        index = request.reply_index
        return steps[index] if index < len(steps) else (Say(f"done with {word}"),)

    def _replies(self, word: str, rest: str) -> list[Sequence[Step]]:
        ask = Exec(f"touch {rest}", escalate=True, justification="May I make it?")
        serve = Exec(SERVER, yield_ms=250)
        match word:
            case "stream":
                held = HoldUntil(self.gates["stream"])
                return [(Say("alphaword comes first."), held, Say("betaword is last."))]
            case "ask":
                return [(ask,)]
            case "serve":
                return [(serve,)]
            case "serve-ask":
                return [(serve,), (ask,)]
            case "hold":
                return [(Say("gammaword"), HoldUntil(self.gates["hold"]))]
            case "flood":
                # Each word is a notification; the engine gives up on whoever leaves
                # four megabytes of them unread.
                held = HoldUntil(self.gates["flood"])
                return [(Say("iotaword"), held, Say("word " * 60_000 + "omegaword"))]
            case "rather":
                return [(Say("thetaword"),)] * 2
            case "talk":
                return [(Say("deltaword epsilonword", pace=ENDLESS),)]
            case _:
                return [(Say(f"heard {word} {rest}".strip() + "."),)]


class Desk:
    """Context manager. `bench` is the home; `open` starts codex-tui in a terminal."""

    def __init__(self, engine: EngineUnderTest) -> None:
        self.engine = engine
        self.model = Model()
        self.bench = Bench(engine, self.model)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.bench)
            self.tmux = stack.enter_context(Tmux(self.home, self.environment()))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def home(self) -> Path:
        """The folder everything of this desk is in."""
        return self.bench.home.root

    @property
    def workspace(self) -> Path:
        """A trusted project in git."""
        return self.bench.workspace

    def environment(self) -> dict[str, str]:
        """What the user's shell has."""
        env = self.bench.home.environment()
        return env | {"CODEX_TUI_CODEX_BIN": str(self.engine.path)}

    def release(self, gate: str) -> None:
        """Let the model go on."""
        self.bench.provider.release(self.model.gates[gate])

    # -- programs ----------------------------------------------------------------

    def open(
        self,
        *arguments: str,
        cwd: Path | None = None,
        size: tuple[int, int] = (120, 40),
        env: Mapping[str, str] | None = None,
    ) -> Window:
        """Start codex-tui; nothing is waited for."""
        return self.tmux.open(
            (PROGRAM, *arguments), cwd=cwd or self.workspace, size=size, env=env
        )

    def ready(self, *arguments: str, cwd: Path | None = None) -> Window:
        """Start codex-tui and wait until its engine is there."""
        window = self.open(*arguments, cwd=cwd)
        window.wait_for(f"● local {self.engine.version}")
        return window

    def official(self, *arguments: str) -> Window:
        """Start the engine's own program."""
        return self.tmux.open((str(self.engine.path), *arguments), cwd=self.workspace)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run codex-tui without a terminal: its exit code and what it printed."""
        done = subprocess.run(
            (PROGRAM, *arguments),
            env=self.environment(),
            cwd=self.workspace,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def start_engine(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Serve the control socket of this home, as codex-tui would."""
        process = subprocess.Popen(
            (str(self.engine.path), "app-server", "--listen", "unix://", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.bench.home.environment(),
            cwd=self.bench.home.outside,
            start_new_session=True,
        )
        self._stack.callback(_end, process)
        until(self.control_socket.exists, "the control socket")
        return process

    def client(self, name: str = "other") -> Client:
        """Another client of the shared engine."""
        # A symbolic link to a path that is short enough for a socket.
        return self.bench.connect(self.control_socket.resolve(), name)

    # -- seen from outside ---------------------------------------------------------

    @property
    def control_socket(self) -> Path:
        """Where the shared engine of this home listens."""
        folder = self.bench.home.codex_home / "app-server-control"
        return folder / "app-server-control.sock"

    def engines(self) -> list[int]:
        """The app-servers of this CODEX_HOME, as the system sees them."""
        return [
            process.pid
            for process in processes_of(self.bench.home.codex_home)
            if "app-server" in command_of(process)
        ]

    def terminals(self) -> dict[str, str]:
        """Running background terminals: thread id by process id."""
        found = {}
        for process in processes_of(self.bench.home.codex_home):
            with contextlib.suppress(psutil.Error, OSError):
                if process.cmdline() == SERVER.split():
                    found[str(process.pid)] = process.environ()["CODEX_THREAD_ID"]
        return found

    def one_terminal(self) -> str:
        """The process of the only background terminal, when it runs."""
        return next(iter(until(self.terminals, "a background terminal")))

    def drafts(self) -> list[str]:
        """The drafts on disk."""
        path = self.bench.home.tui_home / "store.db"
        with contextlib.suppress(sqlite3.Error):
            store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            with contextlib.closing(store):
                return [text for (text,) in store.execute("SELECT text FROM draft")]
        return []

    def thread_ids(self) -> list[str]:
        """The threads that have a rollout, oldest first."""
        files = (self.bench.home.codex_home / "sessions").rglob("rollout-*.jsonl")
        return [path.stem[-36:] for path in sorted(files, key=lambda path: path.name)]

    def config(self) -> str:
        """The engine's config.toml."""
        return (self.bench.home.codex_home / "config.toml").read_text("utf-8")

    def untrusted(self, name: str = "fresh") -> Path:
        """A git repository nobody trusted."""
        folder = self.home / name
        folder.mkdir()
        subprocess.run(
            ("git", "init", "-q", str(folder)), check=True, env={**os.environ, **GIT}
        )
        return folder


def write(window: Window, text: str) -> None:
    """Write into the composer and send; the words were on the screen before."""
    window.type(text)
    window.wait_for(f"› {text}")
    window.press("Enter")


def enter_field(window: Window) -> None:
    """From anywhere to the composer."""
    window.press("i")
    window.wait_gone("i write")


def leave_field(window: Window) -> None:
    """From the composer to the transcript, where letters are keys."""
    window.press("Escape")
    window.wait_for("i write")


def open_review(window: Window) -> None:
    """From the transcript to the focused, armed card of the first review."""
    window.step("r", "Enter")
    window.wait_for("armed: letters decide")
    window.settle()


def decide(window: Window, letter: str, done: Callable[[], T | None]) -> T:
    """Answer by a letter of an armed card as a person does: look what comes of it, and
    press again when the card says so; until it is `done`."""
    again = f"armed: press {letter} again"
    window.press(letter)

    def look() -> T | None:
        found = done()
        if not found and again in window.screen():
            window.press(letter)
        return found

    return until(look, lambda: f"an effect of {letter}:\n{window.screen()}")


def command_of(process: psutil.Process) -> list[str]:
    """Its command line; [] when it is gone."""
    with contextlib.suppress(psutil.Error):
        command: list[str] = process.cmdline()
        return command
    return []


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
