"""A checkpoint on its way into the lagging tables of an SQLite store, a part in each transaction.

Rows have two sides. A part writes those that do not count yet, so that what the tables stand for
stays whole until the last part says that the others count from now on.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from engine.errors import InvariantBroken
from engine.state._ids import STATUS_BITS
from engine.state.tables import ID_USE, Checkpoint, Lines
from engine.store.sqlite_tables import STANDS

_OTHER_SIDE: Final = """
2 * ?1 + coalesce((
  SELECT 1 - (place & 1) FROM {table}
  WHERE place BETWEEN 2 * ?1 AND 2 * ?1 + 1 AND sequence <= {stands}
  ORDER BY sequence DESC LIMIT 1), 0)
"""

_PUT_LINES: Final = """
INSERT INTO {table} VALUES({place}, ?2, ?3) ON CONFLICT DO UPDATE
SET sequence = excluded.sequence, lines = excluded.lines
"""
_PUT_VISIT: Final = f"""
INSERT INTO visit VALUES(?1, ?2, ?3, ?4, coalesce((
  SELECT 1 - side FROM visit
  WHERE member = ?1 AND year = ?2 AND institution = ?3 AND visit = ?4 AND sequence <= {STANDS}
  ORDER BY sequence DESC LIMIT 1), 0), ?5, ?6)
ON CONFLICT DO UPDATE SET sequence = excluded.sequence, paid = excluded.paid
"""
_PUT_USES: Final = "INSERT INTO request_id VALUES(?, ?, ?, ?, ?, ?)"
_PUT_CREDIT: Final = "INSERT INTO credit VALUES(?, ?, ?, ?, ?)"
_SET: Final = "UPDATE meta SET value = ? WHERE key = ?"
FORGET: Final = (
    *(
        f"DELETE FROM {table} WHERE sequence > {STANDS}"
        for table in ("request_id", "member_year", "account", "visit")
    ),
    "UPDATE meta SET value = 0 WHERE key = 'under_way'",
)
"""Takes away what a checkpoint wrote that was not written to its end; it never counted."""

_USES_A_ROW: Final = 4096
_VISIT_BYTES: Final = 100
"""About what a row of a visit comes to, with its key."""


def _put_lines(table: str) -> str:
    place = _OTHER_SIDE.format(table=table, stands=STANDS)
    return _PUT_LINES.format(table=table, place=place)


class _Source(NamedTuple):
    """Rows for one statement."""

    statement: str
    length: int
    bytes_a_row: int
    rows: Callable[[int, int], Iterator[tuple[Any, ...]]]
    """The rows from one number to another."""


class Part(NamedTuple):
    """What one transaction writes: statements with their rows, and where the next part begins."""

    statements: list[tuple[str, Iterator[tuple[Any, ...]]]]
    next_source: int
    next_row: int


class Writing:
    """The parts of one checkpoint."""

    def __init__(self, checkpoint: Checkpoint, position: int) -> None:
        """Take a checkpoint.

        Args:
            checkpoint: What is written.
            position: The journal's at its sequence.

        Raises:
            InvariantBroken: something in it is below 0 that cannot be.
        """
        self.sequence = checkpoint.sequence
        self.position = position
        _check(checkpoint)
        self._credits = checkpoint.credits
        self._sources = [
            source
            for source in (
                _uses(checkpoint),
                _lines("member_year", checkpoint.member_years, self.sequence),
                _visits(checkpoint),
                _lines("account", checkpoint.accounts, self.sequence),
            )
            if source.length
        ]
        self._source = self._row = 0
        self._begun = False

    @property
    def finished(self) -> bool:
        """Whether every part is durable."""
        return self._begun and self._source == len(self._sources)

    @property
    def bytes_left(self) -> int:
        """About how many bytes are still to be written."""
        return sum(of.length * of.bytes_a_row for of in self._sources[self._source :])

    def part(self, room: int) -> Part:
        """Return the next part, of about so many bytes; the last one makes the rows count."""
        statements: list[tuple[str, Iterator[tuple[Any, ...]]]] = []
        if not self._begun:
            statements.append((_SET, iter([(1, "under_way")])))
        source, row = self._source, self._row
        while source < len(self._sources) and room > 0:
            of = self._sources[source]
            last = min(of.length, row + 1 + room // of.bytes_a_row)
            statements.append((of.statement, of.rows(row, last)))
            room -= (last - row) * of.bytes_a_row
            source, row = (source, last) if last < of.length else (source + 1, 0)
        if source == len(self._sources):
            statements.append((_PUT_CREDIT, iter(self._credits)))
            statements.append((_SET, iter([(self.sequence, "checkpoint"), (0, "under_way")])))
        return Part(statements, source, row)

    def written(self, part: Part) -> None:
        """Note that a part is durable."""
        self._begun = True
        self._source, self._row = part.next_source, part.next_row


def _check(checkpoint: Checkpoint) -> None:
    """Refuse what no fold of a journal gives: it would be found only when it is read again."""
    uses = checkpoint.uses
    if not (uses["fingerprint"].all() and (uses["use"] >> STATUS_BITS).all()):
        raise InvariantBroken("a checkpoint has a request id that nothing used")
    if (checkpoint.member_years.lines[..., -1] < 0).any():
        raise InvariantBroken("a checkpoint has a position of a member-year below 0")
    if (checkpoint.accounts.lines < 0).any():
        raise InvariantBroken("a checkpoint has a balance or a position of an account below 0")
    if min(checkpoint.visits.values(), default=0) < 0:
        raise InvariantBroken("a checkpoint has a visit for which less than nothing was paid")


def _lines(table: str, lines: Lines, sequence: int) -> _Source:
    places, values = lines

    def rows(first: int, last: int) -> Iterator[tuple[Any, ...]]:
        for place, line in zip(places[first:last].tolist(), values[first:last], strict=True):
            yield place, sequence, line.tobytes()

    return _Source(_put_lines(table), len(places), values[:1].nbytes or 1, rows)


def _visits(checkpoint: Checkpoint) -> _Source:
    visits = checkpoint.visits
    # In key order neighbours share pages. Keys are sorted without their rows: comparing pairs takes
    # three times as long.
    keys = sorted(visits)

    def rows(first: int, last: int) -> Iterator[tuple[Any, ...]]:
        for key in keys[first:last]:
            yield *key, checkpoint.sequence, visits[key]

    return _Source(_PUT_VISIT, len(keys), _VISIT_BYTES, rows)


def _uses(checkpoint: Checkpoint) -> _Source:
    """Return the rows that hold the uses of request ids, institution by institution."""
    uses = checkpoint.uses[np.argsort(checkpoint.uses["institution"], kind="stable")]

    def rows(first: int, last: int) -> Iterator[tuple[Any, ...]]:
        for number in range(first, last):
            part = uses[number * _USES_A_ROW : (number + 1) * _USES_A_ROW]
            lowest, highest = int(part["institution"][0]), int(part["institution"][-1])
            furthest = int(part["use"].max()) >> STATUS_BITS
            yield checkpoint.sequence, number, lowest, highest, furthest, part.tobytes()

    return _Source(_PUT_USES, -(-len(uses) // _USES_A_ROW), _USES_A_ROW * ID_USE.itemsize, rows)
