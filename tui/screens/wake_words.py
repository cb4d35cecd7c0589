"""What a sleeping thread would wake up under, and what that sets off, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.model import Settings
from state.select.frame import asks, sandbox_mode, writable_roots
from state.text import reveal

if TYPE_CHECKING:
    from state.engine.port import WakeReport, Writer


def settings_words(settings: Settings | None) -> str:
    """Mode, who is asked, network and roots in one line of words."""
    if settings is None:
        return "What this thread may touch is not known yet."
    words = [sandbox_mode(settings)[1], asks(settings)]
    if settings.sandbox is not None:
        words.append("network on" if settings.sandbox.network else "network off")
    if writable_roots(settings) and settings.cwd:
        words.append(f"writes in {reveal(settings.cwd).text}")
    return " · ".join(word for word in words if word)


def writer_words(writer: Writer) -> str:
    """`codex (process 4242)`"""
    name = reveal(writer.name).text or "Another program"
    return f"{name} (process {writer.pid})"


def wake_lines(report: WakeReport) -> tuple[str, ...]:
    """What loading would set off, line by line."""
    lines = []
    if report.queue:
        number = len(report.queue)
        lines.append(
            f"{number} queued message{'s' if number > 1 else ''} would be sent at once:"
        )
        lines += [f"  › {reveal(text).text}" for text in report.queue[:5]]
    if report.goal is not None and report.goal.active:
        lines.append("Its goal would start turns by itself:")
        lines.append(f"  {reveal(report.goal.objective).text}")
    if report.laxer:
        lines.append(_sentence("It last ran with", report.stored))
        lines.append(_sentence("A new thread here would get", report.today))
        lines += [f"  laxer: {word}" for word in report.laxer]
    return tuple(lines)


def _sentence(begins: str, settings: Settings | None) -> str:
    """One that holds, also where nobody knows what to say."""
    if settings is None:
        return f"{begins} settings that nobody can read here."
    return f"{begins} {settings_words(settings)}."
