"""The printed figures of the documents stand in the plans, on the days they are printed for."""

from collections.abc import Mapping
from itertools import pairwise

import pytest

from engine.domain.codes import Fact, Place, Status
from engine.domain.dates import next_day
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.rules.book import PlanBook
from engine.rules.compile import compile_plan, intervals
from engine.rules.figures import FigureSet, figures_from_supply
from engine.rules.model import CityRules
from engine.rules.plan import (
    BAR_ALL,
    BAR_EXCLUDED,
    BAR_NONE,
    DEDUCTIBLE_NONE,
    DEDUCTIBLE_SHARED,
    HALF_UP,
    LEVELS,
    NO_CAP,
    PLACES,
    STATUSES,
    Citation,
    Exclusion,
    RulePlan,
    plan_from_json,
)
from tests.rules.conftest import WAGES

ZIBO, HEYUAN = "370300", "441600"
ACTIVE, RETIRED, VETERAN = (status - 1 for status in Status)


@pytest.fixture(scope="module")
def book(cities: Mapping[str, CityRules]) -> PlanBook:
    return PlanBook(cities).with_figures(figures_from_supply("heyuan", WAGES, cities))


def plan_of(book: PlanBook, city: str, day: int) -> RulePlan:
    plan = book.plan_for(city, day)
    assert plan is not None
    assert plan.first_day <= day <= plan.last_day
    return plan


def rates(plan: RulePlan, status: int, place: Place = Place.LOCAL) -> list[int]:
    return [plan.rate_bp[plan.at(level, status, place)] for level in range(LEVELS)]


def by_level(table: tuple[int, ...], status: int = ACTIVE) -> list[int]:
    return [table[RulePlan.by_status(level, status)] for level in range(LEVELS)]


def clauses(plan: RulePlan, citation: int) -> list[tuple[str, str]]:
    return [(ref.clause, ref.reading) for ref in plan.citations[citation].clauses]


# ------------------------------------------------------------------------------------- validity


@pytest.mark.parametrize(
    ("city", "day", "valid"),
    [
        (ZIBO, 2022_12_31, False),
        (ZIBO, 2023_01_01, True),
        (ZIBO, 2023_12_31, True),
        (ZIBO, 2024_01_01, True),
        (ZIBO, 2027_12_31, True),
        (ZIBO, 2028_01_01, False),
        (HEYUAN, 2025_07_31, False),
        (HEYUAN, 2025_08_01, True),
        (HEYUAN, 2025_12_31, True),
        (HEYUAN, 2026_01_01, True),
        (HEYUAN, 2030_07_31, True),
        (HEYUAN, 2030_08_01, False),
    ],
)
def test_validity(
    book: PlanBook, cities: Mapping[str, CityRules], city: str, day: int, valid: bool
) -> None:
    assert book.valid_on(city, day) is valid
    assert (book.plan_for(city, day) is not None) is valid
    assert compile_plan(cities[city], book.figures, day) == book.plan_for(city, day)


def test_unknown_city_has_no_plan(book: PlanBook) -> None:
    assert book.plan_for("110000", 2024_01_01) is None


def test_intervals(book: PlanBook, cities: Mapping[str, CityRules]) -> None:
    """A plan never spans two policy years, and plans follow each other without a gap."""
    assert [tuple(days) for days in intervals(cities[ZIBO], book.figures)] == [
        (2023_01_01, 2023_12_31),
        (2024_01_01, 2024_12_31),
        (2025_01_01, 2025_12_31),
        (2026_01_01, 2026_12_31),
        (2027_01_01, 2027_12_31),
    ]
    versions = book.versions("heyuan")
    assert [plan.first_day for plan in versions] == [
        2025_08_01,
        *(year * 10_000 + 101 for year in range(2026, 2031)),
    ]
    for plan, following in pairwise(versions):
        assert next_day(plan.last_day) == following.first_day
    assert versions[-1].last_day == 2030_07_31


# ----------------------------------------------------------------------------------------- Zibo


@pytest.mark.parametrize(
    ("day", "annual_cap", "active", "retired"),
    [
        (2023_01_01, 3000_00, [6000, 6000, 5000, 5000], [6000, 6000, 5000, 5000]),
        (2023_12_31, 3000_00, [6000, 6000, 5000, 5000], [6000, 6000, 5000, 5000]),
        (2024_01_01, 4000_00, [6000, 6000, 5000, 5000], [6500, 6500, 5500, 5500]),
        (2027_12_31, 4000_00, [6000, 6000, 5000, 5000], [6500, 6500, 5500, 5500]),
    ],
)
def test_zibo(
    book: PlanBook, day: int, annual_cap: int, active: list[int], retired: list[int]
) -> None:
    plan = plan_of(book, ZIBO, day)
    assert plan.annual_cap_fen == (annual_cap,) * LEVELS * STATUSES
    assert plan.visit_cap_fen == (NO_CAP,) * LEVELS * STATUSES
    assert plan.deductible_kind == DEDUCTIBLE_SHARED
    for status in (ACTIVE, RETIRED, VETERAN):
        assert by_level(plan.deductible_fen, status) == [50_00, 500_00, 700_00, 700_00]
    for place in Place:
        assert rates(plan, ACTIVE, place) == active
        assert rates(plan, RETIRED, place) == retired
        assert rates(plan, VETERAN, place) == retired
    assert plan.first_pay_bp == (0, 0, 1000, 1000)
    assert plan.rounding == HALF_UP
    assert plan.figures == ()


def test_zibo_citations(book: PlanBook) -> None:
    plan = plan_of(book, ZIBO, 2024_06_01)
    at = plan.at(1, RETIRED, Place.LOCAL)
    assert clauses(plan, plan.rate_cite[at]) == [("第六条第一款", ""), ("第六条第一款", "Z9")]
    bonus = plan.citations[plan.rate_cite[at]].clauses[1]
    assert bonus.text == "退休人员支付比例提高5个百分点"
    veteran = plan.citations[plan.rate_cite[plan.at(1, VETERAN, Place.LOCAL)]].clauses
    assert [ref.stated for ref in veteran] == [True, True, False]
    assert clauses(plan, plan.rate_cite[plan.at(1, ACTIVE, Place.LOCAL)]) == [("第六条第一款", "")]
    assert clauses(plan, plan.deductible_cite[0]) == [("第六条第一款", "G2-A1")]
    assert clauses(plan, plan.first_pay_cite[Place.OTHER_CITY]) == [("第六条第二款", "G3-A")]
    assert clauses(plan, plan.first_pay_cite[Place.FILED]) == [("第六条第二款", "Z5")]
    assert not plan.citations[plan.first_pay_cite[Place.LOCAL]].clauses[0].stated
    rounding = plan.citations[plan.rounding_cite].clauses[0]
    assert (rounding.stated, rounding.clause, rounding.reading) == (False, "", "G6")


# --------------------------------------------------------------------------------------- Heyuan


@pytest.mark.parametrize(
    ("day", "annual_cap", "figure"),
    [
        (2025_08_01, 1975_31, "average_wage.2023"),
        (2025_12_31, 1975_31, "average_wage.2023"),
        (2026_01_01, 2024_70, "average_wage.2024"),
        (2026_12_31, 2024_70, "average_wage.2024"),
    ],
)
def test_heyuan(book: PlanBook, day: int, annual_cap: int, figure: str) -> None:
    plan = plan_of(book, HEYUAN, day)
    assert plan.deductible_kind == DEDUCTIBLE_NONE
    assert set(plan.deductible_fen) == {0}
    for status in (ACTIVE, RETIRED, VETERAN):
        assert by_level(plan.visit_cap_fen, status) == [60_00, 120_00, 150_00, 150_00]
        assert by_level(plan.annual_cap_fen, status) == [annual_cap] * LEVELS
    for place in (Place.LOCAL, Place.FILED):
        assert rates(plan, ACTIVE, place) == [7000, 6000, 5500, 5500]
        assert rates(plan, RETIRED, place) == [7500, 6500, 6000, 6000]
        assert rates(plan, VETERAN, place) == [7500, 6500, 6000, 6000]
    for place in (Place.OTHER_CITY, Place.OTHER_PROVINCE):
        assert rates(plan, RETIRED, place) == [0, 0, 0, 0]
    assert plan.first_pay_bp == (0, 0, 0, 0)
    assert [(used.name, used.source) for used in plan.figures] == [(figure, "assumed")]
    cite = plan.citations[plan.annual_cap_cite[0]]
    assert cite.figures == (figure,)
    assert cite.clauses[0].clause == "第四条第五款"


def test_heyuan_cap_beats_floor(cities: Mapping[str, CityRules]) -> None:
    figures = figures_from_supply("heyuan", {**WAGES, "annual_cap": "2000.00"}, cities)
    book = PlanBook(cities).with_figures(figures)
    plan = plan_of(book, HEYUAN, 2025_08_01)
    assert plan.annual_cap_fen[0] == 2000_00
    assert [used.name for used in plan.figures] == ["annual_cap"]
    assert plan.citations[plan.annual_cap_cite[0]].figures == ("annual_cap",)
    # 2026 asks for at least 2024.70: the cap below the floor does not count there.
    assert missing_lines(plan_of(book, HEYUAN, 2026_01_01)) == ["annual_cap"]
    # No wage is known for later years: the cap is as good as any.
    assert plan_of(book, HEYUAN, 2030_07_31).annual_cap_fen[0] == 2000_00


def missing_lines(plan: RulePlan) -> list[str]:
    """Return the figures without which an ordinary claim is refused."""
    lines = [line for line in plan.exclusions if line.require == Fact.ORDINARY]
    assert all(line.reason == Reason.NO_FIGURE and not line.forbid for line in lines)
    return [line.figure for line in lines]


def test_heyuan_without_figure(book: PlanBook) -> None:
    assert missing_lines(plan_of(book, HEYUAN, 2026_12_31)) == []
    plan = plan_of(book, HEYUAN, 2027_01_01)
    assert missing_lines(plan) == ["annual_cap"]
    assert plan.exclusions[0].reason == Reason.NO_FIGURE
    assert plan.annual_cap_fen == (0,) * LEVELS * STATUSES
    assert plan.figures == ()
    line = plan.exclusions[0]
    assert clauses(plan, line.citation) == [("第四条第五款", "H12")]


# ----------------------------------------------------------------------------------- exclusions

F = Fact
COMMON = [
    (Reason.SPANS_BOUNDARY, F.SPANS_BOUNDARY, F(0)),
    (Reason.BENEFIT_NOT_OFFERED, F.NOT_OFFERED, F(0)),
    (Reason.OTHER_SCHEME, F.MATERNITY, F(0)),
    (Reason.NOT_DESIGNATED, F.NOT_DESIGNATED, F(0)),
    (Reason.ARREARS, F.IN_ARREARS, F(0)),
    (Reason.LIABLE_ELSEWHERE, F.LIABLE, F(0)),
    (Reason.NO_PRESCRIPTION, F.PHARMACY, F.PRESCRIBER),
]
OWN = {
    ZIBO: [
        (Reason.BENEFIT_NOT_OFFERED, F.PHARMACY | F.ORDINARY, F(0)),
        (Reason.INPATIENT_STAY, F.IN_STAY, F(0)),
    ],
    HEYUAN: [
        (Reason.NO_FIGURE, F.DAY_SURGERY, F(0)),
        (Reason.NOT_FILED, F.OUTSIDE_CITY, F.FILED),
        (Reason.NOT_SELECTED, F(0), F.OUTSIDE_CITY | F.SELECTED | F.REFERRED | F.EMERGENCY),
    ],
}


@pytest.mark.parametrize("city", [ZIBO, HEYUAN])
def test_exclusion_matrix(book: PlanBook, city: str) -> None:
    plan = plan_of(book, city, 2025_09_01)
    found = [(line.reason, line.require, line.forbid) for line in plan.exclusions]
    assert sorted(found) == sorted((*COMMON, *OWN[city]))
    reasons = [line.reason for line in plan.exclusions]
    assert reasons == sorted(reasons)
    for line in plan.exclusions:
        assert plan.citations[line.citation].clauses
        assert line.liable_only == (line.reason == Reason.LIABLE_ELSEWHERE)
        assert line.account_bar == {
            Reason.NOT_DESIGNATED: BAR_ALL,
            Reason.LIABLE_ELSEWHERE: BAR_EXCLUDED,
        }.get(Reason(line.reason), BAR_NONE)
        assert bool(line.figure) == (line.reason == Reason.NO_FIGURE)


def first(plan: RulePlan, facts: Fact) -> Reason:
    return next(
        (Reason(line.reason) for line in plan.exclusions if _applies(line, facts)), Reason.NONE
    )


def _applies(line: Exclusion, facts: Fact) -> bool:
    return facts & line.require == line.require and not facts & line.forbid


@pytest.mark.parametrize(
    ("city", "facts", "reason"),
    [
        (ZIBO, F.ORDINARY, Reason.NONE),
        (ZIBO, F.ORDINARY | F.OUTSIDE_CITY, Reason.NONE),
        (ZIBO, F.ORDINARY | F.PHARMACY | F.PRESCRIBER, Reason.BENEFIT_NOT_OFFERED),
        (ZIBO, F.CHRONIC | F.PHARMACY | F.PRESCRIBER, Reason.NONE),
        (HEYUAN, F.DAY_SURGERY | F.NOT_OFFERED, Reason.NO_FIGURE),
        (ZIBO, F.ORDINARY | F.IN_STAY | F.LIABLE, Reason.INPATIENT_STAY),
        (ZIBO, F.ORDINARY | F.MATERNITY | F.NOT_DESIGNATED, Reason.OTHER_SCHEME),
        (HEYUAN, F.ORDINARY | F.SELECTED, Reason.NONE),
        (HEYUAN, F.ORDINARY, Reason.NOT_SELECTED),
        (HEYUAN, F.ORDINARY | F.REFERRED, Reason.NONE),
        (HEYUAN, F.ORDINARY | F.EMERGENCY, Reason.NONE),
        (HEYUAN, F.ORDINARY | F.OUTSIDE_CITY | F.FILED, Reason.NONE),
        (HEYUAN, F.ORDINARY | F.OUTSIDE_CITY | F.EMERGENCY, Reason.NOT_FILED),
        (HEYUAN, F.ORDINARY | F.IN_STAY | F.SELECTED, Reason.NONE),
        (HEYUAN, F.ORDINARY | F.SELECTED | F.PHARMACY, Reason.NO_PRESCRIPTION),
    ],
)
def test_precedence(book: PlanBook, city: str, facts: Fact, reason: Reason) -> None:
    assert first(plan_of(book, city, 2025_09_01), facts) == reason


# ------------------------------------------------------------------------------------ every plan


@pytest.mark.parametrize("city", [ZIBO, HEYUAN])
def test_plans_are_whole(book: PlanBook, city: str) -> None:
    for plan in book.versions(city):
        assert len(plan.rate_bp) == len(plan.rate_cite) == LEVELS * STATUSES * PLACES
        assert plan.citations[0] == Citation(())
        assert len(set(plan.citations)) == len(plan.citations)
        cited = [
            *plan.deductible_cite,
            *plan.rate_cite,
            *plan.first_pay_cite,
            *plan.visit_cap_cite,
            *plan.annual_cap_cite,
            plan.rounding_cite,
            *({plan.general_fee_cite, plan.papers_cite} - {0}),
            *({plan.family_medical_cite, plan.family_goods_cite} - {0}),
            *(line.citation for line in plan.exclusions),
        ]
        assert set(cited) == set(range(1, len(plan.citations)))
        for citation in plan.citations[1:]:
            for ref in citation.clauses:
                assert bool(ref.clause) == ref.stated
                assert ref.text
        lasting = [line for line in plan.exclusions if line.reason >= EXCLUSION_FIRST]
        assert lasting


@pytest.mark.parametrize("city", [ZIBO, HEYUAN])
def test_json_and_digest(book: PlanBook, cities: Mapping[str, CityRules], city: str) -> None:
    again = PlanBook(dict(sorted(cities.items(), reverse=True)), FigureSet().add(book.figures))
    versions = book.versions(city)
    assert len({plan.digest() for plan in versions}) == len(versions)
    for plan in versions:
        assert plan_from_json(plan.to_json()) == plan
        assert plan_from_json(plan.to_json()).digest() == plan.digest()
        other = again.plan_for(city, plan.first_day)
        assert other is not None
        assert other.digest() == plan.digest()


def test_figures_are_in_the_digest(cities: Mapping[str, CityRules]) -> None:
    one = PlanBook(cities).with_figures(
        figures_from_supply("heyuan", {"annual_cap": "2000.00"}, cities)
    )
    two = PlanBook(cities).with_figures(
        figures_from_supply("heyuan", {"annual_cap": "2000.01"}, cities)
    )
    day = 2025_09_01
    assert plan_of(one, HEYUAN, day).digest() != plan_of(two, HEYUAN, day).digest()
    assert plan_of(one, ZIBO, day).digest() == plan_of(two, ZIBO, day).digest()
