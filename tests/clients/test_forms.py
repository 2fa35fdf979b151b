"""The same content in every form a file may have is read the same."""

import datetime
import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from clients.files import ClaimRow, read_claims
from clients.registers import RegisterRow, read_register
from clients.rows import BadRow
from engine.domain.codes import Benefit, Offer
from engine.domain.dates import EVERY_DAY
from engine.domain.register import ALL_OFFERS, ALWAYS, Contribution, Institution, Member
from tests.support.files import Texts, write_forms

FORMS = ("utf-8", "mark", "gb18030", "json", "parquet")

ids = st.text(
    st.characters(codec="gb18030", categories=("L", "N"), max_codepoint=0x2FFFF), min_size=1
).filter(lambda text: len(text.encode()) <= 64)
amounts = st.integers(-99_999, 10**9).map(
    lambda fen: f"{'-' * (fen < 0)}{abs(fen) // 100}.{abs(fen) % 100:02}"
)
days = st.dates(datetime.date(1990, 1, 1), datetime.date(2040, 1, 1)).map(str)
flags = st.sampled_from(("true", "false"))
claims = st.fixed_dictionaries(
    {"request_id": ids, "institution": ids, "member": ids, "date": days},
    optional={
        "until": days,
        "benefit": st.sampled_from([*(code.name.lower() for code in Benefit), "dental"]),
        "visit": ids,
        "in_scope": amounts,
        "pre_payment": amounts,
        "total": amounts,
        "liable_amount": amounts,
        "emergency": flags,
        "use_account": flags,
        "prescription": ids,
        "papers": st.sampled_from(["invoice", "invoice charge_list", "photo", "invoice photo"]),
    },
)


def outcome(row: ClaimRow | BadRow) -> object:
    return row.claim if isinstance(row, ClaimRow) else (row.column, row.record_id)


@settings(max_examples=150, deadline=None)
@given(st.lists(claims, min_size=1, max_size=8))
def test_a_claim_is_the_same_in_every_form(rows: list[Texts]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = write_forms(Path(folder), rows)
        read = {
            form: list(read_claims(file, "", "gb18030" if form == "gb18030" else "auto"))
            for form, file in files.items()
        }
    assert [row.line for row in read["utf-8"]] == list(range(2, len(rows) + 2))
    assert [row.line for row in read["parquet"]] == list(range(1, len(rows) + 1))
    wanted = [outcome(row) for row in read["utf-8"]]
    for form in FORMS:
        assert [outcome(row) for row in read[form]] == wanted, form


# --- registers ---------------------------------------------------------------------------

PERIOD = pa.struct([("from", pa.date32()), ("to", pa.date32())])


def keyed(**names: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct([*names.items(), *((part.name, part.type) for part in PERIOD)]))


def day(text: str) -> int:
    return pa.scalar(text).cast(pa.date32()).cast(pa.int32()).as_py()  # type: ignore[no-any-return]


REGISTERS: dict[str, tuple[str, dict[str, pa.DataType], list[dict[str, object]]]] = {
    "members": (
        "id,city,status,retired_on,born_on,mode,arrears,filings,selections,diseases,stays,family,"
        "contributions,still_paying_since_retirement_age,months_combined\n"
        "张三,370100,retired,1998-03-31,1940-02-29,pooled_only,"
        "2024-01-01/2024-03-31; 2025-01-01/,long_term 110000 2024-01-01/,"
        "医院甲 2024-01-01/2024-12-31,chronic 糖尿病 2024-01-01/,医院乙 2024-05-01/2024-05-09,"
        "child 小张 同意书17 2024-01-01/,5000.00 100.00 2024-01-01/,2024-01-01/,180\n"
        "李四,370100,,,,,,,,,,,,,\n",
        {
            "retired_on": pa.date32(),
            "born_on": pa.date32(),
            "arrears": pa.list_(PERIOD),
            "filings": keyed(kind=pa.string(), area=pa.string()),
            "selections": keyed(institution=pa.string()),
            "diseases": keyed(kind=pa.string(), code=pa.string()),
            "family": keyed(relation=pa.string(), relative=pa.string(), consent=pa.string()),
            "contributions": keyed(base=pa.string(), own=pa.string()),
            "still_paying_since_retirement_age": pa.list_(PERIOD),
            "months_combined": pa.int32(),
            "stays": pa.list_(
                pa.struct(
                    [
                        ("institution", pa.large_string()),
                        ("admitted", pa.date32()),
                        ("discharged", pa.string()),
                    ]
                )
            ),
        },
        [
            {
                "id": "张三",
                "city": "370100",
                "status": "retired",
                "retired_on": "1998-03-31",
                "born_on": "1940-02-29",
                "mode": "pooled_only",
                "arrears": [
                    {"from": "2024-01-01", "to": "2024-03-31"},
                    {"from": "2025-01-01"},
                ],
                "filings": [{"kind": "long_term", "area": "110000", "from": "2024-01-01"}],
                "selections": [{"institution": "医院甲", "from": "2024-01-01", "to": "2024-12-31"}],
                "diseases": [{"kind": "chronic", "code": "糖尿病", "from": "2024-01-01"}],
                "stays": [
                    {"institution": "医院乙", "admitted": "2024-05-01", "discharged": "2024-05-09"}
                ],
                "family": [
                    {
                        "relation": "child",
                        "relative": "小张",
                        "consent": "同意书17",
                        "from": "2024-01-01",
                    }
                ],
                "contributions": [{"base": "5000.00", "own": "100.00", "from": "2024-01-01"}],
                "still_paying_since_retirement_age": [{"from": "2024-01-01"}],
                "months_combined": 180,
            },
            {"id": "李四", "city": "370100"},
        ],
    ),
    "institutions": (
        "id,area,level,designated,offers\n"
        "医院甲,370100,3p,2024-01-01/2024-06-30;2025-01-01/,ordinary special\n"
        "医院乙,370100,2,,\n",
        {"designated": pa.list_(PERIOD), "offers": pa.list_(pa.string())},
        [
            {
                "id": "医院甲",
                "area": "370100",
                "level": "3p",
                "designated": [
                    {"from": "2024-01-01", "to": "2024-06-30"},
                    {"from": "2025-01-01"},
                ],
                "offers": ["ordinary", "special"],
            },
            {"id": "医院乙", "area": "370100", "level": "2"},
        ],
    ),
    "openings": (
        "member,year,deductible,ordinary_paid,visit_paid,account_balance\n"
        "张三,2024,120.00,10.00,V1=3.00;V2=4.05,500.00\n"
        "李四,2024,met,,,\n"
        "王五,2024,-1.00,,,\n",
        {
            "year": pa.int32(),
            "deductible_fen": pa.int64(),
            "deductible_met": pa.bool_(),
            "ordinary_paid_fen": pa.int64(),
            "visit_paid_fen": pa.map_(pa.string(), pa.int64()),
            "account_balance_fen": pa.int32(),
        },
        [
            {
                "member": "张三",
                "year": 2024,
                "deductible": "120.00",
                "ordinary_paid": "10.00",
                "visit_paid": {"V1": "3.00", "V2": "4.05"},
                "account_balance": "500.00",
            },
            {"member": "李四", "year": 2024, "deductible": "met"},
            {"member": "王五", "year": 2024, "deductible": "-1.00"},
        ],
    ),
}
IN_PARQUET: dict[str, list[dict[str, object]]] = {
    "openings": [
        {
            "member": "张三",
            "year": 2024,
            "deductible_fen": 12_000,
            "deductible_met": False,
            "ordinary_paid_fen": 1_000,
            "visit_paid_fen": {"V1": 300, "V2": 405},
            "account_balance_fen": 50_000,
        },
        {"member": "李四", "year": 2024, "deductible_met": True},
        {"member": "王五", "year": 2024, "deductible_fen": -100},
    ]
}


def as_days(value: object, kind: pa.DataType) -> object:
    """Return a JSON value with the texts of days as days, where the type says so."""
    if value is None:
        return None
    if pa.types.is_date32(kind):
        return day(str(value))
    if isinstance(value, list):
        return [as_days(item, kind.value_type) for item in value]
    if isinstance(value, dict) and pa.types.is_struct(kind):
        return {part.name: as_days(value.get(part.name), part.type) for part in kind}
    return list(value.items()) if isinstance(value, dict) else value


def register_table(rows: list[dict[str, object]], types: dict[str, pa.DataType]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table(
        {
            name: pa.array(
                [as_days(row.get(name), types.get(name, pa.string())) for row in rows],
                types.get(name, pa.string()),
            )
            for name in names
        }
    )


@pytest.mark.parametrize("register", REGISTERS)
def test_a_register_is_the_same_in_every_form(register: str, tmp_path: Path) -> None:
    text, types, records = REGISTERS[register]
    files = [tmp_path / name for name in ("utf8.csv", "mark.csv", "gb.csv", "r.jsonl", "r.parquet")]
    for file, encoding in zip(files, ("utf-8", "utf-8-sig", "gb18030"), strict=False):
        file.write_text(text, encoding)
    files[3].write_text("".join(json.dumps(record) + "\n" for record in records))
    rows = IN_PARQUET.get(register, records)
    parquet.write_table(register_table(rows, types), files[4])
    wanted, *others = (
        [
            row.items if isinstance(row, RegisterRow) else row[1:]
            for row in read_register(file, register)
        ]
        for file in files
    )
    assert sum(isinstance(row[0], str) for row in wanted) == (register == "openings")
    for file, found in zip(files[1:], others, strict=True):
        assert found == wanted, file.name


def test_a_contribution_is_fen_in_parquet(tmp_path: Path) -> None:
    file = tmp_path / "r.parquet"
    columns = {"contribution_base_fen": [500_000, -1], "own_contribution_fen": [10_000, None]}
    table = pa.table({"id": ["张三", "李四"], "city": ["370100"] * 2, **columns})
    parquet.write_table(table, file)
    good, bad = read_register(file, "members")
    assert isinstance(good, RegisterRow)
    contribution = Contribution(500_000, 10_000, EVERY_DAY)
    assert good.items == (Member("张三", "370100", contributions=(contribution,)),)
    assert isinstance(bad, BadRow)
    assert bad.column == "contribution_base"


def institution(file: Path) -> Institution:
    (row,) = read_register(file, "institutions")
    assert isinstance(row, RegisterRow), row
    (made,) = row.items
    assert isinstance(made, Institution)
    return made


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_an_empty_list_is_not_a_field_left_out(form: str, tmp_path: Path) -> None:
    """No days and no offers are fewer than all of them, which is what absence stands for."""
    records: list[dict[str, object]] = [
        {"id": "H1", "area": "370100", "designated": [], "offers": []},
        {"id": "H1", "area": "370100", "designated": None, "offers": None},
    ]
    made = []
    for record in records:
        if form == "json":
            file = tmp_path / "r.jsonl"
            file.write_text(json.dumps(record))
        else:
            file = tmp_path / "r.parquet"
            types = {"designated": pa.list_(PERIOD), "offers": pa.list_(pa.string())}
            parquet.write_table(register_table([record], types), file)
        made.append(institution(file))
    assert [(found.designated, found.offers) for found in made] == [
        ((), frozenset[Offer]()),
        (ALWAYS, ALL_OFFERS),
    ]
