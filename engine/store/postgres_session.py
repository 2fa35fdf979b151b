"""Transactions of one server process on a shared PostgreSQL store, and what it knows of it.

One that writes begins with the lock on the end of the journal; one that reads sees journal and
tables as they are at one moment. A connection that is lost is made again, and the database has to
have everything that this process has seen of it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from engine.errors import EngineError, InvariantBroken, StoreError
from engine.store.chain import Link
from engine.store.postgres_connection import connect
from engine.store.postgres_errors import WORTH_ANOTHER_TRY, Translated, ours
from engine.store.postgres_rights import check_rights, owner_warning
from engine.store.postgres_schema import Connection
from engine.store.postgres_tables import PostgresTables

_END: Final = """
SELECT sequence, digest, next_position, current_setting('synchronous_standby_names') <> ''
FROM journal_end WHERE one = 1
"""
_LOCK_END: Final = f"{_END} FOR UPDATE"
DIGEST: Final = "SELECT digest FROM segment WHERE sequence = %s"
_TOUCH: Final = "UPDATE meta SET value = value WHERE key = 'format'"
"""Writes something: its commit waits until a standby has it, and everything before it."""
_NOW: Final = "SELECT floor(1000 * extract(epoch FROM clock_timestamp()))::bigint"
_CHECKSUMS: Final = "SELECT current_setting('data_checksums', true)"
"""None where a compatible database has no such setting."""
_SERVES: Final = "gongji serve: "
_NAME_LENGTH: Final = 63
"""Of what PostgreSQL calls a connection; it cuts the rest off."""
_SAY: Final = "SELECT set_config('application_name', %s, false)"
_SAID: Final = f"""
SELECT DISTINCT substr(application_name, {len(_SERVES) + 1}) FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND application_name LIKE '{_SERVES}%%'
  AND application_name <> %s ORDER BY 1
"""
_CHECKPOINT: Final = "SELECT sequence, position FROM checkpoint WHERE one = 1"

_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"

_NO_HURRY: Final = "SET LOCAL idle_in_transaction_session_timeout = 0"
"""For who looks at everything; it is in nobody's way."""

_BEGIN_WAITS: Final = (0, 0, 1)
"""Seconds to wait before another try to begin; then whoever asks may send again."""


class PostgresSession(PostgresTables):
    """A connection, where the journal and the tables stood when it was last asked, and no more."""

    def __init__(self, url: str, connection: Connection) -> None:
        """Take over a connection that `open` has made."""
        self._connection = self._heard(connection)
        self._warned = False
        self._url = url
        self._closed = False
        self._in_transaction = self._may_write = False
        self._has_standby = False
        """Whether a commit waits for a standby."""
        self._name = ""
        """What the connection of one that serves is called; empty: this process does not."""
        self._is_news = False
        """Whether others appended what was not confirmed by a commit of ours since."""
        self._end = Link()
        self._checkpoint = self._checkpoint_position = 0

    @property
    def is_shared(self) -> bool:
        """Whether other processes may write the store as well."""
        return True

    def warnings(self) -> list[str]:
        """Return what an operator should know of how the database is set up.

        Raises:
            StoreError: the database cannot be reached.
        """
        found = []
        if self._row(_CHECKSUMS, ()) == ("off",):
            found.append(
                "the database has no data checksums, so a page that its disk changes goes "
                "unnoticed until it is read: stop it and run pg_checksums --enable"
            )
        with Translated():
            found.append(owner_warning(self._open_connection()))
        return [warning for warning in found if warning]

    def introduce(self, name: str) -> list[str]:
        """Say as what this process serves the store; return as what others do, its own left out.

        It is what the connection is called, so others are those with one to the database.

        Raises:
            StoreError: the database cannot be reached.
        """
        self._name = f"{_SERVES}{name}"[:_NAME_LENGTH]
        self._row(_SAY, (self._name,))
        return [other for (other,) in self._rows(_SAID, (self._name,))]

    def check_rights(self) -> None:
        """Check that the user of this process may do what a server does.

        Raises:
            StoreError: something of it is missing, what to do; or the database cannot be reached.
        """
        with Translated():
            check_rights(self._open_connection())

    def now(self) -> int | None:
        """Return the instant by the database's clock, milliseconds UTC.

        Raises:
            StoreError: the database cannot be reached.
        """
        return int(self._row(_NOW, ())[0])

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let the body read the journal and the tables as they are at one moment.

        Raises:
            StoreError: the database cannot be reached.
        """
        self.release()
        self._require_open()
        end = self._begin(writes=False)
        with Translated():
            self._connection.execute(_NO_HURRY)
        self._is_news = self._is_news or end != self._end
        self._end = end
        try:
            yield
        except BaseException:
            self._roll_back()
            raise
        self.release()

    def release(self) -> None:
        """End the transaction without writing; without one nothing happens.

        What others appended may be told from now on. Where a commit waits for a standby, theirs may
        be there without it, if their wait was broken off: so a commit of ours waits first.

        Raises:
            StoreError: it cannot be told yet.
        """
        if not self._in_transaction:
            return
        if not (self._is_news and self._has_standby):
            self._roll_back()
            return
        try:
            if not self._may_write:
                self._connection.execute("ROLLBACK")
                self._connection.execute(_WRITE)
            self._connection.execute(_TOUCH)
            self._execute_commit()
        except psycopg.Error as error:
            self._lose()
            raise ours(error) from error
        self._in_transaction = self._is_news = False

    def _execute_commit(self) -> None:
        """Commit; where the wait for a standby was broken off, fail as if the answer were lost."""
        self._warned = False
        self._connection.execute("COMMIT")
        if self._warned:
            raise psycopg.OperationalError("the wait for a standby was broken off")

    def _heard(self, connection: Connection) -> Connection:
        """Take note of the database's warnings: it commits without a standby, and warns."""

        def note(diagnostic: psycopg.errors.Diagnostic) -> None:
            self._warned = self._warned or diagnostic.severity_nonlocalized == "WARNING"

        connection.add_notice_handler(note)
        return connection

    def _roll_back(self) -> None:
        """End the transaction, whatever was done in it."""
        if self._in_transaction:
            self._in_transaction = False
            try:
                self._connection.execute("ROLLBACK")
            except psycopg.Error:
                self._lose()

    def _begin(self, *, writes: bool) -> Link:
        """Begin a transaction, with some patience; return where the journal ends."""
        waits = iter(_BEGIN_WAITS)
        while True:
            try:
                return self._begin_once(writes=writes)
            except (*WORTH_ANOTHER_TRY, StoreError) as error:
                self._lose()
                wait = next(waits, None)
                if wait is None:
                    raise told(error) from error
                time.sleep(wait)

    def _begin_once(self, *, writes: bool) -> Link:
        self._open_connection().execute(_WRITE if writes else _READ)
        self._in_transaction, self._may_write = True, writes
        *end, self._has_standby = self._row(_LOCK_END if writes else _END, ())
        checkpoint, position = self._row(_CHECKPOINT, ())
        try:
            self._require_kept(Link(*end), checkpoint)
        except InvariantBroken:
            self._roll_back()
            raise
        self._checkpoint, self._checkpoint_position = checkpoint, position
        return Link(*end)

    def _require_kept(self, end: Link, checkpoint: int) -> None:
        """Check that the database has everything that it had: this process rests on it.

        Raises:
            InvariantBroken: it has not.
        """
        known, kept = self._end, checkpoint >= self._checkpoint
        if end != known and known.sequence:
            found = self._row(DIGEST, (known.sequence,))
            kept = kept and end.sequence > known.sequence and found == (known.digest,)
        if not kept:
            raise InvariantBroken(
                f"the database lost what it had committed: it is at segment {end.sequence} and "
                f"checkpoint {checkpoint}, and was at {known.sequence} and {self._checkpoint}"
            )

    def _open_connection(self) -> Connection:
        """Return the connection; one that was lost, with what was begun on it, is made again."""
        self._require_open()
        if self._connection.closed and not self._in_transaction:
            self._connection = self._heard(connect(self._url))
            if self._name:
                self._connection.execute(_SAY, (self._name,))
        return self._connection

    def _require_open(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")

    def _lose(self) -> None:
        """Give the connection up: nobody knows in what state it is."""
        self._in_transaction = False
        with suppress(psycopg.Error):
            self._connection.close()


def told(error: psycopg.Error | StoreError) -> EngineError:
    """Return one of the database's errors, or of ours, as ours."""
    return error if isinstance(error, EngineError) else ours(error)
