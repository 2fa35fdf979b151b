"""The reference kernel: the regulation, as plainly as Python allows.

One function per step, in the order the steps are applied; whole fen in, whole fen out. Every
part of the three sums is computed from its own definition, none as what is left over, so that
the sums can be held against each other. Nothing here is fast or clever. When this file and
`_fast.pyx` disagree, this file is right until a clause says otherwise.

It sees plans and facts only: which clause a number comes from stands beside it in the plan.
Readings such as G2-A1 are those that the plan's clauses name where a document leaves a choice.
"""

from collections.abc import Iterable, Sequence

from engine.domain.codes import Fact
from engine.domain.layout import (
    CHRONIC_PAID,
    COMPLIANT_BURDEN,
    DEDUCTIBLE_MET,
    FLAGS,
    LARGE_AMOUNT_PAID,
    NOWHERE,
    ORDINARY_PAID,
    POOLED_PAID,
    SPECIAL_DEDUCTIBLE,
    Array,
)
from engine.domain.money import (
    BP,
    mul_bp_half_down,
    mul_bp_half_up,
    sum_bp_half_down,
    sum_bp_half_up,
)
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.records import (
    Counters,
    Result,
    Row,
    Tariff,
    check_accounts,
    check_row,
    check_shape,
    in_order,
    read_rows,
)
from engine.reference_accounts import pay_accounts
from engine.reference_caps import apply_caps, apply_pooled_cap, capped, left_of
from engine.rules.plan import (
    BAR_ALL,
    BAR_EXCLUDED,
    DEDUCTIBLE_COST,
    DEDUCTIBLE_EACH,
    DEDUCTIBLE_NONE,
    NO_CAP,
    Exclusion,
    RulePlan,
)


def settle(
    rows: Array,
    plans: Sequence[RulePlan],
    counters: Array,
    visits: Array,
    results: Array,
    balances: Array | None = None,
) -> None:
    """Settle rows in order: write `results`, move `counters`, `visits` and `balances`.

    The personal accounts come afterwards, in a pass of their own.

    Args:
        rows: Records of `layout.ROW`.
        plans: What the rows' `plan` counts in.
        counters: A line of `layout.COUNTERS_PER_MEMBER_YEAR` a member-year; changed in place.
        visits: Counters with keys of their own, in fen, which the rows' slots count in: what was
            paid for a visit, a disease, a month, a day, under a benefit, what was borne at an
            institution, a level or under a benefit, the year's cost; changed in place.
        results: Records of `layout.RESULT`, as many as rows; overwritten.
        balances: Fen on each account; changed in place. Without them no account pays.

    Raises:
        ValueError: naming row and field; nothing was changed.
    """
    claims = read_rows(rows, results)
    check_shape(counters)
    for number, row in enumerate(claims):
        check_row(number, row, len(plans), len(counters), len(visits))
        if balances is not None:
            check_accounts(number, row, len(balances))
    for number, row in enumerate(claims):
        before = read_counters(row, counters, visits)
        result = settle_row(row, plans[row.plan], before)
        move_counters(row, result, counters, visits)
        results[number] = in_order(result)
    if balances is not None:
        pay_accounts(rows, results, balances)


def settle_row(row: Row, plan: RulePlan, before: Counters) -> Result:
    """Settle one claim: exclusions, first payment, deductible, rate, caps, payers."""
    lines = applicable_lines(plan.exclusions, row)
    refusal = next((line for line in lines if line.reason < EXCLUSION_FIRST), None)
    if refusal is not None:
        return Result(reason=refusal.reason, cite_excluded=refusal.citation)
    result = Result(
        non_covered=row.non_covered,
        over_limit=row.over_limit,
        deductible_before=before.deductible,
        paid_before=before.paid,
        visit_paid_before=before.visit_paid,
        disease_paid_before=before.disease_paid,
        month_paid_before=before.month_paid,
        day_paid_before=before.day_paid,
        pooled_paid_before=before.pooled_paid,
        compliant_burden_before=before.burden,
        large_amount_paid_before=before.large_amount_paid,
        cost_before=before.cost,
    )
    tariff = look_up(plan, row)
    whole = exclude(result, lines, row)
    remaining = remaining_deductible(plan, tariff, before)
    take_first_payment(result, plan, row, remaining)
    if is_package(result, plan) and not whole:
        share_package(result, plan, tariff)
    else:
        charge_deductible(result, tariff, remaining)
        share_by_rate(result, plan, tariff, before, remaining)
    apply_caps(result, plan, tariff, before, row)
    apply_pooled_cap(result, plan, before)
    if not whole:
        count_burden(result, plan, row)
    pay_second(result, plan, before)
    bear_package(result, plan, tariff)
    add_up(result)
    allow_account(result, lines, row)
    limit_account(result, plan)
    allow_family(result, row, plan)
    return result


def applicable_lines(lines: Iterable[Exclusion], row: Row) -> list[Exclusion]:
    """Return the lines of the exclusion matrix that apply, in order of precedence."""
    return [line for line in lines if line.applies(row.facts, row.level)]


def look_up(plan: RulePlan, row: Row) -> Tariff:
    """Return what the plan says for the row's level, status and place.

    The rate may be that of another level, the selected institution's (reading H3-B).
    """
    group = plan.by_status(row.level, row.status)
    rate_level = row.rate_level - 1 if row.rate_level else row.level
    return Tariff(
        plan.deductible_fen[group],
        plan.deductible_cite[group],
        plan.at(rate_level, row.status, row.place),
        plan.visit_cap_fen[group],
        plan.visit_cap_cite[group],
        plan.day_cap_fen[group],
        plan.day_cap_cite[group],
        plan.month_cap_fen[group],
        plan.month_cap_cite[group],
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


def exclude(result: Result, lines: Sequence[Exclusion], row: Row) -> bool:
    """Step 1: take out what the fund does not pay here, and name why.

    The first line gives the reason. If it takes a part only, a later line that takes the whole
    takes the rest. Returns whether the claim is excluded as a whole, whatever there is of it.
    """
    if not lines:
        return False
    first = lines[0]
    result.reason = first.reason
    result.cite_excluded = first.citation
    result.excluded = taken_by(first, row)
    whole = next((line for line in lines if not line.liable_only or row.liable < 0), None)
    if result.excluded == row.in_scope:
        return whole is not None or row.in_scope > 0
    if whole is not None:
        result.excluded = row.in_scope
        result.cite_excluded_rest = whole.citation
    return whole is not None


def take_first_payment(result: Result, plan: RulePlan, row: Row, remaining_fen: int) -> None:
    """Step 2: outside the city the person pays a share first, before everything else.

    It comes out of what is left after exclusions (reading G3-A), or of what is then above the
    deductible (reading G3-B), and stands with the pre-payment on the bill.
    """
    left = max(0, row.in_scope - result.excluded)
    untouched = min(left, remaining_fen) if plan.first_pay_last else 0
    share_bp = plan.first_pay_bp[row.place]
    result.first_pay = mul_bp_half_up(left - untouched, share_bp)
    result.in_scope = untouched + mul_bp_half_down(left - untouched, BP - share_bp)
    result.pre_payment = row.pre_payment + result.first_pay
    if share_bp > 0 and left > untouched:
        result.cite_first_pay = plan.first_pay_cite[row.place]


def remaining_deductible(plan: RulePlan, tariff: Tariff, before: Counters) -> int:
    """Return what the person has still to bear before the fund pays.

    One counter for the year: a visit tops it up to the deductible of its own level, and at a
    lower level there is nothing to top up (reading G2-A1). Or a counter for each institution or
    each level, topped up in the same way (readings G2-D, G2-B): then `before` is what was borne
    there. Or the year's cost in scope counts (reading G2-A2). Or it is whole each time.
    """
    if plan.deductible_kind == DEDUCTIBLE_NONE or before.deductible_met:
        return 0
    if plan.deductible_kind == DEDUCTIBLE_EACH:
        return tariff.deductible_fen
    if plan.deductible_kind == DEDUCTIBLE_COST:
        return max(0, tariff.deductible_fen - before.cost_so_far)
    return max(0, tariff.deductible_fen - before.deductible)


def charge_deductible(result: Result, tariff: Tariff, remaining_fen: int) -> None:
    """Step 3: the part of the amount in scope that the person bears as deductible."""
    result.deductible = min(result.in_scope, remaining_fen)
    if result.in_scope > 0:
        result.cite_deductible = tariff.deductible_cite


def share_by_rate(
    result: Result, plan: RulePlan, tariff: Tariff, before: Counters, remaining_fen: int
) -> None:
    """Step 4: fund and person share what is above the deductible.

    The fund's part is rounded half up, once (reading G6-A), over all brackets of the year's cost
    that the claim reaches; `apply_caps` finds it again in `pooled_fund`.
    """
    base = max(0, result.in_scope - remaining_fen)
    last = before.cost_so_far + result.in_scope
    shares = split_by_bracket(plan, last - base, last, tariff.rate_at)
    result.pooled_fund = sum_bp_half_up((fen, rate_bp) for fen, rate_bp, _ in shares)
    result.copay = sum_bp_half_down((fen, BP - rate_bp) for fen, rate_bp, _ in shares)
    if result.in_scope > 0:
        result.cite_rate = shares[0][2]
        result.cite_rate_above = shares[-1][2] if len(shares) > 1 else 0


def split_by_bracket(
    plan: RulePlan, first_fen: int, last_fen: int, rate_at: int
) -> list[tuple[int, int, int]]:
    """Return (amount, rate, citation) of the year's cost between two amounts, by bracket.

    The lowest bracket that it touches comes first, and stands there even with nothing in it.
    """
    lows = [0, *(bracket.above_fen for bracket in plan.brackets)]
    tables = [
        (plan.rate_bp, plan.rate_cite),
        *((bracket.rate_bp, bracket.rate_cite) for bracket in plan.brackets),
    ]
    start = max(n for n, low in enumerate(lows) if low <= first_fen)
    shares = []
    for n in range(start, len(lows)):
        low = max(lows[n], first_fen)
        high = min(lows[n + 1], last_fen) if n + 1 < len(lows) else last_fen
        rates, cites = tables[n]
        if n == start or high > low:
            shares.append((high - low, rates[rate_at], cites[rate_at]))
    return shares


def is_package(result: Result, plan: RulePlan) -> bool:
    """Return whether there is anything that a standard price settles."""
    return plan.standard_price_fen != NO_CAP and package_bill(result) > 0


def package_bill(result: Result) -> int:
    """Return what a package covers: the whole bill but what was excluded (reading C6-A)."""
    return result.non_covered + result.over_limit + result.pre_payment + result.in_scope


def share_package(result: Result, plan: RulePlan, tariff: Tariff) -> None:
    """Step 3 and 4 of a package: the fund's share of the standard price, whatever the bill.

    The person's share is of the bill, up to that price. There is no deductible.
    """
    rate_bp = plan.rate_bp[tariff.rate_at]
    bounded = min(package_bill(result), plan.standard_price_fen)
    result.pooled_fund = mul_bp_half_up(plan.standard_price_fen, rate_bp)
    result.copay = mul_bp_half_down(bounded, BP - rate_bp)
    result.cite_rate = plan.rate_cite[tariff.rate_at]
    result.cite_standard_price = plan.standard_price_cite


def count_burden(result: Result, plan: RulePlan, row: Row) -> None:
    """Step 7: what of the person's burden counts to the second payment (reading J3-A).

    What is in scope and the pooled fund did not pay, and the first payment of class B; or the
    co-payment alone (reading J3-B). Nothing of a claim that was excluded as a whole.
    """
    if not plan.burden_counts:
        return
    if plan.second_copay_only:
        result.burden_counted = result.copay
        return
    result.burden_counted = row.pre_payment + result.deductible + result.copay + cuts(result)


def cuts(result: Result) -> int:
    """Return what all caps cut together."""
    return (
        result.cut_visit
        + result.cut_day
        + result.cut_month
        + result.cut_annual
        + result.cut_disease
        + result.cut_pooled
    )


def pay_second(result: Result, plan: RulePlan, before: Counters) -> None:
    """Step 8: the large-amount fund pays a share of the burden above the year's threshold.

    Claim by claim, of what this claim adds above it (reading J4-A); the payment itself does not
    lower the burden. It is rounded half up, once (reading G6-A).
    """
    above_before = max(0, before.burden - plan.second_threshold_fen)
    above = max(0, before.burden + result.burden_counted - plan.second_threshold_fen)
    by_rate = mul_bp_half_up(above - above_before, plan.second_rate_bp)
    left = left_of(plan.second_cap_fen, before.large_amount_paid)
    result.large_amount_fund = capped(by_rate, left)
    if by_rate > 0:
        result.cite_large_amount = plan.second_cite


def bear_package(result: Result, plan: RulePlan, tariff: Tariff) -> None:
    """Step 9 of a package: what the institution bears above the standard price, or keeps below it.

    What a cap cut is taken from what it would have kept, before the person bears any of it
    (reading C5-A).
    """
    if not result.cite_standard_price:
        return
    rate_bp = plan.rate_bp[tariff.rate_at]
    bill = package_bill(result)
    bounded = min(bill, plan.standard_price_fen)
    surplus = mul_bp_half_up(plan.standard_price_fen, rate_bp) - mul_bp_half_up(bounded, rate_bp)
    result.institution_share = bill - bounded - max(0, surplus - cuts(result))
    result.person = result.excluded + result.copay + max(0, cuts(result) - surplus)


def add_up(result: Result) -> None:
    """Step 9: the bill's total, and the person's burden as the sum of its parts.

    That of a package is known already.
    """
    result.total = (
        result.non_covered
        + result.over_limit
        + result.pre_payment
        + result.excluded
        + result.in_scope
    )
    if not result.cite_standard_price:
        result.person = (
            result.non_covered
            + result.over_limit
            + result.pre_payment
            + result.excluded
            + result.deductible
            + result.copay
            + cuts(result)
            - result.large_amount_fund
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


def limit_account(result: Result, plan: RulePlan) -> None:
    """Hold the account to what is in scope and the pooled fund did not pay, if the plan says so.

    Reading S6: so it is until the system for wider use stands.
    """
    if plan.account_limited:
        result.account_allowed = min(result.account_allowed, result.in_scope - result.pooled_fund)
        result.cite_account = plan.account_cite


def allow_family(result: Result, row: Row, plan: RulePlan) -> None:
    """Say how much of the person's burden a relative's account may pay, or why it may not.

    What keeps an account from being asked is known before; here the plan says for whom it pays.
    """
    result.family_reason = row.payer_reason
    if row.payer_reason or not row.relation:
        return
    if row.facts & Fact.PHARMACY:
        relations, result.cite_family = plan.family_goods, plan.family_goods_cite
    else:
        relations, result.cite_family = plan.family_medical, plan.family_medical_cite
    if relations >> row.relation & 1:
        result.family_allowed = result.account_allowed
    else:
        result.family_reason = Reason.RELATION_NOT_ALLOWED


def read_counters(row: Row, counters: Array, visits: Array) -> Counters:
    """Return the counters of the row's member-year and visit as they stand."""
    line = counters[row.counters]

    def in_line(position: int) -> int:
        return 0 if position == NOWHERE else int(line[position])

    def keyed(slot: int) -> int:
        return int(visits[slot]) if slot >= 0 else 0

    met = bool(in_line(FLAGS) & DEDUCTIBLE_MET) and row.deductible_at != SPECIAL_DEDUCTIBLE
    return Counters(
        deductible=keyed(row.borne) if row.borne >= 0 else in_line(row.deductible_at),
        deductible_met=met and row.deductible_at != NOWHERE,
        paid=keyed(row.paid) if row.paid >= 0 else in_line(row.paid_at),
        paid_of_cost=in_line(ORDINARY_PAID) + in_line(CHRONIC_PAID),
        visit_paid=keyed(row.visit),
        pooled_paid=in_line(POOLED_PAID),
        burden=in_line(COMPLIANT_BURDEN),
        large_amount_paid=in_line(LARGE_AMOUNT_PAID),
        cost=keyed(row.cost),
        disease_paid=keyed(row.disease),
        month_paid=keyed(row.month),
        day_paid=keyed(row.day),
    )


def move_counters(row: Row, result: Result, counters: Array, visits: Array) -> None:
    """Step 10: add what was borne and what was paid, the amount finally paid (reading G7-A).

    A refused claim moves nothing, and neither does what was excluded (reading G22-A): its
    parts are 0.
    """
    if row.borne >= 0:
        visits[row.borne] += result.deductible
    elif row.deductible_at != NOWHERE:
        counters[row.counters, row.deductible_at] += result.deductible
    if row.paid >= 0:
        visits[row.paid] += result.pooled_fund
    elif row.paid_at != NOWHERE:
        counters[row.counters, row.paid_at] += result.pooled_fund
    counters[row.counters, POOLED_PAID] += result.pooled_counted
    counters[row.counters, COMPLIANT_BURDEN] += result.burden_counted
    counters[row.counters, LARGE_AMOUNT_PAID] += result.large_amount_fund
    for slot in (row.visit, row.disease, row.month, row.day):
        if slot >= 0:
            visits[slot] += result.pooled_fund
    if row.cost >= 0:
        visits[row.cost] += result.in_scope
