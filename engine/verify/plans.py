"""Plans of the journal: well-formed, of their digest, of the claim's city and day.

Facts (status, level, place, bits) are taken as stored: they say what the registers said then, and
are held only against what a claim can be, not resolved again.
"""

import hashlib
from typing import Final

from engine.domain.money import BP
from engine.rules.plan import LEVELS, NO_CAP, PLACES, STATUSES, RulePlan, plan_from_json
from engine.verify.report import Kind, Report

_GROUPS: Final = LEVELS * STATUSES
_TABLES: Final = {
    "deductible": ("fen", _GROUPS),
    "rate": ("bp", _GROUPS * PLACES),
    "first_pay": ("bp", PLACES),
    "visit_cap": ("fen", _GROUPS),
    "annual_cap": ("fen", _GROUPS),
}
"""Tables of a plan: unit and length; beside each one stands its table of citations."""


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
    for name in ("pooled_cap_cite", "second_cite", "account_cite"):
        problems += _bad_cites(plan, name, (getattr(plan, name),))
    lines = tuple(line.citation for line in plan.exclusions)
    return problems + _bad_cites(plan, "exclusions.citation", lines)


def _bad_cites(
    plan: RulePlan, name: str, cites: tuple[int, ...]
) -> list[tuple[str, object, object]]:
    last = len(plan.citations) - 1
    return [(name, f"from 0 to {last}", cite) for cite in cites if not 0 <= cite <= last]
