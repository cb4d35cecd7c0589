"""What was in force when a command ran, from the settings of its turn.

Apart from the reducers, so that who draws a verdict does not need them.
"""

from __future__ import annotations

from state.model import Settings
from state.permissions.diagnose import Context


def context_of(settings: Settings | None) -> Context:
    """What a command of a turn with these settings ran under."""
    if settings is None:
        return Context()
    roots = settings.workspace_roots
    if roots is None:
        roots = (settings.cwd,) if settings.cwd else ()
    return Context(
        sandbox=settings.sandbox,
        profile=settings.profile,
        cwd=settings.cwd or "",
        roots=roots,
    )
