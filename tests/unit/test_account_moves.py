"""Payments from accounts outside of a claim, the ends of accounts, and taking both back."""

from typing import Any

import pytest

from engine.domain.account import DisposalEvent, DisposalOutcome, Product, Purpose, Relation
from engine.domain.codes import Mode
from engine.domain.dates import EVERY_DAY, Interval
from engine.domain.movement import Dispose, Moved, MovementKind, Pay, UndoMovement
from engine.domain.reasons import Detail, Reason
from engine.domain.register import AccountOpening, FamilyLink, Institution, Member
from engine.domain.request import (
    Answer,
    GetCounters,
    ImportOpenings,
    ItemError,
    NothingToReverse,
    PutInstitutions,
    PutMembers,
    Refused,
    Request,
)
from engine.domain.statement import GetStatement, MovedBy, Statement
from engine.kernel import FAST
from engine.pipeline import Pipeline
from tests.support.city_bench import Bench, claim
from tests.support.runner import cities
from tests.support.world import HEYUAN, SUIZHOU

DAY = 2024_05_05


@pytest.fixture
def bench() -> Bench:
    """Return a bench of Suizhou: `m` has 1 000.00 and a registered child `c`, `s` has nothing."""
    bench = Bench(SUIZHOU)
    family = (
        FamilyLink("c", Relation.CHILD, "consent-1", EVERY_DAY),
        FamilyLink("b", Relation.SIBLING, "consent-2", EVERY_DAY),
        FamilyLink("w", Relation.SPOUSE, "consent-3", Interval(2024_06_01)),
    )
    bench.ask(
        PutMembers(
            [
                Member("m", SUIZHOU, family=family),
                Member("c", SUIZHOU),
                Member("s", SUIZHOU),
                Member("pool", SUIZHOU, mode=Mode.POOLED_ONLY),
                Member("q", SUIZHOU),
            ]
        )
    )
    closed = Institution("OFF", SUIZHOU, designated=(Interval(2020_01_01, 2023_12_31),))
    bench.ask(PutInstitutions([closed]))
    bench.ask(ImportOpenings([AccountOpening("q", 9_000)]))
    return bench


def balance(bench: Bench, member: str = "m") -> int:
    counters: Any = bench.ask(GetCounters(member, 2024))
    return int(counters.account_balance_fen)


def medical(request_id: str, fen: int = 12_000, **changes: Any) -> Pay:
    return Pay("Y", request_id, "m", DAY, Purpose.MEDICAL, fen)._replace(**changes)


def moved(bench: Bench, request: Request) -> Moved:
    answer = bench.ask(request)
    assert isinstance(answer, Moved), answer
    return answer


def reason(answer: Answer) -> Reason:
    assert isinstance(answer, Refused), answer
    assert answer.message
    return answer.reason


def test_it_pays_and_says_by_which_clause(bench: Bench) -> None:
    paid = moved(bench, medical("a"))
    assert (paid.fen, paid.balance_fen, paid.replayed) == (-12_000, 88_000, False)
    assert paid.act.kind == MovementKind.PAYMENT
    assert paid.clauses[0].clause
    child = moved(bench, medical("b", person="c"))
    assert (child.act.person, child.act.relation) == ("c", Relation.CHILD)
    assert moved(bench, medical("c", person="m")).act.person == ""
    assert balance(bench) == 64_000
    bench.check()


def test_too_small_a_balance_pays_in_part_and_then_not_at_all(bench: Bench) -> None:
    assert moved(bench, medical("a", 250_000)).fen == -100_000
    assert balance(bench) == 0
    assert reason(bench.ask(medical("b"))) == Reason.NO_BALANCE
    bench.check()


def test_the_same_request_is_answered_as_before_and_books_nothing(bench: Bench) -> None:
    first = moved(bench, medical("a"))
    moved(bench, medical("b"))
    assert moved(bench, medical("a")) == first._replace(replayed=True)
    assert balance(bench) == 76_000
    for other in (
        medical("a", 11_999),
        medical("a", person="c"),
        medical("a", day=DAY + 1),
        medical("a", member="q"),
    ):
        answer = bench.ask(other)
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.detail) == (Reason.INVALID_CLAIM, Detail.ID_REUSED)
    # Ids are the institution's own, and a settlement's are apart.
    assert not moved(bench, medical("a", institution="M")).replayed
    bench.settle(claim("a", "Y", DAY, 10_000))
    bench.check()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"member": "nobody"}, Reason.MEMBER_UNKNOWN),
        ({"institution": "NOWHERE"}, Reason.INSTITUTION_UNKNOWN),
        ({"day": 2001_01_01}, Reason.NO_RULE),
        ({"member": "pool"}, Reason.NO_ACCOUNT),
        ({"purpose": Purpose.FITNESS}, Reason.PURPOSE_NOT_ALLOWED),
        ({"purpose": Purpose.PHARMACY_GOODS}, Reason.PURPOSE_NOT_ALLOWED),
        ({"person": "stranger"}, Reason.NOT_REGISTERED),
        ({"person": "w"}, Reason.NOT_REGISTERED),
        ({"person": "b"}, Reason.RELATION_NOT_ALLOWED),
        ({"institution": "OFF"}, Reason.NOT_DESIGNATED),
        ({"member": "s"}, Reason.NO_BALANCE),
        ({"amount_fen": 0}, Reason.INVALID_CLAIM),
        ({"amount_fen": -1}, Reason.INVALID_CLAIM),
        ({"amount_fen": 10**15}, Reason.INVALID_CLAIM),
    ],
)
def test_what_it_does_not_pay(bench: Bench, changes: dict[str, Any], expected: Reason) -> None:
    segments = len(bench.store.journal)
    assert reason(bench.ask(medical("a", **changes))) == expected
    assert len(bench.store.journal) == segments
    assert balance(bench) == 100_000
    assert moved(bench, medical("a")).fen == -12_000  # a refused id stays free
    bench.check()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"purpose": 99}, "purpose"),
        ({"product": 77}, "product"),
        ({"product": Product.RESIDENT}, "product"),
        ({"purpose": Purpose.PREMIUM}, "product"),
        ({"day": 2024_02_30}, "day"),
        ({"request_id": ""}, "request_id"),
        ({"member": "a\n"}, "member"),
    ],
)
def test_what_is_malformed_is_said(bench: Bench, changes: dict[str, Any], path: str) -> None:
    answer = bench.ask(medical("a")._replace(**changes))
    assert isinstance(answer, ItemError)
    assert answer.path == path


def test_a_payment_is_cancelled_once_and_its_id_is_used_up(bench: Bench) -> None:
    paid = moved(bench, medical("a"))
    undo = UndoMovement("Y", "u", movement=paid.position)
    back = moved(bench, undo)
    assert (back.fen, back.balance_fen, back.act.undoes) == (12_000, 100_000, paid.position)
    assert moved(bench, undo) == back._replace(replayed=True)
    for again in (undo._replace(request_id="v"), medical("a")):
        answer = bench.ask(again)
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.detail) == (Reason.INVALID_CLAIM, Detail.UNDONE)
    nothing = bench.ask(UndoMovement("Y", "w", original_request_id="a"))
    assert nothing == NothingToReverse("a")
    for wrong in (
        UndoMovement("M", "x", movement=paid.position),
        UndoMovement("Y", "x", movement=back.position),
        UndoMovement("Y", "x", movement=999),
        UndoMovement("Y", "x", original_request_id="u"),
    ):
        answer = bench.ask(wrong)
        assert isinstance(answer, Refused)
        assert answer.detail == Detail.SETTLEMENT_UNKNOWN
    bench.check()


def test_a_lost_payment_is_reversed_whether_it_arrived_or_not(bench: Bench) -> None:
    moved(bench, medical("a"))
    back = moved(bench, UndoMovement("Y", "u", original_request_id="a"))
    assert (back.act.original, balance(bench)) == ("a", 100_000)
    early = UndoMovement("Y", "v", original_request_id="b")
    barred = bench.ask(early)
    assert isinstance(barred, NothingToReverse)
    assert barred.tombstone
    assert bench.ask(early) == barred._replace(replayed=True)
    late = bench.ask(medical("b"))
    assert isinstance(late, Refused)
    assert late.detail == Detail.REVERSED_BEFORE_ARRIVAL
    assert balance(bench) == 100_000
    bench.check()


def test_the_agency_disposes_of_an_account_and_closes_it(bench: Bench) -> None:
    dispose = Dispose("d", "q", DAY, DisposalEvent.DEATH, application="A1", proof="P1")
    gone = moved(bench, dispose)
    assert gone.act.outcome == DisposalOutcome.PAID_TO_HEIR
    assert (gone.fen, gone.balance_fen, gone.act.proof) == (-9_000, 0, "P1")
    assert moved(bench, dispose).replayed
    assert moved(bench, dispose._replace(request_id="e")).fen == 0
    assert reason(bench.ask(medical("a", member="q"))) == Reason.NO_ACCOUNT
    reused = bench.ask(dispose._replace(proof="P2"))
    assert isinstance(reused, Refused)
    assert reused.detail == Detail.ID_REUSED
    bench.check()


def test_what_is_given_back_to_a_closed_account_can_be_disposed_of(bench: Bench) -> None:
    paid = moved(bench, medical("a"))
    dispose = Dispose("d", "m", DAY, DisposalEvent.DEATH, application="A1")
    first = moved(bench, dispose)
    moved(bench, UndoMovement("Y", "u", movement=paid.position))
    (settled,) = bench.settle(claim("c", "Y", DAY, 50_000, use_account=True))
    assert (settled["account"], balance(bench)) == (0, 12_000)
    rest = moved(bench, dispose._replace(request_id="e"))
    assert (rest.fen, balance(bench)) == (-12_000, 0)
    bench.check()
    # Taken back last first, the account is open again, and pays.
    moved(bench, UndoMovement("", "v", movement=rest.position))
    assert reason(bench.ask(medical("b"))) == Reason.NO_ACCOUNT
    moved(bench, UndoMovement("", "w", movement=first.position))
    assert moved(bench, medical("b")).balance_fen == 88_000
    bench.check()


def test_a_kept_balance_leaves_the_account_open() -> None:
    bench = Bench(HEYUAN)
    kept = moved(bench, Dispose("d", "m", 2025_09_05, DisposalEvent.MOVE, to_area="440300"))
    assert (kept.act.outcome, kept.fen, kept.balance_fen) == (DisposalOutcome.KEPT, 0, 100_000)
    assert moved(bench, medical("a", day=2025_09_05)).balance_fen == 88_000
    bench.check()


def test_a_relatives_closed_account_pays_nothing(bench: Bench) -> None:
    child = claim("a", "Y", DAY, 50_000, payer="m")._replace(member="c")
    (paid,) = bench.settle(child)
    assert paid["family_account"] > 0
    moved(bench, Dispose("d", "m", DAY, DisposalEvent.DEATH, application="A1"))
    (nothing,) = bench.settle(child._replace(request_id="b"))
    assert (nothing["family_account"], nothing["family_reason"]) == (0, Reason.NO_ACCOUNT)
    bench.check()


def test_the_statement_has_settlements_and_movements_in_one_chain(bench: Bench) -> None:
    bench.settle(claim("s", "Y", DAY, 50_000, use_account=True))
    moved(bench, medical("a", person="c"))
    bench.settle(claim("t", "Y", DAY, 50_000, payer="m")._replace(member="c"))
    moved(bench, UndoMovement("Y", "u", original_request_id="a"))
    premium = Pay("", "p", "m", DAY, Purpose.PREMIUM, 40_000, Product.LARGE_AMOUNT)
    bench.ask(premium)
    found = bench.ask(GetStatement("m", 1970_01_01, 2999_12_31))
    assert isinstance(found, Statement)
    kinds = [movement.moved_by for movement in found.movements]
    settlement, payment = MovedBy.SETTLEMENT, MovedBy.PAYMENT
    assert kinds[:4] == [settlement, payment, settlement, payment]
    assert [movement.undoes for movement in found.movements[:4]] == [0, 0, 0, 2]
    assert [movement.patient for movement in found.movements[:4]] == ["m", "c", "c", "c"]
    assert found.opening_fen == 100_000
    running = found.opening_fen
    for movement in found.movements:
        running += movement.moved_fen
        assert movement.balance_fen == running
    assert running == found.closing_fen == balance(bench)


def test_everything_is_the_same_after_opening_again(bench: Bench) -> None:
    paid = moved(bench, medical("a"))
    bench.pipeline.checkpoint()
    moved(bench, Dispose("d", "q", DAY, DisposalEvent.DEATH, application="A1"))
    moved(bench, UndoMovement("Y", "u", original_request_id="a"))
    bench.pipeline = Pipeline.open(bench.store, cities(), FAST)
    assert (balance(bench), balance(bench, "q")) == (100_000, 0)
    again = bench.ask(UndoMovement("Y", "v", movement=paid.position))
    assert isinstance(again, Refused)
    assert again.detail == Detail.UNDONE
    assert reason(bench.ask(medical("b", member="q"))) == Reason.NO_ACCOUNT
    bench.check()


def test_a_disposal_is_not_undone_while_a_later_one_stands(bench: Bench) -> None:
    paid = moved(bench, medical("a"))
    dispose = Dispose("d", "m", DAY, DisposalEvent.DEATH, application="A1")
    first = moved(bench, dispose)
    moved(bench, UndoMovement("Y", "u", movement=paid.position))
    second = moved(bench, dispose._replace(request_id="e"))
    undo = UndoMovement("", "v", movement=first.position)
    assert reason(bench.ask(undo)) == Reason.CANCEL_BLOCKED
    moved(bench, UndoMovement("", "w", movement=second.position))
    assert moved(bench, undo).balance_fen == 100_000
    bench.check()


def test_what_an_earlier_mode_left_is_paid_out(bench: Bench) -> None:
    bench.ask(PutMembers([Member("q", SUIZHOU, mode=Mode.POOLED_ONLY)]))
    assert reason(bench.ask(medical("a", member="q"))) == Reason.NO_ACCOUNT
    gone = moved(bench, Dispose("d", "q", DAY, DisposalEvent.DEATH, application="A1"))
    assert gone.fen == -9_000
    nothing = Dispose("e", "pool", DAY, DisposalEvent.DEATH, application="A1")
    assert reason(bench.ask(nothing)) == Reason.NO_ACCOUNT
    bench.check()


@pytest.mark.parametrize("movement", [-5, 2**63, 10**19])
def test_an_id_that_no_movement_can_have_is_malformed(bench: Bench, movement: int) -> None:
    answer = bench.ask(UndoMovement("Y", "u", movement=movement))
    assert isinstance(answer, ItemError)
    assert answer.path == "movement"
