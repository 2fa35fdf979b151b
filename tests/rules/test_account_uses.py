"""Uses and disposals of accounts, and duties of contribution, at their boundaries."""

from collections.abc import Mapping

import pytest

from engine.domain.account import (
    ContributionProduct,
    DisposalEvent,
    DisposalOutcome,
    Product,
    Purpose,
    Relation,
)
from engine.domain.codes import Kind
from engine.domain.reasons import Reason
from engine.rules.account import (
    contribution,
    dispose,
    use,
)
from engine.rules.model import CityRules
from tests.rules.account_bench import (
    CHANGCHUN,
    HEYUAN,
    JINAN,
    SUIZHOU,
    ZIBO,
    book,
)

# ------------------------------------------------------------------------------------------ use


@pytest.mark.parametrize(
    ("area", "day", "purpose", "product", "relation", "place", "reason"),
    [
        (JINAN, 2024_05_05, "MEDICAL", "NONE", "SELF", "HOSPITAL", "NONE"),
        (JINAN, 2024_05_05, "MEDICAL", "NONE", "SELF", "PHARMACY", "PURPOSE_NOT_ALLOWED"),
        (JINAN, 2024_05_05, "MEDICAL", "NONE", "SELF", "", "PURPOSE_NOT_ALLOWED"),
        (JINAN, 2024_05_05, "PHARMACY_GOODS", "NONE", "CHILD", "PHARMACY", "NONE"),
        (JINAN, 2024_05_05, "PHARMACY_GOODS", "NONE", "CHILD", "COMMUNITY", "PURPOSE_NOT_ALLOWED"),
        (JINAN, 2024_05_05, "MEDICAL", "NONE", "SIBLING", "HOSPITAL", "RELATION_NOT_ALLOWED"),
        (JINAN, 2024_05_05, "MEDICAL", "NONE", "", "HOSPITAL", "NOT_REGISTERED"),
        (JINAN, 2024_05_05, "FITNESS", "NONE", "", "", "PURPOSE_NOT_ALLOWED"),
        (JINAN, 2024_05_05, "PREMIUM", "LARGE_AMOUNT", "SELF", "", "PURPOSE_NOT_ALLOWED"),
        (JINAN, 2024_05_05, "PREMIUM", "COMMERCIAL_INCLUSIVE", "SELF", "", "NONE"),
        (JINAN, 2022_12_31, "MEDICAL", "NONE", "SELF", "HOSPITAL", "NO_RULE"),
        (ZIBO, 2024_05_05, "PREMIUM", "LONG_TERM_CARE", "SELF", "", "RELATION_NOT_ALLOWED"),
        (ZIBO, 2024_05_05, "PREMIUM", "LONG_TERM_CARE", "PARENT", "", "NONE"),
        (CHANGCHUN, 2022_10_01, "MEDICAL", "NONE", "CHILD", "HOSPITAL", "NONE"),
        (CHANGCHUN, 2022_09_30, "MEDICAL", "NONE", "CHILD", "HOSPITAL", "NO_RULE"),
        (
            CHANGCHUN,
            2023_03_01,
            "PREMIUM",
            "COMMERCIAL_INCLUSIVE",
            "CHILD",
            "",
            "PURPOSE_NOT_ALLOWED",
        ),
        (SUIZHOU, 2022_12_31, "PHARMACY_GOODS", "NONE", "SPOUSE", "PHARMACY", "NONE"),
        (SUIZHOU, 2023_05_05, "PREMIUM", "RESIDENT", "SELF", "", "PURPOSE_NOT_ALLOWED"),
        (SUIZHOU, 2023_05_05, "MAKE_UP_CONTRIBUTION", "NONE", "SELF", "", "PURPOSE_NOT_ALLOWED"),
        (HEYUAN, 2025_08_01, "MEDICAL", "NONE", "GRANDPARENT", "HOSPITAL", "NONE"),
        (HEYUAN, 2025_07_31, "MEDICAL", "NONE", "SELF", "HOSPITAL", "NO_RULE"),
        (HEYUAN, 2025_08_01, "MEDICAL", "NONE", "OTHER", "HOSPITAL", "RELATION_NOT_ALLOWED"),
        (HEYUAN, 2025_08_01, "PREMIUM", "RESIDENT", "SIBLING", "", "NONE"),
        (HEYUAN, 2025_08_01, "PREMIUM", "LONG_TERM_CARE", "SELF", "", "PURPOSE_NOT_ALLOWED"),
    ],
)
def test_what_an_account_pays(
    cities: Mapping[str, CityRules],
    area: str,
    day: int,
    purpose: str,
    product: str,
    relation: str,
    place: str,
    reason: str,
) -> None:
    plan = book(cities, area).account_on(area, day)
    found = use(
        plan,
        Purpose[purpose],
        Product[product],
        Relation[relation] if relation else None,
        Kind[place] if place else None,
    )
    assert found.reason.name == reason
    if found.reason != Reason.NO_RULE:
        assert plan is not None
        assert all(plan.citations[index].clauses for index in found.citations)
        assert found.citations


def test_switches_open_and_close_uses(cities: Mapping[str, CityRules]) -> None:
    def reason(purpose: Purpose, relation: Relation, **supply: bool) -> Reason:
        plan = book(cities, SUIZHOU, **supply).account_on(SUIZHOU, 2023_05_05)
        return use(plan, purpose, Product.RESIDENT, relation, Kind.HOSPITAL).reason

    spouse = Relation.SPOUSE
    assert reason(Purpose.MEDICAL, spouse) == Reason.NONE
    assert reason(Purpose.MEDICAL, spouse, family_use=False) == Reason.RELATION_NOT_ALLOWED
    assert reason(Purpose.MEDICAL, Relation.SELF, family_use=False) == Reason.NONE
    assert reason(Purpose.PREMIUM, spouse) == Reason.PURPOSE_NOT_ALLOWED
    assert reason(Purpose.PREMIUM, spouse, premium_use=True) == Reason.NONE
    make_up = Purpose.MAKE_UP_CONTRIBUTION
    assert reason(make_up, spouse, premium_use=True) == Reason.RELATION_NOT_ALLOWED


def test_a_premium_may_ask_for_registration(cities: Mapping[str, CityRules]) -> None:
    plan = book(cities, CHANGCHUN).account_on(CHANGCHUN, 2023_03_01)
    child = use(plan, Purpose.PREMIUM, Product.RESIDENT, Relation.CHILD)
    own = use(plan, Purpose.PREMIUM, Product.LARGE_AMOUNT)
    assert (child.reason, child.registered) == (Reason.NONE, True)
    assert (own.reason, own.registered) == (Reason.NONE, False)


# -------------------------------------------------------------------- disposal and contribution


@pytest.mark.parametrize(
    ("area", "event", "in_province", "applied", "heir", "expected"),
    [
        (HEYUAN, "MOVE", True, False, False, DisposalOutcome.KEPT),
        (HEYUAN, "MOVE", False, False, False, DisposalOutcome.TRANSFERRED),
        (HEYUAN, "DEATH", True, False, True, Reason.NOT_APPLIED),
        (HEYUAN, "DEATH", True, True, True, DisposalOutcome.PAID_TO_HEIR),
        (HEYUAN, "DEATH", True, True, False, DisposalOutcome.PAID_TO_MEMBER),
        (HEYUAN, "RESETTLEMENT", True, True, False, Reason.NO_RULE),
        (HEYUAN, "ENLISTMENT", True, False, False, Reason.NOT_APPLIED),
        (SUIZHOU, "DEATH", True, False, False, DisposalOutcome.PAID_TO_HEIR),
        (SUIZHOU, "MOVE", False, True, False, Reason.NO_RULE),
        (JINAN, "DEATH", True, True, True, Reason.NO_RULE),
    ],
)
def test_what_becomes_of_a_balance(
    cities: Mapping[str, CityRules],
    area: str,
    event: str,
    in_province: bool,
    applied: bool,
    heir: bool,
    expected: DisposalOutcome | Reason,
) -> None:
    day = 2025_09_01 if area == HEYUAN else 2023_05_05
    plan = book(cities, area).account_on(area, day)
    found = dispose(
        plan,
        DisposalEvent[event],
        in_province=in_province,
        applied=applied,
        beneficiary=heir,
    )
    if isinstance(expected, DisposalOutcome):
        assert (found.reason, found.outcome) == (Reason.NONE, expected)
    else:
        assert (found.reason, found.outcome) == (expected, None)
    assert bool(found.citation) == (found.reason != Reason.NO_RULE)


@pytest.mark.parametrize(
    ("day", "product", "reason"),
    [
        (2023_12_31, "ORDINARY", Reason.NO_RULE),
        (2024_01_01, "ORDINARY", Reason.NONE),
        (2025_11_02, "LARGE_AMOUNT", Reason.NONE),
        (2025_11_03, "LARGE_AMOUNT", Reason.NO_RULE),  # the amendment no longer says it
        (2025_11_03, "ORDINARY", Reason.NONE),
    ],
)
def test_contributions_by_product_and_day(
    cities: Mapping[str, CityRules], day: int, product: str, reason: Reason
) -> None:
    plan = book(cities, JINAN).account_on(JINAN, day)
    found = contribution(plan, ContributionProduct[product])
    assert (found.reason, found.fen) == (reason, 0)
