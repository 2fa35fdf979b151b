"""What came of an event, whichever way it was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from engine.digest import ResultDigest
from engine.domain.account import DisposalOutcome
from engine.domain.claim import Claim
from engine.domain.movement import CreditedMember, CreditMember, Dispose, Moved, MovementKind, Pay
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.registration import Changed, Select
from engine.domain.request import (
    Cancel,
    Counters,
    ItemError,
    NothingToReverse,
    Refused,
    Reverse,
)

SETTLED: Final = "settled"
REFUSED: Final = "refused"
CANCELLED: Final = "cancelled"
ACCEPTED: Final = "accepted"
CREDITED: Final = "credited"
PAID: Final = "paid"
NOTHING_TO_REVERSE: Final = "nothing_to_reverse"
ERROR: Final = "error"
"""The engine could not take the request for one: never what a case expects."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to an event, in the words of the case format; amounts in fen.

    Of a settlement `amounts` has the names of `engine.domain.layout.AMOUNTS`, of a credit `credit`,
    of a payment `paid` and `balance`; of others it is empty, but a refused payment paid nothing.
    """

    outcome: str
    reason: str = ""
    benefit: str = ""
    amounts: Mapping[str, int] = field(default_factory=dict)
    settlement_id: int = 0
    message: str = ""
    first_day: int = 0
    """Of a selection that was accepted: the day from which it holds, YYYYMMDD."""


@dataclass(frozen=True, slots=True)
class Registers:
    """What a ledger is told before the first event of any of its cases."""

    members: Sequence[Member]
    institutions: Sequence[Institution]
    openings: Sequence[Opening | AccountOpening]


class LaneError(Exception):
    """A way could not be used at all: the server is gone, a register entry was not taken."""


def selected(answer: object) -> Outcome:
    """Return the outcome that an answer to a selection stands for."""
    if isinstance(answer, Changed):
        return Outcome(ACCEPTED, first_day=answer.first_day)
    return not_taken(answer)


def of_account(answer: object) -> Outcome:
    """Return the outcome that an answer about an account stands for."""
    match answer:
        case CreditedMember():
            return Outcome(CREDITED, amounts={"credit": answer.fen})
        case Moved() if answer.act.kind == MovementKind.PAYMENT:
            return Outcome(PAID, amounts={"paid": -answer.fen, "balance": answer.balance_fen})
        case Moved():
            return Outcome(DisposalOutcome(answer.act.outcome).name.lower())
    return replace(not_taken(answer), amounts={"paid": 0})


def not_taken(answer: object) -> Outcome:
    """Return the outcome that an answer other than the one hoped for stands for."""
    match answer:
        case Refused():
            return Outcome(REFUSED, reason=answer.reason.name, message=answer.message)
        case NothingToReverse():
            return Outcome(NOTHING_TO_REVERSE)
        case ItemError():
            return Outcome(ERROR, message=f"{answer.path}: {answer.problem}")
    return Outcome(ERROR, message=f"unexpected answer {type(answer).__name__}")


class Lane(Protocol):
    """One ledger, reached one way."""

    @property
    def digest(self) -> ResultDigest:
        """The digest of everything settled and undone so far."""
        ...

    def prepare(self, registers: Registers) -> None:
        """Fill the registers.

        Raises:
            LaneError: Not everything was taken.
        """
        ...

    def settle(self, claims: Sequence[Claim], preview: bool) -> list[Outcome]:
        """Settle or preview claims in order; return an outcome for each."""
        ...

    def undo(self, request: Cancel | Reverse) -> Outcome:
        """Undo a settlement."""
        ...

    def select(self, request: Select) -> Outcome:
        """Select an institution."""
        ...

    def account(self, request: Pay | CreditMember | Dispose) -> Outcome:
        """Pay from an account, credit or dispose of it."""
        ...

    def counters(self, member: str, year: int) -> Counters:
        """Return the counters of a member-year."""
        ...

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        ...
