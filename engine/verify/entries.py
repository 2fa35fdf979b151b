"""Second pass over the entries: ids, links, amounts and undos, each against the fold so far."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.digest import ResultDigest
from engine.domain.codes import Benefit, Fact, Liability, Place
from engine.domain.dates import DATE_MAX, year_of
from engine.domain.journal import TEXT_LENGTHS, EntryKind, EntryText, Segment
from engine.domain.layout import (
    CLAIM,
    COMPLIANT_BURDEN,
    DEDUCTIBLE,
    FLAG_USE_ACCOUNT,
    LARGE_AMOUNT_PAID,
    LINK,
    ORDINARY_PAID,
    POOLED_PAID,
    RESULT,
    ROW,
    SLOTS,
)
from engine.domain.request import Entry
from engine.rules.plan import LEVELS, NO_CAP, VISIT_CLAIM, RulePlan
from engine.verify.amounts import (
    Resettler,
    check_limits,
    check_result,
    check_sent,
    check_sums,
)
from engine.verify.fold import Fold, Record
from engine.verify.report import PAYERS, Kind, Report
from engine.verify.structure import Scan
from engine.verify.undos import Past

_NAMES: Final = tuple(tuple(dtype.names or ()) for dtype in (LINK, CLAIM, ROW, RESULT))
_FILLED: Final = int(Fact.PHARMACY | Fact.PRESCRIBER)

_SPARES: Final = tuple(
    tuple(name for name in names if "spare" in name and name != "kernel_spare") for names in _NAMES
)
_ALL_FLAGS: Final = 31
_ALL_FACTS: Final = int(~Fact(0))


class EntryChecker:
    """Checks entries in journal order and books them in the fold."""

    def __init__(self, fold: Fold, learned: Scan, report: Report) -> None:
        self.fold = fold
        self.digest = ResultDigest()
        self._report = report
        self._resettler = Resettler()
        self._past = Past(fold, learned, self._resettler, report)

    def check(self, sequence: int, segment: Segment) -> None:
        """Check and book the entries of a segment."""
        fold = self.fold
        for record, raw in _records(sequence, segment, self._report):
            if record.position != fold.position + 1:
                self._add(Kind.STRUCTURE, record, "position", fold.position + 1, record.position)
            fold.position = record.position
            if record.link["instant"] != segment.instant:
                found = record.link["instant"]
                self._add(Kind.STRUCTURE, record, "link.instant", segment.instant, found)
            self._check_spares(record)
            self._dispatch(record, raw)

    def _dispatch(self, record: Record, raw: np.void) -> None:
        kind = record.link["kind"]
        if not self._check_register(record, kind):
            return
        self._check_ids(record, kind)
        if kind == EntryKind.TOMBSTONE:
            self._check_tombstone(record)
            self._report.tombstones += 1
            self.fold.use_ids(record)
            return
        self._check_chain(record)
        if kind == EntryKind.SETTLEMENT:
            self._check_settlement(record, raw)
            self._report.settlements += 1
        else:
            self._past.check_undo(record, self.fold.before(record))
            self._report.undos += 1
        check_sums(record, self._report)
        self._book(record, raw)

    # --- who and which plan --------------------------------------------------------------

    def _check_register(self, record: Record, kind: int) -> bool:
        """Check kind and numbers; return whether the entry can be checked any further."""
        fold, claim = self.fold, record.claim
        if kind not in EntryKind.__members__.values():
            self._add(Kind.STRUCTURE, record, "link.kind", "1 to 4", kind)
            return False
        first = -1 if kind == EntryKind.TOMBSTONE else 0
        ranges = [
            (Kind.REGISTER, "claim.institution", claim["institution"], 0, len(fold.institutions)),
            (Kind.REGISTER, "claim.prescriber", claim["prescriber"], -1, len(fold.institutions)),
            (Kind.REGISTER, "claim.member", claim["member"], first, len(fold.members)),
        ]
        if kind != EntryKind.TOMBSTONE:
            ranges.append((Kind.PLAN, "row.plan", record.row["plan"], 0, len(fold.plans)))
            for name in SLOTS:
                low = 0 if name == "counters" else -1
                ranges.append((Kind.STRUCTURE, f"row.{name}", record.row[name], low, 1))
            at, end = record.row["borne_at"], len(fold.institutions)
            ranges.append((Kind.REGISTER, "row.borne_at", at, -1 - LEVELS, end))
        good = True
        for what, name, value, low, end in ranges:
            if not low <= value < end:
                self._add(what, record, name, f"from {low} to {end - 1}", value)
                good = False
        return good

    def _check_spares(self, record: Record) -> None:
        parts = (record.link, record.claim, record.row, record.result)
        for part, names in zip(parts, _SPARES, strict=True):
            for name in names:
                if part[name]:
                    self._add(Kind.STRUCTURE, record, name, 0, part[name])

    def _check_plan(self, record: Record, plan: RulePlan) -> None:
        """Check that the plan is the one for the member and the day, and what follows from it."""
        claim, row = record.claim, record.row
        member = self.fold.members[claim["member"]]
        day = claim["service_date"]
        if plan.city != member.city:
            self._add(Kind.PLAN, record, "city of the plan", member.city, plan.city)
        if not plan.first_day <= day <= plan.last_day:
            days = f"a day from {plan.first_day} to {plan.last_day}"
            self._add(Kind.PLAN, record, "claim.service_date", days, day)
        if row["year"] != year_of(day):
            self._add(Kind.CLAIM, record, "row.year", year_of(day), row["year"])
        for name, value, first, last in (
            ("claim.until_date", claim["until_date"], day, DATE_MAX),
            ("claim.benefit", claim["benefit"], min(Benefit), max(Benefit)),
            ("claim.liability", claim["liability"], min(Liability), max(Liability)),
            ("claim.flags", claim["flags"], 0, _ALL_FLAGS),
            ("row.benefit", row["benefit"], min(Benefit), max(Benefit)),
            ("row.facts", row["facts"], 0, _ALL_FACTS),
        ):
            if not first <= value <= last:
                self._add(Kind.CLAIM, record, name, f"from {first:d} to {last:d}", value)
        account = 0 if member.has_account else -1
        if row["account"] != account:
            self._add(Kind.REGISTER, record, "row.account", account, row["account"])
        sent, used = claim["flags"] & FLAG_USE_ACCOUNT, row["facts"] & Fact.USE_ACCOUNT
        if bool(sent) != bool(used):
            self._add(Kind.CLAIM, record, "row.facts: use of the account", bool(sent), bool(used))

    # --- ids and links -------------------------------------------------------------------

    def _check_ids(self, record: Record, kind: int) -> None:
        """Check that the ids an entry uses up were free."""
        keys, institution = self.fold.keys, record.claim["institution"]
        text, undo = record.text, kind != EntryKind.SETTLEMENT
        if not text.request_id:
            self._add(Kind.ID, record, "request id", "an id", "none")
        if undo != bool(text.undo_id):
            self._add(Kind.ID, record, "id of the undo", "an id" if undo else "none", "the other")
        new = {EntryKind.SETTLEMENT: [text.request_id], EntryKind.TOMBSTONE: [*text[:2]]}
        for request_id in new.get(EntryKind(kind), [text.undo_id]):
            used = keys.get((institution, request_id))
            if used is not None:
                name = "request id" if request_id == text.request_id else "id of the undo"
                found = f"used at position {used.undone_by or used.position}"
                self._add(Kind.ID, record, name, "an id that is free", found)
        if undo and text.undo_id == text.request_id:
            self._add(Kind.ID, record, "id of the undo", "an id of its own", "the request's")

    def _check_chain(self, record: Record) -> None:
        link, last = record.link, self.fold.last_entry.get(record.member_year, 0)
        if link["previous"] != last:
            self._add(Kind.CHAIN, record, "link.previous", last, link["previous"])
        if link["kind"] == EntryKind.SETTLEMENT and link["undoes"]:
            self._add(Kind.UNDO, record, "link.undoes", 0, link["undoes"])

    def _check_tombstone(self, record: Record) -> None:
        expected = dict.fromkeys(record.claim, 0)
        expected |= {"institution": record.claim["institution"], "member": -1, "prescriber": -1}
        expected["request_id_length"] = record.claim["request_id_length"]
        parts = (
            ("claim", record.claim, expected),
            ("row", record.row, dict.fromkeys(record.row, 0)),
            ("result", record.result, dict.fromkeys(record.result, 0)),
        )
        for what, part, should in parts:
            for name, value in part.items():
                if value != should[name]:
                    self._add(Kind.TOMBSTONE, record, f"{what}.{name}", should[name], value)
        for name in ("previous", "undoes"):
            if record.link[name]:
                self._add(Kind.TOMBSTONE, record, f"link.{name}", 0, record.link[name])

    # --- settlements ---------------------------------------------------------------------

    def _check_settlement(self, record: Record, raw: np.void) -> None:
        plan = self.fold.plans[record.row["plan"]]
        self._check_plan(record, plan)
        check_sent(record, self._report)
        row = record.row
        try:
            again = self._resettler.settle(raw["row"], plan, self.fold.before(record))
            cap_fen = plan.visit_cap_fen[plan.by_status(row["level"], row["status"])]
            check_limits(record, plan, self._report)
        except (ValueError, IndexError, OverflowError) as error:
            self._add(Kind.CLAIM, record, "row", "one that its plan can settle", error)
            return
        visit = -1 if cap_fen == NO_CAP else 0
        if row["visit"] != visit:
            self._add(Kind.CLAIM, record, "row.visit", visit, row["visit"])
        self._check_counted(record, plan)
        check_result(record, again, self._report)

    def _check_counted(self, record: Record, plan: RulePlan) -> None:
        """Check how the row was counted: deductible, visit, cost, and whose rate."""
        row, at = record.row, self.fold.borne_at(record)
        apart = plan.prescription_apart and row["facts"] & _FILLED == _FILLED
        expected = {
            "borne": -1 if at == -1 else 0,
            "borne_at": at,
            "visit_by": VISIT_CLAIM if apart else plan.visit_by,
            "cost": 0 if plan.counts_cost else -1,
        }
        if not plan.rate_of_selected or row["place"] != Place.LOCAL:
            expected["rate_level"] = 0
        for name, value in expected.items():
            if row[name] != value:
                self._add(Kind.CLAIM, record, f"row.{name}", value, row[name])

    # --- booking -------------------------------------------------------------------------

    def _book(self, record: Record, raw: np.void) -> None:
        """Move the fold along as the journal says, right or wrong: so one fault is found once."""
        fold, report, result = self.fold, self._report, record.result
        self._past.remember(record, raw)
        fold.book(record)
        fold.use_ids(record)
        line, met = fold.line(record.member_year), fold.before(record)
        now = (
            ("deductible", line[DEDUCTIBLE]),
            ("ordinary_paid", line[ORDINARY_PAID]),
            ("visit_paid", met.visit_paid),
            ("deductible at the institution or level", met.borne),
            ("cost in scope", met.cost),
            ("pooled_paid", line[POOLED_PAID]),
            ("compliant_burden", line[COMPLIANT_BURDEN]),
            ("large_amount_paid", line[LARGE_AMOUNT_PAID]),
            ("account balance", fold.balances.get(record.claim["member"], 0)),
        )
        for name, value in now:
            if value < 0:
                self._add(Kind.BALANCE, record, name, "not negative", value)
        report.total_fen += result["total"]
        for name in PAYERS:
            report.payers_fen[name] += result[name]
        try:
            self.digest.add(self._entry(record, raw))
        except OverflowError:
            self._add(Kind.AMOUNT, record, "amounts", "64 bits when negated", "more")

    def _entry(self, record: Record, raw: np.void) -> Entry:
        fold, claim = self.fold, record.claim
        prescriber = claim["prescriber"]
        return Entry(
            raw,
            record.text,
            fold.institutions[claim["institution"]],
            fold.members[claim["member"]].id,
            fold.institutions[prescriber] if prescriber >= 0 else "",
            b"",
        )

    def _add(self, kind: Kind, record: Record, field: str, expected: object, found: object) -> None:
        self._report.add(kind, record.sequence, record.position, field, expected, found)


def _records(sequence: int, segment: Segment, report: Report) -> Iterator[tuple[Record, np.void]]:
    """Yield the entries of a segment as plain values, with the record they came from."""
    entries = segment.entries()
    start = 0
    for raw, values in zip(entries, entries.tolist(), strict=True):
        link, claim, row, result = (
            dict(zip(names, part, strict=True)) for names, part in zip(_NAMES, values, strict=True)
        )
        texts = []
        for length in (link["undo_id_length"], *(claim[name] for name in TEXT_LENGTHS)):
            data = segment.text[start : start + length]
            start += length
            texts.append(_decode(data, sequence, link["position"], report))
        yield (
            Record(
                sequence,
                link["position"],
                link,
                claim,
                row,
                result,
                EntryText(*texts),
                raw["claim"].tobytes() + raw["row"].tobytes(),
            ),
            raw,
        )


def _decode(data: bytes, sequence: int, position: int, report: Report) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        report.add(Kind.ID, sequence, position, "text", "UTF-8", "other bytes")
        return data.decode(errors="replace")
