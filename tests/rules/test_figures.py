"""Operator figures: supply files, the set, the journal's form."""

from collections.abc import Mapping

import pytest

from engine.domain.dates import DATE_MIN, OPEN_END
from engine.errors import InvalidInput, RuleFileError
from engine.rules.compile import check_figures
from engine.rules.figures import (
    Figure,
    FigureSet,
    figures_from_supply,
    from_json,
    load_figures,
    to_json,
)
from engine.rules.model import CityRules

HEYUAN, ZIBO = "441600", "370300"

GOOD = """
format = 1
city = "heyuan"

[[figure]]
name = "average_wage"
key = "2023"
value = "98765.50"
source = "statistics bureau, 2024"
first_day = 2025-01-01
last_day = 2025-12-31

[[figure]]
name = "january_prepay_rate"
value = "0.75"
source = "agency"
first_day = 2026-01-01
last_day = 2026-12-31

[[figure]]
city = "370300"
name = "average_pension_2023"
value = "3987.65"
source = "agency"
first_day = 2024-01-01
last_day = 2027-12-31
"""


def test_supply_file(cities: Mapping[str, CityRules]) -> None:
    figures = load_figures(GOOD.encode(), cities)
    assert figures == (
        Figure(
            HEYUAN,
            "average_wage",
            "2023",
            9876550,
            2025_01_01,
            2025_12_31,
            "statistics bureau, 2024",
        ),
        Figure(HEYUAN, "january_prepay_rate", "", 7500, 2026_01_01, 2026_12_31, "agency"),
        Figure(ZIBO, "average_pension_2023", "", 398765, 2024_01_01, 2027_12_31, "agency"),
    )
    assert [figure.label for figure in figures][:2] == ["average_wage.2023", "january_prepay_rate"]


@pytest.mark.parametrize(
    ("old", "new", "path", "problem"),
    [
        ("format = 1", "", "format", "expected format = 1, found None"),
        ('"heyuan"', '"paris"', "figure[0].city", "expected a city: "),
        ('city = "heyuan"', "", "figure[0].city", "found None"),
        ("format = 1", 'format = 1\nunit = "yuan"', "unit", "unknown key"),
        ('key = "2023"', 'yaer = "2023"', "figure[0].yaer", "unknown key; expected city"),
        ('"average_wage"', '"average_wages"', "figure[0].name", "it knows annual_cap, average_w"),
        ('key = "2023"', "", "figure[0].key", "is of a year: expected \"2023\", found ''"),
        ('key = "2023"', 'key = "23"', "figure[0].key", "is of a year"),
        ('value = "0.75"', 'key = "2026"\nvalue = "0.75"', "figure[1].key", "no key"),
        ('"98765.50"', "98765.50", "figure[0].value", "found the float 98765.50"),
        ('"98765.50"', "98765", "figure[0].value", "as a string, found 98765; quote it"),
        ('"98765.50"', '"-98765.50"', "figure[0].value", "expected yuan with two decimals"),
        ('"98765.50"', '"98765.5"', "figure[0].value", "expected yuan with two decimals"),
        ('"98765.50"', '"98765432.50"', "figure[0].value", "from 0.00 to 1000000.00"),
        ('"0.75"', '"0.81"', "figure[1].value", "from 0.0001 to 0.8000, found 0.81"),
        ('"0.75"', '"0.0"', "figure[1].value", "from 0.0001 to 0.8000, found 0.0"),
        ('source = "statistics bureau, 2024"', "", "figure[0].source", "missing"),
        ('"statistics bureau, 2024"', '" "', "figure[0].source", "where it was published"),
        ('"statistics bureau, 2024"', '"assumed"', "figure[0].source", "where it was published"),
        ("first_day = 2025-01-01", "", "figure[0].first_day", "missing"),
        ("2025-12-31", '"2025-12-31"', "figure[0].last_day", "without quotes"),
        ("2025-12-31", "2024-12-31", "figure[0].last_day", "is before first_day 20250101"),
        ("2025-01-01", "0999-01-01", "figure[0].first_day", "expected a date from"),
        ("[[figure]]", "[[figures]]", "figures", "unknown key"),
        ("format = 1", "format = ", "", "not TOML"),
        (
            "first_day = 2025-01-01",
            "first_day = 2025-01-01T00:00:00",
            "figure[0].first_day",
            "2025",
        ),
    ],
)
def test_refused_file(
    cities: Mapping[str, CityRules], old: str, new: str, path: str, problem: str
) -> None:
    assert old in GOOD
    with pytest.raises(RuleFileError) as caught:
        load_figures(GOOD.replace(old, new).encode(), cities)
    assert caught.value.file == "figures"
    assert caught.value.path == path
    assert problem in caught.value.problem


def test_refused_twice_on_a_day(cities: Mapping[str, CityRules]) -> None:
    again = GOOD[GOOD.index("[[figure]]") :].split("[[figure]]")[1]
    with pytest.raises(RuleFileError, match="stands twice on the same days"):
        load_figures(f"{GOOD}[[figure]]\ncity = 'heyuan'{again}".encode(), cities)
    with pytest.raises(RuleFileError, match=r"expected at least one \[\[figure\]\]"):
        load_figures(b"format = 1", cities)
    with pytest.raises(RuleFileError, match=r"figure\[0\]: expected a table"):
        load_figures(b"format = 1\nfigure = [1]", cities)
    with pytest.raises(RuleFileError, match="expected UTF-8"):
        load_figures(b"\xff", cities)


def test_supply_table(cities: Mapping[str, CityRules]) -> None:
    figures = figures_from_supply(
        "heyuan", {"average_wage": {"2023": "98765.50"}, "annual_cap": "2000.00"}, cities
    )
    assert figures == (
        Figure(HEYUAN, "average_wage", "2023", 9876550, DATE_MIN, OPEN_END, "assumed"),
        Figure(HEYUAN, "annual_cap", "", 200000, DATE_MIN, OPEN_END, "assumed"),
    )
    assert figures_from_supply("370300", {"old_unit_credit": "88.88"}, cities)[0].value == 8888


@pytest.mark.parametrize(
    ("city", "mapping", "path"),
    [
        ("heyuan", {"average_wage": "98765.50"}, "supply.average_wage"),
        ("heyuan", {"average_wage": {"2023": 1}}, "supply.average_wage.2023"),
        ("heyuan", {"average_wage": {"x": "1.00"}}, "supply.average_wage.x"),
        ("heyuan", {"annual_cap": {"2023": "1.00"}}, "supply.annual_cap.2023"),
        ("zibo", {"annual_cap": "1.00"}, "supply.annual_cap"),
        ("paris", {}, "supply"),
    ],
)
def test_refused_supply_table(
    cities: Mapping[str, CityRules], city: str, mapping: Mapping[str, object], path: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        figures_from_supply(city, mapping, cities)
    assert caught.value.path == path


def cap(value: int, first_day: int, last_day: int) -> Figure:
    return Figure(HEYUAN, "annual_cap", "", value, first_day, last_day, "agency")


def test_later_figure_takes_its_days() -> None:
    figures = FigureSet().add([cap(1, 2025_01_01, OPEN_END)])
    changed = figures.add([cap(2, 2026_03_01, 2026_12_31)])
    assert list(changed) == [
        cap(1, 2025_01_01, 2026_02_28),
        cap(2, 2026_03_01, 2026_12_31),
        cap(1, 2027_01_01, OPEN_END),
    ]
    assert list(figures) == [cap(1, 2025_01_01, OPEN_END)]
    whole = changed.add([cap(3, DATE_MIN, OPEN_END)])
    assert list(whole) == [cap(3, DATE_MIN, OPEN_END)]
    other = Figure(ZIBO, "old_unit_credit", "", 9, DATE_MIN, OPEN_END, "agency")
    assert len(whole.add([other])) == 2


@pytest.mark.parametrize(
    ("day", "value"),
    [(2024_12_31, None), (2025_01_01, 1), (2025_12_31, 1), (2026_01_01, 2), (2027_01_01, None)],
)
def test_figure_of_a_day(day: int, value: int | None) -> None:
    figures = FigureSet().add([cap(2, 2026_01_01, 2026_12_31), cap(1, 2025_01_01, 2025_12_31)])
    found = figures.get(HEYUAN, "annual_cap", "", day)
    assert (found.value if found else None) == value
    assert figures.get(HEYUAN, "annual_cap", "2025", day) is None
    assert figures.get(ZIBO, "annual_cap", "", day) is None


def test_journal_form(cities: Mapping[str, CityRules]) -> None:
    figures = load_figures(GOOD.encode(), cities)
    assert from_json(to_json(figures)) == figures
    assert to_json(from_json(to_json(figures))) == to_json(figures)
    for wrong in (b"{}", b"[{}]", b"[1]", b'[{"city": "x"}]'):
        with pytest.raises(ValueError, match="expected a list of figures"):
            from_json(wrong)


def test_cap_below_its_floor(cities: Mapping[str, CityRules]) -> None:
    wage = Figure(HEYUAN, "average_wage", "2023", 9876550, 2025_01_01, 2025_12_31, "bureau")
    check_figures(cities, FigureSet().add([wage, cap(1975_31, 2025_01_01, 2025_12_31)]))
    check_figures(cities, FigureSet().add([wage, cap(1, 2026_01_01, 2026_12_31)]))
    with pytest.raises(InvalidInput) as caught:
        check_figures(cities, FigureSet().add([wage, cap(1975_30, 2025_01_01, 2025_12_31)]))
    assert str(caught.value) == (
        "heyuan.annual_cap: 1975.30 yuan from 20250801 to 20251231 is below the floor of 1975.31 "
        "yuan (第四条第五款, from average_wage.2023); supply at least the floor, or leave the cap "
        "out so that the floor counts"
    )


def test_assumed_cap_is_not_refused(cities: Mapping[str, CityRules]) -> None:
    """Case KH13: one undated cap, high enough for 2025 and too low for 2026."""
    supply = {"average_wage": {"2023": "98765.50", "2024": "101234.75"}, "annual_cap": "2000.00"}
    check_figures(cities, FigureSet().add(figures_from_supply("heyuan", supply, cities)))
