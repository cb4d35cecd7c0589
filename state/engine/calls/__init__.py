"""Every request this program makes of an engine, as data.

Owns method names and the exact params; does not send them. The contract test holds each
one against the schema that the installed engines print, so a field that some supported
version does not know cannot be added here unnoticed.
"""

from __future__ import annotations

from state.engine.calls.base import PAGE, Call, Json
from state.engine.calls.home import (
    list_models,
    log_in,
    read_account,
    read_config,
    trust,
)
from state.engine.calls.terminals import list_terminals, stop_terminal, stop_terminals
from state.engine.calls.threads import (
    NEVER_UNLOAD,
    SOURCE_KINDS,
    THREAD_SOURCE,
    TURNS,
    archive,
    delete,
    fork,
    goal,
    join,
    list_agents,
    list_loaded,
    list_threads,
    list_turns,
    mark_read,
    read_thread,
    rename,
    resume,
    start_thread,
    unarchive,
)
from state.engine.calls.turns import (
    interrupt,
    queue_add,
    queue_delete,
    queue_list,
    queue_reorder,
    queue_start,
    queue_update,
    run_shell,
    start_turn,
    steer,
)

__all__ = [
    "NEVER_UNLOAD",
    "PAGE",
    "SOURCE_KINDS",
    "THREAD_SOURCE",
    "TURNS",
    "Call",
    "Json",
    "archive",
    "delete",
    "fork",
    "goal",
    "interrupt",
    "join",
    "list_agents",
    "list_loaded",
    "list_models",
    "list_terminals",
    "list_threads",
    "list_turns",
    "log_in",
    "mark_read",
    "queue_add",
    "queue_delete",
    "queue_list",
    "queue_reorder",
    "queue_start",
    "queue_update",
    "read_account",
    "read_config",
    "read_thread",
    "rename",
    "resume",
    "run_shell",
    "start_thread",
    "start_turn",
    "steer",
    "stop_terminal",
    "stop_terminals",
    "trust",
    "unarchive",
]
