"""Second pass over the entries: ids, links, amounts and undos, each against the fold so far."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.digest import ResultDigest
from engine.domain.codes import BENEFIT_FACTS, Benefit, DiseaseKind, Fact, Liability, Paper, Place
from engine.domain.dates import DATE_MAX, year_of
from engine.domain.journal import TEXT_LENGTHS, EntryKind, EntryText, Segment, TextColumns
from engine.domain.layout import (
    CLAIM,
    ENTRY,
    FLAG_MANUAL,
    FLAG_STATEMENT,
    FLAG_USE_ACCOUNT,
    LINK,
    NOWHERE,
    RESULT,
    ROW,
    SLOTS,
    UNKNOWN,
)
from engine.domain.parts import combined
from engine.domain.request import Entry
from engine.rules.plan import NO_CAP, VISIT_CLAIM, RulePlan
from engine.verify.acts import OF_BENEFIT, Acts
from engine.verify.amounts import (
    UNFIT,
    Resettler,
    check_limits,
    check_result,
    check_sums,
)
from engine.verify.fold import LINE, Fold, Record, moved_accounts
from engine.verify.plain import PlainChecker
from engine.verify.report import PAYERS, Kind, Report
from engine.verify.structure import Scan
from engine.verify.undos import Past

_NAMES: Final = tuple(tuple(dtype.names or ()) for dtype in (LINK, CLAIM, ROW, RESULT))
LOWEST_BORNE_AT: Final = -10 - max(Benefit)
"""The lowest number where a deductible may count: that of the last benefit."""
_FILLED: Final = int(Fact.PHARMACY | Fact.PRESCRIBER)

_SPARES: Final = tuple(tuple(name for name in names if "spare" in name) for names in _NAMES)
_ALL_FLAGS: Final = 31
_ALL_FACTS: Final = int(~Fact(0))
_ALL_PAPERS: Final = sum(Paper)
_REGISTRATION: Final = {
    Benefit.CHRONIC: DiseaseKind.CHRONIC,
    Benefit.SPECIAL: DiseaseKind.SPECIAL,
}
"""The registration that care of a benefit needs."""


class EntryChecker:
    """Checks entries in journal order and books them in the fold."""

    def __init__(self, fold: Fold, learned: Scan, report: Report) -> None:
        self.fold = fold
        self.digest = ResultDigest()
        self._report = report
        self._resettler = Resettler()
        self._past = Past(fold, learned, self._resettler, report)
        self._acts = Acts(fold, report)
        self._plain = PlainChecker(fold, learned, report, self.digest)
        self._booked: list[np.void] = []
        self._booked_first: Record | None = None

    def check(self, sequence: int, segment: Segment) -> None:
        """Check and book the entries of a segment, in which every act is whole."""
        texts = TextColumns(segment)
        for rows, plain in self._plain.runs(segment):
            if plain:
                self._end_act()
                if self._plain.take(segment, texts, rows):
                    continue
            self._check_each(sequence, segment, rows, texts.start(rows.start))
        self._end_act()

    def end(self) -> None:
        """Check what only the whole journal shows."""
        self._past.check_years()

    def _end_act(self) -> None:
        self._acts.end()
        self._count_act()

    def _check_each(self, sequence: int, segment: Segment, rows: slice, start: int) -> None:
        """Check and book some entries of a segment, one by one."""
        fold = self.fold
        for record, raw in _records(sequence, segment, rows, start, self._report):
            if record.position != fold.position + 1:
                self._add(Kind.STRUCTURE, record, "position", fold.position + 1, record.position)
            fold.position = record.position
            if record.link["instant"] != segment.instant:
                found = record.link["instant"]
                self._add(Kind.STRUCTURE, record, "link.instant", segment.instant, found)
            self._check_spares(record)
            self._acts.take(record)
            if not record.link["part"]:
                self._count_act()
            self._dispatch(record, raw)

    def _dispatch(self, record: Record, raw: np.void) -> None:
        kind = record.link["kind"]
        if not self._check_register(record, kind):
            return
        is_first = not record.link["part"]
        if is_first:
            self._check_ids(record, kind)
        if kind == EntryKind.TOMBSTONE:
            self._check_tombstone(record)
            self._report.tombstones += 1
            self.fold.use_ids(record)
            return
        self._check_chain(record)
        if kind == EntryKind.SETTLEMENT:
            self._check_settlement(record, raw)
            self._report.settlements += is_first
        else:
            self._past.check_undo(record, self.fold.before(record))
            self._report.undos += is_first
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
            (Kind.REGISTER, "claim.payer", claim["payer"], UNKNOWN, len(fold.members)),
        ]
        if kind != EntryKind.TOMBSTONE:
            ranges.append((Kind.PLAN, "row.plan", record.row["plan"], 0, len(fold.plans)))
            for name in SLOTS:
                low = 0 if name == "counters" else -1
                ranges.append((Kind.STRUCTURE, f"row.{name}", record.row[name], low, 1))
            for name in ("deductible_at", "paid_at"):
                ranges.append((Kind.STRUCTURE, f"row.{name}", record.row[name], 0, NOWHERE + 1))
            at, end = record.row["borne_at"], len(fold.institutions)
            ranges.append((Kind.REGISTER, "row.borne_at", at, LOWEST_BORNE_AT, end))
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
            ("claim.benefit", claim["benefit"], min(Benefit), Benefit.EMERGENCY),
            ("claim.liability", claim["liability"], min(Liability), max(Liability)),
            ("claim.flags", claim["flags"], 0, _ALL_FLAGS),
            ("claim.papers", claim["papers"], 0, _ALL_PAPERS),
            ("row.benefit", row["benefit"], min(Benefit), max(Benefit)),
            ("row.facts", row["facts"], 0, _ALL_FACTS),
        ):
            if not first <= value <= last:
                self._add(Kind.CLAIM, record, name, f"from {first:d} to {last:d}", value)
        if claim["flags"] & FLAG_MANUAL and claim["papers"] and plan.papers & ~claim["papers"]:
            wanted = f"with all of {plan.papers}"
            self._add(Kind.CLAIM, record, "claim.papers", wanted, claim["papers"])
        account = 0 if self.fold.has_account(claim["member"]) else -1
        if row["account"] != account:
            self._add(Kind.REGISTER, record, "row.account", account, row["account"])
        unknown = record.text.payer
        if bool(unknown) != (claim["payer"] == UNKNOWN) or unknown in self.fold.member_numbers:
            self._add(Kind.REGISTER, record, "text.payer", "an id that nobody has", "another")
        relation, reason = self.fold.payer(record)
        for name, value in (
            ("relation", relation),
            ("payer_reason", reason),
            ("family", 0 if relation else -1),
        ):
            if row[name] != value:
                self._add(Kind.REGISTER, record, f"row.{name}", value, row[name])
        sent, used = claim["flags"] & FLAG_USE_ACCOUNT, row["facts"] & Fact.USE_ACCOUNT
        if bool(sent) != bool(used):
            self._add(Kind.CLAIM, record, "row.facts: use of the account", bool(sent), bool(used))

    def _check_class(self, record: Record, plan: RulePlan) -> None:
        """Check that the plan is for the benefit, and for this disease, institution and age."""
        claim, row = record.claim, record.row
        member, day = self.fold.members[claim["member"]], claim["service_date"]
        benefit, code = row["benefit"], record.text.disease
        if plan.benefit != benefit:
            self._add(Kind.PLAN, record, "benefit of the plan", benefit, plan.benefit)
        if benefit != Benefit.ORDINARY and not plan.gives(row["level"]):
            self._add(Kind.PLAN, record, "row.level", "one at which it is given", row["level"])
        codes = ("",) if benefit == Benefit.ORDINARY else ("", code)
        if plan.code not in codes:
            self._add(Kind.PLAN, record, "code of the plan", "the claim's, or none", "another")
        kind = self.fold.registered[self.fold.treating(record)].kind
        if plan.kinds and kind not in plan.kinds:
            self._add(Kind.PLAN, record, "kinds of the plan", f"{kind:d} among them", plan.kinds)
        age = max(0, (day - member.born_on) // 10_000)
        if not plan.ages[0] <= age <= plan.ages[1]:
            self._add(Kind.PLAN, record, "ages of the plan", f"{age} among them", plan.ages)
        facts = BENEFIT_FACTS.get(Benefit(benefit), 0)
        if row["facts"] & OF_BENEFIT != facts:
            found = row["facts"] & OF_BENEFIT
            self._add(Kind.CLAIM, record, "row.facts: the benefit", facts, found)
        wanted = _REGISTRATION.get(Benefit(benefit))
        if wanted and not any(
            (d.code, d.kind) == (code, wanted) and day in d.days for d in member.diseases
        ):
            self._add(Kind.REGISTER, record, "row.benefit", "a registered disease", "none")
        if benefit == Benefit.EMERGENCY and not claim["flags"] & FLAG_STATEMENT:
            self._add(Kind.CLAIM, record, "row.benefit", "a statement with it", "none")

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
        moved = zip(moved_accounts(record), ("account_previous", "family_previous"), strict=True)
        for (owner, fen), name in moved:
            last = self.fold.account_entry.get(owner, 0) if fen else 0
            if link[name] != last:
                self._add(Kind.CHAIN, record, f"link.{name}", last, link[name])
        if link["kind"] == EntryKind.SETTLEMENT and link["undoes"]:
            self._add(Kind.UNDO, record, "link.undoes", 0, link["undoes"])

    def _check_tombstone(self, record: Record) -> None:
        expected = dict.fromkeys(record.claim, 0)
        expected |= {"institution": record.claim["institution"], "member": -1}
        expected |= {"prescriber": -1, "payer": -1}
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
        for name in ("previous", "undoes", "account_previous", "family_previous", "part", "parts"):
            if record.link[name]:
                self._add(Kind.TOMBSTONE, record, f"link.{name}", 0, record.link[name])

    # --- settlements ---------------------------------------------------------------------

    def _check_settlement(self, record: Record, raw: np.void) -> None:
        plan = self.fold.plans[record.row["plan"]]
        self._check_plan(record, plan)
        try:
            again = self._resettler.settle(raw["row"], plan, self.fold.before(record))
            self._check_class(record, plan)
            check_limits(record, plan, self._report)
            self._check_counted(record, plan)
        except UNFIT as error:
            self._add(Kind.CLAIM, record, "row", "one that its plan can settle", error)
            return
        check_result(record, again, self._report)

    def _check_counted(self, record: Record, plan: RulePlan) -> None:
        """Check where the row was counted: deductible, payments, cost, and whose rate."""
        row, at = record.row, self.fold.borne_at(record)
        group = plan.by_status(row["level"], row["status"])
        apart = plan.prescription_apart and row["facts"] & _FILLED == _FILLED
        expected = {
            "borne": -1 if at == -1 else 0,
            "borne_at": at,
            "visit": _slot(plan.visit_cap_fen[group]),
            "visit_by": VISIT_CLAIM if apart else plan.visit_by,
            "cost": 0 if plan.counts_cost else -1,
            "disease": _slot(plan.disease_cap_fen),
            "month": _slot(plan.month_cap_fen[group]),
            "day": _slot(plan.day_cap_fen[group]),
            "paid": 0 if plan.counts_paid else -1,
            "deductible_at": plan.deductible_at,
            "paid_at": plan.paid_at,
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
        if not record.link["part"]:
            fold.use_ids(record)
        line, met = fold.line(record.member_year), fold.before(record)
        now = {
            **dict(zip(LINE, line, strict=True)),
            **{f"counter of row.{slot}": fen for slot, fen in met.keyed.items()},
            "account balance": fold.balances.get(record.claim["member"], 0),
            "balance of the relative": fold.balances.get(record.claim["payer"], 0),
        }
        for name, value in now.items():
            if value < 0:
                self._add(Kind.BALANCE, record, name, "not negative", value)
        report.total_fen += result["total"]
        for name in PAYERS:
            report.payers_fen[name] += result[name]
        self._booked.append(raw)
        self._booked_first = self._booked_first or record

    def _count_act(self) -> None:
        """Count the act that was booked in the digest: its entries as one."""
        record, entries = self._booked_first, self._booked
        self._booked_first, self._booked = None, []
        if record is None:
            return
        raw = combined(np.array(entries, dtype=ENTRY)) if len(entries) > 1 else entries[0]
        try:
            self.digest.add(self._entry(record, raw))
        except OverflowError:
            self._add(Kind.AMOUNT, record, "amounts", "64 bits when negated", "more")

    def _entry(self, record: Record, raw: np.void) -> Entry:
        fold, claim = self.fold, record.claim
        prescriber, payer = claim["prescriber"], claim["payer"]
        return Entry(
            raw,
            record.text,
            fold.institutions[claim["institution"]],
            fold.members[claim["member"]].id,
            fold.institutions[prescriber] if prescriber >= 0 else "",
            b"",
            payer=fold.members[payer].id if payer >= 0 else record.text.payer,
        )

    def _add(self, kind: Kind, record: Record, field: str, expected: object, found: object) -> None:
        self._report.add(kind, record.sequence, record.position, field, expected, found)


def _slot(cap_fen: int) -> int:
    """Return the slot of what a cap counts: none where there is no cap."""
    return -1 if cap_fen == NO_CAP else 0


def _records(
    sequence: int, segment: Segment, rows: slice, start: int, report: Report
) -> Iterator[tuple[Record, np.void]]:
    """Yield some entries of a segment as plain values, with the record they came from."""
    entries = segment.entries()[rows]
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
