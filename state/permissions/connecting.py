"""May an agent's command connect to this host: the answer in words.

Owns the order of what stands in the way: no network at all, the managed proxy and its
lists, a socket in the file system. Does not own the lists (`hosts`) nor how they come
together (`proxied`). Invariant: where it depends on what nobody can see, it is unknown.
"""

from __future__ import annotations

from state.permissions import hosts
from state.permissions.hosts import Domain, Outcome, Proxy, Target
from state.permissions.policy import Kind, Layer, Policy
from state.permissions.reach import Reached, Way, touch
from state.permissions.reasons import Remedy
from state.permissions.verdict import Answer, Ground, Verdict, altered

ELSEWHERE = "another sandbox around the engine decides, which cannot be seen here"
UNTRUSTED = "untrusted asks you before every command"
NEVER = "It would be asked about, but the approval policy never asks: so it is refused."
LOADED = (
    "the managed proxy is there only if the network was on when the thread was loaded, "
    "which no engine tells"
)


def connection(target: str, ground: Ground) -> Verdict:
    """The verdict on connecting to a host, or to a socket in the file system."""
    layer = ground.policy.network_layer
    match ground.policy.kind:
        case Kind.FULL:
            why = "full access: the network is open"
            verdict = Verdict(Answer.ALLOWED, why, layer)
        case Kind.EXTERNAL:
            return Verdict(Answer.UNKNOWN, ELSEWHERE, layer)
        case Kind.RESTRICTED:
            if target.startswith(("/", "unix:")):
                verdict = _socket(target.removeprefix("unix:"), ground)
            else:
                verdict = _host(hosts.target_of(target), ground)
    if ground.approvals.policy == "untrusted" and verdict.answer is not Answer.UNKNOWN:
        return altered(verdict, answer=Answer.ASKS_YOU, further=UNTRUSTED)
    return verdict


def _leaving(verdict: Verdict, ground: Ground) -> Verdict:
    """What is refused in the sandbox may be asked for outside of it."""
    if not ground.approvals.may_leave:
        return verdict
    who = ground.approvals.asks.value
    further = f"The agent can ask to run it outside the sandbox: that {who}."
    return altered(verdict, further=further)


# -- sockets in the file system ---------------------------------------------------


def _socket(path: str, ground: Ground) -> Verdict:
    policy, proxy = ground.policy, ground.proxy
    if proxy is not None and not proxy.sure:
        return Verdict(Answer.UNKNOWN, LOADED, proxy.layer)
    if proxy is not None and not proxy.sockets:
        why = "the managed proxy lets commands use no sockets in the file system"
        setting = f"{proxy.home} dangerously_allow_all_unix_sockets = true"
        fix = None if not proxy.home else Remedy("allow all of them", setting)
        verdict = Verdict(Answer.DENIED, why, proxy.layer, remedy=fix)
        return _leaving(verdict, ground)
    if proxy is None and not policy.network:
        why = "with the network off, commands connect to no socket, in the files either"
        verdict = Verdict(Answer.DENIED, why, policy.network_layer, remedy=_on(policy))
        return _leaving(verdict, ground)
    found = touch(ground.box, ground.host, Way.READ, path)
    if found.result is Reached.DENIED:
        why = "the socket is hidden from commands"
        layer = found.entry.layer if found.entry else None
        verdict = Verdict(Answer.DENIED, why, layer, found.entry, found.path)
        return _leaving(verdict, ground)
    if found.result is Reached.ALLOWED:
        why = "the network is on, and with it sockets in the file system"
        return Verdict(Answer.ALLOWED, why, policy.network_layer, path=found.path)
    return Verdict(Answer.UNKNOWN, "whether a socket is there cannot be seen here")


# -- hosts ------------------------------------------------------------------------


def _host(target: Target, ground: Ground) -> Verdict:
    policy, proxy = ground.policy, ground.proxy
    if proxy is None:
        return _open(policy) if policy.network else _closed(target, ground)
    outcome, domain = hosts.decide(proxy, target, ground.lead)
    if not proxy.sure:
        return _unsure(outcome, target, ground)
    return _proxied(outcome, domain, target, ground)


def _open(policy: Policy) -> Verdict:
    why = "the network is on for commands, and nothing limits it"
    return Verdict(Answer.ALLOWED, why, policy.network_layer, gate=Outcome.ALLOWED)


def _closed(target: Target, ground: Ground) -> Verdict:
    policy = ground.policy
    own = hosts.loopback(target.host)
    where = ", this machine's own addresses too" if own else ""
    why = f"the network is off for commands{where}"
    verdict = Verdict(
        Answer.DENIED,
        why,
        policy.network_layer,
        remedy=_on(policy),
        gate=Outcome.DENIED,
    )
    return _leaving(verdict, ground)


def _on(policy: Policy) -> Remedy:
    if policy.name.startswith(":"):
        setting = "choose a profile with [permissions.NAME.network] enabled = true"
    elif policy.name in ("readOnly", "workspaceWrite"):
        setting = "[sandbox_workspace_write] network_access = true"
    else:
        setting = f"[permissions.{policy.name}.network] enabled = true"
    return Remedy("switch the network on for this profile or mode", setting)


def _unsure(outcome: Outcome, target: Target, ground: Ground) -> Verdict:
    """Open or closed as the settings say, or behind the proxy: what both agree on."""
    assert ground.proxy is not None
    through = outcome is Outcome.ALLOWED
    if ground.policy.network and through:
        return _open(ground.policy)
    if not ground.policy.network and outcome not in (Outcome.ALLOWED, Outcome.UNSEEN):
        return _closed(target, ground)
    return Verdict(Answer.UNKNOWN, LOADED, ground.proxy.layer)


def _proxied(
    outcome: Outcome, domain: Domain | None, target: Target, ground: Ground
) -> Verdict:
    proxy = ground.proxy
    assert proxy is not None
    why = _why(outcome, domain, target, proxy)
    layer = domain.layer if domain is not None else proxy.layer
    answer = _ANSWERS[outcome]
    asks = outcome is Outcome.ASKED or (outcome is Outcome.MISSED and proxy.asks)
    if asks and ground.approvals.policy != "never":
        answer = ground.approvals.asks
    verdict = Verdict(
        answer,
        why,
        layer,
        further=NEVER if asks and answer is Answer.DENIED else _limited(answer, proxy),
        remedy=None
        if answer is Answer.ALLOWED
        else _remedy(outcome, domain, target, proxy),
        domain=domain,
        gate=outcome,
        proxied=True,
    )
    denied = verdict.answer is Answer.DENIED and not verdict.further
    return _leaving(verdict, ground) if denied else verdict


_ANSWERS = {
    Outcome.ALLOWED: Answer.ALLOWED,
    Outcome.DENIED: Answer.DENIED,
    Outcome.LOCAL: Answer.DENIED,
    Outcome.PRIVATE: Answer.DENIED,
    Outcome.NOWHERE: Answer.DENIED,
    Outcome.MISSED: Answer.DENIED,
    Outcome.ASKED: Answer.DENIED,
    Outcome.UNSEEN: Answer.UNKNOWN,
}


def _limited(answer: Answer, proxy: Proxy) -> str:
    if answer is not Answer.ALLOWED or not proxy.limited:
        return ""
    return "Only requests that read: GET, HEAD and OPTIONS."


def _why(outcome: Outcome, domain: Domain | None, target: Target, proxy: Proxy) -> str:
    name = domain.pattern if domain is not None else target.host
    match outcome:
        case Outcome.ALLOWED if domain is not None and domain.layer is Layer.GRANT:
            return f"{name} was allowed for the session" + (
                f", on port {domain.port}" if domain.port else ""
            )
        case Outcome.ALLOWED:
            return f"the managed proxy lets {name} through"
        case Outcome.DENIED:
            return f"the managed proxy denies {name}"
        case Outcome.LOCAL:
            return "the managed proxy reaches no address of this machine or its network"
        case Outcome.PRIVATE:
            return (
                f"{name} is let through, but {target.host} leads to a private address"
            )
        case Outcome.NOWHERE:
            return f"{name} is let through, but {target.host} leads nowhere from here"
        case Outcome.ASKED:
            return f"your administrator wants {name} asked about"
        case Outcome.UNSEEN:
            return (
                f"{name} is let through if it leads to a public address, not seen here"
            )
        case Outcome.MISSED if proxy.pinned:
            return f"your administrator's list alone counts, and {name} is not on it"
        case Outcome.MISSED:
            return f"{name} is on no list of the managed proxy"


def _remedy(
    outcome: Outcome, domain: Domain | None, target: Target, proxy: Proxy
) -> Remedy | None:
    table = f"{proxy.home[:-1]}.domains]" if proxy.home else ""
    entry = Remedy("put it on the list", f'{table} "{target.host}" = "allow"')
    match outcome:
        case Outcome.DENIED if domain is not None and domain.layer is Layer.MANAGED:
            return Remedy("only your administrator can change that")
        case Outcome.DENIED if domain is not None:
            at = f" ({domain.place})" if domain.place else ""
            return Remedy(f"take the denied entry out{at}")
        case Outcome.MISSED if proxy.pinned:
            return Remedy("only your administrator can change that")
        case Outcome.MISSED | Outcome.LOCAL if proxy.home:
            return entry
        case Outcome.PRIVATE if proxy.local_held:
            return Remedy("only your administrator can change that")
        case Outcome.PRIVATE if proxy.home:
            setting = f"{proxy.home} allow_local_binding = true"
            return Remedy("let the proxy reach private networks", setting)
        case _:
            return None
