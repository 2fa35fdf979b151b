"""Reads of a PostgreSQL store: the lagging tables, single entries and movements of the journal."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Final

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
from engine.store.postgres_errors import Translated
from engine.store.postgres_schema import Connection
from engine.store.schema import POSITIONED_KINDS


def _number_at(place: str) -> str:
    """Return SQL that reads one of the little-endian numbers of four bytes in `text_starts`."""
    bytes_of = (f"(get_byte(text_starts, {place} + {n}) << {8 * n})" for n in range(4))
    return f"({' | '.join(bytes_of)})"


_AT: Final = f"""
SELECT sequence, first_position, items, kind, instant FROM segment
WHERE kind IN {POSITIONED_KINDS} AND first_position <= %s ORDER BY first_position DESC LIMIT 1
"""
_ENTRY: Final = f"""
SELECT substring(records FROM {ENTRY.itemsize} * index + 1 FOR {ENTRY.itemsize}),
  substring(text FROM start + 1 FOR after - start)
FROM (
  SELECT records, text, index, {_number_at("4 * index")} AS start,
    {_number_at("4 * index + 4")} AS after
  FROM (
    SELECT kind, items, records, text_starts, text, least(%s - first_position, items)::int AS index
    FROM segment
    WHERE kind IN {POSITIONED_KINDS} AND first_position <= %s
    ORDER BY first_position DESC LIMIT 1
  ) AS found
  WHERE kind = {SegmentKind.ENTRIES:d} AND index < items
) AS entry
"""
_MOVEMENTS: Final = (
    "SELECT substring(records FROM %s::int FOR %s::int), text FROM segment WHERE sequence = %s"
)
_USES_A_FETCH: Final = 64


class PostgresTables(ABC):
    """`Tables` on a connection, which a subclass keeps."""

    @abstractmethod
    def _open_connection(self) -> Connection:
        """Return the connection that is read from."""

    def entry(self, position: int) -> tuple[bytes, bytes] | None:
        """Return one durable journal entry, its record and its text, or None if there is none."""
        found = self._row(_ENTRY, (position, position))
        return None if found is None else (found[0], found[1])

    def movements(self, position: int, count: int = 1) -> tuple[int, bytes, bytes] | None:
        """Return durable movements, or None: their segment's instant, their records, its text.

        Args:
            position: journal position of the first one.
            count: how many at the most; those of one segment.
        """
        found = self._segment_at(position, SegmentKind.MOVEMENTS)
        if found is None:
            return None
        sequence, first_position, instant = found
        size, first = MOVEMENT.itemsize, position - first_position
        length = min(size * count, (1 << 31) - 1)
        records, text = self._row(_MOVEMENTS, (size * first + 1, length, sequence))
        return instant, records, text

    def _segment_at(self, position: int, kind: SegmentKind) -> tuple[int, int, int] | None:
        """Return sequence, first position, instant of the segment of a kind with a position.

        None if a segment of another kind has it, or none.
        """
        row = self._row(_AT, (position,))
        if row is None:
            return None
        sequence, first_position, items, found, instant = row
        if found != kind or position >= first_position + items:
            return None
        return sequence, first_position, instant

    @property
    def id_seed(self) -> int:
        """The secret that the fingerprints of request ids are made with, below 2**63."""
        return int(self._row("SELECT value FROM meta WHERE key = 'id_seed'", ())[0])

    def id_use_count(self) -> int:
        """Return how many uses of request ids there are."""
        query = "SELECT coalesce(sum(length(uses)), 0)::bigint FROM request_id"
        return int(self._row(query, ())[0]) // ID_USE.itemsize

    def id_uses(self) -> Iterator[Array]:
        """Yield every use of a request id, of `ID_USE`, many at a time."""
        query = (
            "SELECT sequence, number, uses FROM request_id WHERE (sequence, number) > (%s, %s) "
            f"ORDER BY sequence, number LIMIT {_USES_A_FETCH}"
        )
        after: tuple[int, int] | None = (0, -1)
        while after is not None:
            rows = self._rows(query, after)
            for _, _, uses in rows:
                yield np.frombuffer(uses, dtype=ID_USE)
            after = rows[-1][:2] if len(rows) == _USES_A_FETCH else None

    def id_uses_at(self, institution: int) -> Array:
        """Return the uses of an institution's request ids, of `ID_USE`."""
        query = "SELECT uses FROM request_id WHERE lowest <= %s AND highest >= %s"
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
        query = f"SELECT place, lines FROM {table} WHERE place BETWEEN %s AND %s"
        for place, row in self._rows(query, (first, first + ROWS_A_BLOCK - 1)):
            lines[place - first] = np.frombuffer(row, dtype="<i8").reshape(ROW, width)
        return lines.reshape(BLOCK, width)

    def blocks(self) -> tuple[set[tuple[int, int]], set[int]]:
        """Return the (year, block) with member-years, and the blocks with accounts."""
        query = f"SELECT DISTINCT place / {ROWS_A_BLOCK} FROM {{}}"
        years, accounts = (
            [int(place) for (place,) in self._rows(query.format(table), ())]
            for table in ("member_year", "account")
        )
        per_year = YEAR_PLACES // ROWS_A_BLOCK
        return {divmod(place, per_year) for place in years}, set(accounts)

    def visit(self, key: VisitKey) -> int | None:
        """Return what was counted under a key, or None."""
        row = self._row(
            "SELECT paid FROM visit WHERE member = %s AND year = %s AND institution = %s "
            "AND visit = %s",
            key,
        )
        return None if row is None else int(row[0])

    def visit_keys(self, year: int, block: int) -> list[tuple[int, int, str]]:
        """Return (member, number, text) of the `VisitKey`s of a block of members."""
        return self._rows(
            "SELECT member, institution, visit FROM visit WHERE member BETWEEN %s AND %s "
            "AND year = %s",
            (block * BLOCK, (block + 1) * BLOCK - 1, year),
        )

    def visits(self, member: int, year: int) -> list[tuple[int, str, int]]:
        """Return (number, text, fen) for every `VisitKey` of a member-year."""
        query = "SELECT institution, visit, paid FROM visit WHERE member = %s AND year = %s"
        return self._rows(query, (member, year))

    def credit_count(self) -> int:
        """Return how many segments of credits the tables have."""
        return int(self._row("SELECT count(*) FROM credit", ())[0])

    def credits(self, city: str, month: int) -> list[CreditRow]:
        """Return the segments that credited a city for a month, in journal order."""
        query = (
            "SELECT first_position, city, month, lowest, highest FROM credit "
            "WHERE city = %s AND month = %s ORDER BY first_position"
        )
        return [CreditRow(*row) for row in self._rows(query, (city, month))]

    def _rows(self, query: str, values: Any) -> list[Any]:
        """Return every row, with bytes as they are and no text between."""
        with Translated(), self._open_connection().cursor(binary=True) as cursor:
            cursor.execute(query, values)
            rows: list[Any] = cursor.fetchall()
            return rows

    def _row(self, query: str, values: Any) -> Any:
        """Return one row, or None."""
        rows = self._rows(query, values)
        return rows[0] if rows else None
