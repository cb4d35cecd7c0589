"""A look: a command that only reads, run in the engine's read-only sandbox.

Owns the shape of the question and the answer. Does not own what is run nor how it gets
there. Invariant: a look has no network and can write nothing but the roots it names,
whatever it starts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field

from state.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """`roots`: folders it may write, made if need be; none for a mere look. `env`:
    variables over the engine's own; None takes one out. `most`: bytes of output that
    are kept at most."""

    command: tuple[str, ...]
    cwd: str
    env: Mapping[str, str | None] = field(default_factory=dict)
    most: int = 8 * 1024 * 1024
    timeout_ms: int = 20_000
    roots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of it. `error`: it could not be run."""

    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""
    error: str = ""


Looker = Callable[[Look], Awaitable[Looked | None]]
"""Runs a look; None: there is no engine."""
