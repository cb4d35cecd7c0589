"""Learn an agent tree: who is in it, and how each agent's newest turn stands.

Owns what is asked about agents nobody reads. Invariants: no agent is loaded by it;
an agent is asked about once in a connection, and not at all when it tells by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from state.engine import calls
from state.engine.bootstrap import each, list_agents
from state.engine.ledger import Ledger
from state.engine.link import Link
from state.events import TokensUsed
from state.items import ThreadId
from state.model import TokenUsage

ReadTokens = Callable[[str], Awaitable[TokenUsage | None]]


def root_in(ledger: Ledger, thread_id: ThreadId) -> ThreadId:
    """The highest thread above this one that the session knows of."""
    seen = {thread_id}
    while (above := ledger.thread(thread_id).parent) is not None and above not in seen:
        seen.add(above)
        thread_id = above
    return thread_id


async def learn_tree(
    link: Link, thread_id: ThreadId, read_tokens: ReadTokens | None
) -> None:
    """Tell the agents of the tree a thread is in. Raises as `Link.ask`."""
    root = root_in(link.ledger, thread_id)
    await list_agents(link, root)
    await mark_agents(link, root, read_tokens)


async def mark_agents(
    link: Link, root: ThreadId, read_tokens: ReadTokens | None
) -> None:
    """Tell the newest turn, and the tokens, of each agent that was not heard of.

    `read_tokens(path)`: from the rollout; no request asks for them. Raises
    EngineLost."""
    ledger = link.ledger
    tree = [one for one in list(ledger.threads) if root_in(ledger, one) == root]
    silent = {one for one in tree if one != root} - ledger.marked
    ledger.marked.update(silent)
    # Who spawned agents tells of them in its items; of others only the end counts.
    spawners = {ledger.thread(one).parent for one in tree}
    await each(silent, lambda one: _mark(link, one, whole=one in spawners))
    if read_tokens is None or not link.local:
        return
    uncounted = set(tree) - ledger.counted
    ledger.counted.update(uncounted)
    await each(uncounted, lambda one: _count(link, one, read_tokens))


async def _count(link: Link, thread_id: ThreadId, read_tokens: ReadTokens) -> None:
    path = link.ledger.thread(thread_id).path
    usage = await read_tokens(path) if path is not None else None
    if usage is not None:
        link.tell(TokensUsed(thread_id, usage))


async def _mark(link: Link, thread_id: ThreadId, *, whole: bool) -> None:
    call = calls.list_turns if whole else calls.newest_turn
    await link.ask(call(thread_id))
