"""Before the first look: an older or half-made file takes its steps; a damaged one is
moved aside with what its user typed saved from it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from state.db.connection import bring_up_to_date, open_store
from state.db.history import drafts, load_world
from state.db.migrations import MIGRATIONS, migrate
from state.home import store_path
from state.model import World
from tests.store.helpers import (
    HOME,
    T1,
    decided,
    noted,
    publish,
    review,
    seen,
    writing,
    written,
)
from tui.services import restore


def half_made(path: Path, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with monkeypatch.context() as patch, closing(sqlite3.connect(path)) as db:
        patch.setattr("state.db.migrations.MIGRATIONS", MIGRATIONS[:steps])
        db.isolation_level = None
        db.execute("PRAGMA journal_mode = WAL")
        migrate(db, path)


@pytest.mark.parametrize("steps", range(len(MIGRATIONS)))
def test_a_file_behind_takes_its_steps_before_it_is_read(
    steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told that a table is missing because a start was cut short."""
    half_made(store_path(tmp_path), steps, monkeypatch)
    world, remembered, problem = restore(tmp_path, HOME)
    assert (world.threads, problem, remembered.notice) == ({}, "", "")
    with closing(sqlite3.connect(store_path(tmp_path))) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_an_up_to_date_file_is_not_touched(store: Path) -> None:
    written(store, [seen(T1)])
    before = store.stat().st_mtime_ns
    bring_up_to_date(store)
    assert store.stat().st_mtime_ns == before


def test_a_newer_file_is_said_and_left(tmp_path: Path) -> None:
    path = store_path(tmp_path)
    written(path, [seen(T1)])
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    world, _, problem = restore(tmp_path, HOME)
    assert world.threads == {}
    assert "newer codex-tui" in problem
    assert path.read_bytes() == before


def spoil(path: Path, table: str) -> None:
    """Overwrite the first page of a table."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


async def _used(path: Path) -> None:
    async with writing(path) as writer:
        world = publish(writer, World(), seen(T1, preview="words"))
        world = publish(writer, world)
        await writer.flush()
        await writer.commit_now(noted("s1", "sent, fate unknown"))
        await writer.commit_now(decided(review().key.request_id))
        writer.draft("t1", "half a thought")
        writer.view_state("theme", '"paper"')
        await writer.flush()


def test_what_the_user_typed_is_saved_from_a_damaged_file(tmp_path: Path) -> None:
    path = store_path(tmp_path)
    asyncio.run(_used(path))
    spoil(path, "thread")
    world, remembered, problem = restore(tmp_path, HOME)
    assert problem == ""
    assert world.threads == {}, "threads come back from the engine"
    assert remembered.drafts == {"t1": "half a thought"}
    assert remembered.view == {"theme": "paper"}
    aside = list(tmp_path.glob("store.damaged-*.db"))
    assert len(aside) == 1
    assert aside[0].name in remembered.notice
    assert "2 drafts and messages saved" in remembered.notice
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT client_id FROM send").fetchall() == [("s1",)]
        assert db.execute("SELECT count(*) FROM decision").fetchall() == [(1,)]
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert restore(tmp_path, HOME)[1].notice == ""


def test_a_damaged_table_costs_the_others_nothing(tmp_path: Path) -> None:
    path = store_path(tmp_path)
    asyncio.run(_used(path))
    spoil(path, "draft")
    _, remembered, problem = restore(tmp_path, HOME)
    assert problem == ""
    assert remembered.drafts == {}
    assert remembered.view == {"theme": "paper"}
    assert "1 draft or message saved" in remembered.notice
    assert load_world(path) == {}


def test_a_damaged_file_another_window_has_open_is_said(tmp_path: Path) -> None:
    path = store_path(tmp_path)

    async def run() -> str:
        async with writing(path):
            path.write_bytes(b"no database at all. " * 500)
            return restore(tmp_path, HOME)[2]

    assert "Close that window" in asyncio.run(run())
    assert list(tmp_path.glob("store.damaged-*")) == []


def test_an_open_writer_and_an_old_file_do_not_meet(store: Path) -> None:
    """Bringing up to date while a window writes waits for it and changes nothing."""

    async def run() -> None:
        opened = await open_store(store)
        bring_up_to_date(store)
        await opened.db.close()
        os.close(opened.guard)

    asyncio.run(run())
    assert drafts(store) == ()
