"""The door to the compiled preparation of ordinary claims: what it asks of registers and rules.

Importing this module compares the constants of the compiled code with those of the engine. That
both ways of preparing a claim say the same is for the tests: the reference kernel goes with
`engine.ledger.prepare` alone.
"""

from collections.abc import Callable
from typing import Any

import engine.ledger._link as _link
import engine.ledger._member_facts as _member_facts
import engine.ledger._ordinary as _ordinary
from engine.domain import codes, ids, layout
from engine.domain.claim import Claim
from engine.domain.codes import Kind, Offer
from engine.domain.dates import is_date
from engine.domain.register import Institution
from engine.errors import InvariantBroken
from engine.ledger._ordinary import Day, Ordinary
from engine.ledger.apart import Apart, Counted, slots_apart
from engine.rules import plan
from engine.rules.plan import (
    DEDUCTIBLE_BENEFIT,
    DEDUCTIBLE_LEVEL,
    NO_CAP,
    VISIT_CLAIM,
    RulePlan,
)
from engine.state import blocks, tables
from engine.state.keyed import Visit
from engine.state.keyed_slots import NO_VISIT
from engine.state.state import State
from engine.state.tables import KeyStatus


def ordinary(state: State, plan_on: Callable[[str, int], int]) -> Ordinary:
    """Return what fills entries for ordinary claims.

    Args:
        state: what the claims are settled on.
        plan_on: of a city and a day: the number of the plan of ordinary care, -1 for none.
    """

    def day_of(city: str, day: int) -> Day | None:
        number = plan_on(city, day) if is_date(day) else -1
        rules = state.plans.plans[number] if number >= 0 else None
        if rules is None or not rules.is_for_all:
            return None
        by_filled = VISIT_CLAIM if rules.prescription_apart else rules.visit_by
        return Day(number, rules, by_filled, _is_simple(rules))

    def apart(rules: RulePlan, preview: bool, visit: tuple[Any, ...], *rest: Any) -> Apart:
        claim = Counted(Visit(*visit), *rest)
        return slots_apart(state, rules, claim, preview=preview)

    return Ordinary(state, day_of, _offer_of, apart, NO_VISIT)


def _is_simple(rules: RulePlan) -> bool:
    """Return whether a plan counts at most visits and institutions beside the member-year's line.

    The compiled code gives these their slots itself, and leaves all else to `slots_apart`.
    """
    by_key = rules.deductible_kind in (DEDUCTIBLE_LEVEL, DEDUCTIBLE_BENEFIT)
    caps = (*rules.month_cap_fen, *rules.day_cap_fen, rules.disease_cap_fen)
    counted = by_key or rules.counts_cost or rules.counts_paid
    return not counted and all(fen == NO_CAP for fen in caps)


def _offer_of(institution: Institution) -> Offer:
    """Return what an institution must be admitted for to give ordinary care."""
    return Offer.PRESCRIPTION if institution.kind == Kind.PHARMACY else Offer.ORDINARY


# ------------------------------------------------------------------------- agreement at start-up


def check_agreement() -> None:
    """Check that the compiled code and the engine mean the same by every name.

    Raises:
        InvariantBroken: naming the difference; the extension has to be built again.
    """
    ours: dict[str, int] = {f"CLAIM_{name.upper()}": n for n, name in enumerate(Claim._fields)}
    ours["CLAIM_FIELDS"] = len(Claim._fields)
    ours["LIABILITY_LAST"] = max(codes.Liability)
    for kind in (codes.Fact, Kind, codes.Mode, codes.Benefit, codes.Status, codes.Place):
        ours |= {f"{kind.__name__.upper()}_{name}": int(kind[name]) for name in kind.__members__}
    ours["LIABILITY_MATERNITY"] = codes.Liability.MATERNITY
    for module in (layout, ids, blocks, plan, tables):
        ours |= {name: value for name, value in vars(module).items() if isinstance(value, int)}
    for numbered in (codes.Status, codes.Mode, codes.Employment):
        # The compiled code takes every number from 1 to the last for one of them.
        ours[f"{numbered.__name__.upper()}_LAST"] = len(numbered) if min(numbered) == 1 else 0
    ours["STANDING"] = KeyStatus.STANDING
    for compiled in (_ordinary, _member_facts, _link):
        for name, value in vars(compiled).items():
            if name.isupper() and ours.get(name) != value:
                raise InvariantBroken(
                    f"{compiled.__name__}: {name} is {value}, expected {ours.get(name)}; "
                    "build the extensions again (make setup)"
                )


check_agreement()
