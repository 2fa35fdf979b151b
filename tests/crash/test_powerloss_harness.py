"""Self-tests of the power-loss harness: it must be neither too kind nor impossible."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from tests.crash.powerloss import (
    SECTOR,
    Bind,
    DirSync,
    Event,
    Image,
    Log,
    Mark,
    Recorder,
    Sync,
    Truncate,
    Write,
    crash_images,
    intact_files,
)

COMMITS = 100
IMAGES = 600
SEED = 20261122


@dataclass(frozen=True)
class Toy:
    """How the toy store is set up."""

    journal: str = "wal"
    synchronous: str = "full"
    locking: str = "exclusive"
    checkpoint_pages: int = 1000
    acknowledge_first: bool = False


def open_toy(path: Path, vfs: str, toy: Toy) -> apsw.Connection:
    """Open the toy store through a VFS."""
    connection = apsw.Connection(str(path), vfs=vfs)
    for pragma in (
        f"locking_mode={toy.locking}",
        f"journal_mode={toy.journal}",
        f"synchronous={toy.synchronous}",
        f"wal_autocheckpoint={toy.checkpoint_pages}",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.execute("CREATE TABLE IF NOT EXISTS entry(id INTEGER PRIMARY KEY, body BLOB)")
    return connection


def record(folder: Path, toy: Toy) -> Recorder:
    """Run the toy store for some commits, marking each as acknowledged."""
    folder.mkdir(exist_ok=True)
    rng = random.Random(SEED)
    with Recorder(folder) as rec:
        connection = open_toy(folder / "toy.db", rec.vfs_name, toy)
        for number in range(COMMITS):
            if toy.acknowledge_first:
                rec.mark(number)
            body = rng.randbytes(rng.randrange(20, 6000))
            connection.execute("INSERT INTO entry VALUES(?, ?)", (number, body))
            if not toy.acknowledge_first:
                rec.mark(number)
        connection.close()
    return rec


def read_back(path: Path) -> tuple[set[object], bool]:
    """The rows that survived, and whether the database is sound."""
    if not path.exists():
        return set(), True
    connection = apsw.Connection(str(path))
    try:
        sound = connection.pragma("integrity_check") == "ok"
        rows = {row[0] for row in connection.execute("SELECT id FROM entry")}
    except (apsw.CorruptError, apsw.NotADBError, apsw.IOError):
        return set(), False
    except apsw.SQLError:  # the table itself is gone
        rows = set()
    finally:
        connection.close()
    return rows, sound


def judge(rec: Recorder, target: Path, count: int = IMAGES) -> Counter[str]:
    """Count the images that lost an acknowledged row, or are corrupt, or have a gap."""
    verdict: Counter[str] = Counter()
    for image in rec.images(SEED, count):
        image.materialise(target)
        rows, sound = read_back(target / "toy.db")
        verdict["images"] += 1
        verdict["corrupt"] += not sound
        verdict["lost"] += not set(image.marks) <= rows
        verdict["gap"] += rows != set(range(len(rows)))
    return verdict


@pytest.mark.parametrize("checkpoint_pages", [1000, 20])
def test_full_loses_nothing(tmp_path: Path, checkpoint_pages: int) -> None:
    rec = record(tmp_path / "live", Toy(checkpoint_pages=checkpoint_pages))
    verdict = judge(rec, tmp_path / "image")
    assert verdict == Counter(images=IMAGES, lost=0, corrupt=0, gap=0)


def test_normal_loses_acknowledged_rows(tmp_path: Path) -> None:
    rec = record(tmp_path / "live", Toy(synchronous="normal"))
    verdict = judge(rec, tmp_path / "image")
    assert verdict["lost"] > 50
    assert verdict["corrupt"] == 0


def test_off_corrupts(tmp_path: Path) -> None:
    rec = record(tmp_path / "live", Toy(synchronous="off", checkpoint_pages=20))
    verdict = judge(rec, tmp_path / "image")
    assert verdict["lost"] > 50
    assert verdict["corrupt"] > 0


def test_acknowledging_before_the_commit_is_caught(tmp_path: Path) -> None:
    rec = record(tmp_path / "live", Toy(acknowledge_first=True))
    verdict = judge(rec, tmp_path / "image")
    assert verdict["lost"] > 50
    assert verdict["corrupt"] == 0


def test_folder_sync_matters_for_rollback_journals(tmp_path: Path) -> None:
    """SQLite documents it: only EXTRA syncs the folder after deleting the journal."""
    full = Toy(journal="delete", locking="normal", synchronous="full")
    extra = Toy(journal="delete", locking="normal", synchronous="extra")
    lost = {
        toy.synchronous: judge(record(tmp_path / toy.synchronous, toy), tmp_path / "image")
        for toy in (full, extra)
    }
    assert lost["full"]["lost"] > 50
    assert lost["full"]["corrupt"] == 0
    assert lost["extra"] == Counter(images=IMAGES, lost=0, corrupt=0, gap=0)


@pytest.mark.parametrize("journal", ["wal", "delete", "truncate", "persist"])
def test_nothing_escapes_the_recorder(tmp_path: Path, journal: str) -> None:
    """The log replayed without loss is the folder, byte for byte, mid-run and at the end."""
    live, copy = tmp_path / "live", tmp_path / "copy"
    live.mkdir()
    with Recorder(live) as rec:
        connection = open_toy(live / "toy.db", rec.vfs_name, Toy(journal, checkpoint_pages=20))
        for number in range(30):
            connection.execute("INSERT INTO entry VALUES(?, randomblob(3000))", (number,))
        shutil.copytree(live, copy)
        assert intact_files(rec.log) == contents(copy)
        connection.close()
    assert intact_files(rec.log) == contents(live)
    assert len(contents(live)["toy.db"]) > 30 * 3000


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_same_seed_same_images(tmp_path: Path) -> None:
    rec = record(tmp_path / "live", Toy(synchronous="normal"))
    first = list(rec.images(7, 50))
    assert first == list(rec.images(7, 50))
    assert [i.files for i in first] != [i.files for i in rec.images(8, 50)]


def test_reopened_store_keeps_what_it_had(tmp_path: Path) -> None:
    """A second recording starts from the files of the first, taken as safe."""
    record(tmp_path / "live", Toy())
    with Recorder(tmp_path / "live") as rec:
        connection = open_toy(tmp_path / "live" / "toy.db", rec.vfs_name, Toy())
        rec.mark("opened")
        for number in range(COMMITS, COMMITS + 10):
            connection.execute("INSERT INTO entry VALUES(?, x'00')", (number,))
        connection.close()
    for image in rec.images(SEED, 100):
        image.materialise(tmp_path / "image")
        rows, sound = read_back(tmp_path / "image" / "toy.db")
        assert sound
        assert set(range(COMMITS)) <= rows


def images_of(events: list[Event], initial: dict[str, bytes], count: int = 400) -> list[Image]:
    """Images of a hand-written log, all with the crash after its last event."""
    log = Log(initial)
    for event in events:
        log.add(event)
    return list(crash_images(log, SEED, [len(events)] * count))


def outcomes(events: list[Event], name: str, **initial: bytes) -> set[bytes | None]:
    """Everything that may be found under a name after a hand-written log."""
    return {image.files.get(name) for image in images_of(events, initial)}


def test_synced_writes_stay() -> None:
    events: list[Event] = [Write(0, 0, b"new"), Sync(0, 1)]
    assert outcomes(events, "f", f=b"old") == {b"new"}


def test_writes_during_a_sync_are_not_covered() -> None:
    events: list[Event] = [Write(0, 0, b"A"), Write(0, 1, b"B"), Sync(0, 1)]
    assert outcomes(events, "f", f=b"..") == {b"A.", b"AB"}


def test_sync_of_one_file_does_not_cover_another() -> None:
    events: list[Event] = [Write(0, 0, b"A"), Write(1, 0, b"B"), Sync(1, 2)]
    assert outcomes(events, "f", f=b".", g=b".") == {b".", b"A"}
    assert outcomes(events, "g", f=b".", g=b".") == {b"B"}


def test_unsynced_writes_have_no_order() -> None:
    events: list[Event] = [Write(0, 0, b"A"), Write(0, 1, b"B")]
    assert outcomes(events, "f", f=b"..") == {b"..", b"A.", b".B", b"AB"}


def test_tears_follow_the_sectors_of_the_file() -> None:
    size = 4 * SECTOR
    events: list[Event] = [Write(0, 100, b"N" * (size - 200))]
    found = outcomes(events, "f", f=b"o" * size)
    assert len(found) > 8
    for content in found:
        assert content is not None
        assert content[:100] == content[-100:] == b"o" * 100
        inner = content[100:-100]
        for start in range(0, size, SECTOR):
            assert len(set(inner[max(0, start - 100) : start + SECTOR - 100])) == 1


def test_lost_appends_may_leave_a_longer_file() -> None:
    found = outcomes([Write(0, 4, b"tail")], "f", f=b"head")
    assert {b"head", b"headtail", b"head" + bytes(4)} < found
    assert all(content is not None and content[:4] == b"head" for content in found)


def test_truncate_is_kept_or_dropped() -> None:
    assert outcomes([Truncate(0, 1)], "f", f=b"abc") == {b"a", b"abc"}
    assert outcomes([Truncate(0, 1), Sync(0, 1)], "f", f=b"abc") == {b"a"}
    assert outcomes([Truncate(0, 4), Sync(0, 1)], "f", f=b"abc") == {b"abc\0"}


def test_deletion_is_certain_only_after_a_folder_sync() -> None:
    assert outcomes([Bind("f", None)], "f", f=b"x") == {b"x", None}
    assert outcomes([Bind("f", None), DirSync("", 1)], "f", f=b"x") == {None}
    assert outcomes([Bind("f", None), DirSync("sub", 1)], "f", f=b"x") == {b"x", None}


def test_creation_is_certain_only_after_a_folder_sync() -> None:
    events: list[Event] = [Bind("f", 0), Write(0, 0, b"x"), Sync(0, 2)]
    assert outcomes(events, "f") == {b"x", None}
    assert outcomes([*events, DirSync("", 3)], "f") == {b"x"}


def test_a_name_used_again_may_still_lead_to_the_old_file() -> None:
    events: list[Event] = [Bind("f", None), Bind("f", 1), Write(1, 0, b"new"), Sync(1, 3)]
    assert outcomes(events, "f", f=b"old") == {b"old", None, b"new"}
    assert outcomes([*events, DirSync("", 4)], "f", f=b"old") == {b"new"}


def test_marks_are_those_before_the_crash() -> None:
    log = Log()
    for value in "abc":
        log.add(Mark(value))
    assert [i.marks for i in crash_images(log, SEED, [3, 0, 1])] == [(), ("a",), ("a", "b", "c")]


def test_materialise_removes_what_is_not_in_the_image(tmp_path: Path) -> None:
    (tmp_path / "old-wal").write_bytes(b"left over")
    (image,) = images_of([], {"sub/f": b"x", "g": b"y"}, count=1)
    image.materialise(tmp_path)
    found = {str(p.relative_to(tmp_path)): p for p in tmp_path.rglob("*") if p.is_file()}
    assert {name: path.read_bytes() for name, path in found.items()} == image.files
