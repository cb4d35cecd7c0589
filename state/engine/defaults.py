"""What a new thread in a folder would get, and whether that folder is trusted.

Owns the question only; how config is read stands in `state.engine.wake`. Invariant:
asking changes nothing.
"""

from __future__ import annotations

import os

from state.engine import calls
from state.engine.controls import limits_of
from state.engine.errors import RequestFailed
from state.engine.link import Link
from state.engine.port import Defaults, Model
from state.engine.wake import is_trusted, project_root, todays_settings


async def defaults(link: Link, cwd: str) -> Defaults:
    """For a new thread in `cwd`. Raises EngineLost."""
    place = os.path.realpath(cwd) if link.local else cwd
    root = project_root(place) if link.local else place
    settings = await todays_settings(link, place)
    trusted = False
    try:
        config = (await link.ask(calls.read_config(place))).get("config")
        trusted = isinstance(config, dict) and is_trusted(config, place)
        listed = await link.ask(calls.list_models())
        limits = await limits_of(link)
    except RequestFailed:
        return Defaults(place, root, trusted, settings)
    models = tuple(
        Model(
            id=str(m.get("model") or m.get("id")),
            efforts=tuple(
                str(e.get("reasoningEffort"))
                for e in m.get("supportedReasoningEfforts") or ()
                if isinstance(e, dict)
            ),
            default_effort=m.get("defaultReasoningEffort"),
            default=bool(m.get("isDefault")),
        )
        for m in listed.get("data") or ()
        if isinstance(m, dict)
    )
    return Defaults(place, root, trusted, settings, models, limits)
