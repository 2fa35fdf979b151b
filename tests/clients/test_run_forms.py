"""The run of a file: which encoding it goes on in, and its results as Parquet."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from pyarrow import parquet

from clients.errors import FileError, RunError
from clients.parquet import write_results
from clients.run import RESULT_COLUMNS, Run, Step

DIGEST = "d" * 64


def step(last_line: int, **counts: int) -> Step:
    rows = [
        tuple(
            line
            if name == "line"
            else 10**12 + line
            if name == "settlement_id"
            else f"{name} 甲"
            if name in ("institution", "request_id", "outcome", "reason", "plan")
            else "ordinary"
            if name.endswith("benefit")
            else f"-{line}.05"
            if name == "cash"
            else f"{line}.10"
            for name in RESULT_COLUMNS
        )
        for line in range(1, counts.get("settled", 0) + 1)
    ]
    return Step(last_line, rows, [], Counter(counts))


def begin(path: Path, encoding: str, *, again: bool = False, own_ids: bool = True) -> Run:
    return Run(path, DIGEST, encoding=encoding, again=again, own_ids=own_ids)


def test_an_unfinished_run_goes_on_in_its_encoding_only(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    with begin(path, "gb18030") as run:
        run.sending()
        run.add(step(3, settled=2))
    with pytest.raises(FileError, match="--encoding gb18030; finish it with the same"):
        begin(path, "utf-8")
    with begin(path, "gb18030") as run:
        assert (run.encoding, run.last_line) == ("gb18030", 3)
    with begin(path, "utf-8", again=True) as run:
        assert (run.encoding, run.last_line) == ("utf-8", 0)
        run.add(step(3, settled=2))
    with pytest.raises(FileError, match="--encoding utf-8"):
        begin(path, "gb18030")


def test_a_run_of_which_nothing_left_takes_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    begin(path, "utf-8").close()
    with begin(path, "gb18030") as run:
        run.add(step(3, settled=2))
    with begin(path, "gb18030") as run:
        assert run.last_line == 3


def test_what_was_malformed_is_tried_again_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    with begin(path, "utf-8") as run:
        run.sending()
        run.add(step(5, settled=2, malformed=3))
        run.finish()
    with begin(path, "gb18030") as run:
        assert (run.last_line, run.finished) == (0, False)
        assert run.settled_lines == frozenset({1, 2})


def test_claims_that_had_ids_of_the_file_in_one_encoding_are_not_forgotten(tmp_path: Path) -> None:
    """In another encoding their lines may be malformed, and no claims; they stay settled."""
    path = tmp_path / "claims.csv"
    with begin(path, "gb18030", own_ids=False) as run:
        run.sending()
        run.add(step(5, settled=2, malformed=1))
        run.finish()
    with begin(path, "utf-8", own_ids=True) as run:
        run.finish()
    with pytest.raises(FileError, match="was changed"):
        Run(path, "e" * 64, own_ids=True)


def test_results_are_parquet_as_soon_as_the_run_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    with begin(path, "utf-8") as run:
        run.add(step(5, settled=2, refused=1))
        run.finish()
        made = run.write_parquet()
    with made.with_name("results.csv").open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    table = parquet.read_table(made)
    money = [name for name in table.schema.names if name.endswith("_fen")]
    assert {str(table.schema.field(name).type) for name in (*money, "line", "settlement_id")} == {
        "int64"
    }
    assert [name.removesuffix("_fen") for name in table.schema.names] == list(RESULT_COLUMNS)
    assert len(money) == len(RESULT_COLUMNS) - 9
    rows = table.to_pylist()
    assert [row["cash_fen"] for row in rows] == [-105, -205]
    assert [row["total_fen"] for row in rows] == [110, 210]
    assert [row["settlement_id"] for row in rows] == [10**12 + 1, 10**12 + 2]
    for name in ("institution", "request_id", "outcome", "reason", "benefit", "plan"):
        assert [row[name] for row in rows] == [row[name] for row in lines]
    # Another pass: the old results are not left beside the new ones.
    with begin(path, "utf-8") as run:
        assert not made.exists()
        run.finish()
        assert parquet.read_metadata(run.write_parquet()).num_rows == 2


def test_results_that_cannot_be_written_leave_nothing_half_done(tmp_path: Path) -> None:
    source = tmp_path / "results.csv"
    source.write_text("line,total\n1,2.00\n")
    with pytest.raises(RunError, match="run the same command again"):
        write_results(source, tmp_path / "no" / "results.parquet", ["total"], ["line"])
    assert list(tmp_path.iterdir()) == [source]
