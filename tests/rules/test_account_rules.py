"""Credits at their boundaries: days, ages, rounding, what is missing; and the plans of accounts."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.account import (
    ContributionProduct,
    CreditPart,
    DisposalEvent,
    Purpose,
)
from engine.domain.codes import Employment, Kind, Mode, Status
from engine.domain.dates import last_of_month
from engine.domain.money import BP, bp_half_up, mul_bp_half_up, share_bp_half_up
from engine.domain.reasons import Reason
from engine.domain.register import Member
from engine.rules.account import (
    Credit,
    Credited,
    contribution,
    credit,
    dispose,
    has_account,
    use,
)
from engine.rules.account_plan import account_plan_from_json
from engine.rules.book import PlanBook
from engine.rules.figures import figures_from_supply, load_figures
from engine.rules.load import load_cities
from engine.rules.model import CityRules
from tests.rules.account_bench import (
    ACTIVE,
    CHANGCHUN,
    HEYUAN,
    JINAN,
    RETIRED,
    SUIZHOU,
    ZIBO,
    book,
    credited,
)

# ---------------------------------------------------------------------------------------- months


@pytest.mark.parametrize(
    ("area", "status", "first", "last"),
    [
        (JINAN, Status.ACTIVE, 202301, 202712),
        (ZIBO, Status.ACTIVE, 202301, 202712),
        (JINAN, Status.RETIRED, 202401, 202712),
        (CHANGCHUN, Status.ACTIVE, 202301, 204912),
        (CHANGCHUN, Status.RETIRED, 202301, 204912),
        (SUIZHOU, Status.ACTIVE, 202301, 202412),
        (SUIZHOU, Status.VETERAN, 202301, 202412),
        (HEYUAN, Status.ACTIVE, 202508, 203007),
        (HEYUAN, Status.RETIRED, 202501, 203007),
    ],
)
def test_first_and_last_month_of_a_credit(
    cities: Mapping[str, CityRules], area: str, status: Status, first: int, last: int
) -> None:
    rules = book(cities, area)
    member = replace(RETIRED if status != Status.ACTIVE else ACTIVE, status=status)
    before = first - 1 if first % 100 > 1 else first - 89
    after = last + 1 if last % 100 < 12 else last + 89
    reasons = [
        credited(rules, area, month, member).reason for month in (before, first, last, after)
    ]
    # Of the retired of 2023 there is a rule, and its amount is not printed.
    outside = Reason.NO_FIGURE if (area, first) == (JINAN, 202401) else Reason.NO_RULE
    assert reasons == [outside, Reason.NONE, Reason.NONE, Reason.NO_RULE]


def test_a_draft_credits_by_its_own_days_once_its_day_is_given(
    cities: Mapping[str, CityRules],
) -> None:
    unknown = PlanBook(cities)
    assert unknown.account_on(CHANGCHUN, 2024_01_01) is None
    assert unknown.account_versions("changchun") == []
    given = book(cities, CHANGCHUN)
    versions = [(plan.first_day, plan.last_day) for plan in given.account_versions(CHANGCHUN)]
    assert versions == [
        (2022_10_01, 2022_12_31),
        (2023_01_01, 2023_12_31),
        (2024_01_01, 2049_12_31),
    ]
    assert given.account_on(CHANGCHUN, 2022_09_30) is None
    other_reading = PlanBook(cities).with_figures(
        figures_from_supply(CHANGCHUN, {"reading": {"C1": "C1-B"}}, cities)
    )
    plan = other_reading.account_on(CHANGCHUN, 2023_01_01)
    assert plan is not None
    assert credit(plan, 202301, ACTIVE).fen == 100_00


def test_a_longer_document_keeps_its_entries(cities: Mapping[str, CityRules]) -> None:
    plain = book(cities, SUIZHOU)
    assert plain.account_on(SUIZHOU, 2024_12_30) is not None
    assert plain.account_on(SUIZHOU, 2024_12_31) is None
    longer = book(cities, SUIZHOU, reading={"S1": "S1-B"})
    plan = longer.account_on(SUIZHOU, 2024_12_31)
    assert plan is not None
    assert plan.last_day == 2024_12_31
    assert longer.account_on(SUIZHOU, 2025_01_01) is None


def test_december_and_january(cities: Mapping[str, CityRules]) -> None:
    def fen(area: str, month: int, member: Credited) -> int:
        return credited(book(cities, area), area, month, member).fen

    assert [fen(JINAN, month, ACTIVE) for month in (202312, 202401)] == [145_00, 100_00]
    assert [fen(CHANGCHUN, month, RETIRED) for month in (202312, 202401)] == [109_00, 78_00]
    assert [fen(HEYUAN, month, RETIRED) for month in (202501, 202512)] == [102_79, 102_79]


def test_a_plan_of_other_days_is_refused(cities: Mapping[str, CityRules]) -> None:
    plan = book(cities, JINAN).account_on(JINAN, 2023_12_31)
    assert credit(plan, 202312, ACTIVE).reason == Reason.NONE
    with pytest.raises(ValueError, match="take that of the first day"):
        credit(plan, 202401, ACTIVE)
    with pytest.raises(ValueError, match="there is no day"):
        credit(None, 202413, ACTIVE)


# ------------------------------------------------------------------------------ status and age


@pytest.mark.parametrize(
    ("retired_on", "month", "fen"),
    [
        (2024_03_01, 202403, 100_00),
        (2024_03_01, 202404, 86_42),
        (2024_03_31, 202403, 100_00),
        (2024_03_31, 202404, 86_42),
        (2024_02_29, 202402, 100_00),
        (2024_02_29, 202403, 86_42),
        (2023_12_31, 202401, 86_42),
    ],
)
def test_the_month_of_retirement_is_credited_as_active(
    cities: Mapping[str, CityRules], retired_on: int, month: int, fen: int
) -> None:
    status = Member("m", JINAN, retired_on=retired_on).status_on(month * 100 + 1)
    member = replace(ACTIVE, status=status, born_on=1964_03_01)
    assert credited(book(cities, JINAN), JINAN, month, member).fen == fen


@pytest.mark.parametrize(
    ("born_on", "month", "fen"),
    [
        (1954_06_29, 202406, 108_03),
        (1954_06_30, 202406, 108_03),  # 70 on the last day of the month; 108.025 is rounded up
        (1954_07_01, 202406, 86_42),
        (1954_07_01, 202407, 108_03),
        (1954_02_28, 202402, 108_03),
        (1956_02_29, 202602, 86_42),  # 28 February 2026: 70 from the day after
        (1956_02_29, 202603, 108_03),
    ],
)
def test_the_month_of_the_seventieth_birthday(
    cities: Mapping[str, CityRules], born_on: int, month: int, fen: int
) -> None:
    member = replace(RETIRED, born_on=born_on)
    assert credited(book(cities, JINAN), JINAN, month, member).fen == fen


# ------------------------------------------------------------------------------------- rounding


@pytest.mark.parametrize(
    ("combined", "pooled_only", "fen"),
    [
        (180, 120, 42_00),
        (1, 0, 70_00),
        (1, 1, 35_00),
        (1, 2, 23_33),  # 23.333…
        (2, 1, 46_67),  # 46.666…
        (3, 397, 53),  # 0.525 exactly: half up
        (1, 559, 13),  # 0.125 exactly: half up
        (1, 20_000, 0),  # 0.0035 and less: nothing
    ],
)
def test_a_share_of_months_is_rounded_once(
    cities: Mapping[str, CityRules], combined: int, pooled_only: int, fen: int
) -> None:
    member = replace(RETIRED, months_combined=combined, months_pooled_only=pooled_only)
    found = credited(book(cities, SUIZHOU), SUIZHOU, 202303, member)
    assert (found.reason, found.fen) == (Reason.NONE, fen)


def test_parts_are_rounded_as_one_payment(cities: Mapping[str, CityRules]) -> None:
    # 100.006 and 44.445 are 144.451; each by itself would be 100.01 and 44.45.
    found = credited(book(cities, ZIBO), ZIBO, 202305, replace(ACTIVE, base_fen=5_000_30))
    assert [(part.part, part.fen) for part in found.parts] == [
        (CreditPart.OWN, 100_01),
        (CreditPart.UNIT, 44_44),
    ]
    assert found.fen == 144_45


# ------------------------------------------------------------------------ nothing, and why not


def test_what_is_not_known_of_a_member_is_never_credited_as_nothing(
    cities: Mapping[str, CityRules],
) -> None:
    def missing(area: str, member: Credited, month: int = 202403) -> tuple[Reason, str, int]:
        found = credited(book(cities, area), area, month, member)
        return found.reason, found.missing, found.fen

    for_base = (Reason.INVALID_CLAIM, "base_fen", 0)
    assert missing(ZIBO, replace(ACTIVE, base_fen=0)) == for_base
    assert missing(ZIBO, replace(ACTIVE, own_contribution_fen=0))[0] == Reason.NONE
    assert missing(JINAN, replace(ACTIVE, own_contribution_fen=0))[1] == "own_contribution_fen"
    assert missing(JINAN, replace(RETIRED, born_on=0))[1] == "born_on"
    assert missing(CHANGCHUN, replace(RETIRED, born_on=0))[0] == Reason.NONE
    alternating = replace(RETIRED, months_combined=0, months_pooled_only=12)
    assert missing(SUIZHOU, alternating)[1] == "months_combined"


def test_a_missing_figure_is_named(cities: Mapping[str, CityRules]) -> None:
    def figure(area: str, month: int, member: Credited, **supply: Any) -> tuple[Reason, str]:
        found = credited(book(cities, area, **supply), area, month, member)
        return found.reason, found.figure

    no_pension = figure(JINAN, 202401, RETIRED, average_pension_2023=None)
    assert no_pension == (Reason.NO_FIGURE, "average_pension_2023")
    no_unit_part = figure(ZIBO, 202301, ACTIVE, old_unit_credit=None)
    assert no_unit_part == (Reason.NO_FIGURE, "old_unit_credit")
    # The document keeps an older one for the retired of 2023, which is not in the material.
    assert figure(ZIBO, 202312, RETIRED) == (Reason.NO_FIGURE, "old_retired_credit")
    assert figure(JINAN, 202401, ACTIVE, average_pension_2023=None) == (Reason.NONE, "")


def test_who_has_no_account_is_credited_nothing(cities: Mapping[str, CityRules]) -> None:
    for area in cities:
        rules = book(cities, area)
        month = 202509 if area == HEYUAN else 202403
        plan = rules.account_on(area, month * 100 + 1)
        assert plan is not None
        found = credit(plan, month, replace(ACTIVE, mode=Mode.POOLED_ONLY))
        assert (found.reason, found.fen, found.parts) == (Reason.NONE, 0, ())
        assert plan.citations[found.citation].clauses
        assert has_account(plan, Mode.COMBINED)
        assert not has_account(plan, Mode.POOLED_ONLY)


def test_who_still_pays_is_credited_nothing_by_a_clause(cities: Mapping[str, CityRules]) -> None:
    rules = book(cities, HEYUAN)
    found = credited(rules, HEYUAN, 202501, replace(RETIRED, still_paying=True))
    (part,) = found.parts
    assert (found.reason, found.fen, part.part) == (Reason.NONE, 0, CreditPart.FUND)
    assert credited(rules, HEYUAN, 202509, replace(ACTIVE, still_paying=True)).fen == 100_00
    elsewhere = credited(
        book(cities, SUIZHOU), SUIZHOU, 202301, replace(RETIRED, still_paying=True)
    )
    assert elsewhere.fen == 70_00


def test_flexible_workers(cities: Mapping[str, CityRules]) -> None:
    flexible = replace(ACTIVE, employment=Employment.FLEXIBLE)
    for area, month, fen in (
        (JINAN, 202401, 100_00),
        (CHANGCHUN, 202401, 100_00),
        (SUIZHOU, 202401, 100_00),
        (HEYUAN, 202509, 100_00),
    ):
        assert credited(book(cities, area), area, month, flexible).fen == fen
    # Of them the document names only those with the benefit of the retired.
    assert credited(book(cities, ZIBO), ZIBO, 202401, flexible).reason == Reason.NO_RULE
    retired = replace(flexible, status=Status.RETIRED, born_on=1960_01_01)
    assert credited(book(cities, ZIBO), ZIBO, 202401, retired).fen == 79_75


# ---------------------------------------------------------------------------------------- plans


def test_plans_are_one_object_and_come_back_from_json(cities: Mapping[str, CityRules]) -> None:
    for area, rules in cities.items():
        first = book(cities, area)
        again = book(cities, area)
        versions = first.account_versions(rules.pinyin)
        assert versions
        for plan in versions:
            assert account_plan_from_json(plan.to_json()) == plan
            assert first.account_on(area, plan.last_day) is plan
        digests = [plan.digest() for plan in versions]
        assert digests == [plan.digest() for plan in again.account_versions(area)]
        assert len(set(digests)) == len(digests)
    assert PlanBook(cities).account_on("999999", 2024_01_01) is None


def test_a_figure_is_in_the_plan_and_in_its_citations(cities: Mapping[str, CityRules]) -> None:
    plan = book(cities, JINAN).account_on(JINAN, 2024_01_01)
    assert plan is not None
    assert [(used.name, used.value) for used in plan.figures] == [("average_pension_2023", 4321_00)]
    (part,) = credit(plan, 202401, RETIRED).parts
    assert plan.citations[part.citation].figures == ("average_pension_2023",)
    other = book(cities, JINAN, average_pension_2023="4321.01").account_on(JINAN, 2024_01_01)
    assert other is not None
    assert other.digest() != plan.digest()


def test_a_dated_figure_counts_in_its_months(cities: Mapping[str, CityRules]) -> None:
    def figure(value: str, first_day: str, last_day: str) -> str:
        return (
            f'[[figure]]\nname = "average_pension_2023"\nvalue = "{value}"\nsource = "made up"\n'
            f"first_day = {first_day}\nlast_day = {last_day}\n"
        )

    text = 'format = 1\ncity = "jinan"\n'
    text += figure("4000.00", "2024-01-01", "2024-06-30")
    text += figure("5000.00", "2024-07-15", "2025-12-31")
    rules = PlanBook(cities).with_figures(load_figures(text.encode(), cities))
    months = (202406, 202407, 202408, 202512, 202601)
    found = [credited(rules, JINAN, month, RETIRED) for month in months]
    # The figure of a month is that of its first day.
    assert [one.fen for one in found] == [80_00, 0, 100_00, 100_00, 0]
    reasons = [one.reason for one in found]
    none, missing = Reason.NONE, Reason.NO_FIGURE
    assert reasons == [none, missing, none, none, missing]


def test_a_city_without_the_file_has_no_rule() -> None:
    outside = load_cities(Path(__file__).parents[1].joinpath("cases", "linjiang", "rules"))
    (area,) = outside
    plan = PlanBook(outside).account_on(area, 2025_06_01)
    assert plan is None
    assert PlanBook(outside).account_versions(area) == []
    assert credit(plan, 202506, ACTIVE) == Credit(Reason.NO_RULE)
    assert use(plan, Purpose.MEDICAL, place=Kind.HOSPITAL).reason == Reason.NO_RULE
    moved = dispose(plan, DisposalEvent.MOVE, in_province=True, applied=True, beneficiary=False)
    assert moved.reason == Reason.NO_RULE
    assert contribution(plan, ContributionProduct.ORDINARY).reason == Reason.NO_RULE


@given(st.integers(0, 10**8), st.integers(0, BP), st.integers(0, 1000), st.integers(1, 1000))
def test_shares_are_rounded_half_up(amount_fen: int, rate_bp: int, part: int, whole: int) -> None:
    exact = Fraction(amount_fen * rate_bp * part, BP * whole)
    expected = (exact + Fraction(1, 2)).__floor__()
    assert share_bp_half_up(amount_fen, rate_bp, part, whole) == expected
    columns = [np.array([number], dtype=np.int64) for number in (amount_fen, part, whole)]
    found = share_bp_half_up(columns[0], rate_bp, columns[1], columns[2])
    assert found.tolist() == [expected]
    assert bp_half_up(amount_fen * rate_bp) == mul_bp_half_up(amount_fen, rate_bp)


@pytest.mark.parametrize(
    ("day", "last"),
    [(2024_02_01, 2024_02_29), (2023_02_28, 2023_02_28), (2024_12_31, 2024_12_31)],
)
def test_the_last_day_of_a_month(day: int, last: int) -> None:
    assert last_of_month(day) == last
