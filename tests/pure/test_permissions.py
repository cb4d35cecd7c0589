"""Policies, profiles, paths and the words for them; what a disk adds is elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.model import Sandbox, SandboxMode
from state.permissions import globs, paths
from state.permissions.box import Rule
from state.permissions.disk import Kind as DiskKind
from state.permissions.disk import Looked, Node
from state.permissions.explain import (
    Answer,
    Approvals,
    Ground,
    Operation,
    Verdict,
    absolute,
    explain,
)
from state.permissions.mounts import box_of
from state.permissions.policy import Access, Host, Kind, Layer, Policy, from_sandbox
from state.permissions.profiles import NOTHING, ProfileError, chain, from_profile
from state.permissions.trial import parse, quoted
from tests.sandbox.trees import MemoryDisk, Tree

HOST = Host("/home/ada", "/var/tmp/ada", "/opt/codex", uid=1000)
WS = "/home/ada/ws"
TREE = Tree("/home/ada", uid=1000, gid=1000)
TREE.file(f"{WS}/a.txt")
TREE.file(f"{WS}/.git/HEAD")
TREE.folder("/home/ada/other")
TREE.link(f"{WS}/out", "../other")
MODES = SandboxMode


def ground(policy: Policy, approvals: Approvals | None = None) -> Ground:
    box = box_of(policy, Looked(MemoryDisk(TREE)), HOST)
    return Ground(policy, box, HOST, approvals or Approvals("on-request"))


def legacy(mode: SandboxMode = MODES.WORKSPACE_WRITE, **more: Any) -> Policy:
    return from_sandbox(Sandbox(mode, **more), (WS,), HOST)


def profile(files: dict[str, Any], **more: Any) -> Policy:
    tables = {"dev": {"filesystem": files, **more}}
    return from_profile("dev", tables, (WS,), HOST)


def test_legacy_modes_become_entries() -> None:
    policy = legacy(writable_roots=("/home/ada/other/",))
    assert {(e.path, e.spelled) for e in policy.writable} == {
        (WS, WS),
        ("/tmp", "/tmp"),
        ("/var/tmp/ada", "$TMPDIR"),
        ("/home/ada/other", "/home/ada/other/"),
    }
    bare = legacy(exclude_tmpdir=True, exclude_slash_tmp=True)
    assert [e.path for e in bare.writable] == [WS]
    assert not legacy(MODES.READ_ONLY).writable
    assert legacy(MODES.FULL_ACCESS).kind is Kind.FULL
    assert legacy(MODES.EXTERNAL).kind is Kind.EXTERNAL


def test_a_readable_root_below_a_writable_one_carves_nothing_out() -> None:
    """Older engines listed such roots; they were redundant, not narrower."""
    sandbox = Sandbox(MODES.WORKSPACE_WRITE)
    readable = (f"{WS}/docs", "/srv/data")
    policy = from_sandbox(sandbox, (WS,), HOST, readable=readable)
    read = [e.path for e in policy.entries if e.access is Access.READ]
    assert read == ["/", "/srv/data"]
    said = explain(Operation.WRITE, f"{WS}/docs/new", ground(policy))
    assert said.answer is Answer.ALLOWED


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        (r"\\?\C:\work\ws", r"C:\work\ws"),
        (r"\\?\UNC\host\share", r"\\host\share"),
        (r"C:\work\ws", r"C:\work\ws"),
        ("/a/./b//../c/", "/a/c"),
        ("/", "/"),
        ("/\udcff/x", "/\udcff/x"),
    ],
)
def test_paths_have_one_spelling(typed: str, normal: str) -> None:
    assert paths.normal(typed) == normal


def test_windows_roots_are_roots() -> None:
    sandbox = Sandbox(MODES.WORKSPACE_WRITE, writable_roots=(r"\\?\C:\work",))
    policy = from_sandbox(sandbox, (r"\\?\C:\ws",), HOST)
    assert {r"C:\ws", r"C:\work"} <= {e.path for e in policy.writable}
    assert paths.within(r"C:\work\a", r"C:\work")
    assert not paths.within(r"C:\workshop", r"C:\work")


@given(st.text("ab./~\udcff", max_size=20))
def test_normal_is_normal(text: str) -> None:
    once = paths.normal("/" + text)
    assert paths.normal(once) == once
    assert ".." not in once.split("/")


def test_unknown_special_paths_are_kept_and_ignored() -> None:
    policy = profile({":root": "read", ":future": "write", ":later": {"x": "read"}})
    assert [e.path for e in policy.entries] == ["/"]
    assert len(policy.warnings) == 2
    assert ":future" in policy.warnings[0]


@pytest.mark.parametrize("files", [{}, {":future": "write"}])
def test_a_profile_without_entries_fails_closed(files: dict[str, Any]) -> None:
    policy = profile(files)
    assert NOTHING in policy.warnings
    said = explain(Operation.READ, f"{WS}/a.txt", ground(policy))
    assert said.answer is Answer.DENIED


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"dev": {"extends": "dev"}}, "circle"),
        ({"dev": {"extends": "b"}, "b": {"extends": "dev"}}, "dev → b → dev"),
        ({"dev": {"extends": "nope"}}, "not defined"),
        ({"dev": {"extends": ":danger-full-access"}}, "cannot extend"),
        ({"dev": {"extends": 3}}, "no name"),
        ({"dev": {"filesystem": {"x": "read"}}}, "absolute"),
        ({"dev": {"filesystem": {"/x": "rw"}}}, "read, write or deny"),
        ({"dev": {"filesystem": {"/x": {"../y": "read"}}}}, "below it"),
        ({"dev": {"filesystem": {":tmpdir": {"y": "read"}}}}, "no nested"),
        ({"dev": {"filesystem": {"/x/*.key": "read"}}}, "only be denied"),
        ({"b": {}}, "no permission profile"),
    ],
)
def test_what_the_engine_refuses_is_said(tables: dict[str, Any], words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        from_profile("dev", tables, (WS,), HOST)


def test_a_chain_of_profiles() -> None:
    tables = {"a": {"extends": "b"}, "b": {"extends": ":workspace"}}
    assert chain("a", tables) == ["a", "b", ":workspace"]


def test_special_paths_of_a_profile() -> None:
    policy = profile(
        {
            ":root": "read",
            ":tmpdir": "write",
            ":slash_tmp": "write",
            "~/notes": "write",
            ":workspace_roots": {".": "write", "docs": "read", "*.key": "none"},
        },
        workspace_roots={"/srv/two": True, "/srv/off": False},
        network={"enabled": True},
    )
    spelled = {e.spelled: (e.path, e.access) for e in policy.entries}
    assert spelled["~/notes"] == ("/home/ada/notes", Access.WRITE)
    assert spelled["$TMPDIR"] == ("/var/tmp/ada", Access.WRITE)
    assert policy.roots == (WS, "/srv/two")
    patterns = [e.path for e in policy.entries if e.glob]
    assert patterns == [f"{WS}/*.key", "/srv/two/*.key"]
    assert policy.network


# -- answers ---------------------------------------------------------------------


def ask(operation: str, target: str, under: Policy, **who: Any) -> Verdict:
    return explain(Operation(operation), target, ground(under, Approvals(**who)))


@pytest.mark.parametrize(
    ("who", "write", "patch", "connect"),
    [
        ({"policy": "on-request"}, "denied", "asks you", "denied"),
        (
            {"policy": "on-request", "reviewer": "auto_review"},
            "denied",
            "asks auto-review",
            "denied",
        ),
        ({"policy": "never"}, "denied", "denied", "denied"),
        ({"policy": "untrusted"}, "asks you", "asks you", "asks you"),
        (
            {"policy": "untrusted", "reviewer": "auto_review"},
            "asks you",
            "asks you",
            "asks you",
        ),
        (
            {"policy": "granular", "granular": {"sandbox_approval": True}},
            "asks you",
            "asks you",
            "denied",
        ),
        (
            {"policy": "granular", "granular": {"sandbox_approval": False}},
            "denied",
            "denied",
            "denied",
        ),
    ],
)
def test_who_is_asked(
    who: dict[str, Any], write: str, patch: str, connect: str
) -> None:
    policy = legacy()
    target = "/etc/hosts"
    assert ask("write", target, policy, **who).answer.value == write
    assert ask("patch", target, policy, **who).answer.value == patch
    assert ask("connect", "example.org:443", policy, **who).answer.value == connect


def test_inside_the_workspace_nobody_is_asked() -> None:
    for who in ({"policy": "on-request"}, {"policy": "never"}):
        assert ask("write", "a.txt", legacy(), **who).answer is Answer.ALLOWED
        assert ask("patch", "new.txt", legacy(), **who).answer is Answer.ALLOWED


def test_an_answer_names_entry_layer_and_remedy() -> None:
    said = ask("write", ".git/hooks/pre-commit", legacy(), policy="on-request")
    assert said.answer is Answer.DENIED
    assert said.rule is Rule.PROTECTED_GIT
    assert said.layer is Layer.DEFAULT
    assert said.entry is not None
    assert said.entry.spelled == ".git"
    assert said.remedy is not None
    assert "writable_roots" in said.remedy.setting
    assert "asks you" in said.further
    said = ask("write", "out/x", legacy(), policy="never")
    assert said.path == "/home/ada/other"
    assert not said.further


def test_connections() -> None:
    on = legacy(network=True)
    assert ask("connect", "example.org", on).answer is Answer.ALLOWED
    off = ask("connect", "localhost:8080", legacy(), policy="on-request")
    assert off.answer is Answer.DENIED
    assert "this machine" in off.why
    assert off.remedy is not None
    assert "network_access" in off.remedy.setting
    # A socket in the files is one, too: seccomp refuses to connect to it.
    assert ask("connect", "/run/x.sock", legacy()).answer is Answer.DENIED
    assert ask("connect", f"{WS}/a.txt", on).answer is Answer.ALLOWED
    assert ask("connect", "/run/x.sock", on).answer is Answer.UNKNOWN
    hidden = profile(
        {":root": "read", "/home/ada/other": "deny"}, network={"enabled": True}
    )
    assert ask("connect", "unix:/home/ada/other", hidden).answer is Answer.DENIED
    external = legacy(MODES.EXTERNAL)
    assert ask("connect", "example.org", external).answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("mode", "uid", "runs"),
    [(0o755, 0, False), (0o777, 0, True), (0o500, 1000, True), (0o755, 1000, True)],
)
def test_a_root_of_somebody_elses(mode: int, uid: int, runs: bool) -> None:
    """What is protected and not there has to be made: nothing runs where the user may
    not, as with the whole disk writable for anybody but root."""
    more = {
        "/srv": Node(DiskKind.FOLDER, 0o755, 0, 0),
        "/srv/x": Node(DiskKind.FOLDER, mode, uid, uid),
    }
    policy = legacy(writable_roots=("/srv/x",))
    box = box_of(policy, Looked(MemoryDisk(TREE, more=more)), HOST)
    assert (box.refusal is None) is runs
    if not runs:
        assert box.refusal is not None
        assert "/srv/x/.git is not there" in box.refusal.text


def test_full_access_and_external() -> None:
    full = legacy(MODES.FULL_ACCESS)
    assert ask("write", "/etc/passwd", full, policy="never").answer is Answer.ALLOWED
    assert ask("write", "/x", full, policy="untrusted").answer is Answer.ASKS_YOU
    external = legacy(MODES.EXTERNAL)
    assert ask("write", "/x", external).answer is Answer.UNKNOWN


def test_typing_into_a_terminal() -> None:
    said = ask("stdin", "", legacy(), policy="on-request")
    assert said.answer is Answer.ALLOWED
    assert "asks you" in said.further


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("src/a", f"{WS}/src/a"),
        ("~/x", "/home/ada/x"),
        ("/etc/../etc/hosts", "/etc/hosts"),
        ("../up", "/home/ada/up"),
    ],
)
def test_paths_are_meant_from_the_sandbox_root(typed: str, meant: str) -> None:
    assert absolute(typed, legacy(), HOST) == meant


# -- patterns and probes ---------------------------------------------------------


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("*.key", ["a.key", ".key"], ["a/b.key", "a.keys"]),
        ("*/*.key", ["a/b.key"], ["b.key", "a/b/c.key"]),
        ("**/*.key", ["b.key", "a/b/c.key"], ["b.txt"]),
        ("**", ["a", "a/b"], []),
        ("docs/**", ["docs/a", "docs/a/b"], ["docs"]),
        ("[!a].key", ["b.key"], ["a.key"]),
        ("we[ird", ["we[ird"], ["wei"]),
        ("a?c", ["abc"], ["a/c", "ac"]),
        ("a.b", ["a.b"], ["axb"]),
        ("sub/**.key", ["sub/c.key"], ["sub/deep/d.key"]),
    ],
)
def test_patterns(glob: str, yes: list[str], no: list[str]) -> None:
    found = globs.regex(glob)
    assert all(found.fullmatch(text) for text in yes)
    assert not any(found.fullmatch(text) for text in no)


def test_a_pattern_that_never_ends_is_given_up() -> None:
    class Endless(MemoryDisk):
        def names(self, path: str) -> tuple[str, ...]:
            return ("again", "and")

        def node(self, path: str) -> Any:
            return super().node("/home/ada")

    disk = Looked(Endless(TREE))
    with pytest.raises(globs.EndlessError):
        list(globs.matches("/home/ada/**/x", disk, globs.Search()))


def test_a_pattern_from_the_root_is_not_searched() -> None:
    disk = Looked(MemoryDisk(TREE))
    assert not list(globs.matches("/**/*.txt", disk, globs.Search()))


@given(st.binary(min_size=1, max_size=30).filter(lambda b: b"\0" not in b))
def test_any_byte_of_a_path_can_be_said(raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    said = quoted(text)
    assert said.isascii()
    back = b""
    at = 0
    while at < len(said):
        if said[at] == "\\":
            back += bytes([int(said[at + 2 : at + 5], 8)])
            at += 5
        else:
            back += said[at].encode()
            at += 1
    assert back == raw


def test_answers_of_the_script() -> None:
    tried = parse(["ok 1:2 /a", "no - x: Read-only file system", "none - /c", "noise"])
    assert [(t.allowed, t.absent, t.where) for t in tried] == [
        (True, False, "1:2"),
        (False, False, "-"),
        (False, True, "-"),
    ]


def test_ten_thousand_roots_are_no_trouble() -> None:
    roots = tuple(f"/home/ada/many/r{i}" for i in range(10_000))
    policy = legacy(writable_roots=roots)
    assert len(policy.entries) == 10_004
    said = explain(Operation.WRITE, "/home/ada/many/r77/x", ground(policy))
    assert said.answer is Answer.DENIED  # they are not there
