"""What a choice in /approvals changes, drops and leaves, in sentences.

Owns those words. Does not own what may be chosen (`state.select.approvals`).
Invariant: what goes by the way, or is not told by any option's name, is said before
anything is applied.
"""

from __future__ import annotations

from typing import NamedTuple

from state import approvals as a
from state.controls import Controls, everywhere
from state.dataclass import dataclass
from state.model import Settings, Thread
from state.select.frame import reviewer_words
from state.select.in_force import running_turn
from state.select.words import one_line
from state.text import reveal
from state.usual import defaults_of
from state.views import Bit, Bits, Tone

TURN, NEXT, THREAD, PROJECT, DEFAULT = "turn", "next", "thread", "project", "default"
MANAGED_NETWORK = (
    "Commands reach the network through the administrator's proxy alone, whatever the "
    "sandbox's own switch says."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user has in hand: the form, and for how long."""

    wanted: a.Wanted
    scope: str


class Case(NamedTuple):
    """A choice and what it meets. `now`: in force where it would count. `after`: what
    the thread gets back after its next turn. `barred`: an administrator forbids one of
    the options. `held`: an administrator's proxy stands before the network."""

    thread: Thread | None
    controls: Controls | None
    asked: Asked
    now: Settings | None
    after: Settings | None
    refused: str
    barred: bool
    held: bool


def sentences(case: Case) -> tuple[Bits, ...]:
    """All that is to be said of it."""
    now, wanted, scope = case.now, case.asked.wanted, case.asked.scope
    lines: list[Bits] = []
    if case.refused:
        tone = Tone.NEED if a.changes(now, wanted) or now is None else Tone.MUTED
        lines.append((Bit(case.refused, tone),))
    else:
        lines += [(Bit(text),) for text in _scope_words(case)]
        lost = a.dropped(now, wanted) if scope != TURN else ()
        lines += [(Bit(f"{_capital(reveal(one).text)}.", Tone.NEED),) for one in lost]
        if (
            scope in (PROJECT, DEFAULT)
            and now is not None
            and now.sandbox is not None
            and now.sandbox.writable_roots
            and wanted.sandbox == a.WORKSPACE != a.sandbox_id(now)
        ):
            words = "The writable roots of sandbox_workspace_write stop to count."
            lines.append((Bit(words, Tone.NEED),))
    if case.controls is not None and case.controls.problem:
        why = one_line(case.controls.problem)
        words = f"The engine cannot read its configuration: {why}"
        lines.insert(0, (Bit(words, Tone.FAIL),))
        more = "Until that is mended it starts no thread and may refuse changes, too."
        lines.insert(1, (Bit(more, Tone.NEED),))
    if quiet := a.silent(wanted):
        lines.append((Bit(quiet, Tone.NEED),))
    if case.barred:
        lines.append((Bit("⊘ not allowed by your administrator", Tone.MUTED),))
    if case.held:
        lines.append((Bit(MANAGED_NETWORK, Tone.MUTED),))
    return tuple(lines)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _scope_words(case: Case) -> list[str]:
    thread, controls, asked = case.thread, case.controls, case.asked
    usual = ""
    if controls is not None and not controls.problem:
        usual = reveal(a.name_of(defaults_of(everywhere(controls)))).text
    running = running_turn(thread) is not None
    match asked.scope:
        case "turn":
            who = reviewer_words(asked.wanted.reviewer)
            return [
                f"The running turn asks {who} from its next step on; what is being "
                "reviewed now stays with its reviewer.",
                "The next turn goes on as the thread is set.",
            ]
        case "next":
            own = case.after or (thread.settings if thread else None)
            back = reveal(a.name_of(own)).text
            words = f"Counts for the next turn alone; then the thread is {back} again."
            if case.after is not None and a.is_choice_of(case.after, asked.wanted):
                words = f"The next turn runs as the thread is set, {back}."
            return [
                words,
                *(["The turn that runs now goes on as it began."] if running else []),
            ]
        case "thread":
            words = "Changes this thread from its next turn on."
            words += f" Your default stays {usual}." if usual else ""
            more = "Agents at work keep what they started with."
            if running:
                more = f"The turn that runs now goes on as it began. {more}"
            if case.after is not None:
                taken = "What was chosen for the next turn alone is taken back."
                more = f"{taken} {more}"
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
