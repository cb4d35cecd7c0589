"""A bench for reviews: a model that plays what it is told to, a hand that answers.

Owns the configuration under which everything can be asked. The oracles are the tests'.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from state.answers import offers
from state.commands import Decide, SendTurn, StartThread
from state.events import ReviewAsked, ReviewDecided, ReviewResolved, TurnEnded
from state.forms import Value, form_of
from state.items import ThreadId
from state.model import ClientId, Review, ReviewKind, Thread
from state.store import Store
from tests.engine import mcp_server
from tests.engine.harness import Bench, EngineUnderTest
from tests.engine.session_bench import Watch
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, RawItems, Say, Spawn, Step

FEATURES = """[features]
default_mode_request_user_input = true
multi_agent_v2 = true
exec_permission_approvals = true
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
        self._numbers = self.mark = 0

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

    async def say(self, thread_id: ThreadId, text: str) -> None:
        """Another turn of it."""
        self._numbers += 1
        self.mark = len(self.watch.events)
        client_id = ClientId(f"c{self._numbers}")
        await self.watch.session.send(SendTurn(client_id, thread_id, text))

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
        decided = ReviewDecided(
            review.thread_id, review.key, offer.decision, int(time.time() * 1000)
        )
        self.watch.offer(decided)  # as the program does before anything leaves
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


# -- an administrator's rules ------------------------------------------------------

_NETWORK = """
[experimental_network]
enabled = true
"""
_PERSON = """
[rules]
prefix_rules = [
  { pattern = [{ token = "stat" }], decision = "prompt-user", justification = "ask" },
]
"""


def knows_persons(engine: EngineUnderTest) -> bool:
    """Whether an administrator can demand a person: 0.163 refuses such a file."""
    return engine.version != "0.163.0"


_MANAGED = """#!/bin/sh
# The engine sees these requirements in /etc; nobody else does.
export ENGINE={engine}
exec unshare {way} --mount sh -c '
  mount -t overlay overlay -o lowerdir={etc}:/etc /etc 2>/dev/null || {{
    # Not every kernel lets a user lay a folder over another one.
    mkdir {etc}.whole && cp -r /etc/. {etc}/. {etc}.whole 2>/dev/null
    mount --bind {etc}.whole /etc || exit 1
  }}
  exec "$ENGINE" "$@"
' engine "$@"
"""


# As any user, where user namespaces are allowed; else as root.
_WAYS = ("--user --map-root-user", "")


def managed(
    engine: EngineUnderTest, folder: Path, requirements: str = ""
) -> EngineUnderTest:
    """The engine as if this machine were administered. Skips, which fails where the
    engine is required, if a process may not have an /etc of its own. `requirements`:
    others than those about connections and persons."""
    etc, script = folder / "etc", folder / "codex"
    (etc / "codex").mkdir(parents=True)
    text = requirements or _NETWORK + (_PERSON if knows_persons(engine) else "")
    (etc / "codex" / "requirements.toml").write_text(text)
    quoted = shlex.quote(str(engine.path))
    said = []
    for way in _WAYS:
        script.write_text(_MANAGED.format(engine=quoted, etc=etc, way=way))
        script.chmod(0o700)
        tried = subprocess.run(
            (script, "--version"), capture_output=True, text=True, check=False
        )
        if not tried.returncode:
            return EngineUnderTest(engine.version, script)
        said.append(tried.stderr.strip() or f"exit {tried.returncode}")
    pytest.skip(
        "connections and a person's consent are asked about on administered machines "
        "only; to play one, a process needs an /etc of its own (user namespaces with "
        f"mounts, or root): {'; '.join(said)}"
    )
