"""Both kernels, on rows worked by hand; amounts in fen."""

from dataclasses import replace

import numpy as np
import pytest

from engine.domain.codes import Fact
from engine.domain.layout import (
    DEDUCTIBLE,
    DEDUCTIBLE_MET,
    ENTRY,
    FLAGS,
    ORDINARY_PAID,
    RESULT,
    ROW,
    Array,
    aligned_counters,
)
from engine.domain.money import AMOUNT_MAX_FEN
from engine.domain.reasons import Reason
from engine.errors import InvariantBroken
from engine.kernel import (
    FAST,
    REFERENCE,
    Kernel,
    PlanTable,
    check_agreement,
    check_identities,
    kernel_by_name,
)
from engine.rules import words
from engine.rules.plan import (
    BAR_ALL,
    BAR_EXCLUDED,
    BAR_NONE,
    DEDUCTIBLE_NONE,
    DEDUCTIBLE_SHARED,
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
PLAN = RulePlan(
    city="000000",
    name="",
    first_day=2025_01_01,
    last_day=2025_12_31,
    deductible_kind=DEDUCTIBLE_NONE,
    deductible_fen=(0,) * GROUPS,
    deductible_cite=(1,) * GROUPS,
    rate_bp=(5_000,) * GROUPS * PLACES,
    rate_cite=(2,) * GROUPS * PLACES,
    first_pay_bp=(0, 0, 1_000, 1_000),
    first_pay_cite=(0, 0, 3, 3),
    visit_cap_fen=(NO_CAP,) * GROUPS,
    visit_cap_cite=(4,) * GROUPS,
    annual_cap_fen=(NO_CAP,) * GROUPS,
    annual_cap_cite=(5,) * GROUPS,
    rounding=HALF_UP,
    rounding_cite=0,
    exclusions=(),
    citations=(Citation(()),) * 20,
)
LIABLE = Exclusion(Reason.LIABLE_ELSEWHERE, Fact.LIABLE, 0, 8, True, BAR_EXCLUDED)
ARREARS = Exclusion(Reason.ARREARS, Fact.IN_ARREARS, 0, 9)
NOT_DESIGNATED = Exclusion(Reason.NOT_DESIGNATED, Fact.NOT_DESIGNATED, 0, 10, account_bar=BAR_ALL)
NOT_FILED = Exclusion(Reason.NOT_FILED, Fact.OUTSIDE_CITY, Fact.FILED, 11)
NOT_OFFERED = Exclusion(Reason.BENEFIT_NOT_OFFERED, Fact.NOT_OFFERED, 0, 12)


@pytest.fixture(params=[REFERENCE, FAST], ids=lambda kernel: kernel.name)
def kernel(request: pytest.FixtureRequest) -> Kernel:
    chosen: Kernel = request.param
    return chosen


class World:
    """Two member-years, two visits and two accounts, settled by one kernel."""

    def __init__(self, kernel: Kernel, plan: RulePlan) -> None:
        self.kernel = kernel
        self.plans = PlanTable([plan])
        self.counters = aligned_counters(2)
        self.visits = np.zeros(2, np.int64)
        self.balances = np.zeros(2, np.int64)

    def settle(self, *claims: dict[str, int]) -> Array:
        """Settle claims given by their fields; what is not given is 0 or none."""
        rows = np.zeros(len(claims), ROW)
        for name in ("liable", "visit", "account", "borne", "borne_at"):
            rows[name] = -1
        for row, claim in zip(rows, claims, strict=True):
            for name, value in claim.items():
                row[name] = value
        # Not zeroed: the kernel has to overwrite every field.
        results = np.frombuffer(bytearray(b"\x55" * RESULT.itemsize * len(rows)), RESULT)
        self.kernel.settle(rows, self.plans, self.counters, self.visits, results)
        check_identities(results)
        self.kernel.pay_accounts(rows, results, self.balances)
        check_identities(results)
        return results

    def settle_one(self, **claim: int) -> dict[str, int]:
        return as_dict(self.settle(claim)[0])


def as_dict(result: np.void) -> dict[str, int]:
    """Return the fields that are not 0."""
    names = RESULT.names or ()
    return {name: value for name, value in zip(names, result.item(), strict=True) if value}


def tiers(*by_level: int) -> tuple[int, ...]:
    return tuple(value for value in by_level for _ in range(STATUSES))


def test_a_plain_claim_is_split_by_the_rate(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    found = world.settle_one(in_scope=10_000, pre_payment=300, over_limit=20, non_covered=1)
    assert found == {
        "total": 10_321,
        "non_covered": 1,
        "over_limit": 20,
        "pre_payment": 300,
        "in_scope": 10_000,
        "copay": 5_000,
        "pooled_fund": 5_000,
        "person": 5_321,
        "cash": 5_321,
        "account_allowed": 5_321,
        "cite_deductible": 1,
        "cite_rate": 2,
    }
    assert world.counters[0, ORDINARY_PAID] == 5_000


@pytest.mark.parametrize(
    ("in_scope", "rate_bp", "fund", "copay"),
    [
        (1, 5_000, 1, 0),
        (3, 5_000, 2, 1),
        (10_001, 5_000, 5_001, 5_000),
        (333, 5_500, 183, 150),
        (10, 4_500, 5, 5),
        (10, 5_500, 6, 4),
        (1, 4_999, 0, 1),
        (9_999, 10_000, 9_999, 0),
        (9_999, 0, 0, 9_999),
        (AMOUNT_MAX_FEN, 3_333, 333_300_000_000, 666_700_000_000),
    ],
)
def test_a_tie_goes_to_the_fund(
    kernel: Kernel, in_scope: int, rate_bp: int, fund: int, copay: int
) -> None:
    world = World(kernel, replace(PLAN, rate_bp=(rate_bp,) * GROUPS * PLACES))
    result = world.settle({"in_scope": in_scope})[0]
    assert (result["pooled_fund"], result["copay"]) == (fund, copay)


def test_visit_cap_then_annual_cap_each_report_their_cut(kernel: Kernel) -> None:
    # The published case KH08: 400.00 at 55 %, 150.00 a visit, 1975.31 a year, 1900.00 paid.
    plan = replace(
        PLAN,
        rate_bp=(5_500,) * GROUPS * PLACES,
        visit_cap_fen=(15_000,) * GROUPS,
        annual_cap_fen=(197_531,) * GROUPS,
    )
    world = World(kernel, plan)
    world.counters[0, ORDINARY_PAID] = 190_000
    found = world.settle_one(in_scope=40_000, level=2, visit=1)
    assert found == {
        "total": 40_000,
        "in_scope": 40_000,
        "copay": 18_000,
        "cut_visit": 7_000,
        "cut_annual": 7_469,
        "pooled_fund": 7_531,
        "person": 32_469,
        "cash": 32_469,
        "account_allowed": 32_469,
        "ordinary_paid_before": 190_000,
        "cite_deductible": 1,
        "cite_rate": 2,
        "cite_visit_cap": 4,
        "cite_annual_cap": 5,
    }
    assert world.visits.tolist() == [0, 7_531]
    assert world.counters[0, ORDINARY_PAID] == 197_531


def test_claims_of_one_visit_share_its_cap(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, visit_cap_fen=(6_000,) * GROUPS))
    results = world.settle(*[{"in_scope": 8_000, "visit": 0}] * 3, {"in_scope": 8_000})
    assert results["pooled_fund"].tolist() == [4_000, 2_000, 0, 4_000]
    assert results["visit_paid_before"].tolist() == [0, 4_000, 6_000, 0]
    assert results["cut_visit"].tolist() == [0, 2_000, 4_000, 0]
    assert results["cite_visit_cap"].tolist() == [4, 4, 4, 0]
    assert world.visits.tolist() == [6_000, 0]


def test_annual_cap_crossed_inside_a_claim_and_overdrawn_from_before(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, annual_cap_fen=(7_000,) * GROUPS))
    world.counters[1, ORDINARY_PAID] = 9_000
    results = world.settle(*[{"in_scope": 10_000}] * 3, {"in_scope": 10_000, "counters": 1})
    assert results["pooled_fund"].tolist() == [5_000, 2_000, 0, 0]
    assert results["cut_annual"].tolist() == [0, 3_000, 5_000, 5_000]
    assert world.counters[:, ORDINARY_PAID].tolist() == [7_000, 9_000]


def test_deductible_tops_up_to_the_level_of_the_visit(kernel: Kernel) -> None:
    plan = replace(
        PLAN,
        deductible_kind=DEDUCTIBLE_SHARED,
        deductible_fen=tiers(20_000, 40_000, 70_000, 70_000),
    )
    world = World(kernel, plan)
    results = world.settle(
        {"in_scope": 15_000, "level": 0},
        {"in_scope": 30_000, "level": 1},
        {"in_scope": 10_000, "level": 0},
        {"in_scope": 90_000, "level": 2},
    )
    assert results["deductible"].tolist() == [15_000, 25_000, 0, 30_000]
    assert results["deductible_before"].tolist() == [0, 15_000, 40_000, 40_000]
    assert results["pooled_fund"].tolist() == [0, 2_500, 5_000, 30_000]
    assert world.counters[0, DEDUCTIBLE] == 70_000


@pytest.mark.parametrize(
    ("kind", "flags"), [(DEDUCTIBLE_SHARED, DEDUCTIBLE_MET), (DEDUCTIBLE_NONE, 0)]
)
def test_no_deductible_where_it_was_met_or_there_is_none(
    kernel: Kernel, kind: int, flags: int
) -> None:
    plan = replace(PLAN, deductible_kind=kind, deductible_fen=(50_000,) * GROUPS)
    world = World(kernel, plan)
    world.counters[0, FLAGS] = flags
    assert world.settle_one(in_scope=10_000)["pooled_fund"] == 5_000
    assert world.counters[0].tolist() == [0, 5_000, 0, 0, 0, 0, 0, flags]


def test_out_of_area_share_comes_first(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    found = world.settle_one(in_scope=10_005, pre_payment=100, place=2)
    # 10 % of 100.05 is 10.005: a tie, up to 10.01.
    assert found["first_pay"] == 1_001
    assert found["pre_payment"] == 1_101
    assert found["in_scope"] == 9_004
    assert found["pooled_fund"] == 4_502
    assert found["cite_first_pay"] == 3
    assert "cite_first_pay" not in world.settle_one(in_scope=10_005, place=1)
    assert "cite_first_pay" not in world.settle_one(in_scope=0, place=2)


def test_level_status_and_place_choose_the_rate(kernel: Kernel) -> None:
    rates = range(100, 100 + GROUPS * PLACES)
    world = World(kernel, replace(PLAN, rate_bp=tuple(rates), first_pay_bp=(0,) * PLACES))
    claims = [
        {"in_scope": 10_000, "level": level, "status": status, "place": place}
        for level in range(LEVELS)
        for status in range(STATUSES)
        for place in range(PLACES)
    ]
    assert world.settle(*claims)["pooled_fund"].tolist() == list(rates)


def test_refused_rows_leave_everything_untouched(kernel: Kernel) -> None:
    # An exclusion that stands before a refusal does not keep it from refusing.
    plan = replace(PLAN, exclusions=(ARREARS, NOT_OFFERED))
    world = World(kernel, plan)
    world.balances[:] = 900
    facts = Fact.IN_ARREARS | Fact.NOT_OFFERED | Fact.USE_ACCOUNT
    found = world.settle_one(in_scope=10_000, pre_payment=5, facts=facts, visit=0, account=0)
    assert found == {"reason": Reason.BENEFIT_NOT_OFFERED, "cite_excluded": 12}
    assert not world.counters.any()
    assert not world.visits.any()
    assert world.balances.tolist() == [900, 900]


def test_an_excluded_claim_feeds_no_counter(kernel: Kernel) -> None:
    plan = replace(
        PLAN,
        exclusions=(ARREARS, NOT_FILED),
        deductible_kind=DEDUCTIBLE_SHARED,
        deductible_fen=(5_000,) * GROUPS,
    )
    world = World(kernel, plan)
    facts = Fact.IN_ARREARS | Fact.OUTSIDE_CITY
    found = world.settle_one(in_scope=10_000, pre_payment=500, facts=facts, place=2)
    assert found == {
        "total": 10_500,
        "pre_payment": 500,
        "excluded": 10_000,
        "person": 10_500,
        "cash": 10_500,
        "account_allowed": 10_500,
        "cite_excluded": 9,
        "reason": Reason.ARREARS,
    }
    assert not world.counters.any()


def test_a_forbidden_fact_keeps_a_line_from_applying(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(NOT_FILED,)))
    filed = Fact.OUTSIDE_CITY | Fact.FILED
    results = world.settle(
        *({"in_scope": 100, "facts": facts} for facts in (0, Fact.OUTSIDE_CITY, filed))
    )
    assert results["reason"].tolist() == [0, Reason.NOT_FILED, 0]


def test_a_line_without_conditions_always_applies(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(replace(ARREARS, require=0),)))
    assert world.settle_one(in_scope=100, facts=0)["excluded"] == 100


@pytest.mark.parametrize(
    ("liable", "excluded", "fund"),
    [
        (4_000, 4_000, 3_000),
        (0, 0, 5_000),
        (10_000, 10_000, 0),
        (20_000, 10_000, 0),
        (-1, 10_000, 0),
    ],
)
def test_liable_part_is_excluded_and_barred_from_the_account(
    kernel: Kernel, liable: int, excluded: int, fund: int
) -> None:
    world = World(kernel, replace(PLAN, exclusions=(LIABLE, NOT_FILED)))
    result = world.settle({"in_scope": 10_000, "liable": liable, "facts": Fact.LIABLE})[0]
    assert result["reason"] == Reason.LIABLE_ELSEWHERE
    assert (result["excluded"], result["pooled_fund"]) == (excluded, fund)
    assert result["account_allowed"] == result["person"] - excluded


def test_what_liability_leaves_falls_to_the_next_exclusion(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(LIABLE, NOT_FILED)))
    facts = Fact.LIABLE | Fact.OUTSIDE_CITY
    part, whole = world.settle(
        {"in_scope": 10_000, "liable": 4_000, "facts": facts},
        {"in_scope": 10_000, "facts": facts},
    )
    assert (part["excluded"], part["cite_excluded"], part["cite_excluded_rest"]) == (10_000, 8, 11)
    assert (part["reason"], part["account_allowed"]) == (Reason.LIABLE_ELSEWHERE, 6_000)
    assert (whole["cite_excluded"], whole["cite_excluded_rest"]) == (8, 0)


def test_every_line_that_applies_bars_the_account(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(ARREARS, LIABLE, NOT_DESIGNATED)))
    both = Fact.IN_ARREARS | Fact.LIABLE
    part, none = world.settle(
        {"in_scope": 10_000, "liable": 4_000, "facts": both},
        {"in_scope": 10_000, "liable": 4_000, "facts": both | Fact.NOT_DESIGNATED},
    )
    assert (part["reason"], part["account_allowed"]) == (Reason.ARREARS, 6_000)
    assert (none["reason"], none["account_allowed"]) == (Reason.ARREARS, 0)


def test_the_first_refusal_gives_the_reason(kernel: Kernel) -> None:
    spans = Exclusion(Reason.SPANS_BOUNDARY, Fact.SPANS_BOUNDARY, 0, 13)
    world = World(kernel, replace(PLAN, exclusions=(spans, NOT_OFFERED)))
    found = world.settle_one(in_scope=100, facts=Fact.NOT_OFFERED | Fact.SPANS_BOUNDARY)
    assert found == {"reason": Reason.SPANS_BOUNDARY, "cite_excluded": 13}


def test_a_second_line_of_the_liable_part_takes_no_more(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(LIABLE, replace(LIABLE, citation=14))))
    result = world.settle({"in_scope": 10_000, "liable": 4_000, "facts": Fact.LIABLE})[0]
    assert (result["excluded"], result["cite_excluded_rest"]) == (4_000, 0)


def test_a_line_that_takes_the_whole_does_so_whatever_the_liable_part(kernel: Kernel) -> None:
    barring = replace(ARREARS, account_bar=BAR_EXCLUDED)
    world = World(kernel, replace(PLAN, exclusions=(barring, LIABLE)))
    facts = Fact.IN_ARREARS | Fact.LIABLE
    claim = {"in_scope": 10_000, "non_covered": 70, "liable": 4_000, "facts": facts}
    result = world.settle(claim)[0]
    assert (result["excluded"], result["cite_excluded_rest"]) == (10_000, 0)
    # The larger of the barred parts, not their sum and not the last.
    assert result["account_allowed"] == 70


def test_an_account_pays_for_an_excluded_claim_where_nothing_bars_it(kernel: Kernel) -> None:
    # The exclusion with the smallest number, next to the refusals.
    open_line = replace(NOT_DESIGNATED, account_bar=BAR_NONE)
    world = World(kernel, replace(PLAN, exclusions=(open_line,)))
    world.balances[0] = 5_000
    facts = Fact.NOT_DESIGNATED | Fact.USE_ACCOUNT
    result = world.settle({"in_scope": 3_000, "facts": facts, "account": 0})[0]
    assert (result["reason"], result["account"]) == (Reason.NOT_DESIGNATED, 3_000)
    assert world.balances[0] == 2_000


def test_accounts_pay_in_order_until_they_are_empty(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    world.balances[:] = (7_000, 50)
    mine = {"in_scope": 10_000, "facts": int(Fact.USE_ACCOUNT), "account": 0}
    results = world.settle(mine, {"in_scope": 10_000, "account": 1}, mine, mine)
    assert results["account"].tolist() == [5_000, 0, 2_000, 0]
    assert results["cash"].tolist() == [0, 5_000, 3_000, 5_000]
    assert results["account_before"].tolist() == [7_000, 50, 2_000, 0]
    assert world.balances.tolist() == [0, 50]


def test_what_is_barred_from_the_account_stays_cash(kernel: Kernel) -> None:
    world = World(kernel, replace(PLAN, exclusions=(LIABLE,)))
    world.balances[0] = 5_000
    facts = Fact.LIABLE | Fact.USE_ACCOUNT
    result = world.settle({"in_scope": 10_000, "liable": 4_000, "facts": facts, "account": 0})[0]
    assert (result["person"], result["account"], result["cash"]) == (7_000, 3_000, 4_000)
    assert world.balances[0] == 2_000


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("in_scope", -1, f"found -1, expected 0 to {AMOUNT_MAX_FEN}"),
        ("in_scope", AMOUNT_MAX_FEN + 1, f"expected 0 to {AMOUNT_MAX_FEN}"),
        ("pre_payment", -1, f"found -1, expected 0 to {AMOUNT_MAX_FEN}"),
        ("over_limit", 2**63 - 1, f"found {2**63 - 1}"),
        ("non_covered", -(2**63), f"found {-(2**63)}"),
        ("liable", -2, f"found -2, expected -1 to {AMOUNT_MAX_FEN}"),
        ("liable", AMOUNT_MAX_FEN + 1, f"expected -1 to {AMOUNT_MAX_FEN}"),
        ("counters", 2, "found 2, expected 0 to 1"),
        ("counters", -1, "found -1, expected 0 to 1"),
        ("visit", 2, "found 2, expected -1 to 1"),
        ("visit", -2, "found -2, expected -1 to 1"),
        ("plan", 1, "found 1, expected 0 to 0"),
        ("plan", -1, "found -1, expected 0 to 0"),
        ("status", STATUSES, "found 3, expected 0 to 2"),
        ("level", LEVELS, "found 4, expected 0 to 3"),
        ("place", PLACES, "found 4, expected 0 to 3"),
        ("account", 2, "found 2, expected -1 to 1"),
        ("account", -2, "found -2, expected -1 to 1"),
    ],
)
def test_a_row_out_of_limits_is_named_and_nothing_changes(
    kernel: Kernel, field: str, value: int, expected: str
) -> None:
    world = World(kernel, PLAN)
    rows, results = np.zeros(3, ROW), np.full(3, 7, RESULT)
    rows["in_scope"] = 10_000
    rows["facts"] = Fact.USE_ACCOUNT
    rows[field][1] = value
    world.balances[:] = 100
    problem = rf"rows\[1\]\.{field}: .*{expected}"
    if field == "account":
        with pytest.raises(ValueError, match=problem):
            kernel.pay_accounts(rows, results, world.balances)
    else:
        with pytest.raises(ValueError, match=problem):
            kernel.settle(rows, world.plans, world.counters, world.visits, results)
    assert not world.counters.any()
    assert world.balances.tolist() == [100, 100]
    assert (results == np.full(3, 7, RESULT)).all()


def test_arrays_that_do_not_fit_each_other_are_refused(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    rows = np.zeros(2, ROW)
    state = (world.plans, world.counters, world.visits)
    with pytest.raises(ValueError, match="results: found 1, expected 2"):
        kernel.settle(rows, *state, np.zeros(1, RESULT))
    with pytest.raises(ValueError, match="results: found 3, expected 2"):
        kernel.pay_accounts(rows, np.zeros(3, RESULT), world.balances)
    narrow = np.zeros((2, 7), np.int64)
    with pytest.raises(ValueError, match="counters: found 7 in a line, expected 8"):
        kernel.settle(rows, world.plans, narrow, world.visits, np.zeros(2, RESULT))
    with pytest.raises(ValueError, match=r"int64|mismatch|dtype|rows of"):
        kernel.settle(np.zeros(2, np.int64), *state, np.zeros(2, RESULT))


def test_rows_inside_journal_entries_are_settled_in_place(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    entries = np.zeros(3, ENTRY)
    entries["row"]["in_scope"] = (10_000, 20_000, 30_000)
    entries["row"]["visit"] = -1
    entries["link"]["position"] = (1, 2, 3)
    kernel.settle(entries["row"], world.plans, world.counters, world.visits, entries["result"])
    kernel.pay_accounts(entries["row"], entries["result"], world.balances)
    assert entries["result"]["pooled_fund"].tolist() == [5_000, 10_000, 15_000]
    assert entries["link"]["position"].tolist() == [1, 2, 3]


def test_read_only_rows_and_empty_batches_are_served(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    rows = np.zeros(1, ROW)
    rows.flags.writeable = False
    results = np.zeros(1, RESULT)
    kernel.settle(rows, world.plans, world.counters, world.visits, results)
    kernel.pay_accounts(rows, results, world.balances)
    nothing = PlanTable()
    no_slots = np.zeros(0, np.int64)
    kernel.settle(rows[:0], nothing, aligned_counters(0), no_slots, results[:0])
    kernel.pay_accounts(rows[:0], results[:0], no_slots)


def test_plan_table_grows_and_keeps_positions(kernel: Kernel) -> None:
    table = PlanTable()
    for number in range(11):
        plan = replace(PLAN, rate_bp=(number,) * GROUPS * PLACES)
        assert table.append(plan) == number
    assert len(table) == len(table.plans) == len(table.words) == 11
    assert table.words.ctypes.data % 64 == 0
    rows, results = np.zeros(11, ROW), np.zeros(11, RESULT)
    rows["in_scope"], rows["plan"], rows["visit"] = 10_000, np.arange(11), -1
    rows["borne"] = -1
    kernel.settle(rows, table, aligned_counters(1), np.zeros(0, np.int64), results)
    assert results["pooled_fund"].tolist() == list(range(11))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rate_bp": (10_001,) * GROUPS * PLACES}, "rate_bp: found 10001"),
        ({"rate_bp": (1,) * GROUPS}, "rate_bp: found 12 values, expected 48"),
        ({"deductible_fen": (-1,) * GROUPS}, "deductible_fen: found -1"),
        ({"annual_cap_fen": (-2,) * GROUPS}, "annual_cap_fen: found -2"),
        ({"visit_cap_fen": (AMOUNT_MAX_FEN + 1,) * GROUPS}, "visit_cap_fen: found"),
        ({"rate_cite": (20,) * GROUPS * PLACES}, "rate_cite: found 20"),
        ({"deductible_kind": 3}, "deductible_kind: found 3"),
        ({"rounding": 0}, "rounding: found 0"),
        ({"exclusions": (ARREARS,) * 45}, "exclusions: found 45"),
        ({"exclusions": (replace(ARREARS, require=2**31),)}, "exclusions.require: found"),
        ({"exclusions": (replace(ARREARS, reason=0),)}, "exclusions.reason: found 0"),
        ({"exclusions": (replace(ARREARS, account_bar=3),)}, "exclusions.account_bar: found 3"),
        ({"exclusions": (replace(ARREARS, levels=0),)}, "exclusions.levels: found 0"),
        ({"pooled_counts": 2}, "pooled_counts: found 2"),
        ({"pooled_cap_fen": -2}, "pooled_cap_fen: found -2"),
        ({"second_rate_bp": 10_001}, "second_rate_bp: found 10001"),
        ({"second_cite": 20}, "second_cite: found 20"),
    ],
)
def test_a_plan_the_kernels_cannot_settle_by_is_refused(
    change: dict[str, object], problem: str
) -> None:
    table = PlanTable([PLAN])
    with pytest.raises(InvariantBroken, match=problem):
        table.append(replace(PLAN, **change))  # type: ignore[arg-type]
    assert len(table) == 1


def test_quick_mask_lets_the_usual_claim_pass() -> None:
    lines = (NOT_OFFERED, NOT_DESIGNATED, ARREARS, LIABLE, NOT_FILED)
    not_selected = Exclusion(Reason.NOT_SELECTED, Fact.ORDINARY, Fact.SELECTED, 1)
    usual = Fact.ORDINARY | Fact.SELECTED | Fact.USE_ACCOUNT
    broken = (~usual & 0xFFFF_FFFF) | usual << words.FORBID_SHIFT
    mask = words.quick_mask((*lines, not_selected))
    assert mask & broken == mask


@pytest.mark.parametrize(
    "part", ["total", "deductible", "pooled_fund", "account", "person", "cash"]
)
def test_sums_that_do_not_hold_are_found(part: str) -> None:
    results = World(FAST, PLAN).settle({"in_scope": 10_000}, {"in_scope": 30_000})
    results[part][1] += 1
    with pytest.raises(InvariantBroken, match=r"results\[1\]"):
        check_identities(results)


def test_negative_parts_are_found_even_where_the_sums_hold() -> None:
    results = World(FAST, PLAN).settle({"in_scope": 10_000})
    results["copay"] += 6_000
    results["cut_annual"] -= 6_000
    with pytest.raises(InvariantBroken, match="cut_annual is negative"):
        check_identities(results)


def test_kernels_are_found_by_name() -> None:
    assert kernel_by_name("reference") is REFERENCE
    assert kernel_by_name("fast") is FAST
    with pytest.raises(ValueError, match="slow"):
        kernel_by_name("slow")


@pytest.mark.parametrize("name", ["BP", "FLAGS", "EXCLUSIONS", "BAR_ALL", "USE_ACCOUNT"])
def test_a_constant_of_the_compiled_kernel_that_differs_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(f"engine._fast.{name}", 99)
    with pytest.raises(InvariantBroken, match=f"{name} is 99"):
        check_agreement()


def test_fields_in_another_order_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    names = list(ROW.names or ())
    swapped = [names[1], names[0], *names[2:]]
    other = np.dtype([(new, ROW[old]) for new, old in zip(swapped, names, strict=True)], align=True)
    monkeypatch.setattr("engine.kernel.ROW", other)
    with pytest.raises(InvariantBroken, match="ROW reads"):
        check_agreement()


def test_a_kernel_that_settles_differently_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.reference.mul_bp_half_up", lambda fen, bp: fen * bp // 10_000)
    with pytest.raises(InvariantBroken, match="expected"):
        check_agreement()
