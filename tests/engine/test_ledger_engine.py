"""The ledger on real engines: the engine forgets, the store does not.

Oracles: what the scripted model and reviewer were asked, and the file on disk as a
killed process would leave it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from state.changes import ApproveDenial, ChangeSettings
from state.commands import Decide, SendTurn, StartThread
from state.db.lease import Lease
from state.db.ledger import read_ledger
from state.db.writer import StoreWriter
from state.engine.session import EngineSession
from state.items import Notice, ThreadId
from state.ledger import Outcome
from state.model import AutoReview, ClientId, Review, ReviewState, World
from state.store import Store
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import LIMIT, kill, options, shared
from tui.bridge import Bridge, Keeper, now_ms
from tui.demo.provider import Verdict
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Step

RATIONALE = "nobody asked for that"
APPROVED = "manually approved a specific action"


class Model:
    """A model that asks, and a reviewer that denies until the user approved."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __call__(self, request: ModelRequest) -> Sequence[Step]:
        self.told.append(json.dumps(list(request.input)))
        if request.user_text.startswith("ask") and request.reply_index == 0:
            return [Exec("echo asked", escalate=True, justification="may I?")]
        return [Say("done")]

    def review(self, request: ModelRequest) -> Verdict:
        """Allowed once the user's word stands in what the reviewer reads."""
        if APPROVED in json.dumps(list(request.input)):
            return Verdict("allow", "the user approved it", "medium", "high")
        return Verdict("deny", RATIONALE, "high", "low")


async def until(store: Store, true: Callable[[World], object]) -> World:
    """The first published world of which this is true."""
    news = asyncio.Event()
    store.subscribe(lambda _step: news.set())
    async with asyncio.timeout(LIMIT):
        while not true(store.world):
            news.clear()
            await news.wait()
    return store.world


def autos(world: World, thread_id: ThreadId) -> list[AutoReview]:
    thread = world.threads.get(thread_id)
    found = thread.auto_reviews.values() if thread else ()
    return [auto for auto in found if auto.status != "inProgress"]


def reviews(world: World, thread_id: ThreadId) -> list[Review]:
    return list(world.threads[thread_id].reviews.values())


def idle(world: World, thread_id: ThreadId) -> bool:
    thread = world.threads.get(thread_id)
    return thread is not None and bool(thread.turns) and thread.active_turn is None


@each_engine
def test_denied_declined_approved_and_still_known_after_a_kill(
    engine: EngineUnderTest, tmp_path: Path
) -> None:
    model = Model()
    path = tmp_path / "store" / "threads.db"
    path.parent.mkdir()

    async def work(bench: Bench) -> None:
        store = Store()
        writer = await StoreWriter.open(
            path, str(bench.home.codex_home), on_event=store.offer, now_ms=now_ms
        )
        keeper = Keeper(writer, Lease(tmp_path / "lease"))
        bridge = Bridge(
            store,
            EngineSession(shared(bench), options(bench)),
            keeper=keeper,
            path=path,
        )
        bridge.start()
        await until(store, lambda w: w.engine.phase == "ready")
        start = StartThread(
            ClientId("c"),
            str(bench.workspace),
            "hello",
            sandbox="workspace-write",
            reviewer="auto_review",
        )
        thread = await bridge.act(start)
        assert thread is not None
        await until(store, lambda w: idle(w, thread))

        async def say(text: str) -> None:
            turns = len(store.world.threads[thread].turns)
            await bridge.act(SendTurn(ClientId(text), thread, text))
            await until(store, lambda w: len(w.threads[thread].turns) > turns)

        await say("ask auto")
        await until(store, lambda w: autos(w, thread) and idle(w, thread))
        (denied,) = autos(store.world, thread)
        assert (denied.status, denied.rationale) == ("denied", RATIONALE)
        notices = [
            item.body.text
            for turn in store.world.threads[thread].turns.values()
            for item in turn.items.values()
            if isinstance(item.body, Notice)
        ]
        assert [RATIONALE in text for text in notices] == [True]
        assert store.world.threads[thread].notices == ()

        await bridge.act(ApproveDenial(thread, denied))
        assert not [text for text in model.told if APPROVED in text]
        await say("ask again")
        await until(store, lambda w: len(autos(w, thread)) == 2 and idle(w, thread))
        assert [text for text in model.told if APPROVED in text]
        assert autos(store.world, thread)[1].status == "approved"

        await bridge.act(ChangeSettings(thread, reviewer="user"))
        await say("ask me")
        await until(store, lambda w: reviews(w, thread))
        (asked,) = reviews(store.world, thread)
        no = next(d for d in asked.decisions if d.letter == "d")
        await bridge.act(Decide(asked, no))
        await until(
            store, lambda w: reviews(w, thread)[0].state is ReviewState.RESOLVED
        )
        await until(store, lambda w: idle(w, thread))
        assert await writer.flush()

        # As kill -9 would leave it: the files as they are, nothing closed.
        left = tmp_path / "left"
        shutil.copytree(path.parent, left)
        epoch = store.world.engine.epoch or ""
        kill(int(epoch.partition("@")[0]))
        entries = {e.what + str(e.at.asked): e for e in read_ledger(left / path.name)}
        ended = sorted(entries.values(), key=lambda e: e.at.asked)
        assert [(e.who, e.outcome) for e in ended] == [
            ("auto-review", Outcome.DENIED),
            ("auto-review", Outcome.ALLOWED),
            ("you", Outcome.REFUSED),
        ]
        assert ended[0].rationale == RATIONALE
        assert ended[0].retry_ms is not None
        assert ended[2].sent == no.result
        asked_at, decided, sent, confirmed = ended[2].at
        assert asked_at <= (decided or 0) <= (sent or 0)
        assert confirmed is not None
        assert all("echo asked" in e.what for e in ended)
        await bridge.close()

    with Bench(engine, model, reviewer=model.review) as bench:
        asyncio.run(work(bench))
