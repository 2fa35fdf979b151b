"""The ledger: ids, replay, refusals in order, undo, registers, recovery."""

from typing import Any

import pytest

from engine.domain.claim import Claim
from engine.domain.codes import Benefit, Fact, Kind, Level, Liability
from engine.domain.dates import Interval
from engine.domain.reasons import Detail, Reason
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.request import (
    Accepted,
    Answer,
    BatchAnswer,
    Cancel,
    Counters,
    Found,
    GetCounters,
    GetSettlement,
    ImportOpenings,
    ItemError,
    NothingToReverse,
    PutInstitutions,
    PutMembers,
    Refused,
    Request,
    Reverse,
    SettleBatch,
    SupplyFigures,
    Undone,
)
from engine.errors import OutcomeUnknown, StoreFull
from engine.facts import Parties, resolve
from engine.kernel import FAST, REFERENCE, Kernel
from engine.pipeline import Pipeline
from engine.rules.plan import RulePlan
from tests.support.memory_store import MemoryStore
from tests.support.runner import cities
from tests.support.world import ZIBO

KERNELS = pytest.mark.parametrize("kernel", [REFERENCE, FAST], ids=lambda kernel: kernel.name)


class Bench:
    """A pipeline on a store in memory, with one member and two institutions."""

    def __init__(self, kernel: Kernel = FAST) -> None:
        self.store = MemoryStore()
        self.kernel = kernel
        self.pipeline = Pipeline.open(self.store, cities(), kernel)
        self.ask(PutInstitutions([Institution("Y", ZIBO), Institution("M", ZIBO, Level.LEVEL_2)]))
        self.ask(PutMembers([Member("m", ZIBO, arrears=(Interval(20240501, 20240531),))]))
        self.ask(ImportOpenings([AccountOpening("m", 5_000)]))

    def ask(self, request: Request) -> Answer:
        return self.pipeline.run([request], 1)[0]

    def settle(self, *claims: Claim, preview: bool = False) -> BatchAnswer:
        answer = self.ask(SettleBatch(claims, preview))
        assert isinstance(answer, BatchAnswer)
        return answer

    def counters(self, year: int = 2024) -> Counters:
        answer = self.ask(GetCounters("m", year))
        assert isinstance(answer, Counters)
        return answer


def claim(request_id: str, in_scope: int = 10_000, **changes: Any) -> Claim:
    """Return a claim of the member at the level 1 institution."""
    base = Claim("Y", request_id, "m", 20240601, 20240601, in_scope, in_scope, 0, 0, 0)
    return base._replace(**changes)


@KERNELS
def test_the_same_request_gets_the_same_answer_and_nothing_is_booked(kernel: Kernel) -> None:
    bench = Bench(kernel)
    first = bench.settle(claim("a"))
    again = bench.settle(claim("a"), claim("a"))
    assert not first.replayed
    assert again.replayed == {0, 1}
    assert again.entries[0] == again.entries[1] == first.entries[0]
    assert bench.counters().ordinary_paid_fen == 3_000
    assert bench.store.last_position == 1


@pytest.mark.parametrize(
    "change",
    [
        {"total_fen": 9_999, "in_scope_fen": 9_999},
        {"non_covered_fen": 1, "total_fen": 10_001},
        {"until_date": 20240602},
        {"service_date": 20240602, "until_date": 20240602},
        {"visit": "V"},
        {"disease": "D"},
        {"prescriber": "M"},
        {"admission": "Y"},
        {"benefit": Benefit.EMERGENCY},
        {"liability": Liability.ABROAD},
        {"emergency": True},
        {"referred": True},
        {"statement": True},
        {"manual": True},
        {"use_account": True},
        {"member": "nobody"},
    ],
    ids=lambda change: "+".join(change),
)
def test_a_used_id_with_other_content_is_refused(change: dict[str, Any]) -> None:
    bench = Bench()
    bench.settle(claim("a"))
    answer = bench.settle(claim("a", **change))
    assert answer.refusals[0].reason == Reason.INVALID_CLAIM
    assert answer.refusals[0].detail == Detail.ID_REUSED
    assert bench.store.last_position == 1


@KERNELS
def test_an_id_is_free_again_after_a_refusal(kernel: Kernel) -> None:
    bench = Bench(kernel)
    refused = bench.settle(claim("a", liability=Liability.MATERNITY), claim("a"))
    assert refused.refusals[0].reason == Reason.OTHER_SCHEME
    assert refused.entries[1]["link"]["position"] == 1


def test_the_same_id_at_two_institutions_names_two_requests() -> None:
    bench = Bench()
    bench.settle(claim("a"), claim("a", institution="M"))
    assert bench.store.last_position == 2


def test_refusals_come_in_order_of_precedence() -> None:
    """Each claim breaks its own rule and all later ones of the list."""
    bench = Bench()
    late: dict[str, Any] = {"service_date": 20280101, "until_date": 20300101}
    broken: list[tuple[Reason, dict[str, Any]]] = [
        (Reason.INVALID_CLAIM, {"in_scope_fen": -1, "member": "x", "institution": "x"} | late),
        (Reason.MEMBER_UNKNOWN, {"member": "x", "institution": "x"} | late),
        (Reason.INSTITUTION_UNKNOWN, {"institution": "x"} | late),
        (Reason.NO_RULE, {"benefit": Benefit.DAY_SURGERY} | late),
        (Reason.NO_FIGURE, {"benefit": Benefit.DAY_SURGERY, "until_date": 20250101}),
        (Reason.SPANS_BOUNDARY, {"until_date": 20250101, "liability": Liability.MATERNITY}),
        (Reason.OTHER_SCHEME, {"liability": Liability.MATERNITY}),
    ]
    for reason, changes in broken:
        assert bench.settle(claim("a", **changes)).refusals[0].reason == reason
    assert bench.store.last_position == 0


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"in_scope_fen": -1, "total_fen": -1}, Detail.NEGATIVE_AMOUNT),
        ({"liability": Liability.ABROAD, "liable_fen": -2}, Detail.NEGATIVE_AMOUNT),
        ({"total_fen": 10_001}, Detail.PARTS_DO_NOT_ADD_UP),
        ({"in_scope_fen": 10**12 + 1, "total_fen": 10**12 + 1}, Detail.AMOUNT_TOO_LARGE),
        ({"until_date": 20240531}, Detail.DATES_REVERSED),
    ],
)
def test_inconsistent_claims_are_refused(changes: dict[str, Any], detail: Detail) -> None:
    refused = Bench().settle(claim("a", **changes)).refusals[0]
    assert (refused.reason, refused.detail) == (Reason.INVALID_CLAIM, detail)
    assert refused.message


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"request_id": ""}, "request_id"),
        ({"request_id": "x" * 65}, "request_id"),
        ({"member": "a\x00b"}, "member"),
        ({"service_date": 20240230}, "service_date"),
        ({"until_date": 0}, "until_date"),
        ({"benefit": 9}, "benefit"),
        ({"liability": 9}, "liability"),
        ({"liable_fen": 5}, "liable_fen"),
    ],
)
def test_malformed_claims_are_errors_and_the_rest_is_settled(
    changes: dict[str, Any], path: str
) -> None:
    answer = Bench().settle(claim("a"), claim("b")._replace(**changes), claim("c"))
    assert answer.errors[1].path == path
    assert list(answer.entries["link"]["position"]) == [1, 0, 2]


@KERNELS
def test_a_preview_leaves_no_trace(kernel: Kernel) -> None:
    bench = Bench(kernel)
    before = bench.counters()
    answer = bench.settle(claim("a", use_account=True), claim("b"), preview=True)
    assert answer.entries["link"]["position"].tolist() == [0, 0]
    assert answer.entries["result"]["pooled_fund"].tolist() == [3_000, 3_000]
    assert bench.counters() == before
    assert bench.settle(claim("a", use_account=True)).entries[0]["result"]["pooled_fund"] == 3_000


@KERNELS
def test_cancel_gives_everything_back(kernel: Kernel) -> None:
    bench = Bench(kernel)
    before = bench.counters()
    bench.settle(claim("a", use_account=True))
    assert bench.counters().account_balance_fen == 0
    undone = bench.ask(Cancel("Y", "k", 1))
    assert isinstance(undone, Undone)
    assert undone.entry.record["result"]["pooled_fund"] == -3_000
    assert bench.counters()._replace(last_entry=0) == before
    again = bench.ask(Cancel("Y", "k", 1))
    assert isinstance(again, Undone)
    assert again.replayed
    second = bench.ask(Cancel("Y", "k2", 1))
    assert isinstance(second, Refused)
    assert second.detail == Detail.UNDONE
    late = bench.settle(claim("a", use_account=True)).refusals[0]
    assert late.detail == Detail.UNDONE


@KERNELS
def test_a_blocked_cancel_names_what_blocks(kernel: Kernel) -> None:
    bench = Bench(kernel)
    bench.settle(claim("a", 3_000), claim("b", 1_000, institution="M"), claim("c", 9_000))
    blocked = bench.ask(Cancel("Y", "k", 1))
    assert isinstance(blocked, Refused)
    assert blocked.reason == Reason.CANCEL_BLOCKED
    assert [b.request_id for b in blocked.blockers] == ["c"]
    assert isinstance(bench.ask(Cancel("Y", "k", 3)), Undone)
    assert isinstance(bench.ask(Cancel("Y", "k3", 1)), Undone)


def test_an_institution_undoes_only_its_own() -> None:
    bench = Bench()
    bench.settle(claim("a"))
    other = bench.ask(Cancel("M", "k", 1))
    missing = bench.ask(Cancel("M", "k", 99))
    assert isinstance(other, Refused)
    assert isinstance(missing, Refused)
    assert (other.reason, other.detail) == (missing.reason, missing.detail)
    assert isinstance(bench.ask(Reverse("M", "r", "a")), NothingToReverse)
    assert bench.counters().ordinary_paid_fen == 3_000


@KERNELS
def test_reversals_in_any_order(kernel: Kernel) -> None:
    bench = Bench(kernel)
    bench.settle(claim("a"))
    assert isinstance(bench.ask(Reverse("Y", "r", "a")), Undone)
    assert isinstance(bench.ask(Reverse("Y", "r", "a")), Undone)
    second = bench.ask(Reverse("Y", "r2", "a"))
    assert isinstance(second, NothingToReverse)
    assert second.tombstone == 0
    early = bench.ask(Reverse("Y", "r3", "b"))
    assert isinstance(early, NothingToReverse)
    assert early.tombstone == 3
    again = bench.ask(Reverse("Y", "r3", "b"))
    assert isinstance(again, NothingToReverse)
    assert again.replayed
    late = bench.settle(claim("b")).refusals[0]
    assert late.detail == Detail.REVERSED_BEFORE_ARRIVAL
    reused = bench.ask(Reverse("Y", "r3", "c"))
    assert isinstance(reused, Refused)
    assert reused.detail == Detail.ID_REUSED


def test_settle_and_cancel_in_one_batch_of_requests() -> None:
    bench = Bench()
    answers = bench.pipeline.run(
        [SettleBatch([claim("a")]), Cancel("Y", "k", 1), GetSettlement("Y", 0, "a")], 1
    )
    assert isinstance(answers[1], Undone)
    assert isinstance(answers[2], Found)
    assert answers[2].undone_by == 2


def test_registers_refuse_item_by_item() -> None:
    bench = Bench()
    answer = bench.ask(
        PutMembers([Member("n", "999999"), Member("o", ZIBO), Member("m", "441600")])
    )
    assert isinstance(answer, Accepted)
    assert answer.count == 1
    assert [(e.index, e.path) for e in answer.errors] == [(0, "city"), (2, "city")]


def test_openings_come_before_entries() -> None:
    bench = Bench()
    bench.settle(claim("a", use_account=True))
    answer = bench.ask(
        ImportOpenings([Opening("m", 2024), Opening("m", 2023), AccountOpening("m", 1)])
    )
    assert isinstance(answer, Accepted)
    assert [(e.index, e.path) for e in answer.errors] == [(0, "year"), (2, "member")]


def test_a_malformed_request_is_answered() -> None:
    answer = Bench().ask(Reverse("Y", "r", "r"))
    assert isinstance(answer, ItemError)
    assert answer.path == "request_id"


@KERNELS
@pytest.mark.parametrize("checkpoints", [(), (1,), (2, 4), (1, 2, 3, 4, 5)])
def test_recovery_gives_the_same_state(kernel: Kernel, checkpoints: tuple[int, ...]) -> None:
    bench = Bench(kernel)
    steps: list[Request] = [
        SettleBatch([claim("a", use_account=True), claim("b", visit="V")]),
        Cancel("Y", "k", 2),
        Reverse("Y", "r", "never"),
        ImportOpenings([Opening("m", 2023, deductible_met=True, ordinary_paid_fen=7)]),
        SettleBatch([claim("c", institution="M"), claim("d", service_date=20230601)]),
    ]
    for n, step in enumerate(steps, start=1):
        bench.ask(step)
        if n in checkpoints:
            bench.pipeline.checkpoint()
    now = [bench.counters(year) for year in (2023, 2024)]
    bench.pipeline = Pipeline.open(bench.store, cities(), kernel)
    assert [bench.counters(year) for year in (2023, 2024)] == now
    assert bench.settle(claim("a", use_account=True)).replayed == {0}
    assert bench.settle(claim("b", visit="V")).refusals[0].detail == Detail.UNDONE
    assert bench.settle(claim("never")).refusals[0].detail == Detail.REVERSED_BEFORE_ARRIVAL
    blocked = bench.ask(Cancel("Y", "k9", 1))
    assert isinstance(blocked, Refused | Undone)


def test_the_storage_may_grow_in_any_request() -> None:
    """A slot that makes the storage grow is found in the new storage, not looked up in the old."""
    bench = Bench()
    names = [f"n{number}" for number in range(2_100)]
    bench.ask(PutMembers([Member(name, ZIBO) for name in names]))
    half = len(names) // 2
    openings = [AccountOpening(name, 7) for name in names[:half]]
    years = [Opening(name, 2024, ordinary_paid_fen=9) for name in names[:half]]
    for opened in (openings, years):
        answer = bench.ask(ImportOpenings(opened))
        assert isinstance(answer, Accepted)
        assert (answer.count, answer.errors) == (half, ())
    for name in names:
        found = bench.ask(GetCounters(name, 2024))
        assert isinstance(found, Counters)
        assert found.ordinary_paid_fen == (9 if name in names[:half] else 0)


def test_nothing_is_kept_of_what_the_store_did_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def full(_: object) -> int:
        raise StoreFull("no space")

    before = bench.counters()
    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "append", full)
        with pytest.raises(StoreFull):
            bench.settle(claim("a"))
    assert bench.counters() == before
    assert bench.settle(claim("a")).entries[0]["link"]["position"] == 1


def test_after_an_unknown_outcome_nothing_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def unknown(_: object) -> int:
        raise OutcomeUnknown("error at COMMIT")

    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "append", unknown)
        with pytest.raises(OutcomeUnknown):
            bench.settle(claim("a"))
    with pytest.raises(OutcomeUnknown):
        bench.counters()


@KERNELS
def test_the_level_is_the_host_of_an_online_prescriber(kernel: Kernel) -> None:
    """At a pharmacy the prescriber counts, and for an internet hospital its host."""
    bench = Bench(kernel)
    bench.ask(
        PutInstitutions(
            [
                Institution("X", ZIBO, Level.LEVEL_3),
                Institution("NET", ZIBO, kind=Kind.INTERNET_HOSPITAL, host="X"),
                Institution("LOST", ZIBO, kind=Kind.INTERNET_HOSPITAL, host="nowhere"),
                Institution("RX", ZIBO, kind=Kind.PHARMACY),
            ]
        )
    )
    online = bench.settle(claim("a", institution="NET"), preview=True).entries[0]
    assert online["row"]["level"] == Level.LEVEL_3 - 1
    lost = bench.settle(claim("b", institution="LOST"), preview=True).refusals[0]
    assert lost.reason == Reason.INSTITUTION_UNKNOWN
    at_pharmacy = Parties(
        Member("m", ZIBO),
        Institution("RX", ZIBO, kind=Kind.PHARMACY),
        Institution("NET", ZIBO, kind=Kind.INTERNET_HOSPITAL, host="X"),
        Institution("X", ZIBO, Level.LEVEL_3),
    )
    facts = resolve(claim("c", prescriber="NET"), at_pharmacy, until_has_rule=True)
    assert facts.level == Level.LEVEL_3
    own = at_pharmacy._replace(prescriber=at_pharmacy.institution, host=None)
    facts = resolve(claim("d", prescriber="RX"), own, until_has_rule=True)
    assert not facts.bits & Fact.PRESCRIBER


@pytest.mark.parametrize("count", [1023, 1024, 1025, 2100])
def test_the_state_grows_in_any_expression(count: int) -> None:
    """Storage doubles at 1024: every path that can be the first to need a slot."""
    bench = Bench()
    members = [Member(f"n{n}", ZIBO) for n in range(count)]
    bench.ask(PutMembers(members))
    accounts = bench.ask(ImportOpenings([AccountOpening(m.id, 7) for m in members]))
    years = bench.ask(ImportOpenings([Opening(m.id, 2024, 5) for m in members]))
    assert isinstance(accounts, Accepted)
    assert isinstance(years, Accepted)
    assert (accounts.count, years.count) == (count, count)
    for member in members:
        counters = bench.ask(GetCounters(member.id, 2025))
        assert isinstance(counters, Counters)
        assert (counters.deductible_fen, counters.account_balance_fen) == (0, 7)
    answer = bench.settle(*(claim(m.id)._replace(member=m.id, use_account=True) for m in members))
    assert len(set(answer.entries["link"]["position"].tolist())) == count
    for n, member in enumerate(members[-3:], start=count - 2):
        assert isinstance(bench.ask(Cancel("Y", f"undo {member.id}", n)), Undone)


def test_a_later_opening_replaces_an_earlier_one() -> None:
    bench = Bench()
    bench.ask(ImportOpenings([Opening("m", 2024, 10, False, 20, (("V", 30), ("W", 40)))]))
    bench.ask(ImportOpenings([Opening("m", 2024, visit_paid_fen=(("W", 5),))]))
    counters = bench.counters()
    assert (counters.deductible_fen, counters.ordinary_paid_fen) == (0, 0)
    assert [(v.visit, v.paid_fen) for v in counters.visits] == [("W", 5)]


def test_items_of_one_change_are_held_against_each_other() -> None:
    bench = Bench()
    answer = bench.ask(PutMembers([Member("q", ZIBO), Member("q", "441600")]))
    assert isinstance(answer, Accepted)
    assert (answer.count, [error.index for error in answer.errors]) == (1, [1])


@pytest.mark.parametrize("request_id", ["a\ud800", " ", "a ", "a\nb"])
def test_ids_that_cannot_be_written_are_errors(request_id: str) -> None:
    bench = Bench()
    assert bench.settle(claim("a")._replace(request_id=request_id)).errors[0].path == "request_id"
    assert not bench.settle(claim("a")).errors


def test_figures_that_are_none_are_refused() -> None:
    answer = Bench().ask(SupplyFigures(b"{}"))
    assert isinstance(answer, ItemError)


def test_reading_needs_no_space(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def full() -> None:
        raise StoreFull("no space")

    monkeypatch.setattr(bench.store, "require_space", full)
    with pytest.raises(StoreFull):
        bench.settle(claim("a"))
    assert bench.counters().last_entry == 0
    assert bench.settle(claim("a"), preview=True).entries[0]["result"]["pooled_fund"] == 3_000


def test_a_plan_is_digested_once_however_many_days_ask_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digested: list[int] = []
    digest = RulePlan.digest

    def counting(plan: RulePlan) -> bytes:
        digested.append(plan.first_day)
        return digest(plan)

    bench = Bench()
    monkeypatch.setattr(RulePlan, "digest", counting)
    days = (2024_03_01, 2024_03_02, 2024_03_03, 2023_03_01)
    answer = bench.settle(*(claim(str(day), service_date=day, until_date=day) for day in days))
    plans = answer.entries["row"]["plan"].tolist()
    assert plans[0] == plans[1] == plans[2] != plans[3]
    assert sorted(digested) == [2023_01_01, 2024_01_01]
