"""What a card says of a request, without a screen: all that is granted, unforgeable."""

from __future__ import annotations

from typing import Any

from state.model import World
from state.reduce import reduce
from state.select.review import Place, review_card
from state.tree import Forest
from state.views import ReviewCardView
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
    assert card.warnings == ("In a path or name: invisible characters: U+200B.",)
    files = {"write": ["/srv/\u202egnp\nx"]}
    card = carded("item/permissions/requestApproval", permissions={"fileSystem": files})
    assert "reorder" in card.warnings[0] and "U+000A" in " ".join(card.warnings)
