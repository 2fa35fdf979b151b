"""The rules of personal accounts as the loader hands them on: checked, dated, cited integers.

Amounts in fen, rates in basis points, days YYYYMMDD and inclusive. An entry holds for a month if it
holds on the first day of the month.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

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
from engine.domain.dates import Interval
from engine.rules.plan import ClauseRef

ACCOUNT: Final = "account.toml"
"""The rule file of personal accounts; a city has it only where its documents rule them."""

ACCOUNT_KINDS: Final = (
    *(f"credit.{part.name.lower()}" for part in CreditPart),
    "no_account",
    *(f"use.{purpose.name.lower()}" for purpose in Purpose),
    "use_ban",
    "disposal",
    "contribution",
)
"""What the clause register calls the entries: their table, a credit by its part, a use by its
purpose."""

ACCOUNT_TABLES: Final = (
    "credit",
    "no_account",
    "use",
    "use_ban",
    "disposal",
    "contribution",
)
"""The tables of the file, in the order in which `CityRules.account` has their entries."""

EITHER: Final = -1
"""Of a condition that is yes or no: it does not matter."""


class CreditOf(IntEnum):
    """What the part of a credit is a share of."""

    BASE = 1
    """The member's contribution base of the month."""
    OWN_CONTRIBUTION = 2
    """The member's own contribution of the month."""
    AMOUNT = 3
    """The amount that the document prints."""
    FIGURE = 4
    """An operator figure."""
    NOTHING = 5
    """The document gives these members nothing."""
    NOT_PRINTED = 6
    """The document leaves it to an older one, and no figure can be supplied for it."""


class UsePlace(IntEnum):
    """Where something that an account pays is bought."""

    ANYWHERE = 0
    """It is bought at no institution, as a premium."""
    INSTITUTION = 1
    """At an institution that is no pharmacy."""
    PHARMACY = 2


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """What the entries of all tables have."""

    days: Interval
    clauses: tuple[ClauseRef, ...]
    readings: tuple[str, ...]
    """It holds only where all of these are chosen."""
    index: int
    """Its place in its table."""
    days_of_document: Interval
    """Its days without those before the first of the document."""
    table: ClassVar[str] = ""

    @property
    def kind(self) -> str:
        """What the clause register calls it, one of `ACCOUNT_KINDS`."""
        return self.table


@dataclass(frozen=True, slots=True)
class CreditEntry(AccountEntry):
    """`[[credit]]`: one part of the credit of a month."""

    table: ClassVar[str] = "credit"
    part: CreditPart
    of: CreditOf
    amount_fen: int
    rate_bp: int
    figure: str
    """Of `FIGURE` the operator figure; of `NOT_PRINTED` what is missing."""
    statuses: tuple[int, ...]
    """Positions from 0, as in the other rule files."""
    ages: tuple[int, int]
    """On the last day of the month, in whole years."""
    employments: tuple[Employment, ...]
    still_paying: int
    """1, 0 or `EITHER`: whether the member still contributes after retirement age."""
    alternating: int
    """1, 0 or `EITHER`: whether the member has months without an account."""
    prorated: bool
    """Only the share of the months with an account."""

    @property
    def kind(self) -> str:
        """`credit` and the part."""
        return f"{self.table}.{self.part.name.lower()}"


@dataclass(frozen=True, slots=True)
class NoAccountEntry(AccountEntry):
    """`[[no_account]]`: the modes of insurance without an account."""

    table: ClassVar[str] = "no_account"
    modes: tuple[Mode, ...]


@dataclass(frozen=True, slots=True)
class UseEntry(AccountEntry):
    """`[[use]]`: something the account pays, and for whom."""

    table: ClassVar[str] = "use"
    purpose: Purpose
    products: tuple[Product, ...]
    relations: tuple[Relation, ...]
    place: UsePlace
    switch: str
    """The operator's switch that it needs; empty: none."""
    registered: bool
    """Whether the document asks that the person be registered as family."""

    @property
    def kind(self) -> str:
        """`use` and the purpose."""
        return f"{self.table}.{self.purpose.name.lower()}"


@dataclass(frozen=True, slots=True)
class UseBanEntry(AccountEntry):
    """`[[use_ban]]`: what the account never pays."""

    table: ClassVar[str] = "use_ban"
    purposes: tuple[Purpose, ...]


@dataclass(frozen=True, slots=True)
class DisposalEntry(AccountEntry):
    """`[[disposal]]`: what becomes of the balance."""

    table: ClassVar[str] = "disposal"
    event: DisposalEvent
    in_province: int
    """1, 0 or `EITHER`: whether the member stays in the province."""
    heir: int
    """1, 0 or `EITHER`: whether an heir or a beneficiary claims the balance."""
    application: bool
    outcome: DisposalOutcome


@dataclass(frozen=True, slots=True)
class ContributionEntry(AccountEntry):
    """`[[contribution]]`: what a member contributes to a product."""

    table: ClassVar[str] = "contribution"
    product: ContributionProduct
    amount_fen: int


def both(one: int, other: int) -> bool:
    """Return whether a person can meet two conditions, each 1, 0 or `EITHER`."""
    return EITHER in (one, other) or one == other
