"""The caps of the reference kernel: what the fund pays within them, and what each one cuts."""

from engine.domain.money import mul_bp_half_up
from engine.records import Counters, Result, Row, Tariff
from engine.rules.plan import NO_CAP, RulePlan


def apply_caps(result: Result, plan: RulePlan, tariff: Tariff, before: Counters, row: Row) -> None:
    """Step 5: what the fund pays within its caps, and what each of them cuts.

    In the order visit, day, month, year, disease (reading G7-A): that decides which cap is named
    for a cut, never how much is paid. `pooled_fund` comes with the amount by rate.
    """
    annual_left = left_of_year(result, plan, tariff, before)
    caps = (
        ("visit", _left(row.visit, tariff.visit_cap_fen, before.visit_paid), tariff.visit_cap_cite),
        ("day", _left(row.day, tariff.day_cap_fen, before.day_paid), tariff.day_cap_cite),
        ("month", _left(row.month, tariff.month_cap_fen, before.month_paid), tariff.month_cap_cite),
        ("annual", annual_left, tariff.annual_cap_cite),
        (
            "disease",
            _left(row.disease, plan.disease_cap_fen, before.disease_paid),
            plan.disease_cap_cite,
        ),
    )
    settled = _is_settled(result)
    for name, left, cite in caps:
        setattr(result, f"cut_{name}", cut(result.pooled_fund, left))
        result.pooled_fund = capped(result.pooled_fund, left)
        if settled and left is not None:
            setattr(result, f"cite_{name}_cap", cite)


def left_of_year(result: Result, plan: RulePlan, tariff: Tariff, before: Counters) -> int | None:
    """Return what the annual cap leaves the fund to pay, None if there is no cap.

    What was not paid yet of the cap (reading G1-A). Or the fund's share of the claim's cost inside
    a band of the year's cost, of which the deductible is the first part (reading G1-B).
    """
    if not plan.annual_cap_on_cost or tariff.annual_cap_fen == NO_CAP:
        return left_of(tariff.annual_cap_fen, before.paid)
    inside = min(result.in_scope, max(0, tariff.annual_cap_fen - before.cost_so_far))
    return mul_bp_half_up(max(0, inside - result.deductible), plan.rate_bp[tariff.rate_at])


def apply_pooled_cap(result: Result, plan: RulePlan, before: Counters) -> None:
    """Step 6: what the fund pays within the annual cap of the pooled fund (reading S10)."""
    if not plan.pooled_counts:
        return
    left = left_of(plan.pooled_cap_fen, before.pooled_paid)
    if _is_settled(result) and left is not None:
        result.cite_pooled_cap = plan.pooled_cap_cite
    result.cut_pooled = cut(result.pooled_fund, left)
    result.pooled_fund = capped(result.pooled_fund, left)
    result.pooled_counted = result.pooled_fund


def _is_settled(result: Result) -> bool:
    """Return whether there is anything that a cap is asked about."""
    return result.in_scope > 0 or result.cite_standard_price > 0


def _left(slot: int, cap_fen: int, paid_fen: int) -> int | None:
    """Return what a cap on a counter of its own leaves, None if there is none to count in."""
    return left_of(cap_fen, paid_fen) if slot >= 0 else None


def left_of(cap_fen: int, paid_fen: int) -> int | None:
    """Return what a cap leaves after what was paid, or None if there is no cap."""
    return None if cap_fen == NO_CAP else max(0, cap_fen - paid_fen)


def capped(amount_fen: int, left_fen: int | None) -> int:
    """Return the part of an amount that a cap leaves."""
    return amount_fen if left_fen is None else min(amount_fen, left_fen)


def cut(amount_fen: int, left_fen: int | None) -> int:
    """Return the part of an amount that a cap takes."""
    return 0 if left_fen is None else max(0, amount_fen - left_fen)
