"""Undos: the exact negation of a standing settlement, and nothing else rested on it."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from engine.domain.journal import EntryKind
from engine.domain.layout import (
    COMPLIANT_BURDEN,
    LARGE_AMOUNT_PAID,
    NEGATED,
    POOLED_PAID,
    Array,
)
from engine.state.tables import KeyStatus
from engine.verify.amounts import FUND_FIELDS, RESULT_FIELDS, UNFIT, Resettler
from engine.verify.fold import (
    Before,
    Fields,
    Fold,
    MemberYear,
    Record,
    VisitName,
    before_of,
    book_keyed,
    book_line,
)
from engine.verify.report import Kind, Report
from engine.verify.structure import Scan

_MET: Final = {
    "visit": "visit_paid_before",
    "cost": "cost_before",
    "disease": "disease_paid_before",
    "month": "month_paid_before",
    "day": "day_paid_before",
}
"""What holds the counter before, in the result, by the slot of the row."""


_Standing = tuple[Record, Array]
"""A settlement's entry, and its row as it was recorded."""


class Past:
    """Remembers the settlements that undos name, and what stands in their member-years."""

    def __init__(self, fold: Fold, learned: Scan, resettler: Resettler, report: Report) -> None:
        self._fold = fold
        self._learned = learned
        self._resettler = resettler
        self._report = report
        self._named: dict[int, Record] = {}
        self._standing: dict[MemberYear, dict[int, _Standing]] = {}
        """Of member-years in which something is undone: what stands, in order, by position."""

    def remember(self, record: Record, raw: np.void) -> None:
        """Keep an entry if an undo will ask for it; to be called before it is booked."""
        if record.position in self._learned.undone:
            self._named[record.position] = record
        key, kind = record.member_year, record.link["kind"]
        if key not in self._learned.member_years:
            return
        standing = self._standing.setdefault(key, {})
        if kind == EntryKind.SETTLEMENT:
            standing[record.position] = record, raw["row"].copy()
        else:
            standing.pop(record.link["undoes"], None)

    def check_undo(self, record: Record, before: Before) -> None:
        """Check an entry of an undo against the one it names, and against the state it met."""
        target = self._named.get(record.link["undoes"])
        if target is None or target.link["kind"] != EntryKind.SETTLEMENT:
            self._add(record, "link.undoes", "an earlier settlement", record.link["undoes"])
            return
        self._check_target(record, target)
        self._check_parts(record, target, before)
        if not target.link["part"]:
            self._check_nothing_rests_on(record, target)

    def _check_target(self, record: Record, target: Record) -> None:
        """Check that it is the same part of the same request's settlement, and that it stands."""
        for name in ("part", "parts"):
            if record.link[name] != target.link[name]:
                self._add(record, f"link.{name}", target.link[name], record.link[name])
        for name in ("institution", "member"):
            if record.claim[name] != target.claim[name]:
                self._add(record, f"claim.{name}", target.claim[name], record.claim[name])
        if record.text[1:] != target.text[1:]:
            self._add(record, "texts", f"those of position {target.position}", "others")
        if record.claim_and_row != target.claim_and_row:
            for what, ours, theirs in (
                ("claim", record.claim, target.claim),
                ("row", record.row, target.row),
            ):
                for name, value in ours.items():
                    if value != theirs[name] and name not in ("institution", "member"):
                        self._add(record, f"{what}.{name}", theirs[name], value)
        if not record.link["part"]:
            self._check_stands(record, target)

    def _check_stands(self, record: Record, target: Record) -> None:
        """Check that nothing undid it before; to be asked of the first part."""
        key = self._fold.keys.get((target.claim["institution"], target.text.request_id))
        if key is None or key.position != target.position or key.status != KeyStatus.STANDING:
            found = f"undone at position {key.undone_by}" if key and key.undone_by else "not so"
            self._add(record, "link.undoes", "a settlement that stands", found)

    def _check_parts(self, record: Record, target: Record, before: Before) -> None:
        """Check that every part is the negated one, the counters before those of the fold."""
        expected: Fields = {
            name: -value if name in NEGATED else value for name, value in target.result.items()
        }
        row = record.row
        in_line = before.at(row["deductible_at"])
        expected["deductible_before"] = before.keyed.get("borne", in_line)
        expected["paid_before"] = before.keyed.get("paid", before.at(row["paid_at"]))
        expected["pooled_paid_before"] = before.line[POOLED_PAID]
        expected["compliant_burden_before"] = before.line[COMPLIANT_BURDEN]
        expected["large_amount_paid_before"] = before.line[LARGE_AMOUNT_PAID]
        expected |= {name: before.keyed.get(slot, 0) for slot, name in _MET.items()}
        expected["account_before"] = before.balance
        asked = not target.result["family_reason"]
        expected["family_before"] = before.family_balance if asked else 0
        for name in RESULT_FIELDS:
            if record.result[name] != expected[name]:
                self._add(record, name, expected[name], record.result[name])

    def _check_nothing_rests_on(self, record: Record, target: Record) -> None:
        """Settle what stands and came later without the undone settlement: it must come out alike.

        What came before does not know of it, and counts as it is booked.

        Args:
            record: the first entry of the undo, before anything of it is booked.
            target: the first entry of the settlement.
        """
        key = target.member_year
        later = deque[_Standing]()
        for position, other in reversed(self._standing.get(key, {}).items()):
            if position < target.position:
                break
            later.appendleft(other)
        line, visits = self._without(key, later)
        end = target.position + target.link["parts"]
        rest = [other for other in later if other[0].position >= end]
        for settled, name, found in self._changed(rest, line, visits):
            what = f"{name} of position {settled.position} without the undone settlement"
            self._add(record, what, settled.result[name], found)

    def check_years(self) -> None:
        """Settle every year with an undo in it again from its opening: as if nothing was undone.

        To be called when everything is booked.
        """
        for key, standing in self._standing.items():
            line, visits = self._without(key, standing.values())
            for record, name, found in self._changed(standing.values(), line, visits):
                what = f"{name} in a year that had no undone settlements"
                self._add(record, what, record.result[name], found)

    def _without(
        self, key: MemberYear, taken: Iterable[_Standing]
    ) -> tuple[list[int], dict[VisitName, int]]:
        """Return line and keyed counters of a year, as booked, without some that stand in it."""
        line, visits = list(self._fold.line(key)), dict(self._fold.visits.get(key, {}))
        for record, _ in taken:
            negated = {name: -value for name, value in record.result.items()}
            book_line(record, line, negated)
            book_keyed(record, visits, negated)
        return line, visits

    def _changed(
        self, settled: Iterable[_Standing], line: list[int], visits: dict[VisitName, int]
    ) -> Iterator[tuple[Record, str, int]]:
        """Settle again, one after the other; yield what does not come out as it was, by name."""
        for record, row in settled:
            plan = self._fold.plans[record.row["plan"]]
            try:
                again = self._resettler.settle(row, plan, before_of(record, line, visits))
            except UNFIT:
                return  # said when the settlement itself was checked
            for name in FUND_FIELDS:
                if again[name] != record.result[name]:
                    yield record, name, again[name]
            book_line(record, line, again)
            book_keyed(record, visits, again)

    def _add(self, record: Record, field: str, expected: object, found: object) -> None:
        self._report.add(Kind.UNDO, record.sequence, record.position, field, expected, found)
