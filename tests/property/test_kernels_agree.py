"""The compiled kernel against the reference, on plans and claims that no city ever had."""

from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.layout import (
    CHRONIC_PAID,
    CUTS,
    ENTRY,
    KEYED_SLOTS,
    MOVED,
    NOWHERE,
    ORDINARY_PAID,
    RESULT,
    Array,
    aligned_counters,
)
from engine.domain.money import BP
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.kernel import FAST, REFERENCE, Kernel, check_identities
from engine.rules.plan import NO_CAP, RulePlan
from tests.support.kernel_cases import MEMBER_SLOTS, Case, cases, wholesale
from tests.support.oracle import half_up


class Outcome(NamedTuple):
    results: Array
    counters: Array
    visits: Array
    balances: Array


def run(
    kernel: Kernel, case: Case, *, cuts: tuple[int, ...] = (), strided: bool = False
) -> Outcome:
    """Settle the rows, in as many batches as the cuts make, into results that hold rubbish."""
    entries = np.frombuffer(bytearray(b"\x55" * ENTRY.itemsize * len(case.rows)), ENTRY)
    entries["row"] = case.rows
    rows = entries["row"] if strided else case.rows
    results = entries["result"] if strided else entries["result"].copy()
    counters = aligned_counters(len(case.counters))
    counters[:] = case.counters
    visits, balances = case.visits.copy(), case.balances.copy()
    edges = [0, *sorted(cuts), len(rows)]
    for first, last in pairwise(edges):
        part = slice(first, last)
        kernel.settle(rows[part], case.plans, counters, visits, results[part], balances)
    return Outcome(results.copy(), counters, visits, balances)


def assert_same(ours: Outcome, theirs: Outcome) -> None:
    for name in RESULT.names or ():
        np.testing.assert_array_equal(ours.results[name], theirs.results[name], err_msg=name)
    np.testing.assert_array_equal(ours.counters, theirs.counters)
    np.testing.assert_array_equal(ours.visits, theirs.visits)
    np.testing.assert_array_equal(ours.balances, theirs.balances)


@given(cases(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_fast_is_reference_in_every_field(case: Case, strided: bool) -> None:
    assert_same(run(REFERENCE, case), run(FAST, case, strided=strided))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_fast_is_reference_wholesale(seed: int) -> None:
    case = wholesale(seed, 300)
    assert_same(run(REFERENCE, case, strided=True), run(FAST, case, strided=True))


@given(cases())
@settings(max_examples=60, deadline=None)
def test_the_sums_hold(case: Case) -> None:
    for kernel in (REFERENCE, FAST):
        results = run(kernel, case).results
        check_identities(results)
        settled = (results["reason"] == 0) | (results["reason"] >= EXCLUSION_FIRST)
        sent = sum(case.rows[n] for n in ("in_scope", "pre_payment", "over_limit", "non_covered"))
        np.testing.assert_array_equal(results["total"], np.where(settled, sent, 0))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_counters_move_by_what_the_results_say(seed: int) -> None:
    case = wholesale(seed, 300)
    outcome = run(FAST, case)
    expected, visits = case.counters.copy(), case.visits.copy()
    rows, results = case.rows, outcome.results
    in_line = (rows["borne"] < 0) & (rows["deductible_at"] != NOWHERE)
    paid_in_line = (rows["paid"] < 0) & (rows["paid_at"] != NOWHERE)
    for place, moved, where in (
        (rows["deductible_at"], "deductible", in_line),
        (rows["paid_at"], "pooled_fund", paid_in_line),
        *((np.full(len(rows), at), moved, np.full(len(rows), True)) for at, _, moved in MOVED),
    ):
        np.add.at(expected, (rows["counters"][where], place[where]), results[moved][where])
    moved_by = {"borne": "deductible", "cost": "in_scope"}
    for name in KEYED_SLOTS:
        counted = rows[name] >= 0
        moved = moved_by.get(name, "pooled_fund")
        np.add.at(visits, rows[name][counted], results[moved][counted])
    np.testing.assert_array_equal(outcome.counters, expected)
    np.testing.assert_array_equal(outcome.visits, visits)
    with_account = rows["account"] >= 0
    balances = case.balances.copy()
    np.subtract.at(balances, rows["account"][with_account], results["account"][with_account])
    with_family = rows["family"] >= 0
    np.subtract.at(balances, rows["family"][with_family], results["family_account"][with_family])
    np.testing.assert_array_equal(outcome.balances, balances)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_caps_hold_and_refused_rows_hold_nothing(seed: int) -> None:
    case = wholesale(seed, 300)
    results = run(FAST, case).results
    for row, result in zip(case.rows, results, strict=True):
        if 0 < result["reason"] < EXCLUSION_FIRST:
            assert sum(result.item()) == result["reason"] + result["cite_excluded"]
            continue
        plan = case.plans.plans[row["plan"]]
        group = plan.by_status(row["level"], row["status"])
        paid, fund = int(result["paid_before"]), int(result["pooled_fund"])
        if plan.annual_cap_fen[group] != NO_CAP and not plan.annual_cap_on_cost:
            assert fund == 0 or paid + fund <= plan.annual_cap_fen[group]
        for name, cap in (
            ("visit", plan.visit_cap_fen[group]),
            ("day", plan.day_cap_fen[group]),
            ("month", plan.month_cap_fen[group]),
            ("disease", plan.disease_cap_fen),
        ):
            if cap != NO_CAP and row[name] >= 0:
                assert fund == 0 or result[f"{name}_paid_before"] + fund <= cap
            else:
                assert result[f"cut_{name}"] == result[f"cite_{name}_cap"] == 0
            assert row[name] >= 0 or result[f"{name}_paid_before"] == 0
        if plan.pooled_counts and plan.pooled_cap_fen != NO_CAP:
            assert fund == 0 or result["pooled_paid_before"] + fund <= plan.pooled_cap_fen
        large = result["large_amount_fund"]
        if plan.second_cap_fen != NO_CAP:
            assert large == 0 or result["large_amount_paid_before"] + large <= plan.second_cap_fen


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 200), max_size=5))
@settings(max_examples=25, deadline=None)
def test_splitting_the_batch_anywhere_changes_nothing(seed: int, cuts: list[int]) -> None:
    case = wholesale(seed, 200)
    assert_same(run(FAST, case), run(FAST, case, cuts=tuple(cuts)))
    small = case._replace(rows=case.rows[:20])
    cut = tuple(cut // 10 for cut in cuts)
    assert_same(run(REFERENCE, small), run(REFERENCE, small, cuts=cut))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_shuffling_members_changes_nothing_where_their_own_order_is_kept(seed: int) -> None:
    case = wholesale(seed, 200)
    # A visit and an account belong to one member, as they do in a ledger, and nobody else pays.
    case.rows["relation"] = 0
    case.rows["counters"] %= 20
    for name in ("visit", "account"):
        case.rows[name] = np.where(case.rows[name] >= 0, case.rows["counters"], -1)
    for name, first in MEMBER_SLOTS.items():
        case.rows[name] = np.where(case.rows[name] >= 0, first + case.rows["counters"], -1)
    random = np.random.default_rng(seed)
    member = case.rows["counters"]
    shuffled = np.empty(len(member), np.int64)
    places = random.permutation(member)
    for number in range(20):
        shuffled[places == number] = np.flatnonzero(member == number)
    for kernel in (REFERENCE, FAST):
        straight = run(kernel, case)
        mixed = run(kernel, case._replace(rows=case.rows[shuffled]))
        assert_same(straight._replace(results=straight.results[shuffled]), mixed)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_the_same_input_gives_the_same_bytes(seed: int) -> None:
    case = wholesale(seed, 100)
    first, second = run(FAST, case), run(FAST, case, strided=True)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


def up_to(plan: RulePlan, rate_at: int, fen: int) -> int:
    """Return what the fund pays, in fen times `BP`, of the year's cost up to an amount."""
    paid, low, rate = 0, 0, plan.rate_bp[rate_at]
    for bracket in plan.brackets:
        paid += (min(max(fen, low), bracket.above_fen) - low) * rate
        low, rate = bracket.above_fen, bracket.rate_bp[rate_at]
    return paid + max(0, fen - low) * rate


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_shares_are_what_the_formulas_say(seed: int) -> None:
    """By brackets: the difference of two sums; of a package: the formulas of CASES.md."""
    case = wholesale(seed, 300)
    line = case.counters.copy()
    for row, result in zip(case.rows, run(FAST, case).results, strict=True):
        if 0 < result["reason"] < EXCLUSION_FIRST:
            continue
        paid_of_cost = int(line[row["counters"], [ORDINARY_PAID, CHRONIC_PAID]].sum())
        if row["paid"] < 0 and row["paid_at"] != NOWHERE:
            line[row["counters"], row["paid_at"]] += result["pooled_fund"]
        plan, of = (
            case.plans.plans[row["plan"]],
            dict(zip(RESULT.names or (), result.item(), strict=True)),
        )
        level = row["rate_level"] - 1 if row["rate_level"] else row["level"]
        rate_at = plan.at(int(level), int(row["status"]), int(row["place"]))
        cut = sum(of[name] for name in CUTS)
        by_rate = of["pooled_fund"] + cut
        if of["cite_standard_price"]:
            rate, price = Fraction(plan.rate_bp[rate_at], BP), plan.standard_price_fen
            bill = of["total"] - of["excluded"]
            bounded = min(bill, price)
            assert by_rate == half_up(price * rate)
            assert of["copay"] == bounded - half_up(bounded * rate)
            patient = max(of["copay"], bounded - of["pooled_fund"])
            assert of["person"] == of["excluded"] + patient
            assert of["institution_share"] == bill - of["pooled_fund"] - patient
            continue
        assert of["institution_share"] == 0
        cost = max(of["cost_before"], of["deductible_before"] + paid_of_cost)
        last = cost + of["in_scope"]
        first = last - (of["in_scope"] - of["deductible"])
        paid = up_to(plan, rate_at, last) - up_to(plan, rate_at, first)
        assert by_rate == half_up(Fraction(paid, BP))
        whole = of["reason"] != Reason.NONE and of["excluded"] == row["in_scope"]
        packaged = plan.standard_price_fen != NO_CAP
        assert not packaged or whole or of["total"] == of["excluded"]
