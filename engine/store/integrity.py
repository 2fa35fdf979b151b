"""Whether an SQLite store is whole: the file, the digest chain, the sums, the tables."""

from collections.abc import Iterator
from typing import Final

import apsw
import numpy as np

from engine.state.tables import ACCOUNT_WIDTH, ROW
from engine.store.chain import COLUMNS, Link, Problem, Progress, link_of, problems_of
from engine.store.schema import POSITIONED_KINDS
from engine.store.seal import Sealed

_FROM: Final = f"SELECT {COLUMNS} FROM segment WHERE sequence > ? ORDER BY sequence"


def problems(connection: apsw.Connection, progress: Progress | None = None) -> Iterator[Problem]:
    """Yield everything that is wrong with a store; nothing if it is whole."""
    try:
        yield from file_problems(connection)
        yield from chain_problems(connection, 0, progress)
        yield from _table_problems(connection)
    except apsw.Error as error:
        # What cannot be read cannot be checked; the rest may be whole, but nobody can say so.
        yield Problem(0, f"the file cannot be read on: {error}")


def file_problems(connection: apsw.Connection) -> Iterator[Problem]:
    """Yield what SQLite itself finds wrong with its pages."""
    yield from _quick_check(connection, "20")


def table_file_problems(connection: apsw.Connection) -> Iterator[Problem]:
    """Yield what SQLite finds wrong with the pages of everything but the journal.

    The journal is nearly the whole file, and guarded by its digests; to look at every page of a
    year takes minutes, for which nobody can wait at each start.
    """
    for table in ("meta", "layout", "request_id", "member_year", "account", "visit", "credit"):
        yield from _quick_check(connection, table)


def _quick_check(connection: apsw.Connection, argument: str) -> Iterator[Problem]:
    for (finding,) in connection.execute(f"PRAGMA quick_check({argument})"):
        if finding != "ok":
            yield Problem(0, str(finding))


def chain_problems(
    connection: apsw.Connection, after: int, progress: Progress | None = None
) -> Iterator[Problem]:
    """Yield where the journal after a sequence number does not follow from what is before it."""
    last = connection.execute("SELECT max(sequence) FROM segment").get or 0
    before = Link(after)
    query = f"SELECT {COLUMNS} FROM segment WHERE sequence = ?"
    for row in connection.execute(query, (after,)):
        before = link_of(Sealed(*row))
    yield from problems_of(connection.execute(_FROM, (after,)), before, last, progress)


def _table_problems(connection: apsw.Connection) -> Iterator[Problem]:
    """Yield where the lagging tables are ahead of the journal that they are made from."""
    last = connection.execute("SELECT max(sequence) FROM segment").get or 0
    checkpoint = connection.execute("SELECT value FROM meta WHERE key = 'checkpoint'").get
    if not isinstance(checkpoint, int) or checkpoint > last:
        yield Problem(0, f"the tables stand for segment {checkpoint}, the journal ends at {last}")
        return
    position = connection.execute(
        f"SELECT first_position + iif(kind IN {POSITIONED_KINDS}, items, 0) - 1 FROM segment "
        "WHERE sequence = ?",
        (checkpoint,),
    ).get
    stands = f"FROM {{}} WHERE sequence <= {checkpoint}"
    for table, furthest in (
        ("request_id", f"SELECT max(last_entry) {stands}"),
        ("credit", "SELECT max(first_position) FROM {}"),
        ("member_year", f"SELECT lines {stands}"),
        ("account", f"SELECT lines {stands}"),
    ):
        found = max(map(_furthest, connection.execute(furthest.format(table))), default=0)
        if found > (position or 0):
            yield Problem(
                0,
                f"{table} names entry {found}, but at segment {checkpoint} the journal "
                f"had {position or 0}",
            )


def _furthest(row: tuple[object, ...]) -> int:
    """Return the furthest journal position in a row: a number, or lines of `ROW` neighbours."""
    (value,) = row
    if isinstance(value, bytes):
        lines = np.frombuffer(value, dtype="<i8").reshape(ROW, -1)
        # A line of an account has two positions behind its balance.
        value = lines[:, -2:].max() if lines.shape[1] == ACCOUNT_WIDTH else lines[:, -1].max()
    return int(value or 0)  # type: ignore[call-overload,no-any-return]
