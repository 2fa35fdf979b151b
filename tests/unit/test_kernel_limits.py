"""What the kernels refuse, and what stops a start: limits, plans, sums, agreement."""

from dataclasses import replace

import numpy as np
import pytest

from engine.domain.codes import Fact
from engine.domain.layout import (
    ENTRY,
    KEYED_SLOTS,
    NOWHERE,
    RESULT,
    ROW,
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
    DEDUCTIBLE_EACH,
    LEVELS,
    PLACES,
    RELATIONS,
    STATUSES,
    Bracket,
    Exclusion,
)
from tests.support.kernel_bench import (
    ARREARS,
    GROUPS,
    LIABLE,
    NOT_DESIGNATED,
    NOT_FILED,
    NOT_OFFERED,
    PLAN,
    World,
    plain_rows,
)

PACKAGE = {"standard_price_fen": 100, "standard_price_cite": 1}


def bracket(above_fen: int, rate_bp: int = 5_000, cite: int = 1) -> Bracket:
    return Bracket(above_fen, (rate_bp,) * GROUPS * PLACES, (cite,) * GROUPS * PLACES)


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
        *(
            (name, value, f"found {value}, expected -1 to 1")
            for name in KEYED_SLOTS
            for value in (-2, 2)
        ),
        ("deductible_at", NOWHERE + 1, "found 9, expected 0 to 8"),
        ("paid_at", 255, "found 255, expected 0 to 8"),
        ("rate_level", LEVELS + 1, "found 5, expected 0 to 4"),
        ("plan", 1, "found 1, expected 0 to 0"),
        ("plan", -1, "found -1, expected 0 to 0"),
        ("status", STATUSES, "found 3, expected 0 to 2"),
        ("level", LEVELS, "found 4, expected 0 to 3"),
        ("place", PLACES, "found 4, expected 0 to 3"),
        ("relation", RELATIONS + 1, "found 9, expected 0 to 8"),
        ("account", 2, "found 2, expected -1 to 1"),
        ("account", -2, "found -2, expected -1 to 1"),
        ("family", 2, "found 2, expected -1 to 1"),
        ("family", -2, "found -2, expected -1 to 1"),
    ],
)
def test_a_row_out_of_limits_is_named_and_nothing_changes(
    kernel: Kernel, field: str, value: int, expected: str
) -> None:
    world = World(kernel, PLAN)
    rows, results = plain_rows(3), np.full(3, 7, RESULT)
    rows["in_scope"] = 10_000
    rows["facts"] = Fact.USE_ACCOUNT
    rows[field][1] = value
    world.balances[:] = 100
    problem = rf"rows\[1\]\.{field}: .*{expected}"
    state = (world.counters, world.visits, results, world.balances)
    with pytest.raises(ValueError, match=problem):
        kernel.settle(rows, world.plans, *state)
    assert not world.counters.any()
    assert world.balances.tolist() == [100, 100]
    assert (results == np.full(3, 7, RESULT)).all()


def test_arrays_that_do_not_fit_each_other_are_refused(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    rows = plain_rows(2)
    state = (world.plans, world.counters, world.visits)
    with pytest.raises(ValueError, match="results: found 1, expected 2"):
        kernel.settle(rows, *state, np.zeros(1, RESULT))
    with pytest.raises(ValueError, match="results: found 3, expected 2"):
        kernel.settle(rows, *state, np.zeros(3, RESULT), world.balances)
    narrow = np.zeros((2, 7), np.int64)
    with pytest.raises(ValueError, match="counters: found 7 in a line, expected 8"):
        kernel.settle(rows, world.plans, narrow, world.visits, np.zeros(2, RESULT))
    with pytest.raises(ValueError, match=r"int64|mismatch|dtype|rows of"):
        kernel.settle(np.zeros(2, np.int64), *state, np.zeros(2, RESULT))


def test_rows_inside_journal_entries_are_settled_in_place(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    entries = np.zeros(3, ENTRY)
    entries["row"] = plain_rows(3)
    entries["row"]["in_scope"] = (10_000, 20_000, 30_000)
    entries["link"]["position"] = (1, 2, 3)
    state = (world.counters, world.visits, entries["result"], world.balances)
    kernel.settle(entries["row"], world.plans, *state)
    assert entries["result"]["pooled_fund"].tolist() == [5_000, 10_000, 15_000]
    assert entries["link"]["position"].tolist() == [1, 2, 3]


def test_read_only_rows_and_empty_batches_are_served(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    rows = plain_rows(1)
    rows.flags.writeable = False
    results = np.zeros(1, RESULT)
    kernel.settle(rows, world.plans, world.counters, world.visits, results, world.balances)
    nothing = PlanTable()
    no_slots = np.zeros(0, np.int64)
    kernel.settle(rows[:0], nothing, aligned_counters(0), no_slots, results[:0], no_slots)


def test_without_balances_no_account_pays(kernel: Kernel) -> None:
    world = World(kernel, PLAN)
    rows, results = plain_rows(1), np.full(1, 7, RESULT)
    rows["in_scope"], rows["facts"], rows["account"] = 10_000, Fact.USE_ACCOUNT, 9
    kernel.settle(rows, world.plans, world.counters, world.visits, results)
    assert results["account_allowed"][0] == results["cash"][0] == 5_000
    assert results["account"][0] == results["account_before"][0] == 0


def test_plan_table_grows_and_keeps_positions(kernel: Kernel) -> None:
    table = PlanTable()
    for number in range(11):
        plan = replace(PLAN, rate_bp=(number,) * GROUPS * PLACES)
        assert table.append(plan) == number
    assert len(table) == len(table.plans) == len(table.words) == 11
    assert table.words.ctypes.data % 64 == 0
    rows, results = plain_rows(11), np.zeros(11, RESULT)
    rows["in_scope"], rows["plan"] = 10_000, np.arange(11)
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
        ({"deductible_kind": 8}, "deductible_kind: found 8"),
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
        ({"day_cap_fen": (-2,) * GROUPS}, "day_cap_fen: found -2"),
        ({"month_cap_fen": (1,)}, "month_cap_fen: found 1 values, expected 12"),
        ({"month_cap_cite": (20,) * GROUPS}, "month_cap_cite: found 20"),
        ({"disease_cap_fen": -2}, "disease_cap_fen: found -2"),
        ({"disease_cap_cite": 20}, "disease_cap_cite: found 20"),
        ({"brackets": tuple(bracket(n) for n in range(1, 6))}, "brackets: found 5"),
        ({"brackets": (bracket(0),)}, "brackets.above_fen: found 0, expected 1"),
        ({"brackets": (bracket(5), bracket(5))}, "brackets.above_fen: found 5, expected 6"),
        ({"brackets": (bracket(5, rate_bp=10_001),)}, "brackets.rate_bp: found 10001"),
        ({"brackets": (bracket(5, cite=20),)}, "brackets.rate_cite: found 20"),
        (
            {"brackets": (bracket(5),), "annual_cap_on_cost": 1},
            "brackets with annual_cap_on_cost: found 1",
        ),
        (PACKAGE | {"standard_price_fen": -2}, "standard_price_fen: found -2"),
        (PACKAGE | {"standard_price_cite": 0}, "standard_price_cite: found 0, expected 1"),
        (PACKAGE | {"burden_counts": 1}, "standard_price_fen with burden_counts: found 1"),
        (PACKAGE | {"account_limited": 1}, "standard_price_fen with account_limited: found 1"),
        (PACKAGE | {"annual_cap_on_cost": 1}, "standard_price_fen with annual_cap_on_cost: found"),
        (PACKAGE | {"brackets": (bracket(5),)}, "standard_price_fen with brackets: found 1"),
        (
            PACKAGE | {"deductible_kind": DEDUCTIBLE_EACH},
            "standard_price_fen with deductible_kind: found 6",
        ),
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
