"""The profile editor's read model: entries with what they mean here, faults, the plan.

Owns the words. Does not own what an entry does (`permissions`) nor what is written
(`permissions.draft`). Invariant: every path and name passed the door `reveal`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from state import key_path
from state.changes import ConfigEdit
from state.controls import Controls, LayerKind
from state.dataclass import dataclass
from state.permissions import paths
from state.permissions.box import Box
from state.permissions.draft import (
    Draft,
    Line,
    edits_of,
    extendable,
    inherited,
    line_fault,
    split,
    stops_threads,
)
from state.permissions.hosts import Proxy
from state.permissions.policy import Access, Host, Policy
from state.permissions.profiles import BUILTIN, ROOTS
from state.select.sandbox import Known, sentence
from state.select.sandbox_roots import SQUARES, home_path
from state.text import reveal
from state.views import Bit, Bits, EntryRow, Option, ProfileView, Setting, Tone

NEW = "new …"
KEEP = "keep"
NOTHING = "nothing"
DEFAULT = "default_permissions"


@dataclass(frozen=True, slots=True, eq=False)
class Editing:
    """What is being edited. `tables`: all profiles; `mine`: those of the user's own
    file; `start`: what new threads are to start with; `cursor`: the entry it is on."""

    draft: Draft
    tables: Mapping[str, Any]
    mine: Mapping[str, Any]
    names: tuple[str, ...]
    start: str = KEEP
    cursor: str | None = None
    policy: Policy | None = None
    box: Box | None = None
    host: Host = Host()
    proxy: Proxy | None = None
    why: str = ""


def own_profiles(controls: Controls | None) -> Mapping[str, Any]:
    """The profiles of the user's own file."""
    layer = controls.layer(LayerKind.USER) if controls is not None else None
    found = layer.values.get("permissions") if layer is not None else None
    return found if isinstance(found, Mapping) else {}


def usual(controls: Controls | None) -> str:
    """What new threads start with because somebody set it; "" when nobody did."""
    if controls is None:
        return ""
    for key in (DEFAULT, "sandbox_mode"):
        value = controls.value(key).value
        if isinstance(value, str):
            return value
    return ""


def edits(editing: Editing, controls: Controls | None) -> tuple[ConfigEdit, ...]:
    """What saving writes, all at once."""
    draft = editing.draft
    found = edits_of(editing.mine.get(draft.name), draft)
    if not found and draft.name not in editing.mine:
        # Nothing but a name: an empty table is a profile, too.
        found = [ConfigEdit(key_path.join(("permissions", draft.name)), {})]
    if editing.start != KEEP and editing.start != usual(controls):
        found.append(ConfigEdit(DEFAULT, editing.start))
    return tuple(found)


def profile_view(editing: Editing, controls: Controls | None) -> ProfileView:
    """The board."""
    draft, policy = editing.draft, editing.policy
    known = Known(None, policy, editing.box, editing.host, editing.why, editing.proxy)
    writes = bool(policy and policy.writable)
    rows = tuple(_rows(editing))
    new = draft.name not in editing.mine
    plan = edits(editing, controls)
    refused = _refused(editing, controls)
    return ProfileView(
        reveal(draft.name).text,
        "new" if new else reveal(draft.description).text,
        "◧" if writes else "□",
        sentence(known) if policy is not None else "it cannot be used like this",
        _which(editing),
        _extends(editing),
        _network(editing),
        _start(editing, controls),
        tuple(_wrong(editing, refused)),
        rows,
        sum(row.own for row in rows),
        tuple(_means(editing)),
        tuple(map(_planned, plan)),
        changed=bool(plan),
        refused=refused,
    )


def _planned(edit: ConfigEdit) -> str:
    if edit.value is None:
        return f"- {reveal(edit.key).text}"
    value = json.dumps(edit.value, ensure_ascii=False)
    return f"+ {reveal(edit.key).text} = {reveal(value).text}"


# -- settings -------------------------------------------------------------------------


def _which(editing: Editing) -> Setting:
    names = dict.fromkeys((*editing.mine, *editing.names))
    options = [Option(name, reveal(name).text) for name in names]
    return Setting((*options, Option("", NEW)), editing.draft.name)


def _extends(editing: Editing) -> Setting:
    draft = editing.draft
    values = list(extendable(editing.tables, draft.name))
    if draft.extends not in values:
        values.append(draft.extends)
    options = tuple(Option(v, reveal(v).text if v else NOTHING) for v in values)
    return Setting(options, draft.extends)


def _network(editing: Editing) -> Setting:
    options = [Option("off", "off"), Option("on", "on")]
    draft = editing.draft
    if draft.extends:
        base = reveal(draft.extends).text
        options.insert(0, Option("", f"as {base} has it"))
    value = "" if draft.network is None else "on" if draft.network else "off"
    if value == "" and not draft.extends:
        value = "off"
    return Setting(tuple(options), value)


def _start(editing: Editing, controls: Controls | None) -> Setting:
    now, name = usual(controls), editing.draft.name
    keep = Option(KEEP, f"as now, {reveal(now).text}")
    if not now:
        why = (
            "Codex starts no thread while there are profiles and nobody says which "
            "one counts: choose one."
        )
        keep = Option(KEEP, "as now", blocked=why)
    others = [v for v in (name, *BUILTIN) if v != now]
    options = (keep, *(Option(v, reveal(v).text) for v in others))
    return Setting(options, editing.start)


# -- what is wrong ---------------------------------------------------------------------


def _refused(editing: Editing, controls: Controls | None) -> str:
    if editing.policy is None:
        return reveal(editing.why).text or "What it would allow is not known."
    stopped = stops_threads(editing.policy)
    if stopped:
        return stopped
    if editing.start == KEEP and not usual(controls):
        return "Choose what new threads start with: without it Codex starts none."
    refusal = editing.box.refusal if editing.box is not None else None
    if refusal is not None:
        return f"No command could run under it: {reveal(refusal.text).text}"
    return ""


def _wrong(editing: Editing, refused: str) -> Iterator[Bits]:
    if refused:
        yield (Bit(refused, Tone.FAIL),)
    for warning in editing.policy.warnings if editing.policy is not None else ():
        yield (Bit(reveal(warning).text, Tone.NEED),)


# -- entries ---------------------------------------------------------------------------


def _rows(editing: Editing) -> Iterator[EntryRow]:
    for line in editing.draft.lines:
        yield _row(line, editing, own=True)
    for line in inherited(editing.draft, editing.tables):
        yield _row(line, editing, own=False)


def _row(line: Line, editing: Editing, *, own: bool) -> EntryRow:
    word = {Access.WRITE: "write", Access.DENY: "denied"}.get(line.access, "read")
    tone = {Access.WRITE: Tone.BRIGHT, Access.DENY: Tone.FAIL}.get(
        line.access, Tone.TEXT
    )
    return EntryRow(
        line.path,
        SQUARES[line.access],
        word,
        tone if own else Tone.MUTED,
        reveal(line.path).text,
        _real(line, editing),
        "yours" if own else f"from {reveal(editing.draft.extends).text}",
        own,
    )


def _real(line: Line, editing: Editing) -> str:
    """Where it leads here, in a few words."""
    base, sub = split(line.path)
    policy, host = editing.policy, editing.host
    if base in ROOTS:
        roots = policy.roots if policy is not None else ()
        if not roots:
            return "no workspace root here"
        root = home_path(roots[0], host.home)
        more = f" and {len(roots) - 1} more" if len(roots) > 1 else ""
        return f"{root}/{reveal(sub).text}{more}" if sub else f"{root}{more}"
    special = {
        ":root": "everything" if not sub else f"/{reveal(sub).text}",
        ":tmpdir": reveal(host.tmpdir).text or "no $TMPDIR here",
        ":slash_tmp": "/tmp",
        ":minimal": "/usr /bin /lib /etc …",
    }
    if base in special:
        return special[base]
    if base.startswith(":"):
        return "not known to this engine"
    if editing.box is not None and policy is not None:
        path = next((e.path for e in policy.entries if e.spelled == line.path), "")
        if path and not paths.has_glob(path):
            real = editing.box.disk.other_place(path)
            if real:
                return home_path(real, host.home)
            if not editing.box.disk.exists(path):
                return "not there"
    return ""


def _means(editing: Editing) -> Iterator[Bits]:
    lines = (*editing.draft.lines, *inherited(editing.draft, editing.tables))
    line = next((one for one in lines if one.path == editing.cursor), None)
    if line is not None:
        yield (Bit(meaning(line.path, line.access), Tone.TEXT),)


def meaning(path: str, access: Access) -> str:
    """What an entry does, in one sentence; why it cannot be one, if so."""
    fault = line_fault(path, access)
    if fault:
        return fault
    base, sub = split(path)
    what = _what(path, base, sub)
    if base == ":minimal":
        if access is Access.DENY:
            return "Denying :minimal does nothing."
        return "The platform's own folders are readable: /usr, /bin, /lib, /etc …"
    if base.startswith(":") and not what:
        return f"This engine does not know {reveal(base).text}: it is ignored."
    pattern = paths.has_glob(path)
    match access:
        case Access.DENY if pattern:
            return f"Every file that matches {what} can be neither read nor changed."
        case Access.DENY:
            return f"Nothing in {what} can be read or changed."
        case Access.READ:
            return (
                f"Commands may read {what} and change nothing there, unless a "
                "narrower entry says so."
            )
        case Access.WRITE:
            return (
                f"Commands may change everything in {what}; .git, .codex, .agents and "
                ".aws at its top stay read-only."
            )


def _what(path: str, base: str, sub: str) -> str:
    below = reveal(sub).text
    if base in ROOTS:
        return f"{below} of each workspace root" if sub else "each workspace root"
    if base == ":root":
        return f"/{below}" if sub else "the whole file system"
    if base == ":tmpdir":
        return "$TMPDIR"
    if base == ":slash_tmp":
        return "/tmp"
    return "" if base.startswith(":") else reveal(path).text
