"""Every program a push starts is named before it starts, and judged by who can put it.

The oracles are files that the programs write when real git, or real ssh, runs them.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from state.dataclass import replace
from state.pushes import PushPlan, Reach
from tests.git.repos import Ground
from tests.git.test_pushing import Desk, script

needs_ssh = pytest.mark.skipif(
    shutil.which("ssh") is None, reason="there is no ssh here"
)
SSH = "git@h:o/r.git"
HTTP = "https://h/o/r.git"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    ground = Ground(tmp_path)
    ground.commit(ground.work, "a")
    return ground


def goes_to(ground: Ground, url: str) -> None:
    ground.git(ground.work, "remote", "set-url", "origin", url)


def told(plan: PushPlan) -> list[tuple[str, str, Reach]]:
    return [(p.what, p.command, p.reach) for p in plan.programs]


def ssh_config(ground: Ground, text: str, name: str = "config") -> Path:
    path = ground.home / ".ssh" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


@needs_ssh
def test_what_real_ssh_starts_was_named(ground: Ground) -> None:
    """A push through the real ssh: each program that left a mark was in the plan."""
    ran = ground.folder / "ran"
    ran.mkdir()
    inner = ssh_config(ground, f'Match exec "touch {ran}/inner"\n', "more")
    config = ssh_config(
        ground,
        f"Host other\n  Include {inner}\n"
        f'Match originalhost x exec "touch {ran}/never"\n  User a\n'
        f'Match host h exec "touch {ran}/asked"\n'
        f"  ProxyCommand touch {ran}/proxy; exit 1\n"
        f"Host h\n  ProxyCommand touch {ran}/second\n",
    )
    goes_to(ground, SSH)
    ground.git(ground.work, "config", "core.sshCommand", f"ssh -F {config}")
    desk = Desk(ground)
    plan = desk.plan()
    assert not list(ran.iterdir())  # a plan runs nothing
    result = desk.push(plan)
    assert not result.ok
    names = {path.name for path in ran.iterdir()}
    assert names == {"inner", "asked", "proxy"}
    commands = " ".join(p.command for p in plan.programs)
    assert all(f"{ran}/{name}" in commands for name in names)
    assert f"{ran}/never" not in commands
    assert [p.what for p in plan.programs] == [
        "ssh",
        "Match exec",
        "Match exec",
        "ProxyCommand",
        "ProxyCommand",
    ]
    assert plan.grave(hooks=True) == ()
    theirs = Desk(ground, inner).plan()
    assert [p.command for p in theirs.programs if p.grave] == [
        str(inner),
        f"touch {ran}/inner",
    ]
    # And of those that are set where none of them can write, by the file they name.
    assert len(Desk(ground, ran).plan().grave(hooks=False)) == 3


def test_ssh_settings_are_read_where_ssh_reads_them(ground: Ground) -> None:
    goes_to(ground, SSH)
    ssh_config(ground, "Host h\n ProxyCommand /opt/p\nInclude more.d/*\n")
    (ground.home / ".ssh/more.d").mkdir()
    ssh_config(ground, "Host *\n KnownHostsCommand /opt/k\n", "more.d/one two")
    plan = Desk(ground).plan()
    assert told(plan) == [
        ("ssh", "ssh", Reach.YOURS),
        ("ProxyCommand", "/opt/p", Reach.YOURS),
        ("KnownHostsCommand", "/opt/k", Reach.YOURS),
    ]
    assert plan.programs[1].origin == f"{ground.home}/.ssh/config:2"
    shown = plan
    ssh_config(ground, "Host h\n ProxyCommand /opt/other\n")
    assert not shown.same(Desk(ground).plan())
    ground.git(ground.work, "config", "core.sshCommand", "ssh -F none -J j")
    assert [p[:2] for p in told(Desk(ground).plan())] == [
        ("ssh", "ssh -F none -J j"),
        ("ProxyJump", "j"),
    ]


def test_what_cannot_be_known_of_ssh_needs_a_second_key(ground: Ground) -> None:
    goes_to(ground, SSH)
    ssh_config(ground, "Include ${X}/more\n")
    unknown = ("ssh's settings", "a file that a variable names", Reach.UNKNOWN)
    assert told(Desk(ground).plan())[1:] == [unknown]
    ssh_config(ground, "x" * 300_000)
    assert told(Desk(ground).plan())[1][2] is Reach.UNKNOWN
    ssh_config(ground, "")
    ground.git(ground.work, "config", "core.sshCommand", "plink")
    assert told(Desk(ground).plan())[1:] == [("ssh's settings", "plink", Reach.UNKNOWN)]


def test_an_address_that_turns_into_ssh(ground: Ground) -> None:
    goes_to(ground, HTTP)
    ground.git(ground.work, "config", "url.git@h:.insteadOf", "https://h/")
    ssh_config(ground, "Host h\n ProxyCommand /opt/p\n")
    plan = Desk(ground, ground.work / ".git").plan()
    assert plan.url == "git@h:o/r.git"
    assert [p.what for p in plan.programs] == ["ssh", "ProxyCommand"]
    assert [s.key for s in plan.settings] == ["url.git@h:.insteadof"]
    assert plan.grave(hooks=False) == plan.settings


@pytest.mark.parametrize(
    ("url", "variables", "wanted"),
    [
        (SSH, {"GIT_SSH": "/opt/g"}, [("ssh", "/opt/g")]),
        (
            SSH,
            {"GIT_SSH": "/opt/g", "GIT_SSH_COMMAND": "ssh -o ProxyCommand=x"},
            [("ssh", "ssh -o ProxyCommand=x"), ("ProxyCommand", "x")],
        ),
        (
            SSH,
            {"SSH_ASKPASS": "/opt/a"},
            [("ssh", "ssh"), ("password prompt", "/opt/a")],
        ),
        (HTTP, {"SSH_ASKPASS": "/opt/a"}, [("password prompt", "/opt/a")]),
        (
            HTTP,
            {"SSH_ASKPASS": "/opt/a", "GIT_ASKPASS": "/opt/b"},
            [("password prompt", "/opt/b")],
        ),
        ("git://h/r", {"GIT_PROXY_COMMAND": "/opt/p"}, [("proxy command", "/opt/p")]),
        (HTTP, {"GIT_EXEC_PATH": "/opt/git"}, [("git's programs", "/opt/git")]),
    ],
)
def test_programs_that_the_window_names(
    ground: Ground,
    url: str,
    variables: dict[str, str],
    wanted: list[tuple[str, str]],
) -> None:
    """The user's own; unless an agent can write the file."""
    goes_to(ground, url)
    for reach in ((), (Path("/opt"),)):
        desk = Desk(ground, *reach)
        environment = {**ground.environment, **variables}
        desk.window = replace(desk.window, environment=environment)
        plan = desk.plan()
        assert [p[:2] for p in told(plan)] == wanted
        path = any(value.startswith("/opt") for _, value in wanted)
        assert bool(plan.grave(hooks=False)) is bool(reach and path)


def config(ground: Ground, *pairs: tuple[str, str]) -> None:
    for key, value in pairs:
        ground.git(ground.work, "config", "--add", key, value)


CONFIGURED: dict[str, tuple[str, list[tuple[str, str]], list[tuple[str, str]]]] = {
    "helpers of other hosts are not asked": (
        HTTP,
        [
            ("credential.helper", "!a"),
            ("credential.https://h.helper", ""),
            ("credential.https://h.helper", "!/opt/gh auth git-credential"),
            ("credential.https://x.helper", "!b"),
            ("credential.https://*.h.helper", "!c"),
            ("credential.https://h/o.helper", "cache"),
        ],
        [
            ("credential helper", "!/opt/gh auth git-credential"),
            ("credential helper", "git credential-cache"),
        ],
    ),
    "each proxy command": (
        "git://h/r",
        [("core.gitProxy", "/opt/p for x"), ("core.gitProxy", "/opt/q")],
        [("proxy command", "/opt/p for x"), ("proxy command", "/opt/q")],
    ),
    "hooks by name": (
        HTTP,
        [
            ("hook.a.command", "/opt/a"),
            ("hook.a.event", "pre-commit"),
            ("hook.a.event", "pre-push"),
            ("hook.b.command", "/opt/b"),
            ("hook.b.event", "reference-transaction"),
            ("hook.c.command", "/opt/c"),
            ("hook.c.event", "pre-push"),
            ("hook.c.enabled", "false"),
        ],
        [("hook pre-push", "/opt/a"), ("hook reference-transaction", "/opt/b")],
    ),
    "objects that are fetched on the way": (
        HTTP,
        [
            ("remote.lazy.url", "ext::/opt/evil"),
            ("remote.lazy.promisor", "true"),
            ("remote.lazy.uploadpack", "/opt/u"),
        ],
        [("missing objects", "ext::/opt/evil"), ("missing objects", "/opt/u")],
    ),
    "a key for signing": (
        HTTP,
        [
            ("push.gpgSign", "true"),
            ("gpg.format", "ssh"),
            ("gpg.program", "/opt/other"),
            ("gpg.ssh.defaultKeyCommand", "ssh-add -L"),
        ],
        [("signing key", "ssh-add -L"), ("signing program", "ssh-keygen")],
    ),
    "what the remote is told to run": (
        SSH,
        [("remote.origin.receivepack", "touch x; git-receive-pack")],
        [("ssh", "ssh"), ("on the remote", "touch x; git-receive-pack")],
    ),
    "a helper for a kind of address": (
        "hg::https://h/r",
        [],
        [("remote helper", "git-remote-hg")],
    ),
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_programs_of_the_configuration(ground: Ground, name: str) -> None:
    """Named; and with a second key as soon as an agent can write where they are set."""
    url, pairs, wanted = CONFIGURED[name]
    goes_to(ground, url)
    config(ground, *pairs)
    assert [p[:2] for p in told(Desk(ground).plan())] == wanted
    plan = Desk(ground, ground.work / ".git").plan()
    grave = {p.command for p in plan.programs if p.grave}
    assert {c for _, c in wanted} - grave <= {"ssh", "ssh-keygen"}
    left = [p.what for p in plan.grave(hooks=False)]  # type: ignore[union-attr]
    assert "hook pre-push" not in left


SETTINGS = {
    "http.proxy": True,
    "http.https://h/.proxy": True,
    "http.https://x/.proxy": False,
    "http.https://h/o/.extraHeader": True,
    "http.https://h.sslVerify": True,
    "http.postBuffer": False,
    "remote.origin.pushurl": True,
    "remote.other.pushurl": False,
}


@pytest.mark.parametrize("key", SETTINGS)
def test_settings_that_bend_the_way(ground: Ground, key: str) -> None:
    goes_to(ground, HTTP)
    config(ground, (key, HTTP if key.endswith("url") else "secret"))
    plan = Desk(ground, ground.work / ".git").plan()
    assert [s.key.lower() for s in plan.settings] == [key.lower()] * SETTINGS[key]
    assert bool(plan.grave(hooks=False)) is SETTINGS[key]
    if "Header" in key:
        assert plan.settings[0].value == "(kept secret)"


def test_a_proxy_of_the_window_is_shown(ground: Ground) -> None:
    goes_to(ground, HTTP)
    desk = Desk(ground)
    environment = {**ground.environment, "https_proxy": "http://u:p@proxy:3128"}
    desk.window = replace(desk.window, environment=environment)
    (setting,) = desk.plan().settings
    assert (setting.key, setting.reach) == ("$https_proxy", Reach.YOURS)


def test_a_command_is_judged_by_each_file_it_names(ground: Ground) -> None:
    """The user's own setting starts a file that an agent can write."""
    goes_to(ground, SSH)
    tools = script(ground.work / "tools/ssh.py", "exit 1")
    own = ground.home / ".gitconfig"
    for command in ("python3 tools/ssh.py", f"sh -c 'exec {tools}'", "./tools/ssh.py"):
        own.write_text(f'[core]\n\tsshCommand = "{command}"\n')
        plan = Desk(ground, ground.work / "tools").plan()
        assert plan.programs[0].reach is Reach.AGENT, command
        assert Desk(ground).plan().programs[0].reach is Reach.YOURS
    now = int(time.time())
    plan = Desk(ground, began_s=now - 60).plan()
    assert plan.programs[0].changed
