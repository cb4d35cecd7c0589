"""Read models that show the same are told apart from those that do not."""

from __future__ import annotations

from dataclasses import replace

from state.items import ThreadId
from state.select.same import kept, same
from state.views import Bit, Glyph, ThreadGroup, ThreadListView, ThreadRow, Tone


def _list(title: str = "a", bit: str = "why") -> ThreadListView:
    row = ThreadRow(ThreadId("1"), Glyph.WORK, Tone.WORK, title, (Bit(bit),))
    return ThreadListView((ThreadGroup("Working", Tone.MUTED, (row,)),), 1)


def test_made_twice_it_is_the_same() -> None:
    one = _list()
    assert one != _list(), "read models compare by identity"
    assert same(one, _list())
    assert kept(one, _list()) is one


def test_a_difference_far_down_is_seen() -> None:
    one = _list()
    for other in (
        _list("b"),
        _list(bit="because"),
        replace(one, total=2),
        replace(one, groups=()),
        replace(one, groups=(*one.groups, *one.groups)),
    ):
        assert not same(one, other)
        assert kept(one, other) is other


def test_nothing_and_something_differ() -> None:
    one = _list()
    assert kept(None, one) is one
    assert kept(one, None) is None
    assert same(None, None)


def test_one_is_not_true() -> None:
    """Equal values of another kind read differently."""
    assert not same(1, True)
