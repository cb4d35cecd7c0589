"""What a running engine knows of one agent tree, for a command that has no screen.

Owns which threads are asked about and how: who is below, how each one's newest turn
stands, its tokens. Invariants: nothing is loaded or woken by it; a thread that cannot
be read is left as it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import partial
from pathlib import Path

from state import events as e
from state.agent_path import AgentPathError
from state.engine import calls
from state.engine.errors import RequestFailed
from state.engine.supervisor import Connection
from state.engine.wire.context import WireContext
from state.engine.wire.responses import decode_response
from state.items import ThreadId
from state.model import Thread
from state.reduce import apply_to
from state.resolve import Unresolved, resolve, resolve_thread, root_of
from state.rollout.tokens import last_tokens
from tui.listing import CALL_SECONDS, Fill

ID_LENGTH = 36
MOST_ROOTS = 40
"""Threads that are looked into, the newest first, for one that has agents."""

Threads = dict[ThreadId, Thread]


def tree_of(words: str | None) -> Fill:
    """Completes the tree of the thread that these words mean; None: of the thread
    that has agents and changed last."""
    return partial(_fill, words)


async def _fill(words: str | None, link: Connection, threads: Threads) -> None:
    if words is None:
        await _newest(link, threads)
        return
    root = await _meant(link, threads, words)
    if root is not None:
        await _agents(link, threads, root)
        await _standing(link, threads, root)


async def _newest(link: Connection, threads: Threads) -> None:
    own = [t for t in threads.values() if not t.is_agent and not t.deleted]
    own.sort(key=lambda t: t.updated_ms or t.created_ms or 0, reverse=True)
    for thread in own[:MOST_ROOTS]:
        await _agents(link, threads, thread.id)
        if any(t.parent_id == thread.id for t in threads.values()):
            await _standing(link, threads, thread.id)
            return


async def _meant(link: Connection, threads: Threads, words: str) -> ThreadId | None:
    """The top of the tree that is meant; None: nobody knows, which is said later."""
    before, colon, _ = words.strip().partition(":/")
    with contextlib.suppress(Unresolved, AgentPathError):
        if colon and before:
            return root_of(threads, resolve_thread(before, threads))
        return root_of(threads, resolve(words, threads))
    if len(words.strip()) != ID_LENGTH:
        return None
    # An agent that no list names: each thread tells the one above it.
    thread_id = ThreadId(words.strip())
    for _ in range(MOST_ROOTS):
        await _ask(link, threads, calls.read_thread(thread_id))
        thread = threads.get(thread_id)
        if thread is None:
            return None
        if thread.parent_id is None or thread.parent_id in threads:
            return root_of(threads, thread_id)
        thread_id = thread.parent_id
    return None


async def _agents(link: Connection, threads: Threads, root: ThreadId) -> None:
    cursor: str | None = None
    while True:
        reply = await _ask(link, threads, calls.list_agents(root, cursor))
        following = reply.get("nextCursor")
        if not isinstance(following, str) or following == cursor:
            return
        cursor = following


async def _standing(link: Connection, threads: Threads, root: ThreadId) -> None:
    """The turns of whoever spawned agents, the newest one of the others."""
    tree = [one for one in threads if root_of(threads, one) == root]
    spawners = {threads[one].parent_id for one in tree}
    for thread_id in tree:
        call = calls.list_turns if thread_id in spawners else calls.newest_turn
        await _ask(link, threads, call(thread_id))
        thread = threads[thread_id]
        if link.how == "remote" or thread.tokens is not None or not thread.path:
            continue
        usage = await asyncio.to_thread(last_tokens, Path(thread.path))
        if usage is not None:
            apply_to(threads, e.TokensUsed(thread_id, usage))


async def _ask(
    link: Connection, threads: Threads, call: calls.Call
) -> dict[str, object]:
    """The reply, with what it says taken into `threads`. Raises EngineLost."""
    try:
        reply = await link.rpc.call(call.method, call.params, timeout=CALL_SECONDS)
    except RequestFailed:
        return {}
    context = WireContext(link.epoch, 1, int(time.time() * 1000))
    for event in decode_response(call.method, call.params, reply, context):
        if not isinstance(event, e.WorldEvent):
            apply_to(threads, event)
    return dict(reply)
