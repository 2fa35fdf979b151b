"""Claims and registers in Parquet: types that are taken, types that are refused, bad rows."""

import datetime
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from clients.errors import FileError
from clients.files import ClaimRow, read_claims
from clients.registers import RegisterRow, read_register
from clients.rows import BadRow
from clients.table import count_rows
from engine.domain.codes import Paper
from engine.domain.register import Opening

DAY = datetime.date(2024, 3, 5)
CLAIM = {
    "request_id": pa.array(["R1"]),
    "institution": pa.array(["H1"]),
    "member": pa.array(["张三"]),
    "date": pa.array([DAY]),
    "in_scope_fen": pa.array([150]),
}


def write(folder: Path, columns: dict[str, Any], name: str = "claims.parquet") -> Path:
    path = folder / name
    parquet.write_table(pa.table(columns), path)
    return path


def read(path: Path) -> list[ClaimRow | BadRow]:
    return list(read_claims(path, "d" * 64))


def the_claim(path: Path) -> Any:
    (row,) = read(path)
    assert isinstance(row, ClaimRow), row
    return row.claim


def bad(rows: list[Any]) -> list[tuple[int, str]]:
    return [(row.line, row.column) for row in rows if isinstance(row, BadRow)]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"date": pa.array(["2024-03-05"])},
        {"member": pa.array(["张三"], pa.large_string())},
        {"member": pa.array(["张三"], pa.string_view())},
        {"member": pa.array(["张三"]).dictionary_encode()},
        {"in_scope_fen": pa.array([150], pa.int32())},
        {"in_scope_fen": pa.array([150], pa.uint64())},
        {"use_account": pa.array([False])},
        {"use_account": pa.array(["false"])},
        {"visit": pa.nulls(1), "total_fen": pa.nulls(1), "until": pa.nulls(1)},
        {"visit": pa.array([""])},
    ],
)
def test_the_types_that_are_taken(tmp_path: Path, changed: dict[str, Any]) -> None:
    claim = the_claim(write(tmp_path, CLAIM | changed))
    assert (claim.member, claim.service_date, claim.in_scope_fen) == ("张三", 2024_03_05, 150)
    assert (claim.total_fen, claim.visit, claim.use_account) == (150, "", False)


@pytest.mark.parametrize(
    "papers", [pa.array([["invoice", "charge_list"]]), pa.array(["invoice charge_list"])]
)
def test_papers_and_a_prescription_are_read(tmp_path: Path, papers: Any) -> None:
    more = {"papers": papers, "prescription": pa.array(["E1"])}
    claim = the_claim(write(tmp_path, CLAIM | more))
    assert (claim.papers, claim.prescription) == (Paper.INVOICE | Paper.CHARGE_LIST, "E1")


@pytest.mark.parametrize(
    ("column", "array", "says"),
    [
        ("in_scope_fen", pa.array([1.5]), "in_scope_fen is double; expected an integer of fen"),
        ("in_scope_fen", pa.array(["1.50"]), "in_scope_fen is string; expected an integer of fen"),
        ("total_fen", pa.array([1]).cast(pa.decimal128(21, 2)), "total_fen is decimal128"),
        ("pre_payment_fen", pa.array([True]), "pre_payment_fen is bool"),
        ("in_scope", pa.array([1.5]), "column in_scope: .* call it in_scope_fen"),
        ("visit", pa.array([7]), "visit is int64; expected text"),
        ("visit", pa.array([b"7"]), "visit is binary; expected text"),
        ("until", pa.array([0], pa.timestamp("ms")), "until is timestamp"),
        ("manual", pa.array([1]), "manual is int64; expected bool"),
        ("colour", pa.array(["red"]), "unknown column “colour”; expected .* in_scope_fen"),
        ("lines", pa.array([[{"class": "A"}]]), "column lines: only JSON lines hold"),
        ("lines", pa.array(["A"]), "column lines: only JSON lines hold"),
        ("papers", pa.array([3]), "papers is int64; expected list<text> or text"),
    ],
)
def test_a_column_that_is_not_taken_is_named(
    tmp_path: Path, column: str, array: Any, says: str
) -> None:
    with pytest.raises(FileError, match=says):
        read(write(tmp_path, CLAIM | {column: array}))


@pytest.mark.parametrize(
    ("register", "column", "kind"),
    [
        ("members", "arrears", pa.list_(pa.float64())),
        ("members", "stays", pa.list_(pa.struct([("admitted", pa.float64())]))),
        ("members", "filings", pa.struct([("from", pa.date32())])),
        ("institutions", "offers", pa.list_(pa.int64())),
        ("institutions", "designated", pa.int64()),
        ("openings", "visit_paid_fen", pa.map_(pa.string(), pa.float64())),
        ("openings", "visit_paid_fen", pa.struct([("V1", pa.int64())])),
        ("openings", "deductible_fen", pa.float64()),
        ("openings", "deductible_met", pa.string()),
        ("openings", "year", pa.float64()),
    ],
    ids=str,
)
def test_a_column_of_a_register_that_is_not_taken_is_named(
    tmp_path: Path, register: str, column: str, kind: Any
) -> None:
    keys = {"members": ("id", "city"), "institutions": ("id", "area"), "openings": ("member",)}
    columns = {name: pa.array(["370100"]) for name in keys[register]}
    file = write(tmp_path, {**columns, column: pa.nulls(1, kind)})
    with pytest.raises(FileError, match=f"column {column} is .*; expected"):
        list(read_register(file, register))


def test_counters_of_every_benefit(tmp_path: Path) -> None:
    paid = pa.array([[("2024-03", 5)]], pa.map_(pa.string(), pa.int64()))
    columns = {
        "member": pa.array(["M1"]),
        "year": pa.array([2024]),
        "chronic_paid_fen": pa.array([1]),
        "month_paid_fen": paid,
    }
    (row,) = read_register(write(tmp_path, columns), "openings")
    assert isinstance(row, RegisterRow)
    assert row.items == (Opening("M1", 2024, chronic_paid_fen=1, month_paid_fen=(("2024-03", 5),)),)


def test_an_amount_and_met_at_once_is_a_bad_row(tmp_path: Path) -> None:
    columns = {
        "member": pa.array(["M1", "M2", "M3", "M4"]),
        "year": pa.array([2024] * 4),
        "deductible_met": pa.array([True, True, False, None]),
        "deductible_fen": pa.array([0, None, 5, 6]),
        "visit_paid_fen": pa.array(
            [None, None, [("V1", 1), ("V1", 2)], [("V1", None)]], pa.map_(pa.string(), pa.int64())
        ),
    }
    rows = list(read_register(write(tmp_path, columns), "openings"))
    assert bad(rows) == [(1, "deductible"), (3, "visit_paid"), (4, "visit_paid")]


def test_a_bad_row_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    not_text = pa.array([b"M1", b"M\xff", *[b"M1"] * 5, b"M9"]).view(pa.string())
    columns = {
        "institution": pa.array(["H1"] * 7 + ["H9"]),
        "member": not_text,
        "date": pa.array(
            [19787, 19787, None, 2**31 - 1, -(2**31), 19787, 19787, 19787], pa.date32()
        ),
        "in_scope_fen": pa.array([1, 1, 1, 1, 1, None, 10**12 + 1, 2]),
    }
    rows = read(write(tmp_path, columns))
    assert bad(rows) == [
        (2, "member"),
        (3, "date"),
        (4, "date"),
        (5, "date"),
        (6, "in_scope"),
        (7, "in_scope"),
    ]
    first, last = (row for row in rows if isinstance(row, ClaimRow))
    assert (first.line, first.claim.request_id) == (1, f"{'d' * 24}-1")
    assert (last.line, last.claim.member, last.claim.in_scope_fen) == (8, "M9", 2)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({name: array[:0] for name, array in CLAIM.items()}, "holds no rows"),
        ({"member": CLAIM["member"]}, "column institution is missing"),
        (
            {name: CLAIM[name] for name in ("institution", "member", "date")},
            "at least one of the columns in_scope_fen, pre_payment_fen",
        ),
    ],
)
def test_a_file_that_is_none_says_what_to_do(
    tmp_path: Path, columns: dict[str, Any], says: str
) -> None:
    with pytest.raises(FileError, match=says):
        read(write(tmp_path, columns))


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    parquet.write_table(pa.Table.from_arrays([CLAIM["member"]] * 2, ["member"] * 2), path)
    with pytest.raises(FileError, match="member stands twice"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"member,date\n", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_what_is_no_parquet_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "claims.parquet"
    path.write_bytes(content)
    with pytest.raises(FileError, match="is no Parquet file"):
        read(path)
    with pytest.raises(FileError, match="No such file"):
        count_rows(tmp_path / "none.parquet")


def test_a_damaged_file_says_after_which_row(tmp_path: Path) -> None:
    count = 16_000
    columns = {name: pa.array(array.to_pylist() * count) for name, array in CLAIM.items()}
    columns["request_id"] = pa.array([f"R{n}" for n in range(count)])
    path = tmp_path / "claims.parquet"
    table = pa.table(columns)
    parquet.write_table(table, path, row_group_size=count // 2, use_dictionary=False)
    with parquet.ParquetFile(path) as file:
        assert count_rows(path) == count
        chunk = file.metadata.row_group(1).column(0)
        at = chunk.data_page_offset
    data = bytearray(path.read_bytes())
    data[at : at + 400] = b"\xff" * 400
    path.write_bytes(data)
    rows = read_claims(path, "")
    for number in range(1, count // 2 + 1):
        assert next(rows).line == number
    with pytest.raises(FileError, match=f"is damaged after row {count // 2}: "):
        next(rows)


def test_without_pyarrow_one_line_says_what_to_install(tmp_path: Path) -> None:
    path = write(tmp_path, CLAIM)
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from clients.cli.main import main\n"
        f"sys.argv = ['gongji', 'register', 'members', {str(path)!r}, '--store', 'l.sqlite']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "pip install 'gongji[parquet]'" in done.stderr
    # Nobody needs it for the other forms.
    path.with_suffix(".csv").write_text("id,city\nM1,370300\n")
    done = subprocess.run(
        [sys.executable, "-c", code.replace(".parquet", ".csv")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
