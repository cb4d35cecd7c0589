"""A thread that may write its workspace and has none: an alarm, not a mystery.

Other clients start threads like this one, without a workspace root. Owns what it tries.
Invariant: nothing is written; the remedy (`/sandbox`, then W) is the user's.
"""

from __future__ import annotations

from tui.demo.director import Beat, SideThread
from tui.demo.expect import Expectation, Where
from tui.demo.part import Part, answer, note
from tui.demo.steps import Exec

_FILE = "RELEASE.md"
_ENDING = (
    "I could not write RELEASE.md: I may write the workspace, but this thread has no"
    " workspace root."
)

ROOTLESS = Part(
    name="rootless",
    threads=(
        SideThread(
            prompt="Start the release notes in RELEASE.md.",
            name="release notes",
            sandbox="workspace-write",
            approval_policy="never",
            roots=(),
            beats=(
                Beat(
                    (
                        note("A heading first."),
                        Exec(f"echo '# Release notes' > {_FILE}"),
                    )
                ),
                Beat((answer(_ENDING),)),
            ),
        ),
    ),
    facts=(
        Expectation(
            "rootless thread went on",
            "a thread without a workspace root could not write its own folder",
            "item/completed",
            (Where("item.text", _ENDING),),
        ),
    ),
    refused=(_FILE,),
)
