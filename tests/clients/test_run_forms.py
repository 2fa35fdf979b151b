"""The run of a file: which encoding it goes on in, and its results as CSV and as Parquet."""

import csv
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from clients import result_files
from clients.errors import FileError, RunError
from clients.results import RESULT_AMOUNTS, RESULT_COLUMNS, RESULT_NUMBERS, Words
from clients.run import Run, Step

DIGEST = "d" * 64


def step(last_line: int, **counts: int) -> Step:
    settled = counts.get("settled", 0)
    lines = np.arange(1, settled + 1)
    results: dict[str, Any] = {
        name: lines * 100 + 10
        if name in RESULT_AMOUNTS
        else lines + 10**12 * (name == "settlement_id")
        if name in RESULT_NUMBERS
        else Words(lines % 2, ("ordinary", "special"))
        if name.endswith("benefit")
        else [f"{name} 甲"] * settled
        for name in RESULT_COLUMNS
    }
    results["cash"] = -lines * 100 - 5
    return Step(last_line, results, [], Counter(counts))


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


def in_fen(yuan: str) -> int:
    return int(yuan.replace(".", ""))


def test_results_are_parquet_as_soon_as_the_run_is_finished(tmp_path: Path) -> None:
    made = {}
    for form in ("csv", "parquet"):
        path = tmp_path / f"claims.{form}"
        with begin(path, "utf-8") as run:
            run.add(step(5, settled=2, refused=1))
            run.add(step(6, refused=1))
            run.add(step(9, settled=3))
            run.finish()
            made[form] = run.results()
    with made["csv"].open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    table = parquet.read_table(made["parquet"])
    money = [name for name in table.schema.names if name.endswith("_fen")]
    assert {str(table.schema.field(name).type) for name in (*money, "line", "settlement_id")} == {
        "int64"
    }
    assert [name.removesuffix("_fen") for name in table.schema.names] == list(RESULT_COLUMNS)
    assert len(money) == len(RESULT_COLUMNS) - 9
    assert [row["cash"] for row in lines] == ["-1.05", "-2.05", "-1.05", "-2.05", "-3.05"]
    assert table.to_pylist() == [
        {
            f"{name}_fen" if name in RESULT_AMOUNTS else name: in_fen(text)
            if name in RESULT_AMOUNTS
            else int(text)
            if name in RESULT_NUMBERS
            else text
            for name, text in row.items()
        }
        for row in lines
    ]
    # Another pass: the old results are not left beside the new ones.
    with begin(tmp_path / "claims.parquet", "utf-8") as run:
        assert not made["parquet"].exists()
        run.finish()
        assert parquet.read_metadata(run.results()).num_rows == 5


def test_what_is_kept_for_parquet_is_a_stream_of_arrow_at_any_time(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    kept = tmp_path / "claims.parquet.gongji" / "results.arrows"
    with begin(path, "utf-8") as run:
        for count, together in ((0, 0), (2, 2), (0, 2), (3, 5)):
            run.add(step(5, settled=count))
            with pa.OSFile(str(kept)) as source, pa.ipc.open_stream(source) as stream:
                assert stream.read_all().num_rows == together
        run.finish()
        assert parquet.read_metadata(run.results()).num_rows == 5


def test_row_groups_are_of_whole_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_files, "_GROUP_ROWS", 4)
    with begin(tmp_path / "claims.parquet", "utf-8") as run:
        for n in range(1, 6):
            run.add(step(n, settled=3))
        run.finish()
        found = parquet.read_metadata(run.results())
    assert [found.row_group(n).num_rows for n in range(found.num_row_groups)] == [6, 6, 3]


def test_results_that_cannot_be_written_leave_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with begin(tmp_path / "claims.parquet", "utf-8") as run:
        run.add(step(5, settled=2))
        run.finish()
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space")))
            with pytest.raises(RunError, match="run the same command again"):
                run.results()
        assert not run.folder.joinpath("results.parquet").exists()
        assert parquet.read_metadata(run.results()).num_rows == 2


def test_results_that_are_damaged_say_so(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    with begin(path, "utf-8") as run:
        run.add(step(5, settled=200, refused=1))
        run.finish()
    kept = tmp_path / "claims.parquet.gongji" / "results.arrows"
    data = bytearray(kept.read_bytes())
    data[-200:-100] = b"\xff" * 100
    kept.write_bytes(data)
    with begin(path, "utf-8") as run:
        run.finish()
        with pytest.raises(RunError, match=r"results\.arrows: is damaged; .* --again"):
            run.results()
    kept.write_bytes(b"")
    with pytest.raises(RunError, match=r"results\.arrows: is damaged; .* --again"):
        begin(path, "utf-8")
    with begin(path, "utf-8", again=True) as run:
        run.add(step(5, settled=2))


@pytest.mark.parametrize(("name", "other"), [("claims.parquet", 2), ("claims.csv", 1)])
def test_a_folder_of_another_version_is_not_taken(tmp_path: Path, name: str, other: int) -> None:
    path = tmp_path / name
    begin(path, "utf-8").close()
    journal = tmp_path / f"{name}.gongji" / "run.jsonl"
    heading = json.loads(journal.read_text())
    journal.write_text(json.dumps(heading | {"format": other}) + "\n")
    with pytest.raises(RunError, match="is of another version; give --out FOLDER"):
        begin(path, "utf-8")
    # Of another file, whatever the version of its form: that is what is said.
    another = tmp_path / ("claims.csv" if name.endswith("parquet") else "claims.parquet")
    begin(another, "utf-8").close()
    with pytest.raises(FileError, match=f"holds the run of {another.name}; give another --out"):
        Run(path, "e" * 64, folder=tmp_path / f"{another.name}.gongji")
