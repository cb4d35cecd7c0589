"""Settings that hold for some addresses: `credential.URL.helper`, `http.URL.proxy`.

Owns whether one is meant. Pure. Invariant: what cannot be decided is None, and whoever
asks then takes the graver of both.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

_PARTS = re.compile(
    r"^(?P<scheme>[a-z][a-z0-9+.-]*)://(?:(?P<user>[^@/]*)@)?"
    r"(?P<host>[^/:]*|\[[^\]]*\])(?::(?P<port>\d+))?(?P<path>/.*)?$",
    re.IGNORECASE,
)
_PORTS = {"http": "80", "https": "443"}


def meant(pattern: str, url: str) -> bool | None:
    """Whether a setting of this pattern holds for an address; "" holds for all."""
    if not pattern:
        return True
    wanted, given = _PARTS.match(pattern), _PARTS.match(url)
    if wanted is None or given is None:
        return None
    scheme = given["scheme"].lower()
    if wanted["scheme"].lower() != scheme:
        return False
    usual = _PORTS.get(scheme, "")
    if (wanted["port"] or usual) != (given["port"] or usual):
        return False
    if not _host(wanted["host"].lower(), given["host"].lower()):
        return False
    free = wanted["user"] is None and (wanted["path"] or "/") == "/"
    return True if free else None


def _host(pattern: str, host: str) -> bool:
    """A * stands for one part between dots."""
    names, parts = pattern.split("."), host.split(".")
    return len(names) == len(parts) and all(
        fnmatchcase(part, name) for name, part in zip(names, parts, strict=True)
    )
