"""What Codex may do, changed on real engines; oracles: a second client and files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tomli

from state.changes import (
    ChangeNextTurn,
    ChangeSettings,
    ChangeTurnReviewer,
    ConfigEdit,
    TrustProject,
    WriteConfig,
)
from state.commands import SendTurn, StartThread
from state.controls import LayerKind
from state.dataclass import replace
from state.engine.local_disk import LocalDisk
from state.engine.session import EngineSession
from state.engine.supervisor import control_socket
from state.events import (
    AutoReviewChanged,
    ReviewAsked,
    SettingsChanged,
    TurnEnded,
    TurnReviewerChanged,
    TurnStarted,
)
from state.items import ThreadId
from state.model import ClientId, World
from state.permissions.draft import Draft, Line, draft_of, edits_of
from state.permissions.policy import Access
from state.store import Store
from state.usual import defaults_of
from tests.engine.harness import Bench, EngineUnderTest, each_engine, need_sandbox
from tests.engine.plain_client import Client
from tests.engine.session_bench import LIMIT, Watch, options, running, shared
from tui.bridge import Bridge
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, HoldUntil, Say, Step
from tui.screens.trusting import brings

DEV = """# mine
[permissions.dev]
extends = ":workspace"
description = "narrow"

[permissions.dev.filesystem]
# never these
"~/.ssh" = "deny" # keys
"""


class Model:
    """A model that does what the user's first word says."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()

    def __call__(self, request: ModelRequest) -> Sequence[Step]:
        word, _, rest = request.user_text.partition(" ")
        match word, request.reply_index:
            case "touch", 0:
                return [Exec(f"touch {rest}; sleep 0.3")]
            case "ask", 0:
                return [Exec("echo asked", escalate=True, justification="may I?")]
            case "switch", 0:
                return [HoldUntil(self.gate), Exec("echo first")]
            case "switch", 1:
                return [Exec("echo second", escalate=True, justification="may I?")]
        return [Say("done")]


def start(bench: Bench, text: str) -> StartThread:
    return StartThread(
        client_id=ClientId(f"c-{text}"),
        cwd=str(bench.workspace),
        text=text,
        sandbox="workspace-write",
    )


async def begun(watch: Watch, bench: Bench) -> ThreadId:
    thread_id = await watch.session.send(start(bench, "hello"))
    assert thread_id is not None, watch.said()
    await watch.until(TurnEnded)
    return thread_id


def onlooker(bench: Bench, thread_id: str) -> Client:
    """A client that is not ours, subscribed to the thread."""
    client = bench.connect(control_socket(bench.home.codex_home).resolve())
    client.call("thread/resume", {"threadId": thread_id, "excludeTurns": True})
    return client


@each_engine
def test_settings_and_the_running_turns_reviewer(engine: EngineUnderTest) -> None:
    model = Model()

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await begun(watch, bench)
            other = await asyncio.to_thread(onlooker, bench, thread_id)

            def settled(**values: Any) -> Callable[[dict[str, Any]], bool]:
                def look(message: dict[str, Any]) -> bool:
                    told = message["params"].get("threadSettings") or {}
                    return all(told.get(key) == value for key, value in values.items())

                return look

            await watch.session.send(
                ChangeSettings(
                    thread_id, "on-request", (), "auto_review", ":workspace", note="set"
                )
            )
            await asyncio.to_thread(
                other.wait_for,
                settled(
                    approvalPolicy="on-request",
                    approvalsReviewer="auto_review",
                    activePermissionProfile={"id": ":workspace", "extends": None},
                ),
            )
            assert "set" in watch.said()

            mark = len(watch.events)
            update = {
                "threadId": thread_id,
                "permissions": ":read-only",
                "approvalsReviewer": "user",
            }
            await asyncio.to_thread(other.call, "thread/settings/update", update)
            seen = await watch.until(
                SettingsChanged,
                lambda e: e.settings.profile == ":read-only",
                since=mark,
            )
            assert seen.settings.reviewer == "user"

            mark = len(watch.events)
            await watch.session.send(SendTurn(ClientId("s"), thread_id, "switch"))
            turn = await watch.until(TurnStarted, since=mark)
            await watch.session.send(
                ChangeTurnReviewer(thread_id, turn.turn_id, "auto_review")
            )
            await watch.until(TurnReviewerChanged, since=mark)
            bench.provider.release(model.gate)
            judged = await watch.until(AutoReviewChanged, since=mark)
            assert "echo second" in judged.review.action
            await watch.until(TurnEnded, since=mark)
            assert watch.of(ReviewAsked) == []

            await watch.session.send(SendTurn(ClientId("a"), thread_id, "ask"))
            await watch.until(ReviewAsked)  # the thread itself still asks the user
            await watch.session.send(
                ChangeTurnReviewer(thread_id, turn.turn_id, "user")
            )
            assert "had ended before" in watch.said()[-1]

    with Bench(engine, model) as bench:
        asyncio.run(work(bench))


async def until(store: Store, true: Callable[[World], object]) -> World:
    """The first published world of which this is true."""
    news = asyncio.Event()
    store.subscribe(lambda _step: news.set())
    async with asyncio.timeout(LIMIT):
        while not true(store.world):
            news.clear()
            await news.wait()
    return store.world


@each_engine
def test_the_next_turn_alone(engine: EngineUnderTest) -> None:
    need_sandbox(engine)

    async def work(bench: Bench) -> None:
        store = Store()
        bridge = Bridge(store, EngineSession(shared(bench), options(bench)))
        bridge.start()
        await until(store, lambda w: w.engine.phase == "ready")
        thread_id = await bridge.act(start(bench, "hello"))
        assert thread_id is not None

        def idle(world: World) -> bool:
            thread = world.threads.get(thread_id)
            known = thread is not None and bool(thread.turns)
            return known and thread is not None and thread.active_turn is None

        def profile(world: World) -> str | None:
            settings = world.threads[thread_id].settings
            return settings.profile if settings else None

        await until(store, idle)
        was = profile(store.world)
        change = ChangeSettings(thread_id, profile=":read-only", note="once")
        await bridge.act(ChangeNextTurn(change))
        await until(store, lambda w: profile(w) == ":read-only")
        for name in ("a", "b"):
            turns = len(store.world.threads[thread_id].turns)
            path = bench.workspace / name
            await bridge.act(SendTurn(ClientId(name), thread_id, f"touch {path}"))
            await until(
                store,
                lambda w, n=turns: (  # type: ignore[misc]
                    len(w.threads[thread_id].turns) > n and idle(w)
                ),
            )
            assert path.exists() is (name == "b")
            assert profile(store.world) == was
        await bridge.close()

    with Bench(engine, Model()) as bench:
        asyncio.run(work(bench))


def config_of(bench: Bench) -> tuple[str, dict[str, Any]]:
    text = (bench.home.codex_home / "config.toml").read_text()
    return text, tomli.loads(text)


async def trusting(watch: Watch, bench: Bench, client: Client) -> None:
    """Trusting a folder switches on what it brings, at once and for new threads;
    untrusting takes it back. The oracle is what another client's thread starts with."""
    folder = bench.home.outside
    own = folder / ".codex" / "config.toml"
    own.parent.mkdir()
    own.write_text('approval_policy = "never"\n')
    start = {"cwd": str(folder), "ephemeral": True, "sandbox": "read-only"}
    before = config_of(bench)[0]
    for level in (None, "trusted", "untrusted", None):
        await watch.session.send(TrustProject(str(folder), level, f"now {level}"))
        assert watch.said()[-1] == f"now {level}"
        projects = config_of(bench)[1]["projects"]
        assert projects.get(str(folder), {}).get("trust_level") == level
        found = await watch.session.controls(str(folder))
        assert found is not None
        assert found.trusted is (level == "trusted")
        assert found.distrusted is (level == "untrusted")
        assert brings(str(folder), LocalDisk(), found)[0].startswith("its settings")
        told = client.call("thread/start", start)
        # A policy of config.toml stands above what trust alone would make of it.
        policy = "never" if level == "trusted" else usual(bench)
        assert told["approvalPolicy"] == policy
    assert set(before.splitlines()) <= set(config_of(bench)[0].splitlines())


def usual(bench: Bench) -> str:
    """What the user's own file says."""
    return str(config_of(bench)[1].get("approval_policy", "on-request"))


async def profiles(watch: Watch, bench: Bench, cwd: str) -> None:
    """A profile of one's own: written with its default, started, or put back."""
    text, values = config_of(bench)
    table = values["permissions"]["dev"]
    more = draft_of("dev", table).put(Line(":workspace_roots/docs", Access.READ))
    edits = [*edits_of(table, more), ConfigEdit("default_permissions", "dev")]
    write = WriteConfig(tuple(edits), cwd, note="saved", profile="dev")
    await watch.session.send(write)
    assert watch.said()[-1] == "saved"
    written, values = config_of(bench)
    table = values["permissions"]["dev"]
    assert table["filesystem"][":workspace_roots"] == {"docs": "read"}
    added = [line for line in written.splitlines() if line not in text.splitlines()]
    assert added == [
        '[permissions.dev.filesystem.":workspace_roots"]',
        'docs = "read"',
    ]
    assert set(text.splitlines()) <= set(written.splitlines())

    # The comments of a key that is taken out would go with it: the undo keeps them.
    none = draft_of("dev", table).without("~/.ssh").without(":workspace_roots/docs")
    empty = edits_of(table, replace(none, extends=""))
    write = WriteConfig(tuple(empty), cwd, note="never", profile="dev")
    await watch.session.send(write)
    assert "was put back: no command starts under it" in watch.said()[-1]
    assert config_of(bench)[0] == written

    circle = Draft("loop", "loop")
    new = [*edits_of(None, circle), ConfigEdit("default_permissions", "loop")]
    await watch.session.send(WriteConfig(tuple(new), cwd, note="never", profile="loop"))
    assert "was put back" in watch.said()[-1]
    assert config_of(bench)[0] == written
    assert (bench.home.codex_home / "config.toml").stat().st_mode & 0o077 == 0


@each_engine
def test_configuration_is_written_read_back_and_put_back(
    engine: EngineUnderTest,
) -> None:
    async def work(bench: Bench) -> None:
        cwd = str(bench.workspace)
        folder = bench.home.codex_home / "rules"
        folder.mkdir()
        rule = '# mine\nprefix_rule(pattern=["echo"], decision="allow")\n'
        (folder / "default.rules").write_text(rule)
        async with running(bench) as watch:
            found = await watch.session.controls(cwd)
            assert found is not None
            assert found.trusted
            assert found.user_file == str(bench.home.codex_home / "config.toml")
            assert found.value("approval_policy").layer.kind is LayerKind.USER
            assert found.value("approvals_reviewer").value is None
            assert [p.id for p in found.profiles if not p.built_in] == ["dev"]
            assert {"beta", "stable"} <= {f.stage for f in found.features}
            assert not found.limits
            assert [(rule.line, rule.text) for rule in found.rules] == [
                (2, 'prefix_rule(pattern=["echo"], decision="allow")')
            ]

            edits = (
                ConfigEdit("default_permissions", "dev"),
                ConfigEdit("approvals_reviewer", "auto_review"),
            )
            await watch.session.send(WriteConfig(edits, cwd, note="written"))
            text, values = config_of(bench)
            assert "# mine" in text
            assert values["default_permissions"] == "dev"
            assert "written" in watch.said()
            now = await watch.session.controls(cwd)
            assert now is not None
            usual = defaults_of(now)
            assert (usual.profile, usual.reviewer) == ("dev", "auto_review")
            client = bench.connect(control_socket(bench.home.codex_home).resolve())
            told = client.call("thread/start", {"cwd": cwd, "ephemeral": True})
            assert told["activePermissionProfile"]["id"] == "dev"
            assert told["approvalsReviewer"] == "auto_review"

            for bad in (
                ConfigEdit("default_permissions", "no-such-profile"),
                ConfigEdit("default_permissions", None),
            ):
                more = (bad, ConfigEdit("sandbox_mode", None))
                await watch.session.send(WriteConfig(more, cwd, note="never"))
                assert config_of(bench)[1] == values
                assert "it was put back" in watch.said()[-1]
            broken = (ConfigEdit("approvals_reviewer", "nobody"),)
            await watch.session.send(WriteConfig(broken, cwd, note="never"))
            assert config_of(bench)[1] == values
            assert "never" not in watch.said()

            await profiles(watch, bench, cwd)

            await trusting(watch, bench, client)

            project = (
                ConfigEdit("approval_policy", "never"),
                ConfigEdit("default_permissions", ":read-only"),
            )
            own = Path(cwd) / ".codex" / "config.toml"
            assert not own.exists()
            await watch.session.send(WriteConfig(project, cwd, cwd, note="project"))
            assert tomli.loads(own.read_text()) == {
                "approval_policy": "never",
                "default_permissions": ":read-only",
            }
            assert watch.said()[-1] == "project"
            here = await watch.session.controls(cwd)
            assert here is not None
            assert here.value("approval_policy").layer.kind is LayerKind.PROJECT
            told = client.call("thread/start", {"cwd": cwd, "ephemeral": True})
            assert told["approvalPolicy"] == "never"
            before = own.read_bytes()
            bad = ConfigEdit("default_permissions", "no-such-profile")
            await watch.session.send(WriteConfig((bad,), cwd, cwd, note="never"))
            assert own.read_bytes() == before

    with Bench(engine, Model(), config=DEV) as bench:
        asyncio.run(work(bench))
