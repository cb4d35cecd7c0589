"""Every value the world can hold survives the store's JSON, by reflection."""

from __future__ import annotations

import dataclasses
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state import items
from state.db import rows
from state.db.codec import (
    BODIES,
    decode,
    decode_body,
    encode,
    encode_body,
    encode_extra,
    encode_turn,
    thread_extra,
    turn_facts,
)
from state.items import Item, ItemBody, Text, UserMessage
from state.model import (
    AutoReview,
    Decision,
    Review,
    Send,
    Settings,
    Terminal,
    Thread,
    TokenUsage,
    Turn,
)
from tests.soaking import examples

WHOLE = (AutoReview, Decision, Review, Send, Settings, Terminal, TokenUsage)
words = st.text(st.characters(codec="utf-8"), max_size=20)

st.register_type_strategy(str, words)
st.register_type_strategy(int, st.integers(-(2**53), 2**53))
st.register_type_strategy(Text, st.lists(words).map(lambda chunks: Text(*chunks)))


def _values(kind: type[Any], leave: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    names = [f.name for f in fields(kind) if f.compare and f.name not in leave]
    return st.builds(kind, **{name: st.from_type(hints[name]) for name in names})


@pytest.mark.parametrize("kind", get_args(ItemBody), ids=lambda kind: kind.__name__)
def test_every_item_kind_survives(kind: type[Any]) -> None:
    @settings(max_examples=examples(40), deadline=None)
    @given(_values(kind))
    def survives(body: ItemBody) -> None:
        assert decode_body(*encode_body(body)) == body

    survives()


@pytest.mark.parametrize("kind", WHOLE, ids=lambda kind: kind.__name__)
def test_every_other_value_survives(kind: type[Any]) -> None:
    @settings(max_examples=examples(40), deadline=None)
    @given(_values(kind))
    def survives(value: Any) -> None:
        assert decode(kind, encode(value)) == value

    survives()


@settings(max_examples=examples(40), deadline=None)
@given(_values(Turn, leave=("items",)))
def test_a_turn_s_facts_survive(turn: Turn) -> None:
    assert Turn(turn.id, turn.status, **turn_facts(encode_turn(turn))) == turn


@settings(max_examples=examples(30), deadline=None)
@given(_values(Thread, leave=(*rows.TABLES, "active_turn")))
def test_a_thread_s_row_survives(thread: Thread) -> None:
    flags = frozenset(f for f in thread.flags if f and " " not in f)
    thread = dataclasses.replace(thread, flags=flags)
    parts = rows.Parts()
    parts.complete.add(thread.id)
    restored = rows.threads([rows.thread_row(thread)], parts)
    assert restored == {thread.id: thread}


def test_every_field_of_a_thread_has_a_place() -> None:
    placed = {*rows.COLUMNS, *rows.EXTRA, *rows.TABLES}
    assert {f.name for f in fields(Thread) if f.compare} == placed


def test_every_field_of_a_turn_has_a_place() -> None:
    columns = {"id", "status", "items"}
    facts = set(turn_facts(encode_turn(Turn(items.TurnId("t")))))
    assert {f.name for f in fields(Turn)} == columns | facts


def test_the_kind_tags_are_the_class_names() -> None:
    # They are in files now: renaming a class needs a migration.
    assert sorted(BODIES) == [
        "AgentActivity",
        "AgentMessage",
        "Checklist",
        "CollabCall",
        "Command",
        "Compaction",
        "HiddenCommand",
        "HookPrompt",
        "ImageView",
        "Notice",
        "Patch",
        "ProposedPlan",
        "Reasoning",
        "ReviewMode",
        "Sleep",
        "ToolCall",
        "Unknown",
        "UserMessage",
        "WebSearch",
    ]


def test_a_kind_of_a_newer_program_is_kept() -> None:
    assert decode_body("Hologram", '{"x":1}') == items.Unknown("Hologram", '{"x":1}')


def test_a_broken_string_never_stops_a_batch() -> None:
    kind, body = encode_body(UserMessage("a\ud800b\x00c"))
    assert decode_body(kind, body) == UserMessage("a\ufffdb\x00c")


def test_notices_keep_their_bodies() -> None:
    notice = Item(
        items.ItemId("n"),
        items.Notice(items.Level.WARNING, "mind"),
        items.ItemStatus.COMPLETED,
        synthetic=True,
    )
    extra = encode_extra(Thread(items.ThreadId("t"), notices=(notice,)))
    assert extra is not None
    assert thread_extra(extra)["notices"] == (notice,)
