"""Every combination meets exactly one rule, and what meets none or two is named."""

import re
from pathlib import Path

import pytest

from engine.errors import RuleFileError
from engine.rules.complete import BENEFITS, BY_PLACE, find_problems, proof
from engine.rules.load import CITIES, load_cities, load_city, problems_of

FOLDER = "421300_suizhou"


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """Return a copy of a city's folder, to be spoilt."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    for file in (CITIES / FOLDER).glob("*.toml"):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


def test_the_shipped_cities_are_whole() -> None:
    for rules in load_cities().values():
        assert list(find_problems(rules)) == []
        found = proof(rules)
        ways = 1
        for question in rules.questions:
            ways *= len(question.choices)
        assert found.readings == ways
        assert found.combinations >= ways * found.intervals * len(BY_PLACE) * len(BENEFITS)
        assert len(BY_PLACE) * len(BENEFITS) == 4 * 3 * 4 * 7


def test_kinds_and_ages_that_rules_tell_apart_are_counted() -> None:
    linjiang = load_city(Path(__file__).parents[1] / "cases/linjiang/rules/990100_linjiang")
    classes = 2 * 2 + len(BENEFITS) - 1  # communities and others, below 70 and above
    assert proof(linjiang).combinations == len(BY_PLACE) * classes


def test_all_that_is_wrong_is_named_and_the_loader_refuses_the_first(city: Path) -> None:
    spoil(city, "ordinary.toml", 'levels = ["3", "3p"]', 'levels = ["3"]')
    (city / "special.toml").unlink()
    problems = [str(problem) for problem in problems_of(city)]
    assert len(problems) == 5
    assert 'rate: no value for level "3p", status "active", place "local"' in problems[0]
    for text, level in zip(problems[1:], ("1", "2", "3", "3p"), strict=True):
        assert f'benefit "special" at level "{level}" meets no lines on 20221231' in text
    with pytest.raises(RuleFileError, match=re.escape(problems[0])):
        load_city(city)


def test_two_lines_for_one_benefit_are_named(city: Path) -> None:
    text = (city / "exclusions.toml").read_text("utf-8")
    lines = [f"[[line]]{line}" for line in text.split("[[line]]")[1:]]
    refusing = lines[0].replace('"SPANS_BOUNDARY"', '"NO_FIGURE"', 1)
    refusing = refusing.replace('["SPANS_BOUNDARY"]', '["CHRONIC"]\nfigure = "x"')
    half = refusing.replace('figure = "x"', 'figure = "x"\nlevels = ["1"]')
    head = text.partition("[[line]]")[0]
    (city / "exclusions.toml").write_text(head + refusing + half + "".join(lines), "utf-8")
    problems = [str(problem) for problem in problems_of(city)]
    assert 'benefit "chronic" at level "1" meets 2 lines' in problems[0]
    assert len(problems) == 1


def test_choices_that_exclude_each_other_are_refused(city: Path) -> None:
    spoil(city, "exclusions.toml", 'reading = "S4-A"', 'reading = "S4-A S4-B"')
    (only,) = problems_of(city)
    assert "are never chosen together" in str(only)


def test_a_figure_cannot_be_switched(city: Path) -> None:
    spoil(city, "figures.toml", 'reading = "S10"', 'reading = "S4-B"')
    (only,) = problems_of(city)
    assert "figure[0].reading: S4-B cannot switch such an entry" in str(only)


def test_levels_with_counters_of_their_own_have_texts_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "370300_zibo"
    folder.mkdir()
    for file in (CITIES / folder.name).glob("*.toml"):
        text = file.read_text()
        for level in ("一级及以下医疗机构年度起付标准50元", "二级医疗机构年度起付标准500元"):
            text = text.replace(f"{level}，各级别分别", "起付标准，各级别分别")
        (folder / file.name).write_text(text)
    (only,) = problems_of(folder)
    assert "is that of another level" in str(only)


def test_what_is_wrong_only_under_another_reading_says_so(city: Path) -> None:
    spoil(
        city,
        "ordinary.toml",
        'statuses = ["active"]\nplaces = ["other_city", "other_province"]',
        'statuses = ["active"]\nplaces = ["other_city"]',
    )
    problems = [str(problem) for problem in problems_of(city)]
    assert len(problems) == 1
    assert 'place "other_province"' in problems[0]
    assert "under S4-B" in problems[0]


def test_the_reading_of_the_last_day_takes_the_entries_with_it(city: Path) -> None:
    """A value that ends a day early leaves a gap under both readings."""
    spoil(city, "ordinary.toml", "last_day = 2024-12-30", "last_day = 2024-12-29")
    problems = [str(problem) for problem in problems_of(city)]
    assert problems
    assert all("gap" in problem and "to 20241230" in problem for problem in problems[:1])


def test_one_wrong_entry_hides_the_rest(city: Path) -> None:
    spoil(city, "ordinary.toml", "counter = ", "countre = ")
    (only,) = problems_of(city)
    assert "deductible[0].counter: missing" in str(only)


def test_a_choice_that_nothing_names_is_refused(city: Path) -> None:
    choices = '[{ id = "S9-A", text = "甲" }, { id = "S9-B", text = "乙" }]'
    question = f"""
[[reading]]
question = "S9"
default = "S9-A"
choices = {choices}
first_day = 2022-12-31
last_day = 2024-12-30
document = "suizhou-2022-26"
clause = "第十九条"
text = "问"
"""
    with (city / "readings.toml").open("a") as file:
        file.write(question)
    (only,) = problems_of(city)
    assert "S9-B changes nothing" in str(only)


def test_a_reading_that_is_no_choice_is_refused(city: Path) -> None:
    spoil(city, "exclusions.toml", 'reading = "S4-A"', 'reading = "S4-D"')
    (only,) = problems_of(city)
    assert "S4-D is no choice" in str(only)
