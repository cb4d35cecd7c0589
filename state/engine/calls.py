"""Every request this program makes of an engine, as data.

Owns method names and the exact params; does not send them. The contract test holds each
one against the schema that the installed engines print, so a field that some supported
version does not know cannot be added here unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from state.commands import StartThread

Json = dict[str, Any]

PAGE = 100
TURNS = 10
NEVER_UNLOAD = {"thread_unload_delay_secs": 31_536_000}
"""A year in seconds: the last client gone, threads and their terminals live on."""

SOURCE_KINDS = (
    "cli",
    "vscode",
    "exec",
    "appServer",
    "subAgent",
    "subAgentReview",
    "subAgentCompact",
    "subAgentThreadSpawn",
    "subAgentOther",
    "unknown",
)
THREAD_SOURCE = "user"
"""Any other word of ours would switch off the engine's read marks for the thread."""


class Call(NamedTuple):
    """A request: the method and its params."""

    method: str
    params: Json


def _some(**params: object) -> Json:
    """The params that have a value."""
    return {key: value for key, value in params.items() if value is not None}


def _text(text: str) -> list[Json]:
    return [{"type": "text", "text": text}]


def list_threads(*, archived: bool, cursor: str | None = None) -> Call:
    """One page of all root threads, from the engine's database only."""
    return Call(
        "thread/list",
        _some(
            useStateDbOnly=True,
            modelProviders=[],
            sourceKinds=list(SOURCE_KINDS),
            archived=archived,
            limit=PAGE,
            cursor=cursor,
        ),
    )


def list_agents(root: str, cursor: str | None = None) -> Call:
    """One page of the agents below a thread; no other list shows them."""
    return Call(
        "thread/list",
        _some(
            useStateDbOnly=True,
            modelProviders=[],
            ancestorThreadId=root,
            limit=PAGE,
            cursor=cursor,
        ),
    )


def list_loaded(cursor: str | None = None) -> Call:
    return Call("thread/loaded/list", _some(cursor=cursor))


def read_thread(thread_id: str) -> Call:
    return Call("thread/read", {"threadId": thread_id})


def join(thread_id: str, *, recent_turns: int) -> Call:
    """Subscribe to a thread that is loaded. It carries no override: with one, an engine
    loads a thread that nobody listens to anew, and its terminals die."""
    page = {"limit": recent_turns, "itemsView": "full"}
    params = {
        "threadId": thread_id,
        "excludeTurns": True,
        "initialTurnsPage": page,
    }
    return Call("thread/resume", params)


def resume(
    thread_id: str,
    *,
    sandbox: str | None = None,
    approval_policy: str | None = None,
    recent_turns: int | None = None,
) -> Call:
    """Load and subscribe. Wakes a thread that sleeps: see the session's rules."""
    page = {"limit": recent_turns, "itemsView": "full"} if recent_turns else None
    return Call(
        "thread/resume",
        _some(
            threadId=thread_id,
            excludeTurns=True,
            initialTurnsPage=page,
            config=dict(NEVER_UNLOAD),
            sandbox=sandbox,
            approvalPolicy=approval_policy,
        ),
    )


def start_thread(
    command: StartThread,
    *,
    cwd: str,
    sandbox: str | None,
    environment: Mapping[str, str],
) -> Call:
    """A new thread in `cwd`; `environment` are variables its commands get."""
    config: Json = dict(NEVER_UNLOAD)
    if command.effort is not None:
        config["model_reasoning_effort"] = command.effort
    for name, value in environment.items():
        # One key each: a whole table would replace what the user's config sets.
        config[f"shell_environment_policy.set.{name}"] = value
    return Call(
        "thread/start",
        _some(
            cwd=cwd,
            model=command.model,
            sandbox=sandbox,
            approvalPolicy=command.approval_policy,
            approvalsReviewer=command.reviewer,
            threadSource=THREAD_SOURCE,
            config=config,
        ),
    )


def fork(thread_id: str) -> Call:
    return Call(
        "thread/fork",
        {
            "threadId": thread_id,
            "excludeTurns": True,
            "threadSource": THREAD_SOURCE,
            "config": dict(NEVER_UNLOAD),
        },
    )


def start_turn(thread_id: str, text: str, client_id: str) -> Call:
    return Call(
        "turn/start",
        {
            "threadId": thread_id,
            "input": _text(text),
            "clientUserMessageId": client_id,
        },
    )


def steer(thread_id: str, turn_id: str, text: str, client_id: str) -> Call:
    return Call(
        "turn/steer",
        {
            "threadId": thread_id,
            "expectedTurnId": turn_id,
            "input": _text(text),
            "clientUserMessageId": client_id,
        },
    )


def interrupt(thread_id: str, turn_id: str) -> Call:
    return Call("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})


def queue_add(thread_id: str, text: str, client_id: str) -> Call:
    return Call(
        "thread/queue/add",
        {
            "threadId": thread_id,
            "input": _text(text),
            "clientUserMessageId": client_id,
        },
    )


def queue_list(thread_id: str, cursor: str | None = None) -> Call:
    return Call("thread/queue/list", _some(threadId=thread_id, cursor=cursor))


def queue_update(thread_id: str, entry_id: str, text: str) -> Call:
    return Call(
        "thread/queue/update",
        {"threadId": thread_id, "queuedSubmissionId": entry_id, "input": _text(text)},
    )


def queue_reorder(thread_id: str, order: tuple[str, ...]) -> Call:
    return Call(
        "thread/queue/reorder",
        {"threadId": thread_id, "queuedSubmissionIds": list(order)},
    )


def queue_delete(thread_id: str, entry_id: str) -> Call:
    return Call(
        "thread/queue/delete",
        {"threadId": thread_id, "queuedSubmissionId": entry_id},
    )


def queue_start(thread_id: str) -> Call:
    return Call("thread/queue/start", {"threadId": thread_id})


def delete(thread_id: str) -> Call:
    """For good, with every agent below it."""
    return Call("thread/delete", {"threadId": thread_id})


def goal(thread_id: str) -> Call:
    return Call("thread/goal/get", {"threadId": thread_id})


def list_turns(thread_id: str, cursor: str | None = None) -> Call:
    """A page of history, newest turn first."""
    return Call(
        "thread/turns/list",
        _some(
            threadId=thread_id,
            itemsView="full",
            sortDirection="desc",
            limit=TURNS,
            cursor=cursor,
        ),
    )


def list_terminals(thread_id: str) -> Call:
    return Call(
        "thread/backgroundTerminals/list", {"threadId": thread_id, "limit": PAGE}
    )


def stop_terminal(thread_id: str, process_id: str) -> Call:
    return Call(
        "thread/backgroundTerminals/terminate",
        {"threadId": thread_id, "processId": process_id},
    )


def stop_terminals(thread_id: str) -> Call:
    return Call("thread/backgroundTerminals/clean", {"threadId": thread_id})


def rename(thread_id: str, name: str) -> Call:
    return Call("thread/name/set", {"threadId": thread_id, "name": name})


def archive(thread_id: str) -> Call:
    return Call("thread/archive", {"threadId": thread_id})


def unarchive(thread_id: str) -> Call:
    return Call("thread/unarchive", {"threadId": thread_id})


def mark_read(thread_id: str, revision: str) -> Call:
    return Call(
        "thread/readState/update",
        {
            "threadId": thread_id,
            "expectedRevision": revision,
            "operation": {"type": "read"},
        },
    )


def run_shell(thread_id: str, command: str) -> Call:
    """The user's own command, outside the sandbox."""
    return Call("thread/shellCommand", {"threadId": thread_id, "command": command})


def list_models() -> Call:
    return Call("model/list", {"limit": PAGE})


def read_account() -> Call:
    return Call("account/read", {})


def log_in(kind: str, secret: str) -> Call:
    """`kind`: apiKey (with its secret) or deviceCode."""
    if kind == "apiKey":
        return Call("account/login/start", {"type": "apiKey", "apiKey": secret})
    return Call("account/login/start", {"type": "chatgptDeviceCode"})


def read_config(cwd: str | None = None) -> Call:
    return Call("config/read", _some(cwd=cwd))


def trust(root: str) -> Call:
    """Write the trust entry of a project's root into config.toml."""
    quoted = root.replace("\\", "\\\\").replace('"', '\\"')
    return Call(
        "config/value/write",
        {
            "keyPath": f'projects."{quoted}".trust_level',
            "value": "trusted",
            "mergeStrategy": "upsert",
        },
    )
