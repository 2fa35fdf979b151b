"""A copy of a store that is made while the store is used."""

from __future__ import annotations

import re
import resource
from contextlib import closing
from pathlib import Path

import pytest

import engine.store.backup
from engine.errors import BackupError
from engine.store.backup import Backup, Kept
from engine.store.postgres import PostgresStore
from engine.store.sqlite import SqliteStore
from tests.store.files import filled
from tests.store.made_up import MadeUp, write_whole

SOME_PAGES = 5 * 8192


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def whole(backup: Backup) -> Kept:
    while (kept := backup.step(SOME_PAGES)) is None:
        pass
    return kept


def journal(store: SqliteStore) -> list[object]:
    return list(store.segments(0, 0))


def take_back_a_change(store: SqliteStore) -> None:
    with store._transaction():
        store._connection.execute("UPDATE meta SET value = 7 WHERE key = 'format'")
        raise ZeroDivisionError


def test_what_is_committed_between_two_steps_is_in_the_copy(path: Path, folder: Path) -> None:
    """Also a checkpoint, a part of one, and a transaction that was taken back."""
    made = filled(path, segments=60)
    with SqliteStore.open(path) as store:
        backup = store.back_up(folder)
        steps = 0
        while (kept := backup.step(SOME_PAGES)) is None:
            steps += 1
            assert 0 < backup.copied < backup.total
            store.append([made.entries(3)])
            if steps == 2:
                write_whole(store, made.checkpoint(store.sequence))
            if steps == 4:
                with pytest.raises(ZeroDivisionError):
                    take_back_a_change(store)
            if steps >= 6:
                store.begin_checkpoint(made.checkpoint(store.sequence))
                store.write_checkpoint(1)
        assert steps > 8
        assert store.checkpoint_under_way
        assert kept.file == folder / f"store-{60 + steps}.db"
        assert (kept.sequence, kept.digest) == (store.sequence, store.last_digest)
        assert kept.position == store.last_position
        assert kept.size == kept.file.stat().st_size
        assert kept.file.stat().st_mode & 0o777 == 0o600
        with SqliteStore.open(kept.file) as copy:
            assert copy.check_integrity() == []
            assert copy.last_digest == kept.digest
            assert 62 < copy.checkpoint_sequence == store.checkpoint_sequence < kept.sequence
            assert journal(copy) == journal(store)
        store.append([made.entries(3)])
    assert sorted(file.suffix for file in folder.iterdir()) == [".db", ".lock"]


def test_a_copy_goes_on_like_any_store(path: Path, folder: Path) -> None:
    made = filled(path)
    with SqliteStore.open(path) as store:
        kept = whole(store.back_up(folder))
    segment = made.entries(2)
    for file in path, kept.file:
        with SqliteStore.open(file) as store:
            store.append([segment])
            assert store.check_integrity() == []


def test_an_empty_store_and_the_same_again(path: Path, folder: Path) -> None:
    with SqliteStore.open(path) as store:
        first = whole(store.back_up(folder))
        assert (first.sequence, first.position) == (0, 0)
        assert whole(store.back_up(folder)) == first
    assert [file.name for file in folder.iterdir()] == ["store-0.db"]


def test_what_an_earlier_copy_left_is_written_over(path: Path, folder: Path) -> None:
    filled(path)
    folder.joinpath("store.partial").write_bytes(b"half a copy" * 10_000)
    with SqliteStore.open(path) as store:
        kept = whole(store.back_up(folder))
    with SqliteStore.open(kept.file) as copy:
        assert copy.check_integrity() == []
    assert not folder.joinpath("store.partial").exists()


def test_what_is_given_up_leaves_nothing(path: Path, folder: Path) -> None:
    filled(path)
    with SqliteStore.open(path) as store:
        backup = store.back_up(folder)
        assert backup.step(1) is None
        backup.discard()
        backup.discard()
        assert list(folder.iterdir()) == []
        whole(store.back_up(folder))


def test_a_disk_that_is_full_half_way_leaves_nothing_and_harms_nobody(
    path: Path, folder: Path
) -> None:
    made = filled(path, segments=60)
    with SqliteStore.open(path) as store:
        backup = store.back_up(folder)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (backup.total // 2, before[1]))
        try:
            with pytest.raises(BackupError, match="nothing was kept of the copy"):
                whole(backup)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert list(folder.iterdir()) == []
        store.append([made.entries(1)])
        assert store.check_integrity() == []


def test_where_no_copy_can_be_made(
    path: Path, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path)
    with SqliteStore.open(path) as store:
        for place in (tmp_path / "nowhere", path):
            with pytest.raises(BackupError, match=re.escape(place.name)):
                store.back_up(place)
        monkeypatch.setattr(engine.store.backup, "ROOM_BYTES", 1 << 60)
        with pytest.raises(BackupError, match=r"MiB free, \d+ MiB needed; make room"):
            store.back_up(folder)
    assert list(folder.iterdir()) == []


def test_a_database_is_not_copied_by_us(database: str, folder: Path) -> None:
    with PostgresStore.open(database) as store, pytest.raises(BackupError, match="pg_dump"):
        store.back_up(folder)


def test_a_store_that_is_closed_ends_its_copy(path: Path, folder: Path) -> None:
    made = MadeUp()
    with SqliteStore.open(path) as store:
        store.append([made.entries(300)])
        backup = store.back_up(folder)
        backup.step(1)
    with pytest.raises(BackupError):
        whole(backup)
    assert list(folder.iterdir()) == []
    with closing(SqliteStore.open(path)) as store:
        assert store.check_integrity() == []
