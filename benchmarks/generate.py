"""Made-up claims for benchmarks: one seeded generator, the same bytes on every run.

The mix, by claim unless said otherwise:

    members     uniform, so a member has claims / members of them on average, in random order
    plans       two of no city, half of the members each: one deductible for the year with
                tiered rates and a share out of the city; no deductible with visit and annual caps
    status      of the member: active 72 %, retired 27 %, veteran 1 %
    level       one 45 %, two 25 %, three 28 %, three provincial 2 %
    place       local 95 %, filed 3 %, another city 1 %, another province 1 %
    in scope    log-normal around 180.00, at most 50 000.00
    visit       where a cap needs one: 90 % of their own, 10 % share one visit of the member
    facts       92 % nothing unusual; 5 % pharmacy (a tenth without prescription), 0.5 % each
                arrears, not designated, another is liable (half of them in part), and four
                rarer ones; 80 % let the account pay
    account     95 % have one, with up to 2 000.00
"""

from typing import Final, NamedTuple

import numpy as np

from engine.domain.codes import Fact, Place
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
from engine.kernel import PlanTable
from engine.rules.plan import (
    BAR_ALL,
    BAR_EXCLUDED,
    DEDUCTIBLE_NONE,
    DEDUCTIBLE_SHARED,
    HALF_UP,
    LEVELS,
    NO_CAP,
    PLACES,
    STATUSES,
    Citation,
    Exclusion,
    RulePlan,
)

STATUS_SHARES: Final = (0.72, 0.27, 0.01)
LEVEL_SHARES: Final = (0.45, 0.25, 0.28, 0.02)
PLACE_SHARES: Final = (0.95, 0.03, 0.01, 0.01)
USE_ACCOUNT_SHARE: Final = 0.80
ACCOUNT_SHARE: Final = 0.95
BALANCE_MAX: Final = 200_000
ONE_VISIT_SHARE: Final = 0.10


class Amounts(NamedTuple):
    """The four parts of each bill, in fen."""

    in_scope: Array
    pre_payment: Array
    over_limit: Array
    non_covered: Array


class Batch(NamedTuple):
    """Rows with the state they move; `fresh` gives a copy of the state to run on."""

    plans: PlanTable
    rows: Array
    counters: Array
    visits: Array
    balances: Array

    def fresh(self) -> tuple[Array, Array, Array, Array]:
        """Return (counters, visits, balances, results) as before the first claim."""
        counters = aligned_counters(len(self.counters))
        counters[:] = self.counters
        results = np.full(len(self.rows), 0, RESULT)
        return counters, self.visits.copy(), self.balances.copy(), results


def exclusions() -> tuple[Exclusion, ...]:
    """Return a matrix as long as a city's: refusals, then exclusions, in order of precedence."""
    outside = Fact.OUTSIDE_CITY
    return (
        Exclusion(Reason.SPANS_BOUNDARY, Fact.SPANS_BOUNDARY, 0, 1),
        Exclusion(Reason.BENEFIT_NOT_OFFERED, Fact.NOT_OFFERED, 0, 2),
        Exclusion(Reason.NO_FIGURE, Fact.CHRONIC, 0, 3),
        Exclusion(Reason.NO_FIGURE, Fact.SPECIAL, 0, 3),
        Exclusion(Reason.NO_FIGURE, Fact.DAY_SURGERY, 0, 3),
        Exclusion(Reason.OTHER_SCHEME, Fact.MATERNITY, 0, 4),
        Exclusion(Reason.NOT_DESIGNATED, Fact.NOT_DESIGNATED, 0, 5, account_bar=BAR_ALL),
        Exclusion(Reason.ARREARS, Fact.IN_ARREARS, 0, 6),
        Exclusion(Reason.INPATIENT_STAY, Fact.IN_STAY, 0, 7),
        Exclusion(Reason.LIABLE_ELSEWHERE, Fact.LIABLE, 0, 8, True, BAR_EXCLUDED),
        Exclusion(Reason.NOT_NETWORKED, outside | Fact.NOT_NETWORKED, Fact.MANUAL, 9),
        Exclusion(Reason.NOT_SELECTED, 0, outside | Fact.SELECTED | Fact.REFERRED, 10),
        Exclusion(Reason.NO_PRESCRIPTION, Fact.PHARMACY, Fact.PRESCRIBER, 11),
    )


def plan(
    *, deductible: bool, first_pay_bp: tuple[int, ...], visit_cap: bool, base_rate_bp: int
) -> RulePlan:
    """Return a plan of no city."""
    groups = [(level, status) for level in range(LEVELS) for status in range(STATUSES)]
    deductibles = [(level + 1) * 20_000 - status * 5_000 for level, status in groups]
    rates = [
        base_rate_bp - 500 * level + 500 * status for level, status in groups for _ in range(PLACES)
    ]
    visit_caps = [max(NO_CAP, 9_000 + 2_000 * level) for level, _ in groups]
    return RulePlan(
        city="000000",
        name="",
        first_day=2025_01_01,
        last_day=2025_12_31,
        deductible_kind=DEDUCTIBLE_SHARED if deductible else DEDUCTIBLE_NONE,
        deductible_fen=tuple(deductibles) if deductible else (0,) * len(groups),
        deductible_cite=(12,) * len(groups),
        rate_bp=tuple(rates),
        rate_cite=(13,) * len(rates),
        first_pay_bp=first_pay_bp,
        first_pay_cite=(14,) * PLACES,
        visit_cap_fen=tuple(visit_caps) if visit_cap else (NO_CAP,) * len(groups),
        visit_cap_cite=(15,) * len(groups),
        annual_cap_fen=tuple(200_000 + 50_000 * status for _, status in groups),
        annual_cap_cite=(16,) * len(groups),
        rounding=HALF_UP,
        rounding_cite=0,
        exclusions=exclusions(),
        citations=(Citation(()),) * 17,
    )


def plans() -> PlanTable:
    """Return the two plans of the mix."""
    return PlanTable(
        [
            plan(
                deductible=True,
                first_pay_bp=(0, 0, 1_000, 1_000),
                visit_cap=False,
                base_rate_bp=6_500,
            ),
            plan(deductible=False, first_pay_bp=(0,) * 4, visit_cap=True, base_rate_bp=7_000),
        ]
    )


def facts(random: np.random.Generator, claims: int, place: Array) -> Array:
    """Return the fact bits of so many claims."""
    usual = int(Fact.ORDINARY | Fact.SELECTED)
    unusual = (
        (0.045, Fact.PHARMACY | Fact.PRESCRIBER),
        (0.005, Fact.PHARMACY),
        (0.005, Fact.IN_ARREARS),
        (0.005, Fact.NOT_DESIGNATED),
        (0.0025, Fact.LIABLE),
        (0.0025, Fact.LIABLE | Fact.LIABLE_IN_PART),
        (0.005, Fact.IN_STAY),
        (0.003, Fact.NOT_OFFERED),
        (0.002, Fact.MATERNITY),
        (0.005, Fact.EMERGENCY),
    )
    shares = [share for share, _ in unusual]
    kind = random.choice(len(unusual) + 1, claims, p=[1 - sum(shares), *shares])
    bits = usual | np.array([0, *(int(bits) for _, bits in unusual)], np.uint32)[kind]
    bits |= np.where(
        random.random(claims) < USE_ACCOUNT_SHARE, np.uint32(Fact.USE_ACCOUNT), np.uint32(0)
    )
    bits |= np.where(place >= Place.FILED, np.uint32(Fact.OUTSIDE_CITY), np.uint32(0))
    return bits


def amounts(random: np.random.Generator, claims: int) -> Amounts:
    """Return the bills of so many claims."""
    in_scope = np.minimum(random.lognormal(np.log(18_000), 1.0, claims).astype(np.int64), 5_000_000)
    return Amounts(
        in_scope,
        in_scope // 10,
        np.where(random.random(claims) < 0.02, 1_500, 0),
        np.where(random.random(claims) < 0.30, in_scope // 8, 0),
    )


def batch(claims: int, members: int, seed: int = 20_250_101) -> Batch:
    """Return so many claims of so many members."""
    random = np.random.default_rng(seed)
    table = plans()
    member = random.integers(members, size=claims, dtype=np.int32)
    status = random.choice(STATUSES, members, p=STATUS_SHARES).astype(np.uint8)
    rows = np.zeros(claims, ROW)
    rows["counters"] = member
    rows["plan"] = member % len(table)
    rows["status"] = status[member]
    rows["level"] = random.choice(LEVELS, claims, p=LEVEL_SHARES)
    rows["place"] = random.choice(PLACES, claims, p=PLACE_SHARES)
    rows["facts"] = facts(random, claims, rows["place"])
    bills = amounts(random, claims)
    for name in Amounts._fields:
        rows[name] = getattr(bills, name)
    in_part = rows["facts"] & Fact.LIABLE_IN_PART != 0
    rows["liable"] = np.where(in_part, bills.in_scope // 3, -1)
    own_visit = members + np.arange(claims)
    visit = np.where(random.random(claims) < ONE_VISIT_SHARE, member, own_visit)
    for name in ("borne_at", *KEYED_SLOTS):
        rows[name] = -1
    rows["visit"] = np.where(rows["plan"] == 1, visit, -1)
    rows["deductible_at"], rows["paid_at"] = DEDUCTIBLE, ORDINARY_PAID
    rows["account"] = np.where(random.random(claims) < ACCOUNT_SHARE, member, -1)
    rows["year"] = 2025
    rows["benefit"] = 1
    balances = random.integers(BALANCE_MAX, size=members, dtype=np.int64)
    visits = np.zeros(members + claims, np.int64)
    return Batch(table, rows, aligned_counters(members), visits, balances)
