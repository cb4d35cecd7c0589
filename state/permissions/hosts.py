"""Hosts and the lists of a managed proxy: what a pattern means, which entry decides.

Owns the order in which an engine's proxy decides about a host. Knows no network: where
a name leads (`Lead`) is told. Invariants: a denied pattern beats all others; what would
need a name to be looked up, and was not, is `UNSEEN`, never a guess.
"""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from functools import lru_cache

from state.dataclass import dataclass
from state.permissions.policy import Layer

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Word(StrEnum):
    """What an entry says about the hosts it names."""

    ALLOW = "allow"
    DENY = "deny"
    ASK = "ask"


class Lead(StrEnum):
    """Where a name leads, as the engine's machine looks it up."""

    PUBLIC = "public"
    PRIVATE = "private"
    NOWHERE = "nowhere"


class Outcome(StrEnum):
    """What a proxy does with a host."""

    ALLOWED = "allowed"
    DENIED = "denied"
    LOCAL = "local"
    """An address of this machine or of a private network"""
    PRIVATE = "private"
    """An allowed name that leads to such an address"""
    NOWHERE = "nowhere"
    """An allowed name that leads nowhere"""
    MISSED = "missed"
    """No entry names it"""
    ASKED = "asked"
    """An entry wants it asked about"""
    UNSEEN = "unseen"
    """Allowed, if its name leads to a public address"""


@dataclass(frozen=True, slots=True)
class Domain:
    """An entry of the lists. `place`: the table or the file and line it stands in.
    `port`: of a grant for the session, which is for one port alone."""

    pattern: str
    word: Word
    layer: Layer
    place: str = ""
    port: str = ""


@dataclass(frozen=True, slots=True)
class Proxy:
    """The managed proxy, through which alone commands reach the network. `layer`: who
    put it there. `asks`: hosts that no entry names are asked about. `local`: addresses
    of private networks are no exception; `local_held`: an administrator says they are.
    `sockets`: sockets in the file system may be used. `limited`: requests that change
    something are refused. `pinned`: only an administrator's entries allow. `sure`:
    False when it depends on how the thread was loaded, which nobody tells."""

    layer: Layer
    domains: tuple[Domain, ...] = ()
    asks: bool = False
    local: bool = False
    local_held: bool = False
    sockets: bool = False
    limited: bool = False
    pinned: bool = False
    sure: bool = True
    home: str = ""
    """The table that an entry of the user's own goes into"""


@dataclass(frozen=True, slots=True)
class Target:
    """A host as a client names it, and the port it asks for ("" when it says none)."""

    host: str
    port: str = ""


def target_of(text: str) -> Target:
    """From what a person types: a host, host:port, [v6]:port or an address with its
    scheme. The host is written as an engine compares it."""
    scheme, _, rest = text.strip().rpartition("://")
    place = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    port = ""
    if place.startswith("["):
        place, _, port = place[1:].partition("]")
        port = port.removeprefix(":")
    elif place.count(":") == 1:
        place, _, port = place.partition(":")
    return Target(normal(place), port or {"http": "80", "https": "443"}.get(scheme, ""))


def normal(host: str) -> str:
    """A host as an engine compares it."""
    return host.strip().lower().rstrip(".")


def address(host: str) -> Address | None:
    """The address a host is, if it is one and not a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


_CLOSED = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/128",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
            "ff00::/8",
        ),
    )
)


def private(found: Address) -> bool:
    """An address of this machine, of a private network, or for no machine at all."""
    if found.version == 6:
        assert isinstance(found, ipaddress.IPv6Address)
        inner = found.ipv4_mapped
        if inner is None and 1 < int(found) < 1 << 32:
            inner = ipaddress.IPv4Address(int(found))
        if inner is not None:
            return private(inner)
    return any(found.version == net.version and found in net for net in _CLOSED)


def is_literal(host: str) -> bool:
    """It needs no look-up to be told to be local."""
    found = address(host)
    return host == "localhost" or (found is not None and private(found))


def loopback(host: str) -> bool:
    """A name or address of this machine itself."""
    found = address(host)
    return host in ("", "localhost") or (found is not None and found.is_loopback)


def exact(pattern: str) -> bool:
    """It names one host."""
    return not {"*", "?"} & set(pattern)


def matches(pattern: str, host: str) -> bool:
    """Whether an entry names a host: `*.x` what is below x, `**.x` x as well."""
    return any(one.fullmatch(host) for one in _compiled(pattern))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> tuple[re.Pattern[str], ...]:
    text = pattern.strip()
    if text.startswith("**."):
        base = normal(text[3:])
        return _glob(base), _glob(f"?*.{base}")
    if text.startswith("*."):
        return (_glob(f"?*.{normal(text[2:])}"),)
    inner = text[1:].partition("]")[0] if text.startswith("[") else text
    return (_glob(normal(inner)),)


def _glob(text: str) -> re.Pattern[str]:
    """A star reaches over dots, too. Further signs an engine refuses."""
    parts = (_GLOBS.get(char) or re.escape(char) for char in text)
    return re.compile("".join(parts), re.DOTALL)


_GLOBS = {"*": ".*", "?": "."}


def decide(
    proxy: Proxy, target: Target, lead: Lead | None
) -> tuple[Outcome, Domain | None]:
    """What becomes of it, and by which entry."""
    named = [one for one in proxy.domains if _names(one, target)]
    denied = _first(named, Word.DENY)
    if denied is not None:
        return Outcome.DENIED, denied
    if not proxy.local and is_literal(target.host):
        spelled = (one for one in named if one.word is Word.ALLOW)
        found = next((one for one in spelled if exact(one.pattern)), None)
        if found is None or found.layer is Layer.GRANT:
            return Outcome.LOCAL, None
    grant = next((one for one in named if one.layer is Layer.GRANT), None)
    asked = _first(named, Word.ASK)
    if asked is not None and grant is None:
        return Outcome.ASKED, asked
    allowed = grant if asked is not None else _first(named, Word.ALLOW)
    if allowed is None:
        return Outcome.MISSED, None
    return _led(proxy, target, lead), allowed


def _led(proxy: Proxy, target: Target, lead: Lead | None) -> Outcome:
    if proxy.local or address(target.host) is not None or target.host == "localhost":
        return Outcome.ALLOWED
    match lead:
        case Lead.PUBLIC:
            return Outcome.ALLOWED
        case Lead.PRIVATE:
            return Outcome.PRIVATE
        case Lead.NOWHERE:
            return Outcome.NOWHERE
        case None:
            return Outcome.UNSEEN


def needs_lead(proxy: Proxy, target: Target) -> bool:
    """The answer depends on where the name leads."""
    return decide(proxy, target, None)[0] is Outcome.UNSEEN


def _names(one: Domain, target: Target) -> bool:
    ported = not (one.port and target.port) or one.port == target.port
    return ported and matches(one.pattern, target.host)


def _first(named: list[Domain], word: Word) -> Domain | None:
    return next((one for one in named if one.word is word), None)
