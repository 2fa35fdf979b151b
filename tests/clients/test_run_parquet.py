"""A Parquet file through a lane: breaks at every moment, passes, what is left of a batch."""

import csv
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from clients import gateway
from clients.errors import UnknownOutcome
from clients.files import have_own_ids
from clients.run import Run
from clients.table import file_digest
from tests.support.fake_server import FakeServer

ROWS = 17
BAD = (2, 7, 8)
OTHERS: Mapping[int, str] = {5: "nobody", 12: "odd", 13: "figure"}
SETTLED = [n for n in range(1, ROWS + 1) if n not in BAD and n not in OTHERS]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "BATCH_CLAIMS", 3)


def make(folder: Path, *, own_ids: bool = True) -> Path:
    path = folder / "claims.parquet"
    numbers = range(1, ROWS + 1)
    ids = {"request_id": [f"R{n}" for n in numbers]} if own_ids else {}
    columns: dict[str, Any] = {
        **ids,
        "institution": ["H1"] * ROWS,
        "member": [OTHERS.get(n, f"M{n}") for n in numbers],
        "date": pa.array([19_787] * ROWS, pa.date32()),
        "in_scope_fen": pa.array([None if n in BAD else n * 100 for n in numbers], pa.int64()),
    }
    parquet.write_table(pa.table(columns), path)
    return path


def settle(path: Path, server: FakeServer, *, again: bool = False) -> Counter[str]:
    digest = file_digest(path)
    with Run(path, digest, own_ids=have_own_ids(path), again=again) as run:
        gateway.settle_file(path, digest, run, server)
        run.results()
        return Counter(run.counts)


def results(path: Path) -> list[dict[str, Any]]:
    folder = path.with_name("claims.parquet.gongji")
    found: list[dict[str, Any]] = parquet.read_table(folder / "results.parquet").to_pylist()
    return found


def refusals(path: Path) -> list[tuple[int, str]]:
    with path.with_name("claims.parquet.gongji").joinpath("refusals.csv").open() as stream:
        return [(int(row["line"]), row["code"]) for row in csv.DictReader(stream)]


REFUSALS = [
    (2, "MALFORMED"),
    (5, "MEMBER_UNKNOWN"),
    (7, "MALFORMED"),
    (8, "MALFORMED"),
    (12, "MALFORMED"),
    (13, "NO_FIGURE"),
]


def check(path: Path, server: FakeServer, counts: Counter[str]) -> None:
    assert [row["line"] for row in results(path)] == SETTLED
    assert [row["total_fen"] for row in results(path)] == [n * 100 for n in SETTLED]
    assert refusals(path) == REFUSALS
    assert len(server.applied) == len(SETTLED)
    assert counts["settled"] + counts["replayed"] == len(SETTLED)
    assert (counts["refused"], counts["malformed"]) == (2, 4)
    assert counts["sum.total"] == 100 * sum(SETTLED)


@pytest.mark.parametrize("own_ids", [True, False])
@pytest.mark.parametrize("when", ["break_before", "break_after"])
@pytest.mark.parametrize("at", range(5))
def test_after_a_break_the_rest_is_settled_and_nothing_twice(
    tmp_path: Path, when: str, at: int, own_ids: bool
) -> None:
    path = make(tmp_path, own_ids=own_ids)
    server = FakeServer()
    setattr(server, when, at)
    with pytest.raises(UnknownOutcome):
        settle(path, server)
    assert not path.with_name("claims.parquet.gongji").joinpath("results.parquet").exists()
    check(path, server, settle(path, server))


def synced(monkeypatch: pytest.MonkeyPatch, die_at: int) -> list[str]:
    """End the process, as it were, at a sync; return the files that were synced before."""
    names: list[str] = []
    real = os.fsync

    def fsync(file: int) -> None:
        real(file)
        names.append(Path(os.readlink(f"/proc/self/fd/{file}")).name)
        if len(names) == die_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fsync)
    return names


def test_a_crash_at_any_sync_leaves_no_line_twice_and_none_out(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        names = synced(patch, 0)
        folder = tmp_path / "whole"
        folder.mkdir()
        settle(make(folder), FakeServer())
    assert {"run.jsonl", "results.arrows", "refusals.csv", "results.parquet.new"} < set(names)
    for die_at in range(1, len(names) + 1):
        folder = tmp_path / str(die_at)
        folder.mkdir()
        path, server = make(folder), FakeServer()
        with pytest.MonkeyPatch.context() as patch:
            synced(patch, die_at)
            with pytest.raises(KeyboardInterrupt):
                settle(path, server)
        check(path, server, settle(path, server))


@pytest.mark.parametrize("torn", [b"\xff", b"\xff\xff\xff\xff\x10\x03", b"\0" * 700])
def test_what_is_left_of_a_batch_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    path, server = make(tmp_path), FakeServer()
    server.break_after = 2
    with pytest.raises(UnknownOutcome):
        settle(path, server)
    for name in ("results.arrows", "refusals.csv"):
        with path.with_name("claims.parquet.gongji").joinpath(name).open("ab") as stream:
            stream.write(torn)
    check(path, server, settle(path, server))


def test_a_second_run_tries_what_was_refused_and_adds_it(tmp_path: Path) -> None:
    path, server = make(tmp_path), FakeServer()
    settle(path, server)
    server.known.update(("nobody", "odd"))
    server.sent.clear()
    counts = settle(path, server)
    assert server.sent == ["R5", "R12", "R13"]
    assert (counts["settled"], counts["replayed"]) == (2, len(SETTLED))
    assert [row["line"] for row in results(path)] == [*SETTLED, 5, 12]
    assert refusals(path) == [(2, "MALFORMED"), (7, "MALFORMED"), (8, "MALFORMED"), REFUSALS[-1]]


def test_again_asks_for_every_answer_anew(tmp_path: Path) -> None:
    path, server = make(tmp_path, own_ids=False), FakeServer()
    settle(path, server)
    counts = settle(path, server, again=True)
    assert (counts["settled"], counts["replayed"]) == (0, len(SETTLED))
    check(path, server, counts)
    assert {row["outcome"] for row in results(path)} == {"replayed"}


def test_a_file_of_which_nothing_is_settled_has_results_without_rows(tmp_path: Path) -> None:
    path = make(tmp_path)
    table = parquet.read_table(path)
    parquet.write_table(table.filter(pa.compute.is_null(table["in_scope_fen"])), path)
    for _ in range(2):
        assert settle(path, FakeServer())["malformed"] == len(BAD)
        assert results(path) == []
