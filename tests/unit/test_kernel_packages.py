"""Both kernels on packages: day surgery at a standard price (readings C5-A, C6-A)."""

from dataclasses import replace

import numpy as np
import pytest

from engine.domain.codes import Fact
from engine.domain.layout import NOWHERE, POOLED_PAID, Array
from engine.domain.reasons import Reason
from engine.errors import InvariantBroken
from engine.kernel import FAST, Kernel, check_identities
from engine.rules.plan import PLACES, RulePlan
from tests.support.kernel_bench import (
    ARREARS,
    GROUPS,
    LIABLE,
    NOT_DESIGNATED,
    NOT_OFFERED,
    PLAN,
    World,
)

PACKAGE = replace(
    PLAN,
    rate_bp=(8_000,) * GROUPS * PLACES,
    first_pay_bp=(0,) * PLACES,
    standard_price_fen=500_000,
    standard_price_cite=6,
    pooled_counts=1,
    pooled_cap_fen=1_000_000,
    pooled_cap_cite=7,
)


def settle(
    kernel: Kernel, *, plan: RulePlan = PACKAGE, paid_before: int = 0, **claim: int
) -> dict[str, int]:
    """Settle one package; nothing but the pooled counter may move."""
    world = World(kernel, plan)
    world.counters[0, POOLED_PAID] = paid_before
    found = world.settle_one(paid_at=NOWHERE, **claim)
    after = paid_before + found.get("pooled_fund", 0)
    assert world.counters[0].tolist() == [0, 0, 0, 0, after, 0, 0, 0]
    return found


def test_a_bill_below_the_standard_price_leaves_a_surplus(kernel: Kernel) -> None:
    # The fund pays 80 % of 5000.00 whatever the bill; the patient 20 % of 4000.00.
    assert settle(kernel, in_scope=300_000, pre_payment=60_000, non_covered=40_000) == {
        "total": 400_000,
        "in_scope": 300_000,
        "pre_payment": 60_000,
        "non_covered": 40_000,
        "copay": 80_000,
        "pooled_fund": 400_000,
        "institution_share": -80_000,
        "person": 80_000,
        "cash": 80_000,
        "account_allowed": 80_000,
        "pooled_counted": 400_000,
        "cite_rate": 2,
        "cite_pooled_cap": 7,
        "cite_standard_price": 6,
    }


@pytest.mark.parametrize(
    ("bill", "institution", "person"),
    [
        (500_000, 0, 100_000),
        (500_001, 1, 100_000),
        (650_000, 150_000, 100_000),
        # 80 % of 4999.99 is 3999.992: the patient's is what is left of 4999.99.
        (499_999, -1, 100_000),
        (499_998, -2, 100_000),
        (499_997, -2, 99_999),
        (1, -399_999, 0),
        (3, -399_998, 1),
    ],
)
def test_bills_around_the_price_and_tiny_ones(
    kernel: Kernel, bill: int, institution: int, person: int
) -> None:
    found = settle(kernel, in_scope=bill)
    assert found["pooled_fund"] == 400_000
    assert (found.get("institution_share", 0), found.get("person", 0)) == (institution, person)


@pytest.mark.parametrize(
    ("price", "bill", "fund", "copay", "institution"),
    [
        # 50 % of 333: 166.5, up to 167. Of 111: 55.5, up to 56.
        (333, 111, 167, 55, -111),
        (333, 333, 167, 166, 0),
        (333, 334, 167, 166, 1),
        (332, 111, 166, 55, -110),
        (1, 1, 1, 0, 0),
        (0, 700, 0, 0, 700),
    ],
)
def test_half_a_fen_goes_to_the_fund_of_price_and_bill(
    kernel: Kernel, price: int, bill: int, fund: int, copay: int, institution: int
) -> None:
    plan = replace(PACKAGE, rate_bp=(5_000,) * GROUPS * PLACES, standard_price_fen=price)
    found = settle(kernel, plan=plan, in_scope=bill)
    assert (found.get("pooled_fund", 0), found.get("copay", 0)) == (fund, copay)
    assert found.get("institution_share", 0) == institution
    assert found.get("person", 0) == copay


def test_a_bill_outside_the_catalogue_is_a_package_all_the_same(kernel: Kernel) -> None:
    found = settle(kernel, non_covered=200_000, over_limit=50_000)
    assert (found["pooled_fund"], found["copay"], found["person"]) == (400_000, 50_000, 50_000)
    assert found["institution_share"] == 250_000 - 400_000 - 50_000
    assert (found["cite_rate"], found["cite_pooled_cap"]) == (2, 7)
    assert "in_scope" not in found


def test_a_bill_of_nothing_is_no_package(kernel: Kernel) -> None:
    assert settle(kernel) == {}


@pytest.mark.parametrize(("in_scope", "non_covered"), [(300_000, 40_000), (0, 40_000)])
def test_what_is_excluded_whole_is_no_package(
    kernel: Kernel, in_scope: int, non_covered: int
) -> None:
    plan = replace(PACKAGE, exclusions=(ARREARS,))
    found = settle(
        kernel, plan=plan, in_scope=in_scope, non_covered=non_covered, facts=Fact.IN_ARREARS
    )
    assert (found["reason"], found.get("excluded", 0)) == (Reason.ARREARS, in_scope)
    assert found["person"] == found["account_allowed"] == in_scope + non_covered
    assert not {"pooled_fund", "institution_share", "copay", "cite_standard_price"} & found.keys()


def test_a_refused_package_is_nothing(kernel: Kernel) -> None:
    plan = replace(PACKAGE, exclusions=(NOT_OFFERED,))
    found = settle(kernel, plan=plan, in_scope=300_000, facts=Fact.NOT_OFFERED)
    assert found == {"reason": Reason.BENEFIT_NOT_OFFERED, "cite_excluded": 12}


@pytest.mark.parametrize(
    ("liable", "person", "institution"),
    [
        # The package is the 3000.00 that are left of 4000.00, and 20 % of it the patient's.
        (100_000, 160_000, 400_000 - 160_000 - 400_000),
        (0, 80_000, -80_000),
    ],
)
def test_a_liable_part_is_not_in_the_package_and_barred_from_the_account(
    kernel: Kernel, liable: int, person: int, institution: int
) -> None:
    plan = replace(PACKAGE, exclusions=(LIABLE,))
    found = settle(
        kernel,
        plan=plan,
        in_scope=300_000,
        non_covered=100_000,
        liable=liable,
        facts=Fact.LIABLE | Fact.LIABLE_IN_PART,
    )
    assert (found["person"], found["institution_share"]) == (person, institution)
    assert found["account_allowed"] == person - liable
    assert (found["reason"], found["pooled_fund"]) == (Reason.LIABLE_ELSEWHERE, 400_000)


@pytest.mark.parametrize(("liable", "is_package"), [(100_000, True), (0, True), (-1, False)])
def test_a_liable_part_of_nothing_in_scope_takes_no_package_away(
    kernel: Kernel, liable: int, is_package: bool
) -> None:
    plan = replace(PACKAGE, exclusions=(LIABLE,))
    found = settle(kernel, plan=plan, non_covered=250_000, liable=liable, facts=Fact.LIABLE)
    assert found.get("pooled_fund", 0) == (400_000 if is_package else 0)
    assert found["person"] == found["account_allowed"] == (50_000 if is_package else 250_000)


@pytest.mark.parametrize(
    ("bill", "left", "person", "institution"),
    [
        # A surplus of 800.00: a cut of 500.00 leaves the institution 300.00.
        (400_000, 350_000, 80_000, -30_000),
        (400_000, 320_000, 80_000, 0),
        # A cut of 1000.00: 200.00 of it are the patient's.
        (400_000, 300_000, 100_000, 0),
        (400_000, 0, 400_000, 0),
        # No surplus: all of the cut is the patient's, never more than the price.
        (500_000, 350_000, 150_000, 0),
        (650_000, 350_000, 150_000, 150_000),
        (650_000, 0, 500_000, 150_000),
    ],
)
def test_the_pooled_cap_eats_the_surplus_first(
    kernel: Kernel, bill: int, left: int, person: int, institution: int
) -> None:
    found = settle(kernel, paid_before=1_000_000 - left, in_scope=bill)
    assert found.get("pooled_fund", 0) == found.get("pooled_counted", 0) == left
    assert found["cut_pooled"] == 400_000 - left
    assert (found["person"], found.get("institution_share", 0)) == (person, institution)
    assert found["copay"] == min(bill, 500_000) // 5


def test_the_account_pays_the_patients_share_of_a_package(kernel: Kernel) -> None:
    world = World(kernel, replace(PACKAGE, exclusions=(NOT_DESIGNATED,)))
    world.balances[:] = 70_000
    use = {"in_scope": 400_000, "paid_at": NOWHERE, "facts": int(Fact.USE_ACCOUNT)}
    paying, barred = world.settle(
        use | {"account": 0},
        use | {"account": 1, "facts": int(Fact.USE_ACCOUNT | Fact.NOT_DESIGNATED)},
    )
    assert (paying["account"], paying["cash"], paying["person"]) == (70_000, 10_000, 80_000)
    assert (barred["account"], barred["account_allowed"]) == (0, 0)
    assert world.balances.tolist() == [0, 70_000]


def test_a_package_goes_by_place_and_level_and_has_no_deductible(kernel: Kernel) -> None:
    rates = tuple(range(5_000, 5_000 + GROUPS * PLACES))
    plan = replace(PACKAGE, rate_bp=rates, deductible_fen=(90_000,) * GROUPS)
    found = settle(kernel, plan=plan, in_scope=500_000, level=2, status=1, place=1)
    rate = rates[plan.at(2, 1, 1)]
    assert found["pooled_fund"] == 500_000 * rate // 10_000
    assert "deductible" not in found


# --- the sums of packages among others ---------------------------------------------------


def mixed() -> Array:
    """Return results of an ordinary claim, a package and another ordinary claim."""
    world = World(FAST, PLAN, PACKAGE)
    return world.settle(
        {"in_scope": 10_000},
        {"in_scope": 400_000, "plan": 1, "paid_at": NOWHERE},
        {"in_scope": 20_000},
    )


def test_the_basis_of_a_package_is_not_held_to_what_is_in_scope() -> None:
    results = mixed()
    assert results["institution_share"].tolist() == [0, -80_000, 0]
    check_identities(results)


@pytest.mark.parametrize("row", [0, 2])
def test_a_broken_basis_is_found_beside_a_package(row: int) -> None:
    results = mixed()
    results["copay"][row] += 1
    with pytest.raises(InvariantBroken, match=rf"results\[{row}\]: .* is not in_scope"):
        check_identities(results)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"institution_share": 1}, "is not total"),
        ({"person": 1}, "is not person"),
        ({"person": 1, "cash": 1}, "is not total"),
        ({"non_covered": 1}, "is not total"),
        ({"pooled_counted": 1}, "pooled_counted exceeds pooled_fund"),
        ({"copay": -90_000}, "copay is negative"),
        ({"cash": -90_000, "person": -90_000, "institution_share": 90_000}, "exceeds|negative"),
    ],
)
def test_other_sums_of_a_package_are_held(changes: dict[str, int], problem: str) -> None:
    results = mixed()
    for name, fen in changes.items():
        results[name][1] += fen
    with pytest.raises(InvariantBroken, match=rf"results\[1\]: .*({problem})"):
        check_identities(results)


def test_a_basis_that_does_not_add_up_is_found_where_nothing_marks_a_package() -> None:
    results = mixed()
    results["cite_standard_price"] = np.zeros(3)
    with pytest.raises(InvariantBroken, match=r"results\[1\]: .* is not in_scope"):
        check_identities(results)
