"""From arguments and environment to what a connection needs.

Owns the reading of CODEX_HOME, tokens and targets, for every command alike. Nothing
is opened here.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from state.engine.locate import EngineBinary, locate
from state.engine.rpc import RpcHooks
from state.engine.supervisor import (
    ConnectOptions,
    PrivateTarget,
    RemoteTarget,
    SharedTarget,
    Target,
)
from state.home import private_folder
from tui.place import Place as Place

CLIENT_VERSION = "0.1.0"
VISIT_SECONDS = 30.0
"""How long a command without a screen waits for an engine's greeting."""


def finder(explicit: str | None, place: Place) -> Callable[[], EngineBinary]:
    """Finds the codex to run when it is asked."""
    return lambda: locate(explicit, env=place.env, state_dir=place.home)


def target_of(args: argparse.Namespace, place: Place) -> Target:
    """Which engine the arguments mean."""
    if getattr(args, "remote", None):
        return RemoteTarget(
            args.remote,
            token=_token(getattr(args, "remote_token_file", None)),
            insecure_loopback=bool(getattr(args, "insecure_loopback", False)),
        )
    find = finder(args.codex_bin, place)
    if getattr(args, "private", False):
        return PrivateTarget(find, place.codex_home)
    return SharedTarget(find, place.codex_home)


def _token(file: str | None) -> str | None:
    """From the named file (`tui.cli` checked it), or CODEX_TUI_TOKEN."""
    if file is None:
        return os.environ.get("CODEX_TUI_TOKEN")
    return Path(file).expanduser().read_text(encoding="utf-8").strip()


def visit_options(place: Place, *, hooks: RpcHooks | None = None) -> ConnectOptions:
    """For a short look: it also works where our own folder cannot be written."""
    with contextlib.suppress(OSError):
        private_folder(place.home)
    return ConnectOptions(
        state_dir=place.home,
        client_version=CLIENT_VERSION,
        env=place.env,
        hooks=hooks or RpcHooks(),
        handshake_seconds=VISIT_SECONDS,
    )


def connect_options(
    place: Place, *, hooks: RpcHooks | None = None, config: tuple[str, ...] = ()
) -> ConnectOptions:
    """What every connection needs. A folder of ours that cannot be made is told by
    who needs it: an engine that runs is reached without."""
    with contextlib.suppress(OSError):
        private_folder(place.home)
    return ConnectOptions(
        state_dir=place.home,
        client_version=CLIENT_VERSION,
        env=place.env,
        config=config,
        hooks=hooks or RpcHooks(),
    )
