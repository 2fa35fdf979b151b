"""What moved a personal account in a period, and its balance before and after."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class MovedBy(IntEnum):
    """What moved an account. An undo has the number of what it takes back."""

    SETTLEMENT = 1
    CREDIT = 2
    PAYMENT = 3
    DISPOSAL = 4


class GetStatement(NamedTuple):
    """Look up what moved a member's account on some days, YYYYMMDD, both included.

    Days are those on which the ledger booked, in China.
    """

    member: str
    first_day: int
    last_day: int


class Movement(NamedTuple):
    """One entry or movement of the journal that moved the account."""

    position: int
    """In the journal: the id of a settlement, a payment, a credit, a disposal."""
    moved_by: MovedBy
    undoes: int
    """The position of what it takes back, 0 if nothing."""
    booked_day: int
    instant: int
    """When it was taken, milliseconds UTC."""
    institution: str
    """Empty: the city agency."""
    request_id: str
    """The undo's own, of an undo; a credit has none."""
    patient: str
    """The person for whom was paid: the owner, or a relative."""
    service_date: int
    """Of a payment or a disposal its day; of a credit the first day of its month."""
    moved_fen: int
    """Negative where the account paid."""
    balance_fen: int
    """After it."""
    purpose: int = 0
    """Of a payment, `Purpose`."""
    product: int = 0
    """Of a premium, `Product`."""
    event: int = 0
    """Of a disposal, `DisposalEvent`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The movements of a period in order; the balance before and they add up to that after."""

    member: str
    first_day: int
    last_day: int
    opening_fen: int
    closing_fen: int
    movements: tuple[Movement, ...]
