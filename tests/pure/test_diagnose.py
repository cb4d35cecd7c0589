"""Raw noise becomes a sentence: real output of real programs, one row each.

The texts were said by programs inside Codex's sandbox (bubblewrap, both engines), by
the engine itself, or by users of other systems.
"""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.model import Sandbox, SandboxMode
from state.permissions.diagnose import Blocker, Context, diagnose
from state.permissions.noise import LONGEST, Noise, find

WRITE = Context(
    sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE), cwd="/ws/sub", roots=("/ws",)
)
READ = Context(sandbox=Sandbox(SandboxMode.READ_ONLY), cwd="/ws")
FULL = Context(sandbox=Sandbox(SandboxMode.FULL_ACCESS), cwd="/ws")
ONLINE = Context(sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE, network=True), cwd="/ws")
PROFILE = Context(profile="dev", cwd="/ws")
UNKNOWN = Context(cwd="/ws")

READ_ONLY_WORDS = (
    ("touch: cannot touch '/etc/x': Read-only file system", "/etc/x"),
    ("bash: line 1: /etc/x: Read-only file system", "/etc/x"),
    ("/bin/bash: line 1: /etc/x: Read-only file system", "/etc/x"),
    ("OSError: [Errno 30] Read-only file system: '/etc/x'", "/etc/x"),
    ("Error: EROFS: read-only file system, open '/etc/x'", "/etc/x"),
    ("cp: cannot create regular file '/usr/x': Read-only file system", "/usr/x"),
    ("mkdir: cannot create directory ‘/d’: Read-only file system", "/d"),
    (
        "mktemp: failed to create file via template ‘/var/t.XX’: Read-only file system",
        "/var/t.XX",
    ),
    ("touch: cannot touch '../../a b': Read-only file system", "/a b"),
    ("thread 'main' panicked: Read-only file system (os error 30)", ""),
    # Where the path stands differs from program to program.
    ("bench: cannot save: Read-only file system: ../../r/b.json", "/r/b.json"),
    ("tar: /etc/t.tar: Cannot open: Read-only file system", "/etc/t.tar"),
    (
        "sed: couldn't open temporary file /etc/sedMyNVBV: Read-only file system",
        "/etc/sedMyNVBV",
    ),
    ("dd: failed to open '/etc/x': Read-only file system", "/etc/x"),
    ("sh: 1: cannot create /etc/x: Read-only file system", "/etc/x"),
    ("Cannot open: Read-only file system at -e line 1.", ""),
    ("/etc/x: Read-only file system at -e line 1.", "/etc/x"),
    ("mv: cannot move 'a' to '/etc/a': Read-only file system", "/etc/a"),
    ("ld: cannot open output file /etc/x: Read-only file system", "/etc/x"),
    ("tee: /etc/x: Read-only file system", "/etc/x"),
    ("tee: ../../x: Read-only file system", "/x"),
    (
        "File /etc/hostname is read-only; trying to patch anyway\npatch: **** Can't "
        "create temporary file /etc/hostname.o0VcuYg : Read-only file system",
        "/etc/hostname.o0VcuYg",
    ),
    ("truncate: cannot open '/etc/x' for writing: Read-only file system", "/etc/x"),
    ("sort: open failed: /etc/x: Read-only file system", "/etc/x"),
    ("gzip: /etc/hostname.gz: Read-only file system", "/etc/hostname.gz"),
    ("/etc/x: Read-only file system", "/etc/x"),
    (
        "error: failed to create directory `/etc/q`\n\nCaused by:\n  Read-only file "
        "system (os error 30)",
        "/etc/q",
    ),
    ("Error: open /etc/x: read-only file system", "/etc/x"),
    ("Read-only file system @ rb_sysopen - /etc/x (Errno::EROFS)", "/etc/x"),
    ("java.io.FileNotFoundException: /etc/x (Read-only file system)", "/etc/x"),
    ('rsync: [receiver] mkstemp "/etc/.x" failed: Read-only file system', "/etc/.x"),
    ("bash: line 1: /etc/a b: Read-only file system", "/etc/a b"),
    ("Failed to save: Read-only file system: no such luck", ""),
)


def test_a_thread_without_a_root_is_told_apart() -> None:
    rootless = Context(sandbox=WRITE.sandbox, cwd="/ws")
    told = diagnose("bash: line 1: a.txt: Read-only file system", rootless)
    assert told is not None
    assert "no workspace root" in told.sentence
    assert "/sandbox" in told.remedy
    outside = diagnose("touch: cannot touch '/etc/x': Read-only file system", rootless)
    assert outside is not None
    assert "no workspace root" not in outside.sentence


def test_a_name_alone_is_a_path_only_behind_its_program() -> None:
    for text, path in (
        ("tee: notes: Read-only file system", "notes"),
        ("bash: line 1: notes: Permission denied", "notes"),
        ("/bin/bash: line 1: NOTES.md: Read-only file system", "NOTES.md"),
        ("/usr/bin/bench: cannot save: Read-only file system", ""),
        (
            "error: could not lock config file .git/config: Permission denied",
            ".git/config",
        ),
        ("bench: cannot save: Read-only file system", ""),
        ("Cannot create temporary file in ./: Read-only file system", "./"),
        ("OSError: [Errno 30] Read-only file system", ""),
        ("strace: PTRACE_TRACEME: Operation not permitted", ""),
        ("Could not create directory '/d/.ssh' (Read-only file system).", "/d/.ssh"),
    ):
        found = find(text)
        assert found is not None
        assert found.subject == path


@pytest.mark.parametrize(("text", "path"), READ_ONLY_WORDS)
def test_a_write_outside_the_roots(text: str, path: str) -> None:
    told = diagnose(text, WRITE)
    assert told is not None
    assert (told.blocker, told.noise) == (Blocker.SANDBOX, Noise.READ_ONLY)
    assert told.subject == path
    assert told.proven
    assert "workspace-write" in told.sentence
    tomllib.loads(told.setting)


NETWORK_WORDS = (
    ("curl: (6) Could not resolve host: example.com", "example.com"),
    ("Error: getaddrinfo EAI_AGAIN example.com", "example.com"),
    ("Error: getaddrinfo ENOTFOUND example.com", "example.com"),
    (
        "ssh: Could not resolve hostname github.com: Temporary failure in name "
        "resolution",
        "github.com",
    ),
    (
        "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: "
        "github.com",
        "github.com",
    ),
    (
        "curl: (7) Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect "
        "to server",
        "127.0.0.1",
    ),
    ("bash: line 1: /dev/tcp/127.0.0.1/80: Operation not permitted", "127.0.0.1/80"),
    ("bash: socket: Operation not permitted", ""),
    (
        '  File "/usr/lib/python3.11/socket.py", line 827, in create_connection\n'
        "PermissionError: [Errno 1] Operation not permitted",
        "",
    ),
    ("socket.gaierror: [Errno -3] Temporary failure in name resolution", ""),
    ("dial tcp: lookup proxy.golang.org: connection refused", "proxy.golang.org"),
    (
        "ERROR: Failed to establish a new connection: [Errno -2] Name or service not "
        "known')': /simple/x/",
        "",
    ),
    ("wget: unable to resolve host address ‘example.com’", "example.com"),
    ("  Temporary failure resolving 'deb.debian.org'", "deb.debian.org"),
    (
        "Error: listen EPERM: operation not permitted 0.0.0.0:3000\n    at Server.x",
        "0.0.0.0:3000",
    ),
    ("Error: connect EPERM 1.1.1.1:80 - Local (undefined:undefined)", "1.1.1.1:80"),
    ("cannot connect: Operation not permitted at -e line 1.", ""),
    ("error: failed to lookup address information: Try again", ""),
)


@pytest.mark.parametrize(("text", "host"), NETWORK_WORDS)
def test_a_connection_with_the_network_off(text: str, host: str) -> None:
    told = diagnose(text, WRITE)
    assert told is not None
    assert (told.blocker, told.subject) == (Blocker.SANDBOX, host)
    assert "network is off" in told.sentence
    assert tomllib.loads(told.setting) == {
        "sandbox_workspace_write": {"network_access": True}
    }
    other = diagnose(text, ONLINE)
    assert other is not None
    assert (other.blocker, other.setting) == (Blocker.SYSTEM, "")


MACHINERY = (
    (
        "bubblewrap is unavailable: no system bwrap was found on PATH and no bundled "
        "codex-resources/bwrap binary was found next to the Codex executable",
        Noise.NO_BWRAP,
        "Install bubblewrap",
    ),
    (
        "bwrap: Creating new namespace failed: nesting depth or "
        "/proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
        Noise.NO_NAMESPACE,
        "user namespaces",
    ),
    (
        "bwrap: setting up uid map: Permission denied",
        Noise.NO_NAMESPACE,
        "user namespaces",
    ),
    (
        "bwrap: No permissions to create a new namespace, likely because the kernel "
        "does not allow non-privileged user namespaces.",
        Noise.NO_NAMESPACE,
        "user namespaces",
    ),
    (
        "bwrap: execvp codex-linux-sandbox: No such file or directory",
        Noise.NO_HELPER,
        "~/.codex/tmp",
    ),
    (
        "Unable to spawn codex-linux-sandbox because it does not exist: No viable "
        "candidates found in PATH",
        Noise.NO_HELPER,
        "CODEX_HOME out of /tmp",
    ),
    (
        "failed to open synthetic bubblewrap mount registry lock "
        "/tmp/codex-bwrap-synthetic-mount-targets-0/lock: Read-only file system "
        "(os error 30)",
        Noise.MOUNT_REGISTRY,
        "/tmp",
    ),
    (
        "error building bubblewrap command: Fatal error: cannot enforce sandbox "
        "read-only path /tmp/x-link/.git because it crosses writable symlink",
        Noise.SYMLINK_CROSSES,
        "/tmp/x-link/.git",
    ),
    (
        "WARNING: proceeding, even though we could not create PATH aliases: Read-only "
        "file system (os error 30)\nbwrap: Can't mkdir /ws/.agents: Read-only file "
        "system",
        Noise.NO_MOUNT,
        "/ws is read-only for Codex itself",
    ),
    (
        "WARNING: proceeding, even though we could not create PATH aliases: Read-only "
        "file system (os error 30)\nerror building bubblewrap command: app-server "
        "socket directory must be a user-owned directory with mode 0700",
        Noise.NESTED,
        "inside Codex's own sandbox",
    ),
    (
        "bwrap: execvp /opt/codex/bin/codex: No such file or directory",
        Noise.UNREADABLE_SELF,
        "read its own program",
    ),
    (
        "Error: failed to initialize sqlite state runtime under /home/dev/.codex: "
        "error returned from database: (code: 14) unable to open database file",
        Noise.HOME_UNWRITABLE,
        "/home/dev/.codex",
    ),
    (
        "failed to write models cache: Read-only file system (os error 30)",
        Noise.HOME_UNWRITABLE,
        "~/.codex",
    ),
    (
        "failed to renew cache TTL: Read-only file system (os error 30)",
        Noise.HOME_UNWRITABLE,
        "~/.codex",
    ),
    (
        "error resuming thread: thread-store internal error: failed to resume local "
        "thread recorder: Read-only file system (os error 30)",
        Noise.HOME_UNWRITABLE,
        "~/.codex",
    ),
    (
        "Error: Read-only file system (os error 30)",
        Noise.HOME_UNWRITABLE,
        "~/.codex",
    ),
    (
        "Codex will continue retrying. Error: thread-store internal error: No space "
        "left on device (os error 28)",
        Noise.DISK_FULL,
        "disk is full",
    ),
    (
        "thread 01a already has an active writer",
        Noise.WRITER_LOCK,
        "fork the thread",
    ),
    (
        "sandbox error: sandbox denied exec error, exit code: 127, stdout: , stderr: "
        "/etc/zprofile:11: operation not permitted: /usr/libexec/path_helper",
        Noise.SEATBELT,
        "/usr/libexec/path_helper",
    ),
    (
        "zsh:1: operation not permitted: .codex/skills/proxy-a/scripts/fetch.sh",
        Noise.SEATBELT,
        ".codex/skills/proxy-a/scripts/fetch.sh",
    ),
    (
        "Sandbox: touch(123) deny(1) file-write-create /private/etc/x",
        Noise.SEATBELT,
        "/private/etc/x",
    ),
    (
        "error applying Landlock ruleset: Sandbox(LandlockRestrict)",
        Noise.LANDLOCK,
        "Landlock",
    ),
    (
        'Network access to "evil.invalid" was blocked: domain is not on the allowlist '
        "for the current sandbox mode.",
        Noise.HOST_BLOCKED,
        "evil.invalid",
    ),
)


@pytest.mark.parametrize(("text", "noise", "words"), MACHINERY)
def test_the_machinery_itself(text: str, noise: Noise, words: str) -> None:
    told = diagnose(f"some output\n{text}\nmore", WRITE)
    assert told is not None
    assert told.noise is noise
    assert words in f"{told.sentence} {told.remedy}"


@pytest.mark.parametrize(
    "words",
    ["unable to open database file", "attempt to write a readonly database"],
)
def test_a_database_that_cannot_be_written(words: str) -> None:
    told = diagnose(f"sqlite3.OperationalError: {words}", WRITE)
    assert told is not None
    assert (told.noise, told.proven) == (Noise.DATABASE, False)


def test_an_outer_sandbox_gets_the_lines_to_add() -> None:
    context = Context(
        home="/srv/codex", plugin_data=("~/.claude/plugins/data/codex-openai-codex",)
    )
    told = diagnose("failed to write models cache: Read-only file system", context)
    assert told is not None
    assert (told.blocker, told.language) == (Blocker.OUTER, "json")
    assert json.loads(told.setting) == {
        "sandbox": {
            "filesystem": {
                "allowWrite": [
                    "/srv/codex/**",
                    "~/.claude/plugins/data/codex-openai-codex/**",
                ]
            }
        }
    }


def test_metadata_of_a_writable_root_is_named_as_protected() -> None:
    text = "fatal: Unable to create '/ws/.git/index.lock': Read-only file system"
    told = diagnose(text, WRITE)
    assert told is not None
    assert "/ws/.git is protected" in told.sentence
    assert tomllib.loads(told.setting)


def test_a_root_that_should_be_writable_is_the_disks_own_matter() -> None:
    told = diagnose("touch: cannot touch '/ws/a': Read-only file system", WRITE)
    assert told is not None
    assert (told.blocker, told.proven) == (Blocker.SYSTEM, False)


def test_each_mode_has_its_own_way_out() -> None:
    text = "touch: cannot touch '/ws/a': Read-only file system"
    read, full, profile, unknown = (
        diagnose(text, context) for context in (READ, FULL, PROFILE, UNKNOWN)
    )
    assert read and full and profile and unknown
    assert "workspace-write" in read.remedy
    assert full.blocker is Blocker.OUTER
    assert json.loads(full.setting)
    assert tomllib.loads(profile.setting) == {
        "permissions": {"dev": {"filesystem": {"/ws": "write"}}}
    }
    assert not unknown.proven


def test_permission_denied_is_never_a_proof() -> None:
    for text in (
        "cat: /etc/shadow: Permission denied",
        "PermissionError: [Errno 13] Permission denied: '/etc/shadow'",
        "Error: EACCES: permission denied, open '/etc/shadow'",
    ):
        told = diagnose(text, WRITE)
        assert told is not None
        assert (told.noise, told.proven) == (Noise.DENIED, False)
        assert told.subject == "/etc/shadow"


def test_a_workspace_without_roots_on_windows() -> None:
    context = Context(sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE), cwd="C:\\repo")
    told = diagnose("Set-Content : ACCESS_DENIED", context)
    assert told is not None
    assert (told.blocker, "no workspace root" in told.sentence) == (
        Blocker.SANDBOX,
        True,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "error[E0308]: mismatched types",
        "test result: ok. 412 passed",
        "make: *** [all] Error 2",
        "No such file or directory",
    ],
)
def test_other_failures_are_not_the_sandboxs(text: str) -> None:
    assert find(text) is None


@given(st.text(max_size=400))
def test_any_path_makes_a_setting_that_can_be_read(path: str) -> None:
    path = path.replace("\0", "").replace("\n", "")
    text = f"touch: cannot touch '{path}': Read-only file system"
    for context in (WRITE, READ, FULL, PROFILE, UNKNOWN):
        told = diagnose(text, context)
        assert told is not None
        if told.language == "toml":
            tomllib.loads(told.setting)
        elif told.language == "json":
            json.loads(told.setting)


@given(st.text(max_size=2_000))
def test_any_text_is_survived(text: str) -> None:
    find(text)


@pytest.mark.parametrize(
    "piece", ["a: ", "socket", "'", "deny(", "x: x: ", "lookup ", "connect EPERM "]
)
def test_a_flood_is_survived(piece: str) -> None:
    """A pattern that looks again from each place would not come back from this."""
    find(piece * (LONGEST * 4 // len(piece)))
