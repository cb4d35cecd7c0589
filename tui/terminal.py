"""Our side of the terminal: what may happen to it while the app runs.

Owns hanging up, stopping and going on (SIGTSTP, SIGCONT), bytes that are no UTF-8 and
a terminal that cannot show UTF-8. The rest is Textual's driver. Invariant: nothing
that the terminal does ends in an exception, and a stopped or ended program leaves the
terminal as it was found.
"""

from __future__ import annotations

import asyncio
import codecs
import errno
import os
import signal
import sys
from functools import partial
from typing import Any, TextIO

from rich.cells import cell_len
from textual.app import App
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver

from tui.pasting import PasteParser
from tui.sgr import lean


def speaks_utf8() -> bool:
    """Whether the terminal takes UTF-8, as the locale says."""
    name = getattr(sys.__stderr__, "encoding", None) or "ascii"
    return codecs.lookup(name).name == "utf-8"


class Screen:
    """The file the driver writes to. A terminal that is gone takes everything; what
    its encoding lacks becomes as many question marks as it has cells."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._plain = None if speaks_utf8() else file.encoding

    def write(self, text: str) -> int:
        """Write, or drop."""
        try:
            if self._plain is None:
                # Past the text layer: its error handler would draw escapes.
                raw = text.encode("utf-8", "replace")
            else:
                raw = text.encode(self._plain, _AS_CELLS)
            self._file.buffer.write(raw)
        except OSError as error:
            self._failed(error)
        return len(text)

    def flush(self) -> None:
        """Write out, or drop."""
        try:
            self._file.buffer.flush()
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        """The terminal is gone: what still waits, and all that comes, goes nowhere.
        Otherwise Python would fail again when it flushes its files at the end."""
        if error.errno not in (errno.EIO, errno.EPIPE, errno.ENXIO):
            return
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, self._file.fileno())
        os.close(nowhere)

    def fileno(self) -> int:
        """The terminal's number."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it still is a terminal."""
        return self._file.isatty()


_AS_CELLS = "codex-tui-as-cells"


def _as_cells(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "?" * cell_len(error.object[error.start : error.end]), error.end


codecs.register_error(_AS_CELLS, _as_cells)


class Terminal(LinuxDriver):
    """Textual's driver, for terminals that go away, stop us, or speak Latin-1."""

    written = 0
    """Characters so far: what a frame costs, on a slow line, too"""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._file: Any = Screen(self._file)
        # Stopping by Python's own handlers would run in the middle of anything, a
        # write included; in the loop it comes between two steps.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self._stop)
        loop.add_signal_handler(signal.SIGCONT, self._went_on)

    def write(self, data: str) -> None:
        """Write out, in as few bytes as show the same."""
        data = lean(data)
        self.written += len(data)
        super().write(data)

    def _stop(self) -> None:
        """Give the terminal back, stop, and take it again when we go on."""
        self.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take_again()

    def _went_on(self) -> None:
        """Somebody stopped us the hard way: the terminal may have changed."""
        if self._running:
            self.suspend_application_mode()
            self._take_again()

    def _take_again(self) -> None:
        self.start_application_mode()  # type: ignore[no-untyped-call]
        self._app.refresh(layout=True)

    @property
    def _running(self) -> bool:
        return self._writer_thread is not None and self._writer_thread.is_alive()

    def _run_input_thread(self) -> None:
        """Read keys. What fails here is a terminal that is gone, or a fault of ours."""
        app = self._app
        try:
            self.run_input_thread()
        except OSError:
            app.call_later(app.run_action, "leave")
        except Exception as error:
            app.call_later(app._handle_exception, error)


def _forgiving(encoding: str) -> Any:
    return partial(codecs.getincrementaldecoder(encoding), errors="replace")


# One byte of Latin-1 must not end the program: Textual decodes strictly.
linux_driver.getincrementaldecoder = _forgiving  # type: ignore[attr-defined]
linux_driver.XTermParser = PasteParser  # type: ignore[attr-defined]
