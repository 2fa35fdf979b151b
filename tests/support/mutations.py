"""A plan with one number changed, for every number that a claim can meet.

What is left out, and why, is said where it is left out.
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, NamedTuple

from engine.domain.codes import BENEFIT_FACTS, Fact, Place
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.rules.plan import (
    ALL_LEVELS,
    BAR_ALL,
    BAR_EXCLUDED,
    DEDUCTIBLE_COST,
    DEDUCTIBLE_EACH,
    DEDUCTIBLE_NONE,
    DEDUCTIBLE_OWN,
    DEDUCTIBLE_SHARED,
    LEVELS,
    NO_CAP,
    PLACES,
    STATUSES,
    Bracket,
    Exclusion,
    RulePlan,
)

_BENEFITS = sum(BENEFIT_FACTS.values())
_NOT_NUMBERS = ("city", "name", "first_day", "last_day", "rounding_cite", "kinds")
"""Names, days, and a citation that no result carries."""
_KINDS = (
    DEDUCTIBLE_NONE,
    DEDUCTIBLE_SHARED,
    DEDUCTIBLE_COST,
    DEDUCTIBLE_OWN,
    DEDUCTIBLE_EACH,
)
_SWITCHES = (
    "rounding",
    "pooled_counts",
    "burden_counts",
    "account_limited",
    "first_pay_last",
    "annual_cap_on_cost",
    "second_copay_only",
)
_OF_ACCOUNTS = (
    "family_medical",
    "family_medical_cite",
    "family_goods",
    "family_goods_cite",
)
"""Of relatives' accounts: the documents are read without; `tests/rules/test_family.py` holds them
against the account rules."""
_CITES_OF = {
    "disease_cap_cite": "disease_cap_fen",
    "standard_price_cite": "standard_price_fen",
    "account_cite": "account_limited",
    "general_fee_cite": "general_fee_in_scope",
    "papers_cite": "papers",
}


class Mutated(NamedTuple):
    """Which claims a plan can meet."""

    always: int
    """Facts of every claim."""
    own: int
    """Facts of the benefits that claims may be of."""
    levels: tuple[int, ...]
    """The levels at which facts are probed."""


def mutated(plan: RulePlan, what: Mutated) -> Iterator[tuple[str, RulePlan]]:
    """Yield the plan with each number of it changed once: every table cell, every line."""
    for field in fields(plan):
        if field.name not in (*_NOT_NUMBERS, *_OF_ACCOUNTS):
            yield from _field(plan, what, field.name, getattr(plan, field.name))
    for n, line in enumerate(plan.exclusions):
        for what_changed, lines in _line(plan, what, n, line):
            yield f"{Reason(line.reason).name}: {what_changed}", replace(plan, exclusions=lines)
    # The kernels look at no bracket where the price is standard.
    if plan.standard_price_fen == NO_CAP:
        rates = tuple(rate + 1 for rate in plan.rate_bp)
        bracket = Bracket(10_000, rates, plan.rate_cite)
        yield "a bracket", replace(plan, brackets=(bracket,))


def _field(plan: RulePlan, what: Mutated, name: str, value: Any) -> Iterator[tuple[str, RulePlan]]:
    for why, to in _values(plan, what, name, value):
        change: dict[str, Any] = {name: to}
        yield f"{name}{why}", replace(plan, **change)


def _values(plan: RulePlan, what: Mutated, name: str, value: Any) -> Iterator[tuple[str, object]]:
    """Yield other values of a field, and what to call them."""
    if name == "deductible_kind":
        # Where there is none, there is no amount either that another way would count.
        kinds = _KINDS if value != DEDUCTIBLE_NONE else ()
        yield from ((f"={kind}", kind) for kind in kinds if kind != value)
    elif name == "ages":
        yield "[0]", (value[0] + 1, value[1])
        yield "[1]", (value[0], value[1] - 1)
    elif name == "code":
        yield "", f"{value}0"
    elif name == "given_levels":
        yield from ((f" {level}", value ^ 1 << level) for level in range(LEVELS))
    elif isinstance(value, int):
        if _is_met(plan, name):
            yield "", 1 - value if name in _SWITCHES else value + 1
    elif isinstance(value, tuple) and value and isinstance(value[0], int):
        for n, number in enumerate(value):
            if _reachable(plan, what, name, n):
                yield f"[{n}]", (*value[:n], number + 1, *value[n + 1 :])


def _is_met(plan: RulePlan, name: str) -> bool:
    """Return whether a claim can meet a number: not where nothing is counted or cited.

    That the first payment comes last shows only where there is one, and a deductible.
    """
    if name.startswith("pooled_") and name != "pooled_counts":
        return bool(plan.pooled_counts)
    if name.startswith("second_"):
        return bool(plan.burden_counts)
    if name == "first_pay_last":
        return any(plan.first_pay_bp) and plan.deductible_kind != DEDUCTIBLE_NONE
    if name == "annual_cap_on_cost":
        return any(fen != NO_CAP for fen in plan.annual_cap_fen)
    return name not in _CITES_OF or getattr(plan, _CITES_OF[name]) not in (NO_CAP, 0)


def _reachable(plan: RulePlan, what: Mutated, table: str, n: int) -> bool:
    """Return whether any claim can meet a cell.

    Not at a level at which the benefit is not given or is refused; not where there is nothing to
    cite (no cap, no first payment) or to count (no deductible); not a rate outside the city where
    only the filed are paid. A package has no deductible to cite.
    """
    cells = PLACES if table.startswith("rate") else 1
    if not table.startswith("first_pay"):
        level = n // (STATUSES * cells)
        if not plan.gives(level) or _refusing(plan, what, level) is not None:
            return False
    if table.endswith("_cap_cite"):
        caps: tuple[int, ...] = getattr(plan, table.replace("_cite", "_fen"))
        return caps[n] != NO_CAP
    if table == "first_pay_cite":
        return plan.first_pay_bp[n] > 0
    if table == "deductible_fen" and plan.deductible_kind == DEDUCTIBLE_NONE:
        return False
    if table == "deductible_cite" and plan.standard_price_fen != NO_CAP:
        return False
    only_filed = any(line.reason == Reason.NOT_FILED for line in plan.exclusions)
    if only_filed and table.startswith("rate"):
        return n % PLACES <= Place.FILED
    return not (only_filed and table == "first_pay_bp" and n > Place.FILED)


def _refusing(plan: RulePlan, what: Mutated, level: int) -> int | None:
    """Return the place of the line that refuses whatever is asked for at a level, if one does."""
    for n, line in enumerate(plan.exclusions):
        whatever = not line.require & ~what.always and not line.forbid
        if line.reason < EXCLUSION_FIRST and whatever and line.levels >> level & 1:
            return n
    return None


def _line(
    plan: RulePlan, what: Mutated, n: int, line: Exclusion
) -> Iterator[tuple[str, tuple[Exclusion, ...]]]:
    """Yield the lines with one of them left out or changed.

    A line of another benefit, or one from which this benefit is excepted, meets no claim: only that
    it says so is tried.
    """
    before, after = plan.exclusions[:n], plan.exclusions[n + 1 :]
    if line.require & _BENEFITS & ~what.own or line.forbid & what.always:
        for why, changed in _opened(what, line):
            yield why, (*before, changed, *after)
        return
    if line.reason == Reason.NO_PRESCRIPTION and any(
        one.reason == Reason.BENEFIT_NOT_OFFERED and one.require & Fact.PHARMACY for one in before
    ):
        return  # A claim at a pharmacy is refused before.
    yield "left out", (*before, *after)
    for why, changed in _changed(plan, what, n, line):
        yield why, (*before, changed, *after)


def _opened(what: Mutated, line: Exclusion) -> Iterator[tuple[str, Exclusion]]:
    """Yield a line that meets no claim without what keeps it from doing so, if that is one fact."""
    foreign = line.require & _BENEFITS & ~what.own
    barring = line.forbid & what.always
    if foreign.bit_count() + barring.bit_count() == 1:
        fact = Fact(foreign | barring).name
        yield (
            f"without {fact}",
            replace(line, require=line.require & ~foreign, forbid=line.forbid & ~barring),
        )


def _changed(
    plan: RulePlan, what: Mutated, n: int, line: Exclusion
) -> Iterator[tuple[str, Exclusion]]:
    yield "reason", replace(line, reason=line.reason + 1)
    if line.reason >= EXCLUSION_FIRST:
        yield "liable_only", replace(line, liable_only=not line.liable_only)
        for bar in {0, 1, 2} - {line.account_bar}:
            # Liable in whole: what is excluded is all there is, so only a part tells the two apart.
            if (line.account_bar, bar) != (BAR_ALL, BAR_EXCLUDED) and bar != BAR_EXCLUDED:
                yield f"account_bar={bar}", replace(line, account_bar=bar)
    for fact in Fact:
        # What holds of every claim says nothing more. What is of no other benefit is ordinary.
        if line.require & fact & ~what.always and fact != Fact.ORDINARY:
            yield f"require -{fact.name}", replace(line, require=line.require & ~fact)
        # A benefit that has a plan of its own is in no claim of this one.
        if line.forbid & fact & ~(_BENEFITS & ~what.own):
            yield f"forbid -{fact.name}", replace(line, forbid=line.forbid & ~fact)
    for level in range(LEVELS):
        refusing = _refusing(plan, what, level)
        comes_too_late = refusing is not None and refusing < n
        probed = level in what.levels or line.levels != ALL_LEVELS
        if line.levels >> level & 1 and probed and plan.gives(level) and not comes_too_late:
            yield f"levels -{level}", replace(line, levels=line.levels & ~(1 << level))
