"""Every kind of card: what is asked, filled in, refused, folded, marked."""

from __future__ import annotations

from typing import Any

import pytest

from state.dataclass import replace
from state.events import ReviewAsked, ReviewDecided
from tests.screens.scripts import (
    AUTH,
    MINUTE,
    ROWS,
    asks,
    began,
    listed,
    opened,
    row,
    settings,
)
from tests.screens.stage import NOW, Json, card, connected, keys, stage, told
from tests.snap import SIZES, Act, Size, Snap, sizes
from tui.app import CodexTui

COMMAND = "item/commandExecution/requestApproval"
ELICIT = "mcpServer/elicitation/request"
HOSTILE = "echo \u202egnp.exe\u200b [/bold] \x1b[31mred\x1b[0m"
LONG = "cat > build.sh <<'EOF'\n" + "\n".join(
    f"step_{n:03} --target release --jobs 4" for n in range(398)
)
CJK = "/home/dev/文書/プロジェクト/設定ファイル.toml"
ONCE = ["accept", "cancel"]


LOW, HIGH, WIDE = SIZES
# A card is as wide in each of them; where only its height counts, fewer pictures do.
low = pytest.mark.parametrize("size", [LOW], ids=["80x24"])
low_and_high = pytest.mark.parametrize("size", [LOW, HIGH], ids=["80x24", "120x40"])
low_and_wide = pytest.mark.parametrize("size", [LOW, WIDE], ids=["80x24", "160x50"])


def world(*requests: Json, more: tuple[Json, ...] = (), **look: Any) -> CodexTui:
    """One thread that works, and these requests of it."""
    auth = row(AUTH, "review the auth middleware", 5 * MINUTE, "idle")
    start = [listed(auth, *ROWS), opened(auth), *began(AUTH, "t1", ago=300)]
    return stage(connected(), told(*start, *more, *requests), open_thread=AUTH, **look)


def command(text: str, **more: Any) -> Json:
    quoted = f"/bin/bash -lc '{text}'" if "'" not in text else text
    params = {
        "kind": "command",
        "environmentId": "local",
        "command": quoted,
        "cwd": "/home/dev/src/parsecache",
        "commandActions": [{"type": "unknown", "command": text}],
        "availableDecisions": ONCE,
        **more,
    }
    return asks(COMMAND, **params)


def ruled(text: str, proposed: list[str], **more: Any) -> Json:
    rule = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": proposed}}
    return command(
        text,
        proposedExecpolicyAmendment=proposed,
        availableDecisions=["accept", rule, "cancel"],
        **more,
    )


def both(*acts: Act) -> Act:
    """One after another."""

    async def act(pilot: Any) -> None:
        for one in acts:
            result = one(pilot)
            if result is not None:
                await result  # type: ignore[misc]

    return act


# -- commands ----------------------------------------------------------------------


@sizes
def test_command_without_a_reason(snap_of: Snap, size: Size) -> None:
    """The request does not say whether it leaves the sandbox, so neither do we."""
    words = ["in this turn", "or without it: the request", "armed: letters decide"]
    app = world(ruled("git log --oneline", ["git", "log", "--oneline"]))
    snap_of(app, size, run_before=card(), must_contain=words)


@low_and_high
def test_extra_permissions(snap_of: Snap, size: Size) -> None:
    extra = {
        "network": {"enabled": True},
        "fileSystem": {"read": None, "write": ["/opt/tools"]},
    }
    asked = command(
        "make install", reason="It goes to /opt.", additionalPermissions=extra
    )
    words = ["exactly these extra permissions", "/opt/tools"]
    snap_of(world(asked), size, run_before=card(), must_contain=words)


@low_and_high
def test_connection(snap_of: Snap, size: Size) -> None:
    rule = {"host": "crates.example.org", "action": "allow"}
    asked = asks(
        COMMAND,
        kind="command",
        itemId="network#local#https#crates.example.org#443#x",
        reason="Network access to crates.example.org requires approval",
        networkApprovalContext={"host": "crates.example.org", "protocol": "https"},
        proposedNetworkPolicyAmendments=[rule, {**rule, "action": "deny"}],
        availableDecisions=[
            "accept",
            "acceptForSession",
            {"applyNetworkPolicyAmendment": {"network_policy_amendment": rule}},
            "cancel",
        ],
    )
    words = ["Connections to crates.example.org are refused", "/grants"]
    words += ["b again to block it", "allow this host in the future"]
    snap_of(world(asked), size, run_before=card("b"), must_contain=words)


@low_and_high
def test_input_to_a_terminal(snap_of: Snap, size: Size) -> None:
    asked = command(
        "write_stdin --session-id 4553 'hello\n'",
        kind="writeStdin",
        approvalId="call-272-0",
        reason="Send input to an existing terminal. This terminal was launched outside "
        "the sandbox, bypassing any managed network proxy.",
    )
    words = ["send input to the existing terminal?", "a terminal that runs without the"]
    snap_of(world(asked), size, run_before=card(), must_contain=words)


@low_and_high
def test_human_command(snap_of: Snap, size: Size) -> None:
    asked = command(
        "deploy production",
        kind="humanCommand",
        approvalId="a1",
        reason="`deploy production` requires human approval: needs a person",
        availableDecisions=["accept", "decline", "cancel"],
    )
    words = ["A managed rule wants a person", "deploy production"]
    snap_of(world(asked), size, run_before=card(), must_contain=words)


@low_and_high
def test_long_command_is_folded(snap_of: Snap, size: Size) -> None:
    """What was not shown cannot be accepted."""
    words = ["387 more lines · v shows all", "v first: 387 lines are not shown"]
    act = both(card(), keys("end"))
    if size[1] > 30:
        snap_of(world(command(LONG)), size, run_before=act, must_contain=words)
    else:
        snap_of(world(command(LONG)), size, run_before=act, must_contain=words[1:])


@low
def test_long_command_whole(snap_of: Snap, size: Size) -> None:
    words = ["step_000"]
    snap_of(
        world(command(LONG)), size, run_before=card("v"), must_contain=words, drawn=True
    )


def hostile(**look: Any) -> CodexTui:
    asked = ruled(
        f"{HOSTILE} > {CJK}", ["echo", "\u202egnp"], reason="\x1b]0;x\x07[red]trust me"
    )
    return world(asked, **look)


DRAWN = ["‹U+202E›", "‹U+200B›", "‹U+001B›", "設定ファイル.toml"]


@sizes
def test_hostile_command(snap_of: Snap, size: Size) -> None:
    snap_of(hostile(), size, run_before=card(), must_contain=DRAWN)


@pytest.mark.parametrize("theme", ["ink", "paper"])
def test_hostile_command_not_armed(snap_of: Snap, theme: str) -> None:
    act = card(armed=False)
    snap_of(hostile(theme=theme), (120, 40), run_before=act, must_contain=DRAWN)


@low_and_high
def test_rule_with_fewer_words(snap_of: Snap, size: Size) -> None:
    """The rule's words one by one; what it lets in is called out."""
    words = ["[python3]", "Careful: python3 is", "fewer, more words"]
    asked = ruled("python3 tools/gen.py --all", ["python3", "tools/gen.py"])
    act = card("p", "left")
    snap_of(
        world(asked),
        size,
        run_before=act,
        must_contain=words,
        drawn=True,
    )


@low_and_high
def test_asked_again_and_again(snap_of: Snap, size: Size) -> None:
    requests = [
        {**ruled("cargo fetch", ["cargo", "fetch"], itemId=f"i{n}"), "id": n}
        for n in range(6)
    ]
    words = ["Asked 6 times", "p writes a rule that ends this everywhere"]
    act = both(card(), keys("end"))
    snap_of(world(*requests), size, run_before=act, must_contain=words)


@low_and_wide
def test_marked_together(snap_of: Snap, size: Size) -> None:
    """Not before each of them was looked at."""
    requests = [
        {**ruled("cargo fetch", ["cargo", "fetch"], itemId=f"i{n}"), "id": n}
        for n in range(3)
    ]
    act = both(keys("r", "space", "space", "space", "home"), card(), keys("end"))
    words = ["Yes, proceed · all 3 marked", "2 of the marked not shown yet: j"]
    snap_of(world(*requests), size, run_before=act, must_contain=words)


# -- edits -------------------------------------------------------------------------


@low
def test_edits_of_an_unknown_item(snap_of: Snap, size: Size) -> None:
    app = world(asks("item/fileChange/requestApproval"))
    words = ["The edits themselves are not known here."]
    snap_of(app, size, run_before=card(), must_contain=words)


# -- permissions -------------------------------------------------------------------

PERMISSIONS = {
    "network": {"enabled": True},
    "fileSystem": {
        "entries": [
            {"path": {"type": "path", "path": "/srv/cache"}, "access": "write"},
            {"path": {"type": "path", "path": CJK}, "access": "read"},
            {
                "path": {"type": "special", "value": {"kind": "tmpdir"}},
                "access": "write",
            },
        ]
    },
}


def permissions(**look: Any) -> CodexTui:
    return world(
        asks(
            "item/permissions/requestApproval",
            cwd="/home/dev/src/parsecache",
            reason="The build writes its cache there.",
            permissions=PERMISSIONS,
        ),
        **look,
    )


@sizes
def test_permissions(snap_of: Snap, size: Size) -> None:
    words = ["Would you like to grant these permissions?", "[x] write /srv/cache"]
    snap_of(permissions(), size, run_before=card(), must_contain=words)


@pytest.mark.parametrize("theme", ["paper", "codex-ansi"])
def test_permissions_in_other_themes(snap_of: Snap, theme: str) -> None:
    words = ["[x] write /srv/cache", "[ ] read"]
    act = card("down", "space")
    app = permissions(theme=theme)
    snap_of(
        app,
        (120, 40),
        run_before=act,
        must_contain=words,
        drawn=True,
    )


@low_and_high
def test_permissions_narrowed(snap_of: Snap, size: Size) -> None:
    """Less than was asked, for the session: spelled out."""
    act = card("down", "space", "down", "space", "end", "a")
    words = ["a again to grant it", "[x] write /srv/cache", "[ ] read /home/dev"]
    if size[1] < 30:
        words = words[:1]
    snap_of(
        permissions(),
        size,
        run_before=act,
        must_contain=words,
        drawn=True,
    )


# -- questions and forms -----------------------------------------------------------


def questions() -> CodexTui:
    options = [
        {"label": "Red (Recommended)", "description": "warm"},
        {"label": "Blue", "description": "cool"},
    ]
    asked = [
        {
            "id": "color",
            "header": "Color",
            "question": "Which colour shall the banner have?",
            "isOther": True,
            "options": options,
        },
        {"id": "why", "header": "Why", "question": "Why?", "options": None},
        {
            "id": "key",
            "header": "Key",
            "question": "The key of the registry?",
            "isSecret": True,
            "options": None,
        },
    ]
    return world(asks("item/tool/requestUserInput", questions=asked, isBlocking=False))


@sizes
def test_questions(snap_of: Snap, size: Size) -> None:
    words = ["Which colour shall the banner have?", "(•) Blue", "armed"]
    snap_of(
        questions(),
        size,
        run_before=card("down", "space"),
        must_contain=words,
        drawn=True,
    )


@low
def test_question_in_own_words(snap_of: Snap, size: Size) -> None:
    """The words are written in a place of their own: no letter decides meanwhile."""
    act = both(card("down", "down", "enter"), keys("y", "a", "y"))
    words = ["in your own words: ", "yay", "not armed"]
    snap_of(questions(), size, run_before=act, must_contain=words)


@low
def test_secret_answer(snap_of: Snap, size: Size) -> None:
    act = both(
        card("down", "down", "down", "down", "enter"),
        keys("h", "u", "n", "t", "e", "r", "2", "enter"),
    )
    words = ["written, not shown"]
    snap_of(questions(), size, run_before=act, must_contain=words)


def form(**more: Any) -> Json:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "title": "Name", "minLength": 2},
            "mail": {"type": "string", "format": "email"},
            "ok": {"type": "boolean", "title": "Send me news", "default": True},
            "level": {
                "type": "string",
                "enum": ["a", "b"],
                "enumNames": ["Low", "High"],
            },
            "seats": {"type": "integer", "minimum": 1, "default": 3},
        },
        "required": ["name"],
    }
    given = {
        "mode": "form",
        "serverName": "tickets",
        "message": "Who opens this ticket?",
    }
    return asks(ELICIT, requestedSchema=schema, _meta=None, **{**given, **more})


@low_and_high
def test_form_with_a_fault(snap_of: Snap, size: Size) -> None:
    words = ["tickets asks you: Who opens this ticket?", "Name is needed"]
    if size[1] < 30:
        words = words[1:]
    act = both(card(), keys("down", "down", "down", "down", "down", "pagedown"))
    snap_of(world(form()), size, run_before=act, must_contain=words)


@low
def test_form_that_cannot_be_shown(snap_of: Snap, size: Size) -> None:
    nested = {"type": "object", "properties": {"deep": {"type": "object"}}}
    asked = asks(
        ELICIT,
        mode="form",
        serverName="tickets",
        message="Fill in.",
        requestedSchema=nested,
    )
    words = ["tickets asks you: Fill in.", "No, go on without it"]
    snap_of(world(asked), size, run_before=card(), must_contain=words)


@low_and_high
def test_address_to_open(snap_of: Snap, size: Size) -> None:
    asked = asks(
        ELICIT,
        mode="url",
        serverName="tickets",
        message="Log in there, please.",
        url="https://tickets.example.org/login?state=\u202e9",
        elicitationId="e1",
    )
    words = ["tickets asks you to open an address", "login?state=‹U+202E›9"]
    snap_of(world(asked), size, run_before=card(), must_contain=words)


@low_and_high
def test_tool(snap_of: Snap, size: Size) -> None:
    meta = {
        "codex_approval_kind": "mcp_tool_call",
        "persist": ["session", "always"],
        "tool_name": "drop_table",
        "tool_title": "Drop a table",
        "tool_description": "Removes a table and all its rows.",
        "tool_annotations": {"destructiveHint": True, "openWorldHint": True},
        "tool_params": {"table": "users", "force": True},
        "tool_params_display": [
            {"name": "table", "value": "users", "display_name": "Table"}
        ],
    }
    empty = {"type": "object", "properties": {}}
    asked = asks(
        ELICIT,
        mode="form",
        serverName="database",
        message='Allow the database MCP server to run tool "drop_table"?',
        requestedSchema=empty,
        _meta=meta,
    )
    words = ["Would you like to run this tool?", "outside the sandbox", "Table: users"]
    snap_of(world(asked), size, run_before=card(), must_contain=words)


# -- what is not ours --------------------------------------------------------------


@low
@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("item/tool/call", "This waits for the client that owns the tool."),
        ("future/method", "This waits for the client that owns it."),
        (COMMAND, "This request has a form that codex-tui does not know"),
    ],
    ids=["tool", "unknown", "malformed"],
)
def test_not_ours(snap_of: Snap, size: Size, method: str, words: str) -> None:
    params: Json = {"callId": "c", "tool": "lookup", "arguments": {"q": "x"}}
    if method == COMMAND:
        params = {"kind": 7, "command": ["no", "text"]}
    app = world(asks(method, **params))
    snap_of(app, size, run_before=card(), must_contain=[words])


def test_full_access_has_no_sandbox(snap_of: Snap) -> None:
    more = (settings(AUTH, {"type": "dangerFullAccess"}),)
    auth = row(AUTH, "review the auth middleware", 5 * MINUTE, "idle")
    start = [listed(auth), opened(auth, {"type": "dangerFullAccess"})]
    asked = command("rm -rf build")
    told_ = told(*start, *more, *began(AUTH, "t1", ago=300), asked, at_ms=NOW)
    app = stage(connected(), told_, open_thread=AUTH)
    words = ["without the sandbox"]
    snap_of(app, (120, 40), run_before=card(), must_contain=words)


def test_asked_again_for_the_answer_did_not_arrive(snap_of: Snap) -> None:
    """A connection ended between the letter and the engine: it waits again, and says
    what was decided before."""
    auth = row(AUTH, "review the auth middleware", 5 * MINUTE, "idle")
    start = [listed(auth, *ROWS), opened(auth), *began(AUTH, "t1", ago=300)]
    history = told(*start, command("npm ci"))
    asked = history[-1]
    assert isinstance(asked, ReviewAsked)
    review = asked.review
    yes = next(d for d in review.decisions if d.letter == "y")
    decided = ReviewDecided(review.thread_id, review.key, yes, NOW - 9_000)
    again = ReviewAsked(review.thread_id, replace(review, connection=2), NOW)
    app = stage(connected(), [*history, decided, again], open_thread=AUTH)
    words = ["your “Yes, proceed” did not reach the engine", "y  Yes, proceed"]
    snap_of(app, (120, 40), run_before=card(), must_contain=words)
