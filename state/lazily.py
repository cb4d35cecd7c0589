"""Names of a package that are looked up in its modules when they are first asked for.

A package that re-exports fifteen modules costs all of them, wherever one is needed; the
first paint needs three. Owns that look-up. Does not own which names there are: the
package says so, once for a type checker (imports) and once for here (a test holds both
side by side). Invariant: after the first time a name costs what any other does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def names_in(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """A `__getattr__` for `package`: each of its modules with the names in it."""
    place = {name: m for m, names in modules.items() for name in names.split()}

    def find(name: str) -> Any:
        if name not in place:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{place[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
