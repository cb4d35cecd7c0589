"""Random lists of a managed proxy, and a server that stands in for the world.

Owns what is put into configurations and asked for. Invariant: nothing leaves this
machine: the engine is given the server as the proxy to use, and counts on it alone.
"""

from __future__ import annotations

import random
import socket
import socketserver
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

HOSTS = (
    *("8.8.8.8", "8.8.4.4", "9.9.9.9", "1.1.1.1", "127.0.0.1", "localhost"),
    *("10.1.2.3", "192.168.7.7", "172.16.0.9", "100.64.1.1", "169.254.169.254"),
    *("alpha.test", "a.alpha.test", "b.a.alpha.test", "xalpha.test", "beta.test"),
    *("ALPHA.test", "alpha.test.", "region1.beta.test", "[::1]", "[fe80::1]"),
    *("[2600::1]", "nowhere.invalid", "[::ffff:10.0.0.1]"),
)
PATTERNS = (
    *("8.8.8.8", "8.8.*", "9.9.9.9", "*", "127.0.0.1", "localhost", "10.1.2.3"),
    *("10.*", "192.168.7.7", "alpha.test", "Alpha.Test.", "*.alpha.test"),
    *("**.alpha.test", "?.alpha.test", "region*.beta.test"),
    *("[::1]", "*.test", "nowhere.invalid", "**.beta.test"),
)
Lists = dict[str, str]


def lists(chance: random.Random, *, managed: bool = False) -> Lists:
    """Some patterns, allowed or denied. An engine refuses to deny every host, and does
    not start where an administrator allows every one and no others."""
    found: Lists = {}
    for pattern in chance.sample(PATTERNS, chance.randint(1, 6)):
        if managed and pattern == "*":
            continue
        denied = pattern != "*" and chance.random() < 0.35
        found[pattern] = "deny" if denied else "allow"
    return found


def network(chance: random.Random) -> dict[str, Any]:
    """The network table of a profile."""
    table: dict[str, Any] = {"enabled": True, "domains": lists(chance)}
    if chance.random() < 0.3:
        table["allow_local_binding"] = True
    if chance.random() < 0.2:
        table["mode"] = "limited"
    return table


def toml(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f'"{key}" = {toml(one)}' for key, one in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"'


@dataclass
class World:
    """Answers every connection that a proxy lets through. `reached`: which."""

    reached: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        reached = self.reached

        class Take(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                first = self.rfile.readline().decode(errors="replace").split()
                if len(first) > 1:
                    reached.append(first[1])
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                    self.connection.shutdown(socket.SHUT_WR)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Take)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self) -> dict[str, str]:
        """What makes an engine's proxy go through here."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return {"HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": ""}
