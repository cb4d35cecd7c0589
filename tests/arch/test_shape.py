"""Size and manners of modules and functions, and what may be called where."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.theme import Theme

from tests.arch.source import REPO, Module, modules, product
from tui import themes

MODULE_LINES = 400
FUNCTION_LINES = 60
TEXT_WIDGETS = {"Static", "Label"}
PLAIN = "widgets/plain.py"
APP_NAMES = {"self", "app", "screen"}


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def test_no_module_is_two_ideas() -> None:
    """A longer module holds a second idea: find its name."""
    long = [f"{m.place}: {m.lines}" for m in product() if m.lines > MODULE_LINES]
    assert not long


def test_no_function_is_longer_than_a_screen() -> None:
    """What does not fit on a screen is not understood as one thing."""
    long = [
        f"{module.place}:{node.lineno} {node.name}: {size}"
        for module in product()
        for node in _functions(module)
        if (size := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert not long


def test_every_module_says_what_it_owns() -> None:
    """The docstring is where a reader learns what belongs here and what does not."""
    silent = [
        module.place
        for module in (*product(), *modules("tests"))
        if module.tree.body and not ast.get_docstring(module.tree)
    ]
    assert not silent


def test_annotations_are_never_evaluated() -> None:
    """Faster to import, and names may be used before they are defined."""
    line = "from __future__ import annotations"
    missing = [
        module.place
        for module in (*product(), *modules("tests"))
        if len(module.tree.body) > 1 and line not in module.text.splitlines()
    ]
    assert not missing


def test_outside_text_meets_one_text_widget() -> None:
    """Textual's own text widgets read markup: `[/foo]` in a file name would end the
    program. `widgets/plain.py` is the one that never does."""
    bad = []
    for module in product():
        if module.place == PLAIN:
            continue
        bad += [
            f"{module.place}:{node.lineno} imports {alias.name}"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ImportFrom) and node.module == "textual.widgets"
            for alias in node.names
            if alias.name in TEXT_WIDGETS
        ]
        bad += [
            f"{module.place}:{call.lineno} calls widgets.{call.func.attr}"
            for call in _calls(module)
            if isinstance(call.func, ast.Attribute) and call.func.attr in TEXT_WIDGETS
        ]
    assert not bad


def test_no_cursor_blinks() -> None:
    """A blinking cursor writes to the terminal while nothing changes: over ssh that is
    traffic, in a picture it is chance. `widgets/field.py` has the one that rests."""
    bad = [
        f"{module.place}:{call.lineno}"
        for module in product()
        if module.place != "widgets/field.py"
        for call in _calls(module)
        if isinstance(call.func, ast.Name) and call.func.id == "Input"
    ]
    bad += [
        f"{module.place}:{node.lineno} {node.name}"
        for module in product()
        if module.place != "widgets/field.py"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        and any(
            isinstance(base, ast.Name) and base.id == "Input" for base in node.bases
        )
    ]
    assert not bad


def _receiver(call: ast.Call) -> str | None:
    """`a.b.notify(...)`: "b"; a plain function: None."""
    if not isinstance(call.func, ast.Attribute):
        return None
    owner = call.func.value
    if isinstance(owner, ast.Name):
        return owner.id
    return owner.attr if isinstance(owner, ast.Attribute) else None


def test_notifications_never_read_markup() -> None:
    """A toast shows errors of the engine: words from outside."""
    bad = []
    for module in product():
        for call in _calls(module):
            named = isinstance(call.func, ast.Attribute) and call.func.attr == "notify"
            if not named or _receiver(call) not in APP_NAMES:
                continue
            off = any(
                keyword.arg == "markup"
                and isinstance(keyword.value, ast.Constant)
                and keyword.value.value is False
                for keyword in call.keywords
            )
            if not off:
                bad.append(f"{module.place}:{call.lineno}")
    assert not [place for place in bad if not place.startswith("state/")]


def test_no_text_is_pasted_into_markup() -> None:
    """`Content.from_markup` takes values as $names; an f-string would parse them."""
    bad = [
        f"{module.place}:{call.lineno}"
        for module in product()
        for call in _calls(module)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "from_markup"
        and not all(isinstance(arg, ast.Constant) for arg in call.args)
    ]
    assert not bad


THEMES = [value for value in vars(themes).values() if isinstance(value, Theme)]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: str(theme.name))
def test_every_style_sheet_parses(theme: Theme) -> None:
    """A misspelt rule, or a variable that one theme lacks, is found here."""
    app: App[None] = App()
    app.register_theme(theme)
    app.theme = theme.name
    sheet = Stylesheet(variables=app.get_css_variables())
    for path in sorted(REPO.glob("tui/**/*.tcss")):
        sheet.add_source(path.read_text(encoding="utf-8"), (str(path), ""))
    sheet.parse()
