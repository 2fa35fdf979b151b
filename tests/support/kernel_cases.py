"""Plans and claims that no city ever had, for both kernels: drawn, and wholesale from a seed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from hypothesis import strategies as st

from engine.domain.account import Relation
from engine.domain.codes import Fact
from engine.domain.layout import (
    CHRONIC_PAID,
    DEDUCTIBLE,
    FLAGS,
    NOWHERE,
    ORDINARY_PAID,
    ROW,
    SPECIAL_DEDUCTIBLE,
    Array,
)
from engine.domain.money import AMOUNT_MAX_FEN, BP
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.kernel import PlanTable
from engine.rules.plan import (
    ALL_LEVELS,
    BAR_ALL,
    BRACKETS_MAX,
    DEDUCTIBLE_BENEFIT,
    DEDUCTIBLE_NONE,
    HALF_UP,
    LEVELS,
    NO_CAP,
    PLACES,
    RELATIONS,
    STATUSES,
    Bracket,
    Citation,
    Exclusion,
    RulePlan,
)

GROUPS: Final = LEVELS * STATUSES
CITATIONS: Final = 60
MEMBERS, ACCOUNTS = 4, 3
VISITS: Final = MEMBERS + 6
"""A visit of each member, then one slot for each of `MEMBER_SLOTS`."""
DEDUCTIBLES: Final = (DEDUCTIBLE, SPECIAL_DEDUCTIBLE, NOWHERE)
PAYMENTS: Final = (ORDINARY_PAID, CHRONIC_PAID, NOWHERE)
MEMBER_SLOTS: Final = {
    "borne": 30,
    "cost": 80,
    "disease": 130,
    "month": 180,
    "day": 230,
    "paid": 280,
}
"""Wholesale: the first slot of each kind; below are visits, above stand 50 members."""
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
brackets = st.lists(
    st.builds(
        Bracket,
        st.integers(1, AMOUNT_MAX_FEN) | st.integers(1, 50_000) | st.integers(1, 30),
        tables(rates, GROUPS * PLACES),
        tables(cites, GROUPS * PLACES),
    ),
    max_size=BRACKETS_MAX,
    unique_by=lambda bracket: bracket.above_fen,
).map(lambda found: tuple(sorted(found, key=lambda bracket: bracket.above_fen)))
any_plans = st.builds(
    RulePlan,
    city=st.just("000000"),
    name=st.just(""),
    first_day=st.just(2025_01_01),
    last_day=st.just(2025_12_31),
    deductible_kind=st.integers(DEDUCTIBLE_NONE, DEDUCTIBLE_BENEFIT),
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
    family_medical=st.integers(0, 2 ** (RELATIONS + 1) - 1),
    family_medical_cite=cites,
    family_goods=st.integers(0, 2 ** (RELATIONS + 1) - 1),
    family_goods_cite=cites,
    brackets=st.just(()) | brackets,
    day_cap_fen=tables(caps, GROUPS),
    day_cap_cite=tables(cites, GROUPS),
    month_cap_fen=tables(caps, GROUPS),
    month_cap_cite=tables(cites, GROUPS),
    disease_cap_fen=caps,
    disease_cap_cite=cites,
)


def without_band(plan: RulePlan) -> RulePlan:
    """Return a plan without the band of the year's cost where it has brackets of it."""
    return replace(plan, annual_cap_on_cost=0) if plan.brackets else plan


plain_plans = any_plans.map(without_band)


def packaged(plan: RulePlan, price_fen: int, cite: int) -> RulePlan:
    """Return a plan as one that pays by a standard price, without what cannot be beside it."""
    return replace(
        plan,
        deductible_kind=DEDUCTIBLE_NONE,
        burden_counts=0,
        account_limited=0,
        annual_cap_on_cost=0,
        brackets=(),
        standard_price_fen=price_fen,
        standard_price_cite=cite,
    )


packages = st.builds(packaged, plain_plans, amounts, st.integers(1, CITATIONS - 1))
plans = plain_plans | packages
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
        draw(st.sampled_from([-1, MEMBERS])),
        -1,
        *(draw(st.sampled_from([-1, MEMBERS + n])) for n in range(1, 5)),
        draw(st.sampled_from(DEDUCTIBLES)),
        draw(st.sampled_from(PAYMENTS)),
        draw(st.sampled_from([0, 0, *map(int, Relation)])),
        draw(st.sampled_from([0, 0, int(Reason.NOT_REGISTERED)])),
        draw(st.sampled_from([-1, MEMBERS + 5])),
        draw(st.integers(-1, ACCOUNTS - 1)),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    table = draw(plan_tables)
    rows = draw(st.lists(claims(len(table)), max_size=12))
    counters = np.zeros((MEMBERS, 8), np.int64)
    for member in range(MEMBERS):
        for counter in range(FLAGS):
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
            deductible_kind=int(random.integers(DEDUCTIBLE_BENEFIT + 1)),
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
            family_medical=int(random.integers(2 ** (RELATIONS + 1))),
            family_medical_cite=some(1, 0, top)[0],
            family_goods=int(random.integers(2 ** (RELATIONS + 1))),
            family_goods_cite=some(1, 0, top)[0],
            brackets=above() if random.integers(2) else (),
            day_cap_fen=some(GROUPS, NO_CAP, AMOUNT_MAX_FEN),
            day_cap_cite=some(GROUPS, 0, top),
            month_cap_fen=some(GROUPS, NO_CAP, AMOUNT_MAX_FEN),
            month_cap_cite=some(GROUPS, 0, top),
            disease_cap_fen=some(1, NO_CAP, AMOUNT_MAX_FEN)[0],
            disease_cap_cite=some(1, 0, top)[0],
        )

    def above() -> tuple[Bracket, ...]:
        lows = sorted(set(some(BRACKETS_MAX, 1, AMOUNT_MAX_FEN)))
        size = GROUPS * PLACES
        return tuple(Bracket(low, some(size, 0, BP), some(size, 0, CITATIONS - 1)) for low in lows)

    table = PlanTable(without_band(plan()) for _ in range(5))
    for _ in range(2):
        price = some(1, 0, AMOUNT_MAX_FEN)[0]
        table.append(packaged(plan(), price, int(random.integers(1, CITATIONS))))
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
    rows["borne"] = np.where(rows["counters"] % 3, -1, MEMBER_SLOTS["borne"] + rows["counters"])
    rows["cost"] = np.where(rows["counters"] % 2, -1, MEMBER_SLOTS["cost"] + rows["counters"])
    for name in ("disease", "month", "day", "paid"):
        counted = random.random(count) < 0.4
        rows[name] = np.where(counted, MEMBER_SLOTS[name] + rows["counters"], -1)
    rows["deductible_at"] = random.choice(DEDUCTIBLES, count)
    rows["paid_at"] = random.choice(PAYMENTS, count)
    rows["rate_level"] = random.integers(LEVELS + 1, size=count)
    rows["account"], rows["family"] = random.integers(-1, 20, (2, count))
    rows["relation"] = random.integers(RELATIONS + 1, size=count) * (random.random(count) < 0.4)
    rows["payer_reason"][random.random(count) < 0.1] = Reason.NO_ACCOUNT
    for fact in (*FACTS, Fact.USE_ACCOUNT):
        rows["facts"] |= np.where(random.random(count) < 0.4, np.uint32(fact), np.uint32(0))
    counters = random.integers(0, 50_000, (50, 8)) * (random.random((50, 8)) < 0.5)
    visits, balances = random.integers(0, 50_000, 330), random.integers(0, 10**9, 20)
    return Case(table, rows, counters, visits, balances)
