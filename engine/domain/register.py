"""What the registers say of a person and of an institution, as dated intervals."""

from dataclasses import dataclass, field
from typing import NamedTuple

from engine.domain.account import Relation
from engine.domain.codes import (
    DiseaseKind,
    Employment,
    FilingKind,
    Kind,
    Level,
    Mode,
    Offer,
    Status,
)
from engine.domain.dates import OPEN_END, Interval, first_of_next_month

MONTHS_MAX = 1200
"""Most months that a member can have contributed: a hundred years."""


class Filing(NamedTuple):
    """A filing for care in another place; `area` is its administrative code."""

    kind: FilingKind
    area: str
    days: Interval


class Selection(NamedTuple):
    """The institution a member has selected for ordinary outpatient care."""

    institution: str
    days: Interval


class Disease(NamedTuple):
    """A registered chronic or special disease."""

    code: str
    kind: DiseaseKind
    days: Interval


class Stay(NamedTuple):
    """An inpatient stay: the day of admission is in it, the day of discharge is not."""

    institution: str
    admitted: int
    discharged: int = OPEN_END


class Referral(NamedTuple):
    """A referral from one institution to another, registered with the days on which it holds.

    `from_institution` may be empty: a referral by an institution that the register does not know.
    """

    from_institution: str
    to_institution: str
    days: Interval


class FamilyLink(NamedTuple):
    """A person that the owner's personal account may pay for; the owner's entry holds it.

    `relative` is the person's id, in this register or insured elsewhere; `relation` is what that
    person is to the owner, never `SELF`; `consent` is the reference of the owner's written consent.
    """

    relative: str
    relation: Relation
    consent: str
    days: Interval


class Contribution(NamedTuple):
    """What a member contributes a month on these days; 0: not known or none."""

    base_fen: int
    """Contribution base of the month, in fen."""
    own_fen: int
    """The member's own contribution of the month, in fen."""
    days: Interval


class Qualification(NamedTuple):
    """Something an institution is admitted for on some days; `Institution.offers` has no days."""

    offer: Offer
    days: Interval


@dataclass(frozen=True, slots=True)
class Member:
    """An insured person; `city` is the six-digit code of the insured city."""

    id: str
    city: str
    status: Status = Status.ACTIVE
    retired_on: int = 0
    """Day of the retirement formalities, 0 for none; they count from the first of next month."""
    born_on: int = 1975_01_01
    mode: Mode = Mode.COMBINED
    employment: Employment = Employment.UNIT
    arrears: tuple[Interval, ...] = ()
    filings: tuple[Filing, ...] = ()
    selections: tuple[Selection, ...] = ()
    diseases: tuple[Disease, ...] = ()
    stays: tuple[Stay, ...] = ()
    referrals: tuple[Referral, ...] = ()
    family: tuple[FamilyLink, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    still_paying: tuple[Interval, ...] = ()
    """Days on which a retiree goes on paying monthly to complete the years required."""
    months_combined: int = 0
    """Contribution months with a personal account (统账结合)."""
    months_pooled_only: int = 0
    """Contribution months without one (单建统筹)."""

    def status_on(self, day: int) -> Status:
        """Return the status on a day (reading G8-B: a new status from the first of next month)."""
        if not self.retired_on:
            return self.status
        retired = day >= first_of_next_month(self.retired_on)
        return Status.RETIRED if retired else Status.ACTIVE

    def age_on(self, day: int) -> int:
        """Return the whole years completed on a day; who is not born yet is 0."""
        return max(0, (day - self.born_on) // 10_000)


ALWAYS = (Interval(0),)
ALL_OFFERS = frozenset(Offer)


@dataclass(frozen=True, slots=True)
class Institution:
    """A hospital, station, internet hospital or pharmacy; `area` is its administrative code."""

    id: str
    area: str
    level: Level = Level.LEVEL_1
    kind: Kind = Kind.HOSPITAL
    host: str = ""
    """The institution an internet hospital belongs to."""
    parent: str = ""
    """The township hospital or community centre a station belongs to."""
    designated: tuple[Interval, ...] = ALWAYS
    networked: tuple[Interval, ...] = ALWAYS
    offers: frozenset[Offer] = field(default=ALL_OFFERS)
    qualifications: tuple[Qualification, ...] = ()
    """Offers that hold on some days only, beside those that always hold."""

    def is_admitted(self, offer: Offer, day: int) -> bool:
        """Return whether it is admitted for something on a day."""
        return offer in self.offers or any(
            q.offer == offer and day in q.days for q in self.qualifications
        )


class Opening(NamedTuple):
    """Counters of a member-year from before this ledger, in fen."""

    member: str
    year: int
    deductible_fen: int = 0
    deductible_met: bool = False
    """The deductible was borne in full, whatever the level and the institution."""
    ordinary_paid_fen: int = 0
    visit_paid_fen: tuple[tuple[str, int], ...] = ()
    """What the fund paid so far for each visit that is named."""
    deductible_at_fen: tuple[tuple[str, int], ...] = ()
    """What was borne at each institution, where the deductible is counted so."""
    pooled_paid_fen: int = 0
    """Everything that counts to the annual cap of the pooled fund."""
    compliant_burden_fen: int = 0
    large_amount_paid_fen: int = 0
    special_deductible_fen: int = 0
    """Borne of the special benefit's own deductible."""
    chronic_paid_fen: int = 0
    disease_paid_fen: tuple[tuple[str, int], ...] = ()
    """What the fund paid so far for each disease, by code."""
    cost_fen: int = 0
    """Cost in scope of the year."""
    month_paid_fen: tuple[tuple[str, int], ...] = ()
    """What the fund paid so far in each month, as `2024-03`."""
    day_paid_fen: tuple[tuple[str, int], ...] = ()
    """What the fund paid so far on each day, as `2024-03-05`."""
    benefit_deductible_fen: tuple[tuple[int, int], ...] = ()
    """What was borne of each benefit's deductible, by `Benefit`, where it is counted so."""
    benefit_paid_fen: tuple[tuple[int, int], ...] = ()
    """What the fund paid so far under each benefit, by `Benefit`, where its annual cap counts so;
    ordinary and chronic care have counters of their own."""


class AccountOpening(NamedTuple):
    """Balance of a personal account from before this ledger, in fen."""

    member: str
    balance_fen: int
