"""The table of clauses, rule values and cases: measured, complete, and the committed one."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from clients.cli.cases.coverage import (
    CityCoverage,
    Named,
    cites,
    cover,
    read_named,
    summarise,
    unproved,
    unreasoned,
)
from clients.cli.cases.coverage_text import to_markdown
from clients.cli.cases.format import read_files, with_own_rules
from clients.cli.cases.measure import Measured, measure
from clients.cli.cases.values import CaseError
from clients.cli.main import gongji
from engine.domain.codes import Benefit
from engine.errors import RuleFileError
from engine.rules.clauses import cited_values
from engine.rules.load import load_cities
from engine.rules.model import BENEFIT_FILES, Value
from engine.rules.readings import alternatives

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*/*.toml"))
CASES = {case.id: case for case in read_files(FILES)}
RULES = load_cities()
NAMED = HERE / "coverage.toml"


@cache
def measured() -> Measured:
    """Measure all cases, once."""
    return measure(list(CASES.values()), with_own_rules(CASES.values(), RULES))


def table(named: Named) -> tuple[CityCoverage, ...]:
    return cover(list(CASES.values()), RULES, measured(), named, "coverage.toml")


def decided(area: str, path: str) -> Mapping[str, str]:
    own = tuple(BENEFIT_FILES[benefit] for benefit in Benefit if benefit != Benefit.ORDINARY)
    values = [value for value in cited_values(RULES[area]) if value.file not in own]
    (value,) = [value for value in values if value.path == path]
    return measured().cases(area, value)


def test_the_committed_table_is_current() -> None:
    fresh, committed = to_markdown(table(read_named(NAMED))), HERE / "COVERAGE.md"
    assert committed.read_text("utf-8") == fresh, "run `make coverage-table`, commit the result"
    last = fresh.splitlines()[-1]
    assert last == "clauses in categories settlement and accumulators without a case: none"


def test_cases_of_a_city_from_outside_the_package_belong_to_its_clauses() -> None:
    rules = with_own_rules(CASES.values(), {})
    assert [one.pinyin for one in rules.values()] == ["linjiang"]
    (city,) = cover(list(CASES.values()), rules, measured(), Named(), "")
    assert city.adrift == ()
    assert unproved([city]) == []


def test_every_case_belongs_to_a_clause() -> None:
    assert [case for city in table(read_named(NAMED)) for case in city.adrift] == []


def test_a_clause_without_a_case_says_why() -> None:
    """Of the categories that decide claims; account and clearing are not settled yet."""
    assert unreasoned(table(read_named(NAMED))) == []
    assert "济南市 通知-上级" in unreasoned(table(Named()))


def test_a_reason_why_there_is_no_case_stands_only_where_there_is_none() -> None:
    named = read_named(NAMED)
    zibo = {**named.why["zibo"], "第七条": "because"}
    with pytest.raises(RuleFileError, match=r"why\.zibo\.第七条: the clause has cases: EZ01"):
        table(named._replace(why={**named.why, "zibo": zibo}))


def test_every_printed_value_decides_a_case() -> None:
    """Those that hold under the default readings; of alternatives it is asked by choice."""
    assert [(c.rules.area, v.path) for c in table(Named()) for v in c.undecided()] == []


def test_every_choice_of_a_reading_decides_a_case() -> None:
    cities = table(Named())
    assert [one.choice.id for city in cities for one in city.unchosen()] == []
    chosen = [(c.rules.area, one.choice.id) for c in cities for one in c.choices if one.cases]
    expected = [
        (area, choice) for area, rules in RULES.items() for _, choice in alternatives(rules)
    ]
    assert sorted(chosen) == sorted(expected)


@pytest.mark.parametrize(
    ("area", "choice", "cases"),
    [
        ("370300", "Z8-B", {"RZ12"}),  # takes an entry away
        ("421300", "S1-B", {"RS01"}),  # only a day is added
        ("220100", "C1-B", {"RC01"}),
        ("370300", "G2-B", {"RZ06", "RZ07"}),
    ],
)
def test_choices_are_measured(area: str, choice: str, cases: set[str]) -> None:
    assert set(measured().choices[area, choice]) == cases


def test_a_choice_without_an_effect_does_not_count() -> None:
    case = CASES["RZ10"]
    reading = {**case.supply["reading"], "G2": "G2-B"}
    found = measure([replace(case, supply={**case.supply, "reading": reading})], RULES).choices
    assert found == {("370300", "Z3-B"): ("RZ10",), ("370300", "G2-B"): ()}


def test_a_choice_that_no_case_makes_is_named() -> None:
    cases = [case for case in CASES.values() if case.id != "RZ12"]
    left = replace(measured(), choices={**measured().choices, ("370300", "Z8-B"): ()})
    text = to_markdown(cover(cases, RULES, left, Named(), "coverage.toml"))
    assert "* 淄博市, choices of a reading that decide no case: Z8-B\n" in text


def test_values_of_other_readings_decide_nothing() -> None:
    """Deductibles of each reading have the same amounts, clauses and places."""
    own = {path: decided("370300", path) for path in ("deductible[1]", "deductible[4]")}
    assert "KZ03" in own["deductible[1]"]
    assert not {case for case in own["deductible[1]"] if case in ("RZ04", "RZ06")}
    assert set(own["deductible[4]"]) == {"RZ04"}
    text = (HERE / "COVERAGE.md").read_text("utf-8")
    assert "| ordinary:deductible[4] 500.00 under G2-A2 | level 2 |" in text
    assert "exclusions:line NOT_SELECTED 2023-01-01 – 2027-12-31 under Z4-B" in text


@pytest.mark.parametrize(
    ("area", "path", "case", "how"),
    [
        ("370300", "first_pay[2]", "KZ12", ""),
        ("370300", "first_pay[1]", "QZ01", ""),
        ("370300", "annual_cap[0]", "KZ07", ""),
        ("370300", "line[6]", "KZ15", "excluded: INPATIENT_STAY"),
        ("370300", "figure[4]", "EZ02", "refused: NO_FIGURE"),
        ("370100", "rate_cut[0]", "KJ13", ""),
        ("370100", "second_payment[0]", "KJ17", ""),
        ("370100", "figure[2]", "EJ05", ""),
        ("370100", "figure[0]", "EJ06", "refused: NO_FIGURE"),
        ("421300", "pooled_cap[0]", "KS19", ""),
        ("421300", "account_limit[0]", "GS09", ""),
        ("421300", "rounding[0]", "QS01", ""),
        ("441600", "figure[1]", "KH08", ""),
        ("441600", "visit_cap[1]", "EH07", ""),
    ],
)
def test_what_decided_is_measured(area: str, path: str, case: str, how: str) -> None:
    assert decided(area, path)[case] == how


@pytest.mark.parametrize(
    ("area", "path", "case"),
    [
        ("370300", "annual_cap[0]", "KZ05"),  # far from the cap
        ("370300", "rate[0]", "KZ01"),  # nothing left above the deductible
        ("370300", "deductible[1]", "KZ07"),  # borne before
        ("370300", "rate_bonus[0]", "KZ03"),  # not retired
        ("370300", "annual_cap[1]", "KZ07"),  # another year
        ("421300", "rate[0]", "KS11"),  # excluded as a whole
    ],
)
def test_what_had_no_effect_does_not_count(area: str, path: str, case: str) -> None:
    assert case not in decided(area, path)


def test_a_fee_counts_only_where_its_class_would_keep_it_out() -> None:
    assert set(decided("441600", "general_fee[0]")) == {"KH24"}


def test_papers_are_shown_by_the_claim_that_brings_them_and_by_the_one_that_does_not() -> None:
    found = decided("220100", "paper_claim[0]")
    assert found["BC02"] == found["GC14"] == "refused: INVALID_CLAIM"
    brought = replace(CASES["GC14"], events=CASES["GC14"].events[1:])
    assert measure([brought], RULES).decided["220100", "ordinary.toml", "paper_claim[0]"] == {
        "GC14": ""
    }


def test_each_bracket_of_the_cost_is_shown_by_what_reaches_it() -> None:
    rules = with_own_rules(CASES.values(), RULES)["990100"]
    rates = [value for value in cited_values(rules) if value.kind == "rate"]

    def reached(case: str) -> set[int]:
        shown = (value.entry for value in rates if case in measured().cases(rules.area, value))
        return {entry.above for entry in shown if isinstance(entry, Value)}

    assert reached("LJ20") == {0, 20_000_00}
    assert reached("LJ21") == {20_000_00}


def test_a_case_that_fails_proves_nothing() -> None:
    case = CASES["KZ01"]
    event = replace(case.events[0], expect={**case.events[0].expect, "pooled_fund": 1})
    with pytest.raises(CaseError, match=r"does not come out as expected.*run gongji cases"):
        measure([replace(case, events=(event,))], RULES)


def test_a_clause_without_a_case_is_named() -> None:
    bare = table(Named())
    gaps = unproved(bare)
    assert "淄博市 第七条" in gaps
    assert len(gaps) == len(set(gaps))
    text = to_markdown(bare)
    assert text.splitlines()[-1].endswith(", ".join(gaps))
    assert "cases that belong to no clause: " in text
    assert {"D01"} <= {case for city in bare for case in city.adrift}
    (supervision,) = [item for item in summarise(bare) if item.category == "supervision"]
    assert supervision.shown == 0
    assert supervision.clauses == sum(map(len, supervision.without.values()))


@pytest.mark.parametrize(
    ("case", "clause", "yes"),
    [
        ("KZ12", "第六条 6", True),  # 第六条2款
        ("KH12", "第四条 6", True),  # 第四条5款
        ("D04", "第十三条(三)", True),
        ("D04", "第十三条 末", False),
        ("EJ03", "(十) 3", True),
        ("EJ03", "(十一)", False),
        ("KC01", "三(三) 4", True),
        ("KC01", "三(二) 4", False),
        ("EJ04", "通知-施行", True),
        ("KS09", "第十一条 1", True),
        ("KS09", "第十条 1", False),
        ("KH16", "第十三条(一) c", True),
        ("KH16", "第十三条(二)", False),
    ],
)
def test_cited_clauses_are_matched_as_they_are_written(case: str, clause: str, yes: bool) -> None:
    assert cites(CASES[case], clause) is yes


@pytest.mark.parametrize(
    ("named", "path", "problem"),
    [
        (Named({"atlantis": {}}), "city.atlantis", "expected one of changchun"),
        (Named({"zibo": {"第九十条": []}}), "city.zibo.第九十条", "no clause of this id"),
        (Named({"zibo": {"第七条": ["KZ99"]}}), "city.zibo.第七条", 'no case "KZ99"'),
        (Named({"zibo": {"第七条": ["KJ01"]}}), "city.zibo.第七条", 'no case "KJ01"'),
        (
            Named({"zibo": {"第七条": ["KZ01"]}}),
            "city.zibo.第七条",
            "KZ01 cites 第六条 and not this",
        ),
        (Named(why={"atlantis": {}}), "why.atlantis", "expected one of changchun"),
        (Named(why={"jinan": {"(九十九)": "x"}}), "why.jinan.(九十九)", "no clause of this id"),
    ],
)
def test_a_wrong_coverage_file_is_refused(named: Named, path: str, problem: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        table(named)
    assert (caught.value.file, caught.value.path) == ("coverage.toml", path)
    assert problem in caught.value.problem


def test_a_malformed_coverage_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('format = 1\n[city.zibo]\n"第七条" = "EZ01"\n', "utf-8")
    with pytest.raises(RuleFileError, match=r"expected \[city\.NAME\]"):
        read_named(file)
    with pytest.raises(RuleFileError, match="cannot be read"):
        read_named(tmp_path / "none.toml")


def test_the_command_prints_the_table_and_says_what_is_missing() -> None:
    files = [str(file) for file in FILES]
    whole = CliRunner().invoke(
        gongji, ["policy", "coverage", *files, "--named", str(NAMED), "--markdown"]
    )
    assert (whole.exit_code, whole.output) == (0, (HERE / "COVERAGE.md").read_text("utf-8"))
    bare = CliRunner().invoke(gongji, ["policy", "coverage", *files])
    assert bare.exit_code == 1
    assert re.search("without a case: .*第七条", bare.output.replace("\n", " "))
    assert "KZ12" in bare.output
    wrong = CliRunner().invoke(gongji, ["policy", "coverage", str(NAMED)])
    assert wrong.exit_code == 2
    assert "coverage.toml" in wrong.output
