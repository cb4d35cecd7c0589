"""Random sandboxes on random trees: what a differential test tries.

Owns the generator. Everything follows from a seed. Does not know what is right: the
model predicts and the engine answers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from state.model import Sandbox, SandboxMode
from state.permissions import paths
from state.permissions.policy import Host, Policy, from_sandbox
from state.permissions.profiles import from_profile
from state.permissions.reach import Way
from tests.sandbox.trees import Tree

META = (".git", ".codex", ".agents", ".aws")
STOPPING = ("f.txt", "key-link", "ws/out", "other/hidden")
"""Files and symlinks: writable or denied they often stop everything."""
OURS = "tried"
"""The name of the profile that is tried."""


@dataclass
class Case:
    """One policy, and what to try under it. Either `sandbox` or `profiles`."""

    roots: tuple[str, ...]
    pairs: list[tuple[Way, str]]
    sandbox: Sandbox | None = None
    profiles: dict[str, Any] | None = None
    name: str = OURS

    def policy(self, host: Host) -> Policy:
        """As the program understands it."""
        if self.sandbox is not None:
            return from_sandbox(self.sandbox, self.roots, host)
        assert self.profiles is not None
        return from_profile(self.name, self.profiles, self.roots, host)


@dataclass
class Scene:
    """A tree and some cases on it."""

    seed: int
    tree: Tree
    cases: list[Case]


def tree_for(rng: random.Random, base: str) -> Tree:
    """A workspace with everything a sandbox has opinions about, and neighbours."""
    tree = Tree(base)
    ws = tree.folder(f"{base}/ws")
    for name in ("src", "docs", "docs/in", "build"):
        tree.file(f"{ws}/{name}/a.txt")
    for name in (".env", "x.key", "src/y.key", "docs/in/z.key", "src/.env"):
        tree.file(f"{ws}/{name}")
    tree.file(f"{ws}/frozen.txt", mode=0o444)
    tree.file(f"{ws}/secret.txt", mode=0o000)
    tree.folder(f"{ws}/shut", mode=0o500)
    for place in (ws, f"{ws}/sub", f"{base}/other"):
        tree.folder(place)
        _metadata(rng, tree, place)
    tree.file(f"{base}/gits/one/HEAD")
    tree.file(f"{base}/gits/one/config")
    tree.file(f"{ws}/gits/two/HEAD")
    tree.file(f"{ws}/gits/two/config")
    tree.file(f"{base}/other/f.txt")
    tree.file(f"{base}/other/deep/g.key")
    tree.file(f"{base}/secret/s.txt")
    tree.folder(f"{base}/tmp")
    tree.link(f"{ws}/in", "src")
    tree.link(f"{ws}/out", "../other")
    tree.link(f"{ws}/outfile", f"{base}/other/f.txt")
    tree.link(f"{ws}/dangling", "../other/not-there")
    tree.link(f"{ws}/inside-dangling", "src/not-there")
    tree.link(f"{ws}/round", "round")
    tree.link(f"{ws}/togit", ".git")
    tree.link(f"{base}/other/back", "../ws/src")
    tree.link(f"{base}/other/hidden", "../secret")
    tree.link(f"{base}/ws-link", "ws")
    tree.link(f"{base}/key-link", "ws/x.key")
    return tree


def _metadata(rng: random.Random, tree: Tree, place: str) -> None:
    ws = f"{tree.base}/ws"
    git = rng.choice((*("pointer",) * 5, *("repo",) * 3, "empty", "none", "broken"))
    if git == "repo":
        tree.file(f"{place}/.git/HEAD")
        tree.file(f"{place}/.git/hooks/pre-commit")
    elif git == "pointer":
        inside = place == ws and rng.random() < 0.7
        said = (
            "gits/two"
            if inside
            else rng.choice(
                (
                    f"{tree.base}/gits/one",
                    "../gits/one",
                    f"{ws}/gits/two",
                    f"{ws}/gits/two",
                )
            )
        )
        tree.file(f"{place}/.git", f"gitdir: {said}\n")
    elif git == "empty":
        tree.folder(f"{place}/.git")
    elif git == "broken":
        tree.file(f"{place}/.git", "nothing of the kind")
    for name in META[1:]:
        how = rng.choice(("full", "full", "empty", "none", "file"))
        if how == "full":
            tree.file(f"{place}/{name}/config.toml")
        elif how == "empty":
            tree.folder(f"{place}/{name}")
        elif how == "file":
            tree.file(f"{place}/{name}", rng.choice(("", "text")))


def sandbox_for(rng: random.Random, base: str) -> tuple[Sandbox, tuple[str, ...]]:
    """A legacy mode. The engine's own working folder is always a root."""
    roots = (f"{base}/ws",)
    if rng.random() < 0.12:
        return Sandbox(SandboxMode.READ_ONLY), roots
    pool = [
        f"{base}/other",
        f"{base}/ws/sub",
        f"{base}/missing",
        f"{base}/ws/.git",
        f"{base}/ws-link",
        f"{base}/other/deep",
        f"{base}/gits",
        f"{base}/ws/src",
        f"{base}/ws/out",
        *([f"{base}/ws/missing"] if rng.random() < 0.1 else []),
    ]
    if rng.random() < 0.7:
        pool.remove(f"{base}/ws/out")  # a symlink as a root stops everything
    more = rng.sample(pool, rng.choice((0, 1, 1, 2, 3)))
    return (
        Sandbox(
            SandboxMode.WORKSPACE_WRITE,
            writable_roots=tuple(more),
            exclude_tmpdir=rng.random() < 0.3,
            exclude_slash_tmp=rng.random() < 0.5,
        ),
        roots,
    )


def profile_for(rng: random.Random, base: str, engine: str) -> dict[str, Any]:
    """A profile of its own, sometimes one that extends another."""
    files: dict[str, Any] = {}
    hidden = rng.random() < 0.3
    if hidden:
        files[":minimal"] = "read"
        files[engine] = "read"
        if rng.random() < 0.4:
            files[base] = "read"
        if rng.random() < 0.3:
            files[":root"] = "deny"
    else:
        files[":root"] = rng.choice(("read", "read", "read", "read", "write"))
    files[":workspace_roots"] = _workspace(rng)
    for special in (":tmpdir", ":slash_tmp"):
        if rng.random() < 0.3:
            files[special] = rng.choice(("read", "write", "write", "deny"))
    if files.get(":slash_tmp") == "deny" or files.get(":tmpdir") == "deny":
        files.pop(":slash_tmp", None)
        files.pop(":tmpdir", None)
    for path in rng.sample(_places(base), rng.choice((0, 1, 2, 3))):
        files[path] = rng.choice(("read", "write", "write", "deny", "deny"))
        if path.endswith(STOPPING) and rng.random() < 0.85:
            files[path] = "read"
    for pattern in rng.sample(_patterns(base), rng.choice((0, 1, 1, 2))):
        files[pattern] = "deny"
    if any(paths.has_glob(k) for k in files) and rng.random() < 0.4:
        files["glob_scan_max_depth"] = rng.choice((1, 2, 3))
    if rng.random() < 0.1:
        files[":something_new"] = "write"
    profile: dict[str, Any] = {"filesystem": files}
    if rng.random() < 0.2:
        profile["workspace_roots"] = {f"{base}/other": True}
    if not hidden and rng.random() < 0.25:
        profile["extends"] = rng.choice((":workspace", ":read-only", "base"))
    base_table = {"filesystem": {":root": "read", ":workspace_roots": {".": "write"}}}
    return {OURS: profile, "base": base_table}


def _workspace(rng: random.Random) -> Any:
    if rng.random() < 0.25:
        return rng.choice(("read", "write", "write"))
    nested: dict[str, str] = {".": rng.choice(("read", "write", "write", "write"))}
    pool = ("src", "docs", "docs/in", "sub", "new", ".env", "x.key", "build", "shut")
    for name in rng.sample(pool, rng.choice((0, 1, 2, 3))):
        nested[name] = rng.choice(("read", "write", "deny"))
        if name in ("x.key", ".env") and rng.random() < 0.9:
            nested[name] = "read"  # as a writable root, a file stops everything
    for name in rng.sample(META, rng.choice((0, 0, 1, 2))):
        nested[name] = rng.choice(("read", "write", "write", "write", "deny"))
    for name in rng.sample(
        ("*.key", "*/*.key", "**/*.key", "**/.env", "src/?.key", "docs/**"),
        rng.choice((0, 1, 1, 2)),
    ):
        nested[name] = "deny"
    return nested


def _places(base: str) -> list[str]:
    return [
        f"{base}/other",
        f"{base}/other/deep",
        f"{base}/secret",
        f"{base}/ws-link",
        f"{base}/ws/out",
        f"{base}/ws/src",
        f"{base}/ws/docs/in",
        f"{base}/missing",
        f"{base}/missing/sub",
        f"{base}/gits",
        f"{base}/other/hidden",
        f"{base}/tmp",
        f"{base}/other/f.txt",
        f"{base}/key-link",
    ]


def _patterns(base: str) -> list[str]:
    return [
        f"{base}/other/*.txt",
        f"{base}/other/**/*.key",
        f"{base}/ws/[xy].key",
        f"{base}/*/f.txt",
        f"{base}/secret/*",
    ]


def pairs_for(rng: random.Random, tree: Tree, number: int) -> list[tuple[Way, str]]:
    """What to try: everything that is there, things that are not, metadata often."""
    base = tree.base
    there = list(tree.nodes)
    new = [
        f"{parent}/{name}"
        for parent in ("ws", "ws/src", "ws/docs", "other", "secret", "ws/in", "ws/out")
        for name in ("new.txt", "new/deeper.txt")
    ]
    meta = [
        f"{place}/{name}{more}"
        for place in ("ws", "ws/sub", "other", "ws-link", "ws/out", "tmp")
        for name in META
        for more in ("", "/config.toml", "/hooks/pre-commit", "/HEAD", "/new")
    ]
    links = [
        "ws/in/a.txt",
        "ws/in/y.key",
        "ws/out/f.txt",
        "ws/out/deep/g.key",
        "ws/outfile",
        "ws/dangling",
        "ws/inside-dangling",
        "ws/round",
        "ws/togit/HEAD",
        "ws-link/a-new.txt",
        "ws-link/x.key",
        "ws-link/src/a.txt",
        "other/back/a.txt",
        "other/hidden/s.txt",
        "key-link",
    ]
    keys = [path for path in there if path.endswith((".key", ".env"))]
    temp = [f"/tmp/codex-tui-tried-{tree.name}", f"{base}/tmp/t.txt", "/etc/hostname"]
    temp += ["/usr/share", "/dev/null", "/tmp/.git/x"]
    pools = [there, [f"{base}/{p}" for p in new], [f"{base}/{p}" for p in meta]]
    pools += [[f"{base}/{p}" for p in links], keys, temp]
    pools.append(
        [
            f"{base}/{gits}/{name}"
            for gits in ("gits/one", "ws/gits/two")
            for name in ("HEAD", "config", "new")
        ]
    )
    weights = [14, 8, 28, 22, 24, 4, 22]
    found: list[tuple[Way, str]] = []
    for pool in rng.choices(pools, weights, k=number * 3):
        path = rng.choice(pool)
        way = Way.WRITE if rng.random() < 0.62 else Way.READ
        if (way, path) not in found and len(found) < number:
            found.append((way, path))
    return found


def scene(seed: int, base: str, engine: str, *, cases: int, pairs: int) -> Scene:
    """One tree, several sandboxes on it."""
    rng = random.Random(seed)
    tree = tree_for(rng, base)
    found: list[Case] = []
    for _ in range(cases):
        tried = pairs_for(rng, tree, pairs)
        if rng.random() < 0.35:
            sandbox, roots = sandbox_for(rng, base)
            found.append(Case(roots, tried, sandbox=sandbox))
        else:
            roots = (f"{base}/ws",)
            tables = profile_for(rng, base, engine)
            found.append(Case(roots, tried, profiles=tables))
    return Scene(seed, tree, found)
