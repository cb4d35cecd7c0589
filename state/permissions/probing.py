"""What a probe of a connection would really tell about a thread, and what it asks for.

Owns when a real run says nothing about a loaded thread, and the sentence for it.
Invariant: what a run cannot tell is not tried, and never counted as agreement.
"""

from __future__ import annotations

import re

from state.controls import Controls
from state.model import Settings
from state.permissions import hosts
from state.permissions.policy import Layer
from state.permissions.verdict import Ground, Verdict

_HOST = re.compile(r"[\w.:%-]+")
SOCKET = "not probed: no program in the sandbox connects to sockets for a probe"
NO_HOST = "not probed: that is no host, nor host:port"
LOADED = (
    "not probed: a probe begins anew, and this depends on how the thread was loaded"
)
THREAD = "not probed: rules and grants count in the thread alone"
CONFIGURED = "not probed: a probe would go by the default profile's list of hosts"


def asked_for(target: str) -> str:
    """What the managed proxy is asked for: host and port."""
    found = hosts.target_of(target)
    host = f"[{found.host}]" if ":" in found.host else found.host
    return f"{host}:{found.port or '443'}"


def unprobed(
    target: str,
    verdict: Verdict | None,
    ground: Ground,
    settings: Settings | None,
    controls: Controls | None,
) -> str:
    """Why a connection is not tried; "" when it is."""
    if target.startswith(("/", "unix:")):
        return SOCKET
    found = hosts.target_of(target)
    if not _HOST.fullmatch(found.host) or not (found.port or "443").isdigit():
        return NO_HOST
    if ground.proxy is None:
        return ""
    if not ground.proxy.sure:
        return LOADED
    domain = verdict.domain if verdict is not None else None
    if domain is not None and domain.layer in (Layer.RULE, Layer.GRANT):
        return THREAD
    legacy = settings is None or settings.profile is None
    named = controls is not None and controls.value("default_permissions").value
    return CONFIGURED if legacy and named else ""
