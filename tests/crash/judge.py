"""What a crash left of a ledger, held against what was answered before it."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.domain.journal import Segment, SegmentKind
from engine.domain.layout import Array
from engine.domain.reasons import Detail
from engine.domain.request import (
    Accepted,
    Answer,
    BatchAnswer,
    Cancel,
    Found,
    NothingToReverse,
    Request,
    Reverse,
    SettleBatch,
    Undone,
)
from engine.errors import InvariantBroken, StoreError
from engine.pipeline import Pipeline
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store
from engine.verify.history import Asked, Event, HistoryReport, Outcome, Told, check_history, settled
from tests.crash.workload import Recording, Step, instant_of, open_pipeline

MUST_BE_ZERO = ("unreadable", "lost", "doubled", "changed", "torn", "findings", "diverged")
"""A store that does not open; answered and not there; applied twice; other amounts, or another
answer on repetition; a step in part; findings of `verify_store`; a rest of the workload that
went on otherwise than it had."""

Verdict = Counter[str]


def judge(
    path: Path, run: Recording, answered: int, *, go_on: bool, vfs: str | None = None
) -> Verdict:
    """Recover a store and hold it against the recording.

    Args:
        path: of the store.
        run: what happened to it.
        answered: how many steps were answered before the crash.
        go_on: whether to play the rest of the workload on the recovered ledger.
        vfs: that the store is opened through.
    """
    verdict: Verdict = Counter(images=1)
    try:
        pipeline, store = open_pipeline(path, vfs)
    except (StoreError, InvariantBroken):
        verdict["unreadable"] += 1
        return verdict
    try:
        _check_journal(verdict, run, store, answered)
        verdict["findings"] += verify_store(store).finding_count
        present = bisect.bisect_right([step.sequence for step in run.steps], store.sequence)
        verdict["unanswered_present"] += max(0, present - answered)
        if present >= answered:
            _ask_again(verdict, run.steps[:present], pipeline, store)
            if go_on:
                _go_on(verdict, run, present, pipeline, store)
    finally:
        pipeline.close()
    return verdict


def count_history(verdict: Verdict, report: HistoryReport) -> None:
    """Add the counts of the shared checker."""
    verdict["lost"] += report.acked_missing
    verdict["doubled"] += report.applied_twice
    verdict["changed"] += report.answer_changed + report.content_changed
    verdict["changed"] += report.refused_but_present
    verdict["torn"] += report.never_sent


def _check_journal(verdict: Verdict, run: Recording, store: SqliteStore, answered: int) -> None:
    """Compare the journal with what clients saw, and with the recorded one, of which it is part."""
    events = [
        event
        for number, step in enumerate(run.steps)
        for event in _events(step, answered=number < answered)
    ]
    count_history(verdict, check_history(events, store))
    journal = [segment for _, segment in store.segments(0, 0)]
    verdict["changed"] += journal != run.journal[: len(journal)]
    ends = {0, *(step.sequence for step in run.steps)}
    verdict["torn"] += store.sequence not in ends
    expected = sum(
        1
        for step in run.steps[:answered]
        for answer in step.answers
        if isinstance(answer, Accepted) and answer.count
    )
    verdict["lost"] += max(0, expected - sum(map(_is_register, journal)))


def _is_register(segment: Segment) -> bool:
    return segment.kind not in (SegmentKind.ENTRIES, SegmentKind.PLAN)


def _events(step: Step, *, answered: bool) -> Iterator[Event]:
    """Yield what the clients of a step saw, as far as ids are concerned."""
    for request, answer in zip(step.requests, step.answers, strict=True):
        match request:
            case SettleBatch(claims, False):
                assert isinstance(answer, BatchAnswer)
                for row, claim in enumerate(claims):
                    told = _told_of_row(answer, row) if answered else None
                    yield Event(Asked.SETTLE, claim.institution, claim.request_id, claim, told)
            case Cancel():
                told = _told_of_undo(answer) if answered else None
                yield Event(Asked.CANCEL, request.institution, request.request_id, None, told)
            case Reverse():
                told = _told_of_undo(answer) if answered else None
                yield Event(Asked.REVERSE, request.institution, request.request_id, None, told)


def _told_of_row(answer: BatchAnswer, row: int) -> Outcome:
    if row in answer.refusals or row in answer.errors:
        return Outcome(Told.REFUSED)
    return settled(answer.entries[row])


def _told_of_undo(answer: Answer) -> Outcome:
    if isinstance(answer, Undone):
        return settled(answer.entry.record)
    if isinstance(answer, NothingToReverse) and answer.tombstone:
        return Outcome(Told.BARRED, answer.tombstone)
    return Outcome(Told.REFUSED)


# --- the same requests again -------------------------------------------------------------


def _ask_again(
    verdict: Verdict, steps: Sequence[Step], pipeline: Pipeline, store: SqliteStore
) -> None:
    """Repeat what changed the ledger: nothing may be booked, every answer must be as it was."""
    before, undone = store.sequence, undone_positions(steps)
    for step in steps:
        for request, answer in zip(step.requests, step.answers, strict=True):
            if isinstance(request, SettleBatch) and isinstance(answer, BatchAnswer):
                if not request.preview:
                    _settle_again(verdict, request, answer, undone, pipeline)
            elif isinstance(answer, Undone | NothingToReverse):
                again = pipeline.run([request], instant_of(0))[0]
                verdict["repeated"] += 1
                verdict["changed"] += not _as_told(request, answer, again)
    verdict["doubled"] += store.sequence - before


def undone_positions(steps: Sequence[Step]) -> set[int]:
    """Return the positions of the settlements that were taken back."""
    return {
        int(answer.entry.record["link"]["undoes"])
        for step in steps
        for answer in step.answers
        if isinstance(answer, Undone)
    }


def _settle_again(
    verdict: Verdict,
    request: SettleBatch,
    answer: BatchAnswer,
    undone: set[int],
    pipeline: Pipeline,
) -> None:
    """Send the claims of a batch that were settled once more."""
    rows = [
        row
        for row in range(len(request.claims))
        if row not in answer.refusals and row not in answer.errors
    ]
    if not rows:
        return
    again = pipeline.run([SettleBatch([request.claims[row] for row in rows])], instant_of(0))[0]
    assert isinstance(again, BatchAnswer)
    verdict["repeated"] += len(rows)
    for n, row in enumerate(rows):
        first: Array = answer.entries[row]
        if int(first["link"]["position"]) in undone:
            refused = again.refusals.get(n)
            verdict["changed"] += refused is None or refused.detail != Detail.UNDONE
        else:
            same = n in again.replayed and again.entries[n].tobytes() == first.tobytes()
            verdict["changed"] += not same


def _as_told(request: Request, first: Answer, again: Answer) -> bool:
    """Whether an undo is answered as it was the first time."""
    if isinstance(first, Undone) and isinstance(again, Undone):
        return again.replayed and _same_undo(first, again)
    if isinstance(first, NothingToReverse) and isinstance(again, NothingToReverse):
        replayed = again.replayed or not first.tombstone
        return replayed and again.tombstone == first.tombstone
    assert isinstance(request, Cancel | Reverse)
    return False


def _same_undo(first: Undone, again: Undone) -> bool:
    same = first.entry.record.tobytes() == again.entry.record.tobytes()
    return same and first.entry[1:] == again.entry[1:]


# --- going on ----------------------------------------------------------------------------


def _go_on(
    verdict: Verdict, run: Recording, present: int, pipeline: Pipeline, store: SqliteStore
) -> None:
    """Play the rest of the workload: answers and journal must come out as recorded."""
    verdict["went_on"] += 1
    for number, step in enumerate(run.steps[present:], start=present):
        answers = pipeline.run(step.requests, instant_of(number))
        verdict["diverged"] += not all(map(alike, step.answers, answers))
    pipeline.checkpoint()
    verdict["diverged"] += [segment for _, segment in store.segments(0, 0)] != run.journal
    verdict["findings"] += verify_store(store).finding_count


def alike(first: Answer, again: Answer) -> bool:
    """Whether two answers say the same, entries byte for byte."""
    if isinstance(first, BatchAnswer) and isinstance(again, BatchAnswer):
        return _bytes_of(first) == _bytes_of(again) and first[1:-1] == again[1:-1]
    if isinstance(first, Undone) and isinstance(again, Undone):
        return _same_undo(first, again) and first.replayed == again.replayed
    if isinstance(first, Found) and isinstance(again, Found):
        same = first.entry.record.tobytes() == again.entry.record.tobytes()
        return same and first.undone_by == again.undone_by
    return first == again


def _bytes_of(answer: BatchAnswer) -> list[tuple[int, bytes]]:
    """Return the entries of an answer, and those of its claims of several parts, as bytes."""
    parts = sorted((row, entries.tobytes()) for row, entries in answer.parts.items())
    return [(-1, answer.entries.tobytes()), *parts]
