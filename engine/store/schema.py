"""How an SQLite store is set up: pragmas that are read back, tables, and their format."""

import os
from typing import Final, NamedTuple

import apsw

from engine.domain.journal import FOLDED, POSITIONED, SegmentKind
from engine.domain.layout import ENTRY, FORMAT, MOVEMENT
from engine.errors import StoreError
from engine.state.tables import ACCOUNT_WIDTH, ID_USE, MEMBER_YEAR_WIDTH, ROW
from engine.store.seal import SUMS, describe_layout

STORE_FORMAT: Final = 4
"""Version of the tables below; the layout of an entry has a version of its own."""

APPLICATION_ID: Final = int.from_bytes(b"gjgj", "big")
"""Marks the file as ours; `file` and SQLite's own tools show it."""

PAGE_BYTES: Final = 8192
"""Twice SQLite's default: a segment of 10 000 entries is written a quarter faster, and a single
entry inside it found in half the time; smaller commits do not notice."""


class Setting(NamedTuple):
    """What a pragma is set to, and what it must say afterwards."""

    value: str | int
    reads: str | int


PRAGMAS: Final = {
    # Before the first access, so that WAL never makes a shared-memory index that another
    # process could join; it also closes the race in which WAL files were once corrupted.
    "locking_mode": Setting("EXCLUSIVE", "exclusive"),
    "journal_mode": Setting("WAL", "wal"),
    # Anything less loses acknowledged commits when the power goes.
    "synchronous": Setting("FULL", 2),
    "foreign_keys": Setting("ON", 1),
    "trusted_schema": Setting("OFF", 0),
    "cell_size_check": Setting("ON", 1),
    # A bad read through a memory map is a signal, not an error that can be reported.
    "mmap_size": Setting(0, 0),
    "cache_size": Setting(-65536, -65536),
    "wal_autocheckpoint": Setting(1000, 1000),
}

POSITIONED_KINDS: Final = str(tuple(map(int, POSITIONED)))
FOLDED_KINDS: Final = str(tuple(map(int, FOLDED)))
"""Kinds of segments as SQL has them; queries must say it as the indexes do, to use them."""

_OLDEST_SQLITE: Final = (3, 51, 3)
"""Versions before it may corrupt a WAL."""

PAYERS: Final = " + ".join(SUMS[1:])
NO_SUMS: Final = " AND ".join(f"{name} = 0" for name in SUMS)

_TABLES: Final = f"""
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE layout(
  format INTEGER PRIMARY KEY,
  description TEXT NOT NULL
) STRICT;

CREATE TABLE segment(
  sequence INTEGER PRIMARY KEY CHECK (sequence >= 1),
  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND {max(SegmentKind):d}),
  format INTEGER NOT NULL REFERENCES layout(format),
  instant INTEGER NOT NULL,
  first_position INTEGER NOT NULL CHECK (first_position >= 1),
  items INTEGER NOT NULL CHECK (items >= 0),
  {", ".join(f"{name} INTEGER NOT NULL" for name in SUMS)},
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  text_starts BLOB NOT NULL,
  text BLOB NOT NULL,
  records BLOB NOT NULL,
  CHECK (total = {PAYERS}),
  CHECK (kind <> 1 OR items >= 1),
  CHECK (kind <> 1 OR length(text_starts) = 4 * (items + 1)),
  CHECK (kind <> 1 OR format <> {FORMAT} OR length(records) = items * {ENTRY.itemsize}),
  CHECK (kind <> 8 OR (items >= 1 AND length(text_starts) = 0 AND {NO_SUMS})),
  CHECK (kind <> 8 OR format <> {FORMAT} OR length(records) = items * {MOVEMENT.itemsize}),
  CHECK (kind IN {POSITIONED_KINDS}
    OR (length(text_starts) = 0 AND length(records) = 0 AND {NO_SUMS}))
) STRICT;

CREATE INDEX segment_position ON segment(first_position) WHERE kind IN {POSITIONED_KINDS};
CREATE INDEX segment_register ON segment(sequence) WHERE kind NOT IN {FOLDED_KINDS};

CREATE TRIGGER segment_stays BEFORE UPDATE ON segment
BEGIN SELECT raise(ABORT, 'the journal is never changed'); END;
CREATE TRIGGER segment_keeps BEFORE DELETE ON segment
BEGIN SELECT raise(ABORT, 'the journal is never shortened'); END;

CREATE TABLE request_id(
  sequence INTEGER NOT NULL,  -- of the checkpoint that wrote it
  number INTEGER NOT NULL,
  lowest INTEGER NOT NULL,  -- institutions in it
  highest INTEGER NOT NULL CHECK (highest >= lowest),
  last_entry INTEGER NOT NULL CHECK (last_entry >= 1),  -- the furthest that a use names
  uses BLOB NOT NULL CHECK (length(uses) > 0 AND length(uses) % {ID_USE.itemsize} = 0),
  PRIMARY KEY (sequence, number)
) STRICT;

CREATE INDEX request_id_institution ON request_id(lowest, highest);

-- A checkpoint is written in parts, and "under_way" in meta is 1 from its first part to its last.
-- Rows of these three have two sides, place % 2 or side: of those whose sequence, that of the
-- checkpoint which wrote them, is not above meta's, the one with the higher sequence counts.
CREATE TABLE member_year(
  place INTEGER PRIMARY KEY,  -- 2 * (year * 2**32 + member / {ROW}) + side
  sequence INTEGER NOT NULL,
  lines BLOB NOT NULL CHECK (length(lines) = {8 * ROW * MEMBER_YEAR_WIDTH})
) STRICT;

CREATE TABLE account(
  place INTEGER PRIMARY KEY,  -- 2 * (member / {ROW}) + side
  sequence INTEGER NOT NULL,
  lines BLOB NOT NULL CHECK (length(lines) = {8 * ROW * ACCOUNT_WIDTH})
) STRICT;

CREATE TABLE visit(
  member INTEGER NOT NULL,
  year INTEGER NOT NULL,
  institution INTEGER NOT NULL,  -- below 0 what is counted otherwise: engine.state.keyed
  visit TEXT NOT NULL,
  side INTEGER NOT NULL CHECK (side IN (0, 1)),
  sequence INTEGER NOT NULL,
  paid INTEGER NOT NULL CHECK (paid >= 0),
  PRIMARY KEY (member, year, institution, visit, side)
) STRICT, WITHOUT ROWID;

CREATE TABLE credit(
  first_position INTEGER PRIMARY KEY,  -- of a segment of movements
  city TEXT NOT NULL,
  month INTEGER NOT NULL,
  lowest INTEGER NOT NULL CHECK (lowest >= 0),  -- members in it, by number
  highest INTEGER NOT NULL CHECK (highest >= lowest)
) STRICT;

CREATE INDEX credit_month ON credit(city, month);
"""


def recognise(connection: apsw.Connection) -> None:
    """Refuse another program's database before anything in it is changed.

    Raises:
        StoreError: the file is neither empty nor a store of ours.
    """
    connection.pragma("locking_mode", "EXCLUSIVE")  # see PRAGMAS: before the first access
    empty = connection.pragma("schema_version") == 0
    if not empty and connection.pragma("application_id") != APPLICATION_ID:
        raise StoreError("an SQLite database, but not a store of ours; give another path")


def configure(connection: apsw.Connection) -> None:
    """Set every pragma and read it back.

    Raises:
        StoreError: SQLite is too old, or a pragma does not say what it must.
    """
    version = apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")) < _OLDEST_SQLITE:
        raise StoreError(f"SQLite {version} is too old: 3.51.3 or newer is needed")
    connection.pragma("page_size", PAGE_BYTES)  # an existing file keeps its own
    for name, setting in PRAGMAS.items():
        connection.pragma(name, setting.value)
        found = connection.pragma(name)
        if found != setting.reads:
            raise StoreError(
                f"SQLite runs with {name} = {found!r} where {setting.reads!r} is needed; "
                "the store would not be safe, so it is not opened"
            )


def prepare(connection: apsw.Connection) -> None:
    """Create the tables of a new store, or check that an existing one is of a known format.

    Raises:
        StoreError: the store is of a newer version.
    """
    if connection.pragma("schema_version") == 0:
        _create(connection)
    found = connection.execute("SELECT value FROM meta WHERE key = 'format'").get
    if found != STORE_FORMAT:
        raise StoreError(
            f"the store has format {found}, this program knows {STORE_FORMAT}; "
            "open it with the version that wrote it, or a newer one"
        )
    layouts: dict[int, str] = {}
    for number, description in connection.execute("SELECT format, description FROM layout"):
        layouts[int(number)] = str(description)
    if layouts != {FORMAT: describe_layout()}:
        raise StoreError(
            f"the store's entries have layouts {sorted(layouts)} and this program's layout "
            f"{FORMAT} is not among them, or differs; open it with the version that wrote it"
        )


def _create(connection: apsw.Connection) -> None:
    """Create everything in one transaction: a crash leaves an empty file or a whole store."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_TABLES)
    connection.pragma("application_id", APPLICATION_ID)
    connection.execute("INSERT INTO layout VALUES(?, ?)", (FORMAT, describe_layout()))
    connection.executemany(
        "INSERT INTO meta VALUES(?, ?)",
        [("checkpoint", 0), ("under_way", 0), ("format", STORE_FORMAT)],
    )
    # A secret of this file, so that nobody can make ids with equal fingerprints; no answer
    # depends on it.
    connection.execute("INSERT INTO meta VALUES('id_seed', random() & 0x7fffffffffffffff)")
    connection.execute("COMMIT")


def create_private(path: str) -> None:
    """Create the file, readable by its owner only: it holds what people were treated for.

    SQLite gives its own files beside it the same mode.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        # Not opened: closing it again would drop SQLite's locks on it in this process.
        return
    except OSError as error:
        raise StoreError(f"{path}: cannot be created: {error.strerror}") from error
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def settle(connection: apsw.Connection) -> None:
    """Copy a write-ahead log that was left behind into the database, and sync that.

    After a failed sync the kernel may show bytes of the log that are not on the disk, and a
    second sync of them may falsely succeed. What recovery has read is therefore written again
    before anybody relies on it.
    """
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
