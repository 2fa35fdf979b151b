"""Rows and results of the reference kernel as plain values, and what a row must keep to."""

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Final, NamedTuple

from engine.domain.layout import (
    COUNTERS_PER_MEMBER_YEAR,
    KEYED_SLOTS,
    NOWHERE,
    RESULT,
    ROW,
    Array,
)
from engine.domain.money import AMOUNT_MAX_FEN
from engine.rules.plan import LEVELS, PLACES, RELATIONS, STATUSES


class Row(NamedTuple):
    """One claim with its facts resolved, field by field as in `layout.ROW`; amounts in fen."""

    in_scope: int
    pre_payment: int
    over_limit: int
    non_covered: int
    liable: int
    counters: int
    visit: int
    account: int
    plan: int
    facts: int
    year: int
    status: int
    level: int
    place: int
    benefit: int
    rate_level: int
    visit_by: int
    borne: int
    borne_at: int
    cost: int
    disease: int
    month: int
    day: int
    deductible_at: int
    paid_at: int
    relation: int
    payer_reason: int
    paid: int
    family: int


@dataclass(slots=True)
class Result:
    """One settlement, field by field as in `layout.RESULT`; amounts in fen."""

    total: int = 0
    non_covered: int = 0
    over_limit: int = 0
    pre_payment: int = 0
    first_pay: int = 0
    excluded: int = 0
    in_scope: int = 0
    deductible: int = 0
    copay: int = 0
    cut_visit: int = 0
    cut_day: int = 0
    cut_month: int = 0
    cut_annual: int = 0
    cut_disease: int = 0
    cut_pooled: int = 0
    pooled_fund: int = 0
    large_amount_fund: int = 0
    institution_share: int = 0
    person: int = 0
    account: int = 0
    family_account: int = 0
    cash: int = 0
    account_allowed: int = 0
    account_before: int = 0
    family_allowed: int = 0
    family_before: int = 0
    cite_first_pay: int = 0
    cite_excluded: int = 0
    cite_excluded_rest: int = 0
    cite_deductible: int = 0
    cite_rate: int = 0
    cite_rate_above: int = 0
    cite_visit_cap: int = 0
    cite_day_cap: int = 0
    cite_month_cap: int = 0
    cite_annual_cap: int = 0
    cite_disease_cap: int = 0
    cite_pooled_cap: int = 0
    cite_large_amount: int = 0
    cite_account: int = 0
    cite_standard_price: int = 0
    cite_family: int = 0
    reason: int = 0
    family_reason: int = 0
    kernel_spare: int = 0
    kernel_spare2: int = 0
    deductible_before: int = 0
    paid_before: int = 0
    pooled_paid_before: int = 0
    compliant_burden_before: int = 0
    large_amount_paid_before: int = 0
    visit_paid_before: int = 0
    disease_paid_before: int = 0
    month_paid_before: int = 0
    day_paid_before: int = 0
    cost_before: int = 0
    pooled_counted: int = 0
    burden_counted: int = 0


class Tariff(NamedTuple):
    """What a plan says for one level, status and place; caps may be `NO_CAP`."""

    deductible_fen: int
    deductible_cite: int
    rate_at: int
    """Position in the plan's tables of rates, those of its brackets included."""
    visit_cap_fen: int
    visit_cap_cite: int
    day_cap_fen: int
    day_cap_cite: int
    month_cap_fen: int
    month_cap_cite: int
    annual_cap_fen: int
    annual_cap_cite: int


class Counters(NamedTuple):
    """What earlier claims of the year left, in fen; 0 for what is not counted.

    `deductible` was borne at the institution or level that counts, where the row has a slot for
    that, else in the year.
    """

    deductible: int
    deductible_met: bool
    paid: int
    """By the fund in the year, under the benefits that share the annual cap."""
    paid_of_cost: int
    """By the fund in the year, for ordinary and chronic care."""
    visit_paid: int
    pooled_paid: int
    burden: int
    large_amount_paid: int
    cost: int
    """Cost in scope of the year."""
    disease_paid: int
    month_paid: int
    day_paid: int

    @property
    def cost_so_far(self) -> int:
        """The year's cost in scope: no less than what was borne and what was paid of it.

        That is more than what was counted where the year was opened with amounts from elsewhere.
        Ordinary and chronic care are paid out of it, whichever the claim is of.
        """
        return max(self.cost, self.deductible + self.paid_of_cost)


in_order: Final = attrgetter(*(field.name for field in fields(Result)))
"""Returns the fields of a result in the order of `layout.RESULT`."""


def read_rows(rows: Array, results: Array) -> list[Row]:
    """Return the rows as plain values; refuse other layouts and counts."""
    check_layouts(rows, results)
    if len(rows) != len(results):
        raise ValueError(f"results: found {len(results)}, expected {len(rows)}, one for each row")
    return [Row(*rows[number].item()) for number in range(len(rows))]


def check_layouts(rows: Array, results: Array) -> None:
    """Refuse records of other layouts."""
    if rows.dtype != ROW or results.dtype != RESULT:
        raise ValueError(f"found rows of {rows.dtype} and results of {results.dtype}")


def check_shape(counters: Array) -> None:
    """Refuse counters of another width."""
    width = counters.shape[1]
    if width != COUNTERS_PER_MEMBER_YEAR:
        raise ValueError(f"counters: found {width} in a line, expected {COUNTERS_PER_MEMBER_YEAR}")


def check_row(number: int, row: Row, plans: int, counters: int, visits: int) -> None:
    """Refuse what the steps are not made for; within these limits no product leaves 64 bits."""
    check_range(number, "in_scope", row.in_scope, 0, AMOUNT_MAX_FEN)
    check_range(number, "pre_payment", row.pre_payment, 0, AMOUNT_MAX_FEN)
    check_range(number, "over_limit", row.over_limit, 0, AMOUNT_MAX_FEN)
    check_range(number, "non_covered", row.non_covered, 0, AMOUNT_MAX_FEN)
    check_range(number, "liable", row.liable, -1, AMOUNT_MAX_FEN)
    check_range(number, "counters", row.counters, 0, counters - 1)
    for name in KEYED_SLOTS:
        check_range(number, name, getattr(row, name), -1, visits - 1)
    check_range(number, "deductible_at", row.deductible_at, 0, NOWHERE)
    check_range(number, "paid_at", row.paid_at, 0, NOWHERE)
    check_range(number, "plan", row.plan, 0, plans - 1)
    check_range(number, "status", row.status, 0, STATUSES - 1)
    check_range(number, "level", row.level, 0, LEVELS - 1)
    check_range(number, "rate_level", row.rate_level, 0, LEVELS)
    check_range(number, "place", row.place, 0, PLACES - 1)
    check_range(number, "relation", row.relation, 0, RELATIONS)


def check_accounts(number: int, row: Row, accounts: int) -> None:
    """Refuse accounts that are not among so many."""
    check_range(number, "account", row.account, -1, accounts - 1)
    check_range(number, "family", row.family, -1, accounts - 1)


def check_range(number: int, field: str, value: int, first: int, last: int) -> None:
    """Refuse a value that is out of its range."""
    if not first <= value <= last:
        raise ValueError(f"rows[{number}].{field}: found {value}, expected {first} to {last}")
