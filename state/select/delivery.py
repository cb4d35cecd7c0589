"""Undelivered work in words: in the list, in the transcript.

Owns the sentences. All names of branches and folders pass a door here. Invariant: a
thread that has undelivered work is never worded as plainly ready.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from state.model import Thread
from state.select.words import one_line
from state.text import reveal
from state.undelivered import WORKTREES, Stray, Undelivered
from state.views import Bit, Bits, Glyph, NoticeCell, Tone

WORD = "not delivered"


def branch_name(stray: Stray) -> str:
    """The branch, or what there is instead."""
    return reveal(stray.branch).text if stray.branch else "a detached HEAD"


def commits(number: int, *, more: bool = False) -> str:
    """`2 commits`, `2000+ commits`."""
    plus = "+" if more else ""
    return f"{number}{plus} commit{'' if number == 1 and not more else 's'}"


def where(stray: Stray) -> str:
    """The worktree, when it is not the repository's main one."""
    if not stray.linked:
        return ""
    return f" (worktree {reveal(PurePosixPath(stray.worktree).name).text})"


def stray_words(stray: Stray) -> str:
    """`2 commits on fix/cache (worktree parser-fix)`."""
    number = commits(stray.commits, more=stray.more)
    return f"{number} on {branch_name(stray)}{where(stray)}"


def flag_words(undelivered: tuple[Undelivered, ...], *, short: bool = False) -> str:
    """All of it in one line; "" when there is nothing. `short`: for a narrow row."""
    strays = [stray for one in undelivered for stray in one.strays]
    failed = next((one.failed for one in undelivered if one.failed), "")
    if not strays:
        return f"a push failed: {one_line(failed)}" if failed else ""
    rest = len(strays) - 1
    first = strays[0]
    if short:
        plus = "+" if first.more else ""
        words = f"{first.commits}{plus} on {branch_name(first)}{where(first)}"
        return f"{words}, +{rest}" if rest else words
    words = stray_words(first)
    if rest:
        words += f", and {rest} more branch{'es' if rest > 1 else ''}"
    return words


def row_bits(thread: Thread, *, stale: bool = False) -> Bits:
    """The second line of its row."""
    words = flag_words(thread.undelivered, short=True)
    if not words:
        return ()
    tone = Tone.MUTED if stale else Tone.NEED
    return (Bit(WORD, tone), Bit(f" · {words}", Tone.MUTED))


def branch_bits(thread: Thread) -> Bits:
    """The branch of a thread that stands in a worktree of its own."""
    if f"{WORKTREES}/" not in thread.cwd:
        return ()
    if thread.branch:
        return (Bit(f"on {reveal(thread.branch).text}", Tone.MUTED),)
    name = PurePosixPath(thread.cwd).name  # its folder; what is checked out is not told
    return (Bit(f"in {reveal(name).text}", Tone.MUTED),)


def notice(undelivered: tuple[Undelivered, ...]) -> NoticeCell:
    """What stands below the last turn."""
    text = f"Work not delivered: {flag_words(undelivered)} · /push"
    lines = []
    for one in undelivered:
        if len(one.strays) > 1 or len(undelivered) > 1:
            lines += [stray_words(stray) for stray in one.strays]
        if one.failed and one.strays:
            lines.append(f"a push failed: {one_line(one.failed)}")
    return NoticeCell(Tone.NEED, Glyph.UNPUSHED, text, "\n".join(lines))
