"""What may Codex do, as the board of /approvals shows it.

Owns the words of the choice, its scope and its consequences. What a choice means is
`state.approvals`. Invariants: "now" is what is in force for the chosen scope; what is
not known is said to be unknown; every text from outside passes a door here.
"""

from __future__ import annotations

from collections.abc import Mapping

from state import approvals as a
from state.controls import Controls, Value, everywhere, layer_words
from state.dataclass import dataclass
from state.items import ThreadId
from state.model import Settings, Thread
from state.select.frame import sandbox_mode
from state.select.in_force import KEYS, SQUARES, in_force, running_turn
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

TURN, NEXT, THREAD, PROJECT, DEFAULT = "turn", "next", "thread", "project", "default"
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
MANAGED_NETWORK = (
    "Commands reach the network through the administrator's proxy alone, whatever the "
    "sandbox's own switch says."
)
_ADMIN = "Your administrator does not allow this."


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user has in hand: the form, and for how long."""

    wanted: a.Wanted
    scope: str


def baseline(
    thread: Thread | None, controls: Controls | None, scope: str
) -> Settings | None:
    """What is in force now where this scope would write."""
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
    now = baseline(thread, controls, asked.scope)
    refused = refusal(thread, controls, asked)
    changed = a.changes(now, asked.wanted)
    labels = {change.label: change for change in changed}
    said = controls
    if controls is not None and asked.scope == DEFAULT:
        said = everywhere(controls)
    granular = asked.wanted.granular or a.in_force(now).granular or a.ALL_ON
    return ApprovalsView(
        title=tree_title(threads, thread) if thread else "no thread open",
        agent=agent_label(thread) if thread else "",
        presets=_presets(now, controls),
        policy=Setting(
            _policies(now, controls),
            asked.wanted.policy,
            _aside(labels, ("policy", "granular"), _source(now, said, "policy")),
        ),
        switches=tuple(
            Switch(name, word, dict(granular).get(name, False), a.SHORT.get(name, ""))
            for name, word in a.SWITCHES
        ),
        switches_live=asked.wanted.policy == "granular",
        reviewer=Setting(
            _reviewers(controls),
            asked.wanted.reviewer,
            _aside(labels, ("reviewer",), _source(now, said, "reviewer")),
        ),
        sandbox=Setting(
            _sandboxes(now, controls),
            asked.wanted.sandbox,
            _aside(labels, ("sandbox",), _source(now, said, "sandbox")),
        ),
        scope=Setting(scopes(thread, controls), asked.scope),
        sentences=_sentences(thread, controls, asked, refused, held=held),
        in_force=in_force(thread, controls, held=held, after=after),
        changed=bool(changed),
        refused=refused,
    )


def refusal(thread: Thread | None, controls: Controls | None, asked: Asked) -> str:
    """Why enter would do nothing; "" when it would."""
    scope = next((o for o in scopes(thread, controls) if o.value == asked.scope), None)
    if scope is not None and scope.blocked:
        return scope.blocked
    if asked.scope in (PROJECT, DEFAULT) and controls and controls.problem:
        why = one_line(controls.problem)
        return f"The engine cannot read its configuration: {why}"
    if why := a.forbidden(asked.wanted, controls):
        return why
    now = baseline(thread, controls, asked.scope)
    if now is None:
        return NOT_KNOWN
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


def _policies(now: Settings | None, controls: Controls | None) -> tuple[Option, ...]:
    limits = controls.limits if controls else None
    return tuple(
        Option(
            policy,
            word,
            danger=False,
            blocked=_ADMIN if limits and a.forbidden_policy(policy, limits) else "",
        )
        for policy, word in a.POLICY_WORDS.items()
    )


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


def _source(now: Settings | None, controls: Controls | None, label: str) -> str:
    """The layer this value is from: the one a new thread would get it from, else the
    thread itself."""
    if now is None or controls is None or controls.problem:
        return ""
    usual = a.in_force(defaults_of(controls))
    force = a.in_force(now)
    same = {
        "policy": (force.policy, force.granular) == (usual.policy, usual.granular),
        "reviewer": force.reviewer == usual.reviewer,
        "sandbox": force.sandbox == usual.sandbox
        and a.sandbox_words(now) == a.sandbox_words(defaults_of(controls)),
    }[label]
    if not same:
        return "set for this thread"
    for key in KEYS[label]:
        value: Value = controls.value(key)
        if value.value is not None:
            return f"from {layer_words(value.layer)}"
    if label == "sandbox" and (controls.trusted or controls.distrusted):
        return "from the folder's trust"
    return f"from {layer_words(Value().layer)}"


# -- sentences ---------------------------------------------------------------------


def _sentences(
    thread: Thread | None,
    controls: Controls | None,
    asked: Asked,
    refused: str,
    *,
    held: bool,
) -> tuple[Bits, ...]:
    now = baseline(thread, controls, asked.scope)
    lines: list[Bits] = []
    changed = a.changes(now, asked.wanted)
    if refused:
        tone = Tone.NEED if changed or now is None else Tone.MUTED
        lines.append((Bit(refused, tone),))
    if not refused:
        lines += [(Bit(text),) for text in _scope_words(thread, controls, asked)]
        lost = a.dropped(now, asked.wanted) if asked.scope != TURN else ()
        lines += [(Bit(f"{_capital(reveal(one).text)}.", Tone.NEED),) for one in lost]
        if (
            asked.scope in (PROJECT, DEFAULT)
            and now is not None
            and now.sandbox is not None
            and now.sandbox.writable_roots
            and asked.wanted.sandbox == a.WORKSPACE != a.sandbox_id(now)
        ):
            words = "The writable roots of sandbox_workspace_write stop to count."
            lines.append((Bit(words, Tone.NEED),))
    if quiet := a.silent(asked.wanted):
        lines.append((Bit(quiet, Tone.NEED),))
    if any(o.blocked == _ADMIN for o in _all_options(now, controls)):
        lines.append((Bit("⊘ not allowed by your administrator", Tone.MUTED),))
    if held:
        lines.append((Bit(MANAGED_NETWORK, Tone.MUTED),))
    return tuple(lines)


def _all_options(now: Settings | None, controls: Controls | None) -> tuple[Option, ...]:
    return (
        *_policies(now, controls),
        *_reviewers(controls),
        *_sandboxes(now, controls),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _scope_words(
    thread: Thread | None, controls: Controls | None, asked: Asked
) -> list[str]:
    usual = ""
    if controls is not None and not controls.problem:
        usual = reveal(a.name_of(defaults_of(everywhere(controls)))).text
    running = running_turn(thread) is not None
    match asked.scope:
        case "turn":
            who = a.REVIEWER_WORDS.get(asked.wanted.reviewer, "")
            return [
                f"The running turn asks {who} from its next step on; what is being "
                "reviewed now stays with its reviewer.",
                "The next turn goes on as the thread is set.",
            ]
        case "next":
            back = reveal(a.name_of(thread.settings if thread else None)).text
            return [
                f"Counts for the next turn alone; then the thread is {back} again.",
                *(["The turn that runs now goes on as it began."] if running else []),
            ]
        case "thread":
            words = "Changes this thread from its next turn on."
            words += f" Your default stays {usual}." if usual else ""
            more = "Agents at work keep what they started with."
            if running:
                more = f"The turn that runs now goes on as it began. {more}"
            return [words, more]
        case "project":
            root = reveal(controls.root).text if controls else ""
            return [
                f"New threads in {root} start so; threads that exist keep theirs.",
                "Written into its .codex/config.toml, which others may share.",
            ]
        case _:
            file = reveal(controls.user_file).text if controls else ""
            return [
                "New threads start so, where no project says otherwise; threads that "
                "exist keep theirs.",
                f"Written into {file or 'config.toml'} by the engine.",
            ]
