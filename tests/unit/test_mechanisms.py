"""Mechanisms that only some cities force: per institution, second payment, drafts, switches."""

from typing import Any

import pytest

from engine.domain.bill import BillLine
from engine.domain.codes import Benefit, LineClass, LineFlag
from engine.domain.layout import BEFORE
from engine.domain.reasons import Reason
from engine.domain.register import Opening
from engine.domain.request import (
    Accepted,
    Cancel,
    GetCounters,
    ImportOpenings,
    Refused,
    Undone,
)
from engine.kernel import FAST, REFERENCE, Kernel
from engine.pipeline import Pipeline
from tests.support.city_bench import Bench, claim
from tests.support.runner import cities
from tests.support.world import CHANGCHUN, JINAN, LINJIANG, SUIZHOU, ZIBO

KERNELS = pytest.mark.parametrize("kernel", [REFERENCE, FAST], ids=lambda kernel: kernel.name)


@KERNELS
def test_a_deductible_by_institution_is_the_treating_ones(kernel: Kernel) -> None:
    bench = Bench(JINAN, kernel)
    day = 2023_05_05
    parts = bench.settle(
        claim("a", "M", day, 30_000),
        claim("b", "NET", day, 5_000),
        claim("c", "RX", day, 10_000, prescriber="M"),
        claim("d", "X", day, 80_000),
        claim("e", "Y", day, 10_000),
    )
    assert [part["deductible"] for part in parts] == [30_000, 5_000, 5_000, 70_000, 10_000]
    assert [part["deductible_before"] for part in parts] == [0, 30_000, 35_000, 0, 0]
    now = bench.counters(2023)
    assert {at.institution: at.borne_fen for at in now.deductible_at} == {
        "Y": 10_000,
        "M": 40_000,
        "X": 70_000,
    }
    assert (now.deductible_fen, now.visits) == (0, ())
    again = Pipeline.open(bench.store, cities(), kernel).run([GetCounters("m", 2023)], 1)[0]
    assert again == now
    bench.check()
    preview = bench.settle(claim("f", "M", day, 1_000), preview=True)[0]
    assert (preview["deductible"], preview["deductible_before"]) == (0, 40_000)


def test_undoing_gives_the_institution_its_deductible_back() -> None:
    bench = Bench(JINAN)
    day = 2023_05_05
    bench.settle(claim("a", "M", day, 40_000), claim("b", "M", day, 1_000))
    bench.settle(claim("c", "X", day, 70_000))
    blocked = bench.ask(Cancel("M", "k", 1))
    assert isinstance(blocked, Refused)
    assert [blocker.request_id for blocker in blocked.blockers] == ["b"]
    for position in (2, 1):
        assert isinstance(bench.ask(Cancel("M", f"k{position}", position)), Undone)
    now = bench.counters(2023)
    assert [(at.institution, at.borne_fen) for at in now.deductible_at] == [("X", 70_000)]
    assert now.compliant_burden_fen == 70_000
    bench.check()


def test_openings_by_institution_need_the_institution() -> None:
    bench = Bench(JINAN)
    answer = bench.ask(
        ImportOpenings(
            [
                Opening("m", 2023, deductible_at_fen=(("M", 39_999),)),
                Opening("m", 2024, deductible_at_fen=(("nowhere", 1),)),
            ]
        )
    )
    assert isinstance(answer, Accepted)
    assert answer.count == 1
    assert [error.path for error in answer.errors] == ["deductible_at_fen[0].institution"]
    assert bench.settle(claim("a", "M", 2023_05_05, 100))[0]["deductible"] == 1
    bench.check()


@pytest.mark.parametrize(
    ("city", "opening", "problem"),
    [
        (ZIBO, {"special_deductible_fen": 1}, "give it as benefit_deductible of special"),
        (CHANGCHUN, {"special_deductible_fen": 1}, ""),
        (LINJIANG, {"special_deductible_fen": 1}, "leave it out"),
        (ZIBO, {"benefit_deductible_fen": ((Benefit.SPECIAL, 1), (Benefit.SEPARATE_PAY, 1))}, ""),
        (ZIBO, {"benefit_deductible_fen": ((Benefit.CHRONIC, 1), (Benefit.ORDINARY, 1))}, "[1]"),
        (CHANGCHUN, {"benefit_deductible_fen": ((Benefit.CHRONIC, 1),)}, "[0]"),
        (CHANGCHUN, {"benefit_deductible_fen": ((Benefit.CHRONIC, 0),)}, ""),
        (ZIBO, {"benefit_deductible_fen": ((8, 1),)}, "8 is not a Benefit; expected 1 to 7"),
        (ZIBO, {"benefit_paid_fen": ((Benefit.SPECIAL, -1),)}, "benefit_paid_fen[0].amount_fen"),
    ],
)
def test_an_opening_that_no_counter_takes_is_refused(
    city: str, opening: dict[str, Any], problem: str
) -> None:
    """What was borne and would not be seen by a claim is not taken in silence."""
    answer = Bench(city).ask(ImportOpenings([Opening("m", 2024, **opening)]))
    assert isinstance(answer, Accepted)
    assert answer.count == (not problem)
    assert all(problem in f"{error.path}: {error.problem}" for error in answer.errors)


@KERNELS
def test_what_a_benefit_counts_for_itself_goes_on_from_the_opening(kernel: Kernel) -> None:
    bench = Bench(ZIBO, kernel, separate_pay_deductible="30.00", separate_pay_rate="0.65")
    opening = Opening(
        "m",
        2024,
        benefit_deductible_fen=((Benefit.SEPARATE_PAY, 1_000),),
        benefit_paid_fen=((Benefit.SPECIAL, 2),),
    )
    bench.ask(ImportOpenings([opening._replace(benefit_deductible_fen=((2, 7),)), opening]))
    drug = BillLine(LineClass.A, 9_000, flag=LineFlag.SEPARATE_PAY)
    asked = claim("a", "M", 2024_05_05, 0, lines=(drug,))._replace(total_fen=9_000)
    (parts,) = bench.settle(asked)
    assert (parts["deductible"], parts["pooled_fund"]) == (2_000, 4_550)
    now = bench.counters(2024)
    assert now.benefit_deductible == ((Benefit.SEPARATE_PAY, 3_000),)
    assert now.benefit_paid == ((Benefit.SPECIAL, 2),)
    bench.check()


@KERNELS
def test_the_second_payment_counts_without_a_rate_and_not_what_is_excluded(kernel: Kernel) -> None:
    bench = Bench(JINAN, kernel)
    bench.ask(ImportOpenings([Opening("m", 2024, 0, True, compliant_burden_fen=590_000)]))
    first, second = bench.settle(
        claim("a", "X", 2024_05_05, 20_001, pre_payment_fen=3_000),
        claim("b", "RX", 2024_05_05, 9_000, pre_payment_fen=50),
    )
    assert (first["burden_counted"], first["large_amount_fund"]) == (13_000, 1_800)
    assert first["person"] == 20_001 + 3_000 - 10_001 - 1_800
    assert (second["reason"], second["burden_counted"]) == (Reason.NO_PRESCRIPTION, 0)
    assert bench.counters(2024).large_amount_paid_fen == 1_800
    bench.check()
    none = Bench(JINAN, kernel, assumed={}, ordinary_deductible={"1": "200.00"})
    part = none.settle(claim("a", "Y", 2024_05_05, 900_000))[0]
    assert (part["large_amount_fund"], part["burden_counted"] > 200_000) == (0, True)
    refused = none.batch(claim("b", "X", 2024_05_05, 100)).refusals[0]
    assert (refused.reason, refused.figure) == (Reason.NO_FIGURE, "ordinary_deductible.3")


@KERNELS
def test_without_the_switch_the_account_pays_in_scope_costs_only(kernel: Kernel) -> None:
    for switch, paid in ((True, 53_000), (False, 52_000)):
        bench = Bench(SUIZHOU, kernel, family_use=switch)
        part = bench.settle(
            claim("a", "Y", 2023_05_05, 60_000, pre_payment_fen=1_000, use_account=True)
        )[0]
        assert (part["pooled_fund"], part["account"]) == (8_000, paid)
        assert bool(part["cite_account"]) is not switch
        bench.check()


def test_the_pooled_cap_counts_without_the_figure() -> None:
    bench = Bench(SUIZHOU, pooled_cap="50.00")
    part = bench.settle(claim("a", "Y", 2023_05_05, 60_000))[0]
    assert (part["pooled_fund"], part["cut_pooled"], part["pooled_counted"]) == (
        5_000,
        3_000,
        5_000,
    )
    assert bench.counters(2023).pooled_paid_fen == 5_000
    bench.check()


def test_a_draft_answers_from_the_day_the_operator_gives() -> None:
    bench = Bench(CHANGCHUN)
    for day, refused in ((2023_06_14, True), (2023_06_15, False), (2049_12_31, False)):
        answer = bench.batch(claim(f"a{day}", "Y", day, 10_000))
        assert bool(answer.refusals) is refused
        assert all(found.reason == Reason.NO_RULE for found in answer.refusals.values())
    bench.check()


@pytest.mark.parametrize(
    ("changes", "figure"),
    [
        ({"benefit": Benefit.DAY_SURGERY, "disease": "P1"}, "inpatient_rate.3"),
        ({"benefit": Benefit.EMERGENCY, "statement": True}, "inpatient_deductible.3"),
    ],
)
def test_a_benefit_whose_figure_is_missing_names_it(changes: dict[str, Any], figure: str) -> None:
    bench = Bench(
        CHANGCHUN,
        assumed={
            "effective_date": "2023-06-15",
            "day_surgery_standard": {"P1": "100.00"},
            "pooled_cap": "1000.00",
        },
    )
    for preview in (True, False):
        sent = (claim("a", "X", 2024_05_05, 100, **changes), claim("b", "X", 2024_05_05, 100))
        answer = bench.batch(*sent, preview=preview)
        assert (answer.refusals[0].reason, answer.refusals[0].figure) == (Reason.NO_FIGURE, figure)
        assert list(answer.refusals) == [0]
        assert not answer.errors
    assert bench.counters(2024).last_entry == 1


def test_an_undo_says_the_counters_before_it() -> None:
    bench = Bench(JINAN)
    bench.ask(ImportOpenings([Opening("m", 2024, 0, True, compliant_burden_fen=700_000)]))
    (part,) = bench.settle(claim("a", "X", 2024_05_05, 10_000))
    undone = bench.ask(Cancel("X", "k", 1))
    assert isinstance(undone, Undone)
    negated = undone.entry.record["result"]
    assert negated["burden_counted"] == -5_000
    assert negated["large_amount_fund"] == -part["large_amount_fund"] == -3_000
    assert {name: int(negated[name]) for name in BEFORE if negated[name]} == {
        "paid_before": 5_000,
        "account_before": 100_000,
        "compliant_burden_before": 705_000,
        "large_amount_paid_before": 3_000,
    }
