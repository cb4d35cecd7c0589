"""A thread beside the first one that commits, and cannot push from its sandbox.

It works in a clone of its own below the demo's TMPDIR, which commands may write; the
workspace that it came from is read-only for them in its `.git`, so the push fails there
and not for you. Nothing of it touches the workspace.
"""

from __future__ import annotations

from tui.demo.director import Beat, SideThread
from tui.demo.expect import Where
from tui.demo.part import Part, answer, command, note, runs, think
from tui.demo.steps import Exec

BRANCH = "docs/strict"
_CLONE = "../tmp/strict-page"
_WHO = "-c user.name=Ada -c user.email=ada@example.invalid"
_TEXT = "# Strict parsing\\n\\nA strict call never gets a lenient tree.\\n"
_PUSH = f"git push origin {BRANCH}"

UNDELIVERED = Part(
    name="undelivered",
    threads=(
        SideThread(
            prompt=(
                "Write a page about strict parsing, on a branch of its own in a clone"
                " of its own, and push it."
            ),
            name="page on strict parsing",
            sandbox="workspace-write",
            beats=(
                Beat(
                    (
                        think("**Keeping out of the way**\n\nA clone of its own."),
                        Exec(f"git clone -q . {_CLONE}"),
                    )
                ),
                Beat(
                    (
                        Exec(
                            f"cd {_CLONE} && git switch -q -c {BRANCH}"
                            f" && printf '{_TEXT}' > docs/strict.md"
                            " && git add docs/strict.md"
                            f" && git {_WHO} commit -q -m 'Explain strict parsing'"
                        ),
                    )
                ),
                Beat((note("Now the push."), Exec(f"cd {_CLONE} && {_PUSH}"))),
                Beat(
                    (
                        answer(
                            f"The page is committed on `{BRANCH}`. I could not push it:"
                            " from my sandbox the repository is read-only. `/push` can."
                        ),
                    )
                ),
            ),
        ),
    ),
    facts=(
        command(
            "committed",
            "a thread committed on a branch of its own",
            runs("Explain strict parsing"),
            status="completed",
        ),
        command(
            "push failed",
            "the sandbox refused the push",
            runs(_PUSH),
            Where("item.aggregatedOutput", "failed to push", "contains"),
            status="failed",
        ),
    ),
)
