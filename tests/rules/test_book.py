"""The book of plans: look-up, cache, and what is missing."""

from collections.abc import Mapping

import pytest

from engine.errors import InvalidInput
from engine.rules.book import PlanBook
from engine.rules.figures import Figure, figures_from_supply
from engine.rules.model import CityRules
from tests.rules.conftest import WAGES

HEYUAN = "441600"


def test_city_by_code_or_name(cities: Mapping[str, CityRules]) -> None:
    book = PlanBook(cities)
    assert book.city("heyuan") is book.city("441600") is cities["441600"]
    assert book.city("zibo").name == "淄博市"
    with pytest.raises(InvalidInput, match=r'no rules for "paris"; .*zibo \(370300\)'):
        book.city("paris")


def test_one_plan_for_an_interval(cities: Mapping[str, CityRules]) -> None:
    book = PlanBook(cities)
    assert book.plan_for("370300", 2024_01_01) is book.plan_for("370300", 2024_12_31)
    assert book.plan_for("370300", 2024_01_01) is book.versions("zibo")[1]
    assert book.plan_for("370300", 2023_12_31) is not book.plan_for("370300", 2024_01_01)


def test_figure_dates_split_a_plan(cities: Mapping[str, CityRules]) -> None:
    figures = [
        Figure(HEYUAN, "annual_cap", "", 2000_00, 2025_08_01, 2025_12_31, "notice 1"),
        Figure(HEYUAN, "annual_cap", "", 2100_00, 2025_10_01, 2025_12_31, "notice 2"),
        Figure(HEYUAN, "january_prepay_rate", "", 7000, 2025_11_01, 2025_12_31, "notice 3"),
    ]
    book = PlanBook(cities).with_figures(figures)
    found = [
        (plan.first_day, plan.last_day, plan.annual_cap_fen[0]) for plan in book.versions("heyuan")
    ]
    assert found[:3] == [
        (2025_08_01, 2025_09_30, 2000_00),
        (2025_10_01, 2025_12_31, 2100_00),
        (2026_01_01, 2026_12_31, 0),
    ]


def test_books_are_independent(cities: Mapping[str, CityRules]) -> None:
    empty = PlanBook(cities)
    supplied = empty.with_figures(figures_from_supply("heyuan", WAGES, cities))
    day = 2025_09_01
    assert empty.plan_for(HEYUAN, day) != supplied.plan_for(HEYUAN, day)
    assert len(empty.figures) == 0


def missing(book: PlanBook, city: str) -> list[tuple[str, str, int, int]]:
    return [(m.figure, m.instead, m.first_day, m.last_day) for m in book.missing(city) if m.known]


def benefit_figures(book: PlanBook) -> set[str]:
    """Return what is missing for benefits besides the ordinary one, in any city."""
    benefits = ("chronic_", "special_", "inpatient_", "dual_channel_", "separate_pay_")
    return {
        entry.figure
        for area in book.cities
        for entry in book.missing(area)
        if entry.figure.startswith(benefits)
    }


def test_missing(cities: Mapping[str, CityRules]) -> None:
    book = PlanBook(cities)
    found = [entry for entry in missing(book, "zibo") if entry[0] not in benefit_figures(book)]
    assert found == [
        ("average_pension_2023", "", 2024_01_01, 2027_12_31),
        ("old_unit_credit", "", 2023_01_01, 2023_12_31),
    ]
    whole = (2023_01_01, 2027_12_31)
    assert [entry for entry in missing(book, "zibo") if entry[0].startswith("chronic_")] == [
        ("chronic_annual_cap", "", *whole),
        *((f"chronic_deductible.{level}", "", *whole) for level in "123"),
        *((f"chronic_rate.{level}", "", *whole) for level in "123"),
    ]
    assert missing(book, "heyuan")[:2] == [
        ("annual_cap", "average_wage.2023", 2025_08_01, 2025_12_31),
        ("annual_cap", "average_wage.2024", 2026_01_01, 2026_12_31),
    ]
    supplied = book.with_figures(figures_from_supply("heyuan", WAGES, cities))
    assert missing(supplied, "heyuan")[0] == (
        "annual_cap",
        "average_wage.2025",
        2027_01_01,
        2027_12_31,
    )
    unknown = {m.figure for m in book.missing("heyuan") if not m.known}
    assert unknown == {"day_surgery_benefit"}
    for entry in (*book.missing("zibo"), *book.missing("heyuan")):
        assert entry.effect
        assert entry.clause.text


def test_missing_in_part_and_below_the_floor(cities: Mapping[str, CityRules]) -> None:
    pension = Figure(
        "370300", "average_pension_2023", "", 3987_65, 2025_01_01, 2025_12_31, "a notice"
    )
    book = PlanBook(cities).with_figures([pension])
    assert missing(book, "zibo")[:2] == [
        ("average_pension_2023", "", 2024_01_01, 2024_12_31),
        ("average_pension_2023", "", 2026_01_01, 2027_12_31),
    ]
    low = figures_from_supply("heyuan", {**WAGES, "annual_cap": "2000.00"}, cities)
    (entry,) = (m for m in book.with_figures(low).missing("heyuan") if m.figure == "annual_cap")
    assert (entry.first_day, entry.last_day, entry.instead) == (2026_01_01, 2026_12_31, "")
    assert "below its floor (average_wage.2024)" in entry.effect


JINAN = "370100"


def deductibles(book: PlanBook) -> list[tuple[str, int, int, str]]:
    return [
        (m.figure, m.first_day, m.last_day, m.effect.rpartition("; ")[2])
        for m in book.missing("jinan")
        if m.figure.startswith("ordinary_deductible")
    ]


def test_figures_by_level_say_which_claims_are_refused(cities: Mapping[str, CityRules]) -> None:
    book = PlanBook(cities)
    everything = "every level lacks its own: all ordinary claims are refused"
    assert deductibles(book) == [
        (f"ordinary_deductible.{level}", 2023_01_01, 2027_12_31, everything) for level in "123"
    ]
    second = Figure(JINAN, "ordinary_deductible", "2", 400_00, 2024_01_01, 2024_12_31, "a notice")
    others = "levels that lack theirs: 1, 3, 3p"
    assert deductibles(book.with_figures([second])) == [
        ("ordinary_deductible.1", 2023_01_01, 2023_12_31, everything),
        ("ordinary_deductible.1", 2024_01_01, 2024_12_31, others),
        ("ordinary_deductible.1", 2025_01_01, 2027_12_31, everything),
        ("ordinary_deductible.2", 2023_01_01, 2023_12_31, everything),
        ("ordinary_deductible.2", 2025_01_01, 2027_12_31, everything),
        ("ordinary_deductible.3", 2023_01_01, 2023_12_31, everything),
        ("ordinary_deductible.3", 2024_01_01, 2024_12_31, others),
        ("ordinary_deductible.3", 2025_01_01, 2027_12_31, everything),
    ]


def test_the_refusal_for_a_missing_figure_names_what_would_do(
    cities: Mapping[str, CityRules],
) -> None:
    plan = PlanBook(cities).plan_for(HEYUAN, 2026_03_05)
    assert plan is not None
    (line,) = (line for line in plan.exclusions if line.figure == "annual_cap")
    (clause,) = plan.citations[line.citation].clauses
    assert clause.text.endswith("（需提供 annual_cap 或 average_wage.2024）")
