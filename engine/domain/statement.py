"""What moved a personal account in a period, and its balance before and after."""

from dataclasses import dataclass
from typing import NamedTuple


class GetStatement(NamedTuple):
    """Look up what moved a member's account on some days, YYYYMMDD, both included.

    Days are those on which the ledger booked, in China.
    """

    member: str
    first_day: int
    last_day: int


class Movement(NamedTuple):
    """One entry that moved the account."""

    position: int
    """Of the entry in the journal; of a settlement, its id."""
    kind: int
    """`EntryKind`: a settlement, or what took one back."""
    undoes: int
    """The settlement that it takes back, 0 if none."""
    booked_day: int
    instant: int
    """When it was taken, milliseconds UTC."""
    institution: str
    request_id: str
    """The undo's own, of an undo."""
    patient: str
    """The member whose care was paid: the owner, or a relative."""
    service_date: int
    moved_fen: int
    """Negative where the account paid."""
    balance_fen: int
    """After it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The movements of a period in order; the balance before and they add up to that after."""

    member: str
    first_day: int
    last_day: int
    opening_fen: int
    closing_fen: int
    movements: tuple[Movement, ...]
