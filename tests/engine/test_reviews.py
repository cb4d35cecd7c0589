"""Reviews of every kind on real engines: asked, filled in, answered.

The oracles are files on disk, what the model is told of its calls, what the MCP server
got, and a second connection.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from functools import reduce as fold
from pathlib import Path

from state.answers import offers
from state.engine.supervisor import control_socket
from state.events import (
    ReviewAsked,
    ReviewDecided,
    ReviewResolved,
    ReviewSent,
    TurnEnded,
)
from state.forms import Value, form_of
from state.home import store_path
from state.model import Review, ReviewKind, World
from state.permissions.granted import granted
from state.permissions.policy import Host
from state.reduce import reduce
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.review_bench import Hand, Model, configured, shell, words
from tests.engine.session_bench import Watch, running
from tests.scenario.script import SCRIPT


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
    mark = len(hand.watch.events)
    await hand.give(review, "y", {"grant": (options[f"write {given}"],)})
    await hand.ended(thread)
    _modelled(hand.watch, review, mark, given)
    assert (given / "x").exists() and not (kept / "x").exists(), model.told


def _modelled(watch: Watch, review: Review, mark: int, given: Path) -> None:
    """The sandbox of the running turn has what was granted, and no more; afterwards
    it is gone."""
    form = form_of(review.method, review.params)
    assert form is not None
    option = next(o for o in form.fields[0].options if str(given) in o.label)
    offered = offers(review, {"grant": (option.value,)})
    told = ReviewDecided(review.thread_id, review.key, offered[0].decision, 1)
    sent = ReviewSent(review.thread_id, review.key, 2)
    world = fold(reduce, [*watch.events[:mark], told, sent], World())
    for event in watch.events[mark:]:
        if isinstance(event, TurnEnded):
            break
        world = reduce(world, event)

    def held() -> list[str]:
        thread = world.threads[review.thread_id]
        found = granted(thread, review.key.epoch, (), Host())
        return [f"{e.access.value} {e.path} {e.layer.value}" for e in found.entries]

    assert held() == [f"write {given} this turn"]
    world = fold(reduce, watch.events[mark:], world)
    assert held() == []


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
    await hand.say(thread, "Blue, please")
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
    child, root, later, never = (
        outside / name for name in ("by-child", "by-root", "later", "never")
    )
    async with running(bench) as watch:
        hand = Hand(watch, bench)
        steps = [[{"escalate": f"touch {path}"}] for path in (child, later, never)]
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
        for path, answer in (
            (later, ("--always", "--yes-broad")),
            (never, ("--decline",)),
        ):
            review = await _asked_for(watch, path)
            await asyncio.to_thread(_answered, bench, path, answer)
            await _over(watch, review)
        await watch.until(TurnEnded, lambda e: e.thread_id == asked[child].thread_id)
        assert later.exists() and not never.exists()
        rules = (bench.home.codex_home / "rules" / "default.rules").read_text()
        assert f'pattern=["touch", "{later}"]' in rules
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


async def _over(watch: Watch, review: Review) -> None:
    await watch.until(ReviewResolved, lambda e: e.key == review.key)


def _answered(bench: Bench, path: Path, answer: tuple[str, ...]) -> None:
    rows = json.loads(cli(bench, "reviews", "--json").stdout)
    (row,) = [row for row in rows if str(path) in row["command"]]
    done = cli(bench, "review", row["id"], *answer)
    assert done.returncode == 0 and str(path) in done.stdout, done.stderr


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

    store_path(bench.home.tui_home).write_bytes(b"no store at all " * 512)
    done = cli(bench, "review", row["id"], "--accept")
    assert done.returncode == 0, done.stderr
    assert f"Yes, proceed: touch {child}" in done.stdout
    assert "damaged" in done.stderr, "what became of the store is said"
    again = cli(bench, "review", row["id"], "--accept")
    assert again.returncode == 1
    kept = json.loads(cli(bench, "reviews", "--json", "--all").stdout)
    assert row["id"] not in [r["id"] for r in kept]
    (past,) = [r for r in kept if str(child) in r.get("what", "")]
    assert (past["answer"], past["who"]) == ("Yes, proceed", "you on the command line")
    assert past["sent"] == {"decision": "accept"} and past["sentMs"] is not None
    assert f"touch {child}" in cli(bench, "reviews", "--all").stdout
