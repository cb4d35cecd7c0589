"""The scripted provider over a real socket: frames, pace, failures, interrupts."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from tui.demo.provider import Provider, Script, Verdict
from tui.demo.request import ModelRequest, parse_request
from tui.demo.steps import (
    Drop,
    Exec,
    Fail,
    FailResponse,
    Hold,
    HoldUntil,
    Patch,
    PlainExec,
    Plan,
    RawItems,
    Say,
    Spawn,
    Step,
    Think,
    call_item,
    words,
)

Event = dict[str, Any]


def body(
    *,
    thread: str = "T1",
    turn: str = "U1",
    agent: str = "/root",
    text: str = "hello",
    cache_key: str = "",
    kind: str = "turn",
) -> dict[str, Any]:
    metadata = {"agent_name": agent, "request_kind": kind}
    content = [{"type": "input_text", "text": text}]
    return {
        "model": "m",
        "prompt_cache_key": cache_key or thread,
        "client_metadata": {
            "thread_id": thread,
            "turn_id": turn,
            "x-codex-turn-metadata": json.dumps(metadata),
        },
        "input": [{"type": "message", "role": "user", "content": content}],
    }


class Client:
    """A hand-written HTTP client, so that what is checked are bytes."""

    def __init__(self, provider: Provider) -> None:
        self._port = int(provider.base_url.split(":")[2].split("/")[0])

    async def open(
        self, method: str, path: str, payload: bytes
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: x\r\n"
            f"content-length: {len(payload)}\r\n\r\n"
        )
        writer.write(head.encode() + payload)
        await writer.drain()
        return reader, writer

    async def exchange(self, method: str, path: str, payload: bytes) -> bytes:
        reader, writer = await self.open(method, path, payload)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def ask(self, request: dict[str, Any]) -> list[Event]:
        raw = await self.exchange("POST", "/v1/responses", json.dumps(request).encode())
        head, _, stream = raw.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"content-type: text/event-stream" in head
        return frames(stream)


def frames(stream: bytes) -> list[Event]:
    """Parse by the rules of server-sent events, not by our own writer."""
    assert stream.endswith(b"\n\n")
    events: list[Event] = []
    for block in stream.decode().removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        assert name.startswith("event: ")
        assert data.startswith("data: ")
        event: Event = json.loads(data.removeprefix("data: "))
        assert event["type"] == name.removeprefix("event: ")
        events.append(event)
    return events


def run(
    script: Script,
    play: Callable[[Client, Provider], Coroutine[None, None, None]],
    **options: Any,
) -> None:
    async def main() -> None:
        async with asyncio.timeout(90), Provider(script, **options) as provider:
            await play(Client(provider), provider)

    asyncio.run(main())


def fixed(*steps: Step) -> Script:
    return lambda _request: steps


def test_a_reply_is_one_complete_stream() -> None:
    async def play(client: Client, _provider: Provider) -> None:
        events = await client.ask(body())
        kinds = [event["type"] for event in events]
        assert kinds[0] == "response.created"
        assert kinds[-1] == "response.completed"
        usage = events[-1]["response"]["usage"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        done = [e["item"] for e in events if e["type"] == "response.output_item.done"]
        assert [item["type"] for item in done] == [
            "reasoning",
            "message",
            "custom_tool_call",
            "function_call",
        ]
        deltas = [e for e in events if e["type"] == "response.output_text.delta"]
        assert "".join(e["delta"] for e in deltas) == "two  words\nand more"
        assert done[1]["content"][0]["text"] == "two  words\nand more"
        assert done[1]["phase"] == "commentary"
        assert done[0]["summary"] == [{"type": "summary_text", "text": "**Why** so"}]
        assert json.loads(done[3]["arguments"])["task_name"] == "docs"
        assert len({item["id"] for item in done}) == 4

    script = fixed(
        Think(("**Why** so",), ("raw",)),
        Say("two  words\nand more", "commentary", pace=0.001),
        Exec("ls -l"),
        Spawn("docs", "write them"),
    )
    run(script, play)


def test_replies_and_turns_are_counted_per_thread() -> None:
    seen: list[tuple[str, str, int, int]] = []

    def script(request: ModelRequest) -> Sequence[Step]:
        who = (request.thread_id, request.agent_path)
        seen.append((*who, request.turn_index, request.reply_index))
        return (Say("ok"),)

    async def play(client: Client, _provider: Provider) -> None:
        await client.ask(body())
        await client.ask(body(thread="T2", turn="V1", agent="/root/a"))
        await client.ask(body())
        await client.ask(body(turn="U2"))
        await client.ask(body(kind="compact"))
        await client.ask(body(turn="U2"))

    run(script, play)
    assert seen == [
        ("T1", "/root", 0, 0),
        ("T2", "/root/a", 0, 0),
        ("T1", "/root", 0, 1),
        ("T1", "/root", 1, 0),
        ("T1", "/root", 1, 1),
    ]


def test_a_client_that_leaves_ends_its_reply_only() -> None:
    released = asyncio.Event()

    def script(request: ModelRequest) -> Sequence[Step]:
        if request.thread_id == "gone":
            return (Say("start"), Hold(3600), Say("never"))
        return (HoldUntil(released), Say(f"reply {request.reply_index}"))

    async def play(client: Client, provider: Provider) -> None:
        payload = json.dumps(body(thread="gone")).encode()
        reader, writer = await client.open("POST", "/v1/responses", payload)
        await reader.readuntil(b"output_item.done")
        waiting = asyncio.create_task(client.ask(body(thread="stays")))
        writer.close()
        await writer.wait_closed()
        while provider.disconnects == 0:
            await asyncio.sleep(0)
        released.set()
        assert (await waiting)[-1]["type"] == "response.completed"
        # The reply that nobody read to its end was not counted.
        again = await client.ask(body(thread="stays"))
        assert again[1]["item"]["type"] == "message"
        texts = [e["delta"] for e in again if e["type"].endswith("text.delta")]
        assert "".join(texts) == "reply 1"
        assert provider.disconnects == 1

    run(script, play)


def test_leaving_the_provider_ends_a_held_reply() -> None:
    async def main() -> None:
        async with asyncio.timeout(90):
            async with Provider(fixed(Hold(3600))) as provider:
                payload = json.dumps(body()).encode()
                opened = await Client(provider).open("POST", "/v1/responses", payload)
                await opened[0].readuntil(b"response.created")
            rest = await opened[0].read()
            opened[1].close()
            await opened[1].wait_closed()
        assert b"response.completed" not in rest

    asyncio.run(main())


@pytest.mark.parametrize("step", [Fail(429, "usage_limit_reached", "no more"), Drop()])
def test_failures_are_failures_on_the_wire(step: Step) -> None:
    async def play(client: Client, _provider: Provider) -> None:
        payload = json.dumps(body()).encode()
        raw = await client.exchange("POST", "/v1/responses", payload)
        if isinstance(step, Fail):
            assert raw.startswith(b"HTTP/1.1 429 ")
            error = json.loads(raw.partition(b"\r\n\r\n")[2])["error"]
            assert error["code"] == "usage_limit_reached"
        else:
            assert b"response.created" in raw
            assert b"response.completed" not in raw

    run(fixed(step), play)


def test_a_failed_response_names_its_code() -> None:
    async def play(client: Client, _provider: Provider) -> None:
        events = await client.ask(body())
        assert events[-1]["type"] == "response.failed"
        assert events[-1]["response"]["error"]["code"] == "context_length_exceeded"

    run(fixed(Say("a"), FailResponse("context_length_exceeded", "too long")), play)


def test_a_broken_script_fails_the_turn_and_is_kept() -> None:
    def script(_request: ModelRequest) -> Sequence[Step]:
        raise KeyError("no such chapter")

    async def play(client: Client, provider: Provider) -> None:
        events = await client.ask(body())
        assert events[-1]["type"] == "response.failed"
        assert [type(fault) for fault in provider.faults] == [KeyError]

    run(script, play)


@pytest.mark.parametrize("outcome", ["allow", "deny"])
def test_the_reviewer_answers_guardian_requests(outcome: Any) -> None:
    async def play(client: Client, _provider: Provider) -> None:
        events = await client.ask(body(cache_key="guardian:T1"))
        done = [e["item"] for e in events if e["type"] == "response.output_item.done"]
        verdict = json.loads(done[0]["content"][0]["text"])
        assert verdict["outcome"] == outcome
        assert verdict["rationale"] == "because"

    def reviewer(_request: ModelRequest) -> Verdict:
        return Verdict(outcome, "because")

    def no_script(_request: ModelRequest) -> Sequence[Step]:
        raise AssertionError("a review is not the script's business")

    run(no_script, play, reviewer=reviewer)


def test_without_a_reviewer_everything_is_refused() -> None:
    async def play(client: Client, _provider: Provider) -> None:
        events = await client.ask(body(cache_key="guardian:T1"))
        done = [e["item"] for e in events if e["type"] == "response.output_item.done"]
        assert json.loads(done[0]["content"][0]["text"])["outcome"] == "deny"

    run(fixed(), play)


def test_the_other_endpoints() -> None:
    async def play(client: Client, _provider: Provider) -> None:
        models = await client.exchange("GET", "/v1/models?client_version=1", b"")
        assert json.loads(models.partition(b"\r\n\r\n")[2])["models"] == []
        compact = await client.exchange("POST", "/v1/responses/compact", b"{}")
        assert json.loads(compact.partition(b"\r\n\r\n")[2])["output"]
        lost = await client.exchange("GET", "/", b"")
        assert lost.startswith(b"HTTP/1.1 404 ")
        broken = await client.exchange("POST", "/v1/responses", b"{")
        assert broken.startswith(b"HTTP/1.1 400 ")

    run(fixed(), play)


def test_calls_on_the_wire() -> None:
    command = call_item(Exec("echo `x` '\"'", yield_ms=500, escalate=True), "1")
    assert command["name"] == "exec"
    assert '"cmd": "echo `x` \'\\"\'"' in command["input"]
    assert '"sandbox_permissions": "require_escalated"' in command["input"]
    patch = call_item(Patch("*** Begin Patch\n${x}`\n*** End Patch\n"), "2")
    assert '"*** Begin Patch\\n${x}`\\n*** End Patch\\n"' in patch["input"]
    plan = call_item(Plan((("look", "completed"),), "why"), "3")
    assert '{"step": "look", "status": "completed"}' in plan["input"]
    plain = call_item(PlainExec("ls"), "4")
    assert (plain["type"], plain["name"]) == ("function_call", "exec_command")
    long = call_item(Exec("make", yield_ms=20_000), "5")
    assert long["input"].startswith('// @exec: {"yield_time_ms": 25000}\n')


def test_raw_items_go_out_untouched() -> None:
    item = {"type": "web_search_call", "id": "ws-1", "status": "completed"}

    async def play(client: Client, _provider: Provider) -> None:
        events = await client.ask(body())
        assert events[2] == {"type": "response.output_item.done", "item": item}

    run(fixed(RawItems((item,))), play)


def test_words_lose_nothing() -> None:
    for text in ("", " ", "a", "  a b\n\nc ", "one"):
        assert "".join(words(text)) == text


def test_a_child_is_known_by_its_path_and_a_user_by_his_text() -> None:
    request = body(text="<environment_context>\n<cwd>/w</cwd>")
    request["input"].insert(
        0, {"type": "message", "role": "user", "content": "the question"}
    )
    request["client_metadata"].pop("x-codex-turn-metadata")
    request["client_metadata"]["x-codex-parent-thread-id"] = "P"
    task = {"type": "agent_message", "recipient": "/root/a/b", "content": "dig"}
    output = {"type": "custom_tool_call_output", "call_id": "c", "output": "out"}
    request["input"] += [task, output]
    parsed = parse_request(request)
    assert parsed.user_text == "the question"
    assert parsed.agent_path == "/root/a/b"
    assert parsed.task == "dig"
    assert parsed.parent_thread_id == "P"
    assert parsed.cwd == "/w"
    assert [(o.call_id, o.text) for o in parsed.outputs] == [("c", "out")]


def test_an_empty_body_is_no_error() -> None:
    assert parse_request({}).agent_path == "/root"


@pytest.mark.parametrize("steps", range(5))
@pytest.mark.filterwarnings("error")
def test_who_comes_as_it_ends_leaves_no_socket_open(steps: int) -> None:
    """Accepted, and not yet begun: an unclosed socket would be told of here."""

    async def main() -> None:
        async with Provider(lambda _request: [Say("never")]) as provider:
            port = int(provider.base_url.split(":")[2].split("/")[0])
            caller = socket.create_connection(("127.0.0.1", port))
            for _ in range(steps):
                await asyncio.sleep(0)
        caller.close()

    told: list[object] = []
    before, sys.unraisablehook = sys.unraisablehook, told.append
    try:
        asyncio.run(main())
        gc.collect()
    finally:
        sys.unraisablehook = before
    assert told == []
