"""Every setting that bends the way of a push, and who can write it.

Owns which lines and variables change where a push goes or what it passes by. Does not
own programs (`programs`). Pure. Invariant: values that may hold a secret are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from state.git.addresses import Way, way_of
from state.git.judging import Ground, origin_file, shown_origin
from state.git.plan import Line
from state.git.urls import meant
from state.pushes import Reach, Setting

_HTTP = (
    *("proxy", "sslverify", "extraheader", "sslcainfo", "sslcapath", "sslcert"),
    *("sslkey", "cookiefile", "curloptresolve", "pinnedpubkey", "followredirects"),
)
_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_VARIABLES = (*_PROXIES, "GIT_SSL_NO_VERIFY", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH")
_SECRET = ("extraheader",)
KEPT_SECRET = "(kept secret)"


def settings(ground: Ground) -> tuple[Setting, ...]:
    """Lines that change where a push goes or what it passes by."""
    return (*_lines(ground), *_window(ground))


def _lines(ground: Ground) -> Iterator[Setting]:
    own = (f"remote.{ground.remote}.pushurl", f"remote.{ground.remote}.proxy")
    for line in ground.lines:
        if line.key in own or _bent(ground, line) or _http(ground, line):
            origin = origin_file(line.origin, ground.place)
            bad = bool(origin) and ground.theirs(origin)
            secret = line.key.endswith(_SECRET)
            value = KEPT_SECRET if secret else line.value
            reach = Reach.AGENT if bad else Reach.YOURS
            yield Setting(line.key, value, shown_origin(line.origin), reach)


def _window(ground: Ground) -> Iterator[Setting]:
    """The window's own variables: the user's choice."""
    if way_of(ground.url)[0] is Way.HTTP:
        for name in _VARIABLES:
            if value := ground.environment.get(name, ""):
                yield Setting(f"${name}", value, "this window")


def _bent(ground: Ground, line: Line) -> bool:
    """A rewriting that the address in use came out of."""
    other = line.key.startswith("url.") and line.key.endswith("insteadof")
    base = line.key.removeprefix("url.").rpartition(".")[0]
    return other and ground.url.startswith(base)


def _http(ground: Ground, line: Line) -> bool:
    head, _, name = line.key.rpartition(".")
    if name not in _HTTP or way_of(ground.url)[0] is not Way.HTTP:
        return False
    pattern = head.removeprefix("http").removeprefix(".")
    own = head == "http" or head.startswith("http.")
    return own and meant(pattern, ground.url) is not False
