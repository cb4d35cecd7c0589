"""The ledger on real engines: the engine forgets, the store does not.

Oracles: what the scripted model and reviewer were asked, and the file on disk as a
killed process would leave it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from state.changes import ApproveDenial, ChangeSettings
from state.commands import (
    Decide,
    Interrupt,
    OpenThread,
    ResumeThread,
    SendTurn,
    StartThread,
)
from state.db.history import load_world
from state.db.lease import Lease
from state.db.ledger import read_ledger
from state.db.writer import StoreWriter
from state.engine.session import EngineSession
from state.items import Command, Notice, ThreadId
from state.ledger import Outcome, of_auto
from state.messaging import told_root
from state.model import (
    AutoReview,
    ClientId,
    Review,
    ReviewState,
    TurnStatus,
    World,
)
from state.select.side import last_denied
from state.select.transcript import TranscriptBuilder
from state.store import Store
from state.tree import Forest
from state.views import CellBody, CommandCell, TurnRule
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import LIMIT, kill, options, shared
from tui.bridge import Bridge, Keeper, now_ms
from tui.demo.provider import Verdict
from tui.demo.request import ModelRequest, item_text
from tui.demo.steps import Exec, FollowUp, Js, Say, Spawn, Step, WaitAgents

RATIONALE = "nobody asked for that"
APPROVED = "manually approved a specific action"


# What stops a turn: three denials in a row, or ten of the last fifty reviews.
_BREAKING = {
    "three": ("bad",) * 5,
    "ten": ("bad", "bad", "good") * 5,
}
END = Say("done", "final_answer")
ASK = {"sandbox_permissions": "require_escalated", "justification": "may I?"}
TWO = "await Promise.all([{}]);".format(
    ", ".join(
        f"tools.exec_command({json.dumps({'cmd': f'echo {word}', **ASK})})"
        for word in ("bad", "slow")
    )
)


class Model:
    """A model that asks, and a reviewer that denies until the user approved."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __call__(self, request: ModelRequest) -> Sequence[Step]:
        self.told.append(json.dumps(list(request.input)))
        play = _BREAKING.get(request.user_text)
        if play is not None and request.agent_path == "/root":
            if request.reply_index >= len(play):
                return [Say("never said")]
            word = f"{play[request.reply_index]} {request.reply_index}"
            return [Exec(f"echo {word}", escalate=True, justification="may I?")]
        if request.agent_path == "/root/kid":
            return self._kid(request)
        if request.user_text.startswith("tell /root/kid: "):
            told = request.user_text.removeprefix("tell /root/kid: ")
            follow = (FollowUp("kid", told), WaitAgents(20_000))
            return [follow[request.reply_index] if request.reply_index < 2 else END]
        if request.user_text == "send a kid":
            sent = (Spawn("kid", "try it"), WaitAgents(20_000))
            return [sent[request.reply_index] if request.reply_index < 2 else END]
        if request.user_text == "two at once" and request.reply_index == 0:
            return [Js(TWO)]
        if request.user_text == "one slow" and request.reply_index == 0:
            return [Exec("echo slow", escalate=True, justification="may I?")]
        if request.user_text == "by rule" and request.reply_index == 0:
            return [Exec("echo ruled")]
        if request.user_text.startswith("ask") and request.reply_index == 0:
            return [Exec("echo asked", escalate=True, justification="may I?")]
        return [Say("done")]

    def _kid(self, request: ModelRequest) -> Sequence[Step]:
        if request.reply_index == 0:
            return [Exec("echo kid", escalate=True, justification="may I?")]
        return [END]

    def review(self, request: ModelRequest) -> Verdict:
        """Allowed once the user's word stands in what the reviewer reads."""
        asked = item_text(request.input[-1])
        if "echo good" in asked.rpartition("Planned action")[2]:
            return Verdict("allow", "harmless")
        if "echo slow" in asked.rpartition("Planned action")[2]:
            return Verdict("allow", "too late", after=600)
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


def outside(world: World, thread_id: ThreadId) -> list[Command]:
    """The commands that a rule let out of the sandbox."""
    turns = world.threads[thread_id].turns.values()
    bodies = [item.body for turn in turns for item in turn.items.values()]
    return [b for b in bodies if isinstance(b, Command) and b.outside is not None]


def rules(bench: Bench) -> Path:
    return bench.home.codex_home / "rules" / "default.rules"


def idle(world: World, thread_id: ThreadId) -> bool:
    thread = world.threads.get(thread_id)
    return thread is not None and bool(thread.turns) and thread.active_turn is None


@contextlib.asynccontextmanager
async def window(
    bench: Bench, path: Path, world: World | None = None
) -> AsyncIterator[tuple[Bridge, Store, StoreWriter]]:
    """A window without a screen, connected; closed at the end, whatever happened.
    `world`: what it knows from the store."""
    store = Store(world)
    writer = await StoreWriter.open(
        path, str(bench.home.codex_home), on_event=store.offer, now_ms=now_ms
    )
    keeper = Keeper(writer, Lease(path.parent / "lease"))
    session = EngineSession(shared(bench), options(bench))
    bridge = Bridge(store, session, keeper=keeper, path=path)
    bridge.start()
    try:
        await until(store, lambda w: w.engine.phase == "ready")
        yield bridge, store, writer
    finally:
        await bridge.close()


@each_engine
def test_denied_declined_approved_and_still_known_after_a_kill(
    engine: EngineUnderTest, tmp_path: Path
) -> None:
    model = Model()
    path = tmp_path / "store" / "threads.db"
    path.parent.mkdir()

    async def work(bench: Bench) -> None:
        async with window(bench, path) as (bridge, store, writer):
            thread, late = await play(bench, bridge, store, writer)
            before = drawn(store.world, thread)
        await _again(bench, tmp_path / "left" / path.name, thread, before, late)

    async def play(
        bench: Bench, bridge: Bridge, store: Store, writer: StoreWriter
    ) -> tuple[ThreadId, ThreadId]:
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

        await say("by rule")
        await until(store, lambda w: outside(w, thread) and idle(w, thread))
        await _breaker(bridge, store, bench)
        await _unanswered(bridge, store, bench)
        await _child(bridge, store, bench)
        late = await _denied(bridge, store, bench)
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
        found = [e for e in read_ledger(left / path.name) if e.thread_id == thread]
        entries = {e.what + str(e.at.asked): e for e in found}
        ended = sorted(entries.values(), key=lambda e: e.at.asked)
        assert [(e.who, e.outcome) for e in ended] == [
            ("auto-review", Outcome.DENIED),
            ("auto-review", Outcome.ALLOWED),
            ("a rule", Outcome.ALLOWED),
            ("you", Outcome.REFUSED),
        ]
        assert f"{rules(bench)}:1" in ended.pop(2).reason
        assert ended[0].rationale == RATIONALE
        assert ended[0].retry_ms is not None
        assert ended[2].sent == no.result
        asked_at, decided, sent, confirmed = ended[2].at
        assert asked_at <= (decided or 0) <= (sent or 0)
        assert confirmed is not None
        assert all("echo asked" in e.what for e in ended)
        return thread, late

    with Bench(engine, model, reviewer=model.review) as bench:
        rules(bench).parent.mkdir()
        rules(bench).write_text(
            'prefix_rule(pattern=["echo", "ruled"], decision="allow")\n'
        )
        asyncio.run(work(bench))


async def _breaker(bridge: Bridge, store: Store, bench: Bench) -> None:
    """The turn that was stopped says why, each time it happens."""
    for text, denials in (("three", 3), ("ten", 10)):
        start = StartThread(
            ClientId(text),
            str(bench.workspace),
            text,
            sandbox="workspace-write",
            reviewer="auto_review",
        )
        thread = await bridge.act(start)
        assert thread is not None
        world = await until(store, lambda w, t=thread: idle(w, t))  # type: ignore[misc]
        (turn,) = world.threads[thread].turns.values()
        assert turn.status is TurnStatus.INTERRUPTED
        denied = [auto for auto in autos(world, thread) if auto.status == "denied"]
        assert len(denied) == denials
        notices = [i.body for i in turn.items.values() if isinstance(i.body, Notice)]
        (why,) = [n.text for n in notices if "the engine stopped it" in n.text]
        assert f"{denials} in the last 50 reviews" in why
        assert world.threads[thread].notices == ()


async def _unanswered(bridge: Bridge, store: Store, bench: Bench) -> None:
    """What ends an auto-review that did not answer: its call, given up when its
    neighbour in the script was denied, or its turn, which an interrupt ended."""
    start = StartThread(
        ClientId("two"),
        str(bench.workspace),
        "two at once",
        sandbox="workspace-write",
        reviewer="auto_review",
    )
    thread = await bridge.act(start)
    assert thread is not None
    world = await until(store, lambda w: idle(w, thread))
    (turn,) = world.threads[thread].turns.values()
    assert turn.status is TurnStatus.COMPLETED
    who = {of_auto(thread, auto).who for auto in autos(world, thread)}
    assert who == {"auto-review", "its call's end"}

    await bridge.act(SendTurn(ClientId("slow"), thread, "one slow"))
    await until(store, lambda w: len(w.threads[thread].auto_reviews) == 3)
    await bridge.act(Interrupt(thread))
    await until(store, lambda w: len(autos(w, thread)) == 3 and idle(w, thread))
    last = autos(store.world, thread)[-1]
    assert (last.status, of_auto(thread, last).who) == ("aborted", "the turn's end")


async def _child(bridge: Bridge, store: Store, bench: Bench) -> None:
    """An agent of today's kind takes no word from a client, not even an approval: its
    root is told, and passes it on; then the retry is reviewed with that before it."""
    start = StartThread(
        ClientId("kid"),
        str(bench.workspace),
        "send a kid",
        sandbox="workspace-write",
        reviewer="auto_review",
    )
    root = await bridge.act(start)
    assert root is not None
    world = await until(store, lambda w: idle(w, root))
    (kid,) = [t.id for t in world.threads.values() if t.parent_id == root]
    (denied,) = autos(world, kid)
    assert denied.status == "denied"
    assert not await bridge.act(ApproveDenial(kid, denied)), "the engine refuses that"
    assert autos(store.world, kid)[0].retry_ms is None
    assert await bridge.act(ApproveDenial(kid, denied, through=root)) == root
    told = told_root("/root/kid", f"the user {APPROVED}; try it again")
    await bridge.act(SendTurn(ClientId("tell"), root, told))
    world = await until(store, lambda w: len(autos(w, kid)) == 2 and idle(w, kid))
    assert autos(world, kid)[1].status == "approved"
    items = [i for t in world.threads[kid].turns.values() for i in t.items.values()]
    ran = [i.body.output for i in items if isinstance(i.body, Command)]
    assert "kid\n" in list(map(str, ran))
    assert autos(world, kid)[0].retry_ms is not None


# -- the next window, and another engine -------------------------------------------


def drawn(world: World, thread_id: ThreadId) -> list[str]:
    """The thread as it is drawn: what each cell says, in order."""
    forest = Forest()
    forest.update(world.threads, world.threads)
    thread = world.threads[thread_id]
    view = TranscriptBuilder(forest).view(world, thread, loading=False)
    return [_words(cell.body) for cell in view.cells]


def _words(body: CellBody) -> str:
    match body:
        case TurnRule(number=number):
            return f"turn {number}"  # engines count in seconds when it began
        case CommandCell(verb=verb, command=command, right=right, note=note):
            return f"{verb} {command} {right} {note} {body.output.source()}"
    return repr(body)


async def _denied(bridge: Bridge, store: Store, bench: Bench) -> ThreadId:
    """A thread that ends with a denial nobody spoke of."""
    start = StartThread(
        ClientId("late"),
        str(bench.workspace),
        "ask late",
        sandbox="workspace-write",
        reviewer="auto_review",
    )
    late = await bridge.act(start)
    assert late is not None
    await until(store, lambda w: autos(w, late) and idle(w, late))
    return late


async def _again(
    bench: Bench, path: Path, thread: ThreadId, before: list[str], late: ThreadId
) -> None:
    """After both were killed: the thread is drawn as before, and the denial waits; the
    new engine takes the user's word on it, and its reviewer reads that."""
    world = World(threads=load_world(path))
    async with window(bench, path, world) as (bridge, store, _):
        assert len(last_denied(store.world.threads[late])) == 1
        await bridge.act(OpenThread(thread))
        with contextlib.suppress(TimeoutError):
            await until(store, lambda w: drawn(w, thread) == before)
        assert drawn(store.world, thread) == before
        await bridge.act(ResumeThread(late, acknowledged=True))
        (denied,) = last_denied(store.world.threads[late])
        await bridge.act(ApproveDenial(late, denied))
        await until(store, lambda w: not last_denied(w.threads[late]))
        await bridge.act(SendTurn(ClientId("once more"), late, "ask once more"))
        world = await until(store, lambda w: len(autos(w, late)) == 2 and idle(w, late))
        assert autos(world, late)[1].status == "approved"
