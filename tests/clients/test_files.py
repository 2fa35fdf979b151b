"""Readers of claim files: good rows, bad rows in the middle, whole files that are none."""

from pathlib import Path

import pytest

from clients.errors import FileError
from clients.files import ClaimRow, have_own_ids, read_claims
from clients.rows import BadRow
from clients.table import file_digest
from engine.domain.claim import LIABLE_NOT_GIVEN
from engine.domain.codes import Benefit, Liability, Paper

HEADING = "request_id,institution,member,date,in_scope\n"


def write(folder: Path, content: str | bytes, name: str = "claims.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path) -> list[ClaimRow | BadRow]:
    return list(read_claims(path, file_digest(path)))


def bad(rows: list[ClaimRow | BadRow]) -> list[BadRow]:
    return [row for row in rows if isinstance(row, BadRow)]


def test_a_row_with_every_column_is_the_claim_it_describes(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "request_id,institution,member,date,until,benefit,visit,disease,in_scope,pre_payment,"
        "over_limit,non_covered,total,emergency,referred,prescriber,liability,liable_amount,"
        "admission,statement,manual,use_account\n"
        "R1,H1,M1,2024-03-05,2024-03-06,chronic,V1,DM,100.00,20.00,3.00,4.05,127.05,true,false,"
        "H2,third_party,50.00,H3,true,true,true\n",
    )
    (row,) = read(path)
    assert isinstance(row, ClaimRow)
    claim = row.claim
    assert (row.line, claim.request_id, claim.institution, claim.member) == (2, "R1", "H1", "M1")
    assert (claim.service_date, claim.until_date) == (20240305, 20240306)
    assert (claim.in_scope_fen, claim.pre_payment_fen) == (10_000, 2_000)
    assert (claim.over_limit_fen, claim.non_covered_fen, claim.total_fen) == (300, 405, 12_705)
    assert claim.benefit == Benefit.CHRONIC
    assert claim.liability == Liability.THIRD_PARTY
    assert claim.liable_fen == 5_000
    assert (claim.visit, claim.disease, claim.prescriber, claim.admission) == (
        "V1",
        "DM",
        "H2",
        "H3",
    )
    assert claim.emergency
    assert not claim.referred
    assert claim.statement
    assert claim.manual
    assert claim.use_account


def test_what_a_row_leaves_out_takes_the_default(tmp_path: Path) -> None:
    (row,) = read(
        write(
            tmp_path, "institution,member,date,in_scope,non_covered\nH1,M1,2024-03-05,1.00,0.50\n"
        )
    )
    assert isinstance(row, ClaimRow)
    assert row.claim.total_fen == 150
    assert row.claim.until_date == 20240305
    assert row.claim.benefit == Benefit.ORDINARY
    assert row.claim.liable_fen == -1


def test_an_id_not_given_comes_from_the_file_and_the_line(tmp_path: Path) -> None:
    text = "institution,member,date,in_scope\n" + "H1,M1,2024-03-05,1.00\n" * 2
    first = read(write(tmp_path, text))
    again = read(write(tmp_path, text, "copy.csv"))
    other = read(write(tmp_path, text + "\n", "other.csv"))
    ids = [row.claim.request_id for row in first if isinstance(row, ClaimRow)]
    assert len(set(ids)) == 2
    assert [row.claim.request_id for row in again if isinstance(row, ClaimRow)] == ids
    assert not {row.claim.request_id for row in other if isinstance(row, ClaimRow)} & set(ids)


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("R,H1,M1,2024-03-05,100", "in_scope", "1234.50"),
        ("R,H1,M1,2024-03-05,1e3", "in_scope", "1234.50"),
        ("R,H1,M1,2024-03-05,99999999999.00", "in_scope", "at most"),
        ("R,H1,M1,2024-02-30,1.00", "date", "no day"),
        ("R,H1,M1,5.3.2024,1.00", "date", "2024-03-05"),
        ("R,H1,M1,1999-12-31,1.00", "date", "from 2000"),
        ("R,H1,M1,,1.00", "date", "missing"),
        ("R,H1,M1,2024-03-05,", "in_scope", "at least one of in_scope, pre_payment"),
        ("R,,M1,2024-03-05,1.00", "institution", "missing"),
        ("R,H1,M\x071,2024-03-05,1.00", "member", "control"),
        (f"{'R' * 65},H1,M1,2024-03-05,1.00", "request_id", "longer"),
        ("R,H1,M1,2024-03-05", "", "expected 5 fields"),
        ("R,H1,M1,2024-03-05,1.00,2.00", "", "found 6"),
        ('R,H1,"M1,2024-03-05,1.00', "", "quotation mark"),
        (b"R,H1,M\xff1,2024-03-05,1.00", "", "UTF-8"),
        (b"R," + b"x" * 70_000, "", "longer"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_read(
    tmp_path: Path, row: str | bytes, column: str, says: str
) -> None:
    middle = row if isinstance(row, bytes) else row.encode()
    path = write(
        tmp_path,
        HEADING.encode() + b"A,H1,M1,2024-03-05,1.00\n" + middle + b"\nB,H1,M1,2024-03-05,2.00\n",
    )
    first, wrong, last = read(path)
    assert isinstance(first, ClaimRow)
    assert isinstance(last, ClaimRow)
    assert (first.claim.request_id, last.claim.request_id, last.line) == ("A", "B", 4)
    assert isinstance(wrong, BadRow)
    assert (wrong.line, wrong.column) == (3, column)
    assert says in wrong.problem


def test_a_flat_file_names_prescription_and_papers(tmp_path: Path) -> None:
    heading = HEADING.replace("\n", ",prescription,papers\n")
    first, wrong = read(
        write(
            tmp_path,
            heading
            + "A,H1,M1,2024-03-05,1.00,E1,invoice medical_record\n"
            + "B,H1,M1,2024-03-05,1.00,,receipt\n",
        )
    )
    assert isinstance(first, ClaimRow)
    assert first.claim.prescription == "E1"
    assert first.claim.papers == Paper.INVOICE | Paper.MEDICAL_RECORD
    assert isinstance(wrong, BadRow)
    assert (wrong.column, wrong.record_id) == ("papers", "B")
    assert "credential invoice medical_record charge_list, found “receipt”" in wrong.problem


def test_a_flat_file_holds_no_lines(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"column lines: only JSON lines hold .* ends in \.jsonl"):
        read(write(tmp_path, "institution,member,date,lines\nH1,M1,2024-03-05,A\n"))


def test_a_negative_amount_is_for_the_rules_to_refuse(tmp_path: Path) -> None:
    (row,) = read(write(tmp_path, HEADING + "A,H1,M1,2024-03-05,-1.00\n"))
    assert isinstance(row, ClaimRow)
    assert row.claim.in_scope_fen == -100


def test_a_negative_liable_amount_is_not_taken_for_none(tmp_path: Path) -> None:
    text = (
        "institution,member,date,in_scope,liability,liable_amount\n"
        "H1,M1,2024-03-05,1.00,abroad,-0.01\n"
    )
    (row,) = read(write(tmp_path, text))
    assert isinstance(row, ClaimRow)
    assert row.claim.liable_fen < LIABLE_NOT_GIVEN


@pytest.mark.parametrize(
    ("benefit", "liability", "liable", "column"),
    [
        ("dental", "", "", "benefit"),
        ("", "insurer", "", "liability"),
        ("", "", "5.00", "liable_amount"),
    ],
)
def test_codes_and_liability(
    tmp_path: Path, benefit: str, liability: str, liable: str, column: str
) -> None:
    path = write(
        tmp_path,
        "institution,member,date,in_scope,benefit,liability,liable_amount\n"
        f"H1,M1,2024-03-05,1.00,{benefit},{liability},{liable}\n",
    )
    assert [row.column for row in bad(read(path))] == [column]


def test_byte_order_mark_blank_lines_and_windows_line_ends_are_no_hindrance(tmp_path: Path) -> None:
    text = HEADING + "\nA,H1,张三,2024-03-05,1.00\n\n"
    path = write(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    (row,) = read(path)
    assert isinstance(row, ClaimRow)
    assert (row.line, row.claim.member) == (3, "张三")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"institution,member\nH1,M1\n", "column date is missing"),
        (b"institution,member,date,colour\n", "unknown column “colour”"),
        (b"institution,member,date,date\n", "stands twice"),
        (b"institution,member,date,total\nH1,M1,2024-03-05,1.00\n", "at least one of the columns"),
        (b"institution,member,date,in_scope\n", "nothing below it"),
        (b"x" * 70_000, "longer"),
        ("机构,人员\n".encode("gbk"), "unknown column “机构”"),
        ("institution,member".encode("utf-16"), "heading is not UTF-8"),
        (b"PAR1\x15\x00", "ends in .parquet"),
    ],
)
def test_a_file_that_is_none_says_what_to_do(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(FileError, match=says):
        read(write(tmp_path, content))


def test_an_empty_file_of_json_lines_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is empty"):
        read(write(tmp_path, "\n", "claims.jsonl"))


@pytest.mark.parametrize(
    ("rows", "own"),
    [
        ("A,H1,M1,2024-03-05,1.00\n", True),
        ("A,H1,M1,2024-03-05,1.00\n,H1,M1,2024-03-05,1.00\n", False),
        # What is malformed is not sent, and so gets no id.
        ("A,H1,M1,2024-03-05,1.00\n,H1,M1,2024-03-05,x\nshort\n", True),
    ],
)
def test_a_claim_without_an_id_of_its_own_is_noticed(tmp_path: Path, rows: str, own: bool) -> None:
    assert have_own_ids(write(tmp_path, HEADING + rows)) is own


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        file_digest(tmp_path / "none.csv")


def test_json_lines_take_the_same_names(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '{"institution": "H1", "member": "M1", "date": "2024-03-05", "in_scope": "1.00",'
        ' "emergency": true}\n'
        '{"institution": "H1", "member": "M1", "date": "2024-03-05", "in_scope": 1.0}\n'
        '{"institution": "H1", "member": "M1", "date": "2024-03-05", "lines": []}\n'
        '{"institution": "H1", "member": "M1", "date": "2024-03-05", "colour": "red"}\n'
        '{"institution": "H1", "institution": "H2"}\n'
        "[1]\n"
        "{\n"
        '{"institution": "H1", "member": "M1", "date": "2024-03-05", "in_scope": NaN}\n'
        '{"institution": "H1", "date": "2024-03-05"}\n',
        "claims.jsonl",
    )
    first, *rest = read(path)
    assert isinstance(first, ClaimRow)
    assert first.claim.emergency
    columns = [(row.line, row.column) for row in bad(rest)]
    assert columns == [
        (2, "in_scope"),
        (3, "lines"),
        (4, "colour"),
        (5, ""),
        (6, ""),
        (7, ""),
        (8, ""),
        (9, "member"),
    ]
