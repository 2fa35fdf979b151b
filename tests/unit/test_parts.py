"""Claims whose lines fall under several benefits: settled part by part, answered as one."""

from itertools import permutations

import numpy as np
import pytest

from engine.digest import ResultDigest, result_digest
from engine.domain.bill import BillLine
from engine.domain.codes import Benefit, DiseaseKind, Liability, LineClass, LineFlag
from engine.domain.dates import Interval
from engine.domain.journal import EntryKind
from engine.domain.layout import AMOUNTS, NEGATED
from engine.domain.parts import combined
from engine.domain.reasons import Detail, Reason
from engine.domain.register import Disease, Member, Opening, Stay
from engine.domain.request import (
    BatchAnswer,
    Cancel,
    Entry,
    Found,
    GetSettlement,
    ImportOpenings,
    PutMembers,
    Refused,
    Reverse,
    SettleBatch,
    SupplyFigures,
    Undone,
)
from engine.kernel import FAST, REFERENCE, Kernel
from engine.pipeline import Pipeline
from engine.rules.figures import figures_from_supply, to_json
from tests.support.city_bench import Bench, claim
from tests.support.parts_bench import (
    CHRONIC,
    CHRONIC_B,
    DAY,
    FUNDS,
    LINES,
    ORDINARY,
    PERSONS,
    SPECIAL,
    SUPPLY,
    bench_with,
    counted,
    itemised,
    parts_of,
)
from tests.support.runner import cities
from tests.support.world import CHANGCHUN

KERNELS = pytest.mark.parametrize("kernel", [REFERENCE, FAST], ids=lambda kernel: kernel.name)

# --- settling ----------------------------------------------------------------------------


@KERNELS
def test_parts_are_settled_in_order_of_precedence_and_answered_as_one(kernel: Kernel) -> None:
    bench = bench_with(kernel)
    answer = bench.batch(itemised("a", *LINES))
    parts, whole = answer.parts[0], answer.entries[0]
    assert parts["row"]["benefit"].tolist() == [Benefit.SPECIAL, Benefit.CHRONIC, Benefit.ORDINARY]
    assert parts_of(answer) == FUNDS
    assert parts_of(answer, name="deductible") == [50_000, 20_000, 0]
    assert parts_of(answer, name="deductible_before") == [0, 0, 20_000]
    assert parts_of(answer, name="copay") == [4_800, 24_000, 18_000]
    assert parts_of(answer, name="person") == PERSONS
    assert parts_of(answer, name="pre_payment") == [0, 5_000, 0]
    assert parts_of(answer, name="non_covered") == [0, 0, 3_000]
    for name in (*NEGATED, "first_pay"):
        assert whole["result"][name] == sum(parts_of(answer, name=name)), name
    assert (whole["result"]["total"], whole["result"]["reason"]) == (238_000, 0)
    assert whole["row"]["benefit"] == Benefit.SPECIAL
    assert whole["result"]["cite_rate"] == parts["result"]["cite_rate"][0]
    assert combined(parts) == whole
    now = bench.counters(2024)
    assert (now.deductible_fen, now.special_deductible_fen) == (20_000, 50_000)
    assert (now.ordinary_paid_fen, now.chronic_paid_fen, now.pooled_paid_fen) == (
        *(22_000, 56_000),
        35_200,
    )
    assert now.diseases == (("D", 56_000),)
    bench.check()


@pytest.mark.parametrize("lines", list(permutations((ORDINARY, CHRONIC, SPECIAL))))
def test_the_order_of_the_lines_does_not_matter(lines: tuple[BillLine, ...]) -> None:
    bench = bench_with()
    answer = bench.batch(itemised("a", *lines))
    # Chronic 550.00 less 200.00 at 70 %.
    assert parts_of(answer) == [35_200, 24_500, 22_000]


def test_a_line_without_a_benefit_is_the_claims() -> None:
    bench = bench_with()
    answer = bench.batch(itemised("a", ORDINARY, SPECIAL, benefit=Benefit.CHRONIC))
    # 400.00 less 200.00 at 70 %.
    assert answer.parts[0]["row"]["benefit"].tolist() == [Benefit.SPECIAL, Benefit.CHRONIC]
    assert parts_of(answer) == [35_200, 14_000]


def test_lines_that_fall_back_to_ordinary_are_one_part() -> None:
    """Without a registration, care is ordinary: one entry, as if all lines had been."""
    bench = Bench(CHANGCHUN, FAST, SUPPLY)
    answer = bench.batch(itemised("a", *LINES))
    assert not answer.parts
    entry = answer.entries[0]
    assert (entry["link"]["parts"], entry["row"]["benefit"]) == (1, Benefit.ORDINARY)
    # 2300.00 less 200.00 at 55 %.
    assert entry["result"]["pooled_fund"] == 115_500


@KERNELS
def test_positions_and_the_chain_of_the_year(kernel: Kernel) -> None:
    bench = bench_with(kernel)
    one = claim("a", "M", DAY, 1_000)
    answer = bench.batch(one, itemised("b", *LINES), one._replace(request_id="c"))
    links = answer.parts[1]["link"]
    assert links["position"].tolist() == [2, 3, 4]
    assert links["previous"].tolist() == [1, 2, 3]
    assert links["part"].tolist() == [0, 1, 2]
    assert links["parts"].tolist() == [3, 3, 3]
    last = answer.entries[2]["link"]
    assert (last["position"], last["previous"], last["parts"]) == (5, 4, 1)
    assert answer.entries["link"]["position"].tolist() == [1, 2, 5]
    assert bench.counters(2024).last_entry == 5
    assert set(answer.plan_digests) == {*answer.entries["row"]["plan"].tolist()} | {
        *answer.parts[1]["row"]["plan"].tolist()
    }
    bench.check()


@KERNELS
def test_a_part_that_somebody_is_liable_for_is_spread_in_order(kernel: Kernel) -> None:
    bench = bench_with(kernel)
    answer = bench.batch(itemised("a", *LINES, liability=Liability.THIRD_PARTY, liable_fen=120_000))
    # All of the special part, 300.00 of the chronic one.
    assert parts_of(answer, name="excluded") == [90_000, 30_000, 0]
    assert parts_of(answer) == [0, 35_000, 22_000]
    whole = answer.entries[0]["result"]
    assert (whole["reason"], whole["excluded"]) == (Reason.LIABLE_ELSEWHERE, 120_000)
    assert whole["account_allowed"] == whole["person"] - 120_000
    more = bench.batch(itemised("b", *LINES, liability=Liability.ABROAD, liable_fen=999_999))
    assert parts_of(more, name="excluded") == [90_000, 100_000, 40_000]
    unknown = bench.batch(itemised("c", *LINES, liability=Liability.ABROAD))
    assert parts_of(unknown, name="excluded") == [90_000, 100_000, 40_000]
    bench.check()


def test_the_smallest_reason_is_the_claims() -> None:
    bench = bench_with(stays=(Stay("X", 2024_05_01, 2024_05_31),))
    lines = (BillLine(LineClass.A, 70_000), BillLine(LineClass.A, 10_000, benefit=1))
    emergency = {"benefit": Benefit.EMERGENCY, "statement": True}
    answer = bench.batch(
        itemised("a", *lines, **emergency),
        itemised("b", *lines, **emergency, liability=Liability.ABROAD),
    )
    assert answer.parts[0]["row"]["benefit"].tolist() == [Benefit.ORDINARY, Benefit.EMERGENCY]
    assert parts_of(answer, name="reason") == [Reason.INPATIENT_STAY, 0]
    assert answer.entries[0]["result"]["reason"] == Reason.INPATIENT_STAY
    # An emergency is a stay of its own: 700.00 less 500.00 at 88 %.
    assert parts_of(answer) == [0, 17_600]
    assert parts_of(answer, 1, "reason") == [Reason.INPATIENT_STAY, Reason.LIABLE_ELSEWHERE]
    assert answer.entries[1]["result"]["reason"] == min(parts_of(answer, 1, "reason"))


@pytest.mark.parametrize("preview", [True, False])
def test_day_surgery_has_no_other_parts(preview: bool) -> None:
    bench = bench_with()
    surgery = {"institution": "X", "benefit": Benefit.DAY_SURGERY, "disease": "P"}
    lines = (BillLine(LineClass.A, 300_000), BillLine(LineClass.NONE, 100_000))
    answer = bench.batch(
        itemised("a", *lines, **surgery), itemised("b", *LINES, **surgery), preview=preview
    )
    assert answer.errors[1].path == "lines[1].benefit"
    # 85 % of 5000.00, 15 % of 4000.00.
    result = answer.entries[0]["result"]
    assert (result["pooled_fund"], result["person"]) == (425_000, 60_000)
    assert result["institution_share"] == -85_000
    bench.check()


@KERNELS
def test_the_account_pays_one_part_after_the_other(kernel: Kernel) -> None:
    bench = bench_with(kernel)
    answer = bench.batch(itemised("a", *LINES, use_account=True))
    assert parts_of(answer, name="account") == [54_800, 45_200, 0]
    assert parts_of(answer, name="account_before") == [100_000, 45_200, 0]
    whole = answer.entries[0]["result"]
    assert (whole["account"], whole["cash"], whole["account_before"]) == (
        *(100_000, 24_800),
        100_000,
    )
    assert bench.counters(2024).account_balance_fen == 0
    assert isinstance(bench.ask(Cancel("M", "k", 1)), Undone)
    assert bench.counters(2024).account_balance_fen == 100_000
    bench.check()


# --- refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize("preview", [True, False])
def test_a_part_without_a_figure_refuses_the_whole(preview: bool) -> None:
    bench = Bench(CHANGCHUN, FAST, SUPPLY | {"disease_cap": {"E": "3000.00"}})
    diseases = tuple(Disease("D", kind, Interval(2023_01_01)) for kind in DiseaseKind)
    bench.ask(PutMembers([Member("m", CHANGCHUN, diseases=diseases)]))
    before = bench.counters(2024)
    sent = itemised("a", *LINES, use_account=True)
    answer = bench.batch(sent, claim("b", "M", DAY, 30_000), preview=preview)
    refused = answer.refusals[0]
    assert (refused.reason, refused.figure) == (Reason.NO_FIGURE, "disease_cap.D")
    assert refused.plan_digest
    assert not answer.parts
    assert not answer.entries[0]["result"]["total"]
    # The claim beside it is the first of the year.
    assert answer.entries[1]["result"]["deductible"] == 20_000
    if preview:
        assert bench.counters(2024) == before
        return
    assert answer.entries[1]["link"]["position"] == 1
    figures = figures_from_supply(CHANGCHUN, {"disease_cap": {"D": "3000.00"}}, cities())
    bench.ask(SupplyFigures(to_json(figures)))
    again = bench.batch(sent)
    assert not again.refusals
    assert again.entries[0]["link"]["position"] == 2
    bench.check()


def test_medicines_of_another_document_refuse_the_whole() -> None:
    bench = bench_with()
    flagged = BillLine(LineClass.A, 1_000, flag=LineFlag.DUAL_CHANNEL)
    refused = bench.batch(itemised("a", ORDINARY, flagged)).refusals[0]
    assert (refused.reason, refused.figure) == (Reason.NO_FIGURE, "dual_channel_benefit")
    assert bench.counters(2024).last_entry == 0


def test_the_smallest_refusal_of_the_parts_is_given() -> None:
    """Special care is not given at level 1; of the disease no cap is known."""
    bench = Bench(CHANGCHUN, FAST, SUPPLY | {"disease_cap": {"E": "1.00"}})
    diseases = tuple(Disease("D", kind, Interval(2023_01_01)) for kind in DiseaseKind)
    bench.ask(PutMembers([Member("m", CHANGCHUN, diseases=diseases)]))
    figures = {"inpatient_deductible": {"1": "1.00"}, "inpatient_rate": {"1": "0.50"}}
    bench.ask(SupplyFigures(to_json(figures_from_supply(CHANGCHUN, figures, cities()))))
    special = bench.batch(itemised("a", ORDINARY, SPECIAL, institution="Y")).refusals[0]
    assert special.reason == Reason.BENEFIT_NOT_OFFERED
    both = bench.batch(itemised("a", CHRONIC, SPECIAL, institution="Y")).refusals[0]
    assert both.reason == min(Reason.BENEFIT_NOT_OFFERED, Reason.NO_FIGURE)


# --- previews, replays -------------------------------------------------------------------


@KERNELS
def test_a_preview_is_what_settling_gives(kernel: Kernel) -> None:
    bench = bench_with(kernel)
    bench.settle(claim("z", "M", DAY, 7_000, use_account=True))
    before = bench.counters(2024)
    sent = itemised("a", *LINES, use_account=True)
    # Twice in one message: neither sees the other.
    preview = bench.batch(sent, sent._replace(request_id="b"), preview=True)
    assert bench.counters(2024) == before
    settled = bench.batch(sent)
    for row in (0, 1):
        for name in ("row", "result", "claim"):
            if name == "claim" and row:
                continue
            np.testing.assert_array_equal(preview.parts[row][name], settled.parts[0][name])
            assert preview.entries[row][name] == settled.entries[0][name]
        assert preview.parts[row]["link"]["position"].tolist() == [0, 0, 0]
        assert preview.parts[row]["link"]["part"].tolist() == [0, 1, 2]


@KERNELS
def test_the_same_request_gets_the_same_parts(kernel: Kernel) -> None:
    bench = bench_with(kernel)
    sent = itemised("a", *LINES)
    first = bench.batch(sent, sent)
    again = bench.batch(sent)
    assert first.replayed == {1}
    assert again.replayed == {0}
    assert first.parts[0].tobytes() == first.parts[1].tobytes() == again.parts[0].tobytes()
    assert first.entries[0] == first.entries[1] == again.entries[0]
    assert bench.store.last_position == 3


@pytest.mark.parametrize(
    "lines",
    [
        LINES[:-1],
        LINES[::-1],
        (*LINES[:-1], CHRONIC_B._replace(benefit=Benefit.SPECIAL)),
        (*LINES[:-1], CHRONIC_B._replace(code="x")),
    ],
    ids=["fewer", "another order", "another benefit", "a code"],
)
def test_a_used_id_with_other_lines_is_refused(lines: tuple[BillLine, ...]) -> None:
    bench = bench_with()
    bench.batch(itemised("a", *LINES))
    refused = bench.batch(itemised("a", *lines)).refusals[0]
    assert (refused.reason, refused.detail) == (Reason.INVALID_CLAIM, Detail.ID_REUSED)
    assert bench.store.last_position == 3


# --- undoing -----------------------------------------------------------------------------


@KERNELS
@pytest.mark.parametrize("how", ["cancel", "reverse"])
def test_undoing_gives_every_counter_back(kernel: Kernel, how: str) -> None:
    bench = bench_with(kernel)
    bench.ask(
        ImportOpenings(
            [
                Opening(
                    "m",
                    2024,
                    5_000,
                    ordinary_paid_fen=7,
                    special_deductible_fen=11,
                    chronic_paid_fen=13,
                    disease_paid_fen=(("D", 17),),
                    pooled_paid_fen=19,
                )
            ]
        )
    )
    before = counted(bench)
    settled = bench.batch(itemised("a", *LINES, use_account=True))
    assert counted(bench) != before
    request = Cancel("M", "k", 1) if how == "cancel" else Reverse("M", "k", "a")
    undone = bench.ask(request)
    assert isinstance(undone, Undone)
    assert counted(bench) == before
    assert bench.counters(2024).last_entry == 6
    entry = undone.entry
    links = np.array([part.record["link"] for part in entry.parts])
    assert links["position"].tolist() == [4, 5, 6]
    assert links["previous"].tolist() == [3, 4, 5]
    assert links["undoes"].tolist() == [1, 2, 3]
    kind = EntryKind.CANCEL if how == "cancel" else EntryKind.REVERSAL
    assert links["kind"].tolist() == [kind] * 3
    for name in NEGATED:
        assert entry.record["result"][name] == -settled.entries[0]["result"][name], name
        taken = [int(part.record["result"][name]) for part in entry.parts]
        assert taken == [-fen for fen in parts_of(settled, name=name)], name
    again = bench.ask(request)
    assert isinstance(again, Undone)
    assert again.replayed
    assert again.entry.record.tobytes() == entry.record.tobytes()
    assert [part.record.tobytes() for part in again.entry.parts] == [
        part.record.tobytes() for part in entry.parts
    ]
    late = bench.batch(itemised("a", *LINES, use_account=True)).refusals[0]
    assert late.detail == Detail.UNDONE
    bench.check()


def test_a_settlement_is_found_and_undone_by_its_first_position_only() -> None:
    bench = bench_with()
    bench.batch(itemised("a", *LINES))
    for position in (2, 3):
        refused = bench.ask(Cancel("M", f"k{position}", position))
        assert isinstance(refused, Refused)
        assert refused.detail == Detail.SETTLEMENT_UNKNOWN
        assert not isinstance(bench.ask(GetSettlement("M", position)), Found)
    found = bench.ask(GetSettlement("M", 1))
    by_id = bench.ask(GetSettlement("M", 0, "a"))
    assert isinstance(found, Found)
    assert isinstance(by_id, Found)
    assert [int(part.record["link"]["position"]) for part in found.entry.parts] == [1, 2, 3]
    assert len({part.plan_digest for part in found.entry.parts}) == 3
    assert by_id.entry.record.tobytes() == found.entry.record.tobytes()
    assert isinstance(bench.ask(Cancel("M", "k", 1)), Undone)
    gone = bench.ask(GetSettlement("M", 1))
    assert isinstance(gone, Found)
    assert gone.undone_by == 4


@KERNELS
def test_later_parts_block_and_are_named_once(kernel: Kernel) -> None:
    bench = bench_with(kernel)
    bench.settle(claim("a", "M", DAY, 12_000))
    bench.batch(itemised("b", *LINES))
    blocked = bench.ask(Cancel("M", "k", 1))
    assert isinstance(blocked, Refused)
    assert blocked.reason == Reason.CANCEL_BLOCKED
    assert [tuple(blocker) for blocker in blocked.blockers] == [(2, "M", "b")]
    assert isinstance(bench.ask(Cancel("M", "kb", 2)), Undone)
    assert isinstance(bench.ask(Cancel("M", "k", 1)), Undone)
    assert counted(bench).deductible_fen == 0
    bench.check()


@KERNELS
def test_parts_are_blocked_by_what_rests_on_any_of_them(kernel: Kernel) -> None:
    bench = bench_with(kernel)
    bench.batch(itemised("a", *LINES))
    # Rests on the deductible that the chronic part bore.
    bench.settle(claim("b", "M", DAY, 12_000))
    # Rests on nothing.
    bench.settle(claim("c", "M", DAY, 0, pre_payment_fen=500))
    # Rests on the special part's deductible.
    bench.batch(itemised("d", SPECIAL))
    blocked = bench.ask(Reverse("M", "k", "a"))
    assert isinstance(blocked, Refused)
    assert [(b.settlement_id, b.request_id) for b in blocked.blockers] == [(4, "b"), (6, "d")]
    for position in (6, 4):
        assert isinstance(bench.ask(Cancel("M", f"k{position}", position)), Undone)
    assert isinstance(bench.ask(Reverse("M", "k", "a")), Undone)
    now = counted(bench)
    assert (now.deductible_fen, now.special_deductible_fen, now.diseases) == (0, 0, ())
    bench.check()


# --- recovery, digest --------------------------------------------------------------------


@KERNELS
@pytest.mark.parametrize("checkpoint", [False, True])
def test_recovery_finds_parts_and_counters_again(kernel: Kernel, checkpoint: bool) -> None:
    bench = bench_with(kernel)
    sent = itemised("a", *LINES, use_account=True)
    first = bench.batch(sent)
    bench.batch(itemised("b", *LINES))
    bench.ask(Cancel("M", "kb", 4))
    if checkpoint:
        bench.pipeline.checkpoint()
    now = bench.counters(2024)
    bench.pipeline = Pipeline.open(bench.store, cities(), kernel)
    assert bench.counters(2024) == now
    again = bench.batch(sent)
    assert again.replayed == {0}
    assert again.parts[0].tobytes() == first.parts[0].tobytes()
    assert bench.batch(itemised("b", *LINES)).refusals[0].detail == Detail.UNDONE
    assert isinstance(bench.ask(Cancel("M", "k", 1)), Undone)
    assert bench.counters(2024).last_entry == 12
    empty = counted(bench)
    assert (empty.deductible_fen, empty.special_deductible_fen, empty.diseases) == (0, 0, ())
    assert (empty.pooled_paid_fen, empty.account_balance_fen) == (0, 100_000)
    bench.check()


def test_settled_and_undone_in_one_run_of_requests() -> None:
    bench = bench_with()
    sent = itemised("a", *LINES)
    before = counted(bench)
    batch, undone, found = bench.pipeline.run(
        [SettleBatch([sent]), Cancel("M", "k", 1), GetSettlement("M", 0, "a")], 1
    )
    assert isinstance(batch, BatchAnswer)
    assert isinstance(undone, Undone)
    assert isinstance(found, Found)
    assert found.undone_by == 4
    assert len(found.entry.parts) == 3
    assert counted(bench) == before
    bench.check()


def test_the_digest_counts_a_claim_of_parts_once() -> None:
    bench = bench_with()
    sent = itemised("a", *LINES)
    answer = bench.batch(sent, claim("b", "M", DAY, 0, pre_payment_fen=500))
    digest = ResultDigest()
    digest.add_batch([sent], answer._replace(entries=answer.entries[:1]))
    found = bench.ask(GetSettlement("M", 1))
    assert isinstance(found, Found)
    entry: Entry = found.entry
    assert digest.digest() == result_digest([entry])
    by_claim = ResultDigest()
    by_claim.add_settled(sent, [int(answer.entries[0]["result"][name]) for name in AMOUNTS])
    assert by_claim.digest() == digest.digest()
    undone = bench.ask(Cancel("M", "k", 1))
    assert isinstance(undone, Undone)
    assert result_digest([entry, undone.entry]) == bytes(32)
