"""What a claim counts beside its member-year's line: slots of counters with keys of their own."""

from typing import NamedTuple

from engine.domain.codes import Fact
from engine.rules.plan import NO_CAP, VISIT_CLAIM, RulePlan
from engine.state.keyed import (
    Visit,
    borne_at,
    borne_key,
    cost_key,
    day_key,
    disease_key,
    month_key,
    paid_key,
    visit_key,
)
from engine.state.keyed_slots import NO_VISIT
from engine.state.state import State


class Apart(NamedTuple):
    """Slots in `State.visits`, -1 where nothing is counted; by the names of `layout.ROW`."""

    visit: int
    borne: int
    borne_at: int
    cost: int
    disease: int
    month: int
    day: int
    paid: int


class Counted(NamedTuple):
    """What of a claim says where it counts; people and institutions by number."""

    visit: Visit
    member: int
    year: int
    day: int
    """Service date."""
    disease: str
    here: int
    """The institution where a deductible is borne."""
    level: int
    """From 0."""
    status: int
    """From 0."""
    benefit: int


def slots_apart(state: State, rules: RulePlan, claim: Counted, *, preview: bool = False) -> Apart:
    """Return the slots of a claim.

    Args:
        state: where they are.
        rules: the plan that says what is counted.
        claim: what says under which keys.
        preview: whether nothing is to be moved.
    """
    member, year, day = claim.member, claim.year, claim.day
    group = rules.by_status(claim.level, claim.status)
    at = borne_at(rules, claim.here, claim.level, claim.status)
    visit = month = of_day = -1
    if rules.visit_cap_fen[group] != NO_CAP:
        visit = _visit(state, claim, preview=preview)
    if rules.month_cap_fen[group] != NO_CAP:
        month = state.visit(month_key(member, year, day))
    if rules.day_cap_fen[group] != NO_CAP:
        of_day = state.visit(day_key(member, year, day))
    by_code = rules.disease_cap_fen != NO_CAP
    return Apart(
        visit,
        -1 if at == -1 else state.visit(borne_key(member, year, at)),
        at,
        state.visit(cost_key(member, year)) if rules.counts_cost else -1,
        state.visit(disease_key(member, year, claim.disease)) if by_code else -1,
        month,
        of_day,
        state.visit(paid_key(member, year, claim.benefit)) if rules.counts_paid else -1,
    )


def _visit(state: State, claim: Counted, *, preview: bool) -> int:
    """Return the slot of what was paid for the claim's visit."""
    # A preview may carry a used id: its own visit is a new one all the same.
    if preview and claim.visit.is_the_claims_own:
        return state.visit(NO_VISIT)
    return state.visit(visit_key(claim.member, claim.year, claim.visit))


def visit_by(rules: RulePlan, bits: int) -> int:
    """Return what is one visit for a claim with these facts, by the plan (readings H2, H5)."""
    filled = Fact.PHARMACY | Fact.PRESCRIBER
    if rules.prescription_apart and bits & filled == filled:
        return VISIT_CLAIM
    return rules.visit_by
