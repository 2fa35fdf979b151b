"""The compiled kernel against the reference, on plans and claims that no city ever had."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.codes import Fact
from engine.domain.layout import (
    COMPLIANT_BURDEN,
    DEDUCTIBLE,
    ENTRY,
    FLAGS,
    LARGE_AMOUNT_PAID,
    MOVED,
    ORDINARY_PAID,
    POOLED_PAID,
    RESULT,
    ROW,
    Array,
    aligned_counters,
)
from engine.domain.money import AMOUNT_MAX_FEN, BP
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.kernel import FAST, REFERENCE, Kernel, PlanTable, check_identities
from engine.rules.plan import (
    ALL_LEVELS,
    BAR_ALL,
    HALF_UP,
    LEVELS,
    NO_CAP,
    PLACES,
    STATUSES,
    Citation,
    Exclusion,
    RulePlan,
)

GROUPS = LEVELS * STATUSES
CITATIONS = 60
MEMBERS, VISITS, ACCOUNTS = 4, 6, 3
# Few bits, so that lines apply often, and the account's among them.
FACTS = [Fact.ORDINARY, Fact.SELECTED, Fact.LIABLE, Fact.IN_ARREARS, Fact.PHARMACY]

Draw = Callable[[st.SearchStrategy[int]], int]


class Case(NamedTuple):
    """Plans, rows, and the state before them."""

    plans: PlanTable
    rows: Array
    counters: Array
    visits: Array
    balances: Array


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
        kernel.settle(rows[part], case.plans, counters, visits, results[part])
        kernel.pay_accounts(rows[part], results[part], balances)
    return Outcome(results.copy(), counters, visits, balances)


def assert_same(ours: Outcome, theirs: Outcome) -> None:
    for name in RESULT.names or ():
        np.testing.assert_array_equal(ours.results[name], theirs.results[name], err_msg=name)
    np.testing.assert_array_equal(ours.counters, theirs.counters)
    np.testing.assert_array_equal(ours.visits, theirs.visits)
    np.testing.assert_array_equal(ours.balances, theirs.balances)


amounts = st.one_of(
    st.integers(0, 30),
    st.integers(0, 200_000),
    st.sampled_from([AMOUNT_MAX_FEN - 1, AMOUNT_MAX_FEN]),
)
caps = st.one_of(st.just(NO_CAP), amounts)
rates = st.one_of(st.sampled_from([0, 1, 4_999, 5_000, 5_001, 9_999, BP]), st.integers(0, BP))
cites = st.integers(0, CITATIONS - 1)
reasons = st.sampled_from([reason for reason in Reason if reason])
bits = st.lists(st.sampled_from(FACTS), max_size=3).map(lambda some: int(sum(set(some))))


def tables(values: st.SearchStrategy[int], length: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(values, min_size=length, max_size=length).map(tuple)


exclusions = st.builds(
    Exclusion,
    reason=reasons,
    require=bits,
    forbid=bits,
    citation=cites,
    liable_only=st.booleans(),
    account_bar=st.integers(0, BAR_ALL),
)
plans = st.builds(
    RulePlan,
    city=st.just("000000"),
    name=st.just(""),
    first_day=st.just(2025_01_01),
    last_day=st.just(2025_12_31),
    deductible_kind=st.integers(0, 4),
    deductible_fen=tables(amounts, GROUPS),
    deductible_cite=tables(cites, GROUPS),
    rate_bp=tables(rates, GROUPS * PLACES),
    rate_cite=tables(cites, GROUPS * PLACES),
    first_pay_bp=tables(rates, PLACES),
    first_pay_cite=tables(cites, PLACES),
    visit_cap_fen=tables(caps, GROUPS),
    visit_cap_cite=tables(cites, GROUPS),
    annual_cap_fen=tables(caps, GROUPS),
    annual_cap_cite=tables(cites, GROUPS),
    rounding=st.just(HALF_UP),
    rounding_cite=st.just(0),
    exclusions=st.lists(exclusions, max_size=4).map(tuple),
    citations=st.just((Citation(()),) * CITATIONS),
    pooled_counts=st.integers(0, 1),
    pooled_cap_fen=caps,
    pooled_cap_cite=cites,
    burden_counts=st.integers(0, 1),
    second_threshold_fen=amounts,
    second_rate_bp=rates,
    second_cap_fen=caps,
    second_cite=cites,
    second_copay_only=st.integers(0, 1),
    annual_cap_on_cost=st.integers(0, 1),
    first_pay_last=st.integers(0, 1),
    account_limited=st.integers(0, 1),
    account_cite=cites,
)
plan_tables = st.lists(plans, min_size=1, max_size=2).map(PlanTable)


@st.composite
def claims(draw: Draw, plan_count: int) -> tuple[int, ...]:
    """Draw one row; a visit and an account belong to one member here."""
    member = draw(st.integers(0, MEMBERS - 1))
    facts = draw(bits) | draw(st.sampled_from([0, int(Fact.USE_ACCOUNT), 2**31]))
    return (
        *(draw(amounts) for _ in range(4)),
        draw(st.one_of(st.just(-1), amounts)),
        member,
        draw(st.sampled_from([-1, member])),
        draw(st.sampled_from([-1, member % ACCOUNTS])),
        draw(st.integers(0, plan_count - 1)),
        facts,
        2025,
        draw(st.integers(0, STATUSES - 1)),
        draw(st.integers(0, LEVELS - 1)),
        draw(st.integers(0, PLACES - 1)),
        1,
        draw(st.integers(0, LEVELS)),
        0,
        draw(st.sampled_from([-1, VISITS - 1])),
        -1,
        draw(st.sampled_from([-1, VISITS - 2])),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    table = draw(plan_tables)
    rows = draw(st.lists(claims(len(table)), max_size=12))
    counters = np.zeros((MEMBERS, 8), np.int64)
    for member in range(MEMBERS):
        counters[member, DEDUCTIBLE] = draw(amounts)
        counters[member, ORDINARY_PAID] = draw(amounts)
        for counter in (POOLED_PAID, COMPLIANT_BURDEN, LARGE_AMOUNT_PAID):
            counters[member, counter] = draw(amounts)
        counters[member, FLAGS] = draw(st.integers(0, 1))
    visits = draw(tables(amounts, VISITS))
    balances = draw(tables(amounts, ACCOUNTS))
    return Case(
        table,
        np.array(rows, ROW),
        counters,
        np.array(visits, np.int64),
        np.array(balances, np.int64),
    )


def wholesale(seed: int, count: int) -> Case:
    """Return many rows at once from a seed: breadth, where the drawn cases are for shrinking."""
    random = np.random.default_rng(seed)

    def some(length: int, low: int, high: int) -> tuple[int, ...]:
        scale = random.choice([5, 1_000, 100_000, high])
        return tuple(int(value) for value in random.integers(low, min(scale, high) + 1, length))

    def line() -> Exclusion:
        require, forbid = (
            int(sum(random.choice(FACTS, random.integers(3), replace=False))) for _ in range(2)
        )
        reason = random.choice([int(reason) for reason in Reason if reason >= EXCLUSION_FIRST - 25])
        only, bar = bool(random.integers(2)), int(random.integers(3))
        levels = int(random.integers(1, ALL_LEVELS + 1))
        return Exclusion(
            int(reason), require, forbid, int(random.integers(CITATIONS)), only, bar, "", levels
        )

    def plan() -> RulePlan:
        top = CITATIONS - 1
        return RulePlan(
            city="000000",
            name="",
            first_day=2025_01_01,
            last_day=2025_12_31,
            deductible_kind=int(random.integers(5)),
            deductible_fen=some(GROUPS, 0, AMOUNT_MAX_FEN),
            deductible_cite=some(GROUPS, 0, top),
            rate_bp=some(GROUPS * PLACES, 0, BP),
            rate_cite=some(GROUPS * PLACES, 0, top),
            first_pay_bp=some(PLACES, 0, BP),
            first_pay_cite=some(PLACES, 0, top),
            visit_cap_fen=some(GROUPS, NO_CAP, AMOUNT_MAX_FEN),
            visit_cap_cite=some(GROUPS, 0, top),
            annual_cap_fen=some(GROUPS, NO_CAP, AMOUNT_MAX_FEN),
            annual_cap_cite=some(GROUPS, 0, top),
            rounding=HALF_UP,
            rounding_cite=0,
            exclusions=tuple(line() for _ in range(random.integers(5))),
            citations=(Citation(()),) * CITATIONS,
            pooled_counts=int(random.integers(2)),
            pooled_cap_fen=some(1, NO_CAP, AMOUNT_MAX_FEN)[0],
            pooled_cap_cite=some(1, 0, top)[0],
            burden_counts=int(random.integers(2)),
            second_threshold_fen=some(1, 0, AMOUNT_MAX_FEN)[0],
            second_rate_bp=some(1, 0, BP)[0],
            second_cap_fen=some(1, NO_CAP, AMOUNT_MAX_FEN)[0],
            second_cite=some(1, 0, top)[0],
            second_copay_only=int(random.integers(2)),
            annual_cap_on_cost=int(random.integers(2)),
            first_pay_last=int(random.integers(2)),
            account_limited=int(random.integers(2)),
            account_cite=some(1, 0, top)[0],
        )

    table = PlanTable(plan() for _ in range(5))
    rows = np.zeros(count, ROW)
    for name in ("in_scope", "pre_payment", "over_limit", "non_covered", "liable"):
        scale = random.choice([30, 20_000, 1_000_000, AMOUNT_MAX_FEN], count)
        rows[name] = random.integers(0, scale + 1)
    rows["liable"][random.random(count) < 0.5] = -1
    limits = {"counters": 50, "plan": len(table), "status": STATUSES, "level": LEVELS}
    for name, limit in {**limits, "place": PLACES}.items():
        rows[name] = random.integers(limit, size=count)
    rows["visit"] = random.integers(-1, 30, count)
    # As in a ledger, where a member-year's deductible is at institutions all year, or never.
    rows["borne"] = np.where(rows["counters"] % 3, -1, 30 + rows["counters"])
    rows["cost"] = np.where(rows["counters"] % 2, -1, 80 + rows["counters"])
    rows["rate_level"] = random.integers(LEVELS + 1, size=count)
    rows["account"] = random.integers(-1, 20, count)
    for fact in (*FACTS, Fact.USE_ACCOUNT):
        rows["facts"] |= np.where(random.random(count) < 0.4, np.uint32(fact), np.uint32(0))
    counters = random.integers(0, 50_000, (50, 8)) * (random.random((50, 8)) < 0.5)
    visits, balances = random.integers(0, 50_000, 130), random.integers(0, 10**9, 20)
    return Case(table, rows, counters, visits, balances)


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
    in_year, at = rows["borne"] < 0, rows["counters"]
    np.add.at(expected[:, DEDUCTIBLE], at[in_year], results["deductible"][in_year])
    np.add.at(visits, rows["borne"][~in_year], results["deductible"][~in_year])
    for position, _, moved in MOVED:
        np.add.at(expected[:, position], at, results[moved])
    in_visit = rows["visit"] >= 0
    np.add.at(visits, rows["visit"][in_visit], results["pooled_fund"][in_visit])
    counted = rows["cost"] >= 0
    np.add.at(visits, rows["cost"][counted], results["in_scope"][counted])
    np.testing.assert_array_equal(outcome.counters, expected)
    np.testing.assert_array_equal(outcome.visits, visits)
    with_account = rows["account"] >= 0
    balances = case.balances.copy()
    np.subtract.at(balances, rows["account"][with_account], results["account"][with_account])
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
        if plan.visit_cap_fen[group] != NO_CAP and row["visit"] >= 0:
            paid = int(result["visit_paid_before"])
            assert fund == 0 or paid + fund <= plan.visit_cap_fen[group]
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
    # A visit and an account belong to one member, as they do in a ledger.
    case.rows["counters"] %= 20
    for name in ("visit", "account"):
        case.rows[name] = np.where(case.rows[name] >= 0, case.rows["counters"], -1)
    for name, first in (("borne", 30), ("cost", 80)):
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
