"""Claims of a Parquet file by columns and by rows are the same, whatever stands in it."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from clients import files, gateway
from clients import parquet as claims_parquet
from clients.files import CLAIM_COLUMNS, ClaimRow, claim_row, read_claims
from clients.parquet import read_rows
from clients.rows import BadRow, Holds
from engine.domain.codes import Benefit, Liability
from engine.domain.money import AMOUNT_MAX_FEN

DIGEST = "d" * 64
PLAIN = ("R1", "H1", "a b", "张三", "x" * 64, "张" * 21)
ODD = ("", " x", "x ", "a\x7f", "a\nb", "\u3000x", "a\u00a0b", "x" * 65, "张" * 22)
DAYS = st.integers(19_000, 19_400)
FAR = st.sampled_from([0, 10_956, 10_957, 376_199, 376_200, -(2**31), 2**31 - 1])
AMOUNTS = st.integers(0, 10**6)
LARGE = st.sampled_from([-2, -1, AMOUNT_MAX_FEN, AMOUNT_MAX_FEN + 1, 2**63 - 1])
TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
CODES = {
    "benefit": [*(code.name.lower() for code in Benefit), "dental", ""],
    "liability": [*(code.name.lower() for code in Liability), "Nobody", ""],
    "papers": ["invoice", "invoice charge_list", "photo", "", "invoice " * 20],
}


def often(usual: st.SearchStrategy[Any], unusual: st.SearchStrategy[Any]) -> Any:
    """Most values are such as a file has, so that rows pass one check and fail another."""
    return st.integers(0, 11).flatmap(lambda n: unusual if not n else usual)


def texts(kind: pa.DataType, values: Sequence[object]) -> pa.Array:
    """Text of any kind; bytes that are no text stand in plain columns only."""
    if kind == pa.string():
        raw = [value.encode() if isinstance(value, str) else value for value in values]
        return pa.array(raw, pa.binary()).view(pa.string())
    text = ["\ufffd" if isinstance(value, bytes) else value for value in values]
    plain = pa.array(text, pa.string())
    return plain.dictionary_encode() if pa.types.is_dictionary(kind) else plain.cast(kind)


@st.composite
def column(draw: Any, name: str, kind: Holds, rows: int) -> pa.Array:
    def values(usual: Any, unusual: Any) -> list[Any]:
        found: list[Any] = draw(st.lists(often(usual, unusual), min_size=rows, max_size=rows))
        return found

    empty = st.sampled_from([None, None, ""])
    text = draw(st.sampled_from(TEXTS))
    if kind is Holds.AMOUNT:
        arrow = draw(st.sampled_from([pa.int64(), pa.int64(), pa.uint64(), pa.int16()]))
        if arrow != pa.int64():
            more = [2**64 - 1] if arrow == pa.uint64() else [-1]
            return pa.array(values(st.integers(0, 9_000), st.sampled_from([None, *more])), arrow)
        return pa.array(values(AMOUNTS, LARGE | st.none()), arrow)
    if kind is Holds.DAY:
        if draw(st.booleans()):
            return pa.array(values(DAYS, FAR | st.none()), pa.date32())
        days = st.sampled_from(["2024-03-05", "2024-03-06"])
        return texts(text, values(days, st.sampled_from(["2024-02-30", "1999-12-31", "", None])))
    if kind is Holds.FLAG:
        if draw(st.booleans()):
            return pa.array(values(st.booleans(), st.none()), pa.bool_())
        return texts(text, values(st.sampled_from(["true", "false"]), st.just("yes") | empty))
    if kind is Holds.NAMES and draw(st.booleans()):
        lists = st.lists(st.sampled_from(["invoice", "photo"]), max_size=2)
        return pa.array(values(st.none(), lists), pa.list_(pa.string()))
    if name in CODES:
        usual, *rest = CODES[name]
        return texts(text, values(st.sampled_from([usual, None]), st.sampled_from(rest)))
    if name in CLAIM_COLUMNS.required or name == "request_id":
        return texts(text, values(st.sampled_from(PLAIN), st.sampled_from([*ODD, b"\xff", None])))
    return texts(text, values(empty, st.sampled_from([*PLAIN, *ODD, b"\xff"])))


@st.composite
def tables(draw: Any) -> pa.Table:
    rows = draw(st.integers(1, 14))
    optional = [name for name in CLAIM_COLUMNS.known if name not in CLAIM_COLUMNS.required]
    names = [*CLAIM_COLUMNS.required, *draw(st.sets(st.sampled_from(optional)))]
    if not set(names) & set(CLAIM_COLUMNS.one_of):
        names.append("in_scope")
    columns = {}
    for name in names:
        kind = CLAIM_COLUMNS.known[name]
        called = f"{name}_fen" if kind is Holds.AMOUNT else name
        columns[called] = draw(column(name, kind, rows))
    return pa.table(columns)


@pytest.fixture(autouse=True, scope="module")
def small_parts() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims_parquet, "_BATCH_ROWS", 5)
        yield


def by_rows(path: Path) -> list[ClaimRow | BadRow]:
    rows = read_rows(path, CLAIM_COLUMNS)
    return [row if isinstance(row, BadRow) else claim_row(row, DIGEST) for row in rows]


@settings(max_examples=400, deadline=None)
@given(tables())
def test_rows_and_columns_say_the_same(table: pa.Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "claims.parquet")
        parquet.write_table(table, path)
        by_columns, wanted = list(read_claims(path, DIGEST)), by_rows(path)
    # Their representation also tells a flag from a number, and a code from its value.
    assert list(map(repr, by_columns)) == list(map(repr, wanted))


def plain(count: int) -> dict[str, pa.Array]:
    return {
        "request_id": pa.array([f"R{n}" for n in range(count)]),
        "institution": pa.array(["H1"] * count),
        "member": pa.array(["张三"] * count),
        "date": pa.array([19_787] * count, pa.date32()),
        "in_scope_fen": pa.array(range(count)),
        "benefit": pa.array(["chronic", None] * count)[:count],
        "use_account": pa.array([True] * count),
        "prescriber": pa.array(["D 1"] * count),
    }


def test_only_unusual_rows_are_read_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def watched(row: Any, digest: str) -> ClaimRow | BadRow:
        asked.append(row.line)
        return claim_row(row, digest)

    monkeypatch.setattr(files, "claim_row", watched)
    columns = plain(20) | {"in_scope_fen": pa.array([*range(8), -1, AMOUNT_MAX_FEN + 1] * 2)}
    path = tmp_path / "claims.parquet"
    parquet.write_table(pa.table(columns), path)
    rows = list(read_claims(path, DIGEST))
    assert asked == [9, 10, 19, 20]
    assert [row.line for row in rows] == list(range(1, 21))
    assert [row.line for row in rows if isinstance(row, BadRow)] == [10, 20]


class Left:
    """What a run says of the lines that need not be sent again."""

    encoding = "utf-8"

    def __init__(self, last_line: int, settled: Sequence[int]) -> None:
        self.last_line, self.settled_lines = last_line, frozenset(settled)


@pytest.mark.parametrize("last_line", [0, 3, 7, 30])
@pytest.mark.parametrize("settled", [(), (5, 8, 9), range(1, 31)])
@pytest.mark.parametrize("bad", [(), (4, 5, 6, 7, 8), (1, 12, 30), range(1, 31)])
def test_batches_of_blocks_are_those_of_rows(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    last_line: int,
    settled: Sequence[int],
    bad: Sequence[int],
) -> None:
    monkeypatch.setattr(gateway, "BATCH_CLAIMS", 3)
    monkeypatch.setattr(gateway, "_BATCH_BAD", 4)
    amounts = [None if n in bad else n for n in range(1, 31)]
    path = tmp_path / "claims.parquet"
    parquet.write_table(pa.table(plain(30) | {"in_scope_fen": pa.array(amounts, pa.int64())}), path)
    run: Any = Left(last_line, settled)
    by_blocks = [tuple(map(list, batch[:3])) for batch in gateway._batches(path, DIGEST, run)]
    ends = [batch.last_line for batch in gateway._batches(path, DIGEST, run)]
    wanted = list(gateway._gathered(by_rows(path), run))
    assert by_blocks == [tuple(map(list, batch[:3])) for batch in wanted]
    assert ends == [batch.last_line for batch in wanted]
