"""From the configuration to the managed proxy of a thread and its lists.

Owns which lists count and which entry stands for which: a profile's table, over it the
feature's, over both the rules files, an administrator's beside all; and whether there
is a proxy at all. Does not own what a proxy decides (`hosts`). Takes what the engine
said. Invariant: an entry keeps the layer it came from and the place it stands in.

As engines do it: a switched-on feature limits a network that is on; an administrator's
`enabled` opens the proxy even where the network is off. A change of the legacy sandbox
does not start or end the feature's proxy in a loaded thread; choosing a profile does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from state.controls import Controls, Value
from state.model import Settings, Thread
from state.permissions.assemble import LAYERS, profile_tables
from state.permissions.granted import hosts_answered
from state.permissions.hosts import Domain, Proxy, Word, normal
from state.permissions.policy import Host, Kind, Layer, Policy
from state.permissions.profiles import BUILTIN, FULL, ProfileError, merged
from state.rules import HostRule
from state.rules_file import read

FEATURE = "network_proxy"
KEY = f"features.{FEATURE}"
Table = Mapping[str, Any]
NOTHING: Table = {}
_WORDS = {"allow": Word.ALLOW, "deny": Word.DENY}


def proxy_of(
    settings: Settings,
    controls: Controls | None,
    policy: Policy,
    host: Host,
    *,
    within: tuple[Thread | None, str | None] = (None, None),
    profiles: Table | None = None,
) -> Proxy | None:
    """What stands between this thread's commands and the network; None: nothing but
    the network switch. `within`: the thread and the engine's epoch, for what was
    granted there. `profiles`: their tables; None: as the configuration has them."""
    if controls is None or policy.kind is not Kind.RESTRICTED:
        return None
    limits = controls.limits.network or NOTHING
    required = limits.get("enabled") is True
    feature = _feature_on(controls) and limits.get("enabled") is not False
    legacy = settings.profile is None
    if not required and not (feature and (legacy or policy.network)):
        return None
    tables = profile_tables(controls) if profiles is None else profiles
    own, table = _own(settings, controls, tables, feature=feature)
    local, held = _local(own, limits)
    pinned = required and limits.get("managedAllowedDomainsOnly") is True
    # An older engine reads the rules of hosts only for a network that is on.
    rules = (
        () if required and host.late_rules and not policy.network else _rules(controls)
    )
    theirs = _listed(settings, controls, tables, rules, feature=feature)
    listed = (*theirs, *_managed(limits))
    domains = tuple(
        one
        for one in listed
        if not pinned or one.word is not Word.ALLOW or one.layer is Layer.MANAGED
    )
    grants = () if pinned else tuple(_grants(*within))
    return Proxy(
        Layer.MANAGED if required else LAYERS[controls.value(KEY).layer.kind],
        (*domains, *grants),
        asks=required and not pinned,
        local=local,
        local_held=held,
        sockets=_flag("dangerouslyAllowAllUnixSockets", own, limits),
        limited=own.get("mode") == "limited",
        pinned=pinned,
        sure=required or not legacy,
        home=table,
    )


def _feature_on(controls: Controls) -> bool:
    """As the engine lists it, else as it is written."""
    listed = (one.enabled for one in controls.features if one.name == FEATURE)
    value = controls.value(KEY).value
    written = value.get("enabled") if isinstance(value, Mapping) else value
    return next(listed, written is True)


def _own(
    settings: Settings, controls: Controls, tables: Table, *, feature: bool
) -> tuple[Table, str]:
    """The user's settings of the proxy, and the table that more of them go into."""
    value = controls.value(KEY).value if feature else None
    over = value if isinstance(value, Mapping) else NOTHING
    name = settings.profile
    if name is None or name in BUILTIN or name == FULL:
        return over, f"[{KEY}]" if feature else ""
    return {**_network(name, tables), **over}, f"[permissions.{name}.network]"


def _network(name: str, tables: Table) -> Table:
    try:
        table = merged(name, tables).get("network")
    except ProfileError:
        return NOTHING  # Said where the policy is read.
    return table if isinstance(table, Mapping) else NOTHING


def _local(own: Table, limits: Table) -> tuple[bool, bool]:
    managed = limits.get("allowLocalBinding")
    return own.get("allow_local_binding") is True and managed is not False, (
        managed is False
    )


def _flag(name: str, own: Table, limits: Table) -> bool:
    managed = limits.get(name)
    if isinstance(managed, bool):
        return managed
    return own.get("dangerously_allow_all_unix_sockets") is True


# -- the lists --------------------------------------------------------------------


def _listed(
    settings: Settings,
    controls: Controls,
    tables: Table,
    rules: Iterable[HostRule],
    *,
    feature: bool,
) -> Iterable[Domain]:
    """The user's: what is said last about the same hosts counts."""
    found: dict[str, Domain] = {}
    name = settings.profile
    if name is not None and name not in BUILTIN and name != FULL:
        place = f"[permissions.{name}.network.domains]"
        _add(found, _network(name, tables), Layer.PROFILE, place)
    if feature:
        value: Value = controls.value(KEY)
        table = value.value if isinstance(value.value, Mapping) else NOTHING
        _add(found, table, LAYERS[value.layer.kind], f"[{KEY}.domains]")
    for rule in rules:
        word = {"allow": Word.ALLOW, "deny": Word.DENY}.get(rule.decision)
        if word is not None:
            place = f"{rule.file}:{rule.line}" if rule.file else ""
            found[normal(rule.host)] = Domain(rule.host, word, Layer.RULE, place)
    return found.values()


def _add(found: dict[str, Domain], table: Table, layer: Layer, place: str) -> None:
    domains = table.get("domains")
    for pattern, said in domains.items() if isinstance(domains, Mapping) else ():
        word = _WORDS.get(str(said))
        if word is not None:
            found[normal(pattern)] = Domain(pattern, word, layer, place)


def _managed(limits: Table) -> Iterator[Domain]:
    domains = limits.get("domains")
    for pattern, said in domains.items() if isinstance(domains, Mapping) else ():
        word = _WORDS.get(str(said))
        if word is not None:
            yield Domain(str(pattern), word, Layer.MANAGED)
    review = limits.get("reviewDomains")
    for pattern in review if isinstance(review, list) else ():
        yield Domain(str(pattern), Word.ASK, Layer.MANAGED)


def _rules(controls: Controls) -> tuple[HostRule, ...]:
    """Each line is read by itself: one that is not understood hides no other."""
    return tuple(
        HostRule(rule.host, rule.decision, one.file, one.line)
        for one in controls.rules
        for rule in read([(one.file, one.text)]).hosts
    )


def _grants(thread: Thread | None, epoch: str | None) -> Iterator[Domain]:
    for name, port, action in hosts_answered(thread, epoch):
        word = _WORDS.get(action)
        if word is not None:
            yield Domain(name, word, Layer.GRANT, port=port)
