"""The embedded store: one SQLite file, one process, every commit on the disk before it counts."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, Final, NamedTuple, Self

import apsw

from engine.domain.journal import Segment, SegmentKind
from engine.domain.layout import ENTRY, MOVEMENT
from engine.errors import (
    EngineError,
    InvariantBroken,
    OutcomeUnknown,
    StoreError,
    StoreFull,
    StoreLocked,
)
from engine.state.tables import (
    AccountRow,
    Checkpoint,
    CreditRow,
    KeyRow,
    MemberYearRow,
    VisitKey,
)
from engine.store.integrity import Problem, Progress, chain_problems, file_problems, problems
from engine.store.lock import PathLock
from engine.store.schema import configure, create_private, prepare, recognise, settle
from engine.store.seal import CHAIN_START, Sealed, seal

HEADROOM_BYTES: Final = 64 << 20
"""Free space below which nothing is begun: a full disk in the middle of a COMMIT would leave an
unknown outcome, and the write-ahead log and a checkpoint need room as well."""

_INSERT: Final = f"INSERT INTO segment VALUES({', '.join('?' * len(Sealed._fields))})"

_SEGMENT: Final = (
    "SELECT sequence, kind, instant, first_position, items, records, text FROM segment"
)
_RANGE: Final = "sequence > ? AND sequence <= ? ORDER BY sequence"
_ALL: Final = f"{_SEGMENT} WHERE {_RANGE}"
_FOLDED: Final = f"{_SEGMENT} WHERE kind IN (1, 5, 8) AND {_RANGE}"
# Without the hint SQLite would walk over every segment of entries to find the few others.
_REGISTERS: Final = (
    f"{_SEGMENT} INDEXED BY segment_register WHERE kind NOT IN (1, 5, 8) AND {_RANGE}"
)

_AT: Final = """
SELECT sequence, first_position, items, kind, instant FROM segment
WHERE kind IN (1, 8) AND first_position <= ? ORDER BY first_position DESC LIMIT 1
"""
_LAST: Final = """
SELECT sequence, digest, first_position + iif(kind IN (1, 8), items, 0)
FROM segment ORDER BY sequence DESC LIMIT 1
"""

_POSITION: Final = (
    "SELECT first_position + iif(kind IN (1, 8), items, 0) - 1 FROM segment WHERE sequence = ?"
)

_PUT_KEY: Final = """
INSERT INTO request_key VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
SET position = excluded.position, status = excluded.status, undone_by = excluded.undone_by
"""
_PUT_MEMBER_YEAR: Final = """
INSERT INTO member_year VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE
SET counters = excluded.counters, last_entry = excluded.last_entry
"""
_PUT_VISIT: Final = """
INSERT INTO visit VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET paid = excluded.paid
"""
_PUT_ACCOUNT: Final = """
INSERT INTO account VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE
SET balance = excluded.balance, last_entry = excluded.last_entry, closed_by = excluded.closed_by
"""


_ACCOUNT: Final = "balance, last_entry, closed_by"


class _At(NamedTuple):
    """A segment that begins at a position or before it."""

    sequence: int
    first_position: int
    items: int
    kind: int
    instant: int


class SqliteStore:
    """A `Store` in one SQLite file. To be used by one thread at a time."""

    def __init__(
        self, connection: apsw.Connection, path: str, lock: PathLock, headroom: int
    ) -> None:
        """Take over a connection that `open` has prepared."""
        self._connection = connection
        self._path = path
        self._lock = lock
        self._headroom = headroom
        self._closed = False
        self._failed = False
        self._sequence, self._digest, self._next_position = 0, CHAIN_START, 1
        self._checkpoint = self._checkpoint_position = 0

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        vfs: str | None = None,
        check: bool = True,
        headroom: int = HEADROOM_BYTES,
    ) -> Self:
        """Open a store, or create it; recover what a crash left behind.

        Args:
            path: of the database file; its folder must exist.
            vfs: name of the SQLite VFS, None for the default one.
            check: whether to look through the file, and to compute the digests of what the
                tables lag behind again. Without it a damaged store opens, to be examined.
            headroom: bytes that must be free on the disk before anything is written.

        Raises:
            StoreLocked: somebody else holds the store.
            StoreError: the file cannot be opened, is not a store, or of another format.
            InvariantBroken: the store is damaged; the message says where.
        """
        real = os.path.realpath(path)
        lock = PathLock(real)
        connection: apsw.Connection | None = None
        try:
            create_private(real)
            with _Translated(real):
                connection = apsw.Connection(
                    real, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, vfs=vfs
                )
                recognise(connection)
                configure(connection)
                prepare(connection)
                settle(connection)
                store = cls(connection, real, lock, headroom)
                store._load(check)
            return store
        except BaseException:
            if connection is not None:
                _leave_log(connection)
                connection.close(True)
            lock.release()
            raise

    def _load(self, check: bool) -> None:
        """Read where the journal and the tables stand."""
        for sequence, digest, position in self._connection.execute(_LAST):
            self._sequence, self._digest, self._next_position = sequence, digest, position
        found = self._connection.execute("SELECT value FROM meta WHERE key = 'checkpoint'").get
        self._checkpoint = int(found)
        self._checkpoint_position = self._position_at(self._checkpoint)
        if check:
            if self._checkpoint > self._sequence:
                raise InvariantBroken(
                    f"{self._path}: the tables stand for segment {self._checkpoint}, but the "
                    f"journal ends at {self._sequence}: segments were lost or removed"
                )
            after = max(0, min(self._checkpoint, self._sequence - 1) - 1)
            looked_at = chain(
                file_problems(self._connection), chain_problems(self._connection, after)
            )
            problem = next(looked_at, None)
            if problem is not None:
                raise InvariantBroken(f"{self._path}: {problem}")

    # --- the journal ---------------------------------------------------------------------

    @property
    def sequence(self) -> int:
        """The sequence number of the last segment; 0 for an empty journal."""
        return self._sequence

    @property
    def last_position(self) -> int:
        """The journal position of the last entry; 0 for a journal without entries."""
        return self._next_position - 1

    @property
    def last_digest(self) -> bytes:
        """The digest of the last segment, which stands for the whole journal before it."""
        return self._digest

    def append(self, segments: Sequence[Segment]) -> int:
        """Make the segments durable, all in one transaction; return the last sequence number.

        Raises:
            StoreError: nothing was recorded: the disk is full, or SQLite reported an error
                before the COMMIT.
            OutcomeUnknown: the COMMIT failed, now or earlier; the process must stop and recover.
            InvariantBroken: the segments do not continue the journal, or do not add up; nothing
                was recorded.
        """
        self._require_usable()
        sequence, digest, position = self._sequence, self._digest, self._next_position
        rows = []
        for segment in segments:
            if segment.first_position != position:
                raise InvariantBroken(
                    f"a segment starts at position {segment.first_position}, expected {position}"
                )
            sequence += 1
            row = seal(segment, sequence, digest)
            rows.append(row)
            digest = row.digest
            position = segment.next_position
        if rows:
            # Twice: once for the write-ahead log, once for the database that it is copied into.
            self.require_space(2 * sum(len(row.records) + len(row.text) for row in rows))
            with self._transaction():
                self._connection.executemany(_INSERT, rows)
            self._sequence, self._digest, self._next_position = sequence, digest, position
        return sequence

    def segments(self, after: int, entries_after: int) -> Iterator[tuple[int, Segment]]:
        """Yield (sequence, segment) in order, from `after` or `entries_after` on.

        Segments of the kinds `journal.FOLDED` are those after sequence `entries_after`, the others
        those after sequence `after`. One segment is in
        memory at a time. What is appended meanwhile is not part of it.
        """
        low, high = sorted((after, entries_after))
        last = self._sequence
        partial = _REGISTERS if after <= entries_after else _FOLDED
        for query, first, end in ((partial, low, min(high, last)), (_ALL, high, last)):
            with _Translated(self._path):
                for row in self._connection.execute(query, (first, end)):
                    sequence, kind, *rest = row
                    yield sequence, Segment(SegmentKind(kind), *rest)

    def entry(self, position: int) -> tuple[bytes, bytes] | None:
        """Return one durable journal entry, its record and its text, or None if there is none."""
        with _Translated(self._path):
            found = self._segment_at(position, SegmentKind.ENTRIES)
            if found is None:
                return None
            sequence, index = found.sequence, position - found.first_position
            starts = self._slice("text_starts", sequence, 4 * index, 8)
            start = int.from_bytes(starts[:4], "little")
            end = int.from_bytes(starts[4:], "little")
            record = self._slice("records", sequence, index * ENTRY.itemsize, ENTRY.itemsize)
            return record, self._slice("text", sequence, start, end - start)

    def movements(self, position: int, count: int = 1) -> tuple[int, bytes, bytes] | None:
        """Return durable movements, or None: their segment's instant, their records, its text.

        Args:
            position: journal position of the first one.
            count: how many at the most; those of one segment.
        """
        with _Translated(self._path):
            found = self._segment_at(position, SegmentKind.MOVEMENTS)
            if found is None:
                return None
            size, first = MOVEMENT.itemsize, position - found.first_position
            length = min(count, found.items - first) * size
            records = self._slice("records", found.sequence, first * size, length)
            text = self._row("SELECT text FROM segment WHERE sequence = ?", (found.sequence,))
            return found.instant, records, text[0]

    def _segment_at(self, position: int, kind: SegmentKind) -> "_At | None":
        """Return the segment of a kind that holds a position, None if another holds it or none."""
        row = self._connection.execute(_AT, (position,)).fetchone()
        found = None if row is None else _At(*row)
        if found is None or found.kind != kind or position >= found.first_position + found.items:
            return None
        return found

    def _slice(self, column: str, sequence: int, start: int, length: int) -> bytes:
        """Read a part of a segment without the rest of it: a segment may be megabytes."""
        blob = self._connection.blob_open("main", "segment", column, sequence, False)
        try:
            blob.seek(start)
            return blob.read(length)
        finally:
            blob.close()

    # --- the lagging tables --------------------------------------------------------------

    @property
    def checkpoint_sequence(self) -> int:
        """The sequence number that the lagging tables stand for; 0 at first."""
        return self._checkpoint

    @property
    def checkpoint_position(self) -> int:
        """The journal position of the last entry at `checkpoint_sequence`; 0 at first."""
        return self._checkpoint_position

    def _position_at(self, sequence: int) -> int:
        """Return the journal position of the last entry in or before a segment."""
        row = self._row(_POSITION, (sequence,))
        return 0 if row is None else int(row[0])

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write the rows in key order, in one transaction, with the sequence they stand for.

        Raises:
            StoreError: nothing was written.
            OutcomeUnknown: the COMMIT failed, now or earlier; the process must stop and recover.
            InvariantBroken: the rows are ahead of the journal, or break a rule of the tables;
                nothing was written.
        """
        self._require_usable()
        if not self._checkpoint <= checkpoint.sequence <= self._sequence:
            raise InvariantBroken(
                f"a checkpoint at segment {checkpoint.sequence}, but the last one was at "
                f"{self._checkpoint} and the journal ends at {self._sequence}"
            )
        self.require_space(0)
        position = self._position_at(checkpoint.sequence)
        # In key order neighbours share pages, which doubles the rate of random order and more.
        with self._transaction():
            many = self._connection.executemany
            many(_PUT_KEY, ((*k, *row) for k, row in sorted(checkpoint.keys.items())))
            many(
                _PUT_MEMBER_YEAR,
                ((*k, *row) for k, row in sorted(checkpoint.member_years.items())),
            )
            many(_PUT_VISIT, ((*k, paid) for k, paid in sorted(checkpoint.visits.items())))
            many(_PUT_ACCOUNT, ((k, *row) for k, row in sorted(checkpoint.accounts.items())))
            many("INSERT INTO credit VALUES(?, ?, ?, ?, ?)", checkpoint.credits)
            self._connection.execute(
                "UPDATE meta SET value = ? WHERE key = 'checkpoint'", (checkpoint.sequence,)
            )
        self._checkpoint = checkpoint.sequence
        self._checkpoint_position = position

    def key(self, institution: int, request_id: str) -> KeyRow | None:
        """Return the row of a request id, or None."""
        row = self._row(
            "SELECT position, status, undone_by FROM request_key "
            "WHERE institution = ? AND request_id = ?",
            (institution, request_id),
        )
        return None if row is None else KeyRow(*row)

    def standing(self, institution: int) -> list[tuple[str, int]]:
        """Return (request id, position) of every settlement of an institution that stands."""
        query = "SELECT request_id, position FROM request_key WHERE institution = ? AND status = 1"
        with _Translated(self._path):
            rows: list[Any] = self._connection.execute(query, (institution,)).fetchall()
            return rows

    def member_year(self, member: int, year: int) -> MemberYearRow | None:
        """Return the row of a member-year, or None."""
        row = self._row(
            "SELECT counters, last_entry FROM member_year WHERE member = ? AND year = ?",
            (member, year),
        )
        return None if row is None else MemberYearRow(*row)

    def visit(self, key: VisitKey) -> int | None:
        """Return what the fund paid for a visit, or None."""
        row = self._row(
            "SELECT paid FROM visit "
            "WHERE member = ? AND year = ? AND institution = ? AND visit = ?",
            key,
        )
        return None if row is None else int(row[0])

    def visits(self, member: int, year: int) -> list[tuple[int, str, int]]:
        """Return (institution or -1, visit, fen paid) for every visit of a member-year."""
        query = "SELECT institution, visit, paid FROM visit WHERE member = ? AND year = ?"
        with _Translated(self._path):
            rows: list[Any] = self._connection.execute(query, (member, year)).fetchall()
            return rows

    def account(self, member: int) -> AccountRow | None:
        """Return the row of an account, or None."""
        row = self._row(f"SELECT {_ACCOUNT} FROM account WHERE member = ?", (member,))
        return None if row is None else AccountRow(*row)

    def accounts(self, lowest: int, highest: int) -> list[tuple[int, AccountRow]]:
        """Return (member, row) of every account of the members from one number to another."""
        query = f"SELECT member, {_ACCOUNT} FROM account WHERE member BETWEEN ? AND ?"
        with _Translated(self._path):
            rows = self._connection.execute(query, (lowest, highest))
            return [(member, AccountRow(*row)) for member, *row in rows]

    def credits(self, city: str, month: int) -> list[CreditRow]:
        """Return the segments that credited a city for a month, in journal order."""
        query = "SELECT * FROM credit WHERE city = ? AND month = ? ORDER BY first_position"
        with _Translated(self._path):
            return [CreditRow(*row) for row in self._connection.execute(query, (city, month))]

    def _row(self, query: str, key: tuple[int | str, ...]) -> Any:
        """Return one row, whose types a STRICT table warrants, or None."""
        with _Translated(self._path):
            return self._connection.execute(query, key).fetchone()

    # --- transactions --------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run the body between BEGIN and COMMIT.

        Before the COMMIT an error means that nothing was recorded. An error of the COMMIT itself
        means that nobody knows: whether the write-ahead log reached the disk shows only when
        the file is opened again. Going on would decide it by accident, so the store refuses.
        """
        with _Translated(self._path):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
            except BaseException:
                self._roll_back()
                raise
        try:
            self._connection.execute("COMMIT")
        except Exception as error:
            self._fail()
            raise OutcomeUnknown(
                f"{self._path}: COMMIT failed ({error}); stop, open the store again and look "
                "the request ids up"
            ) from error
        except BaseException:
            self._fail()
            raise

    def _roll_back(self) -> None:
        """End the transaction, unless SQLite has done so already."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error:
            # The transaction is not committed, that is certain; but this connection is done for.
            self._fail()

    def _fail(self) -> None:
        """Use the connection no more, and leave the write-ahead log to whoever opens it next."""
        self._failed = True
        _leave_log(self._connection)

    def _require_usable(self) -> None:
        if self._closed:
            raise StoreError(f"{self._path}: the store is closed")
        if self._failed:
            raise OutcomeUnknown(f"{self._path}: an earlier COMMIT failed; open the store again")

    def require_space(self, needed: int = 0) -> None:
        """Refuse before anything is begun when the disk is nearly full.

        Raises:
            StoreFull: fewer bytes are free than the headroom and `needed`.
        """
        disk = os.statvfs(os.path.dirname(self._path))
        free = disk.f_bavail * disk.f_frsize
        if free < self._headroom + needed:
            raise StoreFull(
                f"{self._path}: {free >> 20} MiB free, {(self._headroom + needed) >> 20} MiB "
                "needed; nothing was written: make room and send again"
            )

    # --- the end -------------------------------------------------------------------------

    def check_integrity(self, progress: Progress | None = None) -> list[Problem]:
        """Return everything that is wrong with the store, most telling first; empty if whole.

        Every page, every segment's digest from the first one on, its sums and its numbering, and
        that the tables are not ahead of the journal. That the journal was not cut at its end,
        or replaced by an older copy, only a digest kept elsewhere (`last_digest`) can tell.
        """
        return list(problems(self._connection, progress))

    def close(self) -> None:
        """Close the store; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            with _Translated(self._path):
                self._connection.close(True)
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()


class _Translated:
    """Turns SQLite's errors into ours; none of them here is about a COMMIT."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, apsw.Error):
            raise _ours(self._path, error) from error


def _ours(path: str, error: apsw.Error) -> EngineError:
    """Return what one of SQLite's errors means for the caller."""
    match error:
        case apsw.BusyError():
            return StoreLocked(f"{path}: another program holds the database ({error})")
        case apsw.FullError():
            return StoreFull(f"{path}: the disk is full; nothing was written")
        case apsw.ConstraintError():
            # Sums that do not add up, a negative balance, a number used twice: the caller's bug.
            return InvariantBroken(f"{path}: {error}; nothing was written")
        case apsw.CorruptError() | apsw.NotADBError():
            return StoreError(f"{path}: not a store, or damaged ({error})")
        case _:
            return StoreError(f"{path}: {error}")


def _leave_log(connection: apsw.Connection) -> None:
    """Keep SQLite from copying the write-ahead log and deleting it when it closes.

    After an error a second attempt may falsely succeed: the log is the only sure copy.
    """
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
