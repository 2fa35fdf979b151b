"""What only the embedded store has: its lock, its guard, its chain, its errors."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import apsw
import numpy as np
import pytest

from engine.domain.journal import SegmentKind
from engine.domain.layout import ENTRY
from engine.errors import OutcomeUnknown, StoreError, StoreFull, StoreLocked
from engine.store import schema, seal, sqlite, sqlite_tables
from engine.store.sqlite import SqliteStore
from tests.store.files import behind_its_back, filled
from tests.store.made_up import MadeUp, write_whole

# --- the lock ----------------------------------------------------------------------------


def test_one_process_at_a_time(path: Path) -> None:
    program = (
        "import sys\nfrom engine.store.sqlite import SqliteStore\nSqliteStore.open(sys.argv[1])\n"
    )
    with SqliteStore.open(path) as store:
        with pytest.raises(StoreLocked):
            SqliteStore.open(path)
        command = [sys.executable, "-c", program, str(path)]
        other = subprocess.run(command, capture_output=True, text=True, check=False)
        assert other.returncode != 0
        assert "StoreLocked" in other.stderr
        assert store.append([MadeUp().entries(1)]) == 1
    SqliteStore.open(path).close()


def test_the_owner_is_named(path: Path) -> None:
    with SqliteStore.open(path), pytest.raises(StoreLocked, match=f"process {os.getpid()} "):
        SqliteStore.open(path)


def test_a_symbolic_link_leads_to_the_same_lock(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").symlink_to(path)
    (tmp_path / "folder").symlink_to(tmp_path)
    with SqliteStore.open(path):
        for other in ("elsewhere/file", "folder/store.db", "elsewhere/../store.db"):
            with pytest.raises(StoreLocked):
                SqliteStore.open(tmp_path / other)


def test_a_hard_link_is_caught_by_sqlite(path: Path, tmp_path: Path) -> None:
    with SqliteStore.open(path) as store:
        os.link(path, tmp_path / "second.db")
        with pytest.raises(StoreLocked):
            SqliteStore.open(tmp_path / "second.db")
        store.append([MadeUp().entries(1)])


def test_a_killed_owner_leaves_nothing_locked(path: Path) -> None:
    program = (
        "import os, sys\nfrom engine.store.sqlite import SqliteStore\n"
        "from tests.store.made_up import MadeUp, write_whole\n"
        "store = SqliteStore.open(sys.argv[1])\nstore.append([MadeUp().entries(5)])\n"
        "print('ready', flush=True)\nsys.stdin.read()\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    with owner, owner.stdin, owner.stdout:
        assert owner.stdout.readline() == b"ready\n"
        with pytest.raises(StoreLocked, match=f"process {owner.pid} "):
            SqliteStore.open(path)
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    with SqliteStore.open(path) as store:
        assert store.sequence == 1
        assert store.check_integrity() == []


def test_a_failed_open_leaves_nothing_locked(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    for _ in range(2):
        with pytest.raises(StoreError, match="not a store") as caught:
            SqliteStore.open(path)
        assert not isinstance(caught.value, StoreLocked)


def test_only_the_owner_may_read_the_files(path: Path) -> None:
    with SqliteStore.open(path):
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


# --- the guard ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "unsafe"),
    [
        ("journal_mode", "DELETE"),
        ("synchronous", "NORMAL"),
        ("synchronous", "OFF"),
        ("locking_mode", "NORMAL"),
        ("foreign_keys", "OFF"),
        ("trusted_schema", "ON"),
        ("cell_size_check", "OFF"),
    ],
)
def test_an_unsafe_setting_refuses_to_start(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, unsafe: str
) -> None:
    safe = schema.PRAGMAS[name]
    monkeypatch.setitem(schema.PRAGMAS, name, safe._replace(value=unsafe))
    with pytest.raises(StoreError, match=name):
        SqliteStore.open(path)


def test_an_old_sqlite_refuses_to_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(StoreError, match=r"3\.51\.2 is too old"):
        SqliteStore.open(path)


def test_another_programs_database_is_left_alone(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE theirs(a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a store of ours"):
        SqliteStore.open(path)
    assert path.read_bytes() == before


def test_a_newer_store_is_not_opened(path: Path) -> None:
    filled(path)
    with behind_its_back(path) as connection:
        connection.execute("UPDATE meta SET value = 9 WHERE key = 'format'")
    with pytest.raises(StoreError, match="has format 9, this program knows 4"):
        SqliteStore.open(path)


def test_another_layout_is_not_opened(path: Path) -> None:
    filled(path)
    with behind_its_back(path) as connection:
        connection.execute("UPDATE layout SET description = replace(description, 'cash', 'cush')")
    with pytest.raises(StoreError, match="layout"):
        SqliteStore.open(path)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        SqliteStore.open(tmp_path / "nowhere" / "store.db")


# --- the journal as NumPy and SQL see it -------------------------------------------------


def test_numpy_alone_reads_the_journal(path: Path) -> None:
    made = filled(path)
    connection = apsw.Connection(str(path))
    layout = json.loads(connection.execute("SELECT description FROM layout").get)
    dtype, text_fields = np.dtype(layout["entry"]), layout["text"]
    number = 0
    for records, text, total in connection.execute(
        "SELECT records, text, total FROM segment WHERE kind = 1 ORDER BY sequence"
    ):
        entries = np.frombuffer(records, dtype)
        assert int(entries["result.total"].sum()) == total
        start = 0
        for entry in entries:
            expected = made.texts[number]
            number += 1
            for name, part in zip(text_fields, expected, strict=True):
                end = start + int(entry[name])
                assert text[start:end].decode() == part
                start = end
    connection.close()
    assert number == len(made.texts)
    assert dtype.itemsize == ENTRY.itemsize


def test_the_journal_cannot_be_changed_by_accident(path: Path) -> None:
    filled(path)
    connection = apsw.Connection(str(path))
    for statement in ("UPDATE segment SET instant = 0", "DELETE FROM segment"):
        with pytest.raises(apsw.ConstraintError, match="never"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("query", ["segment_position", "segment_register"])
def test_the_indexes_are_used(path: Path, query: str) -> None:
    sql = {"segment_position": sqlite_tables._AT, "segment_register": sqlite._REGISTERS}[query]
    filled(path)
    connection = apsw.Connection(str(path))
    plan = connection.execute("EXPLAIN QUERY PLAN " + sql, (1, 2)[: sql.count("?")]).fetchall()
    connection.close()
    assert any(query in str(step) for step in plan)
    assert not any("SCAN" in str(step) or "B-TREE" in str(step) for step in plan)


# --- full disks and failing syncs --------------------------------------------------------


def test_a_nearly_full_disk_is_refused_before_anything_is_written(path: Path) -> None:
    made = filled(path)
    with SqliteStore.open(path, headroom=1 << 60) as store:
        with pytest.raises(StoreFull, match="nothing was written"):
            store.append([made.entries(1)])
        with pytest.raises(StoreFull):
            write_whole(store, made.checkpoint(5))
        assert (store.sequence, store.checkpoint_sequence) == (8, 4)
        assert store.check_integrity() == []


def test_the_headroom_is_counted_on_top_of_what_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = namedtuple("disk", "f_bavail f_frsize")
    made = MadeUp()
    small, large = made.entries(1), made.entries(100)
    with SqliteStore.open(path, headroom=0) as store:
        monkeypatch.setattr(os, "statvfs", lambda _: disk(10, 4096))
        store.append([small])
        with pytest.raises(StoreFull):
            store.append([large])
        monkeypatch.setattr(os, "statvfs", lambda _: disk(100, 4096))
        store.append([large])


class FaultyFile(apsw.VFSFile):
    """A file that fails as its VFS is told to."""

    def __init__(self, vfs: FaultyVFS, name: str | apsw.URIFilename | None, flags: list[int]):
        super().__init__("", name, flags)
        self._vfs = vfs

    def xSync(self, flags: int) -> None:
        self._vfs.perhaps_fail("sync")
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._vfs.perhaps_fail("write")
        super().xWrite(data, offset)


class FaultyVFS(apsw.VFS):
    """The default VFS, failing at a chosen call from now."""

    def __init__(self) -> None:
        super().__init__("faulty", "")
        self.call, self.left = "", -1
        self.error: Exception = apsw.IOError()

    def fail(self, call: str, after: int = 0, error: Exception | None = None) -> None:
        self.call, self.left = call, after
        self.error = error or apsw.IOError("planted")

    def perhaps_fail(self, call: str) -> None:
        if call == self.call and self.left >= 0:
            self.left -= 1
            if self.left < 0:
                raise self.error

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return FaultyFile(self, name, flags)


@pytest.fixture
def faulty() -> Iterator[FaultyVFS]:
    vfs = FaultyVFS()
    yield vfs
    vfs.unregister()


@pytest.mark.parametrize("call", ["sync", "write"])
@pytest.mark.parametrize("error", [apsw.IOError("planted"), OSError(errno.EIO, "planted")])
def test_a_failed_commit_is_unknown_and_the_store_stops(
    path: Path, faulty: FaultyVFS, call: str, error: Exception
) -> None:
    made = MadeUp()
    store = SqliteStore.open(path, vfs="faulty")
    store.append([made.entries(2)])
    faulty.fail(call, error=error)
    segment = made.entries(1)
    with pytest.raises(OutcomeUnknown, match="COMMIT failed"):
        store.append([segment])
    with pytest.raises(OutcomeUnknown, match="earlier COMMIT"):
        store.append([segment])
    with pytest.raises(OutcomeUnknown, match="earlier COMMIT"):
        write_whole(store, made.checkpoint(1))
    store.close()
    with SqliteStore.open(path) as store:
        assert store.check_integrity() == []
        present = store.sequence == 2
        # The whole log was written before the sync failed; half of it when a write did.
        assert present == (call == "sync")
        if not present:
            store.append([segment])
        assert store.entry(3) == (segment.records, segment.text)


def test_a_failed_checkpoint_is_unknown_and_loses_no_segment(path: Path, faulty: FaultyVFS) -> None:
    made = MadeUp()
    store = SqliteStore.open(path, vfs="faulty")
    store.append([made.entries(2)])
    faulty.fail("write", after=1)
    with pytest.raises(OutcomeUnknown):
        write_whole(store, made.checkpoint(1))
    assert store.checkpoint_sequence == 0
    store.close()
    with SqliteStore.open(path) as store:
        assert (store.sequence, store.checkpoint_sequence) == (1, 0)
        write_whole(store, made.checkpoint(1))
        assert store.check_integrity() == []


def test_an_error_before_the_commit_changes_nothing(
    path: Path, faulty: FaultyVFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A cache of ten pages spills into the log while rows are still being inserted.
    monkeypatch.setitem(schema.PRAGMAS, "cache_size", schema.Setting(10, 10))
    made = MadeUp()
    store = SqliteStore.open(path, vfs="faulty")
    store.append([made.entries(1)])
    large = made.entries(2000)
    for error, expected in ((apsw.IOError("planted"), StoreError), (apsw.FullError(), StoreFull)):
        faulty.fail("write", after=20, error=error)
        with pytest.raises(expected):
            store.append([large])
        assert store.sequence == 1
    assert store.append([large, made.register(SegmentKind.MEMBERS)]) == 3
    assert store.check_integrity() == []
    store.close()


def test_a_log_left_behind_is_copied_and_emptied_on_opening(path: Path, tmp_path: Path) -> None:
    made = MadeUp()
    copy = tmp_path / "copy.db"
    with SqliteStore.open(path) as store:
        store.append([made.entries(10)])
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
    assert os.path.getsize(f"{copy}-wal") > 0
    with SqliteStore.open(copy) as store:
        assert os.path.getsize(f"{copy}-wal") == 0
        assert store.sequence == 1
        assert store.check_integrity() == []


def test_a_failed_recovery_keeps_the_log(path: Path, tmp_path: Path, faulty: FaultyVFS) -> None:
    made = MadeUp()
    copy = tmp_path / "copy.db"
    with SqliteStore.open(path) as store:
        store.append([made.entries(10)])
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
    log = Path(f"{copy}-wal").read_bytes()
    for call in ("sync", "write"):
        faulty.fail(call)
        with pytest.raises(StoreError, match="planted"):
            SqliteStore.open(copy, vfs="faulty")
        assert faulty.left < 0
        assert Path(f"{copy}-wal").read_bytes() == log
    with SqliteStore.open(copy) as store:
        assert store.sequence == 1
        assert store.check_integrity() == []


def test_sums_are_named_as_in_the_layout() -> None:
    names = ENTRY["result"].names
    assert names is not None
    assert set(seal.SUMS) <= set(names)
