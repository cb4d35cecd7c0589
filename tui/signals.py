"""Calls to the user that leave the window: title, bell, OSC 9, a command of theirs.

Owns the bytes and the processes; what calls is `state.attention`. Invariants: nothing
is written when nothing changed; no byte of content, and no control character but our
own, reaches the terminal or the command.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence

from state.attention import Call, summary, title
from state.notify import Notify

PUSH_TITLE = "\x1b[22;2t"
POP_TITLE = "\x1b[23;2t"


def osc(body: str, *, tmux: bool) -> str:
    """An operating system command; wrapped so that tmux hands it on."""
    plain = f"\x1b]{body}\x07"
    return f"\x1bPtmux;\x1b{plain}\x1b\\" if tmux else plain


class Signals:
    """`write` puts bytes on the terminal, past the screen; `say` shows a sentence."""

    def __init__(
        self,
        notify: Notify,
        env: Mapping[str, str],
        write: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        self.notify = notify
        self._env = env
        self._write = write
        self._say = say
        self._title = ""
        self._tmux: bool | None = None if env.get("TMUX") else False
        """whether tmux hands commands on; None: not asked yet"""
        self._tasks: set[asyncio.Task[None]] = set()

    # -- the title ---------------------------------------------------------------

    def count(self, needs: int, working: int) -> None:
        """What the title says now."""
        words = title(needs, working)
        if not self.notify.title or words == self._title:
            return
        push = "" if self._title else PUSH_TITLE
        self._title = words
        self._write(f"{push}\x1b]2;{words}\x07")

    def restore(self) -> None:
        """Give the title back."""
        if self._title:
            self._title = ""
            self._write(POP_TITLE)

    # -- calls -------------------------------------------------------------------

    def call(self, calls: Sequence[Call]) -> None:
        """Ring, notify and run the user's command, once for all of them."""
        if not calls:
            return
        if self.notify.bell:
            self._write("\x07")
        if self.notify.osc9:
            self._spawn(self._osc9(summary(calls)))
        if self.notify.command:
            for one in calls:
                self._spawn(self._command(one))

    async def _osc9(self, words: str) -> None:
        if self._tmux is None:
            self._tmux = await tmux_hands_on(self._env)
        inside = bool(self._env.get("TMUX"))
        if inside and not self._tmux:
            return
        # A fixed first word: some terminals read `9;4;…` as something else.
        self._write(osc(f"9;codex-tui: {words}", tmux=inside))

    async def _command(self, call: Call) -> None:
        body = {
            "kind": call.kind,
            "thread": call.thread_id,
            "name": call.name,
            "agent": call.agent,
            "words": call.words,
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *self.notify.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            self._say(f"notify.command does not run: {error.strerror}")
            return
        await process.communicate(json.dumps(body).encode())

    def _spawn(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def tmux_hands_on(env: Mapping[str, str]) -> bool:
    """Whether tmux's `allow-passthrough` is on."""
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            "show-options",
            "-gwqv",
            "allow-passthrough",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(env),
        )
        said, _ = await process.communicate()
    except OSError:
        return False
    return said.decode(errors="replace").strip() in ("on", "all")
