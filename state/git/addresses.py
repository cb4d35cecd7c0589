"""How the address of a remote is reached, and what of it is on this machine.

Owns the kinds of addresses git knows. Pure. Invariant: an address whose kind is not
known is one that starts a helper program.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Way(StrEnum):
    """How an address is reached."""

    SSH = "ssh"
    HTTP = "http"
    HERE = "here"
    GIT = "git"
    HELPER = "helper"


_SCP = re.compile(r"^[^/:]+:(?!//|:)")
_HELPER = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9.+-]*)::")
_SCHEME = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9.+-]*)://")


def way_of(url: str) -> tuple[Way, str]:
    """The way, and the name of a helper."""
    if helper := _HELPER.match(url):
        return Way.HELPER, helper["name"]
    if scheme := _SCHEME.match(url):
        name = scheme["name"].lower()
        if name in ("ssh", "git+ssh", "ssh+git"):
            return Way.SSH, ""
        if name in ("http", "https", "ftp", "ftps"):
            return Way.HTTP, ""
        if name == "git":
            return Way.GIT, ""
        if name == "file":
            return Way.HERE, ""
        return Way.HELPER, name
    return (Way.SSH, "") if _SCP.match(url) else (Way.HERE, "")


def folder_of(url: str, place: str) -> str:
    """The folder of a remote on this machine, absolute; "" when it is none."""
    if way_of(url)[0] is not Way.HERE:
        return ""
    path = url.removeprefix("file://") if url.startswith("file://") else url
    return path if path.startswith("/") else f"{place.rstrip('/')}/{path}"
