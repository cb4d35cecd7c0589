"""A plain synchronous JSON-RPC client for tests that keeps every message.

Owns: correlation, waiting for messages, the recording. Not here: the transport
(two functions are handed in). Invariant: messages are kept in the order of
arrival, and a wait that gives up says what it waited for and what came last.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar

Message: TypeAlias = dict[str, Any]
T = TypeVar("T")

LIMIT = 90.0  # seconds until a wait gives up; a slow machine needs far less
_TAIL = 12  # messages shown when a wait gives up


class RpcError(Exception):
    """The engine answered a request with an error."""

    def __init__(self, method: str, error: Message) -> None:
        super().__init__(f"{method}: {error.get('code')} {error.get('message')}")
        self.code = error.get("code")
        self.error = error


class Client:
    """A synchronous JSON-RPC client that keeps every message in order.

    `messages` holds notifications and requests of the engine. `handler` is asked
    in the reader's thread for the result of each request; None leaves it open.
    `heard` is called for every incoming message, also in the reader's thread.
    """

    def __init__(
        self, write: Callable[[str], None], read: Iterator[str], name: str = "harness"
    ) -> None:
        self._write = write
        self._read = read
        self._name = name
        self._ids = itertools.count(1)
        self._news = threading.Condition()
        self._replies: dict[object, Message] = {}
        self._sending = threading.Lock()
        self._ended = False
        self.traffic: list[tuple[str, Message]] = []
        self.messages: list[Message] = []
        self.handler: Callable[[Message], Message | None] | None = None
        self.heard: Callable[[Message], None] | None = None
        self.hello: Message = {}
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def initialize(self) -> Self:
        """Shake hands; `hello` is the engine's answer with its `userAgent`."""
        info = {"name": self._name, "version": "0"}
        capabilities = {"experimentalApi": True}
        self.hello = self.call(
            "initialize", {"clientInfo": info, "capabilities": capabilities}
        )
        self.send({"method": "initialized"})
        return self

    def send(self, message: Message) -> None:
        """Send one message as it is."""
        with self._sending:
            self.traffic.append(("out", message))
            self._write(json.dumps(message))

    def call(self, method: str, params: Message | None = None) -> Message:
        """A request and its result; raises RpcError, TimeoutError, EOFError."""
        number = next(self._ids)
        self.send({"id": number, "method": method, "params": params or {}})
        reply = self._await(
            lambda: self._replies.pop(number, None), f"the reply to {method}"
        )
        if "error" in reply:
            raise RpcError(method, reply["error"])
        result: Message = reply["result"]
        return result

    def answer(self, request: Message, result: Message) -> None:
        """Answer a request of the engine."""
        self.send({"id": request["id"], "result": result})

    def mark(self) -> int:
        """A position in `messages` for `since`."""
        with self._news:
            return len(self.messages)

    def wait_for(
        self,
        what: str | Callable[[Message], object],
        *,
        since: int = 0,
        limit: float = LIMIT,
        **params: object,
    ) -> Message:
        """The first message from `since` on: a method, or a predicate.

        `params` must be equal to those of the message (top level only).
        """
        return self.wait_for_all(what, 1, since=since, limit=limit, **params)[0]

    def wait_for_all(
        self,
        what: str | Callable[[Message], object],
        count: int,
        *,
        since: int = 0,
        limit: float = LIMIT,
        **params: object,
    ) -> list[Message]:
        """The first `count` such messages."""

        def wanted(message: Message) -> bool:
            own = message.get("params") or {}
            if any(own.get(name) != value for name, value in params.items()):
                return False
            return bool(what(message) if callable(what) else message["method"] == what)

        def look() -> list[Message] | None:
            found = list(filter(wanted, self.messages[since:]))
            return found[:count] if len(found) >= count else None

        name = what if isinstance(what, str) else "a message by predicate"
        return self._await(look, f"{count} x {name} {params or ''}", limit)

    def start_thread(self, cwd: Path, **params: Any) -> str:
        """`thread/start`; returns the thread id."""
        thread = self.call("thread/start", {"cwd": str(cwd), **params})["thread"]
        return str(thread["id"])

    def start_turn(self, thread_id: str, text: str, **params: Any) -> str:
        """`turn/start`; returns the turn id once `turn/started` was heard."""
        since = self.mark()
        words = [{"type": "text", "text": text}]
        turn = self.call(
            "turn/start", {"threadId": thread_id, "input": words, **params}
        )["turn"]
        self.wait_for("turn/started", since=since, threadId=thread_id)
        return str(turn["id"])

    def record(self, path: Path) -> None:
        """Write all traffic so far as JSON lines `{"dir": …, "m": …}`."""
        with self._news:
            lines = [json.dumps({"dir": way, "m": m}) for way, m in self.traffic]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def join(self) -> None:
        """Wait until the reader has seen the end of the stream."""
        self._thread.join(LIMIT)

    def _listen(self) -> None:
        try:
            for line in self._read:
                self._take(json.loads(line))
        finally:
            with self._news:
                self._ended = True
                self._news.notify_all()

    def _take(self, message: Message) -> None:
        request = "method" in message and "id" in message
        result = self.handler(message) if request and self.handler else None
        if self.heard is not None:
            self.heard(message)
        with self._news:
            self.traffic.append(("in", message))
            if "method" in message:
                self.messages.append(message)
            else:
                self._replies[message.get("id")] = message
            self._news.notify_all()
        if result is not None:
            self.answer(message, result)

    def _await(
        self, look: Callable[[], T | None], what: str, limit: float = LIMIT
    ) -> T:
        found: list[T] = []

        def ready() -> bool:
            value = look()
            if value is not None:
                found.append(value)
            return bool(found) or self._ended

        with self._news:
            in_time = self._news.wait_for(ready, limit)
            tail = [str(m.get("method")) for m in self.messages[-_TAIL:]]
        if found:
            return found[0]
        if in_time:
            raise EOFError(f"the engine ended before {what}; last: {tail}")
        raise TimeoutError(f"no {what} within {limit:.0f} s; last: {tail}")
