"""The rows of the lagging tables, and how the state reads them back.

The journal is the truth; these tables are folds of it, written at checkpoints, and may lag. What
happened since the last checkpoint is in memory, and memory is asked first.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, Protocol

from engine.domain.journal import EntryKind
from engine.domain.layout import Array


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


def key_of(kind: int, position: int, undoes: int) -> tuple[int, int, int]:
    """Return what the request id of an entry's claim stands for, as in `KeyRow`.

    A plain tuple: there are many, and the garbage collector looks at every one of another type
    again and again.

    Args:
        kind: `EntryKind` of the entry.
        position: where it is in the journal.
        undoes: the position that it undoes, 0 for none.
    """
    if kind == EntryKind.SETTLEMENT:
        return position, int(KeyStatus.STANDING), 0
    if kind == EntryKind.TOMBSTONE:
        return position, int(KeyStatus.TOMBSTONE), 0
    return undoes, int(KeyStatus.UNDONE), position


class MemberYearRow(NamedTuple):
    """A member-year: its 8 counters as 64 little-endian bytes, and its last entry (0: none)."""

    counters: bytes
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


class Checkpoint(NamedTuple):
    """Rows changed since the last checkpoint.

    The store writes them in key order, in one transaction, with the sequence number of the last
    segment they include.
    """

    sequence: int
    keys: dict[tuple[int, str], tuple[int, int, int]]
    """By (institution, request id), each as in `KeyRow`."""
    member_years: dict[tuple[int, int], MemberYearRow]
    """By (member, year)."""
    visits: dict[VisitKey, int]
    """Fen the fund paid, or fen borne."""
    accounts: dict[int, AccountRow]
    """By member."""
    credits: tuple[CreditRow, ...] = ()
    """Segments of credits since the last checkpoint."""


class Tables(Protocol):
    """Reads of the lagging tables and of single journal entries."""

    def key(self, institution: int, request_id: str) -> KeyRow | None:
        """Return the row of a request id, or None."""
        ...

    def request_ids(self, after: tuple[int, str], count: int) -> Sequence[tuple[int, str]]:
        """Return the (institution, request id) next in order, so many at the most."""
        ...

    def standing(self, institution: int) -> list[tuple[str, int]]:
        """Return (request id, position) of every settlement of an institution that stands."""
        ...

    def member_year(self, member: int, year: int) -> MemberYearRow | None:
        """Return the row of a member-year, or None."""
        ...

    def member_years(
        self, lowest: int, highest: int, year: int
    ) -> Sequence[tuple[int, bytes, int]]:
        """Return (member, counters, last entry) of the members from one number to another."""
        ...

    def visit(self, key: VisitKey) -> int | None:
        """Return what the fund paid for a visit, or was borne at an institution, or None."""
        ...

    def shared_visits(self, lowest: int, highest: int, year: int) -> Sequence[tuple[int, int, str]]:
        """Return (member, number, text) of `VisitKey`s of members from one number to another.

        But for visits that are a claim's own, whose number is an institution and whose text is not
        empty.
        """
        ...

    def visits(self, member: int, year: int) -> list[tuple[int, str, int]]:
        """Return (institution or -1, visit, fen) for every `VisitKey` of a member-year."""
        ...

    def account(self, member: int) -> AccountRow | None:
        """Return the row of an account, or None."""
        ...

    def accounts(self, lowest: int, highest: int) -> Array:
        """Return the accounts of the members from one number to another.

        int64 of shape (accounts, 4): the member, then what `AccountRow` has.
        """
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
