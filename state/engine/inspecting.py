"""Looks at what an engine's sandbox allows: its surroundings, and real attempts.

Owns `command/exec` as a probe, always with explicit roots, and what is known of the
engine's process on this machine. Invariants: nothing is written by a probe; reaching a
stand-in of the sandbox's is not reaching the file; nothing is tried unsandboxed.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from state.dataclass import replace
from state.engine import calls
from state.engine.errors import RequestFailed
from state.engine.link import Link
from state.engine.local_disk import local_host
from state.looks import Look, Looked
from state.model import SandboxMode
from state.permissions.policy import Host
from state.permissions.profiles import FULL
from state.permissions.trial import Attempt, Attempted, Tried, connect_answer, parse

UNSANDBOXED = (SandboxMode.FULL_ACCESS, SandboxMode.EXTERNAL)
NOT_TRIED = "not probed: it would run outside of any sandbox"


def surroundings(link: Link) -> Host | None:
    """The engine's surroundings; None: it runs on another machine."""
    if not link.local:
        return None
    version = link.connection.info.version or ""
    pid = link.connection.pid
    program = ""
    environment: dict[str, str] | None = None
    if pid is not None:
        with contextlib.suppress(OSError):
            program = os.readlink(f"/proc/{pid}/exe")
        with contextlib.suppress(OSError):
            raw = Path(f"/proc/{pid}/environ").read_bytes()
            environment = _environment(raw)
    return local_host(program, version, environment)


def _environment(raw: bytes) -> dict[str, str]:
    found = {}
    for one in raw.split(b"\0"):
        name, _, value = one.partition(b"=")
        if name in (b"HOME", b"TMPDIR"):  # all that is needed; the rest may be secret
            found[name.decode()] = os.fsdecode(value)
    return found


async def attempt(link: Link, asked: Attempt) -> Attempted:
    """Try it in the engine's sandbox. Raises EngineLost."""
    mode = asked.sandbox.mode if asked.sandbox is not None else None
    if asked.profile == FULL or (asked.profile is None and mode in UNSANDBOXED):
        return Attempted(error=NOT_TRIED)
    began = time.monotonic()
    try:
        raw = await link.ask(calls.probe(asked))
    except RequestFailed as error:
        return Attempted(error=error.message)
    ms = int((time.monotonic() - began) * 1000)
    stdout, stderr = str(raw.get("stdout") or ""), str(raw.get("stderr") or "")
    if asked.way is None:
        return replace(connect_answer(stdout, stderr), ms=ms)
    found = parse(stdout.splitlines())
    if not found:
        # The sandbox itself did not start: nothing is allowed in it.
        first = (stderr.strip().splitlines() or ["no answer"])[0]
        return Attempted(Tried(False, text=first), ms=ms)
    return Attempted(_real(link, found[0]), ms=ms)


async def look(link: Link, asked: Look) -> Looked:
    """Run it where nothing can be written and nobody reached. Raises EngineLost."""
    try:
        for root in asked.roots:
            await link.ask(calls.make_folder(root))
        raw = await link.ask(calls.look(asked))
    except RequestFailed as error:
        return Looked(error=error.message)
    code = raw.get("exitCode")
    return Looked(
        code if isinstance(code, int) else 1,
        str(raw.get("stdout") or ""),
        str(raw.get("stderr") or ""),
    )


def _real(link: Link, tried: Tried) -> Tried:
    if not tried.allowed or not link.local or tried.where in ("", "-"):
        return tried
    try:
        found = os.stat(tried.text)
    except (OSError, ValueError):
        return Tried(False, text="only a stand-in of the sandbox's own is there")
    if f"{found.st_dev}:{found.st_ino}" != tried.where:
        return Tried(False, text="only a stand-in of the sandbox's own is there")
    return tried
