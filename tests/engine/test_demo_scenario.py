"""The demo, played on the real engine; what it did is looked at from outside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil  # type: ignore[import-untyped]
import pytest

from tests.engine.harness import Bench, EngineUnderTest, engines, need_sandbox
from tests.engine.plain_client import Client, Message
from tui.demo.director import Director, SideThread
from tui.demo.expect import Answer, Checklist
from tui.demo.home import processes_of
from tui.demo.scenario import DEMO

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


@dataclass
class Played:
    """One run, while its engine is still alive."""

    engine: EngineUnderTest
    answer: Answer
    bench: Bench
    client: Client
    thread_id: str
    beside: list[str] = field(default_factory=list)
    published_when_asked: list[bool] = field(default_factory=list)

    def file(self, name: str) -> Path:
        return (self.bench.workspace / name).resolve()

    def agents(self) -> dict[str, str]:
        """Thread ids by agent path, as the engine told them."""
        items = [m["params"].get("item", {}) for m in self.client.messages]
        return {
            item["agentPath"]: item["agentThreadId"]
            for item in items
            if item.get("type") == "subAgentActivity"
        }

    def begin(self, side: SideThread) -> None:
        """A thread beside the first one, under its own settings."""
        given = {
            "sandbox": side.sandbox,
            "approvalPolicy": side.approval_policy,
            "approvalsReviewer": side.reviewer,
            "runtimeWorkspaceRoots": side.roots,
        }
        params = {name: value for name, value in given.items() if value is not None}
        thread_id = self.client.start_thread(self.bench.workspace, **params)
        self.beside.append(thread_id)
        self.client.start_turn(thread_id, side.prompt)


ANSWERS: tuple[Answer, Answer] = ("decline", "accept")


@pytest.fixture(scope="module", params=engines(), ids=lambda engine: engine.version)
def engine(request: pytest.FixtureRequest) -> EngineUnderTest:
    chosen: EngineUnderTest = request.param
    return chosen


@pytest.fixture(scope="module")
def answer(engine: EngineUnderTest) -> Answer:
    """The other one is given, and looked at, in test_headless."""
    return ANSWERS[engines().index(engine) % 2]


@pytest.fixture(scope="module")
def played(engine: EngineUnderTest, answer: Answer) -> Iterator[Played]:
    need_sandbox(engine)
    director = Director(DEMO, speed=0)
    with Bench(engine, director, reviewer=director.review, files=DEMO.files) as bench:
        client = bench.stdio()
        run = Played(
            engine, answer, bench, client, client.start_thread(bench.workspace)
        )

        def decide(message: Message) -> Message | None:
            if message["method"] == "item/permissions/requestApproval":
                asked = message["params"]["permissions"]
                wanted = {name: value for name, value in asked.items() if value}
                granted = wanted if answer == "accept" else {}
                return {"permissions": granted, "scope": "turn"}
            text = json.dumps(message["params"])
            for name in DEMO.approved_files:
                if Path(name).name in text or "fileChange" in message["method"]:
                    run.published_when_asked.append(run.file(name).exists())
            return {"decision": answer}

        client.handler = decide
        client.start_turn(run.thread_id, DEMO.prompt)
        for side in DEMO.threads:
            run.begin(side)
        for thread_id in (run.thread_id, *run.beside):
            client.wait_for("turn/completed", threadId=thread_id)
        yield run
        home = bench.home.codex_home
        root = bench.home.root
    assert processes_of(home) == []
    assert not root.exists()


def test_the_engine_is_the_one_we_mean(played: Played) -> None:
    assert played.client.hello["userAgent"].startswith(
        f"harness/{played.engine.version} "
    )


def test_every_expected_fact_was_seen(played: Played) -> None:
    checklist = Checklist(DEMO.expectations, played.answer)
    for message in played.client.messages:
        checklist.feed(message)
    assert [expectation.name for expectation in checklist.missing] == []


def test_the_other_answer_would_have_been_noticed(played: Played) -> None:
    other: Literal["accept", "decline"] = (
        "decline" if played.answer == "accept" else "accept"
    )
    checklist = Checklist(DEMO.expectations, other)
    for message in played.client.messages:
        checklist.feed(message)
    missing = {"accept": "published", "decline": "not published"}[other]
    assert [expectation.name for expectation in checklist.missing] == [missing]


def test_the_sandbox_refused_the_write_outside(played: Played) -> None:
    assert DEMO.refused_files
    for name in DEMO.refused_files:
        assert not played.file(name).exists()
        places = (played.bench.home.outside, played.bench.workspace)
        assert played.file(name).parent in places


def test_the_approved_command_ran_only_after_accept(played: Played) -> None:
    assert played.published_when_asked
    assert not any(played.published_when_asked)
    for name in DEMO.approved_files:
        published = played.file(name)
        assert published.exists() == (played.answer == "accept")
        if published.suffix == ".json" and published.exists():
            assert json.loads(published.read_text()).keys() == {"cold_us", "warm_us"}


def test_the_files_were_really_edited(played: Played) -> None:
    assert "key = (source, strict)" in played.file("parsecache/cache.py").read_text()
    assert "kept apart" in played.file("docs/cache.md").read_text()


def test_each_agent_left_a_rollout(played: Played) -> None:
    children = played.agents()
    assert children.keys() == {path for path, _beats in DEMO.agents}
    ours = {played.thread_id, *played.beside, *children.values()}
    reviewers = _reviewers(played)
    assert len(ours) == 1 + len(DEMO.threads) + len(DEMO.agents)
    sessions = played.bench.home.codex_home / "sessions"
    on_disk = {
        re.split(r"-(?=[0-9a-f]{8}-)", path.stem, maxsplit=1)[-1]
        for path in sessions.rglob("rollout-*.jsonl")
    }
    assert on_disk - reviewers == ours


def _reviewers(played: Played) -> set[str]:
    """The threads in which the engine's own reviewer thinks."""
    params = {"sourceKinds": ["subAgentOther"], "modelProviders": []}
    listed = played.client.call("thread/list", params)["data"]
    return {thread["id"] for thread in listed}


def test_agents_are_below_who_started_them(played: Played) -> None:
    """The engine's own list of the tree, asked afterwards."""
    listed = played.client.call(
        "thread/list", {"ancestorThreadId": played.thread_id, "modelProviders": []}
    )["data"]
    places = {
        thread["source"]["subAgent"]["thread_spawn"]["agent_path"]: thread[
            "parentThreadId"
        ]
        for thread in listed
    }
    ids = {"/root": played.thread_id, **played.agents()}
    assert places == {
        path: ids[path.rpartition("/")[0]] for path, _beats in DEMO.agents
    }


def test_every_terminal_outlives_its_turn(played: Played) -> None:
    ids = {"/root": played.thread_id, **played.agents()}
    running = set()
    for process in processes_of(played.bench.home.codex_home):
        try:
            owner = process.environ().get("CODEX_THREAD_ID")
            command = process.cmdline()
        except psutil.Error:
            continue
        for path, wanted in DEMO.terminals:
            if owner == ids[path] and command and wanted in command[-1]:
                running.add((path, wanted))
    assert running == set(DEMO.terminals)


def test_the_user_sees_only_what_was_said(played: Played) -> None:
    texts = [
        part["text"]
        for message in played.client.messages
        if message["method"] == "item/completed"
        and message["params"]["item"]["type"] == "userMessage"
        for part in message["params"]["item"]["content"]
    ]
    assert sorted(texts) == sorted(
        [DEMO.prompt, *(side.prompt for side in DEMO.threads)]
    )


def test_a_later_turn_says_that_it_is_a_demo(played: Played) -> None:
    since = played.client.mark()
    played.client.start_turn(played.thread_id, "And now?")
    played.client.wait_for("turn/completed", since=since, threadId=played.thread_id)
    said = [
        message["params"]["item"]["text"]
        for message in played.client.messages[since:]
        if message["method"] == "item/completed"
        and message["params"]["item"]["type"] == "agentMessage"
    ]
    assert len(said) == 1
    assert "scripted model" in said[0]
