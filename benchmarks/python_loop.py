"""What pure Python can do: one loop over lists, everything inlined, no object a claim.

It settles what the plans of ordinary care have, and gives the basis columns, from which every
other part of a settlement is derived: what is not among them adds up from these and the row.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from engine.domain.layout import Array
from engine.domain.reasons import EXCLUSION_FIRST
from engine.rules.plan import (
    BAR_ALL,
    BAR_EXCLUDED,
    DEDUCTIBLE_NONE,
    NO_CAP,
    PLACES,
    STATUSES,
    RulePlan,
)

BASIS: Final = (
    "reason",
    "first_pay",
    "excluded",
    "deductible",
    "copay",
    "cut_visit",
    "cut_annual",
    "cut_pooled",
    "pooled_fund",
    "large_amount_fund",
    "account",
    "cash",
)
"""The columns that come out, in this order."""

_NO_LIMIT: Final = 1 << 62
_READ: Final = (
    *("in_scope", "pre_payment", "over_limit", "non_covered", "liable"),
    *("counters", "visit", "borne", "account", "facts"),
)
_USE_ACCOUNT: Final = 1 << 24

Tariff = tuple[int, int, int, int, int, int, int, int]
"""Deductible, rate, first payment, caps of visit, year and pooled fund, whether it counts, plan."""
Basis = tuple[int, int, int, int, int, int, int, int, int, int, int, int]


class Work(NamedTuple):
    """Rows and plans as lists."""

    columns: list[list[int]]
    tariffs: list[Tariff]
    of: list[int]
    """Of each row, its place in `tariffs`."""
    verdicts: dict[int, tuple[int, bool, bool, int, bool]]
    """By facts, plan, level and liability: reason, whole, account barred from
    all, from how much of it, refused. The usual ones have none."""
    keys: list[int]
    second: list[tuple[int, int, int] | None]
    """By plan: threshold, rate and cap of the second payment."""


def work(rows: Array, plans: Sequence[RulePlan]) -> Work:
    """Return what the loop reads."""
    assert not any(plan.second_copay_only for plan in plans)
    tariffs: list[Tariff] = []
    for number, plan in enumerate(plans):
        for at in range(len(plan.rate_bp)):
            group = at // PLACES
            charges = plan.deductible_kind != DEDUCTIBLE_NONE
            caps = (plan.visit_cap_fen[group], plan.annual_cap_fen[group], plan.pooled_cap_fen)
            limits = [_NO_LIMIT if cap == NO_CAP else cap for cap in caps]
            deductible = plan.deductible_fen[group] if charges else 0
            pays = (deductible, plan.rate_bp[at], plan.first_pay_bp[at % PLACES])
            counts = plan.pooled_counts
            pooled_cap = limits[2] if counts else _NO_LIMIT
            tariffs.append((*pays, limits[0], limits[1], pooled_cap, counts, number))
    per_plan = len(tariffs) // len(plans)
    at_place = (rows["level"].astype("i8") * STATUSES + rows["status"]) * PLACES + rows["place"]
    of = (rows["plan"].astype("i8") * per_plan + at_place).tolist()
    facts = rows["facts"].astype("i8")
    keys = (facts * len(plans) + rows["plan"]) * 8 + rows["level"] * 2 + (rows["liable"] >= 0)
    verdicts = {}
    for key in set(keys.tolist()):
        lines = _lines(key, plans)
        if lines[0]:
            verdicts[key] = lines
    second = [
        (p.second_threshold_fen, p.second_rate_bp, _limit(p.second_cap_fen))
        if p.burden_counts
        else None
        for p in plans
    ]
    columns = [rows[name].tolist() for name in _READ]
    return Work(columns, tariffs, of, verdicts, keys.tolist(), second)


def _limit(cap: int) -> int:
    return _NO_LIMIT if cap == NO_CAP else cap


def _lines(key: int, plans: Sequence[RulePlan]) -> tuple[int, bool, bool, int, bool]:
    """Return what the exclusion matrix says of rows with these facts, plan, level and liability."""
    rest, low = divmod(key, 8)
    facts, plan = divmod(rest, len(plans))
    level, in_part = low >> 1, bool(low & 1)
    lines = [line for line in plans[plan].exclusions if line.applies(facts, level)]
    refusal = next((line for line in lines if line.reason < EXCLUSION_FIRST), None)
    if refusal is not None:
        return refusal.reason, True, True, 0, True
    if not lines:
        return 0, False, False, 0, False
    whole = any(not line.liable_only or not in_part for line in lines)
    barring = [line for line in lines if line.account_bar == BAR_EXCLUDED]
    barred = 2 if any(not line.liable_only or not in_part for line in barring) else bool(barring)
    bar_all = any(line.account_bar == BAR_ALL for line in lines)
    return lines[0].reason, whole, bar_all, int(barred), False


def state(members: int, keyed: int, balances: Array) -> list[list[int]]:
    """Return counters before the first claim: five of the line, the keyed ones, the accounts."""
    zeros = [[0] * members for _ in range(5)]
    return [*zeros, [0] * keyed, balances.tolist()]


def columns(settled: Sequence[Basis]) -> Array:
    """Return what the loop gave as columns of `BASIS`."""
    return np.array(settled, np.int64).T


def settle(of: Work, counters: list[list[int]], count: int) -> list[Basis]:  # noqa: PLR0915
    """Settle the first `count` rows; return the basis of each. One function: a call costs more."""
    borne, paid, pooled, burden, large, keyed, accounts = counters
    tariffs, second, verdict_of = of.tariffs, of.second, of.verdicts.get
    found: list[Basis] = []
    append = found.append
    rows = zip(*(column[:count] for column in (*of.columns, of.of, of.keys)), strict=True)
    for in_scope, pre, over, non, liable, slot, visit, own, account, facts, at, key in rows:
        deductible, rate, first_bp, visit_cap, annual_cap, pooled_cap, counts, plan = tariffs[at]
        reason = excluded = barred = 0
        whole = bar_all = False
        verdict = verdict_of(key)
        if verdict is not None:
            reason, whole, bar_all, bars, refused = verdict
            if refused:
                append((reason, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
                continue
            part = in_scope if liable < 0 or liable > in_scope else liable
            excluded = in_scope if whole else part
            barred = in_scope if bars == 2 else part if bars else 0
            whole = whole or excluded == in_scope > 0
        left = in_scope - excluded
        first = (left * first_bp + 5_000) // 10_000
        basis = left - first
        remaining = deductible - (keyed[own] if own >= 0 else borne[slot])
        charged = 0 if remaining <= 0 else remaining if remaining < basis else basis
        base = basis - charged
        by_rate = (base * rate + 5_000) // 10_000
        room = visit_cap - keyed[visit] if visit >= 0 else by_rate
        after_visit = by_rate if by_rate <= room else room if room > 0 else 0
        room = annual_cap - paid[slot]
        after_annual = after_visit if after_visit <= room else room if room > 0 else 0
        room = pooled_cap - pooled[slot]
        fund = after_annual if after_annual <= room else room if room > 0 else 0
        if own >= 0:
            keyed[own] += charged
        else:
            borne[slot] += charged
        paid[slot] += fund
        if visit >= 0:
            keyed[visit] += fund
        if counts:
            pooled[slot] += fund
        large_paid = 0
        terms = second[plan]
        if terms is not None and not whole:
            threshold, second_rate, second_cap = terms
            before = burden[slot]
            after = burden[slot] = before + pre + basis - fund
            above = after - (threshold if threshold > before else before)
            by_second = (above * second_rate + 5_000) // 10_000 if above > 0 else 0
            room = second_cap - large[slot]
            large_paid = by_second if by_second <= room else room
            large[slot] += large_paid
        person = non + over + pre + in_scope - fund - large_paid
        used = 0
        if account >= 0 and facts & _USE_ACCOUNT:
            allowed, balance = 0 if bar_all else person - barred, accounts[account]
            used = balance if balance < allowed else allowed
            accounts[account] = balance - used
        append(
            (
                reason,
                first,
                excluded,
                charged,
                base - by_rate,
                by_rate - after_visit,
                after_visit - after_annual,
                after_annual - fund,
                fund,
                large_paid,
                used,
                person - used,
            )
        )
    return found
