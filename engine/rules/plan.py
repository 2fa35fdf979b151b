"""A rule plan: what one city's documents say of one class of claims, as integers with citations.

The only thing the kernels see. A class is a benefit and, only where a rule looks at it, a kind of
institution, an age, a disease: so the kernels have one set of steps for every benefit. Tables are
flat tuples; `RulePlan.at` and `RulePlan.by_status` give the position. Absent caps are `NO_CAP`. The
digest names the whole content.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from engine.domain.account import Relation
from engine.domain.codes import Benefit, Kind
from engine.domain.layout import (
    CHRONIC_PAID,
    DEDUCTIBLE,
    NOWHERE,
    ORDINARY_PAID,
    SPECIAL_DEDUCTIBLE,
)
from engine.rules.canonical import Canonical

LEVELS: Final = 4
STATUSES: Final = 3
PLACES: Final = 4
RELATIONS: Final = len(Relation)

NO_CAP: Final = -1

HALF_UP: Final = 1

BAR_NONE: Final = 0
BAR_EXCLUDED: Final = 1
"""The personal account may not pay the part that the line excludes."""
BAR_ALL: Final = 2
"""The personal account may pay nothing of this claim."""

DEDUCTIBLE_NONE: Final = 0
DEDUCTIBLE_SHARED: Final = 1
"""One counter of the deductible borne in the year over all levels: a visit tops it up to the
level of this visit (reading G2-A1)."""
DEDUCTIBLE_INSTITUTION: Final = 2
"""A counter for each institution: a visit tops up what was borne there (reading G2-D)."""
DEDUCTIBLE_LEVEL: Final = 3
"""A counter for each level: a visit tops up what was borne at its level (reading G2-B)."""
DEDUCTIBLE_COST: Final = 4
"""The year's cost in scope counts, not what was borne of it (reading G2-A2)."""
DEDUCTIBLE_OWN: Final = 5
"""As shared, in a counter that other benefits have no part in (reading C4-A)."""
DEDUCTIBLE_EACH: Final = 6
"""Whole with each claim, counted nowhere: an emergency as a stay."""
DEDUCTIBLE_BENEFIT: Final = 7
"""As shared, in a counter of the benefit alone."""

VISIT_NAMED: Final = 0
"""The claims that name one visit share its cap (reading H2-A)."""
VISIT_CLAIM: Final = 1
"""Each claim is a visit of its own (reading H2-B)."""
VISIT_DAY: Final = 2
"""What is done at one institution on one day is a visit (reading H2-C)."""

ALL_LEVELS: Final = 2**LEVELS - 1
"""Every level, as a set of bits: bit 0 is level 1."""

BRACKETS_MAX: Final = 4
"""Most brackets of the year's cost above the first."""

AGE_MAX: Final = 199

PAID_AT: Final = {Benefit.ORDINARY: ORDINARY_PAID, Benefit.CHRONIC: CHRONIC_PAID}
"""Where in a member-year's line the fund's payments of a benefit count to its annual cap; those of
the others have a counter with a key, where their benefit has an annual cap."""


class ClaimClass(NamedTuple):
    """What picks a plan of a city on a day."""

    benefit: int = Benefit.ORDINARY
    kind: int = Kind.HOSPITAL
    """Of the institution that treats."""
    age: int = 0
    """Whole years on the service date."""
    code: str = ""
    """Of the disease or procedure."""


ORDINARY_CARE: Final = ClaimClass()
"""Ordinary care at a hospital: what most rules speak of."""


@dataclass(frozen=True, slots=True)
class ClauseRef:
    """A clause of a document, or the statement that the document does not say it."""

    document: str
    """Key of the document in its city folder, as `city-2022-12`."""
    clause: str
    """The clause as printed, as `第六条`; empty where the document is silent."""
    stated: bool = True
    reading: str = ""
    """Reading of the clause analysis that decided, as `G2-A1`; empty where none was needed."""
    text: str = ""
    """What the clause settles, in our own words, in Chinese, for a receipt."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The clauses that decided one part, and the operator figures that filled their gaps."""

    clauses: tuple[ClauseRef, ...]
    figures: tuple[str, ...] = ()
    """Names of the figures used, as `average_wage.2023`."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One line of the exclusion matrix; lines stand in order of precedence.

    It applies where all bits of `require` and none of `forbid` are set in the claim's facts
    (`engine.domain.codes.Fact`). A refusal code refuses the claim. An exclusion code takes the
    whole amount in scope, or only what somebody else is liable for (`liable_only`).
    """

    reason: int
    require: int
    forbid: int
    citation: int
    liable_only: bool = False
    account_bar: int = BAR_NONE
    """What the personal account may not pay because of this line."""
    figure: str = ""
    """The missing operator figure, for `NO_FIGURE`."""
    levels: int = ALL_LEVELS
    """The levels it holds for, as a set of bits."""

    def applies(self, facts: int, level: int) -> bool:
        """Return whether it applies to a claim with these facts at this level (from 0)."""
        present = facts & self.require == self.require and facts & self.forbid == 0
        return present and bool(self.levels >> level & 1)


@dataclass(frozen=True, slots=True)
class FigureUsed:
    """An operator figure as it entered a plan: name, value, and where it is from.

    The value is in fen or basis points; of a reading it is the place among the city's choices.
    """

    name: str
    value: int
    source: str


@dataclass(frozen=True, slots=True)
class Bracket:
    """The rates of what is above an amount of the year's cost in scope."""

    above_fen: int
    rate_bp: tuple[int, ...]
    """At `RulePlan.at(level, status, place)`, as are the citations."""
    rate_cite: tuple[int, ...]


_NO_CAPS: Final = (NO_CAP,) * (LEVELS * STATUSES)
_NO_CITES: Final = (0,) * (LEVELS * STATUSES)


@dataclass(frozen=True, slots=True)
class RulePlan(Canonical):
    """One benefit of one city in one interval of days, for one class of claims.

    Amounts in fen, rates in basis points. Tables by level and status hold `LEVELS * STATUSES`
    values at `by_status(level, status)`; `rate_bp` holds `LEVELS * STATUSES * PLACES` values at
    `at(level, status, place)`; `first_pay_bp` holds one value a place. Each value has a
    citation of the same position: an index into `citations`, where 0 means none.
    """

    city: str
    """Six-digit administrative code."""
    name: str
    """Name in Chinese."""
    first_day: int
    last_day: int
    deductible_kind: int
    deductible_fen: tuple[int, ...]
    deductible_cite: tuple[int, ...]
    rate_bp: tuple[int, ...]
    rate_cite: tuple[int, ...]
    first_pay_bp: tuple[int, ...]
    first_pay_cite: tuple[int, ...]
    visit_cap_fen: tuple[int, ...]
    visit_cap_cite: tuple[int, ...]
    annual_cap_fen: tuple[int, ...]
    annual_cap_cite: tuple[int, ...]
    rounding: int
    rounding_cite: int
    exclusions: tuple[Exclusion, ...]
    citations: tuple[Citation, ...]
    figures: tuple[FigureUsed, ...] = ()
    """Every operator figure that entered the plan."""
    pooled_counts: int = 0
    """1: what the fund pays counts to the annual cap of the pooled fund."""
    pooled_cap_fen: int = NO_CAP
    pooled_cap_cite: int = 0
    burden_counts: int = 0
    """1: what the person bears counts to the second payment from the large-amount fund."""
    second_threshold_fen: int = 0
    second_rate_bp: int = 0
    second_cap_fen: int = NO_CAP
    """The most the large-amount fund pays in a year."""
    second_cite: int = 0
    second_copay_only: int = 0
    """1: of the burden only the co-payment counts to it (reading J3-B)."""
    annual_cap_on_cost: int = 0
    """1: the annual cap is a band of the year's cost in scope, not of payments (reading G1-B)."""
    first_pay_last: int = 0
    """1: the first payment is of what is above the deductible (reading G3-B)."""
    rate_of_selected: int = 0
    """1: in the city the rate is that of the selected institution's level (reading H3-B)."""
    visit_by: int = VISIT_NAMED
    """What is one visit, `VISIT_*`."""
    prescription_apart: int = 0
    """1: a prescription filled at a pharmacy is a visit of its own (reading H5-B)."""
    account_limited: int = 0
    """1: the own account pays at most what is in scope and not paid by the pooled fund."""
    account_cite: int = 0
    family_medical: int = 0
    """For whom a relative's account pays at an institution: bit n for the `Relation` n, which the
    person is to the account's owner."""
    family_medical_cite: int = 0
    family_goods: int = 0
    """The same at a pharmacy."""
    family_goods_cite: int = 0
    benefit: int = Benefit.ORDINARY
    given_levels: int = ALL_LEVELS
    """The levels at which the benefit is given, as a set of bits; elsewhere care is ordinary."""
    kinds: tuple[int, ...] = ()
    """The kinds of institution it is for; empty: every kind."""
    ages: tuple[int, int] = (0, AGE_MAX)
    """The first and the last age it is for."""
    code: str = ""
    """The disease or procedure it is for; empty: whichever."""
    brackets: tuple[Bracket, ...] = ()
    """By rising amount; below the first one `rate_bp` holds."""
    day_cap_fen: tuple[int, ...] = _NO_CAPS
    day_cap_cite: tuple[int, ...] = _NO_CITES
    month_cap_fen: tuple[int, ...] = _NO_CAPS
    month_cap_cite: tuple[int, ...] = _NO_CITES
    disease_cap_fen: int = NO_CAP
    """The most the fund pays for the disease in a year."""
    disease_cap_cite: int = 0
    standard_price_fen: int = NO_CAP
    """Of a package: the fund pays its share of this price, whatever the bill (reading C6-A)."""
    standard_price_cite: int = 0
    general_fee_in_scope: int = 0
    """1: a general consultation fee is in scope, whatever its class."""
    general_fee_cite: int = 0
    papers: int = 0
    """The documents that a paper claim must bring (`codes.Paper`)."""
    papers_cite: int = 0

    @property
    def counts_cost(self) -> bool:
        """Whether the year's cost in scope is counted."""
        by_cost = self.deductible_kind == DEDUCTIBLE_COST or bool(self.annual_cap_on_cost)
        return by_cost or bool(self.brackets)

    @property
    def deductible_at(self) -> int:
        """The position in a member-year's line where what is borne counts, or `NOWHERE`."""
        if self.deductible_kind == DEDUCTIBLE_EACH:
            return NOWHERE
        own = (DEDUCTIBLE_OWN, DEDUCTIBLE_BENEFIT)
        return SPECIAL_DEDUCTIBLE if self.deductible_kind in own else DEDUCTIBLE

    @property
    def paid_at(self) -> int:
        """The position in a member-year's line where the fund's payments count, or `NOWHERE`."""
        return PAID_AT.get(Benefit(self.benefit), NOWHERE)

    @property
    def counts_paid(self) -> bool:
        """Whether the fund's payments of the year count beside the line, to the annual cap."""
        return self.paid_at == NOWHERE and any(fen != NO_CAP for fen in self.annual_cap_fen)

    @property
    def is_for_all(self) -> bool:
        """Whether it is for every kind of institution, age and disease."""
        by_code = self.disease_cap_fen != NO_CAP or self.standard_price_fen != NO_CAP
        return not self.kinds and self.ages == (0, AGE_MAX) and not by_code

    def gives(self, level: int) -> bool:
        """Return whether the benefit is given at a level (from 0)."""
        return bool(self.given_levels >> level & 1)

    def deductible_level(self, level: int, status: int) -> int:
        """Return the lowest level, from 0, whose deductible one entry states with this level's.

        Levels of one entry have one deductible between them, where each level has its own.
        """
        cites = self.deductible_cite
        own = cites[self.by_status(level, status)]
        return next(n for n in range(LEVELS) if cites[self.by_status(n, status)] == own)

    @staticmethod
    def by_status(level: int, status: int) -> int:
        """Return the position of (level, status), both from 0, in a table of the plan."""
        return level * STATUSES + status

    @staticmethod
    def at(level: int, status: int, place: int) -> int:
        """Return the position of (level, status, place), all from 0, in `rate_bp`."""
        return (level * STATUSES + status) * PLACES + place


def plan_from_json(data: bytes) -> RulePlan:
    """Return the plan that `RulePlan.to_json` wrote."""
    raw = json.loads(data)
    raw["exclusions"] = tuple(Exclusion(**line) for line in raw["exclusions"])
    raw["citations"] = tuple(
        Citation(
            clauses=tuple(ClauseRef(**ref) for ref in cite["clauses"]),
            figures=tuple(cite["figures"]),
        )
        for cite in raw["citations"]
    )
    raw["figures"] = tuple(FigureUsed(**figure) for figure in raw["figures"])
    raw["brackets"] = tuple(
        Bracket(b["above_fen"], tuple(b["rate_bp"]), tuple(b["rate_cite"])) for b in raw["brackets"]
    )
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    return RulePlan(**fields)
