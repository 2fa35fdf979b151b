"""The shape of the rule files of the benefits: tables of dated, cited values.

`ordinary.toml` has a value of the first tables for everything; the file of another benefit says
only what is different, see `engine.rules.model.INHERITED`.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from engine.domain.codes import Kind, Paper
from engine.rules.plan import (
    AGE_MAX,
    DEDUCTIBLE_BENEFIT,
    DEDUCTIBLE_COST,
    DEDUCTIBLE_EACH,
    DEDUCTIBLE_INSTITUTION,
    DEDUCTIBLE_LEVEL,
    DEDUCTIBLE_NONE,
    DEDUCTIBLE_OWN,
    DEDUCTIBLE_SHARED,
    VISIT_CLAIM,
    VISIT_DAY,
    VISIT_NAMED,
)
from engine.rules.schema import (
    Cap,
    Dated,
    Levels,
    Places,
    Rate,
    Statuses,
    Strict,
    Text,
    Yuan,
    one_of,
    text_of,
)

KIND_NAMES = {kind.name.lower(): int(kind) for kind in Kind}
PAPER_NAMES = {paper.name.lower(): int(paper) for paper in Paper if paper.name}
COUNTERS = {
    "none": DEDUCTIBLE_NONE,
    "shared": DEDUCTIBLE_SHARED,
    "institution": DEDUCTIBLE_INSTITUTION,
    "level": DEDUCTIBLE_LEVEL,
    "cost": DEDUCTIBLE_COST,
    "own": DEDUCTIBLE_OWN,
    "benefit": DEDUCTIBLE_BENEFIT,
    "each": DEDUCTIBLE_EACH,
}
VISITS = {"named": VISIT_NAMED, "claim": VISIT_CLAIM, "day": VISIT_DAY}

_AGES = re.compile(r"([0-9]{0,3})-([0-9]{0,3})", re.ASCII)


def _ages(value: object) -> tuple[int, int]:
    text = text_of(value, 'ages such as "70-", "-69" or "45-69"')
    found = _AGES.fullmatch(text)
    first, last = (found[1] or "0", found[2] or str(AGE_MAX)) if found else ("1", "0")
    if not int(first) <= int(last) <= AGE_MAX:
        raise ValueError(f'expected ages such as "70-", "-69" or "45-69", found "{text}"')
    return int(first), int(last)


KindName = Annotated[int, one_of(KIND_NAMES, "kind of institution")]
PaperName = Annotated[int, one_of(PAPER_NAMES, "document")]
Ages = Annotated[tuple[int, int], BeforeValidator(_ages)]


class Classed(Dated):
    """An entry that may hold for some institutions and ages only."""

    levels: Levels
    statuses: Statuses
    kinds: list[KindName] = Field(default_factory=list)
    """The kinds of institution it holds at; absent: every kind."""
    ages: Ages = (0, AGE_MAX)
    """The ages on the service date it holds for, in whole years; absent: every age."""


class DeductibleEntry(Classed):
    """`[[deductible]]`: what the person bears first."""

    counter: Annotated[int, one_of(COUNTERS, "counter")]
    amount: Yuan = 0
    figure: str = ""
    figure_key: str = ""
    """Instead of an amount: the operator figure that gives it, and its key."""
    unit: Literal["yuan a year"]

    @model_validator(mode="after")
    def _amount_fits_counter(self) -> Self:
        if ("amount" in self.model_fields_set) == bool(self.figure):
            raise ValueError("expected either amount or figure (the name of an operator figure)")
        if self.figure_key and not self.figure:
            raise ValueError("figure_key belongs to a figure")
        if self.counter == DEDUCTIBLE_NONE and self.amount:
            raise ValueError('counter = "none" means no deductible: amount must be "0.00"')
        return self


class RateEntry(Classed):
    """`[[rate]]`: the share of the fund above the deductible."""

    places: Places
    rate: Rate = 0
    figure: str = ""
    figure_key: str = ""
    """Instead of a rate: the operator figure that gives it, and its key."""
    above: Yuan = 0
    """Only for what is above this amount of the year's cost in scope."""
    level_of: Literal["treating", "selected"] = "treating"
    """Whose level: of the institution that treats, or in the city of the selected one."""
    unit: Literal["share paid by the fund"]

    @model_validator(mode="after")
    def _rate_or_figure(self) -> Self:
        if ("rate" in self.model_fields_set) == bool(self.figure):
            raise ValueError("expected either rate or figure (the name of an operator figure)")
        if self.figure_key and not self.figure:
            raise ValueError("figure_key belongs to a figure")
        return self


class BonusEntry(Classed):
    """`[[rate_bonus]]`: percentage points on top of a rate."""

    places: Places
    points: Rate
    unit: Literal["percentage points added to the rate"]


class CutEntry(Classed):
    """`[[rate_cut]]`: percentage points off a rate, its bonus included."""

    places: Places
    points: Rate
    unit: Literal["percentage points taken from the rate"]


class FirstPayEntry(Dated):
    """`[[first_pay]]`: what the person pays before anything else, by place."""

    places: Places
    rate: Rate
    of: Literal["the amount in scope", "what is above the deductible"] = "the amount in scope"
    unit: Literal["share of the amount in scope"]


class FloorEntry(Strict):
    """`floor`: a rate of another figure, of an earlier year."""

    figure: Text
    rate: Rate
    years_back: Annotated[int, Field(ge=0, le=10)]


class CapEntry(Classed):
    """A cap on what the fund pays: printed, or an operator figure with or without a floor."""

    amount: Cap = None
    figure: str = ""
    floor: FloorEntry | None = None

    @model_validator(mode="after")
    def _amount_or_figure(self) -> Self:
        if (self.amount is None) == (not self.figure):
            raise ValueError(
                'expected either amount (yuan, or "none" where there is no cap) or figure '
                "(the name of an operator figure)"
            )
        if self.floor and not self.figure:
            raise ValueError("floor belongs to a figure; a printed amount has none")
        return self


class VisitCapEntry(CapEntry):
    """`[[visit_cap]]`: the most the fund pays for one visit."""

    visit: Annotated[int, one_of(VISITS, "visit")] = VISIT_NAMED
    """What is one: the claims that name it, each claim, or a day at an institution."""
    prescription: Literal["of the visit", "a visit of its own"] = "of the visit"
    unit: Literal["yuan a visit"]


class AnnualCapEntry(CapEntry):
    """`[[annual_cap]]`: the most the fund pays in a policy year."""

    counts: Literal["payments", "cost"] = "payments"
    """What it caps: what the fund pays, or the cost in scope that it shares in."""

    unit: Literal["yuan a year"]


class DayCapEntry(CapEntry):
    """`[[day_cap]]`: the most the fund pays on one service date."""

    unit: Literal["yuan a day"]


class MonthCapEntry(CapEntry):
    """`[[month_cap]]`: the most the fund pays in a calendar month of service dates."""

    unit: Literal["yuan a month"]


class DiseaseCapEntry(Dated):
    """`[[disease_cap]]`: the most the fund pays for one disease in a policy year."""

    figure: Text
    """The operator figure that gives it, by the code of the disease."""
    unit: Literal["yuan a year"]


class StandardPriceEntry(Dated):
    """`[[standard_price]]`: a package, of which the fund pays its share whatever the bill."""

    figure: Text
    """The operator figure that gives it, by the code of the procedure."""
    unit: Literal["yuan"]


class GivenEntry(Dated):
    """`[[given]]`: where a benefit is given; elsewhere the care is ordinary."""

    levels: Levels


class GeneralFeeEntry(Dated):
    """`[[general_fee]]`: a general consultation fee is in scope, whatever its class."""

    in_scope: Literal[True]


class PaperClaimEntry(Dated):
    """`[[paper_claim]]`: the documents that a claim on paper must bring."""

    papers: Annotated[list[PaperName], Field(min_length=1)]


class PooledCapEntry(Dated):
    """`[[pooled_cap]]`: what the fund pays counts to its annual cap and is cut by it."""

    figure: Text
    """The operator figure that gives the cap."""
    required: bool = False
    """Without the figure the claim is refused; otherwise nothing is cut then."""
    unit: Literal["yuan a year"]


class SecondPaymentEntry(Dated):
    """`[[second_payment]]`: the large-amount fund pays on the year's compliant burden."""

    threshold: Yuan
    figure: Text
    """The operator figure that gives the rate; without it nothing is paid."""
    cap_figure: str = ""
    """The operator figure that gives the most a year; without it there is no such cap."""
    burden: Literal["compliant", "copay"] = "compliant"
    """What counts: everything compliant that the person bears, or the co-payment alone."""
    unit: Literal["yuan a year"]


class AccountLimitEntry(Dated):
    """`[[account_limit]]`: the account pays only what is in scope and not paid by the fund."""

    unless: Text
    """The operator's switch that lifts the limit."""
    unit: Literal["yuan a claim"]


class RoundingEntry(Dated):
    """`[[rounding]]`: how a payment is rounded."""

    mode: Literal["half up to the fen, once per payment"]
    unit: Literal["fen"]


class OrdinaryFile(Strict):
    """`ordinary.toml`: the ordinary outpatient benefit."""

    format: Literal[1]
    deductible: list[DeductibleEntry]
    rate: list[RateEntry]
    rate_bonus: list[BonusEntry] = Field(default_factory=list)
    first_pay: list[FirstPayEntry]
    visit_cap: list[VisitCapEntry]
    day_cap: list[DayCapEntry] = Field(default_factory=list)
    month_cap: list[MonthCapEntry] = Field(default_factory=list)
    annual_cap: list[AnnualCapEntry]
    rate_cut: list[CutEntry] = Field(default_factory=list)
    pooled_cap: list[PooledCapEntry] = Field(default_factory=list)
    second_payment: list[SecondPaymentEntry] = Field(default_factory=list)
    account_limit: list[AccountLimitEntry] = Field(default_factory=list)
    rounding: list[RoundingEntry]
    general_fee: list[GeneralFeeEntry] = Field(default_factory=list)
    paper_claim: list[PaperClaimEntry] = Field(default_factory=list)


class BenefitFile(Strict):
    """The file of another benefit; what it does not say of it is in `rules.model.INHERITED`."""

    format: Literal[1]
    given: Annotated[list[GivenEntry], Field(min_length=1)]
    deductible: list[DeductibleEntry]
    rate: list[RateEntry]
    rate_bonus: list[BonusEntry] = Field(default_factory=list)
    first_pay: list[FirstPayEntry] = Field(default_factory=list)
    visit_cap: list[VisitCapEntry] = Field(default_factory=list)
    day_cap: list[DayCapEntry] = Field(default_factory=list)
    month_cap: list[MonthCapEntry] = Field(default_factory=list)
    annual_cap: list[AnnualCapEntry] = Field(default_factory=list)
    disease_cap: list[DiseaseCapEntry] = Field(default_factory=list)
    rate_cut: list[CutEntry] = Field(default_factory=list)
    pooled_cap: list[PooledCapEntry] = Field(default_factory=list)
    standard_price: list[StandardPriceEntry] = Field(default_factory=list)
    second_payment: list[SecondPaymentEntry] = Field(default_factory=list)
    account_limit: list[AccountLimitEntry] = Field(default_factory=list)
    rounding: list[RoundingEntry] = Field(default_factory=list)
