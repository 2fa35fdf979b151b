"""Patterns in the use of a personal account that are worth a look: facts, and no verdicts.

The documents of the cities ask for a watch over the use of accounts, and that no cash is taken out
of them (套现, 套取现金). None gives a number, so the limits are of whoever asks.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from engine.domain.statement import MovedBy, Movement


class SignalKind(IntEnum):
    """What payments from one account have in common; `Limits` says from which number on."""

    MANY_A_DAY = 1
    """Many payments on one day."""
    SAME_AMOUNT = 2
    """The same amount at the same institution again and again."""
    EMPTIED = 3
    """One payment took a large balance whole."""
    PLACES_A_DAY = 4
    """Payments at several institutions on one day."""
    SEVERAL_PERSONS = 5
    """Payments for several persons, the owner among them."""


class Limits(NamedTuple):
    """From which number on a pattern is a signal. The defaults are ours, not a document's."""

    many_a_day: int = 4
    """Payments on one day: a visit with tests and drugs is seldom settled in more than three."""
    same_amount: int = 3
    """Payments of one amount at one institution in the period: prices repeat, seldom so often."""
    emptied_fen: int = 50_000
    """The payment that took the whole balance: small balances are used up every day."""
    places_a_day: int = 3
    """Institutions on one day: a hospital and a pharmacy are two."""
    several_persons: int = 4
    """Persons in the period: the owner with a spouse and a child are three."""


class Payment(NamedTuple):
    """What an account paid for one settlement, or by one payment outside of claims."""

    position: int
    """In the journal; of a claim of several parts that of the first for which the account paid."""
    owner: str
    institution: str
    """Empty: the city agency asked for it, for what is bought at no institution."""
    booked_day: int
    """Day on which the ledger booked it, in China, YYYYMMDD."""
    person: str
    """For whom: the owner, or somebody of the family."""
    fen: int
    balance_before_fen: int


@dataclass(frozen=True, slots=True)
class Signal:
    """One pattern in the payments of one account: facts to look at, and no verdict."""

    kind: SignalKind
    owner: str
    count: int
    """What is held against the limit: payments, institutions or persons; of `EMPTIED` 1."""
    payments: tuple[Payment, ...]
    """Those that make the pattern, in the order of the journal."""

    @property
    def first_day(self) -> int:
        """The day of the first of its payments, YYYYMMDD."""
        return self.payments[0].booked_day

    @property
    def last_day(self) -> int:
        """The day of the last of its payments, YYYYMMDD."""
        return self.payments[-1].booked_day

    @property
    def fen(self) -> int:
        """What its payments come to."""
        return sum(payment.fen for payment in self.payments)

    @property
    def positions(self) -> tuple[int, ...]:
        """The positions of its payments in the journal."""
        return tuple(payment.position for payment in self.payments)


def payments_of(
    owner: str, movements: Iterable[Movement], first_day: int, last_day: int
) -> tuple[Payment, ...]:
    """Return what an account paid on some days, without what was taken back since.

    Args:
        owner: Id of the account's owner.
        movements: What moved the account, in order, from the first day up to now: a payment may be
            taken back after the period.
        first_day: YYYYMMDD.
        last_day: YYYYMMDD.
    """
    moved = list(movements)
    undone = {movement.undoes for movement in moved}
    found: list[Payment] = []
    claim: tuple[str, str] | None = None
    for movement in moved:
        pays = movement.moved_by in (MovedBy.SETTLEMENT, MovedBy.PAYMENT)
        stands = not movement.undoes and movement.position not in undone
        if not (pays and stands and movement.moved_fen < 0):
            continue
        if not first_day <= movement.booked_day <= last_day:
            continue
        before, claim = claim, _claim_of(movement)
        if claim is not None and claim == before:  # a claim of several benefits is paid once
            found[-1] = found[-1]._replace(fen=found[-1].fen - movement.moved_fen)
        else:
            found.append(_payment(owner, movement))
    return tuple(found)


def _claim_of(movement: Movement) -> tuple[str, str] | None:
    """Return what the parts of one claim have in common, None of what is no claim."""
    if movement.moved_by != MovedBy.SETTLEMENT:
        return None
    return movement.institution, movement.request_id


def _payment(owner: str, movement: Movement) -> Payment:
    return Payment(
        movement.position,
        owner,
        movement.institution,
        movement.booked_day,
        movement.patient,
        -movement.moved_fen,
        movement.balance_fen - movement.moved_fen,
    )


def signals_of(payments: Sequence[Payment], limits: Limits) -> tuple[Signal, ...]:
    """Return the signals in the payments of one account in a period, by kind, then by day.

    Args:
        payments: Of one account, in the order of the journal, without what was taken back. What
            the agency asked for is at no institution, and counts to no signal about institutions.
        limits: From which number on a pattern is a signal.
    """
    return tuple(
        Signal(kind, paid[0].owner, count, tuple(paid))
        for kind, count, paid in _patterns(payments, limits)
    )


def _patterns(
    payments: Sequence[Payment], limits: Limits
) -> Iterator[tuple[SignalKind, int, Sequence[Payment]]]:
    """Yield kind, count and payments of each signal."""
    days = _groups(payments, lambda payment: payment.booked_day)
    placed = [payment for payment in payments if payment.institution]
    for paid in days:
        if len(paid) >= limits.many_a_day:
            yield SignalKind.MANY_A_DAY, len(paid), paid
    for paid in _groups(placed, lambda payment: (payment.institution, payment.fen)):
        if len(paid) >= limits.same_amount:
            yield SignalKind.SAME_AMOUNT, len(paid), paid
    for payment in payments:
        if payment.fen == payment.balance_before_fen and payment.fen >= limits.emptied_fen:
            yield SignalKind.EMPTIED, 1, (payment,)
    for paid in _groups(placed, lambda payment: payment.booked_day):
        places = len({payment.institution for payment in paid})
        if places >= limits.places_a_day:
            yield SignalKind.PLACES_A_DAY, places, paid
    persons = len({payment.person for payment in payments})
    if payments and persons >= limits.several_persons:
        yield SignalKind.SEVERAL_PERSONS, persons, payments


def _groups(
    payments: Iterable[Payment], key: Callable[[Payment], Hashable]
) -> Iterable[list[Payment]]:
    """Return the payments that have a key in common, in the order of the first of each."""
    groups: dict[Hashable, list[Payment]] = {}
    for payment in payments:
        groups.setdefault(key(payment), []).append(payment)
    return groups.values()
