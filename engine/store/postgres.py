"""The shared store: one PostgreSQL database, which several server processes write.

PostgreSQL keeps the journal; each process keeps the state that it folds into, as with SQLite. Who
appends locks the one row that says where the journal ends, reads what others have appended since,
and folds it, before it decides anything: so all decisions of all processes have one order, whose
numbers are the segments', and no lock can be taken in the wrong one.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn, Self

import psycopg

from engine.domain.journal import Segment
from engine.errors import BackupError, EngineError, InvariantBroken, OutcomeUnknown, StoreError
from engine.state.tables import Checkpoint
from engine.store.chain import (
    COLUMNS,
    JournalEnd,
    Link,
    Problem,
    Progress,
    link_of,
    problems_of,
    seal_all,
    segment_problem,
)
from engine.store.postgres_connection import connect
from engine.store.postgres_errors import OUT_OF_ROOM, WORTH_ANOTHER_TRY, ours
from engine.store.postgres_schema import Connection
from engine.store.postgres_session import DIGEST, PostgresSession, told
from engine.store.postgres_writing import CheckpointWriter
from engine.store.schema import FOLDED_KINDS, POSITIONED_KINDS
from engine.store.seal import Sealed

_INSERT: Final = f"INSERT INTO segment VALUES ({', '.join(['%s'] * len(Sealed._fields))})"
_MOVE_END: Final = (
    "UPDATE journal_end SET sequence = %s, digest = %s, next_position = %s "
    "WHERE one = 1 AND digest = %s"
)
_RANGE: Final = "sequence > %s AND sequence <= %s ORDER BY sequence LIMIT %s"
_ALL: Final = f"SELECT {COLUMNS} FROM segment WHERE {_RANGE}"
_FOLDED: Final = f"SELECT {COLUMNS} FROM segment WHERE kind IN {FOLDED_KINDS} AND {_RANGE}"
_REGISTERS: Final = f"SELECT {COLUMNS} FROM segment WHERE kind NOT IN {FOLDED_KINDS} AND {_RANGE}"
_LAST: Final = "SELECT sequence, (SELECT max(sequence) FROM segment) FROM journal_end WHERE one = 1"
_POSITION: Final = (
    f"SELECT first_position + CASE WHEN kind IN {POSITIONED_KINDS} THEN items ELSE 0 END - 1, "
    "digest FROM segment WHERE sequence = %s"
)

_COMMIT_WAITS: Final = (0, 0, *[1] * 45)
"""Seconds to wait before another try to commit: a standby takes over within them."""

_FETCH_BYTES: Final = 16 << 20
_FETCH_ROWS: Final = 1_000

PART_BYTES = 256 << 10
"""What of a checkpoint under way is written after a commit."""


class PostgresStore(PostgresSession, JournalEnd):
    """A `Store` in a PostgreSQL database. To be used by one thread at a time."""

    def __init__(self, url: str, connection: Connection) -> None:
        """Take over a connection that `open` has made."""
        super().__init__(url, connection)
        self._writer = CheckpointWriter(url)

    @classmethod
    def open(cls, url: str, *, check: bool = True) -> Self:
        """Open the store of a database; `gongji store init` makes one.

        Args:
            url: `postgresql://USER@HOST:PORT/DATABASE`, or what else libpq understands.
            check: whether to look that nothing lies behind the journal's end. Without it a damaged
                store opens, to be examined.

        Raises:
            StoreError: there is no such database, no store in it, or it is set up unsafely.
            InvariantBroken: the journal was cut.
        """
        store = cls(url, connect(url))
        try:
            with store.snapshot():
                problem = store._behind_the_end() if check else ""
            if problem:
                raise InvariantBroken(problem)
        except BaseException:
            store.close()
            raise
        return store

    def follow(self, *, writes: bool) -> Iterator[tuple[int, Segment]]:
        """Begin a transaction; yield (sequence, segment) of what others have appended.

        `append` or `release` ends it. With `writes` nobody else appends until then.

        Raises:
            StoreError: the database cannot be reached, or is held by another server for too long.
            InvariantBroken: the journal does not continue what was read of it.
        """
        self._require_open()
        end = self._begin(writes=writes)
        try:
            for stored in self._fetch(_ALL, self._end.sequence, end.sequence):
                problem = segment_problem(stored, self._end)
                if stored.sequence != self._end.sequence + 1:
                    problem = f"expected {self._end.sequence + 1}"
                if problem:
                    raise InvariantBroken(f"segment {stored.sequence}: {problem}")
                self._is_news = True
                yield stored.sequence, stored.segment()
                self._end = link_of(stored)
            if self._end != end:
                raise InvariantBroken(f"the journal ends otherwise than {end.sequence} says")
        except BaseException:
            self._roll_back()
            raise

    # --- the journal ---------------------------------------------------------------------

    def require_space(self) -> None:
        """Leave the disk to the database, which refuses by itself."""

    def append(self, segments: Sequence[Segment]) -> int:
        """Make the segments durable, all in one transaction; return the last sequence number.

        A connection that breaks is not the end: on a new one the database is asked whether the
        segments are there, and they are written again if they are not.

        Raises:
            StoreError: nothing was recorded: the database is full, cannot be reached, or another
                server has appended meanwhile.
            OutcomeUnknown: a COMMIT was sent, and the database cannot be asked what came of it.
            InvariantBroken: the segments do not continue the journal, or do not add up, and nothing
                was recorded; or the database lost what it had, or a row of a checkpoint under way
                breaks a rule of the tables. The process must stop.
        """
        self._require_open()
        rows = seal_all(segments, self._end)
        if not rows:
            self.release()
            return self._end.sequence
        self._commit(rows)
        self._end = link_of(rows[-1])
        if self._writer.under_way:
            size = sum(len(row.records) + len(row.text) for row in rows)
            with suppress(StoreError):  # begun again with a later commit
                self._write_part(max(PART_BYTES, size))
        return self._end.sequence

    def _commit(self, rows: Sequence[Sealed]) -> None:
        """Write rows in the transaction that is open, or in another one, until that is certain."""
        waits = iter(_COMMIT_WAITS)
        committing = False
        while True:
            try:
                if not self._in_transaction:
                    if self._is_recorded(rows):
                        return
                    committing = False
                self._write(rows)
                committing = True
                self._execute_commit()
                self._in_transaction = self._is_news = False
                return
            except _Overtaken:
                self._roll_back()
                raise
            except (*WORTH_ANOTHER_TRY, StoreError) as error:
                self._lose()
                wait = None if isinstance(error, OUT_OF_ROOM) else next(waits, None)
                if wait is None:
                    raise _given_up(error, committing) from error
                time.sleep(wait)
            except psycopg.Error as error:
                self._roll_back()
                raise ours(error) from error

    def _is_recorded(self, rows: Sequence[Sealed]) -> bool:
        """Begin anew after a connection broke; return whether the journal has the rows already.

        Whoever held the lock before is gone: so what is not there now will not come later.
        """
        end = self._begin_once(writes=True)
        last = rows[-1]
        if self._row(DIGEST, (last.sequence,)) == (last.digest,):
            self._is_news = True
            self.release()
            return True
        if end != self._end:
            raise _Overtaken("another server appended first; send again")
        return False

    def _write(self, rows: Sequence[Sealed]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)
            cursor.execute(_MOVE_END, (*link_of(rows[-1]), self._end.digest))
            if cursor.rowcount != 1:
                raise InvariantBroken("the journal was appended to without its lock")

    def segments(self, after: int, entries_after: int) -> Iterator[tuple[int, Segment]]:
        """Yield (sequence, segment) in order, from `after` or `entries_after` on, to `sequence`.

        Segments of the kinds `journal.FOLDED` are those after sequence `entries_after`, the others
        those after sequence `after`.
        """
        low, high = sorted((after, entries_after))
        last = self._end.sequence
        partial = _REGISTERS if after <= entries_after else _FOLDED
        for query, first, end in ((partial, low, min(high, last)), (_ALL, high, last)):
            for stored in self._fetch(query, first, end):
                yield stored.sequence, stored.segment()

    def _fetch(self, query: str, after: int, last: int) -> Iterator[Sealed]:
        """Yield stored segments, some at a time: as many as their size allows."""
        count = 1
        while after < last:
            rows = [Sealed(*row) for row in self._rows(query, (after, last, count))]
            yield from rows
            if len(rows) < count:
                return
            after = rows[-1].sequence
            size = sum(len(row.records) + len(row.text) for row in rows) // count
            count = max(1, min(2 * count, _FETCH_ROWS, _FETCH_BYTES // (size + 1)))

    # --- the lagging tables --------------------------------------------------------------

    @property
    def checkpoint_sequence(self) -> int:
        """The sequence number that the tables stood for when the last transaction began."""
        return self._checkpoint

    @property
    def checkpoint_position(self) -> int:
        """The journal position of the last entry at `checkpoint_sequence`; 0 at first."""
        return self._checkpoint_position

    @property
    def checkpoint_under_way(self) -> bool:
        """Whether this process has begun a checkpoint and not yet written it to its end."""
        return self._writer.under_way

    @property
    def checkpoint_lost(self) -> bool:
        """Whether a checkpoint of this process came to nothing that has to be in a later one."""
        return self._writer.lost

    def claim_checkpoint(self) -> bool:
        """Return whether this process may write the next checkpoint: one writes at a time.

        Raises:
            StoreError: the database cannot be reached.
        """
        if self._closed or self._end.sequence <= self._checkpoint:
            return False
        return self._writer.claim(self._checkpoint)

    def begin_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Take what is to be written to the tables, in the place of what is under way if any is.

        Raises:
            StoreError: another process writes a checkpoint.
            InvariantBroken: the rows are ahead of the journal, or break a rule of the tables.
        """
        if not self._checkpoint < checkpoint.sequence <= self._end.sequence:
            raise InvariantBroken(
                f"a checkpoint at segment {checkpoint.sequence}, but the last one was at "
                f"{self._checkpoint} and the journal ends at {self._end.sequence}"
            )
        if self._writer.under_way:
            self._writer.drop()
        if not self._writer.claim(self._checkpoint):
            raise StoreError("another server writes a checkpoint")
        if checkpoint.sequence == self._end.sequence:
            position, digest = self.last_position, self._end.digest
        else:
            position, digest = self._row(_POSITION, (checkpoint.sequence,))
        self._writer.begin(checkpoint, position, digest)

    def drop_checkpoint(self) -> None:
        """Write no more of a checkpoint that is under way; what was written of it never counts."""
        self._writer.drop()

    def write_checkpoint(self, room: int) -> bool:
        """Write about so many bytes of what is under way; return whether nothing is left of it.

        Raises:
            StoreError: this part was not written; the checkpoint begins again.
            InvariantBroken: a row breaks a rule of the tables.
        """
        if self._writer.under_way:
            self._write_part(room)
        return not self._writer.under_way

    def _write_part(self, room: int) -> None:
        done = self._writer.write(room)
        if done is not None:
            self._checkpoint, self._checkpoint_position = done

    # --- the end -------------------------------------------------------------------------

    def check_integrity(self, progress: Progress | None = None) -> list[Problem]:
        """Return everything that is wrong with the journal; empty if it is whole.

        Every segment's digest from the first one on, its sums and its numbering. That segments were
        removed from its end only a digest kept elsewhere (`last_digest`) can tell.
        """
        last = self._end.sequence
        problems = list(problems_of(self._fetch(_ALL, 0, last), Link(), last, progress))
        if behind := self._behind_the_end():
            problems.append(Problem(last + 1, behind))
        if self._checkpoint > last:
            what = f"the tables stand for segment {self._checkpoint}, the journal ends at {last}"
            problems.append(Problem(0, what))
        return problems

    def _behind_the_end(self) -> str:
        """Return what lies behind where the journal is said to end; nothing should."""
        last, found = self._row(_LAST, ())
        if found is None or found <= last:
            return ""
        return f"the journal is said to end at segment {last}, but goes on to {found}: it was cut"

    def back_up(self, folder: Path) -> NoReturn:
        """Make no copy.

        Raises:
            BackupError: always.
        """
        raise BackupError("the store is a PostgreSQL database: copy it with pg_dump")

    def close(self) -> None:
        """Close the store; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self._writer.close()
            self._roll_back()
            self._lose()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()


class _Overtaken(StoreError):
    """Another server appended first: nothing was recorded, and another try would not help."""


def _given_up(error: psycopg.Error | StoreError, committing: bool) -> EngineError:
    if committing:
        return OutcomeUnknown(
            "the database went away during a COMMIT and does not come back; start again and look "
            "the request ids up"
        )
    return told(error)
