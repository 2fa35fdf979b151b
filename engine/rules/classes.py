"""Which classes of claims a city's rules tell apart: benefit, kind of institution, age, disease.

A plan is for one class. Most rules look at the benefit alone, so most cities have one plan a
benefit and interval of days; an entry with `kinds` or `ages`, or a figure by the code of a disease,
splits it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from engine.domain.codes import Benefit, Kind
from engine.rules.figures import FigureSet
from engine.rules.model import INHERITED, TABLES, CityRules, Value
from engine.rules.plan import AGE_MAX, ClaimClass


def of_benefit(rules: CityRules, benefit: int) -> CityRules:
    """Return the rules with the values of one benefit alone.

    Of the tables that a benefit's own file may leave out, those of the ordinary benefit. A benefit
    without a file has the ordinary values: a line refuses its claims before they count.
    """
    known = benefit if benefit in rules.benefits else Benefit.ORDINARY
    own: dict[str, Any] = {}
    for table in TABLES:
        values: tuple[Value, ...] = getattr(rules, table)
        mine = tuple(value for value in values if value.benefit == known)
        if not mine and table in INHERITED:
            mine = tuple(value for value in values if value.benefit == Benefit.ORDINARY)
        own[table] = mine
    return replace(rules, **own)


def narrowed(rules: CityRules, claim: ClaimClass) -> CityRules:
    """Return the rules of one benefit with the values that hold for one class of its claims."""
    own: dict[str, Any] = {
        table: tuple(value for value in getattr(rules, table) if _holds_for(value, claim))
        for table in TABLES
    }
    return replace(rules, **own)


def _holds_for(value: Value, claim: ClaimClass) -> bool:
    first, last = value.ages
    return (not value.kinds or claim.kind in value.kinds) and first <= claim.age <= last


def kinds_like(values: Sequence[Value], kind: int) -> tuple[int, ...]:
    """Return the kinds of institution for which the same values hold; empty: every kind."""
    if not any(value.kinds for value in values):
        return ()
    signatures = {k: [k in value.kinds for value in values if value.kinds] for k in map(int, Kind)}
    like = tuple(k for k, signature in signatures.items() if signature == signatures[kind])
    return () if len(like) == len(signatures) else like


def ages_like(values: Sequence[Value], age: int) -> tuple[int, int]:
    """Return the first and the last age for which the same values hold as for `age`."""
    firsts = {0, *(value.ages[0] for value in values), *(value.ages[1] + 1 for value in values)}
    first = max(bound for bound in firsts if bound <= age)
    return first, min((bound - 1 for bound in firsts if bound > age), default=AGE_MAX)


def known_code(rules: CityRules, figures: FigureSet, day: int, code: str) -> str:
    """Return the code, if an operator figure goes by it on the day, else nothing.

    So the plans of a city are as many as the codes that its operator knows.
    """
    by_code = (*rules.disease_cap, *rules.standard_price)
    names = {value.figure for value in by_code if day in value.days}
    return code if any(figures.get(rules.area, name, code, day) for name in names) else ""


def values_on(rules: CityRules, day: int) -> list[Value]:
    """Return the values of a day."""
    return [value for value in rules.values() if day in value.days]


def canonical(rules: CityRules, figures: FigureSet, day: int, claim: ClaimClass) -> ClaimClass:
    """Return the one class that stands for all that have the same plan on a day.

    Args:
        rules: of one benefit (`of_benefit`).
        figures: what the operator supplied.
        day: the service date, YYYYMMDD.
        claim: the class of the claim; its benefit is that of the rules.
    """
    values = values_on(rules, day)
    return ClaimClass(
        claim.benefit,
        min(kinds_like(values, claim.kind), default=int(Kind.HOSPITAL)),
        ages_like(values, claim.age)[0],
        known_code(rules, figures, day, claim.code),
    )


def classes_of(rules: CityRules, values: Sequence[Value], benefit: int) -> Iterator[ClaimClass]:
    """Yield one class for each set of values that may hold together, codes apart."""
    kinds = sorted({min(kinds_like(values, int(kind)), default=1) for kind in Kind})
    bounds = {0, *(value.ages[0] for value in values), *(value.ages[1] + 1 for value in values)}
    for kind in kinds:
        for age in sorted(bound for bound in bounds if bound <= AGE_MAX):
            yield ClaimClass(benefit, kind, age)
