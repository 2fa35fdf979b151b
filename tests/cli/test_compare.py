"""One claim, and files of claims, under the rules of several cities."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clients.cli.compare import Bench, BothKernels, carry_area
from clients.cli.main import gongji
from engine.errors import InvariantBroken
from engine.kernel import FAST, REFERENCE, PlanTable

EXAMPLES = Path(__file__).parents[2] / "clients" / "examples"
CHANGCHUN, JINAN, ZIBO, SUIZHOU, HEYUAN = "220100", "370100", "370300", "421300", "441600"

FIGURES = """
format = 1

[[figure]]
city = "jinan"
name = "ordinary_deductible"
key = "2"
value = "400.00"
source = "made up"
first_day = 2024-01-01
last_day = 2024-12-31

[[figure]]
city = "changchun"
name = "effective_date"
value = "2024-01-01"
source = "made up"
first_day = 2024-01-01
last_day = 2024-12-31
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(gongji, ["policy", "compare", *map(str, arguments)])


def cities(*arguments: str | Path, code: int = 0) -> dict[str, dict[str, Any]]:
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    return {city["area"]: city for city in json.loads(result.stdout)["cities"]}


def differences(*arguments: str | Path) -> dict[str, dict[str, dict[str, Any]]]:
    found = json.loads(run(*arguments, "--json").stdout)["differences"]
    return {difference["part"]: difference["values"] for difference in found}


@pytest.fixture
def figures(tmp_path: Path) -> Path:
    file = tmp_path / "figures.toml"
    file.write_text(FIGURES, encoding="utf-8")
    return file


ONE = ("--date", "2024-06-01", "--level", "2", "--in-scope", "1000.00")
"""As the help has it."""


# --- one claim ---------------------------------------------------------------------------


def test_the_amounts_of_every_city(figures: Path) -> None:
    found = cities(*ONE, "--figures", figures)
    paid = {area: city.get("pooled_fund") for area, city in found.items()}
    assert paid == paid | {
        CHANGCHUN: "440.00",  # (1000 - 200) * 55 %
        JINAN: "420.00",  # (1000 - 400) * 70 %
        ZIBO: "300.00",  # (1000 - 500) * 60 %
        SUIZHOU: "350.00",  # (1000 - 500) * 70 %
        HEYUAN: None,
    }
    assert (found[ZIBO]["deductible"], found[ZIBO]["copay"]) == ("500.00", "200.00")
    assert found[ZIBO]["person"] == "700.00"


def test_a_city_that_refuses_says_why_and_what_it_lacks() -> None:
    found = cities(*ONE)
    told = {area: (city["reason"], city["supply"]) for area, city in found.items()}
    assert told == told | {
        CHANGCHUN: ("NO_RULE", "effective_date"),
        JINAN: ("NO_FIGURE", "ordinary_deductible.2"),
        ZIBO: ("", ""),
        SUIZHOU: ("", ""),
        HEYUAN: ("NO_RULE", ""),
    }
    assert "2025-08-01 to 2030-07-31" in found[HEYUAN]["message"]
    assert "普通门诊起付标准的数额未载明" in found[JINAN]["message"]


def test_the_clauses_that_make_the_difference(figures: Path) -> None:
    found = differences(*ONE, "--figures", figures)
    assert set(found) == {"deductible", "rate"}
    deductible, rate = found["deductible"], found["rate"]
    assert {area: value["value"] for area, value in deductible.items()} == {
        CHANGCHUN: "200.00 a year",
        JINAN: "400.00 a year",
        ZIBO: "500.00 a year",
        SUIZHOU: "500.00 a year",
    }
    (clause,) = deductible[ZIBO]["clauses"]
    assert (clause["number"], clause["clause"]) == ("淄政办发〔2022〕12号", "第六条第一款")
    assert deductible[JINAN]["figures"] == ["ordinary_deductible.2 = 400.00 (made up)"]
    assert rate[CHANGCHUN]["value"] == "55%"


def test_cities_without_a_deductible_and_with_a_cap(tmp_path: Path) -> None:
    wage = tmp_path / "wage.toml"
    wage.write_text(
        'format = 1\n[[figure]]\ncity = "heyuan"\nname = "annual_cap"\nvalue = "2000.00"\n'
        'source = "made up"\nfirst_day = 2025-01-01\nlast_day = 2025-12-31\n'
    )
    claim = ("--date", "2025-09-01", "--level", "1", "--in-scope", "300")
    asked = (*claim, "--figures", wage, "--city", "heyuan", "--city", "zibo")
    found = cities(*asked)
    assert list(found) == [HEYUAN, ZIBO]
    assert found[HEYUAN]["pooled_fund"] == "60.00"  # 300 * 70 % = 210, a visit at most 60
    assert found[HEYUAN]["cut_visit"] == "150.00"
    parts = differences(*asked)
    assert parts["deductible"][HEYUAN]["value"] == "none"
    assert parts["deductible"][HEYUAN]["clauses"][0]["clause"] == "第四条第二款"
    assert parts["cut_visit"][HEYUAN]["value"] == "60.00 a visit"
    assert parts["cut_visit"][ZIBO]["value"] == "none"
    not_selected = cities(*asked, "--not-selected")
    assert not_selected[HEYUAN]["reason"] == "NOT_SELECTED"
    assert not_selected[ZIBO]["pooled_fund"] == found[ZIBO]["pooled_fund"]


@pytest.mark.parametrize(
    ("options", "zibo", "suizhou"),
    [
        # Zibo: 10 % first elsewhere, (900 - 500) * 60 %; Suizhou pays only who is filed.
        (("--place", "other_city"), "240.00", "0.00"),
        (("--place", "other_province"), "240.00", "0.00"),
        (("--place", "filed"), "300.00", "350.00"),
        (("--status", "retired"), "325.00", "450.00"),
        (("--deductible-borne", "500.00"), "600.00", "700.00"),
        (("--deductible-borne", "500.00", "--ordinary-paid", "3900"), "100.00", "0.00"),
    ],
)
def test_who_and_where(options: tuple[str, ...], zibo: str, suizhou: str) -> None:
    found = cities(*ONE, *options, "--city", "zibo", "--city", "suizhou")
    assert {a: city["pooled_fund"] for a, city in found.items()} == {ZIBO: zibo, SUIZHOU: suizhou}


def test_a_deductible_at_each_institution_counts_what_was_borne(figures: Path) -> None:
    earlier = figures.with_name("earlier.toml")
    earlier.write_text(FIGURES.replace("2024-", "2023-"), encoding="utf-8")
    asked = ("--date", "2023-06-01", "--in-scope", "1000.00", "--deductible-borne", "300.00")
    found = cities(*asked, "--figures", earlier, "--city", "jinan")
    assert found[JINAN]["deductible"] == "100.00"


def test_what_is_refused_is_no_error_of_the_command(figures: Path) -> None:
    found = cities(*ONE, "--benefit", "day_surgery", "--figures", figures)
    assert found[CHANGCHUN]["outcome"] == "refused"
    assert found[ZIBO]["reason"] == "NO_FIGURE"
    assert found[ZIBO]["supply"] == "inpatient_deductible.2"
    assert found[HEYUAN]["reason"] == "NO_RULE"


def test_for_people_everything_stands_side_by_side(figures: Path) -> None:
    output = run(*ONE, "--figures", figures).output
    assert "What makes the difference" in output
    for said in ("440.00", "420.00", "300.00", "350.00", "NO_RULE", "第六条第一款"):
        assert said in output
    alike = run(*ONE, "--city", "zibo", "--city", "370300", "--city", "suizhou").output
    assert alike.splitlines()[0].split() == ["元", "yuan", "淄博市", "随州市"]
    assert "supply ordinary_deductible.2" in run(*ONE).output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--in-scope", "1.00"), "--date: is missing"),
        (("--date", "2024-06-01"), "--in-scope: is missing"),
        ((*ONE, "--in-scope", "1.5"), "--in-scope: expected yuan with two decimals"),
        ((*ONE, "--deductible-borne", "x"), "--deductible-borne: expected yuan"),
        ((*ONE, "--deductible-borne", "-1.00"), "expected 0 to"),
        ((*ONE, "--city", "paris"), 'no rules for "paris"'),
        ((*ONE, "--figures", "nowhere.toml"), "nowhere.toml: No such file"),
        ((*ONE, "--members", "m.csv"), "belong to --file"),
        (("--file", "c.csv", "--in-scope", "1.00"), "--in-scope: describes one claim"),
        (("--file", "c.csv"), "--file needs --members and --institutions"),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], problem: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert problem in result.output


def test_kernels_that_disagree_stop_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    settle = type(REFERENCE).settle

    def wrong(self: object, rows: Any, plans: Any, counters: Any, *rest: Any) -> None:
        settle(self, rows, plans, counters, *rest)  # type: ignore[arg-type]
        counters[0] += 1

    monkeypatch.setattr(type(REFERENCE), "settle", wrong)
    result = run(*ONE)
    assert result.exit_code == 3
    assert "the two kernels disagree" in result.output


def test_accounts_are_paid_by_both_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    settle = type(FAST).settle

    def wrong(self: object, *given: Any) -> None:
        settle(self, *given)  # type: ignore[arg-type]
        given[-1][0] -= 1

    monkeypatch.setattr(type(FAST), "settle", wrong)
    with pytest.raises(InvariantBroken, match="the two kernels disagree"):
        settle_nothing(BothKernels())


def settle_nothing(kernel: BothKernels) -> None:
    import numpy as np

    from engine.domain.layout import RESULT, ROW, aligned_counters

    rows, results, none = np.zeros(0, ROW), np.zeros(0, RESULT), np.zeros(0, np.int64)
    kernel.settle(rows, PlanTable(), aligned_counters(0), none, results, np.zeros(1, np.int64))


# --- carried to another city -------------------------------------------------------------


@pytest.mark.parametrize("city", [CHANGCHUN, JINAN, ZIBO, SUIZHOU, HEYUAN])
def test_two_cities_change_places_on_the_map(city: str) -> None:
    areas = [f"{province}{within}00" for province in ("22", "37", "42", "44", "11")
             for within in ("00", "01", "03", "13", "16")]  # fmt: skip
    carried = [carry_area(area, ZIBO, city) for area in areas]
    assert sorted(set(carried)) == sorted(areas)
    assert carry_area("370302", ZIBO, city) == f"{city[:4]}02"
    assert carry_area("370000", ZIBO, city) == f"{city[:2]}0000"
    for area, there in zip(areas, carried, strict=True):
        assert (area[:2] == ZIBO[:2]) == (there[:2] == city[:2])
        assert (area[:4] == ZIBO[:4]) == (there[:4] == city[:4])


# --- files -------------------------------------------------------------------------------

MEMBERS = """id,city,status,filings,selections
Z,370300,active,long_term 110000 2024-01-01/,
S,421300,retired,,SH 2024-01-01/
"""
INSTITUTIONS = """id,area,level,kind
ZH,370302,2,hospital
SH,421300,2,hospital
BJ,110101,2,hospital
JN,370100,2,hospital
"""
CLAIMS = """request_id,institution,member,date,in_scope
1,ZH,Z,2024-03-01,1000.00
2,ZH,Z,2024-03-02,1000.00
3,BJ,Z,2024-03-03,1000.00
4,JN,Z,2024-03-04,1000.00
5,SH,S,2024-03-05,1000.00
6,SH,Z,2024-03-06,1000.00
7,SH,nobody,2024-03-06,1000.00
"""


def write(folder: Path, claims: str = CLAIMS, openings: str = "") -> list[str | Path]:
    files = {"file": claims, "members": MEMBERS, "institutions": INSTITUTIONS}
    if openings:
        files["openings"] = openings
    arguments: list[str | Path] = []
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        arguments += [f"--{name}", path]
    return arguments


def test_a_file_under_every_city(tmp_path: Path, figures: Path) -> None:
    found = cities(
        *write(tmp_path), "--figures", figures, "--city", "zibo", "--city", "suizhou",
        "--city", "changchun", "--city", "heyuan",
    )  # fmt: skip
    zibo, suizhou, changchun = found[ZIBO], found[SUIZHOU], found[CHANGCHUN]
    # Zibo: Z 300 + 600, 600 filed in Beijing, 540 in Jinan and in Suizhou with 10 % first; S is
    # retired: (1000 - 500) * 65 %.
    assert zibo["sums"]["pooled_fund"] == "2905.00"
    # Suizhou: Z 350 + 700, and 250 filed up to the 1300 of a year; nothing in another city; S is
    # retired: (1000 - 400) * 75 %.
    assert suizhou["sums"]["pooled_fund"] == "1750.00"
    # Changchun: 440 + 550 + 550 filed, S (1000 - 200) * 57 %; the unfiled nothing.
    assert changchun["sums"]["pooled_fund"] == "1996.00"
    assert zibo["settled"] == suizhou["settled"] == changchun["settled"] == 6
    assert zibo["refused_by"] == {"MEMBER_UNKNOWN": 1}
    assert found[HEYUAN]["refused_by"] == {"MEMBER_UNKNOWN": 1, "NO_RULE": 6}
    assert found[HEYUAN]["settled"] == 0
    assert zibo["differ_from_first"] == 0
    assert suizhou["differ_from_first"] == found[HEYUAN]["differ_from_first"] == 6
    assert zibo["funds_share_bp"] == 4841  # 2905 of 6000


def test_openings_are_carried_too(tmp_path: Path) -> None:
    files = write(tmp_path, openings="member,year,deductible\nZ,2024,500.00\n")
    found = cities(*files, "--city", "zibo")
    assert found[ZIBO]["sums"]["pooled_fund"] == "3205.00"


def test_the_deductible_of_a_benefit_is_carried_where_a_city_counts_it(
    tmp_path: Path, figures: Path
) -> None:
    given = "member,year,special_deductible,benefit_deductible\nZ,2024,70.00,chronic=5.00\n"
    for openings in (given, given.replace("70.00,chronic=5.00", ",special=70.00;chronic=5.00")):
        found = cities(
            *write(tmp_path, openings=openings), "--figures", figures, "--city", "zibo",
            "--city", "changchun", "--city", "heyuan",
        )  # fmt: skip
        assert found[ZIBO]["sums"]["pooled_fund"] == "2905.00"


def test_a_relative_pays_in_every_city(tmp_path: Path, figures: Path) -> None:
    claims = "request_id,institution,member,date,in_scope,payer\n1,ZH,Z,2024-03-01,1000.00,S\n"
    files = write(tmp_path, claims + "2,ZH,Z,2024-03-01,1000.00,nobody\n")
    (tmp_path / "openings.csv").write_text("member,account_balance\nS,90.00\n")
    (tmp_path / "members.csv").write_text(
        "id,city,family\nZ,370300,\nS,370300,child Z C-1 2024-01-01/\n"
    )
    files += ["--openings", tmp_path / "openings.csv"]
    found = cities(*files, "--figures", figures, "--city", "zibo", "--city", "changchun")
    for city in (ZIBO, CHANGCHUN):
        assert found[city]["sums"]["family_account"] == "90.00"
        assert found[city]["refused_by"] == {}  # of nobody the account pays nothing


def test_lines_that_hold_no_claim_are_named(tmp_path: Path) -> None:
    more = CLAIMS + "1,ZH,Z,2024-03-09,1.00\n9,ZH,Z,2024-03-09,much\n"
    result = run(*write(tmp_path, more))
    assert result.exit_code == 1
    assert "line 9, request_id: stands twice" in result.output
    assert "line 10, in_scope: expected yuan" in result.output
    assert "7 claims, 2 lines not taken" in result.output
    assert json.loads(run(*write(tmp_path, more), "--json").stdout)["not_taken"][0]["line"] == 9


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("members.csv", "id,city\nZ,zibo\n", "members.csv: line 2, city: expected a six-digit"),
        ("institutions.csv", "id,area,kind\nI,370300,internet_hospital\n", "I.host: is missing"),
        ("openings.csv", "member,year,deductible\nX,2024,1.00\n", "X.member: is in no file"),
        ("file.csv", "member\nZ\n", "column institution is missing"),
    ],
)
def test_wrong_files(tmp_path: Path, name: str, text: str, problem: str) -> None:
    files = write(tmp_path, openings="member,year,deductible\nZ,2024,500.00\n")
    (tmp_path / name).write_text(text)
    result = run(*files)
    assert result.exit_code == 2
    assert problem in " ".join(result.output.split())


def test_the_files_of_the_examples_compare() -> None:
    names = {"file": "claims", "members": "members", "institutions": "institutions"}
    files: list[str | Path] = []
    for name, file in names.items():
        files += [f"--{name}", EXAMPLES / f"{file}.csv"]
    found = cities(*files, "--city", "zibo", code=1)
    assert found[ZIBO]["settled"] == 7


def test_a_long_file_leaves_the_memory_and_keeps_its_visits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Heyuan a visit has a cap, over all of its bills, however far they lie apart."""
    monkeypatch.setattr("clients.cli.compare.CHECKPOINT_USES", 1)
    monkeypatch.setattr("clients.cli.compare_file._BATCH", 1)
    rows = "".join(f"{n},SH,S,2025-09-0{n},100.00,V\n" for n in range(1, 5))
    cap = tmp_path / "cap.toml"
    cap.write_text(
        'format = 1\n[[figure]]\ncity = "heyuan"\nname = "annual_cap"\nvalue = "2000.00"\n'
        'source = "made up"\nfirst_day = 2025-01-01\nlast_day = 2025-12-31\n'
    )
    files = write(tmp_path, "request_id,institution,member,date,in_scope,visit\n" + rows)
    found = cities(*files, "--city", "heyuan", "--figures", cap)
    assert found[HEYUAN]["sums"]["pooled_fund"] == "120.00"


def test_the_same_city_twice_is_one() -> None:
    assert [city.area for city in Bench(["zibo", "370300"]).cities] == [ZIBO]
