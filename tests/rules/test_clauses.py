"""The clause register: what the loader refuses, and which values belong to which clause."""

from collections.abc import Mapping

import pytest

from engine.errors import RuleFileError
from engine.rules.clauses import CATEGORIES, CitedValue, cited_values
from engine.rules.load import CITIES, rules_from_files
from engine.rules.model import TABLES, CityRules

FOLDER = "370300_zibo"
FIRST = 'id = "第一条"\ndocuments = ["zibo-2022-12"]\ncategories = ["administrative"]\n'
SIX = 'cites = ["第六条第一款"]\n'
DEDUCTIBLE = f'{SIX}values = ["deductible"]'

BAD = [
    # file, what is changed, into what, key path, message
    ("clauses.toml", "format = 1", "format = 2", "format", "found 2"),
    ("clauses.toml", "asks =", "ask =", "clause[0].asks", "missing"),
    ("clauses.toml", FIRST, FIRST + "xyzzy = 1\n", "clause[0].xyzzy", "unknown key; remove it"),
    ("clauses.toml", FIRST, FIRST + "cite = []\n", "clause[0].cite", 'did you mean "cites"?'),
    ("clauses.toml", '"administrative"', '"admin"', "clause[0].categories[0]", "found 'admin'"),
    ("clauses.toml", '"第二条"', '"第一条"', "clause[1].id", 'two clauses have the id "第一条"'),
    (
        "clauses.toml",
        '"zibo-2022-12"',
        '"zibo-2022-13"',
        "clause[0].documents",
        'no document has the key "zibo-2022-13"; city.toml has zibo-2022-12',
    ),
    ("clauses.toml", "[[clause]]", "[[clauses]]", "clauses", 'did you mean "clause"?'),
    ("clauses.toml", '\nneeds = "operator"', '\nneeds = "city"', "clause[5].needs", "found 'city'"),
    ("clauses.toml", FIRST, FIRST + "first_day = 2022-12-31\n", "clause[0].first_day", "outside"),
    ("clauses.toml", FIRST, FIRST + 'first_day = "effective"\n', "clause[0].first_day", "a date"),
    (
        "clauses.toml",
        FIRST,
        FIRST + "first_day = 2024-01-01\nlast_day = 2023-12-31\n",
        "clause[0]",
        "last_day 20231231 is before first_day 20240101",
    ),
    ("clauses.toml", FIRST, FIRST + 'values = ["rate"]\n', "clause[0]", "stand together"),
    ("clauses.toml", FIRST, FIRST + 'cites = ["第一条"]\n', "clause[0]", "stand together"),
    (
        "clauses.toml",
        '"deductible"',
        '"deductibles"',
        "clause[10].values[0]",
        "should match pattern",
    ),
    ("clauses.toml", '"line.ARREARS"', '"line.arrears"', "clause[22].values[1]", "pattern"),
    # rows that name what is not there
    (
        "clauses.toml",
        DEDUCTIBLE,
        f'{SIX}values = ["deductible", "pooled_cap"]',
        "clause[10].values[1]",
        "no pooled_cap cites 第六条第一款",
    ),
    (
        "clauses.toml",
        DEDUCTIBLE,
        'cites = ["第六条第一款", "第六条第三款"]\nvalues = ["deductible"]',
        "clause[10].cites[1]",
        "no value of deductible cites 第六条第三款; remove it",
    ),
    # values that no row takes
    (
        "clauses.toml",
        f"\n{DEDUCTIBLE}",
        "",
        "deductible[0]",
        "no row of clauses.toml takes 第六条第一款 of zibo-2022-12 as deductible from 20230101",
    ),
    ("clauses.toml", '"figure.old_unit_credit"', '"figure.x"', "figure[1]", "figure.old_unit"),
    ("clauses.toml", ', "line.ARREARS"', "", "line[5]", "as line.ARREARS from 20230101 to"),
    ("clauses.toml", 'places = ["filed"]', 'places = ["local"]', "first_pay[1]", "as first_pay"),
    (
        "clauses.toml",
        'cites = ["第二十条"]\nvalues = ["document"]',
        "",
        "document[0]",
        "as document from 20230101 to 20271231",
    ),
    ("clauses.toml", "last_day = 2023-12-31", "last_day = 2023-06-30", "figure[1]", "no row"),
    ("ordinary.toml", '"第六条第一款"', '"第六条"', "deductible[0]", "takes 第六条 of"),
    ("exclusions.toml", 'clause = "第十三条"', 'clause = "第十四条"', "line[4]", "takes 第十四条"),
]
FILE_OF = {"deductible": "ordinary", "first_pay": "ordinary", "line": "exclusions"}
FILE_OF |= {"figure": "figures", "document": "city"}


@pytest.mark.parametrize(("name", "old", "new", "path", "message"), BAD)
def test_the_loader_refuses(name: str, old: str, new: str, path: str, message: str) -> None:
    files = {file.name: file.read_bytes() for file in (CITIES / FOLDER).glob("*.toml")}
    text = files[name].decode()
    assert old in text
    files[name] = text.replace(old, new, 1).encode()
    with pytest.raises(RuleFileError) as caught:
        rules_from_files(FOLDER, files)
    assert caught.value.path == path
    assert message in caught.value.problem
    at = FILE_OF.get(path.partition("[")[0], "clauses")
    assert caught.value.file == f"{FOLDER}/{at}.toml"


def test_every_city_has_a_register(cities: Mapping[str, CityRules]) -> None:
    counts = {rules.pinyin: len(rules.clauses) for rules in cities.values()}
    written = {"jinan": 50, "zibo": 43, "changchun": 47, "suizhou": 48, "heyuan": 54}
    assert counts == counts | written
    assert all(counts.values())
    used = {
        category
        for rules in cities.values()
        for row in rules.clauses
        for category in row.categories
    }
    assert used == set(CATEGORIES)


def test_the_tables_are_those_of_the_rules(cities: Mapping[str, CityRules]) -> None:
    for rules in cities.values():
        in_tables = [value for table in TABLES for value in getattr(rules, table)]
        assert sorted(map(id, in_tables)) == sorted(map(id, rules.values()))


def of(rules: CityRules, clause: str) -> list[CitedValue]:
    (row,) = [row for row in rules.clauses if row.id == clause]
    return [value for value in cited_values(rules) if value.belongs_to(row)]


BELONGING = [
    # city, clause, paths of the values that apply it, those of alternative readings included
    ("370300", "第六条 1", [f"deductible[{n}]" for n in range(9)]),
    ("370300", "第六条 2", ["annual_cap[0]", "annual_cap[2]"]),
    ("370300", "第六条 3", ["rate[0]", "rate[1]", "rate[2]"]),
    ("370300", "第六条 4", ["rate_bonus[0]", "rate_bonus[1]", "annual_cap[1]", "annual_cap[3]"]),
    ("370300", "第六条 5", ["first_pay[1]"]),
    ("370300", "第六条 6", [*(f"first_pay[{n}]" for n in (2, 3, 4)), "rate_cut[0]"]),
    ("370300", "第八条(二)", ["line[7]", "line[8]"]),
    ("370300", "第十四条 1", ["line[9]"]),
    ("370300", "第十四条 2", []),
    ("370100", "(二) 3", ["rate_bonus[0]"]),
    ("370100", "(二) 4", [f"rate_bonus[{n}]" for n in range(1, 7)]),
    (
        "421300",
        "第八条 1",
        ["deductible[0]", *(f"rate[{n}]" for n in (*range(6), 17, 18, 19)), "annual_cap[0]"],
    ),
    ("441600", "第四条 5", ["annual_cap[0]", "figure[0]", "figure[1]"]),
    ("441600", "第二十一条", ["document[0]"]),
    ("220100", "三(五) 3", [f"deductible[{n}]" for n in range(4)]),
]


@pytest.mark.parametrize(("city", "clause", "paths"), BELONGING)
def test_values_belong_to_their_clause(
    cities: Mapping[str, CityRules], city: str, clause: str, paths: list[str]
) -> None:
    assert [value.path for value in of(cities[city], clause)] == paths
