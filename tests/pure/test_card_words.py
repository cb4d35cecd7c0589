"""What a card says of a request, without a screen: all that is granted, unforgeable."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.model import World
from state.reduce import reduce
from state.select.review import Place, review_card
from state.tree import Forest
from state.views import ReviewCardView
from state.web_address import address_of
from tests.screens.scripts import AUTH, asks, listed, row
from tests.screens.stage import told

COMMAND = "item/commandExecution/requestApproval"


def carded(method: str, **params: Any) -> ReviewCardView:
    """The card of this request."""
    world = World()
    for event in told(listed(row(AUTH, "auth", 60, "idle")), asks(method, **params)):
        world = reduce(world, event)
    (review,) = world.threads[next(iter(world.threads))].reviews.values()
    forest = Forest()
    forest.update(world.threads, world.threads)
    return review_card(world, forest, review, Place(1, 1), ())


def writes(card: ReviewCardView) -> str:
    """What it would write."""
    return next(value for name, value, _ in card.runs if name == "writes")


def test_extra_permissions_that_stand_in_entries_alone_are_told() -> None:
    """An engine lists paths, entries, or both: none of them is left out."""
    path = {"type": "special", "value": {"kind": "root"}}
    files = {
        "read": None,
        "write": None,
        "entries": [{"path": path, "access": "write"}],
    }
    asked = {"network": None, "fileSystem": files}
    card = carded(COMMAND, command="ls", additionalPermissions=asked)
    assert writes(card) == ":root"
    strange = {"fileSystem": {"write": [{"no": "path"}, 7, "/p"], "read": 7}}
    card = carded(COMMAND, command="ls", additionalPermissions=strange)
    assert writes(card) == "/p"


def test_a_line_of_a_tools_argument_is_no_argument() -> None:
    meta = {
        "codex_approval_kind": "mcp_tool_call",
        "tool_name": "drop",
        "tool_params": {"text": "hello\ntable: users", "a\nforce": "no"},
    }
    card = carded(
        "mcpServer/elicitation/request",
        mode="form",
        serverName="db",
        message="?",
        requestedSchema={"type": "object", "properties": {}},
        _meta=meta,
    )
    assert card.command is not None
    name, _first, forged = card.command.text.split("\n")
    assert forged == "    table: users"
    assert name == '"a\\nforce": no'


def test_what_hides_in_a_path_or_host_is_called_out() -> None:
    host = {"host": "ex\u200bample.org", "protocol": "https"}
    card = carded(COMMAND, networkApprovalContext=host)
    hidden, host_is = card.warnings
    assert hidden == "In a path or name: invisible characters: U+200B."
    assert host_is.endswith("looked up as example.org.")
    files = {"write": ["/srv/\u202egnp\nx"]}
    card = carded("item/permissions/requestApproval", permissions={"fileSystem": files})
    assert "reorder" in card.warnings[0] and "U+000A" in " ".join(card.warnings)


def opening(url: str) -> ReviewCardView:
    """The card of an address that is to be opened."""
    given = {"mode": "url", "serverName": "s", "message": "?", "elicitationId": "e"}
    return carded("mcpServer/elicitation/request", url=url, **given)


@pytest.mark.parametrize(
    ("url", "host", "warning"),
    [
        ("https://tickets.example.org:8443/x", "tickets.example.org:8443", ""),
        ("http://127.0.0.1:1/x", "127.0.0.1:1", ""),
        ("http://localhost/x", "localhost", ""),
        ("https://[2001:db8::1]/x", "[2001:db8::1]", ""),
        ("http://example.org/x", "example.org", "Not https"),
        ("https://bank.example@evil.example/", "evil.example", "before the @"),
        ("https://bank.example:pw@evil.example/", "evil.example", "before the @"),
        ("https://good.example\\@evil.example/", "evil.example", "another host"),
        ("https://xn--pple-43d.com/", "xn--pple-43d.com", "show it as \u0430pple.com"),
        ("https://\u0430pple.com/", "\u0430pple.com", "looked up as xn--pple-43d.com"),
        ("javascript:alert(1)", "not known", "no web address"),
        ("file:///etc/passwd", "not known", "no web address"),
        ("https://", "not known", "No host"),
        ("https://[x/", "not known", "No host"),
        ("https://a:99999/", "not known", "No host"),
        ("https://a\u202e.example/", "a\u2039U+202E\u203a.example", "beyond a to z"),
        ("https://a;b.example/", "a;b.example", "signs that no host has"),
    ],
)
def test_where_an_address_leads(url: str, host: str, warning: str) -> None:
    card = opening(url)
    assert dict(card.facts)["host"] == host
    found = " ".join(w for w in card.warnings if "In a path" not in w)
    assert (warning in found) if warning else not found, found
    assert "\u202e" not in found


@given(st.text())
def test_any_address_is_read(url: str) -> None:
    address_of(url)
    address_of(f"https://{url}")


def test_a_host_that_looks_like_another_is_called_out() -> None:
    host = {"host": "xn--pple-43d.com", "protocol": "https"}
    card = carded(COMMAND, networkApprovalContext=host)
    assert "show it as \u0430pple.com" in " ".join(card.warnings)
