"""The shared checker: reads a store from its first segment and reports what does not hold."""

from collections.abc import Callable
from typing import Final, Protocol

from engine.domain.journal import Segment, SegmentKind
from engine.domain.register import AccountOpening
from engine.state.registers import (
    institutions_from_json,
    members_from_json,
    openings_from_json,
)
from engine.store.protocol import Store
from engine.verify.entries import EntryChecker
from engine.verify.fold import Fold
from engine.verify.movements import MovementChecker
from engine.verify.plans import read_plan
from engine.verify.registration import ChangeChecker
from engine.verify.report import FINDINGS_KEPT, Kind, Report
from engine.verify.structure import Scan, scan
from engine.verify.tables import compare_tables

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, of how many); the stages are `STAGES`, one after the other."""

STAGES: Final = ("file", "structure", "settlements", "tables")
"""The tables are compared when the settlements reach their checkpoint, in the midst of them."""


class _Problem(Protocol):
    """What a store's own check of its integrity yields."""

    @property
    def sequence(self) -> int: ...

    @property
    def what(self) -> str: ...


def verify_store(
    store: Store, progress: Progress | None = None, limit: int = FINDINGS_KEPT
) -> Report:
    """Check a store: structure, ids, amounts, undos, plans, tables.

    The journal is read two or three times, one segment at a time; in memory are the registers,
    the state of every member-year and the request ids.

    Args:
        store: to be checked; nothing is written.
        progress: called now and then with stage, done and total.
        limit: how many findings are kept in full; all are counted.
    """
    report = Report(limit=limit)
    tell: Progress = progress or _silent
    _check_file(store, report, tell)
    learned = scan(store, report, lambda done, total: tell("structure", done, total))
    _Walk(store, learned, report, tell).run()
    return report


def _silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


def _check_file(store: Store, report: Report, tell: Progress) -> None:
    """Ask the store for what it finds wrong itself, if it can say: pages, chain, sums."""
    check = getattr(store, "check_integrity", None)
    if check is None:
        return
    problems: list[_Problem] = check(lambda done, total: tell("file", done, total))
    for problem in problems:
        report.add(Kind.STORE, problem.sequence, 0, "integrity", "whole", problem.what)


class _Walk:
    """The second pass: every segment in order, booked in the fold."""

    def __init__(self, store: Store, learned: Scan, report: Report, tell: Progress) -> None:
        self._store = store
        self._learned = learned
        self._report = report
        self._tell = tell
        self._fold = Fold()
        self._entries = EntryChecker(self._fold, learned, report)
        self._movements = MovementChecker(self._fold, learned.undone_movements, report)
        self._changes = ChangeChecker(self._fold, report)
        self._plan_digests: set[bytes] = set()
        self._compared = False

    def run(self) -> None:
        """Walk the journal; compare the tables when the walk reaches their checkpoint."""
        report, last = self._report, self._store.sequence
        for sequence, segment in self._store.segments(0, 0):
            if sequence > self._store.checkpoint_sequence:
                self._compare()
            report.segments += 1
            self._take(sequence, segment)
            self._tell("settlements", sequence, last)
        if self._store.checkpoint_sequence > report.segments:
            found = self._store.checkpoint_sequence
            report.add(Kind.TABLE, 0, 0, "checkpoint_sequence", f"to {report.segments}", found)
        self._compare()
        self._entries.end()
        report.members = len(self._fold.members)
        report.institutions = len(self._fold.institutions)
        report.plans = len(self._fold.plans)
        report.digest = self._entries.digest.hexdigest()

    def _compare(self) -> None:
        if self._compared:
            return
        self._compared = True
        compare_tables(
            self._store,
            self._fold,
            self._movements.credits,
            self._report,
            lambda done, total: self._tell("tables", done, total),
        )

    def _take(self, sequence: int, segment: Segment) -> None:
        if segment.kind == SegmentKind.ENTRIES:
            if sequence not in self._learned.unreadable:
                self._entries.check(sequence, segment)
        elif segment.kind == SegmentKind.MOVEMENTS:
            if sequence not in self._learned.unreadable:
                self._movements.check(sequence, segment)
        elif segment.kind == SegmentKind.ACCOUNT_PLAN:
            self._movements.take_plan(sequence, segment.text)
        elif segment.kind == SegmentKind.PLAN:
            plan = read_plan(segment.text, sequence, self._plan_digests, self._report)
            if plan is not None:
                self._fold.plans.append(plan)
        else:
            try:
                items = self._take_register(sequence, segment)
            except (ValueError, TypeError, LookupError) as error:
                self._add(sequence, "text", "register entries in JSON", type(error).__name__)
                return
            if items is not None and items != segment.count:
                self._add(sequence, "count", items, segment.count)

    def _take_register(self, sequence: int, segment: Segment) -> int | None:
        """Fold a register change; return how many items it had, None if that is not known."""
        fold = self._fold
        if segment.kind == SegmentKind.MEMBERS:
            members = members_from_json(segment.text)
            for member in members:
                fold.put_member(member)
            return len(members)
        if segment.kind == SegmentKind.INSTITUTIONS:
            institutions = institutions_from_json(segment.text)
            for institution in institutions:
                fold.put_institution(institution)
            return len(institutions)
        if segment.kind == SegmentKind.REGISTER_CHANGES:
            return self._changes.take(sequence, segment.text)
        if segment.kind == SegmentKind.OPENINGS:
            return self._take_openings(sequence, segment)
        return None

    def _take_openings(self, sequence: int, segment: Segment) -> int:
        """Fold openings; none may come after the first entry that counts on it."""
        fold = self._fold
        openings = openings_from_json(segment.text)
        for opening in openings:
            member = fold.member_numbers.get(opening.member)
            if member is None:
                self._add(sequence, "opening: member", "one of the register", "another")
            elif isinstance(opening, AccountOpening):
                self._check_early(sequence, "account", fold.account_entry.get(member, 0))
                fold.open_account(member, opening)
            else:
                last = fold.last_entry.get((member, opening.year), 0)
                self._check_early(sequence, "member-year", last)
                fold.open_year(member, opening)
        return len(openings)

    def _check_early(self, sequence: int, what: str, last: int) -> None:
        if last:
            self._add(sequence, f"opening of a {what}", "before its entries", f"after {last}")

    def _add(self, sequence: int, field: str, expected: object, found: object) -> None:
        self._report.add(Kind.REGISTER, sequence, 0, field, expected, found)
