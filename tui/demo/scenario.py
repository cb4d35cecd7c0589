"""The demo: one root that mends a parser cache with a tree of agents, as data.

Owns the order in which its parts are played. Not here: the parts (`tui.demo.parts`),
playing them (`tui.demo.director`), the project's files (`tui.demo.project`).
"""

from __future__ import annotations

from tui.demo.part import Part, assemble
from tui.demo.parts.agents import AGENTS, HELPERS
from tui.demo.parts.blocked import BLOCKED
from tui.demo.parts.publishing import PUBLISHING
from tui.demo.parts.repair import BEGINNING, FIXING, LATER, ending
from tui.demo.parts.reviewing import ASKING, JUDGED
from tui.demo.parts.rootless import ROOTLESS
from tui.demo.parts.trouble import INTERRUPTING, TROUBLE
from tui.demo.parts.undelivered import UNDELIVERED
from tui.demo.parts.watching import WATCHING

PROMPT = (
    "The strict test of the parser cache fails. Find out why and fix it, let"
    " helpers look at callers, tests and docs, and publish the new benchmark."
)

STORY: tuple[Part, ...] = (
    BEGINNING,
    AGENTS,
    TROUBLE,
    WATCHING,
    FIXING,
    INTERRUPTING,
    PUBLISHING,
    UNDELIVERED,
    ending(HELPERS),
)
"""What the first thread does"""
PARTS = (*STORY, ASKING, JUDGED, BLOCKED, ROOTLESS)

DEMO = assemble(PROMPT, PARTS, LATER)
FIRST = assemble(PROMPT, STORY, LATER)
"""The same without the threads beside the first one"""
