"""To whom the words in the composer go: the open thread, or the agent they begin with.

Owns what title and hints say of that, and which agents a half-typed `@path` could mean.
Does not own sending. Invariant: the target that is drawn is the one that is written to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from state.messaging import AgentName, addressed, completions, matches, means_agent
from state.views import Bit, ComposerView, Tone
from widgets.composer_popup import SlashCommand

_TYPING = re.compile(r"(?:^|(?<=\s))@(?P<path>[a-z0-9_./]*)$")
_ENTER = {"start": "start", "send": "send", "steer": "steer", "none": "keep"}


def half_typed(before: str) -> str | None:
    """The path that is being typed at the end of these words; None: none is."""
    found = _TYPING.search(before)
    return None if found is None else found["path"]


def agents_for(typed: str, view: ComposerView) -> list[SlashCommand]:
    """The rows of the popup for it."""
    others = (name for name in view.agents if name.path != view.target)
    return [_row(name) for name in completions(typed, others)]


def _row(name: AgentName) -> SlashCommand:
    way = "through /root · " if name.direct is False else ""
    return SlashCommand(name.path, help=f"{way}{name.words}".strip(" ·"), sign="@")


def meant(view: ComposerView, text: str) -> tuple[str, list[AgentName]]:
    """The path that the words begin with, and who is called so; "": the open one."""
    to = addressed(text)
    if to is None:
        return "", []
    agents = matches(to.path, view.agents, view.target)
    if not agents and not means_agent(to.path):
        return "", []
    return to.path, agents


def title_bits(view: ComposerView, text: str) -> tuple[Bit, ...]:
    """`to /root/tester · through /root, or a fork`."""
    path, agents = meant(view, text)
    if path and len(agents) != 1:
        why = "no agent of this tree" if not agents else f"{len(agents)} are called so"
        return (
            Bit("to ", Tone.MUTED),
            Bit(path, Tone.NEED, bold=True),
            Bit(f" · {why}", Tone.NEED),
        )
    agent = agents[0] if agents else None
    if agent is not None and agent.path != view.target:
        title = (Bit("to ", Tone.MUTED), Bit(agent.path, Tone.BRIGHT, bold=True))
        return (*title, *_way(asks=agent.direct is False))
    if view.action == "start":
        return (
            Bit("to a ", Tone.MUTED),
            Bit("new thread", Tone.BRIGHT, bold=True),
        )
    title = (Bit("to ", Tone.MUTED), Bit(view.target, Tone.BRIGHT, bold=True))
    if view.asks:
        return (*title, *_way(asks=True))
    if view.title:
        return (*title, Bit(f" · {view.title}", Tone.MUTED))
    return title


def _way(*, asks: bool) -> Sequence[Bit]:
    return (Bit(" · through /root, or a fork", Tone.MUTED),) if asks else ()


def enter_word(view: ComposerView, text: str) -> str:
    """What enter would do."""
    path, agents = meant(view, text)
    if not path:
        return "asks which way" if view.asks else _ENTER[view.action]
    if len(agents) != 1:
        return "asks which one" if agents else "names the agents"
    (agent,) = agents
    if agent.path == view.target:
        return "asks which way" if view.asks else _ENTER[view.action]
    return "asks which way" if agent.direct is False else "send"
