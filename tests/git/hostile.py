"""A repository whose configuration wants to run programs as soon as somebody looks.

Owns every way we know of. Each program leaves a file of its name, so that the oracle is
a folder that stays empty. Invariant: `provoke` shows that they are really armed.
"""

from __future__ import annotations

from pathlib import Path

from tests.git.repos import Ground

BRANCH = "topic"


def arm(ground: Ground, ran: Path) -> Path:
    """Set it up; the folder into which the programs write."""
    ran.mkdir(exist_ok=True)

    def program(name: str, rest: str = "cat") -> str:
        path = ground.folder / "evil" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch '{ran}/{name}'\n{rest}\n")
        path.chmod(0o755)
        return str(path)

    work = ground.work
    ground.git(work, "switch", "-q", "-c", BRANCH)
    (work / ".gitattributes").write_text("*.bin diff=evil filter=evil\n")
    (work / "a.bin").write_text("one\n")
    ground.git(work, "add", ".")
    ground.git(work, "commit", "-q", "-m", "a")
    _sign(ground, work)
    values = {
        "core.fsmonitor": program("fsmonitor", "exit 1"),
        "core.pager": program("pager"),
        "core.editor": program("editor"),
        "core.sshCommand": program("ssh", "exit 255"),
        "core.askPass": program("askpass"),
        "core.gitProxy": program("proxy", "exit 1"),
        "core.alternateRefsCommand": program("alternates", "exit 0"),
        "core.hooksPath": str(ground.folder / "evil/hooks"),
        "core.untrackedCache": "true",
        "diff.external": program("external-diff", "exit 0"),
        "diff.evil.textconv": program("textconv"),
        "diff.evil.command": program("diff-driver", "exit 0"),
        "filter.evil.clean": program("clean"),
        "filter.evil.smudge": program("smudge"),
        "filter.evil.process": program("process", "exit 1"),
        "filter.evil.required": "true",
        "log.showSignature": "true",
        "gpg.program": program("gpg", "exit 1"),
        "alias.status": f"!{program('alias')}",
        "alias.rev-list": f"!{program('alias')}",
        "alias.config": f"!{program('alias')}",
        "credential.helper": program("credential", "exit 0"),
        "remote.origin.uploadpack": program("uploadpack", "exit 1"),
        "remote.origin.receivepack": program("receivepack", "exit 1"),
        "remote.evil.url": f"ext::{program('ext', 'exit 1')}",
        "remote.evil.promisor": "true",
        "extensions.partialClone": "evil",
        "core.repositoryFormatVersion": "1",
        "status.submoduleSummary": "true",
        "pager.config": "true",
        "pager.status": program("pager"),
        "interactive.diffFilter": program("filter", "exit 1"),
        "trace2.normalTarget": str(ran / "trace"),
    }
    for name in ("pre-push", "post-index-change", "reference-transaction"):
        path = ground.folder / "evil/hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch '{ran}/{name}'\n")
        path.chmod(0o755)
    for key, value in values.items():
        ground.git(work, "config", key, value)
    (work / "a.bin").write_text("two\n")  # of the same size: git must read it
    return ran


def _sign(ground: Ground, work: Path) -> None:
    """A signature on the newest commit, for git log to check with gpg."""
    head, _, rest = ground.git(work, "cat-file", "commit", "HEAD").partition("\n\n")
    begin, end = "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----"
    path = ground.folder / "signed"
    path.write_text(f"{head}\ngpgsig {begin}\n \n eA==\n {end}\n\n{rest}\n")
    signed = ground.git(work, "hash-object", "-t", "commit", "-w", str(path))
    ground.git(work, "update-ref", f"refs/heads/{BRANCH}", signed)


def provoke(ground: Ground, ran: Path) -> set[str]:
    """What careless looks start; the folder is empty again afterwards."""
    env = ("-c", "protocol.ext.allow=always")
    process = ground.git(ground.work, "config", "filter.evil.process")
    for words in (
        ("status",),
        ("diff",),
        ("config", "--unset", "filter.evil.process"),
        ("status",),
        ("config", "filter.evil.process", process),
        ("log", "-p", "--ext-diff"),
        (*env, "fetch", "evil"),
        ("fetch", "origin"),
    ):
        ground.git(ground.work, *words, check=False)
    found = {path.name for path in ran.iterdir()}
    for path in ran.iterdir():
        path.unlink()
    (ground.work / "a.bin").write_text("tri\n")
    return found
