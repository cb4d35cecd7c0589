"""The questions the fleet screen asks: their words and choices.

Owns the wording; the boxes are `widgets.dialog` and `widgets.forms`. Invariant: the
choice that enter takes at once is the harmless one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from state.approvals import KEBAB, forbidden_policy, outside_limits
from state.dataclass import dataclass

if TYPE_CHECKING:
    from state.engine.port import Defaults, Writer
from state.model import SandboxMode, Settings, Thread
from state.select.interrupts import MOST, Reach, apart, ask_lines
from state.select.words import agent_label
from state.text import reveal
from state.words import cut
from tui.actions import help_table
from tui.screens.wake_words import writer_words
from widgets.dialog import Ask, Choice
from widgets.forms import (
    HelpDialog,
    HelpSection,
    NewThreadAnswer,
    NewThreadForm,
    NewThreadOptions,
    TextAsk,
)
from widgets.which_dialog import WhichDialog, WhichRow

MODES = {
    SandboxMode.READ_ONLY: "read-only",
    SandboxMode.WORKSPACE_WRITE: "workspace-write",
    SandboxMode.FULL_ACCESS: "danger-full-access",
}
"""Sandbox modes as thread/start and thread/resume spell them."""


@dataclass(frozen=True, slots=True)
class NewThreadChoice:
    """How a thread is to start; None: the engine's default stays."""

    cwd: str
    text: str = ""
    model: str | None = None
    effort: str | None = None
    sandbox: str | None = None
    approval_policy: str | None = None


def mode_of(settings: Settings | None) -> str:
    """The wire's word for the mode in these settings; the strictest if unknown."""
    sandbox = settings.sandbox if settings else None
    return MODES.get(sandbox.mode, "read-only") if sandbox else "read-only"


def new_thread(
    cwd: str, found: Defaults, given: NewThreadAnswer | None = None
) -> NewThreadForm:
    """Where, with which model, under what; the effective defaults are shown. `given`:
    what was filled in before; the sandbox is chosen anew."""
    settings = found.settings or Settings()
    usual = next((m for m in found.models if m.default), None)
    model = settings.model or (usual.id if usual else "")
    known = next((m for m in found.models if m.id == model), usual)
    effort = settings.effort or (known.default_effort if known else "") or ""
    efforts = known.efforts if known else ()
    trust = ""
    sandbox = mode_of(found.settings)
    if not found.trusted:
        sandbox = "read-only"
        root = reveal(found.trust_root).text
        trust = f"{root} is not trusted: it starts read-only unless you choose more."
    if found.settings is None:
        trust = "The engine's configuration cannot be read: starting may fail."
    policies = ("on-request", "never")
    return NewThreadForm(
        NewThreadOptions(
            cwd=cwd,
            model=model,
            effort=effort,
            sandbox=sandbox,
            approvals=settings.approval_policy or "on-request",
            trust=trust,
            models=tuple(m.id for m in found.models),
            efforts=efforts or ("low", "medium", "high"),
            policies=policies,
            forbidden=(
                *(m for p, m in KEBAB.items() if outside_limits(p, found.limits)),
                *(p for p in policies if forbidden_policy(p, found.limits)),
            ),
        ),
        given,
    )


def trust(root: str, brings: Sequence[str] = ()) -> Ask:
    """Before anything writable starts in a folder nobody trusted."""
    return Ask(
        "Trust this folder?",
        (
            reveal(root).text,
            "",
            "Trusting is remembered in Codex's config.toml and switches on:",
            *_brought(brings),
            "Read-only needs no trust.",
        ),
        (
            Choice("cancel", "Cancel"),
            Choice("read-only", "Start read-only"),
            Choice("trust", "Trust and start"),
        ),
    )


def _brought(brings: Sequence[str]) -> tuple[str, ...]:
    if not brings:
        return ("  nothing: the folder brings no .codex of its own", "")
    return (*(f"  {line}" for line in brings), "")


def trust_now(root: str, brings: Sequence[str], *, trusted: bool) -> Ask:
    """/trust, for a project as it stands."""
    now = "is trusted" if trusted else "is not trusted"
    switches = "What its trust switched on:" if trusted else "Trusting switches on:"
    choices = [Choice("cancel", "Leave it")]
    if trusted:
        choices += [Choice("forget", "Forget it"), Choice("untrust", "Never trust")]
    else:
        choices += [Choice("untrust", "Never trust"), Choice("trust", "Trust it")]
    return Ask(
        "Trust",
        (
            f"{reveal(root).text} {now}.",
            "",
            switches,
            *_brought(brings),
            "Threads that run go on as they are; new ones see the change.",
        ),
        choices,
    )


def rooted(cwd: str, root: str) -> Ask:
    """A thread that may write nowhere: begin again where it may."""
    choices = [Choice("cancel", "Leave it"), Choice("cwd", "In its folder")]
    lines = ["A new thread gets a workspace root it may write:", reveal(cwd).text]
    if root != cwd:
        choices.append(Choice("root", "In the repository"))
        lines.append(f"or the whole repository, {reveal(root).text}")
    lines += ["", "This thread stays as it is, with its history."]
    return Ask("Start again with a root?", tuple(lines), choices)


def wake(lines: Sequence[str], because: str, *, can_reset: bool) -> Ask:
    """What loading a sleeping thread sets off."""
    choices = [Choice("cancel", "Leave it asleep")]
    if can_reset:
        choices.append(Choice("today", "Load with today's defaults"))
    choices.append(Choice("stored", "Load as stored", danger=can_reset))
    return Ask(f"Load this thread{because and f' {because}'}?", tuple(lines), choices)


def written_elsewhere(writer: Writer, words: str) -> Ask:
    """A thread that another process writes: it can be read here, and forked."""
    shown = reveal(" ".join(words.split())).text
    lines = [
        f"{writer_words(writer)} writes this thread, and one process alone can.",
        "It can be read here. Close it there to write here, or fork it: a fork is a new"
        " thread with its history.",
        "",
        "Nothing was sent. It says:" if shown else "Nothing was done.",
    ]
    lines += [f"  {cut(shown, 200)}"] if shown else []
    choices = [Choice("cancel", "Keep the draft" if shown else "Leave it")]
    choices.append(Choice("fork", "Fork it and send there" if shown else "Fork it"))
    return Ask("Open in another program", tuple(lines), choices)


def agent_way(path: str, words: str, *, root_works: bool, through_root: bool) -> Ask:
    """An agent that takes no messages: which way the words are to go, if any."""
    shown = reveal(" ".join(words.split())).text
    lines = [
        f"{path} takes no messages from outside: the engine refuses them for agents of"
        " its kind. Nothing was sent.",
        "",
    ]
    choices = [Choice("cancel", "Keep the draft")]
    if through_root:
        how = "steers its running turn" if root_works else "starts a turn of it"
        lines.append(f"Through /root ({how}), which is told:")
        lines.append(f"  tell {path}: {cut(shown, 200)}")
        choices.append(Choice("root", "Through /root"))
    else:
        lines.append("The thread above it is not known here, so none can pass it on.")
    lines.append(
        f"A fork is a new thread with the history of {path}: it answers you, the agent"
        " itself hears nothing."
    )
    choices.append(Choice("fork", "Fork it and send there"))
    return Ask(f"Tell {path}?", tuple(lines), choices)


def which(words: str, found: Sequence[Thread]) -> WhichDialog:
    """Words that mean several threads or agents."""
    rows = [WhichRow(t.id, *apart(t)) for t in found[:MOST]]
    shown = reveal(" ".join(words.split())).text
    more = max(0, len(found) - MOST)
    sentence = "Any of these could be meant; nothing was done yet."
    return WhichDialog(f"Which {cut(shown, 60)}?", sentence, rows, more=more)


def interrupt(found: Reach) -> Ask:
    """How much of a tree is to be interrupted."""
    name = agent_label(found.thread)
    choices = [Choice("cancel", "Cancel")]
    if found.works:
        choices.append(Choice("one", f"{name} alone"))
    if found.below:
        number = len(found.branch)
        words = "this branch" if found.thread.id != found.root else "the whole tree"
        choices.append(Choice("branch", f"{words}, {number} working"))
    if len(found.tree) > len(found.branch):
        number = len(found.tree)
        choices.append(Choice("tree", f"the whole tree, {number} working"))
    return Ask(f"Interrupt {name}?", ask_lines(found), choices)


def confirm(title: str, lines: Sequence[str], *, yes: str) -> Ask:
    """A yes that names the act; the value is "yes"."""
    return Ask(
        title, tuple(lines), (Choice("no", "Cancel"), Choice("yes", yes, danger=True))
    )


def quit_private(lines: Sequence[str]) -> Ask:
    """Before a window goes whose engine is its own."""
    return confirm(
        "Quit?",
        ("The private engine ends with this window. With it end:", *lines),
        yes="Quit and end them",
    )


def rename(name: str) -> TextAsk:
    """A name for the thread."""
    return TextAsk("Rename the thread", "Name", name)


def key_help() -> HelpDialog:
    """Every key and command, from the registry."""
    sections = [HelpSection(place, tuple(rows)) for place, rows in help_table()]
    return HelpDialog(sections, "codex-tui")


def full_access(scope: str) -> Ask:
    """The second question before the sandbox goes."""
    return Ask(
        "Enable full access?",
        (
            "Codex can then edit any file you can, and use the internet, without "
            "asking anybody. Exercise caution.",
            "",
            "“Ask for approval” or “Approve for me” is nearly always enough.",
        ),
        (
            Choice("cancel", "Cancel"),
            Choice("yes", "Yes, continue anyway", danger=True),
        ),
        aside=f"applies to {scope}",
    )


def save_profile(name: str, plan: Sequence[str], file: str) -> Ask:
    """What a profile's saving writes, line by line."""
    most = 14
    more = (f"  and {len(plan) - most} more",) if len(plan) > most else ()
    return Ask(
        f"Save {name}?",
        (
            f"Codex writes this into {reveal(file).text or 'its config.toml'}:",
            "",
            *(f"  {cut(one, 84)}" for one in plan[:most]),
            *more,
            "",
            "Then a command is started under it. If the engine cannot use it, your "
            "file is put back as it was.",
        ),
        (Choice("cancel", "Cancel"), Choice("save", "Save")),
    )


def retry(lines: Sequence[str], who: str) -> Ask:
    """One more try of what auto-review denied; `who` judges it, in a sentence."""
    return Ask(
        "Approve one retry of this?",
        (
            *lines,
            "",
            "The agent is told that you approve this action. Nothing runs by that: it "
            f"has to try again, and {who}",
        ),
        (
            Choice("cancel", "Cancel"),
            Choice("yes", "Approve one retry"),
            Choice("tell", "Approve, and ask it to try again"),
        ),
    )
