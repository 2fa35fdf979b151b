"""The record of one file's way through a gateway: what is answered, so that a rest can follow.

Beside `claims.csv` stands the folder `claims.csv.gongji`:

    run.jsonl      the heading (digest of the file, server), then a line for each answered batch
    results.csv    one line for each settled claim
    refusals.csv   one line for each claim or line that was not settled: where, why, what to do

A batch counts as answered when its lines are synced in both CSV files and then its own line in
`run.jsonl`. After a break both files are cut back to the last such line and the file's rest is
sent: what was on its way gets its old ids again, which the server applies once. The claims
themselves are not copied: the file is the outbox, and its digest proves that it is the same file.
"""

import csv
import fcntl
import io
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from clients.errors import RunError
from clients.outbox import append_line, load_lines, sync_folder

RESULT_COLUMNS: Final = (
    "line",
    "institution",
    "request_id",
    "settlement_id",
    "outcome",
    "reason",
    "benefit",
    "total",
    "non_covered",
    "over_limit",
    "pre_payment",
    "first_pay",
    "excluded",
    "in_scope",
    "deductible",
    "copay",
    "over_cap",
    "cut_visit",
    "cut_annual",
    "cut_disease",
    "cut_pooled",
    "pooled_fund",
    "large_amount_fund",
    "institution_share",
    "person",
    "account",
    "family_account",
    "cash",
    "plan",
)
REFUSAL_COLUMNS: Final = ("line", "column", "code", "expected", "institution", "request_id")


class Step(NamedTuple):
    """What one batch came to: the last line of the file it covers, lines to write, counts."""

    last_line: int
    results: Sequence[Sequence[str | int]]
    refusals: Sequence[Sequence[str | int]]
    counts: Counter[str]
    """`settled`, `replayed`, `refused`, `malformed`, `refused.CODE`, and sums in fen."""


class Run:
    """The run of one file; a second process on the same file is refused.

    Raises:
        RunError: the file changed since its run began, another process is at it, or the record is
            damaged.
    """

    def __init__(self, file: Path, digest: str, *, folder: Path | None = None) -> None:
        self.folder = folder or file.with_name(file.name + ".gongji")
        self.counts: Counter[str] = Counter()
        self.last_line = 0
        self.resumed = False
        self.finished = False
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._journal = self._open("run.jsonl", os.O_APPEND)
            sync_folder(self.folder.parent)
        except OSError as error:
            raise RunError(f"{self.folder}: {error.strerror}; give --out FOLDER") from None
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._journal)
            raise RunError(f"{file}: another process is settling this file; wait for it") from None
        try:
            self._begin(file, digest)
        except BaseException:
            os.close(self._journal)
            raise

    def _begin(self, file: Path, digest: str) -> None:
        try:
            records = load_lines(self._journal)
        except ValueError:
            raise RunError(f"{self.folder}: run.jsonl is damaged; keep it for inquiry") from None
        sizes = {"results": 0, "refusals": 0}
        if records:
            self._check_same(file, digest, records[0])
            self.resumed = True
        else:
            append_line(self._journal, {"format": 1, "file": file.name, "digest": digest})
        for record in records[1:]:
            if record.get("finished"):
                self.finished = True
                continue
            sizes = {name: int(str(record[name])) for name in sizes}
            self.last_line = int(str(record["last_line"]))
            counts = record["counts"]
            if isinstance(counts, dict):
                self.counts.update(counts)
        self._results = self._output("results.csv", sizes["results"], RESULT_COLUMNS)
        self._refusals = self._output("refusals.csv", sizes["refusals"], REFUSAL_COLUMNS)
        sync_folder(self.folder)

    def _check_same(self, file: Path, digest: str, heading: dict[str, object]) -> None:
        if heading.get("format") != 1:
            raise RunError(f"{self.folder}: is of another format; give --out FOLDER")
        if heading.get("digest") != digest:
            raise RunError(
                f"{file}: was changed since its run began, and claims without an id of their own "
                "would be settled twice; bring the old content back, or put the new claims alone "
                "into a new file"
            )

    def add(self, step: Step) -> None:
        """Write what a batch came to; when this returns it survives a crash.

        Raises:
            RunError: the disk refused; nothing is lost, the batch is sent again next time.
        """
        try:
            for file, rows in ((self._results, step.results), (self._refusals, step.refusals)):
                _write(file, rows)
            append_line(
                self._journal,
                {
                    "last_line": step.last_line,
                    "results": os.lseek(self._results, 0, os.SEEK_CUR),
                    "refusals": os.lseek(self._refusals, 0, os.SEEK_CUR),
                    "counts": step.counts,
                },
            )
        except OSError as error:
            raise RunError(
                f"{self.folder}: {error.strerror}; make room and run the same command again"
            ) from None
        self.last_line = step.last_line
        self.counts.update(step.counts)

    def finish(self) -> None:
        """Note that the whole file is answered."""
        if not self.finished:
            append_line(self._journal, {"finished": True})
            self.finished = True

    def close(self) -> None:
        """Close the files; another process may go on with the run."""
        for file in (self._results, self._refusals, self._journal):
            os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self, name: str, flags: int) -> int:
        path = self.folder.joinpath(name)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)

    def _output(self, name: str, size: int, columns: Sequence[str]) -> int:
        file = self._open(name, 0)
        os.ftruncate(file, size)
        os.lseek(file, size, os.SEEK_SET)
        if not size:
            _write(file, [columns])
        return file


def _write(file: int, rows: Iterable[Sequence[str | int]]) -> None:
    """Write CSV lines and sync them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    data = text.getvalue().encode()
    if not data:
        return
    while data:
        data = data[os.write(file, data) :]
    os.fsync(file)
