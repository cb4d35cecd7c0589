"""What a profile in the making means on this disk, and the small questions about it.

Owns the look at the disk beside the screen's loop, and the asking for a name and a
description. Does not own the board (`tui.screens.profile`) nor what an entry means
(`state.permissions`). Invariant: looking writes nothing and starts nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from state.changes import WriteConfig
from state.controls import Controls
from state.dataclass import dataclass, replace
from state.engine.local_disk import LocalDisk
from state.engine.local_names import lead_of
from state.model import Settings
from state.permissions import draft as d
from state.permissions import globs
from state.permissions.box import Box
from state.permissions.disk import Disk, Looked, NoDisk
from state.permissions.explain import (
    Approvals,
    Ground,
    Operation,
    Verdict,
    explain,
)
from state.permissions.hosts import Lead, needs_lead, target_of
from state.permissions.mounts import box_of
from state.permissions.policy import Access, Host
from state.permissions.profiles import ProfileError
from state.permissions.proxied import proxy_of
from state.select import profile as words
from state.text import reveal
from widgets.entry_form import EntryForm
from widgets.forms import TextAsk

if TYPE_CHECKING:
    from textual.app import App

ENDLESS = "A denied pattern covers more folders than can be looked at: {}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where it is looked at. `host` None: the engine runs on another machine."""

    host: Host | None
    roots: tuple[str, ...]
    disk: Callable[[], Disk] | None
    controls: Controls | None = None


def meant(editing: words.Editing, around: Surroundings) -> words.Editing:
    """The profile with its policy and what that comes to; else with why not."""
    host, local = around.host or Host(), around.host is not None
    name = editing.draft.name
    tables = {**editing.tables, name: d.table_of(editing.draft)}
    try:
        policy = d.policy_of(editing.draft, editing.tables, around.roots, host)
        disk = (around.disk or LocalDisk)() if local else NoDisk()
        box = box_of(policy, Looked(disk), host) if local else None
        proxy = proxy_of(
            Settings(profile=name), around.controls, policy, host, profiles=tables
        )
    except ProfileError as error:
        return replace(
            editing, policy=None, box=None, proxy=None, host=host, why=str(error)
        )
    except globs.EndlessError as error:
        why = ENDLESS.format(error)
        return replace(editing, policy=None, box=None, proxy=None, host=host, why=why)
    return replace(editing, policy=policy, box=box, proxy=proxy, host=host, why="")


async def lead_to(
    editing: words.Editing,
    target: str,
    look: Callable[[str], Awaitable[Lead]] | None,
    *,
    local: bool,
) -> tuple[str, Lead] | None:
    """Where the host leads that is asked about, if that matters and is ours to find
    out."""
    asked, proxy = target_of(target), editing.proxy
    if not local or proxy is None or not needs_lead(proxy, asked):
        return None
    return asked.host, await (look or lead_of)(asked.host)


def predicted(
    editing: words.Editing,
    operation: Operation,
    target: str,
    approvals: Approvals,
    lead: tuple[str, Lead] | None = None,
) -> Verdict:
    """What would come of it under the profile; it must have a policy. `lead`: a host
    and where it leads, once somebody looked."""
    assert editing.policy is not None
    box = editing.box or Box(Looked(NoDisk()))
    ground = Ground(editing.policy, box, editing.host, approvals, editing.proxy)
    if lead is not None and lead[0] == target_of(target).host:
        ground = replace(ground, lead=lead[1])
    return explain(operation, target, ground)


def meaning(path: str, access: str) -> tuple[str, bool]:
    """What an entry does; whether it cannot be one."""
    given = Access(access)
    return words.meaning(path, given), bool(d.line_fault(path, given))


async def ask_entry(
    app: App[Any], editing: words.Editing, key: str | None
) -> tuple[d.Line, str | None] | None:
    """An entry, and the path of the one whose place it takes."""
    draft, access = editing.draft, Access.READ
    for line in (*draft.lines, *d.inherited(draft, editing.tables)):
        if line.path == key:
            access = line.access
    own = any(line.path == key for line in draft.lines)
    title = "Edit the entry" if own else "Add an entry"
    form = EntryForm(title, key or "", access.value, meaning)
    answer = await app.push_screen_wait(form)
    if answer is None:
        return None
    return d.Line(answer[0], Access(answer[1])), key if own else None


def command(editing: words.Editing, controls: Controls) -> WriteConfig:
    """What saving sends."""
    name = editing.draft.name
    return WriteConfig(
        words.edits(editing, controls),
        controls.cwd,
        note=f"Permission profile {reveal(name).text} is saved",
        profile=name,
    )


async def ask_name(app: App[Any], taken: Mapping[str, object]) -> str:
    """A name that can be one; "" when the user thinks better of it."""
    name = aside = ""
    while True:
        ask = TextAsk("New permission profile", "Name", name, aside)
        answer: str | None = await app.push_screen_wait(ask)
        name = answer or ""
        aside = d.name_fault(name, taken) if name else ""
        if not aside:
            return name


def describe(now: str) -> TextAsk:
    """What lists of profiles say of it."""
    return TextAsk("Describe the profile", "Words", now)
