"""Reviews that only an administered machine, a running terminal, an MCP server or
another client makes the engine ask; each produced, answered, and looked at from
outside: files on disk, what the model is told, the second connection."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from state.changes import ConfigEdit, WriteConfig
from state.commands import Decide
from state.engine.local_names import lead_of
from state.engine.supervisor import control_socket
from state.events import (
    EngineChanged,
    ReviewAsked,
    ReviewResolved,
    SandboxProbed,
)
from state.items import ThreadId
from state.model import Decision, Review, ReviewKind, ReviewState, World
from state.permissions.assemble import policy_of
from state.permissions.box import Box
from state.permissions.disk import Looked, NoDisk
from state.permissions.explain import Answer, Ground, Operation, Verdict, explain
from state.permissions.hosts import Outcome, target_of
from state.permissions.policy import Layer
from state.permissions.proxied import proxy_of
from state.select.grants import MCP, grants
from state.select.sandbox import approvals_of
from state.views import GrantRow
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.plain_client import Client
from tests.engine.review_bench import (
    CLASSIC,
    Hand,
    Model,
    configured,
    knows_persons,
    managed,
    shell,
    words,
)
from tests.engine.session_bench import running


@each_engine
def test_what_an_administered_machine_asks_is_answered_too(
    engine: EngineUnderTest, tmp_path: Path
) -> None:
    """Connections and a person's consent are only asked about where an administrator
    wants it; 0.163 does not know the latter."""
    model = Model()
    administered = managed(engine, tmp_path)

    async def work(bench: Bench) -> None:
        async with running(bench, probe_cwd=bench.workspace) as watch:
            hand = Hand(watch, bench)
            assert (await watch.until(SandboxProbed)).proxied is True
            await _connection(hand, model)
            if knows_persons(engine):
                await _person(hand, model)

    with Bench(administered, model) as bench:
        configured(bench)
        asyncio.run(work(bench))


@each_engine
def test_the_rarer_kinds_are_answered_too(engine: EngineUnderTest) -> None:
    model = Model()

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            hand = Hand(watch, bench)
            await _extra_permissions(hand, model)
            await _input(hand, model)
            await _address(hand, model)
            await _for_good(hand, model)
        plain = await asyncio.to_thread(
            bench.connect, control_socket(bench.home.codex_home).resolve()
        )
        owned = await asyncio.to_thread(_owned_tool, plain, bench)
        async with running(bench) as watch:
            await _not_ours(Hand(watch, bench), model, plain, owned)

    with Bench(engine, model) as bench:
        configured(bench)
        asyncio.run(work(bench))


def of(review: Review) -> dict[str, Any]:
    params: dict[str, Any] = json.loads(review.params)
    return params


async def _extra_permissions(hand: Hand, model: Model) -> None:
    """Exactly what was asked for, for this one command: the kernel agrees."""
    given, kept = (hand.bench.home.outside / name for name in ("given", "kept"))
    given.mkdir()
    kept.mkdir()
    wanted = {"file_system": {"write": [str(given)]}}
    touch = shell(
        "extra",
        f"touch {given}/x; touch {kept}/x; sleep 0.3",
        sandbox_permissions="with_additional_permissions",
        additional_permissions=wanted,
        justification="Need extra?",
    )
    for letter, there in (("d", False), ("y", True)):
        thread = await hand.start(words([touch]))
        review = await hand.asked(ReviewKind.COMMAND)
        assert of(review)["additionalPermissions"]["fileSystem"]["write"] == [
            str(given)
        ]
        await hand.give(review, letter)
        await hand.ended(thread)
        assert (given / "x").exists() == there, model.told
        assert not (kept / "x").exists()


async def _input(hand: Hand, model: Model) -> None:
    """What is typed into a terminal outside the sandbox arrives, or does not."""
    typed = hand.bench.home.outside / "typed"
    cat = shell(
        "cat",
        f"cat > {typed}",
        sandbox_permissions="require_escalated",
        justification="May I?",
        tty=True,
        yield_time_ms=400,
    )
    thread = await hand.start(words([cat]))
    await hand.give(await hand.asked(ReviewKind.COMMAND), "y")
    await hand.ended(thread)
    session = re.search(r"session ID (\d+)", model.told["cat"])
    assert session is not None, model.told["cat"]
    for text, letter in (("first", "d"), ("second", "y")):
        args = {"session_id": int(session[1]), "chars": f"{text}\n"}
        call = {"as": text, "call": "write_stdin", "args": args}
        await hand.say(thread, words([{**call}]))
        review = await hand.asked(ReviewKind.COMMAND)
        assert of(review)["kind"] == "writeStdin" and text in (review.command or "")
        await hand.give(review, letter)
        await hand.ended(thread)
    assert "rejected" in model.told["first"]
    assert typed.read_text() == "second\n"


async def _foretold(hand: Hand, thread_id: ThreadId, host: str) -> Verdict:
    """What the sandbox inspector says of a connection in this thread."""
    session, thread = hand.watch.session, hand.held(thread_id)
    controls = await session.controls(str(hand.bench.workspace))
    place = await session.surroundings()
    settings, epoch = thread.settings, hand.watch.of(EngineChanged)[-1].engine.epoch
    assert settings is not None and place is not None
    policy = policy_of(settings, controls, place)
    assert policy is not None and not policy.network
    proxy = proxy_of(settings, controls, policy, place, within=(thread, epoch))
    lead = await lead_of(target_of(host).host)
    approvals = approvals_of(settings)
    box = Box(Looked(NoDisk()))
    ground = Ground(policy, box, place, approvals, proxy, lead)
    return explain(Operation.CONNECT, host, ground)


async def _connection(hand: Hand, model: Model) -> None:
    """Refused once; then a rule for the host, which stands in the rules file; then for
    the session, which asks no more. What is foretold comes true each time: a name that
    leads nowhere is refused after all that was let through."""
    rules = hand.bench.home.codex_home / "rules" / "default.rules"
    for host, letter in (("one.invalid", "d"), ("two.invalid", "p")):
        curl = shell(host, f"curl -sS -m 8 http://{host}/; echo over")
        thread = await hand.start(words([curl]))
        review = await hand.asked(ReviewKind.COMMAND)
        assert review.host == host and review.command is None
        assert (await _foretold(hand, thread, host)).answer is Answer.ASKS_YOU
        await hand.give(review, letter)
        await hand.ended(thread)
    assert "rejected by user" in model.told["one.invalid"]
    assert "rejected" not in model.told["two.invalid"]
    text = rules.read_text()
    assert 'host="two.invalid"' in text and "one.invalid" not in text
    ruled = await _foretold(hand, thread, "two.invalid")
    # An older engine counts it in this thread alone while the network is off.
    late = not knows_persons(hand.bench.engine)
    by = Layer.GRANT if late else Layer.RULE
    assert (ruled.gate, ruled.layer) == (Outcome.NOWHERE, by)

    curl = shell("s1", "curl -sS -m 8 http://three.invalid/; echo over")
    thread = await hand.start(words([curl]))
    await hand.give(await hand.asked(ReviewKind.COMMAND), "a")
    await hand.ended(thread)
    held = await _foretold(hand, thread, "http://three.invalid")
    assert (held.gate, held.layer) == (Outcome.NOWHERE, Layer.GRANT)
    other = await _foretold(hand, thread, "https://three.invalid")
    assert other.answer is Answer.ASKS_YOU
    again = shell("s2", "curl -sS -m 8 http://three.invalid/; echo over")
    await hand.say(thread, words([again]))
    await hand.ended(thread)
    assert "three.invalid" in model.told["s2"] and "rejected" not in model.told["s2"]
    asked = [e for e in hand.watch.of(ReviewAsked) if e.review.host == "three.invalid"]
    assert len(asked) == 1
    await _blocked(hand, model, rules)


async def _blocked(hand: Hand, model: Model, rules: Path) -> None:
    """Blocked for good: refused now, and without asking from then on, also in another
    thread; the rule stands in the file and among what lasts."""
    host, told = "four.invalid", model.told
    curl = f"curl -sS -m 8 http://{host}/; echo over"
    thread = await hand.start(words([shell("b1", curl)]))
    await hand.give(await hand.asked(ReviewKind.COMMAND), "b")
    await hand.ended(thread)
    await hand.say(thread, words([shell("b2", curl)]))
    await hand.ended(thread)
    await hand.ended(await hand.start(words([shell("b3", curl)])))
    asked = [e for e in hand.watch.of(ReviewAsked) if e.review.host == host]
    assert "rejected by user" in told["b1"]
    for name in ("b2", "b3"):
        assert "was blocked" in told[name] and host in told[name]
    written = [row for row in rules.read_text().splitlines() if host in row]
    assert len(written) == 1 and 'decision="deny"' in written[0]
    rows = grants(
        await hand.watch.session.controls(str(hand.bench.workspace)), (), World()
    )
    (row,) = (row for row in rows if host in row.what.text)
    assert "deny" in row.what.text and row.back
    assert len(asked) == 1
    assert (await _foretold(hand, thread, host)).answer is Answer.DENIED


async def _person(hand: Hand, model: Model) -> None:
    """An administrator wants a person, also where auto-review decides all else."""
    for name, letter in (("no", "d"), ("yes", "y")):
        call = shell(name, f"stat -c made-by-{name} /etc/hostname")
        thread = await hand.start(words([call]), reviewer="auto_review")
        review = await hand.asked(ReviewKind.COMMAND)
        assert of(review)["kind"] == "humanCommand"
        assert [d.letter for d in review.decisions] == ["y", "d", "n"]
        await hand.give(review, letter)
        await hand.ended(thread)
    assert "made-by-yes" in model.told["yes"]
    assert "made-by-no\n" not in model.told["no"] and "reject" in model.told["no"]


async def _address(hand: Hand, model: Model) -> None:
    for name, letter, action in (("a1", "d", "decline"), ("a2", "y", "accept")):
        args = {"mode": "url"}
        call = {"as": name, "call": "ask", "in": "mcp__tickets", "args": args}
        thread = await hand.start(words([call]))
        review = await hand.asked(ReviewKind.ELICITATION)
        assert "https://tickets.example.org/login?for=e1" in review.params
        await hand.give(review, letter)
        await hand.ended(thread)
        assert f'"action": "{action}"' in model.told[name].replace("\\", "")


async def _for_good(hand: Hand, model: Model) -> None:
    """A tool that runs without asking from now on is a standing grant; taken back as
    /grants does, it asks again in new threads."""
    config = hand.bench.home.codex_home / "config.toml"
    cwd = str(hand.bench.workspace)

    async def call(name: str) -> ThreadId:
        args = {"x": name}
        call = {"as": name, "call": "danger", "in": "mcp__tickets", "args": args}
        return await hand.start(words([call]))

    async def standing() -> list[GrantRow]:
        known = await hand.watch.session.controls(cwd)
        return [row for row in grants(known, (), World()) if row.group == MCP]

    assert await standing() == []
    thread = await call("g1")
    await hand.give(await hand.asked(ReviewKind.ELICITATION), "p")
    await hand.ended(thread)
    assert "destroyed" in model.told["g1"] and "approval_mode" in config.read_text()
    mark = len(hand.watch.events)
    await hand.ended(await call("g2"))
    assert not [e for e in hand.watch.events[mark:] if isinstance(e, ReviewAsked)]
    assert "destroyed" in model.told["g2"]

    (row,) = await standing()
    assert "tickets: danger runs without asking" in row.what.text
    edits = (ConfigEdit(row.edit, None),)
    await hand.watch.session.send(WriteConfig(edits, cwd, note="Taken back"))
    assert "approval_mode" not in config.read_text()
    assert await standing() == []
    thread = await call("g3")
    await hand.give(await hand.asked(ReviewKind.ELICITATION), "d")
    await hand.ended(thread)
    assert "destroyed" not in model.told["g3"]


def _owned_tool(plain: Client, bench: Bench) -> ThreadId:
    """A thread of another client, with a tool of its own that is called."""
    tool = {
        "type": "function",
        "name": "lookup",
        "description": "looks up",
        "inputSchema": {"type": "object", "properties": {}},
    }
    thread = plain.start_thread(bench.workspace, model=CLASSIC, dynamicTools=[tool])
    call = {"as": "owned", "call": "lookup", "args": {}}
    plain.start_turn(thread, words([call]))
    plain.wait_for("item/tool/call", threadId=thread)
    return ThreadId(thread)


async def _not_ours(hand: Hand, model: Model, plain: Client, owned: ThreadId) -> None:
    """Shown, left alone even when somebody presses on, answered by its owner."""
    event = await hand.watch.until(ReviewAsked, lambda e: e.thread_id == owned)
    review = event.review
    assert review.kind is ReviewKind.TOOL_CALL and not review.ours
    assert review.decisions == ()
    forged = Decision("y", "Yes", '{"contentItems":[],"success":true}')
    await hand.watch.session.send(Decide(review, forged))
    request = plain.wait_for("item/tool/call", threadId=owned)
    assert not hand.watch.of(ReviewResolved)
    said = [{"type": "inputText", "text": "from its owner"}]
    plain.answer(request, {"contentItems": said, "success": True})
    await hand.ended(owned)
    # No engine says that a call is resolved: it is over with its item.
    known = hand.held(owned).reviews[review.key]
    assert known.state is ReviewState.RESOLVED
    assert known.resolved_by == "the client that owns the tool"
    assert "from its owner" in model.told["owned"]
