"""Counters with keys of their own, beside a member-year's line: visits, deductibles, cost.

They exist only where a rule counts so. All are `VisitKey`s: member, policy year, a number, a text.

    number                      text            counts
    -1                          a visit         fen paid for a visit that claims name (H2-A)
    institution                 request id      fen paid for a claim that is its own visit (H2-B);
                                                for that claim alone, and never in the tables
    `DAY_VISITS` - institution  YYYYMMDD        fen paid for a day at the institution (H2-C)
    institution                 empty           fen borne of the deductible there (G2-D)
    `FIRST_LEVEL` - level       empty           fen borne of the deductible of a level (G2-B)
    `COST`                      empty           fen in scope of the year (G1-B, G2-A2, brackets)
    `DISEASE`                   code            fen paid for a disease in the year
    `MONTH`                     YYYY-MM         fen paid in a month of service
    `DAY`                       YYYY-MM-DD      fen paid on a day of service
    `PAID`                      a benefit       fen paid under a benefit with an annual cap
    `PAID` - benefit            empty           fen borne of the deductible of a benefit

A prescription counts to the day on which it is filled: when it was written, no claim says.
"""

from typing import Final, NamedTuple

import numpy as np

from engine.domain.codes import Benefit, Fact
from engine.domain.dates import to_date
from engine.domain.journal import EntryText
from engine.rules.plan import (
    DEDUCTIBLE_BENEFIT,
    DEDUCTIBLE_INSTITUTION,
    DEDUCTIBLE_LEVEL,
    VISIT_CLAIM,
    VISIT_DAY,
    VISIT_NAMED,
    RulePlan,
)
from engine.state.tables import VisitKey

FIRST_LEVEL: Final = -2
"""Level 1; the levels above it stand below, to -5."""
COST: Final = -6
DISEASE: Final = -7
MONTH: Final = -8
DAY: Final = -9
PAID: Final = -10
DAY_VISITS: Final = -16

FILLED: Final = int(Fact.PHARMACY | Fact.PRESCRIBER)
"""The facts of a prescription that is filled at a pharmacy."""

BEFORE: Final = {
    "visit": "visit_paid_before",
    "borne": "deductible_before",
    "cost": "cost_before",
    "disease": "disease_paid_before",
    "month": "month_paid_before",
    "day": "day_paid_before",
    "paid": "paid_before",
}
"""What holds the counter before, in `RESULT`, by the name of the slot in `ROW`."""


class KeyedMove(NamedTuple):
    """What an entry adds to one counter, and which slot of its row stands for that counter."""

    slot: str
    key: VisitKey
    fen: int


def borne_key(member: int, year: int, at: int) -> VisitKey:
    """Return the key of what was borne of the deductible; `at` as in `ROW`'s `borne_at`."""
    return (member, year, at, "")


def borne_at(plan: RulePlan, institution: int, level: int, status: int) -> int:
    """Return where a deductible counts: a number for `borne_key`, -1 if in the member-year's line.

    Args:
        plan: the claim's plan.
        institution: the number of the institution that treats.
        level: its level, from 0.
        status: the member's, from 0.
    """
    if plan.deductible_kind == DEDUCTIBLE_INSTITUTION:
        return institution
    if plan.deductible_kind == DEDUCTIBLE_LEVEL:
        return FIRST_LEVEL - plan.deductible_level(level, status)
    if plan.deductible_kind == DEDUCTIBLE_BENEFIT:
        return PAID - plan.benefit
    return -1


def cost_key(member: int, year: int) -> VisitKey:
    """Return the key of the year's cost in scope."""
    return (member, year, COST, "")


def disease_key(member: int, year: int, code: str) -> VisitKey:
    """Return the key of what was paid for a disease."""
    return (member, year, DISEASE, code)


def paid_key(member: int, year: int, benefit: int) -> VisitKey:
    """Return the key of what was paid under a benefit."""
    return (member, year, PAID, Benefit(benefit).name.lower())


def month_key(member: int, year: int, day: int) -> VisitKey:
    """Return the key of what was paid in the month of a service date."""
    return (member, year, MONTH, to_date(day).isoformat()[:7])


def day_key(member: int, year: int, day: int) -> VisitKey:
    """Return the key of what was paid on a service date."""
    return (member, year, DAY, to_date(day).isoformat())


def is_own(key: VisitKey) -> bool:
    """Return whether a key is of a claim that is its own visit: nothing else ever counts there.

    So what it holds is 0 before the claim, and what the claim's entries paid after it.
    """
    _, _, number, text = key
    return number >= 0 and bool(text)


class Visit(NamedTuple):
    """What says to which visit a claim belongs."""

    by: int
    """`VISIT_*`: the plan's, as it holds for this claim."""
    name: str
    """The visit it names, or empty."""
    request_id: str
    institution: int
    treating: int
    """The institution that treated: where a prescription was filled, the prescriber (H5-A)."""
    day: int
    """Service date."""

    @property
    def is_the_claims_own(self) -> bool:
        """Whether no other claim can belong to it."""
        return self.by == VISIT_CLAIM or (self.by == VISIT_NAMED and not self.name)


def visit_key(member: int, year: int, visit: Visit) -> VisitKey:
    """Return the key of a claim's visit.

    A visit that is named is the member's, over institutions; where none is named, it is the
    request's own, and so the institution's.
    """
    if visit.is_the_claims_own:
        return (member, year, visit.institution, visit.request_id)
    if visit.by == VISIT_DAY:
        return (member, year, DAY_VISITS - visit.treating, str(visit.day))
    return (member, year, -1, visit.name)


def _visit(claim: np.void, row: np.void, visit: str, request_id: str) -> Visit:
    institution, prescriber = int(claim["institution"]), int(claim["prescriber"])
    filled = int(row["facts"]) & FILLED == FILLED
    return Visit(
        int(row["visit_by"]),
        visit,
        request_id,
        institution,
        prescriber if filled else institution,
        int(claim["service_date"]),
    )


def keyed_moves(entry: np.void, text: EntryText) -> list[KeyedMove]:
    """Return what an entry adds to the counters with keys of their own."""
    claim, row, result = entry["claim"], entry["row"], entry["result"]
    member, year = int(claim["member"]), int(row["year"])
    day, paid = int(claim["service_date"]), int(result["pooled_fund"])
    moves = []
    if row["visit"] >= 0:
        key = visit_key(member, year, _visit(claim, row, text.visit, text.request_id))
        moves.append(KeyedMove("visit", key, paid))
    if row["borne"] >= 0:
        key = borne_key(member, year, int(row["borne_at"]))
        moves.append(KeyedMove("borne", key, int(result["deductible"])))
    if row["cost"] >= 0:
        moves.append(KeyedMove("cost", cost_key(member, year), int(result["in_scope"])))
    if row["disease"] >= 0:
        moves.append(KeyedMove("disease", disease_key(member, year, text.disease), paid))
    if row["month"] >= 0:
        moves.append(KeyedMove("month", month_key(member, year, day), paid))
    if row["day"] >= 0:
        moves.append(KeyedMove("day", day_key(member, year, day), paid))
    if row["paid"] >= 0:
        moves.append(KeyedMove("paid", paid_key(member, year, int(row["benefit"])), paid))
    return moves
