"""What may Codex do, as the board of /approvals shows it.

Owns the words of the choice, its scope and its consequences. What a choice means is
`state.approvals`. Invariants: "now" is what is in force for the chosen scope; what is
not known is said to be unknown; every text from outside passes a door here.
"""

from __future__ import annotations

from collections.abc import Mapping

from state import approvals as a
from state.controls import Controls, everywhere
from state.items import ThreadId
from state.model import Settings, Thread
from state.select.consequences import DEFAULT as DEFAULT
from state.select.consequences import NEXT as NEXT
from state.select.consequences import PROJECT as PROJECT
from state.select.consequences import THREAD as THREAD
from state.select.consequences import TURN as TURN
from state.select.consequences import Asked as Asked
from state.select.consequences import Case, sentences
from state.select.frame import sandbox_mode
from state.select.in_force import SQUARES, Place, in_force, running_turn, source
from state.select.words import agent_label, one_line, tree_title
from state.text import reveal
from state.usual import defaults_of
from state.views import (
    ApprovalsView,
    Bit,
    Bits,
    Option,
    PresetRow,
    Setting,
    Switch,
    Tone,
)

SCOPES = {
    TURN: "this turn",
    NEXT: "next turn",
    THREAD: "this thread",
    PROJECT: "this project",
    DEFAULT: "my default",
}
NOT_KNOWN = "Not known yet; asking the engine."
CUSTOM = "custom"
"""The row for what is in force when no preset and no profile is."""
ONLY_REVIEWER = "Of a running turn only the reviewer can be changed."
UNREADABLE = "Mend the configuration first: nothing is written into a broken one."
NOT_IN_A_FILE = (
    "Engines no longer read “untrusted” from a configuration file; a thread can still "
    "be set so, and an untrusted folder starts so."
)
_ADMIN = "Your administrator does not allow this."


def baseline(
    thread: Thread | None,
    controls: Controls | None,
    scope: str,
    after: Settings | None = None,
) -> Settings | None:
    """What is in force now where this scope would write. `after`: what the thread gets
    back after its next turn, so what it is set to."""
    if scope == THREAD and after is not None:
        return after
    if scope in (PROJECT, DEFAULT):
        if controls is None or controls.problem:
            return None
        return defaults_of(everywhere(controls) if scope == DEFAULT else controls)
    turn = running_turn(thread)
    if scope == TURN and turn is not None and turn.settings is not None:
        return turn.settings
    return thread.settings if thread else None


def possible(thread: Thread | None, controls: Controls | None, asked: Asked) -> Asked:
    """The part of the choice that its scope can carry: of a running turn only the
    reviewer can change."""
    if asked.scope != TURN:
        return asked
    force = a.in_force(baseline(thread, controls, TURN))
    return Asked(force._replace(reviewer=asked.wanted.reviewer), TURN)


def approvals_view(
    thread: Thread | None,
    controls: Controls | None,
    asked: Asked,
    threads: Mapping[ThreadId, Thread],
    *,
    held: bool = False,
    after: Settings | None = None,
) -> ApprovalsView:
    """The board as it stands. `held`: an administrator's proxy stands between commands
    and the network, whatever a thread's own switch says. `after`: what the thread gets
    back after its next turn."""
    asked = possible(thread, controls, asked)
    now = baseline(thread, controls, asked.scope, after)
    refused = refusal(thread, controls, asked, after)
    changed = a.changes(now, asked.wanted)
    labels = {change.label: change for change in changed}
    said = controls
    if controls is not None and asked.scope == DEFAULT:
        said = everywhere(controls)
    granular = asked.wanted.granular or a.in_force(now).granular or a.ALL_ON
    filed = asked.scope in (PROJECT, DEFAULT)
    policies = _policies(controls, filed=filed)
    reviewers = _reviewers(controls)
    boxes = _sandboxes(now, controls)
    barred = any(o.blocked == _ADMIN for o in (*policies, *reviewers, *boxes))
    place = Place(thread, said, asked.scope, now, after)
    return ApprovalsView(
        title=tree_title(threads, thread) if thread else "no thread open",
        agent=agent_label(thread) if thread else "",
        presets=_presets(now, controls),
        policy=Setting(
            policies,
            asked.wanted.policy,
            _aside(labels, ("policy", "granular"), source(place, "policy")),
        ),
        switches=tuple(
            Switch(name, word, dict(granular).get(name, False), a.SHORT.get(name, ""))
            for name, word in a.SWITCHES
        ),
        switches_live=asked.wanted.policy == "granular",
        reviewer=Setting(
            reviewers,
            asked.wanted.reviewer,
            _aside(labels, ("reviewer",), source(place, "reviewer")),
        ),
        sandbox=Setting(
            boxes,
            asked.wanted.sandbox,
            _aside(labels, ("sandbox",), source(place, "sandbox")),
        ),
        scope=Setting(scopes(thread, controls), asked.scope),
        sentences=sentences(
            Case(thread, controls, asked, now, after, refused, barred, held)
        ),
        in_force=in_force(thread, controls, held=held, after=after),
        changed=bool(changed),
        refused=refused,
    )


def refusal(
    thread: Thread | None,
    controls: Controls | None,
    asked: Asked,
    after: Settings | None = None,
) -> str:
    """Why enter would do nothing; "" when it would."""
    scope = next((o for o in scopes(thread, controls) if o.value == asked.scope), None)
    if scope is not None and scope.blocked:
        return scope.blocked
    if why := a.forbidden(asked.wanted, controls):
        return why
    now = baseline(thread, controls, asked.scope, after)
    if now is None:
        return NOT_KNOWN
    if asked.scope in (PROJECT, DEFAULT) and _unwritable(asked.wanted, now):
        return NOT_IN_A_FILE
    if asked.scope == THREAD and after is not None:
        return ""  # The next turn's own choice goes, whatever else changes.
    if not a.changes(now, asked.wanted):
        only = asked.scope == TURN
        return ONLY_REVIEWER if only else "That is in force already."
    return ""


# -- rows --------------------------------------------------------------------------


def _presets(now: Settings | None, controls: Controls | None) -> tuple[PresetRow, ...]:
    rows = []
    for number, preset in enumerate(a.PRESETS, 1):
        rows.append(
            PresetRow(
                key=preset.id,
                number=number,
                square=SQUARES[preset.wanted.sandbox],
                name=preset.name,
                words=preset.words,
                wanted=preset.wanted,
                current=a.is_current(now, preset.wanted),
                danger=preset.wanted.sandbox == a.FULL_ACCESS,
                blocked=a.forbidden(preset.wanted, controls),
            )
        )
    force = a.in_force(now)
    for profile in controls.profiles if controls else ():
        if profile.built_in:
            continue
        wanted = force._replace(sandbox=profile.id)
        words = one_line(profile.description) or "Your permission profile"
        rows.append(
            PresetRow(
                key=f"profile:{profile.id}",
                number=len(rows) + 1,
                square="◧",
                name=reveal(profile.id).text,
                words=f"{words} · policy and reviewer stay",
                wanted=wanted,
                current=force.sandbox == profile.id,
                blocked=a.forbidden(wanted._replace(policy="", reviewer=""), controls),
            )
        )
    if now is not None and not any(row.current for row in rows):
        words = reveal(f"{a.sandbox_words(now)}, {a.asking_words(force)}").text
        own = PresetRow(
            key=CUSTOM,
            number=len(rows) + 1,
            square=sandbox_mode(now)[0],
            name="Custom",
            words=f"As it is now, like none of the above: {words}",
            wanted=force,
            current=True,
        )
        rows.append(own)
    return tuple(rows)


def _policies(controls: Controls | None, *, filed: bool) -> tuple[Option, ...]:
    """`filed`: the choice would be written into a configuration file."""
    limits = controls.limits if controls else None
    options = []
    for policy, word in a.POLICY_WORDS.items():
        blocked = NOT_IN_A_FILE if filed and policy == a.UNTRUSTED else ""
        if limits and a.forbidden_policy(policy, limits):
            blocked = _ADMIN
        options.append(Option(policy, word, blocked=blocked))
    return tuple(options)


def _unwritable(wanted: a.Wanted, now: Settings) -> bool:
    """Engines refuse to read this policy from a file; one that follows from a folder's
    trust may stay."""
    return wanted.policy == a.UNTRUSTED != now.approval_policy


def _reviewers(controls: Controls | None) -> tuple[Option, ...]:
    limits = controls.limits if controls else None
    return tuple(
        Option(
            one,
            a.REVIEWER_WORDS[one],
            blocked=_ADMIN if limits and a.forbidden_reviewer(one, limits) else "",
        )
        for one in ("user", "auto_review")
    )


def _sandboxes(now: Settings | None, controls: Controls | None) -> tuple[Option, ...]:
    options = []
    if a.in_force(now).sandbox == a.KEEP:
        words = a.sandbox_words(now) if now else "as it is"
        options.append(Option(a.KEEP, f"as now: {reveal(words).text}"))
    profiles = controls.profiles if controls else ()
    custom = [profile.id for profile in profiles if not profile.built_in]
    for one in (*a.BUILT_IN_MODES, *custom):
        label = a.id_words(one) if one in a.BUILT_IN_MODES else reveal(one).text
        blocked = controls is not None and a.forbidden_sandbox(one, controls)
        options.append(
            Option(one, label, one == a.FULL_ACCESS, _ADMIN if blocked else "")
        )
    return tuple(options)


def scopes(thread: Thread | None, controls: Controls | None) -> tuple[Option, ...]:
    """The scopes there are now; a blocked one says why."""
    why = dict.fromkeys(SCOPES, "")
    if controls is None:
        why[PROJECT] = why[DEFAULT] = NOT_KNOWN
    elif controls.problem:
        why[PROJECT] = why[DEFAULT] = UNREADABLE
    elif not controls.trusted:
        root = reveal(controls.root).text
        why[PROJECT] = f"{root} is not trusted, so its configuration is not read."
    gone = {TURN, NEXT, THREAD} if thread is None else set()
    if running_turn(thread) is None:
        gone.add(TURN)
    return tuple(
        Option(scope, word, blocked=why[scope])
        for scope, word in SCOPES.items()
        if scope not in gone
    )


def _aside(labels: dict[str, a.Change], names: tuple[str, ...], source: str) -> Bits:
    found = next((labels[name] for name in names if name in labels), None)
    if found is not None:
        words = f"{reveal(found.now).text} → {reveal(found.after).text}"
        return (Bit(words, Tone.NEED),)
    return (Bit(source, Tone.MUTED),) if source else ()
