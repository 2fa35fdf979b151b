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
    while not backup.step(SOME_PAGES):
        pass
    return backup.keep()


def copies(folder: Path) -> list[Path]:
    """Return what is there but for lock files, which stay."""
    return [file for file in folder.iterdir() if file.suffix != ".lock"]


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
        while not backup.step(SOME_PAGES):
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
        kept = backup.keep()
        assert steps > 8
        assert store.checkpoint_under_way
        digits = store.last_digest.hex()[:8]
        assert kept.file == folder / f"store-{60 + steps}-{digits}.db"
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
    assert copies(folder) == [kept.file]


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
        assert first.file.name == "store-0-00000000.db"
        before = first.file.stat()
        assert whole(store.back_up(folder)) == first
    assert copies(folder) == [first.file]
    assert first.file.stat().st_ino == before.st_ino


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
        assert not backup.step(1)
        with pytest.raises(BackupError, match="not whole"):
            backup.keep()
        backup.discard()
        backup.discard()
        assert copies(folder) == []
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
            with pytest.raises(BackupError, match="no copy was made"):
                whole(backup)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert copies(folder) == []
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
    assert copies(folder) == []


def test_one_copy_of_a_name_at_a_time(tmp_path: Path, folder: Path) -> None:
    """Of two stores with one name, and of a store that has the name of its copy under way."""
    for place in ("a", "b"):
        tmp_path.joinpath(place).mkdir()
        filled(tmp_path / place / "store.db")
    filled(folder / "other.partial")
    with SqliteStore.open(tmp_path / "a/store.db") as one:
        first = one.back_up(folder)
        with SqliteStore.open(tmp_path / "b/store.db") as other:
            with pytest.raises(BackupError, match="holds the store"):
                other.back_up(folder)
            assert whole(first).sequence == one.sequence
            whole(other.back_up(folder))
    with SqliteStore.open(folder / "other.partial") as store:
        with pytest.raises(BackupError, match="holds the store"):
            store.back_up(folder)
        assert store.check_integrity() == []


def test_a_disk_that_does_not_keep_it_leaves_nothing(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path)

    def fails(_: Path) -> None:
        raise OSError("no sync")

    with SqliteStore.open(path) as store:
        backup = store.back_up(folder)
        while not backup.step(SOME_PAGES):
            pass
        with monkeypatch.context() as patch:
            patch.setattr(engine.store.backup, "_sync", fails)
            with pytest.raises(BackupError, match="no sync"):
                backup.keep()
        assert copies(folder) == []
        whole(store.back_up(folder))


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
    assert copies(folder) == []
    with closing(SqliteStore.open(path)) as store:
        assert store.check_integrity() == []
