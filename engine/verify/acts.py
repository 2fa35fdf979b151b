"""Acts: which entries are one, in what order, and that together they are what was sent.

A claim of several benefits has an entry for each, and so has its undo. What they are is asked of
the journal alone: which lines go where follows from the benefits that the parts are settled under.
"""

from collections.abc import Sequence
from typing import Final

from engine.domain.bill import BillLine, check_lines, decode_lines, invalid_line, parts_of
from engine.domain.codes import BENEFIT_FACTS, Benefit, Fact, LineFlag
from engine.domain.journal import EntryKind
from engine.errors import InvalidInput
from engine.rules.plan import RulePlan
from engine.verify.fold import Fold, Record
from engine.verify.report import Kind, Report

PRECEDENCE: Final = (
    Benefit.DUAL_CHANNEL,
    Benefit.SEPARATE_PAY,
    Benefit.SPECIAL,
    Benefit.CHRONIC,
    Benefit.ORDINARY,
    Benefit.EMERGENCY,
    Benefit.DAY_SURGERY,
)
"""The order of the parts of a claim (reading G21)."""

SENT: Final = ("in_scope", "pre_payment", "over_limit", "non_covered")
"""The four parts of a bill, in the order of `bill.Parts`."""

OF_BENEFIT: Final = sum(BENEFIT_FACTS.values())
"""The facts that say which benefit it is."""

_OWN_FACTS: Final = int(OF_BENEFIT | Fact.NOT_OFFERED)
"""The facts in which parts of one claim may differ."""
_COMMON: Final = ("counters", "account", "year", "status", "level", "place")
"""What the parts of one claim have in common, in their rows."""


class Acts:
    """Follows the entries, and checks each act when its last entry has come."""

    def __init__(self, fold: Fold, report: Report) -> None:
        self._fold = fold
        self._report = report
        self._parts: list[Record] = []

    def take(self, record: Record) -> None:
        """Check that an entry goes on with the act before it, or begins one."""
        link = record.link
        if link["kind"] == EntryKind.TOMBSTONE:
            self.end()
            return
        if not self._goes_on(record):
            self.end()
            if link["part"]:
                self._add(Kind.STRUCTURE, record, "link.part", 0, link["part"])
        self._parts.append(record)
        if not link["part"] < link["parts"] <= len(PRECEDENCE):
            wanted = f"from {link['part'] + 1} to {len(PRECEDENCE)}"
            self._add(Kind.STRUCTURE, record, "link.parts", wanted, link["parts"])
        if len(self._parts) > 1:
            self._check_alike(self._parts[0], record)

    def is_whole(self) -> bool:
        """Return whether the entry taken last is the last of its act, all of which was taken."""
        return bool(self._parts) and len(self._parts) == self._parts[0].link["parts"]

    def end(self) -> None:
        """End the act: what was taken of it must be all of it."""
        if not self._parts:
            return
        first, taken = self._parts[0], len(self._parts)
        if taken != first.link["parts"] and not first.link["part"]:
            self._add(Kind.STRUCTURE, first, "entries of the act", first.link["parts"], taken)
        if first.link["kind"] == EntryKind.SETTLEMENT and self.is_whole():
            self._check_settlement(self._parts)
        self._parts = []

    def _goes_on(self, record: Record) -> bool:
        if not self._parts or self.is_whole():
            return False
        first, link = self._parts[0].link, record.link
        return (
            link["part"] == first["part"] + len(self._parts)
            and link["parts"] == first["parts"]
            and link["kind"] == first["kind"]
        )

    def _check_alike(self, first: Record, record: Record) -> None:
        """Check that an entry says the same of the claim as the first one of its act."""
        for name, value in record.claim.items():
            if value != first.claim[name]:
                self._add(Kind.CLAIM, record, f"claim.{name}", first.claim[name], value)
        for name, text in record.text._asdict().items():
            if text != getattr(first.text, name):
                what = f"that of position {first.position}"
                self._add(Kind.CLAIM, record, f"text.{name}", what, "another")
        if first.link["undoes"]:
            expected = first.link["undoes"] + record.link["part"]
            if record.link["undoes"] != expected:
                found = record.link["undoes"]
                self._add(Kind.UNDO, record, "link.undoes", expected, found)

    # --- what was sent -------------------------------------------------------------------

    def _check_settlement(self, parts: Sequence[Record]) -> None:
        """Check that the parts of a claim are what was sent, each benefit once and in order."""
        plans = self._fold.plans
        if any(not 0 <= part.row["plan"] < len(plans) for part in parts):
            return  # said when the entry was checked
        first = parts[0]
        last = -1
        for part in parts:
            benefit, rank = part.row["benefit"], _rank(part)
            if rank <= last:
                wanted = f"one that comes after {parts[0].row['benefit']}, in order of precedence"
                self._add(Kind.CLAIM, part, "row.benefit", wanted, benefit)
            last = max(last, rank)
            for name in _COMMON:
                if part.row[name] != first.row[name]:
                    self._add(Kind.CLAIM, part, f"row.{name}", first.row[name], part.row[name])
            if (part.row["facts"] ^ first.row["facts"]) & ~_OWN_FACTS:
                found = part.row["facts"]
                self._add(Kind.CLAIM, part, "row.facts", "those of the first part", found)
        lines = self._lines(first)
        if lines is not None:
            self._check_total(first, lines)
            self._check_split(parts, [plans[part.row["plan"]] for part in parts], lines)

    def _lines(self, first: Record) -> tuple[BillLine, ...] | None:
        """Return the lines of the bill, None if they are none that could have been sent."""
        try:
            lines = decode_lines(first.text.lines.encode())
            check_lines("lines", lines)
        except ValueError:
            self._add(Kind.CLAIM, first, "text.lines", "lines of a bill", "others")
            return None
        except InvalidInput as error:
            self._add(Kind.CLAIM, first, error.path, "one that can be sent", error.problem)
            return None
        for number, line in enumerate(lines):
            if problem := invalid_line(line):
                self._add(Kind.CLAIM, first, f"lines[{number}]", "one that can be settled", problem)
        return lines

    def _check_total(self, first: Record, lines: Sequence[BillLine]) -> None:
        claim = first.claim
        added = sum(claim[name] for name in SENT) + sum(line.amount_fen for line in lines)
        if added != claim["total"]:
            self._add(Kind.CLAIM, first, "claim.total", added, claim["total"])
        for name in SENT if lines else ():
            if claim[name]:
                self._add(Kind.CLAIM, first, f"claim.{name}", "0 beside lines", claim[name])

    def _check_split(
        self, parts: Sequence[Record], plans: Sequence[RulePlan], lines: Sequence[BillLine]
    ) -> None:
        """Check the amounts of each part: of the bill as sent, or of the lines that are its own."""
        first = parts[0]
        general = {
            part.row["benefit"]: bool(plan.general_fee_in_scope)
            for part, plan in zip(parts, plans, strict=True)
        }
        expected = _split(first, lines, general)
        if set(expected) != set(general):
            found = ", ".join(map(str, sorted(general)))
            wanted = ", ".join(map(str, sorted(expected)))
            self._add(Kind.CLAIM, first, "benefits of the parts", wanted, found)
        left = first.claim["liable"]
        for part in parts:
            amounts = expected.get(part.row["benefit"], [0] * len(SENT))
            for name, fen in zip(SENT, amounts, strict=True):
                if part.row[name] != fen:
                    self._add(Kind.CLAIM, part, f"row.{name}", fen, part.row[name])
            liable = left if len(parts) == 1 else min(left, amounts[0])
            if part.row["liable"] != liable:
                self._add(Kind.CLAIM, part, "row.liable", liable, part.row["liable"])
            left -= max(0, liable)

    def _add(self, kind: Kind, record: Record, field: str, expected: object, found: object) -> None:
        self._report.add(kind, record.sequence, record.position, field, expected, found)


def _rank(part: Record) -> int:
    """Return the place of a part's benefit among those of its claim."""
    benefit = part.row["benefit"]
    return next((n for n, known in enumerate(PRECEDENCE) if known == benefit), len(PRECEDENCE))


def _split(
    first: Record, lines: Sequence[BillLine], general: dict[int, bool]
) -> dict[int, list[int]]:
    """Return the four parts of the bill by benefit.

    Whatever is directed to one benefit is settled under it or, all of it, as ordinary care.

    Args:
        first: the first entry of the claim.
        lines: of its bill; without them it has one benefit.
        general: whether a general fee is in scope, by the benefits of its entries.
    """
    claim = first.claim

    def given(asked: int) -> int:
        return asked if asked in general else int(Benefit.ORDINARY)

    if not lines:
        return {given(claim["benefit"]): [claim[name] for name in SENT]}
    sums: dict[int, list[int]] = {}
    for line in lines:
        benefit = given(_asked(line, claim["benefit"]))
        in_scope = general.get(benefit, False)
        for n, fen in enumerate(parts_of(line, general_fee_in_scope=in_scope)):
            sums.setdefault(benefit, [0] * len(SENT))[n] += fen
    return sums


def _asked(line: BillLine, benefit: int) -> int:
    """Return the benefit that a line is directed to; a flag goes before a word."""
    if line.flag == LineFlag.DUAL_CHANNEL:
        return Benefit.DUAL_CHANNEL
    if line.flag == LineFlag.SEPARATE_PAY:
        return Benefit.SEPARATE_PAY
    return line.benefit or benefit
