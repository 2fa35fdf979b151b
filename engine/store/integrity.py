"""Whether an SQLite store is whole: the file, the digest chain, the sums, the tables."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import apsw
import numpy as np

from engine.domain.journal import POSITIONED, SegmentKind
from engine.errors import InvariantBroken
from engine.state.tables import ACCOUNT_WIDTH, ROW
from engine.store.schema import POSITIONED_KINDS
from engine.store.seal import CHAIN_START, Sealed, seal

Progress = Callable[[int, int], None]
"""Called with (sequence just checked, last sequence)."""

COLUMNS: Final = ", ".join(Sealed._fields)
_KINDS: Final = frozenset(SegmentKind)
_FROM: Final = f"SELECT {COLUMNS} FROM segment WHERE sequence > ? ORDER BY sequence"


class Problem(NamedTuple):
    """Something that does not hold: the segment's sequence number (0: the file), and what."""

    sequence: int
    what: str

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"segment {self.sequence}: {self.what}" if self.sequence else self.what


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
    """Yield where the journal after a sequence number does not follow from what is before it.

    After a break the check goes on from the digest that is stored, so that one changed segment
    is one problem and not one for each segment behind it.
    """
    last = connection.execute("SELECT max(sequence) FROM segment").get or 0
    sequence, digest, position = after, CHAIN_START, 1
    if after:
        query = f"SELECT {COLUMNS} FROM segment WHERE sequence = ?"
        for row in connection.execute(query, (after,)):
            digest, position = row[_DIGEST], _next_position(row)
    for row in connection.execute(_FROM, (after,)):
        if row[0] != sequence + 1:
            yield Problem(sequence + 1, f"segments are missing: the next one is {row[0]}")
        sequence = row[0]
        what = _segment_problem(row, digest, position)
        if what:
            yield Problem(sequence, what)
        digest, position = row[_DIGEST], _next_position(row)
        if progress is not None:
            progress(sequence, last)


_DIGEST: Final = Sealed._fields.index("digest")


def _next_position(row: tuple[object, ...]) -> int:
    """Return the journal position that the segment after this row starts with."""
    stored = Sealed(*row)  # type: ignore[arg-type]  # the table is STRICT
    return stored.first_position + (stored.items if stored.kind in POSITIONED else 0)


def _segment_problem(row: tuple[object, ...], previous: bytes, position: int) -> str:
    """Return what is wrong with one stored segment, or nothing."""
    stored = Sealed(*row)  # type: ignore[arg-type]  # the table is STRICT
    if stored.kind not in _KINDS:
        return f"kind {stored.kind} is unknown"
    if stored.first_position != position:
        return f"it starts at position {stored.first_position}, expected {position}"
    try:
        again = seal(stored.segment(), stored.sequence, previous)
    except InvariantBroken as error:
        return str(error)
    if again.digest != stored.digest:
        return "it does not match its digest: it was changed, or does not follow the one before"
    if again != stored:
        return "its control sums or text offsets do not match its records"
    return ""


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
