"""A relative's account in the ledger: two members touched by one entry, and both given back."""

from typing import Any

import pytest

from engine.domain.account import Relation
from engine.domain.claim import Claim
from engine.domain.codes import Mode
from engine.domain.dates import Interval
from engine.domain.reasons import Detail, Reason
from engine.domain.register import AccountOpening, FamilyLink, Member
from engine.domain.request import (
    Answer,
    BatchAnswer,
    Cancel,
    Found,
    GetCounters,
    GetSettlement,
    ImportOpenings,
    ItemError,
    PutMembers,
    Refused,
    Request,
    Reverse,
    SettleBatch,
    Undone,
)
from engine.domain.statement import GetStatement, Statement
from engine.kernel import FAST, REFERENCE, Kernel
from engine.pipeline import Pipeline
from tests.support.city_bench import Bench, claim
from tests.support.runner import cities
from tests.support.world import JINAN, ZIBO

DAY = 2024_05_05
ALL_YEAR = Interval(2024_01_01)


def link(days: Interval = ALL_YEAR) -> FamilyLink:
    return FamilyLink("m", Relation.CHILD, "consent-7", days)


@pytest.fixture(params=[REFERENCE, FAST], ids=lambda kernel: kernel.name)
def bench(request: pytest.FixtureRequest) -> Bench:
    """Return a bench of Zibo: `m` has 1 000.00, the parent `p` 300.00, and others nothing."""
    kernel: Kernel = request.param
    bench = Bench(ZIBO, kernel)
    people = [
        Member("p", ZIBO, family=(link(),)),
        Member("late", ZIBO, family=(link(Interval(2024_05_06)),)),
        Member("far", JINAN, mode=Mode.POOLED_ONLY, family=(link(),)),
        Member("brother", ZIBO, family=(link()._replace(relation=Relation.SIBLING),)),
    ]
    bench.ask(PutMembers(people))
    openings = [AccountOpening(name, 30_000) for name in ("p", "late", "brother")]
    bench.ask(ImportOpenings(openings))
    return bench


def balance(bench: Bench, member: str) -> int:
    counters: Any = bench.ask(GetCounters(member, 2024))
    return int(counters.account_balance_fen)


def asked(request_id: str, fen: int = 45_000, payer: str = "p", **more: Any) -> Claim:
    return claim(request_id, "Y", DAY, fen, payer=payer, **more)


def links(bench: Bench) -> list[tuple[int, int]]:
    entries = bench.store.journal[-1].entries()["link"]
    return [(int(n["account_previous"]), int(n["family_previous"])) for n in entries]


def test_both_accounts_pay_and_are_given_back(bench: Bench) -> None:
    (first,) = bench.settle(asked("a", 200_000, use_account=True))
    # 50.00 and 40 % of 1 950.00 are borne: 830.00, out of the own account.
    assert (first["account"], first["family_account"], first["cash"]) == (83_000, 0, 0)
    second, third = bench.settle(
        asked("b", 100_000, use_account=True), asked("c", 50_000, use_account=True)
    )
    assert (second["account"], second["family_account"]) == (17_000, 23_000)
    assert (third["account"], third["family_account"], third["cash"]) == (0, 7_000, 13_000)
    assert links(bench) == [(1, 0), (0, 2)]
    assert (balance(bench, "m"), balance(bench, "p")) == (0, 0)
    assert isinstance(bench.ask(Cancel("Y", "k", 3)), Undone)
    assert links(bench) == [(0, 3)]
    assert isinstance(bench.ask(Reverse("Y", "l", "b")), Undone)
    assert links(bench) == [(2, 4)]
    assert (balance(bench, "m"), balance(bench, "p")) == (17_000, 30_000)
    bench.check()


def test_the_owner_and_the_relative_pay_from_one_account_in_order(bench: Bench) -> None:
    own = asked("b", 60_000, payer="", use_account=True)._replace(member="p")
    first, owners, last = bench.settle(asked("a", 40_000), own, asked("c", 40_000))
    assert first["family_account"] == 19_000
    assert (owners["account_before"], owners["account"]) == (11_000, 11_000)
    assert (last["family_before"], last["family_account"], last["cash"]) == (0, 0, 16_000)
    assert links(bench) == [(0, 0), (1, 0), (0, 0)]
    bench.check()


def test_the_state_is_the_same_after_opening_again(bench: Bench) -> None:
    bench.settle(asked("a", 40_000))
    again = Pipeline.open(bench.store, cities(), bench.kernel)
    bench.pipeline = again
    assert balance(bench, "p") == 11_000
    (result,) = bench.settle(asked("b", 100_000))
    assert (result["family_before"], result["family_account"]) == (11_000, 11_000)
    assert links(bench) == [(0, 1)]
    bench.check()


def test_a_preview_takes_nothing(bench: Bench) -> None:
    (seen,) = bench.settle(asked("a", use_account=True), preview=True)
    assert seen["account"] == 21_000
    (seen,) = bench.settle(asked("a"), preview=True)
    assert seen["family_account"] == 21_000
    assert (balance(bench, "m"), balance(bench, "p")) == (100_000, 30_000)


@pytest.mark.parametrize(
    ("payer", "reason"),
    [
        ("late", Reason.NOT_REGISTERED),
        ("far", Reason.NO_RULE),
        ("brother", Reason.RELATION_NOT_ALLOWED),
        ("p", Reason.NONE),
    ],
)
def test_who_may_not_pay_leaves_cash(bench: Bench, payer: str, reason: Reason) -> None:
    (result,) = bench.settle(asked("a", payer=payer))
    assert result["family_reason"] == reason
    assert result["cash"] == (0 if reason == Reason.NONE else 21_000)
    # The balance of an account that may not be asked is nobody's business, not when undone either.
    assert result["family_before"] == (30_000 if reason == Reason.NONE else 0)
    assert isinstance(bench.ask(Cancel("Y", "k", 1)), Undone)
    bench.check()


def test_a_payer_that_cannot_be(bench: Bench) -> None:
    answer = bench.batch(asked("b", payer="m"))
    assert (answer.errors[0].path, answer.errors[0].index) == ("payer", 0)


def test_a_payer_who_is_not_in_the_register_leaves_cash(bench: Bench) -> None:
    answer = bench.batch(asked("a", payer="nobody"))
    (entry,) = answer.entries
    result = entry["result"]
    assert (result["family_reason"], result["cash"]) == (Reason.NOT_REGISTERED, 21_000)
    found = bench.ask(GetSettlement("Y", request_id="a"))
    assert isinstance(found, Found)
    assert found.entry.payer == "nobody"
    # The same request is the same, also when the payer has been registered since.
    bench.ask(PutMembers([Member("nobody", ZIBO, family=(link(),))]))
    again = bench.batch(asked("a", payer="nobody"))
    assert again.replayed == {0}
    assert again.entries[0].tobytes() == entry.tobytes()
    for other in ("nobod", "p", ""):
        assert bench.batch(asked("a", payer=other)).refusals[0].detail == Detail.ID_REUSED
    assert isinstance(bench.ask(Cancel("Y", "k", 1)), Undone)
    bench.settle(asked("b", payer="nobody"))
    bench.check()


def test_another_payer_is_another_request(bench: Bench) -> None:
    bench.settle(asked("a"))
    again: BatchAnswer = bench.batch(asked("a"))
    assert again.replayed == {0}
    other = bench.batch(asked("a", payer="late"))
    assert other.refusals[0].detail == Detail.ID_REUSED
    assert balance(bench, "p") == 9_000


# --- statements --------------------------------------------------------------------------

NOON = 43_200_000
"""Milliseconds of 1970-01-01 20:00 in China."""
A_DAY = 86_400_000


def on(bench: Bench, day: int, request: Request) -> Answer:
    """Return the answer to a request that comes on a day after 1970-01-01."""
    return bench.pipeline.run([request], NOON + day * A_DAY)[0]


def statement(bench: Bench, member: str, first: int, last: int) -> Statement:
    answer = bench.ask(GetStatement(member, first, last))
    assert isinstance(answer, Statement)
    assert answer.opening_fen + sum(m.moved_fen for m in answer.movements) == answer.closing_fen
    return answer


def test_a_statement_follows_one_account_over_members(bench: Bench) -> None:
    own = asked("b", 20_000, payer="", use_account=True)._replace(member="p")
    on(bench, 1, SettleBatch([asked("a", 20_000), own]))
    on(bench, 3, SettleBatch([asked("c", 10_000), asked("cash", 500_000, payer="late")]))
    on(bench, 4, Cancel("Y", "k", 3))
    whole = statement(bench, "p", 1970_01_01, 2999_12_31)
    assert (whole.opening_fen, whole.closing_fen) == (30_000, 8_000)
    seen = [(m.position, m.patient, m.moved_fen, m.balance_fen) for m in whole.movements]
    assert seen == [
        (1, "m", -11_000, 19_000),
        (2, "p", -11_000, 8_000),
        (3, "m", -4_000, 4_000),
        (5, "m", 4_000, 8_000),
    ]
    assert [m.undoes for m in whole.movements] == [0, 0, 0, 3]
    assert [m.request_id for m in whole.movements] == ["a", "b", "c", "k"]
    part = statement(bench, "p", 1970_01_03, 1970_01_04)
    assert (part.opening_fen, part.closing_fen) == (8_000, 4_000)
    assert [m.position for m in part.movements] == [3]
    assert part.movements[0].booked_day == 1970_01_04
    none = statement(bench, "p", 1970_01_03, 1970_01_03)
    assert (none.opening_fen, none.closing_fen, none.movements) == (8_000, 8_000, ())
    assert statement(bench, "m", 1970_01_01, 2999_12_31).movements == ()
    bench.check()


def test_a_clock_that_went_back_tears_no_period_apart(bench: Bench) -> None:
    on(bench, 9, SettleBatch([asked("a", 10_000)]))
    on(bench, 2, SettleBatch([asked("b", 10_000)]))
    on(bench, 9, SettleBatch([asked("c", 10_000)]))
    early = statement(bench, "p", 1970_01_01, 1970_01_05)
    assert [m.position for m in early.movements] == [1, 2]
    assert [m.booked_day for m in early.movements] == [1970_01_03, 1970_01_03]


def test_a_statement_is_read_from_the_tables(bench: Bench) -> None:
    on(bench, 1, SettleBatch([asked("a", 20_000)]))
    bench.pipeline.checkpoint()
    bench.pipeline = Pipeline.open(bench.store, cities(), bench.kernel)
    assert [m.moved_fen for m in statement(bench, "p", 1970_01_01, 1970_12_31).movements] == [
        -11_000
    ]


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (GetStatement("p", 2024_02_30, 2024_12_31), "first_day"),
        (GetStatement("p", 2024_01_01, 0), "last_day"),
        (GetStatement("p", 2024_01_02, 2024_01_01), "last_day"),
        (GetStatement("", 2024_01_01, 2024_01_02), "member"),
    ],
)
def test_a_statement_that_cannot_be_asked_for(
    bench: Bench, request_: GetStatement, path: str
) -> None:
    answer = bench.ask(request_)
    assert isinstance(answer, ItemError)
    assert answer.path == path


def test_a_statement_of_nobody(bench: Bench) -> None:
    answer = bench.ask(GetStatement("nobody", 2024_01_01, 2024_12_31))
    assert isinstance(answer, Refused)
    assert answer.reason == Reason.MEMBER_UNKNOWN
