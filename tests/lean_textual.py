"""What Textual does again in every app of a test run, done once or not at all.

Owns short cuts for apps that run inside the test process, without a terminal. Style
sheets of the same words are read once, in all tests, and which rules are for a widget
is found once for each place in a tree. And where a test asks for it, nothing is drawn
for a driver that throws it away: what is looked at is still drawn whole at each look
(`snap.screen_text`, a picture). Invariant: the real program never runs with these:
tests of the bytes at a terminal start it as a process of its own, and tests of what
depends on being drawn (a card arms when it was) do not ask.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import RenderableType
from rich.style import Style
from textual._compositor import Compositor
from textual.css import stylesheet
from textual.css.model import RuleSet
from textual.css.styles import RulesMap
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

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
    Style.__repr__ = functools.cache(Style.__repr__)  # type: ignore[method-assign]
    Stylesheet.apply = _applying(Stylesheet.apply)  # type: ignore[method-assign]


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


class _Candidates:
    """The rules that may apply to nodes of the same names, and what was found for
    each place of the tree that such a node was in."""

    def __init__(self, rules: tuple[RuleSet, ...]) -> None:
        self.rules = rules
        self.selectors = [
            selector
            for rule in rules
            for one in rule.selector_set
            for selector in one.selectors
            if selector.pseudo_classes
        ]
        self.asked: dict[object, tuple[str, ...]] = {}
        self.found: dict[object, tuple[RulesMap, tuple[bool, ...]]] = {}

    def place(self, node: DOMNode) -> object:
        """All that these rules can ask about the node and those above it."""
        asked, path = self.asked, []
        for one in node.css_path_nodes:
            named = (type(one), one._id, frozenset(one._classes))
            states = asked.get(named)
            if states is None:
                states = asked[named] = self._states(one)
            path.append((named, *[one.has_pseudo_class(name) for name in states]))
        return tuple(path)

    def _states(self, node: DOMNode) -> tuple[str, ...]:
        """The states that a rule asks about nodes of this type, id and classes."""
        asking = [it.pseudo_classes for it in self.selectors if it._check(node)]
        return tuple(sorted(set().union(*asking)))


_FLAGS = (
    *("_has_hover_style", "_has_focus_within"),
    *("_has_order_style", "_has_odd_or_even"),
)


def _applying(real: Any) -> Any:
    """Which rules apply to a node depends on nothing but the rules, and on the names
    and states of those above it: the same in each app."""
    by_rules: dict[tuple[RuleSet, ...], _Candidates] = {}
    by_sheet: dict[tuple[RuleSet, ...], dict[object, _Candidates]] = {}

    def candidates(sheet: Stylesheet, node: DOMNode) -> _Candidates:
        rules_map = sheet.rules_map
        known: dict[object, _Candidates]
        last, known = vars(sheet).get("_lean") or (None, {})
        if last is not rules_map:
            known = by_sheet.setdefault(tuple(sheet.rules), {})
            vars(sheet)["_lean"] = (rules_map, known)
        named = (type(node), node._id, frozenset(node._classes))
        found = known.get(named)
        if found is None:
            names = rules_map.keys() & node._selector_names
            some = {rule for name in names for rule in rules_map[name]}
            rules = tuple(rule for rule in sheet.rules if rule in some)
            found = by_rules.setdefault(rules, _Candidates(rules))
            known[named] = found
        return found

    def apply(
        self: Stylesheet,
        node: DOMNode,
        *,
        animate: bool = False,
        cache: object = None,
    ) -> None:
        those = candidates(self, node)
        place = those.place(node)
        if place in those.found:
            rules, flags = those.found[place]
            for name, flag in zip(_FLAGS, flags, strict=True):
                setattr(node, name, flag)
            self.replace_rules(node, rules, animate=animate)
            self._process_component_classes(node)
            return
        made: dict[tuple[Any, ...], RulesMap] = {}
        real(self, node, animate=animate, cache=made)
        for rules in made.values():
            flags = tuple(getattr(node, name) for name in _FLAGS)
            those.found[place] = (rules, flags)

    return apply
