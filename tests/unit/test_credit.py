"""Monthly credits in the ledger: one member, a city step by step, corrections, kills."""

from collections.abc import Sequence
from typing import Any

import pytest

from engine.domain.account import DisposalEvent, Purpose
from engine.domain.codes import Mode, Status
from engine.domain.dates import EVERY_DAY
from engine.domain.journal import SegmentKind
from engine.domain.movement import (
    CreditedMember,
    CreditedStep,
    CreditMember,
    CreditStep,
    Dispose,
    Moved,
    MovementKind,
    Pay,
    UndoMovement,
    act_from_json,
)
from engine.domain.reasons import Reason
from engine.domain.register import AccountOpening, Contribution, Member
from engine.domain.request import GetCounters, ImportOpenings, ItemError, PutMembers, Refused
from engine.kernel import FAST
from engine.pipeline import Pipeline
from tests.support.city_bench import Bench
from tests.support.runner import cities
from tests.support.world import HEYUAN, SUIZHOU

MONTH = 2024_06


def paying(name: str, base_fen: int, **more: Any) -> Member:
    """Return a member of Suizhou with a contribution base, of which 2 % are credited."""
    contribution = Contribution(base_fen, base_fen // 50, EVERY_DAY)
    return Member(name, SUIZHOU, contributions=(contribution,), **more)


PEOPLE = (
    paying("m", 500_000),
    paying("a", 612_345),
    Member("far", HEYUAN),
    paying("pool", 500_000, mode=Mode.POOLED_ONLY),
    Member("old", SUIZHOU, Status.RETIRED, born_on=1950_01_01),
    Member("unknown", SUIZHOU),
)


@pytest.fixture
def bench() -> Bench:
    bench = Bench(SUIZHOU)
    bench.ask(PutMembers(PEOPLE))
    return bench


def balances(bench: Bench, people: Sequence[Member] = PEOPLE) -> list[int]:
    found: list[Any] = [bench.ask(GetCounters(member.id, 2024)) for member in people]
    return [int(counters.account_balance_fen) for counters in found]


def run(bench: Bench, at_most: int = 2, **more: Any) -> list[CreditedStep]:
    steps: list[CreditedStep] = []
    first = 0
    while True:
        step = bench.ask(CreditStep(SUIZHOU, MONTH, first, at_most)._replace(**more))
        assert isinstance(step, CreditedStep), step
        steps.append(step)
        first = step.next
        if step.finished:
            return steps


def credited(bench: Bench, member: str, month: int = MONTH) -> CreditedMember:
    answer = bench.ask(CreditMember(member, month))
    assert isinstance(answer, CreditedMember), answer
    return answer


def total(steps: Sequence[CreditedStep], name: str) -> int:
    return sum(getattr(step, name) for step in steps)


def test_a_member_is_credited_once(bench: Bench) -> None:
    first = credited(bench, "m")
    assert (first.fen, first.moved_fen, first.balance_fen) == (10_000, 10_000, 110_000)
    assert first.position
    assert first.parts[0].clauses[0].clause
    again = credited(bench, "m")
    assert (again.fen, again.moved_fen, again.position) == (10_000, 0, 0)
    assert credited(bench, "m", MONTH + 1).moved_fen == 10_000
    none = credited(bench, "pool")
    assert (none.fen, none.position, none.parts) == (0, 0, ())
    refused = bench.ask(CreditMember("unknown", MONTH))
    assert isinstance(refused, Refused)
    assert refused.reason == Reason.INVALID_CLAIM
    assert "base_fen" in refused.message
    bench.check()


def test_a_run_credits_every_member_of_the_city_once(bench: Bench) -> None:
    credited(bench, "a")  # by himself before: counts
    steps = run(bench)
    assert [step.members for step in steps] == [2, 1, 2]
    due = 10_000 + 12_247 + steps[-1].rules[0].fen
    assert (total(steps, "credit_fen"), total(steps, "before_fen")) == (due, 12_247)
    assert (total(steps, "posted"), total(steps, "posted_fen")) == (2, due - 12_247)
    assert total(steps, "without_account") == 1
    assert sum(rule.fen for step in steps for rule in step.rules) == due
    (why,) = [reason for step in steps for reason in step.reasons]
    assert (why.reason, why.members, why.example) == (Reason.INVALID_CLAIM, 1, "unknown")
    assert balances(bench) == [110_000, 12_247, 0, 0, due - 22_247, 0]
    segments = len(bench.store.journal)
    again = run(bench)
    assert (total(again, "posted"), total(again, "before_fen")) == (0, due)
    assert len(bench.store.journal) == segments
    bench.check()


def test_a_dry_run_reports_the_same_and_posts_nothing(bench: Bench) -> None:
    before = balances(bench)
    segments = len(bench.store.journal)
    tried = run(bench, dry_run=True)
    assert (balances(bench), len(bench.store.journal)) == (before, segments)
    made = run(bench)
    assert [step._replace(dry_run=True) for step in made] == tried


def test_a_correction_posts_the_difference_alone(bench: Bench) -> None:
    run(bench)
    bench.ask(PutMembers([paying("m", 400_000), paying("a", 700_000)]))
    steps = run(bench)
    assert (total(steps, "posted"), total(steps, "posted_fen")) == (2, -2_000 + 1_753)
    assert total(steps, "taken_back_fen") == 2_000
    assert balances(bench)[:2] == [108_000, 14_000]
    assert total(run(bench), "posted") == 0
    bench.check()


def test_what_was_spent_is_taken_back_when_it_is_there(bench: Bench) -> None:
    credited(bench, "a")
    paid = bench.ask(Pay("Y", "p", "a", 2024_06_30, Purpose.MEDICAL, 12_000))
    assert isinstance(paid, Moved)
    bench.ask(PutMembers([paying("a", 500_000)]))
    steps = run(bench)
    # 22.47 too much, and 2.47 are left of it.
    assert total(steps, "short_fen") == 2_000
    assert balances(bench)[1] == 0
    assert total(run(bench), "short_fen") == 2_000
    bench.ask(UndoMovement("Y", "u", movement=paid.position))
    steps = run(bench)
    assert (total(steps, "short_fen"), total(steps, "taken_back_fen")) == (0, 2_000)
    assert balances(bench)[1] == 10_000
    bench.check()


def test_a_credit_is_taken_back_and_credited_again(bench: Bench) -> None:
    first = credited(bench, "m")
    undo = UndoMovement("", "u", movement=first.position)
    back = bench.ask(undo)
    assert isinstance(back, Moved)
    assert (back.fen, back.balance_fen) == (-10_000, 100_000)
    twice = bench.ask(undo._replace(request_id="v"))
    assert isinstance(twice, Refused)
    assert total(run(bench), "before_fen") == 0
    assert balances(bench)[0] == 110_000
    bench.ask(Pay("Y", "p", "m", 2024_06_30, Purpose.MEDICAL, 110_000))
    (credit,) = [movement for movement in credits_of(bench, 0) if movement > back.position]
    spent = bench.ask(UndoMovement("", "w", movement=credit))
    assert isinstance(spent, Refused)
    assert spent.reason == Reason.NO_BALANCE
    bench.check()


def credits_of(bench: Bench, member: int) -> list[int]:
    """Return the positions of a member's credits that are no undos."""
    found = []
    for segment in bench.store.journal:
        if segment.kind == SegmentKind.MOVEMENTS:
            act = act_from_json(segment.text)
            if act.kind == MovementKind.CREDIT and not act.undoes:
                rows = (segment.movements()["member"] == member).nonzero()[0].tolist()
                found += [segment.first_position + row for row in rows]
    return found


def test_a_closed_account_is_not_credited(bench: Bench) -> None:
    gone = bench.ask(Dispose("d", "m", 2024_06_01, DisposalEvent.DEATH, application="A1"))
    assert isinstance(gone, Moved)
    refused = bench.ask(CreditMember("m", MONTH))
    assert isinstance(refused, Refused)
    assert refused.reason == Reason.NO_ACCOUNT
    reasons = {r.reason: r.members for step in run(bench) for r in step.reasons}
    assert reasons[Reason.NO_ACCOUNT] == 1
    assert balances(bench)[0] == 0
    bench.check()


def test_a_run_that_broke_off_goes_on_where_it_was(bench: Bench) -> None:
    bench.ask(CreditStep(SUIZHOU, MONTH, 0, 2))
    bench.pipeline.checkpoint()
    bench.ask(CreditStep(SUIZHOU, MONTH, 2, 3))
    bench.pipeline = Pipeline.open(bench.store, cities(), FAST)
    steps = run(bench, at_most=100)
    assert total(steps, "posted") == 0
    other = Bench(SUIZHOU)
    other.ask(PutMembers(PEOPLE))
    run(other, at_most=100)
    assert balances(bench) == balances(other)
    bench.check()


def test_a_large_step_reads_many_accounts_at_once() -> None:
    bench = Bench(SUIZHOU)
    people = [paying(f"p{n}", 100_000 + 50 * n) for n in range(300)]
    bench.ask(PutMembers(people))
    bench.ask(ImportOpenings([AccountOpening(member.id, n) for n, member in enumerate(people)]))
    bench.pipeline.checkpoint()
    bench.pipeline = Pipeline.open(bench.store, cities(), FAST)
    run(bench, at_most=1000)
    assert balances(bench, people) == [2_000 + 2 * n for n in range(300)]
    bench.check()


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (CreditMember("m", 2024_13), "month"),
        (CreditMember("", MONTH), "member"),
        (CreditStep(SUIZHOU, 0), "month"),
        (CreditStep("x", MONTH), "city"),
        (CreditStep("999999", MONTH), "city"),
        (CreditStep(SUIZHOU, MONTH, -1), "first"),
        (CreditStep(SUIZHOU, MONTH, 0, 0), "at_most"),
    ],
)
def test_what_is_malformed_is_said(
    bench: Bench, request_: CreditMember | CreditStep, path: str
) -> None:
    answer = bench.ask(request_)
    assert isinstance(answer, ItemError)
    assert answer.path == path


def test_the_last_month_there_is_has_no_rule_and_stops_nothing(bench: Bench) -> None:
    for request in (CreditMember("m", 2999_12), CreditStep(SUIZHOU, 2999_12)):
        assert isinstance(bench.ask(request), Refused)
    assert credited(bench, "m").moved_fen == 10_000


def test_a_step_behind_the_end_does_nothing(bench: Bench) -> None:
    step = bench.ask(CreditStep(SUIZHOU, MONTH, 10**15))
    assert isinstance(step, CreditedStep)
    assert (step.next, step.members, step.finished) == (10**15, 0, True)


def test_before_every_document_there_is_no_rule(bench: Bench) -> None:
    answer = bench.ask(CreditStep(SUIZHOU, 2001_01))
    assert isinstance(answer, Refused)
    assert answer.reason == Reason.NO_RULE
    assert isinstance(bench.ask(CreditMember("m", 2001_01)), Refused)


def test_a_correction_may_add_for_who_has_no_account_any_more(bench: Bench) -> None:
    first = credited(bench, "m")
    bench.ask(PutMembers([paying("m", 300_000)]))
    assert credited(bench, "m").moved_fen == -4_000
    assert isinstance(bench.ask(UndoMovement("", "u", movement=first.position)), Moved)
    bench.ask(PutMembers([paying("m", 300_000, mode=Mode.POOLED_ONLY)]))
    last = credited(bench, "m")
    # The month stood at less than nothing, and is nothing now.
    assert (last.fen, last.moved_fen, last.balance_fen) == (0, 4_000, 100_000)
    bench.check()
