"""`codex-tui doctor`: is all here that codex-tui needs, and what to do where not.

Owns the order and the output of the checks; `tui.health` and `tui.engine_health` make
them. Invariant: what fails never keeps the rest from being told.
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict

from state.engine.supervisor import RemoteTarget
from state.text import clean
from tui.cli import sockets_work
from tui.engine_health import engine_checks, unasked
from tui.health import Check, State, local_checks
from tui.options import target_of
from tui.place import Place
from tui.report import print_json

FIRST = ("platform", "around", "codex home")
"""What an engine stands on is told before the engine."""


def doctor_command(args: argparse.Namespace) -> int:
    """0: nothing is failing; 1: something is."""
    place = Place.from_environment()
    remote = isinstance(target_of(args, place), RemoteTarget)
    local = local_checks(place, remote=remote)
    first = [check for check in local if check.name in FIRST]
    last = [check for check in local if check.name not in FIRST]
    checks = [*first, *_engine(args, place), *last]
    if args.json:
        print_json([asdict(check) for check in checks])
    else:
        print("\n".join(lines(checks)))
    return int(any(check.state is State.FAILING for check in checks))


def _engine(args: argparse.Namespace, place: Place) -> list[Check]:
    if sockets_work():
        return asyncio.run(engine_checks(args, place))
    says = "Sockets are refused here, so no engine can be reached."
    remedy = "Run this outside the sandbox that codex-tui runs in."
    return [Check("engine", State.FAILING, says, remedy), *unasked(says)]


def lines(checks: list[Check]) -> list[str]:
    """One line a check, its remedy below; a summary at the end."""
    shown = []
    for check in checks:
        shown.append(f"{check.state:<8} {check.name:<14} {_line(check.says)}")
        if check.remedy and check.state is not State.OK:
            shown.append(f"{'':<8} {'':<14} -> {_line(check.remedy)}")
            more = clean(check.lines).splitlines()
            shown += [f"{'':<8} {'':<14}    {line}" for line in more]
    failing = sum(check.state is State.FAILING for check in checks)
    warnings = sum(check.state is State.WARNING for check in checks)
    shown.append(f"\n{len(checks)} checks: {failing} failing, {warnings} warnings")
    return shown


def _line(text: str) -> str:
    return " ".join(clean(text).split())
