"""What the account rules of a city say of one credit, one use, one disposal: pure functions.

`plan` is `PlanBook.account_on` of the day; None means that no rule is in force. Citations are
positions in `AccountPlan.citations`. What depends on the state of an account (`NO_ACCOUNT`,
`NOT_DESIGNATED`, `NO_BALANCE`, a month that was credited before) is decided by the caller;
`has_account` says which modes of insurance have one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine.domain.account import (
    ContributionProduct,
    CreditPart,
    DisposalEvent,
    DisposalOutcome,
    Product,
    Purpose,
    Relation,
)
from engine.domain.codes import Employment, Kind, Mode, Status
from engine.domain.dates import last_of_month
from engine.domain.money import bp_half_up, share_bp_half_up
from engine.domain.reasons import Reason
from engine.domain.register import Member
from engine.rules.account_model import CreditOf, UsePlace, both
from engine.rules.account_plan import AccountPlan, CreditRule
from engine.rules.plan import AGE_MAX

ANY_AGE: Final = (0, AGE_MAX)


@dataclass(frozen=True, slots=True)
class Credited:
    """A member as the credit of a month sees him; 0 of a day, an amount or months: not known.

    The status of a month is that of its first day: a new one holds from the first of a month
    (reading G8-B).
    """

    status: Status = Status.ACTIVE
    born_on: int = 0
    mode: Mode = Mode.COMBINED
    employment: Employment = Employment.UNIT
    base_fen: int = 0
    """The contribution base of the month."""
    own_contribution_fen: int = 0
    """The member's own contribution of the month."""
    months_combined: int = 0
    """Months of contribution with an account, until retirement."""
    months_pooled_only: int = 0
    """Months of contribution without one."""
    still_paying: bool = False
    """Whether the member still contributes after retirement age."""


def credited(member: Member, day: int) -> Credited:
    """Return a member as the credit of a month sees him; `day` is the first of the month."""
    base_fen, own_fen = contribution_of(member, day)
    return Credited(
        status=member.status_on(day),
        born_on=member.born_on,
        mode=member.mode,
        employment=member.employment,
        base_fen=base_fen,
        own_contribution_fen=own_fen,
        months_combined=member.months_combined,
        months_pooled_only=member.months_pooled_only,
        still_paying=any(day in days for days in member.still_paying),
    )


def contribution_of(member: Member, day: int) -> tuple[int, int]:
    """Return base and own contribution in fen of a month, 0 where they are not known."""
    for base_fen, own_fen, days in member.contributions:
        if day in days:
            return base_fen, own_fen
    return 0, 0


@dataclass(frozen=True, slots=True)
class PartCredited:
    """One part of a credit."""

    part: CreditPart
    rule: int
    """Position in `AccountPlan.credits`."""
    citation: int
    fen: int


@dataclass(frozen=True, slots=True)
class Credit:
    """The credit of a month, or why there is none.

    `reason` is `NONE` where the credit is determined, even if it is 0.00; otherwise nothing is
    credited: `NO_RULE`; `INVALID_CLAIM`, what the rule needs of the member is not known (`missing`,
    a field of `Credited`); `NO_FIGURE`, the operator figure `figure` is missing.
    """

    reason: Reason
    fen: int = 0
    parts: tuple[PartCredited, ...] = ()
    """They add up to the credit; none for who has no account."""
    citation: int = 0
    """What the refusal rests on, or that the mode of insurance has no account; else 0."""
    figure: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """Whether an account pays something for somebody: `NONE`, or why not."""

    reason: Reason
    citations: tuple[int, ...] = ()
    """What it rests on; where the account does not pay a purpose, all that it pays."""
    registered: bool = False
    """Whether the document asks that the person be registered as family."""


@dataclass(frozen=True, slots=True)
class Disposal:
    """What becomes of a balance, or why nothing does: `outcome` is None beside a reason."""

    reason: Reason
    outcome: DisposalOutcome | None = None
    citation: int = 0


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a member contributes to a product in a month, or `NO_RULE`."""

    reason: Reason
    fen: int = 0
    citation: int = 0


def has_account(plan: AccountPlan, mode: Mode) -> bool:
    """Return whether members of a mode of insurance have an account."""
    return no_account_citation(plan, mode) == 0


def no_account_citation(plan: AccountPlan, mode: Mode) -> int:
    """Return the citation that says that a mode of insurance has no account, 0 if it has one."""
    return next((rule.citation for rule in plan.no_account if rule.modes >> mode & 1), 0)


def credit(plan: AccountPlan | None, month: int, member: Credited) -> Credit:
    """Return the credit of a member for a month, in fen.

    The amounts of the parts are rounded half up to the fen as one payment (reading G6-A): each is
    the rounded sum up to it less the rounded sum before it, so that they add up. A part by months
    is rounded by itself. Ages are those of the last day of the month (reading J8-A).

    Args:
        plan: the rules of the first day of the month.
        month: YYYYMM.
        member: what the credit depends on.

    Raises:
        ValueError: there is no such month, or the plan is of other days.
    """
    last_day = credit_day(plan, month)
    if plan is None or not plan.credits:
        return Credit(Reason.NO_RULE)
    if citation := no_account_citation(plan, member.mode):
        return Credit(Reason.NONE, citation=citation)
    applied = [
        (number, rule)
        for number, rule in enumerate(plan.credits)
        if _is_for(rule, member, last_day)
    ]
    if not applied:
        return Credit(Reason.NO_RULE)
    for _, rule in applied:
        if missing := _missing(rule, member):
            return Credit(Reason.INVALID_CLAIM, citation=rule.citation, missing=missing)
    for _, rule in applied:
        if not rule.given:
            return Credit(Reason.NO_FIGURE, citation=rule.citation, figure=rule.figure)
    parts = tuple(_parts(applied, member))
    return Credit(Reason.NONE, sum(part.fen for part in parts), parts)


def use(
    plan: AccountPlan | None,
    purpose: Purpose,
    product: Product = Product.NONE,
    relation: Relation | None = Relation.SELF,
    place: Kind | None = None,
) -> Use:
    """Return whether an account pays something for somebody, or the first reason why not.

    Args:
        plan: the rules of the day of the payment.
        purpose: what is to be paid.
        product: of a premium, for which insurance; ignored for other purposes.
        relation: what the person is to the owner of the account; None: nobody who is registered.
        place: kind of the institution where it was bought; None: bought at none.
    """
    if plan is None or not (plan.uses or plan.bans):
        return Use(Reason.NO_RULE)
    wanted = product if purpose == Purpose.PREMIUM else Product.NONE
    paid = [
        rule
        for rule in plan.uses
        if rule.purpose == purpose and rule.products >> wanted & 1 and _is_at(rule.place, place)
    ]
    if not paid:
        banned = _distinct(ban.citation for ban in plan.bans if ban.purposes >> purpose & 1)
        known = _distinct(rule.citation for rule in plan.uses)
        return Use(Reason.PURPOSE_NOT_ALLOWED, banned or known)
    cited = _distinct(rule.citation for rule in paid)
    if relation is None:
        return Use(Reason.NOT_REGISTERED, cited)
    for rule in paid:
        if rule.relations >> relation & 1:
            return Use(Reason.NONE, (rule.citation,), rule.registered)
    return Use(Reason.RELATION_NOT_ALLOWED, cited)


def dispose(
    plan: AccountPlan | None,
    event: DisposalEvent,
    *,
    in_province: bool,
    applied: bool,
    beneficiary: bool,
) -> Disposal:
    """Return what becomes of the balance of an account after an event, or the reason why nothing.

    Args:
        plan: the rules of the day.
        event: what has happened.
        in_province: whether the place the member moves to is in the province of the city.
        applied: whether somebody has applied for the balance.
        beneficiary: whether an heir or a beneficiary claims it.
    """
    for rule in plan.disposals if plan else ():
        if (
            rule.event == event
            and both(rule.in_province, int(in_province))
            and both(rule.heir, int(beneficiary))
        ):
            if rule.application and not applied:
                return Disposal(Reason.NOT_APPLIED, citation=rule.citation)
            return Disposal(Reason.NONE, DisposalOutcome(rule.outcome), rule.citation)
    return Disposal(Reason.NO_RULE)


def contribution(plan: AccountPlan | None, product: ContributionProduct) -> Contribution:
    """Return what a member contributes to a product in a month, in fen.

    `NO_RULE` where the documents do not say it: then it is for the operator to say.
    """
    for rule in plan.contributions if plan else ():
        if rule.product == product:
            return Contribution(Reason.NONE, rule.amount_fen, rule.citation)
    return Contribution(Reason.NO_RULE)


def credit_day(plan: AccountPlan | None, month: int) -> int:
    """Return the day as of which the credit of a month (YYYYMM) looks at ages: its last.

    Raises:
        ValueError: there is no such month, or the plan does not hold on its first day.
    """
    first_day = month * 100 + 1
    last_day = last_of_month(first_day)
    if plan is not None and not plan.first_day <= first_day <= plan.last_day:
        raise ValueError(
            f"the plan is of {plan.first_day} to {plan.last_day}, not of {first_day}: take that of "
            "the first day of the month"
        )
    return last_day


def _is_for(rule: CreditRule, member: Credited, last_day: int) -> bool:
    """Return whether a rule speaks of a member; of an age that is not known, it might."""
    first, last = rule.ages
    age = max(0, (last_day - member.born_on) // 10_000)
    return bool(
        rule.statuses >> member.status & 1
        and rule.employments >> member.employment & 1
        and both(rule.still_paying, int(member.still_paying))
        and both(rule.alternating, int(member.months_pooled_only > 0))
        and (member.born_on <= 0 or first <= age <= last)
    )


def _missing(rule: CreditRule, member: Credited) -> str:
    """Return the field of a member that a rule needs and that is not known; empty: none."""
    if rule.ages != ANY_AGE and member.born_on <= 0:
        return "born_on"
    if rule.of == CreditOf.BASE and member.base_fen <= 0:
        return "base_fen"
    if rule.of == CreditOf.OWN_CONTRIBUTION and member.own_contribution_fen <= 0:
        return "own_contribution_fen"
    if rule.prorated and member.months_combined <= 0:
        return "months_combined"
    return ""


def _amount(rule: CreditRule, member: Credited) -> int:
    """Return the amount in fen that a rule gives its rate of."""
    if rule.of == CreditOf.BASE:
        return member.base_fen
    return member.own_contribution_fen if rule.of == CreditOf.OWN_CONTRIBUTION else rule.amount_fen


def _parts(applied: list[tuple[int, CreditRule]], member: Credited) -> Iterable[PartCredited]:
    total = 0
    for number, rule in applied:
        amount_fen = _amount(rule, member)
        if rule.prorated:
            months = member.months_combined
            whole = months + member.months_pooled_only
            fen = share_bp_half_up(amount_fen, rule.rate_bp, months, whole)
        else:
            before = bp_half_up(total)
            total += amount_fen * rule.rate_bp
            fen = bp_half_up(total) - before
        yield PartCredited(CreditPart(rule.part), number, rule.citation, fen)


def _is_at(place: int, kind: Kind | None) -> bool:
    """Return whether a kind of institution is the place of a use."""
    if place == UsePlace.ANYWHERE:
        return True
    return kind is not None and (kind == Kind.PHARMACY) == (place == UsePlace.PHARMACY)


def _distinct(citations: Iterable[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(citations))
