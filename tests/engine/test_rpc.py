"""Correlation, server requests and faults; scripted over a real pipe."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.engine.errors import (
    EngineLost,
    HandshakeFailed,
    Overloaded,
    RequestFailed,
    RequestGone,
    RequestTimedOut,
)
from state.engine.rpc import (
    RpcClient,
    RpcHooks,
    handshake,
    overload_delay,
    version_of,
)
from state.engine.transport import StdioTransport
from tests.engine.fake_engine import fake_command


def play(
    folder: Path,
    script: dict[str, Any],
    act: Callable[[RpcClient], Awaitable[None]],
    hooks: RpcHooks | None = None,
) -> list[dict[str, Any]]:
    """Run `act` against the scripted engine; returns what the engine received."""
    log = folder / "log"

    async def main() -> None:
        env = {**os.environ, "FAKE_ENGINE_LOG": str(log)}
        transport = await StdioTransport.spawn(fake_command(folder, script), env=env)
        rpc = RpcClient(transport, hooks)
        rpc.start()
        try:
            await act(rpc)
        finally:
            await rpc.close()

    asyncio.run(main())
    lines = log.read_bytes().splitlines() if log.exists() else []
    return [json.loads(raw) for raw in lines]


def test_replies_out_of_order_find_their_calls(tmp_path: Path) -> None:
    script = {
        "on": {
            "first": [{"hold": "first"}],
            "second": [{"reply": {"n": 2}}, {"release": "first", "result": {"n": 1}}],
        }
    }

    async def act(rpc: RpcClient) -> None:
        first = asyncio.create_task(rpc.call("first"))
        await asyncio.sleep(0)
        assert await rpc.call("second") == {"n": 2}
        assert await first == {"n": 1}

    play(tmp_path, script, act)


def test_server_requests_are_data_and_answers_keep_their_ids(tmp_path: Path) -> None:
    asked = [{"method": "ask", "id": 0}, {"method": "ask", "id": "zero"}]
    script = {"on": {"go": [*({"send": m} for m in asked), {"reply": {}}]}}

    async def act(rpc: RpcClient) -> None:
        await rpc.call("go")
        assert await rpc.batch() == asked
        assert rpc.waiting() == asked
        await rpc.answer(0, {"decision": "decline"})
        await rpc.answer_error("zero", -1, "no")
        for request_id in (0, "zero", "0", 1):
            with pytest.raises(RequestGone):
                await rpc.answer(request_id, {})
        assert rpc.waiting() == []

    received = play(tmp_path, script, act)
    assert received[1:] == [
        {"id": 0, "result": {"decision": "decline"}},
        {"id": "zero", "error": {"code": -1, "message": "no"}},
    ]


def test_a_resolved_request_can_no_longer_be_answered(tmp_path: Path) -> None:
    resolved = {"method": "serverRequest/resolved", "params": {"requestId": 0}}
    script = {
        "on": {"go": [{"send": {"method": "ask", "id": 0}}, {"reply": {}}]}
        | {"more": [{"send": resolved}, {"reply": {}}]}
    }

    async def act(rpc: RpcClient) -> None:
        await rpc.call("go")
        await rpc.call("more")
        with pytest.raises(RequestGone):
            await rpc.answer(0, {"decision": "accept"})

    received = play(tmp_path, script, act)
    assert [m["method"] for m in received] == ["go", "more"]


def test_a_result_is_handed_over_at_its_place_in_the_wire_order(tmp_path: Path) -> None:
    script = {
        "on": {
            "go": [
                {"send": {"method": "before"}},
                {"reply": {"at": "reply"}},
                {"send": {"method": "after"}},
            ],
            "last": [{"reply": {}}],
        }
    }
    order: list[str] = []
    hooks = RpcHooks(on_message=lambda message: order.append(message["method"]))

    async def act(rpc: RpcClient) -> None:
        await rpc.call("go", on_result=lambda result: order.append(result["at"]))
        await rpc.call("last")

    play(tmp_path, script, act, hooks)
    assert order == ["before", "reply", "after"]


def test_nonsense_is_counted_and_passed_over(tmp_path: Path) -> None:
    said = [
        {"raw": "not json\n\udcff\n[1]\n7\n\n"},
        {"send": {"id": 4242, "result": {}}},
        {"send": {"id": None, "error": {"code": 1, "message": "?"}}},
        {"send": {"id": True, "result": {}}},
        {"send": {"id": {}, "method": "ask"}},
        {"send": {"method": "fine"}},
        {"reply": {}},
    ]

    async def act(rpc: RpcClient) -> None:
        await rpc.call("go")
        assert await rpc.batch() == [{"method": "fine"}]
        assert rpc.counters.not_json == 3
        assert rpc.counters.malformed == 3
        assert rpc.counters.unknown_replies == 3

    play(tmp_path, {"on": {"go": said}}, act)


def test_overload_is_retried_with_growing_pauses(tmp_path: Path) -> None:
    script = {"on": {"go": [{"overload": 3, "then": [{"reply": {"ok": 1}}]}]}}
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def act(rpc: RpcClient) -> None:
        assert await rpc.call("go", {"a": 1}) == {"ok": 1}

    hooks = RpcHooks(sleep=sleep, random=lambda: 1.0)
    received = play(tmp_path, script, act, hooks)
    assert pauses == [0.05, 0.1, 0.2]
    assert [m["params"] for m in received] == [{"a": 1}] * 4
    assert len({m["id"] for m in received}) == 4


def test_overload_for_ever_is_an_error(tmp_path: Path) -> None:
    async def sleep(_: float) -> None: ...

    async def act(rpc: RpcClient) -> None:
        with pytest.raises(Overloaded):
            await rpc.call("go")

    script = {"on": {"go": [{"overload": 99, "then": []}]}}
    assert len(play(tmp_path, script, act, RpcHooks(sleep=sleep))) == 8


def test_pauses_are_bounded_and_spread() -> None:
    assert overload_delay(0, 0.0) == 0.025
    assert overload_delay(50, 1.0) == 3.2


def test_errors_carry_what_the_engine_said(tmp_path: Path) -> None:
    error = {"code": -32600, "message": "stale", "data": {"reason": "conflict"}}

    async def act(rpc: RpcClient) -> None:
        with pytest.raises(RequestFailed) as caught:
            await rpc.call("go")
        failure = caught.value
        assert (failure.code, failure.message) == (-32600, "stale")
        assert failure.data == {"reason": "conflict"}
        assert failure.method == "go"
        with pytest.raises(RequestFailed, match="unknown variant"):
            await rpc.call("no/such")

    play(tmp_path, {"on": {"go": [{"error": error}]}}, act)


def test_the_end_fails_every_pending_call_with_the_last_words(tmp_path: Path) -> None:
    script = {
        "on": {
            "wait": [{"send": {"method": "ask", "id": 0}}],
            "go": [{"stderr": 2}, {"exit": 7}],
        }
    }
    lost: list[EngineLost] = []

    async def act(rpc: RpcClient) -> None:
        calls = [rpc.call("wait"), rpc.call("wait"), rpc.call("go")]
        for result in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(result, EngineLost)
            assert result.stderr_tail == ["ERROR line 0", "ERROR line 1"]
            assert "code 7" in str(result)
        with pytest.raises(EngineLost):
            await rpc.call("go")
        assert rpc.waiting() == []
        with pytest.raises(RequestGone):
            await rpc.answer(0, {})
        await rpc.batch()
        assert await rpc.batch() == []
        assert lost == [rpc.lost]

    play(tmp_path, script, act, RpcHooks(on_lost=lost.append))


def test_a_call_may_have_a_limit_and_its_late_reply_is_dropped(tmp_path: Path) -> None:
    script = {
        "on": {
            "slow": [{"hold": "slow"}],
            "go": [{"release": "slow", "result": {}}, {"reply": {}}],
        }
    }

    async def act(rpc: RpcClient) -> None:
        with pytest.raises(RequestTimedOut):
            await rpc.call("slow", timeout=0.2)
        assert not rpc.pending()
        await rpc.call("go")
        assert rpc.counters.unknown_replies == 1

    play(tmp_path, script, act)


def test_a_fault_of_the_consumer_ends_the_connection_loudly(tmp_path: Path) -> None:
    def consume(_: object) -> None:
        raise ValueError("ours")

    async def act(rpc: RpcClient) -> None:
        told: list[Any] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context))
        with pytest.raises(EngineLost, match="our reader failed"):
            await rpc.call("go")
        assert isinstance(told[0]["exception"], ValueError)

    script = {"on": {"go": [{"send": {"method": "x"}}]}}
    play(tmp_path, script, act, RpcHooks(on_message=consume))


def test_handshake(tmp_path: Path) -> None:
    async def act(rpc: RpcClient) -> None:
        info = await handshake(rpc, client_version="1.2")
        assert info.version == "0.163.9"
        assert info.codex_home == "/nowhere"
        await rpc.call("end")

    received = play(tmp_path, {"on": {"end": [{"reply": {}}]}}, act)
    hello = received[0]["params"]
    assert hello["clientInfo"]["name"] == "codex-tui"
    assert hello["capabilities"] == {
        "experimentalApi": True,
        "requiredHumanApproval": True,
    }
    assert received[1] == {"method": "initialized"}


def test_an_engine_that_never_answers_initialize(tmp_path: Path) -> None:
    async def act(rpc: RpcClient) -> None:
        with pytest.raises(HandshakeFailed, match="did not answer"):
            await handshake(rpc, client_version="1", timeout=0.2)

    play(tmp_path, {"on": {"initialize": [{"silent": True}]}}, act)


@pytest.mark.parametrize(
    ("agent", "version"),
    [
        ("codex-tui/0.169.0 (Debian 12.0.0; x86_64) xterm", "0.169.0"),
        ("Some Client/1/0.170.0-alpha.3 (Mac OS)", "0.170.0-alpha.3"),
        ("nothing", ""),
    ],
)
def test_version_of(agent: str, version: str) -> None:
    assert version_of(agent) == version


class Memory:
    """A transport that says what it is told to."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.inbound: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def send(self, data: bytes) -> None:
        self.sent.append(json.loads(data))

    async def receive(self) -> list[bytes]:
        came = [await self.inbound.get()]
        while came[-1] is not None and not self.inbound.empty():
            came.append(self.inbound.get_nowait())
        if came[-1] is None and len(came) > 1:
            self.inbound.put_nowait(None)
        return [raw for raw in came if raw is not None]

    async def close(self) -> None:
        self.inbound.put_nowait(None)

    def stderr_tail(self) -> list[str]:
        return []

    def peer_pid(self) -> int | None:
        return None

    def end_reason(self) -> str:
        return ""


def test_a_reply_that_crosses_the_callers_cancel_harms_nobody() -> None:
    async def main() -> None:
        transport = Memory()
        rpc = RpcClient(transport)
        rpc.start()
        call = asyncio.create_task(rpc.call("m"))
        await asyncio.sleep(0)
        transport.inbound.put_nowait(b'{"id":1,"result":{}}')
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        again = asyncio.create_task(rpc.call("m"))
        await asyncio.sleep(0)
        transport.inbound.put_nowait(b'{"id":2,"result":{"n":1}}')
        assert await again == {"n": 1}
        await rpc.close()

    asyncio.run(main())


@given(st.permutations(range(8)), st.lists(st.integers(0, 7), max_size=8))
def test_any_order_of_replies_with_repeats_resolves_each_call_once(
    order: list[int], repeats: list[int]
) -> None:
    async def main() -> None:
        transport = Memory()
        rpc = RpcClient(transport)
        rpc.start()
        calls = [asyncio.create_task(rpc.call("m", {"n": n})) for n in range(8)]
        await asyncio.sleep(0)
        ids = {m["params"]["n"]: m["id"] for m in transport.sent}
        for number in [*order, *repeats]:
            reply = {"id": ids[number], "result": {"n": number}}
            transport.inbound.put_nowait(json.dumps(reply).encode())
        assert await asyncio.gather(*calls) == [{"n": n} for n in range(8)]
        transport.inbound.put_nowait(None)
        await rpc.batch()
        assert rpc.counters.unknown_replies == len(repeats)
        await rpc.close()

    asyncio.run(main())
