"""Lines of a bill in JSON lines and at a counter: what they become, and what is wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from clients.bill import line_from_text
from clients.cli.main import gongji
from clients.files import ClaimRow, claim_column, read_claims
from clients.rows import BadRow
from engine.domain.bill import LINES_MAX, BillLine
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, LineClass, LineFlag, Paper
from engine.errors import InvalidInput

RECORD = {"request_id": "R1", "institution": "H1", "member": "M1", "date": "2024-03-05"}


def read(folder: Path, **record: Any) -> ClaimRow | BadRow:
    path = folder / "claims.jsonl"
    path.write_text(json.dumps(RECORD | record) + "\n")
    (row,) = read_claims(path, "d" * 64)
    return row


def test_lines_take_every_key(tmp_path: Path) -> None:
    row = read(
        tmp_path,
        lines=[
            {"class": "A", "amount": "95.00", "over_limit": "5.00", "benefit": "chronic"},
            {
                "class": "B",
                "first_pay": "0.10",
                "quantity": "2",
                "unit_price": "50.00",
                "price_ceiling": "40.00",
                "code": "X1",
            },
            {
                "class": "none",
                "amount": "25.00",
                "flag": "general_fee",
                "code": "",
                "benefit": None,
            },
        ],
        prescription="E1",
        papers=["invoice", "charge_list"],
    )
    assert isinstance(row, ClaimRow), row
    claim = row.claim
    assert claim.lines == (
        BillLine(LineClass.A, 9_500, over_limit_fen=500, benefit=Benefit.CHRONIC),
        BillLine(LineClass.B, 10_000, 1_000, 2_000, 0, 0, 20_000, 50_000_000, 40_000_000, "X1"),
        BillLine(LineClass.NONE, 2_500, flag=LineFlag.GENERAL_FEE),
    )
    assert claim.total_fen == 22_000
    assert not any((claim.in_scope_fen, claim.over_limit_fen, claim.non_covered_fen))
    assert (claim.prescription, claim.papers) == ("E1", Paper.INVOICE | Paper.CHARGE_LIST)


def test_a_total_beside_lines_is_what_the_terminal_says(tmp_path: Path) -> None:
    row = read(tmp_path, lines=[{"class": "A", "amount": "1.00"}], total="2.00")
    assert isinstance(row, ClaimRow)
    assert row.claim.total_fen == 200


@pytest.mark.parametrize("amount", ["-1.00", "-0.01"])
def test_a_negative_line_is_for_the_rules_to_refuse(tmp_path: Path, amount: str) -> None:
    row = read(tmp_path, lines=[{"class": "A", "amount": amount}])
    assert isinstance(row, ClaimRow)
    assert row.claim.total_fen == row.claim.lines[0].amount_fen < 0


def test_the_longest_bill_fits_into_a_line_of_json(tmp_path: Path) -> None:
    line = {
        "class": "B",
        "amount": "100.00",
        "first_pay": "0.1000",
        "over_limit": "0.00",
        "flag": "separate_pay",
        "benefit": "ordinary",
        "quantity": "2.0000",
        "unit_price": "50.000000",
        "price_ceiling": "9999999.000000",
        "code": "c" * 64,
    }
    row = read(tmp_path, lines=[line | {"price_ceiling": "50.000000"}] * LINES_MAX)
    assert isinstance(row, ClaimRow), row
    assert len(row.claim.lines) == LINES_MAX
    row = read(tmp_path, lines=[line] * (LINES_MAX + 1))
    assert isinstance(row, BadRow)
    assert (row.column, row.record_id) == ("lines", "R1")
    assert "expected at most 1000 lines, found 1001" in row.problem


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        ("A,1.00", "lines[1]", "expected an object with some of class, amount, first_pay"),
        ({"amount": "1.00"}, "lines[1].class", "expected one of A B none"),
        ({"class": "C", "amount": "1.00"}, "lines[1].class", "expected one of A B none, found “C”"),
        ({"class": "a", "amount": "1.00"}, "lines[1].class", "found “a”"),
        ({"class": "A"}, "lines[1].amount", "is missing; give it, or quantity and unit_price"),
        ({"class": "A", "quantity": "2"}, "lines[1].amount", "is missing"),
        ({"class": "A", "amount": 1.0}, "lines[1].amount", "yuan as text"),
        ({"class": "A", "amount": "1"}, "lines[1].amount", "two decimals"),
        ({"class": "A", "amount": "1.00", "colour": "x"}, "lines[1].colour", "unknown; expected"),
        (
            {"class": "B", "amount": "1.00", "first_pay": "10%"},
            "lines[1].first_pay",
            "expected a rate from",
        ),
        ({"class": "B", "amount": "1.00", "first_pay": 0.1}, "lines[1].first_pay", "expected text"),
        (
            {"class": "A", "amount": "1.00", "first_pay": "0.1"},
            "lines[1].first_pay",
            "for class B only",
        ),
        ({"class": "A", "amount": "1.00", "flag": "none"}, "lines[1].flag", "dual_channel"),
        (
            {"class": "A", "amount": "1.00", "benefit": "emergency"},
            "lines[1].benefit",
            "ordinary chronic special, found",
        ),
        (
            {"class": "A", "amount": "1.00", "quantity": "2"},
            "lines[1].unit_price",
            "is missing beside the quantity",
        ),
        (
            {"class": "A", "amount": "1.00", "quantity": "1", "unit_price": "0.5"},
            "lines[1].amount",
            "quantity times unit price is 50 fen, found 100",
        ),
        (
            {"class": "A", "quantity": "0.00001", "unit_price": "0.5"},
            "lines[1].quantity",
            "at most four decimals",
        ),
        (
            {"class": "A", "quantity": "1", "unit_price": "0.0000001"},
            "lines[1].unit_price",
            "at most six decimals",
        ),
        (
            {
                "class": "A",
                "quantity": "1",
                "unit_price": "5",
                "price_ceiling": "4",
                "over_limit": "0.50",
            },
            "lines[1].over_limit",
            "over the ceiling are 100 fen, found 50",
        ),
        (
            {"class": "A", "amount": "1.00", "price_ceiling": "0.5"},
            "lines[1].quantity",
            "is missing beside the price ceiling",
        ),
        ({"class": "A", "amount": "1.00", "code": "c" * 65}, "lines[1].code", "longer than 64"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: object, column: str, says: str) -> None:
    row = read(tmp_path, lines=[{"class": "A", "amount": "1.00"}, line])
    assert isinstance(row, BadRow), row
    assert (row.line, row.column, row.record_id) == (1, column, "R1")
    assert says in row.problem


@pytest.mark.parametrize(
    ("record", "column", "says"),
    [
        ({"lines": "A,1.00"}, "lines", "expected a list of objects, found “A,1.00”"),
        ({"lines": []}, "lines", "holds no line"),
        (
            {"lines": [{"class": "A", "amount": "1.00"}], "over_limit": "0.00"},
            "over_limit",
            "stands beside lines; give one or the other",
        ),
        (
            {"lines": [{"class": "A", "amount": "9999999999.00"}] * 2},
            "total",
            "at most 10000000000.00",
        ),
        ({"papers": "invoice"}, "in_scope", "or the lines of the bill"),
        ({"in_scope": "1.00", "papers": {"invoice": True}}, "papers", "expected a list of names"),
        ({"in_scope": "1.00", "papers": [1]}, "papers", "credential invoice"),
        ({"in_scope": "1.00", "prescription": "E\n"}, "prescription", "control"),
    ],
)
def test_a_bad_bill_is_named(
    tmp_path: Path, record: dict[str, object], column: str, says: str
) -> None:
    row = read(tmp_path, **record)
    assert isinstance(row, BadRow), row
    assert row.column == column
    assert says in row.problem


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("lines[3].amount_fen", "lines[3].amount"),
        ("lines[3].line_class", "lines[3].class"),
        ("lines[3].first_pay_bp", "lines[3].first_pay"),
        ("lines[3].unit_price_micro_yuan", "lines[3].unit_price"),
        ("lines[3].unit_ceiling", "lines[3].price_ceiling"),
        ("claims[7].lines[3].over_limit_fen", "lines[3].over_limit"),
        ("lines[3].code", "lines[3].code"),
        ("lines", "lines"),
        ("claims[7].in_scope_fen", "in_scope"),
        ("papers[2]", "papers"),
        ("prescription_id", "prescription"),
    ],
)
def test_a_path_of_engine_or_server_becomes_a_column(path: str, column: str) -> None:
    assert claim_column(path) == column


# --- at a counter ------------------------------------------------------------------------


def test_a_line_at_a_counter_is_a_record() -> None:
    assert line_from_text("B, 100, first_pay=0.10,over_limit=20,code=X1") == {
        "class": "B",
        "amount": "100.00",
        "first_pay": "0.10",
        "over_limit": "20.00",
        "code": "X1",
    }
    assert line_from_text("A,quantity=2,unit_price=50") == {
        "class": "A",
        "quantity": "2",
        "unit_price": "50",
    }


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("B,100.00,0.10", "", "CLASS[,YUAN][,KEY=VALUE]... such as B,100.00,first_pay=0.10, found"),
        ("B,100.00,first_pay=", "", "found “B,100.00,first_pay=”"),
        ("B,100.00,colour=red", "", "unknown key “colour”; expected some of amount, first_pay"),
        ("B,100.00,amount=1.00", "amount", "stands twice"),
        ("B,100.00,code=1,code=2", "code", "stands twice"),
    ],
)
def test_a_line_written_otherwise_says_how(text: str, path: str, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        line_from_text(text)
    assert caught.value.path == path
    assert says in caught.value.problem


def counter(*options: str) -> str:
    """Return what `terminal preview` says of a wrong command line, in one line."""
    arguments = ["--institution", "H1", "--member", "M1", "--date", "2024-03-05", *options]
    result = CliRunner().invoke(gongji, ["terminal", "preview", *arguments])
    assert result.exit_code == 2, result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--line", "C,1.00"], "--line 1: class: expected one of A B none, found “C”"),
        (["--line", "A,1.00", "--line", "A"], "--line 2: amount: is missing; give it, or quantity"),
        (["--line", "A,1.00", "--line", "A,1,2"], "--line 2: expected CLASS[,YUAN][,KEY=VALUE]..."),
        (["--line", "B,1,first_pay=2.0"], "--line 1: first_pay: expected a rate"),
        (["--line", "A,1,code=1,code=2"], "--line 1: code: stands twice"),
        (["--line", "A,1", "--in-scope", "1"], "--in-scope: stands beside lines"),
        (["--in-scope", "1", "--paper", "photo"], "--paper: expected one of credential invoice"),
        (["--in-scope", "1", "--prescription", "E "], "--prescription: begins or ends with"),
        ([], "--in-scope: is missing; give at least one of"),
    ],
)
def test_a_wrong_option_says_what_was_expected(options: list[str], says: str) -> None:
    assert says in counter(*options)


def test_a_wrong_line_of_a_file_at_a_counter_is_named(tmp_path: Path) -> None:
    file = tmp_path / "claim.json"
    file.write_text(json.dumps({"lines": [{"class": "A", "amount": "1"}]}))
    assert "lines[0].amount: expected yuan" in counter(str(file))


def test_lines_at_a_counter_replace_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "claim.json"
    file.write_text(json.dumps(RECORD | {"lines": [{"class": "A", "amount": "1"}]}))
    sent: list[Claim] = []

    def run(common: object, ask: Any, kind: str, **_: object) -> None:
        class Session:
            settle = staticmethod(sent.append)

        ask(Session)

    monkeypatch.setattr("clients.cli.commands.terminal._run", run)
    options = [
        "--line",
        "B,100,first_pay=0.10,flag=general_fee",
        "--line",
        "A,quantity=2,unit_price=0.5",
    ]
    more = ["--paper", "invoice", "--paper", "credential", "--prescription", "E1"]
    result = CliRunner().invoke(gongji, ["terminal", "settle", str(file), *options, *more])
    assert result.exit_code == 0, result.output
    (claim,) = sent
    assert claim.lines == (
        BillLine(LineClass.B, 10_000, 1_000, flag=LineFlag.GENERAL_FEE),
        BillLine(LineClass.A, 100, quantity=20_000, unit_price=500_000),
    )
    assert claim.total_fen == 10_100
    assert (claim.prescription, claim.papers) == ("E1", Paper.INVOICE | Paper.CREDENTIAL)
