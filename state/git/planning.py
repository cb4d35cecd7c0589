"""Puts a plan together: looks in the sandbox, one after another.

Owns the order of the looks, the choice of a remote, and why a push is refused before it
is tried. Does not push. Invariant: making a plan changes nothing and starts nothing of
the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from state.dataclass import dataclass, replace
from state.git import plan as p
from state.git import programs as g
from state.git import ssh as s
from state.git.addresses import Way, folder_of, way_of
from state.git.bends import settings as settings_of
from state.git.judging import VARIABLES, Ground, files_in
from state.git.repository import Repository, parse, repository_look, strays
from state.git.shell import LookFailed, Section, argument, sections
from state.git.ssh_config import Files
from state.looks import Looked, Looker
from state.pushes import PushPlan
from state.undelivered import Stray

NO_ENGINE = "There is no engine just now, and looks run in its sandbox."
DETACHED = (
    "This HEAD is detached: its commits are on no branch. Give it one first, with "
    "git switch -c NAME, or ask the agent to."
)
NO_REMOTE = "This repository has no remote. Add one first: git remote add origin URL."
NO_TEXT = "The name of this branch is no valid text, so it cannot be pushed from here."
NOT_WHOLE = (
    "git could not read all of its configuration here, so what a push would start is "
    "not known. Try git config --list in a terminal."
)
ROUNDS = 4
"""Looks for ssh's files: each reads what those before it include."""
NO_ADDRESS = "git gives no address for the remote {}."


@dataclass(frozen=True, slots=True)
class Window:
    """What a plan is made for. `writable`: whether an agent can write a path;
    `began_s`: when the thread began; `environment`: what the push will run with;
    `ssh`: ssh's own folder of the user, which no variable moves."""

    looker: Looker
    environment: Mapping[str, str]
    writable: Callable[[str], bool]
    began_s: int = 0
    ssh: str = ""

    @property
    def configuring(self) -> dict[str, str]:
        """Variables that name git's configuration: a look reads what a push will."""
        found = {
            name: value
            for name, value in self.environment.items()
            if name in ("HOME", "XDG_CONFIG_HOME") or name.startswith("GIT_CONFIG_")
        }
        no_system = found.pop("GIT_CONFIG_NOSYSTEM", "")
        return {**found, "LOOK_NOSYSTEM": no_system}


async def read_repository(looker: Looker, place: str, minutes: int = 0) -> Repository:
    """Raises LookFailed."""
    return parse(await answered(looker(repository_look(place, minutes=minutes))))


async def answered(waiting: object) -> Looked:
    """The answer; raises LookFailed when there is no engine."""
    looked = await waiting  # type: ignore[misc]
    if looked is None:
        raise LookFailed(NO_ENGINE)
    assert isinstance(looked, Looked)
    return looked


async def make_plan(
    window: Window, repository: Repository, stray: Stray, remote: str = ""
) -> PushPlan:
    """What pushing this branch would be. `remote`: "" for the one git would take.
    Raises LookFailed."""
    place = stray.worktree or repository.top or repository.common
    empty = PushPlan(repository.common, place, stray, remotes=repository.remotes)
    if not repository.remotes:
        return replace(empty, refusal=NO_REMOTE)
    if not stray.branch:
        return replace(empty, refusal=DETACHED)
    names = [name for name in repository.remotes if argument(name) is not None]
    if argument(stray.branch) is None or argument(place) is None or not names:
        return replace(empty, refusal=NO_TEXT)
    look = p.settings_look(place, names, window.configuring)
    found = sections(await answered(window.looker(look)))
    _whole(found, "config", "hooks")
    lines = p.config_lines(found["config"])
    remote = remote or remote_of(stray.branch, lines, names)
    section = Section(b"", None)
    if remote in names:
        section = found.get(f"url{names.index(remote)}", section)
    urls = tuple(section.text.splitlines()) if section.ok else ()
    target = f"refs/heads/{stray.branch}"
    empty = replace(empty, remote=remote, urls=urls, target=target)
    if not urls:
        return replace(empty, refusal=NO_ADDRESS.format(remote))
    hooks = found.get("hooks", Section()).line
    return await _filled(window, empty, lines, hooks)


async def _filled(
    window: Window, empty: PushPlan, lines: tuple[p.Line, ...], hooks: str
) -> PushPlan:
    there = folder_of(empty.url, empty.place)
    files = _files(window, empty, lines, hooks)
    ssh = await _ssh(window, empty, lines, files)
    going = (empty.stray.head, empty.remote, empty.stray.branch)
    filters = p.filters_of(lines)
    look = p.content_look(empty.place, going, there, filters, files)
    found = sections(await answered(window.looker(look)))
    _whole(found, "facts")
    gate = found.get("gate", Section(b"", None))
    behind_gate = gate.line if gate.ok else ""
    extra = [path for path in g.hook_files(hooks, behind_gate) if path not in files]
    if extra:
        again = p.content_look(empty.place, going, "", filters, extra)
        more = sections(await answered(window.looker(again)))
        _whole(more, "facts")
        facts = p.facts_of(more.get("facts", Section()), extra)
    else:
        facts = {}
    facts |= p.facts_of(found.get("facts", Section()), files)
    grounds = [
        Ground(
            place=empty.place,
            remote=empty.remote,
            url=url,
            lines=lines,
            facts=facts,
            texts=_texts(found, files),
            hooks=hooks,
            gate=behind_gate if not number else None,
            environment=window.environment,
            writable=window.writable,
            began_s=window.began_s,
            project_writable=window.writable(f"{empty.place}/x"),
            ssh=ssh,
        )
        for number, url in enumerate(empty.urls)
    ]
    programs = dict.fromkeys(one for ground in grounds for one in g.programs(ground))
    settings = dict.fromkeys(one for ground in grounds for one in settings_of(ground))
    changes, more_files = p.files_of(found.get("files", Section()))
    return replace(
        empty,
        commits=p.commits_of(found.get("commits", Section())),
        number=p.number_of(found.get("number")) or empty.stray.commits,
        behind=p.number_of(found.get("behind")),
        files=changes,
        files_more=more_files,
        uncommitted=p.uncommitted(found.get("state", Section())),
        programs=tuple(programs),
        settings=tuple(settings),
    )


def _whole(found: Mapping[str, Section], *names: str) -> None:
    """What programs are known by must be known whole, or nothing is pushed."""
    for name in names:
        if name not in found or not found[name].ok:
            raise LookFailed(NOT_WHOLE)


def _files(
    window: Window, empty: PushPlan, lines: tuple[p.Line, ...], hooks: str
) -> list[str]:
    """Whose facts are wanted."""
    home = window.environment.get("HOME", "")
    found = [
        *g.hook_files(hooks, ""),
        *g.config_files(lines, empty.place),
        *g.named_files(lines, empty.remote, empty.place, home),
    ]
    for name in VARIABLES:
        value = window.environment.get(name, "")
        found += files_in(value, empty.place, home)
    if there := folder_of(empty.url, empty.place):
        found += [f"{there}{end}" for end in g.CONFIGS]
    return [path for path in dict.fromkeys(found) if argument(path) is not None]


async def _ssh(
    window: Window, empty: PushPlan, lines: tuple[p.Line, ...], files: list[str]
) -> Files | None:
    """ssh's own files, with what they include, if an address is reached by it; to
    `files` is added whose facts are wanted."""
    urls = [url for url in empty.urls if way_of(url)[0] is Way.SSH]
    if not urls:
        return None
    command = s.command_of(lines, window.environment)
    found = s.ssh_files(s.call(command, empty.place), window.ssh)
    for _ in range(ROUNDS):
        wanted = [path for path in found.wanted if argument(path) is not None]
        if not wanted:
            break
        looked = sections(await answered(window.looker(p.ssh_look("/", wanted))))
        _whole(looked, "whole")
        read = p.ssh_files_of(looked, wanted)
        found = replace(found, found={**found.found, **read})
    home = window.environment.get("HOME", "")
    for url in urls:
        reading = s.reading_of(found, command, empty.place, url)
        more = s.watched(reading, empty.place, home)
        files += [f for f in more if f not in files and argument(f) is not None]
    return found


def _texts(found: Mapping[str, Section], files: Sequence[str]) -> dict[str, str]:
    return {
        path: found[f"text{number}"].text
        for number, path in enumerate(files)
        if f"text{number}" in found
    }


def remote_of(branch: str, lines: Sequence[p.Line], remotes: Sequence[str]) -> str:
    """The remote git itself would push this branch to."""
    values = {line.key: line.value for line in lines}
    for key in (
        f"branch.{branch}.pushremote",
        "remote.pushdefault",
        f"branch.{branch}.remote",
    ):
        if values.get(key) in remotes:
            return values[key]
    return "origin" if "origin" in remotes else remotes[0]


async def all_strays(
    looker: Looker, place: str
) -> tuple[Repository, tuple[Stray, ...]]:
    """Raises LookFailed."""
    repository = await read_repository(looker, place)
    return repository, strays(repository)
