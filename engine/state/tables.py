"""The rows of the lagging tables, and how the state reads them back.

The journal is the truth; these tables are folds of it, written at checkpoints, and may lag. What
happened since the last checkpoint is in memory, and memory is asked first.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

import numpy as np

from engine.domain.journal import EntryKind
from engine.domain.layout import COUNTERS_PER_MEMBER_YEAR, Array
from engine.state.blocks import BLOCK


class KeyStatus(IntEnum):
    """What a request id stands for."""

    STANDING = 1
    UNDONE = 2
    TOMBSTONE = 3
    UNDO = 4


class KeyRow(NamedTuple):
    """Where a request id is: its entry, its status, and the entry that undid it (0: none)."""

    position: int
    status: int
    undone_by: int


STATUS_OF: Final = {
    EntryKind.SETTLEMENT: KeyStatus.STANDING,
    EntryKind.CANCEL: KeyStatus.UNDONE,
    EntryKind.REVERSAL: KeyStatus.UNDONE,
    EntryKind.TOMBSTONE: KeyStatus.TOMBSTONE,
}
"""What the request id of a claim stands for after an entry, by the kind of the entry."""

ID_USE: Final = np.dtype([("institution", "<i8"), ("fingerprint", "<u8"), ("use", "<u8")])
"""A request id that was used up, as it is stored.

The number of the institution (below 0: of `State.asking`), the fingerprint of both, and what used
it: its journal position times 8, plus a `KeyStatus`. An id that stood and was undone has two uses;
the later one counts.
"""


class MemberYearRow(NamedTuple):
    """A member-year: its 8 counters, int64, and its last entry (0: none)."""

    counters: Array
    last_entry: int


class AccountRow(NamedTuple):
    """A personal account: balance in fen, and two journal positions.

    That of the last entry or movement that moved it (0: none), and that of the disposal that closed
    it (0: open).
    """

    balance_fen: int
    last_entry: int
    closed_by: int = 0


class CreditRow(NamedTuple):
    """A segment of movements that credited members of a city for a month.

    Journal position of its first movement, and the lowest and highest member in it.
    """

    first_position: int
    city: str
    month: int
    lowest: int
    highest: int


VisitKey = tuple[int, int, int, str]
"""(member, year, number, text): what is counted is said in `engine.state.keyed`.

The number is an institution, -1 for an explicit visit, or below -1 another counter.
"""


ROW: Final = 32
"""Members whose lines are stored as one row: neighbours, a few to a page."""
ROWS_A_BLOCK: Final = BLOCK // ROW
MEMBER_YEAR_WIDTH: Final = COUNTERS_PER_MEMBER_YEAR + 1
"""Numbers of a member-year's line: its counters, and its last entry."""
ACCOUNT_WIDTH: Final = len(AccountRow._fields)
YEAR_PLACES: Final = 1 << 32
"""Places of a policy year, one for each row of members; more than there are people."""


def year_place(year: int, block: int) -> int:
    """Return the place of the first row of a block of member-years."""
    return year * YEAR_PLACES + block * ROWS_A_BLOCK


class Lines(NamedTuple):
    """Rows of `ROW` neighbours each, with a line for each of them."""

    places: Array
    """int64, ascending: of accounts the row's number, of member-years as `year_place` begins."""
    lines: Array
    """int64 of shape (rows, `ROW`, width)."""


class Checkpoint(NamedTuple):
    """What changed since the last checkpoint, as of a sequence number of the journal."""

    sequence: int
    uses: Array
    """Of `ID_USE`, in journal order."""
    member_years: Lines
    """Of width `MEMBER_YEAR_WIDTH`."""
    visits: dict[VisitKey, int]
    """Fen the fund paid, or fen borne."""
    accounts: Lines
    """Of width `ACCOUNT_WIDTH`, as in `AccountRow`."""
    credits: tuple[CreditRow, ...] = ()
    """Segments of credits since the last checkpoint."""


class Tables(Protocol):
    """Reads of the lagging tables and of single journal entries."""

    @property
    def id_seed(self) -> int:
        """The secret that the fingerprints of request ids are made with, below 2**63."""
        ...

    def id_use_count(self) -> int:
        """Return how many uses of request ids there are."""
        ...

    def id_uses(self) -> Iterator[Array]:
        """Yield every use of a request id, of `ID_USE`, many at a time."""
        ...

    def id_uses_at(self, institution: int) -> Array:
        """Return the uses of an institution's request ids, of `ID_USE`."""
        ...

    def member_years(self, year: int, block: int) -> Array:
        """Return the member-years of a block, int64 of shape (`BLOCK`, 9): counters, last entry."""
        ...

    def accounts(self, block: int) -> Array:
        """Return the accounts of a block, int64 of shape (`BLOCK`, 3), as in `AccountRow`."""
        ...

    def visit(self, key: VisitKey) -> int | None:
        """Return what was counted under a key, or None."""
        ...

    def visit_keys(self, year: int, block: int) -> Sequence[tuple[int, int, str]]:
        """Return (member, number, text) of the `VisitKey`s of a block of members."""
        ...

    def visits(self, member: int, year: int) -> list[tuple[int, str, int]]:
        """Return (number, text, fen) for every `VisitKey` of a member-year."""
        ...

    def credits(self, city: str, month: int) -> list[CreditRow]:
        """Return the segments that credited a city for a month."""
        ...

    def movements(self, position: int, count: int = 1) -> tuple[int, bytes, bytes] | None:
        """Return durable movements, or None: their segment's instant, their records, its text.

        Args:
            position: journal position of the first one.
            count: how many at the most; those of one segment.
        """
        ...

    def entry(self, position: int) -> tuple[bytes, bytes] | None:
        """Return one durable journal entry, its record and its text, or None if there is none."""
        ...
