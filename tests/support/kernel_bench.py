"""A plan worked by hand, and a small world that one kernel settles in; amounts in fen."""

import numpy as np

from engine.domain.codes import Fact
from engine.domain.layout import (
    DEDUCTIBLE,
    KEYED_SLOTS,
    ORDINARY_PAID,
    RESULT,
    ROW,
    Array,
    aligned_counters,
)
from engine.domain.reasons import Reason
from engine.kernel import (
    Kernel,
    PlanTable,
    check_identities,
)
from engine.rules.plan import (
    BAR_ALL,
    BAR_EXCLUDED,
    DEDUCTIBLE_NONE,
    HALF_UP,
    LEVELS,
    NO_CAP,
    PLACES,
    STATUSES,
    Citation,
    Exclusion,
    RulePlan,
)

GROUPS = LEVELS * STATUSES
PLAN = RulePlan(
    city="000000",
    name="",
    first_day=2025_01_01,
    last_day=2025_12_31,
    deductible_kind=DEDUCTIBLE_NONE,
    deductible_fen=(0,) * GROUPS,
    deductible_cite=(1,) * GROUPS,
    rate_bp=(5_000,) * GROUPS * PLACES,
    rate_cite=(2,) * GROUPS * PLACES,
    first_pay_bp=(0, 0, 1_000, 1_000),
    first_pay_cite=(0, 0, 3, 3),
    visit_cap_fen=(NO_CAP,) * GROUPS,
    visit_cap_cite=(4,) * GROUPS,
    annual_cap_fen=(NO_CAP,) * GROUPS,
    annual_cap_cite=(5,) * GROUPS,
    rounding=HALF_UP,
    rounding_cite=0,
    exclusions=(),
    citations=(Citation(()),) * 20,
)
LIABLE = Exclusion(Reason.LIABLE_ELSEWHERE, Fact.LIABLE, 0, 8, True, BAR_EXCLUDED)
ARREARS = Exclusion(Reason.ARREARS, Fact.IN_ARREARS, 0, 9)
NOT_DESIGNATED = Exclusion(Reason.NOT_DESIGNATED, Fact.NOT_DESIGNATED, 0, 10, account_bar=BAR_ALL)
NOT_FILED = Exclusion(Reason.NOT_FILED, Fact.OUTSIDE_CITY, Fact.FILED, 11)
NOT_OFFERED = Exclusion(Reason.BENEFIT_NOT_OFFERED, Fact.NOT_OFFERED, 0, 12)


class World:
    """Two member-years, some counters with keys and two accounts, settled by one kernel."""

    def __init__(self, kernel: Kernel, *plans: RulePlan, slots: int = 2) -> None:
        self.kernel = kernel
        self.plans = PlanTable(plans)
        self.counters = aligned_counters(2)
        self.visits = np.zeros(slots, np.int64)
        self.balances = np.zeros(2, np.int64)

    def settle(self, *claims: dict[str, int]) -> Array:
        """Settle claims given by their fields; what is not given is 0 or none.

        They count as ordinary ones.
        """
        rows = plain_rows(len(claims))
        for row, claim in zip(rows, claims, strict=True):
            for name, value in claim.items():
                row[name] = value
        # Not zeroed: the kernel has to overwrite every field.
        results = np.frombuffer(bytearray(b"\x55" * RESULT.itemsize * len(rows)), RESULT)
        self.kernel.settle(rows, self.plans, self.counters, self.visits, results, self.balances)
        check_identities(results)
        return results

    def settle_one(self, **claim: int) -> dict[str, int]:
        return as_dict(self.settle(claim)[0])


def plain_rows(count: int) -> Array:
    """Return rows of ordinary claims of nothing that have no counter but their line."""
    rows = np.zeros(count, ROW)
    for name in ("liable", "account", "family", "borne_at", *KEYED_SLOTS):
        rows[name] = -1
    rows["deductible_at"], rows["paid_at"] = DEDUCTIBLE, ORDINARY_PAID
    return rows


def as_dict(result: np.void) -> dict[str, int]:
    """Return the fields that are not 0."""
    names = RESULT.names or ()
    return {name: value for name, value in zip(names, result.item(), strict=True) if value}


def tiers(*by_level: int) -> tuple[int, ...]:
    return tuple(value for value in by_level for _ in range(STATUSES))
