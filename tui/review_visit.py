"""A short visit to a running engine for its reviews: ask for all, answer one.

Owns the connection of `codex-tui reviews` and `review`: joining what is loaded, which
makes the engine send again what waits, and the answer's way (on disk, then sent, then
confirmed). Does not own words (`tui.review_report`). Invariants: no engine is started,
no thread woken; an answer leaves only for the very request that its id names.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator

from state import commands as c
from state import events as e
from state.dataclass import dataclass, replace
from state.db.errors import StoreError
from state.db.writer import StoreWriter
from state.engine import calls
from state.engine.answering import decide
from state.engine.bootstrap import list_agents, loaded_threads, subscribe
from state.engine.errors import RequestFailed
from state.engine.ledger import Ledger
from state.engine.link import Link
from state.engine.supervisor import (
    ConnectOptions,
    PrivateTarget,
    RemoteTarget,
    SharedTarget,
    Target,
    connect,
)
from state.engine.wire.notifications import decode_notification
from state.engine.wire.requests import decode_request
from state.home import store_path
from state.model import Decision, Review, ReviewState, Thread, World
from state.review_id import review_id
from state.reviews import COMMAND_LINE
from state.select.review import all_pending
from state.select.words import foreign
from state.store import Store
from tui.bridge import now_ms
from tui.options import target_of
from tui.place import Place

CONFIRM_SECONDS = 10.0
Waiting = tuple[Thread, Review]


@dataclass(slots=True)
class Visit:
    """One connection, and the world it told."""

    link: Link
    store: Store
    notice: str = ""
    """What happened to our store while it was opened, that the user should know"""

    @property
    def world(self) -> World:
        """What is known now."""
        self.store.tick(now_ms())
        return self.store.world

    def waiting(self) -> list[Waiting]:
        """What waits for the user, newest first."""
        return all_pending(self.world.threads.values())

    def others(self) -> list[Waiting]:
        """What waits for another client."""
        threads = self.world.threads.values()
        return [(thread, review) for thread in threads for review in foreign(thread)]

    def name(self, review: Review) -> str:
        """The id of a review on the command line."""
        return review_id(review, epoch_known=self.link.connection.pid is not None)

    def find(self, name: str) -> Waiting | None:
        """The very request of this id, if it still waits."""
        return next((w for w in self.waiting() if self.name(w[1]) == name), None)

    def state(self, review: Review) -> Review:
        """The review as it stands now."""
        thread = self.world.threads.get(review.thread_id)
        return thread.reviews.get(review.key, review) if thread else review


def targets(args: argparse.Namespace, place: Place) -> Target | None:
    """The engine that is meant; None: one of this call only, which asks nothing."""
    target = target_of(args, place)
    if isinstance(target, RemoteTarget):
        return target
    if isinstance(target, PrivateTarget):
        return None
    return SharedTarget(None, place.codex_home)


@contextlib.asynccontextmanager
async def visit(target: Target, options: ConnectOptions) -> AsyncIterator[Visit]:
    """Connected, and everything that waits has been told. Raises EngineError."""
    connection = await connect(target, options)
    store, ledger = Store(), Ledger()

    def tell(event: e.Event) -> None:
        ledger.observe(event)
        store.offer(event)

    link = Link(connection, 1, ledger, tell, now_ms)

    def arrived(message: dict[str, object]) -> None:
        if "id" in message:
            link.tell(decode_request(message, link.epoch, 1, now_ms()))
        else:
            link.tell(*decode_notification(message, link.context()))

    try:
        connection.rpc.attach(arrived)
        for thread_id in sorted(await loaded_threads(link)):
            with contextlib.suppress(RequestFailed):
                await subscribe(link, thread_id)
                if ledger.thread(thread_id).parent is None:
                    await list_agents(link, thread_id)
        # What waits is sent right behind the reply to a join: one more reply, and
        # all of it has come.
        await link.ask(calls.list_loaded())
        yield Visit(link, store)
    finally:
        await link.end()
        await connection.rpc.close()


async def answer(
    found: Visit, review: Review, decision: Decision, label: str, place: Place
) -> str:
    """Record it (for the home `label`), send it, wait until the engine confirms; ""
    when it did, else why not. Raises StoreError when it could not be written down;
    then nothing left."""
    decision = replace(decision, via=COMMAND_LINE)
    event = e.ReviewDecided(review.thread_id, review.key, decision, now_ms())
    writer = await StoreWriter.open(
        store_path(place.home),
        label,
        on_event=found.store.offer,
        now_ms=now_ms,
    )
    found.notice = writer.notice or ""
    try:
        writer.enqueue(found.world, (), ())
        await writer.commit_now(event)
        found.store.offer(event)
        since = len(found.world.messages)
        leaving_ms = now_ms()
        await decide(found.link, c.Decide(review, decision))
        state = found.state(review)
        if state.state is ReviewState.SENT:
            sent = e.ReviewSent(review.thread_id, review.key, leaving_ms)
            writer.enqueue(found.world, (), (sent,))
            problem = await _confirmed(found, review)
            if not problem:  # No window need be there that hears of it.
                writer.enqueue(found.world, (), ())
                over = e.ReviewResolved(review.thread_id, review.key, now_ms())
                with contextlib.suppress(StoreError):
                    await writer.commit_now(over)
            return problem
        reopened = e.ReviewReopened(review.thread_id, review.key)
        writer.enqueue(found.world, (), (reopened,))
        said = found.world.messages[since:]
        return said[-1] if said else "It was not sent."
    finally:
        await writer.close()


async def _confirmed(found: Visit, review: Review) -> str:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CONFIRM_SECONDS):
            while found.state(review).state is not ReviewState.RESOLVED:
                if found.link.rpc.lost is not None:
                    return "It was sent; the engine ended before it confirmed."
                await asyncio.sleep(0.05)
            return ""
    return "It was sent; the engine has not confirmed it yet."
