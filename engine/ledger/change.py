"""Changes of the registers and of the operator figures, journalled in their place."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.domain.codes import Benefit
from engine.domain.dates import year_of
from engine.domain.journal import SegmentKind
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.request import Accepted, ItemError
from engine.errors import InvalidInput
from engine.ledger.context import Context
from engine.rules.book import PlanBook
from engine.rules.compile import check_figures
from engine.rules.figures import FigureSet, from_json
from engine.rules.model import READING
from engine.rules.plan import (
    DEDUCTIBLE_BENEFIT,
    DEDUCTIBLE_INSTITUTION,
    DEDUCTIBLE_LEVEL,
    DEDUCTIBLE_OWN,
    NO_CAP,
    ClaimClass,
    RulePlan,
)
from engine.state.registers import (
    check_institution,
    check_member,
    check_opening,
    institutions_to_json,
    members_to_json,
    openings_to_json,
)

T = TypeVar("T")


def put_members(context: Context, members: Sequence[Member]) -> Accepted:
    """Enter members into the register; report the items that are malformed."""
    cities = sorted(rules.area for rules in context.book.cities.values())

    def check(member: Member) -> None:
        check_member(member, cities)
        known = context.state.members.find(member.id)
        if known is not None and known.city != member.city:
            raise InvalidInput("city", f"the member is insured in {known.city} already")

    taken, errors = _take_each(members, check, context.state.members.put)
    if taken:
        context.change(SegmentKind.MEMBERS, len(taken), members_to_json(taken))
    return Accepted(len(taken), errors)


def put_institutions(context: Context, institutions: Sequence[Institution]) -> Accepted:
    """Enter institutions into the register; report the items that are malformed."""
    put = context.state.institutions.put
    taken, errors = _take_each(institutions, check_institution, put)
    if taken:
        context.change(SegmentKind.INSTITUTIONS, len(taken), institutions_to_json(taken))
    return Accepted(len(taken), errors)


def import_openings(context: Context, openings: Sequence[Opening | AccountOpening]) -> Accepted:
    """Set opening counters and balances; refused once there are entries."""
    state = context.state

    def check(opening: Opening | AccountOpening) -> None:
        check_opening(opening)
        member = state.members.numbers.get(opening.member)
        if member is None:
            raise InvalidInput("member", "is not in the register; register the member first")
        if isinstance(opening, AccountOpening):
            if state.accounts.read(member).last_entry:
                raise InvalidInput("member", "the account has entries; too late for an opening")
            return
        for n, (name, _) in enumerate(opening.deductible_at_fen):
            if name not in state.institutions.numbers:
                path = f"deductible_at_fen[{n}].institution"
                raise InvalidInput(path, "is not in the register; register it first")
        if state.last_entry[state.member_year(member, opening.year)]:
            raise InvalidInput("year", "the member-year has entries; too late for an opening")
        _check_counted_in_the_year(context, state.members.items[member].city, opening)

    taken, errors = _take_each(openings, check, state.open)
    if taken:
        context.change(SegmentKind.OPENINGS, len(taken), openings_to_json(taken))
    return Accepted(len(taken), errors)


def supply_figures(context: Context, figures_json: bytes) -> Accepted:
    """Supply operator figures; they decide from now on, and settled claims stay as they are."""
    try:
        figures = from_json(figures_json)
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidInput("figures_json", f"holds no figures: {type(error).__name__}") from None
    book = context.book.with_figures(figures)
    check_figures(book.cities, book.figures)
    if any(figure.name == READING for figure in figures):
        _check_readings_stand(context, book)
    context.supply(book)
    context.state.figures.append(figures_json)
    context.change(SegmentKind.FIGURES, len(figures), figures_json)
    return Accepted(len(figures))


def _check_readings_stand(context: Context, book: PlanBook) -> None:
    """Refuse a reading that counts otherwise in a policy year of which claims are settled already.

    Counters of one year cannot be kept in two ways. This looks at every member of the city, until
    one has entries: a reading is seldom chosen.
    """
    state = context.state
    for rules in book.cities.values():
        for plan in book.all_versions(rules.area) if rules.questions else ():
            claim = ClaimClass(plan.benefit, min(plan.kinds, default=1), plan.ages[0])
            held = context.book.plan_for(rules.area, plan.first_day, claim)
            if held is None or _counting(held) == _counting(plan):
                continue
            year = year_of(plan.first_day)
            for number, member in enumerate(state.members.items):
                if member.city == rules.area and state.last_entry[state.member_year(number, year)]:
                    raise InvalidInput(
                        f"{rules.pinyin}.{READING}",
                        f"claims of {year} are settled by a reading that counts otherwise; choose "
                        "this one for a year that has not begun",
                    )


def _counting(plan: RulePlan) -> tuple[object, ...]:
    """Return what decides which counters there are and what moves them."""
    ways = (plan.deductible_kind, plan.annual_cap_on_cost, plan.second_copay_only)
    counted = (plan.counts_cost, plan.disease_cap_fen == NO_CAP, plan.benefit)
    spans = (set(plan.day_cap_fen) == {NO_CAP}, set(plan.month_cap_fen) == {NO_CAP})
    return (*ways, *counted, *spans, plan.visit_by, plan.prescription_apart)


def _check_counted_in_the_year(context: Context, city: str, opening: Opening) -> None:
    """Refuse an opening deductible that no counter of the year takes: a claim would not see it."""
    year = opening.year

    def kind_of(benefit: Benefit) -> int | None:
        """Return how the year counts the deductible of a benefit, None where no rule is known."""
        for day in (year * 10_000 + 1231, year * 10_000 + 101):
            if plan := context.book.plan_for(city, day, ClaimClass(benefit)):
                return plan.deductible_kind
        return None

    if opening.deductible_fen and not opening.deductible_met:
        kind = kind_of(Benefit.ORDINARY)
        nowhere = kind == DEDUCTIBLE_INSTITUTION and not opening.deductible_at_fen
        if nowhere or kind == DEDUCTIBLE_LEVEL:
            raise InvalidInput(
                "deductible_fen",
                f"the deductible of {year} is counted by institution or level: give what was borne "
                "at each institution (deductible_at), or that it was met",
            )
    if opening.special_deductible_fen:
        kind = kind_of(Benefit.SPECIAL)
        if kind not in (None, DEDUCTIBLE_OWN):
            apart = kind == DEDUCTIBLE_BENEFIT
            there = "give it as benefit_deductible of special" if apart else "leave it out"
            raise InvalidInput(
                "special_deductible_fen", f"no rule of {year} counts it in this place; {there}"
            )
    for n, (benefit, fen) in enumerate(opening.benefit_deductible_fen):
        if fen and kind_of(Benefit(benefit)) not in (None, DEDUCTIBLE_BENEFIT):
            name = Benefit(benefit).name.lower()
            raise InvalidInput(
                f"benefit_deductible_fen[{n}].benefit",
                f"{name} has no deductible of its own in {year}; give what was borne as deductible "
                "or special_deductible, or leave it out",
            )


def figures_of(journalled: Sequence[bytes]) -> FigureSet:
    """Return the figures that a journal's figure segments add up to."""
    figures = FigureSet()
    for figures_json in journalled:
        figures = figures.add(from_json(figures_json))
    return figures


def _take_each(
    items: Sequence[T], check: Callable[[T], None], take: Callable[[T], object]
) -> tuple[list[T], tuple[ItemError, ...]]:
    """Check and take item by item: each is held against what the ones before it left."""
    taken, errors = [], []
    for index, item in enumerate(items):
        try:
            check(item)
        except InvalidInput as error:
            errors.append(ItemError(index, error.path, error.problem))
        else:
            take(item)
            taken.append(item)
    return taken, tuple(errors)
