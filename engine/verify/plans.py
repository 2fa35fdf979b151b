"""Plans of the journal: well-formed, of their digest, of the claim's city and day.

Facts (status, level, place, bits) are taken as stored: they say what the registers said then, and
are held only against what a claim can be, not resolved again.
"""

import hashlib
from typing import Final

from engine.domain.codes import Benefit
from engine.domain.money import BP
from engine.rules.plan import (
    AGE_MAX,
    ALL_LEVELS,
    LEVELS,
    NO_CAP,
    PLACES,
    STATUSES,
    RulePlan,
    plan_from_json,
)
from engine.verify.report import Kind, Report

_GROUPS: Final = LEVELS * STATUSES
_TABLES: Final = {
    "deductible": ("fen", _GROUPS),
    "rate": ("bp", _GROUPS * PLACES),
    "first_pay": ("bp", PLACES),
    "visit_cap": ("fen", _GROUPS),
    "day_cap": ("fen", _GROUPS),
    "month_cap": ("fen", _GROUPS),
    "annual_cap": ("fen", _GROUPS),
}
"""Tables of a plan: unit and length; beside each one stands its table of citations."""
_CITES: Final = (
    "rounding_cite",
    "pooled_cap_cite",
    "second_cite",
    "account_cite",
    "family_medical_cite",
    "family_goods_cite",
    "disease_cap_cite",
    "standard_price_cite",
    "general_fee_cite",
    "papers_cite",
)
"""Citations that stand alone."""


def read_plan(data: bytes, sequence: int, known: set[bytes], report: Report) -> RulePlan | None:
    """Return the plan of a segment, or None if it cannot be read.

    Args:
        data: text of the segment.
        sequence: of the segment.
        known: digests of the plans before it; this one's is added.
        report: takes what is found wrong.
    """
    try:
        plan = plan_from_json(data)
        digest = plan.digest()
    except (ValueError, TypeError, KeyError) as error:
        report.add(Kind.PLAN, sequence, 0, "plan", "a plan in JSON", type(error).__name__)
        return None
    stored = hashlib.sha256(data).digest()
    if digest != stored:
        report.add(Kind.PLAN, sequence, 0, "digest", digest.hex(), stored.hex())
    if stored in known:
        report.add(Kind.PLAN, sequence, 0, "digest", "a new plan", "one that came before")
    known.add(stored)
    for field, expected, found in _problems(plan):
        report.add(Kind.PLAN, sequence, 0, field, expected, found)
    return plan


def _problems(plan: RulePlan) -> list[tuple[str, object, object]]:
    """Return (field, expected, found) of whatever is out of its range."""
    problems: list[tuple[str, object, object]] = []
    if not plan.first_day <= plan.last_day:
        problems.append(("last_day", f"not before {plan.first_day}", plan.last_day))
    for name, (unit, length) in _TABLES.items():
        values: tuple[int, ...] = getattr(plan, f"{name}_{unit}")
        cites: tuple[int, ...] = getattr(plan, f"{name}_cite")
        low, high = (0, BP) if unit == "bp" else (NO_CAP, None)
        for what, table in ((f"{name}_{unit}", values), (f"{name}_cite", cites)):
            if len(table) != length:
                problems.append((what, f"{length} values", len(table)))
        for value in values:
            if value < low or (high is not None and value > high):
                problems.append((f"{name}_{unit}", f"from {low} to {high}", value))
        problems += _bad_cites(plan, f"{name}_cite", cites)
    for name in _CITES:
        problems += _bad_cites(plan, name, (getattr(plan, name),))
    lines = tuple(line.citation for line in plan.exclusions)
    problems += _bad_cites(plan, "exclusions.citation", lines)
    return problems + _class_problems(plan) + _bracket_problems(plan)


def _class_problems(plan: RulePlan) -> list[tuple[str, object, object]]:
    """Return what is out of its range in what the plan is for."""
    problems: list[tuple[str, object, object]] = []
    if plan.benefit not in Benefit.__members__.values():
        problems.append(("benefit", f"from 1 to {max(Benefit):d}", plan.benefit))
    if not 0 <= plan.given_levels <= ALL_LEVELS:
        problems.append(("given_levels", f"from 0 to {ALL_LEVELS}", plan.given_levels))
    ages: tuple[int, ...] = plan.ages
    if len(ages) != 2 or not 0 <= ages[0] <= ages[1] <= AGE_MAX:
        problems.append(("ages", f"two from 0 to {AGE_MAX}", ages))
    problems += [
        (name, f"from {NO_CAP}", getattr(plan, name))
        for name in ("disease_cap_fen", "standard_price_fen", "pooled_cap_fen", "second_cap_fen")
        if getattr(plan, name) < NO_CAP
    ]
    return problems


def _bracket_problems(plan: RulePlan) -> list[tuple[str, object, object]]:
    """Return what is wrong with the brackets: their order, their tables."""
    problems: list[tuple[str, object, object]] = []
    length, lowest = _GROUPS * PLACES, 1
    for bracket in plan.brackets:
        if bracket.above_fen < lowest:
            problems.append(("brackets.above_fen", f"at least {lowest}", bracket.above_fen))
        lowest = bracket.above_fen + 1
        for name in ("rate_bp", "rate_cite"):
            if len(getattr(bracket, name)) != length:
                found = len(getattr(bracket, name))
                problems.append((f"brackets.{name}", f"{length} values", found))
        problems += [
            ("brackets.rate_bp", f"from 0 to {BP}", rate)
            for rate in bracket.rate_bp
            if not 0 <= rate <= BP
        ]
        problems += _bad_cites(plan, "brackets.rate_cite", bracket.rate_cite)
    return problems


def _bad_cites(
    plan: RulePlan, name: str, cites: tuple[int, ...]
) -> list[tuple[str, object, object]]:
    last = len(plan.citations) - 1
    return [(name, f"from 0 to {last}", cite) for cite in cites if not 0 <= cite <= last]
