"""Reads of one SQLite store: the lagging tables, single entries and movements of the journal."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import apsw
import numpy as np

from engine.domain.journal import SegmentKind
from engine.domain.layout import ENTRY, MOVEMENT, Array
from engine.state.blocks import BLOCK
from engine.state.tables import (
    ACCOUNT_WIDTH,
    ID_USE,
    MEMBER_YEAR_WIDTH,
    ROW,
    ROWS_A_BLOCK,
    YEAR_PLACES,
    CreditRow,
    VisitKey,
    year_place,
)
from engine.store.schema import POSITIONED_KINDS
from engine.store.sqlite_errors import Translated

_AT: Final = f"""
SELECT sequence, first_position, items, kind, instant FROM segment
WHERE kind IN {POSITIONED_KINDS} AND first_position <= ? ORDER BY first_position DESC LIMIT 1
"""
STANDS: Final = "(SELECT value FROM meta WHERE key = 'checkpoint')"
"""The sequence number that the tables stand for: rows above it do not count yet."""


class _At(NamedTuple):
    """A segment that begins at a position or before it."""

    sequence: int
    first_position: int
    items: int
    kind: int
    instant: int


class SqliteTables:
    """`Tables` on a connection."""

    def __init__(self, connection: apsw.Connection, path: str) -> None:
        """Read from a connection; `path` is for messages."""
        self._connection = connection
        self._path = path

    def entry(self, position: int) -> tuple[bytes, bytes] | None:
        """Return one durable journal entry, its record and its text, or None if there is none."""
        with Translated(self._path):
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
        with Translated(self._path):
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

    @property
    def id_seed(self) -> int:
        """The secret that the fingerprints of request ids are made with, below 2**63."""
        return self._meta("id_seed")

    def id_use_count(self) -> int:
        """Return how many uses of request ids there are."""
        query = f"SELECT total(length(uses)) FROM request_id WHERE sequence <= {STANDS}"
        return int(self._row(query, ())[0]) // ID_USE.itemsize

    def id_uses(self) -> Iterator[Array]:
        """Yield every use of a request id, of `ID_USE`, many at a time."""
        query = f"SELECT uses FROM request_id WHERE sequence <= {STANDS} ORDER BY sequence, number"
        with Translated(self._path):
            for (uses,) in self._connection.execute(query):
                yield np.frombuffer(uses, dtype=ID_USE)

    def id_uses_at(self, institution: int) -> Array:
        """Return the uses of an institution's request ids, of `ID_USE`."""
        query = (
            "SELECT uses FROM request_id WHERE lowest <= ? AND highest >= ? "
            f"AND sequence <= {STANDS}"
        )
        found = self._rows(query, (institution, institution))
        uses: Array = np.frombuffer(b"".join(row[0] for row in found), dtype=ID_USE)
        ours: Array = uses[uses["institution"] == institution]
        return ours

    def member_years(self, year: int, block: int) -> Array:
        """Return the member-years of a block, int64 of shape (`BLOCK`, 9): counters, last entry."""
        return self._lines("member_year", year_place(year, block), MEMBER_YEAR_WIDTH)

    def accounts(self, block: int) -> Array:
        """Return the accounts of a block, int64 of shape (`BLOCK`, 3), as in `AccountRow`."""
        return self._lines("account", ROWS_A_BLOCK * block, ACCOUNT_WIDTH)

    def _lines(self, table: str, first: int, width: int) -> Array:
        """Return the lines of the rows of a block, whose first place this is; 0 without a row."""
        lines = np.zeros((ROWS_A_BLOCK, ROW, width), dtype=np.int64)
        # The later side comes last, and stays.
        query = (
            f"SELECT place >> 1, lines FROM {table} WHERE place BETWEEN ? AND ? "
            f"AND sequence <= {STANDS} ORDER BY sequence"
        )
        for place, row in self._rows(query, (2 * first, 2 * (first + ROWS_A_BLOCK) - 1)):
            lines[place - first] = np.frombuffer(row, dtype="<i8").reshape(ROW, width)
        return lines.reshape(BLOCK, width)

    def blocks(self) -> tuple[set[tuple[int, int]], set[int]]:
        """Return the (year, block) with member-years, and the blocks with accounts."""
        query = "SELECT DISTINCT (place >> 1) / ? FROM {} WHERE sequence <= " + STANDS
        years, accounts = (
            [place for (place,) in self._rows(query.format(table), (ROWS_A_BLOCK,))]
            for table in ("member_year", "account")
        )
        per_year = YEAR_PLACES // ROWS_A_BLOCK
        return {divmod(place, per_year) for place in years}, set(accounts)

    def visit(self, key: VisitKey) -> int | None:
        """Return what was counted under a key, or None."""
        row = self._row(
            "SELECT paid FROM visit WHERE member = ? AND year = ? AND institution = ? "
            f"AND visit = ? AND sequence <= {STANDS} ORDER BY sequence DESC",
            key,
        )
        return None if row is None else int(row[0])

    def visit_keys(self, year: int, block: int) -> list[tuple[int, int, str]]:
        """Return (member, number, text) of the `VisitKey`s of a block of members."""
        return self._rows(
            "SELECT member, institution, visit FROM visit WHERE member BETWEEN ? AND ? "
            f"AND year = ? AND sequence <= {STANDS}",
            (block * BLOCK, (block + 1) * BLOCK - 1, year),
        )

    def visits(self, member: int, year: int) -> list[tuple[int, str, int]]:
        """Return (number, text, fen) for every `VisitKey` of a member-year."""
        query = (
            "SELECT institution, visit, paid FROM visit WHERE member = ? AND year = ? "
            f"AND sequence <= {STANDS} ORDER BY sequence"
        )
        latest = {(number, text): fen for number, text, fen in self._rows(query, (member, year))}
        return [(number, text, fen) for (number, text), fen in latest.items()]

    def credit_count(self) -> int:
        """Return how many segments of credits the tables have."""
        return int(self._row("SELECT count(*) FROM credit", ())[0])

    def credits(self, city: str, month: int) -> list[CreditRow]:
        """Return the segments that credited a city for a month, in journal order."""
        query = "SELECT * FROM credit WHERE city = ? AND month = ? ORDER BY first_position"
        with Translated(self._path):
            return [CreditRow(*row) for row in self._connection.execute(query, (city, month))]

    def _meta(self, key: str) -> int:
        """Return a number that the store keeps of itself."""
        return int(self._row("SELECT value FROM meta WHERE key = ?", (key,))[0])

    def _rows(self, query: str, key: tuple[int | str, ...]) -> list[Any]:
        """Return every row, whose types a STRICT table warrants."""
        with Translated(self._path):
            rows: list[Any] = self._connection.execute(query, key).fetchall()
            return rows

    def _row(self, query: str, key: tuple[int | str, ...]) -> Any:
        """Return one row, whose types a STRICT table warrants, or None."""
        with Translated(self._path):
            return self._connection.execute(query, key).fetchone()
