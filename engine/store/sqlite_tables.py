"""Reads of one SQLite store: the lagging tables, single entries and movements of the journal."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import apsw
import numpy as np

from engine.domain.journal import SegmentKind
from engine.domain.layout import ENTRY, MOVEMENT, Array
from engine.state.tables import ID_USE, AccountRow, CreditRow, MemberYearRow, VisitKey
from engine.store.schema import POSITIONED_KINDS
from engine.store.sqlite_errors import Translated

_AT: Final = f"""
SELECT sequence, first_position, items, kind, instant FROM segment
WHERE kind IN {POSITIONED_KINDS} AND first_position <= ? ORDER BY first_position DESC LIMIT 1
"""
_ACCOUNT: Final = "balance, last_entry, closed_by"


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
        return int(self._row("SELECT value FROM meta WHERE key = 'id_seed'", ())[0])

    def id_use_count(self) -> int:
        """Return how many uses of request ids there are."""
        bytes_of_uses = self._row("SELECT total(length(uses)) FROM request_id", ())[0]
        return int(bytes_of_uses) // ID_USE.itemsize

    def id_uses(self) -> Iterator[Array]:
        """Yield every use of a request id, of `ID_USE`, many at a time."""
        query = "SELECT uses FROM request_id ORDER BY sequence, number"
        with Translated(self._path):
            for (uses,) in self._connection.execute(query):
                yield np.frombuffer(uses, dtype=ID_USE)

    def id_uses_at(self, institution: int) -> Array:
        """Return the uses of an institution's request ids, of `ID_USE`."""
        query = "SELECT uses FROM request_id WHERE lowest <= ? AND highest >= ?"
        found = self._rows(query, (institution, institution))
        uses: Array = np.frombuffer(b"".join(row[0] for row in found), dtype=ID_USE)
        ours: Array = uses[uses["institution"] == institution]
        return ours

    def member_year(self, member: int, year: int) -> MemberYearRow | None:
        """Return the row of a member-year, or None."""
        row = self._row(
            "SELECT counters, last_entry FROM member_year WHERE member = ? AND year = ?",
            (member, year),
        )
        return None if row is None else MemberYearRow(*row)

    def member_years(self, lowest: int, highest: int, year: int) -> list[tuple[int, bytes, int]]:
        """Return (member, counters, last entry) of the members from one number to another."""
        return self._rows(
            "SELECT member, counters, last_entry FROM member_year "
            "WHERE member BETWEEN ? AND ? AND year = ?",
            (lowest, highest, year),
        )

    def visit(self, key: VisitKey) -> int | None:
        """Return what the fund paid for a visit, or None."""
        row = self._row(
            "SELECT paid FROM visit "
            "WHERE member = ? AND year = ? AND institution = ? AND visit = ?",
            key,
        )
        return None if row is None else int(row[0])

    def shared_visits(self, lowest: int, highest: int, year: int) -> list[tuple[int, int, str]]:
        """Return (member, number, text) of visits that are not a claim's own."""
        return self._rows(
            "SELECT member, institution, visit FROM visit WHERE member BETWEEN ? AND ? "
            "AND year = ? AND (institution < 0 OR visit = '')",
            (lowest, highest, year),
        )

    def visits(self, member: int, year: int) -> list[tuple[int, str, int]]:
        """Return (institution or -1, visit, fen paid) for every visit of a member-year."""
        query = "SELECT institution, visit, paid FROM visit WHERE member = ? AND year = ?"
        return self._rows(query, (member, year))

    def account(self, member: int) -> AccountRow | None:
        """Return the row of an account, or None."""
        row = self._row(f"SELECT {_ACCOUNT} FROM account WHERE member = ?", (member,))
        return None if row is None else AccountRow(*row)

    def accounts(self, lowest: int, highest: int) -> Array:
        """Return the accounts of the members from one number to another.

        int64 of shape (accounts, 4): the member, then what `AccountRow` has.
        """
        query = f"SELECT member, {_ACCOUNT} FROM account WHERE member BETWEEN ? AND ?"
        rows = self._rows(query, (lowest, highest))
        return np.array(rows, dtype=np.int64).reshape(-1, 4)

    def row_counts(self) -> dict[str, int]:
        """Return how many rows the tables `account` and `credit` have, by name."""
        with Translated(self._path):
            return {
                name: self._connection.execute(f"SELECT count(*) FROM {name}").get
                for name in ("account", "credit")
            }

    def credits(self, city: str, month: int) -> list[CreditRow]:
        """Return the segments that credited a city for a month, in journal order."""
        query = "SELECT * FROM credit WHERE city = ? AND month = ? ORDER BY first_position"
        with Translated(self._path):
            return [CreditRow(*row) for row in self._connection.execute(query, (city, month))]

    def _rows(self, query: str, key: tuple[int | str, ...]) -> list[Any]:
        """Return every row, whose types a STRICT table warrants."""
        with Translated(self._path):
            rows: list[Any] = self._connection.execute(query, key).fetchall()
            return rows

    def _row(self, query: str, key: tuple[int | str, ...]) -> Any:
        """Return one row, whose types a STRICT table warrants, or None."""
        with Translated(self._path):
            return self._connection.execute(query, key).fetchone()
