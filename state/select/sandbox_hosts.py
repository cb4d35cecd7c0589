"""The connections of the sandbox inspector: what stands in between, host by host.

Owns these rows and words. Does not own what a proxy decides (`state.permissions`).
Invariant: every host, pattern and place passed the door `reveal`; what depends on how a
thread was loaded is said to.
"""

from __future__ import annotations

from collections.abc import Iterator

from state.permissions.explain import Verdict
from state.permissions.hosts import Domain, Proxy, Word
from state.permissions.policy import Layer, Policy
from state.select.sandbox_roots import home_path
from state.text import reveal
from state.views import Bit, RootLine, SettingLine, Tone

SIGNS = {Word.ALLOW: "●", Word.DENY: "⊘", Word.ASK: "◆"}
TONES = {Word.ALLOW: Tone.BRIGHT, Word.DENY: Tone.FAIL, Word.ASK: Tone.NEED}
ORDER = (Word.DENY, Word.ASK, Word.ALLOW)
"""In which they decide"""


def network_words(policy: Policy, proxy: Proxy | None) -> str:
    """On, off, or what is in between."""
    switch = "on" if policy.network else "off"
    if proxy is None:
        return switch
    if not proxy.sure:
        return f"{switch}, or the managed proxy"
    return "through the managed proxy"


def network_sentence(policy: Policy, proxy: Proxy | None) -> str:
    """The same at the end of a sentence."""
    if proxy is None:
        return "with network" if policy.network else "no network"
    if not proxy.sure:
        return "its network depends on how it was loaded"
    if any(one.pattern.strip() == "*" for one in proxy.domains):
        return "a managed proxy to every public host"
    count = sum(one.word is Word.ALLOW for one in proxy.domains)
    hosts = f"{count} host{'' if count == 1 else 's'}" if count else "no host"
    return f"a managed proxy to {hosts}" + (", asks for others" if proxy.asks else "")


def proxy_lines(proxy: Proxy | None) -> Iterator[SettingLine]:
    """What else the proxy holds to."""
    if proxy is None:
        return
    by = Layer.MANAGED.value if proxy.layer is Layer.MANAGED else ""
    if not proxy.sure:
        words = (Bit("not known", Tone.NEED),)
        yield SettingLine("managed proxy", words, "how it was loaded")
    rest = "asked about" if proxy.asks else "refused"
    only = Layer.MANAGED.value if proxy.pinned else by
    yield SettingLine("other hosts", (Bit(rest, Tone.BRIGHT),), only)
    local = "as other hosts" if proxy.local else "refused, unless listed"
    held = Layer.MANAGED.value if proxy.local_held else ""
    yield SettingLine("private networks", (Bit(local, Tone.BRIGHT),), held)
    if proxy.sockets:
        words = (Bit("all of them", Tone.NEED),)
        yield SettingLine("sockets in files", words)
    if proxy.limited:
        words = (Bit("only GET, HEAD and OPTIONS", Tone.BRIGHT),)
        yield SettingLine("requests", words)


def host_lines(
    proxy: Proxy | None, home: str, decided: Verdict | None
) -> Iterator[RootLine]:
    """Entry by entry, in the order in which they decide."""
    if proxy is None:
        return
    found = decided.domain if decided is not None else None
    for word in ORDER:
        for one in proxy.domains:
            if one.word is word:
                yield _line(one, home, decides=one == found)


def _line(one: Domain, home: str, *, decides: bool) -> RootLine:
    place = home_path(one.place, home) if one.place else ""
    port = f":{one.port}" if one.port else ""
    return RootLine(
        f"{one.word.value} {one.pattern} {one.layer.value}",
        SIGNS[one.word],
        one.word.value,
        TONES[one.word],
        reveal(one.pattern).text + port,
        because=_meaning(one.pattern),
        set_by=place or one.layer.value,
        decides=decides,
    )


def _meaning(pattern: str) -> str:
    if pattern.strip() == "*":
        return "every host"
    if pattern.startswith("**."):
        return "and all below it"
    return "all below it" if pattern.startswith("*.") else ""
