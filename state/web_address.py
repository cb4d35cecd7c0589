"""What a host or a web address does not say by its looks.

Owns the words that call it out. Does not own how a character is drawn (`state.text`).
Pure and total. Invariant: a host is told as it is reached, never as it is spelt only.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

LONGEST = 10_000
_CODED = "xn--"
_HERE = re.compile(r"localhost|127(\.\d+){3}|::1|.*\.localhost")
_HOST = re.compile(r"[\w.:\[\]%-]*")


class Address(NamedTuple):
    """`host`: where it leads, raw; "" when that cannot be told."""

    host: str
    warnings: tuple[str, ...]


def address_of(url: str) -> Address:
    """Where an address leads, and what is odd about it."""
    try:
        parts = urlsplit(url[:LONGEST])
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return Address("", ("No host can be read in this address.",))
    warnings = []
    if parts.scheme not in ("http", "https"):
        return Address("", ("This is no web address: it opens something else.",))
    if not host:
        return Address("", ("No host can be read in this address.",))
    if "\\" in url or re.search(r"[\x00-\x20\x7f]", parts.netloc + url[:1] + url[-1:]):
        warnings.append("A browser may read another host in this address.")
    if parts.scheme == "http" and not _HERE.fullmatch(host):
        warnings.append("Not https: whoever is on the way can read and change it.")
    if "@" in parts.netloc:
        warnings.append("What stands before the @ is a name, not the host.")
    shown = f"[{host}]" if ":" in host else host
    return Address(shown + port, (*warnings, *host_words(host)))


def host_words(host: str) -> tuple[str, ...]:
    """What is odd about a host's name. The names in it are raw: whoever draws them
    passes them through a text door."""
    if not host.isascii():
        return (
            f"Letters beyond a to z in the host: it is looked up as {coded(host)}.",
        )
    if _CODED in host.lower():
        return (f"The host is written in code: browsers may show it as {read(host)}.",)
    if not _HOST.fullmatch(host):
        return ("The host has signs that no host has.",)
    return ()


def coded(host: str) -> str:
    """A host in the letters that it is looked up by."""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return "none that exists"


def read(host: str) -> str:
    """A host as its coded labels read."""
    return ".".join(map(_label, host.split(".")))


def _label(label: str) -> str:
    if not label.lower().startswith(_CODED):
        return label
    try:
        return label[len(_CODED) :].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
