"""The command palette, made from the registry of actions."""

from __future__ import annotations

from functools import partial

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.widgets import Input

from tui.actions import ACTIONS, Action


class RegistryCommands(Provider):
    """Every action that can be run by name."""

    def _run(self, action: Action) -> None:
        self.app.call_later(self.screen.run_action, f"do({action.id!r})")

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for action in ACTIONS:
            if action.named:
                run = partial(self._run, action)
                yield DiscoveryHit(action.title, run, help=action.help)

    async def search(self, query: str) -> Hits:
        """Those whose title or help match."""
        matcher = self.matcher(query)
        for action in ACTIONS:
            if not action.named:
                continue
            score = max(matcher.match(action.title), matcher.match(action.help))
            if score > 0:
                shown = matcher.highlight(action.title)
                yield Hit(score, shown, partial(self._run, action), help=action.help)


class Palette(CommandPalette):
    """Textual's, with a cursor that rests: a screen at rest writes nothing."""

    def on_mount(self) -> None:
        """Its field is there."""
        self.query_one(Input).cursor_blink = False
