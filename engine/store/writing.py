"""A checkpoint on its way into the lagging tables of a store, a part at a time."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from engine.errors import InvariantBroken
from engine.state._ids import STATUS_BITS
from engine.state.tables import ID_USE, Checkpoint, Lines

Row = tuple[Any, ...]

_USES_A_ROW: Final = 4096
_VISIT_BYTES: Final = 100
"""About what a row of a visit comes to, with its key."""


class _Source(NamedTuple):
    """Rows of one table."""

    table: str
    length: int
    bytes_a_row: int
    rows: Callable[[int, int], Iterator[Row]]
    """The rows from one number to another."""


class Part(NamedTuple):
    """Some rows of a checkpoint, and where the next part begins."""

    rows: list[tuple[str, Iterator[Row]]]
    """By table: of member_year and account (place, sequence, bytes of the lines); of visit the key,
    (sequence, fen); of request_id and credit what their columns are called."""
    is_first: bool
    is_last: bool
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
        self.restart()

    @property
    def finished(self) -> bool:
        """Whether every part is durable."""
        return self._begun and self._source == len(self._sources)

    @property
    def bytes_left(self) -> int:
        """About how many bytes are still to be written."""
        return sum(of.length * of.bytes_a_row for of in self._sources[self._source :])

    def part(self, room: int) -> Part:
        """Return the next part, of about so many bytes."""
        rows: list[tuple[str, Iterator[Row]]] = []
        source, row = self._source, self._row
        while source < len(self._sources) and room > 0:
            of = self._sources[source]
            last = min(of.length, row + 1 + room // of.bytes_a_row)
            rows.append((of.table, of.rows(row, last)))
            room -= (last - row) * of.bytes_a_row
            source, row = (source, last) if last < of.length else (source + 1, 0)
        is_last = source == len(self._sources)
        if is_last:
            rows.append(("credit", iter(self._credits)))
        return Part(rows, not self._begun, is_last, source, row)

    def restart(self) -> None:
        """Begin again with the first part."""
        self._source = self._row = 0
        self._begun = False

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

    def rows(first: int, last: int) -> Iterator[Row]:
        for place, line in zip(places[first:last].tolist(), values[first:last], strict=True):
            yield place, sequence, line.tobytes()

    return _Source(table, len(places), values[:1].nbytes or 1, rows)


def _visits(checkpoint: Checkpoint) -> _Source:
    visits = checkpoint.visits
    # In key order neighbours share pages. Keys are sorted without their rows: comparing pairs takes
    # three times as long.
    keys = sorted(visits)

    def rows(first: int, last: int) -> Iterator[Row]:
        for key in keys[first:last]:
            yield *key, checkpoint.sequence, visits[key]

    return _Source("visit", len(keys), _VISIT_BYTES, rows)


def _uses(checkpoint: Checkpoint) -> _Source:
    """Return the rows that hold the uses of request ids, institution by institution."""
    uses = checkpoint.uses[np.argsort(checkpoint.uses["institution"], kind="stable")]

    def rows(first: int, last: int) -> Iterator[Row]:
        for number in range(first, last):
            part = uses[number * _USES_A_ROW : (number + 1) * _USES_A_ROW]
            lowest, highest = int(part["institution"][0]), int(part["institution"][-1])
            furthest = int(part["use"].max()) >> STATUS_BITS
            yield checkpoint.sequence, number, lowest, highest, furthest, part.tobytes()

    return _Source("request_id", -(-len(uses) // _USES_A_ROW), _USES_A_ROW * ID_USE.itemsize, rows)
