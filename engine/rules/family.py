"""For whom a relative's account pays in a settlement, out of the rules of personal accounts.

The kernels see rule plans alone: what an account may pay of a claim stands there, in two sets of
relations, one for institutions and one for pharmacies, each with the clauses that open the account.
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.domain.account import Purpose, Relation
from engine.domain.dates import Interval
from engine.rules.account_compile import AccountShelf
from engine.rules.account_model import UseEntry
from engine.rules.account_plan import AccountPlan
from engine.rules.figures import FigureSet
from engine.rules.model import CityRules
from engine.rules.plan import Citation, ClauseRef

_OTHERS = ~(1 << Relation.SELF)


class FamilyUse(NamedTuple):
    """For whom, and by which clauses and figures."""

    relations: int
    """Set of `Relation`: what the person is to the account's owner."""
    citation: Citation


def family_uses(rules: CityRules, figures: FigureSet, day: int) -> dict[str, FamilyUse]:
    """Return the uses of a day by their names in `RulePlan`, those alone that there are."""
    plan = AccountShelf(rules, figures).on(day)
    if plan is None:
        return {}
    uses = {
        "family_medical": _use(plan, Purpose.MEDICAL),
        "family_goods": _use(plan, Purpose.PHARMACY_GOODS),
    }
    return {name: use for name, use in uses.items() if use.relations}


def changes(rules: CityRules, figures: FigureSet) -> Iterator[Interval]:
    """Yield days whose first and last ones may change what relatives' accounts pay."""
    for entry in rules.account:
        if isinstance(entry, UseEntry) and entry.purpose in (
            Purpose.MEDICAL,
            Purpose.PHARMACY_GOODS,
        ):
            yield entry.days
            for figure in figures.of(rules.area, entry.switch) if entry.switch else ():
                yield figure.days


def _use(plan: AccountPlan, purpose: Purpose) -> FamilyUse:
    relations = 0
    clauses: list[ClauseRef] = []
    figures: list[str] = []
    for rule in plan.uses:
        if rule.purpose == purpose and rule.relations & _OTHERS:
            relations |= rule.relations & _OTHERS
            clauses += plan.citations[rule.citation].clauses
            figures += plan.citations[rule.citation].figures
    cited = Citation(tuple(dict.fromkeys(clauses)), tuple(dict.fromkeys(figures)))
    return FamilyUse(relations, cited)
