"""Both kernels, on rows worked by hand; amounts in fen."""

from dataclasses import replace

import pytest

from engine.domain.codes import Fact
from engine.domain.layout import (
    DEDUCTIBLE,
    DEDUCTIBLE_MET,
    FLAGS,
    ORDINARY_PAID,
)
from engine.domain.money import AMOUNT_MAX_FEN
from engine.domain.reasons import Reason
from engine.kernel import (
    Kernel,
)
from engine.rules.plan import (
    BAR_EXCLUDED,
    BAR_NONE,
    DEDUCTIBLE_NONE,
    DEDUCTIBLE_SHARED,
    LEVELS,
    PLACES,
    STATUSES,
    Exclusion,
)
from tests.support.kernel_bench import (
    ARREARS,
    GROUPS,
    LIABLE,
    NOT_DESIGNATED,
    NOT_FILED,
    NOT_OFFERED,
    PLAN,
    World,
    tiers,
)


def test_a_plain_claim_is_split_by_the_rate(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    found = world.settle_one(in_scope=10_000, pre_payment=300, over_limit=20, non_covered=1)
    assert found == {
        "total": 10_321,
        "non_covered": 1,
        "over_limit": 20,
        "pre_payment": 300,
        "in_scope": 10_000,
        "copay": 5_000,
        "pooled_fund": 5_000,
        "person": 5_321,
        "cash": 5_321,
        "account_allowed": 5_321,
        "cite_deductible": 1,
        "cite_rate": 2,
    }
    assert world.counters[0, ORDINARY_PAID] == 5_000


@pytest.mark.parametrize(
    ("in_scope", "rate_bp", "fund", "copay"),
    [
        (1, 5_000, 1, 0),
        (3, 5_000, 2, 1),
        (10_001, 5_000, 5_001, 5_000),
        (333, 5_500, 183, 150),
        (10, 4_500, 5, 5),
        (10, 5_500, 6, 4),
        (1, 4_999, 0, 1),
        (9_999, 10_000, 9_999, 0),
        (9_999, 0, 0, 9_999),
        (AMOUNT_MAX_FEN, 3_333, 333_300_000_000, 666_700_000_000),
    ],
)
def test_a_tie_goes_to_the_fund(
    kernel: Kernel, in_scope: int, rate_bp: int, fund: int, copay: int
) -> None:
    world = World(kernel, replace(PLAN, rate_bp=(rate_bp,) * GROUPS * PLACES))
    result = world.settle({"in_scope": in_scope})[0]
    assert (result["pooled_fund"], result["copay"]) == (fund, copay)


def test_visit_cap_then_annual_cap_each_report_their_cut(kernel: Kernel) -> None:
    # The published case KH08: 400.00 at 55 %, 150.00 a visit, 1975.31 a year, 1900.00 paid.
    plan = replace(
        PLAN,
        rate_bp=(5_500,) * GROUPS * PLACES,
        visit_cap_fen=(15_000,) * GROUPS,
        annual_cap_fen=(197_531,) * GROUPS,
    )
    world = World(kernel, plan)
    world.counters[0, ORDINARY_PAID] = 190_000
    found = world.settle_one(in_scope=40_000, level=2, visit=1)
    assert found == {
        "total": 40_000,
        "in_scope": 40_000,
        "copay": 18_000,
        "cut_visit": 7_000,
        "cut_annual": 7_469,
        "pooled_fund": 7_531,
        "person": 32_469,
        "cash": 32_469,
        "account_allowed": 32_469,
        "paid_before": 190_000,
        "cite_deductible": 1,
        "cite_rate": 2,
        "cite_visit_cap": 4,
        "cite_annual_cap": 5,
    }
    assert world.visits.tolist() == [0, 7_531]
    assert world.counters[0, ORDINARY_PAID] == 197_531


def test_claims_of_one_visit_share_its_cap(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, visit_cap_fen=(6_000,) * GROUPS))
    results = world.settle(*[{"in_scope": 8_000, "visit": 0}] * 3, {"in_scope": 8_000})
    assert results["pooled_fund"].tolist() == [4_000, 2_000, 0, 4_000]
    assert results["visit_paid_before"].tolist() == [0, 4_000, 6_000, 0]
    assert results["cut_visit"].tolist() == [0, 2_000, 4_000, 0]
    assert results["cite_visit_cap"].tolist() == [4, 4, 4, 0]
    assert world.visits.tolist() == [6_000, 0]


def test_annual_cap_crossed_inside_a_claim_and_overdrawn_from_before(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, annual_cap_fen=(7_000,) * GROUPS))
    world.counters[1, ORDINARY_PAID] = 9_000
    results = world.settle(*[{"in_scope": 10_000}] * 3, {"in_scope": 10_000, "counters": 1})
    assert results["pooled_fund"].tolist() == [5_000, 2_000, 0, 0]
    assert results["cut_annual"].tolist() == [0, 3_000, 5_000, 5_000]
    assert world.counters[:, ORDINARY_PAID].tolist() == [7_000, 9_000]


def test_deductible_tops_up_to_the_level_of_the_visit(kernel: Kernel) -> None:
    plan = replace(
        PLAN,
        deductible_kind=DEDUCTIBLE_SHARED,
        deductible_fen=tiers(20_000, 40_000, 70_000, 70_000),
    )
    world = World(kernel, plan)
    results = world.settle(
        {"in_scope": 15_000, "level": 0},
        {"in_scope": 30_000, "level": 1},
        {"in_scope": 10_000, "level": 0},
        {"in_scope": 90_000, "level": 2},
    )
    assert results["deductible"].tolist() == [15_000, 25_000, 0, 30_000]
    assert results["deductible_before"].tolist() == [0, 15_000, 40_000, 40_000]
    assert results["pooled_fund"].tolist() == [0, 2_500, 5_000, 30_000]
    assert world.counters[0, DEDUCTIBLE] == 70_000


@pytest.mark.parametrize(
    ("kind", "flags"), [(DEDUCTIBLE_SHARED, DEDUCTIBLE_MET), (DEDUCTIBLE_NONE, 0)]
)
def test_no_deductible_where_it_was_met_or_there_is_none(
    kernel: Kernel, kind: int, flags: int
) -> None:
    plan = replace(PLAN, deductible_kind=kind, deductible_fen=(50_000,) * GROUPS)
    world = World(kernel, plan)
    world.counters[0, FLAGS] = flags
    assert world.settle_one(in_scope=10_000)["pooled_fund"] == 5_000
    assert world.counters[0].tolist() == [0, 5_000, 0, 0, 0, 0, 0, flags]


def test_out_of_area_share_comes_first(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    found = world.settle_one(in_scope=10_005, pre_payment=100, place=2)
    # 10 % of 100.05 is 10.005: a tie, up to 10.01.
    assert found["first_pay"] == 1_001
    assert found["pre_payment"] == 1_101
    assert found["in_scope"] == 9_004
    assert found["pooled_fund"] == 4_502
    assert found["cite_first_pay"] == 3
    assert "cite_first_pay" not in world.settle_one(in_scope=10_005, place=1)
    assert "cite_first_pay" not in world.settle_one(in_scope=0, place=2)


def test_level_status_and_place_choose_the_rate(kernel: Kernel) -> None:
    rates = range(100, 100 + GROUPS * PLACES)
    world = World(kernel, replace(PLAN, rate_bp=tuple(rates), first_pay_bp=(0,) * PLACES))
    claims = [
        {"in_scope": 10_000, "level": level, "status": status, "place": place}
        for level in range(LEVELS)
        for status in range(STATUSES)
        for place in range(PLACES)
    ]
    assert world.settle(*claims)["pooled_fund"].tolist() == list(rates)


def test_refused_rows_leave_everything_untouched(kernel: Kernel) -> None:
    # An exclusion that stands before a refusal does not keep it from refusing.
    plan = replace(PLAN, exclusions=(ARREARS, NOT_OFFERED))
    world = World(kernel, plan)
    world.balances[:] = 900
    facts = Fact.IN_ARREARS | Fact.NOT_OFFERED | Fact.USE_ACCOUNT
    found = world.settle_one(in_scope=10_000, pre_payment=5, facts=facts, visit=0, account=0)
    assert found == {"reason": Reason.BENEFIT_NOT_OFFERED, "cite_excluded": 12}
    assert not world.counters.any()
    assert not world.visits.any()
    assert world.balances.tolist() == [900, 900]


def test_an_excluded_claim_feeds_no_counter(kernel: Kernel) -> None:
    plan = replace(
        PLAN,
        exclusions=(ARREARS, NOT_FILED),
        deductible_kind=DEDUCTIBLE_SHARED,
        deductible_fen=(5_000,) * GROUPS,
    )
    world = World(kernel, plan)
    facts = Fact.IN_ARREARS | Fact.OUTSIDE_CITY
    found = world.settle_one(in_scope=10_000, pre_payment=500, facts=facts, place=2)
    assert found == {
        "total": 10_500,
        "pre_payment": 500,
        "excluded": 10_000,
        "person": 10_500,
        "cash": 10_500,
        "account_allowed": 10_500,
        "cite_excluded": 9,
        "reason": Reason.ARREARS,
    }
    assert not world.counters.any()


def test_a_forbidden_fact_keeps_a_line_from_applying(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(NOT_FILED,)))
    filed = Fact.OUTSIDE_CITY | Fact.FILED
    results = world.settle(
        *({"in_scope": 100, "facts": facts} for facts in (0, Fact.OUTSIDE_CITY, filed))
    )
    assert results["reason"].tolist() == [0, Reason.NOT_FILED, 0]


def test_a_line_without_conditions_always_applies(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(replace(ARREARS, require=0),)))
    assert world.settle_one(in_scope=100, facts=0)["excluded"] == 100


@pytest.mark.parametrize(
    ("liable", "excluded", "fund"),
    [
        (4_000, 4_000, 3_000),
        (0, 0, 5_000),
        (10_000, 10_000, 0),
        (20_000, 10_000, 0),
        (-1, 10_000, 0),
    ],
)
def test_liable_part_is_excluded_and_barred_from_the_account(
    kernel: Kernel, liable: int, excluded: int, fund: int
) -> None:
    world = World(kernel, replace(PLAN, exclusions=(LIABLE, NOT_FILED)))
    result = world.settle({"in_scope": 10_000, "liable": liable, "facts": Fact.LIABLE})[0]
    assert result["reason"] == Reason.LIABLE_ELSEWHERE
    assert (result["excluded"], result["pooled_fund"]) == (excluded, fund)
    assert result["account_allowed"] == result["person"] - excluded


def test_what_liability_leaves_falls_to_the_next_exclusion(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(LIABLE, NOT_FILED)))
    facts = Fact.LIABLE | Fact.OUTSIDE_CITY
    part, whole = world.settle(
        {"in_scope": 10_000, "liable": 4_000, "facts": facts},
        {"in_scope": 10_000, "facts": facts},
    )
    assert (part["excluded"], part["cite_excluded"], part["cite_excluded_rest"]) == (10_000, 8, 11)
    assert (part["reason"], part["account_allowed"]) == (Reason.LIABLE_ELSEWHERE, 6_000)
    assert (whole["cite_excluded"], whole["cite_excluded_rest"]) == (8, 0)


def test_every_line_that_applies_bars_the_account(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(ARREARS, LIABLE, NOT_DESIGNATED)))
    both = Fact.IN_ARREARS | Fact.LIABLE
    part, none = world.settle(
        {"in_scope": 10_000, "liable": 4_000, "facts": both},
        {"in_scope": 10_000, "liable": 4_000, "facts": both | Fact.NOT_DESIGNATED},
    )
    assert (part["reason"], part["account_allowed"]) == (Reason.ARREARS, 6_000)
    assert (none["reason"], none["account_allowed"]) == (Reason.ARREARS, 0)


def test_the_first_refusal_gives_the_reason(kernel: Kernel) -> None:
    spans = Exclusion(Reason.SPANS_BOUNDARY, Fact.SPANS_BOUNDARY, 0, 13)
    world = World(kernel, replace(PLAN, exclusions=(spans, NOT_OFFERED)))
    found = world.settle_one(in_scope=100, facts=Fact.NOT_OFFERED | Fact.SPANS_BOUNDARY)
    assert found == {"reason": Reason.SPANS_BOUNDARY, "cite_excluded": 13}


def test_a_second_line_of_the_liable_part_takes_no_more(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(LIABLE, replace(LIABLE, citation=14))))
    result = world.settle({"in_scope": 10_000, "liable": 4_000, "facts": Fact.LIABLE})[0]
    assert (result["excluded"], result["cite_excluded_rest"]) == (4_000, 0)


def test_a_line_that_takes_the_whole_does_so_whatever_the_liable_part(kernel: Kernel) -> None:
    barring = replace(ARREARS, account_bar=BAR_EXCLUDED)
    world = World(kernel, replace(PLAN, exclusions=(barring, LIABLE)))
    facts = Fact.IN_ARREARS | Fact.LIABLE
    claim = {"in_scope": 10_000, "non_covered": 70, "liable": 4_000, "facts": facts}
    result = world.settle(claim)[0]
    assert (result["excluded"], result["cite_excluded_rest"]) == (10_000, 0)
    # The larger of the barred parts, not their sum and not the last.
    assert result["account_allowed"] == 70


def test_an_account_pays_for_an_excluded_claim_where_nothing_bars_it(kernel: Kernel) -> None:
    # The exclusion with the smallest number, next to the refusals.
    open_line = replace(NOT_DESIGNATED, account_bar=BAR_NONE)
    world = World(kernel, replace(PLAN, exclusions=(open_line,)))
    world.balances[0] = 5_000
    facts = Fact.NOT_DESIGNATED | Fact.USE_ACCOUNT
    result = world.settle({"in_scope": 3_000, "facts": facts, "account": 0})[0]
    assert (result["reason"], result["account"]) == (Reason.NOT_DESIGNATED, 3_000)
    assert world.balances[0] == 2_000


def test_accounts_pay_in_order_until_they_are_empty(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    world.balances[:] = (7_000, 50)
    mine = {"in_scope": 10_000, "facts": int(Fact.USE_ACCOUNT), "account": 0}
    results = world.settle(mine, {"in_scope": 10_000, "account": 1}, mine, mine)
    assert results["account"].tolist() == [5_000, 0, 2_000, 0]
    assert results["cash"].tolist() == [0, 5_000, 3_000, 5_000]
    assert results["account_before"].tolist() == [7_000, 50, 2_000, 0]
    assert world.balances.tolist() == [0, 50]


def test_what_is_barred_from_the_account_stays_cash(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(LIABLE,)))
    world.balances[0] = 5_000
    facts = Fact.LIABLE | Fact.USE_ACCOUNT
    result = world.settle({"in_scope": 10_000, "liable": 4_000, "facts": facts, "account": 0})[0]
    assert (result["person"], result["account"], result["cash"]) == (7_000, 3_000, 4_000)
    assert world.balances[0] == 2_000
