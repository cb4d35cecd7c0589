"""A model provider on loopback that plays a script: the Responses API over SSE.

Owns: the HTTP/1.1 server, the event frames and their pace. Not here: what is
answered; that is decided by the injected `Script` and `Reviewer`. Invariant: a
client that goes away (an interrupt) ends its own reply only, at once, also
while the script holds the stream; the server keeps answering the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

from state.dataclass import dataclass
from tui.demo.replies import Replies
from tui.demo.request import ModelRequest, parse_request
from tui.demo.steps import (
    Drop,
    Fail,
    FailResponse,
    Hold,
    HoldUntil,
    Item,
    RawItems,
    Reached,
    Say,
    Stay,
    Step,
    Think,
    Usage,
    call_item,
    words,
)

Script: TypeAlias = Callable[[ModelRequest], Sequence[Step]]

_MAX_BODY = 256 * 1024 * 1024
_MAX_HEAD = 256 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """The automatic reviewer's answer about one planned action, `after` seconds."""

    outcome: Literal["allow", "deny"]
    rationale: str
    risk_level: Literal["low", "medium", "high", "critical"] = "low"
    user_authorization: Literal["unknown", "low", "medium", "high"] = "unknown"
    after: float = 0.0


Reviewer: TypeAlias = Callable[[ModelRequest], Verdict]


def deny(_request: ModelRequest) -> Verdict:
    """The reviewer nobody scripted: it refuses, as a failed review would."""
    return Verdict("deny", "No reviewer is scripted here.", risk_level="high")


class _Dropped(Exception):
    """The script asked to cut the connection."""


@dataclass(frozen=True, slots=True)
class _Http:
    method: str
    path: str
    body: bytes


class Provider:
    """Async context manager; `base_url` is what `model_providers.*.base_url` takes.

    `on_request` is called in the server's loop with each request for a turn's
    reply before the script sees it. `faults` are errors of script or reviewer;
    the engine was told `response.failed` for each.
    """

    def __init__(
        self,
        script: Script,
        *,
        reviewer: Reviewer = deny,
        on_request: Callable[[ModelRequest], None] | None = None,
    ) -> None:
        self._script = script
        self._reviewer = reviewer
        self._on_request = on_request
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._replies = Replies()
        self._ids = itertools.count(1)
        self.faults: list[Exception] = []
        self.disconnects = 0

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT/v1`; only while the server runs."""
        if self._server is None:
            raise RuntimeError("the provider is not running")
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", 0, limit=_MAX_HEAD
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            # Nobody new; who was accepted a moment ago begins, or asyncio forgets to
            # close the socket.
            for listening in self._server.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
            for _ in range(5):
                await asyncio.sleep(0)
            self._server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._server = None

    async def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            request = await _read_http(reader)
            if request is not None:
                await self._answer_while_connected(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, _Dropped):
            pass
        except asyncio.CancelledError:
            # Only `__aexit__` cancels us; asyncio's stream callback would
            # report the cancellation as an unhandled error.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer_while_connected(
        self,
        request: _Http,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        answer = asyncio.ensure_future(self._answer(request, writer))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                self.disconnects += 1
                return
            await answer
        finally:
            for task in (answer, gone):
                task.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)

    async def _answer(self, http: _Http, writer: asyncio.StreamWriter) -> None:
        path = http.path.partition("?")[0].rstrip("/")
        if http.method == "GET" and path.endswith("/models"):
            body = {"object": "list", "data": [], "models": []}
            await _send_json(writer, 200, body)
        elif http.method == "POST" and path.endswith("/responses/compact"):
            await _send_json(writer, 200, {"output": [_compacted()]})
        elif http.method == "POST" and path.endswith("/responses"):
            await self._respond(http, writer)
        else:
            error = {"message": "no such endpoint", "type": "invalid_request_error"}
            await _send_json(writer, 404, {"error": error})

    async def _respond(self, http: _Http, writer: asyncio.StreamWriter) -> None:
        try:
            body = json.loads(http.body)
        except ValueError:
            error = {"message": "not JSON", "type": "invalid_request_error"}
            await _send_json(writer, 400, {"error": error})
            return
        request = self._numbered(parse_request(body if isinstance(body, dict) else {}))
        steps = self._decide(request)
        for step in steps:
            if isinstance(step, Fail):
                problem = {"message": step.message, "type": step.kind}
                if step.code is not None:
                    problem["code"] = step.code
                await _send_json(writer, step.status, {"error": problem})
                return
        stream = _Stream(writer, next(self._ids))
        counts = request.kind == "turn" and not request.guardian
        if counts:
            self._replies.begins(request, steps)
        if await stream.play(steps) and request.kind == "turn":
            if counts:
                self._replies.ended(request)
            # Only now: the engine's next request must find the reply counted.
            await stream.complete()

    def _numbered(self, request: ModelRequest) -> ModelRequest:
        if request.kind != "turn" or request.guardian:
            return request
        request = self._replies.numbered(request)
        if self._on_request is not None:
            self._on_request(request)
        return request

    def _decide(self, request: ModelRequest) -> Sequence[Step]:
        try:
            if request.guardian:
                answer = dataclasses.asdict(self._reviewer(request))
                wait = Hold(answer.pop("after"))
                return (wait, Say(json.dumps(answer)))
            if request.kind != "turn":
                return (Say("Summary of the work so far."),)
            return tuple(self._script(request))
        except Exception as error:  # the script's fault must reach the engine
            self.faults.append(error)
            return (FailResponse("script_error", f"the demo script failed: {error}"),)


class _Stream:
    """One SSE reply."""

    def __init__(self, writer: asyncio.StreamWriter, number: int) -> None:
        self._writer = writer
        self._response_id = f"resp-{number}"
        self._number = number
        self._usage = Usage(input_tokens=1_200, cached_tokens=800, output_tokens=60)

    async def play(self, steps: Sequence[Step]) -> bool:
        """Send everything but the ending; False when the script ended it itself."""
        self._writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"cache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        await self._event("response.created", response={"id": self._response_id})
        for index, step in enumerate(steps, 1):
            if not await self._play_one(step, f"{self._number}-{index}"):
                return False
        return True

    async def complete(self) -> None:
        usage = self._usage
        counts = {
            "input_tokens": usage.input_tokens,
            "input_tokens_details": {"cached_tokens": usage.cached_tokens},
            "output_tokens": usage.output_tokens,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
            "total_tokens": usage.input_tokens + usage.output_tokens,
        }
        response = {"id": self._response_id, "usage": counts}
        await self._event("response.completed", response=response)

    async def _play_one(self, step: Step, uid: str) -> bool:
        match step:
            case Say():
                await self._say(step, uid)
            case Think():
                await self._think(step, uid)
            case Hold():
                await asyncio.sleep(step.seconds)
            case HoldUntil():
                await step.event.wait()
            case Stay():
                await asyncio.Event().wait()  # Only a hang-up ends it.
            case Reached():
                step.event.set()
            case Usage():
                self._usage = step
            case RawItems():
                for item in step.items:
                    await self._item(dict(item))
            case FailResponse():
                error = {"code": step.code, "message": step.message}
                response = {"id": self._response_id, "error": error}
                await self._event("response.failed", response=response)
                return False
            case Drop():
                raise _Dropped
            case Fail():
                raise AssertionError("answered before the stream began")
            case _:
                await self._item(call_item(step, uid))
        return True

    async def _say(self, step: Say, uid: str) -> None:
        item: Item = {"type": "message", "role": "assistant", "id": f"msg-{uid}"}
        if step.phase is not None:
            item["phase"] = step.phase
        await self._event("response.output_item.added", item={**item, "content": []})
        async for token in _paced(step.text, step.pace):
            await self._event(
                "response.output_text.delta", delta=token, item_id=item["id"]
            )
        content = [{"type": "output_text", "text": step.text}]
        await self._event(
            "response.output_item.done", item={**item, "content": content}
        )

    async def _think(self, step: Think, uid: str) -> None:
        item: Item = {"type": "reasoning", "id": f"rs-{uid}", "encrypted_content": None}
        empty = {**item, "summary": [], "content": None}
        await self._event("response.output_item.added", item=empty)
        for index, part in enumerate(step.summary):
            where = {"summary_index": index, "item_id": item["id"]}
            await self._event("response.reasoning_summary_part.added", **where)
            async for token in _paced(part, step.pace):
                await self._event(
                    "response.reasoning_summary_text.delta", delta=token, **where
                )
        for index, part in enumerate(step.raw):
            where = {"content_index": index, "item_id": item["id"]}
            async for token in _paced(part, step.pace):
                await self._event("response.reasoning_text.delta", delta=token, **where)
        summary = [{"type": "summary_text", "text": part} for part in step.summary]
        content = [{"type": "reasoning_text", "text": part} for part in step.raw]
        done = {**item, "summary": summary, "content": content or None}
        await self._event("response.output_item.done", item=done)

    async def _item(self, item: Item) -> None:
        await self._event("response.output_item.added", item=item)
        await self._event("response.output_item.done", item=item)

    async def _event(self, kind: str, **fields: object) -> None:
        self._writer.write(sse_frame({"type": kind, **fields}))
        await self._writer.drain()


def sse_frame(event: dict[str, Any]) -> bytes:
    """One server-sent event; `event["type"]` is its name."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


async def _paced(text: str, pace: float) -> AsyncIterator[str]:
    for token in words(text):
        yield token
        if pace > 0:
            await asyncio.sleep(pace)


async def _read_http(reader: asyncio.StreamReader) -> _Http | None:
    """One request; None for what is not HTTP or longer than we take."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    path, _, _ = rest.partition(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _MAX_BODY:
        return None
    return _Http(method, path, await reader.readexactly(int(length)))


async def _send_json(writer: asyncio.StreamWriter, status: int, body: object) -> None:
    payload = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n"
        f"content-length: {len(payload)}\r\nconnection: close\r\n\r\n"
    )
    writer.write(head.encode() + payload)
    await writer.drain()


def _compacted() -> Item:
    content = [{"type": "input_text", "text": "Summary of the work so far."}]
    return {"type": "message", "role": "user", "content": content}
