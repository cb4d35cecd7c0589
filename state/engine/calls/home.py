"""Requests about the home of an engine: models, account, configuration, trust."""

from __future__ import annotations

from state.engine.calls.base import PAGE, Call, some


def list_models() -> Call:
    return Call("model/list", {"limit": PAGE})


def read_account() -> Call:
    return Call("account/read", {})


def windows_readiness() -> Call:
    """Whether the sandbox of an engine on Windows is set up."""
    return Call("windowsSandbox/readiness", {})


def log_in(kind: str, secret: str) -> Call:
    """`kind`: apiKey (with its secret) or deviceCode."""
    if kind == "apiKey":
        return Call("account/login/start", {"type": "apiKey", "apiKey": secret})
    return Call("account/login/start", {"type": "chatgptDeviceCode"})


def read_config(cwd: str | None = None) -> Call:
    return Call("config/read", some(cwd=cwd))


def trust(root: str) -> Call:
    """Write the trust entry of a project's root into config.toml."""
    quoted = root.replace("\\", "\\\\").replace('"', '\\"')
    return Call(
        "config/value/write",
        {
            "keyPath": f'projects."{quoted}".trust_level',
            "value": "trusted",
            "mergeStrategy": "upsert",
        },
    )
