"""/worktree: a new thread in a worktree and on a branch of its own; and its clean-up.

Owns the questions and their order. Does not own how a worktree is made or judged
(`state.git.worktrees`) nor how a thread starts (`flows`). Invariants: what is made is
named before; nothing is removed unasked, nor with work in it that stands nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.git import worktrees
from state.git.planning import read_repository
from state.git.shell import LookFailed
from state.model import Thread
from state.text import clean, reveal
from state.undelivered import WORKTREES
from tui.screens import dialogs
from widgets.dialog import Ask, Choice
from widgets.forms import TextAsk

if TYPE_CHECKING:
    from tui.screens.flows import Flows


def make(asked: worktrees.Wanted) -> Ask:
    """What is to be made, by name."""
    return Ask(
        "New thread in a worktree?",
        (
            f"branch    {reveal(asked.branch).text}",
            f"folder    {reveal(asked.path).text}",
            f"from      {asked.start[:10]}",
            "",
            "The engine's sandbox makes it: it may write the repository's git folder "
            "and the folder of its worktrees, and no hook runs.",
            "The thread may then write that folder alone, if it may write at all.",
        ),
        (Choice("cancel", "Cancel"), Choice("yes", "Make it and start")),
    )


SHOWN = 3
"""Ignored files that are named."""


def take_away(path: str, branch: str, ignored: tuple[str, ...] = ()) -> Ask:
    """A worktree that nobody needs any more."""
    name = reveal(branch).text or "its branch"
    lines = [
        reveal(path).text,
        "",
        "Nothing in it is uncommitted or stashed, and all its commits stand elsewhere.",
        f"{name} stays.",
    ]
    if ignored:
        names = ", ".join(reveal(one).text for one in ignored[:SHOWN])
        more = len(ignored) - SHOWN
        names += f" and {more} more" if more > 0 else ""
        lines += ["", f"What git ignores goes with it: {names}"]
    return Ask(
        "Remove its worktree, too?",
        tuple(lines),
        (Choice("keep", "Keep it"), Choice("yes", "Remove the folder")),
    )


async def new_worktree(flows: Flows, name: str) -> None:
    """/worktree [BRANCH]"""
    thread = flows.presenter.thread
    place = (thread.cwd if thread else "") or flows.services.cwd
    looker = flows.services.engine.look
    try:
        repository = await read_repository(looker, place)
        if not name.strip():
            form = TextAsk("New thread in a worktree", "Branch", "")
            answer = await flows.app.push_screen_wait(form)
            name = answer or ""
        if not name.strip():
            return
        asked = worktrees.wanted(repository, place, name)
        if await flows.app.push_screen_wait(make(asked)) != "yes":
            return
        await worktrees.add(looker, asked, place)
    except LookFailed as error:
        flows.say(clean(str(error)))
        return
    found = await flows.services.engine.defaults(asked.path)
    choice = dialogs.NewThreadChoice(asked.path)
    if await flows.start(asked.path, found, choice):
        flows.say(f"on {reveal(asked.branch).text}, in {reveal(asked.path).text}")


async def after_archive(flows: Flows, thread: Thread) -> None:
    """Offer to take a worktree of ours away, if nobody needs it and nothing is lost."""
    if f"{WORKTREES}/" not in thread.cwd:
        return
    looker = flows.services.engine.look
    try:
        repository = await read_repository(looker, thread.cwd)
        tree = repository.holding(thread.cwd)
        if tree is None or tree.main or _needed(flows, thread, tree.path):
            return
        found = await worktrees.judge(looker, repository, tree)
        if found.keeps:
            flows.say(f"archived · its worktree stays: {clean(found.keeps)}")
            return
        ask = take_away(tree.path, tree.branch, found.ignored)
        if await flows.app.push_screen_wait(ask) != "yes":
            return
        repository = await read_repository(looker, thread.cwd)
        tree = repository.holding(thread.cwd)
        if tree is None or tree.main:
            return
        found = await worktrees.judge(looker, repository, tree)
        if found.keeps:
            flows.say(f"Its worktree stays: {clean(found.keeps)}")
            return
        await worktrees.remove(looker, repository, tree)
    except LookFailed as error:
        flows.say(clean(str(error)))
        return
    flows.say(f"removed {reveal(tree.path).text}")


def _needed(flows: Flows, thread: Thread, path: str) -> bool:
    """Another thread that is not put away works there."""
    below = {one.id for one in flows.presenter.forest.descendants(thread.id)}
    return any(
        one.cwd == path or one.cwd.startswith(f"{path}/")
        for one in flows.presenter.world.threads.values()
        if one.id != thread.id
        and one.id not in below
        and not one.archived
        and not one.deleted
    )
