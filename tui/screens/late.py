"""Desks, boards and dialogs: imported when somebody goes there.

The list of threads is painted before their modules are read; `load` reads them when it
is. Owns which modules those are. Invariant: a type checker sees the modules themselves,
and whoever asks one of them for something gets it, early or late.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from state import attention as attention
    from state import events as events
    from state.db import alike as alike
    from tui import actions as actions
    from tui import palette as palette
    from tui import signals as signals
    from tui.screens import agent_desk as agent_desk
    from tui.screens import agents as agents
    from tui.screens import approvals as approvals
    from tui.screens import board as board
    from tui.screens import dialogs as dialogs
    from tui.screens import experimental as experimental
    from tui.screens import first_words as first_words
    from tui.screens import fleet as fleet
    from tui.screens import grants as grants
    from tui.screens import ledger as ledger
    from tui.screens import loss_desk as loss_desk
    from tui.screens import profile as profile
    from tui.screens import push as push
    from tui.screens import push_desk as push_desk
    from tui.screens import queue_desk as queue_desk
    from tui.screens import sandbox as sandbox
    from tui.screens import terminals as terminals
    from tui.screens import timeline as timeline
    from tui.screens import trusting as trusting
    from tui.screens import why as why
    from tui.screens import worktree as worktree
    from tui.screens import writers as writers
    from widgets import card_body as card_body
    from widgets import forms as forms
    from widgets import last_words as last_words
else:

    class _Later:
        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> Any:
            return getattr(import_module(self._name), name)

    agent_desk = _Later("tui.screens.agent_desk")
    actions = _Later("tui.actions")
    agents = _Later("tui.screens.agents")
    alike = _Later("state.db.alike")
    approvals = _Later("tui.screens.approvals")
    attention = _Later("state.attention")
    board = _Later("tui.screens.board")
    card_body = _Later("widgets.card_body")
    dialogs = _Later("tui.screens.dialogs")
    events = _Later("state.events")
    experimental = _Later("tui.screens.experimental")
    first_words = _Later("tui.screens.first_words")
    fleet = _Later("tui.screens.fleet")
    grants = _Later("tui.screens.grants")
    ledger = _Later("tui.screens.ledger")
    palette = _Later("tui.palette")
    signals = _Later("tui.signals")
    forms = _Later("widgets.forms")
    last_words = _Later("widgets.last_words")
    loss_desk = _Later("tui.screens.loss_desk")
    profile = _Later("tui.screens.profile")
    push = _Later("tui.screens.push")
    push_desk = _Later("tui.screens.push_desk")
    queue_desk = _Later("tui.screens.queue_desk")
    sandbox = _Later("tui.screens.sandbox")
    terminals = _Later("tui.screens.terminals")
    trusting = _Later("tui.screens.trusting")
    timeline = _Later("tui.screens.timeline")
    why = _Later("tui.screens.why")
    worktree = _Later("tui.screens.worktree")
    writers = _Later("tui.screens.writers")

NAMES = (
    *("tui.screens.agents", "tui.screens.timeline"),
    *("tui.screens.approvals", "tui.screens.dialogs", "tui.screens.loss_desk"),
    *("tui.screens.queue_desk", "tui.screens.terminals", "tui.screens.why"),
    *("widgets.forms", "tui.screens.agent_desk", "tui.screens.sandbox"),
    "widgets.markdown",
    "widgets.last_words",
    *("tui.screens.writers", "tui.screens.first_words"),
    *("tui.screens.trusting", "tui.screens.profile"),
    *("tui.screens.push", "tui.screens.push_desk", "tui.screens.worktree"),
    *("tui.screens.experimental", "tui.screens.grants", "tui.screens.ledger"),
)


def load() -> None:
    """Read them all, so that nobody waits at the first visit."""
    for name in NAMES:
        import_module(name)
