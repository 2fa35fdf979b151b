"""Counters with keys of their own, beside a member-year's line: visits, deductibles, cost.

They exist only where a rule counts so. All are `VisitKey`s: member, policy year, a number, a text.

    number                      text            counts
    -1                          a visit         fen paid for a visit that claims name (H2-A)
    institution                 request id      fen paid for a claim that is its own visit (H2-B)
    `DAY_VISITS` - institution  YYYYMMDD        fen paid for a day at the institution (H2-C)
    institution                 empty           fen borne of the deductible there (G2-D)
    `FIRST_LEVEL` - level       empty           fen borne of the deductible of a level (G2-B)
    `COST`                      empty           fen in scope of the year (G1-B, G2-A2)

A prescription counts to the day on which it is filled: when it was written, no claim says.
"""

from typing import Final, NamedTuple

import numpy as np

from engine.domain.codes import Fact
from engine.rules.plan import (
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
DAY_VISITS: Final = -16

_FILLED: Final = int(Fact.PHARMACY | Fact.PRESCRIBER)

BEFORE: Final = {
    "visit": "visit_paid_before",
    "borne": "deductible_before",
    "cost": "cost_before",
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
    return -1


def cost_key(member: int, year: int) -> VisitKey:
    """Return the key of the year's cost in scope."""
    return (member, year, COST, "")


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
    filled = int(row["facts"]) & _FILLED == _FILLED
    return Visit(
        int(row["visit_by"]),
        visit,
        request_id,
        institution,
        prescriber if filled else institution,
        int(claim["service_date"]),
    )


def keyed_moves(entry: np.void, visit: str, request_id: str) -> list[KeyedMove]:
    """Return what an entry adds to its visit, to what was borne where, and to the cost."""
    claim, row, result = entry["claim"], entry["row"], entry["result"]
    member, year = int(claim["member"]), int(row["year"])
    moves = []
    if row["visit"] >= 0:
        key = visit_key(member, year, _visit(claim, row, visit, request_id))
        moves.append(KeyedMove("visit", key, int(result["pooled_fund"])))
    if row["borne"] >= 0:
        key = borne_key(member, year, int(row["borne_at"]))
        moves.append(KeyedMove("borne", key, int(result["deductible"])))
    if row["cost"] >= 0:
        moves.append(KeyedMove("cost", cost_key(member, year), int(result["in_scope"])))
    return moves
