"""The record of one file's way through a gateway: what is answered, so that a rest can follow.

Beside `claims.csv` stands the folder `claims.csv.gongji`:

    run.jsonl      the heading (digest of the file, encoding), then a line for each answered batch
    results.csv    one line for each settled claim; `results.arrows` where the file is Parquet
    refusals.csv   one line for each claim or line that was not settled: where, why, what to do

Where the file is Parquet, `results.parquet` is made of `results.arrows` as soon as the whole file
is answered; until then there is none.

A batch counts as answered when its part of results and refusals is synced and then its own line in
`run.jsonl`. After a break both files are cut back to the last such line and the file's rest is
sent: what was on its way gets its old ids again, which the server applies once. The claims
themselves are not copied: the file is the outbox, and its digest proves that it is the same file.

A finished file may go its way again, in a new pass: of the lines that were not settled, or of all.
A changed file may do so only if no claim, before and after, lives by an id made from the file's
digest: such a claim would get another id, and be settled twice.
"""

import datetime
import fcntl
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from clients.errors import FileError, RunError
from clients.lines import UTF_8
from clients.outbox import append_line, load_lines, sync_folder
from clients.result_files import csv_lines, result_file, run_format
from clients.results import Results

REFUSAL_COLUMNS: Final = (
    "line",
    "column",
    "code",
    "expected",
    "institution",
    "request_id",
    "figure",
)

_ALL: Final = "all"
_REST: Final = "rest"


class Step(NamedTuple):
    """What one batch came to: the last line of the file it covers, what to write, counts."""

    last_line: int
    results: Results
    refusals: Sequence[Sequence[str | int]]
    counts: Counter[str]
    """`settled`, `replayed`, `refused`, `malformed`, `refused.CODE`, and sums in fen."""


class Earlier(NamedTuple):
    """What the passes before this one came to."""

    date: str
    settled: int
    refused: int
    malformed: int


@dataclass(slots=True)
class _State:
    """Where a run stands, from its journal."""

    heading: dict[str, Any] = field(default_factory=dict)
    """`digest` of the file, the `encoding` it is read in, and `own_ids`: whether every claim of it
    has an id of its own."""
    sent: bool = False
    last_line: int = 0
    sizes: dict[str, int] = field(default_factory=lambda: {"results": 0, "refusals": 0})
    counts: Counter[str] = field(default_factory=Counter)
    finished: str = ""
    """The day on which the whole file was answered."""
    earlier: Earlier | None = None

    def take(self, record: dict[str, Any]) -> None:
        """Go on by one record of the journal."""
        if "sending" in record:
            self.sent = bool(record["sending"])
        elif "finished" in record:
            self.finished = str(record["finished"])
        elif "pass" in record:
            self._begin_pass(record)
        else:
            self.sizes = {name: int(record[name]) for name in self.sizes}
            self.last_line = int(record["last_line"])
            self.counts.update(record["counts"])

    def _begin_pass(self, record: dict[str, Any]) -> None:
        if record["pass"] == _ALL:
            self.counts.clear()
            self.sizes, self.earlier = {"results": 0, "refusals": 0}, None
        else:
            self.look_back()
            self.sizes["refusals"] = 0
            for name in list(self.counts):
                if name == "malformed" or name.partition(".")[0] == "refused":
                    del self.counts[name]
        self.heading |= {name: record[name] for name in ("digest", "own_ids")}
        self.heading["encoding"] = record.get("encoding", UTF_8)
        self.last_line, self.finished = 0, ""

    def look_back(self) -> None:
        """Count what was settled so far as settled before."""
        settled = self.counts["settled"] + self.counts["replayed"]
        refused, malformed = self.counts["refused"], self.counts["malformed"]
        self.earlier = Earlier(self.finished, settled, refused, malformed)
        self.counts["settled"], self.counts["replayed"] = 0, settled


class Run:
    """The run of one file; a second process on the same file is refused.

    Raises:
        FileError: the file changed since its run began, and some claim would be settled twice; or
            it is to be read in another encoding before the run is finished.
        RunError: another process is at it, or what is kept of it is damaged.
    """

    def __init__(
        self,
        file: Path,
        digest: str,
        *,
        folder: Path | None = None,
        own_ids: bool = False,
        again: bool = False,
        encoding: str = UTF_8,
    ) -> None:
        """Begin a run, go on with one, or begin a new pass of one that is finished.

        Args:
            file: The file, for messages.
            digest: Its digest.
            folder: Where the run is kept; None: beside the file.
            own_ids: Whether every claim of the file has an id of its own.
            again: Ask for every answer anew.
            encoding: In which the file is read, `utf-8` or `gb18030`.
        """
        self.folder = folder or file.with_name(file.name + ".gongji")
        self._heading = {"digest": digest, "own_ids": own_ids, "encoding": encoding}
        self._form = result_file(file)
        self._state = _State()
        self._first_sent = False
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
            self._begin(file, again)
        except BaseException:
            os.close(self._journal)
            raise

    @property
    def encoding(self) -> str:
        """In which the file is read."""
        return str(self._heading["encoding"])

    @property
    def counts(self) -> Counter[str]:
        """What the file came to so far, as in `Step`."""
        return self._state.counts

    @property
    def last_line(self) -> int:
        """The last line that is answered in this pass."""
        return self._state.last_line

    @property
    def finished(self) -> bool:
        """Whether the whole file is answered."""
        return bool(self._state.finished)

    @property
    def earlier(self) -> Earlier | None:
        """What was answered before this pass, None if it is the first."""
        return self._state.earlier

    def _begin(self, file: Path, again: bool) -> None:
        state = self._state
        try:
            records = load_lines(self._journal)
            heading = records[0] if records else {}
            expected = run_format(Path(str(heading.get("file", file))))
            if heading.get("format", expected) != expected:
                raise RunError(f"{self.folder}: is of another version; give --out FOLDER")
            state.heading |= heading
            for record in records[1:]:
                state.take(record)
        except (ValueError, KeyError, TypeError):
            raise RunError(f"{self.folder}: run.jsonl is damaged; keep it for inquiry") from None
        if not records:
            state.heading = {"format": self._form.format, "file": file.name, **self._heading}
            append_line(self._journal, state.heading)
        elif kind := self._next_pass(file, again):
            record = {"pass": kind, **self._heading}
            if state.heading.get("digest") == record["digest"]:
                # Read in another encoding the same file may have other claims: those without an
                # id of their own stay settled under the ids they were given.
                record["own_ids"] = record["own_ids"] and state.heading["own_ids"]
            append_line(self._journal, record)
            state.take(record)
        elif state.finished:
            state.look_back()
        if not state.finished:
            self.folder.joinpath("results.parquet").unlink(missing_ok=True)
        self._results = self._output(self._form.name, state.sizes["results"], self._form.heading())
        self._refusals = self._output(
            "refusals.csv", state.sizes["refusals"], csv_lines([REFUSAL_COLUMNS])
        )
        sync_folder(self.folder)
        self.settled_lines = self._settled_lines() if state.earlier else frozenset()

    def _next_pass(self, file: Path, again: bool) -> str:
        """Return which lines a new pass is for, empty if the last one goes on or is enough."""
        state = self._state
        if state.heading.get("digest") == self._heading["digest"]:
            if again:
                return _ALL
            if not state.finished:
                return self._same_encoding(file)
            return _REST if state.counts["refused"] or state.counts["malformed"] else ""
        if state.heading.get("file") != file.name:
            raise FileError(
                f"{self.folder}: holds the run of {state.heading.get('file')}; give another --out"
            )
        if state.sent and not (state.heading.get("own_ids") and self._heading["own_ids"]):
            raise FileError(
                f"{file}: was changed since its run began, and has or had claims without a "
                "request_id of their own, which would be settled twice: bring the old content "
                "back, or put new and mended lines alone into a new file"
            )
        return _ALL

    def _same_encoding(self, file: Path) -> str:
        """Return which lines a new pass of an unfinished run is for: none, it goes on as it was."""
        begun = self._state.heading.get("encoding", UTF_8)
        if begun == self.encoding:
            return ""
        if not self._state.sent and not self._state.last_line:
            return _ALL
        raise FileError(
            f"{file}: its run began with --encoding {begun}; finish it with the same, "
            "or give --again to ask for every answer anew"
        )

    def _settled_lines(self) -> frozenset[int]:
        """Return the lines of the file that need not be sent again."""
        return self._form.lines(self.folder.joinpath(self._form.name))

    def sending(self) -> None:
        """Note that claims of the file may have been sent from now on."""
        if not self._state.sent:
            self._append({"sending": True})
            self._state.sent = True
            self._first_sent = True

    def nothing_sent(self) -> None:
        """Take the note back that this process made: nothing of the file ever left it."""
        if self._first_sent:
            self._append({"sending": False})
            self._state.sent = self._first_sent = False

    def add(self, step: Step) -> None:
        """Write what a batch came to; when this returns it survives a crash.

        Raises:
            RunError: the disk refused; nothing is lost, the batch is sent again next time.
        """
        try:
            _write(self._results, self._form.encoded(step.results))
            _write(self._refusals, csv_lines(step.refusals))
        except OSError as error:
            raise self._refused(error) from None
        record = {
            "last_line": step.last_line,
            "results": os.lseek(self._results, 0, os.SEEK_CUR),
            "refusals": os.lseek(self._refusals, 0, os.SEEK_CUR),
            "counts": step.counts,
        }
        self._append(record)
        self._state.take(record)

    def results(self) -> Path:
        """Return where the results of a finished run are; Parquet is made if it is not there yet.

        Raises:
            RunError: the disk refused, run the same command again; or what is kept is damaged.
        """
        return self._form.finished(self.folder.joinpath(self._form.name))

    def finish(self) -> None:
        """Note that the whole file is answered."""
        if not self.finished:
            self._state.finished = datetime.datetime.now().astimezone().date().isoformat()
            self._append({"finished": self._state.finished})

    def _append(self, record: dict[str, Any]) -> None:
        try:
            append_line(self._journal, record)
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> RunError:
        return RunError(
            f"{self.folder}: {error.strerror}; make room and run the same command again"
        )

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

    def _output(self, name: str, size: int, heading: bytes) -> int:
        file = self._open(name, 0)
        os.ftruncate(file, size)
        os.lseek(file, size, os.SEEK_SET)
        if not size:
            _write(file, heading)
        return file


def _write(file: int, data: bytes) -> None:
    """Append to a file and sync it."""
    if not data:
        return
    while data:
        data = data[os.write(file, data) :]
    os.fsync(file)
