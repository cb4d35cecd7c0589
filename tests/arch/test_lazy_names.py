"""Names that are looked up late are the same to a type checker and to Python."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest


@pytest.mark.parametrize("package", ["state.views"])
def test_late_names_are_what_a_type_checker_sees(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    seen = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            if not (node.module or "").startswith(package):
                continue
            for alias in node.names:
                source = importlib.import_module(node.module or "")
                assert getattr(module, alias.name) is getattr(source, alias.name)
                seen.add(alias.name)
    assert seen == set(module.__all__)
    with pytest.raises(AttributeError):
        module.NoSuchView  # noqa: B018
