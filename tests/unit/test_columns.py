"""Columns to rows and records to columns: what does not fit is refused, nothing is read outside."""

from typing import Any

import numpy as np
import pytest

from engine.domain.bill import BillLine
from server._columns import gather
from server._rows import EACH, I4, I8, PICKED, SAME, U1, tuples_of

FIELDS = len(BillLine._fields)


def columns(**other: Any) -> list[tuple[int, Any, Any]]:
    own = {
        "line_class": (U1, np.array([1, 2, 255], "u1"), None),
        "amount_fen": (I8, np.array([-1, 2**63 - 1, 0], "<i8"), None),
        "first_pay_bp": (I4, np.array([-5, 0, 5], "<i4"), None),
        "code": (PICKED, np.array([1, -1, 0], "<i4"), ["a", "b", ""]),
        "flag": (EACH, None, [0, 1, 2]),
    } | other
    return [own.get(name, (SAME, None, 0)) for name in BillLine._fields]


def test_rows() -> None:
    assert tuples_of(BillLine, 3, columns()) == [
        BillLine(1, -1, -5, 0, 0, code="b"),
        BillLine(2, 2**63 - 1, 0, 0, 1, code=""),
        BillLine(255, 0, 5, 0, 2, code="a"),
    ]
    made = tuples_of(BillLine, 3, columns())
    assert all(type(row) is BillLine for row in made)
    assert tuples_of(BillLine, 0, [(SAME, None, 0)] * FIELDS) == []


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"flag": (EACH, None, [0])}, "1 objects for 3 rows"),
        ({"amount_fen": (I8, np.zeros(2, "<i8"), None)}, "16 bytes for 3 rows of 8"),
        ({"line_class": (U1, b"ab", None)}, "2 bytes for 3 rows of 1"),
        ({"code": (PICKED, np.array([0, 0, 3], "<i4"), ["a", "b", ""])}, "row 2 picks 3 of 3"),
        ({"code": (PICKED, np.array([0, -2, 0], "<i4"), ["a", ""])}, "row 1 picks -2 of 2"),
        ({"code": (PICKED, np.array([-1, -1, -1], "<i4"), [])}, "nothing to pick from"),
    ],
)
def test_a_column_without_a_value_for_each_row(other: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        tuples_of(BillLine, 3, columns(**other))


def test_a_column_too_few() -> None:
    with pytest.raises(ValueError, match="1 columns for BillLine"):
        tuples_of(BillLine, 3, [(SAME, None, 0)])


@pytest.mark.parametrize("rows", [0, 1, 31, 32, 33, 1000])
def test_gather(rows: int) -> None:
    kind = np.dtype([("a", "<i8"), ("b", "u1"), ("c", "<u2"), ("d", "<u4"), ("e", "S3")])
    records = np.frombuffer(np.random.default_rng(rows).bytes(rows * kind.itemsize), dtype=kind)
    octets = records.view("u1").reshape(rows, kind.itemsize)
    assert kind.fields is not None
    fields = [(offset, inner.itemsize) for inner, offset, *_ in kind.fields.values()]
    found = gather(octets, fields)
    assert found == [records[name].tobytes() for name in kind.names or ()]


@pytest.mark.parametrize("field", [(-1, 1), (0, 0), (0, 5), (4, 1)])
def test_a_field_outside_of_its_record(field: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="in a record of 4"):
        gather(np.zeros((2, 4), "u1"), [field])
