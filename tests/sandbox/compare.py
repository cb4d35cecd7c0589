"""Prediction against reality: what is compared, counted and recorded.

Owns the comparison of the model with the outcomes of real runs, the mix of what was
tried, and the recording that lets the comparison be repeated without an engine.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from state.model import Sandbox, SandboxMode
from state.permissions import paths
from state.permissions.box import Box, Rule
from state.permissions.disk import Disk, Kind, Looked, Node
from state.permissions.mounts import box_of
from state.permissions.policy import Host
from state.permissions.reach import Reached, Touch, Way, touch
from tests.sandbox.scenes import Case
from tests.sandbox.trees import MemoryDisk, Tree, as_json, from_json


class Remembering:
    """A disk that keeps what it said about everything outside of a tree."""

    def __init__(self, disk: Disk, base: str) -> None:
        self._disk = disk
        self._base = base
        self.outside: dict[str, Node | None] = {}
        self.links: dict[str, str] = {}

    def node(self, path: str) -> Node | None:
        found = self._disk.node(path)
        if not paths.within(path, self._base):
            self.outside[path] = found
        return found

    def target(self, path: str) -> str:
        said = self._disk.target(path)
        if not paths.within(path, self._base):
            self.links[path] = said
        return said

    def text(self, path: str) -> str:
        return self._disk.text(path)

    def names(self, path: str) -> tuple[str, ...]:
        return self._disk.names(path)


@dataclass
class Tried:
    """One scene after it was tried. `real`: per case, per pair."""

    tree: Tree
    host: Host
    cases: list[Case]
    real: list[list[Reached]]
    outside: dict[str, Node | None] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def disk(self) -> MemoryDisk:
        """The tree in memory."""
        return MemoryDisk(self.tree, more=self.outside, links=self.links)


@dataclass(frozen=True)
class Pair:
    """One comparison."""

    case: Case
    way: Way
    path: str
    real: Reached
    said: Touch
    linked: bool
    refused: bool

    @property
    def agrees(self) -> bool:
        return self.said.result is self.real

    def __str__(self) -> str:
        how = self.case.sandbox or self.case.profiles
        return (
            f"{self.way.value} {self.path}: predicted {self.said.result.value} "
            f"({self.said.rule.value}), really {self.real.value}; {how}"
        )


def boxed(
    case: Case, disk: Disk, host: Host, off: frozenset[Rule]
) -> tuple[Box, Looked]:
    """The case's sandbox as the model sees it."""
    looked = Looked(disk)
    return box_of(case.policy(host), looked, host, off=off), looked


def compared(
    tried: Iterable[Tried], off: frozenset[Rule] = frozenset()
) -> Iterator[Pair]:
    """Every pair, predicted anew on the trees in memory."""
    for one in tried:
        disk = one.disk()
        for case, real in zip(one.cases, one.real, strict=True):
            yield from _pairs(case, real, disk, one.host, off)


def _pairs(
    case: Case, real: list[Reached], disk: Disk, host: Host, off: frozenset[Rule]
) -> Iterator[Pair]:
    box, looked = boxed(case, disk, host, off)
    for (way, path), outcome in zip(case.pairs, real, strict=True):
        said = touch(box, host, way, path)
        linked = bool(looked.follow(path).links)
        refused = box.refusal is not None
        yield Pair(case, way, path, outcome, said, linked, refused)


UNTRIED = (Rule.READABLE, Rule.WRITABLE, Rule.EVERYTHING, Rule.SOCKETS)
"""What is no rule to switch off, and what has a test of its own."""


def silent_rules(tried: list[Tried]) -> list[Rule]:
    """The rules without which the model would agree with reality all the same."""
    return [
        rule
        for rule in Rule
        if rule not in UNTRIED
        and all(pair.agrees for pair in compared(tried, frozenset({rule})))
    ]


WANTED: Mapping[str, Callable[[Pair], bool]] = {
    ".git": lambda p: p.said.rule is Rule.PROTECTED_GIT,
    ".codex": lambda p: p.said.rule is Rule.PROTECTED_CODEX,
    ".agents": lambda p: p.said.rule is Rule.PROTECTED_AGENTS,
    ".aws": lambda p: p.said.rule is Rule.PROTECTED_AWS,
    "pointer gitdir": lambda p: p.said.rule is Rule.POINTER,
    "deny glob": lambda p: p.said.rule is Rule.PATTERN,
}


def mix(pairs: list[Pair]) -> tuple[str, list[str]]:
    """(what was tried, in a line; what of it was too little)."""
    total = len(pairs)
    denied = sum(p.real is Reached.DENIED for p in pairs)
    alive = sum(p.real is Reached.DENIED and not p.refused for p in pairs)
    linked = sum(p.linked for p in pairs)
    counts = Counter({name: sum(map(is_it, pairs)) for name, is_it in WANTED.items()})
    results = Counter(p.real.value for p in pairs)
    words = (
        f"{total} pairs: {dict(results)}, {alive} of the denied where commands run, "
        f"{linked} through symlinks, {dict(counts)}"
    )
    few = [f"{name}: {count}" for name, count in counts.items() if count < 10]
    if denied < 0.35 * total or alive < 0.2 * total:
        few.append(f"denied: {denied}, {alive} where commands run")
    if linked < 0.15 * total:
        few.append(f"symlinks: {linked}")
    return words, few


# -- recordings ------------------------------------------------------------------


def dumps(tried: list[Tried]) -> str:
    """One scene a line."""
    return "".join(json.dumps(_dump(one), sort_keys=True) + "\n" for one in tried)


def _dump(one: Tried) -> dict[str, Any]:
    host = asdict(one.host) | {"groups": sorted(one.host.groups)}
    outside = {p: None if n is None else _node(n) for p, n in one.outside.items()}
    cases = [
        {
            "roots": case.roots,
            "sandbox": _sandbox(case.sandbox),
            "profiles": case.profiles,
            "pairs": [[way.value, path] for way, path in case.pairs],
            "real": [r.value for r in real],
        }
        for case, real in zip(one.cases, one.real, strict=True)
    ]
    return {
        "tree": as_json(one.tree),
        "host": host,
        "outside": outside,
        "links": one.links,
        "cases": cases,
    }


def _node(node: Node) -> list[Any]:
    return [node.kind.value, node.mode, node.uid, node.gid, node.empty, node.frozen]


def _sandbox(sandbox: Sandbox | None) -> Any:
    return None if sandbox is None else asdict(sandbox)


def loads(lines: Iterable[str]) -> list[Tried]:
    """What `dumps` wrote."""
    return [_load(json.loads(line)) for line in lines if line.strip()]


def _load(raw: dict[str, Any]) -> Tried:
    host = raw["host"]
    outside = {
        path: None if n is None else Node(Kind(n[0]), *n[1:])
        for path, n in raw["outside"].items()
    }
    cases, real = [], []
    for one in raw["cases"]:
        pairs = [(Way(way), path) for way, path in one["pairs"]]
        old = one["sandbox"]
        sandbox = old and Sandbox(
            **old
            | {
                "mode": SandboxMode(old["mode"]),
                "writable_roots": tuple(old["writable_roots"]),
            }
        )
        cases.append(Case(tuple(one["roots"]), pairs, sandbox, one["profiles"]))
        real.append([Reached(word) for word in one["real"]])
    return Tried(
        from_json(raw["tree"]),
        Host(**host | {"groups": frozenset(host["groups"])}),
        cases,
        real,
        outside,
        raw["links"],
    )
