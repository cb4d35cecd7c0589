"""The registry of actions: the one list of what a person can do.

Owns ids, titles, help, keys, slash names and where an action applies. It feeds the
key bindings, the hints, the help screen, the palette, the slash popup and the
README's table; nothing is listed twice. Does not own what an action does: a screen
has one method per id. Invariant: ids, slash names and (within a place) keys are
unique.
"""

from __future__ import annotations

from enum import StrEnum

from state.dataclass import dataclass


class Place(StrEnum):
    """Where an action's keys work. Slash commands work in every composer."""

    EVERYWHERE = "everywhere"
    LISTS = "lists"
    THREADS = "threads"
    TRANSCRIPT = "transcript"
    AGENTS = "agents"
    TERMINALS = "terminals"
    OUTPUT = "all terminals (/ps)"
    REVIEWS = "reviews"
    COMPOSER = "composer"
    CARD = "review card"


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `keys` in Textual's names; `slash` without its slash.

    `builtin`: the widget itself handles the keys; listed here for help and README.
    `key_only`: what it does depends on where the key is pressed, so it has no name in
    the palette.
    """

    id: str
    title: str
    help: str
    place: Place
    keys: tuple[str, ...] = ()
    slash: str = ""
    aliases: tuple[str, ...] = ()
    args: str = ""
    builtin: bool = False
    key_only: bool = False

    @property
    def named(self) -> bool:
        """Whether it can be run by its name, in the palette."""
        return not (self.builtin or self.key_only)

    @property
    def shown_keys(self) -> str:
        """The keys as people write them: `ctrl+p`, `?`, `up`."""
        return ", ".join(_KEY_WORDS.get(key, key) for key in self.keys)


_KEY_WORDS = {
    "question_mark": "?",
    "slash": "/",
    "full_stop": ".",
    "comma": ",",
    "colon": ":",
    "escape": "esc",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}

BRACKETS = ("left_square_bracket", "right_square_bracket")
E, L, T, X, G, C, K = (
    Place.EVERYWHERE,
    Place.LISTS,
    Place.THREADS,
    Place.TRANSCRIPT,
    Place.AGENTS,
    Place.COMPOSER,
    Place.CARD,
)

ACTIONS: tuple[Action, ...] = (
    # -- going somewhere --
    Action("pane_1", "Threads", "go to the thread list", E, ("1",)),
    Action("pane_2", "Thread", "go to the open thread", E, ("2",)),
    Action("pane_3", "Agents", "go to the agent tree", E, ("3",)),
    Action("agents", "Agents", "to the tree; once more: full screen", E, ("a",)),
    Action("agent_tree", "Agent tree", "the agents, full screen", E, (), "agents"),
    Action("timeline", "Timeline", "the agents over time", E, ("T",), "timeline"),
    Action("pane_4", "Terminals", "go to background terminals", E, ("4",)),
    Action("terminals", "All terminals", "every one of every thread", E, ("t",), "ps"),
    Action("pane_5", "Reviews", "go to what waits for you", E, ("5", "r"), "reviews"),
    Action("next_pane", "Next pane", "to the next pane", E, ("tab",)),
    Action("previous_pane", "Previous pane", "to the one before", E, ("shift+tab",)),
    Action(
        "next_need", "Next need", "the next thing that needs you", E, ("full_stop",)
    ),
    Action("last_need", "Back", "back to where you were", E, ("comma",)),
    Action("queue_list", "Queue", "what is queued or held", E, ("Q",), "queue"),
    Action("put_back", "Put back", "queue again what is held here", E, ("U",)),
    Action(
        "approvals",
        "Approvals",
        "what Codex may do and whom it asks",
        E,
        ("P",),
        "approvals",
        ("permissions",),
    ),
    Action("losses", "Lost", "what the engine's end cost, and going on", E, ("L",)),
    Action(
        "sandbox",
        "Sandbox",
        "what the open thread may touch, and a probe",
        E,
        (),
        "sandbox",
    ),
    Action("profile", "Profile", "your profiles", E, slash="profile", args="[NAME]"),
    Action("push", "Push", "what stands on no remote, and push it", E, (), "push"),
    Action(
        *("worktree", "Worktree", "a thread on its own branch", E),
        slash="worktree",
        args="[BRANCH]",
    ),
    Action("trust", "Trust", "trust this project, or take it back", E, (), "trust"),
    Action(
        "experimental",
        "Experimental",
        "features of the engine, and Smart Approvals",
        E,
        ("F",),
        "experimental",
    ),
    Action(
        "ledger",
        "Ledger",
        "every review and decision, and what stands granted",
        E,
        ("H",),
        "ledger",
    ),
    Action("grants", "Grants", "what stands granted for good", E, (), "grants"),
    Action(
        "approve",
        "Approve a denial",
        "one retry of what auto-review denied",
        E,
        (),
        "approve",
    ),
    Action("write", "Write", "put the cursor in the composer", E, ("i",)),
    Action("help", "Help", "every key and command", E, ("question_mark",), "help"),
    Action(
        "command_palette", "Palette", "find a command by name", E, ("ctrl+p", "colon")
    ),
    Action("theme", "Theme", "ink, paper or the terminal's colours", E, (), "theme"),
    Action("retry", "Retry", "connect to the engine now", E, ("ctrl+r",), "retry"),
    Action("last_words", "Last words", "what an ended engine wrote", E, ("ctrl+o",)),
    Action("login", "Log in", "the engine's own login", E, ("ctrl+l",), "login"),
    Action("quit", "Quit", "leave; agents go on", E, ("ctrl+q",), "quit", ("exit",)),
    # -- lists --
    Action(
        "cursor",
        "Move",
        "up and down a list",
        L,
        ("up", "down", "j", "k"),
        builtin=True,
    ),
    Action("select", "Open", "open what the cursor is on", L, ("enter",), builtin=True),
    Action(
        "mark",
        "Mark",
        "answer it together with others that ask for the same",
        Place.REVIEWS,
        ("space",),
        builtin=True,
    ),
    Action(
        "pinned", "Pinned agent", "then a digit: to the agent pinned to it", L, ("G",)
    ),
    # -- threads --
    Action("filter", "Filter", "show only threads that match", T, ("slash",)),
    Action(
        "new", "New thread", "start one here, or in another folder", T, ("n",), "new"
    ),
    Action(
        "rename", "Rename", "give the thread a name", T, ("e",), "rename", (), "NAME"
    ),
    Action("fork", "Fork", "a new thread with the same history", T, ("f",), "fork"),
    Action("archive", "Archive", "put the thread away, or back", T, ("A",), "archive"),
    Action(
        "delete",
        "Delete",
        "the thread and its agents, for good; asks first",
        T,
        ("D",),
        "delete",
    ),
    Action("group", "Group", "by state or by folder", T, ("g",)),
    Action("archived", "Show archived", "show or hide archived threads", T, ("z",)),
    Action("resume", "Resume", "load the thread in the engine", T, ("R",), "resume"),
    # -- transcript --
    *(
        Action(name, title, words, X, keys, builtin=True)
        for name, title, words, keys in (
            ("fold", "Fold", "show all of a folded cell, or less", ("v",)),
            ("end", "End", "to the newest line, and follow it", ("G",)),
            ("turns", "Turns", "to the turn before or after", BRACKETS),
            (
                *("open_agent", "Open agent"),
                "go to the agent that the cell is about (J and K choose a cell)",
                ("enter",),
            ),
            ("copy", "Copy", "copy the selection or the cell", ("c",)),
            (
                *("explain", "Why", "who blocked a command, and what would allow it"),
                ("w",),
            ),
        )
    ),
    # -- agents --
    Action("agent_filter", "Filter", "show who matches", G, ("slash",), builtin=True),
    Action("agent_fold", "Fold", "hide or show what is below", G, ("v",), builtin=True),
    Action(
        "agent_inward",
        "Out and in",
        "fold or to the parent; unfold or to the first child",
        G,
        ("left", "right"),
        builtin=True,
    ),
    Action("agent_need", "Next need", "who needs you", G, ("J", "K"), builtin=True),
    Action("agent_hide", "Hide", "hide who is completed", G, ("z",), builtin=True),
    Action("agent_pin", "Pin", "give it a digit, or take it", G, ("p",), builtin=True),
    # -- terminals --
    Action(
        "stop",
        "Stop",
        "end this terminal, all, one or a branch, after naming them",
        Place.TERMINALS,
        ("x",),
        "stop",
        ("clean",),
        "[NUMBER or PATH]",
    ),
    *(
        Action(name, title, words, Place.OUTPUT, keys, builtin=True)
        for name, title, words, keys in (
            ("output_full", "Full", "the output alone, and back", ("enter",)),
            ("output_follow", "Follow", "the end, or stand still", ("f",)),
            ("output_page", "Page", "a page on or back", ("space", "b")),
            ("output_search", "Search", "find words in the output", ("slash",)),
            ("output_match", "Matches", "next match, one before", ("n", "N")),
            ("output_copy", "Copy", "all of the output that is kept", ("c",)),
            ("stop_tree", "Stop all", "all in the thread of this one", ("X",)),
            ("dismiss", "Dismiss", "one that ended, or all of them", ("d", "D")),
            ("type_into", "Type into it", "ask its agent to", ("w",)),
            ("owner", "Owner", "open the thread it belongs to", ("o",)),
        )
    ),
    # -- composer --
    Action(
        "send",
        "Send",
        "start a turn, or steer the running one",
        C,
        ("enter",),
        builtin=True,
    ),
    Action(
        "newline",
        "New line",
        "a line break in the message",
        C,
        ("ctrl+j", "shift+enter", "alt+enter"),
        builtin=True,
    ),
    Action(
        "queue",
        "Queue",
        "send when the running turn is over",
        C,
        ("tab",),
        builtin=True,
    ),
    Action(
        "tell",
        "Tell",
        "a message to any agent or thread, by path",
        C,
        (),
        "send",
        (),
        "PATH TEXT",
    ),
    Action(
        "interrupt",
        "Leave",
        "a step back; twice on a working thread: interrupt it, and only it",
        E,
        ("escape",),
        key_only=True,
    ),
    Action(
        "interrupt_agents",
        "Interrupt",
        "the open thread at once; where agents work, asks: one, branch or whole tree",
        E,
        (),
        "interrupt",
        (),
        "[PATH]",
    ),
    # -- review card: letters decide only when the card is focused and armed --
    Action("accept", "Yes", "just this once", K, ("y",), builtin=True),
    Action(
        "accept_session", "Yes, this session", "asked twice", K, ("a",), builtin=True
    ),
    Action("accept_rule", "Yes, always", "rule; asked twice", K, ("p",), builtin=True),
    Action("decline", "No, go on", "continue without it", K, ("d",), builtin=True),
    Action("block", "No, always", "rule; asked twice", K, ("b",), builtin=True),
    Action(
        "cancel", "No, and tell", "stop, and say what instead", K, ("n",), builtin=True
    ),
    Action(
        "next_review",
        "Next",
        "the next or previous review",
        K,
        ("j", "k"),
        builtin=True,
    ),
    Action("source", "Thread", "open the thread that asks", K, ("o",), builtin=True),
    Action(
        "strict",
        "Yes, and strict",
        "permissions for this turn, each command reviewed first",
        K,
        ("r",),
        builtin=True,
    ),
    Action(
        "view_all",
        "All",
        "a long command whole, the card on the whole screen",
        K,
        ("v",),
        builtin=True,
    ),
    Action("copy_asked", "Copy", "copy what is asked", K, ("c",), builtin=True),
    Action(
        "fill_in",
        "Fill in",
        "choose an option, or write into a field; decides nothing",
        K,
        ("space", "enter"),
        builtin=True,
    ),
    Action(
        "rule_words",
        "Words of a rule",
        "fewer or more of them, while its strip is open",
        K,
        ("left", "right"),
        builtin=True,
    ),
)

_SCREEN = (E, L, T, Place.TERMINALS)
REMAPPABLE = {
    a.id: a.keys for a in ACTIONS if a.keys and not a.builtin and a.place in _SCREEN
}
"""Actions that can have other keys, by id, with the keys they have."""
BY_ID = {action.id: action for action in ACTIONS}
_SLASH = {name: a for a in ACTIONS if a.slash for name in (a.slash, *a.aliases)}


def by_slash(name: str) -> Action | None:
    """The action of a slash name or alias, without its slash."""
    return _SLASH.get(name)


def help_table() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Per place: (keys, slash, words) rows, for the help screen and the README."""
    table = []
    for place in Place:
        rows = [
            (a.shown_keys, f"/{a.slash}" if a.slash else "", f"{a.title}: {a.help}")
            for a in ACTIONS
            if a.place is place
        ]
        if rows:
            table.append((place.value, rows))
    return table
