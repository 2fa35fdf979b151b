"""A file through a lane: malformed rows, refusals, breaks at every point, changed files."""

import contextlib
import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from clients import gateway
from clients.answers import Outcome
from clients.clock import Clock
from clients.errors import FileError, NotSent, RunError, UnknownOutcome
from clients.files import have_own_ids
from clients.run import Run
from clients.table import file_digest
from engine.domain.claim import Claim
from tests.support.fake_server import FakeServer

HEADING = "request_id,institution,member,date,in_scope\n"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "BATCH_CLAIMS", 3)


def make(folder: Path, rows: int, bad: Sequence[int] = ()) -> Path:
    path = folder / "claims.csv"
    lines = [
        f"R{n},H1,M{n},2024-03-05,{'x' if n in bad else f'{n}.00'}\n" for n in range(1, rows + 1)
    ]
    path.write_text(HEADING + "".join(lines))
    return path


def settle(path: Path, server: FakeServer, *, again: bool = False) -> Counter[str]:
    digest = file_digest(path)
    with Run(path, digest, own_ids=have_own_ids(path), again=again) as run:
        gateway.settle_file(path, digest, run, server)
        return Counter(run.counts)


def output(path: Path, name: str) -> list[dict[str, str]]:
    with path.with_name(path.name + ".gongji").joinpath(f"{name}.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_a_batch_carries_no_more_lines_than_a_message_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "_BATCH_LINES", 5)
    path = tmp_path / "claims.jsonl"
    line, sizes = {"class": "A", "amount": "1.00"}, []

    class Watched(FakeServer):
        def settle(self, batches: Iterable[Sequence[Claim]]) -> Iterator[Sequence[Outcome]]:
            for batch in batches:
                sizes.append([len(claim.lines) for claim in batch])
                yield from super().settle([batch])

    with path.open("w") as stream:
        for number, count in enumerate((2, 3, 1, 6, 0, 5, 1)):
            record = {"request_id": f"R{number}", "institution": "H1", "member": "M1"}
            bill = {"lines": [line] * count} if count else {"in_scope": "1.00"}
            stream.write(json.dumps(record | {"date": "2024-03-05"} | bill) + "\n")
    assert settle(path, Watched())["settled"] == 7
    assert sizes == [[2, 3, 1], [6], [0, 5, 1]]


def test_malformed_and_refused_rows_do_not_keep_the_rest(tmp_path: Path) -> None:
    path = make(tmp_path, 10, bad=(4, 5))
    path.write_text(path.read_text().replace("M7,", "nobody,").replace("M8,", "odd,"))
    counts = settle(path, FakeServer())
    assert (counts["settled"], counts["refused"], counts["malformed"]) == (6, 1, 3)
    assert counts["refused.MEMBER_UNKNOWN"] == 1
    assert [row["request_id"] for row in output(path, "results")] == [
        f"R{n}" for n in (1, 2, 3, 6, 9, 10)
    ]
    refusals = output(path, "refusals")
    assert [(row["line"], row["column"], row["code"]) for row in refusals] == [
        ("5", "in_scope", "MALFORMED"),
        ("6", "in_scope", "MALFORMED"),
        ("8", "", "MEMBER_UNKNOWN"),
        ("9", "date", "MALFORMED"),
    ]
    assert all(row["expected"] for row in refusals)


def test_a_result_has_every_part_in_yuan(tmp_path: Path) -> None:
    path = make(tmp_path, 1)
    settle(path, FakeServer())
    (row,) = output(path, "results")
    assert (row["total"], row["cash"], row["over_cap"]) == ("1.00", "1.00", "0.03")
    assert (row["line"], row["settlement_id"], row["benefit"]) == ("2", "1", "ordinary")


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("when", ["break_before", "break_after"])
def test_after_a_break_the_rest_is_settled_and_nothing_twice(
    tmp_path: Path, when: str, at: int
) -> None:
    path = make(tmp_path, 11, bad=(2, 7))
    server = FakeServer()
    setattr(server, when, at)
    with pytest.raises(UnknownOutcome):
        settle(path, server)
    counts = settle(path, server)
    assert len(server.applied) == 9
    assert counts["settled"] + counts.get("replayed", 0) == 9
    assert counts["malformed"] == 2
    assert counts["sum.total"] == sum(n * 100 for n in range(1, 12) if n not in (2, 7))
    assert [row["line"] for row in output(path, "results")] == [
        str(n + 1) for n in range(1, 12) if n not in (2, 7)
    ]
    assert len(output(path, "refusals")) == 2


@pytest.mark.parametrize("crash", ["results", "refusals", "run"])
def test_a_crash_while_writing_leaves_no_line_twice(
    tmp_path: Path, crash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path, 8, bad=(5,))
    server = FakeServer()
    calls = 0
    real = os.fsync

    def fsync(file: int) -> None:
        nonlocal calls
        real(file)
        name = os.readlink(f"/proc/self/fd/{file}")
        calls += f"{crash}." in name
        if calls == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with contextlib.suppress(KeyboardInterrupt):
            settle(path, server)
    settle(path, server)
    assert [row["request_id"] for row in output(path, "results")] == [
        f"R{n}" for n in (1, 2, 3, 4, 6, 7, 8)
    ]
    assert [row["line"] for row in output(path, "refusals")] == ["6"]
    assert len(server.applied) == 7


def test_a_finished_file_is_not_sent_again(tmp_path: Path) -> None:
    path = make(tmp_path, 4)
    server = FakeServer()
    first = settle(path, server)
    batches = server.batches
    for _ in range(2):
        again = settle(path, server)
        assert (again["settled"], again["replayed"]) == (0, 4)
        assert again["sum.total"] == first["sum.total"]
    assert server.batches == batches
    with Run(path, file_digest(path)) as run:
        assert run.earlier is not None
        assert (run.earlier.settled, run.earlier.refused) == (4, 0)


@pytest.mark.parametrize("stop", [False, True])
def test_refused_lines_are_tried_again_and_settled_ones_are_not(tmp_path: Path, stop: bool) -> None:
    path = make(tmp_path, 11, bad=(4,))
    path.write_text(path.read_text().replace("M7,", "nobody,").replace("M9,", "odd,"))
    server = FakeServer()
    first = settle(path, server)
    assert (first["settled"], first["refused"], first["malformed"]) == (8, 1, 2)
    server.known.update(("nobody", "odd"))
    server.sent.clear()
    if stop:
        server.break_after = server.batches
        with pytest.raises(UnknownOutcome):
            settle(path, server)
    counts = settle(path, server)
    assert set(server.sent) == {"R7", "R9"}
    assert counts["settled"] + counts["replayed"] == 10
    assert counts["settled"] == (0 if stop else 2)
    assert (counts["refused"], counts["malformed"]) == (0, 1)
    assert counts["sum.total"] == sum(n * 100 for n in range(1, 12) if n != 4)
    assert sorted(int(row["line"]) for row in output(path, "results")) == [
        n + 1 for n in range(1, 12) if n != 4
    ]
    assert [row["line"] for row in output(path, "refusals")] == ["5"]


def test_again_asks_for_every_answer_under_the_same_ids(tmp_path: Path) -> None:
    path = without_ids(make(tmp_path, 4))
    server = FakeServer()
    settle(path, server)
    counts = settle(path, server, again=True)
    assert (counts["settled"], counts["replayed"], len(server.applied)) == (0, 4, 4)
    assert len(output(path, "results")) == 4


def without_ids(path: Path) -> Path:
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line.partition(",")[2] for line in lines) + "\n")
    return path


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("broken", [False, True])
def test_a_changed_file_is_refused_if_a_claim_lives_by_its_digest(
    tmp_path: Path, again: bool, broken: bool
) -> None:
    path = make(tmp_path, 4)
    own = path.read_text()
    server = FakeServer()
    without_ids(path)
    if broken:
        server.break_after = 0
        with pytest.raises(UnknownOutcome):
            settle(path, server)
    else:
        settle(path, server)
    sent = len(server.sent)
    # Whether the changed claims have ids of their own or not, the old ones had none.
    for changed in (path.read_text() + "H1,M9,2024-03-05,1.00\n", own):
        path.write_text(changed)
        with pytest.raises(FileError, match=r"settled twice.*new file"):
            settle(path, server, again=again)
    assert len(server.sent) == sent


@pytest.mark.parametrize("again", [False, True])
def test_a_file_in_which_every_claim_has_an_id_may_change(tmp_path: Path, again: bool) -> None:
    path = make(tmp_path, 4, bad=(2,))
    server = FakeServer()
    settle(path, server)
    path.write_text(path.read_text().replace(",x\n", ",2.00\n") + "R9,H1,M9,2024-03-05,1.00\n")
    counts = settle(path, server, again=again)
    assert (counts["settled"], counts["replayed"], counts["malformed"]) == (2, 3, 0)
    assert len(output(path, "results")) == 5
    assert output(path, "refusals") == []
    without_ids(path)
    with pytest.raises(FileError, match="settled twice"):
        settle(path, server, again=again)


def test_what_was_never_sent_is_no_hindrance_to_a_mended_file(tmp_path: Path) -> None:
    path = without_ids(make(tmp_path, 3, bad=(1, 2, 3)))
    server = FakeServer()
    assert settle(path, server)["malformed"] == 3
    without_ids(make(tmp_path, 3))
    server.absent = True
    with pytest.raises(NotSent):
        settle(path, server)
    path.write_text(path.read_text() + "H1,M9,2024-03-05,1.00\n")
    server.absent = False
    counts = settle(path, server)
    assert (counts["settled"], counts["malformed"]) == (4, 0)
    assert output(path, "refusals") == []


def test_what_may_have_been_sent_earlier_is_not_forgotten(tmp_path: Path) -> None:
    path = without_ids(make(tmp_path, 3))
    server = FakeServer()
    server.break_after = 0
    with pytest.raises(UnknownOutcome):
        settle(path, server)
    server.absent = True
    with pytest.raises(NotSent):
        settle(path, server)
    path.write_text(path.read_text() + "H1,M9,2024-03-05,1.00\n")
    with pytest.raises(FileError, match="settled twice"):
        settle(path, server)


def test_the_folder_of_another_file_is_not_taken(tmp_path: Path) -> None:
    path = make(tmp_path, 1)
    folder = tmp_path / "out"
    with Run(path, "a", folder=folder) as run:
        run.sending()
    with pytest.raises(FileError, match=r"holds the run of claims\.csv; give another --out"):
        Run(tmp_path / "other.csv", "b", folder=folder)


def test_a_missing_figure_is_named_in_a_column(tmp_path: Path) -> None:
    path = make(tmp_path, 1)
    path.write_text(path.read_text().replace("M1,", "figure,"))
    settle(path, FakeServer())
    (row,) = output(path, "refusals")
    assert (row["code"], row["figure"]) == ("NO_FIGURE", "annual_cap")


def test_two_processes_cannot_settle_one_file(tmp_path: Path) -> None:
    path = make(tmp_path, 1)
    with Run(path, file_digest(path)), pytest.raises(RunError, match="another process"):
        Run(path, file_digest(path))


def test_a_full_disk_is_one_line_and_a_later_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path, 11)
    server = FakeServer()
    digest = file_digest(path)
    with Run(path, digest) as run, monkeypatch.context() as patch:
        run.sending()
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(RunError, match="make room"):
            gateway.settle_file(path, digest, run, server)
    # While the first batch could not be written one more was settled, and none after it.
    assert len(server.applied) == 6
    assert settle(path, server)["replayed"] == 6
    assert len(output(path, "results")) == 11


def test_who_watches_is_told_what_is_written(tmp_path: Path) -> None:
    path, lines = make(tmp_path, 8, bad=(8,)), list[int]()
    clock, digest = Clock(), file_digest(path)
    with Run(path, digest) as run:

        def line(number: int) -> None:
            assert run.last_line == number
            lines.append(number)

        gateway.settle_file(path, digest, run, FakeServer(), gateway.Watcher(line, clock))
    assert lines == [4, 7, 9]
    assert set(clock.spent) == {"read", "settle", "encode", "write"}
    assert min(clock.processor.values()) > 0


def test_a_file_of_bad_rows_only_asks_nothing_of_the_server(tmp_path: Path) -> None:
    path = make(tmp_path, 5, bad=range(1, 6))
    server = FakeServer()
    assert settle(path, server)["malformed"] == 5
    assert not server.applied
    assert len(output(path, "refusals")) == 5
