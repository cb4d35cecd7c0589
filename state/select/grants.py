"""What stands granted for longer than once, where it lives, and how to take it back.

Owns those rows: rules files, MCP tools approved for good, and what the threads that are
loaded hold in the engine's memory: answers for the session, and what was taken out of
a file since. Invariant: nothing is called standing that died with an engine or an
unloading; every rule's text passes `reveal`; of permissions what was granted is shown,
not what was asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from state.controls import Controls, Layer, layer_words
from state.forms import granted_words
from state.ledger import LedgerEntry, Outcome, action_of
from state.model import Thread, ThreadStatus, World
from state.select.words import thread_title, unwrap_command
from state.text import reveal
from state.views import GrantRow
from state.words import cut

RULES, MCP, SESSION = "Rules files", "MCP tools", "Held by loaded threads"
APPROVE, APPS = "approve", "codex_apps"
NAME_CELLS = 32


def grants(
    controls: Controls | None, entries: Iterable[LedgerEntry], world: World
) -> tuple[GrantRow, ...]:
    """Every standing grant, by where it lives."""
    known = controls.rules if controls is not None else ()
    rules = [
        GrantRow(
            key=f"rule:{rule.file}:{rule.line}",
            group=RULES,
            what=reveal(rule.text),
            where=f"{reveal(rule.file.rsplit('/', 1)[-1]).text}:{rule.line}",
            back=f"Delete line {rule.line} of {reveal(rule.file).text}. Loaded threads "
            "keep it until they are loaded anew.",
        )
        for rule in known
    ]
    tools = list(_tools(controls)) if controls is not None else []
    return (*rules, *tools, *_held(entries, world, controls))


def _tools(controls: Controls) -> Iterator[GrantRow]:
    for layer in _counting(controls):
        for key, name in _approved(layer.values):
            own = layer.place == controls.user_file
            back = (
                "x takes it out of config.toml."
                if own
                else f"It is set by {layer_words(layer)}; change it there."
            )
            yield GrantRow(
                key=f"mcp:{layer.place}:{key}",
                group=MCP,
                what=reveal(f"{name} without asking ({APPROVE})"),
                where=layer_words(layer),
                back=f"{back} New threads then ask again; loaded ones keep it until "
                "they are loaded anew.",
                edit=key if own else "",
            )


def _counting(controls: Controls) -> Iterator[Layer]:
    """Without those of a folder that is not trusted."""
    return (layer for layer in controls.layers if not layer.off)


def _approved(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(key in the configuration, what runs) of each tool that is approved for good;
    of whole servers, too. Tools of apps are kept alike."""
    for table in ("mcp_servers", "apps"):
        for server, its in _tables(values.get(table)):
            start = f"{table}.{_quoted(server)}"
            if its.get("default_tools_approval_mode") == APPROVE:
                key = f"{start}.default_tools_approval_mode"
                yield key, f"{server}: every tool that says nothing else runs"
            for name, tool in _tables(its.get("tools")):
                if tool.get("approval_mode") == APPROVE:
                    key = f"{start}.tools.{_quoted(name)}.approval_mode"
                    yield key, f"{_tool(server, name)} runs"


def _tables(given: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if isinstance(value, Mapping):
            yield name, value


def _tool(server: str, name: str) -> str:
    return f"{server}: {name}"


def _quoted(name: str) -> str:
    if name.replace("_", "").replace("-", "").isalnum() and name.isascii():
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _held(
    entries: Iterable[LedgerEntry], world: World, controls: Controls | None
) -> Iterator[GrantRow]:
    """What lives in the loaded thread, in the engine's memory."""
    for entry in entries:
        thread = world.threads.get(entry.thread_id)
        if thread is None or not _stands(entry, thread, world.engine.epoch):
            continue
        session = entry.scope == "for the session"
        if not session and (controls is None or _written(entry, controls)):
            continue  # Its row is the file's.
        gone = "" if session else "It is in no file any more. "
        yield GrantRow(
            key=f"session:{entry.thread_id}/{entry.id}",
            group=SESSION,
            what=reveal(f"{entry.kind}: {_words(entry)}"),
            where=cut(thread_title(thread), NAME_CELLS),
            back=f"{gone}It ends when the thread is unloaded: archive it and take it "
            "back, or stop the engine. The engine has no other way.",
        )


def _stands(entry: LedgerEntry, thread: Thread, epoch: str | None) -> bool:
    """Whether the engine that was answered still holds the thread as it was then."""
    lasting = entry.scope in ("for the session", "always", "by a rule")
    return (
        lasting
        and (entry.outcome is Outcome.ALLOWED or bool(_blocked(entry)))
        and epoch is not None
        and entry.id.startswith(f"{epoch}/")
        and thread.status in (ThreadStatus.IDLE, ThreadStatus.ACTIVE)
        and (entry.at.decided or 0) >= thread.unloaded_ms
    )


def _words(entry: LedgerEntry) -> str:
    if granted := granted_words(entry.sent):
        return granted
    if host := _blocked(entry):
        return f"connections to {host} are refused"
    if pattern := _pattern(entry):
        return f"what starts with `{' '.join(pattern)}`"
    if entry.kind == "command":
        return " ".join(unwrap_command(entry.what).split())
    return entry.tool or " ".join(entry.what.split())


def _pattern(entry: LedgerEntry) -> list[str]:
    """The words of the rule that was written with the answer; [] for another one."""
    decision = action_of(entry.sent).get("decision")
    rule = _inner(decision, "acceptWithExecpolicyAmendment")
    found = rule.get("execpolicy_amendment")
    return [str(word) for word in found] if isinstance(found, list) else []


def _inner(value: object, name: str) -> Mapping[str, Any]:
    inner = value.get(name) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _written(entry: LedgerEntry, controls: Controls) -> bool:
    """Whether a file still says what the answer wrote there."""
    if entry.scope == "always":
        # Tools of apps are asked for under one server, and kept by their app.
        server, _, tool = entry.tool.partition(": ")
        wanted = f": {tool} runs" if server == APPS else f"{entry.tool} runs"
        layers = _counting(controls)
        names = (name for one in layers for _, name in _approved(one.values))
        return any(f": {name}".endswith(wanted) for name in names)
    rule = _host_rule(entry)
    words = json.dumps(rule.get("host") or _pattern(entry), ensure_ascii=False)
    action = rule.get("action")
    decision = f'decision="{action}"' if action else ""
    parts = ("".join(words.split()), decision)
    texts = ["".join(one.text.split()) for one in controls.rules]
    return any(all(part in text for part in parts) for text in texts)


def _host_rule(entry: LedgerEntry) -> Mapping[str, Any]:
    """The rule for a host that was written with the answer; {} for another one."""
    decision = action_of(entry.sent).get("decision")
    network = _inner(decision, "applyNetworkPolicyAmendment")
    return _inner(network, "network_policy_amendment")


def _blocked(entry: LedgerEntry) -> str:
    """The host that was blocked for good; "" for another answer."""
    rule = _host_rule(entry)
    return str(rule.get("host") or "") if rule.get("action") == "deny" else ""
