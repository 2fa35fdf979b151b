"""What must hold of plain settlements, by columns: whether it does of all, never where it does not.

Each function is the same check as the one of its name in `engine.verify.entries`, `acts` and
`amounts`, for entries that `is_plain` says are plain.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from engine.domain.codes import BENEFIT_FACTS, Benefit, Fact, Liability, Place
from engine.domain.dates import DATE_MAX
from engine.domain.journal import EntryKind
from engine.domain.layout import (
    AMOUNTS,
    CLAIM,
    FLAG_USE_ACCOUNT,
    LINK,
    RESULT,
    ROW,
    SLOTS,
    Array,
)
from engine.domain.reasons import EXCLUSION_FIRST
from engine.rules.plan import (
    AGE_MAX,
    DEDUCTIBLE_BENEFIT,
    DEDUCTIBLE_INSTITUTION,
    DEDUCTIBLE_LEVEL,
    LEVELS,
    NO_CAP,
    STATUSES,
    VISIT_CLAIM,
    RulePlan,
)
from engine.verify.acts import OF_BENEFIT, SENT
from engine.verify.amounts import SUMS
from engine.verify.fold import Fold

_SPARES: Final = tuple(
    (part, name)
    for part, dtype in (("link", LINK), ("claim", CLAIM), ("row", ROW), ("result", RESULT))
    for name in dtype.names or ()
    if "spare" in name
)
_NOTHING: Final = (
    *(("link", name) for name in ("part", "undoes", "undo_id_length")),
    *(("claim", name) for name in ("lines_length", "payer_length", "papers")),
    *(("row", name) for name in ("relation", "payer_reason", "counters")),
    ("result", "cite_standard_price"),
)
"""What is 0 of a plain settlement."""
_ALL_FLAGS: Final = 31
_ALL_FACTS: Final = int(~Fact(0))
_FILLED: Final = int(Fact.PHARMACY | Fact.PRESCRIBER)
_NOT_NEGATIVE: Final = (*AMOUNTS, "pooled_counted", "burden_counted")

_OF_PLAN: Final[dict[str, Callable[[RulePlan], int]]] = {
    "first_day": lambda plan: plan.first_day,
    "last_day": lambda plan: plan.last_day,
    "ordinary": lambda plan: (
        plan.benefit == Benefit.ORDINARY
        and not plan.code
        and not plan.kinds
        and plan.ages == (0, AGE_MAX)
    ),
    "apart": lambda plan: plan.prescription_apart,
    "visit_by": lambda plan: plan.visit_by,
    "cost": lambda plan: 0 if plan.counts_cost else -1,
    "paid": lambda plan: 0 if plan.counts_paid else -1,
    "deductible_at": lambda plan: plan.deductible_at,
    "paid_at": lambda plan: plan.paid_at,
    "of_selected": lambda plan: plan.rate_of_selected,
    "by_institution": lambda plan: plan.deductible_kind == DEDUCTIBLE_INSTITUTION,
    "pooled_cap": lambda plan: plan.pooled_cap_fen,
    "second_cap": lambda plan: plan.second_cap_fen,
    "disease_cap": lambda plan: plan.disease_cap_fen,
}


def _borne_at(plan: RulePlan) -> list[int]:
    """Return where the deductible counts by level and status, -1 if at an institution."""
    if plan.deductible_kind == DEDUCTIBLE_BENEFIT:
        return [-10 - plan.benefit] * (LEVELS * STATUSES)
    if plan.deductible_kind != DEDUCTIBLE_LEVEL:
        return [-1] * (LEVELS * STATUSES)
    return [-2 - plan.deductible_level(n, m) for n in range(LEVELS) for m in range(STATUSES)]


_OF_GROUP: Final[dict[str, Callable[[RulePlan], Sequence[int]]]] = {
    "borne_at": _borne_at,
    "annual_cap": lambda plan: plan.annual_cap_fen,
    "visit_cap": lambda plan: plan.visit_cap_fen,
    "day_cap": lambda plan: plan.day_cap_fen,
    "month_cap": lambda plan: plan.month_cap_fen,
}


class PlanColumns:
    """What plans say, for each entry of an array of entries."""

    def __init__(self, plans: Sequence[RulePlan]) -> None:
        """Take the plans that the rows count in."""
        self.count = len(plans)
        self._single = {
            name: np.array([of(plan) for plan in plans], dtype=np.int64)
            for name, of in _OF_PLAN.items()
        }
        self._groups = {
            name: np.array([of(plan) for plan in plans], dtype=np.int64).ravel()
            for name, of in _OF_GROUP.items()
        }

    def of(self, row: Array, name: str) -> Array:
        """Return what the plan of each row says, for its level and status where that matters."""
        plan = row["plan"].astype(np.int64)
        found: Array
        if name in self._single:
            found = self._single[name][plan]
            return found
        group = row["level"].astype(np.int64) * STATUSES + row["status"]
        found = self._groups[name][plan * (LEVELS * STATUSES) + group]
        return found


def is_plain(entries: Array, fold: Fold, plans: PlanColumns) -> Array:
    """Return of each entry whether it is plain, and its numbers are those of something."""
    link, claim, row = entries["link"], entries["claim"], entries["row"]
    plain: Array = (link["kind"] == EntryKind.SETTLEMENT) & (link["parts"] == 1)
    plain &= (row["benefit"] == Benefit.ORDINARY) & (claim["request_id_length"] > 0)
    plain &= (claim["payer"] == -1) & (row["family"] == -1)
    for part, name in (*_NOTHING, *_SPARES):
        plain &= entries[part][name] == 0
    for column, low, end in (
        (claim["member"], 0, len(fold.members)),
        (claim["institution"], 0, len(fold.institutions)),
        (claim["prescriber"], -1, len(fold.institutions)),
        (row["plan"], 0, plans.count),
        (row["level"], 0, LEVELS),
        (row["status"], 0, STATUSES),
        *((row[name], -1, 1) for name in SLOTS),
    ):
        plain &= (low <= column) & (column < end)
    plain[plain] = plans.of(row[plain], "ordinary") == 1
    return plain


def is_as_sent(entries: Array, instant: int) -> bool:
    """Return whether every row is of its claim, and every claim one that could be sent."""
    claim, row, facts = entries["claim"], entries["row"], entries["row"]["facts"]
    day, flags = claim["service_date"], claim["flags"]
    holds = entries["link"]["instant"] == instant
    holds &= (row["year"] == day // 10_000) & (row["liable"] == claim["liable"])
    holds &= (day <= claim["until_date"]) & (claim["until_date"] <= DATE_MAX)
    holds &= (min(Benefit) <= claim["benefit"]) & (claim["benefit"] <= Benefit.EMERGENCY)
    holds &= (min(Liability) <= claim["liability"]) & (claim["liability"] <= max(Liability))
    holds &= (flags <= _ALL_FLAGS) & (facts <= _ALL_FACTS)
    holds &= facts & OF_BENEFIT == BENEFIT_FACTS[Benefit.ORDINARY]
    holds &= (flags & FLAG_USE_ACCOUNT > 0) == (facts & int(Fact.USE_ACCOUNT) > 0)
    total = np.zeros(len(entries), dtype=np.int64)
    for name in SENT:
        holds &= row[name] == claim[name]
        total += claim[name]
    return bool((holds & (total == claim["total"])).all())


def is_by_plan(entries: Array, fold: Fold, plans: PlanColumns) -> bool:
    """Return whether every day is one of the plan, and every row counted where the plan says."""
    claim, row = entries["claim"], entries["row"]
    day = claim["service_date"]
    holds = (plans.of(row, "first_day") <= day) & (day <= plans.of(row, "last_day"))
    at = plans.of(row, "borne_at")
    here = np.flatnonzero(plans.of(row, "by_institution"))
    places = zip(
        claim["institution"][here].tolist(), claim["prescriber"][here].tolist(), strict=True
    )
    at[here] = [fold.treats(*place) for place in places]
    apart = (plans.of(row, "apart") == 1) & (row["facts"] & _FILLED == _FILLED)
    expected = {
        "borne": np.where(at == -1, -1, 0),
        "borne_at": at,
        "visit_by": np.where(apart, VISIT_CLAIM, plans.of(row, "visit_by")),
        **{name: _slots(plans.of(row, f"{name}_cap")) for name in _CAPPED},
        **{name: plans.of(row, name) for name in ("cost", "paid", "deductible_at", "paid_at")},
    }
    for name, column in expected.items():
        holds &= row[name] == column
    free = (plans.of(row, "of_selected") == 1) & (row["place"] == Place.LOCAL)
    return bool((holds & (free | (row["rate_level"] == 0))).all())


_CAPPED: Final = ("visit", "day", "month", "disease")
"""Slots of the row that are there where there is a cap."""


def _slots(cap_fen: Array) -> Array:
    return np.where(cap_fen == NO_CAP, -1, 0)


def is_within_limits(entries: Array, plans: PlanColumns) -> bool:
    """Return whether nothing is negative or refused, every sum holds, and no cap is exceeded."""
    row, result = entries["row"], entries["result"]
    of = {name: result[name].astype(np.int64) for name in result.dtype.names or ()}
    reason = of["reason"]
    holds = (reason == 0) | (reason >= EXCLUSION_FIRST)
    for name in _NOT_NEGATIVE:
        holds &= of[name] >= 0
    for parts, whole in SUMS.values():
        added = sum((of[name] for name in parts[1:]), of[parts[0]])
        holds &= added == of[whole]
    for name, paid in (("account", of["account"]), ("family", of["family_account"])):
        holds &= (paid <= of[f"{name}_before"]) & (paid <= of[f"{name}_allowed"])
    fund = of["pooled_fund"]
    for cap, before, paid in (
        ("pooled_cap", of["pooled_paid_before"], of["pooled_counted"]),
        ("second_cap", of["large_amount_paid_before"], of["large_amount_fund"]),
        ("annual_cap", of["paid_before"], fund),
        *((f"{name}_cap", of[f"{name}_paid_before"], fund) for name in _CAPPED),
    ):
        cap_fen = plans.of(row, cap)
        holds &= (cap_fen == NO_CAP) | (paid <= 0) | (before + paid <= cap_fen)
    return bool(holds.all())
