"""The checker finds what is wrong with movements: each field of a record, each field of an act."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.domain.account import DisposalEvent, Purpose, Relation
from engine.domain.dates import EVERY_DAY
from engine.domain.journal import Segment, SegmentKind
from engine.domain.movement import (
    Act,
    CreditStep,
    Dispose,
    Pay,
    UndoMovement,
    act_from_json,
    act_to_json,
)
from engine.domain.register import Contribution, FamilyLink, Member
from engine.domain.registration import ChangeKind, ChangeRegister, UndoChange
from engine.domain.request import ItemError, PutMembers, Refused
from engine.ledger import undo_movement
from engine.state.tables import ID_USE
from engine.verify.check import verify_store
from engine.verify.report import Kind, Report
from tests.support.city_bench import Bench
from tests.support.memory_store import MemoryStore
from tests.support.world import SUIZHOU

DAY = 2024_06_05
CREDIT, PAYMENT, UNDO, BARRED, DISPOSAL, UNDO_OF_CREDIT = range(6)


@pytest.fixture
def journal() -> list[Segment]:
    """Return a journal of a credit of two members, a payment for a relative, and so on."""
    bench = Bench(SUIZHOU)
    paying = (Contribution(500_000, 10_000, EVERY_DAY),)
    family = (FamilyLink("c", Relation.CHILD, "consent-1", EVERY_DAY),)
    people = [
        Member("m", SUIZHOU, contributions=paying, family=family),
        Member("c", SUIZHOU, contributions=paying),
    ]
    bench.ask(PutMembers(people))
    for request in (
        CreditStep(SUIZHOU, 2024_06),
        Pay("Y", "a", "m", DAY, Purpose.MEDICAL, 3_000, person="c"),
        UndoMovement("Y", "u", original_request_id="a"),
        UndoMovement("Y", "v", original_request_id="b"),
        Dispose("d", "m", DAY, DisposalEvent.DEATH, application="A1"),
        UndoMovement("", "w", movement=2),
    ):
        assert not isinstance(bench.ask(request), ItemError | Refused)
    bench.check()
    return bench.store.journal


def report_of(journal: list[Segment]) -> Report:
    store = MemoryStore()
    store.journal = journal
    store._next_position = journal[-1].next_position
    return verify_store(store)


def spoilt(journal: list[Segment], which: int, change: Callable[[Segment], Segment]) -> Report:
    """Return what the checker says when one segment of movements is another."""
    numbers = [n for n, segment in enumerate(journal) if segment.kind == SegmentKind.MOVEMENTS]
    changed = list(journal)
    changed[numbers[which]] = change(journal[numbers[which]])
    assert changed != journal
    return report_of(changed)


def test_the_journal_is_good(journal: list[Segment]) -> None:
    report = report_of(journal)
    assert report.ok, report.findings
    assert report.movements == 7
    assert report.movements_fen == {"credit": 10_000, "payment": 0, "disposal": -110_000}


@pytest.mark.parametrize("which", [CREDIT, PAYMENT, UNDO, BARRED, DISPOSAL, UNDO_OF_CREDIT])
@pytest.mark.parametrize("name", ["previous", "fen", "balance", "part_fen", "rule", "spare"])
def test_every_field_of_a_record_is_checked(journal: list[Segment], which: int, name: str) -> None:
    def change(segment: Segment) -> Segment:
        movements = segment.movements().copy()
        movements[name][-1] += 1
        return replace(segment, records=movements.tobytes())

    assert not spoilt(journal, which, change).ok


def test_another_owner_is_found(journal: list[Segment]) -> None:
    def change(segment: Segment) -> Segment:
        movements = segment.movements().copy()
        movements["member"] = 1 - movements["member"]
        return replace(segment, records=movements.tobytes())

    assert not spoilt(journal, PAYMENT, change).ok


def act_of(**changes: Any) -> Callable[[Segment], Segment]:
    def change(segment: Segment) -> Segment:
        return replace(segment, text=act_to_json(replace(act_from_json(segment.text), **changes)))

    return change


@pytest.mark.parametrize(
    ("which", "changes"),
    [
        (CREDIT, {"plan": 7}),
        (CREDIT, {"plan": -1}),
        (CREDIT, {"month": 2022_06}),
        (CREDIT, {"month": 2024_07}),
        (CREDIT, {"city": "441600"}),
        (CREDIT, {"request_id": "x"}),
        (CREDIT, {"undoes": 1}),
        (CREDIT, {"institution": "Y"}),
        (CREDIT, {"amount_fen": 5}),
        (CREDIT, {"outcome": 1}),
        (PAYMENT, {"citations": ()}),
        (PAYMENT, {"request_id": ""}),
        (PAYMENT, {"institution": "nowhere"}),
        (PAYMENT, {"institution": "RX"}),
        (PAYMENT, {"person": "b"}),
        (PAYMENT, {"relation": Relation.SPOUSE}),
        (PAYMENT, {"purpose": Purpose.FITNESS}),
        (PAYMENT, {"amount_fen": 2_999}),
        (PAYMENT, {"day": 2001_01_01}),
        (PAYMENT, {"month": 2024_06}),
        (PAYMENT, {"original": "z"}),
        (PAYMENT, {"purpose": 0}),
        (UNDO, {"undoes": 1}),
        (UNDO, {"original": "z"}),
        (UNDO, {"request_id": "a"}),
        (BARRED, {"original": "a"}),
        (BARRED, {"request_id": "u"}),
        (BARRED, {"plan": 0}),
        (BARRED, {"undoes": 3}),
        (DISPOSAL, {"event": DisposalEvent.EMIGRATION}),
        (DISPOSAL, {"outcome": 4}),
        (DISPOSAL, {"outcome": 0}),
        (DISPOSAL, {"event": 0}),
        (DISPOSAL, {"institution": "Y"}),
        (DISPOSAL, {"citations": (0,)}),
        (UNDO_OF_CREDIT, {"undoes": 3}),
        (UNDO_OF_CREDIT, {"institution": "Y"}),
    ],
)
def test_an_act_that_is_not_so_is_found(
    journal: list[Segment], which: int, changes: dict[str, Any]
) -> None:
    assert not spoilt(journal, which, act_of(**changes)).ok


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"kind":9}',
        b'{"kind": 1}',
        b'{"kind":true}',
        b'{"kind":2,"purpose":99}',
        b'{"kind":2,"product":77}',
        b'{"event":99,"kind":3}',
        b'{"kind":1,"plan":"x"}',
        b'{"day":"x","kind":2}',
        b'{"citations":["x"],"kind":2}',
        b'{"kind":1,"more":0}',
    ],
)
def test_an_act_that_cannot_be_read_is_found(journal: list[Segment], text: bytes) -> None:
    report = spoilt(journal, CREDIT, lambda segment: replace(segment, text=text))
    assert Kind.STRUCTURE in report.counted


def test_a_payment_from_a_closed_account_is_found(journal: list[Segment]) -> None:
    again = Act(act_from_json(journal[-1].text).kind)
    assert again.undoes == 0
    numbers = [n for n, segment in enumerate(journal) if segment.kind == SegmentKind.MOVEMENTS]
    swapped = list(journal)
    first, second = numbers[DISPOSAL], numbers[PAYMENT]
    swapped[first], swapped[second] = (
        replace(journal[second], first_position=journal[first].first_position),
        replace(journal[first], first_position=journal[second].first_position),
    )
    assert not report_of(swapped).ok


def test_register_changes_count_for_what_follows() -> None:
    bench = Bench(SUIZHOU)
    bench.ask(PutMembers([Member("c", SUIZHOU)]))
    link = FamilyLink("c", Relation.CHILD, "consent-1", EVERY_DAY)
    contribution = Contribution(500_000, 10_000, EVERY_DAY)
    for request in (
        ChangeRegister("1", ChangeKind.ADD, link, member="m"),
        ChangeRegister("2", ChangeKind.ADD, contribution, member="m"),
        Pay("Y", "a", "m", DAY, Purpose.MEDICAL, 3_000, person="c"),
        CreditStep(SUIZHOU, 2024_06),
        UndoChange("3", "1"),
    ):
        assert not isinstance(bench.ask(request), ItemError | Refused)
    bench.check()
    assert isinstance(
        bench.ask(Pay("Y", "b", "m", DAY, Purpose.MEDICAL, 3_000, person="c")), Refused
    )


def test_an_account_plan_that_is_not_so_is_found(journal: list[Segment]) -> None:
    (number,) = [n for n, s in enumerate(journal) if s.kind == SegmentKind.ACCOUNT_PLAN]
    for text in (b"{}", journal[number].text.replace(b'":', b'": ', 1)):
        changed = list(journal)
        changed[number] = replace(journal[number], text=text)
        assert Kind.PLAN in report_of(changed).counted
    assert Kind.PLAN in report_of([*journal[: number + 1], *journal[number:]]).counted


def test_the_tables_are_compared() -> None:
    bench = Bench(SUIZHOU)
    paying = (Contribution(500_000, 10_000, EVERY_DAY),)
    bench.ask(PutMembers([Member("m", SUIZHOU, contributions=paying)]))
    bench.ask(CreditStep(SUIZHOU, 2024_06))
    bench.ask(Dispose("d", "m", DAY, DisposalEvent.DEATH, application="A1"))
    bench.check()
    store = bench.store
    credits, lines = list(store._credits), store.account_rows[0].copy()
    store.account_rows[0][0, 2] = 0
    assert Kind.TABLE in verify_store(store).counted
    store.account_rows[0] = lines
    store._credits[0] = credits[0]._replace(highest=5)
    assert Kind.TABLE in verify_store(store).counted
    store._credits[:] = []
    assert Kind.TABLE in verify_store(store).counted
    store._credits[:] = [*credits, credits[0]._replace(month=2024_07)]
    assert Kind.TABLE in verify_store(store).counted
    store._credits[:] = credits
    store.account_rows[77] = lines
    assert Kind.TABLE in verify_store(store).counted
    del store.account_rows[77]
    store._uses.append(np.array([(-1, 3, 9)], dtype=ID_USE))
    assert Kind.TABLE in verify_store(store).counted
    del store._uses[-1]
    assert verify_store(store).ok


def test_a_correction_in_other_parts_is_found() -> None:
    bench = Bench(SUIZHOU)
    for own_fen in (10_000, 14_000):
        paying = (Contribution(50 * own_fen, own_fen, EVERY_DAY),)
        bench.ask(PutMembers([Member("m", SUIZHOU, contributions=paying)]))
        bench.ask(CreditStep(SUIZHOU, 2024_06))
    journal = bench.store.journal
    assert report_of(journal).ok

    def change(segment: Segment) -> Segment:
        movements = segment.movements().copy()
        movements["part_fen"] += [[777, -777, 0]]
        return replace(segment, records=movements.tobytes())

    assert Kind.AMOUNT in spoilt(journal, 1, change).counted


def test_undoing_the_first_of_two_disposals_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo_movement, "_standing_disposal", lambda *_: 0)
    bench = Bench(SUIZHOU)
    for request in (
        Pay("Y", "a", "m", DAY, Purpose.MEDICAL, 3_000),
        Dispose("d", "m", DAY, DisposalEvent.DEATH),
        UndoMovement("Y", "u", original_request_id="a"),
        Dispose("e", "m", DAY, DisposalEvent.DEATH),
        UndoMovement("", "v", original_request_id="d"),
    ):
        assert not isinstance(bench.ask(request), ItemError | Refused)
    assert Kind.UNDO in report_of(bench.store.journal).counted
