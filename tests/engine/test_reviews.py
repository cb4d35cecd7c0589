"""Reviews of every kind on real engines: asked, filled in, answered.

The oracles are files on disk, what the model is told of its calls, what the MCP server
got, and a second connection.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from state.answers import offers
from state.commands import Decide, SendTurn, StartThread
from state.engine.supervisor import control_socket
from state.events import ReviewAsked, ReviewResolved, TurnEnded
from state.forms import Value, form_of
from state.items import ThreadId
from state.model import ClientId, Review, ReviewKind, Thread
from state.store import Store
from tests.engine import mcp_server
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import Watch, running
from tests.scenario.script import SCRIPT
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, RawItems, Say, Spawn, Step

FEATURES = """[features]
request_permissions_tool = true
default_mode_request_user_input = true
multi_agent_v2 = true
"""
SERVER = f"""
[mcp_servers.tickets]
command = {json.dumps(sys.executable)}
args = [{json.dumps(mcp_server.__file__)}]
"""
CLASSIC = "gpt-5.5"
"""A model that calls tools without code mode"""


def configured(bench: Bench) -> None:
    """Before the engine starts: the tools that ask are switched on."""
    path = bench.home.codex_home / "config.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("[features]\n", FEATURES, 1) + SERVER
    path.write_text(text, encoding="utf-8")


class Model:
    """Plays the calls that the user's words name, and keeps what it is told of them."""

    def __init__(self) -> None:
        self.told: dict[str, str] = {}
        self.heard: list[str] = []
        self._calls = 0

    def __call__(self, request: ModelRequest) -> Sequence[Step]:
        for output in request.outputs:
            self.told[output.call_id] = output.text
        self.heard.append(request.user_text)
        words = request.task if "do [" in request.task else request.user_text
        _, _, script = words.partition("do ")
        steps = json.loads(script) if script.startswith("[") else []
        if request.reply_index >= len(steps):
            return [Say("done")]
        return [self._step(one) for one in steps[request.reply_index]]

    def _step(self, call: dict[str, Any]) -> Step:
        if "agent" in call:
            message = "do " + json.dumps(call["steps"])
            return Spawn(call["agent"], message)
        if "escalate" in call:
            return Exec(call["escalate"], escalate=True, justification="may I?")
        self._calls += 1
        base = {"id": f"x-{self._calls}", "call_id": call.pop("as")}
        if "patch" in call:
            kind = {"type": "custom_tool_call", "name": "apply_patch"}
            return RawItems(({**base, **kind, "input": call["patch"]},))
        kind = {"type": "function_call", "name": call["call"]}
        item = {**base, **kind, "arguments": json.dumps(call["args"])}
        if "in" in call:
            item["namespace"] = call["in"]
        return RawItems((item,))


def words(*replies: list[dict[str, Any]]) -> str:
    return "do " + json.dumps(list(replies))


def shell(name: str, command: str, **more: Any) -> dict[str, Any]:
    return {"as": name, "call": "exec_command", "args": {"cmd": command, **more}}


class Hand:
    """Starts threads, and answers what they ask as a card would."""

    def __init__(self, watch: Watch, bench: Bench) -> None:
        self.watch, self.bench = watch, bench
        self._numbers = 0

    async def start(self, text: str, **changes: Any) -> ThreadId:
        self._numbers += 1
        self.mark = len(self.watch.events)
        given: dict[str, Any] = {"model": CLASSIC, "sandbox": "workspace-write"}
        command = StartThread(
            client_id=ClientId(f"c{self._numbers}"),
            cwd=str(self.bench.workspace),
            text=text,
            **{**given, **changes},
        )
        thread_id = await self.watch.session.send(command)
        assert thread_id is not None, self.watch.said()
        return thread_id

    async def asked(self, kind: ReviewKind) -> Review:
        event = await self.watch.until(
            ReviewAsked, lambda e: e.review.kind is kind, since=self.mark
        )
        return event.review

    async def give(
        self,
        review: Review,
        letter: str,
        values: dict[str, Value] | None = None,
        *,
        rule: int | None = None,
    ) -> None:
        """`letter` with what is filled in; `rule` words of a prefix."""
        form = form_of(review.method, review.params)
        filled = {**(form.defaults() if form else {}), **(values or {})}
        made = offers(review, filled, rule)
        offer = next(o for o in made if o.decision.letter == letter)
        assert not offer.problem
        await self.watch.session.send(Decide(review, offer.decision, offer.sent))
        await self.watch.until(
            ReviewResolved, lambda e: e.key == review.key, since=self.mark
        )

    def held(self, thread_id: ThreadId) -> Thread:
        """The thread that all these events give."""
        store = Store()
        store.offer_all(self.watch.events)
        store.tick(0)
        return store.world.threads[thread_id]

    async def ended(self, thread_id: ThreadId) -> None:
        await self.watch.until(
            TurnEnded, lambda e: e.thread_id == thread_id, since=self.mark
        )


@each_engine
def test_every_kind_is_answered_with_what_was_filled_in(
    engine: EngineUnderTest,
) -> None:
    model = Model()

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            hand = Hand(watch, bench)
            await _permissions(hand, model)
            await _question(hand, model)
            await _edits(hand)
            await _rule(hand)
            await _form(hand, model)
            await _tool(hand, model)
            await _in_passing(hand, model)

    with Bench(engine, model) as bench:
        configured(bench)
        asyncio.run(work(bench))


async def _permissions(hand: Hand, model: Model) -> None:
    """Two folders are asked for, one is granted: the kernel agrees."""
    given, kept = (hand.bench.home.outside / name for name in ("given", "kept"))
    given.mkdir()
    kept.mkdir()
    wanted = {"file_system": {"write": [str(given), str(kept)]}}
    args = {"permissions": wanted, "reason": "Need it"}
    touch = shell("touch", f"touch {given}/x; touch {kept}/x; sleep 0.3")
    thread = await hand.start(
        words([{"as": "perm", "call": "request_permissions", "args": args}], [touch])
    )
    review = await hand.asked(ReviewKind.PERMISSIONS)
    form = form_of(review.method, review.params)
    assert form is not None
    options = {o.label: o.value for o in form.fields[0].options}
    await hand.give(review, "y", {"grant": (options[f"write {given}"],)})
    await hand.ended(thread)
    assert (given / "x").exists() and not (kept / "x").exists(), model.told


async def _question(hand: Hand, model: Model) -> None:
    option = [
        {"label": "Red", "description": "w"},
        {"label": "Blue", "description": "c"},
    ]
    asked = {"id": "color", "header": "Color", "question": "Which?", "options": option}
    call = {"as": "ask", "call": "request_user_input", "args": {"questions": [asked]}}
    thread = await hand.start(words([call]))
    review = await hand.asked(ReviewKind.QUESTION)
    filled: dict[str, Value] = {"color": "Blue", "color/note": "dark"}
    await hand.give(review, "y", filled)
    await hand.ended(thread)
    assert "Blue" in model.told["ask"] and "dark" in model.told["ask"]


async def _edits(hand: Hand) -> None:
    path = hand.bench.home.outside / "edited.txt"
    patch = f"*** Begin Patch\n*** Add File: {path}\n+x\n*** End Patch\n"
    thread = await hand.start(words([{"as": "patch", "patch": patch}]))
    review = await hand.asked(ReviewKind.EDITS)
    assert not path.exists()
    await hand.give(review, "y")
    await hand.ended(thread)
    assert path.read_text() == "x\n"


async def _rule(hand: Hand) -> None:
    """One more word than proposed stands in the rules, and nothing else."""
    path = hand.bench.home.outside / "ruled"
    call = shell(
        "rule",
        f"mkdir -p {path}",
        sandbox_permissions="require_escalated",
        justification="why",
        prefix_rule=["mkdir"],
    )
    thread = await hand.start(words([call]))
    review = await hand.asked(ReviewKind.COMMAND)
    await hand.give(review, "p", rule=2)
    await hand.ended(thread)
    rules = hand.bench.home.codex_home / "rules" / "default.rules"
    assert 'pattern=["mkdir", "-p"]' in rules.read_text()
    assert path.is_dir()


async def _form(hand: Hand, model: Model) -> None:
    call = {"as": "form", "call": "ask", "in": "mcp__tickets", "args": {}}
    thread = await hand.start(words([call]))
    review = await hand.asked(ReviewKind.ELICITATION)
    await hand.give(review, "y", {"name": "bob", "level": "b", "ok": False})
    await hand.ended(thread)
    got = model.told["form"].replace("\\", "")
    for part in ('"action": "accept"', '"name": "bob"', '"level": "b"', '"ok": false'):
        assert part in got, got


async def _tool(hand: Hand, model: Model) -> None:
    call = {"as": "tool", "call": "danger", "in": "mcp__tickets", "args": {"x": "1"}}
    thread = await hand.start(words([call]))
    review = await hand.asked(ReviewKind.ELICITATION)
    assert [d.letter for d in review.decisions][:1] == ["y"]
    await hand.give(review, "d")
    await hand.ended(thread)
    assert "destroyed" not in model.told["tool"]


async def _in_passing(hand: Hand, model: Model) -> None:
    """A question that outlives its turn waits in the inbox's row until a message
    of the user's comes; the model gets that message, and no answer of a tool."""
    asked = [{"title": "Which color?", "options": ["Red", "Blue"]}]
    args = {"questions": asked}
    call = {"as": "later", "call": "request_user_input_async", "args": args}
    thread = await hand.start(words([call]), model=None)
    await hand.ended(thread)
    held = hand.held(thread)
    (asking,) = held.asking
    assert [(q.title, q.options) for q in asking.questions] == [
        ("Which color?", ("Red", "Blue"))
    ]
    assert not held.reviews
    hand.mark = len(hand.watch.events)
    client_id = ClientId("answer in passing")
    await hand.watch.session.send(SendTurn(client_id, thread, "Blue, please"))
    await hand.ended(thread)
    assert hand.held(thread).asking == ()
    assert "Blue, please" in model.heard


# -- nobody was there, children, the command line ----------------------------------


def cli(bench: Bench, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed program, against the engine that serves the bench."""
    return subprocess.run(
        (SCRIPT, *arguments),
        capture_output=True,
        text=True,
        timeout=120,
        env={**bench.home.environment(), "CODEX_TUI_CODEX_BIN": str(bench.engine.path)},
        cwd=bench.home.outside,
        stdin=subprocess.DEVNULL,
    )


@each_engine
def test_what_was_asked_meanwhile_is_there_and_is_answered_without_a_screen(
    engine: EngineUnderTest,
) -> None:
    with Bench(engine, Model()) as bench:
        configured(bench)
        asyncio.run(_meanwhile(bench))


async def _meanwhile(bench: Bench) -> None:
    outside = bench.home.outside
    child, root = outside / "by-child", outside / "by-root"
    async with running(bench) as watch:
        hand = Hand(watch, bench)
        steps = [[{"escalate": f"touch {child}"}]]
        agent = {"agent": "kid", "steps": steps}
        await hand.start(words([agent], [{"escalate": f"touch {root}"}]), model=None)
        await watch.until(ReviewAsked, lambda e: str(child) in e.review.params)
        await watch.until(ReviewAsked, lambda e: str(root) in e.review.params)
    # Nobody is connected now; the engine waits.
    async with running(bench) as watch:
        asked = {path: await _asked_for(watch, path) for path in (child, root)}
        assert asked[child].thread_id != asked[root].thread_id
        await asyncio.to_thread(_by_command_line, bench, child)
        # Another client's answer shows at once.
        key = asked[child].key
        await watch.until(ReviewResolved, lambda e: e.key == key)
        plain = await asyncio.to_thread(
            bench.connect, control_socket(bench.home.codex_home).resolve()
        )
        plain.send({"id": asked[root].key.request_id, "result": {"decision": "accept"}})
        await watch.until(ReviewResolved, lambda e: e.key == asked[root].key)
        await watch.until(TurnEnded, lambda e: e.thread_id == asked[root].thread_id)
        assert root.exists()


async def _asked_for(watch: Watch, path: Path) -> Review:
    event = await watch.until(ReviewAsked, lambda e: str(path) in e.review.params)
    return event.review


def _by_command_line(bench: Bench, child: Path) -> None:
    listed = cli(bench, "reviews", "--json")
    assert listed.returncode == 0, listed.stderr
    rows = json.loads(listed.stdout)
    assert len(rows) == 2 and all(row["ours"] for row in rows)
    (row,) = [row for row in rows if str(child) in row["command"]]
    text = cli(bench, "reviews").stdout
    assert row["id"] in text and f"touch {child}" in text and "2 wait for you" in text

    number = row["id"].partition("-")[0]
    stale = cli(bench, "review", f"{number}-000000000000", "--accept")
    assert stale.returncode == 1 and "does not wait" in stale.stderr
    broad = cli(bench, "review", row["id"], "--session")
    assert broad.returncode == 1 and "--yes-broad" in broad.stderr
    assert cli(bench, "review", row["id"]).returncode == 2
    assert not child.exists(), "nothing was answered by any of that"

    done = cli(bench, "review", row["id"], "--accept")
    assert done.returncode == 0, done.stderr
    assert f"Yes, proceed: touch {child}" in done.stdout
    again = cli(bench, "review", row["id"], "--accept")
    assert again.returncode == 1
    kept = json.loads(cli(bench, "reviews", "--json", "--all").stdout)
    assert len([r for r in kept if r["ours"] and r["id"]]) == 1
