"""What Codex may do and whom it asks: presets, a choice, and what a choice changes.

Owns the four presets with their exact wire values, which one is current, what differs
between what is in force and what is wanted, what a choice drops on the way, and what
a managed limit forbids. Pure. Does not own requests or drawing. Invariant: a preset
is current only if every one of its values is in force.
"""

from __future__ import annotations

from typing import NamedTuple

from state.changes import Wanted as Wanted
from state.controls import Controls, Limits
from state.dataclass import dataclass, replace
from state.model import Sandbox, SandboxMode, Settings
from state.reviews import REVIEWER_WORDS as REVIEWER_WORDS
from state.reviews import SWITCHES as SWITCHES
from state.reviews import switches as switches

UNTRUSTED = "untrusted"
READ_ONLY, WORKSPACE, FULL_ACCESS = ":read-only", ":workspace", ":danger-full-access"
BUILT_IN_MODES = {
    READ_ONLY: SandboxMode.READ_ONLY,
    WORKSPACE: SandboxMode.WORKSPACE_WRITE,
    FULL_ACCESS: SandboxMode.FULL_ACCESS,
}
MODE_WORDS = {
    SandboxMode.READ_ONLY: "read-only",
    SandboxMode.WORKSPACE_WRITE: "workspace-write",
    SandboxMode.FULL_ACCESS: "full access",
    SandboxMode.EXTERNAL: "external sandbox",
}
KEBAB = {
    READ_ONLY: "read-only",
    WORKSPACE: "workspace-write",
    FULL_ACCESS: "danger-full-access",
}
KEEP = ""
"""As a sandbox of `Wanted`: leave it as it is, network, roots and all."""

SHORT = {"request_permissions": "permissions", "mcp_elicitations": "MCP"}
"""Their words where there is little room."""
ALL_ON = tuple((name, True) for name, _ in SWITCHES)

POLICY_WORDS = {
    "on-request": "on request",
    "never": "never",
    "granular": "granular",
    "untrusted": "untrusted",
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A named choice."""

    id: str
    name: str
    words: str
    wanted: Wanted


PRESETS = (
    Preset(
        "read-only",
        "Read Only",
        "Read workspace files, with approval required for edits or internet access",
        Wanted("on-request", "user", READ_ONLY),
    ),
    Preset(
        "ask",
        "Ask for approval",
        "Read and edit workspace files; approval for internet access or edits outside",
        Wanted("on-request", "user", WORKSPACE),
    ),
    Preset(
        "approve-for-me",
        "Approve for me",
        "Same sandbox. Auto-review answers; only what it finds unsafe is denied",
        Wanted("on-request", "auto_review", WORKSPACE),
    ),
    Preset(
        "full-access",
        "Full Access",
        "No sandbox, internet, never asks. Use with caution",
        Wanted("never", "user", FULL_ACCESS),
    ),
)
SMART = PRESETS[2]
"""Smart Approvals: what the row of /experimental switches on."""


class Change(NamedTuple):
    """One setting, now and after, in words."""

    label: str
    now: str
    after: str


# -- what is in force ------------------------------------------------------------


def reviewer_of(settings: Settings) -> str:
    """The reviewer by its present name; the old one means the same."""
    if settings.reviewer == "guardian_subagent":
        return "auto_review"
    return settings.reviewer or "user"


def sandbox_id(settings: Settings) -> str:
    """The built-in profile, or custom one, that is in force in every value; KEEP when
    none is."""
    if settings.profile is not None:
        network = settings.sandbox is not None and settings.sandbox.network
        if settings.profile in (READ_ONLY, WORKSPACE) and network:
            return KEEP
        return settings.profile
    sandbox = settings.sandbox
    if sandbox is None:
        return KEEP
    match sandbox.mode:
        case SandboxMode.FULL_ACCESS:
            return FULL_ACCESS
        case SandboxMode.READ_ONLY if not sandbox.network:
            return READ_ONLY
        case SandboxMode.WORKSPACE_WRITE:
            narrowed = sandbox.exclude_slash_tmp or sandbox.exclude_tmpdir
            return KEEP if sandbox.network or narrowed else WORKSPACE
    return KEEP


def in_force(settings: Settings | None) -> Wanted:
    """The settings as a choice: what stands in the form when nothing is changed."""
    if settings is None:
        return Wanted("", "", KEEP)
    return Wanted(
        settings.approval_policy or "",
        reviewer_of(settings),
        sandbox_id(settings),
        switches(settings.granular) if settings.approval_policy == "granular" else (),
    )


def is_current(settings: Settings | None, wanted: Wanted) -> bool:
    """Every value of this choice is in force."""
    if settings is None or wanted.sandbox == KEEP:
        return False
    return in_force(settings) == wanted


def is_choice_of(settings: Settings, wanted: Wanted) -> bool:
    """These settings are what this choice makes, or it leaves them alone."""
    return not changes(settings, wanted)


def current_preset(settings: Settings | None) -> Preset | None:
    """The preset that is in force, if one is."""
    return next((p for p in PRESETS if is_current(settings, p.wanted)), None)


def name_of(settings: Settings | None) -> str:
    """What the settings are called: a preset's name, a profile's, or the parts."""
    preset = current_preset(settings)
    if preset is not None:
        return preset.name
    if settings is None:
        return "not known"
    return f"Custom ({sandbox_words(settings)}, {asking_words(in_force(settings))})"


# -- words -----------------------------------------------------------------------


def sandbox_words(settings: Settings) -> str:
    """The sandbox in a few words, with what its name does not say. Profile names
    are raw: whoever draws them passes them through a text door."""
    sandbox, profile = settings.sandbox, settings.profile
    mode = BUILT_IN_MODES.get(profile) if profile else None
    if profile is not None and mode is None:
        return f"profile {profile}"
    if mode is None and sandbox is None:
        return "not known"
    words = [MODE_WORDS[mode or sandbox.mode]]  # type: ignore[union-attr]
    if sandbox is not None and sandbox.mode is not SandboxMode.FULL_ACCESS:
        words += ["network on"] if sandbox.network else []
        words += ["/tmp excluded"] if sandbox.exclude_slash_tmp else []
        words += ["$TMPDIR excluded"] if sandbox.exclude_tmpdir else []
    return ", ".join(words)


def id_words(sandbox: str, settings: Settings | None = None) -> str:
    """A sandbox choice in words; KEEP needs the settings that are kept."""
    if sandbox == KEEP:
        return sandbox_words(settings) if settings is not None else "as it is"
    mode = BUILT_IN_MODES.get(sandbox)
    return MODE_WORDS[mode] if mode is not None else f"profile {sandbox}"


def asking_words(wanted: Wanted) -> str:
    """Who is asked, about what."""
    who = REVIEWER_WORDS.get(wanted.reviewer, wanted.reviewer)
    match wanted.policy:
        case "never":
            return "never asks"
        case "untrusted":
            return "asks you for everything"
        case "granular":
            on = [word for name, word in SWITCHES if dict(wanted.granular).get(name)]
            return f"asks {who} about {', '.join(on) if on else 'nothing'}"
        case "on-request":
            return f"asks {who}"
    return f"approvals {wanted.policy}" if wanted.policy else "asks as before"


def switches_words(granular: tuple[tuple[str, bool], ...]) -> str:
    """The switches that are on."""
    on = [word for name, word in SWITCHES if dict(granular).get(name)]
    return ", ".join(on) if on else "nothing"


# -- what a choice changes ---------------------------------------------------------


def after(settings: Settings, wanted: Wanted) -> Settings:
    """What would be in force: exactly what the engine makes of the choice. Of a
    custom profile only its name is known here."""
    sandbox, profile = settings.sandbox, settings.profile
    if wanted.sandbox not in (KEEP, sandbox_id(settings)):
        profile = wanted.sandbox
        mode = BUILT_IN_MODES.get(wanted.sandbox)
        roots = sandbox.writable_roots if sandbox else ()
        full = mode is SandboxMode.FULL_ACCESS
        sandbox = None if mode is None else Sandbox(mode, full, roots)
    return replace(
        settings,
        approval_policy=wanted.policy or settings.approval_policy,
        granular=wanted.granular,
        reviewer=wanted.reviewer or settings.reviewer,
        sandbox=sandbox,
        profile=profile,
    )


def changes(settings: Settings | None, wanted: Wanted) -> tuple[Change, ...]:
    """What differs, setting by setting."""
    now = in_force(settings)
    found = []
    if wanted.policy and wanted.policy != now.policy:
        words = [POLICY_WORDS.get(p, p or "not known") for p in (now[0], wanted[0])]
        found.append(Change("policy", words[0], words[1]))
    elif wanted.policy == "granular" and wanted.granular != now.granular:
        before, then = switches_words(now.granular), switches_words(wanted.granular)
        found.append(Change("granular", before, then))
    if wanted.reviewer and wanted.reviewer != now.reviewer:
        who = [
            REVIEWER_WORDS.get(r, r or "not known") for r in (now[1], wanted.reviewer)
        ]
        found.append(Change("reviewer", who[0], who[1]))
    if wanted.sandbox not in (KEEP, now.sandbox):
        was = id_words(now.sandbox, settings) if settings else "not known"
        found.append(Change("sandbox", was, id_words(wanted.sandbox)))
    return tuple(found)


def dropped(settings: Settings | None, wanted: Wanted) -> tuple[str, ...]:
    """What goes, or opens, by the way: the engine says nothing about these."""
    if settings is None or settings.sandbox is None:
        return ()
    now = in_force(settings)
    if wanted.sandbox in (KEEP, now.sandbox):
        return ()
    sandbox = settings.sandbox
    lost = []
    if sandbox.network and wanted.sandbox in (READ_ONLY, WORKSPACE):
        lost.append("network access, which is on now, goes off")
    if wanted.sandbox == WORKSPACE and sandbox.mode is SandboxMode.WORKSPACE_WRITE:
        if sandbox.exclude_slash_tmp:
            lost.append("/tmp, excluded now, becomes writable")
        if sandbox.exclude_tmpdir:
            lost.append("$TMPDIR, excluded now, becomes writable")
    number = len(sandbox.writable_roots)
    if number and wanted.sandbox == READ_ONLY:
        more = f"{number} more writable root{'s' if number > 1 else ''}"
        lost.append(f"{more} rest{'' if number > 1 else 's'} until workspace-write")
    if settings.profile and settings.profile not in BUILT_IN_MODES:
        lost.append(f"what profile {settings.profile} allows and denies ends")
    return tuple(lost)


def silent(wanted: Wanted) -> str:
    """A setting that another one makes idle, in a sentence; "" when none is."""
    if wanted.reviewer == "auto_review" and wanted.policy == "untrusted":
        return "With untrusted the engine asks you, whoever the reviewer is."
    if wanted.reviewer == "auto_review" and wanted.policy == "never":
        return "With never nobody is asked: auto-review has nothing to decide."
    if wanted.policy == "granular" and not all(on for _, on in wanted.granular):
        return "What is switched off is refused, and nobody is asked about it."
    return ""


# -- managed limits ----------------------------------------------------------------


def forbidden_policy(policy: str, limits: Limits) -> bool:
    """An administrator does not allow this approval policy."""
    return limits.policies is not None and policy not in limits.policies


def forbidden_reviewer(reviewer: str, limits: Limits) -> bool:
    """An administrator does not allow this reviewer."""
    if limits.reviewers is None:
        return False
    names = {"auto_review", "guardian_subagent"}
    wanted = names if reviewer in names else {reviewer}
    return wanted.isdisjoint(limits.reviewers)


def forbidden_sandbox(sandbox: str, controls: Controls) -> bool:
    """An administrator does not allow this profile."""
    if sandbox == KEEP:
        return False
    named = any(p.id == sandbox and not p.allowed for p in controls.profiles)
    return named or outside_limits(sandbox, controls.limits)


def outside_limits(sandbox: str, limits: Limits) -> bool:
    """An administrator's list of sandboxes or of profiles does not have this one."""
    word = KEBAB.get(sandbox)
    if word and limits.sandboxes is not None and word not in limits.sandboxes:
        return True
    return limits.profiles is not None and sandbox not in limits.profiles


def forbidden(wanted: Wanted, controls: Controls | None) -> str:
    """Why this choice may not be made, in a sentence; "" when it may."""
    if controls is None:
        return ""
    words = []
    if wanted.policy and forbidden_policy(wanted.policy, controls.limits):
        words.append(f"asking {POLICY_WORDS.get(wanted.policy, wanted.policy)}")
    if wanted.reviewer and forbidden_reviewer(wanted.reviewer, controls.limits):
        words.append(
            f"{REVIEWER_WORDS.get(wanted.reviewer, wanted.reviewer)} as reviewer"
        )
    if forbidden_sandbox(wanted.sandbox, controls):
        words.append(id_words(wanted.sandbox))
    if not words:
        return ""
    return f"Your administrator does not allow {' and '.join(words)} here."
