"""Why a command was blocked: the dialog and what its choices do.

Owns the flow from a cell to a choice. The diagnosis is `state.select.blocked`.
Invariant: nothing is allowed, run or sent from here; a choice leads to where the user
decides, or puts words where the user can change them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.items import ItemId, ThreadId, TurnId
from state.model import Turn
from state.select.blocked import Why, left_out, why
from tui.actions import BY_ID
from widgets.dialog import Ask, Choice

if TYPE_CHECKING:
    from tui.screens.fleet_intents import FleetIntents

NOTHING = "Nothing in this turn shows that it was blocked."


async def explain_cell(
    fleet: FleetIntents, thread_id: ThreadId, key: tuple[TurnId, ItemId]
) -> None:
    """Show who stopped it; carry out the choice."""
    thread = fleet.presenter.world.threads.get(thread_id)
    turn = thread.turns.get(key[0]) if thread is not None else None
    item = turn.items.get(key[1]) if turn is not None else None
    out = left_out(thread, turn) if thread is not None and turn is not None else ()
    told = why(item, turn) if item is not None and item.id not in out else None
    about = ""
    if told is None and turn is not None:
        told = _near(turn, key[1], out)
        about = told.command if told is not None else ""
    if told is None:
        fleet.say(NOTHING)
        return
    answer = await fleet.app.push_screen_wait(dialog(told, about))
    match answer:
        case "copy":
            fleet.copy(told.setting, "the setting")
        case "tell":
            _draft(fleet, told)
        case "sandbox" | "approvals":
            await fleet.action_do(answer)
        case _:
            pass


def _near(turn: Turn, item_id: ItemId, out: tuple[str, ...]) -> Why | None:
    """The cursor rests on the last words of a turn, not on the command they are about:
    the last one above it that was blocked, or else the next one below."""
    items = list(turn.items.values())
    at = next((n for n, one in enumerate(items) if one.id == item_id), len(items))
    for item in (*reversed(items[:at]), *items[at:]):
        if item.id not in out and (told := why(item, turn)):
            return told
    return None


def dialog(told: Why, about: str = "") -> Ask:
    """Who stopped it, what would allow it, and where to go from here. `about`: the
    command, where it has to be said."""
    named = [f"$ {about}", ""] if about else []
    lines = [*named, told.sentence, "", told.remedy]
    if told.setting:
        lines += ["", *told.setting.split("\n")]
    choices = [Choice("close", "Close")]
    if told.setting:
        choices.append(Choice("copy", "Copy the setting"))
    choices += [Choice(name, f"/{name}") for name in PLACES if name in BY_ID]
    choices.append(Choice("tell", "Tell the agent"))
    return Ask(f"Why it {told.became}", lines, choices)


PLACES = ("approvals", "sandbox")
"""Where what is allowed is changed and looked at."""


def _draft(fleet: FleetIntents, told: Why) -> None:
    """Words for the agent, in the composer; the user sends them or not."""
    said = fleet.composer.kept
    words = (
        f"`{told.command}` {told.became}. {told.sentence} Ask for approval and run it "
        "again, or find another way."
    )
    fleet.composer.load(f"{said}\n\n{words}" if said.strip() else words)
    fleet.stash_draft()
    fleet.go_to(2)
    fleet.composer.focus()
