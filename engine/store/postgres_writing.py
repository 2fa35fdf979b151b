"""How a PostgreSQL store writes checkpoints: each in one transaction, on a connection of its own.

Nobody sees anything of one before it is whole, and one that breaks off leaves nothing behind.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

import numpy as np
import psycopg
from psycopg import errors

from engine.errors import InvariantBroken, StoreError
from engine.state.tables import Checkpoint
from engine.store.postgres_connection import connect
from engine.store.postgres_errors import ours
from engine.store.postgres_schema import Connection
from engine.store.writing import Part, Writing

_CLAIM: Final = "SELECT sequence FROM checkpoint WHERE one = 1 FOR UPDATE NOWAIT"
_LOCK_END: Final = "SELECT sequence FROM journal_end WHERE one = 1 FOR UPDATE"
_DIGEST: Final = "SELECT digest FROM segment WHERE sequence = %s"
_COUNTS: Final = "UPDATE checkpoint SET sequence = %s, position = %s WHERE one = 1"
_PUT_LINES: Final = """
INSERT INTO {} VALUES (%s, %s, %s, %s) ON CONFLICT (place) DO UPDATE SET
  sequence = excluded.sequence, lowest_fen = excluded.lowest_fen, lines = excluded.lines
"""
_PUT: Final = {
    "member_year": _PUT_LINES.format("member_year"),
    "account": _PUT_LINES.format("account"),
    "visit": """
INSERT INTO visit VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (member, year, institution, visit) DO UPDATE SET
  sequence = excluded.sequence, paid = excluded.paid
""",
    "request_id": "INSERT INTO request_id VALUES (%s, %s, %s, %s, %s, %s)",
    "credit": "INSERT INTO credit VALUES (%s, %s, %s, %s, %s)",
}
_LINES: Final = ("member_year", "account")
_SETTINGS: Final = (
    # Parts come with commits, or when nobody asks: it may be quiet for a while in between.
    "SET idle_in_transaction_session_timeout = '15min'",
    # For the last part, which waits for a decision: much work would be for nothing.
    "SET lock_timeout = '60s'",
)


class CheckpointWriter:
    """Writes one checkpoint at a time; the row of the table `checkpoint` is held all the while."""

    def __init__(self, url: str) -> None:
        """Write to a database; the connection is made when it is needed."""
        self._url = url
        self._connection: Connection | None = None
        self._claimed = False
        self._before = 0
        self._writing: Writing | None = None
        self._digest = b""
        self.lost = False
        """Whether a checkpoint was overtaken by one that is not as far."""

    @property
    def under_way(self) -> bool:
        """Whether a checkpoint is begun and not yet written to its end."""
        return self._writing is not None

    def claim(self, before: int) -> bool:
        """Return whether the next checkpoint is ours to write.

        Args:
            before: sequence number of the last one that we know of.

        Raises:
            StoreError: the database cannot be reached.
        """
        if not self._claimed:
            self._claimed = self._hold() == before
            self._before = before
            if not self._claimed:
                self._let_go()
        return self._claimed

    def _hold(self) -> int | None:
        """Hold the row of the last checkpoint; return its sequence, None if another holds it."""
        kept = self._connection is not None
        while True:
            try:
                row = self._begin().execute(_CLAIM).fetchone()
            except errors.LockNotAvailable:
                return None
            except psycopg.Error as error:
                self._close()
                if not kept:
                    raise ours(error) from error
                kept = False  # the database may have been restarted since the last checkpoint
            else:
                return int(row[0]) if row else None

    def _hold_again(self, writing: Writing) -> bool:
        """Go on after the connection broke; return whether there is still something to write.

        Raises:
            StoreError: another process writes a checkpoint now.
        """
        found = self._hold()
        if found == self._before:
            self._claimed = True
            return True
        self._let_go()
        if found is None:
            raise StoreError("another server writes a checkpoint")
        # One that is as far has what ours would have had, and may be ours.
        self.lost = found < writing.sequence
        self._writing = None
        return False

    def _begin(self) -> Connection:
        connection = self._open()
        connection.execute("BEGIN")
        return connection

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = connect(self._url)
            for setting in _SETTINGS:
                self._connection.execute(setting)
        return self._connection

    def _let_go(self) -> None:
        """End the transaction, and keep the connection for another time."""
        try:
            self._open().execute("ROLLBACK")
        except psycopg.Error:
            self._close()

    def _give_up(self) -> None:
        """Let others write the checkpoint; what was written of ours is gone."""
        self._claimed = False
        self._close()
        if self._writing is not None:
            self._writing.restart()

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def begin(self, checkpoint: Checkpoint, position: int, digest: bytes) -> None:
        """Take a checkpoint, which `claim` has allowed.

        Args:
            checkpoint: What is written.
            position: The journal's at its sequence.
            digest: Of the segment at its sequence: what it stands for.

        Raises:
            InvariantBroken: something in it is below 0 that cannot be.
        """
        self.lost = False
        self._writing, self._digest = Writing(checkpoint, position), digest

    def drop(self) -> None:
        """Write no more of the checkpoint."""
        self._writing, self.lost = None, False
        if self._claimed:
            self._give_up()

    def write(self, room: int) -> tuple[int, int] | None:
        """Write about so many bytes; return sequence and position of the checkpoint once it counts.

        Raises:
            StoreError: it begins again.
            InvariantBroken: a row breaks a rule of the tables, or the journal is not the one that
                the checkpoint is of.
        """
        writing = self._writing
        if writing is None:
            return None
        if not self._claimed and not self._hold_again(writing):
            return None
        part = writing.part(room)
        try:
            self._write(self._open(), part, writing)
        except psycopg.Error as error:
            self._give_up()
            raise ours(error) from error
        except BaseException:
            self._give_up()
            raise
        writing.written(part)
        if not writing.finished:
            return None
        self._writing, self._claimed = None, False
        return writing.sequence, writing.position

    def _write(self, connection: Connection, part: Part, writing: Writing) -> None:
        with connection.cursor() as cursor:
            for table, rows in part.rows:
                cursor.executemany(_PUT[table], _with_lowest(rows) if table in _LINES else rows)
            if part.is_last:
                # Who follows the journal sees the tables move between two transactions only.
                cursor.execute(_LOCK_END)
                if cursor.execute(_DIGEST, (writing.sequence,)).fetchone() != (self._digest,):
                    raise InvariantBroken("the journal is not the one that a checkpoint is of")
                cursor.execute(_COUNTS, (writing.sequence, writing.position))
                cursor.execute("COMMIT")

    def close(self) -> None:
        """Close the connection; what is under way is dropped."""
        self._writing = None
        self._give_up()


def _with_lowest(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for place, sequence, lines in rows:
        yield place, sequence, int(np.frombuffer(lines, dtype="<i8").min()), lines
