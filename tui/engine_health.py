"""What an engine tells about itself: found, running, logged in, configured, sandboxed.

Owns those checks. The running shared engine is asked if there is one; else a private
one is started and ended, in a folder of ours where CODEX_HOME is missing or read-only.
Invariant: nothing is woken, no shared engine is started, and no secret leaves here.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import Any

from state.dataclass import dataclass
from state.engine import calls
from state.engine.control import EngineStatus, status
from state.engine.errors import EngineError, EngineNotFound, EngineStartFailed
from state.engine.installed import numbers, untested
from state.engine.locate import EngineBinary
from state.engine.probe import probe_sandbox
from state.engine.record import redact
from state.engine.rpc import RpcHooks
from state.engine.supervisor import (
    Connection,
    PrivateTarget,
    RemoteTarget,
    SharedTarget,
    Target,
    connect,
)
from state.engine.wire.responses import decode_account
from tui.health import Check, State
from tui.options import finder, target_of, visit_options
from tui.place import Place

ASKED = ("login", "config", "sandbox")
CALL_SECONDS = 20.0
_ORIGINS = {
    "flag": "named by --codex-bin",
    "env": "named by CODEX_TUI_CODEX_BIN",
    "path": "found on PATH",
    "wheel": "the wheel's",
}
_STRING = re.compile(r'(\bstring )("[^"]*"|`[^`]*`)')


async def engine_checks(args: argparse.Namespace, place: Place) -> list[Check]:
    """All of them; never raises for what is missing or broken."""
    target = target_of(args, place)
    if isinstance(target, RemoteTarget):
        return await _ask(target, place, "remote engine")
    found, check = await asyncio.to_thread(_found, args, place)
    if isinstance(target, PrivateTarget):
        checks, running = [check], False
    else:
        shared, running = await _shared(place, found)
        checks = [check, shared]
    if running:
        asked = SharedTarget(None, place.codex_home)
        return [*checks, *await _ask(asked, place, "shared engine")]
    if found is None:
        return [*checks, *unasked("there is no engine to ask.")]
    with _codex_home(place) as (home, own):
        private = PrivateTarget(lambda: found, home, home)
        answers = await _ask(private, place, "private engine")
    if own:
        there = place.codex_home.exists()
        why = "CODEX_HOME cannot be used." if there else "CODEX_HOME is not there yet."
        names = {"login", "config"}
        answers = [_unknown(c.name, why) if c.name in names else c for c in answers]
    return [*checks, *answers]


def unasked(why: str) -> list[Check]:
    """What an engine would have told, and why nobody was asked."""
    return [_unknown(name, why) for name in ASKED]


def _unknown(name: str, why: str) -> Check:
    return Check(name, State.WARNING, f"Not known: {why}", "See the lines above.")


# -- which engine ------------------------------------------------------------------


def _found(args: argparse.Namespace, place: Place) -> tuple[EngineBinary | None, Check]:
    try:
        binary = finder(args.codex_bin, place)()
    except EngineNotFound as error:
        says, _, remedy = str(error).rpartition("; ")
        return None, Check("engine", State.FAILING, f"{says}.", _sentence(remedy))
    except OSError as error:
        says = f"Our own folder {place.home} cannot be written ({error.strerror})."
        remedy = "Set CODEX_TUI_HOME to another folder."
        return None, Check("engine", State.FAILING, says, remedy)
    says = f"codex {binary.version}, {_ORIGINS[binary.origin]}, {binary.path}"
    if binary.note:
        remedy = "Mend or remove the codex that was passed over."
        passed = f"{says}; passed over: {binary.note}"
        return binary, Check("engine", State.WARNING, passed, remedy)
    newest = newest_known(place.codex_home)
    if newest and numbers(newest) > numbers(binary.version):
        says = f"{says}; {newest} is out"
        # Nobody is sent from a tested version to one that is not.
        if untested(newest):
            says = f"{says}, which codex-tui was not tested with"
            return binary, judged("engine", says, binary.version)
        return binary, Check("engine", State.WARNING, says, "Update codex.")
    return binary, judged("engine", says, binary.version)


def judged(name: str, says: str, version: str) -> Check:
    """The check of an engine that works; a version nobody tested is a warning."""
    why, _, remedy = untested(version).partition(". ")
    if why:
        return Check(name, State.WARNING, f"{says}; {why}.", remedy)
    return Check(name, State.OK, says)


def newest_known(codex_home: Path) -> str:
    """The newest version that the official codex noted here; "" if it did not."""
    with contextlib.suppress(OSError, ValueError):
        noted = json.loads((codex_home / "version.json").read_bytes())
        if isinstance(noted, dict):
            text = str(noted.get("latest_version", ""))
            return text if re.fullmatch(r"\d+\.\d+\.\d+", text) else ""
    return ""


async def _shared(place: Place, found: EngineBinary | None) -> tuple[Check, bool]:
    """The check, and whether one runs that can be asked."""
    try:
        seen = await status(place.codex_home, visit_options(place))
    except EngineError as error:
        says, _, remedy = str(error).partition("; ")
        check = Check("shared engine", State.FAILING, says, _sentence(remedy))
        return check, False
    if not seen.running:
        says = "None is running; codex-tui starts one with its screen."
        return Check("shared engine", State.OK, says), False
    return _running(seen, found), True


def _running(seen: EngineStatus, found: EngineBinary | None) -> Check:
    who = "started by another client"
    if seen.managed:
        who = "the official daemon"
    elif seen.started_by_us:
        who = "started by codex-tui"
    peers = "" if seen.peers is None else f", {seen.peers} other clients"
    says = (
        f"codex {seen.version}, process {seen.pid or 'unknown'}, {who}, "
        f"{len(seen.threads)} threads loaded{peers}"
    )
    if found is not None and seen.version and seen.version != found.version:
        remedy = (
            f"It is not the codex that is installed ({found.version}): when nothing "
            "runs, `codex-tui engine stop` and start again."
        )
        return Check("shared engine", State.WARNING, says, remedy)
    return judged("shared engine", says, seen.version)


# -- asking it ---------------------------------------------------------------------


@dataclass(slots=True)
class _Heard:
    warnings: list[str] = field(default_factory=list)

    def __call__(self, message: dict[str, Any]) -> None:
        params = message.get("params")
        if message.get("method") == "configWarning" and isinstance(params, dict):
            parts = (params.get("summary"), params.get("details"))
            self.warnings.append(" ".join(str(part) for part in parts if part))


async def _ask(target: Target, place: Place, what: str) -> list[Check]:
    heard = _Heard()
    options = visit_options(place, hooks=RpcHooks(on_message=heard))
    try:
        link = await connect(target, options)
    except (EngineError, OSError) as error:
        return [_start_failure(error, what), *unasked("no engine answers.")]
    version = link.info.version
    greeted = judged(what, f"codex {version} answers", version)
    shown = [greeted] if isinstance(target, RemoteTarget) else []
    try:
        return [*shown, *await _answers(link, heard, place)]
    except EngineError as error:
        return [*shown, Check(what, State.FAILING, safe(str(error)), "Try again.")]
    finally:
        await link.rpc.close()


def _start_failure(error: Exception, what: str) -> Check:
    says = safe(str(error))
    if isinstance(error, EngineStartFailed) and error.stderr_tail:
        says = f"{says} It said: {safe(' / '.join(error.stderr_tail[-3:]))}"
    return Check(what, State.FAILING, says, "Mend what the engine names there.")


async def _answers(link: Connection, heard: _Heard, place: Place) -> list[Check]:
    config = await _config(link, heard)
    sandbox = await _sandbox(link, place)
    helper = [text for text in heard.warnings if _is_about_helper(text)]
    if helper and sandbox.state is State.OK:
        says = f"{sandbox.says}, but: {safe(helper[0])}"
        sandbox = Check("sandbox", State.WARNING, says, "Install bubblewrap.")
    return [await _login(link), config, sandbox]


def _is_about_helper(warning: str) -> bool:
    return "bubblewrap" in warning.lower()


async def _login(link: Connection) -> Check:
    call = calls.read_account()
    try:
        answer = await link.rpc.call(call.method, call.params, timeout=CALL_SECONDS)
    except EngineError as error:
        return Check("login", State.WARNING, safe(str(error)), "Try codex login.")
    account = decode_account(answer)
    if account.kind != "none":
        label = f", {account.label}" if account.label else ""
        return Check("login", State.OK, f"{account.kind}{label}")
    if not account.requires_login:
        return Check("login", State.OK, "none, and the provider needs none")
    remedy = "Log in on codex-tui's screen, or with codex login."
    says = "Not logged in: reading works, sending does not."
    return Check("login", State.WARNING, says, remedy)


async def _config(link: Connection, heard: _Heard) -> Check:
    """An invalid file lets the engine start, and every thread fail."""
    call = calls.read_config()
    problem = ""
    try:
        await link.rpc.call(call.method, call.params, timeout=CALL_SECONDS)
    except EngineError as error:
        problem = safe(str(error))
    invalid = [text for text in heard.warnings if "invalid config" in text.lower()]
    if problem:
        # A running engine repeats the fault it started with, mended or not.
        says = safe(invalid[0]) if invalid and link.how == "private" else problem
        remedy = "Mend config.toml there; until then no thread starts or resumes."
        return Check("config", State.FAILING, says, remedy)
    others = [
        text
        for text in heard.warnings
        if not _is_about_helper(text) and text not in invalid
    ]
    if others:
        says = safe(" ".join(dict.fromkeys(others)))
        return Check("config", State.WARNING, says, "Do what the engine says there.")
    return Check("config", State.OK, "valid")


async def _sandbox(link: Connection, place: Place) -> Check:
    if link.how == "remote":
        why = "a remote engine's folders are not known here."
        return Check("sandbox", State.WARNING, f"Not probed: {why}", "Look there.")
    cwd = _standing(place)
    result = await probe_sandbox(link.rpc, cwd)
    if result.ok:
        says = f"{result.sentence.rstrip('.')}, tried in {cwd}"
        return Check("sandbox", State.OK, says)
    says, _, remedy = result.sentence.partition("; ")
    raw = str(result.raw.get("stderr") or result.raw.get("message") or "").strip()
    quoted = f' It said: "{safe(raw)}"' if raw else ""
    says = f"{says} (tried in {cwd}).{quoted}"
    return Check("sandbox", State.FAILING, says, _sentence(remedy))


def _standing(place: Place) -> Path:
    with contextlib.suppress(OSError):
        return Path(os.getcwd())
    return place.home


# -- small -------------------------------------------------------------------------


@contextlib.contextmanager
def _codex_home(place: Place) -> Iterator[tuple[Path, bool]]:
    """(a CODEX_HOME a private engine can start in, whether it is one of ours)."""
    if place.codex_home.is_dir() and os.access(place.codex_home, os.W_OK):
        yield place.codex_home, False
        return
    with contextlib.suppress(OSError):
        place.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    parent = place.home if os.access(place.home, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="doctor-", dir=parent))
    try:
        yield folder, True
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def safe(text: str) -> str:
    """Words of an engine without what may be a secret: it quotes what it read."""
    redacted: str = redact(text)
    return _STRING.sub(r"\1[…]", redacted)


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else ""
