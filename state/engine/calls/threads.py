"""Requests about threads as a whole."""

from __future__ import annotations

from collections.abc import Mapping

from state.commands import StartThread
from state.engine.calls.base import PAGE, Call, Json, some

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


def list_threads(*, archived: bool, cursor: str | None = None) -> Call:
    """One page of all root threads, from the engine's database only."""
    return Call(
        "thread/list",
        some(
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
        some(
            useStateDbOnly=True,
            modelProviders=[],
            ancestorThreadId=root,
            limit=PAGE,
            cursor=cursor,
        ),
    )


def list_loaded(cursor: str | None = None) -> Call:
    return Call("thread/loaded/list", some(cursor=cursor))


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
        some(
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
    raw: bool = False,
) -> Call:
    """A new thread in `cwd`; `environment` are variables its commands get. `raw`: the
    engine also sends what the model called: where we cannot read its rollouts."""
    config: Json = dict(NEVER_UNLOAD)
    if command.effort is not None:
        config["model_reasoning_effort"] = command.effort
    for name, value in environment.items():
        # One key each: a whole table would replace what the user's config sets.
        config[f"shell_environment_policy.set.{name}"] = value
    return Call(
        "thread/start",
        some(
            cwd=cwd,
            # Said and not left out: an engine without a word from us might take none.
            runtimeWorkspaceRoots=[cwd] if command.roots is None else [*command.roots],
            model=command.model,
            sandbox=sandbox,
            approvalPolicy=command.approval_policy,
            approvalsReviewer=command.reviewer,
            threadSource=THREAD_SOURCE,
            experimentalRawEvents=True if raw else None,
            config=config,
        ),
    )


def fork(
    thread_id: str, *, sandbox: str | None = None, profile: str | None = None
) -> Call:
    """`sandbox` or `profile`: what it runs under, for no engine asks its source."""
    return Call(
        "thread/fork",
        some(
            threadId=thread_id,
            excludeTurns=True,
            threadSource=THREAD_SOURCE,
            sandbox=sandbox,
            permissions=profile,
            config=dict(NEVER_UNLOAD),
        ),
    )


def delete(thread_id: str) -> Call:
    """For good, with every agent below it."""
    return Call("thread/delete", {"threadId": thread_id})


def goal(thread_id: str) -> Call:
    return Call("thread/goal/get", {"threadId": thread_id})


def list_turns(thread_id: str, cursor: str | None = None) -> Call:
    """A page of history, newest turn first."""
    return Call(
        "thread/turns/list",
        some(
            threadId=thread_id,
            itemsView="full",
            sortDirection="desc",
            limit=TURNS,
            cursor=cursor,
        ),
    )


def newest_turn(thread_id: str) -> Call:
    """How the newest turn stands; of its items only the words."""
    return Call(
        "thread/turns/list",
        {
            "threadId": thread_id,
            "itemsView": "summary",
            "sortDirection": "desc",
            "limit": 1,
        },
    )


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
