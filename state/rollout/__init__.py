"""The engine's rollout files, read from their end and never written."""

from __future__ import annotations

from state.rollout.reader import (
    Problem,
    RolloutFile,
    RolloutTail,
    read_tail,
    scan_sessions,
    stored_settings,
)

__all__ = [
    "Problem",
    "RolloutFile",
    "RolloutTail",
    "read_tail",
    "scan_sessions",
    "stored_settings",
]
