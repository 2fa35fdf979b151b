"""An account plan: what one city's documents say of personal accounts on some days, with citations.

Amounts in fen, rates in basis points. Sets of codes are bits: bit n is the code n. Citations are
positions in `AccountPlan.citations`, where 0 means none. The digest names the whole content, so
that a credit or a payment can be explained by its plan years later.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from engine.rules.canonical import Canonical
from engine.rules.plan import Citation, ClauseRef, FigureUsed


@dataclass(frozen=True, slots=True)
class CreditRule:
    """One part of the credit of a month, for the members it names; at most one of a part applies.

    The credit is `rate_bp` of the amount, and of that the share of months where it is `prorated`.
    """

    part: int
    """`domain.account.CreditPart`."""
    of: int
    """`rules.account_model.CreditOf`."""
    amount_fen: int
    """Of an amount or a figure: the amount itself."""
    rate_bp: int
    figure: str
    """The operator figure it asks for; empty: none."""
    given: bool
    """Whether the amount is known: false where the figure is missing."""
    statuses: int
    """Set of `codes.Status`."""
    ages: tuple[int, int]
    """On the last day of the month, in whole years."""
    employments: int
    """Set of `codes.Employment`."""
    still_paying: int
    """1, 0 or `EITHER`: whether the member still contributes after retirement age."""
    alternating: int
    """1, 0 or `EITHER`: whether the member has months without an account."""
    prorated: bool
    """Only the share of the months with an account."""
    citation: int


@dataclass(frozen=True, slots=True)
class NoAccountRule:
    """The modes of insurance that have no account."""

    modes: int
    """Set of `codes.Mode`."""
    citation: int


@dataclass(frozen=True, slots=True)
class UseRule:
    """Something that the account pays, and for whom."""

    purpose: int
    """`domain.account.Purpose`."""
    products: int
    """Set of `domain.account.Product`; only `NONE` of what is no premium."""
    relations: int
    """Set of `domain.account.Relation`: what the person is to the owner of the account."""
    place: int
    """`rules.account_model.UsePlace`."""
    registered: bool
    """Whether the document asks that the person be registered as family."""
    citation: int


@dataclass(frozen=True, slots=True)
class UseBan:
    """What the account never pays."""

    purposes: int
    """Set of `domain.account.Purpose`."""
    citation: int


@dataclass(frozen=True, slots=True)
class DisposalRule:
    """What becomes of the balance after an event."""

    event: int
    """`domain.account.DisposalEvent`."""
    in_province: int
    """1, 0 or `EITHER`: whether the member stays in the province."""
    heir: int
    """1, 0 or `EITHER`: whether an heir or a beneficiary claims the balance."""
    application: bool
    """Whether somebody has to apply for it."""
    outcome: int
    """`domain.account.DisposalOutcome`."""
    citation: int


@dataclass(frozen=True, slots=True)
class ContributionRule:
    """What a member contributes to a product."""

    product: int
    """`domain.account.ContributionProduct`."""
    amount_fen: int
    """A month."""
    citation: int


@dataclass(frozen=True, slots=True)
class AccountPlan(Canonical):
    """The rules of the personal accounts of one city from the first to the last day, both included.

    A table that the documents do not have on these days is empty.
    """

    city: str
    """Six-digit administrative code."""
    name: str
    """Name in Chinese."""
    first_day: int
    last_day: int
    credits: tuple[CreditRule, ...]
    """In order of their part; a rule's number is its position."""
    no_account: tuple[NoAccountRule, ...]
    uses: tuple[UseRule, ...]
    bans: tuple[UseBan, ...]
    disposals: tuple[DisposalRule, ...]
    contributions: tuple[ContributionRule, ...]
    citations: tuple[Citation, ...]
    figures: tuple[FigureUsed, ...]
    """Every operator figure that entered the plan."""


_RULES: Final[dict[str, type[Any]]] = {
    "credits": CreditRule,
    "no_account": NoAccountRule,
    "uses": UseRule,
    "bans": UseBan,
    "disposals": DisposalRule,
    "contributions": ContributionRule,
}


def account_plan_from_json(data: bytes) -> AccountPlan:
    """Return the plan that `AccountPlan.to_json` wrote.

    Raises:
        ValueError: `data` is no JSON.
        TypeError: the JSON is no account plan.
        KeyError: the JSON is no account plan.
    """
    raw: dict[str, Any] = json.loads(data)
    for name, rule in _RULES.items():
        raw[name] = tuple(
            rule(**{k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()})
            for entry in raw[name]
        )
    raw["citations"] = tuple(
        Citation(tuple(ClauseRef(**ref) for ref in cite["clauses"]), tuple(cite["figures"]))
        for cite in raw["citations"]
    )
    raw["figures"] = tuple(FigureUsed(**figure) for figure in raw["figures"])
    return AccountPlan(**raw)


def bits(codes: Iterable[int]) -> int:
    """Return a set of codes as bits."""
    return sum(1 << code for code in set(codes))
