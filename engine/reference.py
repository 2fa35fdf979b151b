"""The reference kernel: the regulation, as plainly as Python allows.

One function per step, in the order the steps are applied; whole fen in, whole fen out. Every
part of the three sums is computed from its own definition, none as what is left over, so that
the sums can be held against each other. Nothing here is fast or clever. When this file and
`_fast.pyx` disagree, this file is right until a clause says otherwise.

It sees plans and facts only: which clause a number comes from stands beside it in the plan.
Readings such as G2-A1 are those that the plan's clauses name where a document leaves a choice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import NamedTuple

from engine.domain.codes import Fact
from engine.domain.layout import (
    COUNTERS_PER_MEMBER_YEAR,
    DEDUCTIBLE,
    DEDUCTIBLE_MET,
    FLAGS,
    ORDINARY_PAID,
    RESULT,
    ROW,
    Array,
)
from engine.domain.money import AMOUNT_MAX_FEN, BP, mul_bp_half_down, mul_bp_half_up
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.rules.plan import (
    BAR_ALL,
    BAR_EXCLUDED,
    DEDUCTIBLE_SHARED,
    LEVELS,
    NO_CAP,
    PLACES,
    STATUSES,
    Exclusion,
    RulePlan,
)


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
    spare: int
    spare2: int


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
    deductible_before: int = 0
    ordinary_paid_before: int = 0
    visit_paid_before: int = 0
    account_before: int = 0
    account_allowed: int = 0
    cite_first_pay: int = 0
    cite_excluded: int = 0
    cite_excluded_rest: int = 0
    cite_deductible: int = 0
    cite_rate: int = 0
    cite_visit_cap: int = 0
    cite_annual_cap: int = 0
    reason: int = 0
    kernel_spare: int = 0


_in_order = attrgetter(*(field.name for field in fields(Result)))


class Tariff(NamedTuple):
    """What a plan says for one level, status and place; caps may be `NO_CAP`."""

    deductible_fen: int
    deductible_cite: int
    rate_bp: int
    rate_cite: int
    visit_cap_fen: int
    visit_cap_cite: int
    annual_cap_fen: int
    annual_cap_cite: int


class Counters(NamedTuple):
    """What earlier claims of the year left, in fen; `visit_paid` is 0 without a visit slot."""

    deductible: int
    deductible_met: bool
    ordinary_paid: int
    visit_paid: int


def settle(
    rows: Array, plans: Sequence[RulePlan], counters: Array, visits: Array, results: Array
) -> None:
    """Settle rows in order: write `results`, move `counters` and `visits`.

    The personal accounts come afterwards, in `pay_accounts`.

    Args:
        rows: Records of `layout.ROW`.
        plans: What the rows' `plan` counts in.
        counters: A line of `layout.COUNTERS_PER_MEMBER_YEAR` a member-year; changed in place.
        visits: Fen the fund paid for each visit; changed in place.
        results: Records of `layout.RESULT`, as many as rows; overwritten.

    Raises:
        ValueError: naming row and field; nothing was changed.
    """
    claims = _read(rows, results)
    _check_shape(counters)
    for number, row in enumerate(claims):
        _check_row(number, row, len(plans), len(counters), len(visits))
    for number, row in enumerate(claims):
        before = read_counters(row, counters, visits)
        result = settle_row(row, plans[row.plan], before)
        move_counters(row, result, counters, visits)
        results[number] = _in_order(result)


def settle_row(row: Row, plan: RulePlan, before: Counters) -> Result:
    """Settle one claim: exclusions, first payment, deductible, rate, caps, payers."""
    lines = applicable_lines(plan.exclusions, row.facts)
    refusal = next((line for line in lines if line.reason < EXCLUSION_FIRST), None)
    if refusal is not None:
        return Result(reason=refusal.reason, cite_excluded=refusal.citation)
    result = Result(
        non_covered=row.non_covered,
        over_limit=row.over_limit,
        deductible_before=before.deductible,
        ordinary_paid_before=before.ordinary_paid,
        visit_paid_before=before.visit_paid,
    )
    tariff = look_up(plan, row)
    exclude(result, lines, row)
    take_first_payment(result, plan, row)
    remaining = remaining_deductible(plan, tariff, before)
    charge_deductible(result, tariff, remaining)
    share_by_rate(result, tariff, remaining)
    apply_caps(result, tariff, before, row)
    add_up(result)
    allow_account(result, lines, row)
    return result


def applicable_lines(lines: Iterable[Exclusion], facts: int) -> list[Exclusion]:
    """Return the lines of the exclusion matrix that apply, in order of precedence."""
    return [
        line for line in lines if facts & line.require == line.require and facts & line.forbid == 0
    ]


def look_up(plan: RulePlan, row: Row) -> Tariff:
    """Return what the plan says for the row's level, status and place."""
    group = plan.by_status(row.level, row.status)
    rate = plan.at(row.level, row.status, row.place)
    return Tariff(
        plan.deductible_fen[group],
        plan.deductible_cite[group],
        plan.rate_bp[rate],
        plan.rate_cite[rate],
        plan.visit_cap_fen[group],
        plan.visit_cap_cite[group],
        plan.annual_cap_fen[group],
        plan.annual_cap_cite[group],
    )


def taken_by(line: Exclusion, row: Row) -> int:
    """Return what one exclusion takes from the amount in scope.

    Where somebody else is liable for a part, only that part: the words are of the cost, not of
    the visit (reading Z3-A); the whole where the part is not known.
    """
    if line.liable_only and row.liable >= 0:
        return min(row.in_scope, row.liable)
    return row.in_scope


def exclude(result: Result, lines: Sequence[Exclusion], row: Row) -> None:
    """Step 1: take out what the fund does not pay here, and name why.

    The first line gives the reason. If it takes a part only, a later line that takes the whole
    takes the rest.
    """
    if not lines:
        return
    first = lines[0]
    result.reason = first.reason
    result.cite_excluded = first.citation
    result.excluded = taken_by(first, row)
    if result.excluded == row.in_scope:
        return
    whole = next((line for line in lines if not line.liable_only), None)
    if whole is not None:
        result.excluded = row.in_scope
        result.cite_excluded_rest = whole.citation


def take_first_payment(result: Result, plan: RulePlan, row: Row) -> None:
    """Step 2: outside the city the person pays a share first, before everything else.

    It comes out of what is left after exclusions (reading G3-A), and stands with the
    pre-payment on the bill.
    """
    left = max(0, row.in_scope - result.excluded)
    share_bp = plan.first_pay_bp[row.place]
    result.first_pay = mul_bp_half_up(left, share_bp)
    result.in_scope = mul_bp_half_down(left, BP - share_bp)
    result.pre_payment = row.pre_payment + result.first_pay
    if share_bp > 0 and left > 0:
        result.cite_first_pay = plan.first_pay_cite[row.place]


def remaining_deductible(plan: RulePlan, tariff: Tariff, before: Counters) -> int:
    """Return what the person has still to bear before the fund pays.

    One counter for the year: a visit tops it up to the deductible of its own level, and at a
    lower level there is nothing to top up (reading G2-A1).
    """
    if plan.deductible_kind != DEDUCTIBLE_SHARED or before.deductible_met:
        return 0
    return max(0, tariff.deductible_fen - before.deductible)


def charge_deductible(result: Result, tariff: Tariff, remaining_fen: int) -> None:
    """Step 3: the part of the amount in scope that the person bears as deductible."""
    result.deductible = min(result.in_scope, remaining_fen)
    if result.in_scope > 0:
        result.cite_deductible = tariff.deductible_cite


def share_by_rate(result: Result, tariff: Tariff, remaining_fen: int) -> None:
    """Step 4: fund and person share what is above the deductible.

    The fund's part is rounded half up, once (reading G6-A); `apply_caps` finds it again in
    `pooled_fund`.
    """
    base = max(0, result.in_scope - remaining_fen)
    result.pooled_fund = mul_bp_half_up(base, tariff.rate_bp)
    result.copay = mul_bp_half_down(base, BP - tariff.rate_bp)
    if result.in_scope > 0:
        result.cite_rate = tariff.rate_cite


def apply_caps(result: Result, tariff: Tariff, before: Counters, row: Row) -> None:
    """Step 5: what the fund pays within its caps, and what each of them cuts.

    The visit cap comes before the annual one (reading G7-A): that decides which cap is named
    for a cut, never how much is paid.
    """
    by_rate = result.pooled_fund
    visit_left = _left(tariff.visit_cap_fen, before.visit_paid) if row.visit >= 0 else None
    annual_left = _left(tariff.annual_cap_fen, before.ordinary_paid)
    result.cut_visit = _cut(by_rate, visit_left)
    result.cut_annual = _cut(_capped(by_rate, visit_left), annual_left)
    result.pooled_fund = _capped(_capped(by_rate, annual_left), visit_left)
    if result.in_scope > 0 and visit_left is not None:
        result.cite_visit_cap = tariff.visit_cap_cite
    if result.in_scope > 0 and annual_left is not None:
        result.cite_annual_cap = tariff.annual_cap_cite


def _left(cap_fen: int, paid_fen: int) -> int | None:
    """Return what a cap leaves after what was paid, or None if there is no cap."""
    return None if cap_fen == NO_CAP else max(0, cap_fen - paid_fen)


def _capped(amount_fen: int, left_fen: int | None) -> int:
    return amount_fen if left_fen is None else min(amount_fen, left_fen)


def _cut(amount_fen: int, left_fen: int | None) -> int:
    return 0 if left_fen is None else max(0, amount_fen - left_fen)


def add_up(result: Result) -> None:
    """Step 6: the bill's total, and the person's burden as the sum of its parts."""
    result.total = (
        result.non_covered
        + result.over_limit
        + result.pre_payment
        + result.excluded
        + result.in_scope
    )
    result.person = (
        result.non_covered
        + result.over_limit
        + result.pre_payment
        + result.excluded
        + result.deductible
        + result.copay
        + result.cut_visit
        + result.cut_annual
        + result.cut_disease
        + result.cut_pooled
    )
    result.cash = result.person


def allow_account(result: Result, lines: Sequence[Exclusion], row: Row) -> None:
    """Say how much of the person's burden a personal account may pay.

    Every line that applies counts here, not only the one that gives the reason: it may bar the
    account from the whole claim, or from the part that it excludes.
    """
    if any(line.account_bar == BAR_ALL for line in lines):
        return
    barred = (taken_by(line, row) for line in lines if line.account_bar == BAR_EXCLUDED)
    result.account_allowed = result.person - max(barred, default=0)


def read_counters(row: Row, counters: Array, visits: Array) -> Counters:
    """Return the counters of the row's member-year and visit as they stand."""
    line = counters[row.counters]
    return Counters(
        int(line[DEDUCTIBLE]),
        bool(int(line[FLAGS]) & DEDUCTIBLE_MET),
        int(line[ORDINARY_PAID]),
        int(visits[row.visit]) if row.visit >= 0 else 0,
    )


def move_counters(row: Row, result: Result, counters: Array, visits: Array) -> None:
    """Step 7: add what was borne and what was paid, the amount finally paid (reading G7-A).

    A refused claim moves nothing, and neither does what was excluded (reading G22-A): its
    parts are 0.
    """
    counters[row.counters, DEDUCTIBLE] += result.deductible
    counters[row.counters, ORDINARY_PAID] += result.pooled_fund
    if row.visit >= 0:
        visits[row.visit] += result.pooled_fund


def pay_accounts(rows: Array, results: Array, balances: Array) -> None:
    """Let the members' own accounts pay, in order of arrival.

    Args:
        rows: The records that were settled.
        results: What `settle` wrote for them; account, cash and the balance before are set.
        balances: Fen on each account; changed in place.

    Raises:
        ValueError: naming row and field; nothing was changed.
    """
    claims = _read(rows, results)
    for number, row in enumerate(claims):
        _check_range(number, "account", row.account, -1, len(balances) - 1)
    for number, row in enumerate(claims):
        if row.account >= 0 and not _refused(int(results[number]["reason"])):
            _pay_account(row, results[number], balances)


def _pay_account(row: Row, result: Array, balances: Array) -> None:
    """Take from the account what it holds and may pay; the rest of the burden stays cash."""
    balance = int(balances[row.account])
    result["account_before"] = balance
    if not row.facts & Fact.USE_ACCOUNT:
        return
    person, allowed = int(result["person"]), int(result["account_allowed"])
    barred = person - allowed
    result["account"] = min(balance, allowed)
    result["cash"] = barred + max(0, allowed - balance)
    balances[row.account] -= int(result["account"])


def _refused(reason: int) -> bool:
    return Reason.NONE < reason < EXCLUSION_FIRST


def _read(rows: Array, results: Array) -> list[Row]:
    if rows.dtype != ROW or results.dtype != RESULT:
        raise ValueError(f"found rows of {rows.dtype} and results of {results.dtype}")
    if len(rows) != len(results):
        raise ValueError(f"results: found {len(results)}, expected {len(rows)}, one for each row")
    return [Row(*rows[number].item()) for number in range(len(rows))]


def _check_shape(counters: Array) -> None:
    width = counters.shape[1]
    if width != COUNTERS_PER_MEMBER_YEAR:
        raise ValueError(f"counters: found {width} in a line, expected {COUNTERS_PER_MEMBER_YEAR}")


def _check_row(number: int, row: Row, plans: int, counters: int, visits: int) -> None:
    """Refuse what the steps are not made for; within these limits no product leaves 64 bits."""
    _check_range(number, "in_scope", row.in_scope, 0, AMOUNT_MAX_FEN)
    _check_range(number, "pre_payment", row.pre_payment, 0, AMOUNT_MAX_FEN)
    _check_range(number, "over_limit", row.over_limit, 0, AMOUNT_MAX_FEN)
    _check_range(number, "non_covered", row.non_covered, 0, AMOUNT_MAX_FEN)
    _check_range(number, "liable", row.liable, -1, AMOUNT_MAX_FEN)
    _check_range(number, "counters", row.counters, 0, counters - 1)
    _check_range(number, "visit", row.visit, -1, visits - 1)
    _check_range(number, "plan", row.plan, 0, plans - 1)
    _check_range(number, "status", row.status, 0, STATUSES - 1)
    _check_range(number, "level", row.level, 0, LEVELS - 1)
    _check_range(number, "place", row.place, 0, PLACES - 1)


def _check_range(number: int, field: str, value: int, first: int, last: int) -> None:
    if not first <= value <= last:
        raise ValueError(f"rows[{number}].{field}: found {value}, expected {first} to {last}")
