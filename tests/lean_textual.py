"""What Textual does again in every app of a test run, done once or not at all.

Owns two short cuts for apps that run inside the test process, without a terminal.
Style sheets of the same words are read once, in all tests. And where a test asks for
it, nothing is drawn for a driver that throws it away: what is looked at is still drawn
whole at each look (`snap.screen_text`, a picture). Invariant: the real program never
runs with these: tests of the bytes at a terminal start it as a process of its own, and
tests of what depends on being drawn (a card arms when it was) do not ask.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import RenderableType
from textual._compositor import Compositor
from textual.css import stylesheet
from textual.css.model import RuleSet

Tokens = dict[str, list[Any]]


@contextlib.contextmanager
def drawn_when_asked() -> Iterator[None]:
    """Within, an app draws no changes, only the whole screen for who asks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compositor, "render_update", _whole_or_nothing)
        yield


_draw = Compositor.render_update


def _whole_or_nothing(
    self: Compositor,
    full: bool = False,
    screen_stack: Any = None,
    simplify: bool = False,
) -> RenderableType | None:
    if full:
        return _draw(self, True, screen_stack, simplify)
    self._dirty_regions.clear()
    return None


def read_styles_once() -> None:
    """For this process, from now on."""
    for name, once in (("tokenize_values", _tokenizing), ("parse", _parsing)):
        setattr(stylesheet, name, once(getattr(stylesheet, name)))


def _tokenizing(real: Any) -> Any:
    """The same object for the same variables, so that `id` means them."""
    made: dict[tuple[tuple[str, str], ...], Tokens] = {}

    def tokenize_values(values: dict[str, str]) -> Tokens:
        key = tuple(values.items())
        if key not in made:
            made[key] = real(values)
        return made[key]

    return tokenize_values


def _parsing(real: Any) -> Any:
    """An app has more style sheets than its cache has places, and so reads half of
    them anew with each kind of widget it adds."""
    parsed: dict[object, list[RuleSet]] = {}

    def parse(
        scope: str, css: str, read_from: object, variable_tokens: Tokens, **rest: Any
    ) -> Iterator[RuleSet]:
        key = (scope, css, read_from, id(variable_tokens), *sorted(rest.items()))
        if key not in parsed:
            rules = real(scope, css, read_from, variable_tokens=variable_tokens, **rest)
            parsed[key] = [*rules]
        return iter(parsed[key])

    return parse
