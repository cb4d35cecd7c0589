"""After the greeting: learn what there is, and listen to what is loaded.

Owns the order (first page of the list before all else, then the loaded threads, then
the rest) and the rule that only loaded threads are resumed: that subscribes, and wakes
nothing. Invariant: a thread that sleeps is never resumed here, except one this session
had loaded itself in an engine that died, and then only without queue and goal.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from state.engine import calls
from state.engine.errors import EngineLost, RequestFailed
from state.engine.link import MOST_PAGES, SECONDS, Link
from state.engine.probe import probe_sandbox
from state.engine.wake import inspect
from state.events import ReviewsListed, SandboxProbed, ThreadsListed
from state.items import ThreadId

_AT_ONCE = 4
RECENT_TURNS = 2


async def bootstrap(link: Link, restore: frozenset[ThreadId]) -> None:
    """Tell everything there is. `restore`: loaded by us in an engine that died.

    Raises EngineLost; what the engine refuses is left out."""
    await _quiet(read_account(link))
    cursor = await _list_page(link, archived=False)
    listed = await _loaded(link)
    loaded = listed or frozenset()
    await each(loaded, lambda thread: subscribe(link, thread))
    await each(restore - loaded, lambda thread: _restore(link, thread))
    ours = link.ledger.subscribed
    roots = {t for t in ours if link.ledger.thread(t).parent is None}
    await each(roots, lambda thread: list_agents(link, thread))
    await _rest(link, archived=False, cursor=cursor)
    cursor = await _list_page(link, archived=True)
    await _rest(link, archived=True, cursor=cursor)
    if listed is None:
        return
    # A resume sends again what waits, and all of them were answered long since.
    # Where a thread is loaded and we are not in it, we do not know.
    deaf = frozenset(t for t in loaded if t not in link.ledger.subscribed)
    link.tell(ReviewsListed(link.epoch, link.number, link.clock(), deaf))


async def list_all(link: Link) -> None:
    """Both lists from the start, page by page."""
    for archived in (False, True):
        cursor = await _list_page(link, archived=archived)
        await _rest(link, archived=archived, cursor=cursor)


async def _rest(link: Link, *, archived: bool, cursor: str | None) -> None:
    while cursor:
        following = await _list_page(link, archived=archived, cursor=cursor)
        cursor = following if following != cursor else None


async def _list_page(
    link: Link, *, archived: bool, cursor: str | None = None
) -> str | None:
    """Tell one page; returns the cursor of the next."""
    try:
        page = await link.ask(calls.list_threads(archived=archived, cursor=cursor))
    except RequestFailed as error:
        link.show(f"The thread list could not be read: {error}")
        return None
    finally:
        link.tell(ThreadsListed())
    following = page.get("nextCursor")
    return following if isinstance(following, str) else None


async def loaded_threads(link: Link) -> frozenset[ThreadId]:
    """The threads the engine holds, whoever loaded them."""
    return await _loaded(link) or frozenset()


async def _loaded(link: Link) -> frozenset[ThreadId] | None:
    """None: it does not say."""
    with contextlib.suppress(RequestFailed):
        return frozenset(map(ThreadId, await link.pages(calls.list_loaded)))
    return None


async def subscribe(link: Link, thread_id: ThreadId, *, loading: bool = False) -> None:
    """Listen to a thread that is loaded; its pending reviews are sent again.

    `loading`: it is not, and is to be. Raises RequestFailed, EngineLost."""
    if thread_id in link.ledger.subscribed:
        return
    link.ledger.subscribed.add(thread_id)
    try:
        call = calls.resume if loading else calls.join
        await link.ask(call(thread_id, recent_turns=RECENT_TURNS))
    except RequestFailed:
        link.ledger.subscribed.discard(thread_id)
        raise
    await _quiet(list_terminals(link, thread_id))


async def _restore(link: Link, thread_id: ThreadId) -> None:
    report = await inspect(link, thread_id)
    goal = report.goal is not None and report.goal.active
    if link.ledger.thread(thread_id).parent is None and not (report.queue or goal):
        await subscribe(link, thread_id, loading=True)


async def list_terminals(link: Link, thread_id: ThreadId) -> None:
    """Tell a loaded thread's background terminals, all pages as one list: what is not
    in it has ended. Raises as `Link.ask`."""
    rows: list[Any] = []
    call = calls.list_terminals(thread_id)

    def arrived(page: dict[str, Any]) -> None:
        # At the reply's own place in the stream: an end that follows comes after it.
        rows.extend(page.get("data") or [])
        if not page.get("nextCursor"):
            link.tell_reply(call, {"data": rows})

    for _ in range(MOST_PAGES):
        page = await link.rpc.call(
            call.method, call.params, timeout=SECONDS, on_result=arrived
        )
        cursor = page.get("nextCursor")
        if not cursor:
            break
        call = calls.list_terminals(thread_id, cursor)


async def list_agents(link: Link, root: ThreadId) -> None:
    """Tell the agents below a thread. Raises as `Link.ask`."""
    await link.pages(lambda cursor: calls.list_agents(root, cursor))


async def read_account(link: Link) -> None:
    """Tell who is logged in. Raises as `Link.ask`."""
    await link.ask(calls.read_account())


async def probe(link: Link, cwd: Path) -> None:
    """Tell whether commands run in the sandbox. Raises EngineLost."""
    result = await probe_sandbox(link.rpc, cwd)
    proxied = await _proxied(link)
    link.tell(SandboxProbed(None if result.ok else result.sentence, proxied))


async def _proxied(link: Link) -> bool:
    """Whether an administrator has a proxy between commands and the network."""
    try:
        told = (await link.ask(calls.read_limits())).get("requirements")
    except RequestFailed:
        return False  # An engine without such limits.
    network = told.get("network") if isinstance(told, dict) else None
    return isinstance(network, dict) and network.get("enabled") is True


WINDOWS = {
    "notConfigured": "The engine's Windows sandbox is not set up: codex there does it.",
    "updateRequired": "The engine's Windows sandbox is out of date: codex there "
    "brings it up to date.",
}


async def probe_windows(link: Link) -> None:
    """Tell what an engine on Windows says of its sandbox; nothing can be tried from
    here. Raises as `Link.ask`."""
    result = await link.ask(calls.windows_readiness())
    link.tell(SandboxProbed(WINDOWS.get(str(result.get("status")))))


async def _quiet(work: Awaitable[None]) -> None:
    with contextlib.suppress(RequestFailed):
        await work


async def each(
    threads: frozenset[ThreadId] | set[ThreadId],
    work: Callable[[ThreadId], Awaitable[Any]],
) -> None:
    """Some at once; what the engine refuses is left out. Raises EngineLost."""
    gate = asyncio.Semaphore(_AT_ONCE)
    lost: list[EngineLost] = []

    async def one(thread_id: ThreadId) -> None:
        async with gate:
            try:
                await work(thread_id)
            except RequestFailed:
                pass
            except EngineLost as error:  # one for all, not a group of them
                lost.append(error)

    async with asyncio.TaskGroup() as group:
        for thread_id in sorted(threads):
            group.create_task(one(thread_id))
    if lost:
        raise lost[0]
