"""Sandboxes that once surprised: each a case with a name, and what is true of it.

Found by trying random ones; kept so that they stay true, also of the next engine.
Owns the cases. `WS` and `BASE` stand for the tree they are tried on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from state.model import Sandbox, SandboxMode
from state.permissions.reach import Reached, Way
from tests.sandbox.scenes import OURS, Case
from tests.sandbox.trees import Tree

R, W = Way.READ, Way.WRITE
YES, NO, NONE = Reached.ALLOWED, Reached.DENIED, Reached.ABSENT
Plant = Callable[[Tree], object]


@dataclass(frozen=True)
class Named:
    """`plant` makes the tree below `<base>/ws`; paths in `expect` are below base."""

    name: str
    plant: Plant
    expect: tuple[tuple[Way, str, Reached], ...]
    files: Mapping[str, Any] | None = None
    roots: tuple[str, ...] = ()
    profile: Mapping[str, Any] | None = None

    def case(self, base: str) -> Case:
        """To try below `base`."""
        pairs = [
            (way, path if path.startswith("/") else f"{base}/{path}")
            for way, path, _ in self.expect
        ]
        ws = (f"{base}/ws",)
        if self.files is None:
            more = tuple(f"{base}/{root}" for root in self.roots)
            mode = SandboxMode.WORKSPACE_WRITE
            return Case(ws, pairs, Sandbox(mode, False, more, True, True))
        files = {key.replace("BASE", base): said for key, said in self.files.items()}
        own = {"filesystem": files, **(self.profile or {})}
        below = {"filesystem": {":root": "read", ":workspace_roots": "write"}}
        return Case(ws, pairs, profiles={OURS: own, "below": below})


def _all(*plants: Plant) -> Plant:
    def plant(tree: Tree) -> None:
        for one in plants:
            one(tree)

    return plant


def file(path: str, text: str = "x") -> Plant:
    return lambda tree: tree.file(f"{tree.base}/{path}", text)


def folder(path: str) -> Plant:
    return lambda tree: tree.folder(f"{tree.base}/{path}")


def link(path: str, target: str) -> Plant:
    return lambda tree: tree.link(f"{tree.base}/{path}", target)


def rooted(path: str, target: str) -> Plant:
    """A symlink that names its target from the root on."""
    return lambda tree: tree.link(f"{tree.base}/{path}", f"{tree.base}/{target}")


A = file("ws/a.txt")
FEW = {":minimal": "read", "ENGINE": "read", ":workspace_roots": "read"}
OUT = _all(A, file("other/f.txt"), file("other/deep/g.txt"))
READ = {":root": "read"}

NAMED: tuple[Named, ...] = (
    Named(
        "a table over a word takes its place, a table over a table is joined with it",
        _all(A, file("ws/docs/b.txt")),
        ((W, "ws/a.txt", NO), (W, "ws/docs/b.txt", NO), (R, "ws/a.txt", YES)),
        {":workspace_roots": {"docs": "read"}},
        profile={"extends": "below"},
    ),
    Named(
        "what :workspace gives stays when one folder is taken out",
        _all(A, file("ws/docs/b.txt")),
        ((W, "ws/a.txt", YES), (W, "ws/docs/b.txt", NO)),
        {":workspace_roots": {"docs": "read"}},
        profile={"extends": ":workspace"},
    ),
    Named(
        "the aliases of the workspace roots are one path: write beats read",
        A,
        ((W, "ws/a.txt", YES),),
        {**READ, ":project_roots": "write", ":workspace_roots": "read"},
    ),
    Named(
        "and so it does the other way round",
        A,
        ((W, "ws/a.txt", YES),),
        {**READ, ":project_roots": "read", ":workspace_roots": "write"},
    ),
    Named(
        "a denied path through a symlink that is writable: nothing runs",
        _all(A, link("ws/out", "../other"), file("other/f.txt")),
        ((R, "ws/a.txt", NO), (R, "other/f.txt", NO)),
        {**READ, ":workspace_roots": "write", "BASE/ws/out/f.txt": "deny"},
    ),
    Named(
        "the workspace alone: the engine cannot reach its own program",
        A,
        ((R, "ws/a.txt", NO), (W, "ws/a.txt", NO)),
        {":workspace_roots": "write"},
    ),
    Named(
        "a writable root that is a file: nothing runs",
        A,
        ((R, "ws/a.txt", NO), (W, "ws/new", NO)),
        {**READ, ":workspace_roots": {".": "write", "a.txt": "write"}},
    ),
    Named(
        "but a metadata file may be a writable root",
        _all(A, file("ws/.codex")),
        ((W, "ws/.codex", YES), (W, "ws/a.txt", YES)),
        {**READ, ":workspace_roots": {".": "write", ".codex": "write"}},
    ),
    Named(
        "below metadata that may be written, only what is there already is protected",
        _all(A, file("ws/.git/HEAD"), file("ws/.git/.aws/x")),
        (
            (W, "ws/.git/.aws/x", NO),
            (W, "ws/.git/.codex/x", YES),
            (W, "ws/.git/HEAD", YES),
        ),
        {**READ, ":workspace_roots": {".": "write", ".git": "write"}},
    ),
    Named(
        "a root that is a symlink inside another root: nothing runs in legacy mode",
        _all(A, link("ws/out", "../other"), file("other/f.txt")),
        ((W, "ws/a.txt", NO), (R, "ws/a.txt", NO)),
        roots=("ws/out",),
    ),
    Named(
        "the same in a profile runs",
        _all(A, link("ws/out", "../other"), file("other/f.txt")),
        ((W, "ws/a.txt", YES), (W, "other/f.txt", YES), (W, "other/.git/x", NO)),
        {**READ, ":workspace_roots": "write", "BASE/ws/out": "write"},
    ),
    Named(
        "the folder a .git points at is protected in a root of its own, too",
        _all(
            file("gits/one/HEAD"),
            file("gits/b"),
            file("ws/.git", "gitdir: ../gits/one"),
        ),
        ((W, "gits/one/HEAD", NO), (W, "gits/b", YES)),
        roots=("gits",),
    ),
    Named(
        "a missing writable root inside the workspace: nothing runs in legacy mode",
        A,
        ((W, "ws/a.txt", NO), (R, "ws/a.txt", NO)),
        roots=("ws/not/there",),
    ),
    Named(
        "outside of it, it is left out",
        A,
        ((W, "ws/a.txt", YES), (W, "not-there/x", NO)),
        roots=("not-there",),
    ),
    Named(
        "a pattern that matches inside a denied folder: nothing runs",
        _all(A, file("other/f.txt")),
        ((R, "ws/a.txt", NO),),
        {**READ, "BASE/other": "deny", "BASE/other/*.txt": "deny"},
    ),
    Named(
        "one file denied by two names: nothing runs",
        _all(A, file("ws/x.key"), link("key", "ws/x.key")),
        ((R, "ws/a.txt", NO),),
        {**READ, "BASE/key": "deny", ":workspace_roots": {"*.key": "deny"}},
    ),
    Named(
        "metadata that is not there and denied: nothing runs",
        A,
        ((R, "ws/a.txt", NO),),
        {**READ, ":workspace_roots": {".": "write", ".agents": "deny"}},
    ),
    Named(
        "something missing protected in a read-only folder of a writable disk",
        A,
        ((R, "ws/a.txt", NO),),
        {":root": "write", ":workspace_roots": {".": "read", "new": "read"}},
    ),
    Named(
        "a .git file that points into a denied folder: nothing runs",
        _all(file("gits/one/HEAD"), file("ws/.git", "gitdir: ../gits/one")),
        ((W, "ws/new", NO),),
        {":root": "write", ":workspace_roots": "write", "BASE/gits": "deny"},
    ),
    Named(
        "a denied symlink beside the workspace that leads into it hides it",
        _all(A, link("alias", "ws")),
        ((W, "ws/a.txt", NO), (R, "ws/a.txt", NO)),
        {**READ, ":workspace_roots": "write", "BASE/alias": "deny"},
    ),
    Named(
        "a denied symlink to something that is not shown: nothing runs",
        _all(A, link("other/hidden", "../secret"), file("secret/s.txt")),
        ((R, "ws/a.txt", NO),),
        {
            ":minimal": "read",
            "ENGINE": "read",
            ":workspace_roots": "write",
            "BASE/other": "read",
            "BASE/other/hidden": "deny",
        },
    ),
    Named(
        "a readable symlink to something that is not shown: nothing runs",
        _all(OUT, link("ws/out", "../other")),
        ((R, "ws/a.txt", NO), (R, "ws/out/f.txt", NO)),
        {**FEW, "BASE/ws/out": "read"},
    ),
    Named(
        "and nothing for something behind it",
        _all(OUT, link("ws/out", "../other")),
        ((R, "ws/a.txt", NO), (R, "other/deep/g.txt", NO)),
        {**FEW, "BASE/ws/out/deep": "read"},
    ),
    Named(
        "where it leads to what is shown, it may be named",
        _all(OUT, link("ws/out", "../other")),
        ((R, "ws/a.txt", YES), (R, "ws/out/f.txt", YES)),
        {**FEW, "BASE/other": "read", "BASE/ws/out": "read"},
    ),
    Named(
        "unless it has an absolute target: nothing runs",
        _all(OUT, rooted("ws/out", "other")),
        ((R, "ws/a.txt", NO), (R, "other/f.txt", NO)),
        {**FEW, "BASE/other": "read", "BASE/ws/out": "read"},
    ),
    Named(
        "a readable symlink in a workspace that is not shown is made a folder",
        _all(OUT, link("ws/out", "../other")),
        ((R, "ws/out/f.txt", YES), (R, "ws/a.txt", NO), (R, "other/f.txt", NO)),
        {":minimal": "read", "ENGINE": "read", "BASE/ws/out": "read"},
    ),
    Named(
        "a denied path behind a symlink with an absolute target: nothing runs",
        _all(OUT, rooted("ws/out", "other")),
        ((R, "ws/a.txt", NO), (R, "other/f.txt", NO)),
        {**READ, "BASE/ws/out/deep": "deny"},
    ),
    Named(
        "a denied path behind one with a relative target is denied",
        _all(OUT, link("ws/out", "../other")),
        ((R, "ws/a.txt", YES), (R, "other/deep/g.txt", NO), (R, "other/f.txt", YES)),
        {**READ, "BASE/ws/out/deep": "deny"},
    ),
    Named(
        "the platform's own folders and the workspace, and nothing else",
        _all(A, file("other/f.txt")),
        ((R, "/usr/bin/env", YES), (W, "ws/a.txt", YES), (R, "other/f.txt", NO)),
        {":minimal": "read", "ENGINE": "read", ":workspace_roots": "write"},
    ),
    Named(
        "a missing .git is protected, also below another repository",
        _all(A, file(".git/HEAD"), folder("ws/.aws")),
        ((W, "ws/.git/x", NO), (W, "ws/.aws/x", NO), (W, "ws/.codex/x", NO)),
        {**READ, ":workspace_roots": "write"},
    ),
    Named(
        "a .git that points at its real folder protects that one as well",
        _all(A, file("ws/gits/one/HEAD"), file("ws/.git", "gitdir: gits/one\n")),
        (
            (W, "ws/gits/one/HEAD", NO),
            (W, "ws/.git", NO),
            (W, "ws/gits/two", YES),
        ),
    ),
    Named(
        "a .git file that may be written opens itself and not the folder it points at",
        _all(A, file("ws/gits/one/HEAD"), file("ws/.git", "gitdir: gits/one\n")),
        ((W, "ws/.git", YES), (W, "ws/gits/one/HEAD", NO), (W, "ws/a.txt", YES)),
        {**READ, ":workspace_roots": {".": "write", ".git": "write"}},
    ),
    Named(
        "an entry for that folder does",
        _all(A, file("ws/gits/one/HEAD"), file("ws/.git", "gitdir: gits/one\n")),
        ((W, "ws/.git", YES), (W, "ws/gits/one/HEAD", YES)),
        {
            **READ,
            ":workspace_roots": {".": "write", ".git": "write", "gits/one": "write"},
        },
    ),
    Named(
        "only the top level of a root is metadata",
        _all(file("ws/sub/.git/HEAD"), file("ws/.git/HEAD"), file("ws/.vscode/x")),
        (
            (W, "ws/sub/.git/HEAD", YES),
            (W, "ws/.git/HEAD", NO),
            (W, "ws/.vscode/x", YES),
            (W, "ws/.git/new", NO),
        ),
    ),
    Named(
        "a folder that is a root of its own has metadata of its own",
        _all(file("ws/sub/.git/HEAD"), file("ws/sub/a.txt")),
        ((W, "ws/sub/.git/HEAD", NO), (W, "ws/sub/a.txt", YES)),
        roots=("ws/sub",),
    ),
    Named(
        "a writable folder inside a denied one is open, its neighbours are not",
        _all(A, file("other/f.txt"), file("other/deep/g.txt")),
        ((W, "other/deep/g.txt", YES), (R, "other/f.txt", NO), (R, "other", NO)),
        {**READ, "BASE/other": "deny", "BASE/other/deep": "write"},
    ),
    Named(
        "a readable folder inside a denied one is not",
        _all(A, file("other/deep/g.txt")),
        ((R, "other/deep/g.txt", NO), (R, "ws/a.txt", YES)),
        {**READ, "BASE/other": "deny", "BASE/other/deep": "read"},
    ),
    Named(
        "an unknown special path is left out and the rest holds",
        A,
        ((W, "ws/a.txt", YES), (W, "other", NO)),
        {**READ, ":workspace_roots": "write", ":something_new": "write"},
    ),
    Named(
        "a profile without entries: nothing runs",
        A,
        ((R, "ws/a.txt", NO),),
        {},
    ),
)
