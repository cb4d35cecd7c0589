"""Opening: made private, migrated step by step, refused, moved aside."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import sqlite3
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from state.db import migrations
from state.db.connection import mark_suspect, open_store
from state.db.errors import (
    StoreError,
    StoreFull,
    StoreNewer,
    StoreReadOnly,
)
from state.db.history import drafts, load_world
from state.db.migrations import MIGRATIONS, migrate
from state.model import World
from tests.store.helpers import T1, T2, noted, publish, seen, writing, written


def opened_and_closed(path: Path) -> str | None:
    async def run() -> str | None:
        opened = await open_store(path)
        await opened.db.close()
        os.close(opened.guard)
        return opened.notice

    return asyncio.run(run())


def test_files_are_ours_alone(store: Path) -> None:
    old = os.umask(0)
    try:
        written(store, [seen(T1)])

        async def run() -> None:
            async with writing(store) as writer:
                publish(writer, World(), seen(T1, name="x"))
                await writer.flush()
                modes = {
                    p.name: stat.S_IMODE(p.stat().st_mode)
                    for p in store.parent.iterdir()
                }
                assert "store.db-wal" in modes
                assert set(modes.values()) == {0o600}, modes

        asyncio.run(run())
    finally:
        os.umask(old)
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700


def test_a_loose_file_is_narrowed(store: Path) -> None:
    written(store, [seen(T1)])
    store.chmod(0o644)
    store.parent.chmod(0o755)
    opened_and_closed(store)
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700


def test_opening_twice_changes_nothing(store: Path) -> None:
    written(store, [seen(T1)])
    with closing(sqlite3.connect(store)) as db:
        before = db.execute("SELECT name, sql FROM sqlite_master").fetchall()
        steps = db.execute("SELECT * FROM migration").fetchall()
    opened_and_closed(store)
    with closing(sqlite3.connect(store)) as db:
        assert db.execute("SELECT name, sql FROM sqlite_master").fetchall() == before
        assert db.execute("SELECT * FROM migration").fetchall() == steps
    assert [name for name, _ in steps] == [name for name, _ in MIGRATIONS]


@pytest.mark.parametrize("at", range(len(MIGRATIONS)))
def test_every_earlier_version_with_rows_is_brought_up(
    at: int, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.parent.mkdir()
    with closing(sqlite3.connect(store, isolation_level=None)) as db:
        with monkeypatch.context() as patch:
            patch.setattr(migrations, "MIGRATIONS", MIGRATIONS[:at])
            migrate(db, store)
        if at:
            db.execute(
                "INSERT INTO thread (id, preview, cwd, source, created_ms, updated_ms,"
                " archived, deleted, ephemeral, status, flags, unread, history,"
                " origin, seen_ms) VALUES ('old', 'p', '/', 'cli', 1, 2, 0, 0, 0,"
                " 'idle', '', 0, 'none', 'engine', 3)"
            )
    opened_and_closed(store)
    assert [t.preview for t in load_world(store).values()] == (["p"] if at else [])
    written(store, [seen(T1), noted("s")])


def test_a_step_that_fails_leaves_the_file_at_the_step_before(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def m999_breaks(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE half (x)")
        raise sqlite3.OperationalError("cut short")

    written(store, [seen(T1)])
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", [*MIGRATIONS, ("m999", m999_breaks)])
        with pytest.raises(StoreError, match="cut short"):
            opened_and_closed(store)
    with closing(sqlite3.connect(store)) as db:
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    assert "half" not in tables
    assert opened_and_closed(store) is None


def test_two_steps_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="m001_threads"):
        migrations.migration(MIGRATIONS[0][1])


def test_a_newer_file_is_refused_and_left_as_it_was(store: Path) -> None:
    written(store, [seen(T1)])
    with closing(sqlite3.connect(store)) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        db.execute("PRAGMA journal_mode = DELETE")
    before = store.read_bytes()
    with pytest.raises(StoreNewer, match="newer codex-tui"):
        opened_and_closed(store)
    assert store.read_bytes() == before


def test_a_newer_step_that_is_only_in_the_log_is_seen(store: Path) -> None:
    written(store, [seen(T1)])
    newer = sqlite3.connect(store, isolation_level=None)
    newer.execute("PRAGMA wal_autocheckpoint = 0")
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    killed = store.parent / "killed" / "store.db"
    killed.parent.mkdir(mode=0o700)
    for suffix in ("", "-wal"):
        shutil.copy(f"{store}{suffix}", f"{killed}{suffix}")
    newer.close()
    before = killed.read_bytes()
    with pytest.raises(StoreNewer):
        opened_and_closed(killed)
    assert killed.read_bytes() == before


def test_a_window_stops_writing_when_another_one_migrates(store: Path) -> None:
    failures: list[str | None] = []

    async def run() -> None:
        async with writing(store, failures) as writer:
            world = publish(writer, World(), seen(T1, name="mine"))
            assert await writer.flush()
            with closing(sqlite3.connect(store)) as db:
                db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
            publish(writer, world, seen(T1, name="too late"))
            assert not await writer.flush()
            with pytest.raises(StoreNewer):
                await writer.commit_now(noted("s"))

    asyncio.run(run())
    assert "newer codex-tui" in str(failures[0])
    assert load_world(store)[T1].name == "mine"


GARBAGE = (b"not a database, but long enough for a page. " * 200, b"SQLite format 3\0")


@pytest.mark.parametrize("bytes_", GARBAGE, ids=("garbage", "header only"))
def test_a_damaged_file_is_kept_beside_a_new_one(bytes_: bytes, store: Path) -> None:
    store.parent.mkdir(mode=0o700)
    store.write_bytes(bytes_)
    notice = opened_and_closed(store)
    kept = list(store.parent.glob("store.damaged-*.db"))
    assert [p.read_bytes() for p in kept] == [bytes_]
    assert notice is not None
    assert kept[0].name in notice
    assert load_world(store) == {}


def test_damage_inside_is_found_after_it_was_suspected(store: Path) -> None:
    written(store, [seen(T1, preview="x" * 50_000)])
    with store.open("r+b") as file:
        file.seek(4096 * 10)
        file.write(b"\xff" * 4096 * 20)
    mark_suspect(store)
    assert opened_and_closed(store) is not None
    assert not (store.parent / "store.db.suspect").exists()
    assert opened_and_closed(store) is None


def test_a_damaged_file_that_another_window_uses_stays(store: Path) -> None:
    async def run() -> None:
        async with writing(store):
            store.write_bytes(GARBAGE[0])
            with pytest.raises(StoreError, match="Close that window"):
                await open_store(store)

    asyncio.run(run())
    assert list(store.parent.glob("store.damaged-*")) == []


# -- no room, no right ---------------------------------------------------------------


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder another user can walk to (pytest's own are not)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _as_nobody(work: Callable[[], str], answers: multiprocessing.Queue[str]) -> None:
    os.setgid(65534)
    os.setuid(65534)
    try:
        answers.put(work())
    except StoreError as error:
        answers.put(f"{type(error).__name__}: {error.sentence}")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
@pytest.mark.parametrize("there", [True, False], ids=("a store", "an empty folder"))
def test_a_folder_that_cannot_be_written_is_said(
    there: bool, open_folder: Path
) -> None:
    store = open_folder / "store.db"
    if there:
        written(store, [seen(T1)])
        for path in open_folder.iterdir():
            path.chmod(0o644)
        open_folder.chmod(0o755)
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[str] = context.Queue()
    child = context.Process(
        target=_as_nobody, args=(lambda: str(opened_and_closed(store)), answers)
    )
    child.start()
    assert answers.get().startswith("StoreReadOnly: ")
    child.join()


def test_no_space_is_said_kept_and_written_when_there_is_space_again(
    store: Path,
) -> None:
    failures: list[str | None] = []

    async def run() -> None:
        async with writing(store, failures) as writer:
            world = publish(writer, World(), seen(T1, name="before"))
            assert await writer.flush()
            db = writer._db
            async with db.execute("PRAGMA page_count") as cursor:
                row = await cursor.fetchone()
            assert row is not None
            await db.execute(f"PRAGMA max_page_count = {row[0]}")
            big = seen(T2, preview="x" * 100_000)
            world = publish(writer, world, seen(T1, preview="x" * 100_000), big)
            assert not await writer.flush()
            with pytest.raises(StoreFull):
                await writer.commit_now(noted("s", "y" * 100_000))
            assert load_world(store)[T1].name == "before"
            assert load_world(store)[T1].preview == ""
            publish(writer, world, seen(T1, name="after"))
            await db.execute("PRAGMA max_page_count = 1000000")
            assert await writer.flush()

    asyncio.run(run())
    assert "No space left" in str(failures[0])
    assert failures[-1] is None
    thread = load_world(store)[T1]
    assert (thread.name, len(thread.preview)) == ("after", 100_000)
    # Nothing was said of the other one since: the batch that failed was kept.
    assert len(load_world(store)[T2].preview) == 100_000


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_full_file_system_is_a_full_store(tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=640k", "none", str(room)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        failures: list[str | None] = []

        async def run() -> None:
            async with writing(room / "store.db", failures) as writer:
                world = publish(writer, World(), seen(T1, preview="x" * 900_000))
                assert not await writer.flush()
                with pytest.raises(StoreFull):
                    await writer.commit_now(noted("s", "y" * 900_000))
                publish(writer, world, seen(T1, preview="small"))
                assert await writer.flush()

        asyncio.run(run())
        assert failures[-1] is None
        assert load_world(room / "store.db")[T1].preview == "small"
        assert drafts(room / "store.db") == ()
    finally:
        subprocess.run(["umount", str(room)], check=True)


def test_read_only_is_its_own_error() -> None:
    assert issubclass(StoreReadOnly, StoreError)
