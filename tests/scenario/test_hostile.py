"""No text from outside does more than being read.

Every string field of every struct of the wire is filled with a hostile corpus, and
goes all the way: decoded, reduced, selected, and drawn by the real program in a pty.
The oracle is the bytes that leave the pty.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from state.chars import BIDI
from state.engine.wire.context import WireContext
from state.engine.wire.decode import decode_message
from state.engine.wire.notifications import decode_notification
from state.engine.wire.requests import decode_request
from state.engine.wire.responses import decode_response
from state.items import ThreadId
from state.select.threads import ListAsk
from state.store import Store
from tests.scenario import hostile as h
from tests.scenario.script import Place, a_place
from tests.scenario.test_faults import run
from tui.presenter import Presenter

CONTEXT = WireContext("1@1", 1, 1_800_000_000_000)


def test_every_struct_is_carried() -> None:
    assert not set(h.wire_structs()) - h.carried()


def wire(message: h.Json) -> Any:
    """As it comes off the wire: lone surrogates are JSON escapes there."""
    return decode_message(json.dumps(message).encode())


@pytest.mark.parametrize("known", [True, False], ids=["known ids", "hostile ids"])
@pytest.mark.parametrize("name", [*h.CORPUS, "all", "long"])
def test_every_field_goes_through_decoder_reducer_and_selection(
    name: str, *, known: bool
) -> None:
    payload = {**h.CORPUS, "all": h.ALL, "long": "y" * 100_000}[name]
    thread, turn = ("t", "u") if known else (None, None)
    store = Store()
    presenter = Presenter(store.world, cwd="/")
    store.subscribe(presenter.take)

    def text(_field: str) -> str:
        return payload

    def asked(message: h.Json) -> None:
        store.offer(decode_request(message, "1@1", 1, 0))

    for message in h.messages(text, thread, turn):
        store.offer_all(decode_notification(wire(message), CONTEXT))
    for message in h.requests(text, thread, turn):
        asked(wire(message))
    for method, result in h.replies(text, thread or payload).items():
        params = {"threadId": thread or payload}
        found = decode_response(method, params, wire(result), CONTEXT)
        store.offer_all(found)
    step = store.tick(1_800_000_000_000)
    assert step is not None
    assert step.world.threads
    for thread_id in step.world.threads:
        presenter.look(thread=ThreadId(thread_id), ask=ListAsk(filter=payload[:20]))
        presenter.threads(), presenter.header(), presenter.transcript()
        presenter.side(), presenter.banner(), presenter.status()
        presenter.composer()
        for _, review in presenter.waiting():
            presenter.look(review=review.key)
            assert presenter.card() is not None


# -- the bytes that leave the pty ------------------------------------------------------

OURS = re.compile(
    rb"\x1b\[[0-9;]*m"  # colours
    rb"|\x1b\[[0-9;]*[ABCDGH]"  # the cursor
    rb"|\x1b\[[0-2]?[JK]"
    rb"|\x1b\[\?(?:7|25|1000|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]"
    rb"|\x1b\[\?(?:2026|2048)\$p"
    rb"|\x1b\[>\d*u|\x1b\[<u"
    rb"|\x1b\]22;[a-z-]*\x07"  # the shape of the pointer
    rb"|\x1b\[2[23];2t"  # the title put aside and back
)
FORBIDDEN = re.compile(
    f"[\x00-\x06\x08-\x0c\x0e-\x1f\x7f-\x9f{BIDI}\u2028\u2029\ufeff\u200b\u2060]"
)


SAID = re.compile(rb"\x1b\](?:2|9);([^\x00-\x1f\x7f]*)\x07")
"""The title and the notice, both with text that is ours or went through a door."""


def faults(output: bytes) -> list[str]:
    """What left the pty and is neither a sequence of ours nor harmless text."""
    rest = SAID.sub(rb"\1", OURS.sub(b"", output))
    text = rest.decode("utf-8", "strict").replace("\r\n", "")
    found = [
        repr(text[max(0, m.start() - 30) : m.end() + 30])
        for m in FORBIDDEN.finditer(text.replace("\r", ""))
    ]
    found += [repr(m[0]) for m in re.finditer(rb"\x1b\[[^a-zA-Z]*31337", output)]
    return found


def test_what_is_looked_for_is_found() -> None:
    for name in ("csi", "link", "clipboard", "dcs", "c1", "c0", "bidi"):
        raw = h.CORPUS[name].encode("utf-8", "replace")
        assert faults(b"\x1b[1m" + raw), name
    assert not faults("\x1b[38;2;1;2;3mtext \u2026\r\n\x1b[?2026l".encode())


def script(text: h.Text, *, known: bool) -> dict[str, Any]:
    """A fake engine whose every word is hostile."""
    thread = "t"
    said = [*h.messages(text, thread, "u")]
    asked = [*h.requests(text, thread, "u")]
    if not known:
        said = [*said, *h.messages(text, None, None)]
        asked = [*h.requests(text, None, None)]
    results = h.replies(text, thread)
    row = results["thread/read"]["thread"]
    other = {**row, "id": text("Thread.id")} if not known else {**row, "id": "t2"}
    page = {"data": [row, other], "nextCursor": None}
    nothing: dict[str, Any] = {"reply": {"data": [], "nextCursor": None}}
    first = {"archived": False, "ancestorThreadId": None}
    # All is said once the list is answered; the bad news for the bottom line is last.
    words = [{"send": message} for message in (*said, *asked)]
    refused = {"error": {"code": 1, "message": text("error.message")}}
    return {
        "start": [{"stderr": 3}],
        "on": {
            **{method: [{"reply": result}] for method, result in results.items()},
            "thread/list": [
                {"match": first, "then": [{"reply": page}], "else": [nothing]}
            ],
            "thread/loaded/list": [{"reply": {"data": ["t"]}}, *words],
            "thread/name/set": [refused],
            "turn/start": [refused],
            "*": [nothing],
        },
    }


@pytest.fixture
def place() -> Iterator[Place]:
    with a_place() as made:
        made.codex_home.mkdir()
        yield made


KEYS = (
    "1",
    "\r",
    "G",
    "v",
    "3",
    "4",
    "5",
    "\r",
    "v",
    "j",
    "v",
    "j",
    "j",
    "o",
    "/",
    "q",
)


@pytest.mark.parametrize("known", [True, False], ids=["known ids", "hostile ids"])
@pytest.mark.parametrize("kind", ["all", "lines", "open"])
def test_only_our_own_sequences_leave_the_pty(
    place: Place, kind: str, *, known: bool
) -> None:
    opens = [h.CORPUS[name] for name in h.OPEN]
    payloads = {"all": [h.ALL], "lines": [h.CORPUS["lines"]], "open": opens}[kind]
    numbers = itertools.count(1)

    def text(_field: str) -> str:
        number = next(numbers)
        return f"Q{number}Q{payloads[number % len(payloads)]}"

    size = (200, 60) if known else (90, 24)
    with run(place, script(text, known=known), size=size) as terminal:
        terminal.wait_for("0.163.9")
        terminal.wait(lambda: re.search(r"Q\d+Q", terminal.words()), "any field")
        for key in KEYS:
            at = terminal.type(key)
            # Every key draws something, a message at least; not all do it at once.
            terminal.rest(at)
        # Read in one piece, esc and the next key would be one key with alt.
        terminal.rest(terminal.type("\x1b"))
        # What would end with the private engine is named, in hostile words, too.
        assert terminal.quit() == 0
        output = terminal.bytes
    found = faults(output)
    assert not found, (len(found), found[:3])
    titles = re.findall(rb"\x1b\]2;(.*?)\x07", output, re.S)
    assert not [t for t in titles if b"PWNED" in t or re.search(rb"Q\d+Q", t)]
    assert SAID.sub(b"", OURS.sub(b"", output)).count(b"\x07") < 40, "bells"
    seen = set(re.findall(r"Q(\d+)Q", terminal.words()))
    assert len(seen) >= 8, sorted(seen)
    assert [path.read_text() for path in place.own.glob("crash-*")] == []
