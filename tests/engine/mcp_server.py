"""An MCP server on pipes for tests: one tool asks the user, one wants approval.

Owns the few messages of the protocol that the engine needs. Run as a script; knows
nothing of the repository. Invariant: a tool's result is the answer it was given.
"""

from __future__ import annotations

import json
import sys
from typing import Any

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "title": "Name", "minLength": 2},
        "level": {"type": "string", "enum": ["a", "b"]},
        "ok": {"type": "boolean", "default": True},
    },
    "required": ["name"],
}
FORM = {"message": "Who are you?", "requestedSchema": SCHEMA}
URL = {
    "mode": "url",
    "message": "Log in there.",
    "url": "https://tickets.example.org/login?for=e1",
    "elicitationId": "e1",
}
_NOTHING = {"type": "object", "properties": {}}
TOOLS = [
    {
        "name": "ask",
        "description": "asks the user",
        "inputSchema": _NOTHING,
        "annotations": {"readOnlyHint": True},
    },
    {
        "name": "danger",
        "description": "destroys",
        "inputSchema": {"type": "object", "properties": {"x": {"type": "string"}}},
        "annotations": {"destructiveHint": True},
    },
]


def send(message: dict[str, Any]) -> None:
    """One line out."""
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def reply(request: dict[str, Any], result: object) -> None:
    """Answer a request."""
    send({"id": request["id"], "result": result})


def said(text: str) -> dict[str, Any]:
    """A tool's result."""
    return {"content": [{"type": "text", "text": text}]}


def main() -> None:
    """Serve until the engine leaves."""
    waiting: dict[object, dict[str, Any]] = {}
    for line in sys.stdin:
        message = json.loads(line)
        match message.get("method"):
            case "initialize":
                version = message["params"]["protocolVersion"]
                info = {"name": "tickets", "version": "1"}
                capabilities: dict[str, Any] = {"tools": {}}
                reply(
                    message,
                    {
                        "protocolVersion": version,
                        "capabilities": capabilities,
                        "serverInfo": info,
                    },
                )
            case "tools/list":
                reply(message, {"tools": TOOLS})
            case "tools/call" if message["params"]["name"] == "ask":
                waiting["e1"] = message
                mode = message["params"].get("arguments", {}).get("mode", "form")
                params = URL if mode == "url" else FORM
                send({"id": "e1", "method": "elicitation/create", "params": params})
            case "tools/call":
                reply(message, said("destroyed"))
            case "ping":
                reply(message, {})
            case None if message.get("id") in waiting:
                asked = waiting.pop(message["id"])
                reply(asked, said(json.dumps(message.get("result"))))
            case _:
                if "id" in message and "method" in message:
                    send(
                        {"id": message["id"], "error": {"code": -32601, "message": "?"}}
                    )


if __name__ == "__main__":
    main()
