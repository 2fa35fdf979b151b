"""What somebody else changed in a store, and pages that are damaged: found, and located."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import apsw
import numpy as np
import pytest

from engine.errors import InvariantBroken, StoreError
from engine.store.sqlite import SqliteStore
from tests.store.files import behind_its_back, filled
from tests.store.made_up import MadeUp, write_whole

# --- tampering ---------------------------------------------------------------------------

_TAMPER = {
    "a byte of a record": (
        "UPDATE segment SET records = "
        "CAST(substr(records, 1, 99) || x'07' || substr(records, 101) AS BLOB) WHERE sequence = 6",
        6,
    ),
    "a byte of a text": (
        "UPDATE segment SET text = "
        "CAST(substr(text, 1, length(text) - 1) || x'21' AS BLOB) WHERE sequence = 6",
        6,
    ),
    "an instant": ("UPDATE segment SET instant = instant + 1 WHERE sequence = 6", 6),
    "balanced sums": (
        "UPDATE segment SET cash = cash + 1, account = account - 1 WHERE sequence = 6",
        6,
    ),
    "text offsets": ("UPDATE segment SET text_starts = zeroblob(16) WHERE sequence = 6", 6),
    "a digest": ("UPDATE segment SET digest = zeroblob(32) WHERE sequence = 6", 6),
    "a removed segment": ("DELETE FROM segment WHERE sequence = 6", 6),
    "a removed first segment": ("DELETE FROM segment WHERE sequence = 1", 1),
    "two swapped": (
        "UPDATE segment SET sequence = -1 WHERE sequence = 6;"
        "UPDATE segment SET sequence = 6 WHERE sequence = 7;"
        "UPDATE segment SET sequence = 7 WHERE sequence = -1;",
        6,
    ),
    "an inserted copy": (
        "INSERT INTO segment SELECT 9, kind, format, instant, first_position, items, total, "
        "pooled_fund, large_amount_fund, institution_share, account, family_account, cash, "
        "digest, text_starts, text, records FROM segment WHERE sequence = 8",
        9,
    ),
}


@pytest.mark.parametrize("what", _TAMPER)
def test_a_change_is_found_and_located(path: Path, what: str) -> None:
    statement, sequence = _TAMPER[what]
    filled(path)
    with behind_its_back(path) as connection:
        connection.execute(statement)
    with SqliteStore.open(path, check=False) as store:
        problems = store.check_integrity()
    assert problems[0].sequence == sequence
    if sequence >= 4:  # the tables stand for 4: from there on it is looked at when opening
        with pytest.raises(InvariantBroken, match=f"segment {sequence}"):
            SqliteStore.open(path)


def test_every_changed_segment_is_named(path: Path) -> None:
    filled(path)
    with behind_its_back(path) as connection:
        connection.execute("UPDATE segment SET instant = 1 WHERE sequence IN (2, 7)")
    with SqliteStore.open(path, check=False) as store:
        assert [problem.sequence for problem in store.check_integrity()] == [2, 7]


def test_a_journal_cut_behind_its_checkpoint_is_found(path: Path) -> None:
    filled(path)
    with behind_its_back(path) as connection:
        connection.execute("DELETE FROM segment WHERE sequence > 3")
    with pytest.raises(InvariantBroken, match="stand for segment 4"):
        SqliteStore.open(path)
    with SqliteStore.open(path, check=False) as store:
        assert "stand for segment 4" in store.check_integrity()[0].what


def test_tables_ahead_of_the_journal_are_found(path: Path) -> None:
    filled(path)
    with behind_its_back(path) as connection:
        row = connection.execute("SELECT lines FROM account LIMIT 1").get
        lines = np.frombuffer(row, dtype="<i8").reshape(-1, 3).copy()
        lines[5, 1] = 13
        connection.execute("UPDATE account SET lines = ?", (lines.tobytes(),))
    with SqliteStore.open(path) as store:
        assert [p.what for p in store.check_integrity()] == [
            "account names entry 13, but at segment 4 the journal had 12"
        ]


def damage_pages(path: Path, pages: Iterable[int]) -> None:
    content = bytearray(path.read_bytes())
    for page in pages:
        content[8192 * page : 8192 * page + 8] = b"\xff" * 8
    path.write_bytes(content)


def test_a_damaged_page_of_the_journal_is_found_by_who_looks(path: Path) -> None:
    made = MadeUp()
    large = made.entries(700)
    with SqliteStore.open(path) as store:
        store.append([large])
        for _ in range(8):
            store.append([made.entries(3)])
        write_whole(store, made.checkpoint(8))
    # In the middle of a segment that takes many pages.
    page = path.read_bytes().index(large.records[200_000:201_000]) // 8192
    damage_pages(path, [page])
    with SqliteStore.open(path) as store:
        assert store.check_integrity()


@pytest.mark.parametrize("table", ["member_year", "account", "visit", "request_id", "credit"])
def test_a_damaged_page_of_a_table_is_found_at_once(path: Path, table: str) -> None:
    filled(path)
    with SqliteStore.open(path):
        pass  # the log is copied into the file
    connection = apsw.Connection(str(path))
    query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
    page = connection.execute(query, (table,)).get
    connection.close()
    damage_pages(path, [page - 1])
    with pytest.raises((InvariantBroken, StoreError)):
        SqliteStore.open(path)
    with SqliteStore.open(path, check=False) as store:
        assert store.check_integrity()


def test_progress_is_told(path: Path) -> None:
    filled(path)
    told: list[tuple[int, int]] = []
    with SqliteStore.open(path) as store:
        assert store.check_integrity(lambda done, last: told.append((done, last))) == []
    assert told == [(number, 8) for number in range(1, 9)]
