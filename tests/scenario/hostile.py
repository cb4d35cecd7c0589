"""Text that wants to be more than text, in every string field that the wire has.

Owns the corpus, how a wire struct is filled with it (by reflection), and which message
carries which struct. Invariant: every struct of the wire is carried by some message; a
new one that is not fails `test_every_struct_is_carried`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from state.engine.wire import item_structs, structs

Json = dict[str, Any]

CORPUS: dict[str, str] = {
    "markup": "[/foo][@click=app.quit]x[/][link=http://evil.test]y[bold red]\\[z]",
    "csi": "a\x1b[31337mb\x1b[2Jc\x1b[99;99Hd\x1b[?1049le\x1b[6nf",
    "title": "a\x1b]0;PWNED\x07b\x1b]2;PWNED\x1b\\c",
    "link": "\x1b]8;;http://evil.test\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;UFdORUQ=\x07\x1b]52;c;UFdORUQ=\x1b\\",
    "dcs": "\x1bP+q544e\x1b\\x\x1b_Gi=31337;AAAA\x1b\\y\x1b^pm\x1b\\z\x1bXsos\x1b\\",
    "lone escapes": "\x1bc\x1b7\x1b8\x1bM\x1b#8\x1b(0\x1b=\x1b>",
    "c1": "\x9b31337m\x9d0;PWNED\x9c\x90q\x9c\x84\x85\x8d\x9e\x9f",
    "c0": "\x00\x01\x05\x07\x08\x0b\x0c\x0e\x0f\x11\x13\x18\x1a\x7f",
    "returns": "one\rtwo\r\nthree\n\rfour\ttab",
    "bidi": "a\u202egnp.exe\u202c\u2066b\u2069\u200e\u200f\u061c\u202a\u202b\u202d",
    "zero width": "a\u200bb\u2060c\ufeffd\u00ade\u034ff\u115fg\u3164h\U000e0041i",
    "joiners": "a\u200db\u200c\u200d\u200d\ufe0f\ufe0f\ufe0e c",
    "surrogates": "a\ud800b\udfffc\udc1bd",
    "cjk": "\u4e2d\u6587\u5b57\u7b26 \uff21\uff22 \ud55c\uad6d\uc5b4",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea "
    "\U0001f44d\U0001f3fd \u2764\ufe0f 1\ufe0f\u20e3",
    "rtl": "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u0710",
    "combining": "e" + "\u0301\u0316" * 300 + "Z" + "\u0489" * 50,
    "separators": "a\u2028b\u2029c\u00a0d\u3000e",
    "private": "\ue000\uf8ff\U000f0000\U0010ffff\ufdd0\ufffe",
    "long word": "x" * 3000,
    "lines": "\n" * 400 + "end",
    "numbers": "-1 1e999 NaN ../../../etc/passwd C:\\con %s %n {0} {} $(id) `id`",
    "empty": "",
    "open osc": "a\x1b]0;PWNED",
    "open dcs": "a\x1bPPWNED",
    "open csi": "a\x1b[31337",
    "open escape": "a\x1b",
    "open c1": "a\x9d0;PWNED",
}
OPEN = tuple(name for name in CORPUS if name.startswith("open"))
ALL = " ".join(text for name, text in CORPUS.items() if name not in ("lines", *OPEN))

Text = Callable[[str], str]
"""From the name of a field, `CommandExecutionItem.cwd`, to what stands in it."""


def wire_structs() -> list[type[msgspec.Struct]]:
    """Every struct of the wire that has fields of its own."""
    return [
        value
        for module in (structs, item_structs)
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, msgspec.Struct)
        and value.__module__ == module.__name__
        and value not in (structs.Wire, item_structs.WireItem)
    ]


def fill(cls: type[msgspec.Struct], text: Text, **fixed: Any) -> Json:
    """A JSON object of this struct with `text` in each string; `fixed` as it is on
    the wire."""
    hints = get_type_hints(cls)
    made: Json = {}
    tag = cls.__struct_config__.tag
    if tag is not None:
        made[str(cls.__struct_config__.tag_field)] = tag
    names = zip(cls.__struct_fields__, cls.__struct_encode_fields__, strict=True)
    for name, encoded in names:
        made[encoded] = _value(hints[name], f"{cls.__name__}.{name}", text)
    return {**made, **fixed}


def _value(kind: Any, name: str, text: Text) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (types.UnionType, Union):
        parts = tuple(part for part in parts if part is not type(None))
        return _value(str if str in parts else parts[0], name, text)
    if kind is str:
        return text(name)
    if kind in (int, float):
        return 1
    if kind is bool:
        return True
    if kind is Any:
        return {text(name): [text(name), {text(name): text(name)}], "text": text(name)}
    if origin is list:
        return [_value(parts[0], name, text) for _ in range(2)]
    if origin is dict:
        inner = Any if parts[1] is Any else parts[1]
        return {"id": text(name), text(name): _value(inner, name, text)}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return fill(kind, text)
    raise TypeError(f"{name}: {kind}")


def reached(cls: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    """This struct and those inside of it."""
    found = {cls}
    for hint in get_type_hints(cls).values():
        waiting = [hint]
        while waiting:
            part = waiting.pop()
            waiting += get_args(part)
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                found |= reached(part)
    return found


S, P = structs, item_structs
_REQUESTS: dict[str, type[msgspec.Struct]] = {
    "item/commandExecution/requestApproval": S.CommandExecutionRequestApprovalParams,
    "item/fileChange/requestApproval": S.FileChangeRequestApprovalParams,
    "item/permissions/requestApproval": S.PermissionsRequestApprovalParams,
    "item/tool/requestUserInput": S.ToolRequestUserInputParams,
    "mcpServer/elicitation/request": S.McpServerElicitationRequestParams,
    "item/tool/call": S.DynamicToolCallParams,
    "made/up": S.DynamicToolCallParams,
}
_OF_A_THREAD: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "thread/settings/updated": ("threadSettings", S.ThreadSettings),
    "thread/tokenUsage/updated": ("tokenUsage", S.ThreadTokenUsage),
    "thread/readState/changed": ("readState", S.ThreadReadState),
    "error": ("error", S.TurnError),
}
REPLIES: dict[str, type[msgspec.Struct]] = {
    "thread/resume": S.ThreadResumeResponse,
    "thread/backgroundTerminals/list": S.ThreadBackgroundTerminal,
}
ITEMS = tuple(get_args(P.AnyItem))


def carried() -> set[type[msgspec.Struct]]:
    """Every struct that `messages`, `requests` or `REPLIES` carry."""
    tops = {
        *ITEMS,
        *_REQUESTS.values(),
        *(cls for _, cls in _OF_A_THREAD.values()),
        *REPLIES.values(),
        S.Thread,
        S.Turn,
        S.TurnPlanStep,
        S.NetworkPolicyAmendment,
        S.ItemGuardianApprovalReviewCompletedNotification,
    }
    return set().union(*(reached(top) for top in tops))


def ids(text: Text, thread: str | None, turn: str | None) -> Json:
    """What every message of a turn has; None: hostile, too."""
    return {
        "threadId": thread if thread is not None else text("thread id"),
        "turnId": turn if turn is not None else text("turn id"),
    }


def messages(text: Text, thread: str | None, turn: str | None) -> Iterator[Json]:
    """Notifications that carry every struct, of this thread and turn."""
    of = ids(text, thread, turn)
    number = 0

    def say(method: str, **params: Any) -> Json:
        return {"method": method, "params": {**of, **params}}

    row = fill(S.Thread, text, id=of["threadId"])
    if thread is not None:
        row |= {"status": {"type": "idle"}, "parentThreadId": None, "source": "cli"}
        row |= {"path": None}
    yield say("thread/started", thread=row)
    yield say("turn/started", turn=fill(S.Turn, text, id=of["turnId"], items=[]))
    for cls in ITEMS:
        number += 1
        item = fill(cls, text)
        if thread is not None:
            item["id"] = f"item-{number}"
        yield say("item/started", item=item)
        if thread is None or "status" not in item:
            yield say("item/completed", item=item)
            continue
        for status in ("completed", "failed", "inProgress"):
            shown = {**item, "id": f"item-{number}-{status}", "status": status}
            yield say("item/started", item=shown)
            yield say("item/completed", item=shown)
    for method, (name, cls) in _OF_A_THREAD.items():
        yield say(method, **{name: fill(cls, text)})
    plan = [fill(S.TurnPlanStep, text, status=s) for s in ("pending", "completed")]
    yield say("turn/plan/updated", plan=plan, explanation=text("plan.explanation"))
    cls = S.ItemGuardianApprovalReviewCompletedNotification
    for word in ("started", "completed"):
        params = {**fill(cls, text), **of}
        yield {"method": f"item/autoApprovalReview/{word}", "params": params}
    for kind in ("agentMessage", "plan", "commandExecution"):
        method = f"item/{kind}/{'outputDelta' if kind[0] == 'c' else 'delta'}"
        yield say(method, itemId=f"delta-{kind}", delta=text(method))
    for part in ("summaryText", "text"):
        method = f"item/reasoning/{part}Delta"
        yield say(
            method, itemId="r", delta=text(method), summaryIndex=0, contentIndex=0
        )
    change = fill(P.FileUpdateChange, text)
    yield say("item/fileChange/patchUpdated", itemId="patched", changes=[change])
    yield say("turn/diff/updated", diff=text("diff"))
    yield say("thread/name/updated", threadName=text("threadName"))
    for method in ("warning", "guardianWarning"):
        yield say(method, message=text(method))
        yield {"method": method, "params": {"message": text(method)}}
    yield say("model/rerouted", fromModel=text("from"), toModel=text("to"))
    yield say(
        "mcpServer/startupStatus/updated",
        status="failed",
        name=text("mcp.name"),
        error=text("mcp.error"),
    )
    spot = {"line": 1, "column": 1}
    yield {
        "method": "configWarning",
        "params": {
            "summary": text("config.summary"),
            "details": text("config.details"),
            "path": text("config.path"),
            "range": {"start": spot, "end": spot},
        },
    }
    yield {
        "method": "account/login/completed",
        "params": {"success": False, "error": text("login.error")},
    }
    yield {"method": text("method"), "params": {text("key"): text("value")}}
    yield say("item/started", item={"type": text("type"), "id": text("id"), "x": "y"})


def offers(text: Text) -> list[Any]:
    """Every answer the engine may list, with hostile rules in it."""
    rule = {"execpolicy_amendment": [text("rule"), text("rule")]}
    host = fill(S.NetworkPolicyAmendment, text, action="allow")
    return [
        "accept",
        "acceptForSession",
        {"acceptWithExecpolicyAmendment": rule},
        {"applyNetworkPolicyAmendment": {"network_policy_amendment": host}},
        {"applyNetworkPolicyAmendment": {"network_policy_amendment": {}}},
        text("decision"),
        "cancel",
    ]


def requests(text: Text, thread: str | None, turn: str | None) -> Iterator[Json]:
    """Requests that carry every struct of a review."""
    for number, (method, cls) in enumerate(_REQUESTS.items()):
        for hostile_kind in (False, True):
            params = {**fill(cls, text), **ids(text, thread, turn)}
            params |= {"message": text("message"), "title": text("title")}
            if not hostile_kind:
                params |= {"kind": "command", "grantRoot": None}
                params |= {"mode": "form", "requestedSchema": {"properties": {}}}
                params["_meta"] = {
                    "codex_approval_kind": "mcp_tool_call",
                    "tool_params": {text("param"): text("param")},
                    "persist": ["session", "always"],
                }
                params["availableDecisions"] = offers(text)
            request_id = text("request id") if thread is None else 2 * number
            if thread is not None:
                request_id = 2 * number + hostile_kind
            else:
                request_id = f"{request_id}{number}{hostile_kind}"
            yield {"id": request_id, "method": method, "params": params}


def replies(text: Text, thread: str) -> dict[str, Json]:
    """Results by method."""
    row = fill(S.Thread, text, id=thread, status={"type": "idle"})
    row |= {"parentThreadId": None, "source": "cli", "path": None}
    terminals = [fill(S.ThreadBackgroundTerminal, text) for _ in range(2)]
    return {
        "thread/resume": fill(S.ThreadResumeResponse, text, thread=row),
        "thread/read": {"thread": row},
        "thread/backgroundTerminals/list": {"data": terminals},
        "account/read": {
            "account": {"type": text("account.type"), "email": text("email")},
            "requiresOpenaiAuth": False,
        },
    }
