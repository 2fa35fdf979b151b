"""What NumPy alone can do: the same settlements, vectorised over members.

The k-th claims of all members form round k: within a round no two rows touch the same counters,
so a round is settled by whole-array arithmetic. What does not depend on counters (exclusions,
first payment, rates) is done for all rows at once before the rounds.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from engine.domain.codes import Fact
from engine.domain.layout import DEDUCTIBLE, DEDUCTIBLE_MET, FLAGS, ORDINARY_PAID, Array
from engine.domain.money import BP
from engine.domain.reasons import EXCLUSION_FIRST
from engine.kernel import PlanTable
from engine.rules.plan import (
    BAR_ALL,
    BAR_EXCLUDED,
    DEDUCTIBLE_SHARED,
    NO_CAP,
    PLACES,
    STATUSES,
    RulePlan,
)


class Excluded(NamedTuple):
    reason: Array
    cite: Array
    cite_rest: Array
    fen: Array
    barred: Array
    bar_all: Array
    refused: Array


def rounds(slots: Array) -> Iterator[Array]:
    """Yield the positions of the first, second, ... row of each slot."""
    order = np.argsort(slots, kind="stable")
    ordered = slots[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(slots) else order
    lengths = np.diff(np.r_[starts, len(slots)])
    rank = np.empty(len(slots), np.int64)
    rank[order] = np.arange(len(slots)) - np.repeat(starts, lengths)
    by_rank = np.argsort(rank, kind="stable")
    yield from np.split(by_rank, np.cumsum(np.bincount(rank))[:-1]) if len(slots) else ()


def table(plans: list[RulePlan], name: str) -> Array:
    return np.array([getattr(plan, name) for plan in plans], np.int64)


def half_up(fen: Array, bp: Array) -> Array:
    return (fen * bp + BP // 2) // BP


def exclude(rows: Array, plans: list[RulePlan]) -> Excluded:
    count = len(rows)
    of = Excluded(*(np.zeros(count, np.int64) for _ in range(5)), *np.zeros((2, count), bool))
    for number, plan in enumerate(plans):
        of_plan = np.flatnonzero(rows["plan"] == number)
        facts, in_scope = rows["facts"][of_plan], rows["in_scope"][of_plan]
        liable = rows["liable"][of_plan]
        part = np.where(liable < 0, in_scope, np.minimum(liable, in_scope))
        for line in plan.exclusions:
            require, forbid = np.uint32(line.require), np.uint32(line.forbid)
            hits = np.flatnonzero((facts & require == require) & (facts & forbid == 0))
            hits = hits[~of.refused[of_plan[hits]]]
            if not len(hits):
                continue
            at, taken = of_plan[hits], (part if line.liable_only else in_scope)[hits]
            if line.reason < EXCLUSION_FIRST:
                of.reason[at], of.cite[at], of.refused[at] = line.reason, line.citation, True
                continue
            first = of.reason[at] == 0
            rest = ~first & (of.fen[at] < in_scope[hits]) & (not line.liable_only)
            of.reason[at[first]], of.cite[at[first]] = line.reason, line.citation
            of.fen[at[first]] = taken[first]
            of.cite_rest[at[rest]] = line.citation
            of.fen[at[rest]] = in_scope[hits][rest]
            of.bar_all[at] |= line.account_bar == BAR_ALL
            if line.account_bar == BAR_EXCLUDED:
                of.barred[at] = np.maximum(of.barred[at], taken)
    return of


def settle(rows: Array, plans: PlanTable, counters: Array, visits: Array, results: Array) -> None:
    """Settle as the kernels do; nothing is checked."""
    of = exclude(rows, plans.plans)
    plan, group = rows["plan"], rows["level"].astype(np.int64) * STATUSES + rows["status"]
    place = rows["place"]
    left = rows["in_scope"] - of.fen
    first_bp = table(plans.plans, "first_pay_bp")[plan, place]
    first_pay = half_up(left, first_bp)
    in_scope = left - first_pay
    results["non_covered"], results["over_limit"] = rows["non_covered"], rows["over_limit"]
    results["pre_payment"] = rows["pre_payment"] + first_pay
    results["first_pay"], results["excluded"], results["in_scope"] = first_pay, of.fen, in_scope
    total = rows["non_covered"] + rows["over_limit"] + rows["pre_payment"] + rows["in_scope"]
    results["total"] = total
    results["reason"], results["cite_excluded"] = of.reason, of.cite
    results["cite_excluded_rest"] = of.cite_rest
    cite = table(plans.plans, "first_pay_cite")[plan, place]
    results["cite_first_pay"] = np.where((first_bp > 0) & (left > 0), cite, 0)
    rate_at = group * PLACES + place
    visit_cap = table(plans.plans, "visit_cap_fen")[plan, group]
    visit_cap = np.where(rows["visit"] >= 0, visit_cap, NO_CAP)
    annual_cap = table(plans.plans, "annual_cap_fen")[plan, group]
    some = in_scope > 0
    for name, at, applies in (
        ("deductible", group, some),
        ("rate", rate_at, some),
        ("visit_cap", group, some & (visit_cap != NO_CAP)),
        ("annual_cap", group, some & (annual_cap != NO_CAP)),
    ):
        cite = table(plans.plans, f"{name}_cite")[plan, at]
        results[f"cite_{name}"] = np.where(applies, cite, 0)
    shared = (table(plans.plans, "deductible_kind") == DEDUCTIBLE_SHARED)[plan]
    deductible = np.where(shared, table(plans.plans, "deductible_fen")[plan, group], 0)
    columns = (in_scope, deductible, table(plans.plans, "rate_bp")[plan, rate_at])
    settled = np.flatnonzero(~of.refused)
    for at in rounds(rows["counters"][settled]):
        settle_round(
            settled[at], rows, (*columns, visit_cap, annual_cap), counters, visits, results
        )
    person = total - results["pooled_fund"]
    results["person"] = results["cash"] = person
    results["account_allowed"] = np.where(of.bar_all, 0, person - of.barred)
    refused = np.flatnonzero(of.refused)
    reason, cite = of.reason[refused], of.cite[refused]
    results[refused] = 0
    results["reason"][refused], results["cite_excluded"][refused] = reason, cite


def settle_round(
    at: Array,
    rows: Array,
    columns: tuple[Array, ...],
    counters: Array,
    visits: Array,
    results: Array,
) -> None:
    """Settle rows of which no two belong to one member-year."""
    in_scope, deductible, rate, visit_cap, annual_cap = (column[at] for column in columns)
    slot, visit = rows["counters"][at], rows["visit"][at]
    borne, paid = counters[slot, DEDUCTIBLE], counters[slot, ORDINARY_PAID]
    met = counters[slot, FLAGS] & DEDUCTIBLE_MET != 0
    in_visit = visit >= 0
    visit_paid = np.where(in_visit, visits[visit], 0)
    charged = np.minimum(in_scope, np.where(met, 0, np.maximum(0, deductible - borne)))
    base = in_scope - charged
    by_rate = half_up(base, rate)
    visit_left = np.maximum(0, visit_cap - visit_paid)
    after_visit = np.where(visit_cap == NO_CAP, by_rate, np.minimum(by_rate, visit_left))
    annual_left = np.maximum(0, annual_cap - paid)
    fund = np.where(annual_cap == NO_CAP, after_visit, np.minimum(after_visit, annual_left))
    results["deductible"][at], results["copay"][at] = charged, base - by_rate
    results["cut_visit"][at], results["cut_annual"][at] = by_rate - after_visit, after_visit - fund
    results["pooled_fund"][at] = fund
    results["deductible_before"][at], results["paid_before"][at] = borne, paid
    results["visit_paid_before"][at] = visit_paid
    counters[slot, DEDUCTIBLE] += charged
    counters[slot, ORDINARY_PAID] += fund
    visits[visit[in_visit]] += fund[in_visit]


def pay_accounts(rows: Array, results: Array, balances: Array) -> None:
    """Let the accounts pay; round k holds the k-th claim of each account."""
    reason = results["reason"]
    settled = (reason == 0) | (reason >= EXCLUSION_FIRST)
    paying = np.flatnonzero(settled & (rows["account"] >= 0))
    for positions in rounds(rows["account"][paying]):
        at = paying[positions]
        slot = rows["account"][at]
        balance = balances[slot]
        uses = rows["facts"][at] & np.uint32(Fact.USE_ACCOUNT) != 0
        paid = np.where(uses, np.minimum(balance, results["account_allowed"][at]), 0)
        results["account_before"][at], results["account"][at] = balance, paid
        results["cash"][at] -= paid
        balances[slot] -= paid
