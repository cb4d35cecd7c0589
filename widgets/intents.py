"""What the user means, as messages with plain data: the one way out of a widget.

Owns the messages; does not own what is done about them (`tui`). A widget posts an
intent and forgets it; whether it came to anything shows in the next read model.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from textual.message import Message

from state.dataclass import dataclass
from state.items import ItemId, ThreadId, TurnId
from state.model import Decision, Review, ReviewKey


class Intent(Message):
    """The base: everything a widget can ask for."""


# -- going somewhere -------------------------------------------------------------


@dataclass
class OpenThread(Intent):
    """Show this thread (or agent). Never wakes it."""

    thread_id: ThreadId


@dataclass
class OpenReview(Intent):
    """Show this review's card and focus it: the user asked for it. None: the list of
    auto-reviews."""

    key: ReviewKey | None


@dataclass
class OpenDenials(Intent):
    """Show what auto-review denied, to approve a retry; the cursor on `review`."""

    thread_id: ThreadId | None = None
    review: str = ""


@dataclass
class OpenTerminal(Intent):
    """Show this terminal's output."""

    thread_id: ThreadId
    process_id: str


@dataclass
class StopTerminal(Intent):
    """End this terminal; what it is is named first. `key` as in TerminalRow."""

    key: str


@dataclass
class DismissTerminals(Intent):
    """Forget terminals that ended: this one, or (None) all."""

    key: str | None


@dataclass
class LoadOlder(Intent):
    """Read the turns before the ones that are held."""

    thread_id: ThreadId


class TranscriptSized(Intent):
    """The transcript has a size for the first time: lines can be gone to."""


@dataclass
class FoldChanged(Intent):
    """A cell of the transcript was folded or unfolded by the user."""

    thread_id: ThreadId
    key: tuple[TurnId, ItemId]
    unfolded: bool


@dataclass
class ShowPane(Intent):
    """Go to pane 1 to 5: threads, thread, agents, terminals, reviews."""

    number: int


@dataclass
class LeavePane(Intent):
    """Back to where the user came from. `step`: 1 next pane, -1 previous, 0 back."""

    step: int = 0


@dataclass
class Selected(Intent):
    """The cursor of a list stands on this row now. `pane`: threads, agents …"""

    pane: str
    key: str


# -- threads ---------------------------------------------------------------------


@dataclass
class FilterThreads(Intent):
    """Show the threads that match; empty: all."""

    text: str


# -- agents ----------------------------------------------------------------------


@dataclass
class FoldAgent(Intent):
    """Hide or show what is below this agent in the tree."""

    thread_id: ThreadId
    fold: bool


@dataclass
class FilterAgents(Intent):
    """Show the agents that match; empty: all."""

    text: str


@dataclass
class HideFinished(Intent):
    """Hide the agents that are completed or closed, or show them again."""


@dataclass
class TimeMoved(Intent):
    """Look at another time. `what`: shift (by ms), zoom (by steps), fit or follow."""

    what: Literal["shift", "zoom", "fit", "follow"]
    by: int = 0


@dataclass
class PinAgent(Intent):
    """Give this agent a digit that jumps to it, or take it away."""

    thread_id: ThreadId


# -- words -----------------------------------------------------------------------


@dataclass
class DraftChanged(Intent):
    """The composer's text is this now; `target` as in ComposerView."""

    target: str
    text: str


@dataclass
class SendDraft(Intent):
    """Send the text. The composer keeps it until `Composer.accepted` is called.

    `how`: send (starts or steers, as the view said) or queue.
    """

    target: str
    text: str
    how: Literal["send", "queue"]


@dataclass
class RunSlash(Intent):
    """A slash command of the registry with the words after it."""

    name: str
    args: str
    text: str


@dataclass
class RunShell(Intent):
    """A command of the user's own, typed after `!`; runs outside the sandbox."""

    target: str
    command: str
    text: str


@dataclass
class CopyText(Intent):
    """Put this on the clipboard. `what` names it in the message line."""

    text: str
    what: str = ""


@dataclass
class ExplainCell(Intent):
    """Say who stopped the command of this cell, and what would allow it."""

    thread_id: ThreadId
    key: tuple[TurnId, ItemId]


@dataclass
class Say(Intent):
    """A sentence for the bottom line, shown for some seconds."""

    text: str


# -- reviews ---------------------------------------------------------------------


@dataclass
class Decide(Intent):
    """The user's decision, bound to the very request that was on screen.

    `sent`: what leaves in place of the decision's own JSON, for it holds a secret;
    `also`: identical requests that get the same answer."""

    review: Review
    decision: Decision
    sent: str = field(default="", repr=False)
    also: tuple[Review, ...] = ()


@dataclass
class StepReview(Intent):
    """Show the next (1) or previous (-1) review. It is not focused by this."""

    step: int


@dataclass
class ReviewShown(Intent):
    """This review stood whole before the user's eyes, in a card he focused."""

    review: Review


@dataclass
class MarkReview(Intent):
    """Answer this review together with others that ask for the same; or not."""

    key: ReviewKey


@dataclass
class WidenCard(Intent):
    """Give the card the whole screen; `on` False: its usual place."""

    on: bool


@dataclass
class LeaveCard(Intent):
    """Leave the card undecided."""


@dataclass
class OpenQuestion(Intent):
    """Show what was asked in passing, and let the user answer by a message."""

    thread_id: ThreadId
    key: tuple[TurnId, ItemId]


@dataclass
class OpenSource(Intent):
    """Show the thread this review came from."""

    thread_id: ThreadId


# -- frame -----------------------------------------------------------------------


@dataclass
class PressKey(Intent):
    """A hint that names a key was clicked: do what the key does."""

    key: str


@dataclass
class OpenSandbox(Intent):
    """Enter on the bottom line: why is this mode in force?"""
