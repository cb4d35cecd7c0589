"""An engine in memory: what reached it, byte for byte, and what it says.

Owns `FakeTransport` (the Transport protocol), `FakeEngine` (answers per method, says
notifications, asks requests) and `fleet`, which builds Services around a real session
and a real store. Invariant: `FakeEngine.sent` is the oracle; it holds every message
that left the program, in order, with the moment it left.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from state.config import Config
from state.engine.errors import EngineLost
from state.engine.rpc import RpcClient, handshake
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import (
    Connection,
    ConnectOptions,
    SharedTarget,
    Target,
)
from state.model import World
from tests.clockwork import Clockwork
from tui.services import Remembered, Services, restore

Json = dict[str, Any]
Reply = Callable[[Json], Any]

CWD = "/home/dev/project"


class Refused(Exception):
    """A handler's way to answer with an error."""


class Silent(Exception):
    """A handler's way to answer nothing; the id is kept in `FakeEngine.held`."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that left us. `at_ms` on the loop's clock."""

    at_ms: int
    raw: bytes
    message: Json

    @property
    def method(self) -> str | None:
        """None: an answer."""
        return self.message.get("method")

    @property
    def params(self) -> Json:
        params: Json = self.message.get("params", {})
        return params


class FakeTransport:
    """One connection to the fake engine."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._closed = False

    async def send(self, data: bytes) -> None:
        if self._closed:
            raise EngineLost("closed")
        self._engine.heard(self, data)

    async def receive(self) -> list[bytes]:
        if self._closed and self._queue.empty():
            return []
        raw = await self._queue.get()
        return [raw] if raw is not None else []

    def deliver(self, message: Json) -> None:
        """The engine says this."""
        if not self._closed:
            self._queue.put_nowait(json.dumps(message).encode())

    def cut(self) -> None:
        """The connection is gone, without a word."""
        self._closed = True
        self._queue.put_nowait(None)

    async def close(self) -> None:
        self.cut()

    def stderr_tail(self) -> list[str]:
        return []

    def peer_pid(self) -> int | None:
        return None

    def end_reason(self) -> str:
        return "it went away" if self._closed else ""


@dataclass
class FakeEngine:
    """`replies[method](params)` answers; a method without one is refused."""

    loop: Clockwork
    threads: dict[str, Json] = field(default_factory=dict)
    turns: dict[str, list[Json]] = field(default_factory=dict)
    queues: dict[str, list[Json]] = field(default_factory=dict)
    trusted: bool = False
    sent: list[Sent] = field(default_factory=list)
    held: list[tuple[FakeTransport, Any, str]] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)
    connections: list[FakeTransport] = field(default_factory=list)
    epoch: int = 1
    _numbers: int = 0

    def __post_init__(self) -> None:
        self.replies = {**_default_replies(self), **self.replies}

    # -- the seam ------------------------------------------------------------------

    async def reach(self, _target: Target, options: ConnectOptions) -> Connection:
        """In place of `supervisor.connect`."""
        transport = FakeTransport(self)
        self.connections.append(transport)
        rpc = RpcClient(transport, options.hooks)
        rpc.start()
        try:
            info = await handshake(rpc, client_version="0", timeout=None)
        except BaseException:
            await rpc.close()
            raise
        return Connection(rpc, info, "joined", 4242, f"4242@{self.epoch}")

    def heard(self, transport: FakeTransport, raw: bytes) -> None:
        """A message reached the engine: keep it, answer it."""
        message: Json = json.loads(raw)
        self.sent.append(Sent(self.loop.ms, raw, message))
        method, request_id = message.get("method"), message.get("id")
        if method is None or request_id is None:
            return
        handler = self.replies.get(method)
        try:
            if handler is None:
                raise Refused(f"unknown variant `{method}`")
            result = handler(message.get("params") or {})
        except Silent:
            self.held.append((transport, request_id, method))
            return
        except Refused as error:
            fault = {"code": -32600, "message": str(error)}
            transport.deliver({"id": request_id, "error": fault})
            return
        transport.deliver({"id": request_id, "result": result})

    # -- what it says ----------------------------------------------------------------

    def say(self, message: Json) -> None:
        """Say this on the live connection."""
        if self.connections:
            self.connections[-1].deliver(message)

    def notify(self, method: str, **params: Any) -> None:
        """A notification."""
        self.say({"method": method, "params": params})

    def ask(self, request_id: int, method: str, **params: Any) -> None:
        """A server request."""
        self.say({"id": request_id, "method": method, "params": params})

    def resolve(self, request_id: int, thread_id: str) -> None:
        """Tell that a request is over."""
        self.notify("serverRequest/resolved", threadId=thread_id, requestId=request_id)

    def cut(self) -> None:
        """Drop the connection."""
        self.connections[-1].cut()

    # -- what it holds ---------------------------------------------------------------

    def add(self, name: str, *, title: str | None = None, **changes: Any) -> Json:
        """A thread; `name` makes its id, and its name without a `title`."""
        self._numbers += 1
        changes["name"] = name if title is None else title
        row = thread_row(f"thread-{name}", **changes)
        row["updatedAt"] += self._numbers
        self.threads[row["id"]] = row
        return row

    def status(self, thread_id: str, kind: str, *flags: str) -> None:
        """The thread is idle, active or notLoaded from now on, and says so."""
        status: Json = {"type": kind}
        if kind == "active":
            status["activeFlags"] = list(flags)
        self.threads[thread_id]["status"] = status
        self.notify("thread/status/changed", threadId=thread_id, status=status)

    def start_turn(self, thread_id: str, turn_id: str) -> None:
        """A turn runs."""
        self.status(thread_id, "active")
        self.notify("turn/started", threadId=thread_id, turn=turn_row(turn_id))

    def end_turn(self, thread_id: str, turn_id: str, status: str = "completed") -> None:
        """A turn is over."""
        self.status(thread_id, "idle")
        turn = turn_row(turn_id, status=status)
        self.notify("turn/completed", threadId=thread_id, turn=turn)

    def message(self, thread_id: str, turn_id: str, item_id: str, text: str) -> None:
        """The agent said something."""
        item = {"type": "agentMessage", "id": item_id, "text": text}
        self.notify("item/completed", threadId=thread_id, turnId=turn_id, item=item)

    def user_message(
        self, thread_id: str, turn_id: str, text: str, client_id: str
    ) -> None:
        """What the user sent stands in the history now."""
        self._numbers += 1
        item = {
            "type": "userMessage",
            "id": f"user-{self._numbers}",
            "clientId": client_id,
            "content": [{"type": "text", "text": text}],
        }
        self.notify("item/completed", threadId=thread_id, turnId=turn_id, item=item)

    # -- the oracle --------------------------------------------------------------------

    def methods(self) -> list[str]:
        """Every method that left, in order."""
        return [s.method for s in self.sent if s.method]

    def calls(self, method: str) -> list[Json]:
        """The params of every call of `method`."""
        return [s.params for s in self.sent if s.method == method]

    def answers(self) -> list[Sent]:
        """Every answer to a server request."""
        return [s for s in self.sent if s.method is None]


def thread_row(thread_id: str, **changes: Any) -> Json:
    """A thread as the wire has it."""
    row = {
        "id": thread_id,
        "sessionId": thread_id,
        "preview": "",
        "ephemeral": False,
        "modelProvider": "mock",
        "model": "mock-model",
        "createdAt": 1_799_990_000,
        "updatedAt": 1_799_990_000,
        "status": {"type": "notLoaded"},
        "path": None,
        "cwd": CWD,
        "source": "appServer",
        "canAcceptDirectInput": True,
        "parentThreadId": None,
        "name": None,
        "turns": [],
    }
    return {**row, **changes}


def turn_row(turn_id: str, *, status: str = "inProgress", **changes: Any) -> Json:
    """A turn as the wire has it."""
    row = {"id": turn_id, "items": [], "itemsView": "notLoaded", "status": status}
    return {**row, "error": None, "startedAt": 1_800_000_000, **changes}


def _below(threads: Mapping[str, Json], row: Json, root: str) -> bool:
    """Whether the thread is an agent somewhere below `root`."""
    above = row["parentThreadId"]
    while above is not None and above != root and above in threads:
        above = threads[above]["parentThreadId"]
    return bool(above == root)


def sandbox(kind: str = "workspaceWrite") -> Json:
    """A sandbox policy as the wire has it."""
    return {"type": kind, "writableRoots": [], "networkAccess": False}


def _opened(row: Json) -> Json:
    return {
        "thread": copy.deepcopy(row),
        "model": "mock-model",
        "modelProvider": "mock",
        "cwd": row["cwd"],
        "approvalPolicy": "on-request",
        "approvalsReviewer": "user",
        "sandbox": sandbox(),
        "reasoningEffort": None,
    }


def _queue_replies(engine: FakeEngine) -> dict[str, Reply]:
    """A queue that nothing drains; every change is told without a payload."""

    def queue(params: Json) -> list[Json]:
        return engine.queues.setdefault(params["threadId"], [])

    def at(params: Json) -> Json:
        for entry in queue(params):
            if entry["id"] == params["queuedSubmissionId"]:
                return entry
        raise Refused("queued submission not found")

    def changed(params: Json) -> None:
        engine.notify("thread/queue/changed", threadId=params["threadId"])

    def add(params: Json) -> Json:
        engine._numbers += 1
        entry = {k: params[k] for k in ("clientUserMessageId", "input")}
        entry["id"] = f"queued-{engine._numbers}"
        queue(params).append(entry)
        changed(params)
        return {"queuedSubmission": entry}

    def update(params: Json) -> Json:
        at(params)["input"] = params["input"]
        changed(params)
        return {"queuedSubmission": at(params)}

    def delete(params: Json) -> Json:
        before = len(queue(params))
        gone = params["queuedSubmissionId"]
        queue(params)[:] = [e for e in queue(params) if e["id"] != gone]
        changed(params)
        return {"deleted": len(queue(params)) < before}

    def reorder(params: Json) -> Json:
        order = params["queuedSubmissionIds"]
        queue(params).sort(key=lambda entry: order.index(entry["id"]))
        changed(params)
        return {}

    return {
        "thread/queue/add": add,
        "thread/queue/list": lambda p: {
            "data": copy.deepcopy(queue(p)),
            "nextCursor": None,
        },
        "thread/queue/update": update,
        "thread/queue/delete": delete,
        "thread/queue/reorder": reorder,
        "thread/queue/start": lambda _: {"turn": turn_row("turn-queued")},
    }


def _default_replies(engine: FakeEngine) -> dict[str, Reply]:
    threads = engine.threads

    def known(params: Json) -> Json:
        row = threads.get(params["threadId"])
        if row is None:
            raise Refused("thread not found")
        return row

    def listed(params: Json) -> Json:
        root, archived = params.get("ancestorThreadId"), params.get("archived", False)
        if root is not None:
            rows = [r for r in threads.values() if _below(threads, r, root)]
        else:
            rows = [r for r in threads.values() if r["parentThreadId"] is None]
            rows = [r for r in rows if bool(r.get("archived")) == archived]
        rows = [{k: v for k, v in r.items() if k != "archived"} for r in rows]
        return {"data": rows, "nextCursor": None}

    def resumed(params: Json) -> Json:
        row = known(params)
        if row["status"]["type"] == "notLoaded":
            row["status"] = {"type": "idle"}
        return _opened(row)

    def started(params: Json) -> Json:
        engine._numbers += 1
        row = thread_row(f"thread-made-{engine._numbers}", status={"type": "idle"})
        row["cwd"] = params.get("cwd", CWD)
        threads[row["id"]] = row
        kinds = {"read-only": "readOnly", "danger-full-access": "dangerFullAccess"}
        opened = _opened(row)
        opened["sandbox"] = sandbox(
            kinds.get(str(params.get("sandbox")), "workspaceWrite")
        )
        engine.notify("thread/started", thread=copy.deepcopy(row))
        return opened

    def forked(params: Json) -> Json:
        source = known(params)
        return started({"cwd": source["cwd"]})

    def turn(params: Json) -> Json:
        known(params)
        engine._numbers += 1
        return {"turn": turn_row(f"turn-{engine._numbers}")}

    def named(params: Json) -> Json:
        known(params)["name"] = params["name"]
        engine.notify(
            "thread/name/updated",
            threadId=params["threadId"],
            threadName=params["name"],
        )
        return {}

    def archived(params: Json) -> Json:
        known(params)["archived"] = True
        engine.notify("thread/archived", threadId=params["threadId"])
        return {}

    def unarchived(params: Json) -> Json:
        known(params)["archived"] = False
        row = {k: v for k, v in known(params).items() if k != "archived"}
        engine.notify("thread/unarchived", threadId=params["threadId"])
        return {"thread": row}

    def deleted(params: Json) -> Json:
        known(params)
        engine.threads.pop(params["threadId"])
        engine.notify("thread/deleted", threadId=params["threadId"])
        return {}

    def config(_: Json) -> Json:
        projects = {CWD: {"trust_level": "trusted"}} if engine.trusted else {}
        return {"config": {"model": "mock-model", "projects": projects}}

    greeting = {
        "userAgent": "codex-tui/0.169.0 (Test 1; x86_64) dumb (codex-tui; 0)",
        "codexHome": "/nowhere/codex-home",
        "platformFamily": "unix",
        "platformOs": "linux",
    }
    model = {
        "id": "mock-model",
        "model": "mock-model",
        "isDefault": True,
        "defaultReasoningEffort": "medium",
        "supportedReasoningEfforts": [{"reasoningEffort": "medium"}],
    }
    loaded = ("idle", "active")
    return {
        "initialize": lambda _: greeting,
        "account/read": lambda _: {
            "account": {"type": "chatgpt", "email": "dev@example.com"},
            "requiresOpenaiAuth": True,
        },
        "thread/list": listed,
        "thread/loaded/list": lambda _: {
            "data": [i for i, r in threads.items() if r["status"]["type"] in loaded]
        },
        "thread/read": lambda p: {"thread": known(p)},
        "thread/turns/list": lambda p: {
            "data": list(reversed(engine.turns.get(p["threadId"], []))),
            "nextCursor": None,
        },
        "thread/resume": resumed,
        "thread/start": started,
        "thread/fork": forked,
        "turn/start": turn,
        "turn/steer": lambda p: {"turnId": p["expectedTurnId"]},
        "turn/interrupt": lambda _: {},
        **_queue_replies(engine),
        "thread/goal/get": lambda _: {"goal": None},
        "thread/backgroundTerminals/list": lambda _: {"data": []},
        "thread/name/set": named,
        "thread/archive": archived,
        "thread/delete": deleted,
        "thread/unarchive": unarchived,
        "config/read": config,
        "config/value/write": lambda _: {},
        "model/list": lambda _: {"data": [model], "nextCursor": None},
    }


def fleet(
    engine: FakeEngine,
    *,
    home: Path | None = None,
    cwd: str = CWD,
    still: bool = True,
    plain: bool = False,
    ascii: bool = False,  # noqa: A002
    config: Config | None = None,
) -> Services:
    """Services around `engine`; with a `home` the store on disk is used as well."""
    codex_home = "/nowhere/codex-home"
    options = SessionOptions(
        connect=ConnectOptions(state_dir=Path("/nowhere"), client_version="0", env={}),
        clock=engine.loop.wall_ms,
        backoff=lambda _attempt: 0.5,
        reach=engine.reach,
        pulse=None,
    )
    session = EngineSession(SharedTarget(None, Path(codex_home)), options)
    world, remembered, problem = World(), Remembered(), ""
    if home is not None:
        world, remembered, problem = restore(home, codex_home)
    assert not problem, problem
    return Services(
        engine=session,
        cwd=cwd,
        codex_home=codex_home,
        home=home,
        world=world,
        remembered=remembered,
        clock=engine.loop.wall_ms,
        still=still,
        plain=plain,
        ascii=ascii,
        config=config or Config(),
    )
