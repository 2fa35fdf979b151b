"""A file's way through a lane: read, settle in batches, write results and refusals, resume.

A lane is anything that settles batches in order: a bulk stream to a server, or a pipeline in this
process. The loop is the same, and so are the files it writes.
"""

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import compress
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

from clients.answers import Answers, Malformed, Outcome, Refused, answers_of
from clients.clock import Clock
from clients.errors import NotSent, RunError
from clients.files import Block, ClaimRow, claim_column, read_blocks, read_claims
from clients.results import counts_of, results_of
from clients.rows import BadRow
from clients.run import Run, Step
from clients.table import is_parquet
from clients.wire import LINES_MAX
from engine.domain import bill
from engine.domain.claim import Claim
from engine.domain.reasons import Reason

BATCH_CLAIMS: Final = 2_000
_BATCH_BAD: Final = 2_000
_BATCH_LINES: Final = LINES_MAX - bill.LINES_MAX
"""One more claim after so many lines still fits into a message."""

_MALFORMED: Final = "MALFORMED"
_NO_ANSWERS: Final = answers_of([])

WHAT_TO_DO: Final = {
    Reason.INVALID_CLAIM: "amounts not negative that add up to total, an id not used before",
    Reason.MEMBER_UNKNOWN: "a member of the register; gongji register members",
    Reason.INSTITUTION_UNKNOWN: "an institution of the register; gongji register institutions",
    Reason.NO_RULE: "a service date on which a document of the member's city is in force",
    Reason.NO_FIGURE: "the missing operator figure; gongji policy list, gongji policy supply",
    Reason.SPANS_BOUNDARY: "one claim for each side of the year's end or change of status",
    Reason.BENEFIT_NOT_OFFERED: "a benefit that this institution offers",
    Reason.MERGED_INTO_STAY: "settlement together with the inpatient stay",
    Reason.OTHER_SCHEME: "settlement by the scheme that covers it (maternity)",
    Reason.CANCEL_BLOCKED: "the later settlements undone first",
}
"""What is expected where a claim is refused, for the refusal file."""


class Lane(Protocol):
    """Settles batches in their order, one answer for each claim of each batch."""

    def settle(self, batches: Iterable[Sequence[Claim]]) -> Iterator[Sequence[Outcome] | Answers]:
        """Yield the outcomes of each batch, one by one or by columns.

        Batches are taken no further ahead than needed.

        Raises:
            ClientError: it cannot go on; what was not answered has an unknown outcome.
        """
        ...


class Watcher(NamedTuple):
    """Who wants to know of the run as it goes on; a call each."""

    line: Callable[[int], None] = lambda _: None
    """The last line of the file that is answered."""
    clock: Clock | None = None
    """What the stages of the run are timed with."""


class _Batch(NamedTuple):
    lines: Sequence[int]
    claims: Sequence[Claim]
    bad: Sequence[BadRow]
    last_line: int


def settle_file(
    file: Path, digest: str, run: Run, lane: Lane, watcher: Watcher | None = None
) -> None:
    """Settle what is not yet answered of a file, and write down every answer.

    Raises:
        FileError: the file as a whole cannot be used.
        ClientError: server or disk cannot go on; the same call resumes.
    """
    if run.finished:
        return
    watcher = watcher or Watcher()
    clock = watcher.clock or Clock()
    waiting: deque[_Batch] = deque()
    answered = False

    def ahead() -> Iterator[Sequence[Claim]]:
        for batch in clock.each("read", _batches(file, digest, run)):
            waiting.append(batch)
            if batch.claims:
                run.sending()
                yield batch.claims

    with _Recorder(run, watcher.line, clock) as recorder:
        try:
            for outcomes in clock.each("settle", lane.settle(ahead())):
                answered = True
                while not waiting[0].claims:
                    recorder.record(waiting.popleft(), _NO_ANSWERS)
                recorder.record(waiting.popleft(), outcomes)
        except NotSent:
            if not answered:
                run.nothing_sent()
            raise
        while waiting:
            if waiting[0].claims:
                raise RunError("the lane ended before everything was answered; run it again")
            recorder.record(waiting.popleft(), _NO_ANSWERS)
        recorder.wait()
    run.finish()


class _Recorder:
    """Writes what batches came to, one at a time, while the lane is at the next one.

    A thread waits for the disk, which takes as long as settling where a sync takes milliseconds.
    So two answered batches may be lost in a crash in place of one; either is answered again.
    """

    def __init__(self, run: Run, line: Callable[[int], None], clock: Clock) -> None:
        self._run, self._line, self._clock = run, line, clock
        self._pool = ThreadPoolExecutor(1)
        self._written: Future[int] | None = None
        self._last_line = 0

    def record(self, batch: _Batch, outcomes: Sequence[Outcome] | Answers) -> None:
        """Write what a batch came to, as soon as the batch before it is written.

        Raises:
            RunError: the disk refused the batch before, or not every claim is answered.
        """
        with self._clock.stage("encode"):
            answers = outcomes if isinstance(outcomes, Answers) else answers_of(outcomes)
            if answers.claims != len(batch.claims):
                raise RunError(
                    f"{len(batch.claims)} claims were sent and {answers.claims} answered; "
                    "the server is of another version"
                )
            step = _step(batch, answers)
        self.wait()
        self._written = self._pool.submit(self._add, step)
        self._last_line = batch.last_line

    def wait(self) -> None:
        """Return when everything is written.

        Raises:
            RunError: the disk refused.
        """
        if self._written:
            with self._clock.stage("write"):
                processor_ns = self._written.result()
            self._written = None
            self._clock.beside("write", processor_ns)
            self._line(self._last_line)

    def _add(self, step: Step) -> int:
        before = time.thread_time_ns()
        self._run.add(step)
        return time.thread_time_ns() - before

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()


def _batches(file: Path, digest: str, run: Run) -> Iterator[_Batch]:
    if is_parquet(file):
        return _cut(_left(read_blocks(file, digest), run))
    return _gathered(read_claims(file, digest, run.encoding), run)


def _gathered(rows: Iterable[ClaimRow | BadRow], run: Run) -> Iterator[_Batch]:
    lines: list[int] = []
    claims: list[Claim] = []
    bad: list[BadRow] = []
    after = last = run.last_line
    of_bills = 0
    for row in rows:
        if row.line <= after or row.line in run.settled_lines:
            continue
        last = row.line
        if isinstance(row, ClaimRow):
            lines.append(last)
            claims.append(row.claim)
            of_bills += len(row.claim.lines)
        else:
            bad.append(row)
        if len(claims) == BATCH_CLAIMS or len(bad) == _BATCH_BAD or of_bills > _BATCH_LINES:
            yield _Batch(lines, claims, bad, last)
            lines, claims, bad, of_bills = [], [], [], 0
    if claims or bad:
        yield _Batch(lines, claims, bad, last)


def _left(blocks: Iterable[Block], run: Run) -> Iterator[Block]:
    """Yield what is not yet answered of each block."""
    after, settled = run.last_line, run.settled_lines
    for block in blocks:
        if not settled and block.lines and block.lines[0] > after:
            yield block._replace(bad=[row for row in block.bad if row.line > after])
            continue
        left = [line > after and line not in settled for line in block.lines]
        bad = [row for row in block.bad if row.line > after and row.line not in settled]
        yield Block(list(compress(block.lines, left)), list(compress(block.claims, left)), bad)


def _cut(blocks: Iterable[Block]) -> Iterator[_Batch]:
    """Yield the rows of blocks, none of which has lines of a bill, in batches as `_gathered`."""
    lines: list[int] = []
    claims: list[Claim] = []
    bad: list[BadRow] = []
    for block in blocks:
        lines += block.lines
        claims += block.claims
        bad += block.bad
        while len(claims) >= BATCH_CLAIMS or len(bad) >= _BATCH_BAD:
            ends = lines[BATCH_CLAIMS - 1 : BATCH_CLAIMS]
            ends += [row.line for row in bad[_BATCH_BAD - 1 : _BATCH_BAD]]
            last = min(ends)
            at = bisect_right(lines, last)
            bad_at = bisect_right(bad, last, key=attrgetter("line"))
            yield _Batch(lines[:at], claims[:at], bad[:bad_at], last)
            lines, claims, bad = lines[at:], claims[at:], bad[bad_at:]
    if claims or bad:
        ends = [*lines[-1:], *(row.line for row in bad[-1:])]
        yield _Batch(lines, claims, bad, max(ends))


def _step(batch: _Batch, answers: Answers) -> Step:
    refusals = [
        (row.line, row.column, _MALFORMED, row.problem, "", row.record_id, "") for row in batch.bad
    ]
    counts = counts_of(answers)
    counts["malformed"] += len(batch.bad)
    for at, outcome in answers.others.items():
        line, claim = batch.lines[at], batch.claims[at]
        ids = (claim.institution, claim.request_id)
        match outcome:
            case Refused():
                code = outcome.reason.name
                expected = outcome.message or WHAT_TO_DO.get(outcome.reason, "")
                refusals.append((line, "", code, expected, *ids, outcome.figure))
                counts.update({"refused": 1, f"refused.{code}": 1})
            case Malformed():
                column = claim_column(outcome.path)
                refusals.append((line, column, _MALFORMED, outcome.problem, *ids, ""))
                counts["malformed"] += 1
    refusals.sort(key=lambda row: row[0])
    results = results_of(batch.lines, batch.claims, answers)
    return Step(batch.last_line, results, refusals, counts)
