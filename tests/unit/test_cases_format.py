"""The case format: parsed strictly, with its defaults; every message names file, case and key."""

import tomllib
from pathlib import Path

import pytest

from clients.cli.cases.format import parse, read_files
from clients.cli.cases.values import CaseError
from tests.support.cases_text import EVENT, EXPECT, FILE, HEAD, INSTITUTION, one_case, problem_of


def test_defaults():
    case = one_case()
    assert case.city == "zibo"
    assert case.supply == {}
    assert case.member["id"] == "m"
    assert case.member["born_on"] == 1975_01_01
    (event,) = case.events
    assert (event.id, event.position, event.kind) == ("e1", 1, "settle")
    assert event.values["until"] == 2024_05_05
    assert event.values["total"] == 100_00
    assert event.values["pre_payment"] == 0


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ("fomat = 1", "fomat"),
        ("colour = 1", "colour"),
        ("[supply]\nwage = '1.00'", "supply.wage"),
        ("[[case]]\nid = 'A1'\nmembers = {}\nevent = []", "members"),
        ("[[case]]\nid = 'A1'\nevent = []\n[case.member]\nage = 3", "member.age"),
        ("[[case]]\nid = 'A1'\nevent = []\n[[case.institution]]\nid = 'Y'\nx = 1", "x"),
        ("[[case]]\nid = 'A1'\nevent = []\n[[case.opening]]\nyear = 2024\nx = '1.00'", "x"),
    ],
)
def test_unknown_keys_are_errors(wrong, where):
    text = f'city = "zibo"\n{wrong}\n'
    message = problem_of(("format = 1\n" if "fomat" not in wrong else "") + text)
    assert "unknown key" in message or "required" in message
    assert where in message


@pytest.mark.parametrize(
    ("line", "key", "found"),
    [
        ("in_scope = 100.0", "in_scope", "float"),
        ("in_scope = 100", "in_scope", "100"),
        ('in_scope = "100.0"', "in_scope", "100.0"),
        ('in_scope = "1,000.00"', "in_scope", "1,000.00"),
        ('in_scope = "\uff11.00"', "in_scope", "\uff11.00"),
        ('date = "2024-05-05"', "date", "2024-05-05"),
        ("date = 2024-05-05T10:00:00", "date", "10:00"),
        ("emergency = 1", "emergency", "1"),
        ('emergency = "true"', "emergency", "true"),
        ('benefit = "dental"', "benefit", "dental"),
        ('liability = "nobody"', "liability", "nobody"),
        ("visit = 3", "visit", "3"),
        ('id = ""', "id", '""'),
        ("surgeon = 1", "surgeon", "unknown key"),
        ('lines = [{ class = "C", amount = "1.00" }]', "lines[1].class", "C"),
        ('lines = [{ class = "B", amount = "1.00", first_pay = 0.1 }]', "first_pay", "float"),
        ('lines = [{ class = "A", amount = "1.00", quantity = 2 }]', "lines[1].quantity", "2"),
        ('lines = [{ class = "A", quantity = "0.00001" }]', "lines[1].quantity", "four decimals"),
        ('lines = [{ class = "A", unit_price = "0" }]', "lines[1].unit_price", "above 0"),
        ('lines = [{ class = "A", quantity = "2" }]', "lines[1].amount", "is missing"),
        ('papers = ["photo"]', "papers[1]", "photo"),
    ],
)
def test_wrong_values_name_file_case_and_key(line, key, found):
    event = '[[case.event]]\ndo = "settle"\nexpect = {}\n'
    name = line.split(" =")[0]
    base = {"date": "date = 2024-05-05", "institution": 'institution = "Y"'}
    lines = [text for other, text in base.items() if other != name]
    message = problem_of(HEAD + event + "\n".join([*lines, line]))
    assert message.startswith("some.toml: A1: event[1].")
    assert key in message
    assert found in message


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (EVENT, "event[1].expect"),
        (INSTITUTION + INSTITUTION + EVENT + EXPECT, "twice"),
        ("event = []", "at least one event"),
        (EVENT + "lines = []\nexpect = {}", "beside lines"),
        (EVENT + 'liable_amount = "1.00"\nexpect = {}', "needs liability"),
        (EVENT + "expect = { pooled_fund = 1.5 }", "expect.pooled_fund"),
        (EVENT + 'expect = { cuts = { weekly = "1.00" } }', "cuts.weekly"),
        (EVENT + 'expect = { reason = "WHY" }', "expect.reason"),
        (EVENT + 'expect = { after = { visit_paid = { V = "1.00" } } }', "no such visit"),
        ('[[case.event]]\ndo = "cancel"\nof = "z"\nexpect = {}', "no claim of this case"),
        ('[[case.event]]\ndo = "dance"\nexpect = {}', "event[1].do"),
        ('[[case.relative]]\nid = "m"\nrelation = "child"\n' + EVENT + EXPECT, "twice"),
        ("[[case.event]]\nexpect = {}", "event[1].do"),
        (
            '[[case.opening]]\nyear = 2024\ndeductible = "met"\n'
            + EVENT
            + 'expect = { after = { deductible = "0.00" } }',
            'opening is "met"',
        ),
    ],
)
def test_contradictions_are_errors(body, part):
    message = problem_of(HEAD + body)
    assert part in message
    assert "A1" in message


def test_the_file_itself():
    assert "format" in problem_of('city = "zibo"\ncase = []')
    assert "expected 1, found 2" in problem_of("format = 2\ncase = []")
    assert "format" in problem_of("format = true\ncase = []")
    assert "TOML" in problem_of("format = ")
    assert "city" in problem_of("format = 1\n[[case]]\nid = 'A1'\n" + EVENT + EXPECT)
    assert "needs an id" in problem_of("format = 1\n[[case]]\nclauses = []")


def test_ids_are_unique_over_files(tmp_path):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(HEAD + INSTITUTION + EVENT + EXPECT)
    with pytest.raises(CaseError, match=r"b\.toml: A1: .*a\.toml"):
        read_files([tmp_path / "a.toml", tmp_path / "b.toml"])


def test_every_case_file_parses():
    files = sorted(Path(__file__).parents[1].glob("cases/*/*.toml"))
    read = read_files(files)
    raw = [case for file in files for case in tomllib.loads(file.read_text())["case"]]
    assert [case.id for case in read] == [case["id"] for case in raw]
    assert [len(case.events) for case in read] == [len(case["event"]) for case in raw]


def test_supply_is_overridden_key_by_key():
    text = """
    format = 1
    city = "heyuan"
    [supply]
    average_wage = { 2023 = "1.00", 2024 = "2.00" }
    january_prepay_rate = "0.70"
    old_unit_credit = "9.00"
    [[case]]
    id = "A1"
    supply = { average_wage = { 2023 = "3.00" } }
    """
    (case,) = parse(text + EVENT + EXPECT, FILE)
    assert case.supply == {"average_wage": {"2023": "3.00"}, "january_prepay_rate": "0.70"}
