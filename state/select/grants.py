"""What stands granted for longer than once, where it lives, and how to take it back.

Owns those rows: rules files, MCP tools approved for good, and answers for the session
that the running engine still holds. Invariant: nothing is called standing that died
with an engine; every rule's text passes `reveal`; of permissions what was granted is
shown, not what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from state.controls import Controls, layer_words
from state.forms import granted_words
from state.ledger import LedgerEntry, Outcome
from state.model import ThreadStatus, World
from state.select.words import thread_title
from state.text import reveal
from state.views import GrantRow

RULES, MCP, SESSION = "Rules files", "MCP tools", "For the session"


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
    return (*rules, *tools, *_session(entries, world))


def _tools(controls: Controls) -> Iterator[GrantRow]:
    for layer in controls.layers:
        servers = layer.values.get("mcp_servers")
        for server, name, mode in _modes(servers if isinstance(servers, dict) else {}):
            key = f"mcp_servers.{_quoted(server)}.tools.{_quoted(name)}.approval_mode"
            own = layer.place == controls.user_file
            back = (
                "x takes it out of config.toml."
                if own
                else f"It is set by {layer_words(layer)}; change it there."
            )
            yield GrantRow(
                key=f"mcp:{layer.place}:{key}",
                group=MCP,
                what=reveal(f"{server}: {name} runs without asking ({mode})"),
                where=layer_words(layer),
                back=f"{back} New threads then ask again.",
                edit=key if own else "",
            )


def _modes(servers: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for server, values in servers.items():
        tools = values.get("tools") if isinstance(values, dict) else None
        for name, tool in tools.items() if isinstance(tools, dict) else ():
            mode = tool.get("approval_mode") if isinstance(tool, dict) else None
            if mode == "approve":
                yield server, name, mode


def _quoted(name: str) -> str:
    if name.replace("_", "").replace("-", "").isalnum() and name.isascii():
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _session(entries: Iterable[LedgerEntry], world: World) -> Iterator[GrantRow]:
    """Answers for the session live in the loaded thread, in the engine's memory."""
    epoch = world.engine.epoch
    for entry in entries:
        thread = world.threads.get(entry.thread_id)
        held = (
            entry.outcome is Outcome.ALLOWED
            and entry.scope == "for the session"
            and epoch is not None
            and entry.id.startswith(f"{epoch}/")
            and thread is not None
            and thread.status in (ThreadStatus.IDLE, ThreadStatus.ACTIVE)
        )
        if held and thread is not None:
            what = granted_words(entry.sent) or entry.what
            yield GrantRow(
                key=f"session:{entry.thread_id}/{entry.id}",
                group=SESSION,
                what=reveal(f"{entry.kind}: {' '.join(what.split())}"),
                where=thread_title(thread),
                back="It ends when the thread is unloaded: archive it and take it "
                "back, or stop the engine. The engine has no other way.",
            )
