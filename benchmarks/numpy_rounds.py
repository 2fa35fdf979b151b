"""What NumPy alone can do: the same settlements, vectorised over members.

The k-th claims of all members form round k: within a round no two rows touch the same counters,
so a round is settled by whole-array arithmetic. What does not depend on counters (exclusions,
first payment, rates) is done for all rows at once before the rounds.

Rows and results are columns, each contiguous, which NumPy likes best. It settles what the plans of
ordinary care have: no packages, no brackets, no caps of a day, a month or a disease.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from engine.domain.codes import Fact
from engine.domain.layout import (
    COMPLIANT_BURDEN,
    DEDUCTIBLE,
    DEDUCTIBLE_MET,
    FLAGS,
    LARGE_AMOUNT_PAID,
    ORDINARY_PAID,
    POOLED_PAID,
    RESULT,
    ROW,
    Array,
)
from engine.domain.money import BP
from engine.domain.reasons import EXCLUSION_FIRST
from engine.kernel import PlanTable
from engine.rules.plan import (
    BAR_ALL,
    BAR_EXCLUDED,
    DEDUCTIBLE_NONE,
    NO_CAP,
    PLACES,
    STATUSES,
    RulePlan,
)

Columns = Mapping[str, Array]

READ: Final = tuple(
    name
    for name in ROW.names or ()
    if name not in ("cost", "disease", "month", "day", "paid", "rate_level", "relation")
)
"""The columns of `ROW` that are read; the others are as in ordinary care."""


class Excluded(NamedTuple):
    reason: Array
    cite: Array
    cite_rest: Array
    fen: Array
    barred: Array
    bar_all: Array
    refused: Array
    whole: Array


def columns_of(rows: Array) -> dict[str, Array]:
    """Return the columns of rows, each contiguous."""
    return {name: np.ascontiguousarray(rows[name]) for name in READ}


def empty_results(count: int) -> dict[str, Array]:
    """Return columns for so many results."""
    return {name: np.zeros(count, RESULT[name]) for name in RESULT.names or ()}


def packed(results: Columns) -> Array:
    """Return results as the kernels write them."""
    found = np.zeros(len(results["total"]), RESULT)
    for name, column in results.items():
        found[name] = column
    return found


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


def table(plans: Sequence[RulePlan], name: str) -> Array:
    return np.array([getattr(plan, name) for plan in plans], np.int64)


def half_up(fen: Array, bp: Array) -> Array:
    return (fen * bp + BP // 2) // BP


def exclude(rows: Columns, plans: Sequence[RulePlan]) -> Excluded:
    count = len(rows["plan"])
    of = Excluded(*(np.zeros(count, np.int64) for _ in range(5)), *np.zeros((3, count), bool))
    for number, plan in enumerate(plans):
        of_plan = np.flatnonzero(rows["plan"] == number)
        facts, in_scope = rows["facts"][of_plan], rows["in_scope"][of_plan]
        liable, level = rows["liable"][of_plan], rows["level"][of_plan]
        part = np.where(liable < 0, in_scope, np.minimum(liable, in_scope))
        for line in plan.exclusions:
            require, forbid = np.uint32(line.require), np.uint32(line.forbid)
            applies = (facts & require == require) & (facts & forbid == 0)
            hits = np.flatnonzero(applies & (line.levels >> level & 1 != 0))
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
            of.whole[at] |= True if not line.liable_only else liable[hits] < 0
            of.bar_all[at] |= line.account_bar == BAR_ALL
            if line.account_bar == BAR_EXCLUDED:
                of.barred[at] = np.maximum(of.barred[at], taken)
    of.whole[(of.fen > 0) & (of.fen == rows["in_scope"])] = True
    return of


def settle(
    rows: Columns, plans: PlanTable, counters: Array, visits: Array, results: Columns
) -> None:
    """Settle as the kernels do; nothing is checked."""
    of = exclude(rows, plans.plans)
    plan, group = rows["plan"], rows["level"].astype(np.int64) * STATUSES + rows["status"]
    write_bill(rows, plans.plans, of, results)
    in_scope = results["in_scope"]
    rate_at = group * PLACES + rows["place"]
    pooled = table(plans.plans, "pooled_counts")[plan]
    pooled_cap = np.where(pooled == 1, table(plans.plans, "pooled_cap_fen")[plan], NO_CAP)
    visit_cap = table(plans.plans, "visit_cap_fen")[plan, group]
    visit_cap = np.where(rows["visit"] >= 0, visit_cap, NO_CAP)
    annual_cap = table(plans.plans, "annual_cap_fen")[plan, group]
    some = in_scope > 0
    tables: tuple[tuple[str, tuple[Array, ...], Array], ...] = (
        ("deductible", (plan, group), some),
        ("rate", (plan, rate_at), some),
        ("visit_cap", (plan, group), some & (visit_cap != NO_CAP)),
        ("annual_cap", (plan, group), some & (annual_cap != NO_CAP)),
        ("pooled_cap", (plan,), some & (pooled_cap != NO_CAP)),
    )
    for name, at, applies in tables:
        cite = table(plans.plans, f"{name}_cite")[at]
        results[f"cite_{name}"][:] = np.where(applies, cite, 0)
    charges = (table(plans.plans, "deductible_kind") != DEDUCTIBLE_NONE)[plan]
    terms = {
        "deductible": np.where(charges, table(plans.plans, "deductible_fen")[plan, group], 0),
        "rate": table(plans.plans, "rate_bp")[plan, rate_at],
        "visit_cap": visit_cap,
        "annual_cap": annual_cap,
        "pooled_cap": pooled_cap,
        "pooled": pooled,
        "burden": (table(plans.plans, "burden_counts")[plan] == 1) & ~of.whole,
    }
    settled = np.flatnonzero(~of.refused)
    for of_round in rounds(rows["counters"][settled]):
        settle_round(settled[of_round], rows, plans.plans, terms, counters, visits, results)
    person = results["total"] - results["pooled_fund"] - results["large_amount_fund"]
    results["person"][:] = results["cash"][:] = person
    results["account_allowed"][:] = np.where(of.bar_all, 0, person - of.barred)
    refused = np.flatnonzero(of.refused)
    for column in results.values():
        column[refused] = 0
    results["reason"][refused] = of.reason[refused]
    results["cite_excluded"][refused] = of.cite[refused]


def write_bill(rows: Columns, plans: Sequence[RulePlan], of: Excluded, results: Columns) -> None:
    """Write the bill's parts, with the first payment out of the city."""
    plan, place = rows["plan"], rows["place"]
    left = rows["in_scope"] - of.fen
    first_bp = table(plans, "first_pay_bp")[plan, place]
    first_pay = half_up(left, first_bp)
    for name in ("non_covered", "over_limit"):
        results[name][:] = rows[name]
    results["pre_payment"][:] = rows["pre_payment"] + first_pay
    results["first_pay"][:], results["excluded"][:] = first_pay, of.fen
    results["in_scope"][:] = left - first_pay
    results["total"][:] = (
        rows["non_covered"] + rows["over_limit"] + rows["pre_payment"] + rows["in_scope"]
    )
    results["reason"][:], results["cite_excluded"][:] = of.reason, of.cite
    results["cite_excluded_rest"][:] = of.cite_rest
    cite = table(plans, "first_pay_cite")[plan, place]
    results["cite_first_pay"][:] = np.where((first_bp > 0) & (left > 0), cite, 0)


def capped(fen: Array, cap: Array, paid: Array) -> Array:
    """Return what a cap leaves after what was paid."""
    return np.where(cap == NO_CAP, fen, np.minimum(fen, np.maximum(0, cap - paid)))


def settle_round(
    at: Array,
    rows: Columns,
    plans: Sequence[RulePlan],
    terms: Columns,
    counters: Array,
    visits: Array,
    results: Columns,
) -> None:
    """Settle rows of which no two belong to one member-year."""
    of = {name: column[at] for name, column in terms.items()}
    in_scope, visit, own = results["in_scope"][at], rows["visit"][at], rows["borne"][at]
    slot = rows["counters"][at]
    line = counters[slot]
    in_visit, elsewhere = visit >= 0, own >= 0
    borne = np.where(elsewhere, visits[own], line[:, DEDUCTIBLE])
    paid, pooled_paid = line[:, ORDINARY_PAID], line[:, POOLED_PAID]
    visit_paid = np.where(in_visit, visits[visit], 0)
    met = line[:, FLAGS] & DEDUCTIBLE_MET != 0
    charged = np.minimum(in_scope, np.where(met, 0, np.maximum(0, of["deductible"] - borne)))
    base = in_scope - charged
    by_rate = half_up(base, of["rate"])
    after_visit = capped(by_rate, of["visit_cap"], visit_paid)
    after_annual = capped(after_visit, of["annual_cap"], paid)
    fund = capped(after_annual, of["pooled_cap"], pooled_paid)
    counted = fund * of["pooled"]
    for name, value in (
        ("deductible", charged),
        ("copay", base - by_rate),
        ("cut_visit", by_rate - after_visit),
        ("cut_annual", after_visit - after_annual),
        ("cut_pooled", after_annual - fund),
        ("pooled_fund", fund),
        ("pooled_counted", counted),
        ("deductible_before", borne),
        ("paid_before", paid),
        ("pooled_paid_before", pooled_paid),
        ("visit_paid_before", visit_paid),
    ):
        results[name][at] = value
    settle_second(at, rows, plans, of["burden"], line, results)
    line[~elsewhere, DEDUCTIBLE] += charged[~elsewhere]
    line[:, ORDINARY_PAID] += fund
    line[:, POOLED_PAID] += counted
    counters[slot] = line
    visits[own[elsewhere]] += charged[elsewhere]
    visits[visit[in_visit]] += fund[in_visit]


def settle_second(
    at: Array,
    rows: Columns,
    plans: Sequence[RulePlan],
    counts: Array,
    line: Array,
    results: Columns,
) -> None:
    """Pay the second payment of a round, and move the burden in its lines."""
    burden, paid_before = line[:, COMPLIANT_BURDEN], line[:, LARGE_AMOUNT_PAID]
    results["compliant_burden_before"][at] = burden
    results["large_amount_paid_before"][at] = paid_before
    some = np.flatnonzero(counts)
    if not len(some):
        return
    of, plan = at[some], rows["plan"][at[some]]
    added = rows["pre_payment"][of] + results["in_scope"][of] - results["pooled_fund"][of]
    only = table(plans, "second_copay_only")[plan] == 1
    added = np.where(only, results["copay"][of], added)
    threshold = table(plans, "second_threshold_fen")[plan]
    above = np.minimum(added, np.maximum(0, burden[some] + added - threshold))
    by_rate = half_up(above, table(plans, "second_rate_bp")[plan])
    paid = capped(by_rate, table(plans, "second_cap_fen")[plan], paid_before[some])
    results["cite_large_amount"][of] = np.where(by_rate > 0, table(plans, "second_cite")[plan], 0)
    results["burden_counted"][of], results["large_amount_fund"][of] = added, paid
    line[some, COMPLIANT_BURDEN] += added
    line[some, LARGE_AMOUNT_PAID] += paid


def pay_accounts(rows: Columns, results: Columns, balances: Array) -> None:
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
