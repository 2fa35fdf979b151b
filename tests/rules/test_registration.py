"""The optional file of a city that says how an institution is selected."""

from collections.abc import Mapping

import pytest

from engine.errors import RuleFileError
from engine.rules.load import CITIES, rules_from_files
from engine.rules.model import CityRules
from engine.rules.registration import REGISTRATION

FOLDER = "441600_heyuan"


def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (CITIES / FOLDER).glob("*.toml")}


def test_only_a_city_with_the_file_has_a_rule(cities: Mapping[str, CityRules]) -> None:
    assert [area for area, rules in cities.items() if rules.selection] == ["441600"]
    (rule,) = cities["441600"].selection
    assert [rule.is_open(20250000 + day) for day in (831, 901, 1231)] == [False, True, True]
    assert rule.change_from(20251010) == 20251101
    assert {clause.reading for clause in rule.clauses} == {"H13", "H14"}


@pytest.mark.parametrize(
    ("old", "new", "path", "problem"),
    [
        ("window_first_month = 9", "window_first_month = 13", "window_first_month", "12"),
        ("window_first_month = 9\n", "", "window_first_month", "missing"),
        ("first_in_year = true", 'first_in_year = "yes"', "first_in_year", "boolean"),
        ('"next month"', '"some day"', "change_holds", "some day"),
        ("format = 1", "format = 2", "format", "found 2"),
        ("format = 1", "format = 1\nselections = 1", "selections", "unknown key"),
        ("last_day = 2030-07-31", "last_day = 2031-07-31", "last_day", "outside the validity"),
        ('clause = "第十五条第二款"', 'clause = "第十六条"', "", "no row of clauses.toml"),
    ],
)
def test_what_the_file_may_not_say(old: str, new: str, path: str, problem: str) -> None:
    changed = files()
    text = changed[REGISTRATION].decode()
    assert old in text
    changed[REGISTRATION] = text.replace(old, new).encode()
    with pytest.raises(RuleFileError) as caught:
        rules_from_files(FOLDER, changed)
    assert path in caught.value.path
    assert problem in str(caught.value)
    assert REGISTRATION in caught.value.file


def test_two_rules_for_one_day_are_refused() -> None:
    changed = files()
    text = changed[REGISTRATION].decode()
    changed[REGISTRATION] = (text + text[text.index("[[selection]]") :]).encode()
    with pytest.raises(RuleFileError, match="two rules hold on the same day"):
        rules_from_files(FOLDER, changed)


def test_a_clause_that_names_selections_asks_for_the_file() -> None:
    without = {name: data for name, data in files().items() if name != REGISTRATION}
    with pytest.raises(RuleFileError, match="no selection cites"):
        rules_from_files(FOLDER, without)
