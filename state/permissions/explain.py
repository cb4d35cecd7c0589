"""May this operation touch this, here and now, and why: the answer in words.

Owns `explain`: sandbox and approvals together. Does not own the sandbox (`mounts`,
`reach`), the sentences about single rules (`reasons`), nor who draws it. Invariant:
what cannot be known is `UNKNOWN`, never a guess; text from outside stays raw in here
and passes a door of `state.text` in `state.select`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from state.dataclass import dataclass
from state.permissions import paths
from state.permissions.box import Box, Rule
from state.permissions.policy import Entry, Host, Kind, Layer, Policy
from state.permissions.reach import Reached, Touch, Way, touch
from state.permissions.reasons import Remedy, reason, remedy


class Operation(StrEnum):
    """What an agent does."""

    WRITE = "write"
    READ = "read"
    PATCH = "patch"
    CONNECT = "connect"
    STDIN = "stdin"


class Answer(StrEnum):
    """What comes of it."""

    ALLOWED = "allowed"
    DENIED = "denied"
    ASKS_YOU = "asks you"
    ASKS_AUTO = "asks auto-review"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who is asked: the approval policy, its switches, the reviewer."""

    policy: str | None = None
    granular: Mapping[str, bool] = field(default_factory=dict)
    reviewer: str | None = None

    @property
    def asks(self) -> Answer:
        """Who answers a question of an agent. Under `untrusted` it is always you."""
        auto = self.reviewer == "auto_review" and self.policy != "untrusted"
        return Answer.ASKS_AUTO if auto else Answer.ASKS_YOU

    @property
    def may_leave(self) -> bool:
        """An agent may ask to run something outside the sandbox."""
        if self.policy == "granular":
            return self.granular.get("sandbox_approval", False)
        return self.policy in ("on-request", "untrusted")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. `entry`: what decides, with the layer it came from. `path`: where a
    path really leads. `further`: what an agent can still do about it. `sandbox`: what
    the sandbox alone says of a path, which a real run must confirm."""

    answer: Answer
    why: str
    layer: Layer | None = None
    entry: Entry | None = None
    path: str = ""
    further: str = ""
    remedy: Remedy | None = None
    rule: Rule | None = None
    sandbox: Reached | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What a question is asked about: a policy, its sandbox, and who is asked."""

    policy: Policy
    box: Box
    host: Host
    approvals: Approvals = Approvals()


def explain(operation: Operation, target: str, ground: Ground) -> Verdict:
    """The verdict on one operation. `target`: a path (relative to the sandbox root, or
    with `~`) or a host."""
    match operation:
        case Operation.CONNECT:
            return _connection(target, ground)
        case Operation.STDIN:
            return _stdin(ground)
        case Operation.PATCH:
            return _patch(target, ground)
        case Operation.WRITE | Operation.READ:
            return _command(operation, target, ground)


def absolute(target: str, policy: Policy, host: Host) -> str:
    """The path that is meant: from the sandbox root, not a command's own folder."""
    if target == "~" or target.startswith("~/"):
        return paths.normal(host.home + target[1:])
    if paths.is_absolute(target):
        return paths.normal(target)
    root = policy.roots[0] if policy.roots else "/"
    return paths.join(root, target)


def _command(operation: Operation, target: str, ground: Ground) -> Verdict:
    way = Way.READ if operation is Operation.READ else Way.WRITE
    asked = ground.approvals.policy == "untrusted"
    loose = _unsandboxed(ground, asked=asked)
    if loose is not None:
        return loose
    found = _touched(way, target, ground)
    verdict = _judged(found, way, ground)
    if asked and found.result is not Reached.UNKNOWN:
        verdict = _asks(verdict, ground, "untrusted asks you before every command")
    elif found.result is Reached.DENIED and ground.approvals.may_leave:
        return _may_leave(verdict, ground)
    return verdict


def _touched(way: Way, target: str, ground: Ground) -> Touch:
    return touch(
        ground.box, ground.host, way, absolute(target, ground.policy, ground.host)
    )


def _may_leave(verdict: Verdict, ground: Ground) -> Verdict:
    who = ground.approvals.asks
    if ground.approvals.policy == "granular":
        return _asks(verdict, ground, "the sandbox refuses, so it is asked for")
    further = f"The agent can ask to run it outside the sandbox: that {who.value}."
    return _with(verdict, further=further)


def _patch(target: str, ground: Ground) -> Verdict:
    asked = ground.approvals.policy == "untrusted"
    loose = _unsandboxed(ground, asked=asked)
    if loose is not None:
        return loose
    found = _touched(Way.WRITE, target, ground)
    verdict = _judged(found, Way.WRITE, ground)
    if asked and found.result is not Reached.UNKNOWN:
        return _asks(verdict, ground, "untrusted asks you before every edit")
    if found.result is Reached.DENIED and ground.approvals.may_leave:
        return _asks(
            verdict, ground, "an edit outside of what is writable is asked for"
        )
    return verdict


def _unsandboxed(ground: Ground, *, asked: bool) -> Verdict | None:
    match ground.policy.kind:
        case Kind.RESTRICTED:
            return None
        case Kind.EXTERNAL:
            why = "another sandbox around the engine decides, which cannot be seen here"
            return Verdict(Answer.UNKNOWN, why, ground.policy.network_layer)
        case Kind.FULL:
            answer = Answer.ASKS_YOU if asked else Answer.ALLOWED
            why = "full access: nothing holds it back"
            layer = ground.policy.network_layer
            return Verdict(answer, why, layer, rule=Rule.EVERYTHING)


def _judged(found: Touch, way: Way, ground: Ground) -> Verdict:
    answer = {
        Reached.ALLOWED: Answer.ALLOWED,
        Reached.DENIED: Answer.DENIED,
        Reached.ABSENT: Answer.UNKNOWN,
        Reached.UNKNOWN: Answer.UNKNOWN,
    }[found.result]
    entry = found.entry
    return Verdict(
        answer,
        reason(found, way, ground.box),
        entry.layer if entry is not None else None,
        entry,
        found.path,
        remedy=None if answer is Answer.ALLOWED else remedy(found, way, ground.policy),
        rule=found.rule,
        sandbox=found.result,
    )


def _asks(verdict: Verdict, ground: Ground, because: str) -> Verdict:
    return _with(verdict, answer=ground.approvals.asks, further=because)


def _with(
    verdict: Verdict, *, answer: Answer | None = None, further: str = ""
) -> Verdict:
    return Verdict(
        answer or verdict.answer,
        verdict.why,
        verdict.layer,
        verdict.entry,
        verdict.path,
        further,
        verdict.remedy,
        verdict.rule,
        verdict.sandbox,
    )


# -- connections -----------------------------------------------------------------


def _connection(target: str, ground: Ground) -> Verdict:
    policy, layer = ground.policy, ground.policy.network_layer
    if target.startswith(("/", "unix:")):
        why = "sockets in the file system are not held back by the network switch"
        return Verdict(Answer.ALLOWED, why, layer)
    match policy.kind:
        case Kind.FULL:
            return Verdict(Answer.ALLOWED, "full access: the network is open", layer)
        case Kind.EXTERNAL:
            why = "another sandbox around the engine decides, which cannot be seen here"
            return Verdict(Answer.UNKNOWN, why, layer)
        case Kind.RESTRICTED:
            pass
    asked = ground.approvals.policy == "untrusted"
    if policy.network:
        answer = Answer.ASKS_YOU if asked else Answer.ALLOWED
        return Verdict(answer, "the network is on for commands", layer)
    where = ", this machine's own addresses too" if is_local(target) else ""
    why = f"the network is off for commands{where}"
    fix = Remedy(
        "switch the network on for this profile or mode",
        _network_setting(policy),
    )
    if asked:
        verdict = Verdict(Answer.ASKS_YOU, why, layer, remedy=fix)
        return _with(verdict, further="untrusted asks you before every command")
    verdict = Verdict(Answer.DENIED, why, layer, remedy=fix)
    if not ground.approvals.may_leave:
        return verdict
    who = ground.approvals.asks.value
    return _with(
        verdict, further=f"The agent can ask to run it outside the sandbox: that {who}."
    )


def _network_setting(policy: Policy) -> str:
    if policy.name.startswith(":"):
        return "choose a profile with [permissions.NAME.network] enabled = true"
    if policy.name in ("readOnly", "workspaceWrite"):
        return "[sandbox_workspace_write] network_access = true"
    return f"[permissions.{policy.name}.network] enabled = true"


def is_local(host: str) -> bool:
    """A name or address of this machine itself."""
    name = host.strip()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    if name in ("localhost", "") or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _stdin(ground: Ground) -> Verdict:
    layer = ground.policy.network_layer
    further = (
        f"A terminal that was started outside the sandbox {ground.approvals.asks.value}"
        " before the agent may type into it."
    )
    if ground.policy.kind is Kind.FULL or ground.approvals.policy == "never":
        further = ""
    why = "typing into a terminal that runs in the sandbox is never asked for"
    return Verdict(Answer.ALLOWED, why, layer, further=further)
