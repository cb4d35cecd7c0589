"""JSON-RPC over one transport: calls, answers, and everything the engine says unasked.

Owns request ids, pending calls, the retry of overloaded ones, and the list of server
requests that wait for an answer. Does not know what any method means, and never answers
a server request by itself: they are data.
Invariant: messages reach `on_message` (or `batch`) in wire order, and `on_result` of a
call runs at its reply's own place in that order; a server request is answered at most
once, on the connection it came by, while it still waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import Any, Literal

import msgspec

from state.dataclass import dataclass, replace
from state.engine.errors import (
    EngineLost,
    HandshakeFailed,
    Overloaded,
    RequestFailed,
    RequestGone,
    RequestTimedOut,
)
from state.engine.transport import Transport
from state.engine.wire.decode import NotJson, decode_message

Message = dict[str, Any]
RequestId = int | str
Tap = Callable[[Literal["in", "out"], Message], None]

OVERLOADED = -32001
OVERLOAD_ATTEMPTS = 8
RESOLVED = "serverRequest/resolved"


@dataclass(slots=True)
class Counters:
    """What the wire brought that we could not use; shown by doctor."""

    received: int = 0
    not_json: int = 0
    malformed: int = 0
    unknown_replies: int = 0
    overloads: int = 0


@dataclass(slots=True)
class _Pending:
    method: str
    future: asyncio.Future[Message]
    on_result: Callable[[Message], None] | None


@dataclass(slots=True, kw_only=True)
class RpcHooks:
    """Where a client's traffic goes, and its sources of chance and time."""

    on_message: Callable[[Message], None] | None = None
    quick: Callable[[bytes], bool] | None = None
    on_lost: Callable[[EngineLost], None] | None = None
    tap: Tap | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = field(default=random.random)


class RpcClient:
    """One connection's worth of JSON-RPC; reads from the moment `start` is called."""

    def __init__(self, transport: Transport, hooks: RpcHooks | None = None) -> None:
        self.transport = transport
        self.counters = Counters()
        self.lost: EngineLost | None = None
        self._hooks = replace(hooks) if hooks else RpcHooks()  # `attach` changes it
        self._pending: dict[int, _Pending] = {}
        self._asked: dict[RequestId, Message] = {}
        self._inbox: deque[Message] = deque()
        self._news = asyncio.Event()
        self._next_id = 0
        self._reader: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read. Needs a running loop."""
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        """End the connection; pending calls fail with EngineLost. Idempotent."""
        self._lose(EngineLost("we closed it", self.transport.stderr_tail()), tell=False)
        await self.transport.close()
        if self._reader is not None and self._reader is not asyncio.current_task():
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader

    # -- out ---------------------------------------------------------------

    async def call(
        self,
        method: str,
        params: Mapping[str, object] | None = None,
        *,
        timeout: float | None = None,
        on_result: Callable[[Message], None] | None = None,
    ) -> Message:
        """Ask the engine; returns its `result` object.

        `timeout` in seconds covers the retries too. `on_result(result)` runs inside the
        reader, before any message that follows the reply. Raises RequestFailed,
        Overloaded, RequestTimedOut, EngineLost."""
        try:
            async with asyncio.timeout(timeout) as scope:
                return await self._call(method, params or {}, on_result)
        except TimeoutError:
            if scope.expired() and timeout is not None:
                raise RequestTimedOut(method, timeout) from None
            raise

    async def _call(
        self,
        method: str,
        params: Mapping[str, object],
        on_result: Callable[[Message], None] | None,
    ) -> Message:
        for attempt in range(OVERLOAD_ATTEMPTS):
            try:
                return await self._call_once(method, params, on_result)
            except Overloaded:
                self.counters.overloads += 1
                if attempt == OVERLOAD_ATTEMPTS - 1:
                    raise
            # An overloaded engine refuses before it begins, so asking again is safe.
            await self._hooks.sleep(overload_delay(attempt, self._hooks.random()))
        raise AssertionError("unreachable")

    async def _call_once(
        self,
        method: str,
        params: Mapping[str, object],
        on_result: Callable[[Message], None] | None,
    ) -> Message:
        if self.lost is not None:
            raise self.lost
        self._next_id += 1
        request_id = self._next_id
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._pending[request_id] = _Pending(method, future, on_result)
        try:
            await self._send({"id": request_id, "method": method, "params": params})
            return await future
        finally:
            self._pending.pop(request_id, None)

    async def notify(
        self, method: str, params: Mapping[str, object] | None = None
    ) -> None:
        """Tell the engine something; `params` is left out when None."""
        message: Message = {"method": method}
        if params is not None:
            message["params"] = params
        await self._send(message)

    async def answer(
        self, request_id: RequestId, result: object, *, told: object = None
    ) -> None:
        """Answer a server request. Raises RequestGone if it no longer waits here.

        `told`: what a recording gets in place of a result that holds a secret."""
        tapped = None if told is None else {"id": request_id, "result": told}
        await self._answer(request_id, {"id": request_id, "result": result}, tapped)

    async def answer_error(
        self, request_id: RequestId, code: int, message: str
    ) -> None:
        """Answer a server request with an error. Raises RequestGone."""
        error = {"code": code, "message": message}
        await self._answer(request_id, {"id": request_id, "error": error})

    async def _answer(
        self, request_id: RequestId, message: Message, tapped: Message | None = None
    ) -> None:
        # A late answer to an old id ran another command once: the request must wait
        # here and now. It is taken out first, so that two answers cannot both leave.
        if self.lost is not None or self._asked.pop(request_id, None) is None:
            raise RequestGone(request_id)
        await self._send(message, tapped)

    def pending(self) -> list[str]:
        """The methods of our calls that have no reply yet, oldest first."""
        return [pending.method for pending in self._pending.values()]

    def waiting(self) -> list[Message]:
        """The server requests that still wait for an answer, oldest first."""
        return list(self._asked.values())

    async def _send(self, message: Message, tapped: Message | None = None) -> None:
        if self.lost is not None:
            raise self.lost
        if self._hooks.tap is not None:
            self._hooks.tap("out", tapped or message)
        await self.transport.send(msgspec.json.encode(message))

    # -- in ----------------------------------------------------------------

    async def batch(self) -> list[Message]:
        """All messages since the last call, waiting for one; [] once at the end.

        For one consumer, when no `on_message` is set."""
        while not self._inbox:
            if self.lost is not None:
                return []
            self._news.clear()
            await self._news.wait()
        messages = list(self._inbox)
        self._inbox.clear()
        return messages

    def attach(
        self,
        on_message: Callable[[Message], None],
        *,
        quick: Callable[[bytes], bool] | None = None,
    ) -> None:
        """Deliver to `on_message` from now on, what waits in the inbox first. `quick`
        is asked before a message is decoded, and may take it: a notification only.
        A tap sees everything, so with one it is not asked."""
        self._hooks.on_message = on_message
        self._hooks.quick = quick if self._hooks.tap is None else None
        while self._inbox:
            on_message(self._inbox.popleft())

    async def _read(self) -> None:
        try:
            await self._read_all()
        except Exception as error:
            # A fault of ours must not look like an engine that has nothing to say.
            asyncio.get_running_loop().call_exception_handler(
                {"message": "the engine reader failed", "exception": error}
            )
            self._lose(EngineLost(f"our reader failed: {error!r}"), tell=True)
            return
        reason = self.transport.end_reason() or "it closed"
        self._lose(EngineLost(reason, self.transport.stderr_tail()), tell=True)

    async def _read_all(self) -> None:
        while raws := await self.transport.receive():
            quick = self._hooks.quick
            for raw in raws:
                if quick is not None and quick(raw):
                    self.counters.received += 1
                    continue
                try:
                    message = decode_message(raw)
                except NotJson:
                    self.counters.not_json += 1
                    continue
                self._dispatch(message)

    def _dispatch(self, message: object) -> None:
        self.counters.received += 1
        if not isinstance(message, dict):
            self.counters.malformed += 1
            return
        if self._hooks.tap is not None:
            self._hooks.tap("in", message)
        if "method" not in message:
            self._reply(message)
            return
        if "id" in message:
            if not isinstance(message["id"], int | str):
                self.counters.malformed += 1
                return
            self._asked[message["id"]] = message
        elif message["method"] == RESOLVED:
            self._resolved(message.get("params"))
        if self._hooks.on_message is not None:
            self._hooks.on_message(message)
        else:
            self._inbox.append(message)
            self._news.set()

    def _resolved(self, params: object) -> None:
        request_id = params.get("requestId") if isinstance(params, dict) else None
        if isinstance(request_id, int | str):
            self._asked.pop(request_id, None)

    def _reply(self, message: Message) -> None:
        request_id: Any = message.get("id")
        ours = isinstance(request_id, int) and not isinstance(request_id, bool)
        pending = self._pending.pop(request_id, None) if ours else None
        if pending is None or pending.future.done():
            self.counters.unknown_replies += 1
            return
        result, error = message.get("result"), message.get("error")
        if isinstance(error, dict):
            pending.future.set_exception(_failure(pending.method, error))
        elif isinstance(result, dict):
            if pending.on_result is not None:
                pending.on_result(result)
            pending.future.set_result(result)
        else:
            self.counters.malformed += 1
            pending.future.set_exception(
                RequestFailed(pending.method, 0, "the answer is not an object", result)
            )

    def _lose(self, error: EngineLost, *, tell: bool) -> None:
        if self.lost is not None:
            return
        self.lost = error
        self._asked.clear()
        for pending in list(self._pending.values()):
            if not pending.future.done():
                pending.future.set_exception(error)
        self._news.set()
        if tell and self._hooks.on_lost is not None:
            self._hooks.on_lost(error)


def _failure(method: str, error: Message) -> RequestFailed:
    code = error.get("code")
    number = code if isinstance(code, int) else 0
    kind = Overloaded if number == OVERLOADED else RequestFailed
    return kind(method, number, str(error.get("message", "")), error.get("data"))


def overload_delay(attempt: int, chance: float) -> float:
    """Seconds to wait: 50 ms doubling to 3.2 s, times 0.5..1 as `chance` is 0..1."""
    return min(0.05 * 2.0**attempt, 3.2) * (0.5 + chance / 2)


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Who answered `initialize`. `version` is "" when the user agent tells none."""

    user_agent: str
    version: str
    codex_home: str
    platform: str
    raw: Message


async def handshake(
    rpc: RpcClient, *, client_version: str, timeout: float | None = None
) -> ServerInfo:
    """`initialize` and `initialized`. Raises HandshakeFailed or EngineLost.

    The first start on a large CODEX_HOME answers only after it has read every thread,
    which may take many seconds: be generous with `timeout`."""
    params = {
        "clientInfo": {
            "name": "codex-tui",
            "title": "codex-tui",
            "version": client_version,
        },
        "capabilities": {"experimentalApi": True, "requiredHumanApproval": True},
    }
    try:
        raw = await rpc.call("initialize", params, timeout=timeout)
        await rpc.notify("initialized")
    except RequestTimedOut:
        raise HandshakeFailed(
            f"The engine took the connection but did not answer within {timeout:g} s; "
            "see `codex-tui engine status`, and stop it there if it hangs."
        ) from None
    except RequestFailed as error:
        raise HandshakeFailed(
            f"The engine refused our greeting ({error.code}); "
            "update codex to 0.163 or newer."
        ) from error
    agent = str(raw.get("userAgent", ""))
    return ServerInfo(
        user_agent=agent,
        version=version_of(agent),
        codex_home=str(raw.get("codexHome", "")),
        platform=str(raw.get("platformOs", "")),
        raw=raw,
    )


def version_of(user_agent: str) -> str:
    """The engine's version in `name/0.169.0 (system …) …`; the name may hold spaces."""
    match = re.search(r"/(\d+\.\d+[^\s]*)", user_agent)
    return match.group(1) if match else ""
