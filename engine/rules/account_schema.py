"""The shape of `account.toml`: credits, uses and disposals of personal accounts."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.domain import money
from engine.domain.account import (
    ContributionProduct,
    CreditPart,
    DisposalEvent,
    DisposalOutcome,
    Product,
    Purpose,
    Relation,
)
from engine.domain.codes import Employment, Mode
from engine.rules.account_model import EITHER, CreditOf, UsePlace
from engine.rules.plan import AGE_MAX
from engine.rules.schema import Dated, Rate, Statuses, Strict, Yuan, one_of
from engine.rules.schema_values import Ages

PartName = Annotated[
    CreditPart, one_of({part.name.lower(): part for part in CreditPart}, "part of a credit")
]
OfName = Annotated[
    CreditOf,
    one_of({of.name.lower().replace("_", " "): of for of in CreditOf}, "source of a credit"),
]
EmploymentName = Annotated[
    Employment, one_of({kind.name.lower(): kind for kind in Employment}, "employment")
]
ModeName = Annotated[Mode, one_of({mode.name.lower(): mode for mode in Mode}, "mode of insurance")]
PurposeName = Annotated[
    Purpose, one_of({purpose.name.lower(): purpose for purpose in Purpose}, "purpose")
]
ProductName = Annotated[
    Product,
    one_of({product.name.lower(): product for product in Product if product}, "insurance"),
]
RelationName = Annotated[
    Relation, one_of({relation.name.lower(): relation for relation in Relation}, "relation")
]
PlaceName = Annotated[
    UsePlace, one_of({place.name.lower(): place for place in UsePlace}, "place of use")
]
EventName = Annotated[
    DisposalEvent, one_of({event.name.lower(): event for event in DisposalEvent}, "event")
]
OutcomeName = Annotated[
    DisposalOutcome, one_of({outcome.name.lower(): outcome for outcome in DisposalOutcome}, "end")
]
ContributionName = Annotated[
    ContributionProduct,
    one_of({product.name.lower(): product for product in ContributionProduct}, "product"),
]
YesNo = Annotated[int, one_of({"yes": 1, "no": 0, "either": EITHER}, "answer")]


class AccountDated(Dated):
    """An entry of the file."""

    own_days: bool = False
    """The clause prints a first day that is before the document's own."""


class CreditToml(AccountDated):
    """`[[credit]]`: one part of the credit of a month; the parts of a member add up."""

    part: PartName
    of: OfName
    rate: Rate = 0
    amount: Yuan = 0
    figure: str = ""
    statuses: Statuses
    ages: Ages = (0, AGE_MAX)
    employments: Annotated[list[EmploymentName], Field(min_length=1)] = Field(
        default_factory=lambda: list(Employment)
    )
    still_paying: YesNo = EITHER
    alternating: YesNo = EITHER
    prorated: bool = False
    unit: Literal["yuan a month"]

    @model_validator(mode="after")
    def _keys_fit_source(self) -> Self:
        source = self.of.name.lower().replace("_", " ")
        for key, where in (
            ("rate", (CreditOf.BASE, CreditOf.FIGURE)),
            ("amount", (CreditOf.AMOUNT,)),
            ("figure", (CreditOf.FIGURE, CreditOf.NOT_PRINTED)),
        ):
            if (key in self.model_fields_set) != (self.of in where):
                what = "needs" if self.of in where else "has no"
                raise ValueError(f'of = "{source}" {what} {key}')
        if "rate" in self.model_fields_set and not 0 < self.rate <= money.BP:
            raise ValueError(
                'rate: expected more than "0.00"; for nobody\'s credit write of = "nothing"'
            )
        if self.prorated and self.alternating != 1:
            raise ValueError(
                'prorated is by the months of who changed mode: it needs alternating = "yes"'
            )
        if self.prorated and self.of not in (CreditOf.AMOUNT, CreditOf.FIGURE):
            raise ValueError(f'prorated is of an amount or a figure, not of = "{source}"')
        return self


class NoAccountToml(AccountDated):
    """`[[no_account]]`: who has no account."""

    modes: Annotated[list[ModeName], Field(min_length=1)]


class UseToml(AccountDated):
    """`[[use]]`: something that the account pays."""

    purpose: PurposeName
    products: Annotated[list[ProductName], Field(min_length=1)] | None = None
    """Of a premium: for which insurances."""
    relations: Annotated[list[RelationName], Field(min_length=1)]
    place: PlaceName
    switch: str = ""
    registered: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.purpose == Purpose.PREMIUM) != (self.products is not None):
            raise ValueError('products are of purpose = "premium", and needed there')
        if self.registered and Relation.SELF in self.relations:
            raise ValueError("registered is of family: nobody registers as his own relative")
        return self


class UseBanToml(AccountDated):
    """`[[use_ban]]`: what the account never pays."""

    purposes: Annotated[list[PurposeName], Field(min_length=1)]


class DisposalToml(AccountDated):
    """`[[disposal]]`: what becomes of the balance when an account ends or moves."""

    event: EventName
    in_province: YesNo = EITHER
    heir: YesNo = EITHER
    application: bool
    outcome: OutcomeName


class ContributionToml(AccountDated):
    """`[[contribution]]`: what members contribute to a product."""

    product: ContributionName
    amount: Yuan
    unit: Literal["yuan a month"]


class AccountFile(Strict):
    """`account.toml`."""

    format: Literal[1]
    credit: list[CreditToml] = Field(default_factory=list)
    no_account: list[NoAccountToml] = Field(default_factory=list)
    use: list[UseToml] = Field(default_factory=list)
    use_ban: list[UseBanToml] = Field(default_factory=list)
    disposal: list[DisposalToml] = Field(default_factory=list)
    contribution: list[ContributionToml] = Field(default_factory=list)
