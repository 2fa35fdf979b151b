"""What is worth a look in the payments of an account: each limit, one below it and at it."""

from collections.abc import Iterator
from itertools import count

import pytest

from engine.domain.account import Purpose
from engine.domain.signals import Limits, Payment, Signal, SignalKind, payments_of, signals_of
from engine.domain.statement import MovedBy, Movement

DAY = 2024_05_05
NEVER = Limits(*[10**9] * len(Limits._fields))
ONLY = {
    SignalKind.MANY_A_DAY: NEVER._replace(many_a_day=4),
    SignalKind.SAME_AMOUNT: NEVER._replace(same_amount=3),
    SignalKind.EMPTIED: NEVER._replace(emptied_fen=50_000),
    SignalKind.PLACES_A_DAY: NEVER._replace(places_a_day=3),
    SignalKind.SEVERAL_PERSONS: NEVER._replace(several_persons=4),
}
"""The default of one kind, and no other."""
ALL_DAYS = (2000_01_01, 2999_12_31)


def paid(*rows: tuple[str, int, str, int]) -> list[Payment]:
    """Return payments of `m` at a place, on a day, for a person, in fen."""
    return [
        Payment(position, "m", place, day, person, fen, 1_000_000)
        for position, (place, day, person, fen) in enumerate(rows, 1)
    ]


def only(kind: SignalKind, payments: list[Payment]) -> tuple[Signal, ...]:
    found = signals_of(payments, ONLY[kind])
    assert all(signal.kind == kind for signal in found)
    return found


def test_the_defaults_are_those_tested_here() -> None:
    assert Limits(4, 3, 50_000, 3, 4) == Limits()


def test_many_a_day() -> None:
    payments = paid(*(("A", DAY, "m", 100 + n) for n in range(4)), ("A", DAY + 1, "m", 7))
    assert only(SignalKind.MANY_A_DAY, [*payments[:3], payments[4]]) == ()
    (signal,) = only(SignalKind.MANY_A_DAY, payments)
    assert (signal.count, signal.fen, signal.positions) == (4, 406, (1, 2, 3, 4))
    assert (signal.owner, signal.first_day, signal.last_day) == ("m", DAY, DAY)


def test_the_same_amount_at_the_same_place() -> None:
    rows = [("A", DAY, "m", 500), ("B", DAY, "m", 500), ("A", DAY + 1, "m", 501)]
    rows += [("A", DAY + 2, "c", 500), ("A", DAY + 9, "m", 500)]
    assert only(SignalKind.SAME_AMOUNT, paid(*rows[:4])) == ()
    (signal,) = only(SignalKind.SAME_AMOUNT, paid(*rows))
    assert (signal.count, signal.fen, signal.positions) == (3, 1_500, (1, 4, 5))
    assert (signal.first_day, signal.last_day) == (DAY, DAY + 9)


def test_a_large_balance_taken_whole() -> None:
    (payment,) = paid(("A", DAY, "m", 50_000))
    cases = [(50_000, 50_001), (49_999, 49_999)]
    for fen, before in cases:
        assert (
            only(SignalKind.EMPTIED, [payment._replace(fen=fen, balance_before_fen=before)]) == ()
        )
    whole = payment._replace(balance_before_fen=50_000)
    assert only(SignalKind.EMPTIED, [whole]) == (Signal(SignalKind.EMPTIED, "m", 1, (whole,)),)


def test_many_places_a_day() -> None:
    rows = [("A", DAY, "m", 1), ("B", DAY, "m", 2), ("B", DAY, "m", 3), ("C", DAY + 1, "m", 4)]
    assert only(SignalKind.PLACES_A_DAY, paid(*rows)) == ()
    (signal,) = only(SignalKind.PLACES_A_DAY, paid(*rows, ("C", DAY, "m", 5)))
    assert (signal.count, signal.fen, signal.positions) == (3, 11, (1, 2, 3, 5))


def test_several_persons() -> None:
    rows = [("A", DAY + n, person, 10) for n, person in enumerate(("m", "c", "m", "s"))]
    assert only(SignalKind.SEVERAL_PERSONS, paid(*rows)) == ()
    (signal,) = only(SignalKind.SEVERAL_PERSONS, paid(*rows, ("", DAY, "p", 10)))
    assert (signal.count, signal.fen, len(signal.payments)) == (4, 50, 5)


def test_what_the_agency_asks_for_is_at_no_place() -> None:
    rows = [("", DAY, "m", 38_000)] * 3
    assert only(SignalKind.SAME_AMOUNT, paid(*rows)) == ()
    assert only(SignalKind.PLACES_A_DAY, paid(*rows, ("A", DAY, "m", 1), ("B", DAY, "m", 1))) == ()
    assert len(only(SignalKind.MANY_A_DAY, paid(*rows, ("", DAY, "m", 1)))) == 1


def test_no_payments_no_signals() -> None:
    assert signals_of([], Limits(1, 1, 0, 1, 1)) == ()


@pytest.mark.parametrize("kind", SignalKind)
def test_a_payment_may_make_signals_of_each_kind(kind: SignalKind) -> None:
    everything = Limits(1, 1, 0, 1, 1)
    (payment,) = paid(("A", DAY, "m", 1_000_000))
    assert kind in [signal.kind for signal in signals_of([payment], everything)]


# --- out of a statement ------------------------------------------------------------------


def moves(*made: tuple[MovedBy, int, int]) -> Iterator[Movement]:
    """Yield movements by kind, fen and what they undo, of a balance of 1 000.00."""
    balance, ids = 100_000, count(1)
    for (by, fen, undoes), position in zip(made, ids, strict=False):
        balance += fen
        yield Movement(
            *(position, by, undoes, DAY + position, 1, "A", f"r{position}", "c", DAY, fen, balance)
        )


def test_of_a_statement_payments_count() -> None:
    moved = list(
        moves(
            (MovedBy.CREDIT, 500, 0),
            (MovedBy.SETTLEMENT, -300, 0),
            (MovedBy.CREDIT, -200, 1),
            (MovedBy.PAYMENT, -70, 0),
            (MovedBy.DISPOSAL, -9_000, 0),
        )
    )
    moved[3] = moved[3]._replace(purpose=Purpose.PREMIUM, institution="")
    assert payments_of("m", moved, *ALL_DAYS) == (
        Payment(2, "m", "A", DAY + 2, "c", 300, 100_500),
        Payment(4, "m", "", DAY + 4, "c", 70, 100_000),
    )
    assert [p.position for p in payments_of("m", moved, DAY, DAY + 3)] == [2]
    assert [p.position for p in payments_of("m", moved, DAY + 3, DAY + 4)] == [4]


def test_what_was_taken_back_counts_nowhere_even_if_later() -> None:
    moved = list(
        moves(
            (MovedBy.SETTLEMENT, -300, 0),
            (MovedBy.PAYMENT, -300, 0),
            (MovedBy.SETTLEMENT, 300, 1),
            (MovedBy.PAYMENT, 300, 2),
        )
    )
    assert payments_of("m", moved, DAY, DAY + 2) == ()


def test_the_parts_of_a_claim_are_one_payment() -> None:
    settled = [(MovedBy.SETTLEMENT, -n, 0) for n in (1, 2, 4)]
    one, two, other = moves(*settled)
    two = two._replace(request_id=one.request_id)
    assert payments_of("m", [one, two, other], *ALL_DAYS) == (
        Payment(1, "m", "A", DAY + 1, "c", 3, 100_000),
        Payment(3, "m", "A", DAY + 3, "c", 4, 99_997),
    )
    elsewhere = two._replace(institution="B")
    assert len(payments_of("m", [one, elsewhere, other], *ALL_DAYS)) == 3
