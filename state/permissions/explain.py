"""May this operation touch this, here and now, and why: the answer in words.

Owns `explain`: sandbox and approvals together. Does not own the sandbox (`mounts`,
`reach`), connections (`connecting`), the sentences about single rules (`reasons`), nor
who draws it. Invariant: what cannot be known is `UNKNOWN`, never a guess; text from
outside stays raw in here and passes a door of `state.text` in `state.select`.
"""

from __future__ import annotations

from state.permissions import paths
from state.permissions.box import Rule
from state.permissions.connecting import connection
from state.permissions.policy import Host, Kind, Policy
from state.permissions.reach import Reached, Touch, Way, touch
from state.permissions.reasons import reason, remedy
from state.permissions.verdict import Answer as Answer
from state.permissions.verdict import Approvals as Approvals
from state.permissions.verdict import Ground as Ground
from state.permissions.verdict import Operation as Operation
from state.permissions.verdict import Verdict as Verdict
from state.permissions.verdict import altered


def explain(operation: Operation, target: str, ground: Ground) -> Verdict:
    """The verdict on one operation. `target`: a path (relative to the sandbox root, or
    with `~`) or a host."""
    match operation:
        case Operation.CONNECT:
            return connection(target, ground)
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
    return altered(verdict, further=further)


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
    return altered(verdict, answer=ground.approvals.asks, further=because)


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
