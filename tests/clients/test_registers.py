"""Readers of register files."""

from pathlib import Path

import pytest

from clients.errors import FileError
from clients.registers import RegisterRow, read_register, register_column
from clients.rows import BadRow
from engine.domain.account import Relation
from engine.domain.codes import Benefit, DiseaseKind, FilingKind, Kind, Level, Mode, Offer, Status
from engine.domain.dates import EVERY_DAY, OPEN_END, Interval
from engine.domain.register import (
    ALL_OFFERS,
    ALWAYS,
    AccountOpening,
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Institution,
    Member,
    Opening,
    Selection,
    Stay,
)


def read(folder: Path, register: str, text: str, name: str = "r.csv") -> list[RegisterRow | BadRow]:
    path = folder / name
    path.write_text(text, "utf-8")
    return list(read_register(path, register))


def item(rows: list[RegisterRow | BadRow]) -> object:
    (row,) = rows
    assert isinstance(row, RegisterRow), row
    (only,) = row.items
    return only


MEMBER = Member(
    id="M1",
    city="370100",
    status=Status.RETIRED,
    retired_on=1998_03_31,
    born_on=1940_02_29,
    mode=Mode.POOLED_ONLY,
    arrears=(Interval(2024_01_01, 2024_03_31), Interval(2025_01_01)),
    filings=(Filing(FilingKind.LONG_TERM, "110000", Interval(2024_01_01)),),
    selections=(Selection("H1", Interval(2024_01_01, 2024_12_31)),),
    diseases=(Disease("DM", DiseaseKind.CHRONIC, Interval(2024_01_01)),),
    stays=(Stay("H2", 2024_05_01, 2024_05_09),),
)


def test_a_member_from_csv(tmp_path: Path) -> None:
    text = (
        "id,city,status,retired_on,born_on,mode,arrears,filings,selections,diseases,stays\n"
        "M1,370100,retired,1998-03-31,1940-02-29,pooled_only,"
        "2024-01-01/2024-03-31; 2025-01-01/,long_term 110000 2024-01-01/,"
        "H1 2024-01-01/2024-12-31,chronic DM 2024-01-01/,H2 2024-05-01/2024-05-09\n"
    )
    assert item(read(tmp_path, "members", text)) == MEMBER


def test_the_same_member_from_json_lines(tmp_path: Path) -> None:
    text = (
        '{"id": "M1", "city": "370100", "status": "retired", "retired_on": "1998-03-31",'
        ' "born_on": "1940-02-29", "mode": "pooled_only",'
        ' "arrears": [{"from": "2024-01-01", "to": "2024-03-31"}, {"from": "2025-01-01"}],'
        ' "filings": [{"kind": "long_term", "area": "110000", "from": "2024-01-01"}],'
        ' "selections": [{"institution": "H1", "from": "2024-01-01", "to": "2024-12-31"}],'
        ' "diseases": [{"kind": "chronic", "code": "DM", "from": "2024-01-01"}],'
        ' "stays": [{"institution": "H2", "admitted": "2024-05-01",'
        ' "discharged": "2024-05-09"}]}\n'
    )
    assert item(read(tmp_path, "members", text, "r.jsonl")) == MEMBER


ACCOUNT = Member(
    id="M1",
    city="370100",
    family=(
        FamilyLink("R1", Relation.CHILD, "C-17", Interval(2025_01_01)),
        FamilyLink("R2", Relation.SPOUSE, "C-18", Interval(2025_01_01, 2025_06_30)),
    ),
    contributions=(
        Contribution(500_000, 10_000, Interval(2024_01_01, 2024_12_31)),
        Contribution(540_005, 0, Interval(2025_01_01)),
    ),
    still_paying=(Interval(2025_01_01, 2025_06_30),),
    months_combined=180,
    months_pooled_only=96,
)


def test_what_accounts_need_of_a_member(tmp_path: Path) -> None:
    text = (
        "id,city,family,contributions,still_paying_since_retirement_age,months_combined,"
        "months_pooled_only\n"
        "M1,370100,child R1 C-17 2025-01-01/; spouse R2 C-18 2025-01-01/2025-06-30,"
        "5000.00 100.00 2024-01-01/2024-12-31; 5400.05 0.00 2025-01-01/,"
        "2025-01-01/2025-06-30,180,96\n"
    )
    assert item(read(tmp_path, "members", text)) == ACCOUNT
    text = (
        '{"id": "M1", "city": "370100", "family": ['
        '{"relation": "child", "relative": "R1", "consent": "C-17", "from": "2025-01-01"},'
        '{"relation": "spouse", "relative": "R2", "consent": "C-18", "from": "2025-01-01",'
        ' "to": "2025-06-30"}], "contributions": ['
        '{"base": "5000.00", "own": "100.00", "from": "2024-01-01", "to": "2024-12-31"},'
        '{"base": "5400.05", "from": "2025-01-01"}],'
        ' "still_paying_since_retirement_age": [{"from": "2025-01-01", "to": "2025-06-30"}],'
        ' "months_combined": 180, "months_pooled_only": 96}\n'
    )
    assert item(read(tmp_path, "members", text, "r.jsonl")) == ACCOUNT


@pytest.mark.parametrize(
    ("base", "own", "contributions"),
    [
        ("5000.00", "100.00", (Contribution(500_000, 10_000, EVERY_DAY),)),
        ("", "160.00", (Contribution(0, 16_000, EVERY_DAY),)),
        ("0.00", "", ()),
        ("", "", ()),
    ],
)
def test_a_contribution_without_days_always_holds(
    tmp_path: Path, base: str, own: str, contributions: tuple[Contribution, ...]
) -> None:
    heading = "id,city,contribution_base,own_contribution,still_paying_since_retirement_age\n"
    text = f"{heading}M1,370100,{base},{own},true\nM2,370100,,,false\n"
    first, second = read(tmp_path, "members", text)
    assert isinstance(first, RegisterRow)
    assert isinstance(second, RegisterRow)
    (member,) = first.items
    assert member == Member("M1", "370100", contributions=contributions, still_paying=(EVERY_DAY,))
    assert second.items == (Member("M2", "370100"),)


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("family", "child R1 2025-01-01/", "RELATION RELATIVE CONSENT FROM/TO"),
        ("family", "cousin R1 C-17 2025-01-01/", "relation: expected one of"),
        ("contributions", "5000.00 2025-01-01/", "BASE OWN FROM/TO"),
        ("contributions", "-5000.00 0.00 2025-01-01/", "base: is negative"),
        ("contributions", "5000 0.00 2025-01-01/", "base: expected yuan"),
        ("contribution_base", "-1.00", "is negative"),
        ("own_contribution", "1", "expected yuan"),
        ("months_combined", "1201", "0 to 1200"),
        ("months_pooled_only", "-1", "0 to 1200"),
        ("still_paying_since_retirement_age", "yes", "FROM/TO"),
    ],
)
def test_a_bad_field_for_accounts_is_named(
    tmp_path: Path, column: str, value: str, problem: str
) -> None:
    (bad,) = read(tmp_path, "members", f"id,city,{column}\nM1,370100,{value}\n")
    assert isinstance(bad, BadRow)
    assert bad.column == column
    assert problem in bad.problem


def test_a_consent_is_never_left_out_of_a_file(tmp_path: Path) -> None:
    text = (
        '{"id": "M1", "city": "370100", "family": '
        '[{"relation": "child", "relative": "R1", "from": "2025-01-01"}]}\n'
    )
    (bad,) = read(tmp_path, "members", text, "r.jsonl")
    assert isinstance(bad, BadRow)
    assert (bad.column, bad.problem) == ("family", "consent: is missing; an id is expected")


def test_contributions_with_days_and_without_exclude_each_other(tmp_path: Path) -> None:
    text = "id,city,own_contribution,contributions\nM1,370100,1.00,5000.00 0.00 2025-01-01/\n"
    (bad,) = read(tmp_path, "members", text)
    assert isinstance(bad, BadRow)
    assert bad.column == "contributions"
    assert "beside own_contribution" in bad.problem


def test_an_institution(tmp_path: Path) -> None:
    text = (
        "id,area,level,kind,host,designated,networked,offers\n"
        "H1,370100,3p,internet_hospital,H2,2024-01-01/2024-06-30;2025-01-01/,false,"
        "ordinary special\n"
    )
    assert item(read(tmp_path, "institutions", text)) == Institution(
        id="H1",
        area="370100",
        level=Level.LEVEL_3_PROVINCIAL,
        kind=Kind.INTERNET_HOSPITAL,
        host="H2",
        designated=(Interval(2024_01_01, 2024_06_30), Interval(2025_01_01, OPEN_END)),
        networked=(),
        offers=frozenset({Offer.ORDINARY, Offer.SPECIAL}),
    )


def test_an_institution_has_the_defaults_of_the_format(tmp_path: Path) -> None:
    found = item(read(tmp_path, "institutions", "id,area\nH1,370100\n"))
    assert found == Institution("H1", "370100")
    assert isinstance(found, Institution)
    assert (found.designated, found.offers) == (ALWAYS, ALL_OFFERS)


def test_openings(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "openings",
        "member,year,deductible,ordinary_paid,visit_paid,account_balance\n"
        "M1,2024,120.00,10.00,V1=3.00;V2=4.05,500.00\n"
        "M2,2024,met,,,\n"
        "M3,,,,,7.00\n"
        "M4,,,,,\n"
        "M5,,1.00,,,\n"
        "M6,2024,-1.00,,,\n",
    )
    assert [row.items for row in rows if isinstance(row, RegisterRow)] == [
        (
            Opening("M1", 2024, 12_000, False, 1_000, (("V1", 300), ("V2", 405))),
            AccountOpening("M1", 50_000),
        ),
        (Opening("M2", 2024, deductible_met=True),),
        (AccountOpening("M3", 700),),
    ]
    assert [(r.line, r.column) for r in rows if isinstance(r, BadRow)] == [
        (5, "year"),
        (6, "year"),
        (7, "deductible"),
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("city", "37010"),
        ("status", "old"),
        ("born_on", "1899-01-01"),
        ("arrears", "2024-01-01"),
        ("arrears", "2024-03-01/2024-01-01"),
        ("filings", "110000 2024-01-01/"),
        ("filings", "holiday 110000 2024-01-01/"),
        ("filings", "long_term 11 2024-01-01/"),
        ("stays", "2024-01-01/"),
    ],
)
def test_a_bad_field_of_a_member_is_named(tmp_path: Path, column: str, value: str) -> None:
    fields = {"id": "M1", "city": "370100", column: value}
    text = ",".join(fields) + "\n" + ",".join(fields.values()) + "\nM2,370100,\n"
    text = text if column != "city" else text.replace("M2,370100,", "M2,370100")
    bad, good = read(tmp_path, "members", text)
    assert isinstance(bad, BadRow)
    assert isinstance(good, RegisterRow)
    assert bad.column == column


def test_counters_of_every_benefit(tmp_path: Path) -> None:
    expected = Opening(
        "M1",
        2024,
        chronic_paid_fen=100,
        special_deductible_fen=200,
        disease_paid_fen=(("E11", 300), ("I10", 400)),
        cost_fen=500,
        month_paid_fen=(("2024-03", 600),),
        day_paid_fen=(("2024-03-05", 700),),
        benefit_deductible_fen=((Benefit.CHRONIC, 800), (Benefit.DUAL_CHANNEL, 900)),
        benefit_paid_fen=((Benefit.SPECIAL, 1000),),
    )
    text = (
        "member,year,chronic_paid,special_deductible,disease_paid,cost,month_paid,day_paid,"
        "benefit_deductible,benefit_paid\n"
        "M1,2024,1.00,2.00,E11=3.00; I10=4.00,5.00,2024-03=6.00,2024-03-05=7.00,"
        "chronic=8.00;dual_channel=9.00,special=10.00\n"
    )
    assert item(read(tmp_path, "openings", text)) == expected
    text = (
        '{"member": "M1", "year": 2024, "chronic_paid": "1.00", "special_deductible": "2.00",'
        ' "disease_paid": {"E11": "3.00", "I10": "4.00"}, "cost": "5.00",'
        ' "month_paid": {"2024-03": "6.00"}, "day_paid": {"2024-03-05": "7.00"},'
        ' "benefit_deductible": {"chronic": "8.00", "dual_channel": "9.00"},'
        ' "benefit_paid": {"special": "10.00"}}\n'
    )
    assert item(read(tmp_path, "openings", text, "r.jsonl")) == expected


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("special_deductible", "-1.00"),
        ("cost", "five"),
        ("disease_paid", "E11"),
        ("month_paid", "2024-03=-1.00"),
        ("day_paid", "=1.00"),
        ("benefit_deductible", "cronic=1.00"),
        ("benefit_paid", "special=-1.00"),
    ],
)
def test_a_bad_counter_is_named(tmp_path: Path, column: str, value: str) -> None:
    (bad,) = read(tmp_path, "openings", f"member,year,{column}\nM1,2024,{value}\n")
    assert isinstance(bad, BadRow)
    assert bad.column == column


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("special_deductible_fen", "special_deductible"),
        ("openings[3].year.months[0].span", "month_paid"),
        ("day_paid_fen[1].span", "day_paid"),
        ("disease_paid_fen[0].code", "disease_paid"),
        ("still_paying[0].from", "still_paying_since_retirement_age"),
        ("family[2].relative_id", "family"),
        ("contributions[0].base_fen", "contributions"),
    ],
)
def test_what_the_engine_says_of_a_counter_names_its_column(path: str, column: str) -> None:
    assert register_column(path) == column


def test_an_unknown_register_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="expected members"):
        read(tmp_path, "people", "")
