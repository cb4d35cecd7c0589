"""A thread that another program writes: it is read, said, and forked if one wants."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from state.engine import wake
from state.engine.port import Writer
from state.engine.writers import writer_of
from state.items import ThreadId
from tests.driver import NARROW, NORMAL, WIDE, Driver, Size, drive
from tests.fakes import FakeEngine

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

HOLD = (
    "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX);"
    "print('held', flush=True); sys.stdin.read()"
)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/locks is Linux's")
def test_the_holder_of_the_lock_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "thread-writer-locks" / "t1.lock"
    lock.parent.mkdir()
    lock.touch()
    thread = ThreadId("t1")
    assert writer_of(tmp_path, thread) is None
    holder = subprocess.Popen(
        (sys.executable, "-c", HOLD, str(lock)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        name = Path(sys.executable).name
        assert writer_of(tmp_path, thread) == Writer(holder.pid, name)
        assert writer_of(tmp_path, thread, own=holder.pid) is None
        assert writer_of(tmp_path, ThreadId("t2")) is None
        assert writer_of(tmp_path, ThreadId("../t1")) is None
    finally:
        holder.communicate()
    assert writer_of(tmp_path, thread) is None


def asleep(engine: FakeEngine) -> None:
    engine.add("away", status={"type": "notLoaded"})


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds the lock of every thread that is not loaded."""
    writer = Writer(4242, "codex")
    monkeypatch.setattr(wake, "writer_of", lambda *_args, **_more: writer)


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_words_are_kept_or_go_to_a_fork(size: Size) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("away")
        await driver.press("i")
        await driver.type("go on")
        await driver.press("enter")
        driver.sees("Open in another program", "codex (process 4242) writes this")
        await driver.press("enter")  # the harmless choice
        assert driver.draft == "go on"
        for method in ("thread/resume", "thread/fork", "turn/start"):
            assert driver.engine.calls(method) == [], method
        await driver.press("enter", "right", "enter")
        (fork,) = driver.engine.calls("thread/fork")
        assert fork["threadId"] == "thread-away"
        (turn,) = driver.engine.calls("turn/start")
        assert turn["input"][0]["text"] == "go on"
        assert turn["threadId"] == driver.open != "thread-away"
        assert driver.draft == ""
        assert driver.engine.calls("thread/resume") == []
        await driver.open_thread("away")
        assert driver.draft == "", "the words went to the fork"

    drive(play, prepare=asleep, size=size)


@pytest.mark.usefixtures("held")
def test_loading_it_offers_the_fork_alone() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("away")
        await driver.press("i")
        await driver.type("/resume")
        await driver.press("enter")
        driver.sees("Open in another program", "Nothing was done.")
        await driver.press("escape")
        assert driver.engine.calls("thread/resume") == []
        assert driver.engine.calls("thread/fork") == []

    drive(play, prepare=asleep)
