"""Both directions of the protocol against the schema the installed engines print."""

from __future__ import annotations

import inspect as python
import json
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from state.answers import offers
from state.approvals import ALL_ON
from state.changes import ChangeSettings, ConfigEdit
from state.commands import StartThread
from state.engine import calls
from state.engine.wire import item_structs, structs
from state.engine.wire.notifications import IGNORED, KNOWN, RAW
from state.engine.wire.requests import FOREIGN_REQUESTS, KNOWN_REQUESTS, decode_request
from state.events import ReviewAsked
from state.forms import FieldKind, form_of
from state.items import ThreadId
from state.looks import Look
from state.model import ClientId, Decision, Review, Sandbox, SandboxMode
from state.permissions.reach import Way
from state.permissions.trial import Attempt
from state.select.failures import MEANING
from tests.engine.harness import EngineUnderTest, each_engine
from tests.engine.schema import Protocol, check, protocol
from tests.recordings import NAMES, events

START = StartThread(
    client_id=ClientId("c"),
    cwd="/w",
    text="hi",
    model="m",
    effort="high",
    sandbox="workspace-write",
    approval_policy="on-request",
    reviewer="auto_review",
)
READ_ONLY = SandboxMode.READ_ONLY
CALLS = (
    calls.list_threads(archived=False),
    calls.list_threads(archived=True, cursor="x"),
    calls.list_agents("t"),
    calls.list_agents("t", "x"),
    calls.list_loaded(),
    calls.list_loaded("x"),
    calls.read_thread("t"),
    calls.join("t", recent_turns=2),
    calls.resume("t"),
    calls.resume("t", sandbox="read-only", approval_policy="never", recent_turns=2),
    calls.start_thread(START, cwd="/w", sandbox="read-only", environment={"A": "b"}),
    calls.start_thread(
        StartThread(ClientId("c"), "/w", ""), cwd="/w", sandbox=None, environment={}
    ),
    calls.fork("t"),
    calls.start_turn("t", "hi", "c"),
    calls.steer("t", "u", "hi", "c"),
    calls.interrupt("t", "u"),
    calls.queue_add("t", "hi", "c"),
    calls.queue_list("t"),
    calls.queue_list("t", "x"),
    calls.queue_update("t", "e", "hi"),
    calls.queue_reorder("t", ("b", "a")),
    calls.queue_delete("t", "e"),
    calls.queue_start("t"),
    calls.delete("t"),
    calls.goal("t"),
    calls.list_turns("t"),
    calls.list_turns("t", "x"),
    calls.newest_turn("t"),
    calls.list_terminals("t"),
    calls.list_terminals("t", "cursor"),
    calls.stop_terminal("t", "1"),
    calls.stop_terminals("t"),
    calls.fork("t", sandbox="read-only"),
    calls.fork("t", profile=":workspace"),
    calls.rename("t", "n"),
    calls.archive("t"),
    calls.unarchive("t"),
    calls.mark_read("t", "r"),
    calls.run_shell("t", "ls"),
    calls.list_models(),
    calls.set_trust('/w"x', "trusted"),
    calls.set_trust("/w", None),
    calls.probe(Attempt("/w", Way.WRITE, "/w/a", Sandbox(SandboxMode.READ_ONLY))),
    calls.probe(Attempt("/w", None, "", Sandbox(SandboxMode.WORKSPACE_WRITE))),
    calls.probe(Attempt("/w", Way.READ, "/w/a", profile="dev")),
    calls.look(Look(("git", "status"), "/w", {"LC_ALL": "C", "GIT_DIR": None})),
    calls.start_under("dev"),
    calls.look(Look(("git", "status"), "/w", roots=("/w/.git", "/w-worktrees"))),
    calls.read_account(),
    calls.log_in("apiKey", "s"),
    calls.log_in("deviceCode", ""),
    calls.read_config(),
    calls.read_config("/w"),
    calls.trust('/w "q"'),
    calls.change_settings(ChangeSettings(ThreadId("t"))),
    calls.change_settings(
        ChangeSettings(ThreadId("t"), "on-request", (), "auto_review", ":workspace")
    ),
    calls.change_settings(
        ChangeSettings(ThreadId("t"), "granular", ALL_ON, sandbox=Sandbox(READ_ONLY))
    ),
    *(
        calls.change_settings(ChangeSettings(ThreadId("t"), sandbox=Sandbox(mode)))
        for mode in SandboxMode
    ),
    calls.change_turn_reviewer("t", "u", "user"),
    calls.read_layers(),
    calls.read_layers("/w"),
    calls.read_limits(),
    calls.windows_readiness(),
    calls.list_profiles("/w"),
    calls.list_profiles("/w", "x"),
    calls.list_features(),
    calls.list_features("x"),
    calls.write_config((ConfigEdit("a.b", None), ConfigEdit("c", {"d": True}))),
    calls.write_value("features.hooks", True),
    calls.list_folder("/w"),
    calls.read_file("/w/a"),
    calls.write_file("/w/a", "YQ=="),
    calls.remove_file("/w/a"),
    calls.make_folder("/w"),
    calls.approve_denial("t", {"id": "r"}),
)

OTHER_CALLS = ("initialize", "server/diagnostics", "command/exec")

# Notifications of a newer engine than the oldest one tested.
NEWER = frozenset({"thread/search/partial", "thread/section/changed"})

# Requests that the newest engine tested sends no more.
OLDER_REQUESTS = frozenset({"currentTime/read"})

# What a struct reads that its definition does not list, and why.
BEYOND = {
    "WireItem": {"startedAtMs", "completedAtMs"},  # sent, but in no schema
}
# Fields that only newer engines have; absent, they are unknown.
NEWER_FIELDS = {"ThreadSettings": {"environments"}}
# struct -> definition, where the names differ
DEFINITIONS = {"TextElement": "UserInput"}


def _builders() -> list[Callable[..., Any]]:
    return [
        function
        for name, function in python.getmembers(calls, python.isfunction)
        if function.__module__ == calls.__name__ and not name.startswith("_")
    ]


def test_every_call_has_a_sample() -> None:
    source = python.getsource(python.getmodule(test_every_call_has_a_sample) or calls)
    missing = [f.__name__ for f in _builders() if f"calls.{f.__name__}(" not in source]
    assert missing == []


@each_engine
def test_every_method_we_call_exists(engine: EngineUnderTest) -> None:
    known = protocol(engine).methods("ClientRequest").keys()
    ours = {call.method for call in CALLS} | set(OTHER_CALLS)
    assert ours - known == set()


def _takes_nothing(told: Protocol, call: calls.Call) -> bool:
    """The schema knows no params; every engine takes our empty ones."""
    wanted = told.methods("ClientRequest")[call.method]["properties"]["params"]
    return bool(wanted == {"type": "null"} and call.params == {})


@each_engine
def test_every_request_fits_the_schema(engine: EngineUnderTest) -> None:
    told = protocol(engine)
    for call in CALLS:
        if _takes_nothing(told, call):
            continue
        faults = told.faults("ClientRequest", call.method, call.params)
        assert faults == [], call


@each_engine
def test_no_request_has_a_field_the_schema_lacks(engine: EngineUnderTest) -> None:
    told = protocol(engine)
    for call in CALLS:
        if _takes_nothing(told, call):
            continue
        schema = told.methods("ClientRequest")[call.method]["properties"]["params"]
        name = schema["$ref"].rpartition("/")[2]
        assert call.params.keys() - told.fields(name) == set(), call


@each_engine
def test_every_notification_is_known_in_both_directions(
    engine: EngineUnderTest,
) -> None:
    told = protocol(engine).methods("ServerNotification").keys()
    assert told - KNOWN - IGNORED == set()
    assert (KNOWN | IGNORED) - told - RAW <= NEWER


@each_engine
def test_every_request_of_the_engine_is_known(engine: EngineUnderTest) -> None:
    told = protocol(engine).methods("ServerRequest").keys()
    assert told - KNOWN_REQUESTS - FOREIGN_REQUESTS == set()
    assert (KNOWN_REQUESTS | FOREIGN_REQUESTS) - told <= OLDER_REQUESTS


def _wire_structs() -> list[type[msgspec.Struct]]:
    return [
        struct
        for module in (structs, item_structs)
        for _, struct in python.getmembers(module, python.isclass)
        if issubclass(struct, msgspec.Struct)
        and struct.__module__ == module.__name__
        and struct not in (structs.Wire, item_structs.WireItem)
    ]


def _encoded(struct: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}


@each_engine
def test_every_field_we_read_exists(engine: EngineUnderTest) -> None:
    told = protocol(engine)
    items = told.item_fields()
    for struct in _wire_structs():
        if issubclass(struct, item_structs.WireItem):
            tag = struct.__struct_config__.tag
            listed = items[str(tag)] | BEYOND["WireItem"]
        else:
            listed = told.fields(DEFINITIONS.get(struct.__name__, struct.__name__))
        strange = _encoded(struct) - listed
        assert strange <= NEWER_FIELDS.get(struct.__name__, set()), struct.__name__


@each_engine
def test_every_item_kind_of_ours_is_the_engines(engine: EngineUnderTest) -> None:
    ours = {
        str(struct.__struct_config__.tag) for struct in get_args(item_structs.AnyItem)
    }
    assert ours - protocol(engine).item_fields().keys() == set()


@each_engine
def test_every_way_to_fail_has_its_words(engine: EngineUnderTest) -> None:
    """The codes are in no list of the protocol's own: words, and keys with details."""
    told = protocol(engine).definitions["CodexErrorInfo"]
    codes: set[str] = set()
    for way in told.get("anyOf") or told["oneOf"]:
        codes |= {*way.get("enum", ()), *way.get("required", ())}
    assert {"contextWindowExceeded", "responseStreamDisconnected"} <= codes
    assert codes - MEANING.keys() == set()


RESPONSES = {
    "item/commandExecution/requestApproval": "CommandExecutionRequestApprovalResponse",
    "item/fileChange/requestApproval": "FileChangeRequestApprovalResponse",
    "item/permissions/requestApproval": "PermissionsRequestApprovalResponse",
    "item/tool/requestUserInput": "ToolRequestUserInputResponse",
    "mcpServer/elicitation/request": "McpServerElicitationRequestResponse",
}


def _filled_in(review: Review) -> list[Decision]:
    """The answers when something is filled in or chosen."""
    form = form_of(review.method, review.params)
    if form is None:
        return []
    values = dict(form.defaults())
    for field in form.fields:
        chosen = tuple(option.value for option in field.options[:1])
        match field.kind:
            case FieldKind.MANY:
                values[field.key] = chosen
            case FieldKind.ONE:
                values[field.key] = chosen[0]
            case FieldKind.TEXT:
                values[field.key] = "words"
            case FieldKind.NUMBER | FieldKind.INTEGER:
                values[field.key] = "1"
            case FieldKind.FLAG:
                values[field.key] = True
    return [o.decision for o in offers(review, values) if not o.problem]


def _answers_fit(told: Protocol, asked: ReviewAsked) -> None:
    for decision in (*asked.review.decisions, *_filled_in(asked.review)):
        schema = told.definitions[RESPONSES[asked.review.method]]
        definitions = {**told.definitions, **schema.get("definitions", {})}
        result = json.loads(decision.result)
        faults = list(check(result, schema, definitions, decision.letter))
        assert faults == [], (asked.review.method, decision)


@each_engine
@pytest.mark.parametrize("name", NAMES)
def test_every_answer_we_offer_fits_the_schema(
    engine: EngineUnderTest, name: str
) -> None:
    for event in events(name):
        if isinstance(event, ReviewAsked):
            _answers_fit(protocol(engine), event)


@each_engine
def test_the_answers_no_recording_has_fit_the_schema(engine: EngineUnderTest) -> None:
    asked = {"threadId": "t", "turnId": "u", "itemId": "i", "cwd": "/w"}
    entry = {"path": {"type": "path", "path": "/p"}, "access": "write"}
    files = {"read": None, "write": ["/p"], "entries": [entry]}
    network = {"enabled": True}
    permissions = {"fileSystem": files, "network": network}
    tool = {
        "threadId": "t",
        "serverName": "s",
        "mode": "form",
        "message": "m",
        "requestedSchema": {"type": "object", "properties": {}},
        "_meta": {
            "codex_approval_kind": "mcp_tool_call",
            "persist": ["session", "always"],
        },
    }
    question = {"id": "q", "header": "h", "question": "?", "isOther": True}
    option = {"label": "Red", "description": "warm"}
    questions = [{**question, "options": [option]}]
    for method, params in (
        ("item/permissions/requestApproval", {**asked, "permissions": permissions}),
        ("item/tool/requestUserInput", {**asked, "questions": questions}),
        ("mcpServer/elicitation/request", tool),
        ("mcpServer/elicitation/request", {**tool, "mode": "url", "url": "x:y"}),
    ):
        message = {"id": 1, "method": method, "params": params}
        event = decode_request(message, "e", 1, 0)
        assert isinstance(event, ReviewAsked)
        assert event.review.decisions
        _answers_fit(protocol(engine), event)


@each_engine
def test_the_checker_finds_what_is_wrong(engine: EngineUnderTest) -> None:
    told = protocol(engine)
    for params in (
        {},
        {"threadId": 5, "input": []},
        {"threadId": "t", "input": [{"type": "telepathy"}]},
        {"threadId": "t", "input": [], "approvalPolicy": "sometimes"},
        {"threadId": "t", "input": [{"type": "text"}]},
    ):
        assert told.faults("ClientRequest", "turn/start", params), params
