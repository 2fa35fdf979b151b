"""The embedded store: one SQLite file, one process, every commit on the disk before it counts."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Final, Self

import apsw

from engine.domain.journal import Segment, SegmentKind
from engine.errors import (
    InvariantBroken,
    OutcomeUnknown,
    StoreError,
    StoreFull,
)
from engine.state.tables import Checkpoint
from engine.store.backup import Backup
from engine.store.chain import JournalEnd, Link, Problem, Progress, link_of, seal_all
from engine.store.disk import check_local, fleeting_warning
from engine.store.integrity import chain_problems, problems, table_file_problems
from engine.store.lock import PathLock
from engine.store.protocol import Alone
from engine.store.schema import (
    FOLDED_KINDS,
    POSITIONED_KINDS,
    configure,
    create_private,
    prepare,
    recognise,
    settle,
)
from engine.store.seal import Sealed
from engine.store.sqlite_errors import Translated
from engine.store.sqlite_tables import SqliteTables
from engine.store.sqlite_writing import FORGET, write_part
from engine.store.writing import Part, Writing

HEADROOM_BYTES: Final = 64 << 20
"""Free space below which nothing is begun: a full disk in the middle of a COMMIT would leave an
unknown outcome, and the write-ahead log and a checkpoint need room as well."""

_INSERT: Final = f"INSERT INTO segment VALUES({', '.join('?' * len(Sealed._fields))})"

_SEGMENT: Final = (
    "SELECT sequence, kind, instant, first_position, items, records, text FROM segment"
)
_RANGE: Final = "sequence > ? AND sequence <= ? ORDER BY sequence"
_ALL: Final = f"{_SEGMENT} WHERE {_RANGE}"
_FOLDED: Final = f"{_SEGMENT} WHERE kind IN {FOLDED_KINDS} AND {_RANGE}"
# Without the hint SQLite would walk over every segment of entries to find the few others.
_REGISTERS: Final = (
    f"{_SEGMENT} INDEXED BY segment_register WHERE kind NOT IN {FOLDED_KINDS} AND {_RANGE}"
)

_LAST: Final = f"""
SELECT sequence, digest, first_position + iif(kind IN {POSITIONED_KINDS}, items, 0)
FROM segment ORDER BY sequence DESC LIMIT 1
"""

_POSITION: Final = (
    f"SELECT first_position + iif(kind IN {POSITIONED_KINDS}, items, 0) - 1 FROM segment "
    "WHERE sequence = ?"
)

PART_BYTES = 256 << 10
"""What a commit carries of a checkpoint that is under way: little enough for who waits."""


class SqliteStore(SqliteTables, JournalEnd, Alone):
    """A `Store` in one SQLite file. To be used by one thread at a time."""

    def __init__(
        self, connection: apsw.Connection, path: str, lock: PathLock, headroom: int
    ) -> None:
        """Take over a connection that `open` has prepared."""
        super().__init__(connection, path)
        self._lock = lock
        self._headroom = headroom
        self._closed = False
        self._failed = False
        self._end = Link()
        self._checkpoint = self._checkpoint_position = 0
        self._writing: Writing | None = None

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
            check: whether to look through the tables, and to compute the digests of what they lag
                behind again. Without it a damaged store opens, to be examined.
            headroom: bytes that must be free on the disk before anything is written.

        Raises:
            StoreLocked: somebody else holds the store.
            StoreError: the file cannot be opened, is not a store, of another format, or on a
                network file system.
            InvariantBroken: the store is damaged; the message says where.
        """
        real = os.path.realpath(path)
        check_local(real)
        lock = PathLock(real)
        connection: apsw.Connection | None = None
        try:
            create_private(real)
            with Translated(real):
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
        for row in self._connection.execute(_LAST):
            self._end = Link(*row)
        self._checkpoint = self._meta("checkpoint")
        self._checkpoint_position = self._position_at(self._checkpoint)
        if check:
            if self._checkpoint > self._end.sequence:
                raise InvariantBroken(
                    f"{self._path}: the tables stand for segment {self._checkpoint}, but the "
                    f"journal ends at {self._end.sequence}: segments were lost or removed"
                )
            after = max(0, min(self._checkpoint, self._end.sequence - 1) - 1)
            looked_at = chain(
                table_file_problems(self._connection), chain_problems(self._connection, after)
            )
            problem = next(looked_at, None)
            if problem is not None:
                raise InvariantBroken(f"{self._path}: {problem}")
            self._forget_broken_off()

    def warnings(self) -> list[str]:
        """Return what an operator should know of where the file is."""
        warning = fleeting_warning(self._path)
        return [warning] if warning else []

    # --- the journal ---------------------------------------------------------------------

    def append(self, segments: Sequence[Segment]) -> int:
        """Make the segments durable, all in one transaction; return the last sequence number.

        A part of the checkpoint that is under way goes with them.

        Raises:
            StoreError: nothing was recorded: the disk is full, or SQLite reported an error
                before the COMMIT.
            OutcomeUnknown: the COMMIT failed, now or earlier; the process must stop and recover.
            InvariantBroken: the segments do not continue the journal, or do not add up; nothing
                was recorded.
        """
        self._require_usable()
        rows = seal_all(segments, self._end)
        if rows:
            size = sum(len(row.records) + len(row.text) for row in rows)
            # As much as the segments at least, so that it ends sooner than as much again is due.
            room = 0 if self._writing is None else max(PART_BYTES, size)
            # Twice: once for the write-ahead log, once for the database that it is copied into.
            self.require_space(2 * (size + room))
            part = None
            with self._transaction():
                self._connection.executemany(_INSERT, rows)
                if self._writing is not None:
                    part = self._write(self._writing, room)
            self._written(part)
            self._end = link_of(rows[-1])
        return self._end.sequence

    def segments(self, after: int, entries_after: int) -> Iterator[tuple[int, Segment]]:
        """Yield (sequence, segment) in order, from `after` or `entries_after` on.

        Segments of the kinds `journal.FOLDED` are those after sequence `entries_after`, the others
        those after sequence `after`. One segment is in
        memory at a time. What is appended meanwhile is not part of it.
        """
        low, high = sorted((after, entries_after))
        last = self._end.sequence
        partial = _REGISTERS if after <= entries_after else _FOLDED
        for query, first, end in ((partial, low, min(high, last)), (_ALL, high, last)):
            with Translated(self._path):
                for row in self._connection.execute(query, (first, end)):
                    sequence, kind, *rest = row
                    yield sequence, Segment(SegmentKind(kind), *rest)

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

    def drop_checkpoint(self) -> None:
        """Write no more of a checkpoint that is under way; what was written of it never counts."""
        self._writing = None

    def begin_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Take what is to be written to the tables, in the place of what is under way if any is.

        Raises:
            InvariantBroken: the rows are ahead of the journal, or break a rule of the tables.
        """
        self._require_usable()
        if not self._checkpoint < checkpoint.sequence <= self._end.sequence:
            raise InvariantBroken(
                f"a checkpoint at segment {checkpoint.sequence}, but the last one was at "
                f"{self._checkpoint} and the journal ends at {self._end.sequence}"
            )
        self._writing = None
        self._forget_broken_off()
        self._writing = Writing(checkpoint, self._position_at(checkpoint.sequence))

    def _forget_broken_off(self) -> None:
        """Take away what a checkpoint wrote that was not written to its end, if there is any."""
        if self._meta("under_way"):
            with self._transaction():
                for statement in FORGET:
                    self._connection.execute(statement)

    def write_checkpoint(self, room: int) -> bool:
        """Write about so many bytes of what is under way; return whether nothing is left of it.

        Raises:
            StoreError: this part was not written.
            OutcomeUnknown: the COMMIT failed, now or earlier; the process must stop and recover.
            InvariantBroken: a row breaks a rule of the tables; this part was not written.
        """
        self._require_usable()
        if self._writing is not None:
            self.require_space(2 * min(room, self._writing.bytes_left))
            with self._transaction():
                part = self._write(self._writing, room)
            self._written(part)
        return self._writing is None

    @property
    def checkpoint_under_way(self) -> bool:
        """Whether a checkpoint is begun and not yet written to its end."""
        return self._writing is not None

    def _write(self, writing: Writing, room: int) -> Part:
        """Write a part of a checkpoint in the transaction that is open."""
        part = writing.part(room)
        write_part(self._connection, part, writing.sequence)
        return part

    def _written(self, part: Part | None) -> None:
        """Note that a part of the checkpoint is durable."""
        if part is None or self._writing is None:
            return
        self._writing.written(part)
        if self._writing.finished:
            self._checkpoint = self._writing.sequence
            self._checkpoint_position = self._writing.position
            self._writing = None

    # --- transactions --------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run the body between BEGIN and COMMIT.

        Before the COMMIT an error means that nothing was recorded. An error of the COMMIT itself
        means that nobody knows: whether the write-ahead log reached the disk shows only when
        the file is opened again. Going on would decide it by accident, so the store refuses.
        """
        with Translated(self._path):
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

    def back_up(self, folder: Path) -> Backup:
        """Begin a copy in a folder; what is committed until its last step is in it.

        Raises:
            BackupError: it cannot be made there.
        """
        self._require_usable()
        return Backup(self._connection, self, self._path, folder)

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
            with Translated(self._path):
                self._connection.close(True)
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()


def _leave_log(connection: apsw.Connection) -> None:
    """Keep SQLite from copying the write-ahead log and deleting it when it closes.

    After an error a second attempt may falsely succeed: the log is the only sure copy.
    """
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
