"""Undos: the exact negation of a standing settlement, and nothing else rested on it."""

from collections import deque
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


class Past:
    """Remembers the settlements that undos name, and what stands in their member-years."""

    def __init__(self, fold: Fold, learned: Scan, resettler: Resettler, report: Report) -> None:
        self._fold = fold
        self._learned = learned
        self._resettler = resettler
        self._report = report
        self._named: dict[int, Record] = {}
        self._standing: dict[MemberYear, dict[int, tuple[Record, Array]]] = {}
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
        line, visits = list(self._fold.line(key)), dict(self._fold.visits.get(key, {}))
        later = deque[tuple[Record, Array]]()
        for position, (other, row) in reversed(self._standing.get(key, {}).items()):
            if position < target.position:
                break
            taken = {name: -value for name, value in other.result.items()}
            book_line(other, line, taken)
            book_keyed(other, visits, taken)
            if position >= target.position + target.link["parts"]:
                later.appendleft((other, row))
        for other, row in later:
            plan = self._fold.plans[other.row["plan"]]
            try:
                again = self._resettler.settle(row, plan, before_of(other, line, visits))
            except UNFIT:
                return  # said when the settlement itself was checked
            for name in FUND_FIELDS:
                if again[name] != other.result[name]:
                    what = f"{name} of position {other.position} without the undone settlement"
                    self._add(record, what, other.result[name], again[name])
            book_line(other, line, again)
            book_keyed(other, visits, again)

    def _add(self, record: Record, field: str, expected: object, found: object) -> None:
        self._report.add(Kind.UNDO, record.sequence, record.position, field, expected, found)
