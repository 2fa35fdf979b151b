"""Choosing a reading: by a figure, for whole policy years, named by what it decided."""

from pathlib import Path

import pytest

from engine.errors import InvalidInput, RuleFileError
from engine.rules.book import PlanBook
from engine.rules.compile import check_figures
from engine.rules.figures import FigureSet, figures_from_supply, load_figures
from engine.rules.load import load_cities
from engine.rules.plan import DEDUCTIBLE_COST, DEDUCTIBLE_LEVEL, DEDUCTIBLE_SHARED

CITIES = load_cities()
ZIBO, SUIZHOU, CHANGCHUN = "370300", "421300", "220100"


def supply(tmp_path: Path, city: str, question: str, value: str, first: str, last: str) -> PlanBook:
    """Return the book after a supply file chose a reading."""
    file = tmp_path / "figures.toml"
    file.write_text(
        f"""format = 1
city = "{city}"
[[figure]]
name = "reading"
key = "{question}"
value = "{value}"
source = "made up"
first_day = {first}
last_day = {last}
"""
    )
    book = PlanBook(CITIES).with_figures(load_figures(file, CITIES))
    check_figures(book.cities, book.figures)
    return book


def test_a_choice_holds_for_its_years_and_names_itself(tmp_path: Path) -> None:
    book = supply(tmp_path, "zibo", "G2", "G2-B", "2024-01-01", "2024-12-31")
    kinds = [book.plan_for(ZIBO, year * 10_000 + 615) for year in (2023, 2024, 2025)]
    assert [plan.deductible_kind for plan in kinds if plan] == [
        DEDUCTIBLE_SHARED,
        DEDUCTIBLE_LEVEL,
        DEDUCTIBLE_SHARED,
    ]
    chosen = kinds[1]
    assert chosen is not None
    assert [(figure.name, figure.source) for figure in chosen.figures] == [
        ("reading.G2-B", "made up")
    ]
    citation = chosen.citations[chosen.deductible_cite[0]]
    assert citation.figures == ("reading.G2-B",)
    assert [clause.reading for clause in citation.clauses] == ["G2-B"]
    assert chosen.citations[chosen.rate_cite[0]].figures == ()
    plain = PlanBook(CITIES).plan_for(ZIBO, 2024_06_15)
    assert plain is not None
    assert plain.digest() != chosen.digest()


def test_choosing_the_default_changes_no_amount(tmp_path: Path) -> None:
    book = supply(tmp_path, "zibo", "G2", "G2-A1", "2024-01-01", "2024-12-31")
    plan = book.plan_for(ZIBO, 2024_06_15)
    plain = PlanBook(CITIES).plan_for(ZIBO, 2024_06_15)
    assert plan is not None
    assert plain is not None
    for name in ("deductible_kind", "deductible_fen", "rate_bp", "annual_cap_fen", "first_pay_bp"):
        assert getattr(plan, name) == getattr(plain, name)
    assert plan.citations[plan.deductible_cite[0]].figures == ("reading.G2-A1",)


def test_levels_of_one_entry_share_their_deductible() -> None:
    figures = FigureSet(figures_from_supply(ZIBO, {"reading": {"G2": "G2-B"}}, CITIES))
    plan = PlanBook(CITIES, figures).plan_for(ZIBO, 2024_06_15)
    assert plan is not None
    assert [plan.deductible_level(level, 0) for level in range(4)] == [0, 1, 2, 2]


def test_two_questions_at_once() -> None:
    chosen = {"reading": {"G2": "G2-A2", "G1": "G1-B"}}
    figures = FigureSet(figures_from_supply(ZIBO, chosen, CITIES))
    plan = PlanBook(CITIES, figures).plan_for(ZIBO, 2024_06_15)
    assert plan is not None
    assert (plan.deductible_kind, plan.annual_cap_on_cost, plan.counts_cost) == (
        DEDUCTIBLE_COST,
        1,
        True,
    )


@pytest.mark.parametrize(
    ("first", "last"),
    [("2024-03-01", "2024-12-31"), ("2024-01-01", "2024-06-30"), ("2023-07-01", "2025-03-31")],
)
def test_a_choice_inside_a_policy_year_is_refused(tmp_path: Path, first: str, last: str) -> None:
    with pytest.raises(InvalidInput, match=r"zibo.reading.G2: .*whole policy years"):
        supply(tmp_path, "zibo", "G2", "G2-B", first, last)


def test_the_year_in_which_a_document_begins_may_be_cut_before_it(tmp_path: Path) -> None:
    book = supply(tmp_path, "suizhou", "S1", "S1-B", "2022-12-31", "2024-12-31")
    assert book.valid_on(SUIZHOU, 2024_12_31)
    assert not book.valid_on(SUIZHOU, 2025_01_01)
    last = book.plan_for(SUIZHOU, 2024_12_31)
    assert last is not None
    assert last.rate_bp == (PlanBook(CITIES).plan_for(SUIZHOU, 2024_12_30) or last).rate_bp
    assert PlanBook(CITIES).plan_for(SUIZHOU, 2024_12_31) is None


def test_a_draft_read_as_dated_needs_no_day(tmp_path: Path) -> None:
    assert not PlanBook(CITIES).versions(CHANGCHUN)
    book = supply(tmp_path, "changchun", "C1", "C1-B", "2023-01-01", "2049-12-31")
    assert book.plan_for(CHANGCHUN, 2023_01_01) is not None
    assert book.plan_for(CHANGCHUN, 2022_12_31) is None


@pytest.mark.parametrize(
    ("question", "value", "problem"),
    [
        ("G9", "G2-B", "expected G1, G2, G3, Z3, Z4, Z8, found 'G9'"),
        ("G2", "G2-C", "expected one of G2-A1, G2-A2, G2-B, found 'G2-C'"),
        ("G2", "G1-B", "expected one of G2-A1, G2-A2, G2-B, found 'G1-B'"),
    ],
)
def test_what_cannot_be_chosen_is_refused(
    tmp_path: Path, question: str, value: str, problem: str
) -> None:
    with pytest.raises(RuleFileError) as caught:
        supply(tmp_path, "zibo", question, value, "2024-01-01", "2024-12-31")
    assert problem in str(caught.value)
