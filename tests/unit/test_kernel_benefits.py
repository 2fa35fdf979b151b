"""Both kernels on what only some benefits use: deductibles of their own, caps, brackets."""

from dataclasses import replace

import pytest

from engine.domain.layout import (
    CHRONIC_PAID,
    DEDUCTIBLE,
    DEDUCTIBLE_MET,
    FLAGS,
    NOWHERE,
    ORDINARY_PAID,
    POOLED_PAID,
    SPECIAL_DEDUCTIBLE,
)
from engine.kernel import Kernel
from engine.rules.plan import (
    DEDUCTIBLE_COST,
    DEDUCTIBLE_EACH,
    DEDUCTIBLE_OWN,
    DEDUCTIBLE_SHARED,
    PLACES,
    Bracket,
    RulePlan,
)
from tests.support.kernel_bench import GROUPS, PLAN, World, tiers

RATES = GROUPS * PLACES

# --- where the deductible is borne -------------------------------------------------------

SPECIAL = {"deductible_at": SPECIAL_DEDUCTIBLE, "paid_at": NOWHERE}
STAY = {"deductible_at": NOWHERE, "paid_at": NOWHERE}


def test_a_special_deductible_has_its_own_counter_and_the_flag_is_not_for_it(
    kernel: Kernel,
) -> None:
    special = replace(
        PLAN,
        deductible_kind=DEDUCTIBLE_OWN,
        deductible_fen=tiers(30_000, 60_000, 90_000, 90_000),
        pooled_counts=1,
    )
    ordinary = replace(
        PLAN, deductible_kind=DEDUCTIBLE_SHARED, deductible_fen=tiers(10_000, 20_000, 30_000, 0)
    )
    world = World(kernel, special, ordinary)
    world.counters[0, [DEDUCTIBLE, FLAGS]] = 1_000, DEDUCTIBLE_MET
    results = world.settle(
        {"in_scope": 40_000, "level": 1} | SPECIAL,
        {"in_scope": 40_000, "level": 0, "plan": 1},
        {"in_scope": 50_000, "level": 1} | SPECIAL,
        {"in_scope": 10_000, "level": 0} | SPECIAL,
        {"in_scope": 70_000, "level": 2} | SPECIAL,
    )
    # 400.00 of 600.00, then the 200.00 that are left, nothing at level 1, 300.00 more at level 3.
    assert results["deductible"].tolist() == [40_000, 0, 20_000, 0, 30_000]
    assert results["deductible_before"].tolist() == [0, 1_000, 40_000, 60_000, 60_000]
    assert results["pooled_fund"].tolist() == [0, 20_000, 15_000, 5_000, 20_000]
    # What is paid under it counts to the pooled cap and to no cap of its own.
    assert results["paid_before"].tolist() == [0] * 5
    assert results["pooled_counted"].tolist() == [0, 0, 15_000, 5_000, 20_000]
    assert world.counters[0].tolist() == [1_000, 20_000, 90_000, 0, 40_000, 0, 0, DEDUCTIBLE_MET]


def test_an_emergency_as_a_stay_bears_its_deductible_whole_each_time(kernel: Kernel) -> None:
    plan = replace(PLAN, deductible_kind=DEDUCTIBLE_EACH, deductible_fen=(20_000,) * GROUPS)
    world = World(kernel, plan)
    world.counters[0, [DEDUCTIBLE, SPECIAL_DEDUCTIBLE, FLAGS]] = 90_000, 70_000, DEDUCTIBLE_MET
    results = world.settle(
        *({"in_scope": fen, **STAY} for fen in (50_000, 50_000, 15_000, 20_001, 0))
    )
    assert results["deductible"].tolist() == [20_000, 20_000, 15_000, 20_000, 0]
    assert results["pooled_fund"].tolist() == [15_000, 15_000, 0, 1, 0]
    assert results["cite_deductible"].tolist() == [1, 1, 1, 1, 0]
    assert not results["deductible_before"].any()
    assert not results["paid_before"].any()
    assert world.counters[0].tolist() == [90_000, 0, 70_000, 0, 0, 0, 0, DEDUCTIBLE_MET]


def test_what_counts_nowhere_is_forgotten_between_rows(kernel: Kernel) -> None:
    """Claims by the year's cost that have no counter: none sees what another one bore."""
    plan = replace(PLAN, deductible_kind=DEDUCTIBLE_COST, deductible_fen=(10_000,) * GROUPS)
    world = World(kernel, plan)
    results = world.settle(*({"in_scope": 8_000, **STAY} for _ in range(3)))
    assert results["deductible"].tolist() == [8_000] * 3
    assert not world.counters.any()


def test_the_flag_is_not_for_a_deductible_that_counts_nowhere(kernel: Kernel) -> None:
    plan = replace(PLAN, deductible_kind=DEDUCTIBLE_SHARED, deductible_fen=(10_000,) * GROUPS)
    world = World(kernel, plan)
    world.counters[0, FLAGS] = DEDUCTIBLE_MET
    assert world.settle_one(in_scope=8_000, **STAY)["deductible"] == 8_000
    assert "deductible" not in world.settle_one(in_scope=8_000)


def test_a_benefits_own_counter_stands_in_for_the_line(kernel: Kernel) -> None:
    plan = replace(PLAN, annual_cap_fen=(7_000,) * GROUPS)
    world = World(kernel, plan)
    world.counters[0, ORDINARY_PAID] = 6_999
    world.visits[:] = 2_000, 5
    results = world.settle(
        # Whatever the row says of the line.
        {"in_scope": 10_000, "paid": 0, "paid_at": NOWHERE},
        {"in_scope": 10_000, "paid": 0, "paid_at": ORDINARY_PAID},
        {"in_scope": 10_000, "paid_at": ORDINARY_PAID},
    )
    assert results["pooled_fund"].tolist() == [5_000, 0, 1]
    assert results["paid_before"].tolist() == [2_000, 7_000, 6_999]
    assert world.visits.tolist() == [7_000, 5]
    assert world.counters[0, ORDINARY_PAID] == 7_000


# --- caps of a disease, a day, a month ---------------------------------------------------


def test_chronic_caps_annual_then_disease_each_name_their_cut(kernel: Kernel) -> None:
    plan = replace(
        PLAN,
        rate_bp=(7_000,) * RATES,
        annual_cap_fen=(650_000,) * GROUPS,
        disease_cap_fen=300_000,
        disease_cap_cite=6,
    )
    world = World(kernel, plan, slots=3)
    world.counters[0, [ORDINARY_PAID, CHRONIC_PAID]] = 199_999, 440_000
    world.visits[:] = 5, 170_000, 280_000
    chronic = {"in_scope": 400_000, "paid_at": CHRONIC_PAID}
    first = world.settle_one(**chronic, disease=1)
    # 2800.00 by rate; 2100.00 left of the year, 1300.00 left of the disease.
    assert first == {
        "total": 400_000,
        "in_scope": 400_000,
        "copay": 120_000,
        "cut_annual": 70_000,
        "cut_disease": 80_000,
        "pooled_fund": 130_000,
        "person": 270_000,
        "cash": 270_000,
        "paid_before": 440_000,
        "disease_paid_before": 170_000,
        "account_allowed": 270_000,
        "cite_deductible": 1,
        "cite_rate": 2,
        "cite_annual_cap": 5,
        "cite_disease_cap": 6,
    }
    # 800.00 left of the year, 200.00 of the other disease.
    other = world.settle_one(**chronic, disease=2)
    assert (other["cut_annual"], other["cut_disease"]) == (200_000, 60_000)
    assert (other["pooled_fund"], other["disease_paid_before"]) == (20_000, 280_000)
    # A disease without a slot has no cap.
    free = world.settle_one(**chronic)
    assert (free["pooled_fund"], free.get("cite_disease_cap")) == (60_000, None)
    assert world.visits.tolist() == [5, 300_000, 300_000]
    assert world.counters[0].tolist() == [0, 199_999, 0, 650_000, 0, 0, 0, 0]


CAPPED = replace(
    PLAN,
    rate_bp=(10_000,) * RATES,
    visit_cap_fen=(90_000,) * GROUPS,
    day_cap_fen=(80_000,) * GROUPS,
    day_cap_cite=(6,) * GROUPS,
    month_cap_fen=(70_000,) * GROUPS,
    month_cap_cite=(7,) * GROUPS,
    annual_cap_fen=(60_000,) * GROUPS,
    disease_cap_fen=50_000,
    disease_cap_cite=8,
    pooled_counts=1,
    pooled_cap_fen=40_000,
    pooled_cap_cite=9,
)
SLOTS = {"visit": 0, "day": 1, "month": 2, "disease": 3}
CUTS = ("cut_visit", "cut_day", "cut_month", "cut_annual", "cut_disease", "cut_pooled")


def test_caps_cut_in_the_order_visit_day_month_year_disease_pooled(kernel: Kernel) -> None:
    world = World(kernel, CAPPED, slots=4)
    found = world.settle_one(in_scope=100_000, **SLOTS)
    assert [found[name] for name in CUTS] == [10_000] * 6
    assert found["pooled_fund"] == found["pooled_counted"] == 40_000
    assert {name: value for name, value in found.items() if name.startswith("cite_")} == {
        "cite_deductible": 1,
        "cite_rate": 2,
        "cite_visit_cap": 4,
        "cite_day_cap": 6,
        "cite_month_cap": 7,
        "cite_annual_cap": 5,
        "cite_disease_cap": 8,
        "cite_pooled_cap": 9,
    }
    assert world.visits.tolist() == [40_000] * 4
    assert world.counters[0, [ORDINARY_PAID, POOLED_PAID]].tolist() == [40_000, 40_000]


@pytest.mark.parametrize(
    ("paid_before", "cut", "fund"),
    [
        ({"visit": 70_000}, "cut_visit", 20_000),
        ({"day": 65_000}, "cut_day", 15_000),
        ({"month": 69_999}, "cut_month", 1),
        ({"month": 80_000}, "cut_month", 0),
        ({"disease": 50_000}, "cut_disease", 0),
    ],
)
def test_a_cap_is_crossed_inside_a_claim(
    kernel: Kernel, paid_before: dict[str, int], cut: str, fund: int
) -> None:
    world = World(kernel, CAPPED, slots=4)
    for name, fen in paid_before.items():
        world.visits[SLOTS[name]] = fen
    found = world.settle_one(in_scope=30_000, **SLOTS)
    assert (found.get("pooled_fund", 0), found[cut]) == (fund, 30_000 - fund)
    assert [name for name in CUTS if name in found] == [cut]
    for name, slot in SLOTS.items():
        before = paid_before.get(name, 0)
        assert found.get(f"{name}_paid_before", 0) == before
        assert world.visits[slot] == before + fund


def test_days_and_months_are_kept_apart(kernel: Kernel) -> None:
    plan = replace(
        PLAN,
        rate_bp=(10_000,) * RATES,
        day_cap_fen=(500,) * GROUPS,
        day_cap_cite=(6,) * GROUPS,
        month_cap_fen=(1_200,) * GROUPS,
        month_cap_cite=(7,) * GROUPS,
    )
    world = World(kernel, plan, slots=6)
    results = world.settle(
        {"in_scope": 300, "day": 0, "month": 4},
        {"in_scope": 300, "day": 0, "month": 4},
        {"in_scope": 600, "day": 1, "month": 4},
        {"in_scope": 600, "day": 2, "month": 4},
        {"in_scope": 600, "day": 3, "month": 5},
        {"in_scope": 0, "day": 3, "month": 5},
    )
    assert results["pooled_fund"].tolist() == [300, 200, 500, 200, 500, 0]
    assert results["cut_day"].tolist() == [0, 100, 100, 100, 100, 0]
    assert results["cut_month"].tolist() == [0, 0, 0, 300, 0, 0]
    assert results["day_paid_before"].tolist() == [0, 300, 0, 0, 0, 500]
    assert results["month_paid_before"].tolist() == [0, 300, 500, 1_000, 0, 500]
    # Nothing in scope: no cap was asked.
    assert results["cite_day_cap"].tolist() == [6, 6, 6, 6, 6, 0]
    assert results["cite_month_cap"].tolist() == [7, 7, 7, 7, 7, 0]


def test_level_and_status_choose_the_caps_of_day_and_month(kernel: Kernel) -> None:
    caps = tuple(range(10, 10 + GROUPS))
    plan = replace(
        PLAN, rate_bp=(10_000,) * RATES, day_cap_fen=caps, month_cap_fen=(1_000,) * GROUPS
    )
    world = World(kernel, plan, slots=2 * GROUPS)
    claims = [
        {"in_scope": 900, "level": n // 3, "status": n % 3, "day": n, "month": GROUPS + n}
        for n in range(GROUPS)
    ]
    assert world.settle(*claims)["pooled_fund"].tolist() == list(caps)


# --- brackets of the year's cost ---------------------------------------------------------


def bracketed(*brackets: tuple[int, int], **changes: object) -> RulePlan:
    """Return a plan with 50 % below and these (above, rate) brackets; they cite 12, 13, ..."""
    made = tuple(
        Bracket(above, (rate,) * RATES, (cite,) * RATES)
        for cite, (above, rate) in enumerate(brackets, 12)
    )
    return replace(PLAN, brackets=made, **changes)  # type: ignore[arg-type]


def test_a_claim_inside_across_one_and_across_two_brackets(kernel: Kernel) -> None:
    world = World(kernel, bracketed((100_000, 6_000), (200_000, 8_000)), slots=1)
    results = world.settle(
        {"in_scope": 90_000, "cost": 0},
        {"in_scope": 30_000, "cost": 0},
        {"in_scope": 80_000, "cost": 0},
        {"in_scope": 10_000, "cost": 0},
        {"in_scope": 250_000, "counters": 1},
    )
    # 100.00 at 50 % and 200.00 at 60 %; then exactly up to the bracket's end; then above it.
    assert results["pooled_fund"].tolist() == [45_000, 17_000, 48_000, 8_000, 150_000]
    assert results["cite_rate"].tolist() == [2, 2, 12, 13, 2]
    assert results["cite_rate_above"].tolist() == [0, 12, 0, 0, 13]
    assert results["cost_before"].tolist() == [0, 90_000, 120_000, 200_000, 0]
    assert world.visits.tolist() == [210_000]


@pytest.mark.parametrize(
    ("in_scope", "before", "fund"),
    [
        # 1 fen at 50 % and 3 fen at 50 %: two ties alone, half a fen each, are 2 fen together.
        (4, 99, 2),
        # 1 fen at 50 % and 1 fen at 99.99 %: 1.4999.
        (2, 99, 1),
        # 0.5 and 0.9999 and 0.00005: 1.49995; one more fen makes it 1.5, up.
        (3, 99, 1),
    ],
)
def test_the_sum_over_brackets_is_rounded_once(
    kernel: Kernel, in_scope: int, before: int, fund: int
) -> None:
    second = (100, 5_000) if in_scope == 4 else (100, 9_999)
    world = World(kernel, bracketed(second, (101, 5_000 if in_scope == 4 else 0)), slots=1)
    world.visits[0] = before
    found = world.settle_one(in_scope=in_scope, cost=0)
    assert (found["pooled_fund"], found["copay"]) == (fund, in_scope - fund)


def test_a_tie_over_the_sum_of_brackets_goes_up_once(kernel: Kernel) -> None:
    world = World(kernel, bracketed((100, 2_500)), slots=1)
    world.visits[0] = 99
    # 0.50 and 3 x 0.25: 1.25 to 1; rounded apart 1 and 1.
    assert world.settle_one(in_scope=4, cost=0)["pooled_fund"] == 1
    world.visits[0] = 99
    # 0.50 and 4 x 0.25: 1.50 to 2.
    assert world.settle_one(in_scope=5, cost=0)["pooled_fund"] == 2


def test_a_deductible_may_reach_across_a_bracket(kernel: Kernel) -> None:
    plan = bracketed(
        (10_000, 8_000), deductible_kind=DEDUCTIBLE_SHARED, deductible_fen=(15_000,) * GROUPS
    )
    world = World(kernel, plan, slots=2)
    across = world.settle_one(in_scope=25_000, cost=0)
    # The deductible is the first of the cost: 100.00 below the bracket, 50.00 in it.
    assert (across["deductible"], across["pooled_fund"]) == (15_000, 8_000)
    assert (across["cite_rate"], across.get("cite_rate_above")) == (12, None)
    # All of it deductible, and its end inside the bracket: the rate there is named.
    within = world.settle_one(in_scope=12_000, cost=1, counters=1)
    assert (within["deductible"], within.get("pooled_fund", 0), within["cite_rate"]) == (
        *(12_000, 0),
        12,
    )


def test_the_cost_of_the_year_is_at_least_what_an_opening_bore_and_paid(kernel: Kernel) -> None:
    world = World(kernel, bracketed((10_000, 8_000)), slots=1)
    world.counters[0, [DEDUCTIBLE, ORDINARY_PAID, CHRONIC_PAID]] = 4_000, 2_000, 3_000
    opened = world.settle_one(in_scope=2_000, cost=0)
    # 90.00 before: 10.00 at 50 %, 10.00 at 80 %. The counter itself was 0.
    # Chronic care is paid out of the same cost, whichever the claim is of.
    assert (opened["pooled_fund"], opened.get("cost_before", 0)) == (1_300, 0)
    # Now 40.00 + 63.00 is more than the 20.00 counted.
    assert world.settle_one(in_scope=1_000, cost=0)["pooled_fund"] == 800
    world.visits[0] = 50_000
    assert world.settle_one(in_scope=1_000, cost=0)["cite_rate"] == 12


def test_the_rate_of_another_level_is_its_own_in_every_bracket(kernel: Kernel) -> None:
    by_level = tuple(level * 1_000 for level in range(1, 5) for _ in range(3 * PLACES))
    plan = replace(
        PLAN,
        rate_bp=by_level,
        brackets=(Bracket(1_000, tuple(rate + 5 for rate in by_level), (12,) * RATES),),
    )
    world = World(kernel, plan, slots=1)
    found = world.settle_one(in_scope=11_000, level=0, rate_level=3, cost=0)
    # 10.00 at 30 % and 100.00 at 30.05 %.
    assert found["pooled_fund"] == 300 + 3_005


def test_four_brackets_and_a_first_that_is_full(kernel: Kernel) -> None:
    rates = ((10, 6_000), (20, 7_000), (30, 8_000), (40, 9_000))
    world = World(kernel, bracketed(*rates), slots=1)
    # 10 each at 50, 60, 70, 80 % and 10 at 90 %.
    found = world.settle_one(in_scope=50, cost=0)
    assert (found["pooled_fund"], found["cite_rate"], found["cite_rate_above"]) == (35, 2, 15)
    world.visits[0] = 10
    found = world.settle_one(in_scope=10, counters=1, cost=0)
    assert (found["pooled_fund"], found["cite_rate"]) == (6, 12)
