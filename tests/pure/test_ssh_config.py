"""What ssh's own configuration starts: by table, and against the real ssh.

The oracle is ssh itself: `ssh -G` runs each `Match exec` and prints what it settled on.
"""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.git.ssh_config import (
    File,
    Files,
    Reading,
    Target,
    call_of,
    started,
    target_of,
)

HOME = "/home/dev"
ROOT = f"{HOME}/.ssh/config"


def read(text: str, host: str = "h", user: str = "", **more: str) -> Reading:
    found = {ROOT: (File(ROOT, text),)}
    for name, included in more.items():
        path = f"{HOME}/.ssh/{name}"
        found[path] = (File(path, included),)
    files = Files(((ROOT, f"{HOME}/.ssh"),), HOME, found)
    return started(files, Target(host, user))


def told(reading: Reading) -> list[tuple[str, str, bool]]:
    return [(s.what, s.command, s.sure) for s in reading.starts]


CASES = {
    "for all": ("ProxyCommand nc %h %p\n", [("ProxyCommand", "nc %h %p", True)]),
    "another host": ("Host x\n ProxyCommand nc\n", []),
    "by pattern": ("Host *\n proxycommand=nc a\n", [("ProxyCommand", "nc a", True)]),
    "not this one": ("Host * !h\n ProxyCommand nc\n", []),
    "the first counts": (
        "Host h\n ProxyCommand a\nHost *\n ProxyCommand b\n",
        [("ProxyCommand", "a", True)],
    ),
    "none is one, too": ("ProxyCommand none\nHost *\n ProxyCommand b\n", []),
    "a program is asked": (
        'Match exec "test -f x"\n ProxyCommand b\nHost *\n ProxyCommand c\n',
        [
            ("Match exec", "test -f x", True),
            ("ProxyCommand", "b", False),
            ("ProxyCommand", "c", True),
        ],
    ),
    "asked after another host": ('Match originalhost x exec "a"\n', []),
    "asked when it is unclear": (
        'Match localuser x !exec "a"\n',
        [("Match exec", "a", False)],
    ),
    "a user of the address": ("Match user git\n ProxyCommand a\n", []),
    "no local command": ("LocalCommand a\n", []),
    "a local command": (
        "PermitLocalCommand yes\nLocalCommand a b\n",
        [("LocalCommand", "a b", True)],
    ),
    "a local command that may be allowed": (
        'Match exec "x"\n PermitLocalCommand yes\nMatch all\n LocalCommand a\n',
        [("Match exec", "x", True), ("LocalCommand", "a", True)],
    ),
    "a host that it may stand for": (
        'Match exec "x"\n HostName real\nMatch host h\n ProxyCommand a\n',
        [("Match exec", "x", True), ("ProxyCommand", "a", False)],
    ),
    "keys from a program": (
        "KnownHostsCommand /k %H\n",
        [("KnownHostsCommand", "/k %H", True)],
    ),
    "a library": (
        "PKCS11Provider /l.so # c\nSecurityKeyProvider internal\n",
        [("PKCS11Provider", "/l.so", True)],
    ),
    "a host that is jumped over": (
        "Host h\n ProxyJump u@j:22\nHost j\n ProxyCommand evil\n",
        [("ProxyJump", "u@j:22", True), ("ProxyCommand", "evil", True)],
    ),
    "a jump by hand": (
        "Host h\n ProxyCommand ssh -p 2 j -W %h:%p\nHost j\n ProxyCommand evil\n",
        [("ProxyCommand", "ssh -p 2 j -W %h:%p", True), ("ProxyCommand", "evil", True)],
    ),
    "jumps in a circle": ("ProxyJump h\n", [("ProxyJump", "h", True)]),
    "the host it stands for": (
        "Host h\n HostName real\nMatch host real\n ProxyCommand a\n",
        [("ProxyCommand", "a", True)],
    ),
    "a name that is only nearly it": (
        "Host H\n ProxyCommand a\n",
        [("ProxyCommand", "a", False)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_counts(name: str) -> None:
    text, wanted = CASES[name]
    assert told(read(text, user="me")) == wanted


def test_an_included_file_and_what_is_not_known() -> None:
    """ssh asks a program in a file that only another host includes; nothing else of
    it counts."""
    inner = 'Match exec "evil"\n ProxyCommand a\n'
    found = read("Host x\n Include more\n", more=inner)
    assert told(found) == [("Match exec", "evil", True)]
    assert list(found.read) == [ROOT, f"{HOME}/.ssh/more"]
    assert list(read("Include gone\n").unknown) == [f"{HOME}/.ssh/gone"]
    assert list(read("Include ${X}/y\n").unknown) == ["a file that a variable names"]
    cut = Files(((ROOT, ""),), HOME, {ROOT: (File(ROOT, "", whole=False),)})
    assert list(started(cut, Target("h")).unknown) == [ROOT]
    deep = read("Include more\n", more="Include more\n")
    assert f"{HOME}/.ssh/more" in deep.unknown  # in a circle: ssh gives up, too


def test_which_files_are_wanted() -> None:
    files = Files(((ROOT, f"{HOME}/.ssh"),), HOME)
    assert files.wanted == (ROOT,)
    text = 'Include a "b c" ~/d /e/*.conf # f\nHost x\nInclude g\n'
    files = Files(files.roots, HOME, {ROOT: (File(ROOT, text),)})
    own = f"{HOME}/.ssh"
    wanted = (f"{own}/a", f"{own}/b c", f"{HOME}/d", "/e/*.conf", f"{own}/g")
    assert files.wanted == wanted


def test_a_call_of_ssh() -> None:
    call = call_of(["-vF", "/f", "-oProxyCommand=a b", "-l", "me", "-J", "j", "u@h"])
    assert call.config == "/f"
    assert call.options == (("proxycommand", "a b"), ("proxyjump", "j"))
    assert call.target == Target("h", "me")
    assert target_of("git@h:o/r.git") == Target("h", "git")
    assert target_of("u@[::1]:22") == Target("::1", "u")
    files = Files((), HOME)
    found = started(files, call.target, call.options)
    assert [s.what for s in found.starts] == ["ProxyCommand"]


_WORD = st.text('ab"\\ #', max_size=12)


@settings(max_examples=100)
@given(_WORD)
def test_any_line_is_read(line: str) -> None:
    read(f"Host {line}\nMatch {line} exec {line}\nInclude {line}\n")


# -- against ssh ---------------------------------------------------------------------

_HOSTS = ("*", "h", "x", "h !h", "* !x", "?", "!h *", "x h", "h.x")
_CRITERIA = (
    *("all", "host h", "host x,h", "host !h,*", "originalhost h", "originalhost x"),
    *("user git", "user root", "!host x", "!originalhost h", "host real", "!user git"),
    *("canonical", "final all"),
)
_BODY = (
    *("ProxyCommand pc{}", "ProxyJump j{}", "ProxyCommand none", "HostName real"),
    *("KnownHostsCommand /kh{}", "LocalCommand lc{}", "PermitLocalCommand yes"),
    *("PKCS11Provider /l{}", "User git", "PermitLocalCommand no"),
)


@st.composite
def _file(draw: st.DrawFn, *, deep: bool = True) -> list[str]:
    rows: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        match draw(st.sampled_from(("host", "match", "exec", "none"))):
            case "host":
                rows.append(f"Host {draw(st.sampled_from(_HOSTS))}")
            case "match":
                rows.append(f"Match {draw(st.sampled_from(_CRITERIA))}")
            case "exec":
                before = draw(st.sampled_from(("", *_CRITERIA[1:9])))
                against = draw(st.sampled_from(("", "!")))
                answer = draw(st.sampled_from(("true", "false")))
                run = f'"touch RAN/{{}}; {answer}"'
                rows.append(f"Match {before} {against}exec {run}")
        rows += draw(st.lists(st.sampled_from(_BODY), max_size=3))
        if deep and draw(st.booleans()):
            rows.append("Include more")
    return rows


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh here")
@settings(max_examples=60, deadline=None)
@given(_file(), _file(deep=False))
def test_never_less_than_ssh_starts(
    tmp_path_factory: pytest.TempPathFactory, outer: list[str], inner: list[str]
) -> None:
    """Whatever ssh ran, or settled on, was named; what it settled on surely is the
    one."""
    folder = tmp_path_factory.mktemp("ssh")
    ran = folder / "ran"
    ran.mkdir()
    texts = {}
    for name, rows in (("config", outer), ("more", inner)):
        number = 0 if name == "config" else 100
        numbered = [row.replace("{}", str(number + n)) for n, row in enumerate(rows)]
        texts[name] = "\n".join(numbered).replace("RAN", str(ran)) + "\n"
        texts[name] = texts[name].replace("Include more", f"Include {folder}/more")
        (folder / name).write_text(texts[name])
    config = str(folder / "config")
    files = Files(
        ((config, str(folder)),),
        str(folder),
        {
            config: (File(config, texts["config"]),),
            f"{folder}/more": (File(f"{folder}/more", texts["more"]),),
        },
    )
    found = started(files, Target("h"))
    said = subprocess.run(
        ["ssh", "-F", config, "-G", "h"], capture_output=True, text=True, check=False
    )
    asked = {s.command.split("/")[-1].split(";")[0] for s in found.starts}
    assert {path.name for path in ran.iterdir()} <= asked
    settled = dict(
        row.partition(" ")[::2] for row in said.stdout.splitlines() if " " in row
    )
    for key in ("ProxyCommand", "ProxyJump", "KnownHostsCommand", "PKCS11Provider"):
        value = settled.get(key.lower(), "none")
        named = {s.command for s in found.starts if s.what == key}
        assert value in (*named, "none"), said.stdout
        sure = [s.command for s in found.starts if s.what == key and s.sure]
        only = len([s for s in found.starts if s.what == key]) == 1
        if sure and only and said.returncode == 0:
            assert value == sure[0]
    if settled.get("permitlocalcommand") == "yes" and "localcommand" in settled:
        assert settled["localcommand"] in {
            s.command for s in found.starts if s.what == "LocalCommand"
        }
