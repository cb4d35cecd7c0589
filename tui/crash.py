"""A fault of ours: a report on disk and one sentence, whatever failed.

Owns the report file (place, mode, what may stand in it) and the exit code. Does not
own the terminal (`tui.terminal` gives it back) nor what is done about the fault.
Invariant: a report tells where in the program it happened, in which versions and in
which terminal, and holds no value of the program: no message of an exception, no
locals, nothing of a conversation.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from state.home import private_folder, state_home

EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h"""
KEPT = 10
"""Reports; older ones are removed."""
THREAD_SECONDS = 1.0
"""For a thread that still writes when a fault ended the rest"""

_PACKAGES = ("codex-tui", "textual", "rich", "aiosqlite", "msgspec", "websockets")
_TERMINAL = ("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "LANG")
_SOURCES = Path(__file__).resolve().parent.parent


class Crashed(Exception):
    """The app ended by a fault of ours, which is the cause of this exception."""


def crashed(error: BaseException, home: Path | None = None) -> int:
    """Report `error` in one sentence on stderr; returns the exit code."""
    fault = error.__cause__ or error if isinstance(error, Crashed) else error
    print(f"\ncodex-tui: {sentence(fault, home)}", file=sys.stderr)
    return EXIT_CODE


def end_despite_threads(code: int) -> None:
    """End the process where a thread is left that nobody ends any more: after a fault
    in closing the store, the store's would keep it for ever."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(THREAD_SECONDS)
            if thread.is_alive():
                sys.stderr.flush()
                os._exit(code)


def sentence(error: BaseException, home: Path | None = None) -> str:
    """What to tell the user, with the path of the report. Never raises."""
    name = type(error).__name__
    try:
        path = write_report(error, home or state_home())
    except OSError as refused:
        why = refused.strerror or type(refused).__name__
        return f"a fault of its own ended it ({name} at {_place(error)}; {why})."
    return f"a fault of its own ended it ({name}); a report is in {path}"


def write_report(error: BaseException, home: Path) -> Path:
    """A new file, 0600. Raises OSError."""
    folder = private_folder(home)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    path = folder / f"crash-{stamp}-{os.getpid()}-{time.monotonic_ns() % 10**6:06}.txt"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(_report(error)) + "\n")
    for old in sorted(folder.glob("crash-*.txt"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def _report(error: BaseException) -> Iterator[str]:
    yield "codex-tui ended by a fault of its own. No text of a conversation is in here:"
    yield "neither the words of exceptions nor the values of variables."
    yield ""
    yield f"when      {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime())}"
    yield f"python    {platform.python_version()} {platform.python_implementation()}"
    yield f"system    {platform.system()} {platform.release()} {platform.machine()}"
    for name in _PACKAGES:
        yield f"{name:<9} {_version(name)}"
    for name in _TERMINAL:
        yield f"{name:<9} {ascii(os.environ.get(name, ''))[1:-1][:80]}"
    yield f"encoding  {getattr(sys.__stdout__, 'encoding', None)}"
    yield f"size      {_size()}"
    yield ""
    yield from _chain(error)


def _version(name: str) -> str:
    # Imported here: it brings the parsers of mail and zip files, and no paint waits
    # for a report.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _size() -> str:
    try:
        size = os.get_terminal_size(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except (OSError, ValueError):
        return "no terminal"
    return f"{size.columns}x{size.lines}"


def _chain(error: BaseException) -> Iterator[str]:
    """The error and what led to it, the first one first."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        hidden = link.__suppress_context__
        link = link.__cause__ or (None if hidden else link.__context__)
    for one in reversed(links):
        yield "Traceback (the last call last):"
        for frame in traceback.extract_tb(one.__traceback__):
            yield f"  {_short(frame.filename)}:{frame.lineno} in {frame.name}"
            if frame.line:
                yield f"    {frame.line}"
        yield f"{type(one).__module__}.{type(one).__qualname__}{_facts(one)}"
        if isinstance(one, BaseExceptionGroup):
            for inner in one.exceptions:
                yield from (f"  | {line}" for line in _chain(inner))
        yield ""


def _facts(error: BaseException) -> str:
    """What an exception carries that names code or the system, not content."""
    match error:
        case OSError(errno=int(number)):
            return f" (errno {number}: {os.strerror(number)})"
        case AttributeError(name=str(name)) if name.isidentifier():
            return f" (no {name} in {type(error.obj).__qualname__})"
        case NameError(name=str(name)) if name.isidentifier():
            return f" ({name})"
        case _:
            return ""


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{_short(frames[-1].filename)}:{frames[-1].lineno}" if frames else "start"


def _short(filename: str) -> str:
    """A source file's place in the program or in its library."""
    path = Path(filename)
    if path.is_relative_to(_SOURCES) and "site-packages" not in path.parts:
        return str(path.relative_to(_SOURCES))
    parts = path.parts
    if "site-packages" in parts:
        return str(Path(*parts[parts.index("site-packages") + 1 :]))
    return path.name


def report_faults(
    loop: asyncio.AbstractEventLoop,
    say: Callable[[str], None],
    ended: Callable[[], bool],
) -> None:
    """Report what fails in a task beside the screen; the screen goes on.

    A fault is told once per place: the same one may come with every message. Once a
    fault `ended` the screen, that one is reported, and what fails after it comes of
    it."""
    known: set[str] = set()

    def handle(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if ended() or not isinstance(error, Exception) or _place(error) in known:
            return
        known.add(_place(error))
        try:
            path = write_report(error, state_home())
        except OSError:
            return
        say(f"codex-tui failed at something; a report is in {path}")

    loop.set_exception_handler(handle)
