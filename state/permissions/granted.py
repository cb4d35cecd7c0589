"""What was granted on request, and still counts: for the running turn or the session.

Owns reading it from the answers that were given here. The engine shows no grant in any
setting and keeps it in the memory of the loaded thread alone. Invariants: what another
client or auto-review granted is not known in detail and adds nothing here; a grant
of another engine's life, or from before the thread was unloaded, has ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from state.dataclass import dataclass
from state.forms import denies, special
from state.model import Thread, ThreadStatus
from state.permissions import paths
from state.permissions.policy import TEMP, Access, Entry, Host, Layer
from state.permissions.profiles import ROOTS
from state.reviews import OURS, Review, ReviewState

METHOD = "item/permissions/requestApproval"
CONNECTION = "item/commandExecution/requestApproval"
LOADED = (ThreadStatus.IDLE, ThreadStatus.ACTIVE)


@dataclass(frozen=True, slots=True)
class Granted:
    """What was granted. `network`: the layer it was granted in; None: it was not."""

    entries: tuple[Entry, ...] = ()
    network: Layer | None = None

    def __bool__(self) -> bool:
        return bool(self.entries) or self.network is not None


def granted(
    thread: Thread | None, epoch: str | None, roots: tuple[str, ...], host: Host
) -> Granted:
    """What counts in the thread now. `epoch`: the engine's life."""
    if thread is None or thread.status not in LOADED:
        return Granted()
    entries: list[Entry] = []
    network: Layer | None = None
    for review in thread.reviews.values():
        found = _answer(review, epoch)
        layer = _layer(found, review, thread)
        if layer is None:
            continue
        permissions = found.get("permissions")
        permissions = permissions if isinstance(permissions, Mapping) else {}
        entries += _entries(permissions.get("fileSystem"), layer, roots, host)
        online = permissions.get("network")
        if isinstance(online, Mapping) and online.get("enabled") is True:
            network = layer if network is not Layer.GRANT else network
    return Granted(tuple(entries), network)


def granted_answers(thread: Thread, epoch: str | None) -> Iterator[str]:
    """The answers that granted it: each as the JSON that was sent."""
    if thread.status not in LOADED:
        return
    for review in thread.reviews.values():
        if _layer(_answer(review, epoch), review, thread) and review.decision:
            yield review.decision.result


def hosts_answered(
    thread: Thread | None, epoch: str | None
) -> Iterator[tuple[str, str, str]]:
    """(host, port, allow or deny) of each connection that was answered for the session
    or for good: a port "" for a rule, which is for all of them."""
    if thread is None or thread.status not in LOADED:
        return
    for review in thread.reviews.values():
        held = (review.decided_ms or 0) >= thread.unloaded_ms
        if review.host is None or not held:
            continue
        said = _said(review, CONNECTION, epoch).get("decision")
        if said == "acceptForSession":
            yield review.host, _port(review), "allow"
        elif isinstance(said, Mapping):
            rule = said.get("applyNetworkPolicyAmendment")
            rule = (
                rule.get("network_policy_amendment") if isinstance(rule, Mapping) else 0
            )
            if isinstance(rule, Mapping):
                yield str(rule.get("host")), "", str(rule.get("action"))


def _port(review: Review) -> str:
    """From the name the engine makes up for the item: …#HOST#PORT#…"""
    _, _, after = (review.item_id or "").partition(f"#{review.host}#")
    port = after.partition("#")[0]
    return port if port.isdigit() else ""


def _answer(review: Review, epoch: str | None) -> Mapping[str, Any]:
    """What we answered to a request for permissions."""
    return _said(review, METHOD, epoch)


def _said(review: Review, method: str, epoch: str | None) -> Mapping[str, Any]:
    """What we answered to a request of this kind; {} when somebody else did."""
    ours = review.state is ReviewState.SENT or review.resolved_by in OURS
    asked = review.method == method and review.key.epoch == epoch
    if not (ours and asked) or review.decision is None:
        return {}
    try:
        found = json.loads(review.decision.result)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _layer(answer: Mapping[str, Any], review: Review, thread: Thread) -> Layer | None:
    """For how long it counts; None when it does not any more."""
    scope = answer.get("scope", "turn")
    if scope == "session":
        if answer.get("strictAutoReview") is True:
            return None  # An engine grants nothing at all then, and does not say so.
        held = (review.decided_ms or 0) >= thread.unloaded_ms
        return Layer.GRANT if held else None
    running = thread.active_turn is not None and thread.active_turn == review.turn_id
    return Layer.TURN if answer and running else None


def _entries(
    files: object, layer: Layer, roots: tuple[str, ...], host: Host
) -> Iterator[Entry]:
    if not isinstance(files, Mapping):
        return
    listed = files.get("entries")
    if isinstance(listed, list) and listed:
        for raw in listed:
            yield from _entry(raw, layer, roots, host)
        return
    for access in (Access.READ, Access.WRITE):
        for path in files.get(access.value) or ():
            yield _made(str(path), access, layer)


def _entry(
    raw: object, layer: Layer, roots: tuple[str, ...], host: Host
) -> Iterator[Entry]:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("path"), Mapping):
        return
    given, word = raw["path"], raw.get("access")
    access = Access.DENY if denies(raw) else _access(word)
    if access is None:
        return
    if isinstance(given.get("path"), str):
        yield _made(given["path"], access, layer)
    elif isinstance(given.get("pattern"), str):
        pattern = given["pattern"]
        yield Entry(pattern, access, pattern, layer, "granted", glob=True)
    else:
        name = special(given.get("value"))
        for path in _places(name, roots, host):
            yield Entry(path, access, name, layer, "granted")


def _access(word: object) -> Access | None:
    return Access(str(word)) if word in (Access.READ, Access.WRITE) else None


def _made(path: str, access: Access, layer: Layer) -> Entry:
    return Entry(paths.normal(path), access, path, layer, "granted")


def _places(name: str, roots: tuple[str, ...], host: Host) -> Iterator[str]:
    base, _, sub = name.partition("/")
    if base in ROOTS:
        yield from (paths.join(root, sub) if sub else root for root in roots)
    elif base == ":root":
        yield f"/{sub}"
    elif base == ":slash_tmp":
        yield TEMP
    elif base == ":tmpdir" and host.tmpdir:
        yield paths.normal(host.tmpdir)
